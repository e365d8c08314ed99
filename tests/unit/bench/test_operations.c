/* operations.c: the cryptography of each scenario, as RFC 9483 wants it, and what it costs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "bench/operations.h"

static struct floor_keys keys = {.vendor = KEY_P384,
                                 .device = KEY_RSA,
                                 .asked = KEY_P256,
                                 .ca = KEY_P521,
                                 .cmp = KEY_ED25519,
                                 .mac_iterations = 500};

/* "V384" verifies with P-384, "S" signs, "D256:450" digests 450 octets with SHA-256, "K" derives a key,
 * "M750" is a MAC of 750 octets. */
static const char *list_of(enum scenario scenario)
{
    static const char *const kinds[KEY_KIND_COUNT] = {
        [KEY_P256] = "256", [KEY_P384] = "384", [KEY_P521] = "521", [KEY_RSA] = "RSA", [KEY_ED25519] = "Ed"};
    static char text[1024];
    struct operation list[OPERATIONS_MAX];
    size_t n = operations_of(list, scenario, &keys), used = 0;

    cr_assert_leq(n, OPERATIONS_MAX);
    text[0] = 0;
    for (size_t i = 0; i < n; i++) {
        const struct operation *at = &list[i];
        char *end = text + used;
        size_t room = sizeof text - used;
        cr_assert_not_null(at->what);
        switch (at->kind) {
        case OPERATION_VERIFY:
            used += (size_t)snprintf(end, room, "V%s ", kinds[at->key]);
            break;
        case OPERATION_SIGN:
            used += (size_t)snprintf(end, room, "S%s ", kinds[at->key]);
            break;
        case OPERATION_DIGEST:
            used += (size_t)snprintf(end, room, "D%s:%u ", digest_algorithm(at->digest)->name, at->octets);
            break;
        case OPERATION_DERIVE:
            used += (size_t)snprintf(end, room, "K ");
            break;
        case OPERATION_MAC:
            used += (size_t)snprintf(end, room, "M%u ", at->octets);
            break;
        }
    }
    return text;
}

#define SIGNER "V384 DSHA-384:450 "
#define REQUEST "VRSA DSHA-256:750 "
#define OWN_SIGNER "V521 DSHA-512:450 "
#define OWN_REQUEST "V256 DSHA-256:750 "
#define CERTIFIES "V256 DSHA-256:180 S521 DSHA-512:450 "
#define ANSWER "SEd DSHA-512:1000 "

/* RFC 9483 4.1.1: the signer's certificate below its issuer, the request, the proof of possession; the
 * certificate and the answer. */
Test(operations, what_signatures_take)
{
    cr_assert_str_eq(list_of(SCENARIO_IR), SIGNER REQUEST CERTIFIES ANSWER);
    cr_assert_str_eq(list_of(SCENARIO_CR), SIGNER REQUEST CERTIFIES ANSWER);
    cr_assert_str_eq(list_of(SCENARIO_P10CR), SIGNER REQUEST CERTIFIES ANSWER);
    /* certHash is by the digest of the certificate's signature (RFC 9483 4.1.1); then two more messages. */
    cr_assert_str_eq(list_of(SCENARIO_IR_CONFIRM),
                     SIGNER REQUEST CERTIFIES ANSWER "DSHA-512:450 VRSA DSHA-256:400 SEd DSHA-512:400 ");
    /* By what this CA issued; a revocation issues nothing. */
    cr_assert_str_eq(list_of(SCENARIO_KUR), OWN_SIGNER OWN_REQUEST CERTIFIES ANSWER);
    cr_assert_str_eq(list_of(SCENARIO_RR), OWN_SIGNER OWN_REQUEST ANSWER);
}

/* Who asks with a nonce gets a signature of the responder's key (RFC 9654); the others get what is there. */
Test(operations, what_a_status_takes)
{
    for (keys.protection = PROTECTION_SIGNATURE; keys.protection <= PROTECTION_PBM; keys.protection++) {
        cr_assert_str_eq(list_of(SCENARIO_OCSP_NONCE), "S256 DSHA-256:250 ");
        cr_assert_str_eq(list_of(SCENARIO_OCSP), "");
        cr_assert_str_eq(list_of(SCENARIO_CRL), "");
    }
}

