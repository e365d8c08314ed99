/* Finds out whether the audit log is whole: logs first, then seals, then entries, then what is missing. */
#include "audit_verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit.h"
#include "audit_seal.h"
#include "crypto/batch.h"
#include "server/base/log.h"

enum { ID = STORE_CHAIN_ID, HEX_ID = 2 * ID + 1 };

struct point {
    int64_t seq; /* 0: none */
    uint8_t hash[STORE_HASH];
};

/* struct trail is what is known of a chain, or of the seals of an instance. */
struct trail {
    int used;
    uint8_t id[ID];
    struct point first; /* row that was seen; its hash is that of the one before */
    struct point last;  /* row that was seen */
    int64_t last_at;
    struct point attested; /* the last that must be there: by seals, or by the log */
    struct point anchor;   /* up to here it was purged on purpose */
};

/* struct trails is a table of trails by id, with open addressing: ids are random. */
struct trails {
    const char *of, *rows; /* for faults: "chain", "entry" */
    struct trail *slots;
    size_t count, room; /* a power of two */
};

struct key {
    uint8_t id[AUDIT_KEY_ID];
    struct public_key *key;
    int64_t not_before, not_after; /* Unix seconds */
};

struct audit_verify {
    void (*fault)(void *arg, const char *text);
    void *arg;
    struct key *keys;
    size_t key_count;
    struct trails chains, instances;
    struct audit_summary summary;
};

static void fault(struct audit_verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct audit_verify *v, const char *format, ...)
{
    char text[AUDIT_FAULT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    v->summary.faults++;
    v->fault(v->arg, text);
}

/* ---- trails ---- */

static struct trail *slot_of(struct trail *slots, size_t room, const uint8_t *id)
{
    uint64_t at;

    memcpy(&at, id, sizeof at);
    while (slots[at & (room - 1)].used && memcmp(slots[at & (room - 1)].id, id, ID) != 0)
        at++;
    return &slots[at & (room - 1)];
}

static int grow(struct trails *trails)
{
    enum { FEW = 64 };
    size_t room = trails->room == 0 ? FEW : 2 * trails->room;
    struct trail *slots = calloc(room, sizeof *slots);

    if (slots == NULL)
        return 0;
    for (size_t i = 0; i < trails->room; i++)
        if (trails->slots[i].used)
            *slot_of(slots, room, trails->slots[i].id) = trails->slots[i];
    free(trails->slots);
    trails->slots = slots;
    trails->room = room;
    return 1;
}

/* NULL, and a fault, without memory. */
static struct trail *trail_of(struct audit_verify *v, struct trails *trails, const uint8_t *id)
{
    struct trail *trail;

    if (2 * trails->count >= trails->room && !grow(trails)) {
        fault(v, "out of memory: not everything was looked at");
        return NULL;
    }
    trail = slot_of(trails->slots, trails->room, id);
    if (!trail->used) {
        trail->used = 1;
        memcpy(trail->id, id, ID);
        trails->count++;
    }
    return trail;
}

static const char *name_of(char out[HEX_ID], const struct trail *trail)
{
    return log_hex(out, HEX_ID, bytes_of(trail->id, ID));
}

static int same_hash(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, STORE_HASH) == 0;
}

static void missing(struct audit_verify *v, const struct trails *trails, const struct trail *trail,
                    int64_t from, int64_t to)
{
    char hex[HEX_ID];

    if (from == to)
        fault(v, "%s %lld of %s %s is missing", trails->rows, (long long)from, trails->of,
              name_of(hex, trail));
    else
        fault(v, "%s %lld to %lld of %s %s are missing", trails->rows, (long long)from, (long long)to,
              trails->of, name_of(hex, trail));
}

