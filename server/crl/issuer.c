/* issuer.c: one CA: what is published, when the next CRL is made, and whether it is late. */
#include "server/crl/issuer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/bundle.h"
#include "crypto/crl.h"
#include "crypto/pem.h"
#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/crl/make.h"

enum {
    CHAIN_ARENA = (BOUND_CHAIN + 1) * BOUND_CERTIFICATE * 2,
    HOUR = 3600,
    TELL_EVERY = 300,
    RETRY_MS = 5000,
    PAUSES = 10, /* times what the last one took, between two that are made for revocations */
    PAGES_A_LOOK = 1024
};

void crl_issuer_forget(struct crl_issuer *issuer)
{
    revoked_free(&issuer->list);
}

/* Said once, until it works again. */
static void failed(struct crl_issuer *issuer, const struct crl_turn *turn, const char *doing, const char *why)
{
    if (!issuer->failing)
        log_line(LOG_ERROR, "no CRL", log_word("ca", turn->ca->name), log_text("doing", doing),
                 log_text("reason", why));
    issuer->failing = 1;
}

/* ---- published ---- */

static struct bytes copy_of(struct bytes octets)
{
    uint8_t *copy = malloc(octets.len);

    if (copy == NULL)
        return bytes_of(NULL, 0);
    memcpy(copy, octets.data, octets.len);
    return bytes_of(copy, octets.len);
}

static int put(const struct crl_turn *turn, const char *form, const char *type, struct bytes body,
               int64_t modified, int64_t expires)
{
    char path[PUBLISHED_PATH_MAX];

    snprintf(path, sizeof path, form, turn->ca->name);
    return body.data != NULL && publication_put(turn->publication, path, type, body, modified, expires);
}

static int put_pem(const struct crl_turn *turn, const char *form, int is_crl, struct bytes der,
                   int64_t modified, int64_t expires)
{
    size_t len;
    char *text;

    return (is_crl ? pem_crl(&text, &len, der) : pem_certificate(&text, &len, der)) &&
           put(turn, form, "application/x-pem-file", bytes_of(text, len), modified, expires);
}

/* RFC 5280 4.2.2.1: "a collection of certificates in a BER or DER encoded "certs-only" CMS message": the
 * CA's, and its chain up to the root. */
static void publish_chain(const struct crl_turn *turn, int64_t modified, int64_t expires)
{
    const struct cmp_authority *ca = turn->ca;
    struct arena *arena = arena_new(CHAIN_ARENA);
    struct bytes out;

    if (arena != NULL && bundle_certificates(&out, arena, ca->mac_extra_certs, ca->mac_extra_cert_count))
        put(turn, "/ca/%s.p7c", "application/pkcs7-mime; smime-type=certs-only", copy_of(out), modified,
            expires);
    arena_free(arena);
}

/* RFC 5280 4.2.2.1 (caIssuers), RFC 2585 4.1 */
void crl_issuer_publish_certificate(const struct crl_turn *turn)
{
    struct bytes der = turn->ca->cert.der;
    int64_t modified = turn->ca->cert.not_before, expires = turn->ca->cert.not_after;

    put(turn, "/ca/%s.cer", "application/pkix-cert", copy_of(der), modified, expires);
    put_pem(turn, "/ca/%s.pem", 0, der, modified, expires);
    publish_chain(turn, modified, expires);
}

void crl_issuer_withdraw(const struct crl_issuer *issuer, struct publication *publication)
{
    static const char *const forms[] = {"/crl/%s.crl", "/crl/%s.pem", "/ca/%s.cer", "/ca/%s.pem",
                                        "/ca/%s.p7c"};
    char path[PUBLISHED_PATH_MAX];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(path, sizeof path, forms[i], issuer->name);
        publication_remove(publication, path);
    }
}

/* The former one is not left in its place, which would say less than it seems to. */
static void publish_pem(const struct crl_turn *turn, const struct store_crl *head, struct bytes der)
{
    char path[PUBLISHED_PATH_MAX];

    if (der.len <= BOUND_CRL_PEM &&
        put_pem(turn, "/crl/%s.pem", 1, der, head->this_update, head->next_update))
        return;
    snprintf(path, sizeof path, "/crl/%s.pem", turn->ca->name);
    publication_remove(turn->publication, path);
}

