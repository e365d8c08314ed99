/* operations.h: the cryptography that a scenario cannot do without, and what it costs on this machine: the
 * floor of the server's CPU time for an enrollment. */
#ifndef CMPD_BENCH_OPERATIONS_H
#define CMPD_BENCH_OPERATIONS_H

#include "bench/options.h"
#include "crypto/engine.h"

/* struct floor_keys says whose keys are of which kind. */
struct floor_keys {
    enum key_kind vendor, device, asked, ca, cmp;
    enum protection protection;
    unsigned mac_iterations;
};

enum operation_kind { OPERATION_VERIFY, OPERATION_SIGN, OPERATION_DIGEST, OPERATION_DERIVE, OPERATION_MAC };

/* struct operation is one of them. */
struct operation {
    enum operation_kind kind;
    const char *what;  /* "protection of the request" */
    enum key_kind key; /* to verify and sign with */
    enum digest_id digest;
    unsigned octets; /* of what is digested; those of an ordinary message */
};

enum { OPERATIONS_MAX = 24, OPERATION_TEXT_MAX = 64 };

/* operations_of lists the server's operations for one |scenario|. Returns how many. */
size_t operations_of(struct operation out[OPERATIONS_MAX], enum scenario scenario,
                     const struct floor_keys *keys);

/* operation_text writes what |operation| is done with: "verification, P-256, crypto_mb". Returns |out|. */
const char *operation_text(char out[OPERATION_TEXT_MAX], const struct operation *operation,
                           const struct floor_keys *keys);

/* operation_us returns the CPU time of |operation| with the fastest engine that is usable, all its lanes
 * full. What was measured once is remembered; not for several threads. Needs engines_start. */
double operation_us(const struct operation *operation, const struct floor_keys *keys);

/* operation_engine returns the engine that operation_us took; for verifications and signatures. */
enum engine_id operation_engine(const struct operation *operation);

/* floor_us returns the sum of a scenario, or of a mix by its weights. */
double floor_us(const struct mix *mix, const struct floor_keys *keys);

/* crypto_command is `cmpbench crypto`; argv[0] is "crypto". Returns an exit status. */
int crypto_command(int argc, char **argv);

#endif
