/* store.h: what the server remembers, behind two asynchronous calls.
 *
 * fetch reads rows by key; commit applies units. A unit is one job's preconditions, writes and audit record:
 * all of it or nothing. What is committed together is decided by the store's writer from what waits; one bad
 * unit never fails its neighbours. The store knows octets, no cryptography and no ASN.1. What rows are like
 * is said in tables.h. */
#ifndef CMPD_STORAGE_STORE_H
#define CMPD_STORAGE_STORE_H

#include "server/base/arena.h"
#include "tables.h"

enum {
    STORE_FAULT_MAX = 512, /* octets of a fault's text */
    STORE_WRITES_MAX = 16, /* rows that a unit writes */
    STORE_WITH_MAX = 16,   /* units that are done with one */
};

/* struct store_head is where a chain of the audit log ends. */
struct store_head {
    uint8_t chain[STORE_CHAIN_ID];
    int64_t seq; /* of the last entry; 0: there is none */
    int64_t at;
    uint8_t hash[STORE_HASH];
};

/* ---- fetch ---- */

enum store_fetch_outcome { STORE_FOUND = 1, STORE_ABSENT, STORE_FETCH_UNAVAILABLE };

/* struct store_fetch asks for rows of one kind: the one with |key|, or those that |index| finds. */
struct store_fetch {
    enum store_kind kind;   /* by its key: one that store_has_key */
    enum store_index index; /* STORE_BY_KEY, or one that is about |kind| */
    struct bytes issuer;    /* STORE_ISSUER_ID octets, if rows of the kind have one */
    struct bytes key;
    struct bytes of;     /* as the index wants it */
    int64_t before;      /* Unix seconds or a number, as the index wants it */
    struct arena *arena; /* the rows are allocated here, and all that they refer to */
    enum store_fetch_outcome outcome;
    void *rows; /* when found: |count| of the kind's structure */
    size_t count;
};

/* ---- commit ---- */

enum store_precondition {
    STORE_PRE_NONE = 0,
    STORE_PRE_TX,             /* the transaction is not as expected; |row| of the unit is as it is */
    STORE_PRE_SECRET,         /* the secret is gone, expired, or bound to another transaction */
    STORE_PRE_KEY_BLOCKED,    /* this public key is not to be certified any more */
    STORE_PRE_SIGNER_BLOCKED, /* the key that protects is blocked */
    STORE_PRE_DEVICE_BLOCKED, /* the device is */
    STORE_PRE_KEY_UNUSED,     /* another live certificate has this public key */
    STORE_PRE_SIGNER,         /* the protecting certificate, issued by us, is revoked */
    STORE_PRE_ROW,            /* a row that is to be inserted is there already: its serial is taken */
    STORE_PRE_CERT,           /* the certificate that is to be changed is not in the state that is expected */
    STORE_PRE_CLAIM, /* the claim that is to be swapped has changed, or the one that is to be counted has
                      * as many as it may have */
    STORE_PRE_OLD,   /* a row that is to be removed is gone already, or may not be removed */
    STORE_PRE_LEASE, /* somebody else has the lease, or it has lapsed */
    STORE_PRECONDITIONS
};

enum store_outcome {
    STORE_DONE = 1,
    STORE_CONFLICT,    /* nothing written; |conflict| tells which precondition failed. Of units that are done
                        * together it is that of one: store_unit_failed */
    STORE_UNAVAILABLE, /* nothing written: the store cannot be reached or is full */
    STORE_UNKNOWN,     /* it may have been written: fetch by transactionID to find out */
};

/* struct store_cert_change sets the status of a stored certificate, and lists it as revoked or takes it off
 * the list. Revocation is final: a change of a revoked certificate is no change, and so is one of a
 * certificate that is not |only_from| what is named; the unit is done all the same, unless that is required.
 * A hold is lifted by a change that is only_from STORE_CERT_HOLD. */