/* What another node has made is published only if the CA has signed it: the store alone is not believed. */
static int is_ours(const struct crl *crl, const struct crl_turn *turn, const struct store_crl *head)
{
    struct public_key *key = public_key_parse(turn->ca->cert.spki);
    struct verification item = {
        .algorithm = crl->algorithm, .key = key, .message = crl->tbs, .signature = crl->signature};
    struct verification *items[] = {&item};

    if (crl->algorithm != NULL)
        verify_batch(items, 1);
    public_key_free(key);
    return item.valid && crl->number == head->number && crl->this_update == head->this_update &&
           crl->next_update == head->next_update && bytes_equal(crl->issuer, turn->ca->cert.subject);
}

/* RFC 2585 4.2: the media type of a CRL. |der| is taken over. */
static void publish(struct crl_issuer *issuer, const struct crl_turn *turn, const struct store_crl *head,
                    struct bytes der)
{
    struct crl crl;

    if (!crl_parse(&crl, der) || !is_ours(&crl, turn, head)) {
        failed(issuer, turn, "publishing", "what the store holds was not signed by this CA");
        free((void *)(uintptr_t)der.data);
        return;
    }
    publish_pem(turn, head, der);
    if (!put(turn, "/crl/%s.crl", "application/pkix-crl", der, head->this_update, head->next_update)) {
        failed(issuer, turn, "publishing", "out of memory");
        return;
    }
    issuer->published = head->number;
    issuer->published_at = head->this_update;
    issuer->published_until = head->next_update;
    issuer->failing = 0;
    log_line(LOG_INFO, "CRL published", log_word("ca", turn->ca->name), log_number("number", head->number),
             log_number("octets", head->size));
}

/* What is replaced while it is read is another one at the next look. */
static void octets_lost(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    if (issuer->lost == issuer->head.number)
        failed(issuer, turn, "publishing", "its octets in the store are damaged, or are not all there");
    issuer->lost = issuer->head.number;
}

/* Returns 0 if the store does not say what there is, or this node has no memory for it. */
static int take_newest(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    struct bytes der;

    if (issuer->head.number <= issuer->published)
        return 1;
    if (issuer->head.size <= 0 || issuer->head.size > BOUND_CRL_OCTETS) {
        failed(issuer, turn, "publishing", "what the store holds has a size that is not published");
        return 1;
    }
    switch (shelf_take(&der, turn->store, bytes_of(issuer->id, sizeof issuer->id), &issuer->head)) {
    case SHELF_DONE:
        publish(issuer, turn, &issuer->head, der);
        return 1;
    case SHELF_LOST:
        octets_lost(issuer, turn);
        return 1;
    default:
        return 0;
    }
}

/* ---- made ---- */

