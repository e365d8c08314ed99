/* check.h: what comes back is held against what was asked. A wrong answer is an error of its kind, not a
 * success. */
#ifndef CMPD_BENCH_CHECK_H
#define CMPD_BENCH_CHECK_H

#include "bench/error.h"
#include "bench/request.h"
#include "server/pki/message.h"

/* struct check is the judgement on one answer. Signatures are left to the caller, who verifies those of many
 * answers at once; check_verdict then tells. */
struct check {
    enum bench_error error;
    struct pki_message message;
    struct certificate certificate; /* of ip, cp, kup */
    struct bytes status_text;       /* of a rejection */
    struct verification items[2];
    size_t item_count;            /* 0: nothing to verify */
    struct public_key *responder; /* of OCSP, for the items; or NULL */
    uint8_t seen[2][DIGEST_MAX];  /* hashes of what the items make good, for bench/status.h */
    size_t seen_count;
};

/* check_first judges |reply|, the answer to |request|, which is one of CMP. With |deep| its signatures are to
 * be verified, too. Views point into |reply|; pieces go into |arena|. After check_verdict, check_cleanup
 * frees the rest. */
void check_first(struct check *check, struct arena *arena, const struct setup *setup,
                 const struct options *options, const struct request *request, struct bytes reply, int deep);

/* check_confirmed judges the answer to a certConf whose senderNonce was |nonce|. */
void check_confirmed(struct check *check, struct arena *arena, const struct setup *setup,
                     const struct options *options, const struct request *request, struct bytes nonce,
                     struct bytes reply, int deep);

/* check_verdict returns the error, after the items were verified. */
enum bench_error check_verdict(const struct check *check);
void check_cleanup(struct check *check);

#endif
