/* fuzz_ocsp.c: messages of OCSP: a request, a response that is written anew and read again, and what follows
 * the path in the URL of a GET. The first octet says which. */
#include <stdlib.h>

#include "crypto/ocsp.h"
#include "server/ocsp/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(int so)
{
    if (!so)
        abort();
}

static void fuzz_request(struct bytes der)
{
    struct ocsp_request request;
    struct bytes cert_id = {NULL, 0}, number = {NULL, 0};
    uint8_t serial[STORE_SERIAL];
    int is_plain = ocsp_request_plain(&cert_id, &number, der);

    must_be(!is_plain || (cert_id.len <= der.len && number.len <= cert_id.len));
    if (!ocsp_request_parse(&request, der))
        return;
    must_be(!is_plain ||
            (request.count == 1 && request.nonce.len == 0 && bytes_equal(cert_id, request.ids[0].der) &&
             bytes_equal(number, request.ids[0].serial)));
    must_be(request.count > 0 && request.count <= BOUND_OCSP_REQUESTS &&
            request.nonce.len <= BOUND_OCSP_NONCE);
    for (size_t i = 0; i < request.count; i++) {
        struct ocsp_cert_id again;
        must_be(request.ids[i].der.len <= der.len);
        ocsp_serial(serial, request.ids[i].serial);
        again = request.ids[i];
        ocsp_id_is_of(&again, der, der);
    }
}

static void fuzz_response(struct bytes der)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct ocsp_response before, after;
    struct ocsp_plan plan = {.count = 1};
    struct bytes data, again;

    must_be(arena != NULL);
    plan.responder_id = arena_copy(arena, bytes_of("\xa1\x02\x30\x00", 4));
    plan.singles = &before.first;
    if (ocsp_response_parse(&before, der) && before.status == OCSP_SUCCESSFUL && before.algorithm != NULL &&
        before.nonce.len <= BOUND_OCSP_NONCE) {
        plan.nonce = before.nonce;
        if (before.certificate.len == 0)
            before.certificate = bytes_of("\x30\x00", 2);
        if (ocsp_response_data(&data, arena, &plan)) { /* else a year that no time has */
            must_be(ocsp_response_assemble(&again, arena, data, before.algorithm, before.signature,
                                           before.certificate));
            must_be(ocsp_response_parse(&after, again));
            must_be(after.first.status == before.first.status &&
                    after.first.revoked_at == before.first.revoked_at &&
                    after.first.reason == before.first.reason &&
                    after.first.this_update == before.first.this_update &&
                    after.first.next_update == before.first.next_update &&
                    bytes_equal(after.first.cert_id, before.first.cert_id) &&
                    bytes_equal(after.nonce, before.nonce));
        }
    }
    arena_free(arena);
}

static void fuzz_path(struct bytes text)
{
    uint8_t octets[OCSP_OF_PATH_MAX];
    size_t len;

    if (ocsp_of_path(octets, &len, text))
        must_be(len <= BOUND_OCSP_OCTETS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct bytes) = {fuzz_request, fuzz_response, fuzz_path};

    if (size != 0)
        targets[data[0] % 3](bytes_of(data + 1, size - 1));
    return 0;
}
