/* test_postgres_explain.c: of a group that was not done, which units cannot be, and why
 * (storage/postgres/explain.c). Without a database: the answers are the test's. */
#include <criterion/criterion.h>
#include <libpq-fe.h>

#include "storage/postgres/writer.h"
#include "units.h"

enum { UNITS = 3, ROOM = 1024 };

static struct {
    enum postgres_statement sent[32];
    size_t count, adds_left;
    int sends, refuses_send, losses, compacted, cleared;
    int told[UNITS], less;
} net;

static int fake_add(struct slot *slot, enum postgres_statement statement, const struct params *params)
{
    (void)slot;
    cr_assert_eq(params->count, 2, "issuers and keys");
    if (net.adds_left == 0)
        return 0;
    net.adds_left--;
    net.sent[net.count++] = statement;
    return 1;
}

static int fake_send(struct slot *slot, int64_t now_ms)
{
    (void)slot, (void)now_ms;
    net.sends++;
    return !net.refuses_send;
}

static void fake_clear(struct slot *slot)
{
    slot->round.answered = 0;
    net.cleared++;
}

static void fake_lose(struct writer *writer, const char *why)
{
    (void)writer, (void)why;
    net.losses++;
}

static void fake_tell(struct writer *writer, size_t i, enum store_outcome outcome)
{
    (void)writer;
    net.told[i] = (int)outcome;
}

static void fake_compact(struct writer *writer)
{
    (void)writer;
    net.compacted++;
}

static void fake_less(struct writer *writer, enum store_precondition last)
{
    (void)writer;
    net.less = (int)last + 1;
}

static int fake_rollback(struct writer *writer)
{
    (void)writer;
    return 1;
}

#define round_add fake_add
#define round_send fake_send
#define round_clear fake_clear
#define writer_lose fake_lose
#define writer_tell fake_tell
#define writer_compact fake_compact
#define writer_try_less fake_less
#define writer_add_rollback fake_rollback
/* NOLINTNEXTLINE(bugprone-suspicious-include): its answers are the test's */
#include "storage/postgres/explain.c"

static struct writer *writer;
static struct slot slot;
static struct enrollment e[UNITS];
static struct store_unit units[UNITS];
static PGresult *answers[QUESTIONS + 1];

static PGresult *new_answer(size_t columns)
{
    PGresAttDesc attributes[STORE_COLUMNS_MAX + 1];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    for (size_t i = 0; i < columns; i++)
        attributes[i] = (PGresAttDesc){.name = "c", .format = 1, .typid = 17, .typlen = -1, .atttypmod = -1};
    cr_assert(result != NULL && PQsetResultAttrs(result, (int)columns, attributes));
    return result;
}

static void set_value(PGresult *result, int row, int column, struct bytes value)
{
    cr_assert(PQsetvalue(result, row, column,
                         (char *)(uintptr_t)(value.len != 0 ? value.data : (const uint8_t *)""),
                         (int)value.len));
}

/* Adds |row| of |table| (NULL: no more than its place), which is about unit |i|. */
static void found(int question, size_t i, const struct store_table *table, const void *row)
{
    PGresult *result = answers[question + 1];
    int at = PQntuples(result);
    uint8_t octets[8] = {0, 0, 0, 0, 0, 0, 0, (uint8_t)(i + 1)};

    set_value(result, at, 0, bytes_of(octets, sizeof octets));
    for (size_t c = 0; table != NULL && c < table->count; c++) {
        const struct store_column *column = &table->columns[c];
        if (row_is_octets(column)) {
            set_value(result, at, (int)c + 1, row_octets(row, column));
            continue;
        }
        for (int o = 0; o < 8; o++)
            octets[o] = (uint8_t)((uint64_t)row_number(row, column) >> (8 * (7 - o)));
        set_value(result, at, (int)c + 1, bytes_of(octets, sizeof octets));
    }
}

static void found_tx(size_t i, enum store_tx_state state)
{
    struct store_tx tx = e[i].tx;

    tx.state = state;
    found(ASK_TX, i, &store_tables[STORE_TRANSACTIONS], &tx);
}

static void found_cert(int question, size_t i, enum store_cert_status status)
{
    struct store_cert cert = e[i].cert;

    cert.status = status;
    found(question, i, &store_tables[STORE_CERTIFICATES], &cert);
}

static void found_secret(size_t i, struct store_secret secret)
{
    secret.reference = bytes_str("ref");
    found(ASK_SECRET, i, &store_tables[STORE_SECRETS], &secret);
}