/* A row is held against the one before it and what is signed of it. */
static void follow(struct audit_verify *v, const struct trails *trails, struct trail *trail, int64_t seq,
                   const uint8_t *previous, const uint8_t *hash)
{
    char hex[HEX_ID];

    if (trail->first.seq == 0) {
        trail->first.seq = seq;
        memcpy(trail->first.hash, previous, STORE_HASH);
    } else if (seq <= trail->last.seq) {
        fault(v, "%s %lld of %s %s comes after %lld: it is there twice, or its number was changed",
              trails->rows, (long long)seq, trails->of, name_of(hex, trail), (long long)trail->last.seq);
    } else if (seq != trail->last.seq + 1) {
        missing(v, trails, trail, trail->last.seq + 1, seq - 1);
    } else if (!same_hash(previous, trail->last.hash)) {
        fault(v, "%s %lld of %s %s does not follow the one before it: one of them was replaced", trails->rows,
              (long long)seq, trails->of, name_of(hex, trail));
    }
    if ((seq == trail->attested.seq && !same_hash(hash, trail->attested.hash)) ||
        (seq == trail->anchor.seq && !same_hash(hash, trail->anchor.hash)))
        fault(v, "%s %lld of %s %s is not the one that was signed: it, or one before it, was replaced",
              trails->rows, (long long)seq, trails->of, name_of(hex, trail));
    trail->last.seq = seq;
    memcpy(trail->last.hash, hash, STORE_HASH);
}

static void check_begin(struct audit_verify *v, const struct trails *trails, const struct trail *trail)
{
    static const uint8_t zeros[STORE_HASH];
    int64_t first = trail->first.seq;
    char hex[HEX_ID];

    if (first == 0 || first <= trail->anchor.seq)
        return;
    if (first > trail->anchor.seq + 1)
        missing(v, trails, trail, trail->anchor.seq + 1, first - 1);
    else if (!same_hash(trail->first.hash, first == 1 ? zeros : trail->anchor.hash))
        fault(v, "%s %lld of %s %s does not follow what was before it", trails->rows, (long long)first,
              trails->of, name_of(hex, trail));
}

/* What a purge that was interrupted leaves of a chain goes on to where the anchor is, and what was purged is
 * not there. Other rows of before the anchor were put there later: nothing of them is proven. */
static void check_purged(struct audit_verify *v, const struct trail *trail)
{
    char hex[HEX_ID];

    if (trail->last.seq != 0 && trail->last.seq < trail->anchor.seq)
        fault(v, "entry %lld to %lld of chain %s were put in: the chain was purged up to %lld",
              (long long)trail->first.seq, (long long)trail->last.seq, name_of(hex, trail),
              (long long)trail->anchor.seq);
}

static void check_end(struct audit_verify *v, const struct trails *trails, const struct trail *trail)
{
    int64_t end = trail->last.seq > trail->anchor.seq ? trail->last.seq : trail->anchor.seq;

    if (trail->attested.seq > end)
        missing(v, trails, trail, end + 1, trail->attested.seq);
}

static void check_trails(struct audit_verify *v, const struct trails *trails)
{
    for (size_t i = 0; i < trails->room; i++)
        if (trails->slots[i].used) {
            check_begin(v, trails, &trails->slots[i]);
            check_end(v, trails, &trails->slots[i]);
        }
}

/* ---- seals ---- */

/* The key that signs |seal|, for the time that the seal says if there is one for that, else for another. */
static const struct key *key_of(const struct audit_verify *v, const struct audit_seal *seal, int64_t at)
{
    const struct key *found = NULL;

    for (size_t i = 0; i < v->key_count; i++)
        if (memcmp(v->keys[i].id, seal->key, AUDIT_KEY_ID) == 0) {
            found = &v->keys[i];
            if (at >= found->not_before && at <= found->not_after)
                break;
        }
    return found;
}

/* NULL, and a fault: there is none that may be believed. */
static const struct public_key *trusted_key(struct audit_verify *v, const struct audit_seal *seal,
                                            const char *where)
{
    enum { MS = 1000 };
    char hex[2 * AUDIT_KEY_ID + 1];
    int64_t at = seal->at / MS;
    const struct key *key = key_of(v, seal, at);

    log_hex(hex, sizeof hex, bytes_of(seal->key, AUDIT_KEY_ID));
    if (key == NULL)
        fault(v,
              "%s is signed with a key that is in no CMP certificate given (key %s): name the certificate "
              "with --certificate",
              where, hex);
    else if (at < key->not_before || at > key->not_after)
        fault(v,
              "%s says a time at which the CMP certificate of its key was not valid (key %s): if you know "
              "why, name the certificate with --certificate",
              where, hex);
    else
        return key->key;
    return NULL;
}

