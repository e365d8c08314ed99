/* policy.h: who may enroll, and what the certificate looks like.
 *
 * A policy is the configuration made usable: files read, keys parsed, chains verified, names resolved. It
 * never changes; a reload makes another, and the old one is freed by its last user. */
#ifndef CMPD_POLICY_POLICY_H
#define CMPD_POLICY_POLICY_H

#include "server/base/config.h"
#include "server/cmp/cmp.h"

struct policy;

/* The profile of the certificates of OCSP responders in the store. No profile of a configuration can have
 * this name. */
#define POLICY_OCSP_RESPONDER "OCSP responder"

/* The profile of the certificates there that a CA has issued to itself, likewise. */
#define POLICY_OWN "own certificate"

enum { POLICY_HASH_TEXT = 65 }; /* SHA-256 in hexadecimal, and a NUL */

/* policy_load takes |config| over (also on failure) and makes a policy of it, held once by the caller. Every
 * file is read, every key held against its certificate, every chain verified at |now| (Unix seconds). Returns
 * NULL with |fault| naming file, line and remedy. */
struct policy *policy_load(struct config_fault *fault, struct config *config, int64_t now);

/* policy_start starts the engines that |config| names (crypto/engine.h), and loads it likewise. */
struct policy *policy_start(struct config_fault *fault, struct config *config, int64_t now);

/* policy_load_file reads |path|, and starts what it says. */
struct policy *policy_load_file(struct config_fault *fault, const char *path, int64_t now);

/* policy_load_next reads |path| anew, for the node that |policy| serves: what is known to have been renewed
 * (renewals.h) stays known. */
struct policy *policy_load_next(struct config_fault *fault, const struct policy *policy, const char *path,
                                int64_t now);

/* policy_load_again loads the configuration of |policy|, which is that of |path|, as it was read then, with
 * the files that it names as they are now. TLS files of listeners that cannot be used keep nothing from it:
 * listeners go on with those that they have, whose stamp (policy_tls_stamp) it keeps. So does
 * policy_load_renewed. */
struct policy *policy_load_again(struct config_fault *fault, const struct policy *policy, const char *path,
                                 int64_t now);

/* policy_acquire adds a user; policy_release takes one away, and the last one frees the policy. Any thread.
 */
struct policy *policy_acquire(struct policy *policy);
void policy_release(struct policy *policy);

/* policy_config returns the configuration behind |policy|. */
const struct config *policy_config(const struct policy *policy);

/* policy_hash returns, in hexadecimal, a hash over what nodes of one CA must have in common: the
 * configuration without what is a node's own (config_of_node),
 * the certificates in the files that it names, and which key seals secrets. */
const char *policy_hash(const struct policy *policy);

/* policy_settings returns what server/cmp needs. */
const struct cmp_settings *policy_settings(const struct policy *policy);

/* policy_authority returns the CA named |name|, or the default profile's for NULL; NULL if there is none. */
const struct cmp_authority *policy_authority(const struct policy *policy, const char *name);

/* policy_crls returns the CRLs of CAs above ours that the configuration names, |*count| of them. */
const struct cmp_crl *policy_crls(const struct policy *policy, size_t *count);

/* policy_crls_changed returns 1 if the files of vendors' CRLs are other ones than when |policy| was loaded,
 * and than at the last call that returned 1: |*seen|, 0 at first, is kept for that. Blocks. */
int policy_crls_changed(const struct policy *policy, uint64_t *seen);

/* policy_tls_stamp returns a stamp (file_stamp) of the TLS files of listeners as they were before |policy|
 * read them; policy_tls_stamp_now one of those that are there now, and blocks. */
uint64_t policy_tls_stamp(const struct policy *policy);
uint64_t policy_tls_stamp_now(const struct policy *policy);

/* policy_check_tls reads the TLS files that |policy| names as they are now. Returns 1 if they can be used at
 * |now| (Unix seconds), each key with its certificate, or 0 with |fault|. Any thread; blocks. */
int policy_check_tls(struct config_fault *fault, const struct policy *policy, int64_t now);

/* policy_load_tls loads the configuration of |policy| as policy_load_again does, for the sake of TLS files
 * that policy_check_tls takes. Where another file has become unusable since |policy| was loaded, it is judged
 * as of then: that must not keep listeners from their new certificate. */
