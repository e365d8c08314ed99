/* Which device asks for a certificate, and may it have another one: its row, its claims, and the certificates
 * that hold them. A claim is written by the unit that issues, so that two nodes cannot both grant it. */
#include "server/cmp/internal.h"
#include "storage/row.h"

enum { DAY = 24 * 60 * 60, PERCENT = 100 };

/* struct cmp_enrolled is what is known of the device of a message. */
struct cmp_enrolled {
    struct cmp_device device;
    uint8_t id[STORE_HASH];
    const struct store_fetch *row;
    const struct store_fetch *before[BOUND_AUTHORITIES]; /* what it is at the CAs before this one */
    size_t before_count;
    size_t slots; /* 0: enrollments are not counted */
    const struct store_fetch *claims[BOUND_DEVICE_SLOTS], *holders[BOUND_DEVICE_SLOTS];
    const struct store_fetch *txs[BOUND_DEVICE_SLOTS]; /* of holders that may never have been confirmed, … */
    const struct store_fetch *signers[BOUND_DEVICE_SLOTS]; /* … and what signed for those */
    int slot;                                              /* the one that is claimed; -1: none is yet */
    const struct store_claim *former;                      /* what is there; NULL: nothing */
    const struct store_cert *gave_way; /* the certificate that has to leave it; NULL: none has to */
    uint8_t key[STORE_CLAIM_KEY_MAX];
    struct store_claim claim;
    struct store_device recorded;
    struct bytes heir_of; /* not empty: |gave_way| was never confirmed, and was to replace this certificate */
    struct store_cert_change changes[2];
};

static const struct config_profile *config_of(const struct cmp_message *m)
{
    return m->profile->config;
}

const struct cmp_device *cmp_device_of(const struct cmp_message *m)
{
    return m->enrolled != NULL ? &m->enrolled->device : NULL;
}

static void name_device(struct cmp_message *m)
{
    const struct cmp_device *device = cmp_device_of(m);

    if (device != NULL)
        m->result.device =
            arena_printf(m->arena, "%.*s %.*s", (int)device->vendor.len, (const char *)device->vendor.data,
                         (int)device->identity.len, (const char *)device->identity.data);
}

/* What only the operator is told: which device, which rule, which setting. */
static enum cmp_turn refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                            const char *rule, const char *setting)
{
    cmp_refuse_body(m, fail_info, text);
    name_device(m);
    if (m->result.device != NULL)
        m->refusal.detail =
            arena_printf(m->arena, "device %s: %s (profile %s)", m->result.device, rule, config_of(m)->name);
    return cmp_by(m, setting, CMP_REFUSED);
}

/* ---- which device is it ---- */

const struct config_vendor *cmp_vendor_of(const struct cmp_message *m)
{
    const char *owner = m->path.end != NULL ? m->path.end->owner : NULL;

    return config_vendor_named(m->settings->vendors, m->settings->vendor_count, bytes_str(owner));
}

const char *cmp_vendor_setting(struct cmp_message *m, const char *key)
{
    const struct config_vendor *vendor = cmp_vendor_of(m);

    return vendor == NULL
               ? NULL
               : arena_printf(m->arena, "vendors[%zu].%s", (size_t)(vendor - m->settings->vendors), key);
}

/* By the vendor's rule, or, where a certificate of this CA signs, by what it was issued to. 1, or 0 if it is
 * not known. */
static int identify(struct cmp_message *m, struct cmp_enrolled *own)
{
    const struct config_vendor *vendor;
    struct cmp_device *device = &own->device;

    if (m->signer_is_own) {
        device->vendor = m->stored_signer->vendor;
        device->id = m->stored_signer->device;
        return device->id.len != 0;
    }
    if ((vendor = cmp_vendor_of(m)) == NULL)
        return 0;
    device->vendor = bytes_str(vendor->name);
    device->identity = cmp_identity(m->arena, vendor, m->signer);
    if (device->identity.len != 0)
        device->id = cmp_device_id(own->id, bytes_of(m->profile->ca->id, STORE_ISSUER_ID), device->vendor,
                                   device->identity);
    return device->id.len != 0;
}

/* A certificate of this CA that was issued before devices were told apart, or by a secret, an RA or an agent:
 * it may be updated, or a station would be stranded; where devices are listed it gets nothing else. */
