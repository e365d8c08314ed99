/* inventory.c: counts of certificates, over a file or PostgreSQL (tests/postgres). */
#include "server/upkeep/inventory.h"

#include "server/base/bounds.h"
#include "tests/unit/upkeep/fixture.h"

enum { DAY = 24 * 3600 };

static struct inventory inventory;
static struct inventory_counts told;

static void begin(void)
{
    set_up();
    inventory_init(&inventory);
}

static void end(void)
{
    inventory_end(&inventory, store);
    inventory_cleanup(&inventory);
    tear_down();
}

TestSuite(inventory, .init = begin, .fini = end, .timeout = 60);

static void issue(uint32_t n, enum store_cert_status status, const char *profile, int64_t not_after)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    e.tx.state = STORE_TX_CONFIRMED;
    e.cert.status = status;
    e.cert.not_after = not_after;
    e.cert.profile = bytes_str(profile);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

static size_t demo_number(void)
{
    return metric_name_number(&cmp_profile_names, "demo");
}

static int64_t all_of(const struct inventory_counts *counts)
{
    int64_t sum = 0;

    for (size_t i = 0; i < METRIC_NAMES_MAX; i++)
        for (size_t j = 0; j < INVENTORY_STATES; j++)
            for (size_t k = 0; k < INVENTORY_ENDS; k++)
                sum += counts->of[i][j][k];
    return sum;
}

static int64_t counted(int64_t now)
{
    inventory_run(&inventory, demo.policy, store, now);
    return inventory_told(&inventory, &told, now) ? all_of(&told) : -1;
}

Test(inventory, by_profile_status_and_end)
{
    static const struct {
        int64_t left;
        enum inventory_end end;
    } ends[] = {{-1, INVENTORY_ENDED},
                {0, INVENTORY_1_DAY},
                {DAY - 1, INVENTORY_1_DAY},
                {DAY, INVENTORY_7_DAYS},
                {7 * DAY - 1, INVENTORY_7_DAYS},
                {7 * DAY, INVENTORY_30_DAYS},
                {30 * DAY - 1, INVENTORY_30_DAYS},
                {30 * DAY, INVENTORY_90_DAYS},
                {90 * DAY - 1, INVENTORY_90_DAYS},
                {90 * DAY, INVENTORY_LONGER}};
    uint32_t n = 1;
    int64_t expected[INVENTORY_ENDS] = {0};

    cr_assert_eq(counted(NOW), 0, "an empty store is counted, too");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        issue(n++, STORE_CERT_VALID, "demo", NOW + BOUND_INVENTORY_EVERY + ends[i].left);
        expected[ends[i].end]++;
    }
    issue(n++, STORE_CERT_UNCONFIRMED, "demo", NOW + 400 * DAY);
    issue(n++, STORE_CERT_REVOKED, "demo", NOW + 400 * DAY);
    issue(n++, STORE_CERT_REVOKED, "demo", NOW - DAY);
    issue(n++, STORE_CERT_HOLD, "demo", NOW + 400 * DAY);
    issue(n++, STORE_CERT_VALID, "of before", NOW + 400 * DAY);
    issue(n++, STORE_CERT_VALID, "", NOW + 400 * DAY);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY), n - 1);
    cr_expect_eq(told.at, NOW + BOUND_INVENTORY_EVERY);
    cr_expect_arr_eq(told.of[demo_number()][STORE_CERT_VALID], expected, sizeof expected);
    cr_expect_eq(told.of[demo_number()][STORE_CERT_UNCONFIRMED][INVENTORY_LONGER], 1);
    cr_expect_eq(told.of[demo_number()][STORE_CERT_REVOKED][INVENTORY_LONGER], 1);
    cr_expect_eq(told.of[demo_number()][STORE_CERT_REVOKED][INVENTORY_ENDED], 1);
    cr_expect_eq(told.of[demo_number()][STORE_CERT_HOLD][INVENTORY_LONGER], 1);
    cr_expect_eq(told.of[METRIC_NAME_OTHER][STORE_CERT_VALID][INVENTORY_LONGER], 1);
    cr_expect_eq(told.of[METRIC_NAME_NONE][STORE_CERT_VALID][INVENTORY_LONGER], 1);
}

