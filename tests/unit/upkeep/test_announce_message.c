/* announce_message.c: the message that announces, and what an answer means. The pushing itself is in
 * fetch/test_fetch.c, all together in server/test_announce.sh. */
#include "server/fetch/fetch.h"

static int fake_push(long *status, const struct fetch *fetch, char why[FETCH_WHY_MAX]);

#define fetch_push fake_push
/* NOLINTNEXTLINE(bugprone-suspicious-include): its server is the test's */
#include "server/upkeep/announce_message.c"
#undef fetch_push

#include "tests/unit/upkeep/fixture.h"

TestSuite(announce_message, .init = set_up, .fini = tear_down, .timeout = 60);

static struct {
    long status; /* 0: nobody answers */
    unsigned asked;
} server;

static int fake_push(long *status, const struct fetch *fetch, char why[FETCH_WHY_MAX])
{
    server.asked++;
    cr_expect_str_eq(fetch->url, "http://repository.example/cmp");
    cr_expect_str_eq(fetch->content_type, "application/pkixcmp"); /* RFC 9811 3.2 */
    cr_expect_eq(fetch->seconds, (unsigned)BOUND_ANNOUNCE_SECONDS);
    *status = server.status;
    if (server.status == 0)
        snprintf(why, FETCH_WHY_MAX, "nobody is there");
    return server.status != 0;
}

static const struct cmp_authority *ca(void)
{
    return policy_settings(demo.policy)->default_profile->ca;
}

/* RFC 9811 3.5: "When pushing announcement messages, PKIMessage structures MUST be sent as the content of an
 * HTTP POST request." RFC 9810 5.3.13: "When using RootCaKeyUpdateContent in the ckuann message, the pvno
 * cmp2021 MUST be used." */
Test(announce_message, it_is_signed_as_answers_are)
{
    static const uint8_t content[] = {0x30, 0x00};

    for (int kind = 0; kind < PKI_ANNOUNCEMENTS; kind++) {
        struct arena *arena = arena_new(BOUND_JOB_ARENA);
        struct bytes der, part, nonce = bytes_of(NULL, 0);
        struct pki_message message;
        const char *why;
        CBS cbs;
        cr_assert(
            announce_message(&der, arena, ca(), (enum pki_announcement)kind, bytes_of(content, 2), NOW, &why),
            "%s", why);
        cr_assert_eq(pki_message_decode(&message, &why, der), PKI_WHOLE, "%s", why);
        cr_expect_eq(message.body_type, pki_announcement_body((enum pki_announcement)kind));
        cr_expect_eq(message.header.pvno, kind == PKI_ANNOUNCES_ROOT ? 3 : 2);
        cr_expect(message.header.has_message_time && message.header.message_time == NOW);
        cr_expect(bytes_equal(message.header.sender_name, ca()->cmp_cert.subject));
        cr_expect(bytes_equal(message.header.sender_kid, ca()->cmp_cert.key_id));
        cr_expect(bytes_equal(message.header.recipient, pki_null_dn()));
        cr_expect_eq(message.header.transaction_id.len, 16);
        cr_expect_eq(message.header.sender_nonce.len, 16);
        cr_expect_not(bytes_equal(message.header.sender_nonce, nonce));
        cr_expect(bytes_equal(message.body, bytes_of(content, 2)));
        /* RFC 9483 3.3: the protecting certificate first. */
        cr_assert(message.extra_cert_count != 0);
        cr_expect(bytes_equal(message.extra_certs[0], ca()->cmp_cert.der));
        cr_assert(pki_protected_part(&part, arena, &message));
        cbs = cbs_of(message.header.protection_alg);
        cr_expect(verify_signature(ca()->cmp_cert.spki, signature_parse(&cbs), part, message.protection));
        arena_free(arena);
    }
}

/* RFC 9483 3.3: the protecting certificate first; then the one before it, which partners may have pinned: as
 * long as it is valid, and if its key is that of the signature. */
