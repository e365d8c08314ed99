/* Certificates that vendors' settings block, put in order once: whatever profile they are shown to. */
#include <stdio.h>
#include <stdlib.h>

#include "server/policy/internal.h"

enum { SETTING = 96 };

struct list {
    struct policy *policy;
    struct cmp_blocked *items;
    size_t count;
};

static int add(struct config_fault *fault, struct list *list, const uint8_t hash[CMP_FINGERPRINT],
               const char *key)
{
    struct policy *policy = list->policy;
    const char *setting = arena_printf(policy->arena, "%s", key);

    if (list->items == NULL)
        list->items = arena_alloc(policy->arena, BOUND_BLOCKED_CERTIFICATES * sizeof *list->items);
    if (list->items == NULL || setting == NULL)
        return config_fault_at(fault, policy->config, key, "out of memory");
    if (list->count == BOUND_BLOCKED_CERTIFICATES)
        return config_fault_at(fault, policy->config, key,
                               "more than %d certificates are blocked; block the intermediate that issued "
                               "them, or have the vendor list them in a CRL",
                               BOUND_BLOCKED_CERTIFICATES);
    memcpy(list->items[list->count].hash, hash, CMP_FINGERPRINT);
    list->items[list->count++].setting = setting;
    return 1;
}

static int add_files(struct config_fault *fault, struct list *list, size_t v)
{
    const struct config_list *files = &list->policy->config->vendors[v].blocked;
    struct bytes ders[BOUND_BLOCKED_CERTIFICATES];
    uint8_t hash[DIGEST_MAX];
    char key[SETTING];

    for (size_t f = 0; f < files->count; f++) {
        snprintf(key, sizeof key, "vendors[%zu].blocked[%zu]", v, f);
        size_t count =
            policy_read_pem(fault, list->policy, key, files->items[f], ders, BOUND_BLOCKED_CERTIFICATES);
        if (count == 0)
            return 0;
        for (size_t c = 0; c < count; c++) {
            digest_compute(hash, DIGEST_SHA256, ders[c]);
            if (!add(fault, list, hash, key))
                return 0;
        }
    }
    return 1;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* As tools print it: 64 digits, with a colon between two octets or none. */
static int read_fingerprint(uint8_t hash[CMP_FINGERPRINT], const char *text)
{
    for (size_t i = 0; i < CMP_FINGERPRINT; i++) {
        int high, low;
        if (i > 0 && *text == ':')
            text++;
        if ((high = digit_of(text[0])) < 0 || (low = digit_of(text[1])) < 0)
            return 0;
        hash[i] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return *text == 0;
}

static int add_fingerprints(struct config_fault *fault, struct list *list, size_t v)
{
    const struct config_list *texts = &list->policy->config->vendors[v].blocked_fingerprints;
    uint8_t hash[CMP_FINGERPRINT];
    char key[SETTING];

    for (size_t i = 0; i < texts->count; i++) {
        snprintf(key, sizeof key, "vendors[%zu].blocked_fingerprints[%zu]", v, i);
        if (!read_fingerprint(hash, texts->items[i]))
            return config_fault_at(
                fault, list->policy->config, key,
                "\"%s\" is no SHA-256 of a certificate; write its 64 hexadecimal digits, as "
                "openssl x509 -fingerprint -sha256 prints them",
                texts->items[i]);
        if (!add(fault, list, hash, key))
            return 0;
    }
    return 1;
}

static int compare(const void *a, const void *b)
{
    return memcmp(((const struct cmp_blocked *)a)->hash, ((const struct cmp_blocked *)b)->hash,
                  CMP_FINGERPRINT);
}

int policy_load_blocked(struct config_fault *fault, struct policy *policy)
{
    struct list list = {.policy = policy};

    for (size_t v = 0; v < policy->config->vendor_count; v++)
        if (!add_files(fault, &list, v) || !add_fingerprints(fault, &list, v))
            return 0;
    if (list.count != 0)
        qsort(list.items, list.count, sizeof *list.items, compare);
    policy->settings.blocked = list.items;
    policy->settings.blocked_count = list.count;
    return 1;
}