static int is_let_in(const struct cmp_message *m)
{
    const struct config_profile *config = config_of(m);

    return m->signer_is_own && (config->devices != CONFIG_DEVICES_LISTED || cmp_has(m, CMP_UPDATES) ||
                                (cmp_has(m, CMP_MAY_UPDATE) && config->update.by_request));
}

/* A shared secret, an RA and an agent vouch for devices that nobody here can tell apart. */
static enum cmp_turn unknown_device(struct cmp_message *m)
{
    if (m->is_mac || m->is_ra || m->agent != NULL || is_let_in(m) ||
        cmp_must_wait(m, CONFIG_APPROVE_UNKNOWN_DEVICE) || config_of(m)->devices == CONFIG_DEVICES_OPEN)
        return CMP_ON;
    cmp_refuse_body(m, PKI_NOT_AUTHORIZED,
                    "the protecting certificate does not say which device it is of: ask the operator");
    m->refusal.detail =
        m->signer_is_own
            ? arena_printf(m->arena, "it was issued to no device that is known (profile %s)",
                           config_of(m)->name)
            : arena_printf(m->arena,
                           "identity and identity_pattern of the vendor find nothing in it (profile %s)",
                           config_of(m)->name);
    return cmp_by(m, m->signer_is_own ? "devices" : cmp_vendor_setting(m, "identity"), CMP_REFUSED);
}

static struct bytes claim_key(const struct cmp_message *m, uint8_t out[STORE_CLAIM_KEY_MAX], size_t slot)
{
    return store_claim_key(out, m->enrolled->device.id, (int)slot, bytes_str(config_of(m)->name));
}

/* Devices are of a CA. Who is blocked at one does not come in by its factory certificate at the CA that
 * follows it. */
static void want_before(struct cmp_message *m)
{
    const struct cmp_authority *seen[BOUND_AUTHORITIES] = {m->profile->ca};
    struct cmp_enrolled *own = m->enrolled;

    for (const struct cmp_profile *p = m->profile->former; p != NULL && !m->signer_is_own; p = p->former) {
        uint8_t *id = cmp_alloc(m, STORE_HASH);
        size_t i = 0;
        while (i <= own->before_count && seen[i] != p->ca)
            i++;
        if (id == NULL || i <= own->before_count || i == BOUND_AUTHORITIES)
            continue;
        seen[i] = p->ca;
        own->before[own->before_count++] =
            cmp_want_row(m, p->ca, STORE_DEVICES,
                         cmp_device_id(id, bytes_of(p->ca->id, STORE_ISSUER_ID), own->device.vendor,
                                       own->device.identity));
    }
}

enum cmp_turn cmp_find_device(struct cmp_message *m)
{
    struct cmp_enrolled *own = cmp_alloc(m, sizeof *own);
    uint8_t *keys;

    m->enrolled = NULL;
    if (own == NULL)
        return CMP_END;
    if (m->is_mac || m->is_ra || m->agent != NULL || !identify(m, own))
        return unknown_device(m);
    own->slot = -1;
    own->slots = config_of(m)->devices == CONFIG_DEVICES_OPEN ? 0 : config_of(m)->once.slots;
    m->enrolled = own;
    own->row = cmp_want_row(m, m->profile->ca, STORE_DEVICES, own->device.id);
    want_before(m);
    keys = own->slots != 0 ? cmp_alloc(m, own->slots * STORE_CLAIM_KEY_MAX) : NULL;
    for (size_t i = 0; keys != NULL && i < own->slots; i++)
        own->claims[i] =
            cmp_want_row(m, m->profile->ca, STORE_CLAIMS, claim_key(m, keys + i * STORE_CLAIM_KEY_MAX, i));
    return CMP_ON;
}

/* ---- may it enroll here at all ---- */

/* |names| has spaces between. */
static int names_profile(struct bytes names, struct bytes profile)
{
    for (size_t at = 0; at < names.len;) {
        size_t end = at;
        while (end < names.len && names.data[end] != ' ')
            end++;
        if (bytes_equal(bytes_of(names.data + at, end - at), profile))
            return 1;
        at = end + 1;
    }
    return names.len == 0;
}

/* The factory certificate, or its key. */
static int is_expected(const struct cmp_message *m, struct bytes expected)
{
    uint8_t hash[CMP_HASH];

    if (expected.len == 0 || m->signer_is_own || bytes_equal(expected, bytes_of(m->signer_hash, CMP_HASH)))
        return 1;
    digest_compute(hash, DIGEST_SHA256, m->signer->spki);
    return bytes_equal(expected, bytes_of(hash, CMP_HASH));
}

