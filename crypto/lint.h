/* lint.h: what is to be signed, or was, held against what RFC 5280 asks of a CA. */
#ifndef CMPD_CRYPTO_LINT_H
#define CMPD_CRYPTO_LINT_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

/* struct lint_rule is one row of the table. */
struct lint_rule {
    const char *name;    /* "keyUsage" */
    const char *section; /* "RFC 5280 4.2.1.3" */
    const char *says;    /* how a certificate has to be */
};

enum { LINT_RULES_MAX = 64 };

/* lint_count returns how many rules there are, at most LINT_RULES_MAX, lint_rule the |i|th, from 0. */
size_t lint_count(void);
const struct lint_rule *lint_rule(size_t i);

/* What a certificate is held against. */
enum lint_scope {
    LINT_ALL,
    LINT_ALL_BUT_NAMES, /* for who has held subject and subjectAltName against crypto/name_rules.h already */
};

/* certificate_lint returns a bit for each rule that the TBSCertificate |tbs| breaks, by its place in the
 * table; 0: none. What cannot be read breaks the first, and is held against no other. |arena| is for texts
 * about names that nobody reads: without memory a name breaks its rule. */
uint64_t certificate_lint(struct arena *arena, struct bytes tbs, enum lint_scope scope);

/* lint_text writes the rules of |broken| into |arena|: "RFC 5280 4.2.1.3 (keyUsage: …)", or NULL without
 * memory. */
const char *lint_text(struct arena *arena, uint64_t broken);

#endif
