/* write.c: units become rows, a group of them in one transaction and one round trip.
 *
 * Every statement of a group takes the rows of all its units, sorted by key, so that two nodes that want the
 * same rows wait for each other and never in a circle. The group is done as a whole or not at all. If it is
 * not, the database is asked which units cannot be; they are told so, and the rest goes again. A unit that
 * fails for another reason is found by trying parts.
 *
 * When the connection breaks during a commit, nobody knows whether it was done, and nobody is answered. The
 * entry of the audit log that the group writes has a number in its chain that can be taken once only. So the
 * next connection takes it, with an entry that closes the chain: if that succeeds, the commit was not done
 * and never will be, and the group goes again; if the number is taken, it was. Until that is found out the
 * writer writes nothing else, however long it takes: a database that does not end its commits would else be
 * given more and more of them. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

#define UNIQUE_VIOLATION "23505"

static struct store_unit *unit_of(const struct writer *writer, size_t i)
{
    return writer->entries[i].item;
}

static void tell(struct writer *writer, size_t i, enum store_outcome outcome)
{
    struct store_unit *unit = unit_of(writer, i);
    unit->outcome = outcome;
    if (outcome != STORE_CONFLICT) {
        unit->conflict = STORE_PRE_NONE;
        unit->row = (struct store_tx){0};
    }
    writer->entries[i].done(writer->entries[i].arg);
    writer->entries[i].item = NULL;
}

/* Takes those out that have been told; the group is over. */
static void compact(struct writer *writer)
{
    size_t left = 0;
    for (size_t i = 0; i < writer->count; i++)
        if (writer->entries[i].item != NULL)
            writer->entries[left++] = writer->entries[i];
    writer->count = left;
    writer->group = 0;
}

static void tell_group(struct writer *writer, enum store_outcome outcome)
{
    for (size_t i = 0; i < writer->group; i++)
        tell(writer, i, outcome);
    compact(writer);
    writer->limit = POSTGRES_GROUP_MAX;
    writer->attempts = 0;
    writer->tell_ms = 0;
}

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
    if (is_administration(unit_of(writer, 0)))
        return 1;
    for (; n < writer->count && n < writer->limit; n++) {
        const struct store_unit *unit = unit_of(writer, n);
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
        const struct store_unit *unit = unit_of(writer, i);
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
        const struct store_unit *unit = unit_of(writer, i);
        if ((unit->secret != NULL && !add_secret(writer, unit)) ||
            (unit->alive_at != 0 && !add_alive(writer, unit)) ||
            (unit->alive_at != 0 && unit->node != NULL && !add_node(writer, unit)) ||
            (unit->seal != NULL && !add_seal(writer, unit->seal)) ||
            (unit->removal != NULL && !add_removal(writer, unit)))
            return 0;
    }
    return 1;
}

static int add_entry(struct writer *writer, enum postgres_statement statement,
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
        units[i] = unit_of(writer, i);
    return audit_entry_make(&writer->entry, &writer->chain, units, writer->group, postgres_clock_ms());
}

/* After a round that failed, the transaction that it began has to be ended first. */
static int add_rollback(struct writer *writer)
{
    return PQtransactionStatus(writer->slot->conn) != PQTRANS_INERROR ||
           round_add(writer->slot, SQL_ROLLBACK, NULL);
}

static void lose(struct writer *writer, const char *why)
{
    postgres_lose(writer->store, writer->slot, why);
    writer_lost(writer);
}

