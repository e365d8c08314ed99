/* listener.c: addresses, and the sockets that are bound to them: one for each thread, among which the kernel
 * distributes connections. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/log.h"

enum { LISTEN_BACKLOG = 4096 };

static int fail(struct config_fault *fault, const struct front *front, size_t listener, const char *what)
{
    char key[64];
    snprintf(key, sizeof key, "listeners[%zu].address", listener);
    return config_fault_at(fault, front->config, key, "%s: %s", front->config->listeners[listener].address,
                           what);
}

/* split cuts "HOST:PORT", "[ADDRESS]:PORT" or ":PORT" into |host| (empty for every address) and |port|. */
static int split(const char *address, char *host, size_t host_len, const char **port)
{
    const char *colon = strrchr(address, ':'), *begin = address, *end = colon;
    if (colon == NULL || colon[1] == '\0')
        return 0;
    if (*begin == '[') {
        begin++;
        if (end == begin || end[-1] != ']')
            return 0;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin)) != NULL) {
        return 0;
    }
    if ((size_t)(end - begin) >= host_len)
        return 0;
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    *port = colon + 1;
    return 1;
}

/* open_socket returns a bound socket, or -1 with errno set. */
static int open_socket(const struct sockaddr *addr, socklen_t len, int shared)
{
    int on = 1, fd = socket(addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Connections inherit TCP_NODELAY. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (addr->sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, addr, len) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* listen_on binds one address for every thread. */
static int listen_on(struct config_fault *fault, struct front *front, size_t listener,
                     const struct addrinfo *info)
{
    struct sockaddr_storage addr = {0};
    struct address bound;
    socklen_t len = info->ai_addrlen;
    if (front->address_count == FRONT_ADDRESSES_MAX)
        return fail(fault, front, listener, "too many addresses");

    /* SO_REUSEPORT would let us join another process of this user; alone, an occupied port is refused. */
    int fd = open_socket(info->ai_addr, info->ai_addrlen, 0);
    if (fd < 0)
        return fail(fault, front, listener, strerror(errno));
    int got = getsockname(fd, (struct sockaddr *)&addr, &len);
    close(fd);
    if (got != 0)
        return fail(fault, front, listener, strerror(errno));

    struct front_address *address = &front->addresses[front->address_count++];
    address->listener = listener;
    address->proxy_protocol = front->config->listeners[listener].proxy_protocol;
    address->serves = front->config->listeners[listener].serves;
    for (unsigned i = 0; i < front->thread_count; i++)
        address->fds[i] = -1;
    for (unsigned i = 0; i < front->thread_count; i++) {
        fd = address->fds[i] = open_socket((const struct sockaddr *)&addr, len, 1);
        if (fd < 0 || listen(fd, LISTEN_BACKLOG) != 0)
            return fail(fault, front, listener, strerror(errno));
    }
    address_of_socket(&bound, (const struct sockaddr *)&addr);
    address_text(address->text, &bound);
    log_line(LOG_INFO, "listening", log_word("address", address->text),
             log_number("tls", front->tls[listener] != NULL), log_number("threads", front->thread_count));
    return 1;
}

static int listen_all(struct config_fault *fault, struct front *front, size_t listener)
{
    char host[256];
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *infos;

    if (!split(front->config->listeners[listener].address, host, sizeof host, &port))
        return fail(fault, front, listener, "not an address; write HOST:PORT, [ADDRESS]:PORT or :PORT");
    int ret = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &infos);
    if (ret != 0)
        return fail(fault, front, listener, gai_strerror(ret));
    int bound = 0, ok = 1;
    for (const struct addrinfo *info = infos; info != NULL && ok; info = info->ai_next) {
        /* A machine without IPv6 has no socket for ":PORT" there, and needs none. */
        int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 && errno == EAFNOSUPPORT)
            continue;
        if (fd >= 0)
            close(fd);
        ok = listen_on(fault, front, listener, info);
        bound += ok;
    }
    freeaddrinfo(infos);
    if (ok && bound == 0)
        return fail(fault, front, listener, strerror(EAFNOSUPPORT));
    return ok;
}

int front_listen(struct config_fault *fault, struct front *front)
{
    for (size_t i = 0; i < front->config->listener_count; i++)
        if (!listen_all(fault, front, i))
            return 0;
    return 1;
}

void front_unlisten(struct front *front)
{
    for (size_t i = 0; i < front->address_count; i++)
        for (unsigned j = 0; j < front->thread_count; j++)
            if (front->addresses[i].fds[j] >= 0)
                close(front->addresses[i].fds[j]);
    front->address_count = 0;
}
