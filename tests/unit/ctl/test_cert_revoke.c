/* cert_revoke.c: the operator's hand, and what it may not do. */
#include <criterion/criterion.h>

#include "server/base/file.h"
#include "storage/store.h"

static int watched_commit(struct store *store, struct store_unit *unit);

#define store_commit_wait watched_commit
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/cert_act.c"
#undef store_commit_wait
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_revoke, .init = set_up, .fini = tear_down, .timeout = 60);

/* What somebody else does before the next commits, and what becomes of these; 0: what the store says. */
static const struct store_cert_change *meanwhile;
static int meanwhile_times;
static enum store_outcome told;

static void change_by_others(struct store_cert_change change)
{
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static int watched_commit(struct store *own, struct store_unit *unit)
{
    if (meanwhile != NULL && meanwhile_times-- > 0) {
        struct store_cert_change change = *meanwhile;
        /* A second time the other way round, so that it changes again. */
        if (unit->change->only_from == change.status)
            change = (struct store_cert_change){
                .serial = change.serial, .only_from = STORE_CERT_HOLD, .status = STORE_CERT_VALID};
        change_by_others(change);
    }
    if (told == 0)
        return store_commit_wait(own, unit);
    unit->outcome = told;
    return 1;
}

/* "cmpctl WORDS" of the |n|th; returns its exit status. */
static int on(const char *words, uint32_t n)
{
    char text[512];

    snprintf(text, sizeof text, "%s %s", words, serial(n));
    return with_config(text);
}

static struct store_cert row_of(uint32_t n)
{
    struct store_fetch item = stored(STORE_CERTIFICATES, n);
    struct store_cert cert = *(const struct store_cert *)item.rows;

    arena_free(item.arena); /* numbers are all that is looked at */
    return cert;
}

static struct store_revocation listed(uint32_t n)
{
    struct store_fetch item = stored(STORE_REVOCATIONS, n);
    struct store_revocation row = {.status = 0};

    if (item.outcome == STORE_FOUND)
        row = *(const struct store_revocation *)item.rows;
    arena_free(item.arena);
    return row;
}

static void add_one(uint32_t n, enum store_cert_status status)
{
    struct enrollment e = make(n);

    e.cert.status = status;
    if (status == STORE_CERT_UNCONFIRMED)
        e.tx.state = STORE_TX_WAIT_CONFIRM;
    add(&e);
}

static void expect_said(const char *text, uint32_t n, const char *after)
{
    char line[256];

    snprintf(line, sizeof line, "%s%s%s", text, serial(n), after);
    cr_expect_not_null(strstr(text[0] == 'c' ? call_err : call_out, line), "%s%s%s", line, call_err,
                       call_out);
}

/* The numbers are those of RFC 5280 5.3.1. */
Test(cert_revoke, each_reason_is_recorded)
{
    static const struct {
        const char *options;
        int reason;
        const char *says;
    } rows[] = {{"", 0, " revoked: CN=gnb-0"},
                {" --reason unspecified", 0, " revoked: CN=gnb-1"},
                {" --reason keyCompromise", 1, " revoked keyCompromise: CN=gnb-2"},
                {" --reason cACompromise", 2, " revoked cACompromise: CN=gnb-3"},
                {" --reason affiliationChanged", 3, " revoked affiliationChanged: CN=gnb-4"},
                {" --reason superseded", 4, " revoked superseded: CN=gnb-5"},
                {" --reason cessationOfOperation", 5, " revoked cessationOfOperation: CN=gnb-6"},
                {" --reason privilegeWithdrawn", 9, " revoked privilegeWithdrawn: CN=gnb-0"}};
    int64_t begin = time(NULL);
    char words[128];

    for (uint32_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
        struct store_cert cert;
        add_one(n, STORE_CERT_VALID);
        snprintf(words, sizeof words, "cert revoke%s", rows[n].options);
        cr_assert_eq(on(words, n), CTL_OK, "%s", call_err);
        expect_said("", n, rows[n].says);
        cert = row_of(n);
        cr_expect_eq(cert.status, STORE_CERT_REVOKED);
        cr_expect_eq(cert.reason, rows[n].reason, "%s: %d", rows[n].options, cert.reason);
        cr_expect(cert.revoked_at >= begin && cert.revoked_at <= time(NULL));
        cr_expect_eq(listed(n).reason, rows[n].reason);
        cr_expect_eq(listed(n).status, STORE_CERT_REVOKED);
        cr_expect_eq(listed(n).invalidity_at, 0);
    }
}

Test(cert_revoke, what_is_no_reason_for_it_is_told)
{
    static const struct {
        const char *reason, *says;
    } rows[] = {{"aACompromise", "aACompromise is for attribute certificates"},
                {"certificateHold", "use cert hold"},
                {"removeFromCRL", "use cert release"},
                {"lost", "(RFC 5280 5.3.1), not 'lost'"},
                {"7", "(RFC 5280 5.3.1), not '7'"}};
    char words[128];

    add_one(1, STORE_CERT_VALID);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(words, sizeof words, "cert revoke --reason %s", rows[i].reason);
        cr_expect_eq(on(words, 1), CTL_FAULT);
        cr_expect_not_null(strstr(call_err, rows[i].says), "%s", call_err);
    }
    cr_expect_eq(row_of(1).status, STORE_CERT_VALID);
}

