#include "tests/fuzz/outcome.h"

#include <stdio.h>

#include "server/cmp/operation.h"
#include "tests/support/must.h"

static const char *const state_names[STATES] = {
    [AS_IT_IS] = "as it is",       [WAITING] = "waiting",     [APPROVED] = "approved", [DENIED] = "denied",
    [UNCONFIRMED] = "unconfirmed", [CONFIRMED] = "confirmed", [LATE] = "late"};

static struct {
    unsigned long sent, whole, authenticated, granted, waits, confirmed, revoked, stored, again, refused;
    unsigned long in[STATES]; /* past its protection */
} came[PKI_BODY_COUNT + 1];   /* the last: of no known type */

/* ---- the store before ---- */

/* By the words that the script had them say, not by what the server makes of them. */
static int may_issue(const struct world *world, const struct store_tx *tx)
{
    size_t said = 0;

    if (tx->state != STORE_TX_WAITING || tx->deadline <= world->now)
        return 0;
    for (size_t i = 0; i < world->approval_count; i++) {
        const struct store_approval *word = &world->approvals[i].row;
        if (memcmp(word->approval.data, tx->request_hash.data, STORE_REQUEST) != 0)
            continue;
        if (!word->approved)
            return 0;
        said++;
    }
    return said >= world->config.approve.approvals;
}

struct before outcome_look(const struct world *world)
{
    struct before out = {
        .txs = world->tx_count, .certs = world->cert_count, .announcements = world->announcement_count};

    for (size_t i = 0; i < out.txs; i++) {
        const struct store_tx *tx = &world->txs[i].row;
        out.tx[i] = tx->state;
        out.may_go[i] = tx->free_at != 0 && tx->free_at <= world->now;
        out.may_issue[i] = may_issue(world, tx);
    }
    for (size_t i = 0; i < out.certs; i++)
        out.cert[i] = world->certs[i].row.status;
    return out;
}

/* ---- what must hold ---- */

static int may_become(enum store_cert_status from, enum store_cert_status to)
{
    return from == to || (from == STORE_CERT_UNCONFIRMED && to != STORE_CERT_UNCONFIRMED) ||
           (from == STORE_CERT_VALID && (to == STORE_CERT_REVOKED || to == STORE_CERT_HOLD)) ||
           (from == STORE_CERT_HOLD && to == STORE_CERT_REVOKED);
}

static size_t certificates_changed(const struct world *world, const struct before *before)
{
    size_t changes = world->cert_count - before->certs;

    for (size_t i = 0; i < before->certs; i++) {
        must(may_become(before->cert[i], world->certs[i].row.status));
        changes += before->cert[i] != world->certs[i].row.status;
    }
    return changes;
}

/* Returns how many rows changed: |messages| of them came. */
static size_t check_changes(const struct world *world, const struct before *before, size_t messages)
{
    size_t certs = certificates_changed(world, before), begun = world->tx_count - before->txs, left = 0,
           unapproved = 0;

    for (size_t i = 0; i < before->txs; i++) {
        enum store_tx_state was = before->tx[i], now = world->txs[i].row.state;
        if (was == now)
            continue;
        must(was == STORE_TX_WAIT_CONFIRM || was == STORE_TX_WAITING || before->may_go[i]);
        must(was != STORE_TX_WAIT_CONFIRM || now != STORE_TX_WAITING || before->may_go[i]);
        left++;
        begun += was == STORE_TX_WAITING || before->may_go[i];
        unapproved += was == STORE_TX_WAITING && !before->may_issue[i];
    }
    /* Several requests in one message have a row each, and one of the whole. */
    must(begun <= messages * (1 + BOUND_SEVERAL) && world->cert_count - before->certs <= begun);
    /* What nobody has approved is not done. */
    must(messages != 1 || unapproved == 0 || certs == 0);
    return certs + left + (world->tx_count - before->txs);
}

static int was_served(const struct answer *answer)
{
    return answer->has_cert || answer->part_count > 1 || answer->status.status == PKI_WAITING ||
           answer->body == PKI_PKICONF || answer->body == PKI_RP || answer->body == PKI_GENP ||
           answer->body == PKI_POLLREP || answer->body == PKI_NESTED || answer->result.end == JOB_STORED;
}

/* What may not have been stored is not told to be, though it was: it is sent again. */
static void check_announcement(const struct world *world, const struct before *before,
                               const struct answer *answer, size_t changes, int disturbed)
{
    size_t stored = world->announcement_count - before->announcements;

    must(stored <= (answer->result.end == JOB_STORED || (disturbed && answer->result.end == JOB_NOT_NOW)));
    must(answer->result.end < JOB_STORED || changes == 0);
}

