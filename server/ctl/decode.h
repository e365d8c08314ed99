/* decode.h: what the files of `cmpctl decode` share: a message in any form becomes DER (decode_input.c),
 * which is walked along tables of ASN.1 types (decode_walk.c, decode_types_*.c, decode_oids.c) and written
 * line by line (decode_value.c, decode_print.c). */
#ifndef CMPD_CTL_DECODE_H
#define CMPD_CTL_DECODE_H

#include <stdio.h>

#include "crypto/der.h"

enum {
    DECODE_INPUT_MAX = 1024 * 1024, /* octets of a file */
    DECODE_DEPTH = 64,              /* elements around one; the server itself takes BOUND_DER_DEPTH */
    DECODE_TEXT_MAX = 256,          /* octets of a label, a reason */
    DECODE_PATH_MAX = 1024,
};

/* ---- decode.c ---- */

/* decode_write writes what |text| holds to |out|. Returns 1, or 0 if it is broken: then |out| ends with a
 * line that says where and why. What is written grows with |text| alone, is valid UTF-8, and has no control
 * characters but line feeds. */
int decode_write(FILE *out, struct bytes text);

/* decode_write_tbs writes the TBSCertificate |tbs| likewise. */
int decode_write_tbs(FILE *out, struct bytes tbs);

/* ---- decode_input.c: from what an operator has to DER ---- */

struct decode_input {
    struct bytes der;   /* in the input itself or in the arena */
    const char *form;   /* "DER", "PEM", "base64", "hex" */
    struct bytes label; /* of PEM, else empty */
    int more;           /* 1: further PEM blocks follow */
};

/* decode_input_read recognises the form of |text|. Returns 1, or 0 with |why| set. */
int decode_input_read(struct decode_input *out, struct arena *arena, const char **why, struct bytes text);

/* ---- decode_element.c: one element ---- */

struct decode_element {
    CBS_ASN1_TAG tag;
    struct bytes whole, content; /* as far as they are there */
    size_t missing; /* octets that the length announces beyond the end of what it was read from */
};

/* decode_element_read takes the next element off |in|. Returns NULL, or what is wrong with its first octets;
 * a length that is too great is told in |missing| alone. */
const char *decode_element_read(struct decode_element *out, CBS *in);

/* decode_tag_text writes the name of a tag ("SEQUENCE", "[4]") into |out| and returns it. */
const char *decode_tag_text(char out[DECODE_TEXT_MAX], CBS_ASN1_TAG tag);

/* ---- decode_print.c: lines ---- */

/* struct decode_printer: a line is a label, aligned, and values. It is begun, given values, and ended; what
 * begins the next line ends the one before. */
struct decode_printer {
    FILE *out;
    unsigned quiet; /* more than 0: nothing is written */
    int pending;    /* 1: a line is begun and not ended */
    int has_value;  /* 1: and has its label and a value already */
    unsigned depth; /* of that line */
    int list;       /* 1: the next value is one more of a list */
    char label[DECODE_TEXT_MAX];
};

/* decode_print_begin begins a line |depth| levels in; its label is copied. */
void decode_print_begin(struct decode_printer *printer, unsigned depth, const char *label);

/* decode_print_relabel gives the line that was begun another label, before it has a value. */
void decode_print_relabel(struct decode_printer *printer, const char *label);

/* decode_print_value adds a value to the line that was begun, after a blank; after decode_print_another,
 * after a comma. What the message itself says must have been made harmless before. */
