/* check.c and request.c: what the fleet sends is served, and a server that lies is found out. */
#include "bench/check.h"
#include "crypto/name.h"
#include "server/pki/revocation.h"
#include "tests/unit/bench/fixture.h"

static struct device device;

static void set_up(void)
{
    new_world();
    new_device(&device, "gnb-1");
}

static void tear_down(void)
{
    end_device(&device);
    end_world();
}

TestSuite(check, .init = set_up, .fini = tear_down);

static struct request make(enum scenario scenario)
{
    return make_for(&device, scenario);
}

static enum bench_error verdict(struct check *check)
{
    struct verification *items[] = {&check->items[0], &check->items[1]};

    verify_batch(items, check->item_count);
    return check_verdict(check);
}

static enum bench_error judge(struct check *check, const struct request *request, struct bytes reply)
{
    check_first(check, world->arena, &setup, &options, request, reply, 1);
    return verdict(check);
}

static void adopt(const struct check *check)
{
    device.own_cert = arena_copy(world->arena, check->certificate.der);
}

static void serve(enum scenario scenario)
{
    struct request request = make(scenario);
    struct check check;

    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK, "%s: %s",
                 scenario_kind(scenario)->name, bench_error_name(check_verdict(&check)));
    if (scenario == SCENARIO_IR)
        adopt(&check);
}

Test(check, every_scenario_is_served)
{
    serve(SCENARIO_IR);
    serve(SCENARIO_CR);
    serve(SCENARIO_P10CR);
    serve(SCENARIO_KUR);
    serve(SCENARIO_CR_CONFIRM);
    serve(SCENARIO_P10CR_CONFIRM);
    serve(SCENARIO_KUR_CONFIRM);
    serve(SCENARIO_P10CR_OWN_CONFIRM);
    serve(SCENARIO_RR);
}

static void enroll_by_mac(enum protection protection)
{
    options.protection = protection;
    serve(SCENARIO_IR);
    serve(SCENARIO_P10CR);
    serve(SCENARIO_KUR); /* signed all the same: with what the secret got */
}

Test(check, password_based_mac)
{
    enroll_by_mac(PROTECTION_PBM);
}

Test(check, pbmac1)
{
    enroll_by_mac(PROTECTION_PBMAC1);
}

/* The answer to a certConf whose senderNonce is |*nonce|. */
static struct bytes confirm(struct request *request, struct bytes *nonce, enum protection protection)
{
    struct following confirmation;
    struct signing *items[] = {&confirmation.item};
    struct check check;
    struct bytes message;

    options.protection = protection;
    *request = make(SCENARIO_IR_CONFIRM);
    cr_assert_eq(judge(&check, request, answer_to(request->message)), BENCH_OK);
    cr_assert(confirmation_prepare(&confirmation, world->arena, request, &check.certificate,
                                   check.message.header.sender_nonce));
    if (confirmation.item.key != NULL)
        sign_batch(items, 1);
    cr_assert(following_finish(&message, world->arena, &confirmation, request));
    *nonce = arena_copy(world->arena, bytes_of(confirmation.nonce, sizeof confirmation.nonce));
    return answer_to(message);
}

static enum bench_error judge_confirmed(const struct request *request, struct bytes nonce, struct bytes reply)
{
    struct check check;

    check_confirmed(&check, world->arena, &setup, &options, request, nonce, reply, 1);
    return verdict(&check);
}

Test(check, certificates_are_confirmed)
{
    struct request request;
    struct bytes nonce, reply = confirm(&request, &nonce, PROTECTION_SIGNATURE);

    cr_assert_eq(judge_confirmed(&request, nonce, reply), BENCH_OK);
    reply = confirm(&request, &nonce, PROTECTION_PBM);
    cr_assert_eq(judge_confirmed(&request, nonce, reply), BENCH_OK);
}

/* ---- lies ---- */

