/* config_value.c: one value of cmpd.yaml, held against its row and taken. Stricter than YAML, which reads
 * numbers in octal, and many a word as "true". */
#include "config_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_MAX = 80,    /* octets of a quoted value in a fault */
    ALLOWED_MAX = 512, /* octets of a list of what is allowed */
};

static const char *show(char out[SHOWN_MAX], const char *value)
{
    return log_quote(out, SHOWN_MAX, bytes_str(value));
}

int config_is_token(const char *key)
{
    return strncasecmp(key, "pkcs11:", strlen("pkcs11:")) == 0;
}

/* A file that systemd hands over (systemd.exec(5), LoadCredential=). Its unit has the variable; who runs
 * cmpctl beside it does not. */
#define CREDENTIAL "credential:"
#define CREDENTIALS_OF_UNIT "/run/credentials/cmpd.service"

const char *config_resolve(struct config_reading *reading, const char *file)
{
    const char *folder = reading->source->folder, *joined;

    if (file[0] == '/')
        return file;
    if (strncmp(file, CREDENTIAL, strlen(CREDENTIAL)) == 0) {
        file += strlen(CREDENTIAL);
        folder = getenv("CREDENTIALS_DIRECTORY");
        folder = folder != NULL ? folder : CREDENTIALS_OF_UNIT;
    }
    joined =
        arena_printf(reading->source->arena, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", file);
    if (joined == NULL)
        config_fault_line(reading->fault, reading->source, 0, "out of memory");
    return joined;
}

int config_is_name(const char *text)
{
    return text[0] != 0 && strlen(text) <= CONFIG_NAME_MAX &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == 0;
}

/* What can be a C string, and stand in a log line. */
static const char *read_text(struct config_reading *reading, const char *key, int node)
{
    const yaml_node_t *at = config_node(reading->source, node);
    size_t line = config_line(reading->source, node);
    const char *value;
    size_t len;
    int plain;

    if (at->type != YAML_SCALAR_NODE) {
        config_fault_line(reading->fault, reading->source, line, "%s is a %s; write one value", key,
                          at->type == YAML_SEQUENCE_NODE ? "list" : "section");
        return NULL;
    }
    value = (const char *)at->data.scalar.value;
    len = at->data.scalar.length;
    plain = at->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (len == 0 || (plain && (strcmp(value, "~") == 0 || strcmp(value, "null") == 0))) {
        config_fault_line(reading->fault, reading->source, line,
                          "%s has no value; write one, or remove the line to get the default", key);
        return NULL;
    }
    if (len > CONFIG_STRING_MAX) {
        config_fault_line(reading->fault, reading->source, line, "%s is %zu octets long; write at most %d",
                          key, len, CONFIG_STRING_MAX);
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f) {
            config_fault_line(reading->fault, reading->source, line,
                              "%s holds a control character; write it without", key);
            return NULL;
        }
    }
    return value;
}

static int read_number(struct config_reading *reading, uint32_t *out, const struct config_setting *row,
                       const char *value, size_t line)
{
    char shown[SHOWN_MAX];
    size_t len = strlen(value);

    /* Plain decimal only: YAML 1.1 and C disagree about 010 and 0x10. */
    if (value[strspn(value, "0123456789")] != 0 || (len > 1 && value[0] == '0'))
        return config_fault_line(reading->fault, reading->source, line,
                                 "%s is %s; write a whole number from %" PRIu32 " to %" PRIu32, row->key,
                                 show(shown, value), row->min, row->max);
    /* Ten digits hold every bound, and fit the type. */
    unsigned long long number = len > 10 ? UINT64_MAX : strtoull(value, NULL, 10);
    if (number < row->min)
        return config_fault_line(reading->fault, reading->source, line,
                                 "%s is %s, below its least value; write %" PRIu32 " to %" PRIu32, row->key,
                                 value, row->min, row->max);
    if (number > row->max)
        return config_fault_line(reading->fault, reading->source, line,
                                 "%s is %.20s, above its greatest value; write %" PRIu32 " to %" PRIu32,
                                 row->key, value, row->min, row->max);
    *out = (uint32_t)number;
    return 1;
}

