/* metrics.h: /metrics: what this node tells of itself in numbers (server/base/metrics.h). */
#ifndef CMPD_ADMIN_METRICS_H
#define CMPD_ADMIN_METRICS_H

#include "server/admin/health.h"
#include "server/base/metrics_text.h"

/* metrics_table is all metrics of cmpd, |metrics_table_count| rows, in the order in which they are written:
 * for metrics_begin. */
extern struct metric *const metrics_table[];
extern const size_t metrics_table_count;

/* struct metrics_sources is whom rows that gather ask. */
struct metrics_sources {
    struct health *health;
    int64_t started; /* Unix seconds */
    const char *version, *front;
};

/* struct metrics_turn is what those rows are given for |arg|. */
struct metrics_turn {
    struct metrics_sources of;
    const struct policy *policy;
    int64_t now; /* Unix seconds */
};

struct metrics_service;

/* metrics_new returns a service, which tells of |sources|, that must outlive it. |policy| is acquired. NULL
 * without memory. metrics_set_policy makes |policy| the one in use; metrics_free frees all, when nobody reads
 * any more. NULL is allowed. */
struct metrics_service *metrics_new(const struct metrics_sources *sources, struct policy *policy);
void metrics_set_policy(struct metrics_service *service, struct policy *policy);
void metrics_free(struct metrics_service *service);

/* struct metrics_document is a text. What is read of it never changes. */
struct metrics_document {
    struct bytes body;
    const char *content_type;
};

/* metrics_document returns the text in the format that an Accept field |accept| asks for, held by the caller
 * until metrics_release: one of the last second, if there is one, whoever asked for it, or the last while
 * another thread makes the next. NULL if there is none and another thread is making the first, if there is no
 * memory, or if BOUND_METRICS_TEXTS are still read: then the oldest of those is withdrawn. Waits for nobody
 * who makes a text. Any thread. */
const struct metrics_document *metrics_document(struct metrics_service *service, struct bytes accept);
void metrics_release(void *document);

/* metrics_is_withdrawn returns 1 if |document| shall not be read any further. */
int metrics_is_withdrawn(const void *document);

/* ---- rows that gather: beside their code, and in the table ---- */

/* metrics_node.c */
extern struct metric node_build, node_started, node_ready, node_draining, node_configuration, node_alarms,
    node_jobs, node_jobs_limit, node_memory, node_lane, node_lane_limit, node_workers, node_ledger,
    node_ledger_limit, node_crowded, node_engines, node_engine_lanes, node_routes, node_keys_lost;

/* metrics_certificates.c */
extern struct metric certificates_all, certificates_all_at, certificates_overdue,
    certificates_overdue_expired, certificates_overdue_at, crl_number, crl_octets, crl_this_update,
    crl_next_update, cert_not_before, cert_not_after, cert_expired, given_crl_next_update,
    ocsp_responder_not_after;

/* metrics_store.c */
extern struct metric store_up, store_connections, store_server_info;

/* metrics_tokens.c */
extern struct metric tokens_usable, tokens_waiting;

/* metrics_tolerances.c */
extern struct metric tolerances_profiles, tolerances_vendors, deprecated_profiles, deprecated_vendors;

#endif
