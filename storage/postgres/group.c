/* group.c: units become the statements of a group.
 *
 * Every statement of a group takes the rows of all its units, sorted by key, so that two nodes that want the
 * same rows wait for each other and never in a circle. */
#include <stdlib.h>
#include <string.h>

#include "server/base/log.h"
#include "writer.h"

/* ---- what a group is ---- */

/* A fingerprint of each row that the units of a group touch, in a table without removal. Two that are alike
 * by chance only make the group smaller. */
enum { TOUCHED = 4 * POSTGRES_GROUP_MAX };

static int touch(uint64_t touched[TOUCHED], char kind, struct bytes issuer, struct bytes key)
{
    uint64_t hash = 14695981039346656037u ^ (uint8_t)kind; /* FNV-1a */
    for (size_t i = 0; i < issuer.len; i++)
        hash = (hash ^ issuer.data[i]) * 1099511628211u;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ key.data[i]) * 1099511628211u;
    hash |= hash == 0;
    for (size_t at = hash % TOUCHED;; at = (at + 1) % TOUCHED) {
        if (touched[at] == hash)
            return 0;
        if (touched[at] == 0) {
            touched[at] = hash;
            return 1;
        }
    }
}

static int is_administration(const struct store_unit *unit)
{
    return unit->secret != NULL || unit->alive_at != 0 || unit->seal != NULL || unit->removal != NULL;
}

/* The group is what comes before the first unit that touches a row of one before it: that one has to see the
 * other's work. What administration does may lock many rows, in an order of its own: it goes alone. */
static size_t group_size(const struct writer *writer)
{
    static _Thread_local uint64_t touched[TOUCHED];
    size_t n = 0;
    memset(touched, 0, sizeof(touched));
    if (is_administration(writer_unit(writer, 0)))
        return 1;
    for (; n < writer->count && n < writer->limit; n++) {
        const struct store_unit *unit = writer_unit(writer, n);
        if (is_administration(unit) ||
            (unit->tx != NULL && !touch(touched, 't', unit->issuer, unit->tx_id)) ||
            (unit->key_unused.len > 0 && !touch(touched, 'k', unit->issuer, unit->key_unused)) ||
            (unit->change != NULL && !touch(touched, 'c', unit->issuer, unit->change->serial)))
            break;
    }
    return n;
}

/* ---- its statements ---- */

static const struct store_tx *inserts_tx(const struct store_unit *unit)
{
    return unit->expect_tx_absent ? unit->tx : NULL;
}

static const struct store_tx *updates_tx(const struct store_unit *unit)
{
    return unit->expect_tx_absent ? NULL : unit->tx;
}

/* What a statement takes of a unit: the key that it is sorted by; empty if the unit has no part in it. */
typedef struct bytes key_of(const struct store_unit *unit);

static struct bytes inserted_tx_key(const struct store_unit *unit)
{
    return inserts_tx(unit) != NULL ? unit->tx_id : bytes_of(NULL, 0);
}

static struct bytes updated_tx_key(const struct store_unit *unit)
{
    return updates_tx(unit) != NULL ? unit->tx_id : bytes_of(NULL, 0);
}

static struct bytes secret_key(const struct store_unit *unit)
{
    return unit->secret_reference;
}

static struct bytes signer_key(const struct store_unit *unit)
{
    return unit->signer_serial;
}

static struct bytes unused_key(const struct store_unit *unit)
{
    return unit->key_unused;
}

static struct bytes cert_key(const struct store_unit *unit)
{
    return unit->cert != NULL ? unit->cert->serial : bytes_of(NULL, 0);
}

static struct bytes change_key(const struct store_unit *unit)
{
    return unit->change != NULL ? unit->change->serial : bytes_of(NULL, 0);
}

/* In the order in which they are sent: all nodes lock tables in the same order, too. A statement that takes
 * keys takes two arrays, of issuers and of keys. */
