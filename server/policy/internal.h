/* internal.h: what the files of server/policy share. */
#ifndef CMPD_POLICY_INTERNAL_H
#define CMPD_POLICY_INTERNAL_H

#include <stdatomic.h>

#include "crypto/der.h"
#include "server/policy/renewals.h"

enum {
    POLICY_PURPOSES_MAX = 16,
    POLICY_OID_MAX = 32,
    POLICY_REQUESTS_MAX = 32,
    POLICY_NAMES_MAX = 16,
    POLICY_TYPE_MAX = 16,     /* octets of the type of a name, with a NUL */
    POLICY_VARIABLE_MAX = 32, /* octets of what ${…} holds, with a NUL */
    POLICY_VALUE_MAX = 256,   /* octets of a name's value that a template makes, with a NUL */
    POLICY_NF_TYPES_MAX = 16,
    POLICY_DIGEST = 32,
    POLICY_SETTING = 96 /* octets of the place of a setting, with a NUL */
};

/* struct request_rule is one entry of honour or refuse. */
struct request_rule {
    const char *name; /* as in the configuration */
    uint8_t oid_octets[POLICY_OID_MAX];
    struct bytes oid; /* of an extension, or empty: validity, issuer, other */
};

struct request_rules {
    struct request_rule rules[POLICY_REQUESTS_MAX];
    size_t count;
};

/* struct name_template is "CN=VALUE" or "DNS:VALUE", taken apart; ${…} in the value stands for a part of the
 * request. */
struct name_template {
    char type[POLICY_TYPE_MAX];
    const char *value; /* ${mcc} and ${mnc} are replaced already */
    const char *place; /* "profiles[0].names.subject[1]" */
    int is_san;        /* 1: of subjectAltName, else of subject */
};

/* struct profile is a cmp_profile with what only decisions need. */
struct profile {
    struct cmp_profile cmp; /* first: a cmp_profile of ours is converted back */
    struct trust trust, ras, agent_trust;
    struct cmp_agent *agents;
    unsigned key_usage;
    struct certificate_extension nf_types; /* without an OID: none */
    unsigned criticality;                  /* as struct certificate_plan has it */
    uint8_t purpose_oids[POLICY_PURPOSES_MAX][POLICY_OID_MAX];
    struct bytes purposes[POLICY_PURPOSES_MAX];
    size_t purpose_count;
    struct bytes *urls; /* certificate_prepare_urls: of each shard from 1 on; [0]: of no shard */
    unsigned shards;    /* 0: its certificates are in none */
    struct name_template subject[POLICY_NAMES_MAX], san[POLICY_NAMES_MAX];
    size_t subject_count, san_count;
    int takes_names; /* 1: something of the requested subject comes into the certificate */
    struct request_rules honour, refuse;
    struct bytes extra_certs[BOUND_EXTRA_CERTS];
    size_t extra_cert_count;
    struct certificate_extension cross[2]; /* of the CAs that it certifies */
    size_t cross_count;
    unsigned key_kinds;               /* bit of each accepted enum key_kind */
    struct cmp_authorizer authorizer; /* without a config: nobody is asked */
    struct hmac_key *authorizer_key;
    atomic_uint parked; /* requests that wait for its answer */
};

/* struct own_certificate is what is known of a CA's own certificate, beside which one is used. */
struct own_certificate {
    int is_issued;                   /* 1: the CA has issued it, and can again */
    uint8_t key[STORE_RENEWAL_KEY];  /* of its row in the store: by the key of the file's certificate */
    const struct store_renewal *row; /* in use in the place of the file; NULL: the file is */
};

struct authority {
    struct cmp_authority cmp;
    struct private_key *key, *cmp_key, *crl_key; /* crl_key NULL: |key| signs CRLs */
    struct private_key *former_key;  /* of the CMP certificate before; NULL: it is |cmp_key|, or none */
    struct bytes chain[BOUND_CHAIN]; /* from the issuer of the issuing certificate to the root */
    size_t chain_count;
    struct own_certificate own[POLICY_USES];
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
    uint8_t digest[POLICY_DIGEST]; /* of what has been read until now */
    struct cmp_settings settings;
    struct cmp_approver approvers[BOUND_APPROVERS];
    struct public_key *approver_keys[BOUND_APPROVERS];
    struct cmp_upstream upstreams[BOUND_UPSTREAM_CERTIFICATES];
    struct trust upstream_trust;
    struct cmp_crl crls[BOUND_CRL_FILES];
    size_t crl_count;
    struct tolerance_counts **vendor_counts;
    struct crl_set **vendor_crls; /* of each vendor; NULL: it has none */
    uint64_t vendor_crl_stamp;    /* of their files, before they were read */
    uint64_t tls_stamp;           /* of the TLS files of listeners, likewise */
    struct expiry *expiries;
    size_t expiry_count;
    struct policy_renewals *renewals; /* NULL: none are known */
    int64_t loaded_at;                /* Unix seconds: as of when files were judged */
};

