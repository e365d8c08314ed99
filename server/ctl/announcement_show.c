/* announcement show: one of them, in full. */
#include <stdlib.h>
#include <string.h>

#include "server/ctl/announcement.h"
#include "server/ctl/decode.h"
#include "server/ctl/lines.h"
#include "server/pki/message.h"

struct show {
    const char *upstream, *body;
    int json, der;
    int is_shown;
};

static int show_one(void *arg, const struct store_announcement *row)
{
    struct show *show = arg;
    json_t *json;

    if (!bytes_equal(bytes_str(show->upstream), row->upstream) ||
        strcmp(show->body, pki_body_name(row->body)) != 0)
        return 1;
    show->is_shown = 1;
    if (show->der) {
        fwrite(row->message.data, 1, row->message.len, stdout);
        return 0;
    }
    json = announcement_json(row);
    if (show->json) {
        ctl_json_print(json);
        return 0;
    }
    ctl_put_lines(json, NULL);
    putchar('\n');
    decode_write(stdout, row->message);
    return 0;
}

static int run(const struct ctl_call *call)
{
    struct show show = {.upstream = call->arguments[0],
                        .body = call->arguments[1],
                        .json = ctl_value(call, "json") != NULL,
                        .der = ctl_value(call, "der") != NULL};
    struct device_store at;
    int status = device_open(&at, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    status = announcement_each(&at, show_one, &show) ? CTL_OK : CTL_FAULT;
    if (status == CTL_OK && !show.is_shown)
        status =
            ctl_fault("'%s' has announced nothing by %s: see announcement list", show.upstream, show.body);
    device_close(&at);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    CTL_OPTION_JSON,
    DEVICE_OPTION_CA,
    {"der", NULL, CTL_ONCE, "write the PKIMessage as it came, in DER"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_announcement_show = {
    .name = "announcement show",
    .arguments = "UPSTREAM BODY",
    .least = 2,
    .most = 2,
    .options = options,
    .says = "show the newest announcement of a kind: ckuann, cann, rann or crlann",
    .run = run,
};
