/* announcement.h: the bodies that a CA announces something with, and that nobody asks for: ckuann, cann,
 * rann, crlann (RFC 9810 5.3.13 to 5.3.16). What is read are views into the body. */
#ifndef CMPD_PKI_ANNOUNCEMENT_H
#define CMPD_PKI_ANNOUNCEMENT_H

#include "server/pki/general.h"
#include "server/pki/message.h"

/* What a CA here announces. */
enum pki_announcement {
    PKI_ANNOUNCES_ROOT,
    PKI_ANNOUNCES_CERTIFICATE,
    PKI_ANNOUNCES_REVOCATION,
    PKI_ANNOUNCES_CRL,
    PKI_ANNOUNCEMENTS
};

/* pki_announcement_body returns the tag of the PKIBody that |kind| is announced by. */
int pki_announcement_body(enum pki_announcement kind);

/* pki_announcement_version returns the pvno that its message has: cmp2021 where its syntax is needed (RFC
 * 9810 section 7). */
int64_t pki_announcement_version(enum pki_announcement kind);

/* struct key_update is CAKeyUpdContent (RFC 9810 5.3.13). */
struct key_update {
    struct root_update certs; /* newWithNew is always there */
    int is_v3;                /* 1: RootCaKeyUpdateContent, for which pvno must be cmp2021 */
};

/* pki_decode_key_update reads it, in either form. 1, or 0 if it is malformed. What stands in place of a
 * certificate is a SEQUENCE, and not looked into. */
int pki_decode_key_update(struct key_update *out, struct bytes body);

/* pki_encode_key_update writes |certs| as RootCaKeyUpdateContent. 1, or 0 without memory. */
int pki_encode_key_update(struct bytes *out, struct arena *arena, const struct root_update *certs);

/* struct revocation_notice is RevAnnContent (RFC 9810 5.3.15). */
struct revocation_notice {
    int64_t status;                /* enum pki_status */
    struct bytes issuer;           /* GeneralName, whole element */
    struct bytes issuer_name;      /* DER of its Name if it is a directoryName, else empty */
    struct bytes serial;           /* content octets of the INTEGER */
    int64_t revoked_at, bad_since; /* Unix seconds: willBeRevokedAt, badSinceDate */
    int has_reason;                /* crlDetails has a reasonCode (RFC 5280 5.3.1) … */
    int64_t reason;                /* … this CRLReason; without it neither is written */
};

/* pki_decode_revocation_notice reads it; of crlDetails the reasonCode alone. 1, or 0 if it is malformed. */
int pki_decode_revocation_notice(struct revocation_notice *out, struct bytes body);

/* pki_encode_revocation_notice writes it, with issuer_name as the issuer and |serial| as an unsigned number.
 * 1, or 0 without memory. */
int pki_encode_revocation_notice(struct bytes *out, struct arena *arena,
                                 const struct revocation_notice *notice);

/* pki_decode_crls reads CRLAnnContent (RFC 9810 5.3.16): |*count| CRLs, whole elements that are not looked
 * into. 1, or 0 if it is malformed, or has none or more than BOUND_ANNOUNCED_CRLS. It is written by
 * pki_encode_sequence. */
int pki_decode_crls(struct bytes out[BOUND_ANNOUNCED_CRLS], size_t *count, struct bytes body);

#endif
