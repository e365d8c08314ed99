/* round.c: statements go out together in libpq's pipeline mode, and their answers are gathered as they come.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

int round_add(struct slot *slot, enum postgres_statement statement, const struct params *params)
{
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX], formats[PARAMS_MAX], count = 0;
    char name[16];
    if (slot->round.sent == ROUND_STATEMENTS || (params != NULL && params->failed))
        return 0;
    if (slot->round.sent == 0)
        slot->round.warned = 0; /* of before */
    for (; params != NULL && count < params->count; count++) {
        values[count] = (const char *)params->data + params->at[count];
        lengths[count] = (int)(params->end[count] - params->at[count]);
        formats[count] = 1;
    }
    if (!PQsendQueryPrepared(slot->conn, postgres_name(name, statement), count, values, lengths, formats, 1))
        return 0;
    slot->round.sent++;
    return 1;
}

int round_send(struct slot *slot, int64_t now_ms)
{
    slot->since_ms = now_ms;
    atomic_store_explicit(&slot->state, SLOT_BUSY, memory_order_relaxed);
    return PQpipelineSync(slot->conn) && PQflush(slot->conn) >= 0;
}

static void keep_error(struct round *round, const PGresult *result)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    round->failed = 1;
    snprintf(round->sqlstate, sizeof round->sqlstate, "%s", sqlstate != NULL ? sqlstate : "");
    snprintf(round->table, sizeof round->table, "%s", table != NULL ? table : "");
    snprintf(round->message, sizeof round->message, "%s", message != NULL ? message : "");
}

enum round_end round_receive(struct slot *slot)
{
    struct round *round = &slot->round;
    int empty = 0;
    if (!PQconsumeInput(slot->conn) || PQflush(slot->conn) < 0)
        return ROUND_LOST;
    while (!PQisBusy(slot->conn)) {
        PGresult *result = PQgetResult(slot->conn);
        if (result == NULL) { /* between two statements; twice means that nothing is left to come */
            if (empty++ != 0 || PQstatus(slot->conn) != CONNECTION_OK)
                return ROUND_LOST;
            continue;
        }
        empty = 0;
        switch (PQresultStatus(result)) {
        case PGRES_PIPELINE_SYNC:
            PQclear(result);
            return round->failed || round->answered == round->sent ? ROUND_ANSWERED : ROUND_LOST;
        case PGRES_COMMAND_OK:
        case PGRES_TUPLES_OK:
            if (round->answered < round->sent)
                round->results[round->answered++] = result;
            else
                PQclear(result);
            break;
        case PGRES_PIPELINE_ABORTED:
            PQclear(result);
            break;
        default:
            if (!round->failed)
                keep_error(round, result);
            PQclear(result);
            if (PQstatus(slot->conn) != CONNECTION_OK)
                return ROUND_LOST;
        }
    }
    return ROUND_WAITING;
}

void round_clear(struct slot *slot)
{
    for (int i = 0; i < slot->round.answered; i++)
        PQclear(slot->round.results[i]);
    slot->round = (struct round){0};
    atomic_store_explicit(&slot->state, SLOT_IDLE, memory_order_relaxed);
}
