/* store.h: what the server remembers, behind two asynchronous calls.
 *
 * fetch reads rows by key; commit applies units. A unit is one job's preconditions, writes and audit record:
 * all of it or nothing. What is committed together is decided by the store's writer from what waits; one bad
 * unit never fails its neighbours. The store knows octets, no cryptography and no ASN.1.
 *
 * Rows are keyed by issuer first: several CAs share a store without knowing of each other. */
#ifndef CMPD_STORAGE_STORE_H
#define CMPD_STORAGE_STORE_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

enum {
    STORE_ISSUER_ID = 16,  /* first octets of SHA-256 over the CA's SubjectPublicKeyInfo */
    STORE_SERIAL = 16,     /* four of time (seconds since 2020-01-01, top bit 0), twelve random */
    STORE_HASH = 32,       /* SHA-256 */
    STORE_FAULT_MAX = 512, /* octets of a fault's text */
    STORE_NAME_MAX = 128,  /* octets of a profile's or node's name */
    STORE_NODES_MAX = 64,  /* of one store */
    STORE_OLD_MAX = 256,   /* rows that a look for old ones looks at, and that are removed at once */
    STORE_CHAIN_ID = 16,   /* random octets that name a chain of the audit log */
    STORE_INSTANCE = 16,   /* random octets that name a process that seals */
};

/* ---- rows ---- */

enum store_tx_state {
    STORE_TX_WAIT_CONFIRM = 1, /* certificate sent, certConf awaited */
    STORE_TX_CONFIRMED = 2,    /* accepted by certConf, or implicitly */
    STORE_TX_REJECTED = 3,     /* refused by certConf; the certificate is revoked */
    STORE_TX_ENDED = 4, /* nothing more is awaited: a revocation done, an error message of the peer, or no
                         * certConf until the deadline */
};

/* struct store_tx is one transaction. All views live in the arena of whoever fetched or filled it. */
struct store_tx {
    struct bytes transaction_id;
    struct bytes profile; /* name */
    enum store_tx_state state;
    int body;                     /* PKIBody tag of the first request (0 ir, 2 cr, 4 p10cr, 7 kur, 11 rr) */
    int implicit_confirm;         /* 1: granted in the first answer */
    int granted_with_mods;        /* 1: the first answer said so */
    struct bytes credential;      /* SHA-256 of the protecting certificate, or the senderKID of a secret */
    int credential_is_mac;        /* 1: |credential| is a senderKID */
    struct bytes credential_key;  /* SubjectPublicKeyInfo of the protecting certificate; empty for a secret:
                                   * later messages may leave extraCerts out (RFC 9483 4.1.1) */
    struct bytes credential_name; /* subject of the protecting certificate, DER; empty for a secret */
    struct bytes credential_kid;  /* its subjectKeyIdentifier; empty if it has none, and for a secret */
    struct bytes signer_serial;   /* of the protecting certificate if |issuer| issued it, or empty: later
                                   * messages ask whether it has been revoked since */
    struct bytes sender_nonce;    /* ours, of the last answer: the next recipNonce */
    struct bytes peer_nonce;      /* the peer's senderNonce of the last accepted request */
    struct bytes serial;          /* of the certificate, STORE_SERIAL octets, or empty */
    int64_t cert_req_id;          /* certReqId of the request; -1 for p10cr */
    int64_t deadline;             /* Unix seconds until which certConf is awaited; 0: none */
    struct bytes request_hash;    /* SHA-256 of the first request, STORE_HASH octets */
    struct bytes last_hash; /* SHA-256 of the last accepted request; of the first until there is another */
};

enum store_cert_status {
    STORE_CERT_UNCONFIRMED = 1, /* issued, certConf awaited */
    STORE_CERT_VALID = 2,
    STORE_CERT_REVOKED = 3,
    STORE_CERT_HOLD = 4,
};

struct store_cert {
    struct bytes serial; /* STORE_SERIAL octets */
    enum store_cert_status status;
    int reason;        /* CRLReason when revoked or held, else 0 */
    int64_t issued_at; /* Unix seconds */
    int64_t not_before, not_after;
    int64_t revoked_at;        /* 0 unless revoked or held */
    struct bytes subject;      /* DER of the name */
    struct bytes subject_text; /* the same, readable (RFC 4514), UTF-8 */
    struct bytes spki_hash;    /* SHA-256 of SubjectPublicKeyInfo */
    struct bytes cert_hash;    /* SHA-256 of the certificate */
    struct bytes transaction_id;
    struct bytes profile;
    struct bytes certificate; /* DER */
};

struct store_secret {
    struct bytes reference; /* senderKID */
    struct bytes profile;   /* name, or empty: any */
    struct bytes sealed;    /* AEAD box, opened by crypto/seal.h */
    struct bytes seal_key_id;
    int reusable;          /* 0: bound to the first transaction that uses it */
    int64_t expires;       /* Unix seconds, 0: never */
    struct bytes bound_to; /* transactionID that used it, or empty */
};

