/* options.h: what a run is asked to do. */
#ifndef CMPD_BENCH_OPTIONS_H
#define CMPD_BENCH_OPTIONS_H

#include <netinet/in.h>
#include <stdio.h>

#include "bench/persona.h"
#include "crypto/algorithms.h"

enum {
    OPTIONS_CLIENTS_MAX = 100000,
    OPTIONS_STREAMS_MAX = 1000,
    OPTIONS_THREADS_MAX = 64,
    OPTIONS_COUNT_MAX = 10000000,
    OPTIONS_SECONDS_MAX = 86400,
    OPTIONS_RETRIES_MAX = 100, /* struct outcome counts them in an octet */
};

/* struct target is a URL in pieces. */
struct target {
    char host[256], port[8], path[512];
    size_t len; /* octets of the whole URL */
    int tls;
};

struct options {
    struct target target;
    const char *setup;      /* folder that cmpctl init --demo made */
    const char *tls_ca;     /* PEM that the server's TLS certificate is verified with, or NULL */
    const char *fleet_file; /* keys and device certificates are kept here, or NULL */
    const char *secrets;    /* a reference and a secret for each base station, or NULL: the demo's */
    const char
        *serials; /* of certificates that OCSP asks about, in hex, one a line; NULL: they are enrolled */
    unsigned certificates;      /* so many, then */
    const char *held;           /* gets a line for every certificate held, or NULL */
    const char *report;         /* the page, or NULL */
    const char *server_version; /* which version the page says that the server is, or NULL */
    char **words;               /* of the command line, of which the first is "run" or "walk" */
    int word_count;
    const char *others;     /* path under which a walk enrolls for others, or NULL: it does not */
    struct persona persona; /* who the base stations are */
    struct mix mix;
    enum protection protection;
    unsigned mac_iterations;
    enum key_kind device_key; /* of the vendor's certificates */
    enum key_kind new_key;    /* to be certified */
    int http2, new_connections;
    unsigned streams;    /* enrollments at once on a connection; 1 with HTTP/1.1 */
    unsigned clients;    /* enrollments at once */
    struct in_addr from; /* connections come from here, */
    unsigned sources;    /* … and from the next addresses, in turn; 0.0.0.0: from wherever */
    unsigned threads;
    unsigned retries;          /* of an exchange that the network or an absent server made fail */
    unsigned idle_connections; /* opened beside the load, and kept */
    unsigned count;            /* enrollments to make, in all */
    unsigned seconds;          /* and the longest time for it, warm-up not counted */
    unsigned warmup;           /* seconds from the start of which nothing is counted but errors */
    double rate;               /* open loop: enrollments a second; 0: closed loop */
    int check_all;             /* 1: signatures of every answer are verified, else of one in 16 */
    int fixed_certificate;     /* 1: the server gives everybody the same certificate of any key */
    int server_pid;            /* 0: the server's CPU time and memory are not read */
    int json;
};

/* options_parse reads the arguments of `cmpbench run` or `walk` into |out|; argv[0] is that word. A walk
 * needs a persona. 1, or 0 with a fault in |fault|. */
int options_parse(struct options *out, char fault[256], int argc, char **argv);

/* options_print_usage writes how it is called. */
void options_print_usage(FILE *out);

/* options_print_man writes the page cmpbench(1) for man(1). */
void options_print_man(FILE *out);

/* options_http returns the version of HTTP: "1.0", "1.1" or "2". */
const char *options_http(const struct options *options);

/* protection_name returns the option's word for |protection|. */
const char *protection_name(enum protection protection);

#endif
