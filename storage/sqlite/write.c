/* write.c: units become rows.
 *
 * A group of units is one transaction. The usual way through it uses no savepoints: they would copy every
 * page that a unit touches. Only when a statement fails is the transaction undone and gone through again with
 * a savepoint for each unit, so that the one that fails does not take its neighbours along. */
#include <time.h>

#include "internal.h"
#include "server/base/log.h"

/* Steps a query that yields at most one row. Returns SQLITE_ROW, SQLITE_DONE or an error; the caller resets.
 */
static int look(sqlite3_stmt *statement, struct bytes issuer, struct bytes key)
{
    int rc = sqlite_bind(statement, 1, issuer);
    if (rc == SQLITE_OK)
        rc = sqlite_bind(statement, 2, key);
    return rc == SQLITE_OK ? sqlite3_step(statement) : rc;
}

static int exists(sqlite3_stmt *statement, struct bytes issuer, struct bytes key, int *found)
{
    int rc = look(statement, issuer, key);
    sqlite3_reset(statement);
    *found = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Steps a write that must touch exactly one row. */
static int write_one(struct sqlite_conn *conn, enum sqlite_statement which)
{
    int rc = sqlite_run(conn, which);
    if (rc == SQLITE_OK && sqlite3_changes(conn->db) != 1)
        rc = SQLITE_NOTFOUND; /* the row that the unit relies on is not there */
    return rc;
}

static int conflict(struct store_unit *unit, enum store_precondition which)
{
    unit->outcome = STORE_CONFLICT;
    unit->conflict = which;
    return SQLITE_OK;
}

/* The usual unit only wants its transaction to be absent, and writes it: then the index tells at the insert,
 * before anything of the unit is written, and no look is needed first. */
static int insert_tells(const struct store_unit *unit)
{
    return store_unit_inserts_tx(unit) && unit->secret_reference.len == 0 && unit->key_unused.len == 0 &&
           unit->signer_serial.len == 0 && store_unit_required(unit) == NULL && unit->lease == NULL;
}

/* Without the row the conflict would read as "absent", and be answered wrongly. */
static int tx_conflict(struct sqlite_conn *conn, struct store_unit *unit)
{
    sqlite3_stmt *get = conn->statements[sqlite_get(STORE_TRANSACTIONS)];
    int rc = look(get, unit->issuer, unit->tx_id);
    conflict(unit, STORE_PRE_TX);
    if (rc == SQLITE_ROW) {
        rc = sqlite_read_row(&unit->row, &store_tables[STORE_TRANSACTIONS], get, unit->arena);
        if (rc != SQLITE_OK) {
            unit->row = (struct store_tx){0};
            unit->outcome = STORE_UNAVAILABLE;
        }
        rc = SQLITE_OK;
    }
    sqlite3_reset(get);
    return rc;
}

static int check_tx(struct sqlite_conn *conn, struct store_unit *unit)
{
    int absent = store_unit_inserts_tx(unit);
    if (store_unit_row(unit, STORE_TRANSACTIONS) == NULL)
        return SQLITE_OK;
    sqlite3_stmt *get = conn->statements[SQL_TX_STATE];
    int rc = look(get, unit->issuer, unit->tx_id);
    int state = rc == SQLITE_ROW ? sqlite3_column_int(get, 0) : 0;
    int64_t free_at = rc == SQLITE_ROW ? sqlite3_column_int64(get, 1) : 0;
    sqlite3_reset(get);
    if (rc == SQLITE_DONE)
        return absent ? SQLITE_OK : conflict(unit, STORE_PRE_TX);
    if (rc != SQLITE_ROW)
        return rc;
    if (absent || !store_tx_is_expected(unit, (enum store_tx_state)state, free_at))
        return tx_conflict(conn, unit);
    return SQLITE_OK;
}

/* |*bind| tells whether the secret is to be bound to this transaction. */
static int check_secret(struct sqlite_conn *conn, struct store_unit *unit, int *bind)
{
    enum { REUSABLE, EXPIRES, BOUND_TO };
    *bind = 0;
    if (unit->secret_reference.len == 0)
        return SQLITE_OK;
    sqlite3_stmt *get = conn->statements[SQL_SECRET_STATE];
    int rc = look(get, unit->issuer, unit->secret_reference);
    if (rc == SQLITE_ROW) {
        int reusable = sqlite3_column_int(get, REUSABLE);
        int64_t expires = sqlite3_column_int64(get, EXPIRES);
        const void *data = sqlite3_column_blob(get, BOUND_TO);
        struct bytes bound = bytes_of(data, (size_t)sqlite3_column_bytes(get, BOUND_TO));
        rc = SQLITE_OK;
        if (expires != 0 && expires <= unit->now)
            conflict(unit, STORE_PRE_SECRET);
        else if (!reusable && bound.len == 0)
            *bind = 1;
        else if (!reusable)
            conflict(unit, STORE_PRE_SECRET);
    } else if (rc == SQLITE_DONE) {
        rc = conflict(unit, STORE_PRE_SECRET);
    }
    sqlite3_reset(get);
    return rc;
}

static int check_signer(struct sqlite_conn *conn, struct store_unit *unit)
{
    sqlite3_stmt *get = conn->statements[SQL_CERT_STATUS];
    int rc = look(get, unit->issuer, unit->signer_serial);
    if (rc == SQLITE_ROW) {
        int status = sqlite3_column_int(get, 0);
        rc = SQLITE_OK;
        if (status == STORE_CERT_REVOKED || status == STORE_CERT_HOLD)
            conflict(unit, STORE_PRE_SIGNER);
    } else if (rc == SQLITE_DONE) {
        rc = conflict(unit, STORE_PRE_SIGNER);
    }
    sqlite3_reset(get);
    return rc;
}

/* Blocked keys are few. Whether one of |unit|'s is among them is found out before anything else, so that the
 * usual unit keeps its shorter way. */
static int find_blocked(struct sqlite_conn *conn, const struct store_unit *unit,
                        enum store_precondition *blocked)
{
    sqlite3_stmt *statement = conn->statements[SQL_KEY_BLOCKED];
    int key = 0, signer = 0, device = 0, rc = SQLITE_OK;
    if (unit->key_unblocked.len > 0)
        rc = exists(statement, unit->issuer, unit->key_unblocked, &key);
    if (rc == SQLITE_OK && !key && unit->signer_unblocked.len > 0)
        rc = exists(statement, unit->issuer, unit->signer_unblocked, &signer);
    if (rc == SQLITE_OK && !key && !signer && unit->device_unblocked.len > 0)
        rc = exists(statement, unit->issuer, unit->device_unblocked, &device);
    *blocked = key      ? STORE_PRE_KEY_BLOCKED
               : signer ? STORE_PRE_SIGNER_BLOCKED
               : device ? STORE_PRE_DEVICE_BLOCKED
                        : STORE_PRE_NONE;
    return rc;
}

/* Keys are random: that one is taken is left to the index to tell, unless the unit is |apart|. */
static int check_inserts(struct sqlite_conn *conn, struct store_unit *unit)
{
    int found = 0, rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && !found && i < unit->write_count; i++) {
        const struct store_write *write = &unit->writes[i];
        if (write->how == STORE_INSERT && write->kind != STORE_TRANSACTIONS)
            rc = exists(conn->statements[sqlite_get(write->kind)], unit->issuer,
                        row_key(write->row, &store_tables[write->kind]), &found);
    }
    return rc == SQLITE_OK && found ? conflict(unit, STORE_PRE_ROW) : rc;
}

