/* test_transport.c: the whole HTTP transport over a pipeline that echoes: what it refuses to open, what it
 * answers over HTTP/1, how it drains and stops (transport.c, listener.c, request.c, thread.c). HTTP/2, and
 * what takes its time: tests/front. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <sched.h>
#include <sys/socket.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): in the place of the real one */
#include "tests/front/fake_pipeline.c"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/front/http/listener.c"

enum { MESSAGE_MAX = 100, HEADER_MAX = 2000, PATIENCE_S = 20, JOBS = 4, TEXT_MAX = 16384 };

static struct config_listener listeners[FRONT_ADDRESSES_MAX + 1];
static struct config config;
static struct config_fault fault;
static struct pipeline *pipeline;
static struct front *front;
static struct front_handler pages[4];
static atomic_int document_users, document_withdrawn;

static void hello(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    cr_assert_str_eq(arg, "an argument");
    *page = (struct front_page){.status = 200, .content_type = "text/x-page", .body = bytes_str("hello\n")};
}

/* One that says nothing of itself. */
static void silent(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    (void)arg;
    page->body = bytes_str("?");
}

static void release_document(void *held)
{
    atomic_fetch_sub((atomic_int *)held, 1);
}

static int is_document_withdrawn(const void *held)
{
    (void)held;
    return atomic_load(&document_withdrawn);
}

/* One that tells what was asked for, as a document that no cache may keep. */
static void echo(void *arg, const struct front_ask *ask, struct front_page *page)
{
    static char text[256];

    snprintf(text, sizeof text, "%.*s|%.*s", (int)ask->path.len, (const char *)ask->path.data,
             (int)ask->accept.len, (const char *)ask->accept.data);
    atomic_fetch_add(&document_users, 1);
    *page = (struct front_page){.status = 200,
                                .content_type = "text/x-echo",
                                .body = bytes_str(text),
                                .release = release_document,
                                .is_withdrawn = is_document_withdrawn,
                                .held = arg};
}

/* One that no buffer of a socket takes as a whole. */
static void document(void *arg, const struct front_ask *ask, struct front_page *page)
{
    static const char body[32 * 1024 * 1024];

    (void)ask;
    atomic_fetch_add(&document_users, 1);
    *page = (struct front_page){.status = 200,
                                .content_type = "text/x-document",
                                .body = bytes_of(body, sizeof body),
                                .release = release_document,
                                .is_withdrawn = is_document_withdrawn,
                                .held = arg,
                                .tag = "\"tag\""};
}

/* Another protocol than CMP: some of what is asked it knows at once. */
static int look(void *arg, struct front_page *page, struct bytes *request,
                const struct front_question *question, int is_last)
{
    cr_assert_str_eq(arg, "an argument");
    page->body = bytes_str(is_last ? "later" : "malformed");
    if (is_last || bytes_equal(question->octets, bytes_str("bad")))
        return 1;
    *request = question->octets;
    if (!bytes_equal(question->octets, bytes_str("kept")))
        return 0;
    page->body = bytes_str("what is kept");
    page->tag = "\"tag\"";
    page->modified = 784111777;
    page->expires = 1;
    return 1;
}

static const struct front_exchange exchange = {.path = "/q",
                                               .service = CONFIG_SERVE_OCSP,
                                               .kind = JOB_OCSP,
                                               .request_type = "application/x-question",
                                               .answer_type = "application/x-answer",
                                               .look = look,
                                               .arg = "an argument",
                                               .directives = ", no-transform"};

