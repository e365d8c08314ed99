/* bodies.c: see bodies.h. */
#include "tests/fuzz/bodies.h"

#include "server/pki/announcement.h"
#include "server/pki/confirmation.h"
#include "server/pki/polling.h"
#include "server/pki/revocation.h"
#include "tests/fuzz/change.h"
#include "tests/support/must.h"
#include "tests/support/several.h"

enum { MANY = 4 }; /* requests in one message */

/* ---- how each is made ---- */

/* The first of several may be changed; the others are asked for with the second key. */
static struct bytes request(struct session *session, int body_type, unsigned which)
{
    struct client *client = &session->client;
    struct private_key *first = client->key;
    struct bytes bodies[MANY] = {client_body(client, body_type)};
    size_t count = body_type == PKI_IR || body_type == PKI_CR ? 1 + which / 64 : 1;

    client->key = stage.second;
    for (size_t i = 1; i < count; i++) {
        client->cert_req_id = (int64_t)i;
        bodies[i] = client_body(client, body_type);
    }
    client->cert_req_id = 0;
    client->key = first;
    return client_message(client, body_type,
                          count == 1 ? bodies[0] : joined(stage.world->arena, bodies, count));
}

static struct bytes revocation(struct session *session, int body_type, unsigned which)
{
    const struct certificate *certs[SENDERS + 1];
    struct bytes bodies[MANY];
    size_t known = 0, count = which % 16 == 15 ? 2 : 1;

    for (int i = 0; i < SENDERS; i++)
        if (stage.sessions[i].last.arena != NULL && stage.sessions[i].last.has_cert)
            certs[known++] = &stage.sessions[i].last.cert;
    certs[known++] = &stage.own_cert;
    for (size_t i = 0; i < count; i++) {
        const struct certificate *cert = certs[(known - 1 + which / 16 + i) % known];
        must(pki_encode_rev_req(&bodies[i], stage.world->arena, cert->issuer, cert->serial,
                                count == 1 ? (int64_t)(which % 16) - 1 : -1));
    }
    return client_message(&session->client, body_type,
                          count == 1 ? bodies[0] : joined(stage.world->arena, bodies, count));
}

static void follow(struct session *session)
{
    if (session->last.arena != NULL)
        client_next(&session->client, &session->last);
}

static struct bytes confirmation(struct session *session, int body_type, unsigned which)
{
    static const uint8_t zeros[32];
    const struct cert_status entry = {.cert_hash = bytes_of(zeros, sizeof zeros)};
    struct bytes body;

    if (session->last.arena != NULL && session->last.has_cert)
        return client_confirm(&session->client, &session->last, (int64_t)(which % 4) - 1);
    if (stage_has_certificate(session))
        return several_statuses(&session->client, &session->last, ~(which / 4), which / 32);
    must(pki_encode_cert_conf(&body, stage.world->arena, &entry));
    follow(session);
    return client_message(&session->client, body_type, body);
}

static struct bytes failure(struct session *session, int body_type, unsigned which)
{
    const struct pki_status_info status = {.status = PKI_REJECTION, .text = bytes_str("no")};
    struct bytes body;

    (void)which;
    must(pki_encode_error(&body, stage.world->arena, &status));
    follow(session);
    return client_message(&session->client, body_type, body);
}

static struct bytes poll(struct session *session, int body_type, unsigned which)
{
    static const int64_t ids[] = {PKI_POLL_WHOLE, 0, 0, 1};
    struct bytes body;

    must(pki_encode_poll_req(&body, stage.world->arena, ids[which % 4]));
    follow(session);
    return client_message(&session->client, body_type, body);
}

static struct bytes question(struct session *session, int body_type, unsigned which)
{
    const struct general_info infos[] = {{.number = 1 + (int)which % PKI_INFO_CRLS},
                                         {.number = 1 + (int)which / 8 % PKI_INFO_CRLS}};
    struct bytes body;

    must(pki_encode_general(&body, stage.world->arena, infos, 1 + which / 128));
    follow(session);
    return client_message(&session->client, body_type, body);
}

/* Whatever a body is, and whatever stands in it. */
static struct bytes anything(struct session *session, int body_type, unsigned which)
{
    (void)body_type;
    return client_message(&session->client, (int)which % PKI_BODY_COUNT,
                          der_tree_write(stage.world->arena, change_word(which)));
}

