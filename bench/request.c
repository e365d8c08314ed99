/* Makes the messages of base stations: body, protection, whole message. */
#include "bench/request.h"

#include <stdio.h>
#include <time.h>

#include "crypto/name.h"
#include "crypto/random.h"
#include "server/pki/confirmation.h"
#include "server/pki/message.h"
#include "server/pki/polling.h"
#include "server/pki/revocation.h"

enum {
    DAY = 24 * 60 * 60,
    BACKDATE = 300,
    DEVICE_DAYS = 3650,
    SERIAL = 16,
    KEY_ID = 20,
    MAC_SALT = 16,
    MAC_KEY = 32, /* octets that PBMAC1 derives */
    YEAR_DAYS = 365,
    SCRATCH = 8 * 1024 * 1024,
    CESSATION_OF_OPERATION = 5, /* CRLReason (RFC 5280 5.3.1) of a base station that is taken down */
};

/* ---- the vendor's certificates ---- */

/* struct making is one message, or certificate, between its signatures. */
struct making {
    struct signing item;
    struct bytes part;   /* what is signed */
    struct bytes pkcs10; /* the public key's half of a p10cr */
    struct pki_header header;
    struct mac_algorithm mac;
    struct bytes extra_certs[2];
    size_t extra_cert_count;
};

static int sign_with(struct making *making, struct arena *scratch, const struct private_key *key,
                     const struct signature_algorithm *algorithm, struct bytes part)
{
    making->part = part;
    making->item = (struct signing){.algorithm = algorithm,
                                    .key = key,
                                    .message = part,
                                    .signature = arena_alloc(scratch, private_key_signature_max(key))};
    return making->item.signature != NULL;
}

static struct bytes signature_of(const struct making *making)
{
    return bytes_of(making->item.signature, making->item.signature_len);
}

/* What a device signs with |key| by. Nobody but who is known to do so signs with SHA-1. */
static const struct signature_algorithm *algorithm_for(const struct private_key *key,
                                                       const struct options *options)
{
    /* sha1WithRSAEncryption (RFC 3279 2.2.1) */
    static const uint8_t rsa_sha1[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                       0xf7, 0x0d, 0x01, 0x01, 0x05, 0x05, 0x00};
    CBS cbs = cbs_of(bytes_of(rsa_sha1, sizeof rsa_sha1));

    return options->persona.signs_sha1 && private_key_kind(key) == KEY_RSA
               ? signature_parse_sha1(&cbs)
               : signature_for_key(private_key_kind(key));
}

/* All at once, so that engines with lanes have them full. Returns 0 if a key could not sign. */
static int sign_all(struct making *makings, size_t n)
{
    struct signing *items[REQUEST_BATCH] = {NULL};
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (makings[i].item.key != NULL)
            items[count++] = &makings[i].item;
    sign_batch(items, count);
    for (size_t i = 0; i < count; i++)
        if (items[i]->signature_len == 0)
            return 0;
    return 1;
}

static int plan_certificate(struct making *making, struct arena *scratch, const struct device *device,
                            const struct setup *setup, int64_t now)
{
    uint8_t serial[SERIAL], key_id[KEY_ID], digits[8];
    char text[2 * sizeof digits + 1];
    struct bytes subject, tbs;

    random_bytes(serial, sizeof serial);
    serial[0] &= 0x7f;
    random_bytes(digits, sizeof digits);
    for (size_t i = 0; i < sizeof digits; i++)
        snprintf(text + 2 * i, 3, "%02X", digits[i]);
    if (!spki_key_id(key_id, DIGEST_SHA1, private_key_spki(setup->vendor_key)) ||
        !name_build(
            &subject, scratch,
            (const char *const[]){"O", "Demo Vendor", "serialNumber", text, "CN", device->name, NULL}))
        return 0;
    const struct certificate_plan plan = {
        .serial = bytes_of(serial, sizeof serial),
        .algorithm = signature_for_key(private_key_kind(setup->vendor_key)),
        .issuer = setup->vendor.subject,
        .subject = subject,
        .not_before = now - BACKDATE,
        .not_after = now + (int64_t)DEVICE_DAYS * DAY,
        .spki = private_key_spki(device->factory_key),
        .issuer_key_id = bytes_of(key_id, sizeof key_id),
        .path_len = -1,
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
    };
    if (!certificate_build(&tbs, scratch, &plan))
        return 0;
    return sign_with(making, scratch, setup->vendor_key, plan.algorithm, tbs);
}

