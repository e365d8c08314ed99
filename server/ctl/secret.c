/* secret add: shared secrets for MAC-protected enrollment (RFC 9483 4.1.5), sealed before they reach the
 * store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "server/ctl/open.h"

enum { ARENA = 1024 * 1024, SECRET_MAX = 1024, LIST_MAX = 256 * 1024 * 1024 };

static const struct cmp_authority *authority_of(const struct policy *policy, const char *profile)
{
    const struct cmp_settings *settings = policy_settings(policy);

    if (profile == NULL)
        return settings->default_profile->ca;
    for (size_t i = 0; i < settings->profile_count; i++)
        if (strcmp(settings->profiles[i]->config->name, profile) == 0)
            return settings->profiles[i]->ca;
    return NULL;
}

static int add_one(struct store *store, const struct cmp_settings *settings, const struct cmp_authority *ca,
                   const struct ctl_shared_secret *item, struct store_secret row)
{
    const struct bytes issuer = bytes_of(ca->id, STORE_ISSUER_ID);
    char who[CTL_WHO_MAX];
    struct arena *arena = arena_new(ARENA);
    struct store_audit audit = {.at = ctl_now_ms(),
                                .event = "secret added",
                                .outcome = "stored",
                                .who = bytes_str(ctl_who(who)),
                                .detail = item->reference};
    struct store_unit unit = {.issuer = issuer, .arena = arena, .audit = &audit};
    int ok;

    if (arena == NULL)
        return 0;
    store_unit_write(&unit, STORE_PUT, STORE_SECRETS, &row);
    row.reference = item->reference;
    row.seal_key_id = seal_key_id(settings->seal_key);
    ok = cmp_seal_secret(&row.sealed, arena, settings->seal_key, issuer, item->reference, item->secret) &&
         store_commit_wait(store, &unit) && unit.outcome == STORE_DONE;
    arena_free(arena);
    return ok;
}

int ctl_add_secrets(const struct policy *policy, const char *profile, const struct ctl_shared_secret *items,
                    size_t count, int reusable, int64_t expires)
{
    const struct cmp_settings *settings = policy_settings(policy);
    const struct cmp_authority *ca = authority_of(policy, profile);
    const struct store_secret row = {.profile = bytes_str(profile), .reusable = reusable, .expires = expires};
    char store_fault[STORE_FAULT_MAX] = "";
    struct store *store;
    int ok = 1;

    if (ca == NULL)
        return !ctl_fault("no profile is named '%s'", profile);
    if (settings->seal_key == NULL)
        return !ctl_fault("the configuration names no seal_key: secrets are stored sealed only");
    store = store_open(store_fault, policy_config(policy)->store, policy_config(policy)->node);
    if (store == NULL)
        return !ctl_fault("%s", store_fault);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_one(store, settings, ca, &items[i], row) ||
             !ctl_fault("the secret of '%.*s' could not be stored", (int)items[i].reference.len,
                        items[i].reference.data);
    ctl_seal(store, policy);
    store_close(store);
    return ok;
}

/* RFC 9483 3.1: answers carry it as commonName (RFC 5280 Appendix A: at most 64 characters). */
static int is_reference(struct bytes text)
{
    enum { COMMON_NAME_MAX = 64 };

    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return 0;
    return text.len != 0 && text.len <= COMMON_NAME_MAX;
}

/* Cuts the next line, without its end, off |*text|. */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;
    struct bytes line = bytes_of(text->data, end != NULL ? (size_t)(end - text->data) : text->len);
    size_t used = line.len + (end != NULL);

    *text = bytes_of(text->data + used, text->len - used);
    return line;
}

