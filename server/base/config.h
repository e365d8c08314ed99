/* config.h: cmpd.yaml, read into plain values. What the values mean (files to load, references between parts)
 * is checked by the rooms that use them; this module knows form only.
 *
 * Loaded once, never changed. A fault names file, line, what is wrong, and what to write instead. */
#ifndef CMPD_BASE_CONFIG_H
#define CMPD_BASE_CONFIG_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "log.h"
#include "tolerance.h"

struct config_source;

/* struct config_list is a list of texts: words, names, files. */
struct config_list {
    const char *const *items;
    size_t count;
};

enum config_front { CONFIG_FRONT_AUTO, CONFIG_FRONT_IO_URING, CONFIG_FRONT_EPOLL };

struct config_tls {
    const char *certificate; /* PEM file: certificate and its chain */
    const char *key;         /* PEM file, mode 0600 */
    const char *client_ca;   /* PEM file of anchors for client certificates, or NULL: none asked for */
    int client_required;     /* 1: a handshake without a client certificate fails */
    int rsa_key_exchange;    /* 1: TLS 1.2 without forward secrecy is taken, too; for old stations */
};

/* What a listener may serve, a bit each. */
enum config_service {
    CONFIG_SERVE_CMP = 1,         /* messages of CMP */
    CONFIG_SERVE_PUBLICATION = 2, /* what anybody may fetch */
    CONFIG_SERVE_HEALTH = 4,      /* whether this node lives and is ready */
    CONFIG_SERVE_ADMIN = 8,       /* what only the operator may see */
    CONFIG_SERVE_OCSP = 16,       /* whether certificates are revoked */
};

struct config_listener {
    const char *address;    /* "127.0.0.1:8829", "[::1]:8829", ":8829" for every address */
    struct config_tls *tls; /* NULL: plain HTTP */
    unsigned serves;        /* of enum config_service */
    int proxy_protocol;     /* 1: a trusted proxy begins each connection with a PROXY v2 header */
};

struct config_limits {
    uint32_t message_bytes;          /* largest request body; larger: 413 */
    uint32_t header_bytes;           /* largest HTTP header; larger: 400 or 431, connection closed */
    uint32_t connections;            /* open connections of the process; beyond: closed at accept */
    uint32_t memory_mib;             /* what connections and jobs hold; beyond: closed, 503, REFUSED_STREAM */
    uint32_t connections_per_source; /* … of one source; beyond: closed at accept */
    uint32_t requests_per_source;    /* jobs alive of one source; beyond: 503 */
    uint32_t idle_seconds;           /* a kept connection without a request */
    uint32_t read_seconds;           /* from a request's first octet to its last */
    uint32_t streams;                /* concurrent HTTP/2 streams of a connection */
    uint32_t resets;          /* HTTP/2 streams reset by the peer per connection and minute; beyond: GOAWAY */
    uint32_t queue_jobs;      /* jobs waiting for a worker; beyond: 503 */
    uint32_t jobs;            /* jobs alive in the process; beyond: 503 */
    uint32_t slow_queue_jobs; /* jobs waiting in the slow lane; beyond: systemUnavail */
    uint32_t slow_jobs_per_peer; /* jobs of one reference, and of one source, in the slow lane */
    uint32_t slow_job_us;        /* a job priced above it goes to the slow lane */
    uint32_t drain_seconds;      /* SIGTERM: how long accepting goes on while readiness fails */
    uint32_t stop_seconds;       /* SIGTERM: after draining, when the process ends at the latest */
};

struct config_threads {
    uint32_t front;   /* 0: chosen from the number of processors */
    uint32_t workers; /* 0: chosen likewise */
    uint32_t slow;    /* workers of the slow lane, at least 1 */
    uint32_t token;   /* sessions of each token that signs: signatures that it makes at the same time */
};

/* A root that another follows, or has followed (RFC 9810 4.4). */
struct config_root_change {
    const char *certificate;  /* PEM file: the other root, self-signed */
    const char *new_with_old; /* PEM file: the newer root's key, signed by the older root */
    const char *old_with_new; /* PEM file: the other way round; NULL: there is none */
};

