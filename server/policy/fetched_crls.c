/* CRLs that were fetched, each in a file of its own: read as any other of the vendor, replaced by newer ones
 * only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crl_set.h"
#include "crypto/name_match.h"
#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { NAME_OCTETS = 8, MODE = 0644 };

/* A file for each URL, so that a URL which moves in its list keeps its own. */
char *policy_fetched_file(const struct config *config, size_t v, const char *url)
{
    uint8_t hash[DIGEST_MAX];
    char name[2 * NAME_OCTETS + 1], *path = NULL;

    digest_compute(hash, DIGEST_SHA256, bytes_str(url));
    log_hex(name, sizeof name, bytes_of(hash, NAME_OCTETS));
    return asprintf(&path, "%s/%s-%s.crl", config->vendor_crl_folder, config->vendors[v].name, name) > 0
               ? path
               : NULL;
}

const struct crl_set_item *policy_fetched_item(const struct policy *policy, size_t v, const char *url)
{
    const struct crl_set *set = policy->vendor_crls[v];
    char *path = policy_fetched_file(policy->config, v, url);
    const struct crl_set_item *found = NULL;

    for (size_t i = 0; path != NULL && i < set->count && found == NULL; i++)
        if (strcmp(set->items[i].file, path) == 0)
            found = &set->items[i];
    free(path);
    return found;
}

int64_t policy_fetched_next_update(const struct policy *policy, size_t v, const char *url)
{
    const struct crl_set_item *item = policy_fetched_item(policy, v, url);

    return item != NULL ? item->crl.next_update : 0;
}

/* A set that can be used without one of them says less, and then fewer stations are let in: what cannot be
 * read is fetched anew, and no reason to refuse a configuration. */
static void load_fetched(struct crl_set *set, const char *path)
{
    uint8_t *text, *der;
    size_t text_len, len;

    if (path == NULL || !file_read(&text, &text_len, path, BOUND_VENDOR_CRL_OCTETS))
        return;
    if (pem_or_der_crl(&der, &len, bytes_of(text, text_len)))
        crl_set_add(set, path, bytes_of(der, len));
    free(text);
}

int policy_load_fetched(struct policy *policy, struct crl_set *set, size_t v)
{
    const struct config_list *urls = &policy->config->vendors[v].crl_urls;

    for (size_t i = 0; i < urls->count; i++) {
        char *file = policy_fetched_file(policy->config, v, urls->items[i]);
        const char *kept = file != NULL ? arena_printf(policy->arena, "%s", file) : NULL;
        free(file);
        if (kept == NULL)
            return 0;
        load_fetched(set, kept);
    }
    return 1;
}

/* ---- what is fetched ---- */

/* The CRL that is in |path|, if it is the vendor's: into |crl|, whose octets |*der| are to be freed. */
static int read_kept(struct crl *crl, uint8_t **der, const struct crl_set *set, const char *path)
{
    uint8_t *text;
    size_t text_len, len;
    int is_crl;

    *der = NULL;
    if (!file_read(&text, &text_len, path, BOUND_VENDOR_CRL_OCTETS))
        return 0;
    is_crl = pem_or_der_crl(der, &len, bytes_of(text, text_len));
    free(text);
    return is_crl && crl_set_try(set, crl, bytes_of(*der, len)) == NULL;
}

static int is_of_same_scope(const struct crl *a, const struct crl *b)
{
    return a->is_delta == b->is_delta && bytes_equal(a->issuing_point, b->issuing_point) &&
           name_equal(a->issuer, b->issuer);
}

static int is_older(const struct crl *crl, const struct crl *kept)
{
    return crl->this_update != kept->this_update ? crl->this_update < kept->this_update
                                                 : crl->number < kept->number;
}

/* Who stands between may repeat an older one, or give another of the vendor's: no revocation is taken back
 * so, and none is forgotten that still counts. Nor does one that counts for nothing yet take the place of
 * one that does. */
static const char *why_not(const struct crl *crl, const struct crl *kept, int64_t stale_seconds, int64_t now)
{
    if (crl->this_update > now + BOUND_VENDOR_CRL_AHEAD)
        return "it is not valid yet: its thisUpdate is ahead";
    if (kept == NULL)
        return NULL;
    if (!is_of_same_scope(crl, kept))
        return now - kept->next_update > stale_seconds ? NULL
                                                       : "it has another issuer or scope than the one that "
                                                         "was fetched before, which still counts";
    return is_older(crl, kept) ? "it is older than the one that was fetched before" : NULL;
}

static const char *write_new(struct policy_fetched *fetched, const char *path, struct bytes der)
{
    if (!file_write(path, der.data, der.len, MODE, 0))
        return strerror(errno);
    fetched->is_new = 1;
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static const char *keep_fetched(struct policy_fetched *fetched, const struct crl_set *set, const char *path,
                                struct bytes der, int64_t now)
{
    struct crl crl, kept;
    uint8_t *kept_der;
    int has_kept = read_kept(&kept, &kept_der, set, path);
    const char *why = der.len != 0 ? crl_set_try(set, &crl, der) : "it is no CRL";

    if (why == NULL &&
        set->octets - (has_kept ? least(kept.der.len, set->octets) : 0) + der.len > BOUND_VENDOR_CRLS_OCTETS)
        why = "with it, those of the vendor have more than 128 MiB";
    if (why == NULL)
        why = why_not(&crl, has_kept ? &kept : NULL, set->stale_seconds, now);
    if (why == NULL && !(has_kept && bytes_equal(der, kept.der)))
        why = write_new(fetched, path, der);
    if (why == NULL)
        fetched->next_update = crl.next_update;
    else if (has_kept)
        fetched->next_update = kept.next_update;
    free(kept_der);
    return why;
}

const char *policy_keep_crl(struct policy_fetched *fetched, const struct policy *policy, size_t v,
                            const char *url, struct bytes text, int64_t now)
{
    char *path = policy_fetched_file(policy->config, v, url);
    const char *why = "out of memory";
    uint8_t *der = NULL;
    size_t len = 0;

    *fetched = (struct policy_fetched){.next_update = 0};
    if (path != NULL) {
        if (!pem_or_der_crl(&der, &len, text))
            len = 0;
        why = keep_fetched(fetched, policy->vendor_crls[v], path, bytes_of(der, len), now);
    }
    free(der);
    free(path);
    return why;
}
