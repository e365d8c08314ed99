/* general.h: questions of a genm, and what comes back. Included once by a test, after fixture.h. */
#ifndef CMPD_TESTS_UNIT_CMP_GENERAL_H
#define CMPD_TESTS_UNIT_CMP_GENERAL_H

#include <stdlib.h>

#include "crypto/crl.h"
#include "server/pki/general.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

static struct general_info given[BOUND_GENERAL_INFO];
static size_t given_count;

/* info writes the InfoTypeAndValue {id-it |number|}; an empty |value| is left out. */
static struct bytes info(unsigned number, struct bytes value)
{
    static const uint8_t id_it[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04};
    struct bytes out;
    CBB cbb, sequence, oid;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&sequence, &oid, CBS_ASN1_OBJECT) && CBB_add_bytes(&oid, id_it, sizeof id_it) &&
             CBB_add_u8(&oid, (uint8_t)number) && der_add_bytes(&sequence, value);

    cr_assert(der_finish(&out, world->arena, &cbb, ok));
    return out;
}

static struct bytes nothing(void)
{
    return bytes_of(NULL, 0);
}

/* sequence writes SEQUENCE { |content| }, of which an empty one ends the list. */
static struct bytes sequence(const struct bytes *content)
{
    struct bytes out;
    CBB cbb, list;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);

    for (; ok && content->len != 0; content++)
        ok = der_add_bytes(&list, *content);
    cr_assert(der_finish(&out, world->arena, &cbb, ok));
    return out;
}
#define SEQUENCE(...) sequence((const struct bytes[]){__VA_ARGS__, {NULL, 0}})

/* read_given reads what |answer| gives into |given|; views into it. */
static inline void read_given(const struct answer *answer)
{
    const char *why = NULL;

    cr_assert_eq(answer->body, PKI_GENP, "%s: %s, %s", pki_body_name(answer->body),
                 answer->result.text != NULL ? answer->result.text : "",
                 answer->result.detail != NULL ? answer->result.detail : "");
    cr_assert(pki_decode_general(given, &given_count, &why, answer->message.body), "%s", why);
}

/* ask sends |infos| (SEQUENCE) as |from|. */
static struct answer ask(struct client *from, struct bytes infos)
{
    return world_send(world, client_message(from, PKI_GENM, infos));
}

/* ask_one asks for one infoType, and wants one answer, in |given|. */
static inline struct answer ask_one(unsigned number, struct bytes value)
{
    struct answer answer = ask(&client, SEQUENCE(info(number, value)));

    read_given(&answer);
    cr_assert_eq(given_count, 1);
    return answer;
}

/* ---- CRLs ---- */

enum { MADE = 1799999000 }; /* Unix seconds: thisUpdate of what is there */

static inline int next_entry(void *arg, struct crl_entry *out)
{
    static const uint8_t serial[16] = {0x5a, 1, 2, 3};
    size_t *left = arg;

    *out = (struct crl_entry){.serial = bytes_of(serial, sizeof serial), .revoked_at = MADE};
    return *left != 0 && (*left)--;
}

/* make_crl makes a CRL of the CA with so many |entries|, since MADE. */
static inline struct bytes make_crl(int64_t number, size_t entries)
{
    const struct crl_plan plan = {.algorithm = world->ca.algorithm,
                                  .key = world->ca.key,
                                  .issuer = world->ca.cert.subject,
                                  .issuer_key_id = world->ca.cert.key_id,
                                  .this_update = MADE,
                                  .next_update = MADE + 86400,
                                  .number = number};
    struct bytes der, out;

    cr_assert(crl_write(&der, &plan, entries, next_entry, &entries));
    out = arena_copy(world->arena, der);
    free((void *)(uintptr_t)der.data);
    return out;
}

static const CBS_ASN1_TAG context = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

static inline struct bytes tagged(CBS_ASN1_TAG tag, struct bytes content)
{
    struct bytes out;
    CBB cbb;

    cr_assert(der_finish(&out, world->arena, &cbb, CBB_init(&cbb, 64) && der_add_octets(&cbb, tag, content)));
    return out;
}

/* issuer [1] { SEQUENCE { [4] |name| } } */
static inline struct bytes issuer(struct bytes name)
{
    return tagged(context | 1, SEQUENCE(tagged(context | 4, name)));
}

/* ---- messages ---- */

/* send_with sends |body| as the client does, with |infos| (SEQUENCE) as its generalInfo, which the client's
 * header cannot have. */
static inline struct answer send_with(struct bytes infos, int body_type, struct bytes body)
{
    struct bytes part, message;
    CBB cbb, outer, header, field;
    CBS cbs, content, old;

    cr_assert(pki_encode_protected_part(&part, world->arena, &client.header, body_type, body));
    cbs = cbs_of(part);
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
              CBS_get_asn1(&content, &old, CBS_ASN1_SEQUENCE) && CBB_init(&cbb, 256));
    cr_assert(der_finish(
        &part, world->arena, &cbb,
        CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&outer, &header, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&header, bytes_of_cbs(&old)) &&
            CBB_add_asn1(&header, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 8) &&
            der_add_bytes(&field, infos) && CBB_flush(&outer) &&
            der_add_bytes(&outer, bytes_of_cbs(&content))));
    cr_assert(pki_encode_message(&message, world->arena, part,
                                 client_signature(&client, client.signer->key, client.algorithm, part),
                                 client.extra_certs, client.extra_cert_count));
    return world_send(world, message);
}

/* bare makes a genm without protection of an unknown sender (RFC 9810 5.1.1: the NULL-DN). */
static inline struct bytes bare(struct bytes infos)
{
    struct pki_header header = client.header;
    struct bytes part, message;

    header.protection_alg = header.sender_kid = nothing();
    header.sender = hex(world->arena, "a4 02 30 00");
    cr_assert(pki_encode_protected_part(&part, world->arena, &header, PKI_GENM, infos) &&
              pki_encode_message(&message, world->arena, part, nothing(), NULL, 0));
    return message;
}

#endif
