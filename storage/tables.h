/* tables.h: what rows are like, said once. Each table has a structure for its rows and a descriptor of its
 * columns (tables.c); both backends make their statements from that, bind and read by it, and so does the
 * store in memory of the tests. By hand are only the tables' own SQL (schema.c of each backend) and what is
 * about several tables at once: revocation, removal, liveness.
 *
 * Rows are keyed by issuer first: several CAs share a store without knowing of each other. The issuer is no
 * field of a row; whoever reads or writes names it. */
#ifndef CMPD_STORAGE_TABLES_H
#define CMPD_STORAGE_TABLES_H

#include "server/base/bytes.h"

enum {
    STORE_ISSUER_ID = 16, /* first octets of SHA-256 over the CA's SubjectPublicKeyInfo */
    STORE_SERIAL = 16,    /* four of time (seconds since 2020-01-01, top bit 0), twelve random */
    STORE_HASH = 32,      /* SHA-256 */
    STORE_NAME_MAX = 128, /* octets of a profile's or node's name */
    STORE_NODES_MAX = 64, /* of one store */
    STORE_OLD_MAX = 256,  /* rows that a look for old ones looks at, and that are removed at once */
    STORE_CHAIN_ID = 16,  /* random octets that name a chain of the audit log */
    STORE_INSTANCE = 16,  /* random octets that name a process that seals */
    STORE_PLACE = STORE_CHAIN_ID + 8, /* octets that say where an entry of the audit log stands */
    STORE_CHANGES_MAX = 64,  /* places that a certificate keeps: where it was issued, and its last changes */
    STORE_COLUMNS_MAX = 32,  /* of a table, the issuer among them */
    STORE_REVOKED_MAX = 256, /* revocations that are read at once */
    STORE_PIECE_KEY_MAX = 5 + 16,
    STORE_CLAIM_KEY_MAX = STORE_HASH + 1 + STORE_NAME_MAX,
    STORE_SCOPE_MAX = 16,         /* octets of the name of a CRL's scope */
    STORE_CRL_PIECE = 256 * 1024, /* octets of a piece of a CRL; the last may have fewer */
    STORE_CRLS_MAX = 256,         /* of an issuer */
    STORE_CRL_URLS_MAX = 64,      /* URLs of shards of an issuer */
    STORE_STATE_COLUMNS = 4,      /* of a certificate, that say how it stands */
    STORE_OF_KEY_ID_MAX = 4,      /* certificates that are found by a key identifier */
    STORE_WHOLE_ID_MAX = 64,      /* octets of a transactionID whose transaction has parts … */
    STORE_PART_ID = STORE_WHOLE_ID_MAX + 2 + 8, /* … and of what stands for it in the row of a part */
    STORE_REQUEST = 16,                         /* octets that name a request: the first of SHA-256 over it */
    STORE_APPROVAL_KEY = STORE_REQUEST + STORE_HASH,
    STORE_REQUESTS_MAX = 32, /* requests that are read at once: each has its message */
    STORE_ANNOUNCEMENT_KEY_MAX = 1 + STORE_NAME_MAX,
    STORE_RENEWAL_KEY = 1 + STORE_HASH,
    STORE_ANNOUNCEMENTS_MAX = 16, /* announcements that are read at once: each has its message */
};

/* ---- rows ---- */

enum store_tx_state {
    STORE_TX_WAIT_CONFIRM = 1, /* certificate sent, certConf awaited */
    STORE_TX_CONFIRMED = 2,    /* accepted by certConf, or implicitly */
    STORE_TX_REJECTED = 3,     /* refused by certConf; the certificate is revoked */
    STORE_TX_ENDED = 4,   /* nothing more is awaited: a revocation done, an error message of the peer, or no
                           * certConf until the deadline */
    STORE_TX_WAITING = 5, /* the request waits for somebody to approve it, and is polled for */
};

