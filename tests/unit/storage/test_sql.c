/* test_sql.c: texts of statements, and that both backends make theirs of every table. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "storage/sql.h"

static const struct store_column columns[] = {{"id", STORE_OCTETS, 0, 0},
                                              {"part", STORE_NUMBER, 0, 0},
                                              {"text", STORE_WORDS, 0, 0},
                                              {"done", STORE_TRUTH, 0, 0}};
static const struct store_table of_issuer = {
    .name = "things", .columns = columns, .count = 4, .keys = 2, .of_issuer = 1};
static const struct store_table of_nobody = {.name = "things", .columns = columns, .count = 4, .keys = 1};

static void is(struct sql *sql, const char *text)
{
    cr_expect_str_eq(sql->text, text);
    cr_expect_eq(sql->len, strlen(text));
    *sql = (struct sql){.len = 0};
}

Test(sql, columns_stand_in_their_order)
{
    struct sql sql = {.len = 0};
    sql_columns(&sql, &of_issuer, "", 1);
    is(&sql, "issuer, id, part, text, done");
    sql_columns(&sql, &of_issuer, "t.", 0);
    is(&sql, "t.id, t.part, t.text, t.done");
    sql_columns(&sql, &of_nobody, "", 1);
    is(&sql, "id, part, text, done");
    cr_expect_eq(sql_width(&of_issuer), 5);
    cr_expect_eq(sql_width(&of_nobody), 4);
}

Test(sql, a_key_is_never_set)
{
    struct sql sql = {.len = 0};
    sql_keys(&sql, &of_issuer);
    is(&sql, "issuer, id, part");
    sql_sets(&sql, &of_issuer, "u.");
    is(&sql, "text = u.text, done = u.done");
    sql_sets(&sql, &of_nobody, "excluded.");
    is(&sql, "part = excluded.part, text = excluded.text, done = excluded.done");
}

Test(sql, a_statement_that_is_cut_is_none, .signal = SIGABRT)
{
    struct sql sql = {.len = 0};
    for (;;)
        sql_put(&sql, "%s", "SELECT 1, ");
}

/* A final zero has its place, too. */
static void fill(size_t len)
{
    struct sql sql = {.len = 0};
    char text[SQL_TEXT_MAX + 1];
    memset(text, 'x', sizeof text);
    sql_put(&sql, "%.*s", 100, text);
    sql_put(&sql, "%.*s", (int)len - 100, text);
    cr_assert_eq(sql.len, len);
    cr_assert_eq(strlen(sql.text), len);
}

Test(sql, a_statement_may_fill_its_room)
{
    fill(SQL_TEXT_MAX - 1);
}

Test(sql, a_statement_may_not_do_without_its_end, .signal = SIGABRT)
{
    fill(SQL_TEXT_MAX);
}

Test(sql, another_text_has_another_form)
{
    cr_expect_eq(sql_form("CREATE TABLE t (a)"), sql_form("CREATE TABLE t (a)"));
    cr_expect_neq(sql_form("CREATE TABLE t (a)"), sql_form("CREATE TABLE t (b)"));
    cr_expect_geq(sql_form("CREATE TABLE t (a)"), 0);
    cr_expect_geq(sql_form(""), 0);
}
