/* tls.c: whom a client takes for its server (RFC 9525, RFC 7301), and what passes between the two. The server
 * is one of BoringSSL's, at the other end of a pair of sockets. */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/tls.h"
#include "crypto/name.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"

enum { PATH = 64, LARGE = 400 * 1024 };

static char dir[PATH];
static SSL_CTX *server_context;
static const char *spoken = "\x08http/1.1"; /* by the server; NULL: it knows nothing of protocols */
static unsigned offers;
static int ends[2] = {-1, -1};
static struct tls *client;
static SSL *server;

static int choose(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *offered, unsigned len,
                  void *arg)
{
    (void)ssl, (void)arg;
    offers = len == 1u + offered[0]; /* one, and all that is there */
    if (spoken == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    *out = (const uint8_t *)spoken + 1;
    *out_len = (uint8_t)spoken[0];
    return SSL_TLSEXT_ERR_OK;
}

static const char *in_dir(const char *name)
{
    static char path[2 * PATH];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* A certificate that is its own anchor, for localhost, 127.0.0.1 and ::1. */
static void make(const char *stem)
{
    static const uint8_t names[] = {0x30, 35, 0x82, 9, 'l', 'o', 'c',  'a', 'l', 'h', 'o', 's', 't',
                                    0x87, 4,  127,  0, 0,   1,   0x87, 16,  0,   0,   0,   0,   0,
                                    0,    0,  0,    0, 0,   0,   0,    0,   0,   0,   1};
    static const uint8_t serial[] = {7};
    struct arena *arena = arena_new(1024 * 1024);
    struct private_key *key = private_key_generate(KEY_P256, 0);
    uint8_t signature[SIGNATURE_MAX], *pem;
    struct signing item = {.key = key, .signature = signature};
    struct signing *items[] = {&item};
    struct certificate_plan plan = {.serial = bytes_of(serial, 1),
                                    .not_before = time(NULL) - 300,
                                    .not_after = time(NULL) + 1000,
                                    .spki = private_key_spki(key),
                                    .is_ca = 1,
                                    .path_len = -1,
                                    .san = bytes_of(names, sizeof names)};
    char name[PATH];
    struct bytes der;
    size_t len;

    cr_assert(name_build(&plan.subject, arena, (const char *const[]){"CN", stem, NULL}));
    plan.issuer = plan.subject;
    plan.algorithm = item.algorithm = signature_for_key(KEY_P256);
    cr_assert(certificate_build(&item.message, arena, &plan));
    sign_batch(items, 1);
    cr_assert(certificate_assemble(&der, arena, item.message, plan.algorithm,
                                   bytes_of(signature, item.signature_len)));
    snprintf(name, sizeof name, "%s.pem", stem);
    cr_assert(ctl_write_certs(dir, name, &der, 1));
    cr_assert(private_key_to_pem(&pem, &len, key));
    snprintf(name, sizeof name, "%s.key", stem);
    cr_assert(file_write(in_dir(name), pem, len, 0600, 0));
    file_free(pem, len);
    private_key_free(key);
    arena_free(arena);
}

static void set_up(void)
{
    strcpy(dir, "/tmp/cmpd-unit.XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    make("server");
    make("other");
    cr_assert(file_write(in_dir("empty"), "", 0, 0600, 0));
    server_context = SSL_CTX_new(TLS_method());
    cr_assert(SSL_CTX_use_certificate_chain_file(server_context, in_dir("server.pem")));
    cr_assert(SSL_CTX_use_PrivateKey_file(server_context, in_dir("server.key"), SSL_FILETYPE_PEM));
    SSL_CTX_set_alpn_select_cb(server_context, choose, NULL);
}

static void hang_up(void)
{
    tls_free(client);
    SSL_free(server);
    client = NULL;
    server = NULL;
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

static void tear_down(void)
{
    char command[2 * PATH];

    hang_up();
    SSL_CTX_free(server_context);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    cr_assert_eq(system(command), 0);
}

TestSuite(tls, .init = set_up, .fini = tear_down);

/* What the client's handshake comes to, with the server taking its part. */
static int shake_hands(const char *ca, int http2, const char *host)
{
    struct tls_context *context = tls_context_new(in_dir(ca), http2);
    int result, waited = 0;

    hang_up();
    cr_assert_not_null(context);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client = tls_new(context, ends[0], host);
    cr_assert_not_null(client);
    tls_context_free(context); /* connections keep what they need of it */
    server = SSL_new(server_context);
    cr_assert(SSL_set_fd(server, ends[1]));
    SSL_set_accept_state(server);
    while ((result = tls_handshake(client)) == TLS_WANTS_READ && waited++ < 10)
        SSL_do_handshake(server);
    return result;
}

Test(tls, the_server_is_the_one_that_was_meant)
{
    static const struct {
        const char *ca, *host;
        int result;
    } cases[] = {
        {"server.pem", "localhost", 1},
        {"server.pem", "127.0.0.1", 1},
        {"server.pem", "::1", 1},
        {"other.pem", "localhost", TLS_FAILED},
        {"server.pem", "example", TLS_FAILED},
        {"server.pem", "127.0.0.2", TLS_FAILED},
        {"server.pem", "::2", TLS_FAILED},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(shake_hands(cases[i].ca, 0, cases[i].host), cases[i].result, "%s", cases[i].host);
}

/* RFC 6066 3: the name of the server is sent; an address is none. */
Test(tls, the_server_learns_by_which_name_it_was_meant)
{
    cr_assert_eq(shake_hands("server.pem", 0, "localhost"), 1);
    cr_assert_str_eq(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name), "localhost");
    cr_assert_eq(shake_hands("server.pem", 0, "127.0.0.1"), 1);
    cr_assert_null(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name));
}

/* RFC 7301 3.2, RFC 9113 3.2: the version of HTTP that was offered is the one that is spoken. */
Test(tls, both_speak_the_same_HTTP)
{
    static const char *const protocols[] = {"\x08http/1.1", "\x02h2"};

    for (int http2 = 0; http2 <= 1; http2++) {
        spoken = protocols[http2];
        cr_assert_eq(shake_hands("server.pem", http2, "localhost"), 1);
        cr_assert(offers);
        spoken = protocols[!http2];
        cr_assert_eq(shake_hands("server.pem", http2, "localhost"), TLS_FAILED);
        spoken = NULL;
        cr_assert_eq(shake_hands("server.pem", http2, "localhost"), TLS_FAILED);
    }
}

Test(tls, a_file_without_certificates_is_told)
{
    cr_assert_null(tls_context_new(in_dir("empty"), 0));
    cr_assert_null(tls_context_new(in_dir("nowhere"), 0));
    tls_context_free(NULL);
    tls_free(NULL);
}

Test(tls, octets_pass_both_ways_and_come_to_an_end)
{
    static uint8_t data[LARGE], got[LARGE];
    size_t sent = 0, have = 0;
    ssize_t n = 1;

    cr_assert_eq(shake_hands("server.pem", 0, "localhost"), 1);
    for (size_t i = 0; i < LARGE; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    cr_assert_eq(tls_read(client, got, sizeof got), TLS_WANTS_READ);
    while (n > 0) { /* until the socket takes no more */
        n = tls_write(client, data + sent, LARGE - sent);
        sent += n > 0 ? (size_t)n : 0;
    }
    cr_assert_eq(n, TLS_WANTS_WRITE);
    cr_assert(sent > 0 && sent < LARGE);
    while (have < LARGE) {
        int taken = SSL_read(server, got + have, (int)(LARGE - have));
        have += taken > 0 ? (size_t)taken : 0;
        /* What waits may have moved: buffers grow. */
        n = sent < LARGE ? tls_write(client, data + sent, LARGE - sent) : 0;
        sent += n > 0 ? (size_t)n : 0;
    }
    cr_assert_eq(memcmp(data, got, LARGE), 0);
    cr_assert_eq(SSL_write(server, "answer", 6), 6);
    cr_assert_eq(tls_read(client, got, sizeof got), 6);
    cr_assert_eq(memcmp(got, "answer", 6), 0);
    SSL_shutdown(server);
    cr_assert_eq(tls_read(client, got, sizeof got), 0);
    cr_assert_eq(shake_hands("server.pem", 0, "localhost"), 1);
    cr_assert_eq(write(ends[1], "no record of TLS", 16), 16);
    cr_assert_eq(tls_read(client, got, sizeof got), TLS_FAILED);
}

/* The other side is gone before the handshake is over: that is no end of a stream. */
Test(tls, a_handshake_that_is_cut_off_has_failed)
{
    struct tls_context *context = tls_context_new(in_dir("server.pem"), 0);

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client = tls_new(context, ends[0], "localhost");
    cr_assert_eq(tls_handshake(client), TLS_WANTS_READ);
    cr_assert_eq(shutdown(ends[1], SHUT_WR), 0);
    cr_assert_eq(tls_handshake(client), TLS_FAILED);
    tls_context_free(context);
}
