/* cert_select.c: see cert_select.h. */
#include "server/ctl/cert_select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/key_read.h"

/* ---- the list ---- */

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, STORE_SERIAL);
}

static int add(struct cert_selection *out, size_t *room, const uint8_t serial[STORE_SERIAL])
{
    enum { FEW = 256 };

    if (out->count == *room) {
        size_t more = *room == 0 ? FEW : 2 * *room;
        void *serials = realloc(out->serials, more * STORE_SERIAL);
        if (serials == NULL)
            return !ctl_fault("out of memory");
        out->serials = serials;
        *room = more;
    }
    memcpy(out->serials[out->count++], serial, STORE_SERIAL);
    return 1;
}

static void sort(struct cert_selection *out)
{
    size_t kept = 0;

    if (out->count != 0)
        qsort(out->serials, out->count, STORE_SERIAL, compare);
    for (size_t i = 0; i < out->count; i++)
        if (kept == 0 || memcmp(out->serials[kept - 1], out->serials[i], STORE_SERIAL) != 0)
            memmove(out->serials[kept++], out->serials[i], STORE_SERIAL);
    out->count = kept;
}

/* A line that is no serial ends it: half of an incident is worse than none. */
static int read_list(struct cert_selection *out, const char *file)
{
    FILE *list = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    uint8_t serial[STORE_SERIAL];
    char *line = NULL;
    size_t room = 0, line_room = 0;
    int ok = 1;

    if (list == NULL)
        return !ctl_fault("cannot read %s: %s", file, strerror(errno));
    while (ok && getline(&line, &line_room, list) >= 0) {
        if (cert_read_line(line))
            ok = cert_read_serial(serial, line) && add(out, &room, serial);
    }
    if (ferror(list))
        ok = !ctl_fault("cannot read %s: %s", file, strerror(errno));
    free(line);
    if (list != stdin)
        fclose(list);
    sort(out);
    return ok;
}

/* ---- what is selected ---- */

static int read_time(int64_t *out, const char *text)
{
    return cert_read_time(out, text) ||
           !ctl_fault("--issued-between wants two dates or times in UTC, such as 2026-11-29 or "
                      "2026-11-29T05:00:00Z, not '%s'",
                      text);
}

int cert_selection_read(struct cert_selection *out, const struct ctl_call *call)
{
    const char *file = ctl_value(call, "file"), *key = ctl_value(call, "spki-of");
    const char *path = ctl_value(call, "vendor-intermediate"), *from = ctl_value(call, "issued-between");

    *out = (struct cert_selection){.has_key = key != NULL,
                                   .has_path = path != NULL,
                                   .has_times = from != NULL,
                                   .has_list = file != NULL,
                                   .after = 0,
                                   .before = INT64_MAX};
    if (key != NULL && !ctl_read_key(out->key, key))
        return 0;
    if (path != NULL && !ctl_read_certificate(out->path, path))
        return 0;
    if (from != NULL &&
        (!read_time(&out->after, from) || !read_time(&out->before, ctl_second(call, "issued-between"))))
        return 0;
    if (from != NULL && out->after >= out->before)
        return !ctl_fault("--issued-between: nothing is issued at %s or later, and before %s", from,
                          ctl_second(call, "issued-between"));
    return file == NULL || read_list(out, file);
}

void cert_selection_free(struct cert_selection *selection)
{
    free(selection->serials);
    selection->serials = NULL;
}

static int is_over(struct bytes path, const uint8_t hash[STORE_HASH])
{
    for (size_t at = 0; at + STORE_HASH <= path.len; at += STORE_HASH)
        if (memcmp(path.data + at, hash, STORE_HASH) == 0)
            return 1;
    return 0;
}

static int is_listed(const struct cert_selection *selection, struct bytes serial)
{
    return serial.len == STORE_SERIAL && selection->count != 0 &&
           bsearch(serial.data, selection->serials, selection->count, STORE_SERIAL, compare) != NULL;
}

static int is_selected(const struct cert_selection *selection, const struct store_cert *cert)
{
    return (!selection->has_key || bytes_equal(cert->spki_hash, bytes_of(selection->key, STORE_HASH))) &&
           (!selection->has_path || is_over(cert->path, selection->path)) &&
           (!selection->has_times ||
            (cert->issued_at >= selection->after && cert->issued_at < selection->before)) &&
           (!selection->has_list || is_listed(selection, cert->serial));
}

struct selecting {
    const struct cert_selection *selection;
    int (*each)(void *arg, const struct cert_found *found);
    void *arg;
};

static int take(void *arg, const struct cert_found *found)
{
    const struct selecting *selecting = arg;

    return !is_selected(selecting->selection, found->cert) || selecting->each(selecting->arg, found);
}

/* Each is looked up: what a list names needs no way through all of them. */
static int each_listed(const struct selecting *selecting, const struct ctl_opened *opened)
{
    const struct cert_selection *selection = selecting->selection;
    int ok = 1, going = 1;

    for (size_t i = 0; ok && going && i < selection->count; i++) {
        struct arena *arena = arena_new(CERT_ARENA);
        struct cert_found found = {.cert = NULL};
        ok = arena != NULL ? cert_find(&found, opened, arena, selection->serials[i])
                           : !ctl_fault("out of memory");
        if (ok && found.cert == NULL)
            cert_unknown(selection->serials[i]);
        if (ok && (found.cert == NULL || is_selected(selection, found.cert)))
            going = selecting->each(selecting->arg, &found);
        arena_free(arena);
    }
    return ok;
}

/* A serial begins with the time of its certificate, which is that of the row, too. */
int cert_selection_each(const struct cert_selection *selection, const struct ctl_opened *opened,
                        int (*each)(void *arg, const struct cert_found *found), void *arg)
{
    struct selecting selecting = {selection, each, arg};
    const struct cert_walk walk = {.opened = opened,
                                   .after = selection->after,
                                   .before = selection->before,
                                   .key = selection->has_key ? selection->key : NULL,
                                   .each = take,
                                   .arg = &selecting};

    return selection->has_list ? each_listed(&selecting, opened) : cert_walk(&walk);
}