Test(check, the_answer_to_another_is_a_mismatch)
{
    struct request first = make(SCENARIO_IR), second = make(SCENARIO_IR);
    struct check check;

    cr_assert_eq(judge(&check, &first, answer_to(second.message)), BENCH_MISMATCH);
}

Test(check, another_type_of_answer_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    request.scenario = SCENARIO_CR;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
}

Test(check, a_certificate_for_another_key_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    request.spki = private_key_spki(device.next_key);
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
    options.fixed_certificate = 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
}

Test(check, no_implicit_confirmation_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR);
    struct check check;

    world->config.confirm.implicit = 0;
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_MISMATCH);
}

/* A signature by somebody else, over the same octets. */
Test(check, another_servers_protection_is_wrong)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    public_key_free(setup.cmp_key);
    setup.cmp_key = public_key_parse(world->stranger.cert.spki);
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
}

Test(check, another_cas_certificate_is_wrong)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    public_key_free(setup.ca_key);
    setup.ca_key = public_key_parse(world->stranger_root.cert.spki);
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
    setup.ca.subject = world->stranger_root.cert.subject;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
}

Test(check, a_wrong_mac_is_wrong)
{
    struct request request;
    struct bytes reply;
    struct check check;

    options.protection = PROTECTION_PBM;
    request = make(SCENARIO_IR);
    reply = answer_to(request.message);
    request.mac_key->octets[0] ^= 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
}

/* Every octet of an answer, changed: never a success. Signatures of ECDSA have no second form here. */
Test(check, no_changed_octet_passes)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct pki_message whole;
    uint8_t *changed = (uint8_t *)(uintptr_t)arena_copy(world->arena, reply).data;
    size_t end;
    struct check check;

    cr_assert_eq(pki_message_decode(&whole, NULL, reply), PKI_WHOLE);
    end = (size_t)(whole.protection.data + whole.protection.len -
                   reply.data); /* extraCerts are not protected */
    for (size_t i = 0; i < end; i++) {
        changed[i] ^= 0x01;
        cr_expect_neq(judge(&check, &request, bytes_of(changed, reply.len)), BENCH_OK, "octet %zu", i);
        changed[i] ^= 0x01;
    }
}

Test(check, a_refusal_is_one)
{
    struct request request;
    struct check check;

    world->decide_refuses = 1;
    request = make(SCENARIO_IR);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_REJECTED);
    cr_assert(bytes_equal(check.status_text, bytes_str("not today")));
}

/* PKIFailureInfo (RFC 9810 5.2.3) has systemUnavail for what may pass. */
Test(check, a_store_that_is_away_is_told_from_a_refusal)
{
    struct request request = make(SCENARIO_IR);
    struct check check;

    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNAVAILABLE;
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_UNAVAILABLE);
    cr_assert_neq(check.status_text.len, 0);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK, "the same message, again");
}

Test(check, what_is_no_message_is_malformed)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    cr_assert_eq(judge(&check, &request, bytes_of(reply.data, reply.len - 1)), BENCH_MALFORMED);
    cr_assert_eq(judge(&check, &request, bytes_str("hello")), BENCH_MALFORMED);
    cr_assert_eq(judge(&check, &request, bytes_of(NULL, 0)), BENCH_MALFORMED);
}

/* ---- lies that are rightly protected ---- */

/* An answer taken apart: changed, it is protected anew as the server would. */
struct forged {
    struct pki_header header;
    int type;
    struct bytes body;
    struct bytes mac_secret; /* empty: signed */
    int protection_missing;  /* 1: protectionAlg stands for nothing */
    int longer;              /* octets that the protection has more than it should */
    uint8_t change;          /* of its last octet */
};

static struct forged take(struct bytes reply)
{
    struct pki_message message;
    struct forged out = {.type = 0};

    cr_assert_eq(pki_message_decode(&message, NULL, reply), PKI_WHOLE);
    out.header = message.header;
    out.type = message.body_type;
    out.body = message.body;
    if (mac_is_mac(message.header.protection_alg))
        out.mac_secret = device.secret;
    return out;
}

