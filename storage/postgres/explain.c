/* explain.c: why a group was not done: the rows that its units depend on are read, those units that cannot be
 * are told so, and the rest goes again. */
#include "writer.h"

static struct bytes expected_tx_key(const struct store_unit *unit)
{
    return store_unit_row(unit, STORE_TRANSACTIONS) != NULL ? unit->tx_id : bytes_of(NULL, 0);
}

static struct bytes secret_key(const struct store_unit *unit)
{
    return unit->secret_reference;
}

static struct bytes unblocked_key(const struct store_unit *unit)
{
    return unit->key_unblocked;
}

static struct bytes unblocked_signer_key(const struct store_unit *unit)
{
    return unit->signer_unblocked;
}

static struct bytes unblocked_device_key(const struct store_unit *unit)
{
    return unit->device_unblocked;
}

static struct bytes claim_key(const struct store_unit *unit)
{
    const struct store_claim *claim = store_unit_claim(unit);

    return claim != NULL ? claim->claim : bytes_of(NULL, 0);
}

static struct bytes quota_key(const struct store_unit *unit)
{
    const struct store_claim *quota = store_unit_quota(unit);

    return quota != NULL ? quota->claim : bytes_of(NULL, 0);
}

static struct bytes signer_key(const struct store_unit *unit)
{
    return unit->signer_serial;
}

static struct bytes unused_key(const struct store_unit *unit)
{
    return unit->key_unused;
}

static struct bytes required_change_key(const struct store_unit *unit)
{
    const struct store_cert_change *change = store_unit_required(unit);

    return change != NULL ? change->serial : bytes_of(NULL, 0);
}

enum {
    ASK_TX,
    ASK_SECRET,
    ASK_BLOCKED,
    ASK_BLOCKED_SIGNER,
    ASK_BLOCKED_DEVICE,
    ASK_SIGNER,
    ASK_KEY,
    ASK_CHANGE,
    ASK_CLAIM,
    ASK_QUOTA,
    QUESTIONS
};

static const struct question {
    enum postgres_statement statement;
    struct bytes (*key)(const struct store_unit *unit);
} questions[QUESTIONS] = {
    [ASK_TX] = {(enum postgres_statement)(SQL_GET + STORE_TRANSACTIONS), expected_tx_key},
    [ASK_SECRET] = {(enum postgres_statement)(SQL_GET + STORE_SECRETS), secret_key},
    [ASK_BLOCKED] = {(enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS), unblocked_key},
    [ASK_BLOCKED_SIGNER] = {(enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS), unblocked_signer_key},
    [ASK_BLOCKED_DEVICE] = {(enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS), unblocked_device_key},
    [ASK_SIGNER] = {(enum postgres_statement)(SQL_GET + STORE_CERTIFICATES), signer_key},
    [ASK_KEY] = {SQL_KEYS_IN_USE, unused_key},
    [ASK_CHANGE] = {(enum postgres_statement)(SQL_GET + STORE_CERTIFICATES), required_change_key},
    [ASK_CLAIM] = {(enum postgres_statement)(SQL_GET + STORE_CLAIMS), claim_key},
    [ASK_QUOTA] = {(enum postgres_statement)(SQL_GET + STORE_CLAIMS), quota_key},
};

void writer_send_questions(struct writer *writer)
{
    struct params *params = &writer->params;
    int ok = writer_add_rollback(writer);
    size_t i;
    writer->doing = WRITER_EXPLAINING;
    for (int q = 0; ok && q < QUESTIONS; q++) {
        params_reset(params);
        params_array(params, STORE_OCTETS);
        i = 0;
        for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &i, unit)) != NULL;)
            params_array_octets(params, unit->issuer);
        params_array_end(params);
        params_array(params, STORE_OCTETS);
        i = 0;
        for (const struct store_unit *unit = NULL; (unit = writer_next(writer, &i, unit)) != NULL;)
            params_array_octets(params, questions[q].key(unit));
        params_array_end(params);
        ok = round_add(writer->slot, questions[q].statement, params);
    }
    if (!ok || !round_send(writer->slot, postgres_now_ms()))
        writer_lose(writer, "sending failed");
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
    struct store_claim claim;
};

static enum store_precondition judge_tx(struct store_unit *unit, const PGresult *txs, size_t i,
                                        enum store_outcome *outcome)
{
    int row = row_about(txs, i), inserts = store_unit_inserts_tx(unit);
    if (row < 0)
        return inserts ? STORE_PRE_NONE : STORE_PRE_TX;
    /* Without the row the conflict would read as "absent", and be answered wrongly. */
    if (!rows_read(&unit->row, &store_tables[STORE_TRANSACTIONS], txs, row, 1, unit->arena)) {
        unit->row = (struct store_tx){0};
        *outcome = STORE_UNAVAILABLE;
        return STORE_PRE_TX;
    }
    if (inserts || !store_tx_is_expected(unit, unit->row.state, unit->row.free_at))
        return STORE_PRE_TX;
    unit->row = (struct store_tx){0};
    return STORE_PRE_NONE;
}

static int secret_is_usable(const struct store_unit *unit, const PGresult *secrets, size_t i,
                            struct look *look)
{
    int row = row_about(secrets, i);
    if (row < 0 || !rows_read(&look->secret, &store_tables[STORE_SECRETS], secrets, row, 1, look->arena))
        return 0;
    const struct store_secret *secret = &look->secret;
    return (secret->expires == 0 || secret->expires > unit->now) &&
           (secret->reusable || secret->bound_to.len == 0);
}

static int read_cert(struct look *look, const PGresult *certs, int row)
{
    return rows_read(&look->cert, &store_tables[STORE_CERTIFICATES], certs, row, 1, look->arena);
}

