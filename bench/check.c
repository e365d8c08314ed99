/* Holds an answer against its request: header, protection, body. What only a signature can tell is listed,
 * and verified by the caller in a batch, before check_verdict. */
#include "bench/check.h"

#include "crypto/random.h"
#include "server/pki/response.h"
#include "server/pki/revocation.h"

static void add_signature(struct check *check, const struct signature_algorithm *algorithm,
                          const struct public_key *key, struct bytes message, struct bytes signature)
{
    check->items[check->item_count++] =
        (struct verification){.algorithm = algorithm, .key = key, .message = message, .signature = signature};
}

/* The answer to a MAC is protected by one with the same secret (RFC 9483 3.1), and here the same parameters.
 */
static int mac_is_right(const struct pki_message *answer, struct bytes part, const struct request *request)
{
    uint8_t mac[DIGEST_MAX];
    struct mac_algorithm algorithm;
    struct pki_message first;
    CBS cbs = cbs_of(answer->header.protection_alg);
    size_t len;

    if (pki_message_decode(&first, NULL, request->message) != PKI_WHOLE ||
        !bytes_equal(first.header.protection_alg, answer->header.protection_alg) ||
        !mac_parse(&algorithm, &cbs))
        return 0;
    len = mac_apply(mac, &algorithm, request->mac_key, part);
    return len != 0 && len == answer->protection.len && secret_equal(mac, answer->protection.data, len);
}

/* RFC 9483 3.1: sender names whose certificate protects. It is the one for CMP, or the CA's own
 * (answer.signed_by of a profile). NULL: it is neither. */
static const struct public_key *signer_of(const struct pki_header *header, const struct setup *setup)
{
    return bytes_equal(header->sender_name, setup->cmp.subject)  ? setup->cmp_key
           : bytes_equal(header->sender_name, setup->ca.subject) ? setup->ca_key
                                                                 : NULL;
}

/* Of what has a MAC, the answer may be signed for who takes that. */
static int answers_by_mac(const struct pki_message *answer, const struct options *options,
                          const struct request *request)
{
    return request->mac_key != NULL &&
           (!options->persona.takes_signed || mac_is_mac(answer->header.protection_alg));
}

static enum bench_error check_protection(struct check *check, struct arena *arena, const struct setup *setup,
                                         const struct options *options, const struct request *request,
                                         int deep)
{
    const struct pki_message *answer = &check->message;
    const struct signature_algorithm *algorithm;
    struct bytes part;
    CBS cbs = cbs_of(answer->header.protection_alg);

    if (!answer->has_protection || !pki_protected_part(&part, arena, answer))
        return BENCH_PROTECTION;
    if (answers_by_mac(answer, options, request))
        return mac_is_right(answer, part, request) ? BENCH_OK : BENCH_PROTECTION;
    if ((algorithm = signature_parse(&cbs)) == NULL)
        return BENCH_PROTECTION;
    if (deep)
        add_signature(check, algorithm, signer_of(&answer->header, setup), part, answer->protection);
    return BENCH_OK;
}

static enum bench_error rejection(struct check *check, const struct pki_status_info *status)
{
    check->status_text = status->text;
    return status->fail_info & (UINT64_C(1) << PKI_SYSTEM_UNAVAIL) ? BENCH_UNAVAILABLE : BENCH_REJECTED;
}

/* RFC 9483 3.1: who protects is named, by its certificate's subject, or by the secret's reference. */
static int sender_is_right(const struct pki_message *answer, const struct setup *setup,
                           const struct options *options, const struct request *request)
{
    const struct pki_header *header = &answer->header;

    if (answers_by_mac(answer, options, request)
            ? !bytes_equal(header->sender_kid, request->device->reference)
            : signer_of(header, setup) == NULL)
        return 0;
    switch (options->persona.sender) {
    case PERSONA_SENDER_RECIPIENT:
        return name_equal(header->sender_name, setup->ca.subject);
    case PERSONA_SENDER_RDNS:
        return name_has_same_rdns(header->sender_name, setup->ca.subject);
    default:
        return 1;
    }
}

static enum bench_error check_message(struct check *check, struct arena *arena, const struct setup *setup,
                                      const struct options *options, const struct request *request,
                                      struct bytes nonce, int body, struct bytes reply, int deep)
{
    const struct pki_message *answer = &check->message;
    struct pki_status_info status;