/* Whom a CA tells by itself what has happened (RFC 9811 3.5). */
struct config_announce {
    struct config_list urls;
    int revocations;  /* 1: rann */
    int crls;         /* 1: crlann */
    int roots;        /* 1: ckuann */
    int certificates; /* 1: cann */
};

struct config_ca {
    const char *name;
    const char *certificate;     /* PEM file: the issuing certificate */
    const char *key;             /* PEM file, mode 0600, or a pkcs11: URI (RFC 7512) */
    struct config_list chain;    /* PEM files from its issuer up to the root */
    const char *cmp_certificate; /* PEM file: signs CMP answers, issued by this CA or its root */
    const char *cmp_key;         /* as key */
    const char
        *crl_certificate; /* PEM file: signs CRLs, of the name of |certificate|; NULL: |certificate| does */
    const char *crl_key;  /* as key */
    const struct config_root_change *previous, *next; /* the root before and after that of chain, or NULL */
    const struct config_announce *announce;           /* NULL: nobody is told */
};

/* What tells the devices of a vendor apart, in its certificates. */
enum config_identity {
    CONFIG_IDENTITY_NONE,
    CONFIG_IDENTITY_SERIAL_NUMBER, /* the attribute serialNumber of the subject */
    CONFIG_IDENTITY_CN,
    CONFIG_IDENTITY_DNS,    /* the first dNSName of subjectAltName */
    CONFIG_IDENTITY_URI,    /* its first uniformResourceIdentifier */
    CONFIG_IDENTITY_MODULE, /* its first hardwareModuleName (RFC 4108 section 5): "HWTYPE/SERIAL" */
};

struct config_vendor {
    const char *name;
    enum config_identity identity;
    const char *identity_pattern; /* "PREFIX*SUFFIX": what stands at the star is the identity; NULL: all */
    struct config_list anchors;   /* PEM files, self-signed or not: trusted as they are */
    struct config_list intermediates;        /* PEM files: help to build paths, not trusted by themselves */
    struct config_list blocked;              /* PEM files: certificates that no path may lead through … */
    struct config_list blocked_fingerprints; /* … and those with such a SHA-256, in hexadecimal */
    struct config_list crls;                 /* PEM or DER: what says which of its certificates are revoked */
    struct config_list crl_urls;             /* where more of those are fetched from */
    uint32_t crl_fetch_minutes;              /* between two looks there */
    int crl_stale_hours;                     /* for which one of those counts after its nextUpdate */
    uint32_t late_days;                      /* for which a station's certificate counts after its notAfter */
    struct config_list tolerate;             /* "NAME", "NAME until YYYY-MM-DD" … */
    struct tolerances tolerances;            /* … read: for what its certificates protect */
};

enum config_header { CONFIG_HEADER_RFC9810, CONFIG_HEADER_RFC9483 };

/* What protects a request, a bit each. */
enum config_credential {
    CONFIG_BY_SECRET = 1,
    CONFIG_BY_VENDOR = 2, /* a certificate that a vendor of the profile has issued */
    CONFIG_BY_OWN = 4,    /* one that this CA has issued */
    CONFIG_BY_RA = 8,
    CONFIG_BY_AGENT = 16,
};

/* Who has no certificate of an RA, and enrolls for others all the same: for some names, and so often. */
struct config_agent {
    const char *name;
    const char *certificate;  /* PEM file: this one; or NULL */
    const char *profile;      /* name: every one that the CA has issued under it; or NULL */
    struct config_list names; /* "CN=*.du.example", "DNS:…": what it may ask for */
    uint32_t per_day;         /* certificates, by UTC, of the agent under this profile; 0: any number */
};

