/* secret list, secret withdraw: which shared secrets there are, never what they are. */
#include <string.h>
#include <time.h>

#include "server/ctl/cert.h"
#include "server/ctl/secret.h"

/* ---- list ---- */

struct filter {
    const char *state, *reference; /* NULL: any; the beginning of it */
    int json;
    int64_t now;
};

static void print_json(const struct filter *filter, const char *ca, const struct store_secret *secret)
{
    char hex[CERT_HEX_MAX], at[CTL_TIME_MAX];
    json_t *row = json_object();

    ctl_json_set(row, "reference", ctl_json_text(secret->reference));
    ctl_json_set(row, "state", json_string(secret_state(secret, filter->now)));
    ctl_json_set(row, "ca", json_string(ca));
    ctl_json_set(row, "profile", ctl_json_text(secret->profile));
    ctl_json_set(row, "expires", json_string(secret->expires != 0 ? ctl_time(at, secret->expires) : ""));
    ctl_json_set(row, "transaction", json_string(log_hex(hex, sizeof hex, secret->bound_to)));
    ctl_json_print(row);
}

static void print_line(const struct filter *filter, const char *ca, const struct store_secret *secret)
{
    char hex[CERT_HEX_MAX], at[CTL_TIME_MAX];

    (void)ca;
    printf("%-9s  %-20s  ", secret_state(secret, filter->now),
           secret->expires != 0 ? ctl_time(at, secret->expires) : "never");
    cert_put_text(secret->reference, 0);
    if (secret->profile.len != 0)
        printf("  profile ");
    cert_put_text(secret->profile, 0);
    if (secret->bound_to.len != 0)
        printf("  by transaction %s", log_hex(hex, sizeof hex, secret->bound_to));
    putchar('\n');
}

static int is_wanted(const struct filter *filter, const struct store_secret *secret)
{
    size_t len = filter->reference != NULL ? strlen(filter->reference) : 0;

    return (filter->state == NULL || strcmp(filter->state, secret_state(secret, filter->now)) == 0) &&
           secret->reference.len >= len &&
           (len == 0 || memcmp(secret->reference.data, filter->reference, len) == 0);
}

/* struct place is where a way through the secrets of a CA stands: after which reference. */
struct place {
    const char *ca;
    uint8_t issuer[STORE_ISSUER_ID];
    uint8_t after[BOUND_SENDER_KID];
    size_t len;
};

/* Prints a page. Returns how many it had, -1 with a fault printed. */
static int print_page(const struct filter *filter, struct store *store, struct place *place,
                      struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_SECRETS,
                                .index = STORE_ALL_SECRETS,
                                .issuer = bytes_of(place->issuer, STORE_ISSUER_ID),
                                .key = bytes_of(place->after, place->len),
                                .arena = arena};
    const struct store_secret *rows;

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE) {
        ctl_fault("the store does not answer");
        return -1;
    }
    if (fetch.outcome != STORE_FOUND)
        return 0;
    rows = fetch.rows;
    for (size_t i = 0; i < fetch.count; i++)
        if (is_wanted(filter, &rows[i]))
            (filter->json ? print_json : print_line)(filter, place->ca, &rows[i]);
    place->len = rows[fetch.count - 1].reference.len;
    memcpy(place->after, rows[fetch.count - 1].reference.data, place->len);
    return (int)fetch.count;
}

/* Whoever looks needs none of the CA's keys. */
static int print_all(const struct filter *filter, struct store *store, const struct config_ca *ca)
{
    struct place place = {.ca = ca->name};
    int count = STORE_OLD_MAX;

    if (!cert_issuer(place.issuer, ca->certificate))
        return 0;
    while (count == STORE_OLD_MAX) {
        struct arena *arena = arena_new(SECRET_ARENA);
        count = arena != NULL ? print_page(filter, store, &place, arena) : -1;
        arena_free(arena);
    }
    return count >= 0;
}

static int is_state(const char *name)
{
    static const char *const states[] = {"unused", "reusable", "used", "expired", "withdrawn"};

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strcmp(name, states[i]) == 0)
            return 1;
    return 0;
}

