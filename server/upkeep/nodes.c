#include "server/upkeep/nodes.h"

#include <stdio.h>

#include "server/base/bounds.h"
#include "server/base/json.h"
#include "server/base/log.h"
#include "server/version.h"

enum { ARENA = 64 * 1024 };

void nodes_init(struct nodes *nodes)
{
    pthread_mutex_init(&nodes->lock, NULL);
    snprintf(nodes->text, sizeof nodes->text, "[]");
}

void nodes_cleanup(struct nodes *nodes)
{
    pthread_mutex_destroy(&nodes->lock);
}

int nodes_say(const struct policy *policy, struct store *store, int64_t now)
{
    const struct store_node node = {.name = bytes_str(policy_config(policy)->node),
                                    .version = bytes_str(CMPD_VERSION),
                                    .config = bytes_str(policy_hash(policy))};
    struct store_unit unit = {.alive_at = now, .alive_gap = BOUND_ALIVE_GAP, .node = &node};

    return store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
}

/* Writes |node| in JSON; nothing if there is no room. */
static void put_node(FILE *out, const struct store_node *node, int64_t now, int is_first)
{
    const struct bytes values[] = {node->name, node->version, node->config};
    static const char *const keys[] = {"node", "version", "configuration"};
    char text[6 * STORE_NAME_MAX + 2];

    fprintf(out, "%s{", is_first ? "" : ",");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct bytes value = values[i];
        if (value.len > STORE_NAME_MAX) /* none of ours */
            value.len = STORE_NAME_MAX;
        fprintf(out, "\"%s\":%.*s,", keys[i], (int)json_string(text, value), text);
    }
    fprintf(out, "\"seen_seconds\":%lld}", (long long)(now > node->seen_at ? now - node->seen_at : 0));
}

static void write_text(char text[NODES_TEXT_MAX], const struct store_fetch *fetch, int64_t now)
{
    /* Room for the last octet: a text that would be cut is none. */
    FILE *out = fmemopen(text, NODES_TEXT_MAX, "w");
    size_t count = fetch->outcome == STORE_FOUND ? fetch->row.nodes.count : 0;
    long end = 0;

    if (out != NULL) {
        fputc('[', out);
        for (size_t i = 0; i < count; i++)
            put_node(out, &fetch->row.nodes.list[i], now, i == 0);
        fputc(']', out);
        end = ftell(out);
        fclose(out);
    }
    if (end <= 0 || end >= NODES_TEXT_MAX)
        snprintf(text, NODES_TEXT_MAX, "[]");
}

static int configurations_differ(const struct store_fetch *fetch, const char *ours)
{
    if (fetch->outcome != STORE_FOUND)
        return 0;
    for (size_t i = 0; i < fetch->row.nodes.count; i++)
        if (!bytes_equal(fetch->row.nodes.list[i].config, bytes_str(ours)))
            return 1;
    return 0;
}

static void log_difference(const struct policy *policy, int differ)
{
    if (differ)
        log_event(
            LOG_ERROR, "configurations differ",
            "config=%s text=\"nodes serve with different configurations, which /readyz lists: give all of "
            "them the same cmpd.yaml and files, and reload them\"",
            policy_hash(policy));
    else
        log_event(LOG_INFO, "configurations are alike", "config=%s", policy_hash(policy));
}

void nodes_look(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now)
{
    static _Thread_local char text[NODES_TEXT_MAX];
    unsigned notices = store_notices(store);
    struct store_fetch fetch = {.kind = STORE_FETCH_NODES, .before = now - BOUND_ALIVE_GAP};
    int differ, differed;

    if (notices == nodes->notices && now - nodes->looked_at < BOUND_ALIVE_EVERY && now >= nodes->looked_at)
        return;
    fetch.arena = arena_new(ARENA);
    if (fetch.arena == NULL || !store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        arena_free(fetch.arena);
        return; /* the copy stays as it is; that the store does not answer is told elsewhere */
    }
    write_text(text, &fetch, now);
    differ = configurations_differ(&fetch, policy_hash(policy));
    arena_free(fetch.arena);
    pthread_mutex_lock(&nodes->lock);
    differed = nodes->differ;
    nodes->differ = differ;
    memcpy(nodes->text, text, sizeof nodes->text);
    pthread_mutex_unlock(&nodes->lock);
    nodes->notices = notices;
    nodes->looked_at = now;
    if (differ != differed)
        log_difference(policy, differ);
}

void nodes_text(struct nodes *nodes, char out[NODES_TEXT_MAX], int *differ)
{
    pthread_mutex_lock(&nodes->lock);
    memcpy(out, nodes->text, sizeof nodes->text);
    *differ = nodes->differ;
    pthread_mutex_unlock(&nodes->lock);
}
