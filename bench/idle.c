/* Opens connections, uses each once, and keeps them; counts at the end how many are still there. */
#include "bench/idle.h"

#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 256 }; /* a listener's backlog takes them */

static int finish_some(struct network *network, unsigned *open)
{
    struct exchange *exchange;

    network_poll(network, 100000000);
    while ((exchange = network_finished(network)) != NULL) {
        buffer_cleanup(&exchange->reply);
        if (exchange->error != BENCH_OK)
            return 0;
        ++*open;
    }
    return 1;
}

int idle_open(struct idle *idle, struct network *network, unsigned count)
{
    unsigned posted = 0, open = 0;
    int64_t give_up = network_clock_ns() + (int64_t)BENCH_TIMEOUT_SECONDS * 1000000000;

    *idle = (struct idle){.count = 0};
    idle->connections = calloc(count + 1, sizeof *idle->connections);
    idle->exchanges = calloc(count + 1, sizeof *idle->exchanges);
    if (idle->connections == NULL || idle->exchanges == NULL)
        return 0;
    while (open < count && network_clock_ns() < give_up) {
        while (posted < count && posted - open < AT_ONCE) {
            connection_init(&idle->connections[posted], network);
            idle->count = posted + 1;
            idle->exchanges[posted].path = "/healthz";
            connection_post(&idle->connections[posted], &idle->exchanges[posted]);
            posted++;
        }
        if (!finish_some(network, &open))
            break;
    }
    if (open < count)
        fprintf(stderr, "cmpbench: of %u idle connections the server took %u\n", count, open);
    return open == count;
}

unsigned idle_alive(struct idle *idle, struct network *network)
{
    unsigned alive = 0;

    network_poll(network, 0); /* what the server has closed is known now; each call hears of 256 */
    for (unsigned i = 0; i < idle->count / AT_ONCE; i++)
        network_poll(network, 0);
    for (unsigned i = 0; i < idle->count; i++)
        alive += idle->connections[i].fd >= 0;
    return alive;
}

void idle_close(struct idle *idle)
{
    for (unsigned i = 0; i < idle->count; i++)
        connection_cleanup(&idle->connections[i]);
    free(idle->connections);
    free(idle->exchanges);
}