/* As upkeep does: the lease does not lapse. */
static void goes_on(int64_t from, int64_t to)
{
    for (int64_t now = from; now < to; now += BOUND_INVENTORY_LEASE / 3)
        inventory_run(&inventory, demo.policy, store, now);
}

Test(inventory, from_time_to_time)
{
    cr_assert_eq(counted(NOW), 0);
    issue(1, STORE_CERT_VALID, "demo", NOW + DAY);
    goes_on(NOW, NOW + BOUND_INVENTORY_EVERY - 1);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY - 1), 0, "not yet");
    cr_assert_eq(told.at, NOW);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY), 1);
    issue(2, STORE_CERT_VALID, "demo", NOW + DAY);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY + 1), 1, "not yet");
    inventory.configuration[0] = 0;
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY + 1), 2, "another configuration counts anew");
    cr_assert_eq(counted(NOW - DAY), 2, "a clock that was set back keeps no count");
    cr_assert_eq(told.at, NOW - DAY);
}

/* None is counted twice, or left out, where one piece ends and the next begins. */
Test(inventory, a_round_of_several_pieces)
{
    cr_assert_eq(counted(NOW), 0);
    for (uint32_t n = 1; n <= STORE_OLD_MAX + 3; n++)
        issue(n, STORE_CERT_VALID, n % 2 == 0 ? "demo" : "of before", NOW + 400 * DAY);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_EVERY), STORE_OLD_MAX + 3);
    cr_expect_eq(told.of[demo_number()][STORE_CERT_VALID][INVENTORY_LONGER], STORE_OLD_MAX / 2 + 1);
}

Test(inventory, one_node_counts_and_tells)
{
    struct inventory other = {.asked = 0};
    struct inventory_counts counts;

    inventory_init(&other);
    cr_assert_eq(counted(NOW), 0);
    inventory_run(&other, demo.policy, store, NOW);
    cr_expect_not(inventory_told(&other, &counts, NOW), "it is another's to count");
    inventory_end(&inventory, store);
    cr_expect_not(inventory_told(&inventory, &told, NOW), "it has given it up");
    inventory_run(&other, demo.policy, store, NOW + BOUND_INVENTORY_LEASE);
    cr_expect(inventory_told(&other, &counts, NOW + BOUND_INVENTORY_LEASE));
    cr_expect_eq(counted(NOW + BOUND_INVENTORY_LEASE), -1, "and now that is the other's");
    inventory_end(&other, store);
    inventory_cleanup(&other);
}

/* Somebody else may have the lease when this node could not ask for it any more. */
Test(inventory, nothing_is_told_after_the_lease)
{
    cr_assert_eq(counted(NOW), 0);
    cr_expect(inventory_told(&inventory, &told, NOW + BOUND_INVENTORY_LEASE - 1));
    cr_expect_not(inventory_told(&inventory, &told, NOW + BOUND_INVENTORY_LEASE));
    cr_expect_not(inventory_told(&inventory, &told, NOW - 1));
}

/* What this node had counted is older than what another has counted since. */
Test(inventory, a_lease_that_lapsed_begins_anew)
{
    cr_assert_eq(counted(NOW), 0);
    issue(1, STORE_CERT_VALID, "demo", NOW + DAY);
    cr_assert_eq(counted(NOW + BOUND_INVENTORY_LEASE - 1), 0);
    cr_assert_eq(counted(NOW + 3 * BOUND_INVENTORY_LEASE), 1);
    cr_assert_eq(told.at, NOW + 3 * BOUND_INVENTORY_LEASE);
}
