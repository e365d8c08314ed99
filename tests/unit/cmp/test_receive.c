/* receive.c: what is checked before anything is looked up or verified (RFC 9483 3.5, RFC 9810 5.1.1 and 7).
 */
#include "server/cmp/operation.h"
#include "tests/support/hex.h"
#include "tests/support/reseal.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(receive, .init = set_up, .fini = tear_down);

static struct answer send_ir(void)
{
    return world_send(world, client_request(&client, PKI_IR));
}

/* ---- version ---- */

/* RFC 9483 3.5: "The pvno MUST be cmp2000(2) or cmp2021(3). (failInfo bit: unsupportedVersion)"
 * RFC 9810 7: "If the received version is higher than the highest supported version, then the version in
 * the error message MUST be the highest version the server supports; if the received version is lower than
 * the lowest supported version, then the version in the error message MUST be the lowest version the
 * server supports." */
Test(receive, a_pvno_that_is_not_supported_is_answered_in_the_nearest_that_is)
{
    static const struct {
        int64_t sent, answered;
    } cases[] = {{1, 2}, {0, 2}, {-1, 2}, {4, 3}, {INT64_MAX, 3}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client.header.pvno = cases[i].sent;
        struct answer answer = send_ir();
        cr_assert_eq(answer.message.header.pvno, cases[i].answered);
        expect_error(&answer, PKI_UNSUPPORTED_VERSION);
    }
}

