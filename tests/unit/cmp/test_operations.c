/* operations.c: the table of operations, a row for each PKIBody (RFC 9810 5.1.2) that is served. */
#include <criterion/criterion.h>

#include "server/cmp/internal.h"

/* RFC 9810 5.1.2, and RFC 9483 4 for which response belongs to which request. */
static const struct {
    int request, response;
} served[] = {{PKI_IR, PKI_IP},
              {PKI_CR, PKI_CP},
              {PKI_P10CR, PKI_CP},
              {PKI_KUR, PKI_KUP},
              {PKI_CCR, PKI_CCP},
              {PKI_RR, PKI_RP},
              {PKI_CERTCONF, PKI_PKICONF},
              {PKI_POLLREQ, PKI_POLLREP},
              {PKI_ERROR, PKI_PKICONF},
              {PKI_GENM, PKI_GENP},
              {PKI_NESTED, PKI_NESTED},
              {PKI_CKUANN, -1},
              {PKI_CANN, -1},
              {PKI_RANN, -1},
              {PKI_CRLANN, -1}};

Test(operations, each_request_has_its_row_and_its_response)
{
    for (size_t i = 0; i < sizeof served / sizeof served[0]; i++) {
        const struct cmp_operation *row = cmp_operation_of(served[i].request);
        cr_assert_eq(row->request, served[i].request);
        cr_assert_eq(row->response, served[i].response, "%s", pki_body_name(served[i].request));
    }
}

/* What the machine calls without asking whether it is there. */
Test(operations, a_row_has_what_every_message_needs)
{
    for (int body = 0; body < PKI_BODY_COUNT; body++) {
        const struct cmp_operation *row = cmp_operation_of(body);
        if (row == &cmp_unsupported)
            continue;
        cr_assert(row->decode != NULL && row->audit != NULL, "%s", pki_body_name(body));
        /* What has no row in the store never comes again. */
        cr_assert_eq(row->again == NULL, (row->flags & CMP_STANDS_ALONE) != 0, "%s", pki_body_name(body));
        cr_assert(row->run != NULL && row->run[0] != NULL, "%s", pki_body_name(body));
        /* RFC 9483 3.6.2: a request for a certificate or a revocation is refused by its own response. */
        cr_assert_eq(row->refusal != NULL, (row->flags & (CMP_BEGINS | CMP_STANDS_ALONE)) == CMP_BEGINS, "%s",
                     pki_body_name(body));
    }
}

Test(operations, what_has_no_row_is_unsupported)
{
    unsigned rows = 0;

    for (int body = 0; body < PKI_BODY_COUNT; body++)
        rows += cmp_operation_of(body) != &cmp_unsupported;
    cr_assert_eq(rows, sizeof served / sizeof served[0]);
    cr_assert_eq(cmp_operation_of(-1), &cmp_unsupported);
    cr_assert_eq(cmp_operation_of(PKI_BODY_COUNT), &cmp_unsupported);
    cr_assert(cmp_unsupported.refusal != NULL);
    cr_assert_eq(cmp_unsupported.response, PKI_ERROR);
}
