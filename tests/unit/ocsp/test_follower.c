/* follower.c: revocations are followed from where the list ends, whatever was in it before. */
#include "server/ocsp/follower.h"

#include <criterion/criterion.h>

#include "storage/backend.h"
#include "tests/unit/storage/suite.h"

static struct ocsp_cache *cache;
static struct follower follower;
static unsigned seen;
static enum store_cert_status last;

static void set_up_follower(void)
{
    set_up();
    cache = ocsp_cache_new();
    ocsp_cache_limit(cache, 1 << 20);
    follower = (struct follower){.position = 0};
    seen = 0;
}

static void tear_down_follower(void)
{
    ocsp_cache_free(cache);
    tear_down();
}

TestSuite(ocsp_follower, .init = set_up_follower, .fini = tear_down_follower);

static void changed(void *arg, const uint8_t issuer[STORE_ISSUER_ID], const struct store_revocation *row)
{
    cr_assert_eq(arg, &follower);
    cr_assert_eq(issuer, issuer_octets);
    seen++;
    last = row->status;
}

static unsigned look(void)
{
    seen = 0;
    cr_assert(follower_look(&follower, cache, store, issuer_octets, changed, &follower));
    return seen;
}

static void revoke_all(uint32_t from, uint32_t count)
{
    for (uint32_t n = from; n < from + count; n++) {
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
        cr_assert_eq(change_status(1, n, STORE_CERT_REVOKED, 1), STORE_DONE);
    }
}

Test(ocsp_follower, a_list_without_entries)
{
    cr_expect_eq(look(), 0);
    cr_expect_eq(look(), 0);
    revoke_all(0, 1);
    cr_expect_eq(look(), 1);
    cr_expect_eq(last, STORE_CERT_REVOKED);
    cr_expect_eq(look(), 0);
}

Test(ocsp_follower, what_was_there_before_is_passed_over)
{
    static const uint32_t counts[] = {1, STORE_REVOKED_MAX - 1, 1, 1, 500, 1500};
    uint32_t n = 0;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        revoke_all(n, counts[i]);
        n += counts[i];
        follower = (struct follower){.position = 0};
        cr_expect_eq(look(), 0, "%u", n);
        cr_expect_eq(follower.position, n);
        revoke_all(n++, 1);
        cr_expect_eq(look(), 1, "%u", n);
    }
}

/* A certificate is listed by its last change: earlier positions are empty then. */
Test(ocsp_follower, gaps_in_the_list)
{
    revoke_all(0, 3);
    for (uint32_t n = 0; n < 600; n++) {
        cr_assert_eq(commit_one(store, 2, n), STORE_DONE);
        cr_assert_eq(change_status(2, 0, n % 2 ? STORE_CERT_VALID : STORE_CERT_HOLD, n % 2 ? 0 : 6),
                     STORE_DONE);
    }
    cr_expect_eq(look(), 0);
    cr_expect_eq(change_status(2, 0, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_expect_eq(look(), 1);
}

Test(ocsp_follower, many_changes_at_once)
{
    look();
    revoke_all(0, 2 * STORE_REVOKED_MAX + 3);
    cr_expect_eq(look(), 2 * STORE_REVOKED_MAX + 3);
    cr_expect_eq(look(), 0);
}

Test(ocsp_follower, each_change_of_a_certificate_is_seen)
{
    look();
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_expect_eq(look(), 1);
    cr_expect_eq(last, STORE_CERT_HOLD);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_expect_eq(look(), 1);
    cr_expect_eq(last, STORE_CERT_REVOKED);
}

static void keep(uint32_t n, uint64_t epoch)
{
    struct enrollment e;
    struct ocsp_entry entry = {.der = bytes_str("good"), .tag = "", .times = {0, 1, 2}};

    enrollment_init(&e, 1, n);
    memcpy(entry.issuer, issuer_octets, STORE_ISSUER_ID);
    memcpy(entry.serial, e.serial, STORE_SERIAL);
    entry.cert_id = e.cert.serial;
    ocsp_cache_put(cache, &entry, epoch);
    enrollment_cleanup(&e);
}

static int is_kept(uint32_t n)
{
    uint8_t octets[OCSP_KEPT_MAX];
    struct ocsp_kept kept;
    struct enrollment e;
    int found;

    enrollment_init(&e, 1, n);
    found = ocsp_cache_find(&kept, octets, cache, e.cert.serial, e.cert.serial, 0, 0);
    enrollment_cleanup(&e);
    return found;
}

Test(ocsp_follower, what_has_changed_is_not_kept)
{
    uint64_t epoch;

    keep(1, ocsp_cache_epoch(cache));
    look();
    cr_expect_not(is_kept(1), "nobody followed when it was put there");
    epoch = ocsp_cache_epoch(cache);
    keep(1, epoch);
    keep(2, epoch);
    look();
    cr_expect(is_kept(1));
    revoke_all(1, 1);
    look();
    cr_expect_not(is_kept(1));
    cr_expect(is_kept(2));
    keep(1, epoch);
    cr_expect_not(is_kept(1), "it was read before");
}

/* A store that was put back, say: what comes next has positions that were there before. */
Test(ocsp_follower, a_list_that_lost_its_end_is_followed_anew)
{
    revoke_all(0, 3);
    look();
    keep(7, ocsp_cache_epoch(cache));
    follower.position = 1000;
    look();
    look();
    cr_expect_eq(follower.position, 3);
    cr_expect_not(is_kept(7), "what changed in between nobody knows");
    revoke_all(3, 1);
    cr_expect_eq(look(), 1);
}

/* A store whose list has all positions up to |end|. */
static int64_t end;
static unsigned pages;

static int fetch_any(struct store *unused, struct store_fetch *const *items, void *const *args, size_t n,
                     store_done *done)
{
    struct store_fetch *item = items[0];
    struct store_revocation *rows = arena_alloc(item->arena, STORE_REVOKED_MAX * sizeof *rows);
    int64_t from;

    (void)unused;
    cr_assert_eq(n, 1);
    cr_assert_geq(item->before, 0, "there is no position below");
    from = item->before > 0 ? item->before : 1;
    item->rows = rows;
    for (item->count = 0; item->count < STORE_REVOKED_MAX && (int64_t)item->count <= end - from;
         item->count++)
        rows[item->count].position = from + (int64_t)item->count;
    item->outcome = item->count != 0 ? STORE_FOUND : STORE_ABSENT;
    pages++;
    done(args[0]);
    return 1;
}

/* Whoever writes into the table may give any position: the last of all numbers is one. */
Test(ocsp_follower, the_end_is_found_wherever_it_is)
{
    static const struct backend backend = {.fetch = fetch_any};
    struct store fake = {.backend = &backend};
    const int64_t ends[] = {0,
                            1,
                            STORE_REVOKED_MAX,
                            STORE_REVOKED_MAX + 1,
                            1000000,
                            INT64_MAX / 2 - 1,
                            INT64_MAX / 2,
                            INT64_MAX / 2 + 1,
                            INT64_MAX - STORE_REVOKED_MAX - 1,
                            INT64_MAX - STORE_REVOKED_MAX,
                            INT64_MAX - 2,
                            INT64_MAX - 1};

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        follower = (struct follower){.position = 0};
        end = ends[i];
        pages = 0;
        cr_assert(follower_look(&follower, cache, &fake, issuer_octets, changed, &follower));
        cr_expect_eq(follower.position, end, "%lld, not %lld", (long long)follower.position, (long long)end);
        cr_expect_lt(pages, 200, "%lld: %u pages", (long long)end, pages);
    }
}
