/* test_config.c: what the file says, what it leaves out, and every way in which it can be wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/base/config.h"
#include "server/base/config_internal.h"

#define LISTENERS "listeners: [{address: ':8829'}]\n"
#define CAS "cas: [{name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}]\n"
#define TWO_CAS                                                                                              \
    "cas:\n- {name: a, certificate: a, key: a, cmp_certificate: c, cmp_key: d}\n"                            \
    "- {name: b, certificate: a, key: a, cmp_certificate: c, cmp_key: d}\n"
#define PROFILES "profiles: [{name: p}]\n"
#define REST LISTENERS CAS PROFILES
static const char NAME[] = "/etc/cmpd/cmpd.yaml";

static struct config *load(const char *text, struct config_fault *fault)
{
    return config_load_text(fault, NAME, text, strlen(text));
}

/* RFC 7512: what begins with its scheme is no file, and is left as it is. */
Test(config, a_key_may_be_in_a_token)
{
    struct config_fault fault;
    struct config *c =
        load(LISTENERS PROFILES "threads: {token: 3}\n"
                                "cas:\n- name: a\n  certificate: a.pem\n  cmp_certificate: c.pem\n"
                                "  key: pkcs11:token=x;object=y?pin-source=file:pin\n  cmp_key: pkcs11.key\n",
             &fault);
    cr_assert_not_null(c, "%s", fault.text);
    cr_assert_str_eq(c->cas[0].key, "pkcs11:token=x;object=y?pin-source=file:pin");
    cr_assert(config_is_token(c->cas[0].key));
    cr_assert_str_eq(c->cas[0].cmp_key, "/etc/cmpd/pkcs11.key");
    cr_assert_not(config_is_token(c->cas[0].cmp_key));
    cr_assert_eq(c->threads.token, 3);
    config_free(c);
}

Test(config, defaults)
{
    struct config_fault fault;
    struct config *c = load(REST, &fault);
    cr_assert_not_null(c, "%s", fault.text);
    cr_assert_eq(c->front, CONFIG_FRONT_AUTO);
    cr_assert_eq(c->log, LOG_INFO);
    cr_assert_str_eq(c->store, "sqlite:/etc/cmpd/store/cmpd.db");
    cr_assert_null(c->seal_key); /* wanted only where shared secrets are */
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    cr_assert_str_eq(c->node, host);
    cr_assert_eq(c->threads.front, 0);
    cr_assert_eq(c->threads.slow, 1);
    cr_assert_eq(c->threads.token, 8);
    cr_assert_eq(c->limits.message_bytes, 65536);
    cr_assert_eq(c->limits.connections, 10000);
    cr_assert_eq(c->limits.stop_seconds, 20);
    cr_assert_eq(c->listener_count, 1);
    cr_assert_null(c->listeners[0].tls);
    cr_assert_str_eq(c->cas[0].cmp_key, "/etc/cmpd/c.key");
    cr_assert_eq(c->cas[0].chain.count, 0);
    cr_assert_eq(c->vendor_count, 0);
    cr_assert_str_eq(c->default_profile, "p");
    const struct config_profile *p = &c->profiles[0];
    cr_assert_str_eq(p->ca, "a");
    cr_assert_eq(p->demo, 0);
    cr_assert_eq(p->mac.allowed, 0);
    cr_assert_eq(p->tolerate.count, 0);
    cr_assert_eq(p->accept.own_certificates, 1);
    cr_assert_eq(p->confirm.implicit, 1);
    cr_assert_eq(p->names.subject.count, 0);
    cr_assert_eq(p->names.subject_bound, 1);
    cr_assert_eq(p->names.san.count, 0);
    cr_assert_eq(p->request.honour.count, 1);
    cr_assert_str_eq(p->request.honour.items[0], "subjectAltName");
    cr_assert_eq(p->request.refuse.count, 0);
    cr_assert_eq(p->accept.header, CONFIG_HEADER_RFC9810);
    cr_assert_eq(p->confirm.unconfirmed, CONFIG_UNCONFIRMED_REVOKE);
    cr_assert_eq(p->answer.ca_pubs, CONFIG_CA_PUBS_MAC);
    cr_assert_eq(p->accept.ras.count, 0);
    cr_assert_eq(p->keys.same_in_update, 0);
    cr_assert_eq(p->keys.unique, 0);
    cr_assert_eq(p->answer.extra_certs.count, 0);
    cr_assert_eq(p->mac.salt_min, 8);
    cr_assert_eq(p->mac.salt_max, 128);
    cr_assert_eq(p->mac.key_min, 16);
    cr_assert_eq(p->mac.key_max, 64);
    cr_assert_eq(c->confirm_revoke_max, 60);
    cr_assert_eq(c->retain_audit_days, 0);
    cr_assert_eq(p->mac.iterations_min, 100);
    cr_assert_eq(p->mac.iterations_max, 10000);
    cr_assert_eq(p->certificate.validity_days, 365);
    cr_assert_eq(p->certificate.backdate_seconds, 300);
    cr_assert_eq(p->confirm.wait_seconds, 300);
    cr_assert_eq(p->accept.message_time_seconds, 300);
    cr_assert_eq(p->retain.certificates_days, 0);
    cr_assert_eq(p->retain.transactions_days, 0);
    cr_assert_eq(p->keys.rsa_bits_min, 2048);
    cr_assert_eq(p->keys.rsa_bits_max, 4096);
    cr_assert_eq(p->keys.types.count, 5);
    cr_assert_str_eq(p->keys.types.items[4], "Ed25519");
    cr_assert_eq(p->certificate.key_usage.count, 1);
    cr_assert_str_eq(p->certificate.key_usage.items[0], "digitalSignature");
    cr_assert_eq(p->certificate.extended_key_usage.count, 0);
    config_free(c);
    config_free(NULL);
}

