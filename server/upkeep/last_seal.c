/* last_seal.c: see last_seal.h. */
#include "server/upkeep/last_seal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/base/file.h"
#include "server/base/log.h"
#include "storage/audit_seal.h"

enum { ARENA = 64 * 1024, MILLISECONDS = 1000, FILE_MODE = 0600 };

/* Beside the file that has them all, which operators move away to keep it. */
static int path_of(char out[PATH_MAX], const char *seal_file)
{
    errno = ENAMETOOLONG;
    return snprintf(out, PATH_MAX, "%s.last", seal_file) < PATH_MAX;
}

int last_seal_keep(const char *seal_file, const char *line, size_t len)
{
    char path[PATH_MAX];
    struct stat st;

    if (!path_of(path, seal_file) || !file_write(path, line, len, FILE_MODE, 0))
        return 0;
    /* A tool that root runs must not leave a file that the server's user cannot read: it would not start. */
    return geteuid() != 0 || stat(seal_file, &st) != 0 || st.st_uid == 0 ||
           chown(path, st.st_uid, st.st_gid) == 0;
}

/* ---- what a seal is about ---- */

enum found { FOUND, FOUND_NOT, NO_ANSWER };

/* Whether the entry where |head| says that a chain ended is in the store. One behind it will do: those before
 * were purged. */
static enum found find_entry(struct store *store, const struct store_head *head)
{
    struct store_fetch fetch = {.kind = STORE_ENTRIES,
                                .index = STORE_ENTRY,
                                .of = bytes_of(head->chain, sizeof head->chain),
                                .before = head->seq,
                                .arena = arena_new(ARENA)};
    enum found found = NO_ANSWER;

    if (fetch.arena != NULL && store_fetch_wait(store, &fetch) && fetch.outcome != STORE_FETCH_UNAVAILABLE) {
        const struct store_entry *entry = fetch.outcome == STORE_FOUND ? fetch.rows : NULL;
        found = entry != NULL &&
                        (entry->seq > head->seq || memcmp(entry->hash, head->hash, sizeof head->hash) == 0)
                    ? FOUND
                    : FOUND_NOT;
    }
    arena_free(fetch.arena);
    return found;
}

/* The seal |last|, or an anchor that tells that |head|, an end that it is about, was purged; |head| NULL: the
 * seal alone. */
struct looking {
    const struct audit_seal *last;
    const struct store_head *head;
    int found;
};

static int look_at(void *arg, const void *row)
{
    struct looking *looking = arg;
    const struct store_seal *stored = row;
    struct audit_seal seal;

    if (memcmp(stored->instance, looking->last->instance, sizeof stored->instance) == 0 &&
        stored->number >= looking->last->number)
        looking->found = 1;
    else if (looking->head != NULL && audit_seal_parse(&seal, stored->text) && seal.kind == AUDIT_ANCHOR)
        for (size_t i = 0; i < seal.head_count; i++)
            if (memcmp(seal.heads[i].chain, looking->head->chain, sizeof seal.heads[i].chain) == 0 &&
                seal.heads[i].seq >= looking->head->seq)
                looking->found = 1;
    return !looking->found;
}

static enum found find_seal(char *text, struct store *store, const struct audit_seal *last,
                            const struct store_head *head)
{
    struct looking looking = {.last = last, .head = head};

    if (!store_each(store, text, STORE_SEALS, (struct bytes){NULL, 0}, look_at, &looking))
        return NO_ANSWER;
    return looking.found ? FOUND : FOUND_NOT;
}

/* Every end that it is about has moved since the seal before it: one that is there proves nothing about the
 * others. */
static enum found find_all(char *text, struct store *store, const struct audit_seal *last)
{
    enum found found = FOUND;

    if (last->kind == AUDIT_ANCHOR || last->head_count == 0)
        return find_seal(text, store, last, NULL);
    for (size_t i = 0; found == FOUND && i < last->head_count; i++)
        if ((found = find_entry(store, &last->heads[i])) == FOUND_NOT)
            found = find_seal(text, store, last, &last->heads[i]);
    return found;
}

/* ---- the file ---- */

static enum last_seal judge(char text[LAST_SEAL_TEXT], const char *path, const struct audit_seal *last,
                            struct store *store)
{
    char why[STORE_FAULT_MAX] = "the store does not answer", when[32];
    time_t at = (time_t)(last->at / MILLISECONDS);
    struct tm tm;

    switch (find_all(why, store, last)) {
    case FOUND:
        return LAST_SEAL_HELD;
    case NO_ANSWER:
        snprintf(text, LAST_SEAL_TEXT, "it cannot be told whether the store is as new as %.400s says: %s",
                 path, why);
        return LAST_SEAL_UNKNOWN;
    default:
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
        snprintf(text, LAST_SEAL_TEXT,
                 "the store is older than what this node sealed at %s (%.400s): it was restored or copied "
                 "back, or is "
                 "another one. "
                 "Certificates and revocations since then are not in it. Put the newer store in its place; "
                 "if there is none, "
                 "run: cmpctl db check --accept-older",
                 when, path);
        return LAST_SEAL_LOST;
    }
}

enum last_seal last_seal_check(char text[LAST_SEAL_TEXT], const char *seal_file, struct store *store)
{
    uint8_t signature_room[LOG_LONG_MAX / 2], *line = NULL;
    enum last_seal verdict = LAST_SEAL_HELD;
    struct bytes sealed, signature;
    struct audit_seal last;
    char path[PATH_MAX];
    size_t len = 0;

    if (!path_of(path, seal_file) || !file_read(&line, &len, path, LOG_LONG_MAX)) {
        if (errno == ENOENT)
            return LAST_SEAL_HELD;
        snprintf(text, LAST_SEAL_TEXT, "the last seal of this node cannot be read: %s.last: %s", seal_file,
                 strerror(errno));
        return LAST_SEAL_UNKNOWN;
    }
    if (audit_seal_find(&sealed, &signature, signature_room, bytes_of(line, len)) &&
        audit_seal_parse(&last, sealed)) {
        verdict = judge(text, path, &last, store);
    } else {
        snprintf(text, LAST_SEAL_TEXT,
                 "%.400s holds no seal: something has changed it. If you know what, remove it; the next seal "
                 "makes it anew",
                 path);
        verdict = LAST_SEAL_UNKNOWN;
    }
    file_free(line, len);
    return verdict;
}
