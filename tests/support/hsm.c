#include "tests/support/hsm.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"
#include "tests/support/must.h"

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    must(vsnprintf(command, sizeof command, format, args) < (int)sizeof command);
    va_end(args);
    must(system(command) == 0);
}

static const char *path_of(char *out, const struct hsm *hsm, const char *name)
{
    must(snprintf(out, 2 * HSM_PATH_MAX, "%s/%s", hsm->dir, name) < 2 * HSM_PATH_MAX);
    return out;
}

void hsm_set(const struct hsm *hsm, const char *name, const char *text)
{
    char path[2 * HSM_PATH_MAX];

    path_of(path, hsm, name);
    must(text != NULL ? file_write(path, text, strlen(text), 0600, 0) : unlink(path) == 0 || errno == ENOENT);
}

void hsm_new(struct hsm *hsm)
{
    const char *bin = getenv("CMPD_TESTS"); /* set by ctest */
    char text[2 * HSM_PATH_MAX], path[2 * HSM_PATH_MAX];

    snprintf(hsm->dir, sizeof hsm->dir, "/tmp/cmpd-token.XXXXXX");
    must(bin != NULL && mkdtemp(hsm->dir) != NULL);
    must(snprintf(hsm->module, sizeof hsm->module, "%s/fragile-token.so", bin) < HSM_PATH_MAX);
    must(snprintf(hsm->pin, sizeof hsm->pin, "%.200s/pin", hsm->dir) < HSM_PATH_MAX);
    snprintf(text, sizeof text,
             "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", hsm->dir);
    hsm_set(hsm, "softhsm2.conf", text);
    hsm_set(hsm, "pin", "open-sesame\n");
    must(mkdir(path_of(path, hsm, "tokens"), 0700) == 0);
    setenv("SOFTHSM2_CONF", path_of(path, hsm, "softhsm2.conf"), 1);
    setenv("FRAGILE_TOKEN", hsm->dir, 1);
    run("softhsm2-util --init-token --free --label 'cmpd test' --so-pin 12345678 --pin open-sesame "
        ">/dev/null");
}

void hsm_free(struct hsm *hsm)
{
    run("rm -rf '%s'", hsm->dir);
}

void hsm_import(const struct hsm *hsm, const struct private_key *key, const char *label, const char *id)
{
    char path[2 * HSM_PATH_MAX];
    uint8_t *pem;
    size_t len;

    must(private_key_to_pem(&pem, &len, key));
    must(file_write(path_of(path, hsm, "import.pem"), pem, len, 0600, 0));
    file_free(pem, len);
    run("softhsm2-util --import '%s' --token 'cmpd test' --label '%s' --id '%s' --pin open-sesame >/dev/null",
        path, label, id);
    must(unlink(path) == 0);
}

const char *hsm_uri(char *out, const struct hsm *hsm, const char *label)
{
    must(snprintf(out, HSM_URI_MAX,
                  "pkcs11:token=cmpd%%20test;object=%s;type=private?module-path=%s&pin-source=file:%s", label,
                  hsm->module, hsm->pin) < HSM_URI_MAX);
    return out;
}

unsigned hsm_ask(const struct hsm *hsm, const char *name)
{
    void *library = dlopen(hsm->module, RTLD_NOW | RTLD_NOLOAD);
    unsigned (*function)(void) = NULL, answer;

    must(library != NULL);
    *(void **)&function = dlsym(library, name);
    must(function != NULL);
    answer = function();
    dlclose(library);
    return answer;
}
