/* op_genm.c: general messages (RFC 9810 5.3.19, RFC 9483 4.3). */
#include "tests/unit/cmp/general.h"

TestSuite(op_genm, .init = set_up, .fini = tear_down);

#define CA_CERTS info(17, nothing())
#define SYMMETRIC info(4, nothing())
#define UNKNOWN hex(world->arena, "30 05 06 03 2a 03 04")

static struct answer ask_by_path(int body, int number, struct bytes infos)
{
    const struct cmp_route route = {.body = body, .info = number};

    return world_send_to(world, &route, client_message(&client, PKI_GENM, infos));
}

/* RFC 9483 4.3 genp.body.genp: "REQUIRED"
 * RFC 9483 4.3 genp.body.genp: "MUST contain a sequence of one element of type InfoTypeAndValue"
 * RFC 9483 4.3 genp.infoType: "REQUIRED"
 * RFC 9483 4.3 genp.infoValue: "MUST be as specified for the specific PKI management operation"
 * RFC 9483 4.3 genp.protection: "REQUIRED"
 * RFC 9483 4.3 genp.extraCerts: "REQUIRED"
 * What world_send sees to of every answer is part of it. It is protected as the request, and costs no commit.
 */
Test(op_genm, it_is_answered_and_nothing_is_written)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer answer = ask(clients[i], SEQUENCE(SYMMETRIC));
        read_given(&answer);
        cr_expect_eq(given_count, 1);
        cr_expect_eq(given[0].number, 4);
        cr_expect_eq(mac_is_mac(answer.message.header.protection_alg), i == 1);
        cr_expect_str_eq(answer.result.event, "information given");
        cr_expect(answer.authenticated && !answer.result.authenticated);
        cr_expect_eq(answer.message.header.confirm_wait_time, 0);
        answer_free(&answer);
    }
    cr_expect_eq(world->commits, 0);
    cr_expect_eq(world->tx_count, 0);
}

/* It has no transaction: sent again it is answered again. */
Test(op_genm, as_often_as_it_comes)
{
    struct bytes request = client_message(&client, PKI_GENM, SEQUENCE(SYMMETRIC));

    for (int i = 0; i < 3; i++) {
        struct answer answer = world_send(world, request);
        read_given(&answer);
        cr_expect_str_eq(answer.result.event, "information given");
        answer_free(&answer);
    }
}

/* RFC 9810 5.1.1 wants transactionIDs unique where "more than a single request/response pair" is needed: one
 * that is in use means nothing here, and the transaction that has it goes on. */
Test(op_genm, under_a_transactionID_that_is_in_use)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR)), answer;

    cr_assert(first.has_cert);
    answer = ask(&client, SEQUENCE(SYMMETRIC));
    read_given(&answer);
    answer_free(&answer);
    answer = ask(&mac, SEQUENCE(UNKNOWN, CA_CERTS));
    answer_free(&answer);
    cr_expect_eq(world_tx_of(world, client.header.transaction_id)->state, STORE_TX_WAIT_CONFIRM);
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&confirmed);
    answer_free(&first);
}

/* RFC 9810 5.3.19.7 */
Test(op_genm, what_is_not_supported_is_named_beside_what_is)
{
    struct answer answer =
        ask(&client, SEQUENCE(UNKNOWN, SYMMETRIC, info(12, hex(world->arena, "05 00")), info(24, nothing())));

    read_given(&answer);
    cr_assert_eq(given_count, 2);
    cr_expect_eq(given[0].number, 4);
    cr_expect_eq(given[1].number, 7);
    cr_expect(bytes_equal(given[1].value, hex(world->arena, "30 19 06 03 2a 03 04"
                                                            "06 08 2b 06 01 05 05 07 04 0c"
                                                            "06 08 2b 06 01 05 05 07 04 18")));
    answer_free(&answer);
    answer = ask(&client, SEQUENCE(UNKNOWN));
    read_given(&answer);
    cr_assert_eq(given_count, 1);
    cr_expect_eq(given[0].number, 7);
    answer_free(&answer);
}

