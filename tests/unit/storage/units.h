/* units.h: makes what the store's tests commit: whole enrollments (transaction, certificate, audit) by
 * number. */
#ifndef CMPD_TESTS_UNITS_H
#define CMPD_TESTS_UNITS_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "storage/audit.h"
#include "tests/support/database.h"

enum { ENROLLMENT_ARENA = 64 * 1024, CERTIFICATE_LEN = 700, NOW = 1700000000 };

/* struct enrollment is one unit with all that it points to. */
struct enrollment {
    struct store_unit unit;
    struct store_tx tx;
    struct store_cert cert;
    struct store_audit audit;
    uint8_t tx_id[16], serial[STORE_SERIAL], key[STORE_HASH], nonce[16];
    uint8_t certificate[CERTIFICATE_LEN];
};

static uint8_t issuer_octets[STORE_ISSUER_ID];

static inline struct bytes test_issuer(void)
{
    return bytes_of(issuer_octets, sizeof issuer_octets);
}

static inline void put_u32(uint8_t *out, uint32_t n)
{
    out[0] = (uint8_t)(n >> 24);
    out[1] = (uint8_t)(n >> 16);
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
}

/* enrollment_init makes the |n|th enrollment of |group|: transaction, serial and key are its own. */
static inline void enrollment_init(struct enrollment *e, uint32_t group, uint32_t n)
{
    memset(e, 0, sizeof *e);
    put_u32(e->tx_id, group);
    put_u32(e->tx_id + 4, n * 2654435761u); /* random order, as transactionIDs are */
    put_u32(e->serial, 100000 + n / 100);
    put_u32(e->serial + 4, group);
    put_u32(e->serial + 8, n);
    put_u32(e->key, n * 2246822519u);
    put_u32(e->key + 4, group);
    put_u32(e->key + 8, n);
    memset(e->certificate, (int)(n & 0xff), sizeof e->certificate);
    put_u32(e->certificate, n);

    e->tx = (struct store_tx){
        .transaction_id = bytes_of(e->tx_id, sizeof e->tx_id),
        .profile = bytes_str("demo"),
        .state = STORE_TX_WAIT_CONFIRM,
        .body = 2,
        .implicit_confirm = 1,
        .credential = bytes_of(e->key, sizeof e->key),
        .credential_key = bytes_str("a public key, as its certificate has it"),
        .credential_name = bytes_str("a name"),
        .credential_kid = bytes_str("a key identifier"),
        .granted = 6,
        .sender_nonce = bytes_of(e->nonce, sizeof e->nonce),
        .serial = bytes_of(e->serial, sizeof e->serial),
        .cert_req_id = -1,
        .created_at = NOW,
        .deadline = NOW + 300,
        .free_at = NOW + 600,
        .request_hash = bytes_of(e->key, sizeof e->key),
        .last_hash = bytes_of(e->key, sizeof e->key),
    };
    e->cert = (struct store_cert){
        .serial = bytes_of(e->serial, sizeof e->serial),
        .status = STORE_CERT_UNCONFIRMED,
        .issued_at = NOW,
        .not_before = NOW - 300,
        .not_after = NOW + 365 * 86400,
        .subject = bytes_str("0\x0c"
                             "1\x0a"
                             "0\x08\x06\x03U\x04\x03\x0c\x01x"),
        .subject_text = bytes_str("CN=base station é"),
        .spki_hash = bytes_of(e->key, sizeof e->key),
        .transaction_id = bytes_of(e->tx_id, sizeof e->tx_id),
        .profile = bytes_str("demo"),
        .certificate = bytes_of(e->certificate, sizeof e->certificate),
    };
    e->audit = (struct store_audit){.at = NOW * 1000LL,
                                    .event = "issue",
                                    .outcome = "granted",
                                    .who = bytes_str("CN=x"),
                                    .detail = bytes_str("profile=demo")};
    e->unit = (struct store_unit){
        .issuer = test_issuer(),
        .tx_id = e->tx.transaction_id,
        .now = NOW,
        /* Every other one, for stores that have a shorter way for units without further preconditions. */
        .key_unused = n % 2 != 0 ? e->cert.spki_hash : bytes_of(NULL, 0),
        .audit = &e->audit,
    };
    store_unit_write(&e->unit, STORE_INSERT, STORE_TRANSACTIONS, &e->tx);
    store_unit_write(&e->unit, STORE_INSERT, STORE_CERTIFICATES, &e->cert);
    e->unit.arena = arena_new(ENROLLMENT_ARENA);
    cr_assert_not_null(e->unit.arena);
}

/* enrollment_go_on makes the unit one that changes the transaction, which must be in |from| (0: in any). */
static inline void enrollment_go_on(struct enrollment *e, enum store_tx_state from)
{
    e->unit.write_count = 0;
    store_unit_write(&e->unit, STORE_UPDATE, STORE_TRANSACTIONS, &e->tx);
    e->unit.expect_state = from;
    e->unit.key_unused = bytes_of(NULL, 0);
}

