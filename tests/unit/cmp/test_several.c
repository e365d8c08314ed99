/* several.c: several CertReqMsg, RevDetails or CertStatus in one message (RFC 9810 5.3.1, 5.3.9, 5.3.18). */
#include "tests/support/several.h"

#include "crypto/random.h"
#include "server/cmp/internal.h"
#include "storage/row.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(several, .init = set_up, .fini = tear_down);

static const struct store_tx *whole_tx(const struct client *c)
{
    return world_tx_of(world, c->header.transaction_id);
}

static struct store_cert *cert_of(const struct answer *answer, size_t i)
{
    return world_cert_of(world, answer->parts[i].cert.serial);
}

static enum store_tx_state state_of(const struct answer *answer, size_t i)
{
    const struct store_tx *tx = world_tx_of(world, cert_of(answer, i)->transaction_id);

    cr_assert_not_null(tx);
    return tx->state;
}

static void expect_granted(const struct answer *answer, int body, size_t count)
{
    cr_assert_eq(answer->body, body, "body %s: %s", pki_body_name(answer->body),
                 answer->result.text != NULL ? answer->result.text : "");
    cr_assert_eq(answer->part_count, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect(answer->parts[i].has_cert, "part %zu: %.*s", i, (int)answer->parts[i].status.text.len,
                  (const char *)answer->parts[i].status.text.data);
        cr_expect_eq(answer->parts[i].response.cert_req_id, (int64_t)i);
    }
}

static void expect_part_refused(const struct answer *answer, size_t i, enum pki_failure failure)
{
    cr_assert_lt(i, answer->part_count);
    cr_expect_eq(answer->parts[i].status.fail_info, UINT64_C(1) << failure, "part %zu: %llx, %.*s", i,
                 (unsigned long long)answer->parts[i].status.fail_info, (int)answer->parts[i].status.text.len,
                 (const char *)answer->parts[i].status.text.data);
}

/* ---- all of them ---- */

/* RFC 9810 C.4: "For this profile, we mandate that the end entity MUST include all (i.e., one or two)
 * CertReqMsg in a single PKIMessage and that the PKI (CA) MUST produce a single response PKIMessage that
 * contains the complete response […]"
 * RFC 9810 C.4: "MUST contain the response to the second request in the corresponding ir message"
 * RFC 9810 5.3.4: "which has a status value for each certificate requested" */
Test(several, each_is_granted_and_all_in_one_commit)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t c = 0; c < 2; c++) {
        unsigned seen = world->commits_seen;
        size_t before = world->cert_count;
        struct answer answer = world_send(world, several_requests(clients[c], c == 0 ? PKI_IR : PKI_CR, 3));
        expect_granted(&answer, c == 0 ? PKI_IP : PKI_CP, 3);
        cr_expect_eq(world->commits_seen, seen + 1);
        cr_expect_eq(world->cert_count, before + 3);
        cr_expect_eq(whole_tx(clients[c])->state, STORE_TX_WAIT_CONFIRM);
        for (size_t i = 0; i < 3; i++) {
            cr_expect_eq(state_of(&answer, i), STORE_TX_WAIT_CONFIRM);
            cr_expect_eq(cert_of(&answer, i)->status, STORE_CERT_UNCONFIRMED);
            /* whoever asks for the certificates of a transaction finds them by its transactionID */
            cr_expect(bytes_equal(store_whole_id(cert_of(&answer, i)->transaction_id),
                                  clients[c]->header.transaction_id));
        }
        struct answer confirmed = world_send(world, several_statuses(clients[c], &answer, 7, 0));
        expect_pkiconf(&confirmed);
        cr_expect_eq(world->commits_seen, seen + 2);
        cr_expect_eq(whole_tx(clients[c])->state, STORE_TX_CONFIRMED);
        for (size_t i = 0; i < 3; i++) {
            cr_expect_eq(state_of(&answer, i), STORE_TX_CONFIRMED);
            cr_expect_eq(cert_of(&answer, i)->status, STORE_CERT_VALID);
        }
        answer_free(&answer);
        world_check(world);
    }
}

