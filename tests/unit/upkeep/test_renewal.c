/* renewal.c: a CA renews its own certificates, once, and what it must not renew it does not. */
#include "server/upkeep/renewal.h"

#include "tests/support/capture.h"
#include "tests/unit/upkeep/fixture.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

TestSuite(renewal, .init = set_up, .fini = tear_down, .timeout = 60);

static struct policy_renewable item;
static char why[RENEWAL_WHY_MAX];
static const uint8_t holder[RENEWAL_HOLDER] = "one process", other[RENEWAL_HOLDER] = "another one";

static void take(void)
{
    cr_assert(policy_renewable(&item, demo.policy, 0, POLICY_SIGNS_ANSWERS));
    cr_assert_null(item.why_not);
}

/* In the last third of its three years. */
static int64_t due(void)
{
    take();
    return item.cert->not_after - (item.cert->not_after - item.cert->not_before) / 3;
}

static enum renewal_outcome make(const uint8_t *by, int64_t now, int new_key)
{
    return renewal_make(why, &(struct renewal_call){.policy = demo.policy,
                                                    .item = &item,
                                                    .store = store,
                                                    .holder = by,
                                                    .who = "a test",
                                                    .now = now,
                                                    .new_key = new_key});
}

static enum renewal_outcome make_at(int64_t now)
{
    return make(holder, now, 0);
}

/* As a node does that has seen it. */
static void take_up(int64_t now)
{
    struct policy_renewals *renewals = policy_renewals_read(demo.policy, store, now);
    struct config_fault fault;
    struct policy *newer;

    cr_assert_not_null(renewals);
    cr_assert(policy_lacks(demo.policy, renewals));
    newer = policy_load_renewed(&fault, demo.policy, demo.config, renewals, now);
    cr_assert_not_null(newer, "%s", fault.text);
    cr_expect_not(policy_lacks(newer, renewals));
    policy_renewals_release(renewals);
    policy_release(demo.policy);
    demo.policy = newer;
}

Test(renewal, it_is_due_in_the_last_third)
{
    int64_t at = due();

    cr_expect_not(renewal_is_due(&item, at - 1));
    cr_expect(renewal_is_due(&item, at));
    cr_expect(renewal_is_due(&item, item.cert->not_after + DAY));
}

/* RFC 5280 4.2: what the certificate says of its key stays. */
Test(renewal, all_but_serial_and_validity_stays)
{
    int64_t now = due();
    struct certificate before, after;
    struct arena *arena = arena_new(DAY);

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    before = *item.cert;
    before.der = arena_copy(arena, before.der);
    cr_assert(certificate_parse(&before, before.der));
    take_up(now);
    take();
    after = *item.cert;
    cr_expect(bytes_equal(after.spki, before.spki) && bytes_equal(after.subject, before.subject));
    cr_expect(bytes_equal(after.extensions, before.extensions));
    cr_expect_not(bytes_equal(after.serial, before.serial));
    cr_expect_eq(after.not_after - after.not_before, before.not_after - before.not_before);
    cr_expect(after.not_before <= now && after.not_after > before.not_after);
    cr_expect(certificate_is_signed_by(&after, &item.ca->cert));
    cr_expect_not(renewal_is_due(&item, now));
    /* Who began before it is in use has answers under the one before. */
    cr_expect(bytes_equal(item.ca->former_extra_certs[0], before.der));
    cr_expect(bytes_equal(item.ca->signed_extra_certs[0], after.der));
    cr_expect_eq(item.ca->cmp_since, now + BOUND_RENEWAL_SETTLES);
    arena_free(arena);
}

/* What the store has of it once it was renewed. */
static struct store_renewal stored(struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_RENEWALS,
                                .issuer = bytes_of(item.ca->id, STORE_ISSUER_ID),
                                .key = bytes_of(item.key, sizeof item.key),
                                .arena = arena};

    cr_assert(store_fetch_wait(store, &fetch));
    cr_assert_eq(fetch.outcome, STORE_FOUND);
    return *(struct store_renewal *)fetch.rows;
}

