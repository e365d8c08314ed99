/* CRLs that were fetched, each in a file of its own: read as any other of the vendor, replaced by newer ones
 * only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crl_set.h"
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

/* The CRL that is in |path|, if it still counts: into |crl|, whose octets |*der| are to be freed. */
static int read_kept(struct crl *crl, uint8_t **der, const struct crl_set *set, const char *path, int64_t now)
{
    uint8_t *text;
    size_t text_len, len;
    int is_crl;

    *der = NULL;
    if (!file_read(&text, &text_len, path, BOUND_VENDOR_CRL_OCTETS))
        return 0;
    is_crl = pem_or_der_crl(der, &len, bytes_of(text, text_len));
    free(text);
    return is_crl && crl_set_try(set, crl, bytes_of(*der, len)) == NULL && crl->this_update <= now;
}

/* Who stands between may repeat an older one, and no revocation is taken back so. */
static const char *write_newer(struct policy_fetched *fetched, const char *path, struct bytes der,
                               const struct crl *crl, const struct crl *kept)
{
    fetched->next_update = crl->next_update;
    if (kept != NULL && bytes_equal(der, kept->der))
        return NULL;
    if (kept != NULL && (crl->this_update < kept->this_update ||
                         (crl->this_update == kept->this_update && crl->number < kept->number))) {
        fetched->next_update = kept->next_update;
        return "it is older than the one that was fetched before";
    }
    if (!file_write(path, der.data, der.len, MODE, 0))
        return strerror(errno);
    fetched->is_new = 1;
    return NULL;
}

static const char *keep_fetched(struct policy_fetched *fetched, const struct crl_set *set, const char *path,
                                struct bytes der, int64_t now)
{
    struct crl crl, kept;
    uint8_t *kept_der;
    const char *why = crl_set_try(set, &crl, der);
    int has_kept = read_kept(&kept, &kept_der, set, path, now);

    if (why == NULL)
        why = write_newer(fetched, path, der, &crl, has_kept ? &kept : NULL);
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
    uint8_t *der;
    size_t len;

    *fetched = (struct policy_fetched){.next_update = 0};
    if (path != NULL && !pem_or_der_crl(&der, &len, text))
        why = "it is no CRL";
    else if (path != NULL) {
        why = keep_fetched(fetched, policy->vendor_crls[v], path, bytes_of(der, len), now);
        free(der);
    }
    free(path);
    return why;
}