static void send_group(struct writer *writer)
{
    struct slot *slot = writer->slot;
    writer->group = group_size(writer);
    if (!make_entry(writer)) {
        log_line(LOG_ERROR, "store", log_word("doing", "commit"), log_text("reason", "out of memory"));
        tell_group(writer, STORE_UNAVAILABLE);
        return;
    }
    writer->doing = WRITER_COMMITTING;
    int ok = add_rollback(writer) && round_add(slot, SQL_BEGIN, NULL);
    for (size_t i = 0; ok && i < PARTS; i++)
        ok = add_part(writer, &parts[i]);
    ok = ok && add_administration(writer);
    if (ok && writer->entry.records.len > 0)
        ok = add_entry(writer, SQL_AUDIT, &writer->entry);
    if (!ok || !round_add(slot, SQL_COMMIT, NULL) || !round_send(slot, postgres_now_ms()))
        lose(writer, "sending failed");
}

/* ---- why a group was not done ---- */

static int expects_tx(const struct store_unit *unit)
{
    return unit->tx != NULL && unit->tx_id.len > 0;
}

static struct bytes expected_tx_key(const struct store_unit *unit)
{
    return expects_tx(unit) ? unit->tx_id : bytes_of(NULL, 0);
}

static struct bytes required_change_key(const struct store_unit *unit)
{
    return unit->change != NULL && unit->change->required ? unit->change->serial : bytes_of(NULL, 0);
}

static const struct question {
    enum postgres_statement statement;
    key_of *key;
} questions[] = {
    {SQL_TX_GET, expected_tx_key}, {SQL_SECRET_GET, secret_key},        {SQL_CERT_GET, signer_key},
    {SQL_KEYS_IN_USE, unused_key}, {SQL_CERT_GET, required_change_key},
};
enum { ASK_TX, ASK_SECRET, ASK_SIGNER, ASK_KEY, ASK_CHANGE, QUESTIONS };

static void send_questions(struct writer *writer)
{
    struct params *params = &writer->params;
    int ok = add_rollback(writer);
    writer->doing = WRITER_EXPLAINING;
    for (int q = 0; ok && q < QUESTIONS; q++) {
        params_reset(params);
        params_keys(params);
        for (size_t i = 0; i < writer->group; i++)
            params_array_octets(params, unit_of(writer, i)->issuer);
        params_array_end(params);
        params_keys(params);
        for (size_t i = 0; i < writer->group; i++)
            params_array_octets(params, questions[q].key(unit_of(writer, i)));
        params_array_end(params);
        ok = round_add(writer->slot, questions[q].statement, params);
    }
    if (!ok || !round_send(writer->slot, postgres_now_ms()))
        lose(writer, "sending failed");
}

/* The row of |result| that is about unit |i|, or -1. */
static int row_about(const PGresult *result, size_t i)
{
    for (int row = 0; row < PQntuples(result); row++)
        if (rows_number(result, row, 0) == (int64_t)i + 1)
            return row;
    return -1;
}

/* The rows of secrets and signers are looked at and dropped. */
struct look {
    struct arena *arena;
    struct store_secret secret;
    struct store_cert cert;
};

static enum store_precondition judge_tx(struct store_unit *unit, const PGresult *txs, size_t i,
                                        enum store_outcome *outcome)
{
    int row = row_about(txs, i);
    if (row < 0)
        return unit->expect_tx_absent ? STORE_PRE_NONE : STORE_PRE_TX;
    /* Without the row the conflict would read as "absent", and be answered wrongly. */
    if (!rows_tx(&unit->row, txs, row, 1, unit->arena)) {
        unit->row = (struct store_tx){0};
        *outcome = STORE_UNAVAILABLE;
        return STORE_PRE_TX;
    }
    if (unit->expect_tx_absent || (unit->expect_state != 0 && unit->row.state != unit->expect_state))
        return STORE_PRE_TX;
    unit->row = (struct store_tx){0};
    return STORE_PRE_NONE;
}

static int secret_is_usable(const struct store_unit *unit, const PGresult *secrets, size_t i,
                            struct look *look)
{
    int row = row_about(secrets, i);
    if (row < 0 || !rows_secret(&look->secret, secrets, row, 1, look->arena))
        return 0;
    const struct store_secret *secret = &look->secret;
    return (secret->expires == 0 || secret->expires > unit->now) &&
           (secret->reusable || secret->bound_to.len == 0 || bytes_equal(secret->bound_to, unit->tx_id));
}

