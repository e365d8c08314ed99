/* cmp.h: the protocol, as a state machine without I/O.
 *
 * A message is started with the octets of a request; each step ends with wants (look-ups, verifications, a
 * MAC, a decision, signatures, a store unit), and is resumed when all of them have been served. Whoever
 * serves them fills in the result fields of each; nothing here calls out, waits, or reads a clock. At the end
 * there is an answer. */
#ifndef CMPD_CMP_CMP_H
#define CMPD_CMP_CMP_H

#include <stdatomic.h>

#include "crypto/algorithm_names.h"
#include "crypto/hex_key.h"
#include "crypto/path.h"
#include "crypto/seal.h"
#include "server/base/config.h"
#include "server/base/job_end.h"
#include "server/base/metrics.h"
#include "server/base/tolerance_counts.h"
#include "server/pki/general.h"
#include "server/pki/message.h"
#include "server/pki/request.h"
#include "server/pki/status.h"
#include "storage/store.h"

/* ---- settings: built by server/policy from the configuration, then only read ---- */

/* struct cmp_authority is one CA: what it issues with, and what it answers with. */
struct cmp_authority {
    const char *name;
    uint8_t id[STORE_ISSUER_ID];
    struct certificate cert; /* issuing certificate */
    const struct private_key *key;
    const struct signature_algorithm *algorithm;
    struct certificate cmp_cert; /* protects answers */
    const struct private_key *cmp_key;
    const struct signature_algorithm *cmp_algorithm;
    struct certificate crl_cert; /* signs CRLs: |cert|, or another of the same name */
    const struct private_key *crl_key;
    const struct signature_algorithm *crl_algorithm;
    struct bytes cmp_sender;                          /* GeneralName directoryName of cmp_cert's subject */
    struct bytes sender;                              /* the same of the CA's subject */
    struct bytes signed_extra_certs[BOUND_CHAIN + 2]; /* cmp_cert, its chain, the issuing chain, no root */
    size_t signed_extra_cert_count;
    struct certificate former_cmp_cert; /* the one that |cmp_cert| follows, of the same name; empty: none */
    const struct private_key *former_cmp_key; /* |cmp_key|, or another of its kind */
    int64_t cmp_since; /* transactions that began before have answers under that one, while it is valid */
    struct bytes former_extra_certs[BOUND_CHAIN + 2]; /* |signed_extra_certs|, with that one first */
    struct bytes mac_extra_certs[BOUND_CHAIN + 1];    /* the issuing chain alone */
    size_t mac_extra_cert_count;
    struct bytes root;                 /* self-signed end of the chain */
    int64_t chain_not_after;           /* the first notAfter of what stands above |cert|; 0: nothing does */
    struct bytes former_root;          /* that |former| leads from; empty: none is told of */
    struct root_update former, coming; /* from |former_root| to |root|, and from |root| on; empty: none */
};

/* struct cmp_general is what a profile answers to a genm, made once from the configuration. */
struct cmp_general {
    struct bytes encryption_certificate;        /* DER, or empty */
    struct bytes signing_keys, encryption_keys; /* SEQUENCE OF AlgorithmIdentifier of what is certified;
                                                 * empty: nothing is */
    struct bytes request_template;              /* CertReqTemplateContent */
};

/* struct cmp_agent is who may enroll for others by a certificate that is no RA's. */
struct cmp_agent {
    const struct config_agent *config;
    struct bytes certificate; /* DER; empty: any that the CA has issued under config->profile */
};

/* struct cmp_algorithms is which algorithms may protect requests, by the numbers of crypto/algorithm_names.h.
 */
struct cmp_algorithms {
    uint64_t accepted;                  /* a bit (1 << number) for each */
    uint64_t deprecated;                /* whose use is told … */
    int64_t until[ALGORITHM_NAMES_MAX]; /* … and which are refused from then on (Unix seconds); 0: never */
};

/* struct cmp_approver is who may approve requests (approval.h). */
struct cmp_approver {
    const struct config_approver *config;
    struct certificate cert;
    const struct public_key *key;
    uint8_t key_hash[STORE_HASH]; /* SHA-256 of its SubjectPublicKeyInfo */
};

/* struct cmp_profile is a profile of the configuration, and what was read from the files that it names. */
struct cmp_profile {
    const struct config_profile *config;
    const struct cmp_authority *ca;
    const struct cmp_profile *former; /* of the CA before, which serves what is about its certificates; or
                                       * NULL; there are no circles */
    const struct trust *trust;        /* who may protect requests by signature */
    const struct trust *ras;          /* whose certificates with id-kp-cmcRA act for others; NULL: nobody's */
    const struct cmp_agent *agents;
    size_t agent_count;
    const struct trust *agent_trust; /* their certificates, and the CA that has issued others */
    struct cmp_algorithms algorithms;
    const struct signature_algorithm *answer_algorithm; /* signs answers; NULL: what goes with the key */
    struct tolerance_counts *counts;         /* of the tolerances that it makes use of; NULL: nobody counts */
    size_t number;                           /* among cmp_profile_names */
    const struct cmp_authorizer *authorizer; /* asked before a certificate is issued; NULL: nobody is */
    const struct bytes *extra_certs;         /* in ip, cp and kup after those of the CA */
    size_t extra_cert_count;
    struct cmp_general general;
};

