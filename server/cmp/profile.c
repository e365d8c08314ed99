/* Profiles by their names: those of certProfile, and of rows in the store. */
#include "server/cmp/internal.h"

struct metric_names cmp_profile_names;

const struct cmp_profile *cmp_profile_named(const struct cmp_settings *settings, struct bytes name)
{
    for (size_t i = 0; i < settings->profile_count; i++)
        if (bytes_equal(bytes_str(settings->profiles[i]->config->name), name))
            return settings->profiles[i];
    return NULL;
}

enum cmp_turn cmp_refuse_name(struct cmp_message *m, struct bytes name)
{
    enum { SHOWN = 64 };
    int len = name.len < SHOWN ? (int)name.len : SHOWN;

    return cmp_refuse(m, PKI_BAD_REQUEST, CMP_NO_SUCH_PROFILE,
                      arena_printf(m->arena, "it is \"%.*s\"", len, (const char *)name.data));
}
