/* Entries are written in the order in which they became known. */
#include "server/crl/make.h"

#include "crypto/crl.h"
#include "server/base/bounds.h"

struct walk {
    const struct revoked *list;
    size_t at;
    int64_t now;
};

/* RFC 5280 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL
 * issued beyond the revoked certificate's validity period." */
static int is_listed(const struct revoked_cert *cert, int64_t now)
{
    return cert->status != STORE_CERT_VALID && cert->not_after + BOUND_CRL_EXPIRED_FOR >= now;
}

static int next(void *arg, struct crl_entry *out)
{
    struct walk *walk = arg;

    while (walk->at < walk->list->count) {
        const struct revoked_cert *cert = &walk->list->certs[walk->at++];
        if (!is_listed(cert, walk->now))
            continue;
        *out = (struct crl_entry){.serial = bytes_of(cert->serial, STORE_SERIAL),
                                  .revoked_at = cert->revoked_at,
                                  .reason = cert->reason,
                                  .invalidity_at = cert->invalidity_at};
        return 1;
    }
    return 0;
}

static int sign(struct bytes *der, const struct cmp_authority *ca, struct bytes tbs)
{
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {
        .algorithm = ca->algorithm, .key = ca->key, .message = tbs, .signature = signature};
    struct signing *items[] = {&item};

    sign_batch(items, 1);
    return item.signature_len != 0 &&
           crl_assemble(der, tbs, ca->algorithm, bytes_of(signature, item.signature_len));
}

int crl_make(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
             const struct crl_times *times)
{
    struct walk walk = {.list = list, .now = times->this_update};
    struct crl_plan plan = {.algorithm = ca->algorithm,
                            .issuer = ca->cert.subject,
                            .issuer_key_id = ca->cert.key_id,
                            .this_update = times->this_update,
                            .next_update = times->next_update,
                            .number = times->number};
    struct bytes tbs;
    int ok;

    if (!crl_write(&tbs, &plan, next, &walk))
        return 0;
    ok = sign(der, ca, tbs);
    crl_free(&tbs);
    return ok;
}