/* struct store_tx is one transaction. All views live in the arena of whoever fetched or filled it. */
struct store_tx {
    struct bytes transaction_id;
    struct bytes profile; /* name */
    enum store_tx_state state;
    int body;             /* PKIBody tag of the first request (0 ir, 2 cr, 4 p10cr, 7 kur, 11 rr, 13 ccr) */
    int implicit_confirm; /* 1: granted in the first answer */
    int granted;          /* PKIStatus of the first answer, if it had a certificate; else 0 */
    struct bytes credential;      /* SHA-256 of the protecting certificate, or the senderKID of a secret */
    int credential_is_mac;        /* 1: |credential| is a senderKID */
    struct bytes credential_key;  /* SubjectPublicKeyInfo of the protecting certificate; empty for a secret:
                                   * later messages may leave extraCerts out (RFC 9483 4.1.1) */
    struct bytes credential_name; /* subject of the protecting certificate, DER; empty for a secret */
    struct bytes credential_kid;  /* its subjectKeyIdentifier; empty if it has none, and for a secret */
    struct bytes signer_serial;   /* of the protecting certificate if the issuer issued it, or empty: later
                                   * messages ask whether it has been revoked since */
    struct bytes sender_nonce;    /* ours, of the last answer: the next recipNonce */
    struct bytes serial;          /* of the certificate, STORE_SERIAL octets, or empty */
    struct bytes replaces;        /* of the one that is revoked when that is confirmed, or empty */
    int64_t cert_req_id;          /* certReqId of the request; -1 for p10cr */
    int64_t created_at;           /* Unix seconds: when it was begun */
    int64_t deadline;             /* Unix seconds until which certConf, or an approval, is awaited; 0: none */
    int64_t free_at;              /* Unix seconds from which its transactionID may begin another; 0: never */
    struct bytes request_hash;    /* SHA-256 of the first request, STORE_HASH octets */
    struct bytes request_nonce; /* senderNonce of the first request, where that had to wait: the final answer
                                 * repeats it; else empty */
    struct bytes last_hash; /* SHA-256 of the last accepted request; of the first until there is another */
    struct bytes answer;    /* DER of the answer to several requests (store_tx_has_parts); else empty */
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
    int64_t revoked_at;          /* 0 unless revoked or held */
    struct bytes subject;        /* DER of the name */
    struct bytes subject_text;   /* the same, readable (RFC 4514), UTF-8 */
    struct bytes spki_hash;      /* SHA-256 of SubjectPublicKeyInfo */
    struct bytes transaction_id; /* empty: nobody asked for it, it is the CA's own */
    struct bytes profile;
    int shard;            /* the CRL that its distribution point names, from 1; 0: the full one */
    struct bytes device;  /* that it was issued to, STORE_HASH octets; empty: it is not known which */
    struct bytes vendor;  /* its name: whose device asked for it, or for the first of those that it updates;
                           * empty if a shared secret or an RA vouched for it */
    struct bytes path;    /* over which certificates that vendor vouched for it, or the RA's: SHA-256 of each,
                           * from the issuer of the one that signed up to the anchor */
    struct bytes changes; /* where the audit log has what became of it, row.h; empty: it is not known */
    struct bytes key_id;  /* its subjectKeyIdentifier, where it may be looked for by that; else empty */
    struct bytes successor;   /* serial of the newest certificate that an update got for it, or empty */
    struct bytes certificate; /* DER */
};

/* struct store_revocation is what became of a certificate that was revoked or held: listed in the same commit
 * as the certificate itself, for who makes CRLs and tells of states. Nothing else writes it. */
struct store_revocation {
    struct bytes serial;           /* STORE_SERIAL octets */
    int64_t position;              /* each change of an issuer's has one more than the change before */
    enum store_cert_status status; /* STORE_CERT_VALID: it was held, and released */
    int reason;                    /* CRLReason; 0 when released */
    int64_t at;                    /* Unix seconds; 0 when released */
    int64_t invalidity_at;         /* when the key was lost, as far as somebody knows; 0: nobody does */
    int64_t not_after;             /* of the certificate */
    int shard;                     /* of the certificate */
};

