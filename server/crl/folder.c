/* folder.c: see folder.h. */
#include "server/crl/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crl.h"
#include "crypto/pem.h"
#include "server/base/bounds.h"
#include "server/base/file.h"
#include "server/base/log.h"

enum { PATH_MAX_HERE = 4096, MODE = 0644, SUFFIX = 4 };

struct written {
    char path[PUBLISHED_PATH_MAX];
    char tag[PUBLISHED_TAG_MAX];
};

struct folder {
    char *path;
    struct written *written; /* what need not be looked at again */
    size_t count;
    int failing; /* 1: the log says so */
};

struct folder *folder_new(const char *path)
{
    struct folder *folder = calloc(1, sizeof *folder);

    if (folder != NULL && (folder->path = strdup(path)) == NULL) {
        free(folder);
        return NULL;
    }
    return folder;
}

void folder_free(struct folder *folder)
{
    if (folder == NULL)
        return;
    free(folder->path);
    free(folder->written);
    free(folder);
}

const char *folder_path(const struct folder *folder)
{
    return folder->path;
}

static struct written *find_or_add(struct folder *folder, const char *path)
{
    struct written *grown;

    for (size_t i = 0; i < folder->count; i++)
        if (strcmp(folder->written[i].path, path) == 0)
            return &folder->written[i];
    grown = realloc(folder->written, (folder->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    folder->written = grown;
    grown = &grown[folder->count++];
    *grown = (struct written){.tag = ""};
    snprintf(grown->path, sizeof grown->path, "%s", path);
    return grown;
}

static int file_of(char out[PATH_MAX_HERE], const struct folder *folder, const char *path)
{
    int len = snprintf(out, PATH_MAX_HERE, "%s%s", folder->path, path);

    return len > 0 && len < PATH_MAX_HERE;
}

/* -1: it is no CRL. One whose number leaves no room above it is none of ours: it may be replaced. */
static int64_t number_of(struct bytes octets)
{
    uint8_t *der;
    size_t len;
    struct crl crl;
    int64_t number = -1;

    if (pem_or_der_crl(&der, &len, octets)) {
        if (crl_parse(&crl, bytes_of(der, len)) && crl.number < INT64_MAX / 2)
            number = crl.number;
        free(der);
    }
    return number;
}

int64_t folder_number(const struct folder *folder, const char *path)
{
    char file[PATH_MAX_HERE];
    uint8_t *octets;
    size_t len;
    int64_t number;

    if (!file_of(file, folder, path) || !file_read(&octets, &len, file, BOUND_CRL_OCTETS))
        return 0;
    number = number_of(bytes_of(octets, len));
    free(octets);
    return number > 0 ? number : 0;
}

/* Whether what is in |path| is not to be replaced: it is the same, or a newer CRL. */
static int is_kept(const char *path, const struct published *document)
{
    uint8_t *octets;
    size_t len;
    int64_t there;
    int kept;

    if (!file_read(&octets, &len, path, BOUND_CRL_OCTETS))
        return 0;
    kept = bytes_equal(bytes_of(octets, len), document->body);
    there = kept ? 0 : number_of(bytes_of(octets, len));
    free(octets);
    return kept || (there > 0 && there >= number_of(document->body));
}

/* As the URL has it: /crl and /ca are folders in the folder. */
static void make_parent(const char *file)
{
    char parent[PATH_MAX_HERE];
    const char *slash = strrchr(file, '/');

    snprintf(parent, sizeof parent, "%.*s", (int)(slash - file), file);
    mkdir(parent, 0755);
}

static int write_one(const struct folder *folder, const char *path, const struct published *document)
{
    char file[PATH_MAX_HERE];

    if (!file_of(file, folder, path)) {
        errno = ENAMETOOLONG;
        return 0;
    }
    make_parent(file);
    return is_kept(file, document) || file_write(file, document->body.data, document->body.len, MODE, 0);
}

static int write_if_new(struct folder *folder, const char *path, const struct published *document)
{
    struct written *written = find_or_add(folder, path);

    if (written == NULL || (strcmp(written->tag, document->tag) != 0 && !write_one(folder, path, document))) {
        if (!folder->failing)
            log_line(LOG_ERROR, "folder not written", log_word("alarm", "crl_not_written"),
                     log_text("folder", folder->path), log_text("path", path),
                     log_text("reason", strerror(errno)),
                     log_text("text", "what is there grows old; cmpd tries again and again"));
        folder->failing = 1;
        return 0;
    }
    memcpy(written->tag, document->tag, sizeof written->tag);
    return 1;
}

/* A CRL that has become too long for PEM leaves none behind that says less (BOUND_CRL_PEM), nor does one that
 * this process has not written. */
static void remove_former_pem(struct folder *folder, struct publication *publication, const char *path)
{
    char pem[PUBLISHED_PATH_MAX], file[PATH_MAX_HERE];
    size_t len = strlen(path);
    struct published *document;

    if (len < SUFFIX || strcmp(path + len - SUFFIX, ".crl") != 0)
        return;
    snprintf(pem, sizeof pem, "%.*s.pem", (int)(len - SUFFIX), path);
    document = publication_find(publication, bytes_str(pem));
    if (document == NULL && file_of(file, folder, pem) && unlink(file) == 0)
        for (size_t i = 0; i < folder->count; i++)
            if (strcmp(folder->written[i].path, pem) == 0)
                folder->written[i].tag[0] = 0;
    published_release(document);
}

void folder_write(struct folder *folder, struct publication *publication)
{
    char path[PUBLISHED_PATH_MAX];
    struct published *document;
    int well = 1;

    for (size_t n = 0; (document = publication_nth(publication, n, path)) != NULL; n++) {
        well = write_if_new(folder, path, document) && well;
        remove_former_pem(folder, publication, path);
        published_release(document);
    }
    if (well && folder->failing)
        log_line(LOG_INFO, "folder written again", log_text("folder", folder->path));
    if (well)
        folder->failing = 0;
}

int folder_is_failing(const struct folder *folder)
{
    return folder->failing;
}
