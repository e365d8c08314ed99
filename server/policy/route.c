/* URL paths (RFC 9811 3.4, RFC 9483 6.1). */
#include <stdio.h>

#include "server/policy/internal.h"

static int starts_with(struct bytes *path, const char *prefix)
{
    size_t len = strlen(prefix);

    if (path->len < len || memcmp(path->data, prefix, len) != 0)
        return 0;
    *path = bytes_of(path->data + len, path->len - len);
    return 1;
}

/* Cuts the first segment off |path|, and the slash after it. */
static struct bytes take_segment(struct bytes *path)
{
    const uint8_t *slash = path->len != 0 ? memchr(path->data, '/', path->len) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - path->data) : path->len;
    struct bytes segment = bytes_of(path->data, len);
    size_t skip = slash != NULL ? len + 1 : len;

    *path = bytes_of(path->data + skip, path->len - skip);
    return segment;
}

/* A path of the configuration is in normal form, but for a slash at its end. */
static struct bytes normal(const char *path)
{
    size_t len = strlen(path);

    return bytes_of(path, len > 1 && path[len - 1] == '/' ? len - 1 : len);
}

static int find_legacy(const struct policy *policy, struct cmp_route *out, struct bytes path)
{
    for (size_t i = 0; i < policy->config->profile_count; i++) {
        const struct config_profile *config = policy->profiles[i].cmp.config;
        for (size_t p = 0; p < config->paths.count; p++)
            if (bytes_equal(path, normal(config->paths.items[p]))) {
                out->profile = &policy->profiles[i].cmp;
                return 1;
            }
    }
    return 0;
}

int policy_route(const struct policy *policy, struct cmp_route *out, struct bytes path)
{
    struct bytes rest = path, segment;

    *out = (struct cmp_route){.profile = NULL, .body = -1};
    if (find_legacy(policy, out, path))
        return 1;
    if (!starts_with(&rest, "/.well-known/cmp") || (rest.len != 0 && rest.data[0] != '/'))
        return 0;
    if (rest.len != 0)
        rest = bytes_of(rest.data + 1, rest.len - 1);
    if (rest.len == 0)
        return 1;
    segment = take_segment(&rest);
    if (bytes_equal(segment, bytes_str("p"))) {
        segment = take_segment(&rest);
        for (size_t i = 0; i < policy->settings.profile_count; i++)
            if (bytes_equal(segment, bytes_str(policy->settings.profiles[i]->config->name)))
                out->profile = policy->settings.profiles[i];
        if (out->profile == NULL)
            return 0;
        if (rest.len == 0)
            return 1;
        segment = take_segment(&rest);
    }
    return pki_labelled(&out->body, &out->info, segment) && rest.len == 0;
}

/* Returns 0 if it finds no room. */
static int add_path(char *text, size_t *len, const char *begin, const char *rest)
{
    static const char more[] = ", …";
    size_t room = BOUND_PATHS_TEXT - sizeof more - *len;
    int added = snprintf(text + *len, room, "%s%s%s", *len != 0 ? ", " : "", begin, rest);

    if (added >= 0 && (size_t)added < room) {
        *len += (size_t)added;
        return 1;
    }
    memcpy(text + *len, more, sizeof more);
    return 0;
}

const char *policy_paths(const struct policy *policy, struct arena *arena)
{
    char *text = arena_alloc(arena, BOUND_PATHS_TEXT);
    size_t len = 0;
    int fits = text != NULL && add_path(text, &len, "/.well-known/cmp", "");

    for (size_t i = 0; fits && i < policy->config->profile_count; i++) {
        const struct config_profile *config = &policy->config->profiles[i];
        fits = add_path(text, &len, "/.well-known/cmp/p/", config->name);
        for (size_t p = 0; fits && p < config->paths.count; p++)
            fits = add_path(text, &len, config->paths.items[p], "");
    }
    return text;
}
