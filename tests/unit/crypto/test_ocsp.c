/* ocsp.c, ocsp_request.c, ocsp_response.c: the messages of OCSP (RFC 6960, RFC 9919, RFC 9654). What is
 * written here is also read by OpenSSL and GnuTLS, in tests/server/test_ocsp.sh. */
#include "crypto/ocsp.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

/* Of RFC 9919 Appendix B. */
enum { SERIAL = 27979789, PRODUCED_AT = 1712061467, THIS_UPDATE = 1712147867, NEXT_UPDATE = 1712752667 };

static struct arena *arena;
static struct certificate issuer, responder, end_entity;
static struct bytes request_der, response_der;

static struct bytes file(const char *name)
{
    return file_in_tests(arena, CMPD_TEST_DATA "/ocsp", name);
}

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    cr_assert(certificate_parse(&issuer, file("issuer.cer")));
    cr_assert(certificate_parse(&responder, file("responder.cer")));
    cr_assert(certificate_parse(&end_entity, file("end-entity.cer")));
    request_der = file("request.der");
    response_der = file("response.der");
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(ocsp, .init = set_up, .fini = tear_down);

static void same(struct bytes got, struct bytes want)
{
    cr_assert_eq(got.len, want.len);
    cr_assert(bytes_equal(got, want));
}

/* ---- the example of RFC 9919 Appendix B ---- */

Test(ocsp, the_request_of_the_rfc_is_read)
{
    struct ocsp_request request;
    struct ocsp_cert_id *id = &request.ids[0];

    cr_assert(ocsp_request_parse(&request, request_der));
    cr_expect_eq(request.count, 1);
    cr_expect_eq(request.nonce.len, 0);
    cr_expect_eq(id->digest, DIGEST_SHA256);
    same(id->serial, end_entity.serial);
    cr_expect(ocsp_id_is_of(id, issuer.subject, issuer.spki));
    cr_expect_not(ocsp_id_is_of(id, responder.subject, issuer.spki));
    cr_expect_not(ocsp_id_is_of(id, issuer.subject, responder.spki));
    cr_expect_not(ocsp_id_is_of(id, issuer.subject, bytes_str("no key")));
}