static struct bytes protection_of(const struct forged *forged, struct bytes part)
{
    uint8_t *room = arena_alloc(world->arena, SIGNATURE_MAX + 1);
    struct signing item = {.algorithm = world->ca.cmp_algorithm, .key = world->cmp_signer.key};
    struct signing *items[] = {&item};
    struct mac_algorithm algorithm;
    struct mac_key key;
    CBS cbs = cbs_of(forged->header.protection_alg);
    size_t len;

    if (forged->mac_secret.len != 0) {
        cr_assert(mac_parse(&algorithm, &cbs) && mac_derive(&key, &algorithm, forged->mac_secret));
        len = mac_apply(room, &algorithm, &key, part);
    } else {
        item.message = part;
        item.signature = room;
        sign_batch(items, 1);
        len = item.signature_len;
    }
    room[len - 1] ^= forged->change;
    return bytes_of(room, len + (size_t)forged->longer);
}

static struct bytes give(const struct forged *forged)
{
    struct bytes part, message, none = bytes_of(NULL, 0);

    cr_assert(pki_encode_protected_part(&part, world->arena, &forged->header, forged->type, forged->body));
    cr_assert(pki_encode_message(&message, world->arena, part,
                                 forged->header.protection_alg.len != 0 && !forged->protection_missing
                                     ? protection_of(forged, part)
                                     : none,
                                 NULL, 0));
    return message;
}

static const struct bytes other_nonce = {(const uint8_t *)"fedcba9876543210", 16};

static void leave_it(struct forged *forged)
{
    (void)forged;
}

static void wrong_transaction(struct forged *forged)
{
    forged->header.transaction_id = other_nonce;
}

static void no_transaction(struct forged *forged)
{
    forged->header.transaction_id.len = 0;
}

static void wrong_recip_nonce(struct forged *forged)
{
    forged->header.recip_nonce = other_nonce;
}

static void no_recip_nonce(struct forged *forged)
{
    forged->header.recip_nonce.len = 0;
}

static void short_recip_nonce(struct forged *forged)
{
    forged->header.recip_nonce.len--;
}

static void short_sender_nonce(struct forged *forged)
{
    forged->header.sender_nonce.len = REQUEST_NONCE - 1;
}

static void no_sender_nonce(struct forged *forged)
{
    forged->header.sender_nonce.len = 0;
}

static void long_sender_nonce(struct forged *forged)
{
    forged->header.sender_nonce = bytes_str("a nonce of twenty-4 octets");
}

static void wrong_pvno(struct forged *forged)
{
    forged->header.pvno = PKI_CMP2021;
}

/* RFC 9483 3.1: with a signature sender names who protects, with a MAC senderKID does. */
static void wrong_sender(struct forged *forged)
{
    if (forged->mac_secret.len != 0)
        forged->header.sender_kid = bytes_str("station-9");
    else
        cr_assert(pki_directory_name(&forged->header.sender, world->arena, world->stranger.cert.subject));
}

static void no_sender(struct forged *forged)
{
    static const uint8_t null_dn[] = {0xa4, 0x02, 0x30, 0x00};

    if (forged->mac_secret.len != 0)
        forged->header.sender_kid.len = 0;
    else
        forged->header.sender = bytes_of(null_dn, sizeof null_dn);
}

static void wrong_body(struct forged *forged)
{
    forged->type = PKI_GENP;
}

static void no_protection(struct forged *forged)
{
    forged->header.protection_alg.len = 0;
}

static void only_an_algorithm(struct forged *forged)
{
    forged->protection_missing = 1;
}

static void short_protection(struct forged *forged)
{
    forged->longer = -1;
}

static void long_protection(struct forged *forged)
{
    forged->longer = 1;
}

static void wrong_last_octet(struct forged *forged)
{
    forged->change = 1;
}

static void unknown_algorithm(struct forged *forged)
{
    static const uint8_t algorithm[] = {0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04};

    forged->header.protection_alg = bytes_of(algorithm, sizeof algorithm);
    forged->mac_secret.len = 0; /* signed, and rightly */
}