/* The same for versions beyond what a number here holds: the header can be read all the same. */
Test(receive, a_pvno_of_80_bits_is_a_version_that_is_not_supported)
{
    static const struct {
        uint8_t octets[10];
        int64_t answered;
    } cases[] = {{{0x01, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 3}, {{0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 2}, 2}};

    for (size_t i = 0; i < 2; i++) {
        struct der_node *message = der_tree_parse(world->arena, client_request(&client, PKI_IR));
        (*der_tree_find(&message, "0/0"))->content = bytes_of(cases[i].octets, sizeof cases[i].octets);
        reseal_protection(&client, message);
        struct answer answer = world_send(world, der_tree_write(world->arena, message));
        cr_assert(answer.message.has_protection);
        cr_assert_eq(answer.message.header.pvno, cases[i].answered);
        expect_error(&answer, PKI_UNSUPPORTED_VERSION);
    }
}

/* RFC 9810 7: "If a server receives a message with a version that it supports, then the version of the
 * response message MUST be the same as the received version." */
Test(receive, a_supported_pvno_is_answered_in_kind)
{
    for (int64_t pvno = 2; pvno <= 3; pvno++) {
        client.header.pvno = pvno;
        client.transaction_id[0]++;
        struct answer answer = send_ir();
        cr_assert_eq(answer.message.header.pvno, pvno);
        expect_certificate(&answer, PKI_IP);
    }
}

/* ---- nonces and transactionID ---- */

/* RFC 9483 3.5: "The senderNonce MUST be present and MUST contain at least 128 bits of data. (failInfo
 * bit: badSenderNonce)" */
Test(receive, a_senderNonce_has_128_bits_or_more)
{
    static const uint8_t long_nonce[BOUND_NONCE + 1];

    client.header.sender_nonce.len = 15;
    struct answer answer = send_ir();
    expect_error(&answer, PKI_BAD_SENDER_NONCE);
    client.header.sender_nonce.len = 0;
    answer = send_ir();
    expect_error(&answer, PKI_BAD_SENDER_NONCE);
    client.header.sender_nonce = bytes_of(long_nonce, BOUND_NONCE);
    answer = send_ir();
    expect_certificate(&answer, PKI_IP);
    client.header.sender_nonce = bytes_of(long_nonce, BOUND_NONCE + 1);
    answer = send_ir();
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

Test(receive, fields_at_their_bounds_are_taken)
{
    static const uint8_t octets[BOUND_SENDER_KID] = {1};

    client.header.transaction_id = bytes_of(octets, BOUND_TRANSACTION_ID);
    client.header.recip_nonce = bytes_of(octets, BOUND_NONCE);
    struct answer answer = send_ir();
    cr_assert_eq(answer.message.header.transaction_id.len, BOUND_TRANSACTION_ID);
    expect_certificate(&answer, PKI_IP);
    mac.header.sender_kid = world->secrets[0].row.reference = bytes_of(octets, BOUND_SENDER_KID);
    cr_assert(cmp_seal_secret(&world->secrets[0].row.sealed, world->arena, world->settings.seal_key,
                              bytes_of(world->ca.id, STORE_ISSUER_ID), mac.header.sender_kid, world->secret));
    answer = world_send(world, client_request(&mac, PKI_IR));
    expect_certificate(&answer, PKI_IP);
}

Test(receive, fields_beyond_their_bounds_are_refused)
{
    static const uint8_t octets[BOUND_SENDER_KID + 1] = {1};

    client.header.transaction_id = bytes_of(octets, BOUND_TRANSACTION_ID + 1);
    struct answer answer = send_ir();
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    client.header.transaction_id = bytes_of(client.transaction_id, 16);
    client.header.recip_nonce = bytes_of(octets, BOUND_NONCE + 1);
    answer = send_ir();
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    client.header.recip_nonce = bytes_of(NULL, 0);
    client.header.sender_kid = bytes_of(octets, BOUND_SENDER_KID + 1);
    answer = send_ir();
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

/* RFC 9810 5.1.1: "If a server receives such request with a missing transactionID field, then it MUST
 * populate the transactionID field of the response with a server-generated ID."
 * The transaction goes on under it. */
Test(receive, a_first_message_without_transactionID_gets_one)
{
    client.header.transaction_id = bytes_of(NULL, 0);
    struct answer answer = send_ir();
    cr_assert(answer.has_cert);
    cr_assert_eq(answer.message.header.transaction_id.len, 16);
    client.header.transaction_id = arena_copy(world->arena, answer.message.header.transaction_id);
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);

    client.header.transaction_id = bytes_of(NULL, 0);
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = send_ir();
    cr_assert_not(bytes_equal(answer.message.header.transaction_id, world->txs[0].row.transaction_id));
    expect_certificate(&answer, PKI_IP);
}

/* The same octets again are the same transaction again, whoever sends them: one certificate. */
Test(receive, a_first_message_without_transactionID_is_answered_again)
{
    client.header.transaction_id = bytes_of(NULL, 0);
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request), again = world_send(world, request);

    cr_assert(first.has_cert && again.has_cert);
    cr_assert(bytes_equal(first.cert.der, again.cert.der));
    cr_assert(bytes_equal(first.message.header.transaction_id, again.message.header.transaction_id));
    cr_assert_eq(world->cert_count, 1);
    answer_free(&first);
    answer_free(&again);
}

/* RFC 9483 3.5: "The transactionID MUST be present. (failInfo bit: badDataFormat)" */
Test(receive, a_certConf_without_transactionID_is_refused)
{
    struct answer answer = send_ir();

    client.header.transaction_id = bytes_of(NULL, 0);
    struct answer refused = world_send(world, client_confirm(&client, &answer, -1));
    expect_error(&refused, PKI_BAD_DATA_FORMAT);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_UNCONFIRMED);
    answer_free(&answer);
}

/* RFC 9810 5.1.1: "A server receiving the first message of a transaction (which requires more than a
 * single request/response […] MUST send back an ErrorMsgContent with a PKIFailureInfo of
 * transactionIdInUse."
 * RFC 9810 5.1.1: "In all cases where a transactionID is being used, a given client MUST NOT have more
 * than one transaction with the same transactionID in progress at any time (to a given server)." */
Test(receive, another_first_message_under_a_transactionID_in_use_is_refused)
{
    static const int bodies[] = {PKI_IR, PKI_CR, PKI_P10CR};
    struct answer answer = send_ir();

    expect_certificate(&answer, PKI_IP);
    client.nonce[0] ^= 1;
    for (size_t i = 0; i < 3; i++) {
        answer = world_send(world, client_request(&client, bodies[i]));
        expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    }
    cr_assert_eq(world->cert_count, 1);
}

static struct bytes raced;

static void send_raced(struct world *w)
{
    struct answer answer = world_send(w, raced);

    expect_certificate(&answer, PKI_IP);
}

/* RFC 9810 5.1.1: "A server receiving the first message of a transaction (which requires more than a
 * single request/response […] MUST send back an ErrorMsgContent with a PKIFailureInfo of
 * transactionIdInUse." */
