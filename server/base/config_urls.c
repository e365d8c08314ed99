/* config_urls.c: the URLs that certificates carry, and how they agree with what is published at them. */
#include "config_internal.h"
#include "server/base/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_TEXT_MAX = 96 };

/* They become IA5String, and a space ends a URL for many readers. */
static int is_url(const char *text)
{
    const char *p = text;

    while (*p > 0x20 && *p < 0x7f)
        p++;
    return *p == 0 && strstr(text, "://") != NULL;
}

static int check_list(struct config_fault *fault, const struct config *config, size_t profile,
                      const char *name, const struct config_list *urls)
{
    char key[KEY_TEXT_MAX];

    for (size_t i = 0; i < urls->count; i++) {
        snprintf(key, sizeof key, "profiles[%zu].urls.%s[%zu]", profile, name, i);
        if (!is_url(urls->items[i]))
            return config_fault_at(fault, config, key,
                                   "%s holds \"%s\"; write a URL in ASCII, as in http://host/path", name,
                                   urls->items[i]);
        if (shard_is_named(urls->items[i]) && urls != &config->profiles[profile].urls.crl)
            return config_fault_at(fault, config, key,
                                   "only urls.crl may name " SHARD_NAMED "; write a URL without it");
    }
    return 1;
}

/* All of a list, or none: a certificate is in a shard or in none. A delta says what has changed of the full
 * CRL, and nothing of a shard's (RFC 5280 5.2.4: the same scope). */
static int check_shards(struct config_fault *fault, const struct config *config, size_t profile)
{
    const struct config_urls *urls = &config->profiles[profile].urls;
    char key[KEY_TEXT_MAX];
    size_t named = 0;

    for (size_t i = 0; i < urls->crl.count; i++)
        named += shard_is_named(urls->crl.items[i]) != 0;
    if (named == 0)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].urls.crl", profile);
    if (config->crl.shards == 0)
        return config_fault_at(fault, config, key,
                               SHARD_NAMED
                               " stands in urls.crl, but there are no shards; write shards: in crl, "
                               "or a URL without it");
    if (named != urls->crl.count)
        return config_fault_at(fault, config, key,
                               "some of urls.crl have " SHARD_NAMED
                               " and some have not; write it in all or in "
                               "none");
    snprintf(key, sizeof key, "profiles[%zu].urls.delta_crl", profile);
    return urls->delta_crl.count == 0 ||
           config_fault_at(
               fault, config, key,
               "certificates of shards have no delta: a shard's CRL is small, and made anew whenever "
               "it changes; remove delta_crl");
}

/* RFC 9608 section 3: "Certificates that include the noRevAvail extension MUST NOT include certificate
 * extensions that point to CRL repositories or provide locations of OCSP responders." */
static int check_no_rev_avail(struct config_fault *fault, const struct config *config, size_t profile)
{
    const struct config_urls *urls = &config->profiles[profile].urls;
    char key[KEY_TEXT_MAX];

    snprintf(key, sizeof key, "profiles[%zu].urls.no_rev_avail", profile);
    return !urls->no_rev_avail || urls->crl.count + urls->delta_crl.count + urls->ocsp.count == 0 ||
           config_fault_at(
               fault, config, key,
               "certificates with noRevAvail name no CRL and no OCSP responder (RFC 9608); remove crl, "
               "delta_crl and ocsp, or no_rev_avail");
}

int config_check_urls(struct config_fault *fault, const struct config *config, size_t profile)
{
    const struct config_urls *urls = &config->profiles[profile].urls;

    return check_list(fault, config, profile, "crl", &urls->crl) &&
           check_list(fault, config, profile, "delta_crl", &urls->delta_crl) &&
           check_list(fault, config, profile, "issuer", &urls->issuer) &&
           check_list(fault, config, profile, "ocsp", &urls->ocsp) &&
           check_no_rev_avail(fault, config, profile) && check_shards(fault, config, profile);
}

/* By HTTP, as far as a name; and without a password, which would stand in the log. */
static int can_be_fetched(const char *url)
{
    const char *host = strstr(url, "://");

    if (!is_url(url) || strlen(url) > BOUND_VENDOR_CRL_URL ||
        (strncmp(url, "http://", strlen("http://")) != 0 &&
         strncmp(url, "https://", strlen("https://")) != 0))
        return 0;
    host += strlen("://");
    return strcspn(host, "/?#") != 0 && memchr(host, '@', strcspn(host, "/?#")) == NULL;
}