/* Each has its record; three of the request, three of the certConf. */
Test(several, each_is_on_record)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 3)), confirmed;

    cr_expect_eq(world->audits, 3);
    confirmed = world_send(world, several_statuses(&client, &answer, 7, 2));
    expect_pkiconf(&confirmed);
    cr_expect_eq(world->audits, 6);
    answer_free(&answer);
}

/* RFC 9810 5.1.1.1 is about the message: all of its certificates, or none. */
Test(several, implicitConfirm_is_for_all)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), again;
    expect_granted(&answer, PKI_IP, 2);
    cr_expect(answer.message.header.implicit_confirm);
    cr_expect_eq(whole_tx(&client)->state, STORE_TX_CONFIRMED);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(cert_of(&answer, i)->status, STORE_CERT_VALID);
    again = world_send(world, several_statuses(&client, &answer, 3, 0));
    expect_error(&again, PKI_CERT_CONFIRMED);
    answer_free(&answer);
}

/* RFC 9483 has devices that confirm all the same. */
Test(several, a_certConf_after_implicitConfirm_is_tolerated_for_all)
{
    world->config.tolerances.until[TOLERANCE_CONFIRM_AFTER_IMPLICIT] = INT64_MAX;
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), again;
    expect_granted(&answer, PKI_IP, 2);
    again = world_send(world, several_statuses(&client, &answer, 3, 0));
    expect_pkiconf(&again);
    answer_free(&answer);
}

/* ---- some of them ---- */

/* The proof of possession of one is that of another. */
static struct bytes with_wrong_proof(struct client *c, size_t count, size_t wrong)
{
    struct bytes bodies[BOUND_SEVERAL];

    for (size_t i = 0; i < count; i++) {
        bodies[i] = next_request(c, (int64_t)i);
        if (i == wrong) {
            bodies[i] = arena_copy(world->arena, bodies[i]);
            ((uint8_t *)(uintptr_t)bodies[i].data)[bodies[i].len - 1] ^= 1;
        }
    }
    return client_message(c, PKI_IR, joined(world->arena, bodies, count));
}

/* RFC 9810 5.3.4: "Only one of the failInfo (in PKIStatusInfo) and certificate (in CertifiedKeyPair) fields
 * can be present in each CertResponse" */
Test(several, one_that_fails_is_refused_beside_the_rest)
{
    for (size_t wrong = 0; wrong < 3; wrong++) {
        random_bytes(client.transaction_id, sizeof client.transaction_id);
        size_t before = world->cert_count;
        struct answer answer = world_send(world, with_wrong_proof(&client, 3, wrong)), confirmed;
        cr_assert_eq(answer.part_count, 3);
        for (size_t i = 0; i < 3; i++)
            cr_expect_eq(answer.parts[i].has_cert, i != wrong);
        expect_part_refused(&answer, wrong, PKI_BAD_POP);
        cr_expect_eq(world->cert_count, before + 2);
        cr_expect_not(answer.result.refused);
        confirmed = world_send(world, several_statuses(&client, &answer, 7, 0));
        expect_pkiconf(&confirmed);
        cr_expect_eq(whole_tx(&client)->state, STORE_TX_CONFIRMED);
        answer_free(&answer);
        client.header.recip_nonce = bytes_of(NULL, 0);
    }
    world_check(world);
}

Test(several, none_that_is_granted_begins_no_transaction)
{
    world->decide_refuses = 1;
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));
    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.result.refused && !answer.parts[0].has_cert && !answer.parts[1].has_cert);
    cr_expect_not(answer.message.header.confirm_wait_time != 0);
    cr_expect_eq(world->tx_count, 0);
    cr_expect_eq(world->audits, 2);
    answer_free(&answer);
}

