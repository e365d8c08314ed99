/* fuzz_verdict.c: what an authorizer answers. Nothing is a grant but an object that says so, and what is
 * taken of it keeps to its bounds. */
#include <stdlib.h>
#include <string.h>

#include "server/authorize/authorize.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int condition)
{
    if (!condition)
        abort();
}

static void expect_text(const char *text)
{
    if (text == NULL)
        return;
    expect(strlen(text) > 0 && strlen(text) <= BOUND_VERDICT_TEXT);
    for (; *text != 0; text++)
        expect(*text >= 0x20 && *text <= 0x7e);
}

static void expect_names(const char *const *names, size_t count)
{
    expect(count <= BOUND_VERDICT_NAMES);
    for (size_t i = 0; i < count; i++)
        expect(names[i] != NULL && strlen(names[i]) <= BOUND_VERDICT_TEXT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ROOM = 64 * 1024 };
    struct cmp_question question = {.arena = arena_new(ROOM)};

    expect(question.arena != NULL);
    authorize_verdict(&question, bytes_of(data, size));
    expect_names(question.names.subject, question.names.subject_count);
    expect_names(question.names.san, question.names.san_count);
    switch (question.verdict) {
    case CMP_VERDICT_ALLOW:
        expect(memmem(data, size, "decision", 8) != NULL || memmem(data, size, "\\u", 2) != NULL);
        expect(question.reason == NULL && question.text == NULL);
        break;
    case CMP_VERDICT_DENY:
        expect_text(question.reason);
        expect_text(question.text);
        expect(question.names.subject_count == 0 && question.names.san_count == 0);
        break;
    case CMP_VERDICT_NONE:
        expect(question.names.subject_count == 0 && question.names.san_count == 0 && question.text == NULL);
        break;
    }
    arena_free(question.arena);
    return 0;
}
