/* The table of operations, asked by PKIBody. */
#include "server/cmp/operation.h"

#define LISTED(name) &cmp_##name,

static const struct cmp_operation *const operations[] = {CMP_OPERATIONS(LISTED)};

const struct cmp_operation *cmp_operation_of(int body)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (operations[i]->request == body)
            return operations[i];
    return &cmp_unsupported;
}
