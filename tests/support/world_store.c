/* world_store.c: the store of a world, in memory, to the letter of storage/store.h. */
#include <stdlib.h>

#include "storage/row.h"
#include "tests/support/mirror.h"
#include "tests/support/must.h"
#include "tests/support/rows.h"
#include "tests/support/world_parts.h"

static struct bytes keep(struct world *world, struct bytes b)
{
    struct bytes kept = arena_copy(world->rows, b);

    must(kept.data != NULL || b.len == 0);
    return kept;
}

struct world_memory world_memory(const struct world *world, enum store_kind kind)
{
    const struct world_memory memories[WORLD_KINDS] = {
        [STORE_TRANSACTIONS] = {(uint8_t *)(uintptr_t)world->txs, sizeof world->txs[0],
                                offsetof(struct world_tx, row), world->tx_count, WORLD_ROWS},
        [STORE_CERTIFICATES] = {(uint8_t *)(uintptr_t)world->certs, sizeof world->certs[0],
                                offsetof(struct world_cert, row), world->cert_count, WORLD_ROWS},
        [STORE_SECRETS] = {(uint8_t *)(uintptr_t)world->secrets, sizeof world->secrets[0],
                           offsetof(struct world_secret, row), world->secret_count, WORLD_SECRETS},
        [STORE_BLOCKED_KEYS] = {(uint8_t *)(uintptr_t)world->blocked_keys, sizeof world->blocked_keys[0],
                                offsetof(struct world_blocked_key, row), world->blocked_key_count,
                                WORLD_ROWS},
        [STORE_DEVICES] = {(uint8_t *)(uintptr_t)world->devices, sizeof world->devices[0],
                           offsetof(struct world_device, row), world->device_count, WORLD_ROWS},
        [STORE_CLAIMS] = {(uint8_t *)(uintptr_t)world->claims, sizeof world->claims[0],
                          offsetof(struct world_claim, row), world->claim_count, WORLD_ROWS},
        [STORE_CRL_PIECES] = {(uint8_t *)(uintptr_t)world->crl_pieces, sizeof world->crl_pieces[0],
                              offsetof(struct world_crl_piece, row), world->crl_piece_count, WORLD_CRLS},
        [STORE_CRLS] = {(uint8_t *)(uintptr_t)world->crls, sizeof world->crls[0],
                        offsetof(struct world_crl, row), world->crl_count, WORLD_CRLS},
        [STORE_CRL_URLS] = {(uint8_t *)(uintptr_t)world->crl_urls, sizeof world->crl_urls[0],
                            offsetof(struct world_crl_url, row), world->crl_url_count, WORLD_CRLS},
        [STORE_REQUESTS] = {(uint8_t *)(uintptr_t)world->requests, sizeof world->requests[0],
                            offsetof(struct world_request, row), world->request_count, WORLD_ROWS},
        [STORE_APPROVALS] = {(uint8_t *)(uintptr_t)world->approvals, sizeof world->approvals[0],
                             offsetof(struct world_approval, row), world->approval_count, WORLD_ROWS},
        [STORE_ANNOUNCEMENTS] = {(uint8_t *)(uintptr_t)world->announcements, sizeof world->announcements[0],
                                 offsetof(struct world_announcement, row), world->announcement_count,
                                 WORLD_ROWS},
    };

    must((int)kind < (int)WORLD_KINDS);
    return memories[kind];
}

void *world_find(const struct world *world, enum store_kind kind, struct bytes issuer, struct bytes key)
{
    struct world_memory memory = world_memory(world, kind);

    for (size_t i = 0; i < memory.count; i++)
        if ((!store_tables[kind].of_issuer ||
             bytes_equal(bytes_of(world_issuer(&memory, i), STORE_ISSUER_ID), issuer)) &&
            bytes_equal(row_key(world_row(&memory, i), &store_tables[kind]), key))
            return world_row(&memory, i);
    return NULL;
}

struct store_crl *world_put_crl(struct world *world, const char *scope, int64_t this_update, struct bytes der)
{
    struct world_crl *crl = &world->crls[world->crl_count++];
    struct world_crl_piece *piece = &world->crl_pieces[world->crl_piece_count++];
    uint8_t *key = arena_alloc(world->arena, STORE_PIECE_KEY_MAX);

