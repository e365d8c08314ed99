/* query.c: see query.h. The steps: the certificates' rows; the transactions of those that are not confirmed
 * yet; the signature. */
#include "server/ocsp/query.h"

#include <stdio.h>

#include "crypto/crl.h"
#include "crypto/ocsp.h"

enum {
    DAY = 24 * 60 * 60,
    MINUTE = 60,
    PASSING = 10, /* seconds for which it holds what a certificate is that upkeep has not come to yet */
    READS = 2,    /* of a certificate that changes while it is looked at */
};

typedef void step(struct ocsp_query *query);

struct ocsp_query {
    struct arena *arena;
    struct ocsp_service *service;
    const struct policy *policy;
    const struct config_ocsp *config;
    const struct cmp_authority *ca;
    struct responder *responder; /* held */
    struct ocsp_request request;
    int64_t now;     /* Unix seconds, of this step */
    int64_t read_at; /* … of the look into the store: what the response says was so then */
    uint64_t epoch;  /* of the cache, before that */
    int reads;
    step *next; /* NULL: it is done */
    struct cmp_want *wants, **wants_tail;
    struct store_fetch *certs[BOUND_OCSP_REQUESTS]; /* NULL: there is no such certificate */
    struct store_fetch *txs[BOUND_OCSP_REQUESTS];   /* NULL: not asked for */
    struct ocsp_single singles[BOUND_OCSP_REQUESTS];
    uint8_t serials[BOUND_OCSP_REQUESTS][STORE_SERIAL];
    int is_of_ca[BOUND_OCSP_REQUESTS]; /* 1: |ca| is the issuer that the CertID names */
    int may_change;                    /* 1: something that is said changes without a revocation */
    struct bytes data;
    struct signing *sign;
    struct ocsp_kept result;
};

/* ---- wants ---- */

static struct cmp_want *add_want(struct ocsp_query *query, enum cmp_want_kind kind)
{
    struct cmp_want *want = arena_alloc(query->arena, sizeof *want);

    if (want == NULL)
        return NULL;
    want->kind = kind;
    *query->wants_tail = want;
    query->wants_tail = &want->next;
    return want;
}

static struct store_fetch *want_row(struct ocsp_query *query, enum store_kind kind, struct bytes key)
{
    struct store_fetch *fetch = arena_alloc(query->arena, sizeof *fetch);
    struct cmp_want *want = fetch != NULL ? add_want(query, CMP_WANT_FETCH) : NULL;

    if (want == NULL)
        return NULL;
    fetch->kind = kind;
    fetch->issuer = bytes_of(query->ca->id, STORE_ISSUER_ID);
    fetch->key = key;
    fetch->arena = query->arena;
    return want->u.fetch = fetch;
}

/* ---- ends ---- */

static void end(struct ocsp_query *query)
{
    query->wants = NULL;
    query->next = NULL;
}

static void fail(struct ocsp_query *query, enum ocsp_status status)
{
    query->result = (struct ocsp_kept){.der = ocsp_error(status)};
    end(query);
}

/* A response that was made before says what was so then, and for how long that holds. */
static void fail_unless_kept(struct ocsp_query *query)
{
    uint8_t *octets = query->request.count == 1 && query->request.nonce.len == 0
                          ? arena_alloc(query->arena, OCSP_KEPT_MAX)
                          : NULL;

    if (octets != NULL &&
        ocsp_cache_find(&query->result, octets, ocsp_cache(query->service), query->request.ids[0].der,
                        bytes_of(query->serials[0], STORE_SERIAL), query->now, 0))
        end(query);
    else
        fail(query, OCSP_TRY_LATER);
}

/* ---- what is said ---- */

static const struct config_profile *profile_of(const struct ocsp_query *query, struct bytes name)
{
    const struct config *config = policy_config(query->policy);

    for (size_t i = 0; i < config->profile_count; i++)
        if (bytes_equal(bytes_str(config->profiles[i].name), name))
            return &config->profiles[i];
    return NULL;
}

static void say_revoked(struct ocsp_single *single, int64_t at, int reason)
{
    single->status = OCSP_REVOKED;
    single->revoked_at = at;
    single->reason = reason;
}

