/* settings.c: every setting of cmpd.yaml, one row each: kind, bounds, default, where it lies, what the
 * operator has to know. What is done with all of them is in config_*.c. */
#include "config_internal.h"

/* The arguments are constants and names of fields, each used as one: parentheses would only hide them.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define ROW(S, f) .key = #f, .offset = offsetof(struct S, f)
#define NUMBER(lo, hi, def) .kind = CONFIG_NUMBER, .min = lo, .max = hi, .number = def
#define FLAG(def) .kind = CONFIG_FLAG, .number = def
#define WORD(table, def) .kind = CONFIG_WORD, .words = table, .number = def
#define LIST(k, least) .kind = k, .required = (least) > 0, .min = least, .max = CONFIG_LIST_MAX
#define GROUP(T) .kind = CONFIG_SECTION, .section = &T
#define POINTER(S, T) .kind = CONFIG_POINTER, .section = &T, .size = sizeof(struct S)
#define ENTRIES(S, n, T, least, most)                                                                        \
    .kind = CONFIG_SECTIONS, .required = (least) > 0, .count_offset = offsetof(struct config, n),            \
    .min = least, .max = most, .section = &T, .size = sizeof(struct S)
#define SECTION(T, title)                                                                                    \
    {                                                                                                        \
        title, T##_rows, sizeof T##_rows / sizeof T##_rows[0]                                                \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

enum { MINUTE = 60, DAY = 24 * 60 * MINUTE, CENTURY_DAYS = 36525 };

/* More threads than a machine has processors only add switches; 256 is no one's machine yet. */
enum { THREADS_MAX = 256 };

static const struct config_setting threads_rows[] = {
    {ROW(config_threads, front), NUMBER(0, THREADS_MAX, 0),
     .says = "threads that read the network; 0: chosen by the number of processors"},
    {ROW(config_threads, workers), NUMBER(0, THREADS_MAX, 0),
     .says = "threads that work on requests; 0: chosen likewise"},
    {ROW(config_threads, slow), NUMBER(1, THREADS_MAX, 1),
     .says = "threads for requests that cost much (see slow_job_us)"},
    {ROW(config_threads, token), NUMBER(1, BOUND_TOKEN_SESSIONS, 8),
     .says = "sessions of each token that holds keys: how many signatures it makes at once"},
};
static const struct config_section threads = SECTION(threads, "threads");

/* Sized for one carrier node: a storm of base stations after a power cut fills queues, not memory. */
static const struct config_setting limits_rows[] = {
    {ROW(config_limits, message_bytes), NUMBER(1024, 1048576, 65536), .says = "largest request; larger: 413"},
    {ROW(config_limits, header_bytes), NUMBER(1024, 65536, 8192), .says = "largest HTTP header"},
    {ROW(config_limits, connections), NUMBER(1, 1000000, 10000),
     .says = "open connections; beyond: closed at once"},
    {ROW(config_limits, connections_per_source), NUMBER(1, 1000000, 2048),
     .says = "of one address (IPv6: one /64); beyond: closed; trusted proxies may have any number"},
    {ROW(config_limits, requests_per_source), NUMBER(1, 1048576, 1024),
     .says = "requests in the process of one address; beyond: 503"},
    {ROW(config_limits, memory_mib), NUMBER(16, 65536, 512),
     .says = "what connections and requests hold; those that make us wait longest with most go first"},
    {ROW(config_limits, idle_seconds), NUMBER(1, 3600, 60),
     .says = "how long a kept connection may be without a request"},
    {ROW(config_limits, read_seconds), NUMBER(1, 600, 10),
     .says = "from a request's first octet to its last"},
    {ROW(config_limits, streams), NUMBER(1, 1000, 100), .says = "concurrent HTTP/2 streams of a connection"},
    {ROW(config_limits, resets), NUMBER(1, 100000, 100),
     .says = "streams that a peer may reset per connection and minute"},
    {ROW(config_limits, queue_jobs), NUMBER(16, 1048576, 4096),
     .says = "requests waiting for a worker; beyond: 503"},
    {ROW(config_limits, jobs), NUMBER(16, 1048576, 16384), .says = "requests in the process; beyond: 503"},
    {ROW(config_limits, slow_queue_jobs), NUMBER(1, 65536, 256),
     .says = "costly requests waiting; beyond: 503"},
    {ROW(config_limits, slow_jobs_per_peer), NUMBER(1, 65536, 64),
     .says = "of them, of one reference and of one address (a load balancer that is not in trusted_proxies "
             "is one address)"},
    {ROW(config_limits, slow_job_us), NUMBER(1, 1000000, 500),
     .says = "microseconds of cryptography that make a request costly"},
    {ROW(config_limits, drain_seconds), NUMBER(0, 600, 5),
     .says = "SIGTERM: readiness fails, accepting goes on for so long"},
    {ROW(config_limits, stop_seconds), NUMBER(1, 600, 20),
     .says = "… and then the process ends within so long"},
};
static const struct config_section limits = SECTION(limits, "limits");

static const struct config_setting tls_rows[] = {
    {ROW(config_tls, certificate), .kind = CONFIG_FILE, .required = 1, .example = "tls/server.pem",
     .says = "PEM file: the certificate and its chain"},
    {ROW(config_tls, key), .kind = CONFIG_FILE, .required = 1, .example = "tls/server.key",
     .says = "PEM file, mode 0600"},
    {ROW(config_tls, client_ca), .kind = CONFIG_FILE, .commented = 1, .example = "tls/clients.pem",
     .says = "PEM file of the anchors of client certificates; without it none is asked for"},
    {ROW(config_tls, client_required), FLAG(0), .says = "true: no connection without a client certificate"},
    {ROW(config_tls, rsa_key_exchange), FLAG(0),
     .says = "true: TLS 1.2 with RSA key exchange and AES-GCM, too: without forward secrecy, for old "
             "stations alone"},
};
static const struct config_section tls = SECTION(tls, "tls");

static const struct config_word service_words[] = {
    {"cmp", CONFIG_SERVE_CMP},       {"publication", CONFIG_SERVE_PUBLICATION},
    {"health", CONFIG_SERVE_HEALTH}, {"admin", CONFIG_SERVE_ADMIN},
    {"ocsp", CONFIG_SERVE_OCSP},     {NULL, 0}};

static const struct config_setting listener_rows[] = {
    {ROW(config_listener, address), .kind = CONFIG_TEXT, .required = 1, .example = "127.0.0.1:8829",
     .says = "HOST:PORT"},
    {ROW(config_listener, serves), .kind = CONFIG_WORDS, .min = 1, .max = CONFIG_LIST_MAX,
     .words = service_words, .number = CONFIG_SERVE_CMP,
     .says = "cmp: base stations; publication: /crl/ and /ca/, for anybody; ocsp: /ocsp, likewise; health: "
             "/healthz and /readyz, for load balancers and for whoever watches; admin: /tolerances, for "
             "cmpctl, and "
             "/metrics, for Prometheus"},
    {ROW(config_listener, tls), POINTER(config_tls, tls), .commented = 1,
     .says = "TLS 1.3, and TLS 1.2 with ECDHE and AEAD; without it plain HTTP"},
    {ROW(config_listener, proxy_protocol), FLAG(0), .commented = 1, .example = "true",
     .says = "a trusted proxy begins each connection with a PROXY header of version 2"},
};
static const struct config_section listener = SECTION(listener, "a listener");

