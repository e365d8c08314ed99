/* confirmation.c: CertConfirmContent (RFC 9810 5.3.18). */
#include <criterion/criterion.h>

#include "server/pki/confirmation.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(confirmation, .init = set_up, .fini = tear_down);

/* CertStatus ::= SEQUENCE { certHash OCTET STRING, certReqId INTEGER, statusInfo PKIStatusInfo OPTIONAL,
 * hashAlg [0] AlgorithmIdentifier OPTIONAL }, under EXPLICIT TAGS */
Test(confirmation, certConf_is_written_as_the_RFC_has_it)
{
    struct cert_status status = {.cert_hash = hex(arena, "aa bb"), .cert_req_id = -1};
    struct bytes out;

    cr_assert(pki_encode_cert_conf(&out, arena, &status));
    cr_assert(bytes_equal(out, hex(arena, "30 09 30 07 04 02 aa bb 02 01 ff")));
    status.has_status = 1;
    status.status.status = PKI_REJECTION;
    status.hash_alg = hex(arena, "30 05 06 03 2a 03 04");
    cr_assert(pki_encode_cert_conf(&out, arena, &status));
    cr_assert(bytes_equal(
        out, hex(arena, "30 17 30 15 04 02 aa bb 02 01 ff 30 03 02 01 02 a0 07 30 05 06 03 2a 03 04")));
}

Test(confirmation, certConf_is_read_field_by_field)
{
    struct cert_status out[BOUND_SEVERAL];
    size_t count;

    cr_assert(pki_decode_cert_conf(out, &count,
                                   hex(arena, "30 20 30 07 04 02 aa bb 02 01 00 30 15 04 02 cc dd 02 01 05 "
                                              "30 03 02 01 02 a0 07 30 05 06 03 2a 03 04")));
    cr_assert_eq(count, 2);
    cr_assert(bytes_equal(out[0].cert_hash, hex(arena, "aa bb")));
    cr_assert_eq(out[0].cert_req_id, 0);
    cr_assert_not(out[0].has_status);
    cr_assert_eq(out[0].hash_alg.len, 0);
    cr_assert(bytes_equal(out[1].cert_hash, hex(arena, "cc dd")));
    cr_assert_eq(out[1].cert_req_id, 5);
    cr_assert(out[1].has_status);
    cr_assert_eq(out[1].status.status, PKI_REJECTION);
    cr_assert(bytes_equal(out[1].hash_alg, hex(arena, "30 05 06 03 2a 03 04")));
}

/* RFC 9810 5.3.18: "an empty CertConfirmContent (a zero-length SEQUENCE)" */
Test(confirmation, an_empty_certConf_is_read)
{
    struct cert_status out[BOUND_SEVERAL];
    size_t count = 9;

    cr_assert(pki_decode_cert_conf(out, &count, hex(arena, "30 00")));
    cr_assert_eq(count, 0);
}

/* BOUND_SEVERAL entries are read, each as it stands; one more is refused (below). */
Test(confirmation, as_many_entries_as_have_room_are_read)
{
    struct cert_status out[BOUND_SEVERAL];
    size_t count;

    cr_assert_eq(BOUND_SEVERAL, 8);
    cr_assert(pki_decode_cert_conf(
        out, &count,
        hex(arena, "30 48 30 07 04 02 aa 00 02 01 00 30 07 04 02 aa 01 02 01 01 30 07 04 02 aa 02 02 01 02 "
                   "30 07 04 02 aa 03 02 01 03 30 07 04 02 aa 04 02 01 04 30 07 04 02 aa 05 02 01 05 "
                   "30 07 04 02 aa 06 02 01 06 30 07 04 02 aa 07 02 01 07")));
    cr_assert_eq(count, 8);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(out[i].cert_req_id, i);
        cr_assert_eq(out[i].cert_hash.data[1], i);
    }
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)" */
Test(confirmation, malformed_certConf_is_refused)
{
    static const char *const bad[] = {
        "05 00",
        "30 02 30 00",
        "30 09 30 07 04 02 aa bb 02 01 00 30 00", /* octets after it */
        "30 00 05 00",
        "30 05 30 03 02 01 00",                                  /* no certHash */
        "30 06 30 04 04 02 aa bb",                               /* no certReqId */
        "30 0b 30 09 04 02 aa bb 02 01 00 05 00",                /* NULL at the end */
        "30 0e 30 0c 04 02 aa bb 02 01 00 80 03 2a 03 04",       /* hashAlg under an implicit tag */
        "30 12 30 10 04 02 aa bb 02 01 00 a0 07 30 05 06 03 2a", /* cut */
        "30 09 30 07 04 02 aa bb 02 01 00 05 00",                /* octets after it */
        "30 0d 30 0b 04 02 aa bb 02 01 00 a0 02 05 00",          /* hashAlg no AlgorithmIdentifier */
        ("30 51 30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00 "
         "30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00 "
         "30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00 30 07 04 02 aa bb 02 01 00"), /* more */
    };
    struct cert_status out[BOUND_SEVERAL];
    size_t count;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(pki_decode_cert_conf(out, &count, hex(arena, bad[i])), "case %zu", i);
}
