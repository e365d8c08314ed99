/* internal.h: what the files of the front know of each other.
 *
 * A front thread owns its loop, its h2o context, its connections and its reply slots; no other thread touches
 * them. The only thing that others reach is the inbox, through which the pipeline gives jobs back. */
#ifndef CMPD_FRONT_INTERNAL_H
#define CMPD_FRONT_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/base/address.h"
#include "server/base/pulse.h"
#include "server/front/http/http.h"
#include "server/front/http/loop.h"

enum {
    FRONT_THREADS_MAX = 64,
    FRONT_ADDRESSES_MAX = 64,       /* bound addresses of all listeners */
    FRONT_SWEEP_MS = 1000,          /* how often deadlines of connections are looked at */
    FRONT_STOP_ROUND_MS = 20,       /* the same while stopping */
    FRONT_CLOSE_MS = 6000,          /* after the last deadline: for connections to go away */
    FRONT_REFUSAL_ARENA = 65536,    /* octets to build a refusal that no job exists for */
    FRONT_LATELY_SECONDS = 60,      /* in which half of what a source did is forgotten */
    FRONT_PROXIES_MAX = 64,         /* entries of trusted_proxies: as many as a list may have */
    FRONT_FIELDS_MAX = 100,         /* header fields of a request */
    FRONT_EMPTIES_MAX = 100,        /* of HTTP/2, per connection and minute; beyond: GOAWAY */
    FRONT_SHED_PARTS = 8,           /* of the memory: with 7 held something goes, until 6 are */
    FRONT_HANDSHAKE_OCTETS = 65536, /* charged for what BoringSSL holds for a connection at the most … */
    FRONT_TLS_OCTETS = 32768,       /* … and after its first request: with a record that is incomplete */
    FRONT_CLIENT_CHAIN = 32768,     /* octets of a client's certificates */
    FRONT_STOP_IDLE_MS = 250,       /* stopping: a connection without a request for so long is closed */
    FRONT_IDLE_GRACE_MS = 2000,     /* libh2o says goodbye by itself (HTTP/2); after that we close */
};

enum front_state { FRONT_NEW, FRONT_RUNNING, FRONT_DRAINING, FRONT_STOPPING };

/* struct front_address is one address that is listened on, by a socket a thread. */
struct front_address {
    char text[ADDRESS_TEXT_MAX];
    size_t listener;    /* index in the configuration */
    int proxy_protocol; /* of that listener */
    unsigned serves;    /* of that listener */
    int fds[FRONT_THREADS_MAX];
};

/* struct front_conn is one connection, from accept to close. */
struct front_conn {
    h2o_linklist_t link;
    struct front_thread *thread;
    struct front_accept *accept;
    h2o_socket_t *sock;
    struct address client;        /* the peer, or whom a trusted proxy said that it speaks for */
    struct ledger_source *source; /* of |client|, pinned */
    uint8_t counted;              /* 1: among the connections of |source| */
    uint8_t is_proxy;             /* 1: a trusted proxy, whose requests say for whom it speaks */
    uint8_t awaits_header;        /* 1: its PROXY header has not come yet */
    uint64_t idle_since;          /* the loop's time at which the last request ended, or of accept */
    uint64_t stalled_since;       /* … at which the oldest unsent answer was given to libh2o */
    unsigned requests;            /* in our hands or answered and not sent */
    unsigned unsent;              /* answered and not sent */
    int late;                     /* accepted while draining */
    uint64_t shed;                /* octets that it holds until it is gone, having been shed; 0: it was not */
    int tls;                      /* octets that are charged for what BoringSSL holds for it */
    SSL_CTX *tls_context;         /* libh2o keeps its address, and uses it when the first octets come */
};

/* struct front_slot is where a job finds the request that waits for it. A slot is free, or holds a request;
 * the generation changes each time it becomes free, so a job of a request that is gone finds nothing. */
struct front_slot {
    struct front_request *request;
    struct job *job; /* that it waits for */
    uint32_t generation;
    uint32_t next_free;
};

/* struct front_request lives in the pool of its h2o request, and ends with it. */
struct front_request {
    h2o_req_t *req;
    struct front_conn *conn;
    uint32_t slot;
    const struct front_exchange *exchange; /* NULL: of CMP */
    int waiting;                           /* 1: holds |slot| */
    int answered;                          /* 1: the answer was given to libh2o */
};

/* struct front_mail is a job on its way back; it lives in the job's arena. */
struct front_mail {
    struct front_mail *next;
    struct front_thread *thread;
    struct job *job;
};

struct front_accept {
    struct front_thread *thread;
    int proxy_protocol;
    unsigned serves;
    struct loop_listener *listener;
    h2o_accept_ctx_t ctx;
};