Test(receive, of_two_first_messages_that_race_for_a_transactionID_one_is_refused)
{
    raced = client_request(&client, PKI_IR);
    world->before_commit = send_raced;
    client.nonce[0] ^= 1;
    struct answer answer = send_ir();
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    cr_assert_eq(world->cert_count, 1);
}

/* ---- a transactionID comes back (RFC 9810 5.1.1) ---- */

static struct answer send_later(struct client *c, int64_t seconds)
{
    world->now += seconds;
    c->header.has_message_time = 1;
    c->header.message_time = world->now;
    return world_send(world, client_request(c, PKI_IR));
}

static void begin_and_end(struct client *c, int has_message_time)
{
    c->header.has_message_time = has_message_time;
    c->header.message_time = world->now;
    c->header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(c, PKI_IR));
    expect_certificate(&answer, PKI_IP);
}

/* The window of the world's profile. */
static int64_t window(void)
{
    return world->config.accept.message_time_seconds;
}

Test(receive, a_transactionID_is_free_when_no_message_of_its_transaction_can_be_taken)
{
    begin_and_end(&client, 1);
    struct answer answer = send_later(&client, 2 * window() - 1);
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    answer = send_later(&client, 1);
    expect_certificate(&answer, PKI_IP);
    cr_assert_eq(world->tx_count, 1);
    cr_assert_eq(world->cert_count, 2);
    cr_assert(bytes_equal(world->txs[0].row.serial, world->certs[1].row.serial));
    cr_assert_eq(world->txs[0].row.created_at, world->now);
    /* It is the new transaction's, which is as young as any. */
    answer = send_later(&client, 1);
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
}

Test(receive, what_belonged_to_the_former_transaction_is_not_taken)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    client.header.implicit_confirm = 1;
    struct bytes former = client_request(&client, PKI_IR);
    struct answer answer = world_send(world, former);
    expect_certificate(&answer, PKI_IP);
    answer = send_later(&client, 2 * window());
    expect_certificate(&answer, PKI_IP);
    answer = world_send(world, former);
    expect_error(&answer, PKI_BAD_TIME);
    cr_assert_eq(world->cert_count, 2);
}

Test(receive, a_transactionID_stays_taken_where_its_messages_could_be_sent_again)
{
    begin_and_end(&client, 0); /* without messageTime they never are too old */
    struct answer answer = send_later(&client, 1000 * window());
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);

    world_forget(world);
    world->config.accept.message_time_seconds = 0; /* nor where nobody looks */
    begin_and_end(&client, 1);
    world->config.accept.message_time_seconds = 300;
    answer = send_later(&client, 1000 * window());
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
}

Test(receive, a_transactionID_stays_taken_while_its_transaction_goes_on)
{
    struct answer answer = send_later(&client, 0);
    expect_certificate(&answer, PKI_IP);
    answer = send_later(&client, 2 * window());
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    cr_assert_eq(world->cert_count, 1);
}

/* The secret is bound to the transactionID: who comes back to that must not have it twice. */
Test(receive, a_one_time_secret_is_good_once_whatever_becomes_of_its_transactionID)
{
    world->secrets[0].row.reusable = 0;
    begin_and_end(&mac, 1);
    struct answer answer = send_later(&mac, 2 * window());
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    world->secrets[0].row.reusable = 1;
    answer = send_later(&mac, 0);
    expect_certificate(&answer, PKI_IP);
}

/* A message that is sent again may take another path: what counts is the widest window of all profiles of the
 * CA. */
Test(receive, a_transactionID_is_free_when_no_profile_takes_its_messages)
{
    struct config_profile other_config = world->config;
    struct cmp_profile other = world->profile;
    const struct cmp_profile *profiles[] = {&world->profile, &other};

    other_config.name = "other";
    other_config.accept.message_time_seconds = (uint32_t)(2 * window());
    other.config = &other_config;
    world->settings.profiles = profiles;
    world->settings.profile_count = 2;
    begin_and_end(&client, 1);
    struct answer answer = send_later(&client, 4 * window() - 1);
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    /* One was widened since. */
    other_config.accept.message_time_seconds = (uint32_t)(3 * window());
    answer = send_later(&client, 1);
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    other_config.accept.message_time_seconds = 0;
    answer = send_later(&client, 1000 * window());
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    other_config.accept.message_time_seconds = (uint32_t)window();
    answer = send_later(&client, 0);
    expect_certificate(&answer, PKI_IP);
}