/* RFC 5280 5.3.2: "the date on which it is known or suspected that the private key was compromised" */
Test(cert_revoke, the_key_may_have_been_lost_before)
{
    char words[128], at[CTL_TIME_MAX];

    add_one(1, STORE_CERT_VALID);
    snprintf(words, sizeof words, "cert revoke --invalidity-date %s", ctl_time(at, time(NULL) + 100));
    cr_expect_eq(on(words, 1), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--invalidity-date lies in the future"), "%s", call_err);
    cr_expect_eq(on("cert revoke --invalidity-date 1969-12-31", 1), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--invalidity-date is not after 1970-01-01"), "%s", call_err);
    cr_expect_eq(on("cert revoke --invalidity-date 1970-01-01", 1), CTL_FAULT, "0 is no date");
    cr_expect_eq(on("cert revoke --invalidity-date tomorrow", 1), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--invalidity-date wants a date"), "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_VALID);
    cr_assert_eq(on("cert revoke --reason keyCompromise --invalidity-date 2026-01-02T03:04:05Z", 1), CTL_OK,
                 "%s", call_err);
    cr_expect_eq(listed(1).invalidity_at, 1767323045);
}

Test(cert_revoke, a_hold_ends_by_release_or_by_revocation)
{
    add_one(1, STORE_CERT_VALID);
    cr_assert_eq(on("cert hold", 1), CTL_OK, "%s", call_err);
    expect_said("", 1, " held: CN=gnb-1\n");
    cr_expect_eq(row_of(1).status, STORE_CERT_HOLD);
    cr_expect_eq(row_of(1).reason, 6);
    cr_assert_eq(on("cert release", 1), CTL_OK, "%s", call_err);
    expect_said("", 1, " released: CN=gnb-1\n");
    cr_expect_eq(row_of(1).status, STORE_CERT_VALID);
    cr_expect_eq(row_of(1).reason, 0);
    cr_expect_eq(row_of(1).revoked_at, 0);
    cr_expect_eq(listed(1).status, STORE_CERT_VALID, "listed as released");
    cr_assert_eq(on("cert hold", 1), CTL_OK, "%s", call_err);
    cr_assert_eq(on("cert revoke --reason superseded", 1), CTL_OK, "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_REVOKED);
    cr_expect_eq(row_of(1).reason, 4);
}

Test(cert_revoke, what_cannot_be_done_is_told)
{
    struct enrollment old = make(5);
    char at[CTL_TIME_MAX], after[128];

    add_one(1, STORE_CERT_VALID);
    cr_assert_eq(on("cert revoke --reason superseded", 1), CTL_OK, "%s", call_err);
    snprintf(after, sizeof after, " is revoked already, since %s for superseded\n",
             ctl_time(at, row_of(1).revoked_at));
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(on((const char *const[]){"cert revoke", "cert hold", "cert release"}[i], 1), CTL_FAULT);
        expect_said("cmpctl: ", 1, after);
        cr_expect_str_empty(call_out);
    }
    cr_expect_eq(row_of(1).reason, 4, "and stays as it was");

    add_one(2, STORE_CERT_VALID);
    cr_expect_eq(on("cert release", 2), CTL_FAULT);
    expect_said("cmpctl: ", 2, " is not on hold: it is valid\n");

    add_one(3, STORE_CERT_VALID);
    cr_assert_eq(on("cert hold", 3), CTL_OK, "%s", call_err);
    cr_expect_eq(on("cert hold", 3), CTL_FAULT);
    expect_said("cmpctl: ", 3, " is on hold already, since 20");

    add_one(4, STORE_CERT_UNCONFIRMED);
    cr_expect_eq(on("cert hold", 4), CTL_FAULT);
    expect_said("cmpctl: ", 4, " is unconfirmed: it may be revoked, and not be held\n");
    cr_expect_eq(on("cert release", 4), CTL_FAULT);
    expect_said("cmpctl: ", 4, " is not on hold: it is unconfirmed\n");
    cr_expect_eq(row_of(4).status, STORE_CERT_UNCONFIRMED);

    old.cert.not_after = NOW;
    add(&old);
    cr_expect_eq(on("cert revoke", 5), CTL_FAULT);
    expect_said("cmpctl: ", 5, " has expired, on 2023-11-14T22:13:20Z: nobody takes it any more\n");

    cr_expect_eq(on("cert revoke", 6), CTL_FAULT);
    expect_said("cmpctl: no certificate has the serial ", 6, "\n");
    cr_expect_eq(with_config("cert revoke 12"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "'12' is no serial"), "%s", call_err);
    cr_expect_eq(with_config("cert revoke"), CTL_USAGE);
    cr_expect_eq(with_config("cert hold"), CTL_USAGE);
    cr_expect_eq(with_config("cert release"), CTL_USAGE);
}

/* Its transaction goes on: a certConf that comes is told what became of it (op_confirm.c). */
Test(cert_revoke, an_unconfirmed_certificate_leaves_its_transaction_alone)
{
    struct store_fetch item;

    add_one(1, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(on("cert revoke", 1), CTL_OK, "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_REVOKED);
    item = stored(STORE_TRANSACTIONS, 1);
    cr_assert_eq(item.outcome, STORE_FOUND);
    cr_expect_eq(((const struct store_tx *)item.rows)->state, STORE_TX_WAIT_CONFIRM);
    cr_expect_eq(((const struct store_tx *)item.rows)->deadline, NOW + 300);
    arena_free(item.arena);
}

Test(cert_revoke, of_several_those_that_can_be_are_changed)
{
    char words[256];

    add_one(1, STORE_CERT_VALID);
    add_one(3, STORE_CERT_VALID);
    snprintf(words, sizeof words, "cert revoke %s nonsense %s %s", serial(1), serial(2), serial(3));
    cr_expect_eq(with_config(words), CTL_FAULT);
    cr_expect_eq(row_of(1).status, STORE_CERT_REVOKED);
    cr_expect_eq(row_of(3).status, STORE_CERT_REVOKED);
    expect_said("", 1, " revoked: CN=gnb-1\n");
    expect_said("", 3, " revoked: CN=gnb-3\n");
    expect_said("cmpctl: no certificate has the serial ", 2, "\n");
}

static const char *list_of(const char *text)
{
    static char path[DEMO_PATH_MAX + 16];

    snprintf(path, sizeof path, "%s/list", demo.dir);
    cr_assert(file_write(path, text, strlen(text), 0600, 0));
    return path;
}

/* An incident: a list, of which some are done already, and one line is none. */
Test(cert_revoke, a_list_is_gone_through)
{
    char text[256], words[512];

    for (uint32_t n = 1; n <= 3; n++)
        add_one(n, n == 2 ? STORE_CERT_REVOKED : STORE_CERT_VALID);
    snprintf(text, sizeof text, "# of site 7\n\n%s lost\r\n%s", serial(1), "nonsense\n");
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n", serial(2));
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s", serial(3)); /* without a line's end */
    snprintf(words, sizeof words, "cert revoke --dry-run --file %s", list_of(text));
    cr_expect_eq(with_config(words), CTL_FAULT);
    expect_said("", 1, " would be revoked: CN=gnb-1\n");
    expect_said("cmpctl: ", 2, " is revoked already");
    cr_expect_not_null(strstr(call_err, "cmpctl: 2 would be revoked, 2 not\n"), "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_VALID, "only said");
    cr_expect_eq(listed(1).status, 0);

    snprintf(words, sizeof words, "cert revoke --rate 1000 --reason superseded --file %s", list_of(text));
    cr_expect_eq(with_config(words), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "cmpctl: 2 revoked, 2 not\n"), "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_REVOKED);
    cr_expect_eq(listed(3).reason, 4);
    cr_expect_eq(with_config(words), CTL_FAULT, "once more, as after it was broken off");
    cr_expect_not_null(strstr(call_err, "cmpctl: 0 revoked, 4 not\n"), "%s", call_err);
    snprintf(words, sizeof words, "cert hold --file %s", list_of(""));
    cr_expect_eq(with_config(words), CTL_OK);
}

Test(cert_revoke, a_list_that_is_none_is_told)
{
    cr_expect_eq(with_config("cert revoke"), CTL_USAGE);
    cr_expect_eq(with_config("cert revoke --file /nonexistent/list"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "cannot read /nonexistent/list: "), "%s", call_err);
    cr_expect_eq(with_config("cert revoke --rate 0 --file /dev/null"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--rate wants certificates a second"), "%s", call_err);
    cr_expect_eq(with_config("cert revoke --rate 5x --file /dev/null"), CTL_FAULT);
}

/* Who did it, why, and to which: in the same commit. The record is sealed. */
Test(cert_revoke, each_is_recorded)
{
    char expected[256], who[CTL_WHO_MAX];

    add_one(1, STORE_CERT_VALID);
    add_one(2, STORE_CERT_VALID);
    cr_assert_eq(on("cert revoke --reason keyCompromise --invalidity-date 2026-01-02 --comment stolen", 1),
                 CTL_OK, "%s", call_err);
    cr_assert_eq(on("cert hold --comment lost?", 2), CTL_OK, "%s", call_err);
    cr_assert_eq(on("cert release", 2), CTL_OK, "%s", call_err);
    cr_assert_eq(on("cert revoke", 1), CTL_FAULT);
    cr_assert_eq(with_config("audit list"), CTL_OK, "%s", call_err);
    ctl_who(who);
    snprintf(expected, sizeof expected,
             "  revoke  revoked  %s  %s  reason=keyCompromise invalidityDate=2026-01-02T00:00:00Z "
             "comment=stolen\n",
             who, serial(1));
    cr_expect_not_null(strstr(call_out, expected), "%s%s", expected, call_out);
    snprintf(expected, sizeof expected, "  hold  held  %s  %s  reason=certificateHold comment=lost?\n", who,
             serial(2));
    cr_expect_not_null(strstr(call_out, expected), "%s%s", expected, call_out);
    snprintf(expected, sizeof expected, "  release  released  %s  %s  reason=removeFromCRL\n", who,
             serial(2));
    cr_expect_not_null(strstr(call_out, expected), "%s%s", expected, call_out);
    cr_expect_null(strstr(strstr(call_out, "  revoke  ") + 1, "  revoke  "),
                   "what was not done is not recorded");
    cr_assert_eq(with_config("audit verify"), CTL_OK, "%s", call_err);
    cr_expect_null(strstr(call_out, "entries come after"), "%s", call_out);
}

Test(cert_revoke, a_comment_has_a_bound)
{
    char words[512] = "cert revoke --comment ";
    size_t len = strlen(words);

    add_one(1, STORE_CERT_VALID);
    memset(words + len, 'x', 257);
    cr_expect_eq(on(words, 1), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--comment takes 256 octets"), "%s", call_err);
    words[len + 256] = 0;
    cr_expect_eq(on(words, 1), CTL_OK, "%s", call_err);
    cr_assert_eq(with_config("audit list"), CTL_OK);
    cr_expect_not_null(strstr(call_out, words + len), "all of it is recorded");
}

/* ---- others change it, too ---- */

Test(cert_revoke, what_has_changed_meanwhile_is_judged_again)
{
    struct enrollment e = make(1);
    struct store_cert_change hold = {
        .serial = bytes_of(e.serial, sizeof e.serial), .status = STORE_CERT_HOLD, .reason = 6, .at = NOW};

    add_one(1, STORE_CERT_VALID);
    meanwhile = &hold;
    meanwhile_times = 1;
    cr_assert_eq(on("cert revoke", 1), CTL_OK, "it may be revoked all the same: %s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_REVOKED);

    e = make(2);
    hold.serial = bytes_of(e.serial, sizeof e.serial);
    add_one(2, STORE_CERT_VALID);
    meanwhile_times = 1;
    cr_assert_eq(on("cert hold", 2), CTL_FAULT);
    expect_said("cmpctl: ", 2, " is on hold already, since 2023-11-14T22:13:20Z\n");

    e = make(3);
    hold.serial = bytes_of(e.serial, sizeof e.serial);
    add_one(3, STORE_CERT_VALID);
    meanwhile_times = 100;
    cr_assert_eq(on("cert revoke", 3), CTL_FAULT, "not for ever");
    expect_said("cmpctl: ", 3, " is being changed by others: try again\n");
    cr_expect_eq(meanwhile_times, 97);
}

Test(cert_revoke, what_the_store_does_not_take_is_told)
{
    add_one(1, STORE_CERT_VALID);
    told = STORE_UNAVAILABLE;
    cr_expect_eq(on("cert revoke", 1), CTL_FAULT);
    expect_said("cmpctl: ", 1, ": the store did not take the change");
    told = STORE_UNKNOWN;
    cr_expect_eq(on("cert revoke", 1), CTL_FAULT);
    expect_said("cmpctl: ", 1, ": the connection to the store broke, and it is not known whether");
    cr_expect_str_empty(call_out);
}

/* Who signs the seals has to be there: nothing is changed without. */
Test(cert_revoke, without_keys_nothing_is_changed)
{
    char path[2 * DEMO_PATH_MAX];

    add_one(1, STORE_CERT_VALID);
    snprintf(path, sizeof path, "%s/ca/cmp.key", demo.dir);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(on("cert revoke", 1), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "cmp.key"), "%s", call_err);
    cr_expect_eq(row_of(1).status, STORE_CERT_VALID);
}