/* Lies about the header: of every kind of answer, whoever protects it how. */
static const struct lie {
    const char *name;
    void (*tell)(struct forged *forged);
    enum bench_error seen; /* BENCH_OK: it is none */
    int deep;              /* 1: only whoever verifies signatures sees it in a signed answer */
} lies[] = {
    {"none", leave_it, BENCH_OK, 0},
    {"a longer senderNonce", long_sender_nonce, BENCH_OK, 0},
    {"transactionID", wrong_transaction, BENCH_MISMATCH, 0},
    {"no transactionID", no_transaction, BENCH_MISMATCH, 0},
    {"recipNonce", wrong_recip_nonce, BENCH_MISMATCH, 0},
    {"no recipNonce", no_recip_nonce, BENCH_MISMATCH, 0},
    {"a shorter recipNonce", short_recip_nonce, BENCH_MISMATCH, 0},
    {"a shorter senderNonce", short_sender_nonce, BENCH_MISMATCH, 0},
    {"no senderNonce", no_sender_nonce, BENCH_MISMATCH, 0},
    {"pvno", wrong_pvno, BENCH_MISMATCH, 0},
    {"sender", wrong_sender, BENCH_MISMATCH, 0},
    {"no sender", no_sender, BENCH_MISMATCH, 0},
    {"body", wrong_body, BENCH_MISMATCH, 0},
    {"no protection", no_protection, BENCH_PROTECTION, 0},
    {"protectionAlg alone", only_an_algorithm, BENCH_PROTECTION, 0},
    {"an algorithm that nobody knows", unknown_algorithm, BENCH_PROTECTION, 0},
    {"a protection that is cut", short_protection, BENCH_PROTECTION, 1},
    {"a protection that is longer", long_protection, BENCH_PROTECTION, 1},
    {"a protection that ends otherwise", wrong_last_octet, BENCH_PROTECTION, 1},
};

/* Judges |reply| with every lie told about it; |nonce| is that of a certConf, or empty. */
static void expect_lies_found(const struct request *request, struct bytes nonce, struct bytes reply)
{
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct forged forged = take(reply);
        struct check check;
        lies[i].tell(&forged);
        struct bytes told = give(&forged);
        for (int deep = 0; deep <= 1; deep++) {
            enum bench_error seen =
                lies[i].deep && !deep && request->mac_key == NULL ? BENCH_OK : lies[i].seen;
            if (nonce.len != 0)
                check_confirmed(&check, world->arena, &setup, &options, request, nonce, told, deep);
            else
                check_first(&check, world->arena, &setup, &options, request, told, deep);
            cr_assert_eq(verdict(&check), seen, "%s, %s: %s", lies[i].name,
                         scenario_kind(request->scenario)->name, bench_error_name(check.error));
        }
    }
}

/* RFC 9483 3.1, 3.2 */
Test(check, every_lie_about_the_header_is_a_mismatch)
{
    static const enum scenario scenarios[] = {SCENARIO_IR, SCENARIO_P10CR, SCENARIO_KUR, SCENARIO_RR};

    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        struct request request = make(scenarios[i]);
        struct bytes reply = answer_to(request.message);
        struct check check;
        expect_lies_found(&request, bytes_of(NULL, 0), reply);
        cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
        if (scenarios[i] == SCENARIO_IR)
            adopt(&check);
    }
    options.protection = PROTECTION_PBMAC1;
    struct request request = make(SCENARIO_IR);
    expect_lies_found(&request, bytes_of(NULL, 0), answer_to(request.message));
}

Test(check, every_lie_about_the_header_of_a_confirmation_is_a_mismatch)
{
    struct request request;
    struct bytes nonce, reply = confirm(&request, &nonce, PROTECTION_SIGNATURE);

    expect_lies_found(&request, nonce, reply);
    reply = confirm(&request, &nonce, PROTECTION_PBM);
    expect_lies_found(&request, nonce, reply);
    /* It answers the certConf, not the request before it. */
    cr_assert_eq(judge_confirmed(&request, bytes_of(request.sender_nonce, REQUEST_NONCE), reply),
                 BENCH_MISMATCH);
}

