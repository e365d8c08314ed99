/* known_answers.h: signatures that are known to be right, to hold engines against. */
#ifndef CMPD_CRYPTO_KNOWN_ANSWERS_H
#define CMPD_CRYPTO_KNOWN_ANSWERS_H

#include <stddef.h>

#include "crypto/kinds.h"

/* struct known_answer is a message, signed. Octets are in lower-case hexadecimal. */
struct known_answer {
    enum key_kind kind;
    const char *algorithm; /* name of the signature's, as in the table of algorithms */
    const char *message;
    const char *private_key; /* PKCS #8 */
    const char *spki;
    const char *signature;
    int deterministic; /* 1: whoever signs |message| gets |signature| */
};

extern const struct known_answer known_answers[];
extern const size_t known_answer_count;

#endif