static void clear_answers(void)
{
    static const enum store_kind kinds[] = {
        [ASK_TX] = STORE_TRANSACTIONS,     [ASK_SECRET] = STORE_SECRETS, [ASK_SIGNER] = STORE_CERTIFICATES,
        [ASK_CHANGE] = STORE_CERTIFICATES, [ASK_CLAIM] = STORE_CLAIMS,   [ASK_QUOTA] = STORE_CLAIMS};

    for (int q = -1; q < QUESTIONS; q++) {
        PQclear(answers[q + 1]);
        answers[q + 1] = new_answer(q < 0 || q == ASK_KEY ? 1 : store_tables[kinds[q]].count + 1);
    }
}

static void set_up(void)
{
    writer = calloc(1, sizeof *writer);
    cr_assert_not_null(writer);
    writer->slot = &slot;
    net.adds_left = 16;
    for (size_t i = 0; i < UNITS; i++) {
        enrollment_init(&e[i], 1, (uint32_t)i);
        units[i] = (struct store_unit){.issuer = test_issuer(), .now = NOW, .arena = e[i].unit.arena};
        writer->entries[i].item = &units[i];
    }
    writer->count = writer->group = UNITS;
    clear_answers();
}

static void tear_down(void)
{
    for (size_t i = 0; i < UNITS; i++)
        arena_free(e[i].unit.arena);
    for (int q = 0; q <= QUESTIONS; q++)
        PQclear(answers[q]);
    params_free(&writer->params);
    free(writer);
}

TestSuite(postgres_explain, .init = set_up, .fini = tear_down);

/* What unit 1 is told; the others have nothing that could be wrong. A rollback was answered first. */
static enum store_precondition judged(void)
{
    memset(net.told, 0, sizeof net.told);
    net.compacted = net.less = net.cleared = 0;
    units[1].conflict = STORE_PRE_NONE;
    memcpy(slot.round.results, answers, sizeof answers);
    slot.round.answered = QUESTIONS + 1;
    writer_read_answers(writer);
    cr_expect_eq(net.told[0] + net.told[2], 0);
    cr_expect_eq(net.cleared, 1);
    cr_expect_eq(net.compacted, net.told[1] != 0);
    cr_expect_eq(net.less != 0, net.told[1] == 0);
    return units[1].conflict;
}

Test(postgres_explain, each_question_is_asked_once)
{
    static const enum postgres_statement statements[] = {
        (enum postgres_statement)(SQL_GET + STORE_TRANSACTIONS),
        (enum postgres_statement)(SQL_GET + STORE_SECRETS),
        (enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS),
        (enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS),
        (enum postgres_statement)(SQL_GET + STORE_BLOCKED_KEYS),
        (enum postgres_statement)(SQL_GET + STORE_CERTIFICATES),
        SQL_KEYS_IN_USE,
        (enum postgres_statement)(SQL_GET + STORE_CERTIFICATES),
        (enum postgres_statement)(SQL_GET + STORE_CLAIMS),
        (enum postgres_statement)(SQL_GET + STORE_CLAIMS)};

    writer_send_questions(writer);
    cr_assert_eq(net.count, 10);
    for (size_t i = 0; i < 10; i++)
        cr_expect_eq(net.sent[i], statements[i], "%zu", i);
    cr_expect_eq(net.sends, 1);
    cr_expect_eq(net.losses, 0);
    cr_expect_eq(writer->doing, WRITER_EXPLAINING);
    net.refuses_send = 1;
    writer_send_questions(writer);
    cr_expect_eq(net.losses, 1);
    net.adds_left = 3;
    net.sends = 0;
    writer_send_questions(writer);
    cr_expect_eq(net.losses, 2);
    cr_expect_eq(net.sends, 0);
}

