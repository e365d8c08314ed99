/* What computes signatures on this machine, and how fast. */
#include <string.h>

#include "crypto/engine_measure.h"
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

int ctl_engines(int argc, char **argv)
{
    struct config_fault fault;
    struct config *config = NULL;
    char text[ENGINE_FAULT_MAX];
    int measure = 0, ok;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--measure") == 0)
            measure = 1;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc && config == NULL) {
            if ((config = config_load(&fault, argv[++i])) == NULL)
                return ctl_fault("%s", fault.text);
        } else {
            config_free(config);
            return ctl_usage("engines [--config FILE] [--measure]");
        }
    }
    ok = engines_start(text, config != NULL ? config->engines.items : NULL,
                       config != NULL ? config->engines.count : 0);
    if (!ok && config != NULL)
        config_fault_at(&fault, config, "engines", "%s", text);
    config_free(config);
    if (!ok)
        return ctl_fault("%s", config != NULL ? fault.text : text);
    for (int id = ENGINE_COUNT - 1; id >= 0; id--) {
        const char *why = engine_unusable_why((enum engine_id)id);
        printf("%-10s %s\n", engine_name((enum engine_id)id), why != NULL ? why : "usable");
    }
    printf("\n");
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        print_route((enum key_kind)kind);
    if (measure) {
        printf("\nof one core, all lanes in use; RSA with 2048 bits\n");
        printf("%-8s %-10s %10s %10s %10s %10s\n", "key", "engine", "verify/s", "us", "sign/s", "us");
        for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
            print_measured((enum key_kind)kind);
    }
    return CTL_OK;
}