/* RFC 9810 6.5: "The CA MUST respond to the request by providing (at least) all of the information
 * requested by the requester."
 * RFC 9810 D.5: an empty GenMsgContent asks for all relevant information. */
Test(op_genm, whoever_asks_for_nothing_gets_all)
{
    world->profile.general.signing_keys = hex(world->arena, "30 07 30 05 06 03 2b 65 70");
    struct answer answer = ask(&client, hex(world->arena, "30 00"));
    unsigned seen = 0;

    read_given(&answer);
    for (size_t i = 0; i < given_count; i++)
        seen |= 1u << given[i].number;
    /* signKeyPairTypes and preferredSymmAlg; what there is not, is left out. */
    cr_expect_eq(seen, 1u << 2 | 1u << 4);
    answer_free(&answer);
    world->profile.general.encryption_certificate = world->issuing.cert_der;
    world->profile.general.encryption_keys = world->profile.general.signing_keys;
    world->ca.coming.new_with_new = world->vendor_root.cert_der;
    answer = ask(&client, hex(world->arena, "30 00"));
    read_given(&answer);
    cr_expect_eq(given_count, 5);
    answer_free(&answer);
}

/* RFC 9483 4.3 genm.infoValue: "MUST be as specified for the specific PKI management operation"
 * RFC 9483 4.3.1: "the infoValue of the request MUST be absent"
 * RFC 9483 4.3.3: "the infoValue of the request MUST be absent"
 * RFC 9483 4.3.4 genm.infoValue: "REQUIRED" */
Test(op_genm, faults_of_the_body)
{
    static const struct {
        const char *body, *text;
        enum pki_failure failure;
    } cases[] = {
        {"30 02 30 00", "GenMsgContent is malformed", PKI_BAD_DATA_FORMAT},
        {"30 0e 30 0c 06 08 2b 06 01 05 05 07 04 11 05 00", "infoValue of caCerts must be absent",
         PKI_BAD_DATA_FORMAT},
        {"30 0e 30 0c 06 08 2b 06 01 05 05 07 04 13 05 00", "infoValue of certReqTemplate must be absent",
         PKI_BAD_DATA_FORMAT},
        {"30 0c 30 0a 06 08 2b 06 01 05 05 07 04 16", "infoValue of crlStatusList is missing",
         PKI_BAD_DATA_FORMAT},
        {"30 18 30 0a 06 08 2b 06 01 05 05 07 04 11 30 0a 06 08 2b 06 01 05 05 07 04 11",
         "ask for caCerts once", PKI_BAD_REQUEST},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = ask(&client, hex(world->arena, cases[i].body));
        cr_expect_str_eq(answer.result.text, cases[i].text);
        expect_error(&answer, cases[i].failure);
    }
    cr_expect_eq(world->tx_count, 0);
}

/* ---- who may ask ---- */

/* RFC 9483 4.3 genm.protection: "REQUIRED"
 * Messages without protection are rejected (RFC 9483 3.5) where the profile does not say otherwise. */
Test(op_genm, without_protection_where_the_profile_says_so)
{
    struct answer answer = world_send(world, bare(SEQUENCE(CA_CERTS)));

    cr_expect_str_eq(answer.result.setting, "profiles[0].general.unprotected");
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    world->config.general.unprotected = 1;
    answer = world_send(world, bare(SEQUENCE(CA_CERTS)));
    read_given(&answer);
    cr_expect_not(answer.result.authenticated);
    cr_expect(answer.message.has_protection);
    answer_free(&answer);
    cr_expect_eq(world->audits, 0);
    /* What requests have to be like is for known ones. */
    answer = world_send(world, bare(SEQUENCE(info(19, nothing()))));
    cr_expect_str_eq(answer.result.text, "protect the message: certReqTemplate is told to known ones alone");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->audits, 0);
}

