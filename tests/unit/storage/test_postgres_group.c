/* test_postgres_group.c: which units make a group, and what its statements take of them
 * (storage/postgres/group.c). Without a database: statements are noted. */
#include <criterion/criterion.h>
#include <libpq-fe.h>

#include "storage/postgres/writer.h"
#include "units.h"

enum { SENT_MAX = 64 };

static struct {
    struct {
        enum postgres_statement statement;
        int count; /* of its parameters */
        uint8_t octets[4096];
        size_t at[PARAMS_MAX], end[PARAMS_MAX];
    } sent[SENT_MAX];
    size_t count, adds_left;
    int sends, losses, refuses_send, in_error, starved;
    char told[16];
} net;

static int fake_add(struct slot *slot, enum postgres_statement statement, const struct params *params)
{
    (void)slot;
    cr_assert_lt(net.count, SENT_MAX);
    if (net.adds_left == 0)
        return 0;
    net.adds_left--;
    net.sent[net.count].statement = statement;
    net.sent[net.count].count = params != NULL ? params->count : 0;
    if (params != NULL) {
        cr_assert(!params->failed && params->len <= sizeof net.sent[0].octets);
        memcpy(net.sent[net.count].octets, params->data, params->len);
        memcpy(net.sent[net.count].at, params->at, sizeof params->at);
        memcpy(net.sent[net.count].end, params->end, sizeof params->end);
    }
    net.count++;
    return 1;
}

static int fake_send(struct slot *slot, int64_t now_ms)
{
    (void)slot, (void)now_ms;
    net.sends++;
    return !net.refuses_send;
}

static void fake_lose(struct writer *writer, const char *why)
{
    (void)writer, (void)why;
    net.losses++;
}

static PGTransactionStatusType fake_transaction(const PGconn *conn)
{
    (void)conn;
    return net.in_error ? PQTRANS_INERROR : PQTRANS_IDLE;
}

/* A record is there if a unit has one. */
static int fake_entry(struct store_entry *out, const struct audit_chain *chain,
                      struct store_unit *const *units, size_t n, int64_t at)
{
    (void)chain;
    *out = (struct store_entry){.at = at, .seq = 1};
    for (size_t i = 0; i < n; i++)
        if (units[i]->audit != NULL)
            out->records = bytes_str("records");
    return !net.starved;
}

static void fake_tell_group(struct writer *writer, enum store_outcome outcome)
{
    snprintf(net.told, sizeof net.told, "%zu:%d", writer->group, (int)outcome);
}

#define round_add fake_add
#define round_send fake_send
#define writer_lose fake_lose
#define writer_tell_group fake_tell_group
#define audit_entry_make fake_entry
#define PQtransactionStatus fake_transaction
/* NOLINTNEXTLINE(bugprone-suspicious-include): its rounds are the test's */
#include "storage/postgres/group.c"

static struct writer *writer;
static struct slot slot;
static struct enrollment *e;

enum { ENROLLMENTS = 520 };

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    writer = calloc(1, sizeof *writer);
    e = calloc(ENROLLMENTS, sizeof *e);
    cr_assert(writer != NULL && e != NULL);
    writer->slot = &slot;
    writer->limit = POSTGRES_GROUP_MAX;
    net.adds_left = SENT_MAX;
    issuer_octets[0] = 7;
}

static void tear_down(void)
{
    for (size_t i = 0; i < ENROLLMENTS; i++)
        arena_free(e[i].unit.arena);
    params_free(&writer->params);
    free(writer);
    free(e);
}

TestSuite(postgres_group, .init = set_up, .fini = tear_down);

/* |count| enrollments wait, each with rows of its own. */
static void wait_for(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (e[i].unit.arena == NULL)
            enrollment_init(&e[i], 1, (uint32_t)i);
        writer->entries[i].item = &e[i].unit;
    }
    writer->count = count;
}

/* ---- its size ---- */

Test(postgres_group, a_group_is_what_waits_up_to_its_limit)
{
    wait_for(10);
    cr_assert_eq(group_size(writer), 10);
    writer->limit = 4;
    cr_assert_eq(group_size(writer), 4);
    writer->limit = POSTGRES_GROUP_MAX;
    writer->count = 1;
    cr_assert_eq(group_size(writer), 1);
}