/* RFC 6960 4.4.8: "the response MUST include … certificateHold … and … January 1, 1970" */
static void say_not_issued(const struct ocsp_query *query, struct ocsp_single *single)
{
    single->status = OCSP_UNKNOWN;
    if (query->config->non_issued == CONFIG_NON_ISSUED_REVOKED)
        say_revoked(single, 0, CRL_REASON_HOLD);
}

/* It is good until its certConf is overdue. From then on it is what its profile says, though upkeep may come
 * to it a little later; or a certConf may, which then counts. */
static void say_unconfirmed(struct ocsp_query *query, struct ocsp_single *single,
                            const struct store_cert *cert, const struct store_tx *tx)
{
    const struct config_profile *profile = profile_of(query, tx->profile);
    enum config_unconfirmed then = profile != NULL ? profile->confirm.unconfirmed : CONFIG_UNCONFIRMED_REVOKE;
    int awaits = tx->state == STORE_TX_WAIT_CONFIRM && bytes_equal(tx->serial, cert->serial);

    single->status = OCSP_GOOD;
    if (!awaits || tx->deadline == 0 || then == CONFIG_UNCONFIRMED_KEEP)
        return;
    if (query->now < tx->deadline) {
        if (single->next_update > tx->deadline)
            single->next_update = tx->deadline;
        return;
    }
    query->may_change = 1;
    single->next_update = query->read_at + PASSING;
    say_revoked(single, tx->deadline,
                then == CONFIG_UNCONFIRMED_HOLD ? CRL_REASON_HOLD : CRL_REASON_UNSPECIFIED);
}

/* RFC 6960 4.4.4: "producedAt minus retention interval" */
static int64_t archive_cutoff(const struct ocsp_query *query, const struct store_cert *cert)
{
    const struct config_profile *profile = profile_of(query, cert->profile);
    uint32_t days = profile != NULL ? profile->retain.certificates_days : 0;

    return days != 0 ? query->read_at - (int64_t)days * DAY : query->ca->cert.not_before;
}

static void say_stored(struct ocsp_query *query, size_t i)
{
    struct ocsp_single *single = &query->singles[i];
    const struct store_cert *cert = query->certs[i]->rows;

    if (query->config->archive_cutoff)
        single->archive_cutoff = archive_cutoff(query, cert);
    switch (cert->status) {
    case STORE_CERT_UNCONFIRMED:
        single->status = OCSP_GOOD;
        if (query->txs[i] != NULL && query->txs[i]->outcome == STORE_FOUND)
            say_unconfirmed(query, single, cert, query->txs[i]->rows);
        break;
    case STORE_CERT_VALID:
        single->status = OCSP_GOOD;
        break;
    case STORE_CERT_REVOKED:
        say_revoked(single, cert->revoked_at, cert->reason);
        break;
    case STORE_CERT_HOLD:
        say_revoked(single, cert->revoked_at, CRL_REASON_HOLD);
        break;
    }
}

static int is_found(const struct ocsp_query *query, size_t i)
{
    return query->certs[i] != NULL && query->certs[i]->outcome == STORE_FOUND;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Returns 1 if it says of a certificate that was not issued that it is revoked. */
static int say_all(struct ocsp_query *query)
{
    int64_t until = least(query->read_at + (int64_t)query->config->validity_minutes * MINUTE,
                          query->responder->not_after);
    int extended = 0;

    query->may_change = 0;
    for (size_t i = 0; i < query->request.count; i++) {
        struct ocsp_single *single = &query->singles[i];
        *single = (struct ocsp_single){.cert_id = query->request.ids[i].der,
                                       .status = OCSP_UNKNOWN,
                                       .this_update = query->read_at,
                                       .next_update = until};
        if (is_found(query, i))
            say_stored(query, i);
        else if (query->is_of_ca[i]) {
            say_not_issued(query, single);
            extended |= single->status == OCSP_REVOKED;
        }
    }
    return extended;
}

/* ---- steps ---- */

static void write_tag(char tag[OCSP_TAG_MAX], struct bytes der)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[DIGEST_MAX];
    size_t len = digest_compute(hash, DIGEST_SHA256, der), at = 0;

    tag[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        tag[at++] = digits[hash[i] >> 4];
        tag[at++] = digits[hash[i] & 15];
    }
    tag[at++] = '"';
    tag[at] = 0;
}

