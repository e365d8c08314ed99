/* cert_show.c: what is known of one certificate, and what it was before. */
#include <criterion/criterion.h>

#include "server/ctl/ctl.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_show, .init = set_up, .fini = tear_down, .timeout = 60);

/* PKIBody (RFC 9810 5.1.2) */
enum { IR = 0, CR = 2, UPDATE = 7 };

/* Shows the |n|th. */
static void show(uint32_t n, const char *options)
{
    char words[128];

    snprintf(words, sizeof words, "cert show %s%s", serial(n), options);
    cr_assert_eq(with_config(words), CTL_OK, "%s", call_err);
}

static void expect_line(const char *key, const char *value)
{
    char line[256];

    snprintf(line, sizeof line, "\n%-22s%s\n", key, value);
    cr_expect_not_null(strstr(call_out, line), "%s%s", line, call_out);
}

/* Whether a line begins with |key|. */
static int has_line(const char *key)
{
    char line[64];

    snprintf(line, sizeof line, "\n%-22s", key);
    return strstr(call_out, line) != NULL;
}

static void revoke_it(const struct enrollment *e, int reason, int64_t invalidity_at)
{
    const struct store_cert_change change = {.serial = bytes_of(e->serial, sizeof e->serial),
                                             .status = STORE_CERT_REVOKED,
                                             .reason = reason,
                                             .at = NOW,
                                             .invalidity_at = invalidity_at};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

Test(cert_show, who_asked_and_what_became_of_it)
{
    static const uint8_t san[] = "\x30\x0e\x82\x05h.org\x82\x05i.org";
    static const uint8_t name[] = "\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02me";
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct enrollment e = make(1);
    char hex[128];

    e.cert.certificate = certificate_with(arena, bytes_of(san, sizeof san - 1));
    e.tx.body = IR;
    e.tx.credential_name = bytes_of(name, sizeof name - 1);
    add(&e);
    revoke_it(&e, 4, 1580551200);
    show(1, "");
    cr_expect_eq(strncmp(call_out, "serial                ", 22), 0, "%s", call_out);
    expect_line("subject", "CN=gnb-1");
    expect_line("san", "DNS:h.org\nsan                   DNS:i.org");
    expect_line("status", "revoked");
    expect_line("reason", "superseded");
    expect_line("not_after", "2040-01-01T00:00:00Z");
    expect_line("invalidity_at", "2020-02-01T10:00:00Z");
    expect_line("issuer", "CN=gnb-1"); /* it signed itself */
    expect_line("ca", policy_config(demo.policy)->cas[0].name);
    expect_line("profile", "demo");
    expect_line("key_sha256", log_hex(hex, sizeof hex, bytes_of(e.key, sizeof e.key)));
    expect_line("transactionID", log_hex(hex, sizeof hex, bytes_of(e.tx_id, sizeof e.tx_id)));
    expect_line("request", "ir");
    expect_line("transaction_state", "confirmed");
    expect_line("protected_by", "signature");
    expect_line("signer", "CN=me");
    expect_line("signer_sha256", log_hex(hex, sizeof hex, bytes_of(e.key, sizeof e.key)));
    expect_line("revoked_at", "2023-11-14T22:13:20Z");
    cr_expect_not(has_line("signer_serial"), "it is a stranger's");
    cr_expect_not(has_line("reference"));
    cr_expect_not(has_line("successors"));
    cr_expect_not(has_line("predecessors"));
    cr_expect_not(has_line("predecessors_before"));
    arena_free(arena);
}

Test(cert_show, a_secret_is_told_by_its_reference)
{
    struct enrollment e = make(1);

    e.tx.credential_is_mac = 1;
    e.tx.credential = bytes_str("ref-7");
    e.tx.credential_name = e.tx.credential_key = e.tx.credential_kid = bytes_of(NULL, 0);
    e.tx.state = STORE_TX_WAIT_CONFIRM;
    add(&e);
    show(1, "");
    expect_line("protected_by", "shared secret");
    expect_line("reference", "ref-7");
    expect_line("transaction_state", "certConf awaited");
    cr_expect_not(has_line("signer"));
    show(1, " --json");
    cr_expect_not_null(strstr(call_out, "\"protected_by\":\"shared secret\",\"reference\":\"ref-7\","), "%s",
                       call_out);
    cr_expect_not_null(strstr(call_out, ",\"san\":[],"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"predecessors\":[],"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"history\":[],\"history_before\":\"not known: "), "%s", call_out);
}

/* 1 by an ir, 2 by a kur of 1, and so on. */
static void add_updates(uint32_t count, int first_is)
{
    for (uint32_t n = 1; n <= count; n++) {
        struct enrollment e = make(n), before = make(n - 1), after = make(n + 1);
        e.tx.body = n == 1 ? first_is : UPDATE;
        if (n > 1)
            e.tx.signer_serial = bytes_of(before.serial, sizeof before.serial);
        if (n < count)
            e.cert.successor = bytes_of(after.serial, sizeof after.serial);
        add(&e);
    }
}

Test(cert_show, updates_are_followed_both_ways)
{
    char lines[256];

    add_updates(3, IR);
    show(3, "");
    snprintf(lines, sizeof lines, "%s\npredecessors          %s", serial(2), serial(1));
    expect_line("predecessors", lines);
    expect_line("signer_serial", serial(2));
    cr_expect_not(has_line("predecessors_before"), "an ir began it");
    cr_expect_not(has_line("successors"));
    show(1, "");
    snprintf(lines, sizeof lines, "%s\nsuccessors            %s", serial(2), serial(3));
    expect_line("successors", lines);
    cr_expect_not(has_line("predecessors"));
}

/* A cr may be signed with a certificate of the same CA (RFC 9483 4.1.2): that is no update of it. */
Test(cert_show, whose_certificate_signed_a_cr_is_no_predecessor)
{
    struct enrollment e = make(2), signer = make(1);

    add(&signer);
    e.tx.body = CR;
    e.tx.signer_serial = bytes_of(signer.serial, sizeof signer.serial);
    add(&e);
    show(2, "");
    expect_line("signer_serial", serial(1));
    cr_expect_not(has_line("predecessors"));
}

/* Of another CA's certificate the transaction has no serial. */
Test(cert_show, a_kur_of_another_CAs_certificate_leads_no_further)
{
    struct enrollment e = make(1);

    e.tx.body = UPDATE;
    add(&e);
    show(1, "");
    expect_line("request", "kur");
    cr_expect_not(has_line("predecessors"));
    cr_expect_not(has_line("predecessors_before"));
}

Test(cert_show, so_many_predecessors_are_shown_and_no_more)
{
    size_t lines = 0;

    add_updates(66, IR);
    show(65, "");
    for (const char *at = call_out; (at = strstr(at, "\npredecessors  ")) != NULL; at++)
        lines++;
    cr_expect_eq(lines, 64);
    cr_expect_not(has_line("predecessors_before"));
    show(66, "");
    expect_line("predecessors_before", "more than are shown");
}

static void run_sql(const char *sql)
{
    char command[1024];

    snprintf(command, sizeof command, "sqlite3 '%s' \"%s\"",
             strchr(policy_config(demo.policy)->store, ':') + 1, sql);
    cr_assert_eq(system(command), 0);
}

/* retain.transactions_days lets transactions go before certificates; the same transactionID may be another's
 * by then. */
Test(cert_show, a_transaction_that_is_gone_is_told)
{
    add_updates(3, IR);
    run_sql("UPDATE transactions SET serial = zeroblob(16) WHERE body = 0");
    show(3, "");
    expect_line("predecessors_before", "not known: the store has no transaction of the oldest that is shown");
    run_sql("DELETE FROM transactions WHERE body = 0");
    show(1, "");
    cr_expect_not(has_line("protected_by"));
    expect_line("predecessors_before", "not known: the store has no transaction of the oldest that is shown");
}

/* The records are in the audit log, which other commits have entries in, too. */
Test(cert_show, its_history_is_that_of_the_audit_log)
{
    static const char *const outcomes[] = {"granted", "accepted", "held", "released"};
    struct enrollment e = make(1), other = make(2);
    struct store_audit audit = {.at = NOW * 1000LL,
                                .event = "issue",
                                .outcome = "granted",
                                .who = bytes_str("CN=me"),
                                .detail = bytes_str("a \x1b detail")};

    add(&other);
    e.cert.vendor = bytes_str("Example");
    e.unit = (struct store_unit){.issuer = test_issuer(), .tx_id = e.tx.transaction_id, .audit = &audit};
    e.tx.transaction_id = e.unit.tx_id = e.cert.transaction_id = bytes_of(e.tx_id, sizeof e.tx_id);
    e.cert.serial = e.tx.serial = bytes_of(e.serial, sizeof e.serial);
    e.cert.spki_hash = e.tx.credential = e.tx.request_hash = e.tx.last_hash = bytes_of(e.key, sizeof e.key);
    e.tx.sender_nonce = bytes_of(e.nonce, sizeof e.nonce);
    e.cert.certificate = bytes_of(e.certificate, sizeof e.certificate);
    store_unit_write(&e.unit, STORE_INSERT, STORE_TRANSACTIONS, &e.tx);
    store_unit_write(&e.unit, STORE_INSERT, STORE_CERTIFICATES, &e.cert);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    for (int i = 1; i < 4; i++) {
        const struct store_cert_change change = {
            .serial = e.cert.serial, .status = i == 2 ? STORE_CERT_HOLD : STORE_CERT_VALID, .at = NOW + i};
        struct store_unit unit = {.issuer = test_issuer(), .change = &change, .audit = &audit};
        audit.at += 1000;
        audit.outcome = outcomes[i];
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
    }
    show(1, "");
    expect_line("vendor", "Example");
    cr_expect_not(has_line("history_before"));
    const char *at = call_out;
    for (int i = 0; i < 4; i++) {
        char line[128];
        snprintf(line, sizeof line,
                 "history               2023-11-14T22:13:2%dZ issue %s, by CN=me: a ? detail (chain ", i,
                 outcomes[i]);
        at = strstr(at, line);
        cr_assert_not_null(at, "%s in %s", line, call_out);
    }
    show(2, "");
    expect_line("vendor", "not known");
    cr_expect_not(has_line("history "));
}

/* The record of an update has the certificate that it got, and only the last of those is known. */
Test(cert_show, an_update_that_is_not_the_last_is_told)
{
    struct enrollment first = make(1);
    struct bytes serial;

    add(&first);
    enrollment_init(&first, 1, 1);
    serial = first.cert.serial;
    for (uint32_t n = 2; n < 4; n++) {
        struct enrollment next;
        enrollment_init(&next, 1, n);
        const struct store_cert_change change = {
            .serial = serial, .status = STORE_CERT_VALID, .at = NOW, .successor = next.cert.serial};
        next.unit.change = &change;
        cr_assert(store_commit_wait(store, &next.unit));
        cr_assert_eq(next.unit.outcome, STORE_DONE);
        enrollment_cleanup(&next);
    }
    enrollment_cleanup(&first);
    show(1, "");
    cr_expect_not_null(strstr(call_out, "history               it was updated: entry "), "%s", call_out);
    cr_expect_null(strstr(call_out, "let go"), "%s", call_out);
}
