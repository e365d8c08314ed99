/* algorithm.c, credentials.c: what a profile accepts of what the server has, and what is refused with a day
 * (RFC 9481 section 7: algorithms by their strength). */
#include "server/pki/confirmation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(algorithm_policy, .init = set_up, .fini = tear_down);

static uint64_t bit(const char *name)
{
    size_t number = algorithm_numbered(name, strlen(name));

    must(number < ALGORITHM_NAMES_MAX);
    return UINT64_C(1) << number;
}

static void deprecate(const char *name, int64_t until)
{
    world->profile.algorithms.deprecated |= bit(name);
    world->profile.algorithms.until[algorithm_numbered(name, strlen(name))] = until;
}

static struct answer send_by(struct client *by, int body)
{
    by->transaction_id[0]++;
    return world_send(world, client_request(by, body));
}

/* |answer| refuses for |setting| with a text that has each of the words. */
static void is_refused(struct answer *answer, int body, const char *setting, const char *const *words)
{
    cr_expect_str_eq(answer->result.setting, setting);
    for (size_t i = 0; words[i] != NULL; i++)
        cr_expect_not_null(strstr(answer->result.text, words[i]), "%s", answer->result.text);
    expect_refusal(answer, body, PKI_BAD_ALG);
}

static void use_mac(struct client *by, const char *der)
{
    CBS cbs;

    by->header.protection_alg = hex(world->arena, der);
    cbs = cbs_of(by->header.protection_alg);
    must(mac_parse(&by->mac, &cbs));
}

static void sign_with(struct client *by, const char *name)
{
    by->algorithm = signature_named(name);
    by->header.protection_alg = by->algorithm->encoded;
}

/* RFC 8692 3.2, RFC 9688 3.2: what no list leaves out is taken. */
Test(algorithm_policy, SHA_3_and_SHAKE_are_taken)
{
    static const char *const names[] = {"ecdsa-with-shake128", "ecdsa-with-shake256", "ecdsa-with-sha3-256",
                                        "ecdsa-with-sha3-512", "ecdsa-with-SHA224",   "ecdsa-with-SHA512"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        sign_with(&client, names[i]);
        struct answer answer = send_by(&client, PKI_IR);
        cr_expect_eq(answer.result.deprecated, 0);
        expect_certificate(&answer, PKI_IP);
    }
}

Test(algorithm_policy, a_signature_that_is_not_accepted_is_named_with_those_that_are)
{
    world->profile.algorithms.accepted &= ~bit("ecdsa-with-SHA256");
    struct answer answer = send_by(&client, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.signatures",
               (const char *const[]){"protectionAlg: ecdsa-with-SHA256 is not accepted by this profile",
                                     "use ecdsa-with-SHA384, ecdsa-with-SHA512", NULL});
    /* the algorithm of popo is one of its own */
    sign_with(&client, "ecdsa-with-SHA384");
    answer = send_by(&client, PKI_IR);
    is_refused(&answer, PKI_IP, "profiles[0].accept.signatures",
               (const char *const[]){"proof of possession: ecdsa-with-SHA256 is not accepted", NULL});
}

/* The profile of a later message is that of its transaction, whatever path it comes by. */
Test(algorithm_policy, a_certConf_is_held_against_the_profile_of_its_transaction)
{
    struct answer first = send_by(&client, PKI_IR), answer;
    struct bytes body, message;
    uint8_t hash[DIGEST_MAX];
    struct cert_status status = {.cert_req_id = 0};

    cr_assert(first.has_cert);
    client_next(&client, &first);
    digest_compute(hash, DIGEST_SHA256, first.cert.der);
    status.cert_hash = bytes_of(hash, 32);
    must(pki_encode_cert_conf(&body, world->arena, &status));
    message = client_message(&client, PKI_CERTCONF, body);
    world->profile.algorithms.accepted &= ~bit("ecdsa-with-SHA256");
    answer = world_send(world, message);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.signatures",
               (const char *const[]){"protectionAlg: ecdsa-with-SHA256 is not accepted", NULL});
    answer_free(&first);
}