void decode_print_value(struct decode_printer *printer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void decode_print_another(struct decode_printer *printer);

/* decode_print_end ends the line, if one is begun. */
void decode_print_end(struct decode_printer *printer);

/* decode_print_octets writes up to 64 octets in hexadecimal, of more the first 16 and their number. */
void decode_print_octets(struct decode_printer *printer, struct bytes octets);

/* decode_print_quoted writes text of the message in quotes, what a terminal must not see escaped. */
void decode_print_quoted(struct decode_printer *printer, struct bytes text);

/* ---- types: what the tables are made of ---- */

enum decode_form {
    FORM_VALUE,    /* a value */
    FORM_SEQUENCE, /* fields in their order */
    FORM_LIST,     /* SEQUENCE OF, SET OF */
    FORM_CHOICE,
    FORM_OPEN,    /* the type that the OBJECT IDENTIFIER before it names */
    FORM_ANY,     /* anything; is taken apart as far as its tags tell */
    FORM_WRAPPED, /* an OCTET STRING that contains an element */
};

struct decode_type;

struct decode_field {
    const char *name;
    const struct decode_type *type;
    unsigned tagging; /* 0, EXPLICIT or IMPLICIT + number */
    unsigned flags;
};

enum {
    /* tagging */
    EXPLICIT = 0x100,
    IMPLICIT = 0x200,
    /* flags of fields */
    OPTIONAL = 1, /* DEFAULT, too */
    BARE = 2,     /* has no line of its own: its value goes on the line that it is in */
    LABEL = 4,    /* its value becomes the label of the line that it is in */
    HIDDEN = 8,   /* is checked, and not shown */
    /* flags of types */
    FILLED = 1,    /* a list that has to have an element */
    ONE_LINE = 2,  /* a list whose values share a line */
    COUNTED = 4,   /* a list of which only the number of elements is shown */
    SUMMED_UP = 8, /* show() writes it instead of its parts, which are only checked */
    ADDED_TO = 16, /* show() writes a line after its parts */
};

struct decode_name {
    int64_t value;
    const char *name;
};

struct decode_type {
    const char *name; /* as the RFC has it */
    enum decode_form form;
    CBS_ASN1_TAG tag;                  /* none of CHOICE, OPEN, ANY */
    const struct decode_field *fields; /* of SEQUENCE, CHOICE; the last has no name */
    const struct decode_type *of;      /* of LIST, WRAPPED */
    const struct decode_name *names;   /* of numbers, bits, an empty SEQUENCE; the last has no name */
    unsigned flags;
    void (*show)(struct decode_printer *printer, const struct decode_type *type,
                 const struct decode_element *element);
};

#define FIELD(title, kind, wrap, how)                                                                        \
    {                                                                                                        \
        title, &(kind), wrap, how                                                                            \
    }
#define FIELDS(...)                                                                                          \
    (const struct decode_field[])                                                                            \
    {                                                                                                        \
        __VA_ARGS__,                                                                                         \
        {                                                                                                    \
            NULL, NULL, 0, 0                                                                                 \
        }                                                                                                    \
    }
#define SEQUENCE_TYPE(title, ...)                                                                            \
    {                                                                                                        \
        .name = (title), .form = FORM_SEQUENCE, .tag = CBS_ASN1_SEQUENCE, .fields = FIELDS(__VA_ARGS__)      \
    }
#define CHOICE_TYPE(title, ...)                                                                              \
    {                                                                                                        \
        .name = (title), .form = FORM_CHOICE, .fields = FIELDS(__VA_ARGS__)                                  \
    }
#define LIST_TYPE(title, element, how)                                                                       \
    {                                                                                                        \
        .name = (title), .form = FORM_LIST, .tag = CBS_ASN1_SEQUENCE, .of = &(element), .flags = (how)       \
    }
#define SET_TYPE(title, element, how)                                                                        \
    {                                                                                                        \
        .name = (title), .form = FORM_LIST, .tag = CBS_ASN1_SET, .of = &(element), .flags = (how)            \
    }
#define NAMED_TYPE(title, number, writer, ...)                                                               \
    {                                                                                                        \
        .name = (title), .form = FORM_VALUE, .tag = (number), .show = (writer),                              \
        .names = (const struct decode_name[])                                                                \
        {                                                                                                    \
            __VA_ARGS__,                                                                                     \
            {                                                                                                \
                0, NULL                                                                                      \
            }                                                                                                \
        }                                                                                                    \
    }

/* ---- decode_walk.c ---- */

struct decode_fault {
    size_t at; /* octets from the beginning of the DER */
    char path[DECODE_PATH_MAX], reason[DECODE_TEXT_MAX];
};

/* decode_walk holds |der| against |type| and writes it. Returns 1, or 0 with |found| set, when everything
 * before the fault is written. */
int decode_walk(struct decode_printer *printer, struct decode_fault *found, const struct decode_type *type,
                struct bytes der);

/* ---- decode_value.c: how values are shown ---- */

/* The types without a table of their own; decode_value_of returns the one of a universal tag, or NULL. */
extern const struct decode_type decode_integer, decode_serial, decode_boolean, decode_null, decode_oid,
    decode_octets, decode_bits, decode_utf8, decode_ia5, decode_string, decode_generalized_time, decode_time,
    decode_address, decode_secret, decode_any, decode_open;
const struct decode_type *decode_value_of(CBS_ASN1_TAG tag);

/* What tables with names of their own show their values by: a number and its name, bits by their names, a
 * BOOLEAN by the name of its value. */
void decode_show_integer(struct decode_printer *printer, const struct decode_type *type,
                         const struct decode_element *element);
void decode_show_bits(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element);
void decode_show_boolean(struct decode_printer *printer, const struct decode_type *type,
                         const struct decode_element *element);

/* ---- decode_oids.c ---- */

/* decode_oid_name writes the name of |oid|, or its dotted form, into |out| and returns it. */
const char *decode_oid_name(char out[DECODE_TEXT_MAX], struct bytes oid);

/* decode_oid_type returns the type that goes with |oid| (an extension, a control, parameters …), or NULL. */
const struct decode_type *decode_oid_type(struct bytes oid);

/* ---- decode_types_*.c ---- */

/* X.509 (RFC 5280), PKCS #10 (RFC 2986) */
extern const struct decode_type decode_name, decode_general_name, decode_general_names, decode_spki,
    decode_algorithm, decode_attribute, decode_attributes, decode_certificate, decode_tbs_certificate,
    decode_crl, decode_request, decode_extensions, decode_distribution_point_name;
/* contents of extensions */
extern const struct decode_type decode_key_usage, decode_purposes, decode_basic_constraints,
    decode_authority_key_id, decode_distribution_points, decode_policies, decode_access, decode_reason,
    decode_name_constraints, decode_policy_constraints, decode_issuing_point, decode_usage_period;
/* parameters of algorithms (RFC 4055, RFC 8018, RFC 5084, RFC 9810) */
extern const struct decode_type decode_pbm, decode_dhbm, decode_kembm, decode_pbmac1, decode_pbkdf2,
    decode_pbes2, decode_pss, decode_oaep, decode_gcm;
/* CMS (RFC 5652, RFC 9629) */
extern const struct decode_type decode_enveloped_data, decode_kem_recipient;
/* CRMF (RFC 4211) */
extern const struct decode_type decode_cert_requests, decode_cert_request, decode_cert_template,
    decode_controls, decode_encrypted_key, decode_cert_id, decode_publication, decode_archive_options;
/* CMP (RFC 9810) */
extern const struct decode_type decode_pki_message, decode_pki_messages, decode_cmp_certificate,
    decode_cmp_certificates, decode_crls, decode_algorithms, decode_oid_list, decode_texts,
    decode_root_update, decode_ca_update, decode_template_content, decode_crl_statuses, decode_kem_ciphertext;

#endif