/* Scopes of CRLs. */
#define STORE_SCOPE_FULL "full"    /* all certificates of its issuer */
#define STORE_SCOPE_DELTA "delta"  /* what has changed of those since a full one */
#define STORE_SCOPE_SHARD "shard-" /* those of the shard whose number follows */

/* struct store_crl is a CRL that all nodes publish, the newest of its scope. Its octets stand in pieces, in
 * one of two slots by turns: so that the pieces of the next one can be written while this one is read. */
struct store_crl {
    struct bytes scope;               /* "full", "delta", or a shard */
    int64_t number;                   /* cRLNumber */
    int64_t this_update, next_update; /* Unix seconds */
    int64_t position;                 /* of the last change of its issuer's revocations that it knows */
    int64_t size;                     /* octets */
    int64_t base_number;              /* of a delta: BaseCRLNumber; else 0 */
    int64_t base_position;            /* of a delta: what the full CRL of that number knew; else 0 */
    int64_t base_at;                  /* of a delta: thisUpdate of that full CRL; else 0 */
    int slot;                         /* 0 or 1 */
    uint8_t hash[STORE_HASH];         /* SHA-256 of its octets */
};

struct store_crl_piece {
    struct bytes key; /* by store_crl_piece_key (row.h) */
    struct bytes octets;
};

/* struct store_crl_url is a URL that distribution points of certificates name, or named once. */
struct store_crl_url {
    struct bytes url; /* with ${shard} where the number of the shard stands */
    int shards;       /* so many shards there are, or were, of those certificates */
};

struct store_secret {
    struct bytes reference; /* senderKID */
    struct bytes profile;   /* name, or empty: any */
    struct bytes sealed;    /* AEAD box, opened by crypto/seal.h; empty: it was withdrawn */
    struct bytes seal_key_id;
    int reusable;          /* 0: bound to the first transaction that uses it */
    int64_t expires;       /* Unix seconds, 0: never */
    struct bytes bound_to; /* transactionID that used it, or empty */
};

/* struct store_blocked_key is a public key that somebody else may have: no CA of the store certifies it, and
 * nothing is taken that it signs, but the revocation of its own certificate. It belongs to no issuer. */
struct store_blocked_key {
    struct bytes spki_hash; /* SHA-256 of SubjectPublicKeyInfo, STORE_HASH octets */
    int64_t at;             /* Unix seconds */
    int reason;             /* CRLReason */
    struct bytes serial;    /* of the certificate whose revocation blocked it, or empty */
    struct bytes who, comment;
};

enum store_device_state {
    STORE_DEVICE_KNOWN = 1,
    STORE_DEVICE_BLOCKED = 2, /* its |device| is among the blocked keys, too: units depend on that */
};

/* struct store_device is a device, or a network function, that an operator has listed, or that was recorded
 * when it enrolled first. */
struct store_device {
    struct bytes device; /* by cmp_device_id (server/cmp/cmp.h), STORE_HASH octets */
    enum store_device_state state;
    struct bytes vendor;   /* its name in the configuration */
    struct bytes identity; /* as the vendor's rule yields it */
    struct bytes site, fqdn;
    struct bytes profiles; /* names of those that it may use, with spaces between; empty: any */
    struct bytes expected; /* SHA-256 of its certificate or of its SubjectPublicKeyInfo; empty: any */
    struct bytes notes;
    int64_t added_at, changed_at; /* Unix seconds */
};

/* struct store_claim is a slot of a device in a profile, or of whoever else is held to a number: which
 * certificate it has there. One that is counted (STORE_COUNT) is a quota, and has the newest. */
