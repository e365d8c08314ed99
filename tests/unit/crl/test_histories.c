/* complete.c and shards.c, together with issuer.c: random histories over two nodes. What a reader of CRLs
 * puts together is held against what happened (RFC 5280 5.2.3, 5.2.4, 6.3.3): a full CRL, each former full
 * one that a delta takes as its base, and all shards with what has none. CMPD_SEED takes up a history that
 * failed. */
#include <stdlib.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/crl/issuer.h"
#include "storage/row.h"
#include "tests/unit/crl/fixture.h"

enum {
    HOUR = 3600,
    NODES = 2,
    CERTS_MAX = 4000,
    SHARDS = 5,
    FULLS_MAX = 64, /* former full ones that are kept, to put deltas upon */
    STATE_NONE = 0,
    STATE_HELD,
    STATE_REVOKED
};

/* ---- what happened ---- */

static struct {
    int state, reason, shard;
    int64_t not_after;
} certs[CERTS_MAX];

static uint32_t cert_count;

/* ---- what is read ---- */

/* A reader's CRL: of each certificate, whether it is listed, and as what. */
struct read {
    int64_t number, at, base_number;
    int is_delta, removed_seen;
    uint8_t reason[CERTS_MAX]; /* CRLReason and 1; 0: not listed */
};

struct node {
    struct crl_issuer issuer;
    struct publication *publication;
    int64_t numbers[2 + SHARDS], times[2 + SHARDS]; /* of what it published last */
};

static struct node nodes[NODES];
static struct read fulls[FULLS_MAX];
static size_t full_count;
static int leader;
static struct config_crl config;
static int64_t now, now_ms;
static unsigned seed;