static void put(const struct store_renewal *row)
{
    struct store_unit unit = {.issuer = bytes_of(item.ca->id, STORE_ISSUER_ID)};

    store_unit_write(&unit, STORE_PUT, STORE_RENEWALS, row);
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
}

static int is_lacked(int64_t now)
{
    struct policy_renewals *renewals = policy_renewals_read(demo.policy, store, now);
    int lacked = policy_lacks(demo.policy, renewals);

    policy_renewals_release(renewals);
    return lacked;
}

/* Who may write rows of a database has no key of the CA. */
Test(renewal, nothing_is_believed_that_the_ca_has_not_signed)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal good, bad;
    uint8_t *octets;

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    good = bad = stored(arena);
    cr_assert(is_lacked(now));
    /* Of a day to come: it is no reason to wait for it. */
    cr_expect_not(is_lacked(now - 2 * BOUND_RENEWAL_BACKDATE));
    /* Its signature is void: nobody uses it, and another one takes its place. */
    octets = arena_alloc(arena, good.certificate.len);
    memcpy(octets, good.certificate.data, good.certificate.len);
    octets[good.certificate.len - 1] ^= 1;
    bad.certificate = bytes_of(octets, good.certificate.len);
    put(&bad);
    cr_expect_not(is_lacked(now));
    cr_expect_eq(make_at(now), RENEWAL_DONE, "%s", why);
    cr_expect(is_lacked(now));
    arena_free(arena);
}

/* Stations would refuse answers under a former certificate that is none. */
Test(renewal, a_former_certificate_is_the_cas_and_not_for_long)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal good, bad;
    uint8_t *octets;

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    good = bad = stored(arena);
    octets = arena_alloc(arena, good.former.len);
    memcpy(octets, good.former.data, good.former.len);
    octets[good.former.len - 1] ^= 1;
    bad.former = bytes_of(octets, good.former.len);
    put(&bad);
    take_up(now);
    take();
    cr_expect_eq(item.ca->former_extra_certs[0].len, 0);
    cr_expect_eq(item.ca->cmp_since, 0);
    arena_free(arena);
}

Test(renewal, the_new_one_is_used_soon_whatever_a_row_says)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal row;

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    row = stored(arena);
    row.since = now + 30 * (int64_t)DAY;
    put(&row);
    take_up(now);
    take();
    cr_expect_eq(item.ca->cmp_since, 0);
    arena_free(arena);
}

Test(renewal, what_was_revoked_is_not_taken_up)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal row;
    struct certificate cert;
    struct store_cert_change change = {.status = STORE_CERT_REVOKED, .reason = 1, .at = now};
    struct store_unit unit = {.issuer = bytes_of(item.ca->id, STORE_ISSUER_ID), .change = &change};

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    row = stored(arena);
    cr_assert(certificate_parse(&cert, row.certificate));
    change.serial = cert.serial;
    cr_assert(is_lacked(now));
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    cr_expect_not(is_lacked(now));
    arena_free(arena);
}

Test(renewal, of_two_nodes_one_renews)
{
    int64_t now = due();

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    cr_expect_eq(make(other, now, 0), RENEWAL_KNOWN);
}

/* Another one has it. */
static void hold_lease(void)
{
    const struct store_lease lease = {"renewal", bytes_of(other, sizeof other), 60, 0};
    struct store_unit unit = {.lease = &lease};

    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
}

Test(renewal, who_has_not_the_lease_renews_nothing)
{
    int64_t now = due();

    hold_lease();
    cr_expect_eq(make_at(now), RENEWAL_BUSY);
}

Test(renewal, a_key_that_is_blocked_gets_nothing)
{
    int64_t now = due();
    uint8_t hash[DIGEST_MAX];
    struct store_blocked_key row = {.at = now, .reason = 1};
    struct store_unit unit = {.issuer = test_issuer()};

    row.spki_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, item.cert->spki));
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    cr_expect_eq(make_at(now), RENEWAL_REFUSED);
    cr_expect_not_null(strstr(why, "blocked"), "%s", why);
}

