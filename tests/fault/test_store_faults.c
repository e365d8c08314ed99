/* A store that fails at each look-up and at each commit of every kind of message, in turn: nothing is done by
 * halves, the peer is told the truth, and the same octets sent again come through. */
#include "server/pki/confirmation.h"
#include "server/pki/polling.h"
#include "server/pki/response.h"
#include "storage/row.h"
#include "tests/support/approvers.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/expect.h"

/* ---- messages ---- */

enum step {
    REQUEST,
    CONFIRM,
    REJECT,
    CONFIRM_WRONGLY,
    GIVE_UP,
    REVOKE,
    HOLD,
    REVOKE_BY_RA,
    BE_HELD,     /* the request, which has to be approved */
    POLL,        /* for it, and nobody has said anything */
    TAKE_UP,     /* … and it was approved */
    HEAR_DENIAL, /* … and it was denied */
    LEAVE,       /* an error message of who does not want to wait any more */
};

enum trait {
    BY_MAC = 1,    /* protected by the shared secret */
    IMPLICIT = 2,  /* implicitConfirm is asked for and granted */
    ONE_TIME = 4,  /* the secret is good for one transaction */
    UNIQUE = 8,    /* the profile wants no key certified twice */
    BY_OWN = 16,   /* signed by a certificate of the CA itself */
    REPLAYED = 32, /* it was answered before */
    NESTED = 64,   /* an RA has added its protection (RFC 9483 5.2.2.1) */
    SEVERAL = 128, /* three requests in one message */
};

/* The message that the store fails under. What comes before it in its transaction is not disturbed. */
struct plan {
    const char *name;
    enum step step;
    int body; /* of the request that begins the transaction */
    unsigned traits;
};

