/* tolerated.c: see tolerated.h. */
#include "server/ctl/tolerated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "server/ctl/lines.h"
#include "server/fetch/fetch.h"

enum { SECONDS = 2, MOST = 256 * 1024, URL = 512, TEXT = 2048 };

/* One without TLS first of all: who has its certificate from nobody public is not believed here. */
static const struct config_listener *listener_of(const struct config *config)
{
    const struct config_listener *found = NULL;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        if ((listener->serves & CONFIG_SERVE_ADMIN) != 0 && !listener->proxy_protocol &&
            (found == NULL || (found->tls != NULL && listener->tls == NULL)))
            found = listener;
    }
    return found;
}

/* An address that stands for every one of this machine is this machine's own. */
static void write_url(char out[URL], const struct config_listener *listener)
{
    static const struct {
        const char *any, *here;
    } hosts[] = {{":", "127.0.0.1:"}, {"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}, {"", ""}};
    size_t i = 0;

    while (strncmp(listener->address, hosts[i].any, strlen(hosts[i].any)) != 0)
        i++;
    snprintf(out, URL, "%s://%s%s/tolerances", listener->tls != NULL ? "https" : "http", hosts[i].here,
             listener->address + strlen(hosts[i].any));
}

/* Returns what the node says, or NULL with |why|. */
static json_t *ask(const struct config *config, char why[TEXT])
{
    const struct config_listener *listener = listener_of(config);
    struct fetch fetch = {.most = MOST, .seconds = SECONDS, .is_near = 1};
    char url[URL], fault[FETCH_WHY_MAX];
    json_t *said;
    uint8_t *octets;
    size_t len;

    if (listener == NULL) {
        snprintf(why, TEXT, "no listener serves admin");
        return NULL;
    }
    write_url(url, listener);
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
