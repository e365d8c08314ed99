/* files.c: folders and ports, by Landlock. Its calls have no names in the C library, and the kernel's headers
 * of Debian 12 know only its first versions. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/sandbox/internal.h"

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_SCOPE = 6 };

#define FS_TRUNCATE (1ULL << 14)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)
#define RULE_NET_PORT 2

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                               \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |        \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR)
#define DEVICES (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define NEVER                                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | DEVICES | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |    \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
/* What may be said about a file that is no folder. */
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

struct ruleset {
    uint64_t files, ports, scoped;
};

struct port_rule {
    uint64_t allowed, port;
};

static int start_ruleset(const struct ruleset *rules, size_t size, unsigned flags)
{
    return (int)syscall(SYS_landlock_create_ruleset, rules, size, flags);
}

static int add_rule(int fd, int kind, const void *rule)
{
    return (int)syscall(SYS_landlock_add_rule, fd, kind, rule, 0);
}

/* ---- folders ---- */

struct sandbox *sandbox_new(unsigned parts)
{
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (sandbox == NULL)
        return NULL;
    sandbox->parts = parts;
    for (const struct sandbox_folder *row = sandbox_folders; row->path != NULL; row++)
        if ((row->parts & parts) != 0 && !sandbox_add_folder(sandbox, row->path, row->is_written)) {
            sandbox_free(sandbox);
            return NULL;
        }
    return sandbox;
}

void sandbox_free(struct sandbox *sandbox)
{
    if (sandbox == NULL)
        return;
    for (size_t i = 0; i < sandbox->count; i++)
        free(sandbox->folders[i].path);
    free(sandbox->folders);
    free(sandbox->ports);
    free(sandbox);
}

static int add(struct sandbox *sandbox, char *path, int is_written)
{
    for (size_t i = 0; i < sandbox->count; i++)
        if (strcmp(sandbox->folders[i].path, path) == 0) {
            sandbox->folders[i].is_written |= is_written;
            free(path);
            return 1;
        }
    struct allowed *grown = realloc(sandbox->folders, (sandbox->count + 1) * sizeof *grown);
    if (grown == NULL) {
        free(path);
        return 0;
    }
    sandbox->folders = grown;
    sandbox->folders[sandbox->count++] = (struct allowed){path, is_written};
    return 1;
}

int sandbox_add_folder(struct sandbox *sandbox, const char *folder, int is_written)
{
    char *path = realpath(folder, NULL);
    return path != NULL ? add(sandbox, path, is_written) : errno != ENOMEM;
}

static int folder_of(char out[PATH_MAX], const char *file)
{
    const char *slash = strrchr(file, '/');
    int len = slash == NULL ? snprintf(out, PATH_MAX, ".")
                            : snprintf(out, PATH_MAX, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    return len > 0 && len < PATH_MAX;
}

int sandbox_add_file(struct sandbox *sandbox, const char *file, int is_written)
{
    char folder[PATH_MAX], target[PATH_MAX];
    if (folder_of(folder, file) && !sandbox_add_folder(sandbox, folder, is_written))
        return 0;
    return realpath(file, target) == NULL || !folder_of(folder, target) ||
           sandbox_add_folder(sandbox, folder, is_written);
}

static int is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && (path[len] == 0 || path[len] == '/' || folder[len - 1] == '/');
}

int sandbox_has_file(const struct sandbox *sandbox, const char *file)
{
    char path[PATH_MAX], folder[PATH_MAX];
    if ((sandbox->parts & SANDBOX_TOKEN) != 0)
        return 1;
    /* What is not there is told by whoever wants to read it, unless it could not even be looked at. */
    if (realpath(file, path) == NULL && (!folder_of(folder, file) || realpath(folder, path) == NULL))
        return errno == ENOENT;
    for (size_t i = 0; i < sandbox->count; i++)
        if (is_below(path, sandbox->folders[i].path))
            return 1;
    return 0;
}

int sandbox_writes_folder(const struct sandbox *sandbox, const char *folder)
{
    char path[PATH_MAX];
    if ((sandbox->parts & SANDBOX_TOKEN) != 0)
        return 1;
    for (size_t i = 0; realpath(folder, path) != NULL && i < sandbox->count; i++)
        if (sandbox->folders[i].is_written && is_below(path, sandbox->folders[i].path))
            return 1;
    return 0;
}

int sandbox_add_port(struct sandbox *sandbox, uint16_t port)
{
    if (port == 0) {
        sandbox->any_port = 1;
        return 1;
    }
    uint16_t *grown = realloc(sandbox->ports, (sandbox->port_count + 1) * sizeof *grown);
    if (grown == NULL)
        return 0;
    sandbox->ports = grown;
    sandbox->ports[sandbox->port_count++] = port;
    return 1;
}

/* ---- entering ---- */

static void choose(struct ruleset *rules, const struct sandbox *sandbox, int abi)
{
    *rules = (struct ruleset){.files = NEVER | READS | WRITES};
    if (abi >= ABI_REFER)
        rules->files |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= ABI_TRUNCATE)
        rules->files |= FS_TRUNCATE;
    if (abi >= ABI_NET && !sandbox->any_port && sandbox->port_count > 0)
        rules->ports |= NET_BIND_TCP;
    if (abi >= ABI_NET && (sandbox->parts & SANDBOX_OUT) == 0)
        rules->ports |= NET_CONNECT_TCP;
    if (abi >= ABI_SCOPE)
        rules->scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    if ((sandbox->parts & SANDBOX_TOKEN) != 0)
        *rules = (struct ruleset){.files = LANDLOCK_ACCESS_FS_EXECUTE | DEVICES};
}

static int allow_folder(int fd, const struct allowed *folder, const struct ruleset *rules)
{
    struct stat st;
    struct landlock_path_beneath_attr rule = {.allowed_access =
                                                  READS | (folder->is_written ? WRITES | FS_TRUNCATE : 0),
                                              .parent_fd = open(folder->path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == EACCES;
    if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
        rule.allowed_access &= OF_FILES;
    rule.allowed_access &= rules->files;
    int ok = rule.allowed_access == 0 || add_rule(fd, LANDLOCK_RULE_PATH_BENEATH, &rule) == 0;
    close(rule.parent_fd);
    return ok;
}

static int allow_all(int fd, const struct sandbox *sandbox, const struct ruleset *rules)
{
    for (size_t i = 0; i < sandbox->count; i++)
        if (!allow_folder(fd, &sandbox->folders[i], rules))
            return 0;
    for (size_t i = 0; (rules->ports & NET_BIND_TCP) != 0 && i < sandbox->port_count; i++)
        if (add_rule(fd, RULE_NET_PORT, &(struct port_rule){NET_BIND_TCP, sandbox->ports[i]}) != 0)
            return 0;
    return 1;
}

int sandbox_confine_files(struct sandbox *sandbox, char *why, size_t len)
{
    struct ruleset rules;
    int abi = start_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1) {
        snprintf(why, len, "this kernel has no Landlock: %s", strerror(errno));
        return 0;
    }
    choose(&rules, sandbox, abi);
    /* Older kernels take the fields that they know, and no more. */
    size_t size = abi >= ABI_SCOPE ? sizeof rules : abi >= ABI_NET ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    int fd = start_ruleset(&rules, size, 0);
    int ok = fd >= 0 && allow_all(fd, sandbox, &rules) && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
    if (!ok)
        snprintf(why, len, "Landlock: %s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}