struct store_cert_change {
    struct bytes serial;
    enum store_cert_status only_from; /* 0: any */
    int required;                     /* 1: what is no change is STORE_PRE_CERT */
    enum store_cert_status status;
    int reason;
    int64_t at;             /* Unix seconds */
    int64_t invalidity_at;  /* of a revocation: since when the key may be lost (RFC 5280 5.3.2); 0: unknown */
    struct bytes successor; /* not empty: of that certificate from now on; its own serial: it has none */
    const struct bytes *former; /* not NULL: the successor that it has to have until now, or this is none */
    const struct store_cert_change *next; /* of another certificate, in the same unit; or NULL. Of all in a
                                           * unit one may be required */
};

/* struct store_removal removes what retention lets go: all of it, or nothing. */
struct store_removal {
    enum store_kind kind;     /* STORE_CERTIFICATES: those whose notAfter is below |before|, with the rows of
                               * their transactions, keys and revocations; STORE_TRANSACTIONS: those that were
                               * begun before |before|; none may await certConf. STORE_BLOCKED_KEYS: whenever
                               * they were blocked */
    const struct bytes *keys; /* up to STORE_OLD_MAX, sorted, none twice */
    size_t count;
    int64_t before; /* Unix seconds */
};

/* struct store_lease is a right that one process at a time has, by the clock of the database: who makes CRLs,
 * say. None lasts longer than an hour: one that says so is from before the clock was set back, and is free.
 */
struct store_lease {
    const char *name;    /* what it is about */
    struct bytes holder; /* a process: no other has this name, not even a later one of this node */
    int64_t seconds; /* not 0: it is taken, if it is free, or held on to, for so long; 0: it has to be held */
    int64_t longer;  /* of one that has to be held: at least for so many seconds from now on */
};

struct store_audit {
    int64_t at;          /* Unix milliseconds */
    const char *event;   /* what was decided about: "issue", "confirm", "reject", … */
    const char *outcome; /* how: "granted", "accepted", "rejected", "revoked", … */
    struct bytes who;    /* readable: sender, or reference */
    struct bytes detail; /* readable */
};

/* struct store_write is one row that a unit writes. */
struct store_write {
    enum store_how how;
    enum store_kind kind;
    const void *row; /* the kind's structure */
};

struct store_unit {
    struct bytes issuer; /* STORE_ISSUER_ID octets */
    struct arena *arena; /* for |row| on a conflict */

    /* Preconditions, checked in this order; the first that fails is the conflict. */
    struct bytes tx_id; /* of the transaction that is written: absent if it is inserted, else there and … */
    enum store_tx_state expect_state; /* … in this state (0: in any) */
    int64_t expect_free_at; /* … and, if this is not 0 (Unix seconds), with its transactionID free by then */
    struct bytes secret_reference; /* not empty: must be present, and bound to no transaction, or reusable */
    int64_t now;                   /* Unix seconds, for the secret's expiry */
    struct bytes key_unblocked;    /* not empty: SPKI hash that must not be blocked … */
    struct bytes signer_unblocked; /* … and another, of the key that protects … */
    struct bytes device_unblocked; /* … and the device that it is for. A key, or a device, is blocked by the
                                    * unit that writes its row, before this one or after it */
    struct bytes key_unused;    /* not empty: SPKI hash that no certificate, other than revoked, may have */
    struct bytes signer_serial; /* not empty: this certificate of the issuer must exist and not be revoked */

    /* Writes. A secret that is not reusable is bound to tx_id besides. */
    struct store_write writes[STORE_WRITES_MAX]; /* by store_unit_write */
    size_t write_count;
    const struct store_cert_change *change; /* of stored certificates, or NULL */
    const struct store_removal *removal;    /* done, or STORE_PRE_OLD; or NULL */
    const struct store_lease *lease;        /* is had while this is done, or STORE_PRE_LEASE; or NULL */
    const struct store_audit *audit;        /* goes into the entry of the commit; or NULL */

    /* Not 0: this node serves at |alive_at| (Unix seconds). If no node has said so for more than |alive_gap|
     * seconds, nobody could have taken a certConf: every deadline that had not passed when one last did is
     * put off by the time since. */
    int64_t alive_at;
    int64_t alive_gap;