/* What a request must be like to be looked at, and whose it may be. */
struct config_accept {
    struct config_list vendors;      /* names of config_vendor whose certificates may protect requests */
    int own_certificates;            /* 1: certificates that this profile issued may, too */
    struct config_list own_profiles; /* … and those that these profiles issued */
    struct config_list ras;          /* names of config_vendor whose certificates with cmcRA act for others */
    uint32_t nested; /* messages that one of an RA's nested messages may carry; 0: none is taken */
    const struct config_agent *agents;
    size_t agent_count;
    int find_signer; /* 1: a signer's certificate that extraCerts lacks is looked for in the store */
    enum config_header header;
    uint32_t message_time_seconds; /* largest difference of messageTime to our clock; 0: not checked */
    int message_time_required;
    unsigned ir_by, cr_by, p10cr_by; /* of enum config_credential: what may protect them */
    struct config_list signatures;   /* names of signature algorithms; none: all that there are */
    struct config_list macs;         /* "PBMAC1", "hmacWithSHA256", …; none: those that are no choice */
    uint32_t min_strength;           /* bits of security of algorithms, and of the keys that protect */
    struct config_list deprecated;   /* "NAME", "NAME until YYYY-MM-DD": of either list */
};

/* What shared secrets may do, and what their MACs may ask for. */
struct config_mac {
    int allowed;       /* 1: shared secrets may protect requests */
    uint32_t per_day;  /* certificates of a reference, by UTC; 0: any number */
    uint32_t open;     /* of a reference, that await certConf at the same time; 0: any number */
    uint32_t requests; /* in one message */
    uint32_t iterations_min, iterations_max;
    uint32_t salt_min, salt_max; /* octets */
    uint32_t key_min, key_max;   /* octets of the derived key */
};

/* Which public keys are certified. */
struct config_keys {
    struct config_list types; /* "P-256", "P-384", "P-521", "RSA", "Ed25519" */
    uint32_t rsa_bits_min, rsa_bits_max;
    int unique;         /* 1: a public key that is in another certificate is refused */
    int same_in_update; /* 1: a kur may keep its key */
};

struct config_names {
    struct config_list subject; /* "ATTRIBUTE=VALUE", most significant first; none: as requested */
    int subject_bound;          /* 1: the requested subject must name who protects the request */
    struct config_list san; /* "DNS:VALUE", "URI:", "email:", "IP:" instead of the requested subjectAltName */
};

/* How subjectKeyIdentifier is made (RFC 5280 4.2.1.2, RFC 7093). */
enum config_key_identifier { CONFIG_KEY_ID_SHA1, CONFIG_KEY_ID_SHA256 };

struct config_certificate {
    uint32_t validity_days;
    uint32_t validity_jitter_percent;      /* of it are taken off at most, by chance */
    uint32_t backdate_seconds;             /* notBefore this much in the past, for clocks that lag */
    struct config_list key_usage;          /* "digitalSignature", … */
    struct config_list extended_key_usage; /* "serverAuth", "clientAuth", "ipsecIKE" or dotted OIDs */
    enum config_key_identifier key_identifier;
    struct config_list critical; /* extensions that are marked so */
    struct config_list nf_types; /* NFTypes (RFC 9310), "AMF"; none: no extension */
};

/* What RFC 4211 section 5 forbids in a request, and clients send all the same, a bit each. */
enum config_ignored { CONFIG_IGNORE_SERIAL_NUMBER = 1, CONFIG_IGNORE_SIGNING_ALG = 2 };

/* What becomes of what a request asks for. */
struct config_request {
    struct config_list honour; /* what is taken from a request: "validity", extensions by name or OID */
    struct config_list refuse; /* for what a request is refused; the rest is ignored */
    unsigned ignore;           /* of enum config_ignored */
};

/* Where certificates tell to look; none: no extension. */
struct config_urls {
    struct config_list crl;       /* cRLDistributionPoints; "${shard}" in each, or in none */
    struct config_list delta_crl; /* freshestCRL */
    struct config_list issuer;    /* authorityInfoAccess caIssuers */
    struct config_list ocsp;      /* authorityInfoAccess ocsp */
    int no_rev_avail;             /* 1: noRevAvail; then nothing of the above but issuer */
};

enum config_predecessor { CONFIG_PREDECESSOR_KEEP, CONFIG_PREDECESSOR_REVOKE };

/* Which devices a profile is for. */
enum config_devices { CONFIG_DEVICES_OPEN, CONFIG_DEVICES_RECORD, CONFIG_DEVICES_LISTED };

