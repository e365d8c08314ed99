/* suite.h: a store for each test anew, and what tests do to enrollments in it. Included once by a suite over
 * store.h, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_STORAGE_SUITE_H
#define CMPD_TESTS_UNIT_STORAGE_SUITE_H

#include "units.h"

static struct store *store;

static inline void set_up(void)
{
    make_url();
    store = must_open(test_url);
}

static inline void tear_down(void)
{
    store_close(store);
    remove_folder();
}

static inline void same(struct bytes a, struct bytes b, const char *what)
{
    cr_expect(bytes_equal(a, b), "%s differs", what);
}

/* confirm moves the transaction of (group, n) from |from| to CONFIRMED and its certificate to VALID. */
static inline enum store_outcome confirm(uint32_t group, uint32_t n, enum store_tx_state from,
                                         struct store_unit *out)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    struct store_cert_change change = {.serial = e.cert.serial, .status = STORE_CERT_VALID, .at = NOW};
    e.tx.state = STORE_TX_CONFIRMED;
    e.tx.deadline = 0;
    enrollment_go_on(&e, from);
    e.unit.change = &change;
    cr_assert(store_commit_wait(store, &e.unit));
    if (out != NULL) {
        *out = e.unit;
        out->row.serial = out->row.transaction_id = bytes_of(NULL, 0);
    }
    enrollment_cleanup(&e);
    return e.unit.outcome;
}

/* change_status sets the status of the certificate of (group, n), if it is |from| (0: any). */
static inline enum store_outcome change_status(uint32_t group, uint32_t n, enum store_cert_status status,
                                               int reason)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = status, .reason = reason, .at = NOW + n};
    struct store_unit unit = {
        .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
    cr_assert(store_commit_wait(store, &unit));
    enrollment_cleanup(&e);
    return unit.outcome;
}

#endif
