/* The page: one file without anything from elsewhere. What is told stands in it as text and tables; only the
 * plots need its script. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench/figure.h"
#include "bench/machine.h"
#include "bench/page.h"
#include "bench/report.h"
#include "server/version.h"

enum { TEXT_MAX = 1024 };

/* Servers, names and command lines hold what they like: none of it is markup. */
static void add_text(FILE *out, const char *text)
{
    for (; *text != 0; text++)
        if (strchr("<>&\"'", *text) != NULL)
            fprintf(out, "&#%d;", *text);
        else
            fputc(*text, out);
}

static void row(FILE *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void row(FILE *out, const char *name, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(out, "<tr><th scope=\"row\">%s</th><td>", name);
    add_text(out, text);
    fprintf(out, "</td></tr>\n");
}

static void open_pairs(FILE *out, const char *title)
{
    fprintf(out, "<section><h2>%s</h2><table class=\"pairs\">\n", title);
}

static void close_pairs(FILE *out)
{
    fprintf(out, "</table></section>\n");
}

/* ---- the figures on top ---- */

static void tile(FILE *out, const char *value, const char *name, int bad)
{
    fprintf(out, "<div class=\"tile%s\"><b>%s</b><span>%s</span></div>\n", bad ? " bad" : "", value, name);
}

static unsigned failures(const struct result *result)
{
    unsigned sum = 0;

    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        sum += result->errors[e];
    return sum;
}

static void add_tiles(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    static const int shown[] = {0, 2, 4};
    char text[FIGURE_MAX], name[32];

    fprintf(out, "<div class=\"tiles\">\n");
    snprintf(name, sizeof name, "%ss a second", mix_unit(&report->run->options->mix));
    tile(out, figure_rate(text, result->rate), name, 0);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int64_t us = report_percentile_us(result->latencies_ns, result->completed, shown[i]);
        snprintf(name, sizeof name, "latency, %s", report_percentiles[shown[i]].name);
        tile(out, figure_latency(text, (double)us), name, 0);
    }
    tile(out, figure_latency(text, 1e6 * result->longest_gap), "longest gap", 0);
    if (result->cpu_us >= 0)
        tile(out, figure_latency(text, result->cpu_us), "server CPU time each", 0);
    tile(out, figure_count(text, failures(result)), "errors", failures(result) != 0);
    fprintf(out, "</div>\n");
}

/* ---- plots ---- */

/* The script shows the section, and fills it. */
static void add_place(FILE *out, const char *id, const char *title, const char *note)
{
    fprintf(out,
            "<section id=\"%s\" hidden><h2>%s</h2><p class=\"note\">%s</p><div "
            "class=\"plot\"></div></section>\n",
            id, title, note);
}

static void add_places(FILE *out)
{
    add_place(out, "rate", "Rate", "a second, by when they ended");
    add_place(out, "latency", "Latency over time", "of those that ended then; the scale is logarithmic");
    add_place(out, "curve", "Percentiles of latency", "each nine has the same width");
    fprintf(out,
            "<noscript><p class=\"note\">The plots need JavaScript. The tables do not.</p></noscript>\n");
}

static void add_scripts(FILE *out, const struct result *result)
{
    fprintf(out, "<script type=\"application/json\" id=\"data\">");
    report_plots(out, result);
    fprintf(out, "</script>\n<script>%s</script>\n<script>%s</script>\n", page_uplot, page_script);
}

/* ---- latencies ---- */

static void add_latencies(FILE *out, const char *name, const int64_t *sorted_ns, unsigned count)
{
    char text[FIGURE_MAX];

    fprintf(out, "<tr><th scope=\"row\">%s</th><td>%s</td>", name, figure_count(text, count));
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        fprintf(out, "<td>%s</td>", figure_count(text, report_percentile_us(sorted_ns, count, i)));
    fprintf(out, "</tr>\n");
}

static void add_latency_table(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    char name[32];

    fprintf(out, "<section><h2>Latency by kind of request</h2><p class=\"note\">in microseconds, of what was "
                 "completed; p50 is the median</p>\n<div class=\"scroll\"><table class=\"grid\">\n<tr><th "
                 "scope=\"col\">request</th><th scope=\"col\">completed</th>");
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        fprintf(out, "<th scope=\"col\">%s</th>", report_percentiles[i].name);
    fprintf(out, "</tr>\n");
    for (int s = 0; s < STEP_COUNT; s++)
        if (result->steps[s].count != 0)
            add_latencies(out, step_name((enum step)s), result->steps[s].sorted_ns, result->steps[s].count);
    snprintf(name, sizeof name, "whole %s", mix_unit(&report->run->options->mix));
    add_latencies(out, name, result->latencies_ns, result->completed);
    fprintf(out, "</table></div></section>\n");
}

