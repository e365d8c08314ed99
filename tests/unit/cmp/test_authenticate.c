/* authenticate.c: who sent a message (RFC 9810 5.1.3, RFC 9483 3.2, 3.3 and 3.5). */
#include "crypto/name.h"
#include "tests/support/der_tree.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(authenticate, .init = set_up, .fini = tear_down);

static struct answer send_ir(struct client *c)
{
    return world_send(world, client_request(c, PKI_IR));
}

/* ---- the protection ---- */

/* The octet at |offset| of |whole| where |part| (a view into it) stands, changed. */
static struct bytes altered(struct bytes whole, struct bytes part, size_t offset)
{
    struct bytes copy = arena_copy(world->arena, whole);
    uint8_t *octet = (uint8_t *)(uintptr_t)copy.data + (part.data - whole.data) + offset;

    *octet ^= 1;
    return copy;
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, an_octet_changed_in_header_body_or_protection_breaks_the_protection)
{
    struct bytes request[2] = {client_request(&client, PKI_IR), client_request(&mac, PKI_IR)};

    for (size_t i = 0; i < 2; i++) {
        struct pki_message in;
        cr_assert_eq(pki_message_decode(&in, NULL, request[i]), PKI_WHOLE);
        const struct {
            struct bytes part;
            size_t offset;
        } spots[] = {
            {in.header.sender_nonce, 3},
            {in.header.recipient, in.header.recipient.len - 1},
            {in.header.transaction_id, 0},
            {in.body, in.body.len - 1},
            {in.protection, in.protection.len - 1},
        };
        for (size_t j = 0; j < sizeof spots / sizeof spots[0]; j++) {
            struct answer answer = world_send(world, altered(request[i], spots[j].part, spots[j].offset));
            expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
            cr_assert_eq(world->cert_count, 0);
        }
        struct answer answer = world_send(world, request[i]); /* it was the change that was refused */
        expect_certificate(&answer, PKI_IP);
        world_forget(world);
    }
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, a_signature_by_another_key_is_refused)
{
    struct ctl_identity forged = world->device;

    forged.key = world->stranger.key;
    client_sign_by(&client, &forged, &world->vendor_ca.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

Test(authenticate, a_protectionAlg_that_is_not_supported_or_does_not_fit_the_key_is_refused)
{
    const char *const algorithms[] = {
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", /* sha1WithRSAEncryption, RFC 3279 2.2.1 */
        "30 09 06 07 2a 86 48 ce 3d 04 01",             /* ecdsa-with-SHA1, RFC 3279 2.2.3 */
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", /* sha256WithRSAEncryption: the key is EC */
        "30 05 06 03 2b 65 70",                         /* Ed25519 */
        "30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00",    /* ecdsa-with-SHA256 with NULL, RFC 5758 3.2 */
        "30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00", /* SHA-256 is no signature algorithm */
        "30 0b 06 09 2a 86 48 86 f6 7d 07 42 1e",       /* DHBasedMac, RFC 9810 5.1.3.2 */
        "30 0b 06 09 2a 86 48 86 f7 0d 01 05 0e",       /* PBMAC1 without parameters */
    };

    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        client.header.protection_alg = hex(world->arena, algorithms[i]);
        struct answer answer = send_ir(&client);
        expect_error(&answer, PKI_BAD_ALG);
    }
}

/* ---- shared secrets ---- */

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected."
 * RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * What an attacker may learn is the same in both cases. */
Test(authenticate, a_wrong_secret_and_an_unknown_reference_get_the_same_answer)
{
    struct bytes text[2];

    mac.secret = bytes_str("wrong");
    struct answer answer = send_ir(&mac);
    cr_assert(answer.message.has_protection);
    cr_assert_not(mac_is_mac(answer.message.header.protection_alg)); /* not verified: the answer is signed */
    text[0] = arena_copy(world->arena, answer.message.body);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    mac.secret = world->secret;
    mac.header.sender_kid = bytes_str("station-2");
    answer = send_ir(&mac);
    cr_assert_not(mac_is_mac(answer.message.header.protection_alg));
    text[1] = arena_copy(world->arena, answer.message.body);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert(bytes_equal(text[0], text[1]));
}

/* RFC 9810 8.6: whatever is wrong about a secret, finding it out takes the same steps in the same order, at
 * the same price: neither words nor time tell whether a reference exists. */
enum guess { WRONG_SECRET, UNKNOWN, EXPIRED, WITHDRAWN, OTHER_PROFILE, OTHER_SEAL_KEY, GUESSES };

static void expect_same_cost(enum guess guess, struct answer *answer, const unsigned *seen)
{
    static struct answer first;
    static unsigned steps[GUESSES][CMP_WANT_KINDS];

    for (int kind = 0; kind < CMP_WANT_KINDS; kind++)
        steps[guess][kind] = world->wants_seen[kind] - seen[kind];
    if (guess == WRONG_SECRET) {
        first = *answer;
        cr_assert_eq(steps[guess][CMP_WANT_MAC], 1);
    }
    cr_assert_arr_eq(steps[guess], steps[WRONG_SECRET], sizeof steps[guess], "case %d", guess);
    cr_assert_eq(answer->price_us, first.price_us);
    cr_assert_str_eq(answer->result.text, first.result.text);
    cr_assert(answer->result.mac_wrong);
    cr_assert_not(answer->result.authenticated);
    expect_error(answer, PKI_BAD_MESSAGE_CHECK);
}

static void guess_as(enum guess guess, struct bytes (*make)(void))
{
    static const uint8_t other[SEAL_KEY] = {9};
    const struct seal_key *right = world->settings.seal_key;
    struct seal_key *wrong = seal_key_new(other);
    struct bytes secret = mac.secret, reference = mac.header.sender_kid;
    struct store_secret row = world->secrets[0].row;
    unsigned seen[CMP_WANT_KINDS];

    if (guess == WRONG_SECRET)
        mac.secret = bytes_str("wrong");
    else if (guess == UNKNOWN)
        mac.header.sender_kid = bytes_str("station-2");
    else if (guess == EXPIRED)
        world->secrets[0].row.expires = world->now;
    else if (guess == WITHDRAWN)
        world->secrets[0].row.sealed = bytes_of(NULL, 0);
    else if (guess == OTHER_PROFILE)
        world->secrets[0].row.profile = bytes_str("other");
    else
        world->settings.seal_key = wrong;
    mac.transaction_id[0]++;
    memcpy(seen, world->wants_seen, sizeof seen);
    struct answer answer = world_send(world, make());
    expect_same_cost(guess, &answer, seen);
    world->settings.seal_key = right;
    world->secrets[0].row = row;
    mac.secret = secret;
    mac.header.sender_kid = reference;
    seal_key_free(wrong);
}

static struct bytes make_mac_ir(void)
{
    return client_request(&mac, PKI_IR);
}

Test(authenticate, nothing_tells_whether_a_reference_exists)
{
    for (int guess = 0; guess < GUESSES; guess++)
        guess_as((enum guess)guess, make_mac_ir);
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, a_MAC_of_another_length_is_wrong)
{
    struct bytes part, message;

    cr_assert(pki_encode_protected_part(&part, world->arena, &mac.header, PKI_IR, client_body(&mac, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_str("x"), NULL, 0));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    struct mac_key key;
    uint8_t code[DIGEST_MAX + 1] = {0};
    cr_assert(mac_derive(&key, &mac.mac, mac.secret));
    size_t len = mac_apply(code, &mac.mac, &key, part);
    for (size_t given = len - 1; given <= len + 1; given++) {
        cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(code, given), NULL, 0));
        answer = world_send(world, message);
        if (given == len)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
        world_forget(world);
    }
}