static const struct plan plans[] = {
    {"ir", REQUEST, PKI_IR, 0},
    {"ir, implicit", REQUEST, PKI_IR, IMPLICIT},
    {"ir, MAC", REQUEST, PKI_IR, BY_MAC},
    {"ir, MAC, implicit", REQUEST, PKI_IR, BY_MAC | IMPLICIT},
    {"cr", REQUEST, PKI_CR, 0},
    {"cr, implicit", REQUEST, PKI_CR, IMPLICIT},
    {"cr, MAC", REQUEST, PKI_CR, BY_MAC},
    {"cr, MAC, implicit", REQUEST, PKI_CR, BY_MAC | IMPLICIT},
    {"cr, own certificate", REQUEST, PKI_CR, BY_OWN},
    {"p10cr", REQUEST, PKI_P10CR, 0},
    {"p10cr, implicit", REQUEST, PKI_P10CR, IMPLICIT},
    {"p10cr, MAC", REQUEST, PKI_P10CR, BY_MAC},
    {"p10cr, MAC, implicit", REQUEST, PKI_P10CR, BY_MAC | IMPLICIT},
    {"kur", REQUEST, PKI_KUR, BY_OWN},
    {"kur, implicit", REQUEST, PKI_KUR, BY_OWN | IMPLICIT},
    {"ir, one-time secret", REQUEST, PKI_IR, BY_MAC | ONE_TIME},
    {"p10cr, one-time secret, implicit", REQUEST, PKI_P10CR, BY_MAC | ONE_TIME | IMPLICIT},
    {"ir, unique keys", REQUEST, PKI_IR, UNIQUE},
    {"kur, unique keys", REQUEST, PKI_KUR, BY_OWN | UNIQUE},
    {"ir again", REQUEST, PKI_IR, REPLAYED},
    {"ir again, MAC, implicit", REQUEST, PKI_IR, BY_MAC | IMPLICIT | REPLAYED},
    {"ir again, one-time secret", REQUEST, PKI_IR, BY_MAC | ONE_TIME | REPLAYED},
    {"p10cr again", REQUEST, PKI_P10CR, REPLAYED},
    {"kur again", REQUEST, PKI_KUR, BY_OWN | REPLAYED},
    {"certConf", CONFIRM, PKI_IR, 0},
    {"certConf, MAC", CONFIRM, PKI_CR, BY_MAC},
    {"certConf of p10cr", CONFIRM, PKI_P10CR, 0},
    {"certConf of kur", CONFIRM, PKI_KUR, BY_OWN},
    {"certConf, one-time secret", CONFIRM, PKI_IR, BY_MAC | ONE_TIME},
    {"certConf again", CONFIRM, PKI_IR, REPLAYED},
    {"certConf again, MAC", CONFIRM, PKI_IR, BY_MAC | REPLAYED},
    {"certConf that rejects", REJECT, PKI_IR, 0},
    {"certConf that rejects, MAC", REJECT, PKI_P10CR, BY_MAC},
    {"certConf that rejects, of kur", REJECT, PKI_KUR, BY_OWN},
    {"certConf that rejects, again", REJECT, PKI_IR, REPLAYED},
    {"certConf that is wrong", CONFIRM_WRONGLY, PKI_IR, 0},
    {"certConf that is wrong, MAC", CONFIRM_WRONGLY, PKI_CR, BY_MAC},
    {"certConf that is wrong, of kur", CONFIRM_WRONGLY, PKI_KUR, BY_OWN},
    {"error", GIVE_UP, PKI_IR, 0},
    {"error, MAC", GIVE_UP, PKI_P10CR, BY_MAC},
    {"error in kur", GIVE_UP, PKI_KUR, BY_OWN},
    {"error again", GIVE_UP, PKI_IR, REPLAYED},
    {"rr", REVOKE, PKI_RR, BY_OWN},
    {"rr for a hold", HOLD, PKI_RR, BY_OWN},
    {"rr again", REVOKE, PKI_RR, BY_OWN | REPLAYED},
    {"rr by an RA", REVOKE_BY_RA, PKI_RR, BY_OWN},
    {"rr by an RA, again", REVOKE_BY_RA, PKI_RR, BY_OWN | REPLAYED},
    {"ir that has to wait", BE_HELD, PKI_IR, 0},
    {"ir that has to wait, MAC", BE_HELD, PKI_IR, BY_MAC},
    {"ir that has to wait, again", BE_HELD, PKI_IR, REPLAYED},
    {"ir that has to wait, one-time secret", BE_HELD, PKI_IR, BY_MAC | ONE_TIME},
    {"p10cr that has to wait", BE_HELD, PKI_P10CR, 0},
    {"kur that has to wait", BE_HELD, PKI_KUR, BY_OWN},
    {"pollReq", POLL, PKI_IR, 0},
    {"pollReq, MAC", POLL, PKI_CR, BY_MAC},
    {"pollReq of kur", POLL, PKI_KUR, BY_OWN},
    {"pollReq, again", POLL, PKI_IR, REPLAYED},
    {"approved ir", TAKE_UP, PKI_IR, 0},
    {"approved ir, implicit", TAKE_UP, PKI_IR, IMPLICIT},
    {"approved cr, MAC", TAKE_UP, PKI_CR, BY_MAC},
    {"approved p10cr, one-time secret", TAKE_UP, PKI_P10CR, BY_MAC | ONE_TIME},
    {"approved kur", TAKE_UP, PKI_KUR, BY_OWN},
    {"approved ir, again", TAKE_UP, PKI_IR, REPLAYED},
    {"denied ir", HEAR_DENIAL, PKI_IR, 0},
    {"denied cr, MAC", HEAR_DENIAL, PKI_CR, BY_MAC},
    {"denied kur, again", HEAR_DENIAL, PKI_KUR, BY_OWN | REPLAYED},
    {"error while it waits", LEAVE, PKI_IR, 0},
    {"error while it waits, MAC", LEAVE, PKI_CR, BY_MAC},
    {"ir, nested", REQUEST, PKI_IR, NESTED},
    {"ir, MAC, nested, again", REQUEST, PKI_IR, BY_MAC | NESTED | REPLAYED},
    {"kur, nested", REQUEST, PKI_KUR, BY_OWN | NESTED},
    {"certConf, MAC, nested", CONFIRM, PKI_IR, BY_MAC | NESTED},
    {"rr, nested", REVOKE, PKI_RR, BY_OWN | NESTED},
    {"ir with three requests", REQUEST, PKI_IR, SEVERAL},
    {"cr with three requests, MAC, implicit", REQUEST, PKI_CR, BY_MAC | IMPLICIT | SEVERAL},
    {"ir with three requests, one-time secret", REQUEST, PKI_IR, BY_MAC | ONE_TIME | SEVERAL},
    {"ir with three requests, unique keys, again", REQUEST, PKI_IR, UNIQUE | REPLAYED | SEVERAL},
    {"certConf of three", CONFIRM, PKI_IR, SEVERAL},
    {"certConf of three, MAC, again", CONFIRM, PKI_IR, BY_MAC | REPLAYED | SEVERAL},
    {"certConf of three that rejects one", REJECT, PKI_IR, SEVERAL},
    {"certConf of three that is wrong", CONFIRM_WRONGLY, PKI_IR, SEVERAL},
    {"error after three", GIVE_UP, PKI_CR, SEVERAL},
    {"error after three, again", GIVE_UP, PKI_IR, BY_MAC | REPLAYED | SEVERAL},
};

