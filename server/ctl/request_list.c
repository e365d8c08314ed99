/* request list: what waits for approval. */
#include <string.h>
#include <time.h>

#include "server/ctl/cert.h"
#include "server/ctl/request.h"

struct filter {
    const char *state, *profile; /* NULL: any */
    int json;
    int64_t now;
    size_t count;
};

static int is_wanted(const struct filter *filter, const struct request_found *found)
{
    return (filter->state == NULL || strcmp(filter->state, request_state(found, filter->now)) == 0) &&
           (filter->profile == NULL || bytes_equal(bytes_str(filter->profile), found->row->profile));
}

static void print_line(const struct filter *filter, struct arena *arena, const struct request_found *found)
{
    const struct store_request *row = found->row;
    char hex[REQUEST_HEX], at[CTL_TIME_MAX];
    const char *rules = cmp_approve_names(arena, (unsigned)row->rules);

    printf("%s  %-8s  %s  ", log_hex(hex, sizeof hex, row->request), request_state(found, filter->now),
           ctl_time(at, row->at));
    cert_put_text(row->profile, 0);
    printf("  (%s)  ", rules != NULL ? rules : "?");
    cert_put_text(row->device.len != 0 ? row->device : row->who, 40);
    printf("  ");
    cert_put_text(row->subject, 80);
    putchar('\n');
}

/* Returns how many the page had, -1 with a fault printed; |after| is the last one's name. */
static int print_page(struct filter *filter, const struct device_store *at, uint8_t after[STORE_REQUEST],
                      size_t len, struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_REQUESTS,
                                .index = STORE_ALL_REQUESTS,
                                .issuer = bytes_of(at->issuer, STORE_ISSUER_ID),
                                .key = bytes_of(after, len),
                                .arena = arena};
    const struct store_request *rows;
    struct request_found found;

    if (!store_fetch_wait(at->opened.store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        ctl_fault("the store does not answer");
        return -1;
    }
    rows = fetch.rows;
    for (size_t i = 0; fetch.outcome == STORE_FOUND && i < fetch.count; i++) {
        if (!request_look(&found, at, arena, &rows[i]))
            return -1;
        memcpy(after, rows[i].request.data, STORE_REQUEST);
        if (!is_wanted(filter, &found))
            continue;
        if (filter->count++ == 0 && !filter->json)
            printf("%-*s  %-8s  %-20s  PROFILE  (RULES)  WHO  SUBJECT\n", REQUEST_HEX - 1, "REQUEST", "STATE",
                   "SINCE");
        if (filter->json)
            ctl_json_print(request_json(arena, &found, filter->now));
        else
            print_line(filter, arena, &found);
    }
    return fetch.outcome == STORE_FOUND ? (int)fetch.count : 0;
}

static int print_all(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *all)
{
    struct filter *filter = arg;
    uint8_t after[STORE_REQUEST];
    size_t len = 0;
    int count;

    (void)call;
    (void)all; /* what there is of it would grow with every page */
    do {
        struct arena *arena = arena_new(DEVICE_ARENA);
        count = arena != NULL ? print_page(filter, at, after, len, arena) : -1;
        arena_free(arena);
        len = STORE_REQUEST;
    } while (count == STORE_REQUESTS_MAX);
    if (count < 0)
        return CTL_FAULT;
    if (filter->count == 0 && !filter->json)
        fprintf(stderr, "cmpctl: no such request waits\n");
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct filter filter = {.state = ctl_value(call, "state"),
                            .profile = ctl_value(call, "profile"),
                            .json = ctl_value(call, "json") != NULL,
                            .now = time(NULL)};

    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ, print_all, &filter);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    CTL_OPTION_JSON,
    DEVICE_OPTION_CA,
    {"profile", "NAME", CTL_ONCE, "of this profile alone"},
    {"state", "STATE", CTL_ONCE, "of this state alone: waiting, approved, denied, expired"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_request_list = {
    .name = "request list",
    .options = options,
    .says = "list the requests that wait for approval",
    .more = "What was approved or denied stays here until its station polls and hears of it, or its time is "
            "over. What became of those that are gone stands in audit list.",
    .run = run,
};
