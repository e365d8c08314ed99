/* A key pair made in a token (PKCS #11 v3.0: C_GenerateKeyPair), and what its public key is outside. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/der.h"
#include "crypto/pkcs11_internal.h"
#include "crypto/random.h"

enum { ID = 16, NUMBER_MAX = 2048, PARAMS_MAX = 16 };

/* struct shape is how a token is told which key it is to make. */
struct shape {
    const struct key_algorithm *key;
    CK_MECHANISM_TYPE mechanism;
    uint8_t params[PARAMS_MAX]; /* CKA_EC_PARAMS; none for RSA */
    CK_ULONG params_len;
};

/* The curve by its OBJECT IDENTIFIER; PKCS #11 v3.0 mechanisms 2.3.5 has a name for that of Ed25519. */
static int shape_of(struct shape *out, enum key_kind kind)
{
    static const uint8_t edwards[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};

    *out = (struct shape){.key = key_algorithm(kind)};
    switch (kind) {
    case KEY_P256:
    case KEY_P384:
    case KEY_P521:
        out->mechanism = CKM_EC_KEY_PAIR_GEN;
        out->params[0] = CBS_ASN1_OBJECT;
        out->params[1] = (uint8_t)out->key->curve.len;
        memcpy(out->params + 2, out->key->curve.data, out->key->curve.len);
        out->params_len = 2 + out->key->curve.len;
        return 1;
    case KEY_ED25519:
        out->mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
        memcpy(out->params, edwards, sizeof edwards);
        out->params_len = sizeof edwards;
        return 1;
    case KEY_RSA:
        out->mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
        return 1;
    case KEY_NONE:
    case KEY_KIND_COUNT:
        break;
    }
    return 0;
}

static int is_rsa(const struct shape *shape)
{
    return shape->key->kind == KEY_RSA;
}

static int fail(char *fault, const char *what, CK_RV rv)
{
    snprintf(fault, PKCS11_FAULT_MAX, "%s: %s (0x%lx); make it by the token's own tools", what,
             p11_kit_strerror(rv), rv);
    return 0;
}

static CK_RV make(struct pkcs11 *pkcs11, CK_SESSION_HANDLE session, struct shape *shape,
                  const struct token_pair *pair, uint8_t id[ID], CK_OBJECT_HANDLE *public)
{
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG bits = pair->rsa_bits, of_public = 2;
    CK_MECHANISM mechanism = {shape->mechanism, NULL, 0};
    CK_OBJECT_HANDLE private;
    uint8_t exponent[] = {1, 0, 1};
    /* A module does not write what it reads here; its types say otherwise. */
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)(uintptr_t)pair->label, strlen(pair->label)};
    CK_ATTRIBUTE publics[6] = {{CKA_TOKEN, &yes, sizeof yes}, {CKA_VERIFY, &yes, sizeof yes}};
    CK_ATTRIBUTE privates[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SIGN, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},
        {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_ID, id, ID},
        label,
    };

    publics[of_public++] = (CK_ATTRIBUTE){CKA_ID, id, ID};
    publics[of_public++] = label;
    if (!is_rsa(shape)) {
        publics[of_public++] = (CK_ATTRIBUTE){CKA_EC_PARAMS, shape->params, shape->params_len};
    } else {
        publics[of_public++] = (CK_ATTRIBUTE){CKA_MODULUS_BITS, &bits, sizeof bits};
        publics[of_public++] = (CK_ATTRIBUTE){CKA_PUBLIC_EXPONENT, exponent, sizeof exponent};
    }
    return pkcs11->module->C_GenerateKeyPair(session, &mechanism, publics, of_public, privates,
                                             sizeof privates / sizeof privates[0], public, &private);
}

/* ---- the public key outside ---- */

/* PKCS #11 v3.0 mechanisms 2.3.3, 2.3.5: the point as the content of an OCTET STRING; RFC 3279 2.3.1: a
 * SEQUENCE of both numbers. */
static int put_key(CBB *out, const struct shape *shape, struct bytes first, struct bytes second)
{
    CBS cbs = cbs_of(first), point;
    CBB bits, numbers;

    if (!is_rsa(shape))
        return CBS_get_asn1(&cbs, &point, CBS_ASN1_OCTETSTRING) && CBS_len(&cbs) == 0 &&
               der_add_bit_string(out, bytes_of_cbs(&point));
    return CBB_add_asn1(out, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0) &&
           CBB_add_asn1(&bits, &numbers, CBS_ASN1_SEQUENCE) && der_add_uint(&numbers, first) &&
           der_add_uint(&numbers, second) && CBB_flush(out);
}