static int64_t largest(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* By the clock that nobody sets: who sets the other one forward gets no CRL for each second of it. What takes
 * long is made less often: else a station that revokes itself again and again would keep every node busy with
 * a long list. */
static int may_answer(const struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t pause = largest(1000 * (int64_t)turn->config->after_revocation_seconds, PAUSES * issuer->took_ms);

    return issuer->made_ms == 0 || turn->now_ms - issuer->made_ms >= pause;
}

static int is_due(const struct crl_issuer *issuer, const struct crl_turn *turn)
{
    const struct store_crl *head = &issuer->head;

    /* Two of one second are one for who asks by If-Modified-Since. */
    if (turn->config->every_hours == 0 || turn->now == issuer->published_at)
        return 0;
    /* Each attempt costs as much as the list is long. */
    if (issuer->failing && issuer->made_ms != 0 && turn->now_ms - issuer->made_ms < RETRY_MS)
        return 0;
    return head->number == 0 ||
           turn->now - issuer->published_at >= HOUR * (int64_t)turn->config->every_hours ||
           ((head->number != issuer->published || head->position != issuer->list.position) &&
            may_answer(issuer, turn));
}

/* Numbers go up, whatever a restored store says; and times do, when a clock was set back (RFC 5280 5.2.3). */
static struct crl_times times_of(const struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t now = largest(turn->now, issuer->published_at + 1), last = issuer->published;

    if (issuer->head.number < INT64_MAX / 2)
        last = largest(last, issuer->head.number);

    return (struct crl_times){.number = largest(last + 1, turn->config->number_min),
                              .this_update = now,
                              .next_update = now + HOUR * (int64_t)turn->config->validity_hours};
}

/* |der| belongs to the caller. */
static int store_it(struct crl_issuer *issuer, const struct crl_turn *turn, const struct crl_times *times,
                    struct bytes der)
{
    struct store_crl head = {.number = times->number,
                             .this_update = times->this_update,
                             .next_update = times->next_update,
                             .position = issuer->list.position};
    const struct store_crl *former = issuer->head.number != 0 ? &issuer->head : NULL;
    enum shelf_outcome outcome =
        shelf_put(&head, turn->store, bytes_of(issuer->id, sizeof issuer->id), former, der, turn->lease);

    /* Who has lost the lease looks again, and finds what the other has made. */
    if (outcome == SHELF_UNAVAILABLE)
        failed(issuer, turn, "storing", "the store does not answer");
    if (outcome != SHELF_DONE)
        return 0;
    issuer->head = head;
    return 1;
}

static void make(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    const struct crl_times times = times_of(issuer, turn);
    int64_t begun_ms = clock_steady_ms();
    struct bytes der, copy;

    issuer->made_ms = turn->now_ms;
    if (!crl_make(&der, turn->ca, &issuer->list, &times)) {
        failed(issuer, turn, "signing", "the CA's key did not sign, or there is no memory");
        return;
    }
    if (store_it(issuer, turn, &times, der)) {
        copy = copy_of(der);
        if (copy.data != NULL)
            publish(issuer, turn, &issuer->head, copy);
    }
    crl_free(&der);
    issuer->took_ms = clock_steady_ms() - begun_ms;
}

/* ---- late ---- */

/* The next one is late when half of the time has gone that lies between when it is made and when the last one
 * ends. */
static void tell_if_late(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    int64_t margin = HOUR * ((int64_t)turn->config->validity_hours - turn->config->every_hours) / 2;
    int64_t until = issuer->published != 0 ? issuer->published_until : issuer->head.next_update;
    int64_t left = until - turn->now;

    if (until == 0 || left > margin || turn->config->every_hours == 0) {
        issuer->told_late = 0;
        return;
    }
    if (issuer->told_late != 0 && turn->now - issuer->told_late < TELL_EVERY)
        return;
    issuer->told_late = turn->now;
    log_line(LOG_ERROR, "CRL is late", log_word("ca", turn->ca->name), log_number("seconds_left", left),
             log_text("text", "no node has made a new one: see what they log of it; when this one has ended, "
                              "whoever checks it refuses every certificate"));
}

/* Returns 1 if all of the list is there. What would take longer than the lease lasts is read at several
 * looks. */
static int has_list(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    if (!revoked_read(&issuer->list, turn->store, bytes_of(issuer->id, sizeof issuer->id), PAGES_A_LOOK)) {
        failed(issuer, turn, "reading",
               "the store does not say what is revoked, or there is no memory for it");
        return 0;
    }
    return !issuer->list.is_behind;
}

void crl_issuer_look(struct crl_issuer *issuer, const struct crl_turn *turn)
{
    struct store_crl head;
    enum shelf_outcome outcome = shelf_look(&head, turn->store, bytes_of(issuer->id, sizeof issuer->id));

    if (outcome == SHELF_DONE)
        issuer->head = head;
    else if (outcome == SHELF_NONE)
        issuer->head = (struct store_crl){.number = 0};
    if (outcome != SHELF_UNAVAILABLE && take_newest(issuer, turn) && turn->lease != NULL &&
        has_list(issuer, turn) && is_due(issuer, turn))
        make(issuer, turn);
    tell_if_late(issuer, turn);
}