/* Half of a protection is none, and a wrong one is wrong. */
Test(op_genm, a_wrong_protection_is_refused_whoever_may_ask)
{
    struct pki_header header = client.header;
    struct bytes part, message;

    world->config.general.unprotected = 1;
    cr_assert(pki_encode_protected_part(&part, world->arena, &header, PKI_GENM, SEQUENCE(CA_CERTS)) &&
              pki_encode_message(&message, world->arena, part, nothing(), client.extra_certs,
                                 client.extra_cert_count));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    mac.secret = bytes_str("guessed");
    answer = ask(&mac, SEQUENCE(CA_CERTS));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client_sign_by(&client, &world->stranger, NULL, 0);
    answer = ask(&client, SEQUENCE(CA_CERTS));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

/* A certificate that this CA has issued, under whatever profile. */
Test(op_genm, by_a_certificate_of_this_CA)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct ctl_identity own;

    client_adopt(&client, &first, &own);
    struct answer confirmed;
    world_cert_of(world, first.cert.serial)->status = STORE_CERT_VALID;
    const struct cmp_route route = {.profile = &world->other_profile, .body = -1};
    struct answer answer =
        world_send_to(world, &route, client_message(&client, PKI_GENM, SEQUENCE(CA_CERTS)));
    read_given(&answer);
    answer_free(&answer);
    world_cert_of(world, first.cert.serial)->status = STORE_CERT_REVOKED;
    confirmed = ask(&client, SEQUENCE(CA_CERTS));
    expect_error(&confirmed, PKI_SIGNER_NOT_TRUSTED);
    answer_free(&first);
    ctl_identity_cleanup(&own);
}

