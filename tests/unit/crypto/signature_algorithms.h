/* signature_algorithms.h: what keys sign with, for tests that go through all of them. */
#ifndef CMPD_TESTS_SIGNATURE_ALGORITHMS_H
#define CMPD_TESTS_SIGNATURE_ALGORITHMS_H

#include "crypto/algorithms.h"

/* AlgorithmIdentifiers as RFC 5758 3.2, RFC 4055 5, RFC 4055 3.1 and RFC 8410 section 3 have them. */
static const struct {
    const char *encoded;
    enum key_kind kind;
} algorithms[] = {
    {"30 0a 06 08 2a 86 48 ce 3d 04 03 01", KEY_P256},
    {"30 0a 06 08 2a 86 48 ce 3d 04 03 02", KEY_P256},
    {"30 0a 06 08 2a 86 48 ce 3d 04 03 03", KEY_P384},
    {"30 0a 06 08 2a 86 48 ce 3d 04 03 04", KEY_P521},
    {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", KEY_RSA},
    {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0c 05 00", KEY_RSA},
    {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0d 05 00", KEY_RSA},
    {"30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 a1 1c "
     "30 1a 06 09 "
     "2a 86 48 86 f7 0d 01 01 08 30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00 a2 03 02 01 20",
     KEY_RSA},
    {"30 05 06 03 2b 65 70", KEY_ED25519},
};
enum { ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

#endif