/* policy_hash_file adds a certificate that was read, policy_hash_finish the rest, to what policy_hash tells.
 */
void policy_hash_file(struct policy *policy, struct bytes certificate);
void policy_hash_finish(struct policy *policy);

/* policy_note_certificates adds the |count| certificates |ders|, which live as long as |policy|, of |file| in
 * the setting |name| to what ends (expiry.h); policy_note_crls adds all CRLs. 1, or 0 without memory. */
int policy_note_certificates(struct policy *policy, const char *name, const char *file,
                             const struct bytes *ders, size_t count);
int policy_note_crls(struct policy *policy);

/* policy_note_late notes that what the setting |name| has harms few when it ends, for its vendor has
 * late_days. */
void policy_note_late(struct policy *policy, const char *name);

/* policy_note_own notes that the CA renews what the setting |name| has; policy_note_renewed that |cert|, from
 * the store, is used in its place. */
void policy_note_own(struct policy *policy, const char *name);
void policy_note_renewed(struct policy *policy, const char *name, const struct certificate *cert);

/* policy_use_renewed finds out whether cas[i] has issued its own certificate for |use|, which is loaded, and
 * puts what was renewed in its place. 1, or 0 without memory. policy_open_own then opens the key of the one
 * in use: the file's, or the one that it was renewed with; NULL with |fault| written. */
int policy_use_renewed(struct policy *policy, size_t i, enum policy_use use);
struct private_key *policy_open_own(struct config_fault *fault, struct policy *policy, size_t i,
                                    enum policy_use use);

/* policy_take_former has what began before the CMP certificate of cas[i] answered under the one before, as
 * far as the store has that. */
void policy_take_former(struct policy *policy, size_t i);

/* policy_read_pem reads the certificates of PEM file |path| into |out| (at most |max|), which live in the
 * policy's arena. |key| is the setting's name for faults. Returns how many, or 0 with |fault| written. */
size_t policy_read_pem(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                       struct bytes *out, size_t max);

/* policy_read_certificate reads the first certificate of |path| alone: its chain may follow. 1, or 0
 * with |fault| written. */
int policy_read_certificate(struct config_fault *fault, struct policy *policy, const char *key,
                            const char *path, struct bytes *out);

/* policy_read_crl reads the CRL of |path|, PEM or DER, a file of at most |limit| octets, into malloc'ed
 * |*der|. |remedy| tells what to do. It is not looked into. 1, or 0 with |fault| written. */
int policy_read_crl(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                    size_t limit, const char *remedy, uint8_t **der, size_t *len);

/* policy_read_private reads what only its owner may read; |*text| is wiped and freed by the caller. 1, or 0
 * with |fault| written. */
int policy_read_private(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                        uint8_t **text, size_t *len);

/* policy_read_key reads a private key from a file that only its owner can read. NULL with |fault| written. */
struct private_key *policy_read_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *path);

/* policy_open_key makes the private key usable that |name|, a file or a pkcs11: URI, stands for; it must
 * belong to |spki|, the public key in the certificate of setting |certificate|. NULL with |fault| written. */
struct private_key *policy_open_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *name, struct bytes spki, const char *certificate);

/* policy_load_authority fills authorities[i] from cas[i]; policy_load_profile likewise. 1, or 0 with |fault|.
 */
int policy_load_authority(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);
int policy_load_profile(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);

/* policy_link_profiles finds the former of each profile, once all are loaded. */
void policy_link_profiles(struct policy *policy);

/* policy_load_roots reads previous and next of cas[i], whose chain is known. policy_load_general makes what
 * profiles[i], all else of which is known, answers to general messages. 1, or 0 with |fault|. */
