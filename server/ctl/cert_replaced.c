/* cert_replaced.c: see cert_replaced.h. A table of subjects, by the SHA-256 of their names: the octets of a
 * name count, so one that is spelled otherwise replaces nothing. */
#include "server/ctl/cert_replaced.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

struct entry {
    uint8_t subject[STORE_HASH];
    uint8_t key[STORE_HASH]; /* of the newest */
    int64_t newest;          /* when it was issued; 0: none is known */
    int is_used;
};

struct cert_replaced {
    struct entry *entries;
    size_t count, room;
    int64_t oldest; /* of those that were asked about */
    int64_t now;
};

struct cert_replaced *cert_replaced_new(void)
{
    struct cert_replaced *set = calloc(1, sizeof *set);

    if (set == NULL || (set->entries = calloc(FIRST_ROOM, sizeof *set->entries)) == NULL) {
        free(set);
        return NULL;
    }
    set->room = FIRST_ROOM;
    set->oldest = INT64_MAX;
    return set;
}

void cert_replaced_free(struct cert_replaced *set)
{
    if (set != NULL)
        free(set->entries);
    free(set);
}

/* The place of the subject, or the free one where it would be: half of them are free. */
static struct entry *find(struct entry *entries, size_t room, const uint8_t subject[STORE_HASH])
{
    uint64_t at;

    memcpy(&at, subject, sizeof at);
    for (at %= room; entries[at].is_used; at = (at + 1) % room)
        if (memcmp(entries[at].subject, subject, STORE_HASH) == 0)
            break;
    return &entries[at];
}

static int grow(struct cert_replaced *set)
{
    size_t room = 2 * set->room;
    struct entry *entries;

    if (2 * set->count < set->room)
        return 1;
    if ((entries = calloc(room, sizeof *entries)) == NULL)
        return 0;
    for (size_t i = 0; i < set->room; i++)
        if (set->entries[i].is_used)
            *find(entries, room, set->entries[i].subject) = set->entries[i];
    free(set->entries);
    set->entries = entries;
    set->room = room;
    return 1;
}

static struct entry *entry_of(const struct cert_replaced *set, uint8_t subject[STORE_HASH],
                              const struct store_cert *cert)
{
    digest_compute(subject, DIGEST_SHA256, cert->subject);
    return find(set->entries, set->room, subject);
}

int cert_replaced_ask(struct cert_replaced *set, const struct store_cert *cert)
{
    uint8_t subject[DIGEST_MAX];
    struct entry *entry;

    if (!grow(set))
        return 0;
    entry = entry_of(set, subject, cert);
    if (!entry->is_used) {
        memcpy(entry->subject, subject, STORE_HASH);
        entry->is_used = 1;
        set->count++;
    }
    if (cert->issued_at < set->oldest)
        set->oldest = cert->issued_at;
    return 1;
}

/* Of two that were issued in the same second, one that was updated is the older. */
static int is_updated(const struct store_cert *cert)
{
    return cert->successor.len != 0;
}

static int look(void *arg, const struct cert_found *found)
{
    struct cert_replaced *set = arg;
    const struct store_cert *cert = found->cert;
    uint8_t subject[DIGEST_MAX];
    struct entry *entry = entry_of(set, subject, cert);

    if (!entry->is_used || cert->status != STORE_CERT_VALID || cert->not_after < set->now ||
        cert->spki_hash.len != STORE_HASH || cert->issued_at < entry->newest ||
        (cert->issued_at == entry->newest && is_updated(cert)))
        return 1;
    entry->newest = cert->issued_at;
    memcpy(entry->key, cert->spki_hash.data, STORE_HASH);
    return 1;
}

int cert_replaced_look(struct cert_replaced *set, const struct ctl_opened *opened, int64_t now)
{
    const struct cert_walk walk = {
        .opened = opened, .after = set->oldest, .before = INT64_MAX, .each = look, .arg = set};

    set->now = now;
    return set->count == 0 || cert_walk(&walk);
}

int cert_is_replaced(const struct cert_replaced *set, const struct store_cert *cert)
{
    uint8_t subject[DIGEST_MAX];
    const struct entry *entry = entry_of(set, subject, cert);

    return entry->is_used &&
           (entry->newest > cert->issued_at || (entry->newest == cert->issued_at && is_updated(cert))) &&
           !bytes_equal(cert->spki_hash, bytes_of(entry->key, STORE_HASH));
}