static int signer_is_good(const PGresult *signers, size_t i, struct look *look)
{
    int row = row_about(signers, i);
    return row >= 0 && rows_cert(&look->cert, signers, row, 1, look->arena) &&
           look->cert.status != STORE_CERT_REVOKED && look->cert.status != STORE_CERT_HOLD;
}

static int changes(const struct store_cert_change *change, const PGresult *certs, size_t i, struct look *look)
{
    int row = row_about(certs, i);
    return row >= 0 && rows_cert(&look->cert, certs, row, 1, look->arena) &&
           look->cert.status != STORE_CERT_REVOKED &&
           (change->only_from == 0 || look->cert.status == change->only_from);
}

/* In the order of store.h: the first that fails is the conflict. */
static enum store_precondition judge(struct writer *writer, PGresult *const *answers, size_t i,
                                     struct look *look, enum store_outcome *outcome)
{
    struct store_unit *unit = unit_of(writer, i);
    enum store_precondition which = STORE_PRE_NONE;
    *outcome = STORE_CONFLICT;
    if (expects_tx(unit))
        which = judge_tx(unit, answers[ASK_TX], i, outcome);
    if (which == STORE_PRE_NONE && unit->secret_reference.len > 0 &&
        !secret_is_usable(unit, answers[ASK_SECRET], i, look))
        which = STORE_PRE_SECRET;
    if (which == STORE_PRE_NONE && unit->key_unused.len > 0 && row_about(answers[ASK_KEY], i) >= 0)
        which = STORE_PRE_KEY_UNUSED;
    if (which == STORE_PRE_NONE && unit->signer_serial.len > 0 &&
        !signer_is_good(answers[ASK_SIGNER], i, look))
        which = STORE_PRE_SIGNER;
    if (which == STORE_PRE_NONE && required_change_key(unit).len > 0 &&
        !changes(unit->change, answers[ASK_CHANGE], i, look))
        which = STORE_PRE_CERT;
    return which;
}

/* A part of the group is tried next. */
static void try_part(struct writer *writer, size_t divisor)
{
    writer->limit = writer->group > divisor ? writer->group / divisor : 1;
    writer->group = 0;
}

/* Nothing tells why the group was not done: a part of it is tried, or a lone unit once more, in case that
 * what was in its way is gone. */
static void try_less(struct writer *writer, enum store_precondition last)
{
    if (writer->group > 1) {
        try_part(writer, 2);
    } else if (last != STORE_PRE_NONE) {
        unit_of(writer, 0)->conflict = last;
        unit_of(writer, 0)->row = (struct store_tx){0};
        tell_group(writer, STORE_CONFLICT);
    } else if (++writer->attempts >= POSTGRES_ATTEMPTS) {
        tell_group(writer, STORE_UNAVAILABLE);
    }
    writer->group = 0;
}

static void read_answers(struct writer *writer)
{
    enum { LOOK_ARENA = POSTGRES_GROUP_MAX * 32 * 1024 };
    struct round *round = &writer->slot->round;
    /* A rollback may stand before them. */
    PGresult *const *answers = &round->results[round->answered - QUESTIONS];
    struct look look = {.arena = arena_new(LOOK_ARENA)};
    size_t found = 0;
    for (size_t i = 0; look.arena != NULL && i < writer->group; i++) {
        enum store_outcome outcome;
        enum store_precondition which = judge(writer, answers, i, &look, &outcome);
        if (which == STORE_PRE_NONE)
            continue;
        unit_of(writer, i)->conflict = which;
        tell(writer, i, outcome);
        found++;
    }
    arena_free(look.arena);
    round_clear(writer->slot);
    if (found > 0) {
        compact(writer);
        writer->attempts = 0;
        writer->tell_ms = 0;
    } else { /* of a lone removal nothing else can be the reason */
        try_less(writer, unit_of(writer, 0)->removal != NULL ? STORE_PRE_OLD : STORE_PRE_NONE);
    }
}