static const struct config_setting root_change_rows[] = {
    {ROW(config_root_change, certificate), .kind = CONFIG_FILE, .required = 1, .example = "ca/other-root.pem",
     .says = "PEM file: the other root, self-signed"},
    {ROW(config_root_change, new_with_old), .kind = CONFIG_FILE, .required = 1,
     .example = "ca/new-with-old.pem",
     .says = "PEM file: the key of the newer of the two roots, signed by the older one"},
    {ROW(config_root_change, old_with_new), .kind = CONFIG_FILE, .example = "ca/old-with-new.pem",
     .says = "PEM file: the key of the older one, signed by the newer one; it may be left out"},
};
static const struct config_section root_change = SECTION(root_change, "another root");

static const struct config_setting announce_rows[] = {
    {ROW(config_announce, urls), .kind = CONFIG_TEXTS, .required = 1, .min = 1, .max = BOUND_ANNOUNCE_URLS,
     .example = "[\"http://repository.example/.well-known/cmp\"]",
     .says = "http: or https:, to which messages are posted. Where no CA had any, it takes a restart"},
    {ROW(config_announce, revocations), FLAG(1), .says = "each certificate that is revoked or held (rann)"},
    {ROW(config_announce, crls), FLAG(1), .says = "each new complete CRL that is small enough (crlann)"},
    {ROW(config_announce, roots), FLAG(1),
     .says =
         "another root: that of next, or, without next, how one gets here from that of previous (ckuann)"},
    {ROW(config_announce, certificates), FLAG(0),
     .says =
         "each certificate that was asked for and confirmed, once its time to be confirmed is over (cann): a "
         "message for each"},
};
static const struct config_section announce = SECTION(announce, "announce");

static const struct config_setting ca_rows[] = {
    {ROW(config_ca, name), .kind = CONFIG_NAME, .required = 1, .example = "issuing",
     .says = "by which profiles name it"},
    {ROW(config_ca, certificate), .kind = CONFIG_FILE, .required = 1, .example = "ca/issuing.pem",
     .says = "PEM file: the issuing certificate"},
    {ROW(config_ca, key), .kind = CONFIG_KEY, .required = 1, .example = "ca/issuing.key",
     .says = "PEM file, mode 0600, or a pkcs11: URI"},
    {ROW(config_ca, chain), LIST(CONFIG_FILES, 0), .example = "[ca/root.pem]",
     .says = "PEM files: from its issuer up to the root"},
    {ROW(config_ca, cmp_certificate), .kind = CONFIG_FILE, .required = 1, .example = "ca/cmp.pem",
     .says = "PEM file: protects answers (id-kp-cmcCA), issued by this CA or its root"},
    {ROW(config_ca, cmp_key), .kind = CONFIG_KEY, .required = 1, .example = "ca/cmp.key",
     .says = "its key, likewise"},
    {ROW(config_ca, crl_certificate), .kind = CONFIG_FILE, .commented = 1, .example = "ca/crl.pem",
     .says = "PEM file: signs CRLs (cRLSign), with the subject of certificate and issued beside it; default: "
             "certificate does"},
    {ROW(config_ca, crl_key), .kind = CONFIG_KEY, .commented = 1, .example = "ca/crl.key",
     .says = "its key, likewise"},
    {ROW(config_ca, previous), POINTER(config_root_change, root_change), .commented = 1,
     .says = "the root before that of chain: stations that trust it get from there to this one (rootCaCert)"},
    {ROW(config_ca, next), POINTER(config_root_change, root_change), .commented = 1,
     .says = "the root after it: stations that ask for an update of the root get it"},
    {ROW(config_ca, announce), POINTER(config_announce, announce), .commented = 1,
     .says = "who is told what has happened, by messages that cmp_key signs (RFC 9811 3.5)"},
};
static const struct config_section ca = SECTION(ca, "a CA");

static const struct config_setting ldap_rows[] = {
    {ROW(config_ldap, url), .kind = CONFIG_TEXT, .required = 1, .example = "ldap://directory.example",
     .says = "or ldaps://"},
    {ROW(config_ldap, entry), .kind = CONFIG_TEXT, .required = 1, .example = "cn=${ca},o=Operator",
     .says = "DN of a CA's entry, which must be there (pkiCA, deltaCRL); ${ca} is the name in cas"},
    {ROW(config_ldap, bind_dn), .kind = CONFIG_TEXT, .example = "cn=cmpd,o=Operator",
     .says = "who may write there; default: nobody in particular"},
    {ROW(config_ldap, password_file), .kind = CONFIG_FILE, .example = "ldap.password",
     .says = "file with its password, mode 0600"},
};
static const struct config_section ldap = SECTION(ldap, "ldap");

/* validity_hours: two weeks, for which expired certificates stay listed (BOUND_CRL_EXPIRED_FOR). */
static const struct config_setting crl_rows[] = {
    {ROW(config_crl, validity_hours), NUMBER(2, 14 * 24, 72), .says = "from thisUpdate to nextUpdate"},
    {ROW(config_crl, every_hours), NUMBER(0, 14 * 24, 24),
     .says = "a new one in any case, also when nothing was revoked; less than validity_hours; 0: no CRLs are "
             "made"},
    {ROW(config_crl, after_revocation_seconds), NUMBER(1, 3600, 2),
     .says = "after a revocation a new one within so long; many revocations make no more of them"},
    {ROW(config_crl, full_bytes), NUMBER(0, BOUND_CRL_OCTETS, 1024 * 1024),
     .says = "up to this size every CRL is a full one; a larger one is made at most every full_minutes, with "
             "deltas between"},
    {ROW(config_crl, full_minutes), NUMBER(1, 24 * 60, 60), .says = "see full_bytes"},
    {ROW(config_crl, shards), NUMBER(0, BOUND_CRL_SHARDS, 0),
     .says = "into so many parts new certificates fall whose urls.crl have ${shard}; may be changed: CRLs of "
             "former shards stay"},
    {ROW(config_crl, keep_expired), FLAG(0),
     .says = "true: certificates that have expired stay listed, until retention deletes them; false: for two "
             "weeks"},
    {ROW(config_crl, number_min), NUMBER(0, UINT32_MAX, 0),
     .says = "least cRLNumber of the next one: after the store was restored, above what was published"},
    {ROW(config_crl, files), LIST(CONFIG_FILES, 0), .example = "[ca/root.crl]",
     .says = "CRLs of CAs above, as cmpctl ca crl makes them: published as they are, by the names of their "
             "files"},
    {ROW(config_crl, folder), .kind = CONFIG_FILE, .commented = 1, .example = "/var/www/crl",
     .says = "folder for other web servers: what is published is written there as well"},
    {ROW(config_crl, ldap), POINTER(config_ldap, ldap), .commented = 1,
     .says = "a directory that gets full CRL, delta and certificate of each CA (RFC 4523)"},
};
static const struct config_section crl = SECTION(crl, "crl");

static const struct config_word responder_id_words[] = {
    {"key", CONFIG_RESPONDER_BY_KEY}, {"name", CONFIG_RESPONDER_BY_NAME}, {NULL, 0}};
static const struct config_word non_issued_words[] = {
    {"unknown", CONFIG_NON_ISSUED_UNKNOWN}, {"revoked", CONFIG_NON_ISSUED_REVOKED}, {NULL, 0}};