/* Reads a seal and its signature. Returns 0, with a fault, if nothing may be concluded from it. */
static int check_seal(struct audit_verify *v, struct audit_seal *seal, const char *where, struct bytes text,
                      struct bytes signature)
{
    struct verification item = {.message = text, .signature = signature};

    if (!audit_seal_parse(seal, text)) {
        fault(v, "%s is damaged: its text is not that of a seal", where);
        return 0;
    }
    item.algorithm = seal->algorithm;
    item.key = trusted_key(v, seal, where);
    if (item.key == NULL)
        return 0;
    verify_batch(&(struct verification *){&item}, 1);
    if (!item.valid)
        fault(v, "%s was changed: its signature does not verify", where);
    return item.valid;
}

static void raise_point(struct audit_verify *v, const struct trails *trails, const struct trail *trail,
                        struct point *point, const struct store_head *to)
{
    char hex[HEX_ID];

    if (to->seq == point->seq && !same_hash(to->hash, point->hash))
        fault(v, "%s %lld of %s %s was signed with different contents", trails->rows, (long long)to->seq,
              trails->of, name_of(hex, trail));
    if (to->seq > point->seq) {
        point->seq = to->seq;
        memcpy(point->hash, to->hash, STORE_HASH);
    }
}

static void conclude(struct audit_verify *v, const struct audit_seal *seal)
{
    struct trail *trail;

    for (size_t i = 0; i < seal->head_count; i++)
        if ((trail = trail_of(v, &v->chains, seal->heads[i].chain)) != NULL)
            raise_point(v, &v->chains, trail, seal->kind == AUDIT_ANCHOR ? &trail->anchor : &trail->attested,
                        &seal->heads[i]);
    for (size_t i = 0; i < seal->seal_count; i++)
        if ((trail = trail_of(v, &v->instances, seal->seals[i].chain)) != NULL)
            raise_point(v, &v->instances, trail, &trail->anchor, &seal->seals[i]);
}

static void verify_found(struct audit_verify *v, const char *where, struct bytes text, struct bytes signature)
{
    struct store_head end = {.at = 0};
    struct audit_seal seal;
    struct trail *trail;

    if (signature.len == 0) {
        fault(v, "%s is damaged: it has no signature", where);
        return;
    }
    if (!check_seal(v, &seal, where, text, signature))
        return;
    conclude(v, &seal);
    end.seq = seal.number;
    if ((trail = trail_of(v, &v->instances, seal.instance)) != NULL &&
        audit_seal_hash(end.hash, text, signature))
        raise_point(v, &v->instances, trail, &trail->attested, &end);
}

int audit_verify_line(struct audit_verify *v, const char *where, struct bytes line)
{
    uint8_t *room = malloc(line.len / 2 + 1);
    struct bytes text, signature;
    int found;

    if (room == NULL) {
        fault(v, "out of memory: not everything was looked at");
        return 0;
    }
    found = audit_seal_find(&text, &signature, room, line);
    if (found)
        verify_found(v, where, text, signature);
    free(room);
    return found;
}

/* The columns beside the text must say the same. */
static int agrees(const struct store_seal *row, const struct audit_seal *seal)
{
    char quoted[4 * STORE_NAME_MAX + 3];

    return memcmp(row->instance, seal->instance, STORE_INSTANCE) == 0 && row->number == seal->number &&
           row->at == seal->at &&
           bytes_equal(seal->node, bytes_str(log_quote(quoted, sizeof quoted, row->node)));
}

