/* What a part of the decision says: refused, or granted with a difference. */
#include "server/policy/internal.h"

int policy_refuse(struct cmp_decision *decision, enum pki_failure fail_info, const char *text)
{
    decision->granted = 0;
    decision->fail_info = fail_info;
    decision->text = text != NULL ? text : "the memory bound of a request is reached";
    return 0;
}

void policy_modified(struct cmp_decision *decision, const char *what)
{
    const char *all = decision->modified == NULL
                          ? arena_printf(decision->arena, "differs from the request: %s", what)
                          : arena_printf(decision->arena, "%s, %s", decision->modified, what);

    decision->modified = all != NULL ? all : "differs from the request";
}
