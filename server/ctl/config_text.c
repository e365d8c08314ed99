#include "server/ctl/config_text.h"

static const char head[] =
    "# cmpd.yaml: the configuration of one node. Check it with: cmpctl check cmpd.yaml\n"
    "# File names are relative to this file. An unknown key is a fault. SIGHUP loads CAs, vendors, profiles, "
    "keys\n"
    "# and log anew; listeners, threads, limits, store, front and node take a restart.\n"
    "\n"
    "# How the network is read: auto (io_uring, and epoll where the kernel or a container refuses it), "
    "io_uring, epoll.\n"
    "front: auto\n"
    "\n"
    "# The least important lines that are logged: debug, info, warn, error.\n"
    "log: info\n"
    "\n"
    "# This node's name in the log and in the audit record.\n"
    "node: %s\n"
    "\n"
    "# Where certificates and transactions are kept: sqlite:PATH, embedded, for one machine.\n"
    "store: %s\n"
    "\n"
    "# The key that seals shared secrets in the store: 64 hexadecimal digits, mode 0600. The same on all "
    "nodes.\n"
    "seal_key: ca/seal.key\n"
    "\n"
    "# Threads: 0 chooses by the number of processors. slow serves requests that cost much (see "
    "slow_job_us).\n"
    "threads:\n"
    "  front: 0\n"
    "  workers: 0\n"
    "  slow: 1\n"
    "\n"
    "limits:\n"
    "  message_bytes: 65536      # largest request; larger: 413\n"
    "  header_bytes: 8192        # largest HTTP header\n"
    "  connections: 10000        # open connections; beyond: closed at once\n"
    "  idle_seconds: 60          # a kept connection without a request\n"
    "  read_seconds: 10          # from a request's first octet to its last\n"
    "  streams: 100              # concurrent HTTP/2 streams of a connection\n"
    "  resets: 100               # streams that a peer may reset per connection and minute\n"
    "  queue_jobs: 4096          # requests waiting for a worker; beyond: 503\n"
    "  jobs: 16384               # requests in the process; beyond: 503\n"
    "  slow_queue_jobs: 256      # costly requests waiting; beyond: 503\n"
    "  slow_jobs_per_peer: 64    # of them, of one reference and of one address (a load balancer is one "
    "address)\n"
    "  slow_job_us: 500          # microseconds of cryptography that make a request costly\n"
    "  drain_seconds: 5          # SIGTERM: readiness fails, accepting goes on for so long\n"
    "  stop_seconds: 20          # … and then the process ends within so long\n"
    "\n"
    "# Where requests come in: \"HOST:PORT\", \"[::1]:PORT\", or \":PORT\" for every address. For TLS add\n"
    "#   tls: {certificate: tls/server.pem, key: tls/server.key}\n"
    "# and, for certificates of clients, client_ca: FILE and client_required: true.\n"
    "listeners:\n"
    "  - address: \"%s\"\n"
    "\n"
    "# The CA: what it issues with, its chain up to the root, and the certificate that protects its "
    "answers.\n"
    "cas:\n"
    "  - name: issuing\n"
    "    certificate: ca/issuing.pem\n"
    "    key: ca/issuing.key\n"
    "    chain: [ca/root.pem]\n"
    "    cmp_certificate: ca/cmp.pem\n"
    "    cmp_key: ca/cmp.key\n"
    "\n";

static const char demo_vendors[] = "# Vendors whose certificates protect requests: anchors are trusted as "
                                   "they are, intermediates help to reach them.\n"
                                   "vendors:\n"
                                   "  - name: demo\n"
                                   "    anchors: [demo/vendor-root.pem]\n"
                                   "    intermediates: [demo/vendor-intermediate.pem]\n"
                                   "\n";

static const char no_vendors[] = "# Vendors whose certificates protect requests: anchors are trusted as they "
                                 "are, intermediates help to reach them.\n"
                                 "# vendors:\n"
                                 "#   - name: acme\n"
                                 "#     anchors: [vendors/acme-root.pem]\n"
                                 "#     intermediates: [vendors/acme-factory.pem]\n"
                                 "\n";

static const char profile_head[] =
    "# Profiles: who may enroll how, and what the certificate contains. A request chooses one by its path,\n"
    "# /.well-known/cmp/p/NAME, or by certProfile in its header; default_profile serves the rest.\n"
    "profiles:\n";

static const char demo_profile_head[] =
    "  # FOR DEMONSTRATION ONLY: any subject that is asked for, any number of enrollments, a secret used "
    "again.\n"
    "  - name: demo\n"
    "    demo: true\n"
    "    ca: issuing\n"
    "    paths: [/pkix/]           # paths besides /.well-known/cmp/p/demo\n"
    "    vendors: [demo]\n"
    "    mac: true                 # shared secrets may protect requests, too\n";

static const char plain_profile_head[] =
    "  - name: base-station\n"
    "    ca: issuing\n"
    "    paths: []                 # paths besides /.well-known/cmp/p/base-station\n"
    "    # vendors: [acme]\n"
    "    mac: false                # true: shared secrets (cmpctl secret add) may protect requests\n";

static const char profile_tail[] =
    "    own_certificates: true    # certificates of this CA may protect requests\n"
    "    sha1_owf: false           # SHA-1 as one-way function of PasswordBasedMac\n"
    "    mac_iterations_min: 100   # iterationCount of PasswordBasedMac\n"
    "    mac_iterations_max: 100000\n"
    "    implicit_confirm: true    # granted to whoever asks for it\n"
    "    confirm_wait_seconds: 300 # how long a certConf is waited for\n"
    "    message_time_seconds: 300 # largest difference of messageTime to this node's clock; 0: not checked\n"
    "    validity_days: 365\n"
    "    backdate_seconds: 300     # notBefore lies so far in the past, for clocks that are slow\n"
    "    key_types: [P-256, P-384, P-521, RSA, Ed25519]\n"
    "    rsa_bits_min: 2048\n"
    "    rsa_bits_max: 4096\n"
    "    key_usage: [digitalSignature, keyAgreement]\n"
    "    extended_key_usage: [clientAuth, serverAuth]\n"
    "    san: true                 # subjectAltName is taken from the request\n"
    "    crl_urls: []              # cRLDistributionPoints\n"
    "    issuer_urls: []           # authorityInfoAccess: where the CA's certificate is\n"
    "    ocsp_urls: []             # authorityInfoAccess: OCSP responders\n"
    "\n"
    "default_profile: %s\n";

int ctl_write_config(FILE *out, const struct ctl_config_values *values)
{
    fprintf(out, head, values->node, values->store, values->listen);
    fputs(values->demo ? demo_vendors : no_vendors, out);
    fputs(profile_head, out);
    fputs(values->demo ? demo_profile_head : plain_profile_head, out);
    fprintf(out, profile_tail, values->demo ? "demo" : "base-station");
    return ferror(out) == 0;
}
