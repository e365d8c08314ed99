/* Reads a mix of scenarios, and says which step follows which. */
#include "bench/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/pki/message.h"

/* RFC 9811 3.3, RFC 6960 A.1 */
#define MEDIA_CMP "application/pkixcmp"
#define MEDIA_OCSP "application/ocsp-request"

static const struct scenario_kind kinds[SCENARIO_COUNT] = {
    [SCENARIO_IR] = {"ir", PROTOCOL_CMP, STEP_IR, PKI_IR, PKI_IP, 1, 0, 0, NULL, MEDIA_CMP},
    [SCENARIO_IR_CONFIRM] = {"ir-confirm", PROTOCOL_CMP, STEP_IR, PKI_IR, PKI_IP, 1, 1, 0, NULL, MEDIA_CMP},
    [SCENARIO_CR] = {"cr", PROTOCOL_CMP, STEP_CR, PKI_CR, PKI_CP, 1, 0, 0, NULL, MEDIA_CMP},
    [SCENARIO_P10CR] = {"p10cr", PROTOCOL_CMP, STEP_P10CR, PKI_P10CR, PKI_CP, 1, 0, 0, NULL, MEDIA_CMP},
    [SCENARIO_KUR] = {"kur", PROTOCOL_CMP, STEP_KUR, PKI_KUR, PKI_KUP, 1, 0, 1, NULL, MEDIA_CMP},
    [SCENARIO_RR] = {"rr", PROTOCOL_CMP, STEP_RR, PKI_RR, PKI_RP, 0, 0, 1, NULL, MEDIA_CMP},
    [SCENARIO_CR_CONFIRM] = {"cr-confirm", PROTOCOL_CMP, STEP_CR, PKI_CR, PKI_CP, 1, 1, 0, NULL, MEDIA_CMP},
    [SCENARIO_P10CR_CONFIRM] = {"p10cr-confirm", PROTOCOL_CMP, STEP_P10CR, PKI_P10CR, PKI_CP, 1, 1, 0, NULL,
                                MEDIA_CMP},
    [SCENARIO_KUR_CONFIRM] = {"kur-confirm", PROTOCOL_CMP, STEP_KUR, PKI_KUR, PKI_KUP, 1, 1, 1, NULL,
                              MEDIA_CMP},
    [SCENARIO_P10CR_OWN_CONFIRM] = {"p10cr-own-confirm", PROTOCOL_CMP, STEP_P10CR, PKI_P10CR, PKI_CP, 1, 1, 1,
                                    NULL, MEDIA_CMP},
    [SCENARIO_OCSP] = {"ocsp", PROTOCOL_OCSP, STEP_OCSP, .path = "/ocsp", .media_type = MEDIA_OCSP},
    [SCENARIO_OCSP_NONCE] = {"ocsp-nonce", PROTOCOL_OCSP, STEP_OCSP_NONCE, .path = "/ocsp",
                             .media_type = MEDIA_OCSP},
    /* The demo's CA is called so. */
    [SCENARIO_CRL] = {"crl", PROTOCOL_CRL, STEP_CRL, .path = "/crl/issuing.crl"},
};

const char *step_name(enum step step)
{
    static const char *const names[STEP_COUNT] = {"ir",       "cr",   "p10cr",      "kur", "rr",
                                                  "certConf", "ocsp", "ocsp-nonce", "crl"};

    return names[step];
}

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

int mix_holds(const struct mix *mix, enum scenario_protocol protocol)
{
    for (int i = 0; i < SCENARIO_COUNT; i++)
        if (mix->weight[i] != 0 && kinds[i].protocol == protocol)
            return 1;
    return 0;
}

const char *mix_unit(const struct mix *mix)
{
    return mix_holds(mix, PROTOCOL_OCSP) || mix_holds(mix, PROTOCOL_CRL) ? "request" : "enrollment";
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
