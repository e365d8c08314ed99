/* Does a request have to wait until people approve it (approve.when of its profile)? */
#include "server/cmp/internal.h"

/* What was approved was so for the rules that it waited for, and for no other. */
int cmp_must_wait(struct cmp_message *m, enum config_approve rule)
{
    if (m->approved != NULL)
        return (m->approved->rules & (int)rule) != 0;
    if ((m->profile->config->approve.when & rule) == 0)
        return 0;
    m->rules |= rule;
    return 1;
}

enum cmp_turn cmp_refuse_to_wait(struct cmp_message *m)
{
    return cmp_by(m, "approve.when",
                  cmp_refuse_body(m, PKI_BAD_REQUEST,
                                  "this request has to be approved: send it in a message of its own"));
}