/* enrollment_leave_out_cert makes the unit one that begins a transaction without a certificate. */
static inline void enrollment_leave_out_cert(struct enrollment *e)
{
    e->unit.write_count = 1;
    e->unit.key_unused = bytes_of(NULL, 0);
}

static inline void enrollment_cleanup(struct enrollment *e)
{
    arena_free(e->unit.arena);
    e->unit.arena = NULL;
}

/* fetch_one_row looks |key| up and waits. The row lives in the returned item's arena: free it. */
static inline struct store_fetch fetch_row(struct store *store, enum store_kind kind, struct bytes key)
{
    struct store_fetch item = {
        .kind = kind, .issuer = test_issuer(), .key = key, .arena = arena_new(ENROLLMENT_ARENA)};
    cr_assert_not_null(item.arena);
    cr_assert(store_fetch_wait(store, &item));
    return item;
}

static inline enum store_fetch_outcome look_up(struct store *store, enum store_kind kind, struct bytes key)
{
    struct store_fetch item = fetch_row(store, kind, key);
    arena_free(item.arena);
    return item.outcome;
}

/* commit_one commits the |n|th enrollment of |group| and returns its outcome. */
static inline enum store_outcome commit_one(struct store *store, uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    cr_assert(store_commit_wait(store, &e.unit));
    enrollment_cleanup(&e);
    return e.unit.outcome;
}

/* is_whole returns 1 if all of the |n|th enrollment of |group| is there, 0 if nothing is; a part fails the
 * test. */
static inline int is_whole(struct store *store, uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    int tx = look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id) == STORE_FOUND;
    int cert = look_up(store, STORE_CERTIFICATES, e.cert.serial) == STORE_FOUND;
    enrollment_cleanup(&e);
    cr_assert_eq(tx, cert, "half of enrollment %u/%u is stored", group, n);
    return tx;
}

/* struct audit_seen is what audit_records has seen. */
struct audit_seen {
    struct store_head heads[64];
    size_t chains, records;
};

static inline int see_entry(void *arg, const void *row)
{
    const struct store_entry *entry = row;
    static const uint8_t zeros[STORE_HASH];
    struct audit_seen *seen = arg;
    uint8_t hash[STORE_HASH];
    size_t i = 0;
    while (i < seen->chains && memcmp(seen->heads[i].chain, entry->chain, STORE_CHAIN_ID) != 0)
        i++;
    struct store_head *head = &seen->heads[i];
    if (i == seen->chains) {
        cr_assert_lt(seen->chains++, 64);
        memcpy(head->chain, entry->chain, STORE_CHAIN_ID);
    }
    cr_assert_eq(entry->seq, head->seq + 1, "a gap in a chain");
    cr_assert_arr_eq(entry->previous, head->seq == 0 ? zeros : head->hash, STORE_HASH);
    cr_assert(audit_entry_hash(hash, entry));
    cr_assert_arr_eq(hash, entry->hash, STORE_HASH);
    cr_assert_geq(entry->at, head->at);
    head->seq = entry->seq;
    head->at = entry->at;
    memcpy(head->hash, entry->hash, STORE_HASH);
    for (size_t at = 0; at < entry->records.len; at++)
        seen->records += entry->records.data[at] == '\n';
    return 1;
}

/* audit_records returns how many records the audit log holds, all chains of which must be whole. */
static inline size_t audit_records(struct store *store)
{
    struct audit_seen seen = {.chains = 0};
    char fault[STORE_FAULT_MAX];
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), see_entry, &seen), "%s", fault);
    return seen.records;
}

static char test_folder[64], test_path[96], test_url[DATABASE_URL_MAX];

/* A file, or a database where there is PostgreSQL. */
static inline void make_url(void)
{
    cr_assert_eq(getrandom(issuer_octets, sizeof issuer_octets, 0), sizeof issuer_octets);
    snprintf(test_folder, sizeof test_folder, "/tmp/cmpd-store-XXXXXX");
    cr_assert_not_null(mkdtemp(test_folder));
    snprintf(test_path, sizeof test_path, "%s/cmpd.db", test_folder);
    if (!database_new(test_url))
        snprintf(test_url, sizeof test_url, "sqlite:%s", test_path);
}

static inline void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[128];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(path, sizeof path, "%s%s", test_path, ends[i]);
        unlink(path);
    }
}

static inline void remove_folder(void)
{
    if (strncmp(test_url, "sqlite:", 7) != 0)
        database_drop(test_url);
    remove_files();
    rmdir(test_folder);
}

/* must_open makes the store that |url| names if there is none. */
static inline struct store *must_open(const char *url)
{
    char fault[STORE_FAULT_MAX];
    cr_assert(store_create(fault, url), "%s", fault);
    struct store *store = store_open(fault, url, "node-1");
    cr_assert_not_null(store, "%s", fault);
    return store;
}

static inline int is_soak(void)
{
    return getenv("CMPD_SOAK") != NULL;
}

#endif
