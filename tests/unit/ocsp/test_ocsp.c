/* ocsp.c: which responder signs, and that none does whose certificate was revoked. Its threads take turns
 * here. */
#include "server/ocsp/ocsp.c"

#include <criterion/criterion.h>

#include "storage/backend.h"
#include "tests/support/capture.h"
#include "tests/support/demo.h"
#include "tests/unit/storage/suite.h"

/* ---- a store that lets something happen after a commit, or is away ---- */

static struct ocsp_service service;
static int is_away;
static void (*after_commit)(void);

static int fetch_between(struct store *unused, struct store_fetch *const *items, void *const *args, size_t n,
                         store_done *done)
{
    (void)unused;
    if (!is_away)
        return store_fetch(store, items, args, n, done);
    for (size_t i = 0; i < n; i++) {
        items[i]->outcome = STORE_FETCH_UNAVAILABLE;
        done(args[i]);
    }
    return 1;
}

static int commit_between(struct store *unused, struct store_unit *const *units, void *const *args, size_t n,
                          store_done *done)
{
    void (*then)(void) = after_commit;

    (void)unused;
    after_commit = NULL;
    for (size_t i = 0; i < n && is_away; i++) {
        units[i]->outcome = STORE_UNAVAILABLE;
        done(args[i]);
    }
    if (is_away)
        return 1;
    for (size_t i = 0; i < n; i++)
        cr_assert(store_commit_wait(store, units[i]));
    if (then != NULL)
        then();
    for (size_t i = 0; i < n; i++)
        done(args[i]);
    return 1;
}

static const struct backend backend = {.fetch = fetch_between, .commit = commit_between};
static struct store between = {.backend = &backend};
static struct demo demo;
static uint8_t ca_id[STORE_ISSUER_ID];

static void begin(void)
{
    set_up();
    log_set_level(LOG_WARN);
    demo_new(&demo);
    memcpy(ca_id, policy_authority(demo.policy, NULL)->id, sizeof ca_id);
    service = (struct ocsp_service){.store = &between, .cache = ocsp_cache_new()};
    pthread_mutex_init(&service.lock, NULL);
    ocsp_cache_limit(service.cache, MIB);
}

static void end(void)
{
    for (size_t i = 0; i < service.issuer_count; i++)
        responder_release(service.issuers[i].responder);
    ocsp_cache_free(service.cache);
    demo_free(&demo);
    tear_down();
}

TestSuite(ocsp, .init = begin, .fini = end);

static void follow_turn(void)
{
    follow_all(&service, demo.policy, 0);
}

static void renew_turn(void)
{
    renew_all(&service, demo.policy, 0);
}

/* Who signs; the serial, all zeros: nobody does. */
static void signer(uint8_t serial[STORE_SERIAL])
{
    struct responder *responder = ocsp_responder(&service, ca_id, time(NULL));

    memset(serial, 0, STORE_SERIAL);
    if (responder != NULL)
        memcpy(serial, responder->serial, STORE_SERIAL);
    responder_release(responder);
}

static int signs(const uint8_t serial[STORE_SERIAL])
{
    uint8_t now[STORE_SERIAL];

    signer(now);
    return memcmp(now, serial, STORE_SERIAL) == 0;
}

