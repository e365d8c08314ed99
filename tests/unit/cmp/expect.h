/* expect.h: what tests of the machine say again and again. */
#ifndef CMPD_TESTS_UNIT_CMP_EXPECT_H
#define CMPD_TESTS_UNIT_CMP_EXPECT_H

#include <criterion/criterion.h>

#include "tests/support/issue.h"

/* expect_refusal holds |answer| against a rejection by |body| with |failure| alone, and frees it. */
static inline void expect_refusal(struct answer *answer, int body, enum pki_failure failure)
{
    cr_assert_eq(answer->body, body, "body %s", pki_body_name(answer->body));
    cr_assert_eq(answer->status.status, PKI_REJECTION);
    cr_assert_eq(answer->status.fail_info, UINT64_C(1) << failure, "failInfo %llx, %s, %s",
                 (unsigned long long)answer->status.fail_info,
                 answer->result.text != NULL ? answer->result.text : "",
                 answer->result.detail != NULL ? answer->result.detail : "");
    cr_assert_neq(answer->status.text.len, 0);
    cr_assert_not(answer->has_cert);
    cr_assert(answer->result.refused);
    answer_free(answer);
}

/* expect_error is expect_refusal by an error message. */
static inline void expect_error(struct answer *answer, enum pki_failure failure)
{
    expect_refusal(answer, PKI_ERROR, failure);
}

/* expect_certificate wants |body| with a certificate, and frees |answer|. */
static inline void expect_certificate(struct answer *answer, int body)
{
    cr_assert_eq(answer->body, body, "body %s: %s, %s", pki_body_name(answer->body),
                 answer->result.text != NULL ? answer->result.text : "",
                 answer->result.detail != NULL ? answer->result.detail : "");
    cr_assert(answer->has_cert);
    cr_assert_not(answer->result.refused);
    answer_free(answer);
}

static inline void expect_pkiconf(struct answer *answer)
{
    cr_assert_eq(answer->body, PKI_PKICONF, "body %s: %s", pki_body_name(answer->body),
                 answer->result.text != NULL ? answer->result.text : "");
    cr_assert_not(answer->result.refused);
    answer_free(answer);
}

/* doubled makes of a SEQUENCE one that has all its elements twice. */
static inline struct bytes doubled(struct arena *arena, struct bytes sequence)
{
    CBS cbs = cbs_of(sequence), content;
    struct bytes out;
    CBB cbb, list;

    must(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBB_init(&cbb, 64));
    must(der_finish(&out, arena, &cbb,
                    CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
                        der_add_bytes(&list, bytes_of_cbs(&content)) &&
                        der_add_bytes(&list, bytes_of_cbs(&content))));
    return out;
}

#endif
