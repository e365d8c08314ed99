/* info_language.c: suppLangTags (RFC 9810 5.3.19.13). */
#include "tests/unit/cmp/general.h"

TestSuite(info_language, .init = set_up, .fini = tear_down);

/* RFC 9810 5.3.19.13: "(Note: Each UTF8String MUST include a language tag.)"
 * It is one of those that were sent. */
Test(info_language, one_of_those_that_were_sent)
{
    /* "it", "de-AT", "en" */
    struct bytes tags = hex(world->arena, "30 0f 0c 02 69 74 0c 05 64 65 2d 41 54 0c 02 65 6e");
    struct answer answer = ask_one(16, tags);

    cr_expect_eq(given[0].number, 16);
    cr_expect(bytes_equal(given[0].value, hex(world->arena, "30 07 0c 05 64 65 2d 41 54")));
    answer_free(&answer);
}

/* RFC 9810 5.3.19.13: "If none of the offered tags are supported, an error MUST be returned." */
Test(info_language, none_of_them)
{
    struct answer answer = ask(&client, SEQUENCE(info(16, hex(world->arena, "30 04 0c 02 69 74"))));

    cr_expect_str_eq(answer.result.text, "texts are in none of these languages: ask for en, de, fr or es");
    expect_error(&answer, PKI_ADD_INFO_NOT_AVAILABLE);
}
