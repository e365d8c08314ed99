/* Says that this node serves, and looks at what the others say: a look comes before a word where another
 * process may have the name. */
#include "server/upkeep/nodes.h"

#include <stdio.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/json.h"
#include "server/base/log.h"
#include "server/version.h"

enum { ARENA = STORE_NODES_MAX * (GUESSES_ROW + 1024) };

void nodes_init(struct nodes *nodes)
{
    pthread_mutex_init(&nodes->lock, NULL);
    snprintf(nodes->text, sizeof nodes->text, "[]");
}

void nodes_cleanup(struct nodes *nodes)
{
    pthread_mutex_destroy(&nodes->lock);
}

static void say(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now)
{
    uint8_t guesses[GUESSES_ROW];
    const struct store_node node = {.name = bytes_str(policy_config(policy)->node),
                                    .version = bytes_str(CMPD_VERSION),
                                    .config = bytes_str(policy_hash(policy)),
                                    .guesses = nodes->guesses != NULL
                                                   ? guesses_say(nodes->guesses, guesses, ledger_now())
                                                   : bytes_of(NULL, 0),
                                    .seen_at = now};
    struct store_unit unit = {.alive_at = now, .alive_gap = BOUND_ALIVE_GAP};

    store_unit_write(&unit, STORE_PUT, STORE_NODES, &node);
    nodes->alive = store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
    nodes->said_at = now;
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
        fprintf(out, "\"%s\":%.*s,", keys[i], (int)json_quote(text, value), text);
    }
    fprintf(out, "\"seen_seconds\":%lld}", (long long)(now > node->seen_at ? now - node->seen_at : 0));
}

static void write_text(char text[NODES_TEXT_MAX], const struct store_fetch *fetch, int64_t now)
{
    /* Room for the last octet: a text that would be cut is none. */
    FILE *out = fmemopen(text, NODES_TEXT_MAX, "w");
    const struct store_node *list = fetch->rows;
    size_t count = fetch->outcome == STORE_FOUND ? fetch->count : 0;
    long end = 0;

    if (out != NULL) {
        fputc('[', out);
        for (size_t i = 0; i < count; i++)
            put_node(out, &list[i], now, i == 0);
        fputc(']', out);
        end = ftell(out);
        fclose(out);
    }
    if (end <= 0 || end >= NODES_TEXT_MAX)
        snprintf(text, NODES_TEXT_MAX, "[]");
}

static int is_own(const struct store_node *node, const struct policy *policy)
{
    return bytes_equal(node->name, bytes_str(policy_config(policy)->node));
}

/* What this node said of itself before it got this configuration is nobody else's. */
static int configurations_differ(const struct store_fetch *fetch, const struct policy *policy)
{
    const struct store_node *list = fetch->rows;

    if (fetch->outcome != STORE_FOUND)
        return 0;
    for (size_t i = 0; i < fetch->count; i++)
        if (!is_own(&list[i], policy) && !bytes_equal(list[i].config, bytes_str(policy_hash(policy))))
            return 1;
    return 0;
}

/* Whether somebody has written this node's row after it did. */
static int has_double(const struct nodes *nodes, const struct store_fetch *fetch, const struct policy *policy)
{
    const struct store_node *list = fetch->rows;

    if (fetch->outcome != STORE_FOUND)
        return 0;
    for (size_t i = 0; i < fetch->count; i++)
        if (is_own(&list[i], policy) && list[i].seen_at > nodes->said_at)
            return 1;
    return 0;
}

/* A former process of this node may still be draining: it is another one's only when it goes on for longer.
 */
static void watch_double(struct nodes *nodes, const struct store_fetch *fetch, const struct policy *policy,
                         int64_t now)
{
    const struct config *config = policy_config(policy);
    int64_t drain = (int64_t)config->limits.drain_seconds + config->limits.stop_seconds;

    if (!has_double(nodes, fetch, policy)) {
        if (now - nodes->double_at > BOUND_ALIVE_GAP) {
            nodes->double_since = 0;
            nodes->double_told = 0;
        }
        return;
    }
    nodes->double_at = now;
    if (nodes->double_since == 0)
        nodes->double_since = now;
    if (now - nodes->double_since <= drain || nodes->double_told)
        return;
    nodes->double_told = 1;
    log_line(LOG_ERROR, "two nodes of one name", log_word("node", config->node),
             log_text("text", "another process says that it is this node: give each node a name of its own "
                              "(node in cmpd.yaml), or end the one that is too many"));
}

/* What |node| said last, to be written over; of one that has said nothing for long, and has let go of what it
 * counted then: nothing. */
static struct nodes_heard *heard_of(struct nodes *nodes, const struct store_node *node, int64_t now)
{
    struct nodes_heard *place = &nodes->heard[0];

