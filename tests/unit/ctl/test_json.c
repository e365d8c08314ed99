/* test_json.c: what tools write as JSON is JSON, whatever the store holds. */
#include "server/ctl/json.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

Test(json, any_octets_are_a_text)
{
    json_t *text = ctl_json_text(bytes_str("gnb-\xc3\xa9 \"x\" \xff\x80\xc3"));

    cr_assert_str_eq(json_string_value(text), "gnb-\xc3\xa9 \"x\" \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    json_decref(text);
    text = ctl_json_text(bytes_of("a\0b", 3));
    cr_assert_eq(json_string_length(text), 3);
    json_decref(text);
    text = ctl_json_text(bytes_of(NULL, 0));
    cr_assert_eq(json_string_length(text), 0);
    json_decref(text);
}

Test(json, what_is_no_JSON_is_not_read)
{
    cr_assert_null(ctl_json_read(bytes_str("{\"a\":")));
    cr_assert_null(ctl_json_read(bytes_of(NULL, 0)));
    json_t *number = ctl_json_read(bytes_str("12"));
    cr_assert_eq(json_integer_value(number), 12);
    json_decref(number);
}

Test(json, a_line_is_ASCII_and_keeps_its_order)
{
    json_t *row = json_object();

    cr_redirect_stdout();
    ctl_json_set(row, "z", ctl_json_text(bytes_str("\xc3\xa9\x1b[0m")));
    ctl_json_set(row, "a", json_integer(3));
    ctl_json_print(row);
    fflush(stdout);
    cr_assert_stdout_eq_str("{\"z\":\"\\u00E9\\u001B[0m\",\"a\":3}\n");
}

Test(json, a_value_is_shown_with_its_escapes)
{
    json_t *text = ctl_json_text(bytes_str("a\"\x1b"));

    cr_redirect_stdout();
    ctl_json_show(text);
    ctl_json_show(NULL);
    fflush(stdout);
    cr_assert_stdout_eq_str("a\\\"\\u001b?");
    json_decref(text);
}
