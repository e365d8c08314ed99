/* several.h: what a client sends that asks for several in one message. */
#ifndef CMPD_TESTS_SUPPORT_SEVERAL_H
#define CMPD_TESTS_SUPPORT_SEVERAL_H

#include "server/pki/confirmation.h"
#include "server/pki/revocation.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

/* joined makes one SEQUENCE of the elements of |count| others. */
static inline struct bytes joined(struct arena *arena, const struct bytes *sequences, size_t count)
{
    struct bytes out;
    CBB cbb, list;
    int ok = CBB_init(&cbb, 1024) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; i < count; i++) {
        CBS cbs = cbs_of(sequences[i]), content;
        ok = ok && CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&list, bytes_of_cbs(&content));
    }
    must(der_finish(&out, arena, &cbb, ok));
    return out;
}

/* next_request makes the CertReqMessages of one request with |cert_req_id|, for a key of its own. */
static inline struct bytes next_request(struct client *client, int64_t cert_req_id)
{
    int64_t before = client->cert_req_id;
    struct bytes body;

    private_key_free(client->key);
    must((client->key = private_key_generate(KEY_P256, 0)) != NULL);
    client->cert_req_id = cert_req_id;
    body = client_body(client, PKI_IR);
    client->cert_req_id = before;
    return body;
}

/* several_requests makes an ir or cr with |count| CertReqMsg, whose certReqId are 0, 1, … */
static inline struct bytes several_requests(struct client *client, int body_type, size_t count)
{
    struct bytes bodies[2 * BOUND_SEVERAL];

    must(count <= 2 * BOUND_SEVERAL);
    for (size_t i = 0; i < count; i++)
        bodies[i] = next_request(client, (int64_t)i);
    return client_message(client, body_type, joined(client->world->arena, bodies, count));
}

/* several_statuses makes a certConf for the parts of |answer| that have a certificate and whose bit is in
 * |told|; those whose bit is in |rejected| are rejected. */
static inline struct bytes several_statuses(struct client *client, const struct answer *answer, unsigned told,
                                            unsigned rejected)
{
    struct bytes bodies[BOUND_SEVERAL];
    size_t count = 0;

    for (size_t i = 0; i < answer->part_count; i++) {
        const struct answer_part *part = &answer->parts[i];
        int is_rejected = (rejected >> i & 1) != 0;
        uint8_t hash[DIGEST_MAX];
        struct cert_status entry = {.cert_req_id = part->response.cert_req_id,
                                    .has_status = is_rejected,
                                    .status = {.status = PKI_REJECTION}};
        if (!part->has_cert || (told >> i & 1) == 0)
            continue;
        entry.cert_hash =
            bytes_of(hash, digest_compute(hash, part->cert.algorithm->cert_hash, part->cert.der));
        must(pki_encode_cert_conf(&bodies[count++], client->world->arena, &entry));
    }
    client_next(client, answer);
    return client_message(client, PKI_CERTCONF, joined(client->world->arena, bodies, count));
}

#endif