static int check_certs(struct sqlite_conn *conn, struct store_unit *unit, int apart)
{
    int found = 0, rc = SQLITE_OK;
    if (unit->key_unused.len > 0) {
        rc = sqlite_run(conn, SQL_CERT_KEY_INDEX);
        if (rc != SQLITE_OK)
            return rc;
        rc = exists(conn->statements[SQL_CERT_KEY], unit->issuer, unit->key_unused, &found);
        if (rc != SQLITE_OK || found)
            return rc != SQLITE_OK ? rc : conflict(unit, STORE_PRE_KEY_UNUSED);
    }
    if (unit->signer_serial.len > 0) {
        rc = check_signer(conn, unit);
        if (rc != SQLITE_OK || unit->outcome != STORE_DONE)
            return rc;
    }
    return apart ? check_inserts(conn, unit) : SQLITE_OK;
}

static int changes(const struct store_cert_change *change, int status)
{
    return status != STORE_CERT_REVOKED && (change->only_from == 0 || status == (int)change->only_from);
}

static int follows(const struct store_cert_change *change, sqlite3_stmt *get)
{
    enum { SUCCESSOR = 1 };
    const void *data = sqlite3_column_blob(get, SUCCESSOR);
    return change->former == NULL ||
           bytes_equal(*change->former, bytes_of(data, (size_t)sqlite3_column_bytes(get, SUCCESSOR)));
}