Test(postgres_explain, a_transaction_is_absent_or_in_its_state)
{
    units[1].tx_id = e[1].tx.transaction_id;
    store_unit_write(&units[1], STORE_INSERT, STORE_TRANSACTIONS, &e[1].tx);
    cr_expect_eq(judged(), STORE_PRE_NONE);
    found_tx(1, STORE_TX_WAIT_CONFIRM);
    cr_expect_eq(judged(), STORE_PRE_TX);
    cr_expect_eq(net.told[1], STORE_CONFLICT);
    cr_expect_eq(units[1].row.state, STORE_TX_WAIT_CONFIRM, "the row is told");
    cr_expect(bytes_equal(units[1].row.transaction_id, e[1].tx.transaction_id));
    units[1].write_count = 0;
    store_unit_write(&units[1], STORE_UPDATE, STORE_TRANSACTIONS, &e[1].tx);
    units[1].expect_state = STORE_TX_WAIT_CONFIRM;
    cr_expect_eq(judged(), STORE_PRE_NONE);
    cr_expect_eq(units[1].row.state, 0);
    units[1].expect_state = STORE_TX_CONFIRMED;
    cr_expect_eq(judged(), STORE_PRE_TX);
    units[1].expect_state = 0; /* any */
    cr_expect_eq(judged(), STORE_PRE_NONE);
    units[1].expect_free_at = NOW + 599;
    cr_expect_eq(judged(), STORE_PRE_TX, "its transactionID is not free yet");
    units[1].expect_free_at = NOW + 600;
    cr_expect_eq(judged(), STORE_PRE_NONE);
    clear_answers();
    cr_expect_eq(judged(), STORE_PRE_TX, "it is gone");
    cr_expect_eq(units[1].row.transaction_id.len, 0);
    found_tx(0, STORE_TX_WAIT_CONFIRM);
    cr_expect_eq(judged(), STORE_PRE_TX, "another unit's is not this one's");
}

/* Without the row the conflict would read as "absent". */
Test(postgres_explain, a_row_that_does_not_fit_is_no_conflict)
{
    units[1].tx_id = e[1].tx.transaction_id;
    units[1].arena = arena_new(16);
    store_unit_write(&units[1], STORE_INSERT, STORE_TRANSACTIONS, &e[1].tx);
    found_tx(1, STORE_TX_WAIT_CONFIRM);
    judged();
    cr_expect_eq(net.told[1], STORE_UNAVAILABLE);
    cr_expect_eq(units[1].row.state, 0);
    arena_free(units[1].arena);
}

Test(postgres_explain, a_secret_is_there_and_free)
{
    static const struct {
        struct store_secret secret;
        int is_usable;
    } rows[] = {
        {{.expires = 0}, 1},
        {{.expires = NOW + 1}, 1},
        {{.expires = NOW}, 0},
        {{.expires = NOW - 1, .reusable = 1}, 0},
        {{.bound_to = {(const uint8_t *)"mine", 4}}, 0},
        {{.bound_to = {(const uint8_t *)"other", 5}}, 0},
        {{.bound_to = {(const uint8_t *)"other", 5}, .reusable = 1}, 1},
    };

    units[1].secret_reference = bytes_str("ref");
    units[1].tx_id = bytes_str("mine");
    cr_expect_eq(judged(), STORE_PRE_SECRET, "there is none");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clear_answers();
        found_secret(1, rows[i].secret);
        cr_expect_eq(judged(), rows[i].is_usable ? STORE_PRE_NONE : STORE_PRE_SECRET, "%zu", i);
    }
}

Test(postgres_explain, a_key_is_in_use_or_not)
{
    units[1].key_unused = bytes_str("key");
    cr_expect_eq(judged(), STORE_PRE_NONE);
    found(ASK_KEY, 0, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_NONE);
    found(ASK_KEY, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_KEY_UNUSED);
    units[1].key_unused = bytes_of(NULL, 0);
    cr_expect_eq(judged(), STORE_PRE_NONE, "it does not matter");
}

Test(postgres_explain, a_key_is_blocked_or_not)
{
    units[1].key_unblocked = bytes_str("key");
    units[1].signer_unblocked = bytes_str("signer");
    cr_expect_eq(judged(), STORE_PRE_NONE);
    found(ASK_BLOCKED, 0, NULL, NULL);
    found(ASK_BLOCKED_SIGNER, 2, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_NONE, "those of others");
    found(ASK_BLOCKED_SIGNER, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_SIGNER_BLOCKED);
    found(ASK_BLOCKED, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_KEY_BLOCKED);
    units[1].key_unblocked = units[1].signer_unblocked = bytes_of(NULL, 0);
    cr_expect_eq(judged(), STORE_PRE_NONE, "it does not matter");
}

static const enum store_cert_status statuses[] = {STORE_CERT_UNCONFIRMED, STORE_CERT_VALID,
                                                  STORE_CERT_REVOKED, STORE_CERT_HOLD};