/* ---- outcomes ---- */

static int is_about(const char *sqlstate, const char *prefix)
{
    return strncmp(sqlstate, prefix, strlen(prefix)) == 0;
}

/* Errors that are about some unit, and not about the database as a whole: of a row, of a rule, of a lock. */
static int is_about_units(const char *sqlstate)
{
    static const char *const prefixes[] = {"22", "23", "40", "54", "55", "57014", "P0"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (is_about(sqlstate, prefixes[i]))
            return 1;
    return 0;
}

/* Errors that come after a time of waiting. */
static int waited(const char *sqlstate)
{
    return is_about(sqlstate, "40") || is_about(sqlstate, "55P03") || is_about(sqlstate, "57014");
}

/* The store is well, some unit is not, or the row that it wants. */
static void part_failed(struct writer *writer, const struct round *round)
{
    postgres_log_fault("commit", round);
    writer->waits += waited(round->sqlstate);
    if (writer->waits >= POSTGRES_WAITS) {
        atomic_store(&writer->store->write_ok, 0);
        writer->group = writer->count;
        writer->waits = 0;
        tell_group(writer, STORE_UNAVAILABLE);
    } else if (writer->group > 1) {
        try_part(writer, waited(round->sqlstate) ? POSTGRES_PART : 2);
    } else {
        tell_group(writer, STORE_UNAVAILABLE);
        writer->limit = 1; /* its neighbours may want the same row */
    }
}

static void group_failed(struct writer *writer)
{
    struct round round = writer->slot->round; /* the texts of it */
    round_clear(writer->slot);
    int is_unique = strcmp(round.sqlstate, UNIQUE_VIOLATION) == 0;
    if (is_unique && writer->group == 1 && is_about(round.table, "certificates")) {
        try_less(writer, STORE_PRE_SERIAL);
    } else if (is_unique || strcmp(round.sqlstate, POSTGRES_CONFLICT) == 0) {
        send_questions(writer);
    } else if (is_about(round.sqlstate, "40") && ++writer->attempts < POSTGRES_ATTEMPTS) {
        /* A deadlock, or a serialization failure: as good as new. */
        postgres_log_fault("commit again", &round);
        writer->group = 0;
    } else if (is_about_units(round.sqlstate)) {
        part_failed(writer, &round);
    } else {
        postgres_log_fault("commit", &round);
        atomic_store(&writer->store->write_ok, 0);
        tell_group(writer, STORE_UNAVAILABLE);
        if (strcmp(round.sqlstate, "25006") == 0) /* no primary any more: look for the one that is */
            lose(writer, "the database takes no writes");
    }
}

static void log_put_off(const struct writer *writer)
{
    const struct round *round = &writer->slot->round;
    for (size_t i = 0; i < writer->group; i++) {
        const struct store_unit *unit = unit_of(writer, i);
        for (int s = 0; unit->alive_at != 0 && s < round->answered; s++) {
            const PGresult *result = round->results[s];
            /* The one statement of a group that answers with two columns. */
            if (PQnfields(result) == 2 && PQntuples(result) == 1 && rows_number(result, 0, 0) > 0)
                log_line(LOG_WARN, "certConf deadlines put off",
                         log_number("seconds", rows_number(result, 0, 1)),
                         log_number("transactions", rows_number(result, 0, 0)));
        }
    }
}

static void group_done(struct writer *writer)
{
    log_put_off(writer);
    round_clear(writer->slot);
    if (writer->entry.records.len > 0)
        audit_chain_advance(&writer->chain, &writer->entry);
    atomic_store(&writer->store->write_ok, 1);
    writer->waits = 0;
    size_t limit = writer->limit;
    tell_group(writer, STORE_DONE);
    /* After a part, more of the rest is tried at once: where all but one are well, it is found soon. */
    writer->limit = limit < POSTGRES_GROUP_MAX / 2 ? 2 * limit : POSTGRES_GROUP_MAX;
}

/* ---- when it is not known ---- */

static int has_entry(const struct writer *writer)
{
    return writer->entry.records.len > 0;
}

static void begin_chain(struct writer *writer)
{
    if (!audit_chain_begin(&writer->chain, &writer->store->base.audit, bytes_str(writer->store->node)))
        lose(writer, "out of memory");
}

/* Something is written in any case: with synchronous replication the answer then waits until the standby has
 * all that was committed before it, so that nobody is told of a commit that a failover would undo. */
static void send_settling(struct writer *writer)
{
    struct store_entry closing = {.seq = 0};
    int ok = add_rollback(writer) && round_add(writer->slot, SQL_PROBE_WRITE, NULL);
    writer->doing = WRITER_SETTLING;
    if (has_entry(writer))
        ok = ok &&
             audit_entry_close(&closing, &writer->chain, writer->entry.at,
                               "the connection was lost during a commit, which was not done") &&
             add_entry(writer, SQL_SETTLE, &closing);
    if (!ok || !round_send(writer->slot, postgres_now_ms()))
        lose(writer, "sending failed");
    else
        writer->closing = closing;
}

/* Whether the number in the chain belongs to |entry|. */
static int is_stored(const PGresult *result, const struct store_entry *entry)
{
    return PQgetlength(result, 0, 0) == sizeof(entry->hash) &&
           memcmp(PQgetvalue(result, 0, 0), entry->hash, sizeof(entry->hash)) == 0;
}

/* It is tried again and again: what is said each time would fill the log. */
static void log_settling(struct writer *writer, const struct round *round)
{
    const char *sqlstate = round->failed ? round->sqlstate : "01000"; /* a warning: not replicated */
    if (strcmp(writer->settle_fault, sqlstate) != 0)
        postgres_log_fault("finding out what became of a commit", round);
    memcpy(writer->settle_fault, sqlstate, sizeof(writer->settle_fault));
}

/* The connection that a group has lost was not its fault the first time. */
static void group_again(struct writer *writer)
{
    if (++writer->attempts >= POSTGRES_ATTEMPTS)
        tell_group(writer, STORE_UNAVAILABLE);
    else
        try_part(writer, 2);
}

static void settled(struct writer *writer, int was_done)
{
    log_line(LOG_WARN, "store", log_text("doing", "found out what became of a commit"),
             log_word("committed", was_done ? "yes" : "no"), log_number("units", writer->group));
    audit_chain_advance(&writer->chain, was_done ? &writer->entry : &writer->closing);
    if (was_done)
        tell_group(writer, STORE_DONE);
    else
        group_again(writer);
}

static void settle_answered(struct writer *writer)
{
    const struct round *round = &writer->slot->round;
    const PGresult *result = round->answered > 0 ? round->results[round->answered - 1] : NULL;
    int was_done = 0, was_not = 0, failed = round->failed || round->warned;
    if (failed) { /* most likely the broken connection's transaction still holds the number */
        log_settling(writer, round);
    } else if (has_entry(writer) && PQntuples(result) > 0) {
        /* What closed the chain may be stored from an attempt whose answer was lost, too. */
        was_done = is_stored(result, &writer->entry);
        was_not = is_stored(result, &writer->closing);
    }
    round_clear(writer->slot);
    if (failed || (has_entry(writer) && !was_done && !was_not)) {
        writer->settle_ms = postgres_now_ms() + POSTGRES_SETTLE_PAUSE_MS;
        return;
    }
    if (has_entry(writer))
        settled(writer, was_done);
    writer->unsettled = 0;
    writer->settle_fault[0] = 0;
    atomic_store(&writer->store->write_ok, 1);
    begin_chain(writer);
}

void writer_look_at_time(struct writer *writer, int64_t now_ms)
{
    if (!writer->unsettled || writer->group == 0 || now_ms < writer->tell_ms)
        return;
    log_line(LOG_ERROR, "store", log_text("doing", "finding out what became of a commit"),
             log_number("units", writer->group),
             log_text("text", "it takes too long: stations are told to try again; nothing else is written "
                              "over this connection until it is known"));
    tell_group(writer, STORE_UNKNOWN);
}

/* ---- called by the serving thread ---- */

void writer_connected(struct writer *writer)
{
    if (!writer->unsettled)
        begin_chain(writer);
}

void writer_answered(struct writer *writer)
{
    struct round *round = &writer->slot->round;
    int doing = writer->doing;
    writer->doing = WRITER_IDLE;
    switch (doing) {
    case WRITER_COMMITTING:
        if (round->failed) {
            group_failed(writer);
        } else if (round->warned) { /* somebody ended the wait for the standby: that is no commit yet */
            writer->doing = doing;
            lose(writer, "the database warned");
        } else {
            group_done(writer);
        }
        break;
    case WRITER_EXPLAINING:
        if (round->failed) {
            postgres_log_fault("looking why a commit failed", round);
            atomic_store(&writer->store->write_ok, 0);
            round_clear(writer->slot);
            tell_group(writer, STORE_UNAVAILABLE);
        } else {
            read_answers(writer);
        }
        break;
    case WRITER_SETTLING:
        settle_answered(writer);
        break;
    case WRITER_PROBING:
        atomic_store(&writer->store->write_ok, !round->failed);
        round_clear(writer->slot);
        break;
    default:
        round_clear(writer->slot);
    }
}

void writer_lost(struct writer *writer)
{
    int64_t now = postgres_now_ms();
    if (writer->doing == WRITER_COMMITTING) {
        writer->unsettled = 1;
        writer->unsettled_ms = writer->settle_ms = now;
        if (writer->tell_ms == 0)
            writer->tell_ms = now + POSTGRES_SETTLE_MS;
        if (!has_entry(writer))
            tell_group(writer, STORE_UNKNOWN);
    } else if (!writer->unsettled) {
        writer->group = 0;
    }
    writer->doing = WRITER_IDLE;
}

void writer_give_up(struct writer *writer)
{
    for (size_t i = writer->group; i < writer->count; i++)
        tell(writer, i, STORE_UNAVAILABLE);
    writer->count = writer->group;
}

int writer_can_serve(struct writer *writer, int64_t now_ms)
{
    return writer->unsettled ? now_ms >= writer->settle_ms
                             : writer->count > 0 || atomic_load(&writer->store->writes.waiting) > 0;
}

int writer_is_patient(const struct writer *writer)
{
    return writer->doing == WRITER_SETTLING || writer->doing == WRITER_PROBING;
}

int writer_is_over(const struct writer *writer)
{
    return writer->count == 0 && (writer->doing == WRITER_IDLE || writer_is_patient(writer));
}

void writer_serve(struct writer *writer, int probe)
{
    int stopped;
    if (writer->unsettled) {
        if (postgres_now_ms() >= writer->settle_ms)
            send_settling(writer);
        return;
    }
    if (writer->count == 0) {
        writer->count = queue_take(&writer->store->writes, writer->entries, POSTGRES_GROUP_MAX, 0, &stopped);
        writer->limit = POSTGRES_GROUP_MAX;
        writer->attempts = 0;
    }
    if (writer->count > 0) {
        send_group(writer);
    } else if (probe) {
        writer->doing = WRITER_PROBING;
        if (!add_rollback(writer) || !round_add(writer->slot, SQL_PROBE_WRITE, NULL) ||
            !round_send(writer->slot, postgres_now_ms()))
            lose(writer, "sending failed");
    }
}
