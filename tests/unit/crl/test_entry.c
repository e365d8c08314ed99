/* entry.c: names of entries, and what cannot be written. That slapd takes what is written is in
 * tests/server/test_ldap.sh. */
#include "server/crl/entry.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"

static void names(const char *form, const char *expected)
{
    char *name = entry_name(form, "issuing");

    cr_expect_str_eq(name, expected);
    free(name);
}

Test(entry, a_CA_has_the_entry_that_the_form_says)
{
    names("cn=${ca},o=Operator", "cn=issuing,o=Operator");
    names("cn=one,o=Operator", "cn=one,o=Operator");
    names("${ca}", "issuing");
}

/* Nobody listens there; and a name that no URL has. */
Test(entry, what_cannot_be_reached_is_told)
{
    static const char *const urls[] = {"ldap://127.0.0.1:1", "http://127.0.0.1/"};

    for (size_t i = 0; i < 2; i++) {
        struct entry_access access = {.url = strdup(urls[i])};
        struct entry_result result;
        entry_write(&result, &access, "cn=a", "cACertificate;binary", bytes_str("value"));
        cr_expect_neq(result.why[0], 0);
        cr_expect_eq(result.number, 0);
        entry_access_free(&access);
    }
}

Test(entry, a_value_that_is_too_large_is_not_sent)
{
    struct entry_access access = {.url = NULL};
    struct entry_result result;

    entry_write(&result, &access, "cn=a", "certificateRevocationList;binary",
                bytes_of((const uint8_t *)"", BOUND_LDAP_VALUE + 1));
    cr_assert_not_null(strstr(result.why, "more than a directory is given"));
}

Test(entry, a_password_that_is_not_there_is_told)
{
    struct entry_access access = {.url = strdup("ldap://127.0.0.1:1"),
                                  .bind_dn = strdup("cn=x"),
                                  .password_file = strdup("/nowhere/at/all")};
    struct entry_result result;

    entry_write(&result, &access, "cn=a", "cACertificate;binary", bytes_str("value"));
    cr_assert_not_null(strstr(result.why, "/nowhere/at/all"), "%s", result.why);
    entry_access_free(&access);
}
