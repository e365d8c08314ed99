/* Who may try secrets. Wrong MACs are counted for a source, and for a reference at a source: beyond a bound
 * its messages are refused in the words that a wrong MAC gets, without a derivation. Another source is never
 * refused for it: nobody can lock a reference out for others. References that exist and those that do not are
 * counted alike, here and never in the store. */
#include "crypto/random.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

/* The reference is hashed first: a source cannot be mistaken for octets of it. No source is 0 here. */
static uint64_t place_id(const struct pipeline *pipeline, struct bytes reference, uint64_t source)
{
    uint64_t words[2] = {keyed_hash(pipeline->place_key, reference), source};

    return keyed_hash(pipeline->place_key, bytes_of(words, sizeof words));
}

struct ledger_source *guess_place(struct pipeline *pipeline, struct bytes reference, uint64_t source)
{
    return ledger_pin(pipeline->pairs, place_id(pipeline, reference, source), ledger_now());
}

enum guess_verdict guess_admit(struct pipeline *pipeline, struct task *task)
{
    struct ledger_source *source = task->job.source;
    struct bytes reference = cmp_reference(task->message);
    uint32_t now = ledger_now();
    int beyond = ledger_lately(&source->failures, BOUND_GUESSES_HALVING, now) >= BOUND_GUESSES_SOURCE;
    uint64_t id;

    if (reference.len == 0)
        return GUESS_LOOK;
    /* The place that many share has no id of its own. Who is refused anyway takes no place from others. */
    id = place_id(pipeline, reference, source->id != 0 ? source->id : UINT64_MAX);
    task->pair = beyond ? ledger_pin_known(pipeline->pairs, id, now) : ledger_pin(pipeline->pairs, id, now);
    if (task->pair == NULL ||
        ledger_lately(&task->pair->failures, BOUND_GUESSES_HALVING, now) >= BOUND_GUESSES_PAIR)
        return GUESS_REFUSE;
    if (ledger_is_proved(task->pair, now))
        return GUESS_LOOK;
    if (beyond)
        return GUESS_REFUSE;
    if (!ledger_take(&task->pair->undecided, BOUND_GUESSES_AT_ONCE))
        return GUESS_WAIT;
    task->is_undecided = 1;
    return GUESS_LOOK;
}

/* An alarm is one line each time a bound is reached; the refusals that follow have lines of their own. */
static void alarm_at(uint32_t count, uint32_t bound, const struct task *task, const char *who)
{
    if (count == bound && log_take("secrets are being guessed", task->job.host))
        log_line(LOG_ERROR, "secrets are being guessed", log_text("who", who),
                 log_octets("reference", cmp_reference(task->message)), log_number("wrong", count),
                 log_word_of("peer", task->job.peer),
                 log_text("text", "refused from now on without a look at the secret; find out who it is"));
}

/* Of who shares a place with many nobody is told: all of them would be refused elsewhere. */
static void tell_others(const struct task *task, uint32_t now)
{
    struct guesses *guesses = task->pipeline->guesses;

    if (task->job.source->id == 0)
        return;
    guesses_note(guesses, GUESSES_PAIR, task->pair->id, now);
    guesses_note(guesses, GUESSES_SOURCE, task->job.source->id, now);
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
        tell_others(task, now);
    }
}

void guess_leave(struct task *task)
{
    if (task->is_undecided)
        ledger_give(&task->pair->undecided);
    task->is_undecided = 0;
    ledger_unpin(task->pair);
    task->pair = NULL;
}
