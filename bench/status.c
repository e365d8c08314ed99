/* status.c: asks whether certificates are revoked, and holds answers of OCSP and CRLs against what was asked.
 */
#include "bench/status.h"

#include <string.h>
#include <time.h>

#include "crypto/crl.h"
#include "crypto/ocsp.h"
#include "crypto/random.h"

/* Seconds by which the clocks of client and server may differ. */
enum { SKEW = 60 };

int status_request_make(struct request *request, struct arena *arena, const struct setup *setup,
                        struct bytes serial)
{
    uint8_t nonce[STATUS_NONCE];
    struct ocsp_request parsed;

    random_bytes(nonce, sizeof nonce);
    /* RFC 9919 3.1.1: SHA-256 */
    if (!ocsp_request_write(&request->message, arena, DIGEST_SHA256, setup->ca.subject, setup->ca.spki,
                            serial,
                            bytes_of(nonce, request->scenario == SCENARIO_OCSP_NONCE ? sizeof nonce : 0)) ||
        !ocsp_request_parse(&parsed, request->message))
        return 0;
    request->cert_id = parsed.ids[0].der;
    request->nonce = parsed.nonce;
    return 1;
}

static void add_item(struct check *check, const struct signature_algorithm *algorithm,
                     const struct public_key *key, struct bytes message, struct bytes signature)
{
    check->items[check->item_count++] =
        (struct verification){.algorithm = algorithm, .key = key, .message = message, .signature = signature};
}

/* ---- what was verified before ---- */

static size_t place_of(const uint8_t hash[DIGEST_MAX])
{
    return hash[0] % STATUS_PLACES;
}

/* Returns 1 if |octets| were verified before; else notes them in |check|. */
static int is_known(struct check *check, const struct status_memory *memory, struct bytes octets)
{
    uint8_t *hash = check->seen[check->seen_count];

    digest_compute(hash, DIGEST_SHA256, octets);
    if (memcmp(memory->places[place_of(hash)], hash, DIGEST_MAX) == 0)
        return 1;
    check->seen_count++;
    return 0;
}

void status_remember(struct status_memory *memory, const struct check *check)
{
    for (size_t i = 0; i < check->seen_count; i++)
        memcpy(memory->places[place_of(check->seen[i])], check->seen[i], DIGEST_MAX);
}

/* ---- judged ---- */

/* RFC 6960 3.2, RFC 5280 6.3.3: what is not of now says nothing. */
static int is_current(int64_t this_update, int64_t next_update)
{
    int64_t now = time(NULL);

    return this_update <= now + SKEW && next_update > now - SKEW;
}

/* RFC 6960 4.2.2.2: the CA itself signs, or who has a certificate of it for that. */
static enum bench_error add_responder(struct check *check, const struct status_memory *memory,
                                      const struct setup *setup, const struct ocsp_response *response)
{
    static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};
    const struct public_key *key = setup->ca_key;
    struct certificate cert;

    if (response->certificate.len != 0 && !bytes_equal(response->certificate, setup->ca.der)) {
        if (!certificate_parse(&cert, response->certificate))
            return BENCH_MALFORMED;
        check->responder = public_key_parse(cert.spki);
        if (!bytes_equal(cert.issuer, setup->ca.subject) || cert.extended_key_usage.len == 0 ||
            !certificate_has_purpose(&cert, bytes_of(ocsp_signing, sizeof ocsp_signing)) ||
            !is_current(cert.not_before, cert.not_after))
            return BENCH_PROTECTION;
        if (!is_known(check, memory, cert.der))
            add_item(check, cert.algorithm, setup->ca_key, cert.tbs, cert.signature);
        key = check->responder;
    }
    add_item(check, response->algorithm, key, response->data, response->signature);
    return BENCH_OK;
}

static enum bench_error check_ocsp(struct check *check, const struct status_memory *memory,
                                   const struct setup *setup, const struct request *request,
                                   struct bytes reply, int deep)
{
    struct ocsp_response response;

    if (!ocsp_response_parse(&response, reply))
        return BENCH_MALFORMED;
    if (response.status == OCSP_TRY_LATER || response.status == OCSP_INTERNAL_ERROR)
        return BENCH_UNAVAILABLE;
    if (response.status != OCSP_SUCCESSFUL)
        return BENCH_REJECTED;
    if (!bytes_equal(response.first.cert_id, request->cert_id) ||
        !bytes_equal(response.nonce, request->nonce) || response.first.status != OCSP_GOOD ||
        !is_current(response.first.this_update, response.first.next_update))
        return BENCH_MISMATCH;
    return deep && !is_known(check, memory, reply) ? add_responder(check, memory, setup, &response)
                                                   : BENCH_OK;
}

static enum bench_error check_crl(struct check *check, const struct status_memory *memory,
                                  const struct setup *setup, struct bytes reply, int deep)
{
    struct crl crl;

    if (!crl_parse(&crl, reply))
        return BENCH_MALFORMED;
    if (!bytes_equal(crl.issuer, setup->ca.subject) || crl.is_delta || crl.number < 0 ||
        !is_current(crl.this_update, crl.next_update))
        return BENCH_MISMATCH;
    if (deep && !is_known(check, memory, reply))
        add_item(check, crl.algorithm, setup->ca_key, crl.tbs, crl.signature);
    return BENCH_OK;
}

void status_check(struct check *check, const struct status_memory *memory, const struct setup *setup,
                  const struct request *request, struct bytes reply, int deep)
{
    *check = (struct check){.error = BENCH_OK};
    check->error = scenario_kind(request->scenario)->protocol == PROTOCOL_CRL
                       ? check_crl(check, memory, setup, reply, deep)
                       : check_ocsp(check, memory, setup, request, reply, deep);
}
