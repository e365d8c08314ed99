/* audit_signers.c: see audit_signers.h. Certificates of the CA's own stand among all others, and in the rows
 * of renewals what they followed: so the first one is found, which a file had. */
#include "server/ctl/audit_signers.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/name_match.h"
#include "server/ctl/cert.h"
#include "server/policy/renewals.h"

enum { PIECE_ARENA = STORE_OLD_MAX * 128 * 1024 }; /* the largest rows fit */

/* struct signer is one that was found. */
struct signer {
    uint8_t *der; /* |cert| points into it */
    struct certificate cert;
    int is_stopped; /* 1: it is revoked or held */
};

/* struct signers is what was found of one CA. */
struct signers {
    struct store *store;
    uint8_t issuer[STORE_ISSUER_ID];
    struct certificate ca, like;
    struct signer *all;
    size_t count;
};

int audit_is_signer(const struct certificate *cert, const struct certificate *ca,
                    const struct certificate *like)
{
    size_t count;
    const struct bytes *purposes = ctl_purposes_of(CTL_CMP_SIGNER, &count);

    return cert->extended_key_usage.len != 0 && certificate_has_purpose(cert, purposes[0]) &&
           name_equal(cert->subject, like->subject) && certificate_is_signed_by(cert, ca);
}

/* ---- found ---- */

static int is_known(const struct signers *signers, struct bytes der)
{
    for (size_t i = 0; i < signers->count; i++)
        if (bytes_equal(signers->all[i].cert.der, der))
            return 1;
    return 0;
}

/* What is none is not taken. Returns 0 without memory. */
static int take(struct signers *signers, struct bytes der, int is_stopped)
{
    struct signer *grown, *signer;
    struct certificate cert;

    if (!certificate_parse(&cert, der) || is_known(signers, der) ||
        !audit_is_signer(&cert, &signers->ca, &signers->like))
        return 1;
    if ((grown = realloc(signers->all, (signers->count + 1) * sizeof *grown)) == NULL)
        return 0;
    signers->all = grown;
    signer = &grown[signers->count];
    *signer = (struct signer){.der = malloc(der.len), .is_stopped = is_stopped};
    if (signer->der == NULL)
        return 0;
    signers->count++;
    memcpy(signer->der, der.data, der.len);
    return certificate_parse(&signer->cert, bytes_of(signer->der, der.len));
}

static void forget(struct signers *signers)
{
    for (size_t i = 0; i < signers->count; i++)
        free(signers->all[i].der);
    free(signers->all);
}

/* ---- looked for ---- */

/* A row with the serial of another certificate would hide what became of that. */
static int take_row(struct signers *signers, struct arena *arena, struct bytes serial)
{
    const struct store_cert *row;
    struct certificate cert;
    const void *found;

    if (!cert_fetch(&found, signers->store, arena, STORE_CERTIFICATES, signers->issuer, serial))
        return 0;
    row = found;
    if (row == NULL || !certificate_parse(&cert, row->certificate) || !bytes_equal(cert.serial, serial))
        return 1;
    return take(signers, row->certificate, row->status != STORE_CERT_VALID) || !ctl_fault("out of memory");
}

/* A piece of all certificates. Returns 0 with a fault printed. */
static int take_piece(struct signers *signers, struct store_fetch *fetch)
{
    const struct store_cert *certs;
    int ok = store_fetch_wait(signers->store, fetch) && fetch->outcome != STORE_FETCH_UNAVAILABLE;

    if (!ok)
        return !ctl_fault("the store does not answer");
    if (fetch->outcome != STORE_FOUND)
        fetch->count = 0;
    certs = fetch->rows;
    for (size_t i = 0; ok && i < fetch->count; i++)
        if (bytes_equal(certs[i].profile, bytes_str(POLICY_OWN)))
            ok = take_row(signers, fetch->arena, certs[i].serial);
    return ok;
}