/* ---- the server, and what was asked ---- */

static void add_floor(FILE *out, const struct report *report)
{
    double cpu = report->result->cpu_us, floor = report->floor_us;
    double share = cpu > 0 ? fmin(floor / cpu, 1) : 0;

    if (cpu <= 0 || floor < 0)
        return;
    fprintf(
        out,
        "<section><h2>The server's CPU time</h2><p class=\"note\">%.1f µs for each, of which %.1f µs are the "
        "cryptography that it cannot do without</p>\n"
        "<div class=\"bar\"><div class=\"one\" style=\"width:%.1f%%\"></div><div "
        "class=\"rest\"></div></div>\n"
        "<p class=\"legend\"><span><i class=\"one\"></i>cryptography, %.0f %%</span>"
        "<span><i class=\"rest\"></i>all the rest, %.0f %%</span></p></section>\n",
        cpu, floor, 100 * share, 100 * share, 100 - 100 * share);
}

static void add_results(FILE *out, const struct report *report)
{
    const struct run *run = report->run;
    const struct result *result = report->result;
    const char *unit = mix_unit(&run->options->mix);
    char one[FIGURE_MAX], two[FIGURE_MAX];

    open_pairs(out, "Figures");
    row(out, "completed", "%s in %.2f s", figure_count(one, result->completed), result->seconds);
    row(out, "rate", "%s a second", figure_rate(one, result->rate));
    row(out, "longest gap between two", "%s", figure_latency(one, 1e6 * result->longest_gap));
    if (result->cpu_us >= 0)
        row(out, "the server's CPU time", "%s for each %s", figure_latency(one, result->cpu_us), unit);
    if (!isnan(result->memory))
        row(out, "the server's resident memory", "%s KiB, %s octets more for each %s",
            figure_count(one, run->after.rss_kib), figure_count(two, llround(result->memory)), unit);
    if (run->options->idle_connections != 0)
        row(out, "idle connections", "%s of %s still open", figure_count(one, run->idle_open),
            figure_count(two, run->options->idle_connections));
    if (run->options->retries != 0)
        row(out, "messages sent again", "%s", figure_count(one, result->retries));
    close_pairs(out);
}

static void add_errors(FILE *out, const struct report *report)
{
    const struct result *result = report->result;
    char text[FIGURE_MAX];

    open_pairs(out, "Errors by kind");
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        if (result->errors[e] != 0)
            row(out, bench_error_name((enum bench_error)e), "%s", figure_count(text, result->errors[e]));
    if (failures(result) == 0)
        row(out, "all kinds", "0");
    if (report->run->first_refusal[0] != 0)
        row(out, "the first rejection said", "%s", report->run->first_refusal);
    close_pairs(out);
}

static void add_asked(FILE *out, const struct options *options)
{
    char mix[MIX_TEXT_MAX], transport[96], one[FIGURE_MAX], two[FIGURE_MAX];

    open_pairs(out, "What was asked for");
    if (options->persona.name != NULL)
        row(out, "persona", "%s", options->persona.client);
    row(out, "scenario", "%s", mix_text(mix, &options->mix));
    if (options->protection == PROTECTION_SIGNATURE)
        row(out, "protection", "vendor's certificates, %s", key_algorithm(options->device_key)->name);
    else
        row(out, "protection", "%s, %s iterations", protection_name(options->protection),
            figure_count(one, options->mac_iterations));
    row(out, "keys to be certified", "%s", key_algorithm(options->new_key)->name);
    row(out, "transport", "%s", report_transport(transport, options));
    if (options->rate > 0)
        row(out, "load", "open loop, %s a second, at most %s at once; latency from the intended start",
            figure_rate(one, options->rate), figure_count(two, options->clients));
    else
        row(out, "load", "closed loop, %s clients", figure_count(one, options->clients));
    row(out, "length", "%s %ss, at most %s s, after %u s of warm-up", figure_count(one, options->count),
        mix_unit(&options->mix), figure_count(two, options->seconds), options->warmup);
    row(out, "checked", "%s",
        options->fixed_certificate ? "all but whose certificate it is"
        : options->check_all       ? "everything, signatures of every answer"
                                   : "everything, signatures of one answer in 16");
    close_pairs(out);
}

