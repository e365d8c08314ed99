/* PKCS #11 itself: a module loaded, slots and keys found by a URI, sessions opened, signatures made. Knows no
 * threads. */
#include "crypto/pkcs11_internal.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/random.h"
#include "server/base/file.h"

enum { PIN_MAX = 255, SLOTS_MAX = 256, ATTRIBUTES_MAX = 8, COMPONENT_MAX = 66 };

static int fault_text(char *fault, const char *what, const char *remedy)
{
    snprintf(fault, PKCS11_FAULT_MAX, "%s; %s", what, remedy);
    return 0;
}

static int fault_of(char *fault, const char *what, CK_RV rv)
{
    snprintf(fault, PKCS11_FAULT_MAX, "%s: %s (0x%lx)", what, p11_kit_strerror(rv), rv);
    return 0;
}

/* RFC 7512 2.4: a file, as a path or as a file: URI. */
static const char *pin_file(P11KitUri *uri)
{
    const char *source = p11_kit_uri_get_pin_source(uri);

    if (source != NULL && strncmp(source, "file:", strlen("file:")) == 0)
        source += strlen("file:");
    if (source != NULL && strncmp(source, "///", 3) == 0)
        source += 2;
    return source != NULL && source[0] == '/' ? source : NULL;
}

static int check_uri(char *fault, P11KitUri *uri)
{
    const CK_ATTRIBUTE *type = p11_kit_uri_get_attribute(uri, CKA_CLASS);
    const char *module = p11_kit_uri_get_module_path(uri);

    if (p11_kit_uri_get_pin_value(uri) != NULL)
        return fault_text(fault, "the URI holds a PIN (pin-value)",
                          "put it into a file of mode 0600, and write pin-source=file:/PATH");
    if (p11_kit_uri_any_unrecognized(uri))
        return fault_text(fault, "the URI has an attribute that is not known",
                          "write token, serial, manufacturer, model, slot-id, object, id, type=private, "
                          "module-path and pin-source only");
    if (type != NULL && *(const CK_OBJECT_CLASS *)type->pValue != CKO_PRIVATE_KEY)
        return fault_text(fault, "the URI names no private key", "write type=private");
    if (module == NULL || module[0] != '/')
        return fault_text(fault, "the URI names no module",
                          "write module-path=/PATH, where the token's PKCS #11 library is");
    if (pin_file(uri) == NULL)
        return fault_text(fault, "the URI names no file with the PIN", "write pin-source=file:/PATH");
    return 1;
}

struct pkcs11_uri *pkcs11_uri_parse(char *fault, const char *text)
{
    struct pkcs11_uri *uri = calloc(1, sizeof *uri);
    P11KitUri *token = p11_kit_uri_new();
    int ok = 0;

    snprintf(fault, PKCS11_FAULT_MAX, "out of memory");
    if (uri != NULL && token != NULL && (uri->uri = p11_kit_uri_new()) != NULL) {
        if (p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri->uri) != P11_KIT_URI_OK ||
            p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, token) != P11_KIT_URI_OK)
            fault_text(fault, "the URI is malformed",
                       "write it as RFC 7512 has it: "
                       "pkcs11:token=NAME;object=KEY?module-path=/PATH&pin-source=file:/PATH");
        else if (check_uri(fault, uri->uri)) {
            p11_kit_uri_clear_attributes(token);
            ok = p11_kit_uri_format(token, P11_KIT_URI_FOR_ANY, &uri->token) == P11_KIT_URI_OK;
        }
    }
    p11_kit_uri_free(token);
    if (ok)
        return uri;
    pkcs11_uri_free(uri);
    return NULL;
}

void pkcs11_uri_free(struct pkcs11_uri *uri)
{
    if (uri != NULL) {
        p11_kit_uri_free(uri->uri);
        free(uri->token);
        free(uri);
    }
}

const char *pkcs11_uri_token(const struct pkcs11_uri *uri)
{
    return uri->token;
}

