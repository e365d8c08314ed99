/* look.c: what needs neither store nor signature: requests in URLs, malformed ones, responses that are kept.
 */
#include "crypto/base64.h"
#include "crypto/ocsp.h"
#include "server/ocsp/metrics.h"
#include "server/ocsp/ocsp.h"

enum { TEXT_MAX = (BOUND_OCSP_OCTETS + 2) / 3 * 4 };

static int digit_of(uint8_t octet)
{
    if (octet >= '0' && octet <= '9')
        return octet - '0';
    octet |= 0x20;
    return octet >= 'a' && octet <= 'f' ? octet - 'a' + 10 : -1;
}

/* Returns the length without percent codes, or 0. */
static size_t decode_percent(uint8_t out[TEXT_MAX], struct bytes text)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t octet = text.data[i];
        if (len == TEXT_MAX)
            return 0;
        if (octet == '%') {
            int high = i + 2 < text.len ? digit_of(text.data[i + 1]) : -1;
            int low = high >= 0 ? digit_of(text.data[i + 2]) : -1;
            if (low < 0)
                return 0;
            octet = (uint8_t)(high * 16 + low);
            i += 2;
        }
        out[len++] = octet;
    }
    return len;
}

int ocsp_of_path(uint8_t out[OCSP_OF_PATH_MAX], size_t *len, struct bytes text)
{
    uint8_t plain[TEXT_MAX];
    size_t plain_len;

    /* Some put a slash behind a URL that ends in one; no request begins so. */
    while (text.len != 0 && text.data[0] == '/')
        text = bytes_of(text.data + 1, text.len - 1);
    plain_len = decode_percent(plain, text);
    return plain_len != 0 && base64_decode(out, len, OCSP_OF_PATH_MAX, bytes_of(plain, plain_len)) &&
           *len <= BOUND_OCSP_OCTETS;
}

static int look(struct ocsp_service *service, struct ocsp_kept *out, uint8_t octets[OCSP_KEPT_MAX],
                struct bytes request, int64_t now, int fresh)
{
    struct ocsp_request parsed;
    struct bytes cert_id, number;
    uint8_t serial[STORE_SERIAL];
    int is_plain = ocsp_request_plain(&cert_id, &number, request);

    /* What is kept is about octets that were read with all care. The same octets need no other look. */
    if (is_plain && ocsp_serial(serial, number) &&
        ocsp_cache_find(out, octets, ocsp_cache(service), cert_id, bytes_of(serial, STORE_SERIAL), now,
                        fresh))
        return 1;
    if (!ocsp_request_parse(&parsed, request)) {
        *out = (struct ocsp_kept){.der = ocsp_error(OCSP_MALFORMED_REQUEST)};
        return 1;
    }
    return !is_plain && parsed.count == 1 && parsed.nonce.len == 0 &&
           ocsp_serial(serial, parsed.ids[0].serial) &&
           ocsp_cache_find(out, octets, ocsp_cache(service), parsed.ids[0].der,
                           bytes_of(serial, STORE_SERIAL), now, fresh);
}

int ocsp_look(struct ocsp_service *service, struct ocsp_kept *out, uint8_t octets[OCSP_KEPT_MAX],
              struct bytes request, int64_t now, int fresh)
{
    int found = look(service, out, octets, request, now, fresh);

    /* The second look, at what was to be renewed, is about the same request. */
    if (fresh)
        metric_add(&ocsp_looks,
                   !found                ? OCSP_BY_STORE
                   : out->tag[0] == '\0' ? OCSP_BY_NOBODY
                                         : OCSP_BY_KEPT,
                   1);
    return found;
}
