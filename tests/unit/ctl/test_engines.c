/* test_engines.c: what is said of engines (server/ctl/engines.c). The machine's are the test's. */
#include "crypto/engine_measure.h"
#include "tests/support/call.h"

/* Two kinds of keys have a wide engine. */
static const struct engine_route *fake_route(enum key_kind kind)
{
    static const struct engine_route wide = {ENGINE_CRYPTO_MB, ENGINE_AWS_LC, 5, 3},
                                     narrow = {ENGINE_BORINGSSL, ENGINE_BORINGSSL, 1, 1};

    return kind == KEY_P256 || kind == KEY_P384 ? &wide : &narrow;
}

static size_t fake_lanes(enum engine_id id)
{
    return id == ENGINE_CRYPTO_MB ? 8 : 1;
}

static const char *fake_why(enum engine_id id)
{
    return id == ENGINE_CRYPTO_MB ? "this machine has no AVX-512" : NULL;
}

static unsigned measured_ms;

static int fake_measure(struct engine_cost *out, enum engine_id id, enum key_kind kind, unsigned milliseconds)
{
    measured_ms = milliseconds;
    *out = (struct engine_cost){.verify_us = 50, .sign_us = 20};
    return id != ENGINE_CRYPTO_MB && kind != KEY_ED25519;
}

static double fake_digest_ns(enum digest_id id, size_t octets, unsigned milliseconds)
{
    (void)milliseconds;
    return (double)(100 * id +
                    (int)octets); /* one iteration of PBKDF2 or PasswordBasedMac: the digest's length */
}

#define digest_measure_ns fake_digest_ns
#define engine_route_of fake_route
#define engine_lanes fake_lanes
#define engine_unusable_why fake_why
#define engine_measure fake_measure
/* NOLINTNEXTLINE(bugprone-suspicious-include): its engines are the test's */
#include "server/ctl/engines.c"

TestSuite(engines, .timeout = 60);

#define ENGINES                                                                                              \
    "crypto_mb  this machine has no AVX-512\n"                                                               \
    "aws-lc     usable\n"                                                                                    \
    "boringssl  usable\n\n"
#define ROUTES                                                                                               \
    "P-256    aws-lc; crypto_mb, 8 at once, from 5 verifications or 3 signatures on\n"                       \
    "P-384    aws-lc; crypto_mb, 8 at once, from 5 verifications or 3 signatures on\n"                       \
    "P-521    boringssl\n"                                                                                   \
    "RSA      boringssl\n"                                                                                   \
    "Ed25519  boringssl\n"

/* What follows on the routes: lines of names (RFC 9481, RFC 9688, RFC 8692), each of which is there. */
static const char *expect_algorithms(const char *out)
{
    static const struct {
        const char *line, *names[4];
    } lines[] = {
        {"\nsignatures: ",
         {"ecdsa-with-SHA256, ", "rsassa-pkcs1-v1-5-with-sha3-512", "ecdsa-with-shake128", ""}},
        {"MACs: ", {"PBMAC1, ", "hmacWithSHA256, ", "hmacWithSHA3-512", ""}},
        {"by choice: HMAC, aes128-GMAC, aes192-GMAC, aes256-GMAC\n", {"", "", "", ""}},
        {"in no library here: ", {"Ed448", "KMACWithSHAKE256", "brainpoolP256r1", "RSASSA-PSS-SHAKE128"}},
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cr_assert_eq(strncmp(out, lines[i].line, strlen(lines[i].line)), 0, "%s", out);
        const char *end = strchr(out + 1, '\n');
        cr_assert_not_null(end);
        for (size_t n = 0; n < 4; n++) {
            const char *name = strstr(out, lines[i].names[n]);
            cr_expect(name != NULL && name < end, "%s", lines[i].names[n]);
        }
        out = end + 1;
    }
    return out;
}

Test(engines, who_computes_is_shown)
{
    cr_assert_eq(call("engines"), CTL_OK, "%s", call_err);
    cr_assert_eq(strncmp(call_out, ENGINES ROUTES, strlen(ENGINES ROUTES)), 0, "%s", call_out);
    cr_assert_str_eq(expect_algorithms(call_out + strlen(ENGINES ROUTES)), "");
    cr_assert_eq(measured_ms, 0);
}

/* 50 microseconds are 20,000 a second. */
Test(engines, and_how_fast_they_are)
{
    static const char *const kinds[] = {"P-256", "P-384", "P-521", "RSA"};
    char expected[4096], *end = expected;

    cr_assert_eq(call("engines --measure"), CTL_OK, "%s", call_err);
    end += sprintf(end, "\nof one core, all lanes in use; RSA with 2048 bits\n%s",
                   "key      engine       verify/s         us     sign/s         us\n");
    for (size_t i = 0; i < 4; i++)
        end += sprintf(end,
                       "%-8s aws-lc          20000       50.0      50000       20.0\n"
                       "%-8s boringssl       20000       50.0      50000       20.0\n",
                       kinds[i], kinds[i]);
    end += sprintf(end, "\ndigest           ns\nSHA-1           120\nSHA-224         228\n");
    const char *rest = expect_algorithms(call_out + strlen(ENGINES ROUTES));
    cr_assert_eq(strncmp(rest, expected, strlen(expected)), 0, "%s", rest);
    cr_assert_not_null(strstr(rest, "\nSHAKE256       1164\n"), "%s", rest);
    cr_assert_geq(measured_ms, 50, "long enough to mean something");
}

/* Those of a configuration: a fault names its line. */
Test(engines, a_configuration_that_is_wrong_is_told)
{
    char path[] = "/tmp/cmpd-engines-XXXXXX", words[64];
    FILE *file = fdopen(mkstemp(path), "w");

    cr_assert_not_null(file);
    fputs("engines: [boringssl\n", file);
    fclose(file);
    snprintf(words, sizeof words, "engines --config %s", path);
    cr_expect_eq(call(words), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, path), "%s", call_err);
    cr_expect_str_empty(call_out);
    unlink(path);
    cr_expect_eq(call(words), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "No such file"), "%s", call_err);
}