void pkcs11_free(struct pkcs11 *pkcs11)
{
    if (pkcs11 == NULL)
        return;
    if (pkcs11->module != NULL)
        p11_kit_module_release(pkcs11->module);
    p11_kit_uri_free(pkcs11->token);
    free(pkcs11->pin_path);
    free(pkcs11);
}

struct pkcs11 *pkcs11_load(char *fault, const struct pkcs11_uri *uri)
{
    struct pkcs11 *pkcs11 = calloc(1, sizeof *pkcs11);
    CK_RV rv;

    snprintf(fault, PKCS11_FAULT_MAX, "out of memory");
    if (pkcs11 == NULL)
        return NULL;
    random_bytes(pkcs11->salt, sizeof pkcs11->salt);
    p11_kit_be_quiet(); /* what it has to say comes back to us, and into the log */
    if ((pkcs11->pin_path = strdup(pin_file(uri->uri))) == NULL ||
        (pkcs11->token = p11_kit_uri_new()) == NULL ||
        p11_kit_uri_parse(uri->token, P11_KIT_URI_FOR_ANY, pkcs11->token) != P11_KIT_URI_OK) {
        pkcs11_free(pkcs11);
        return NULL;
    }
    pkcs11->module = p11_kit_module_load(p11_kit_uri_get_module_path(uri->uri), P11_KIT_MODULE_CRITICAL);
    if (pkcs11->module == NULL) {
        snprintf(fault, PKCS11_FAULT_MAX, "the module cannot be loaded: %s; correct module-path",
                 p11_kit_message() != NULL ? p11_kit_message() : "it is no PKCS #11 library");
        pkcs11_free(pkcs11);
        return NULL;
    }
    if ((rv = p11_kit_module_initialize(pkcs11->module)) != CKR_OK) {
        fault_of(fault, "the module cannot be initialized; look at its own configuration", rv);
        pkcs11_free(pkcs11);
        return NULL;
    }
    return pkcs11;
}

int pkcs11_initialize(struct pkcs11 *pkcs11)
{
    return p11_kit_module_initialize(pkcs11->module) == CKR_OK;
}

void pkcs11_finalize(struct pkcs11 *pkcs11)
{
    p11_kit_module_finalize(pkcs11->module);
}

static int matches(const struct pkcs11 *pkcs11, CK_SLOT_ID slot, const CK_INFO *library)
{
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(pkcs11->token);
    CK_SLOT_INFO slot_info;
    CK_TOKEN_INFO token_info;

    return (wanted == (CK_SLOT_ID)-1 || wanted == slot) &&
           p11_kit_uri_match_module_info(pkcs11->token, library) &&
           pkcs11->module->C_GetSlotInfo(slot, &slot_info) == CKR_OK &&
           p11_kit_uri_match_slot_info(pkcs11->token, &slot_info) &&
           pkcs11->module->C_GetTokenInfo(slot, &token_info) == CKR_OK &&
           (token_info.flags & CKF_TOKEN_INITIALIZED) != 0 &&
           p11_kit_uri_match_token_info(pkcs11->token, &token_info);
}

static int find_slot(char *fault, struct pkcs11 *pkcs11, CK_SLOT_ID *found)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = 0, found_count = 0;
    CK_INFO library;
    CK_RV rv;

    /* The call without a list is where modules look for tokens that came or went. */
    if ((rv = pkcs11->module->C_GetInfo(&library)) != CKR_OK ||
        (rv = pkcs11->module->C_GetSlotList(CK_TRUE, NULL, &count)) != CKR_OK)
        return fault_of(fault, "the module does not tell its tokens", rv);
    count = SLOTS_MAX;
    if ((rv = pkcs11->module->C_GetSlotList(CK_TRUE, slots, &count)) != CKR_OK)
        return fault_of(fault, "the module does not tell its tokens", rv);
    for (CK_ULONG i = 0; i < count; i++)
        if (matches(pkcs11, slots[i], &library)) {
            *found = slots[i];
            found_count++;
        }
    if (found_count == 0)
        return fault_text(fault, "the module has no such token",
                          "correct token, serial, manufacturer and model, or attach the token");
    if (found_count > 1)
        return fault_text(fault, "several tokens fit the URI", "tell them apart by token, serial or slot-id");
    return 1;
}

