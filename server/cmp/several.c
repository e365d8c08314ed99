/* Several CertReqMsg, RevDetails or CertStatus in one message (RFC 9810 5.3.1, 5.3.9, 5.3.18).
 *
 * Each is a part: a message of its own, with the header and the protection of the whole, that is judged as if
 * it had come alone, by the profile that certProfile names for it. What is granted of them is done in one
 * commit, or nothing is; what is refused is told in the answer beside the rest.
 *
 * A part that is granted has a row of a transaction of its own, with its certificate, under an id that no
 * peer can send (store_part_id). The row of the whole has no certificate, and the answer: that of parts which
 * were refused is nowhere else. A certConf or an error for the whole is given to all of its parts, which ends
 * them in one commit, too. */
#include <stdlib.h>

#include "server/cmp/internal.h"
#include "server/pki/general.h"
#include "server/pki/polling.h"
#include "server/pki/request.h"
#include "server/pki/response.h"
#include "server/pki/several.h"
#include "storage/row.h"

_Static_assert((int)BOUND_SEVERAL <= (int)BOUND_NESTED_MESSAGES, "parts have their places");
_Static_assert((int)BOUND_SEVERAL == 8, "a text says so");
_Static_assert((int)BOUND_SEVERAL <= (int)STORE_WITH_MAX, "what is granted of them is one commit");
_Static_assert((int)BOUND_TRANSACTION_ID <= (int)STORE_WHOLE_ID_MAX, "any transaction may have parts");

/* ---- a message becomes one with parts ---- */

int cmp_may_be_several(const struct cmp_message *m)
{
    return m->whole == NULL && m->operation->of_several != NULL && !cmp_to_the_letter(m);
}

static struct cmp_inner *new_inner(struct cmp_message *m)
{
    struct cmp_inner *inner = cmp_alloc(m, sizeof *inner);

    if (inner != NULL)
        inner->parts = cmp_alloc(m, BOUND_SEVERAL * sizeof inner->parts[0]);
    return inner != NULL && inner->parts != NULL ? inner : NULL;
}

int cmp_become_several(struct cmp_message *m, size_t count)
{
    struct cmp_inner *inner = m->inner = new_inner(m);

    m->operation = m->operation->of_several;
    m->state = inner;
    if (inner == NULL)
        return 0;
    if (count > BOUND_SEVERAL)
        cmp_fault(m, PKI_BAD_REQUEST, "too many requests in one message: send 8 at most");
    else
        m->starved |= !pki_split(inner->requests, &inner->count, BOUND_SEVERAL, m->arena, m->in.body);
    return !m->starved;
}

static struct cmp_part *name_part(struct cmp_message *m, struct cmp_inner *inner, size_t at, size_t number,
                                  struct bytes request_hash)
{
    struct cmp_part *part = &inner->parts[at];

    part->transaction_id = store_part_id(part->id, m->transaction_id, number, request_hash);
    part->profile = m->profile;
    return part;
}

/* By a secret there may be fewer than by a signature: one that may be used once gets as many certificates. A
 * profile that takes no secrets says so itself. */
static enum cmp_turn check_secret(struct cmp_message *m, const struct cmp_profile *profile)
{
    const struct config_mac *mac = &profile->config->mac;

    if (!m->is_mac || !mac->allowed || m->inner->count <= mac->requests)
        return CMP_ON;
    cmp_refuse(m, PKI_NOT_AUTHORIZED,
               "by a shared secret there are too many requests in the message: send fewer at a time", NULL);
    m->refusal.detail =
        arena_printf(m->arena, "mac.requests is %u in profile %s", mac->requests, profile->config->name);
    return cmp_by(m, "mac.requests", CMP_REFUSED);
}

/* RFC 9810 5.1.1.4: the names "relate to the CertReqMsg … elements in the given order. An empty string means
 * no certificate profile name is associated with the respective CertReqMsg", and so does a missing one. */
static enum cmp_turn name_profile(struct cmp_message *m, struct cmp_part *part, size_t i)
{
    const struct cmp_profile *path = m->route.profile;
    struct bytes name = bytes_of(NULL, 0);