Test(authenticate, a_secret_is_good_until_it_expires)
{
    world->secrets[0].row.expires = world->now;
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    world->secrets[0].row.expires = world->now + 1;
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, a_secret_is_good_for_its_profile_only)
{
    world->secrets[0].row.profile = bytes_str("other");
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    mac.header.cert_profile = bytes_str("other");
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, a_secret_sealed_under_another_key_is_not_opened)
{
    static const uint8_t other[SEAL_KEY] = {9};
    const struct seal_key *right = world->settings.seal_key;
    struct seal_key *wrong = seal_key_new(other);

    world->settings.seal_key = wrong;
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    world->settings.seal_key = NULL;
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    world->settings.seal_key = right;
    seal_key_free(wrong);
}

/* A box bound to another reference: a row that was copied in the database. */
Test(authenticate, a_sealed_secret_is_worthless_under_another_reference)
{
    world->secrets[0].row.reference = bytes_str("station-2");
    mac.header.sender_kid = bytes_str("station-2");
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

static void use_pbm(size_t salt_len, enum digest_id owf, enum digest_id digest, uint32_t iterations)
{
    static const uint8_t salt[256] = {1, 2, 3};
    CBS cbs;

    cr_assert(mac_pbm_encode(&mac.header.protection_alg, world->arena, bytes_of(salt, salt_len), owf, digest,
                             iterations));
    cbs = cbs_of(mac.header.protection_alg);
    cr_assert(mac_parse(&mac.mac, &cbs));
    mac.transaction_id[0]++;
}

/* RFC 4211 4.4: "The iterationCount MUST be a minimum of 100."
 * RFC 9045 4.3: "The iterationCount MUST be a minimum of 100; however, the iterationCount SHOULD be as
 * large as server performance will allow, typically at least 10,000 [DIGALM]."
 * RFC 9810 5.1.3.1, "The OWF is then applied iterationCount times": the upper bound keeps a peer from
 * choosing our work, the lower one from making guesses cheap. */
Test(authenticate, iterationCount_is_bounded_by_the_profile)
{
    struct answer answer;

    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 99);
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 10001);
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);
    cr_assert_eq(world->wants_seen[CMP_WANT_MAC], 0); /* nothing was derived for it */
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 100);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 10000);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 4211 4.4: "The salt SHOULD be at least 8 octets (64 bits) long."
 * RFC 4211 4.4: the salt makes a dictionary of secrets worthless; ours are 8 to 128 octets. */