struct store_claim {
    struct bytes claim;  /* by store_claim_key (row.h): device, slot, profile */
    struct bytes serial; /* of the certificate that has it, STORE_SERIAL octets */
    struct bytes former; /* what |serial| was before this was written; empty: there was no claim */
    int allowed;         /* 1: one more may be enrolled, whatever became of this certificate */
    int64_t at;          /* Unix seconds of the last enrollment */
    int64_t day;         /* of that, since 1970-01-01 (UTC) */
    int64_t day_count;   /* enrollments on that day; of a row to be counted: so many more */
    int64_t most;        /* of one that is counted: enrollments a day, not 0; of others 0 */
};

/* struct store_request is a request that waits for somebody to approve it; it goes with its transaction's
 * STORE_TX_WAITING. */
struct store_request {
    struct bytes request; /* STORE_REQUEST octets */
    struct bytes transaction_id;
    struct bytes profile; /* name */
    int body;             /* PKIBody tag */
    int rules;            /* why it waits, a bit each (enum config_approve) */
    int shard;            /* the CRL that |tbs| names; 0: the full one, or none is to be issued */
    int64_t at, expires;  /* Unix seconds */
    struct bytes who;     /* readable: sender, or reference */
    struct bytes device;  /* readable: vendor and identity; empty: it is not known which */
    struct bytes subject; /* readable: of what is to be issued or revoked */
    struct bytes message; /* the PKIMessage, as it came */
    struct bytes tbs;     /* TBSCertificate as it would have been issued at |at|; empty: a revocation */
};

/* struct store_approval is what somebody who may approve requests says of one. */
struct store_approval {
    struct bytes approval; /* |request|, then SHA-256 of the approver's SubjectPublicKeyInfo */
    int approved;          /* 1; 0: denied */
    int64_t at;            /* Unix seconds */
    struct bytes reason;
    struct bytes signature; /* by that key (server/cmp/approval.h) */
};

/* struct store_announcement is the newest announcement of one kind that an upstream CA has pushed. */
struct store_announcement {
    struct bytes announcement; /* an octet for the kind, the tag of its PKIBody, then |upstream| */
    struct bytes upstream;     /* its name in the configuration */
    int body;                  /* PKIBody tag */
    int64_t announced_at;      /* its messageTime, Unix seconds: a newer one takes its place */
    int64_t received_at;       /* Unix seconds */
    struct bytes about;        /* readable: what it is about */
    struct bytes message;      /* the PKIMessage, as it came */
};

/* struct store_delivery is how far the announcements of one kind have got at one URL. */
struct store_delivery {
    struct bytes delivery; /* SHA-256 over kind and |url|, STORE_HASH octets */
    int body;              /* PKIBody tag of its messages */
    struct bytes url;
    int64_t since;     /* Unix seconds: what is older was there before anybody was told of it */
    int64_t position;  /* of the last revocation, or the number of the last CRL; 0: none yet */
    struct bytes done; /* SHA-256 of the last update of the root, or the serial of the last certificate that
                        * was looked at; empty: none yet */
    int64_t delivered; /* announcements that arrived … */
    int64_t lost;      /* … and those that were given up */
    int64_t delivered_at; /* Unix seconds; 0: never */
};

/* struct store_renewal is the newest certificate that a CA has issued to itself to answer or sign CRLs with.
 * It precedes the file that has an older one. */
struct store_renewal {
    struct bytes renewal;     /* an octet for its use, then SHA-256 of the file's SubjectPublicKeyInfo */
    int64_t at;               /* Unix seconds: when it was issued … */
    int64_t since;            /* … and for what begins from when on it is used: by then all nodes know it */
    struct bytes former;      /* DER of the one that it follows */
    struct bytes certificate; /* DER */
    struct bytes key;         /* sealed: of |certificate|; empty: the file's */
    struct bytes former_key;  /* likewise, of |former| */
};