static void send_raced_again(struct world *w)
{
    struct answer answer = world_send(w, raced);

    expect_certificate(&answer, PKI_IP);
}

Test(receive, of_two_first_messages_that_race_for_a_free_transactionID_one_is_refused)
{
    begin_and_end(&client, 1);
    world->now += 2 * window();
    client.header.message_time = world->now;
    raced = client_request(&client, PKI_IR);
    world->before_commit = send_raced_again;
    client.nonce[0] ^= 1;
    struct answer answer = send_later(&client, 0);
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    cr_assert_eq(world->cert_count, 2);
}

/* ---- profiles and operations ---- */

/* RFC 9810 5.1.1.4, RFC 9811 3.4 */
Test(receive, the_profile_comes_from_the_path_or_from_certProfile_or_from_both_alike)
{
    struct cmp_route route = {.profile = &world->other_profile, .body = -1};
    struct answer answer;

    answer = send_ir();
    cr_assert_str_eq(answer.result.profile, "test");
    expect_certificate(&answer, PKI_IP);

    client.transaction_id[0]++;
    answer = world_send_to(world, &route, client_request(&client, PKI_IR));
    cr_assert_str_eq(answer.result.profile, "other");
    expect_certificate(&answer, PKI_IP);

    client.transaction_id[0]++;
    client.header.cert_profile = bytes_str("other");
    answer = send_ir();
    cr_assert_str_eq(answer.result.profile, "other");
    expect_certificate(&answer, PKI_IP);
    cr_assert(bytes_equal(world->txs[2].row.profile, bytes_str("other")));

    client.transaction_id[0]++;
    answer = world_send_to(world, &route, client_request(&client, PKI_IR));
    cr_assert_str_eq(answer.result.profile, "other");
    expect_certificate(&answer, PKI_IP);
}