/* Two rows each, and five keys besides. */
Test(postgres_group, rows_of_a_group_have_a_bound)
{
    wait_for(POSTGRES_GROUP_MAX);
    cr_assert_eq(group_size(writer), POSTGRES_ROWS_MAX / 7);
    store_unit_write(&e[3].unit, STORE_INSERT, STORE_CERTIFICATES, &e[ENROLLMENTS - 1].cert);
    cr_assert_eq(group_size(writer), POSTGRES_ROWS_MAX / 7 - 1, "a row more is a unit less");
    /* Of 3584 there are six left. One change is among the keys of its unit; seven more are one too many. */
    struct store_cert_change changes[8] = {{.serial = bytes_str("1")}};
    for (size_t i = 1; i < 8; i++)
        changes[i] =
            (struct store_cert_change){.serial = bytes_str(&"2345678"[i - 1]), .next = &changes[i - 1]};
    e[4].unit.change = &changes[0];
    cr_assert_eq(group_size(writer), POSTGRES_ROWS_MAX / 7 - 1);
    e[4].unit.change = &changes[6];
    cr_assert_eq(group_size(writer), POSTGRES_ROWS_MAX / 7 - 1);
    e[4].unit.change = &changes[7];
    cr_assert_eq(group_size(writer), POSTGRES_ROWS_MAX / 7 - 2);
}

/* The second of two that touch a row has to see the other's work. */
Test(postgres_group, what_touches_a_row_of_another_comes_later)
{
    const struct store_cert_change change = {.serial = bytes_str("serial")},
                                   other = {.serial = bytes_str("other")};

    wait_for(10);
    struct bytes own = e[5].tx.transaction_id;
    e[5].tx.transaction_id = e[2].tx.transaction_id;
    cr_expect_eq(group_size(writer), 5, "a transaction");
    e[5].tx.transaction_id = own;
    e[6].cert.serial = e[2].cert.serial;
    cr_expect_eq(group_size(writer), 6, "a certificate");
    e[6].unit.issuer = bytes_str("another issuer's");
    cr_expect_eq(group_size(writer), 10);
    e[7].unit.key_unused = e[1].unit.key_unused;
    cr_expect_eq(group_size(writer), 7, "a key");
    e[7].unit.key_unused = bytes_of(NULL, 0);
    e[8].unit.change = &change;
    e[9].unit.change = &other;
    cr_expect_eq(group_size(writer), 10);
    e[9].unit.change = &change;
    cr_expect_eq(group_size(writer), 9, "a change");
    e[9].unit.change = NULL;
    /* The first is taken in any case, though it touches a row of its own twice. */
    store_unit_write(&e[0].unit, STORE_INSERT, STORE_CERTIFICATES, &e[0].cert);
    cr_expect_eq(group_size(writer), 10);
}

Test(postgres_group, administration_goes_alone)
{
    const struct store_removal removal = {.kind = STORE_CERTIFICATES};
    struct store_node node = {.name = bytes_str("n")};
    struct store_seal seal = {.number = 1};
    struct store_unit units[4] = {{.alive_at = 1}, {.removal = &removal}};

    store_unit_write(&units[2], STORE_PUT, STORE_NODES, &node);
    store_unit_write(&units[3], STORE_ONCE, STORE_SEALS, &seal);
    for (size_t i = 0; i < 4; i++) {
        wait_for(10);
        writer->entries[6].item = &units[i];
        cr_expect_eq(group_size(writer), 6, "%zu", i);
        writer->entries[0].item = &units[i];
        cr_expect_eq(group_size(writer), 1, "%zu", i);
    }
}

/* ---- its order ---- */

Test(postgres_group, octets_are_compared_as_the_database_does)
{
    static const char *const sorted[] = {"", "\1", "\1\1", "\1\2", "\2", "\x80", "\xff"};

    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 7; j++) {
            int order = compare(bytes_str(sorted[i]), bytes_str(sorted[j]));
            cr_expect((order < 0) == (i < j) && (order > 0) == (i > j), "%d %d: %d", i, j, order);
            struct member a = {.issuer = bytes_str(sorted[i]), .key = bytes_str("b")},
                          b = {.issuer = bytes_str(sorted[j]), .key = bytes_str("a")};
            order = by_key(&a, &b);
            cr_expect((order < 0) == (i < j), "issuers first, then keys: %d %d", i, j);
        }
}

/* ---- its statements ---- */

static void expect_sent(const enum postgres_statement *statements, size_t count)
{
    cr_expect_eq(net.count, count, "%zu of %zu", net.count, count);
    for (size_t i = 0; i < count && i < net.count; i++)
        cr_expect_eq(net.sent[i].statement, statements[i], "%zu: %d", i, (int)net.sent[i].statement);
}

