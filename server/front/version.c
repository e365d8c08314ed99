#include <h2o.h>
#include <h2o/version.h>
#include <zlib.h>

#include "server/front/front.h"

/* liburing carries its version in no header: the build asks pkg-config, for the front that links it. */
#ifdef CMPD_LIBURING_VERSION
#define LIBURING ", liburing " CMPD_LIBURING_VERSION
#else
#define LIBURING ""
#endif

const char *front_versions(void)
{
    return "libh2o " H2O_VERSION LIBURING ", zlib " ZLIB_VERSION;
}
