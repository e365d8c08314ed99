/* announcement deliveries: how far this CA's own announcements have got. */
#include "server/ctl/announcement.h"
#include "server/ctl/cert.h"
#include "server/pki/message.h"

static json_t *delivery_json(const struct store_delivery *row)
{
    char at[CTL_TIME_MAX];
    json_t *json = json_object();

    ctl_json_set(json, "body", json_string(pki_body_name(row->body)));
    ctl_json_set(json, "url", ctl_json_text(row->url));
    ctl_json_set(json, "since", json_string(ctl_time(at, row->since)));
    ctl_json_set(json, "delivered", json_integer(row->delivered));
    ctl_json_set(json, "lost", json_integer(row->lost));
    ctl_json_set(json, "last", json_string(ctl_time(at, row->delivered_at)));
    ctl_json_set(json, "position", json_integer(row->position));
    return json;
}

static void print(const struct store_delivery *row)
{
    char at[CTL_TIME_MAX];

    printf("%-6s  ", pki_body_name(row->body));
    cert_put_text(row->url, 0);
    if (row->delivered_at == 0)
        printf("  delivered none, lost %lld\n", (long long)row->lost);
    else
        printf("  delivered %lld, the last at %s, lost %lld\n", (long long)row->delivered,
               ctl_time(at, row->delivered_at), (long long)row->lost);
}

/* One page has them all: there are so many kinds and URLs of a CA, and those that it had before. */
static int print_all(void *arg, const struct ctl_call *call, const struct device_store *at,
                     struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_DELIVERIES,
                                .index = STORE_ALL_DELIVERIES,
                                .issuer = bytes_of(at->issuer, STORE_ISSUER_ID),
                                .arena = arena};
    const struct store_delivery *rows;

    (void)arg;
    if (!store_fetch_wait(at->opened.store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return ctl_fault("the store does not answer");
    rows = fetch.rows;
    for (size_t i = 0; fetch.outcome == STORE_FOUND && i < fetch.count; i++)
        if (ctl_value(call, "json") != NULL)
            ctl_json_print(delivery_json(&rows[i]));
        else
            print(&rows[i]);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ, print_all, NULL);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, CTL_OPTION_JSON, DEVICE_OPTION_CA, {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_announcement_deliveries = {
    .name = "announcement deliveries",
    .options = options,
    .says = "list how far announcements of this CA have got at each URL",
    .run = run,
};
