/* What a message records, as a unit of the store. */
#include "crypto/name.h"
#include "server/cmp/internal.h"

void cmp_fill_unit(struct cmp_message *m, struct store_unit *unit)
{
    enum { TEXT = 512 };
    char *who = cmp_alloc(m, TEXT);

    if (who == NULL)
        return;
    unit->issuer = bytes_of(m->profile->ca->id, STORE_ISSUER_ID);
    unit->arena = m->arena;
    unit->tx_id = m->transaction_id;
    unit->now = m->now;
    unit->audit = &m->audit;
    m->audit = (struct store_audit){.at = m->now_ms, .event = "?", .outcome = "?"};
    m->audit.who =
        m->is_mac ? m->in.header.sender_kid : bytes_str(name_text(who, TEXT, m->in.header.sender_name));
    m->record(m, unit);
    if (unit->audit != NULL)
        cmp_tell_outer(m);
}
