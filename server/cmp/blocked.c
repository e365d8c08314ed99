/* Certificates that the operator takes no more, whatever their issuers say of them. */
#include <stdlib.h>

#include "server/cmp/internal.h"

static int compare(const void *hash, const void *blocked)
{
    return memcmp(hash, ((const struct cmp_blocked *)blocked)->hash, CMP_FINGERPRINT);
}

static const struct cmp_blocked *find(const struct cmp_message *m, const uint8_t hash[CMP_FINGERPRINT])
{
    return bsearch(hash, m->settings->blocked, m->settings->blocked_count, sizeof *m->settings->blocked,
                   compare);
}

static enum path_fault refuse(struct cmp_message *m, const struct cmp_blocked *blocked,
                              const struct certificate *cert)
{
    m->blocked_by = blocked->setting;
    return path_refuse(&m->path.refusal, PATH_BLOCKED, cert, "it is blocked");
}

/* Of certificates that came with the message: with another signature they would have another hash. */
static enum path_fault check_supplied(struct cmp_message *m, size_t i)
{
    const struct certificate *cert = m->path.certs[i];
    struct bytes issuer = i + 1 < m->path.cert_count ? m->path.certs[i + 1]->spki : m->path.end->cert.spki;
    struct bytes names[2] = {cert->der};
    const struct cmp_blocked *blocked;
    uint8_t hash[DIGEST_MAX];

    if (!certificate_twin(&names[1], m->arena, cert, issuer))
        return path_refuse(&m->path.refusal, PATH_MEMORY, cert, "there is no memory to look for it");
    for (size_t n = 0; n < 2; n++) {
        digest_compute(hash, DIGEST_SHA256, names[n]);
        if ((blocked = find(m, hash)) != NULL)
            return refuse(m, blocked, cert);
    }
    return PATH_OK;
}

enum path_fault cmp_check_blocked(struct cmp_message *m)
{
    const struct trust *trust = cmp_trust_of(m);
    const struct cmp_blocked *blocked;
    enum path_fault fault;

    /* Later messages have the key of the first one, and no path. */
    if (m->settings->blocked_count == 0 || m->path.end == NULL)
        return PATH_OK;
    for (size_t i = 0; i < m->path.cert_count; i++)
        if ((fault = check_supplied(m, i)) != PATH_OK)
            return fault;
    for (const struct trusted *at = m->path.end;; at = &trust->items[at->issuer]) {
        if ((blocked = find(m, at->hash)) != NULL)
            return refuse(m, blocked, &at->cert);
        if (at->depth == 0)
            return PATH_OK;
    }
}