/* cmp_answering_certificate returns the one that signs answers of |profile| (answer.signed_by). */
const struct certificate *cmp_answering_certificate(const struct cmp_profile *profile);

/* cmp_signs_until returns until when |profile| can issue (Unix seconds): then the certificate of its CA, one
 * above that, or the one that signs its answers has ended, and no station would take what it gets. */
int64_t cmp_signs_until(const struct cmp_profile *profile);

/* cmp_profile_names is the names of profiles in metrics. */
extern struct metric_names cmp_profile_names;

enum { CMP_FINGERPRINT = 32 }; /* octets of a certificate's SHA-256 */

/* struct cmp_blocked is a certificate that no path may lead through. */
struct cmp_blocked {
    uint8_t hash[CMP_FINGERPRINT];
    const char *setting; /* that says so: "vendors[0].blocked[1]" */
};

/* struct cmp_crl is a CRL of a CA above one of ours, as its operator has made it. */
struct cmp_crl {
    const char *name; /* of its file, without what follows the last dot: at most BOUND_CRL_FILE_NAME octets */
    struct bytes der;
    struct bytes issuer;              /* DER of the name */
    int64_t number;                   /* cRLNumber; -1: it has none */
    int64_t this_update, next_update; /* Unix seconds */
};

/* struct cmp_upstream is a CA whose announcements are taken, by one of its certificates. */
struct cmp_upstream {
    const char *name;
    struct bytes certificate; /* DER: what its key signs counts, and nothing that it issued */
};

struct cmp_recorded;

struct cmp_settings {
    const struct cmp_profile *const *profiles;
    size_t profile_count;
    const struct cmp_profile *default_profile;
    const struct config_vendor *vendors;
    size_t vendor_count;
    struct tolerance_counts *const *vendor_counts; /* of each of them; NULL: nobody counts */
    const struct cmp_blocked *blocked;             /* in the order of their hashes */
    size_t blocked_count;
    const struct cmp_approver *approvers;
    size_t approver_count;
    const struct cmp_upstream *upstreams;
    size_t upstream_count;
    const struct trust *upstream_trust; /* their certificates; NULL: there are none */
    const struct seal_key *seal_key;    /* opens MAC secrets; NULL: none can be opened */
    const struct cmp_crl *crls;         /* of CAs above ours */
    size_t crl_count;
    struct cmp_recorded *recorded; /* how often whom was refused; NULL: all refusals are recorded */
};

/* cmp_recorded_new returns that nobody was refused; NULL without memory. */
struct cmp_recorded *cmp_recorded_new(void);

/* cmp_recorded_free frees it. NULL is allowed. */
void cmp_recorded_free(struct cmp_recorded *recorded);

/* struct cmp_route is what the transport already knows of a request. */
struct cmp_route {
    const struct cmp_profile *profile; /* named by the path, or NULL */
    int body;                          /* the body that the path's operation label stands for, or -1 */
    int info;                          /* enum pki_info that it stands for, or 0 */
};

/* ---- wants ---- */

/* struct cmp_device is the device that a request is from, or that its certificate was issued to. */
struct cmp_device {
    struct bytes vendor;            /* its name in the configuration */
    struct bytes identity;          /* what the vendor's rule reads in its certificate, normalized */
    struct bytes id;                /* both, as the store knows them: STORE_HASH octets */
    const struct store_device *row; /* what the store has of it; NULL: it is not listed */
};

/* cmp_device_id writes the hash by which the store knows the device |identity| of |vendor| at the CA |issuer|
 * (STORE_ISSUER_ID octets), and returns it. Capital letters of ASCII are as small ones in |identity|. */
struct bytes cmp_device_id(uint8_t out[STORE_HASH], struct bytes issuer, struct bytes vendor,
                           struct bytes identity);

/* cmp_announcement_key writes by what the store knows the newest announcement by |body| (PKIBody) of
 * |upstream|, whose name has STORE_NAME_MAX octets at most, and returns it. */
struct bytes cmp_announcement_key(uint8_t out[STORE_ANNOUNCEMENT_KEY_MAX], int body, struct bytes upstream);

