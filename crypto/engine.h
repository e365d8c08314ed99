/* engine.h: what computes signatures behind verify_batch and sign_batch, and who does for which kind of key.
 *
 * Every engine is put through known answers before it may work; until engines_start, BoringSSL does
 * everything. */
#ifndef CMPD_CRYPTO_ENGINE_H
#define CMPD_CRYPTO_ENGINE_H

#include "crypto/algorithms.h"

enum { ENGINE_FAULT_MAX = 256 };

/* engines_start finds out which engines this machine can run, holds each against known answers (forged ones
 * in every lane included), and settles for each kind of key who computes: of |pinned| (names, |count| of
 * them) in that order, of none by the table of algorithms. BoringSSL is always the last resort. Keys made
 * before it are left to BoringSSL. To be called before the first thread that verifies or signs; called again,
 * it looks at the names alone, for the choice holds for the process. Returns 1, or 0 with |fault|
 * (ENGINE_FAULT_MAX octets) written: a name that is none, or BoringSSL itself fails. */
int engines_start(char *fault, const char *const *pinned, size_t count);

/* engine_name returns the name of |id| as in the configuration. */
const char *engine_name(enum engine_id id);

/* engine_usable returns 1 if the machine can run |id| and its answers were right. */
int engine_usable(enum engine_id id);

/* engine_unusable_why returns why not, or NULL; known after engines_start. */
const char *engine_unusable_why(enum engine_id id);

/* engine_offers returns 1 if |id| computes with keys of |kind|. */
int engine_offers(enum engine_id id, enum key_kind kind);

/* engine_computes returns 1 if |id| computes signatures of |algorithm| with keys of |kind|. */
int engine_computes(enum engine_id id, enum key_kind kind, const struct signature_algorithm *algorithm);

/* engine_lanes returns how many items |id| computes at once. */
size_t engine_lanes(enum engine_id id);

/* struct engine_route says who computes with keys of a kind. */
struct engine_route {
    enum engine_id wide;   /* that takes several at once; the same as |narrow| if there is none */
    enum engine_id narrow; /* that takes what is left, one at a time, and confirms what |wide| refuses */
    size_t verify_from, sign_from; /* from so many items on |wide| is cheaper than |narrow| */
};

/* engine_route_of returns the route of |kind|. */
const struct engine_route *engine_route_of(enum key_kind kind);

#endif
