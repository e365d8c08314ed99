/* writer.c: groups of units, each in one transaction and one round trip (group.c), and what becomes of them.
 *
 * A group is done as a whole or not at all. If it is not, the database is asked which units cannot be
 * (explain.c); they are told so, and the rest goes again. A unit that fails for another reason is found by
 * trying parts. */
#include "writer.h"

#include <string.h>

#include "server/base/log.h"

#define UNIQUE_VIOLATION "23505"

void writer_tell(struct writer *writer, size_t i, enum store_outcome outcome)
{
    struct store_unit *unit = writer_unit(writer, i);
    if (outcome != STORE_CONFLICT)
        store_unit_forget(unit, outcome);
    unit->outcome = outcome;
    store_tell_unit(&writer->entries[i]);
    writer->entries[i].item = NULL;
}

void writer_compact(struct writer *writer)
{
    size_t left = 0;
    for (size_t i = 0; i < writer->count; i++)
        if (writer->entries[i].item != NULL)
            writer->entries[left++] = writer->entries[i];
    writer->count = left;
    writer->group = 0;
}

void writer_tell_group(struct writer *writer, enum store_outcome outcome)
{
    for (size_t i = 0; i < writer->group; i++)
        writer_tell(writer, i, outcome);
    writer_compact(writer);
    writer->limit = POSTGRES_GROUP_MAX;
    writer->attempts = 0;
    writer->tell_ms = 0;
}

void writer_lose(struct writer *writer, const char *why)
{
    postgres_lose(writer->store, writer->slot, why);
    writer_lost(writer);
}

void writer_try_part(struct writer *writer, size_t divisor)
{
    writer->limit = writer->group > divisor ? writer->group / divisor : 1;
    writer->group = 0;
}

void writer_try_less(struct writer *writer, enum store_precondition last)
{
    if (writer->group > 1) {
        writer_try_part(writer, 2);
    } else if (last != STORE_PRE_NONE) {
        store_unit_forget(writer_unit(writer, 0), STORE_CONFLICT);
        writer_unit(writer, 0)->conflict = last;
        writer_tell_group(writer, STORE_CONFLICT);
    } else if (++writer->attempts >= POSTGRES_ATTEMPTS) {
        writer_tell_group(writer, STORE_UNAVAILABLE);
    }
    writer->group = 0;
}

/* ---- outcomes ---- */

static int is_about(const char *sqlstate, const char *prefix)
{
    return strncmp(sqlstate, prefix, strlen(prefix)) == 0;
}

