/* known_answers.h: signatures that are known to be right, to hold engines against. */
#ifndef CMPD_CRYPTO_KNOWN_ANSWERS_H
#define CMPD_CRYPTO_KNOWN_ANSWERS_H

#include "crypto/kinds.h"

/* struct known_answer is a message, signed. All in hexadecimal. */
struct known_answer {
    const char *message;
    const char *private_key; /* PKCS #8 */
    const char *spki;
    const char *signature; /* as in a certificate, by signature_for_key's algorithm */
    int deterministic;     /* 1: whoever signs |message| gets |signature| */
};

/* known_answers has a row for each enum key_kind; that of KEY_NONE is empty. */
extern const struct known_answer known_answers[KEY_KIND_COUNT];

#endif
