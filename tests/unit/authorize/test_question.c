/* question.c: what is asked before a certificate is issued. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>

#include "server/authorize/authorize.h"

/* RFC 4211 6.1, 6.2 and 7.1: of what a request says beside its template nobody else makes use. */
Test(question, what_a_request_says_of_itself_is_handed_on)
{
    const struct config_profile config = {.name = "gnb"};
    const struct cmp_profile profile = {.config = &config};
    const struct cert_request request = {.reg_token = bytes_str("once"),
                                         .utf8_pairs = {bytes_str("version?1%"), bytes_str("site?\xc3\xbc%")},
                                         .utf8_pair_count = 2};
    const struct cmp_decision decision = {.profile = &profile, .request = &request};
    const struct cmp_question question = {.decision = &decision, .body = "ir"};
    char *text = authorize_question(&question, 7);
    json_t *object = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL, *said;

    cr_assert_not_null(object, "%s", text);
    said = json_object_get(object, "said");
    cr_assert_str_eq(json_string_value(json_object_get(said, "regToken")), "once");
    cr_assert(json_is_null(json_object_get(said, "authenticator")));
    cr_assert_eq(json_array_size(json_object_get(said, "utf8Pairs")), 2);
    cr_assert_str_eq(json_string_value(json_array_get(json_object_get(said, "utf8Pairs"), 1)),
                     "site?\xc3\xbc%");
    cr_assert_eq(json_integer_value(json_object_get(object, "at")), 7);
    json_decref(object);
    free(text);
}
