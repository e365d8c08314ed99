/* bench.h: cmpbench, a fleet of simulated base stations.
 *
 * What is signed before the clock runs is prepared first; each client then drives one connection, one
 * transaction at a time, and checks what comes back: a wrong answer is an error of its kind, not a success.
 */
#ifndef CMPD_BENCH_BENCH_H
#define CMPD_BENCH_BENCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "crypto/batch.h"
#include "crypto/certificate.h"
#include "server/cmp/codec.h"

enum {
    BENCH_PATH_MAX = 4096,
    BENCH_NONCE = 16,
    BENCH_REPLY_MAX = 65536,
    BENCH_CLIENTS_MAX = 4096,
    BENCH_TIMEOUT_SECONDS = 30, /* an answer that takes longer is an error */
};

enum bench_scenario { BENCH_IR, BENCH_IR_CONFIRM };

enum bench_error {
    BENCH_OK,
    BENCH_CONNECT,    /* the connection could not be made, or broke */
    BENCH_HTTP,       /* no HTTP answer, or another status than 200 */
    BENCH_MALFORMED,  /* the answer is no PKIMessage */
    BENCH_REJECTED,   /* a rejection or an error message */
    BENCH_PROTECTION, /* the answer's protection is wrong */
    BENCH_MISMATCH,   /* nonce, transactionID, public key or issuer are not what they must be */
    BENCH_ERRORS
};

struct bench_options {
    const char *host, *port, *path; /* of the URL */
    const char *setup;              /* folder that cmpctl init --demo made */
    enum bench_scenario scenario;
    unsigned clients;
    unsigned count;      /* enrollments to make, in all */
    unsigned seconds;    /* and the longest time for it */
    int new_connections; /* 1: a connection per enrollment */
    int check_all;       /* 1: signatures of every answer are verified, else of one in 16 */
    int server_pid;      /* 0: the server's CPU time is not read */
    const char *held;    /* file that gets the serial of every certificate held, or NULL */
    int json;
};

/* struct request is an ir that is ready to be sent. */
struct request {
    struct bytes message;
    uint8_t transaction_id[BENCH_NONCE], sender_nonce[BENCH_NONCE];
    struct bytes spki;
};

/* struct fleet is what all clients share: read only while they run. */
struct fleet {
    struct arena *arena;
    struct private_key *device_key;
    struct certificate device;
    struct bytes extra_certs[2];
    size_t extra_cert_count;
    struct public_key *ca_key, *cmp_key;
    struct certificate ca, cmp;
    struct bytes sender;    /* GeneralName */
    struct bytes recipient; /* GeneralName */
    struct request *requests;
    unsigned count;
};

/* fleet_prepare reads the setup and makes options->count requests, in parallel, with progress on standard
 * error. 1, or 0 with a fault printed. */
int fleet_prepare(struct fleet *fleet, const struct bench_options *options);

/* fleet_cleanup frees what it holds. */
void fleet_cleanup(struct fleet *fleet);

/* fleet_sign protects a message of |body_type| as the device. 1 or 0. */
int fleet_sign(struct bytes *out, struct arena *arena, const struct fleet *fleet,
               const struct pki_header *header, int body_type, struct bytes body, int with_certs);

/* ---- http.c: a kept HTTP/1.1 connection ---- */
struct http {
    int fd;       /* -1: closed */
    char *buffer; /* BENCH_REPLY_MAX octets */
};

int http_init(struct http *http);
void http_cleanup(struct http *http);
void http_close(struct http *http);

/* http_post sends |body| and waits for the answer; |*reply| points into http->buffer until the next call.
 * Connects if there is no connection. */
enum bench_error http_post(struct http *http, const struct bench_options *options, struct bytes body,
                           struct bytes *reply);

/* ---- client.c ---- */

/* struct bench_run is what the clients count together. */
struct bench_run {
    const struct bench_options *options;
    const struct fleet *fleet;
    atomic_uint next; /* index of the next request */
    atomic_uint errors[BENCH_ERRORS];
    atomic_uint completed;
    uint32_t *latency_us; /* one entry an enrollment, in the order of completion */
    int64_t deadline_ns;  /* of the monotonic clock */
    FILE *held;
    pthread_mutex_t held_lock;
};

/* bench_now_ns reads the monotonic clock. */
int64_t bench_now_ns(void);

/* client_main is a client's thread; |arg| is the struct bench_run. */
void *client_main(void *arg);

#endif
