/* test_audit_signers.c: whose seals of before count without a word of the operator's
 * (server/ctl/audit_signers.c). */
#include "server/ctl/audit_signers.h"

#include "crypto/batch.h"
#include "server/ctl/cert.h"
#include "server/policy/renewals.h"
#include "storage/audit_seal.h"
#include "tests/support/capture.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(audit_signers, .init = set_up, .fini = tear_down, .timeout = 60);

enum { FROM = 1700000000, UNTIL = FROM + 1000, ARENA = 1024 * 1024, MS = 1000 };

static const uint8_t client_auth[] = {0x2b, 6, 1, 5, 5, 7, 3, 2}, any[] = {0x55, 0x1d, 0x25, 0};
static const struct bytes of_client = {client_auth, sizeof client_auth}, of_any = {any, sizeof any};

/* struct former is a certificate of before, with its key. */
struct former {
    struct arena *arena;
    struct private_key *key;
    struct certificate cert;
    uint8_t serial[STORE_SERIAL];
};

static const struct cmp_authority *ca(void)
{
    return policy_settings(demo.policy)->default_profile->ca;
}

/* Of |key|, which is taken over, signed by |signer|, with the name |subject|, for |purpose|; NULL: it says
 * nothing of that. */
static void make_former(struct former *out, struct private_key *key, struct bytes subject,
                        const struct bytes *purpose, const struct private_key *signer)
{
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.signature = signature, .key = signer, .algorithm = ca()->algorithm};
    struct certificate_plan plan = {.algorithm = ca()->algorithm,
                                    .issuer = ca()->cert.subject,
                                    .subject = subject,
                                    .not_before = FROM,
                                    .not_after = UNTIL,
                                    .path_len = -1,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .extended_key_usage = purpose,
                                    .extended_key_usage_count = purpose != NULL};
    struct bytes tbs, der;

    *out = (struct former){.arena = arena_new(ARENA), .key = key};
    policy_new_serial(out->serial, FROM);
    plan.serial = bytes_of(out->serial, STORE_SERIAL);
    plan.spki = private_key_spki(out->key);
    cr_assert(certificate_build(&tbs, out->arena, &plan));
    item.message = tbs;
    sign_batch(&(struct signing *){&item}, 1);
    cr_assert(
        certificate_assemble(&der, out->arena, tbs, plan.algorithm, bytes_of(signature, item.signature_len)));
    cr_assert(certificate_parse(&out->cert, der));
}

static struct private_key *new_key(void)
{
    return private_key_generate(KEY_P256, 0);
}

static void make_signer(struct former *out, struct private_key *key)
{
    size_t count;

    make_former(out, key, ca()->cmp_cert.subject, ctl_purposes_of(CTL_CMP_SIGNER, &count), ca()->key);
}

static void free_former(struct former *former)
{
    private_key_free(former->key);
    arena_free(former->arena);
}