static int check_change(struct sqlite_conn *conn, struct store_unit *unit)
{
    sqlite3_stmt *get = conn->statements[SQL_CERT_STATUS];
    const struct store_cert_change *change = store_unit_required(unit);
    int rc = look(get, unit->issuer, change->serial);
    int holds = rc == SQLITE_ROW && changes(change, sqlite3_column_int(get, 0)) && follows(change, get);
    sqlite3_reset(get);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return rc;
    return holds ? SQLITE_OK : conflict(unit, STORE_PRE_CERT);
}

/* A claim that is there must have the serial that the new one names as its former one. */
static int check_claim(struct sqlite_conn *conn, struct store_unit *unit)
{
    sqlite3_stmt *get = conn->statements[SQL_CLAIM_SERIAL];
    const struct store_claim *claim = store_unit_claim(unit);
    int rc = look(get, unit->issuer, claim->claim);
    const void *serial = rc == SQLITE_ROW ? sqlite3_column_blob(get, 0) : NULL;
    if (rc == SQLITE_ROW &&
        !bytes_equal(claim->former, bytes_of(serial, (size_t)sqlite3_column_bytes(get, 0))))
        conflict(unit, STORE_PRE_CLAIM);
    sqlite3_reset(get);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Looked at before anything is written, for what is written is not undone by itself. */
static int check_quota(struct sqlite_conn *conn, struct store_unit *unit)
{
    enum { DAY, COUNT };
    sqlite3_stmt *get = conn->statements[SQL_CLAIM_COUNT];
    const struct store_claim *quota = store_unit_quota(unit);
    int rc = look(get, unit->issuer, quota->claim);
    const struct store_claim stored = {.day = rc == SQLITE_ROW ? sqlite3_column_int64(get, DAY) : 0,
                                       .day_count = rc == SQLITE_ROW ? sqlite3_column_int64(get, COUNT) : 0};
    if (rc == SQLITE_ROW && !store_claim_has_room(quota, &stored))
        conflict(unit, STORE_PRE_CLAIM);
    sqlite3_reset(get);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int check_removal(struct sqlite_conn *conn, struct store_unit *unit)
{
    enum { BEFORE = 3 };
    const struct store_removal *removal = unit->removal;
    enum sqlite_statement which = removal->kind == STORE_CERTIFICATES   ? SQL_CERT_REMOVABLE
                                  : removal->kind == STORE_TRANSACTIONS ? SQL_TX_REMOVABLE
                                                                        : SQL_KEY_BLOCKED;
    int found = 1, rc = SQLITE_OK;
    if (which != SQL_KEY_BLOCKED)
        rc = sqlite3_bind_int64(conn->statements[which], BEFORE, removal->before);
    for (size_t i = 0; rc == SQLITE_OK && found && i < removal->count; i++)
        rc = exists(conn->statements[which], unit->issuer, removal->keys[i], &found);
    return rc == SQLITE_OK && !found ? conflict(unit, STORE_PRE_OLD) : rc;
}

static int have_lease(struct sqlite_conn *conn, struct store_unit *unit)
{
    const struct store_lease *lease = unit->lease;
    enum sqlite_statement which = lease->seconds != 0 ? SQL_LEASE_TAKE : SQL_LEASE_HELD;
    sqlite3_stmt *statement = conn->statements[which];
    int rc = sqlite3_bind_text(statement, 1, lease->name, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite_bind(statement, 2, lease->holder);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 3, lease->seconds != 0 ? lease->seconds : lease->longer);
    if (rc == SQLITE_OK)
        rc = sqlite_run(conn, which);
    return rc == SQLITE_OK && sqlite3_changes(conn->db) == 0 ? conflict(unit, STORE_PRE_LEASE) : rc;
}

/* After the certificate was changed: the list repeats what its row says. */
static int list(struct sqlite_conn *conn, const struct store_unit *unit,
                const struct store_cert_change *change)
{
    sqlite3_stmt *put = conn->statements[SQL_LIST];
    int rc = sqlite_bind(conn->statements[SQL_POSITION], 1, unit->issuer);
    if (rc == SQLITE_OK)
        rc = write_one(conn, SQL_POSITION);
    if (rc != SQLITE_OK)
        return rc;
    sqlite_bind(put, 1, unit->issuer);
    sqlite_bind(put, 2, change->serial);
    sqlite3_bind_int64(put, 3, change->invalidity_at);
    return write_one(conn, SQL_LIST);
}

/* Where the audit log has what |unit| does; empty if it records nothing. */
static struct bytes place_of(const struct sqlite_conn *conn, const struct store_unit *unit)
{
    return bytes_of(conn->place, unit->audit != NULL ? STORE_PLACE : 0);
}

/* Revocation is final, whoever comes later: a certConf that crosses an operator's revocation changes nothing;
 * nor does it lift a hold. */
static int write_change(struct sqlite_conn *conn, const struct store_unit *unit,
                        const struct store_cert_change *change)
{
    sqlite3_stmt *get = conn->statements[SQL_CERT_STATUS], *update = conn->statements[SQL_CERT_CHANGE];
    int stopped = change->status == STORE_CERT_REVOKED || change->status == STORE_CERT_HOLD;
    int rc = look(get, unit->issuer, change->serial);
    int status = rc == SQLITE_ROW ? sqlite3_column_int(get, 0) : 0;
    int is_one = rc == SQLITE_ROW && changes(change, status) && follows(change, get);
    sqlite3_reset(get);
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_NOTFOUND : rc;
    if (!is_one)
        return SQLITE_OK;
    sqlite_bind(update, 1, unit->issuer);
    sqlite_bind(update, 2, change->serial);
    sqlite3_bind_int(update, 3, change->status);
    sqlite3_bind_int(update, 4, stopped ? change->reason : 0);
    sqlite3_bind_int64(update, 5, stopped ? change->at : 0);
    sqlite_bind(update, 6, change->successor);
    sqlite_bind(update, 7, place_of(conn, unit));
    sqlite3_bind_int(update, 8, STORE_CHANGES_MAX * STORE_PLACE);
    sqlite3_bind_int(update, 9, STORE_PLACE);
    rc = write_one(conn, SQL_CERT_CHANGE);
    if (rc != SQLITE_OK)
        return rc;
    return stopped || status == STORE_CERT_HOLD ? list(conn, unit, change) : SQLITE_OK;
}

/* Deadlines that had passed while a node still served stay as they are: their certConf could have come. */
static int write_alive(struct sqlite_conn *conn, const struct store_unit *unit)
{
    sqlite3_stmt *get = conn->statements[SQL_SEEN_GET], *put_off = conn->statements[SQL_TX_PUT_OFF];
    int rc = sqlite3_step(get);
    int64_t seen_at = rc == SQLITE_ROW ? sqlite3_column_int64(get, 0) : 0, gap = unit->alive_at - seen_at;
    sqlite3_reset(get);
    if (rc != SQLITE_ROW)
        return rc == SQLITE_DONE ? SQLITE_NOTFOUND : rc;
    if (seen_at != 0 && gap > unit->alive_gap) {
        sqlite3_bind_int64(put_off, 1, seen_at);
        sqlite3_bind_int64(put_off, 2, gap);
        rc = sqlite_run(conn, SQL_TX_PUT_OFF);
        if (rc != SQLITE_OK)
            return rc;
        log_line(LOG_WARN, "certConf deadlines put off", log_number("seconds", gap),
                 log_number("transactions", sqlite3_changes(conn->db)));
    }
    sqlite3_bind_int64(conn->statements[SQL_SEEN_SET], 1, unit->alive_at);
    return sqlite_run(conn, SQL_SEEN_SET);
}

static int run_with_key(struct sqlite_conn *conn, enum sqlite_statement which, struct bytes issuer,
                        struct bytes key)
{
    sqlite3_stmt *statement = conn->statements[which];
    int rc = sqlite_bind(statement, 1, issuer);
    if (rc == SQLITE_OK)
        rc = sqlite_bind(statement, 2, key);
    return rc == SQLITE_OK ? sqlite_run(conn, which) : rc;
}

/* The public key of a certificate is in its row. */
static int remove_cert(struct sqlite_conn *conn, struct bytes issuer, struct bytes serial)
{
    int rc = run_with_key(conn, SQL_CERT_TX_REMOVE, issuer, serial);
    if (rc == SQLITE_OK)
        rc = run_with_key(conn, SQL_CERT_REMOVE, issuer, serial);
    return rc == SQLITE_OK ? run_with_key(conn, SQL_UNLIST, issuer, serial) : rc;
}

static int write_removal(struct sqlite_conn *conn, const struct store_unit *unit)
{
    const struct store_removal *removal = unit->removal;
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < removal->count; i++)
        rc = removal->kind == STORE_CERTIFICATES
                 ? remove_cert(conn, unit->issuer, removal->keys[i])
                 : run_with_key(conn, removal->kind == STORE_TRANSACTIONS ? SQL_TX_REMOVE : SQL_KEY_UNBLOCK,
                                unit->issuer, removal->keys[i]);
    return rc;
}

static int bind_secret(struct sqlite_conn *conn, const struct store_unit *unit)
{
    sqlite3_stmt *update = conn->statements[SQL_SECRET_BIND];
    sqlite_bind(update, 1, unit->issuer);
    sqlite_bind(update, 2, unit->secret_reference);
    sqlite_bind(update, 3, unit->tx_id);
    return write_one(conn, SQL_SECRET_BIND);
}

/* What is stored already, or is older than what is, is not stored once more, and what is gone not removed: no
 * row changes then. */
static int write_row(struct sqlite_conn *conn, const struct store_unit *unit, const struct store_write *write)
{
    enum sqlite_statement which = sqlite_write(write->kind, write->how);
    if (write->how == STORE_REMOVE)
        return run_with_key(conn, which, unit->issuer, row_key(write->row, &store_tables[write->kind]));
    int rc = sqlite_bind_row(conn->statements[which], &store_tables[write->kind], unit->issuer, write->row,
                             place_of(conn, unit));
    if (rc != SQLITE_OK)
        return rc;
    return write->how == STORE_ONCE || write->how == STORE_NEWER ? sqlite_run(conn, which)
                                                                 : write_one(conn, which);
}

/* The transaction is written first: its insert may tell that nothing else is to be written. So may the claim,
 * which comes next (swap_claim). */
static int write_rows(struct sqlite_conn *conn, const struct store_unit *unit, int of_tx)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < unit->write_count; i++)
        if ((unit->writes[i].kind == STORE_TRANSACTIONS) == of_tx && unit->writes[i].how != STORE_SWAP)
            rc = write_row(conn, unit, &unit->writes[i]);
    return rc;
}

