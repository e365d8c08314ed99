/* tolerated.c: see tolerated.h. */
#include "server/ctl/tolerated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/admin_url.h"
#include "server/ctl/ctl.h"
#include "server/ctl/lines.h"
#include "server/fetch/fetch.h"

enum { SECONDS = 2, MOST = 256 * 1024, TEXT = 2048 };

/* Returns what the node says, or NULL with |why|. */
static json_t *ask(const struct config *config, char why[TEXT])
{
    struct fetch fetch = {.most = MOST, .seconds = SECONDS, .is_near = 1};
    char url[ADMIN_URL_MAX], fault[FETCH_WHY_MAX];
    json_t *said;
    uint8_t *octets;
    size_t len;

    if (!admin_url(url, config, "/tolerances")) {
        snprintf(why, TEXT, "no listener serves admin");
        return NULL;
    }
    fetch.url = url;
    if (!fetch_document(&octets, &len, &fetch, fault)) {
        snprintf(why, TEXT, "the node does not tell at %s: %s", url, fault);
        return NULL;
    }
    said = ctl_json_read(bytes_of(octets, len));
    free(octets);
    if (!json_is_integer(json_object_get(said, "since"))) {
        snprintf(why, TEXT, "what is at %s is no node of this program", url);
        json_decref(said);
        return NULL;
    }
    return said;
}

void tolerated_put(json_t *row, const struct config *config, enum tolerance_owner owner, const char *name)
{
    char why[TEXT], since[CTL_TIME_MAX];
    json_t *said = ask(config, why), *counts, *tolerated, *number;
    const char *key;

    if (said == NULL) {
        ctl_json_set(row, "tolerated_unknown", ctl_json_text(bytes_str(why)));
        return;
    }
    tolerated = json_object();
    ctl_time(since, json_integer_value(json_object_get(said, "since")));
    ctl_json_set(tolerated, "since", ctl_json_text(bytes_str(since)));
    counts =
        json_object_get(json_object_get(said, owner == TOLERANCE_OF_VENDOR ? "vendors" : "profiles"), name);
    json_object_foreach(counts, key, number)
    {
        if (json_is_integer(number))
            ctl_json_set(tolerated, key, json_integer(json_integer_value(number)));
    }
    ctl_json_set(row, "tolerated", tolerated);
    json_decref(said);
}

void tolerated_print(const char *label, const json_t *object)
{
    char text[TEXT] = "", part[128];
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        if (!json_is_integer(value))
            continue;
        snprintf(part, sizeof part, "%s %lld, ", key, (long long)json_integer_value(value));
        strncat(text, part, sizeof text - strlen(text) - 1);
    }
    snprintf(part, sizeof part, "%ssince %s", *text == 0 ? "none " : "",
             json_string_value(json_object_get(object, "since")));
    strncat(text, part, sizeof text - strlen(text) - 1);
    ctl_put_line(label, bytes_str(text));
}