/* What the store alone can tell: the others are granted without it. */
Test(several, a_key_that_is_in_use_is_refused_and_the_rest_is_committed)
{
    struct bytes bodies[3], one;

    world->config.keys.unique = 1;
    one = next_request(&client, 1);
    struct answer answer = world_send(world, client_message(&client, PKI_IR, one)), many;
    cr_assert(answer.has_cert);
    answer_free(&answer);
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    bodies[0] = next_request(&client, 0);
    bodies[1] = one;
    bodies[2] = next_request(&client, 2);
    many = world_send(world, client_message(&client, PKI_IR, joined(world->arena, bodies, 3)));
    cr_assert_eq(many.part_count, 3);
    expect_part_refused(&many, 1, PKI_BAD_CERT_TEMPLATE);
    cr_expect(many.parts[0].has_cert && many.parts[2].has_cert);
    cr_expect_eq(world->cert_count, 3);
    answer_free(&many);
    world_check(world);
}

Test(several, one_key_twice_is_refused_where_keys_are_unique)
{
    struct bytes bodies[2];

    for (int unique = 0; unique < 2; unique++) {
        world->config.keys.unique = unique;
        random_bytes(client.transaction_id, sizeof client.transaction_id);
        bodies[0] = next_request(&client, 0);
        client.cert_req_id = 1;
        bodies[1] = client_body(&client, PKI_IR);
        client.cert_req_id = 0;
        struct answer answer =
            world_send(world, client_message(&client, PKI_IR, joined(world->arena, bodies, 2)));
        cr_assert_eq(answer.part_count, 2);
        cr_expect(answer.parts[0].has_cert);
        cr_expect_eq(answer.parts[1].has_cert, !unique);
        answer_free(&answer);
    }
}

/* What fails for now fails as a whole, and nothing is half done. */
Test(several, without_a_store_nothing_is_granted)
{
    world->commit_fault = STORE_UNAVAILABLE;
    world->fail_commit_at = world->commits_seen + 1;
    struct bytes request = several_requests(&client, PKI_IR, 3);
    struct answer answer = world_send(world, request);
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_expect_eq(world->cert_count, 0);
    answer = world_send(world, request);
    expect_granted(&answer, PKI_IP, 3);
    answer_free(&answer);
}

/* ---- what may be sent ---- */

Test(several, so_many_may_stand_in_a_message)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, BOUND_SEVERAL));
    expect_granted(&answer, PKI_IP, BOUND_SEVERAL);
    answer_free(&answer);
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    answer = world_send(world, several_requests(&client, PKI_IR, BOUND_SEVERAL + 1));
    expect_refusal(&answer, PKI_IP, PKI_BAD_REQUEST);
    cr_expect_eq(world->cert_count, BOUND_SEVERAL);
}

/* RFC 4211 5: certReqId "is used by the certificate requestor to associate a specific certificate request
 * with a certificate response" */
Test(several, a_certReqId_stands_once)
{
    struct bytes two = doubled(world->arena, client_body(&client, PKI_IR));
    struct answer answer = world_send(world, client_message(&client, PKI_IR, two));
    cr_expect_eq(answer.part_count, 2, "each is told so");
    expect_refusal(&answer, PKI_IP, PKI_BAD_REQUEST);
    cr_expect_eq(world->cert_count, 0);
}

/* A kur is signed by what it updates.
 * RFC 9483 4.1.1: "MUST contain a sequence of one CertReqMsg"
 * RFC 9483 4.1.1: "For this PKI management operation, the EE MUST include a sequence of one CertReqMsg in
 * the ir." */
Test(several, rfc9483_and_updates_keep_to_one)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));
    expect_refusal(&answer, PKI_IP, PKI_BAD_REQUEST);
    world->config.accept.header = CONFIG_HEADER_RFC9810;
    answer = world_send(world, several_requests(&client, PKI_KUR, 2));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_REQUEST);
    cr_expect_eq(world->cert_count, 0);
}

/* Names of profiles, as certProfile has them. */
static struct bytes names_of(const char *const *names, size_t count)
{
    struct bytes out;
    CBB cbb;
    int ok = CBB_init(&cbb, 64);

    for (size_t i = 0; i < count; i++)
        ok = ok && der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str(names[i]));
    cr_assert(der_finish(&out, world->arena, &cbb, ok));
    return out;
}

/* RFC 9810 5.1.1.4: the names "relate to the CertReqMsg … elements in the given order. An empty string means
 * no certificate profile name is associated with the respective CertReqMsg"; "the remaining … have no profile
 * name associated with them." */
