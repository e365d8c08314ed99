/* crl.c: what the log says of who leads, and what /readyz says of CRLs. */
#include "server/crl/crl.c"

#include "server/base/config_internal.h"
#include "storage/backend.h"
#include "tests/support/capture.h"

/* ---- a store that is asked for the lease ---- */

static enum store_outcome outcome;

static int commit(struct store *unused, struct store_unit *const *units, void *const *args, size_t n,
                  store_done *done)
{
    (void)unused;
    for (size_t i = 0; i < n; i++) {
        units[i]->outcome = outcome;
        done(args[i]);
    }
    return 1;
}

static const struct backend backend = {.commit = commit};
static struct store fake = {.backend = &backend};
static struct publication *publication;
static struct crl_service service;
static const struct config_crl config = {.every_hours = 24}, none = {.every_hours = 0};

static void begin(void)
{
    publication = publication_new();
    service = (struct crl_service){.store = &fake, .directory = directory_new(publication)};
}

static void end(void)
{
    directory_free(service.directory);
    publication_free(publication);
}

TestSuite(crl, .init = begin, .fini = end);

static const char *told(enum store_outcome becomes, const struct config_crl *by)
{
    static int64_t now_ms = 1000000;

    outcome = becomes;
    now_ms += 1000 * BOUND_CRL_LEASE;
    CAPTURE(lead_or_follow(&service, by, now_ms));
    return logged;
}

Test(crl, who_leads_is_told_when_that_changes)
{
    cr_expect_not_null(strstr(told(STORE_DONE, &config), "event=\"this node makes CRLs\"\n"), "%s", logged);
    cr_expect(service.leads);
    cr_expect_str_eq(told(STORE_DONE, &config), "");
    cr_expect_not_null(strstr(told(STORE_CONFLICT, &config), "event=\"another node makes CRLs\"\n"), "%s",
                       logged);
    cr_expect_not(service.leads);
    cr_expect_str_eq(told(STORE_CONFLICT, &config), "");
}

/* Who cannot ask does not know: the other node may be gone as well. */
Test(crl, without_an_answer_nobody_is_named)
{
    static const enum store_outcome none_is[] = {STORE_UNAVAILABLE, STORE_UNKNOWN};

    for (size_t i = 0; i < 2; i++) {
        told(STORE_DONE, &config);
        told(none_is[i], &config);
        cr_expect_not_null(strstr(logged, "event=\"which node makes CRLs is not known\" text="), "%s",
                           logged);
        cr_expect_null(strstr(logged, "another"), "%s", logged);
        cr_expect_not(service.leads);
        cr_expect_str_eq(told(none_is[i], &config), "");
    }
}

Test(crl, who_gives_up_by_its_configuration_says_so)
{
    cr_expect_str_eq(told(STORE_DONE, &none), "", "it never led");
    told(STORE_DONE, &config);
    cr_expect_not_null(strstr(told(STORE_DONE, &none), "event=\"this node makes no CRLs any more\"\n"), "%s",
                       logged);
    cr_expect_not(service.leads);
}

/* Each CA that a configuration can have, with the longest of everything. */
Test(crl, every_CA_is_told)
{
    static char name[CONFIG_NAME_MAX + 1], file[BOUND_CRL_FILE_NAME + 1];
    static struct said said = {.text = "[", .len = 1};
    struct cmp_authority ca = {.name = name};
    struct crl_issuer issuer = {.has_list = 0};
    struct crl_turn turn = {.ca = &ca, .now = 1};
    struct cmp_crl given = {.name = file, .number = INT64_MIN, .next_update = INT64_MIN + 1};
    char out[CRL_TEXT_MAX];
    size_t cas = 0;
    int late;

    memset(name, 'c', CONFIG_NAME_MAX);
    memset(file, 'f', BOUND_CRL_FILE_NAME);
    cr_assert(crl_shards_grow(&issuer.shards, BOUND_CRL_SHARDS));
    issuer.complete.full.published = issuer.complete.delta.published = INT64_MIN;
    issuer.complete.full.published_until = INT64_MIN + 1;
    for (int i = 0; i < BOUND_AUTHORITIES; i++)
        say_own(&said, &turn, &issuer);
    for (int i = 0; i < BOUND_CRL_FILES; i++)
        say_given(&said, &given, 1);
    keep_said(&service, &said);
    crl_text(&service, out, &late);
    for (const char *at = out; (at = strstr(at, "{\"ca\":\"")) != NULL; at++)
        cas++;
    cr_expect_eq(cas, BOUND_AUTHORITIES + BOUND_CRL_FILES);
    cr_expect_str_eq(out + strlen(out) - 2, "}]");
    crl_issuer_end(&issuer);
}
