/* engines: what computes signatures on this machine, and how fast. */
#include "crypto/algorithm_names.h"
#include "crypto/engine_measure.h"
#include "crypto/not_carried.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

enum { MEASURE_MS = 150 };

static void print_route(enum key_kind kind)
{
    const struct engine_route *route = engine_route_of(kind);

    printf("%-8s %s", key_algorithm(kind)->name, engine_name(route->narrow));
    if (route->wide != route->narrow)
        printf("; %s, %zu at once, from %zu verifications or %zu signatures on", engine_name(route->wide),
               engine_lanes(route->wide), route->verify_from, route->sign_from);
    printf("\n");
}

static void print_measured(enum key_kind kind)
{
    for (int id = ENGINE_COUNT - 1; id >= 0; id--) {
        struct engine_cost cost;
        if (engine_measure(&cost, (enum engine_id)id, kind, MEASURE_MS))
            printf("%-8s %-10s %10.0f %10.1f %10.0f %10.1f\n", key_algorithm(kind)->name,
                   engine_name((enum engine_id)id), 1e6 / cost.verify_us, cost.verify_us, 1e6 / cost.sign_us,
                   cost.sign_us);
    }
}

/* What a policy may name, and what it cannot: RFCs have it, and no library here. */
static void print_algorithms(void)
{
    const uint64_t choice = algorithms_by_choice();
    const struct not_carried *row;
    char names[ALGORITHM_LIST_MAX];

    printf("signatures: %s\n",
           algorithms_list(names, algorithms_for(ALGORITHM_SIGNS), ", ", ALGORITHM_NAMES_MAX));
    printf("MACs: %s\n",
           algorithms_list(names, algorithms_for(ALGORITHM_MACS) & ~choice, ", ", ALGORITHM_NAMES_MAX));
    printf("by choice: %s\n", algorithms_list(names, choice, ", ", ALGORITHM_NAMES_MAX));
    printf("in no library here:");
    for (size_t i = 0; (row = not_carried(i)) != NULL; i++)
        if (row->is_gap)
            printf(" %s", row->name);
    printf("\n");
}

static void print_digests(void)
{
    printf("\n%-8s %10s\n", "digest", "ns");
    for (int id = DIGEST_NONE + 1; id < DIGEST_COUNT; id++) {
        const struct digest_algorithm *digest = digest_algorithm((enum digest_id)id);
        printf("%-8s %10.0f\n", digest->name, digest_measure_ns(digest->id, digest->len, MEASURE_MS));
    }
}

/* Starts the engines of the configuration |path|, or all if that is NULL. */
static int start(const char *path)
{
    struct config_fault fault;
    struct config *config = NULL;
    char text[ENGINE_FAULT_MAX];
    int ok;

    if (path != NULL && (config = config_load(&fault, path)) == NULL)
        return !ctl_fault("%s", fault.text);
    ok = engines_start(text, config != NULL ? config->engines.items : NULL,
                       config != NULL ? config->engines.count : 0);
    if (!ok && config != NULL)
        config_fault_at(&fault, config, "engines", "%s", text);
    if (!ok)
        ctl_fault("%s", config != NULL ? fault.text : text);
    config_free(config);
    return ok;
}

static int run(const struct ctl_call *call)
{
    if (!start(ctl_value(call, "config")))
        return CTL_FAULT;
    for (int id = ENGINE_COUNT - 1; id >= 0; id--) {
        const char *why = engine_unusable_why((enum engine_id)id);
        printf("%-10s %s\n", engine_name((enum engine_id)id), why != NULL ? why : "usable");
    }
    printf("\n");
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        print_route((enum key_kind)kind);
    printf("\n");
    print_algorithms();
    if (ctl_value(call, "measure") == NULL)
        return CTL_OK;
    printf("\nof one core, all lanes in use; RSA with 2048 bits\n");
    printf("%-8s %-10s %10s %10s %10s %10s\n", "key", "engine", "verify/s", "us", "sign/s", "us");
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        print_measured((enum key_kind)kind);
    print_digests();
    return CTL_OK;
}

static const struct ctl_option options[] = {
    {"config", "FILE", 0, "the configuration whose engines to use; default: all, the fastest first"},
    {"measure", NULL, 0, "measure how fast they are, too"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_engines = {
    .name = "engines",
    .options = options,
    .says = "show what computes signatures on this machine",
    .run = run,
};
