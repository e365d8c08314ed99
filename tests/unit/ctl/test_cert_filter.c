/* cert_filter.c: which certificates are shown. */
#include <criterion/criterion.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/cert_filter.c"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_filter, .init = set_up, .fini = tear_down, .timeout = 60);

/* 1: valid, with names; 2: revoked; 3: on hold; 4: unconfirmed; 5: expired. Each issued a day after the one
 * before, from 2026-11-01 on. */
static void add_five(struct arena *arena)
{
    enum { BEGIN = 1793491200 };
    static const uint8_t san[] = "\x30\x19\x82\x11gnb-1.ran.example\x87\x04\xc0\x00\x02\x01";
    static const enum store_cert_status status[] = {STORE_CERT_VALID, STORE_CERT_REVOKED, STORE_CERT_HOLD,
                                                    STORE_CERT_UNCONFIRMED, STORE_CERT_VALID};

    for (uint32_t n = 1; n <= 5; n++) {
        struct enrollment e = make(n);
        e.cert.status = status[n - 1];
        e.cert.issued_at = BEGIN + (n - 1) * DAY;
        e.cert.not_after = n == 5 ? BEGIN - DAY : FAR + n;
        if (n == 2 || n == 3) {
            e.cert.reason = n == 2 ? 1 : 6;
            e.cert.revoked_at = BEGIN + 10 * DAY + n * 3600;
        }
        if (n == 3)
            e.cert.profile = bytes_str("other");
        if (n == 1)
            e.cert.certificate = certificate_with(arena, bytes_of(san, sizeof san - 1));
        add(&e);
    }
}

/* The numbers of those that cert list shows, one digit each. */
static const char *shown(const char *options)
{
    static char numbers[16];
    char words[512], *line;
    size_t count = 0;

    snprintf(words, sizeof words, "cert list %s", options);
    cr_assert_eq(with_config(words), CTL_OK, "%s: %s", options, call_err);
    line = strtok(call_out, "\n");
    cr_assert_eq(strncmp(line, "SERIAL ", 7), 0, "%s", line);
    while ((line = strtok(NULL, "\n")) != NULL)
        for (uint32_t n = 1; n <= 5; n++)
            if (strncmp(line, serial(n), 2 * STORE_SERIAL) == 0)
                numbers[count++] = (char)('0' + n);
    numbers[count] = 0;
    return numbers;
}

Test(cert_filter, each_option_shows_its_own)
{
    static const struct {
        const char *options, *numbers;
    } rows[] = {
        {"", "12345"},
        {"--subject cn=GNB-?", "12345"},
        {"--subject *-3", "3"},
        {"--subject gnb-3", ""},
        {"--san *.ran.example", "1"},
        {"--san dns:gnb-1.*", "1"},
        {"--san 192.0.2.1", "1"},
        {"--san IP:192.0.2.?", "1"},
        {"--san DNS:192*", ""},
        {"--san *", "1"},
        {"--profile demo", "1245"},
        {"--profile other", "3"},
        {"--profile oth", ""},
        {"--status valid", "1"},
        {"--status revoked", "2"},
        {"--status hold", "3"},
        {"--status unconfirmed", "4"},
        {"--status expired", "5"},
        {"--issued-after 2026-11-03", "345"},
        {"--issued-before 2026-11-03", "12"},
        {"--issued-after 2026-11-02 --issued-before 2026-11-04", "23"},
        {"--issued-after 2026-11-03T00:00:01Z", "45"},
        {"--expires-before 2026-11-01", "5"},
        {"--expires-after 2040-01-01T00:00:03Z", "34"},
        {"--revoked-after 2026-11-01", "23"},
        {"--revoked-before 2030-01-01", "23"},
        {"--revoked-before 2026-11-11T03:00:00Z", "2"},
        {"--revoked-after 2026-11-11T03:00:00Z", "3"},
        {"--status revoked --profile other", ""},
    };
    struct arena *arena = arena_new(ENROLLMENT_ARENA);

    add_five(arena);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(shown(rows[i].options), rows[i].numbers, "%s", rows[i].options);
    arena_free(arena);
}

Test(cert_filter, a_transaction_has_its_certificate)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct enrollment e = make(4);
    char options[128] = "--transaction ", *hex = options + strlen(options);

    add_five(arena);
    log_hex(hex, 64, bytes_of(e.tx_id, sizeof e.tx_id));
    cr_expect_str_eq(shown(options), "4");
    hex[2 * sizeof e.tx_id - 2] = 0; /* not its beginning */
    cr_expect_str_eq(shown(options), "");
    arena_free(arena);
}

Test(cert_filter, a_ca_is_named)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);

    add_five(arena);
    cr_expect_str_eq(shown("--ca issuing"), "12345");
    cr_expect_eq(with_config("cert list --ca other"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "the configuration has no CA 'other'"), "%s", call_err);
    arena_free(arena);
}

Test(cert_filter, what_cannot_be_asked_for_is_told)
{
    static const struct {
        const char *options, *says;
    } rows[] = {{"--status good", "--status is valid, revoked, hold, unconfirmed or expired, not 'good'"},
                {"--issued-after yesterday", "--issued-after wants a date or a time in UTC"},
                {"--issued-before 1", "--issued-before wants"},
                {"--expires-after 1", "--expires-after wants"},
                {"--expires-before 1", "--expires-before wants"},
                {"--revoked-after 1", "--revoked-after wants"},
                {"--revoked-before 1", "--revoked-before wants"},
                {"--transaction xyz", "--transaction wants a transactionID in hexadecimal"}};
    char words[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(words, sizeof words, "cert list %s", rows[i].options);
        cr_expect_eq(with_config(words), CTL_FAULT);
        cr_expect_not_null(strstr(call_err, rows[i].says), "%s", call_err);
        cr_expect_str_empty(call_out);
    }
}
