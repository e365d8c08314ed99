/* What is answered: an object with decision, and what may stand beside it. */
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "server/authorize/authorize.h"
#include "server/base/bounds.h"
#include "server/base/utf8.h"

static void no_verdict(struct cmp_question *question, const char *why)
{
    question->verdict = CMP_VERDICT_NONE;
    question->names = (struct cmp_names){.subject_count = 0};
    question->text = NULL;
    question->reason = arena_printf(question->arena, "no verdict: %s", why);
}

/* Printable ASCII: what a station is told, and the log, hold it as it is. */
static int is_text(const char *value, size_t max)
{
    size_t len = strlen(value);

    if (len == 0 || len > max)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (value[i] < 0x20 || value[i] > 0x7e)
            return 0;
    return 1;
}

/* Returns 1, or 0 if there is something other than such a text. */
static int take_text(const char **out, struct arena *arena, const json_t *value)
{
    if (value == NULL)
        return 1;
    if (!json_is_string(value) || !is_text(json_string_value(value), BOUND_VERDICT_TEXT))
        return 0;
    return (*out = arena_printf(arena, "%s", json_string_value(value))) != NULL;
}

/* Names may be UTF-8; what may stand in them is judged where they are made. */
static int take_names(const char **out, size_t *count, struct arena *arena, const json_t *list)
{
    size_t n = json_array_size(list);

    if (list == NULL)
        return 1;
    if (!json_is_array(list) || n == 0 || n > BOUND_VERDICT_NAMES)
        return 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        const char *string = json_string_value(value);
        if (string == NULL || strlen(string) != json_string_length(value) ||
            strlen(string) > BOUND_VERDICT_TEXT || (out[i] = arena_printf(arena, "%s", string)) == NULL)
            return 0;
    }
    *count = n;
    return 1;
}

/* 1 if |object| has no members but those, which end with NULL. */
static int has_only(const json_t *object, ...)
{
    size_t known = 0;
    va_list keys;

    va_start(keys, object);
    for (const char *key; (key = va_arg(keys, const char *)) != NULL;)
        known += json_object_get(object, key) != NULL;
    va_end(keys);
    return json_object_size(object) == known;
}

static void read_verdict(struct cmp_question *question, const json_t *object)
{
    const char *decision = json_string_value(json_object_get(object, "decision"));
    struct cmp_names *names = &question->names;

    if (decision == NULL)
        no_verdict(question, "the answer is no object with a decision");
    else if (strcmp(decision, "allow") == 0 && has_only(object, "decision", "subject", "san", NULL) &&
             take_names(names->subject, &names->subject_count, question->arena,
                        json_object_get(object, "subject")) &&
             take_names(names->san, &names->san_count, question->arena, json_object_get(object, "san")))
        question->verdict = CMP_VERDICT_ALLOW;
    else if (strcmp(decision, "deny") == 0 && has_only(object, "decision", "reason", "text", NULL) &&
             take_text(&question->reason, question->arena, json_object_get(object, "reason")) &&
             take_text(&question->text, question->arena, json_object_get(object, "text")))
        question->verdict = CMP_VERDICT_DENY;
    else
        no_verdict(question, "the answer has what authorize does not know, or what is too long");
}

void authorize_verdict(struct cmp_question *question, struct bytes answer)
{
    json_t *object = json_loadb((const char *)answer.data, answer.len, JSON_REJECT_DUPLICATES, NULL);

    if (object == NULL)
        no_verdict(question, "the answer is no JSON");
    else
        read_verdict(question, object);
    json_decref(object);
}