static int put_spki(struct token_pair *pair, const struct shape *shape, struct bytes first,
                    struct bytes second)
{
    CBB cbb, spki, algorithm;
    int ok = CBB_init(&cbb, NUMBER_MAX) && CBB_add_asn1(&cbb, &spki, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&spki, &algorithm, CBS_ASN1_SEQUENCE) && der_add_oid(&algorithm, shape->key->oid) &&
             (shape->key->curve.len == 0 || der_add_oid(&algorithm, shape->key->curve)) &&
             (!is_rsa(shape) || der_add_octets(&algorithm, CBS_ASN1_NULL, bytes_of(NULL, 0))) &&
             CBB_flush(&spki) && put_key(&spki, shape, first, second);
    struct public_key *parsed;

    if (!der_finish(&pair->spki, pair->arena, &cbb, ok) || (parsed = public_key_parse(pair->spki)) == NULL)
        return 0;
    ok = public_key_kind(parsed) == pair->kind;
    public_key_free(parsed);
    return ok;
}

static CK_RV read_public(int *is_one, struct token_pair *pair, struct pkcs11 *pkcs11,
                         CK_SESSION_HANDLE session, const struct shape *shape, CK_OBJECT_HANDLE object)
{
    uint8_t first[NUMBER_MAX], second[NUMBER_MAX];
    CK_ATTRIBUTE asked[] = {{is_rsa(shape) ? CKA_MODULUS : CKA_EC_POINT, first, sizeof first},
                            {CKA_PUBLIC_EXPONENT, second, sizeof second}};
    CK_RV rv = pkcs11->module->C_GetAttributeValue(session, object, asked, is_rsa(shape) ? 2 : 1);

    /* A module may say any length, also that it knows none. */
    *is_one = rv == CKR_OK && asked[0].ulValueLen <= sizeof first &&
              (!is_rsa(shape) || asked[1].ulValueLen <= sizeof second) &&
              put_spki(pair, shape, bytes_of(first, asked[0].ulValueLen),
                       bytes_of(second, is_rsa(shape) ? asked[1].ulValueLen : 0));
    return rv;
}

/* ---- its name ---- */

static int put_uri(struct token_pair *pair, const struct pkcs11_uri *uri, uint8_t id[ID])
{
    CK_OBJECT_CLASS private = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &private, sizeof private}, {CKA_ID, id, ID}};
    P11KitUri *named = p11_kit_uri_new();
    char *text = NULL;

    if (named != NULL && p11_kit_uri_parse(uri->token, P11_KIT_URI_FOR_ANY, named) == P11_KIT_URI_OK &&
        p11_kit_uri_set_attributes(named, attributes, 2) == P11_KIT_URI_OK &&
        p11_kit_uri_format(named, P11_KIT_URI_FOR_ANY, &text) == P11_KIT_URI_OK)
        pair->uri = arena_printf(pair->arena, "%s", text);
    free(text);
    p11_kit_uri_free(named);
    return pair->uri != NULL;
}

int pkcs11_generate(char *fault, struct pkcs11 *pkcs11, const struct pkcs11_uri *uri, struct token_pair *pair)
{
    struct shape shape;
    CK_OBJECT_HANDLE public;
    CK_SESSION_HANDLE session;
    uint8_t id[ID];
    int ok = 0;
    CK_RV rv;

    if (!shape_of(&shape, pair->kind)) {
        snprintf(fault, PKCS11_FAULT_MAX, "a token makes no key of this kind here; make it by its own tools");
        return 0;
    }
    random_bytes(id, sizeof id);
    pair->uri = NULL;
    rv = pkcs11->module->C_OpenSession(atomic_load(&pkcs11->slot), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                                       NULL, &session);
    if (rv != CKR_OK)
        return fail(fault, "the token cannot be written", rv);
    if ((rv = make(pkcs11, session, &shape, pair, id, &public)) != CKR_OK)
        fail(fault, "the token makes no such key", rv);
    else if ((rv = read_public(&ok, pair, pkcs11, session, &shape, public)) != CKR_OK)
        fail(fault, "the token does not tell the public key", rv);
    else if (!ok)
        snprintf(fault, PKCS11_FAULT_MAX,
                 "the token tells a public key that is none; make it by the token's own tools");
    else if (!(ok = put_uri(pair, uri, id)))
        snprintf(fault, PKCS11_FAULT_MAX, "out of memory");
    pkcs11_close(pkcs11, session);
    return ok;
}
