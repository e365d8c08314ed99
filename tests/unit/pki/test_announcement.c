/* announcement.c: ckuann, cann, rann, crlann (RFC 9810 5.3.13 to 5.3.16). */
#include "server/pki/announcement.h"

#include <criterion/criterion.h>

#include "server/pki/status.h"
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

TestSuite(announcement, .init = set_up, .fini = tear_down);

static void expect(struct bytes got, const char *text)
{
    cr_expect(bytes_equal(got, hex(arena, text)), "%s", text);
}

/* ---- ckuann ---- */

/* Three that can be told apart, in place of certificates. */
#define NEW "30 03 02 01 01 "
#define NEW_WITH_OLD "30 03 02 01 02 "
#define OLD_WITH_NEW "30 03 02 01 03 "

/* RFC 9810 5.3.13: "cAKeyUpdAnnV3 [0] RootCaKeyUpdateContent", whose links may be left out. */
Test(announcement, a_key_update_is_read_and_written)
{
    static const struct {
        const char *text;
        int has_new_with_old, has_old_with_new;
    } cases[] = {
        {"a0 07 30 05 " NEW, 0, 0},
        {"a0 0e 30 0c " NEW "a0 05 " NEW_WITH_OLD, 1, 0},
        {"a0 0e 30 0c " NEW "a1 05 " OLD_WITH_NEW, 0, 1},
        {"a0 15 30 13 " NEW "a0 05 " NEW_WITH_OLD "a1 05 " OLD_WITH_NEW, 1, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct key_update update;
        struct bytes again;
        cr_assert(pki_decode_key_update(&update, hex(arena, cases[i].text)), "%s", cases[i].text);
        cr_expect_eq(update.is_v3, 1);
        expect(update.certs.new_with_new, NEW);
        expect(update.certs.new_with_old, cases[i].has_new_with_old ? NEW_WITH_OLD : "");
        expect(update.certs.old_with_new, cases[i].has_old_with_new ? OLD_WITH_NEW : "");
        cr_assert(pki_encode_key_update(&again, arena, &update.certs));
        expect(again, cases[i].text);
    }
}

/* RFC 9810 5.3.13: "cAKeyUpdAnnV2 CAKeyUpdAnnContent, -- deprecated", in another order. */
Test(announcement, the_former_key_update_is_read)
{
    struct key_update update;

    cr_assert(pki_decode_key_update(&update, hex(arena, "30 0f " OLD_WITH_NEW NEW_WITH_OLD NEW)));
    cr_expect_eq(update.is_v3, 0);
    expect(update.certs.new_with_new, NEW);
    expect(update.certs.new_with_old, NEW_WITH_OLD);
    expect(update.certs.old_with_new, OLD_WITH_NEW);
}

Test(announcement, a_key_update_that_is_none)
{
    static const char *const texts[] = {
        "",
        "05 00",
        "30 00",
        "30 0a " NEW NEW,             /* the former has three */
        "30 14 " NEW NEW NEW NEW,     /* … and no more */
        "30 0f " NEW NEW NEW "05 00", /* … nor anything behind */
        "a0 02 30 00",                /* newWithNew is no option */
        "a0 09 30 07 " NEW "05 00",   /* nothing else may stand there */
        "a0 07 30 05 " NEW "05 00",
        "a0 09 30 05 " NEW "05 00",
        "a0 0b 30 09 " NEW "a0 02 05 00",             /* no certificate */
        "a0 0e 30 0c " NEW "a2 05 " NEW,              /* no such field */
        "a0 15 30 13 " NEW "a1 05 " NEW "a0 05 " NEW, /* out of their order */
        "a0 10 30 0e " NEW "a0 07 " NEW "05 00",
    };
    struct key_update update;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_not(pki_decode_key_update(&update, hex(arena, texts[i])), "%s", texts[i]);
}

/* ---- rann ---- */

#define STATUS "02 01 05 "
/* CertId: directoryName CN=x, 7 */
#define ISSUER "a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 78 "
#define CERT_ID "30 13 " ISSUER "02 01 07 "
#define TIME(day) "18 0f 32 30 32 37 30 31 " day " 30 38 30 30 30 30 5a "
#define REASON "30 0c 30 0a 06 03 55 1d 15 04 03 0a 01 01 "

enum { FIRST = 1798790400, SECOND = 1798876800 }; /* 2027-01-01 and -02, 08:00 */

Test(announcement, a_revocation_is_read_and_written)
{
    struct revocation_notice notice;
    struct bytes again;

    cr_assert(pki_decode_revocation_notice(
        &notice, hex(arena, "30 48 " STATUS CERT_ID TIME("30 32") TIME("30 31") REASON)));
    cr_expect_eq(notice.status, PKI_REVOCATION_NOTIFICATION);
    expect(notice.issuer, ISSUER);
    expect(notice.issuer_name, "30 0c 31 0a 30 08 06 03 55 04 03 0c 01 78");
    expect(notice.serial, "07");
    cr_expect_eq(notice.revoked_at, SECOND, "%lld", (long long)notice.revoked_at);
    cr_expect_eq(notice.bad_since, FIRST);
    cr_expect(notice.has_reason && notice.reason == 1);
    cr_assert(pki_encode_revocation_notice(&again, arena, &notice));
    expect(again, "30 48 " STATUS CERT_ID TIME("30 32") TIME("30 31") REASON);

    cr_assert(pki_decode_revocation_notice(&notice,
                                           hex(arena, "30 3a " STATUS CERT_ID TIME("30 32") TIME("30 31"))));
    cr_expect_not(notice.has_reason);
    cr_assert(pki_encode_revocation_notice(&again, arena, &notice));
    expect(again, "30 3a " STATUS CERT_ID TIME("30 32") TIME("30 31"));
}

/* A serial of ours has 16 octets, the first of which may have its top bit, or be 0. */
Test(announcement, a_serial_is_written_as_a_number)
{
    struct revocation_notice notice = {.issuer_name = hex(arena, "30 00"), .serial = hex(arena, "00 80")},
                             read;
    struct bytes der;

    cr_assert(pki_encode_revocation_notice(&der, arena, &notice));
    cr_assert(pki_decode_revocation_notice(&read, der));
    expect(read.serial, "00 80");
    notice.serial = hex(arena, "00 01");
    cr_assert(pki_encode_revocation_notice(&der, arena, &notice));
    cr_assert(pki_decode_revocation_notice(&read, der));
    expect(read.serial, "01");
}

Test(announcement, a_revocation_that_is_none)
{
    static const char *const texts[] = {
        "30 00",
        "05 00",
        "30 29 " STATUS CERT_ID TIME("30 32"),
        "30 25 " CERT_ID TIME("30 32") TIME("30 31"),
        "30 25 " STATUS TIME("30 32") TIME("30 31"),
        "30 3c " STATUS CERT_ID TIME("30 32") TIME("30 31") "05 00",
        "30 3a " STATUS CERT_ID TIME("30 32") TIME("30 31") "05 00",
        "30 38 " STATUS "30 11 " ISSUER "05 00" TIME("30 32") TIME("30 31"),
        "30 2a " STATUS "30 03 02 01 07 " TIME("30 32") TIME("30 31"),
        "30 3c " STATUS "30 15 " ISSUER "02 01 07 05 00 " TIME("30 32") TIME("30 31"),
        "30 40 " STATUS CERT_ID TIME("30 32") TIME("30 31") "30 04 30 02 05 00",
        "30 3a " STATUS CERT_ID TIME("39 39") TIME("30 31"), /* no such day */
    };
    struct revocation_notice notice;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_not(pki_decode_revocation_notice(&notice, hex(arena, texts[i])), "%s", texts[i]);
}

/* ---- crlann ---- */

Test(announcement, crls_are_read_up_to_a_number)
{
    struct bytes crls[BOUND_ANNOUNCED_CRLS], all[BOUND_ANNOUNCED_CRLS + 1], body;
    size_t count;

    for (size_t i = 0; i < BOUND_ANNOUNCED_CRLS + 1; i++)
        all[i] = hex(arena, i % 2 == 0 ? NEW : OLD_WITH_NEW);
    cr_assert(pki_encode_sequence(&body, arena, all, BOUND_ANNOUNCED_CRLS));
    cr_assert(pki_decode_crls(crls, &count, body));
    cr_expect_eq(count, (size_t)BOUND_ANNOUNCED_CRLS);
    expect(crls[0], NEW);
    expect(crls[1], OLD_WITH_NEW);
    cr_assert(pki_encode_sequence(&body, arena, all, BOUND_ANNOUNCED_CRLS + 1));
    cr_expect_not(pki_decode_crls(crls, &count, body));
}

Test(announcement, crls_that_are_none)
{
    static const char *const texts[] = {
        "", "30 00", "05 00", "30 02 05 00", "30 05 " NEW "05 00", "30 07 " NEW "05 00"};
    struct bytes crls[BOUND_ANNOUNCED_CRLS];
    size_t count;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_expect_not(pki_decode_crls(crls, &count, hex(arena, texts[i])), "%s", texts[i]);
}

/* ---- all of them ---- */

/* RFC 9811 3.5 has the tags. RFC 9810 5.3.13: for RootCaKeyUpdateContent "the pvno cmp2021 MUST be used";
 * section 7: cmp2021 only where its syntax is needed. */
Test(announcement, each_has_its_tag_and_version)
{
    static const int tags[PKI_ANNOUNCEMENTS] = {15, 16, 17, 18};

    for (int kind = 0; kind < PKI_ANNOUNCEMENTS; kind++) {
        cr_expect_eq(pki_announcement_body((enum pki_announcement)kind), tags[kind]);
        cr_expect_eq(pki_announcement_version((enum pki_announcement)kind),
                     kind == PKI_ANNOUNCES_ROOT ? PKI_CMP2021 : PKI_CMP2000);
    }
}

/* Octets are missing, at each place. */
Test(announcement, without_memory_nothing_is_written)
{
    struct arena *small = arena_new(16);
    struct root_update update = {.new_with_new = hex(arena, NEW)};
    struct revocation_notice notice = {.issuer_name = hex(arena, "30 00"), .serial = hex(arena, "01")};
    struct bytes out;

    while (arena_alloc(small, 1) != NULL)
        ;
    cr_expect_not(pki_encode_key_update(&out, small, &update));
    cr_expect_not(pki_encode_revocation_notice(&out, small, &notice));
    arena_free(small);
}
