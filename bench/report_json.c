/* A result as one JSON object. */
#include <math.h>

#include "bench/report.h"

/* A number that is not known is null. */
static void add_number(FILE *out, const char *key, double value)
{
    if (value < 0)
        fprintf(out, ",\"%s\":null", key);
    else
        fprintf(out, ",\"%s\":%.1f", key, value);
}

static void add_count(FILE *out, const char *key, long long value)
{
    if (value < 0)
        fprintf(out, ",\"%s\":null", key);
    else
        fprintf(out, ",\"%s\":%lld", key, value);
}

static void add_flag(FILE *out, const char *key, int value)
{
    fprintf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

static void add_asked(FILE *out, const struct options *options)
{
    char mix[MIX_TEXT_MAX];

    fprintf(out, ",\"scenario\":\"%s\",\"protection\":\"%s\",\"device_key\":\"%s\",\"key\":\"%s\"",
            mix_text(mix, &options->mix), protection_name(options->protection),
            key_algorithm(options->device_key)->name, key_algorithm(options->new_key)->name);
    fprintf(out, ",\"http\":\"%s\"", options_http(options));
    if (options->persona.name != NULL)
        fprintf(out, ",\"persona\":\"%s\"", options->persona.name);
    else
        fputs(",\"persona\":null", out);
    add_flag(out, "tls", options->target.tls);
    add_flag(out, "new_connections", options->new_connections);
    add_flag(out, "check_all", options->check_all);
    add_flag(out, "fixed_certificate", options->fixed_certificate);
    add_count(out, "streams", options->streams);
    add_count(out, "clients", options->clients);
    add_count(out, "threads", options->threads);
    add_count(out, "count", options->count);
    add_count(out, "retries_asked", options->retries);
    add_count(out, "warmup", options->warmup);
    add_number(out, "rate_asked", options->rate > 0 ? options->rate : -1);
    add_count(out, "idle_connections", options->idle_connections);
}

void report_json(FILE *out, const struct report *report)
{
    const struct run *run = report->run;
    const struct result *result = report->result;
    const char *comma = "";

    fprintf(out, "{\"rate\":%.1f,\"completed\":%u,\"errors\":{", result->rate, result->completed);
    for (int e = BENCH_OK + 1; e < BENCH_ERRORS; e++)
        if (result->errors[e] != 0) {
            fprintf(out, "%s\"%s\":%u", comma, bench_error_name((enum bench_error)e), result->errors[e]);
            comma = ",";
        }
    fputc('}', out);
    for (int i = 0; i < REPORT_PERCENTILES; i++)
        add_count(out, report_percentiles[i].key,
                  report_percentile_us(result->latencies_ns, result->completed, i));
    add_number(out, "server_cpu_us", result->cpu_us);
    add_number(out, "floor_us", report->floor_us);
    add_count(out, "server_rss_kib", run->after.rss_kib);
    if (isnan(result->memory))
        fprintf(out, ",\"server_memory_bytes\":null");
    else
        fprintf(out, ",\"server_memory_bytes\":%.1f", result->memory); /* the server may have shrunk */
    add_count(out, "server_rss_before_idle_kib", run->idle_before.rss_kib);
    add_count(out, "server_rss_before_kib", run->before.rss_kib);
    add_count(out, "idle_open", run->idle_open);
    fprintf(out, ",\"seconds\":%.2f", result->seconds);
    add_count(out, "retries", result->retries);
    add_number(out, "longest_gap_ms", 1e3 * result->longest_gap);
    add_asked(out, run->options);
    fputs("}\n", out);
}
