/* profile_find.c: see profile.h. */
#include "server/ctl/profile.h"

#include <stdlib.h>
#include <string.h>

#include "server/ctl/ctl.h"

int profile_index(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (strcmp(config->profiles[i].name, name) == 0)
            return (int)i;
    ctl_fault("there is no profile '%s': cmpctl profile list has them", name);
    return -1;
}

int vendor_index(const struct config *config, const char *name)
{
    const struct config_vendor *vendor =
        config_vendor_named(config->vendors, config->vendor_count, bytes_str(name));

    if (vendor != NULL)
        return (int)(vendor - config->vendors);
    ctl_fault("there is no vendor '%s': cmpctl vendor list has them", name);
    return -1;
}

json_t *profile_place(const struct config *config, const char *key)
{
    struct config_fault place;

    config_fault_at(&place, config, key, "%s", key);
    return ctl_json_text(bytes_str(place.text));
}

json_t *profile_list(const struct config_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        if (json_array_append_new(array, ctl_json_text(bytes_str(list->items[i]))) != 0)
            exit(ctl_fault("out of memory"));
    return array;
}