    /* Another one that is done with this one, as its own |with| is: all of them, after each other, or none;
     * NULL: it is alone. The first alone is committed, and its outcome is that of all. None writes a row that
     * another one of them does, unless both by STORE_ONCE, or changes a certificate that another one
     * changes; nor are two of them to have the same |key_unused|. What one writes may or may not be seen by
     * the preconditions of those after it: what depends on that is wanted by the first. */
    struct store_unit *with;

    /* Outcome. */
    enum store_outcome outcome;
    enum store_precondition conflict;
    struct store_tx row; /* on STORE_PRE_TX with a row present; row.transaction_id empty otherwise */
};

/* store_unit_write adds |row| to what |unit| writes; it must live until the unit's outcome is set. More than
 * STORE_WRITES_MAX, or a kind that is not written so, is a fault of the program, and ends it. */
void store_unit_write(struct store_unit *unit, enum store_how how, enum store_kind kind, const void *row);

/* store_unit_row returns the first row of |kind| that |unit| writes, or NULL. */
const void *store_unit_row(const struct store_unit *unit, enum store_kind kind);

/* store_unit_failed returns that of |unit| and those done with it which is the reason for STORE_CONFLICT. */
struct store_unit *store_unit_failed(struct store_unit *unit);

/* store_unit_forget makes |outcome| that of |unit|, and no conflict of it and of those done with it. */
void store_unit_forget(struct store_unit *unit, enum store_outcome outcome);

/* store_tx_is_expected returns 1 if a stored transaction in |state|, whose transactionID is free at
 * |free_at|, is what |unit| expects. */
int store_tx_is_expected(const struct store_unit *unit, enum store_tx_state state, int64_t free_at);

/* store_unit_required returns the change of |unit| that is required, or NULL. */
const struct store_cert_change *store_unit_required(const struct store_unit *unit);

/* store_unit_claim returns the claim that |unit| swaps, or NULL: one at most. store_unit_quota returns the
 * one that it counts, likewise. */
const struct store_claim *store_unit_claim(const struct store_unit *unit);
const struct store_claim *store_unit_quota(const struct store_unit *unit);

/* store_claim_day returns the day under which what is counted on |day| counts where |stored| is: that of
 * |stored| if it is the next one, for the clocks of nodes differ around midnight. */
int64_t store_claim_day(const struct store_claim *stored, int64_t day);

/* store_claim_has_room returns 1 if |quota| can be counted where |stored| is. */
int store_claim_has_room(const struct store_claim *quota, const struct store_claim *stored);

/* store_unit_inserts_tx returns 1 if |unit| wants its transaction to be absent, and inserts it. */
int store_unit_inserts_tx(const struct store_unit *unit);

struct store;

/* store_done is called once for each fetch or unit, from a thread of the store, when its outcome is set. It
 * must not block and not call the store. |arg| is the |args| entry of that item. */
typedef void store_done(void *arg);

/* store_create makes the empty embedded store that |url| names, whole or not at all; one that is there
 * already is as good. A database is the business of its owner (store_migrate): nothing is made. Returns 1, or
 * 0 with |fault| written (STORE_FAULT_MAX octets). */
int store_create(char *fault, const char *url);

/* store_open opens the store that |url| names ("sqlite:PATH", "postgres://…") and starts its threads. |node|
 * is written into audit records. A store that is missing or damaged, or one whose schema this program cannot
 * use, is a fault: nothing is made or repaired by guess. Returns NULL with a text in |fault| (STORE_FAULT_MAX
 * octets) that tells what to do. */
struct store *store_open(char *fault, const char *url, const char *node);

/* store_open_to_read opens it for tools that only look: in PostgreSQL a standby will do, and a user who may
 * change nothing. An embedded store of an older schema is refused, for it would have to be taken forward.
 * store_commit takes nothing there, and there are no notices. Otherwise as store_open. */
struct store *store_open_to_read(char *fault, const char *url, const char *node);

/* How the store uses a file: reads it; reads it and what is in its folder, where it may be replaced; writes
 * it, and makes and removes others in its folder. */