/* Where the transaction was inserted and nothing else is written yet, the swap itself tells whether the claim
 * is as expected: if it is not, the transaction goes again. Else that was looked at before (check_claim). */
static int swap_claim(struct sqlite_conn *conn, struct store_unit *unit)
{
    const struct store_claim *claim = store_unit_claim(unit);
    if (claim == NULL)
        return SQLITE_OK;
    int rc = write_row(conn, unit, &(struct store_write){STORE_SWAP, STORE_CLAIMS, claim});
    if (rc != SQLITE_NOTFOUND || !insert_tells(unit))
        return rc;
    conflict(unit, STORE_PRE_CLAIM);
    return run_with_key(conn, SQL_TX_REMOVE, unit->issuer, unit->tx_id);
}

static int write_rest(struct sqlite_conn *conn, const struct store_unit *unit, int bind)
{
    int rc = write_rows(conn, unit, 0);
    for (const struct store_cert_change *change = unit->change; rc == SQLITE_OK && change != NULL;
         change = change->next)
        rc = write_change(conn, unit, change);
    if (rc == SQLITE_OK && bind)
        rc = bind_secret(conn, unit);
    if (rc == SQLITE_OK && unit->removal != NULL)
        rc = write_removal(conn, unit);
    if (rc == SQLITE_OK && unit->alive_at != 0)
        rc = write_alive(conn, unit);
    return rc;
}

