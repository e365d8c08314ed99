/* directory.h: CRLs and the CA's certificate in an LDAP directory (RFC 4523), for gateways that know nothing
 * else. A thread of its own talks to it, on the node that leads: a directory that does not answer keeps no
 * CRL from anybody. */
#ifndef CMPD_CRL_DIRECTORY_H
#define CMPD_CRL_DIRECTORY_H

#include "server/base/config.h"
#include "server/crl/published.h"

struct directory;

/* directory_new starts the thread, which does nothing until directory_set. |publication| must outlive it.
 * Returns NULL without memory or a thread. */
struct directory *directory_new(struct publication *publication);

/* directory_set says where the directory is (NULL: there is none) and which CAs' documents go there, |count|
 * |names|. Everything is copied, and looked at anew. Returns 1, or 0 without memory: then there is none. */
int directory_set(struct directory *directory, const struct config_ldap *config, const char *const *names,
                  size_t count);

/* directory_lead says whether this node leads: only then it writes. */
void directory_lead(struct directory *directory, int leads);

/* directory_number returns the cRLNumber that the directory was seen to have of the document at |path|, as in
 * a URL; 0: none, or nobody knows yet. Does not wait. */
int64_t directory_number(struct directory *directory, const char *path);

/* directory_is_failing returns 1 if something could not be written there when that was tried last. Does not
 * wait for the directory. */
int directory_is_failing(struct directory *directory);

/* directory_free ends the thread, which may take as long as the directory is waited for, and frees
 * |directory|. NULL is allowed. */
void directory_free(struct directory *directory);

#endif
