/* fuzz_front.c: a client against the front: octets, or whole conversations; in plain and over TLS.
 *
 * The front runs as it is, on a thread of its own, over a loopback connection for each input; the pipeline
 * behind it echoes at once. An input that begins with an octet below 0x80 is what a client sends, and that
 * octet says in how large pieces (0: at once). Any other is a script, see |step|: requests, windows, resets,
 * header blocks cut anywhere, and reading, or not.
 *
 * Findings are a crash; an answer that is no HTTP, or has the body of another request (judge.h); a connection
 * that the front does not close after the client's end; and memory: no conversation may make the process hold
 * more than MEMORY_MAX. fuzz_front has the loop on io_uring,
 * fuzz_front_epoll the other. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/tls.h"
#include "server/front/http/http.h"
#include "tests/front/fake_pipeline.h"
#include "tests/fuzz/judge.h"

enum {
    PIECES_MAX = 16,
    PATIENCE_SECONDS = 10,
    STREAMS = 10,
    BIG = 65536,
    OUT_MAX = 1 << 18,           /* octets of a script between two that send */
    MEMORY_MAX = 8 * 1024 * 1024 /* STREAMS answers of BIG, bodies, buffers, TLS; it is a fraction of that */
};

static struct sockaddr_in address[2]; /* in plain, with TLS */
static struct tls_context *tls_client;
static atomic_long held, most;

/* By the allocator of clang's sanitizer: gcc brings no header for that. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COUNTS_MEMORY
#endif
#endif

#ifdef COUNTS_MEMORY
#include <sanitizer/allocator_interface.h>

static void on_malloc(const volatile void *p, size_t size)
{
    (void)p;
    long now = atomic_fetch_add(&held, (long)size) + (long)size, before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
}

static void on_free(const volatile void *p)
{
    if (p != NULL)
        atomic_fetch_sub(&held, (long)__sanitizer_get_allocated_size((const void *)p));
}
#endif

static void hello(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    (void)arg;
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_str("hello\n");
}

static void big(void *arg, const struct front_ask *ask, struct front_page *page)
{
    (void)ask;
    static const char body[BIG];
    (void)arg;
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_of(body, sizeof body);
}

/* free_port finds a port that nobody listens on. */
static void free_port(struct sockaddr_in *to)
{
    socklen_t len = sizeof *to;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to->sin_family = AF_INET;
    to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)to, len) != 0 ||
        getsockname(fd, (struct sockaddr *)to, &len) != 0)
        abort();
    close(fd);
}

/* make_certificate writes a certificate and its key into a folder that goes with the process. */
static void make_certificate(char *certificate, char *key, size_t len)
{
    char folder[] = "/tmp/fuzz-front.XXXXXX", command[512];
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(certificate, len, "%s/c.pem", folder);
    snprintf(key, len, "%s/k.pem", folder);
    snprintf(command, sizeof command,
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -addext "
             "subjectAltName=IP:127.0.0.1 -days 9 -keyout %s -out %s 2>/dev/null && chmod 600 %s",
             key, certificate, key);
    if (system(command) != 0) // NOLINT(cert-env33-c): a tool of the machine that tests
        abort();
    tls_client = tls_context_new(certificate, 1);
    if (tls_client == NULL)
        abort();
}

