/* Which certificate a cr or p10cr is in the place of, where the profile says that it is (update.by_request):
 * RFC 9483 4.1.3 has kur for that, and there are clients that know p10cr alone. A client shows the old one by
 * signing with it. An agent signs with its own, and who has a secret that may be used again with none: so
 * what those got for which names is a claim. */
#include "crypto/name_match.h"
#include "server/cmp/internal.h"
#include "storage/row.h"

enum { PERCENT = 100 };

/* struct cmp_renewal is what is known of that. */
struct cmp_renewal {
    uint8_t id[STORE_HASH], key[STORE_CLAIM_KEY_MAX];
    const struct store_fetch *claim; /* NULL: the old one signs */
    /* The certificate that has the claim, the one before, and what the former was to replace. */
    const struct store_fetch *holds[3];
    const struct store_fetch *tx;    /* of the one that has the claim; NULL: not asked for */
    const struct store_cert *former; /* that is updated; NULL: none is */
    struct store_claim claimed;
    struct store_cert_change change;
};

/* Who got certificates that do not tell it; of what |kind| goes with that. Empty: nobody. */
static struct bytes holder(const struct cmp_message *m, const char **kind)
{
    *kind = m->agent != NULL ? "names of an agent" : "names of a reference";
    if (m->agent != NULL)
        return bytes_str(m->agent->config->name);
    return m->is_mac && m->stored_secret->reusable ? m->in.header.sender_kid : bytes_of(NULL, 0);
}

/* What |who| got for |cert|'s names. Not to be taken for a device, or a quota. */
static void identify(struct cmp_renewal *own, const char *kind, struct bytes who,
                     const struct certificate *cert)
{
    enum { KIND, WHO, SUBJECT, SAN, PARTS };
    struct name_print print = name_print(cert->subject);
    uint8_t parts[PARTS][STORE_HASH];

    digest_compute(parts[KIND], DIGEST_SHA256, bytes_str(kind));
    digest_compute(parts[WHO], DIGEST_SHA256, who);
    if (print.made)
        memcpy(parts[SUBJECT], print.octets, STORE_HASH);
    else
        digest_compute(parts[SUBJECT], DIGEST_SHA256, cert->subject);
    digest_compute(parts[SAN], DIGEST_SHA256, cert->san);
    digest_compute(own->id, DIGEST_SHA256, bytes_of(parts, sizeof parts));
}

static struct bytes key_of(const struct cmp_message *m, struct cmp_renewal *own)
{
    return store_claim_key(own->key, bytes_of(own->id, STORE_HASH), 0, bytes_str(m->profile->config->name));
}

static int has_names_of(const struct certificate *a, const struct certificate *b)
{
    return name_equal(a->subject, b->subject) &&
           (a->san.len == 0 || b->san.len == 0 ? a->san.len == b->san.len
                                               : general_names_equal(a->san, b->san));
}

/* Devices that are counted have `once` for that. */
static int is_of_signer(const struct cmp_message *m, const struct certificate *cert)
{
    return !m->is_mac && m->signer_is_own && !m->is_ra &&
           (cmp_device_of(m) == NULL || m->profile->config->devices == CONFIG_DEVICES_OPEN) &&
           has_names_of(cert, m->signer);
}

enum cmp_turn cmp_ask_former(struct cmp_message *m, const struct certificate *cert)
{
    struct cmp_renewal *own;
    struct bytes who;
    const char *kind;

    m->renewal = NULL;
    if (!cmp_has(m, CMP_MAY_UPDATE) || !m->profile->config->update.by_request)
        return CMP_ON;
    who = holder(m, &kind);
    if (who.len == 0 && !is_of_signer(m, cert))
        return CMP_ON;
    if ((own = cmp_alloc(m, sizeof *own)) == NULL)
        return CMP_END;
    m->renewal = own;
    if (who.len == 0) {
        own->former = m->stored_signer;
        return CMP_ON;
    }
    identify(own, kind, who, cert);
    own->claim = cmp_want_row(m, m->profile->ca, STORE_CLAIMS, key_of(m, own));
    return CMP_ON;
}

enum cmp_turn cmp_ask_holds(struct cmp_message *m)
{
    struct cmp_renewal *own = m->renewal;
    const struct store_claim *claim;

    if (own == NULL || own->claim == NULL || own->claim->outcome == STORE_ABSENT)
        return CMP_ON;
    if (own->claim->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    claim = own->claim->rows;
    own->holds[0] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, claim->serial);
    if (claim->former.len != 0)
        own->holds[1] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, claim->former);
    return CMP_ON;
}

static const struct store_cert *held(const struct cmp_renewal *own, size_t i)
{
    const struct store_fetch *fetch = own->holds[i];

    return fetch != NULL && fetch->outcome == STORE_FOUND ? fetch->rows : NULL;
}