static int check_vendor_url(struct config_fault *fault, const struct config *config, size_t v, size_t i)
{
    const struct config_vendor *vendor = &config->vendors[v];
    const char *url = vendor->crl_urls.items[i];
    char key[KEY_TEXT_MAX];

    snprintf(key, sizeof key, "vendors[%zu].crl_urls[%zu]", v, i);
    if (!can_be_fetched(url))
        return config_fault_at(fault, config, key,
                               "crl_urls holds \"%s\"; write a URL as in http://host/path, of %d "
                               "characters at most, without a user's name",
                               url, BOUND_VENDOR_CRL_URL);
    if (config->vendor_crl_folder == NULL)
        return config_fault_at(fault, config, key,
                               "there is no folder for what is fetched; write vendor_crl_folder, a "
                               "folder that cmpd may write to");
    return vendor->crls.count + i < BOUND_VENDOR_CRLS ||
           config_fault_at(fault, config, key,
                           "crls and crl_urls of a vendor have more than %d together; write fewer",
                           BOUND_VENDOR_CRLS);
}

int config_check_vendor_urls(struct config_fault *fault, const struct config *config)
{
    for (size_t v = 0; v < config->vendor_count; v++)
        for (size_t i = 0; i < config->vendors[v].crl_urls.count; i++)
            if (!check_vendor_url(fault, config, v, i))
                return 0;
    return 1;
}

static int check_announce_urls(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_list *urls = &config->cas[i].announce->urls;
    char key[KEY_TEXT_MAX];

    for (size_t u = 0; u < urls->count; u++) {
        snprintf(key, sizeof key, "cas[%zu].announce.urls[%zu]", i, u);
        if (!can_be_fetched(urls->items[u]))
            return config_fault_at(fault, config, key,
                                   "urls holds \"%s\"; write a URL as in http://host/.well-known/cmp, of %d "
                                   "characters at most, without a user's name",
                                   urls->items[u], BOUND_VENDOR_CRL_URL);
        for (size_t before = 0; before < u; before++)
            if (strcmp(urls->items[before], urls->items[u]) == 0)
                return config_fault_at(fault, config, key, "\"%s\" stands in urls twice; write it once",
                                       urls->items[u]);
    }
    return 1;
}

int config_check_announce(struct config_fault *fault, const struct config *config)
{
    char key[KEY_TEXT_MAX];

    for (size_t i = 0; i < config->ca_count; i++)
        if (config->cas[i].announce != NULL && !check_announce_urls(fault, config, i))
            return 0;
    for (size_t a = 0; a < config->upstream_count; a++)
        for (size_t b = 0; b < a; b++) {
            snprintf(key, sizeof key, "upstream[%zu].name", a);
            if (strcmp(config->upstreams[b].name, config->upstreams[a].name) == 0)
                return config_fault_at(fault, config, key,
                                       "upstream has two entries named \"%s\"; give each its own name",
                                       config->upstreams[a].name);
        }
    return 1;
}

/* "delta", or a number */
static int is_of_another(const char *rest)
{
    char *end;
    unsigned long shard = strtoul(rest, &end, 10);

    return strcmp(rest, "delta") == 0 ||
           (*rest >= '1' && *rest <= '9' && *end == 0 && shard <= BOUND_CRL_SHARDS);
}

/* /crl/CA-delta.crl and /crl/CA-7.crl are taken. */
int config_check_published(struct config_fault *fault, const struct config *config)
{
    char key[KEY_TEXT_MAX];

    for (size_t i = 0; i < config->ca_count; i++)
        for (size_t j = 0; j < config->ca_count; j++) {
            const char *name = config->cas[j].name, *other = config->cas[i].name;
            size_t len = strlen(other);
            if (strncmp(name, other, len) != 0 || name[len] != '-' || !is_of_another(name + len + 1))
                continue;
            snprintf(key, sizeof key, "cas[%zu].name", j);
            return config_fault_at(
                fault, config, key,
                "\"%s\" is the name under which a CRL of \"%s\" is published; give this CA "
                "another one",
                name, other);
        }
    return 1;
}

/* Plain HTTP does not leave this machine. */
static int is_near(const char *url)
{
    static const char *const starts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t len = strlen(starts[i]);
        if (strncmp(url, starts[i], len) == 0 && strchr(":/?", url[len]) != NULL)
            return 1;
    }
    return 0;
}

int config_check_authorize(struct config_fault *fault, const struct config *config, size_t profile)
{
    const struct config_authorize *authorize = config->profiles[profile].authorize;
    char key[KEY_TEXT_MAX];

    if (authorize == NULL)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].authorize.url", profile);
    if (strncmp(authorize->url, CONFIG_UNIX, strlen(CONFIG_UNIX)) == 0)
        return (authorize->url[strlen(CONFIG_UNIX)] == '/' && strlen(authorize->url) < BOUND_SOCKET_PATH) ||
               config_fault_at(fault, config, key,
                               "\"%s\" is no socket; write " CONFIG_UNIX "/path, of fewer than %d characters",
                               authorize->url, BOUND_SOCKET_PATH);
    return (can_be_fetched(authorize->url) &&
            (strncmp(authorize->url, "https://", strlen("https://")) == 0 || is_near(authorize->url))) ||
           config_fault_at(fault, config, key,
                           "\"%s\" cannot be asked; write https://host/path, http://127.0.0.1:PORT/path, or "
                           "unix:/path, without a user's name",
                           authorize->url);
}
