/* Shared secrets for MAC-protected enrollment (RFC 9483 4.1.5): which are taken, and how they get into the
 * store, sealed. */
#include "server/ctl/secret.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COMMON_NAME_MAX = 64, DIFFERENT_LEAST = 6 };

/* ---- what they may be ---- */

int secret_is_reference(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return 0;
    return text.len != 0 && text.len <= COMMON_NAME_MAX;
}

static size_t different_octets(struct bytes text)
{
    uint8_t seen[256] = {0};
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        count += !seen[text.data[i]];
        seen[text.data[i]] = 1;
    }
    return count;
}

/* Octets that are not one more or one less than the one before, or the same. */
static size_t steps(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 1; i < text.len; i++)
        count += abs(text.data[i] - text.data[i - 1]) > 1;
    return count;
}

static int is_word(struct bytes secret, size_t at, const char *word)
{
    for (size_t i = 0; word[i] != 0; i++)
        if (at + i >= secret.len || tolower(secret.data[at + i]) != word[i])
            return 0;
    return 1;
}

/* |word| and little else. */
static int is_made_of(struct bytes secret, const char *word)
{
    for (size_t at = 0; at < secret.len; at++)
        if (is_word(secret, at, word) && secret.len - strlen(word) < DIFFERENT_LEAST)
            return 1;
    return 0;
}

static int is_made_of_reference(struct bytes reference, struct bytes secret)
{
    char word[COMMON_NAME_MAX + 1];

    if (reference.len > COMMON_NAME_MAX || reference.len < 2)
        return 0;
    for (size_t i = 0; i < reference.len; i++)
        word[i] = (char)tolower(reference.data[i]);
    word[reference.len] = 0;
    return is_made_of(secret, word);
}

const char *secret_weakness(struct bytes reference, struct bytes secret)
{
    /* Of manuals of CMP clients and servers, and what people write instead. */
    static const char *const known[] = {"1234-5678", "insta",    "foo123", "password", "passw0rd",
                                        "changeit",  "changeme", "secret", "default",  "9pp8-b35i-xd3q-udnr"};

    if (secret.len < SECRET_LEAST)
        return "it has less than 12 characters";
    if (different_octets(secret) < DIFFERENT_LEAST || steps(secret) < DIFFERENT_LEAST)
        return "its characters repeat, or follow each other";
    if (is_made_of_reference(reference, secret))
        return "it is made of its reference";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (is_made_of(secret, known[i]))
            return "it stands in manuals, or is what people try first";
    return NULL;
}

int secret_read_expiry(int64_t *expires, const char *text)
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

/* ---- what they are in the store ---- */

const char *secret_state(const struct store_secret *secret, int64_t now)
{
    return secret->sealed.len == 0                          ? "withdrawn"
           : secret->bound_to.len != 0                      ? "used"
           : secret->expires != 0 && now >= secret->expires ? "expired"
           : secret->reusable                               ? "reusable"
                                                            : "unused";
}

const struct cmp_authority *secret_authority(const struct policy *policy, const char *name)
{
    const struct cmp_settings *settings = policy_settings(policy);

    if (name == NULL)
        return settings->default_profile->ca;
    for (size_t i = 0; i < settings->profile_count; i++)
        if (strcmp(settings->profiles[i]->config->name, name) == 0)
            return settings->profiles[i]->ca;
    ctl_fault("no profile is named '%s'", name);
    return NULL;
}

int secret_fetch(const struct store_secret **row, struct store *store, struct arena *arena,
                 const struct cmp_authority *ca, struct bytes reference)
{
    struct store_fetch fetch = {
        .kind = STORE_SECRETS, .issuer = bytes_of(ca->id, STORE_ISSUER_ID), .key = reference, .arena = arena};

    *row = NULL;
    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return !ctl_fault("the store does not answer");
    if (fetch.outcome == STORE_FOUND)
        *row = fetch.rows;
    return 1;
}

/* Nobody gives a second life to one that was used without saying so. */
static int tell_taken(struct store *store, struct arena *arena, const struct cmp_authority *ca,
                      struct bytes reference)
{
    const struct store_secret *row;

    if (!secret_fetch(&row, store, arena, ca, reference))
        return 0;
    return !ctl_fault("there is a secret for '%.*s' already, %s: take another reference, or --replace",
                      (int)reference.len, reference.data,
                      row != NULL ? secret_state(row, time(NULL)) : "withdrawn");
}

static int store_one(struct store *store, const struct policy *policy, const struct secret_plan *plan,
                     const struct cmp_authority *ca, const struct ctl_shared_secret *item,
                     struct arena *arena)
{
    const struct seal_key *key = policy_settings(policy)->seal_key;
    struct bytes issuer = bytes_of(ca->id, STORE_ISSUER_ID);
    char who[CTL_WHO_MAX];
    struct store_audit audit = {.at = ctl_now_ms(),
                                .event = "secret added",
                                .outcome = "stored",
                                .who = bytes_str(ctl_who(who)),
                                .detail = item->reference};
    struct store_secret row = {.reference = item->reference,
                               .profile = bytes_str(plan->profile),
                               .seal_key_id = seal_key_id(key),
                               .reusable = plan->reusable,
                               .expires = plan->expires};
    struct store_unit unit = {.issuer = issuer, .arena = arena, .audit = &audit};

    store_unit_write(&unit, plan->replaces ? STORE_PUT : STORE_INSERT, STORE_SECRETS, &row);
    if (!cmp_seal_secret(&row.sealed, arena, key, issuer, item->reference, item->secret))
        return !ctl_fault("out of memory");
    if (store_commit_wait(store, &unit) && unit.outcome == STORE_CONFLICT)
        return tell_taken(store, arena, ca, item->reference);
    return unit.outcome == STORE_DONE || !ctl_fault("the secret of '%.*s' could not be stored",
                                                    (int)item->reference.len, item->reference.data);
}

int secret_is_taken(const struct policy *policy, const char *profile)
{
    const struct cmp_settings *settings = policy_settings(policy);

    for (size_t i = 0; i < settings->profile_count; i++) {
        const struct config_profile *config = settings->profiles[i]->config;
        if ((profile == NULL || strcmp(config->name, profile) == 0) && config->mac.allowed)
            return 1;
    }
    return 0;
}

int secret_may_store(const struct policy *policy, const struct secret_plan *plan)
{
    if (secret_authority(policy, plan->profile) == NULL)
        return 0;
    return policy_settings(policy)->seal_key != NULL ||
           !ctl_fault("the configuration names no seal_key: secrets are stored sealed only");
}

int secret_store_all(const struct policy *policy, const struct secret_plan *plan,
                     const struct ctl_shared_secret *items, size_t count)
{
    const struct cmp_authority *ca;
    char store_fault[STORE_FAULT_MAX] = "";
    struct store *store;
    int ok = 1;

    if (!secret_may_store(policy, plan))
        return 0;
    ca = secret_authority(policy, plan->profile);
    store = store_open(store_fault, policy_config(policy)->store, policy_config(policy)->node);
    if (store == NULL)
        return !ctl_fault("%s", store_fault);
    ok = ctl_refuse_older(policy_config(policy), store);
    for (size_t i = 0; ok && i < count; i++) {
        struct arena *arena = arena_new(SECRET_ARENA);
        ok = arena != NULL ? store_one(store, policy, plan, ca, &items[i], arena)
                           : !ctl_fault("out of memory");
        arena_free(arena);
    }
    if (ok)
        ctl_seal(store, policy);
    store_close(store);
    return ok;
}
