/* engine_crypto_mb.c, lane by lane. Where the CPU lacks AVX512-IFMA there is nothing to test, and the test
 * says so. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/engine_internal.h"

/* Chance is the test's to withhold: the library's file is left out for this one. */
#define random_bytes real_random_bytes
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "crypto/random.c"
#undef random_bytes

static int chance_repeats;

void random_bytes(uint8_t *out, size_t len);
void random_bytes(uint8_t *out, size_t len)
{
    if (chance_repeats)
        memset(out, 0x5a, len);
    else
        real_random_bytes(out, len);
}

enum { LANES = 8, KEYS = LANES, WAYS = 11, LEN_MAX = 49 };

struct identity {
    struct private_key *private;
    struct public_key *public;
};

static struct identity identities[KEY_KIND_COUNT][KEYS];
static uint8_t messages[LANES][40], signatures[LANES][SIGNATURE_MAX];
static struct verification items[LANES], *list[LANES];

/* Whether the processor has what the engine needs, by the kernel's word instead of the engine's. */
static int has_ifma(void)
{
    char line[8192];
    int found = 0;
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = strncmp(line, "flags", 5) == 0 && strstr(line, " avx512ifma") != NULL;
    if (file != NULL)
        fclose(file);
    return found;
}

static void set_up(void)
{
    char fault[ENGINE_FAULT_MAX];

    cr_assert(engines_start(fault, NULL, 0));
    if (!engine_usable(ENGINE_CRYPTO_MB)) {
        cr_assert(!has_ifma(), "the processor has what crypto_mb needs: %s",
                  engine_unusable_why(ENGINE_CRYPTO_MB));
        printf("\nSKIPPED: crypto_mb: %s\n", engine_unusable_why(ENGINE_CRYPTO_MB));
        cr_skip_test();
    }
    for (int kind = KEY_P256; kind <= KEY_P384; kind++)
        for (int i = 0; i < KEYS; i++) {
            identities[kind][i].private = private_key_generate((enum key_kind)kind, 0);
            identities[kind][i].public = public_key_parse(private_key_spki(identities[kind][i].private));
        }
}

static void tear_down(void)
{
    for (int kind = KEY_P256; kind <= KEY_P384; kind++)
        for (int i = 0; i < KEYS; i++) {
            private_key_free(identities[kind][i].private);
            public_key_free(identities[kind][i].public);
        }
}

TestSuite(crypto_mb, .init = set_up, .fini = tear_down);

/* |count| signatures by this engine: of as many keys, or all of one. */
static void sign(enum key_kind kind, size_t count, int one_key)
{
    struct signing signings[LANES], *sign_list[LANES] = {NULL};

    for (size_t i = 0; i < count; i++) {
        memset(messages[i], (int)(i + 1), sizeof messages[i]);
        signings[i] = (struct signing){.algorithm = signature_for_key(kind),
                                       .key = identities[kind][one_key ? 0 : i].private,
                                       .message = bytes_of(messages[i], sizeof messages[i]),
                                       .signature = signatures[i]};
        sign_list[i] = &signings[i];
    }
    sign_batch_with(ENGINE_CRYPTO_MB, sign_list, count);
    for (size_t i = 0; i < count; i++) {
        cr_assert_gt(signings[i].signature_len, 0);
        items[i] = (struct verification){.algorithm = signings[i].algorithm,
                                         .key = identities[kind][one_key ? 0 : i].public,
                                         .message = signings[i].message,
                                         .signature = bytes_of(signatures[i], signings[i].signature_len)};
        list[i] = &items[i];
    }
}

static size_t number(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned octet = 0;
        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
    return len;
}

/* Ecdsa-Sig-Value of two numbers (RFC 3279 2.2.3). */
static size_t encode(uint8_t *out, struct bytes r, struct bytes s)
{
    CBB cbb, sequence;
    size_t len = 0;

    cr_assert(CBB_init_fixed(&cbb, out, SIGNATURE_MAX) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
              der_add_uint(&sequence, r) && der_add_uint(&sequence, s) && CBB_finish(&cbb, NULL, &len));
    return len;
}

