/* internal.h: what the parts of the PostgreSQL store share. For storage/postgres/ only.
 *
 * One thread (postgres.c) speaks over all connections and waits for none; another (keeper.c) makes
 * connections and may wait. What is written together is one transaction in which every unit is done, or none;
 * a unit that does not fit is found, told, and left out of the next. */
#ifndef CMPD_STORAGE_POSTGRES_INTERNAL_H
#define CMPD_STORAGE_POSTGRES_INTERNAL_H

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#include "storage/backend.h"
#include "storage/metrics.h"
#include "storage/queue.h"
#include "storage/row.h"
#include "storage/sql.h"

enum {
    POSTGRES_SCHEMA_VERSION = 2, /* what `cmpctl db migrate` leads to */
    POSTGRES_SCHEMA_NEEDED = 2,  /* the oldest that this program can use */
    POSTGRES_NODE_LEVEL = 2, /* what a schema's oldest_node is held against; raised with each change of what
                              * a node does with the tables */

    POSTGRES_WRITERS = 2, /* commits in flight: while one waits for its disk, the next is gathered */
    POSTGRES_READERS = 1, /* batches of look-ups in flight */
    POSTGRES_SLOTS = POSTGRES_WRITERS + POSTGRES_READERS,

    POSTGRES_GROUP_MAX = 512, /* units of one commit: bounds how long the first of them waits */
    POSTGRES_ROWS_MAX = 3584, /* rows that they write, and keys that they depend on */
    POSTGRES_TOUCHED = 2 * POSTGRES_ROWS_MAX,
    POSTGRES_FETCH_MAX = 256, /* rows of one batch of look-ups */
    POSTGRES_PAGE_ROWS = 256, /* rows that store_each reads at a time */
    POSTGRES_ATTEMPTS = 4, /* of a group that the database undid for reasons of its own (deadlock, lost race),
                            * or that its connections did not survive */
    POSTGRES_PART = 8,     /* of a group that waited in vain for a lock, this part is tried next */
    POSTGRES_WAITS = 5,    /* so many in a row that waited in vain: it is not about a few rows */

    POSTGRES_BACKOFF_MS = 50,       /* after the first failed attempt; doubled up to … */
    POSTGRES_BACKOFF_MAX_MS = 1000, /* … this, and a random half of it less: nodes do not come back in step */
    POSTGRES_SLOW_MS = 3000,        /* when nothing was answered for so long, whoever comes is refused; longer
                                     * than a lock is waited for */
    POSTGRES_SILENCE_MS = 10000,    /* an answer that takes longer: the connection is given up */
    POSTGRES_PATIENCE_MS = 60000, /* the same for a round that only finds out whether commits go through: what
                                   * waits for a standby stays in the database after its connection is gone */
    POSTGRES_SETTLE_MS = 10000,   /* how long units wait until their outcome is found out */
    POSTGRES_SETTLE_PAUSE_MS = 200, /* between two tries to */
    POSTGRES_TICK_MS = 200,         /* how often what may take too long is looked at */
    POSTGRES_PROBE_MS = 1000,       /* how often an unhealthy store is tried while nothing comes */
};

/* Limits of time that the database keeps, unless the URL or the role sets others. */
#define POSTGRES_STATEMENT_TIMEOUT "5s"

/* What makes roles and grants, as its text says, by the superuser. */
#define POSTGRES_ROLES "psql -X -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql"
#define POSTGRES_LOCK_TIMEOUT "2s"

#define POSTGRES_CONFLICT "CM001" /* SQLSTATE of cmpd.require */

/* ---- statements ---- */

/* Those that are written by hand, then those that are made from the tables: rows by their keys, each index,
 * each way to write each kind. */
enum postgres_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_PROBE_READ,
    SQL_PROBE_WRITE,
    SQL_KEYS_IN_USE,
    SQL_BLOCKS_SHARE,
    SQL_BLOCKS_TAKE,
    SQL_KEYS_UNBLOCKED,
    SQL_BIND,
    SQL_SIGNERS,
    SQL_KEYS_LOCK,
    SQL_KEYS_UNUSED,
    SQL_CHANGE,
    SQL_LEASE_TAKE,
    SQL_LEASE_HELD,
    SQL_ALIVE,
    SQL_SETTLE,
    SQL_TX_REMOVE,
    SQL_CERT_REMOVE,
    SQL_KEY_UNBLOCK,
    SQL_GET,
    SQL_FIND = SQL_GET + STORE_KINDS,
    SQL_WRITE = SQL_FIND + STORE_INDEXES,
    SQL_COUNT = SQL_WRITE + STORE_KINDS * STORE_HOWS
};

