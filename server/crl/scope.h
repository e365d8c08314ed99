/* scope.h: the CRL of one scope at one node: all of a CA, what has changed of it (a delta), or a shard. It is
 * read from the store, held against the CA's key, and published. It belongs to one thread. */
#ifndef CMPD_CRL_SCOPE_H
#define CMPD_CRL_SCOPE_H

#include "server/base/config.h"
#include "server/cmp/cmp.h"
#include "server/crl/directory.h"
#include "server/crl/folder.h"
#include "server/crl/published.h"
#include "server/crl/shelf.h"

/* struct crl_turn is what a look is given. */
struct crl_turn {
    const struct config_crl *config;
    const struct cmp_authority *ca;
    struct store *store;
    struct publication *publication;
    const struct folder *folder;     /* where else CRLs are; NULL: nowhere */
    struct directory *directory;     /* … and the directory; NULL: there is none */
    unsigned shards;                 /* into which new certificates of this CA fall; 0: none do */
    int64_t now;                     /* Unix seconds */
    int64_t now_ms;                  /* by a clock that nobody sets */
    const struct store_lease *lease; /* to be held by who makes one; NULL: this node does not lead */
};

/* struct crl_scope is what is known of one. */
struct crl_scope {
    char name[STORE_SCOPE_MAX + 1]; /* in the store */
    unsigned shard;                 /* 0: all certificates */
    int is_delta;
    struct store_crl head; /* the newest in the store; number 0: none is known; without its name */
    int64_t elsewhere;    /* highest number that was seen in the folder, when this node began to lead and when
                           * it made one, and in the directory; 0: none */
    int64_t lost;         /* number of the one whose octets were not there; 0: none */
    int64_t published;    /* number of the one that is published here; 0: none */
    int64_t published_at; /* its thisUpdate, Unix seconds */
    int64_t published_until; /* its nextUpdate, Unix seconds */
    int64_t published_octets;
    uint8_t published_signer[STORE_HASH]; /* SHA-256 of the key that signed it */
    uint8_t published_point[STORE_HASH];  /* SHA-256 of its issuingDistributionPoint, or zeros */
};

/* crl_scope_full, crl_scope_delta and crl_scope_shard begin one of which nothing is known. */
void crl_scope_full(struct crl_scope *scope);
void crl_scope_delta(struct crl_scope *scope);
void crl_scope_shard(struct crl_scope *scope, unsigned shard);

/* crl_scope_number_of returns the shard that |name| names, or 0. */
unsigned crl_scope_number_of(struct bytes name);

/* crl_scope_set_head takes what the store says: |head|, or that there is none (NULL). */
void crl_scope_set_head(struct crl_scope *scope, const struct store_crl *head);

/* What became of an attempt. Texts are for the log. */
struct crl_attempt {
    const char *doing, *why; /* NULL: nothing has failed */
    const char *blamed;      /* what |number| counts, as a key of the log; NULL: nothing that has a number */
    int64_t number;
    int is_unavailable; /* 1: the store does not answer, or there is no memory */
};

/* crl_scope_take publishes the newest one of the store, if it is newer than what is published. The store
 * alone is not believed: the CA must have signed it. Waits for the store. */
struct crl_attempt crl_scope_take(struct crl_scope *scope, const struct crl_turn *turn);

/* crl_scope_store stores |count| of |crls| as the newest ones of |scopes|, all or none, and publishes them.
 * Their octets are taken over, also on failure. Waits for the store. Who has lost the lease meanwhile fails
 * at nothing: he finds at the next look what the other has made. */
struct crl_attempt crl_scope_store(struct crl_scope *const *scopes, struct shelf_crl *crls, size_t count,
                                   const struct crl_turn *turn);

/* crl_scope_look_at_folder notes which number the folder shows, and crl_scope_look_at_directory which one the
 * directory was seen to have: the next one is above them. The first blocks. */
void crl_scope_look_at_folder(struct crl_scope *scope, const struct crl_turn *turn);
void crl_scope_look_at_directory(struct crl_scope *scope, const struct crl_turn *turn);

/* crl_scope_has_other_signer returns 1 if what is published was signed by another key than the CA signs with
 * now. */
int crl_scope_has_other_signer(const struct crl_scope *scope, const struct cmp_authority *ca);

/* crl_scope_withdraw ends what is published of the CA called |ca|. */
void crl_scope_withdraw(const struct crl_scope *scope, const char *ca, struct publication *publication);

/* crl_scope_number returns a number above all that are known of |scope|. */
int64_t crl_scope_number(const struct crl_scope *scope);

#endif