Test(config, values_of_the_file)
{
    struct config_fault fault;
    struct config *c = load(
        "front: epoll\nlog: debug\nnode: n1\nstore: sqlite:/var/db\nseal_key: /k\nthreads: {slow: 3}\n"
        "limits: {jobs: 99, drain_seconds: 0}\n"
        "listeners:\n- address: '[::1]:1'\n  serves: [admin, cmp]\n  tls: {certificate: t.pem, key: "
        "/abs.key, client_ca: ca.pem, "
        "client_required: true}\n"
        "cas:\n- {name: a, certificate: a.pem, key: a.key, chain: [r.pem, /q.pem], cmp_certificate: c, "
        "cmp_key: d}\n"
        "- {name: b, certificate: a.pem, key: a.key, cmp_certificate: c, cmp_key: d}\n"
        "vendors: [{name: v, anchors: [x.pem], intermediates: [y.pem]}]\n"
        "profiles:\n- {name: p, ca: b, accept: {vendors: [v], ras: [v], header: rfc9483}, paths: [/pkix/], "
        "demo: true, names: {san: [\"DNS:${CN}\"]}, keys: {types: []}, confirm: {unconfirmed: hold}, "
        "answer: {ca_pubs: never}, request: {honour: []}}\n"
        "- {name: q, ca: a, certificate: {validity_days: 36525}, urls: {crl: "
        "['http://h/c.crl']}}\ndefault_profile: q\n",
        &fault);
    cr_assert_not_null(c, "%s", fault.text);
    cr_assert_eq(c->front, CONFIG_FRONT_EPOLL);
    cr_assert_eq(c->log, LOG_DEBUG);
    cr_assert_str_eq(c->node, "n1");
    cr_assert_str_eq(c->store, "sqlite:/var/db");
    cr_assert_str_eq(c->seal_key, "/k");
    cr_assert_eq(c->threads.slow, 3);
    cr_assert_eq(c->listeners[0].serves, CONFIG_SERVE_ADMIN | CONFIG_SERVE_CMP);
    cr_assert_eq(c->limits.jobs, 99);
    cr_assert_eq(c->limits.drain_seconds, 0);
    cr_assert_eq(c->limits.streams, 100);
    const struct config_tls *tls = c->listeners[0].tls;
    cr_assert_str_eq(tls->certificate, "/etc/cmpd/t.pem");
    cr_assert_str_eq(tls->key, "/abs.key");
    cr_assert_str_eq(tls->client_ca, "/etc/cmpd/ca.pem");
    cr_assert_eq(tls->client_required, 1);
    cr_assert_eq(c->cas[0].chain.count, 2);
    cr_assert_str_eq(c->cas[0].chain.items[0], "/etc/cmpd/r.pem");
    cr_assert_str_eq(c->cas[0].chain.items[1], "/q.pem");
    cr_assert_str_eq(c->vendors[0].intermediates.items[0], "/etc/cmpd/y.pem");
    cr_assert_str_eq(c->profiles[0].accept.vendors.items[0], "v");
    cr_assert_str_eq(c->profiles[0].paths.items[0], "/pkix/");
    cr_assert_eq(c->profiles[0].demo, 1);
    cr_assert_str_eq(c->profiles[0].names.san.items[0], "DNS:${CN}");
    cr_assert_eq(c->profiles[0].accept.header, CONFIG_HEADER_RFC9483);
    cr_assert_eq(c->profiles[0].confirm.unconfirmed, CONFIG_UNCONFIRMED_HOLD);
    cr_assert_eq(c->profiles[0].answer.ca_pubs, CONFIG_CA_PUBS_NEVER);
    cr_assert_str_eq(c->profiles[0].accept.ras.items[0], "v");
    cr_assert_eq(c->profiles[0].request.honour.count, 0);
    cr_assert_eq(c->profiles[0].keys.types.count, 0);
    cr_assert_eq(c->profiles[1].certificate.validity_days, 36525);
    cr_assert_str_eq(c->profiles[1].urls.crl.items[0], "http://h/c.crl");
    config_free(c);
}

