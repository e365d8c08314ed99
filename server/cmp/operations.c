/* The table of operations. */
#include "server/cmp/operation.h"

static const struct cmp_operation *const operations[] = {&cmp_ir, &cmp_cr,       &cmp_p10cr, &cmp_kur,
                                                         &cmp_rr, &cmp_certconf, &cmp_error};

const struct cmp_operation *cmp_operation_of(int body)
{
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
        if (operations[i]->request == body)
            return operations[i];
    return &cmp_unsupported;
}
