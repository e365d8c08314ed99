/* demo.h: a demo CA as cmpctl init makes it, in a folder of its own, for tests that need a whole
 * configuration. */
#ifndef CMPD_TESTS_SUPPORT_DEMO_H
#define CMPD_TESTS_SUPPORT_DEMO_H

#include "server/policy/policy.h"

enum { DEMO_PATH_MAX = 256 };

struct demo {
    char dir[DEMO_PATH_MAX];
    char config[DEMO_PATH_MAX]; /* its cmpd.yaml */
    struct policy *policy;
};

/* demo_new makes it and loads its policy. demo_free removes the folder. */
void demo_new(struct demo *demo);
void demo_free(struct demo *demo);

/* demo_edit replaces |from|, which must be there, by |to| in the configuration, and loads the policy anew.
 * Returns 1, or 0 with |fault| written (the old policy stays). */
int demo_edit(struct demo *demo, struct config_fault *fault, const char *from, const char *to);

#endif
