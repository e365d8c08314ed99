/* report_text.c: what a terminal is told. */
#include "tests/unit/bench/report.h"

TestSuite(report_text, .init = set_up, .fini = tear_down);

Test(report_text, a_run_without_faults)
{
    cr_assert_str_eq(told(report_text),
                     "ir by signature, HTTP/1.1, kept connections, 64 clients\n"
                     "10000 enrollments in 4.00 s: 2500.0 a second, 0 errors\n"
                     "longest gap between two: 250 ms\n"
                     "latency: p50 5000 us, p90 9000 us, p99 9900 us, p99.9 9990 us, p99.99 9999 us, longest "
                     "10000 us\n");
}

/* What is not of CMP is not protected by it, and enrolls nobody. */
Test(report_text, a_run_that_only_asks)
{
    cr_assert(mix_parse(&options.mix, "ocsp=3,crl=1"));
    told(report_text);
    shows("ocsp=3,crl=1, HTTP/1.1, kept connections, 64 clients\n10000 requests in 4.00 s: 2500.0 a second");
    cr_assert(mix_parse(&options.mix, "ir,ocsp"));
    told(report_text);
    shows("ir=1,ocsp=1 by signature, HTTP/1.1");
    shows("10000 requests in");
}

Test(report_text, who_the_clients_are)
{
    options.persona = *persona_named("nokia");
    told(report_text);
    shows("nokia: ir by signature, HTTP/1.0, ");
}

Test(report_text, all_that_there_is_to_tell)
{
    options.rate = 12.5;
    options.retries = 3;
    options.fixed_certificate = 1;
    options.idle_connections = 10;
    options.protection = PROTECTION_PBM;
    result.retries = 7;
    result.errors[BENCH_CONNECT] = 2; /* the first and the last kind of them */
    result.errors[BENCH_OVERDUE] = 3;
    result.cpu_us = 0;
    result.memory = -12;
    report.floor_us = 0;
    run.idle_open = 9;
    run.idle_before.rss_kib = 100;
    run.before.rss_kib = 0;
    run.after.rss_kib = 300;
    strcpy(run.first_refusal, "not today");
    cr_assert_str_eq(told(report_text),
                     "ir by pbm, HTTP/1.1, kept connections, 64 clients, open loop at 12.5 a second\n"
                     "10000 enrollments in 4.00 s: 2500.0 a second, 5 errors\n"
                     "  connect: 2\n"
                     "  overdue: 3\n"
                     "  sent again: 7 messages, each up to 3 times\n"
                     "  the first rejection said: not today\n"
                     "  whose key is certified, by whom, and under which serial number was not checked\n"
                     "longest gap between two: 250 ms\n"
                     "latency: p50 5000 us, p90 9000 us, p99 9900 us, p99.9 9990 us, p99.99 9999 us, longest "
                     "10000 us\n"
                     "server: 0.0 us of CPU time and -12 octets of memory for each, 300 KiB resident\n"
                     "floor: 0.0 us of CPU time are cryptography alone (see: cmpbench crypto)\n"
                     "idle: 9 of 10 connections still open; they took the server from 100 to 0 KiB\n");
    run.before.rss_kib = -1;
    told(report_text);
    hides("idle:");
}

Test(report_text, the_way_to_the_server_in_words)
{
    static const struct {
        int http2, tls, new_connections;
        unsigned streams;
        const char *words;
    } cases[] = {{0, 0, 0, 1, "HTTP/1.1, kept connections"},
                 {0, 1, 1, 1, "HTTP/1.1 over TLS, a new connection each"},
                 {1, 0, 1, 1, "HTTP/2, 1 stream, a new connection each"},
                 {1, 1, 0, 16, "HTTP/2 over TLS, 16 streams, kept connections"},
                 {1, 0, 0, 2, "HTTP/2, 2 streams, kept connections"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[96];
        options.http2 = cases[i].http2;
        options.target.tls = cases[i].tls;
        options.new_connections = cases[i].new_connections;
        options.streams = cases[i].streams;
        cr_assert_str_eq(report_transport(out, &options), cases[i].words);
    }
}

/* Half a microsecond is one. */
Test(report_text, microseconds_are_rounded)
{
    result.completed = 1;
    latencies[0] = 1499;
    cr_assert_eq(report_percentile_us(result.latencies_ns, result.completed, 0), 1);
    latencies[0] = 1500;
    cr_assert_eq(report_percentile_us(result.latencies_ns, result.completed, 5), 2);
    result.completed = 0;
    cr_assert_eq(report_percentile_us(result.latencies_ns, result.completed, 5), 0);
}