Test(several, certProfile_names_one_for_each)
{
    static const struct {
        const char *names[3];
        size_t count;
        const char *profiles[2]; /* NULL: refused */
    } cases[] = {
        {{"test", "other"}, 2, {"test", "other"}},   {{"other", "test"}, 2, {"other", "test"}},
        {{"", "other"}, 2, {"test", "other"}},       {{"other", ""}, 2, {"other", "test"}},
        {{"other"}, 1, {"other", "test"}},           {{"other", "nobody's"}, 2, {NULL, NULL}},
        {{"test", "test", "test"}, 3, {NULL, NULL}},
    };

    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        random_bytes(client.transaction_id, sizeof client.transaction_id);
        client.header.cert_profiles = names_of(cases[at].names, cases[at].count);
        struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));
        if (cases[at].profiles[0] == NULL) {
            expect_error(&answer, PKI_BAD_REQUEST);
            continue;
        }
        expect_granted(&answer, PKI_IP, 2);
        for (size_t i = 0; i < 2; i++)
            cr_expect(bytes_equal(cert_of(&answer, i)->profile, bytes_str(cases[at].profiles[i])),
                      "case %zu, %zu", at, i);
        answer_free(&answer);
    }
}

/* RFC 9811 3.4: the path names a profile, too. */
Test(several, certProfile_agrees_with_the_path)
{
    static const char *const names[] = {"", "other"};
    const struct cmp_route route = {.profile = &world->profile, .body = -1};

    client.header.cert_profiles = names_of(names, 2);
    struct answer answer = world_send_to(world, &route, several_requests(&client, PKI_IR, 2));
    expect_error(&answer, PKI_BAD_REQUEST);
    client.header.cert_profiles = names_of((const char *const[]){"", "test"}, 2);
    answer = world_send_to(world, &route, several_requests(&client, PKI_IR, 2));
    expect_granted(&answer, PKI_IP, 2);
    answer_free(&answer);
}

/* Who may ask in one profile may not in another: each is judged by its own. */
Test(several, each_is_judged_by_its_profile)
{
    struct trust nobody = {.count = 0};

    world->other_profile.trust = &nobody;
    client.header.cert_profiles = names_of((const char *const[]){"test", "other"}, 2);
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));
    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.parts[0].has_cert);
    expect_part_refused(&answer, 1, PKI_SIGNER_NOT_TRUSTED);
    cr_expect_eq(world->cert_count, 1);
    answer_free(&answer);
    /* a profile that holds to RFC 9483 takes no part */
    world->other_profile.trust = &world->trust;
    world->other_config.accept.header = CONFIG_HEADER_RFC9483;
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    answer = world_send(world, several_requests(&client, PKI_IR, 2));
    cr_assert_eq(answer.part_count, 2);
    expect_part_refused(&answer, 1, PKI_BAD_REQUEST);
    answer_free(&answer);
}

/* A part that cannot be read is refused by itself, the first one as well, as long as it can be told which one
 * it is. */
Test(several, a_malformed_template_is_that_of_one)
{
    struct bytes bodies[2] = {
        next_request(&client, 0),
        /* CertReqMessages { CertReqMsg { CertRequest { 1, CertTemplate { publicKey: an INTEGER } } } } */
        hex(world->arena, "30 0f 30 0d 30 0b 02 01 01 30 06 a6 04 02 02 01 02")};
    struct answer answer =
        world_send(world, client_message(&client, PKI_IR, joined(world->arena, bodies, 2)));
    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.parts[0].has_cert);
    cr_expect_neq(answer.parts[1].status.fail_info, 0);
    answer_free(&answer);
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    bodies[0] = bodies[1];
    bodies[1] = next_request(&client, 0);
    answer = world_send(world, client_message(&client, PKI_IR, joined(world->arena, bodies, 2)));
    cr_assert_eq(answer.part_count, 2);
    cr_expect(!answer.parts[0].has_cert && answer.parts[1].has_cert);
    answer_free(&answer);
}

/* ---- again, and after it ---- */

