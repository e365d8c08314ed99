/* cert_ocsp.c: a status counts if the CA stands for it (RFC 6960 3.2). A responder of the test answers;
 * cmpd's own does in server/test_ocsp.sh. */
#include <criterion/criterion.h>

#include "server/fetch/fetch.h"

static int fake_fetch(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX]);

#define fetch_document fake_fetch
/* NOLINTNEXTLINE(bugprone-suspicious-include): its responder is the test's */
#include "server/ctl/cert_ocsp.c"
#undef fetch_document

#include "crypto/batch.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *ca_key, *other_key;
static struct certificate ca;
static struct bytes serial;

/* What the responder does. */
static struct {
    const char *fault;
    enum ocsp_status error; /* instead of an answer */
    enum ocsp_cert_status status;
    struct bytes serial, certificate;
    const struct private_key *key;
    int is_damaged;
    int64_t next_update; /* seconds from now */
} responder;

static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};

static struct bytes cert_of(const char *subject, const char *issuer, const struct private_key *key,
                            const struct private_key *signer, const uint8_t *purpose)
{
    const struct bytes oid = bytes_of(purpose, purpose != NULL ? sizeof ocsp_signing : 0);
    const struct certificate_plan plan = {.subject = name_of(arena, subject),
                                          .issuer = name_of(arena, issuer),
                                          .spki = private_key_spki(key),
                                          .not_before = time(NULL) - 100,
                                          .not_after = time(NULL) + 100,
                                          .extended_key_usage = &oid,
                                          .extended_key_usage_count = purpose != NULL ? 1 : 0};

    return sign_plan(arena, plan, signer);
}

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    ca_key = private_key_generate(KEY_P256, 0);
    other_key = private_key_generate(KEY_P256, 0);
    serial = bytes_of((const uint8_t *)"\0\0\x21", 3);
    responder.serial = serial;
    responder.key = ca_key;
    responder.status = OCSP_REVOKED;
    responder.next_update = 50;
    must(certificate_parse(&ca, cert_of("CA", "CA", ca_key, ca_key, NULL)));
    responder.certificate = ca.der;
}

TestSuite(cert_ocsp, .init = set_up);

static struct bytes respond(void)
{
    struct bytes request, data, der;
    struct ocsp_request asked;
    struct ocsp_single single = {.status = responder.status,
                                 .revoked_at = time(NULL) - 5,
                                 .this_update = time(NULL) - 5,
                                 .next_update = time(NULL) + responder.next_update};
    struct ocsp_plan plan = {.produced_at = time(NULL), .singles = &single, .count = 1};
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {
        .algorithm = signature_for_key(KEY_P256), .key = responder.key, .signature = signature};
    struct signing *items[] = {&item};

    must(ocsp_request_write(&request, arena, DIGEST_SHA1, ca.subject, ca.spki, responder.serial,
                            bytes_of(NULL, 0)) &&
         ocsp_request_parse(&asked, request));
    single.cert_id = asked.ids[0].der;
    must(ocsp_responder_by_key(&plan.responder_id, arena, private_key_spki(responder.key)) &&
         ocsp_response_data(&data, arena, &plan));
    item.message = data;
    sign_batch(items, 1);
    must(ocsp_response_assemble(&der, arena, data, item.algorithm, bytes_of(signature, item.signature_len),
                                responder.certificate));
    return der;
}

static int fake_fetch(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX])
{
    struct ocsp_request asked;
    struct bytes der = responder.error != OCSP_SUCCESSFUL ? ocsp_error(responder.error) : respond();

    cr_expect_str_eq(fetch->content_type, "application/ocsp-request");
    cr_assert(ocsp_request_parse(&asked, fetch->body));
    cr_expect(asked.count == 1 && asked.ids[0].serial.len == 1 && asked.ids[0].serial.data[0] == 0x21);
    if (responder.fault != NULL) {
        snprintf(why, FETCH_WHY_MAX, "%s", responder.fault);
        return 0;
    }
    *out = malloc(der.len);
    memcpy(*out, der.data, der.len);
    (*out)[der.len - 1] ^= (uint8_t)responder.is_damaged;
    *len = der.len;
    return 1;
}