/* Which statement reads rows of |kind| by their keys, finds by |index|, or writes rows. */
static inline enum postgres_statement postgres_get(enum store_kind kind)
{
    return (enum postgres_statement)(SQL_GET + (int)kind);
}

static inline enum postgres_statement postgres_find(enum store_index index)
{
    return (enum postgres_statement)(SQL_FIND + (int)index);
}

static inline enum postgres_statement postgres_write(enum store_kind kind, enum store_how how)
{
    return (enum postgres_statement)(SQL_WRITE + (int)kind * STORE_HOWS + (int)how);
}

/* postgres_text_of writes the text of |statement|; nothing where there is none. */
void postgres_text_of(struct sql *out, enum postgres_statement statement);

/* postgres_name writes the name under which a statement is prepared. */
const char *postgres_name(char out[16], enum postgres_statement statement);

/* postgres_expects returns 1 if rows that are written so come with the state that is expected of them. */
int postgres_expects(enum store_kind kind, enum store_how how);

/* struct postgres_steps is a way of steps: step i leads from version i to i + 1, which nodes from a level on
 * can work with. Tests have one of their own. */
struct postgres_steps {
    const char *const *steps;
    const int *oldest_nodes;
    int version; /* that they lead to */
};

extern const struct postgres_steps postgres_steps;

/* ---- parameters and rows (rows.c) ---- */

/* struct params collects the parameters of one statement in PostgreSQL's binary form. An octet buffer that
 * grows and is kept; positions, not pointers, until it is sent. */
enum { PARAMS_MAX = STORE_COLUMNS_MAX + 1 };

struct params {
    uint8_t *data;
    size_t len, size;
    int failed; /* out of memory */
    int count;
    size_t at[PARAMS_MAX]; /* where each begins */
    size_t end[PARAMS_MAX];
    size_t dimension; /* where the open array counts its elements */
    int32_t elements;
};

void params_reset(struct params *params);
void params_free(struct params *params);
void params_number(struct params *params, int64_t value);      /* bigint */
void params_octets(struct params *params, struct bytes value); /* bytea, or text */

/* An array: begun, then elements, then ended. */
void params_array(struct params *params, enum store_type type);
void params_array_octets(struct params *params, struct bytes value);
void params_array_number(struct params *params, enum store_type type, int64_t value);
void params_array_column(struct params *params, const struct store_column *column, const void *row);
void params_array_end(struct params *params);

/* rows_read copies row |row| of |result|, whose columns begin at |column|, into |out| and |arena|. Returns 1,
 * or 0 when the arena is used up or the answer has another form. */
int rows_read(void *out, const struct store_table *table, const PGresult *result, int row, int column,
              struct arena *arena);

/* rows_number reads an integer of any width, or a boolean. */
int64_t rows_number(const PGresult *result, int row, int column);

/* ---- connections (connect.c) ---- */

/* postgres_target reads |url|. Returns what libpq makes of it, freed by PQconninfoFree, or NULL with |fault|
 * written, which does not quote it. */
PQconninfoOption *postgres_target(char *fault, const char *url);

/* postgres_each_file: see store_each_file. */
int postgres_each_file(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                       void *arg);

/* postgres_has_secret returns 1 if |url| holds a password. */
int postgres_has_secret(const char *url);

/* postgres_connect connects under |name|, and waits for it. Returns a blocking connection, freed by PQfinish,
 * or NULL with |fault| written. |*warned|, if not NULL, becomes 1 whenever the server warns, and must live as
 * long as the connection. */
PGconn *postgres_connect(char *fault, const PQconninfoOption *target, const char *name, int *warned);

/* struct postgres_session is what was found out about a connection. */
struct postgres_session {
    int durable; /* 0: the database acknowledges what it may lose; of one that takes writes */
};

/* postgres_begin_session makes |conn| what the serving thread wants: settings, a schema that this program can
 * use, all statements prepared, pipeline mode, non-blocking; unless |to_read|, a database that takes writes,
 * and notices. Returns 1, or 0 with |fault| written. */
int postgres_begin_session(char *fault, PGconn *conn, struct postgres_session *session, int to_read);

/* postgres_schema reads which version the tables have. Returns 1, or 0 with |fault| written: also when they
 * have a form of before the first release. */