/* The example's AlgorithmIdentifier has parameters NULL; ours has none (RFC 5754 2). */
Test(ocsp, a_request_is_written)
{
    static const enum digest_id digests[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
    struct bytes der, nonce = hex(arena, "01 02 03");
    struct ocsp_request request;

    for (size_t i = 0; i < sizeof digests / sizeof digests[0]; i++) {
        cr_assert(ocsp_request_write(&der, arena, digests[i], issuer.subject, issuer.spki, end_entity.serial,
                                     i % 2 ? nonce : bytes_of(NULL, 0)));
        cr_assert(ocsp_request_parse(&request, der));
        cr_expect_eq(request.ids[0].digest, digests[i]);
        cr_expect(ocsp_id_is_of(&request.ids[0], issuer.subject, issuer.spki));
        same(request.ids[0].serial, end_entity.serial);
        same(request.nonce, i % 2 ? nonce : bytes_of(NULL, 0));
    }
}

static int verifies(const struct ocsp_response *response, struct bytes spki)
{
    struct public_key *key = public_key_parse(spki);
    struct verification item = {.algorithm = response->algorithm,
                                .key = key,
                                .message = response->data,
                                .signature = response->signature};
    struct verification *items[] = {&item};

    verify_batch(items, 1);
    public_key_free(key);
    return item.valid;
}

Test(ocsp, the_response_of_the_rfc_is_read)
{
    struct ocsp_response response;
    struct ocsp_request request;

    cr_assert(ocsp_response_parse(&response, response_der));
    cr_assert(ocsp_request_parse(&request, request_der));
    cr_expect_eq(response.status, OCSP_SUCCESSFUL);
    cr_expect_eq(response.first.status, OCSP_GOOD);
    cr_expect_eq(response.first.this_update, THIS_UPDATE);
    cr_expect_eq(response.first.next_update, NEXT_UPDATE);
    same(response.first.cert_id, request.ids[0].der);
    same(response.certificate, responder.der);
    cr_expect(verifies(&response, responder.spki));
}

Test(ocsp, the_response_of_the_rfc_is_written_again)
{
    struct ocsp_response theirs;
    struct ocsp_single single;
    struct ocsp_plan plan = {.produced_at = PRODUCED_AT, .singles = &single, .count = 1};
    struct bytes data, der;

    cr_assert(ocsp_response_parse(&theirs, response_der));
    single = theirs.first;
    cr_assert(ocsp_responder_by_key(&plan.responder_id, arena, responder.spki));
    cr_assert(ocsp_response_data(&data, arena, &plan));
    same(data, theirs.data);
    cr_assert(ocsp_response_assemble(&der, arena, data, theirs.algorithm, theirs.signature, responder.der));
    same(der, response_der);
}

/* ---- requests, octet by octet (RFC 6960 4.1.1) ---- */

#define ONE_REQUEST                                                                                          \
    "303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414010203040506"             \
    "0708090a0b0c0d0e0f1011121314020105"

/* The plainest request is found by its form alone. So whatever is changed in one: if its CertID is still the
 * same, it is the same request; and what a reader with all care finds in it, is found. */
Test(ocsp, the_plainest_request)
{
    static const char text[] = "30423040303e" ONE_REQUEST;
    struct bytes der = hex(arena, text), cert_id, serial;
    uint8_t *octets = (uint8_t *)(uintptr_t)arena_copy(arena, der).data;
    struct ocsp_request request, changed;

    cr_assert(ocsp_request_parse(&request, der));
    cr_assert(ocsp_request_plain(&cert_id, &serial, der));
    same(cert_id, request.ids[0].der);
    same(serial, request.ids[0].serial);
    for (size_t i = 0; i < der.len; i++) {
        for (unsigned value = 0; value <= 0xff; value++) {
            octets[i] = (uint8_t)value;
            int plain = ocsp_request_plain(&cert_id, &serial, bytes_of(octets, der.len));
            if (ocsp_request_parse(&changed, bytes_of(octets, der.len))) {
                cr_assert(plain, "octet %zu", i);
                same(cert_id, changed.ids[0].der);
                same(serial, changed.ids[0].serial);
            }
            cr_assert(!plain || i >= 8 || value == der.data[i], "octet %zu: around the CertID", i);
        }
        octets[i] = der.data[i];
    }
    for (size_t len = 0; len < der.len; len++)
        cr_assert_not(ocsp_request_plain(&cert_id, &serial, bytes_of(der.data, len)), "%zu", len);
}

/* What has more than a CertID is another one, and has to be read with all care. */
Test(ocsp, what_is_not_the_plainest_request)
{
    static const char *const cases[] = {
        ("3047"
         "3045a003020100303e" ONE_REQUEST),
        ("304e3040303e" ONE_REQUEST "a00a3008300306012a030100"),
        ("3050304e303e" ONE_REQUEST "a20c300a300806022a0304020500"),
        ("3050304e304c304a"
         "303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414010203040506"
         "0708090a0b0c0d0e0f1011121314020105a00c300a300806022a0304020500"),
        ("307e307c307a" ONE_REQUEST ONE_REQUEST),
        ("3081423040303e" ONE_REQUEST),
        ("304230403040" ONE_REQUEST),
        ("300a30083006300430020500"),
        ("30123010300e300c300a3000040004000200"
         "0500"),
    };
    struct bytes cert_id, serial;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_not(ocsp_request_plain(&cert_id, &serial, hex(arena, cases[i])), "%s", cases[i]);
}

static int parses(struct ocsp_request *out, const char *text)
{
    return ocsp_request_parse(out, hex(arena, text));
}

Test(ocsp, requests_are_read_by_their_form)
{
    static const struct {
        const char *what, *text;
        int good;
    } cases[] = {
        {"all that has to be there",
         "30423040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105",
         1},
        {"version v1, which DER leaves out",
         "30473045a003020100303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f1011"
         "12131404140102030405060708090a0b0c0d0e0f1011121314020105",
         1},
        {"another version",
         "30473045a003020101303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f1011"
         "12131404140102030405060708090a0b0c0d0e0f1011121314020105",
         0},
        {"requestorName: RFC 9919 3.1.2, as if it were absent",
         "30483046a10482026162303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10"
         "1112131404140102030405060708090a0b0c0d0e0f1011121314020105",
         1},
        {"no certificate", "300430023000", 0},
        {"a nonce of one octet",
         "30583056303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2143012301006092b060105050730010204030401aa",
         1},
        {"a nonce that is critical: it is known",
         "305b3059303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2173015301306092b06010505073001020101ff0403"
         "0401aa",
         1},
        {"a nonce of none: RFC 9654 2.1",
         "30573055303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2133011300f06092b060105050730010204020400",
         0},
        {"a nonce without an OCTET STRING of its own",
         "30563054303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2123010300e06092b06010505073001020401aa",
         0},
        {"a nonce twice",
         "306a3068303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2263024301006092b060105050730010204030401aa"
         "301006092b060105050730010204030401aa",
         0},
        {"an extension that is not known",
         "3050304e303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a20c300a300806022a0304020500",
         1},
        {"… and critical",
         "30533051303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a20f300d300b06022a030101ff04020500",
         0},
        {"… of a certificate",
         "3050304e304c304a303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a00c300a300806022a0304020500",
         1},
        {"… and critical, too",
         "30533051304f304d303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a00f300d300b06022a030101ff04020500",
         0},
        {"no extension among extensions",
         "30463044303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a2023000",
         0},
        {"a signature: RFC 9919 3.1.2",
         "304e3040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a00a3008300306012a030100",
         1},
        {"… with certificates",
         "30523040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a00e300c300306012a030100a0023000",
         1},
        {"… without an algorithm",
         "30493040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a0053003030100",
         0},
        {"something behind the signature",
         "30503040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f1011121314020105a00a3008300306012a0301000500",
         0},
        {"something behind the list",
         "30443042303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f10111213140201050500",
         0},
        {"something after it",
         "30423040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f101112131402010500",
         0},
        {"an empty serial",
         "3041303f303d303b3039300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f10111213140200",
         0},
        {"a CertID with more",
         "304430423040303e303c300906052b0e03021a050004140102030405060708090a0b0c0d0e0f10111213140414"
         "0102030405060708090a0b0c0d0e0f10111213140201050500",
         0},
        {"no DER: a length in two octets that fits one",
         "3081423040303e303c303a300906052b0e03021a050004140102030405060708090a0b0c0d0e0f101112131404"
         "140102030405060708090a0b0c0d0e0f1011121314020105",
         0},
        {"nothing", "", 0},
        {"half of nothing", "30", 0},
    };
    struct ocsp_request request;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(parses(&request, cases[i].text), cases[i].good, "%s", cases[i].what);
}

Test(ocsp, a_nonce_has_up_to_128_octets)
{
    uint8_t octets[BOUND_OCSP_NONCE + 1] = {1};
    struct ocsp_request request;
    struct bytes der;

    for (size_t len = BOUND_OCSP_NONCE; len <= BOUND_OCSP_NONCE + 1; len++) {
        cr_assert(ocsp_request_write(&der, arena, DIGEST_SHA1, issuer.subject, issuer.spki, end_entity.serial,
                                     bytes_of(octets, len)));
        cr_expect_eq(ocsp_request_parse(&request, der), len == BOUND_OCSP_NONCE);
    }
}

/* The request with |count| times the same CertID. */
static struct bytes many(size_t count)
{
    struct bytes one = hex(arena, ONE_REQUEST);
    CBB cbb, outer, tbs, list;
    struct bytes der;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&tbs, &list, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; i < count; i++)
        ok = ok && der_add_bytes(&list, one);
    cr_assert(der_finish(&der, arena, &cbb, ok));
    return der;
}