struct policy *policy_load_tls(struct config_fault *fault, const struct policy *policy, const char *path,
                               int64_t now);

/* policy_vendor_crls returns what was loaded of the CRLs of vendors[v]; NULL: the configuration names none.
 */
struct crl_set;
const struct crl_set *policy_vendor_crls(const struct policy *policy, size_t v);

/* struct policy_fetched is what became of a CRL that was fetched. */
struct policy_fetched {
    int is_new;          /* 1: the file holds another one now: policy_crls_changed will say so */
    int64_t next_update; /* of the one in the file, in Unix seconds; 0: there is none */
};

/* policy_keep_crl puts |text|, a CRL in PEM or DER that was fetched from |url|, one of the crl_urls of
 * vendors[v], into the file that a policy reads it from, if it is signed by a certificate of the vendor, can
 * be used, has begun at |now| (Unix seconds, and BOUND_VENDOR_CRL_AHEAD), and is neither older than the one
 * that is there nor, while that one counts, of another issuer or scope. Any thread; waits for the file.
 * Returns NULL, or why it was not kept. */
const char *policy_keep_crl(struct policy_fetched *fetched, const struct policy *policy, size_t v,
                            const char *url, struct bytes text, int64_t now);

/* policy_fetched_next_update returns nextUpdate of what |policy| has loaded of that, Unix seconds; 0:
 * nothing. */
int64_t policy_fetched_next_update(const struct policy *policy, size_t v, const char *url);

/* policy_warn_of_crls calls |warn| for what will have stations refused at |now| (Unix seconds) or soon: each
 * CRL of a vendor that is stale or not valid yet, in a file that somebody has to replace also in the last
 * quarter of its time, what could not be fetched yet, and each intermediate that its vendor's CRLs have
 * revoked or do not speak of; and for each that has deltas which nobody names. |key| is the setting. */
typedef void policy_warning(void *arg, const char *key, const char *text);
void policy_warn_of_crls(const struct policy *policy, int64_t now, policy_warning *warn, void *arg);

/* policy_warn_of_tolerances does so for each tolerance that has ended, or will within
 * BOUND_TOLERANCE_WARNING_DAYS. */
void policy_warn_of_tolerances(const struct policy *policy, int64_t now, policy_warning *warn, void *arg);

/* policy_note_macs tells of each profile that takes shared secrets, and no HMAC-SHA1 with them: common
 * clients use that unless they are told otherwise. */
void policy_note_macs(const struct policy *policy, policy_warning *note, void *arg);

/* policy_warn_of_answers does so for each profile whose answers are signed by a certificate that may not sign
 * them, and policy_note_answers tells of each CA for which another name answers: nothing is wrong with that.
 */
void policy_warn_of_answers(const struct policy *policy, policy_warning *warn, void *arg);
void policy_note_answers(const struct policy *policy, policy_warning *note, void *arg);

/* policy_issuer_id writes by what the store knows the CA whose issuing certificate is |cert|. */
void policy_issuer_id(uint8_t id[STORE_ISSUER_ID], const struct certificate *cert);

/* policy_route finds what a URL path, in its normal form (server/base/url_path.h), stands for:
 * /.well-known/cmp[/OPERATION],
 * /.well-known/cmp/p/PROFILE[/OPERATION] (RFC 9811 3.4, RFC 9483 6.1), or a path that a profile lists.
 * Returns 1, or 0: no such path here. */
int policy_route(const struct policy *policy, struct cmp_route *out, struct bytes path);

/* policy_paths returns, in |arena|, the paths that policy_route knows, without those of operations, with
 * commas between: as many as find room in BOUND_PATHS_TEXT octets, then "…". NULL without memory. */
const char *policy_paths(const struct policy *policy, struct arena *arena);

/* policy_decide answers |decision|: whether a certificate is granted, and its TBSCertificate. Never blocks.
 */
void policy_decide(struct cmp_decision *decision);

/* policy_new_serial writes the serial of a certificate that is issued at |now| (Unix seconds): four octets of
 * time, so that serials follow each other and old ones can be dropped by range, and twelve of chance. */
void policy_new_serial(uint8_t serial[STORE_SERIAL], int64_t now);

#endif