    part->profile = path != NULL ? path : m->settings->default_profile;
    if (i < m->in.header.cert_profile_count)
        name = pki_nth_text(cbs_of(m->in.header.cert_profiles), i);
    if (name.len != 0 && (part->profile = cmp_profile_named(m->settings, name)) == NULL)
        return cmp_refuse_name(m, name);
    if (path != NULL && part->profile != path)
        return cmp_refuse(m, PKI_BAD_REQUEST,
                          "the URL path and certProfile name different profiles: make them agree", NULL);
    if (part->profile->ca != m->profile->ca)
        return cmp_refuse(m, PKI_BAD_REQUEST,
                          "the requests are for profiles of several CAs: send a message for each CA", NULL);
    /* Who may approve for one profile may not for another (op_nested.c). */
    if (m->outer != NULL && m->outer->inner->is_approved && part->profile != m->outer->profile)
        return cmp_by(m, "accept.ras", cmp_refuse(m, PKI_NOT_AUTHORIZED, CMP_OF_ANOTHER_PROFILE, NULL));
    return check_secret(m, part->profile);
}

/* The answer, and a certConf, tell which one is meant by certReqId alone. */
static enum cmp_turn check_ids(struct cmp_message *m)
{
    int64_t ids[BOUND_SEVERAL];

    for (size_t i = 0; i < m->inner->count; i++) {
        if (!pki_peek_cert_req_id(&ids[i], m->inner->requests[i]))
            return cmp_refuse_body(m, PKI_BAD_DATA_FORMAT, "certReq is malformed");
        for (size_t j = 0; j < i; j++)
            if (ids[j] == ids[i])
                return cmp_refuse_body(m, PKI_BAD_REQUEST,
                                       "a certReqId stands twice in the message: number the requests");
    }
    return CMP_ON;
}

static enum cmp_turn prepare(struct cmp_message *m)
{
    struct bytes hash = bytes_of(m->request_hash, CMP_HASH);
    enum cmp_turn turn = CMP_ON;

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    if (m->in.header.cert_profile_count > m->inner->count)
        return cmp_refuse(m, PKI_BAD_REQUEST, CMP_SEVERAL_NAMES, NULL);
    if (m->outer != NULL)
        turn = cmp_count_inner(m, m->inner->count);
    if (turn == CMP_ON && cmp_has(m, CMP_ISSUES))
        turn = check_ids(m);
    for (size_t i = 0; turn == CMP_ON && i < m->inner->count; i++) {
        struct cmp_part *part = name_part(m, m->inner, i, i, hash);
        if (cmp_has(m, CMP_ISSUES))
            turn = name_profile(m, part, i);
    }
    return turn;
}

static int give_to_part(struct cmp_message *m, size_t n, struct bytes body)
{
    if (m->inner == NULL && (m->inner = new_inner(m)) == NULL)
        return 0;
    name_part(m, m->inner, m->inner->count, n, m->tx.request_hash);
    m->inner->requests[m->inner->count++] = body;
    return 1;
}

enum cmp_turn cmp_give_to_parts(struct cmp_message *m,
                                struct bytes (*body_for)(const struct cmp_message *m, int64_t cert_req_id))
{
    struct bytes responses[BOUND_SEVERAL];
    struct cert_response response;
    size_t count;

    if (!pki_split_cert_rep(responses, &count, BOUND_SEVERAL, m->arena, m->tx.answer))
        return cmp_out_of_memory(m);
    for (size_t i = 0; i < count; i++) {
        if (!pki_decode_cert_rep(&response, responses[i]))
            return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                              "the answer of this transaction cannot be read: ask the operator", NULL);
        if (response.certificate.len != 0 && !give_to_part(m, i, body_for(m, response.cert_req_id)))
            return cmp_out_of_memory(m);
    }
    return CMP_ON;
}

/* ---- what became of them ---- */

static int is_for_now(const struct cmp_message *part)
{
    return part->result.fail_info == PKI_SYSTEM_UNAVAIL || part->result.fail_info == PKI_SYSTEM_FAILURE;
}

static enum cmp_turn refuse_as(struct cmp_message *m, const struct cmp_message *part)
{
    m->refusal = part->refusal;
    m->refusal.in_body = 0;
    return CMP_REFUSED;
}

/* What fails for now fails as a whole: the same message, sent again, may do better. */
static enum cmp_turn join(struct cmp_message *m)
{
    enum { COPIES = 4 };
    struct bytes bodies[BOUND_SEVERAL], body = bytes_of(NULL, 0);
    size_t octets = 0, granted = 0, implicit = 0;

