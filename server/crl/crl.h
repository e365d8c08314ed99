/* crl.h: CRLs beside serving (RFC 5280 section 5): one thread of each node. One node leads, by a lease in the
 * store, and makes them; all nodes publish the same octets. No request waits for it. */
#ifndef CMPD_CRL_CRL_H
#define CMPD_CRL_CRL_H

#include "server/base/bounds.h"
#include "server/crl/published.h"
#include "server/policy/policy.h"

/* Room for all CAs in JSON, however long their names and numbers are. */
enum { CRL_TEXT_OF_ONE = 256, CRL_TEXT_MAX = CRL_TEXT_OF_ONE * (BOUND_AUTHORITIES + BOUND_CRL_FILES) + 16 };

struct crl_service;

/* crl_new starts the thread. |policy| is acquired; |store| and |publication| must outlive it. Returns NULL
 * without memory or a thread. */
struct crl_service *crl_new(struct policy *policy, struct store *store, struct publication *publication);

/* crl_set_policy makes |policy| the one in use (SIGHUP). */
void crl_set_policy(struct crl_service *service, struct policy *policy);

/* crl_text writes what this node publishes into |out| as a JSON array, and whether one is late into |*late|.
 * Any thread. */
void crl_text(struct crl_service *service, char out[CRL_TEXT_MAX], int *late);

/* crl_is_unwritten returns 1 while a folder or directory that the configuration names does not have all that
 * is published, because it cannot be written. Any thread. */
int crl_is_unwritten(struct crl_service *service);

/* struct crl_told is a CRL that this node publishes; the shards of a CA together are one. */
struct crl_told {
    char ca[PUBLISHED_PATH_MAX]; /* or the name of the file of a CA above */
    const char *scope;           /* "full", "delta", "shards"; "given": of a CA above */
    int64_t number;              /* of shards: how many there are */
    int64_t this_update;         /* Unix seconds; of shards the earliest */
    int64_t next_update;         /* likewise */
    int64_t octets;              /* of shards: all together */
};

enum { CRL_TOLD_MAX = 3 * BOUND_AUTHORITIES + BOUND_CRL_FILES };

/* crl_list writes what this node publishes into |out|, and returns how many they are. Any thread. */
size_t crl_list(struct crl_service *service, struct crl_told out[CRL_TOLD_MAX]);

/* crl_stop ends the thread, which gives its lease up, and frees |service|. NULL is allowed. */
void crl_stop(struct crl_service *service);

#endif
