/* settle.c: whether a group was committed whose connection broke during the commit.
 *
 * Nobody knows then, and nobody is answered. The entry of the audit log that the group writes has a number in
 * its chain that can be taken once only. So the next connection takes it, with an entry that closes the
 * chain: if that succeeds, the commit was not done and never will be, and the group goes again; if the number
 * is taken, it was. Until that is found out the writer writes nothing else, however long it takes: a database
 * that does not end its commits would else be given more and more of them. */
#include <string.h>

#include "server/base/log.h"
#include "writer.h"

void writer_begin_chain(struct writer *writer)
{
    if (!audit_chain_begin(&writer->chain, &writer->store->base.audit, bytes_str(writer->store->node)))
        writer_lose(writer, "out of memory");
}

/* Something is written in any case: with synchronous replication the answer then waits until the standby has
 * all that was committed before it, so that nobody is told of a commit that a failover would undo. */
void writer_send_settling(struct writer *writer)
{
    struct store_entry closing = {.seq = 0};
    int ok = writer_add_rollback(writer) && round_add(writer->slot, SQL_PROBE_WRITE, NULL);
    writer->doing = WRITER_SETTLING;
    if (writer_has_entry(writer))
        ok = ok &&
             audit_entry_close(&closing, &writer->chain, writer->entry.at,
                               "the connection was lost during a commit, which was not done") &&
             writer_add_entry(writer, SQL_SETTLE, &closing);
    if (!ok || !round_send(writer->slot, postgres_now_ms()))
        writer_lose(writer, "sending failed");
    else
        writer->closing = closing;
}

/* Whether the number in the chain belongs to |entry|. */
static int is_stored(const PGresult *result, const struct store_entry *entry)
{
    return PQgetlength(result, 0, 0) == sizeof entry->hash &&
           memcmp(PQgetvalue(result, 0, 0), entry->hash, sizeof entry->hash) == 0;
}

/* It is tried again and again: what is said each time would fill the log. */
static void log_settling(struct writer *writer, const struct round *round)
{
    const char *sqlstate = round->failed ? round->sqlstate : "01000"; /* a warning: not replicated */
    if (strcmp(writer->settle_fault, sqlstate) != 0)
        postgres_log_fault("finding out what became of a commit", round);
    memcpy(writer->settle_fault, sqlstate, sizeof writer->settle_fault);
}

/* The connection that a group has lost was not its fault the first time. */
static void group_again(struct writer *writer)
{
    if (++writer->attempts >= POSTGRES_ATTEMPTS)
        writer_tell_group(writer, STORE_UNAVAILABLE);
    else
        writer_try_part(writer, 2);
}

static void settled(struct writer *writer, int was_done)
{
    log_line(LOG_WARN, "store", log_text("doing", "found out what became of a commit"),
             log_word("committed", was_done ? "yes" : "no"), log_number("units", writer->group));
    audit_chain_advance(&writer->chain, was_done ? &writer->entry : &writer->closing);
    if (was_done)
        writer_tell_group(writer, STORE_DONE);
    else
        group_again(writer);
}

void writer_settle_answered(struct writer *writer)
{
    const struct round *round = &writer->slot->round;
    const PGresult *result = round->answered > 0 ? round->results[round->answered - 1] : NULL;
    int was_done = 0, was_not = 0, failed = round->failed || round->warned;
    if (failed) { /* most likely the broken connection's transaction still holds the number */
        log_settling(writer, round);
    } else if (writer_has_entry(writer) && PQntuples(result) > 0) {
        /* What closed the chain may be stored from an attempt whose answer was lost, too. */
        was_done = is_stored(result, &writer->entry);
        was_not = is_stored(result, &writer->closing);
    }
    round_clear(writer->slot);
    if (failed || (writer_has_entry(writer) && !was_done && !was_not)) {
        writer->settle_ms = postgres_now_ms() + POSTGRES_SETTLE_PAUSE_MS;
        return;
    }
    if (writer_has_entry(writer))
        settled(writer, was_done);
    writer->unsettled = 0;
    writer->settle_fault[0] = 0;
    atomic_store(&writer->store->write_ok, 1);
    writer_begin_chain(writer);
}

void writer_look_at_time(struct writer *writer, int64_t now_ms)
{
    if (!writer->unsettled || writer->group == 0 || now_ms < writer->tell_ms)
        return;
    store_count_fault();
    log_line(LOG_ERROR, "store", log_text("doing", "finding out what became of a commit"),
             log_number("units", writer->group),
             log_text("text", "it takes too long: stations are told to try again; nothing else is written "
                              "over this connection until it is known"));
    writer_tell_group(writer, STORE_UNKNOWN);
}