Test(postgres_explain, a_signer_is_good)
{
    units[1].signer_serial = bytes_str("serial");
    cr_expect_eq(judged(), STORE_PRE_SIGNER, "there is none");
    for (size_t i = 0; i < 4; i++) {
        clear_answers();
        found_cert(ASK_SIGNER, 1, statuses[i]);
        cr_expect_eq(judged(), i < 2 ? STORE_PRE_NONE : STORE_PRE_SIGNER, "%zu", i);
    }
}

/* A change that need not be made is none, whatever the certificate is like. */
Test(postgres_explain, a_required_change_is_possible)
{
    struct store_cert_change change = {.serial = bytes_str("serial"), .required = 1};

    units[1].change = &change;
    cr_expect_eq(judged(), STORE_PRE_CERT, "there is no such certificate");
    for (size_t i = 0; i < 4; i++) {
        clear_answers();
        found_cert(ASK_CHANGE, 1, statuses[i]);
        change.only_from = 0;
        cr_expect_eq(judged(), i != 2 ? STORE_PRE_NONE : STORE_PRE_CERT, "revocation is final");
        change.only_from = STORE_CERT_VALID;
        cr_expect_eq(judged(), i == 1 ? STORE_PRE_NONE : STORE_PRE_CERT, "%zu", i);
    }
    change.required = 0;
    cr_expect_eq(judged(), STORE_PRE_NONE);
}

/* The order of store.h: the first that fails is the conflict. */
Test(postgres_explain, a_quota_has_room_or_not)
{
    struct store_claim quota = {.claim = bytes_str("quota"), .day = 100, .day_count = 1, .most = 2};
    struct store_claim stored = quota;

    store_unit_write(&units[1], STORE_COUNT, STORE_CLAIMS, &quota);
    cr_assert_eq(judged(), STORE_PRE_NONE, "it is not there yet");
    for (int64_t count = 1; count < 4; count++) {
        stored.day_count = count;
        clear_answers();
        found(ASK_QUOTA, 1, &store_tables[STORE_CLAIMS], &stored);
        cr_expect_eq(judged(), count < 2 ? STORE_PRE_NONE : STORE_PRE_CLAIM, "%d", (int)count);
    }
    stored.day = 99;
    clear_answers();
    found(ASK_QUOTA, 1, &store_tables[STORE_CLAIMS], &stored);
    cr_expect_eq(judged(), STORE_PRE_NONE, "another day");
}

Test(postgres_explain, the_first_that_fails_is_told)
{
    const struct store_cert_change change = {.serial = bytes_str("serial"), .required = 1};

    units[1].change = &change;
    cr_expect_eq(judged(), STORE_PRE_CERT);
    units[1].signer_serial = bytes_str("serial");
    cr_expect_eq(judged(), STORE_PRE_SIGNER);
    units[1].key_unused = bytes_str("key");
    found(ASK_KEY, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_KEY_UNUSED);
    units[1].signer_unblocked = bytes_str("signer");
    found(ASK_BLOCKED_SIGNER, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_SIGNER_BLOCKED);
    units[1].key_unblocked = bytes_str("key");
    found(ASK_BLOCKED, 1, NULL, NULL);
    cr_expect_eq(judged(), STORE_PRE_KEY_BLOCKED);
    units[1].secret_reference = bytes_str("ref");
    cr_expect_eq(judged(), STORE_PRE_SECRET);
    units[1].tx_id = e[1].tx.transaction_id;
    store_unit_write(&units[1], STORE_UPDATE, STORE_TRANSACTIONS, &e[1].tx);
    cr_expect_eq(judged(), STORE_PRE_TX);
}

/* Of a lone removal nothing else can be the reason. */
Test(postgres_explain, what_nothing_explains_is_tried_in_parts)
{
    const struct store_removal removal = {.kind = STORE_CERTIFICATES};

    writer->attempts = 3;
    cr_expect_eq(judged(), STORE_PRE_NONE);
    cr_expect_eq(net.less, STORE_PRE_NONE + 1);
    cr_expect_eq(writer->attempts, 3);
    units[0].removal = &removal;
    judged();
    cr_expect_eq(net.less, STORE_PRE_OLD + 1);
    units[0].removal = NULL;
    units[1].signer_serial = bytes_str("serial");
    writer->tell_ms = 5;
    judged();
    cr_expect_eq(writer->attempts, 0, "the rest is another group");
    cr_expect_eq(writer->tell_ms, 0);
}
