/* crypto/scalar.h */
#include <criterion/criterion.h>
#include <stdio.h>

#include <openssl/hmac.h>

#include "crypto/algorithms.h"

/* What the generator makes, in its order: K, V, K, V, and then candidates. */
enum { MADE_MAX = 16, FIRST_CANDIDATE = 4, OCTETS_MAX = 48 };
static uint8_t made[MADE_MAX][OCTETS_MAX];
static int made_count, candidate_is_too_large; /* 1: the first one */

static int note_and_make(HMAC_CTX *hmac, uint8_t *out, unsigned *len)
{
    int ok = HMAC_Final(hmac, out, len);

    if (candidate_is_too_large && made_count == FIRST_CANDIDATE)
        memset(out, 0xff, *len);
    if (made_count < MADE_MAX)
        memcpy(made[made_count++], out, *len);
    return ok;
}

#define HMAC_Final note_and_make
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "crypto/scalar.c"
#undef HMAC_Final

static size_t octets(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned octet = 0;
        cr_assert_eq(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
    return len;
}

/* RFC 6979 A.2.5 and A.2.6: private keys, group orders, and k for the digest that belongs to the curve. */
#define X_P256 "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"
#define X_P384                                                                                               \
    "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5"
#define Q_P256 "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define Q_P384                                                                                               \
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"

static const struct {
    enum key_kind kind;
    enum digest_id digest;
    const char *x, *message, *k;
} vectors[] = {
    {KEY_P256, DIGEST_SHA256, X_P256, "sample",
     "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60"},
    {KEY_P256, DIGEST_SHA256, X_P256, "test",
     "D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0"},
    {KEY_P384, DIGEST_SHA384, X_P384, "sample",
     "94ED910D1A099DAD3254E9242AE85ABDE4BA15168EAF0CA87A555FD56D10FBCA2907E3E83BA95368623B8C4686915CF9"},
    {KEY_P384, DIGEST_SHA384, X_P384, "test",
     "015EE46A5BF88773ED9123A5AB0807962D193719503C527B031B4C2D225092ADA71F4A459BC0DA98ADB95837DB8312EA"},
};
enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static void reduced_digest(uint8_t *out, enum key_kind kind, enum digest_id digest, const char *message)
{
    uint8_t hash[DIGEST_MAX];

    scalar_reduce(out, kind, bytes_of(hash, digest_compute(hash, digest, bytes_str(message))));
}

/* RFC 6979 3.2, by its own vectors: without additional data, k is theirs. */
Test(scalar, the_nonce_is_that_of_rfc6979)
{
    for (size_t i = 0; i < VECTORS; i++) {
        uint8_t x[SCALAR_MAX], h1[SCALAR_MAX], expected[SCALAR_MAX], k[SCALAR_MAX];
        size_t len = octets(x, vectors[i].x);
        cr_assert_eq(len, scalar_len(vectors[i].kind));
        octets(expected, vectors[i].k);
        reduced_digest(h1, vectors[i].kind, vectors[i].digest, vectors[i].message);
        cr_assert(scalar_nonce(k, vectors[i].kind, x, h1, bytes_of(NULL, 0)));
        cr_assert_arr_eq(k, expected, len);
    }
}

/* RFC 6979 3.6: additional data change k; and where they repeat, another message or another key still does.
 */
Test(scalar, a_repeated_random_state_repeats_no_nonce)
{
    static const uint8_t extra[32] = {1}, other_extra[32] = {2};

    for (size_t i = 0; i < VECTORS; i += 2) {
        enum key_kind kind = vectors[i].kind;
        uint8_t x[SCALAR_MAX], other_x[SCALAR_MAX], h1[SCALAR_MAX], other_h1[SCALAR_MAX];
        uint8_t k[5][SCALAR_MAX];
        size_t len = octets(x, vectors[i].x);
        memcpy(other_x, x, len);
        other_x[len - 1] ^= 1;
        reduced_digest(h1, kind, vectors[i].digest, "sample");
        reduced_digest(other_h1, kind, vectors[i].digest, "test");
        cr_assert(scalar_nonce(k[0], kind, x, h1, bytes_of(extra, sizeof extra)));
        cr_assert(scalar_nonce(k[1], kind, x, h1, bytes_of(other_extra, sizeof other_extra)));
        cr_assert(scalar_nonce(k[2], kind, x, other_h1, bytes_of(extra, sizeof extra)));
        cr_assert(scalar_nonce(k[3], kind, other_x, h1, bytes_of(extra, sizeof extra)));
        cr_assert(scalar_nonce(k[4], kind, x, h1, bytes_of(NULL, 0)));
        for (int a = 0; a < 5; a++)
            for (int b = 0; b < a; b++)
                cr_assert_neq(memcmp(k[a], k[b], len), 0, "%d %d", a, b);
    }
}

/* FIPS 186-5 6.4.2: r and s are integers from 1 to n - 1. */
Test(scalar, usable_is_from_1_to_the_order_less_1)
{
    static const struct {
        enum key_kind kind;
        const char *order;
    } curves[] = {{KEY_P256, Q_P256}, {KEY_P384, Q_P384}};

    for (size_t i = 0; i < 2; i++) {
        uint8_t n[SCALAR_MAX], number[SCALAR_MAX] = {0};
        size_t len = octets(n, curves[i].order);
        cr_assert_not(scalar_is_usable(number, curves[i].kind));
        number[len - 1] = 1;
        cr_assert(scalar_is_usable(number, curves[i].kind));
        cr_assert_not(scalar_is_usable(n, curves[i].kind));
        memcpy(number, n, len);
        number[len - 1]--;
        cr_assert(scalar_is_usable(number, curves[i].kind));
        number[len - 1] += 2;
        cr_assert_not(scalar_is_usable(number, curves[i].kind));
        memset(number, 0xff, len);
        cr_assert_not(scalar_is_usable(number, curves[i].kind));
    }
}

/* RFC 6979 2.3.2 and 2.3.4: leftmost bits, then modulo the order. */
Test(scalar, digests_are_reduced)
{
    uint8_t n[SCALAR_MAX], digest[DIGEST_MAX], out[SCALAR_MAX], expected[SCALAR_MAX] = {0};

    octets(n, Q_P256);
    scalar_reduce(out, KEY_P256, bytes_of(n, 32));
    cr_assert_arr_eq(out, expected, 32);
    memcpy(digest, n, 32);
    digest[31] += 5; /* n + 5, in the leftmost octets of a longer digest */
    memset(digest + 32, 0xaa, 32);
    expected[31] = 5;
    scalar_reduce(out, KEY_P256, bytes_of(digest, 64));
    cr_assert_arr_eq(out, expected, 32);
    /* A digest shorter than the order is a smaller number. */
    memset(digest, 0xff, 32);
    memset(expected, 0, sizeof expected);
    memset(expected + 16, 0xff, 32);
    scalar_reduce(out, KEY_P384, bytes_of(digest, 32));
    cr_assert_arr_eq(out, expected, 48);
    cr_assert_eq(scalar_len(KEY_P521), 0);
    cr_assert_eq(scalar_len(KEY_RSA), 0);
}

/* RFC 6979 3.2 h.3: "Otherwise, compute: K = HMAC_K(V || 0x00) V = HMAC_K(V) and loop (try to generate a new
 * T, and so on)"; a new T begins with V = HMAC_K(V) (h.2). It comes about once in 2^32 for P-256. */
Test(scalar, a_nonce_that_is_no_scalar_is_followed_by_the_next)
{
    enum { K = 2 };
    uint8_t x[OCTETS_MAX], h1[OCTETS_MAX] = {1}, nonce[OCTETS_MAX];
    uint8_t message[OCTETS_MAX + 1], key[OCTETS_MAX], first[OCTETS_MAX], second[OCTETS_MAX];
    size_t len = octets(x, X_P256);
    unsigned made_len;

    candidate_is_too_large = 1;
    cr_assert(scalar_nonce(nonce, KEY_P256, x, h1, bytes_of(NULL, 0)));
    memset(message, 0xff, len);
    message[len] = 0;
    HMAC(EVP_sha256(), made[K], len, message, len + 1, key, &made_len);
    HMAC(EVP_sha256(), key, len, message, len, first, &made_len);
    HMAC(EVP_sha256(), key, len, first, len, second, &made_len);
    cr_assert_eq(made_len, len);
    cr_assert_arr_eq(nonce, second, len);
}