static void write_row(enum store_how how, enum store_kind kind, const void *row)
{
    struct store_unit unit = {.issuer = test_issuer()};

    store_unit_write(&unit, how, kind, row);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

/* As the CA's own, whatever it is. */
static void put(const struct former *former, enum store_cert_status status)
{
    uint8_t hash[DIGEST_MAX];
    const struct store_cert row = {.serial = bytes_of(former->serial, STORE_SERIAL),
                                   .status = status,
                                   .issued_at = FROM,
                                   .not_before = FROM,
                                   .not_after = UNTIL,
                                   .subject = former->cert.subject,
                                   .subject_text = bytes_str("CN=x"),
                                   .spki_hash =
                                       bytes_of(hash, digest_compute(hash, DIGEST_SHA256, former->cert.spki)),
                                   .profile = bytes_str(POLICY_OWN),
                                   .certificate = former->cert.der};

    write_row(STORE_INSERT, STORE_CERTIFICATES, &row);
}

static char said[AUDIT_FAULT_MAX];

static void note(void *arg, const char *text)
{
    (void)arg;
    snprintf(said, sizeof said, "%s", text);
}

/* Whether a seal of |former| counts that says that it was made at |at|. */
static int counts(const struct former *former, int64_t at)
{
    const struct ctl_opened opened = {.config = policy_config(demo.policy), .store = store};
    struct audit_verify *verify = audit_verify_new(note, NULL);
    struct audit_seal what = {.kind = AUDIT_HEADS};
    struct audit_sealer sealer;
    struct audit_summary sum;
    struct store_seal seal;

    said[0] = 0;
    audit_sealer_begin(&sealer);
    cr_assert(audit_signers_add(verify, &opened));
    cr_assert(audit_seal_make(&seal, former->arena, &what, &sealer, bytes_str("node"), at * MS, former->key,
                              signature_for_key(KEY_P256)));
    audit_verify_seal(verify, &seal);
    audit_verify_end(verify, &sum);
    audit_verify_free(verify);
    return sum.faults == 0;
}

Test(audit_signers, a_CMP_certificate_of_before_counts_for_its_time)
{
    struct former former;

    make_signer(&former, new_key());
    cr_expect_not(counts(&former, FROM), "nobody has it");
    cr_expect_not_null(strstr(said, "in no CMP certificate given"), "%s", said);
    put(&former, STORE_CERT_VALID);
    cr_expect(counts(&former, FROM), "%s", said);
    cr_expect(counts(&former, UNTIL), "%s", said);
    cr_expect_not(counts(&former, FROM - 1));
    cr_expect_not_null(strstr(said, "was not valid"), "%s", said);
    cr_expect_not(counts(&former, UNTIL + 1));
    free_former(&former);
}

/* Whoever writes rows has every certificate that the CA ever issued. */
Test(audit_signers, what_the_CA_issued_for_others_never_counts)
{
    size_t count;
    const struct bytes *of_ca = ctl_purposes_of(CTL_CMP_SIGNER, &count);
    struct private_key *other = new_key();
    struct {
        const char *what;
        struct bytes subject;
        const struct bytes *purpose;
        const struct private_key *signer;
    } cases[] = {
        {"no purpose", ca()->cmp_cert.subject, NULL, ca()->key},
        {"another purpose", ca()->cmp_cert.subject, &of_client, ca()->key},
        {"any purpose", ca()->cmp_cert.subject, &of_any, ca()->key},
        {"another name", ca()->cert.subject, of_ca, ca()->key},
        {"another CA of the same name", ca()->cmp_cert.subject, of_ca, other},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct former former;
        make_former(&former, new_key(), cases[i].subject, cases[i].purpose, cases[i].signer);
        put(&former, STORE_CERT_VALID);
        cr_expect_not(counts(&former, FROM), "%s", cases[i].what);
        cr_expect_not(audit_is_signer(&former.cert, &ca()->cert, &ca()->cmp_cert), "%s", cases[i].what);
        free_former(&former);
    }
    private_key_free(other);
}

Test(audit_signers, a_key_that_others_may_have_does_not_count)
{
    struct former revoked, held, blocked, renewed;
    uint8_t hash[DIGEST_MAX];

    make_signer(&revoked, new_key());
    put(&revoked, STORE_CERT_REVOKED);
    cr_expect_not(counts(&revoked, FROM));
    make_signer(&held, new_key());
    put(&held, STORE_CERT_HOLD);
    cr_expect_not(counts(&held, FROM));
    make_signer(&blocked, new_key());
    put(&blocked, STORE_CERT_VALID);
    cr_expect(counts(&blocked, FROM), "%s", said);
    const struct store_blocked_key row = {
        .spki_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, blocked.cert.spki)),
        .at = FROM,
        .reason = CERT_KEY_COMPROMISE,
        .who = bytes_str("x")};
    write_row(STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_expect_not(counts(&blocked, FROM));
    /* Another certificate of the same key is no better. */
    make_signer(&renewed, revoked.key);
    put(&renewed, STORE_CERT_VALID);
    cr_expect_not(counts(&renewed, FROM));
    renewed.key = NULL;
    free_former(&renewed);
    free_former(&revoked);
    free_former(&held);
    free_former(&blocked);
}

static void put_renewal(const struct former *former, struct bytes spki)
{
    uint8_t key[STORE_RENEWAL_KEY];
    struct store_renewal row = {.renewal = bytes_of(key, sizeof key),
                                .at = UNTIL,
                                .since = UNTIL,
                                .former = former->cert.der,
                                .certificate = ca()->cmp_cert.der};

    policy_renewal_key(key, POLICY_SIGNS_ANSWERS, spki);
    write_row(STORE_PUT, STORE_RENEWALS, &row);
}

/* The first one is not among the certificates: a file had it. */
Test(audit_signers, what_was_renewed_counts)
{
    struct former former, second;

    make_signer(&former, new_key());
    make_signer(&second, new_key());
    put_renewal(&former, second.cert.spki);
    cr_expect_not(counts(&former, FROM), "nothing leads to it");
    put(&second, STORE_CERT_VALID);
    cr_expect(counts(&former, FROM), "%s", said);
    free_former(&former);
    make_former(&former, new_key(), ca()->cmp_cert.subject, &of_client, ca()->key);
    put_renewal(&former, ca()->cmp_cert.spki);
    cr_expect_not(counts(&former, FROM), "a row says so, and nothing that was signed");
    free_former(&former);
    make_signer(&former, new_key());
    put_renewal(&former, ca()->cmp_cert.spki);
    cr_expect(counts(&former, FROM), "of the one in the file, too: %s", said);
    free_former(&former);
    free_former(&second);
}

/* A row with the serial of another one would say what became of that. */
Test(audit_signers, a_row_tells_of_its_own_certificate_alone)
{
    struct former former;

    make_signer(&former, new_key());
    former.serial[STORE_SERIAL - 1] ^= 1;
    put(&former, STORE_CERT_VALID);
    cr_expect_not(counts(&former, FROM));
    free_former(&former);
}

/* More than are read at once. */
Test(audit_signers, it_is_found_among_many)
{
    struct former former;

    for (uint32_t n = 0; n < STORE_OLD_MAX + 4; n++) {
        struct enrollment e = make(n);
        add(&e);
    }
    make_signer(&former, new_key());
    put(&former, STORE_CERT_VALID);
    cr_expect(counts(&former, FROM), "%s", said);
    free_former(&former);
}

Test(audit_signers, files_that_cannot_be_read_are_told)
{
    char path[512];
    const struct ctl_opened opened = {.config = policy_config(demo.policy), .store = store};
    struct audit_verify *verify = audit_verify_new(note, NULL);

    snprintf(path, sizeof path, "%s", policy_config(demo.policy)->cas[0].certificate);
    cr_assert_eq(unlink(path), 0);
    CAPTURE(cr_expect_not(audit_signers_add(verify, &opened)));
    cr_expect_not_null(strstr(logged, path), "%s", logged);
    audit_verify_free(verify);
}
