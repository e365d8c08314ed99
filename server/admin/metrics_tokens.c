/* Tokens that have signing keys, each by its name, and whether they answer. */
#include "crypto/token.h"
#include "server/admin/metrics.h"

static const struct metric_label token = {.name = "token"};

static void tell(struct metrics_text *out, const struct metric *metric,
                 int64_t (*value)(const struct token_state *state))
{
    struct token_state states[TOKENS_TOLD];

    token_states(states);
    for (size_t i = 0; i < TOKENS_TOLD; i++)
        if (states[i].tokens != 0)
            metrics_text_value(out, metric, (const char *const[]){token_metrics_name(i)}, value(&states[i]));
}

static int64_t usable_of(const struct token_state *state)
{
    return state->usable == state->tokens;
}

static void tell_usable(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell(out, metric, usable_of);
}

struct metric tokens_usable = {
    .name = "cmpd_token_usable",
    .help = "1 while a token answers; 0 while it is lost.",
    .type = METRIC_GAUGE,
    .labels = {&token},
    .gather = tell_usable,
};

static int64_t waiting_of(const struct token_state *state)
{
    return state->waiting;
}

static void tell_waiting(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell(out, metric, waiting_of);
}

struct metric tokens_waiting = {
    .name = "cmpd_token_waiting",
    .help = "Signatures that a token was asked for and has not answered.",
    .type = METRIC_GAUGE,
    .labels = {&token},
    .gather = tell_waiting,
};
