/* config_internal.h: what the parts of the configuration's reader share. For server/base/config*.c and
 * settings.c only.
 *
 * One row says all of a setting (settings.c). Whoever works on all settings walks the rows: the check and the
 * filling, the files that a configuration names, what a reload may change, cmpd.yaml, the table for readers.
 */
#ifndef CMPD_BASE_CONFIG_INTERNAL_H
#define CMPD_BASE_CONFIG_INTERNAL_H

#include <yaml.h>

#include "arena.h"
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
    CONFIG_LIST_MAX = 64,  /* entries of a list of words or files */
    CONFIG_DEPTH_MAX = 16, /* of lists and sections in each other */
    CONFIG_ROWS_MAX = 64,  /* settings of a section */
    CONFIG_KEY_MAX = 32,   /* octets of a key */
};

enum config_kind {
    CONFIG_NUMBER,   /* uint32_t */
    CONFIG_FLAG,     /* int: true or false */
    CONFIG_WORD,     /* enum, int-sized: one of |words| */
    CONFIG_WORDS,    /* unsigned: some of |words|, whose values are bits */
    CONFIG_TEXT,     /* const char * */
    CONFIG_NAME,     /* const char *: letters, digits, '.', '_', '-' */
    CONFIG_FILE,     /* const char *: resolved against the file's folder */
    CONFIG_KEY,      /* the same, or a pkcs11: URI */
    CONFIG_TEXTS,    /* struct config_list */
    CONFIG_FILES,    /* the same, of file names */
    CONFIG_SECTION,  /* a structure in its parent */
    CONFIG_POINTER,  /* a structure of its own; NULL when absent */
    CONFIG_SECTIONS, /* an array of structures, with a count */
};

/* struct config_word is what the file calls a |value|; a table of them ends with a name of NULL. */
struct config_word {
    const char *name;
    int value;
};

struct config_section;

/* struct config_setting is one row: all that there is to know of a setting. */
struct config_setting {
    const char *key;
    enum config_kind kind;
    int required;                    /* 1: a section without it is a fault */
    size_t offset, count_offset;     /* in the section's structure; the count is of SECTIONS */
    uint32_t min, max, number;       /* NUMBER: bounds and default; FLAG, WORD(S): |number| is the default;
                                      * lists: |max| entries, at least |min| */
    const char *text;                /* TEXT, NAME, FILE: default, or NULL */
    const char *const *list;         /* TEXTS: default entries, NULL at their end; or NULL */
    const struct config_word *words; /* WORD, WORDS: what is allowed */
    const struct config_section *section; /* SECTION, POINTER, SECTIONS */
    size_t size;                          /* POINTER, SECTIONS: octets of a structure */
    int is_base; /* 1: it names a config_ready_made, whose settings the section has where it says nothing else
                  */
    int restart; /* 1, in the file itself: a reload cannot change it */
    int of_node; /* 1, in the file itself: nodes of one CA may differ in it */
    const char *example; /* what config_write writes; NULL: the default */
    int commented;       /* 1: … as a comment */
    const char *says;    /* what the operator has to know */
};

struct config_section {
    const char *name; /* for faults: "limits", "a profile" */
    const struct config_setting *rows;
    size_t count;
};

/* config_root is the file. */
extern const struct config_section config_root;

/* struct config_source is what a loaded configuration was read from; it lives as long as the configuration.
 */
struct config_source {
    char *name;   /* of the file, for faults */
    char *folder; /* absolute, without a '/' at its end (but for the root itself) */
    char *text;   /* the file's octets and a NUL */
    size_t len;
    yaml_document_t document; /* its scalars are the texts of the configuration */
    int has_document;
    struct arena *arena;        /* all other memory of the configuration */
    struct config_source *next; /* a config_ready_made that was read besides, or NULL */
};

/* config_fault_line writes "FILE:LINE: " and the formatted text; |line| counts from 1, 0 leaves it out.
 * Returns 0. */
int config_fault_line(struct config_fault *fault, const struct config_source *source, size_t line,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* config_node returns node |index| (from 1) of the document. */
const yaml_node_t *config_node(const struct config_source *source, int index);

/* config_line returns the line of node |index|, from 1. */
size_t config_line(const struct config_source *source, int index);

/* struct config_reading is a file on its way into a configuration. */
struct config_reading {
    struct config_fault *fault;
    struct config_source *source;
};

/* config_read_value holds the scalar |node| against |row| and writes it at |value|. Returns 1, or 0 with the
 * fault written. */
int config_read_value(struct config_reading *reading, void *value, const struct config_setting *row,
                      int node);

/* config_read_text does so for an entry of a list, and returns the text, or NULL. */
const char *config_read_text(struct config_reading *reading, const struct config_setting *row, int node);

/* config_default writes what |row| says without a word in the file. Returns 1, or 0 with the fault written.
 */
int config_default(struct config_reading *reading, void *value, const struct config_setting *row);

/* config_resolve returns |file| made absolute against the folder of the source, or NULL with the fault
 * written. */
const char *config_resolve(struct config_reading *reading, const char *file);

/* config_child returns the index of the value of |key| in the mapping |node|, or 0. */
int config_child(const struct config_source *source, int node, const char *key);

/* config_source_read reads |len| octets of YAML at |text|, |name| for faults, as far as a document of a form
 * that a configuration may have. Returns NULL with the fault written. config_source_free frees it, and those
 * that were read besides; NULL is allowed. */
struct config_source *config_source_read(struct config_fault *fault, const char *name, const char *text,
                                         size_t len);
void config_source_free(struct config_source *source);

/* config_read_base reads the ready-made section that the mapping |node| names: its settings are those of the
 * first node of the source of |base|, which is NULL if none is named. Returns 1, or 0 with the fault written.
 */
int config_read_base(struct config_reading *reading, struct config_reading *base,
                     const struct config_section *section, int node);

/* config_read_document fills |config|, zeroed, from the document: checks its form, takes its values, and the
 * defaults of what it leaves out. Returns 1, or 0 with the fault written. */
int config_read_document(struct config_reading *reading, struct config *config);

/* config_check_urls checks the URLs of a profile, config_check_vendor_urls those that CRLs of vendors are
 * fetched from, and config_check_published that no two CAs publish at one path. All return 1, or 0 with
 * |fault| written. */
int config_check_urls(struct config_fault *fault, const struct config *config, size_t profile);

/* config_check_authorize checks whom a profile asks. 1, or 0 with |fault|. */
int config_check_authorize(struct config_fault *fault, const struct config *config, size_t profile);

/* config_check_approve checks who may approve requests, and which profiles want that. 1, or 0 with |fault|.
 */
int config_check_approve(struct config_fault *fault, const struct config *config);

/* config_check_announce checks whom CAs tell, and whom they listen to. 1, or 0 with |fault|. */
int config_check_announce(struct config_fault *fault, const struct config *config);
int config_check_vendor_urls(struct config_fault *fault, const struct config *config);
int config_check_published(struct config_fault *fault, const struct config *config);

/* config_read_tolerances reads `tolerate:` of every vendor and profile. Returns 1, or 0 with |fault| written.
 */
int config_read_tolerances(struct config_fault *fault, struct config *config);

/* config_check_references checks names, what must be unique, and what depends on two values. Returns 1, or 0
 * with |fault| written. */
int config_check_references(struct config_fault *fault, struct config *config);

/* config_put_default writes the default of |row| as YAML has it into |out|; nothing if there is none. */
void config_put_default(FILE *out, const struct config_setting *row);

#endif