/* RFC 9483 3.1: sender is the subject of the certificate that protects: that of CMP, or the CA's own. */
Test(check, sender_and_signer_fit)
{
    struct request request, second;
    struct bytes nonce;
    struct forged forged;
    struct check check;

    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    request = make(SCENARIO_IR);
    cr_assert_eq(judge(&check, &request, answer_to(request.message)), BENCH_OK);
    second = make(SCENARIO_IR);
    forged = take(answer_to(second.message));
    /* What give() signs, the key for CMP signs. */
    cr_assert_eq(judge(&check, &second, give(&forged)), BENCH_PROTECTION);
    forged.header.sender = world->ca.cmp_sender;
    cr_assert_eq(judge(&check, &second, give(&forged)), BENCH_OK);
    struct bytes reply = confirm(&request, &nonce, PROTECTION_SIGNATURE);
    cr_assert_eq(judge_confirmed(&request, nonce, reply), BENCH_OK);
}

/* FortiOS and Huawei want the sender to be the name to which they wrote, RFC 5280 7.1; cmp-issuer does not
 * mind the order. */
Test(check, who_wants_the_recipient_as_the_sender)
{
    struct bytes turned;
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct check check;

    /* Signed by the certificate for CMP, under its name. */
    options.persona.sender = PERSONA_SENDER_RECIPIENT;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
    options.persona.sender = PERSONA_SENDER_RDNS;
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    request = make(SCENARIO_IR);
    reply = answer_to(request.message);
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    options.persona.sender = PERSONA_SENDER_RECIPIENT;
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    /* By MAC the sender is the CA in any case; here it has its RDNs in another order. */
    options.protection = PROTECTION_PBM;
    request = make(SCENARIO_IR);
    struct forged forged = take(answer_to(request.message));
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_OK);
    cr_assert(
        name_build(&turned, world->arena, (const char *const[]){"CN", "Issuing CA", "O", "Test", NULL}) &&
        pki_directory_name(&forged.header.sender, world->arena, turned));
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_MISMATCH);
    options.persona.sender = PERSONA_SENDER_RDNS;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_OK);
    options.persona.sender = PERSONA_SENDER_SIGNER;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_OK);
}

/* RFC 9483 3.2 wants a MAC for a MAC; cmp-issuer takes a signature, too, if it is a good one. */
Test(check, who_takes_a_signature_for_a_MAC)
{
    struct request request;
    struct bytes reply;
    struct check check;
    struct forged forged;

    options.protection = PROTECTION_PBM;
    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_SIGNATURE;
    request = make(SCENARIO_IR);
    reply = answer_to(request.message);
    cr_assert_eq(judge(&check, &request, reply), BENCH_MISMATCH);
    options.persona.takes_signed = 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    forged = take(reply);
    forged.change = 1;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION);
    /* A MAC is as good. */
    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_MAC;
    request = make(SCENARIO_IR);
    reply = answer_to(request.message);
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    request.mac_key->octets[0] ^= 1;
    cr_assert_eq(judge(&check, &request, reply), BENCH_PROTECTION);
}

/* RFC 9810 5.3.17: PKIConfirmContent ::= NULL */
Test(check, a_confirmation_with_another_body_confirms_nothing)
{
    static const uint8_t sequence[] = {0x30, 0x00}, octets[] = {0x04, 0x00};
    struct request request;
    struct bytes nonce, reply = confirm(&request, &nonce, PROTECTION_SIGNATURE);
    struct forged forged = take(reply);

    forged.body = bytes_of(sequence, sizeof sequence);
    cr_assert_eq(judge_confirmed(&request, nonce, give(&forged)), BENCH_MALFORMED);
    forged.body = bytes_of(octets, sizeof octets);
    cr_assert_eq(judge_confirmed(&request, nonce, give(&forged)), BENCH_MALFORMED);
    /* Nor does the certificate, again. */
    forged.type = PKI_IP;
    cr_assert_eq(judge_confirmed(&request, nonce, give(&forged)), BENCH_MISMATCH);
}

