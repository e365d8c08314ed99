/* given.c: see given.h. */
#include "server/crl/given.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pem.h"
#include "server/base/log.h"

enum { DAY = 24 * 3600 };

_Static_assert(sizeof "/crl/.crl" + BOUND_CRL_FILE_NAME <= PUBLISHED_PATH_MAX, "no two have one path");

static const char *path_of(char path[PUBLISHED_PATH_MAX], const char *name, const char *suffix)
{
    snprintf(path, PUBLISHED_PATH_MAX, "/crl/%s.%s", name, suffix);
    return path;
}

static void withdraw(const char *name, struct publication *publication)
{
    char path[PUBLISHED_PATH_MAX];

    publication_remove(publication, path_of(path, name, "crl"));
    publication_remove(publication, path_of(path, name, "pem"));
}

static int is_named(const struct policy *policy, const char *name)
{
    size_t count;
    const struct cmp_crl *crls = policy_crls(policy, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(crls[i].name, name) == 0)
            return 1;
    return 0;
}

static void publish(const struct cmp_crl *crl, struct publication *publication)
{
    char path[PUBLISHED_PATH_MAX], *text;
    uint8_t *copy = malloc(crl->der.len);
    size_t len;

    if (copy != NULL) {
        memcpy(copy, crl->der.data, crl->der.len);
        publication_put(publication, path_of(path, crl->name, "crl"), "application/pkix-crl",
                        bytes_of(copy, crl->der.len), crl->this_update, crl->next_update, NULL);
    }
    if (pem_crl(&text, &len, crl->der))
        publication_put(publication, path_of(path, crl->name, "pem"), "application/x-pem-file",
                        bytes_of(text, len), crl->this_update, crl->next_update, NULL);
}

void given_publish(struct given *given, const struct policy *policy, struct publication *publication)
{
    size_t count;
    const struct cmp_crl *crls = policy_crls(policy, &count);

    for (size_t i = 0; i < given->count; i++)
        if (!is_named(policy, given->names[i]))
            withdraw(given->names[i], publication);
    given->count = count;
    given->told_at = 0;
    for (size_t i = 0; i < count; i++) {
        snprintf(given->names[i], sizeof given->names[i], "%s", crls[i].name);
        publish(&crls[i], publication);
    }
}

int given_ends_soon(const struct cmp_crl *crl, int64_t now)
{
    return crl->next_update - now < (crl->next_update - crl->this_update) / 4;
}

static int has_one_ended(const struct cmp_crl *crls, size_t count, int64_t after, int64_t now)
{
    for (size_t i = 0; i < count; i++)
        if (crls[i].next_update > after && crls[i].next_update <= now)
            return 1;
    return 0;
}

void given_tell(struct given *given, const struct policy *policy, int64_t now)
{
    size_t count;
    const struct cmp_crl *crls = policy_crls(policy, &count);

    if (given->told_at != 0 && now - given->told_at < DAY && now >= given->told_at &&
        !has_one_ended(crls, count, given->told_at, now))
        return;
    given->told_at = now;
    for (size_t i = 0; i < count; i++)
        if (given_ends_soon(&crls[i], now))
            log_line(crls[i].next_update > now ? LOG_WARN : LOG_ERROR,
                     crls[i].next_update > now ? "CRL ends soon" : "CRL has ended",
                     log_word("ca", crls[i].name), log_number("seconds_left", crls[i].next_update - now),
                     log_text("text",
                              "make another with cmpctl ca crl where the key of that CA is, put it in the "
                              "place of the file, and send SIGHUP"));
}
