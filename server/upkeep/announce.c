/* announce.c: see announce.h. */
#include "server/upkeep/announce.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crl.h"
#include "crypto/random.h"
#include "server/base/bounds.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/upkeep/announce_message.h"
#include "storage/row.h"

enum { ANNOUNCE_PAGE = STORE_OLD_MAX * 128 * 1024 }; /* bounds a page; the largest rows fit */

static const char lease_name[] = "announce";

/* ---- which there are ---- */

static void drop(struct announce_stream *stream)
{
    free(stream->url);
}

static struct announce_stream *find_or_add(struct announcer *announcer, const struct cmp_authority *ca,
                                           enum pki_announcement kind, const char *url)
{
    struct announce_stream *grown, *stream;

    for (size_t i = 0; i < announcer->count; i++) {
        stream = &announcer->of[i];
        if (stream->kind == kind && memcmp(stream->issuer, ca->id, sizeof ca->id) == 0 &&
            strcmp(stream->url, url) == 0)
            return stream;
    }
    grown = realloc(announcer->of, (announcer->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    announcer->of = grown;
    stream = &grown[announcer->count];
    *stream = (struct announce_stream){.kind = kind, .url = strdup(url)};
    memcpy(stream->issuer, ca->id, sizeof ca->id);
    announcer->count += stream->url != NULL;
    return stream->url != NULL ? stream : NULL;
}

/* Those that the configuration has no longer are forgotten; their rows stay, for when it has them again. */
static void keep_named(struct announcer *announcer)
{
    size_t kept = 0;

    for (size_t i = 0; i < announcer->count; i++)
        if (announcer->of[i].ca != NULL)
            announcer->of[kept++] = announcer->of[i];
        else
            drop(&announcer->of[i]);
    announcer->count = kept;
}

static int is_wanted(const struct config_announce *config, enum pki_announcement kind)
{
    return (kind == PKI_ANNOUNCES_ROOT && config->roots) ||
           (kind == PKI_ANNOUNCES_CERTIFICATE && config->certificates) ||
           (kind == PKI_ANNOUNCES_REVOCATION && config->revocations) ||
           (kind == PKI_ANNOUNCES_CRL && config->crls);
}

/* Without memory some are left out, until the next turn. */
static void name_all(struct announcer *announcer, const struct policy *policy)
{
    const struct config *config = policy_config(policy);
    struct announce_stream *stream;

    for (size_t i = 0; i < announcer->count; i++)
        announcer->of[i].ca = NULL;
    for (size_t i = 0; i < config->ca_count; i++) {
        const struct config_announce *announce = config->cas[i].announce;
        const struct cmp_authority *ca = policy_authority(policy, config->cas[i].name);
        for (size_t u = 0; announce != NULL && u < announce->urls.count; u++)
            for (int kind = 0; kind < PKI_ANNOUNCEMENTS; kind++)
                if (is_wanted(announce, (enum pki_announcement)kind) &&
                    (stream = find_or_add(announcer, ca, (enum pki_announcement)kind,
                                          announce->urls.items[u])) != NULL)
                    stream->ca = ca;
    }
    keep_named(announcer);
}

/* ---- who announces ---- */

/* What is known of the rows is known while nobody else writes them. */
static void follow(struct announcer *announcer)
{
    announcer->leads = 0;
    for (size_t i = 0; i < announcer->count; i++)
        announcer->of[i].is_read = 0;
}

static int ask_for_lease(const struct announcer *announcer, struct store *store, int gives_up)
{
    const struct store_lease lease = {lease_name, bytes_of(announcer->holder, ANNOUNCE_HOLDER),
                                      gives_up ? -1 : BOUND_ANNOUNCE_LEASE, 0};
    struct store_unit unit = {.lease = &lease};

    return store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
}

/* Three times before it lapses. */
static int may_announce(struct announcer *announcer, struct store *store, int64_t now)
{
    int led = announcer->leads;

    if (announcer->asked != 0 && now >= announcer->asked && now - announcer->asked < BOUND_ANNOUNCE_LEASE / 3)
        return announcer->leads;
    if (announcer->asked == 0)
        random_bytes(announcer->holder, ANNOUNCE_HOLDER);
    announcer->asked = now;
    announcer->leads = ask_for_lease(announcer, store, 0);
    if (announcer->leads && !led)
        log_line(LOG_INFO, "this node announces");
    if (!announcer->leads)
        follow(announcer);
    return announcer->leads;
}

/* ---- how far it has got ---- */

/* Returns 0 if it could not be stored: then it may be another node's turn, and what the store has is read
 * anew. */
static int keep(struct announcer *announcer, struct store *store, struct announce_stream *stream)
{
    const struct store_lease lease = {lease_name, bytes_of(announcer->holder, ANNOUNCE_HOLDER), 0, 0};
    struct store_unit unit = {.issuer = bytes_of(stream->issuer, STORE_ISSUER_ID), .lease = &lease};

    store_unit_write(&unit, STORE_PUT, STORE_DELIVERIES, &stream->row);
    if (store_commit_wait(store, &unit) && unit.outcome == STORE_DONE)
        return 1;
    stream->is_read = 0;
    if (unit.outcome == STORE_CONFLICT)
        follow(announcer);
    return 0;
}

static void make_key(uint8_t key[STORE_HASH], const struct announce_stream *stream)
{
    uint8_t text[1 + BOUND_VENDOR_CRL_URL];
    size_t len = strlen(stream->url);

    text[0] = (uint8_t)pki_announcement_body(stream->kind);
    memcpy(text + 1, stream->url, len);
    digest_compute(key, DIGEST_SHA256, bytes_of(text, 1 + len));
}

/* What the row refers to is the stream's own, which has its place in a list that grows and shrinks. */
static void point_to_own(struct announce_stream *stream)
{
    stream->row.delivery = bytes_of(stream->key, sizeof stream->key);
    stream->row.url = bytes_str(stream->url);
    stream->row.done = bytes_of(stream->done, stream->row.done.len);
}

static void take_row(struct announce_stream *stream, const struct store_delivery *row, int64_t now)
{
    stream->row = row != NULL ? *row : (struct store_delivery){.since = now};
    stream->row.body = pki_announcement_body(stream->kind);
    if (stream->row.done.len > sizeof stream->done)
        stream->row.done = bytes_of(NULL, 0);
    if (stream->row.done.len != 0)
        memcpy(stream->done, stream->row.done.data, stream->row.done.len);
    point_to_own(stream);
    stream->is_read = 1;
}

/* Reads where it is, or notes that it begins now. 1 or 0. */
static int read_row(struct announcer *announcer, struct store *store, struct announce_stream *stream,
                    int64_t now)
{
    struct arena *arena = arena_new(BOUND_JOB_ARENA);
    struct store_fetch fetch = {.kind = STORE_DELIVERIES,
                                .issuer = bytes_of(stream->issuer, STORE_ISSUER_ID),
                                .key = bytes_of(stream->key, sizeof stream->key),
                                .arena = arena};
    int ok = 0;

    make_key(stream->key, stream);
    if (arena != NULL && store_fetch_wait(store, &fetch) && fetch.outcome != STORE_FETCH_UNAVAILABLE) {
        take_row(stream, fetch.outcome == STORE_FOUND ? fetch.rows : NULL, now);
        ok = fetch.outcome == STORE_FOUND || keep(announcer, store, stream);
    }
    arena_free(arena);
    return ok;
}

/* ---- one announcement ---- */

/* struct turn is a stream's, with what all of them have. */
struct turn {
    struct announcer *announcer;
    const struct upkeep_turn *upkeep;
    struct announce_stream *stream;
    struct arena *arena;
    int64_t now; /* Unix seconds */
};

static const char *kind_name(const struct announce_stream *stream)
{
    return pki_body_name(pki_announcement_body(stream->kind));
}

static int64_t retry_after(unsigned failures)
{
    unsigned doublings = failures < 16 ? failures : 16;
    int64_t seconds = (int64_t)BOUND_ANNOUNCE_RETRY << doublings;

    return seconds < BOUND_ANNOUNCE_RETRY_MAX ? seconds : BOUND_ANNOUNCE_RETRY_MAX;
}

static void put_off(struct turn *turn, const char *why)
{
    struct announce_stream *stream = turn->stream;

    if (stream->failures == 0 || strcmp(why, stream->why) != 0)
        log_line(LOG_WARN, "announcement not delivered", log_word("ca", stream->ca->name),
                 log_word("body", kind_name(stream)), log_text("url", stream->url), log_text("reason", why),
                 log_text("text", "cmpd tries again and again"));
    snprintf(stream->why, sizeof stream->why, "%s", why);
    stream->due = turn->now + retry_after(stream->failures++);
}

static void lose(struct turn *turn, const char *what, const char *why)
{
    struct announce_stream *stream = turn->stream;

    stream->row.lost++;
    if (log_take("announcement lost", bytes_str(stream->url)))
        log_line(LOG_ERROR, "announcement lost", log_word("ca", stream->ca->name),
                 log_word("body", kind_name(stream)), log_text("url", stream->url), log_text("what", what),
                 log_text("reason", why));
}

static void note_delivery(struct turn *turn, const char *what)
{
    struct announce_stream *stream = turn->stream;

    stream->failures = 0;
    stream->row.delivered++;
    stream->row.delivered_at = turn->now;
    if (log_take("announcement delivered", bytes_str(stream->url)))
        log_line(LOG_INFO, "announcement delivered", log_word("ca", stream->ca->name),
                 log_word("body", kind_name(stream)), log_text("url", stream->url), log_text("what", what));
}

/* Pushes |content|; |what| tells the log of it. Returns 1 if nothing more is to be done with it, delivered or
 * lost, or 0: later. */
static int push(struct turn *turn, struct bytes content, const char *what)
{
    const struct announce_stream *stream = turn->stream;
    char why[FETCH_WHY_MAX];
    const char *fault;
    struct bytes message;
    enum announce_outcome outcome;

    if (!announce_message(&message, turn->arena, stream->ca, stream->kind, content, turn->now, &fault)) {
        put_off(turn, fault);
        return 0;
    }
    outcome = announce_push(stream->url, message, turn->upkeep->ends, why);
    if (outcome == ANNOUNCE_DELIVERED)
        note_delivery(turn, what);
    else if (outcome == ANNOUNCE_NEVER)
        lose(turn, what, why);
    else
        put_off(turn, why);
    return outcome != ANNOUNCE_LATER;
}

static int store_it(const struct turn *turn)
{
    return keep(turn->announcer, turn->upkeep->store, turn->stream);
}

/* ---- roots ---- */

/* RFC 9810 5.3.13. From the present root to the next one, where there is a next; else how one gets to the
 * present one. It is announced once for each set of certificates. */
static void announce_root(struct turn *turn)
{
    struct announce_stream *stream = turn->stream;
    const struct cmp_authority *ca = stream->ca;
    const struct root_update *update = ca->coming.new_with_new.len != 0 ? &ca->coming : &ca->former;
    uint8_t hash[STORE_HASH];
    struct bytes content;

    if (update->new_with_new.len == 0)
        return;
    if (!pki_encode_key_update(&content, turn->arena, update)) {
        put_off(turn, "out of memory");
        return;
    }
    digest_compute(hash, DIGEST_SHA256, content);
    if (bytes_equal(stream->row.done, bytes_of(hash, sizeof hash)) || !push(turn, content, "root"))
        return;
    memcpy(stream->done, hash, sizeof hash);
    stream->row.done = bytes_of(stream->done, sizeof stream->done);
    store_it(turn);
}

/* ---- CRLs ---- */

_Static_assert((int)BOUND_ANNOUNCEMENT <= (int)STORE_CRL_PIECE, "a CRL that is announced is one piece");

/* Fetches the row of |kind| with |key|. Returns it, or NULL: there is none, or the store does not answer. */
static const void *row_of(struct turn *turn, enum store_kind kind, struct bytes key)
{
    struct store_fetch fetch = {.kind = kind,
                                .issuer = bytes_of(turn->stream->issuer, STORE_ISSUER_ID),
                                .key = key,
                                .arena = turn->arena};

    return store_fetch_wait(turn->upkeep->store, &fetch) && fetch.outcome == STORE_FOUND ? fetch.rows : NULL;
}

/* What the store says is believed as far as the CA has signed it. Returns 0 while it is being replaced. */
static int read_crl(struct turn *turn, struct bytes *der, const struct store_crl *head)
{
    uint8_t key[STORE_PIECE_KEY_MAX];
    const struct store_crl_piece *piece =
        row_of(turn, STORE_CRL_PIECES, store_crl_piece_key(key, head->scope, head->slot, 0));
    struct crl crl;

    if (piece == NULL || !crl_parse(&crl, piece->octets) || crl.number != head->number ||
        !crl_is_signed_by(&crl, turn->stream->ca->crl_cert.spki))
        return 0;
    *der = piece->octets;
    return 1;
}

/* RFC 9810 5.3.16. The complete one; whoever has missed one needs no more than the newest. */
static void announce_crl(struct turn *turn)
{
    struct announce_stream *stream = turn->stream;
    const struct store_crl *head = row_of(turn, STORE_CRLS, bytes_str(STORE_SCOPE_FULL));
    struct bytes der, content;
    char what[32];

    if (head == NULL || head->number <= stream->row.position)
        return;
    snprintf(what, sizeof what, "CRL %lld", (long long)head->number);
    if (head->size > BOUND_ANNOUNCEMENT) {
        lose(turn, what, "it is larger than an announcement may be: it is published all the same");
    } else {
        if (!read_crl(turn, &der, head))
            return;
        if (!pki_encode_sequence(&content, turn->arena, &der, 1)) {
            put_off(turn, "out of memory");
            return;
        }
        if (!push(turn, content, what))
            return;
    }
    stream->row.position = head->number;
    store_it(turn);
}

/* ---- revocations ---- */

/* Was there before anybody was told of any, or is in force again. */
static int is_passed_over(const struct announce_stream *stream, const struct store_revocation *row)
{
    return row->status == STORE_CERT_VALID || row->at < stream->row.since;
}

static const char *serial_text(char out[2 * STORE_SERIAL + 1], const struct store_revocation *row)
{
    return log_hex(out, 2 * STORE_SERIAL + 1, row->serial);
}

/* RFC 9810 5.3.15: it has happened, and "willBeRevokedAt" is when it did. Returns 0: later. */
static int announce_one(struct turn *turn, const struct store_revocation *row)
{
    const struct announce_stream *stream = turn->stream;
    const struct revocation_notice notice = {
        .status = PKI_REVOCATION_NOTIFICATION,
        .issuer_name = stream->ca->cert.subject,
        .serial = row->serial,
        .revoked_at = row->at,
        .bad_since = row->invalidity_at != 0 ? row->invalidity_at : row->at,
        .has_reason = row->reason != 0, /* RFC 5280 5.3.1: unspecified is left out */
        .reason = row->reason,
    };
    char serial[2 * STORE_SERIAL + 1];
    struct bytes content;

    if (turn->now - row->at > BOUND_ANNOUNCE_AGE) {
        lose(turn, serial_text(serial, row), "for a day it could not be delivered");
        return 1;
    }
    if (!pki_encode_revocation_notice(&content, turn->arena, &notice)) {
        put_off(turn, "out of memory");
        return 0;
    }
    return push(turn, content, serial_text(serial, row));
}

/* Each one is kept when it has been delivered; those that are passed over, with the last of the page. */
static void announce_page(struct turn *turn, const struct store_revocation *rows, size_t count,
                          int64_t until_ms)
{
    struct announce_stream *stream = turn->stream;

    for (size_t i = 0; i < count; i++) {
        struct turn one = *turn;
        int passed_over = is_passed_over(stream, &rows[i]), done = 1;
        if (!passed_over) {
            one.arena = arena_new(BOUND_JOB_ARENA); /* the rows are in the other one */
            done = one.arena != NULL && announce_one(&one, &rows[i]);
            arena_free(one.arena);
        }
        if (!done)
            return;
        stream->row.position = rows[i].position;
        if ((!passed_over || i + 1 == count) && !store_it(turn))
            return;
        if (clock_steady_ms() >= until_ms)
            return;
    }
}

static void announce_revocations(struct turn *turn, int64_t until_ms)
{
    struct store_fetch fetch = {.kind = STORE_REVOCATIONS,
                                .index = STORE_REVOKED_SINCE,
                                .issuer = bytes_of(turn->stream->issuer, STORE_ISSUER_ID),
                                .before = turn->stream->row.position + 1,
                                .arena = turn->arena};

    if (store_fetch_wait(turn->upkeep->store, &fetch) && fetch.outcome == STORE_FOUND)
        announce_page(turn, fetch.rows, fetch.count, until_ms);
}

/* ---- certificates ---- */

/* By then a certificate is confirmed, or it is not: nothing of what was issued before becomes good later. */
static int64_t settled_before(const struct turn *turn)
{
    const struct cmp_settings *settings = policy_settings(turn->upkeep->policy);
    uint32_t longest = 0;

    for (size_t i = 0; i < settings->profile_count; i++)
        if (settings->profiles[i]->ca == turn->stream->ca &&
            settings->profiles[i]->config->confirm.wait_seconds > longest)
            longest = settings->profiles[i]->config->confirm.wait_seconds;
    return turn->now - longest - BOUND_ANNOUNCE_SETTLED;
}

/* RFC 9810 5.3.14: "to announce the existence of certificates". Those that nobody has asked for are the CA's
 * own. Returns 0: later. */
static int announce_certificate(struct turn *turn, const struct store_cert *row)
{
    char serial[2 * STORE_SERIAL + 1];

    log_hex(serial, sizeof serial, row->serial);
    if (turn->now - row->issued_at > BOUND_ANNOUNCE_AGE) {
        lose(turn, serial, "for a day it could not be delivered");
        return 1;
    }
    return push(turn, row->certificate, serial);
}

/* Upkeep is behind: what awaits its certConf still is waited for, but not for ever. */
static int is_unsettled(const struct turn *turn, const struct store_cert *row)
{
    return row->status == STORE_CERT_UNCONFIRMED && turn->now - row->issued_at <= BOUND_ANNOUNCE_AGE;
}

static void announce_certificates(struct turn *turn, int64_t until_ms)
{
    struct announce_stream *stream = turn->stream;
    uint8_t since[STORE_SERIAL_TIME];
    struct store_fetch fetch = {.kind = STORE_CERTIFICATES,
                                .index = STORE_OLD_CERTIFICATES,
                                .issuer = bytes_of(stream->issuer, STORE_ISSUER_ID),
                                .before = settled_before(turn),
                                .arena = arena_new(ANNOUNCE_PAGE)};
    const struct store_cert *rows;

    fetch.key = stream->row.done.len != 0 ? stream->row.done : store_serial_time(since, stream->row.since);
    if (fetch.arena == NULL || !store_fetch_wait(turn->upkeep->store, &fetch) || fetch.outcome != STORE_FOUND)
        fetch.count = 0;
    rows = fetch.rows;
    for (size_t i = 0; i < fetch.count && clock_steady_ms() < until_ms && !is_unsettled(turn, &rows[i]);
         i++) {
        struct turn one = *turn;
        int is_good = rows[i].status == STORE_CERT_VALID && rows[i].transaction_id.len != 0, done = 1;
        if (is_good) {
            one.arena = arena_new(BOUND_JOB_ARENA);
            done = one.arena != NULL && announce_certificate(&one, &rows[i]);
            arena_free(one.arena);
        }
        if (!done)
            break;
        memcpy(stream->done, rows[i].serial.data, STORE_SERIAL);
        stream->row.done = bytes_of(stream->done, STORE_SERIAL);
        if ((is_good || i + 1 == fetch.count) && !store_it(turn))
            break;
    }
    arena_free(fetch.arena);
}

/* ---- all of them ---- */

static void serve(struct turn *turn, int64_t until_ms)
{
    struct announce_stream *stream = turn->stream;

    point_to_own(stream);
    if (!stream->is_read && !read_row(turn->announcer, turn->upkeep->store, stream, turn->now))
        return;
    if (stream->kind == PKI_ANNOUNCES_REVOCATION)
        announce_revocations(turn, until_ms);
    else if (stream->kind == PKI_ANNOUNCES_CERTIFICATE)
        announce_certificates(turn, until_ms);
    else if (stream->kind == PKI_ANNOUNCES_CRL)
        announce_crl(turn);
    else
        announce_root(turn);
}

/* A clock that was set back makes nobody wait until it has caught up. */
static int is_due(const struct announce_stream *stream, int64_t now)
{
    return now >= stream->due || stream->due - now > BOUND_ANNOUNCE_RETRY_MAX;
}

static int is_stopping(const atomic_int *ends)
{
    return ends != NULL && atomic_load(ends);
}

void announce_run(struct announcer *announcer, const struct upkeep_turn *turn)
{
    int64_t now = turn->now_ms / 1000, begun_ms = clock_steady_ms();
    int64_t until_ms = begun_ms + BOUND_ANNOUNCE_AT_ONCE_MS;

    name_all(announcer, turn->policy);
    if (announcer->count == 0 && !announcer->leads)
        return;
    if (announcer->count == 0) {
        announce_end(announcer, turn->store);
        return;
    }
    /* From where it ended the last time: none keeps the others waiting for longer than a turn. */
    for (size_t i = 0; i < announcer->count && clock_steady_ms() < until_ms && !is_stopping(turn->ends);
         i++) {
        struct turn own = {.announcer = announcer,
                           .upkeep = turn,
                           .stream = &announcer->of[announcer->next++ % announcer->count],
                           .now = now + (clock_steady_ms() - begun_ms) / 1000};
        if (!may_announce(announcer, turn->store, own.now) ||
            (own.arena = arena_new(BOUND_JOB_ARENA)) == NULL)
            return;
        if (is_due(own.stream, own.now))
            serve(&own, until_ms);
        arena_free(own.arena);
    }
}

void announce_end(struct announcer *announcer, struct store *store)
{
    /* The next one need not wait until it lapses. */
    if (announcer->leads && store != NULL)
        ask_for_lease(announcer, store, 1);
    for (size_t i = 0; i < announcer->count; i++)
        drop(&announcer->of[i]);
    free(announcer->of);
    *announcer = (struct announcer){.of = NULL};
}

/* ---- the job ---- */

static int run(void *state, const struct upkeep_turn *turn)
{
    announce_run(state, turn);
    return 1;
}

/* Whoever has mended what was wrong says so by SIGHUP, and need not wait. */
static void resume(void *state)
{
    struct announcer *announcer = state;

    for (size_t i = 0; i < announcer->count; i++)
        announcer->of[i].due = 0;
}

static void end(void *state, const struct upkeep_turn *turn)
{
    announce_end(state, turn->store);
}

const struct upkeep_job announce_job = {
    .name = "announce",
    .every = 1,
    .strand = UPKEEP_OUTSIDE,
    .size = sizeof(struct announcer),
    .run = run,
    .resume = resume,
    .end = end,
};
