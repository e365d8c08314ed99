/* tolerance.h: what clients of the field do against the RFCs, and a profile or a vendor may take all the
 * same. Each has a name, is off unless `tolerate:` names it, and may end on a day. */
#ifndef CMPD_BASE_TOLERANCE_H
#define CMPD_BASE_TOLERANCE_H

#include <stddef.h>
#include <stdint.h>

enum tolerance {
    TOLERANCE_SHA1_OWF,
    TOLERANCE_ECDSA_NULL_PARAMETERS,
    TOLERANCE_NO_SENDER_KID,
    TOLERANCE_NONCE_LENGTH,
    TOLERANCE_NO_RECIP_NONCE,
    TOLERANCE_CLOCK_OFF,
    TOLERANCE_CONFIRM_AFTER_IMPLICIT,
    TOLERANCE_NAME_ORDER,
    TOLERANCE_SHA1_SIGNATURES,
    TOLERANCE_POLL_WITHOUT_ANSWER,
    TOLERANCE_SHA1_MAC,
    TOLERANCE_POLL_NONCE,
    TOLERANCE_COUNT
};

#define TOLERANCE_NO_END INT64_MAX

/* struct tolerances says until when each one holds: Unix seconds of the moment in which it is off again; 0:
 * it never holds; TOLERANCE_NO_END. */
struct tolerances {
    int64_t until[TOLERANCE_COUNT];
};

/* tolerance_name returns what the file calls |tolerance|. */
const char *tolerance_name(enum tolerance tolerance);

/* tolerance_says returns what is taken by it, one sentence. */
const char *tolerance_says(enum tolerance tolerance);

/* tolerance_holds returns 1 if |set| has |tolerance| at |now| (Unix seconds). */
int tolerance_holds(const struct tolerances *set, enum tolerance tolerance, int64_t now);

/* tolerance_read adds |entry|, "NAME" or "NAME until YYYY-MM-DD" (UTC: that day it is off), to |set|, and
 * writes which one it was to |*tolerance|. Returns NULL, or what is wrong with it. */
const char *tolerance_read(struct tolerances *set, enum tolerance *tolerance, const char *entry);

enum { TOLERANCE_NAMES_MAX = 256 }; /* octets of all names, with what stands between */

/* tolerance_names writes the names of those whose bit (1 << tolerance) is in |bits|, with commas between,
 * into |out|. Returns |out|, or NULL if there are none. */
const char *tolerance_names(char out[TOLERANCE_NAMES_MAX], unsigned bits);

#endif
