/* batch.c: every family signs and verifies; each item of a batch has a verdict of its own. */
#include <criterion/criterion.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/path.h"
#include "crypto/pem.h"
#include "crypto/price.h"
#include "server/pki/message.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/signature_algorithms.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(batch, .init = set_up, .fini = tear_down);

struct bench {
    struct private_key *keys[KEY_KIND_COUNT];
    struct public_key *publics[KEY_KIND_COUNT];
    struct verification items[ALGORITHMS];
    struct verification *list[ALGORITHMS];
};

static void prepare(struct bench *b)
{
    memset(b, 0, sizeof *b);
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        b->keys[kind] = private_key_generate((enum key_kind)kind, 2048);
        b->publics[kind] = public_key_parse(private_key_spki(b->keys[kind]));
        cr_assert_not_null(b->publics[kind]);
    }
    struct signing signing[ALGORITHMS], *signings[ALGORITHMS];
    for (size_t i = 0; i < ALGORITHMS; i++) {
        CBS cbs = cbs_of(hex(arena, algorithms[i].encoded));
        signing[i] = (struct signing){
            .algorithm = signature_parse(&cbs),
            .key = b->keys[algorithms[i].kind],
            .message = bytes_str("a message"),
            .signature = arena_alloc(arena, private_key_signature_max(b->keys[algorithms[i].kind]))};
        cr_assert_not_null(signing[i].algorithm);
        signings[i] = &signing[i];
    }
    sign_batch(signings, ALGORITHMS);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        cr_assert_gt(signing[i].signature_len, 0);
        b->items[i] =
            (struct verification){.algorithm = signing[i].algorithm,
                                  .key = b->publics[algorithms[i].kind],
                                  .message = signing[i].message,
                                  .signature = bytes_of(signing[i].signature, signing[i].signature_len)};
        b->list[i] = &b->items[i];
    }
}

static void release(struct bench *b)
{
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        private_key_free(b->keys[kind]);
        public_key_free(b->publics[kind]);
    }
}

/* Everything is valid but the item |bad|. */
static void expect_only(struct bench *b, size_t bad)
{
    for (size_t i = 0; i < ALGORITHMS; i++)
        b->items[i].valid = i == bad; /* the opposite: it must be set */
    verify_batch(b->list, ALGORITHMS);
    for (size_t i = 0; i < ALGORITHMS; i++)
        cr_assert_eq(b->items[i].valid, i != bad, "item %zu, bad %zu", i, bad);
}

Test(batch, one_bad_item_in_any_position_spoils_no_other)
{
    struct bench b;

    prepare(&b);
    expect_only(&b, ALGORITHMS);
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct verification good = b.items[i];
        uint8_t *changed = (uint8_t *)(uintptr_t)arena_copy(arena, good.signature).data;

        b.items[i].message = bytes_str("another message");
        expect_only(&b, i);
        b.items[i] = good;
        changed[good.signature.len - 1] ^= 1;
        b.items[i].signature = bytes_of(changed, good.signature.len);
        expect_only(&b, i);
        b.items[i].signature = bytes_of(good.signature.data, good.signature.len - 1);
        expect_only(&b, i);
        b.items[i].signature = bytes_of(NULL, 0);
        expect_only(&b, i);
        b.items[i] = good;
        b.items[i].key = NULL;
        expect_only(&b, i);
        b.items[i] = good;
        b.items[i].algorithm = NULL;
        expect_only(&b, i);
        b.items[i] = good;
    }
    release(&b);
}

Test(batch, an_algorithm_that_does_not_fit_the_key_gives_a_negative_verdict)
{
    struct bench b;

    prepare(&b);
    for (size_t i = 0; i < ALGORITHMS; i++)
        for (size_t j = 0; j < ALGORITHMS; j++) {
            struct verification item = b.items[i], *items[] = {&item};
            item.algorithm = b.items[j].algorithm;
            verify_batch(items, 1);
            cr_assert_eq(item.valid, i == j, "%zu as %zu", i, j);
        }
    release(&b);
}