int audit_verify_seal(void *arg, const void *stored)
{
    const struct store_seal *row = stored;
    struct audit_verify *v = arg;
    struct audit_seal seal;
    char where[AUDIT_FAULT_MAX / 2], hex[HEX_ID];
    struct trail *trail = trail_of(v, &v->instances, row->instance);
    uint8_t hash[STORE_HASH];

    v->summary.seals++;
    snprintf(where, sizeof where, "seal %lld of process %s", (long long)row->number,
             log_hex(hex, sizeof hex, bytes_of(row->instance, STORE_INSTANCE)));
    if (trail == NULL)
        return 1;
    if (!audit_seal_hash(hash, row->text, row->signature)) {
        fault(v, "out of memory: not everything was looked at");
        return 1;
    }
    if (!check_seal(v, &seal, where, row->text, row->signature)) {
        /* Nothing that it says is believed; the next is held against it all the same. */
        trail->first.seq = trail->first.seq != 0 ? trail->first.seq : row->number;
        trail->last.seq = row->number;
        memcpy(trail->last.hash, hash, STORE_HASH);
        return 1;
    }
    if (!agrees(row, &seal))
        fault(v, "%s was changed: its columns do not say what its text says", where);
    else
        follow(v, &v->instances, trail, seal.number, seal.previous, hash);
    conclude(v, &seal);
    return 1;
}

/* ---- entries ---- */

int audit_verify_entry(void *arg, const void *row)
{
    const struct store_entry *entry = row;
    struct audit_verify *v = arg;
    uint8_t hash[STORE_HASH];
    char hex[HEX_ID];
    struct trail *trail;
    uint64_t lines = 0;

    for (size_t i = 0; i < entry->records.len; i++)
        lines += entry->records.data[i] == '\n';
    v->summary.entries++;
    v->summary.records += lines;
    if (entry->seq <= 0) {
        fault(v, "an entry of chain %s was put in: chains begin with entry 1, it has number %lld",
              log_hex(hex, sizeof hex, bytes_of(entry->chain, ID)), (long long)entry->seq);
        return 1;
    }
    if ((trail = trail_of(v, &v->chains, entry->chain)) == NULL)
        return 1;
    if (!audit_entry_hash(hash, entry)) {
        fault(v, "out of memory: not everything was looked at");
        return 1;
    }
    if (!same_hash(hash, entry->hash))
        fault(v, "entry %lld of chain %s was changed: its hash is not that of its contents",
              (long long)entry->seq, name_of(hex, trail));
    v->summary.chains += trail->first.seq == 0;
    follow(v, &v->chains, trail, entry->seq, entry->previous, entry->hash);
    if (entry->at < trail->last_at)
        fault(v, "entry %lld of chain %s is older than the one before it", (long long)entry->seq,
              name_of(hex, trail));
    trail->last_at = entry->at;
    return 1;
}

/* ---- the whole ---- */

struct audit_verify *audit_verify_new(void (*on_fault)(void *arg, const char *text), void *arg)
{
    struct audit_verify *v = calloc(1, sizeof *v);

    if (v == NULL)
        return NULL;
    v->fault = on_fault;
    v->arg = arg;
    v->chains.of = "chain";
    v->chains.rows = "entry";
    v->instances.of = "process";
    v->instances.rows = "seal";
    return v;
}

void audit_verify_free(struct audit_verify *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->key_count; i++)
        public_key_free(v->keys[i].key);
    free(v->keys);
    free(v->chains.slots);
    free(v->instances.slots);
    free(v);
}

int audit_verify_key(struct audit_verify *v, struct bytes spki, int64_t not_before, int64_t not_after)
{
    struct key *keys = realloc(v->keys, (v->key_count + 1) * sizeof *keys), *key;

    if (keys == NULL)
        return 0;
    v->keys = keys;
    key = &keys[v->key_count];
    key->key = public_key_parse(spki);
    if (key->key == NULL || !audit_key_id(key->id, spki)) {
        public_key_free(key->key);
        return 0;
    }
    key->not_before = not_before;
    key->not_after = not_after;
    v->key_count++;
    return 1;
}

void audit_verify_end(struct audit_verify *v, struct audit_summary *out)
{
    check_trails(v, &v->instances);
    check_trails(v, &v->chains);
    for (size_t i = 0; i < v->chains.room; i++) {
        const struct trail *trail = &v->chains.slots[i];
        if (trail->used)
            check_purged(v, trail);
        int64_t sealed = trail->attested.seq > trail->anchor.seq ? trail->attested.seq : trail->anchor.seq;
        if (trail->used && trail->last.seq > sealed)
            v->summary.unsealed += (uint64_t)(trail->last.seq - sealed);
    }
    *out = v->summary;
}
