/* What /healthz and /readyz say. */
#include "server/admin/health.h"

#include <stdio.h>
#include <time.h>

#include "crypto/remote.h"
#include "server/base/clock.h"
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

_Static_assert(sizeof "{\"ca\":\"\",\"seconds_left\":-9223372036854775808,\"late\":false}," + STORE_NAME_MAX <
                   OCSP_TEXT_OF_ONE,
               "each fits");

/* Names of CAs need no escapes. */
static void ocsp_text(struct ocsp_service *ocsp, char out[OCSP_TEXT_MAX], int *late)
{
    struct ocsp_told told[BOUND_AUTHORITIES];
    int64_t now = time(NULL);
    size_t count = ocsp_list(ocsp, told, now, clock_steady_ms()), len = 0;

    out[len++] = '[';
    for (size_t i = 0; i < count; i++) {
        int64_t left = told[i].not_after > now ? told[i].not_after - now : 0;
        len += (size_t)sprintf(out + len, "%s{\"ca\":\"%s\",\"seconds_left\":%lld,\"late\":%s}",
                               i > 0 ? "," : "", told[i].ca, (long long)left, truth(told[i].is_late));
        *late |= told[i].is_late;
    }
    memcpy(out + len, "]", 2);
}

int health_ready(const struct health *health, char text[HEALTH_TEXT_MAX])
{
    int store = store_healthy(health->store), room = pipeline_has_room(health->pipeline);
    int draining = atomic_load_explicit(&health->draining, memory_order_relaxed);
    int keys = !remote_any_lost(), signers = 1, ready, differ = 0;
    char nodes[NODES_TEXT_MAX] = "[]", crls[CRL_TEXT_MAX] = "[]", ocsp[OCSP_TEXT_MAX] = "[]";
    char overdue[OVERDUE_MAX] = "null", ends[EXPIRING_TEXT_MAX] = "[]", reason[EXPIRING_REASON_MAX] = "null";
    int late = 0, ocsp_late = 0;
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
    if (health->ocsp != NULL)
        ocsp_text(health->ocsp, ocsp, &ocsp_late);
    snprintf(text, HEALTH_TEXT_MAX,
             "{\"ready\":%s,\"store\":%s,\"queue_has_room\":%s,\"signing_keys\":%s,"
             "\"certificates\":%s,\"reason\":%s,\"ends\":%s,\"draining\":%s,"
             "\"upkeep_alarm\":%s,\"crl_late\":%s,\"crls\":%s,\"ocsp_late\":%s,\"ocsp\":%s,\"overdue\":%s,"
             "\"configurations_differ\":%s,"
             "\"nodes\":%s}\n",
             truth(ready), truth(store), truth(room), truth(keys), truth(signers), reason, ends,
             truth(draining), truth(upkeep_has_alarm(health->upkeep)), truth(late), crls, truth(ocsp_late),
             ocsp, overdue, truth(differ), nodes);
    return ready ? 200 : 503;
}
