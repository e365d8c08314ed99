/* cert_incident.c: which certificates an incident is about (cert_select.c), whether they are replaced
 * (cert_replaced.c), and what becomes of them. */
#include "server/ctl/cert_incident.c"

#include <criterion/criterion.h>
#include <signal.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "tests/support/capture.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_incident, .init = set_up, .fini = tear_down, .timeout = 60);

enum { EPOCH = 1577836800 /* 2020-01-01, with which the time in serials begins */ };

/* The |n|th, issued at 2023-11-14 and |n| seconds, with the path |path| and the subject |subject|. */
static void add_one(uint32_t n, struct bytes path, const char *subject, enum store_cert_status status,
                    const uint8_t *key)
{
    struct enrollment e = make(n);

    e.cert.issued_at = NOW + n;
    put_u32(e.serial, (uint32_t)(NOW + n - EPOCH));
    e.cert.path = path;
    e.cert.subject = bytes_str(subject);
    e.cert.status = status;
    if (status == STORE_CERT_UNCONFIRMED)
        e.tx.state = STORE_TX_WAIT_CONFIRM;
    if (key != NULL)
        memcpy(e.key, key, sizeof e.key);
    add(&e);
}

static enum store_cert_status status_of(uint32_t n)
{
    struct enrollment e = make(n);
    struct store_fetch item;
    enum store_cert_status status;

    put_u32(e.serial, (uint32_t)(NOW + n - EPOCH));
    item = fetch_row(store, STORE_CERTIFICATES, bytes_of(e.serial, sizeof e.serial));
    cr_assert_eq(item.outcome, STORE_FOUND);
    status = ((const struct store_cert *)item.rows)->status;
    arena_free(item.arena);
    return status;
}

static int revoke_by(const char *options)
{
    char words[1024];

    snprintf(words, sizeof words, "cert revoke %s", options);
    return with_config(words);
}

static void expect_counts(const char *options, size_t to_do, size_t kept)
{
    char words[1024], line[128];

    snprintf(words, sizeof words, "%s --dry-run", options);
    cr_assert_eq(revoke_by(words), CTL_OK, "%s", call_err);
    snprintf(line, sizeof line, "%10zu to be revoked\n", to_do);
    cr_expect_not_null(strstr(call_out, line), "%s%s", line, call_out);
    snprintf(line, sizeof line, "%10zu kept: ", kept);
    cr_expect_eq(strstr(call_out, line) != NULL, kept != 0, "%s%s", line, call_out);
}

Test(cert_incident, the_time_of_issue_selects)
{
    for (uint32_t n = 1; n <= 5; n++)
        add_one(n, bytes_of(NULL, 0), "0", STORE_CERT_VALID, NULL);
    /* 1 was issued at 22:13:21: from then on, and before. */
    expect_counts("--issued-between 2023-11-14T22:13:22Z 2023-11-14T22:13:24Z", 2, 0);
    expect_counts("--issued-between 2023-11-14 2023-11-15", 5, 0);
    expect_counts("--issued-between 2023-11-15 2023-11-16", 0, 0);
    cr_assert_eq(revoke_by("--issued-between 2023-11-14T22:13:22Z 2023-11-14T22:13:24Z --rate 1000"), CTL_OK);
    for (uint32_t n = 1; n <= 5; n++)
        cr_expect_eq(status_of(n), n == 2 || n == 3 ? STORE_CERT_REVOKED : STORE_CERT_VALID, "%u", n);
    cr_assert_eq(revoke_by("--issued-between x 2023-11-14"), CTL_FAULT);
    cr_assert_eq(revoke_by("--issued-between 2023-11-14 2023-11-14"), CTL_FAULT);
}

/* More than one piece of the walk. */
Test(cert_incident, all_pieces_are_walked)
{
    enum { MANY = STORE_OLD_MAX + 10 };

    for (uint32_t n = 1; n <= MANY; n++)
        add_one(n, bytes_of(NULL, 0), "0", STORE_CERT_VALID, NULL);
    expect_counts("--issued-between 2023-11-14 2023-11-16", MANY, 0);
    cr_assert_eq(revoke_by("--issued-between 2023-11-14 2023-11-16 --rate 100000 --incident night"), CTL_OK);
    expect_counts("--issued-between 2023-11-14 2023-11-16", 0, 0);
    cr_expect_not_null(strstr(call_out, "266 revoked already"), "%s", call_out);
}

