/* rows.c: rows to and from SQLite, column by column in the order of the lists in schema.c. */
#include "internal.h"

enum { FIRST = 2 }; /* ?1 is the issuer */

int sqlite_bind(sqlite3_stmt *statement, int at, struct bytes value)
{
    if (value.len == 0)
        return sqlite3_bind_zeroblob(statement, at, 0); /* a NULL pointer would bind NULL */
    return sqlite3_bind_blob64(statement, at, value.data, value.len, SQLITE_STATIC);
}

int sqlite_bind_words(sqlite3_stmt *statement, int at, struct bytes value)
{
    const char *text = value.len > 0 ? (const char *)value.data : "";
    return sqlite3_bind_text64(statement, at, text, value.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Binds in order and keeps the first error, so that a row reads as a list of its columns. */
struct binder {
    sqlite3_stmt *statement;
    int at, rc;
};

static void put_octets(struct binder *b, struct bytes value)
{
    if (b->rc == SQLITE_OK)
        b->rc = sqlite_bind(b->statement, b->at++, value);
}

static void put_words(struct binder *b, struct bytes value)
{
    if (b->rc == SQLITE_OK)
        b->rc = sqlite_bind_words(b->statement, b->at++, value);
}

static void put_number(struct binder *b, int64_t value)
{
    if (b->rc == SQLITE_OK)
        b->rc = sqlite3_bind_int64(b->statement, b->at++, value);
}

int sqlite_bind_tx(sqlite3_stmt *statement, const struct store_tx *tx, int64_t created_at)
{
    struct binder b = {statement, FIRST, SQLITE_OK};
    put_octets(&b, tx->transaction_id);
    put_words(&b, tx->profile);
    put_number(&b, tx->state);
    put_number(&b, tx->body);
    put_number(&b, tx->implicit_confirm);
    put_octets(&b, tx->credential);
    put_number(&b, tx->credential_is_mac);
    put_octets(&b, tx->credential_key);
    put_octets(&b, tx->sender_nonce);
    put_octets(&b, tx->peer_nonce);
    put_octets(&b, tx->serial);
    put_number(&b, tx->cert_req_id);
    put_number(&b, tx->deadline);
    put_octets(&b, tx->request_hash);
    put_octets(&b, tx->last_hash);
    put_octets(&b, tx->signer_serial);
    put_octets(&b, tx->credential_name);
    put_octets(&b, tx->credential_kid);
    put_number(&b, tx->granted_with_mods);
    if (sqlite3_bind_parameter_count(statement) >= b.at) /* of a row that is inserted */
        put_number(&b, created_at);
    return b.rc;
}

int sqlite_bind_cert(sqlite3_stmt *statement, const struct store_cert *cert)
{
    struct binder b = {statement, FIRST, SQLITE_OK};
    put_octets(&b, cert->serial);
    put_number(&b, cert->status);
    put_number(&b, cert->reason);
    put_number(&b, cert->issued_at);
    put_number(&b, cert->not_before);
    put_number(&b, cert->not_after);
    put_number(&b, cert->revoked_at);
    put_octets(&b, cert->subject);
    put_words(&b, cert->subject_text);
    put_octets(&b, cert->spki_hash);
    put_octets(&b, cert->cert_hash);
    put_octets(&b, cert->transaction_id);
    put_words(&b, cert->profile);
    put_octets(&b, cert->certificate);
    return b.rc;
}

int sqlite_bind_secret(sqlite3_stmt *statement, const struct store_secret *secret)
{
    struct binder b = {statement, FIRST, SQLITE_OK};
    put_octets(&b, secret->reference);
    put_words(&b, secret->profile);
    put_octets(&b, secret->sealed);
    put_octets(&b, secret->seal_key_id);
    put_number(&b, secret->reusable);
    put_number(&b, secret->expires);
    put_octets(&b, secret->bound_to);
    return b.rc;
}

int sqlite_bind_entry(sqlite3_stmt *statement, const struct store_entry *entry)
{
    struct binder b = {statement, 1, SQLITE_OK};
    put_octets(&b, bytes_of(entry->chain, STORE_CHAIN_ID));
    put_number(&b, entry->seq);
    put_number(&b, entry->at);
    put_words(&b, entry->node);
    put_octets(&b, bytes_of(entry->previous, STORE_HASH));
    put_words(&b, entry->records);
    put_octets(&b, bytes_of(entry->hash, STORE_HASH));
    return b.rc;
}

int sqlite_bind_seal(sqlite3_stmt *statement, const struct store_seal *seal)
{
    struct binder b = {statement, 1, SQLITE_OK};
    put_octets(&b, bytes_of(seal->instance, STORE_INSTANCE));
    put_number(&b, seal->number);
    put_number(&b, seal->at);
    put_words(&b, seal->node);
    put_words(&b, seal->text);
    put_octets(&b, seal->signature);
    return b.rc;
}

struct reader {
    sqlite3_stmt *statement;
    struct arena *arena;
    int at, rc;
};

/* Text comes out by the same call: its octets, whatever they are. */
static struct bytes get_octets(struct reader *r)
{
    int column = r->at++;
    const void *data = sqlite3_column_blob(r->statement, column);
    int len = sqlite3_column_bytes(r->statement, column);
    if (len == 0)
        return bytes_of(NULL, 0);
    struct bytes copy = {NULL, 0};
    if (data != NULL)
        copy = arena_copy(r->arena, bytes_of(data, (size_t)len));
    if (copy.data == NULL)
        r->rc = SQLITE_NOMEM;
    return copy;
}

/* Octets of a length that the table checks. */
static void get_exactly(struct reader *r, uint8_t *out, size_t len)
{
    int column = r->at++;
    const void *data = sqlite3_column_blob(r->statement, column);
    if (data == NULL || sqlite3_column_bytes(r->statement, column) != (int)len)
        r->rc = SQLITE_CORRUPT;
    else
        memcpy(out, data, len);
}

static int64_t get_number(struct reader *r)
{
    return sqlite3_column_int64(r->statement, r->at++);
}

int sqlite_read_tx(struct store_tx *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    out->transaction_id = get_octets(&r);
    out->profile = get_octets(&r);
    out->state = (enum store_tx_state)get_number(&r);
    out->body = (int)get_number(&r);
    out->implicit_confirm = (int)get_number(&r);
    out->credential = get_octets(&r);
    out->credential_is_mac = (int)get_number(&r);
    out->credential_key = get_octets(&r);
    out->sender_nonce = get_octets(&r);
    out->peer_nonce = get_octets(&r);
    out->serial = get_octets(&r);
    out->cert_req_id = get_number(&r);
    out->deadline = get_number(&r);
    out->request_hash = get_octets(&r);
    out->last_hash = get_octets(&r);
    out->signer_serial = get_octets(&r);
    out->credential_name = get_octets(&r);
    out->credential_kid = get_octets(&r);
    out->granted_with_mods = (int)get_number(&r);
    return r.rc;
}

int sqlite_read_cert(struct store_cert *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    out->serial = get_octets(&r);
    out->status = (enum store_cert_status)get_number(&r);
    out->reason = (int)get_number(&r);
    out->issued_at = get_number(&r);
    out->not_before = get_number(&r);
    out->not_after = get_number(&r);
    out->revoked_at = get_number(&r);
    out->subject = get_octets(&r);
    out->subject_text = get_octets(&r);
    out->spki_hash = get_octets(&r);
    out->cert_hash = get_octets(&r);
    out->transaction_id = get_octets(&r);
    out->profile = get_octets(&r);
    out->certificate = get_octets(&r);
    return r.rc;
}

int sqlite_read_nodes(struct store_fetch *item, sqlite3_stmt *statement)
{
    struct store_node *list = arena_alloc(item->arena, STORE_NODES_MAX * sizeof(*list));
    size_t count = 0;
    int rc = list != NULL ? SQLITE_ROW : SQLITE_NOMEM;
    while (rc == SQLITE_ROW && count < STORE_NODES_MAX) {
        struct reader r = {statement, item->arena, 0, SQLITE_OK};
        struct store_node *node = &list[count++];
        node->name = get_octets(&r);
        node->version = get_octets(&r);
        node->config = get_octets(&r);
        node->seen_at = get_number(&r);
        rc = r.rc == SQLITE_OK ? sqlite3_step(statement) : r.rc;
    }
    item->row.nodes.list = list;
    item->row.nodes.count = count;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_old(struct store_fetch *item, sqlite3_stmt *statement)
{
    struct store_old *list = arena_alloc(item->arena, STORE_OLD_MAX * sizeof(*list));
    size_t count = 0;
    int rc = list != NULL ? SQLITE_ROW : SQLITE_NOMEM;
    while (rc == SQLITE_ROW && count < STORE_OLD_MAX) {
        struct reader r = {statement, item->arena, 0, SQLITE_OK};
        struct store_old *old = &list[count++];
        old->key = get_octets(&r);
        old->profile = get_octets(&r);
        old->at = get_number(&r);
        old->awaits = (int)get_number(&r);
        rc = r.rc == SQLITE_OK ? sqlite3_step(statement) : r.rc;
    }
    item->row.old.list = list;
    item->row.old.count = count;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int sqlite_read_secret(struct store_secret *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    out->reference = get_octets(&r);
    out->profile = get_octets(&r);
    out->sealed = get_octets(&r);
    out->seal_key_id = get_octets(&r);
    out->reusable = (int)get_number(&r);
    out->expires = get_number(&r);
    out->bound_to = get_octets(&r);
    return r.rc;
}

int sqlite_read_entry(struct store_entry *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    get_exactly(&r, out->chain, STORE_CHAIN_ID);
    out->seq = get_number(&r);
    out->at = get_number(&r);
    out->node = get_octets(&r);
    get_exactly(&r, out->previous, STORE_HASH);
    out->records = get_octets(&r);
    get_exactly(&r, out->hash, STORE_HASH);
    return r.rc;
}

int sqlite_read_before(struct store_entry *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    struct store_audit audit = {.at = get_number(&r)};
    *out = (struct store_entry){.at = audit.at, .node = get_octets(&r)};
    struct store_unit unit = {.issuer = get_octets(&r), .audit = &audit};
    struct bytes event = get_octets(&r);
    audit.event = arena_printf(arena, "%.*s", (int)event.len, (const char *)event.data);
    unit.tx_id = get_octets(&r);
    struct store_cert_change change = {.serial = get_octets(&r)};
    unit.change = &change;
    audit.who = get_octets(&r);
    audit.detail = get_octets(&r);
    char *line = r.rc == SQLITE_OK ? arena_alloc(arena, audit_record_room(&unit)) : NULL;
    if (line == NULL)
        return SQLITE_NOMEM;
    out->records = bytes_of(line, audit_record(line, &unit));
    return SQLITE_OK;
}

int sqlite_read_seal(struct store_seal *out, sqlite3_stmt *statement, struct arena *arena)
{
    struct reader r = {statement, arena, 0, SQLITE_OK};
    get_exactly(&r, out->instance, STORE_INSTANCE);
    out->number = get_number(&r);
    out->at = get_number(&r);
    out->node = get_octets(&r);
    out->text = get_octets(&r);
    out->signature = get_octets(&r);
    return r.rc;
}
