/* lines.c: see lines.h. */
#include "server/ctl/lines.h"

#include <stdio.h>

#include "server/ctl/cert.h"

enum { LABEL_WIDTH = 22 };

void ctl_put_line(const char *label, struct bytes text)
{
    printf("%-*s", LABEL_WIDTH, label);
    cert_put_text(text, 0);
    putchar('\n');
}

static void put_member(const char *label, const json_t *value, ctl_put_object *object)
{
    if (json_is_object(value))
        object(label, value);
    else if (json_is_integer(value))
        printf("%-*s%" JSON_INTEGER_FORMAT "\n", LABEL_WIDTH, label, json_integer_value(value));
    else if (json_string_length(value) != 0)
        ctl_put_line(label, bytes_of(json_string_value(value), json_string_length(value)));
}

void ctl_put_lines(json_t *row, ctl_put_object *object)
{
    const char *label;
    json_t *value, *item;
    size_t i;

    json_object_foreach(row, label, value)
    {
        if (!json_is_array(value))
            put_member(label, value, object);
        json_array_foreach(value, i, item) put_member(label, item, object);
    }
    json_decref(row);
}
