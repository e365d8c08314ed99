/* The row of a transaction: how it begins, and how the next message changes it (ARCHITECTURE.md,
 * "Transactions"). */
#include "crypto/name.h"
#include "server/base/log.h"
#include "server/cmp/approval.h"
#include "server/cmp/internal.h"

/* 0: messages of any time are taken. */
static uint32_t window_of(const struct cmp_message *m, const struct cmp_profile *profile)
{
    return cmp_may_tolerate(m, profile, TOLERANCE_CLOCK_OFF) ? 0
                                                             : profile->config->accept.message_time_seconds;
}

uint32_t cmp_widest_window(const struct cmp_message *m)
{
    const struct cmp_settings *settings = m->settings;
    uint32_t widest = window_of(m, m->profile);

    for (size_t i = 0; widest != 0 && i < settings->profile_count; i++) {
        uint32_t window = window_of(m, settings->profiles[i]);
        if (settings->profiles[i]->ca == m->profile->ca && (window == 0 || window > widest))
            widest = window;
    }
    return widest;
}

/* When the messages of a transaction are too old to be taken again, so that its transactionID may mean
 * another one; 0: they never are. Both ends of the window may lie between a device's clock and ours. */
static int64_t free_at(const struct cmp_message *m)
{
    uint32_t window = cmp_widest_window(m);

    return m->in.header.has_message_time && window != 0 ? m->now + 2 * (int64_t)window : 0;
}

void cmp_leave_waiting(struct cmp_message *m, struct store_unit *unit)
{
    struct cmp_forgotten *forgotten = cmp_alloc(m, sizeof *forgotten);

    unit->expect_state = STORE_TX_WAITING;
    if (forgotten != NULL)
        cmp_forget_request(unit, forgotten, m->settings, m->tx.request_hash);
}

void cmp_end_waiting(struct cmp_message *m, struct store_unit *unit)
{
    m->new_tx = m->tx;
    m->new_tx.state = STORE_TX_ENDED;
    m->new_tx.deadline = 0;
    cmp_accept(m);
    cmp_leave_waiting(m, unit);
    store_unit_write(unit, STORE_UPDATE, STORE_TRANSACTIONS, &m->new_tx);
}

/* It began when it came to wait. */
static void go_on(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state)
{
    m->new_tx = m->tx;
    m->new_tx.state = state;
    m->new_tx.deadline = 0;
    m->new_tx.free_at = m->tx.free_at != 0 ? free_at(m) : 0;
    cmp_accept(m);
    cmp_leave_waiting(m, unit);
    store_unit_write(unit, STORE_UPDATE, STORE_TRANSACTIONS, &m->new_tx);
}

void cmp_begin_tx(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state)
{
    const struct certificate *signer = m->is_mac ? NULL : m->signer;
    struct bytes none = bytes_of(NULL, 0);

    if (m->approved != NULL) {
        go_on(m, unit, state);
        return;
    }
    m->new_tx = (struct store_tx){
        .transaction_id = m->transaction_id,
        .profile = bytes_str(m->profile->config->name),
        .state = state,
        .body = m->in.body_type,
        .credential = m->is_mac ? m->in.header.sender_kid : bytes_of(m->signer_hash, CMP_HASH),
        .credential_is_mac = m->is_mac,
        .credential_key = signer != NULL ? signer->spki : none,
        .credential_name = signer != NULL ? signer->subject : none,
        .credential_kid = signer != NULL ? signer->key_id : none,
        .signer_serial = signer != NULL && m->signer_is_own ? signer->serial : none,
        .created_at = m->now,
        .free_at = free_at(m),
        .request_hash = bytes_of(m->request_hash, CMP_HASH),
    };
    cmp_accept(m);
    if (m->takes_over) {
        unit->expect_state = m->former.state;
        unit->expect_free_at = m->now;
    }
    store_unit_write(unit, m->takes_over ? STORE_UPDATE : STORE_INSERT, STORE_TRANSACTIONS, &m->new_tx);
}

void cmp_end_tx(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state)
{
    m->new_tx = m->tx;
    m->new_tx.state = state;
    m->new_tx.deadline = 0;
    m->result.serial = m->tx.serial;
    unit->expect_state = STORE_TX_WAIT_CONFIRM;
    store_unit_write(unit, STORE_UPDATE, STORE_TRANSACTIONS, &m->new_tx);
    unit->change = &m->change;
}

/* If it is no longer its successor, or was revoked itself, this changes nothing. Not beside |signer_serial|
 * of the unit, as in cmp_supersede: what is rejected may be so by who was revoked meanwhile. */
void cmp_give_back(struct cmp_message *m)
{
    m->predecessor_change = (struct store_cert_change){.serial = m->tx.signer_serial,
                                                       .only_from = STORE_CERT_VALID,
                                                       .status = STORE_CERT_VALID,
                                                       .at = m->now,
                                                       .successor = m->tx.signer_serial,
                                                       .former = &m->tx.serial};
    m->change.next = &m->predecessor_change;
}

void cmp_tell(struct cmp_message *m, const char *text)
{
    struct bytes detail = m->audit.detail;

    if (text != NULL && detail.len != 0)
        text = arena_printf(m->arena, "%s; %.*s", text, (int)detail.len, (const char *)detail.data);
    m->starved |= text == NULL;
    m->audit.detail = bytes_str(text != NULL ? text : "");
}

/* RFC 9483 5.2.2.1: a protection that is added to one message is "proof of verification and authorization" by
 * who added it; 5.2.2.2: that of a batch "MUST NOT be regarded as an indication of verification or approval".
 */
void cmp_tell_outer(struct cmp_message *m)
{
    const struct cmp_message *outer = m->outer;
    char name[NAME_TEXT_MAX];

    if (outer != NULL)
        cmp_tell(m, arena_printf(m->arena, "%s %s",
                                 outer->inner->is_approved ? "protection added by" : "in a batch of",
                                 name_text(name, sizeof name, outer->signer->subject)));
}

/* The record has the serial of the new certificate. Who asks what became of the old one finds it here, before
 * what a peer had a hand in. */
void cmp_tell_superseded(struct cmp_message *m, struct bytes serial)
{
    char hex[2 * STORE_SERIAL + 1];

    cmp_tell(m, arena_printf(m->arena, "revoked %s: superseded", log_hex(hex, sizeof hex, serial)));
}

/* Not beside |signer_serial| of a unit: of two that hold the row shared, neither could change it. */
void cmp_supersede(struct cmp_message *m, struct bytes serial, int revokes)
{
    m->predecessor_change = (struct store_cert_change){
        .serial = serial,
        .only_from = STORE_CERT_VALID,
        .required = 1,
        .status = revokes ? STORE_CERT_REVOKED : STORE_CERT_VALID,
        .reason = revokes ? CMP_SUPERSEDED : 0,
        .at = m->now,
    };
    if (revokes)
        cmp_tell_superseded(m, serial);
}

void cmp_want_unblocked(struct cmp_message *m, struct store_unit *unit, struct bytes spki)
{
    uint8_t *hash;

    if (spki.len == 0 || (hash = cmp_alloc(m, CMP_HASH)) == NULL)
        return;
    digest_compute(hash, DIGEST_SHA256, spki);
    unit->signer_unblocked = bytes_of(hash, CMP_HASH);
}

void cmp_accept(struct cmp_message *m)
{
    m->new_tx.sender_nonce = bytes_of(m->nonce, CMP_NONCE);
    m->new_tx.last_hash = bytes_of(m->request_hash, CMP_HASH);
}
