/* transport.h: what carries CMP messages in and answers out. A transport is a folder here and a row in
 * transports.c; main starts, drains and stops whatever is in that table.
 *
 * Every transport makes jobs (server/pipeline/pipeline.h), counts them by source in the ledger that all
 * share, and says in its own words how a job ends (enum job_end). So far all listeners of the configuration
 * are HTTP's. */
#ifndef CMPD_FRONT_TRANSPORT_H
#define CMPD_FRONT_TRANSPORT_H

#include "server/base/config.h"
#include "server/pipeline/pipeline.h"

/* struct front_page is what a handler answers with. A page is copied, and its |body| must stay valid until
 * the next call on the same thread; a document, which has |release|, is sent from where it is, and |release|
 * is called with |held| when nobody reads it any more. */
struct front_page {
    int status; /* of HTTP */
    const char *content_type;
    struct bytes body;

    /* For how long caches may keep it. */
    const char *tag;        /* its ETag, with the quotes; NULL: they may not, and what follows says nothing */
    int64_t modified;       /* Unix seconds */
    int64_t expires;        /* Unix seconds until which they may; 0: it does not say */
    int64_t fresh_until;    /* Unix seconds from which there is a newer one; 0: |expires| */
    const char *directives; /* more of Cache-Control, each behind a comma; or NULL */

    /* Of a document alone. */
    void (*release)(void *held);
    int (*is_withdrawn)(const void *held); /* 1: whoever still reads it is to be cut off */
    void *held;
};

/* struct front_ask is what a handler is asked for. */
struct front_ask {
    struct bytes path;   /* in its normal form */
    struct bytes accept; /* the value of the request's Accept field, or empty */
};

/* struct front_handler answers GET and HEAD of |path| where a listener serves |service|, on the front's
 * thread: it must not block. A |path| that ends in a slash is that of all that is below it. The handler is
 * given what was asked for, and 404 is the status of what is not there. The table is made by main:
 * the front does not know who answers. */
struct front_handler {
    const char *path;
    enum config_service service;
    void (*handle)(void *arg, const struct front_ask *ask, struct front_page *page);
    void *arg;
};

/* struct front_question is a request of another protocol than CMP, as it came. */
struct front_question {
    int by_get;
    struct bytes
        octets; /* the body; by GET, what follows the path in the URL and a slash, percent codes and all */
};

/* struct front_exchange is another protocol than CMP by GET and POST: at |path| where a listener serves
 * |service|; by GET, what follows the path is the request. */
struct front_exchange {
    const char *path;
    enum config_service service;
    enum job_kind kind;
    const char *request_type, *answer_type; /* of the content */

    /* look answers |question|, on the front's thread: it must not block. Returns 1, or 0 with |*request| set,
     * which stays valid until the next call on the same thread: a job of |kind| has to be made of it. With
     * |is_last| there can be no job, and it returns 1. |page| is as of a handler; its content type is set. */
    int (*look)(void *arg, struct front_page *page, struct bytes *request,
                const struct front_question *question, int is_last);
    void *arg;
    const char *directives; /* of answers that caches may keep: see front_page */
};

/* struct front_setup is what a transport is made of. All of it but |config| outlives the transport. */
struct front_setup {
    const struct config *config;
    struct pipeline *pipeline;
    const struct front_handler *handlers;
    size_t handler_count;
    const struct front_exchange *exchanges;
    size_t exchange_count;
};

struct transport {
    const char *name; /* for the log */

    /* probe tries every operation that it needs from the kernel. 1, or 0 with |why| (|len| octets) telling
     * which is missing, for what likely reason, and the remedy. */
    int (*probe)(char *why, size_t len);

    /* open binds every listener of its own. NULL with |fault| written (listener and reason). */
    void *(*open)(struct config_fault *fault, const struct front_setup *setup);

    /* start begins to accept. 1, or 0 when a thread could not be started. */
    int (*start)(void *transport);

    /* reload takes what stands in the files of listeners anew: certificates and keys. Connections that are
     * there keep theirs. 1, or 0 with |fault| written: then all is as before. */
    int (*reload)(struct config_fault *fault, void *transport, const struct config *config);

    /* ask asks each thread whether it goes on; answers returns 1 once all of them have come round since. */
    void (*ask)(void *transport);
    int (*answers)(void *transport);

    /* drain makes every later answer tell its client to go elsewhere; accepting goes on. */
    void (*drain)(void *transport);

    /* stop closes the listeners, waits until what is in flight is answered, at most |seconds|, closes what is
     * left, joins the threads and frees |transport|. Returns the number of requests that were cut off. */
    unsigned (*stop)(void *transport, unsigned seconds);

    const char *(*versions)(void); /* one line with its libraries and their versions */
};

/* transports is the table, NULL at its end. */
enum { TRANSPORTS_MAX = 8 };
extern const struct transport *const transports[];

/* front_backend returns "io_uring" or "epoll": which build this is. */
const char *front_backend(void);

#endif
