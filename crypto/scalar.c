/* Numbers below a group order: read from signatures and digests, and the secret number of ECDSA by RFC 6979.
 */
#include "crypto/scalar.h"

#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <string.h>

/* Group orders: FIPS 186-5 by way of RFC 6979 A.2.5 and A.2.6. */
static const uint8_t order_p256[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                       0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t order_p384[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};

struct order {
    const uint8_t *octets;
    size_t len;
    const EVP_MD *(*digest)(void);
};

static struct order order_of(enum key_kind kind)
{
    switch (kind) {
    case KEY_P256:
        return (struct order){order_p256, sizeof order_p256, EVP_sha256};
    case KEY_P384:
        return (struct order){order_p384, sizeof order_p384, EVP_sha384};
    default:
        return (struct order){NULL, 0, NULL};
    }
}

size_t scalar_len(enum key_kind kind)
{
    return order_of(kind).len;
}

/* out = a - b, both big-endian; returns the borrow, in time that does not depend on the values. */
static unsigned subtract(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t len)
{
    unsigned borrow = 0;

    for (size_t i = len; i-- > 0;) {
        unsigned difference = (unsigned)a[i] - b[i] - borrow;
        out[i] = (uint8_t)difference;
        borrow = difference >> 8 & 1;
    }
    return borrow;
}

void scalar_reduce(uint8_t *out, enum key_kind kind, struct bytes digest)
{
    const struct order order = order_of(kind);
    uint8_t reduced[SCALAR_MAX];
    size_t used = digest.len < order.len ? digest.len : order.len;

    /* Both orders have a whole number of octets: the leftmost bits are the leftmost octets. */
    memset(out, 0, order.len - used);
    memcpy(out + order.len - used, digest.data, used);
    /* Both are above half of what the octets hold, so once is enough. */
    if (subtract(reduced, out, order.octets, order.len) == 0)
        memcpy(out, reduced, order.len);
}

int scalar_is_usable(const uint8_t *octets, enum key_kind kind)
{
    const struct order order = order_of(kind);
    uint8_t difference[SCALAR_MAX];
    unsigned any = 0;
    unsigned below = subtract(difference, octets, order.octets, order.len);

    for (size_t i = 0; i < order.len; i++)
        any |= octets[i];
    OPENSSL_cleanse(difference, sizeof difference);
    return below == 1 && any != 0;
}

/* K and V of RFC 6979 3.2. Their length is that of the digest, which is that of the order. */
struct generator {
    HMAC_CTX hmac;
    uint8_t key[SCALAR_MAX], value[SCALAR_MAX];
    size_t len;
    const EVP_MD *digest;
};

static int next_value(struct generator *g)
{
    unsigned len;

    return HMAC_Init_ex(&g->hmac, g->key, g->len, g->digest, NULL) &&
           HMAC_Update(&g->hmac, g->value, g->len) && HMAC_Final(&g->hmac, g->value, &len);
}

static int next_key(struct generator *g, uint8_t separator, const uint8_t *x, const uint8_t *h1,
                    struct bytes extra)
{
    unsigned len;

    return HMAC_Init_ex(&g->hmac, g->key, g->len, g->digest, NULL) &&
           HMAC_Update(&g->hmac, g->value, g->len) && HMAC_Update(&g->hmac, &separator, 1) &&
           (x == NULL || (HMAC_Update(&g->hmac, x, g->len) && HMAC_Update(&g->hmac, h1, g->len) &&
                          HMAC_Update(&g->hmac, extra.data, extra.len))) &&
           HMAC_Final(&g->hmac, g->key, &len);
}

int scalar_nonce(uint8_t *out, enum key_kind kind, const uint8_t *x, const uint8_t *h1, struct bytes extra)
{
    const struct order order = order_of(kind);
    struct generator g;
    int ok;

    if (order.digest == NULL)
        return 0;
    g.len = order.len;
    g.digest = order.digest();
    memset(g.key, 0, g.len);
    memset(g.value, 1, g.len);
    HMAC_CTX_init(&g.hmac);
    ok = next_key(&g, 0, x, h1, extra) && next_value(&g) && next_key(&g, 1, x, h1, extra) && next_value(&g) &&
         next_value(&g);
    /* About once in 2^32 for P-256: then RFC 6979 3.2 h.3 goes on. */
    while (ok && !scalar_is_usable(g.value, kind))
        ok = next_key(&g, 0, NULL, NULL, extra) && next_value(&g) && next_value(&g);
    if (ok)
        memcpy(out, g.value, g.len);
    HMAC_CTX_cleanup(&g.hmac);
    OPENSSL_cleanse(&g, sizeof g);
    return ok;
}