Test(several, the_same_again_is_answered_again)
{
    struct bytes request = with_wrong_proof(&client, 3, 1);
    struct answer answer = world_send(world, request), again = world_send(world, request);

    cr_assert_eq(again.part_count, 3);
    cr_expect(bytes_equal(again.message.body, answer.message.body));
    cr_expect(bytes_equal(again.message.header.sender_nonce, answer.message.header.sender_nonce));
    cr_expect_eq(world->cert_count, 2);
    struct bytes confirm = several_statuses(&client, &answer, 7, 0);
    for (int i = 0; i < 2; i++) {
        struct answer confirmed = world_send(world, confirm);
        expect_pkiconf(&confirmed);
    }
    answer_free(&answer);
    answer_free(&again);
    answer = world_send(world, request);
    cr_expect_eq(answer.part_count, 3);
    answer_free(&answer);
}

/* A certificate that was revoked since is not handed out again. */
Test(several, after_a_revocation_it_is_not_answered_again)
{
    static const enum store_cert_status stopped[] = {STORE_CERT_REVOKED, STORE_CERT_HOLD};
    struct bytes request = several_requests(&client, PKI_IR, 3);
    struct answer answer = world_send(world, request), again;

    for (size_t i = 0; i < 2; i++) {
        cert_of(&answer, 1)->status = stopped[i];
        again = world_send(world, request);
        expect_error(&again, PKI_CERT_REVOKED);
    }
    cert_of(&answer, 1)->status = STORE_CERT_UNCONFIRMED;
    again = world_send(world, request);
    expect_granted(&again, PKI_IP, 3);
    answer_free(&again);
    answer_free(&answer);
}

/* RFC 9810 5.3.18: "omission of a CertStatus structure corresponding to a certificate supplied in the
 * previous response message indicates rejection of the certificate." */
Test(several, a_certConf_accepts_and_rejects)
{
    static const struct {
        unsigned told, rejected, accepted;
    } cases[] = {{7, 0, 7}, {7, 2, 5}, {5, 0, 5}, {4, 4, 0}, {0, 0, 0}, {7, 7, 0}};

    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        random_bytes(client.transaction_id, sizeof client.transaction_id);
        client.header.recip_nonce = bytes_of(NULL, 0);
        struct answer answer = world_send(world, several_requests(&client, PKI_IR, 3)), confirmed;
        confirmed = world_send(world, several_statuses(&client, &answer, cases[at].told, cases[at].rejected));
        expect_pkiconf(&confirmed);
        for (unsigned i = 0; i < 3; i++) {
            int accepted = (cases[at].accepted >> i & 1) != 0;
            cr_expect_eq(cert_of(&answer, i)->status, accepted ? STORE_CERT_VALID : STORE_CERT_REVOKED,
                         "case %zu, %u", at, i);
            cr_expect_eq(state_of(&answer, i), accepted ? STORE_TX_CONFIRMED : STORE_TX_REJECTED);
        }
        cr_expect_eq(whole_tx(&client)->state,
                     cases[at].accepted != 0 ? STORE_TX_CONFIRMED : STORE_TX_REJECTED);
        answer_free(&answer);
        world_check(world);
    }
}

/* RFC 9483 3.6.4: all of it has failed. */
static void expect_ended(const struct answer *answer)
{
    for (size_t i = 0; i < answer->part_count; i++) {
        if (!answer->parts[i].has_cert)
            continue;
        cr_expect_eq(cert_of(answer, i)->status, STORE_CERT_REVOKED, "part %zu", i);
        cr_expect_eq(state_of(answer, i), STORE_TX_REJECTED);
    }
    cr_expect_eq(whole_tx(&client)->state, STORE_TX_REJECTED);
    world_check(world);
}

/* RFC 9483 3.6.4: after a negative response the operation has failed, all of it. */
Test(several, a_certConf_that_is_wrong_for_one_fails_all)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 3)), refused;

    answer.parts[1].cert.der = answer.parts[0].cert.der; /* certHash of another */
    refused = world_send(world, several_statuses(&client, &answer, 7, 0));
    expect_error(&refused, PKI_BAD_CERT_ID);
    expect_ended(&answer);
    answer_free(&answer);
}

