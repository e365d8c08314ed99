/* writer.h: what the parts of a writer share: writer.c (outcomes, and what the serving thread calls), group.c
 * (units become statements), explain.c (why a group was not done), settle.c (whether it was). For
 * storage/postgres/ only. */
#ifndef CMPD_STORAGE_POSTGRES_WRITER_H
#define CMPD_STORAGE_POSTGRES_WRITER_H

#include "internal.h"

/* writer_unit returns the |i|th unit that |writer| has taken. */
static inline struct store_unit *writer_unit(const struct writer *writer, size_t i)
{
    return writer->entries[i].item;
}

/* writer_next walks through all units of the group, those done with another one after that one: it returns
 * what comes after |unit| (NULL: the first), or NULL at the end. |*i|, 0 before the first, counts the units
 * that were taken: those done with others are not. */
static inline struct store_unit *writer_next(const struct writer *writer, size_t *i,
                                             const struct store_unit *unit)
{
    if (unit != NULL && unit->with != NULL)
        return unit->with;
    *i += unit != NULL;
    return *i < writer->group ? writer_unit(writer, *i) : NULL;
}

/* writer_tell tells the |i|th unit |outcome|; writer_compact takes out those that have been told: the group
 * is over. writer_tell_group tells it to all of the group. */
void writer_tell(struct writer *writer, size_t i, enum store_outcome outcome);
void writer_compact(struct writer *writer);
void writer_tell_group(struct writer *writer, enum store_outcome outcome);

/* writer_try_part has a part of the group be tried next. */
void writer_try_part(struct writer *writer, size_t divisor);

/* writer_try_less is for a group of which nothing tells why it was not done: a part of it is tried, or a lone
 * unit once more, in case that what was in its way is gone; unless it can only be |last|. */
void writer_try_less(struct writer *writer, enum store_precondition last);

/* writer_lose gives the connection up. */
void writer_lose(struct writer *writer, const char *why);

/* writer_send_group makes a group of what waits, and sends it. */
void writer_send_group(struct writer *writer);

/* writer_add_rollback ends the transaction of a round that failed, which has to come before anything else.
 * writer_add_entry writes |entry| by |statement|. Return 1, or 0 as round_add does. */
int writer_add_rollback(struct writer *writer);
int writer_add_entry(struct writer *writer, enum postgres_statement statement,
                     const struct store_entry *entry);

/* writer_send_questions asks why a group was not done; writer_read_answers tells those units that cannot be.
 */
void writer_send_questions(struct writer *writer);
void writer_read_answers(struct writer *writer);

/* writer_has_entry returns 1 if the group writes an entry of the audit log. */
static inline int writer_has_entry(const struct writer *writer)
{
    return writer->entry.records.len > 0;
}

/* writer_begin_chain begins a chain of the audit log. writer_send_settling asks what became of a group whose
 * connection broke, and writer_settle_answered takes the answer. */
void writer_begin_chain(struct writer *writer);
void writer_send_settling(struct writer *writer);
void writer_settle_answered(struct writer *writer);

#endif
