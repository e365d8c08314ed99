/* metrics.c: see metrics.h. */
#include "server/ocsp/metrics.h"

static const char *source_value(size_t i)
{
    static const char *const values[OCSP_ANSWERED_COUNT] = {
        [OCSP_BY_KEPT] = "kept", [OCSP_BY_STORE] = "store", [OCSP_BY_NOBODY] = "malformed"};

    return values[i];
}

static const struct metric_label source = {"source", OCSP_ANSWERED_COUNT, source_value};

struct metric ocsp_looks = {
    .name = "cmpd_ocsp_requests",
    .help = "Requests of OCSP, by where the answer is: kept from before, to be made from the store, or "
            "nowhere.",
    .type = METRIC_COUNTER,
    .labels = {&source},
};
