/* Reads a mix of scenarios, and says which step follows which. */
#include "bench/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/pki/message.h"

static const struct scenario_kind kinds[SCENARIO_COUNT] = {
    [SCENARIO_IR] = {"ir", PKI_IR, PKI_IP, 0, 0},
    [SCENARIO_IR_CONFIRM] = {"ir-confirm", PKI_IR, PKI_IP, 1, 0},
    [SCENARIO_CR] = {"cr", PKI_CR, PKI_CP, 0, 0},
    [SCENARIO_P10CR] = {"p10cr", PKI_P10CR, PKI_CP, 0, 0},
    [SCENARIO_KUR] = {"kur", PKI_KUR, PKI_KUP, 0, 1},
    [SCENARIO_RR] = {"rr", PKI_RR, PKI_RP, 0, 1},
};

const struct scenario_kind *scenario_kind(enum scenario scenario)
{
    return &kinds[scenario];
}

static int scenario_named(const char *name, size_t len)
{
    for (int i = 0; i < SCENARIO_COUNT; i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
            return i;
    return -1;
}

/* Smooth weighted round-robin: each place goes to whoever is furthest behind its share. */
static void spread(struct mix *mix)
{
    int credit[SCENARIO_COUNT] = {0};

    for (unsigned place = 0; place < mix->length; place++) {
        int best = 0;
        for (int i = 0; i < SCENARIO_COUNT; i++) {
            credit[i] += (int)mix->weight[i];
            if (credit[i] > credit[best])
                best = i;
        }
        credit[best] -= (int)mix->length;
        mix->round[place] = (uint8_t)best;
    }
}

int mix_parse(struct mix *out, const char *text)
{
    memset(out, 0, sizeof *out);
    for (;;) {
        size_t len = strcspn(text, "=,");
        int scenario = scenario_named(text, len);
        unsigned long weight = 1;
        char *end;

        text += len;
        if (*text == '=') {
            if (text[1] < '0' || text[1] > '9')
                return 0;
            weight = strtoul(text + 1, &end, 10);
            text = end;
        }
        if (scenario < 0 || out->weight[scenario] != 0 || weight < 1 || weight > MIX_WEIGHT_MAX)
            return 0;
        out->weight[scenario] = (unsigned)weight;
        out->length += (unsigned)weight;
        if (*text != ',')
            break;
        text++;
    }
    spread(out);
    return *text == 0;
}

int scenario_sampled(uint64_t index, unsigned one_in)
{
    /* Fibonacci hashing: the upper half of the product depends on all of the index. */
    return (uint32_t)(index * UINT64_C(0x9e3779b97f4a7c15) >> 32) % one_in == 0;
}

enum scenario mix_at(const struct mix *mix, uint64_t index)
{
    return (enum scenario)mix->round[index % mix->length];
}

const char *mix_text(char *out, const struct mix *mix)
{
    size_t used = 0;

    for (int i = 0; i < SCENARIO_COUNT; i++) {
        const char *comma = used != 0 ? "," : "";
        if (mix->weight[i] == mix->length)
            snprintf(out, MIX_TEXT_MAX, "%s", kinds[i].name);
        else if (mix->weight[i] != 0)
            used += (size_t)snprintf(out + used, MIX_TEXT_MAX - used, "%s%s=%u", comma, kinds[i].name,
                                     mix->weight[i]);
    }
    return out;
}

int64_t schedule_due_ns(double rate, uint64_t index)
{
    return (int64_t)((long double)index * 1e9L / (long double)rate);
}