static const struct config_setting ocsp_rows[] = {
    {ROW(config_ocsp, validity_minutes), NUMBER(2, 14 * 24 * 60, 240),
     .says = "from thisUpdate to nextUpdate; a response that is kept is made anew after half of it"},
    {ROW(config_ocsp, responder_days), NUMBER(1, 30, 3),
     .says =
         "validity of the certificate that each node gets for the key that signs responses; it is renewed "
         "after half of that"},
    {ROW(config_ocsp, retain_responder_days), NUMBER(0, CENTURY_DAYS, 30),
     .says = "after notAfter, these certificates are deleted; 0: never"},
    {ROW(config_ocsp, responder_id), WORD(responder_id_words, CONFIG_RESPONDER_BY_KEY),
     .says = "by what the responder names itself: key (RFC 9919), or name for clients that know no other"},
    {ROW(config_ocsp, non_issued), WORD(non_issued_words, CONFIG_NON_ISSUED_UNKNOWN),
     .says = "what is said of certificates that are not in the store: unknown, or revoked (RFC 6960 4.4.8)"},
    {ROW(config_ocsp, archive_cutoff), FLAG(0),
     .says = "true: responses say since when certificates that have expired are known (RFC 6960 4.4.4)"},
    {ROW(config_ocsp, cache_mib), NUMBER(0, 65536, 64), .says = "responses that are kept in memory"},
    {ROW(config_ocsp, jobs), NUMBER(1, 65536, 1024),
     .says = "requests in the process that need the store or a signature; beyond: tryLater"},
};
static const struct config_section ocsp = SECTION(ocsp, "ocsp");

static const struct config_word identity_words[] = {{"none", CONFIG_IDENTITY_NONE},
                                                    {"serialNumber", CONFIG_IDENTITY_SERIAL_NUMBER},
                                                    {"CN", CONFIG_IDENTITY_CN},
                                                    {"DNS", CONFIG_IDENTITY_DNS},
                                                    {"URI", CONFIG_IDENTITY_URI},
                                                    {"hardwareModuleName", CONFIG_IDENTITY_MODULE},
                                                    {NULL, 0}};

static const struct config_setting vendor_rows[] = {
    {ROW(config_vendor, name), .kind = CONFIG_NAME, .required = 1, .example = "acme",
     .says = "by which profiles name it"},
    {ROW(config_vendor, anchors), LIST(CONFIG_FILES, 1), .example = "[vendors/acme-root.pem]",
     .says = "PEM files: certificates that are trusted as they are"},
    {ROW(config_vendor, identity), WORD(identity_words, CONFIG_IDENTITY_NONE),
     .says =
         "what in a certificate tells its devices apart: serialNumber or CN of the subject, the first DNS or "
         "URI of subjectAltName, or hardwareModuleName (RFC 4108), which is HWTYPE/SERIAL; capitals do not "
         "count"},
    {ROW(config_vendor, identity_pattern), .kind = CONFIG_TEXT, .commented = 1,
     .example = "ENB-*.acme.example", .says = "… and how that has to look: one * stands for the identity"},
    {ROW(config_vendor, intermediates), LIST(CONFIG_FILES, 0), .example = "[vendors/acme-factory.pem]",
     .says =
         "PEM files: certificates that help to reach an anchor, issuers before those that they issued; "
         "pathLenConstraint, nameConstraints and policies hold. Who signs CRLs in a CA's place is one, too"},
    {ROW(config_vendor, blocked), LIST(CONFIG_FILES, 0), .example = "[vendors/acme-lost.pem]", .commented = 1,
     .says =
         "PEM files: certificates of CAs or stations that are taken no more, nor what they issued, whatever "
         "CRLs say: for every vendor and profile"},
    {ROW(config_vendor, blocked_fingerprints), LIST(CONFIG_TEXTS, 0), .example = "[\"a2:0d:…\"]",
     .commented = 1,
     .says = "… and others by the SHA-256 of the certificate: 64 hexadecimal digits, with colons or without"},
    {ROW(config_vendor, crls), LIST(CONFIG_FILES, 0), .example = "[vendors/acme.crl]", .commented = 1,
     .says =
         "CRLs in PEM or DER, one a file, complete ones and deltas, of every CA from an anchor to a station: "
         "whoever is revoked by one, or not spoken of by any, is refused; without any, nobody is asked"},
    {ROW(config_vendor, crl_urls), LIST(CONFIG_TEXTS, 0),
     .example = "[\"http://crl.acme.example/factory.crl\"]", .commented = 1,
     .says = "… and where more of them are: http: or https:. Each node fetches them into vendor_crl_folder; "
             "where no vendor had any, it takes a restart"},
    {ROW(config_vendor, crl_fetch_minutes), NUMBER(1, 30 * 24 * 60, 60),
     .says = "minutes between two looks there; when the last CRL ends before, it is looked for sooner"},
    {ROW(config_vendor, crl_stale_hours), NUMBER(0, 365 * 24, 0),
     .says =
         "hours for which a CRL still counts after its nextUpdate; after those the stations it speaks of are "
         "refused"},
    {ROW(config_vendor, late_days), NUMBER(0, 36500, 0),
     .says = "days for which a certificate of a station counts after its notAfter, its issuers as they were "
             "then; CRLs need not list what has expired: who must not come back stands in blocked"},
    {ROW(config_vendor, tolerate), LIST(CONFIG_TEXTS, 0), .example = "[clock-off until 2030-06-30]",
     .commented = 1,
     .says = "what is taken against the RFCs of what its certificates protect: see tolerate of a profile"},
};
static const struct config_section vendor = SECTION(vendor, "a vendor");

/* ---- a profile, group by group ---- */

static const struct config_word header_words[] = {
    {"rfc9810", CONFIG_HEADER_RFC9810}, {"rfc9483", CONFIG_HEADER_RFC9483}, {NULL, 0}};

static const struct config_word credential_words[] = {
    {"secret", CONFIG_BY_SECRET}, {"vendor", CONFIG_BY_VENDOR}, {"own", CONFIG_BY_OWN},
    {"ra", CONFIG_BY_RA},         {"agent", CONFIG_BY_AGENT},   {NULL, 0}};
enum { BY_ANY = CONFIG_BY_SECRET | CONFIG_BY_VENDOR | CONFIG_BY_OWN | CONFIG_BY_RA | CONFIG_BY_AGENT };

static const struct config_setting agent_rows[] = {
    {ROW(config_agent, name), .kind = CONFIG_NAME, .required = 1, .example = "du-manager",
     .says = "by which its quota is counted"},
    {ROW(config_agent, certificate), .kind = CONFIG_FILE, .example = "agents/du-manager.pem",
     .says = "PEM file: this certificate is the agent's, whoever issued it"},
    {ROW(config_agent, profile), .kind = CONFIG_NAME, .commented = 1, .example = "managers",
     .says = "or, instead: every certificate that this CA issued under this other profile"},
    {ROW(config_agent, names), LIST(CONFIG_TEXTS, 1),
     .example = "[\"CN=*.du.example\", \"DNS:*.du.example\"]",
     .says = "every name of its requests must look like one of these: ATTRIBUTE= of subject, DNS:, URI:, "
             "email:, IP: of subjectAltName; one * stands for what is not written"},
    {ROW(config_agent, per_day), NUMBER(0, 1000000, 100),
     .says = "certificates that it gets a day (UTC), on all nodes together; 0: any number"},
};
static const struct config_section agent = SECTION(agent, "an agent");

