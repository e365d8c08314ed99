/* What a part of the decision says when it refuses. */
#include "server/policy/internal.h"

int policy_refuse(struct cmp_decision *decision, enum pki_failure fail_info, const char *text)
{
    decision->granted = 0;
    decision->fail_info = fail_info;
    decision->text = text != NULL ? text : "the memory bound of a request is reached";
    return 0;
}

int policy_by(struct cmp_decision *decision, const char *setting, int decided)
{
    decision->setting = setting;
    return decided;
}
