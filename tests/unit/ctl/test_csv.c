/* csv.c: lines of RFC 4180. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/ctl/csv.h"

TestSuite(csv, .timeout = 60);

static struct bytes fields[CSV_FIELDS];
static size_t count;
static char line[CSV_LINE];

static const char *split(const char *text)
{
    size_t len = strlen(text);

    memcpy(line, text, len);
    return csv_split(fields, &count, line, len);
}

static void has(size_t i, const char *text)
{
    cr_assert_lt(i, count);
    cr_expect(bytes_equal(fields[i], bytes_str(text)), "field %zu is '%.*s', not '%s'", i, (int)fields[i].len,
              (const char *)fields[i].data, text);
}

/* RFC 4180 2, rules 5 to 7. */
Test(csv, fields_in_quotes)
{
    cr_assert_null(split("\"acme\",\"Street 1, 3rd floor\",\"\",\"say \"\"hello\"\"\",\"\"\"\"\"\""));
    cr_assert_eq(count, 5);
    has(0, "acme");
    has(1, "Street 1, 3rd floor");
    has(2, "");
    has(3, "say \"hello\"");
    has(4, "\"\"");
}

/* RFC 4180 2, rule 4: blanks are part of a field. */
Test(csv, fields_without_quotes)
{
    cr_assert_null(split("acme,SN-1, 7 ,"));
    cr_assert_eq(count, 4);
    has(0, "acme");
    has(1, "SN-1");
    has(2, " 7 ");
    has(3, "");
    cr_assert_null(split(""));
    cr_assert_eq(count, 1);
    has(0, "");
}

Test(csv, quotes_that_are_wrong)
{
    cr_expect_str_eq(split("acme,\"SN-1"), "a quote is not closed on this line");
    cr_expect_str_eq(split("\""), "a quote is not closed on this line");
    cr_expect_str_eq(split("\"a\"\""), "a quote is not closed on this line");
    cr_expect_not_null(strstr(split("\"acme\" ,1"), "after a closing quote comes a comma"));
    cr_expect_not_null(strstr(split("19\" rack"), "a quote inside of a field"));
    cr_expect_not_null(strstr(split("a, \"b\""), "a quote inside of a field"));
}

Test(csv, as_many_fields_as_there_is_room_for)
{
    char text[2 * CSV_FIELDS + 2] = "";

    for (size_t i = 0; i + 1 < CSV_FIELDS; i++)
        text[i] = ',';
    cr_expect_null(split(text));
    cr_expect_eq(count, CSV_FIELDS);
    text[CSV_FIELDS - 1] = ',';
    cr_expect_not_null(split(text));
}

Test(csv, lines_end_with_lf_or_cr_lf_and_may_be_too_long)
{
    size_t len = CSV_LINE + 100;
    char *text = malloc(len);
    struct csv_reader *reader = calloc(1, sizeof *reader);

    memset(text, 'x', len);
    memcpy(text, "a\r\n\nb\rc\n", 9);
    text[CSV_LINE + 50] = '\n';
    reader->in = fmemopen(text, len, "r");
    cr_assert(csv_next(reader));
    cr_expect(reader->line == 1 && reader->len == 1);
    cr_assert(csv_next(reader));
    cr_expect(reader->line == 2 && reader->len == 0);
    cr_assert(csv_next(reader));
    cr_expect(reader->len == 3 && memcmp(reader->octets, "b\rc", 3) == 0, "another end is none");
    cr_assert(csv_next(reader));
    cr_expect(reader->is_too_long);
    cr_assert(csv_next(reader));
    cr_expect(reader->line == 5 && reader->len == 49 && !reader->is_too_long, "the last one needs no end");
    cr_expect_not(csv_next(reader));
    fclose(reader->in);
    free(reader);
    free(text);
}

/* What is written is read again as it was. */
Test(csv, there_and_back)
{
    static const char *const values[] = {"acme", "", "a,b", "say \"hello\"", " blank ", "\"", "größer\t7"};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (i != 0)
            putc(',', out);
        csv_put(out, bytes_str(values[i]));
    }
    fclose(out);
    cr_assert_null(split(text));
    cr_assert_eq(count, sizeof values / sizeof values[0]);
    for (size_t i = 0; i < count; i++)
        has(i, values[i]);
    cr_expect_eq(strncmp(text, "acme,,\"a,b\",\"say", 16), 0, "quotes only where they are needed: %s", text);
    free(text);
}
