/* tls_files.c: when TLS files that changed are told to be taken up, and when they are an alarm. That they are
 * taken up is in server/test_tls_files.sh. */
#include "server/upkeep/tls_files.h"

#include "server/base/bounds.h"
#include "tests/support/capture.h"
#include "tests/unit/policy/faults.h"

/* The CA's own files will do for TLS here. */
static const char address[] = "\"127.0.0.1:8830\"";

static struct tls_files job;
static int64_t now;

static void put_copy(const char *name, const char *of)
{
    size_t len;
    char *octets = take_file(of, &len, 0);

    put_file(name, octets, len, 0600);
    free(octets);
}

static void set_up_tls(void)
{
    set_up();
    put_copy("tls.pem", "ca/cmp.pem");
    put_copy("tls.key", "ca/cmp.key");
    put_copy("clients.pem", "demo/vendor-root.pem");
    edit(address,
         "\"127.0.0.1:8830\"\n    tls: {certificate: tls.pem, key: tls.key, client_ca: clients.pem}");
    job = (struct tls_files){.seen = 0};
    now = time(NULL) + 60;
    log_set_level(LOG_INFO);
}

TestSuite(tls_files, .init = set_up_tls, .fini = tear_down, .timeout = 60);

/* The next look, |seconds| after the last. */
static void look_after(int64_t seconds)
{
    now += seconds;
    tls_files_run(&job, demo.policy, now);
}

static void expect(int is_new, int alarm)
{
    cr_expect_eq(atomic_load(&job.fit), is_new ? policy_tls_stamp_now(demo.policy) : 0);
    cr_expect_eq(job.alarm, alarm);
}

static void take_up(void)
{
    struct config_fault fault;
    struct policy *newer = policy_load_tls(&fault, demo.policy, demo.config, now);

    cr_assert_not_null(newer, "%s", fault.text);
    policy_release(demo.policy);
    demo.policy = newer;
}

Test(tls_files, what_is_as_it_was_is_left_alone)
{
    look_after(1);
    look_after(BOUND_TLS_SETTLES + 1);
    expect(0, 0);
}

Test(tls_files, a_pair_is_taken_once_nobody_writes_it_any_more)
{
    look_after(1);
    put_copy("tls.pem", "ca/root.pem");
    put_copy("tls.key", "ca/root.key");
    look_after(BOUND_TLS_EVERY);
    expect(0, 0);
    look_after(BOUND_TLS_EVERY);
    expect(1, 0);
    take_up();
    look_after(BOUND_TLS_EVERY);
    expect(0, 0);
}

Test(tls_files, whom_clients_are_below_counts_too)
{
    look_after(1);
    put_copy("clients.pem", "ca/root.pem");
    look_after(BOUND_TLS_EVERY);
    look_after(BOUND_TLS_EVERY);
    expect(1, 0);
}

/* As an ACME client writes them: one, and after a while the other. */
Test(tls_files, a_key_that_is_not_there_yet_is_waited_for)
{
    look_after(1);
    put_copy("tls.pem", "ca/root.pem");
    CAPTURE(look_after(BOUND_TLS_EVERY), look_after(BOUND_TLS_SETTLES));
    expect(0, 0);
    cr_expect_str_empty(logged);
    put_copy("tls.key", "ca/root.key");
    CAPTURE(look_after(0), look_after(0));
    expect(1, 0);
    cr_expect_str_empty(logged);
}

static size_t told(const char *text)
{
    size_t count = 0;

    for (const char *at = logged; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

Test(tls_files, what_never_fits_is_an_alarm_until_it_does)
{
    look_after(1);
    put_copy("tls.pem", "ca/root.pem");
    look_after(BOUND_TLS_EVERY);
    CAPTURE(look_after(BOUND_TLS_SETTLES + 1), look_after(BOUND_TLS_EVERY));
    expect(0, 1);
    cr_expect_eq(told("does not belong to listeners[1].tls.certificate"), 1, "once");
    tls_files_job.resume(&job);
    CAPTURE(look_after(BOUND_TLS_EVERY));
    cr_expect_eq(told("alarm=tls"), 1, "somebody has looked, and it is still so");
    cr_expect(tls_files_job.alarm(&job));
    put_copy("tls.key", "ca/root.key");
    look_after(BOUND_TLS_EVERY);
    look_after(BOUND_TLS_EVERY);
    expect(1, 1);
    take_up();
    CAPTURE(look_after(BOUND_TLS_EVERY));
    expect(0, 0);
    cr_expect_eq(told("TLS files are in order again"), 1);
}

/* A clock that was set back makes nobody wait until it has caught up. */
Test(tls_files, time_is_counted_from_now_where_the_clock_went_back)
{
    look_after(1);
    put_copy("tls.pem", "ca/root.pem");
    look_after(BOUND_TLS_EVERY);
    look_after(-3600);
    look_after(BOUND_TLS_SETTLES + 1);
    expect(0, 1);
}

Test(tls_files, files_that_are_gone_are_no_files_to_use)
{
    char path[DEMO_PATH_MAX + 16];

    look_after(1);
    snprintf(path, sizeof path, "%s/tls.key", demo.dir);
    cr_assert_eq(unlink(path), 0);
    look_after(BOUND_TLS_EVERY);
    look_after(BOUND_TLS_SETTLES + 1);
    expect(0, 1);
    cr_expect_not_null(strstr(job.told, "cannot read"));
    put_copy("tls.key", "ca/cmp.key");
    look_after(BOUND_TLS_EVERY);
    look_after(BOUND_TLS_EVERY);
    expect(1, 1);
}
