/* db purge: what retention lets go is deleted now: certificates and transactions as a node does it, but
 * without pauses; entries of the audit log once a signed anchor tells up to where, so that `cmpctl audit
 * verify` knows of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/ctl/ctl.h"
#include "server/ctl/open.h"
#include "server/upkeep/purge.h"
#include "server/upkeep/seal.h"
#include "storage/admin.h"

enum { DAY_MS = 24 * 3600 * 1000, DETAIL_MAX = 256 };

/* ---- rows ---- */

static int purge_rows(const struct policy *policy, struct store *store)
{
    char who[CTL_WHO_MAX];
    struct purge job = {.who = ctl_who(who)};
    enum purge_end end;

    while ((end = purge_piece(&job, policy, store, time(NULL))) == PURGE_MORE)
        continue;
    printf("deleted: %" PRIu64 " certificates with their transactions, %" PRIu64 " more transactions\n",
           job.certificates, job.transactions);
    return end == PURGE_OVER ||
           !ctl_fault("the store did not delete more: look at its log, and at the rights "
                      "of the user (deploy/postgres/roles.sql)");
}

static int drop_empty(struct store *store)
{
    char fault[STORE_FAULT_MAX] = "";
    unsigned dropped;

    if (!store_drop_empty(store, fault, &dropped))
        return !ctl_fault("%s", fault);
    if (dropped != 0)
        printf("dropped: %u partitions of former years, which were empty\n", dropped);
    return 1;
}

/* ---- the audit log ---- */

/* struct ends is a list of ends of chains, or of seals. */
struct ends {
    struct store_head *list;
    size_t count, room;
    int failed; /* out of memory */
};

static int add_end(void *arg, const struct store_head *end)
{
    enum { FEW = 64 };
    struct ends *ends = arg;

    if (ends->count == ends->room) {
        size_t room = ends->room == 0 ? FEW : 2 * ends->room;
        struct store_head *list = realloc(ends->list, room * sizeof *list);
        ends->failed |= list == NULL;
        if (list == NULL)
            return 0;
        ends->list = list;
        ends->room = room;
    }
    ends->list[ends->count++] = *end;
    return 1;
}

static int by_chain(const void *a, const void *b)
{
    const struct store_head *left = a, *right = b;
    int order = memcmp(left->chain, right->chain, STORE_CHAIN_ID);

    return order != 0 ? order : (left->seq > right->seq) - (left->seq < right->seq);
}

/* struct going is what is about to go. */
struct going {
    struct ends heads; /* of chains, now */
    struct ends gone;  /* those, and what former anchors are about; sorted */
    struct ends seals; /* the last of each process all of whose former seals are about what is gone */
    int is_open;       /* 1: no seal of this process has had to stay yet */
    uint8_t instance[STORE_INSTANCE];
    uint64_t seal_count;
};

static int is_gone(const struct ends *gone, const struct store_head *head)
{
    size_t low = 0, high = gone->count;

    /* The first that is not before |head|. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_chain(&gone->list[middle], head) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < gone->count && memcmp(gone->list[low].chain, head->chain, STORE_CHAIN_ID) == 0;
}

static int take_anchor(void *arg, const void *stored)
{
    const struct store_seal *row = stored;
    struct going *going = arg;
    struct audit_seal seal;

    if (audit_seal_parse(&seal, row->text) && seal.kind == AUDIT_ANCHOR)
        for (size_t i = 0; i < seal.head_count; i++)
            if (!add_end(&going->gone, &seal.heads[i]))
                return 0;
    return 1;
}

static int may_go(const struct going *going, const struct store_seal *row)
{
    struct audit_seal seal;

    if (!audit_seal_parse(&seal, row->text) || seal.kind != AUDIT_HEADS)
        return 0;
    for (size_t i = 0; i < seal.head_count; i++)
        if (!is_gone(&going->gone, &seal.heads[i]))
            return 0;
    return 1;
}

/* Seals come process by process, in order of number: they go up to the first that has to stay. */
static int take_seal(void *arg, const void *stored)
{
    const struct store_seal *row = stored;
    struct going *going = arg;
    struct store_head end = {.seq = row->number};
    int is_first = memcmp(going->instance, row->instance, STORE_INSTANCE) != 0;

    memcpy(going->instance, row->instance, STORE_INSTANCE);
    memcpy(end.chain, row->instance, STORE_INSTANCE);
    going->is_open = (is_first || going->is_open) && may_go(going, row) &&
                     audit_seal_hash(end.hash, row->text, row->signature);
    if (!going->is_open)
        return 1;
    going->seal_count++;
    if (is_first)
        return add_end(&going->seals, &end);
    going->seals.list[going->seals.count - 1] = end;
    return 1;
}

static int find_going(struct going *going, struct store *store, char *fault, int64_t before)
{
    if (!store_each_head(store, fault, before, add_end, &going->heads) ||
        !store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), take_anchor, going))
        return 0;
    for (size_t i = 0; i < going->heads.count; i++)
        add_end(&going->gone, &going->heads.list[i]);
    if (going->gone.count != 0)
        qsort(going->gone.list, going->gone.count, sizeof *going->gone.list, by_chain);
    if (!store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), take_seal, going))
        return 0;
    if (going->heads.failed || going->gone.failed || going->seals.failed) {
        snprintf(fault, STORE_FAULT_MAX, "out of memory");
        return 0;
    }
    return 1;
}