int policy_load_roots(struct config_fault *fault, struct policy *policy, size_t i);
int policy_load_general(struct config_fault *fault, struct policy *policy, size_t i, int64_t now);

/* policy_usage_for returns the bits of |usage| (KEY_USAGE_…) that a key of |kind| can live up to. */
unsigned policy_usage_for(unsigned usage, enum key_kind kind);

/* policy_load_approvers reads who may approve requests, policy_free_approvers frees their keys. 1, or 0 with
 * |fault|. */
int policy_load_approvers(struct config_fault *fault, struct policy *policy);
void policy_free_approvers(struct policy *policy);

/* policy_load_upstreams reads whose announcements are taken. 1, or 0 with |fault|. */
int policy_load_upstreams(struct config_fault *fault, struct policy *policy);

/* policy_load_crls reads the CRLs that crl.files names, once all CAs are loaded. 1, or 0 with |fault|. */
int policy_load_crls(struct config_fault *fault, struct policy *policy);

/* policy_add_vendor adds the anchors and intermediates of vendors[v] to |trust|. 1, or 0 with |fault|. */
int policy_add_vendor(struct config_fault *fault, struct policy *policy, struct trust *trust, size_t v,
                      int64_t now);

/* policy_fetched_file returns the path, malloc'ed, of the file for what is fetched from |url|, one of the
 * crl_urls of vendors[v]; NULL without memory. */
char *policy_fetched_file(const struct config *config, size_t v, const char *url);

/* policy_fetched_item returns what was loaded of that, or NULL. */
const struct crl_set_item *policy_fetched_item(const struct policy *policy, size_t v, const char *url);

/* policy_load_fetched adds to |set| what was fetched for vendors[v]. What is not there, or of no use, is as
 * if it had not been fetched. 1, or 0 without memory. */
int policy_load_fetched(struct policy *policy, struct crl_set *set, size_t v);

/* policy_load_vendor_crls reads the CRLs of all vendors, before any profile. 1, or 0 with |fault|. */
int policy_load_vendor_crls(struct config_fault *fault, struct policy *policy, int64_t now);

/* policy_load_vendors adds what the vendors |names| trust to |trust|: anchors, and intermediates that were
 * verified up to one. 1, or 0 with |fault|. */
int policy_load_vendors(struct config_fault *fault, struct policy *policy, struct trust *trust,
                        const struct config_list *names, int64_t now);

/* policy_check_operator checks the operator's numbers. 1, or 0 with |fault|. */
int policy_check_operator(struct config_fault *fault, const struct policy *policy);

/* policy_put_operator returns |value| with the operator's numbers in the places of ${mcc} and ${mnc}, or NULL
 * with |fault|: |key|, where it stands, has one that the file does not. */
const char *policy_put_operator(struct config_fault *fault, struct policy *policy, const char *key,
                                const char *value);

/* policy_given_subject writes the subject that |names| has, policy_given_san its GeneralNames, which must not
 * be none. 1, or 0 if they are none, or without memory. */
int policy_given_subject(struct bytes *out, struct arena *arena, const struct cmp_names *names);
int policy_given_san(struct bytes *out, struct arena *arena, const struct cmp_names *names);

/* policy_load_authorizer reads whom profiles[i] has asked. 1, or 0 with |fault|. policy_free_authorizer frees
 * that. */
int policy_load_authorizer(struct config_fault *fault, struct policy *policy, size_t i);
void policy_free_authorizer(struct profile *profile);

/* policy_check_variables returns 1 if each ${…} in |value| is known. |*count| counts them, |*takes_names| is
 * set if one is of the requested subject. */
int policy_check_variables(const char *value, unsigned *count, int *takes_names);

