/* Requests that wait until people approve them, and are polled for meanwhile (RFC 9810 5.3.22, RFC 9483 4.4).
 * One that waits is a row of the store, with the whole message: once it is approved, the next poll takes that
 * up as if it had just come, on whatever node, and what was approved is issued. */
#include "crypto/name.h"
#include "server/cmp/approval.h"
#include "server/cmp/internal.h"
#include "storage/row.h"

enum { HOUR = 3600, DAY = 24 * HOUR, SLOT_OF_COUNT = 0, FIRST_SLOT = 1, TEXT = 512 };

/* struct cmp_waiting is what is known of a request that is to wait, or waits. */
struct cmp_waiting {
    /* It is to wait. */
    uint8_t asker[STORE_HASH], of_profile[STORE_HASH];
    const struct store_fetch *count;
    const struct store_fetch *slots[BOUND_WAITING], *holders[BOUND_WAITING];
    int slot; /* the one that is claimed; -1: none is yet */
    uint8_t count_key[STORE_CLAIM_KEY_MAX], slot_key[STORE_CLAIM_KEY_MAX];
    struct store_claim counted, claimed;
    struct store_request row;
    int64_t cert_req_id;

    /* It waits. */
    const struct store_fetch *request, *approvals[BOUND_APPROVERS];
    struct verification items[BOUND_APPROVERS];
    const char *reason, *by; /* of the denial; of all who approved */
};

static const struct config_approve_rules *rules_of(const struct cmp_message *m)
{
    return &m->profile->config->approve;
}

/* ---- is there room for it? ---- */

/* A device has as many as it may, whichever key it signs with; whoever enrolls for others is one sender. */
static void identify_asker(struct cmp_message *m, struct cmp_waiting *own)
{
    const struct cmp_device *device = cmp_device_of(m);

    cmp_holder_id(own->of_profile, "waiting", bytes_str(m->profile->config->name));
    if (device != NULL)
        cmp_holder_id(own->asker, "waits for", device->id);
    else
        cmp_holder_id(own->asker, "waiting by",
                      m->is_mac ? m->in.header.sender_kid : bytes_of(m->signer_hash, CMP_HASH));
}

static struct bytes key_of(const struct cmp_message *m, uint8_t out[STORE_CLAIM_KEY_MAX],
                           const uint8_t id[STORE_HASH], int slot)
{
    return store_claim_key(out, bytes_of(id, STORE_HASH), slot, bytes_str(m->profile->config->name));
}

enum cmp_turn cmp_ask_waiting(struct cmp_message *m)
{
    struct cmp_waiting *own;
    uint8_t *keys;

    if (m->approved != NULL || m->rules == 0)
        return CMP_ON;
    if (m->whole != NULL)
        return cmp_refuse_to_wait(m);
    if ((own = m->waiting = cmp_alloc(m, sizeof *own)) == NULL ||
        (keys = cmp_alloc(m, rules_of(m)->open * (size_t)STORE_CLAIM_KEY_MAX)) == NULL)
        return CMP_END;
    own->slot = -1;
    identify_asker(m, own);
    own->count = cmp_want_row(m, m->profile->ca, STORE_CLAIMS,
                              key_of(m, own->count_key, own->of_profile, SLOT_OF_COUNT));
    for (size_t i = 0; i < rules_of(m)->open; i++)
        own->slots[i] =
            cmp_want_row(m, m->profile->ca, STORE_CLAIMS,
                         key_of(m, keys + i * STORE_CLAIM_KEY_MAX, own->asker, FIRST_SLOT + (int)i));
    return CMP_ON;
}

static const struct store_claim *claim_in(const struct cmp_waiting *own, size_t slot)
{
    return own->slots[slot]->outcome == STORE_FOUND ? own->slots[slot]->rows : NULL;
}

/* The request that has the slot may be over. */
enum cmp_turn cmp_ask_slots(struct cmp_message *m)
{
    struct cmp_waiting *own = m->waiting;