    must(world->crl_count <= WORLD_CRLS && key != NULL);
    crl->row = (struct store_crl){.scope = bytes_str(scope),
                                  .number = 1,
                                  .this_update = this_update,
                                  .next_update = this_update + 86400,
                                  .size = (int64_t)der.len,
                                  .slot = 1};
    digest_compute(crl->row.hash, DIGEST_SHA256, der);
    piece->row = (struct store_crl_piece){store_crl_piece_key(key, crl->row.scope, 1, 0), der};
    memcpy(crl->issuer, world->ca.id, STORE_ISSUER_ID);
    memcpy(piece->issuer, world->ca.id, STORE_ISSUER_ID);
    return &crl->row;
}

struct store_tx *world_tx_of(const struct world *world, struct bytes transaction_id)
{
    for (size_t i = 0; i < world->tx_count; i++)
        if (bytes_equal(world->txs[i].row.transaction_id, transaction_id))
            return (struct store_tx *)(uintptr_t)&world->txs[i].row;
    return NULL;
}

struct store_cert *world_cert_of(const struct world *world, struct bytes serial)
{
    for (size_t i = 0; i < world->cert_count; i++)
        if (bytes_equal(world->certs[i].row.serial, serial))
            return (struct store_cert *)(uintptr_t)&world->certs[i].row;
    return NULL;
}

static int has_key_id(const struct world_cert *cert, const struct store_fetch *fetch)
{
    return bytes_equal(bytes_of(cert->issuer, STORE_ISSUER_ID), fetch->issuer) && fetch->of.len != 0 &&
           bytes_equal(cert->row.key_id, fetch->of);
}

static int by_serial_last_first(const void *a, const void *b)
{
    return -memcmp(((const struct store_cert *)a)->serial.data, ((const struct store_cert *)b)->serial.data,
                   STORE_SERIAL);
}

/* STORE_ALL_CRL_URLS */
static void find_crl_urls(const struct world *world, struct store_fetch *fetch)
{
    struct store_crl_url *rows = arena_alloc(fetch->arena, WORLD_CRLS * sizeof *rows);

    must(rows != NULL);
    for (size_t i = 0; i < world->crl_url_count; i++)
        if (bytes_equal(bytes_of(world->crl_urls[i].issuer, STORE_ISSUER_ID), fetch->issuer))
            must(rows_copy(&rows[fetch->count++], &store_tables[fetch->kind], &world->crl_urls[i].row,
                           fetch->arena));
    fetch->rows = rows;
    fetch->outcome = fetch->count != 0 ? STORE_FOUND : STORE_ABSENT;
}

/* STORE_OF_KEY_ID */
static void find_by_key_id(const struct world *world, struct store_fetch *fetch)
{
    struct store_cert *rows = arena_alloc(fetch->arena, WORLD_ROWS * sizeof *rows);

    must(rows != NULL && fetch->index == STORE_OF_KEY_ID);
    for (size_t i = 0; i < world->cert_count; i++)
        if (has_key_id(&world->certs[i], fetch))
            must(rows_copy(&rows[fetch->count++], &store_tables[fetch->kind], &world->certs[i].row,
                           fetch->arena));
    if (fetch->count == 0)
        return;
    qsort(rows, fetch->count, sizeof *rows, by_serial_last_first);
    fetch->count = fetch->count < STORE_OF_KEY_ID_MAX ? fetch->count : STORE_OF_KEY_ID_MAX;
    fetch->rows = rows;
    fetch->outcome = STORE_FOUND;
}

void world_fetch(struct world *world, struct store_fetch *fetch)
{
    void *row;

    fetch->outcome = STORE_ABSENT;
    if (++world->fetches_seen == world->fail_fetch_at) {
        fetch->outcome = STORE_FETCH_UNAVAILABLE;
        return;
    }
    row = fetch->index == STORE_BY_KEY ? world_find(world, fetch->kind, fetch->issuer, fetch->key) : NULL;
    if (fetch->index == STORE_ALL_CRL_URLS)
        find_crl_urls(world, fetch);
    else if (fetch->index != STORE_BY_KEY)
        find_by_key_id(world, fetch);
    if (row != NULL) {
        fetch->rows = arena_alloc(fetch->arena, store_tables[fetch->kind].row_size);
        must(fetch->rows != NULL && rows_copy(fetch->rows, &store_tables[fetch->kind], row, fetch->arena));
        fetch->count = 1;
        fetch->outcome = STORE_FOUND;
    }
    if (world->mirror != NULL)
        mirror_fetch(world->mirror, world, fetch);
}

static int conflict(struct store_unit *unit, enum store_precondition which)
{
    unit->outcome = STORE_CONFLICT;
    unit->conflict = which;
    return 0;
}

