/* audit.c: entries and their hashes, and the ends of chains. The hashes expected here were computed by
 * tests/data/audit/entries.py. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/audit.h"

static struct audit_register reg;
static struct audit_chain chain;

static void set_up(void)
{
    audit_register_init(&reg);
    chain = (struct audit_chain){.reg = NULL};
    cr_assert(audit_chain_begin(&chain, &reg, bytes_str("node-1")));
}

static void tear_down(void)
{
    audit_chain_end(&chain);
    audit_register_cleanup(&reg);
}

TestSuite(audit, .init = set_up, .fini = tear_down);

static const uint8_t issuer_octets[] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
                                        0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
static const uint8_t serial_b[] = {0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb,
                                   0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb, 0xbb};
static const uint8_t serial_c[] = {0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                                   0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};

#define ISSUER bytes_of(issuer_octets, sizeof issuer_octets)
#define FIRST_AT 1700000000500

/* Gives the chain the id that entries.py has. */
static void known_chain(void)
{
    for (size_t i = 0; i < STORE_CHAIN_ID; i++)
        reg.ends[0].head.chain[i] = chain.head.chain[i] = (uint8_t)i;
}

static void has_hash(const struct store_entry *entry, const char *expected)
{
    char hex[2 * STORE_HASH + 1];
    uint8_t computed[STORE_HASH];

    for (size_t i = 0; i < STORE_HASH; i++)
        snprintf(hex + 2 * i, 3, "%02x", entry->hash[i]);
    cr_assert_str_eq(hex, expected);
    cr_assert(audit_entry_hash(computed, entry));
    cr_assert_arr_eq(computed, entry->hash, STORE_HASH);
}

/* The units of the first entry of entries.py; one of them, in the middle, has nothing to record. */
static int make_first(struct store_entry *out)
{
    const struct store_cert cert = {.serial = bytes_of(serial_b, sizeof serial_b)};
    const struct store_audit issue = {.at = 1700000000123,
                                      .event = "issue",
                                      .outcome = "granted",
                                      .who = bytes_str("CN=x"),
                                      .detail = bytes_str("CN=\"\xc3\xa9\"")};
    const struct store_audit confirm = {.at = 1700000000124,
                                        .event = "confirm",
                                        .outcome = "accepted",
                                        .who = bytes_of("a\\b\0\xff\xe2\x80\xae", 8)};
    struct store_unit with_cert = {.issuer = ISSUER, .tx_id = bytes_str("\x01\x02"), .audit = &issue};
    store_unit_write(&with_cert, STORE_INSERT, STORE_CERTIFICATES, &cert);
    struct store_unit silent = {.alive_at = 1};
    struct store_unit without = {.issuer = ISSUER, .tx_id = bytes_str("\x03"), .audit = &confirm};
    struct store_unit *const units[] = {&with_cert, &silent, &without};

    return audit_entry_make(out, &chain, units, 3, FIRST_AT);
}

Test(audit, hashes_are_those_of_the_encoding_described)
{
    const struct store_cert_change change = {.serial = bytes_of(serial_c, sizeof serial_c)};
    const struct store_audit revoke = {.at = 1,
                                       .event = "revoke",
                                       .outcome = "revoked",
                                       .who = bytes_str("cmpd"),
                                       .detail = bytes_str("reasonCode 1")};
    struct store_unit unit = {.issuer = ISSUER, .change = &change, .audit = &revoke};
    struct store_entry entry;

    known_chain();
    cr_assert(make_first(&entry));
    cr_assert_eq(entry.seq, 1);
    has_hash(&entry, "f660b0f2f5181530ccab1b8598d6410c478ebd7996315d3b7b2ebf1e697839e6");
    audit_chain_advance(&chain, &entry);
    /* The clock was set back: the time stands still. */
    cr_assert(audit_entry_make(&entry, &chain, &(struct store_unit *){&unit}, 1, FIRST_AT - 1000));
    cr_assert_eq(entry.at, FIRST_AT);
    has_hash(&entry, "92af181b2f67d73b21780bc4d19ee6199835d829e770659a6f820b1cd50000f6");
    audit_chain_advance(&chain, &entry);
    cr_assert(audit_entry_close(&entry, &chain, 1700000000600, "gone"));
    cr_assert_eq(entry.seq, 3);
    has_hash(&entry, "fcb0806c1bbae0db4c749d8641757bced51a55bebbff49db6a59a1d46303155e");

    entry = (struct store_entry){.seq = 1};
    memset(entry.chain, 0xff, sizeof entry.chain);
    cr_assert(audit_entry_hash(entry.hash, &entry));
    has_hash(&entry, "a64ac756d45789ac566911e135d544726ecfdcac6812f243aadd963fc9d53199");
}

Test(audit, an_entry_that_is_not_committed_leaves_the_chain_alone)
{
    struct store_entry one, again;
    uint8_t hash[STORE_HASH];

    cr_assert(make_first(&one));
    memcpy(hash, one.hash, sizeof hash);
    cr_assert_eq(chain.head.seq, 0);
    cr_assert(make_first(&again));
    cr_assert_eq(again.seq, 1);
    cr_assert_arr_eq(again.hash, hash, sizeof hash);
}

Test(audit, nothing_to_record_is_no_entry)
{
    struct store_unit silent = {.alive_at = 1};
    struct store_entry entry;

    cr_assert(audit_entry_make(&entry, &chain, &(struct store_unit *){&silent}, 1, FIRST_AT));
    cr_assert_eq(entry.records.len, 0);
}

