/* load.c: every request is sent once, judged, and its outcome kept; what may pass is tried again. */
#include <signal.h>
#include <stdatomic.h>

#include "bench/load.h"
#include "bench/status.h"
#include "tests/unit/bench/fixture.h"
#include "tests/unit/bench/peer.h"

#define SECOND INT64_C(1000000000)

enum { COUNT = 24 };

static struct device devices[COUNT];
static struct request requests[COUNT];
static struct outcome outcomes[COUNT];
static struct run run;
static unsigned messages; /* that the peer was sent */

static void set_up(void)
{
    new_world();
    options.clients = 4;
    options.threads = options.streams = options.sources = 1;
    options.count = COUNT;
    options.seconds = 60;
    for (size_t i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "gnb-%zu", i);
        new_device(&devices[i], name);
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < COUNT; i++)
        end_device(&devices[i]);
    end_world();
}

TestSuite(load, .init = set_up, .fini = tear_down);

/* As the world answers. It is for this thread alone while the run lasts. */
static int serve(int fd, const char *head, struct bytes body)
{
    must(strncmp(head, "POST /pkix/ HTTP/1.1\r\n", 22) == 0);
    messages++;
    peer_say(fd, 200, answer_to(body));
    return 1;
}

/* Even ones of |even|, the others of |odd|. */
static void make_all(enum scenario even, enum scenario odd)
{
    for (size_t i = 0; i < COUNT; i++)
        requests[i] = make_for(&devices[i], i % 2 == 0 ? even : odd);
    memset(outcomes, 0, sizeof outcomes);
    run = (struct run){
        .options = &options, .setup = &setup, .requests = requests, .count = COUNT, .outcomes = outcomes};
    messages = 0;
}

static void drive(peer_answer answer)
{
    peer_start(&options, answer);
    cr_assert(load_run(&run));
    peer_stop();
}

static void all_are(enum bench_error error, unsigned retries)
{
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(outcomes[i].error, error, "%zu: %s", i, bench_error_name(outcomes[i].error));
        cr_assert_eq(outcomes[i].retries, retries);
        cr_assert(outcomes[i].end_ns >= run.start_ns && outcomes[i].end_ns <= run.end_ns);
        cr_assert(outcomes[i].latency_ns > 0 && outcomes[i].latency_ns <= run.end_ns - run.start_ns);
    }
}

/* What the store has, and has confirmed, is what the outcomes say. */
Test(load, all_enroll_over_connections_that_are_kept)
{
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        options.threads = threads;
        world_forget(world);
        make_all(SCENARIO_IR, SCENARIO_IR_CONFIRM);
        drive(serve);
        all_are(BENCH_OK, 0);
        cr_assert_eq(messages, COUNT + COUNT / 2);
        cr_assert_leq(peer.accepted, 4);
        cr_assert_eq(world->cert_count, COUNT);
        cr_assert_eq(run.overdue, 0);
        cr_assert_eq(run.first_refusal[0], 0);
        for (size_t i = 0; i < COUNT; i++) {
            const struct store_cert *row =
                world_cert_of(world, bytes_of(outcomes[i].serial, outcomes[i].serial_len));
            cr_assert_not_null(row);
            cr_assert_eq(row->status, STORE_CERT_VALID);
            cr_assert(bytes_equal(row->transaction_id, bytes_of(requests[i].transaction_id, REQUEST_NONCE)));
            cr_assert_eq(devices[i].own_cert.len, 0); /* nobody needs it */
            cr_assert_eq(outcomes[i].step, STEP_IR);
            cr_assert_gt(outcomes[i].first_ns, 0);
            if (i % 2 == 0)
                cr_assert(outcomes[i].first_ns == outcomes[i].latency_ns && outcomes[i].confirm_ns == 0);
            else
                cr_assert(outcomes[i].confirm_ns > 0 &&
                          outcomes[i].first_ns + outcomes[i].confirm_ns <= outcomes[i].latency_ns);
        }
    }
}

Test(load, a_connection_for_each_enrollment)
{
    options.new_connections = 1;
    make_all(SCENARIO_IR, SCENARIO_IR_CONFIRM);
    drive(serve);
    all_are(BENCH_OK, 0);
    cr_assert_eq(peer.accepted, COUNT);
}

/* README.md of bench: serial, transactionID, and if it is confirmed; a line when it is got, and one when a
 * certConf was answered. */
