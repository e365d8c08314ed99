/* ckuann, cann, rann, crlann (RFC 9810 5.3.13 to 5.3.16): what another CA announces to this one. Each is
 * on record, and the newest of its kind stored; nothing else follows from it. RFC 9811 3.5: the answer is a
 * status of HTTP alone, so the steps of an answer are not taken (acknowledge.c).
 *
 * Only certificates that the configuration names may protect one (signer.c), so a stranger costs a comparison
 * and no signature. Sent again, by whomever, it is not newer than what is stored, and changes nothing. */
#include <stdio.h>

#include "crypto/crl.h"
#include "crypto/name.h"
#include "server/base/log.h"
#include "server/cmp/internal.h"
#include "server/pki/announcement.h"

struct announced {
    char about[BOUND_ANNOUNCED_ABOUT]; /* readable */
    const struct cmp_upstream *upstream;
    struct bytes key;
    const struct store_fetch *stored;
    struct store_announcement row;
};

/* ---- what is announced ---- */

static struct announced *begin(struct cmp_message *m)
{
    return m->state = cmp_alloc(m, sizeof(struct announced));
}

static int malformed(struct cmp_message *m, const char *text)
{
    cmp_fault(m, PKI_BAD_DATA_FORMAT, text);
    return 1;
}

/* RFC 9810 5.3.13: "When using RootCaKeyUpdateContent in the ckuann message, the pvno cmp2021 MUST be used."
 */
static int decode_ckuann(struct cmp_message *m)
{
    struct announced *own = begin(m);
    struct certificate cert, link;
    struct key_update update;
    char subject[NAME_TEXT_MAX];

    if (own == NULL)
        return 0;
    if (!pki_decode_key_update(&update, m->in.body) || !certificate_parse(&cert, update.certs.new_with_new) ||
        (update.certs.new_with_old.len != 0 && !certificate_parse(&link, update.certs.new_with_old)) ||
        (update.certs.old_with_new.len != 0 && !certificate_parse(&link, update.certs.old_with_new)))
        return malformed(m, "CAKeyUpdContent is malformed");
    if (update.is_v3 && m->in.header.pvno != PKI_CMP2021)
        return malformed(m, "RootCaKeyUpdateContent needs pvno cmp2021");
    snprintf(own->about, sizeof own->about, "new root %s", name_text(subject, sizeof subject, cert.subject));
    return 1;
}

static int decode_cann(struct cmp_message *m)
{
    struct announced *own = begin(m);
    struct certificate cert;
    char subject[NAME_TEXT_MAX], serial[2 * BOUND_ANNOUNCED_SERIAL + 1];

    if (own == NULL)
        return 0;
    if (!certificate_parse(&cert, m->in.body))
        return malformed(m, "CertAnnContent is malformed");
    snprintf(own->about, sizeof own->about, "certificate %s of %s",
             log_hex(serial, sizeof serial, cert.serial), name_text(subject, sizeof subject, cert.subject));
    return 1;
}

static int decode_rann(struct cmp_message *m)
{
    struct announced *own = begin(m);
    struct revocation_notice notice;
    char issuer[NAME_TEXT_MAX], serial[2 * BOUND_ANNOUNCED_SERIAL + 1];

    if (own == NULL)
        return 0;
    if (!pki_decode_revocation_notice(&notice, m->in.body))
        return malformed(m, "RevAnnContent is malformed");
    snprintf(own->about, sizeof own->about, "certificate %s of %s, reason %lld",
             log_hex(serial, sizeof serial, notice.serial),
             name_text(issuer, sizeof issuer, notice.issuer_name),
             notice.has_reason ? (long long)notice.reason : 0LL);
    return 1;
}

/* All of them have to be CRLs; the first is told. Whether their signatures are right is for who uses them. */
static int decode_crlann(struct cmp_message *m)
{
    struct announced *own = begin(m);
    struct bytes crls[BOUND_ANNOUNCED_CRLS];
    struct crl first = {.number = 0}, crl;
    char issuer[NAME_TEXT_MAX];
    size_t count;

    if (own == NULL)
        return 0;
    if (!pki_decode_crls(crls, &count, m->in.body))
        return malformed(m, "CRLAnnContent is malformed, empty, or has too many CRLs");
    for (size_t i = 0; i < count; i++)
        if (!crl_parse(i == 0 ? &first : &crl, crls[i]))
            return malformed(m, "CRLAnnContent has a CRL that is malformed");
    snprintf(own->about, sizeof own->about, "CRL %lld of %s, %zu in all", (long long)first.number,
             name_text(issuer, sizeof issuer, first.issuer), count);
    return 1;
}

/* ---- whose it is, and is it new ---- */

struct bytes cmp_announcement_key(uint8_t out[STORE_ANNOUNCEMENT_KEY_MAX], int body, struct bytes upstream)
{
    out[0] = (uint8_t)body;
    if (upstream.len != 0)
        memcpy(out + 1, upstream.data, upstream.len);
    return bytes_of(out, 1 + upstream.len);
}

