/* top: what nodes do at this moment, read from their /metrics again and again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/ctl/admin_url.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/ctl/open.h"
#include "server/ctl/steps.h"
#include "server/ctl/top_view.h"

enum {
    PAGE_MOST = 4 * 1024 * 1024, /* octets; a page of a node has 5,000 lines at most */
    ANSWER_SECONDS = 2,
    EVERY = 2, /* seconds; a node makes a page once a second at most */
    EVERY_MAX = 3600,
    COUNT_MAX = 1000000,
    SLICE_US = 50000,
    SECOND_MS = 1000,
};

struct top {
    char urls[TOP_NODES_MAX][ADMIN_URL_MAX];
    struct top_node nodes[TOP_NODES_MAX];
    struct metrics_page pages[TOP_NODES_MAX];
    size_t count;
    long every, times;
    int64_t at_ms; /* when they were asked; clock_steady_ms */
};

/* ---- whom to ask ---- */

/* "node-1:8830", "http://node-1:8830", or the URL of a page itself. */
static int add_url(struct top *top, const char *given)
{
    const char *scheme = strstr(given, "://") != NULL ? "" : "http://";
    const char *host = strstr(given, "://") != NULL ? strstr(given, "://") + 3 : given;
    const char *path = strchr(host, '/');
    char *url = top->urls[top->count];

    if (top->count == TOP_NODES_MAX)
        return !ctl_fault("top shows %d nodes at most", TOP_NODES_MAX);
    if (snprintf(url, ADMIN_URL_MAX, "%s%s%s", scheme, given,
                 path == NULL   ? "/metrics"
                 : path[1] == 0 ? "metrics"
                                : "") >= ADMIN_URL_MAX)
        return !ctl_fault("a URL has %d octets at most: %s", ADMIN_URL_MAX - 1, given);
    top->nodes[top->count].url = given;
    top->count++;
    return 1;
}

/* That of the configuration. */
static int add_own(struct top *top, const struct ctl_call *call)
{
    struct ctl_opened opened;
    int found, status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    found = admin_url(top->urls[0], opened.config, "/metrics");
    ctl_close(&opened);
    if (!found)
        return ctl_fault("no listener of the configuration serves admin: name the node, as in cmpctl top "
                         "node-1:8830");
    top->nodes[0].url = top->urls[0];
    top->count = 1;
    return CTL_OK;
}

static int read_number(long *out, const struct ctl_call *call, const char *option, long otherwise, long most)
{
    const char *text = ctl_value(call, option);
    char *end;

    *out = text != NULL ? strtol(text, &end, 10) : otherwise;
    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != 0 || *out < 1 || *out > most))
        return !ctl_fault("--%s wants a number, 1 to %ld, not '%s'", option, most, text);
    return 1;
}

static int read_call(struct top *top, const struct ctl_call *call)
{
    /* On a terminal until somebody ends it; else once, for whoever reads it in a script. */
    if (!read_number(&top->every, call, "every", EVERY, EVERY_MAX) ||
        !read_number(&top->times, call, "count", terminal_size().height != 0 ? COUNT_MAX : 1, COUNT_MAX))
        return CTL_USAGE;
    for (size_t i = 0; i < call->argument_count; i++)
        if (!add_url(top, call->arguments[i]))
            return CTL_USAGE;
    return call->argument_count > 0 ? CTL_OK : add_own(top, call);
}

/* ---- asking ---- */

static void ask_node(struct top_node *node, struct metrics_page *page, const char *url)
{
    struct fetch fetch = {.url = url, .most = PAGE_MOST, .seconds = ANSWER_SECONDS, .is_near = 1};
    struct metrics_page former = *page;
    int was_there = node->is_there;
    uint8_t *text;
    size_t len;

    *page = (struct metrics_page){.text = NULL};
    node->is_there = fetch_document(&text, &len, &fetch, node->why) && metrics_page_read(page, text, len);
    if (node->is_there && metrics_sum(page, 1, METRICS_VALUE, "cmpd_build_info", NULL, NULL) == 0) {
        node->is_there = 0;
        snprintf(node->why, sizeof node->why, "what answers there is no node of this program");
    }
    if (!node->is_there)
        metrics_page_cleanup(page);
    node->is_new = !was_there;
    /* What a node counted before it was asked has not come in this moment. */
    metrics_page_since(page, was_there ? &former : page);
    metrics_page_cleanup(&former);
}

static void ask(struct top *top)
{
    for (size_t i = 0; i < top->count; i++)
        ask_node(&top->nodes[i], &top->pages[i], top->urls[i]);
}

static void wait_for(const struct top *top)
{
    while (!ctl_stopped() && clock_steady_ms() - top->at_ms < top->every * SECOND_MS)
        usleep(SLICE_US);
}

/* Asks, and sets |moment| to what came since it was asked before. */
static void look(struct top_moment *moment, struct top *top)
{
    int64_t before = top->at_ms;

    top->at_ms = clock_steady_ms();
    ask(top);
    *moment = (struct top_moment){.nodes = top->nodes,
                                  .pages = top->pages,
                                  .count = top->count,
                                  .seconds = (double)(top->at_ms - before) / SECOND_MS,
                                  .now = time(NULL)};
}

static int is_anybody_there(const struct top *top)
{
    for (size_t i = 0; i < top->count; i++)
        if (top->nodes[i].is_there)
            return 1;
    return 0;
}

static int run_top(struct top *top)
{
    struct ctl_steps steps;
    struct top_moment moment;

    ctl_steps_begin(&steps, 0, 1); /* SIGINT ends the loop */
    look(&moment, top);
    for (long i = 0; i < top->times; i++) {
        wait_for(top);
        if (ctl_stopped())
            break;
        look(&moment, top);
        if (!top_show(&moment, terminal_size()))
            return ctl_fault("cannot write");
    }
    if (is_anybody_there(top))
        return CTL_OK;
    return ctl_fault("no node answers: %s: %s", top->nodes[0].url, top->nodes[0].why);
}

static int run(const struct ctl_call *call)
{
    struct top *top = calloc(1, sizeof *top);
    int status;

    if (top == NULL)
        return ctl_fault("out of memory");
    status = read_call(top, call);
    if (status == CTL_OK)
        status = run_top(top);
    for (size_t i = 0; i < top->count; i++)
        metrics_page_cleanup(&top->pages[i]);
    free(top);
    return status;
}

static const struct ctl_option options[] = {
    {"config", "FILE", CTL_ONCE, "whose node is asked, where no NODE is named; else as in other commands"},
    {"every", "SECONDS", CTL_ONCE, "between two looks (2)"},
    {"count", "N", CTL_ONCE, "looks, then it ends; else it goes on on a terminal, and looks once elsewhere"},
    {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_top = {
    .name = "top",
    .arguments = "[NODE...]",
    .least = 0,
    .most = TOP_NODES_MAX,
    .options = options,
    .says = "show what nodes do at this moment",
    .more =
        "NODE is HOST:PORT of a listener that serves admin, or its URL; without one, the node of the "
        "configuration is asked. Shown are, for all of them together but for the first table: messages a "
        "second by body, how long they took, what each stage took and how large its batches were, refusals "
        "by reason, what the store does, and what ends next. The numbers are those of /metrics. Ctrl-C ends "
        "it.",
    .statuses = "Exit status: 0 if a node answered at the last look, 1 if none did, 2 for a wrong call.",
    .run = run,
};
