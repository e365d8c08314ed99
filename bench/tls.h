/* tls.h: TLS below HTTP, by BoringSSL's libssl; the one file of bench/ that knows it is tls.c. */
#ifndef CMPD_BENCH_TLS_H
#define CMPD_BENCH_TLS_H

#include <stddef.h>
#include <sys/types.h>

struct tls_context;
struct tls;

/* tls_context_new verifies servers with the certificates in the PEM file |ca|, and offers h2 if |http2|, else
 * http/1.1. NULL, with a fault printed, if it cannot. One context serves all threads. */
struct tls_context *tls_context_new(const char *ca, int http2);
void tls_context_free(struct tls_context *context);

/* tls_new begins a client's connection to |host|, a name or an address, on the connected socket |fd|, which
 * stays the caller's. NULL without memory. */
struct tls *tls_new(struct tls_context *context, int fd, const char *host);
void tls_free(struct tls *tls);

/* What a call on a socket that does not block may tell instead of a number of octets. */
enum { TLS_WANTS_READ = -1, TLS_WANTS_WRITE = -2, TLS_FAILED = -3 };

/* tls_handshake goes on with the handshake: 1 when it is done and the protocol was chosen as offered, or one
 * of the above. */
int tls_handshake(struct tls *tls);

/* tls_read and tls_write move octets: how many, 0 at the end of the stream, or one of the above. */
ssize_t tls_read(struct tls *tls, void *data, size_t len);
ssize_t tls_write(struct tls *tls, const void *data, size_t len);

#endif