enum store_file_use { STORE_FILE_READ, STORE_FILE_READ_FOLDER, STORE_FILE_WRITTEN };

/* store_each_file calls |each| for every file that the store at |url| and its library may open, until it
 * returns 0; returns what it returned last, or 1. */
int store_each_file(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                    void *arg);

/* store_url_has_secret returns 1 if |url| holds a password. */
int store_url_has_secret(const char *url);

/* store_migrate takes the schema of the store that |url| names forward to what this program wants: |*from|
 * and
 * |*to| are its versions before and after. An embedded store is taken forward by store_open as well;
 * PostgreSQL only here, by the owner of its tables, while nodes may serve. Returns 1, or 0 with |fault|
 * written. */
int store_migrate(char *fault, const char *url, int *from, int *to);

/* store_close waits until what was given is done, stops the threads, and frees |store|. NULL is allowed. */
void store_close(struct store *store);

/* store_fetch reads |n| rows, then calls |done| with args[i] for each. The items belong to the store until
 * then. Returns 1, or 0 when the store's queue is full: then nothing was taken and |done| is not called. */
int store_fetch(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                store_done *done);

/* store_commit applies |n| units, each atomic by itself, likewise. STORE_DONE is told only after the data is
 * durable. */
int store_commit(struct store *store, struct store_unit *const *units, void *const *args, size_t n,
                 store_done *done);

/* store_healthy returns 1 while the store answers: the last operation did not end as unavailable. An idle
 * store that is not healthy is tried again every second; but an embedded one whose files are damaged, or not
 * those that its URL leads to any more, stays so until it is opened again. */
int store_healthy(const struct store *store);

/* struct store_server is the database server that the newest connection is to, and how connections stand. */
struct store_server {
    unsigned down, idle, busy;             /* connections: to be made; free; with something under way */
    char host[256], address[64], port[16]; /* as the URL has it; as it was found; "" where not known */
    char version[32];
    const char *role; /* "primary", "standby", or "" if it does not say */
    int64_t since;    /* Unix seconds: when that connection was made */
};

/* store_server writes what is known into |out|. Returns 0 if the store has no server: an embedded one. Any
 * thread. */
int store_server(struct store *store, struct store_server *out);

/* store_notices counts the times that another node has told that it changed what it says of itself. A notice
 * may be lost, and embedded stores give none: who keeps something has to look again from time to time. */
unsigned store_notices(const struct store *store);

/* store_fetch_wait and store_commit_wait do one item and wait for it: for tools and start-up, never for a
 * job. Return 1 when the item's outcome is set. */
int store_fetch_wait(struct store *store, struct store_fetch *item);
int store_commit_wait(struct store *store, struct store_unit *unit);

/* store_fetch_all_wait does |n| items, at most STORE_OLD_MAX, at once, likewise. */
int store_fetch_all_wait(struct store *store, struct store_fetch *items, size_t n);

/* store_each calls |each| for every row of |kind|, one that has_ids, until it returns 0: certificates of
 * |issuer| (of all issuers if empty; then issuer by issuer or mixed, as the store likes), oldest first;
 * entries of one chain, and seals of one instance, in the order of their numbers. For tools. Returns 1, or 0
 * with |fault| written. */
typedef int store_row_found(void *arg, const void *row);
int store_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
               store_row_found *each, void *arg);

/* store_audit_heads copies up to |max| ends of this process's chains that have moved since they were signed
 * last, those of chains that have ended in the meantime included; returns how many. store_audit_sealed notes
 * that |n| of them are signed, and the seal is stored. */
size_t store_audit_heads(struct store *store, struct store_head *heads, size_t max);
void store_audit_sealed(struct store *store, const struct store_head *heads, size_t n);

/* store_serial_time writes the octets with which serials begin that are made at |at| (Unix seconds), and
 * returns them. */
enum { STORE_SERIAL_TIME = 4 };
struct bytes store_serial_time(uint8_t out[STORE_SERIAL_TIME], int64_t at);

/* store_versions returns one line that names the database libraries and their versions. */
const char *store_versions(void);

#endif
