/* What is taken against the RFCs, and by deprecated algorithms: the numbers of /tolerances. */
#include "crypto/algorithm_names.h"
#include "server/admin/metrics.h"
#include "server/base/tolerance_counts.h"

static const struct metric_label profile = {.name = "profile"}, vendor = {.name = "vendor"},
                                 tolerance = {.name = "tolerance"}, algorithm = {.name = "algorithm"};

static void tell(struct metrics_text *out, const struct metric *metric, const char *owner, const char *what,
                 uint64_t n)
{
    if (n != 0)
        metrics_text_value(out, metric, (const char *const[]){owner, what}, (int64_t)n);
}

static void tell_tolerances(struct metrics_text *out, const struct metric *metric, enum tolerance_owner owner)
{
    for (const struct tolerance_counts *of = tolerance_counts_all(); of != NULL; of = of->next)
        for (int i = 0; of->owner == owner && i < TOLERANCE_COUNT; i++)
            tell(out, metric, of->name, tolerance_name((enum tolerance)i),
                 atomic_load_explicit(&of->of[i], memory_order_relaxed));
}

static void tell_deprecated(struct metrics_text *out, const struct metric *metric, enum tolerance_owner owner)
{
    const char *name;

    for (const struct tolerance_counts *of = tolerance_counts_all(); of != NULL; of = of->next)
        for (size_t i = 0; of->owner == owner && (name = algorithm_name(i)) != NULL; i++)
            tell(out, metric, of->name, name, atomic_load_explicit(&of->deprecated[i], memory_order_relaxed));
}

static void tell_tolerances_of_profiles(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell_tolerances(out, metric, TOLERANCE_OF_PROFILE);
}

static void tell_tolerances_of_vendors(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell_tolerances(out, metric, TOLERANCE_OF_VENDOR);
}

static void tell_deprecated_of_profiles(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell_deprecated(out, metric, TOLERANCE_OF_PROFILE);
}

static void tell_deprecated_of_vendors(const struct metric *metric, struct metrics_text *out, void *arg)
{
    (void)arg;
    tell_deprecated(out, metric, TOLERANCE_OF_VENDOR);
}

struct metric tolerances_profiles = {
    .name = "cmpd_profile_tolerated",
    .help = "Messages of a profile that a tolerance alone let pass.",
    .type = METRIC_COUNTER,
    .labels = {&profile, &tolerance},
    .gather = tell_tolerances_of_profiles,
};

struct metric tolerances_vendors = {
    .name = "cmpd_vendor_tolerated",
    .help = "Messages of a vendor's devices that a tolerance alone let pass.",
    .type = METRIC_COUNTER,
    .labels = {&vendor, &tolerance},
    .gather = tell_tolerances_of_vendors,
};

struct metric deprecated_profiles = {
    .name = "cmpd_profile_deprecated",
    .help = "Messages of a profile that made use of a deprecated algorithm.",
    .type = METRIC_COUNTER,
    .labels = {&profile, &algorithm},
    .gather = tell_deprecated_of_profiles,
};

struct metric deprecated_vendors = {
    .name = "cmpd_vendor_deprecated",
    .help = "Messages of a vendor's devices that made use of a deprecated algorithm.",
    .type = METRIC_COUNTER,
    .labels = {&vendor, &algorithm},
    .gather = tell_deprecated_of_vendors,
};
