/* connection.h: many connections of one thread on one epoll, and what is exchanged over them. */
#ifndef CMPD_BENCH_CONNECTION_H
#define CMPD_BENCH_CONNECTION_H

#include <sys/socket.h>

#include "bench/buffer.h"
#include "bench/error.h"
#include "bench/options.h"
#include "bench/tls.h"
#include "server/base/bytes.h"

/* struct exchange is a request and its answer; its owner keeps it, and |body|, until it is finished. */
struct exchange {
    struct bytes body;      /* of a POST; empty: GET */
    const char *path;       /* NULL: the target's */
    const char *media_type; /* of the body; it may be NULL where there is none */
    enum bench_error error; /* what became of it */
    int status;             /* of HTTP; 0: none came */
    int64_t end_ns;         /* and when */
    struct buffer reply;    /* the answer's body; kept from one use to the next */
    void *owner;

    /* of the connection */
    struct exchange *next;
    int64_t deadline_ns;
    size_t sent;
    int32_t stream;
    int answered;
};

/* struct connection is a place for a connection: it is made when something is posted, and again after it was
 * lost. */
struct connection {
    struct network *network;
    int fd; /* -1: none */
    enum { CONNECTION_CONNECTING, CONNECTION_HANDSHAKE, CONNECTION_OPEN } state;
    uint32_t watched; /* events that epoll looks for */
    int handshake_writes;
    struct tls *tls;
    struct buffer out, in;
    struct nghttp2_session *http2;
    struct exchange *exchanges; /* in flight, the oldest first */
    int is_dirty;
    struct connection *next_dirty;
};

/* struct network is what the connections of a thread share. */
struct network {
    const struct options *options;
    struct tls_context *tls;
    struct sockaddr_storage address;
    socklen_t address_len;
    unsigned source; /* connections begun: whose turn it is among options.sources */
    int epoll;
    uint8_t *scratch;
    struct exchange *finished, **finished_end; /* in the order in which they were finished */
    struct connection *dirty;                  /* have something to write */
};

/* network_init finds the target's address. |tls| is shared, or NULL. 1, or 0 with a fault printed. */
int network_init(struct network *network, const struct options *options, struct tls_context *tls);
void network_cleanup(struct network *network);

/* network_poll writes what waits, and waits for events for at most |timeout_ns|. */
void network_poll(struct network *network, int64_t timeout_ns);

/* network_finished takes an exchange that is finished off the list, or returns NULL. */
struct exchange *network_finished(struct network *network);

/* network_clock_ns reads the monotonic clock. */
int64_t network_clock_ns(void);

/* connection_init makes a place without a connection. */
void connection_init(struct connection *connection, struct network *network);
void connection_cleanup(struct connection *connection);

/* connection_post sends |exchange|; it comes back by network_finished, whatever happens. There must be room.
 */
void connection_post(struct connection *connection, struct exchange *exchange);

/* connection_expire finishes with BENCH_TIMEOUT what waits for longer than it should. */
void connection_expire(struct connection *connection, int64_t now);

/* connection_close ends the connection; nothing may be in flight. */
void connection_close(struct connection *connection);

/* ---- between connection.c and the versions of HTTP ---- */

/* struct http is one version: |open| begins on a new connection, |post| writes a request into connection->out
 * or asks for it to be written by |write|, |receive| reads what came. They return 1, or 0 when the connection
 * is of no use any more. */
struct http {
    int (*open)(struct connection *connection);
    int (*post)(struct connection *connection, struct exchange *exchange);
    int (*write)(struct connection *connection);
    int (*receive)(struct connection *connection, struct bytes data);
    void (*close)(struct connection *connection);
};
extern const struct http http1, http2;

/* connection_finish ends |exchange| with |error|. */
void connection_finish(struct connection *connection, struct exchange *exchange, enum bench_error error);

#endif