static int take_issued(struct signers *signers)
{
    uint8_t last[STORE_SERIAL];
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = STORE_STATES,
                                .issuer = bytes_of(signers->issuer, STORE_ISSUER_ID)};
    int ok, more;

    do {
        if ((fetch.arena = arena_new(PIECE_ARENA)) == NULL)
            return !ctl_fault("out of memory");
        ok = take_piece(signers, &fetch);
        more = ok && fetch.count == STORE_OLD_MAX;
        if (more) {
            const struct store_cert *end = (const struct store_cert *)fetch.rows + fetch.count - 1;
            fetch.key = bytes_of(last, end->serial.len < STORE_SERIAL ? end->serial.len : STORE_SERIAL);
            memcpy(last, end->serial.data, fetch.key.len);
        }
        arena_free(fetch.arena);
    } while (more);
    return ok;
}

/* What the one for |spki| followed that was issued last. */
static int take_former(struct signers *signers, struct bytes spki)
{
    uint8_t key[STORE_RENEWAL_KEY];
    struct arena *arena = arena_new(CERT_ARENA);
    const struct store_renewal *row;
    const void *found = NULL;
    int ok;

    if (arena == NULL)
        return !ctl_fault("out of memory");
    policy_renewal_key(key, POLICY_SIGNS_ANSWERS, spki);
    ok =
        cert_fetch(&found, signers->store, arena, STORE_RENEWALS, signers->issuer, bytes_of(key, sizeof key));
    row = found;
    if (row != NULL)
        ok = take(signers, row->former, 0) || !ctl_fault("out of memory");
    arena_free(arena);
    return ok;
}

/* ---- given ---- */

static int is_stopped(const struct signers *signers, struct bytes spki)
{
    for (size_t i = 0; i < signers->count; i++)
        if (signers->all[i].is_stopped && bytes_equal(signers->all[i].cert.spki, spki))
            return 1;
    return 0;
}

/* Returns 0 with a fault printed. */
static int look_whether_blocked(int *is_blocked, const struct signers *signers, struct bytes spki)
{
    static const uint8_t no_issuer[STORE_ISSUER_ID];
    uint8_t hash[DIGEST_MAX];
    struct arena *arena = arena_new(CERT_ARENA);
    const void *row = NULL;
    int ok;

    if (arena == NULL)
        return !ctl_fault("out of memory");
    ok = cert_fetch(&row, signers->store, arena, STORE_BLOCKED_KEYS, no_issuer,
                    bytes_of(hash, digest_compute(hash, DIGEST_SHA256, spki)));
    *is_blocked = row != NULL;
    arena_free(arena);
    return ok;
}

static int give(struct audit_verify *verify, const struct signers *signers)
{
    int ok = 1, is_blocked = 0;

    for (size_t i = 0; ok && i < signers->count; i++) {
        const struct certificate *cert = &signers->all[i].cert;
        if (is_stopped(signers, cert->spki))
            continue;
        ok = look_whether_blocked(&is_blocked, signers, cert->spki);
        if (ok && !is_blocked)
            ok = audit_verify_key(verify, cert->spki, cert->not_before, cert->not_after) ||
                 !ctl_fault("out of memory");
    }
    return ok;
}

/* ---- of all CAs ---- */

static int add_of_ca(struct audit_verify *verify, struct signers *signers, struct arena *arena,
                     const struct config_ca *ca)
{
    int ok = ctl_load_certificate(&signers->ca, arena, ca->certificate) &&
             ctl_load_certificate(&signers->like, arena, ca->cmp_certificate);

    if (!ok)
        return 0;
    policy_issuer_id(signers->issuer, &signers->ca);
    ok = take_issued(signers) && take_former(signers, signers->like.spki);
    for (size_t i = 0; ok && i < signers->count; i++)
        ok = take_former(signers, signers->all[i].cert.spki);
    return ok && give(verify, signers);
}

int audit_signers_add(struct audit_verify *verify, const struct ctl_opened *opened)
{
    int ok = 1;

    for (size_t i = 0; ok && i < opened->config->ca_count; i++) {
        struct signers signers = {.store = opened->store};
        struct arena *arena = arena_new(CERT_ARENA);
        ok = (arena != NULL || !ctl_fault("out of memory")) &&
             add_of_ca(verify, &signers, arena, &opened->config->cas[i]);
        forget(&signers);
        arena_free(arena);
    }
    return ok;
}