Test(load, what_a_client_holds_is_written_down)
{
    char *text;
    size_t len;

    make_all(SCENARIO_IR, SCENARIO_IR_CONFIRM);
    run.held = open_memstream(&text, &len);
    drive(serve);
    fclose(run.held);
    for (size_t i = 0; i < COUNT; i++) {
        char line[128];
        size_t used = 0;
        for (size_t o = 0; o < outcomes[i].serial_len; o++)
            used += (size_t)snprintf(line + used, sizeof line - used, "%02x", outcomes[i].serial[o]);
        line[used++] = ' ';
        for (size_t o = 0; o < REQUEST_NONCE; o++)
            used += (size_t)snprintf(line + used, sizeof line - used, "%02x", requests[i].transaction_id[o]);
        char *end = line + used, *unconfirmed, *confirmed;
        strcpy(end, " confirmed\n");
        cr_assert_not_null(confirmed = strstr(text, line), "%s", line);
        strcpy(end, " unconfirmed\n");
        unconfirmed = strstr(text, line);
        cr_assert_eq(unconfirmed != NULL, i % 2 == 1);
        cr_assert(unconfirmed == NULL || unconfirmed < confirmed);
    }
    size_t lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    cr_assert_eq(lines, COUNT + COUNT / 2);
    free(text);
}

/* fleet.h: what kur and rr begin with. It is no part of what is measured: no rate, no end. */
Test(load, certificates_for_later_are_kept_by_their_devices)
{
    make_all(SCENARIO_IR, SCENARIO_CR);
    run.unclocked = 1;
    options.seconds = 0;
    options.rate = 0.001;
    options.idle_connections = 5;
    options.warmup = 1000;
    drive(serve);
    all_are(BENCH_OK, 0);
    cr_assert_eq(run.idle_open, 0);
    for (size_t i = 0; i < COUNT; i++) {
        struct certificate cert;
        cr_assert(certificate_parse(&cert, devices[i].own_cert));
        cr_assert(bytes_equal(cert.serial, bytes_of(outcomes[i].serial, outcomes[i].serial_len)));
    }
    run.unclocked = 0;
    options.seconds = 60;
    options.rate = options.warmup = options.idle_connections = 0;
    make_all(SCENARIO_KUR, SCENARIO_RR);
    drive(serve);
    all_are(BENCH_OK, 0);
    cr_assert_eq(messages, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        /* An update brings another certificate; a revocation none. */
        cr_assert_eq(outcomes[i].serial_len != 0, i % 2 == 0);
        free((void *)(uintptr_t)devices[i].own_cert.data);
    }
}

Test(load, requests_without_a_message_are_passed_over)
{
    make_all(SCENARIO_IR, SCENARIO_IR);
    for (size_t i = 0; i < COUNT; i += 3)
        requests[i].message.len = 0;
    drive(serve);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(outcomes[i].end_ns != 0, i % 3 != 0);
        cr_assert_eq(outcomes[i].error, BENCH_OK);
        cr_assert_eq(outcomes[i].serial_len != 0, i % 3 != 0);
    }
    cr_assert_eq(messages, COUNT - COUNT / 3);
}

/* ---- failures ---- */

static unsigned failing;     /* how often each message fails before it is served */
static int failing_status;   /* with this status; 0: the connection is closed */
static unsigned seen[COUNT]; /* messages of each request */

static int fail_first(int fd, const char *head, struct bytes body)
{
    for (size_t i = 0; i < COUNT; i++)
        if (bytes_equal(requests[i].message, body)) { /* again as it was */
            if (seen[i]++ >= failing)
                return serve(fd, head, body);
            if (failing_status != 0)
                peer_say(fd, failing_status, bytes_str("no"));
            return failing_status != 0;
        }
    must(!"one of the messages");
    return 0;
}

/* A failure of the way to the server, or of the server, may pass (load.c); what was said on purpose stays. */
Test(load, what_may_pass_is_sent_again)
{
    static const struct {
        int status;
        int passes;
        enum bench_error error;
    } cases[] = {{0, 1, BENCH_CONNECT}, {299, 1, BENCH_HTTP}, {300, 0, BENCH_HTTP},
                 {404, 0, BENCH_HTTP},  {499, 0, BENCH_HTTP}, {500, 1, BENCH_HTTP}};

    options.clients = COUNT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (unsigned retries = 0; retries <= 2; retries++) {
            options.new_connections = i % 2 == 1;
            options.retries = retries;
            failing = 2;
            failing_status = cases[i].status;
            memset(seen, 0, sizeof seen);
            world_forget(world);
            make_all(SCENARIO_IR, SCENARIO_IR);
            drive(fail_first);
            all_are(cases[i].passes && retries == 2 ? BENCH_OK : cases[i].error,
                    cases[i].passes ? retries : 0);
        }
}

