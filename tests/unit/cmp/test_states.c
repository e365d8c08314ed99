/* Every body against every state of a transaction: the table in ARCHITECTURE.md, "Transactions", cell by
 * cell. */
#include "server/pki/confirmation.h"
#include "server/pki/polling.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(states, .init = set_up, .fini = tear_down);

enum state { NONE, WAIT_CONFIRM, CONFIRMED, IMPLICIT, REJECTED, ENDED, WAITING, STATES };

/* What comes back: a body without a refusal, or, from REFUSED on, a refusal with that failInfo. */
enum { REFUSED = 100 };

static const enum store_tx_state rows[STATES] = {
    [WAIT_CONFIRM] = STORE_TX_WAIT_CONFIRM, [CONFIRMED] = STORE_TX_CONFIRMED, [IMPLICIT] = STORE_TX_CONFIRMED,
    [REJECTED] = STORE_TX_REJECTED,         [ENDED] = STORE_TX_ENDED,         [WAITING] = STORE_TX_WAITING};

/* In use, whatever became of it. */
#define IN_USE (REFUSED + PKI_TRANSACTION_ID_IN_USE)
#define BAD (REFUSED + PKI_BAD_REQUEST)
#define NO_RA (REFUSED + PKI_NOT_AUTHORIZED) /* whatever the state is: it has no part in the transaction */

