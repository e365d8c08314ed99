/* choice.h: what of a list somebody wants to see. */
#ifndef CMPD_CTL_CHOICE_H
#define CMPD_CTL_CHOICE_H

#include <stdint.h>

#include "server/ctl/command.h"

/* choice_is_like returns 1 if the whole |text| is like |pattern|: * is any text, ? a character (UTF-8), and
 * the case of ASCII does not count. */
int choice_is_like(const char *text, const char *pattern);

/* struct choice_span is from |after| on and before |before|, in Unix seconds. */
struct choice_span {
    int64_t after, before;
};

/* choice_read_span reads the times that the options |after| and |before| of |call| give; one that is not
 * given bounds nothing. Returns 1, or 0 with a fault printed. */
int choice_read_span(struct choice_span *out, const struct ctl_call *call, const char *after,
                     const char *before);

/* choice_is_in returns 1 if |at| (Unix seconds) is in the span. */
int choice_is_in(const struct choice_span *span, int64_t at);

#endif