static void start(void)
{
    static char text[2][32], certificate[64], key[64];
    static const struct front_handler pages[] = {{"/hello", CONFIG_SERVE_HEALTH, hello, NULL},
                                                 {"/big", CONFIG_SERVE_HEALTH, big, NULL}};
    static struct config_tls tls = {.certificate = certificate, .key = key};
    static struct config_listener listeners[2] = {
        {.address = text[0], .serves = CONFIG_SERVE_CMP | CONFIG_SERVE_HEALTH},
        {.address = text[1], .serves = CONFIG_SERVE_CMP | CONFIG_SERVE_HEALTH, .tls = &tls}};
    static struct config config = {
        .limits = {.message_bytes = 4096,
                   .header_bytes = 2048,
                   .connections = 100,
                   .connections_per_source = 100,
                   .memory_mib = 64,
                   .idle_seconds = 60,
                   .read_seconds = 60,
                   .streams = STREAMS,
                   .resets = 10,
                   .queue_jobs = 100,
                   .jobs = 100},
        .threads = {.front = 1},
        .listeners = listeners,
        .listener_count = 2,
    };
    struct config_fault fault;
    signal(SIGPIPE, SIG_IGN); /* the front closes when it likes */
    make_certificate(certificate, key, sizeof key);
    for (int i = 0; i < 2; i++) {
        free_port(&address[i]);
        snprintf(text[i], sizeof text[i], "127.0.0.1:%u", ntohs(address[i].sin_port));
    }
    log_set_level(LOG_ERROR);
    const struct front_setup setup = {&config, fake_pipeline_new(100, 100, 0, 0), pages, 2, NULL, 0};
    void *front = http_transport.open(&fault, &setup);
    if (front == NULL || !http_transport.start(front)) {
        fprintf(stderr, "%s\n", fault.text);
        abort();
    }
    unlink(certificate);
    unlink(key);
    *strrchr(key, '/') = '\0';
    rmdir(key);
#ifdef COUNTS_MEMORY
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
#endif
}