static void record(struct store *store, const char *detail)
{
    char who[CTL_WHO_MAX];
    const struct store_audit audit = {.at = ctl_now_ms(),
                                      .event = "purge",
                                      .outcome = "deleted",
                                      .who = bytes_str(ctl_who(who)),
                                      .detail = bytes_str(detail)};
    struct store_unit unit = {.audit = &audit};

    if (!store_commit_wait(store, &unit) || unit.outcome != STORE_DONE)
        ctl_fault("the store did not take the record of it into the audit log");
}

/* Deletes what is older than |limit|, in Unix milliseconds, or what is older than a time before it. */
static int purge_audit(const struct policy *policy, struct store *store, struct seal_job *job, int64_t limit)
{
    int64_t before = store_audit_boundary(store, limit);
    char fault[STORE_FAULT_MAX] = "", detail[DETAIL_MAX], date[CTL_TIME_MAX];
    struct going going = {.is_open = 0};
    uint64_t entries = 0;
    int ok = find_going(&going, store, fault, before) || !ctl_fault("%s", fault);
    ok = ok && (seal_anchor(job, policy, store, going.heads.list, going.heads.count, going.seals.list,
                            going.seals.count, ctl_now_ms()) ||
                !ctl_fault("no anchor could be signed and stored: nothing of the audit log was deleted"));
    if (ok) {
        ok = store_audit_purge(store, fault, before, going.seals.list, going.seals.count, &entries) ||
             !ctl_fault("%s", fault);
        snprintf(detail, sizeof detail, "audit entries=%" PRIu64 " chains=%zu seals=%" PRIu64 " before=%s",
                 entries, going.heads.count, going.seal_count, ctl_time(date, before / 1000));
        printf("deleted: %s\n", detail);
        if (entries + going.seal_count != 0)
            record(store, detail);
    }
    free(going.heads.list);
    free(going.gone.list);
    free(going.seals.list);
    return ok;
}

/* ---- the command ---- */

static int purge(const struct policy *policy, struct store *store)
{
    int64_t days = policy_config(policy)->retain_audit_days;
    struct seal_job job;
    int ok;

    seal_job_begin(&job);
    ok = purge_rows(policy, store);
    ok = drop_empty(store) && ok;
    if (days != 0)
        ok = purge_audit(policy, store, &job, ctl_now_ms() - days * DAY_MS) && ok;
    /* What this has recorded is sealed: it is the last that is heard of this process. */
    ok = seal_heads(&job, policy, store, ctl_now_ms()) && ok;
    seal_job_end(&job);
    return ok ? CTL_OK : CTL_FAULT;
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE);

    if (status != CTL_OK)
        return status;
    status = purge(opened.policy, opened.store);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG, CTL_OPTION_STORE, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_db_purge = {
    .name = "db purge",
    .options = options,
    .says = "delete what retention lets go",
    .more = "Of the audit log in PostgreSQL as the tables' owner.",
    .run = run,
};