Test(ocsp, so_many_certificates_may_be_asked_for)
{
    struct ocsp_request request;

    cr_assert(ocsp_request_parse(&request, many(BOUND_OCSP_REQUESTS)));
    cr_expect_eq(request.count, BOUND_OCSP_REQUESTS);
    cr_expect_not(ocsp_request_parse(&request, many(BOUND_OCSP_REQUESTS + 1)));
}

Test(ocsp, a_request_that_is_too_long_is_not_read)
{
    uint8_t octets[BOUND_OCSP_OCTETS] = {0};
    const CBS_ASN1_TAG tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0;
    struct bytes one = hex(arena, ONE_REQUEST), algorithm = hex(arena, "300306012a"), der;
    struct ocsp_request request;

    for (size_t len = 100; len <= sizeof octets; len += sizeof octets - 100) {
        CBB cbb, outer, tbs, list, whole, signature;
        int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) &&
                 CBB_add_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) &&
                 CBB_add_asn1(&tbs, &list, CBS_ASN1_SEQUENCE) && der_add_bytes(&list, one) &&
                 CBB_add_asn1(&outer, &whole, tag) && CBB_add_asn1(&whole, &signature, CBS_ASN1_SEQUENCE) &&
                 der_add_bytes(&signature, algorithm) &&
                 der_add_bit_string(&signature, bytes_of(octets, len));
        cr_assert(der_finish(&der, arena, &cbb, ok));
        cr_expect_eq(ocsp_request_parse(&request, der), len == 100);
    }
}

/* RFC 9919 section 6 has such a request in its example of a URL. */
Test(ocsp, a_digest_that_is_not_supported_is_nobodys)
{
    struct ocsp_request request;

    cr_assert(parses(
        &request, "304a3048304630443042300a06082a864886f70d02050410eeca7a1932a92f674075e19a5b6ebba30410a889c4"
                  "496403d2619e040ad282ffc15902102c9c7f83dc45f28c92633a25f3431ba6"));
    cr_expect_eq(request.ids[0].digest, DIGEST_NONE);
    cr_expect_not(ocsp_id_is_of(&request.ids[0], issuer.subject, issuer.spki));
}

/* ---- responses (RFC 6960 4.2.1) ---- */