static void send_pieces(int fd, const uint8_t *data, size_t len, size_t piece)
{
    for (unsigned i = 0; len > 0; i++) {
        size_t now = piece == 0 || piece > len || i >= PIECES_MAX ? len : piece;
        ssize_t sent = send(fd, data, now, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return; /* the front has closed: it may */
        judge_sent(data, (size_t)sent);
        data += sent;
        len -= (size_t)sent;
    }
}

/* connect_anew connects from an address of 127/8 that changes: closed connections keep their ports for a
 * minute, and one address has fewer of them than a run has inputs. With |small|, hardly anything fits between
 * the two. */
static int connect_anew(const struct sockaddr_in *to, int small)
{
    static uint32_t count;
    int on = 1, little = 2048, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001 + count++ % 65000)};
    if (small)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    if (fd < 0 || setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0) {
        perror("bind");
        abort();
    }
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) != 0) {
        if (errno != EINTR) {
            perror("connect");
            abort();
        }
        close(fd); /* libFuzzer's alarm */
        return connect_anew(to, small);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

/* drain reads to the end that the front makes of the connection. |tls| may be NULL. */
static void drain(int fd, struct tls *tls)
{
    static uint8_t octets[16384];
    ssize_t got;
    shutdown(fd, SHUT_WR);
    while (tls != NULL && (got = tls_read(tls, octets, sizeof octets)) > 0)
        judge_heard(octets, (size_t)got);
    do {
        got = recv(fd, octets, sizeof octets, 0);
        if (got > 0 && tls == NULL)
            judge_heard(octets, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        fprintf(stderr, "the front keeps a connection that has ended\n");
        abort();
    }
}

/* ---- conversations ---- */

struct conversation {
    int fd;
    struct tls *tls;
    uint32_t streams; /* that were opened */
    uint8_t out[OUT_MAX];
    size_t out_len;
    int over; /* the front has closed: it may */
};

static void put(struct conversation *c, const void *data, size_t len)
{
    if (len > OUT_MAX - c->out_len)
        return;
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
}

static void put_frame(struct conversation *c, unsigned type, unsigned flags, uint32_t stream,
                      const void *data, size_t len)
{
    uint8_t head[9] = {(uint8_t)(len >> 16),    (uint8_t)(len >> 8),    (uint8_t)len,
                       (uint8_t)type,           (uint8_t)flags,         (uint8_t)(stream >> 24),
                       (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream};
    if (len + sizeof head > OUT_MAX - c->out_len)
        return;
    put(c, head, sizeof head);
    put(c, data, len);
}

static void put_frame_u32(struct conversation *c, unsigned type, uint32_t stream, uint32_t value)
{
    uint8_t data[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    put_frame(c, type, 0, stream, data, sizeof data);
}

/* wait_for waits until the socket is ready for |events|, a little. */
static void wait_for(struct conversation *c, short events)
{
    struct pollfd poller = {.fd = c->fd, .events = events};
    poll(&poller, 1, 5);
}

static void say(struct conversation *c)
{
    size_t done = 0;
    for (int tries = 0; done < c->out_len && !c->over && tries < 50; tries++) {
        ssize_t sent = c->tls != NULL
                           ? tls_write(c->tls, c->out + done, c->out_len - done)
                           : send(c->fd, c->out + done, c->out_len - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            judge_sent(c->out + done, (size_t)sent);
            done += (size_t)sent;
            continue;
        }
        if (c->tls != NULL ? sent == TLS_WANTS_WRITE || sent == TLS_WANTS_READ
                           : errno == EAGAIN || errno == EINTR)
            wait_for(c, POLLOUT);
        else
            c->over = 1;
    }
    c->out_len = 0;
}

static void hear(struct conversation *c, size_t len)
{
    uint8_t octets[16384];
    ssize_t got = c->tls != NULL ? tls_read(c->tls, octets, len) : recv(c->fd, octets, len, MSG_DONTWAIT);
    if (got > 0)
        judge_heard(octets, (size_t)got);
    if (got == 0)
        c->over = 1;
}

/* put_block puts the header block of a request: a path, a content type, and |more|. */
static size_t block_of(uint8_t *to, const char *path, const uint8_t *more, size_t len)
{
    static const char kind[] = "application/pkixcmp";
    uint8_t *p = to;
    *p++ = path[1] == '.' ? 0x83 : 0x82; /* POST, GET */
    *p++ = 0x86;
    *p++ = 0x04;
    *p++ = (uint8_t)strlen(path);
    p = (uint8_t *)stpcpy((char *)p, path);
    *p++ = 0x0f;
    *p++ = 0x10;
    *p++ = sizeof kind - 1;
    p = (uint8_t *)stpcpy((char *)p, kind);
    memcpy(p, more, len);
    return (size_t)(p - to) + len;
}

static uint32_t open_stream(struct conversation *c)
{
    return 2 * c->streams++ + 1;
}

/* The first |len| octets of a body on |stream|: each stream has others, so that answers can be told apart. */
static const uint8_t *body_on(uint32_t stream, size_t len)
{
    static uint8_t octets[BIG];
    for (size_t i = 0; i < len; i++)
        octets[i] = (uint8_t)((size_t)stream * 37 + i * 11 + 1);
    return octets;
}

static const uint32_t windows[] = {0, 1, 5, 100, 4096, 65535, 0x7fffffff, 0x80000000};
static const char cmp[] = "/.well-known/cmp";
static uint8_t block[20000];

/* struct act is one step of a script: |arg| and |p| say how; of |rest| (|len| octets) it may take some. */
struct act {
    unsigned arg;
    uint8_t p;
    uint32_t stream; /* one that was opened, or the next */
    const uint8_t *rest;
    size_t len;
};

static uint32_t newest_stream(const struct conversation *c)
{
    return 2 * (c->streams > 0 ? c->streams - 1 : 0) + 1;
}

/* Each returns how many octets of |rest| it took. */

/* send, and let the front do something */
static size_t act_send(struct conversation *c, const struct act *act)
{
    say(c);
    usleep((useconds_t)act->p * 4);
    return 0;
}

static size_t act_read(struct conversation *c, const struct act *act)
{
    say(c);
    hear(c, (size_t)act->p * 64 + 1);
    return 0;
}

/* SETTINGS_INITIAL_WINDOW_SIZE, or SETTINGS_HEADER_TABLE_SIZE */
static size_t act_settings(struct conversation *c, const struct act *act)
{
    uint32_t value = windows[act->p % 8];
    uint8_t setting[6] = {0,
                          act->arg == 15 ? 1 : 4,
                          (uint8_t)(value >> 24),
                          (uint8_t)(value >> 16),
                          (uint8_t)(value >> 8),
                          (uint8_t)value};
    put_frame(c, 4, 0, 0, setting, sizeof setting);
    return 0;
}

static size_t act_request(struct conversation *c, const struct act *act)
{
    uint32_t stream = open_stream(c);
    size_t size = block_of(block, cmp, act->rest, 0);
    put_frame(c, 1, 4, stream, block, size);
    put_frame(c, 0, 1, stream, body_on(stream, (size_t)act->p * 16), (size_t)act->p * 16);
    return 0;
}

/* a header block cut anywhere, possibly not to its end; then, perhaps, a body */
static size_t act_cut_request(struct conversation *c, const struct act *act)
{
    uint32_t stream = open_stream(c);
    size_t size = block_of(block, cmp, act->rest, 0), cut = act->p % size;
    put_frame(c, 1, (act->arg & 1) != 0, stream, block, cut);
    if (act->arg & 2)
        put_frame(c, 9, 0, stream, block + cut, size > cut + 7 ? 7 : 0);
    if (act->arg & 2)
        cut += size > cut + 7 ? 7 : 0;
    if (act->arg & 4)
        put_frame(c, 9, 4, stream, block + cut, size - cut);
    if (act->arg & 8)
        put_frame(c, 0, 1, stream, body_on(stream, 100), 100);
    return 0;
}

static size_t act_part_of_body(struct conversation *c, const struct act *act)
{
    size_t len = (size_t)act->arg * act->arg * 64;
    put_frame(c, 0, act->p >> 7, act->stream, body_on(act->stream, len), len);
    return 0;
}

static size_t act_reset(struct conversation *c, const struct act *act)
{
    put_frame_u32(c, 3, act->stream, 8);
    return 0;
}

static size_t act_window(struct conversation *c, const struct act *act)
{
    put_frame_u32(c, 8, act->p == 0 ? 0 : act->stream, windows[act->arg % 8]);
    return 0;
}

static size_t act_large_answer(struct conversation *c, const struct act *act)
{
    uint32_t stream = open_stream(c);
    size_t size = block_of(block, "/big", act->rest, 0);
    put_frame(c, 1, 5, stream, block, size);
    return 0;
}

/* a field for the table, and references to it */
static size_t act_table(struct conversation *c, const struct act *act)
{
    static const char *const names[] = {"x", "cookie", "cache-digest", "content-type"};
    static uint8_t more[18000];
    const char *name = names[act->arg & 3];
    size_t value = act->arg & 12 ? 1000 : 0, at = 0, taken = act->len < 8 ? act->len : 8;
    more[at++] = 0x40;
    more[at++] = (uint8_t)strlen(name);
    at = (size_t)(stpcpy((char *)more + at, name) - (char *)more);
    if (value == 0) {
        more[at++] = 0;
    } else {
        more[at++] = 0x7f;
        more[at++] = (uint8_t)((value - 127) & 127) | 128;
        more[at++] = (uint8_t)((value - 127) >> 7);
        memset(more + at, '-', value);
        memcpy(more + at, act->rest, taken);
        for (size_t i = 0; i < 8; i++)
            more[at + i] = more[at + i] < ' ' || more[at + i] > '~' ? 'A' : more[at + i];
        at += value;
    }
    memset(more + at, 0xbe, (size_t)act->p * 56);
    size_t size = block_of(block, cmp, more, at + (size_t)act->p * 56);
    put_frame(c, 1, 4, open_stream(c), block, size);
    return taken;
}

/* what is answered, or ignored: PING, SETTINGS, PRIORITY */
static size_t act_answered(struct conversation *c, const struct act *act)
{
    static const struct {
        unsigned type;
        size_t len;
    } frames[] = {{6, 8}, {4, 0}, {2, 5}};
    static const uint8_t zeros[8];
    for (unsigned i = 0; i <= act->arg * act->arg; i++)
        put_frame(c, frames[act->p % 3].type, 0, act->p % 3 == 2 ? act->stream : 0, zeros,
                  frames[act->p % 3].len);
    return 0;
}

static size_t act_octets(struct conversation *c, const struct act *act)
{
    size_t size = act->p < act->len ? act->p : act->len;
    put(c, act->rest, size);
    return size;
}

static size_t act_any_frame(struct conversation *c, const struct act *act)
{
    size_t asked = (size_t)act->arg * 2, size = asked < act->len ? asked : act->len;
    put_frame(c, act->p & 15, act->p >> 4, newest_stream(c), act->rest, size);
    return size;
}

/* nothing, often */
static size_t act_empty_frames(struct conversation *c, const struct act *act)
{
    for (unsigned i = 0; i < act->p; i++)
        put_frame(c, act->arg & 1 ? 9 : 0, 0, newest_stream(c), "", 0);
    return 0;
}

static size_t act_http1(struct conversation *c, const struct act *act)
{
    char text[256];
    put(c, text,
        (size_t)snprintf(text, sizeof text,
                         "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\n%s%u\r\n\r\n",
                         act->arg & 1 ? cmp : "/big",
                         act->arg & 2 ? "Transfer-Encoding: chunked\r\nX: " : "Content-Length: ", act->p));
    if (!(act->arg & 4))
        put(c, body_on(c->streams++, act->p), act->p);
    return 0;
}

static size_t act_trailer(struct conversation *c, const struct act *act)
{
    put_frame(c, 1, 5, act->stream, "\x40\x01t\x01v", 5);
    return 0;
}

/* step does what the octets |op| and |p| say; of |rest| (|len| octets) it may take some, and returns how
 * many. */
static size_t step(struct conversation *c, uint8_t op, uint8_t p, const uint8_t *rest, size_t len)
{
    static size_t (*const acts[16])(struct conversation *, const struct act *) = {
        act_send,      act_read,         act_settings,     act_request, act_cut_request, act_part_of_body,
        act_reset,     act_window,       act_large_answer, act_table,   act_answered,    act_octets,
        act_any_frame, act_empty_frames, act_http1,        act_trailer,
    };
    const struct act act = {op >> 4, p, 2 * (p % (c->streams + 1)) + 1, rest, len};
    return acts[op & 15](c, &act);
}

static void converse(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    static struct conversation c;
    uint8_t mode = data[0];
    int result = TLS_WANTS_READ;

    c.fd = connect_anew(&address[mode & 1], mode & 4);
    c.tls = NULL;
    c.streams = 0;
    c.out_len = 0;
    c.over = 0;
    if (mode & 1) {
        /* Blocking, as far as it goes: SO_RCVTIMEO. */
        c.tls = tls_new(tls_client, c.fd, "127.0.0.1");
        for (int i = 0; i < 10 && (result == TLS_WANTS_READ || result == TLS_WANTS_WRITE); i++)
            result = tls_handshake(c.tls);
        if (result != 1)
            abort();
        struct timeval moment = {.tv_usec = 1000};
        setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
        setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof moment);
    }
    if (!(mode & 2)) {
        put(&c, preface, sizeof preface - 1);
        put_frame(&c, 4, 0, 0, "", 0);
    }
    for (size_t at = 1; at + 2 <= size && !c.over;)
        at += 2 + step(&c, data[at], data[at + 1], data + at + 2, size - at - 2);
    say(&c);
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (mode & 8) {
        struct linger linger = {.l_onoff = 1};
        setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    } else {
        drain(c.fd, c.tls);
    }
    tls_free(c.tls);
    close(c.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;

    if (!started) {
        started = 1;
        start();
    }
    if (size < 1)
        return 0;
    long before = atomic_load(&held);
    atomic_store(&most, before);
    judge_begin();
    if (data[0] & 0x80) {
        converse(data, size);
    } else {
        int fd = connect_anew(&address[0], 0);
        send_pieces(fd, data + 1, size - 1, data[0]);
        drain(fd, NULL);
        close(fd);
    }
    if (atomic_load(&most) - before > MEMORY_MAX) {
        fprintf(stderr, "a conversation made the process hold %ld octets more\n",
                atomic_load(&most) - before);
        abort();
    }
    return 0;
}
