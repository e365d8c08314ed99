/* judge.h: what the front sends back, held against what its client sent: it is HTTP, and the body of an
 * answer is that of the request that asked (the pipeline behind the front echoes). Ends the process at what
 * is not. */
#ifndef CMPD_TESTS_FUZZ_JUDGE_H
#define CMPD_TESTS_FUZZ_JUDGE_H

#include <stddef.h>

/* judge_begin forgets the conversation before. There is one at a time. */
void judge_begin(void);

/* judge_sent and judge_heard are told of octets in the order in which they went and came, in any pieces. */
void judge_sent(const void *data, size_t len);
void judge_heard(const void *data, size_t len);

#endif