static const struct config_setting accept_rows[] = {
    {ROW(config_accept, vendors), LIST(CONFIG_TEXTS, 0), .example = "[acme]", .commented = 1,
     .says = "vendors whose certificates may protect requests"},
    {ROW(config_accept, own_certificates), FLAG(1),
     .says = "certificates that this profile issued may protect requests"},
    {ROW(config_accept, own_profiles), LIST(CONFIG_TEXTS, 0),
     .says = "… and those that these profiles issued"},
    {ROW(config_accept, ras), LIST(CONFIG_TEXTS, 0),
     .says = "vendors whose certificates with cmcRA may enroll for others, and revoke, hold and release"},
    {ROW(config_accept, nested), NUMBER(0, BOUND_NESTED_MESSAGES, 16),
     .says = "messages that one nested message of an RA (see ras) may carry; 0: no nested message is taken"},
    {ROW(config_accept, agents), .kind = CONFIG_SECTIONS,
     .count_offset = offsetof(struct config_accept, agent_count), .max = CONFIG_LIST_MAX, .section = &agent,
     .size = sizeof(struct config_agent), .commented = 1,
     .says = "who may enroll for others by a certificate without cmcRA, for names that look like these"},
    {ROW(config_accept, find_signer), FLAG(0),
     .says = "true: a certificate of this CA that protects a request, and that extraCerts lacks, is looked "
             "for in the store by senderKID; those that were issued before a profile of the CA said so are "
             "not found"},
    {ROW(config_accept, header), WORD(header_words, CONFIG_HEADER_RFC9810),
     .says =
         "rfc9810: what its 5.1.1 permits, and the CA as the sender of MAC-protected answers; rfc9483: its "
         "sections 3 and 4.1 to the letter, where that sender is the reference"},
    {ROW(config_accept, message_time_seconds), NUMBER(0, 7 * DAY, 300),
     .says = "largest difference of messageTime to this node's clock; 0: not checked"},
    {ROW(config_accept, message_time_required), FLAG(0),
     .says = "true: a message without messageTime is refused"},
    {ROW(config_accept, ir_by), .kind = CONFIG_WORDS, .min = 1, .max = CONFIG_LIST_MAX,
     .words = credential_words, .number = BY_ANY,
     .says = "what may protect an ir: a shared secret, a certificate of a vendor, one of this CA, an RA, an "
             "agent"},
    {ROW(config_accept, cr_by), .kind = CONFIG_WORDS, .min = 1, .max = CONFIG_LIST_MAX,
     .words = credential_words, .number = BY_ANY,
     .says = "… a cr; RFC 9483 4.1.1 and 4.1.2 to the letter: ir_by without own, cr_by: [own]"},
    {ROW(config_accept, p10cr_by), .kind = CONFIG_WORDS, .min = 1, .max = CONFIG_LIST_MAX,
     .words = credential_words, .number = BY_ANY, .says = "… a p10cr"},
    {ROW(config_accept, signatures), LIST(CONFIG_TEXTS, 0),
     .says = "signature algorithms that are taken for protection and proof of possession, by name (manual: "
             "algorithms); none: all that there are, which are none over SHA-1"},
    {ROW(config_accept, macs), LIST(CONFIG_TEXTS, 0),
     .says = "schemes and functions that a MAC may be made of, by name (manual: algorithms); none: "
             "PasswordBasedMac and PBMAC1, HMAC with SHA-2 and SHA-3"},
    {ROW(config_accept, min_strength), NUMBER(0, 256, 112),
     .says = "bits of security that an algorithm, and a key that protects a request, must have (RFC 9481 "
             "section 7): 112 is RSA with 2048 bits, 128 is P-256 or RSA with 3072"},
    {ROW(config_accept, deprecated), LIST(CONFIG_TEXTS, 0),
     .says = "algorithms whose use is logged and counted, by name; with until YYYY-MM-DD they are refused "
             "from that day on (UTC), as in sha256WithRSAEncryption until 2030-06-30"},
};
static const struct config_section accept = SECTION(accept, "accept");

static const struct config_setting mac_rows[] = {
    {ROW(config_mac, allowed), FLAG(0), .says = "shared secrets (cmpctl secret add) may protect requests"},
    {ROW(config_mac, per_day), NUMBER(0, 1000000, 0),
     .says = "certificates that a secret that may be used again gets a day (UTC), by its reference; 0: any "
             "number"},
    {ROW(config_mac, open), NUMBER(0, BOUND_OPEN_TRANSACTIONS, 0),
     .says = "… of which so many may await their certConf at the same time; 0: any number"},
    {ROW(config_mac, requests), NUMBER(1, BOUND_SEVERAL, 1),
     .says =
         "requests for certificates, in one message that a secret protects: one that may be used once gets "
         "as many certificates"},
    {ROW(config_mac, iterations_min), NUMBER(1, 10000000, 100),
     .says = "iterationCount of PasswordBasedMac and PBMAC1"},
    {ROW(config_mac, iterations_max), NUMBER(1, 10000000, 10000),
     .says = "… more cost CPU: above slow_job_us they wait in the slow lane"},
    {ROW(config_mac, salt_min), NUMBER(0, 1024, 8), .says = "octets of their salt"},
    {ROW(config_mac, salt_max), NUMBER(0, 1024, 128), .says = "… at most"},
    {ROW(config_mac, key_min), NUMBER(1, 64, 16), .says = "octets of the key that is derived"},
    {ROW(config_mac, key_max), NUMBER(1, 64, 64), .says = "… at most"},
};
static const struct config_section mac = SECTION(mac, "mac");

static const char *const usual_key_types[] = {"P-256", "P-384", "P-521", "RSA", "Ed25519", NULL};

static const struct config_setting keys_rows[] = {
    {ROW(config_keys, types), LIST(CONFIG_TEXTS, 0), .list = usual_key_types, .says = "what is certified"},
    {ROW(config_keys, rsa_bits_min), NUMBER(2048, 8192, 2048), .says = "bits of an RSA key"},
    {ROW(config_keys, rsa_bits_max), NUMBER(2048, 8192, 4096), .says = "… at most"},
    {ROW(config_keys, unique), FLAG(0),
     .says = "true: a public key that is in another certificate is refused"},
    {ROW(config_keys, same_in_update), FLAG(0), .says = "true: a kur may keep its key"},
};
static const struct config_section keys = SECTION(keys, "keys");

static const struct config_setting names_rows[] = {
    {ROW(config_names, subject), LIST(CONFIG_TEXTS, 0),
     .says =
         "e.g. [O=Operator, \"CN=${CN}\"]; none: as requested. Besides parts of the requested subject: "
         "${signer.CN}, ${reference}, ${device.identity}, ${device.fqdn}, ${device.site}, ${vendor}, ${mcc}, "
         "${mnc}"},
    {ROW(config_names, subject_bound), FLAG(1),
     .says = "requested subject and protecting certificate agree in CN or serialNumber"},
    {ROW(config_names, san), LIST(CONFIG_TEXTS, 0),
     .says = "e.g. [\"DNS:${CN}.ran.example\"] instead of the requested one; also URI:, email:, IP:"},
};
static const struct config_section names = SECTION(names, "names");

static const char *const usual_key_usage[] = {"digitalSignature", NULL};

/* validity_days: a century; backdate_seconds: a day, for clocks that lag. */
static const struct config_word key_identifier_words[] = {
    {"sha1", CONFIG_KEY_ID_SHA1}, {"sha256", CONFIG_KEY_ID_SHA256}, {NULL, 0}};

static const char *const usual_critical[] = {"basicConstraints", "keyUsage", NULL};

