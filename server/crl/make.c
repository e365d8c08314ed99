/* make.c: see make.h. Entries are written in the order in which they became known, but for those of a shard:
 * there the latest is the first. */
#include "server/crl/make.h"

#include "crypto/crl.h"
#include "server/base/bounds.h"

struct walk {
    const struct revoked *list;
    size_t at; /* in the list, in its changes, or the place and 1 */
    int64_t now;
    int keeps_expired;
};

/* RFC 5280 3.3: "An entry MUST NOT be removed from the CRL until it appears on one regularly scheduled CRL
 * issued beyond the revoked certificate's validity period." */
static int is_listed(const struct revoked_cert *cert, const struct walk *walk)
{
    return cert->status != STORE_CERT_VALID &&
           (walk->keeps_expired || cert->not_after == UINT32_MAX ||
            (int64_t)cert->not_after + BOUND_CRL_EXPIRED_FOR >= walk->now);
}

static int fill(struct crl_entry *out, const struct revoked_cert *cert)
{
    *out = (struct crl_entry){.serial = bytes_of(cert->serial, STORE_SERIAL),
                              .revoked_at = cert->revoked_at,
                              .reason = cert->reason,
                              .invalidity_at = cert->invalidity_at};
    return 1;
}

static int next_of_all(void *arg, struct crl_entry *out)
{
    struct walk *walk = arg;

    while (walk->at < walk->list->count) {
        const struct revoked_cert *cert = &walk->list->certs[walk->at++];
        if (is_listed(cert, walk))
            return fill(out, cert);
    }
    return 0;
}

static int next_of_shard(void *arg, struct crl_entry *out)
{
    struct walk *walk = arg;

    while (walk->at != 0) {
        const struct revoked_cert *cert = &walk->list->certs[walk->at - 1];
        walk->at = cert->next;
        if (is_listed(cert, walk))
            return fill(out, cert);
    }
    return 0;
}

/* What was revoked and has expired since is listed all the same (RFC 5280 5.2.4), and what was held and
 * released also if the base does not know it: a CRL between the base and this one may. */
static int next_change(void *arg, struct crl_entry *out)
{
    struct walk *walk = arg;
    const struct revoked_cert *cert = revoked_next_change(walk->list, &walk->at);

    if (cert == NULL)
        return 0;
    fill(out, cert);
    if (cert->status == STORE_CERT_VALID) {
        out->revoked_at = walk->now;
        out->reason = CRL_REASON_REMOVE;
        out->invalidity_at = 0;
    }
    return 1;
}

static struct crl_plan plan_of(const struct cmp_authority *ca, const struct crl_times *times)
{
    return (struct crl_plan){.algorithm = ca->crl_algorithm,
                             .key = ca->crl_key,
                             .issuer = ca->cert.subject,
                             .issuer_key_id = ca->crl_cert.key_id,
                             .this_update = times->this_update,
                             .next_update = times->next_update,
                             .number = times->number};
}

int crl_make_full(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                  const struct crl_times *times)
{
    struct walk walk = {.list = list, .now = times->this_update, .keeps_expired = times->keeps_expired};
    struct crl_plan plan = plan_of(ca, times);

    return crl_write(der, &plan, list->count, next_of_all, &walk);
}

int crl_make_delta(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                   const struct crl_times *times, int64_t base_number)
{
    struct walk walk = {.list = list, .now = times->this_update};
    struct crl_plan plan = plan_of(ca, times);

    plan.base_number = base_number;
    return crl_write(der, &plan, list->change_count, next_change, &walk);
}

int crl_make_shard(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                   const struct crl_times *times, unsigned shard, struct bytes issuing_point)
{
    const struct revoked_shard *of = &list->shards[shard];
    struct walk walk = {
        .list = list, .at = of->first, .now = times->this_update, .keeps_expired = times->keeps_expired};
    struct crl_plan plan = plan_of(ca, times);

    plan.issuing_point = issuing_point;
    return crl_write(der, &plan, of->count, next_of_shard, &walk);
}
