/* config_internal.h: what the parts of the configuration's reader share. For server/base/config*.c only.
 *
 * One list of fields (config_schema.c) is expanded twice: into libcyaml's schema, which fills the structures,
 * and into rules, which say what libcyaml's schema cannot: bounds, defaults, which strings are file names. */
#ifndef CMPD_BASE_CONFIG_INTERNAL_H
#define CMPD_BASE_CONFIG_INTERNAL_H

#include <cyaml/cyaml.h>
#include <yaml.h>

#include "bounds.h"
#include "config.h"

enum {
    CONFIG_FILE_MAX = 1024 * 1024, /* octets of cmpd.yaml */
    CONFIG_STRING_MAX = 4096,      /* octets of one value */
    CONFIG_NAME_MAX = 64,          /* octets of a name; store.h keeps names of up to 128 */
    CONFIG_LISTENERS_MAX = 64,
    CONFIG_CAS_MAX = BOUND_AUTHORITIES,
    CONFIG_VENDORS_MAX = 256,
    CONFIG_PROFILES_MAX = 256,
    CONFIG_LIST_MAX = 64, /* entries of a list of words or files */
};

enum config_kind {
    CONFIG_NUMBER,   /* uint32_t */
    CONFIG_FLAG,     /* int: true or false */
    CONFIG_WORD,     /* enum, int-sized: one of |words| */
    CONFIG_TEXT,     /* const char * */
    CONFIG_NAME,     /* const char *: letters, digits, '.', '_', '-' */
    CONFIG_FILE,     /* const char *: resolved against the file's folder */
    CONFIG_KEY,      /* the same, or a pkcs11: URI */
    CONFIG_TEXTS,    /* const char *const *, with a count */
    CONFIG_FILES,    /* the same, of file names */
    CONFIG_SECTION,  /* a structure in its parent */
    CONFIG_POINTER,  /* a structure of its own; NULL when absent */
    CONFIG_SECTIONS, /* an array of structures, with a count */
};

struct config_section;

struct config_rule {
    const char *key;
    enum config_kind kind;
    int required;
    size_t offset, count_offset;          /* in the section's structure */
    uint32_t min, max, number;            /* NUMBER: bounds and default; FLAG, WORD: |number| is the default;
                                           * lists: |max| entries, at least |min| */
    const char *text;                     /* TEXT, NAME, FILE: default, or NULL */
    const char *const *list;              /* TEXTS: default entries, NULL at their end; or NULL */
    const cyaml_strval_t *words;          /* WORD: what is allowed … */
    size_t word_count;                    /* … and how many */
    const struct config_section *section; /* SECTION, POINTER, SECTIONS */
    size_t size;                          /* SECTIONS: octets of one entry */
};

struct config_section {
    const char *name; /* for faults: "limits", "a profile" */
    const struct config_rule *rules;
    size_t rule_count;
};

/* config_schema is the whole file for libcyaml; config_root the same as rules. */
extern const cyaml_schema_value_t config_schema;
extern const struct config_section config_root;

struct config_block;

/* struct config_source is what a loaded configuration was read from; it lives as long as the configuration.
 */
struct config_source {
    char *name;   /* of the file, for faults */
    char *folder; /* absolute, without a '/' at its end (but for the root itself) */
    char *text;   /* the file's octets and a NUL */
    size_t len;
    yaml_document_t document;
    int has_document;
    struct config_block *blocks; /* all memory of the configuration itself */
};

/* config_memory is libcyaml's allocator (malloc, realloc, free in one) over |source|->blocks; |ctx| is the
 * source. */
void *config_memory(void *ctx, void *ptr, size_t size);

/* config_memory_free frees all that config_memory handed out for |source|. */
void config_memory_free(struct config_source *source);

/* config_fault_line writes "FILE:LINE: " and the formatted text; |line| counts from 1, 0 leaves it out.
 * Returns 0. */
int config_fault_line(struct config_fault *fault, const struct config_source *source, size_t line,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* config_child returns the index (from 1) of the value of |key| in the mapping |node|, or 0. */
int config_child(const struct config_source *source, int node, const char *key);

/* config_line returns the line of node |index|, from 1. */
size_t config_line(const struct config_source *source, int index);

/* config_check_form holds the document against the rules. Returns 1, or 0 with |fault| written. */
int config_check_form(struct config_fault *fault, const struct config_source *source);

/* config_fill sets the defaults of what the file leaves out and resolves file names. Returns 1, or 0 without
 * memory. */
int config_fill(struct config *config, struct config_source *source);

/* config_check_references checks names, what must be unique, and what depends on two values. Returns 1, or 0
 * with |fault| written. */
int config_check_references(struct config_fault *fault, struct config *config);

#endif
