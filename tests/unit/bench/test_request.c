/* request.c: what devices and their messages are like. That they are served, test_check.c shows. */
#include "crypto/name.h"
#include "server/pki/request.h"
#include "server/pki/revocation.h"
#include "tests/unit/bench/fixture.h"

enum { DAY = 24 * 60 * 60 };

static struct device device, other;

static void set_up(void)
{
    new_world();
    new_device(&device, "gnb-1");
    new_device(&other, "gnb-2");
}

static void tear_down(void)
{
    end_device(&device);
    end_device(&other);
    end_world();
}

TestSuite(request, .init = set_up, .fini = tear_down);

static struct pki_message decoded(const struct request *request)
{
    struct pki_message message;

    cr_assert_eq(pki_message_decode(&message, NULL, request->message), PKI_WHOLE);
    return message;
}

/* RFC 5280 4.1.2.2: a serial is positive, and of 20 octets at most; 4.2.1.2: keys are named by their hash. */
Test(request, a_device_has_a_certificate_of_its_vendor)
{
    struct certificate cert, second;
    uint8_t key_id[20];

    cr_assert(certificate_parse(&cert, device.factory_cert));
    cr_assert(certificate_parse(&second, other.factory_cert));
    cr_assert(bytes_equal(cert.issuer, setup.vendor.subject));
    cr_assert(bytes_equal(cert.spki, private_key_spki(device.factory_key)));
    cr_assert_eq(cert.not_before, world->now - 300);
    cr_assert_eq(cert.not_after, world->now + (int64_t)3650 * DAY);
    cr_assert(spki_key_id(key_id, DIGEST_SHA1, setup.vendor.spki));
    cr_assert(bytes_equal(cert.issuer_key_id, bytes_of(key_id, sizeof key_id)));
    cr_assert_eq(cert.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    cr_assert_not(cert.is_ca);
    cr_assert(cert.serial.len >= 8 && cert.serial.len <= 16 && cert.serial.data[0] < 0x80);
    cr_assert_not(bytes_equal(cert.serial, second.serial));
    cr_assert_not(bytes_equal(cert.subject, second.subject));
    cr_assert_not_null(memmem(cert.subject.data, cert.subject.len, "gnb-1", 5));
    cr_assert_not_null(memmem(cert.subject.data, cert.subject.len, "Demo Vendor", 11));
}

/* No top bit is ever set, though a serial is random. */
Test(request, serials_are_positive)
{
    struct device *devices[] = {&device};

    for (int i = 0; i < 16; i++) {
        struct certificate cert;
        cr_assert(device_certify(devices, 1, world->arena, &setup, world->now));
        cr_assert(certificate_parse(&cert, device.factory_cert));
        cr_assert_lt(cert.serial.data[0], 0x80);
    }
}

/* RFC 9483 3.1, 3.3, 4.1.1 */
Test(request, a_header_names_who_asks)
{
    struct request request = make_for(&device, SCENARIO_IR), again = make_for(&device, SCENARIO_IR_CONFIRM);
    struct pki_message message = decoded(&request);
    struct certificate cert;

    cr_assert(certificate_parse(&cert, device.factory_cert));
    cr_assert_eq(message.header.pvno, 2);
    cr_assert(bytes_equal(message.header.sender_name, cert.subject));
    cr_assert(bytes_equal(message.header.sender_kid, cert.key_id));
    cr_assert(bytes_equal(message.header.recipient, setup.recipient));
    cr_assert_eq(message.header.transaction_id.len, 16);
    cr_assert_eq(message.header.sender_nonce.len, 16);
    cr_assert(bytes_equal(message.header.transaction_id, bytes_of(request.transaction_id, 16)));
    cr_assert(bytes_equal(message.header.sender_nonce, bytes_of(request.sender_nonce, 16)));
    cr_assert_neq(memcmp(request.transaction_id, again.transaction_id, 16), 0);
    cr_assert_neq(memcmp(request.sender_nonce, again.sender_nonce, 16), 0);
    cr_assert(message.header.implicit_confirm);
    cr_assert_not(decoded(&again).header.implicit_confirm);
    cr_assert_eq(request.signer, device.factory_key);
    cr_assert_null(request.mac_key);
    cr_assert_eq(message.extra_cert_count, 2);
    cr_assert(bytes_equal(message.extra_certs[0], device.factory_cert));
    cr_assert(bytes_equal(message.extra_certs[1], setup.vendor.der));
}

/* RFC 9481 6.1: a salt of 16 octets, a key of 32 for PBMAC1; RFC 9483 3.1: the reference is the sender. */
Test(request, a_secret_is_stretched_as_was_asked_for)
{
    for (options.protection = PROTECTION_PBM; options.protection <= PROTECTION_PBMAC1; options.protection++) {
        struct request request = make_for(&device, SCENARIO_IR);
        struct pki_message message = decoded(&request);
        struct mac_algorithm algorithm;
        struct bytes name;
        CBS cbs = cbs_of(message.header.protection_alg);
        cr_assert(mac_parse(&algorithm, &cbs));
        cr_assert_eq(algorithm.scheme, options.protection == PROTECTION_PBM ? MAC_PBM : MAC_PBMAC1);
        cr_assert_eq(algorithm.salt.len, 16);
        cr_assert_eq(algorithm.iterations, 500);
        cr_assert_eq(algorithm.owf, DIGEST_SHA256);
        cr_assert_eq(algorithm.mac, DIGEST_SHA256);
        cr_assert(options.protection == PROTECTION_PBM || algorithm.key_len == 32);
        cr_assert(bytes_equal(message.header.sender_kid, device.reference));
        char *reference =
            arena_printf(world->arena, "%.*s", (int)device.reference.len, device.reference.data);
        cr_assert(name_build(&name, world->arena, (const char *const[]){"CN", reference, NULL}));
        cr_assert(bytes_equal(message.header.sender_name, name));
        cr_assert_null(request.signer);
        cr_assert_eq(message.extra_cert_count, 0);
    }
}

/* RFC 5280 5.3.1: cessationOfOperation (5), for what was issued here. */
Test(request, a_revocation_says_why)
{
    struct request enrolled = make_for(&device, SCENARIO_IR);
    struct answer answer = world_send(world, enrolled.message);
    struct rev_details details;
    const char *why;
    size_t count;

    cr_assert(answer.has_cert);
    device.own_cert = arena_copy(world->arena, answer.cert.der);
    struct request request = make_for(&device, SCENARIO_RR);
    struct pki_message message = decoded(&request);
    cr_assert_eq(message.body_type, PKI_RR);
    cr_assert(pki_decode_rev_req(&details, &count, world->arena, &why, message.body));
    cr_assert_eq(count, 1);
    cr_assert(details.has_reason);
    cr_assert_eq(details.reason, 5);
    cr_assert(bytes_equal(message.header.sender_name, answer.cert.subject));
    cr_assert_not(message.header.implicit_confirm);
    cr_assert_eq(request.signer, device.key);
    cr_assert(bytes_equal(message.extra_certs[0], device.own_cert));
    cr_assert(bytes_equal(message.extra_certs[1], setup.ca.der));
    answer_free(&answer);
}

/* 64 at once (REQUEST_BATCH), each with its own. */
Test(request, a_whole_batch_is_made_at_once)
{
    static struct request requests[REQUEST_BATCH];
    struct request *list[REQUEST_BATCH];

    for (size_t i = 0; i < REQUEST_BATCH; i++) {
        requests[i] = (struct request){.scenario = SCENARIO_IR, .device = i % 2 == 0 ? &device : &other};
        list[i] = &requests[i];
    }
    cr_assert(request_make(list, REQUEST_BATCH, world->arena, &setup, &options));
    for (size_t i = REQUEST_BATCH - 2; i < REQUEST_BATCH; i++) {
        struct answer answer = world_send(world, requests[i].message);
        cr_assert(answer.has_cert);
        cr_assert(bytes_equal(answer.cert.spki, requests[i].spki));
        answer_free(&answer);
    }
}

/* ---- personae ---- */

static struct request made_as(const char *name, enum scenario scenario, struct device *by)
{
    const struct persona *persona = persona_named(name);

    cr_assert_not_null(persona);
    options.persona = *persona;
    options.protection = persona->protection;
    return make_for(by, scenario);
}

static void enroll(struct device *by)
{
    struct request enrolled = make_for(by, SCENARIO_CR);
    struct answer answer = world_send(world, enrolled.message);

    cr_assert(answer.has_cert);
    by->own_cert = arena_copy(world->arena, answer.cert.der);
    answer_free(&answer);
}

static struct cert_request asked_by(const struct request *request)
{
    struct pki_message message = decoded(request);
    struct cert_request asked;
    const char *why;
    size_t count;

    cr_assert(pki_decode_cert_requests(&asked, &count, world->arena, &why, message.body), "%s", why);
    return asked;
}

/* RFC 9483 3.1: the NULL-DN where the CA has to know the reference from senderKID; one iPAddress (RFC
 * 5280 4.2.1.6), the same one in an update. */
Test(request, nokia_has_no_sender_and_one_address)
{
    enroll(&device);
    struct request request = made_as("nokia", SCENARIO_IR_CONFIRM, &device);
    struct pki_message message = decoded(&request);
    struct cert_request asked = asked_by(&request);
    struct certificate own;

    cr_assert(name_is_empty(message.header.sender_name));
    cr_assert(bytes_equal(message.header.sender_kid, device.reference));
    cr_assert_eq(asked.tmpl.san.len, 8);
    cr_assert_eq(memcmp(asked.tmpl.san.data, "\x30\x06\x87\x04\x0a", 5), 0);
    cr_assert(certificate_parse(&own, device.own_cert));
    request = made_as("nokia", SCENARIO_KUR_CONFIRM, &device);
    cr_assert(bytes_equal(decoded(&request).header.sender_name, own.subject), "what is signed has a sender");
}

/* RFC 3279 2.2.1: of messages and proofs of possession; a key that is none of RSA signs as ever. */
Test(request, staros_signs_with_SHA_1)
{
    private_key_free(device.factory_key);
    private_key_free(device.key);
    device.factory_key = private_key_generate(KEY_RSA, 2048);
    device.key = private_key_generate(KEY_RSA, 2048);
    struct device *devices[] = {&device};
    cr_assert(device_certify(devices, 1, world->arena, &setup, world->now));
    struct request request = made_as("staros", SCENARIO_CR_CONFIRM, &device), signed_so = request;
    struct cert_request asked = asked_by(&request);
    struct certificate cert;
    CBS cbs = cbs_of(decoded(&request).header.protection_alg);

    cr_assert_eq(signature_parse_sha1(&cbs), request.algorithm);
    cr_assert(bytes_equal(asked.pop_algorithm, request.algorithm->encoded));
    cr_assert(certificate_parse(&cert, device.factory_cert));
    cr_assert_str_eq(cert.algorithm->name, "ecdsa-with-SHA256");
    /* What follows is signed by the same. */
    struct following following;
    cr_assert(confirmation_prepare(&following, world->arena, &signed_so, &cert, bytes_of(NULL, 0)));
    cr_assert_eq(following.item.algorithm, request.algorithm);
    request = made_as("staros", SCENARIO_CR_CONFIRM, &other);
    cr_assert_str_eq(request.algorithm->name, "ecdsa-with-SHA256");
}

/* RFC 4211 4.4 */
Test(request, MACs_are_those_of_their_personae)
{
    static const struct {
        const char *name;
        enum digest_id owf, mac;
    } cases[] = {{"onap", DIGEST_SHA1, DIGEST_SHA1},
                 {"huawei", DIGEST_SHA256, DIGEST_SHA1},
                 {"junos", DIGEST_SHA256, DIGEST_SHA256}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request request = made_as(cases[i].name, SCENARIO_IR, &device);
        struct mac_algorithm algorithm;
        CBS cbs = cbs_of(decoded(&request).header.protection_alg);
        cr_assert(mac_parse(&algorithm, &cbs));
        cr_assert_eq(algorithm.scheme, MAC_PBM);
        cr_assert_eq(algorithm.owf, cases[i].owf, "%s", cases[i].name);
        cr_assert_eq(algorithm.mac, cases[i].mac, "%s", cases[i].name);
    }
}

/* RFC 5280 4.2.1.3, 4.2.1.12; RFC 4211 section 5 */
Test(request, onap_asks_for_usages_and_a_validity)
{
    struct request request = made_as("onap", SCENARIO_IR, &device);
    struct cert_request asked = asked_by(&request);

    cr_assert_eq(asked.tmpl.extension_count, 2);
    cr_assert(bytes_equal(asked.tmpl.extensions[0].oid, bytes_str("\x55\x1d\x0f")));
    cr_assert(asked.tmpl.extensions[0].critical);
    cr_assert(bytes_equal(asked.tmpl.extensions[1].oid, bytes_str("\x55\x1d\x25")));
    cr_assert(asked.tmpl.has_validity);
    cr_assert_eq(asked.tmpl.not_after - asked.tmpl.not_before, (int64_t)365 * DAY);
    cr_assert(decoded(&request).header.implicit_confirm);
}

/* RFC 9483 4.1.3: an update may keep its key where the CA lets it. */
Test(request, huawei_keeps_its_key)
{
    enroll(&device);
    struct request request = made_as("huawei", SCENARIO_KUR_CONFIRM, &device);

    cr_assert(bytes_equal(asked_by(&request).tmpl.spki, private_key_spki(device.key)));
    request = made_as("junos", SCENARIO_KUR_CONFIRM, &device);
    cr_assert(bytes_equal(asked_by(&request).tmpl.spki, private_key_spki(device.next_key)));
}

/* RFC 9810 5.3.22: the same transaction, protected as its request was, by a nonce of its own. */
Test(request, a_pollReq_belongs_to_its_request)
{
    struct request request = made_as("huawei", SCENARIO_IR_CONFIRM, &device);
    struct following following;
    struct bytes der;
    struct pki_message poll;

    cr_assert(poll_prepare(&following, world->arena, &request));
    cr_assert(following_finish(&der, world->arena, &following, &request));
    cr_assert_eq(pki_message_decode(&poll, NULL, der), PKI_WHOLE);
    cr_assert_eq(poll.body_type, PKI_POLLREQ);
    cr_assert(bytes_equal(poll.header.transaction_id, bytes_of(request.transaction_id, REQUEST_NONCE)));
    cr_assert(bytes_equal(poll.header.sender_nonce, bytes_of(following.nonce, REQUEST_NONCE)));
    cr_assert_not(bytes_equal(poll.header.sender_nonce, bytes_of(request.sender_nonce, REQUEST_NONCE)));
    cr_assert_eq(poll.header.recip_nonce.len, 0);
    cr_assert(bytes_equal(poll.header.protection_alg, decoded(&request).header.protection_alg));
    cr_assert(poll.has_protection);
}

/* RFC 4211 4.1: who enrolls for another protects, and whose key is certified shows that he has it. */
Test(request, an_agent_protects_and_another_signs_the_proof)
{
    enroll(&device);
    struct request request = {.scenario = SCENARIO_IR, .device = &other, .agent = &device},
                   *list[] = {&request};
    struct certificate own;

    for (options.protection = PROTECTION_SIGNATURE; options.protection <= PROTECTION_PBM;
         options.protection++) {
        cr_assert(request_make(list, 1, world->arena, &setup, &options));
        struct pki_message message = decoded(&request);
        cr_assert(certificate_parse(&own, device.own_cert));
        cr_assert(bytes_equal(message.header.sender_name, own.subject));
        cr_assert(bytes_equal(message.extra_certs[0], device.own_cert));
        cr_assert(bytes_equal(message.extra_certs[1], setup.ca.der));
        cr_assert_eq(request.signer, device.key);
        cr_assert_null(request.mac_key);
        cr_assert(bytes_equal(asked_by(&request).tmpl.spki, private_key_spki(other.key)));
    }
}
