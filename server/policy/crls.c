/* crls.c: CRLs of the CAs above ours, from files: whoever has the key of a root makes its CRL where that key
 * is. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/crl.h"
#include "crypto/name_match.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { SETTING = 96, FILE_LIMIT = 1024 * 1024 };

static int is_from_above(const struct policy *policy, const struct crl *crl)
{
    struct certificate above;

    for (size_t i = 0; i < policy->config->ca_count; i++)
        for (size_t c = 0; c < policy->authorities[i].chain_count; c++)
            if (certificate_parse(&above, policy->authorities[i].chain[c]) &&
                name_equal(crl->issuer, above.subject) && crl_is_signed_by(crl, above.spki))
                return 1;
    return 0;
}

/* The file's name without its folder and what follows its last dot; NULL if no path of a URL could have it.
 */
static const char *name_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path,
               *dot = strrchr(name, '.');
    size_t len = dot != NULL ? (size_t)(dot - name) : strlen(name);

    if (len == 0 || len > BOUND_CRL_FILE_NAME)
        return NULL;
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
            return NULL;
    return arena_printf(arena, "%.*s", (int)len, name);
}

static int read_file(struct bytes *der, struct config_fault *fault, struct policy *policy, const char *key,
                     const char *path)
{
    uint8_t *octets;
    size_t len;

    if (!policy_read_crl(fault, policy, key, path, FILE_LIMIT, "make it with cmpctl ca crl", &octets, &len))
        return 0;
    *der = arena_copy(policy->arena, bytes_of(octets, len));
    free(octets);
    return der->data != NULL || config_fault_at(fault, policy->config, key, "out of memory");
}

/* Who publishes what: a CA's own CRL has its name, and what is made of it. */
static int is_taken(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->config->ca_count; i++) {
        size_t len = strlen(policy->config->cas[i].name);
        if (strncmp(name, policy->config->cas[i].name, len) == 0 && (name[len] == 0 || name[len] == '-'))
            return 1;
    }
    for (size_t i = 0; i < policy->crl_count; i++)
        if (strcmp(policy->crls[i].name, name) == 0)
            return 1;
    return 0;
}

static int load_one(struct config_fault *fault, struct policy *policy, const char *key, const char *path)
{
    struct cmp_crl *out = &policy->crls[policy->crl_count];
    struct crl crl;

    if (!read_file(&out->der, fault, policy, key, path))
        return 0;
    if (!crl_parse(&crl, out->der) || !is_from_above(policy, &crl))
        return config_fault_at(fault, policy->config, key,
                               "%s was not signed by a CA in chain of one of cas; name the CRL of such a CA",
                               path);
    if (crl.next_update == 0)
        return config_fault_at(fault, policy->config, key, "%s has no nextUpdate; make it with cmpctl ca crl",
                               path);
    out->name = name_of(policy->arena, path);
    if (out->name == NULL)
        return config_fault_at(fault, policy->config, key,
                               "%s would be published by the name of its file, which is not 1 to %d letters, "
                               "digits, '.', '_' and '-'; rename the file",
                               path, BOUND_CRL_FILE_NAME);
    if (is_taken(policy, out->name))
        return config_fault_at(fault, policy->config, key,
                               "%s would be published by the name of its file, which is taken by another "
                               "CRL; rename the file",
                               path);
    out->issuer = crl.issuer;
    out->number = crl.number;
    out->this_update = crl.this_update;
    out->next_update = crl.next_update;
    policy->crl_count++;
    return 1;
}

static int check_password_file(struct config_fault *fault, struct policy *policy)
{
    const struct config_ldap *ldap = policy->config->crl.ldap;
    uint8_t *text = NULL;
    size_t len = 0;

    if (ldap == NULL || ldap->password_file == NULL)
        return 1;
    if (!policy_read_private(fault, policy, "crl.ldap.password_file", ldap->password_file, &text, &len))
        return 0;
    file_free(text, len);
    return 1;
}

int policy_load_crls(struct config_fault *fault, struct policy *policy)
{
    const struct config_list *files = &policy->config->crl.files;
    const char *folder = policy->config->crl.folder;
    char key[SETTING];
    struct stat st;

    if (folder != NULL && (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)))
        return config_fault_at(fault, policy->config, "crl.folder", "there is no folder %s; make it", folder);
    if (!check_password_file(fault, policy))
        return 0;
    for (size_t i = 0; i < files->count; i++) {
        snprintf(key, sizeof key, "crl.files[%zu]", i);
        if (i == BOUND_CRL_FILES)
            return config_fault_at(fault, policy->config, key, "more than %d files; name fewer",
                                   BOUND_CRL_FILES);
        if (!load_one(fault, policy, key, files->items[i]))
            return 0;
    }
    policy->settings.crls = policy->crls;
    policy->settings.crl_count = policy->crl_count;
    return 1;
}

const struct cmp_crl *policy_crls(const struct policy *policy, size_t *count)
{
    *count = policy->crl_count;
    return policy->crls;
}
