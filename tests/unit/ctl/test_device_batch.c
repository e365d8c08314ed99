/* device_batch.c: many devices into the store at once. */
#include "server/ctl/device_batch.h"
#include "tests/unit/ctl/device_fixture.h"

static struct device_store at;

static void set_up_batch(void)
{
    set_up();
    at = (struct device_store){.opened = {.store = store}};
    memcpy(at.issuer, test_issuer().data, sizeof at.issuer);
}

TestSuite(device_batch, .init = set_up_batch, .fini = tear_down, .timeout = 120);

static struct device_entry entry_of(char identity[32], int n)
{
    struct device_entry entry = {.given = 1U << DEVICE_VENDOR | 1U << DEVICE_IDENTITY};

    snprintf(identity, 32, "sn-%05d", n);
    entry.row.vendor = bytes_str("demo");
    entry.row.identity = bytes_str(identity);
    device_identify(&entry, at.issuer);
    return entry;
}

/* As many as there is room for. Their texts are the batch's own from then on. */
static int fill(struct device_batch *batch, int first)
{
    char identity[32];

    for (int n = first;; n++) {
        struct device_entry entry = entry_of(identity, n);
        if (!device_batch_takes(batch, entry.id))
            return n - first;
        cr_assert(device_batch_add(batch, &entry, (size_t)n + 2));
    }
}

static int count_row(void *arg, const void *row)
{
    const struct store_device *device = row;

    cr_expect_eq(device->state, STORE_DEVICE_KNOWN);
    ++*(int *)arg;
    return 1;
}

static int stored_devices(void)
{
    int count = 0;

    cr_assert(device_each(&at, count_row, &count));
    return count;
}

Test(device_batch, new_then_unchanged)
{
    struct device_batch *batch = device_batch_new(&at, 0);
    size_t counts[DEVICE_CHANGES] = {0};
    int room = fill(batch, 0);

    cr_assert_gt(room, STORE_OLD_MAX, "more than is read at once");
    cr_assert(device_batch_store(batch, counts));
    cr_expect_eq(counts[DEVICE_NEW], (size_t)room);
    cr_expect_eq(stored_devices(), room);
    cr_expect_eq(fill(batch, 3), room, "it is empty again");
    cr_assert(device_batch_store(batch, counts));
    cr_expect_eq(counts[DEVICE_NEW], (size_t)room + 3);
    cr_expect_eq(counts[DEVICE_UNCHANGED], (size_t)room - 3);
    cr_expect_eq(stored_devices(), room + 3);
    device_batch_free(batch);
}

Test(device_batch, nothing_is_written_when_dry)
{
    struct device_batch *batch = device_batch_new(&at, 1);
    size_t counts[DEVICE_CHANGES] = {0};
    int room = fill(batch, 0);

    cr_assert(device_batch_store(batch, counts));
    cr_expect_eq(counts[DEVICE_NEW], (size_t)room);
    cr_expect_eq(stored_devices(), 0);
    device_batch_free(batch);
}

/* The later one has to find the other stored. */
Test(device_batch, none_is_in_it_twice)
{
    struct device_batch *batch = device_batch_new(&at, 0);
    char identity[32];
    struct device_entry entry = entry_of(identity, 1);

    cr_assert(device_batch_takes(batch, entry.id));
    cr_assert(device_batch_add(batch, &entry, 2));
    cr_expect_not(device_batch_takes(batch, entry.id));
    device_batch_free(batch);
}

/* Every one that is written stands in the audit log, with its line. */
Test(device_batch, who_was_stored_is_recorded)
{
    struct device_batch *batch = device_batch_new(&at, 0);
    size_t counts[DEVICE_CHANGES] = {0};
    char identity[32], text[128];

    for (int n = 0; n < STORE_WRITES_MAX + 1; n++) {
        struct device_entry entry = entry_of(identity, n);
        cr_assert(device_batch_add(batch, &entry, (size_t)n + 2));
    }
    cr_assert(device_batch_store(batch, counts));
    device_batch_free(batch);
    cr_assert_eq(with_config("audit list"), CTL_OK, "%s", call_err);
    snprintf(text, sizeof text, "lines=2-%d devices=demo sn-00000, demo sn-00001,", STORE_WRITES_MAX + 1);
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
    snprintf(text, sizeof text, ", demo sn-%05d\n", STORE_WRITES_MAX - 1);
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
    snprintf(text, sizeof text, "lines=%d-%d devices=demo sn-%05d\n", STORE_WRITES_MAX + 2,
             STORE_WRITES_MAX + 2, STORE_WRITES_MAX);
    cr_expect_not_null(strstr(call_out, text), "%s", call_out);
}

/* What could not be stored is not counted, and whoever imports is told. */
Test(device_batch, a_store_that_takes_nothing)
{
    char fault[STORE_FAULT_MAX] = "";
    struct device_batch *batch;
    size_t counts[DEVICE_CHANGES] = {0};

    at.opened.store = store_open_to_read(fault, policy_config(demo.policy)->store, "test");
    cr_assert_not_null(at.opened.store, "%s", fault);
    batch = device_batch_new(&at, 0);
    fill(batch, 0);
    cr_expect_not(device_batch_store(batch, counts));
    cr_expect_eq(counts[DEVICE_NEW], 0);
    device_batch_free(batch);
    cr_expect_eq(stored_devices(), 0);
    store_close(at.opened.store);
}
