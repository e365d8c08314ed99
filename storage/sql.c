/* sql.c: see sql.h. */
#include "sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sql_put(struct sql *sql, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(sql->text + sql->len, sizeof sql->text - sql->len, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof sql->text - sql->len)
        abort();
    sql->len += (size_t)len;
}

static void put_names(struct sql *sql, const struct store_table *table, const char *prefix, int issuer,
                      size_t count)
{
    if (issuer && table->of_issuer)
        sql_put(sql, "%sissuer, ", prefix);
    for (size_t i = 0; i < count; i++)
        sql_put(sql, "%s%s%s", i != 0 ? ", " : "", prefix, table->columns[i].name);
}

void sql_columns(struct sql *sql, const struct store_table *table, const char *prefix, int issuer)
{
    put_names(sql, table, prefix, issuer, table->count);
}

void sql_keys(struct sql *sql, const struct store_table *table)
{
    put_names(sql, table, "", 1, table->keys);
}

void sql_sets(struct sql *sql, const struct store_table *table, const char *prefix)
{
    for (size_t i = table->keys; i < table->count; i++)
        sql_put(sql, "%s%s = %s%s", i != table->keys ? ", " : "", table->columns[i].name, prefix,
                table->columns[i].name);
}

void sql_counts(struct sql *sql, const struct store_table *table)
{
    for (size_t i = table->keys; i < table->count; i++) {
        const char *name = table->columns[i].name;
        sql_put(sql, "%s%s = excluded.%s", i != table->keys ? ", " : "", name, name);
        /* As store_claim_day has it. */
        if (strcmp(name, "day") == 0)
            sql_put(sql, " + CASE WHEN %s.day = excluded.day + 1 THEN 1 ELSE 0 END", table->name);
        if (strcmp(name, "day_count") == 0)
            sql_put(
                sql,
                " + CASE WHEN %s.day BETWEEN excluded.day AND excluded.day + 1 THEN %s.day_count ELSE 0 END",
                table->name, table->name);
    }
    sql_put(sql,
            " WHERE %s.day NOT BETWEEN excluded.day AND excluded.day + 1 OR "
            "%s.day_count + excluded.day_count <= excluded.most",
            table->name, table->name);
}

size_t sql_width(const struct store_table *table)
{
    return table->count + (table->of_issuer ? 1 : 0);
}

int64_t sql_form(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text != 0; text++)
        hash = (hash ^ (uint8_t)*text) * 1099511628211u;
    return (int64_t)(hash >> 1);
}