static const struct config_setting certificate_rows[] = {
    {ROW(config_certificate, validity_days), NUMBER(1, CENTURY_DAYS, 365),
     .says = "never longer than the CA's own"},
    {ROW(config_certificate, validity_jitter_percent), NUMBER(0, 50, 0),
     .says = "so much of it, at most, is taken off each certificate by chance, so that a fleet that enrolled "
             "on one day "
             "does not renew on one"},
    {ROW(config_certificate, backdate_seconds), NUMBER(0, DAY, 300),
     .says = "notBefore lies so far in the past, for clocks that are slow"},
    {ROW(config_certificate, key_usage), LIST(CONFIG_TEXTS, 0), .list = usual_key_usage,
     .example = "[digitalSignature, keyAgreement]", .says = "names of RFC 5280 4.2.1.3"},
    {ROW(config_certificate, extended_key_usage), LIST(CONFIG_TEXTS, 0),
     .example = "[clientAuth, serverAuth]",
     .says = "purposes: serverAuth, clientAuth, ipsecIKE, or dotted OIDs"},
    {ROW(config_certificate, key_identifier), WORD(key_identifier_words, CONFIG_KEY_ID_SHA1),
     .says = "how subjectKeyIdentifier is made: sha1 (RFC 5280 4.2.1.2), or the first 160 bits of SHA-256 "
             "(RFC 7093)"},
    {ROW(config_certificate, critical), LIST(CONFIG_TEXTS, 0), .list = usual_critical,
     .says = "which of basicConstraints, keyUsage, extendedKeyUsage, subjectAltName are critical; beside an "
             "empty subject subjectAltName always is"},
    {ROW(config_certificate, nf_types), LIST(CONFIG_TEXTS, 0),
     .says = "NFTypes (RFC 9310): for which network functions a certificate is, e.g. [AMF]"},
};
static const struct config_section certificate = SECTION(certificate, "certificate");

static const char *const usual_honour[] = {"subjectAltName", NULL};

static const struct config_word ignored_words[] = {
    {"serialNumber", CONFIG_IGNORE_SERIAL_NUMBER}, {"signingAlg", CONFIG_IGNORE_SIGNING_ALG}, {NULL, 0}};

static const struct config_setting request_rows[] = {
    {ROW(config_request, honour), LIST(CONFIG_TEXTS, 0), .list = usual_honour,
     .says = "taken from a request: validity, extensions by name or OID"},
    {ROW(config_request, refuse), LIST(CONFIG_TEXTS, 0),
     .says = "for what a request is refused: the same names, issuer, other, ca (that the key be a CA's: cA, "
             "keyCertSign or cRLSign); the rest is ignored"},
    {ROW(config_request, ignore), .kind = CONFIG_WORDS, .max = CONFIG_LIST_MAX, .words = ignored_words,
     .says = "what a request must not have (RFC 4211) and is ignored all the same: serialNumber, signingAlg"},
};
static const struct config_section request = SECTION(request, "request");

static const struct config_setting urls_rows[] = {
    {ROW(config_urls, crl), LIST(CONFIG_TEXTS, 0),
     .says = "cRLDistributionPoints; with ${shard} in each, a certificate names the CRL of its shard"},
    {ROW(config_urls, delta_crl), LIST(CONFIG_TEXTS, 0), .says = "freshestCRL: where the delta is"},
    {ROW(config_urls, issuer), LIST(CONFIG_TEXTS, 0),
     .says = "authorityInfoAccess: where the CA's certificate is"},
    {ROW(config_urls, ocsp), LIST(CONFIG_TEXTS, 0), .says = "authorityInfoAccess: OCSP responders"},
    {ROW(config_urls, no_rev_avail), FLAG(0),
     .says = "true: noRevAvail (RFC 9608): nobody is to ask whether a certificate is revoked; for short "
             "lives, and without "
             "crl, delta_crl and ocsp"},
};
static const struct config_section urls = SECTION(urls, "urls");

static const struct config_word predecessor_words[] = {
    {"keep", CONFIG_PREDECESSOR_KEEP}, {"revoke", CONFIG_PREDECESSOR_REVOKE}, {NULL, 0}};

static const struct config_word devices_words[] = {{"open", CONFIG_DEVICES_OPEN},
                                                   {"record", CONFIG_DEVICES_RECORD},
                                                   {"listed", CONFIG_DEVICES_LISTED},
                                                   {NULL, 0}};

static const struct config_word again_words[] = {{"expired", CONFIG_AGAIN_EXPIRED},
                                                 {"near_end", CONFIG_AGAIN_NEAR_END},
                                                 {"superseded", CONFIG_AGAIN_SUPERSEDED},
                                                 {"revoked", CONFIG_AGAIN_REVOKED},
                                                 {NULL, 0}};

static const struct config_setting once_rows[] = {
    {ROW(config_once, slots), NUMBER(1, BOUND_DEVICE_SLOTS, 1),
     .says = "certificates that a device has under this profile at the same time"},
    {ROW(config_once, again), .kind = CONFIG_WORDS, .max = CONFIG_LIST_MAX, .words = again_words,
     .number = CONFIG_AGAIN_EXPIRED | CONFIG_AGAIN_NEAR_END | CONFIG_AGAIN_SUPERSEDED,
     .says = "what makes room for another without cmpctl device allow: the last one has expired, is near its "
             "end, "
             "was revoked as superseded, or was revoked for whatever reason. One that was never confirmed "
             "does so in any case; of an update that was not, the one before counts"},
    {ROW(config_once, near_end_percent), NUMBER(0, 100, 20),
     .says = "near its end: so much of its validity is left, or less"},
    {ROW(config_once, per_day), NUMBER(0, 1000000, 20),
     .says = "enrollments and updates of a device a day (UTC), in each slot; 0: any number"},
    {ROW(config_once, former), WORD(predecessor_words, CONFIG_PREDECESSOR_KEEP),
     .says = "a good certificate that gave way to a new enrollment: kept until it expires, or revoked "
             "(superseded) "
             "when the new one is confirmed"},
};
static const struct config_section once = SECTION(once, "once");

static const struct config_setting update_rows[] = {
    {ROW(config_update, predecessor), WORD(predecessor_words, CONFIG_PREDECESSOR_KEEP),
     .says =
         "a certificate that was updated: kept until it expires, or revoked (superseded) when the new one "
         "is confirmed"},
    {ROW(config_update, early_percent), NUMBER(1, 100, 100),
     .says = "a kur is taken when so much of the certificate's validity is left, or less; 100: at any time"},
    {ROW(config_update, late_days), NUMBER(0, 3650, 0),
     .says =
         "… and for so many days after its notAfter: a station that was out of service finds its way back"},
    {ROW(config_update, overdue_percent), NUMBER(0, 99, 10),
     .says = "when so much of a certificate's validity is left, and none was issued in its place, it is "
             "overdue: log, /readyz and cmpctl device overdue tell; 0: they do not"},
    {ROW(config_update, one_open), FLAG(0),
     .says = "true: a kur is refused while the certificate of the last one awaits its certConf"},
    {ROW(config_update, warn_again), FLAG(0),
     .says =
         "true: a kur for a certificate that has been updated before, and confirmed, gets its certificate "
         "with the status keyUpdateWarning"},
    {ROW(config_update, by_request), FLAG(0),
     .says =
         "true: a cr or p10cr for names for which its sender has a certificate, one of this CA that signs "
         "it or, of an agent or a reusable secret, the last that it got for them, counts as an update of "
         "that one: for "
         "early_percent, predecessor and keys.same_in_update"},
};
static const struct config_section update = SECTION(update, "update");

static const struct config_word unconfirmed_words[] = {{"revoke", CONFIG_UNCONFIRMED_REVOKE},
                                                       {"keep", CONFIG_UNCONFIRMED_KEEP},
                                                       {"hold", CONFIG_UNCONFIRMED_HOLD},
                                                       {NULL, 0}};

/* wait_seconds: a week, for devices that are confirmed by hand. */
static const struct config_setting confirm_rows[] = {
    {ROW(config_confirm, implicit), FLAG(1),
     .says = "implicit confirmation is granted to whoever asks for it"},
    {ROW(config_confirm, wait_seconds), NUMBER(1, 7 * DAY, 300), .says = "how long a certConf is waited for"},
    {ROW(config_confirm, unconfirmed), WORD(unconfirmed_words, CONFIG_UNCONFIRMED_REVOKE),
     .says = "… and what becomes of the certificate then: revoke, keep, hold"},
};
static const struct config_section confirm = SECTION(confirm, "confirm");