/* What makes room for another certificate of a device that has one, a bit each. */
enum config_again {
    CONFIG_AGAIN_EXPIRED = 1,
    CONFIG_AGAIN_NEAR_END = 2,
    CONFIG_AGAIN_SUPERSEDED = 4, /* it was revoked, for another was to come */
    CONFIG_AGAIN_REVOKED = 8,    /* … for any reason */
};

/* How often a device enrolls. */
struct config_once {
    uint32_t slots;                 /* certificates that it has at the same time */
    unsigned again;                 /* of enum config_again */
    uint32_t near_end_percent;      /* of its validity, at the end */
    uint32_t per_day;               /* enrollments, by UTC; 0: any number */
    enum config_predecessor former; /* what becomes of a good certificate that gave way */
};

struct config_update {
    enum config_predecessor predecessor; /* what becomes of the certificate that was updated */
    uint32_t early_percent;   /* of a certificate's validity, at its end, in which a kur is taken */
    uint32_t late_days;       /* after its notAfter in which one still is */
    uint32_t overdue_percent; /* … from when on it is told that none came; 0: it is not */
    int one_open;             /* 1: no other kur while the certificate of the last one awaits certConf */
    int warn_again;           /* 1: who updates a certificate that has been updated before is told so */
    int by_request; /* 1: a cr or p10cr for names that its sender has a certificate for is an update, too */
};

#define CONFIG_UNIX "unix:" /* before the path of a socket */

/* Whom a request is shown to before a certificate is issued. */
struct config_authorize {
    const char *url;     /* https:, http: of this machine, or unix:PATH */
    const char *ca;      /* PEM file: who vouches for the server's certificate; NULL: those of the system */
    const char *key;     /* file with the key that signs questions, mode 0600 */
    uint32_t timeout_ms; /* until there is an answer */
    uint32_t parked;     /* requests that wait for one at the same time */
};

/* What makes a request wait until somebody approves it, a bit each; the store keeps these. */
enum config_approve {
    CONFIG_APPROVE_ALWAYS = 1,
    CONFIG_APPROVE_UNKNOWN_DEVICE = 2,     /* it is not listed, or not known */
    CONFIG_APPROVE_SECOND_CERTIFICATE = 4, /* the device has one, and nothing makes room for another */
    CONFIG_APPROVE_NAMES = 8,              /* that look like none of |names| */
    CONFIG_APPROVE_REVOCATION = 16,
};

struct config_approve_rules {
    unsigned when;                /* of enum config_approve; 0: nothing waits */
    struct config_list names;     /* patterns (crypto/name_patterns.h) of those that need no approval */
    uint32_t approvals;           /* of so many approvers */
    uint32_t check_after_seconds; /* that a station is told to wait before it polls again */
    uint32_t expire_hours;        /* after which a request is over */
    uint32_t per_day;             /* requests of the profile that begin to wait, by UTC */
    uint32_t open;                /* of a device, or of who else sends them, that wait at the same time */
};

/* Who may approve requests. */
struct config_approver {
    const char *name;
    const char *certificate;     /* PEM file */
    struct config_list profiles; /* whose requests; none: all */
};

/* A CA whose announcements are taken. */
struct config_upstream {
    const char *name;
    struct config_list certificates; /* PEM files: the first certificate of each signs announcements */
};

enum config_unconfirmed { CONFIG_UNCONFIRMED_REVOKE, CONFIG_UNCONFIRMED_KEEP, CONFIG_UNCONFIRMED_HOLD };

struct config_confirm {
    int implicit;                        /* 1: granted where asked for */
    uint32_t wait_seconds;               /* how long a certConf is waited for */
    enum config_unconfirmed unconfirmed; /* what becomes of a certificate whose certConf never came */
};

/* When ip has caPubs, the root of the CA (RFC 9483 4.1.1; never in cp and kup, 4.1.2 and 4.1.3). */
enum config_ca_pubs { CONFIG_CA_PUBS_NEVER, CONFIG_CA_PUBS_MAC, CONFIG_CA_PUBS_ALWAYS };

/* What protects the answer to a request with a MAC. */
enum config_mac_answers { CONFIG_MAC_ANSWERS_MAC, CONFIG_MAC_ANSWERS_SIGNATURE };

