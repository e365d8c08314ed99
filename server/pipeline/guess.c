/* Who may try secrets. Wrong MACs are counted for a source, and for a reference at a source: beyond a bound
 * its messages are refused in the words that a wrong MAC gets, without a derivation. Another source is never
 * refused for it: nobody can lock a reference out for others. References that exist and those that do not are
 * counted alike, here and never in the store. */
#include "crypto/random.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

struct ledger_source *guess_place(struct pipeline *pipeline, struct bytes reference, uint64_t source)
{
    /* The reference is hashed first: a source cannot be mistaken for octets of it. No source is 0 here. */
    uint64_t words[2] = {keyed_hash(pipeline->pair_key, reference), source};

    return ledger_pin(pipeline->pairs, keyed_hash(pipeline->pair_key, bytes_of(words, sizeof words)),
                      ledger_now());
}

int guess_admit(struct pipeline *pipeline, struct task *task)
{
    struct bytes reference = cmp_reference(task->message);
    uint32_t now = ledger_now();

    if (reference.len == 0)
        return 1;
    /* The place that many share has no id of its own. */
    task->pair =
        guess_place(pipeline, reference, task->job.source->id != 0 ? task->job.source->id : UINT64_MAX);
    if (ledger_lately(&task->pair->failures, BOUND_GUESSES_HALVING, now) >= BOUND_GUESSES_PAIR)
        return 0;
    return ledger_is_proved(task->pair, now) ||
           ledger_lately(&task->job.source->failures, BOUND_GUESSES_HALVING, now) < BOUND_GUESSES_SOURCE;
}

/* An alarm is one line each time a bound is reached; the refusals that follow have lines of their own. */
static void alarm_at(uint32_t count, uint32_t bound, const struct task *task, const char *who)
{
    char reference[2 * BOUND_SENDER_KID];

    if (count == bound)
        log_event(
            LOG_ERROR, "secrets are being guessed",
            "who=\"%s\" reference=%s wrong=%u peer=%.*s text=\"refused from now on without a look at the "
            "secret; find out who it is\"",
            who, log_quote(reference, sizeof reference, cmp_reference(task->message)), count,
            (int)task->job.peer.len, (const char *)task->job.peer.data);
}

void guess_judge(struct task *task, const struct cmp_result *result)
{
    uint32_t now = ledger_now();

    if (result->authenticated) {
        ledger_prove(task->job.source, now);
        if (task->pair != NULL) {
            ledger_prove(task->pair, now);
            ledger_forget(&task->pair->failures);
        }
    }
    if (result->mac_wrong && task->pair != NULL) {
        alarm_at(ledger_happened(&task->pair->failures, BOUND_GUESSES_HALVING, now), BOUND_GUESSES_PAIR, task,
                 "a reference from one source");
        alarm_at(ledger_happened(&task->job.source->failures, BOUND_GUESSES_HALVING, now),
                 BOUND_GUESSES_SOURCE, task, "a source");
    }
}

void guess_leave(struct task *task)
{
    ledger_unpin(task->pair);
    task->pair = NULL;
}
