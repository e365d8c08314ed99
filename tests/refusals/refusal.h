/* refusal.h: what a row in the tables of damaged and forbidden messages says. */
#ifndef CMPD_TESTS_REFUSALS_REFUSAL_H
#define CMPD_TESTS_REFUSALS_REFUSAL_H

#include "crypto/crl_set.h"
#include "tests/refusals/damage.h"
#include "tests/unit/cmp/expect.h"

/* Everything that a message is sent in. */
struct scene {
    struct world *world;
    struct client *client;       /* whose message is damaged: one of the two below */
    struct client device, mac;   /* of the vendor's device; with the shared secret */
    struct ctl_identity own;     /* of kur and rr: a confirmed certificate of the CA; signs as |device| */
    struct answer first;         /* of certConf and error: the answer with the certificate */
    struct ctl_identity made[4]; /* what |prepare| made, freed with the scene */
    size_t made_count;
    struct trust trust;   /* what |prepare| may fill and put into a profile */
    struct crl_set *crls; /* … and what its anchor may have */
};

enum refusal_flag {
    BY_MAC = 1,    /* protected by PasswordBasedMac; else signed */
    BY_PBMAC1 = 2, /* by PBMAC1 */
    STRICT = 4,    /* to the letter of RFC 9483 alone: under RFC 9810 the message is taken */
    BARE = 8, /* the answer is not protected, HTTP status 400: header or body cannot be found in the octets */
    SIGNED = 32, /* the MAC of the message proves nothing: the answer is signed */
    ENDS = 16,   /* RFC 9483 3.6.4: the transaction is over, its certificate treated as rejected */
    OF_V2 = 128, /* CMPv2 alone refuses it */
    FORM = 64,   /* … to the letter of RFC 9483, and by RFC 9810 it goes on: the form alone is wrong */
};

enum { IN_BODY = -1 }; /* refused in the response that belongs to the request: ip, cp, kup, rp */

struct refusal {
    const char *text; /* the section that wants the refusal */
    const char *name;
    int request; /* PKI_IR, …: the message that is good before it is damaged */
    unsigned flags;
    const char *edits; /* damage.h */
    int body;          /* of the answer */
    enum pki_failure failure;
    enum pki_failure other; /* not 0 (badAlg stands in the field above): the text leaves it open which */

    struct bytes (*with)(struct scene *scene); /* what $ stands for */
    void (*prepare)(struct scene *scene);      /* before the good message is made: it need not be good */
    void (*before)(struct scene *scene, struct bytes good); /* before the damaged one is sent */
};

struct refusal_table {
    const struct refusal *rows;
    size_t count;
};

/* Rows that stand in several tables: what is malformed, refused by error or in the response that belongs to
 * the request; and whom the profile does not trust, who is made by |who|. */
#define MALFORMED(name, request, flags, edits)                                                               \
    {                                                                                                        \
        "RFC 9483 3.5", name, request, flags, edits, PKI_ERROR, PKI_BAD_DATA_FORMAT                          \
    }
#define MALFORMED_IN_BODY(name, request, flags, edits)                                                       \
    {                                                                                                        \
        "RFC 9483 3.5 and 3.6.2", name, request, flags, edits, IN_BODY, PKI_BAD_DATA_FORMAT                  \
    }
#define NOT_TRUSTED(text, name, request, who)                                                                \
    {                                                                                                        \
        text, name, request, 0, "", PKI_ERROR, PKI_SIGNER_NOT_TRUSTED, .prepare = who                        \
    }

/* Pieces of edits. */
#define Z16 "00000000000000000000000000000000"
#define OTHER_ID "transactionID/0 = 04{07070707070707070707070707070707}"
#define RSA_SHA256 "(1.2.840.113549.1.1.11) 05{}"

#define REFUSALS(name, rows) const struct refusal_table name = {rows, sizeof(rows) / sizeof((rows)[0])}

extern const struct refusal_table refusals_of_header, refusals_of_general_info, refusals_of_body,
    refusals_of_template, refusals_of_popo, refusals_of_protection, refusals_of_mac, refusals_of_extra_certs,
    refusals_of_der, refusals_of_state, refusals_of_confirmation, refusals_of_revocation,
    refusals_of_vendor_crls, refusals_of_general, refusals_of_poll;

/* Every request has to be approved, and nobody has approved it. */
extern const struct config_approve_rules scene_approve;

/* scene_make issues a certificate of |plan| by |issuer| for a new key, freed with the scene. */
const struct ctl_identity *scene_make(struct scene *scene, struct certificate_plan plan,
                                      const struct ctl_identity *issuer);

#endif
