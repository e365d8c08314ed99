/* crl_index.h: entries of a CRL, found by the certificate that they speak of. Built once, then only read: a
 * look-up in a list of a million takes as many steps as one in a short list, give or take a few. */
#ifndef CMPD_CRYPTO_CRL_INDEX_H
#define CMPD_CRYPTO_CRL_INDEX_H

#include "crypto/crl.h"
#include "crypto/name_match.h"

struct crl_index_place {
    uint64_t tail;   /* the last eight octets of the serial */
    uint32_t at;     /* of the entry in the list */
    uint32_t issuer; /* whose certificate it is: which of |issuers|; 0: the CRL's own */
};

struct crl_index_issuer {
    struct bytes name; /* DER */
    struct name_cache cache;
};

/* struct crl_index refers to the CRL's DER, which must outlive it. */
struct crl_index {
    struct bytes entries;
    struct crl_index_place *places; /* in the order of |tail|, then of the list */
    size_t count;
    struct crl_index_issuer *issuers;
    size_t issuer_count;
};

/* crl_index_make reads all entries of |crl|; |is_indirect|: those of other issuers are marked by
 * certificateIssuer (RFC 5280 5.3.3). Returns NULL, or what is wrong: then |out| is empty, and free. */
const char *crl_index_make(struct crl_index *out, const struct crl *crl, int is_indirect);

/* crl_index_find finds the entry for the certificate with |serial| (content octets of the INTEGER) that
 * |issuer| has issued, the last of several. Returns 1 with |out|, views into the CRL, or 0. */
int crl_index_find(const struct crl_index *index, struct crl_entry *out, struct bytes serial,
                   struct bytes issuer);

/* crl_index_free frees what crl_index_make made. */
void crl_index_free(struct crl_index *index);

#endif
