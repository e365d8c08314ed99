/* report_html.c: the page tells what the run came to, and what was asked. */
#include <sys/stat.h>
#include <unistd.h>

#include "bench/page.h"
#include "server/base/file.h"
#include "server/version.h"
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
    char wanted[512];

    snprintf(wanted, sizeof wanted, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
    shows(wanted);
}

Test(report_html, figures_stand_on_top_and_in_tables)
{
    write_page();
    tile("2,500", "enrollments a second", "");
    tile("5 ms", "latency, p50", "");
    tile("9.9 ms", "latency, p99", "");
    tile("10 ms", "latency, p99.99", "");
    tile("250 ms", "longest gap", "");
    tile("0", "errors", "");
    hides("server CPU time each");
    row("completed", "10,000 in 4.00 s");
    row("rate", "2,500 a second");
    row("longest gap between two", "250 ms");
    row("all kinds", "0");
    hides("the first rejection");
    hides("resident memory");
    hides("idle connections");
    hides("sent again");
    hides(">connect</th>");
    hides("The server's CPU time");
    hides("server's version");
    row("server", "http://ca.example:8829/pkix/");
    row("scenario", "ir");
    row("protection", "vendor&#39;s certificates, P-384");
    row("keys to be certified", "P-256");
    row("transport", "HTTP/1.1, kept connections");
    row("load", "closed loop, 64 clients");
    row("length", "20,000 enrollments, at most 60 s, after 0 s of warm-up");
    row("checked", "everything, signatures of one answer in 16");
    row("cmpbench", CMPD_VERSION);
    shows("<tr><th scope=\"row\">CPU of cmpbench</th><td>");
    shows("<tr><th scope=\"row\">its cores</th><td>");
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

/* Each kind has its row, and the whole has one. */
Test(report_html, latencies_are_told_by_kind_of_request)
{
    result.steps[STEP_CERT_CONF] = (struct step_latencies){2, latencies + 1998};
    write_page();
    shows("<th scope=\"col\">p50</th><th scope=\"col\">p90</th><th scope=\"col\">p99</th><th "
          "scope=\"col\">p99.9</th><th scope=\"col\">p99.99</th><th scope=\"col\">longest</th></tr>\n");
    shows(
        "<tr><th scope=\"row\">ir</th><td>10,000</td><td>5,000</td><td>9,000</td><td>9,900</td><td>9,990</td>"
        "<td>9,999</td><td>10,000</td></tr>\n"
        "<tr><th scope=\"row\">certConf</th><td>2</td><td>1,999</td><td>2,000</td>");
    shows("<tr><th scope=\"row\">whole enrollment</th><td>10,000</td><td>5,000</td>");
    hides("<th scope=\"row\">kur</th>");
}

Test(report_html, all_that_there_is_to_tell)
{
    options.target.tls = options.check_all = 1;
    options.rate = 12500;
    options.warmup = 4;
    options.protection = PROTECTION_PBM;
    options.mac_iterations = 5000;
    options.idle_connections = 1000;
    options.retries = 1;
    options.server_version = "cmpd <1> & \"more\"";
    result.errors[BENCH_CONNECT] = 2000;
    result.errors[BENCH_OVERDUE] = 3;
    result.retries = 1234;
    result.cpu_us = 400;
    result.memory = 1200;
    report.floor_us = 100;
    run.idle_open = 999;
    run.after.rss_kib = 30000;
    strcpy(run.first_refusal, "</td><b>&c");
    write_page();
    tile("2,003", "errors", " bad");
    tile("400 µs", "server CPU time each", "");
    row("connect", "2,000");
    row("overdue", "3");
    hides("all kinds");
    row("messages sent again", "1,234");
    row("the first rejection said", "&#60;/td&#62;&#60;b&#62;&#38;c"); /* what a server says is no markup */
    row("server's version", "cmpd &#60;1&#62; &#38; &#34;more&#34;");
    row("the server's CPU time", "400 µs for each enrollment");
    row("the server's resident memory", "30,000 KiB, 1,200 octets more for each enrollment");
    row("idle connections", "999 of 1,000 still open");
    row("server", "https://ca.example:8829/pkix/");
    row("protection", "pbm, 5,000 iterations");
    row("load", "open loop, 12,500 a second, at most 64 at once; latency from the intended start");
    row("length", "20,000 enrollments, at most 60 s, after 4 s of warm-up");
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

/* The words are as called, quoted as a shell wants them; user and query of a URL are left out. */
Test(report_html, the_command_line_keeps_secrets)
{
    char *words[] = {"run",      "--url=http://me:pw@there@h:1/a@b?token=pw#x",
                     "--setup",  "a b",
                     "--held",   "",
                     "--url",    "https://h/p?pw",
                     "--others", "x?y@z",
                     "--report", "</script><!--'\"&"};

    options.words = words;
    options.word_count = sizeof words / sizeof words[0];
    strcpy(options.target.host, "me@h");
    strcpy(options.target.path, "/x?pw");
    write_page();
    row("command line", "<code>cmpbench run &#39;--url=http://***@h:1/a@b?***&#39; --setup &#39;a b&#39; "
                        "--held &#39;&#39; --url "
                        "&#39;https://h/p?***&#39; --others &#39;x?y@z&#39; --report "
                        "&#39;&#60;/script&#62;&#60;!--&#39;\\&#39;&#39;&#34;&#38;&#39;</code>");
    row("server", "http://***@h:8829/x?***");
    hides("pw");
}

/* A page that says "server" with a colon in it means an address of IPv6. */
Test(report_html, an_address_has_its_brackets)
{
    strcpy(options.target.host, "::1");
    write_page();
    row("server", "http://[::1]:8829/pkix/");
}

/* The scripts stand at the end, and hold nothing that would end them; without them the tables are there. */
Test(report_html, plots_come_by_scripts_at_the_end)
{
    char *words[] = {"run", "</script><!--"};
    const char *data;

    options.words = words;
    options.word_count = 2;
    strcpy(run.first_refusal, "</script><!--");
    write_page();
    cr_assert_eq(times("<script"), 3);
    cr_assert_eq(times("</script"), 3);
    cr_assert_eq(times("<!--"), 0);
    cr_assert_eq(times("<section id="), 3);
    cr_assert_eq(times(" hidden><h2>"), 3);
    data =
        strstr(text, "<script type=\"application/json\" id=\"data\">{\"slots\":[[0.5,2500,0,100,200,300],");
    cr_assert_not_null(data);
    cr_assert_null(strstr(data, "</table>"));
    shows("<noscript>");
    shows("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    shows("default-src 'none'; ");
    shows(page_uplot);
    shows(page_script);
    shows(page_style);
    shows(page_uplot_style);
}

Test(report_html, a_page_that_cannot_be_written_is_told)
{
    cr_assert_not(report_html("/nowhere/page.html", &report));
    cr_assert_not(report_html("/dev/full", &report));
}