/* PasswordBasedMac with the salt of |like|, and so, with its iterations, the same key. */
static void shared_secret(struct bytes *out, struct bytes like, enum digest_id mac, uint32_t iterations)
{
    struct mac_algorithm algorithm;
    CBS cbs = cbs_of(like);

    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert(mac_pbm_encode(out, world->arena, algorithm.salt, algorithm.owf, mac,
                             iterations != 0 ? iterations : algorithm.iterations));
}

/* RFC 9483 3.1: whoever used a secret is answered by it, and by the parameters that it chose; whoever signed,
 * by a signature. */
Test(check, protection_of_another_kind_is_wrong)
{
    struct request request = make(SCENARIO_IR);
    struct bytes signed_reply = answer_to(request.message);
    struct forged forged = take(signed_reply);
    struct check check;

    cr_assert(mac_pbm_encode(&forged.header.protection_alg, world->arena, bytes_str("0123456789abcdef"),
                             DIGEST_SHA256, DIGEST_SHA256, 100));
    forged.mac_secret = device.secret;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION);

    options.protection = PROTECTION_PBM;
    request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message), like = take(reply).header.protection_alg;
    forged = take(reply);
    forged.header.protection_alg = world->ca.cmp_algorithm->encoded;
    forged.mac_secret.len = 0;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION);
    forged = take(reply);
    shared_secret(&forged.header.protection_alg, like, DIGEST_SHA256, 100);
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION, "other iterations");
    shared_secret(&forged.header.protection_alg, like, DIGEST_SHA512, 0);
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION, "another HMAC with the same key");
    shared_secret(&forged.header.protection_alg, like, DIGEST_SHA256, 0);
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_OK);
    forged.mac_secret = bytes_str("another secret");
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_PROTECTION);
}

/* ---- lies about certificates ---- */

enum { RIGHT_KEY = 1, RIGHT_ISSUER = 2, RIGHT_SUBJECT = 4, RIGHT_SIGNATURE = 8, ALL_RIGHT = 15 };

/* A certificate for |request| in which not all is |right|. */
static struct bytes certificate(const struct request *request, unsigned right)
{
    static const uint8_t serial[] = {0x5a, 1, 2, 3};
    const struct private_key *signer =
        (right & RIGHT_SIGNATURE) != 0 ? world->issuing.key : world->stranger.key;
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.algorithm = world->ca.algorithm, .key = signer, .signature = signature};
    struct signing *items[] = {&item};
    struct certificate_plan plan = {
        .serial = bytes_of(serial, sizeof serial),
        .algorithm = world->ca.algorithm,
        .issuer = (right & RIGHT_ISSUER) != 0 ? setup.ca.subject : world->root.cert.subject,
        .subject = (right & RIGHT_SUBJECT) != 0 ? request->subject : world->device.cert.subject,
        .not_before = world->now,
        .not_after = world->now + 1000,
        .spki = (right & RIGHT_KEY) != 0 ? request->spki : world->device.cert.spki,
        .path_len = -1,
    };
    struct bytes der;

    cr_assert(certificate_build(&item.message, world->arena, &plan));
    sign_batch(items, 1);
    cr_assert(certificate_assemble(&der, world->arena, item.message, plan.algorithm,
                                   bytes_of(signature, item.signature_len)));
    return der;
}

static enum bench_error judge_response(const struct request *request, struct bytes reply,
                                       const struct cert_response *response, int deep)
{
    struct forged forged = take(reply);
    struct check check;

    cr_assert(pki_encode_cert_rep(&forged.body, world->arena, NULL, 0, response));
    check_first(&check, world->arena, &setup, &options, request, give(&forged), deep);
    return verdict(&check);
}