enum { PLANS = sizeof plans / sizeof plans[0] };

/* ---- a world for each ---- */

static struct world *world;
static struct config_profile config;
static struct cmp_profile profile;
static struct client client, other; /* other: of whoever is faster */
static struct ctl_identity own, ra;
static struct trust ra_trust;
static struct answer first;  /* to the request of the transaction */
static struct bytes request; /* the message that the store fails under */
static int is_of_several;

static void set_up(void)
{
    world = world_new(KEY_P256);
    config = world->config;
    profile = world->profile;
    approvers_make(world);
    issue_ra(world, &ra, &ra_trust);
}

static void forget(void)
{
    client_cleanup(&client);
    client_cleanup(&other);
    ctl_identity_cleanup(&own);
    own.key = NULL;
    if (first.arena != NULL)
        answer_free(&first);
    world->config = config;
    world->profile = profile;
    world->secrets[0].row.reusable = 1;
    world->secrets[0].row.expires = 0;
    world->secret_count = 1;
    world_forget(world);
}

static void tear_down(void)
{
    forget();
    ctl_identity_cleanup(&ra);
    trust_cleanup(&ra_trust);
    approvers_free();
    world_free(world);
}

TestSuite(store_faults, .init = set_up, .fini = tear_down);

static void take_own_certificate(void)
{
    client.header.implicit_confirm = 1;
    first = world_send(world, client_request(&client, PKI_IR));
    must(first.has_cert);
    client_adopt(&client, &first, &own);
    answer_free(&first);
    client.header.implicit_confirm = 0;
    client.subject = own.cert.subject;
}

static struct bytes confirm(int64_t status)
{
    return is_of_several ? several_statuses(&client, &first, 7, status == PKI_REJECTION ? 2 : 0)
                         : client_confirm(&client, &first, status);
}

static struct bytes request_of(int body)
{
    return is_of_several ? several_requests(&client, body, 3) : client_request(&client, body);
}

static int has_certificates(const struct answer *answer)
{
    size_t granted = 0;

    for (size_t i = 0; i < answer->part_count; i++)
        granted += (size_t)answer->parts[i].has_cert;
    return is_of_several ? granted == 3 : answer->has_cert;
}

static struct bytes wrong_confirmation(void)
{
    static const uint8_t zeros[32];
    const struct cert_status entry = {.cert_hash = bytes_of(zeros, sizeof zeros),
                                      .cert_req_id = first.response.cert_req_id};
    struct bytes body;

    must(pki_encode_cert_conf(&body, world->arena, &entry));
    client_next(&client, &first);
    return client_message(&client, PKI_CERTCONF, body);
}

static struct bytes error_message(void)
{
    const struct pki_status_info status = {.status = PKI_REJECTION};
    struct bytes body;

    must(pki_encode_error(&body, world->arena, &status));
    client_next(&client, &first);
    return client_message(&client, PKI_ERROR, body);
}

static int waits(enum step step)
{
    return step >= BE_HELD;
}

static struct bytes poll(void)
{
    struct bytes body;

    must(pki_encode_poll_req(&body, world->arena, PKI_POLL_WHOLE));
    client_next(&client, &first);
    return client_message(&client, PKI_POLLREQ, body);
}

/* What comes before the message in a transaction that waits. */
static void begin_to_wait(enum step step, int body)
{
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = 60,
                                                          .expire_hours = 1,
                                                          .per_day = 10,
                                                          .open = 2};
    if (step == BE_HELD)
        return;
    first = world_send(world, client_request(&client, body));
    must(first.status.status == PKI_WAITING);
    if (step == TAKE_UP || step == HEAR_DENIAL)
        approvers_say(world, client.header.transaction_id, 0, step == TAKE_UP);
}