static int key_is_used(const struct world *world, struct bytes issuer, struct bytes spki_hash)
{
    for (size_t i = 0; i < world->cert_count; i++)
        if (bytes_equal(bytes_of(world->certs[i].issuer, STORE_ISSUER_ID), issuer) &&
            bytes_equal(world->certs[i].row.spki_hash, spki_hash) &&
            world->certs[i].row.status != STORE_CERT_REVOKED)
            return 1;
    return 0;
}

static int secret_is_usable(const struct store_secret *secret, const struct store_unit *unit)
{
    return secret != NULL && (secret->expires == 0 || secret->expires > unit->now) &&
           (secret->reusable || secret->bound_to.len == 0);
}

static int changes(const struct store_cert_change *change, const struct store_cert *cert)
{
    /* revocation is final */
    return cert != NULL && cert->status != STORE_CERT_REVOKED &&
           (change->only_from == 0 || change->only_from == cert->status) &&
           (change->former == NULL || bytes_equal(*change->former, cert->successor));
}

static int inserts_something_twice(const struct world *world, const struct store_unit *unit)
{
    for (size_t i = 0; i < unit->write_count; i++) {
        const struct store_write *write = &unit->writes[i];
        if (write->how == STORE_INSERT && world_find(world, write->kind, unit->issuer,
                                                     row_key(write->row, &store_tables[write->kind])) != NULL)
            return 1;
    }
    return 0;
}

static int claim_has_changed(const struct world *world, const struct store_unit *unit)
{
    const struct store_claim *claim = store_unit_claim(unit);
    const struct store_claim *stored =
        claim != NULL ? world_find(world, STORE_CLAIMS, unit->issuer, claim->claim) : NULL;

    return stored != NULL && !bytes_equal(stored->serial, claim->former);
}

static int quota_is_used_up(const struct world *world, const struct store_unit *unit)
{
    const struct store_claim *quota = store_unit_quota(unit);
    const struct store_claim *stored =
        quota != NULL ? world_find(world, STORE_CLAIMS, unit->issuer, quota->claim) : NULL;

    return stored != NULL && !store_claim_has_room(quota, stored);
}

static int preconditions_hold(struct world *world, struct store_unit *unit)
{
    struct store_tx *tx = world_find(world, STORE_TRANSACTIONS, unit->issuer, unit->tx_id);
    struct store_secret *secret = world_find(world, STORE_SECRETS, unit->issuer, unit->secret_reference);
    struct store_cert *signer = world_find(world, STORE_CERTIFICATES, unit->issuer, unit->signer_serial);
    const struct store_cert_change *required = store_unit_required(unit);

    if (store_unit_row(unit, STORE_TRANSACTIONS) != NULL &&
        (store_unit_inserts_tx(unit)
             ? tx != NULL
             : (tx == NULL || (unit->expect_state != 0 && tx->state != unit->expect_state) ||
                (unit->expect_free_at != 0 && (tx->free_at == 0 || tx->free_at > unit->expect_free_at))))) {
        if (tx != NULL)
            unit->row = *tx;
        return conflict(unit, STORE_PRE_TX);
    }
    if (unit->secret_reference.len != 0 && !secret_is_usable(secret, unit))
        return conflict(unit, STORE_PRE_SECRET);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->key_unblocked) != NULL)
        return conflict(unit, STORE_PRE_KEY_BLOCKED);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->signer_unblocked) != NULL)
        return conflict(unit, STORE_PRE_SIGNER_BLOCKED);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->device_unblocked) != NULL)
        return conflict(unit, STORE_PRE_DEVICE_BLOCKED);
    if (unit->key_unused.len != 0 && key_is_used(world, unit->issuer, unit->key_unused))
        return conflict(unit, STORE_PRE_KEY_UNUSED);
    if (unit->signer_serial.len != 0 &&
        (signer == NULL || signer->status == STORE_CERT_REVOKED || signer->status == STORE_CERT_HOLD))
        return conflict(unit, STORE_PRE_SIGNER);
    if (inserts_something_twice(world, unit))
        return conflict(unit, STORE_PRE_ROW);
    if (required != NULL &&
        !changes(required, world_find(world, STORE_CERTIFICATES, unit->issuer, required->serial)))
        return conflict(unit, STORE_PRE_CERT);
    if (claim_has_changed(world, unit) || quota_is_used_up(world, unit))
        return conflict(unit, STORE_PRE_CLAIM);
    if (secret != NULL && !secret->reusable)
        secret->bound_to = keep(world, unit->tx_id);
    return 1;
}

