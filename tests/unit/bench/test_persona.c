/* persona.c: rows that the rest of bench/ can act on, found by their names. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/persona.h"

Test(persona, rows_are_found_by_their_names)
{
    size_t count = 0;

    for (const struct persona *row; (row = persona_at(count)) != NULL; count++) {
        cr_assert_eq(persona_named(row->name), row, "%s stands there twice", row->name);
        cr_assert_gt(strlen(row->client), 0);
    }
    cr_assert_eq(count, 9);
    cr_assert_null(persona_named("nobody"));
    cr_assert_null(persona_named(""));
    cr_assert_null(persona_at(1000));
}

/* RFC 9483 4.1.3: what renews is protected by the certificate that it renews; what enrolls has none yet. */
Test(persona, each_enrolls_and_renews)
{
    const struct persona *row;

    for (size_t i = 0; (row = persona_at(i)) != NULL; i++) {
        const struct scenario_kind *enrolls = scenario_kind(row->enrolls),
                                   *renews = scenario_kind(row->renews);
        cr_expect(enrolls->certifies && !enrolls->by_own, "%s", row->name);
        cr_expect(renews->certifies && renews->by_own, "%s", row->name);
        cr_expect_eq(enrolls->confirms, renews->confirms, "%s", row->name);
    }
}

/* A row that says something of MACs, or of RSA, uses them. */
Test(persona, no_row_contradicts_itself)
{
    const struct persona *row;

    for (size_t i = 0; (row = persona_at(i)) != NULL; i++) {
        cr_expect(row->protection != PROTECTION_SIGNATURE ||
                      (row->owf == DIGEST_NONE && row->mac == DIGEST_NONE && row->mac_iterations == 0 &&
                       !row->null_sender && !row->takes_signed),
                  "%s", row->name);
        cr_expect(!row->signs_sha1 || row->key == KEY_RSA, "%s", row->name);
        cr_expect(row->path == NULL || row->path[0] == '/', "%s", row->name);
    }
}
