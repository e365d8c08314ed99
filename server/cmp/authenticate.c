/* Who sent a message: protection by signature or MAC (RFC 9810 5.1.3, RFC 9483 3.2 and 3.5). cmp_ask_proof
 * wants it verified, cmp_judge_proof judges. */
#include "crypto/name.h"
#include "crypto/random.h"
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

static const char *const same_credentials_text =
    "protect every message of a transaction with the same credentials";

/* What stands in for a secret where there is none: a message with an unknown reference costs what one with a
 * wrong secret does, so that its time tells nothing. */
static const uint8_t no_secret[16];

/* What the operation has to prove goes into the same batch as the protection; it is judged after it. */
static void want_own_proof(struct cmp_message *m)
{
    if (m->operation->prove != NULL)
        m->operation->prove(m);
}

/* Later messages carry the credentials of the first; who signed is not path-validated again (ARCHITECTURE.md,
 * "Transactions"). */
static enum cmp_turn ask_later(struct cmp_message *m)
{
    if (m->is_mac)
        cmp_want_protecting_mac(m);
    if (m->is_mac != m->tx.credential_is_mac)
        return cmp_refuse_proven(m, PKI_WRONG_INTEGRITY, same_credentials_text);
    if (m->is_mac)
        return CMP_ON;
    if (cmp_check_signature(m) != CMP_ON)
        return CMP_REFUSED;
    struct name_cache cache = {.printed = 0};

    if (cmp_check_sender(m, m->tx.credential_name, &cache) != CMP_ON ||
        cmp_check_sender_kid(m, m->tx.credential_kid) != CMP_ON)
        return CMP_REFUSED;
    m->signer_key = m->signers[0].key = public_key_parse(m->tx.credential_key);
    m->signer_count = m->signers_tried = 1;
    cmp_want_protection(m);
    return CMP_ON;
}

enum cmp_turn cmp_ask_proof(struct cmp_message *m)
{
    int begins = cmp_has(m, CMP_BEGINS);

    if (!m->in.has_protection)
        return CMP_ON;
    if (m->is_mac && !begins && cmp_check_mac(m, &m->mac) != CMP_ON)
        return CMP_REFUSED;
    /* Without its secret a message goes the same way, to be refused where a wrong MAC is. */
    if (m->is_mac && !cmp_open_secret(m, &m->mac_fault))
        m->secret = bytes_of(no_secret, sizeof no_secret);
    if (m->deferred.text != NULL) {
        cmp_want_protecting_mac(m);
        return CMP_ON;
    }
    if (!begins)
        return ask_later(m);
    if (m->is_mac)
        cmp_want_protecting_mac(m);
    else if (cmp_ask_signer(m) != CMP_ON)
        return CMP_REFUSED;
    want_own_proof(m);
    return CMP_ON;
}

/* 1 or 0, or -1 when memory was too short to tell. */
static int mac_is_right(struct cmp_message *m)
{
    uint8_t expected[DIGEST_MAX];
    struct bytes part;
    size_t len;
    int right;

    if (m->mac_key->len == 0 || !pki_protected_part(&part, m->arena, &m->in) ||
        (len = mac_apply(expected, &m->mac, m->mac_key, part)) == 0)
        return -1;
    right = len == m->in.protection.len && secret_equal(expected, m->in.protection.data, len);
    secret_wipe(expected, sizeof expected);
    return right;
}

static enum cmp_turn judge_mac(struct cmp_message *m)
{
    int right = mac_is_right(m);

    if (right < 0)
        return cmp_out_of_memory(m);
    m->mac_wrong = !right || m->mac_fault != NULL;
    m->mac_verified = !m->mac_wrong;
    /* Of the message itself whoever asks is told: there the MAC decides how the answer is protected. */
    if (m->deferred.text != NULL && !(m->mac_wrong && m->deferred.of_tx)) {
        m->refusal = m->deferred;
        return CMP_REFUSED;
    }
    if (m->mac_wrong)
        return cmp_refuse_mac(m, m->mac_fault != NULL ? m->mac_fault : "the MAC is wrong");
    /* Told only now: else the answer would tell which references exist. */
    if (!cmp_has(m, CMP_BEGINS) && !bytes_equal(m->tx.credential, m->in.header.sender_kid))
        return cmp_refuse(m, PKI_WRONG_INTEGRITY, same_credentials_text, NULL);
    return CMP_ON;
}

/* Whoever sent it is not known: it changes nothing, and is answered if it fits the transaction, or needs
 * none. */
static enum cmp_turn judge_bare(struct cmp_message *m)
{
    if (cmp_has(m, CMP_STANDS_ALONE))
        return CMP_ON;
    if (!cmp_has(m, CMP_MAY_BE_BARE) || m->is_late)
        return cmp_refuse_late(m);
    return cmp_check_recip_nonce(m);
}

enum cmp_turn cmp_judge_proof(struct cmp_message *m)
{
    enum cmp_turn turn;

    if (!m->in.has_protection)
        return judge_bare(m);
    turn = m->is_mac ? judge_mac(m) : cmp_judge_signer(m);
    if (turn != CMP_ON)
        return turn;
    /* What was approved came long ago: when and after what was judged then. */
    if (m->approved == NULL && (turn = cmp_check_time(m)) != CMP_ON)
        return cmp_by(
            m, m->in.header.has_message_time ? "accept.message_time_seconds" : "accept.message_time_required",
            turn);
    /* What has ended awaits no nonce: another certConf is told that it comes too late. */
    if (m->has_tx && !m->is_late && m->approved == NULL && (turn = cmp_check_recip_nonce(m)) != CMP_ON)
        return turn;
    if ((turn = cmp_judge_tolerated(m)) != CMP_ON || (!m->is_mac && (turn = cmp_check_key(m)) != CMP_ON))
        return turn;
    m->authenticated = 1;
    /* What is refused here ends the transaction: where it has parts, each of them says so. */
    if (!cmp_has_parts(m) &&
        ((turn = cmp_check_profile_header(m)) != CMP_ON || (turn = cmp_check_chain(m)) != CMP_ON))
        return cmp_by(m, "accept.header", turn);
    return m->is_late ? cmp_refuse_late(m) : CMP_ON;
}