static int run_list(const struct ctl_call *call)
{
    struct filter filter = {.state = ctl_value(call, "state"),
                            .reference = ctl_value(call, "reference"),
                            .json = ctl_value(call, "json") != NULL,
                            .now = time(NULL)};
    struct ctl_opened opened;
    int status;

    if (filter.state != NULL && !is_state(filter.state))
        return ctl_fault("--state is unused, reusable, used, expired or withdrawn, not '%s'", filter.state);
    if ((status = ctl_open(&opened, call, CTL_NEEDS_TO_READ)) != CTL_OK)
        return status;
    if (!filter.json)
        printf("%-9s  %-20s  REFERENCE\n", "STATE", "EXPIRES");
    for (size_t i = 0; status == CTL_OK && i < opened.config->ca_count; i++)
        if (!print_all(&filter, opened.store, &opened.config->cas[i]))
            status = CTL_FAULT;
    ctl_close(&opened);
    return status;
}

/* ---- withdraw ---- */

/* The row stays, without the secret: its reference is not free again by chance. */
static int put_withdrawn(struct store *store, const struct cmp_authority *ca,
                         const struct store_secret *secret)
{
    struct store_secret row = *secret;
    char who[CTL_WHO_MAX];
    struct store_audit audit = {.at = ctl_now_ms(),
                                .event = "secret withdrawn",
                                .outcome = "withdrawn",
                                .who = bytes_str(ctl_who(who)),
                                .detail = secret->reference};
    struct store_unit unit = {.issuer = bytes_of(ca->id, STORE_ISSUER_ID), .audit = &audit};

    row.sealed = bytes_of(NULL, 0);
    store_unit_write(&unit, STORE_PUT, STORE_SECRETS, &row);
    return store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
}

/* At whichever CA it is. */
static int withdraw(const struct ctl_opened *opened, struct arena *arena, const char *reference)
{
    const struct config *config = policy_config(opened->policy);
    const struct store_secret *secret = NULL;

    for (size_t i = 0; i < config->ca_count; i++) {
        const struct cmp_authority *ca = policy_authority(opened->policy, config->cas[i].name);
        if (!secret_fetch(&secret, opened->store, arena, ca, bytes_str(reference)))
            return 0;
        if (secret == NULL)
            continue;
        if (!put_withdrawn(opened->store, ca, secret))
            return !ctl_fault("%s: the store did not take the change; look at its log", reference);
        printf("%s withdrawn (it was %s)\n", reference, secret_state(secret, time(NULL)));
        return 1;
    }
    return !ctl_fault("no secret has the reference '%s'", reference);
}

static int run_withdraw(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE);

    if (status != CTL_OK)
        return status;
    for (size_t i = 0; i < call->argument_count; i++) {
        struct arena *arena = arena_new(SECRET_ARENA);
        if (arena == NULL || !withdraw(&opened, arena, call->arguments[i]))
            status = CTL_FAULT;
        arena_free(arena);
    }
    ctl_seal(opened.store, opened.policy);
    ctl_close(&opened);
    return status;
}

/* ---- the commands ---- */

static const struct ctl_option list_options[] = {
    CTL_OPTION_CONFIG,
    {"state", "NAME", 0, "those alone that are unused, reusable, used, expired or withdrawn"},
    {"reference", "TEXT", 0, "those whose reference begins so"},
    CTL_OPTION_JSON,
    {NULL, NULL, 0, NULL},
};
static const struct ctl_option withdraw_options[] = {CTL_OPTION_CONFIG, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_secret_list = {
    .name = "secret list",
    .options = list_options,
    .says = "show which shared secrets there are",
    .more = "Never what they are: the store has them sealed.",
    .run = run_list,
};

const struct ctl_command ctl_secret_withdraw = {
    .name = "secret withdraw",
    .arguments = "REFERENCE...",
    .least = 1,
    .most = SIZE_MAX,
    .options = withdraw_options,
    .says = "let shared secrets serve no more",
    .more = "The next message that names one is refused, also in the middle of an enrollment. The reference "
            "stays taken.",
    .run = run_withdraw,
};