Test(several, a_certConf_names_what_was_issued)
{
    struct answer answer = world_send(world, with_wrong_proof(&client, 2, 1)), refused;
    struct bytes body, statuses[2];
    struct cert_status entry = {.cert_req_id = 1, .cert_hash = bytes_str("hash")};

    cr_assert(pki_encode_cert_conf(&body, world->arena, &entry)); /* of the one that was refused */
    client_next(&client, &answer);
    refused = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&refused, PKI_BAD_REQUEST);
    expect_ended(&answer);
    answer_free(&answer);

    random_bytes(client.transaction_id, sizeof client.transaction_id);
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send(world, several_requests(&client, PKI_IR, 2));
    statuses[0] = statuses[1] = body; /* one twice */
    client_next(&client, &answer);
    refused = world_send(world, client_message(&client, PKI_CERTCONF, joined(world->arena, statuses, 2)));
    expect_error(&refused, PKI_BAD_REQUEST);
    expect_ended(&answer);
    answer_free(&answer);

    random_bytes(client.transaction_id, sizeof client.transaction_id);
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send(world, several_requests(&client, PKI_IR, 2));
    client_next(&client, &answer);
    refused = world_send(world, client_message(&client, PKI_CERTCONF, hex(world->arena, "30 02 05 00")));
    expect_error(&refused, PKI_BAD_DATA_FORMAT);
    expect_ended(&answer);
    answer_free(&answer);
}

/* RFC 9810 5.3.21 */
Test(several, an_error_of_the_peer_gives_all_up)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), ended;
    const struct pki_status_info status = {.status = PKI_REJECTION, .text = bytes_str("no room")};
    struct bytes body;

    client_next(&client, &answer);
    cr_assert(pki_encode_error(&body, world->arena, &status));
    ended = world_send(world, client_message(&client, PKI_ERROR, body));
    expect_pkiconf(&ended);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(cert_of(&answer, i)->status, STORE_CERT_REVOKED);
        cr_expect_eq(state_of(&answer, i), STORE_TX_ENDED);
    }
    cr_expect_eq(whole_tx(&client)->state, STORE_TX_ENDED);
    answer_free(&answer);
    world_check(world);
}

/* Nobody can reach the row of a part by a transactionID. */
Test(several, the_row_of_a_part_is_nobodys_transaction)
{
    uint8_t id[STORE_PART_ID];

    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), refused;
    client_next(&client, &answer);
    client.header.transaction_id =
        store_part_id(id, client.header.transaction_id, 0, whole_tx(&client)->request_hash);
    cr_assert_not_null(world_tx_of(world, client.header.transaction_id));
    refused = world_send(world, several_statuses(&client, &answer, 3, 0));
    cr_expect(refused.result.refused);
    answer_free(&refused);
    cr_expect_eq(cert_of(&answer, 0)->status, STORE_CERT_UNCONFIRMED);
    answer_free(&answer);
}

/* ---- rr ---- */

static struct ctl_identity ra_identity;
static struct trust ras;

/* RFC 9810 5.3.9: "When requesting revocation of a certificate (or several certificates)" */
Test(several, an_RA_revokes_several)
{
    struct bytes bodies[4];
    struct answer issued = world_send(world, several_requests(&client, PKI_IR, 3)), answer;
    struct answer confirmed = world_send(world, several_statuses(&client, &issued, 7, 0));

    expect_pkiconf(&confirmed);
    issue_ra(world, &ra_identity, &ras);
    world->profile.ras = &ras;
    client_sign_by(&client, &ra_identity, &world->vendor_ca.cert_der, 1);
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    client.header.recip_nonce = bytes_of(NULL, 0);
    for (size_t i = 0; i < 4; i++) /* the third twice */
        cr_assert(pki_encode_rev_req(&bodies[i], world->arena, world->issuing.cert.subject,
                                     issued.parts[i < 2 ? i : 2].cert.serial, 1));
    struct bytes request = client_message(&client, PKI_RR, joined(world->arena, bodies, 4));
    answer = world_send(world, request);
    cr_assert_eq(answer.body, PKI_RP);
    cr_assert_eq(answer.part_count, 4);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(answer.parts[i].status.status, PKI_ACCEPTED);
        cr_expect_eq(cert_of(&issued, i)->status, STORE_CERT_REVOKED);
    }
    expect_part_refused(&answer, 3, PKI_BAD_REQUEST);
    struct answer again = world_send(world, request);
    cr_expect(bytes_equal(again.message.body, answer.message.body));
    answer_free(&again);
    answer_free(&answer);
    answer_free(&issued);
    world_check(world);
    trust_cleanup(&ras);
    ctl_identity_cleanup(&ra_identity);
}

