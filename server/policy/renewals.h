/* renewals.h: the certificates that a CA of this configuration issues to itself for its own keys: the one
 * that signs answers, and the one that signs CRLs.
 *
 * What was renewed is in the store, for all nodes, under the key that the file's certificate has. It precedes
 * the file as long as it ends later (policy_precedes): whoever puts a newer one into the file has that used.
 * Its key is the file's, or one that the store has, sealed (own_key.h). The configuration is not edited. */
#ifndef CMPD_POLICY_RENEWALS_H
#define CMPD_POLICY_RENEWALS_H

#include "server/policy/policy.h"

enum policy_use { POLICY_SIGNS_ANSWERS, POLICY_SIGNS_CRLS, POLICY_USES };

/* struct policy_renewable is a certificate in use that its CA can renew. */
struct policy_renewable {
    enum policy_use use;
    const struct cmp_authority *ca;
    const struct certificate *cert;
    const char *setting;   /* "cmp_certificate" */
    const char *key_place; /* the file or the URI of the key that the configuration names */
    const char *why_not;   /* NULL: it can be renewed; else why it cannot: who has issued it has to */
    uint8_t key[STORE_RENEWAL_KEY]; /* of its row in the store */
};

/* policy_renewal_key writes the key under which the store has what was renewed for |use| of the key |spki|.
 */
void policy_renewal_key(uint8_t key[STORE_RENEWAL_KEY], enum policy_use use, struct bytes spki);

/* policy_renewable tells of cas[i]. 1, or 0: it has none of its own for that, or the CA's certificate itself
 * is used. */
int policy_renewable(struct policy_renewable *out, const struct policy *policy, size_t i,
                     enum policy_use use);

/* policy_is_files_key returns 1 if |item|, which is in use, has the key that the configuration names. */
int policy_is_files_key(const struct policy_renewable *item);

/* policy_renewal_holds returns 1, with |cert| parsed, if |row| has a certificate that may be used instead of
 * |present|, one of |ca|, at |now| (Unix seconds): the CA has signed it for the same name, it is valid
 * already, and its key is the file's, or one that the row brings. Whether that one opens is seen when it is
 * taken up. Which of both precedes is for the caller to see. Whoever may write rows has no keys: nothing else
 * of a row is believed. */
int policy_renewal_holds(struct certificate *cert, const struct store_renewal *row,
                         const struct cmp_authority *ca, const struct certificate *present, int64_t now);

/* policy_precedes returns 1 if |cert| is to be used in the place of |present|: it ends later, or ends
 * at the same time, with its CA, and began later. */
int policy_precedes(const struct certificate *cert, const struct certificate *present);

/* policy_renewal_since returns from when on (Unix seconds) what begins is under |cert|, which |row| has. A
 * row that says later than any renewal settles, or a time before 1970, is not believed: 0. */
int64_t policy_renewal_since(const struct store_renewal *row, const struct certificate *cert);

/* struct policy_renewals is what a store had of them. */
struct policy_renewals;

/* policy_renewals_read reads from |store| what there is for the certificates of |policy|, as far as it holds
 * at |now| and the store has it as valid. Waits for the store. Returns NULL if that does not answer, or
 * without memory. */
struct policy_renewals *policy_renewals_read(const struct policy *policy, struct store *store, int64_t now);
struct policy_renewals *policy_renewals_acquire(struct policy_renewals *renewals); /* NULL is allowed */
void policy_renewals_release(struct policy_renewals *renewals);

/* policy_lacks returns 1 if |renewals| has a certificate that |policy| would use and does not. */
int policy_lacks(const struct policy *policy, const struct policy_renewals *renewals);

/* policy_load_renewed loads the configuration of |policy|, which is that of |path|, as policy_load_again
 * does, with |renewals|. Where a file has become unusable since |policy| was loaded (an intermediate has
 * expired, say), it is judged as of then: that must not keep a node from answering under its new certificate.
 */
struct policy *policy_load_renewed(struct config_fault *fault, const struct policy *policy, const char *path,
                                   struct policy_renewals *renewals, int64_t now);

#endif
