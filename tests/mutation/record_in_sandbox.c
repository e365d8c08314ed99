/* record_in_sandbox.c: for a build that records which lines run (CMPD_COVERAGE). gcov writes at the end of a
 * process; a server's sandbox must allow its folder, $GCOV_PREFIX. The linker puts this before sandbox_new.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/sandbox/sandbox.h"

struct sandbox *__real_sandbox_new(unsigned parts);
struct sandbox *__wrap_sandbox_new(unsigned parts);

struct sandbox *__wrap_sandbox_new(unsigned parts)
{
    struct sandbox *sandbox = __real_sandbox_new(parts);
    const char *folder = getenv("GCOV_PREFIX");
    if (sandbox == NULL || folder == NULL || (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST) ||
        sandbox_add_folder(sandbox, folder, 1))
        return sandbox;
    sandbox_free(sandbox);
    return NULL;
}
