/* several.c: bodies with several of a kind, taken apart and put together. */
#include "server/pki/several.h"

#include <criterion/criterion.h>

#include "server/pki/response.h"
#include "server/pki/revocation.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(64 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(several, .init = set_up, .fini = tear_down);

static void expect_bytes(struct bytes got, const char *wanted)
{
    cr_expect(bytes_equal(got, hex(arena, wanted)), "%s", wanted);
}

/* RFC 4211 3: CertReqMessages ::= SEQUENCE SIZE (1..MAX) OF CertReqMsg */
Test(several, a_sequence_is_taken_apart)
{
    struct bytes out[2];
    size_t count;

    cr_assert(pki_split(out, &count, 2, arena, hex(arena, "30 08 30 01 61 30 03 62 62 62")));
    cr_assert_eq(count, 2);
    expect_bytes(out[0], "30 03 30 01 61");
    expect_bytes(out[1], "30 05 30 03 62 62 62");
    cr_assert(pki_split(out, &count, 1, arena, hex(arena, "30 06 30 00 30 00 30 00")));
    cr_expect_eq(count, 3, "all of them are counted");
    cr_assert(pki_split(out, &count, 2, arena, hex(arena, "30 00")));
    cr_expect_eq(count, 0);
}

Test(several, what_is_none_is_told)
{
    static const char *const bad[] = {
        "",                        /* nothing */
        "31 02 30 00",             /* a SET */
        "30 02 30 00 05 00",       /* something after it */
        "30 02 05 00",             /* an element that is no SEQUENCE */
        "30 04 30 00 05 00",       /* … the second one */
        "30 06 30 00 30 00 05 00", /* … beyond those that are wanted */
        "30 03 30 02 61",          /* longer than what is there */
    };
    struct bytes out[2];
    size_t count;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(pki_split(out, &count, 2, arena, hex(arena, bad[i])), "case %zu", i);
}

static struct bytes response(int64_t cert_req_id, const char *certificate, const char *ca_pubs)
{
    struct bytes root = hex(arena, ca_pubs), body;
    struct cert_response one = {.cert_req_id = cert_req_id,
                                .status = {.status = certificate[0] != 0 ? PKI_ACCEPTED : PKI_REJECTION},
                                .certificate = hex(arena, certificate)};

    cr_assert(pki_encode_cert_rep(&body, arena, &root, root.len != 0, &one));
    return body;
}

/* RFC 9810 5.3.4: CertRepMessage */
Test(several, responses_are_put_together_and_taken_apart)
{
    const struct bytes bodies[] = {response(0, "30 01 61", ""), response(5, "", "30 01 72"),
                                   response(-1, "30 01 62", "30 01 73")};
    struct bytes all, out[3];
    struct cert_response one;
    size_t count;

    cr_assert(pki_join_cert_reps(&all, arena, bodies, 3));
    /* the caPubs of the first that has some */
    cr_expect_not_null(memmem(all.data, all.len, "\xa1\x05\x30\x03\x30\x01\x72", 7));
    cr_expect_null(memmem(all.data, all.len, "\x30\x01\x73", 3));
    cr_assert_not(pki_decode_cert_rep(&one, all), "there are several");
    cr_assert(pki_split_cert_rep(out, &count, 3, arena, all));
    cr_assert_eq(count, 3);
    for (size_t i = 0; i < 3; i++) {
        const int64_t ids[] = {0, 5, -1};
        cr_assert(pki_decode_cert_rep(&one, out[i]));
        cr_expect_eq(one.cert_req_id, ids[i]);
        cr_expect_eq(one.certificate.len != 0, i != 1);
    }
    cr_assert(pki_join_cert_reps(&all, arena, bodies, 1));
    cr_expect(bytes_equal(all, bodies[0]));
    cr_expect_not(pki_join_cert_reps(&all, arena, (const struct bytes[]){hex(arena, "05 00")}, 1));
}

/* RFC 9810 5.3.10: RevRepContent */
Test(several, statuses_are_put_together)
{
    const struct pki_status_info accepted = {.status = PKI_ACCEPTED};
    struct bytes bodies[2], all;

    for (size_t i = 0; i < 2; i++)
        cr_assert(pki_encode_rev_rep(&bodies[i], arena, &accepted));
    cr_assert(pki_join_rev_reps(&all, arena, bodies, 2));
    expect_bytes(all, "30 0c 30 0a 30 03 02 01 00 30 03 02 01 00");
    cr_expect_not(pki_join_rev_reps(&all, arena, (const struct bytes[]){hex(arena, "30 00")}, 1));
}