size_t bodies_of_all(struct bytes out[SENDERS + 1], struct bytes first)
{
    size_t count = 0;

    if (first.len != 0)
        out[count++] = first;
    for (size_t i = 0; i < SENDERS; i++)
        if (stage.sessions[i].octets.len != 0)
            out[count++] = stage.sessions[i].octets;
    if (count == 0)
        out[count++] = client_request(&stage.sessions[AS_DEVICE].client, PKI_IR);
    return count;
}

int body_is_readable(struct bytes octets)
{
    struct pki_message in;

    return pki_message_decode(&in, NULL, octets) != PKI_UNREADABLE;
}

static struct bytes nested(struct session *session, int body_type, unsigned which)
{
    struct client *client = &session->client;
    struct bytes messages[SENDERS + 1], out;
    size_t count = bodies_of_all(messages, bytes_of(NULL, 0));

    (void)body_type;
    if (which % 2 == 0 || !body_is_readable(messages[0]))
        return client_nest(client, messages, count);
    out = client_add_protection(client, messages[0]);
    stage_point(client);
    return out;
}

static struct bytes announced(int body_type, unsigned which)
{
    const struct root_update update = {.new_with_new = stage.world->vendor_root.cert_der,
                                       .old_with_new = stage.world->stranger.cert_der};
    const struct bytes three[] = {stage.world->stranger.cert_der, stage.world->device.cert_der,
                                  stage.world->vendor_root.cert_der};
    const struct revocation_notice notice = {.status = PKI_REVOCATION_NOTIFICATION,
                                             .issuer_name = stage.world->stranger_root.cert.subject,
                                             .serial = bytes_str("7"),
                                             .revoked_at = stage.world->now,
                                             .bad_since = stage.world->now,
                                             .has_reason = which % 2 == 0,
                                             .reason = which % 16};
    struct bytes out = stage.world->device.cert_der;

    if (body_type == PKI_CKUANN && which % 2 == 0)
        must(pki_encode_key_update(&out, stage.world->arena, &update));
    else if (body_type == PKI_CKUANN)
        must(pki_encode_sequence(&out, stage.world->arena, three, 3));
    else if (body_type == PKI_RANN)
        must(pki_encode_revocation_notice(&out, stage.world->arena, &notice));
    else if (body_type == PKI_CRLANN)
        must(pki_encode_sequence(&out, stage.world->arena, &stage.crl, 1));
    return out;
}

static struct bytes announcement(struct session *session, int body_type, unsigned which)
{
    struct pki_header *header = &session->client.header;

    header->message_time = stage.world->now - which / 16 % 4;
    if (body_type == PKI_CKUANN && which % 4 == 0)
        header->pvno = PKI_CMP2021;
    return client_message(&session->client, body_type, announced(body_type, which));
}

/* ---- the table ---- */

const struct body_row body_rows[BODIES] = {
    {PKI_IR, request, BY_ANYBODY, AS_IT_IS},
    {PKI_CR, request, BY_ANYBODY, AS_IT_IS},
    {PKI_P10CR, request, BY_ANYBODY, AS_IT_IS},
    {PKI_KUR, request, AS_OWN, AS_IT_IS},
    {PKI_RR, revocation, AS_OWN, AS_IT_IS},
    {PKI_CCR, request, BY_SIGNER, AS_IT_IS},
    {PKI_CERTCONF, confirmation, BY_ANYBODY, UNCONFIRMED},
    {PKI_POLLREQ, poll, BY_ANYBODY, WAITING},
    {PKI_GENM, question, BY_ANYBODY, AS_IT_IS},
    {PKI_ERROR, failure, BY_ANYBODY, UNCONFIRMED},
    {-1, anything, BY_ANYBODY, AS_IT_IS},
    {PKI_NESTED, nested, AS_RA, AS_IT_IS},
    {PKI_CKUANN, announcement, AS_UPSTREAM, AS_IT_IS},
    {PKI_CANN, announcement, AS_UPSTREAM, AS_IT_IS},
    {PKI_RANN, announcement, AS_UPSTREAM, AS_IT_IS},
    {PKI_CRLANN, announcement, AS_UPSTREAM, AS_IT_IS},
};

const struct body_row *body_row_of(int body)
{
    for (size_t i = 0; i < BODIES; i++)
        if (body_rows[i].body == body)
            return &body_rows[i];
    must(0);
    return NULL;
}

/* An RA may revoke for others. */
struct session *body_sender(struct session *session, const struct body_row *row)
{
    if (row->by == BY_SIGNER)
        return session->client.signer != NULL ? session : &stage.sessions[AS_DEVICE];
    return row->by == BY_ANYBODY || (row->body == PKI_RR && session == &stage.sessions[AS_RA])
               ? session
               : &stage.sessions[row->by];
}