static char why[CERT_OCSP_WHY];

static int status(void)
{
    why[0] = 0;
    return cert_ocsp_status("http://responder/", &ca, serial, why);
}

#define REFUSED(what)                                                                                        \
    do {                                                                                                     \
        cr_expect_eq(status(), -1);                                                                          \
        cr_expect_not_null(strstr(why, what), "'%s' does not say '%s'", why, what);                          \
    } while (0)

Test(cert_ocsp, what_the_CA_says_counts)
{
    cr_expect_eq(status(), OCSP_REVOKED, "%s", why);
    responder.status = OCSP_GOOD;
    cr_expect_eq(status(), OCSP_GOOD, "%s", why);
    responder.status = OCSP_UNKNOWN;
    cr_expect_eq(status(), OCSP_UNKNOWN, "%s", why);
}

/* RFC 6960 4.2.2.2: id-kp-OCSPSigning, "issued directly by the CA". */
Test(cert_ocsp, so_does_what_it_has_delegated)
{
    responder.key = other_key;
    responder.certificate = cert_of("Responder", "CA", other_key, ca_key, ocsp_signing);
    cr_expect_eq(status(), OCSP_REVOKED, "%s", why);
    responder.certificate = cert_of("Responder", "CA", other_key, ca_key, NULL);
    REFUSED("not signed by the CA");
    responder.certificate = cert_of("Responder", "CA", other_key, other_key, ocsp_signing);
    REFUSED("not signed by the CA");
    responder.certificate = cert_of("Responder", "Other", other_key, ca_key, ocsp_signing);
    REFUSED("not signed by the CA");
    responder.certificate = bytes_of((const uint8_t *)"\x30\0", 2);
    cr_expect_eq(status(), -1);
}

Test(cert_ocsp, nothing_else_does)
{
    responder.fault = "Timeout";
    REFUSED("Timeout");
    responder.fault = NULL;
    responder.error = OCSP_TRY_LATER;
    REFUSED("status 3");
    responder.error = OCSP_SUCCESSFUL;
    responder.serial = bytes_of((const uint8_t *)"\x22", 1);
    REFUSED("another certificate");
    responder.serial = serial;
    responder.key = other_key;
    REFUSED("not signed by the CA");
    responder.key = ca_key;
    responder.next_update = -1; /* somebody repeats what was said before */
    REFUSED("nextUpdate has passed");
    responder.next_update = 50;
    responder.is_damaged = 1;
    REFUSED("not signed by the CA");
}

Test(cert_ocsp, the_url_is_that_of_the_certificate)
{
    static const char *const urls[] = {"http://a/ocsp", "http://b/ocsp"}, *const other[] = {"ldap://a/"};
    struct certificate_urls where = {.issuer = urls, .issuer_count = 1, .ocsp = urls, .ocsp_count = 2};
    struct certificate_plan plan = {
        .subject = ca.subject, .issuer = ca.subject, .spki = ca.spki, .not_after = time(NULL) + 9};
    char url[CERT_OCSP_URL];

    cr_expect_not(cert_ocsp_url(url, ca.der));
    cr_expect_str_eq(url, "");
    cr_assert(certificate_prepare_urls(&plan.urls, arena, &where));
    cr_expect(cert_ocsp_url(url, sign_plan(arena, plan, ca_key)));
    cr_expect_str_eq(url, "http://a/ocsp");
    where.ocsp = other;
    where.ocsp_count = 1;
    cr_assert(certificate_prepare_urls(&plan.urls, arena, &where));
    cr_expect_not(cert_ocsp_url(url, sign_plan(arena, plan, ca_key)));
    where.ocsp_count = 0;
    cr_assert(certificate_prepare_urls(&plan.urls, arena, &where));
    cr_expect_not(cert_ocsp_url(url, sign_plan(arena, plan, ca_key)), "caIssuers alone");
    cr_expect_not(cert_ocsp_url(url, bytes_str("no certificate")));
}
