/* fuzz_name.c: two names that somebody sends: the first octet chooses of what kind they are, the second how
 * long the first one is. */
#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/name_rules.h"
#include "server/base/bounds.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(int so)
{
    if (!so)
        abort();
}

static void judge_names(struct arena *arena, struct bytes a, struct bytes b)
{
    char text[NAME_TEXT_MAX];
    struct name_print prints[] = {name_print(a), name_print(b)};

    must_be(name_equal(a, b) == name_equal(b, a));
    must_be(name_equal(a, b) == (bytes_equal(a, b) || name_print_equal(&prints[0], &prints[1])));
    /* What may stand in a certificate is a name. */
    must_be(name_fault(arena, a) != NULL || name_is_valid(a) || a.len > BOUND_SUBJECT);
    must_be(strlen(name_text(text, sizeof text, a)) < sizeof text);
}

static void judge_general_names(struct arena *arena, struct bytes a, struct bytes b)
{
    must_be(general_names_equal(a, b) == general_names_equal(b, a));
    must_be(general_names_equal(a, a));
    general_names_fault(arena, a);
    /* As one of them, too. */
    general_name_is_well_formed(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena;
    struct bytes a, b;

    if (size < 2 || (arena = arena_new(1048576)) == NULL)
        return 0;
    size_t cut = data[1] < size - 2 ? data[1] : size - 2;
    a = bytes_of(data + 2, cut);
    b = bytes_of(data + 2 + cut, size - 2 - cut);
    switch (data[0] % 3) {
    case 0:
        judge_names(arena, a, b);
        break;
    case 1:
        judge_general_names(arena, a, b);
        break;
    default:
        must_be(name_text_equal(a, b) == name_text_equal(b, a) && name_text_equal(a, a));
    }
    arena_free(arena);
    return 0;
}
