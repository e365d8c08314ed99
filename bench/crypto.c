/* cmpbench crypto: how fast every engine is, and the floor of each scenario. */
#include <getopt.h>
#include <stdio.h>

#include "bench/operations.h"
#include "crypto/engine_measure.h"

enum { RATE_MS = 100, MAC_ITERATIONS = 1000 };

static void print_rates(int json)
{
    const char *comma = "";

    if (!json)
        printf(
            "one core, all lanes of an engine in use; RSA with 2048 bits\n%-8s %-10s %6s %12s %9s %12s %9s\n",
            "key", "engine", "lanes", "verify/s", "us", "sign/s", "us");
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        for (int id = ENGINE_COUNT - 1; id >= 0; id--) {
            const char *key = key_algorithm((enum key_kind)kind)->name,
                       *engine = engine_name((enum engine_id)id);
            struct engine_cost cost;
            if (!engine_measure(&cost, (enum engine_id)id, (enum key_kind)kind, RATE_MS))
                continue;
            printf(json ? "%s{\"key\":\"%s\",\"engine\":\"%s\",\"lanes\":%zu,\"verify_rate\":%.0f,\"verify_"
                          "us\":%.2f,"
                          "\"sign_rate\":%.0f,\"sign_us\":%.2f}"
                        : "%s%-8s %-10s %6zu %12.0f %9.1f %12.0f %9.1f\n",
                   comma, key, engine, engine_lanes((enum engine_id)id), 1e6 / cost.verify_us, cost.verify_us,
                   1e6 / cost.sign_us, cost.sign_us);
            if (json)
                comma = ",";
        }
}

static void print_floor(enum scenario scenario, const struct floor_keys *keys, int json)
{
    struct operation list[OPERATIONS_MAX];
    size_t n = operations_of(list, scenario, keys);
    const char *name = scenario_kind(scenario)->name, *protection = protection_name(keys->protection);
    double us[OPERATIONS_MAX], sum = 0;
    char text[OPERATION_TEXT_MAX];

    for (size_t i = 0; i < n; i++)
        sum += us[i] = operation_us(&list[i], keys);
    printf(json ? "{\"scenario\":\"%s\",\"protection\":\"%s\",\"floor_us\":%.2f,\"operations\":["
                : "\n%s by %s: %.1f us\n",
           name, protection, sum);
    for (size_t i = 0; i < n; i++)
        printf(json ? "%s{\"us\":%.2f,\"operation\":\"%s\",\"of\":\"%s\"}" : "%s%9.2f us  %-36s  %s\n",
               json && i != 0 ? "," : "", us[i], operation_text(text, &list[i], keys), list[i].what);
    if (json)
        printf("]}");
}

static void print_floors(enum key_kind kind, int json)
{
    struct floor_keys keys = {kind, kind, kind, kind, kind, PROTECTION_SIGNATURE, MAC_ITERATIONS};
    int first = 1;

    for (int p = PROTECTION_SIGNATURE; p <= PROTECTION_PBMAC1; p++)
        for (int s = 0; s < SCENARIO_COUNT; s++) {
            const struct scenario_kind *row = scenario_kind((enum scenario)s);
            if (p != PROTECTION_SIGNATURE && (row->by_own || row->protocol != PROTOCOL_CMP))
                continue; /* signed anyhow */
            if (json && !first)
                printf(",");
            keys.protection = (enum protection)p;
            print_floor((enum scenario)s, &keys, json);
            first = 0;
        }
}

int crypto_command(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"key", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
    const struct key_algorithm *key = key_algorithm(KEY_P256);
    int option, json = 0;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        json |= option == 'j';
        if (option == 'k')
            key = key_algorithm_named(optarg);
        if (option == '?' || key == NULL) {
            options_print_usage(stderr);
            return 2;
        }
    }
    printf(json ? "{\"rates\":[" : "");
    print_rates(json);
    printf(json ? "],\"floors\":["
                : "\nfloors: CPU time of the server that only its cryptography takes, with the fastest "
                  "engine and full lanes;\nevery key is of type %s\n",
           key->name);
    print_floors(key->kind, json);
    printf(json ? "]}\n" : "");
    return 0;
}
