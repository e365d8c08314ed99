/* scope.c: see scope.h. */
#include "server/crl/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/crl.h"
#include "crypto/pem.h"
#include "server/base/bounds.h"
#include "server/base/log.h"

void crl_scope_full(struct crl_scope *scope)
{
    *scope = (struct crl_scope){.name = STORE_SCOPE_FULL};
}

void crl_scope_delta(struct crl_scope *scope)
{
    *scope = (struct crl_scope){.name = STORE_SCOPE_DELTA, .is_delta = 1};
}

void crl_scope_shard(struct crl_scope *scope, unsigned shard)
{
    *scope = (struct crl_scope){.shard = shard};
    snprintf(scope->name, sizeof scope->name, STORE_SCOPE_SHARD "%u", shard);
}

unsigned crl_scope_number_of(struct bytes name)
{
    struct crl_scope scope;

    for (unsigned shard = 1; shard <= BOUND_CRL_SHARDS; shard++) {
        crl_scope_shard(&scope, shard);
        if (bytes_equal(name, bytes_str(scope.name)))
            return shard;
    }
    return 0;
}

void crl_scope_set_head(struct crl_scope *scope, const struct store_crl *head)
{
    scope->head = head != NULL ? *head : (struct store_crl){.number = 0};
    scope->head.scope = bytes_of(NULL, 0); /* the row's, which does not last */
}

int64_t crl_scope_number(const struct crl_scope *scope)
{
    int64_t last = scope->published;

    /* Whoever wrote one that leaves no room above it wrote nonsense. */
    if (scope->head.number < INT64_MAX / 2 && scope->head.number > last)
        last = scope->head.number;
    return (scope->elsewhere > last ? scope->elsewhere : last) + 1;
}

/* ---- published ---- */

static const char *path_of(char path[PUBLISHED_PATH_MAX], const struct crl_scope *scope, const char *ca,
                           const char *suffix)
{
    if (scope->shard != 0)
        snprintf(path, PUBLISHED_PATH_MAX, "/crl/%s-%u.%s", ca, scope->shard, suffix);
    else
        snprintf(path, PUBLISHED_PATH_MAX, "/crl/%s%s.%s", ca, scope->is_delta ? "-delta" : "", suffix);
    return path;
}

void crl_scope_withdraw(const struct crl_scope *scope, const char *ca, struct publication *publication)
{
    char path[PUBLISHED_PATH_MAX];

    publication_remove(publication, path_of(path, scope, ca, "crl"));
    publication_remove(publication, path_of(path, scope, ca, "pem"));
}

/* The last number of all leaves no room: it is none of ours. */
static void note_elsewhere(struct crl_scope *scope, int64_t number)
{
    if (number < INT64_MAX / 2 && number > scope->elsewhere)
        scope->elsewhere = number;
}

void crl_scope_look_at_folder(struct crl_scope *scope, const struct crl_turn *turn)
{
    char path[PUBLISHED_PATH_MAX];

    if (turn->folder != NULL)
        note_elsewhere(scope, folder_number(turn->folder, path_of(path, scope, turn->ca->name, "crl")));
}

void crl_scope_look_at_directory(struct crl_scope *scope, const struct crl_turn *turn)
{
    char path[PUBLISHED_PATH_MAX];

    if (turn->directory != NULL)
        note_elsewhere(scope, directory_number(turn->directory, path_of(path, scope, turn->ca->name, "crl")));
}

/* The former one is not left in its place, which would say less than it seems to. */
static void publish_pem(const struct crl_scope *scope, const struct crl_turn *turn, struct bytes der)
{
    char path[PUBLISHED_PATH_MAX], *text;
    size_t len;

    path_of(path, scope, turn->ca->name, "pem");
    if (der.len > BOUND_CRL_PEM || !pem_crl(&text, &len, der) ||
        !publication_put(turn->publication, path, "application/x-pem-file", bytes_of(text, len),
                         scope->head.this_update, scope->head.next_update, NULL))
        publication_remove(turn->publication, path);
}

static int is_what_it_says(const struct crl_scope *scope, const struct crl *crl,
                           const struct cmp_authority *ca)
{
    const struct store_crl *head = &scope->head;

    return crl->number == head->number && crl->this_update == head->this_update &&
           crl->next_update == head->next_update && bytes_equal(crl->issuer, ca->cert.subject) &&
           crl->is_delta == scope->is_delta && (!crl->is_delta || crl->base_number == head->base_number) &&
           (crl->issuing_point.len != 0) == (scope->shard != 0);
}

