/* top_view.h: what cmpctl top shows of some nodes at one moment. */
#ifndef CMPD_CTL_TOP_VIEW_H
#define CMPD_CTL_TOP_VIEW_H

#include "server/ctl/metrics_page.h"
#include "server/ctl/terminal.h"
#include "server/fetch/fetch.h"

enum { TOP_NODES_MAX = 32 };

/* struct top_node is a node that is asked. */
struct top_node {
    const char *url;
    int is_there;            /* it told its numbers now; else |why| */
    int is_new;              /* … and not a moment before: nothing has grown that is known of */
    char why[FETCH_WHY_MAX]; /* without a line feed */
};

struct top_moment {
    const struct top_node *nodes;
    const struct metrics_page *pages; /* of each node; empty for one that is not there */
    size_t count;
    double seconds; /* since the moment before */
    int64_t now;    /* Unix seconds */
};

/* top_show prints |moment| to standard output, cut to what |terminal| shows. Returns 0 if it cannot be
 * written. */
int top_show(const struct top_moment *moment, struct terminal terminal);

#endif
