/* Chains of the audit log: an entry made before its commit, the chain moved on after it, the ends that wait
 * for a seal. */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/algorithms.h"
#include "crypto/random.h"
#include "row.h"
#include "server/base/json.h"
#include "server/base/log.h"

/* ---- ends ---- */

void audit_register_init(struct audit_register *reg)
{
    *reg = (struct audit_register){.lock = PTHREAD_MUTEX_INITIALIZER};
}

void audit_register_cleanup(struct audit_register *reg)
{
    free(reg->ends);
    pthread_mutex_destroy(&reg->lock);
}

static struct audit_end *end_of(struct audit_register *reg, const uint8_t *chain)
{
    for (size_t i = 0; i < reg->count; i++)
        if (memcmp(reg->ends[i].head.chain, chain, STORE_CHAIN_ID) == 0)
            return &reg->ends[i];
    return NULL;
}

static int add_end(struct audit_register *reg, const struct store_head *head)
{
    enum { FEW = 8 };
    int ok = 1;

    pthread_mutex_lock(&reg->lock);
    if (reg->count == reg->room) {
        size_t room = reg->room == 0 ? FEW : 2 * reg->room;
        struct audit_end *ends = realloc(reg->ends, room * sizeof *ends);
        ok = ends != NULL;
        if (ok) {
            reg->ends = ends;
            reg->room = room;
        }
    }
    if (ok)
        reg->ends[reg->count++] = (struct audit_end){.head = *head};
    pthread_mutex_unlock(&reg->lock);
    return ok;
}

static void forget_if_done(struct audit_register *reg, struct audit_end *end)
{
    if (end->ended && end->sealed == end->head.seq)
        *end = reg->ends[--reg->count];
}

static void set_end(struct audit_register *reg, const struct store_head *head, int ended)
{
    struct audit_end *end;

    pthread_mutex_lock(&reg->lock);
    end = end_of(reg, head->chain);
    end->head = *head;
    end->ended = ended;
    forget_if_done(reg, end);
    pthread_mutex_unlock(&reg->lock);
}

size_t audit_register_moved(struct audit_register *reg, struct store_head *heads, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&reg->lock);
    for (size_t i = 0; i < reg->count && n < max; i++)
        if (reg->ends[i].head.seq != reg->ends[i].sealed)
            heads[n++] = reg->ends[i].head;
    pthread_mutex_unlock(&reg->lock);
    return n;
}

void audit_register_sealed(struct audit_register *reg, const struct store_head *heads, size_t n)
{
    pthread_mutex_lock(&reg->lock);
    for (size_t i = 0; i < n; i++) {
        struct audit_end *end = end_of(reg, heads[i].chain);
        if (end != NULL && heads[i].seq > end->sealed) {
            end->sealed = heads[i].seq;
            forget_if_done(reg, end);
        }
    }
    pthread_mutex_unlock(&reg->lock);
}

/* ---- chains ---- */

int audit_chain_begin(struct audit_chain *chain, struct audit_register *reg, struct bytes node)
{
    struct store_head head = {.seq = 0};

    random_bytes(head.chain, STORE_CHAIN_ID);
    if (!add_end(reg, &head))
        return 0;
    if (chain->reg != NULL)
        set_end(chain->reg, &chain->head, 1);
    chain->reg = reg;
    chain->node = node;
    chain->head = head;
    return 1;
}

void audit_chain_end(struct audit_chain *chain)
{
    if (chain->reg != NULL)
        set_end(chain->reg, &chain->head, 1);
    free(chain->buffer);
    *chain = (struct audit_chain){.reg = NULL};
}

void audit_chain_advance(struct audit_chain *chain, const struct store_entry *entry)
{
    chain->head.seq = entry->seq;
    chain->head.at = entry->at;
    memcpy(chain->head.hash, entry->hash, STORE_HASH);
    set_end(chain->reg, &chain->head, 0);
}

/* ---- records ---- */

static const char *const record_names[] = {
    "{\"event\":",         ",\"outcome\":", ",\"at\":",     ",\"who\":", ",\"issuer\":",
    ",\"transactionID\":", ",\"serial\":",  ",\"detail\":", "}\n"};
enum { EVENT, OUTCOME, AT, WHO, ISSUER, TRANSACTION_ID, SERIAL, DETAIL, END };
enum { NAMES_ROOM = 128, NUMBER_ROOM = 24 }; /* all of record_names, and the quotes of hexadecimal values */

static struct bytes serial_of(const struct store_unit *unit)
{
    const struct store_cert *cert = store_unit_row(unit, STORE_CERTIFICATES);

    return cert != NULL ? cert->serial : unit->change != NULL ? unit->change->serial : bytes_of(NULL, 0);
}

size_t audit_record_room(const struct store_unit *unit)
{
    const struct store_audit *audit = unit->audit;

    return NAMES_ROOM + NUMBER_ROOM + json_quote_room(bytes_str(audit->event)) +
           json_quote_room(bytes_str(audit->outcome)) + json_quote_room(audit->who) +
           json_quote_room(audit->detail) + 2 * (unit->issuer.len + unit->tx_id.len + serial_of(unit).len);
}

static char *put_name(char *out, int which)
{
    size_t len = strlen(record_names[which]);

    memcpy(out, record_names[which], len);
    return out + len;
}