static void set_status(const uint8_t serial[STORE_SERIAL], enum store_cert_status status)
{
    struct store_cert_change change = {
        .serial = bytes_of(serial, STORE_SERIAL), .status = status, .required = 1, .at = NOW};
    struct store_unit unit = {.issuer = bytes_of(ca_id, STORE_ISSUER_ID), .change = &change};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static void expect_another(const uint8_t former[STORE_SERIAL])
{
    static const uint8_t nobody[STORE_SERIAL];

    cr_expect(signs(nobody));
    renew_turn();
    cr_expect_not(signs(nobody));
    cr_expect_not(signs(former));
}

Test(ocsp, one_that_is_revoked_signs_no_more)
{
    uint8_t serial[STORE_SERIAL];

    renew_turn();
    signer(serial);
    follow_turn();
    follow_turn();
    cr_expect(signs(serial));
    set_status(serial, STORE_CERT_REVOKED);
    follow_turn();
    expect_another(serial);
}

Test(ocsp, nor_does_one_on_hold)
{
    uint8_t serial[STORE_SERIAL];

    renew_turn();
    signer(serial);
    follow_turn();
    set_status(serial, STORE_CERT_HOLD);
    follow_turn();
    expect_another(serial);
}

/* Who begins to follow passes over what was revoked before. */
Test(ocsp, one_that_was_revoked_before_anybody_followed)
{
    uint8_t serial[STORE_SERIAL];

    renew_turn();
    signer(serial);
    set_status(serial, STORE_CERT_REVOKED);
    follow_turn();
    expect_another(serial);
}

static void revoke_newest(void)
{
    struct store_fetch item = {.kind = STORE_CERTIFICATES,
                               .index = STORE_OLD_CERTIFICATES,
                               .issuer = bytes_of(ca_id, STORE_ISSUER_ID),
                               .before = INT64_MAX,
                               .arena = arena_new(1024 * 1024)};

    cr_assert(store_fetch_wait(store, &item));
    cr_assert_eq(item.outcome, STORE_FOUND);
    set_status(((const struct store_cert *)item.rows)[item.count - 1].serial.data, STORE_CERT_REVOKED);
    arena_free(item.arena);
    follow_turn();
    follow_turn();
}

/* It is in the store before this node knows it: the one who follows has nobody to stop. */
Test(ocsp, one_that_is_revoked_before_it_signs)
{
    uint8_t serial[STORE_SERIAL];
    uint64_t epoch;

    follow_turn();
    after_commit = revoke_newest;
    renew_turn();
    signer(serial);
    epoch = ocsp_cache_epoch(service.cache);
    follow_turn();
    cr_expect_gt(ocsp_cache_epoch(service.cache), epoch, "who has asked it meanwhile keeps nothing");
    expect_another(serial);
}

/* A store that was restored has a list that is followed anew. */
Test(ocsp, one_that_was_revoked_while_the_list_lost_its_end)
{
    uint8_t serial[STORE_SERIAL];

    renew_turn();
    signer(serial);
    follow_turn();
    service.followed[0].follower.position = 1000;
    set_status(serial, STORE_CERT_REVOKED);
    follow_turn();
    follow_turn();
    expect_another(serial);
}

/* What the CA has signed is in the store; of what is not there, nobody can say that it is revoked. */
Test(ocsp, one_that_is_not_in_the_store)
{
    uint8_t serial[STORE_SERIAL];
    const struct bytes key = bytes_of(serial, STORE_SERIAL);
    const struct store_removal removal = {STORE_CERTIFICATES, &key, 1, INT64_MAX};
    struct store_unit unit = {.issuer = bytes_of(ca_id, STORE_ISSUER_ID), .removal = &removal};

    renew_turn();
    signer(serial);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    follow_turn();
    expect_another(serial);
}

Test(ocsp, a_store_that_is_away_stops_nobody_and_is_asked_again)
{
    uint8_t serial[STORE_SERIAL];

    follow_turn();
    renew_turn();
    signer(serial);
    set_status(serial, STORE_CERT_REVOKED);
    service.followed[0].follower.position = 1; /* as if it had not been told */
    is_away = 1;
    follow_turn();
    cr_expect(signs(serial));
    is_away = 0;
    follow_turn();
    expect_another(serial);
}

Test(ocsp, what_it_has_signed_is_not_given_out_any_more)
{
    struct ocsp_entry entry = {.serial = {1},
                               .cert_id = bytes_str("id"),
                               .der = bytes_str("response"),
                               .tag = "\"tag\"",
                               .times = {.next_update = INT64_MAX}};
    uint8_t serial[STORE_SERIAL], octets[OCSP_KEPT_MAX];
    struct ocsp_kept kept;
    uint64_t epoch;

    memcpy(entry.issuer, ca_id, sizeof ca_id);
    renew_turn();
    signer(serial);
    follow_turn();
    epoch = ocsp_cache_epoch(service.cache);
    ocsp_cache_put(service.cache, &entry, epoch);
    cr_assert(ocsp_cache_find(&kept, octets, service.cache, entry.cert_id,
                              bytes_of(entry.serial, STORE_SERIAL), NOW, 0));
    set_status(serial, STORE_CERT_REVOKED);
    follow_turn();
    cr_expect_not(ocsp_cache_find(&kept, octets, service.cache, entry.cert_id,
                                  bytes_of(entry.serial, STORE_SERIAL), NOW, 0));
    ocsp_cache_put(service.cache, &entry, epoch);
    cr_expect_not(ocsp_cache_find(&kept, octets, service.cache, entry.cert_id,
                                  bytes_of(entry.serial, STORE_SERIAL), NOW, 0),
                  "who has begun before keeps nothing");
}

/* ---- late ---- */

enum { DAYS = 3 };

static const struct cmp_authority *ca(void)
{
    return policy_authority(demo.policy, NULL);
}

static void renew_at(int64_t now)
{
    renew(&service, find_or_add(&service, ca()), ca(), DAYS, now);
}

static struct ocsp_told told(int64_t now, int64_t now_ms)
{
    struct ocsp_told out[BOUND_AUTHORITIES];

    cr_assert_eq(ocsp_list(&service, out, now, now_ms), 1);
    cr_expect_str_eq(out[0].ca, "issuing");
    return out[0];
}

/* What the log says of it at |now|. */
static const char *log_says(int64_t now, int64_t now_ms)
{
    CAPTURE(tell_if_late(&service, now, now_ms));
    return logged;
}

Test(ocsp, one_that_is_not_replaced_in_half_of_its_time_is_late)
{
    int64_t now = time(NULL), end, ms;

    renew_at(now);
    end = told(now, 0).not_after;
    cr_expect_eq(end, now + (int64_t)DAYS * DAY);
    is_away = 1;
    renew_at(end - DAYS * DAY / 2);
    cr_expect_not(told(end - 1, INT64_MAX).is_late, "none was wanted yet");
    CAPTURE(renew_at(end - DAYS * DAY / 2 + 1));
    cr_expect_not_null(strstr(logged, "not certified"), "%s", logged);
    ms = service.issuers[0].wanted_ms + OCSP_PATIENCE_MS;
    cr_expect_not(told(end - DAYS * DAY / 4 + 1, ms - 1).is_late, "it is made just now");
    cr_expect_not(told(end - DAYS * DAY / 4, ms).is_late);
    cr_expect_str_empty(log_says(end - DAYS * DAY / 4, ms));
    cr_expect(told(end - DAYS * DAY / 4 + 1, ms).is_late);
    cr_expect_not_null(
        strstr(log_says(end - DAYS * DAY / 4 + 1, ms), "alarm=ocsp_late ca=issuing seconds_left="), "%s",
        logged);
    cr_expect_str_empty(log_says(end - DAYS * DAY / 4 + TELL_EVERY, ms), "not each time");
    cr_expect_not_null(strstr(log_says(end - DAYS * DAY / 4 + 1 + TELL_EVERY, ms), "ocsp_late"));
    is_away = 0;
    service.issuers[0].failing = 0; /* else it would be tried again seconds later */
    renew_at(end - DAYS * DAY / 4 + 1);
    cr_expect_not(told(end - DAYS * DAY / 4 + 1, INT64_MAX).is_late);
    cr_expect_gt(told(end, 0).not_after, end);
    cr_expect_str_empty(log_says(end, INT64_MAX));
}

/* A node that starts has none for a moment. */
Test(ocsp, nobody_signs)
{
    int64_t now = time(NULL), ms;

    is_away = 1;
    CAPTURE(renew_at(now));
    ms = service.issuers[0].wanted_ms;
    cr_expect_eq(told(now, ms).not_after, 0);
    cr_expect_not(told(now, ms + OCSP_PATIENCE_MS - 1).is_late);
    cr_expect(told(now, ms + OCSP_PATIENCE_MS).is_late);
    CAPTURE(renew_at(now));
    cr_expect_eq(service.issuers[0].wanted_ms, ms, "it is wanted since then");
    is_away = 0;
    service.issuers[0].failing = 0;
    renew_at(now);
    cr_expect_not(told(now, INT64_MAX).is_late);
}

/* What has ended is told by its own alarm, and certifies nobody. */
Test(ocsp, of_a_CA_that_has_ended_none_is_late)
{
    int64_t end = ca()->cert.not_after;

    renew_at(end - DAY);
    cr_expect_eq(told(end, 0).not_after, end);
    CAPTURE(renew_at(end));
    cr_expect_str_empty(logged);
    cr_expect_eq(service.issuers[0].wanted_ms, 0, "one that ends now would sign nothing");
    CAPTURE(renew_at(end + 1));
    cr_expect_not_null(strstr(logged, "event=\"OCSP ended\" ca=issuing"), "%s", logged);
    cr_expect_not(told(end + 1, INT64_MAX).is_late);
    CAPTURE(renew_at(end + 2));
    cr_expect_str_empty(logged, "it is said once");
    cr_expect_null(ocsp_responder(&service, ca_id, end + 2));
}