/* struct store_entry is what one commit adds to a chain of the audit log (storage/audit.h). */
struct store_entry {
    uint8_t chain[STORE_CHAIN_ID];
    int64_t seq; /* from 1, without gaps; 0: a record from before there were chains */
    int64_t at;  /* Unix milliseconds, never before the entry before */
    struct bytes node;
    uint8_t previous[STORE_HASH]; /* hash of the entry before; zeros for the first */
    struct bytes records;         /* a line of JSON for each audit record of the commit */
    uint8_t hash[STORE_HASH];
};

/* struct store_head is where a chain ends. */
struct store_head {
    uint8_t chain[STORE_CHAIN_ID];
    int64_t seq; /* of the last entry; 0: there is none */
    int64_t at;
    uint8_t hash[STORE_HASH];
};

/* struct store_seal is a signed statement about ends of chains. |text| says all; what else is here repeats
 * parts of it, to find it by. */
struct store_seal {
    uint8_t instance[STORE_INSTANCE];
    int64_t number; /* from 1 for each instance, without gaps */
    int64_t at;     /* Unix milliseconds */
    struct bytes node;
    struct bytes text;
    struct bytes signature;
};

/* struct store_node is what a node says of itself, each time that it says that it serves. */
struct store_node {
    struct bytes name, version;
    struct bytes config; /* policy_hash: the same on all nodes of a CA */
    int64_t seen_at;     /* Unix seconds, by its own clock */
};

/* struct store_old is a certificate or a transaction, as whoever looks for old ones sees it. */
struct store_old {
    struct bytes key;     /* serial, or transactionID */
    struct bytes profile; /* name */
    int64_t at;           /* Unix seconds: notAfter, or when it was begun */
    int awaits;           /* 1: certConf is awaited, it may not be removed */
};

/* ---- fetch ---- */

enum store_fetch_kind {
    STORE_FETCH_TX,      /* by key = transactionID */
    STORE_FETCH_CERT,    /* by key = serial */
    STORE_FETCH_SECRET,  /* by key = reference */
    STORE_FETCH_OVERDUE, /* the transaction whose certConf is overdue for longest: deadline below |before| */
    STORE_FETCH_NODES,   /* up to STORE_NODES_MAX nodes that have served since |before|, by name */
    /* The next STORE_OLD_MAX after key (empty: from the first), in order of their keys, as old; fewer when
     * there are no more. Certificates: those that were issued before |before|, by the time in their serial.
     * What it costs depends on STORE_OLD_MAX alone. */
    STORE_FETCH_OLD_CERTS,
    STORE_FETCH_OLD_TXS,
};

enum store_fetch_outcome { STORE_FOUND = 1, STORE_ABSENT, STORE_FETCH_UNAVAILABLE };

struct store_fetch {
    enum store_fetch_kind kind;
    struct bytes issuer; /* STORE_ISSUER_ID octets */
    struct bytes key;
    int64_t before;      /* Unix seconds, for STORE_FETCH_OVERDUE, _NODES and _OLD_CERTS */
    struct arena *arena; /* the row's octets are allocated here */
    enum store_fetch_outcome outcome;
    union {
        struct store_tx tx;
        struct store_cert cert;
        struct store_secret secret;
        struct {
            struct store_node *list;
            size_t count;
        } nodes;
        struct {
            struct store_old *list;
            size_t count;
        } old;
    } row;
};

/* ---- commit ---- */

enum store_precondition {
    STORE_PRE_NONE = 0,
    STORE_PRE_TX,         /* the transaction is not as expected; |row| of the unit is as it is */
    STORE_PRE_SECRET,     /* the secret is gone, expired, or bound to another transaction */
    STORE_PRE_KEY_UNUSED, /* another live certificate has this public key */
    STORE_PRE_SIGNER,     /* the protecting certificate, issued by us, is revoked */
    STORE_PRE_SERIAL,     /* the serial exists already */
    STORE_PRE_CERT,       /* the certificate that is to be changed is not in the state that is expected */
    STORE_PRE_OLD,        /* a row that is to be removed is gone already, or may not be removed */
};

enum store_outcome {
    STORE_DONE = 1,
    STORE_CONFLICT,    /* nothing written; |conflict| tells which precondition failed */
    STORE_UNAVAILABLE, /* nothing written: the store cannot be reached or is full */
    STORE_UNKNOWN,     /* it may have been written: fetch by transactionID to find out */
};

/* struct store_cert_change sets the status of a stored certificate, and lists it as revoked or takes it off
 * the list. Revocation is final: a change of a revoked certificate is no change, and so is one of a
 * certificate that is not |only_from| what is named; the unit is done all the same, unless that is required.
 */
struct store_cert_change {
    struct bytes serial;
    enum store_cert_status only_from; /* 0: any */
    int required;                     /* 1: what is no change is STORE_PRE_CERT */
    enum store_cert_status status;
    int reason;
    int64_t at; /* Unix seconds */
};