/* The |n|th element of the array that is parameter |param|. */
static struct bytes element(size_t sent, int param, size_t n)
{
    enum { HEAD = 20 };
    const uint8_t *at = net.sent[sent].octets + net.sent[sent].at[param] + HEAD;
    const uint8_t *end = net.sent[sent].octets + net.sent[sent].end[param];

    for (;; n--) {
        size_t len;
        cr_assert_lt(at, end, "there are fewer");
        len = (size_t)at[2] << 8 | at[3];
        if (n == 0)
            return bytes_of(at + 4, len);
        at += 4 + len;
    }
}

Test(postgres_group, an_enrollment_is_a_transaction_of_its_rows)
{
    const enum postgres_statement statements[] = {SQL_BEGIN,
                                                  postgres_write(STORE_TRANSACTIONS, STORE_INSERT),
                                                  SQL_KEYS_LOCK,
                                                  SQL_KEYS_UNUSED,
                                                  postgres_write(STORE_CERTIFICATES, STORE_INSERT),
                                                  postgres_write(STORE_ENTRIES, STORE_INSERT),
                                                  SQL_COMMIT};

    wait_for(2);
    writer_send_group(writer);
    expect_sent(statements, sizeof statements / sizeof statements[0]);
    cr_assert_eq(net.sends, 1);
    cr_assert_eq(net.losses, 0);
    cr_assert_eq(writer->doing, WRITER_COMMITTING);
    cr_assert_eq(writer->group, 2);
    /* Rows are sorted by key, whoever came first. */
    int is_swapped = compare(e[0].tx.transaction_id, e[1].tx.transaction_id) > 0;
    cr_expect(bytes_equal(element(1, 0, 0), test_issuer()));
    cr_expect(bytes_equal(element(1, 1, 0), e[is_swapped].tx.transaction_id));
    cr_expect(bytes_equal(element(1, 1, 1), e[!is_swapped].tx.transaction_id));
    cr_expect(bytes_equal(element(2, 1, 0), e[1].cert.spki_hash), "that of the one which wants it unused");
}

Test(postgres_group, a_transaction_that_failed_is_ended_first)
{
    wait_for(1);
    net.in_error = 1;
    writer_send_group(writer);
    cr_assert_eq(net.sent[0].statement, SQL_ROLLBACK);
    cr_assert_eq(net.sent[1].statement, SQL_BEGIN);
}

Test(postgres_group, without_records_there_is_no_entry)
{
    wait_for(1);
    e[0].unit.audit = NULL;
    writer_send_group(writer);
    for (size_t i = 0; i < net.count; i++)
        cr_assert_neq(net.sent[i].statement, postgres_write(STORE_ENTRIES, STORE_INSERT));
}

Test(postgres_group, what_cannot_be_sent_loses_the_connection)
{
    wait_for(2);
    for (size_t adds = 0; adds < 7; adds++) {
        net.adds_left = adds;
        net.count = 0;
        writer_send_group(writer);
        cr_expect_eq(net.losses, (int)adds + 1, "%zu", adds);
        cr_expect_eq(net.sends, 0);
    }
    net.adds_left = SENT_MAX;
    net.count = 0;
    net.refuses_send = 1;
    writer_send_group(writer);
    cr_expect_eq(net.losses, 8);
    net.starved = 1;
    writer->doing = WRITER_IDLE;
    writer_send_group(writer);
    cr_expect_eq(net.losses, 8);
    cr_expect_str_eq(net.told, "2:3");
    cr_expect_eq(writer->doing, WRITER_IDLE);
}
_Static_assert(STORE_UNAVAILABLE == 3, "as it is told above");

