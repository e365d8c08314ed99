/* Shared secrets for MAC-protected enrollment (RFC 9483 4.1.5), sealed before they reach the store. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/file.h"
#include "server/ctl/ctl.h"

enum { ARENA = 1024 * 1024, SECRET_MAX = 1024 };

static const struct cmp_authority *authority_of(const struct policy *policy, const char *profile)
{
    const struct cmp_settings *settings = policy_settings(policy);

    if (profile == NULL)
        return settings->default_profile->ca;
    for (size_t i = 0; i < settings->profile_count; i++)
        if (strcmp(settings->profiles[i]->name, profile) == 0)
            return settings->profiles[i]->ca;
    return NULL;
}

int ctl_add_secret(const struct policy *policy, const char *profile, struct bytes reference,
                   struct bytes secret, int reusable, int64_t expires)
{
    const struct cmp_settings *settings = policy_settings(policy);
    const struct cmp_authority *ca = authority_of(policy, profile);
    char store_fault[STORE_FAULT_MAX] = "";
    struct store_secret row = {.reference = reference, .reusable = reusable, .expires = expires};
    struct store_audit audit = {
        .at = (int64_t)time(NULL) * 1000, .event = "secret added", .who = bytes_str("cmpctl")};
    struct arena *arena;
    struct store *store;
    int ok;

    if (ca == NULL)
        return !ctl_fault("no profile is named '%s'", profile);
    if (settings->seal_key == NULL)
        return !ctl_fault("the configuration names no seal_key: secrets are stored sealed only");
    if (reference.len == 0 || reference.len > BOUND_SENDER_KID)
        return !ctl_fault("a reference has 1 to %d octets", BOUND_SENDER_KID);
    if ((arena = arena_new(ARENA)) == NULL)
        return !ctl_fault("out of memory");
    store = store_open(store_fault, policy_config(policy)->store, policy_config(policy)->node);
    if (store == NULL) {
        arena_free(arena);
        return !ctl_fault("%s", store_fault);
    }
    row.profile = bytes_str(profile);
    row.seal_key_id = seal_key_id(settings->seal_key);
    audit.detail = reference;
    ok = cmp_seal_secret(&row.sealed, arena, settings->seal_key, bytes_of(ca->id, STORE_ISSUER_ID), reference,
                         secret);
    struct store_unit unit = {
        .issuer = bytes_of(ca->id, STORE_ISSUER_ID), .arena = arena, .secret = &row, .audit = &audit};
    ok = ok && store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
    store_close(store);
    arena_free(arena);
    return ok || !ctl_fault("the secret could not be stored");
}

static int add(const char *config, const char *reference, const char *file, const char *profile, int reusable,
               int64_t expires)
{
    struct config_fault fault;
    struct policy *policy;
    uint8_t *secret;
    size_t len, line;
    int ok;

    if (!file_read(&secret, &len, file, SECRET_MAX))
        return ctl_fault("cannot read %s: %s", file, strerror(errno));
    for (line = 0; line < len && secret[line] != '\n'; line++)
        ;
    if (line == 0) {
        file_free(secret, len);
        return ctl_fault("the first line of %s must hold the secret", file);
    }
    policy = policy_load_file(&fault, config, time(NULL));
    ok = policy != NULL ? ctl_add_secret(policy, profile, bytes_str(reference), bytes_of(secret, line),
                                         reusable, expires)
                        : !ctl_fault("%s", fault.text);
    file_free(secret, len);
    policy_release(policy);
    return ok ? CTL_OK : CTL_FAULT;
}

/* RFC 9483 3.1: answers carry it as commonName (RFC 5280 Appendix A: at most 64 characters). */
static int is_reference(const char *text)
{
    enum { COMMON_NAME_MAX = 64 };
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return 0;
    return len != 0 && len <= COMMON_NAME_MAX;
}

int ctl_secret(int argc, char **argv)
{
    static const char *const usage =
        "secret add --config FILE --reference REF --secret-file FILE [--profile NAME] "
        "[--reusable] [--expires-in SECONDS]";
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"reference", required_argument, NULL, 'r'},
                                            {"secret-file", required_argument, NULL, 's'},
                                            {"profile", required_argument, NULL, 'p'},
                                            {"reusable", no_argument, NULL, 'u'},
                                            {"expires-in", required_argument, NULL, 'e'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *reference = NULL, *file = NULL, *profile = NULL;
    char *end;
    int option, reusable = 0;
    int64_t expires = 0;

    if (argc < 2 || strcmp(argv[1], "add") != 0)
        return ctl_usage(usage);
    argc--, argv++;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'r':
            reference = optarg;
            break;
        case 's':
            file = optarg;
            break;
        case 'p':
            profile = optarg;
            break;
        case 'u':
            reusable = 1;
            break;
        case 'e':
            expires = strtol(optarg, &end, 10);
            if (*end != 0 || expires <= 0)
                return ctl_fault("--expires-in wants a number of seconds, not '%s'", optarg);
            expires += time(NULL);
            break;
        default:
            return ctl_usage(usage);
        }
    if (config == NULL || reference == NULL || file == NULL || optind != argc)
        return ctl_usage(usage);
    if (!is_reference(reference))
        return ctl_fault("--reference wants 1 to 64 printable ASCII characters: it becomes a commonName");
    return add(config, reference, file, profile, reusable, expires);
}
