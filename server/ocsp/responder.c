/* responder.c: see responder.h. */
#include "server/ocsp/responder.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/ocsp.h"
#include "server/policy/policy.h"

enum { DAY = 24 * 60 * 60, BACKDATE = 3600, ARENA = 64 * 1024, CN_MAX = 64 };

struct responder *responder_acquire(struct responder *responder)
{
    if (responder != NULL)
        atomic_fetch_add(&responder->users, 1);
    return responder;
}

void responder_release(struct responder *responder)
{
    if (responder == NULL || atomic_fetch_sub(&responder->users, 1) != 1)
        return;
    private_key_free(responder->key);
    arena_free(responder->arena);
    free(responder);
}

/* RFC 6960 4.2.2.2: id-kp-OCSPSigning; 4.2.2.2.1: id-pkix-ocsp-nocheck, for so short a time. RFC 9919 3.2.2:
 * no URLs. */
static int write_tbs(struct bytes *tbs, const struct responder *responder, const struct cmp_authority *ca,
                     struct bytes subject)
{
    static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};
    static const uint8_t no_check[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05};
    static const uint8_t null[] = {0x05, 0x00};
    const struct bytes purpose = bytes_of(ocsp_signing, sizeof ocsp_signing);
    const struct certificate_extension extension = {.oid = bytes_of(no_check, sizeof no_check),
                                                    .value = bytes_of(null, sizeof null)};
    const struct certificate_plan plan = {.serial = bytes_of(responder->serial, STORE_SERIAL),
                                          .algorithm = ca->algorithm,
                                          .issuer = ca->cert.subject,
                                          .subject = subject,
                                          .not_before = responder->not_before,
                                          .not_after = responder->not_after,
                                          .spki = private_key_spki(responder->key),
                                          .issuer_key_id = ca->cert.key_id,
                                          .path_len = -1,
                                          .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                          .extended_key_usage = &purpose,
                                          .extended_key_usage_count = 1,
                                          .others = &extension,
                                          .other_count = 1};

    return certificate_build(tbs, responder->arena, &plan);
}

static int sign(struct responder *responder, const struct cmp_authority *ca, struct bytes tbs)
{
    struct signing item = {.algorithm = ca->algorithm,
                           .key = ca->key,
                           .message = tbs,
                           .signature = arena_alloc(responder->arena, private_key_signature_max(ca->key))};
    struct signing *items[] = {&item};

    if (item.signature == NULL)
        return 0;
    sign_batch(items, 1);
    return item.signature_len != 0 &&
           certificate_assemble(&responder->certificate, responder->arena, tbs, ca->algorithm,
                                bytes_of(item.signature, item.signature_len));
}

/* What the CA has signed is in the store before anybody sees it. */
static int keep(const struct responder *responder, const struct cmp_authority *ca, struct store *store,
                struct bytes subject, int64_t now)
{
    char text[NAME_TEXT_MAX];
    uint8_t spki_hash[DIGEST_MAX];
    size_t hash_len = digest_compute(spki_hash, DIGEST_SHA256, private_key_spki(responder->key));
    const struct store_cert row = {.serial = bytes_of(responder->serial, STORE_SERIAL),
                                   .status = STORE_CERT_VALID,
                                   .issued_at = now,
                                   .not_before = responder->not_before,
                                   .not_after = responder->not_after,
                                   .subject = subject,
                                   .subject_text = bytes_str(name_text(text, sizeof text, subject)),
                                   .spki_hash = bytes_of(spki_hash, hash_len),
                                   .profile = bytes_str(POLICY_OCSP_RESPONDER),
                                   .certificate = responder->certificate};
    char detail[128];
    struct store_audit audit = {
        .at = now * 1000, .event = "ocsp", .outcome = "granted", .who = bytes_str("cmpd")};
    struct store_unit unit = {
        .issuer = bytes_of(ca->id, STORE_ISSUER_ID), .arena = responder->arena, .audit = &audit};
    int len = snprintf(detail, sizeof detail, "responder serial=");

    for (size_t i = 0; i < STORE_SERIAL; i++)
        len += snprintf(detail + len, sizeof detail - (size_t)len, "%02x", responder->serial[i]);
    audit.detail = bytes_str(detail);
    store_unit_write(&unit, STORE_INSERT, STORE_CERTIFICATES, &row);
    return store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Returns NULL, or what is wrong. */
static const char *make(struct responder *responder, const struct cmp_authority *ca, struct store *store,
                        unsigned days, int64_t now)
{
    char cn[CN_MAX + 1];
    const char *const pairs[] = {"CN", cn, NULL};
    struct bytes subject, tbs;

    responder->arena = arena_new(ARENA);
    responder->key = private_key_generate(KEY_P256, 0);
    if (responder->arena == NULL || responder->key == NULL)
        return "there is no memory for its key";
    responder->algorithm = signature_for_key(KEY_P256);
    memcpy(responder->issuer, ca->id, sizeof responder->issuer);
    policy_new_serial(responder->serial, now);
    responder->not_before = now - BACKDATE > ca->cert.not_before ? now - BACKDATE : ca->cert.not_before;
    responder->not_after = least(now + (int64_t)days * DAY, ca->cert.not_after);
    snprintf(cn, sizeof cn, "OCSP responder of %s", ca->name);
    if (!name_build(&subject, responder->arena, pairs) || !write_tbs(&tbs, responder, ca, subject) ||
        !ocsp_responder_by_key(&responder->by_key, responder->arena, private_key_spki(responder->key)) ||
        !ocsp_responder_by_name(&responder->by_name, responder->arena, subject))
        return "there is no memory for its certificate";
    if (!sign(responder, ca, tbs))
        return "the CA's key did not sign";
    return keep(responder, ca, store, subject, now) ? NULL : "the store did not take its certificate";
}

struct responder *responder_new(const char **why, const struct cmp_authority *ca, struct store *store,
                                unsigned days, int64_t now)
{
    struct responder *responder = calloc(1, sizeof *responder);

    if (responder == NULL) {
        *why = "there is no memory";
        return NULL;
    }
    atomic_init(&responder->users, 1);
    *why = make(responder, ca, store, days, now);
    if (*why == NULL)
        return responder;
    responder_release(responder);
    return NULL;
}