struct postgres_schema {
    int version, oldest_node;
};
int postgres_schema(char *fault, PGconn *conn, struct postgres_schema *schema);

/* postgres_failed returns 1 with |fault| written if |result| is an error, else 0. */
int postgres_failed(char *fault, PGconn *conn, PGresult *result, const char *doing);

/* postgres_text writes |text| of libpq into |out| as one line; returns |out|. */
const char *postgres_text(char *out, size_t out_len, const char *text);

/* ---- rounds (round.c) ---- */

enum { ROUND_STATEMENTS = 48 };

/* struct round is what is sent together and answered together: one round trip. */
struct round {
    int sent, answered;
    PGresult *results[ROUND_STATEMENTS]; /* of each statement that was done */
    int failed;                          /* 1: a statement failed, and all after it were skipped */
    int warned; /* 1: the server warned. Of a commit: it may be on this server alone, not on its standby */
    char sqlstate[6], table[64], message[256];
};

enum slot_state {
    SLOT_DOWN,  /* the keeper's: to be connected */
    SLOT_READY, /* connected, not yet taken up by the serving thread */
    SLOT_IDLE,  /* the serving thread's, like what follows */
    SLOT_BUSY,  /* a round is on its way */
};

struct slot {
    _Atomic int state; /* whoever has the slot in this state writes the rest */
    PGconn *conn;
    struct postgres_session session;
    struct round round;
    int64_t since_ms; /* when the round was sent, or the connection was lost; monotonic */
};

/* round_add sends |statement| with |params| (NULL: none) as the next of the round. Returns 1, or 0 when the
 * connection is lost or memory is used up: give the connection up. */
int round_add(struct slot *slot, enum postgres_statement statement, const struct params *params);

/* round_send ends the round: from now on the slot is busy. Returns 1 or 0, likewise. */
int round_send(struct slot *slot, int64_t now_ms);

/* round_receive takes what has come, without waiting. */
enum round_end { ROUND_WAITING, ROUND_ANSWERED, ROUND_LOST };
enum round_end round_receive(struct slot *slot);

/* round_clear frees the answers; the slot is idle again. */
void round_clear(struct slot *slot);

/* ---- the two directions ---- */

struct postgres_store;

/* struct member is a row of a statement of a group, or a key: what it is sorted by, and what it is of. */
struct member {
    struct bytes issuer, key;
    const struct store_unit *unit;
    const void *row;
};

struct writer {
    struct postgres_store *store;
    struct slot *slot;
    enum { WRITER_IDLE, WRITER_COMMITTING, WRITER_EXPLAINING, WRITER_SETTLING, WRITER_PROBING } doing;
    int64_t sent_us; /* metrics_now_us, when the group was sent that is being committed */
    struct queue_entry entries[POSTGRES_GROUP_MAX];
    size_t count; /* units taken and not yet told their outcome */
    size_t group; /* entries[0, group) are in flight */
    size_t limit; /* no group may be larger: a part of one that failed, else POSTGRES_GROUP_MAX */
    int attempts; /* of this group */
    int waits;    /* groups in a row that waited in vain */
    /* Whether a group was committed is not known. Until it is, nothing else is written; its units are told
     * before that, if it takes long. All in monotonic milliseconds. */
    int unsettled;
    int64_t unsettled_ms; /* since when */
    int64_t tell_ms;      /* when its units are told at the latest; 0: this group has lost no connection */
    int64_t settle_ms;    /* not before */
    char settle_fault[6]; /* why it could not be found out the last time */
    struct audit_chain chain;
    struct store_entry entry;   /* of the group in flight, or of the one that is to be settled */
    struct store_entry closing; /* what settles it */
    struct params params;
    uint64_t touched[POSTGRES_TOUCHED]; /* see group.c */
    struct member members[POSTGRES_ROWS_MAX];
};

struct reader {
    struct postgres_store *store;
    struct slot *slot;
    struct queue_entry entries[POSTGRES_FETCH_MAX];
    size_t count, batch; /* taken; of them in flight */
    int64_t sent_us;     /* metrics_now_us, when the batch was sent */
    int losses;          /* connections in a row that the batch has lost */
    struct params params;
};

