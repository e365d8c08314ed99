/* device_batch.c: see device_batch.h. */
#include "server/ctl/device_batch.h"

#include <errno.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

enum {
    ROWS = 1024,
    UNITS = ROWS / STORE_WRITES_MAX,
    ARENA = 32 * 1024 * 1024, /* the longest rows fit, as given and as read, and what is recorded of them */
};

struct device_batch {
    const struct device_store *at;
    int is_dry;
    struct arena *arena;
    char who[CTL_WHO_MAX];
    size_t count;
    struct device_entry entries[ROWS];
    size_t lines[ROWS]; /* where each stood */
    struct store_fetch fetches[ROWS];
    size_t written[ROWS], written_count; /* which of the entries are */
    struct store_unit units[UNITS], *pointers[UNITS];
    struct store_audit audits[UNITS];
    sem_t done;
    void *args[UNITS]; /* that semaphore, for each */
};

struct device_batch *device_batch_new(const struct device_store *at, int is_dry)
{
    struct device_batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL)
        return NULL;
    batch->at = at;
    batch->is_dry = is_dry;
    batch->arena = arena_new(ARENA);
    ctl_who(batch->who);
    sem_init(&batch->done, 0, 0);
    for (size_t i = 0; i < UNITS; i++) {
        batch->pointers[i] = &batch->units[i];
        batch->args[i] = &batch->done;
    }
    if (batch->arena != NULL)
        return batch;
    device_batch_free(batch);
    return NULL;
}

void device_batch_free(struct device_batch *batch)
{
    if (batch == NULL)
        return;
    sem_destroy(&batch->done);
    arena_free(batch->arena);
    free(batch);
}

int device_batch_takes(const struct device_batch *batch, const uint8_t id[STORE_HASH])
{
    for (size_t i = 0; i < batch->count; i++)
        if (memcmp(batch->entries[i].id, id, STORE_HASH) == 0)
            return 0;
    return batch->count < ROWS;
}

/* Makes the octets that |row| refers to its own. */
static int own_texts(struct device_entry *entry, struct arena *arena)
{
    struct bytes *const texts[] = {&entry->row.vendor, &entry->row.identity, &entry->row.site,
                                   &entry->row.fqdn,   &entry->row.profiles, &entry->row.notes};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t len = texts[i]->len;
        *texts[i] = arena_copy(arena, *texts[i]);
        if (len != 0 && texts[i]->data == NULL)
            return 0;
    }
    entry->row.device = bytes_of(entry->id, STORE_HASH);
    if (entry->row.expected.len != 0)
        entry->row.expected = bytes_of(entry->expected, STORE_HASH);
    return 1;
}

int device_batch_add(struct device_batch *batch, const struct device_entry *entry, size_t line)
{
    struct device_entry *own = &batch->entries[batch->count];

    *own = *entry;
    if (!own_texts(own, batch->arena))
        return !ctl_fault("out of memory");
    batch->lines[batch->count++] = line;
    return 1;
}

/* ---- what is there ---- */

static int read_rows(struct device_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->fetches[i] = (struct store_fetch){.kind = STORE_DEVICES,
                                                 .issuer = bytes_of(batch->at->issuer, STORE_ISSUER_ID),
                                                 .key = batch->entries[i].row.device,
                                                 .arena = batch->arena};
    for (size_t i = 0; i < batch->count; i += STORE_OLD_MAX) {
        size_t n = batch->count - i < STORE_OLD_MAX ? batch->count - i : STORE_OLD_MAX;
        if (!store_fetch_all_wait(batch->at->opened.store, &batch->fetches[i], n))
            return !ctl_fault("the store does not answer");
    }
    for (size_t i = 0; i < batch->count; i++)
        if (batch->fetches[i].outcome == STORE_FETCH_UNAVAILABLE)
            return !ctl_fault("the store does not answer");
    return 1;
}

static void merge(struct device_batch *batch, size_t counts[DEVICE_CHANGES])
{
    int64_t now = time(NULL);

    batch->written_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct store_fetch *fetch = &batch->fetches[i];
        enum device_change change =
            device_merge(&batch->entries[i], fetch->outcome == STORE_FOUND ? fetch->rows : NULL, now);
        counts[change]++;
        if (change != DEVICE_UNCHANGED)
            batch->written[batch->written_count++] = i;
    }
}

/* ---- what is written ---- */

/* Of the written rows those from |first| on, |n| of them: which, and where they stood. */
static const char *detail_of(struct device_batch *batch, size_t first, size_t n)
{
    char *text = arena_printf(batch->arena, "lines=%zu-%zu devices=", batch->lines[batch->written[first]],
                              batch->lines[batch->written[first + n - 1]]);

    for (size_t i = first; text != NULL && i < first + n; i++) {
        const struct store_device *row = &batch->entries[batch->written[i]].row;
        char name[DEVICE_TEXT];
        text = arena_printf(batch->arena, "%s%s%s", text, i != first ? ", " : "",
                            device_text(name, row->vendor, row->identity));
    }
    return text;
}

/* Returns how many units there are, or 0 without memory. */
static size_t make_units(struct device_batch *batch)
{
    size_t units = 0;

    for (size_t first = 0; first < batch->written_count; first += STORE_WRITES_MAX, units++) {
        size_t left = batch->written_count - first, n = left < STORE_WRITES_MAX ? left : STORE_WRITES_MAX;
        const char *detail = detail_of(batch, first, n);
        if (detail == NULL)
            return 0;
        batch->audits[units] = (struct store_audit){.at = ctl_now_ms(),
                                                    .event = "device import",
                                                    .outcome = "stored",
                                                    .who = bytes_str(batch->who),
                                                    .detail = bytes_str(detail)};
        batch->units[units] = (struct store_unit){.issuer = bytes_of(batch->at->issuer, STORE_ISSUER_ID),
                                                  .audit = &batch->audits[units]};
        for (size_t i = first; i < first + n; i++)
            store_unit_write(&batch->units[units], STORE_PUT, STORE_DEVICES,
                             &batch->entries[batch->written[i]].row);
    }
    return units;
}

static void wake(void *arg)
{
    sem_post(arg);
}

static int write_units(struct device_batch *batch, size_t count)
{
    int ok = 1;

    if (!store_commit(batch->at->opened.store, batch->pointers, batch->args, count, wake))
        return 0;
    for (size_t i = 0; i < count; i++)
        while (sem_wait(&batch->done) != 0 && errno == EINTR)
            continue;
    for (size_t i = 0; i < count; i++)
        ok = ok && batch->units[i].outcome == STORE_DONE;
    return ok;
}

static int store_all(struct device_batch *batch, size_t counts[DEVICE_CHANGES])
{
    size_t units;

    if (!read_rows(batch))
        return 0;
    merge(batch, counts);
    if (batch->is_dry || batch->written_count == 0)
        return 1;
    if ((units = make_units(batch)) == 0)
        return !ctl_fault("out of memory");
    return write_units(batch, units) || !ctl_fault("the store did not take all of it; look at its log");
}

int device_batch_store(struct device_batch *batch, size_t counts[DEVICE_CHANGES])
{
    size_t now[DEVICE_CHANGES] = {0};
    int ok = batch->count == 0 || store_all(batch, now);

    for (int i = 0; ok && i < DEVICE_CHANGES; i++)
        counts[i] += now[i];
    arena_free(batch->arena);
    batch->arena = arena_new(ARENA);
    batch->count = 0;
    return ok && (batch->arena != NULL || !ctl_fault("out of memory"));
}