int device_certify(struct device *const *devices, size_t n, struct arena *arena, const struct setup *setup,
                   int64_t now)
{
    struct arena *scratch = arena_new(SCRATCH);
    struct making *makings = scratch != NULL ? arena_alloc(scratch, n * sizeof *makings) : NULL;
    int ok = makings != NULL;

    for (size_t i = 0; ok && i < n; i++)
        ok = plan_certificate(&makings[i], scratch, devices[i], setup, now);
    ok = ok && sign_all(makings, n);
    for (size_t i = 0; ok && i < n; i++)
        ok = certificate_assemble(&devices[i]->factory_cert, arena, makings[i].part,
                                  makings[i].item.algorithm, signature_of(&makings[i]));
    arena_free(scratch);
    return ok;
}

/* ---- bodies ---- */

/* keyUsage and extendedKeyUsage (RFC 5280 4.2.1.3, 4.2.1.12) of a TLS endpoint, and a validity of a year. */
static void ask_usages(struct cert_template *tmpl)
{
    static const uint8_t key_usage[] = {0x55, 0x1d, 0x0f}, extended[] = {0x55, 0x1d, 0x25},
                         bits[] = {0x03, 0x02, 0x05, 0xa0}, /* digitalSignature, keyEncipherment */
        purposes[] = {
            0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03,
            0x01, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02}; /* serverAuth, clientAuth */

    tmpl->extensions[tmpl->extension_count++] = (struct certificate_extension){
        .oid = bytes_of(key_usage, sizeof key_usage), .critical = 1, .value = bytes_of(bits, sizeof bits)};
    tmpl->extensions[tmpl->extension_count++] = (struct certificate_extension){
        .oid = bytes_of(extended, sizeof extended), .value = bytes_of(purposes, sizeof purposes)};
    tmpl->has_validity = 1;
    tmpl->not_before = time(NULL);
    tmpl->not_after = tmpl->not_before + (int64_t)YEAR_DAYS * DAY;
}

/* A subjectAltName with one iPAddress (RFC 5280 4.2.1.6), any of 10.0.0.0/8; an update keeps |former|. */
static int ask_address(struct cert_template *tmpl, struct arena *arena, struct bytes former)
{
    static const uint8_t oid[] = {0x55, 0x1d, 0x11};
    uint8_t names[] = {0x30, 0x06, 0x87, 0x04, 10, 0, 0, 0};
    struct certificate_extension *san = &tmpl->extensions[tmpl->extension_count++];

    random_bytes(names + sizeof names - 3, 3);
    san->oid = bytes_of(oid, sizeof oid);
    san->value = former.len != 0 ? former : arena_copy(arena, bytes_of(names, sizeof names));
    return san->value.data != NULL;
}

/* CertificationRequestInfo (RFC 2986 4.1), without attributes. */
static int pkcs10_info(struct bytes *out, struct arena *arena, struct bytes subject, struct bytes spki)
{
    CBB cbb, sequence;
    int ok =
        CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
        der_add_int64(&sequence, 0) && der_add_bytes(&sequence, subject) && der_add_bytes(&sequence, spki) &&
        der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0, bytes_of(NULL, 0));

    return der_finish(out, arena, &cbb, ok);
}

static int pkcs10_request(struct bytes *out, struct arena *arena, struct bytes info,
                          const struct signature_algorithm *algorithm, struct bytes signature)
{
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, info.len + 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&sequence, info) && der_add_bytes(&sequence, algorithm->encoded) &&
             der_add_bit_string(&sequence, signature);

    return der_finish(out, arena, &cbb, ok);
}

const struct private_key *request_key(const struct request *request, const struct options *options)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    int keeps = kind->request == PKI_KUR && options->persona.keeps_key;

    return kind->by_own && !keeps ? request->device->next_key : request->device->key;
}

/* What the key to be certified signs, its proof of possession; of an rr nothing. */
static int begin_body(struct making *making, struct arena *scratch, struct request *request,
                      struct arena *arena, const struct options *options)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    const struct device *device = request->device;
    const struct private_key *key = request_key(request, options);
    struct cert_request asked = {.tmpl = {.version = -1}};
    struct certificate old = {.san = bytes_of(NULL, 0)};
    struct bytes part;
    int ok;

    if (!kind->certifies)
        return 1;
    request->spki = arena_copy(arena, private_key_spki(key));
    asked.tmpl.spki = request->spki;
    if (kind->by_own) {
        if (!certificate_parse(&old, device->own_cert))
            return 0;
        asked.tmpl.subject = old.subject;
        asked.old_cert_issuer = old.issuer;
        asked.old_cert_serial = old.serial;
    } else if (!name_build(&asked.tmpl.subject, scratch,
                           (const char *const[]){"O", "Operator", "CN", device->name, NULL})) {
        return 0;
    }
    request->subject = arena_copy(arena, asked.tmpl.subject);
    if (options->persona.asks_usages)
        ask_usages(&asked.tmpl);
    if (options->persona.asks_address && !ask_address(&asked.tmpl, scratch, old.san))
        return 0;
    ok = kind->request == PKI_P10CR ? pkcs10_info(&part, scratch, asked.tmpl.subject, request->spki)
                                    : pki_encode_cert_request(&part, scratch, &asked);
    return ok && sign_with(making, scratch, key, algorithm_for(key, options), part);
}

