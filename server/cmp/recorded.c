/* How many refusals of one are put on record. Whoever has proved who it is may be refused as often as it
 * likes, and whoever has recorded such a request may send it again: each would be a row of the audit log for
 * good, in a commit of its own. Those beyond the bound are in the log alone. */
#include <stdlib.h>

#include "crypto/random.h"
#include "server/base/ledger.h"
#include "server/base/log.h"
#include "server/cmp/internal.h"

enum { PLACES = 1 << 16, AGAIN = 1 << 16 };

struct cmp_recorded {
    uint64_t key[2];                     /* nobody can choose with whom to share a place */
    struct ledger_recent places[PLACES]; /* of who was refused */
    struct ledger_recent again[AGAIN];   /* of what may come once more */
};

struct cmp_recorded *cmp_recorded_new(void)
{
    struct cmp_recorded *recorded = calloc(1, sizeof *recorded);

    if (recorded != NULL)
        random_bytes((uint8_t *)recorded->key, sizeof recorded->key);
    return recorded;
}

void cmp_recorded_free(struct cmp_recorded *recorded)
{
    free(recorded);
}

static struct bytes who(const struct cmp_message *m)
{
    if (m->is_mac)
        return m->in.header.sender_kid;
    return m->signer != NULL ? m->signer->spki : m->tx.credential_key;
}

int cmp_take_again(const struct cmp_message *m, struct bytes what)
{
    struct cmp_recorded *recorded = m->settings->recorded;
    uint32_t now = ledger_now();
    struct ledger_recent *place;

    if (recorded == NULL)
        return 1;
    place = &recorded->again[keyed_hash(recorded->key, what) % AGAIN];
    if (ledger_lately(place, BOUND_REFUSALS_HALVING, now) >= BOUND_TAKEN_AGAIN)
        return 0;
    ledger_happened(place, BOUND_REFUSALS_HALVING, now);
    return 1;
}

/* Those that are left out are not counted: else a flood would hide what comes after it for longer. */
int cmp_take_record(const struct cmp_message *m)
{
    struct cmp_recorded *recorded = m->settings->recorded;
    uint32_t now = ledger_now();
    struct ledger_recent *place;

    if (recorded == NULL)
        return 1;
    place = &recorded->places[keyed_hash(recorded->key, who(m)) % PLACES];
    if (ledger_lately(place, BOUND_REFUSALS_HALVING, now) >= BOUND_REFUSALS_RECORDED)
        return 0;
    if (ledger_happened(place, BOUND_REFUSALS_HALVING, now) == BOUND_REFUSALS_RECORDED)
        log_line(LOG_WARN, "refusals are not recorded", log_hexadecimal("transactionID", m->transaction_id),
                 log_text("text",
                          "who sent this one is refused so often that the audit log has no more of it "
                          "for a while: find out what it wants"));
    return 1;
}
