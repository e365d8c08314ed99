/* complete.c, scope.c, shards.c and shelf.c, together with issuer.c: the leader is stopped at each call to
 * the store in turn, and somebody goes on. Whatever was stored and said by then, no number stands for two
 * CRLs, nobody is given an older CRL after a newer one, and the next one comes in time (RFC 5280 5.2.3). */
#include "server/crl/issuer.h"

#include <semaphore.h>

#include "server/base/bounds.h"
#include "storage/backend.h"
#include "storage/row.h"
#include "tests/unit/crl/fixture.h"

enum { HOUR = 3600, NODES = 2, SHARDS = 2, FULL = 0, DELTA, SHARD_1, SCOPES = 2 + SHARDS, NUMBERS = 400 };

/* ---- a store that stops ---- */

enum stop {
    DIES,      /* the call is not done, nor is any later one */
    DIES_DONE, /* it is done, and nobody hears of it */
    FAILS,     /* the call is not done, … */
    IS_LOST,   /* … or is done without an answer, and the same node goes on */
    HANGS,     /* another node leads, and makes the CRL, before the call is done */
};

static struct {
    struct store store; /* the first: this is one */
    enum stop stop;
    unsigned calls, at; /* how many there were; at which one it stops */
} between;

static void other_leads(void);

/* Returns 1 if this call is to be done. */
static int begin_call(int *is_heard)
{
    unsigned call = ++between.calls;

    *is_heard = call != between.at || (between.stop != DIES_DONE && between.stop != IS_LOST);
    if (call < between.at)
        return 1;
    if (call == between.at && between.stop == HANGS)
        other_leads();
    if (call == between.at)
        return between.stop == HANGS || !*is_heard;
    return between.stop != DIES && between.stop != DIES_DONE;
}

static int fetch_between(struct store *unused, struct store_fetch *const *items, void *const *args, size_t n,
                         store_done *done)
{
    int is_heard, does = begin_call(&is_heard);

    (void)unused;
    if (does && is_heard)
        return store_fetch(store, items, args, n, done);
    for (size_t i = 0; i < n; i++) {
        items[i]->outcome = STORE_FETCH_UNAVAILABLE;
        done(args[i]);
    }
    return 1;
}

static int commit_between(struct store *unused, struct store_unit *const *units, void *const *args, size_t n,
                          store_done *done)
{
    int is_heard, does = begin_call(&is_heard);

    (void)unused;
    if (does && is_heard)
        return store_commit(store, units, args, n, done);
    for (size_t i = 0; i < n; i++) {
        if (does)
            cr_assert(store_commit_wait(store, units[i]));
        units[i]->outcome = does ? STORE_UNKNOWN : STORE_UNAVAILABLE;
        done(args[i]);
    }
    return 1;
}

/* ---- two nodes ---- */

struct node {
    struct crl_issuer issuer;
    struct publication *publication;
    struct folder *folder;
    int64_t last[SCOPES]; /* the highest number that it has given out */
};

static struct node nodes[NODES];
static int leader;
static struct config_crl config;
static int64_t now;
static char folder[] = "/tmp/cmpd-stopped.XXXXXX";
static int64_t folder_last[SCOPES];
static unsigned cert_count, url_count;
static int shard_of[NUMBERS]; /* of each certificate; all of them are revoked */

