/* shard.h: the parts into which the certificates of a CA fall, each with a CRL of its own. A URL names the
 * shard of a certificate by SHARD_NAMED. */
#ifndef CMPD_BASE_SHARD_H
#define CMPD_BASE_SHARD_H

#include "arena.h"

#define SHARD_NAMED "${shard}" /* where the number of the shard stands */

/* shard_is_named returns 1 if |url| has SHARD_NAMED in it. */
int shard_is_named(const char *url);

/* shard_url writes |url| into |arena|, with |shard| where SHARD_NAMED stands, and a zero octet behind it.
 * Returns 1, or 0 without memory. */
int shard_url(struct bytes *out, struct arena *arena, struct bytes url, unsigned shard);

/* shard_in_url returns the number that shard_url has put into |template| to make |url| of it, 0 if |template|
 * has no SHARD_NAMED and is |url|, or -1: |url| is not made of it. */
int shard_in_url(struct bytes template, struct bytes url);

/* shard_of returns the shard, from 1 to |shards|, of a certificate whose serial ends with the random octets
 * |serial_end|. |shards| is not 0. */
unsigned shard_of(const uint8_t serial_end[4], unsigned shards);

#endif