static struct bytes message_of(enum step step, int body)
{
    if (step >= CONFIRM && step <= GIVE_UP) {
        first = world_send(world, request_of(body));
        must(has_certificates(&first));
    }
    if (waits(step))
        begin_to_wait(step, body);
    switch (step) {
    case CONFIRM:
        return confirm(-1);
    case REJECT:
        return confirm(PKI_REJECTION);
    case CONFIRM_WRONGLY:
        return wrong_confirmation();
    case GIVE_UP:
        return error_message();
    case REVOKE_BY_RA:
        world->profile.ras = &ra_trust;
        client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
        return client_revoke(&client, &own.cert, 1);
    case REVOKE:
        return client_revoke(&client, &own.cert, 1);
    case HOLD:
        return client_revoke(&client, &own.cert, 6);
    case POLL:
    case TAKE_UP:
    case HEAR_DENIAL:
        return poll();
    case LEAVE:
        return error_message();
    default:
        return request_of(body);
    }
}

static struct bytes add_protection(struct bytes message)
{
    struct client relay;
    struct bytes nested;

    world->profile.ras = &ra_trust;
    client_init(&relay, world, 0);
    client_sign_by(&relay, &ra, &world->vendor_ca.cert_der, 1);
    nested = client_add_protection(&relay, message);
    client_cleanup(&relay);
    return nested;
}

static int good_body(const struct plan *plan)
{
    switch (plan->step) {
    case REQUEST:
    case BE_HELD:
    case TAKE_UP:
    case HEAR_DENIAL:
        return plan->body == PKI_IR ? PKI_IP : plan->body == PKI_KUR ? PKI_KUP : PKI_CP;
    case CONFIRM_WRONGLY:
        return PKI_ERROR;
    case REVOKE:
    case HOLD:
    case REVOKE_BY_RA:
        return PKI_RP;
    case POLL:
        return PKI_POLLREP;
    default:
        return PKI_PKICONF;
    }
}

static void expect_stored(const struct answer *answer, const struct certificate *held, const char *name)
{
    const struct store_cert *cert = world_cert_of(world, held->serial);
    const struct store_tx *tx;

    cr_assert_not_null(cert, "%s: a certificate that is not in the store", name);
    cr_assert(bytes_equal(cert->certificate, held->der), "%s", name);
    tx = world_tx_of(world, cert->transaction_id);
    cr_assert_eq(tx->implicit_confirm, answer->message.header.implicit_confirm, "%s", name);
    cr_assert_eq(tx->state == STORE_TX_WAIT_CONFIRM, cert->status == STORE_CERT_UNCONFIRMED, "%s", name);
}

/* What the peer holds, the store holds. */
static void expect_held(const struct answer *answer, const char *name)
{
    if (answer->has_cert)
        expect_stored(answer, &answer->cert, name);
    for (size_t i = 0; i < answer->part_count && answer->part_count > 1; i++)
        if (answer->parts[i].has_cert)
            expect_stored(answer, &answer->parts[i].cert, name);
}

/* ---- what becomes of a message ---- */

static uint64_t failure_of(const struct answer *answer)
{
    return answer->result.refused ? answer->status.fail_info : 0;
}

static const uint64_t unavailable = UINT64_C(1) << PKI_SYSTEM_UNAVAIL;

/* A wrong certConf is refused where others succeed, and if it has ended the transaction already, with
 * certRevoked; what was denied is refused, too. */
static int is_good(const struct plan *plan, const struct answer *answer)
{
    uint64_t failure = failure_of(answer);

    if (answer->body != good_body(plan))
        return 0;
    if (plan->step == CONFIRM_WRONGLY)
        return failure == UINT64_C(1) << PKI_BAD_CERT_ID || failure == UINT64_C(1) << PKI_CERT_REVOKED;
    if (plan->step == HEAR_DENIAL)
        return failure == UINT64_C(1) << PKI_NOT_AUTHORIZED;
    return failure == 0 && !answer->result.refused &&
           (plan->step != BE_HELD || answer->status.status == PKI_WAITING) &&
           has_certificates(answer) == (plan->step == REQUEST || plan->step == TAKE_UP);
}

static struct answer send_and_check(const struct plan *plan)
{
    struct answer answer = world_send(world, request);

