/* pki.c: certificates of a new CA (RFC 5280 4.2, RFC 9480 2.2). */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/stat.h>

#include "crypto/path.h"
#include "server/ctl/ctl.h"
#include "tests/support/capture.h"
#include "tests/support/must.h"

enum { NOW = 1800000000 };

static struct arena *arena;
static struct ctl_identity root, issuing, signer, device;

static void make(struct ctl_identity *out, enum ctl_role role, const char *name, int64_t path_len,
                 const struct ctl_identity *issuer)
{
    const char *const pairs[] = {"CN", name, NULL};
    const struct ctl_cert_spec spec = {role, pairs, KEY_P256, 0, path_len, 100};

    must(ctl_make(out, arena, &spec, issuer, NOW));
}

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    make(&root, CTL_ROOT, "root", 1, NULL);
    make(&issuing, CTL_CA, "issuing", 0, &root);
    make(&signer, CTL_CMP_SIGNER, "cmp", -1, &issuing);
    make(&device, CTL_DEVICE, "device", -1, &issuing);
}

static void tear_down(void)
{
    ctl_identity_cleanup(&root);
    ctl_identity_cleanup(&issuing);
    ctl_identity_cleanup(&signer);
    ctl_identity_cleanup(&device);
    arena_free(arena);
}

TestSuite(pki, .init = set_up, .fini = tear_down);

