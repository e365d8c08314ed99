/* cert_words.c: how it is said what a certificate is. */
#include <criterion/criterion.h>

#include "server/ctl/cert.h"

Test(cert_words, each_status_has_its_name)
{
    static const struct {
        enum store_cert_status status;
        int64_t not_after;
        const char *name;
    } rows[] = {{STORE_CERT_UNCONFIRMED, 100, "unconfirmed"},
                {STORE_CERT_UNCONFIRMED, 99, "unconfirmed"},
                {STORE_CERT_VALID, 100, "valid"}, /* RFC 5280 4.1.2.5: "inclusive" */
                {STORE_CERT_VALID, 99, "expired"},
                {STORE_CERT_REVOKED, 99, "revoked"},
                {STORE_CERT_HOLD, 99, "hold"},
                {(enum store_cert_status)0, 100, "?"}, /* somebody has been at the store */
                {(enum store_cert_status)5, 100, "?"},
                {(enum store_cert_status)99, 100, "?"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct store_cert cert = {.status = rows[i].status, .not_after = rows[i].not_after};
        cr_expect_str_eq(cert_status_name(&cert, 100), rows[i].name);
        cr_expect_eq(cert_status_known(rows[i].name), rows[i].name[0] != '?', "%s", rows[i].name);
        cr_expect_eq(cert_is_stopped(&cert), i == 4 || i == 5);
    }
    cr_expect_not(cert_status_known("Valid"));
}

/* RFC 5280 5.3.1: "CRLReason ::= ENUMERATED { unspecified (0), keyCompromise (1), cACompromise (2),
 * affiliationChanged (3), superseded (4), cessationOfOperation (5), certificateHold (6), -- value 7 is not
 * used removeFromCRL (8), privilegeWithdrawn (9), aACompromise (10) }" */
Test(cert_words, each_reason_has_the_name_of_the_RFC)
{
    static const char *const names[] = {
        "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
        "superseded",    "cessationOfOperation", "certificateHold", "?",
        "removeFromCRL", "privilegeWithdrawn",   "aACompromise",    "?"};

    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
        cr_expect_str_eq(cert_reason_name(i), names[i]);
        cr_expect_eq(cert_reason(names[i]), names[i][0] == '?' ? -1 : i);
    }
    cr_expect_str_eq(cert_reason_name(-1), "?");
    cr_expect_eq(cert_reason("keycompromise"), -1);
    cr_expect_eq(cert_reason(""), -1);
}

static const char *put(const char *text, size_t width)
{
    static char shown[256];
    FILE *out = stdout;

    memset(shown, 0, sizeof shown);
    stdout = fmemopen(shown, sizeof shown, "w");
    cert_put_text(bytes_str(text), width);
    fclose(stdout);
    stdout = out;
    return shown;
}

/* Widths are of characters, not of octets. */
Test(cert_words, what_is_too_long_is_cut)
{
    cr_expect_str_eq(put("CN=gnb-1", 0), "CN=gnb-1");
    cr_expect_str_eq(put("CN=gnb-1", 9), "CN=gnb-1");
    cr_expect_str_eq(put("CN=gnb-1", 8), "CN=gnb-1");
    cr_expect_str_eq(put("CN=gnb-1", 7), "CN=gnb…");
    cr_expect_str_eq(put("CN=gnb-1", 1), "…");
    cr_expect_str_eq(put("CN=fünf", 7), "CN=fünf");
    cr_expect_str_eq(put("CN=fünf", 6), "CN=fü…");
    cr_expect_str_eq(put("", 3), "");
}

/* A terminal obeys some of what the store may hold. */
Test(cert_words, what_a_terminal_would_obey_is_not_written)
{
    cr_expect_str_eq(put("a\x1b[2Jb\nc", 0), "a?[2Jb?c");
    cr_expect_str_eq(put("a\xff\xc3", 0), "a??");
    cr_expect_str_eq(put("a\xe2\x80\xae"
                         "b",
                         0),
                     "a?b"); /* U+202E turns what follows around */
}