static int apply_one(struct sqlite_conn *conn, struct store_unit *unit, int apart)
{
    enum store_precondition blocked;
    int bind = 0, rc;
    unit->outcome = STORE_DONE;
    rc = find_blocked(conn, unit, &blocked);
    if (rc == SQLITE_OK && (blocked != STORE_PRE_NONE || !insert_tells(unit)))
        rc = check_tx(conn, unit);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE)
        rc = check_secret(conn, unit, &bind);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && blocked != STORE_PRE_NONE)
        conflict(unit, blocked);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE)
        rc = check_certs(conn, unit, apart);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && store_unit_required(unit) != NULL)
        rc = check_change(conn, unit);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && store_unit_claim(unit) != NULL &&
        !insert_tells(unit))
        rc = check_claim(conn, unit);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && store_unit_quota(unit) != NULL)
        rc = check_quota(conn, unit);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && unit->removal != NULL)
        rc = check_removal(conn, unit);
    if (rc == SQLITE_OK && unit->outcome == STORE_DONE && unit->lease != NULL)
        rc = have_lease(conn, unit);
    if (rc != SQLITE_OK || unit->outcome != STORE_DONE)
        return rc;
    rc = write_rows(conn, unit, 1);
    if ((rc & 0xff) == SQLITE_CONSTRAINT && insert_tells(unit)) {
        int looked = check_tx(conn, unit);
        /* Absent after all: it was another constraint, and nothing is written. */
        return looked == SQLITE_OK && unit->outcome == STORE_DONE ? rc : looked;
    }
    if (rc == SQLITE_OK)
        rc = swap_claim(conn, unit);
    return rc == SQLITE_OK && unit->outcome == STORE_DONE ? write_rest(conn, unit, bind) : rc;
}