Test(cert_incident, any_certificate_of_the_path_selects)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct bytes der = certificate_with(arena, bytes_of(NULL, 0));
    uint8_t path[3 * STORE_HASH] = {1}, hash[DIGEST_MAX];
    char name[] = "/tmp/cmpd-path-XXXXXX", options[256];

    close(mkstemp(name));
    cr_assert(file_write(name, der.data, der.len, 0600, 0));
    digest_compute(hash, DIGEST_SHA256, der);
    add_one(1, bytes_of(path, sizeof path), "0", STORE_CERT_VALID, NULL);
    memcpy(path + 2 * STORE_HASH, hash, STORE_HASH);
    add_one(2, bytes_of(path, sizeof path), "0", STORE_CERT_VALID, NULL);
    memset(path, 7, sizeof path);
    memcpy(path, hash, STORE_HASH);
    add_one(3, bytes_of(path, STORE_HASH), "0", STORE_CERT_UNCONFIRMED, NULL);
    /* Not where a hash begins. */
    memcpy(path + 5, hash, STORE_HASH);
    path[0] = 9;
    add_one(4, bytes_of(path, sizeof path), "0", STORE_CERT_VALID, NULL);
    snprintf(options, sizeof options, "--vendor-intermediate %s", name);
    expect_counts(options, 2, 0);
    snprintf(options, sizeof options,
             "--vendor-intermediate %s --issued-between 2023-11-14 2023-11-14T22:13:23Z", name);
    expect_counts(options, 1, 0);
    unlink(name);
    arena_free(arena);
}

Test(cert_incident, what_is_not_replaced_is_kept)
{
    static const uint8_t one[STORE_HASH] = {1}, two[STORE_HASH] = {2};
    static const char *const all = "--issued-between 2023-11-14 2023-11-15 --after-replacement";

    add_one(1, bytes_of(NULL, 0), "alone", STORE_CERT_VALID, NULL);
    add_one(2, bytes_of(NULL, 0), "unconfirmed", STORE_CERT_VALID, NULL);
    add_one(3, bytes_of(NULL, 0), "unconfirmed", STORE_CERT_UNCONFIRMED, NULL);
    add_one(4, bytes_of(NULL, 0), "same key", STORE_CERT_VALID, one);
    add_one(5, bytes_of(NULL, 0), "same key", STORE_CERT_VALID, one);
    add_one(6, bytes_of(NULL, 0), "replaced", STORE_CERT_VALID, one);
    add_one(7, bytes_of(NULL, 0), "replaced", STORE_CERT_HOLD, one);
    add_one(8, bytes_of(NULL, 0), "replaced", STORE_CERT_VALID, two);
    add_one(9, bytes_of(NULL, 0), "revoked", STORE_CERT_VALID, one);
    add_one(10, bytes_of(NULL, 0), "revoked", STORE_CERT_REVOKED, two);
    expect_counts(all, 2, 7);
    cr_assert_eq(revoke_by(all), CTL_OK, "%s", call_err);
    for (uint32_t n = 1; n <= 9; n++)
        cr_expect_eq(status_of(n) == STORE_CERT_REVOKED, n == 6 || n == 7, "%u", n);
    cr_assert_eq(revoke_by("--after-replacement"), CTL_USAGE);
}

Test(cert_incident, a_list_is_whole_or_nothing_is_done)
{
    char name[] = "/tmp/cmpd-list-XXXXXX", options[256];
    struct enrollment e = make(1);
    char text[128], hex[2 * STORE_SERIAL + 1];

    close(mkstemp(name));
    add_one(1, bytes_of(NULL, 0), "0", STORE_CERT_VALID, NULL);
    put_u32(e.serial, (uint32_t)(NOW + 1 - EPOCH));
    log_hex(hex, sizeof hex, bytes_of(e.serial, sizeof e.serial));
    snprintf(options, sizeof options, "--issued-between 2023-11-14 2023-11-15 --file %s", name);
    snprintf(text, sizeof text, "%s\n%s a remark\n\n# none\n00000000000000000000000000000000\n", hex, hex);
    cr_assert(file_write(name, text, strlen(text), 0600, 0));
    expect_counts(options, 1, 0);
    cr_expect_not_null(strstr(call_out, "1 in no store"), "%s", call_out);
    snprintf(text, sizeof text, "%s\nnone\n", hex);
    cr_assert(file_write(name, text, strlen(text), 0600, 0));
    cr_assert_eq(revoke_by(options), CTL_FAULT);
    cr_expect_eq(status_of(1), STORE_CERT_VALID);
    unlink(name);
    cr_assert_eq(revoke_by(options), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "No such file"), "%s", call_err);
}

Test(cert_incident, a_name_is_a_word)
{
    static const char *const names[] = {
        "--incident=", "--incident=ä",
        "--incident=0123456789012345678901234567890123456789012345678901234567890123x"};
    char options[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(options, sizeof options, "%s %s", names[i], serial(1));
        cr_expect_eq(revoke_by(options), CTL_FAULT);
        cr_expect_not_null(strstr(call_err, "--incident wants a name of 1 to 64"), "%s", call_err);
    }
}

/* Certificates are issued between the way that counts and the way that changes. */
Test(cert_incident, more_than_were_counted_leave_none)
{
    struct cert_act act = {.outcome = "revoked"};
    struct run run = {.act = &act, .counts = {[TO_DO] = 5}};
    int status = CTL_OK;

    ctl_steps_begin(&run.steps, 0, 1);
    raise(SIGTERM);
    act.changed = 3;
    act.refused = 1;
    CAPTURE(status = tell_end(&run));
    cr_expect_eq(status, CTL_FAULT);
    cr_expect_not_null(strstr(logged, "broken off: 1 are left."), "%s", logged);
    act.changed = 7;
    CAPTURE(tell_end(&run));
    cr_expect_not_null(strstr(logged, "broken off: 0 are left."), "%s", logged);
}