static void set_up(void)
{
    for (size_t i = 0; i < sizeof listeners / sizeof listeners[0]; i++)
        listeners[i] = (struct config_listener){
            .address = "127.0.0.1:0", .serves = CONFIG_SERVE_CMP | CONFIG_SERVE_HEALTH | CONFIG_SERVE_OCSP};
    config = (struct config){.listeners = listeners, .listener_count = 1};
    config.threads.front = 2;
    config.limits = (struct config_limits){.message_bytes = MESSAGE_MAX,
                                           .header_bytes = HEADER_MAX,
                                           .connections = 100,
                                           .memory_mib = 64,
                                           .connections_per_source = 100,
                                           .requests_per_source = 100,
                                           .idle_seconds = PATIENCE_S,
                                           .read_seconds = PATIENCE_S,
                                           .streams = 10,
                                           .resets = 100,
                                           .queue_jobs = JOBS,
                                           .jobs = JOBS};
    pages[0] = (struct front_handler){"/hello", CONFIG_SERVE_HEALTH, hello, "an argument"};
    pages[1] = (struct front_handler){"/silent", CONFIG_SERVE_HEALTH, silent, NULL};
    pages[2] = (struct front_handler){"/document/", CONFIG_SERVE_HEALTH, document, &document_users};
    pages[3] = (struct front_handler){"/echo", CONFIG_SERVE_HEALTH, echo, &document_users};
    pipeline = fake_pipeline_new(JOBS, JOBS, 0, 2);
    log_set_level(LOG_ERROR);
}

static void tear_down(void)
{
    if (front != NULL)
        http_transport.stop(front, 1);
    pipeline_free(pipeline);
}

TestSuite(transport, .init = set_up, .fini = tear_down, .timeout = 120);

static struct front *opened(void)
{
    return http_transport.open(&fault, &(struct front_setup){.config = &config,
                                                             .pipeline = pipeline,
                                                             .handlers = pages,
                                                             .handler_count = 4,
                                                             .exchanges = &exchange,
                                                             .exchange_count = 1});
}

static void start(void)
{
    char why[512];

    if (!http_transport.probe(why, sizeof why)) {
        printf("\nSKIPPED: %s\n", why);
        cr_skip_test();
    }
    front = opened();
    cr_assert_not_null(front, "%s", fault.text);
    cr_assert(http_transport.start(front));
}

static unsigned stop(unsigned seconds)
{
    unsigned cut_off = http_transport.stop(front, seconds);

    front = NULL;
    return cut_off;
}

/* ---- opening ---- */

static void is_not_opened(const char *text)
{
    cr_expect_null(opened(), "%s", text);
    cr_expect_not_null(strstr(fault.text, text), "'%s' expected: %s", text, fault.text);
}

Test(transport, so_many_listeners_and_no_more)
{
    config.listener_count = 0;
    is_not_opened("between 1 and 64 listeners are needed");
    config.listener_count = FRONT_ADDRESSES_MAX + 1;
    is_not_opened("between 1 and 64 listeners are needed");
    config.threads.front = 1;
    config.listener_count = FRONT_ADDRESSES_MAX;
    start();
    cr_assert_eq(front->address_count, FRONT_ADDRESSES_MAX);
}

static void needs_ipv6(void)
{
    struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0),
        there = fd >= 0 && bind(fd, (struct sockaddr *)&loopback, sizeof loopback) == 0;

    if (fd >= 0)
        close(fd);
    if (!there) {
        printf("\nSKIPPED: this machine has no IPv6\n");
        cr_skip_test();
    }
}

/* ":0" is an address of either family, so that 33 of them are 66. */
Test(transport, addresses_of_listeners_have_a_bound)
{
    for (size_t i = 0; i < FRONT_ADDRESSES_MAX / 2 + 1; i++)
        listeners[i].address = ":0";
    config.threads.front = 1;
    config.listener_count = FRONT_ADDRESSES_MAX / 2;
    needs_ipv6();
    front = opened();
    cr_assert(front != NULL && front->address_count == FRONT_ADDRESSES_MAX);
    stop(0);
    config.listener_count++;
    is_not_opened(":0: too many addresses");
}

Test(transport, proxies_are_addresses)
{
    static const char *const good[] = {"192.0.2.0/24", "::1"}, *const bad[] = {"192.0.2.0/24",
                                                                               "proxy.example"};

    config.trusted_proxies = (struct config_list){bad, 2};
    is_not_opened("not an address: proxy.example");
    config.trusted_proxies = (struct config_list){good, 2};
    start();
    cr_assert_eq(front->proxy_count, 2);
}

