/* issuer.c: when a CRL is made, and what is published (RFC 5280 5.1.2.4 to 5.1.2.6, 5.2.3). */
#include "server/crl/certificate.h"
#include "server/crl/issuer.h"
#include "server/crl/make.h"

#include "server/base/bounds.h"
#include "storage/row.h"

#include "tests/support/capture.h"
#include "tests/unit/crl/fixture.h"

enum { HOUR = 3600 };

static struct publication *publication;
static struct crl_issuer issuer;
static struct config_crl config;
static struct crl_turn turn;
static const struct store_lease held = {"crl", {(const uint8_t *)"a", 1}, 0, 0};

static void take_lease(const char *holder, int64_t seconds)
{
    struct store_lease lease = {"crl", bytes_str(holder), seconds, 0};
    struct store_unit unit = {.lease = &lease};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static void begin(void)
{
    set_up_both();
    log_set_level(LOG_ERROR);
    publication = publication_new();
    crl_issuer_begin(&issuer, &authority);
    config = (struct config_crl){.validity_hours = 72,
                                 .every_hours = 24,
                                 .after_revocation_seconds = 2,
                                 .full_bytes = 1024 * 1024,
                                 .full_minutes = 60};
    turn = (struct crl_turn){.config = &config,
                             .ca = &authority,
                             .store = store,
                             .publication = publication,
                             .now = NOW,
                             .now_ms = 1000000,
                             .lease = &held};
    take_lease("a", 600);
}

static void end(void)
{
    crl_issuer_end(&issuer);
    publication_free(publication);
    tear_down_both();
}

TestSuite(issuer, .init = begin, .fini = end, .timeout = 300);

static void later(int64_t seconds)
{
    turn.now += seconds;
    turn.now_ms += 1000 * seconds;
}

/* The number of the CRL that is published, and its entries; 0: there is none. */
static int64_t published(size_t *entries)
{
    struct published *document = publication_find(publication, bytes_str("/crl/issuing.crl"));
    struct crl crl;
    int64_t number;

    if (document == NULL)
        return 0;
    *entries = entries_of(document->body, &crl);
    number = crl.number;
    cr_assert_eq(document->modified, crl.this_update);
    cr_assert_eq(document->expires, crl.next_update);
    cr_assert_eq(crl.next_update - crl.this_update, (int64_t)config.validity_hours * HOUR);
    published_release(document);
    return number;
}

static int64_t look(size_t *entries)
{
    crl_issuer_look(&issuer, &turn);
    return published(entries);
}

Test(issuer, the_first_one_is_made_at_once_though_nothing_is_revoked)
{
    size_t entries;

    cr_assert_eq(look(&entries), 1);
    cr_assert_eq(entries, 0);
    cr_assert_eq(look(&entries), 1, "and no other");
}

Test(issuer, a_revocation_makes_the_next_one_but_many_make_no_more)
{
    size_t entries;

    look(&entries);
    enroll(1, KEY_COMPROMISE);
    cr_assert_eq(look(&entries), 1, "not yet: the last one was made now");
    later(2);
    cr_assert_eq(look(&entries), 2);
    cr_assert_eq(entries, 1);
    enroll(2, 0);
    enroll(3, 0);
    later(1);
    cr_assert_eq(look(&entries), 2);
    later(1);
    cr_assert_eq(look(&entries), 3);
    cr_assert_eq(entries, 3);
    later(100);
    cr_assert_eq(look(&entries), 3, "nothing has changed");
}

/* Who revokes himself again and again keeps no node busy with a long list. */
Test(issuer, what_takes_long_is_made_less_often)
{
    size_t entries;

    look(&entries);
    cr_assert_lt(issuer.took_ms, 60000);
    issuer.took_ms = 900;
    enroll(1, 0);
    later(8);
    cr_assert_eq(look(&entries), 1);
    later(1);
    cr_assert_eq(look(&entries), 2, "ten times as long as it took");
}

Test(issuer, a_hold_that_is_released_leaves_the_list)
{
    size_t entries;

    enroll(1, CERTIFICATE_HOLD);
    cr_assert_eq(look(&entries), 1);
    cr_assert_eq(entries, 1);
    release(1);
    later(2);
    cr_assert_eq(look(&entries), 2);
    cr_assert_eq(entries, 0);
}

Test(issuer, a_new_one_is_made_in_time_though_nothing_was_revoked)
{
    size_t entries;

    look(&entries);
    later(24 * HOUR - 1);
    cr_assert_eq(look(&entries), 1);
    later(1);
    cr_assert_eq(look(&entries), 2);
}

/* RFC 9110 8.8.2: Last-Modified is thisUpdate, and has seconds. Who has the one does not have the other. */
Test(issuer, no_two_are_of_one_second)
{
    size_t entries;

    look(&entries);
    enroll(1, KEY_COMPROMISE);
    issuer.made_ms = 0; /* another node, which has just taken over */
    cr_assert_eq(look(&entries), 1);
    turn.now++;
    cr_assert_eq(look(&entries), 2);
    cr_assert_eq(issuer.complete.full.published_at, NOW + 1);
}

/* A clock that was set back makes no CRL that is older than the last, and none too many. */
Test(issuer, numbers_and_times_go_up_whatever_the_clock_does)
{
    struct published *document;
    struct crl crl;
    size_t entries;

    look(&entries);
    enroll(1, 0);
    turn.now -= 1000;
    turn.now_ms += 2000;
    cr_assert_eq(look(&entries), 2);
    document = publication_find(publication, bytes_str("/crl/issuing.crl"));
    cr_assert(crl_parse(&crl, document->body));
    cr_assert_eq(crl.this_update, NOW + 1);
    published_release(document);
    turn.now += 1000 * HOUR;
    cr_assert_eq(look(&entries), 3);
    cr_assert_eq(look(&entries), 3);
}

/* RFC 5280 5.2.3: numbers increase, also over a store that was restored from before. */
Test(issuer, numbers_begin_above_what_was_published)
{
    size_t entries;

    config.number_min = 1000;
    cr_assert_eq(look(&entries), 1000);
    config.number_min = 0;
    later(24 * HOUR);
    cr_assert_eq(look(&entries), 1001);
    config.number_min = 1500; /* at once, not when it is time for the next */
    later(1);
    cr_assert_eq(look(&entries), 1500);
    later(1);
    cr_assert_eq(look(&entries), 1500);
    config.number_min = 0;
    issuer.complete.full.head.number = 5; /* what a restored store says */
    later(24 * HOUR);
    issuer.complete.full.published = 1500;
    struct store_crl old = {.number = 5, .this_update = NOW, .next_update = NOW + 10};
    cr_assert_eq(shelve(&old, "full", NULL, bytes_str("old"), &held), SHELF_DONE);
    cr_assert_eq(look(&entries), 1501);
}

Test(issuer, who_does_not_lead_publishes_what_others_have_made)
{
    struct crl_issuer other;
    struct publication *theirs = publication_new();
    struct crl_turn their_turn = turn;
    size_t entries;

    crl_issuer_begin(&other, &authority);
    their_turn.publication = theirs;
    turn.lease = NULL;
    cr_assert_eq(look(&entries), 0, "nobody has made one");
    enroll(1, 0);
    crl_issuer_look(&other, &their_turn);
    cr_assert_eq(look(&entries), 1);
    cr_assert_eq(entries, 1);
    crl_issuer_end(&other);
    publication_free(theirs);
}

/* Who believes to lead, and has lost the lease, publishes nothing of his own. */
Test(issuer, a_lease_that_was_lost_makes_nothing)
{
    size_t entries;

    take_lease("a", -1);
    take_lease("b", 600);
    cr_assert_eq(look(&entries), 0);
    take_lease("b", -1);
    take_lease("a", 600);
    later(2);
    cr_assert_eq(look(&entries), 1);
}

/* The store alone is not believed: somebody else may have written to it. */
Test(issuer, what_the_CA_has_not_signed_is_not_published)
{
    struct store_crl head = {.number = 9, .this_update = turn.now, .next_update = turn.now + 72 * HOUR};
    size_t entries;

    look(&entries);
    cr_assert_eq(shelve(&head, "full", &issuer.complete.full.head, bytes_str("no CRL"), &held), SHELF_DONE);
    turn.lease = NULL;
    cr_assert_eq(look(&entries), 1);
    /* It is one of the CA's, but the row says another number of it. */
    struct published *document = publication_find(publication, bytes_str("/crl/issuing.crl"));
    head.number = 10;
    cr_assert_eq(shelve(&head, "full", NULL, document->body, &held), SHELF_DONE);
    published_release(document);
    cr_assert_eq(look(&entries), 1);
}

/* Made every day, valid for three: the next one is late when two have gone. */
Test(issuer, one_that_is_late_is_told_until_there_is_another)
{
    size_t entries;

    look(&entries);
    turn.lease = NULL;
    later(48 * HOUR - 1);
    look(&entries);
    cr_assert_eq(issuer.told_late, 0);
    later(1);
    look(&entries);
    cr_assert_neq(issuer.told_late, 0);
    turn.lease = &held;
    take_lease("a", 600);
    look(&entries);
    look(&entries);
    cr_assert_eq(issuer.told_late, 0);
}

/* The lease is given up at one of the next looks; until then none is made either. */
Test(issuer, who_is_to_make_none_makes_none)
{
    size_t entries;

    look(&entries);
    config.every_hours = 0;
    enroll(1, 0);
    later(100 * HOUR);
    cr_assert_eq(look(&entries), 1);
}

/* Nor does it decide what the CA signs next: a CRL of the future is none, and after the last number comes
 * nothing. */
Test(issuer, a_forged_row_keeps_nobody_from_the_next_one)
{
    static const int64_t numbers[] = {9, 1, INT64_MAX}, expected[] = {10, 11, 12};
    struct published *document;
    struct crl crl;
    size_t entries;

    look(&entries);
    for (uint32_t i = 0; i < 3; i++) {
        struct store_crl forged = {.number = numbers[i],
                                   .this_update = turn.now + 1000 * HOUR,
                                   .next_update = turn.now + 2000 * HOUR,
                                   .position = INT64_MAX};
        cr_assert_eq(shelve(&forged, "full", &issuer.complete.full.head, bytes_str("no CRL"), &held),
                     SHELF_DONE);
        enroll(i, KEY_COMPROMISE);
        later(10);
        cr_assert_eq(look(&entries), expected[i]);
        cr_assert_eq(entries, i + 1);
        document = publication_find(publication, bytes_str("/crl/issuing.crl"));
        cr_assert(crl_parse(&crl, document->body));
        cr_assert_eq(crl.this_update, turn.now);
        published_release(document);
    }
}

/* The row is right, but for the position, which is in no CRL. */
Test(issuer, a_position_that_nobody_has_reached_hides_no_revocation)
{
    struct published *document;
    size_t entries;

    look(&entries);
    document = publication_find(publication, bytes_str("/crl/issuing.crl"));
    struct store_crl forged = issuer.complete.full.head;
    forged.position = INT64_MAX;
    cr_assert_eq(shelve(&forged, "full", &issuer.complete.full.head, document->body, &held), SHELF_DONE);
    published_release(document);
    enroll(1, KEY_COMPROMISE);
    later(2);
    cr_assert_eq(look(&entries), 2);
    cr_assert_eq(entries, 1);
}

Test(issuer, a_row_that_is_gone_is_made_anew_above_what_is_published)
{
    size_t entries;

    issuer.complete.full.head =
        (struct store_crl){.number = 5, .this_update = NOW, .next_update = NOW + 72 * HOUR};
    issuer.complete.full.published = 5;
    issuer.complete.full.published_at = NOW - 1;
    cr_assert_eq(look(&entries), 6);
}

/* As somebody leaves them who deletes a row, or a disk that damages one. */
Test(issuer, pieces_that_are_not_there_are_made_anew_by_who_leads)
{
    size_t entries;

    struct store_crl head = {.number = 7, .this_update = turn.now, .next_update = turn.now + 72 * HOUR};
    cr_assert_eq(shelve(&head, "full", NULL, bytes_str("octets"), &held), SHELF_DONE);
    struct store_crl_piece piece = {.octets = bytes_str("others")};
    uint8_t key[STORE_PIECE_KEY_MAX];
    struct store_unit unit = {.issuer = test_issuer()};
    piece.key = store_crl_piece_key(key, bytes_str(STORE_SCOPE_FULL), head.slot, 0);
    store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
    cr_assert(store_commit_wait(store, &unit));
    turn.lease = NULL;
    cr_assert_eq(look(&entries), 0);
    cr_assert_not(issuer.failing, "it may have been replaced just now");
    cr_assert_eq(look(&entries), 0);
    cr_assert(issuer.failing);
    turn.lease = &held;
    cr_assert_eq(look(&entries), 8);
    cr_assert_not(issuer.failing);
}

Test(issuer, a_key_that_does_not_sign_is_not_asked_at_each_look)
{
    const struct signature_algorithm *good = authority.crl_algorithm;
    size_t entries;

    authority.crl_algorithm = signature_for_key(KEY_ED25519);
    cr_assert_eq(look(&entries), 0);
    cr_assert(issuer.failing);
    authority.crl_algorithm = good;
    later(4);
    cr_assert_eq(look(&entries), 0);
    later(1);
    cr_assert_eq(look(&entries), 1);
    cr_assert_not(issuer.failing);
}

static void enroll_in_shard(uint32_t n, int shard)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    e.cert.shard = shard;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    cr_assert_eq(change_status(1, n, STORE_CERT_REVOKED, KEY_COMPROMISE), STORE_DONE);
}