/* A store that is away (systemUnavail, RFC 9810 5.2.3) may come back. */
Test(load, a_store_that_is_away_is_asked_again)
{
    options.clients = 1;
    options.retries = 1;
    make_all(SCENARIO_IR, SCENARIO_IR);
    world->fail_commit_at = 3;
    world->commit_fault = STORE_UNAVAILABLE;
    drive(serve);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(outcomes[i].error, BENCH_OK);
        cr_assert_eq(outcomes[i].retries, i == 2);
    }
    cr_assert_neq(run.first_refusal[0], 0);
}

/* Who finds nobody there waits for a tenth of a second before the next begins. */
Test(load, a_server_that_is_gone_is_not_asked_at_once)
{
    options.clients = 1;
    make_all(SCENARIO_IR, SCENARIO_IR);
    run.count = 3;
    failing = 1;
    failing_status = 0;
    drive(fail_first);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(outcomes[i].error, BENCH_CONNECT);
        cr_assert(i == 0 ||
                  outcomes[i].end_ns - outcomes[i].latency_ns >= outcomes[i - 1].end_ns + SECOND / 10);
    }
    cr_assert_eq(outcomes[3].end_ns, 0);
}

Test(load, a_refusal_stays_and_the_first_is_told)
{
    options.retries = 3;
    make_all(SCENARIO_IR, SCENARIO_IR_CONFIRM);
    world->decide_refuses = 1;
    drive(serve);
    all_are(BENCH_REJECTED, 0);
    cr_assert_eq(messages, COUNT);
    cr_assert_str_eq(run.first_refusal, "not today");
}

static struct bytes said;

static int refuse(int fd, const char *head, struct bytes body)
{
    struct pki_status_info info = {.status = PKI_REJECTION, .text = said};
    struct pki_header header = {.pvno = 2, .sender = world->ca.sender, .recipient = world->ca.sender};
    struct bytes error, part, message;

    (void)head, (void)body;
    must(pki_encode_error(&error, world->arena, &info) &&
         pki_encode_protected_part(&part, world->arena, &header, PKI_ERROR, error) &&
         pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    peer_say(fd, 200, message);
    return 1;
}

/* What a terminal might take for an order is not shown, and of a long text the beginning. */
Test(load, what_a_refusal_says_is_text)
{
    char text[RUN_TEXT + 8];

    make_all(SCENARIO_IR, SCENARIO_IR);
    run.count = 1;
    said = bytes_str("\x1b[2J \x1f~\x7f"
                     "a\xc3!");
    drive(refuse);
    cr_assert_str_eq(run.first_refusal, "?[2J ?~?a?!");
    memset(text, 'x', sizeof text);
    for (size_t len = RUN_TEXT - 2; len <= RUN_TEXT + 1; len++) {
        make_all(SCENARIO_IR, SCENARIO_IR);
        said = bytes_of((const uint8_t *)text, len);
        drive(refuse);
        cr_assert_eq(strlen(run.first_refusal), len < RUN_TEXT ? len : RUN_TEXT - 1);
    }
}

/* README.md of bench: of all answers, or of one in 16, the same ones for whoever runs it again. */
Test(load, signatures_are_verified_of_those_that_were_drawn_or_of_all)
{
    public_key_free(setup.cmp_key);
    setup.cmp_key = public_key_parse(world->stranger.cert.spki);
    for (int all = 0; all <= 1; all++) {
        options.check_all = all;
        world_forget(world);
        make_all(SCENARIO_IR, SCENARIO_IR);
        drive(serve);
        for (size_t i = 0; i < COUNT; i++)
            cr_assert_eq(outcomes[i].error, all || scenario_sampled(i, 16) ? BENCH_PROTECTION : BENCH_OK);
    }
}

/* ---- time ---- */

/* In an open loop latency counts from when a request was meant to start, whenever that was. */
Test(load, an_open_loop_counts_from_the_intended_start)
{
    options.rate = 200;
    make_all(SCENARIO_IR, SCENARIO_IR);
    drive(serve);
    all_are(BENCH_OK, 0);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(outcomes[i].end_ns - outcomes[i].latency_ns - run.start_ns, schedule_due_ns(200, i));
    cr_assert_eq(run.overdue, 0);
}

static unsigned fetched, asked;

static int serve_status(int fd, const char *head, struct bytes body)
{
    fetched += strncmp(head, "GET /crl/issuing.crl HTTP/1.1\r\n", 31) == 0 && body.len == 0;
    asked += strncmp(head, "POST /ocsp HTTP/1.1\r\n", 21) == 0 &&
             strstr(head, "\r\nContent-Type: application/ocsp-request\r\n") != NULL && body.len != 0;
    peer_say(fd, 200, bytes_str("no answer"));
    return 1;
}

/* RFC 6960 A.1: another path, another media type; a CRL is fetched without a message. What comes is judged.
 */
Test(load, who_asks_goes_elsewhere)
{
    struct certificate cert;

    cr_assert(certificate_parse(&cert, devices[0].factory_cert));
    make_all(SCENARIO_IR, SCENARIO_IR);
    for (size_t i = 0; i < COUNT; i++) {
        requests[i] = (struct request){.scenario = i % 2 == 0 ? SCENARIO_CRL : SCENARIO_OCSP_NONCE};
        cr_assert(i % 2 == 0 || i == 1 ||
                  status_request_make(&requests[i], world->arena, &setup, cert.serial));
    }
    drive(serve_status);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(outcomes[i].end_ns != 0, i != 1); /* that one has no message */
        cr_assert(i == 1 || outcomes[i].error == BENCH_MALFORMED);
    }
    cr_assert_eq(fetched, COUNT / 2);
    cr_assert_eq(asked, COUNT / 2 - 1);
}