/* RFC 5280 4.2.1.9, 4.2.1.3 */
Test(pki, CAs_may_issue_and_others_may_not)
{
    cr_assert(root.cert.is_ca);
    cr_assert_eq(root.cert.path_len, 1);
    cr_assert(issuing.cert.is_ca);
    cr_assert_eq(issuing.cert.path_len, 0);
    cr_assert_eq(issuing.cert.key_usage, KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN);
    cr_assert_not(signer.cert.is_ca);
    cr_assert_eq(signer.cert.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    cr_assert_not(device.cert.is_ca);
}

/* RFC 9480 2.2: id-kp-cmcCA, 1.3.6.1.5.5.7.3.27, marks who answers for the CA; nobody else has it. */
Test(pki, only_the_signer_of_answers_speaks_for_the_CA)
{
    static const uint8_t cmc_ca[] = {0x2b, 6, 1, 5, 5, 7, 3, 27};

    cr_assert(certificate_has_purpose(&signer.cert, bytes_of(cmc_ca, sizeof cmc_ca)));
    cr_assert_neq(signer.cert.extended_key_usage.len, 0);
    cr_assert_eq(device.cert.extended_key_usage.len, 0);
}

Test(pki, the_chain_is_valid)
{
    struct trust trust = {.count = 0};
    struct path path;
    struct verification *links[BOUND_CHAIN];

    cr_assert(trust_add(&trust, root.cert_der, 1));
    cr_assert_eq(path_build(&path, &trust, &device.cert, &issuing.cert, 1, NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 2);
    for (size_t i = 0; i < path.count; i++)
        links[i] = &path.links[i];
    verify_batch(links, path.count);
    cr_assert(path.links[0].valid && path.links[1].valid);
    path_cleanup(&path);
    trust_cleanup(&trust);
}

Test(pki, serials_and_keys_differ)
{
    cr_assert_not(bytes_equal(signer.cert.serial, device.cert.serial));
    cr_assert_not(bytes_equal(signer.cert.spki, device.cert.spki));
    cr_assert_leq(device.cert.serial.len, 20); /* RFC 5280 4.1.2.2 */
}

/* ---- files ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-pki-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    unlink(in_folder("ca.pem"));
    unlink(in_folder("ca.key"));
    cr_assert_eq(rmdir(folder), 0, "something else is left in %s", folder);
}

/* A private key is nobody else's to read; a certificate is everybody's. */
Test(pki, what_is_saved_is_loaded)
{
    struct ctl_identity loaded;
    struct stat st;

    make_folder();
    cr_assert(ctl_save(&issuing, folder, "ca", 1));
    cr_assert_eq(stat(in_folder("ca.key"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(stat(in_folder("ca.pem"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0644);
    cr_assert(ctl_load(&loaded, arena, folder, "ca"));
    cr_assert(bytes_equal(loaded.cert_der, issuing.cert_der));
    cr_assert(bytes_equal(private_key_spki(loaded.key), issuing.cert.spki));
    ctl_identity_cleanup(&loaded);
    CAPTURE(cr_assert_not(ctl_save(&root, folder, "ca", 1)));
    cr_assert_not_null(strstr(logged, "ca.pem: File exists"), "%s", logged);
    cr_assert(ctl_load(&loaded, arena, folder, "ca"));
    cr_assert(bytes_equal(loaded.cert_der, issuing.cert_der), "it was left alone");
    ctl_identity_cleanup(&loaded);
    unlink(in_folder("ca.key"));
    unlink(in_folder("ca.pem"));
    cr_assert(ctl_save(&issuing, folder, "ca", 0));
    cr_assert_neq(stat(in_folder("ca.key"), &st), 0, "none was asked for");
    remove_folder();
}

/* What could not be loaded is told with its file, and leaves no key. */
static void is_not_loaded(const char *dir, const char *stem, const char *because)
{
    struct ctl_identity loaded;
    int ok;

    CAPTURE(ok = ctl_load(&loaded, arena, dir, stem));
    cr_assert_not(ok);
    cr_assert_null(loaded.key);
    cr_assert_not_null(strstr(logged, because), "\"%s\" expected: %s", because, logged);
}

Test(pki, what_cannot_be_loaded_is_told)
{
    make_folder();
    is_not_loaded(folder, "ca", "/ca.pem: No such file or directory");
    write_text("ca.pem", "no certificate\n");
    is_not_loaded(folder, "ca", "/ca.pem holds no certificate");
    write_text("ca.pem", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    is_not_loaded(folder, "ca", "/ca.pem holds no certificate");
    unlink(in_folder("ca.pem"));
    cr_assert(ctl_save(&issuing, folder, "ca", 0));
    is_not_loaded(folder, "ca", "/ca.key: No such file or directory");
    write_text("ca.key", "no key\n");
    is_not_loaded(folder, "ca", "/ca.key holds no private key");
    remove_folder();
}

/* A path that was cut would be another file. */
Test(pki, a_path_that_is_too_long_is_no_file)
{
    static char stem[CTL_PATH_MAX + 8];

    make_folder();
    memset(stem, 's', sizeof stem - 1);
    CAPTURE(cr_expect_not(ctl_save(&issuing, folder, stem, 1)));
    is_not_loaded(folder, stem, "cannot read ");
    stem[CTL_PATH_MAX - 8] = 0; /* it fits with its end, but not behind the folder */
    CAPTURE(cr_expect_not(ctl_save(&issuing, folder, stem, 1)));
    cr_expect_not_null(strstr(logged, " is too long"), "%.200s", logged);
    is_not_loaded(folder, stem, "cannot read ");
    remove_folder();
}

Test(pki, a_name_that_cannot_be_is_refused)
{
    static const char *const pairs[] = {"no-such-attribute", "x", NULL};
    const struct ctl_cert_spec spec = {CTL_DEVICE, pairs, KEY_P256, 0, -1, 100};
    struct ctl_identity made;

    cr_assert_not(ctl_make(&made, arena, &spec, &issuing, NOW));
    ctl_identity_cleanup(&made);
}

/* RFC 5280 4.2.1.3: what is added to the usage of a role. */
Test(pki, a_CA_may_sign_answers_too)
{
    const struct ctl_certified whom = {.role = CTL_CA,
                                       .name = issuing.cert.subject,
                                       .spki = issuing.cert.spki,
                                       .more_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                       .path_len = 0,
                                       .not_after = NOW + 86400};
    struct certificate cert;
    struct bytes der;

    cr_assert(ctl_certify(&der, arena, &whom, &root.cert, root.key, NOW));
    cr_assert(certificate_parse(&cert, der));
    cr_expect_eq(cert.key_usage, KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN | KEY_USAGE_DIGITAL_SIGNATURE);
    cr_expect(certificate_is_signed_by(&cert, &root.cert));
    cr_expect(bytes_equal(cert.issuer_key_id, root.cert.key_id));
    cr_expect_eq(cert.not_after, NOW + 86400);
}

/* The first line of a file opens what it has encrypted, and an empty one encrypts nothing. */
Test(pki, an_encrypted_key_is_written_and_read)
{
    struct private_key *key;
    char words[CTL_PATH_MAX], path[CTL_PATH_MAX];
    struct stat st;

    make_folder();
    snprintf(words, sizeof words, "%s", in_folder("words"));
    snprintf(path, sizeof path, "%s", in_folder("ca.key"));
    write_text("words", "one line\nanother\n");
    cr_assert(ctl_write_key(path, root.key, words));
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    CAPTURE(cr_expect_null(ctl_read_private("", path, NULL)));
    cr_expect_not_null(strstr(logged, "is encrypted"), "%s", logged);
    cr_assert_not_null(key = ctl_read_private("", path, words));
    cr_expect(bytes_equal(private_key_spki(key), root.cert.spki));
    private_key_free(key);
    write_text("words", "another\n");
    CAPTURE(cr_expect_null(ctl_read_private("", path, words)));
    cr_expect_not_null(strstr(logged, "does not open"), "%s", logged);
    CAPTURE(cr_expect_not(ctl_write_key(path, issuing.key, words)));
    cr_expect_not_null(strstr(logged, "File exists"), "%s", logged);
    unlink(path);
    write_text("words", "\n");
    CAPTURE(cr_expect_not(ctl_write_key(path, root.key, words)));
    cr_expect_not_null(strstr(logged, "is empty"), "%s", logged);
    cr_expect_neq(stat(path, &st), 0);
    unlink(words);
    remove_folder();
}
