/* keeper.c: makes the connections that are missing, one after the other, and backs off while the database
 * cannot be reached. It may wait: looking a name up, a handshake, a password. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/log.h"

int postgres_first_slot(const struct postgres_store *store)
{
    return store->to_read ? POSTGRES_WRITERS : 0;
}

static void keep(char *out, size_t room, const char *value)
{
    snprintf(out, room, "%s", value != NULL ? value : "");
}

/* Which server it is to. It says by itself whether it is a standby, from PostgreSQL 14 on; a pooler may not.
 */
static void note_server(struct postgres_store *store, PGconn *conn)
{
    struct store_server *server = &store->server, before;
    const char *is_standby = PQparameterStatus(conn, "in_hot_standby");
    pthread_mutex_lock(&store->server_lock);
    before = *server;
    keep(server->host, sizeof server->host, PQhost(conn));
    keep(server->address, sizeof server->address, PQhostaddr(conn));
    keep(server->port, sizeof server->port, PQport(conn));
    keep(server->version, sizeof server->version, PQparameterStatus(conn, "server_version"));
    server->role = is_standby == NULL ? "" : strcmp(is_standby, "on") == 0 ? "standby" : "primary";
    server->since = postgres_clock_ms() / 1000;
    pthread_mutex_unlock(&store->server_lock);
    store_count_connect(STORE_CONNECT_MADE);
    if (before.since != 0 &&
        (strcmp(before.host, server->host) != 0 || strcmp(before.address, server->address) != 0 ||
         strcmp(before.port, server->port) != 0))
        store_count_connect(STORE_CONNECT_MOVED);
}

static int connect_slot(struct postgres_store *store, struct slot *slot, char *fault)
{
    slot->conn = postgres_connect(fault, store->target, store->name, &slot->round.warned);
    if (slot->conn == NULL)
        return 0;
    if (postgres_begin_session(fault, slot->conn, &slot->session, store->to_read))
        return 1;
    PQfinish(slot->conn);
    slot->conn = NULL;
    return 0;
}

int postgres_raise(struct postgres_store *store, struct slot *slot, char *fault)
{
    if (!connect_slot(store, slot, fault)) {
        store_count_fault();
        store_count_connect(STORE_CONNECT_FAILED);
        return 0;
    }
    note_server(store, slot->conn);
    if (!store->to_read && !slot->session.durable && !store->said_not_durable++)
        log_line(
            LOG_WARN, "store is not durable",
            log_text("text",
                     "synchronous_commit or fsync is off, or synchronous_commit does not wait for the "
                     "standbys that there are: what was acknowledged may be lost in a crash or a failover"));
    return 1;
}

/* Half of it is left to chance: nodes that lost the database together do not come back in step. */
static int with_jitter(int ms)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = 0;
    return ms / 2 + (int)(random % (uint32_t)(ms / 2 + 1));
}

static void wait_for_work(struct postgres_store *store, int timeout_ms)
{
    struct pollfd fd = {.fd = store->keeper_fd, .events = POLLIN};
    uint64_t ignored;
    if (poll(&fd, 1, timeout_ms) > 0 && read(store->keeper_fd, &ignored, sizeof ignored) < 0 &&
        errno != EAGAIN)
        return;
}

/* While backing off, that another connection is lost is no news. */
static void back_off(struct postgres_store *store, int ms)
{
    int64_t until = postgres_now_ms() + ms, now;
    while (!atomic_load(&store->keeper_stopping) && (now = postgres_now_ms()) < until)
        wait_for_work(store, (int)(until - now));
}

/* Which slot is down, or -1. */
static int find_down(const struct postgres_store *store)
{
    for (int i = postgres_first_slot(store); i < POSTGRES_SLOTS; i++)
        if (atomic_load_explicit(&store->slots[i].state, memory_order_acquire) == SLOT_DOWN)
            return i;
    return -1;
}

static void hand_over(struct postgres_store *store, struct slot *slot)
{
    uint64_t one = 1;
    atomic_store_explicit(&slot->state, SLOT_READY, memory_order_release);
    while (write(store->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

void *postgres_keep(void *arg)
{
    struct postgres_store *store = arg;
    char fault[STORE_FAULT_MAX], said[STORE_FAULT_MAX] = "";
    uint64_t one = 1;
    int pause = 0;
    while (!atomic_load(&store->keeper_stopping)) {
        int down = find_down(store);
        if (down < 0) {
            wait_for_work(store, -1);
            continue;
        }
        struct slot *slot = &store->slots[down];
        fault[0] = 0;
        if (postgres_raise(store, slot, fault)) {
            if (atomic_exchange(&store->unreachable, 0))
                log_line(LOG_INFO, "store is back",
                         log_word("host", PQhost(slot->conn) != NULL ? PQhost(slot->conn) : ""));
            pause = 0;
            said[0] = 0;
            hand_over(store, slot);
            continue;
        }
        /* The same fault again and again would fill the log. */
        if (strcmp(fault, said) != 0)
            log_line(LOG_ERROR, "store", log_word("doing", "connect"), log_text("reason", fault));
        memcpy(said, fault, sizeof said);
        atomic_store(&store->unreachable, 1);
        while (write(store->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
            continue;
        pause = pause == 0 ? POSTGRES_BACKOFF_MS : 2 * pause;
        if (pause > POSTGRES_BACKOFF_MAX_MS)
            pause = POSTGRES_BACKOFF_MAX_MS;
        back_off(store, with_jitter(pause));
    }
    return NULL;
}
