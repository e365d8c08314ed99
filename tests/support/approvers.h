/* approvers.h: people who approve requests in a world (server/cmp/approval.h). Included once by a test. */
#ifndef CMPD_TESTS_SUPPORT_APPROVERS_H
#define CMPD_TESTS_SUPPORT_APPROVERS_H

#include "server/cmp/approval.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

enum { APPROVERS = 3 };

static const char *const approver_names[APPROVERS] = {"anna", "bert", "carl"};
static struct private_key *approver_keys[APPROVERS];
static struct public_key *approver_public_keys[APPROVERS];
static struct config_approver approver_configs[APPROVERS];
static struct cmp_approver approvers[APPROVERS];

/* approvers_make makes their keys, and has the settings of |world| know them. */
static inline void approvers_make(struct world *world)
{
    for (size_t i = 0; i < APPROVERS; i++) {
        struct bytes spki;
        approver_keys[i] = private_key_generate(KEY_P256, 0);
        spki = private_key_spki(approver_keys[i]);
        approver_public_keys[i] = public_key_parse(spki);
        approver_configs[i] = (struct config_approver){.name = approver_names[i]};
        approvers[i] = (struct cmp_approver){
            .config = &approver_configs[i], .cert = {.not_after = INT64_MAX}, .key = approver_public_keys[i]};
        digest_compute(approvers[i].key_hash, DIGEST_SHA256, spki);
    }
    world->settings.approvers = approvers;
    world->settings.approver_count = APPROVERS;
}

static inline void approvers_free(void)
{
    for (size_t i = 0; i < APPROVERS; i++) {
        private_key_free(approver_keys[i]);
        public_key_free(approver_public_keys[i]);
    }
}

/* approvers_request returns the row of what waits under |transaction_id|, or NULL. */
static inline struct store_request *approvers_request(struct world *world, struct bytes transaction_id)
{
    const struct store_tx *tx = world_tx_of(world, transaction_id);

    return tx == NULL ? NULL
                      : world_find(world, STORE_REQUESTS, bytes_of(world->ca.id, STORE_ISSUER_ID),
                                   cmp_request_id(tx->request_hash));
}

/* approvers_say puts the word of |approver| on what waits under |transaction_id| into the store of |world|:
 * it is |approved|, or denied. Returns its row. */
static inline struct store_approval *approvers_say(struct world *world, struct bytes transaction_id,
                                                   int approver, int approved)
{
    struct bytes issuer = bytes_of(world->ca.id, STORE_ISSUER_ID), reason = bytes_str("as seen on site");
    struct world_approval *said = &world->approvals[world->approval_count++];
    struct store_request *request = approvers_request(world, transaction_id);
    uint8_t *signature = arena_alloc(world->rows, 128), *key = arena_alloc(world->rows, STORE_APPROVAL_KEY);
    struct signing sign = {
        .algorithm = signature_for_key(KEY_P256), .key = approver_keys[approver], .signature = signature};
    struct signing *item = &sign;

    must(request != NULL &&
         cmp_approval_text(&sign.message, world->rows, issuer, request, approved, world->now, reason));
    sign_batch(&item, 1);
    memcpy(said->issuer, world->ca.id, STORE_ISSUER_ID);
    said->row =
        (struct store_approval){.approval = cmp_approval_key(key, request->request, &approvers[approver]),
                                .approved = approved,
                                .at = world->now,
                                .reason = reason,
                                .signature = bytes_of(signature, sign.signature_len)};
    return &said->row;
}

#endif
