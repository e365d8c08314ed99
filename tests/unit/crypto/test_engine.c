/* crypto/engine.h: engines that lie are found out before they work; the routes are what was asked for. The
 * engine of eight lanes is one of the test's here, which computes with BoringSSL and errs where it is told
 * to. */
#include <criterion/criterion.h>

#include "crypto/engine_internal.h"
#include "crypto/price.h"

static const struct engine stand_in;
#define engine_crypto_mb stand_in
#ifndef CMPD_CRYPTO_MB
#define CMPD_CRYPTO_MB
#endif
/* NOLINTBEGIN(bugprone-suspicious-include): statics are under test */
#include "crypto/engine.c"
#include "crypto/engine_start.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef engine_crypto_mb

enum lie {
    HONEST,
    ACCEPTS_ALL,
    REFUSES_ALL,
    LAST_LANE_UNREAD,
    NEIGHBOUR_DECIDES,
    ONE_BAD_SPOILS_ALL,
    LANES_SWAPPED,
    FIRST_DECIDES_PARTIAL,
    SIGNS_NOTHING,
    SIGNS_WRONGLY,
    REPEATS_A_SIGNATURE,
    UNFIT,
    LIES
};

static enum lie lie;

static const char *stand_in_unfit(void)
{
    return lie == UNFIT ? "told to be unfit" : NULL;
}

static void verify(enum key_kind kind, struct engine_verify *items, size_t n)
{
    int all = 1;

    if (lie == LANES_SWAPPED && n > 1) { /* the message of one with the signature of the other */
        struct bytes signature = items[0].signature;
        items[0].signature = items[1].signature;
        items[1].signature = signature;
    }
    for (size_t i = 0; i < n; i++)
        engine_boringssl.verify(kind, &items[i], 1);
    for (size_t i = 0; i < n; i++)
        all = all && items[i].valid;
    for (size_t i = 0; i < n; i++) {
        if (lie == ACCEPTS_ALL || (lie == LAST_LANE_UNREAD && i == ENGINE_LANES_MAX - 1))
            items[i].valid = 1;
        if (lie == REFUSES_ALL || (lie == ONE_BAD_SPOILS_ALL && !all))
            items[i].valid = 0;
        if (lie == NEIGHBOUR_DECIDES && i + 1 < n)
            items[i].valid = items[i + 1].valid;
        if (lie == FIRST_DECIDES_PARTIAL && n < ENGINE_LANES_MAX)
            items[i].valid = items[0].valid;
    }
}

static void sign(enum key_kind kind, struct engine_sign *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        engine_boringssl.sign(kind, &items[i], 1);
        if (lie == SIGNS_NOTHING && i == n - 1)
            items[i].signature_len = 0;
        if (lie == SIGNS_WRONGLY && i == n - 1)
            items[i].signature[items[i].signature_len - 1] ^= 1;
        if (lie == REPEATS_A_SIGNATURE && i > 0) {
            memcpy(items[i].signature, items[0].signature, items[0].signature_len);
            items[i].signature_len = items[0].signature_len;
        }
    }
}

static void *public_form(enum key_kind kind, struct bytes spki)
{
    return engine_boringssl.public_key(kind, spki);
}

static void *private_form(enum key_kind kind, struct bytes pkcs8)
{
    return engine_boringssl.private_key(kind, pkcs8);
}

static void form_free(void *key)
{
    engine_boringssl.public_key_free(key);
}

static const struct engine stand_in = {
    .name = "stand-in",
    .kinds = 1U << KEY_P256 | 1U << KEY_P384,
    .lanes = ENGINE_LANES_MAX,
    .unfit = stand_in_unfit,
    .public_key = public_form,
    .public_key_free = form_free,
    .private_key = private_form,
    .private_key_free = form_free,
    .verify = verify,
    .sign = sign,
};

