/* authorize.h: who a profile has asked before it issues (authorize in the configuration): a question is
 * posted as JSON over HTTPS, HTTP of this machine or a local socket, by libcurl, and the verdict is read.
 *
 * A thread holds all questions that are under way, over connections that are kept: no worker waits. A
 * question is signed by HMAC-SHA-256 over its octets (header Cmpd-Signature), and has the SHA-256 of the
 * request as its Idempotency-Key: it is asked at least once. Whatever is no verdict, or comes too late, is
 * none: never a grant. */
#ifndef CMPD_AUTHORIZE_AUTHORIZE_H
#define CMPD_AUTHORIZE_AUTHORIZE_H

#include "server/cmp/cmp.h"

struct authorize;

/* authorize_new starts the thread. fetch_begin (server/fetch/fetch.h) comes before. NULL without memory or
 * threads. */
struct authorize *authorize_new(void);

/* authorize_free ends the thread; no question may be under way. NULL is allowed. */
void authorize_free(struct authorize *authorize);

/* authorize_done is called once for a question, from the thread, when its outcome is set. It must not block.
 */
typedef void authorize_done(void *arg);

/* authorize_ask asks |question|, which stays there until |done|. Returns 1, or 0 when as many as may be, of
 * all or of who asks, are under way: then it has no verdict, with the reason, and |done| is not called. Any
 * thread. */
int authorize_ask(struct authorize *authorize, struct cmp_question *question, authorize_done *done,
                  void *arg);

/* authorize_question writes what is posted, malloc'ed, for |question| at |now| (Unix seconds); NULL without
 * memory (question.c). */
char *authorize_question(const struct cmp_question *question, int64_t now);

/* authorize_verdict reads |answer|, a JSON object, into |question| (verdict.c). What it does not know, or
 * what is there twice, makes it none: then the reason says so. */
void authorize_verdict(struct cmp_question *question, struct bytes answer);

#endif