Test(batch, a_key_that_does_not_fit_signs_nothing)
{
    struct bench b;
    uint8_t room[SIGNATURE_MAX];

    prepare(&b);
    struct signing item = {.algorithm = b.items[0].algorithm,
                           .key = b.keys[KEY_RSA],
                           .message = bytes_str("x"),
                           .signature = room,
                           .signature_len = 9},
                   *items[] = {&item};
    sign_batch(items, 1);
    cr_assert_eq(item.signature_len, 0);
    release(&b);
}

/* The key is that of prot_Ed.pem, which OpenSSL's tests signed this message with (tests/data/cmp/README.md).
 */
Test(batch, a_message_signed_with_Ed25519_by_another_implementation_verifies)
{
    struct public_key *key =
        public_key_parse(hex(arena, "30 2a 30 05 06 03 2b 65 70 03 21 00 19 bf 44 09 69 84 cd fe 85 41 ba c1 "
                                    "67 dc 3b 96 c8 50 86 aa 30 b6 b6 "
                                    "cb 0c 5c 38 ad 70 31 66 e1"));
    struct pki_message message;
    struct verification item = {.key = key}, *items[] = {&item};
    CBS cbs;

    cr_assert_eq(
        pki_message_decode(&message, NULL, file_in_tests(arena, CMPD_TEST_DATA, "cmp/GENM_protected_Ed.der")),
        PKI_WHOLE);
    cbs = cbs_of(message.header.protection_alg);
    cr_assert_not_null(item.algorithm = signature_parse(&cbs));
    cr_assert(pki_protected_part(&item.message, arena, &message));
    item.signature = message.protection;
    verify_batch(items, 1);
    cr_assert(item.valid);
    public_key_free(key);
}

static int parse_into(void *arg, struct bytes der)
{
    return certificate_parse(arg, arena_copy(arena, der));
}

Test(batch, a_certificate_signed_with_RSA_and_SHA512_by_another_implementation_verifies)
{
    struct certificate root, intermediate;
    struct verification item = {.valid = 0}, *items[] = {&item};

    cr_assert_eq(
        pem_each_certificate(file_in_tests(arena, CMPD_TEST_DATA, "cmp/root.pem"), parse_into, &root), 1);
    cr_assert_eq(pem_each_certificate(file_in_tests(arena, CMPD_TEST_DATA, "cmp/intermediate.pem"),
                                      parse_into, &intermediate),
                 1);
    struct public_key *key = public_key_parse(root.spki);
    item = (struct verification){.algorithm = intermediate.algorithm,
                                 .key = key,
                                 .message = intermediate.tbs,
                                 .signature = intermediate.signature};
    verify_batch(items, 1);
    cr_assert(item.valid);
    public_key_free(key);
}

/* RFC 3279 2.2: what a tolerance takes is verified by every engine that has the kind of key. */
Test(batch, SHA_1_is_verified_by_every_engine)
{
    static const struct {
        enum key_kind kind;
        const char *encoded;
    } cases[] = {{KEY_RSA, "30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00"},
                 {KEY_P256, "30 09 06 07 2a 86 48 ce 3d 04 01"},
                 {KEY_P384, "30 09 06 07 2a 86 48 ce 3d 04 01"},
                 {KEY_P521, "30 09 06 07 2a 86 48 ce 3d 04 01"}};
    char fault[ENGINE_FAULT_MAX];

    cr_assert(engines_start(fault, NULL, 0), "%s", fault);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct private_key *key = private_key_generate(cases[i].kind, 2048);
        struct public_key *public = public_key_parse(private_key_spki(key));
        CBS cbs = cbs_of(hex(arena, cases[i].encoded));
        struct signing signing = {.algorithm = signature_parse_sha1(&cbs),
                                  .key = key,
                                  .message = bytes_str("a message"),
                                  .signature = arena_alloc(arena, private_key_signature_max(key))},
                       *signings[] = {&signing};
        sign_batch(signings, 1);
        cr_assert_gt(signing.signature_len, 0);
        for (int engine = 0; engine < ENGINE_COUNT; engine++) {
            struct verification item = {.algorithm = signing.algorithm,
                                        .key = public,
                                        .message = signing.message,
                                        .signature = bytes_of(signing.signature, signing.signature_len)},
                                *items[] = {&item};
            if (engine_unusable_why((enum engine_id)engine) != NULL ||
                engine_price(cases[i].kind, (enum engine_id)engine)->verify_us == 0)
                continue;
            verify_batch_with((enum engine_id)engine, items, 1);
            cr_expect(item.valid, "kind %d, engine %d", cases[i].kind, engine);
            item.message = bytes_str("another message");
            verify_batch_with((enum engine_id)engine, items, 1);
            cr_expect_not(item.valid, "kind %d, engine %d", cases[i].kind, engine);
        }
        cr_expect_gt(signature_verify_us(signing.algorithm), 0, "it has a price");
        public_key_free(public);
        private_key_free(key);
    }
}

