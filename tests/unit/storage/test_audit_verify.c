/* audit_verify.c and audit_seal.c: a small audit log in memory, and all that can be done to it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/random.h"
#include "server/base/log.h"
#include "storage/audit.h"
#include "storage/audit_seal.h"
#include "storage/audit_verify.h"
#include "tests/support/exact.h"

enum { ENTRIES = 6, SEALS = 3, EACH = ENTRIES / SEALS, TEXT_MAX = 4096, ARENA = 1 << 20 };

/* The log: one chain, of which each two entries are sealed. */
static struct store_entry entries[ENTRIES + 1];
static struct store_seal seals[SEALS];
static size_t entry_count, seal_count;

static struct audit_register reg;
static struct audit_chain chain;
static struct audit_sealer sealer;
static struct private_key *key;
static const struct signature_algorithm *algorithm;
static struct arena *arena;

static void add_entry(void)
{
    const struct store_audit audit = {
        .at = 5, .event = "issue", .outcome = "granted", .who = bytes_str("CN=x")};
    struct store_unit unit = {.audit = &audit};
    struct store_entry *entry = &entries[entry_count++];

    cr_assert(audit_entry_make(entry, &chain, &(struct store_unit *){&unit}, 1, (int64_t)entry_count));
    audit_chain_advance(&chain, entry);
    entry->records = arena_copy(arena, entry->records);
}

static struct store_head end_of(const struct store_entry *entry)
{
    struct store_head head = {.seq = entry->seq};

    memcpy(head.chain, entry->chain, sizeof head.chain);
    memcpy(head.hash, entry->hash, sizeof head.hash);
    return head;
}

static struct store_head end_of_seal(const struct store_seal *seal)
{
    struct store_head head = {.seq = seal->number};

    memcpy(head.chain, seal->instance, sizeof head.chain);
    cr_assert(audit_seal_hash(head.hash, seal->text, seal->signature));
    return head;
}

static struct store_seal make_seal(struct audit_seal *what)
{
    struct store_seal seal;

    cr_assert(audit_seal_make(&seal, arena, what, &sealer, bytes_str("node \"1\""), 1000 + sealer.number, key,
                              algorithm));
    cr_assert(audit_sealer_advance(&sealer, &seal));
    return seal;
}

static void set_up(void)
{
    arena = arena_new(ARENA);
    key = private_key_generate(KEY_ED25519, 0);
    algorithm = signature_for_key(KEY_ED25519);
    audit_register_init(&reg);
    cr_assert(audit_chain_begin(&chain, &reg, bytes_str("node \"1\"")));
    audit_sealer_begin(&sealer);
    while (seal_count < SEALS) {
        for (int i = 0; i < EACH; i++)
            add_entry();
        struct audit_seal what = {
            .kind = AUDIT_HEADS, .heads = {end_of(&entries[entry_count - 1])}, .head_count = 1};
        seals[seal_count++] = make_seal(&what);
    }
}

static void tear_down(void)
{
    audit_chain_end(&chain);
    audit_register_cleanup(&reg);
    private_key_free(key);
    arena_free(arena);
}

TestSuite(audit_verify, .init = set_up, .fini = tear_down);

static char said[TEXT_MAX];

