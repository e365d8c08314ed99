/* audit_seal.h: signed statements about the audit log.
 *
 * A seal of kind "heads" says where chains ended at some time. One of kind "anchor" says up to where chains,
 * and seals, were purged on purpose. The seals of a process are a chain, too: numbered, each with the hash of
 * the one before.
 *
 * The text that is signed is one line as in the log, so that a seal can be told from the log alone:
 *
 *   audit=1 kind=heads node="NODE" instance=HEX number=N previous=HEX at=MILLISECONDS key=HEX
 *   algorithm=NAME heads=CHAIN:SEQ:HASH,… seals=INSTANCE:NUMBER:HASH,…
 *
 * |key| is the start of SHA-256 over the signer's SubjectPublicKeyInfo. It begins as no DER does: a signature
 * of the same key over a CMP message is never one over a seal. */
#ifndef CMPD_STORAGE_AUDIT_SEAL_H
#define CMPD_STORAGE_AUDIT_SEAL_H

#include "crypto/key.h"
#include "store.h"

#define AUDIT_SEAL_PREFIX "cmpd audit seal 1"
#define AUDIT_SEAL_EVENT                                                                                     \
    "audit seal" /* of the line in the log: the text, and " signature=" in hexadecimal                       \
                  */

enum {
    AUDIT_KEY_ID = 16,
    AUDIT_SEAL_ENDS = 8, /* heads and seals together: with any signature it fits a long line of the log */
    AUDIT_SEAL_TEXT_MAX = 2048,
};

enum audit_seal_kind { AUDIT_HEADS = 1, AUDIT_ANCHOR };

struct audit_seal {
    enum audit_seal_kind kind;
    struct bytes node; /* in quotes, as log_quote writes it */
    uint8_t instance[STORE_INSTANCE];
    int64_t number;
    uint8_t previous[STORE_HASH]; /* zeros for the first of an instance */
    int64_t at;                   /* Unix milliseconds */
    uint8_t key[AUDIT_KEY_ID];
    const struct signature_algorithm *algorithm;
    /* Of heads the times are not told. Of purged seals, chain and seq are instance and number. */
    struct store_head heads[AUDIT_SEAL_ENDS];
    size_t head_count;
    struct store_head seals[AUDIT_SEAL_ENDS];
    size_t seal_count;
};

/* struct audit_sealer is where the seals of a process stand. */
struct audit_sealer {
    uint8_t instance[STORE_INSTANCE];
    int64_t number; /* of the last seal that is stored */
    uint8_t hash[STORE_HASH];
};

/* audit_sealer_begin makes |sealer| that of a new process, with nothing sealed. */
void audit_sealer_begin(struct audit_sealer *sealer);

/* audit_seal_make signs the next seal of |sealer| into |arena|: |seal| has its kind, and the ends that it is
 * about; the rest is filled in. |at| in Unix milliseconds. Waits for a token if |key| is in one. Returns 1,
 * or 0 without memory or when the key cannot sign. */
int audit_seal_make(struct store_seal *out, struct arena *arena, struct audit_seal *seal,
                    const struct audit_sealer *sealer, struct bytes node, int64_t at,
                    const struct private_key *key, const struct signature_algorithm *algorithm);

/* audit_sealer_advance makes |stored| the last seal of |sealer|. Returns 1, or 0 without memory. */
int audit_sealer_advance(struct audit_sealer *sealer, const struct store_seal *stored);

/* audit_seal_parse reads the text of a seal. Views point into |text|. Returns 1, or 0 if it is none. */
int audit_seal_parse(struct audit_seal *out, struct bytes text);

/* audit_seal_find looks for a seal in a line of the log, written as AUDIT_SEAL_EVENT: |*text| points into
 * |line|,
 * |*signature| into |room| (half as many octets as |line|), and is empty if it is damaged. Returns 1, or 0 if
 * the line is none. */
int audit_seal_find(struct bytes *text, struct bytes *signature, uint8_t *room, struct bytes line);

/* audit_seal_hash computes what the seal after one with |text| and |signature| has as previous. 1 or 0. */
int audit_seal_hash(uint8_t out[STORE_HASH], struct bytes text, struct bytes signature);

/* audit_key_id writes what seals have as key for |spki|. Returns 1 or 0. */
int audit_key_id(uint8_t out[AUDIT_KEY_ID], struct bytes spki);

#endif
