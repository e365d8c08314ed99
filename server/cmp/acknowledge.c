/* How an announcement ends: by a status that the transport has a word for, and without a message (RFC
 * 9811 3.5: "an appropriate status code and empty content"). A stranger is told nothing else. */
#include "server/cmp/internal.h"

const struct cmp_upstream *cmp_upstream_of(const struct cmp_settings *settings, struct bytes certificate)
{
    for (size_t i = 0; i < settings->upstream_count; i++)
        if (bytes_equal(settings->upstreams[i].certificate, certificate))
            return &settings->upstreams[i];
    return NULL;
}

enum job_end cmp_refused_end(const struct cmp_message *m)
{
    /* Clocks can be set: the same fault before the signature is looked at has the same status. */
    if (!m->authenticated || m->refusal.fail_info == PKI_BAD_TIME)
        return JOB_FORBIDDEN;
    return m->refusal.fail_info == PKI_SYSTEM_UNAVAIL ? JOB_NOT_NOW : JOB_REFUSED;
}

/* What may have been stored is announced again by its sender, which changes nothing then. */
enum cmp_turn cmp_acknowledge(struct cmp_message *m)
{
    return m->unit == NULL || m->unit->outcome == STORE_DONE ? CMP_ON : cmp_refuse_unavailable(m, NULL);
}
