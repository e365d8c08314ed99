/* crl.c: what the log says of who leads. */
#include "server/crl/crl.c"

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