struct front_thread {
    struct front *front;
    unsigned index;
    pthread_t id;
    int started;
    struct loop *loop;
    h2o_context_t ctx;
    struct front_accept accepts[FRONT_ADDRESSES_MAX];
    unsigned tls_version; /* of the contexts that its accepts hold */
    h2o_linklist_t conns;
    h2o_linklist_t downloads; /* of document.c */
    struct front_slot *slots;
    uint32_t free_slot;
    uint32_t slots_used;
    uint64_t swept;
    enum front_state state;    /* as far as this thread has followed the front's */
    h2o_mem_account_t account; /* what this thread's connections hold; others read it */
    size_t lent; /* octets that jobs have taken since the last turn: counted by the pipeline, not yet seen
                    here */
    uint64_t shed_told_ms;
    unsigned room; /* connections that were closed to make room, and are not taken up yet */
    unsigned cut_off;

    /* What other threads touch. */
    _Atomic(struct front_mail *) inbox; /* newest first; taken as a whole, so no node can come back unseen */
    struct pulse pulse;                 /* whether the thread goes round */
    atomic_uint posting;                /* threads that are about to touch inbox or loop */
    atomic_int closed;                  /* 1: jobs are not taken back any more */
};

struct front {
    const struct config *config; /* while the front is set up; NULL afterwards: a reload frees it */
    struct config_limits limits;
    struct pipeline *pipeline;
    struct address_block proxies[FRONT_PROXIES_MAX];
    size_t proxy_count;
    uint64_t source_key[2]; /* which sources share a place in the ledger is nobody's to choose */
    const struct front_handler *handlers;
    size_t handler_count;
    const struct front_exchange *exchanges;
    size_t exchange_count;
    h2o_globalconf_t global;
    pthread_mutex_t tls_lock;          /* over |tls| once there are threads */
    SSL_CTX *tls[FRONT_ADDRESSES_MAX]; /* a listener each, or NULL */
    atomic_uint tls_version;           /* 1, and more after each reload: threads then take |tls| anew */
    struct front_address addresses[FRONT_ADDRESSES_MAX];
    size_t address_count;
    struct front_thread *threads;
    unsigned thread_count;
    atomic_int state;
    atomic_ullong deadline_ms; /* of http_stop, by CLOCK_MONOTONIC */
    atomic_uint connections;   /* of all threads */
    atomic_uint holders;       /* jobs that the pipeline has not given back, and one until http_stop */
};

/* front_release is called when a holder lets go; the last one frees |front|. From any thread. */
void front_release(struct front *front);

/* front_listen binds every address of the configuration for every thread. Returns 1, or 0 with |fault|
 * written. */
int front_listen(struct config_fault *fault, struct front *front);

/* front_unlisten closes them. */
void front_unlisten(struct front *front);

/* front_tls_new returns the TLS context of listener |index|, or NULL with |fault| written. */
SSL_CTX *front_tls_new(struct config_fault *fault, const struct config *config, size_t index);

/* front_tls_hold returns |ctx|, which then has to be freed once more. NULL is allowed. */
SSL_CTX *front_tls_hold(SSL_CTX *ctx);

/* front_tls_free frees it when nobody holds it any more, connections included. NULL is allowed. */
void front_tls_free(SSL_CTX *ctx);

/* front_http_init makes the h2o configuration that all threads share; front_http_cleanup frees it. */
void front_http_init(struct front *front);
void front_http_cleanup(struct front *front);

/* front_take_replies answers the requests whose jobs came back. On the thread. */
void front_take_replies(struct front_thread *thread);

/* front_free_replies frees jobs that came back when nobody is left to answer. */
void front_free_replies(struct front_thread *thread);

/* front_cut_off answers each request that still waits with 503. Returns how many. On the thread. */
unsigned front_cut_off(struct front_thread *thread);

/* front_accepted takes a new connection over. On the thread. |arg| is a struct front_accept. */
void front_accepted(void *arg, h2o_socket_t *sock);

/* front_sweep closes the connections that are beyond their time; with |stopping|, also those that do nothing.
 */
void front_sweep(struct front_thread *thread, int stopping);

/* front_body_taken frees the body of |req|, of which the caller has a copy. */
void front_body_taken(h2o_req_t *req);

/* front_has_room_for_job returns 1 if a job with a message of |octets| may still be made. On the thread. */
int front_has_room_for_job(struct front_thread *thread, size_t octets);

/* front_job_taken counts what |job| has taken, until the next turn. On the thread. */
void front_job_taken(struct front_thread *thread, const struct job *job);

/* front_memory_left gives the thread its part of the memory that is left. On the thread. */
void front_memory_left(struct front_thread *thread);

/* front_memory_turn gives the thread its part of the memory that is left, and sheds what waits if that is
 * little. On the thread, once a turn. */
