/* token_metrics.c: see token_metrics.h. */
#include "crypto/token_metrics.h"

#include <string.h>

#include "server/base/bounds.h"

static struct metric_names names;

const char *token_metrics_name(size_t number)
{
    return metric_name_value(&names, number < TOKENS_OTHER ? number : METRIC_NAME_OTHER);
}

static const char *outcome_value(size_t i)
{
    static const char *const values[TOKEN_OUTCOMES] = {
        [TOKEN_SIGNED] = "signed", [TOKEN_FAILED] = "failed", [TOKEN_REFUSED] = "refused"};

    return values[i];
}

static const struct metric_label token = {"token", TOKENS_TOLD, token_metrics_name};
static const struct metric_label outcome = {"outcome", TOKEN_OUTCOMES, outcome_value};

struct metric token_reconnects = {
    .name = "cmpd_token_reconnects",
    .help = "Times that a token which had been lost was back.",
    .type = METRIC_COUNTER,
    .labels = {&token},
};

struct metric token_signatures = {
    .name = "cmpd_token_signatures",
    .help =
        "Signatures that were wanted of a token, by outcome; refused is what was not tried: it was lost, the "
        "key missing, or the queue full.",
    .type = METRIC_COUNTER,
    .labels = {&token, &outcome},
};

struct metric token_time = {
    .name = "cmpd_token_signing_duration_seconds",
    .unit = "seconds",
    .help = "From when a signature was wanted of a token until it answered, the wait for a session among it.",
    .type = METRIC_HISTOGRAM,
    .in_micro = 1,
    .labels = {&token},
    .buckets = &metric_latency,
};

size_t token_metrics_number(struct bytes name)
{
    char text[BOUND_METRIC_LABEL + 1] = "";
    size_t number;

    memcpy(text, name.data, name.len < sizeof text ? name.len : sizeof text - 1);
    number = metric_name_number(&names, text);
    return number < TOKENS_OTHER ? number : TOKENS_OTHER;
}

void token_count_answer(size_t number, int is_signed, int64_t since_us)
{
    int64_t took = metrics_now_us() - since_us;

    metric_add(&token_signatures,
               metric_series(&token_signatures, number, is_signed ? TOKEN_SIGNED : TOKEN_FAILED), 1);
    metric_observe(&token_time, number, took > 0 ? (uint64_t)took : 0, 1);
}

void token_count_reconnect(size_t number)
{
    metric_add(&token_reconnects, number, 1);
}

void token_count_refusal(size_t number)
{
    metric_add(&token_signatures, metric_series(&token_signatures, number, TOKEN_REFUSED), 1);
}