Test(announce_message, the_former_certificate_goes_with_it_until_it_ends)
{
    static const uint8_t content[] = {0x30, 0x00};
    struct cmp_authority renewed = *ca();
    const struct {
        const struct private_key *key;
        int64_t now;
        int is_there;
    } cases[] = {{renewed.cmp_key, NOW, 1}, {renewed.cmp_key, NOW + 1, 0}, {renewed.key, NOW, 0}};

    renewed.former_cmp_cert = renewed.cert; /* any other */
    renewed.former_cmp_cert.not_after = NOW;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena *arena = arena_new(BOUND_JOB_ARENA);
        struct pki_message message;
        struct bytes der;
        const char *why;
        renewed.former_cmp_key = cases[i].key;
        cr_assert(announce_message(&der, arena, &renewed, PKI_ANNOUNCES_ROOT, bytes_of(content, 2),
                                   cases[i].now, &why));
        cr_assert_eq(pki_message_decode(&message, &why, der), PKI_WHOLE, "%s", why);
        cr_expect(bytes_equal(message.extra_certs[0], renewed.cmp_cert.der));
        cr_expect_eq(message.extra_cert_count, ca()->signed_extra_cert_count + (size_t)cases[i].is_there);
        cr_expect(!cases[i].is_there || bytes_equal(message.extra_certs[1], renewed.former_cmp_cert.der));
        arena_free(arena);
    }
}

/* RFC 9811 3.3: "If the receipt of an HTTP request is not confirmed by receiving an HTTP response, it
 * MUST be assumed that the transferred CMP message was not successfully delivered to its destination."
 * RFC 9811 3.5: "When not receiving such a response, it MUST be assumed that the delivery was not
 * successful." */
Test(announce_message, only_201_says_that_it_was_stored)
{
    static const struct {
        long status;
        enum announce_outcome outcome;
        const char *why;
    } cases[] = {
        {201, ANNOUNCE_DELIVERED, NULL},
        {202, ANNOUNCE_LATER, "status 202: it has not stored it yet"},
        {200, ANNOUNCE_LATER, "status 200: it takes no announcements"},
        {403, ANNOUNCE_LATER, "status 403: it takes none of this CA"},
        {404, ANNOUNCE_LATER, "status 404"},
        {503, ANNOUNCE_LATER, "status 503"},
        {302, ANNOUNCE_LATER, "status 302"},
        {400, ANNOUNCE_NEVER, "status 400"},
        {413, ANNOUNCE_NEVER, "status 413"},
        {0, ANNOUNCE_LATER, "nobody is there"},
    };
    char why[FETCH_WHY_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        server.status = cases[i].status;
        cr_expect_eq(announce_push("http://repository.example/cmp", bytes_str("x"), NULL, why),
                     cases[i].outcome, "%ld", cases[i].status);
        if (cases[i].why != NULL)
            cr_expect_not_null(strstr(why, cases[i].why), "'%s' does not say '%s'", why, cases[i].why);
    }
}

Test(announce_message, what_is_too_large_is_not_sent)
{
    static uint8_t octets[BOUND_ANNOUNCEMENT + 1];
    char why[FETCH_WHY_MAX];

    server.status = 201;
    cr_expect_eq(announce_push("http://repository.example/cmp", bytes_of(octets, sizeof octets), NULL, why),
                 ANNOUNCE_NEVER);
    cr_expect_eq(server.asked, 0);
    cr_expect_eq(
        announce_push("http://repository.example/cmp", bytes_of(octets, sizeof octets - 1), NULL, why),
        ANNOUNCE_DELIVERED);
}

Test(announce_message, without_memory_there_is_none)
{
    struct arena *small = arena_new(16);
    struct bytes der;
    const char *why = NULL;

    while (arena_alloc(small, 1) != NULL)
        ;
    cr_expect_not(announce_message(&der, small, ca(), PKI_ANNOUNCES_CRL, bytes_str("0"), NOW, &why));
    cr_expect_str_eq(why, "out of memory");
    arena_free(small);
}
