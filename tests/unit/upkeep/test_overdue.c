/* overdue.c: certificates whose stations did not update them, over a file or PostgreSQL (tests/postgres). */
#include "server/upkeep/overdue.h"

#include "storage/row.h"
#include "tests/unit/upkeep/fixture.h"

/* As enrollment_init makes them: at its tenth before the end one is overdue. */
enum {
    DAY = 24 * 3600,
    NOT_BEFORE = NOW - 300,
    NOT_AFTER = NOW + 365 * DAY,
    DUE = NOT_AFTER - (NOT_AFTER - NOT_BEFORE) / 10
};

TestSuite(overdue, .init = set_up, .fini = tear_down, .timeout = 60);

static void commit(struct store_unit *unit)
{
    cr_assert(store_commit_wait(store, unit));
    cr_assert_eq(unit->outcome, STORE_DONE);
}

static const uint8_t *device_id(uint32_t n)
{
    static uint8_t id[STORE_HASH];

    memset(id, 7, sizeof id);
    put_u32(id, n);
    return id;
}

/* The certificate |n|, of the device |device| (0: of none), with a claim if |claims|. */
static void issue(uint32_t n, uint32_t device, int claims)
{
    struct enrollment e;
    uint8_t key[STORE_CLAIM_KEY_MAX];
    struct store_claim claim = {.at = NOW};

    enrollment_init(&e, 1, n);
    e.tx.state = STORE_TX_CONFIRMED;
    e.cert.status = STORE_CERT_VALID;
    e.cert.vendor = bytes_str("demo");
    if (device != 0)
        e.cert.device = bytes_of(device_id(device), STORE_HASH);
    if (claims) {
        claim.claim = store_claim_key(key, e.cert.device, 0, bytes_str("demo"));
        claim.serial = e.cert.serial;
        store_unit_write(&e.unit, STORE_SWAP, STORE_CLAIMS, &claim);
    }
    commit(&e.unit);
    enrollment_cleanup(&e);
}

static void list(uint32_t device, enum store_device_state state)
{
    struct store_device row = {.device = bytes_of(device_id(device), STORE_HASH),
                               .state = state,
                               .vendor = bytes_str("demo"),
                               .identity = bytes_str("gnb"),
                               .site = bytes_str("here")};
    struct store_unit unit = {.issuer = test_issuer()};

    store_unit_write(&unit, STORE_PUT, STORE_DEVICES, &row);
    commit(&unit);
}

static void change(uint32_t n, enum store_cert_status status, struct bytes successor)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = status, .at = NOW, .successor = successor};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    commit(&unit);
    enrollment_cleanup(&e);
}

static void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

static int count_it(void *arg, const struct overdue *found)
{
    size_t *count = arg;

    cr_expect_not_null(found->cert);
    (*count)++;
    return 1;
}

static size_t overdue_at(int64_t now)
{
    struct overdue_walk walk = {.config = policy_config(demo.policy),
                                .ca = &policy_config(demo.policy)->cas[0]};
    enum overdue_end end;
    size_t count = 0;

    memcpy(walk.issuer, issuer_octets, sizeof walk.issuer);
    while ((end = overdue_piece(&walk, store, now, count_it, &count)) == OVERDUE_MORE)
        continue;
    cr_assert_eq(end, OVERDUE_OVER);
    return count;
}

Test(overdue, from_the_share_of_its_validity_until_long_after_its_end)
{
    issue(1, 0, 0);
    cr_assert_eq(overdue_at(DUE - 1), 0);
    cr_assert_eq(overdue_at(DUE), 1);
    cr_assert_eq(overdue_at(NOT_AFTER + 1), 1);
    cr_assert_eq(overdue_at(NOT_AFTER + BOUND_OVERDUE_EXPIRED - 1), 1);
    cr_assert_eq(overdue_at(NOT_AFTER + BOUND_OVERDUE_EXPIRED + 1), 0);
    edit("overdue_percent: 10", "overdue_percent: 0");
    cr_assert_eq(overdue_at(NOT_AFTER), 0, "the profile does not tell");
}

Test(overdue, not_what_was_updated_or_is_out_of_use)
{
    for (uint32_t n = 1; n <= 5; n++)
        issue(n, 0, 0);
    cr_assert_eq(overdue_at(DUE), 5);
    change(1, STORE_CERT_VALID, bytes_str("another's serial"));
    cr_assert_eq(overdue_at(DUE), 4, "updated");
    change(2, STORE_CERT_REVOKED, bytes_of(NULL, 0));
    cr_assert_eq(overdue_at(DUE), 3, "revoked");
    change(3, STORE_CERT_HOLD, bytes_of(NULL, 0));
    cr_assert_eq(overdue_at(DUE), 2, "on hold");
}

Test(overdue, nor_of_devices_that_are_blocked_removed_or_enrolled_anew)
{
    edit("identity: none", "identity: CN");
    edit("devices: open", "devices: record");
    issue(1, 1, 1);
    list(1, STORE_DEVICE_KNOWN);
    cr_assert_eq(overdue_at(DUE), 1);
    list(1, STORE_DEVICE_BLOCKED);
    cr_assert_eq(overdue_at(DUE), 0, "blocked");
    list(1, STORE_DEVICE_KNOWN);
    issue(2, 2, 1);
    cr_assert_eq(overdue_at(DUE), 1, "the second is listed nowhere: it was removed");
    list(2, STORE_DEVICE_KNOWN);
    cr_assert_eq(overdue_at(DUE), 2);
    issue(3, 2, 0);
    cr_assert_eq(overdue_at(DUE), 2, "of a device with a slot for another certificate");
}

Test(overdue, more_than_a_piece)
{
    edit("identity: none", "identity: CN");
    edit("devices: open", "devices: record");
    for (uint32_t n = 1; n <= STORE_OLD_MAX + 10; n++) {
        issue(n, n, 1);
        list(n, STORE_DEVICE_KNOWN);
    }
    cr_assert_eq(overdue_at(DUE), STORE_OLD_MAX + 10);
}

Test(overdue, the_job_counts_from_time_to_time)
{
    struct overdue_count job = {0};
    int64_t count, expired, at;

    issue(1, 0, 0);
    cr_assert_not(overdue_counted(&job, &count, &expired, &at));
    overdue_run(&job, demo.policy, store, DUE);
    cr_assert(overdue_counted(&job, &count, &expired, &at));
    cr_assert(count == 1 && expired == 0);
    cr_assert_eq(job.next, NOT_AFTER);
    issue(2, 0, 0);
    overdue_run(&job, demo.policy, store, DUE + BOUND_OVERDUE_EVERY - 1);
    overdue_counted(&job, &count, &expired, &at);
    cr_assert_eq(count, 1, "not yet");
    cr_assert_eq(at, DUE);
    overdue_run(&job, demo.policy, store, DUE + BOUND_OVERDUE_EVERY);
    overdue_counted(&job, &count, &expired, &at);
    cr_assert_eq(count, 2);
    cr_assert_eq(at, DUE + BOUND_OVERDUE_EVERY);
    overdue_run(&job, demo.policy, store, NOT_AFTER + 1);
    overdue_counted(&job, &count, &expired, &at);
    cr_assert(count == 2 && expired == 2);
    overdue_run(&job, demo.policy, store, DUE - 1);
    overdue_counted(&job, &count, &expired, &at);
    cr_assert_eq(count, 0, "a clock that was set back keeps no count");
}