static size_t *count_of(struct world *world, enum store_kind kind)
{
    size_t *const counts[WORLD_KINDS] = {
        [STORE_TRANSACTIONS] = &world->tx_count,
        [STORE_CERTIFICATES] = &world->cert_count,
        [STORE_SECRETS] = &world->secret_count,
        [STORE_BLOCKED_KEYS] = &world->blocked_key_count,
        [STORE_DEVICES] = &world->device_count,
        [STORE_CLAIMS] = &world->claim_count,
        [STORE_REQUESTS] = &world->request_count,
        [STORE_APPROVALS] = &world->approval_count,
        [STORE_ANNOUNCEMENTS] = &world->announcement_count,
    };

    return counts[kind];
}

/* The last one takes its place. */
static void remove_here(struct world *world, const struct store_unit *unit, const struct store_write *write)
{
    struct world_memory memory = world_memory(world, write->kind);
    uint8_t *row =
        world_find(world, write->kind, unit->issuer, row_key(write->row, &store_tables[write->kind]));

    if (row == NULL)
        return;
    memmove(row - memory.row, memory.first + (memory.count - 1) * memory.size, memory.size);
    --*count_of(world, write->kind);
}

static int64_t count_before(const struct store_claim *stored, const struct store_claim *quota)
{
    return stored->day == store_claim_day(stored, quota->day) ? stored->day_count : 0;
}

static void write_here(struct world *world, const struct store_unit *unit, const struct store_write *write)
{
    const struct store_table *table = &store_tables[write->kind];
    struct world_memory memory = world_memory(world, write->kind);
    void *row = world_find(world, write->kind, unit->issuer, row_key(write->row, table));
    int64_t before = row != NULL && write->how == STORE_COUNT ? count_before(row, write->row) : 0;
    int64_t day = row != NULL && write->how == STORE_COUNT
                      ? store_claim_day(row, ((const struct store_claim *)write->row)->day)
                      : 0;

    if (row == NULL) {
        must(write->how != STORE_UPDATE && memory.count < memory.room);
        memcpy(world_issuer(&memory, memory.count), unit->issuer.data, STORE_ISSUER_ID);
        row = world_row(&memory, memory.count);
        ++*count_of(world, write->kind);
    } else if (write->how == STORE_ONCE ||
               (write->how == STORE_NEWER &&
                ((const struct store_announcement *)row)->announced_at >
                    ((const struct store_announcement *)write->row)->announced_at)) {
        return;
    }
    must(rows_copy(row, table, write->row, world->rows));
    if (day != 0) {
        ((struct store_claim *)row)->day = day;
        ((struct store_claim *)row)->day_count += before;
    }
}

static void change_here(struct world *world, const struct store_unit *unit,
                        const struct store_cert_change *change)
{
    struct store_cert *cert = world_find(world, STORE_CERTIFICATES, unit->issuer, change->serial);
    int stopped = change->status == STORE_CERT_REVOKED || change->status == STORE_CERT_HOLD;

    must(cert != NULL);
    if (!changes(change, cert))
        return;
    cert->status = change->status;
    cert->reason = stopped ? change->reason : 0;
    cert->revoked_at = stopped ? change->at : 0;
    if (change->successor.len != 0)
        cert->successor =
            bytes_equal(change->successor, cert->serial) ? bytes_of(NULL, 0) : keep(world, change->successor);
}

/* What storage/store.h says of every unit: each change is of another certificate, one of them is required at
 * most, one claim is swapped and one counted. */
static void check_unit(const struct store_unit *unit)
{
    size_t required = 0, of[STORE_HOWS] = {0};

    for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next) {
        required += change->required != 0;
        for (const struct store_cert_change *other = change->next; other != NULL; other = other->next)
            must(!bytes_equal(change->serial, other->serial));
    }
    for (size_t i = 0; i < unit->write_count; i++)
        of[unit->writes[i].how]++;
    must(required <= 1 && of[STORE_SWAP] <= 1 && of[STORE_COUNT] <= 1);
}

/* It notes the nonce of the answer, and nothing else changes. */
static int is_poll(const struct store_unit *unit)
{
    const struct store_tx *tx = store_unit_row(unit, STORE_TRANSACTIONS);

    return unit->write_count == 1 && unit->change == NULL && tx != NULL && tx->state == STORE_TX_WAITING &&
           unit->expect_state == STORE_TX_WAITING;
}

