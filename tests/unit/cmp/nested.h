/* nested.h: an RA of the world's profile, and what it sends on for others. Included once by a test, after
 * which TestSuite takes set_up_ra and tear_down_ra. */
#ifndef CMPD_TESTS_UNIT_CMP_NESTED_H
#define CMPD_TESTS_UNIT_CMP_NESTED_H

#include "crypto/random.h"
#include "server/pki/nested.h"
#include "tests/unit/cmp/fixture.h"

static struct ctl_identity ra_identity;
static struct trust ras;
static struct client ra;

/* fresh gives |c| another transactionID, senderNonce and key, as another station has them. */
static inline void fresh(struct client *c)
{
    random_bytes(c->transaction_id, sizeof c->transaction_id);
    random_bytes(c->nonce, sizeof c->nonce);
    c->header.transaction_id = bytes_of(c->transaction_id, sizeof c->transaction_id);
    c->header.sender_nonce = bytes_of(c->nonce, sizeof c->nonce);
}

/* add_ra and remove_ra: where set_up and tear_down are called elsewhere. */
static inline void add_ra(void)
{
    issue_ra(world, &ra_identity, &ras);
    world->profile.ras = &ras;
    client_init(&ra, world, 0);
    client_sign_by(&ra, &ra_identity, &world->vendor_ca.cert_der, 1);
    fresh(&ra);
    fresh(&mac);
}

static inline void remove_ra(void)
{
    client_cleanup(&ra);
    trust_cleanup(&ras);
    ctl_identity_cleanup(&ra_identity);
    ras = (struct trust){.count = 0};
}

static inline void set_up_ra(void)
{
    set_up();
    add_ra();
}

static inline void tear_down_ra(void)
{
    remove_ra();
    tear_down();
}

/* batch sends |count| messages in one. */
static inline struct answer batch(const struct bytes *messages, size_t count)
{
    fresh(&ra);
    return world_send(world, client_nest(&ra, messages, count));
}
#define BATCH(...)                                                                                           \
    batch((const struct bytes[]){__VA_ARGS__},                                                               \
          sizeof((const struct bytes[]){__VA_ARGS__}) / sizeof(struct bytes))

/* added sends |message| with protection that was added. */
static inline struct answer added(struct bytes message)
{
    return world_send(world, client_add_protection(&ra, message));
}

#endif
