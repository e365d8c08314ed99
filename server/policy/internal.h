/* internal.h: what the files of server/policy share. */
#ifndef CMPD_POLICY_INTERNAL_H
#define CMPD_POLICY_INTERNAL_H

#include <stdatomic.h>

#include "server/policy/policy.h"

enum { POLICY_PURPOSES_MAX = 16, POLICY_OID_MAX = 32 };

/* struct profile is a cmp_profile with what only decisions need. */
struct profile {
    struct cmp_profile cmp; /* first: a cmp_profile of ours is converted back */
    const struct config_profile *config;
    struct trust trust;
    unsigned key_usage;
    uint8_t purpose_oids[POLICY_PURPOSES_MAX][POLICY_OID_MAX];
    struct bytes purposes[POLICY_PURPOSES_MAX];
    size_t purpose_count;
    unsigned key_kinds; /* bit of each accepted enum key_kind */
};

struct authority {
    struct cmp_authority cmp;
    struct private_key *key, *cmp_key;
    struct bytes chain[BOUND_CHAIN]; /* from the issuer of the issuing certificate to the root */
    size_t chain_count;
};

struct policy {
    atomic_uint users;
    struct config *config;
    char hash[POLICY_HASH_TEXT];
    struct arena *arena; /* file contents and encodings */
    struct authority *authorities;
    struct profile *profiles;
    const struct cmp_profile **profile_list;
    struct seal_key *seal_key;
    struct cmp_settings settings;
};

/* policy_read_pem reads the certificates of PEM file |path| into |out| (at most |max|), which live in the
 * policy's arena. |key| is the setting's name for faults. Returns how many, or 0 with |fault| written. */
size_t policy_read_pem(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                       struct bytes *out, size_t max);

/* policy_read_key reads a private key from a file that only its owner can read. NULL with |fault| written. */
struct private_key *policy_read_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *path);

/* policy_load_authority fills authorities[i] from cas[i]; policy_load_profile likewise. 1, or 0 with |fault|.
 */
int policy_load_authority(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);
int policy_load_profile(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);

/* policy_check_listener reads the TLS files of listeners[i] and holds them against each other. 1, or 0 with
 * |fault|. */
int policy_check_listener(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);

#endif
