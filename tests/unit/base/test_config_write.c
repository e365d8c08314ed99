/* test_config_write.c: what is written can be read, and says every setting. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/base/config_internal.h"

static char *text;
static size_t len;

static struct config *write_and_load(const struct config_value *values, size_t count)
{
    struct config_fault fault;
    FILE *out = open_memstream(&text, &len);
    struct config *config;

    cr_assert_eq(config_write(out, values, count), 1);
    fclose(out);
    config = config_load_text(&fault, "/etc/cmpd/cmpd.yaml", text, len);
    cr_assert_not_null(config, "%s\n%s", fault.text, text);
    return config;
}

/* Each key stands in a line of its own, as a setting or as a comment. */
static void expect_keys(const struct config_section *section)
{
    char line[CONFIG_KEY_MAX + 4];

    for (size_t i = 0; i < section->count; i++) {
        const char *key = section->rows[i].key, *found = text;
        size_t begins = 0;
        snprintf(line, sizeof line, "%s:", key);
        while (begins == 0 && (found = strstr(found, line)) != NULL) {
            const char *before = found;
            while (before > text && strchr(" #-", before[-1]) != NULL)
                before--;
            begins = before == text || before[-1] == '\n';
            found++;
        }
        cr_expect(begins, "%s is not written", key);
        if (section->rows[i].section != NULL)
            expect_keys(section->rows[i].section);
    }
}

Test(config_write, every_setting_is_written_and_the_file_is_right)
{
    struct config *config = write_and_load(NULL, 0);

    expect_keys(&config_root);
    cr_assert_str_eq(config->node, "ca1");
    cr_assert_str_eq(config->listeners[0].address, "127.0.0.1:8829");
    cr_assert_null(config->listeners[0].tls);
    cr_assert_eq(config->engines.count, 0);
    cr_assert_eq(config->vendor_count, 0);
    cr_assert_str_eq(config->cas[0].key, "/etc/cmpd/ca/issuing.key");
    cr_assert_eq(config->profiles[0].demo, 0);
    cr_assert_eq(config->profiles[0].certificate.key_usage.count, 2);
    cr_assert_eq(config->profiles[0].accept.vendors.count, 0);
    config_free(config);
    free(text);
}

/* Lines fit a terminal, but for a word that is longer. */
Test(config_write, lines_are_not_long)
{
    struct config *config = write_and_load(NULL, 0);

    for (const char *line = text; *line != 0; line += strcspn(line, "\n") + 1) {
        size_t columns = 0;
        for (size_t i = 0; i < strcspn(line, "\n"); i++)
            columns += ((unsigned char)line[i] & 0xc0) != 0x80;
        cr_expect_leq(columns, 120, "%.*s", (int)strcspn(line, "\n"), line);
    }
    config_free(config);
    free(text);
}

Test(config_write, values_are_taken_and_quoted_where_YAML_wants_it)
{
    static const struct config_value values[] = {
        {"node", "n-1"},
        {"store", "postgresql://u@h/d?a=b&c=%20 d#\"\\"},
        {"listeners.address", "[::1]:1"},
        {"engines", "[boringssl]"},
        {"vendors", ""},
        {"vendors.name", "true"},
        {"profiles.accept.vendors", "[\"true\"]"},
        {"profiles.mac.allowed", "true"},
        {"profiles.keys.types", NULL},
        {"limits.jobs", "99"},
    };
    struct config *config = write_and_load(values, sizeof values / sizeof values[0]);

    cr_assert_str_eq(config->node, "n-1");
    cr_assert_str_eq(config->store, "postgresql://u@h/d?a=b&c=%20 d#\"\\");
    cr_assert_str_eq(config->listeners[0].address, "[::1]:1");
    cr_assert_str_eq(config->engines.items[0], "boringssl");
    cr_assert_str_eq(config->vendors[0].name, "true");
    cr_assert_str_eq(config->profiles[0].accept.vendors.items[0], "true");
    cr_assert_eq(config->profiles[0].mac.allowed, 1);
    cr_assert_eq(config->profiles[0].keys.types.count, 5, "the default");
    cr_assert_not_null(strstr(text, "# types: [P-256"));
    cr_assert_eq(config->limits.jobs, 99);
    config_free(config);
    free(text);
}

/* Beside a setting its comment begins in column 32, or after one space where the setting is longer. It goes
 * on below itself, when the next word would not fit into 118 columns. */
Test(config_write, comments_stand_beside_their_settings)
{
    struct config *config = write_and_load(NULL, 0);
    size_t before = 0, before_len = 0, beside = 0, below = 0;

    for (const char *line = text; *line != 0; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n"), spaces = strspn(line, " "), at = 0;
        for (size_t i = spaces + 3; i < length && at == 0; i++)
            if (line[i] == '#' && line[i - 1] == ' ')
                at = i;
        if (spaces > 20 && line[spaces] == '#') {
            size_t word = strcspn(line + spaces + 2, " \n");
            cr_assert_eq(spaces, before, "%.*s", (int)length, line);
            cr_assert_gt(before_len + 1 + word, 118, "it would fit: %.*s", (int)length, line);
            cr_assert_leq(length, 118);
            below++;
            before_len = length;
        } else if (at != 0) {
            cr_assert(at == 32 || (at > 32 && line[at - 2] != ' '), "%.*s", (int)length, line);
            cr_assert_leq(length, 118);
            beside++;
            before = at;
            before_len = length;
        }
    }
    cr_assert(beside > 50 && below > 3, "%zu, %zu", beside, below);
    config_free(config);
    free(text);
}

/* What YAML would take for something else is in quotes. */
Test(config_write, what_is_no_plain_word_is_quoted)
{
    static const struct {
        const char *value, *written;
    } cases[] = {{"n", "node: n\n"},
                 {"/n", "node: /n\n"},
                 {"7n", "node: 7n\n"},
                 {"1:30", "node: \"1:30\"\n"},
                 {"a:b", "node: a:b\n"},
                 {"a:", "node: \"a:\"\n"},
                 {"true", "node: \"true\"\n"},
                 {"false", "node: \"false\"\n"},
                 {"null", "node: \"null\"\n"},
                 {"-n", "node: \"-n\"\n"},
                 {"", "node: \"\"\n"},
                 {"a b", "node: \"a b\"\n"},
                 {"a\"b\\", "node: \"a\\\"b\\\\\"\n"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct config_value value = {"node", cases[i].value};
        FILE *out = open_memstream(&text, &len);
        cr_assert(config_write(out, &value, 1));
        fclose(out);
        cr_assert_not_null(strstr(text, cases[i].written), "%s", cases[i].value);
        free(text);
    }
}
