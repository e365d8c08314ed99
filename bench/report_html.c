/* The page: one file without anything from elsewhere, light or dark as its reader has it. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/plot.h"
#include "bench/report.h"

enum { CURVE_POINTS = 300, TIP_MAX = 160 };

static const char style[] =
    ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#16191d;--soft:#5c6570;--rule:#e3e7ec;"
    "--one:#2463c4;--two:#0f8f6b;--three:#c2571a;--bad:#c4283c;--rest:#b9c3cf}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#101318;--card:#181c23;--ink:#e9edf2;--soft:#98a3b0;"
    "--rule:#2a313b;--one:#6ba3f5;--two:#3cc49a;--three:#f0935a;--bad:#f0707f;--rest:#465160}}\n"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe "
    "UI',sans-serif}"
    "main{max-width:960px;margin:0 auto;padding:32px 20px 48px}"
    "h1{font-size:26px;margin:0;letter-spacing:-.02em}h2{font-size:16px;margin:0 0 2px}"
    ".sub{color:var(--soft);margin:4px 0 24px}.note{color:var(--soft);font-size:13px;margin:0 0 8px}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin-bottom:"
    "16px}"
    ".tile,section{background:var(--card);border:1px solid var(--rule);border-radius:12px;padding:14px 16px}"
    ".tile "
    "b{display:block;font-size:24px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}"
    ".tile span{color:var(--soft);font-size:13px}.tile.bad b{color:var(--bad)}\n"
    "section{margin-bottom:16px;padding:18px 20px}svg{display:block;width:100%;height:auto}"
    ".grid{stroke:var(--rule)}.axis{stroke:var(--soft)}.tick{fill:var(--soft);font-size:12px}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round;stroke:currentColor}"
    ".area{fill:currentColor;opacity:.14}"
    ".one{color:var(--one)}.two{color:var(--two)}.three{color:var(--three)}.bad{color:var(--bad)}"
    ".tip{fill:var(--ink);fill-opacity:0}.tip:hover{fill-opacity:.07}\n"
    ".legend{display:flex;gap:18px;margin:0 0 6px;font-size:13px;color:var(--soft)}"
    ".legend i{display:inline-block;width:14px;height:3px;border-radius:2px;background:currentColor;"
    "margin-right:6px;vertical-align:middle}"
    ".bar{display:flex;height:22px;border-radius:6px;overflow:hidden;margin:10px 0 8px}"
    ".bar .one{background:var(--one)}.bar .rest{background:var(--rest);flex:1}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "td{padding:5px 0;border-top:1px solid var(--rule);vertical-align:top}tr:first-child td{border:0}"
    "td:first-child{color:var(--soft);width:38%}\n";

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
    char text[PLOT_LABEL_MAX], name[32];

    fprintf(out, "<div class=\"tiles\">\n");
    snprintf(text, sizeof text, "%.0f", result->rate);
    snprintf(name, sizeof name, "%ss a second", mix_unit(&report->run->options->mix));
    tile(out, text, name, 0);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        snprintf(name, sizeof name, "latency, %s", report_percentiles[shown[i]].name);
        tile(out, plot_latency_text(text, (double)report_percentile_us(report, shown[i])), name, 0);
    }
    if (result->cpu_us >= 0)
        tile(out, plot_latency_text(text, result->cpu_us), "server CPU time each", 0);
    snprintf(text, sizeof text, "%u", failures(result));
    tile(out, text, "errors", failures(result) != 0);
    fprintf(out, "</div>\n");
}

/* ---- over time ---- */

static double middle_of(const struct result *result, unsigned slot)
{
    return (slot + 0.5) * result->slot_seconds;
}

static void add_rate(FILE *out, const struct result *result, const char *const *tips)
{
    double x[RESULT_SLOTS_MAX], good[RESULT_SLOTS_MAX], bad[RESULT_SLOTS_MAX], most = 0;
    struct plot plot = {.x_min = 0};
    const struct plot_line lines[] = {{"one", "completed", x, good, result->slot_count, 1},
                                      {"bad", "errors", x, bad, result->slot_count, 0}};

    for (unsigned i = 0; i < result->slot_count; i++) {
        x[i] = middle_of(result, i);
        good[i] = result->slots[i].completed / result->slot_seconds;
        bad[i] = result->slots[i].errors / result->slot_seconds;
        most = fmax(most, fmax(good[i], bad[i]));
    }
    plot_time_axis(&plot, result->seconds);
    plot_count_axis(&plot, most);
    fprintf(out, "<section><h2>Rate</h2><p class=\"note\">a second, by when they ended</p>\n");
    plot_draw(out, &plot, "rate over time", lines, failures(result) != 0 ? 2 : 1, tips, result->slot_count);
    fprintf(out, "</section>\n");
}