/* What is wrong about a certificate, by itself. */
Test(check, a_certificate_of_another_key_issuer_subject_or_signature_is_found_out)
{
    static const struct {
        unsigned right;
        int64_t status;
        enum bench_error deep, shallow, fixed; /* as they are seen */
    } cases[] = {
        {ALL_RIGHT, PKI_ACCEPTED, BENCH_OK, BENCH_OK, BENCH_OK},
        {ALL_RIGHT & ~RIGHT_KEY, PKI_ACCEPTED, BENCH_MISMATCH, BENCH_MISMATCH, BENCH_OK},
        {ALL_RIGHT & ~RIGHT_ISSUER, PKI_ACCEPTED, BENCH_MISMATCH, BENCH_MISMATCH, BENCH_OK},
        {ALL_RIGHT & ~RIGHT_SUBJECT, PKI_ACCEPTED, BENCH_MISMATCH, BENCH_MISMATCH, BENCH_OK},
        {ALL_RIGHT & ~RIGHT_SIGNATURE, PKI_ACCEPTED, BENCH_PROTECTION, BENCH_OK, BENCH_OK},
        /* RFC 9810 5.2.3: grantedWithMods, "something like what you asked for" */
        {ALL_RIGHT & ~RIGHT_SUBJECT, PKI_GRANTED_WITH_MODS, BENCH_OK, BENCH_OK, BENCH_OK},
        {ALL_RIGHT & ~RIGHT_KEY, PKI_GRANTED_WITH_MODS, BENCH_MISMATCH, BENCH_MISMATCH, BENCH_OK},
    };

    for (enum scenario scenario = SCENARIO_IR; scenario <= SCENARIO_KUR; scenario++) {
        struct request request = make(scenario);
        struct bytes reply = answer_to(request.message);
        int64_t id = scenario == SCENARIO_P10CR ? -1 : 0;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            const struct cert_response response = {.cert_req_id = id,
                                                   .status = {.status = cases[i].status},
                                                   .certificate = certificate(&request, cases[i].right)};
            cr_assert_eq(judge_response(&request, reply, &response, 1), cases[i].deep, "case %zu", i);
            cr_assert_eq(judge_response(&request, reply, &response, 0), cases[i].shallow, "case %zu", i);
            options.fixed_certificate = 1;
            cr_assert_eq(judge_response(&request, reply, &response, 1), cases[i].fixed, "case %zu", i);
            options.fixed_certificate = 0;
        }
        if (scenario == SCENARIO_IR) {
            struct check check;
            cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
            adopt(&check);
        }
    }
}

/* RFC 9483 4.1.1, 4.1.4: certReqId is 0, of a p10cr -1. */
Test(check, another_certReqId_is_a_mismatch)
{
    static const enum scenario scenarios[] = {SCENARIO_IR, SCENARIO_IR_CONFIRM, SCENARIO_CR, SCENARIO_P10CR};

    for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
        struct request request = make(scenarios[i]);
        struct bytes reply = answer_to(request.message), der = certificate(&request, ALL_RIGHT);
        for (int64_t id = -2; id <= 1; id++) {
            const struct cert_response response = {
                .cert_req_id = id, .status = {.status = PKI_ACCEPTED}, .certificate = der};
            cr_assert_eq(judge_response(&request, reply, &response, 1),
                         id == (scenarios[i] == SCENARIO_P10CR ? -1 : 0) ? BENCH_OK : BENCH_MISMATCH,
                         "certReqId %lld", (long long)id);
        }
    }
}

/* RFC 9810 5.2.3, PKIStatus: what is neither accepted nor grantedWithMods is no success, whatever comes with
 * it. */
