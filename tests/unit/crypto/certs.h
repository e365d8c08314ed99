/* certs.h: keys and certificates made for one test. */
#ifndef CMPD_TESTS_UNIT_CRYPTO_CERTS_H
#define CMPD_TESTS_UNIT_CRYPTO_CERTS_H

#include "crypto/certificate.h"
#include "crypto/name.h"
#include "tests/support/must.h"

enum { CERTS_NOW = 1800000000 };

static inline struct bytes name_of(struct arena *arena, const char *common_name)
{
    struct bytes out;

    must(name_build(&out, arena, (const char *const[]){"CN", common_name, NULL}));
    return out;
}

/* sign_plan makes the certificate of |plan| signed by |signer|; the algorithm and, where they are left out,
 * serial and times are filled in. */
static inline struct bytes sign_plan(struct arena *arena, struct certificate_plan plan,
                                     const struct private_key *signer)
{
    static const uint8_t serial[] = {7};
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.key = signer, .signature = signature};
    struct signing *items[] = {&item};
    struct bytes tbs, der;

    if (plan.serial.len == 0)
        plan.serial = bytes_of(serial, 1);
    if (plan.not_after == 0) {
        plan.not_before = CERTS_NOW - 1000;
        plan.not_after = CERTS_NOW + 1000;
    }
    plan.algorithm = item.algorithm = signature_for_key(private_key_kind(signer));
    must(certificate_build(&tbs, arena, &plan));
    item.message = tbs;
    sign_batch(items, 1);
    must(item.signature_len != 0);
    must(certificate_assemble(&der, arena, tbs, plan.algorithm, bytes_of(signature, item.signature_len)));
    return der;
}

#endif