/* struct cmp_decision asks policy for a certificate. */
struct cmp_decision {
    /* In. */
    const struct cmp_profile *profile;
    const struct cmp_device *device; /* NULL: it is not known which */
    const struct cert_request *request;
    const struct public_key *key;     /* of the request, parsed */
    const struct certificate *signer; /* that protects the request, or NULL */
    const struct certificate *update; /* the certificate that a kur updates, or NULL */
    int by_own;                       /* 1: this CA issued |signer| */
    int by_ra;                        /* 1: |signer| is an RA that acts for another */
    const struct config_agent *agent; /* that |signer| is, and acts for another; NULL: it is none */
    struct bytes reference;           /* of the secret that protects it, or empty */
    const struct cmp_names *names;    /* that an authorizer gives the device; NULL: none did */
    int is_approved;                  /* 1: what was approved is issued, but for its serial and times: */
    struct bytes approved;            /* … this TBSCertificate */
    unsigned approved_shard;          /* of that */
    int64_t now;                      /* Unix seconds */
    struct arena *arena;

    /* Out. */
    int granted;
    int undecided;              /* 1: it is not, because memory was short */
    enum pki_failure fail_info; /* if not granted */
    const char *text;           /* statusString: what to do about it */
    const char *detail;         /* what only the operator is told: where and why; or NULL */
    const char *setting;        /* of the profile, that is why ("keys.types"), or "profiles[0]…"; or NULL */
    const char *stranger;       /* if granted: a name that approve.names do not let pass by itself; or NULL */
    int64_t not_before, not_after;
    struct bytes subject; /* DER */
    struct bytes serial;  /* STORE_SERIAL octets */
    unsigned shard;       /* of the CRL that the certificate names; 0: none */
    struct bytes tbs;     /* TBSCertificate to be signed by the profile's CA */
};

/* Whom a profile asks before it issues: config_authorize, and what was read from its files. Whoever asks
 * counts in |parked|. */
struct cmp_authorizer {
    const struct config_authorize *config;
    const struct hmac_key *key; /* signs questions (crypto/hex_key.h) */
    atomic_uint *parked;
};

enum cmp_verdict {
    CMP_VERDICT_NONE, /* nobody answered, or nothing that is a verdict */
    CMP_VERDICT_ALLOW,
    CMP_VERDICT_DENY,
};

/* struct cmp_names is what an authorizer calls a device: as in names.subject and names.san of a profile,
 * without variables. */
struct cmp_names {
    const char *subject[BOUND_VERDICT_NAMES], *san[BOUND_VERDICT_NAMES];
    size_t subject_count, san_count; /* 0: as the profile has it */
};

/* struct cmp_question asks whether a certificate may be issued (server/authorize/authorize.h). */
struct cmp_question {
    /* In. */
    const struct cmp_authorizer *authorizer;
    const struct cmp_decision *decision; /* granted */
    const char *body;                    /* "ir" */
    struct bytes transaction_id;
    struct bytes request_hash; /* SHA-256 of the request: the same again has the same */
    struct bytes key_hash;     /* SHA-256 of the SubjectPublicKeyInfo that is to be certified */
    struct bytes asker;        /* who asks: the key that signs, or the reference of the secret */
    int asks_for_many;         /* an RA, an agent, or who has a secret that may be used again */
    struct arena *arena;

    /* Out. */
    enum cmp_verdict verdict;
    const char *reason; /* of a denial, or why there is no verdict: for the log; or NULL */
    const char *text;   /* what the station is told of a denial; or NULL */
    struct cmp_names names;
};

struct cmp_message;

/* struct cmp_admission asks whether messages may be taken up that came in another one (RFC 9483 5.2.2): first
 * for their number, before they are started, then for each. Then they have just started, and nothing that
 * they want is wanted yet: each may be refused by cmp_refuse_guess or cmp_refuse_busy, as if it had come
 * alone. */
struct cmp_admission {
    /* In. */
    struct cmp_message *const *messages; /* NULL: their number alone */
    size_t count;

    /* Out. */
    const char *why; /* statusString: why none of them is; NULL: they are */

    int is_judged; /* of whoever judges: 1: it has */
};

enum cmp_want_kind {
    CMP_WANT_ADMIT,
    CMP_WANT_FETCH,
    CMP_WANT_MAC,
    CMP_WANT_VERIFY,
    CMP_WANT_DECIDE,
    CMP_WANT_ASK,
    CMP_WANT_SIGN,
    CMP_WANT_COMMIT,
    CMP_WANT_KINDS
};

struct cmp_mac {
    const struct mac_algorithm *algorithm;
    struct bytes secret;
    struct mac_key *key; /* filled by mac_derive; its len stays 0 on failure */
};

/* struct cmp_want is one thing that a step wants: an item of the message's own, whose result fields whoever
 * serves it fills in. */
