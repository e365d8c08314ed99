/* info_keys.c: algorithms, and what requests have to be like (RFC 9810 5.3.19.2 to 5.3.19.4, 5.3.19.8,
 * 5.3.19.16). */
#include "tests/unit/cmp/general.h"

TestSuite(info_keys, .init = set_up, .fini = tear_down);

#define P256 "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07 "
#define P384 "30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 22 "
#define RSA "30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 "

static void expect(unsigned asked, const char *value, unsigned number, const char *wanted)
{
    struct answer answer = ask_one(asked, hex(world->arena, value));

    cr_expect_eq(given[0].number, (int)number);
    cr_expect(bytes_equal(given[0].value, hex(world->arena, wanted)), "id-it %u", asked);
    answer_free(&answer);
}

Test(info_keys, key_pair_types)
{
    expect(2, "", 7, "30 0a 06 08 2b 06 01 05 05 07 04 02");
    world->profile.general.signing_keys = hex(world->arena, "30 15 " P256);
    expect(2, "", 2, "30 15 " P256);
    /* "SEQUENCE SIZE (1..MAX)": none cannot be told so. */
    expect(3, "", 7, "30 0a 06 08 2b 06 01 05 05 07 04 03");
    world->profile.general.encryption_keys = hex(world->arena, "30 0f " RSA);
    expect(3, "", 3, "30 0f " RSA);
}

/* RFC 9483 4.3 genp.infoValue: "MUST be as specified for the specific PKI management operation"
 * RFC 9481 7.1 has id-aes128-CBC mandatory, which is 2.16.840.1.101.3.4.1.2. */
Test(info_keys, symmetric_algorithm)
{
    expect(4, "", 4, "30 0b 06 09 60 86 48 01 65 03 04 01 02");
}

/* "An absent infoValue in the GenRep indicates that the algorithm specified in GenMsg is not supported." */
Test(info_keys, parameters)
{
    world->profile.general.signing_keys = hex(world->arena, "30 36 " P384 P256 RSA);
    expect(10, "06 07 2a 86 48 ce 3d 02 01", 11, P384);
    expect(10, "06 09 2a 86 48 86 f7 0d 01 01 01", 11, RSA);
    expect(10, "06 03 2b 65 70", 11, "");

    struct bytes ec = info(10, hex(world->arena, "06 07 2a 86 48 ce 3d 02 01"));
    struct bytes rsa = info(10, hex(world->arena, "06 09 2a 86 48 86 f7 0d 01 01 01"));
    struct answer answer = ask(&client, SEQUENCE(ec, rsa));
    read_given(&answer);
    cr_expect_eq(given_count, 2, "several algorithms in a message");
    answer_free(&answer);
}

Test(info_keys, template)
{
    world->profile.general.request_template = hex(world->arena, "30 02 30 00");
    expect(19, "", 19, "30 02 30 00");
}
