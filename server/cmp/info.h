/* info.h: one row for each infoType that a genm may ask for (RFC 9810 5.3.19). A row stands beside its code
 * (info_*.c); op_genm.c works on all of them. What has no row is answered by unsupportedOIDs. */
#ifndef CMPD_CMP_INFO_H
#define CMPD_CMP_INFO_H

#include "server/cmp/internal.h"

/* What a question says beside its infoType. */
enum cmp_info_value { CMP_VALUE_ABSENT, CMP_VALUE_OPTIONAL, CMP_VALUE_REQUIRED };

enum cmp_info_flag {
    CMP_INFO_PROVEN = 1,  /* for those alone who proved who they are */
    CMP_INFO_REPEATS = 2, /* may be asked for several times in a message */
    CMP_INFO_OF_ALL = 4,  /* belongs to "all relevant information" (RFC 9810 D.5) */
};

/* struct cmp_info_item is one question of a genm, and its answer. */
struct cmp_info_item {
    const struct cmp_info *info; /* NULL: not supported */
    struct bytes type;           /* content octets of its infoType */
    struct bytes value;          /* infoValue; empty: absent */
    const struct cmp_profile *profile;
    void *state;         /* of the row's own */
    struct bytes answer; /* infoValue of the answer */
};

/* What becomes of a question. */
enum cmp_given {
    CMP_GIVEN,       /* item->answer has it */
    CMP_NOTHING,     /* infoValue is absent */
    CMP_UNSUPPORTED, /* unsupportedOIDs names it */
    CMP_NOT_GIVEN,   /* the message is refused, as cmp_refuse noted */
};

struct cmp_info {
    enum pki_info asked, answered;
    const char *name; /* as in the RFC */
    enum cmp_info_value value;
    unsigned flags; /* enum cmp_info_flag */

    /* price returns what reading |value| costs at most, in microseconds. NULL: nothing. */
    uint64_t (*price)(struct bytes value);
    /* look wants what the answer is made of; taken again when that was served. CMP_ON, CMP_STAY or
     * CMP_REFUSED. NULL: it is all there. */
    enum cmp_turn (*look)(struct cmp_message *m, struct cmp_info_item *item);
    /* give answers. Without memory it notes that in m->starved. */
    enum cmp_given (*give)(struct cmp_message *m, struct cmp_info_item *item);
};

/* The table: the names of its rows. */
#define CMP_INFOS(X)                                                                                         \
    X(ca_prot_enc_cert)                                                                                      \
    X(sign_key_pair_types)                                                                                   \
    X(enc_key_pair_types)                                                                                    \
    X(preferred_symm_alg)                                                                                    \
    X(ca_key_update_info)                                                                                    \
    X(current_crl)                                                                                           \
    X(key_pair_param)                                                                                        \
    X(supp_lang_tags)                                                                                        \
    X(ca_certs)                                                                                              \
    X(root_ca_cert)                                                                                          \
    X(cert_req_template)                                                                                     \
    X(crl_status_list)

#define CMP_INFO_DECLARED(name) extern const struct cmp_info cmp_info_##name;
CMP_INFOS(CMP_INFO_DECLARED)

/* cmp_given_if returns CMP_GIVEN; |ok| 0: there was no memory for item->answer. */
static inline enum cmp_given cmp_given_if(struct cmp_message *m, int ok)
{
    m->starved |= !ok;
    return CMP_GIVEN;
}

#endif
