/* fetch.c: what is fetched is bounded in size, time and places. A server of the test answers; a real one does
 * in server/test_vendor_crl_url.sh. */
#include "server/fetch/fetch.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REQUEST = 4096 };

static struct {
    int fd;
    char url[64];
    pthread_t thread;
    const char *answers[8]; /* one a connection; then none */
    size_t count;
    char request[REQUEST]; /* the last one */
} web;

static int is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n"), *length = strcasestr(request, "content-length:");

    return end != NULL && (length == NULL || strlen(end + 4) >= (size_t)atoi(length + 15));
}

static void *serve(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < web.count; i++) {
        int peer = accept(web.fd, NULL, NULL);
        size_t len = 0;
        ssize_t got;
        while (!is_whole(web.request) && (got = recv(peer, web.request + len, REQUEST - 1 - len, 0)) > 0)
            web.request[len += (size_t)got] = 0;
        send(peer, web.answers[i], strlen(web.answers[i]), MSG_NOSIGNAL);
        if (i + 1 < web.count)
            web.request[0] = 0;
        close(peer);
    }
    return NULL;
}

static void set_up(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    signal(SIGPIPE, SIG_IGN);
    unsetenv("http_proxy");
    cr_assert(fetch_begin());
    web.fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(bind(web.fd, (struct sockaddr *)&address, len) == 0 && listen(web.fd, 8) == 0 &&
              getsockname(web.fd, (struct sockaddr *)&address, &len) == 0);
    snprintf(web.url, sizeof web.url, "http://127.0.0.1:%d/x", ntohs(address.sin_port));
}

static void tear_down(void)
{
    close(web.fd);
}

TestSuite(fetch, .init = set_up, .fini = tear_down, .timeout = 60);

static char why[FETCH_WHY_MAX];
static uint8_t *got;
static size_t got_len;

/* Fetches at most |most| octets; the server gives |answers|, up to NULL. */
static int fetched(struct fetch fetch, const char *const *answers)
{
    int ok;

    for (web.count = 0; answers[web.count] != NULL; web.count++)
        web.answers[web.count] = answers[web.count];
    web.request[0] = 0;
    pthread_create(&web.thread, NULL, serve, NULL);
    if (fetch.url == NULL)
        fetch.url = web.url;
    fetch.seconds = 20;
    ok = fetch_document(&got, &got_len, &fetch, why);
    pthread_join(web.thread, NULL);
    return ok;
}

#define OK(fields, body) "HTTP/1.1 200 OK\r\nConnection: close\r\n" fields "\r\n" body
#define MOVED(where)                                                                                         \
    "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " where "\r\n\r\n"
#define ANSWERS(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(fetch, a_document_comes_as_it_is)
{
    cr_assert(fetched((struct fetch){.most = 5}, ANSWERS(OK("Content-Length: 5\r\n", "abcde"))), "%s", why);
    cr_expect(got_len == 5 && memcmp(got, "abcde", 5) == 0);
    cr_expect(strncmp(web.request, "GET /x HTTP/1.1\r\n", 17) == 0, "%s", web.request);
    free(got);
}

/* A proxy of the environment would be asked for its own machine's node. */
Test(fetch, what_is_near_comes_by_no_proxy)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    cr_assert(fetched((struct fetch){.most = 5, .is_near = 1}, ANSWERS(OK("Content-Length: 5\r\n", "abcde"))),
              "%s", why);
    cr_expect(got_len == 5);
    free(got);
}

Test(fetch, a_body_is_posted)
{
    const struct fetch fetch = {.content_type = "application/ocsp-request",
                                .body = bytes_of((const uint8_t *)"a\xff-", 3),
                                .most = 9};

    cr_assert(fetched(fetch, ANSWERS(OK("", "answer"))), "%s", why);
    cr_expect(got_len == 6);
    cr_expect(strncmp(web.request, "POST /x HTTP/1.1\r\n", 18) == 0, "%s", web.request);
    cr_expect_not_null(strcasestr(web.request, "\r\nContent-Type: application/ocsp-request\r\n"));
    cr_expect_not_null(strcasestr(web.request, "\r\nContent-Length: 3\r\n"));
    free(got);
}

#define REFUSED(fetch, what, ...)                                                                            \
    do {                                                                                                     \
        cr_assert_not(fetched(fetch, ANSWERS(__VA_ARGS__)), "%s", what);                                     \
        cr_expect_not_null(strcasestr(why, what), "'%s' does not say '%s'", why, what);                      \
    } while (0)

