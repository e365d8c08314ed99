/* scenario.c: mixes have their shares, evenly spread; an open loop keeps its rate. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/scenario.h"

Test(mix, one_scenario_is_a_mix)
{
    struct mix mix;
    char text[MIX_TEXT_MAX];

    cr_assert(mix_parse(&mix, "ir-confirm"));
    for (unsigned i = 0; i < 10; i++)
        cr_assert_eq(mix_at(&mix, i), SCENARIO_IR_CONFIRM);
    cr_assert_str_eq(mix_text(text, &mix), "ir-confirm");
}

Test(mix, each_has_its_share)
{
    struct mix mix;
    unsigned seen[SCENARIO_COUNT] = {0};
    char text[MIX_TEXT_MAX];

    cr_assert(mix_parse(&mix, "rr=2,ir=7,kur"));
    for (unsigned i = 0; i < 1000; i++)
        seen[mix_at(&mix, i)]++;
    cr_assert_eq(seen[SCENARIO_IR], 700);
    cr_assert_eq(seen[SCENARIO_KUR], 100);
    cr_assert_eq(seen[SCENARIO_RR], 200);
    cr_assert_str_eq(mix_text(text, &mix), "ir=7,kur=1,rr=2");
}

#define ALL                                                                                                  \
    "ir=1000,ir-confirm=1000,cr=1000,p10cr=1000,kur=1000,rr=1000,cr-confirm=1000,p10cr-confirm=1000,"        \
    "kur-confirm=1000,p10cr-own-confirm=1000,ocsp=1000,ocsp-nonce=1000,crl=1000"

Test(mix, weights_have_room_up_to_their_bound)
{
    struct mix mix;
    char text[MIX_TEXT_MAX];

    cr_assert(mix_parse(&mix, ALL));
    cr_assert_eq(mix.length, 13000);
    for (unsigned i = 0; i < 13000; i++)
        cr_assert_eq(mix_at(&mix, i), i % SCENARIO_COUNT);
    cr_assert_str_eq(mix_text(text, &mix), ALL);
    cr_assert_not(mix_parse(&mix, "rr=1001"));
    cr_assert_not(mix_parse(&mix, "rr=1000,rr=1"));
}

Test(mix, what_it_holds_and_what_one_of_it_is_called)
{
    struct mix mix;

    cr_assert(mix_parse(&mix, "ir,kur,rr"));
    cr_assert(mix_holds(&mix, PROTOCOL_CMP) && !mix_holds(&mix, PROTOCOL_OCSP) &&
              !mix_holds(&mix, PROTOCOL_CRL));
    cr_assert_str_eq(mix_unit(&mix), "enrollment");
    cr_assert(mix_parse(&mix, "ir,ocsp-nonce"));
    cr_assert(mix_holds(&mix, PROTOCOL_CMP) && mix_holds(&mix, PROTOCOL_OCSP) &&
              !mix_holds(&mix, PROTOCOL_CRL));
    cr_assert_str_eq(mix_unit(&mix), "request");
    cr_assert(mix_parse(&mix, "crl"));
    cr_assert(!mix_holds(&mix, PROTOCOL_CMP) && !mix_holds(&mix, PROTOCOL_OCSP) &&
              mix_holds(&mix, PROTOCOL_CRL));
    cr_assert_str_eq(mix_unit(&mix), "request");
}

/* Of every scenario of a mix about one in 16 is looked at closely, whatever the mix's period. */
Test(mix, samples_reach_every_scenario)
{
    static const char *const mixes[] = {"ir=8,kur=1,rr=1", "kur=1,rr=1", "ir=2,cr,p10cr", "ir=15,rr=1",
                                        "ir=31,kur=1"};
    enum { MANY = 64000 };

    for (size_t m = 0; m < sizeof mixes / sizeof mixes[0]; m++) {
        struct mix mix;
        unsigned seen[SCENARIO_COUNT] = {0}, sampled[SCENARIO_COUNT] = {0};
        cr_assert(mix_parse(&mix, mixes[m]));
        for (unsigned i = 0; i < MANY; i++) {
            seen[mix_at(&mix, i)]++;
            sampled[mix_at(&mix, i)] += (unsigned)scenario_sampled(i, 16);
        }
        for (int kind = 0; kind < SCENARIO_COUNT; kind++)
            if (seen[kind] != 0) {
                cr_assert_gt(sampled[kind], seen[kind] / 24, "%s, %d", mixes[m], kind);
                cr_assert_lt(sampled[kind], seen[kind] / 11, "%s, %d", mixes[m], kind);
            }
    }
}

Test(mix, shares_are_spread)
{
    struct mix mix;
    unsigned longest = 0, run = 0;

    cr_assert(mix_parse(&mix, "ir=75,cr=25"));
    for (unsigned i = 0; i < 400; i++) {
        run = mix_at(&mix, i) == SCENARIO_IR ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    cr_assert_leq(longest, 4, "%u in a row: three of four are a block", longest);
}

Test(mix, what_is_none_is_refused)
{
    static const char *const wrong[] = {"",      "irr",     "i",       "ir,ir", "ir=0",
                                        "ir=-1", "ir=+1",   "ir= 1",   "ir=1x", "ir=1,",
                                        ",ir=1", "ir=1;cr", "ir=1001", "=1",    "ir==1"};
    struct mix mix;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect(!mix_parse(&mix, wrong[i]), "'%s' was taken", wrong[i]);
}

Test(schedule, intended_starts_do_not_drift)
{
    cr_assert_eq(schedule_due_ns(1000, 0), 0);
    cr_assert_eq(schedule_due_ns(1000, 1), 1000000);
    cr_assert_eq(schedule_due_ns(3, 3), 1000000000);
    cr_assert_eq(schedule_due_ns(0.5, 1), 2000000000);
    /* Ten million at three a second: what a sum of rounded steps would have lost is milliseconds. */
    cr_assert_eq(schedule_due_ns(3, 9999999), 3333333000000000);
    for (unsigned i = 1; i < 1000; i++)
        cr_assert_gt(schedule_due_ns(7777.7, i), schedule_due_ns(7777.7, i - 1));
}

Test(scenario, each_begins_with_a_request_of_its_kind)
{
    static const struct {
        enum scenario scenario;
        const char *name;
    } cases[] = {{SCENARIO_IR, "ir"},
                 {SCENARIO_IR_CONFIRM, "ir"},
                 {SCENARIO_CR, "cr"},
                 {SCENARIO_CR_CONFIRM, "cr"},
                 {SCENARIO_P10CR, "p10cr"},
                 {SCENARIO_P10CR_CONFIRM, "p10cr"},
                 {SCENARIO_P10CR_OWN_CONFIRM, "p10cr"},
                 {SCENARIO_KUR, "kur"},
                 {SCENARIO_KUR_CONFIRM, "kur"},
                 {SCENARIO_RR, "rr"},
                 {SCENARIO_OCSP, "ocsp"},
                 {SCENARIO_OCSP_NONCE, "ocsp-nonce"},
                 {SCENARIO_CRL, "crl"}};

    cr_assert_eq(sizeof cases / sizeof cases[0], SCENARIO_COUNT);
    for (size_t i = 0; i < SCENARIO_COUNT; i++)
        cr_assert_str_eq(step_name(scenario_kind(cases[i].scenario)->first), cases[i].name);
    cr_assert_str_eq(step_name(STEP_CERT_CONF), "certConf");
}
