/* admin.h: what an operator does with a store, from a tool and while nodes may serve. All of it waits, and
 * may take long; none of it needs memory for all rows. */
#ifndef CMPD_STORAGE_ADMIN_H
#define CMPD_STORAGE_ADMIN_H

#include "store.h"

/* struct store_fact is one thing that a status says. */
struct store_fact {
    const char *name;
    struct bytes value; /* readable */
    int is_number;
};

/* store_status calls |say| for all that there is to say about the store that |url| names: rows of facts about
 * |what| ("store", "table", "node", …), those of a kind together. The store is left as it is. Returns 1, or 0
 * with |fault| written. */
typedef void store_say(void *arg, const char *what, const struct store_fact *facts, size_t n);
int store_status(char *fault, const char *url, store_say *say, void *arg);

struct store_check {
    /* Whether retention may have taken the transaction of a certificate. */
    int (*may_lack_tx)(void *arg, struct bytes profile, int64_t issued_at);
    /* Called for all that is found, with a text that tells what to do. */
    void (*found)(void *arg, const char *text);
    void *arg;
};

/* store_check looks at every row of the store that |url| names, and whether its tables are those that this
 * program wants. Returns 1, or 0 with |fault| written when it could not look. */
int store_check(char *fault, const char *url, const struct store_check *check);

/* store_copied is called now and then with how many pages of |total| are copied; it returns 0 to break off.
 */
typedef int store_copied(void *arg, uint64_t done, uint64_t total);

/* store_backup writes the embedded store that |url| names, as it is at one moment and while nodes serve, into
 * |file|, which must not be there. The copy is of mode 0600, durable, and was read back; one that failed
 * leaves nothing. A database has backups of its own: a fault. Returns 1, or 0 with |fault| written. */
int store_backup(char *fault, const char *url, const char *file, store_copied *copied, void *arg);

/* store_restore puts what store_backup wrote to |file| in the place of the store that |url| names, which no
 * process may have open. What was there is kept under other names that begin with |*kept|, which is freed by
 * the caller (NULL or empty: nothing was there). Returns 1, or 0 with |fault| written; then all is as it was.
 */
int store_restore(char *fault, const char *url, const char *file, char **kept, store_copied *copied,
                  void *arg);

/* store_audit_boundary returns up to when, at |before| (both Unix milliseconds) or earlier, the store can
 * delete entries of its audit log. */
int64_t store_audit_boundary(const struct store *store, int64_t before);

/* store_each_head calls |each|, until it returns 0, for the last entry of each chain that is older than
 * |before|: what an anchor has to tell before those entries go. Returns 1, or 0 with |fault| written. */
int store_each_head(struct store *store, char *fault, int64_t before,
                    int (*each)(void *arg, const struct store_head *head), void *arg);

/* store_audit_purge deletes all entries older than |before|, which store_audit_boundary returned, and of each
 * of |count| instances the seals up to |seals|; both after their anchor is stored. Takes the rights of the
 * tables' owner. |*entries| counts those that are gone, also when it fails. Returns 1, or 0 with |fault|
 * written. */
int store_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                      size_t count, uint64_t *entries);

/* store_drop_empty drops what purging has emptied: partitions of former years, of tables that the user owns.
 * Returns 1, or 0 with |fault| written. */
int store_drop_empty(struct store *store, char *fault, unsigned *dropped);

#endif
