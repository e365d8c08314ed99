/* listener.c: what would stop the front is found before. */
#include "tests/unit/policy/faults.h"

TestSuite(listener, .init = set_up, .fini = tear_down);

/* Of the second listener, so that the fault must know which. The CA's own files will do for TLS here. */
static const char from[] = "\"127.0.0.1:8830\"";
#define TLS "\"127.0.0.1:8830\"\n    tls:\n"

Test(listener, its_files_are_looked_at)
{
    edit(from, TLS "      certificate: ca/cmp.pem\n      key: ca/cmp.key");
    edit("key: ca/cmp.key", "key: ca/cmp.key\n      client_ca: demo/vendor-root.pem");
    refuse_at("client_ca: demo/vendor-root.pem", "client_ca: nowhere.pem", "client_ca", "cannot read");
    refuse_at(TLS "      certificate: ca/cmp.pem", TLS "      certificate: nowhere.pem", "certificate",
              "cannot read");
    refuse_at(TLS "      certificate: ca/cmp.pem\n      key: ca/cmp.key",
              TLS "      certificate: ca/cmp.pem\n      key: nowhere.key", "key", "cannot read");
    refuse_at(TLS "      certificate: ca/cmp.pem\n      key: ca/cmp.key",
              TLS "      certificate: ca/cmp.pem\n      key: ca/root.key", "key",
              "the key does not belong to listeners[1].tls.certificate");
}

/* A chain of 64 certificates is taken, for the server and for its clients. */
Test(listener, its_files_have_a_bound)
{
    static const char *const names[] = {"ca/cmp.pem", "demo/vendor-root.pem"};
    static const char *const keys[] = {"      certificate: ", "      client_ca: "};

    edit(from, TLS "      certificate: ca/cmp.pem\n      key: ca/cmp.key\n      client_ca: "
                   "demo/vendor-root.pem");
    for (size_t i = 0; i < 2; i++) {
        size_t len;
        char *one = take_file(names[i], &len, 0), *many = malloc(65 * len), before[64], after[64];
        for (size_t n = 0; n < 65; n++)
            memcpy(many + n * len, one, len);
        snprintf(before, sizeof before, "%s%s", keys[i], names[i]);
        snprintf(after, sizeof after, "%smany.pem", keys[i]);
        put_file("many.pem", many, 65 * len, 0644);
        refuse_at(before, after, "many.pem", "room for: 64");
        put_file("many.pem", many, 64 * len, 0644);
        edit(before, after);
        edit(after, before);
        free(one);
        free(many);
    }
}

/* What a node shows to its clients is the node's own: others may serve alike with another. */
Test(listener, its_certificates_are_not_what_nodes_have_in_common)
{
    char before[POLICY_HASH_TEXT];

    strcpy(before, policy_hash(demo.policy));
    edit(from, TLS "      certificate: ca/cmp.pem\n      key: ca/cmp.key");
    cr_assert_str_eq(policy_hash(demo.policy), before);
}

/* A pair that does not fit, for a moment or for longer: vendors' CRLs and renewed certificates are taken up
 * all the same, and listeners go on with what they have. Who writes a configuration, and who takes the pair
 * up, is told. */
Test(listener, a_pair_that_does_not_fit_keeps_nothing_else_from_being_loaded)
{
    struct config_fault fault;
    struct policy *newer;
    size_t len;
    char *cert = take_file("ca/cmp.pem", &len, 0), *other;

    put_file("tls.pem", cert, len, 0644);
    edit(from, TLS "      certificate: tls.pem\n      key: ca/cmp.key");
    const uint64_t stamp = policy_tls_stamp(demo.policy);
    other = take_file("ca/root.pem", &len, 0);
    put_file("tls.pem", other, len, 0644);
    cr_assert_null(policy_load_tls(&fault, demo.policy, demo.config, time(NULL)));
    cr_assert_null(policy_load_next(&fault, demo.policy, demo.config, time(NULL)));
    newer = policy_load_again(&fault, demo.policy, demo.config, time(NULL));
    cr_assert_not_null(newer, "%s", fault.text);
    cr_expect_eq(policy_tls_stamp(newer), stamp);
    cr_expect_neq(policy_tls_stamp_now(newer), stamp);
    policy_release(newer);
    free(cert);
    free(other);
}
