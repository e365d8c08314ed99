/* audit.h: the audit log as chains that prove themselves.
 *
 * Each connection of a writer has a chain of its own, so that writers never wait for each other. A commit
 * adds one entry, which holds the audit records of its units and the hash of the entry before: an entry that
 * is changed, left out or put in breaks its chain. Nodes sign the ends of their chains
 * (server/upkeep/seal.h), so that a chain can neither be made anew nor be cut off before the last end that
 * was signed.
 *
 * The hash of an entry is SHA-256 over AUDIT_PREFIX with its NUL, chain, seq and at (8 octets each), the
 * length of the node's name (4 octets) and the name, previous, the length of the records (8 octets) and the
 * records; numbers are big-endian. */
#ifndef CMPD_STORAGE_AUDIT_H
#define CMPD_STORAGE_AUDIT_H

#include <pthread.h>

#include "store.h"

#define AUDIT_PREFIX "cmpd audit entry 1"

/* struct audit_register knows the ends of all chains of one store of this process, until they are signed. Any
 * thread. */
struct audit_register {
    pthread_mutex_t lock;
    struct audit_end {
        struct store_head head;
        int64_t sealed; /* the seq that was signed last */
        int ended;      /* 1: nothing is added any more; forgotten once it is signed */
    } * ends;
    size_t count, room;
};

void audit_register_init(struct audit_register *reg);
void audit_register_cleanup(struct audit_register *reg);

/* audit_register_moved copies up to |max| ends that have moved since they were signed; returns how many. */
size_t audit_register_moved(struct audit_register *reg, struct store_head *heads, size_t max);

/* audit_register_sealed notes that |n| ends are signed, as they were copied. */
void audit_register_sealed(struct audit_register *reg, const struct store_head *heads, size_t n);

/* struct audit_chain is the writer's end of a chain. It belongs to one thread; all zero at first. */
struct audit_chain {
    struct audit_register *reg;
    struct bytes node;
    struct store_head head; /* the last entry that is committed; seq 0: none is yet */
    uint8_t *buffer;        /* of the entry that was made last: what its hash is over */
    size_t used, room;
};

/* audit_chain_begin begins a new chain with nothing in it, for a new connection; the chain that |chain| was
 * ends. |node| and |reg| must outlive it. Returns 1, or 0 without memory: |chain| is as it was. */
int audit_chain_begin(struct audit_chain *chain, struct audit_register *reg, struct bytes node);

/* audit_chain_end ends |chain| and frees what it holds. A chain that is all zero is allowed. */
void audit_chain_end(struct audit_chain *chain);

/* audit_entry_make makes the next entry of |chain| from those of |n| |units|, and of those done with them,
 * that have an audit record, and leaves the chain as it is: the entry counts when audit_chain_advance is told
 * that it is committed. |now| in Unix milliseconds; an entry is never older than the one before.
 * |out->records| is empty if there is nothing to write. Its views live until the next entry of |chain| is
 * made. Returns 1, or 0 without memory. */
int audit_entry_make(struct store_entry *out, struct audit_chain *chain, struct store_unit *const *units,
                     size_t n, int64_t now);

/* audit_entry_close makes the last entry of a chain whose connection was lost while an entry with the time
 * |at| was being committed, and may have been: it takes that entry's place, with the same seq and time, so
 * that only one of the two can be stored. |detail| tells why. Which one is stored, its hash tells: that the
 * place is taken does not, for an entry that closes may have been sent before, and be there already.
 * Whichever turns out to be stored is what audit_chain_advance is told; then a new chain is begun. Returns 1
 * or 0, as above. */
int audit_entry_close(struct store_entry *out, struct audit_chain *chain, int64_t at, const char *detail);

/* audit_chain_advance makes |entry|, now durable, the end of |chain|. Of the entry, chain, seq, at and hash
 * are looked at. */
void audit_chain_advance(struct audit_chain *chain, const struct store_entry *entry);

/* audit_entry_hash computes what |entry->hash| has to be. Returns 1, or 0 without memory. */
int audit_entry_hash(uint8_t out[STORE_HASH], const struct store_entry *entry);

/* audit_record writes |unit|'s record as a line of JSON into |out|, which has room for
 * audit_record_room(unit) octets; returns its length. */
size_t audit_record_room(const struct store_unit *unit);
size_t audit_record(char *out, const struct store_unit *unit);

#endif