static void note(void *arg, const char *text)
{
    (void)arg;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

/* Verifies what is in the arrays, after |log| if it is not empty; returns the number of faults. */
static uint64_t verify_with(struct bytes log, struct audit_summary *out)
{
    struct audit_verify *verify = audit_verify_new(note, NULL);

    said[0] = 0;
    cr_assert(audit_verify_key(verify, private_key_spki(key), INT64_MIN, INT64_MAX));
    if (log.len != 0)
        cr_assert(audit_verify_line(verify, "line 1", log));
    for (size_t i = 0; i < seal_count; i++)
        cr_assert(audit_verify_seal(verify, &seals[i]));
    for (size_t i = 0; i < entry_count; i++)
        cr_assert(audit_verify_entry(verify, &entries[i]));
    audit_verify_end(verify, out);
    audit_verify_free(verify);
    return out->faults;
}

static uint64_t faults(void)
{
    struct audit_summary summary;

    return verify_with(bytes_of(NULL, 0), &summary);
}

static void says(const char *text)
{
    cr_expect_gt(faults(), 0, "%s", text);
    cr_expect_not_null(strstr(said, text), "'%s' expected: %s", text, said);
}

static void remove_entry(size_t at)
{
    memmove(&entries[at], &entries[at + 1], (--entry_count - at) * sizeof entries[0]);
}

static void remove_seal(size_t at)
{
    memmove(&seals[at], &seals[at + 1], (--seal_count - at) * sizeof seals[0]);
}

/* As the log has it; the time and level before it are anybody's. */
static struct bytes seal_line(const struct store_seal *seal)
{
    char hex[2 * SIGNATURE_MAX + 1];

    return bytes_str(arena_printf(arena, "time=x level=info event=\"audit seal\" %.*s signature=%s",
                                  (int)seal->text.len, (const char *)seal->text.data,
                                  log_hex(hex, sizeof hex, seal->signature)));
}

/* The room for one comes from the line, not from what a signature of today can be. */
Test(audit_verify, a_signature_of_any_size_is_read_from_a_line)
{
    enum { LEN = 50000 };
    uint8_t *octets = arena_alloc(arena, LEN), *room = arena_alloc(arena, LEN + 128);
    char *hex = arena_alloc(arena, 2 * LEN + 1);
    struct bytes text, signature, line;

    random_bytes(octets, LEN);
    line = bytes_str(arena_printf(arena, "level=info event=\"audit seal\" audit=1 signature=%s",
                                  log_hex(hex, 2 * LEN + 1, bytes_of(octets, LEN))));
    cr_assert(audit_seal_find(&text, &signature, room, line));
    cr_assert(bytes_equal(text, bytes_str("audit=1")));
    cr_assert(bytes_equal(signature, bytes_of(octets, LEN)));
    line.len--; /* half an octet is none */
    cr_assert(audit_seal_find(&text, &signature, room, line));
    cr_assert_eq(signature.len, 0);
}

Test(audit_verify, what_is_whole_is_found_whole)
{
    struct audit_summary sum;

    cr_assert_eq(verify_with(seal_line(&seals[SEALS - 1]), &sum), 0, "%s", said);
    cr_assert_eq(sum.entries, ENTRIES);
    cr_assert_eq(sum.records, ENTRIES);
    cr_assert_eq(sum.chains, 1);
    cr_assert_eq(sum.seals, SEALS);
    cr_assert_eq(sum.unsealed, 0);
    seal_count--; /* the last that is stored; nothing tells that there was one more */
    cr_assert_eq(verify_with(bytes_of(NULL, 0), &sum), 0, "%s", said);
    cr_assert_eq(sum.unsealed, EACH);
    seal_count = entry_count = 0;
    cr_assert_eq(verify_with(bytes_of(NULL, 0), &sum), 0);
}

/* ---- changes ---- */

static void changed_octets(struct bytes *view, const char *what)
{
    const struct bytes good = *view;

    for (size_t i = 0; i < good.len; i++) {
        struct bytes copy = arena_copy(arena, good);
        ((uint8_t *)copy.data)[i] ^= 1;
        *view = copy;
        cr_expect_gt(faults(), 0, "octet %zu of %s", i, what);
    }
    *view = bytes_of(good.data, good.len - 1);
    cr_expect_gt(faults(), 0, "the last octet of %s is gone", what);
    *view = good;
}

static void changed_array(uint8_t *octets, size_t len, const char *what)
{
    for (size_t i = 0; i < len; i++) {
        octets[i] ^= 1;
        cr_expect_gt(faults(), 0, "octet %zu of %s", i, what);
        octets[i] ^= 1;
    }
}

static void changed_number(int64_t *number, const char *what)
{
    for (int bit = 0; bit < 63; bit++) {
        *number ^= (int64_t)1 << bit;
        if (*number != 0) /* no table takes an entry without a number */
            cr_expect_gt(faults(), 0, "bit %d of %s", bit, what);
        *number ^= (int64_t)1 << bit;
    }
}

Test(audit_verify, any_octet_of_an_entry)
{
    struct store_entry *entry = &entries[2];

    changed_array(entry->chain, sizeof entry->chain, "chain");
    changed_array(entry->previous, sizeof entry->previous, "previous");
    changed_array(entry->hash, sizeof entry->hash, "hash");
    changed_octets(&entry->node, "node");
    changed_octets(&entry->records, "records");
    changed_number(&entry->seq, "seq");
    changed_number(&entry->at, "at");
    cr_assert_eq(faults(), 0);
}

Test(audit_verify, any_octet_of_a_seal)
{
    struct store_seal *seal = &seals[1];

    changed_array(seal->instance, sizeof seal->instance, "instance");
    changed_octets(&seal->node, "node");
    changed_octets(&seal->text, "text");
    changed_octets(&seal->signature, "signature");
    changed_number(&seal->number, "number");
    changed_number(&seal->at, "at");
    cr_assert_eq(faults(), 0);
}

Test(audit_verify, an_entry_is_gone)
{
    remove_entry(3);
    says("entry 4 of chain");
    cr_expect_not_null(strstr(said, "is missing"));
}

Test(audit_verify, the_first_entries_are_gone)
{
    remove_entry(0);
    remove_entry(0);
    says("entry 1 to 2 of chain");
}

Test(audit_verify, the_tail_is_cut_off)
{
    entry_count = 3;
    says("entry 4 to 6 of chain");
}

Test(audit_verify, the_chain_is_gone)
{
    entry_count = 0;
    says("entry 1 to 6 of chain");
}

Test(audit_verify, entries_change_places)
{
    struct store_entry third = entries[2];

    entries[2] = entries[3];
    entries[3] = third;
    says("comes after 4");
}

Test(audit_verify, another_entry_takes_its_place)
{
    struct store_entry *entry = &entries[2];

    entry->records = bytes_str("{\"event\":\"nothing\"}\n");
    cr_assert(audit_entry_hash(entry->hash, entry));
    says("entry 4 of chain");
    cr_expect_not_null(strstr(said, "does not follow"));
}

/* All of it, made anew: only the signature tells. */
Test(audit_verify, another_chain_takes_its_place)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        entries[i].node = bytes_str("node-2");
        if (i > 0)
            memcpy(entries[i].previous, entries[i - 1].hash, STORE_HASH);
        cr_assert(audit_entry_hash(entries[i].hash, &entries[i]));
    }
    cr_assert_eq(faults(), 1);
    says("is not the one that was signed");
}