/* Errors that are about some unit, and not about the database as a whole: of a row, of a rule, of a lock. */
static int is_about_units(const char *sqlstate)
{
    static const char *const prefixes[] = {"22", "23", "40", "54", "55", "57014", "P0"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (is_about(sqlstate, prefixes[i]))
            return 1;
    return 0;
}

/* Errors that come after a time of waiting. */
static int waited(const char *sqlstate)
{
    return is_about(sqlstate, "40") || is_about(sqlstate, "55P03") || is_about(sqlstate, "57014");
}

/* The store is well, some unit is not, or the row that it wants. */
static void part_failed(struct writer *writer, const struct round *round)
{
    postgres_log_fault("commit", round);
    writer->waits += waited(round->sqlstate);
    if (writer->waits >= POSTGRES_WAITS) {
        atomic_store(&writer->store->write_ok, 0);
        writer->group = writer->count;
        writer->waits = 0;
        writer_tell_group(writer, STORE_UNAVAILABLE);
    } else if (writer->group > 1) {
        writer_try_part(writer, waited(round->sqlstate) ? POSTGRES_PART : 2);
    } else {
        writer_tell_group(writer, STORE_UNAVAILABLE);
        writer->limit = 1; /* its neighbours may want the same row */
    }
}

/* Whether |unit| itself, or one done with it, inserts a row of |table| (a partition has the name of its table
 * and more), but for its transaction, of which the outcome tells more. */
static int is_inserted(const struct store_unit *unit, const char *table)
{
    for (; unit != NULL; unit = unit->with)
        for (size_t i = 0; i < unit->write_count; i++)
            if (unit->writes[i].how == STORE_INSERT && unit->writes[i].kind != STORE_TRANSACTIONS &&
                is_about(table, store_tables[unit->writes[i].kind].name))
                return 1;
    return 0;
}

static void group_failed(struct writer *writer)
{
    struct round round = writer->slot->round; /* the texts of it */
    round_clear(writer->slot);
    int is_unique = strcmp(round.sqlstate, UNIQUE_VIOLATION) == 0;
    if (is_unique && writer->group == 1 && is_inserted(writer_unit(writer, 0), round.table)) {
        writer_try_less(writer, STORE_PRE_ROW);
    } else if (is_unique || strcmp(round.sqlstate, POSTGRES_CONFLICT) == 0) {
        writer_send_questions(writer);
    } else if (is_about(round.sqlstate, "40") && ++writer->attempts < POSTGRES_ATTEMPTS) {
        /* A deadlock, or a serialization failure: as good as new. */
        postgres_log_fault("commit again", &round);
        writer->group = 0;
    } else if (is_about_units(round.sqlstate)) {
        part_failed(writer, &round);
    } else {
        postgres_log_fault("commit", &round);
        atomic_store(&writer->store->write_ok, 0);
        writer_tell_group(writer, STORE_UNAVAILABLE);
        if (strcmp(round.sqlstate, "25006") == 0) /* no primary any more: look for the one that is */
            writer_lose(writer, "the database takes no writes");
    }
}

static void log_put_off(const struct writer *writer)
{
    const struct round *round = &writer->slot->round;
    for (size_t i = 0; i < writer->group; i++) { /* who serves is alone */
        const struct store_unit *unit = writer_unit(writer, i);
        for (int s = 0; unit->alive_at != 0 && s < round->answered; s++) {
            const PGresult *result = round->results[s];
            /* The one statement of a group that answers with two columns. */
            if (PQnfields(result) == 2 && PQntuples(result) == 1 && rows_number(result, 0, 0) > 0)
                log_line(LOG_WARN, "certConf deadlines put off",
                         log_number("seconds", rows_number(result, 0, 1)),
                         log_number("transactions", rows_number(result, 0, 0)));
        }
    }
}

static void group_done(struct writer *writer)
{
    store_count_group(writer->group, writer->sent_us);
    log_put_off(writer);
    round_clear(writer->slot);
    if (writer->entry.records.len > 0)
        audit_chain_advance(&writer->chain, &writer->entry);
    atomic_store(&writer->store->write_ok, 1);
    writer->waits = 0;
    size_t limit = writer->limit;
    writer_tell_group(writer, STORE_DONE);
    /* After a part, more of the rest is tried at once: where all but one are well, it is found soon. */
    writer->limit = limit < POSTGRES_GROUP_MAX / 2 ? 2 * limit : POSTGRES_GROUP_MAX;
}

/* ---- called by the serving thread ---- */

void writer_connected(struct writer *writer)
{
    if (!writer->unsettled)
        writer_begin_chain(writer);
}

void writer_answered(struct writer *writer)
{
    struct round *round = &writer->slot->round;
    int doing = writer->doing;
    writer->doing = WRITER_IDLE;
    switch (doing) {
    case WRITER_COMMITTING:
        if (round->failed) {
            group_failed(writer);
        } else if (round->warned) { /* somebody ended the wait for the standby: that is no commit yet */
            writer->doing = doing;
            writer_lose(writer, "the database warned");
        } else {
            group_done(writer);
        }
        break;
    case WRITER_EXPLAINING:
        if (round->failed) {
            postgres_log_fault("looking why a commit failed", round);
            atomic_store(&writer->store->write_ok, 0);
            round_clear(writer->slot);
            writer_tell_group(writer, STORE_UNAVAILABLE);
        } else {
            writer_read_answers(writer);
        }
        break;
    case WRITER_SETTLING:
        writer_settle_answered(writer);
        break;
    case WRITER_PROBING:
        atomic_store(&writer->store->write_ok, !round->failed);
        round_clear(writer->slot);
        break;
    default:
        round_clear(writer->slot);
    }
}

void writer_lost(struct writer *writer)
{
    int64_t now = postgres_now_ms();
    if (writer->doing == WRITER_COMMITTING) {
        writer->unsettled = 1;
        writer->unsettled_ms = writer->settle_ms = now;
        if (writer->tell_ms == 0)
            writer->tell_ms = now + POSTGRES_SETTLE_MS;
        if (!writer_has_entry(writer))
            writer_tell_group(writer, STORE_UNKNOWN);
    } else if (!writer->unsettled) {
        writer->group = 0;
    }
    writer->doing = WRITER_IDLE;
}

void writer_give_up(struct writer *writer)
{
    for (size_t i = writer->group; i < writer->count; i++)
        writer_tell(writer, i, STORE_UNAVAILABLE);
    writer->count = writer->group;
}

int writer_can_serve(struct writer *writer, int64_t now_ms)
{
    return writer->unsettled ? now_ms >= writer->settle_ms
                             : writer->count > 0 || atomic_load(&writer->store->writes.waiting) > 0;
}

int writer_is_patient(const struct writer *writer)
{
    return writer->doing == WRITER_SETTLING || writer->doing == WRITER_PROBING;
}

int writer_is_over(const struct writer *writer)
{
    return writer->count == 0 && (writer->doing == WRITER_IDLE || writer_is_patient(writer));
}

void writer_serve(struct writer *writer, int probe)
{
    int stopped;
    if (writer->unsettled) {
        if (postgres_now_ms() >= writer->settle_ms)
            writer_send_settling(writer);
        return;
    }
    if (writer->count == 0) {
        writer->count = queue_take(&writer->store->writes, writer->entries, POSTGRES_GROUP_MAX, 0, &stopped);
        writer->limit = POSTGRES_GROUP_MAX;
        writer->attempts = 0;
    }
    if (writer->count > 0) {
        writer_send_group(writer);
    } else if (probe) {
        writer->doing = WRITER_PROBING;
        if (!writer_add_rollback(writer) || !round_add(writer->slot, SQL_PROBE_WRITE, NULL) ||
            !round_send(writer->slot, postgres_now_ms()))
            writer_lose(writer, "sending failed");
    }
}