/* Who leaves out what he does not understand may leave out a certificate that is revoked. */
Test(issuer, a_row_that_cannot_be_listed_is_named)
{
    size_t entries;

    enroll(1, KEY_COMPROMISE);
    enroll_in_shard(2, BOUND_CRL_SHARDS + 1);
    CAPTURE(crl_issuer_look(&issuer, &turn));
    cr_expect_not_null(strstr(logged, "event=\"no CRL\" ca=issuing doing=\"reading\" "), "%s", logged);
    cr_expect_not_null(strstr(logged, "the table revocations has a serial or a shard"), "%s", logged);
    cr_expect_not_null(strstr(logged, " position=2\n"), "%s", logged);
    cr_expect_eq(published(&entries), 0);
}

static void note_url(const char *url, int shards)
{
    const struct store_crl_url row = {.url = bytes_str(url), .shards = shards};
    struct store_unit unit = {.issuer = test_issuer()};

    store_unit_write(&unit, STORE_ONCE, STORE_CRL_URLS, &row);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

/* Nodes are told a new configuration one after the other, and the one that leads may be the last. */
Test(issuer, shards_of_another_node_s_configuration_are_made)
{
    size_t entries;

    crl_issuer_look(&issuer, &turn);
    cr_expect_eq(issuer.shards.count, 0);
    note_url("http://h/${shard}", 2);
    enroll_in_shard(1, 2);
    later(10);
    cr_expect_eq(look(&entries), 2);
    cr_expect_eq(issuer.shards.count, 2);
    cr_expect_eq(issuer.shards.of[0].published, 1);
    cr_expect_eq(issuer.shards.of[1].published, 1);
    note_url("http://h/${shard}", 3);
    later(10);
    crl_issuer_look(&issuer, &turn);
    cr_expect_eq(issuer.shards.count, 3);
    cr_expect_eq(issuer.shards.of[2].published, 1);
}

Test(issuer, a_shard_without_a_URL_is_named)
{
    struct store_crl head = {.number = 1, .this_update = turn.now, .next_update = turn.now + 72 * HOUR};
    size_t entries;

    note_url("http://h/${shard}", 2);
    cr_assert_eq(shelve(&head, "shard-3", NULL, bytes_str("no CRL"), &held), SHELF_DONE);
    crl_issuer_look(&issuer, &turn);
    issuer.failing = 0;
    issuer.shards.of[2].published = 1; /* as if it were one */
    later(10);
    CAPTURE(crl_issuer_look(&issuer, &turn));
    issuer.failing = 0;
    cr_expect_not_null(strstr(logged, "the table crl_urls"), "%s", logged);
    cr_expect_not_null(strstr(logged, " shard=3\n"), "%s", logged);
    cr_expect_eq(published(&entries), 1, "all others are made");
    cr_expect_eq(issuer.shards.of[1].published, 1);
    note_url("http://h/${shard}", 3);
    later(10);
    crl_issuer_look(&issuer, &turn);
    cr_expect_eq(issuer.shards.of[2].published, 2);
}

/* An issuingDistributionPoint has a bound: who finds his URL not in it takes no CRL. */
Test(issuer, a_URL_that_is_left_out_is_told_once)
{
    char url[64];

    turn.shards = 1;
    for (int i = 0; i < STORE_CRL_URLS_MAX; i++) {
        snprintf(url, sizeof url, "http://h/%03d/${shard}", i);
        note_url(url, 1);
    }
    CAPTURE(crl_issuer_look(&issuer, &turn));
    cr_expect_str_eq(logged, "");
    cr_expect_eq(issuer.shards.of[0].published, 1);
    note_url("http://h/9/${shard}", 1);
    later(10);
    CAPTURE(crl_issuer_look(&issuer, &turn));
    cr_expect_not_null(
        strstr(logged, "event=\"URLs of shards left out\" ca=issuing url=\"http://h/9/${shard}\""), "%s",
        logged);
    later(10);
    CAPTURE(crl_issuer_look(&issuer, &turn));
    cr_expect_str_eq(logged, "");
    cr_expect_eq(issuer.shards.of[0].published, 1, "it names the same ones");
}

/* What this node publishes ends, whatever the store has. */
Test(issuer, a_CRL_that_cannot_be_published_is_late)
{
    size_t entries;

    look(&entries);
    turn.lease = NULL;
    later(70 * HOUR);
    struct store_crl head = {.number = 9, .this_update = turn.now, .next_update = turn.now + 72 * HOUR};
    cr_assert_eq(shelve(&head, "full", &issuer.complete.full.head, bytes_str("no CRL"), &held), SHELF_DONE);
    look(&entries);
    cr_assert_eq(issuer.told_late, turn.now);
}

Test(issuer, the_CA_s_certificate_is_published_too)
{
    struct published *document;

    crl_certificate_publish(&authority, publication);
    document = publication_find(publication, bytes_str("/ca/issuing.cer"));
    cr_assert(bytes_equal(document->body, authority.cert.der));
    cr_assert_str_eq(document->content_type, "application/pkix-cert");
    published_release(document);
    document = publication_find(publication, bytes_str("/ca/issuing.pem"));
    cr_assert_eq(memcmp(document->body.data, "-----BEGIN CERTIFICATE-----", 27), 0);
    published_release(document);
}

static int is_published(const char *path)
{
    struct published *document = publication_find(publication, bytes_str(path));

    published_release(document);
    return document != NULL;
}

/* A CA that has left the configuration: its last CRL would stay, and end. */
Test(issuer, what_is_withdrawn_is_nowhere)
{
    static const char *const paths[] = {"/crl/issuing.crl", "/crl/issuing.pem", "/ca/issuing.cer",
                                        "/ca/issuing.pem"};
    size_t entries;

    look(&entries);
    crl_certificate_publish(&authority, publication);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_expect(is_published(paths[i]), "%s", paths[i]);
    crl_issuer_withdraw(&issuer, publication);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        cr_expect_not(is_published(paths[i]), "%s", paths[i]);
}

/* Else the PEM form would go on to say what was true before the catastrophe. */
Test(issuer, a_CRL_that_is_too_large_for_PEM_takes_the_former_one_away)
{
    enum { MANY = BOUND_CRL_PEM / 32 };
    uint8_t serial[STORE_SERIAL] = {1};
    struct store_revocation row = {.serial = bytes_of(serial, sizeof serial),
                                   .status = STORE_CERT_REVOKED,
                                   .at = NOW,
                                   .not_after = NOW + HOUR};
    size_t entries;

    look(&entries);
    cr_assert(is_published("/crl/issuing.pem"));
    for (uint32_t i = 1; i <= MANY; i++) {
        memcpy(serial + 8, &i, sizeof i);
        row.position = i;
        cr_assert(revoked_put(&issuer.list, &row));
    }
    later(2);
    cr_assert_eq(look(&entries), 2);
    cr_assert_eq(entries, MANY);
    cr_assert_not(is_published("/crl/issuing.pem"));
}

Test(issuer, it_is_there_in_PEM_too)
{
    struct published *document;
    size_t entries;

    look(&entries);
    document = publication_find(publication, bytes_str("/crl/issuing.pem"));
    cr_assert_eq(memcmp(document->body.data, "-----BEGIN X509 CRL-----", 24), 0);
    published_release(document);
}

/* RFC 5280 5.2.3: the next number is above it. Whoever can write into the directory brings about no CRL for
 * each time that he does. */
Test(issuer, a_higher_number_elsewhere_is_overtaken_when_a_revocation_would_be_answered)
{
    size_t entries;

    cr_assert_eq(look(&entries), 1);
    issuer.complete.full.elsewhere = 50;
    later(1);
    cr_assert_eq(look(&entries), 1);
    later(config.after_revocation_seconds);
    cr_assert_eq(look(&entries), 51);
    issuer.complete.full.elsewhere = 60;
    later(1);
    cr_assert_eq(look(&entries), 51);
}

/* Somebody who shares the folder by mistake, or means harm: a number there is above ours. */
Test(issuer, what_is_made_is_above_what_the_folder_has_by_then)
{
    const struct crl_times far = {40, NOW, NOW + HOUR, 0};
    static const struct revoked nothing;
    char path[] = "/tmp/cmpd-issuer.XXXXXX", command[64];
    struct publication *others = publication_new();
    struct folder *folder, *own;
    struct bytes der;
    size_t entries;

    cr_assert_not_null(mkdtemp(path));
    folder = folder_new(path);
    own = folder_new(path);
    turn.folder = own;
    cr_assert_eq(look(&entries), 1);
    cr_assert(crl_make_full(&der, &authority, &nothing, &far));
    cr_assert(publication_put(others, "/crl/issuing.crl", "t", der, 0, 0, NULL));
    folder_write(folder, others);
    enroll(1, KEY_COMPROMISE);
    later(config.after_revocation_seconds);
    cr_expect_eq(look(&entries), 41);
    folder_write(own, publication);
    cr_expect_eq(folder_number(own, "/crl/issuing.crl"), 41);
    turn.folder = NULL;
    folder_free(folder);
    folder_free(own);
    publication_free(others);
    snprintf(command, sizeof command, "rm -rf %s", path);
    cr_assert_eq(system(command), 0);
}

/* ---- after the end of what signs ---- */

/* Nobody finds a path to its signer (RFC 5280 6.1.3 (a)(2)); the last one is there for who asks. */
Test(issuer, after_the_end_of_the_CA_none_is_made)
{
    size_t entries;
    struct crl_issuer other;

    look(&entries);
    authority.cert.not_after = authority.crl_cert.not_after = turn.now + HOUR;
    enroll(1, KEY_COMPROMISE);
    later(HOUR);
    cr_assert_eq(look(&entries), 2, "notAfter is the last second");
    enroll(2, KEY_COMPROMISE);
    later(2);
    CAPTURE(look(&entries));
    cr_expect_not_null(
        strstr(logged, "event=\"no more CRLs\" ca=issuing reason=\"the CA's certificate has ended\""), "%s",
        logged);
    later((int64_t)config.validity_hours * HOUR);
    CAPTURE(cr_expect_eq(look(&entries), 2));
    cr_expect_str_empty(logged, "it is said once, and its CRL is not late");
    cr_expect_eq(issuer.told_late, 0);

    /* A node that begins publishes it, too. */
    crl_issuer_withdraw(&issuer, publication);
    crl_issuer_begin(&other, &authority);
    turn.lease = NULL;
    CAPTURE(crl_issuer_look(&other, &turn));
    cr_expect_str_empty(logged, "who does not lead makes none");
    cr_expect_eq(published(&entries), 2);
    turn.lease = &held;
    crl_issuer_end(&other);

    authority.cert.not_after = authority.crl_cert.not_after = INT64_MAX;
    cr_expect_eq(look(&entries), 3, "its issuer has certified the key again");
}

/* The CA goes on: its readers wait for the next one. */
Test(issuer, after_the_end_of_who_signs_them_none_is_made_and_the_next_is_late)
{
    size_t entries;

    look(&entries);
    authority.crl_cert.not_after = turn.now;
    enroll(1, KEY_COMPROMISE);
    later(2);
    CAPTURE(cr_expect_eq(look(&entries), 1));
    cr_expect_not_null(strstr(logged, "reason=\"the certificate that signs its CRLs has ended\""), "%s",
                       logged);
    later((int64_t)(config.validity_hours - 1) * HOUR);
    CAPTURE(cr_expect_eq(look(&entries), 1));
    cr_expect_not_null(strstr(logged, "event=\"CRL is late\""), "%s", logged);
    cr_expect_neq(issuer.told_late, 0);
    config.every_hours = 0;
    issuer.told_ended = 0;
    CAPTURE(look(&entries));
    cr_expect_str_empty(logged, "where none are made, none is missed");
}
