/* engine_measure.h: how fast engines are on this machine. */
#ifndef CMPD_CRYPTO_ENGINE_MEASURE_H
#define CMPD_CRYPTO_ENGINE_MEASURE_H

#include "crypto/engine.h"

/* struct engine_cost is the CPU time of one operation, in microseconds, all lanes of the engine in use. */
struct engine_cost {
    double verify_us, sign_us;
};

/* engine_measure lets |id| verify and sign with a key of |kind| (RSA: 2048 bits) for about |milliseconds| of
 * CPU time each. Returns 1, or 0 if the engine does not compute with such keys or an answer was wrong. */
int engine_measure(struct engine_cost *out, enum engine_id id, enum key_kind kind, unsigned milliseconds);

/* digest_measure_ns returns the CPU time that the digest |id| of |octets| octets takes, in nanoseconds. */
double digest_measure_ns(enum digest_id id, size_t octets, unsigned milliseconds);

#endif