static enum cmp_turn judge_before(struct cmp_message *m)
{
    const struct cmp_enrolled *own = m->enrolled;

    for (size_t i = 0; i < own->before_count; i++) {
        const struct store_device *row = own->before[i]->outcome == STORE_FOUND ? own->before[i]->rows : NULL;
        if (own->before[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (row != NULL && row->state == STORE_DEVICE_BLOCKED)
            return refuse(m, PKI_NOT_AUTHORIZED, "this device is blocked: ask the operator",
                          "it is blocked at a CA before this one: cmpctl device unblock --ca lifts that",
                          NULL);
    }
    return CMP_ON;
}

static enum cmp_turn judge_row(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;
    const struct store_device *row;
    int is_listed = config_of(m)->devices == CONFIG_DEVICES_LISTED;

    if (own->row->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    row = own->device.row = own->row->outcome == STORE_FOUND ? own->row->rows : NULL;
    if (row == NULL && (is_listed || !m->signer_is_own) && !cmp_must_wait(m, CONFIG_APPROVE_UNKNOWN_DEVICE) &&
        is_listed)
        return refuse(m, PKI_NOT_AUTHORIZED, "this device is not listed here: ask the operator to list it",
                      "devices: listed, and cmpctl device add was not called for it", "devices");
    if (row == NULL)
        return CMP_ON;
    own->device.identity = row->identity;
    if (row->state == STORE_DEVICE_BLOCKED)
        return refuse(m, PKI_NOT_AUTHORIZED, "this device is blocked: ask the operator",
                      "cmpctl device unblock lifts that", NULL);
    if (!names_profile(row->profiles, bytes_str(config_of(m)->name)))
        return refuse(m, PKI_NOT_AUTHORIZED, "this device is not listed for this profile: ask the operator",
                      "its profiles are others (cmpctl device add --profiles)", NULL);
    if (!is_expected(m, row->expected))
        return refuse(m, PKI_NOT_AUTHORIZED,
                      "this device is listed with another certificate or key: ask the operator",
                      "its expected hash is neither of its certificate nor of its key", NULL);
    return CMP_ON;
}

/* ---- and once more ---- */

static const struct store_claim *claim_in(const struct cmp_enrolled *own, size_t slot)
{
    return own->claims[slot]->outcome == STORE_FOUND ? own->claims[slot]->rows : NULL;
}

static void choose(struct cmp_enrolled *own, size_t slot)
{
    own->slot = (int)slot;
    own->former = claim_in(own, slot);
}

static int is_of_signer(const struct cmp_message *m, const struct store_claim *claim)
{
    return claim != NULL && cmp_has(m, CMP_UPDATES) && bytes_equal(claim->serial, m->signer->serial);
}

/* The slot of the certificate that is updated, or a free one. */
static void choose_at_once(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;

    for (size_t i = 0; own->slot < 0 && i < own->slots; i++)
        if (is_of_signer(m, claim_in(own, i)))
            choose(own, i);
    for (size_t i = 0; own->slot < 0 && i < own->slots; i++)
        if (claim_in(own, i) == NULL && !cmp_is_taken(m, own->claims[i]->key))
            choose(own, i);
}

/* What is in |slot| may give way, unless a part of the same message takes the slot, or updates that. */
static int may_give_way(const struct cmp_message *m, size_t slot)
{
    const struct cmp_enrolled *own = m->enrolled;

    return own->slot < 0 && !cmp_is_taken(m, own->claims[slot]->key) &&
           !cmp_is_taken(m, claim_in(own, slot)->serial);
}

enum cmp_turn cmp_ask_holders(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;

    if (own == NULL)
        return CMP_ON;
    if (judge_before(m) != CMP_ON || judge_row(m) != CMP_ON)
        return CMP_REFUSED;
    for (size_t i = 0; i < own->slots; i++)
        if (own->claims[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
    choose_at_once(m);
    for (size_t i = 0; i < own->slots; i++)
        if (may_give_way(m, i))
            own->holders[i] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, claim_in(own, i)->serial);
    return CMP_ON;
}

static const struct store_cert *holder_in(const struct cmp_enrolled *own, size_t slot)
{
    return own->holders[slot]->outcome == STORE_FOUND ? own->holders[slot]->rows : NULL;
}

/* What is not valid may never have been in service: its transaction tells, and what it was to replace. */
enum cmp_turn cmp_ask_history(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;

    for (size_t i = 0; own != NULL && i < own->slots; i++) {
        const struct store_cert *holder = own->holders[i] != NULL ? holder_in(own, i) : NULL;
        if (own->holders[i] == NULL)
            continue;
        if (own->holders[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (holder != NULL && holder->status != STORE_CERT_VALID && holder->transaction_id.len != 0)
            own->txs[i] = cmp_want_row(m, m->profile->ca, STORE_TRANSACTIONS, holder->transaction_id);
    }
    return CMP_ON;
}

/* The transaction that |holder| was issued in, or NULL: its transactionID may have begun another since. */
static const struct store_tx *tx_of(const struct cmp_enrolled *own, size_t slot,
                                    const struct store_cert *holder)
{
    const struct store_fetch *fetch = own->txs[slot];
    const struct store_tx *tx = fetch != NULL && fetch->outcome == STORE_FOUND ? fetch->rows : NULL;

    return tx != NULL && bytes_equal(tx->serial, holder->serial) ? tx : NULL;
}

/* It was rejected, or no certConf came in time. */
static int was_never_confirmed(const struct cmp_enrolled *own, size_t slot, const struct store_cert *holder)
{
    const struct store_tx *tx = tx_of(own, slot, holder);

    return holder->status == STORE_CERT_UNCONFIRMED ||
           (tx != NULL && (tx->state == STORE_TX_REJECTED || tx->state == STORE_TX_ENDED));
}

/* The serial of what signed for |holder|, if this CA issued it; empty: it did not. */
static struct bytes signer_of(const struct cmp_enrolled *own, size_t slot, const struct store_cert *holder)
{
    const struct store_tx *tx = tx_of(own, slot, holder);

    return tx != NULL ? tx->signer_serial : bytes_of(NULL, 0);
}

/* An update that nobody confirmed leaves in service what it was to update. */
enum cmp_turn cmp_ask_updated(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;

    for (size_t i = 0; own != NULL && i < own->slots; i++) {
        const struct store_cert *holder;
        if (own->txs[i] == NULL)
            continue;
        holder = holder_in(own, i);
        if (own->txs[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (was_never_confirmed(own, i, holder) && signer_of(own, i, holder).len != 0)
            own->signers[i] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, signer_of(own, i, holder));
    }
    return CMP_ON;
}

static int is_near_end(const struct store_cert *cert, int64_t now, uint32_t percent)
{
    return cert->not_after - now <= (cert->not_after - cert->not_before) * percent / PERCENT;
}

/* What the holder in |slot|, which was never confirmed, was to update: what signed for it, if that knows it
 * as its successor. NULL: nothing. */
static const struct store_cert *updated(const struct cmp_enrolled *own, size_t slot)
{
    const struct store_fetch *signer = own->signers[slot];
    const struct store_cert *row = signer != NULL && signer->outcome == STORE_FOUND ? signer->rows : NULL;

    return row != NULL && bytes_equal(row->successor, holder_in(own, slot)->serial) ? row : NULL;
}

/* The certificate in |slot| that may be in service. */
static const struct store_cert *in_service(const struct cmp_enrolled *own, size_t slot)
{
    const struct store_cert *before = updated(own, slot);

    return before != NULL ? before : holder_in(own, slot);
}

/* A certificate that nobody confirmed never went into service; if it was an update, who has the one before
 * may update that again, and for anybody else that one counts. One of the same key is a retry of who lost it.
 * One that was purged has expired. */
static int gives_way(const struct cmp_message *m, size_t slot)
{
    const struct config_once *once = &config_of(m)->once;
    const struct cmp_enrolled *own = m->enrolled;
    const struct store_cert *holder = holder_in(own, slot);

    if (claim_in(own, slot)->allowed)
        return 1;
    if (holder != NULL && was_never_confirmed(own, slot, holder) &&
        (updated(own, slot) == NULL ||
         (m->signer_is_own && bytes_equal(m->signer->serial, updated(own, slot)->serial))))
        return 1;
    holder = in_service(own, slot);
    if (holder == NULL || holder->not_after < m->now)
        return (once->again & CONFIG_AGAIN_EXPIRED) != 0;
    if (holder->status == STORE_CERT_REVOKED)
        return (once->again & CONFIG_AGAIN_REVOKED) != 0 ||
               (holder->reason == CMP_SUPERSEDED && (once->again & CONFIG_AGAIN_SUPERSEDED) != 0);
    if (holder->status != STORE_CERT_VALID)
        return 0;
    return bytes_equal(holder->spki_hash, bytes_of(m->key_hash, CMP_HASH)) ||
           ((once->again & CONFIG_AGAIN_NEAR_END) != 0 &&
            is_near_end(holder, m->now, once->near_end_percent));
}

/* What |slot| had is left for what is issued now. */
static void take_over(struct cmp_message *m, size_t slot)
{
    struct cmp_enrolled *own = m->enrolled;
    const struct store_cert *holder = holder_in(own, slot), *before = in_service(own, slot);
    const struct store_tx *tx = holder != NULL ? tx_of(own, slot, holder) : NULL;

    choose(own, slot);
    own->gave_way = holder;
    if (before != NULL && before->status == STORE_CERT_VALID && before->not_after >= m->now &&
        !cmp_has(m, CMP_UPDATES) && !bytes_equal(before->spki_hash, bytes_of(m->key_hash, CMP_HASH)))
        m->result.warning =
            "a good certificate of this device gives way to another key: is it the same device?";
    if (tx != NULL && was_never_confirmed(own, slot, holder))
        own->heir_of = tx->replaces;
    if (before != holder && before != NULL && before->status == STORE_CERT_VALID &&
        !cmp_has(m, CMP_UPDATES) && config_of(m)->once.former == CONFIG_PREDECESSOR_REVOKE)
        own->heir_of = before->serial;
}

static enum cmp_turn choose_from_holders(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;

    for (size_t i = 0; own->slot < 0 && i < own->slots; i++) {
        if (own->signers[i] != NULL && own->signers[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (own->holders[i] != NULL && gives_way(m, i))
            take_over(m, i);
    }
    if (own->slot >= 0)
        return CMP_ON;
    for (size_t i = 0; i < own->slots; i++)
        if (cmp_is_taken(m, own->claims[i]->key))
            return refuse(
                m, PKI_DUPLICATE_CERT_REQ,
                "another request of the message gets the last certificate that this device may have "
                "of this profile: ask for fewer",
                "once.slots are taken, one of them by another request of the message", "once.slots");
    if (cmp_must_wait(m, CONFIG_APPROVE_SECOND_CERTIFICATE)) {
        if (m->whole != NULL)
            return cmp_refuse_to_wait(m);
        take_over(m, 0); /* as cmpctl device allow has it */
        return CMP_ON;
    }
    return refuse(
        m, PKI_DUPLICATE_CERT_REQ,
        "this device has a certificate of this profile already: ask the operator to allow another",
        "once.slots are taken, once.again makes no room, and this is another key: a copied certificate, or "
        "a station that lost its key; cmpctl device allow lets it enroll once more",
        "once.slots");
}

/* Under which its enrollments of today are counted. */
static int64_t day_of(const struct cmp_message *m)
{
    const struct store_claim *former = m->enrolled->former;

    return former != NULL ? store_claim_day(former, m->now / DAY) : m->now / DAY;
}

static int64_t count_of_day(const struct cmp_message *m)
{
    const struct store_claim *former = m->enrolled->former;

    return former != NULL && former->day == day_of(m) ? former->day_count : 0;
}

enum cmp_turn cmp_judge_device(struct cmp_message *m)
{
    struct cmp_enrolled *own = m->enrolled;
    uint32_t per_day = config_of(m)->once.per_day;

    if (own == NULL)
        return CMP_ON;
    name_device(m);
    if (own->slots == 0)
        return CMP_ON;
    if (own->slot < 0 && choose_from_holders(m) != CMP_ON)
        return CMP_REFUSED;
    if (per_day != 0 && count_of_day(m) >= per_day)
        return refuse(m, PKI_NOT_AUTHORIZED,
                      "this device has enrolled too often today: wait, or ask the operator",
                      "it has had as many certificates today as once.per_day allows", "once.per_day");
    if (cmp_is_taken(m, own->heir_of))
        return cmp_refuse_body(m, PKI_BAD_REQUEST, CMP_SAME_NAMES);
    cmp_take(m, own->claims[own->slot]->key);
    if (own->gave_way != NULL)
        cmp_take(m, own->gave_way->serial);
    if (own->heir_of.len != 0)
        cmp_take(m, own->heir_of);
    return CMP_ON;
}

/* ---- the unit ---- */

/* Who approves that an unknown device enrolls has it listed by that. */
static int was_let_in(const struct cmp_message *m)
{
    return m->approved != NULL && (m->approved->rules & CONFIG_APPROVE_UNKNOWN_DEVICE) != 0;
}

static void record_device(struct cmp_message *m, struct store_unit *unit)
{
    struct cmp_enrolled *own = m->enrolled;

    if (own->device.row != NULL ||
        (!was_let_in(m) && (m->signer_is_own || config_of(m)->devices != CONFIG_DEVICES_RECORD)))
        return;
    own->recorded = (struct store_device){
        .device = own->device.id,
        .state = STORE_DEVICE_KNOWN,
        .vendor = own->device.vendor,
        .identity = own->device.identity,
        .added_at = m->now,
        .changed_at = m->now,
    };
    store_unit_write(unit, STORE_ONCE, STORE_DEVICES, &own->recorded);
}

static void revoke(struct cmp_message *m, struct store_unit *unit, struct store_cert_change *change,
                   struct bytes serial, enum store_cert_status only_from)
{
    *change = (struct store_cert_change){
        .serial = serial,
        .only_from = only_from,
        /* Another one is, or nobody has looked whether it is still good. */
        .required = unit->change == NULL && bytes_equal(serial, m->enrolled->gave_way->serial),
        .status = STORE_CERT_REVOKED,
        .reason = CMP_SUPERSEDED,
        .at = m->now,
        .next = unit->change,
    };
    unit->change = change;
    cmp_tell_superseded(m, serial);
}

/* One that was never confirmed is revoked at once, and one on hold as well; a good one when the new one is
 * good. So is the one that an unconfirmed one was to replace: the new one replaces it now. Of what is updated
 * update.predecessor says that, and a unit changes it once. */
static void leave_slot(struct cmp_message *m, struct store_unit *unit)
{
    struct cmp_enrolled *own = m->enrolled;
    const struct store_cert *cert = own->gave_way;
    struct bytes good = own->heir_of;

    if (cert == NULL)
        return;
    if (cert->status == STORE_CERT_VALID && config_of(m)->once.former == CONFIG_PREDECESSOR_REVOKE)
        good = cert->serial;
    if (cert->status == STORE_CERT_UNCONFIRMED || cert->status == STORE_CERT_HOLD)
        revoke(m, unit, &own->changes[0], cert->serial, cert->status);
    if (good.len == 0 || (cmp_has(m, CMP_UPDATES) && bytes_equal(good, m->signer->serial)))
        return;
    m->new_tx.replaces = good;
    if (!m->grant_implicit)
        return;
    revoke(m, unit, &own->changes[1], good, STORE_CERT_VALID);
    /* Not beside |signer_serial|, as in cmp_supersede: it is the required one instead. */
    if (bytes_equal(unit->signer_serial, good)) {
        unit->signer_serial = bytes_of(NULL, 0);
        own->changes[0].required = 0;
        own->changes[1].required = 1;
    }
}

void cmp_claim(struct cmp_message *m, struct store_unit *unit, struct bytes serial)
{
    struct cmp_enrolled *own = m->enrolled;

    if (own == NULL)
        return;
    unit->device_unblocked = own->device.id;
    if (own->slots == 0)
        return;
    record_device(m, unit);
    own->claim = (struct store_claim){
        .claim = claim_key(m, own->key, (size_t)own->slot),
        .serial = serial,
        .former = own->former != NULL ? own->former->serial : bytes_of(NULL, 0),
        /* For another one to be enrolled: an update makes no use of it. */
        .allowed = is_of_signer(m, own->former) && own->former->allowed,
        .at = m->now,
        .day = day_of(m),
        .day_count = count_of_day(m) + 1,
    };
    store_unit_write(unit, STORE_SWAP, STORE_CLAIMS, &own->claim);
    leave_slot(m, unit);
}

enum cmp_turn cmp_refuse_blocked_device(struct cmp_message *m)
{
    return refuse(m, PKI_NOT_AUTHORIZED, "this device is blocked: ask the operator",
                  "cmpctl device unblock lifts that", NULL);
}