Test(transport, addresses_are_split)
{
    static const struct {
        const char *address, *host, *port;
    } good[] = {{"h:1", "h", "1"}, {"[::1]:22", "::1", "22"}, {":8829", "", "8829"}, {"[]:1", "", "1"}};
    static const char *const bad[] = {"", "h", "h:", "::1:22", "[::1:22", "[:1", "[::1]x:1", "[::1]", "[:"};
    char host[256], longest[300];
    const char *port;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect(split(good[i].address, host, sizeof host, &port), "%s", good[i].address);
        cr_expect_str_eq(host, good[i].host);
        cr_expect_str_eq(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(split(bad[i], host, sizeof host, &port), "%s", bad[i]);
    memset(longest, 'h', sizeof longest);
    memcpy(longest + 255, ":1", 3);
    cr_expect(split(longest, host, sizeof host, &port));
    cr_expect_eq(strlen(host), 255);
    longest[255] = 'h';
    memcpy(longest + 256, ":1", 3);
    cr_expect_not(split(longest, host, sizeof host, &port));
}

Test(transport, a_listener_that_cannot_be_is_told_with_its_place)
{
    char taken[ADDRESS_TEXT_MAX];

    config.listener_count = 2;
    listeners[1].address = "nowhere";
    is_not_opened("nowhere: not an address; write HOST:PORT, [ADDRESS]:PORT or :PORT");
    listeners[1].address = "no-such-host.invalid:1";
    is_not_opened("no-such-host.invalid:1: ");
    listeners[1].address = "192.0.2.1:0"; /* RFC 5737: nobody's */
    is_not_opened("192.0.2.1:0: Cannot assign requested address");
    config.listener_count = 1;
    start();
    snprintf(taken, sizeof taken, "%s", front->addresses[0].text);
    listeners[0].address = taken;
    is_not_opened("Address already in use");
}

static unsigned threads_for(uint32_t wanted)
{
    unsigned count;

    config.threads.front = wanted;
    front = opened();
    cr_assert_not_null(front, "%s", fault.text);
    count = front->thread_count;
    stop(0);
    return count;
}

Test(transport, there_are_as_many_threads_as_are_asked_for)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    cr_expect_eq(threads_for(1), 1);
    cr_expect_eq(threads_for(3), 3);
    cr_expect_eq(threads_for(FRONT_THREADS_MAX), FRONT_THREADS_MAX);
    cr_expect_eq(threads_for(FRONT_THREADS_MAX + 1), FRONT_THREADS_MAX);
    /* A quarter of the processors: the rest is for the workers. */
    cr_expect_eq(threads_for(0), processors < 8 ? 1 : processors / 4);
}

/* A socket for each thread, of the listener and as it is told. */
Test(transport, each_thread_has_a_socket_of_its_own)
{
    int on = 0;
    socklen_t len = sizeof on;

    listeners[0].proxy_protocol = 1;
    listeners[0].serves = CONFIG_SERVE_CMP;
    config.listener_count = 2;
    start();
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(front->addresses[i].listener, i);
        cr_expect_eq(front->addresses[i].proxy_protocol, i == 0);
        cr_expect_eq(front->addresses[i].serves, listeners[i].serves);
        cr_expect_neq(front->addresses[i].fds[0], front->addresses[i].fds[1]);
    }
    for (int thread = 0; thread < 2; thread++) {
        int fd = front->addresses[0].fds[thread];
        cr_expect(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len) == 0 && on, "connections inherit it");
        cr_expect(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, &len) == 0 && on);
        cr_expect(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, &len) == 0 && on);
        cr_expect(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on);
    }
}

Test(transport, IPv6_is_IPv6_alone)
{
    int on = 0;
    socklen_t len = sizeof on;

    listeners[0].address = "[::1]:0";
    needs_ipv6();
    front = opened();
    cr_assert_not_null(front);
    cr_assert(getsockopt(front->addresses[0].fds[0], IPPROTO_IPV6, IPV6_V6ONLY, &on, &len) == 0 && on);
}

/* ---- HTTP/1 ---- */

static int dial(size_t address)
{
    const char *colon = strrchr(front->addresses[address].text, ':');
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(colon + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&to, sizeof to), 0, "%s", strerror(errno));
    return fd;
}