Test(receive, a_path_and_a_certProfile_that_disagree_are_refused)
{
    struct cmp_route route = {.profile = &world->profile, .body = -1};

    client.header.cert_profile = bytes_str("other");
    struct answer answer = world_send_to(world, &route, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9483 3.1: "MUST contain the name of a certificate profile" */
Test(receive, an_unknown_certProfile_is_refused)
{
    client.header.cert_profile = bytes_str("othe");
    struct answer answer = send_ir();
    expect_error(&answer, PKI_BAD_REQUEST);
    client.header.cert_profile = bytes_str("others");
    answer = send_ir();
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* The request of |client| with |info| as the content of its generalInfo. */
static struct bytes request_with_info(struct bytes info)
{
    struct bytes part, body = client_body(&client, PKI_IR), with, message;
    CBS cbs, sequence, header;
    CBB cbb, out, copy, field;
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.algorithm = client.algorithm, .key = client.signer->key, .signature = signature};
    struct signing *items[] = {&item};

    must(pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, body));
    cbs = cbs_of(part);
    must(CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
         CBS_get_asn1(&sequence, &header, CBS_ASN1_SEQUENCE));
    must(CBB_init(&cbb, 512));
    must(der_finish(
        &with, world->arena, &cbb,
        CBB_add_asn1(&cbb, &out, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&out, &copy, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&copy, bytes_of_cbs(&header)) &&
            CBB_add_asn1(&copy, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 8) &&
            der_add_octets(&field, CBS_ASN1_SEQUENCE, info) && der_add_bytes(&out, bytes_of_cbs(&sequence))));
    item.message = with;
    sign_batch(items, 1);
    must(pki_encode_message(&message, world->arena, with, bytes_of(signature, item.signature_len),
                            client.extra_certs, client.extra_cert_count));
    return message;
}

/* RFC 9810 5.1.1.4: "When used in an ir/cr/kur/genm message, the CertProfileValue sequence MUST NOT
 * contain more certificate profile names than the number of CertReqMsg or GenMsgContent InfoTypeAndValue
 * elements contained in the message body."
 * RFC 9483 3.1: "MUST contain a sequence of one UTF8String element"
 * RFC 9810 5.1.1.4, of the empty one: it "means no certificate profile name is associated". */
Test(receive, certProfile_with_two_names_is_refused_and_with_an_empty_one_is_none)
{
    /* id-it-certProfile, { "other", "other" } */
    struct answer answer = world_send(
        world,
        request_with_info(hex(world->arena, "30 1a 06 08 2b 06 01 05 05 07 04 15 30 0e 0c 05 6f 74 68 65 72 "
                                            "0c 05 6f 74 68 65 72")));
    expect_error(&answer, PKI_BAD_REQUEST);

    answer = world_send(
        world, request_with_info(hex(world->arena, "30 0e 06 08 2b 06 01 05 05 07 04 15 30 02 0c 00")));
    cr_assert_str_eq(answer.result.profile, "test");
    expect_certificate(&answer, PKI_IP);
}

/* |info| is taken under rfc9810, and refused with |failure| under rfc9483. */
static void only_strictly_refused(const char *info, enum pki_failure failure)
{
    struct bytes request = request_with_info(hex(world->arena, info));

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    struct answer answer = world_send(world, request);
    expect_error(&answer, failure);
    world->config.accept.header = CONFIG_HEADER_RFC9810;
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.1: "MUST contain the name of a certificate profile" */
Test(receive, to_the_letter_certProfile_names_a_profile)
{
    only_strictly_refused("30 0e 06 08 2b 06 01 05 05 07 04 15 30 02 0c 00", PKI_BAD_REQUEST);
}

/* RFC 9483 3.1 ImplicitConfirmValue: "REQUIRED" */
Test(receive, to_the_letter_implicitConfirm_has_its_NULL)
{
    only_strictly_refused("30 0a 06 08 2b 06 01 05 05 07 04 0d", PKI_BAD_DATA_FORMAT);
}

/* RFC 9483 1.8: "The receiving entity MUST NOT require the absence of such a field and, if the field is
 * present, MUST handle it gracefully."
 * RFC 9483 3.5: "All PKI message header fields not mentioned in this section, like the recipient and
 * generalInfo fields, SHOULD be handled gracefully upon receipt." */
Test(receive, an_unknown_generalInfo_is_passed_over)
{
    /* 1.2.3.4 with an INTEGER, and 1.2.3.5 with nothing */
    struct answer answer = world_send(
        world, request_with_info(hex(world->arena, "30 08 06 03 2a 03 04 02 01 05 30 05 06 03 2a 03 05")));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)" */
Test(receive, a_malformed_generalInfo_is_refused_by_a_protected_error)
{
    /* confirmWaitTime that is an INTEGER */
    struct answer answer = world_send(
        world, request_with_info(hex(world->arena, "30 0d 06 08 2b 06 01 05 05 07 04 0e 02 01 05")));
    cr_assert(answer.message.has_protection);
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

/* RFC 9483 6.1: "If operation labels are used: independently of any variants used (see Sections 4.1.5,
 * 4.1.6, and 4.4), the operation label corresponding to the PKI management operation SHALL be used."
 * RFC 9483 6.1, of devices: "any certConf or pollReq messages SHALL be sent to the same endpoint".
 * RFC 9811 3.4: the operation label of the path says what the message asks for. */
Test(receive, an_operation_label_holds_for_first_messages_only)
{
    struct cmp_route route = {.body = PKI_CR};
    struct answer answer = world_send_to(world, &route, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_BAD_REQUEST);

    route.body = PKI_IR;
    answer = world_send_to(world, &route, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    struct answer confirmed = world_send_to(world, &route, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send_to(world, &route, client_request(&client, PKI_CR)); /* ir is number 0 */
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* ---- bodies ---- */

/* RFC 9483 3.5: "The PKI message body type MUST be one of the message types supported by the receiving PKI
 * entity and MUST be […] operation identified by the given transactionID. (failInfo bit: badRequest)" */
Test(receive, every_other_body_is_refused)
{
    for (int body = 0; body < PKI_BODY_COUNT + 3; body++) {
        if (body == PKI_IR || body == PKI_CR || body == PKI_P10CR || body == PKI_KUR || body == PKI_CCR ||
            body == PKI_RR || body == PKI_CERTCONF || body == PKI_POLLREQ || body == PKI_ERROR ||
            body == PKI_GENM || body == PKI_NESTED || (cmp_operation_of(body)->flags & CMP_ANNOUNCES) != 0)
            continue;
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_message(&client, body, hex(world->arena, "30 00")));
        cr_assert(answer.message.has_protection);
        expect_error(&answer, PKI_BAD_REQUEST);
    }
    cr_assert_eq(world->fetches_seen, 0);
}

/* RFC 9483 3.6.2: "In case the PKI management entity detects an error condition, e.g., rejecting the
 * request due to policy […] cp, kup, or rp with "rejection" status, as described in Sections 4.1.1 and
 * 4.2."
 * After the protection was checked. */
Test(receive, a_malformed_body_is_refused_in_the_matching_response)
{
    static const struct {
        int request, response;
    } cases[] = {
        {PKI_IR, PKI_IP}, {PKI_CR, PKI_CP}, {PKI_P10CR, PKI_CP}, {PKI_KUR, PKI_KUP}, {PKI_RR, PKI_RP}};

    for (size_t i = 0; i < 5; i++) {
        client.transaction_id[0]++;
        struct answer answer =
            world_send(world, client_message(&client, cases[i].request, hex(world->arena, "30 03 02 01 00")));
        if (cases[i].request == PKI_P10CR)
            cr_assert_eq(answer.response.cert_req_id, -1);
        expect_refusal(&answer, cases[i].response, PKI_BAD_DATA_FORMAT);
    }
}

/* ---- protection and syntax ---- */

/* RFC 9483 3.5: "Messages without protection MUST be rejected except for error messages as described in
 * Section 3.6.4." */
Test(receive, an_unprotected_message_is_refused)
{
    struct bytes part, message;

    cr_assert(
        pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, client_body(&client, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    struct answer answer = world_send(world, message); /* protectionAlg without protection */
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    client.header.protection_alg = bytes_of(NULL, 0);
    answer = world_send(world, client_request(&client, PKI_IR)); /* protection without protectionAlg */
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    cr_assert(
        pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, client_body(&client, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    answer = world_send(world, message); /* neither */
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9811 3.1: where there is no PKIMessage to answer, the status is 400; the body is an unprotected error.
 */
Test(receive, what_is_no_PKIMessage_gets_status_400_and_an_unprotected_error)
{
    struct bytes whole = client_request(&client, PKI_IR);
    const struct bytes bad[] = {bytes_of(NULL, 0),          bytes_str("hello"),
                                bytes_str("<html>"),        hex(world->arena, "30 80 00 00"),
                                hex(world->arena, "30 00"), bytes_of(whole.data, whole.len - 1),
                                bytes_of(whole.data, 20)};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct answer answer = world_send(world, bad[i]);
        cr_assert_eq(answer.result.end, JOB_UNREADABLE, "case %zu", i);
        cr_assert_not(answer.message.has_protection);
        cr_assert_eq(answer.message.header.protection_alg.len, 0);
        cr_assert_eq(answer.result.request_body, -1);
        /* The same to the peer and to the log: where it is no PKIMessage, and why. */
        cr_assert(bytes_equal(answer.status.text, bytes_str(answer.result.text)));
        cr_assert_not_null(strstr(answer.result.text,
                                  i == 4 ? "header at octet 2: it is missing" : "PKIMessage at octet 0: "),
                           "case %zu: %s", i, answer.result.text);
        expect_error(&answer, PKI_BAD_DATA_FORMAT);
    }
    cr_assert_eq(world->fetches_seen, 0);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)"
 * The header could be read, so the answer belongs to the transaction and is protected. */
Test(receive, octets_after_the_message_are_refused_by_a_protected_error)
{
    struct bytes whole = client_request(&client, PKI_IR);
    uint8_t *more = arena_alloc(world->arena, whole.len + 1);

    memcpy(more, whole.data, whole.len);
    struct answer answer = world_send(world, bytes_of(more, whole.len + 1));
    cr_assert_eq(answer.result.end, JOB_ANSWERED);
    cr_assert(answer.message.has_protection);
    cr_assert(bytes_equal(answer.message.header.transaction_id, client.header.transaction_id));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}