static struct ocsp_single some_single(void)
{
    return (struct ocsp_single){.cert_id = hex(arena, "3000"),
                                .status = OCSP_GOOD,
                                .this_update = PRODUCED_AT,
                                .next_update = THIS_UPDATE};
}

static struct bytes single_of(const struct ocsp_single *single, struct bytes nonce, int extended)
{
    struct ocsp_plan plan = {.responder_id = hex(arena, "a2020400"),
                             .produced_at = PRODUCED_AT,
                             .singles = single,
                             .count = 1,
                             .nonce = nonce,
                             .extended_revoke = extended};
    struct bytes data;

    cr_assert(ocsp_response_data(&data, arena, &plan));
    return data;
}

Test(ocsp, each_status_as_the_rfc_has_it)
{
    struct ocsp_single single = some_single();
    struct bytes none = bytes_of(NULL, 0);

    same(single_of(&single, none, 0),
         hex(arena,
             "3041a2020400180f32303234303430323132333734375a302a302830008000180f323032343034303231323337"
             "34375aa011180f32303234303430333132333734375a"));
    single.status = OCSP_UNKNOWN;
    same(single_of(&single, none, 0),
         hex(arena,
             "3041a2020400180f32303234303430323132333734375a302a302830008200180f323032343034303231323337"
             "34375aa011180f32303234303430333132333734375a"));
    single.status = OCSP_REVOKED;
    single.revoked_at = PRODUCED_AT;
    same(single_of(&single, none, 0),
         hex(arena,
             "3052a2020400180f32303234303430323132333734375a303b30393000a111180f323032343034303231323337"
             "34375a180f32303234303430323132333734375aa011180f32303234303430333132333734375a"));
    single.reason = 1;
    same(single_of(&single, none, 0),
         hex(arena,
             "3057a2020400180f32303234303430323132333734375a3040303e3000a116180f323032343034303231323337"
             "34375aa0030a0101180f32303234303430323132333734375aa011180f32303234303430333132333734375a"));
}

/* RFC 6960 4.4.8, RFC 9654 2.1 */
Test(ocsp, nonce_and_extended_revoke_are_extensions_of_the_response)
{
    struct ocsp_single single = some_single();

    same(single_of(&single, hex(arena, "07"), 1),
         hex(arena,
             "3068a2020400180f32303234303430323132333734375a302a302830008000180f323032343034303231323337"
             "34375aa011180f32303234303430333132333734375aa1253023301006092b0601050507300102040304010730"
             "0f06092b060105050730010904020500"));
}

/* RFC 6960 4.4.4 */
Test(ocsp, archive_cutoff_is_an_extension_of_its_certificate)
{
    struct ocsp_single single = some_single();

    single.archive_cutoff = PRODUCED_AT;
    same(single_of(&single, bytes_of(NULL, 0), 0),
         hex(arena,
             "3065a2020400180f32303234303430323132333734375a304e304c30008000180f323032343034303231323337"
             "34375aa011180f32303234303430333132333734375aa1223020301e06092b06010505073001060411180f3230"
             "3234303430323132333734375a"));
}

Test(ocsp, errors_have_nothing_else)
{
    static const enum ocsp_status all[] = {OCSP_MALFORMED_REQUEST, OCSP_INTERNAL_ERROR, OCSP_TRY_LATER,
                                           OCSP_SIG_REQUIRED, OCSP_UNAUTHORIZED};
    struct ocsp_response response;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        cr_assert(ocsp_response_parse(&response, ocsp_error(all[i])));
        cr_expect_eq(response.status, all[i]);
    }
    same(ocsp_error(OCSP_TRY_LATER), hex(arena, "3003 0a0103"));
}

Test(ocsp, a_responder_may_name_itself)
{
    struct bytes id;

    cr_assert(ocsp_responder_by_name(&id, arena, hex(arena, "3000")));
    same(id, hex(arena, "a102 3000"));
    cr_expect_not(ocsp_responder_by_key(&id, arena, hex(arena, "3000")));
}

Test(ocsp, what_is_cut_off_is_no_response)
{
    struct ocsp_response response;

    for (size_t len = 0; len < response_der.len; len++)
        cr_expect_not(ocsp_response_parse(&response, bytes_of(response_der.data, len)), "%zu", len);
}

/* One octet of the example at a time: nothing that was signed changes unseen. */
Test(ocsp, a_response_that_is_damaged_does_not_verify)
{
    struct ocsp_response response;
    struct bytes copy = arena_copy(arena, response_der);
    uint8_t *octets = (uint8_t *)(uintptr_t)copy.data;

    for (size_t at = 34; at < 213; at += 3) {
        octets[at] ^= 1;
        cr_expect_not(ocsp_response_parse(&response, copy) && verifies(&response, responder.spki), "%zu", at);
        octets[at] ^= 1;
    }
}