static void add_latency(FILE *out, const struct result *result, const char *const *tips)
{
    double x[RESULT_SLOTS_MAX], y[3][RESULT_SLOTS_MAX], least = 0, most = 0;
    struct plot plot = {.x_min = 0};
    const struct plot_line lines[] = {{"three", "longest", x, y[2], result->slot_count, 0},
                                      {"two", "p99", x, y[1], result->slot_count, 0},
                                      {"one", "p50", x, y[0], result->slot_count, 0}};

    for (unsigned i = 0; i < result->slot_count; i++) {
        const struct slot *slot = &result->slots[i];
        int empty = slot->completed == 0;
        x[i] = middle_of(result, i);
        y[0][i] = empty ? -1 : (double)slot->p50_ns / 1e3;
        y[1][i] = empty ? -1 : (double)slot->p99_ns / 1e3;
        y[2][i] = empty ? -1 : (double)slot->max_ns / 1e3;
        most = fmax(most, y[2][i]);
        if (!empty && (least == 0 || y[0][i] < least))
            least = y[0][i];
    }
    plot_time_axis(&plot, result->seconds);
    plot_latency_axis(&plot, least, most);
    fprintf(out, "<section><h2>Latency</h2><p class=\"note\">of those that ended then; the scale is "
                 "logarithmic</p>\n");
    plot_draw(out, &plot, "latency over time", lines, 3, tips, result->slot_count);
    fprintf(out, "</section>\n");
}

static void add_time_plots(FILE *out, const struct result *result)
{
    char texts[RESULT_SLOTS_MAX][TIP_MAX], p50[PLOT_LABEL_MAX], p99[PLOT_LABEL_MAX], longest[PLOT_LABEL_MAX];
    const char *tips[RESULT_SLOTS_MAX];

    for (unsigned i = 0; i < result->slot_count; i++) {
        const struct slot *slot = &result->slots[i];
        snprintf(texts[i], TIP_MAX, "%.2f s: %.0f a second, %u errors\np50 %s, p99 %s, longest %s",
                 middle_of(result, i), slot->completed / result->slot_seconds, slot->errors,
                 plot_latency_text(p50, (double)slot->p50_ns / 1e3),
                 plot_latency_text(p99, (double)slot->p99_ns / 1e3),
                 plot_latency_text(longest, (double)slot->max_ns / 1e3));
        tips[i] = texts[i];
    }
    add_rate(out, result, tips);
    add_latency(out, result, tips);
}

/* ---- percentiles ---- */

/* x is how many nines: the rare ones, which hurt, get as much room as the many. */
static void add_curve(FILE *out, const struct result *result)
{
    static const char *const names[] = {"0 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %", "99.9999 %"};
    double nines = result->completed > 1 ? log10(result->completed) : 1;
    double x[CURVE_POINTS], y[CURVE_POINTS];
    struct plot plot = {.x_max = nines, .x_title = "share of those that took no longer"};
    const struct plot_line line = {"one", "latency", x, y, CURVE_POINTS, 1};
    char texts[60][TIP_MAX], text[PLOT_LABEL_MAX];
    const char *tips[60];

    if (result->completed == 0)
        return;
    for (int i = 0; i < CURVE_POINTS; i++) {
        x[i] = nines * i / (CURVE_POINTS - 1);
        y[i] = (double)percentile_ns(result->latencies_ns, result->completed, 1 - pow(10, -x[i])) / 1e3;
    }
    y[CURVE_POINTS - 1] = (double)result->latencies_ns[result->completed - 1] / 1e3;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && (double)i <= nines; i++) {
        plot.x_ticks[plot.x_tick_count].at = (double)i;
        snprintf(plot.x_ticks[plot.x_tick_count++].label, PLOT_LABEL_MAX, "%s", names[i]);
    }
    for (int i = 0; i < 60; i++) {
        double share = 1 - pow(10, -nines * (i + 0.5) / 60);
        snprintf(texts[i], TIP_MAX, "%.6g %% took at most %s", 100 * share,
                 plot_latency_text(
                     text, (double)percentile_ns(result->latencies_ns, result->completed, share) / 1e3));
        tips[i] = texts[i];
    }
    plot_latency_axis(&plot, y[0], y[CURVE_POINTS - 1]);
    fprintf(out,
            "<section><h2>Percentiles of latency</h2><p class=\"note\">each nine has the same width</p>\n");
    plot_draw(out, &plot, "percentile curve of latency", &line, 1, tips, 60);
    fprintf(out, "</section>\n");
}

/* ---- the server, and what was asked ---- */

static void add_floor(FILE *out, const struct report *report)
{
    double cpu = report->result->cpu_us, floor = report->floor_us;
    double share = cpu > 0 ? fmin(floor / cpu, 1) : 0;

    if (cpu <= 0 || floor < 0)
        return;
    fprintf(out,
            "<section><h2>The server's CPU time</h2><p class=\"note\">%.1f µs for each, of which %.1f "
            "µs are the "
            "cryptography that it cannot do without</p>\n"
            "<div class=\"bar\"><div class=\"one\" style=\"width:%.1f%%\"></div><div "
            "class=\"rest\"></div></div>\n"
            "<p class=\"legend\"><span><i class=\"one\"></i>cryptography, %.0f %%</span>"
            "<span><i style=\"background:var(--rest)\"></i>all the rest, %.0f %%</span></p></section>\n",
            cpu, floor, 100 * share, 100 * share, 100 - 100 * share);
}

