/* How many certificates somebody may have who enrolls for many: an agent, or whoever has a secret that may be
 * used again. Counted in the store, by the unit that issues, so that several nodes count together. */
#include "server/cmp/internal.h"
#include "storage/row.h"

enum { DAY = 24 * 60 * 60, SLOT_OF_COUNT = 0, FIRST_SLOT = 1 };

/* struct cmp_quota is what is known of that. */
struct cmp_quota {
    uint8_t id[STORE_HASH];
    const char *setting;             /* that has |most| */
    uint32_t most;                   /* a day; 0: any number */
    const struct store_fetch *count; /* NULL: nothing is counted */
    size_t slots;                    /* of certificates that await certConf; 0: any number may */
    const struct store_fetch *claims[BOUND_OPEN_TRANSACTIONS], *holders[BOUND_OPEN_TRANSACTIONS];
    int slot; /* the one that is claimed; -1: none is yet */
    uint8_t count_key[STORE_CLAIM_KEY_MAX], slot_key[STORE_CLAIM_KEY_MAX];
    struct store_claim counted, claimed;
};

static struct bytes key_of(const struct cmp_message *m, uint8_t out[STORE_CLAIM_KEY_MAX], int slot)
{
    return store_claim_key(out, bytes_of(m->quota->id, STORE_HASH), slot,
                           bytes_str(m->profile->config->name));
}

/* Whom a quota is for, and what it is. 1, or 0 if it is for nobody. A secret that may be used once needs
 * none. */
static int find(const struct cmp_message *m, struct cmp_quota *own)
{
    const struct config_mac *mac = &m->profile->config->mac;

    if (m->agent != NULL) {
        own->most = m->agent->config->per_day;
        own->setting = "accept.agents";
        cmp_holder_id(own->id, "agent", bytes_str(m->agent->config->name));
    } else if (m->is_mac && m->stored_secret->reusable) {
        own->most = mac->per_day;
        own->setting = "mac.per_day";
        own->slots = cmp_may_be_implicit(m) ? 0 : mac->open;
        cmp_holder_id(own->id, "reference", m->in.header.sender_kid);
    }
    return own->most != 0 || own->slots != 0;
}

enum cmp_turn cmp_ask_quota(struct cmp_message *m)
{
    struct cmp_quota *own = cmp_alloc(m, sizeof *own);
    uint8_t *keys;

    m->quota = NULL;
    if (own == NULL)
        return CMP_END;
    if (!find(m, own))
        return CMP_ON;
    m->quota = own;
    own->slot = -1;
    if (own->most != 0)
        own->count = cmp_want_row(m, m->profile->ca, STORE_CLAIMS, key_of(m, own->count_key, SLOT_OF_COUNT));
    keys = own->slots != 0 ? cmp_alloc(m, own->slots * STORE_CLAIM_KEY_MAX) : NULL;
    for (size_t i = 0; keys != NULL && i < own->slots; i++)
        own->claims[i] = cmp_want_row(m, m->profile->ca, STORE_CLAIMS,
                                      key_of(m, keys + i * STORE_CLAIM_KEY_MAX, FIRST_SLOT + (int)i));
    return CMP_ON;
}

static const struct store_claim *claim_in(const struct cmp_quota *own, size_t slot)
{
    return own->claims[slot]->outcome == STORE_FOUND ? own->claims[slot]->rows : NULL;
}

enum cmp_turn cmp_ask_open(struct cmp_message *m)
{
    struct cmp_quota *own = m->quota;

    for (size_t i = 0; own != NULL && i < own->slots; i++) {
        if (own->claims[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (claim_in(own, i) == NULL && own->slot < 0 && !cmp_is_taken(m, own->claims[i]->key))
            own->slot = (int)i;
    }
    for (size_t i = 0; own != NULL && own->slot < 0 && i < own->slots; i++)
        if (!cmp_is_taken(m, own->claims[i]->key))
            own->holders[i] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, claim_in(own, i)->serial);
    return CMP_ON;
}

/* Its certConf may come still. */
static int is_open(const struct cmp_message *m, const struct store_fetch *holder)
{
    const struct store_cert *cert = holder->outcome == STORE_FOUND ? holder->rows : NULL;

    return cert != NULL && cert->status == STORE_CERT_UNCONFIRMED &&
           cert->issued_at + m->profile->config->confirm.wait_seconds >= m->now;
}

static enum cmp_turn choose_slot(struct cmp_message *m)
{
    struct cmp_quota *own = m->quota;