/* struct store_entry is what one commit adds to a chain of the audit log (storage/audit.h). */
struct store_entry {
    uint8_t chain[STORE_CHAIN_ID];
    int64_t seq; /* from 1, without gaps */
    int64_t at;  /* Unix milliseconds, never before the entry before */
    struct bytes node;
    uint8_t previous[STORE_HASH]; /* hash of the entry before; zeros for the first */
    struct bytes records;         /* a line of JSON for each audit record of the commit */
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
    struct bytes config;  /* policy_hash: the same on all nodes of a CA */
    struct bytes guesses; /* wrong MACs that it has counted (server/base/guesses.h) */
    int64_t seen_at;      /* Unix seconds, by its own clock */
};

/* ---- tables ---- */

/* Octets of some kind come first (row.h). */
enum store_type {
    STORE_OCTETS, /* struct bytes */
    STORE_WORDS,  /* struct bytes, UTF-8 */
    STORE_PLACES, /* struct bytes, written by the store alone: the places of the entries of the audit log that
                   * the row's changes are recorded in */
    STORE_FIXED,  /* uint8_t[], always all of it */
    STORE_NUMBER, /* int64_t */
    STORE_SMALL,  /* int or an enum, of 16 bits */
    STORE_TRUTH,  /* int, 0 or 1 */
};

/* struct store_column is a column: its name is that of the field. */
struct store_column {
    const char *name;
    enum store_type type;
    size_t offset, size; /* of the field in its row */
};

/* How a row is written. */
enum store_how {
    STORE_INSERT, /* the key must be free */
    STORE_UPDATE, /* the key must be there */
    STORE_PUT,    /* inserted, or in the place of what is there */
    STORE_ONCE,   /* inserted unless the key is there, which is as good */
    STORE_SWAP,   /* of a claim: inserted, or in the place of one whose |serial| is its |former| */
    STORE_NEWER, /* of an announcement: inserted, or in the place of one that was announced no later; one that
                  * was is as good */
    STORE_COUNT, /* of a claim: inserted, or in the place of one that has fewer than |most| on that |day|, and
                  * counted up from there: of two that come at once both are counted */
    STORE_REMOVE, /* taken away, if the key is there; nothing else of the row matters */
    STORE_HOWS
};

/* struct store_table describes the rows of one kind. */
struct store_table {
    const char *name;
    const struct store_column *columns;
    size_t count;
    size_t keys;       /* so many of the first columns are the key, after the issuer */
    size_t distribute; /* the column of the key by which a distributed database distributes */
    size_t row_size;
    int of_issuer; /* 1: each row belongs to a CA, which its key begins with */
    int in_groups; /* 1: PostgreSQL may put rows of several units at once, as it inserts them */
    int has_ids;   /* 1: SQLite numbers its rows, in the order of their insertion; store_each can be asked */
    unsigned hows; /* 1 << enum store_how: how its rows are written */
};

/* A kind of row. All nodes write kinds in this order, whatever order a unit names them in: so they wait for
 * each other, and not in a circle. */
enum store_kind {
    STORE_TRANSACTIONS,
    STORE_CERTIFICATES,
    STORE_SECRETS,
    STORE_BLOCKED_KEYS,
    STORE_DEVICES,
    STORE_CLAIMS,
    STORE_REQUESTS,
    STORE_APPROVALS,
    STORE_ANNOUNCEMENTS,
    STORE_REVOCATIONS,
    STORE_CRL_PIECES,
    STORE_CRLS,
    STORE_CRL_URLS,
    STORE_DELIVERIES,
    STORE_RENEWALS,
    STORE_NODES,
    STORE_SEALS,
    STORE_ENTRIES,
    STORE_KINDS
};

extern const struct store_table store_tables[STORE_KINDS];

/* store_has_key returns 1 if a row of |table| is found by one column of octets: then it can be fetched. */
static inline int store_has_key(const struct store_table *table)
{
    return table->keys == 1 && table->columns[0].type == STORE_OCTETS;
}

