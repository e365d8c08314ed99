/* json.c: see json.h. */
#include "server/ctl/json.h"

#include <stdlib.h>

#include "server/base/json.h"
#include "server/ctl/ctl.h"

static json_t *must(json_t *made)
{
    if (made == NULL)
        exit(ctl_fault("out of memory"));
    return made;
}

json_t *ctl_json_read(struct bytes value)
{
    return json_loadb((const char *)value.data, value.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

/* jansson takes whole characters only: ours writes such, whatever the octets are. */
json_t *ctl_json_text(struct bytes value)
{
    char *text = malloc(json_quote_room(value));
    json_t *made = text != NULL ? ctl_json_read(bytes_of(text, json_quote(text, value))) : NULL;

    free(text);
    return must(made);
}

void ctl_json_set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, must(value)) != 0)
        must(NULL);
}

void ctl_json_print(json_t *object)
{
    char *line = json_dumps(must(object), JSON_COMPACT | JSON_ENSURE_ASCII);

    if (line == NULL)
        must(NULL);
    puts(line);
    free(line);
    json_decref(object);
}

void ctl_json_show(const json_t *value)
{
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    char *shown;
    size_t len;

    if (!json_is_string(value)) {
        putchar('?');
        return;
    }
    if ((shown = malloc(json_quote_room(text))) == NULL)
        must(NULL);
    len = json_quote(shown, text);
    printf("%.*s", (int)len - 2, shown + 1);
    free(shown);
}