static int finish_body(struct bytes *out, struct arena *scratch, const struct making *making,
                       const struct request *request)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    struct certificate own;

    if (kind->request == PKI_RR)
        return certificate_parse(&own, request->device->own_cert) &&
               pki_encode_rev_req(out, scratch, own.issuer, own.serial, CESSATION_OF_OPERATION);
    if (kind->request == PKI_P10CR)
        return pkcs10_request(out, scratch, making->part, making->item.algorithm, signature_of(making));
    return pki_encode_cert_requests(out, scratch, making->part, making->item.algorithm->encoded,
                                    signature_of(making));
}

/* ---- protection ---- */

static int begin_signature(struct making *making, struct arena *scratch, struct request *request,
                           const struct setup *setup, const struct options *options)
{
    const struct device *device = request->agent != NULL ? request->agent : request->device;
    int by_own = request->agent != NULL || scenario_kind(request->scenario)->by_own;
    struct bytes der = by_own ? device->own_cert : device->factory_cert;
    struct certificate cert;

    request->signer = by_own ? device->key : device->factory_key;
    if (!certificate_parse(&cert, der) || !pki_directory_name(&making->header.sender, scratch, cert.subject))
        return 0;
    request->algorithm = algorithm_for(request->signer, options);
    making->header.protection_alg = request->algorithm->encoded;
    making->header.sender_kid = cert.key_id;
    making->extra_certs[0] = der;
    making->extra_certs[1] = by_own ? setup->ca.der : setup->vendor.der;
    making->extra_cert_count = 2;
    return 1;
}

static int begin_mac(struct making *making, struct arena *scratch, struct request *request,
                     struct arena *arena, const struct options *options)
{
    const struct device *device = request->device;
    const struct persona *persona = &options->persona;
    enum digest_id owf = persona->owf != DIGEST_NONE ? persona->owf : DIGEST_SHA256;
    enum digest_id over = persona->mac != DIGEST_NONE ? persona->mac : DIGEST_SHA256;
    const char *reference = arena_printf(scratch, "%.*s", (int)device->reference.len, device->reference.data);
    uint8_t salt[MAC_SALT];
    struct bytes name;
    CBS cbs;
    int ok;

    random_bytes(salt, sizeof salt);
    ok = options->protection == PROTECTION_PBM
             ? mac_pbm_encode(&making->header.protection_alg, scratch, bytes_of(salt, sizeof salt), owf, over,
                              options->mac_iterations)
             : mac_pbmac1_encode(&making->header.protection_alg, scratch, bytes_of(salt, sizeof salt), owf,
                                 over, options->mac_iterations, MAC_KEY);
    cbs = cbs_of(making->header.protection_alg);
    request->mac_key = arena_alloc(arena, sizeof *request->mac_key);
    making->header.sender_kid = device->reference;
    /* RFC 9483 3.1: sender carries the reference as commonName */
    return ok && reference != NULL && request->mac_key != NULL && mac_parse(&making->mac, &cbs) &&
           mac_derive(request->mac_key, &making->mac, device->secret) &&
           name_build(&name, scratch, (const char *const[]){"CN", reference, NULL}) &&
           pki_directory_name(&making->header.sender, scratch, persona->null_sender ? name_empty() : name);
}

static int begin_protection(struct making *making, struct arena *scratch, struct request *request,
                            struct arena *arena, const struct setup *setup, const struct options *options)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    struct bytes body;
    int ok;

    random_bytes(request->transaction_id, REQUEST_NONCE);
    random_bytes(request->sender_nonce, REQUEST_NONCE);
    making->header = (struct pki_header){
        .pvno = REQUEST_PVNO,
        .recipient = setup->recipient,
        .transaction_id = bytes_of(request->transaction_id, REQUEST_NONCE),
        .sender_nonce = bytes_of(request->sender_nonce, REQUEST_NONCE),
        .implicit_confirm = !kind->confirms && kind->certifies,
    };
    ok = finish_body(&body, scratch, making, request) &&
         (options->protection == PROTECTION_SIGNATURE || kind->by_own || request->agent != NULL
              ? begin_signature(making, scratch, request, setup, options)
              : begin_mac(making, scratch, request, arena, options)) &&
         pki_encode_protected_part(&making->part, scratch, &making->header, kind->request, body);
    making->item.key = NULL;
    return ok && (request->signer == NULL ||
                  sign_with(making, scratch, request->signer, request->algorithm, making->part));
}