/* Signs and verifies by each row of the table, with each kind of key that it fits; a bit more in the message
 * makes it wrong. */
static void each_row_signs_and_verifies(void)
{
    size_t done = 0;

    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        struct private_key *key = private_key_generate((enum key_kind)kind, 2048);
        struct public_key *public = public_key_parse(private_key_spki(key));
        const struct signature_algorithm *row;
        for (size_t i = 0; (row = signature_row(i)) != NULL; i++) {
            struct signing sign = {.algorithm = row,
                                   .key = key,
                                   .message = bytes_str("a message"),
                                   .signature = arena_alloc(arena, private_key_signature_max(key))},
                           *signs[] = {&sign};
            if (!signature_fits(row, (enum key_kind)kind))
                continue;
            sign_batch(signs, 1);
            cr_assert_gt(sign.signature_len, 0, "%s", row->name);
            struct verification check = {.algorithm = row,
                                         .key = public,
                                         .message = sign.message,
                                         .signature = bytes_of(sign.signature, sign.signature_len)},
                                *checks[] = {&check};
            verify_batch(checks, 1);
            cr_expect(check.valid, "%s", row->name);
            check.message = bytes_str("a messagf");
            verify_batch(checks, 1);
            cr_expect(!check.valid && !check.undecided, "%s", row->name);
            done++;
        }
        public_key_free(public);
        private_key_free(key);
    }
    /* RFC 9481 section 3, RFC 8692, RFC 9688: ten of ECDSA on three curves, twelve of RSA, and Ed25519 */
    cr_expect_eq(done, 10 * 3 + 12 + 1);
}

Test(batch, every_row_signs_and_verifies_by_the_routes)
{
    char fault[ENGINE_FAULT_MAX];

    cr_assert(engines_start(fault, NULL, 0), "%s", fault);
    cr_assert_null(engine_unusable_why(ENGINE_AWS_LC));
    each_row_signs_and_verifies();
}

/* BoringSSL has no RSA over SHA-3: whoever pins it gets AWS-LC for that. */
Test(batch, every_row_signs_and_verifies_where_BoringSSL_is_pinned)
{
    char fault[ENGINE_FAULT_MAX];

    cr_assert(engines_start(fault, (const char *const[]){"boringssl"}, 1), "%s", fault);
    each_row_signs_and_verifies();
}

/* Before engines were started nobody computes RSA over SHA-3: that is no verdict. */
Test(batch, what_no_engine_computes_is_undecided)
{
    struct private_key *key = private_key_generate(KEY_RSA, 2048);
    struct public_key *public = public_key_parse(private_key_spki(key));
    const struct signature_algorithm *row = signature_named("rsassa-pkcs1-v1-5-with-sha3-256");
    uint8_t octets[256] = {0};
    struct signing sign = {.algorithm = row, .key = key, .message = bytes_str("m"), .signature = octets},
                   *signs[] = {&sign};
    struct verification check = {.algorithm = row,
                                 .key = public,
                                 .message = bytes_str("m"),
                                 .signature = bytes_of(octets, 256)},
                        *checks[] = {&check};

    sign_batch(signs, 1);
    cr_expect_eq(sign.signature_len, 0);
    verify_batch(checks, 1);
    cr_expect(!check.valid && check.undecided);
    public_key_free(public);
    private_key_free(key);
}