static char *put_hex(char *out, int name, struct bytes octets)
{
    out = put_name(out, name);
    *out++ = '"';
    log_hex(out, 2 * octets.len + 1, octets);
    out += 2 * octets.len;
    *out++ = '"';
    return out;
}

static char *put_text(char *out, int name, struct bytes text)
{
    out = put_name(out, name);
    return out + json_quote(out, text);
}

size_t audit_record(char *out, const struct store_unit *unit)
{
    char *at = put_text(out, EVENT, bytes_str(unit->audit->event));

    at = put_text(at, OUTCOME, bytes_str(unit->audit->outcome));
    at = put_name(at, AT);
    at += snprintf(at, NUMBER_ROOM, "%lld", (long long)unit->audit->at);
    at = put_text(at, WHO, unit->audit->who);
    at = put_hex(at, ISSUER, unit->issuer);
    at = put_hex(at, TRANSACTION_ID, store_whole_id(unit->tx_id));
    at = put_hex(at, SERIAL, serial_of(unit));
    at = put_text(at, DETAIL, unit->audit->detail);
    return (size_t)(put_name(at, END) - out);
}

/* ---- entries ---- */

enum { U32 = 4, U64 = 8 };

/* Octets before the records. */
static size_t head_len(struct bytes node)
{
    return sizeof AUDIT_PREFIX + STORE_CHAIN_ID + U64 + U64 + U32 + node.len + STORE_HASH + U64;
}

static uint8_t *put_number(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
    return out + len;
}

static uint8_t *put_octets(uint8_t *out, const void *data, size_t len)
{
    if (len != 0)
        memcpy(out, data, len);
    return out + len;
}

static void put_head(uint8_t *out, const struct store_entry *entry)
{
    out = put_octets(out, AUDIT_PREFIX, sizeof AUDIT_PREFIX);
    out = put_octets(out, entry->chain, STORE_CHAIN_ID);
    out = put_number(out, (uint64_t)entry->seq, U64);
    out = put_number(out, (uint64_t)entry->at, U64);
    out = put_number(out, entry->node.len, U32);
    out = put_octets(out, entry->node.data, entry->node.len);
    out = put_octets(out, entry->previous, STORE_HASH);
    put_number(out, entry->records.len, U64);
}

int audit_entry_hash(uint8_t out[STORE_HASH], const struct store_entry *entry)
{
    size_t head = head_len(entry->node);
    uint8_t *all = malloc(head + entry->records.len);
    int ok = all != NULL;

    if (ok) {
        put_head(all, entry);
        put_octets(all + head, entry->records.data, entry->records.len);
        ok = digest_compute(out, DIGEST_SHA256, bytes_of(all, head + entry->records.len)) == STORE_HASH;
    }
    free(all);
    return ok;
}

/* The buffer keeps its size: after the first large commits nothing is allocated any more. */
static int make_room(struct audit_chain *chain, size_t more)
{
    size_t room = chain->room == 0 ? 4096 : chain->room;
    uint8_t *buffer;

    if (chain->room - chain->used >= more)
        return 1;
    while (room - chain->used < more)
        room *= 2;
    buffer = realloc(chain->buffer, room);
    if (buffer == NULL)
        return 0;
    chain->buffer = buffer;
    chain->room = room;
    return 1;
}

static int begin_entry(struct store_entry *out, struct audit_chain *chain, int64_t at)
{
    size_t head = head_len(chain->node);

    *out = (struct store_entry){.seq = chain->head.seq + 1, .at = at, .node = chain->node};
    memcpy(out->chain, chain->head.chain, STORE_CHAIN_ID);
    memcpy(out->previous, chain->head.hash, STORE_HASH);
    chain->used = 0;
    if (!make_room(chain, head))
        return 0;
    chain->used = head;
    return 1;
}

static int add_record(struct audit_chain *chain, const struct store_unit *unit)
{
    if (!make_room(chain, audit_record_room(unit)))
        return 0;
    chain->used += audit_record((char *)chain->buffer + chain->used, unit);
    return 1;
}

/* The head of what is hashed goes before the records, where begin_entry left room for it. */
static int finish_entry(struct store_entry *out, struct audit_chain *chain)
{
    size_t head = head_len(chain->node);

    out->records = bytes_of(chain->buffer + head, chain->used - head);
    put_head(chain->buffer, out);
    return digest_compute(out->hash, DIGEST_SHA256, bytes_of(chain->buffer, chain->used)) == STORE_HASH;
}

int audit_entry_make(struct store_entry *out, struct audit_chain *chain, struct store_unit *const *units,
                     size_t n, int64_t now)
{
    if (!begin_entry(out, chain, now > chain->head.at ? now : chain->head.at))
        return 0;
    for (size_t i = 0; i < n; i++)
        for (const struct store_unit *unit = units[i]; unit != NULL; unit = unit->with)
            if (unit->audit != NULL && !add_record(chain, unit))
                return 0;
    return finish_entry(out, chain);
}

int audit_entry_close(struct store_entry *out, struct audit_chain *chain, int64_t at, const char *detail)
{
    const struct store_audit audit = {.at = at,
                                      .event = "chain closed",
                                      .outcome = "nothing stored",
                                      .who = bytes_str("cmpd"),
                                      .detail = bytes_str(detail)};
    const struct store_unit unit = {.audit = &audit};

    return begin_entry(out, chain, at) && add_record(chain, &unit) && finish_entry(out, chain);
}
