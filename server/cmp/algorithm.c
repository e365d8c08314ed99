/* Which signature algorithms a profile takes, of protection and of proof of possession. */
#include "crypto/algorithms.h"
#include "server/cmp/internal.h"

/* What is taken by a tolerance alone, and which one that is: NULL if none would do. */
static const struct signature_algorithm *tolerable(enum tolerance *tolerance, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm), again = cbs;
    const struct signature_algorithm *row = signature_parse_lenient(&cbs);

    *tolerance = TOLERANCE_ECDSA_NULL_PARAMETERS;
    if (row == NULL) {
        *tolerance = TOLERANCE_SHA1_SIGNATURES;
        row = signature_parse_sha1(&again);
    }
    return row;
}

const struct signature_algorithm *cmp_read_algorithm(struct cmp_message *m, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm);
    const struct signature_algorithm *row = signature_parse(&cbs);
    enum tolerance tolerance;

    if (row == NULL && (row = tolerable(&tolerance, algorithm)) != NULL && !cmp_tolerates(m, tolerance))
        row = NULL;
    return row;
}

const char *cmp_algorithm_text(struct cmp_message *m, const char *what, struct bytes algorithm)
{
    enum tolerance tolerance;
    const char *fault = signature_fault(m->arena, algorithm),
               *text = tolerable(&tolerance, algorithm) != NULL
                           ? arena_printf(m->arena, "%s: %s, or have %s tolerated", what, fault,
                                          tolerance_name(tolerance))
                           : arena_printf(m->arena, "%s: %s", what, fault);

    return text != NULL ? text : "the signature algorithm is not supported";
}