void front_memory_turn(struct front_thread *thread);

/* front_conn_shut ends |conn| in either direction; the loop then sees its end and libh2o closes it. */
void front_conn_shut(const struct front_conn *conn);

/* front_shut_all ends every connection of the thread. */
void front_shut_all(struct front_thread *thread);

/* ---- request.c ---- */

/* front_answer gives the whole answer, which no cache may keep, to libh2o. |body| is copied, |content_type|
 * is not. front_answer_page gives |page|; returns 0. */
void front_answer(h2o_req_t *req, int status, const char *content_type, struct bytes body);
int front_answer_page(h2o_req_t *req, const struct front_page *page);

/* front_note_answer notes that |request| is answered; front_note_own_answer also that its connection has had
 * an answer of the front itself. */
void front_note_answer(struct front_request *request);
void front_note_own_answer(struct front_request *request);

/* front_submit makes a job of |question|, a message of CMP or what |octets| has of it, and hands it to the
 * pipeline, or answers that it cannot. Returns 0. */
int front_submit(struct front_request *request, const struct front_question *question, struct bytes octets,
                 struct bytes path);

/* front_is_method returns 1 if |req| came by |method|; front_has_type if its content is of one of |types|,
 * NULL at their end. */
int front_is_method(const h2o_req_t *req, const char *method);
int front_has_type(const h2o_req_t *req, const char *const types[]);

/* ---- exchange.c ---- */

/* front_find_exchange returns the exchange that |path|, as it was sent, is of where a listener |serves| it,
 * and in |*rest| what follows; or NULL. The path is not put into its normal form: in base64 there may be two
 * slashes, or one in a percent code. */
const struct front_exchange *front_find_exchange(const struct front *front, unsigned serves,
                                                 struct bytes path, struct bytes *rest);

/* front_serve_exchange answers |request|, which is one of |exchange|, or has a job made of it. Returns 0. */
int front_serve_exchange(struct front_request *request, const struct front_exchange *exchange,
                         struct bytes rest);

/* front_answer_exchange gives the answer that |job| brought; front_answer_last the one that is left when
 * there can be no job of |question|, and returns 0. */
void front_answer_exchange(const struct front_request *request, const struct job *job);
int front_answer_last(const struct front_request *request, const struct front_question *question);

/* ---- document.c ---- */

/* front_send_document answers |req|, by GET or HEAD, with |page|, which has release: piece by piece, or with
 * 304 where the peer has it already. */
void front_send_document(h2o_req_t *req, const struct front_page *page);

/* front_begin_kept writes status and header of the answer to |req| by |page|. Returns 1 if the peer has it
 * already, which only one with a tag can be: then the answer has no content. */
int front_begin_kept(h2o_req_t *req, const struct front_page *page);

/* front_end_withdrawn ends the connections of |thread| by which a document goes out that was withdrawn. */
void front_end_withdrawn(struct front_thread *thread);

/* front_sends_document returns 1 if |req| is answered so. */
int front_sends_document(const h2o_req_t *req);

/* front_say_goodbye (request.c) ends the connection |conn| after the answer to |req|. */
void front_say_goodbye(const struct front_conn *conn, h2o_req_t *req);

/* front_conn_of returns our side of the connection that |req| came by; NULL if that has no socket any more.
 */
struct front_conn *front_conn_of(const h2o_req_t *req);

/* front_source pins the place of |client| in the ledger. */
struct ledger_source *front_source(struct front *front, const struct address *client);

/* front_conn_answered notes that the front answers |conn| by itself. 1, or 0 when its source has had too many
 * such answers lately: |conn| then ends. */
int front_conn_answered(struct front_conn *conn);

/* front_conn_serves notes that the handshake of |conn|, if any, is over: libh2o has it in its lists. */
void front_conn_serves(struct front_conn *conn);

/* front_request_gave_up does the same for the source of |req|, unless a trusted proxy says nothing of it. */
void front_request_gave_up(struct front_conn *conn, const h2o_req_t *req);

/* front_conn_flooded notes that the HTTP/2 connection |h2| is ended for what its peer makes the front do. */
void front_conn_flooded(h2o_conn_t *h2);

/* front_gives_up_too_often returns 1 if |source| did so more often lately than it may. */
int front_gives_up_too_often(const struct ledger_source *source);

/* front_conn_gave_up notes that |source|, by way of |conn|, did not wait for an answer, or did not end its
 * request before memory was short. |conn| is ended if that happened too often lately. */
void front_conn_gave_up(struct front_conn *conn, struct ledger_source *source);

/* front_now_ms returns the time by CLOCK_MONOTONIC. */
uint64_t front_now_ms(void);

/* front_thread_main is what a front thread runs. */
void *front_thread_main(void *arg);

#endif