static void lease(int node, int64_t seconds)
{
    const char holder[2] = {(char)('a' + node), 0};
    struct store_lease lease = {"crl", bytes_str(holder), seconds, 0};
    struct store_unit unit = {.lease = &lease};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

static char *url_text(char out[64], const char *shard)
{
    snprintf(out, 64, "http://h/%u/%s", url_count, shard);
    return out;
}

enum belief { FOLLOWS, LEADS };

/* As crl.c looks: first it says which URLs are in use. */
static void look(int n, struct store *through, enum belief belief)
{
    static const struct store_lease held[NODES] = {{"crl", {(const uint8_t *)"a", 1}, 0, BOUND_CRL_LEASE},
                                                   {"crl", {(const uint8_t *)"b", 1}, 0, BOUND_CRL_LEASE}};
    struct crl_turn turn = {.config = &config,
                            .ca = &authority,
                            .store = through,
                            .publication = nodes[n].publication,
                            .folder = nodes[n].folder,
                            .shards = SHARDS,
                            .now = now,
                            .now_ms = 1000 * now,
                            .lease = belief == LEADS ? &held[n] : NULL};
    char url[64];

    nodes[n].issuer.took_ms = 0; /* the machine's speed decides nothing here */
    crl_shards_note(&turn, bytes_str(url_text(url, "${shard}")));
    crl_issuer_look(&nodes[n].issuer, &turn);
    folder_write(nodes[n].folder, nodes[n].publication);
}

/* ---- what anybody is given ---- */

static struct {
    uint8_t hash[STORE_HASH];
    int64_t at; /* thisUpdate; 0: nobody has seen this number */
} seen[SCOPES][NUMBERS];

static const char *path_of(int scope)
{
    static char path[32];

    if (scope < SHARD_1)
        return scope == FULL ? "/crl/issuing.crl" : "/crl/issuing-delta.crl";
    snprintf(path, sizeof path, "/crl/issuing-%d.crl", scope - SHARD_1 + 1);
    return path;
}

/* A number is one CRL, and one moment: those of a full one and its delta, too. */
static void see(int scope, struct bytes der, int64_t *last)
{
    uint8_t hash[STORE_HASH];
    struct crl crl;

    cr_assert(crl_parse(&crl, der));
    cr_assert(crl.number > 0 && crl.number < NUMBERS);
    cr_assert_geq(crl.number, *last, "scope %d: %lld after %lld", scope, (long long)crl.number,
                  (long long)*last);
    *last = crl.number;
    digest_compute(hash, DIGEST_SHA256, der);
    if (seen[scope][crl.number].at != 0)
        cr_assert_eq(memcmp(seen[scope][crl.number].hash, hash, sizeof hash), 0, "scope %d: %lld is two CRLs",
                     scope, (long long)crl.number);
    memcpy(seen[scope][crl.number].hash, hash, sizeof hash);
    seen[scope][crl.number].at = crl.this_update;
    if (scope < SHARD_1 && seen[!scope][crl.number].at != 0)
        cr_assert_eq(seen[!scope][crl.number].at, crl.this_update);
}

static void see_node(struct node *node)
{
    for (int scope = 0; scope < SCOPES; scope++) {
        struct published *document = publication_find(node->publication, bytes_str(path_of(scope)));
        if (document != NULL)
            see(scope, document->body, &node->last[scope]);
        published_release(document);
    }
}

static void see_folder(void)
{
    static uint8_t octets[4 * STORE_CRL_PIECE];

    for (int scope = 0; scope < SCOPES; scope++) {
        char path[96];
        FILE *file;
        snprintf(path, sizeof path, "%s%s", folder, path_of(scope));
        file = fopen(path, "r");
        if (file == NULL)
            continue;
        see(scope, bytes_of(octets, fread(octets, 1, sizeof octets, file)), &folder_last[scope]);
        fclose(file);
    }
}

/* What the store has, any node may give out. */
static void see_store(void)
{
    struct arena *heads_arena = arena_new(SHELF_ARENA);
    const struct store_crl *heads;
    size_t count;

    cr_assert_eq(shelf_look(&heads, &count, heads_arena, store, test_issuer()), SHELF_DONE);
    for (size_t i = 0; i < count; i++) {
        unsigned shard = crl_scope_number_of(heads[i].scope);
        int scope = shard != 0                                                  ? SHARD_1 + (int)shard - 1
                    : bytes_equal(heads[i].scope, bytes_str(STORE_SCOPE_DELTA)) ? DELTA
                                                                                : FULL;
        int64_t last = 0;
        struct bytes der;
        cr_assert_eq(shelf_take(&der, store, test_issuer(), &heads[i]), SHELF_DONE, "scope %d is not whole",
                     scope);
        see(scope, der, &last);
        free((void *)(uintptr_t)der.data);
    }
    arena_free(heads_arena);
}

static void see_all(void)
{
    for (int n = 0; n < NODES; n++)
        see_node(&nodes[n]);
    see_folder();
    see_store();
}

/* ---- what has to be made ---- */

struct kind {
    const char *name;
    int scopes;                 /* that have to be new, a bit each */
    int shard;                  /* of the certificate that is revoked; -1: none is */
    int wait;                   /* seconds before */
    uint32_t full_bytes;        /* a longer CRL is not made for each revocation */
    int is_url, is_unread_list; /* 1: certificates get another URL; who leads has just begun to */
};

static const struct kind kinds[] = {
    {"full and delta", 1 << FULL | 1 << DELTA, 0, 60, 64 * 1024 * 1024, 0, 0},
    {"delta", 1 << DELTA, 0, 60, 0, 0, 0},
    {"delta and shard", 1 << DELTA | 1 << SHARD_1, 1, 60, 0, 0, 0},
    {"shards with another URL", 1 << SHARD_1 | 1 << (SHARD_1 + 1), -1, 60, 0, 1, 0},
    {"all, after a day", (1 << SCOPES) - 1, 2, 24 * HOUR, 0, 0, 0},
    {"full and delta, by who has just taken over", 1 << FULL | 1 << DELTA, 0, 60, 64 * 1024 * 1024, 0, 1},
};

static const struct kind *kind; /* that is made */
static int64_t begun;           /* when */

static void add_certs(unsigned count)
{
    for (; count > 0; count--) {
        struct enrollment e;
        cr_assert_lt(cert_count, NUMBERS);
        enrollment_init(&e, 1, cert_count);
        e.cert.shard = shard_of[cert_count] = kind->shard;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
        cr_assert_eq(change_status(1, cert_count, STORE_CERT_REVOKED, KEY_COMPROMISE), STORE_DONE);
        cert_count++;
    }
}

/* A serial's first octets are zeros, which are not there in an INTEGER. */
static int lists(const struct crl *crl, uint32_t n)
{
    enum { TAIL = STORE_SERIAL - 4 };
    struct crl_entry entry;
    struct enrollment e;
    CBS rest = cbs_of(crl->entries);
    int found = 0;

    enrollment_init(&e, 1, n);
    while (!found && crl_read_entry(&rest, &entry))
        found = entry.serial.len >= TAIL && memcmp(entry.serial.data + entry.serial.len - TAIL,
                                                   e.serial + STORE_SERIAL - TAIL, TAIL) == 0;
    enrollment_cleanup(&e);
    return found;
}

/* The node gives out all that was due, and it says what was to be said. */
static void expect_made(int node)
{
    uint32_t last = cert_count - 1;
    int listed = 0;

    for (int scope = 0; scope < SCOPES; scope++) {
        struct published *document = publication_find(nodes[node].publication, bytes_str(path_of(scope)));
        char number[8], url[64];
        struct crl crl;
        cr_assert_not_null(document, "scope %d", scope);
        cr_assert(crl_parse(&crl, document->body));
        if ((kind->scopes & 1 << scope) != 0)
            cr_assert_geq(crl.this_update, begun, "scope %d is of before", scope);
        if (kind->shard >= 0 && (scope == DELTA || scope == FULL || scope == SHARD_1 + shard_of[last] - 1))
            listed += lists(&crl, last);
        if (scope >= SHARD_1) {
            snprintf(number, sizeof number, "%d", scope - SHARD_1 + 1);
            url_text(url, number);
            cr_assert_not_null(memmem(crl.issuing_point.data, crl.issuing_point.len, url, strlen(url)), "%s",
                               url);
        }
        published_release(document);
    }
    if (kind->shard >= 0)
        cr_assert_geq(listed, kind->shard != 0 ? 2 : 1);
}

/* ---- how it goes on ---- */

/* The lease of who led has lapsed. The first look of the next one has to do. */
static void other_leads(void)
{
    lease(leader, -1);
    leader = !leader;
    lease(leader, 600);
    now += BOUND_CRL_LEASE + 1;
    look(leader, store, LEADS);
    see_all();
    expect_made(leader);
}

static void restart(int n)
{
    crl_issuer_end(&nodes[n].issuer);
    publication_free(nodes[n].publication);
    nodes[n].publication = publication_new();
    crl_issuer_begin(&nodes[n].issuer, &authority);
}

/* Who has lost the lease believes for some time that he has it. */
static void former_wakes(int former)
{
    now++;
    look(former, store, LEADS);
    see_all();
    crl_issuer_forget(&nodes[former].issuer);
}

static void go_on(enum stop stop, int former)
{
    if (stop == DIES || stop == DIES_DONE) {
        other_leads();
        restart(former);
    } else if (stop == HANGS) {
        former_wakes(former);
    } else {
        now += 5; /* the pause after an attempt that failed */
        look(former, store, LEADS);
        see_all();
    }
    for (int n = 0; n < NODES; n++) {
        look(n, store, n == leader ? LEADS : FOLLOWS);
        see_all();
        expect_made(n);
    }
}

/* Makes one of |of|, stopped at call |at|. Returns 0 if it is made with fewer calls. */
static int make_stopped(const struct kind *of, enum stop stop, unsigned at)
{
    int former = leader;

    kind = of;
    now += kind->wait;
    begun = now;
    config.full_bytes = kind->full_bytes;
    lease(leader, 600);
    add_certs(kind->shard >= 0);
    url_count += (unsigned)kind->is_url;
    if (kind->is_unread_list)
        crl_issuer_forget(&nodes[leader].issuer);
    between.stop = stop;
    between.calls = 0;
    between.at = at;
    look(former, &between.store, LEADS);
    see_all();
    if (between.calls < at) {
        expect_made(former);
        return 0;
    }
    go_on(stop, former);
    return 1;
}

/* Until it is made with so few calls that none is left. Returns how often it was stopped. */
static unsigned stop_at_each_call(const struct kind *of, enum stop stop)
{
    unsigned at = 1;

    while (make_stopped(of, stop, at))
        at++;
    cr_log_info("%s: stopped %u times\n", of->name, at - 1);
    return at - 1;
}

static void stop_at_each(enum stop stop)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        cr_assert_gt(stop_at_each_call(&kinds[i], stop), 5,
                     "the URL, the heads, what was revoked, a piece, its row, the URLs of shards");
    /* Later ones are newer. */
    for (int scope = 0; scope < SCOPES; scope++) {
        int64_t last = 0;
        for (int i = 0; i < NUMBERS; i++) {
            if (seen[scope][i].at == 0)
                continue;
            cr_assert_gt(seen[scope][i].at, last, "scope %d, %d", scope, i);
            last = seen[scope][i].at;
        }
    }
}

