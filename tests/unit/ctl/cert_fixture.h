/* cert_fixture.h: a demo CA, and certificates in its store that a test makes up, for the commands about
 * certificates. Included once by a test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CTL_CERT_FIXTURE_H
#define CMPD_TESTS_UNIT_CTL_CERT_FIXTURE_H

#include "crypto/certificate.h"
#include "crypto/name.h"
#include "tests/support/call.h"
#include "tests/support/demo.h"
#include "tests/unit/storage/units.h"

enum { FAR = 2208988800, DAY = 86400 }; /* 2040-01-01, and its length */

static struct demo demo;
static struct store *store;

static void set_up(void)
{
    char fault[STORE_FAULT_MAX] = "";

    demo_new(&demo);
    memcpy(issuer_octets, policy_settings(demo.policy)->default_profile->ca->id, sizeof issuer_octets);
    store = store_open(fault, policy_config(demo.policy)->store, "test");
    cr_assert_not_null(store, "%s", fault);
}

static void tear_down(void)
{
    store_close(store);
    demo_free(&demo);
}

/* "cmpctl WORDS --config CONFIG". */
static inline int with_config(const char *words)
{
    char text[2048];

    snprintf(text, sizeof text, "%s --config %s", words, demo.config);
    return call(text);
}

/* The |n|th certificate, valid until 2040, which a test may change before add() stores it. */
static inline struct enrollment make(uint32_t n)
{
    static const char *const subjects[] = {"CN=gnb-0", "CN=gnb-1", "CN=gnb-2", "CN=gnb-3",
                                           "CN=gnb-4", "CN=gnb-5", "CN=gnb-6"};
    struct enrollment e;

    enrollment_init(&e, 1, n);
    arena_free(e.unit.arena);
    e.cert.status = STORE_CERT_VALID;
    e.cert.not_after = FAR;
    e.cert.subject_text = bytes_str(subjects[n % (sizeof subjects / sizeof subjects[0])]);
    e.tx.state = STORE_TX_CONFIRMED;
    return e;
}

/* Its views are made anew: they point into another structure. */
static inline void add(struct enrollment *e)
{
    e->cert.serial = e->tx.serial = bytes_of(e->serial, sizeof e->serial);
    e->cert.transaction_id = e->tx.transaction_id = bytes_of(e->tx_id, sizeof e->tx_id);
    e->cert.spki_hash = bytes_of(e->key, sizeof e->key);
    if (e->cert.certificate.len == sizeof e->certificate)
        e->cert.certificate = bytes_of(e->certificate, sizeof e->certificate);
    if (!e->tx.credential_is_mac)
        e->tx.credential = bytes_of(e->key, sizeof e->key);
    e->tx.request_hash = e->tx.last_hash = bytes_of(e->key, sizeof e->key);
    e->tx.sender_nonce = bytes_of(e->nonce, sizeof e->nonce);
    e->unit = (struct store_unit){
        .issuer = test_issuer(), .tx_id = e->tx.transaction_id, .now = NOW, .audit = NULL};
    store_unit_write(&e->unit, STORE_INSERT, STORE_TRANSACTIONS, &e->tx);
    store_unit_write(&e->unit, STORE_INSERT, STORE_CERTIFICATES, &e->cert);
    cr_assert(store_commit_wait(store, &e->unit));
    cr_assert_eq(e->unit.outcome, STORE_DONE);
}

/* The serial of the |n|th, as tools write it. */
static inline const char *serial(uint32_t n)
{
    static char hex[4][2 * STORE_SERIAL + 1];
    static unsigned next;
    struct enrollment e = make(n);
    char *out = hex[next++ % 4];

    return log_hex(out, sizeof hex[0], bytes_of(e.serial, sizeof e.serial));
}

/* The stored row of the |n|th; it lives in the returned item's arena: free it. */
static inline struct store_fetch stored(enum store_kind kind, uint32_t n)
{
    struct enrollment e = make(n);

    return fetch_row(store, kind,
                     kind == STORE_TRANSACTIONS ? bytes_of(e.tx_id, sizeof e.tx_id)
                                                : bytes_of(e.serial, sizeof e.serial));
}

/* A certificate with the subjectAltName |san| (DER of GeneralNames), signed by its own key. */
static inline struct bytes certificate_with(struct arena *arena, struct bytes san)
{
    struct private_key *key = private_key_generate(KEY_P256, 0);
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.signature = signature, .key = key};
    struct signing *items[] = {&item};
    struct certificate_plan plan = {.serial = bytes_str("1"), .not_after = FAR, .path_len = -1, .san = san};
    struct bytes tbs, der;

    cr_assert(name_build(&plan.subject, arena, (const char *const[]){"CN", "gnb-1", NULL}));
    plan.issuer = plan.subject;
    plan.algorithm = item.algorithm = signature_for_key(private_key_kind(key));
    plan.spki = private_key_spki(key);
    cr_assert(certificate_build(&tbs, arena, &plan));
    item.message = tbs;
    sign_batch(items, 1);
    cr_assert(
        certificate_assemble(&der, arena, tbs, plan.algorithm, bytes_of(signature, item.signature_len)));
    private_key_free(key);
    return der;
}

#endif
