/* Certificates and CRLs: what was counted of stations', and when our own end. Those have the names that
 * exporters for certificates use, so that their rules and pages fit. */
#include <stdio.h>
#include <string.h>

#include "crypto/name.h"
#include "server/admin/metrics.h"
#include "server/base/clock.h"
#include "server/policy/expiry.h"

enum {
    ARENA = 64 * 1024,
    SERIAL_TEXT = 2 * 64 + 1,
    LABELS = 5,
    /* More than is shown by a character of UTF-8, and a NUL: where to cut is metrics_text_value's to say. */
    CN_TEXT = BOUND_METRIC_LABEL + 4 + 1
};

static const struct metric_label setting = {.name = "setting"}, file = {.name = "filepath"},
                                 subject = {.name = "subject_CN"}, issuer = {.name = "issuer_CN"},
                                 serial = {.name = "serial_number"}, ca = {.name = "ca"},
                                 scope = {.name = "scope"}, profile = {.name = "profile"},
                                 status = {.name = "status"}, ends_in = {.name = "ends_in"};

/* ---- of stations ---- */

struct counted {
    int64_t count, expired, at;
};

static int count_of(const void *arg, struct counted *out)
{
    struct upkeep *upkeep = ((const struct metrics_turn *)arg)->of.health->upkeep;

    return upkeep != NULL && upkeep_overdue(upkeep, &out->count, &out->expired, &out->at);
}

static void tell_overdue(const struct metric *metric, struct metrics_text *out, void *arg)
{
    struct counted counted;

    if (count_of(arg, &counted))
        metrics_text_value(out, metric, NULL, counted.count);
}

struct metric certificates_overdue = {
    .name = "cmpd_certificates_overdue",
    .help = "Certificates that end and were not updated, as counted last; all nodes count the same.",
    .type = METRIC_GAUGE,
    .gather = tell_overdue,
};

static void tell_expired(const struct metric *metric, struct metrics_text *out, void *arg)
{
    struct counted counted;

    if (count_of(arg, &counted))
        metrics_text_value(out, metric, NULL, counted.expired);
}

struct metric certificates_overdue_expired = {
    .name = "cmpd_certificates_overdue_expired",
    .help = "Those of them that have expired.",
    .type = METRIC_GAUGE,
    .gather = tell_expired,
};

static void tell_counted_at(const struct metric *metric, struct metrics_text *out, void *arg)
{
    struct counted counted;

    if (count_of(arg, &counted))
        metrics_text_value(out, metric, NULL, counted.at);
}

struct metric certificates_overdue_at = {
    .name = "cmpd_certificates_overdue_counted_timestamp_seconds",
    .unit = "seconds",
    .help = "When that was counted, in seconds since 1970.",
    .type = METRIC_GAUGE,
    .gather = tell_counted_at,
};

/* NULL: this node has no count. */
static const struct inventory_counts *inventory_of(const void *arg)
{
    static _Thread_local struct inventory_counts counts;
    struct upkeep *upkeep = ((const struct metrics_turn *)arg)->of.health->upkeep;

    return upkeep != NULL && upkeep_inventory(upkeep, &counts) ? &counts : NULL;
}

static void tell_states(struct metrics_text *out, const struct metric *metric, const char *name,
                        const int64_t of[INVENTORY_STATES][INVENTORY_ENDS])
{
    static const char *const states[INVENTORY_STATES] = {[STORE_CERT_UNCONFIRMED] = "unconfirmed",
                                                         [STORE_CERT_VALID] = "valid",
                                                         [STORE_CERT_REVOKED] = "revoked",
                                                         [STORE_CERT_HOLD] = "on_hold"};
    static const char *const ends[INVENTORY_ENDS] = {
        [INVENTORY_ENDED] = "expired", [INVENTORY_1_DAY] = "1d",    [INVENTORY_7_DAYS] = "7d",
        [INVENTORY_30_DAYS] = "30d",   [INVENTORY_90_DAYS] = "90d", [INVENTORY_LONGER] = "longer"};

    for (size_t i = STORE_CERT_UNCONFIRMED; i < INVENTORY_STATES; i++)
        for (size_t j = 0; j < INVENTORY_ENDS; j++)
            if (of[i][j] != 0)
                metrics_text_value(out, metric, (const char *const[]){name, states[i], ends[j]}, of[i][j]);
}

static void tell_inventory(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct inventory_counts *counts = inventory_of(arg);

    for (size_t i = 0; counts != NULL && i < METRIC_NAMES_MAX; i++)
        tell_states(out, metric, metric_name_value(&cmp_profile_names, i), counts->of[i]);
}

