/* key_types.h: how keys of each algorithm are read, made and written: one row of functions each. For
 * crypto/key.c, which knows no key's insides.
 *
 * A form is what BoringSSL computes with. Freeing one is the engine's (engine_internal.h). */
#ifndef CMPD_CRYPTO_KEY_TYPES_H
#define CMPD_CRYPTO_KEY_TYPES_H

#include "crypto/algorithms.h"

/* struct key_made is a form, of which kind it is, and the size of its modulus or of its curve's field. */
struct key_made {
    void *form; /* NULL: there is none */
    enum key_kind kind;
    unsigned bits;
};

struct key_type {
    /* public reads a SubjectPublicKeyInfo whose algorithm names |kind|. It refuses what is not in the one
     * encoding that keys have here, and what costs more than anybody may have. */
    struct key_made (*public)(enum key_kind kind, struct bytes spki);

    /* private reads PKCS #8 with an OID of this type. */
    struct key_made (*private)(struct bytes pkcs8);

    /* generate makes a key of |kind|; |bits| is for those whose size is free. */
    struct key_made (*generate)(enum key_kind kind, unsigned bits);

    /* write_public writes the SubjectPublicKeyInfo of a private key's form, or of a public one's;
     * write_private PKCS #8 of a private one's. 1 or 0. */
    int (*write_public)(CBB *out, const void *form);
    int (*write_private)(CBB *out, const void *form);

    /* older reads the form of a private key that the type had before PKCS #8; |older_label| names it in PEM.
     * NULL if there was none. */
    struct key_made (*older)(struct bytes der);
    const char *older_label;
};

/* key_type_of returns the row for keys of |kind|, or NULL for KEY_NONE. */
const struct key_type *key_type_of(enum key_kind kind);

/* key_type_pkcs8 returns the row for what |pkcs8| holds, by the OID of its algorithm, or NULL. */
const struct key_type *key_type_pkcs8(struct bytes pkcs8);

/* key_type_labelled returns the row whose older form has |label| in PEM, or NULL. */
const struct key_type *key_type_labelled(const char *label);

#endif