static enum cmp_turn check(struct cmp_message *m)
{
    struct announced *own = m->state;
    uint8_t *key = cmp_alloc(m, STORE_ANNOUNCEMENT_KEY_MAX);

    if (m->body_fault != NULL)
        return cmp_refuse_body(m, m->body_fail_info, m->body_fault);
    /* By it the newest is known. */
    if (!m->in.header.has_message_time)
        return cmp_refuse(m, PKI_MISSING_TIME_STAMP, "messageTime is missing", NULL);
    /* One from a far future would stay the newest for as long, whatever window the profile of the path has.
     */
    if (m->in.header.message_time > m->now + BOUND_ANNOUNCED_AHEAD)
        return cmp_refuse(m, PKI_BAD_TIME, CMP_WRONG_TIME, NULL);
    if (m->in.der.len > BOUND_ANNOUNCEMENT)
        return cmp_refuse(m, PKI_BAD_REQUEST, "the announcement is too large", NULL);
    if (key == NULL)
        return CMP_END;
    own->upstream = cmp_upstream_of(m->settings, m->signer->der);
    own->key = cmp_announcement_key(key, m->in.body_type, bytes_str(own->upstream->name));
    own->stored = cmp_want_row(m, m->profile->ca, STORE_ANNOUNCEMENTS, own->key);
    return CMP_ON;
}

/* What is protected is the same, whatever extraCerts and signature are: anybody can make others of them. */
static int is_same(const struct cmp_message *m, struct bytes stored)
{
    struct pki_message other;

    return pki_message_decode(&other, NULL, stored) == PKI_WHOLE &&
           bytes_equal(other.protected_part, m->in.protected_part);
}

static int is_known(const struct cmp_message *m, const struct announced *own)
{
    const struct store_announcement *stored = own->stored->rows;
    int64_t time = m->in.header.message_time;

    return own->stored->outcome == STORE_FOUND && stored->announced_at == time && is_same(m, stored->message);
}

/* Another one, or the same again when another one has come since. */
static int is_older(const struct cmp_message *m, const struct announced *own)
{
    const struct store_announcement *stored = own->stored->rows;

    return own->stored->outcome == STORE_FOUND && stored->announced_at > m->in.header.message_time;
}

/* One that is older than what is stored is news all the same, a revocation say: it is on record. */
static void record(struct cmp_message *m, struct store_unit *unit)
{
    struct announced *own = m->state;

    own->row = (struct store_announcement){.announcement = own->key,
                                           .upstream = bytes_str(own->upstream->name),
                                           .body = m->in.body_type,
                                           .announced_at = m->in.header.message_time,
                                           .received_at = m->now,
                                           .about = bytes_str(own->about),
                                           .message = m->in.der};
    if (!is_older(m, own))
        store_unit_write(unit, STORE_NEWER, STORE_ANNOUNCEMENTS, &own->row);
    m->audit.event = m->operation->audit;
    m->audit.outcome = is_older(m, own) ? "recorded" : "stored";
    m->audit.detail = bytes_str(arena_printf(m->arena, "upstream=%s %s", own->upstream->name, own->about));
}

/* Two in a second change places each time that they are sent by turns, and what is older is recorded each
 * time: whoever has recorded them could have a commit and a record for good as often as he likes. */
static int may_be_recorded(const struct cmp_message *m, const struct announced *own)
{
    const struct store_announcement *stored = own->stored->rows;
    int is_new = own->stored->outcome != STORE_FOUND || stored->announced_at < m->in.header.message_time;

    return is_new || cmp_take_again(m, m->in.protected_part);
}

/* RFC 9811 3.5: 201 "if the announced issue was successfully stored in a database or was already present". */
static enum cmp_turn store(struct cmp_message *m)
{
    const struct announced *own = m->state;

    if (own->stored->outcome == STORE_FETCH_UNAVAILABLE)
        return cmp_refuse_unavailable(m, NULL);
    m->result.end = JOB_STORED;
    if (is_known(m, own)) {
        m->result.event = "announcement known";
        return CMP_ON;
    }
    if (!may_be_recorded(m, own))
        return cmp_refuse(m, PKI_SYSTEM_UNAVAIL,
                          "this announcement was taken several times just now: try again later", NULL);
    m->result.event = "announcement stored";
    m->record = m->operation->record;
    return CMP_ON;
}

static cmp_step *const run[] = {check, store, NULL};

#define ANNOUNCEMENT(name, tag)                                                                              \
    const struct cmp_operation cmp_##name = {                                                                \
        .request = (tag),                                                                                    \
        .response = -1,                                                                                      \
        .flags = CMP_BEGINS | CMP_STANDS_ALONE | CMP_SIGNED | CMP_ANY_PROFILE | CMP_ANNOUNCES,               \
        .audit = #name,                                                                                      \
        .decode = decode_##name,                                                                             \
        .run = run,                                                                                          \
        .record = record,                                                                                    \
    }

ANNOUNCEMENT(ckuann, PKI_CKUANN);
ANNOUNCEMENT(cann, PKI_CANN);
ANNOUNCEMENT(rann, PKI_RANN);
ANNOUNCEMENT(crlann, PKI_CRLANN);
