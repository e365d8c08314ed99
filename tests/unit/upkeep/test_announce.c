/* announce.c: what is announced where, how far it has got, and who does so. Deliveries are the test's; a real
 * server takes them in server/test_announce.sh. */
#include "server/base/clock.h"
#include "server/upkeep/announce_message.h"

static enum announce_outcome fake_push(const char *url, struct bytes message, const atomic_int *ends,
                                       char why[FETCH_WHY_MAX]);
static int64_t fake_clock_ms(void);

#define announce_push fake_push
#define clock_steady_ms fake_clock_ms
/* NOLINTNEXTLINE(bugprone-suspicious-include): its servers and its clock are the test's */
#include "server/upkeep/announce.c"
#undef announce_push
#undef clock_steady_ms

#include "tests/unit/upkeep/fixture.h"

enum { PUSHED_MAX = 64, BEGIN = NOW + 1000 };

static struct {
    int body;
    char url[64];
    struct revocation_notice notice;
    uint8_t serial[STORE_SERIAL];
    int64_t number; /* of a CRL */
} pushed[PUSHED_MAX];

static struct {
    unsigned count;
    enum announce_outcome outcome;
    const char *only_at; /* NULL, or where alone that is so: else it is delivered */
    int64_t clock_ms, takes_ms;
    int loses_lease; /* 1: during a delivery */
} outside;

static struct announcer announcer, another;

static int64_t fake_clock_ms(void)
{
    return outside.clock_ms;
}

static void read_crl_of(struct bytes body, int64_t *number)
{
    struct bytes crls[BOUND_ANNOUNCED_CRLS];
    struct crl crl;
    size_t count;

    cr_assert(pki_decode_crls(crls, &count, body) && count == 1 && crl_parse(&crl, crls[0]));
    *number = crl.number;
}

static enum announce_outcome fake_push(const char *url, struct bytes der, const atomic_int *ends,
                                       char why[FETCH_WHY_MAX])
{
    struct pki_message message;
    struct key_update update;
    unsigned i = outside.count++;

    (void)ends;
    outside.clock_ms += outside.takes_ms;
    if (outside.loses_lease)
        cr_assert(ask_for_lease(&announcer, store, 1));
    cr_assert(i < PUSHED_MAX && pki_message_decode(&message, NULL, der) == PKI_WHOLE);
    pushed[i].body = message.body_type;
    snprintf(pushed[i].url, sizeof pushed[i].url, "%s", url);
    if (message.body_type == PKI_RANN) {
        cr_assert(pki_decode_revocation_notice(&pushed[i].notice, message.body));
        cr_expect(bytes_equal(pushed[i].notice.issuer_name,
                              policy_settings(demo.policy)->default_profile->ca->cert.subject));
        cr_assert(pushed[i].notice.serial.len <= STORE_SERIAL);
        memcpy(pushed[i].serial + STORE_SERIAL - pushed[i].notice.serial.len, pushed[i].notice.serial.data,
               pushed[i].notice.serial.len);
    } else if (message.body_type == PKI_CANN) {
        cr_assert_eq(message.body.len, 5);
        pushed[i].number = message.body.data[4];
    } else if (message.body_type == PKI_CRLANN) {
        read_crl_of(message.body, &pushed[i].number);
    } else {
        cr_assert(pki_decode_key_update(&update, message.body));
    }
    if (outside.outcome == ANNOUNCE_DELIVERED ||
        (outside.only_at != NULL && strcmp(outside.only_at, url) != 0))
        return ANNOUNCE_DELIVERED;
    snprintf(why, FETCH_WHY_MAX, "the test says so");
    return outside.outcome;
}

static void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

#define CA "  - name: issuing\n"
#define ANNOUNCE(rest) CA "    announce: {urls: ['http://a/']" rest "}\n"
#define RANN ANNOUNCE(", crls: false, roots: false")
#define CANN ANNOUNCE(", certificates: true, revocations: false, crls: false, roots: false")
#define CRLANN ANNOUNCE(", revocations: false, roots: false")

static void set_up_announcer(void)
{
    set_up();
}

static void tear_down_announcer(void)
{
    announce_end(&announcer, store);
    announce_end(&another, store);
    tear_down();
}

TestSuite(announce, .init = set_up_announcer, .fini = tear_down_announcer, .timeout = 120);

