/* sql.h: texts of statements, made from the descriptors of tables. For storage/ only. */
#ifndef CMPD_STORAGE_SQL_H
#define CMPD_STORAGE_SQL_H

#include "tables.h"

enum { SQL_TEXT_MAX = 8192 }; /* octets of a statement */

/* struct sql is a statement that is being written. Empty: there is none. */
struct sql {
    size_t len;
    char text[SQL_TEXT_MAX];
};

/* sql_put adds formatted text. One that does not fit ends the process: statements do not depend on what
 * anybody sends, and all are made at the first start. */
void sql_put(struct sql *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* sql_columns adds the names of |table|'s columns, each after |prefix|, in their order; with |issuer|, the
 * issuer's before them if the rows have one. */
void sql_columns(struct sql *sql, const struct store_table *table, const char *prefix, int issuer);

/* sql_keys adds the names of the columns of |table|'s key, the issuer's first. */
void sql_keys(struct sql *sql, const struct store_table *table);

/* sql_sets adds what an UPDATE sets: every column that is not in the key, to |prefix| and its name. */
void sql_sets(struct sql *sql, const struct store_table *table, const char *prefix);

/* sql_counts adds what STORE_COUNT does where a row is there, and when: sets all columns, and adds
 * |day_count| to what there is of the same day, unless that is as much as the row may have. */
void sql_counts(struct sql *sql, const struct store_table *table);

/* sql_width returns how many columns a row has that is sent, its issuer among them. */
size_t sql_width(const struct store_table *table);

/* sql_form returns a number that stands for |text|, the SQL that makes the tables: a store whose tables were
 * made by another text has another form. Never negative. */
int64_t sql_form(const char *text);

#endif