    for (size_t i = 0; i < m->inner->count; i++) {
        struct cmp_message *part = m->inner->messages[i];
        if (part->result.end != JOB_ANSWERED)
            return cmp_out_of_memory(m);
        if (part->result.refused && is_for_now(part))
            return refuse_as(m, part);
        part->result.reply_body = m->operation->response;
        bodies[i] = part->answer;
        octets += part->answer.len;
        granted += !part->result.refused;
        implicit += !part->result.refused && part->grant_implicit;
    }
    m->grant_implicit = granted != 0 && implicit == granted;
    m->result.event = "several requests answered";
    if (granted == 0) {
        m->result.refused = 1;
        m->result.fail_info = m->inner->messages[0]->result.fail_info;
    }
    arena_allow(m->arena, COPIES * octets);
    return cmp_answer(m, m->operation->join(&body, m->arena, bodies, m->inner->count), body);
}

enum cmp_turn cmp_refuse_with_parts(struct cmp_message *m)
{
    const struct cmp_message *refused = NULL;

    for (size_t i = 0; i < m->inner->count; i++) {
        const struct cmp_message *part = m->inner->messages[i];
        if (part->result.end != JOB_ANSWERED)
            return cmp_out_of_memory(m);
        if (part->result.refused && (refused == NULL || is_for_now(part)))
            refused = part;
    }
    return refused != NULL ? refuse_as(m, refused) : CMP_ON;
}

cmp_step *const cmp_several_run[] = {prepare, cmp_ask_room, cmp_start_inner, cmp_ask_admission, cmp_carry,
                                     join,    NULL};

cmp_step *const cmp_several_raced[] = {join, NULL};

/* ---- the unit ---- */

/* What all of them want of who signs is wanted once, by the first unit: what a part does to the certificate
 * or to the key that signs must not be seen by those after it. */
static void hoist(struct bytes *wanted, struct bytes *by_part)
{
    if (wanted->len == 0)
        *wanted = *by_part;
    if (bytes_equal(*wanted, *by_part))
        *by_part = bytes_of(NULL, 0);
}

/* Not beside a change of the same certificate that is required, as in cmp_supersede. */
static int requires(const struct store_unit *unit, struct bytes serial)
{
    const struct store_cert_change *change;

    for (; unit != NULL; unit = unit->with)
        if ((change = store_unit_required(unit)) != NULL && bytes_equal(change->serial, serial))
            return 1;
    return 0;
}

void cmp_record_parts(struct cmp_message *m, struct store_unit *unit)
{
    struct store_unit **tail = &unit->with;

    for (size_t i = 0; m->inner != NULL && i < m->inner->started; i++) {
        struct cmp_message *part = m->inner->messages[i];
        part->unit = NULL;
        if (part->record == NULL)
            continue;
        if ((*tail = cmp_alloc(m, sizeof **tail)) == NULL)
            return;
        memcpy(part->nonce, m->nonce, CMP_NONCE); /* of the answer that they share */
        cmp_fill_unit(part, *tail);
        m->starved |= part->starved;
        part->unit = *tail;
        hoist(&unit->signer_serial, &(*tail)->signer_serial);
        hoist(&unit->signer_unblocked, &(*tail)->signer_unblocked);
        hoist(&unit->device_unblocked, &(*tail)->device_unblocked);
        tail = &(*tail)->with;
    }
    if (requires(unit, unit->signer_serial))
        unit->signer_serial = bytes_of(NULL, 0);
}

void cmp_end_whole(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state)
{
    unit->audit = NULL;
    if (m->tx.state == STORE_TX_WAIT_CONFIRM) {
        cmp_end_tx(m, unit, state);
        unit->change = NULL;
        cmp_accept(m);
    }
    cmp_record_parts(m, unit);
}

static enum store_tx_state state_of(const struct cmp_message *m)
{
    return !cmp_has(m, CMP_ISSUES) ? STORE_TX_ENDED
           : m->grant_implicit     ? STORE_TX_CONFIRMED
                                   : STORE_TX_WAIT_CONFIRM;
}

void cmp_several_record(struct cmp_message *m, struct store_unit *unit)
{
    enum store_tx_state state = state_of(m);

    unit->audit = NULL; /* the parts have theirs */
    if (!m->result.refused) {
        cmp_begin_tx(m, unit, state);
        m->new_tx.implicit_confirm = m->grant_implicit;
        m->new_tx.cert_req_id = PKI_POLL_WHOLE;
        /* Upkeep ends it after its parts. */
        m->new_tx.deadline = state == STORE_TX_WAIT_CONFIRM ? m->now + cmp_confirm_seconds(m) + 1 : 0;
        m->new_tx.answer = m->answer;
        if (m->is_mac)
            unit->secret_reference = m->in.header.sender_kid;
    }
    for (size_t i = 0; i < m->inner->started; i++)
        m->inner->messages[i]->grant_implicit = m->grant_implicit;
    cmp_record_parts(m, unit);
}

