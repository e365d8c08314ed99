/* differences.c: what a certificate has otherwise than was asked for, or said of it (RFC 9810 5.2.3
 * grantedWithMods, 5.3.9 certDetails). */
#include <criterion/criterion.h>

#include "crypto/key.h"
#include "crypto/name.h"
#include "server/pki/differences.h"
#include "tests/support/hex.h"
#include "tests/support/must.h"

static struct arena *arena;
static struct private_key *key;
static struct certificate cert;
static struct cert_template tmpl;

#define KEY_USAGE "55 1d 0f"
#define EXTENDED_KEY_USAGE "55 1d 25"
#define BASIC_CONSTRAINTS "55 1d 13"
#define SERVER_AND_CLIENT "30 14 06 08 2b 06 01 05 05 07 03 01 06 08 2b 06 01 05 05 07 03 02"
#define CLIENT_AND_SERVER "30 14 06 08 2b 06 01 05 05 07 03 02 06 08 2b 06 01 05 05 07 03 01"

static struct bytes named(const char *cn)
{
    struct bytes name;

    must(name_build(&name, arena, (const char *const[]){"O", "Operator", "CN", cn, NULL}));
    return name;
}

static void set_up(void)
{
    static const uint8_t none[8] = {0};
    struct certificate_extension other = {.critical = 0};
    struct bytes purposes[2], tbs, der;

    arena = arena_new(1 << 20);
    key = private_key_generate(KEY_P256, 0);
    other.oid = hex(arena, "2a 03 04");
    other.value = hex(arena, "05 00");
    purposes[0] = hex(arena, "2b 06 01 05 05 07 03 01");
    purposes[1] = hex(arena, "2b 06 01 05 05 07 03 02");
    const struct certificate_plan plan = {
        .serial = hex(arena, "07 08"),
        .algorithm = signature_for_key(KEY_P256),
        .issuer = named("CA"),
        .subject = named("gnb-1"),
        .not_before = 1000000000,
        .not_after = 1100000000,
        .spki = private_key_spki(key),
        .path_len = -1,
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_AGREEMENT,
        .extended_key_usage = purposes,
        .extended_key_usage_count = 2,
        .san = hex(arena, "30 06 82 04 67 6e 62 31"),
        .others = &other,
        .other_count = 1,
    };
    must(certificate_build(&tbs, arena, &plan));
    must(certificate_assemble(&der, arena, tbs, plan.algorithm, bytes_of(none, sizeof none)));
    must(certificate_parse(&cert, der));
    tmpl = (struct cert_template){.version = -1};
}

static void tear_down(void)
{
    private_key_free(key);
    arena_free(arena);
}

TestSuite(differences, .init = set_up, .fini = tear_down);

static void ask(const char *oid, const char *value)
{
    tmpl.extensions[tmpl.extension_count++] =
        (struct certificate_extension){hex(arena, oid), 0, hex(arena, value)};
}

static void expect(const char *what)
{
    const char *told = pki_differences(arena, &tmpl, &cert);

    cr_expect(what == NULL ? told == NULL : told != NULL && strcmp(told, what) == 0, "%s instead of %s",
              told != NULL ? told : "nothing", what != NULL ? what : "nothing");
    tmpl = (struct cert_template){.version = -1};
}

Test(differences, what_is_absent_says_nothing)
{
    expect(NULL);
}

Test(differences, each_field_may_be_as_the_certificate_has_it)
{
    CBS algorithm = cbs_of(cert.algorithm->encoded), content;

    must(CBS_get_asn1(&algorithm, &content, CBS_ASN1_SEQUENCE));
    tmpl = (struct cert_template){.version = 2,
                                  .serial = cert.serial,
                                  .signing_alg = bytes_of_cbs(&content),
                                  .issuer = cert.issuer,
                                  .has_validity = 1,
                                  .not_before = cert.not_before,
                                  .not_after = cert.not_after,
                                  .subject = cert.subject,
                                  .spki = cert.spki,
                                  .san = cert.san};
    ask(KEY_USAGE, "03 02 03 88");
    ask(EXTENDED_KEY_USAGE, SERVER_AND_CLIENT);
    ask("2a 03 04", "05 00");
    expect(NULL);
}