Test(postgres_group, a_transition_is_a_change_with_its_preconditions)
{
    const struct bytes former = bytes_str("former");
    const struct store_cert_change change = {.serial = bytes_str("serial"),
                                             .only_from = STORE_CERT_UNCONFIRMED,
                                             .required = 1,
                                             .status = STORE_CERT_REVOKED,
                                             .reason = 5,
                                             .at = 0x0102,
                                             .invalidity_at = 0x0701,
                                             .successor = bytes_str("next"),
                                             .former = &former};
    const enum postgres_statement statements[] = {
        SQL_BEGIN, postgres_write(STORE_TRANSACTIONS, STORE_UPDATE), SQL_BIND, SQL_SIGNERS, SQL_CHANGE,
        SQL_COMMIT};
    struct store_unit unit = {.issuer = test_issuer(),
                              .tx_id = bytes_str("transaction"),
                              .expect_state = STORE_TX_WAIT_CONFIRM,
                              .expect_free_at = 0x0506,
                              .secret_reference = bytes_str("ref"),
                              .now = 0x0304,
                              .signer_serial = bytes_str("signer"),
                              .change = &change};

    wait_for(1);
    store_unit_write(&unit, STORE_UPDATE, STORE_TRANSACTIONS, &e[0].tx);
    writer->entries[0].item = &unit;
    writer_send_group(writer);
    expect_sent(statements, sizeof statements / sizeof statements[0]);
    int expected = net.sent[1].count - 2;
    cr_expect_eq(element(1, expected, 0).data[1], STORE_TX_WAIT_CONFIRM);
    cr_expect(bytes_equal(element(1, expected + 1, 0), bytes_of("\0\0\0\0\0\0\5\6", 8)), "free by then");
    cr_expect_eq(net.sent[2].count, 4);
    cr_expect(bytes_equal(element(2, 1, 0), bytes_str("ref")));
    cr_expect(bytes_equal(element(2, 2, 0), bytes_str("transaction")));
    cr_expect(bytes_equal(element(2, 3, 0), bytes_of("\0\0\0\0\0\0\3\4", 8)));
    cr_expect(bytes_equal(element(3, 1, 0), bytes_str("signer")));
    cr_expect_eq(net.sent[4].count, 12);
    cr_expect(bytes_equal(element(4, 1, 0), bytes_str("serial")));
    cr_expect(bytes_equal(element(4, 2, 0), bytes_of("\0\0\0\0\0\0\1\2", 8)));
    cr_expect(bytes_equal(element(4, 3, 0), bytes_of("\0\1", 2)), "from unconfirmed");
    cr_expect(bytes_equal(element(4, 4, 0), bytes_of("\1", 1)), "required");
    cr_expect(bytes_equal(element(4, 5, 0), bytes_of("\0\3", 2)), "to revoked");
    cr_expect(bytes_equal(element(4, 6, 0), bytes_of("\0\5", 2)), "for a reason");
    cr_expect(bytes_equal(element(4, 7, 0), bytes_of("\0\0\0\0\0\0\7\1", 8)), "since when the key was lost");
    cr_expect(bytes_equal(element(4, 8, 0), bytes_str("next")));
    cr_expect(bytes_equal(element(4, 9, 0), bytes_of("\1", 1)), "after another");
    cr_expect(bytes_equal(element(4, 10, 0), bytes_str("former")));
    cr_expect_eq(element(4, 11, 0).len, 0, "it is not recorded");
}
_Static_assert(STORE_CERT_UNCONFIRMED == 1 && STORE_CERT_REVOKED == 3, "as they are in the tables");

Test(postgres_group, administration_has_statements_of_its_own)
{
    const struct bytes keys[] = {bytes_str("a"), bytes_str("b")};
    struct store_removal removal = {.kind = STORE_CERTIFICATES, .keys = keys, .count = 2, .before = 9};
    struct store_unit unit = {.issuer = test_issuer(), .removal = &removal};
    const enum postgres_statement certs[] = {SQL_BEGIN, SQL_CERT_REMOVE, SQL_COMMIT},
                                  txs[] = {SQL_BEGIN, SQL_TX_REMOVE, SQL_COMMIT},
                                  alive[] = {SQL_BEGIN, SQL_ALIVE, SQL_COMMIT};

    writer->entries[0].item = &unit;
    writer->count = 1;
    writer_send_group(writer);
    expect_sent(certs, 3);
    cr_expect_eq(net.sent[1].count, 3);
    cr_expect(bytes_equal(element(1, 1, 1), keys[1]));
    cr_expect_eq(net.sent[1].octets[net.sent[1].end[2] - 1], 9);
    net.count = 0;
    removal.kind = STORE_TRANSACTIONS;
    writer_send_group(writer);
    expect_sent(txs, 3);
    net.count = 0;
    unit = (struct store_unit){.alive_at = 5, .alive_gap = 6};
    writer_send_group(writer);
    expect_sent(alive, 3);
    cr_expect_eq(net.sent[1].count, 2);
    cr_expect_eq(net.sent[1].octets[7], 5);
    cr_expect_eq(net.sent[1].octets[15], 6);
}
