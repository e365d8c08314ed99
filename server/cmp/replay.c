/* A byte-identical message is answered again (ARCHITECTURE.md, "Transactions"), from certificate and row,
 * protected anew. */
#include "server/cmp/internal.h"

static cmp_step replay_answer;

static int is_first_request(const struct cmp_message *m)
{
    return bytes_equal(m->tx.request_hash, bytes_of(m->request_hash, CMP_HASH));
}

void cmp_replay(struct cmp_message *m)
{
    const char *why;

    m->result.event = "answered again";
    m->result.detail = m->result.text = NULL;
    m->result.refused = 0;
    m->answers_again = 1;
    m->result.serial = m->tx.serial;
    m->result.subject = bytes_of(NULL, 0); /* of a certificate that lost a race, and is none */
    /* The same octets were accepted before: whoever sends them learns nothing new. If the secret is gone, the
     * answer is signed. */
    if (m->is_mac && m->secret.len == 0 && !cmp_open_secret(m, &why) && why == NULL)
        return;
    if (m->secret.len != 0 && !cmp_want_mac(m))
        return;
    if (is_first_request(m) && m->requests_cert)
        cmp_want_row(m, m->profile->ca, STORE_FETCH_CERT, m->tx.serial);
    m->next = replay_answer;
}

static void replay_answer(struct cmp_message *m)
{
    const struct store_fetch *fetch = NULL;
    struct bytes certificate;

    for (size_t i = 0; i < m->served_count; i++) {
        if (m->wants[i].kind == CMP_WANT_FETCH)
            fetch = &m->wants[i].u.fetch;
        else
            m->mac_verified = m->mac_key->len != 0;
    }
    if (fetch == NULL && m->in.body_type == PKI_RR) {
        cmp_reply_revoked(m, NULL);
        return;
    }
    if (fetch == NULL) {
        cmp_reply_pkiconf(m, NULL);
        return;
    }
    if (fetch->outcome == STORE_FETCH_UNAVAILABLE) {
        cmp_refuse_unavailable(m, NULL);
        return;
    }
    if (fetch->outcome != STORE_FOUND) {
        cmp_refuse(m, PKI_SYSTEM_FAILURE, "the certificate of this transaction is missing: ask the operator",
                   NULL);
        return;
    }
    m->request.cert_req_id = m->tx.cert_req_id;
    certificate = fetch->row.cert.certificate;
    if (fetch->row.cert.status == STORE_CERT_REVOKED || fetch->row.cert.status == STORE_CERT_HOLD) {
        cmp_refuse_body(m, PKI_CERT_REVOKED,
                        "the certificate of this transaction has been revoked since: start again", NULL);
        return;
    }
    m->grant_implicit = m->tx.implicit_confirm;
    m->granted_with_mods = m->tx.granted_with_mods;
    cmp_reply_certificate(m, certificate, NULL);
}
