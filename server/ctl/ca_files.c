/* ca_files.c: see ca_files.h. */
#include "server/ctl/ca_files.h"

struct row {
    unsigned of;
    const char *role, *file; /* no file: it is not named */
};

int ca_each_file(const struct config_ca *ca, unsigned wanted,
                 int (*each)(void *arg, const char *ca, const char *role, const char *file), void *arg)
{
    const struct config_root_change *previous = ca->previous, *next = ca->next;
    const struct row rows[] = {
        {CA_FILES_ROOTS, "previous root", previous != NULL ? previous->certificate : NULL},
        {CA_FILES_LINKS, "previous new with old", previous != NULL ? previous->new_with_old : NULL},
        {CA_FILES_LINKS, "previous old with new", previous != NULL ? previous->old_with_new : NULL},
        {CA_FILES_ROOTS, "next root", next != NULL ? next->certificate : NULL},
        {CA_FILES_LINKS, "next new with old", next != NULL ? next->new_with_old : NULL},
        {CA_FILES_LINKS, "next old with new", next != NULL ? next->old_with_new : NULL},
        {CA_FILES_OWN, "signs answers", ca->cmp_certificate},
        {CA_FILES_OWN, "signs CRLs", ca->crl_certificate},
    };

    if ((wanted & CA_FILES_CHAIN) != 0) {
        if (!each(arg, ca->name, "certificate", ca->certificate))
            return 0;
        for (size_t i = 0; i < ca->chain.count; i++)
            if (!each(arg, ca->name, "chain", ca->chain.items[i]))
                return 0;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((wanted & rows[i].of) != 0 && rows[i].file != NULL &&
            !each(arg, ca->name, rows[i].role, rows[i].file))
            return 0;
    return 1;
}
