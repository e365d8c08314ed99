/* test_config_reload.c: what takes a restart, and what nodes of one CA may differ in. */
#include <criterion/criterion.h>

#include "server/base/config.h"

#define LISTENERS "listeners:\n- address: ':8829'\n  tls: {certificate: c.pem, key: k.pem}\n"
#define CAS "cas: [{name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}]\n"
#define PROFILES "profiles: [{name: p}]\n"

static struct config *load(const char *text)
{
    struct config_fault fault;
    struct config *config = config_load_text(&fault, "/etc/cmpd/cmpd.yaml", text, strlen(text));

    cr_assert_not_null(config, "%s", fault.text);
    return config;
}

/* Whether a process that runs with |before| takes |after|. */
static int allowed(struct config_fault *fault, const char *before, const char *after)
{
    struct config *from = load(before), *to = load(after);
    int ok = config_reload_allowed(fault, from, to);

    config_free(from);
    config_free(to);
    return ok;
}

Test(config_reload, what_takes_a_restart_is_told_with_its_line)
{
    static const struct {
        const char *after, *says;
    } changes[] = {
        {LISTENERS CAS PROFILES "front: epoll\n", ":6: front has changed: restart to use it"},
        {LISTENERS CAS PROFILES "hardening: off\n", ":6: hardening has changed"},
        {LISTENERS CAS PROFILES "audit_seal_file: other\n", ":6: audit_seal_file has changed"},
        {LISTENERS CAS PROFILES "log_to: journald\n", ":6: log_to has changed"},
        {LISTENERS CAS PROFILES "log_format: json\n", ":6: log_format has changed"},
        {LISTENERS CAS PROFILES "log_file_mode: 0640\n", ":6: log_file_mode has changed"},
        {LISTENERS CAS PROFILES "threads: {workers: 3}\n", ":6: threads have changed: restart to use them"},
        {LISTENERS CAS PROFILES "limits: {idle_seconds: 61}\n", ":6: limits have changed"},
        {LISTENERS CAS PROFILES "engines: [aws-lc]\n", ":6: engines have changed"},
        {LISTENERS CAS PROFILES "trusted_proxies: [192.0.2.1]\n", ":6: trusted_proxies have changed"},
        {LISTENERS CAS PROFILES "store: sqlite:other.db\n", ":6: store has changed"},
        {LISTENERS CAS PROFILES "node: x\n", ":6: node has changed"},
        {"listeners: [{address: ':8829'}]\n" CAS PROFILES, ":1: listeners have changed"},
        {LISTENERS "- address: ':8830'\n" CAS PROFILES, ":2: listeners have changed"},
        {"listeners:\n- address: ':1'\n  tls: {certificate: c.pem, key: k.pem}\n" CAS PROFILES,
         "listeners have"},
        {"listeners:\n- address: ':8829'\n  tls: {certificate: c.pem, key: x.pem}\n" CAS PROFILES,
         "listeners have"},
    };
    struct config_fault fault;

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        cr_expect_not(allowed(&fault, LISTENERS CAS PROFILES, changes[i].after), "%s", changes[i].after);
        cr_expect_not_null(strstr(fault.text, changes[i].says), "%s expected: %s", changes[i].says,
                           fault.text);
    }
}

Test(config_reload, the_rest_is_taken)
{
    static const char *const after[] = {
        LISTENERS CAS PROFILES,
        LISTENERS CAS "profiles: [{name: q, certificate: {validity_days: 3}}]\n",
        LISTENERS CAS PROFILES "log: error\nseal_key: k\nconfirm_revoke_max: 3\nretain_audit_days: 3\n",
        LISTENERS CAS PROFILES "vendors: [{name: v, anchors: [a.pem]}]\n",
        LISTENERS
        "cas: [{name: b, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}]\n" PROFILES,
        /* said or not, it is the default */
        LISTENERS CAS PROFILES "front: auto\nthreads: {slow: 1}\nengines: []\nstore: sqlite:store/cmpd.db\n",
    };
    struct config_fault fault;

    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++)
        cr_expect(allowed(&fault, LISTENERS CAS PROFILES, after[i]), "%s", fault.text);
}

Test(config_reload, what_nodes_may_differ_in)
{
    static const char *const own[] = {
        "front",           "hardening", "log",        "node",      "store",
        "engines",         "threads",   "limits",     "listeners", "trusted_proxies",
        "audit_seal_file", "log_to",    "log_format", "log_file",  "log_file_mode"};
    static const char *const common[] = {"seal_key",        "cas", "profiles", "vendors",
                                         "default_profile", "",    "logs",     "lo"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        cr_expect_eq(config_of_node(bytes_str(own[i])), 1, "%s", own[i]);
    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        cr_expect_eq(config_of_node(bytes_str(common[i])), 0, "%s", common[i]);
}

/* Each entry of a list counts, and how many there are. */
Test(config_reload, lists_are_compared_to_their_end)
{
    static const char *const others[] = {"[192.0.2.1, 192.0.2.3]", "[192.0.2.3, 192.0.2.2]", "[192.0.2.1]",
                                         "[192.0.2.1, 192.0.2.2, 192.0.2.3]"};
    static const char begin[] = LISTENERS CAS PROFILES "trusted_proxies: ";
    struct config_fault fault;
    char before[512], after[512];

    snprintf(before, sizeof before, "%s[192.0.2.1, 192.0.2.2]\n", begin);
    cr_assert(allowed(&fault, before, before), "%s", fault.text);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        snprintf(after, sizeof after, "%s%s\n", begin, others[i]);
        cr_expect_not(allowed(&fault, before, after), "%s", others[i]);
        cr_expect_not_null(strstr(fault.text, "trusted_proxies have changed"), "%s", fault.text);
    }
}
