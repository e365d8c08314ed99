#include "server/front/front.h"
#include "versions.h"

#ifdef CMPD_FRONT_URING
#define LIBURING ", liburing " CMPD_LIBURING_VERSION
#else
#define LIBURING ""
#endif

const char *front_versions(void)
{
    return "libh2o " CMPD_H2O_VERSION LIBURING;
}
