/* Signs the ends of the audit log's chains: what may be stored already first, then new seals, each to store,
 * file and log. */
#include "server/upkeep/seal.h"

#include <stdlib.h>

#include "server/upkeep/last_seal.h"

enum { ARENA = 4 * 1024 + SIGNATURE_MAX }; /* a seal with the longest signature */

_Static_assert(LOG_LONG_MAX >= 2 * SIGNATURE_MAX + AUDIT_SEAL_TEXT_MAX + 512, "a line holds any seal");

void seal_job_begin(struct seal_job *job)
{
    *job = (struct seal_job){.arena = NULL, .file.fd = -1};
    audit_sealer_begin(&job->sealer);
}

void seal_job_end(struct seal_job *job)
{
    arena_free(job->arena);
    job->arena = NULL;
    seal_file_close(&job->file);
}

static void leave_pending(struct seal_job *job)
{
    arena_free(job->arena);
    job->arena = NULL;
}

static int failed(struct seal_job *job, const char *why)
{
    if (!job->failing)
        log_line(LOG_ERROR, "audit log not sealed", log_text("reason", why));
    job->failing = 1;
    return 0;
}

/* What does not mend itself, unlike a store that does not answer, which has others to tell of it. */
static int stuck(struct seal_job *job, const char *why)
{
    if (!job->stuck)
        log_line(LOG_ERROR, "audit log not sealed", log_word("alarm", "seal"), log_text("reason", why));
    job->stuck = 1;
    return 0;
}

static int write_down(struct seal_job *job, const struct policy *policy)
{
    const struct store_seal *seal = &job->pending;
    const char *path = policy_config(policy)->audit_seal_file;
    char *line = malloc(LOG_LONG_MAX);
    size_t len;
    int ok;

    if (line == NULL)
        return failed(job, "out of memory");
    len = log_make_line(line, LOG_LONG_MAX, LOG_INFO, AUDIT_SEAL_EVENT,
                        LOG_FIELDS(log_pairs(seal->text), log_hexadecimal("signature", seal->signature)));
    job->is_appended = job->is_appended || seal_file_append(&job->file, path, line, len);
    ok = job->is_appended && last_seal_keep(path, line, len);
    free(line);
    if (!ok)
        return stuck(job, "audit_seal_file cannot be written, or the last seal beside it; make room, or "
                          "let this user write it; it is "
                          "tried again");
    log_long_line(LOG_INFO, AUDIT_SEAL_EVENT, log_pairs(seal->text),
                  log_hexadecimal("signature", seal->signature));
    return 1;
}

/* Stores what is pending. Where it is not known whether it was stored, the same octets are stored again: the
 * number is taken by it or by nothing. */
static int store_pending(struct seal_job *job, const struct policy *policy, struct store *store)
{
    struct store_unit unit = {.arena = NULL};

    if (job->arena == NULL)
        return 1;
    store_unit_write(&unit, STORE_ONCE, STORE_SEALS, &job->pending);
    if (!store_commit_wait(store, &unit) || unit.outcome != STORE_DONE)
        return failed(job, "the store did not take the seal; it is tried again");
    if (!write_down(job, policy))
        return 0;
    if (!audit_sealer_advance(&job->sealer, &job->pending))
        return failed(job, "out of memory");
    store_audit_sealed(store, job->heads, job->head_count);
    leave_pending(job);
    job->failing = 0;
    job->stuck = 0;
    return 1;
}

static int make(struct seal_job *job, const struct policy *policy, struct audit_seal *seal, int64_t now)
{
    const struct config *config = policy_config(policy);
    const struct cmp_authority *ca = policy_authority(policy, config->cas[0].name);

    job->arena = arena_new(ARENA);
    job->is_appended = 0;
    memcpy(job->heads, seal->heads, sizeof job->heads);
    job->head_count = seal->kind == AUDIT_HEADS ? seal->head_count : 0;
    if (job->arena != NULL && audit_seal_make(&job->pending, job->arena, seal, &job->sealer,
                                              bytes_str(config->node), now, ca->cmp_key, ca->cmp_algorithm))
        return 1;
    leave_pending(job);
    return stuck(job, "the key of the first CA's CMP certificate could not sign; it is tried again");
}

int seal_heads(struct seal_job *job, const struct policy *policy, struct store *store, int64_t now)
{
    struct audit_seal seal = {.kind = AUDIT_HEADS};

    if (!store_pending(job, policy, store))
        return 0;
    /* Once round: chains move on while this one is stored. */
    do {
        seal.head_count = store_audit_heads(store, seal.heads, AUDIT_SEAL_ENDS);
        if (seal.head_count != 0 && (!make(job, policy, &seal, now) || !store_pending(job, policy, store)))
            return 0;
    } while (seal.head_count == AUDIT_SEAL_ENDS);
    return 1;
}

static size_t take(struct store_head *out, size_t room, const struct store_head **from, size_t *left)
{
    size_t n = *left < room ? *left : room;

    if (n != 0)
        memcpy(out, *from, n * sizeof *out);
    *from += n;
    *left -= n;
    return n;
}

int seal_anchor(struct seal_job *job, const struct policy *policy, struct store *store,
                const struct store_head *heads, size_t head_count, const struct store_head *seals,
                size_t seal_count, int64_t now)
{
    struct audit_seal seal = {.kind = AUDIT_ANCHOR};

    if (!store_pending(job, policy, store))
        return 0;
    while (head_count + seal_count != 0) {
        seal.head_count = take(seal.heads, AUDIT_SEAL_ENDS, &heads, &head_count);
        seal.seal_count = take(seal.seals, AUDIT_SEAL_ENDS - seal.head_count, &seals, &seal_count);
        if (!make(job, policy, &seal, now) || !store_pending(job, policy, store))
            return 0;
    }
    return 1;
}

static void begin_job(void *state)
{
    seal_job_begin(state);
}

static int run_job(void *state, const struct upkeep_turn *turn)
{
    return seal_heads(state, turn->policy, turn->store, turn->now_ms);
}

/* So that what the process committed last is signed as well. */
static void end_job(void *state, const struct upkeep_turn *turn)
{
    seal_heads(state, turn->policy, turn->store, turn->now_ms);
    seal_job_end(state);
}

/* What is not sealed is not proven, and a store that is copied back meanwhile is not noticed. */
static int has_alarm(const void *state)
{
    return ((const struct seal_job *)state)->stuck;
}

const struct upkeep_job seal_heads_job = {
    .name = "seal",
    .every = BOUND_SEAL_EVERY,
    .strand = UPKEEP_LONG, /* waits for a token and for a file */
    .size = sizeof(struct seal_job),
    .begin = begin_job,
    .run = run_job,
    .alarm = has_alarm,
    .end = end_job,
};