    if (own == NULL || m->approved != NULL)
        return CMP_ON;
    for (size_t i = 0; i < rules_of(m)->open; i++) {
        if (own->slots[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (own->slot < 0 && claim_in(own, i) == NULL)
            own->slot = (int)i;
    }
    for (size_t i = 0; own->slot < 0 && i < rules_of(m)->open; i++)
        own->holders[i] = cmp_want_row(m, m->profile->ca, STORE_REQUESTS, claim_in(own, i)->serial);
    return CMP_ON;
}

static int has_room_today(const struct cmp_message *m)
{
    const struct cmp_waiting *own = m->waiting;

    return own->count->outcome != STORE_FOUND || store_claim_has_room(&own->counted, own->count->rows);
}

/* Who ends a request to send another one must not use up what there is for all. */
static int64_t count_of_slot(const struct cmp_message *m)
{
    const struct store_claim *former = claim_in(m->waiting, (size_t)m->waiting->slot);

    return former != NULL && former->day == m->now / DAY ? former->day_count : 0;
}

enum cmp_turn cmp_judge_slots(struct cmp_message *m)
{
    struct cmp_waiting *own = m->waiting;

    if (own == NULL || m->approved != NULL)
        return CMP_ON;
    own->counted = (struct store_claim){.day = m->now / DAY, .day_count = 1, .most = rules_of(m)->per_day};
    if (own->count->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (!has_room_today(m))
        return cmp_by(m, "approve.per_day",
                      cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                                      "too many requests wait for approval today: try again tomorrow, or ask "
                                      "the operator"));
    for (size_t i = 0; own->slot < 0 && i < rules_of(m)->open; i++) {
        if (own->holders[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (own->holders[i]->outcome != STORE_FOUND)
            own->slot = (int)i;
    }
    if (own->slot >= 0 && count_of_slot(m) < BOUND_WAITING_A_DAY)
        return CMP_ON;
    if (own->slot >= 0)
        return cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                               "too many requests of this sender came to wait today: try again tomorrow");
    return cmp_by(m, "approve.open",
                  cmp_refuse_body(m, PKI_BAD_REQUEST,
                                  "other requests of this sender wait for approval already: poll for those"));
}

/* ---- it waits ---- */

static void count(struct cmp_message *m, struct store_unit *unit)
{
    struct cmp_waiting *own = m->waiting;
    const struct store_claim *former = claim_in(own, (size_t)own->slot);

    own->counted = (struct store_claim){
        .claim = key_of(m, own->count_key, own->of_profile, SLOT_OF_COUNT),
        .serial = own->row.request,
        .at = m->now,
        .day = m->now / DAY,
        .day_count = 1,
        .most = rules_of(m)->per_day,
    };
    own->claimed = (struct store_claim){
        .claim = key_of(m, own->slot_key, own->asker, FIRST_SLOT + own->slot),
        .serial = own->row.request,
        .former = former != NULL ? former->serial : bytes_of(NULL, 0),
        .at = m->now,
        .day = m->now / DAY,
        .day_count = count_of_slot(m) + 1,
    };
    store_unit_write(unit, STORE_COUNT, STORE_CLAIMS, &own->counted);
    store_unit_write(unit, STORE_SWAP, STORE_CLAIMS, &own->claimed);
}

static void record_waiting(struct cmp_message *m, struct store_unit *unit)
{
    struct cmp_waiting *own = m->waiting;
    const char *rules = cmp_approve_names(m->arena, m->rules);

    cmp_begin_tx(m, unit, STORE_TX_WAITING);
    m->new_tx.cert_req_id = own->cert_req_id;
    m->new_tx.request_nonce = m->in.header.sender_nonce;
    m->new_tx.deadline = own->row.expires;
    own->row.who = m->audit.who;
    store_unit_write(unit, STORE_INSERT, STORE_REQUESTS, &own->row);
    count(m, unit);
    if (m->is_mac)
        unit->secret_reference = m->in.header.sender_kid;
    else if (m->signer_is_own)
        unit->signer_serial = m->signer->serial;
    cmp_want_unblocked(m, unit, m->is_mac ? bytes_of(NULL, 0) : m->signer->spki);
    if (cmp_device_of(m) != NULL)
        unit->device_unblocked = cmp_device_of(m)->id;
    m->audit.event = m->operation->audit;
    m->audit.outcome = "waiting";
    m->audit.detail = bytes_str(arena_printf(m->arena, "for approval (%s): %.*s", rules != NULL ? rules : "?",
                                             (int)own->row.subject.len, (const char *)own->row.subject.data));
}

/* RFC 9483 4.4: "it must place the status "waiting" in an ip/cp/kup message and for responses to other
 * request message types in an error message". */
enum cmp_turn cmp_hold_again(struct cmp_message *m, const struct cmp_operation *tells)
{
    const struct pki_status_info status = {
        .status = PKI_WAITING, .text = bytes_str("the request waits for approval: poll for the answer")};
    struct bytes body;
    enum cmp_turn turn = cmp_answer(m, tells->refusal(m, &body, &status), body);

    m->answer_body = tells->response;
    m->held = 1;
    return turn == CMP_ON ? CMP_ANSWERED : turn;
}

enum cmp_turn cmp_hold(struct cmp_message *m, const struct cmp_held *held)
{
    struct cmp_waiting *own = m->waiting;
    char *subject = cmp_alloc(m, TEXT);
    const char *device = m->result.device != NULL ? m->result.device : "";
    enum cmp_turn turn;

    if (subject == NULL)
        return CMP_END;
    own->cert_req_id = held->cert_req_id;
    own->row = (struct store_request){
        .request = cmp_request_id(bytes_of(m->request_hash, CMP_HASH)),
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->config->name),
        .body = m->in.body_type,
        .rules = (int)m->rules,
        .shard = (int)held->shard,
        .at = m->now,
        .expires = m->now + (int64_t)rules_of(m)->expire_hours * HOUR,
        .device = bytes_str(device),
        .subject = bytes_str(name_text(subject, TEXT, held->subject)),
        .message = m->in.der,
        .tbs = held->tbs,
    };
    m->result.event = "request waits for approval";
    m->result.subject = held->subject;
    m->result.detail = cmp_approve_names(m->arena, m->rules);
    turn = cmp_hold_again(m, held->tells);
    m->record = record_waiting;
    return turn;
}

/* ---- is it approved? ---- */

enum cmp_turn cmp_ask_approvals(struct cmp_message *m)
{
    const struct cmp_settings *settings = m->settings;
    struct bytes request = cmp_request_id(m->tx.request_hash);
    struct cmp_waiting *own = m->waiting = cmp_alloc(m, sizeof *own);
    uint8_t *keys = cmp_alloc(m, (settings->approver_count + 1) * (size_t)STORE_APPROVAL_KEY);

    if (own == NULL || keys == NULL)
        return CMP_END;
    own->request = cmp_want_row(m, m->profile->ca, STORE_REQUESTS, request);
    for (size_t i = 0; i < settings->approver_count; i++)
        if (config_may_approve(settings->approvers[i].config, m->profile->config->name))
            own->approvals[i] = cmp_want_row(
                m, m->profile->ca, STORE_APPROVALS,
                cmp_approval_key(keys + i * STORE_APPROVAL_KEY, request, &settings->approvers[i]));
    return CMP_ON;
}

static const struct store_approval *approval_of(const struct cmp_waiting *own, size_t approver)
{
    const struct store_fetch *fetch = own->approvals[approver];

    return fetch != NULL && fetch->outcome == STORE_FOUND ? fetch->rows : NULL;
}

/* Whoever can write to the store cannot approve: what counts is what an approver's key has signed. */
static enum cmp_turn want_verdict(struct cmp_message *m, size_t approver)
{
    const struct public_key *key = m->settings->approvers[approver].key;
    const struct store_approval *approval = approval_of(m->waiting, approver);
    struct verification *item = &m->waiting->items[approver];

    *item = (struct verification){
        .algorithm = signature_for_key(public_key_kind(key)), .key = key, .signature = approval->signature};
    if (!cmp_approval_text(&item->message, m->arena, bytes_of(m->profile->ca->id, STORE_ISSUER_ID),
                           m->waiting->request->rows, approval->approved, approval->at, approval->reason))
        return cmp_out_of_memory(m);
    cmp_want_verification(m, item);
    return CMP_ON;
}

/* What approvers have signed is for this profile: not for the one that a poll names, where it is gone. */
static int is_the_request(const struct cmp_message *m, const struct store_request *row)
{
    uint8_t hash[CMP_HASH];

    digest_compute(hash, DIGEST_SHA256, row->message);
    return bytes_equal(m->tx.request_hash, bytes_of(hash, sizeof hash)) &&
           bytes_equal(row->profile, bytes_str(m->profile->config->name));
}

enum cmp_turn cmp_ask_signatures(struct cmp_message *m)
{
    struct cmp_waiting *own = m->waiting;
    enum cmp_turn turn = CMP_ON;

    if (own->request->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    if (own->request->outcome != STORE_FOUND || !is_the_request(m, own->request->rows))
        return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                          "the request of this transaction, or its profile, is missing: ask the operator",
                          NULL);
    for (size_t i = 0; turn == CMP_ON && i < m->settings->approver_count; i++) {
        if (own->approvals[i] != NULL && own->approvals[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (approval_of(own, i) != NULL)
            turn = want_verdict(m, i);
    }
    return turn;
}

/* An approver whose certificate has ended approves nothing any more; one that is not valid yet, nothing yet.
 */
static int counts(const struct cmp_message *m, size_t approver)
{
    const struct certificate *cert = &m->settings->approvers[approver].cert;

    return approval_of(m->waiting, approver) != NULL && m->waiting->items[approver].valid &&
           cert->not_before <= m->now && m->now <= cert->not_after;
}

enum cmp_turn cmp_judge_approvals(struct cmp_message *m, enum cmp_approval *out)
{
    struct cmp_waiting *own = m->waiting;
    unsigned approved = 0;

    own->by = "";
    *out = m->tx.deadline <= m->now ? CMP_APPROVAL_EXPIRED : CMP_APPROVAL_NONE;
    for (size_t i = 0; i < m->settings->approver_count; i++) {
        const char *name = m->settings->approvers[i].config->name;
        if (own->items[i].undecided)
            return cmp_out_of_memory(m);
        if (approval_of(own, i) != NULL && !own->items[i].valid)
            m->result.warning =
                "what the store has as an approver's word has a wrong signature: who wrote it?";
        if (!counts(m, i))
            continue;
        if (!approval_of(own, i)->approved) {
            struct bytes reason = approval_of(own, i)->reason;
            own->reason = arena_printf(m->arena, "denied by %s: %.*s", name, (int)reason.len,
                                       (const char *)reason.data);
            *out = CMP_APPROVAL_DENIED;
            return CMP_ON;
        }
        approved++;
        if ((own->by = arena_printf(m->arena, "%s%s%s", own->by, approved > 1 ? ", " : "", name)) == NULL)
            return cmp_out_of_memory(m);
    }
    if (*out == CMP_APPROVAL_NONE && approved >= rules_of(m)->approvals)
        *out = CMP_APPROVAL_GIVEN;
    return CMP_ON;
}

const struct store_request *cmp_waiting_request(const struct cmp_message *m)
{
    return m->waiting->request->rows;
}

const char *cmp_denial(const struct cmp_message *m)
{
    return m->waiting->reason;
}

void cmp_tell_approvers(struct cmp_message *m)
{
    cmp_tell(m, arena_printf(m->arena, "approved by %s", m->waiting->by));
}
