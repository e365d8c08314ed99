/* config_schema.c: every setting of cmpd.yaml, with its bounds and its default. */
#include "config_internal.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* FIELD_… makes libcyaml's entry, RULE_… ours. Everything is optional to libcyaml: what is required is said
 * by our own check, in words that tell what to write. */
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define FIELD_NUMBER(S, f, lo, hi, def) CYAML_FIELD_UINT(#f, OPTIONAL, struct S, f)
#define FIELD_FLAG(S, f, def) CYAML_FIELD_BOOL(#f, OPTIONAL, struct S, f)
#define FIELD_WORD(S, f, names, def)                                                                         \
    CYAML_FIELD_ENUM(#f, OPTIONAL | CYAML_FLAG_STRICT, struct S, f, names, COUNT_OF(names))
#define FIELD_TEXT(S, f, need, def)                                                                          \
    CYAML_FIELD_STRING_PTR(#f, OPTIONAL | CYAML_FLAG_POINTER, struct S, f, 0, CONFIG_STRING_MAX)
#define FIELD_NAME FIELD_TEXT
#define FIELD_FILE FIELD_TEXT
#define FIELD_KEY FIELD_TEXT
#define FIELD_TEXTS(S, f, n, least, def)                                                                     \
    CYAML_FIELD_SEQUENCE_COUNT(#f, OPTIONAL | CYAML_FLAG_POINTER, struct S, f, n, &text_entry, 0,            \
                               CONFIG_LIST_MAX)
#define FIELD_FILES FIELD_TEXTS
#define FIELD_SECTION(S, f, T) CYAML_FIELD_MAPPING(#f, OPTIONAL, struct S, f, T##_fields)
#define FIELD_POINTER(S, f, T) CYAML_FIELD_MAPPING_PTR(#f, OPTIONAL, struct S, f, T##_fields)
#define FIELD_SECTIONS(S, f, n, T, least, most)                                                              \
    CYAML_FIELD_SEQUENCE_COUNT(#f, OPTIONAL | CYAML_FLAG_POINTER, struct S, f, n, &T##_entry, 0, most)

/* The arguments are constants and names of fields, each used as one: parentheses would only hide them.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define RULE_NUMBER(S, f, lo, hi, def)                                                                       \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_NUMBER, .offset = offsetof(struct S, f), .min = lo, .max = hi,             \
        .number = def                                                                                        \
    }
#define RULE_FLAG(S, f, def)                                                                                 \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_FLAG, .offset = offsetof(struct S, f), .number = def                       \
    }
#define RULE_WORD(S, f, names, def)                                                                          \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_WORD, .offset = offsetof(struct S, f), .number = def, .words = names,      \
        .word_count = COUNT_OF(names)                                                                        \
    }
#define RULE_STRING(k, S, f, need, def)                                                                      \
    {                                                                                                        \
        .key = #f, .kind = k, .required = need, .offset = offsetof(struct S, f), .text = def                 \
    }
#define RULE_TEXT(S, f, need, def) RULE_STRING(CONFIG_TEXT, S, f, need, def)
#define RULE_NAME(S, f, need, def) RULE_STRING(CONFIG_NAME, S, f, need, def)
#define RULE_FILE(S, f, need, def) RULE_STRING(CONFIG_FILE, S, f, need, def)
#define RULE_KEY(S, f, need, def) RULE_STRING(CONFIG_KEY, S, f, need, def)
#define RULE_LIST(k, S, f, n, least, def)                                                                    \
    {                                                                                                        \
        .key = #f, .kind = k, .required = (least) > 0, .offset = offsetof(struct S, f),                      \
        .count_offset = offsetof(struct S, n), .min = least, .max = CONFIG_LIST_MAX, .list = def             \
    }
#define RULE_TEXTS(S, f, n, least, def) RULE_LIST(CONFIG_TEXTS, S, f, n, least, def)
#define RULE_FILES(S, f, n, least, def) RULE_LIST(CONFIG_FILES, S, f, n, least, def)
#define RULE_SECTION(S, f, T)                                                                                \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_SECTION, .offset = offsetof(struct S, f), .section = &T##_section          \
    }
#define RULE_POINTER(S, f, T)                                                                                \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_POINTER, .offset = offsetof(struct S, f), .section = &T##_section          \
    }
#define RULE_SECTIONS(S, f, n, T, least, most)                                                               \
    {                                                                                                        \
        .key = #f, .kind = CONFIG_SECTIONS, .required = (least) > 0, .offset = offsetof(struct S, f),        \
        .count_offset = offsetof(struct S, n), .min = least, .max = most, .section = &T##_section,           \
        .size = sizeof(struct config_##T)                                                                    \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

#define AS_FIELD(kind, ...) FIELD_##kind(__VA_ARGS__),
#define AS_RULE(kind, ...) RULE_##kind(__VA_ARGS__),

/* SECTION makes both tables of the structure config_NAME from its LIST; ENTRY is its use as an element of an
 * array. */
#define SECTION(NAME, LIST, TITLE)                                                                           \
    static const cyaml_schema_field_t NAME##_fields[] = {LIST(AS_FIELD) CYAML_FIELD_END};                    \
    static const struct config_rule NAME##_rules[] = {LIST(AS_RULE)};                                        \
    static const struct config_section NAME##_section = {TITLE, NAME##_rules, COUNT_OF(NAME##_rules)};
#define ENTRY(NAME)                                                                                          \
    static const cyaml_schema_value_t NAME##_entry = {                                                       \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct config_##NAME, NAME##_fields)};

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CONFIG_STRING_MAX)};

/* Default lists end with NULL. */
static const char *const usual_key_types[] = {"P-256", "P-384", "P-521", "RSA", "Ed25519", NULL};
static const char *const usual_key_usage[] = {"digitalSignature", NULL};
static const char *const usual_honour[] = {"subjectAltName", NULL};

static const cyaml_strval_t front_words[] = {
    {"auto", CONFIG_FRONT_AUTO}, {"io_uring", CONFIG_FRONT_IO_URING}, {"epoll", CONFIG_FRONT_EPOLL}};
static const cyaml_strval_t hardening_words[] = {{"on", CONFIG_HARDENING_ON}, {"off", CONFIG_HARDENING_OFF}};
static const cyaml_strval_t header_words[] = {{"rfc9810", CONFIG_HEADER_RFC9810},
                                              {"rfc9483", CONFIG_HEADER_RFC9483}};
static const cyaml_strval_t unconfirmed_words[] = {{"revoke", CONFIG_UNCONFIRMED_REVOKE},
                                                   {"keep", CONFIG_UNCONFIRMED_KEEP},
                                                   {"hold", CONFIG_UNCONFIRMED_HOLD}};
static const cyaml_strval_t ca_pubs_words[] = {
    {"never", CONFIG_CA_PUBS_NEVER}, {"mac", CONFIG_CA_PUBS_MAC}, {"always", CONFIG_CA_PUBS_ALWAYS}};
static const cyaml_strval_t log_words[] = {
    {"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warn", LOG_WARN}, {"error", LOG_ERROR}};

enum { DAY = 24 * 3600 };

/* clang-format off */

/* threads: more than a machine has processors only adds switches; 256 is no one's machine yet. */
#define THREADS(X) \
    X(NUMBER, config_threads, front, 0, 256, 0) \
    X(NUMBER, config_threads, workers, 0, 256, 0) \
    X(NUMBER, config_threads, slow, 1, 256, 1) \
    X(NUMBER, config_threads, token, 1, BOUND_TOKEN_SESSIONS, 8)
SECTION(threads, THREADS, "threads")

/* limits: sized for one carrier node: a storm of base stations after a power cut fills queues, not memory. */
#define LIMITS(X) \
    X(NUMBER, config_limits, message_bytes, 1024, 1048576, 65536) \
    X(NUMBER, config_limits, header_bytes, 1024, 65536, 8192) \
    X(NUMBER, config_limits, connections, 1, 1000000, 10000) \
    X(NUMBER, config_limits, connections_per_source, 1, 1000000, 2048) \
    X(NUMBER, config_limits, requests_per_source, 1, 1048576, 1024) \
    X(NUMBER, config_limits, memory_mib, 16, 65536, 512) \
    X(NUMBER, config_limits, idle_seconds, 1, 3600, 60) \
    X(NUMBER, config_limits, read_seconds, 1, 600, 10) \
    X(NUMBER, config_limits, streams, 1, 1000, 100) \
    X(NUMBER, config_limits, resets, 1, 100000, 100) \
    X(NUMBER, config_limits, queue_jobs, 16, 1048576, 4096) \
    X(NUMBER, config_limits, jobs, 16, 1048576, 16384) \
    X(NUMBER, config_limits, slow_queue_jobs, 1, 65536, 256) \
    X(NUMBER, config_limits, slow_jobs_per_peer, 1, 65536, 64) \
    X(NUMBER, config_limits, slow_job_us, 1, 1000000, 500) \
    X(NUMBER, config_limits, drain_seconds, 0, 600, 5) \
    X(NUMBER, config_limits, stop_seconds, 1, 600, 20)
SECTION(limits, LIMITS, "limits")

#define TLS(X) \
    X(FILE, config_tls, certificate, 1, NULL) \
    X(FILE, config_tls, key, 1, NULL) \
    X(FILE, config_tls, client_ca, 0, NULL) \
    X(FLAG, config_tls, client_required, 0) \
    X(FLAG, config_tls, rsa_key_exchange, 0)
SECTION(tls, TLS, "tls")

#define LISTENER(X) \
    X(TEXT, config_listener, address, 1, NULL) \
    X(POINTER, config_listener, tls, tls) \
    X(FLAG, config_listener, proxy_protocol, 0)
SECTION(listener, LISTENER, "a listener")
ENTRY(listener)

#define CA(X) \
    X(NAME, config_ca, name, 1, NULL) \
    X(FILE, config_ca, certificate, 1, NULL) \
    X(KEY, config_ca, key, 1, NULL) \
    X(FILES, config_ca, chain, chain_count, 0, NULL) \
    X(FILE, config_ca, cmp_certificate, 1, NULL) \
    X(KEY, config_ca, cmp_key, 1, NULL)
SECTION(ca, CA, "a CA")
ENTRY(ca)

#define VENDOR(X) \
    X(NAME, config_vendor, name, 1, NULL) \
    X(FILES, config_vendor, anchors, anchor_count, 1, NULL) \
    X(FILES, config_vendor, intermediates, intermediate_count, 0, NULL)
SECTION(vendor, VENDOR, "a vendor")
ENTRY(vendor)

/* validity_days: a century; backdate_seconds: a day, for clocks that lag; confirm_wait_seconds: a week, for devices
 * that are confirmed by hand; retain_..._days: a century, too. */
#define PROFILE(X) \
    X(NAME, config_profile, name, 1, NULL) \
    X(FLAG, config_profile, demo, 0) \
    X(NAME, config_profile, ca, 0, NULL) \
    X(TEXTS, config_profile, paths, path_count, 0, NULL) \
    X(TEXTS, config_profile, vendors, vendor_count, 0, NULL) \
    X(FLAG, config_profile, own_certificates, 1) \
    X(TEXTS, config_profile, own_profiles, own_profile_count, 0, NULL) \
    X(TEXTS, config_profile, ras, ra_count, 0, NULL) \
    X(WORD, config_profile, header, header_words, CONFIG_HEADER_RFC9810) \
    X(FLAG, config_profile, mac, 0) \
    X(FLAG, config_profile, sha1_owf, 0) \
    X(NUMBER, config_profile, mac_iterations_min, 1, 10000000, 100) \
    X(NUMBER, config_profile, mac_iterations_max, 1, 10000000, 10000) \
    X(NUMBER, config_profile, mac_salt_min, 0, 1024, 8) \
    X(NUMBER, config_profile, mac_salt_max, 0, 1024, 128) \
    X(NUMBER, config_profile, mac_key_min, 1, 64, 16) \
    X(NUMBER, config_profile, mac_key_max, 1, 64, 64) \
    X(FLAG, config_profile, implicit_confirm, 1) \
    X(NUMBER, config_profile, confirm_wait_seconds, 1, 7 * DAY, 300) \
    X(WORD, config_profile, unconfirmed, unconfirmed_words, CONFIG_UNCONFIRMED_REVOKE) \
    X(FLAG, config_profile, same_key_update, 0) \
    X(FLAG, config_profile, unique_keys, 0) \
    X(WORD, config_profile, ca_pubs, ca_pubs_words, CONFIG_CA_PUBS_MAC) \
    X(FILES, config_profile, extra_certs, extra_cert_count, 0, NULL) \
    X(NUMBER, config_profile, validity_days, 1, 36525, 365) \
    X(NUMBER, config_profile, backdate_seconds, 0, DAY, 300) \
    X(TEXTS, config_profile, key_usage, key_usage_count, 0, usual_key_usage) \
    X(TEXTS, config_profile, extended_key_usage, extended_key_usage_count, 0, NULL) \
    X(TEXTS, config_profile, key_types, key_type_count, 0, usual_key_types) \
    X(NUMBER, config_profile, rsa_bits_min, 2048, 8192, 2048) \
    X(NUMBER, config_profile, rsa_bits_max, 2048, 8192, 4096) \
    X(TEXTS, config_profile, subject, subject_count, 0, NULL) \
    X(FLAG, config_profile, subject_bound, 1) \
    X(TEXTS, config_profile, san, san_count, 0, NULL) \
    X(TEXTS, config_profile, honour, honour_count, 0, usual_honour) \
    X(TEXTS, config_profile, refuse, refuse_count, 0, NULL) \
    X(TEXTS, config_profile, crl_urls, crl_url_count, 0, NULL) \
    X(TEXTS, config_profile, issuer_urls, issuer_url_count, 0, NULL) \
    X(TEXTS, config_profile, ocsp_urls, ocsp_url_count, 0, NULL) \
    X(NUMBER, config_profile, message_time_seconds, 0, 7 * DAY, 300) \
    X(NUMBER, config_profile, retain_certificates_days, 0, 36525, 0) \
    X(NUMBER, config_profile, retain_transactions_days, 0, 36525, 0)
SECTION(profile, PROFILE, "a profile")
ENTRY(profile)

#define ROOT(X) \
    X(WORD, config, front, front_words, CONFIG_FRONT_AUTO) \
    X(WORD, config, hardening, hardening_words, CONFIG_HARDENING_ON) \
    X(WORD, config, log, log_words, LOG_INFO) \
    X(NAME, config, node, 0, NULL) \
    X(TEXT, config, store, 0, "sqlite:store/cmpd.db") \
    X(FILE, config, audit_seal_file, 0, "audit/seals.log") \
    X(FILE, config, seal_key, 0, NULL) \
    X(TEXTS, config, engines, engine_count, 0, NULL) \
    X(SECTION, config, threads, threads) \
    X(SECTION, config, limits, limits) \
    X(SECTIONS, config, listeners, listener_count, listener, 1, CONFIG_LISTENERS_MAX) \
    X(TEXTS, config, trusted_proxies, trusted_proxy_count, 0, NULL) \
    X(SECTIONS, config, cas, ca_count, ca, 1, CONFIG_CAS_MAX) \
    X(SECTIONS, config, vendors, vendor_count, vendor, 0, CONFIG_VENDORS_MAX) \
    X(SECTIONS, config, profiles, profile_count, profile, 1, CONFIG_PROFILES_MAX) \
    X(NUMBER, config, confirm_revoke_max, 1, 1000000, 60) \
    X(NUMBER, config, retain_audit_days, 0, 36525, 0) \
    X(NAME, config, default_profile, 0, NULL)
/* clang-format on */

static const cyaml_schema_field_t root_fields[] = {ROOT(AS_FIELD) CYAML_FIELD_END};
static const struct config_rule root_rules[] = {ROOT(AS_RULE)};

const struct config_section config_root = {"the file", root_rules, COUNT_OF(root_rules)};
const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct config, root_fields)};