/* Each attempt costs, and does no good until somebody has looked. */
static void is_tried_hourly(int64_t now)
{
    struct renewing job = {.looked = 0};

    renewing_run(&job, demo.policy, store, now);
    cr_expect_eq(job.refused[POLICY_SIGNS_ANSWERS], now);
    cr_expect_eq(job.alarm, 1);
    renewing_run(&job, demo.policy, store, now + HOUR - BOUND_RENEWAL_EVERY);
    cr_expect_eq(job.refused[POLICY_SIGNS_ANSWERS], now);
    cr_expect_eq(job.alarm, 1);
    renewing_run(&job, demo.policy, store, now + HOUR);
    cr_expect_eq(job.refused[POLICY_SIGNS_ANSWERS], now + HOUR);
    renewing_job.resume(&job);
    renewing_run(&job, demo.policy, store, now + HOUR + 1);
    cr_expect_eq(job.refused[POLICY_SIGNS_ANSWERS], now + HOUR + 1);
}

/* One that is revoked is not made good again. */
Test(renewal, what_was_revoked_gets_nothing)
{
    int64_t now = due();
    struct store_cert_change change = {.status = STORE_CERT_REVOKED, .reason = 4, .at = now};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    now = due();
    change.serial = item.cert->serial;
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    hold_lease();
    cr_expect_eq(make_at(now), RENEWAL_REFUSED, "it is known without the lease");
    cr_expect_not_null(strstr(why, "revoked"), "%s", why);
    is_tried_hourly(now);
}

/* It cannot outlast its CA: then it is for the operator to do something. */
Test(renewal, one_that_would_end_no_later_is_not_made)
{
    take();
    int64_t ca_end = item.ca->cert.not_after;

    cr_assert_eq(make_at(ca_end - DAY), RENEWAL_DONE, "%s", why);
    take_up(ca_end - DAY);
    take();
    cr_expect_eq(item.cert->not_after, ca_end);
    cr_expect_not(renewal_is_due(&item, ca_end - 10));
    cr_expect_eq(make_at(ca_end - 10), RENEWAL_NO_USE);
    cr_expect_eq(make_at(ca_end + 1), RENEWAL_REFUSED);
}

/* It issues nothing until it has. */
Test(renewal, a_node_that_starts_after_the_end_renews)
{
    struct config_fault fault;
    struct renewing job = {.looked = 0};
    struct policy *late;
    int64_t now;

    take();
    now = item.cert->not_after + DAY;
    late = policy_load_file(&fault, demo.config, now);
    cr_assert_not_null(late, "%s", fault.text);
    policy_release(demo.policy);
    demo.policy = late;
    cr_expect_lt(cmp_signs_until(policy_settings(late)->default_profile), now);
    log_set_level(LOG_INFO);
    CAPTURE(renewing_run(&job, demo.policy, store, now));
    cr_expect_not_null(strstr(logged, "event=\"certificate renewed\""), "%s", logged);
    renewing_run(&job, demo.policy, store, now + 1);
    cr_expect_eq(atomic_load(&job.is_new), 1);
    take_up(now);
    cr_expect_gt(cmp_signs_until(policy_settings(demo.policy)->default_profile), now);
    take();
    cr_expect_eq(item.ca->cmp_since, now); /* at once */
}

/* What began under the present one comes to its end before that has ended. */
Test(renewal, near_the_end_it_is_used_midway)
{
    int64_t now;

    take();
    now = item.cert->not_after - BOUND_RENEWAL_SETTLES;
    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    take();
    cr_expect_eq(item.ca->cmp_since, now + BOUND_RENEWAL_SETTLES / 2);
}

/* By command, as often as somebody likes. */
Test(renewal, what_has_only_just_begun_is_renewed_too)
{
    int64_t before, now;

    for (int i = 1; i <= 3; i++) {
        take();
        before = item.cert->not_after;
        now = item.cert->not_before + 10;
        cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
        take_up(now);
        take();
        cr_expect_gt(item.cert->not_after, before);
        cr_expect_leq(item.cert->not_before, now);
    }
    cr_expect_eq(make_at(item.cert->not_before), RENEWAL_NO_USE);
    cr_expect_not_null(strstr(why, "only just begun"), "%s", why);
}

