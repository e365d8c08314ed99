/* message.h: PKIMessage between DER and C (RFC 9810 5.1). The files of this room know syntax only: what is
 * allowed is decided elsewhere. Server, tools and bench use them. Each body has a header of its own. */
#ifndef CMPD_PKI_MESSAGE_H
#define CMPD_PKI_MESSAGE_H

#include "crypto/der.h"
#include "server/base/bounds.h"

/* Tags of PKIBody (RFC 9810 5.1.2). */
enum pki_body {
    PKI_IR = 0,
    PKI_IP = 1,
    PKI_CR = 2,
    PKI_CP = 3,
    PKI_P10CR = 4,
    PKI_POPDECC = 5,
    PKI_POPDECR = 6,
    PKI_KUR = 7,
    PKI_KUP = 8,
    PKI_KRR = 9,
    PKI_KRP = 10,
    PKI_RR = 11,
    PKI_RP = 12,
    PKI_CCR = 13,
    PKI_CCP = 14,
    PKI_CKUANN = 15,
    PKI_CANN = 16,
    PKI_RANN = 17,
    PKI_CRLANN = 18,
    PKI_PKICONF = 19,
    PKI_NESTED = 20,
    PKI_GENM = 21,
    PKI_GENP = 22,
    PKI_ERROR = 23,
    PKI_CERTCONF = 24,
    PKI_POLLREQ = 25,
    PKI_POLLREP = 26,
    PKI_BODY_COUNT = 27
};

/* pki_body_name returns "ir", "ip", …, or "?". */
const char *pki_body_name(int body);

/* pki_labelled finds the body that is sent to a URL path with the operation |label| (RFC 9483 6.1), and of a
 * genm the number of its infoType (enum pki_info, general.h), else 0. 1, or 0: there is no such label. */
int pki_labelled(int *body, int *info, struct bytes label);

enum { PKI_CMP2000 = 2, PKI_CMP2021 = 3 };

struct pki_header {
    int64_t pvno;
    struct bytes sender;      /* GeneralName, whole element */
    struct bytes sender_name; /* DER of its Name if it is a directoryName, else empty */
    struct bytes recipient;   /* GeneralName, whole element */
    int has_message_time;
    int64_t message_time;        /* Unix seconds */
    struct bytes protection_alg; /* AlgorithmIdentifier, whole element, or empty */
    struct bytes sender_kid, recip_kid;
    struct bytes transaction_id;
    struct bytes sender_nonce, recip_nonce;
    int implicit_confirm;       /* id-it-implicitConfirm is there (RFC 9810 5.1.1.1) */
    int implicit_confirm_bare;  /* 1: without its NULL */
    int64_t confirm_wait_time;  /* id-it-confirmWaitTime (RFC 9810 5.1.1.2), Unix seconds; 0: absent */
    struct bytes cert_profile;  /* first name of id-it-certProfile (RFC 9810 5.1.1.4), or empty */
    struct bytes cert_profiles; /* all of its names, for pki_nth_text (general.h); written, if not empty, in
                                 * the place of |cert_profile| */
    size_t cert_profile_count;
    struct bytes
        languages;         /* read: the tags of id-it-suppLangTags (RFC 9810 5.3.19.13), likewise; or empty */
    struct bytes language; /* written: the one of them that is used; empty: none is */
    const char *general_info_fault; /* why an entry that matters here, or the list, could not be read; NULL */
};

struct pki_message {
    struct bytes der;
    struct pki_header header;
    int body_type;     /* enum pki_body */
    struct bytes body; /* content below the body's tag: one element */
    struct bytes
        protected_part; /* header and body, as they stand: the content of ProtectedPart (RFC 9810 5.1.3) */
    int has_protection;
    struct bytes protection; /* octets of the BIT STRING */
    struct bytes extra_certs[BOUND_EXTRA_CERTS];
    size_t extra_cert_count;
    int more_extra_certs; /* 1: there were more, which are left out */
    const char *unread;   /* on PKI_UNREADABLE: the part that could not be read … */
    size_t unread_at;     /* … and the offset of the fault */
};

enum pki_decoded {
    PKI_UNREADABLE,  /* not even the header could be read */
    PKI_HEADER_ONLY, /* header and body type are there, the rest is malformed or not strict DER */
    PKI_WHOLE,
};

/* pki_message_decode reads |der|. If it is not whole, |*why| (if |why| is not NULL) is set to a reason for an
 * operator. Views point into |der|. */
enum pki_decoded pki_message_decode(struct pki_message *out, const char **why, struct bytes der);

/* pki_protected_part writes ProtectedPart, the octets that protection covers, into |arena|: SEQUENCE {
 * header, body }.
 */
int pki_protected_part(struct bytes *out, struct arena *arena, const struct pki_message *message);

/* pki_encode_protected_part writes ProtectedPart of a message to be sent: |header| and a body of |body_type|
 * whose content is |body|. */
int pki_encode_protected_part(struct bytes *out, struct arena *arena, const struct pki_header *header,
                              int body_type, struct bytes body);

/* pki_encode_message joins |protected_part|, a protection (empty: none), and |extra_certs| into a PKIMessage.
 */
int pki_encode_message(struct bytes *out, struct arena *arena, struct bytes protected_part,
                       struct bytes protection, const struct bytes *extra_certs, size_t extra_cert_count);

/* pki_null_dn returns GeneralName directoryName of the NULL-DN: who is not known (RFC 9810 5.1.1). */
struct bytes pki_null_dn(void);

/* pki_directory_name writes GeneralName directoryName of |name|. */
int pki_directory_name(struct bytes *out, struct arena *arena, struct bytes name);

#endif