/* Runs |who| at |now|; returns how many were pushed. */
static unsigned run_by(struct announcer *who, int64_t now)
{
    const struct upkeep_turn turn = {.policy = demo.policy, .store = store, .now_ms = now * 1000};
    unsigned before = outside.count;

    outside.clock_ms += 2000;
    announce_run(who, &turn);
    return outside.count - before;
}

static unsigned run_at(int64_t now)
{
    return run_by(&announcer, now);
}

/* The certificate (1, n) is revoked, held or released at |at|. */
static void change(uint32_t n, enum store_cert_status status, int reason, int64_t at)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_cert_change change = {.serial = e.cert.serial,
                                       .only_from = status == STORE_CERT_VALID ? STORE_CERT_HOLD : 0,
                                       .status = status,
                                       .reason = reason,
                                       .at = at,
                                       .invalidity_at = reason == 1 ? at - 60 : 0};
    struct store_unit unit = {
        .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    enrollment_cleanup(&e);
}

static void lose_key(uint32_t n, int64_t at)
{
    cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    change(n, STORE_CERT_REVOKED, 1, at);
}

static struct store_delivery delivery(size_t i)
{
    struct store_fetch fetch = {.kind = STORE_DELIVERIES,
                                .index = STORE_ALL_DELIVERIES,
                                .issuer = test_issuer(),
                                .arena = arena_new(ENROLLMENT_ARENA)};
    struct store_delivery row;

    cr_assert(store_fetch_wait(store, &fetch) && fetch.outcome == STORE_FOUND && i < fetch.count);
    row = ((const struct store_delivery *)fetch.rows)[i];
    arena_free(fetch.arena);
    return row;
}

/* A certificate that was issued at |at|, and is |status| by now: SEQUENCE { n } stands for it. */
static void issue_at(uint32_t n, int64_t at, enum store_cert_status status)
{
    uint8_t der[] = {0x30, 0x03, 0x02, 0x01, (uint8_t)n};
    struct enrollment e;

    enrollment_init(&e, 1, n);
    store_serial_time(e.serial, at);
    e.cert.issued_at = at;
    e.cert.status = status;
    e.cert.certificate = bytes_of(der, sizeof der);
    e.tx.state = status == STORE_CERT_UNCONFIRMED ? STORE_TX_WAIT_CONFIRM : STORE_TX_CONFIRMED;
    if (n == 99) /* the CA's own */
        e.cert.transaction_id = bytes_of(NULL, 0);
    cr_assert(store_commit_wait(store, &e.unit) && e.unit.outcome == STORE_DONE);
    enrollment_cleanup(&e);
}

