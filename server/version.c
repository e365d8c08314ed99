/* What --version prints. */
#include "server/version.h"

#include "crypto/version.h"
#include "server/base/config.h"
#include "storage/store.h"

void version_print(FILE *out, const char *program, const char *front)
{
    fprintf(out, "%s %s%s%s\n", program, CMPD_VERSION, front != NULL ? " on " : "",
            front != NULL ? front : "");
    fprintf(out, "%s\n%s\n%s\n", crypto_versions(), store_versions(), config_versions());
}