Test(engine, one_that_lies_is_not_used)
{
    for (int i = HONEST + 1; i < LIES; i++) {
        char fault[ENGINE_FAULT_MAX];
        lie = (enum lie)i;
        is_started = 0;
        cr_assert(engines_start(fault, NULL, 0));
        cr_expect_not(engine_usable(ENGINE_CRYPTO_MB), "lie %d", i);
        cr_expect_not_null(
            strstr(engine_unusable_why(ENGINE_CRYPTO_MB), i == UNFIT ? "told to be unfit" : "are wrong"));
        cr_expect_neq(engine_route_of(KEY_P256)->wide, ENGINE_CRYPTO_MB, "lie %d", i);
    }
    lie = HONEST;
    is_started = 0;
    char fault[ENGINE_FAULT_MAX];
    cr_assert(engines_start(fault, NULL, 0));
    cr_assert(engine_usable(ENGINE_CRYPTO_MB));
    cr_assert_null(engine_unusable_why(ENGINE_CRYPTO_MB));
}

static void start(const char *const *names, size_t count)
{
    char fault[ENGINE_FAULT_MAX];

    lie = HONEST;
    is_started = 0;
    cr_assert(engines_start(fault, names, count), "%s", fault);
}

Test(engine, the_table_decides_unless_names_do)
{
    start(NULL, 0);
    cr_assert_eq(engine_route_of(KEY_P256)->wide, ENGINE_CRYPTO_MB);
    cr_assert_eq(engine_route_of(KEY_P256)->narrow, ENGINE_BORINGSSL);
    cr_assert_eq(engine_route_of(KEY_P384)->wide, ENGINE_CRYPTO_MB);
    cr_assert_eq(engine_route_of(KEY_P384)->narrow, ENGINE_AWS_LC);
    cr_assert_eq(engine_route_of(KEY_P521)->wide, ENGINE_AWS_LC);
    cr_assert_eq(engine_route_of(KEY_RSA)->narrow, ENGINE_AWS_LC);
    /* A lone item goes by itself: eight lanes for one would only delay it. */
    cr_assert_gt(engine_route_of(KEY_P256)->verify_from, 1);
    cr_assert_leq(engine_route_of(KEY_P256)->verify_from, ENGINE_LANES_MAX);
    cr_assert_gt(engine_route_of(KEY_P256)->sign_from, 1);
    /* Eight lanes make each item cheaper. */
    unsigned with = key_verify_us(KEY_P384);
    start((const char *const[]){"boringssl"}, 1);
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        cr_assert_eq(engine_route_of((enum key_kind)kind)->wide, ENGINE_BORINGSSL);
        cr_assert_eq(engine_route_of((enum key_kind)kind)->narrow, ENGINE_BORINGSSL);
    }
    cr_assert_gt(key_verify_us(KEY_P384), with);
    start((const char *const[]){"aws-lc", "crypto_mb"}, 2);
    cr_assert_eq(engine_route_of(KEY_P256)->wide, ENGINE_AWS_LC);
    start((const char *const[]){"crypto_mb"}, 1);
    cr_assert_eq(engine_route_of(KEY_P256)->wide, ENGINE_CRYPTO_MB);
    cr_assert_eq(engine_route_of(KEY_P256)->narrow, ENGINE_BORINGSSL); /* the last resort */
    cr_assert_eq(engine_route_of(KEY_RSA)->narrow, ENGINE_BORINGSSL);
}

Test(engine, names_that_are_none_are_refused)
{
    char fault[ENGINE_FAULT_MAX] = "";

    is_started = 0;
    cr_assert_not(engines_start(fault, (const char *const[]){"boringssl", "openssl"}, 2));
    cr_assert_not_null(strstr(fault, "'openssl'"));
    cr_assert_not(
        engines_start(fault, (const char *const[]){"aws-lc", "boringssl", "crypto_mb", "aws-lc"}, 4));
    cr_assert_not_null(strstr(fault, "twice"));
    cr_assert_not(engines_start(fault, (const char *const[]){"crypto_mb", "crypto_mb"}, 2));
    /* Also when all has been settled before: a reload is told of its mistake. */
    start(NULL, 0);
    cr_assert_not(engines_start(fault, (const char *const[]){"mbedtls"}, 1));
    cr_assert(engines_start(fault, (const char *const[]){"boringssl"}, 1));
    cr_assert_eq(engine_route_of(KEY_P256)->wide, ENGINE_CRYPTO_MB, "settled once");
}

