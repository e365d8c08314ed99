/* verdict.c: what an authorizer answers. Whatever is no verdict is none: never a grant. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/authorize/authorize.h"

static struct cmp_question question;

static enum cmp_verdict of(const char *answer)
{
    arena_free(question.arena);
    question = (struct cmp_question){.arena = arena_new(64 * 1024)};
    cr_assert_not_null(question.arena);
    authorize_verdict(&question, bytes_str(answer));
    return question.verdict;
}

static void tear_down(void)
{
    arena_free(question.arena);
}

TestSuite(verdict, .fini = tear_down);

Test(verdict, allows)
{
    cr_assert_eq(of("{\"decision\":\"allow\"}"), CMP_VERDICT_ALLOW);
    cr_assert_eq(of(" { \"decision\" : \"allow\" }\n"), CMP_VERDICT_ALLOW);
    cr_assert_eq(question.names.subject_count + question.names.san_count, 0);
}

Test(verdict, denies_with_a_reason_and_a_text)
{
    cr_assert_eq(of("{\"decision\":\"deny\"}"), CMP_VERDICT_DENY);
    cr_assert(question.reason == NULL && question.text == NULL);
    cr_assert_eq(of("{\"decision\":\"deny\",\"reason\":\"closed\",\"text\":\"call us\"}"), CMP_VERDICT_DENY);
    cr_assert_str_eq(question.reason, "closed");
    cr_assert_str_eq(question.text, "call us");
}

Test(verdict, gives_names)
{
    cr_assert_eq(
        of("{\"decision\":\"allow\",\"subject\":[\"O=A\",\"CN=\u00e9\"],\"san\":[\"DNS:a.example\"]}"),
        CMP_VERDICT_ALLOW);
    cr_assert_eq(question.names.subject_count, 2);
    cr_assert_str_eq(question.names.subject[0], "O=A");
    cr_assert_str_eq(question.names.subject[1], "CN=\u00e9");
    cr_assert_eq(question.names.san_count, 1);
    cr_assert_str_eq(question.names.san[0], "DNS:a.example");
}

Test(verdict, is_none_of_anything_else)
{
    static const char *const answers[] = {
        "",
        "allow",
        "\"allow\"",
        "[]",
        "{}",
        "{\"decision\":true}",
        "{\"decision\":\"Allow\"}",
        "{\"decision\":\"allow\",\"until\":1}",
        "{\"decision\":\"allow\",\"reason\":\"x\"}",
        "{\"decision\":\"deny\",\"subject\":[\"CN=x\"]}",
        "{\"decision\":\"deny\",\"decision\":\"allow\"}",
        "{\"decision\":\"allow\"} x",
        "{\"decision\":\"allow\",\"subject\":[]}",
        "{\"decision\":\"allow\",\"subject\":{}}",
        "{\"decision\":\"allow\",\"subject\":[1]}",
        "{\"decision\":\"allow\",\"subject\":[\"CN=a\\u0000b\"]}",
        "{\"decision\":\"allow\",\"san\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
        "\"11\",\"12\",\"13\",\"14\","
        "\"15\",\"16\",\"17\"]}",
        "{\"decision\":\"deny\",\"reason\":7}",
        "{\"decision\":\"deny\",\"reason\":\"\"}",
        "{\"decision\":\"deny\",\"text\":\"two\\nlines\"}",
    };

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        cr_expect_eq(of(answers[i]), CMP_VERDICT_NONE, "%s", answers[i]);
        cr_expect_not_null(question.reason, "%s", answers[i]);
        cr_expect_eq(question.names.subject_count + question.names.san_count, 0, "%s", answers[i]);
    }
}

Test(verdict, is_none_without_memory)
{
    arena_free(question.arena);
    question = (struct cmp_question){.arena = arena_new(1)};
    authorize_verdict(&question,
                      bytes_str("{\"decision\":\"allow\",\"subject\":[\"CN=a name of some length that does "
                                "not fit into an arena that has no room\"]}"));
    if (question.verdict == CMP_VERDICT_ALLOW)
        cr_assert_eq(question.names.subject_count, 1, "a grant is whole");
}