static struct crl_attempt failed(const char *doing, const char *why)
{
    return (struct crl_attempt){.doing = doing, .why = why};
}

int crl_scope_has_other_signer(const struct crl_scope *scope, const struct cmp_authority *ca)
{
    uint8_t signer[STORE_HASH];

    digest_compute(signer, DIGEST_SHA256, ca->crl_cert.spki);
    return scope->published != 0 && memcmp(signer, scope->published_signer, sizeof signer) != 0;
}

static void note_point(struct crl_scope *scope, const struct crl *crl)
{
    memset(scope->published_point, 0, sizeof scope->published_point);
    if (crl->issuing_point.len != 0)
        digest_compute(scope->published_point, DIGEST_SHA256, crl->issuing_point);
}

/* RFC 2585 4.2: the media type of a CRL. */
static struct crl_attempt publish(struct crl_scope *scope, const struct crl_turn *turn, struct bytes der)
{
    char path[PUBLISHED_PATH_MAX];
    struct crl crl;

    if (!crl_parse(&crl, der) || !crl_is_signed_by(&crl, turn->ca->crl_cert.spki) ||
        !is_what_it_says(scope, &crl, turn->ca)) {
        free((void *)(uintptr_t)der.data);
        return failed("publishing", "what the store holds was not signed by this CA");
    }
    note_point(scope, &crl);
    digest_compute(scope->published_signer, DIGEST_SHA256, turn->ca->crl_cert.spki);
    publish_pem(scope, turn, der);
    if (!publication_put(turn->publication, path_of(path, scope, turn->ca->name, "crl"),
                         "application/pkix-crl", der, scope->head.this_update, scope->head.next_update,
                         scope->head.hash))
        return failed("publishing", "out of memory");
    scope->published = scope->head.number;
    scope->published_at = scope->head.this_update;
    scope->published_until = scope->head.next_update;
    scope->published_octets = scope->head.size;
    log_line(scope->shard != 0 ? LOG_DEBUG : LOG_INFO, "CRL published", log_word("ca", turn->ca->name),
             log_word("scope", scope->name), log_number("number", scope->head.number),
             log_number("octets", scope->head.size));
    return failed(NULL, NULL);
}

/* What is replaced while it is read is another one at the next look. */
static struct crl_attempt octets_lost(struct crl_scope *scope)
{
    int again = scope->lost == scope->head.number;

    scope->lost = scope->head.number;
    return again ? failed("publishing", "its octets in the store are damaged, or are not all there")
                 : failed(NULL, NULL);
}

struct crl_attempt crl_scope_take(struct crl_scope *scope, const struct crl_turn *turn)
{
    struct bytes issuer = bytes_of(turn->ca->id, sizeof turn->ca->id), der;
    struct store_crl head = scope->head;

    head.scope = bytes_str(scope->name);
    if (scope->head.number <= scope->published)
        return failed(NULL, NULL);
    if (scope->head.size <= 0 || scope->head.size > BOUND_CRL_OCTETS)
        return failed("publishing", "what the store holds has a size that is not published");
    switch (shelf_take(&der, turn->store, issuer, &head)) {
    case SHELF_DONE:
        return publish(scope, turn, der);
    case SHELF_LOST:
        return octets_lost(scope);
    default:
        return (struct crl_attempt){.is_unavailable = 1};
    }
}

static struct crl_attempt publish_stored(struct crl_scope *const *scopes, struct shelf_crl *crls,
                                         size_t count, const struct crl_turn *turn)
{
    struct crl_attempt attempt = failed(NULL, NULL);

    for (size_t i = 0; i < count; i++) {
        crl_scope_set_head(scopes[i], &crls[i].head);
        struct crl_attempt this = publish(scopes[i], turn, crls[i].der);
        if (this.doing != NULL)
            attempt = this;
    }
    return attempt;
}

struct crl_attempt crl_scope_store(struct crl_scope *const *scopes, struct shelf_crl *crls, size_t count,
                                   const struct crl_turn *turn)
{
    struct bytes issuer = bytes_of(turn->ca->id, sizeof turn->ca->id);
    enum shelf_outcome outcome = shelf_put(crls, count, turn->store, issuer, turn->lease);

    if (outcome == SHELF_DONE)
        return publish_stored(scopes, crls, count, turn);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)crls[i].der.data);
    return outcome == SHELF_LOST ? failed(NULL, NULL) : failed("storing", "the store does not answer");
}