static void check_stored(const struct world *world, const struct certificate *given)
{
    const struct store_cert *cert = world_cert_of(world, given->serial);

    must(cert != NULL && bytes_equal(cert->certificate, given->der));
}

/* Whoever is refused gets nothing, and whoever gets something is in the store with it: all of it, and no
 * more. What is answered again was there before. */
static void check_given(const struct world *world, const struct before *before, const struct answer *answer)
{
    size_t made = world->cert_count - before->certs, given = (size_t)answer->has_cert;

    if (answer->has_cert)
        check_stored(world, &answer->cert);
    for (size_t i = 0; answer->part_count > 1 && i < answer->part_count; i++)
        if (answer->parts[i].has_cert) {
            check_stored(world, &answer->parts[i].cert);
            given++;
        }
    must(made == 0 || made == given);
}

void outcome_check(const struct world *world, const struct before *before, const struct answer *answer,
                   int disturbed)
{
    int is_batch = answer->body == PKI_NESTED;
    size_t changes = check_changes(world, before, is_batch ? answer->inner_count : 1);

    world_check(world);
    must(changes == 0 || answer->authenticated);
    must(answer->result.refused || was_served(answer));
    must(!answer->has_cert || !answer->result.refused);
    check_announcement(world, before, answer, changes, disturbed);
    if (!disturbed && !is_batch)
        check_given(world, before, answer);
    else if (answer->has_cert)
        check_stored(world, &answer->cert);
}

/* ---- how far they came ---- */

/* A poll for an answer that may not have arrived is answered as if it were not (op_poll.c). */
static unsigned is_past_protection(const struct answer *answer, int body)
{
    return answer->authenticated || (body == PKI_POLLREQ && answer->has_cert);
}

void outcome_count(const struct world *world, const struct before *before, const struct answer *answer,
                   struct bytes octets, enum state state)
{
    struct pki_message in;
    enum pki_decoded decoded = pki_message_decode(&in, NULL, octets);
    int body = in.body_type >= 0 && in.body_type < PKI_BODY_COUNT ? in.body_type : PKI_BODY_COUNT;

    came[body].sent++;
    came[body].whole += decoded == PKI_WHOLE;
    came[body].authenticated += is_past_protection(answer, body);
    came[body].in[state] += is_past_protection(answer, body);
    came[body].granted += world->cert_count != before->certs;
    came[body].waits += answer->status.status == PKI_WAITING || answer->body == PKI_POLLREP;
    came[body].stored += answer->result.end == JOB_STORED;
    came[body].refused += (unsigned)answer->result.refused;
    came[body].again += answer->result.event != NULL && strcmp(answer->result.event, "answered again") == 0;
    for (size_t i = 0; i < before->certs; i++) {
        enum store_cert_status now = world->certs[i].row.status;
        came[body].confirmed += now != before->cert[i] && now == STORE_CERT_VALID;
        came[body].revoked += now != before->cert[i] && now != STORE_CERT_VALID;
    }
}

void outcome_tell(unsigned long executions)
{
    fprintf(stderr, "%lu transactions\n%-10s %10s %10s %10s %10s %10s %10s %10s %10s %10s %10s\n", executions,
            "body", "sent", "decoded", "past prot.", "granted", "waiting", "confirmed", "revoked", "stored",
            "again", "refused");
    for (int body = 0; body <= PKI_BODY_COUNT; body++)
        if (came[body].sent != 0)
            fprintf(stderr, "%-10s %10lu %10lu %10lu %10lu %10lu %10lu %10lu %10lu %10lu %10lu\n",
                    pki_body_name(body), came[body].sent, came[body].whole, came[body].authenticated,
                    came[body].granted, came[body].waits, came[body].confirmed, came[body].revoked,
                    came[body].stored, came[body].again, came[body].refused);
    fprintf(stderr, "%-10s", "past prot.");
    for (int state = 0; state < STATES; state++)
        fprintf(stderr, " %11s", state_names[state]);
    for (int body = 0; body <= PKI_BODY_COUNT; body++) {
        if (came[body].authenticated == 0)
            continue;
        fprintf(stderr, "\n%-10s", pki_body_name(body));
        for (int state = 0; state < STATES; state++)
            fprintf(stderr, " %11lu", came[body].in[state]);
    }
    fputc('\n', stderr);
}

#define REQUEST_OF(name) cmp_##name.request,

int outcome_is_covered(void)
{
    const int bodies[] = {CMP_OPERATIONS(REQUEST_OF)};
    int covered = 1;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (int state = 0; state < STATES; state++)
            if (came[bodies[i]].in[state] == 0) {
                fprintf(stderr, "no %s got past its protection in a transaction that is %s\n",
                        pki_body_name(bodies[i]), state_names[state]);
                covered = 0;
            }
    return covered;
}
