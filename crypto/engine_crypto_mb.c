/* Intel's crypto_mb: ECDSA over P-256 and P-384, eight signatures at a time, on CPUs with AVX512-IFMA.
 *
 * It trusts what it is given: points must be on their curve (the facade's parser has seen to that); r, s and
 * digests below the group order is seen to here (given a larger digest, it refuses valid signatures). Lanes
 * that nobody wants repeat the first one, so that every call is the same. */
#include <crypto_mb/cpu_features.h>
#include <crypto_mb/ec_nistp256.h>
#include <crypto_mb/ec_nistp384.h>
#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/engine_internal.h"
#include "crypto/random.h"
#include "crypto/scalar.h"
#include "crypto/secret_memory.h"

enum { LANES = 8, LIMBS = SCALAR_MAX / 8, EXTRA = 32 };

/* Numbers are 64-bit limbs, least significant first. */
struct mb_public {
    int64u x[LIMBS], y[LIMBS];
};

struct mb_private {
    int64u d[LIMBS];
    uint8_t octets[SCALAR_MAX]; /* the same, big-endian */
};

static const char *unfit(void)
{
    return mbx_is_crypto_mb_applicable(0) != 0 ? NULL : "this CPU lacks AVX512-IFMA";
}

static void limbs_of(int64u *out, const uint8_t *octets, size_t len)
{
    memset(out, 0, LIMBS * sizeof *out);
    for (size_t i = 0; i < len; i++)
        out[i / 8] |= (int64u)octets[len - 1 - i] << 8 * (i % 8);
}

/* SubjectPublicKeyInfo of an uncompressed point: the facade takes no other. */
static void *public_key(enum key_kind kind, struct bytes spki)
{
    size_t len = scalar_len(kind);
    struct mb_public *key = spki.len > 2 * len ? calloc(1, sizeof *key) : NULL;

    if (key != NULL) {
        limbs_of(key->x, spki.data + spki.len - 2 * len, len);
        limbs_of(key->y, spki.data + spki.len - len, len);
    }
    return key;
}

/* PrivateKeyInfo (RFC 5208) around ECPrivateKey (RFC 5915). */
static void *private_key(enum key_kind kind, struct bytes pkcs8)
{
    size_t len = scalar_len(kind);
    CBS cbs = cbs_of(pkcs8), info, octets, key, scalar;
    struct mb_private *out;

    if (!CBS_get_asn1(&cbs, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, NULL, CBS_ASN1_INTEGER) ||
        !CBS_get_asn1(&info, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&info, &octets, CBS_ASN1_OCTETSTRING) ||
        !CBS_get_asn1(&octets, &key, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&key, NULL, CBS_ASN1_INTEGER) ||
        !CBS_get_asn1(&key, &scalar, CBS_ASN1_OCTETSTRING) || CBS_len(&scalar) != len ||
        (out = secret_alloc(sizeof *out)) == NULL)
        return NULL;
    memcpy(out->octets, CBS_data(&scalar), len);
    limbs_of(out->d, out->octets, len);
    return out;
}

static void private_key_free(void *key)
{
    secret_free(key);
}

/* An unsigned INTEGER of at most |len| octets into |out|. */
static int get_scalar(CBS *cbs, uint8_t *out, size_t len)
{
    CBS integer;
    uint8_t sign;

    if (!CBS_get_asn1(cbs, &integer, CBS_ASN1_INTEGER) || !CBS_is_unsigned_asn1_integer(&integer))
        return 0;
    /* The zero before a high bit is not the number's. */
    if (CBS_len(&integer) == len + 1 && (!CBS_get_u8(&integer, &sign) || sign != 0))
        return 0;
    if (CBS_len(&integer) > len)
        return 0;
    memset(out, 0, len - CBS_len(&integer));
    memcpy(out + len - CBS_len(&integer), CBS_data(&integer), CBS_len(&integer));
    return 1;
}

/* Ecdsa-Sig-Value (RFC 3279 2.2.3), both numbers as FIPS 186-5 6.4.2 wants them. */
static int get_signature(struct bytes der, uint8_t *r, uint8_t *s, enum key_kind kind)
{
    CBS cbs = cbs_of(der), sequence;
    size_t len = scalar_len(kind);

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           get_scalar(&sequence, r, len) && get_scalar(&sequence, s, len) && CBS_len(&sequence) == 0 &&
           scalar_is_usable(r, kind) && scalar_is_usable(s, kind);
}