Test(audit_verify, time_goes_back)
{
    entries[2].at = 1;
    entries[2].seq = 3;
    cr_assert(audit_entry_hash(entries[2].hash, &entries[2]));
    says("older than the one before");
}

Test(audit_verify, a_seal_is_gone)
{
    remove_seal(1);
    says("seal 2 of process");
}

Test(audit_verify, the_first_seal_is_gone)
{
    remove_seal(0);
    says("seal 1 of process");
}

Test(audit_verify, only_the_log_has_the_last_seal)
{
    struct bytes line = seal_line(&seals[SEALS - 1]);
    struct audit_summary sum;

    seal_count = 0;
    entry_count = 0;
    cr_assert_gt(verify_with(line, &sum), 0);
    cr_expect_not_null(strstr(said, "entry 1 to 6 of chain"), "%s", said);
    cr_expect_not_null(strstr(said, "seal 1 to 3 of process"), "%s", said);
}

Test(audit_verify, a_line_of_the_log_is_changed)
{
    struct bytes line = seal_line(&seals[0]);
    struct audit_summary sum;
    size_t begin = strlen("time=x level=info event=\"audit seal\" ");

    for (size_t i = begin; i < line.len; i++) {
        ((uint8_t *)line.data)[i] ^= 1;
        cr_expect_gt(verify_with(line, &sum), 0, "octet %zu", i);
        ((uint8_t *)line.data)[i] ^= 1 ^ 0x10; /* makes a blank of a digit 0 */
        cr_expect_gt(verify_with(line, &sum), 0, "octet %zu", i);
        ((uint8_t *)line.data)[i] ^= 0x10;
    }
    for (size_t len = begin + 1; len < line.len; len++)
        cr_expect_gt(verify_with(bytes_of(line.data, len), &sum), 0, "cut off after %zu", len);
    struct audit_verify *verify = audit_verify_new(note, NULL);
    cr_assert_not(audit_verify_line(verify, "x", bytes_str("time=x event=serving text=\"audit seal\"")));
    cr_assert_not(audit_verify_line(verify, "x", bytes_str("")));
    audit_verify_free(verify);
}

Test(audit_verify, another_key_signed)
{
    private_key_free(key);
    key = private_key_generate(KEY_ED25519, 0);
    says("in no CMP certificate given");
}