static int is_held(const struct cmp_renewal *own, size_t i)
{
    return held(own, i) != NULL && held(own, i)->status == STORE_CERT_VALID;
}

/* Where several were never confirmed, one after the other, the claim has forgotten which was the last good
 * one. The transaction of each says what it was to replace. */
enum cmp_turn cmp_ask_lost(struct cmp_message *m)
{
    struct cmp_renewal *own = m->renewal;

    if (own == NULL || own->claim == NULL)
        return CMP_ON;
    for (size_t i = 0; i < 2; i++)
        if (own->holds[i] != NULL && own->holds[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
    if (!is_held(own, 0) && !is_held(own, 1) && held(own, 0) != NULL && held(own, 0)->transaction_id.len != 0)
        own->tx = cmp_want_row(m, m->profile->ca, STORE_TRANSACTIONS, held(own, 0)->transaction_id);
    return CMP_ON;
}

enum cmp_turn cmp_ask_replaced(struct cmp_message *m)
{
    struct cmp_renewal *own = m->renewal;
    const struct store_tx *tx;

    if (own == NULL || own->tx == NULL || own->tx->outcome == STORE_ABSENT)
        return CMP_ON;
    if (own->tx->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    tx = own->tx->rows;
    /* Its transactionID may have begun another one since. */
    if (bytes_equal(tx->serial, held(own, 0)->serial) && tx->replaces.len != 0)
        own->holds[2] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, tx->replaces);
    return CMP_ON;
}

static int is_early(const struct cmp_message *m, const struct store_cert *cert)
{
    return cert->not_after - m->now >
           (cert->not_after - cert->not_before) * m->profile->config->update.early_percent / PERCENT;
}

/* One that was never confirmed is no certificate to be updated; the one before it is, then. */
enum cmp_turn cmp_judge_former(struct cmp_message *m)
{
    struct cmp_renewal *own = m->renewal;

    if (own == NULL)
        return CMP_ON;
    if (own->holds[2] != NULL && own->holds[2]->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    for (size_t i = 0; i < 3 && own->former == NULL; i++)
        if (is_held(own, i))
            own->former = held(own, i);
    if (own->former != NULL && (own->former->not_after < m->now || is_early(m, own->former)))
        own->former = NULL;
    if ((own->claim != NULL && cmp_is_taken(m, own->claim->key)) ||
        (own->former != NULL && cmp_is_taken(m, own->former->serial)))
        return cmp_refuse_body(m, PKI_BAD_REQUEST, CMP_SAME_NAMES);
    if (own->claim != NULL)
        cmp_take(m, own->claim->key);
    if (own->former != NULL)
        cmp_take(m, own->former->serial);
    return CMP_ON;
}

const struct store_cert *cmp_former(const struct cmp_message *m)
{
    return m->renewal != NULL ? m->renewal->former : NULL;
}

/* Where the old one signs it has to be good: the change says so, and not |signer_serial| (cmp_supersede). */
static void supersede(struct cmp_message *m, struct store_unit *unit, struct bytes serial)
{
    struct cmp_renewal *own = m->renewal;
    int revokes = m->profile->config->update.predecessor == CONFIG_PREDECESSOR_REVOKE;
    int is_signer = m->signer_is_own && bytes_equal(m->signer->serial, own->former->serial);
    int at_once = revokes && m->grant_implicit;

    if (revokes)
        m->new_tx.replaces = own->former->serial;
    own->change = (struct store_cert_change){
        .serial = own->former->serial,
        .only_from = STORE_CERT_VALID,
        .required = is_signer,
        .status = at_once ? STORE_CERT_REVOKED : STORE_CERT_VALID,
        .reason = at_once ? CMP_SUPERSEDED : 0,
        .at = m->now,
        .successor = serial,
        .next = unit->change,
    };
    unit->change = &own->change;
    if (is_signer)
        unit->signer_serial = bytes_of(NULL, 0);
    if (at_once)
        cmp_tell_superseded(m, own->former->serial);
}

void cmp_renew(struct cmp_message *m, struct store_unit *unit, struct bytes serial)
{
    struct cmp_renewal *own = m->renewal;
    const struct store_claim *claim;

    if (own == NULL)
        return;
    if (own->former != NULL)
        supersede(m, unit, serial);
    if (own->claim == NULL)
        return;
    claim = own->claim->outcome == STORE_FOUND ? own->claim->rows : NULL;
    own->claimed = (struct store_claim){
        .claim = key_of(m, own),
        .serial = serial,
        .former = claim != NULL ? claim->serial : bytes_of(NULL, 0),
        .at = m->now,
    };
    store_unit_write(unit, STORE_SWAP, STORE_CLAIMS, &own->claimed);
}
