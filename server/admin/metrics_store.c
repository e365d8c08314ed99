/* The database behind the store: whether it answers, which server it is, and how connections to it stand. */
#include "server/admin/metrics.h"
#include "storage/store.h"

enum { STATES = 3 };

static const struct metric_label state = {.name = "state"}, host = {.name = "host"},
                                 address = {.name = "address"}, port = {.name = "port"},
                                 version = {.name = "version"}, role = {.name = "role"};

static struct store *store_of(const void *arg)
{
    return ((const struct metrics_turn *)arg)->of.health->store;
}

static void tell_up(const struct metric *metric, struct metrics_text *out, void *arg)
{
    metrics_text_value(out, metric, NULL, store_healthy(store_of(arg)));
}

struct metric store_up = {
    .name = "cmpd_store_up",
    .help = "1 while the store answers.",
    .type = METRIC_GAUGE,
    .gather = tell_up,
};

static void tell_connections(const struct metric *metric, struct metrics_text *out, void *arg)
{
    static const char *const states[STATES] = {"down", "idle", "busy"};
    struct store_server server;

    if (!store_server(store_of(arg), &server))
        return;
    for (size_t i = 0; i < STATES; i++)
        metrics_text_value(out, metric, &states[i],
                           (const unsigned[STATES]){server.down, server.idle, server.busy}[i]);
}

struct metric store_connections = {
    .name = "cmpd_store_connections",
    .help = "Connections to the database: down are those that are to be made, busy those with something "
            "under way.",
    .type = METRIC_GAUGE,
    .labels = {&state},
    .gather = tell_connections,
};

static void tell_server(const struct metric *metric, struct metrics_text *out, void *arg)
{
    struct store_server server;

    if (store_server(store_of(arg), &server) && server.since != 0)
        metrics_text_value(
            out, metric,
            (const char *const[]){server.host, server.address, server.port, server.version, server.role}, 1);
}

struct metric store_server_info = {
    .name = "cmpd_store_server_info",
    .help = "Always 1; the database server that the newest connection is to, and whether it says that it is "
            "primary or standby.",
    .type = METRIC_GAUGE,
    .labels = {&host, &address, &port, &version, &role},
    .gather = tell_server,
};