static const struct config_setting authorize_rows[] = {
    {ROW(config_authorize, url), .kind = CONFIG_TEXT, .required = 1,
     .example = "https://inventory.example/cmp",
     .says =
         "whom: https:, http: of this machine, or unix: and the path of a socket, to which /cmp is posted"},
    {ROW(config_authorize, ca), .kind = CONFIG_FILE, .commented = 1, .example = "inventory-ca.pem",
     .says = "PEM file: who vouches for the server's certificate; without it, those that the system trusts"},
    {ROW(config_authorize, key), .kind = CONFIG_FILE, .required = 1, .example = "inventory.key",
     .says =
         "file with 64 hexadecimal digits (openssl rand -hex 32), mode 0600: the key that signs questions"},
    {ROW(config_authorize, timeout_ms), NUMBER(50, 30000, 2000),
     .says = "milliseconds until there is an answer; without one the station is told to try again"},
    {ROW(config_authorize, parked), NUMBER(1, 100000, 1000),
     .says = "requests that wait for an answer at the same time; more are told to try again"},
};
static const struct config_section authorize = SECTION(authorize, "authorize");

static const struct config_word approve_words[] = {{"always", CONFIG_APPROVE_ALWAYS},
                                                   {"unknown-device", CONFIG_APPROVE_UNKNOWN_DEVICE},
                                                   {"second-certificate", CONFIG_APPROVE_SECOND_CERTIFICATE},
                                                   {"names", CONFIG_APPROVE_NAMES},
                                                   {"revocation", CONFIG_APPROVE_REVOCATION},
                                                   {NULL, 0}};

static const struct config_setting approve_rows[] = {
    {ROW(config_approve_rules, when), .kind = CONFIG_WORDS, .max = CONFIG_LIST_MAX, .words = approve_words,
     .says = "which requests wait: always, those for certificates; unknown-device, of a device that is not "
             "listed; second-certificate, of one that has a certificate already; names, for names that look "
             "like none of names; revocation, those to revoke, hold or release"},
    {ROW(config_approve_rules, names), LIST(CONFIG_TEXTS, 0), .example = "[\"CN=*.gnb.example\"]",
     .commented = 1, .says = "names that need no approval, as in accept.agents: with names in when"},
    {ROW(config_approve_rules, approvals), NUMBER(1, BOUND_APPROVERS, 1),
     .says = "so many approvers have to approve one; a single one denies it"},
    {ROW(config_approve_rules, check_after_seconds), NUMBER(1, DAY, 60),
     .says = "how long a station is told to wait before it asks again"},
    {ROW(config_approve_rules, expire_hours), NUMBER(1, 30 * 24, 72),
     .says = "after so many hours a request that was not granted is over: nobody decided, or its station did "
             "not poll"},
    {ROW(config_approve_rules, per_day), NUMBER(1, 1000000, 1000),
     .says = "requests of this profile that begin to wait in a day (UTC), on all nodes together; more are "
             "refused"},
    {ROW(config_approve_rules, open), NUMBER(1, BOUND_WAITING, 2),
     .says = "requests of a device, a secret, an RA or an agent that wait at the same time; more are "
             "refused"},
};
static const struct config_section approve = SECTION(approve, "approve");

static const struct config_setting cross_rows[] = {
    {ROW(config_cross, path_length), NUMBER(0, BOUND_CHAIN - 1, 0),
     .says = "pathLenConstraint: so many CAs may stand below it"},
    {ROW(config_cross, permitted), LIST(CONFIG_TEXTS, 0), .example = "[\"DNS:partner.example\"]",
     .says = "nameConstraints: DNS:, email:, URI:, or a name such as \"C=DE, O=Partner\"; none: any"},
    {ROW(config_cross, excluded), LIST(CONFIG_TEXTS, 0), .says = "… and those that it may not have"},
    {ROW(config_cross, policies), LIST(CONFIG_TEXTS, 0), .says = "certificatePolicies, by their OIDs"},
};
static const struct config_section cross = SECTION(cross, "cross");

static const struct config_setting approver_rows[] = {
    {ROW(config_approver, name), .kind = CONFIG_NAME, .required = 1, .example = "anna",
     .says = "by which log and audit record name them"},
    {ROW(config_approver, certificate), .kind = CONFIG_FILE, .required = 1, .example = "approvers/anna.pem",
     .says = "PEM file: what its key signs (cmpctl request approve, deny) counts"},
    {ROW(config_approver, profiles), LIST(CONFIG_TEXTS, 0), .example = "[base-station]", .commented = 1,
     .says = "whose requests they may decide on; without it, those of all profiles"},
};
static const struct config_section approver = SECTION(approver, "an approver");

static const struct config_setting upstream_rows[] = {
    {ROW(config_upstream, name), .kind = CONFIG_NAME, .required = 1, .example = "national",
     .says = "by which the log and cmpctl announcement name it"},
    {ROW(config_upstream, certificates), LIST(CONFIG_FILES, 1), .example = "[upstream/national-cmp.pem]",
     .says = "PEM files, one for each certificate that its announcements are signed with (cmp_certificate of "
             "a cmpd), whose chain may follow; what it issued does not count"},
};
static const struct config_section upstream = SECTION(upstream, "an upstream");

static const struct config_word poll_nonce_words[] = {
    {"request", CONFIG_POLL_NONCE_REQUEST}, {"poll", CONFIG_POLL_NONCE_POLL}, {NULL, 0}};

static const struct config_word ca_pubs_words[] = {{"never", CONFIG_CA_PUBS_NEVER},
                                                   {"mac", CONFIG_CA_PUBS_MAC},
                                                   {"always", CONFIG_CA_PUBS_ALWAYS},
                                                   {NULL, 0}};

static const struct config_word mac_answers_words[] = {
    {"mac", CONFIG_MAC_ANSWERS_MAC}, {"signature", CONFIG_MAC_ANSWERS_SIGNATURE}, {NULL, 0}};

static const struct config_word signed_by_words[] = {
    {"cmp", CONFIG_SIGNED_BY_CMP}, {"ca", CONFIG_SIGNED_BY_CA}, {NULL, 0}};

static const struct config_setting answer_rows[] = {
    {ROW(config_answer, mac_answers), WORD(mac_answers_words, CONFIG_MAC_ANSWERS_MAC),
     .says = "what protects the answer to a request with a MAC: mac, the same one; signature"},
    {ROW(config_answer, signed_by), WORD(signed_by_words, CONFIG_SIGNED_BY_CMP),
     .says = "who signs answers: cmp, cmp_certificate of the CA; ca, its own certificate, for stations that "
             "want the sender to be the CA itself"},
    {ROW(config_answer, ca_pubs), WORD(ca_pubs_words, CONFIG_CA_PUBS_MAC),
     .says = "root in caPubs of ip: never, in answers that have the MAC of a shared secret (mac), always but "
             "to who signs with a certificate of this CA (RFC 9483 4.1.2)"},
    {ROW(config_answer, signature), .kind = CONFIG_TEXT, .commented = 1, .example = "RSASSA-PSS-SHA256",
     .says = "algorithm that signs answers (manual: algorithms); default: by the key of who signs, SHA-256 "
             "and RSA PKCS #1 v1.5, SHA-384 on P-384, SHA-512 on P-521"},
    {ROW(config_answer, poll_nonce), WORD(poll_nonce_words, CONFIG_POLL_NONCE_REQUEST),
     .says = "which senderNonce the final answer repeats after polling: that of the request (RFC 9483 4.4), "
             "or, for stations that want it, of the last poll"},
    {ROW(config_answer, extra_certs), LIST(CONFIG_FILES, 0),
     .says = "PEM files: more certificates to send along with a new one"},
};
static const struct config_section answer = SECTION(answer, "answer");