static void say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that comes until the connection ends. */
static const char *hear(int fd)
{
    static char text[TEXT_MAX];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0 || (n < 0 && errno == EINTR))
        len += n > 0 ? (size_t)n : 0;
    cr_expect_eq(n, 0, "%s", strerror(errno));
    text[len] = 0;
    close(fd);
    return text;
}

/* The first octet: what is asked for is on its way. */
static int hear_begin(int fd)
{
    char octet;
    ssize_t n;

    do
        n = recv(fd, &octet, 1, 0);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static const char *ask(size_t address, const char *request)
{
    int fd = dial(address);

    say(fd, request);
    return hear(fd);
}

static int has_document_users(int wanted)
{
    for (int i = 0; i < PATIENCE_S * 50 && atomic_load(&document_users) != wanted; i++)
        usleep(10000);
    return atomic_load(&document_users) == wanted;
}

/* Who does not read it holds it, until it is withdrawn; and lets it go once, however he ends. */
Test(transport, a_document_is_held_until_it_is_withdrawn)
{
    static const char request[] = "GET /document/x HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd, other;

    config.threads.front = 1;
    config.limits.idle_seconds = 600;
    start();
    fd = dial(0);
    say(fd, request);
    cr_assert(hear_begin(fd), "%s", strerror(errno));
    other = dial(0);
    say(other, request);
    cr_assert(hear_begin(other), "%s", strerror(errno));
    cr_assert(has_document_users(2));
    close(other);
    cr_assert(has_document_users(1), "who goes away lets it go");
    usleep(2 * FRONT_SWEEP_MS * 1000);
    cr_assert_eq(atomic_load(&document_users), 1);
    atomic_store(&document_withdrawn, 1);
    cr_assert(has_document_users(0));
    close(fd);
    /* Those who have it already read nothing of it. */
    cr_assert_not_null(strstr(ask(0, "GET /document/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                     "If-None-Match: \"tag\"\r\n\r\n"),
                              " 304 "));
    cr_assert(has_document_users(0));
}

static int all_answer(void)
{
    for (int i = 0; i < PATIENCE_S * 1000 && !http_transport.answers(front); i++)
        usleep(1000);
    return http_transport.answers(front);
}

static atomic_int blocked; /* 1: a thread is in block; 2: it may go on */

static void block(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    (void)arg;
    atomic_store(&blocked, 1);
    while (atomic_load(&blocked) == 1)
        usleep(1000);
    page->body = bytes_str("?");
}

/* Threads that sleep come round when they are asked; one that hangs does not, and is missed. */
Test(transport, threads_are_asked_whether_they_go_on)
{
    int fd;

    config.threads.front = 2;
    pages[0] = (struct front_handler){.path = "/block", .service = CONFIG_SERVE_HEALTH, .handle = block};
    start();
    for (int i = 0; i < 3; i++) {
        http_transport.ask(front);
        cr_assert(all_answer());
    }
    fd = dial(0);
    say(fd, "GET /block HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (atomic_load(&blocked) == 0)
        usleep(1000);
    http_transport.ask(front);
    usleep(50000); /* the other comes round */
    cr_expect_not(http_transport.answers(front));
    atomic_store(&blocked, 2);
    cr_assert(all_answer());
    hear(fd);
}

/* RFC 9110 12.5.1; a document without a tag is nobody's to keep, and nobody has it already. */
Test(transport, a_handler_is_told_what_is_accepted)
{
    const char *answer;

    start();
    answer = ask(0, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nACCEPT: text/x;q=0.5, */*\r\n"
                    "If-None-Match: *\r\n\r\n");
    cr_expect_not_null(strstr(answer, " 200 "));
    cr_expect_not_null(strstr(answer, "\r\n\r\n/echo|text/x;q=0.5, */*"), "%s", answer);
    cr_expect_not_null(strstr(answer, "cache-control: no-store\r\n"));
    cr_expect_null(strstr(answer, "etag"));
    cr_assert(has_document_users(0));
    answer = ask(0, "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    cr_expect_not_null(strstr(answer, "\r\n\r\n/echo|"));
}

/* A POST of |body| as |type|, after which the connection ends. */
static const char *post_of(const char *type, const char *body, const char *more)
{
    static char text[TEXT_MAX];

    snprintf(text, sizeof text,
             "POST /cmp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s%sContent-Length: %zu\r\n%s\r\n%s",
             type != NULL ? "Content-Type: " : "", type != NULL ? type : "", type != NULL ? "\r\n" : "",
             strlen(body), more, body);
    return text;
}

static const char *post(const char *body)
{
    return post_of("application/pkixcmp", body, "");
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end != NULL ? end + 4 : "no end of the header";
}

/* |answer| has |status|, and |header| (or none if NULL), and exactly |body|. */
static void is_answer(const char *answer, const char *status, const char *header, const char *body)
{
    char line[128];

    snprintf(line, sizeof line, "HTTP/1.1 %s", status);
    cr_expect_eq(strncmp(answer, line, strlen(line)), 0, "'%s' expected: %s", status, answer);
    if (header != NULL)
        cr_expect_not_null(strcasestr(answer, header), "'%s' expected: %s", header, answer);
    cr_expect_str_eq(body_of(answer), body, "%s", answer);
    cr_expect_null(strcasestr(answer, "\nserver:"), "nobody needs to know: %s", answer);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

/* RFC 9811 3.1: "The HTTP response status code in this case MUST be 200 (OK); other Successful 2xx status
 * codes MUST NOT be used for this purpose."
 * RFC 9811 3.2: "The Internet media type "application/pkixcmp" MUST be set in the HTTP "Content-Type"
 * header field when conveying a PKIMessage."
 * RFC 9811 3.1: a PKIMessage is 200, whatever it says, and every other answer has one as well */
Test(transport, how_a_job_ends_is_said_in_the_words_of_HTTP)
{
    start();
    is_answer(ask(0, post("a message")), "200 OK", "content-type: application/pkixcmp\r\n", "a message");
    is_answer(ask(0, post("a message")), "200 OK", "cache-control: no-store\r\n", "a message");
    is_answer(ask(0, post("end=0")), "200 OK", NULL, "end=0");
    is_answer(ask(0, post("end=1")), "400 Bad Request", NULL, "end=1");
    is_answer(ask(0, post("end=2")), "404 Not Found", NULL, "end=2");
    is_answer(ask(0, post("end=3")), "503 Service Unavailable", NULL, "end=3");
    is_answer(ask(0, post("end=4")), "503 Service Unavailable", NULL, "end=4");
}

/* RFC 9811 1.2: "* Implementations MUST forward CMP messages when an HTTP error status code occurs; see
 * Section 3.1."
 * RFC 9811 3.1: "A DER-encoded [ITU.X690.2021] PKIMessage (Section 5.1 of [RFC9810]) MUST be sent as the
 * content of an HTTP POST request."
 * RFC 9811 3.3, RFC 9483 6.1: bits of PKIFailureInfo are those of RFC 9810 5.2.3 */
Test(transport, what_is_no_message_is_refused_by_one)
{
    char longest[MESSAGE_MAX + 2];

    start();
    is_answer(ask(0, GET("/cmp")), "405 Method Not Allowed", "allow: POST\r\n",
              "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(0, GET("/cmp")), "405 Method Not Allowed", "content-type: application/pkixcmp\r\n",
              "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(0,
                  "PUT /cmp HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: 1\r\n"
                  "Connection: close\r\n\r\nm"),
              "405 Method Not Allowed", "allow: POST\r\n", "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(0, post("")), "400 Bad Request", NULL, "refused 5: the request has no body\n");
    memset(longest, 'm', sizeof longest);
    longest[MESSAGE_MAX] = 0;
    is_answer(ask(0, post(longest)), "200 OK", NULL, longest);
    longest[MESSAGE_MAX] = 'm';
    longest[MESSAGE_MAX + 1] = 0;
    is_answer(ask(0, post(longest)), "413 Content Too Large", NULL, "refused 2: the message is too large\n");
}

Test(transport, media_types_are_those_of_CMP)
{
    static const char *const good[] = {"application/pkixcmp",
                                       "Application/PKIXCMP",
                                       "application/pkixcmp; charset=x",
                                       "application/pkixcmp \t;x",
                                       "application/pkixcmp-poll",
                                       "application/x-pkixcmp"},
                             *const bad[] = {NULL,
                                             "",
                                             "text/html",
                                             "application/pkixcm",
                                             "application/pkixcmpx",
                                             ";",
                                             "application/pkixcmp/;x"};

    start();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        is_answer(ask(0, post_of(good[i], "m", "")), "200 OK", NULL, "m");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_answer(ask(0, post_of(bad[i], "m", "")), "415 Unsupported Media Type", NULL,
                  "refused 2: the content type of a CMP message is application/pkixcmp\n");
}

/* What libh2o answers by itself; it ends the connection. */
Test(transport, what_is_no_request_is_refused_by_a_message_too)
{
    static char many[HEADER_MAX + 128];
    char field[HEADER_MAX];

    start();
    memset(field, 'f', sizeof field);
    field[HEADER_MAX - 1] = 0;
    snprintf(many, sizeof many, "GET / HTTP/1.1\r\nHost: x\r\nX: %.*s\r\n\r\n", HEADER_MAX - 1, field);
    is_answer(ask(0, many), "431 Request Header Fields Too Large", "content-type: application/pkixcmp",
              "refused 2: the HTTP header is too large\n");
    is_answer(ask(0, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"), "413 ", NULL,
              "refused 2: the message is too large\n");
    is_answer(ask(0, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"), "400 ", NULL,
              "refused 2: not a valid HTTP request\n");
    is_answer(ask(0, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: magic\r\n\r\n"),
              "417 Expectation Failed", NULL, "refused 2: not a valid HTTP request\n");
    is_answer(ask(0, "HEAD /x HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"), "400 ", NULL, "");
}

/* A little more than message_bytes is read, so that a message tells what is wrong. */
Test(transport, a_message_that_is_a_little_too_large_keeps_its_connection)
{
    int fd;

    start();
    fd = dial(0);
    say(fd,
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: 125\r\n\r\n");
    for (int i = 0; i < 5; i++)
        say(fd, "1234567890123456789012345");
    say(fd, post("next"));
    cr_assert_not_null(strstr(hear(fd), "\r\n\r\nnext"));
    fd = dial(0);
    say(fd,
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: 126\r\n\r\n");
    cr_assert_null(strstr(hear(fd), "\r\n\r\nnext"), "it ends by itself");
}

Test(transport, pages_are_found_where_their_service_is)
{
    listeners[1].serves = CONFIG_SERVE_CMP;
    listeners[2].serves = CONFIG_SERVE_HEALTH;
    config.listener_count = 3;
    start();
    is_answer(ask(0, GET("/hello")), "200 OK", "content-type: text/x-page\r\n", "hello\n");
    is_answer(ask(0, GET("/hello?x")), "200 OK", NULL, "hello\n");
    is_answer(ask(0, GET("http://example/hello?x")), "200 OK", NULL, "hello\n");
    is_answer(ask(0, GET("HTTPS://example/hello")), "200 OK", NULL, "hello\n");
    is_answer(ask(0, GET("http://example")), "405 Method Not Allowed", NULL,
              "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(0, GET("/silent")), "500 Internal Server Error", "content-type: text/plain\r\n", "?");
    is_answer(ask(0, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200 OK",
              "content-length: 6\r\n", "");
    is_answer(ask(0, "POST /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
                     "application/pkixcmp\r\nContent-Length: 1\r\n\r\nx"),
              "405 Method Not Allowed", "allow: GET, HEAD\r\n", "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(1, GET("/hello")), "405 Method Not Allowed", "allow: POST\r\n",
              "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(1, post("m")), "200 OK", NULL, "m");
    is_answer(ask(2, GET("/hello")), "200 OK", NULL, "hello\n");
    is_answer(ask(2, GET("/other")), "404 Not Found", NULL, "refused 2: this address does not serve that\n");
    is_answer(ask(2, post("m")), "404 Not Found", NULL, "refused 2: this address does not serve that\n");
}

/* ---- other protocols than CMP ---- */

static const char *question_of(const char *path, const char *type, const char *body)
{
    static char text[1024];

    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: "
             "%zu\r\n\r\n%s",
             path, type, strlen(body), body);
    return text;
}

static const char *question(const char *body)
{
    return question_of("/q", "application/x-question", body);
}

Test(transport, a_question_is_answered_at_once_or_by_a_job)
{
    start();
    is_answer(ask(0, question("a question")), "200 OK", "content-type: application/x-answer\r\n",
              "a question");
    is_answer(ask(0, question("a question")), "200 OK", "cache-control: no-store\r\n", "a question");
    is_answer(ask(0, question("bad")), "200 OK", "cache-control: no-store\r\n", "malformed");
    is_answer(ask(0, question("kept")), "200 OK", "cache-control: public, max-age=0, no-transform\r\n",
              "what is kept");
    is_answer(ask(0, GET("/q/kept")), "200 OK", "last-modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
              "what is kept");
    is_answer(ask(0, "GET /q/kept HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-None-Match: "
                     "\"tag\"\r\n\r\n"),
              "304 Not Modified", "etag: \"tag\"\r\n", "");
    is_answer(ask(0, "HEAD /q/kept HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200 OK",
              "content-length: 12\r\n", "");
}

/* In base64 there are slashes, and what stands for them. */
Test(transport, a_question_in_a_URL_is_taken_as_it_is)
{
    start();
    is_answer(ask(0, GET("/q/a%2Fb//c/../%zz?x")), "200 OK", "content-type: application/x-answer\r\n",
              "a%2Fb//c/../%zz");
}

Test(transport, questions_have_their_path_type_and_methods)
{
    listeners[1].serves = CONFIG_SERVE_CMP;
    config.listener_count = 2;
    start();
    is_answer(ask(0, question_of("/q", "application/x-questions", "a")), "415 Unsupported Media Type",
              "content-type: text/plain\r\n", "this is another content type than that of a request\n");
    is_answer(ask(0, question_of("/q/a", "application/x-question", "a")), "404 Not Found", NULL,
              "requests are sent by POST to the path above\n");
    is_answer(ask(0, "PUT /q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "405 Method Not Allowed",
              "allow: GET, HEAD, POST\r\n", "requests are sent by GET or POST\n");
    is_answer(ask(0, GET("/qu")), "405 Method Not Allowed", "allow: POST\r\n",
              "refused 2: CMP messages are sent by POST\n");
    is_answer(ask(1, GET("/q/kept")), "405 Method Not Allowed", "allow: POST\r\n",
              "refused 2: CMP messages are sent by POST\n");
}

/* ---- whose request it is ---- */

static const char *who(const char *more)
{
    return body_of(ask(0, post_of("application/pkixcmp", "who", more)));
}

/* RFC 7239: the last element is what the proxy in front of us has written */
Test(transport, a_trusted_proxy_says_for_whom_it_speaks)
{
    static const char *const loopback[] = {"127.0.0.0/8"};

    start();
    cr_expect_eq(strncmp(who(""), "127.0.0.1:", 10), 0);
    cr_expect_eq(strncmp(who("Forwarded: for=192.0.2.7\r\n"), "127.0.0.1:", 10), 0, "anybody may write that");
    stop(1);
    config.trusted_proxies = (struct config_list){loopback, 1};
    start();
    cr_expect_eq(strncmp(who("Forwarded: for=192.0.2.7\r\n"), "192.0.2.7", 9), 0);
    cr_expect_eq(strncmp(who("Forwarded: for=192.0.2.7\r\nForwarded: for=192.0.2.8\r\n"), "192.0.2.8", 9), 0);
    cr_expect_eq(strncmp(who("Forwarded: for=unknown\r\n"), "127.0.0.1:", 10), 0);
    cr_expect_eq(strncmp(who(""), "127.0.0.1:", 10), 0);
}

/* ---- overload ---- */

static void until_jobs(unsigned count)
{
    for (struct timespec moment = {0, 1000000}; fake_pipeline_jobs(pipeline) != count;)
        nanosleep(&moment, NULL);
}

static void hold(int fds[], unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        fds[i] = dial(0);
        say(fds[i], post("hold it"));
    }
    until_jobs(count);
}

Test(transport, beyond_its_jobs_it_is_busy)
{
    int fds[JOBS];

    start();
    hold(fds, JOBS);
    is_answer(ask(0, post("m")), "503 Service Unavailable", "retry-after: 5\r\n",
              "refused 24: the server is busy; try again later\n");
    is_answer(ask(0, question("a question")), "200 OK", "content-type: application/x-answer\r\n", "later");
    is_answer(ask(0, question("a question")), "200 OK", "cache-control: no-store\r\n", "later");
    is_answer(ask(0, question("kept")), "200 OK", NULL, "what is kept");
    fake_pipeline_release(pipeline);
    for (size_t i = 0; i < JOBS; i++)
        is_answer(hear(fds[i]), "200 OK", NULL, "hold it");
    is_answer(ask(0, post("m")), "200 OK", NULL, "m");
}

/* ---- draining and stopping ---- */

Test(transport, a_draining_transport_answers_and_says_goodbye)
{
    int fd;

    start();
    fd = dial(0);
    say(fd, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: "
            "7\r\n\r\nhold it");
    until_jobs(1);
    http_transport.drain(front);
    while (atomic_load(&front->state) != FRONT_DRAINING || front->threads[0].state != FRONT_DRAINING ||
           front->threads[1].state != FRONT_DRAINING)
        sched_yield();
    fake_pipeline_release(pipeline);
    is_answer(hear(fd), "200 OK", "connection: close\r\n", "hold it");
    is_answer(
        ask(0,
            "POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\nContent-Length: 1\r\n\r\nm"),
        "200 OK", "connection: close\r\n", "m");
    cr_assert_eq(stop(PATIENCE_S), 0);
}

static struct sockaddr_in where;

/* Once nobody listens any more. */
static void *release_held(void *arg)
{
    for (int refused = 0; !refused;) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        refused = connect(fd, (const struct sockaddr *)&where, sizeof where) != 0 && errno == ECONNREFUSED;
        close(fd);
    }
    fake_pipeline_release(pipeline);
    return arg;
}

Test(transport, what_is_in_flight_is_answered_before_it_stops)
{
    socklen_t len = sizeof where;
    pthread_t thread;
    int fd;

    start();
    hold(&fd, 1);
    cr_assert_eq(getpeername(fd, (struct sockaddr *)&where, &len), 0);
    cr_assert_eq(pthread_create(&thread, NULL, release_held, NULL), 0);
    cr_assert_eq(stop(PATIENCE_S), 0);
    pthread_join(thread, NULL);
    is_answer(hear(fd), "200 OK", NULL, "hold it");
}

Test(transport, what_is_not_answered_in_time_is_cut_off_and_told_so)
{
    int fds[2];

    start();
    hold(fds, 2);
    cr_assert_eq(stop(0), 2);
    for (size_t i = 0; i < 2; i++)
        is_answer(hear(fds[i]), "503 Service Unavailable", "content-type: application/pkixcmp",
                  "refused 24: the server is stopping\n");
}

Test(transport, a_question_that_is_cut_off_is_told_so_in_its_words)
{
    int fd;

    start();
    fd = dial(0);
    say(fd, question("hold it"));
    until_jobs(1);
    cr_assert_eq(stop(0), 1);
    is_answer(hear(fd), "200 OK", "content-type: application/x-answer", "later");
}

Test(transport, what_never_came_whole_is_nobodys_request)
{
    int fd;

    start();
    fd = dial(0);
    say(fd, "POST /x HTTP/1.1\r\nHost: x\r\n");
    cr_assert_eq(stop(0), 0);
    cr_assert_str_eq(hear(fd), "");
}

/* ---- a row of the table ---- */

Test(transport, its_libraries_have_versions)
{
    cr_assert_not_null(strstr(http_transport.versions(), "libh2o "));
    cr_assert_not_null(strstr(http_transport.versions(), ", liburing "));
    cr_assert_str_eq(front_backend(), "io_uring");
    cr_assert_eq(transports[0], &http_transport);
    cr_assert_null(transports[1]);
}