/* RFC 9483 4.1.5: a key is derived for each message of the client; the answer has the same. */
Test(operations, what_a_secret_takes)
{
    for (keys.protection = PROTECTION_PBM; keys.protection <= PROTECTION_PBMAC1; keys.protection++) {
        cr_assert_str_eq(list_of(SCENARIO_IR), "K M750 " CERTIFIES "M1000 ");
        cr_assert_str_eq(list_of(SCENARIO_IR_CONFIRM), "K M750 " CERTIFIES "M1000 DSHA-512:450 K M400 M400 ");
        cr_assert_str_eq(list_of(SCENARIO_KUR), OWN_SIGNER OWN_REQUEST CERTIFIES ANSWER);
    }
}

static void start(void)
{
    char fault[ENGINE_FAULT_MAX];

    cr_assert(engines_start(fault, NULL, 0), "%s", fault);
}

Test(operations, each_is_named_with_what_does_it, .init = start)
{
    static const struct {
        struct operation operation;
        enum protection protection;
        const char *text;
    } cases[] = {
        {{.kind = OPERATION_DERIVE, .digest = DIGEST_SHA256},
         PROTECTION_PBM,
         "pbm, 500 iterations of SHA-256"},
        {{.kind = OPERATION_DERIVE, .digest = DIGEST_SHA256},
         PROTECTION_PBMAC1,
         "pbmac1, 500 iterations of SHA-256"},
        {{.kind = OPERATION_MAC, .digest = DIGEST_SHA256, .octets = 750},
         PROTECTION_PBM,
         "HMAC-SHA-256 of 750 octets"},
        {{.kind = OPERATION_DIGEST, .digest = DIGEST_SHA512, .octets = 450},
         PROTECTION_PBM,
         "SHA-512 of 450 octets"},
    };
    char text[OPERATION_TEXT_MAX], expected[OPERATION_TEXT_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        keys.protection = cases[i].protection;
        cr_assert_str_eq(operation_text(text, &cases[i].operation, &keys), cases[i].text);
    }
    for (int kind = OPERATION_VERIFY; kind <= OPERATION_SIGN; kind++) {
        const struct operation operation = {
            .kind = (enum operation_kind)kind, .key = KEY_P256, .digest = DIGEST_SHA256};
        snprintf(expected, sizeof expected, "%s, P-256, %s",
                 kind == OPERATION_VERIFY ? "verification" : "signature",
                 engine_name(operation_engine(&operation)));
        cr_assert_str_eq(operation_text(text, &operation, &keys), expected);
    }
}

/* What was measured once is remembered: a sum is the same when it is asked for again, and a mix has its
 * weights. */
Test(operations, a_mix_costs_what_its_scenarios_cost, .init = start)
{
    struct operation list[OPERATIONS_MAX];
    double sums[SCENARIO_COUNT] = {0};
    struct mix mix;

    for (int s = SCENARIO_KUR; s <= SCENARIO_RR; s++)
        for (size_t i = 0, n = operations_of(list, (enum scenario)s, &keys); i < n; i++) {
            cr_assert_gt(operation_us(&list[i], &keys), 0);
            sums[s] += operation_us(&list[i], &keys);
        }
    cr_assert(mix_parse(&mix, "kur=3,rr=1"));
    cr_assert_float_eq(floor_us(&mix, &keys), (3 * sums[SCENARIO_KUR] + sums[SCENARIO_RR]) / 4, 1e-6);
    cr_assert(mix_parse(&mix, "rr"));
    cr_assert_float_eq(floor_us(&mix, &keys), sums[SCENARIO_RR], 1e-6);
}

/* A hundred times the octets, or the iterations, and it takes longer; a MAC (RFC 2104) digests two blocks
 * more than its message. */
Test(operations, costs_grow_with_what_is_done, .init = start)
{
    struct operation small = {.kind = OPERATION_DIGEST, .digest = DIGEST_SHA256, .octets = 100};
    struct operation large = {.kind = OPERATION_DIGEST, .digest = DIGEST_SHA256, .octets = 10000};
    const struct operation derive = {.kind = OPERATION_DERIVE, .digest = DIGEST_SHA256};
    const struct operation mac = {.kind = OPERATION_MAC, .digest = DIGEST_SHA256, .octets = 872};
    const struct operation same = {.kind = OPERATION_DIGEST, .digest = DIGEST_SHA256, .octets = 1000};

    cr_assert_lt(2 * operation_us(&small, &keys), operation_us(&large, &keys));
    cr_assert_eq(operation_us(&mac, &keys), operation_us(&same, &keys));
    keys.protection = PROTECTION_PBM;
    keys.mac_iterations = 100;
    double few = operation_us(&derive, &keys);
    keys.mac_iterations = 10000;
    cr_assert_lt(2 * few, operation_us(&derive, &keys));
}
