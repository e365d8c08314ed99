/* request show: what somebody is to approve, in full. */
#include <stdio.h>
#include <time.h>

#include "server/ctl/decode.h"
#include "server/ctl/lines.h"
#include "server/ctl/request.h"

static void put_said(const char *label, const json_t *said)
{
    char text[512];

    snprintf(text, sizeof text, "%s: %s at %s, %s (signature %s)",
             json_string_value(json_object_get(said, "approver")),
             json_string_value(json_object_get(said, "says")), json_string_value(json_object_get(said, "at")),
             json_string_value(json_object_get(said, "reason")),
             json_string_value(json_object_get(said, "signature")));
    ctl_put_line(label, bytes_str(text));
}

static void show(const struct ctl_call *call, struct arena *arena, const struct request_found *found)
{
    json_t *row = request_json(arena, found, time(NULL));

    if (ctl_value(call, "json") != NULL) {
        ctl_json_print(row);
        return;
    }
    ctl_put_lines(row, put_said);
    if (found->row->tbs.len != 0) {
        printf("\nto be issued, with another serial number and as long from when it is polled for:\n");
        decode_write_tbs(stdout, found->row->tbs);
    }
    if (ctl_value(call, "message") != NULL) {
        printf("\nthe request:\n");
        decode_write(stdout, found->row->message);
    }
}

static int find(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    struct request_found found;

    (void)arg;
    if (!request_find(&found, at, arena, call->arguments[0]))
        return CTL_FAULT;
    show(call, arena, &found);
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
    {"message", NULL, CTL_ONCE, "show the request as well, as cmpctl decode does"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_request_show = {
    .name = "request show",
    .arguments = "REQUEST",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "show a request that waits, and what would be issued",
    .run = run,
};
