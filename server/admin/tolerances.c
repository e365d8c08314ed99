/* What /tolerances says. */
#include "server/admin/tolerances.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "crypto/algorithm_names.h"
#include "server/base/tolerance_counts.h"

enum {
    ENTRY_MAX = 4096, /* octets of a name and all its numbers */
    END_MAX = 64,     /* of what closes the object */
};

static size_t write_count(char out[ENTRY_MAX], size_t used, const struct tolerance_counts *counts,
                          const char *before, const char *name, uint64_t n)
{
    if (n == 0 || used >= ENTRY_MAX)
        return used;
    if (used == 0)
        used = (size_t)snprintf(out, ENTRY_MAX, "\"%s\":{", counts->name);
    else
        out[used - 1] = ',';
    return used + (size_t)snprintf(out + used, ENTRY_MAX - used, "\"%s%s\":%" PRIu64 "}", before, name, n);
}

/* Names of profiles, vendors, tolerances and algorithms are letters, digits, '.', '_' and '-'. Returns the
 * length; 0: all numbers are 0. */
static size_t write_counts(char out[ENTRY_MAX], const struct tolerance_counts *counts)
{
    const char *name;
    size_t used = 0;

    for (int i = 0; i < TOLERANCE_COUNT; i++)
        used = write_count(out, used, counts, "", tolerance_name((enum tolerance)i),
                           atomic_load_explicit(&counts->of[i], memory_order_relaxed));
    for (size_t i = 0; (name = algorithm_name(i)) != NULL; i++)
        used = write_count(out, used, counts, "deprecated ", name,
                           atomic_load_explicit(&counts->deprecated[i], memory_order_relaxed));
    return used;
}

static size_t write_all(char *text, size_t room, enum tolerance_owner owner, int *left_out)
{
    const char *between = "";
    char entry[ENTRY_MAX];
    size_t used = 0;

    for (const struct tolerance_counts *counts = tolerance_counts_all(); counts != NULL;
         counts = counts->next) {
        size_t len = counts->owner == owner ? write_counts(entry, counts) : 0;
        if (len >= ENTRY_MAX || used + len + 2 > room) {
            *left_out = 1;
            continue;
        }
        if (len == 0)
            continue;
        used += (size_t)snprintf(text + used, room - used, "%s%s", between, entry);
        between = ",";
    }
    return used;
}

void tolerances_text(char text[TOLERANCES_TEXT_MAX], int64_t since)
{
    const size_t room = TOLERANCES_TEXT_MAX - END_MAX;
    int left_out = 0;
    size_t used = (size_t)snprintf(text, TOLERANCES_TEXT_MAX, "{\"since\":%" PRId64 ",\"profiles\":{", since);

    used += write_all(text + used, room - used, TOLERANCE_OF_PROFILE, &left_out);
    used += (size_t)snprintf(text + used, TOLERANCES_TEXT_MAX - used, "},\"vendors\":{");
    used += write_all(text + used, room - used, TOLERANCE_OF_VENDOR, &left_out);
    snprintf(text + used, TOLERANCES_TEXT_MAX - used, "}%s}\n", left_out ? ",\"left_out\":true" : "");
}