/* A file of a vendor is gone, say: the policy stays what it was. */
Test(renewal, what_is_not_taken_up_is_an_alarm_and_keeps_nothing_else_waiting)
{
    struct renewing job = {.looked = 0};
    int64_t now = due(), seen;

    renewing_run(&job, demo.policy, store, now);
    seen = now + 1;
    renewing_run(&job, demo.policy, store, seen);
    cr_expect_eq(atomic_load(&job.is_new), 1);
    renewing_run(&job, demo.policy, store, seen + BOUND_RENEWAL_SETTLES);
    cr_expect_eq(job.alarm, 0);
    cr_expect_eq(job.tried, seen + BOUND_RENEWAL_SETTLES, "others may be due");
    renewing_run(&job, demo.policy, store, seen + BOUND_RENEWAL_SETTLES + 1);
    cr_expect_eq(job.alarm, 1);
    take_up(now);
    renewing_run(&job, demo.policy, store, seen + BOUND_RENEWAL_SETTLES + 2);
    cr_expect_eq(atomic_load(&job.is_new), 0, "at once");
    cr_expect_eq(job.alarm, 0);
}

/* ---- with a new key ---- */

static enum renewal_outcome rekey_at(int64_t now)
{
    return make(holder, now, 1);
}

/* What signs answers now, and did before; signing shows that key and certificate belong together. */
static void signs_with_its_key(const struct certificate *cert, const struct private_key *key)
{
    struct arena *arena = arena_new(DAY);
    struct signing signing = {.algorithm = item.ca->cmp_algorithm,
                              .key = key,
                              .message = bytes_str("an answer"),
                              .signature = arena_alloc(arena, private_key_signature_max(key))};
    struct signing *all[] = {&signing};

    sign_batch(all, 1);
    cr_expect(verify_signature(cert->spki, signing.algorithm, signing.message,
                               bytes_of(signing.signature, signing.signature_len)));
    arena_free(arena);
}

/* RFC 5280 4.2.1.2: the key's identifier is another one, all else stays. */
Test(renewal, by_command_the_key_is_a_new_one_and_the_former_signs_what_it_began)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct certificate before, after;

    cr_assert(certificate_parse(&before, arena_copy(arena, item.cert->der)));
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    take();
    after = *item.cert;
    cr_expect_not(bytes_equal(after.spki, before.spki) || bytes_equal(after.key_id, before.key_id));
    cr_expect(bytes_equal(after.subject, before.subject));
    cr_expect_eq(after.key_usage, before.key_usage);
    cr_expect(bytes_equal(after.extended_key_usage, before.extended_key_usage));
    cr_expect(after.not_after > before.not_after);
    cr_expect(bytes_equal(item.ca->former_cmp_cert.der, before.der));
    cr_expect_eq(item.ca->cmp_since, now + BOUND_RENEWAL_SETTLES);
    signs_with_its_key(&after, item.ca->cmp_key);
    signs_with_its_key(&before, item.ca->former_cmp_key);
    /* Not in the clear. */
    struct store_renewal row = stored(arena);
    cr_expect_gt(row.key.len, 0);
    cr_expect_null(memmem(row.key.data, row.key.len, "PRIVATE", 7));
    arena_free(arena);
}

/* Another node, or this one after a restart, knows the file alone. */
static void start_anew(int64_t now)
{
    struct config_fault fault;
    struct policy *fresh = policy_load_file(&fault, demo.config, now);

    cr_assert_not_null(fresh, "%s", fault.text);
    policy_release(demo.policy);
    demo.policy = fresh;
    take_up(now);
    take();
}

/* It is renewed by itself like any other; and may be replaced once more. */
Test(renewal, a_new_key_stays_until_the_next_one)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct bytes first, second;

    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    now = due();
    first = arena_copy(arena, item.cert->spki);
    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    start_anew(now);
    cr_expect(bytes_equal(item.cert->spki, first));
    cr_expect_eq(item.ca->former_cmp_key, item.ca->cmp_key);
    signs_with_its_key(item.cert, item.ca->cmp_key);
    cr_expect_eq(rekey_at(now), RENEWAL_BUSY, "what began under the one before is not over");
    now += BOUND_RENEWAL_SETTLES;
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    start_anew(now);
    second = item.cert->spki;
    cr_expect_not(bytes_equal(second, first));
    cr_expect(bytes_equal(item.ca->former_cmp_cert.spki, first));
    signs_with_its_key(item.cert, item.ca->cmp_key);
    signs_with_its_key(&item.ca->former_cmp_cert, item.ca->former_cmp_key);
    arena_free(arena);
}

