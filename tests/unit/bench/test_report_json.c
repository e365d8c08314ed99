/* report_json.c: what machines are told. */
#include "tests/unit/bench/report.h"

TestSuite(report_json, .init = set_up, .fini = tear_down);

/* What is not known is null, which is not nothing. */
Test(report_json, what_is_not_known_is_null)
{
    cr_assert_str_eq(
        told(report_json),
        "{\"rate\":2500.0,\"completed\":10000,\"errors\":{},\"p50_us\":5000,\"p90_us\":9000,\"p99_us\":9900,"
        "\"p999_us\":9990,\"p9999_us\":9999,\"max_us\":10000,\"server_cpu_us\":null,\"floor_us\":null,"
        "\"server_rss_kib\":null,\"server_memory_bytes\":null,\"server_rss_before_idle_kib\":null,"
        "\"server_rss_before_kib\":null,\"idle_open\":0,\"seconds\":4.00,\"retries\":0,\"longest_gap_ms\":"
        "250.0,"
        "\"scenario\":\"ir\",\"protection\":\"signature\",\"device_key\":\"P-384\",\"key\":\"P-256\","
        "\"http\":\"1.1\",\"persona\":null,\"tls\":false,\"new_connections\":false,\"check_all\":false,"
        "\"fixed_certificate\":"
        "false,"
        "\"streams\":1,\"clients\":64,\"threads\":2,\"count\":20000,\"retries_asked\":0,\"warmup\":0,"
        "\"rate_asked\":null,\"idle_connections\":0}\n");
}

Test(report_json, who_the_clients_are)
{
    options.persona = *persona_named("nokia");
    cr_assert_not_null(strstr(told(report_json), "\"http\":\"1.0\",\"persona\":\"nokia\","));
}

Test(report_json, all_that_there_is_to_tell)
{
    options.http2 = options.target.tls = options.new_connections = options.check_all = 1;
    options.fixed_certificate = 1;
    options.streams = 16;
    options.rate = 12.5;
    options.retries = 3;
    options.warmup = 4;
    options.idle_connections = 10;
    options.protection = PROTECTION_PBMAC1;
    mix_parse(&options.mix, "ir=2,rr=1");
    result.retries = 7;
    result.errors[BENCH_CONNECT] = 2;
    result.errors[BENCH_OVERDUE] = 3;
    result.cpu_us = 0;
    result.memory = -12;
    report.floor_us = 0;
    run.idle_open = 9;
    run.idle_before.rss_kib = 100;
    run.before.rss_kib = 0;
    run.after.rss_kib = 300;
    cr_assert_str_eq(
        told(report_json),
        "{\"rate\":2500.0,\"completed\":10000,\"errors\":{\"connect\":2,\"overdue\":3},\"p50_us\":5000,"
        "\"p90_us\":9000,\"p99_us\":9900,\"p999_us\":9990,\"p9999_us\":9999,\"max_us\":10000,"
        "\"server_cpu_us\":0.0,\"floor_us\":0.0,\"server_rss_kib\":300,\"server_memory_bytes\":-12.0,"
        "\"server_rss_before_idle_kib\":100,\"server_rss_before_kib\":0,\"idle_open\":9,\"seconds\":4.00,"
        "\"retries\":7,\"longest_gap_ms\":250.0,\"scenario\":\"ir=2,rr=1\",\"protection\":\"pbmac1\","
        "\"device_key\":\"P-384\",\"key\":\"P-256\",\"http\":\"2\",\"persona\":null,\"tls\":true,\"new_"
        "connections\":true,"
        "\"check_all\":true,\"fixed_certificate\":true,\"streams\":16,\"clients\":64,\"threads\":2,"
        "\"count\":20000,\"retries_asked\":3,\"warmup\":4,\"rate_asked\":12.5,\"idle_connections\":10}\n");
}