/* What is not in the store is not kept: anybody may ask for any number of those. */
static void keep(struct ocsp_query *query)
{
    struct ocsp_entry entry = {.cert_id = query->request.ids[0].der,
                               .der = query->result.der,
                               .tag = query->result.tag,
                               .times = query->result.times};

    if (query->request.count != 1 || !is_found(query, 0) || query->may_change)
        return;
    memcpy(entry.issuer, query->ca->id, sizeof entry.issuer);
    memcpy(entry.serial, query->serials[0], sizeof entry.serial);
    ocsp_cache_put(ocsp_cache(query->service), &entry, query->epoch);
}

static void finish(struct ocsp_query *query)
{
    int64_t until = query->singles[0].next_update;

    if (query->sign->signature_len == 0) {
        fail_unless_kept(query);
        return;
    }
    if (!ocsp_response_assemble(&query->result.der, query->arena, query->data, query->responder->algorithm,
                                bytes_of(query->sign->signature, query->sign->signature_len),
                                query->responder->certificate)) {
        fail(query, OCSP_TRY_LATER);
        return;
    }
    end(query);
    if (query->request.nonce.len != 0)
        return;
    for (size_t i = 1; i < query->request.count; i++)
        until = least(until, query->singles[i].next_update);
    query->result.times = (struct ocsp_times){.this_update = query->read_at,
                                              .renew_at = query->read_at + (until - query->read_at + 1) / 2,
                                              .next_update = until};
    write_tag(query->result.tag, query->result.der);
    keep(query);
}

static void write_response(struct ocsp_query *query)
{
    struct ocsp_plan plan = {.produced_at = query->now,
                             .singles = query->singles,
                             .count = query->request.count,
                             .nonce = query->request.nonce,
                             .extended_revoke = say_all(query)};
    struct cmp_want *want = NULL;

    plan.responder_id = query->config->responder_id == CONFIG_RESPONDER_BY_NAME ? query->responder->by_name
                                                                                : query->responder->by_key;
    query->sign = arena_alloc(query->arena, sizeof *query->sign);
    if (query->sign != NULL && ocsp_response_data(&query->data, query->arena, &plan))
        want = add_want(query, CMP_WANT_SIGN);
    if (want == NULL) {
        fail(query, OCSP_TRY_LATER);
        return;
    }
    *query->sign = (struct signing){
        .algorithm = query->responder->algorithm,
        .key = query->responder->key,
        .message = query->data,
        .signature = arena_alloc(query->arena, private_key_signature_max(query->responder->key))};
    want->u.sign = query->sign;
    query->next = finish;
    if (query->sign->signature == NULL)
        fail(query, OCSP_TRY_LATER);
}

static step read_certificates;

/* Whose transaction has ended is not unconfirmed any more: it has changed between the two looks. */
static int has_changed(const struct ocsp_query *query, size_t i)
{
    const struct store_tx *tx;

    if (query->txs[i] == NULL)
        return 0;
    tx = query->txs[i]->rows;
    return query->txs[i]->outcome != STORE_FOUND || tx->state != STORE_TX_WAIT_CONFIRM ||
           !bytes_equal(tx->serial, ((const struct store_cert *)query->certs[i]->rows)->serial);
}

static void judge_transactions(struct ocsp_query *query)
{
    int again = 0;

    for (size_t i = 0; i < query->request.count; i++) {
        if (query->txs[i] != NULL && query->txs[i]->outcome == STORE_FETCH_UNAVAILABLE) {
            fail_unless_kept(query);
            return;
        }
        again |= has_changed(query, i);
    }
    if (again && query->reads < READS)
        read_certificates(query);
    else
        write_response(query);
}

static void judge_certificates(struct ocsp_query *query)
{
    int unconfirmed = 0;

    for (size_t i = 0; i < query->request.count; i++) {
        const struct store_cert *cert;
        query->txs[i] = NULL;
        if (query->certs[i] != NULL && query->certs[i]->outcome == STORE_FETCH_UNAVAILABLE) {
            fail_unless_kept(query);
            return;
        }
        cert = is_found(query, i) ? query->certs[i]->rows : NULL;
        if (cert == NULL || cert->status != STORE_CERT_UNCONFIRMED)
            continue;
        query->txs[i] = want_row(query, STORE_TRANSACTIONS, cert->transaction_id);
        if (query->txs[i] == NULL) {
            fail(query, OCSP_TRY_LATER);
            return;
        }
        unconfirmed = 1;
    }
    query->next = judge_transactions;
    if (!unconfirmed)
        write_response(query);
}