struct metric certificates_all = {
    .name = "cmpd_certificates",
    .help =
        "Certificates in the store, as counted last, by profile, status, and time until they end; the one "
        "node that counts tells.",
    .type = METRIC_GAUGE,
    .labels = {&profile, &status, &ends_in},
    .gather = tell_inventory,
};

static void tell_inventory_at(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct inventory_counts *counts = inventory_of(arg);

    if (counts != NULL)
        metrics_text_value(out, metric, NULL, counts->at);
}

struct metric certificates_all_at = {
    .name = "cmpd_certificates_counted_timestamp_seconds",
    .unit = "seconds",
    .help =
        "When the count of all certificates began, in seconds since 1970; the one node that counts tells.",
    .type = METRIC_GAUGE,
    .gather = tell_inventory_at,
};

/* ---- CRLs ---- */

static void tell_crls(const struct metric *metric, struct metrics_text *out, const void *arg,
                      int64_t (*value)(const struct crl_told *told))
{
    struct crl_service *crls = ((const struct metrics_turn *)arg)->of.health->crl;
    struct crl_told told[CRL_TOLD_MAX];
    size_t count = crls != NULL ? crl_list(crls, told) : 0;

    for (size_t i = 0; i < count; i++)
        if (value(&told[i]) != 0)
            metrics_text_value(out, metric, (const char *const[]){told[i].ca, told[i].scope},
                               value(&told[i]));
}

static int64_t number_of(const struct crl_told *told)
{
    return told->number;
}

static void tell_numbers(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_crls(metric, out, arg, number_of);
}

struct metric crl_number = {
    .name = "cmpd_crl_number",
    .help = "The cRLNumber of a CRL that this node publishes; of the shards of a CA how many there are.",
    .type = METRIC_GAUGE,
    .labels = {&ca, &scope},
    .gather = tell_numbers,
};

static int64_t octets_of(const struct crl_told *told)
{
    return told->octets;
}

static void tell_octets(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_crls(metric, out, arg, octets_of);
}

struct metric crl_octets = {
    .name = "cmpd_crl_size_bytes",
    .unit = "bytes",
    .help = "How large it is; of the shards of a CA all together.",
    .type = METRIC_GAUGE,
    .labels = {&ca, &scope},
    .gather = tell_octets,
};

static int64_t this_update_of(const struct crl_told *told)
{
    return told->this_update;
}

static void tell_this_updates(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_crls(metric, out, arg, this_update_of);
}

struct metric crl_this_update = {
    .name = "x509_crl_this_update",
    .help = "Its thisUpdate, in seconds since 1970; of the shards of a CA the earliest.",
    .type = METRIC_GAUGE,
    .labels = {&ca, &scope},
    .gather = tell_this_updates,
};

static int64_t next_update_of(const struct crl_told *told)
{
    return told->next_update;
}

static void tell_next_updates(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_crls(metric, out, arg, next_update_of);
}

struct metric crl_next_update = {
    .name = "x509_crl_next_update",
    .help = "Its nextUpdate, in seconds since 1970; of the shards of a CA the earliest.",
    .type = METRIC_GAUGE,
    .labels = {&ca, &scope},
    .gather = tell_next_updates,
};

/* ---- OCSP ---- */

/* Not among x509_cert_not_after: a few days are all that such a certificate ever has, and rules that ask for
 * weeks would always find it. */
static void tell_responders(const struct metric *metric, struct metrics_text *out, void *arg)
{
    const struct metrics_turn *turn = arg;
    struct ocsp_service *ocsp = turn->of.health->ocsp;
    struct ocsp_told told[BOUND_AUTHORITIES];
    size_t count = ocsp != NULL ? ocsp_list(ocsp, told, turn->now, clock_steady_ms()) : 0;

    for (size_t i = 0; i < count; i++)
        if (told[i].not_after != 0)
            metrics_text_value(out, metric, (const char *const[]){told[i].ca}, told[i].not_after);
}

struct metric ocsp_responder_not_after = {
    .name = "cmpd_ocsp_responder_not_after_timestamp_seconds",
    .unit = "seconds",
    .help = "notAfter of the certificate of this node's OCSP responder, in seconds since 1970; not there "
            "while nobody signs.",
    .type = METRIC_GAUGE,
    .labels = {&ca},
    .gather = tell_responders,
};

