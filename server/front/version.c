/* version.c: what the front is made of. */
#include <h2o.h>
#include <zlib.h>

#include "server/front/front.h"
#include "versions.h"

const char *front_versions(void)
{
    return "libh2o " CMPD_H2O_VERSION ", liburing " CMPD_LIBURING_VERSION ", zlib " ZLIB_VERSION;
}
