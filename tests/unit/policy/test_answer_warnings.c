/* answer_warnings.c: who signs answers is told where stations would refuse them. */
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(answer_warnings, .init = set_up, .fini = tear_down);

struct told {
    size_t count;
    char key[64], text[1024];
};

static void keep(void *arg, const char *key, const char *text)
{
    struct told *told = arg;

    snprintf(told->key, sizeof told->key, "%s", key);
    snprintf(told->text, sizeof told->text, "%s", text);
    told->count++;
}

static struct told warnings(void)
{
    struct told told = {.count = 0};

    policy_warn_of_answers(demo.policy, keep, &told);
    return told;
}

static struct told notes(void)
{
    struct told told = {.count = 0};

    policy_note_answers(demo.policy, keep, &told);
    return told;
}

/* RFC 9483 3.5: digitalSignature is looked for. The CA of the demo signs certificates and CRLs alone. */
Test(answer_warnings, a_CA_that_may_not_sign_answers)
{
    cr_expect_eq(warnings().count, 0);
    edit("signed_by: cmp", "signed_by: ca");
    struct told told = warnings();
    cr_expect_eq(told.count, 1);
    cr_expect_str_eq(told.key, "profiles[0].answer.signed_by");
    cr_expect_not_null(strstr(told.text, "lacks digitalSignature"), "%s", told.text);
}

Test(answer_warnings, another_name_answers_for_the_CA)
{
    struct told told = notes();
    cr_expect_eq(told.count, 1);
    cr_expect_str_eq(told.key, "cas[0].cmp_certificate");
    cr_expect_not_null(strstr(told.text, "CN=CMP server"), "%s", told.text);
    cr_expect_not_null(strstr(told.text, "CN=Issuing CA"), "%s", told.text);
    edit("signed_by: cmp", "signed_by: ca");
    cr_expect_eq(notes().count, 0);
}

/* RFC 9483 3.2 has one kind of protection in all messages of an operation. */
Test(answer_warnings, to_the_letter_one_kind_of_protection)
{
    edit("mac_answers: mac", "mac_answers: signature");
    refuse_at("header: rfc9810", "header: rfc9483", "mac_answers:", "one kind of protection");
}