/* writer_… and reader_… are called by the serving thread. _connected: a fresh connection is there, and what
 * was left may go on. _answered: the round in flight is. _lost: the connection is gone, |slot| is down
 * already. _serve: take what waits, if there is anything, or probe if |probe|. _give_up: nothing can be done
 * for now: what waits here is told so, but for what is in flight or to be settled. _can_serve: _serve would
 * do something. _is_patient: what is in flight may take POSTGRES_PATIENCE_MS. _is_over: nobody waits for it.
 */
void writer_connected(struct writer *writer);
void writer_answered(struct writer *writer);
void writer_lost(struct writer *writer);
void writer_serve(struct writer *writer, int probe);
void writer_give_up(struct writer *writer);
int writer_can_serve(struct writer *writer, int64_t now_ms);
int writer_is_patient(const struct writer *writer);
int writer_is_over(const struct writer *writer);

/* writer_look_at_time tells the units UNKNOWN whose outcome has not been found out in time. */
void writer_look_at_time(struct writer *writer, int64_t now_ms);

void reader_connected(struct reader *reader);
void reader_answered(struct reader *reader);
void reader_lost(struct reader *reader);
void reader_serve(struct reader *reader, int probe);
void reader_give_up(struct reader *reader);

struct postgres_store {
    struct store base;
    int to_read;              /* 1: writers have no connections, and a standby will do */
    char *node, *name;        /* of this node; application_name */
    PQconninfoOption *target; /* the URL, read */
    struct queue writes, reads;
    struct slot slots[POSTGRES_SLOTS]; /* the writers', then the readers' */
    struct writer writers[POSTGRES_WRITERS];
    struct reader readers[POSTGRES_READERS];
    pthread_t thread, keeper;
    int wake_fd, keeper_fd;      /* eventfds: something to serve; a slot is down */
    _Atomic int sleeping;        /* 1: the serving thread sleeps, or is about to */
    _Atomic int stopping;        /* what was given is still done, then the serving thread ends */
    _Atomic int keeper_stopping; /* after it, since it may need a connection until then */
    int said_not_durable;        /* the keeper's: once is enough */
    _Atomic int unreachable;     /* 1: the last attempt to connect failed */
    _Atomic int write_ok, read_ok;
    _Atomic unsigned notices;
    pthread_mutex_t server_lock; /* over what follows */
    struct store_server server;  /* but how connections stand; no address and no port: there was none yet */
};

/* postgres_now_ms is a clock that nobody sets, postgres_clock_ms the time of day since 1970. */
int64_t postgres_now_ms(void);
int64_t postgres_clock_ms(void);

/* postgres_lose gives |slot|'s connection up, and has the keeper make another. */
void postgres_lose(struct postgres_store *store, struct slot *slot, const char *why);

/* postgres_log_fault logs an error of the database: what was done, and the error that the round ended with.
 */
void postgres_log_fault(const char *doing, const struct round *round);

/* postgres_keep is the keeper's thread (keeper.c); |arg| is the postgres_store. */
void *postgres_keep(void *arg);

/* postgres_first_slot returns the first of the slots that have a connection: one that is open to read has no
 * writers. */
int postgres_first_slot(const struct postgres_store *store);

/* postgres_raise makes |slot|'s connection. Returns 1, or 0 with |fault| written. */
int postgres_raise(struct postgres_store *store, struct slot *slot, char *fault);

/* For store_each and tools; each over a connection of its own. */
int postgres_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
                  store_row_found *each, void *arg);
int postgres_migrate(char *fault, const char *url, int *from, int *to);
int postgres_status(char *fault, const char *url, store_say *say, void *arg);
int postgres_check(char *fault, const char *url, const struct store_check *check);
int64_t postgres_audit_boundary(int64_t before);
int postgres_each_head(struct store *store, char *fault, int64_t before,
                       int (*each)(void *arg, const struct store_head *head), void *arg);
int postgres_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                         size_t count, uint64_t *entries);
int postgres_drop_empty(struct store *store, char *fault, unsigned *dropped);

/* postgres_change runs |count| statements as one transaction that changes tables, beside nodes that serve. A
 * lock that cannot be had at once is tried for again, for about a minute. Returns 1, or 0 with |fault|
 * written and nothing changed. postgres_be_owner prepares |conn| for that. */
int postgres_change(char *fault, PGconn *conn, const char *const *sql, size_t count, const char *doing);
int postgres_be_owner(char *fault, PGconn *conn);

/* postgres_take_forward takes the tables forward along |steps|, as store_migrate does along the program's
 * own. */
int postgres_take_forward(char *fault, const char *url, int *from, int *to,
                          const struct postgres_steps *steps);

#endif