struct wrong {
    const char *text;
    int line; /* 0: the fault names the file only */
    const char *says[3];
};

static const struct wrong wrongs[] = {
    /* not YAML, or not one document */
    {"", 1, {"empty", "cmpctl init"}},
    {"# only this\n", 1, {"empty"}},
    {"log: info\n\tnode: x\n", 2, {"not YAML"}},
    {"log: [info\nnode: x\n", 2, {"not YAML"}},
    {"log: info\nnode: \xff\xff\n", 2, {"UTF-8"}},
    {REST "---\nlog: info\n", 5, {"second document"}},
    {"- a\n", 1, {"NAME: VALUE"}},
    {"just text\n", 1, {"NAME: VALUE"}},
    {"log: info\n[a]: b\n", 2, {"NAME: VALUE"}},
    /* keys */
    {REST "listner: x\n", 4, {"no setting \"listner\"", "did you mean \"listeners\""}},
    {REST "zzzzzzzzzz: x\n", 4, {"no setting \"zzzzzzzzzz\"", "it knows:", "default_profile"}},
    {REST "limits:\n  jobs: 20\n  job_queue: 2\n", 6, {"limits has no setting \"job_queue\""}},
    {REST "limits:\n  jobs: 20\n  queue_job: 2\n", 6, {"did you mean \"queue_jobs\""}},
    {REST "log: info\nnode: x\nlog: warn\n", 6, {"log is set again", "first in line 4"}},
    {REST "limits:\n  jobs: 20\n  jobs: 20\n", 6, {"jobs is set again"}},
    /* What stands in a group is found there, also under the name that it would have without. */
    {LISTENERS CAS "profiles:\n- name: p\n  validity_days: 3\n",
     5,
     {"no setting \"validity_days\"", "did you mean \"validity_days\" in certificate?"}},
    {LISTENERS CAS "profiles:\n- name: p\n  mac_iterations_min: 3\n",
     5,
     {"no setting \"mac_iterations_min\"", "did you mean \"iterations_min\" in mac?"}},
    {LISTENERS CAS "profiles:\n- name: p\n  mac: true\n", 5, {"mac must hold settings"}},
    {REST "<<: {log: info}\n", 4, {"no setting \"<<\""}},
    {LISTENERS PROFILES, 1, {"lacks \"cas\""}},
    {CAS PROFILES, 1, {"lacks \"listeners\""}},
    {LISTENERS CAS, 1, {"lacks \"profiles\""}},
    {LISTENERS PROFILES "cas:\n- name: a\n  certificate: a.pem\n  key: k\n  cmp_key: k\n",
     4,
     {"a CA lacks \"cmp_certificate\""}},
    {REST "vendors:\n- name: v\n", 5, {"a vendor lacks \"anchors\""}},
    /* numbers */
    {REST "limits: {jobs: 15}\n", 4, {"jobs is 15", "below", "16 to 1048576"}},
    {REST "limits: {jobs: 1048577}\n", 4, {"above its greatest value", "16 to 1048576"}},
    {REST "limits: {jobs: 99999999999999999999999999}\n", 4, {"above"}},
    {REST "limits: {jobs: -1}\n", 4, {"whole number from 16 to 1048576"}},
    {REST "limits: {jobs: 0x20}\n", 4, {"whole number"}},
    {REST "limits: {jobs: 0100}\n", 4, {"whole number"}},
    {REST "limits: {jobs: 1e3}\n", 4, {"whole number"}},
    {REST "limits: {jobs: many}\n", 4, {"jobs is \"many\""}},
    {REST "limits: {jobs: }\n", 4, {"no value"}},
    {REST "limits: {jobs: [1]}\n", 4, {"jobs is a list"}},
    {REST "threads:\n  slow: 0\n", 5, {"slow is 0"}},
    /* words, texts, lists */
    {"log: loud\n" REST, 1, {"log is \"loud\"", "debug, info, warn, error"}},
    {REST "front: 1\n", 4, {"auto, io_uring, epoll"}},
    {REST "log_to: syslog\n", 4, {"log_to is \"syslog\"", "stderr, journald, file"}},
    {REST "log_file_mode: 0666\n", 4, {"log_file_mode is \"0666\"", "0600, 0640"}},
    {REST "log_to: file\n", 4, {"log_file names none", "write log_file: PATH"}},
    {REST "log_file: a.log\n", 4, {"log_file is for log_to: file", "remove log_file"}},
    {REST "log_to: journald\nlog_file: a.log\n", 5, {"log_file is for log_to: file"}},
    {REST "log_to: journald\nlog_format: json\n", 5, {"journald has a field for each value"}},
    {LISTENERS CAS "profiles:\n- name: p\n  mac: {allowed: yes}\n", 5, {"allowed is \"yes\"", "true, false"}},
    {LISTENERS CAS "profiles:\n- name: p\n  mac: {allowed: flase}\n", 5, {"true, false"}},
    {REST "node:\n", 4, {"node has no value"}},
    {REST "node: ~\n", 4, {"node has no value"}},
    {REST "node: a b\n", 4, {"node is \"a b\"", "letters"}},
    {REST "node: {a: b}\n", 4, {"node is a section"}},
    {REST "seal_key: \"a\\0b\"\n", 4, {"control character"}},
    {REST "limits:\n", 4, {"limits must hold settings"}},
    {REST "limits: [1]\n", 4, {"limits must hold settings"}},
    {REST "vendors: v\n", 4, {"vendors is not a list", "- "}},
    {REST "vendors:\n- v\n", 5, {"a vendor must hold settings"}},
    {REST "vendors:\n- name: v\n  anchors: a.pem\n", 6, {"anchors is not a list", "[a, b]"}},
    {REST "vendors:\n- name: v\n  anchors: []\n", 6, {"anchors is empty"}},
    {REST "vendors:\n- name: v\n  anchors:\n  - a\n  - [b]\n", 8, {"anchors is a list; write one value"}},
    {"listeners: []\n" CAS PROFILES, 1, {"listeners is empty"}},
    /* Only a CA's keys may be in a token, and what stands there may hold a PIN. */
    {REST "seal_key: pkcs11:object=x?pin-value=open-sesame\n",
     4,
     {"seal_key is a pkcs11: URI", "name a file"}},
    {REST "vendors:\n- name: v\n  anchors:\n  - a\n  - pkcs11:object=x?pin-value=open-sesame\n",
     8,
     {"anchors is a pkcs11: URI", "name a file"}},
    {"listeners:\n- address: :1\n  tls:\n    certificate: c\n    key: "
     "PKCS11:object=x?pin-value=open-sesame\n" CAS PROFILES,
     5,
     {"key is a pkcs11: URI", "name a file"}},
    {"log: &l info\nnode: *l\n" REST, 1, {"alias"}},
    {"vendors: &v [*v]\n" REST, 1, {"alias"}},
    {"node: !!binary AAAA\n" REST, 1, {"a tag", "alone"}},
    {"log: info\n%TAG ! !\n" REST, 2, {"a directive"}},
    {"vendors: [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n" REST, 1, {"more than 16 deep"}},
    /* what depends on more than one value */
    {"listeners:\n- address: nowhere\n" CAS PROFILES, 2, {"address is \"nowhere\"", "HOST:PORT"}},
    {"listeners:\n- address: ::1:88\n" CAS PROFILES, 2, {"HOST:PORT", "[::1]:8829"}},
    {"listeners:\n- address: :0\n" CAS PROFILES, 2, {"1 to 65535"}},
    {"listeners:\n- address: h:65536\n" CAS PROFILES, 2, {"1 to 65535"}},
    {"listeners:\n- address: :1\n- address: :1\n" CAS PROFILES, 3, {"two listeners"}},
    {"listeners:\n- address: :1\n  serves: [health]\n" CAS PROFILES, 2, {"no listener serves cmp"}},
    {"listeners:\n- address: :1\n- address: :2\n  proxy_protocol: true\n" CAS PROFILES,
     4,
     {"proxy_protocol is true, but no proxy is trusted", "write trusted_proxies"}},
    {REST "trusted_proxies:\n- 192.0.2.0/24\n- 192.0.2.1/24\n", 6, {"\"192.0.2.1/24\"", "192.0.2.0/24 or"}},
    {REST "trusted_proxies:\n- proxy.example\n", 5, {"\"proxy.example\"", "write an address"}},
    {"listeners:\n- address: :1\n  serves: [cmp, halth]\n" CAS PROFILES,
     3,
     {"write one of: cmp, publication"}},
    {"listeners:\n- address: :1\n  serves: []\n" CAS PROFILES, 3, {"serves is empty"}},
    {"listeners:\n- address: :1\n  serves: cmp\n" CAS PROFILES, 3, {"serves is not a list", "[a, b]"}},
    {"listeners:\n- address: :1\n  tls:\n    certificate: c\n    key: k\n    client_required: true\n" CAS
         PROFILES,
     6,
     {"client_ca"}},
    {"store: memory\n" REST, 1, {"sqlite:PATH"}},
    {"store: 'sqlite:'\n" REST, 1, {"sqlite:PATH"}},
    {REST "vendors:\n- {name: v, anchors: [a]}\n- {name: v, anchors: [a]}\n", 6, {"two entries named \"v\""}},
    {LISTENERS CAS "profiles:\n- name: p\n- name: p\n", 5, {"two entries named \"p\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  ca: b\n", 5, {"no CA \"b\""}},
    {LISTENERS PROFILES "cas:\n- {name: a, certificate: a, key: a, cmp_certificate: c, cmp_key: d}\n"
                        "- {name: b, certificate: a, key: a, cmp_certificate: c, cmp_key: d}\n",
     2,
     {"which CA"}},
    {LISTENERS CAS "profiles:\n- name: p\n  accept:\n    vendors:\n    - v\n", 7, {"no vendor \"v\""}},
    {LISTENERS CAS "profiles:\n- name: p\n- name: q\n", 1, {"default_profile: NAME"}},
    {REST "default_profile: q\n", 4, {"no profile \"q\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  former: q\n", 5, {"no profile \"q\""}},
    {LISTENERS CAS "profiles:\n- name: p\n- name: q\n  former: p\ndefault_profile: p\n",
     6,
     {"of the same CA"}},
    {LISTENERS TWO_CAS "profiles:\n- {name: p, ca: a}\n- name: q\n  ca: b\n  former: q\ndefault_profile: p\n",
     9,
     {"of the same CA"}},
    {LISTENERS TWO_CAS
     "profiles:\n- {name: p, ca: a, former: q}\n- {name: q, ca: b, former: p}\ndefault_profile: p\n",
     6,
     {"in a circle"}},
    {LISTENERS TWO_CAS "profiles:\n- {name: p, ca: a, former: q}\n- {name: q, ca: b, former: r}\n"
                       "- {name: r, ca: a, former: q}\ndefault_profile: p\n",
     6,
     {"in a circle"}},
    {LISTENERS CAS "profiles:\n- name: p\n  keys:\n    rsa_bits_min: 4096\n    rsa_bits_max: 3072\n",
     6,
     {"rsa_bits_min (4096)", "in keys"}},
    {LISTENERS CAS "profiles:\n- name: p\n  mac: {iterations_max: 99}\n",
     5,
     {"iterations_min (100)", "in mac"}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [pkix]\n", 5, {"begins with /"}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/.well-known/cmp]\n", 5, {"served already"}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a, /a]\n", 5, {"taken by profile \"p\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a/, /a]\n", 5, {"taken by profile \"p\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a//b/]\n", 5, {"write \"/a/b\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/%2ewell-known/cmp]\n",
     5,
     {"write \"/.well-known/cmp\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a%3a]\n", 5, {"write \"/a%3A\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a%2Fb]\n", 5, {"cannot be requested", "%2F"}},
    {LISTENERS CAS "profiles:\n- name: p\n  paths: [/a]\n- name: q\n  paths:\n  - /a\n",
     8,
     {"taken by profile \"p\""}},
    {LISTENERS CAS "profiles:\n- name: p\n  urls: {crl: ['a b']}\n", 5, {"crl", "URL"}},
    {LISTENERS CAS "profiles:\n- name: p\n  urls: {delta_crl: ['a b']}\n", 5, {"delta_crl", "URL"}},
    /* A certificate must not name a CRL that nobody makes. */
    {LISTENERS CAS "profiles:\n- name: p\n  urls: {crl: ['http://h/${shard}']}\n",
     5,
     {"no shards", "shards:"}},
    {LISTENERS CAS
     "crl: {shards: 2}\nprofiles:\n- name: p\n  urls: {crl: ['http://h/${shard}', 'http://h/']}\n",
     6,
     {"in all or in none"}},
    {LISTENERS CAS "crl: {shards: 2}\nprofiles:\n- name: p\n  urls:\n    crl: ['http://h/${shard}']\n    "
                   "delta_crl: ['http://h/d']\n",
     8,
     {"no delta"}},
    {LISTENERS CAS "crl: {shards: 2}\nprofiles:\n- name: p\n  urls: {ocsp: ['http://h/${shard}']}\n",
     6,
     {"only urls.crl"}},
    {LISTENERS
     "cas:\n- {name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}\n"
     "- {name: a-delta, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}\n" PROFILES,
     4,
     {"a CRL of \"a\""}},
    {LISTENERS
     "cas:\n- {name: a-12, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}\n"
     "- {name: a, certificate: a.pem, key: a.key, cmp_certificate: c.pem, cmp_key: c.key}\n" PROFILES,
     3,
     {"a CRL of \"a\""}},
    /* A recorded message must not find its transaction gone: RFC 9483 3.5 has messageTime "close to the
     * current time", before or after it.
     */
    {LISTENERS CAS
     "profiles:\n- name: p\n  accept: {message_time_seconds: 0}\n  retain: {transactions_days: 3650}\n",
     6,
     {"replayed", "\"p\"", "message_time_seconds"}},
    {LISTENERS CAS
     "profiles:\n- name: p\n  accept: {message_time_seconds: 0}\n  retain: {certificates_days: 3650}\n",
     6,
     {"replayed", "message_time_seconds"}},
    {LISTENERS CAS "profiles:\n- name: p\n  retain: {transactions_days: 1}\n- name: q\n  accept: "
                   "{message_time_seconds: 0}\ndefault_profile: p\n",
     5,
     {"replayed", "profile \"q\""}},
    {LISTENERS CAS
     "profiles:\n- name: p\n  accept: {message_time_seconds: 43200}\n  retain: {transactions_days: 1}\n",
     6,
     {"transactions_days is 1", "86400 seconds", "write 2 or more"}},
    {LISTENERS CAS
     "profiles:\n- name: p\n  retain: {certificates_days: 7}\n  confirm: {wait_seconds: 604800}\n",
     5,
     {"certificates_days is 7", "604800 seconds", "write 8 or more"}},
};

Test(config, retention_that_is_longer_than_any_message_is_taken)
{
    static const char *const right[] = {
        LISTENERS CAS
        "profiles:\n- name: p\n  accept: {message_time_seconds: 43199}\n  retain: {transactions_days: 1}\n",
        LISTENERS CAS "profiles:\n- name: p\n  retain: {certificates_days: 1, transactions_days: 1}\n",
        /* another CA's transactions are others */
        LISTENERS TWO_CAS "profiles:\n- {name: p, ca: a, retain: {transactions_days: 1}}\n"
                          "- {name: q, ca: b, accept: {message_time_seconds: 0}}\ndefault_profile: p\n",
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct config_fault fault;
        struct config *c = load(right[i], &fault);
        cr_assert_not_null(c, "%s", fault.text);
        config_free(c);
    }
}

Test(config, each_fault_names_file_line_and_remedy)
{
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        struct config_fault fault;
        char head[64];
        cr_assert_null(load(wrongs[i].text, &fault), "accepted: %s", wrongs[i].text);
        snprintf(head, sizeof head, "%s:%d: ", NAME, wrongs[i].line);
        cr_expect_eq(strncmp(fault.text, head, strlen(head)), 0, "line %d expected: %s", wrongs[i].line,
                     fault.text);
        cr_expect_null(strchr(fault.text, '\n'));
        cr_expect_null(strstr(fault.text, "sesame"), "a PIN is told: %s", fault.text);
        for (size_t j = 0; j < 3 && wrongs[i].says[j] != NULL; j++)
            cr_expect_not_null(strstr(fault.text, wrongs[i].says[j]), "\"%s\" expected: %s",
                               wrongs[i].says[j], fault.text);
    }
}

Test(config, a_fault_of_another_room_has_its_line)
{
    struct config_fault fault;
    struct config *c = load("log: info\n" LISTENERS "cas:\n- name: a\n  certificate: a.pem\n  key: k\n"
                            "  chain:\n  - x\n  - y\n  cmp_certificate: c\n  cmp_key: d\n" PROFILES,
                            &fault);
    cr_assert_not_null(c, "%s", fault.text);
    static const struct {
        const char *key;
        int line;
    } at[] = {{"cas[0].certificate", 5},
              {"cas[0].chain[1]", 9},
              {"cas[0].chain[7]", 8},
              {"cas[0]", 4},
              {"cas[3].key", 4},
              {"cas", 4},
              {"seal_key", 1},
              {"limits.jobs", 1},
              {"", 1},
              {"cas[0", 4},
              {"cas[0]..x", 4},
              {"log.x", 1}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        char expected[128];
        cr_assert_eq(config_fault_at(&fault, c, at[i].key, "cannot be read: %d", 7), 0);
        snprintf(expected, sizeof expected, "%s:%d: cannot be read: 7", NAME, at[i].line);
        cr_expect_str_eq(fault.text, expected, "%s: %s", at[i].key, fault.text);
    }
    config_free(c);
    struct config made = {0};
    config_fault_at(&fault, &made, "cas[0]", "wrong");
    cr_assert_str_eq(fault.text, "configuration: wrong");
}

Test(config, a_long_fault_is_cut)
{
    struct config_fault fault;
    static char text[3 * CONFIG_STRING_MAX];
    snprintf(text, sizeof text, REST "node: %05000d\n", 0);
    cr_assert_null(load(text, &fault));
    cr_assert_not_null(strstr(fault.text, "5000 octets long"));
    snprintf(text, sizeof text, REST "default_profile: q\nstore: %04000d\n", 0);
    cr_assert_null(load(text, &fault));
    cr_assert_eq(strlen(fault.text), sizeof fault.text - 1);
}

Test(config, too_much_is_a_fault)
{
    struct config_fault fault;
    char *text = malloc(CONFIG_FILE_MAX + 2);
    memset(text, '\n', CONFIG_FILE_MAX + 1);
    text[CONFIG_FILE_MAX + 1] = 0;
    cr_assert_null(load(text, &fault));
    cr_assert_not_null(strstr(fault.text, "larger than"));
    strcpy(text, CAS PROFILES "listeners:\n");
    for (int i = 0; i <= CONFIG_LISTENERS_MAX; i++)
        sprintf(text + strlen(text), "- address: :%d\n", i + 1);
    cr_assert_null(load(text, &fault));
    cr_assert_not_null(strstr(fault.text, "listeners has 65 entries; write at most 64"), "%s", fault.text);
    free(text);
}

Test(config, file_names_resolve_against_the_folder_of_the_file)
{
    struct config_fault fault;
    char here[4096], expected[5000];
    cr_assert_not_null(getcwd(here, sizeof here));
    struct config *c = config_load_text(&fault, "cmpd.yaml", REST, strlen(REST));
    snprintf(expected, sizeof expected, "%s/a.pem", here);
    cr_assert_str_eq(c->cas[0].certificate, expected);
    config_free(c);
    c = config_load_text(&fault, "sub/cmpd.yaml", REST, strlen(REST));
    snprintf(expected, sizeof expected, "sqlite:%s/sub/store/cmpd.db", here);
    cr_assert_str_eq(c->store, expected);
    config_free(c);
    c = config_load_text(&fault, "/cmpd.yaml", REST, strlen(REST));
    cr_assert_str_eq(c->cas[0].certificate, "/a.pem");
    config_free(c);
}

Test(config, files)
{
    struct config_fault fault;
    char path[] = "/tmp/cmpd-config-XXXXXX";
    cr_assert_null(config_load(&fault, "/nonexistent/cmpd.yaml"));
    cr_assert_not_null(strstr(fault.text, "/nonexistent/cmpd.yaml: cannot be read"));
    cr_assert_null(config_load(&fault, "/tmp"));
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, REST, strlen(REST)), (ssize_t)strlen(REST));
    close(fd);
    struct config *c = config_load(&fault, path);
    cr_assert_not_null(c, "%s", fault.text);
    const char *text;
    size_t len;
    config_text(c, &text, &len);
    cr_assert_eq(len, strlen(REST));
    cr_assert_str_eq(text, REST);
    config_free(c);
    unlink(path);
}

/* ---- the file itself ---- */

static void cannot_load(const char *path, const char *what)
{
    struct config_fault fault;

    cr_assert_null(config_load(&fault, path));
    cr_assert_not_null(strstr(fault.text, what), "%s", fault.text);
    cr_assert_eq(strncmp(fault.text, path, strlen(path)), 0, "%s", fault.text);
}

Test(config, a_file_that_cannot_be_read_is_told_with_what_to_do)
{
    char path[] = "/tmp/cmpd-config-XXXXXX";
    struct config_fault fault;
    int fd = mkstemp(path);

    cannot_load("/nowhere/cmpd.yaml", "No such file or directory; give the right name, or make one with");
    cannot_load("/tmp", "give the name of a readable file");
    cr_assert_eq(ftruncate(fd, CONFIG_FILE_MAX + 1), 0);
    cannot_load(path, "this is not a cmpd.yaml");
    cr_assert_eq(ftruncate(fd, 0), 0);
    cr_assert_eq(write(fd, REST, strlen(REST)), (ssize_t)strlen(REST));
    struct config *c = config_load(&fault, path);
    cr_assert_not_null(c, "%s", fault.text);
    cr_assert_str_eq(c->cas[0].key, "/tmp/a.key");
    config_free(c);
    close(fd);
    unlink(path);
}

/* Of CONFIG_FILE_MAX octets, and one more. */
Test(config, a_text_has_a_bound)
{
    char *text = malloc(CONFIG_FILE_MAX + 2);
    struct config_fault fault;

    memset(text, '\n', CONFIG_FILE_MAX + 1);
    memcpy(text, REST, strlen(REST));
    struct config *c = config_load_text(&fault, NAME, text, CONFIG_FILE_MAX);
    cr_assert_not_null(c, "%s", fault.text);
    config_free(c);
    cr_assert_null(config_load_text(&fault, NAME, text, CONFIG_FILE_MAX + 1));
    cr_assert_not_null(strstr(fault.text, "this is not a cmpd.yaml"), "%s", fault.text);
    free(text);
}

/* A name without a folder is one of this folder, and the folder may be the root. */
Test(config, files_are_beside_the_configuration)
{
    static const struct {
        const char *here, *name, *key;
    } cases[] = {{"/", "cmpd.yaml", "/a.key"},         {"/tmp", "cmpd.yaml", "/tmp/a.key"},
                 {"/", "etc/cmpd.yaml", "/etc/a.key"}, {"/tmp", "x/y/cmpd.yaml", "/tmp/x/y/a.key"},
                 {"/tmp", "/cmpd.yaml", "/a.key"},     {"/tmp", "/x/cmpd.yaml", "/x/a.key"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config_fault fault;
        cr_assert_eq(chdir(cases[i].here), 0);
        struct config *c = config_load_text(&fault, cases[i].name, REST, strlen(REST));
        cr_assert_not_null(c, "%s", fault.text);
        cr_assert_str_eq(c->cas[0].key, cases[i].key);
        config_free(c);
    }
}

Test(config, a_vendor_is_found_by_its_whole_name)
{
    const struct config_vendor vendors[] = {{.name = "acme"}, {.name = "acme-2"}};

    cr_expect_eq(config_vendor_named(vendors, 2, bytes_str("acme")), &vendors[0]);
    cr_expect_eq(config_vendor_named(vendors, 2, bytes_str("acme-2")), &vendors[1]);
    cr_expect_null(config_vendor_named(vendors, 1, bytes_str("acme-2")));
    cr_expect_null(config_vendor_named(vendors, 2, bytes_str("acm")));
    cr_expect_null(config_vendor_named(vendors, 2, bytes_str(NULL)));
    cr_expect_null(config_vendor_named(NULL, 0, bytes_str("acme")));
}