/* policy_load_algorithms reads what profiles[i] accepts and answers with, once its CA is known. Likewise. */
int policy_load_algorithms(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_next_requested finds the next ${ATTRIBUTE} of the requested subject in |*value|, which it leaves
 * behind that. 1, or 0: there is none. */
int policy_next_requested(char attribute[POLICY_VARIABLE_MAX], const char **value);

/* policy_load_names reads subject and san of profiles[i]. 1, or 0 with |fault|. */
int policy_load_names(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_add_general_name adds a GeneralName of the form |type|, "DNS" or another that a template may have.
 * policy_build_name writes the name that |template| alone makes with |value|: a Name, or GeneralNames. Both
 * return 1, or 0 if the value is none of its type. */
int policy_add_general_name(CBB *names, const char *type, const char *value);
int policy_build_name(struct bytes *out, struct arena *arena, const struct name_template *template,
                      const char *value);

/* struct policy_certificate is what a decision has come to so far. */
struct policy_certificate {
    struct bytes subject, san;
    int64_t not_before, not_after;
    unsigned key_usage;
    struct bytes purposes[POLICY_PURPOSES_MAX];
    size_t purpose_count;
    struct certificate_extension
        others[BOUND_EXTENSIONS + 3]; /* those of the profile, and what is asked for */
    size_t other_count;
};

/* policy_refuse makes |decision| a refusal. Returns 0. */
int policy_refuse(struct cmp_decision *decision, enum pki_failure fail_info, const char *text);

/* policy_by notes that |setting| of the profile ("keys.types"), or a whole one, is why it is refused. Returns
 * |decided|, what the refusal returned. */
int policy_by(struct cmp_decision *decision, const char *setting, int decided);

/* struct policy_origin is what variables in templates stand for. */
struct policy_origin {
    struct arena *arena;
    struct bytes requested;          /* ${ATTRIBUTE}: of this subject */
    struct bytes signer;             /* ${signer.ATTRIBUTE}; empty: none */
    struct bytes reference;          /* ${reference} */
    const struct cmp_device *device; /* ${device.…}, ${vendor}; NULL: it is not known which */
};

/* policy_refuse_name refuses for what |template| makes: |text| is for the one who asks, |detail| for the
 * operator, beside the setting's place. Returns 0. */
int policy_refuse_name(struct cmp_decision *decision, const struct name_template *template,
                       const char *detail, const char *text);

/* policy_expand writes the value of |template| with its variables replaced, in a subjectAltName only by what
 * may stand in the name of a host. 1, or 0 after policy_refuse: one has no value, or one that may not, or all
 * of it is too long. */
int policy_expand(char out[POLICY_VALUE_MAX], struct cmp_decision *decision,
                  const struct policy_origin *origin, const struct name_template *template);

/* policy_decide_names settles subject and san. 1, or 0 after policy_refuse. */
int policy_decide_names(struct cmp_decision *decision, const struct profile *profile,
                        struct policy_certificate *out);

/* policy_load_nf_types reads certificate.nf_types of profiles[i]. 1, or 0 with |fault|. */
int policy_load_nf_types(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_load_requests reads honour and refuse of profiles[i]. 1, or 0 with |fault|. */
int policy_load_requests(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_takes returns 1 if no request of |profile| is refused for asking for the extension |oid|. */
int policy_takes(const struct profile *profile, struct bytes oid);

/* policy_honours returns 1 if |profile| takes the extension |oid| from a request. */
int policy_honours(const struct profile *profile, struct bytes oid);

/* policy_decide_requests settles everything else that a request may ask for: validity, key usage, purposes,
 * other extensions. |out| holds the profile's own and is changed. 1, or 0 after policy_refuse. */
int policy_decide_requests(struct cmp_decision *decision, const struct profile *profile,
                           struct policy_certificate *out);

/* policy_check_identities holds what vendors say of identities against itself; policy_check_devices what
 * profiles[i] says of devices against that. 1, or 0 with |fault|. */
int policy_check_identities(struct config_fault *fault, const struct policy *policy);
int policy_check_devices(struct config_fault *fault, const struct policy *policy, size_t i);

/* policy_load_blocked reads what vendors' settings block. 1, or 0 with |fault|. */
int policy_load_blocked(struct config_fault *fault, struct policy *policy);

/* policy_load_cross reads cross of profiles[i], whose CA is known. 1, or 0 with |fault|. */
int policy_load_cross(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_fits_profile returns 1 if |cert| is a CA's where |profile| certifies CAs, as it says, and none's
 * where it does not. */
int policy_fits_profile(const struct profile *profile, const struct certificate *cert);

/* policy_load_agents reads accept.agents of profiles[i], whose CA is known. 1, or 0 with |fault|. */
int policy_load_agents(struct config_fault *fault, struct policy *policy, size_t i);

/* policy_load_listeners reads the TLS files of all listeners and holds them against each other. 1, or 0 with
 * |fault|. */
int policy_load_listeners(struct config_fault *fault, struct policy *policy, int64_t now);

#endif