static int apply_unit(struct world *world, struct store_unit *unit, int is_with_others)
{
    check_unit(unit);
    if (!preconditions_hold(world, unit))
        return 0;
    for (size_t i = 0; i < unit->write_count; i++)
        if (unit->writes[i].how == STORE_REMOVE)
            remove_here(world, unit, &unit->writes[i]);
        else
            write_here(world, unit, &unit->writes[i]);
    for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next)
        change_here(world, unit, change);
    must(unit->audit != NULL || is_poll(unit) || is_with_others);
    world->polls += unit->audit == NULL && !is_with_others;
    world->commits += unit->audit != NULL;
    world->audits += unit->audit != NULL;
    if (unit->audit != NULL) {
        must(strcmp(unit->audit->outcome, "?") != 0);
        world->audit = *unit->audit;
        world->audit.who = keep(world, unit->audit->who);
        world->audit.detail = keep(world, unit->audit->detail);
    }
    return 1;
}

/* What those before one that cannot be done have written goes again. */
static void apply_here(struct world *world, struct store_unit *unit)
{
    struct world *before = unit->with != NULL ? malloc(sizeof *before) : NULL;
    struct store_unit *at = unit;

    must(unit->with == NULL || before != NULL);
    if (before != NULL)
        *before = *world;
    store_unit_forget(unit, STORE_DONE);
    while (at != NULL && apply_unit(world, at, unit->with != NULL))
        at = at->with;
    if (at != NULL) {
        unit->outcome = at->outcome;
        if (before != NULL)
            *world = *before;
    }
    free(before);
}

static void apply(struct world *world, struct store_unit *unit)
{
    if (world->mirror != NULL)
        mirror_bring(world->mirror, world);
    apply_here(world, unit);
    if (world->mirror != NULL)
        mirror_commit(world->mirror, world, unit);
}

void world_commit(struct world *world, struct store_unit *unit)
{
    void (*before)(struct world *) = world->before_commit;

    world->before_commit = NULL;
    if (before != NULL)
        before(world);
    if (++world->commits_seen != world->fail_commit_at) {
        apply(world, unit);
        return;
    }
    if (world->commit_fault == STORE_UNKNOWN && world->unknown_was_done)
        apply(world, unit);
    unit->outcome = world->commit_fault;
}

static void check_transaction(const struct world *world, struct bytes issuer, const struct store_tx *tx)
{
    const struct store_cert *cert = world_cert_of(world, tx->serial);
    int waits =
        world_find(world, STORE_REQUESTS, issuer, bytes_of(tx->request_hash.data, STORE_REQUEST)) != NULL;

    must(waits == (tx->state == STORE_TX_WAITING) && (tx->deadline != 0) >= waits);
    if (waits || (tx->state == STORE_TX_ENDED && tx->serial.len == 0 && tx->request_nonce.len != 0))
        return; /* it was denied, or nobody approved it in time */
    if (tx->answer.len != 0) {
        must(tx->serial.len == 0); /* of several: each has its own */
        return;
    }
    must(cert != NULL);
    switch (tx->state) {
    case STORE_TX_WAIT_CONFIRM: /* an RA may revoke it before it is confirmed */
        must(cert->status != STORE_CERT_VALID);
        break;
    case STORE_TX_CONFIRMED: /* it may have been revoked since */
        must(cert->status != STORE_CERT_UNCONFIRMED);
        break;
    case STORE_TX_REJECTED:
        must(cert->status == STORE_CERT_REVOKED);
        break;
    default: /* rr, or given up */
        must(cert->status == STORE_CERT_REVOKED || cert->status == STORE_CERT_HOLD);
    }
}

void world_check(const struct world *world)
{
    for (size_t i = 0; i < world->cert_count; i++) {
        const struct store_cert *cert = &world->certs[i].row;
        must(world_tx_of(world, cert->transaction_id) != NULL);
        for (size_t j = 0; j < i; j++)
            must(!bytes_equal(world->certs[j].row.transaction_id, cert->transaction_id) &&
                 !bytes_equal(world->certs[j].row.serial, cert->serial));
    }
    for (size_t i = 0; i < world->tx_count; i++)
        check_transaction(world, bytes_of(world->txs[i].issuer, STORE_ISSUER_ID), &world->txs[i].row);
    for (size_t i = 0; i < world->secret_count; i++)
        must(world->secrets[i].row.bound_to.len == 0 ||
             world_tx_of(world, world->secrets[i].row.bound_to) != NULL);
    must(world->audits == world->commits);
}