/* The time of a seal is what its signer says: milliseconds since 1970, here the first second. */
Test(audit_verify, a_key_counts_for_its_time)
{
    struct audit_verify *verify = audit_verify_new(note, NULL);
    struct audit_summary sum;
    int64_t at = seals[0].at / 1000;

    cr_assert(audit_verify_key(verify, private_key_spki(key), at + 1, INT64_MAX));
    cr_assert(audit_verify_key(verify, private_key_spki(key), INT64_MIN, at - 1));
    said[0] = 0;
    audit_verify_seal(verify, &seals[0]);
    cr_expect_not_null(strstr(said, "says a time at which the CMP certificate of its key was not valid"),
                       "%s", said);
    cr_assert(audit_verify_key(verify, private_key_spki(key), at, at));
    said[0] = 0;
    audit_verify_seal(verify, &seals[1]);
    cr_expect_str_empty(said);
    audit_verify_end(verify, &sum);
    audit_verify_free(verify);
}

/* ---- anchors ---- */

static void anchor(size_t purged_entries, size_t purged_seals)
{
    struct audit_seal what = {.kind = AUDIT_ANCHOR,
                              .heads = {end_of(&entries[purged_entries - 1])},
                              .head_count = 1,
                              .seals = {end_of_seal(&seals[purged_seals - 1])},
                              .seal_count = 1};
    struct store_seal made = make_seal(&what);

    memmove(entries, entries + purged_entries, (entry_count -= purged_entries) * sizeof entries[0]);
    memmove(seals, seals + purged_seals, (seal_count -= purged_seals) * sizeof seals[0]);
    seals[seal_count++] = made;
}

Test(audit_verify, what_an_anchor_is_about_may_be_gone)
{
    struct audit_summary sum;
    struct bytes old = seal_line(&seals[0]);

    anchor(3, 1);
    cr_assert_eq(verify_with(old, &sum), 0, "%s", said);
    cr_assert_eq(sum.entries, ENTRIES - 3);
    remove_entry(0);
    says("entry 4 of chain");
}

Test(audit_verify, a_whole_chain_may_be_purged)
{
    anchor(ENTRIES, SEALS);
    cr_assert_eq(faults(), 0, "%s", said);
    cr_assert_eq(entry_count, 0);
}

/* The anchor is stored before anything is deleted: what is still there is no fault. */
Test(audit_verify, a_purge_that_was_interrupted)
{
    struct store_entry second = entries[1], third = entries[2];

    anchor(3, 1);
    memmove(entries + 2, entries, entry_count * sizeof entries[0]);
    entries[0] = second;
    entries[1] = third;
    entry_count += 2;
    cr_assert_eq(faults(), 0, "%s", said);
    /* … but it must be what the anchor says. */
    entries[1].records = bytes_str("{}\n");
    cr_assert(audit_entry_hash(entries[1].hash, &entries[1]));
    says("is not the one that was signed");
}

Test(audit_verify, what_follows_an_anchor_must_follow_it)
{
    anchor(3, 1);
    memset(entries[0].previous, 0x55, STORE_HASH);
    cr_assert(audit_entry_hash(entries[0].hash, &entries[0]));
    says("does not follow what was before it");
}

/* Rows whose hashes fit each other, where the anchor says that everything is gone: whoever makes them up
 * needs no key. */
Test(audit_verify, what_was_purged_does_not_come_back)
{
    struct store_entry gone[ENTRIES];

    memcpy(gone, entries, sizeof gone);
    anchor(ENTRIES, SEALS);
    cr_assert_eq(faults(), 0, "%s", said);
    for (size_t from = 0; from < 2; from++) {
        entry_count = ENTRIES - 2;
        memcpy(entries, gone + from, entry_count * sizeof entries[0]);
        says("were put in");
    }
}

/* A chain begins with entry 1. */
Test(audit_verify, no_entry_stands_before_the_first)
{
    for (int64_t seq = -1; seq <= 0; seq++) {
        entries[entry_count] = entries[0];
        memset(entries[entry_count].chain, 0x5a, STORE_CHAIN_ID);
        entries[entry_count].seq = seq;
        cr_assert(audit_entry_hash(entries[entry_count].hash, &entries[entry_count]));
        entry_count++;
        says("was put in");
        entry_count--;
    }
}

Test(audit_verify, without_its_anchor_a_purge_is_a_gap)
{
    anchor(3, 1);
    remove_seal(seal_count - 1);
    says("entry 1 to 3 of chain");
    says("seal 1 of process");
}

/* ---- the text ---- */