/* The lines of a list, "REFERENCE SECRET" each, as views into it. malloc'ed, or NULL with a fault printed. */
static struct ctl_shared_secret *read_list(size_t *count, const char *file, struct bytes text)
{
    struct ctl_shared_secret *items;
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    items = calloc(lines, sizeof *items);
    for (*count = 0; items != NULL && text.len != 0; ++*count) {
        struct bytes line = take_line(&text);
        const uint8_t *space = line.len != 0 ? memchr(line.data, ' ', line.len) : NULL;
        struct ctl_shared_secret *item = &items[*count];
        if (space != NULL)
            *item =
                (struct ctl_shared_secret){bytes_of(line.data, (size_t)(space - line.data)),
                                           bytes_of(space + 1, line.len - (size_t)(space + 1 - line.data))};
        if (space == NULL || !is_reference(item->reference) || item->secret.len == 0) {
            ctl_fault("line %zu of %s is not REFERENCE SECRET", *count + 1, file);
            free(items);
            return NULL;
        }
    }
    if (items == NULL)
        ctl_fault("out of memory");
    return items;
}

/* The seconds of --expires-in from now on, in Unix seconds; 0: never. */
static int read_expiry(int64_t *expires, const char *text)
{
    enum { DIGITS = 10 }; /* three centuries: nothing here overflows */
    size_t len;

    *expires = 0;
    if (text == NULL)
        return 1;
    len = strlen(text);
    if (len == 0 || len > DIGITS || text[strspn(text, "0123456789")] != 0 ||
        (*expires = strtoll(text, NULL, 10)) == 0)
        return !ctl_fault("--expires-in wants a number of seconds of up to %d digits, not '%s'", DIGITS,
                          text);
    *expires += time(NULL);
    return 1;
}

/* With a reference the file's first line is its secret, else each line has both. */
static int add(const struct ctl_call *call, const char *reference, const char *file, int64_t expires)
{
    struct ctl_shared_secret one, *list = NULL;
    struct ctl_opened opened;
    struct bytes text;
    uint8_t *data;
    size_t len, count = 1;
    int ok;

    if (!file_read(&data, &len, file, reference != NULL ? SECRET_MAX : LIST_MAX))
        return ctl_fault("cannot read %s: %s", file, strerror(errno));
    text = bytes_of(data, len);
    if (reference != NULL) {
        one = (struct ctl_shared_secret){bytes_str(reference), take_line(&text)};
        ok = one.secret.len != 0 || !ctl_fault("the first line of %s must hold the secret", file);
    } else {
        list = read_list(&count, file, text);
        ok = list != NULL;
    }
    if (ok && (ok = ctl_open(&opened, call, CTL_NEEDS_POLICY) == CTL_OK)) {
        ok = ctl_add_secrets(opened.policy, ctl_value(call, "profile"), list != NULL ? list : &one, count,
                             ctl_value(call, "reusable") != NULL, expires);
        ctl_close(&opened);
    }
    free(list);
    file_free(data, len);
    return ok ? CTL_OK : CTL_FAULT;
}

static int run(const struct ctl_call *call)
{
    const char *reference = ctl_value(call, "reference"), *file = ctl_value(call, "secret-file");
    const char *list = ctl_value(call, "list");
    int64_t expires;

    if ((reference != NULL) != (file != NULL) || (list != NULL) == (file != NULL))
        return ctl_wrong_call(call->command, "give --reference and --secret-file, or --list");
    if (!read_expiry(&expires, ctl_value(call, "expires-in")))
        return CTL_FAULT;
    if (reference != NULL && !is_reference(bytes_str(reference)))
        return ctl_fault("--reference wants 1 to 64 printable ASCII characters: it becomes a commonName");
    return add(call, reference, list != NULL ? list : file, expires);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    {"reference", "REF", 0, "by what the base station names the secret"},
    {"secret-file", "FILE", 0, "the secret is its first line"},
    {"list", "FILE", 0, "many: lines of a reference, a space, and a secret"},
    {"profile", "NAME", 0, "the only profile that takes it; default: any"},
    {"reusable", NULL, 0, "it serves more than one transaction"},
    {"expires-in", "SECONDS", 0, "how long it is good for; default: for ever"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_secret_add = {
    .name = "secret add",
    .options = options,
    .says = "store shared secrets for MAC-protected enrollment",
    .more = "Give --reference and --secret-file for one, or --list for many.",
    .run = run,
};