    cr_assert(answer.message.has_protection, "%s", plan->name);
    expect_held(&answer, plan->name);
    world_check(world);
    return answer;
}

static void expect_good(const struct plan *plan, const char *when)
{
    struct answer answer = send_and_check(plan);

    cr_assert(is_good(plan, &answer), "%s, %s: %s, failInfo %llx (%s)", plan->name, when,
              pki_body_name(answer.body), (unsigned long long)failure_of(&answer), answer.result.text);
    answer_free(&answer);
}

struct state {
    size_t txs, certs;
    enum store_tx_state tx[WORLD_ROWS];
    enum store_cert_status cert[WORLD_ROWS];
};

static struct state state_now(void)
{
    struct state out = {.txs = world->tx_count, .certs = world->cert_count};

    for (size_t i = 0; i < world->tx_count; i++)
        out.tx[i] = world->txs[i].row.state;
    for (size_t i = 0; i < world->cert_count; i++)
        out.cert[i] = world->certs[i].row.status;
    return out;
}

static void expect_state(const struct state *wanted, const char *name, const char *when)
{
    struct state now = state_now();

    cr_assert(memcmp(&now, wanted, sizeof now) == 0, "%s, %s: the store is another", name, when);
}

/* Brings the world to where the message of |plan| comes, with all counters at 0. */
static void begin(const struct plan *plan)
{
    forget();
    client_init(&client, world, (plan->traits & BY_MAC) != 0);
    client_init(&other, world, (plan->traits & BY_MAC) != 0);
    world->secrets[0].row.reusable = (plan->traits & ONE_TIME) == 0;
    if ((plan->traits & BY_OWN) != 0)
        take_own_certificate();
    world->config.keys.unique = (plan->traits & UNIQUE) != 0;
    client.header.implicit_confirm = (plan->traits & IMPLICIT) != 0;
    is_of_several = (plan->traits & SEVERAL) != 0;
    request = message_of(plan->step, plan->body);
    if ((plan->traits & NESTED) != 0)
        request = add_protection(request);
    if ((plan->traits & REPLAYED) != 0)
        expect_good(plan, "the first time");
    world->fetches_seen = world->commits_seen = 0;
}

/* ---- faults of the store ---- */

enum fault {
    FETCH_FAILS,          /* the n-th look-up */
    COMMIT_FAILS,         /* nothing was written */
    COMMIT_LOST,          /* unknown, and it was not written */
    COMMIT_DONE,          /* unknown, and it was written */
    COMMIT_LOST_AND_GONE, /* and nobody can be asked whether it was */
    COMMIT_DONE_AND_GONE,
    FAULTS
};

static const char *const fault_names[FAULTS] = {"look-up fails",         "commit fails",
                                                "commit lost",           "commit done, unknown",
                                                "commit lost, no store", "commit done, no store"};

/* |fetches| is how many look-ups come before the commit. */
static void strike(enum fault fault, unsigned n, unsigned fetches)
{
    world->fetches_seen = world->commits_seen = 0;
    world->fail_fetch_at = world->fail_commit_at = 0;
    if (fault == FETCH_FAILS) {
        world->fail_fetch_at = n;
        return;
    }
    world->fail_commit_at = n;
    world->commit_fault = fault == COMMIT_FAILS ? STORE_UNAVAILABLE : STORE_UNKNOWN;
    world->unknown_was_done = fault == COMMIT_DONE || fault == COMMIT_DONE_AND_GONE;
    if (fault == COMMIT_LOST_AND_GONE || fault == COMMIT_DONE_AND_GONE)
        world->fail_fetch_at = fetches + 1;
}

static void heal(void)
{
    world->fail_fetch_at = world->fail_commit_at = 0;
}

struct calls {
    unsigned fetches, commits;
};

static struct calls undisturbed(const struct plan *plan, struct state *end)
{
    begin(plan);
    expect_good(plan, "undisturbed");
    *end = state_now();
    return (struct calls){world->fetches_seen, world->commits_seen};
}

/* Of a store that fails the peer is told systemUnavail (RFC 9483 3.6.4). Only a commit that was done may end
 * well, and only if the store tells so; the refusal of a wrong certConf is known only after it. */