Test(authenticate, a_salt_has_8_to_128_octets)
{
    static const struct {
        size_t len;
        int good;
    } cases[] = {{0, 0}, {7, 0}, {8, 1}, {128, 1}, {129, 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        use_pbm(cases[i].len, DIGEST_SHA256, DIGEST_SHA256, 500);
        struct answer answer = send_ir(&mac);
        if (cases[i].good)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_ALG);
    }
}

/* RFC 8018 5.2: the length of a derived key is the peer's to choose; ours are 16 to 64 octets. */
Test(authenticate, a_derived_key_has_as_many_octets_as_the_profile_allows)
{
    static const struct {
        size_t len;
        int good;
    } cases[] = {{15, 0}, {16, 1}, {17, 1}, {47, 1}, {48, 1}, {49, 0}};

    world->config.mac.key_max = 48;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(mac_pbmac1_encode(&mac.header.protection_alg, world->arena, bytes_str("0123456789abcdef"),
                                    DIGEST_SHA256, DIGEST_SHA256, 500, cases[i].len));
        CBS cbs = cbs_of(mac.header.protection_alg);
        cr_assert(mac_parse(&mac.mac, &cbs));
        mac.transaction_id[0]++;
        struct answer answer = send_ir(&mac);
        if (cases[i].good)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_ALG);
    }
}

/* RFC 9481 6.2.1 has HMAC with SHA-2 alone, RFC 9045 4.2 and 4.4 put SHA-256 into the place of SHA-1. */
Test(authenticate, SHA1_as_owf_and_as_mac_needs_the_profile_s_leave)
{
    use_pbm(16, DIGEST_SHA1, DIGEST_SHA1, 500);
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);

    world->config.tolerances.until[TOLERANCE_SHA1_OWF] = TOLERANCE_NO_END;
    answer = send_ir(&mac);
    cr_expect_not_null(strstr(answer.result.text, "sha1-mac"), "%s", answer.result.text);
    cr_expect_str_eq(answer.result.setting, "profiles[0].tolerate");
    expect_error(&answer, PKI_BAD_ALG);

    world->config.tolerances.until[TOLERANCE_SHA1_MAC] = TOLERANCE_NO_END;
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);

    world->config.tolerances.until[TOLERANCE_SHA1_OWF] = 0;
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA1, 500);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9045 4.2: "All implementations MUST support SHA-256 [SHS]."
 * RFC 9481 6.2.1, RFC 9688 section 4 */