/* Every octet of all that an entry holds is in its hash. */
Test(audit, any_change_changes_the_hash)
{
    struct store_entry entry, changed;
    uint8_t hash[STORE_HASH], *text;

    cr_assert(make_first(&entry));
    for (size_t i = 0; i < STORE_CHAIN_ID + STORE_HASH + 2 * sizeof(int64_t); i++) {
        changed = entry;
        if (i < STORE_CHAIN_ID)
            changed.chain[i] ^= 1;
        else if (i < STORE_CHAIN_ID + STORE_HASH)
            changed.previous[i - STORE_CHAIN_ID] ^= 0x80;
        else if (i < STORE_CHAIN_ID + STORE_HASH + sizeof(int64_t))
            changed.seq ^= (int64_t)1 << (8 * (i % sizeof(int64_t)));
        else
            changed.at ^= (int64_t)1 << (8 * (i % sizeof(int64_t)));
        cr_assert(audit_entry_hash(hash, &changed));
        cr_assert_arr_neq(hash, entry.hash, sizeof hash, "octet %zu", i);
    }
    text = malloc(entry.node.len + entry.records.len);
    for (size_t i = 0; i < entry.node.len + entry.records.len; i++) {
        memcpy(text, entry.node.data, entry.node.len);
        memcpy(text + entry.node.len, entry.records.data, entry.records.len);
        text[i] ^= 1;
        changed = entry;
        changed.node.data = text;
        changed.records.data = text + entry.node.len;
        cr_assert(audit_entry_hash(hash, &changed));
        cr_assert_arr_neq(hash, entry.hash, sizeof hash, "octet %zu of node and records", i);
    }
    /* An octet may not wander from one to the other either. */
    memcpy(text, entry.node.data, entry.node.len);
    memcpy(text + entry.node.len, entry.records.data, entry.records.len);
    changed = entry;
    changed.node = bytes_of(text, entry.node.len + 1);
    changed.records = bytes_of(text + entry.node.len + 1, entry.records.len - 1);
    cr_assert(audit_entry_hash(hash, &changed));
    cr_assert_arr_neq(hash, entry.hash, sizeof hash);
    free(text);
}

Test(audit, a_large_commit_fits)
{
    enum { MANY = 512, WHO = 2000 };
    static char who[WHO];
    const struct store_audit audit = {
        .at = 1, .event = "issue", .outcome = "granted", .who = bytes_of(who, WHO)};
    struct store_unit unit = {.issuer = ISSUER, .audit = &audit}, *units[MANY];
    struct store_entry entry;
    size_t lines = 0;

    for (size_t i = 0; i < MANY; i++)
        units[i] = &unit;
    cr_assert(audit_entry_make(&entry, &chain, units, MANY, FIRST_AT));
    cr_assert_gt(entry.records.len, (size_t)MANY * WHO * 6); /* each NUL became \u0000 */
    for (size_t i = 0; i < entry.records.len; i++)
        lines += entry.records.data[i] == '\n';
    cr_assert_eq(lines, MANY);
}

Test(audit, ends_are_told_until_they_are_signed)
{
    struct store_entry entry;
    struct store_head heads[4], old;

    cr_assert_eq(audit_register_moved(&reg, heads, 4), 0, "a chain without entries has no end");
    cr_assert(make_first(&entry));
    audit_chain_advance(&chain, &entry);
    cr_assert_eq(audit_register_moved(&reg, heads, 4), 1);
    cr_assert_eq(heads[0].seq, 1);
    cr_assert_eq(heads[0].at, FIRST_AT);
    cr_assert_arr_eq(heads[0].hash, entry.hash, STORE_HASH);
    /* What comes while it is being signed is told the next time. */
    old = heads[0];
    cr_assert(make_first(&entry));
    audit_chain_advance(&chain, &entry);
    audit_register_sealed(&reg, &old, 1);
    cr_assert_eq(audit_register_moved(&reg, heads, 4), 1);
    cr_assert_eq(heads[0].seq, 2);
    audit_register_sealed(&reg, heads, 1);
    audit_register_sealed(&reg, &old, 1); /* what is signed stays so, whichever seal is told of last */
    cr_assert_eq(audit_register_moved(&reg, heads, 4), 0);
}

Test(audit, chains_that_ended_are_told_once_more)
{
    struct store_entry entry;
    struct store_head heads[4];
    uint8_t first[STORE_CHAIN_ID];

    memcpy(first, chain.head.chain, sizeof first);
    cr_assert(make_first(&entry));
    audit_chain_advance(&chain, &entry);
    cr_assert(audit_chain_begin(&chain, &reg, bytes_str("node-1")));
    cr_assert_arr_neq(chain.head.chain, first, sizeof first);
    cr_assert_eq(chain.head.seq, 0);
    cr_assert(make_first(&entry));
    cr_assert_eq(entry.seq, 1);
    audit_chain_advance(&chain, &entry);
    cr_assert_eq(audit_register_moved(&reg, heads, 1), 1, "no more than there is room for");
    cr_assert_eq(audit_register_moved(&reg, heads, 4), 2);
    audit_register_sealed(&reg, heads, 2);
    cr_assert_eq(audit_register_moved(&reg, heads, 4), 0);
    cr_assert_eq(reg.count, 1, "what ended and is signed is forgotten");
    /* A chain that ends without ever having had an entry is forgotten at once. */
    for (int i = 0; i < 100; i++)
        cr_assert(audit_chain_begin(&chain, &reg, bytes_str("node-1")));
    cr_assert_eq(reg.count, 1);
}