static void expect_truth(const struct plan *plan, enum fault fault, const struct state *before)
{
    struct answer answer = send_and_check(plan);
    int told = fault == COMMIT_DONE && plan->step != CONFIRM_WRONGLY;

    if (told)
        cr_assert(is_good(plan, &answer), "%s, %s: failInfo %llx", plan->name, fault_names[fault],
                  (unsigned long long)failure_of(&answer));
    else
        cr_assert(answer.body == PKI_ERROR && failure_of(&answer) == unavailable, "%s, %s: %s (%s)",
                  plan->name, fault_names[fault], pki_body_name(answer.body), answer.result.text);
    if (fault != COMMIT_DONE && fault != COMMIT_DONE_AND_GONE)
        expect_state(before, plan->name, fault_names[fault]);
    answer_free(&answer);
}

static void disturb(const struct plan *plan, enum fault fault, unsigned n, unsigned fetches,
                    const struct state *end)
{
    struct state before;

    begin(plan);
    before = state_now();
    strike(fault, n, fetches);
    expect_truth(plan, fault, &before);
    /* The fault has struck. */
    cr_assert(fault == FETCH_FAILS ? world->fetches_seen >= n : world->commits_seen >= n, "%s", plan->name);
    cr_assert_geq(world->fetches_seen, world->fail_fetch_at, "%s", plan->name);
    heal();
    expect_good(plan, "sent again");
    expect_state(end, plan->name, "sent again");
    expect_good(plan, "sent a third time");
    expect_state(end, plan->name, "sent a third time");
}

Test(store_faults, each_call_of_each_message_in_turn)
{
    unsigned runs = 0;

    for (size_t i = 0; i < PLANS; i++) {
        struct state end;
        struct calls calls = undisturbed(&plans[i], &end);
        cr_assert_gt(calls.fetches, 0, "%s", plans[i].name);
        cr_assert_eq(calls.commits, (plans[i].traits & REPLAYED) == 0, "%s", plans[i].name);
        for (unsigned n = 1; n <= calls.fetches; n++, runs++)
            disturb(&plans[i], FETCH_FAILS, n, calls.fetches, &end);
        for (unsigned n = 1; n <= calls.commits; n++)
            for (enum fault fault = COMMIT_FAILS; fault < FAULTS; fault++, runs++)
                disturb(&plans[i], fault, n, calls.fetches, &end);
    }
    printf("%u faults\n", runs);
}

/* The retry fails, too, anywhere: the third attempt comes through. What does not strike any more, because a
 * retry calls for less, does no harm. */
Test(store_faults, two_in_a_row, .timeout = 100)
{
    for (size_t i = 0; i < PLANS; i++) {
        struct state end;
        struct calls calls = undisturbed(&plans[i], &end);
        for (enum fault a = COMMIT_FAILS; a < FAULTS && calls.commits != 0; a++)
            for (unsigned b = 0; b < calls.fetches + FAULTS; b++) {
                struct answer answer;
                begin(&plans[i]);
                strike(a, 1, calls.fetches);
                answer = send_and_check(&plans[i]);
                answer_free(&answer);
                if (b < FAULTS)
                    strike((enum fault)b, 1, calls.fetches);
                else
                    strike(FETCH_FAILS, 1 + b - FAULTS, 0);
                answer = send_and_check(&plans[i]);
                cr_assert(is_good(&plans[i], &answer) || failure_of(&answer) == unavailable,
                          "%s, %s, then %u: %s", plans[i].name, fault_names[a], b, answer.result.text);
                answer_free(&answer);
                heal();
                expect_good(&plans[i], "sent a third time");
                expect_state(&end, plans[i].name, "sent a third time");
            }
    }
}

/* ---- somebody is faster ---- */

static void same_message(struct world *w)
{
    struct answer answer = world_send(w, request);
    answer_free(&answer);
}

/* Another request under the same transactionID. */
static void other_request(struct world *w)
{
    struct answer answer;

    memcpy(other.transaction_id, client.transaction_id, sizeof other.transaction_id);
    answer = world_send(w, client_request(&other, PKI_CR));
    must(answer.has_cert);
    answer_free(&answer);
}

/* Another certConf: the device sent it twice, and not the same. */
static void other_confirmation(struct world *w)
{
    struct answer answer = world_send(w, confirm(-1));

    expect_pkiconf(&answer);
}

