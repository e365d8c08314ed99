/* ca_rollover_steps.h: what is to be done with what ca rollover makes: which file goes where, and what is
 * added to the configuration at each step of deploy/manual/rollover.md. */
#ifndef CMPD_CTL_CA_ROLLOVER_STEPS_H
#define CMPD_CTL_CA_ROLLOVER_STEPS_H

#include <stdio.h>

enum { CA_ROLLOVER_PROFILES = 16 };

/* struct ca_rollover_names is what everything is called, as ca_generation.h makes it. */
struct ca_rollover_names {
    const char *root, *next_root; /* files without their endings; no next one: the root stays */
    const char *root_file;        /* with it */
    const char *ca, *next_ca;     /* in the configuration */
    const char *next_cmp;
    const char *profiles[CA_ROLLOVER_PROFILES], *next_profiles[CA_ROLLOVER_PROFILES];
    size_t profile_count;
    int is_encrypted; /* 1: the keys for the nodes are */
};

/* ca_rollover_steps writes them: YAML, a document for each step, the rest as comments. */
void ca_rollover_steps(FILE *out, const struct ca_rollover_names *names);

#endif