    *check = (struct check){.error = BENCH_OK};
    if (pki_message_decode(&check->message, NULL, reply) != PKI_WHOLE)
        return BENCH_MALFORMED;
    if (answer->body_type == PKI_ERROR) {
        return pki_decode_error(&status, answer->body) ? rejection(check, &status) : BENCH_REJECTED;
    }
    if (answer->body_type != body ||
        !bytes_equal(answer->header.transaction_id, bytes_of(request->transaction_id, REQUEST_NONCE)) ||
        !bytes_equal(answer->header.recip_nonce, nonce) || answer->header.sender_nonce.len < REQUEST_NONCE ||
        answer->header.pvno != REQUEST_PVNO || !sender_is_right(answer, setup, options, request))
        return BENCH_MISMATCH;
    return check_protection(check, arena, setup, options, request, deep);
}

static enum bench_error check_status(struct check *check, const struct pki_status_info *status)
{
    return status->status == PKI_ACCEPTED || status->status == PKI_GRANTED_WITH_MODS ||
                   status->status == PKI_KEY_UPDATE_WARNING
               ? BENCH_OK
               : rejection(check, status);
}

static enum bench_error check_certificate(struct check *check, const struct setup *setup,
                                          const struct options *options, const struct request *request,
                                          int deep)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    struct certificate *cert = &check->certificate;
    struct cert_response response;
    enum bench_error error;

    if (!pki_decode_cert_rep(&response, check->message.body))
        return BENCH_MALFORMED;
    if ((error = check_status(check, &response.status)) != BENCH_OK)
        return error;
    if (!certificate_parse(cert, response.certificate))
        return BENCH_MALFORMED;
    /* RFC 9483 4.1.4: -1 for PKCS #10. Whoever asked for implicit confirmation and does not get it would have
     * to send a certConf, and whoever did not ask means to send one. */
    if (response.cert_req_id != (kind->request == PKI_P10CR ? -1 : 0) ||
        kind->confirms == check->message.header.implicit_confirm)
        return BENCH_MISMATCH;
    if (options->fixed_certificate)
        return BENCH_OK;
    /* RFC 9810 5.2.3: accepted, it is "exactly what you asked for". */
    if (!bytes_equal(cert->spki, request->spki) || !bytes_equal(cert->issuer, setup->ca.subject) ||
        (response.status.status == PKI_ACCEPTED && !bytes_equal(cert->subject, request->subject)))
        return BENCH_MISMATCH;
    if (deep)
        add_signature(check, cert->algorithm, setup->ca_key, cert->tbs, cert->signature);
    return BENCH_OK;
}

void check_first(struct check *check, struct arena *arena, const struct setup *setup,
                 const struct options *options, const struct request *request, struct bytes reply, int deep)
{
    const struct scenario_kind *kind = scenario_kind(request->scenario);
    struct pki_status_info status;
    enum bench_error error =
        check_message(check, arena, setup, options, request, bytes_of(request->sender_nonce, REQUEST_NONCE),
                      kind->answer, reply, deep);

    if (error == BENCH_OK && !kind->certifies)
        error =
            pki_decode_rev_rep(&status, check->message.body) ? check_status(check, &status) : BENCH_MALFORMED;
    else if (error == BENCH_OK)
        error = check_certificate(check, setup, options, request, deep);
    check->error = error;
}

void check_confirmed(struct check *check, struct arena *arena, const struct setup *setup,
                     const struct options *options, const struct request *request, struct bytes nonce,
                     struct bytes reply, int deep)
{
    static const uint8_t null[2] = {0x05, 0x00}; /* PKIConfirmContent (RFC 9810 5.3.17) */

    check->error = check_message(check, arena, setup, options, request, nonce, PKI_PKICONF, reply, deep);
    if (check->error == BENCH_OK && !bytes_equal(check->message.body, bytes_of(null, sizeof null)))
        check->error = BENCH_MALFORMED;
}

void check_cleanup(struct check *check)
{
    public_key_free(check->responder);
    check->responder = NULL;
}

enum bench_error check_verdict(const struct check *check)
{
    if (check->error != BENCH_OK)
        return check->error;
    for (size_t i = 0; i < check->item_count; i++)
        if (!check->items[i].valid)
            return BENCH_PROTECTION;
    return BENCH_OK;
}
