/* report_html.c: the page tells what the run came to, and what was asked. */
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"
#include "tests/unit/bench/report.h"

TestSuite(report_html, .init = set_up, .fini = tear_down);

static void write_page(void)
{
    char dir[] = "/tmp/cmpd-unit.XXXXXX", path[64];
    uint8_t *data;
    size_t len;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/page.html", dir);
    cr_assert(report_html(path, &report));
    cr_assert(file_read(&data, &len, path, 1024 * 1024));
    free(text);
    text = (char *)data;
    unlink(path);
    rmdir(dir);
}

static size_t times(const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

static void tile(const char *value, const char *name, const char *class)
{
    char wanted[160];

    snprintf(wanted, sizeof wanted, "<div class=\"tile%s\"><b>%s</b><span>%s</span></div>", class, value,
             name);
    shows(wanted);
}

static void row(const char *name, const char *value)
{
    char wanted[256];

    snprintf(wanted, sizeof wanted, "<tr><td>%s</td><td>%s</td></tr>\n", name, value);
    shows(wanted);
}

Test(report_html, figures_stand_on_top_and_in_a_table)
{
    write_page();
    tile("2500", "enrollments a second", "");
    tile("5 ms", "latency, p50", "");
    tile("9.9 ms", "latency, p99", "");
    tile("10 ms", "latency, p99.99", "");
    tile("0", "errors", "");
    hides("server CPU time each");
    row("completed", "10000 in 4.00 s");
    row("p50", "5 ms (5000 µs)");
    row("longest", "10 ms (10000 µs)");
    hides("the first rejection");
    hides("resident memory");
    hides("idle connections");
    hides("connect</td>");
    hides("The server's CPU time");
    row("server", "http://ca.example:8829/pkix/");
    row("scenario", "ir");
    row("protection", "vendor's certificates, P-384");
    row("keys to be certified", "P-256");
    row("transport", "HTTP/1.1, kept connections");
    row("load", "closed loop, 64 clients");
    row("length", "20000 enrollments, at most 60 s, after 0 s of warm-up");
    row("checked", "everything, signatures of one answer in 16");
    shows("<!doctype html>\n");
    shows("<title>cmpbench: ir</title>");
    shows("<h1>ir, signature</h1>");
    shows("</main></body></html>\n");
}

Test(report_html, who_the_clients_are)
{
    options.persona = *persona_named("nokia");
    options.new_connections = 1;
    write_page();
    row("persona", "Nokia SR OS");
    row("transport", "HTTP/1.0, a new connection each");
}

Test(report_html, all_that_there_is_to_tell)
{
    options.target.tls = options.check_all = 1;
    options.rate = 12.5;
    options.warmup = 4;
    options.protection = PROTECTION_PBM;
    options.mac_iterations = 500;
    options.idle_connections = 10;
    result.errors[BENCH_CONNECT] = 2;
    result.errors[BENCH_OVERDUE] = 3;
    result.cpu_us = 400;
    result.memory = 12;
    report.floor_us = 100;
    run.idle_open = 9;
    run.after.rss_kib = 300;
    strcpy(run.first_refusal, "<b>&c");
    write_page();
    tile("5", "errors", " bad");
    tile("400 µs", "server CPU time each", "");
    row("connect", "2 errors");
    row("overdue", "3 errors");
    row("the first rejection said", "&#60;b>&#38;c"); /* what a server says is no markup */
    row("the server's resident memory", "300 KiB, 12 octets more for each enrollment");
    row("idle connections", "9 of 10 still open");
    row("server", "https://ca.example:8829/pkix/");
    row("protection", "pbm, 500 iterations");
    row("load", "open loop, 12.5 a second, at most 64 at once; latency from the intended start");
    row("length", "20000 enrollments, at most 60 s, after 4 s of warm-up");
    row("checked", "everything, signatures of every answer");
    shows("400.0 µs for each, of which 100.0 µs are the cryptography");
    shows("<div class=\"one\" style=\"width:25.0%\">");
    shows("cryptography, 25 %");
    shows("all the rest, 75 %");
    options.fixed_certificate = 1;
    report.floor_us = 500; /* measured at another time, it may be more than all */
    write_page();
    row("checked", "all but whose certificate it is");
    shows("width:100.0%");
    shows("all the rest, 0 %");
    report.floor_us = 0;
    write_page();
    shows("width:0.0%");
    report.floor_us = -1;
    write_page();
    hides("The server's CPU time");
    report.floor_us = 100;
    result.cpu_us = 0;
    write_page();
    hides("The server's CPU time");
    tile("0 µs", "server CPU time each", "");
}

/* The plot is 780 wide from 66, and 210 high above 220 (test_plot.c). A piece of time has its point in its
 * middle, and its figures under the pointer. */
Test(report_html, plots_show_each_piece_of_time)
{
    result.slots[1] = (struct slot){1250, 5, 100000, 400000, 1000000};
    result.slots[2] = (struct slot){0, 0, 0, 0, 0};
    result.errors[BENCH_HTTP] = 5;
    write_page();
    shows("<title>0.50 s: 2500 a second, 0 errors\np50 100 µs, p99 200 µs, longest 300 µs</title>");
    shows("<title>1.50 s: 1250 a second, 5 errors\np50 100 µs, p99 400 µs, longest 1 ms</title>");
    /* The axis of the rate goes to 2500 in five steps; errors have a line of their own. */
    shows("<path class=\"line one\" d=\"M163.5 10.0L358.5 115.0L553.5 220.0L748.5 10.0\"/>");
    shows("<path class=\"line bad\" d=\"M163.5 220.0L358.5 219.6L553.5 220.0L748.5 220.0\"/>");
    shows("<span><i class=\"one\"></i>completed</span><span><i class=\"bad\"></i>errors</span>");
    /* The axis of latencies goes from 100 µs to 1 ms: 200 µs lie at 0.301 of it, 300 at 0.477, 400 at 0.602.
     */
    shows("<path class=\"line one\" d=\"M163.5 220.0L358.5 220.0\"/>");
    shows("<path class=\"line two\" d=\"M163.5 156.8L358.5 93.6\"/>");
    shows("<path class=\"line three\" d=\"M163.5 119.8L358.5 10.0\"/>");
    shows("<path class=\"line three\" d=\"M748.5 119.8\"/>");
    cr_assert_eq(times("<svg"), 3);
    cr_assert_eq(times("<rect"), 4 + 4 + 60);
    result.errors[BENCH_HTTP] = 0;
    write_page();
    hides("class=\"line bad\"");
    /* A piece with two seconds has half the rate. */
    result.slot_seconds = 2;
    result.seconds = 8;
    write_page();
    shows("<title>1.00 s: 1250 a second, 0 errors");
}

/* Each nine has the same width: of 10000, four of them. */
Test(report_html, the_curve_gives_each_nine_the_same_width)
{
    write_page();
    shows("\"middle\">0 %</text>");
    shows("<text class=\"tick\" x=\"261.0\" y=\"237\" text-anchor=\"middle\">90 %</text>");
    shows("<text class=\"tick\" x=\"456.0\" y=\"237\" text-anchor=\"middle\">99 %</text>");
    shows("<text class=\"tick\" x=\"846.0\" y=\"237\" text-anchor=\"middle\">99.99 %</text>");
    hides("99.999 %");
    /* The first of sixty tips lies half a sixtieth into four nines: 1 - 10^(-4 / 120). */
    shows("<title>7.38813 % took at most 739 µs</title>");
    shows("<title>99.9892 % took at most 10 ms</title>");
    /* From the least to the longest, on an axis from 1 µs to 10 ms. */
    shows("<path class=\"line one\" d=\"M66.0 220.0L");
    shows("L846.0 10.0\"/>");
    shows("share of those that took no longer");
    result.completed = 1;
    write_page();
    shows("90 %</text>");
    hides("99 %</text>");
    result.completed = 0;
    write_page();
    hides("Percentiles of latency");
}

Test(report_html, a_page_that_cannot_be_written_is_told)
{
    cr_assert_not(report_html("/nowhere/page.html", &report));
    cr_assert_not(report_html("/dev/full", &report));
}