/* A key from before the engines were started has BoringSSL's form alone, and still verifies in a full batch.
 */
Test(engine, keys_made_before_are_left_to_boringssl)
{
    static const uint8_t text[] = "message";
    struct private_key *private;
    struct public_key *public;
    uint8_t room[ENGINE_LANES_MAX][SIGNATURE_MAX];
    struct signing signings[ENGINE_LANES_MAX], *sign_list[ENGINE_LANES_MAX];
    struct verification items[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX];

    memset(routes, 0, sizeof routes);
    private = private_key_generate(KEY_P256, 0);
    public = public_key_parse(private_key_spki(private));
    start(NULL, 0);
    cr_assert_null(public->forms[ENGINE_CRYPTO_MB]);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++) {
        signings[i] = (struct signing){.algorithm = signature_for_key(KEY_P256),
                                       .key = private,
                                       .message = bytes_of(text, sizeof text - i),
                                       .signature = room[i]};
        sign_list[i] = &signings[i];
    }
    sign_batch(sign_list, ENGINE_LANES_MAX);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++) {
        items[i] = (struct verification){.algorithm = signings[i].algorithm,
                                         .key = public,
                                         .message = signings[i].message,
                                         .signature = bytes_of(room[i], signings[i].signature_len)};
        list[i] = &items[i];
    }
    items[3].message = bytes_of(text, 1);
    verify_batch(list, ENGINE_LANES_MAX);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++)
        cr_assert_eq(items[i].valid, i != 3);
    private_key_free(private);
    public_key_free(public);
}

static void verify_one_in_eight(struct public_key *public, struct private_key *private, int expected)
{
    static const uint8_t text[] = "message";
    uint8_t signature[SIGNATURE_MAX];
    struct signing signing = {.algorithm = signature_for_key(KEY_P256),
                              .key = private,
                              .message = bytes_of(text, sizeof text),
                              .signature = signature};
    struct signing *sign_list[] = {&signing};
    struct verification items[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX];

    sign_batch(sign_list, 1);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++) {
        items[i] = (struct verification){.algorithm = signing.algorithm,
                                         .key = public,
                                         .message = bytes_of(text, sizeof text - (i != 5)),
                                         .signature = bytes_of(signature, signing.signature_len)};
        list[i] = &items[i];
    }
    verify_batch(list, ENGINE_LANES_MAX);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++)
        cr_assert_eq(items[i].valid, i == 5 ? expected : 0);
}

/* An engine that begins to refuse, or to sign nothing, is made up for by another. */
Test(engine, what_the_wide_one_refuses_the_narrow_one_confirms)
{
    struct private_key *private;
    struct public_key *public;
    uint8_t room[ENGINE_LANES_MAX][SIGNATURE_MAX];
    struct signing signings[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX];

    start(NULL, 0);
    private = private_key_generate(KEY_P256, 0);
    public = public_key_parse(private_key_spki(private));
    cr_assert_not_null(public->forms[ENGINE_CRYPTO_MB]);
    lie = REFUSES_ALL;
    verify_one_in_eight(public, private, 1);
    lie = SIGNS_NOTHING;
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++) {
        signings[i] = (struct signing){.algorithm = signature_for_key(KEY_P256),
                                       .key = private,
                                       .message = bytes_str("message"),
                                       .signature = room[i]};
        list[i] = &signings[i];
    }
    sign_batch(list, ENGINE_LANES_MAX);
    for (size_t i = 0; i < ENGINE_LANES_MAX; i++)
        cr_assert_gt(signings[i].signature_len, 0);
    private_key_free(private);
    public_key_free(public);
}