static const struct config_setting general_rows[] = {
    {ROW(config_general, unprotected), FLAG(0),
     .says =
         "true: general messages without protection are answered, too, signed: certificates and CRLs of "
         "the CA, updates of its root, algorithms; what requests have to be like is for known ones alone"},
    {ROW(config_general, encryption_certificate), .kind = CONFIG_FILE, .commented = 1,
     .example = "ca/encryption.pem",
     .says = "PEM file: what stations encrypt for the CA with (caProtEncCert)"},
};
static const struct config_section general = SECTION(general, "general");

static const struct config_setting retain_rows[] = {
    {ROW(config_retain, certificates_days), NUMBER(0, CENTURY_DAYS, 0),
     .says = "after notAfter, certificates are deleted, with all about them; 0: never"},
    {ROW(config_retain, transactions_days), NUMBER(0, CENTURY_DAYS, 0),
     .says = "after they began, transactions that are over are deleted; 0: never; else longer than messages "
             "are taken: see message_time_seconds and wait_seconds"},
};
static const struct config_section retain = SECTION(retain, "retain");

static const struct config_word lint_words[] = {
    {"refuse", CONFIG_LINT_REFUSE}, {"warn", CONFIG_LINT_WARN}, {NULL, 0}};

static const struct config_setting profile_rows[] = {
    {ROW(config_profile, name), .kind = CONFIG_NAME, .required = 1, .example = "base-station",
     .says = "letters, digits, '.', '_', '-'"},
    {ROW(config_profile, demo), FLAG(0),
     .says =
         "FOR DEMONSTRATION ONLY: a mark for file and log; what is granted stands in names, keys and mac"},
    {ROW(config_profile, kind), .kind = CONFIG_NAME, .is_base = 1, .example = "gnb-ipsec", .commented = 1,
     .says =
         "a ready-made profile (cmpctl profile kinds): this one has its settings where it says nothing else"},
    {ROW(config_profile, ca), .kind = CONFIG_NAME, .example = "issuing",
     .says = "which issues; may be left out if there is one"},
    {ROW(config_profile, former), .kind = CONFIG_NAME, .commented = 1, .example = "base-station-1",
     .says = "the profile of the CA before this one: it serves kur and rr which a certificate of that CA "
             "protects, at whatever URL of this profile they come"},
    {ROW(config_profile, paths), LIST(CONFIG_TEXTS, 0),
     .says = "paths besides /.well-known/cmp/p/NAME, such as /pkix/"},
    {ROW(config_profile, devices), WORD(devices_words, CONFIG_DEVICES_OPEN),
     .says = "which devices it is for: listed (cmpctl device), record: unknown ones of a trusted vendor are "
             "added, open: any, which are not counted. Of their vendors, identity says which device it is"},
    {ROW(config_profile, once), GROUP(once), .says = "how often a device enrolls that is listed or recorded"},
    {ROW(config_profile, accept), GROUP(accept), .says = "whose requests are taken, and how they have to be"},
    {ROW(config_profile, tolerate), LIST(CONFIG_TEXTS, 0),
     .says =
         "what is taken against the RFCs, by name (manual: clients); with until YYYY-MM-DD it is off from "
         "that day on (UTC)"},
    {ROW(config_profile, mac), GROUP(mac), .says = "shared secrets, and what their MACs may ask for"},
    {ROW(config_profile, keys), GROUP(keys), .says = "which public keys are certified"},
    {ROW(config_profile, names), GROUP(names), .says = "of the certificate"},
    {ROW(config_profile, certificate), GROUP(certificate), .says = "what else is in it"},
    {ROW(config_profile, lint), WORD(lint_words, CONFIG_LINT_REFUSE),
     .says = "a certificate that would break RFC 5280: refuse, or warn (the log says so, and it is issued)"},
    {ROW(config_profile, request), GROUP(request), .says = "what a request may ask for"},
    {ROW(config_profile, urls), GROUP(urls), .says = "where a certificate tells to look"},
    {ROW(config_profile, update), GROUP(update), .says = "what becomes of certificates that kur updates"},
    {ROW(config_profile, confirm), GROUP(confirm), .says = "of a new certificate"},
    {ROW(config_profile, authorize), POINTER(config_authorize, authorize), .commented = 1,
     .says = "a server that is asked before a certificate is issued: it allows, denies, or names the device; "
             "where no profile had one, it takes a restart"},
    {ROW(config_profile, approve), GROUP(approve),
     .says = "what waits until people approve it (cmpctl request); the station polls meanwhile"},
    {ROW(config_profile, cross), POINTER(config_cross, cross), .commented = 1,
     .says = "it certifies other CAs, which ask by ccr, and nobody else; approve.when must have always"},
    {ROW(config_profile, answer), GROUP(answer), .says = "who protects answers, and what is sent along"},
    {ROW(config_profile, general), GROUP(general), .says = "what is answered to general messages (genm)"},
    {ROW(config_profile, retain), GROUP(retain), .says = "days after which rows of the store are deleted"},
};
static const struct config_section profile = SECTION(profile, "a profile");

/* ---- the file ---- */

static const struct config_setting operator_rows[] = {
    {ROW(config_operator, mcc), .kind = CONFIG_TEXT, .example = "262", .says = "mobile country code"},
    {ROW(config_operator, mnc), .kind = CONFIG_TEXT, .example = "01",
     .says = "mobile network code; one of two digits has a 0 before it in names"},
};
static const struct config_section operator_section = {"operator", operator_rows,
                                                       sizeof operator_rows / sizeof operator_rows[0]};

static const struct config_word front_words[] = {{"auto", CONFIG_FRONT_AUTO},
                                                 {"io_uring", CONFIG_FRONT_IO_URING},
                                                 {"epoll", CONFIG_FRONT_EPOLL},
                                                 {NULL, 0}};
static const struct config_word hardening_words[] = {
    {"on", CONFIG_HARDENING_ON}, {"off", CONFIG_HARDENING_OFF}, {NULL, 0}};
static const struct config_word log_words[] = {
    {"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warn", LOG_WARN}, {"error", LOG_ERROR}, {NULL, 0}};

static const struct config_word log_to_words[] = {
    {"stderr", CONFIG_LOG_STDERR}, {"journald", CONFIG_LOG_JOURNALD}, {"file", CONFIG_LOG_FILE}, {NULL, 0}};
static const struct config_word log_format_words[] = {{"logfmt", LOG_LOGFMT}, {"json", LOG_JSON}, {NULL, 0}};
enum { MODE_OWNER = 0600, MODE_GROUP = 0640 };
static const struct config_word log_file_mode_words[] = {
    {"0600", MODE_OWNER}, {"0640", MODE_GROUP}, {NULL, 0}};