/* The PIN without the end of its line. The caller wipes it. */
static int read_pin(char *fault, const char *path, uint8_t **pin, size_t *len)
{
    if (!file_read(pin, len, path, PIN_MAX + 2)) {
        snprintf(fault, PKCS11_FAULT_MAX, "cannot read the PIN from %.256s: %s", path, strerror(errno));
        return 0;
    }
    errno = 0;
    if (!file_is_private(path)) {
        snprintf(fault, PKCS11_FAULT_MAX, "others can read %.256s, which holds the PIN; run chmod 600 on it",
                 path);
        file_free(*pin, *len);
        return 0;
    }
    while (*len > 0 && ((*pin)[*len - 1] == '\n' || (*pin)[*len - 1] == '\r'))
        (*pin)[--*len] = 0;
    return 1;
}

static size_t digest_of_pin(uint8_t *out, const struct pkcs11 *pkcs11, const uint8_t *pin, size_t len)
{
    uint8_t salted[PKCS11_PIN_SALT + PIN_MAX + 2];
    size_t digest_len;

    memcpy(salted, pkcs11->salt, PKCS11_PIN_SALT);
    memcpy(salted + PKCS11_PIN_SALT, pin, len);
    digest_len = digest_compute(out, DIGEST_SHA256, bytes_of(salted, PKCS11_PIN_SALT + len));
    secret_wipe(salted, sizeof salted);
    return digest_len;
}

static int log_in(char *fault, struct pkcs11 *pkcs11, CK_SESSION_HANDLE session)
{
    uint8_t *pin, digest[DIGEST_MAX];
    size_t len, digest_len;
    CK_RV rv = CKR_PIN_INCORRECT;

    if (!read_pin(fault, pkcs11->pin_path, &pin, &len))
        return 0;
    digest_len = digest_of_pin(digest, pkcs11, pin, len);
    if (!bytes_equal(bytes_of(digest, digest_len), bytes_of(pkcs11->refused, pkcs11->refused_len)))
        rv = pkcs11->module->C_Login(session, CKU_USER, pin, len);
    file_free(pin, len);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        secret_wipe(digest, sizeof digest);
        secret_wipe(pkcs11->refused, sizeof pkcs11->refused);
        pkcs11->refused_len = 0;
        return 1;
    }
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE) {
        memcpy(pkcs11->refused, digest, digest_len);
        pkcs11->refused_len = digest_len;
        snprintf(fault, PKCS11_FAULT_MAX, "the token refuses the PIN in %.256s: %s; correct it",
                 pkcs11->pin_path, p11_kit_strerror(rv));
    } else
        fault_of(fault, "the token refuses to log in", rv);
    secret_wipe(digest, sizeof digest);
    return 0;
}

int pkcs11_connect(char *fault, struct pkcs11 *pkcs11, unsigned long *session)
{
    CK_SLOT_ID slot;
    const char *why;

    if (!find_slot(fault, pkcs11, &slot))
        return 0;
    atomic_store(&pkcs11->slot, slot);
    if (!pkcs11_open(&why, pkcs11, session)) {
        snprintf(fault, PKCS11_FAULT_MAX, "the token opens no session: %s", why);
        return 0;
    }
    if (!log_in(fault, pkcs11, *session)) {
        pkcs11_close(pkcs11, *session);
        return 0;
    }
    return 1;
}

int pkcs11_open(const char **why, struct pkcs11 *pkcs11, unsigned long *session)
{
    CK_RV rv =
        pkcs11->module->C_OpenSession(atomic_load(&pkcs11->slot), CKF_SERIAL_SESSION, NULL, NULL, session);

    *why = p11_kit_strerror(rv);
    return rv == CKR_OK;
}