Test(authenticate, PasswordBasedMac_goes_with_every_SHA2_and_SHA3)
{
    for (enum digest_id id = DIGEST_SHA224; id <= DIGEST_SHA3_512; id++) {
        use_pbm(16, id, id, 500);
        struct answer answer = send_ir(&mac);
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 3.5: "The protection MUST be signature-based except if MAC-based protection is used as
 * described in Sections 4.1.5 and 4.1.6.3. (failInfo bit: wrongIntegrity)" */
Test(authenticate, a_MAC_is_refused_where_the_profile_takes_none)
{
    world->config.mac.allowed = 0;
    struct answer answer = send_ir(&mac);
    cr_expect_str_eq(answer.result.setting, "profiles[0].mac.allowed");
    expect_error(&answer, PKI_WRONG_INTEGRITY);
}

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)" */
Test(authenticate, a_MAC_without_senderKID_names_no_secret)
{
    mac.header.sender_kid = bytes_of(NULL, 0);
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.2: "If present, the same kind of protection MUST be used for all messages of that PKI
 * management operation." */
Test(authenticate, a_refusal_is_MAC_protected_once_the_MAC_is_verified)
{
    world->decide_refuses = 1;
    struct answer answer = send_ir(&mac);
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
}

/* ---- time ---- */

/* RFC 9483 3.5: "If the messageTime is present and the receiving system has a reliable system time, the
 * messageTime MUST be close to the current time of the receiving system, where the threshold will vary by
 * use case. (failInfo bit: badTime)" */
Test(authenticate, messageTime_must_be_within_the_window_of_the_profile)
{
    static const struct {
        int64_t offset;
        int good;
    } cases[] = {{301, 0}, {-301, 0}, {-INT64_C(3000000000), 0}, {300, 1}, {-300, 1}};

    client.header.has_message_time = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client.transaction_id[0]++;
        client.header.message_time = world->now + cases[i].offset;
        struct answer answer = send_ir(&client);
        cr_expect_eq(answer.result.setting == NULL, cases[i].good);
        if (cases[i].good) {
            expect_certificate(&answer, PKI_IP);
        } else {
            cr_expect_str_eq(answer.result.setting, "profiles[0].accept.message_time_seconds");
            expect_error(&answer, PKI_BAD_TIME);
        }
    }
}

/* RFC 9810 appendix F, missingTimeStamp: "when the timestamp is missing but should be there (by policy)" */
Test(authenticate, messageTime_may_be_required)
{
    struct client *const clients[] = {&client, &mac};

    world->config.accept.message_time_required = 1;
    for (size_t i = 0; i < 2; i++)
        for (int there = 0; there <= 1; there++) {
            clients[i]->header.has_message_time = there;
            clients[i]->header.message_time = world->now;
            struct answer answer = world_send(world, client_request(clients[i], PKI_IR));
            if (there)
                expect_certificate(&answer, PKI_IP);
            else
                expect_error(&answer, PKI_MISSING_TIME_STAMP);
        }
}

Test(authenticate, messageTime_is_not_looked_at_where_the_profile_has_no_window)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now - 100000;
    world->config.accept.message_time_seconds = 0;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

/* ---- algorithms ---- */

static void enroll_with(enum key_kind kind)
{
    struct world *before = world;
    struct client other;

    world = world_new(kind);
    client_init(&other, world, 0);
    private_key_free(other.key);
    other.key = private_key_generate(kind, 2048);
    struct answer answer = world_send(world, client_request(&other, PKI_IR)), confirmed;
    cr_assert(answer.has_cert, "kind %d", kind);
    confirmed = world_send(world, client_confirm(&other, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    client_cleanup(&other);
    world_free(world);
    world = before;
}

/* RFC 9481 3.1, 3.2, 3.3: RSA, ECDSA and EdDSA, of the device, the CA and the server alike. */
Test(authenticate, a_transaction_goes_through_with_P256)
{
    enroll_with(KEY_P256);
}

Test(authenticate, a_transaction_goes_through_with_P384)
{
    enroll_with(KEY_P384);
}

Test(authenticate, a_transaction_goes_through_with_P521)
{
    enroll_with(KEY_P521);
}

Test(authenticate, a_transaction_goes_through_with_RSA)
{
    enroll_with(KEY_RSA);
}

Test(authenticate, a_transaction_goes_through_with_Ed25519)
{
    enroll_with(KEY_ED25519);
}

/* RFC 4055 3.1: id-RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets. */
Test(authenticate, RSASSA_PSS_protects_a_request)
{
    struct ctl_identity device;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    CBS cbs;

    issue(world, &device, private_key_generate(KEY_RSA, 2048), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    client.header.protection_alg =
        hex(world->arena,
            "30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f 30 0d 06 09 60 86 48 01 65 03 04 02 01 "
            "05 00 a1 1c 30 1a 06 09 2a 86 48 86 f7 0d 01 01 08 30 0d 06 09 60 86 48 01 65 03 04 02 01 "
            "05 00 a2 03 02 01 20");
    cbs = cbs_of(client.header.protection_alg);
    cr_assert_not_null(client.algorithm = signature_parse(&cbs));
    cr_assert_eq(client.algorithm->family, FAMILY_RSA_PSS);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&device);
}