/* The responder is taken after the epoch is noted: what one has signed that was revoked meanwhile is not
 * kept. */
static void read_certificates(struct ocsp_query *query)
{
    query->reads++;
    query->read_at = query->now;
    query->epoch = ocsp_cache_epoch(ocsp_cache(query->service));
    responder_release(query->responder);
    query->responder = ocsp_responder(query->service, query->ca->id, query->now);
    if (query->responder == NULL) {
        ocsp_serial(query->serials[0], query->request.ids[0].serial);
        fail_unless_kept(query);
        return;
    }
    query->next = judge_certificates;
    for (size_t i = 0; i < query->request.count; i++) {
        query->certs[i] = NULL;
        if (!ocsp_serial(query->serials[i], query->request.ids[i].serial) || !query->is_of_ca[i])
            continue;
        query->certs[i] = want_row(query, STORE_CERTIFICATES, bytes_of(query->serials[i], STORE_SERIAL));
        if (query->certs[i] == NULL) {
            fail(query, OCSP_TRY_LATER);
            return;
        }
    }
    if (query->wants == NULL)
        judge_certificates(query);
}

/* Nobody signs for a CA that has ended: its responders end with it, and a verifier would find no path to
 * them (RFC 6960 4.2.2.2). */
static const struct cmp_authority *find_authority(const struct ocsp_query *query)
{
    const struct config *config = policy_config(query->policy);

    for (size_t r = 0; r < query->request.count; r++)
        for (size_t i = 0; i < config->ca_count; i++) {
            const struct cmp_authority *ca = policy_authority(query->policy, config->cas[i].name);
            if (query->now <= ca->cert.not_after &&
                ocsp_id_is_of(&query->request.ids[r], ca->cert.subject, ca->cert.spki))
                return ca;
        }
    return NULL;
}

/* Of several certificates, those of another CA than the first known one are unknown: one key signs for one
 * CA.
 */
static void begin(struct ocsp_query *query, struct bytes request)
{
    if (!ocsp_request_parse(&query->request, request)) {
        fail(query, OCSP_MALFORMED_REQUEST);
        return;
    }
    query->ca = find_authority(query);
    if (query->ca == NULL) {
        /* RFC 9919 3.2.3: no access to authoritative records; RFC 6960 2.3: "the server is not capable of
         * responding authoritatively". Of a CA that has ended that does not pass, as tryLater would say. */
        fail(query, OCSP_UNAUTHORIZED);
        return;
    }
    for (size_t i = 0; i < query->request.count; i++)
        query->is_of_ca[i] =
            ocsp_id_is_of(&query->request.ids[i], query->ca->cert.subject, query->ca->cert.spki);
    read_certificates(query);
}

struct ocsp_query *ocsp_start(struct arena *arena, struct ocsp_service *service, const struct policy *policy,
                              struct bytes request, int64_t now)
{
    struct ocsp_query *query = arena_alloc(arena, sizeof *query);

    if (query == NULL)
        return NULL;
    query->arena = arena;
    query->service = service;
    query->policy = policy;
    query->config = &policy_config(policy)->ocsp;
    query->now = now;
    query->wants_tail = &query->wants;
    begin(query, request);
    return query;
}

size_t ocsp_certificates(const struct ocsp_query *query)
{
    return query->request.count;
}

const struct cmp_want *ocsp_wants(const struct ocsp_query *query)
{
    return query->wants;
}

void ocsp_resume(struct ocsp_query *query, int64_t now)
{
    step *next = query->next;

    query->wants = NULL;
    query->wants_tail = &query->wants;
    query->now = now;
    if (next != NULL)
        next(query);
}

const struct ocsp_kept *ocsp_result(const struct ocsp_query *query)
{
    return &query->result;
}

void ocsp_end(struct ocsp_query *query)
{
    if (query != NULL)
        responder_release(query->responder);
}