static const struct config_setting root_rows[] = {
    {ROW(config, front), WORD(front_words, CONFIG_FRONT_AUTO), .restart = 1, .of_node = 1,
     .says = "How the network is read: auto (io_uring, and epoll where the kernel or a container refuses "
             "it), io_uring, epoll."},
    {ROW(config, hardening), WORD(hardening_words, CONFIG_HARDENING_ON), .restart = 1, .of_node = 1,
     .says =
         "What the kernel is asked to forbid this process: on, or off while a debugger is to look into it."},
    {ROW(config, log), WORD(log_words, LOG_INFO), .of_node = 1,
     .says = "The least important lines that are logged: debug, info, warn, error."},
    {ROW(config, log_to), WORD(log_to_words, CONFIG_LOG_STDERR), .restart = 1, .of_node = 1,
     .says =
         "Where the log goes: stderr, journald (by its own protocol, with a field for each value), or file "
         "(see log_file)."},
    {ROW(config, log_format), WORD(log_format_words, LOG_LOGFMT), .restart = 1, .of_node = 1,
     .says = "What a line is, on standard error and in a file: logfmt, or json, an object a line."},
    {ROW(config, log_file), .kind = CONFIG_FILE, .commented = 1, .restart = 1, .of_node = 1,
     .example = "/var/log/cmpd/cmpd.log",
     .says = "The file that lines are appended to. SIGHUP opens it anew, for whoever moved it away "
             "(logrotate); where that fails, lines go on to the old one, and one of them says so."},
    {ROW(config, log_file_mode), WORD(log_file_mode_words, MODE_OWNER), .restart = 1, .of_node = 1,
     .says = "Its mode where it is made: 0600, or 0640 for a group that may read it. That of a file that is "
             "there stays."},
    {ROW(config, node), .kind = CONFIG_NAME, .restart = 1, .of_node = 1, .example = "ca1",
     .says = "This node's name in the log and in the audit record; by default its host's."},
    {ROW(config, store), .kind = CONFIG_TEXT, .text = "sqlite:store/cmpd.db", .restart = 1, .of_node = 1,
     .says = "Where certificates and transactions are kept: sqlite:PATH, embedded, for one machine; or "
             "postgresql://…, for several nodes. Files of an embedded one are copied by cmpctl backup, never "
             "by hand."},
    {ROW(config, audit_seal_file), .kind = CONFIG_FILE, .text = "audit/seals.log", .restart = 1, .of_node = 1,
     .says = "Where seals of the audit log are written besides the store: what no sampling and no limit of a "
             "journal takes away. Keep copies where those who may write to the store cannot. A file that was "
             "moved away is made anew."},
    {ROW(config, key_passphrase_file), .kind = CONFIG_FILE, .commented = 1, .of_node = 1,
     .example = "credential:passphrase",
     .says = "The passphrase of key files that are encrypted (PKCS #8: openssl pkcs8 -topk8 -v2 "
             "aes-256-cbc), mode 0600, on its first line. "
             "credential:NAME is what systemd hands over by LoadCredential="},
    {ROW(config, seal_key), .kind = CONFIG_FILE, .example = "ca/seal.key",
     .says =
         "The key that seals shared secrets, and the keys of certificate renew --new-key, in the store: 64 "
         "hexadecimal digits, mode 0600. The same on all nodes."},
    {ROW(config, engines), LIST(CONFIG_TEXTS, 0), .restart = 1, .of_node = 1,
     .example = "[crypto_mb, aws-lc, boringssl]", .commented = 1,
     .says = "What computes signatures, first choice first. By default the fastest that this machine can run "
             "(see: cmpctl engines)."},
    {ROW(config, threads), GROUP(threads), .restart = 1, .of_node = 1, .says = "How many threads do what."},
    {ROW(config, limits), GROUP(limits), .restart = 1, .of_node = 1,
     .says = "Bounds on what peers may take."},
    {ROW(config, confirm_revoke_max), NUMBER(1, 1000000, 60),
     .says = "Certificates a minute that may be revoked or held because no certConf came; more stop it, with "
             "an alarm."},
    {ROW(config, retain_audit_days), NUMBER(0, CENTURY_DAYS, 0),
     .says = "Days after which cmpctl db purge deletes entries of the audit log, once a signed anchor tells "
             "up to where (in PostgreSQL by whole quarters of a year); 0: never."},
    {ROW(config, listeners), ENTRIES(config_listener, listener_count, listener, 1, CONFIG_LISTENERS_MAX),
     .restart = 1, .of_node = 1,
     .says = "Where requests come in: \"HOST:PORT\", \"[::1]:PORT\", or \":PORT\" for every address."},
    {ROW(config, trusted_proxies), LIST(CONFIG_TEXTS, 0), .restart = 1, .of_node = 1,
     .says = "Load balancers that say for whom a request comes, e.g. [192.0.2.0/24, \"2001:db8::1\"]: by the "
             "last element of its Forwarded field, or by a PROXY header. Bounds on one address are then "
             "bounds on base stations. What anybody else says of that is not read."},
    {ROW(config, crl), GROUP(crl),
     .says = "CRLs: made aside, by one node at a time, and published by all: GET /crl/CA.crl where a "
             "listener serves "
             "publication."},
    {ROW(config, ocsp), GROUP(ocsp),
     .says =
         "OCSP: /ocsp where a listener serves it, by GET and POST. Its key is made by each node, and never "
         "leaves its memory."},
    {.key = "operator",
     .offset = offsetof(struct config, plmn),
     GROUP(operator_section),
     .commented = 1,
     .says = "The operator's own numbers, for ${mcc} and ${mnc} in names of certificates."},
    {ROW(config, cas), ENTRIES(config_ca, ca_count, ca, 1, CONFIG_CAS_MAX),
     .says = "The CA: what it issues with, its chain up to the root, and the certificate that protects its "
             "answers. Instead of a file, key and cmp_key may name a key in a PKCS #11 token (RFC 7512): "
             "key: \"pkcs11:token=NAME;object=KEY?module-path=/usr/lib/MODULE.so&pin-source=file:/PATH\""},
    {ROW(config, vendors), ENTRIES(config_vendor, vendor_count, vendor, 0, CONFIG_VENDORS_MAX),
     .commented = 1,
     .says = "Vendors whose certificates protect requests: anchors are trusted as they are, intermediates "
             "help to reach them."},
    {ROW(config, vendor_crl_folder), .kind = CONFIG_FILE, .commented = 1, .of_node = 1,
     .example = "/var/lib/cmpd/vendor-crls",
     .says = "Where CRLs are kept that were fetched from crl_urls of vendors: a folder that this program may "
             "write to. They are there again after a start, also while a vendor's server is not."},
    {ROW(config, approvers), ENTRIES(config_approver, approver_count, approver, 0, BOUND_APPROVERS),
     .commented = 1, .says = "Who may approve and deny what waits for approval, by their certificates."},
    {.key = "upstream",
     .offset = offsetof(struct config, upstreams),
     ENTRIES(config_upstream, upstream_count, upstream, 0, BOUND_UPSTREAMS),
     .commented = 1,
     .says = "Other CAs whose announcements are taken and stored (cmpctl announcement): root changes, "
             "certificates, revocations, CRLs. Nobody else's are."},
    {ROW(config, profiles), ENTRIES(config_profile, profile_count, profile, 1, CONFIG_PROFILES_MAX),
     .says =
         "Profiles: who may enroll how, and what the certificate contains. A request chooses one by its "
         "path, /.well-known/cmp/p/NAME, or by certProfile in its header; default_profile serves the rest."},
    {ROW(config, default_profile), .kind = CONFIG_NAME, .example = "base-station",
     .says = "The profile of requests that name none; may be left out if there is one."},
};

const struct config_section config_root = SECTION(root, "the file");

static const char *word_of(const struct config_word *words, int value)
{
    while (words->name != NULL && (int)words->value != value)
        words++;
    return words->name != NULL ? words->name : "?";
}

const char *config_identity_name(enum config_identity identity)
{
    return word_of(identity_words, (int)identity);
}

const char *config_devices_name(enum config_devices devices)
{
    return word_of(devices_words, (int)devices);
}

const char *config_approve_name(enum config_approve rule)
{
    return word_of(approve_words, (int)rule);
}