/* What upkeep does when no certConf came: with each certificate, before the row of the whole. */
static void end_parts(struct world *w)
{
    struct bytes id = client.header.transaction_id;

    for (size_t i = 0; i < w->tx_count; i++) {
        struct store_tx *tx = &w->txs[i].row;
        if (!bytes_equal(store_whole_id(tx->transaction_id), id) || tx->serial.len == 0)
            continue;
        tx->state = STORE_TX_REJECTED;
        world_cert_of(w, tx->serial)->status = STORE_CERT_REVOKED;
    }
}

/* … and then with that. */
static void deadline(struct world *w)
{
    end_parts(w);
    world_tx_of(w, client.header.transaction_id)->state = STORE_TX_REJECTED;
}

/* What upkeep does with what nobody has approved in time. */
static void waiting_is_over(struct world *w)
{
    world_tx_of(w, client.header.transaction_id)->state = STORE_TX_ENDED;
    w->request_count = 0;
}

static void revoke_signer(struct world *w)
{
    world_cert_of(w, own.cert.serial)->status = STORE_CERT_REVOKED;
}

static void hold_signer(struct world *w)
{
    world_cert_of(w, own.cert.serial)->status = STORE_CERT_HOLD;
}

static void withdraw_secret(struct world *w)
{
    w->secret_count = 0;
}

static void let_secret_expire(struct world *w)
{
    w->secrets[0].row.expires = w->now;
}

static void use_secret(struct world *w)
{
    struct answer answer = world_send(w, client_request(&other, PKI_IR));

    must(!answer.result.refused);
    answer_free(&answer);
}

static void use_key(struct world *w)
{
    struct private_key *spare = other.key;
    struct answer answer;

    other.key = client.key;
    answer = world_send(w, client_request(&other, PKI_IR));
    must(answer.has_cert);
    answer_free(&answer);
    other.key = spare;
}

/* Which messages a rival concerns, and what they are told. */
enum { GOOD = -1, SAME = -2 };

static const struct rival {
    const char *name;
    void (*act)(struct world *world);
    unsigned steps; /* bits of enum step */
    unsigned traits;
    int body;    /* of the answer; SAME: as the good one */
    int failure; /* GOOD: none */
    int again;   /* of the answer to the retry */
} rivals[] = {
    {"the same message elsewhere", same_message,
     1 << REQUEST | 1 << CONFIRM | 1 << REJECT | 1 << GIVE_UP | 1 << REVOKE | 1 << HOLD | 1 << REVOKE_BY_RA,
     0, SAME, GOOD, GOOD},
    {"another request with its transactionID", other_request,
     1 << REQUEST | 1 << REVOKE | 1 << HOLD | 1 << REVOKE_BY_RA, 0, PKI_ERROR, PKI_TRANSACTION_ID_IN_USE,
     PKI_TRANSACTION_ID_IN_USE},
    {"another certConf", other_confirmation, 1 << CONFIRM | 1 << REJECT | 1 << CONFIRM_WRONGLY, 0, PKI_ERROR,
     PKI_CERT_CONFIRMED, PKI_CERT_CONFIRMED},
    {"a certConf", other_confirmation, 1 << GIVE_UP, 0, PKI_ERROR, PKI_BAD_REQUEST, PKI_BAD_REQUEST},
    {"the deadline", deadline, 1 << CONFIRM | 1 << REJECT | 1 << CONFIRM_WRONGLY, 0, PKI_ERROR,
     PKI_CERT_REVOKED, PKI_CERT_REVOKED},
    {"the deadline of each certificate", end_parts, 1 << CONFIRM | 1 << REJECT, SEVERAL, PKI_ERROR,
     PKI_CERT_REVOKED, PKI_CERT_REVOKED},
    {"the deadline, of error", deadline, 1 << GIVE_UP, 0, PKI_ERROR, PKI_BAD_REQUEST, PKI_BAD_REQUEST},
    {"the signer is revoked", revoke_signer, 1 << REQUEST, BY_OWN, PKI_ERROR, PKI_SIGNER_NOT_TRUSTED,
     PKI_SIGNER_NOT_TRUSTED},
    {"the signer is put on hold", hold_signer, 1 << REQUEST, BY_OWN, PKI_ERROR, PKI_SIGNER_NOT_TRUSTED,
     PKI_SIGNER_NOT_TRUSTED},
    {"the certificate is revoked", revoke_signer, 1 << REVOKE | 1 << HOLD, BY_OWN, PKI_RP, PKI_CERT_REVOKED,
     PKI_CERT_REVOKED},
    {"the secret is withdrawn", withdraw_secret, 1 << REQUEST, BY_MAC, PKI_ERROR, PKI_NOT_AUTHORIZED,
     PKI_BAD_MESSAGE_CHECK},
    {"the secret expires", let_secret_expire, 1 << REQUEST, BY_MAC, PKI_ERROR, PKI_NOT_AUTHORIZED,
     PKI_BAD_MESSAGE_CHECK},
    {"the secret is used up", use_secret, 1 << REQUEST, BY_MAC | ONE_TIME, PKI_ERROR, PKI_NOT_AUTHORIZED,
     PKI_NOT_AUTHORIZED},
    {"the same poll elsewhere", same_message,
     1 << BE_HELD | 1 << POLL | 1 << TAKE_UP | 1 << HEAR_DENIAL | 1 << LEAVE, 0, SAME, GOOD, GOOD},
    {"the time of the request is over", waiting_is_over, 1 << TAKE_UP | 1 << HEAR_DENIAL, 0, SAME,
     PKI_NOT_AUTHORIZED, PKI_NOT_AUTHORIZED},
    {"the signer of what is to wait is revoked", revoke_signer, 1 << BE_HELD, BY_OWN, PKI_ERROR,
     PKI_SIGNER_NOT_TRUSTED, PKI_SIGNER_NOT_TRUSTED},
    /* the refusal of what was approved ends it */
    {"the signer of what was approved is revoked", revoke_signer, 1 << TAKE_UP, BY_OWN, PKI_ERROR,
     PKI_SIGNER_NOT_TRUSTED, PKI_NOT_AUTHORIZED},
    {"the secret of what is to wait is used up", use_secret, 1 << BE_HELD, BY_MAC | ONE_TIME, PKI_ERROR,
     PKI_NOT_AUTHORIZED, PKI_NOT_AUTHORIZED},
    {"the key is used", use_key, 1 << REQUEST, UNIQUE, SAME, PKI_BAD_CERT_TEMPLATE, PKI_BAD_CERT_TEMPLATE},
};

