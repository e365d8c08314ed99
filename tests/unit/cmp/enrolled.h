/* enrolled.h: a world in which a device has been sent its certificate and has not confirmed it, for each test
 * anew. Included once by a test, after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CMP_ENROLLED_H
#define CMPD_TESTS_UNIT_CMP_ENROLLED_H

#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client;
static struct answer first; /* the answer with the certificate */

static void begin(void)
{
    client_init(&client, world, 0);
    first = world_send(world, client_request(&client, PKI_IR));
    cr_assert(first.has_cert);
}

static void set_up(void)
{
    world = world_new(KEY_P256);
    begin();
}

static void end(void)
{
    answer_free(&first);
    client_cleanup(&client);
}

static void tear_down(void)
{
    end();
    world_free(world);
}

static struct store_cert *certificate_row(void)
{
    return world_cert_of(world, first.cert.serial);
}

static struct store_tx *row(void)
{
    return world_tx_of(world, client.header.transaction_id);
}

static void expect_untouched(void)
{
    cr_assert_eq(certificate_row()->status, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(row()->state, STORE_TX_WAIT_CONFIRM);
}

/* RFC 9483 3.6.4: after a negative response "it MUST regard the current PKI management operation as
 * terminated with failure"; the certificate goes the way of a rejected one. A new transaction begins after
 * it. */
static inline void expect_failed(void)
{
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
    cr_assert_eq(row()->state, STORE_TX_REJECTED);
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_CERT_REVOKED);
    end();
    begin();
}

#endif