static void row(FILE *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void row(FILE *out, const char *name, const char *format, ...)
{
    char text[640];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fprintf(out, "<tr><td>%s</td><td>", name);
    for (const char *c = text; *c != 0; c++)
        if (*c == '<' || *c == '&')
            fprintf(out, "&#%d;", *c);
        else
            fputc(*c, out);
    fprintf(out, "</td></tr>\n");
}

static void add_results(FILE *out, const struct report *report)
{
    const struct run *run = report->run;
    const struct result *result = report->result;
    char text[PLOT_LABEL_MAX];

    fprintf(out, "<section><h2>Figures</h2><table>\n");
    row(out, "completed", "%u in %.2f s", result->completed, result->seconds);
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        if (result->errors[e] != 0)
            row(out, bench_error_name((enum bench_error)e), "%u errors", result->errors[e]);
    if (run->first_refusal[0] != 0)
        row(out, "the first rejection said", "%s", run->first_refusal);
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        row(out, report_percentiles[i].name, "%s (%lld µs)",
            plot_latency_text(text, (double)report_percentile_us(report, i)),
            (long long)report_percentile_us(report, i));
    if (!isnan(result->memory))
        row(out, "the server's resident memory", "%lld KiB, %.0f octets more for each %s",
            (long long)run->after.rss_kib, result->memory, mix_unit(&run->options->mix));
    if (run->options->idle_connections != 0)
        row(out, "idle connections", "%u of %u still open", run->idle_open, run->options->idle_connections);
    fprintf(out, "</table></section>\n");
}

static void add_asked(FILE *out, const struct options *options)
{
    char mix[MIX_TEXT_MAX], transport[96];

    fprintf(out, "<section><h2>What was asked for</h2><table>\n");
    row(out, "server", "%s://%s:%s%s", options->target.tls ? "https" : "http", options->target.host,
        options->target.port, options->target.path);
    if (options->persona.name != NULL)
        row(out, "persona", "%s", options->persona.client);
    row(out, "scenario", "%s", mix_text(mix, &options->mix));
    if (options->protection == PROTECTION_SIGNATURE)
        row(out, "protection", "vendor's certificates, %s", key_algorithm(options->device_key)->name);
    else
        row(out, "protection", "%s, %u iterations", protection_name(options->protection),
            options->mac_iterations);
    row(out, "keys to be certified", "%s", key_algorithm(options->new_key)->name);
    row(out, "transport", "%s", report_transport(transport, options));
    if (options->rate > 0)
        row(out, "load", "open loop, %g a second, at most %u at once; latency from the intended start",
            options->rate, options->clients);
    else
        row(out, "load", "closed loop, %u clients", options->clients);
    row(out, "length", "%u %ss, at most %u s, after %u s of warm-up", options->count, mix_unit(&options->mix),
        options->seconds, options->warmup);
    row(out, "checked", "%s",
        options->fixed_certificate ? "all but whose certificate it is"
        : options->check_all       ? "everything, signatures of every answer"
                                   : "everything, signatures of one answer in 16");
    fprintf(out, "</table></section>\n");
}

static void add_head(FILE *out, const struct options *options)
{
    char mix[MIX_TEXT_MAX], transport[96], date[32] = "";
    struct utsname machine = {.sysname = ""};
    time_t now = time(NULL);
    struct tm tm;

    uname(&machine);
    if (gmtime_r(&now, &tm) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &tm);
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width\"><title>cmpbench: "
            "%s</title>\n<style>%s</style></head>\n"
            "<body><main><h1>%s, %s</h1><p class=\"sub\">%s · %s · %s %s, %s, %ld processors</p>\n",
            mix_text(mix, &options->mix), style, mix, protection_name(options->protection),
            report_transport(transport, options), date, machine.sysname, machine.release, machine.machine,
            sysconf(_SC_NPROCESSORS_ONLN));
}

int report_html(const char *path, const struct report *report)
{
    FILE *out = fopen(path, "w");
    int ok = out != NULL;

    if (ok) {
        add_head(out, report->run->options);
        add_tiles(out, report);
        add_time_plots(out, report->result);
        add_curve(out, report->result);
        add_floor(out, report);
        add_results(out, report);
        add_asked(out, report->run->options);
        fprintf(out, "</main></body></html>\n");
        ok = ferror(out) == 0;
        ok = fclose(out) == 0 && ok;
    }
    if (!ok)
        fprintf(stderr, "cmpbench: cannot write %s: %s\n", path, strerror(errno));
    return ok;
}
