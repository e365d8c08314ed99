/* Which signature algorithms a profile takes, of protection and of proof of possession. */
#include "crypto/algorithms.h"
#include "server/cmp/internal.h"

const struct signature_algorithm *cmp_read_algorithm(const struct cmp_message *m, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm);

    return m->profile->config->accept.null_parameters ? signature_parse_lenient(&cbs) : signature_parse(&cbs);
}

const char *cmp_algorithm_text(struct cmp_message *m, const char *what, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm);
    const char *remedy = signature_parse_lenient(&cbs) != NULL ? ", or have accept.null_parameters set" : "";
    const char *text = arena_printf(m->arena, "%s: %s%s", what, signature_fault(m->arena, algorithm), remedy);

    return text != NULL ? text : "the signature algorithm is not supported";
}
