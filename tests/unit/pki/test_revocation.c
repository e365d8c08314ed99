/* revocation.c: RevReqContent and RevRepContent (RFC 9810 5.3.9, 5.3.10). */
#include <criterion/criterion.h>

#include "server/pki/revocation.h"
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

TestSuite(revocation, .init = set_up, .fini = tear_down);

/* certDetails { serialNumber 7, issuer NULL-DN } */
#define DETAILS "30 07 81 01 07 a3 02 30 00 "
/* reasonCode (RFC 5280 5.3.1) keyCompromise */
#define REASON "30 0a 06 03 55 1d 15 04 03 0a 01 01 "

static int decode(struct rev_details *out, size_t *count, const char *text)
{
    const char *why;

    return pki_decode_rev_req(out, count, arena, &why, hex(arena, text));
}

Test(revocation, a_request_is_read)
{
    struct rev_details details;
    size_t count;

    cr_assert(decode(&details, &count, "30 19 30 17 " DETAILS "30 0c " REASON));
    cr_assert_eq(count, 1);
    cr_assert(bytes_equal(details.cert_details.serial, hex(arena, "07")));
    cr_assert(bytes_equal(details.cert_details.issuer, hex(arena, "30 00")));
    cr_assert(details.has_reason);
    cr_assert_eq(details.reason, 1);
    cr_assert_not(details.unknown_critical);

    cr_assert(decode(&details, &count, "30 0b 30 09 " DETAILS));
    cr_assert_not(details.has_reason);
    cr_assert_eq(details.reason, 0);

    cr_assert(decode(&details, &count, "30 16 30 09 " DETAILS "30 09 " DETAILS));
    cr_assert_eq(count, 2);

    /* other extensions: not critical, and critical */
    cr_assert(decode(&details, &count, "30 15 30 13 " DETAILS "30 08 30 06 06 01 2a 04 01 00"));
    cr_assert_not(details.unknown_critical);
    cr_assert(decode(&details, &count, "30 18 30 16 " DETAILS "30 0b 30 09 06 01 2a 01 01 ff 04 01 00"));
    cr_assert(details.unknown_critical);
}

/* One that is critical stays so, whatever stands behind it. */
Test(revocation, a_critical_extension_is_not_forgotten)
{
    struct rev_details details;
    size_t count;

    cr_assert(decode(&details, &count,
                     "30 20 30 1e " DETAILS
                     "30 13 30 09 06 01 2a 01 01 ff 04 01 00 30 06 06 01 2b 04 01 00"));
    cr_assert(details.unknown_critical);
    cr_assert(
        decode(&details, &count, "30 24 30 22 " DETAILS "30 17 30 09 06 01 2a 01 01 ff 04 01 00 " REASON));
    cr_assert(details.unknown_critical);
    cr_assert_eq(details.reason, 1);
}

/* |content| in a SEQUENCE. */
static struct bytes sequence(struct bytes content)
{
    struct bytes out;
    CBB cbb;

    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&out, arena, &cbb, der_add_octets(&cbb, CBS_ASN1_SEQUENCE, content)));
    return out;
}

/* BOUND_EXTENSIONS of them, the reason last, and one more. */
Test(revocation, crlEntryDetails_has_a_bound)
{
    for (size_t others = BOUND_EXTENSIONS - 2; others <= BOUND_EXTENSIONS; others++) {
        struct rev_details details;
        char text[1024];
        size_t used = 0, count;
        const char *why;
        for (size_t i = 0; i < others; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "30 06 06 01 2a 04 01 00 ");
        snprintf(text + used, sizeof text - used, REASON);
        struct bytes list = sequence(hex(arena, text)), tmpl = hex(arena, DETAILS);
        uint8_t *both = arena_alloc(arena, tmpl.len + list.len);
        memcpy(both, tmpl.data, tmpl.len);
        memcpy(both + tmpl.len, list.data, list.len);
        struct bytes body = sequence(sequence(bytes_of(both, tmpl.len + list.len)));
        cr_assert_eq(pki_decode_rev_req(&details, &count, arena, &why, body), others < BOUND_EXTENSIONS,
                     "%zu", others);
        if (others < BOUND_EXTENSIONS)
            cr_assert_eq(details.reason, 1);
    }
}

Test(revocation, a_malformed_request_is_refused)
{
    static const char *const bad[] = {
        "05 00",
        "30 00",
        "30 02 30 00",                                                            /* no certDetails */
        "30 0d 30 0b " DETAILS "05 00",                                           /* no extensions */
        "30 0d 30 09 " DETAILS "05 00",                                           /* no RevDetails */
        "30 0b 30 09 " DETAILS "05 00",                                           /* more after all */
        "30 25 30 23 " DETAILS "30 18 " REASON REASON,                            /* two reasons */
        "30 18 30 16 " DETAILS "30 0b 30 09 06 03 55 1d 15 04 02 0a 00",          /* an empty one */
        "30 19 30 17 " DETAILS "30 0c 30 0a 06 03 55 1d 15 04 03 02 01 01",       /* an INTEGER */
        "30 1a 30 18 " DETAILS "30 0d 30 0b 06 03 55 1d 15 04 04 0a 02 01 00",    /* too long */
        "30 1b 30 19 " DETAILS "30 0e 30 0c 06 03 55 1d 15 04 05 0a 01 01 05 00", /* more after it */
    };
    struct rev_details details;
    const char *why = NULL;
    size_t count;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(pki_decode_rev_req(&details, &count, arena, &why, hex(arena, bad[i])), "case %zu", i);
        cr_assert_not_null(why);
    }
}

Test(revocation, what_is_written_is_read_back)
{
    struct pki_status_info status = {.status = PKI_REJECTION, .text = bytes_str("no"), .fail_info = 1 << 10},
                           read;
    struct rev_details details;
    const char *why;
    struct bytes der;
    size_t count;

    for (int64_t reason = -1; reason < 11; reason++) {
        cr_assert(pki_encode_rev_req(&der, arena, hex(arena, "30 00"), hex(arena, "01 02"), reason));
        cr_assert(der_is_strict(NULL, NULL, der, BOUND_DER_DEPTH));
        cr_assert(pki_decode_rev_req(&details, &count, arena, &why, der));
        cr_assert_eq(details.has_reason, reason >= 0);
        cr_assert_eq(details.reason, reason < 0 ? 0 : reason);
        cr_assert(bytes_equal(details.cert_details.serial, hex(arena, "01 02")));
    }
    cr_assert(pki_encode_rev_rep(&der, arena, &status));
    cr_assert(pki_decode_rev_rep(&read, der));
    cr_assert_eq(read.status, PKI_REJECTION);
    cr_assert_eq(read.fail_info, 1 << 10);
    cr_assert(bytes_equal(read.text, bytes_str("no")));
    /* revCerts and crls beside it (RFC 9810 5.3.10), and what is none */
    cr_assert(pki_decode_rev_rep(&read, hex(arena, "30 0b 30 05 30 03 02 01 00 a0 02 30 00")));
    cr_assert_not(pki_decode_rev_rep(&read, hex(arena, "30 0b 30 0a 30 03 02 01 00 30 03 02 01 00")));
    cr_assert_not(pki_decode_rev_rep(&read, hex(arena, "30 02 30 00")));
}