/* What the final answer after polling repeats: the senderNonce of the request (RFC 9483 4.4), or of the last
 * pollReq. */
enum config_poll_nonce { CONFIG_POLL_NONCE_REQUEST, CONFIG_POLL_NONCE_POLL };

/* Whose certificate signs answers. */
enum config_signed_by { CONFIG_SIGNED_BY_CMP, CONFIG_SIGNED_BY_CA };

struct config_answer {
    enum config_mac_answers mac_answers;
    enum config_signed_by signed_by;
    enum config_ca_pubs ca_pubs;
    const char *signature; /* name of the algorithm that signs them; NULL: what the key goes with */
    enum config_poll_nonce poll_nonce;
    struct config_list extra_certs; /* PEM files: sent with certificates after those of the CA */
};

/* What is answered to general messages (RFC 9810 5.3.19). */
struct config_general {
    int unprotected;                    /* 1: also to those without protection, of what anybody may know */
    const char *encryption_certificate; /* PEM file: what stations encrypt for the CA with; NULL: none */
};

/* After how many days rows are deleted; 0: never; else longer than messages are taken. */
struct config_retain {
    uint32_t certificates_days; /* after notAfter */
    uint32_t transactions_days; /* after they were begun, and are over */
};

/* What becomes of a certificate that would break RFC 5280. */
enum config_lint { CONFIG_LINT_REFUSE, CONFIG_LINT_WARN };

/* What a profile says that certifies other CAs, by ccr and no other request. */
struct config_cross {
    uint32_t path_length;         /* pathLenConstraint */
    struct config_list permitted; /* nameConstraints: "DNS:example", "C=DE, O=Partner" */
    struct config_list excluded;
    struct config_list policies; /* dotted OIDs */
};

struct config_profile {
    const char *name;
    const char
        *kind;      /* of a config_ready_made, whose settings it has where it says nothing else; NULL: none */
    int demo;       /* 1: a mark, said in file and log */
    const char *ca; /* name of a config_ca */
    const char *former;       /* name of the profile of the CA before, or NULL */
    struct config_list paths; /* legacy HTTP paths that select this profile, "/pkix/" */
    enum config_devices devices;
    struct config_once once;
    struct config_accept accept;
    struct config_list tolerate;  /* "NAME", "NAME until YYYY-MM-DD" … */
    struct tolerances tolerances; /* … read */
    struct tolerances of_vendors; /* … of each the last end that a vendor of accept has for it */
    struct config_mac mac;
    struct config_keys keys;
    struct config_names names;
    struct config_certificate certificate;
    enum config_lint lint;
    struct config_request request;
    struct config_urls urls;
    struct config_update update;
    struct config_confirm confirm;
    const struct config_authorize *authorize; /* NULL: nobody is asked */
    struct config_approve_rules approve;
    const struct config_cross *cross; /* NULL: it certifies no CAs */
    struct config_answer answer;
    struct config_general general;
    struct config_retain retain;
};

/* A directory, in which CRLs are as well. */
struct config_ldap {
    const char *url;           /* "ldap://host", or "ldaps://host" */
    const char *entry;         /* DN of a CA's entry; "${ca}" is its name */
    const char *bind_dn;       /* as whom; NULL: anonymous */
    const char *password_file; /* its password; NULL: none */
};

/* The operator's own numbers, for names in its certificates; NULL: not said. */
struct config_operator {
    const char *mcc; /* mobile country code, "262" */
    const char *mnc; /* mobile network code, "01" or "001" */
};

/* When CRLs are made, and how long they are valid. */
struct config_crl {
    uint32_t validity_hours;           /* from thisUpdate to nextUpdate */
    uint32_t every_hours;              /* after which the next one is made in any case; 0: none is made */
    uint32_t after_revocation_seconds; /* at least so many between two that are made because of revocations */
    uint32_t full_bytes;               /* up to which a full one is made each time */
    uint32_t full_minutes;             /* beyond it: at most so often, and deltas between */
    uint32_t shards;                   /* into which certificates fall whose URLs say so; 0: none do */
    int keep_expired;                  /* 1: certificates that have expired stay listed */
    uint32_t number_min;               /* of the next one: after the store was restored */
    struct config_list files;          /* CRLs of CAs above, as cmpctl ca crl makes them */
    const char *folder;                /* what is published is written there as well; NULL: nowhere */
    struct config_ldap *ldap;          /* NULL: no directory */
};

