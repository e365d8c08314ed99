/* Profiles by their names: those of certProfile, and of rows in the store. */
#include "server/cmp/internal.h"

const struct cmp_profile *cmp_profile_named(const struct cmp_settings *settings, struct bytes name)
{
    for (size_t i = 0; i < settings->profile_count; i++)
        if (bytes_equal(bytes_str(settings->profiles[i]->config->name), name))
            return settings->profiles[i];
    return NULL;
}