static unsigned below(unsigned n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static void ask_lease(int node, int64_t seconds)
{
    const char holder[2] = {(char)('a' + node), 0};
    struct store_lease lease = {"crl", bytes_str(holder), seconds, 0};
    struct store_unit unit = {.lease = &lease};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static void look(int n)
{
    static const struct store_lease held[NODES] = {{"crl", {(const uint8_t *)"a", 1}, 0, 0},
                                                   {"crl", {(const uint8_t *)"b", 1}, 0, 0}};
    struct crl_turn turn = {.config = &config,
                            .ca = &authority,
                            .store = store,
                            .publication = nodes[n].publication,
                            .shards = SHARDS,
                            .now = now,
                            .now_ms = now_ms,
                            .lease = n == leader ? &held[n] : NULL};

    nodes[n].issuer.took_ms = 0; /* the machine's speed decides nothing here */
    crl_issuer_look(&nodes[n].issuer, &turn);
}

static const char *path_of(int scope)
{
    static char path[32];

    if (scope < 2)
        return scope == 0 ? "/crl/issuing.crl" : "/crl/issuing-delta.crl";
    snprintf(path, sizeof path, "/crl/issuing-%d.crl", scope - 1);
    return path;
}

static uint32_t number_of(struct bytes serial)
{
    const uint8_t *at = serial.data + serial.len - 8;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Returns 0 if nothing is published there. */
static int read_crl(struct read *out, int node, int scope)
{
    struct published *document = publication_find(nodes[node].publication, bytes_str(path_of(scope)));
    struct crl_entry entry;
    struct crl crl;
    CBS rest;

    *out = (struct read){.number = 0};
    if (document == NULL)
        return 0;
    cr_assert(crl_parse(&crl, document->body));
    out->number = crl.number;
    out->at = crl.this_update;
    out->is_delta = crl.is_delta;
    out->base_number = crl.base_number;
    rest = cbs_of(crl.entries);
    while (crl_read_entry(&rest, &entry)) {
        uint32_t n = number_of(entry.serial);
        cr_assert_lt(n, cert_count, "seed: no such certificate");
        cr_assert_eq(out->reason[n], 0, "certificate %u is listed twice", n);
        out->reason[n] = (uint8_t)(entry.reason + 1);
    }
    cr_assert_eq(CBS_len(&rest), 0);
    published_release(document);
    return 1;
}

/* ---- held against each other ---- */

/* What a full CRL of |at| has to say of certificate |n|. */
static int wanted(uint32_t n, int64_t at)
{
    if (certs[n].state == STATE_NONE || certs[n].not_after + BOUND_CRL_EXPIRED_FOR < at)
        return 0;
    return certs[n].reason + 1;
}

static void check_full(const struct read *full)
{
    for (uint32_t n = 0; n < cert_count; n++)
        cr_assert_eq(full->reason[n], wanted(n, full->at), "full %lld, certificate %u: %d, not %d",
                     (long long)full->number, n, full->reason[n], wanted(n, full->at));
}

/* RFC 5280 5.2.4. What has expired may be listed or not. */
static void check_delta(const struct read *base, const struct read *delta)
{
    for (uint32_t n = 0; n < cert_count; n++) {
        int said = delta->reason[n] != 0 ? delta->reason[n] : base->reason[n];
        if (certs[n].not_after + BOUND_CRL_EXPIRED_FOR < delta->at)
            continue;
        if (said == CRL_REASON_REMOVE + 1)
            said = 0;
        cr_assert_eq(said, wanted(n, delta->at), "full %lld with delta %lld, certificate %u: %d, not %d",
                     (long long)base->number, (long long)delta->number, n, said, wanted(n, delta->at));
    }
}

static unsigned deltas_used;

static void check_all_bases(const struct read *delta)
{
    unsigned used = 0;

    cr_assert(delta->is_delta);
    for (size_t i = 0; i < full_count && i < FULLS_MAX; i++)
        if (fulls[i].number >= delta->base_number && fulls[i].number < delta->number) {
            check_delta(&fulls[i], delta);
            used++;
        }
    deltas_used += used;
}

/* Certificates that have long expired have left the one or the other. */
static void check_shards(int node, const struct read *full)
{
    static struct read shard[SHARDS + 1];
    int64_t latest = full->at;

    for (int s = 1; s <= SHARDS; s++) {
        cr_assert(read_crl(&shard[s], node, 1 + s));
        latest = shard[s].at > latest ? shard[s].at : latest;
        for (uint32_t n = 0; n < cert_count; n++)
            cr_assert_eq(shard[s].reason[n], certs[n].shard == s ? wanted(n, shard[s].at) : 0,
                         "shard %d, certificate %u", s, n);
    }
    for (uint32_t n = 0; n < cert_count; n++)
        if (wanted(n, latest) != 0)
            cr_assert(certs[n].shard == 0 || shard[certs[n].shard].reason[n] != 0);
}

/* No older one after a newer one, at any node; and a number means one moment. */
static void check_numbers(int node)
{
    static struct read read;

    for (int scope = 0; scope < 2 + SHARDS; scope++) {
        int64_t *number = &nodes[node].numbers[scope], *at = &nodes[node].times[scope];
        if (!read_crl(&read, node, scope))
            continue;
        cr_assert_geq(read.number, *number);
        if (read.number == *number)
            cr_assert_eq(read.at, *at);
        else
            cr_assert_gt(read.at, *at);
        *number = read.number;
        *at = read.at;
    }
}

static void check(void)
{
    static struct read full, delta;

    for (int node = 0; node < NODES; node++)
        check_numbers(node);
    cr_assert(read_crl(&full, leader, 0));
    cr_assert(read_crl(&delta, leader, 1));
    cr_assert_geq(delta.number, full.number);
    if (full.number == delta.number) {
        cr_assert_eq(full.at, delta.at, "one number is one moment");
        check_full(&full);
    }
    check_all_bases(&delta);
    if (full_count == 0 || fulls[(full_count - 1) % FULLS_MAX].number != full.number)
        fulls[full_count++ % FULLS_MAX] = full;
    check_shards(leader, &full);
    for (int scope = 0; scope < 2 + SHARDS; scope++)
        for (int node = 1; node < NODES; node++)
            cr_assert_eq(nodes[node].numbers[scope], nodes[0].numbers[scope], "scope %d", scope);
}

/* ---- steps ---- */

static void issue(void)
{
    struct enrollment e;
    uint32_t n = cert_count;

    if (n == CERTS_MAX)
        return;
    enrollment_init(&e, 1, n);
    certs[n].shard = (int)below(SHARDS + 1);
    certs[n].not_after = now + (int64_t)below(60 * 24) * HOUR;
    e.cert.shard = certs[n].shard;
    e.cert.not_after = certs[n].not_after;
    cert_count++;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

static void change(uint32_t n)
{
    static const int reasons[] = {0, 1, 4, 5};
    int reason = reasons[below(4)];

    if (certs[n].state == STATE_REVOKED)
        return;
    if (certs[n].state == STATE_HELD && below(2) == 0) {
        release(n);
        certs[n].state = STATE_NONE;
        certs[n].reason = 0;
        return;
    }
    certs[n].state = below(2) == 0 && certs[n].state == STATE_NONE ? STATE_HELD : STATE_REVOKED;
    certs[n].reason = certs[n].state == STATE_HELD ? CERTIFICATE_HOLD : reason;
    cr_assert_eq(change_status(1, n, certs[n].state == STATE_HELD ? STORE_CERT_HOLD : STORE_CERT_REVOKED,
                               certs[n].reason),
                 STORE_DONE);
}

/* The former leader may have died, or lost the lease without noticing: then he looks again, and makes none.
 */
static void change_leader(void)
{
    int former = leader;

    ask_lease(former, -1);
    leader = (leader + 1) % NODES;
    ask_lease(leader, 600);
    if (below(2) == 0) {
        int next = leader;
        leader = former;
        look(former);
        leader = next;
    }
    crl_issuer_forget(&nodes[former].issuer);
}

/* As it is left by a leader who died between the pieces and the head of a CRL. */
static void leave_half(void)
{
    const struct crl_scope *scopes[] = {&nodes[leader].issuer.complete.full,
                                        &nodes[leader].issuer.complete.delta};

    for (size_t i = 0; i < 2; i++) {
        uint8_t key[STORE_PIECE_KEY_MAX];
        struct store_crl_piece piece = {
            .key = store_crl_piece_key(key, bytes_str(scopes[i]->name), !scopes[i]->head.slot, 0),
            .octets = bytes_str("half")};
        struct store_unit unit = {.issuer = test_issuer()};
        store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
        cr_assert(store_commit_wait(store, &unit));
    }
}

static void restart(void)
{
    int n = (int)below(NODES);

    crl_issuer_end(&nodes[n].issuer);
    crl_issuer_begin(&nodes[n].issuer, &authority);
}

static void step(void)
{
    unsigned what = below(100);

    for (unsigned i = below(4) + (cert_count == 0); i > 0; i--)
        issue();
    if (what < 70)
        for (unsigned i = 1 + below(6); i > 0; i--)
            change(below(cert_count));
    else if (what < 76)
        change_leader();
    else if (what < 80)
        leave_half();
    else if (what < 84)
        restart();
    else if (what < 88)
        now -= (int64_t)below(10 * HOUR); /* somebody sets the clock back, … */
    else if (what < 92)
        now += (int64_t)below(40 * HOUR); /* … or time goes by, … */
    else if (what < 93)
        now += (int64_t)20 * 24 * HOUR; /* … a lot of it */
    now += 2 + below(600);
    now_ms += 10000;
}

static void begin(void)
{
    set_up_both();
    log_set_level(LOG_ERROR);
    seed =
        getenv("CMPD_SEED") != NULL ? (unsigned)strtoul(getenv("CMPD_SEED"), NULL, 10) : (unsigned)time(NULL);
    config = (struct config_crl){.validity_hours = 72,
                                 .every_hours = 24,
                                 .after_revocation_seconds = 1,
                                 .full_bytes = 4000,
                                 .full_minutes = 20,
                                 .shards = SHARDS};
    now = NOW;
    now_ms = 1000000;
    for (int n = 0; n < NODES; n++) {
        crl_issuer_begin(&nodes[n].issuer, &authority);
        nodes[n].publication = publication_new();
    }
    struct store_crl_url url = {.url = bytes_str("http://h/${shard}"), .shards = SHARDS};
    struct store_unit unit = {.issuer = test_issuer()};
    store_unit_write(&unit, STORE_ONCE, STORE_CRL_URLS, &url);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    ask_lease(leader, 600);
}

static void end(void)
{
    for (int n = 0; n < NODES; n++) {
        crl_issuer_end(&nodes[n].issuer);
        publication_free(nodes[n].publication);
    }
    tear_down_both();
}

TestSuite(histories, .init = begin, .fini = end, .timeout = 1800);

Test(histories, whoever_puts_CRLs_together_knows_what_happened)
{
    unsigned first = seed, steps = getenv("CMPD_SOAK") != NULL ? 1200 : 500;

    fprintf(stderr, "CMPD_SEED=%u\n", first);
    for (unsigned i = 0; i < steps; i++) {
        step();
        for (int n = 0; n < NODES; n++) /* who leads first: the others publish what he made */
            look((leader + n) % NODES);
        check();
    }
    cr_assert_gt(full_count, 20);
    cr_assert_gt(deltas_used, 20, "deltas were put upon other than full ones of the same moment");
    cr_assert_gt(nodes[0].numbers[1], nodes[0].numbers[0] / 2);
}