/* struct store_removal removes what retention lets go: all of it, or nothing. */
struct store_removal {
    enum store_fetch_kind kind; /* _OLD_CERTS: certificates whose notAfter is below |before|, with the rows of
                                 * their transactions, keys and revocations; _OLD_TXS: transactions that were
                                 * begun before |before|. None may await certConf */
    const struct bytes *keys;   /* up to STORE_OLD_MAX, sorted, none twice */
    size_t count;
    int64_t before; /* Unix seconds */
};

struct store_audit {
    int64_t at;          /* Unix milliseconds */
    const char *event;   /* what was decided about: "issue", "confirm", "reject", … */
    const char *outcome; /* how: "granted", "accepted", "rejected", "revoked", … */
    struct bytes who;    /* readable: sender, or reference */
    struct bytes detail; /* readable */
};

struct store_unit {
    struct bytes issuer; /* STORE_ISSUER_ID octets */
    struct arena *arena; /* for |row| on a conflict */

    /* Preconditions, checked in this order; the first that fails is the conflict. */
    struct bytes tx_id;               /* of the transaction that is written */
    int expect_tx_absent;             /* 1: no such transaction may exist */
    enum store_tx_state expect_state; /* else: it must be in this state (0: not checked) */
    struct bytes secret_reference; /* not empty: must be present, and free or bound to tx_id, or reusable */
    int64_t now;                   /* Unix seconds, for the secret's expiry */
    struct bytes key_unused;    /* not empty: SPKI hash that no certificate, other than revoked, may have */
    struct bytes signer_serial; /* not empty: this certificate of the issuer must exist and not be revoked */

    /* Writes; NULL means none. A secret that is not reusable is bound to tx_id besides. */
    const struct store_tx *tx; /* inserted if expect_tx_absent, else replaces the row; what is expected of a
                                * transaction is expected of the one that is written */
    const struct store_cert *cert;          /* inserted */
    const struct store_cert_change *change; /* of a stored certificate */
    const struct store_secret *secret;      /* inserted or replaced (administration) */
    const struct store_removal *removal;    /* done, or STORE_PRE_OLD */
    const struct store_audit *audit;        /* goes into the entry of the commit */
    const struct store_seal *seal;          /* inserted; done as well if that number is there already */

    /* Not 0: this node serves at |alive_at| (Unix seconds). If no node has said so for more than |alive_gap|
     * seconds, nobody could have taken a certConf: every deadline that had not passed when one last did is
     * put off by the time since. */
    int64_t alive_at;
    int64_t alive_gap;
    const struct store_node *node; /* written at |alive_at|, whose time it takes; NULL: nothing is */

    /* Outcome. */
    enum store_outcome outcome;
    enum store_precondition conflict;
    struct store_tx row; /* on STORE_PRE_TX with a row present; row.transaction_id empty otherwise */
};

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
 * change nothing. store_commit takes nothing there, and there are no notices. Otherwise as store_open. */
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

/* store_notices counts the times that another node has told that it changed what it says of itself. A notice
 * may be lost, and embedded stores give none: who keeps something has to look again from time to time. */
unsigned store_notices(const struct store *store);

/* store_fetch_wait and store_commit_wait do one item and wait for it: for tools and start-up, never for a
 * job. Return 1 when the item's outcome is set. */
int store_fetch_wait(struct store *store, struct store_fetch *item);
int store_commit_wait(struct store *store, struct store_unit *unit);

/* store_each_cert calls |each| for every certificate of |issuer| (of all issuers if empty; then issuer by
 * issuer or mixed, as the store likes), oldest first, until it returns 0. For tools. Returns 1, or 0 with
 * |fault| written. */
int store_each_cert(struct store *store, char *fault, struct bytes issuer,
                    int (*each)(void *arg, const struct store_cert *cert), void *arg);

/* store_audit_heads copies up to |max| ends of this process's chains that have moved since they were signed
 * last, those of chains that have ended in the meantime included; returns how many. store_audit_sealed notes
 * that |n| of them are signed, and the seal is stored. */
size_t store_audit_heads(struct store *store, struct store_head *heads, size_t max);
void store_audit_sealed(struct store *store, const struct store_head *heads, size_t n);

/* store_each_entry calls |each| for every entry of the audit log, those of one chain in order of seq, until
 * it returns 0; what was recorded before there were chains comes first, a record an entry with seq 0, a chain
 * of zeros and no hashes. store_each_seal likewise for every seal, those of one instance in order of number.
 * For tools. Return 1, or 0 with |fault| written. */
int store_each_entry(struct store *store, char *fault,
                     int (*each)(void *arg, const struct store_entry *entry), void *arg);
int store_each_seal(struct store *store, char *fault, int (*each)(void *arg, const struct store_seal *seal),
                    void *arg);

/* store_versions returns one line that names the database libraries and their versions. */
const char *store_versions(void);

#endif
