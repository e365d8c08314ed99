/* What /healthz and /readyz say. */
#include "server/admin/health.h"

#include <stdio.h>

#include "crypto/remote.h"
#include "storage/store.h"

enum { OVERDUE_MAX = 80 };

int health_live(const struct health *health, char text[HEALTH_TEXT_MAX])
{
    (void)health;
    snprintf(text, HEALTH_TEXT_MAX, "{\"alive\":true}\n");
    return 200;
}

static const char *truth(int value)
{
    return value ? "true" : "false";
}

int health_ready(const struct health *health, char text[HEALTH_TEXT_MAX])
{
    int store = store_healthy(health->store), room = pipeline_has_room(health->pipeline);
    int draining = atomic_load_explicit(&health->draining, memory_order_relaxed);
    int keys = !remote_any_lost(), signers = 1, ready, differ = 0;
    char nodes[NODES_TEXT_MAX] = "[]", crls[CRL_TEXT_MAX] = "[]";
    char overdue[OVERDUE_MAX] = "null", ends[EXPIRING_TEXT_MAX] = "[]", reason[EXPIRING_REASON_MAX] = "null";
    int late = 0;
    int64_t count, expired, at;

    if (health->upkeep != NULL)
        signers = upkeep_expiries(health->upkeep, ends, reason);
    ready = store && room && keys && signers && !draining;
    if (health->upkeep != NULL)
        upkeep_nodes(health->upkeep, nodes, &differ);
    if (health->upkeep != NULL && upkeep_overdue(health->upkeep, &count, &expired, &at))
        snprintf(overdue, sizeof overdue, "{\"count\":%lld,\"expired\":%lld}", (long long)count,
                 (long long)expired);
    if (health->crl != NULL)
        crl_text(health->crl, crls, &late);
    snprintf(text, HEALTH_TEXT_MAX,
             "{\"ready\":%s,\"store\":%s,\"queue_has_room\":%s,\"signing_keys\":%s,"
             "\"certificates\":%s,\"reason\":%s,\"ends\":%s,\"draining\":%s,"
             "\"upkeep_alarm\":%s,\"crl_late\":%s,\"crls\":%s,\"overdue\":%s,\"configurations_differ\":%s,"
             "\"nodes\":%s}\n",
             truth(ready), truth(store), truth(room), truth(keys), truth(signers), reason, ends,
             truth(draining), truth(upkeep_has_alarm(health->upkeep)), truth(late), crls, overdue,
             truth(differ), nodes);
    return ready ? 200 : 503;
}
