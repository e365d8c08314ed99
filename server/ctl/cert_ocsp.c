/* Asks a responder of OCSP as a security gateway does. */
#include "server/ctl/cert_ocsp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/ocsp.h"
#include "server/fetch/fetch.h"

enum { SECONDS = 5, ARENA = 64 * 1024, ANSWER = 64 * 1024 };

int cert_ocsp_url(char out[CERT_OCSP_URL], struct bytes der)
{
    struct certificate cert;
    struct bytes url = {.len = 0};

    if (certificate_parse(&cert, der))
        url = certificate_ocsp_url(&cert);
    if (url.len < strlen("http") || url.len >= CERT_OCSP_URL || memchr(url.data, 0, url.len) != NULL ||
        strncasecmp((const char *)url.data, "http", strlen("http")) != 0)
        url.len = 0;
    snprintf(out, CERT_OCSP_URL, "%.*s", (int)url.len, (const char *)url.data);
    return url.len != 0;
}

static int judge(const struct ocsp_response *response, const struct certificate *ca, struct bytes request,
                 char why[CERT_OCSP_WHY])
{
    struct ocsp_request asked;
    int64_t now = time(NULL);

    if (response->status != OCSP_SUCCESSFUL)
        snprintf(why, CERT_OCSP_WHY, "the responder answered with status %d (RFC 6960 4.2.1)",
                 response->status);
    else if (!ocsp_request_parse(&asked, request) || !bytes_equal(response->first.cert_id, asked.ids[0].der))
        snprintf(why, CERT_OCSP_WHY, "the answer is about another certificate");
    else if (!ocsp_response_is_of(response, ca, now))
        snprintf(why, CERT_OCSP_WHY, "the answer was not signed by the CA, nor by whom it has delegated to");
    else if (response->first.next_update != 0 && response->first.next_update < now)
        snprintf(why, CERT_OCSP_WHY, "the answer has ended: its nextUpdate has passed");
    else
        return response->first.status;
    return -1;
}

static int ask(struct arena *arena, const char *url, const struct certificate *ca, struct bytes serial,
               char why[CERT_OCSP_WHY])
{
    struct fetch fetch = {
        .url = url, .content_type = "application/ocsp-request", .most = ANSWER, .seconds = SECONDS};
    struct ocsp_response response;
    char text[FETCH_WHY_MAX];
    uint8_t *octets;
    size_t len;
    int status = -1;

    if (!ocsp_request_write(&fetch.body, arena, DIGEST_SHA1, ca->subject, ca->spki, serial,
                            bytes_of(NULL, 0))) {
        snprintf(why, CERT_OCSP_WHY, "out of memory");
        return -1;
    }
    if (!fetch_document(&octets, &len, &fetch, text)) {
        snprintf(why, CERT_OCSP_WHY, "%s", text);
        return -1;
    }
    if (ocsp_response_parse(&response, bytes_of(octets, len)))
        status = judge(&response, ca, fetch.body, why);
    else
        snprintf(why, CERT_OCSP_WHY, "the answer is no response of OCSP");
    free(octets);
    return status;
}

int cert_ocsp_status(const char *url, const struct certificate *ca, struct bytes serial,
                     char why[CERT_OCSP_WHY])
{
    struct arena *arena = arena_new(ARENA);
    int status = -1;

    if (arena != NULL)
        status = ask(arena, url, ca, serial, why);
    else
        snprintf(why, CERT_OCSP_WHY, "out of memory");
    arena_free(arena);
    return status;
}
