/* groups.h: counts of what has a key in common, for the commands that count. */
#ifndef CMPD_CTL_GROUPS_H
#define CMPD_CTL_GROUPS_H

#include "server/base/bytes.h"

/* struct ctl_groups is counts by key; all zero at first. */
struct ctl_groups {
    void *root; /* of a tree of struct group (groups.c) */
    int failed; /* 1: out of memory */
};

/* ctl_groups_count counts one of |key|. Returns 1, or 0 without memory. */
int ctl_groups_count(struct ctl_groups *groups, struct bytes key);

/* ctl_groups_print prints a line for each key, in their order; |by| is not NULL: as a JSON object in which
 * the key's member is named so. */
void ctl_groups_print(const struct ctl_groups *groups, const char *by);

/* ctl_groups_free frees what the counts need. */
void ctl_groups_free(struct ctl_groups *groups);

#endif
