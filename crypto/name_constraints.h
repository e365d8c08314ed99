/* name_constraints.h: the names that issuers of a path let stand below them (RFC 5280 4.2.1.10, 6.1.3 (b) and
 * (c), 6.1.4 (g)). */
#ifndef CMPD_CRYPTO_NAME_CONSTRAINTS_H
#define CMPD_CRYPTO_NAME_CONSTRAINTS_H

#include "crypto/certificate.h"

struct name_constraints_of;

/* struct name_constraints are permitted_subtrees and excluded_subtrees of RFC 5280 6.1.2 (b) and (c). They
 * are not intersected: a name is held against what each issuer says. */
struct name_constraints {
    struct arena *arena;              /* for what is read and for texts */
    struct name_constraints_of *last; /* of the issuer added last */
    size_t work_left;                 /* of BOUND_NAME_WORK */
    int starved;                      /* 1: there was no memory, and no verdict means anything */
};

/* name_constraints_begin sets |constraints| up: every name may stand. */
void name_constraints_begin(struct name_constraints *constraints, struct arena *arena);

/* name_constraints_add adds what |issuer| says, which must outlive |constraints|. Returns NULL, or what is
 * wrong with it. */
const char *name_constraints_add(struct name_constraints *constraints, const struct certificate *issuer);

/* name_constraints_fault returns NULL if the names of |cert| may stand below all issuers that were added,
 * else which one may not. */
const char *name_constraints_fault(struct name_constraints *constraints, const struct certificate *cert);

#endif
