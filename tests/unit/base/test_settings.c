/* test_settings.c: the rows themselves. */
#include <criterion/criterion.h>

#include "server/base/config_internal.h"

static int is_flat(enum config_kind kind)
{
    return kind != CONFIG_SECTION && kind != CONFIG_POINTER && kind != CONFIG_SECTIONS;
}

/* Defaults must be values that the file could say, too. */
static void check_default(const struct config_setting *row)
{
    int found = row->kind != CONFIG_WORD;

    if (row->kind == CONFIG_NUMBER)
        cr_expect(row->min <= row->number && row->number <= row->max, "default of %s", row->key);
    for (const struct config_word *word = row->words; word != NULL && word->name != NULL; word++)
        found |= word->value == (int)row->number;
    cr_expect(found, "default of %s", row->key);
}

static void check_section(const struct config_section *section)
{
    cr_expect_leq(section->count, CONFIG_ROWS_MAX);
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        cr_expect_leq(strlen(row->key), CONFIG_KEY_MAX, "%s is too long", row->key);
        cr_expect(row->says != NULL && row->says[0] != 0, "%s is not explained", row->key);
        cr_expect_eq(row->section == NULL, is_flat(row->kind), "%s", row->key);
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(section->rows[j].key, row->key);
        check_default(row);
        if (row->section != NULL)
            check_section(row->section);
        /* A group that is left out is all defaults. */
        for (size_t j = 0; row->kind == CONFIG_SECTION && j < row->section->count; j++)
            cr_expect_not(row->section->rows[j].required, "%s", row->section->rows[j].key);
    }
}

Test(settings, each_row_is_whole)
{
    check_section(&config_root);
}