static void confirm_late(uint32_t n)
{
    struct enrollment e;
    uint8_t serial[STORE_SERIAL];

    enrollment_init(&e, 1, n);
    memcpy(serial, e.serial, sizeof serial);
    store_serial_time(serial, BEGIN + 1);
    struct store_cert_change change = {
        .serial = bytes_of(serial, sizeof serial), .status = STORE_CERT_VALID, .at = BEGIN};
    struct store_unit unit = {
        .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    enrollment_cleanup(&e);
}

Test(announce, without_urls_nothing_is_done)
{
    lose_key(1, BEGIN);
    cr_expect_eq(run_at(BEGIN), 0);
    cr_expect_not(announcer.leads);
}

/* RFC 9810 5.3.15 */
Test(announce, a_revocation_is_announced_once)
{
    edit(CA, RANN);
    lose_key(1, BEGIN - 1);
    cr_expect_eq(run_at(BEGIN), 0, "it was there before anybody was told of any");
    lose_key(2, BEGIN + 1);
    cr_assert_eq(run_at(BEGIN + 1), 1);
    cr_expect_eq(pushed[0].body, PKI_RANN);
    cr_expect_str_eq(pushed[0].url, "http://a/");
    cr_expect_eq(pushed[0].notice.status, PKI_REVOCATION_NOTIFICATION);
    cr_expect_eq(pushed[0].notice.revoked_at, BEGIN + 1);
    cr_expect_eq(pushed[0].notice.bad_since, BEGIN - 59);
    cr_expect(pushed[0].notice.has_reason && pushed[0].notice.reason == 1);
    cr_expect_eq(run_at(BEGIN + 2), 0);
    cr_expect_eq(delivery(0).delivered, 1);
    cr_expect_eq(delivery(0).lost, 0);
    cr_expect_eq(delivery(0).delivered_at, BEGIN + 1);
    announce_end(&announcer, store);
    cr_expect_eq(run_at(BEGIN + 3), 0, "nor by another process");
}

/* A hold is one, its release is none; unspecified has no reason (RFC 5280 5.3.1). */
Test(announce, holds_and_releases)
{
    edit(CA, RANN);
    run_at(BEGIN);
    for (uint32_t n = 1; n < 4; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    change(1, STORE_CERT_HOLD, 6, BEGIN + 1);
    change(2, STORE_CERT_HOLD, 6, BEGIN + 1);
    change(2, STORE_CERT_VALID, 0, BEGIN + 1);
    change(3, STORE_CERT_REVOKED, 0, BEGIN + 1);
    cr_assert_eq(run_at(BEGIN + 2), 2);
    cr_expect(pushed[0].notice.has_reason && pushed[0].notice.reason == 6);
    cr_expect_not(pushed[1].notice.has_reason);
    cr_expect_eq(pushed[1].notice.bad_since, pushed[1].notice.revoked_at);
}

Test(announce, each_url_has_all_of_them)
{
    edit(CA, CA "    announce: {urls: ['http://a/', 'http://b/'], crls: false, roots: false}\n");
    run_at(BEGIN);
    lose_key(1, BEGIN + 1);
    outside.outcome = ANNOUNCE_LATER;
    outside.only_at = "http://a/";
    cr_expect_eq(run_at(BEGIN + 1), 2);
    cr_expect_eq(run_at(BEGIN + 2), 0, "one has it, the other is put off");
    outside.outcome = ANNOUNCE_DELIVERED;
    cr_expect_eq(run_at(BEGIN + 1 + BOUND_ANNOUNCE_RETRY), 1);
    cr_expect_str_eq(pushed[2].url, "http://a/");
}

/* Streams move when there are more of them, or fewer. */
Test(announce, urls_come_and_go)
{
    static const char two[] =
        CA "    announce: {urls: ['http://b/', 'http://a/'], crls: false, roots: false}\n";
    static const char one[] = CA "    announce: {urls: ['http://b/'], crls: false, roots: false}\n";
    struct store_delivery rows[2];

    edit(CA, RANN);
    run_at(BEGIN);
    lose_key(1, BEGIN + 1);
    cr_expect_eq(run_at(BEGIN + 1), 1);
    edit(RANN, two);
    cr_expect_eq(run_at(BEGIN + 2), 0, "the new one begins now");
    lose_key(2, BEGIN + 3);
    cr_expect_eq(run_at(BEGIN + 3), 2);
    edit(two, one);
    lose_key(3, BEGIN + 4);
    cr_expect_eq(run_at(BEGIN + 4), 1);
    cr_expect_str_eq(pushed[3].url, "http://b/");
    for (size_t i = 0; i < 2; i++)
        rows[i] = delivery(i);
    cr_expect_eq(rows[0].delivered + rows[1].delivered, 4);
    edit(one, two);
    cr_expect_eq(run_at(BEGIN + 5), 1, "what the other one has missed");
    cr_expect_str_eq(pushed[4].url, "http://a/");
}

/* Twice as long each time, up to a bound. Whoever has mended it says so by SIGHUP. */
Test(announce, a_failure_is_tried_again_later_and_later)
{
    int64_t now = BEGIN + 1, wait = BOUND_ANNOUNCE_RETRY;

    edit(CA, RANN);
    run_at(BEGIN);
    lose_key(1, now);
    outside.outcome = ANNOUNCE_LATER;
    cr_expect_eq(run_at(now), 1);
    for (int i = 0; i < 12; i++) {
        cr_expect_eq(run_at(now + wait - 1), 0, "%d", i);
        now += wait;
        cr_expect_eq(run_at(now), 1, "%d", i);
        wait = 2 * wait < BOUND_ANNOUNCE_RETRY_MAX ? 2 * wait : BOUND_ANNOUNCE_RETRY_MAX;
    }
    cr_expect_eq(run_at(now + 1), 0);
    announce_job.resume(&announcer);
    cr_expect_eq(run_at(now + 2), 1);
    outside.outcome = ANNOUNCE_DELIVERED;
    cr_expect_eq(run_at(now + BOUND_ANNOUNCE_RETRY_MAX + 2), 1);
    cr_expect_eq(delivery(0).lost, 0);
    cr_expect_eq(delivery(0).delivered, 1);
}

/* A day later it is told and counted; what came after it is not held up. */
Test(announce, a_revocation_that_cannot_be_delivered_is_given_up)
{
    edit(CA, RANN);
    run_at(BEGIN);
    lose_key(1, BEGIN + 1);
    lose_key(2, BEGIN + BOUND_ANNOUNCE_AGE);
    outside.outcome = ANNOUNCE_LATER;
    run_at(BEGIN + 1);
    outside.outcome = ANNOUNCE_DELIVERED;
    cr_expect_eq(run_at(BEGIN + BOUND_ANNOUNCE_AGE + 2), 1);
    cr_expect_eq(delivery(0).lost, 1);
    cr_expect_eq(delivery(0).delivered, 1);
}

/* The same again would be refused again. */
Test(announce, what_is_refused_for_good_is_lost_at_once)
{
    edit(CA, RANN);
    run_at(BEGIN);
    lose_key(1, BEGIN + 1);
    outside.outcome = ANNOUNCE_NEVER;
    cr_expect_eq(run_at(BEGIN + 1), 1);
    cr_expect_eq(run_at(BEGIN + 2), 0);
    cr_expect_eq(delivery(0).lost, 1);
}

/* A storm of revocations leaves others their turn, and ends where it was the next time. */
Test(announce, many_go_on_in_the_next_turn)
{
    unsigned total = 0;

    edit(CA, RANN);
    run_at(BEGIN);
    for (uint32_t n = 1; n <= 20; n++)
        lose_key(n, BEGIN + 1);
    outside.takes_ms = BOUND_ANNOUNCE_AT_ONCE_MS / 4;
    for (int turns = 0; turns < 5; turns++) {
        unsigned count = run_at(BEGIN + 1);
        cr_expect_eq(count, 4);
        total += count;
    }
    cr_expect_eq(total, 20);
    cr_expect_eq(run_at(BEGIN + 1), 0);
    for (uint32_t n = 1; n < 20; n++)
        for (uint32_t m = 0; m < n; m++)
            cr_expect(memcmp(pushed[n].serial, pushed[m].serial, STORE_SERIAL) != 0);
}

/* ---- one of all nodes ---- */

Test(announce, one_node_announces_and_another_when_it_is_gone)
{
    edit(CA, RANN);
    run_by(&announcer, BEGIN);
    run_by(&another, BEGIN);
    cr_expect(announcer.leads && !another.leads);
    lose_key(1, BEGIN + 1);
    cr_expect_eq(run_by(&another, BEGIN + 1), 0);
    cr_expect_eq(run_by(&announcer, BEGIN + 1), 1);
    announce_end(&announcer, store);
    lose_key(2, BEGIN + 2);
    cr_expect_eq(run_by(&another, BEGIN + 1 + BOUND_ANNOUNCE_LEASE), 1, "and only the new one");
    cr_expect(another.leads);
}

/* ---- CRLs ---- */

static int no_entry(void *arg, struct crl_entry *out)
{
    (void)arg, (void)out;
    return 0;
}

static int many_entries(void *arg, struct crl_entry *out)
{
    static const uint8_t serial[16] = {0x5a, 1, 2, 3};
    size_t *left = arg;

    *out = (struct crl_entry){.serial = bytes_of(serial, sizeof serial), .revoked_at = NOW};
    return *left != 0 && (*left)--;
}

/* The store has a CRL with |number| and |entries|, signed by the CA, or by another key. */
static void store_crl(int64_t number, size_t entries, int is_of_ca)
{
    const struct cmp_authority *ca = policy_settings(demo.policy)->default_profile->ca;
    struct private_key *other = private_key_generate(KEY_P256, 0);
    const struct crl_plan plan = {.algorithm = is_of_ca ? ca->crl_algorithm : signature_for_key(KEY_P256),
                                  .key = is_of_ca ? ca->crl_key : other,
                                  .issuer = ca->crl_cert.subject,
                                  .issuer_key_id = ca->crl_cert.key_id,
                                  .this_update = NOW,
                                  .next_update = NOW + 86400,
                                  .number = number};
    uint8_t key[STORE_PIECE_KEY_MAX];
    struct store_crl head = {.scope = bytes_str(STORE_SCOPE_FULL), .number = number, .this_update = NOW};
    struct store_crl_piece piece;
    struct store_unit unit = {.issuer = test_issuer()};
    struct bytes der;

    cr_assert(crl_write(&der, &plan, entries, entries != 0 ? many_entries : no_entry, &entries));
    head.size = (int64_t)der.len;
    digest_compute(head.hash, DIGEST_SHA256, der);
    piece =
        (struct store_crl_piece){store_crl_piece_key(key, head.scope, 0, 0),
                                 bytes_of(der.data, der.len < STORE_CRL_PIECE ? der.len : STORE_CRL_PIECE)};
    store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
    store_unit_write(&unit, STORE_PUT, STORE_CRLS, &head);
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    private_key_free(other);
    free((void *)(uintptr_t)der.data);
}

/* RFC 9810 5.3.16 */
Test(announce, a_new_crl_is_announced_once)
{
    edit(CA, CRLANN);
    cr_expect_eq(run_at(BEGIN), 0, "there is none");
    store_crl(7, 0, 1);
    cr_assert_eq(run_at(BEGIN + 1), 1);
    cr_expect_eq(pushed[0].body, PKI_CRLANN);
    cr_expect_eq(pushed[0].number, 7);
    cr_expect_eq(run_at(BEGIN + 2), 0);
    outside.outcome = ANNOUNCE_LATER;
    store_crl(8, 0, 1);
    cr_expect_eq(run_at(BEGIN + 3), 1);
    store_crl(9, 0, 1);
    outside.outcome = ANNOUNCE_DELIVERED;
    cr_assert_eq(run_at(BEGIN + 3 + BOUND_ANNOUNCE_RETRY), 1);
    cr_expect_eq(pushed[2].number, 9, "the newest alone");
    cr_expect_eq(delivery(0).position, 9);
}

/* Somebody who may write to the store is not the CA. */
Test(announce, a_crl_that_the_ca_has_not_signed_is_not_announced)
{
    edit(CA, CRLANN);
    store_crl(7, 0, 0);
    cr_expect_eq(run_at(BEGIN), 0);
    cr_expect_eq(run_at(BEGIN + 1), 0);
    store_crl(8, 0, 1);
    cr_expect_eq(run_at(BEGIN + 2), 1);
}

Test(announce, a_crl_that_is_too_large_is_lost)
{
    edit(CA, CRLANN);
    store_crl(7, BOUND_ANNOUNCEMENT / 30, 1);
    cr_expect_eq(run_at(BEGIN), 0);
    cr_expect_eq(run_at(BEGIN + 1), 0);
    cr_expect_eq(delivery(0).lost, 1);
    cr_expect_eq(delivery(0).position, 7);
}

/* ---- roots ---- */

/* RFC 9810 5.3.13: once for each other root, whichever process is told of it. */
Test(announce, another_root_is_announced_once)
{
    struct announce_stream *root;
    struct cmp_authority ca = *policy_settings(demo.policy)->default_profile->ca;
    struct turn turn = {.announcer = &announcer, .now = BEGIN};
    struct upkeep_turn upkeep = {.policy = demo.policy, .store = store, .now_ms = BEGIN * 1000LL};

    edit(CA, ANNOUNCE(", revocations: false, crls: false"));
    cr_expect_eq(run_at(BEGIN), 0, "there is no other");
    ca = *policy_settings(demo.policy)->default_profile->ca;
    root = &announcer.of[0];
    turn.upkeep = &upkeep;
    turn.stream = root;
    root->ca = &ca;
    ca.coming.new_with_new = ca.cert.der;
    for (int i = 0; i < 2; i++) {
        turn.arena = arena_new(BOUND_JOB_ARENA);
        serve(&turn, INT64_MAX);
        arena_free(turn.arena);
        cr_expect_eq(outside.count, 1);
    }
    cr_expect_eq(pushed[0].body, PKI_CKUANN);
    root->is_read = 0; /* as another process */
    turn.arena = arena_new(BOUND_JOB_ARENA);
    serve(&turn, INT64_MAX);
    cr_expect_eq(outside.count, 1);
    /* The root has changed: how one gets there. */
    ca.coming.new_with_new = bytes_of(NULL, 0);
    ca.former.new_with_new = ca.cmp_cert.der;
    serve(&turn, INT64_MAX);
    arena_free(turn.arena);
    cr_expect_eq(outside.count, 2);
    cr_expect_eq(delivery(0).delivered, 2);
}

/* ---- the store ---- */

/* What was delivered and could not be noted, for the lease is another's by then, is delivered again: by that
 * one. */
Test(announce, at_least_once)
{
    edit(CA, RANN);
    run_at(BEGIN);
    lose_key(1, BEGIN + 1);
    outside.loses_lease = 1;
    cr_expect_eq(run_at(BEGIN + 1), 1);
    outside.loses_lease = 0;
    cr_expect_not(announcer.leads);
    cr_expect_eq(run_by(&another, BEGIN + 2), 1);
    cr_expect_eq(delivery(0).delivered, 1);
    cr_expect_eq(run_by(&another, BEGIN + 3), 0);
}

/* What the configuration has no longer is forgotten, and the lease with it. */
Test(announce, whoever_has_nothing_to_announce_leaves_it_to_others)
{
    edit(CA, RANN);
    run_at(BEGIN);
    cr_expect(announcer.leads);
    edit(RANN, CA);
    run_at(BEGIN + 1);
    cr_expect_not(announcer.leads);
    cr_expect_eq(announcer.count, 0);
    edit(CA, RANN);
    run_by(&another, BEGIN + 2);
    cr_expect(another.leads);
}

/* RFC 9810 5.3.14. Those of before, of nobody, and those that were not confirmed, are none. */
Test(announce, certificates_are_announced_once_they_are_settled)
{
    enum { WAIT = 300 + BOUND_ANNOUNCE_SETTLED };

    edit(CA, CANN);
    issue_at(1, BEGIN - 10, STORE_CERT_VALID);
    cr_expect_eq(run_at(BEGIN), 0);
    issue_at(2, BEGIN + 1, STORE_CERT_VALID);
    issue_at(99, BEGIN + 2, STORE_CERT_VALID);
    issue_at(3, BEGIN + 3, STORE_CERT_HOLD);
    issue_at(4, BEGIN + 5, STORE_CERT_VALID);
    cr_expect_eq(run_at(BEGIN + WAIT), 0, "one of them may come to be confirmed still");
    cr_assert_eq(run_at(BEGIN + WAIT + 10), 2);
    cr_expect_eq(pushed[0].body, PKI_CANN);
    cr_expect_eq(pushed[0].number, 2);
    cr_expect_eq(pushed[1].number, 4);
    cr_expect_eq(run_at(BEGIN + WAIT + 11), 0);
    cr_expect_eq(delivery(0).delivered, 2);
    announce_end(&announcer, store);
    cr_expect_eq(run_at(BEGIN + WAIT + 12), 0, "nor by another process");
}

/* What upkeep has not come to yet is waited for, in its place, for a day. */
Test(announce, a_certificate_that_awaits_its_certConf_is_waited_for)
{
    int64_t at = BEGIN + 2000;

    edit(CA, CANN);
    run_at(BEGIN);
    issue_at(1, BEGIN + 1, STORE_CERT_UNCONFIRMED);
    issue_at(2, BEGIN + 2, STORE_CERT_VALID);
    cr_expect_eq(run_at(at), 0);
    confirm_late(1);
    cr_assert_eq(run_at(at + 1), 2);
    cr_expect_eq(pushed[0].number, 1);
    issue_at(3, at, STORE_CERT_UNCONFIRMED);
    issue_at(4, at + BOUND_ANNOUNCE_AGE - 1000, STORE_CERT_VALID);
    cr_assert_eq(run_at(at + BOUND_ANNOUNCE_AGE + 1), 1, "not for ever");
    cr_expect_eq(pushed[2].number, 4);
}

Test(announce, a_certificate_that_cannot_be_delivered_is_tried_again_and_given_up)
{
    int64_t at = BEGIN + 1000;

    edit(CA, CANN);
    run_at(BEGIN);
    issue_at(1, BEGIN + 1, STORE_CERT_VALID);
    outside.outcome = ANNOUNCE_LATER;
    outside.only_at = NULL;
    cr_assert_eq(run_at(at), 1);
    cr_expect_eq(run_at(at + 1), 0);
    cr_expect_eq(run_at(at + BOUND_ANNOUNCE_RETRY), 1);
    cr_expect_eq(run_at(BEGIN + BOUND_ANNOUNCE_AGE + 10000), 0);
    cr_expect_eq(delivery(0).lost, 1);
}
