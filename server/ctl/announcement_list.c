/* announcement list: what other CAs have announced. */
#include "server/ctl/announcement.h"
#include "server/ctl/cert.h"
#include "server/pki/message.h"

struct list {
    const char *upstream; /* NULL: any */
    int json;
    size_t count;
};

static void print(void *arg, const struct store_announcement *row)
{
    struct list *list = arg;
    char at[CTL_TIME_MAX];

    if (list->upstream != NULL && !bytes_equal(bytes_str(list->upstream), row->upstream))
        return;
    if (list->count++ == 0 && !list->json)
        printf("UPSTREAM  %-6s  %-20s  ABOUT\n", "KIND", "ANNOUNCED");
    if (list->json) {
        ctl_json_print(announcement_json(row));
        return;
    }
    cert_put_text(row->upstream, 0);
    printf("  %-6s  %s  ", pki_body_name(row->body), ctl_time(at, row->announced_at));
    cert_put_text(row->about, 0);
    putchar('\n');
}

static int print_all(void *arg, const struct ctl_call *call, const struct device_store *at,
                     struct arena *arena)
{
    struct list *list = arg;

    (void)call;
    (void)arena;
    if (!announcement_each(at, print, list))
        return CTL_FAULT;
    if (list->count == 0 && !list->json)
        fprintf(stderr, "cmpctl: nothing was announced\n");
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct list list = {.upstream = ctl_value(call, "upstream"), .json = ctl_value(call, "json") != NULL};

    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ, print_all, &list);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    CTL_OPTION_JSON,
    DEVICE_OPTION_CA,
    {"upstream", "NAME", CTL_ONCE, "of this upstream alone"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_announcement_list = {
    .name = "announcement list",
    .options = options,
    .says = "list what upstream CAs have announced, the newest of each kind",
    .more =
        "The CA is the one at whose path the announcement came in. All that ever came stands in audit list.",
    .run = run,
};
