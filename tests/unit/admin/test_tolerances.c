/* tolerances.c: what /tolerances says. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>

#include "crypto/algorithm_names.h"
#include "server/admin/tolerances.h"
#include "server/base/tolerance_counts.h"

static char text[TOLERANCES_TEXT_MAX];

Test(tolerances, nothing_was_made_use_of)
{
    tolerance_counts_of(TOLERANCE_OF_PROFILE, "demo");
    tolerances_text(text, 1800000000);
    cr_expect_str_eq(text, "{\"since\":1800000000,\"profiles\":{},\"vendors\":{}}\n");
}

Test(tolerances, numbers_by_profile_and_vendor)
{
    tolerance_count(tolerance_counts_of(TOLERANCE_OF_PROFILE, "a"), 1U << TOLERANCE_CLOCK_OFF);
    tolerance_count(tolerance_counts_of(TOLERANCE_OF_PROFILE, "idle"), 0);
    tolerance_count(tolerance_counts_of(TOLERANCE_OF_PROFILE, "b"),
                    1U << TOLERANCE_SHA1_OWF | 1U << TOLERANCE_NAME_ORDER);
    tolerance_count(tolerance_counts_of(TOLERANCE_OF_VENDOR, "b"), 1U << TOLERANCE_NAME_ORDER);
    tolerances_text(text, 1);
    cr_expect_str_eq(
        text, "{\"since\":1,\"profiles\":{\"b\":{\"sha1-owf\":1,\"name-order\":1},\"a\":{\"clock-off\":1}},"
              "\"vendors\":{\"b\":{\"name-order\":1}}}\n");
}

/* Beside them stand algorithms that are deprecated, by their names. */
Test(tolerances, deprecated_algorithms_too)
{
    struct tolerance_counts *a = tolerance_counts_of(TOLERANCE_OF_PROFILE, "a");

    tolerance_count(a, 1U << TOLERANCE_CLOCK_OFF);
    tolerance_count_deprecated(a, UINT64_C(1) << algorithm_numbered("Ed25519", 7) |
                                      UINT64_C(1) << algorithm_numbered("PBMAC1", 6));
    tolerance_count_deprecated(a, UINT64_C(1) << algorithm_numbered("PBMAC1", 6));
    tolerance_count_deprecated(NULL, ~UINT64_C(0));
    tolerances_text(text, 1);
    cr_expect_str_eq(text, "{\"since\":1,\"profiles\":{\"a\":{\"clock-off\":1,\"deprecated Ed25519\":1,"
                           "\"deprecated PBMAC1\":2}},\"vendors\":{}}\n");
}

/* All that there are of a name have room. */
Test(tolerances, every_algorithm_has_room)
{
    struct tolerance_counts *a = tolerance_counts_of(TOLERANCE_OF_PROFILE, "a");
    json_t *said;

    for (int i = 0; i < 3; i++) {
        tolerance_count(a, ~0U);
        tolerance_count_deprecated(a, ~UINT64_C(0));
    }
    tolerances_text(text, 1);
    cr_assert_not_null((said = json_loads(text, 0, NULL)));
    cr_expect_null(json_object_get(said, "left_out"));
    json_decref(said);
}

/* It stays JSON, and says that it is not all. */
Test(tolerances, what_finds_no_room_is_left_out_whole)
{
    char name[65];
    json_t *said;
    size_t told;

    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "%064d", i);
        tolerance_count(tolerance_counts_of(TOLERANCE_OF_PROFILE, name), ~0U);
    }
    tolerances_text(text, 1);
    cr_assert_lt(strlen(text), sizeof text);
    said = json_loads(text, 0, NULL);
    cr_assert_not_null(said);
    cr_expect(json_is_true(json_object_get(said, "left_out")));
    told = json_object_size(json_object_get(said, "profiles"));
    cr_expect(told > 100 && told < 400, "%zu", told);
    cr_expect_eq(json_object_size(json_object_get(json_object_get(said, "profiles"), name)), TOLERANCE_COUNT);
    json_decref(said);
}