static void begin(void)
{
    static const struct backend backend = {.fetch = fetch_between, .commit = commit_between};

    set_up_both();
    log_set_level(LOG_ERROR);
    between.store.backend = &backend;
    config = (struct config_crl){.validity_hours = 72,
                                 .every_hours = 24,
                                 .after_revocation_seconds = 2,
                                 .full_minutes = 100000,
                                 .shards = SHARDS};
    now = NOW;
    cr_assert_not_null(mkdtemp(folder));
    for (int n = 0; n < NODES; n++) {
        crl_issuer_begin(&nodes[n].issuer, &authority);
        nodes[n].publication = publication_new();
        nodes[n].folder = folder_new(folder);
    }
    lease(leader, 600);
    for (int n = 0; n < NODES; n++)
        look(n, store, n == leader ? LEADS : FOLLOWS);
    see_all();
}

static void end(void)
{
    char command[64];

    for (int n = 0; n < NODES; n++) {
        crl_issuer_end(&nodes[n].issuer);
        publication_free(nodes[n].publication);
        folder_free(nodes[n].folder);
    }
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
    tear_down_both();
}

TestSuite(stopped, .init = begin, .fini = end, .timeout = 300);

Test(stopped, by_the_death_of_the_leader)
{
    stop_at_each(DIES);
}

