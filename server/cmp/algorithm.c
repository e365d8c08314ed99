/* Which signature algorithms a profile takes, of protection and of proof of possession. */
#include "crypto/algorithms.h"
#include "server/cmp/internal.h"

const struct signature_algorithm *cmp_read_algorithm(struct cmp_message *m, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm), again = cbs;
    const struct signature_algorithm *row = signature_parse(&cbs);

    if (row == NULL && (row = signature_parse_lenient(&again)) != NULL &&
        !cmp_tolerates(m, TOLERANCE_ECDSA_NULL_PARAMETERS))
        row = NULL;
    return row;
}

const char *cmp_algorithm_text(struct cmp_message *m, const char *what, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm);
    const char *remedy =
        signature_parse_lenient(&cbs) != NULL ? ", or have ecdsa-null-parameters tolerated" : "";
    const char *text = arena_printf(m->arena, "%s: %s%s", what, signature_fault(m->arena, algorithm), remedy);

    return text != NULL ? text : "the signature algorithm is not supported";
}
