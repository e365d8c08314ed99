/* Whole transactions against the protocol core. The input is a script: who sends which message of which
 * transaction, in which state that is, what is changed in the tree of the message's elements, and how the
 * store fails. Proof of possession and protection are made after the changes, so that most of them get past.
 * How each body is made, and who sends it, is a table (bodies.c); what must hold after each message is in
 * outcome.c, whose tables tell at the end how far the messages came. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/change.h"
#include "tests/support/approvers.h"
#include "tests/support/mirror.h"
#include "tests/support/reseal.h"

enum {
    MESSAGES_MAX = 6, /* of a script */
    REQUEST_MAX = 32 * 1024,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int fuzz_is_covered(void);

static struct world *world;
static unsigned long executions;

int fuzz_is_covered(void)
{
    return outcome_is_covered();
}

static void stop(void)
{
    mirror_free(world->mirror);
    outcome_tell(executions);
}

static void start(void)
{
    stage_start();
    world = stage.world;
    approvers_make(world);
    change_start(world->arena);
    atexit(stop);
}

/* ---- a message ---- */

/* Which row of the table it is of stands in the low bits of |kind|. */
enum { FRESH = 0x80, IMPLICIT = 0x40, CMP2021 = 0x20, MOST_LIKELY = 0x10 };

/* The message of the next lines of the script; one in sixteen is what this sender sent before. */
static struct bytes compose(struct script *script, struct session *session, unsigned kind)
{
    static const unsigned often[8] = {0, 0, 1, 1, 1, 2, 2, 3};
    const struct body_row *row = &body_rows[kind % BODIES];
    unsigned how = script_next(script), changes;
    struct der_node *message;

    if (how % 16 == 15 && session->octets.len != 0)
        return session->octets;
    if ((kind & FRESH) != 0)
        stage_begin(session);
    if (row->body == PKI_CCR && (kind & MOST_LIKELY) != 0)
        stage_certify_cas(session);
    session->client.header.implicit_confirm = (kind & IMPLICIT) != 0;
    session->client.header.pvno = (kind & CMP2021) != 0 ? PKI_CMP2021 : PKI_CMP2000;
    message = der_tree_parse(world->arena, row->build(session, row->body, script_next(script)));
    changes = often[script_next(script) % 8];
    for (unsigned i = 0; i < changes; i++)
        change_message(world->arena, script, &message);
    if (how % 8 != 7)
        reseal_pop(&session->client, message);
    if ((how & 0x60) == 0x60) /* under a protection that is right, over a proof that need not be */
        change_message(world->arena, script, &message);
    if (how % 16 != 14)
        reseal_protection(&session->client, message);
    if ((how & 0xf0) == 0xf0)
        change_message(world->arena, script, &message);
    session->octets = der_tree_write(world->arena, message);
    return session->octets;
}

/* ---- one message ---- */

/* Most messages find a store that works. */
static int disturb(unsigned how)
{
    world->fail_fetch_at = world->fail_commit_at = 0;
    world->fetches_seen = world->commits_seen = 0;
    world->keys_unavailable = world->decide_refuses = world->decide_modifies = 0;
    world->unknown_was_done = 0;
    switch (how >> 4) {
    case 15:
        world->fail_fetch_at = 1 + how % 4;
        return 1;
    case 14:
    case 13:
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNKNOWN;
        world->unknown_was_done = how >> 4 == 14;
        if (how % 4 == 0)
            world->fail_fetch_at = 1 + how / 4 % 4;
        return 1;
    case 12:
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNAVAILABLE;
        return 1;
    case 11:
        world->keys_unavailable = 1;
        return 1;
    case 10:
        world->decide_refuses = how % 2 == 0;
        world->decide_modifies = how % 2 != 0;
        return 0;
    default:
        return 0;
    }
}

static struct answer send_octets(const struct session *session, struct bytes octets, int disturbed,
                                 enum state state)
{
    struct before before = outcome_look(world);
    struct answer answer =
        world_send_to(world, &(struct cmp_route){.profile = session->profile, .body = -1}, octets);

    outcome_check(world, &before, &answer, disturbed);
    outcome_count(world, &before, &answer, octets, state);
    return answer;
}

/* What comes later follows from the first certificate, or from the last answer before that. */
static void keep(struct session *session, struct answer answer)
{
    int goes_on = answer.has_cert || answer.part_count > 1 || answer.status.status == PKI_WAITING ||
                  answer.body == PKI_POLLREP;

    if (!goes_on || stage_has_certificate(session)) {
        answer_free(&answer);
        return;
    }
    answer_free(&session->last);
    session->last = answer;
}

/* ---- the states of a transaction ---- */

/* A message that is as it should be, at a store that works. */
static void go_on(struct session *session, const struct body_row *row)
{
    disturb(0);
    session->octets = row->build(session, row->body, 0);
    world->without_tables = 1; /* many a script begins with the same ones */
    keep(session, send_octets(session, session->octets, 0, AS_IT_IS));
    world->without_tables = 0;
}

static int waits(const struct session *session)
{
    return session->last.arena != NULL && !stage_has_certificate(session);
}