static int finish_message(struct making *making, struct request *request, struct arena *arena)
{
    uint8_t mac[DIGEST_MAX];
    struct bytes protection = signature_of(making);

    if (request->mac_key != NULL)
        protection = bytes_of(mac, mac_apply(mac, &making->mac, request->mac_key, making->part));
    return pki_encode_message(&request->message, arena, making->part, protection, making->extra_certs,
                              making->extra_cert_count);
}

int request_make(struct request *const *requests, size_t n, struct arena *arena, const struct setup *setup,
                 const struct options *options)
{
    struct arena *scratch = arena_new(SCRATCH);
    struct making *makings = scratch != NULL ? arena_alloc(scratch, n * sizeof *makings) : NULL;
    int ok = makings != NULL;

    for (size_t i = 0; ok && i < n; i++)
        ok = begin_body(&makings[i], scratch, requests[i], arena, options);
    ok = ok && sign_all(makings, n);
    for (size_t i = 0; ok && i < n; i++)
        ok = begin_protection(&makings[i], scratch, requests[i], arena, setup, options);
    ok = ok && sign_all(makings, n);
    for (size_t i = 0; ok && i < n; i++)
        ok = finish_message(&makings[i], requests[i], arena);
    arena_free(scratch);
    return ok;
}

int request_is_ready(const struct request *request)
{
    return request->message.len != 0 || scenario_kind(request->scenario)->media_type == NULL;
}

/* ---- what follows ---- */

/* A |body| of |type| under the header of |request|, which names everybody already. */
static int follow(struct following *out, struct arena *arena, const struct request *request,
                  struct bytes recip_nonce, int type, struct bytes body)
{
    struct pki_message first;

    if (pki_message_decode(&first, NULL, request->message) != PKI_WHOLE)
        return 0;
    random_bytes(out->nonce, sizeof out->nonce);
    struct pki_header header = first.header;
    header.sender_nonce = bytes_of(out->nonce, sizeof out->nonce);
    header.recip_nonce = recip_nonce;
    header.implicit_confirm = 0;
    if (!pki_encode_protected_part(&out->part, arena, &header, type, body))
        return 0;
    out->item =
        (struct signing){.key = request->signer, .algorithm = request->algorithm, .message = out->part};
    if (request->signer == NULL)
        return 1;
    out->item.signature = arena_alloc(arena, private_key_signature_max(request->signer));
    return out->item.signature != NULL;
}

static int64_t cert_req_id(const struct request *request)
{
    return scenario_kind(request->scenario)->request == PKI_P10CR ? -1 : 0;
}

int confirmation_prepare(struct following *out, struct arena *arena, const struct request *request,
                         const struct certificate *cert, struct bytes server_nonce)
{
    struct cert_status status = {.cert_req_id = cert_req_id(request)};
    uint8_t hash[DIGEST_MAX];
    struct bytes body;

    if (cert->algorithm == NULL)
        return 0;
    status.cert_hash = bytes_of(hash, digest_compute(hash, cert->algorithm->cert_hash, cert->der));
    return pki_encode_cert_conf(&body, arena, &status) &&
           follow(out, arena, request, server_nonce, PKI_CERTCONF, body);
}

int poll_prepare(struct following *out, struct arena *arena, const struct request *request)
{
    struct bytes body;

    return pki_encode_poll_req(&body, arena, cert_req_id(request)) &&
           follow(out, arena, request, bytes_of(NULL, 0), PKI_POLLREQ, body);
}

int following_finish(struct bytes *message, struct arena *arena, const struct following *following,
                     const struct request *request)
{
    struct bytes protection = bytes_of(following->item.signature, following->item.signature_len);
    uint8_t mac[DIGEST_MAX];
    struct mac_algorithm algorithm;
    struct pki_message first;
    CBS cbs;

    if (request->mac_key != NULL) {
        if (pki_message_decode(&first, NULL, request->message) != PKI_WHOLE)
            return 0;
        cbs = cbs_of(first.header.protection_alg);
        if (!mac_parse(&algorithm, &cbs))
            return 0;
        protection = bytes_of(mac, mac_apply(mac, &algorithm, request->mac_key, following->part));
    }
    return protection.len != 0 && pki_encode_message(message, arena, following->part, protection, NULL, 0);
}