/* Group orders: RFC 6979 A.2.5 and A.2.6; the number after the order, and the largest of that many octets. */
static const char *const orders[][3] = {
    [KEY_P256] = {"FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
                  "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552",
                  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
    [KEY_P384] =
        {"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52974",
         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
};

/* Makes lane |lane| wrong in one of WAYS ways: FIPS 186-5 6.4.2 wants r and s from 1 to the order less 1. */
static void spoil(enum key_kind kind, size_t lane, int way)
{
    static const uint8_t zero[1] = {0}, one[1] = {1};
    struct verification *item = &items[lane];
    struct bytes some = bytes_of(one, 1);
    uint8_t octets[LEN_MAX];

    if (way < 2) { /* r or s is zero */
        struct bytes none = bytes_of(zero, 1);
        item->signature.len = encode(signatures[lane], way == 0 ? none : some, way == 0 ? some : none);
    } else if (way < 8) { /* r or s is the order, one more, or as large as it can be written */
        struct bytes large = bytes_of(octets, number(octets, orders[kind][(way - 2) / 2]));
        item->signature.len =
            encode(signatures[lane], way % 2 == 0 ? large : some, way % 2 == 0 ? some : large);
    } else if (way == 8) {
        messages[lane][0] ^= 1;
    } else if (way == 9) {
        item->key = identities[kind][item->key == identities[kind][0].public].public;
    } else {
        item->signature.len = 0;
    }
}

Test(crypto_mb, one_bad_lane_in_every_place_spoils_no_other)
{
    for (int kind = KEY_P256; kind <= KEY_P384; kind++)
        for (size_t count = 1; count <= LANES; count++)
            for (size_t bad = 0; bad < count; bad++)
                for (int way = 0; way < WAYS; way++) {
                    sign((enum key_kind)kind, count, way % 2);
                    spoil((enum key_kind)kind, bad, way);
                    verify_batch_with(ENGINE_CRYPTO_MB, list, count);
                    for (size_t i = 0; i < count; i++)
                        cr_assert_eq(items[i].valid, i != bad, "way %d, lane %zu of %zu, %zu bad", way, i,
                                     count, bad);
                }
}

Test(crypto_mb, one_good_lane_in_every_place_is_found)
{
    for (int kind = KEY_P256; kind <= KEY_P384; kind++)
        for (size_t good = 0; good < LANES; good++)
            for (int way = 0; way < WAYS; way++) {
                sign((enum key_kind)kind, LANES, 0);
                for (size_t i = 0; i < LANES; i++)
                    if (i != good)
                        spoil((enum key_kind)kind, i, way);
                verify_batch_with(ENGINE_CRYPTO_MB, list, LANES);
                for (size_t i = 0; i < LANES; i++)
                    cr_assert_eq(items[i].valid, i == good, "way %d, lane %zu", way, i);
            }
}

/* What it signs, another engine verifies; and no two signatures share their r: that would be one k for both.
 */
Test(crypto_mb, no_secret_number_is_used_twice)
{
    enum { ROUNDS = 40 };
    static struct {
        uint8_t octets[64];
        size_t len;
    } seen[ROUNDS * LANES];

    for (int kind = KEY_P256; kind <= KEY_P384; kind++) {
        size_t count = 0;
        for (int round = 0; round < ROUNDS; round++) {
            size_t lanes = 1 + (size_t)round % LANES;
            sign((enum key_kind)kind, lanes, 1); /* the same key and the same messages each time */
            verify_batch_with(ENGINE_BORINGSSL, list, lanes);
            for (size_t i = 0; i < lanes; i++) {
                CBS cbs = cbs_of(items[i].signature), sequence, r;
                cr_assert(items[i].valid);
                cr_assert(CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
                          CBS_get_asn1(&sequence, &r, CBS_ASN1_INTEGER));
                for (size_t j = 0; j < count; j++)
                    cr_assert_not(bytes_equal(bytes_of_cbs(&r), bytes_of(seen[j].octets, seen[j].len)));
                memcpy(seen[count].octets, CBS_data(&r), CBS_len(&r));
                seen[count++].len = CBS_len(&r);
            }
        }
    }
}

/* RFC 6979 3.6: should the random octets be the same in every lane and every call, two messages still get two
 * secret numbers, and two keys do. One r under two messages would give the key away. */
Test(crypto_mb, repeated_chance_repeats_no_secret_number)
{
    for (int kind = KEY_P256; kind <= KEY_P384; kind++)
        for (int one_key = 0; one_key < 2; one_key++) {
            chance_repeats = 1;
            sign((enum key_kind)kind, LANES, one_key);
            for (size_t i = 0; i < LANES; i++)
                for (size_t j = 0; j < i; j++) {
                    CBS a = cbs_of(items[i].signature), b = cbs_of(items[j].signature), in_a, in_b, r_a, r_b;
                    cr_assert(CBS_get_asn1(&a, &in_a, CBS_ASN1_SEQUENCE) &&
                              CBS_get_asn1(&in_a, &r_a, CBS_ASN1_INTEGER) &&
                              CBS_get_asn1(&b, &in_b, CBS_ASN1_SEQUENCE) &&
                              CBS_get_asn1(&in_b, &r_b, CBS_ASN1_INTEGER));
                    cr_assert_not(bytes_equal(bytes_of_cbs(&r_a), bytes_of_cbs(&r_b)), "lanes %zu and %zu", i,
                                  j);
                }
            chance_repeats = 0;
        }
}