/* Ways to find rows other than by their key. */
enum store_index {
    STORE_BY_KEY,
    STORE_OVERDUE, /* the transaction whose certConf, or approval, is overdue for longest: deadline below
                    * |before| */
    STORE_SEEN,    /* up to STORE_NODES_MAX nodes that have served since |before|, by name */
    /* The next STORE_OLD_MAX after |key| (empty: from the first), in order of their keys; fewer when there
     * are no more. Of certificates those that were issued before |before|, by the time in their serial. What
     * it costs depends on STORE_OLD_MAX alone. */
    STORE_OLD_CERTIFICATES,
    STORE_OLD_TRANSACTIONS,
    /* The next STORE_REVOKED_MAX changes of revocations whose position is |before| or more, in their order. A
     * certificate is listed by its last change alone. */
    STORE_REVOKED_SINCE,
    STORE_ALL_CRLS,     /* the first STORE_CRLS_MAX of the issuer, by scope */
    STORE_ALL_CRL_URLS, /* the first STORE_CRL_URLS_MAX of the issuer, and one more if there are more */
    STORE_ALL_SECRETS,  /* the next STORE_OLD_MAX of the issuer after the reference |key| (empty: from the
                           first) */
    /* The next STORE_OLD_MAX certificates of the key |of| after the serial |key| (empty: from the first). It
     * costs as many steps as they are; in SQLite as many as there are certificates, unless a profile has
     * wanted keys unused. */
    STORE_OF_KEY,
    /* The next STORE_OLD_MAX certificates that no other was issued in the place of, by their notAfter and
     * their serial: those after |before| (notAfter) and |key| (serial). */
    STORE_ENDING,
    /* The next STORE_OLD_MAX certificates after the serial |key| (empty: from the first), in its order:
     * with serial, status, not_after and profile, and nothing in any other field. For whoever looks at all of
     * them, by and by. */
    STORE_STATES,
    STORE_OF_KEY_ID,    /* the last STORE_OF_KEY_ID_MAX certificates with the key_id |of|, the last first */
    STORE_NEXT_CLAIMS,  /* the next STORE_OLD_MAX claims after |key|: of a device, those that begin with it */
    STORE_ALL_REQUESTS, /* the next STORE_REQUESTS_MAX of the issuer after |key| (empty: from the first) */
    STORE_ALL_ANNOUNCEMENTS, /* the next STORE_ANNOUNCEMENTS_MAX of the issuer after |key| (empty: from the
                              * first) */
    STORE_ALL_DELIVERIES,    /* likewise the next STORE_OLD_MAX */
    STORE_ENTRY,             /* of the chain |of| the entry with the number |before|, or else the next */
    STORE_INDEXES
};

/* struct store_index_of describes one: rows of |kind| that fulfil |only|, in the order of a column. */
struct store_index_of {
    enum store_kind kind;
    const char *name;  /* of the index where SQLite is to be told; NULL: it is that of the key */
    const char *only;  /* SQL that both databases take, or NULL: all */
    const char *order; /* column */
    const char *equal; /* column of octets that has to be |of|, or NULL */
    const char
        *first; /* column of numbers that |order| follows, or NULL: paged by both, after |before|, |key| */
    const char *from;  /* column that has to be at least |before|, or NULL */
    const char *below; /* column that has to be below |before|, or NULL. A serial is: by its time */
    int is_paged;      /* 1: |order| has to be above |key| */
    int is_last_first; /* 1: in the other order */
    size_t limit;      /* so many rows */
    const char *columns[STORE_STATE_COLUMNS]; /* the first not NULL: these alone are read, and the rest of a
                                               * row is as if it were empty */
};

extern const struct store_index_of store_indexes[STORE_INDEXES];

/* store_index_reads returns 1 if rows that |index| finds come with |column|. */
int store_index_reads(const struct store_index_of *index, const struct store_column *column);

#endif
