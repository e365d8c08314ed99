/* audit list: what the audit log says. Needs no keys. */
#include <string.h>

#include "server/ctl/cert.h"
#include "server/ctl/choice.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"

/* Parts of a record that a PATTERN may be about; each is an option. */
static const char *const parts[] = {"event", "outcome", "who"};

enum { PARTS = sizeof parts / sizeof parts[0] };

/* struct listing is which records are shown, and how. */
struct listing {
    void (*show)(const struct store_entry *entry, json_t *record);
    struct choice_span committed;
    const char *node, *patterns[PARTS]; /* NULL: any */
    char serial[CERT_HEX_MAX];          /* empty: any */
};

static int read_listing(struct listing *listing, const struct ctl_call *call)
{
    const char *serial = ctl_value(call, "serial");
    uint8_t octets[STORE_SERIAL];

    listing->node = ctl_value(call, "node");
    for (size_t i = 0; i < PARTS; i++)
        listing->patterns[i] = ctl_value(call, parts[i]);
    if (serial != NULL && !cert_read_serial(octets, serial))
        return 0;
    if (serial != NULL)
        log_hex(listing->serial, sizeof listing->serial, bytes_of(octets, sizeof octets));
    return choice_read_span(&listing->committed, call, "after", "before");
}

/* What somebody has damaged is like no pattern. */
static int takes(const struct listing *listing, const json_t *record)
{
    const char *text;

    for (size_t i = 0; i < PARTS; i++) {
        if (listing->patterns[i] == NULL)
            continue;
        text = json_string_value(json_object_get(record, parts[i]));
        if (text == NULL || !choice_is_like(text, listing->patterns[i]))
            return 0;
    }
    if (listing->serial[0] == 0)
        return 1;
    text = json_string_value(json_object_get(record, "serial"));
    return text != NULL && strcmp(text, listing->serial) == 0;
}

static int node_is(const struct store_entry *entry, const char *pattern)
{
    char name[STORE_NAME_MAX + 1];

    snprintf(name, sizeof name, "%.*s", (int)entry->node.len, (const char *)entry->node.data);
    return choice_is_like(name, pattern);
}

/* Cuts the next line, without its end, off |*text|. */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    struct bytes line = bytes_of(text->data, end != NULL ? (size_t)(end - text->data) : text->len);
    size_t used = line.len + (end != NULL);

    *text = bytes_of(text->data + used, text->len - used);
    return line;
}

static int each_entry(void *arg, const void *row)
{
    const struct listing *listing = arg;
    const struct store_entry *entry = row;
    struct bytes rest = entry->records;

    if (!choice_is_in(&listing->committed, entry->at / 1000) ||
        (listing->node != NULL && !node_is(entry, listing->node)))
        return 1;
    while (rest.len != 0) {
        struct bytes line = take_line(&rest);
        json_t *record = ctl_json_read(line);

        if (!json_is_object(record)) { /* somebody has been at the store */
            json_decref(record);
            record = json_object();
            ctl_json_set(record, "damaged", ctl_json_text(line));
        }
        if (takes(listing, record))
            listing->show(entry, record);
        json_decref(record);
    }
    return 1;
}

static void show_json(const struct store_entry *entry, json_t *record)
{
    char chain[2 * STORE_CHAIN_ID + 1];
    json_t *row = json_object();

    ctl_json_set(row, "chain",
                 json_string(log_hex(chain, sizeof chain, bytes_of(entry->chain, STORE_CHAIN_ID))));
    ctl_json_set(row, "seq", json_integer(entry->seq));
    ctl_json_set(row, "committed_at", json_integer(entry->at));
    ctl_json_set(row, "node", ctl_json_text(entry->node));
    json_object_update_missing(row, record);
    ctl_json_print(row);
}

static void show_line(const struct store_entry *entry, json_t *record)
{
    static const char *const names[] = {"event", "outcome", "who", "serial", "detail"};
    char at[CTL_TIME_MAX];

    printf("%s  %.*s", ctl_time(at, entry->at / 1000), (int)entry->node.len, (const char *)entry->node.data);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        printf("  ");
        ctl_json_show(json_object_get(record, names[i]));
    }
    putchar('\n');
}

static int run(const struct ctl_call *call)
{
    int json = ctl_value(call, "json") != NULL;
    struct listing listing = {.show = json ? show_json : show_line};
    char fault[STORE_FAULT_MAX] = "";
    struct ctl_opened opened;
    int status;

    if (!read_listing(&listing, call))
        return CTL_FAULT;
    if ((status = ctl_open(&opened, call, CTL_NEEDS_TO_READ)) != CTL_OK)
        return status;
    if (!json)
        printf("WHEN                  NODE  EVENT  OUTCOME  WHO  SERIAL  DETAIL\n");
    if (!store_each(opened.store, fault, STORE_ENTRIES, bytes_of(NULL, 0), each_entry, &listing))
        status = ctl_fault("%s", fault);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    CTL_OPTION_JSON,
    {"after", "TIME", 0, "committed at TIME or later"},
    {"before", "TIME", 0, "committed before TIME"},
    {"event", "PATTERN", 0, "of this event, such as issue, confirm or revoke"},
    {"outcome", "PATTERN", 0, "with this outcome, such as granted or refused"},
    {"who", "PATTERN", 0, "asked for by those whose name is like this"},
    {"serial", "SERIAL", 0, "about the certificate with this serial"},
    {"node", "PATTERN", 0, "committed by this node"},
    {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_audit_list = {
    .name = "audit list",
    .options = options,
    .says = "show what the audit log says",
    .more =
        "All records, or those that are as every option wants them. A PATTERN is about the whole text; * "
        "stands for any text, ? for one character; upper and lower case do not differ. TIME is UTC, as "
        "2026-11-29T05:00:00Z, or a date. A line is: when, node, what was asked for, what came of it, who "
        "asked, serial of the certificate concerned, and detail. --json tells more.",
    .run = run,
};
