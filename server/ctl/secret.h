/* secret.h: what the commands about shared secrets have in common: what a reference and a secret may be, and
 * how both get into the store. */
#ifndef CMPD_CTL_SECRET_H
#define CMPD_CTL_SECRET_H

#include "server/ctl/ctl.h"
#include "server/ctl/open.h"

enum { SECRET_ARENA = 1024 * 1024, SECRET_LEAST = 12 };

/* struct secret_plan says how secrets are stored. */
struct secret_plan {
    const char *profile; /* that takes them alone; NULL: any */
    int reusable;        /* 1: each serves again and again */
    int64_t expires;     /* Unix seconds; 0: never */
    int replaces; /* 1: a reference that is there gets the new secret, whatever became of the old one */
};

/* secret_is_reference returns 1 if |text| can name a secret: RFC 9483 3.1 has answers carry it as commonName
 * (RFC 5280 Appendix A: at most 64 characters), here of printable ASCII. */
int secret_is_reference(struct bytes text);

/* secret_weakness returns why whoever guesses finds |secret| soon, as the end of a sentence, or NULL if
 * nothing tells so: it is short, has few different characters, is made of its reference, or stands in
 * manuals. */
const char *secret_weakness(struct bytes reference, struct bytes secret);

/* secret_read_expiry reads the seconds of --expires-in from now on, into Unix seconds; NULL: 0, never. 1, or
 * 0 with a fault printed. */
int secret_read_expiry(int64_t *expires, const char *text);

/* secret_state returns the word for what |secret| is at |now| (Unix seconds): unused, reusable, used, expired
 * or withdrawn. */
const char *secret_state(const struct store_secret *secret, int64_t now);

/* secret_authority returns the CA of the profile |name| (NULL: of the default profile), or NULL with a fault
 * printed. */
const struct cmp_authority *secret_authority(const struct policy *policy, const char *name);

/* secret_fetch reads the secret of |ca| that |reference| names into |*row|, NULL if there is none. 1, or 0
 * with a fault printed. */
int secret_fetch(const struct store_secret **row, struct store *store, struct arena *arena,
                 const struct cmp_authority *ca, struct bytes reference);

/* secret_is_taken returns 1 if |profile|, or any if that is NULL, takes shared secrets. */
int secret_is_taken(const struct policy *policy, const char *profile);

/* secret_may_store returns 1 if secrets can be stored as |plan| has it; 0 with a fault printed.
 * secret_store_all asks it first. */
int secret_may_store(const struct policy *policy, const struct secret_plan *plan);

/* secret_store_all seals |items| into the store of |policy|, one after the other. 1, or 0 with a fault
 * printed: those before the one that it names are stored then. */
int secret_store_all(const struct policy *policy, const struct secret_plan *plan,
                     const struct ctl_shared_secret *items, size_t count);

#endif