static const struct config_word flag_words[] = {{"true", 1}, {"false", 0}, {NULL, 0}};

static int read_word(struct config_reading *reading, void *out, const struct config_setting *row,
                     const char *value, size_t line)
{
    char shown[SHOWN_MAX], allowed[ALLOWED_MAX] = "";
    const struct config_word *words = row->kind == CONFIG_FLAG ? flag_words : row->words;
    size_t used = 0;

    for (const struct config_word *word = words; word->name != NULL; word++) {
        if (strcmp(value, word->name) == 0) {
            memcpy(out, &word->value, sizeof word->value); /* an int, or an enum of its size */
            return 1;
        }
        used += (size_t)snprintf(allowed + used, used < sizeof allowed ? sizeof allowed - used : 0, "%s%s",
                                 used > 0 ? ", " : "", word->name);
    }
    return config_fault_line(reading->fault, reading->source, line, "%s is %s; write one of: %s", row->key,
                             show(shown, value), allowed);
}

/* Where a file is asked for, nothing else will do, and what may hold a PIN is not repeated as a file's name.
 */
static const char *read_file(struct config_reading *reading, const struct config_setting *row,
                             const char *value, size_t line)
{
    if (!config_is_token(value))
        return config_resolve(reading, value);
    if (row->kind == CONFIG_KEY)
        return value;
    config_fault_line(reading->fault, reading->source, line,
                      "%s is a pkcs11: URI, which only key and cmp_key of a CA can be; name a file",
                      row->key);
    return NULL;
}

const char *config_read_text(struct config_reading *reading, const struct config_setting *row, int node)
{
    char shown[SHOWN_MAX];
    const char *value = read_text(reading, row->key, node);
    size_t line = config_line(reading->source, node);

    if (value == NULL)
        return NULL;
    if (row->kind == CONFIG_FILE || row->kind == CONFIG_KEY || row->kind == CONFIG_FILES)
        return read_file(reading, row, value, line);
    if (row->kind == CONFIG_NAME && !config_is_name(value)) {
        config_fault_line(reading->fault, reading->source, line,
                          "%s is %s; write up to %d letters, digits, '.', '_', '-'", row->key,
                          show(shown, value), CONFIG_NAME_MAX);
        return NULL;
    }
    return value;
}

int config_read_value(struct config_reading *reading, void *value, const struct config_setting *row, int node)
{
    const char *text = config_read_text(reading, row, node);
    size_t line = config_line(reading->source, node);

    if (text == NULL)
        return 0;
    switch (row->kind) {
    case CONFIG_NUMBER:
        return read_number(reading, value, row, text, line);
    case CONFIG_FLAG:
    case CONFIG_WORD:
    case CONFIG_WORDS:
        return read_word(reading, value, row, text, line);
    default:
        *(const char **)value = text;
        return 1;
    }
}

int config_default(struct config_reading *reading, void *value, const struct config_setting *row)
{
    struct config_list *list = value;
    int number = (int)row->number;

    switch (row->kind) {
    case CONFIG_NUMBER:
        *(uint32_t *)value = row->number;
        return 1;
    case CONFIG_FLAG:
    case CONFIG_WORD:
    case CONFIG_WORDS:
        memcpy(value, &number, sizeof number);
        return 1;
    case CONFIG_FILE:
    case CONFIG_KEY:
        return row->text == NULL || (*(const char **)value = config_resolve(reading, row->text)) != NULL;
    case CONFIG_TEXT:
    case CONFIG_NAME:
        *(const char **)value = row->text;
        return 1;
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        *list = (struct config_list){row->list, 0};
        while (list->items != NULL && list->items[list->count] != NULL)
            list->count++;
        return 1;
    default: /* nothing is in it */
        return 1;
    }
}
