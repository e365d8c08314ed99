/* cert_history.c: what became of a certificate, out of the audit log. Its row has the place of each entry
 * (cert.h). */
#include <stdlib.h>
#include <string.h>

#include "server/ctl/cert.h"
#include "storage/row.h"

enum { ENTRY_ARENA = 16 * 1024 * 1024, SHOWN_CHAIN = 8 };

/* The record in |line| if it is about |found|: it has its serial, or, where an update has changed it, names
 * it. */
static json_t *read_record(struct bytes line, const struct cert_found *found, int by_name)
{
    char hex[CERT_HEX_MAX];
    json_t *record = NULL;
    const char *serial;

    log_hex(hex, sizeof hex, found->cert->serial);
    if (memmem(line.data, line.len, hex, strlen(hex)) != NULL)
        record = ctl_json_read(line);
    serial = json_string_value(json_object_get(record, "serial"));
    if (record != NULL && !by_name && (serial == NULL || strcmp(serial, hex) != 0)) {
        json_decref(record);
        record = NULL;
    }
    return record;
}

static json_t *find_record(struct bytes records, const struct cert_found *found, int by_name)
{
    json_t *record = NULL;

    while (record == NULL && records.len != 0) {
        const uint8_t *end = memchr(records.data, '\n', records.len);
        size_t len = end != NULL ? (size_t)(end - records.data) : records.len;
        record = read_record(bytes_of(records.data, len), found, by_name);
        len += end != NULL;
        records = bytes_of(records.data + len, records.len - len);
    }
    return record;
}

/* The record of the update that got the successor: it has the serial of that one. */
static json_t *find_update(struct bytes records, const struct cert_found *found)
{
    struct store_cert next = {.serial = found->cert->successor};
    struct cert_found successor = {.cert = &next};

    return next.serial.len != 0 ? find_record(records, &successor, 0) : NULL;
}

static json_t *record_of(struct bytes records, const struct cert_found *found)
{
    json_t *record = find_record(records, found, 0);

    if (record == NULL)
        record = find_record(records, found, 1);
    return record != NULL ? record : find_update(records, found);
}

static void copy(json_t *change, const json_t *record, const char *name)
{
    const char *text = json_string_value(json_object_get(record, name));

    ctl_json_set(change, name, json_string(text != NULL ? text : ""));
}

/* Adds what the entry at |seq| of |chain| says. Returns 0 if the store does not answer. */
static int put_entry(json_t *change, struct store *store, const struct cert_found *found, struct bytes chain,
                     int64_t seq)
{
    struct store_fetch fetch = {.kind = STORE_ENTRIES, .index = STORE_ENTRY, .of = chain, .before = seq};
    const struct store_entry *entry;
    char at[CTL_TIME_MAX];
    json_t *record = NULL;
    int64_t when = 0;
    int is_there;

    if ((fetch.arena = arena_new(ENTRY_ARENA)) == NULL)
        return !ctl_fault("out of memory");
    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        arena_free(fetch.arena);
        return !ctl_fault("the store does not answer");
    }
    entry = fetch.rows;
    is_there = fetch.outcome == STORE_FOUND && entry->seq == seq;
    if (is_there) {
        record = record_of(entry->records, found);
        when = json_integer_value(json_object_get(record, "at"));
    }
    ctl_json_set(change, "at", json_string(ctl_time(at, when / 1000)));
    copy(change, record, "event");
    /* What does not name it is the record of an update, about the certificate that it got: not the last. */
    if (is_there && record == NULL)
        ctl_json_set(change, "event", json_string("update"));
    copy(change, record, "outcome");
    copy(change, record, "who");
    copy(change, record, "detail");
    json_decref(record);
    arena_free(fetch.arena);
    return 1;
}

json_t *cert_history(struct store *store, const struct cert_found *found)
{
    json_t *list = json_array();
    struct bytes chain;
    int64_t seq;

    for (size_t i = 0; (seq = store_place_get(&chain, found->cert->changes, i)) > 0; i++) {
        char hex[2 * STORE_CHAIN_ID + 1];
        json_t *change = json_object();
        ctl_json_set(change, "chain", json_string(log_hex(hex, sizeof hex, chain)));
        ctl_json_set(change, "entry", json_integer(seq));
        if (!put_entry(change, store, found, chain, seq)) {
            json_decref(change);
            json_decref(list);
            return NULL;
        }
        if (list == NULL || json_array_append_new(list, change) != 0)
            exit(ctl_fault("out of memory"));
    }
    return list;
}

static const char *text_of(const json_t *change, const char *name)
{
    const char *text = json_string_value(json_object_get(change, name));

    return text != NULL ? text : "";
}

const char *cert_history_text(char out[CERT_HISTORY_TEXT], const json_t *change)
{
    const char *at = text_of(change, "at"), *detail = text_of(change, "detail");
    long long entry = json_integer_value(json_object_get(change, "entry"));

    if (*at == 0 && *text_of(change, "event") != 0)
        snprintf(out, CERT_HISTORY_TEXT, "it was updated: entry %lld of chain %.*s… has what it got", entry,
                 SHOWN_CHAIN, text_of(change, "chain"));
    else if (*at == 0)
        snprintf(out, CERT_HISTORY_TEXT, "the audit log has let go what entry %lld of chain %.*s… said",
                 entry, SHOWN_CHAIN, text_of(change, "chain"));
    else
        snprintf(out, CERT_HISTORY_TEXT, "%s %s %s, by %s%s%s (chain %.*s…, entry %lld)", at,
                 text_of(change, "event"), text_of(change, "outcome"), text_of(change, "who"),
                 *detail != 0 ? ": " : "", detail, SHOWN_CHAIN, text_of(change, "chain"), entry);
    return out;
}
