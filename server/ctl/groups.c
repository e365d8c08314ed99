/* groups.c: see groups.h. */
#include "server/ctl/groups.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>

#include "server/ctl/cert.h"

struct group {
    uint64_t count;
    struct bytes key; /* behind the structure, once it is in the tree */
};

static int by_key(const void *a, const void *b)
{
    struct bytes left = ((const struct group *)a)->key, right = ((const struct group *)b)->key;
    size_t len = left.len < right.len ? left.len : right.len;
    int order = len != 0 ? memcmp(left.data, right.data, len) : 0;

    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

static struct group *group_new(struct bytes key)
{
    struct group *group = malloc(sizeof *group + key.len);

    if (group == NULL)
        return NULL;
    *group = (struct group){.key = bytes_of(group + 1, key.len)};
    if (key.len != 0)
        memcpy(group + 1, key.data, key.len);
    return group;
}

int ctl_groups_count(struct ctl_groups *groups, struct bytes key)
{
    const struct group wanted = {.key = key};
    struct group **found = tfind(&wanted, &groups->root, by_key), *group;

    if (found == NULL) {
        if ((group = group_new(key)) == NULL || (found = tsearch(group, &groups->root, by_key)) == NULL) {
            free(group);
            groups->failed = 1;
            return 0;
        }
    }
    (*found)->count++;
    return 1;
}

static void print_json(const char *by, const struct group *group)
{
    json_t *row = json_object();

    ctl_json_set(row, by, ctl_json_text(group->key));
    ctl_json_set(row, "count", json_integer((json_int_t)group->count));
    ctl_json_print(row);
}

static void print_line(const struct group *group)
{
    printf("%10" PRIu64 " ", group->count);
    cert_put_text(group->key, 0);
    putchar('\n');
}

static void print_node(const void *node, VISIT visit, void *by)
{
    const struct group *const *group = node;

    if (visit != postorder && visit != leaf)
        return;
    if (by != NULL)
        print_json(by, *group);
    else
        print_line(*group);
}

void ctl_groups_print(const struct ctl_groups *groups, const char *by)
{
    twalk_r(groups->root, print_node, (void *)(uintptr_t)by);
}

void ctl_groups_free(struct ctl_groups *groups)
{
    tdestroy(groups->root, free);
}