Test(differences, each_field_by_itself_is_told)
{
    tmpl.version = 0;
    expect("version");
    tmpl.serial = hex(arena, "07");
    expect("serialNumber");
    tmpl.signing_alg = hex(arena, "06 03 2b 65 70");
    expect("signingAlg");
    tmpl.issuer = named("another CA");
    expect("issuer");
    tmpl.subject = named("gnb-2");
    expect("subject");
    tmpl.spki = hex(arena, "30 00");
    expect("publicKey");
    tmpl.has_uid = 1;
    expect("issuerUID or subjectUID");
    tmpl.san = hex(arena, "30 06 82 04 67 6e 62 32");
    expect("subjectAltName");
}

/* OptionalValidity: either time may be absent (RFC 4211 section 5). */
Test(differences, of_validity_each_time_counts_that_is_there)
{
    static const struct {
        int64_t not_before, not_after;
        const char *what;
    } cases[] = {
        {TEMPLATE_NO_TIME, TEMPLATE_NO_TIME, NULL}, {1000000000, TEMPLATE_NO_TIME, NULL},
        {TEMPLATE_NO_TIME, 1100000000, NULL},       {1000000001, TEMPLATE_NO_TIME, "validity"},
        {TEMPLATE_NO_TIME, 1099999999, "validity"}, {1000000000, 1100000001, "validity"},
        {999999999, 1100000000, "validity"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tmpl.has_validity = 1;
        tmpl.not_before = cases[i].not_before;
        tmpl.not_after = cases[i].not_after;
        expect(cases[i].what);
    }
}

/* RFC 5280 7.1 and 7.2; RFC 9483 4.1.1 of the NULL-DN */
Test(differences, names_are_compared_as_names)
{
    must(name_build(&tmpl.subject, arena, (const char *const[]){"O", "OPERATOR ", "CN", "GNB-1", NULL}));
    expect(NULL);
    tmpl.subject = name_empty();
    expect(NULL);
    tmpl.san = hex(arena, "30 06 82 04 47 4e 42 31");
    expect(NULL);
}

/* RFC 5280 7.1: RDNs have an order, and the attributes of one stand together. */
Test(differences, the_same_attributes_can_be_another_subject)
{
    const char *const from_behind[] = {"CN", "gnb-1", "O", "Operator", NULL},
                      *const longer[] = {"O", "Operator", "CN", "gnb-1", "OU", "Radio", NULL},
                      *const shorter[] = {"CN", "gnb-1", NULL},
                      *const *const names[] = {from_behind, longer, shorter};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        must(name_build(&tmpl.subject, arena, names[i]));
        expect("subject");
    }
    tmpl.subject = hex(arena, "30 21 31 1f 30 0c 06 03 55 04 03 0c 05 67 6e 62 2d 31"
                              " 30 0f 06 03 55 04 0a 0c 08 4f 70 65 72 61 74 6f 72"); /* in one RDN */
    expect("subject");
}

