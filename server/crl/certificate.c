/* certificate.c: see certificate.h. */
#include "server/crl/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/bundle.h"
#include "crypto/pem.h"
#include "server/base/arena.h"
#include "server/base/bounds.h"

enum { CHAIN_ARENA = (BOUND_CHAIN + 1) * BOUND_CERTIFICATE * 2 };

static const char *path_of(char path[PUBLISHED_PATH_MAX], const char *ca, const char *suffix)
{
    snprintf(path, PUBLISHED_PATH_MAX, "/ca/%s.%s", ca, suffix);
    return path;
}

static struct bytes copy_of(struct bytes octets)
{
    uint8_t *copy = malloc(octets.len);

    if (copy == NULL)
        return bytes_of(NULL, 0);
    memcpy(copy, octets.data, octets.len);
    return bytes_of(copy, octets.len);
}

static void put(const struct cmp_authority *ca, struct publication *publication, const char *suffix,
                const char *type, struct bytes body)
{
    char path[PUBLISHED_PATH_MAX];

    if (body.data != NULL)
        publication_put(publication, path_of(path, ca->name, suffix), type, body, ca->cert.not_before,
                        ca->cert.not_after, NULL);
}

/* RFC 5280 4.2.2.1: "a collection of certificates in a BER or DER encoded "certs-only" CMS message": the
 * CA's, and its chain up to the root. */
static void publish_chain(const struct cmp_authority *ca, struct publication *publication)
{
    struct arena *arena = arena_new(CHAIN_ARENA);
    struct bytes out;

    if (arena != NULL && bundle_certificates(&out, arena, ca->mac_extra_certs, ca->mac_extra_cert_count))
        put(ca, publication, "p7c", "application/pkcs7-mime; smime-type=certs-only", copy_of(out));
    arena_free(arena);
}

/* RFC 2585 4.1: the media type of a certificate. */
void crl_certificate_publish(const struct cmp_authority *ca, struct publication *publication)
{
    size_t len;
    char *text;

    put(ca, publication, "cer", "application/pkix-cert", copy_of(ca->cert.der));
    if (pem_certificate(&text, &len, ca->cert.der))
        put(ca, publication, "pem", "application/x-pem-file", bytes_of(text, len));
    publish_chain(ca, publication);
}

void crl_certificate_withdraw(const char *ca, struct publication *publication)
{
    static const char *const suffixes[] = {"cer", "pem", "p7c"};
    char path[PUBLISHED_PATH_MAX];

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++)
        publication_remove(publication, path_of(path, ca, suffixes[i]));
}
