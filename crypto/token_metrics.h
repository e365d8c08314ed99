/* token_metrics.h: what tokens count (server/base/metrics.h), each under its name. For whoever lists metrics,
 * and for crypto/token*.c. */
#ifndef CMPD_CRYPTO_TOKEN_METRICS_H
#define CMPD_CRYPTO_TOKEN_METRICS_H

#include "server/base/bytes.h"
#include "server/base/metrics.h"

extern struct metric token_reconnects; /* by token */
extern struct metric token_signatures; /* by token and outcome */
extern struct metric token_time; /* from when a signature was wanted until the token answered, by token */

/* Tokens that are told apart, since the process began: few, for each has a histogram. The last number stands
 * for all others together. */
enum { TOKENS_TOLD = 16, TOKENS_OTHER = TOKENS_TOLD - 1 };

enum token_outcome {
    TOKEN_SIGNED,
    TOKEN_FAILED,  /* it had the entry, and gave no signature */
    TOKEN_REFUSED, /* it was not asked: it is lost, the key is missing, or the queue full */
    TOKEN_OUTCOMES
};

/* token_metrics_number returns the number of the token |name|, below TOKENS_TOLD, which it gets at the first
 * call: the part of its URI before the query. It may wait. token_metrics_name returns the name of |number|.
 */
size_t token_metrics_number(struct bytes name);
const char *token_metrics_name(size_t number);

/* token_count_answer counts that the token |number| answered what it was given at |since_us|
 * (metrics_now_us). token_count_refusal counts a signature that it was not asked for,
 * token_count_reconnect that it is back. */
void token_count_answer(size_t number, int is_signed, int64_t since_us);
void token_count_refusal(size_t number);
void token_count_reconnect(size_t number);

#endif