/* |approver|, or enough of them from that on, say so. */
static void say(const struct session *session, unsigned approver, unsigned approvals, int approved)
{
    for (unsigned i = 0; i < approvals; i++)
        approvers_say(world, session->client.header.transaction_id, (int)((approver + i) % APPROVERS),
                      approved);
}

static void wait_for_approval(struct session *session, enum state state, unsigned how)
{
    unsigned enough = world->config.approve.approvals;

    if (!waits(session) || state == WAITING)
        return;
    if (state == DENIED)
        say(session, how, 1, 0);
    else if (state != LATE || how % 2 != 0)
        say(session, how, state == APPROVED && how % 16 == 15 ? 1 : enough, 1);
    if (state == LATE)
        world->now += STAGE_HOUR;
    if (state == UNCONFIRMED || state == CONFIRMED)
        go_on(session, body_row_of(PKI_POLLREQ));
}

/* A new transaction, brought to |state|: |how| says by which request, by whose word, and if it had to wait
 * for one where it need not. Returns whose it is. */
static struct session *bring(struct session *session, enum state state, unsigned how)
{
    static const int firsts[] = {PKI_IR, PKI_CR, PKI_P10CR, PKI_KUR, PKI_RR, PKI_CCR};
    enum { OFTEN = sizeof firsts / sizeof firsts[0], WAITS = 0x80 };
    const struct body_row *row = body_row_of(firsts[how % OFTEN]);
    unsigned when = world->config.approve.when;
    struct bytes first;

    session = body_sender(session, row);
    stage_begin(session);
    session->client.header.implicit_confirm = 0;
    session->client.header.pvno = PKI_CMP2000;
    if (row->body == PKI_CCR)
        stage_certify_cas(session);
    world->config.approve.when = (state != UNCONFIRMED && state != CONFIRMED) || (how & WAITS) != 0
                                     ? CONFIG_APPROVE_ALWAYS | CONFIG_APPROVE_REVOCATION
                                     : 0;
    go_on(session, row);
    first = session->octets;
    wait_for_approval(session, state, how / OFTEN);
    world->config.approve.when = when;
    if (state == CONFIRMED && !waits(session) && session->last.arena != NULL)
        go_on(session, body_row_of(PKI_CERTCONF));
    session->octets = first;
    return session;
}

/* ---- one script ---- */

/* Half of the messages that make no sense but after another, or from another, come so. An upstream's and an
 * RA's have the transactionID of |session|. */
static struct session *most_likely(struct session *session, unsigned kind)
{
    const struct body_row *row = &body_rows[kind % BODIES];
    struct session *by;

    if ((kind & MOST_LIKELY) == 0)
        return session;
    by = body_sender(session, row);
    if (row->by >= SENDERS || row->body == PKI_NESTED)
        memcpy(by->client.transaction_id, session->client.transaction_id, sizeof by->client.transaction_id);
    if (row->after != AS_IT_IS && by->last.arena == NULL)
        bring(by, row->after, 0);
    return by;
}

enum { ADDED = 6, BATCH = 7, WAYS = 8 }; /* half a dozen of the ways are alone */

/* What an RA makes of |octets|: it adds its protection, or sends them with what another has sent before (RFC
 * 9483 5.2.2). A message whose header cannot be read has no protection added. */
static struct bytes relay(struct bytes octets, unsigned way)
{
    static const uint8_t own_id[16] = {0xba}, own_nonce[16] = {0xbb};
    struct client *client = &stage.ra;
    struct bytes messages[1 + SENDERS];

    client->header.recip_nonce = bytes_of(NULL, 0);
    if (way == ADDED && body_is_readable(octets))
        return client_add_protection(client, octets);
    client->header.transaction_id = bytes_of(own_id, sizeof own_id);
    client->header.sender_nonce = bytes_of(own_nonce, sizeof own_nonce);
    return client_nest(client, messages, bodies_of_all(messages, octets));
}

/* Who sends by which way in which state is in one octet, as far as it goes. */
static void send(struct script *script)
{
    unsigned who = script_next(script), way = who / SENDERS % WAYS;
    enum state state = (enum state)(who / SENDERS / WAYS);
    struct session *session = &stage.sessions[who % SENDERS];
    unsigned fault = script_next(script), kind = script_next(script);
    struct bytes octets;
    int disturbed;

    if (state != AS_IT_IS)
        session = bring(session, state, script_next(script));
    session = most_likely(session, kind);
    octets = compose(script, session, kind);
    if (octets.len > REQUEST_MAX)
        return;
    if (way == ADDED || way == BATCH)
        octets = relay(octets, way);
    disturbed = disturb(fault);
    keep(session, send_octets(session, octets, disturbed, state));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, data + size};
    struct arena *before;
    unsigned traits;

    if (world == NULL)
        start();
    executions++;
    before = world->arena;
    world->arena = arena_new(16 * 1024 * 1024); /* what the clients make goes with the script */
    traits = script_next(&script);
    stage_open(traits, script_next(&script));
    for (int i = 0; i < MESSAGES_MAX && script.at < script.end; i++)
        send(&script);
    for (int i = 0; i < SESSIONS; i++)
        answer_free(&stage.sessions[i].last);
    arena_free(world->arena);
    world->arena = before;
    return 0;
}
