/* announcement show: one of them, in full. */
#include <string.h>

#include "server/cmp/cmp.h"
#include "server/ctl/announcement.h"
#include "server/ctl/decode.h"
#include "server/ctl/lines.h"
#include "server/pki/message.h"

static void show(const struct ctl_call *call, const struct store_announcement *row)
{
    json_t *json;

    if (ctl_value(call, "der") != NULL) {
        fwrite(row->message.data, 1, row->message.len, stdout);
        return;
    }
    json = announcement_json(row);
    if (ctl_value(call, "json") != NULL) {
        ctl_json_print(json);
        return;
    }
    ctl_put_lines(json, NULL);
    putchar('\n');
    decode_write(stdout, row->message);
}

/* -1: it is no body's. By one that announces nothing there is none. */
static int body_named(const char *name)
{
    for (int body = 0; body < PKI_BODY_COUNT; body++)
        if (strcmp(name, pki_body_name(body)) == 0)
            return body;
    return -1;
}

static int find(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    struct bytes upstream = bytes_str(call->arguments[0]), key;
    uint8_t room[STORE_ANNOUNCEMENT_KEY_MAX];
    int body = body_named(call->arguments[1]);
    const void *row = NULL;

    (void)arg;
    if (body >= 0 && upstream.len <= STORE_NAME_MAX) {
        key = cmp_announcement_key(room, body, upstream);
        if (!cert_fetch(&row, at->opened.store, arena, STORE_ANNOUNCEMENTS, at->issuer, key))
            return CTL_FAULT;
    }
    if (row == NULL)
        return ctl_fault("'%s' has announced nothing by %s: see announcement list", call->arguments[0],
                         call->arguments[1]);
    show(call, row);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ, find, NULL);
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