/* By what a responder of OCSP names itself (RFC 6960 4.2.1). */
enum config_responder_id { CONFIG_RESPONDER_BY_KEY, CONFIG_RESPONDER_BY_NAME };

/* What is said of a certificate that was never issued (RFC 6960 2.2). */
enum config_non_issued { CONFIG_NON_ISSUED_UNKNOWN, CONFIG_NON_ISSUED_REVOKED };

struct config_ocsp {
    uint32_t validity_minutes;      /* from thisUpdate to nextUpdate */
    uint32_t responder_days;        /* validity of the responder's certificate */
    uint32_t retain_responder_days; /* after its notAfter; 0: for ever */
    enum config_responder_id responder_id;
    enum config_non_issued non_issued;
    int archive_cutoff; /* 1: responses say since when certificates that have expired are known */
    uint32_t cache_mib; /* responses that are kept in memory */
    uint32_t jobs;      /* requests in the process that need the store or a signature; beyond: tryLater */
};

/* enum config_log_to is where the log goes. */
enum config_log_to { CONFIG_LOG_STDERR, CONFIG_LOG_JOURNALD, CONFIG_LOG_FILE };

enum config_hardening { CONFIG_HARDENING_ON, CONFIG_HARDENING_OFF };

struct config {
    enum config_front front;
    enum config_hardening hardening; /* off: for debuggers */
    enum log_level log;
    enum config_log_to log_to;
    enum log_format log_format;
    const char *log_file;            /* NULL: log_to names something else */
    int log_file_mode;               /* of one that is made, as chmod takes it */
    const char *node;                /* name of this node in log and audit; default: the host's name */
    const char *store;               /* "sqlite:PATH" or "postgres://…" */
    const char *audit_seal_file;     /* where seals of the audit log go besides store and log */
    const char *key_passphrase_file; /* opens key files that are encrypted, mode 0600; NULL: none is */
    const char *seal_key;       /* file with the key that seals secrets, mode 0600; NULL: none are kept */
    struct config_list engines; /* who computes signatures, first choice first (crypto/engine.h) */
    struct config_threads threads;
    struct config_limits limits;
    const struct config_listener *listeners;
    size_t listener_count;
    struct config_list trusted_proxies; /* CIDR blocks: who may say on whose behalf a request comes */
    const struct config_ca *cas;
    size_t ca_count;
    struct config_operator plmn; /* "operator" */
    struct config_crl crl;
    struct config_ocsp ocsp;
    const struct config_vendor *vendors;
    size_t vendor_count;
    const struct config_approver *approvers;
    size_t approver_count;
    const struct config_upstream *upstreams;
    size_t upstream_count;
    const char *vendor_crl_folder; /* where CRLs of their crl_urls are kept; NULL: nowhere */
    const struct config_profile *profiles;
    size_t profile_count;
    uint32_t confirm_revoke_max; /* certificates a minute that are revoked or held for want of a certConf */
    uint32_t retain_audit_days;  /* entries of the audit log, for cmpctl db purge; 0: for ever */
    const char *default_profile; /* for /.well-known/cmp without a name */
    struct config_source
        *source; /* what it was read from, for faults; NULL in one that was put together in C */
};

enum { CONFIG_FAULT_MAX = 1024 };

/* struct config_fault holds one fault as the operator reads it: "FILE:LINE: what is wrong; what to write". */
struct config_fault {
    char text[CONFIG_FAULT_MAX];
};

/* config_load reads |path|. Relative file names in it are made absolute against the file's folder, defaults
 * are filled in, numbers are held against their bounds, references by name (ca, vendors, default_profile)
 * must resolve, an unknown or repeated key is a fault. Returns the configuration, freed by config_free, or
 * NULL with |fault| written. */
struct config *config_load(struct config_fault *fault, const char *path);

