/* config_place.c: see config_place.h. */
#include "server/base/config_place.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

const char *config_place(const char *given)
{
    const char *named = getenv(CONFIG_PLACE_VARIABLE);

    if (given != NULL)
        return given;
    if (named != NULL && *named != 0)
        return named;
    /* Who may not look is told so when it is opened. */
    return access(CONFIG_PLACE_DEFAULT, F_OK) == 0 || errno == EACCES ? CONFIG_PLACE_DEFAULT : NULL;
}
