/* entry.c: names of entries, and what cannot be written. That slapd takes what is written is in
 * tests/server/test_ldap.sh. */
#include "server/crl/entry.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* A directory that means harm: to whatever it is asked it begins an answer of twice the bound, and goes on
 * for as long as anybody reads. */
struct flood {
    int listener;
    size_t taken; /* octets */
};

static void *run_flood(void *arg)
{
    static const uint8_t header[] = {0x30, 0x84, 0x08, 0x00, 0x00, 0x00}; /* LDAPMessage, 128 MiB */
    static const uint8_t zeros[64 * 1024];
    struct flood *flood = arg;
    size_t most = sizeof header + 2 * (size_t)BOUND_LDAP_ANSWER;
    int fd;
    ssize_t put;

    while ((fd = accept(flood->listener, NULL, NULL)) < 0 && errno == EINTR)
        ;
    put = send(fd, header, sizeof header, MSG_NOSIGNAL);
    while (flood->taken < most && (put > 0 || (put < 0 && errno == EINTR))) {
        flood->taken += put > 0 ? (size_t)put : 0;
        put = send(fd, zeros, sizeof zeros, MSG_NOSIGNAL);
    }
    close(fd);
    return NULL;
}

/* RFC 4511 4.1.1: how long a message is, only who sends it says. */
Test(entry, an_answer_that_is_too_long_is_not_read)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    struct flood flood = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct entry_access access = {.url = NULL};
    struct entry_result result;
    pthread_t thread;

    cr_assert_eq(bind(flood.listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(flood.listener, 1), 0);
    cr_assert_eq(getsockname(flood.listener, (struct sockaddr *)&address, &len), 0);
    cr_assert_geq(asprintf(&access.url, "ldap://127.0.0.1:%u", ntohs(address.sin_port)), 0);
    cr_assert_eq(pthread_create(&thread, NULL, run_flood, &flood), 0);
    entry_write(&result, &access, "cn=a", "cACertificate;binary", bytes_str("value"));
    pthread_join(thread, NULL);
    cr_expect_neq(result.why[0], 0);
    cr_expect_lt(flood.taken, BOUND_LDAP_ANSWER, "%zu octets", flood.taken);
    entry_access_free(&access);
    close(flood.listener);
}