/* ---- the same again ---- */

_Static_assert((int)BOUND_SEVERAL <= (int)BOUND_AUTHORITIES + (int)BOUND_SIGNERS, "their rows have places");

int cmp_several_recover(struct cmp_message *m)
{
    (void)m; /* the answer is in m->tx */
    return 1;
}

void cmp_want_issued(struct cmp_message *m)
{
    struct bytes responses[BOUND_SEVERAL];
    struct cert_response response;
    struct certificate cert;
    size_t count;

    m->row_count = 0;
    if (!pki_split_cert_rep(responses, &count, BOUND_SEVERAL, m->arena, m->tx.answer)) {
        m->starved = 1;
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (pki_decode_cert_rep(&response, responses[i]) && response.certificate.len != 0 &&
            certificate_parse(&cert, response.certificate))
            m->rows[m->row_count++] = cmp_want_row(m, m->profile->ca, STORE_CERTIFICATES, cert.serial);
}

void cmp_several_recall(struct cmp_message *m)
{
    if (cmp_has(m, CMP_ISSUES))
        cmp_want_issued(m);
}

enum cmp_turn cmp_check_issued(struct cmp_message *m, int unconfirmed)
{
    for (size_t i = 0; i < m->row_count; i++) {
        const struct store_cert *stored = m->rows[i]->rows;
        if (m->rows[i]->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        if (m->rows[i]->outcome != STORE_FOUND)
            return cmp_refuse(m, PKI_SYSTEM_FAILURE,
                              "a certificate of this transaction is missing: ask the operator", NULL);
        if (stored->status != STORE_CERT_VALID && (stored->status != STORE_CERT_UNCONFIRMED || !unconfirmed))
            return cmp_refuse(m, PKI_CERT_REVOKED,
                              "a certificate of this transaction has been revoked since: start again", NULL);
    }
    return CMP_ON;
}

/* One that was revoked is not handed out again, and the others not without it: the answer is one. */
enum cmp_turn cmp_several_again(struct cmp_message *m)
{
    if (cmp_has(m, CMP_ISSUES) && cmp_check_issued(m, 1) != CMP_ON)
        return CMP_REFUSED;
    m->grant_implicit = m->tx.implicit_confirm;
    return cmp_answer(m, 1, m->tx.answer);
}

/* ---- what they are told together ---- */

static const struct config_confirm *confirm_of(const struct cmp_message *m, size_t i)
{
    return &m->inner->parts[i].profile->config->confirm;
}

uint32_t cmp_confirm_seconds(const struct cmp_message *m)
{
    const struct cmp_message *whole = m->whole != NULL ? m->whole : m;
    uint32_t seconds = m->profile->config->confirm.wait_seconds;

    for (size_t i = 0; whole->inner != NULL && whole->inner->parts != NULL && i < whole->inner->started; i++)
        if (confirm_of(whole, i)->wait_seconds < seconds)
            seconds = confirm_of(whole, i)->wait_seconds;
    return seconds;
}

int cmp_may_be_implicit(const struct cmp_message *m)
{
    const struct cmp_message *whole = m->whole != NULL ? m->whole : m;
    int may_be = m->in.header.implicit_confirm && m->profile->config->confirm.implicit;

    for (size_t i = 0; may_be && m->whole != NULL && i < whole->inner->count; i++)
        may_be = confirm_of(whole, i)->implicit;
    return may_be;
}

/* ---- which one is it ---- */

const char *cmp_part_text(struct cmp_message *m)
{
    const struct cmp_message *whole = m->whole;
    size_t n = 0;

    if (whole == NULL || whole->inner->started < whole->inner->count)
        return NULL;
    while (whole->inner->messages[n] != m)
        n++;
    return arena_printf(m->arena, "request %zu of %zu, profile %s", n + 1, whole->inner->count,
                        m->profile->config->name);
}

/* ---- what parts take from each other ---- */

int cmp_is_taken(const struct cmp_message *m, struct bytes key)
{
    const struct cmp_message *part;

    for (size_t i = 0; m->whole != NULL && (part = m->whole->inner->messages[i]) != m; i++)
        for (size_t j = 0; !part->result.refused && j < part->taken_count; j++)
            if (bytes_equal(part->taken[j], key))
                return 1;
    return 0;
}

void cmp_take(struct cmp_message *m, struct bytes key)
{
    if (m->whole == NULL)
        return;
    if (m->taken_count == BOUND_TAKEN) /* a fault of the program */
        abort();
    m->taken[m->taken_count++] = key;
}