/* Of a station the one that is not its own is refused, and its own revoked. */
Test(several, a_station_revokes_its_own_alone)
{
    struct answer issued = world_send(world, several_requests(&client, PKI_IR, 2)), answer;
    struct answer confirmed = world_send(world, several_statuses(&client, &issued, 3, 0));
    struct bytes bodies[2];
    struct ctl_identity own = {.key = client.key}; /* of the last request */

    expect_pkiconf(&confirmed);
    own.cert_der = arena_copy(world->arena, issued.parts[1].cert.der);
    cr_assert(certificate_parse(&own.cert, own.cert_der));
    client_sign_by(&client, &own, &world->issuing.cert_der, 1);
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    client.header.recip_nonce = bytes_of(NULL, 0);
    for (size_t i = 0; i < 2; i++)
        cr_assert(pki_encode_rev_req(&bodies[i], world->arena, world->issuing.cert.subject,
                                     issued.parts[i].cert.serial, 0));
    answer = world_send(world, client_message(&client, PKI_RR, joined(world->arena, bodies, 2)));
    cr_assert_eq(answer.part_count, 2);
    expect_part_refused(&answer, 0, PKI_NOT_AUTHORIZED);
    cr_expect_eq(answer.parts[1].status.status, PKI_ACCEPTED);
    cr_expect_eq(cert_of(&issued, 0)->status, STORE_CERT_VALID);
    cr_expect_eq(cert_of(&issued, 1)->status, STORE_CERT_REVOKED);
    answer_free(&answer);
    answer_free(&issued);
    world_check(world);
}

/* The certificate that signs may be replaced by one of those that it asks for: what a part does to it is not
 * seen by those after it. */
Test(several, one_replaces_the_certificate_that_signs)
{
    static const char *const names[2][2] = {{"test", "other"}, {"other", "test"}};
    const char *issued_by = "test";
    struct ctl_identity own;
    struct answer first, answer, confirmed;

    for (size_t order = 0; order < 2; order++)
        for (int implicit = 0; implicit < 2; implicit++) {
            world_forget(world);
            client_cleanup(&client);
            client_init(&client, world, 0);
            client.header.implicit_confirm = 1;
            first = world_send(world, client_request(&client, PKI_IR));
            cr_assert(first.has_cert);
            client_adopt(&client, &first, &own);
            answer_free(&first);
            client.header.implicit_confirm = implicit;
            client.subject = own.cert.subject;
            /* "test" makes an update of it, "other" does not */
            world->other_config.accept.own_profiles = (struct config_list){&issued_by, 1};
            world->config.update.by_request = 1;
            world->config.update.predecessor = CONFIG_PREDECESSOR_REVOKE;
            client.header.cert_profiles = names_of(names[order], 2);
            answer = world_send(world, several_requests(&client, PKI_CR, 2));
            expect_granted(&answer, PKI_CP, 2);
            client.header.cert_profiles = bytes_of(NULL, 0);
            if (!implicit) {
                confirmed = world_send(world, several_statuses(&client, &answer, 3, 0));
                expect_pkiconf(&confirmed);
            }
            for (size_t i = 0; i < 2; i++)
                cr_expect_eq(cert_of(&answer, i)->status, STORE_CERT_VALID, "%zu, %d", i, implicit);
            cr_expect_eq(world_cert_of(world, own.cert.serial)->status, STORE_CERT_REVOKED, "%zu, %d", order,
                         implicit);
            answer_free(&answer);
            ctl_identity_cleanup(&own);
        }
}