Test(fetch, what_is_too_long_is_refused_announced_or_not)
{
    const struct fetch four = {.most = 4};

    REFUSED(four, "more than 4 octets", OK("Content-Length: 5\r\n", "abcde"));
    REFUSED(four, "more than 4 octets", OK("", "abcde"));
    REFUSED(four, "more than 4 octets",
            OK("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
}

Test(fetch, what_is_no_whole_document_is_refused)
{
    const struct fetch fetch = {.most = 100};

    REFUSED(fetch, "status 404", "HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx");
    REFUSED(fetch, "status 304", "HTTP/1.1 304 Not Modified\r\n\r\n");
    REFUSED(fetch, "empty", OK("Content-Length: 0\r\n", ""));
    REFUSED(fetch, "partial", OK("Content-Length: 9\r\n", "half"));
    REFUSED(fetch, "", "nonsense\r\n");
}

/* A server outside would choose what is asked for inside. */
Test(fetch, redirections_are_told_and_not_followed)
{
    const struct fetch fetch = {.most = 100};

    REFUSED(fetch, "status 302, and with http://127.0.0.1:1/y: if that is right",
            MOVED("http://127.0.0.1:1/y"));
    REFUSED(fetch, "status 302, and with file:///etc/hostname", MOVED("file:///etc/hostname"));
    REFUSED(fetch, "status 302", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 9811 3.5: "When pushing announcement messages, PKIMessage structures MUST be sent as the content of an
 * HTTP POST request." */
Test(fetch, what_is_pushed_is_answered_by_a_status)
{
    static const struct {
        const char *answer;
        long status;
    } cases[] = {
        {"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", 201},
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202},
        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403},
        {MOVED("http://127.0.0.1:1/y"), 302},
        {OK("Content-Length: 0\r\n", ""), 200},
    };
    struct fetch fetch = {.url = web.url,
                          .content_type = "application/pkixcmp",
                          .body = bytes_of((const uint8_t *)"\x30\xff", 2),
                          .most = 4,
                          .seconds = 20};
    long status;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        web.count = 1;
        web.answers[0] = cases[i].answer;
        web.request[0] = 0;
        pthread_create(&web.thread, NULL, serve, NULL);
        cr_expect(fetch_push(&status, &fetch, why), "%s", why);
        pthread_join(web.thread, NULL);
        cr_expect_eq(status, cases[i].status);
        cr_expect(strncmp(web.request, "POST /x HTTP/1.1\r\n", 18) == 0, "%s", web.request);
    }
    web.answers[0] = OK("Content-Length: 5\r\n", "abcde");
    web.request[0] = 0;
    pthread_create(&web.thread, NULL, serve, NULL);
    cr_expect(fetch_push(&status, &fetch, why), "what comes after the status is not read");
    pthread_join(web.thread, NULL);
    cr_expect_eq(status, 200);
    fetch.url = "http://127.0.0.1:1/";
    cr_expect_not(fetch_push(&status, &fetch, why), "nobody is there");
    fetch.url = "file:///etc/hostname";
    cr_expect_not(fetch_push(&status, &fetch, why));
}

Test(fetch, no_other_protocol_is_spoken)
{
    const struct fetch fetch = {.url = "file:///etc/hostname", .most = 100};

    cr_assert_not(fetch_document(&got, &got_len, &fetch, why));
    cr_expect_not_null(strcasestr(why, "protocol"), "%s", why);
}

Test(fetch, it_can_be_given_up)
{
    static const atomic_int ends = 1;
    const struct fetch fetch = {.url = web.url, .most = 100, .seconds = 30, .ends = &ends};

    cr_assert_not(fetch_document(&got, &got_len, &fetch, why), "nobody accepts");
}

/* ---- a resolver that does not answer ---- */

static atomic_int is_asked;
static sem_t answers;

/* In the place of that of the C library, for libcurl as well. */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *req, struct addrinfo **pai)
{
    (void)name, (void)service, (void)req, (void)pai;
    atomic_store(&is_asked, 1);
    sem_wait(&answers);
    return EAI_AGAIN;
}

/* It answers when nobody waits any more: who did would wait for ever. */
Test(fetch, a_resolver_that_hangs_is_not_waited_for)
{
    struct fetch fetch = {.url = "http://vendor.example/", .most = 100, .seconds = 40, .ends = &is_asked};

    sem_init(&answers, 0, 0);
    cr_assert_not(fetch_document(&got, &got_len, &fetch, why));
    cr_assert(atomic_load(&is_asked));
    fetch.ends = NULL;
    fetch.seconds = 1;
    cr_assert_not(fetch_document(&got, &got_len, &fetch, why));
    sem_post(&answers);
    sem_post(&answers);
}