static void expect_told(const struct plan *plan, const struct rival *rival, int failure, int same_body)
{
    struct answer answer = send_and_check(plan);

    if (failure == GOOD)
        cr_assert(is_good(plan, &answer), "%s, %s: %s", plan->name, rival->name, answer.result.text);
    else
        cr_assert(failure_of(&answer) == UINT64_C(1) << failure &&
                      (!same_body || answer.body == (rival->body == SAME ? good_body(plan) : rival->body)),
                  "%s, %s: %s, failInfo %llx (%s)", plan->name, rival->name, pki_body_name(answer.body),
                  (unsigned long long)failure_of(&answer), answer.result.text);
    cr_assert(failure == GOOD || !answer.has_cert, "%s, %s", plan->name, rival->name);
    answer_free(&answer);
}

static int concerns(const struct rival *rival, const struct plan *plan)
{
    return (rival->steps >> plan->step & 1) != 0 && (plan->traits & REPLAYED) == 0 &&
           (plan->traits & rival->traits) == rival->traits &&
           /* a one-time secret serves one request only */
           !(rival->act == other_request && (plan->traits & ONE_TIME) != 0) &&
           /* of several requests it concerns one (unit/cmp/test_several) */
           !(rival->act == use_key && (plan->traits & SEVERAL) != 0);
}

Test(store_faults, somebody_is_faster)
{
    unsigned runs = 0;

    for (size_t i = 0; i < PLANS; i++)
        for (size_t r = 0; r < sizeof rivals / sizeof rivals[0]; r++) {
            struct state end;
            if (!concerns(&rivals[r], &plans[i]))
                continue;
            begin(&plans[i]);
            world->before_commit = rivals[r].act;
            expect_told(&plans[i], &rivals[r], rivals[r].failure, 1);
            cr_assert_null(world->before_commit, "%s, %s: nothing was to be committed", plans[i].name,
                           rivals[r].name);
            end = state_now();
            expect_told(&plans[i], &rivals[r], rivals[r].again, 0);
            expect_state(&end, plans[i].name, rivals[r].name);
            runs++;
        }
    printf("%u races\n", runs);
}
