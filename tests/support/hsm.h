/* hsm.h: a token of SoftHSM in a folder of its own, behind the module that can lose it
 * (tests/token/fragile.c). */
#ifndef CMPD_TESTS_SUPPORT_HSM_H
#define CMPD_TESTS_SUPPORT_HSM_H

#include "crypto/key.h"

enum { HSM_PATH_MAX = 256, HSM_URI_MAX = 1024 };

struct hsm {
    char dir[HSM_PATH_MAX];
    char module[HSM_PATH_MAX];
    char pin[HSM_PATH_MAX]; /* the file with its PIN, which is open-sesame */
};

/* hsm_new makes the token, "cmpd test", and sets the environment that its module looks at; one a process.
 * hsm_free removes the folder. */
void hsm_new(struct hsm *hsm);
void hsm_free(struct hsm *hsm);

/* hsm_import puts |key| into the token as |label|, with |id| in hexadecimal. */
void hsm_import(const struct hsm *hsm, const struct private_key *key, const char *label, const char *id);

/* hsm_uri writes the URI of the key |label| into |out| (HSM_URI_MAX octets), and returns it. */
const char *hsm_uri(char *out, const struct hsm *hsm, const char *label);

/* hsm_set makes the file |name| in the folder hold |text|; NULL removes it: "lost", "broken", "delay",
 * "hang", "delete", "lie", "pin". */
void hsm_set(const struct hsm *hsm, const char *name, const char *text);

/* hsm_ask calls the module's own function |name|. */
unsigned hsm_ask(const struct hsm *hsm, const char *name);

#endif