void pkcs11_close(struct pkcs11 *pkcs11, unsigned long session)
{
    pkcs11->module->C_CloseSession(session);
}

static int is_of_type(CK_KEY_TYPE type, enum key_kind kind)
{
    switch (kind) {
    case KEY_P256:
    case KEY_P384:
    case KEY_P521:
        return type == CKK_EC;
    case KEY_RSA:
        return type == CKK_RSA;
    case KEY_ED25519:
        return type == CKK_EC_EDWARDS;
    case KEY_NONE:
    case KEY_KIND_COUNT:
        break;
    }
    return 0;
}

enum pkcs11_result pkcs11_find(char *fault, struct pkcs11 *pkcs11, unsigned long session,
                               const struct pkcs11_uri *uri, enum key_kind kind, unsigned long *object)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE attributes[ATTRIBUTES_MAX] = {{CKA_CLASS, &class, sizeof class}};
    CK_KEY_TYPE type = 0;
    CK_ATTRIBUTE asked = {CKA_KEY_TYPE, &type, sizeof type};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG given, count = 1, found_count = 0;
    const CK_ATTRIBUTE *named = p11_kit_uri_get_attributes(uri->uri, &given);
    CK_RV rv;

    for (CK_ULONG i = 0; i < given && count < ATTRIBUTES_MAX; i++)
        if (named[i].type != CKA_CLASS)
            attributes[count++] = named[i];
    if ((rv = pkcs11->module->C_FindObjectsInit(session, attributes, count)) == CKR_OK) {
        rv = pkcs11->module->C_FindObjects(session, found, 2, &found_count);
        pkcs11->module->C_FindObjectsFinal(session);
    }
    if (rv == CKR_OK && found_count == 1)
        rv = pkcs11->module->C_GetAttributeValue(session, found[0], &asked, 1);
    if (rv != CKR_OK)
        fault_of(fault, "the token does not tell its keys", rv);
    else if (found_count == 0)
        fault_text(fault, "the token holds no such private key", "correct object and id");
    else if (found_count > 1)
        fault_text(fault, "several private keys of the token fit the URI", "tell them apart by id");
    else if (!is_of_type(type, kind))
        fault_text(fault, "the key does not belong to the certificate: it is of another kind",
                   "correct object and id");
    else {
        *object = found[0];
        return PKCS11_DONE;
    }
    return rv != CKR_OK ? PKCS11_GONE : PKCS11_REFUSED;
}

/* ---- signatures ---- */

/* What goes into the token for a signature, and how. */
struct request {
    CK_MECHANISM mechanism;
    CK_RSA_PKCS_PSS_PARAMS pss;
    uint8_t digest[DIGEST_MAX];
    uint8_t *prefixed; /* DigestInfo, or NULL */
    struct bytes data;
};

/* How tokens name the digests of signatures. */
static const struct {
    int nid;
    CK_MECHANISM_TYPE hash;
    CK_RSA_PKCS_MGF_TYPE mgf;
} token_digests[DIGEST_COUNT] = {
    [DIGEST_SHA224] = {NID_sha224, CKM_SHA224, CKG_MGF1_SHA224},
    [DIGEST_SHA256] = {NID_sha256, CKM_SHA256, CKG_MGF1_SHA256},
    [DIGEST_SHA384] = {NID_sha384, CKM_SHA384, CKG_MGF1_SHA384},
    [DIGEST_SHA512] = {NID_sha512, CKM_SHA512, CKG_MGF1_SHA512},
};

/* RFC 4055 2.1, 3.1: MGF1 with the same hash, a salt as long as the hash. */
static int pss_params(CK_RSA_PKCS_PSS_PARAMS *out, enum digest_id id)
{
    *out = (CK_RSA_PKCS_PSS_PARAMS){token_digests[id].hash, token_digests[id].mgf, digest_algorithm(id)->len};
    return token_digests[id].nid != NID_undef;
}