/* What those before one that cannot be done have written goes again with it. */
static int apply_together(struct sqlite_conn *conn, struct store_unit *first, int apart)
{
    struct store_unit *unit = first;
    int rc = sqlite_run(conn, SQL_SAVEPOINT);
    for (; rc == SQLITE_OK && unit != NULL; unit = unit->with) {
        rc = apply_one(conn, unit, apart);
        if (unit->outcome != STORE_DONE)
            break;
    }
    if (rc != SQLITE_OK)
        return rc;
    if (unit != NULL) {
        first->outcome = unit->outcome;
        rc = sqlite_run(conn, SQL_ROLLBACK_TO);
    }
    return rc == SQLITE_OK ? sqlite_run(conn, SQL_RELEASE) : rc;
}

int sqlite_apply(struct sqlite_conn *conn, struct store_unit *unit, int apart)
{
    store_unit_forget(unit, STORE_DONE);
    return unit->with == NULL ? apply_one(conn, unit, apart) : apply_together(conn, unit, apart);
}

/* ---- groups ---- */

static void set_all(struct queue_entry *entries, size_t n, enum store_outcome outcome)
{
    for (size_t i = 0; i < n; i++)
        store_unit_forget(entries[i].item, outcome);
}

static void note_failure(struct sqlite_store *store, const char *doing, int rc)
{
    const struct sqlite_conn *conn = &store->writer;
    store_count_fault();
    log_line(LOG_ERROR, "store", log_word("doing", doing), log_number("code", rc),
             log_text("reason", rc == SQLITE_NOTFOUND || conn->db == NULL ? sqlite3_errstr(rc)
                                                                          : sqlite3_errmsg(conn->db)));
    sqlite_damaged(store, rc);
}