Test(algorithm_policy, what_is_deprecated_is_told_until_its_day_and_refused_from_then_on)
{
    deprecate("ecdsa-with-SHA256", world->now + 1);
    struct answer answer = send_by(&client, PKI_IR);
    cr_expect_eq(answer.result.deprecated, bit("ecdsa-with-SHA256"));
    expect_certificate(&answer, PKI_IP);

    world->profile.algorithms.until[algorithm_numbered("ecdsa-with-SHA256", 17)] = 1767225600;
    answer = send_by(&client, PKI_IR);
    cr_expect_eq(answer.result.deprecated, 0);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.deprecated",
               (const char *const[]){"protectionAlg: ecdsa-with-SHA256 is refused since 2026-01-01",
                                     "use ecdsa-with-SHA384", NULL});
}

Test(algorithm_policy, without_a_day_it_is_told_and_never_refused)
{
    deprecate("PasswordBasedMac", 0);
    struct answer answer = send_by(&mac, PKI_IR);
    cr_expect_eq(answer.result.deprecated, bit("PasswordBasedMac"));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9481 7: "If an implementation intends to enroll and manage certificates for keys of a specific
 * security, it SHALL implement and use algorithms of at least that strength for the respective PKI management
 * operation." By its table 2 ECDSA with SHA-256 has 128 bits. */
Test(algorithm_policy, what_is_too_weak_is_told_how_strong_it_has_to_be)
{
    world->config.accept.min_strength = 192;
    struct answer answer = send_by(&client, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.min_strength",
               (const char *const[]){"protectionAlg ecdsa-with-SHA256", "128 bits of security",
                                     "wants 192: use ecdsa-with-SHA384, ecdsa-with-SHA512", NULL});
    /* the key has no more bits than before */
    sign_with(&client, "ecdsa-with-SHA384");
    answer = send_by(&client, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.min_strength",
               (const char *const[]){"protecting key, P-256 with 256 bits, has 128 bits of security",
                                     "wants 192", NULL});
    answer = send_by(&mac, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.min_strength",
               (const char *const[]){"128 bits of security", "hmacWithSHA384", NULL});
}

Test(algorithm_policy, a_MAC_that_is_not_accepted_is_named)
{
    world->profile.algorithms.accepted &= ~bit("PasswordBasedMac");
    struct answer answer = send_by(&mac, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.macs",
               (const char *const[]){"PasswordBasedMac is not accepted by this profile", "use PBMAC1", NULL});
    world->profile.algorithms.accepted |= bit("PasswordBasedMac");
    world->profile.algorithms.accepted &= ~bit("hmacWithSHA256");
    answer = send_by(&mac, PKI_IR);
    is_refused(
        &answer, PKI_ERROR, "profiles[0].accept.macs",
        (const char *const[]){"hmacWithSHA256 is not accepted by this profile", "hmacWithSHA384", NULL});
}

/* RFC 9481 6.2.1: HMAC in protectionAlg, whose key is the secret. It stretches nothing: by choice alone. */
Test(algorithm_policy, HMAC_by_itself_is_taken_where_it_is_named)
{
    use_mac(&mac, "30 0a 06 08 2a 86 48 86 f7 0d 02 09");
    struct answer answer = send_by(&mac, PKI_IR);
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.macs",
               (const char *const[]){"HMAC is not accepted by this profile", "PBMAC1", NULL});
    world->profile.algorithms.accepted |= bit("HMAC");
    answer = send_by(&mac, PKI_IR);
    cr_expect(bytes_equal(answer.message.header.protection_alg, mac.header.protection_alg));
    expect_certificate(&answer, PKI_IP);
    mac.secret = bytes_str("wrong");
    answer = send_by(&mac, PKI_IR);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

#define GMAC                                                                                                 \
    "30 48 06 09 2a 86 48 86 f6 7d 07 42 0d 30 3b 04 08 31 32 33 34 35 36 37 38 30 0b 06 09 60 86 48 01 65 " \
    "03 04 02 01 02 02 03 e8 30 1e 06 09 60 86 48 01 65 03 04 01 09 30 11 04 0c 00 01 02 03 04 05 06 07 08 " \
    "09 0a 0b 02 01 10"

/* RFC 9045 4.4, RFC 9481 6.2.2. Each answer has a nonce of its own: world_send looks. */
Test(algorithm_policy, AES_GMAC_is_taken_where_it_is_named)
{
    use_mac(&mac, GMAC);
    struct answer answer = send_by(&mac, PKI_IR), again;
    is_refused(&answer, PKI_ERROR, "profiles[0].accept.macs",
               (const char *const[]){"aes128-GMAC is not accepted by this profile", NULL});
    world->profile.algorithms.accepted |= bit("aes128-GMAC");
    mac.transaction_id[0]++;
    struct bytes message = client_request(&mac, PKI_IR);
    answer = world_send(world, message);
    cr_assert(answer.has_cert);
    again = world_send(world, message);
    cr_assert(again.has_cert);
    cr_expect(!bytes_equal(answer.message.header.protection_alg, again.message.header.protection_alg),
              "answered again, with the same nonce");
    answer_free(&again);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9481 6.2.3: no library has it, and it is named. */
Test(algorithm_policy, KMAC_is_named)
{
    mac.header.protection_alg = hex(world->arena, "30 0b 06 09 60 86 48 01 65 03 04 02 13");
    struct answer answer = send_by(&mac, PKI_IR);
    cr_expect_not_null(strstr(answer.result.text, "KMACWithSHAKE128 is not supported"), "%s",
                       answer.result.text);
    expect_error(&answer, PKI_BAD_ALG);
}

/* RFC 9481 2 and 2.2: hashAlg of CertStatus may be SHAKE, RFC 9688 section 2: and SHA-3. */
Test(algorithm_policy, certHash_may_be_of_SHA_3_and_SHAKE)
{
    static const struct {
        const char *hash_alg;
        enum digest_id digest;
    } cases[] = {{"30 0b 06 09 60 86 48 01 65 03 04 02 08", DIGEST_SHA3_256},
                 {"30 0b 06 09 60 86 48 01 65 03 04 02 0a", DIGEST_SHA3_512},
                 {"30 0b 06 09 60 86 48 01 65 03 04 02 0c", DIGEST_SHAKE256}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cert_status status = {.cert_req_id = 0, .hash_alg = hex(world->arena, cases[i].hash_alg)};
        struct client other;
        uint8_t hash[DIGEST_MAX];
        struct bytes body;
        client_init(&other, world, 0);
        other.header.pvno = PKI_CMP2021; /* RFC 9810 5.3.18: hashAlg is of version 3 */
        struct answer first = send_by(&other, PKI_IR), answer;
        cr_assert(first.has_cert);
        client_next(&other, &first);
        status.cert_hash = bytes_of(hash, digest_compute(hash, cases[i].digest, first.cert.der));
        must(pki_encode_cert_conf(&body, world->arena, &status));
        answer = world_send(world, client_message(&other, PKI_CERTCONF, body));
        expect_pkiconf(&answer);
        answer_free(&first);
        client_cleanup(&other);
    }
}

Test(algorithm_policy, answers_are_signed_as_the_profile_says)
{
    world->profile.answer_algorithm = signature_named("ecdsa-with-sha3-256");
    struct answer answer = send_by(&client, PKI_IR);
    cr_expect(bytes_equal(answer.message.header.protection_alg, world->profile.answer_algorithm->encoded));
    cr_expect_str_eq(answer.cert.algorithm->name, "ecdsa-with-SHA256");
    expect_certificate(&answer, PKI_IP);
}
