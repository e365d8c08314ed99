/* world_answer.c: what must hold of every answer (world_send in world.h). */
#include "crypto/name_rules.h"
#include "server/cmp/internal.h"
#include "server/ctl/decode.h"
#include "server/pki/nested.h"
#include "server/pki/revocation.h"
#include "tests/support/must.h"
#include "tests/support/parts.h"
#include "tests/support/world_parts.h"

static const uint8_t null_dn[] = {0xa4, 0x02, 0x30, 0x00}; /* GeneralName directoryName */

/* RFC 9483 3.2 wants the same algorithm and parameters; of AES-GMAC the nonce must not be the same (RFC 9481
 * 6.2.2). */
static int has_same_mac(struct bytes answer, struct bytes request)
{
    struct mac_algorithm of[2];
    CBS cbs[] = {cbs_of(answer), cbs_of(request)};
    size_t before;

    if (!mac_parse(&of[0], &cbs[0]) || !mac_parse(&of[1], &cbs[1]) || of[1].nonce.len == 0)
        return bytes_equal(answer, request);
    before = (size_t)(of[1].nonce.data - request.data);
    return answer.len == request.len && memcmp(answer.data, request.data, before) == 0 &&
           !bytes_equal(of[0].nonce, of[1].nonce);
}

/* The MAC is the request's own (RFC 9483 3.1, 3.2). */
static void check_mac_is_that_of(const struct pki_message *in, const struct answer *answer)
{
    const struct pki_header *header = &answer->message.header;

    must(has_same_mac(header->protection_alg, in->header.protection_alg));
    /* Where a tolerance takes the CN of sender for it, the answer has what the MAC was made with. */
    must(bytes_equal(header->sender_kid,
                     in->header.sender_kid.len != 0 ? in->header.sender_kid : answer->result.reference));
}

/* By answer.signed_by of the profile that answers. */
static const struct certificate *signer_of(const struct world *world, const struct answer *answer)
{
    const struct config_profile *config =
        strcmp(answer->result.profile, world->other_config.name) == 0 ? &world->other_config : &world->config;

    if (config->answer.signed_by == CONFIG_SIGNED_BY_CA)
        return &world->issuing.cert;
    /* Who asks for the former one says so by its own checks. */
    return world->ca.former_cmp_cert.der.len != 0 && answer->message.extra_cert_count != 0 &&
                   bytes_equal(answer->message.extra_certs[0], world->ca.former_cmp_cert.der)
               ? &world->ca.former_cmp_cert
               : &world->cmp_signer.cert;
}

static void check_protection(struct world *world, const struct answer *answer)
{
    struct pki_message message = answer->message;
    struct bytes part;
    CBS alg = cbs_of(message.header.protection_alg);

    must(pki_protected_part(&part, answer->arena, &message));
    if (mac_is_mac(message.header.protection_alg)) {
        struct mac_algorithm mac;
        struct mac_key key;
        uint8_t expected[DIGEST_MAX];
        must(mac_parse(&mac, &alg));
        must(mac_derive(&key, &mac, world->secret));
        size_t len = mac_apply(expected, &mac, &key, part);
        must(bytes_equal(message.protection, bytes_of(expected, len)));
        return;
    }
    const struct certificate *signer = signer_of(world, answer);
    struct public_key *key = public_key_parse(signer->spki);
    struct verification item = {
        .algorithm = signature_parse(&alg), .key = key, .message = part, .signature = message.protection};
    struct verification *items[] = {&item};
    verify_batch(items, 1);
    public_key_free(key);
    must(item.valid);
    /* RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate" */
    must(message.extra_cert_count > 0 && bytes_equal(message.extra_certs[0], signer->der));
    must(bytes_equal(message.header.sender_name, signer->subject));
    must(bytes_equal(message.header.sender_kid, signer->key_id));
}

/* What is asked by |in| is answered by the response that belongs to it, or by an error (RFC 9810 5.1.2, 5.3).
 */