/* A connection that cannot even undo is given up; the next group gets a new one. */
static void undo(struct sqlite_store *store)
{
    struct sqlite_conn *conn = &store->writer;
    if (!sqlite3_get_autocommit(conn->db))
        sqlite_run(conn, SQL_ROLLBACK);
    if (!sqlite3_get_autocommit(conn->db)) {
        note_failure(store, "rollback", sqlite3_errcode(conn->db));
        sqlite_disconnect(conn);
    }
}

/* Applies one unit behind a savepoint. Returns 1 if the group's transaction lives on. */
static int apply_apart(struct sqlite_store *store, struct store_unit *unit)
{
    struct sqlite_conn *conn = &store->writer;
    int rc = sqlite_run(conn, SQL_SAVEPOINT);
    if (rc != SQLITE_OK)
        return 0;
    rc = sqlite_apply(conn, unit, 1);
    if (rc != SQLITE_OK) {
        note_failure(store, "unit", rc);
        set_all(&(struct queue_entry){.item = unit}, 1, STORE_UNAVAILABLE);
        /* SQLite may have undone everything already (a full disk): then there is nothing to go back to. */
        if (sqlite3_get_autocommit(conn->db) || sqlite_run(conn, SQL_ROLLBACK_TO) != SQLITE_OK)
            return 0;
    }
    return sqlite_run(conn, SQL_RELEASE) == SQLITE_OK;
}

enum group_end { GROUP_COMMITTED, GROUP_AGAIN, GROUP_FAILED, GROUP_UNCLEAR };

/* Which failures of COMMIT leave nothing behind for certain. The commit is the last frame in the write-ahead
 * log: a full disk or a lock means that it was not written. After an error of the disk or of memory it may be
 * in the log, and a recovery may find it there. */
static enum group_end commit_failed(struct sqlite_store *store, int rc)
{
    note_failure(store, "commit", rc);
    undo(store);
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_CONSTRAINT:
        return GROUP_FAILED;
    default:
        return GROUP_UNCLEAR;
    }
}

/* The audit log's entry for what was done of the group, its last write: an entry has the records of exactly
 * those units that are committed with it. */
static int write_entry(struct sqlite_store *store, const struct queue_entry *entries, size_t n)
{
    struct store_unit *done[SQLITE_GROUP_MAX];
    struct timespec now;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        struct store_unit *unit = entries[i].item;
        if (unit->outcome == STORE_DONE)
            done[count++] = unit;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (!audit_entry_make(&store->pending, &store->chain, done, count,
                          now.tv_sec * 1000 + now.tv_nsec / 1000000))
        return SQLITE_NOMEM;
    if (store->pending.records.len == 0) {
        store->pending.seq = 0;
        return SQLITE_OK;
    }
    int rc = write_row(&store->writer, &(struct store_unit){.write_count = 0},
                       &(struct store_write){STORE_INSERT, STORE_ENTRIES, &store->pending});
    store->pending_id = sqlite3_last_insert_rowid(store->writer.db);
    return rc;
}

static void entry_is_committed(struct sqlite_store *store)
{
    if (store->pending.seq != 0)
        audit_chain_advance(&store->chain, &store->pending);
    store->pending.seq = 0;
}

/* After a commit whose outcome was not known, the file tells whether its entry is the end of the chain. */
static int settle_entry(struct sqlite_store *store)
{
    sqlite3_stmt *there = store->writer.statements[SQL_ENTRY_THERE];
    if (store->pending.seq == 0)
        return SQLITE_OK;
    sqlite3_bind_int64(there, 1, store->pending_id);
    sqlite_bind(there, 2, bytes_of(store->pending.hash, STORE_HASH));
    int rc = sqlite3_step(there);
    sqlite3_reset(there);
    if (rc == SQLITE_ROW)
        entry_is_committed(store);
    else if (rc != SQLITE_DONE)
        return rc;
    store->pending.seq = 0;
    return SQLITE_OK;
}