struct cmp_want {
    struct cmp_want *next;
    enum cmp_want_kind kind;
    union {
        struct cmp_admission *admit;
        struct store_fetch *fetch;
        struct cmp_mac *mac;
        struct verification *verify;
        struct cmp_decision *decide;
        struct cmp_question *ask;
        struct signing *sign;
        struct store_unit *commit;
    } u;
};

/* ---- a message ---- */

/* cmp_start decodes |request| and takes the first step. |now_ms| is Unix milliseconds. The message and all
 * that it makes live in |arena|, but keys, which cmp_end frees. Returns NULL when the arena is used up. */
struct cmp_message *cmp_start(struct arena *arena, const struct cmp_settings *settings,
                              const struct cmp_route *route, struct bytes request, int64_t now_ms);

/* cmp_wants returns the wants of the step that was taken: a list of any length. NULL: the message is done,
 * cmp_result has it. */
const struct cmp_want *cmp_wants(const struct cmp_message *message);

/* cmp_resume takes the next step, after every want has been served. |now_ms| as above. */
void cmp_resume(struct cmp_message *message, int64_t now_ms);

/* cmp_price_us returns what the peer's choices will cost in verifications and MACs, in microseconds; the
 * server's own signatures, whose cost the operator chose, are not in it. Known once it is decoded; that of
 * messages in it is added when they are, which is when it is known who has sent them. */
uint64_t cmp_price_us(const struct cmp_message *message);

/* cmp_reference returns the senderKID of a MAC-protected request, or an empty view: whom a quota counts. Of a
 * part of a message the secret was tried with the whole. */
struct bytes cmp_reference(const struct cmp_message *message);

/* cmp_refuse_guess refuses a MAC-protected message that has just started as one whose MAC is wrong, without
 * a look at it: who sent it was wrong too often. A message that is refused already stays as it is. */
void cmp_refuse_guess(struct cmp_message *message);

/* cmp_refuse_busy refuses a message that has just started likewise, by systemUnavail with |text|. */
void cmp_refuse_busy(struct cmp_message *message, const char *text);

/* struct cmp_result is the answer, and what a log line needs. */
struct cmp_result {
    enum job_end end;
    struct bytes reply; /* PKIMessage; empty only when memory is used up */
    const char *event;  /* "certificate issued", "request refused", … */
    int carried;        /* 1: it carried other messages, of which each has a result of its own */
    int refused;        /* 1: the answer is a rejection or an error */
    enum pki_failure fail_info;
    const char *text;             /* statusString sent, or NULL */
    const char *detail;           /* what only the operator is told, or NULL */
    const char *setting;          /* why it is refused: "profiles[0].once.slots"; or NULL: no setting is */
    const char *warning;          /* of what was granted all the same, or NULL */
    int authenticated;            /* 1: the protection was right, whatever became of the request */
    int mac_wrong;                /* 1: the MAC, or the reference that it was made for */
    int request_body, reply_body; /* enum pki_body; -1: unknown */
    const char *profile;          /* name, or NULL … */
    size_t profile_number;        /* … and its number among cmp_profile_names */
    struct bytes transaction_id;
    struct bytes sender;    /* DER name, or empty */
    struct bytes nested_by; /* DER name of the RA in whose nested message it came; empty: it came alone */
    struct bytes reference; /* senderKID if the request was MAC-protected, or empty */
    struct bytes serial;    /* of the certificate concerned, or empty */
    struct bytes subject;   /* DER name of the certificate issued, or empty */
    const char *device;     /* "VENDOR IDENTITY" of who asked for a certificate, or NULL */
    uint64_t deprecated;    /* algorithms that are, and were made use of, a bit (1 << number) each */
    unsigned tolerated;     /* what was taken by a tolerance alone, a bit (1 << enum tolerance) each … */
    struct tolerance_counts *counts[2]; /* … and where that is to be counted; NULL: nowhere */
};

/* cmp_result gives the answer of a message that is done. */
void cmp_result(const struct cmp_message *message, struct cmp_result *out);

/* cmp_end frees what does not live in the arena and wipes secrets. NULL is allowed. */
void cmp_end(struct cmp_message *message);

/* cmp_seal_secret seals the MAC secret of |reference| at the CA |issuer| (STORE_ISSUER_ID octets) for the
 * store; a message opens it in the same context only. 1 or 0. */
int cmp_seal_secret(struct bytes *box, struct arena *arena, const struct seal_key *key, struct bytes issuer,
                    struct bytes reference, struct bytes secret);

/* cmp_overload_answer writes an unprotected error from what can be read of |request|'s header (transactionID,
 * senderNonce, sender): for overload, and for requests that reach no profile. Returns 1, or 0 without memory.
 */
int cmp_overload_answer(struct bytes *out, struct arena *arena, struct bytes request,
                        enum pki_failure fail_info, const char *text);

#endif