static int prepare(struct request *out, const struct signing *item)
{
    const struct signature_algorithm *algorithm = item->algorithm;
    int allocated = 0;
    size_t len;

    *out = (struct request){.data = item->message};
    if (algorithm->family == FAMILY_ED25519) {
        out->mechanism.mechanism = CKM_EDDSA;
        return 1;
    }
    len = digest_compute(out->digest, algorithm->digest, item->message);
    out->data = bytes_of(out->digest, len);
    switch (algorithm->family) {
    case FAMILY_ECDSA:
        out->mechanism.mechanism = CKM_ECDSA;
        return len != 0;
    case FAMILY_RSA_PSS:
        out->mechanism = (CK_MECHANISM){CKM_RSA_PKCS_PSS, &out->pss, sizeof out->pss};
        return len != 0 && pss_params(&out->pss, algorithm->digest);
    case FAMILY_RSA_PKCS1:
        out->mechanism.mechanism = CKM_RSA_PKCS;
        if (len == 0 || !RSA_add_pkcs1_prefix(&out->prefixed, &out->data.len, &allocated,
                                              token_digests[algorithm->digest].nid, out->digest, len))
            return 0;
        out->data.data = out->prefixed;
        return allocated;
    default:
        return 0;
    }
}

/* PKCS #11 v2.40 mechanisms 2.3.1: r and s side by side; RFC 3279 2.2.3: a SEQUENCE of both. */
static size_t ecdsa_to_der(uint8_t *signature, size_t room, size_t len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, len / 2, NULL), *s = BN_bin2bn(signature + len / 2, len / 2, NULL);
    size_t written = 0;
    CBB cbb;

    if (len == 0 || len % 2 != 0 || sig == NULL || r == NULL || s == NULL || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
    } else {
        CBB_init_fixed(&cbb, signature, room);
        if (!ECDSA_SIG_marshal(&cbb, sig) || !CBB_finish(&cbb, NULL, &written))
            written = 0;
        CBB_cleanup(&cbb);
    }
    ECDSA_SIG_free(sig);
    return written;
}

/* Everything that is not known to be a fault of what was asked for is taken for a fault of the token: it is
 * then opened anew and must prove itself. */
static enum pkcs11_result result_of(CK_RV rv)
{
    switch (rv) {
    case CKR_OK:
        return PKCS11_DONE;
    case CKR_DATA_INVALID:
    case CKR_DATA_LEN_RANGE:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
    case CKR_KEY_SIZE_RANGE:
    case CKR_KEY_TYPE_INCONSISTENT:
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
        return PKCS11_REFUSED;
    default:
        return PKCS11_GONE;
    }
}

enum pkcs11_result pkcs11_sign(const char **why, struct pkcs11 *pkcs11, unsigned long session,
                               unsigned long object, enum key_kind kind, struct signing *item, size_t room)
{
    struct request request;
    CK_ULONG len = room;
    CK_RV rv = CKR_MECHANISM_INVALID;

    item->signature_len = 0;
    if (!signature_fits(item->algorithm, kind) || !prepare(&request, item)) {
        *why = "the key does not go with the algorithm";
        return PKCS11_REFUSED;
    }
    rv = pkcs11->module->C_SignInit(session, &request.mechanism, object);
    if (rv == CKR_OK) /* a module may not write what it signs; its type says otherwise */
        rv = pkcs11->module->C_Sign(session, (CK_BYTE_PTR)(uintptr_t)request.data.data, request.data.len,
                                    item->signature, &len);
    OPENSSL_free(request.prefixed);
    *why = p11_kit_strerror(rv);
    if (rv == CKR_OK)
        item->signature_len =
            item->algorithm->family == FAMILY_ECDSA ? ecdsa_to_der(item->signature, room, len) : len;
    ERR_clear_error();
    return result_of(rv);
}
