/* A result as text for a terminal. */
#include <stdlib.h>

#include "bench/report.h"

const struct report_percentile report_percentiles[REPORT_PERCENTILES] = {
    {0.5, "p50", "p50_us"},      {0.9, "p90", "p90_us"},         {0.99, "p99", "p99_us"},
    {0.999, "p99.9", "p999_us"}, {0.9999, "p99.99", "p9999_us"}, {1, "longest", "max_us"},
};

int64_t report_percentile_us(const int64_t *sorted_ns, unsigned count, int which)
{
    return (percentile_ns(sorted_ns, count, report_percentiles[which].share) + 500) / 1000;
}

const char *report_transport(char out[96], const struct options *options)
{
    char streams[32] = "";

    if (options->http2)
        snprintf(streams, sizeof streams, ", %u stream%s", options->streams,
                 options->streams == 1 ? "" : "s");
    snprintf(out, 96, "HTTP/%s%s%s, %s", options_http(options), options->target.tls ? " over TLS" : "",
             streams, options->new_connections ? "a new connection each" : "kept connections");
    return out;
}

void report_text(FILE *out, const struct report *report)
{
    const struct run *run = report->run;
    const struct options *options = run->options;
    const struct result *result = report->result;
    char mix[MIX_TEXT_MAX], transport[96];
    unsigned failed = 0;

    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        failed += result->errors[e];
    if (options->persona.name != NULL)
        fprintf(out, "%s: ", options->persona.name);
    fprintf(out, "%s", mix_text(mix, &options->mix));
    if (mix_holds(&options->mix, PROTOCOL_CMP))
        fprintf(out, " by %s", protection_name(options->protection));
    fprintf(out, ", %s, %u clients", report_transport(transport, options), options->clients);
    if (options->rate > 0)
        fprintf(out, ", open loop at %g a second", options->rate);
    fprintf(out, "\n%u %ss in %.2f s: %.1f a second, %u errors\n", result->completed, mix_unit(&options->mix),
            result->seconds, result->rate, failed);
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        if (result->errors[e] != 0)
            fprintf(out, "  %s: %u\n", bench_error_name((enum bench_error)e), result->errors[e]);
    if (options->retries != 0)
        fprintf(out, "  sent again: %u messages, each up to %u times\n", result->retries, options->retries);
    if (run->first_refusal[0] != 0)
        fprintf(out, "  the first rejection said: %s\n", run->first_refusal);
    if (options->fixed_certificate)
        fprintf(out, "  whose key is certified, by whom, and under which serial number was not checked\n");
    fprintf(out, "longest gap between two: %.0f ms\n", 1e3 * result->longest_gap);
    fprintf(out, "latency:");
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        fprintf(out, "%s %s %lld us", i == 0 ? "" : ",", report_percentiles[i].name,
                (long long)report_percentile_us(result->latencies_ns, result->completed, i));
    fputc('\n', out);
    if (result->cpu_us >= 0)
        fprintf(out, "server: %.1f us of CPU time and %.0f octets of memory for each, %lld KiB resident\n",
                result->cpu_us, result->memory, (long long)run->after.rss_kib);
    if (report->floor_us >= 0)
        fprintf(out, "floor: %.1f us of CPU time are cryptography alone (see: cmpbench crypto)\n",
                report->floor_us);
    if (options->idle_connections != 0 && run->before.rss_kib >= 0)
        fprintf(out, "idle: %u of %u connections still open; they took the server from %lld to %lld KiB\n",
                run->idle_open, options->idle_connections, (long long)run->idle_before.rss_kib,
                (long long)run->before.rss_kib);
}
