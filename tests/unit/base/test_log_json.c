/* test_log_json.c: a line as an object of JSON, whatever is in it. jansson, which is strict, reads each. */
#include <jansson.h>
#include <math.h>

#include "server/base/bounds.h"
#include "server/base/log_internal.h"
#include "tests/support/capture.h"

static char line[LOG_LINE_MAX];

/* Makes a line of the fields, and reads it. */
static json_t *made(size_t size, const char *event, const struct log_field *fields)
{
    json_error_t error;
    size_t len = log_make_json(line, size, LOG_WARN, event, fields);
    json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

    cr_assert_leq(len, size);
    cr_assert_eq(memchr(line, '\n', len), line + len - 1);
    cr_assert(json_is_object(object), "%s: %.*s", error.text, (int)len, line);
    return object;
}

static void has_text(const json_t *object, const char *key, const char *expected, size_t len)
{
    const json_t *value = json_object_get(object, key);

    cr_assert(json_is_string(value), "%s: %s", key, line);
    cr_expect_eq(json_string_length(value), len, "%s: %s", key, line);
    cr_expect_eq(memcmp(json_string_value(value), expected, len), 0, "%s: %s", key, line);
}

#define HAS(object, key, expected) has_text(object, key, expected, sizeof(expected) - 1)

Test(log_json, each_value_has_its_type)
{
    json_t *object =
        made(sizeof line, "request refused",
             LOG_FIELDS(log_text("text", "a \"b\" \\"), log_text("none", NULL), log_word("word", "P-256"),
                        log_octets("octets", bytes_of("Zürich\0\n\x1b\xff\xe2\x80\xae", 14)),
                        log_hexadecimal("hex", bytes_of("\x00\xa5", 2)), log_number("min", INT64_MIN),
                        log_number("max", INT64_MAX), log_real("real", 2.25), log_real("no", (double)NAN),
                        log_pairs(bytes_str("x=1 y=2")), log_word_if_any("left_out", bytes_of(NULL, 0)),
                        log_word_if_any("there", bytes_str("w"))));

    HAS(object, "level", "warn");
    HAS(object, "event", "request refused");
    HAS(object, "text", "a \"b\" \\");
    HAS(object, "none", "");
    HAS(object, "word", "P-256");
    HAS(object, "octets", "Zürich\0\n\x1b\xef\xbf\xbd\xe2\x80\xae");
    HAS(object, "hex", "00a5");
    HAS(object, "pairs", "x=1 y=2");
    HAS(object, "there", "w");
    cr_expect_eq(json_integer_value(json_object_get(object, "min")), INT64_MIN);
    cr_expect_eq(json_integer_value(json_object_get(object, "max")), INT64_MAX);
    cr_expect_float_eq(json_real_value(json_object_get(object, "real")), 2.2, 1e-9);
    cr_expect(json_is_null(json_object_get(object, "no")));
    cr_expect_null(json_object_get(object, "left_out"));
    cr_expect_eq(json_object_size(object), 14);
    cr_expect_eq(strspn(json_string_value(json_object_get(object, "time")), "0123456789-T:.Z"), LOG_TIME - 1);
    json_decref(object);
}

/* Nothing on the wire of the log but what a terminal shows. */
Test(log_json, what_moves_a_terminal_is_escaped)
{
    json_decref(made(sizeof line, "e", LOG_FIELDS(log_text("t", "\x1b[2J\x7f\xe2\x80\xae"))));
    for (const char *at = line; *at != '\n'; at++)
        cr_expect(*at >= ' ' && *at < 0x7f, "%s", line);
}

/* An object that is cut is none; so values are, each by itself, and those behind it are there. */
Test(log_json, long_values_are_cut_and_leave_room)
{
    static char value[2 * LOG_LINE_MAX];
    static const char fills[] = {'x', '"', '\x01', '\xff'};
    json_t *object;

    for (size_t i = 0; i < sizeof fills; i++) {
        memset(value, fills[i], sizeof value);
        object = made(sizeof line, "long",
                      LOG_FIELDS(log_octets("first", bytes_of(value, sizeof value)),
                                 log_hexadecimal("second", bytes_of(value, sizeof value)),
                                 log_pairs(bytes_of(value, sizeof value)), log_word("peer", "192.0.2.1:443"),
                                 log_number("n", INT64_MIN)));
        HAS(object, "peer", "192.0.2.1:443");
        cr_expect_eq(json_integer_value(json_object_get(object, "n")), INT64_MIN);
        cr_expect_gt(json_string_length(json_object_get(object, "second")), 100);
        cr_expect_eq(json_object_size(object), 8);
        json_decref(object);
    }
}

/* So many that not all find room: what is left out is left out as a whole. */
Test(log_json, any_number_of_fields_is_an_object)
{
    enum { MANY = 200, NAME = 16 };
    static struct log_field fields[MANY + 1];
    static char names[MANY][NAME];

    for (size_t count = 0; count <= MANY; count++) {
        fields[count] = (struct log_field){.key = NULL};
        json_decref(made(sizeof line, "many", fields));
        if (count == MANY)
            break;
        snprintf(names[count], NAME, "key_%zu", count);
        fields[count] = log_text(names[count], "twenty-four octets long!");
    }
}

Test(log_json, the_log_is_written_so)
{
    log_set_format(LOG_JSON);
    CAPTURE(log_line(LOG_INFO, "one", log_number("n", 1)));
    cr_assert_not_null(strstr(logged, "\",\"level\":\"info\",\"event\":\"one\",\"n\":1}\n"), "%s", logged);
    CAPTURE({
        for (int i = 0; i <= BOUND_LOG_LINES; i++)
            log_take("odd", bytes_str("192.0.2.1:1"));
        log_tell_left_out(1);
    });
    cr_assert_not_null(strstr(logged, "\"event\":\"lines left out\",\"of\":\"odd\",\"source\":\"192.0.2.1\""),
                       "%s", logged);
    log_set_format(LOG_LOGFMT);
    CAPTURE(log_line(LOG_INFO, "one", log_number("n", 1)));
    cr_assert_not_null(strstr(logged, "level=info event=one n=1\n"), "%s", logged);
}