Test(check, every_other_status_is_a_rejection)
{
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message), der = certificate(&request, ALL_RIGHT);
    struct check check;

    for (int64_t status = -1; status <= 8; status++) {
        enum bench_error good =
            status == PKI_ACCEPTED || status == PKI_GRANTED_WITH_MODS || status == PKI_KEY_UPDATE_WARNING
                ? BENCH_OK
                : BENCH_REJECTED;
        struct cert_response response = {.status = {.status = status}, .certificate = der};
        cr_assert_eq(judge_response(&request, reply, &response, 1), good, "status %lld", (long long)status);
        response.status.fail_info = UINT64_C(1) << PKI_SYSTEM_UNAVAIL;
        cr_assert_eq(judge_response(&request, reply, &response, 1),
                     good != BENCH_OK ? BENCH_UNAVAILABLE : BENCH_OK);
    }
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    adopt(&check);
    request = make(SCENARIO_RR);
    struct forged forged = take(answer_to(request.message));
    for (int64_t status = -1; status <= 8; status++) {
        const struct pki_status_info info = {.status = status};
        cr_assert(pki_encode_rev_rep(&forged.body, world->arena, &info));
        cr_assert_eq(judge(&check, &request, give(&forged)), status == PKI_ACCEPTED ||
                                                                     status == PKI_GRANTED_WITH_MODS ||
                                                                     status == PKI_KEY_UPDATE_WARNING
                                                                 ? BENCH_OK
                                                                 : BENCH_REJECTED);
    }
}

Test(check, a_body_that_is_none_is_malformed)
{
    static const uint8_t null[] = {0x05, 0x00};
    struct request request = make(SCENARIO_IR);
    struct bytes reply = answer_to(request.message);
    struct forged forged = take(reply);
    struct cert_response response = {.status = {.status = PKI_ACCEPTED}};
    struct check check;

    forged.body = bytes_of(null, sizeof null);
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_MALFORMED);
    cr_assert_eq(judge_response(&request, reply, &response, 1), BENCH_MALFORMED,
                 "accepted without a certificate");
    response.certificate = bytes_of((const uint8_t *)"\x30\x00", 2);
    cr_assert_eq(judge_response(&request, reply, &response, 1), BENCH_MALFORMED);
    cr_assert_eq(judge(&check, &request, reply), BENCH_OK);
    adopt(&check);
    request = make(SCENARIO_RR);
    forged = take(answer_to(request.message));
    forged.body = bytes_of(null, sizeof null);
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_MALFORMED);
}

/* RFC 9810 5.1.1.1: implicit confirmation is granted to whoever asked for it. */
Test(check, implicit_confirmation_that_nobody_asked_for_is_a_mismatch)
{
    struct request request = make(SCENARIO_IR_CONFIRM);
    struct forged forged = take(answer_to(request.message));
    struct check check;

    forged.header.implicit_confirm = 1;
    cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_MISMATCH);
}

/* An error message may come without protection, from a server that has nothing to protect it with. What it
 * says is believed, for it is no success. */
Test(check, an_error_message_is_a_rejection_however_it_is_protected)
{
    static const uint8_t null[] = {0x05, 0x00};
    struct request request = make(SCENARIO_IR);
    struct forged forged = take(answer_to(request.message));
    struct pki_status_info info = {.status = PKI_REJECTION, .text = bytes_str("no")};
    struct check check;

    forged.type = PKI_ERROR;
    for (int protected = 0; protected <= 1; protected ++) {
        info.fail_info = UINT64_C(1) << PKI_SYSTEM_UNAVAIL;
        cr_assert(pki_encode_error(&forged.body, world->arena, &info));
        cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_UNAVAILABLE);
        info.fail_info = UINT64_C(1) << PKI_SYSTEM_FAILURE;
        cr_assert(pki_encode_error(&forged.body, world->arena, &info));
        cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_REJECTED);
        cr_assert(bytes_equal(check.status_text, bytes_str("no")));
        info.status = PKI_ACCEPTED; /* an error message all the same */
        cr_assert(pki_encode_error(&forged.body, world->arena, &info));
        cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_REJECTED);
        info.status = PKI_REJECTION;
        forged.body = bytes_of(null, sizeof null);
        cr_assert_eq(judge(&check, &request, give(&forged)), BENCH_REJECTED);
        forged.header.protection_alg.len = 0;
    }
}