/* Confirmed, and one of them revoked since: a device must not take the answer for success. */
Test(several, a_certConf_after_the_end_is_told_what_became_of_them)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), again;

    again = world_send(world, several_statuses(&client, &answer, 3, 0));
    expect_pkiconf(&again);
    again = world_send(world, several_statuses(&client, &answer, 3, 0));
    expect_error(&again, PKI_CERT_CONFIRMED);
    cert_of(&answer, 1)->status = STORE_CERT_REVOKED;
    again = world_send(world, several_statuses(&client, &answer, 3, 0));
    expect_error(&again, PKI_CERT_REVOKED);
    answer_free(&answer);
}

/* The header tells one time for all: the shortest of their profiles. */
Test(several, the_time_to_confirm_is_that_of_the_most_impatient)
{
    struct answer answer;

    world->config.confirm.wait_seconds = 600;
    world->other_config.confirm.wait_seconds = 200;
    client.header.cert_profiles = names_of((const char *const[]){"test", "other"}, 2);
    answer = world_send(world, several_requests(&client, PKI_IR, 2));
    expect_granted(&answer, PKI_IP, 2);
    cr_expect_eq(answer.message.header.confirm_wait_time, world->now + 200);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(world_tx_of(world, cert_of(&answer, i)->transaction_id)->deadline, world->now + 200);
    cr_expect_gt(whole_tx(&client)->deadline, world->now + 200, "it ends after its parts");
    answer_free(&answer);
}

/* What was lost to another node is not told as granted. */
static struct bytes the_same;

static void send_the_same(struct world *where)
{
    struct answer answer = world_send(where, the_same);
    must(answer.part_count == 2);
    answer_free(&answer);
}

Test(several, who_lost_a_race_tells_nothing_of_its_own)
{
    struct answer answer;
    struct cmp_result result;

    the_same = several_requests(&client, PKI_IR, 2);
    world->before_commit = send_the_same;
    answer = world_send(world, the_same);
    expect_granted(&answer, PKI_IP, 2);
    cr_expect_eq(world->cert_count, 2);
    cr_expect_not(answer.result.carried, "it has a line of its own");
    cr_expect_str_eq(answer.result.event, "answered again");
    for (size_t i = 0; i < 2; i++) {
        cmp_result(answer.driven->inner->messages[i], &result);
        cr_expect_str_eq(result.event, "answered again");
        cr_expect_eq(result.serial.len, 0);
    }
    answer_free(&answer);
    answer = world_send(world, the_same);
    cr_expect_not(answer.result.carried);
    answer_free(&answer);
}

/* A shared secret gets so many in one message: one, unless the profile says more. */
Test(several, by_a_secret_as_many_as_the_profile_says)
{
    struct answer answer;

    world->config.mac.requests = 2;
    answer = world_send(world, several_requests(&mac, PKI_IR, 3));
    cr_expect_str_eq(answer.result.setting, "profiles[0].mac.requests");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->cert_count, 0);
    random_bytes(mac.transaction_id, sizeof mac.transaction_id);
    answer = world_send(world, several_requests(&mac, PKI_IR, 2));
    expect_granted(&answer, PKI_IP, 2);
    answer_free(&answer);
}

/* The secret is tried once: what the whole has derived is good for its parts. */
Test(several, the_secret_is_derived_once)
{
    unsigned before = world->wants_seen[CMP_WANT_MAC];
    struct answer answer = world_send(world, several_requests(&mac, PKI_IR, 3));

    expect_granted(&answer, PKI_IP, 3);
    cr_expect_eq(world->wants_seen[CMP_WANT_MAC], before + 1);
    answer_free(&answer);
}

/* Log and audit log say which one it was. */
Test(several, a_refusal_says_which_request_it_is)
{
    struct answer answer = world_send(world, with_wrong_proof(&client, 3, 2));
    struct cmp_result result;

    cmp_result(answer.driven->inner->messages[2], &result);
    cr_assert_not_null(result.detail);
    cr_expect_not_null(strstr(result.detail, "request 3 of 3, profile test"), "%s", result.detail);
    cr_expect_not_null(
        memmem(world->audit.detail.data, world->audit.detail.len, "request 3 of 3, profile test", 28));
    answer_free(&answer);
}