static void verify(enum key_kind kind, struct engine_verify *items, size_t n)
{
    uint8_t r[LANES][SCALAR_MAX], s[LANES][SCALAR_MAX], digest[LANES][SCALAR_MAX];
    const int8u *pa_r[LANES], *pa_s[LANES], *pa_digest[LANES];
    const int64u *pa_x[LANES], *pa_y[LANES];
    int readable[LANES];
    size_t len = scalar_len(kind);
    mbx_status status;

    for (size_t i = 0; i < LANES; i++) {
        size_t from = i < n ? i : 0;
        const struct mb_public *key = items[from].key;
        readable[i] = get_signature(items[from].signature, r[i], s[i], kind);
        if (!readable[i]) { /* a lane needs numbers, whatever becomes of it */
            memset(r[i], 0, len);
            memset(s[i], 0, len);
        }
        scalar_reduce(digest[i], kind, items[from].input);
        pa_r[i] = r[i];
        pa_s[i] = s[i];
        pa_digest[i] = digest[i];
        pa_x[i] = key->x;
        pa_y[i] = key->y;
    }
    status = kind == KEY_P256   ? mbx_nistp256_ecdsa_verify_mb8(pa_r, pa_s, pa_digest, pa_x, pa_y, NULL, NULL)
             : kind == KEY_P384 ? mbx_nistp384_ecdsa_verify_mb8(pa_r, pa_s, pa_digest, pa_x, pa_y, NULL, NULL)
                                : MBX_SET_STS_ALL(MBX_STATUS_MISMATCH_PARAM_ERR);
    for (size_t i = 0; i < n; i++)
        items[i].valid = readable[i] && MBX_GET_STS(status, (int)i) == MBX_STATUS_OK;
}

static size_t put_signature(const struct engine_sign *item, const uint8_t *r, const uint8_t *s, size_t len)
{
    CBB cbb, sequence;
    size_t written = 0;

    if (!CBB_init_fixed(&cbb, item->signature, item->room) ||
        !CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) || !der_add_uint(&sequence, bytes_of(r, len)) ||
        !der_add_uint(&sequence, bytes_of(s, len)) || !CBB_finish(&cbb, NULL, &written))
        written = 0;
    CBB_cleanup(&cbb);
    return written;
}

/* What must not stay behind. */
struct secrets {
    uint8_t extra[LANES][EXTRA];
    uint8_t k[SCALAR_MAX];
    int64u limbs[LANES][LIMBS];
};

static void sign(enum key_kind kind, struct engine_sign *items, size_t n)
{
    struct secrets secrets;
    uint8_t r[LANES][SCALAR_MAX], s[LANES][SCALAR_MAX], digest[LANES][SCALAR_MAX];
    int8u *pa_r[LANES], *pa_s[LANES];
    const int8u *pa_digest[LANES];
    const int64u *pa_k[LANES], *pa_d[LANES];
    size_t len = scalar_len(kind);
    int ok = 1;
    mbx_status status;

    random_bytes(secrets.extra[0], sizeof secrets.extra);
    for (size_t i = 0; i < LANES && ok; i++) {
        size_t from = i < n ? i : 0;
        const struct mb_private *key = items[from].key;
        scalar_reduce(digest[i], kind, items[from].input);
        if (i < n) {
            ok = scalar_nonce(secrets.k, kind, key->octets, digest[i], bytes_of(secrets.extra[i], EXTRA));
            limbs_of(secrets.limbs[i], secrets.k, len);
        }
        pa_r[i] = r[i];
        pa_s[i] = s[i];
        pa_digest[i] = digest[i];
        pa_k[i] = secrets.limbs[from]; /* the first one's signature again, if nobody wants the lane */
        pa_d[i] = key->d;
    }
    status = !ok                ? MBX_SET_STS_ALL(MBX_STATUS_NULL_PARAM_ERR)
             : kind == KEY_P256 ? mbx_nistp256_ecdsa_sign_mb8(pa_r, pa_s, pa_digest, pa_k, pa_d, NULL)
             : kind == KEY_P384 ? mbx_nistp384_ecdsa_sign_mb8(pa_r, pa_s, pa_digest, pa_k, pa_d, NULL)
                                : MBX_SET_STS_ALL(MBX_STATUS_MISMATCH_PARAM_ERR);
    secret_wipe(&secrets, sizeof secrets);
    for (size_t i = 0; i < n; i++)
        items[i].signature_len =
            MBX_GET_STS(status, (int)i) == MBX_STATUS_OK ? put_signature(&items[i], r[i], s[i], len) : 0;
}

const struct engine engine_crypto_mb = {
    .name = "crypto_mb",
    .kinds = 1U << KEY_P256 | 1U << KEY_P384,
    .lanes = LANES,
    .unfit = unfit,
    .public_key = public_key,
    .public_key_free = free,
    .private_key = private_key,
    .private_key_free = private_key_free,
    .verify = verify,
    .sign = sign,
};