static const struct cell_row {
    int body;
    int told[STATES];
    enum store_tx_state after[STATES]; /* 0: as before */
} table[] = {
    {PKI_IR, {PKI_IP, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {STORE_TX_WAIT_CONFIRM}},
    {PKI_CR, {PKI_CP, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {STORE_TX_WAIT_CONFIRM}},
    {PKI_P10CR, {PKI_CP, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {STORE_TX_WAIT_CONFIRM}},
    {PKI_KUR, {-1, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {0}},
    {PKI_CCR, {REFUSED + PKI_NOT_AUTHORIZED, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {0}},
    {PKI_RR, {-1, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE, IN_USE}, {0}},
    {PKI_CERTCONF,
     {BAD, PKI_PKICONF, REFUSED + PKI_CERT_CONFIRMED, REFUSED + PKI_CERT_CONFIRMED,
      REFUSED + PKI_CERT_REVOKED, BAD, BAD},
     {[WAIT_CONFIRM] = STORE_TX_CONFIRMED}},
    {PKI_ERROR,
     {BAD, PKI_PKICONF, BAD, BAD, BAD, BAD, PKI_PKICONF},
     {[WAIT_CONFIRM] = STORE_TX_ENDED, [WAITING] = STORE_TX_ENDED}},
    {PKI_POLLREQ, {BAD, PKI_IP, BAD, PKI_IP, BAD, BAD, PKI_POLLREP}, {0}},
    {PKI_GENM, {PKI_GENP, PKI_GENP, PKI_GENP, PKI_GENP, PKI_GENP, PKI_GENP, PKI_GENP}, {0}},
    {PKI_NESTED, {NO_RA, NO_RA, NO_RA, NO_RA, NO_RA, NO_RA, NO_RA}, {0}},
    {PKI_IP, {BAD, BAD, BAD, BAD, BAD, BAD, BAD}, {0}},
    {PKI_PKICONF, {BAD, BAD, BAD, BAD, BAD, BAD, BAD}, {0}},
    {PKI_POLLREP, {BAD, BAD, BAD, BAD, BAD, BAD, BAD}, {0}},
};

static struct answer send_body(int type, const struct answer *after, const char *body)
{
    if (after->body >= 0)
        client_next(&client, after);
    return world_send(world, client_message(&client, type, hex(world->arena, body)));
}

/* The client's transaction is in |state|; returns the last answer, the first request in |*request|. */
static struct answer bring_to(enum state state, struct bytes *request, struct answer *first)
{
    struct answer next = {.body = -1};

    world_forget(world);
    client_cleanup(&client);
    client_init(&client, world, 0);
    world->config.approve =
        (struct config_approve_rules){.when = state == WAITING ? CONFIG_APPROVE_ALWAYS : 0,
                                      .approvals = 1,
                                      .check_after_seconds = 1,
                                      .expire_hours = 1,
                                      .per_day = 100,
                                      .open = 1};
    *first = (struct answer){.body = -1};
    if (state == NONE)
        return next;
    client.header.implicit_confirm = state == IMPLICIT;
    *request = client_request(&client, PKI_IR);
    *first = world_send(world, *request);
    client.header.implicit_confirm = 0;
    world->config.approve.when = 0;
    if (state == CONFIRMED || state == REJECTED)
        next = world_send(world, client_confirm(&client, first, state == CONFIRMED ? -1 : PKI_REJECTION));
    if (state == ENDED)
        next = send_body(PKI_ERROR, first, "30 05 30 03 02 01 02");
    cr_assert_eq(world_tx_of(world, client.header.transaction_id)->state, rows[state], "state %d", state);
    return next;
}

static struct answer send_in(int body, const struct answer *last, const struct answer *first)
{
    struct bytes content;

    switch (body) {
    case PKI_CERTCONF:
        if (first->has_cert)
            return world_send(world, client_confirm(&client, first, -1));
        must(pki_encode_cert_conf(&content, world->arena,
                                  &(struct cert_status){.cert_hash = bytes_of(client.nonce, 16)}));
        if (last->body >= 0)
            client_next(&client, last);
        return world_send(world, client_message(&client, PKI_CERTCONF, content));
    case PKI_ERROR:
        return send_body(PKI_ERROR, last, "30 05 30 03 02 01 02");
    case PKI_POLLREQ:
    case PKI_POLLREP:
        return send_body(body, last, "30 05 30 03 02 01 00");
    case PKI_GENM:
        return send_body(PKI_GENM, last, "30 00");
    case PKI_NESTED:
        return send_body(PKI_NESTED, last, "30 00");
    case PKI_IP:
        return send_body(body, last, "30 02 30 00");
    case PKI_PKICONF:
        return send_body(body, last, "05 00");
    case PKI_RR:
        return world_send(world, client_revoke(&client, &world->device.cert, 0));
    default:
        break;
    }
    client.header.recip_nonce = bytes_of(NULL, 0);
    client_cleanup(&client);
    client.key = private_key_generate(KEY_P256, 0);
    return world_send(world, client_request(&client, body));
}

Test(states, each_body_in_each_state)
{
    for (size_t r = 0; r < sizeof table / sizeof table[0]; r++)
        for (enum state state = NONE; state < STATES; state++) {
            const struct cell_row *row = &table[r];
            int told = row->told[state];
            struct answer first, last, answer;
            struct bytes request;
            const struct store_tx *tx;
            if (told < 0)
                continue; /* needs a certificate of this CA: test_op_enroll.c, test_op_revoke.c */
            last = bring_to(state, &request, &first);
            answer = send_in(row->body, last.body >= 0 ? &last : &first, &first);
            if (told >= REFUSED) {
                cr_expect(answer.result.refused, "%s in state %d: %s", pki_body_name(row->body), state,
                          pki_body_name(answer.body));
                cr_expect_eq((int)answer.result.fail_info, told - REFUSED, "%s in state %d: %s, %s",
                             pki_body_name(row->body), state, pki_failure_name(answer.result.fail_info),
                             answer.result.text);
            } else {
                cr_expect_eq(answer.body, told, "%s in state %d: %s, %s", pki_body_name(row->body), state,
                             pki_body_name(answer.body), answer.result.text);
                cr_expect_not(answer.result.refused);
            }
            tx = world_tx_of(world, client.header.transaction_id);
            if (state == NONE && row->after[NONE] == 0)
                cr_expect_null(tx);
            else
                cr_expect_eq(tx->state, row->after[state] != 0 ? row->after[state] : rows[state],
                             "%s in state %d leaves it in %d", pki_body_name(row->body), state, tx->state);
            world_check(world);
            answer_free(&answer);
            if (last.body >= 0)
                answer_free(&last);
            if (first.body >= 0)
                answer_free(&first);
        }
}

/* What is announced has no transaction, whatever transactionID it comes with: nobody's is touched. */
Test(states, announcements_in_each_state)
{
    static const int bodies[] = {PKI_CKUANN, PKI_CANN, PKI_RANN, PKI_CRLANN};

    for (size_t b = 0; b < sizeof bodies / sizeof bodies[0]; b++)
        for (enum state state = NONE; state < STATES; state++) {
            struct answer first, last, answer;
            struct bytes request;
            const struct store_tx *tx;
            last = bring_to(state, &request, &first);
            answer = send_body(bodies[b], last.body >= 0 ? &last : &first, "30 00");
            cr_expect_eq(answer.result.end, JOB_FORBIDDEN, "%s in state %d", pki_body_name(bodies[b]), state);
            tx = world_tx_of(world, client.header.transaction_id);
            cr_expect_eq(tx != NULL ? (int)tx->state : 0, (int)rows[state], "%s in state %d",
                         pki_body_name(bodies[b]), state);
            world_check(world);
            answer_free(&answer);
            if (last.body >= 0)
                answer_free(&last);
            if (first.body >= 0)
                answer_free(&first);
        }
}

/* The first request, octet for octet. */
Test(states, the_same_request_in_each_state)
{
    static const int told[STATES] = {[WAIT_CONFIRM] = PKI_IP,
                                     [CONFIRMED] = PKI_IP,
                                     [IMPLICIT] = PKI_IP,
                                     [REJECTED] = REFUSED + PKI_CERT_REVOKED,
                                     [ENDED] = REFUSED + PKI_CERT_REVOKED,
                                     [WAITING] = PKI_IP};

    for (enum state state = WAIT_CONFIRM; state < STATES; state++) {
        struct answer first, answer, last;
        struct bytes request;
        last = bring_to(state, &request, &first);
        answer = world_send(world, request);
        cr_expect_eq(answer.body, PKI_IP);
        cr_expect_eq(answer.result.refused, told[state] >= REFUSED, "state %d", state);
        if (answer.result.refused)
            cr_expect_eq((int)answer.result.fail_info, told[state] - REFUSED, "state %d", state);
        else
            cr_expect_eq(answer.has_cert, state != WAITING, "state %d", state);
        cr_expect_eq(world_tx_of(world, client.header.transaction_id)->state, rows[state]);
        answer_free(&answer);
        answer_free(&first);
        if (last.body >= 0)
            answer_free(&last);
    }
}