/* ---- our own certificates, and those that are trusted: what the expiry watch has ---- */

static const char *common_name(char *out, size_t room, struct arena *arena, struct bytes name)
{
    struct bytes value = name_attribute(arena, name, "CN");

    snprintf(out, room, "%.*s", (int)(value.len < room ? value.len : room - 1), (const char *)value.data);
    return out;
}

static const char *serial_text(char out[SERIAL_TEXT], struct bytes octets)
{
    out[0] = 0;
    for (size_t i = 0; i < octets.len && 2 * i + 2 < SERIAL_TEXT; i++)
        snprintf(out + 2 * i, 3, "%02x", octets.data[i]);
    return out;
}

static void tell_cert(const struct metric *metric, struct metrics_text *out, const struct expiry *of,
                      int64_t value)
{
    char subject_text[CN_TEXT], issuer_text[CN_TEXT], serial_octets[SERIAL_TEXT];
    struct arena *arena = arena_new(ARENA);
    const char *values[LABELS] = {of->name, of->file};

    if (arena == NULL)
        return;
    values[2] = common_name(subject_text, sizeof subject_text, arena, of->subject);
    values[3] = common_name(issuer_text, sizeof issuer_text, arena, of->issuer);
    values[4] = serial_text(serial_octets, of->serial);
    metrics_text_value(out, metric, values, value);
    arena_free(arena);
}

/* A file may hold a certificate twice, and a series is told once. */
static int is_first(const struct expiry *all, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (all[j].id == all[i].id && strcmp(all[j].name, all[i].name) == 0)
            return 0;
    return 1;
}

/* Tells |value| of each certificate, or of each CRL. What does no harm when it ends is left out: rules would
 * ask somebody to do something about it. The log and cmpctl certificate list have it. */
static void tell_ends(const struct metric *metric, struct metrics_text *out, const struct metrics_turn *turn,
                      int of_crls, int64_t (*value)(const struct expiry *of, int64_t now))
{
    size_t count;
    const struct expiry *all = policy_expiries(turn->policy, &count);

    for (size_t i = 0; i < count; i++)
        if ((all[i].serial.len == 0) == of_crls && all[i].kind->effect != EXPIRY_HARMLESS &&
            is_first(all, i)) {
            if (of_crls)
                metrics_text_value(out, metric, (const char *const[]){all[i].name, all[i].file},
                                   value(&all[i], turn->now));
            else
                tell_cert(metric, out, &all[i], value(&all[i], turn->now));
        }
}

static int64_t not_after_of(const struct expiry *of, int64_t now)
{
    (void)now;
    return of->not_after;
}

static void tell_not_after(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_ends(metric, out, arg, 0, not_after_of);
}

struct metric cert_not_after = {
    .name = "x509_cert_not_after",
    .help = "notAfter of a certificate that the configuration names, or that was renewed in its place, in "
            "seconds since 1970; not of one that does no harm when it ends.",
    .type = METRIC_GAUGE,
    .labels = {&setting, &file, &subject, &issuer, &serial},
    .gather = tell_not_after,
};

static int64_t not_before_of(const struct expiry *of, int64_t now)
{
    (void)now;
    return of->not_before;
}

static void tell_not_before(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_ends(metric, out, arg, 0, not_before_of);
}

struct metric cert_not_before = {
    .name = "x509_cert_not_before",
    .help = "Its notBefore, in seconds since 1970.",
    .type = METRIC_GAUGE,
    .labels = {&setting, &file, &subject, &issuer, &serial},
    .gather = tell_not_before,
};

static int64_t is_over(const struct expiry *of, int64_t now)
{
    return now > of->not_after;
}

static void tell_cert_expired(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_ends(metric, out, arg, 0, is_over);
}

struct metric cert_expired = {
    .name = "x509_cert_expired",
    .help = "1 if it has expired.",
    .type = METRIC_GAUGE,
    .labels = {&setting, &file, &subject, &issuer, &serial},
    .gather = tell_cert_expired,
};

static void tell_given_crls(const struct metric *metric, struct metrics_text *out, void *arg)
{
    tell_ends(metric, out, arg, 1, not_after_of);
}

struct metric given_crl_next_update = {
    .name = "cmpd_given_crl_next_update_timestamp_seconds",
    .unit = "seconds",
    .help = "nextUpdate of a CRL of somebody else, a vendor or a CA above ours, in seconds since 1970.",
    .type = METRIC_GAUGE,
    .labels = {&setting, &file},
    .gather = tell_given_crls,
};
