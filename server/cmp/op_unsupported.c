/* What a peer sends that no row is about; and the error message (RFC 9810 5.3.21) by which that is refused,
 * and all whose operation has no response to refuse with. */
#include "server/cmp/internal.h"

static int refusal(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status)
{
    return pki_encode_error(body, m->arena, status);
}

const struct cmp_operation cmp_unsupported = {
    .request = -1, .response = PKI_ERROR, .audit = "?", .refusal = refusal};