static enum group_end try_group(struct sqlite_store *store, struct queue_entry *entries, size_t n, int apart)
{
    struct sqlite_conn *conn = &store->writer;
    int rc = sqlite_run(conn, SQL_BEGIN);
    if (rc == SQLITE_OK)
        rc = settle_entry(store);
    if (rc != SQLITE_OK) {
        note_failure(store, "begin", rc);
        undo(store);
        return GROUP_FAILED;
    }
    store_place_put(conn->place, store->chain.head.chain, store->chain.head.seq + 1);
    for (size_t i = 0; i < n; i++) {
        if (apart) {
            if (apply_apart(store, entries[i].item))
                continue;
            undo(store);
            return GROUP_FAILED;
        }
        rc = sqlite_apply(conn, entries[i].item, 0);
        if (rc != SQLITE_OK) {
            undo(store);
            return GROUP_AGAIN;
        }
    }
    rc = write_entry(store, entries, n);
    if (rc != SQLITE_OK) {
        note_failure(store, "audit", rc);
        undo(store);
        store->pending.seq = 0;
        return GROUP_FAILED;
    }
    rc = sqlite_run(conn, SQL_COMMIT);
    if (rc == SQLITE_OK) {
        entry_is_committed(store);
        return GROUP_COMMITTED;
    }
    enum group_end end = commit_failed(store, rc);
    if (end == GROUP_FAILED)
        store->pending.seq = 0;
    return end;
}

/* What is committed counts when it is in the files that others find; only then is the log brought into the
 * file. */
static int is_stored(struct sqlite_store *store)
{
    if (sqlite_look(store, &store->writer))
        return 0;
    if (store->writer.held.frames >= SQLITE_CHECKPOINT_PAGES)
        sqlite_damaged(
            store, sqlite3_wal_checkpoint_v2(store->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL));
    return 1;
}

int sqlite_commit_group(struct sqlite_store *store, struct queue_entry *entries, size_t n)
{
    struct sqlite_conn *conn = &store->writer;
    enum group_end end = GROUP_FAILED;
    int64_t since_us = metrics_now_us();
    conn->held.frames = 0;
    if (!atomic_load(&store->is_lost) && sqlite_connected(store, conn))
        end = try_group(store, entries, n, 0);
    if (end == GROUP_AGAIN)
        end = sqlite_connected(store, conn) ? try_group(store, entries, n, 1) : GROUP_FAILED;
    if (end == GROUP_COMMITTED) {
        if (is_stored(store)) {
            store_count_group(n, since_us);
            return 1;
        }
        end = GROUP_UNCLEAR;
    }
    /* A conflict, too, may have been with a neighbour that is now undone: nothing decided in this group
     * stands. */
    set_all(entries, n, end == GROUP_UNCLEAR ? STORE_UNKNOWN : STORE_UNAVAILABLE);
    return 0;
}

static int probe(struct sqlite_store *store)
{
    if (atomic_load(&store->is_lost) || !sqlite_connected(store, &store->writer))
        return 0;
    store->writer.held.frames = 0;
    int rc = sqlite_run(&store->writer, SQL_PROBE_WRITE);
    if (rc == SQLITE_OK)
        return !sqlite_look(store, &store->writer);
    sqlite_damaged(store, rc);
    undo(store);
    return 0;
}

void *sqlite_write_loop(void *arg)
{
    struct sqlite_store *store = arg;
    struct queue_entry entries[SQLITE_GROUP_MAX];
    for (;;) {
        int stopped, ok = atomic_load(&store->write_ok);
        size_t n = queue_take(&store->writes, entries, SQLITE_GROUP_MAX, ok ? -1 : SQLITE_PROBE_MS, &stopped);
        if (stopped)
            return NULL;
        ok = n > 0 ? sqlite_commit_group(store, entries, n) : probe(store);
        atomic_store(&store->write_ok, ok);
        for (size_t i = 0; i < n; i++)
            store_tell_unit(&entries[i]);
    }
}