Test(stopped, by_its_death_before_it_hears_that_the_store_has_done_it)
{
    stop_at_each(DIES_DONE);
}

Test(stopped, by_a_call_that_fails)
{
    stop_at_each(FAILS);
}

Test(stopped, by_an_answer_that_is_lost)
{
    stop_at_each(IS_LOST);
}

Test(stopped, until_another_node_leads)
{
    stop_at_each(HANGS);
}

static void wake(void *arg)
{
    sem_post(arg);
}

static void commit_all(struct store_unit **units, size_t count)
{
    void *args[STORE_REVOKED_MAX];
    sem_t done;

    sem_init(&done, 0, 0);
    for (size_t i = 0; i < count; i++)
        args[i] = &done;
    cr_assert(store_commit(store, units, args, count, wake));
    for (size_t i = 0; i < count; i++)
        sem_wait(&done);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(units[i]->outcome, STORE_DONE);
    sem_destroy(&done);
}

/* Of another group than those that are looked for. */
static void revoke_many(uint32_t from)
{
    static struct enrollment e[STORE_REVOKED_MAX];
    static struct store_cert_change changes[STORE_REVOKED_MAX];
    struct store_unit *units[STORE_REVOKED_MAX];

    for (uint32_t i = 0; i < STORE_REVOKED_MAX; i++) {
        enrollment_init(&e[i], 2, from + i);
        units[i] = &e[i].unit;
    }
    commit_all(units, STORE_REVOKED_MAX);
    for (uint32_t i = 0; i < STORE_REVOKED_MAX; i++) {
        changes[i] =
            (struct store_cert_change){.serial = e[i].cert.serial, .status = STORE_CERT_REVOKED, .at = NOW};
        e[i].unit =
            (struct store_unit){.issuer = test_issuer(), .arena = e[i].unit.arena, .change = &changes[i]};
    }
    commit_all(units, STORE_REVOKED_MAX);
    for (uint32_t i = 0; i < STORE_REVOKED_MAX; i++)
        enrollment_cleanup(&e[i]);
}

Test(stopped, between_two_pieces_of_a_long_one)
{
    enum { MANY = STORE_CRL_PIECE / 32 };

    for (uint32_t n = 0; n < MANY; n += STORE_REVOKED_MAX)
        revoke_many(n);
    for (enum stop stop = DIES; stop <= HANGS; stop++) {
        unsigned times = stop_at_each_call(&kinds[FULL], stop);
        cr_assert_gt(nodes[leader].issuer.complete.full.head.size, STORE_CRL_PIECE);
        cr_assert_geq(times, 8, "one more than of a short one");
    }
}