Test(audit_verify, the_longest_seal_fits_a_line_of_the_log)
{
    struct audit_seal what = {.kind = AUDIT_ANCHOR, .head_count = AUDIT_SEAL_ENDS}, back;
    struct audit_sealer far = {.number = 999999999999999998};
    struct store_seal seal;
    char node[STORE_NAME_MAX];

    memset(node, 1, sizeof node); /* four characters each */
    for (size_t i = 0; i < AUDIT_SEAL_ENDS; i++) {
        what.heads[i].seq = 999999999999999999;
        random_bytes(what.heads[i].hash, STORE_HASH);
    }
    cr_assert(audit_seal_make(&seal, arena, &what, &far, bytes_of(node, sizeof node), 999999999999999999, key,
                              algorithm));
    cr_assert_lt(seal.text.len +
                     strlen("time=2026-01-01T00:00:00.000Z level=info event=\"audit seal\" "
                            " signature=\n") +
                     (size_t)2 * SIGNATURE_MAX,
                 LOG_LONG_MAX);
    cr_assert(audit_seal_parse(&back, seal.text));
    cr_assert_eq(back.head_count, AUDIT_SEAL_ENDS);
    cr_assert_eq(back.heads[7].seq, 999999999999999999);
    cr_assert_arr_eq(back.heads[7].hash, what.heads[7].hash, STORE_HASH);
    cr_assert_eq(back.number, 999999999999999999);
    for (size_t len = 0; len < seal.text.len; len++) {
        struct bytes cut = exact(bytes_of(seal.text.data, len));
        cr_expect_not(audit_seal_parse(&back, cut), "cut off after %zu", len);
        exact_free(cut);
    }
}

/* A list of |n| ends; |one| is what it is made of. */
static const char *list_of(int n, const char *one)
{
    const char *list = one;

    while (--n > 0)
        list = arena_printf(arena, "%s,%s", list, one);
    return list;
}

/* As many ends as there is room for in either list, and not one more. */
Test(audit_verify, a_seal_with_too_many_ends_is_none)
{
    struct audit_seal what = {.kind = AUDIT_ANCHOR, .head_count = 1, .seal_count = 1};
    struct audit_seal *back = malloc(sizeof *back);
    struct store_seal seal = make_seal(&what);
    const char *all = arena_printf(arena, "%.*s", (int)seal.text.len, seal.text.data),
               *heads = strstr(all, " heads="), *one = strstr(all, " seals=") + strlen(" seals=");

    for (int n = AUDIT_SEAL_ENDS; n <= AUDIT_SEAL_ENDS + 1; n++) {
        const char *list = list_of(n, one);
        struct bytes more =
            bytes_str(arena_printf(arena, "%.*s heads=%s seals=%s", (int)(heads - all), all, list, one));
        cr_assert_eq(audit_seal_parse(back, more), n == AUDIT_SEAL_ENDS, "%d heads", n);
        more = bytes_str(arena_printf(arena, "%s%s", all, strchr(list, ',')));
        cr_assert_eq(audit_seal_parse(back, more), n == AUDIT_SEAL_ENDS, "%d seals", n);
        cr_assert(n > AUDIT_SEAL_ENDS || back->seal_count == AUDIT_SEAL_ENDS);
    }
    free(back);
}

/* Numbers begin with 1, and the longest that fits for certain has 18 digits. */
Test(audit_verify, a_seal_with_a_number_that_is_none_is_none)
{
    static const char *const numbers[] = {"0", "999999999999999999", "1000000000000000000",
                                          "99999999999999999999"};
    struct audit_seal *back = malloc(sizeof *back);
    const char *all = arena_printf(arena, "%.*s", (int)seals[0].text.len, seals[0].text.data),
               *number = strstr(all, " number=") + strlen(" number="), *rest = strchr(number, ' ');

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct bytes text =
            bytes_str(arena_printf(arena, "%.*s%s%s", (int)(number - all), all, numbers[i], rest));
        cr_assert_eq(audit_seal_parse(back, text), i == 1, "%s", numbers[i]);
    }
    free(back);
}

/* Wherever a line of a log ends, nothing behind it is read, and no more is written than half of it. */
Test(audit_verify, a_line_may_end_anywhere)
{
    struct bytes text, signature, line = seal_line(&seals[0]);

    for (size_t len = 0; len <= line.len; len++) {
        struct bytes cut = exact(bytes_of(line.data, len));
        uint8_t *room = malloc(len / 2 + 1);
        int is_one = audit_seal_find(&text, &signature, room, cut);
        if (is_one && len < line.len)
            cr_expect(!bytes_equal(signature, seals[0].signature), "cut off after %zu", len);
        free(room);
        exact_free(cut);
    }
}