    for (size_t i = 0; own->slot < 0 && i < own->slots; i++) {
        if (own->holders[i] == NULL)
            continue;
        if (own->holders[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (!is_open(m, own->holders[i]))
            own->slot = (int)i;
    }
    if (own->slots == 0)
        return CMP_ON;
    if (own->slot >= 0) {
        cmp_take(m, own->claims[own->slot]->key);
        return CMP_ON;
    }
    return cmp_by(m, "mac.open",
                  cmp_refuse_body(m, PKI_BAD_REQUEST,
                                  "too many certificates of this shared secret await their certConf: send "
                                  "those first, or wait"));
}

static int64_t day_of(const struct cmp_message *m)
{
    return m->now / DAY;
}

static enum cmp_turn refuse_more(struct cmp_message *m)
{
    const struct cmp_quota *own = m->quota;

    cmp_refuse_body(
        m, PKI_NOT_AUTHORIZED,
        m->agent != NULL
            ? "this agent has got too many certificates today: wait, or ask the operator"
            : "this shared secret has got too many certificates today: wait, or ask the operator");
    m->refusal.detail = m->agent != NULL ? arena_printf(m->arena, "agent %s: per_day is %u",
                                                        m->agent->config->name, own->most)
                                         : arena_printf(m->arena, "mac.per_day is %u", own->most);
    return cmp_by(m, own->setting, CMP_REFUSED);
}

static int is_counted_by(const struct cmp_message *part, struct bytes key)
{
    return !part->result.refused && part->quota != NULL && part->quota->count != NULL &&
           bytes_equal(part->quota->count->key, key);
}

static int64_t counted_before(const struct cmp_message *m)
{
    const struct cmp_message *part;
    int64_t n = 0;

    for (size_t i = 0; m->whole != NULL && (part = m->whole->inner->messages[i]) != m; i++)
        n += is_counted_by(part, m->quota->count->key);
    return n;
}

enum cmp_turn cmp_judge_quota(struct cmp_message *m)
{
    static const struct store_claim none = {.day = -1};
    struct cmp_quota *own = m->quota;

    if (own == NULL)
        return CMP_ON;
    if (own->count != NULL) {
        own->counted =
            (struct store_claim){.day = day_of(m), .day_count = 1 + counted_before(m), .most = own->most};
        if (own->count->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (!store_claim_has_room(&own->counted,
                                  own->count->outcome == STORE_FOUND ? own->count->rows : &none))
            return refuse_more(m);
    }
    return choose_slot(m);
}

/* Parts of a message count in one row of its unit: that of the first. Returns 1 if that is done. */
static int counts_with_others(struct cmp_message *m, struct bytes key)
{
    struct cmp_message *part;

    for (size_t i = 0; m->whole != NULL && (part = m->whole->inner->messages[i]) != m; i++)
        if (is_counted_by(part, key)) {
            part->quota->counted.day_count++;
            return 1;
        }
    return 0;
}

void cmp_count(struct cmp_message *m, struct store_unit *unit, struct bytes serial)
{
    struct cmp_quota *own = m->quota;
    const struct store_claim *former;

    if (own == NULL)
        return;
    if (own->count != NULL && !counts_with_others(m, own->count->key)) {
        own->counted = (struct store_claim){
            .claim = key_of(m, own->count_key, SLOT_OF_COUNT),
            .serial = serial,
            .at = m->now,
            .day = day_of(m),
            .day_count = 1,
            .most = own->most,
        };
        store_unit_write(unit, STORE_COUNT, STORE_CLAIMS, &own->counted);
    }
    if (own->slots == 0)
        return;
    former = claim_in(own, (size_t)own->slot);
    own->claimed = (struct store_claim){
        .claim = key_of(m, own->slot_key, FIRST_SLOT + own->slot),
        .serial = serial,
        .former = former != NULL ? former->serial : bytes_of(NULL, 0),
        .at = m->now,
        .day = day_of(m),
        .day_count = 1,
    };
    store_unit_write(unit, STORE_SWAP, STORE_CLAIMS, &own->claimed);
}
