/* config_tolerances.c: what `tolerate:` says, of vendors and profiles. */
#include "config_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    KEY_TEXT_MAX = 96, /* octets of "profiles[255].tolerate[63]" */
};

static int read_all(struct config_fault *fault, const struct config *config, struct tolerances *set,
                    const struct config_list *entries, const char *list, size_t i)
{
    char key[KEY_TEXT_MAX], names[TOLERANCE_NAMES_MAX];
    enum tolerance tolerance;

    for (size_t j = 0; j < entries->count; j++) {
        const char *why = tolerance_read(set, &tolerance, entries->items[j]);
        if (why == NULL)
            continue;
        snprintf(key, sizeof key, "%s[%zu].tolerate[%zu]", list, i, j);
        return config_fault_at(fault, config, key,
                               "tolerate has \"%s\": %s; write NAME or NAME until "
                               "YYYY-MM-DD, with one of: %s",
                               entries->items[j], why, tolerance_names(names, ~0U));
    }
    return 1;
}

/* Adds those of the vendors |names| to |set|. */
static void gather(struct tolerances *set, const struct config *config, const struct config_list *names)
{
    for (size_t n = 0; n < names->count; n++)
        for (size_t v = 0; v < config->vendor_count; v++)
            for (size_t i = 0; i < TOLERANCE_COUNT && strcmp(config->vendors[v].name, names->items[n]) == 0;
                 i++)
                if (config->vendors[v].tolerances.until[i] > set->until[i])
                    set->until[i] = config->vendors[v].tolerances.until[i];
}

int config_read_tolerances(struct config_fault *fault, struct config *config)
{
    /* The arrays are this configuration's own, and nobody else has seen them yet. */
    struct config_vendor *vendors = (struct config_vendor *)(uintptr_t)config->vendors;
    struct config_profile *profiles = (struct config_profile *)(uintptr_t)config->profiles;

    for (size_t i = 0; i < config->vendor_count; i++)
        if (!read_all(fault, config, &vendors[i].tolerances, &vendors[i].tolerate, "vendors", i))
            return 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        struct config_profile *profile = &profiles[i];
        if (!read_all(fault, config, &profile->tolerances, &profile->tolerate, "profiles", i))
            return 0;
        gather(&profile->of_vendors, config, &profile->accept.vendors);
        gather(&profile->of_vendors, config, &profile->accept.ras);
    }
    return 1;
}