/* Whoever has a secret with an end has it till then; one that was used asks all the same. */
Test(op_genm, by_a_secret)
{
    struct answer answer;

    world->secrets[0].row.reusable = 0;
    world->secrets[0].row.bound_to = bytes_str("another");
    answer = ask(&mac, SEQUENCE(CA_CERTS));
    read_given(&answer);
    answer_free(&answer);
    world->secrets[0].row.expires = world->now;
    answer = ask(&mac, SEQUENCE(CA_CERTS));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* ---- certProfile (RFC 9810 5.1.1.4) and paths (RFC 9483 6.1) ---- */

static struct answer ask_of_profiles(const char *names, struct bytes infos)
{
    return send_with(SEQUENCE(info(21, hex(world->arena, names))), PKI_GENM, infos);
}

#define TEST "0c 04 74 65 73 74 "
#define OTHER "0c 05 6f 74 68 65 72 "

Test(op_genm, a_profile_for_each_question)
{
    struct bytes template = info(19, nothing());
    struct answer answer;

    world->profile.general.request_template = hex(world->arena, "30 02 30 00");
    world->other_profile.general.request_template = hex(world->arena, "30 06 30 04 a3 02 30 00");
    answer = ask_of_profiles("30 0d " TEST OTHER, SEQUENCE(template, template));
    read_given(&answer);
    cr_assert_eq(given_count, 2);
    cr_expect(bytes_equal(given[0].value, world->profile.general.request_template));
    cr_expect(bytes_equal(given[1].value, world->other_profile.general.request_template));
    answer_free(&answer);
    /* "An empty string means no certificate profile name", and the rest have none. */
    answer = ask_of_profiles("30 09 0c 00 " OTHER, SEQUENCE(template, template, template));
    read_given(&answer);
    cr_assert_eq(given_count, 3);
    cr_expect(bytes_equal(given[0].value, world->profile.general.request_template));
    cr_expect(bytes_equal(given[1].value, world->other_profile.general.request_template));
    cr_expect(bytes_equal(given[2].value, world->profile.general.request_template));
    answer_free(&answer);
    answer = ask_of_profiles("30 07 " OTHER, SEQUENCE(template));
    read_given(&answer);
    cr_expect(bytes_equal(given[0].value, world->other_profile.general.request_template));
    cr_expect_str_eq(answer.result.profile, "other");
    answer_free(&answer);
}

/* RFC 9810 5.1.1.4: "When used in an ir/cr/kur/genm message, the CertProfileValue sequence MUST NOT contain
 * more certificate profile names than the number of CertReqMsg or GenMsgContent InfoTypeAndValue elements
 * contained in the message body." */
Test(op_genm, names_that_do_not_fit)
{
    struct cmp_authority elsewhere = world->ca;
    struct bytes template = info(19, nothing());
    struct answer answer = ask_of_profiles("30 0d " TEST OTHER, SEQUENCE(template));

    cr_expect_str_eq(answer.result.text, "certProfile has more names than the message has infoTypes");
    expect_error(&answer, PKI_BAD_REQUEST);
    answer = ask_of_profiles("30 0b " TEST "0c 03 66 6f 6f", SEQUENCE(template, template));
    cr_expect_str_eq(answer.result.text, "certProfile names no profile of this server");
    expect_error(&answer, PKI_BAD_REQUEST);
    answer = ask_of_profiles("30 05 0c 03 66 6f 6f", SEQUENCE(template));
    expect_error(&answer, PKI_BAD_REQUEST);
    world->other_profile.ca = &elsewhere;
    answer = ask_of_profiles("30 0d " TEST OTHER, SEQUENCE(template, template));
    cr_expect_str_eq(answer.result.text,
                     "certProfile names profiles of several CAs: send a message for each");
    expect_error(&answer, PKI_BAD_REQUEST);
}

Test(op_genm, a_path_of_an_operation_is_for_it_alone)
{
    struct answer answer = ask_by_path(PKI_GENM, 17, SEQUENCE(CA_CERTS));

    read_given(&answer);
    answer_free(&answer);
    answer = ask_by_path(PKI_GENM, 22, SEQUENCE(CA_CERTS));
    cr_expect_str_eq(answer.result.text, "the URL path is for another infoType than the message asks for");
    expect_error(&answer, PKI_BAD_REQUEST);
    answer = ask_by_path(PKI_GENM, 17, SEQUENCE(CA_CERTS, UNKNOWN));
    expect_error(&answer, PKI_BAD_REQUEST);
    answer = ask_by_path(PKI_IR, 0, SEQUENCE(CA_CERTS));
    cr_expect_str_eq(answer.result.text, "the URL path is for another operation than the message asks for");
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* ---- to the letter ---- */

/* RFC 9483 4.3 genm.body.genm: "MUST contain a sequence of one element of type InfoTypeAndValue" */
Test(op_genm, one_element_to_the_letter)
{
    struct answer answer;

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    client.header.cert_profile = bytes_str("test"); /* RFC 9483 4.3.3 lets a genm have it */
    answer = ask(&client, SEQUENCE(CA_CERTS));
    read_given(&answer);
    answer_free(&answer);
    answer = ask(&client, SEQUENCE(CA_CERTS, SYMMETRIC));
    cr_expect_str_eq(answer.result.text, "send one infoType in a message");
    expect_error(&answer, PKI_BAD_REQUEST);
    client.header.cert_profile = nothing();
    answer = ask(&client, hex(world->arena, "30 00"));
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* ---- values of the header ---- */

/* RFC 9810 5.1.1.3: an RA "MAY include the original PKIMessage from the end entity in the generalInfo field".
 * It is handled gracefully: the request is what the RA has signed. */
Test(op_genm, origPKIMessage_is_no_matter)
{
    struct bytes original = client_request(&client, PKI_IR);

    client.transaction_id[0]++;
    struct answer answer =
        send_with(SEQUENCE(info(15, SEQUENCE(original))), PKI_IR, client_body(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
}
