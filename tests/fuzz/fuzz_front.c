/* fuzz_front.c: octets of a client against the front: HTTP/1, HTTP/2, and what is neither.
 *
 * The front runs as it is, on a thread of its own, over a loopback connection for each input; the pipeline
 * behind it echoes at once. The first octet of an input says in how large pieces the rest is sent (0: at
 * once). A connection that the front does not close after the client's end is a finding, like a crash. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "server/front/front.h"
#include "tests/front/fake_pipeline.h"

enum { PIECES_MAX = 16, PATIENCE_SECONDS = 10 };

static struct sockaddr_in address;

static void hello(void *arg, struct front_page *page)
{
    (void)arg;
    page->status = 200;
    page->content_type = "text/plain";
    page->body = bytes_str("hello\n");
}

/* free_port finds a port that nobody listens on. */
static void free_port(void)
{
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        abort();
    close(fd);
}

static void start(void)
{
    static char text[32];
    static const struct front_handler page = {"/hello", hello, NULL};
    static struct config_listener listener = {.address = text};
    static struct config config = {
        .limits = {.message_bytes = 4096,
                   .header_bytes = 2048,
                   .connections = 100,
                   .connections_per_source = 100,
                   .memory_mib = 64,
                   .idle_seconds = 60,
                   .read_seconds = 60,
                   .streams = 10,
                   .resets = 10,
                   .queue_jobs = 100,
                   .jobs = 100},
        .threads = {.front = 1},
        .listeners = &listener,
        .listener_count = 1,
    };
    struct config_fault fault;
    free_port();
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
    log_set_level(LOG_ERROR);
    struct front *front = front_new(&fault, &config, fake_pipeline_new(100, 100, 0, 0), &page, 1);
    if (front == NULL || !front_start(front)) {
        fprintf(stderr, "%s\n", fault.text);
        abort();
    }
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
        data += sent;
        len -= (size_t)sent;
    }
}

/* connect_anew connects from an address of 127/8 that changes: closed connections keep their ports for a
 * minute, and one address has fewer of them than a run has inputs. */
static int connect_anew(void)
{
    static uint32_t count;
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f010001 + count++ % 65000)};
    if (fd < 0 || setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0) {
        perror("bind");
        abort();
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno != EINTR) {
            perror("connect");
            abort();
        }
        close(fd); /* libFuzzer's alarm */
        return connect_anew();
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    char drop[4096];

    if (!started) {
        started = 1;
        start();
    }
    if (size < 1)
        return 0;
    int fd = connect_anew();
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    send_pieces(fd, data + 1, size - 1, data[0]);
    shutdown(fd, SHUT_WR);
    ssize_t got;
    do {
        got = recv(fd, drop, sizeof(drop), 0);
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        fprintf(stderr, "the front keeps a connection that has ended\n");
        abort();
    }
    close(fd);
    return 0;
}