/* The store has one former key: the one before that would be forgotten while it is needed. */
Test(renewal, nothing_is_renewed_while_a_former_key_goes_on)
{
    int64_t now = due();

    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    start_anew(now);
    cr_expect_eq(make_at(now + 1), RENEWAL_BUSY);
    now += BOUND_RENEWAL_SETTLES;
    cr_expect_eq(make_at(now), RENEWAL_DONE, "%s", why);
}

/* Who may write rows writes that a renewal is never over. */
Test(renewal, a_row_keeps_nobody_from_renewing_for_ever)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal row;

    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    row = stored(arena);
    row.since = INT64_MAX;
    put(&row);
    start_anew(now);
    cr_expect_eq(make_at(now + 1), RENEWAL_DONE, "%s", why);
    row = stored(arena);
    row.since = INT64_MIN;
    put(&row);
    take_up(now + 1);
    take();
    cr_expect_eq(rekey_at(now + 2), RENEWAL_DONE, "%s", why);
    arena_free(arena);
}

/* Nor does a certificate of the CA that it has not issued here: no node takes that up. */
Test(renewal, a_certificate_that_the_store_has_not_keeps_nobody_from_renewing)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal row;
    struct certificate_tbs tbs;
    struct signing signing = {.algorithm = item.ca->algorithm, .key = item.ca->key};
    struct signing *all[] = {&signing};

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    row = stored(arena);
    cr_assert(certificate_read_tbs(&tbs, item.cert->tbs));
    cr_assert(certificate_reissue(&signing.message, arena, &tbs, bytes_str("0123456789abcdef"), now - 1,
                                  item.ca->cert.not_after));
    signing.signature = arena_alloc(arena, private_key_signature_max(item.ca->key));
    sign_batch(all, 1);
    cr_assert(certificate_assemble(&row.certificate, arena, signing.message, item.ca->algorithm,
                                   bytes_of(signing.signature, signing.signature_len)));
    put(&row);
    cr_expect_not(is_lacked(now));
    cr_expect_eq(make_at(now), RENEWAL_DONE, "%s", why);
    cr_expect(is_lacked(now));
    arena_free(arena);
}

/* The key may be known to others: that is when it is needed most. */
Test(renewal, what_was_revoked_or_blocked_gets_a_new_key)
{
    int64_t now = due();
    struct store_cert_change change = {.status = STORE_CERT_REVOKED, .reason = 1, .at = now};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    struct store_blocked_key row = {.at = now, .reason = 1};
    struct store_unit block = {.issuer = test_issuer()};
    uint8_t hash[DIGEST_MAX];

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    take();
    change.serial = item.cert->serial;
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    row.spki_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, item.cert->spki));
    store_unit_write(&block, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_assert(store_commit_wait(store, &block) && block.outcome == STORE_DONE);
    now += BOUND_RENEWAL_SETTLES;
    cr_expect_eq(make_at(now), RENEWAL_REFUSED);
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    cr_expect(is_lacked(now));
}

/* Whoever revoked it first is not left without: a node that starts anew uses the file's. */
Test(renewal, what_was_revoked_before_it_has_a_successor_gets_one)
{
    int64_t now = due();
    struct arena *arena = arena_new(DAY);
    struct store_cert_change change = {.status = STORE_CERT_REVOKED, .reason = 1, .at = now};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    struct certificate renewed;

    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    cr_assert(certificate_parse(&renewed, stored(arena).certificate));
    change.serial = renewed.serial;
    cr_assert(store_commit_wait(store, &unit) && unit.outcome == STORE_DONE);
    cr_expect_not(is_lacked(now));
    cr_expect_eq(make_at(now), RENEWAL_REFUSED);
    cr_expect_not_null(strstr(why, "--new-key"), "%s", why);
    cr_assert_eq(rekey_at(now + 1), RENEWAL_DONE, "%s", why);
    start_anew(now + 1);
    cr_expect_not(bytes_equal(item.cert->spki, renewed.spki) || policy_is_files_key(&item));
    signs_with_its_key(item.cert, item.ca->cmp_key);
    arena_free(arena);
}