/* ---- by what, and where ---- */

/* A URL's user and query may be secrets: they become "***". Within quotes of a shell a quote is written
 * apart. */
static void add_word(FILE *out, const char *word, int quoted)
{
    const char *authority = strstr(word, "://"), *user_end = NULL;

    if (authority != NULL) {
        authority += strlen("://");
        user_end = memrchr(authority, '@', strcspn(authority, "/?#"));
    }
    for (const char *c = word; *c != 0; c++) {
        const char one[] = {*c, 0};
        if (c == authority && user_end != NULL) {
            add_text(out, "***@");
            c = user_end;
        } else if (authority != NULL && c >= authority && *c == '?') {
            add_text(out, "?***");
            break;
        } else {
            add_text(out, quoted && *c == '\'' ? "'\\''" : one);
        }
    }
}

static void add_command(FILE *out, const struct options *options)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+,.:/@%";

    fprintf(out, "<tr><th scope=\"row\">command line</th><td><code>cmpbench");
    for (int i = 0; i < options->word_count; i++) {
        const char *word = options->words[i];
        int quoted = word[0] == 0 || word[strspn(word, plain)] != 0;
        fputc(' ', out);
        add_text(out, quoted ? "'" : "");
        add_word(out, word, quoted);
        add_text(out, quoted ? "'" : "");
    }
    fprintf(out, "</code></td></tr>\n");
}

static void add_machine(FILE *out)
{
    struct utsname system = {.sysname = ""};
    struct machine machine;
    FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
    char one[FIGURE_MAX], two[FIGURE_MAX];

    uname(&system);
    machine_read(&machine, cpuinfo);
    if (cpuinfo != NULL)
        fclose(cpuinfo);
    row(out, "CPU of cmpbench", "%s", machine.model[0] != 0 ? machine.model : "not known");
    row(out, "its cores", "%s, with %s threads", figure_count(one, machine.cores),
        figure_count(two, machine.threads));
    row(out, "its system", "%s %s, %s", system.sysname, system.release, system.machine);
}

static void add_surroundings(FILE *out, const struct options *options)
{
    const struct target *target = &options->target;
    int is_ipv6 = strchr(target->host, ':') != NULL;
    char url[TEXT_MAX];

    open_pairs(out, "By what, and where");
    row(out, "cmpbench", "%s", CMPD_VERSION);
    snprintf(url, sizeof url, "%s://%s%s%s:%s%s", target->tls ? "https" : "http", is_ipv6 ? "[" : "",
             target->host, is_ipv6 ? "]" : "", target->port, target->path);
    fprintf(out, "<tr><th scope=\"row\">server</th><td>");
    add_word(out, url, 0);
    fprintf(out, "</td></tr>\n");
    if (options->server_version != NULL)
        row(out, "server's version", "%s", options->server_version);
    add_machine(out);
    add_command(out, options);
    close_pairs(out);
}

static void add_head(FILE *out, const struct options *options)
{
    char mix[MIX_TEXT_MAX], transport[96], date[32] = "";
    time_t now = time(NULL);
    struct tm tm;

    if (gmtime_r(&now, &tm) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &tm);
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'; script-src 'unsafe-inline'\">"
            "<title>cmpbench: %s</title>\n<style>%s</style>\n<style>%s</style></head>\n"
            "<body><main><h1>%s, %s</h1><p class=\"sub\">%s · %s · cmpbench %s</p>\n",
            mix_text(mix, &options->mix), page_uplot_style, page_style, mix,
            protection_name(options->protection), report_transport(transport, options), date, CMPD_VERSION);
}

int report_html(const char *path, const struct report *report)
{
    FILE *out = fopen(path, "w");
    int ok = out != NULL;

    if (ok) {
        add_head(out, report->run->options);
        add_tiles(out, report);
        add_latency_table(out, report);
        add_places(out);
        add_floor(out, report);
        add_results(out, report);
        add_errors(out, report);
        add_asked(out, report->run->options);
        add_surroundings(out, report->run->options);
        add_scripts(out, report->result);
        fprintf(out, "</main></body></html>\n");
        ok = ferror(out) == 0;
        ok = fclose(out) == 0 && ok;
    }
    if (!ok)
        fprintf(stderr, "cmpbench: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}