/* config_load_text does the same for |len| octets of YAML at |text|; |name| stands for the file's name in
 * faults and its folder resolves relative file names. */
struct config *config_load_text(struct config_fault *fault, const char *name, const char *text, size_t len);

/* config_suppose_vendors makes accept.vendors of profiles[|profile|] what |vendors| lists, which lives as
 * long as |config| and names vendors of it: to try what the file does not say. 1, or 0 without memory. */
int config_suppose_vendors(struct config *config, size_t profile, const struct config_list *vendors);

/* config_vendor_named returns the one of |vendors|, |count| of them, that is called |name|, or NULL. */
const struct config_vendor *config_vendor_named(const struct config_vendor *vendors, size_t count,
                                                struct bytes name);

/* config_may_approve returns 1 if |approver| may decide on requests of the profile called |profile|. */
int config_may_approve(const struct config_approver *approver, const char *profile);

/* config_is_name returns 1 if |text| can be the name of a CA, a profile or the like. Names show up in paths,
 * logs and rows of the store: it has only what needs no escaping in any of them. */
int config_is_name(const char *text);

/* config_is_token returns 1 if |key|, a setting that names a private key, is a pkcs11: URI rather than a
 * file. */
int config_is_token(const char *key);

/* config_of_node returns 1 if the setting |key| of the file itself, such as "node", is a node's own: nodes of
 * one CA may differ in it. */
int config_of_node(struct bytes key);

/* config_reload_allowed returns 1 if |to| differs from |from| only in what a running process can change, or 0
 * with |fault| written, at the line in |to|. */
int config_reload_allowed(struct config_fault *fault, const struct config *from, const struct config *to);

/* config_each_file calls |each| for every file that |config| names, but those of the store and of tokens,
 * until it returns 0; returns what it returned last, or 1. config_has_token returns 1 if a key is in a token.
 */
int config_each_file(const struct config *config, int (*each)(void *arg, const char *file), void *arg);
int config_has_token(const struct config *config);

/* config_free frees |config|. NULL is allowed. */
void config_free(struct config *config);

/* config_fault_at writes a fault found by another room into |fault|: at the line of the value that |key|
 * names
 * ("cas[0].certificate"), or of its nearest parent that the file holds. Always returns 0, so that a check can
 * end with `return config_fault_at(…)`. */
int config_fault_at(struct config_fault *fault, const struct config *config, const char *key,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* config_text hands out the file's octets as they were read: what nodes compare by a digest (this room knows
 * no cryptography). They live as long as |config|. */
void config_text(const struct config *config, const char **text, size_t *len);

/* struct config_value is what config_write writes for the setting |key| ("node", "profiles.accept.vendors")
 * instead of its example: a text, or a list as YAML has it, "[a, b]". NULL makes the setting a comment. */
struct config_value {
    const char *key, *text;
};

/* config_write writes a cmpd.yaml that holds every setting once, each explained; of lists of sections one
 * entry, and those of which |values| has something ("listeners[1].address"). Returns 1, or 0 when |out|
 * failed. */
int config_write(FILE *out, const struct config_value *values, size_t count);

/* config_describe writes a table of all settings in Markdown. Returns 1, or 0 when |out| failed. */
int config_describe(FILE *out);

/* config_describe_man writes the page cmpd.yaml(5) of |version| for man(1), from the same rows. Returns 1, or
 * 0 when |out| failed or memory ran out. */
int config_describe_man(FILE *out, const char *version);

/* struct config_ready_made is a ready-made profile. */
struct config_ready_made {
    const char *name;    /* "gnb-ipsec" */
    const char *follows; /* what it is for, and whose rules it follows */
    const char *text;    /* its settings, as cmpd.yaml has those of a profile */
};

/* config_kinds returns them all, |*count| of them. */
const struct config_ready_made *config_kinds(size_t *count);

/* config_identity_name, config_devices_name and config_approve_name return what the file calls a value of
 * these settings. */
const char *config_identity_name(enum config_identity identity);
const char *config_devices_name(enum config_devices devices);
const char *config_approve_name(enum config_approve rule);

/* config_versions returns one line that names the YAML library and its version. */
const char *config_versions(void);

#endif