static int signer_is_good(const PGresult *signers, size_t i, struct look *look)
{
    int row = row_about(signers, i);
    return row >= 0 && read_cert(look, signers, row) && look->cert.status != STORE_CERT_REVOKED &&
           look->cert.status != STORE_CERT_HOLD;
}

static int changes(const struct store_cert_change *change, const PGresult *certs, size_t i, struct look *look)
{
    int row = row_about(certs, i);
    return row >= 0 && read_cert(look, certs, row) && look->cert.status != STORE_CERT_REVOKED &&
           (change->only_from == 0 || look->cert.status == change->only_from) &&
           (change->former == NULL || bytes_equal(look->cert.successor, *change->former));
}

static int claim_is_as_expected(const struct store_unit *unit, const PGresult *claims, size_t i,
                                struct look *look)
{
    const struct store_claim *claim = store_unit_claim(unit);
    int row = row_about(claims, i);
    return row < 0 || (rows_read(&look->claim, &store_tables[STORE_CLAIMS], claims, row, 1, look->arena) &&
                       bytes_equal(look->claim.serial, claim->former));
}

static int quota_has_room(const struct store_unit *unit, const PGresult *quotas, size_t i, struct look *look)
{
    int row = row_about(quotas, i);
    return row < 0 || (rows_read(&look->claim, &store_tables[STORE_CLAIMS], quotas, row, 1, look->arena) &&
                       store_claim_has_room(store_unit_quota(unit), &look->claim));
}

/* In the order of store.h: the first that fails is the conflict. */
static enum store_precondition judge(struct store_unit *unit, PGresult *const *answers, size_t i,
                                     struct look *look, enum store_outcome *outcome)
{
    enum store_precondition which = STORE_PRE_NONE;
    *outcome = STORE_CONFLICT;
    if (expected_tx_key(unit).len > 0)
        which = judge_tx(unit, answers[ASK_TX], i, outcome);
    if (which == STORE_PRE_NONE && unit->secret_reference.len > 0 &&
        !secret_is_usable(unit, answers[ASK_SECRET], i, look))
        which = STORE_PRE_SECRET;
    if (which == STORE_PRE_NONE && unit->key_unblocked.len > 0 && row_about(answers[ASK_BLOCKED], i) >= 0)
        which = STORE_PRE_KEY_BLOCKED;
    if (which == STORE_PRE_NONE && unit->signer_unblocked.len > 0 &&
        row_about(answers[ASK_BLOCKED_SIGNER], i) >= 0)
        which = STORE_PRE_SIGNER_BLOCKED;
    if (which == STORE_PRE_NONE && unit->device_unblocked.len > 0 &&
        row_about(answers[ASK_BLOCKED_DEVICE], i) >= 0)
        which = STORE_PRE_DEVICE_BLOCKED;
    if (which == STORE_PRE_NONE && unit->key_unused.len > 0 && row_about(answers[ASK_KEY], i) >= 0)
        which = STORE_PRE_KEY_UNUSED;
    if (which == STORE_PRE_NONE && unit->signer_serial.len > 0 &&
        !signer_is_good(answers[ASK_SIGNER], i, look))
        which = STORE_PRE_SIGNER;
    if (which == STORE_PRE_NONE && required_change_key(unit).len > 0 &&
        !changes(store_unit_required(unit), answers[ASK_CHANGE], i, look))
        which = STORE_PRE_CERT;
    if (which == STORE_PRE_NONE && claim_key(unit).len > 0 &&
        !claim_is_as_expected(unit, answers[ASK_CLAIM], i, look))
        which = STORE_PRE_CLAIM;
    if (which == STORE_PRE_NONE && quota_key(unit).len > 0 &&
        !quota_has_room(unit, answers[ASK_QUOTA], i, look))
        which = STORE_PRE_CLAIM;
    return which;
}

/* Of a lone removal, or of who wants a lease, nothing else can be the reason. */
static enum store_precondition remaining_reason(const struct store_unit *unit)
{
    return unit->lease != NULL ? STORE_PRE_LEASE : unit->removal != NULL ? STORE_PRE_OLD : STORE_PRE_NONE;
}

/* Of those that are done together the first that fails is the reason for all. |*at| is the place of |first|
 * among all units of the group, and of the one after those at the end. Returns 1 if none fails. */
static int judge_together(struct store_unit *first, PGresult *const *answers, size_t *at, struct look *look,
                          enum store_outcome *outcome)
{
    int is_well = 1;
    store_unit_forget(first, STORE_DONE);
    for (struct store_unit *unit = first; unit != NULL; unit = unit->with, ++*at)
        if (is_well && (unit->conflict = judge(unit, answers, *at, look, outcome)) != STORE_PRE_NONE)
            is_well = 0;
    return is_well;
}

void writer_read_answers(struct writer *writer)
{
    enum { LOOK_ARENA = POSTGRES_GROUP_MAX * 32 * 1024 };
    struct round *round = &writer->slot->round;
    /* A rollback may stand before them. */
    PGresult *const *answers = &round->results[round->answered - QUESTIONS];
    struct look look = {.arena = arena_new(LOOK_ARENA)};
    size_t found = 0, at = 0;
    for (size_t i = 0; look.arena != NULL && i < writer->group; i++) {
        enum store_outcome outcome;
        if (judge_together(writer_unit(writer, i), answers, &at, &look, &outcome))
            continue;
        writer_tell(writer, i, outcome);
        found++;
    }
    arena_free(look.arena);
    round_clear(writer->slot);
    if (found > 0) {
        writer_compact(writer);
        writer->attempts = 0;
        writer->tell_ms = 0;
    } else {
        writer_try_less(writer, remaining_reason(writer_unit(writer, 0)));
    }
}
