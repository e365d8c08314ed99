/* profile_test.c: what a request would get, told by the code that decides; and that nothing is done. */
#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "tests/support/must.h"
#include "tests/support/world.h"
#include "tests/unit/ctl/cert_fixture.h"

static struct world *world; /* for its client: it is no part of the demo */
static struct client client;
static struct ctl_identity device;
static struct arena *arena;
static char request[DEMO_PATH_MAX + 16];

static void begin(void)
{
    struct certificate factory;
    char path[DEMO_PATH_MAX + 64], dir[DEMO_PATH_MAX + 16];

    set_up();
    arena = arena_new(1024 * 1024);
    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    snprintf(dir, sizeof dir, "%s/demo", demo.dir);
    must(ctl_load(&device, arena, dir, "device"));
    snprintf(path, sizeof path, "%s/vendor-intermediate.pem", dir);
    must(ctl_load_certificate(&factory, arena, path));
    client_sign_by(&client, &device, &factory.der, 1);
    snprintf(request, sizeof request, "%s/ir.der", demo.dir);
}

static void end(void)
{
    ctl_identity_cleanup(&device);
    client_cleanup(&client);
    world_free(world);
    arena_free(arena);
    tear_down();
}

TestSuite(profile_test, .init = begin, .fini = end, .timeout = 60);

/* "cmpctl profile test" of a request of |body|, with |words|. */
static int test(int body, const char *words)
{
    char text[1024];
    struct bytes der = client_request(&client, body);

    must(file_write(request, der.data, der.len, 0600, 0));
    snprintf(text, sizeof text, "profile test %s%s%s", request, *words != 0 ? " " : "", words);
    return with_config(text);
}

static int count_one(void *count, const void *row)
{
    (void)row;
    ++*(size_t *)count;
    return 1;
}

static size_t rows_of(enum store_kind kind)
{
    char fault[STORE_FAULT_MAX] = "";
    size_t count = 0;

    cr_assert(store_each(store, fault, kind, bytes_of(NULL, 0), count_one, &count), "%s", fault);
    return count;
}

Test(profile_test, what_would_be_granted_is_told_and_not_done)
{
    char out[DEMO_PATH_MAX + 16], words[DEMO_PATH_MAX + 64];
    uint8_t *tbs;
    size_t len;

    snprintf(out, sizeof out, "%s/tbs.der", demo.dir);
    snprintf(words, sizeof words, "--out %s", out);
    cr_assert_eq(test(PKI_IR, words), CTL_OK, "%s%s", call_out, call_err);
    cr_expect_eq(strncmp(call_out, "outcome               granted\nrequest               ir\n", 55), 0, "%s",
                 call_out);
    cr_expect_not_null(strstr(call_out, "\nsubject               CN=gnb-1,O=Operator\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nextensions            keyUsage, critical\n"), "%s", call_out);
    cr_assert(file_read(&tbs, &len, out, 65536));
    cr_expect(len > 100 && tbs[0] == 0x30 && memmem(tbs, len, "gnb-1", 5) != NULL);
    free(tbs);
    cr_expect_eq(rows_of(STORE_CERTIFICATES), 0);
    cr_expect_eq(rows_of(STORE_DEVICES), 0);
    cr_assert_eq(test(PKI_IR, "--json"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "{\"outcome\":\"granted\",\"request\":\"ir\",\"profile\":\"demo\""),
                       "%s", call_out);
}

Test(profile_test, a_refusal_has_the_setting_and_its_line)
{
    struct config_fault fault;
    char place[CONFIG_FAULT_MAX + 64];

    cr_assert(demo_edit(&demo, &fault, "types: [P-256, P-384, P-521, RSA, Ed25519]", "types: [RSA]"), "%s",
              fault.text);
    config_fault_at(&fault, policy_config(demo.policy), "profiles[0].keys.types", "profiles[0].keys.types");
    snprintf(place, sizeof place, "\nsetting               %s\n", fault.text);
    cr_assert_eq(test(PKI_IR, ""), CTL_FAULT);
    cr_expect_eq(strncmp(call_out, "outcome               refused\n", 30), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\nfail_info             badCertTemplate\n"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, place), "%s instead of %s", call_out, place);
}

/* What only the commit finds: it is looked up instead. */
Test(profile_test, what_a_commit_would_refuse_is_refused)
{
    struct config_fault fault;
    uint8_t hash[DIGEST_MAX];
    struct enrollment other = make(1);

    digest_compute(hash, DIGEST_SHA256, private_key_spki(client.key));
    memcpy(other.key, hash, sizeof other.key);
    add(&other);
    cr_expect_eq(test(PKI_IR, ""), CTL_OK, "%s", call_out);
    cr_assert(demo_edit(&demo, &fault, "unique: false", "unique: true"), "%s", fault.text);
    cr_assert_eq(test(PKI_IR, ""), CTL_FAULT);
    cr_expect_not_null(strstr(call_out, "publicKey is in use in another certificate"), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "profiles[0].keys.unique"), "%s", call_out);
}

Test(profile_test, vendors_may_be_supposed)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "      vendors: [demo]", "      vendors: []"), "%s", fault.text);
    cr_assert_eq(test(PKI_IR, ""), CTL_FAULT, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "profiles[0].accept.vendors"), "%s", call_out);
    cr_expect_eq(test(PKI_IR, "--vendor demo --profile demo"), CTL_OK, "%s%s", call_out, call_err);
    cr_expect_eq(test(PKI_IR, "--vendor nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no vendor 'nobody'"), "%s", call_err);
}

Test(profile_test, the_time_may_be_another)
{
    client.header.has_message_time = 1;
    client.header.message_time = 1767225600; /* 2026-01-01 */
    cr_assert_eq(test(PKI_IR, ""), CTL_FAULT);
    cr_expect_not_null(strstr(call_out, "profiles[0].accept.message_time_seconds"), "%s", call_out);
    cr_assert_eq(test(PKI_IR, "--at 2026-01-01"), CTL_FAULT);
    cr_expect_null(strstr(call_out, "message_time_seconds"), "%s", call_out);
    cr_expect_eq(test(PKI_IR, "--at yesterday"), CTL_USAGE);
}

Test(profile_test, a_wrong_call_is_told)
{
    cr_expect_eq(test(PKI_IR, "--profile nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no profile 'nobody'"), "%s", call_err);
    cr_expect_eq(with_config("profile test /nowhere"), CTL_USAGE);
    cr_expect_not_null(strstr(call_err, "/nowhere cannot be read"), "%s", call_err);
    cr_expect_eq(call("profile test /dev/null"), CTL_USAGE);
}