static int stop_at_the_fifth(int fd, const char *head, struct bytes body)
{
    if (messages == 4)
        raise(SIGTERM); /* taken by this thread, before it answers */
    return serve(fd, head, body);
}

/* load.h: a signal ends it as if its seconds were over; the second one is for the process. */
Test(load, a_signal_ends_the_run_and_what_was_due_is_counted)
{
    struct sigaction now;

    options.clients = 1;
    options.rate = 1e7;
    make_all(SCENARIO_IR, SCENARIO_IR);
    drive(stop_at_the_fifth);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(outcomes[i].end_ns != 0, i < 5);
    cr_assert_eq(run.overdue, COUNT - 5);
    cr_assert_eq(sigaction(SIGTERM, NULL, &now), 0);
    cr_assert_eq(now.sa_handler, SIG_DFL);
}

/* What counts begins after the warm-up, and so does the server's time. */
Test(load, the_warm_up_is_over_before_what_counts)
{
    options.warmup = 1;
    options.rate = 20;
    options.idle_connections = 3;
    options.server_pid = getpid();
    make_all(SCENARIO_IR, SCENARIO_IR);
    peer_start(&options, serve);
    peer_stop(); /* nobody is there: idle connections cannot be had */
    cr_assert_not(load_run(&run));
    options.idle_connections = 0;
    drive(serve);
    int64_t begin = outcomes[0].end_ns - outcomes[0].latency_ns;
    cr_assert_geq(run.start_ns, begin + SECOND);
    cr_assert_lt(run.start_ns, run.end_ns);
    cr_assert(run.before.cpu_us >= 0 && run.after.cpu_us >= run.before.cpu_us && run.idle_before.cpu_us >= 0);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(outcomes[i].error, BENCH_OK);
}

static int serve_pages_too(int fd, const char *head, struct bytes body)
{
    if (strncmp(head, "GET /healthz HTTP/1.1\r\n", 23) != 0)
        return serve(fd, head, body);
    peer_say(fd, 200, bytes_str("ok"));
    return 1;
}

Test(load, idle_connections_are_beside_the_load)
{
    options.idle_connections = 7;
    make_all(SCENARIO_IR, SCENARIO_IR);
    drive(serve_pages_too);
    all_are(BENCH_OK, 0);
    cr_assert_eq(run.idle_open, 7);
    cr_assert(peer.accepted > 7 && peer.accepted <= 7 + 4);
}

Test(load, without_an_anchor_there_is_no_TLS)
{
    make_all(SCENARIO_IR, SCENARIO_IR);
    options.target.tls = 1;
    options.tls_ca = "/nowhere";
    cr_assert_not(load_run(&run));
}