static const struct part {
    enum postgres_statement statement;
    key_of *key;
    enum postgres_type type; /* TYPE_COUNT: keys */
    void (*put)(struct params *params, const struct store_unit *unit);
} parts[] = {
    {SQL_TX_INSERT, inserted_tx_key, TYPE_TRANSACTION, params_tx},
    {SQL_TX_UPDATE, updated_tx_key, TYPE_TRANSACTION, params_tx},
    {SQL_BIND, secret_key, TYPE_BINDING, params_binding},
    {SQL_SIGNERS, signer_key, TYPE_COUNT, NULL},
    {SQL_KEYS_LOCK, unused_key, TYPE_COUNT, NULL},
    {SQL_KEYS_UNUSED, unused_key, TYPE_COUNT, NULL},
    {SQL_CERT_INSERT, cert_key, TYPE_CERTIFICATE, params_cert},
    {SQL_CHANGE, change_key, TYPE_CHANGE, params_change},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static int compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len != 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

struct member {
    struct bytes issuer, key;
    const struct store_unit *unit;
};

static int by_key(const void *a, const void *b)
{
    const struct member *left = a, *right = b;
    int order = compare(left->issuer, right->issuer);
    return order != 0 ? order : compare(left->key, right->key);
}

static int add_part(struct writer *writer, const struct part *part)
{
    static _Thread_local struct member members[POSTGRES_GROUP_MAX];
    size_t n = 0;
    for (size_t i = 0; i < writer->group; i++) {
        const struct store_unit *unit = writer_unit(writer, i);
        struct bytes key = part->key(unit);
        if (key.len > 0)
            members[n++] = (struct member){unit->issuer, key, unit};
    }
    if (n == 0)
        return 1;
    qsort(members, n, sizeof(members[0]), by_key);
    struct params *params = &writer->params;
    params_reset(params);
    if (part->type == TYPE_COUNT) {
        params_keys(params);
        for (size_t i = 0; i < n; i++)
            params_array_octets(params, members[i].issuer);
        params_array_end(params);
        params_keys(params);
        for (size_t i = 0; i < n; i++)
            params_array_octets(params, members[i].key);
    } else {
        params_array(params, writer->slot->session.types[part->type]);
        for (size_t i = 0; i < n; i++)
            part->put(params, members[i].unit);
    }
    params_array_end(params);
    return round_add(writer->slot, part->statement, params);
}

static int add_secret(struct writer *writer, const struct store_unit *unit)
{
    struct params *params = &writer->params;
    params_reset(params);
    params_octets(params, unit->issuer);
    params_octets(params, unit->secret->reference);
    params_octets(params, unit->secret->profile);
    params_octets(params, unit->secret->sealed);
    params_octets(params, unit->secret->seal_key_id);
    params_number(params, unit->secret->reusable);
    params_number(params, unit->secret->expires);
    params_octets(params, unit->secret->bound_to);
    return round_add(writer->slot, SQL_SECRET_PUT, params);
}

static int add_alive(struct writer *writer, const struct store_unit *unit)
{
    params_reset(&writer->params);
    params_number(&writer->params, unit->alive_at);
    params_number(&writer->params, unit->alive_gap);
    return round_add(writer->slot, SQL_ALIVE, &writer->params);
}

static int add_node(struct writer *writer, const struct store_unit *unit)
{
    params_reset(&writer->params);
    params_octets(&writer->params, unit->node->name);
    params_octets(&writer->params, unit->node->version);
    params_octets(&writer->params, unit->node->config);
    params_number(&writer->params, unit->alive_at);
    return round_add(writer->slot, SQL_NODE, &writer->params);
}

static int add_seal(struct writer *writer, const struct store_seal *seal)
{
    struct params *params = &writer->params;
    params_reset(params);
    params_octets(params, bytes_of(seal->instance, sizeof(seal->instance)));
    params_number(params, seal->number);
    params_number(params, seal->at);
    params_octets(params, seal->node);
    params_octets(params, seal->text);
    params_octets(params, seal->signature);
    return round_add(writer->slot, SQL_SEAL, params);
}

static int add_removal(struct writer *writer, const struct store_unit *unit)
{
    struct params *params = &writer->params;
    const struct store_removal *removal = unit->removal;
    params_reset(params);
    params_keys(params);
    for (size_t i = 0; i < removal->count; i++)
        params_array_octets(params, unit->issuer);
    params_array_end(params);
    params_keys(params);
    for (size_t i = 0; i < removal->count; i++)
        params_array_octets(params, removal->keys[i]);
    params_array_end(params);
    params_number(params, removal->before);
    return round_add(writer->slot, removal->kind == STORE_FETCH_OLD_CERTS ? SQL_CERT_REMOVE : SQL_TX_REMOVE,
                     params);
}

static int add_administration(struct writer *writer)
{
    for (size_t i = 0; i < writer->group; i++) {
        const struct store_unit *unit = writer_unit(writer, i);
        if ((unit->secret != NULL && !add_secret(writer, unit)) ||
            (unit->alive_at != 0 && !add_alive(writer, unit)) ||
            (unit->alive_at != 0 && unit->node != NULL && !add_node(writer, unit)) ||
            (unit->seal != NULL && !add_seal(writer, unit->seal)) ||
            (unit->removal != NULL && !add_removal(writer, unit)))
            return 0;
    }
    return 1;
}

int writer_add_entry(struct writer *writer, enum postgres_statement statement,
                     const struct store_entry *entry)
{
    struct params *params = &writer->params;
    params_reset(params);
    params_octets(params, bytes_of(entry->chain, sizeof(entry->chain)));
    params_number(params, entry->seq);
    params_number(params, entry->at);
    params_octets(params, entry->node);
    params_octets(params, bytes_of(entry->previous, sizeof(entry->previous)));
    params_octets(params, bytes_of(entry->hash, sizeof(entry->hash)));
    params_octets(params, entry->records);
    return round_add(writer->slot, statement, params);
}

static int make_entry(struct writer *writer)
{
    struct store_unit *units[POSTGRES_GROUP_MAX];
    for (size_t i = 0; i < writer->group; i++)
        units[i] = writer_unit(writer, i);
    return audit_entry_make(&writer->entry, &writer->chain, units, writer->group, postgres_clock_ms());
}

/* After a round that failed, the transaction that it began has to be ended first. */
int writer_add_rollback(struct writer *writer)
{
    return PQtransactionStatus(writer->slot->conn) != PQTRANS_INERROR ||
           round_add(writer->slot, SQL_ROLLBACK, NULL);
}

void writer_send_group(struct writer *writer)
{
    struct slot *slot = writer->slot;
    writer->group = group_size(writer);
    if (!make_entry(writer)) {
        log_line(LOG_ERROR, "store", log_word("doing", "commit"), log_text("reason", "out of memory"));
        writer_tell_group(writer, STORE_UNAVAILABLE);
        return;
    }
    writer->doing = WRITER_COMMITTING;
    int ok = writer_add_rollback(writer) && round_add(slot, SQL_BEGIN, NULL);
    for (size_t i = 0; ok && i < PARTS; i++)
        ok = add_part(writer, &parts[i]);
    ok = ok && add_administration(writer);
    if (ok && writer->entry.records.len > 0)
        ok = writer_add_entry(writer, SQL_AUDIT, &writer->entry);
    if (!ok || !round_add(slot, SQL_COMMIT, NULL) || !round_send(slot, postgres_now_ms()))
        writer_lose(writer, "sending failed");
}
