/* lint_internal.h: a TBSCertificate as the rules look at it. For crypto/lint*.c only. */
#ifndef CMPD_CRYPTO_LINT_INTERNAL_H
#define CMPD_CRYPTO_LINT_INTERNAL_H

#include "crypto/certificate.h"
#include "crypto/lint.h"

enum { LINT_EXTENSIONS_MAX = 48 };

struct lint_view {
    struct arena *arena;
    int64_t version; /* 2: v3 */
    struct bytes serial, issuer, subject, spki;
    CBS_ASN1_TAG time_tags[2]; /* of notBefore and notAfter */
    int64_t not_before, not_after;
    int has_unique_id;
    int is_ca; /* basicConstraints.cA */
    int64_t path_len;
    uint64_t usage;                                             /* bits of keyUsage */
    const struct certificate_extension *known[EXTENSION_OTHER]; /* NULL: it is not there */
    struct certificate_extension all[LINT_EXTENSIONS_MAX];
    size_t count;
};

/* struct lint_check is a rule of the table: |is_kept| returns 1 if |view| keeps it. */
struct lint_check {
    struct lint_rule rule;
    int (*is_kept)(const struct lint_view *view); /* NULL: of the first, which lint.c holds it against */
    int of_names;                                 /* 1: about what subject or subjectAltName hold */
};

/* lint_checks returns the table, |*count| rows. */
const struct lint_check *lint_checks(size_t *count);

#endif
