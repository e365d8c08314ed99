/* files.c: what is read for a policy, and what the operator is told of files that will not do. */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/policy/faults.h"

enum { LIMIT = 1024 * 1024 };

TestSuite(files, .init = set_up, .fini = tear_down);

static const char chain[] = "chain: [ca/root.pem]", other_chain[] = "chain: [ca/other.pem]";

Test(files, certificates_that_will_not_do_are_told)
{
    static const char malformed[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    size_t len;
    char *root = take_file("ca/root.pem", &len, sizeof malformed);

    refuse_at(chain, other_chain, "chain:", "cannot read");
    refuse_at(chain, other_chain, "chain:", "other.pem: No such file or directory; name a PEM file");
    put_file("ca/other.pem", "nothing\n", 8, 0644);
    refuse_at(chain, other_chain,
              "chain:", "other.pem holds no certificate, or a damaged one; name a PEM file");
    put_file("ca/other.pem", root, len - 30, 0644);
    refuse_at(chain, other_chain, "chain:", "holds no certificate, or a damaged one");
    put_file("ca/other.pem", malformed, sizeof malformed - 1, 0644);
    refuse_at(chain, other_chain, "chain:", "certificate 1 of ");
    memcpy(root + len, malformed, sizeof malformed - 1);
    put_file("ca/other.pem", root, len + sizeof malformed - 1, 0644);
    refuse_at(chain, other_chain, "chain:", "certificate 2 of ");
    refuse_at(chain, other_chain, "chain:", "other.pem is malformed; replace it");
    put_file("ca/other.pem", root, len, 0644);
    edit(chain, other_chain);
    free(root);
}

/* A file of 1 MiB is read, and none that is larger. */
Test(files, they_have_a_bound)
{
    size_t len;
    char *root = take_file("ca/root.pem", &len, LIMIT);

    memset(root + len, '\n', LIMIT);
    put_file("ca/other.pem", root, LIMIT + 1, 0644);
    refuse_at(chain, other_chain, "chain:", "File too large");
    put_file("ca/other.pem", root, LIMIT, 0644);
    edit(chain, other_chain);
    free(root);
    char *key = take_file("ca/issuing.key", &len, LIMIT);
    memset(key + len, '\n', LIMIT);
    put_file("ca/other.key", key, LIMIT + 1, 0600);
    refuse_at(" key: ca/issuing.key", " key: ca/other.key", "key:", "File too large");
    put_file("ca/other.key", key, LIMIT, 0600);
    edit(" key: ca/issuing.key", " key: ca/other.key");
    free(key);
}

/* It is published by it: two that are long and differ at the end only would have one path. */
Test(files, the_name_of_a_CRL_has_a_bound)
{
    static const char files[] = "files: [ca/root.crl]", folder[] = "ca/";
    char name[256], named[300];
    size_t len, at = strlen(folder);
    char *crl = take_file("ca/root.crl", &len, 0);

    memcpy(name, folder, at);
    memset(name + at, 'a', sizeof name - at);
    snprintf(name + at + BOUND_CRL_FILE_NAME, sizeof name - at - BOUND_CRL_FILE_NAME, ".crl");
    put_file(name, crl, len, 0644);
    snprintf(named, sizeof named, "files: [%s]", name);
    edit(files, named);
    edit(named, files);
    snprintf(name + at + BOUND_CRL_FILE_NAME, sizeof name - at - BOUND_CRL_FILE_NAME, "a.crl");
    put_file(name, crl, len, 0644);
    snprintf(named, sizeof named, "files: [%s]", name);
    refuse_at(files, named, "files:", "is not 1 to 128 letters, digits");
    put_file("ca/a+b.crl", crl, len, 0644);
    refuse_at(files, "files: [ca/a+b.crl]", "files:", "is not 1 to 128 letters, digits");
    put_file("ca/issuing-2.crl", crl, len, 0644);
    refuse_at(files, "files: [ca/issuing-2.crl]", "files:", "which is taken by another CRL");
    free(crl);
}

/* What others can read is no secret. */
Test(files, a_key_must_be_private_and_one)
{
    static const unsigned modes[] = {0640, 0620, 0610, 0604, 0602, 0601};
    size_t len;
    char *key = take_file("ca/issuing.key", &len, 0);

    refuse_at(" key: ca/issuing.key", " key: ca/other.key", "key:", "cannot read");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put_file("ca/other.key", key, len, modes[i]);
        refuse_at(" key: ca/issuing.key", " key: ca/other.key", "key:", "run chmod 600 on it");
    }
    put_file("ca/other.key", key, len - 40, 0600);
    refuse_at(
        " key: ca/issuing.key", " key: ca/other.key", "key:",
        "is no private key in PEM (EC P-256, P-384, P-521, RSA or Ed25519); an encrypted one is PKCS #8");
    put_file("ca/other.key", key, len, 0400);
    edit(" key: ca/issuing.key", " key: ca/other.key");
    refuse_at(" key: ca/other.key", " key: ca/root.key",
              "key:", "the key does not belong to cas[0].certificate");
    refuse_at("cmp_key: ca/cmp.key", "cmp_key: ca/root.key",
              "cmp_key:", "the key does not belong to cas[0].cmp_certificate");
    refuse_at(" key: ca/other.key", " key: pkcs11:token=none;object=none", "key:", "");
    free(key);
}

/* policy.c: 32 octets in hexadecimal, and nothing else */
Test(files, a_key_that_seals_is_64_digits)
{
    static const char digits[] = "00112233445566778899aabbccddeeffffeeddccbbaa99887766554433221100\n";
    static const char other[] = "seal_key: ca/other.key", from[] = "seal_key: ca/seal.key";

    refuse_at(from, other, "seal_key", "cannot read");
    put_file("ca/other.key", digits + 1, 63, 0600);
    refuse_at(from, other, "seal_key",
              "must hold 64 hexadecimal digits; make one with: openssl rand -hex 32");
    put_file("ca/other.key", "", 0, 0600);
    refuse_at(from, other, "seal_key", "must hold 64 hexadecimal digits");
    put_file("ca/other.key", digits, 64, 0644);
    refuse_at(from, other, "seal_key", "run chmod 600 on it");
    put_file("ca/other.key", digits, 65, 0600);
    edit(from, other);
}

Test(files, the_engines_that_are_wanted_must_be_there)
{
    refuse_at("default_profile: demo", "engines: [nothing]\ndefault_profile: demo", "engines", "nothing");
}