/* Where both end with their CA, the one that began later is used. */
Test(renewal, a_new_key_need_not_last_longer)
{
    take();
    int64_t now = item.ca->cert.not_after - DAY;
    struct arena *arena = arena_new(DAY);
    struct bytes before;

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    take_up(now);
    take();
    before = arena_copy(arena, item.cert->spki);
    now += BOUND_RENEWAL_SETTLES;
    cr_expect_eq(make_at(now), RENEWAL_NO_USE);
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    start_anew(now);
    cr_expect_eq(item.cert->not_after, item.ca->cert.not_after);
    cr_expect_not(bytes_equal(item.cert->spki, before));
    arena_free(arena);
}

static void is_not_taken_up(int64_t now, const char *says)
{
    struct policy_renewals *renewals = policy_renewals_read(demo.policy, store, now);
    struct config_fault fault;

    cr_assert(policy_lacks(demo.policy, renewals));
    cr_expect_null(policy_load_renewed(&fault, demo.policy, demo.config, renewals, now));
    cr_expect_not_null(strstr(fault.text, says), "%s", fault.text);
    policy_renewals_release(renewals);
}

/* Who may write rows has not the seal_key. */
Test(renewal, a_key_that_does_not_open_or_belong_is_not_used)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal good, bad;
    uint8_t *octets;

    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    good = bad = stored(arena);
    octets = arena_alloc(arena, good.key.len);
    memcpy(octets, good.key.data, good.key.len);
    octets[good.key.len - 1] ^= 1;
    bad.key = bytes_of(octets, good.key.len);
    put(&bad);
    is_not_taken_up(now, "sealed under another seal_key");
    bad.key = bytes_str("x");
    put(&bad);
    is_not_taken_up(now, "sealed under another seal_key");
    bad.key = bytes_of(NULL, 0);
    put(&bad);
    cr_expect_not(is_lacked(now), "another key than the file's, and none that comes with it");
    put(&good);
    take_up(now);
    take();
    /* One that was in use before: it is of another certificate. */
    now += BOUND_RENEWAL_SETTLES;
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    bad = stored(arena);
    bad.key = good.key;
    put(&bad);
    is_not_taken_up(now, "does not belong to the renewed certificate");
    arena_free(arena);
}

/* A node of 0.1.0 renews what the file has, and leaves the key of before in the row. */
Test(renewal, a_certificate_of_the_files_key_is_used_with_it)
{
    struct arena *arena = arena_new(DAY);
    int64_t now = due();
    struct store_renewal plain, keyed;

    cr_assert_eq(make_at(now), RENEWAL_DONE, "%s", why);
    plain = stored(arena);
    cr_assert_eq(plain.key.len, 0);
    take_up(now);
    take();
    now += BOUND_RENEWAL_SETTLES;
    cr_assert_eq(rekey_at(now), RENEWAL_DONE, "%s", why);
    keyed = stored(arena);
    plain.key = keyed.key;
    put(&plain);
    start_anew(now);
    cr_expect(policy_is_files_key(&item));
    signs_with_its_key(item.cert, item.ca->cmp_key);
    arena_free(arena);
}

Test(renewal, without_a_seal_key_there_is_no_new_one)
{
    struct config_fault fault;
    int64_t now;

    cr_assert(demo_edit(&demo, &fault, "      allowed: true             # shared secrets",
                        "      allowed: false            #") &&
                  demo_edit(&demo, &fault, "\nseal_key:", "\n# seal_key:"),
              "%s", fault.text);
    now = due();
    cr_expect_eq(rekey_at(now), RENEWAL_REFUSED);
    cr_expect_not_null(strstr(why, "names no seal_key"), "%s", why);
    cr_expect_not(is_lacked(now));
}