static int body_fits(const struct pki_message *in, int body)
{
    static const struct {
        int request, response;
    } pairs[] = {{PKI_IR, PKI_IP},           {PKI_CR, PKI_CP},
                 {PKI_P10CR, PKI_CP},        {PKI_KUR, PKI_KUP},
                 {PKI_CCR, PKI_CCP},         {PKI_POLLREQ, PKI_CCP},
                 {PKI_RR, PKI_RP},           {PKI_CERTCONF, PKI_PKICONF},
                 {PKI_POLLREQ, PKI_IP},      {PKI_POLLREQ, PKI_CP},
                 {PKI_POLLREQ, PKI_KUP},     {PKI_POLLREQ, PKI_RP},
                 {PKI_POLLREQ, PKI_POLLREP}, {PKI_ERROR, PKI_PKICONF},
                 {PKI_GENM, PKI_GENP},       {PKI_NESTED, PKI_NESTED}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (in->body_type == pairs[i].request && body == pairs[i].response)
            return 1;
    return body == PKI_ERROR;
}

/* struct asked is what an answer belongs to: the message that came, and, where that polled for one that is
 * decided on, the request that had waited. */
struct asked {
    struct pki_message came, of;
    enum pki_decoded decoded; /* |came| */
};

static struct asked asked_by(const struct cmp_message *message, struct bytes request)
{
    struct asked out;

    out.decoded = pki_message_decode(&out.came, NULL, request);
    out.of = out.came;
    if (message->approved != NULL)
        must(pki_message_decode(&out.of, NULL, message->approved->message) == PKI_WHOLE);
    return out;
}

/* RFC 9483 4.4: the answer that was waited for repeats the nonce of the request. */
static struct bytes nonce_for(const struct world *world, const struct answer *answer,
                              const struct asked *asked)
{
    const struct store_tx *tx = world_tx_of(world, asked->came.header.transaction_id);
    int is_final =
        asked->came.body_type == PKI_POLLREQ && answer->body != PKI_POLLREP && answer->body != PKI_ERROR;

    return is_final && tx != NULL && tx->request_nonce.len != 0 &&
                   world->config.answer.poll_nonce == CONFIG_POLL_NONCE_REQUEST
               ? tx->request_nonce
               : asked->came.header.sender_nonce;
}

/* RFC 9810 section 7: in the version of the request, or in the nearest that there is. */
static int64_t version_for(enum pki_decoded decoded, int64_t pvno)
{
    return decoded == PKI_UNREADABLE || pvno < PKI_CMP2000 ? PKI_CMP2000
           : pvno > PKI_CMP2021                            ? PKI_CMP2021
                                                           : pvno;
}

/* Every answer, protected or not, belongs to its request. */
static void check_header(const struct world *world, const struct answer *answer, const struct asked *asked)
{
    const struct pki_header *header = &answer->message.header;
    const struct pki_message *in = &asked->came;

    must(header->pvno == version_for(asked->decoded, asked->came.header.pvno));
    must(body_fits(in, answer->body));
    if (asked->decoded == PKI_UNREADABLE) {
        must(header->transaction_id.len == 0 && header->recip_nonce.len == 0);
        return;
    }
    /* An error may be of the poll, or the answer to the request. */
    must(bytes_equal(header->recip_nonce, nonce_for(world, answer, asked)) ||
         (in->body_type == PKI_POLLREQ && answer->body == PKI_ERROR &&
          bytes_equal(header->recip_nonce, world_tx_of(world, in->header.transaction_id)->request_nonce)));
    if (in->header.transaction_id.len != 0 || !answer->message.has_protection)
        must(bytes_equal(header->transaction_id, in->header.transaction_id));
    else
        must(header->transaction_id.len == 16);
    if (asked->decoded == PKI_WHOLE)
        must(bytes_equal(header->recipient, general_name_is_well_formed(asked->of.header.sender)
                                                ? asked->of.header.sender
                                                : bytes_of(null_dn, sizeof null_dn)));
    if (!answer->message.has_protection)
        return;
    /* RFC 9483 3.1 */
    must(header->sender_nonce.len == 16);
    must(header->has_message_time && header->message_time == world->now);
}

/* Without protection are only the answers to what cannot be read and, without a key or a certificate that is
 * still valid, to anything. */
static void check_bare(const struct world *world, const struct answer *answer, enum pki_decoded decoded)
{
    const struct pki_header *header = &answer->message.header;

    must(answer->result.end == (decoded == PKI_UNREADABLE ? JOB_UNREADABLE : JOB_NO_KEY));
    must(decoded == PKI_UNREADABLE || world->keys_unavailable ||
         world->now > cmp_signs_until(&world->profile));
    must(answer->body == PKI_ERROR && header->protection_alg.len == 0);
    must(answer->message.extra_cert_count == 0 && header->sender_kid.len == 0);
    must(bytes_equal(header->sender, bytes_of(null_dn, sizeof null_dn)));
}

/* What is told is what was done, and one reason where nothing was (RFC 9483 3.6.2, 3.6.4). */
static void check_status(const struct answer *answer)
{
    const struct pki_status_info *status = &answer->status;
    int refused = answer->result.refused;

    if (answer->part_count > 1) {
        parts_check(answer);
        return;
    }
    if (answer->body == PKI_PKICONF) {
        must(!refused && bytes_equal(answer->message.body, bytes_of("\x05\x00", 2)));
        return;
    }
    if (answer->body == PKI_POLLREP) {
        must(!refused);
        return;
    }
    if (status->status == PKI_WAITING) { /* RFC 9483 4.4: failInfo is prohibited */
        must(!refused && !answer->has_cert && status->fail_info == 0);
        return;
    }
    must(refused || answer->body != PKI_ERROR);
    if (answer->body == PKI_GENP || answer->body == PKI_NESTED) {
        must(!refused);
        return;
    }
    must(answer->has_cert == (!refused && answer->body != PKI_RP));
    if (refused) {
        must(status->status == PKI_REJECTION && status->text.len != 0);
        must(status->fail_info != 0 && (status->fail_info & (status->fail_info - 1)) == 0);
    } else {
        must(status->status == PKI_ACCEPTED || status->status == PKI_GRANTED_WITH_MODS ||
             status->status == PKI_KEY_UPDATE_WARNING);
        must(status->fail_info == 0);
    }
}

static void decode_body(struct answer *answer)
{
    if (parts_read(answer)) {
        if (answer->result.refused)
            answer->status = answer->parts[0].status;
        return;
    }
    if (answer->body == PKI_ERROR)
        must(pki_decode_error(&answer->status, answer->message.body));
    if (answer->body == PKI_IP || answer->body == PKI_CP || answer->body == PKI_KUP ||
        answer->body == PKI_CCP) {
        must(pki_decode_cert_rep(&answer->response, answer->message.body));
        answer->status = answer->response.status;
        answer->has_cert = answer->response.certificate.len != 0;
        if (answer->has_cert)
            must(certificate_parse(&answer->cert, answer->response.certificate));
    }
    if (answer->body == PKI_RP)
        must(pki_decode_rev_rep(&answer->status, answer->message.body));
}

/* Whatever of a request stands in an answer was of its type there, too: the tables of `cmpctl decode`, a
 * reader of their own, take all of it. */
static void read_by_tables(struct bytes reply)
{
    static FILE *nowhere;

    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    must(nowhere != NULL && decode_write(nowhere, reply));
}

static void decode_answer(struct world *world, struct answer *answer, const struct asked *asked)
{
    must(pki_message_decode(&answer->message, NULL, answer->result.reply) == PKI_WHOLE);
    answer->body = answer->message.body_type;
    must(answer->body == answer->result.reply_body);
    if (!world->without_tables)
        read_by_tables(answer->result.reply);
    decode_body(answer);
    check_status(answer);
    check_header(world, answer, asked);
    if (!answer->message.has_protection) {
        check_bare(world, answer, asked->decoded);
        return;
    }
    must(answer->result.end == JOB_ANSWERED && asked->decoded != PKI_UNREADABLE);
    check_protection(world, answer);
    if (mac_is_mac(answer->message.header.protection_alg))
        check_mac_is_that_of(&asked->of, answer);
}

/* RFC 9811 3.5: a status, and no content. Nobody but an upstream hears anything else than that it may not. */
static void check_acknowledgement(const struct world *world, const struct answer *answer,
                                  struct bytes request)
{
    enum job_end end = answer->result.end;
    struct pki_message in;

    must(pki_message_decode(&in, NULL, request) != PKI_UNREADABLE);
    must(in.body_type >= PKI_CKUANN && in.body_type <= PKI_CRLANN);
    must(answer->result.reply.len == 0 && answer->result.reply_body == -1);
    must(answer->result.refused == (end != JOB_STORED));
    must(answer->authenticated || end == JOB_FORBIDDEN);
    must(end == JOB_FORBIDDEN || world->settings.upstream_count != 0);
}

/* Information that is given decides nothing. What was announced before is not written again. */
static int is_decision(const struct answer *answer)
{
    return answer->authenticated && answer->result.reply_body != PKI_GENP &&
           answer->result.reply_body != PKI_NESTED && answer->result.end != JOB_STORED &&
           !(answer->result.refused && (answer->result.fail_info == PKI_SYSTEM_UNAVAIL ||
                                        answer->result.fail_info == PKI_SYSTEM_FAILURE));
}

/* Of each message in a batch: the answers stand in the order of the requests (RFC 9483 5.2.2.2). */
static void take_inner_answers(struct world *world, struct answer *answer, const struct cmp_inner *inner,
                               unsigned *decisions)
{
    struct bytes answers[BOUND_NESTED_MESSAGES];
    const char *why;

    must(pki_decode_nested(answers, &answer->inner_count, &why, answer->message.body));
    must(answer->inner_count == inner->count);
    answer->inner = arena_alloc(answer->arena, inner->count * sizeof *answer->inner);
    must(answer->inner != NULL);
    for (size_t i = 0; i < inner->count; i++) {
        struct answer *of = &answer->inner[i];
        *of = (struct answer){
            .arena = arena_new(BOUND_JOB_ARENA), .body = -1, .driven = inner->messages[i], .is_inner = 1};
        world_take_answer(world, of, inner->requests[i], decisions);
        must(of->result.end == JOB_BUSY || bytes_equal(of->result.reply, answers[i]));
    }
}

void world_take_answer(struct world *world, struct answer *answer, struct bytes request, unsigned *decisions)
{
    const struct cmp_message *message = answer->driven;
    struct asked asked;
    struct bytes reply;

    cmp_result(message, &answer->result);
    reply = answer->result.reply;
    while (message->inner != NULL && message->inner->is_approved && !message->result.refused) {
        request = message->inner->requests[0];
        message = message->inner->messages[0];
    }
    cmp_result(message, &answer->result);
    must(bytes_equal(reply, answer->result.reply));
    answer->result.reply = reply;
    answer->authenticated = message->authenticated;
    asked = asked_by(message, request);
    if (answer->result.end == JOB_BUSY) { /* nobody is told anything */
        must((world->undecided_at != 0 || world->macs_fail || world->decide_undecided) &&
             answer->result.reply.len == 0);
        return;
    }
    if (answer->result.end >= JOB_STORED)
        check_acknowledgement(world, answer, request);
    else
        decode_answer(world, answer, &asked);
    *decisions += is_decision(answer) && !message->answers_again;
    if (answer->body == PKI_NESTED)
        take_inner_answers(world, answer, message->inner, decisions);
}
