/* language.c: in which language a peer is refused (RFC 9810 5.3.19.13). The file itself is in here, so that
 * its table is seen. */
#include "server/cmp/language.c" // NOLINT(bugprone-suspicious-include)

#include "tests/unit/cmp/general.h"

TestSuite(language, .init = set_up, .fini = tear_down);

static struct bytes text(const char *utf8)
{
    struct bytes out;
    CBB cbb;

    cr_assert(der_finish(&out, world->arena, &cbb,
                         CBB_init(&cbb, 16) && der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str(utf8))));
    return out;
}

/* The content of a list of |tags|, which NULL ends. */
static struct bytes tags_of(const char *const *tags)
{
    struct bytes out;
    CBB cbb;
    int ok = CBB_init(&cbb, 16);

    for (; ok && *tags != NULL; tags++)
        ok = der_add_bytes(&cbb, text(*tags));
    cr_assert(der_finish(&out, world->arena, &cbb, ok));
    return out;
}
#define TAGS(...) tags_of((const char *const[]){__VA_ARGS__, NULL})

/* "The sender sends its list of supported languages (in order of most to least preferred)" */
Test(language, the_first_that_there_is)
{
    static const struct {
        const char *tags[4], *chosen;
        int language;
    } cases[] = {
        {{"de"}, "de", 1},
        {{"en"}, "en", 0},
        {{"fr", "de"}, "fr", 2},
        {{"it", "es"}, "es", 3},
        {{"DE-at", "en"}, "DE-at", 1},
        {{"de-Latn-DE-1996"}, "de-Latn-DE-1996", 1},
        {{"it"}, "", -1},
        {{"deu"}, "", -1},
        {{"d"}, "", -1},
        {{""}, "", -1},
        {{"*"}, "", -1},
        {{"de_DE"}, "", -1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes tag = bytes_of(NULL, 0);
        cr_expect_eq(cmp_find_language(&tag, tags_of(cases[i].tags)), cases[i].language, "case %zu", i);
        cr_expect(bytes_equal(tag, bytes_str(cases[i].chosen)), "case %zu", i);
    }
}

static struct answer ask_in(struct bytes tags, int body_type, struct bytes body)
{
    return send_with(SEQUENCE(info(16, SEQUENCE(tags))), body_type, body);
}

/* "the receiver returns the one it wishes to use": the log stays English. */
Test(language, a_refusal_is_in_it)
{
    static const struct {
        const char *tag, *text;
    } cases[] = {
        {"de-CH", "diese Art von Nachricht wird nicht unterstützt"},
        {"fr", "ce type de message n'est pas pris en charge"},
        {"es", "este tipo de mensaje no se admite"},
        {"en", "this type of message is not supported"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = ask_in(TAGS("it", cases[i].tag), PKI_KRR, hex(world->arena, "30 00"));
        cr_expect(bytes_equal(answer.status.text, bytes_str(cases[i].text)), "%s", cases[i].tag);
        cr_expect_str_eq(answer.result.text, "this type of message is not supported");
        cr_expect(
            bytes_equal(pki_nth_text(cbs_of(answer.message.header.languages), 0), bytes_str(cases[i].tag)));
        cr_expect_eq(pki_nth_text(cbs_of(answer.message.header.languages), 1).len, 0);
        expect_error(&answer, PKI_BAD_REQUEST);
    }
}

/* RFC 9483 3.5 has fields of the header handled gracefully that it does not name. */
Test(language, what_nobody_speaks_is_told_in_english)
{
    struct answer answer = ask_in(TAGS("it"), PKI_KRR, hex(world->arena, "30 00"));

    cr_expect(bytes_equal(answer.status.text, bytes_str("this type of message is not supported")));
    cr_expect_eq(answer.message.header.languages.len, 0);
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* Also where the answer is none of refusal. */
Test(language, an_answer_repeats_it)
{
    struct answer answer = ask_in(TAGS("fr"), PKI_GENM, SEQUENCE(info(4, nothing())));

    read_given(&answer);
    cr_expect(bytes_equal(pki_nth_text(cbs_of(answer.message.header.languages), 0), bytes_str("fr")));
    answer_free(&answer);
    answer = ask(&client, SEQUENCE(info(4, nothing())));
    cr_expect_eq(answer.message.header.languages.len, 0);
    answer_free(&answer);
}

/* ---- the table ---- */

Test(language, every_text_is_there_once_and_in_every_language)
{
    for (size_t i = 0; i < TEXTS; i++) {
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(texts[i].english, texts[j].english);
        for (size_t l = 0; l < LANGUAGES - 1; l++) {
            cr_assert_not_null(texts[i].in[l], "%s", texts[i].english);
            cr_expect_leq(strlen(texts[i].in[l]), BOUND_STATUS_STRING, "%s", texts[i].in[l]);
            cr_expect_str_neq(texts[i].in[l], texts[i].english);
        }
    }
}

/* What is not said any more needs no translation. Texts in the sources may be broken over lines. */
Test(language, every_text_is_said_somewhere)
{
    static const char *const folders[] = {"server/cmp", "server/policy"};
    static char all[2 * 1024 * 1024];
    const char *source = getenv("CMPD_SOURCE");
    size_t len = 0;

    cr_assert_not_null(source);
    for (size_t f = 0; f < 2; f++) {
        char command[1024];
        snprintf(command, sizeof command,
                 "cd '%s/%s' && ls *.[ch] | grep -v language.c | xargs cat | tr -d '\\n' | sed 's/\" *\"//g'",
                 source, folders[f]);
        FILE *pipe = popen(command, "r"); // NOLINT(cert-env33-c)
        cr_assert_not_null(pipe);
        len += fread(all + len, 1, sizeof all - 1 - len, pipe);
        pclose(pipe);
    }
    cr_assert_lt(len, sizeof all - 1);
    for (size_t i = 0; i < TEXTS; i++)
        cr_expect_not_null(strstr(all, texts[i].english), "%s", texts[i].english);
}