    for (size_t i = 0; i < STORE_NODES_MAX; i++) {
        struct nodes_heard *heard = &nodes->heard[i];
        if (heard->at != 0 && now - heard->at <= BOUND_GUESSES_HALVING &&
            bytes_equal(bytes_of(heard->name, heard->name_len), node->name))
            return heard;
        if (heard->at < place->at)
            place = heard;
    }
    place->name_len = node->name.len;
    memcpy(place->name, node->name.data, node->name.len);
    place->guesses_len = 0;
    return place;
}

static size_t hear_of(struct nodes *nodes, const struct store_node *node, int64_t now)
{
    struct nodes_heard *heard;
    size_t reached;

    if (node->name.len == 0 || node->name.len > STORE_NAME_MAX || node->guesses.len > GUESSES_ROW)
        return 0; /* none of ours */
    heard = heard_of(nodes, node, now);
    reached = guesses_hear(nodes->guesses, bytes_of(heard->guesses, heard->guesses_len), node->guesses,
                           ledger_now());
    heard->guesses_len = node->guesses.len;
    if (node->guesses.len != 0)
        memcpy(heard->guesses, node->guesses.data, node->guesses.len);
    heard->at = now;
    return reached;
}

/* Adds what others counted of wrong MACs since to what this node did. */
static void hear(struct nodes *nodes, const struct store_fetch *fetch, const struct policy *policy,
                 int64_t now)
{
    const struct store_node *list = fetch->rows;
    size_t reached = 0;

    for (size_t i = 0; nodes->guesses != NULL && fetch->outcome == STORE_FOUND && i < fetch->count; i++)
        if (!is_own(&list[i], policy))
            reached += hear_of(nodes, &list[i], now);
    if (reached != 0)
        log_line(LOG_ERROR, "secrets are being guessed", log_text("who", "somebody, at several nodes"),
                 log_number("places", (int64_t)reached),
                 log_text("text",
                          "refused from now on here, too, without a look at the secret; the lines of the "
                          "refusals name reference and peer"));
}

static void log_difference(const struct policy *policy, int differ)
{
    if (differ)
        log_line(LOG_ERROR, "configurations differ", log_word("config", policy_hash(policy)),
                 log_text("text",
                          "nodes serve with different configurations, which /readyz lists: give all "
                          "of them the same files and the same cmpd.yaml, but for what is a node's own "
                          "(node, store, listeners, limits …), and reload them"));
    else
        log_line(LOG_INFO, "configurations are alike", log_word("config", policy_hash(policy)));
}

/* Takes a new copy. Logs when nodes begin to differ, and when they no longer do. */
static void look(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now)
{
    static _Thread_local char text[NODES_TEXT_MAX];
    unsigned notices = store_notices(store);
    struct store_fetch fetch = {.kind = STORE_NODES, .index = STORE_SEEN, .before = now - BOUND_ALIVE_GAP};
    int differ, differed;

    fetch.arena = arena_new(ARENA);
    if (fetch.arena == NULL || !store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        arena_free(fetch.arena);
        return; /* the copy stays as it is; that the store does not answer is told elsewhere */
    }
    write_text(text, &fetch, now);
    differ = configurations_differ(&fetch, policy);
    watch_double(nodes, &fetch, policy, now);
    hear(nodes, &fetch, policy, now);
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

static int is_due(int64_t last, int64_t now)
{
    return now - last >= BOUND_ALIVE_EVERY || now < last;
}

int nodes_run(struct nodes *nodes, const struct policy *policy, struct store *store, int64_t now)
{
    /* What is new is said at once, and others compared with that. */
    int is_new = strcmp(nodes->config, policy_hash(policy)) != 0, must_say;

    if (is_new) {
        snprintf(nodes->config, sizeof nodes->config, "%s", policy_hash(policy));
        say(nodes, policy, store, now);
    }
    must_say = !nodes->alive || is_due(nodes->said_at, now);
    /* Before this node writes over what another of its name has written. */
    if (is_new || must_say || store_notices(store) != nodes->notices || is_due(nodes->looked_at, now))
        look(nodes, policy, store, now);
    if (must_say)
        say(nodes, policy, store, now);
    return nodes->alive;
}

void nodes_text(struct nodes *nodes, char out[NODES_TEXT_MAX], int *differ)
{
    pthread_mutex_lock(&nodes->lock);
    memcpy(out, nodes->text, sizeof nodes->text);
    *differ = nodes->differ;
    pthread_mutex_unlock(&nodes->lock);
}

static void begin_job(void *state)
{
    nodes_init(state);
}

static int run_job(void *state, const struct upkeep_turn *turn)
{
    struct nodes *nodes = state;

    nodes->guesses = turn->guesses;
    return nodes_run(nodes, turn->policy, turn->store, turn->now_ms / 1000);
}

static void end_job(void *state, const struct upkeep_turn *turn)
{
    (void)turn;
    nodes_cleanup(state);
}

const struct upkeep_job nodes_job = {
    .name = "nodes",
    .every = 1,
    .is_service = 1,
    .size = sizeof(struct nodes),
    .begin = begin_job,
    .run = run_job,
    .end = end_job,
};