/* RFC 5280 4.2.1.6: a set of names; RFC 4343: hosts have no case. */
Test(differences, subjectAltName_is_a_set)
{
    static const struct {
        const char *asked;
        int same;
    } cases[] = {
        {"30 0b 82 03 62 2e 63 87 04 c0 00 02 01", 0}, /* another host */
        {"30 0b 87 04 c0 00 02 01 82 03 61 2e 62", 1}, /* from behind */
        {"30 0b 82 03 41 2e 42 87 04 c0 00 02 01", 1}, /* in capitals */
        {"30 05 82 03 61 2e 62", 0},                   /* one of two */
        {"30 10 82 03 61 2e 62 87 04 c0 00 02 01 82 03 61 2e 63", 0},
        {"30 0b 81 03 61 2e 62 87 04 c0 00 02 01", 0}, /* another form */
        {"30 0b 82 03 61 2e 62 87 04 c0 00 02 02", 0}, /* another address */
    };

    cert.san = hex(arena, "30 0b 82 03 61 2e 62 87 04 c0 00 02 01");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tmpl.san = hex(arena, cases[i].asked);
        expect(cases[i].same ? NULL : "subjectAltName");
    }
    cert.san = bytes_of(NULL, 0);
    tmpl.san = hex(arena, "30 05 82 03 61 2e 62");
    expect("subjectAltName");
}

Test(differences, an_extension_is_compared_by_its_value)
{
    ask("2a 03 04", "0c 01 61");
    expect("1.2.3.4");
    ask(BASIC_CONSTRAINTS, "30 03 02 01 00"); /* a path length alone */
    expect("basicConstraints");
    ask(KEY_USAGE, "03 01 00"); /* no bit */
    expect("keyUsage");
    ask(EXTENDED_KEY_USAGE, "30 1e 06 08 2b 06 01 05 05 07 03 01 06 08 2b 06 01 05 05 07 03 02"
                            " 06 08 2b 06 01 05 05 07 03 03"); /* one more */
    expect("extendedKeyUsage");
}

Test(differences, keyUsage_is_compared_by_its_bits)
{
    ask(KEY_USAGE, "03 02 07 80");
    expect("keyUsage");
    ask(KEY_USAGE, "03 02 03 8c");
    expect("keyUsage");
    ask(KEY_USAGE, "04 01 80");
    expect("keyUsage");
}

Test(differences, extendedKeyUsage_is_a_set)
{
    ask(EXTENDED_KEY_USAGE, CLIENT_AND_SERVER);
    expect(NULL);
    ask(EXTENDED_KEY_USAGE, "30 0a 06 08 2b 06 01 05 05 07 03 02");
    expect("extendedKeyUsage");
    ask(EXTENDED_KEY_USAGE, "30 14 06 08 2b 06 01 05 05 07 03 02 06 08 2b 06 01 05 05 07 03 02");
    expect("extendedKeyUsage");
    ask(EXTENDED_KEY_USAGE, "30 14 06 08 2b 06 01 05 05 07 03 02 06 08 2b 06 01 05 05 07 03 03");
    expect("extendedKeyUsage");
    ask(EXTENDED_KEY_USAGE, "05 00");
    expect("extendedKeyUsage");
    cert.extended_key_usage = bytes_of(NULL, 0);
    ask(EXTENDED_KEY_USAGE, CLIENT_AND_SERVER);
    expect("extendedKeyUsage");
}

/* RFC 5280 4.2.1.9: without the extension the key is no CA's. */
Test(differences, who_is_no_CA_need_not_say_so)
{
    ask(BASIC_CONSTRAINTS, "30 00");
    expect(NULL);
    ask(BASIC_CONSTRAINTS, "30 03 01 01 ff");
    expect("basicConstraints");
}

Test(differences, all_are_told_in_their_order_and_no_more_than_fit)
{
    const char *told;

    tmpl.subject = named("gnb-2");
    ask("2a 03 05", "05 00");
    ask(KEY_USAGE, "03 02 07 80");
    expect("subject, 1.2.3.5, keyUsage");
    for (unsigned i = 0; i < BOUND_EXTENSIONS; i++) {
        char oid[128];
        snprintf(oid, sizeof oid, "2a ff ff ff 7f ff ff ff 7f ff ff ff 7f %02x", i);
        ask(oid, "05 00");
    }
    told = pki_differences(arena, &tmpl, &cert);
    cr_assert_lt(strlen(told), BOUND_STATUS_STRING);
    cr_assert_str_eq(told + strlen(told) - strlen(", and more"), ", and more");
}
