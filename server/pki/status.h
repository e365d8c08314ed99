/* status.h: PKIStatusInfo and its PKIFailureInfo (RFC 9810 5.2.3). */
#ifndef CMPD_PKI_STATUS_H
#define CMPD_PKI_STATUS_H

#include "crypto/der.h"

enum pki_status {
    PKI_ACCEPTED = 0,
    PKI_GRANTED_WITH_MODS = 1,
    PKI_REJECTION = 2,
    PKI_WAITING = 3,
    PKI_REVOCATION_WARNING = 4,
    PKI_REVOCATION_NOTIFICATION = 5,
    PKI_KEY_UPDATE_WARNING = 6,
};

/* Bit numbers of PKIFailureInfo. */
enum pki_failure {
    PKI_BAD_ALG = 0,
    PKI_BAD_MESSAGE_CHECK = 1,
    PKI_BAD_REQUEST = 2,
    PKI_BAD_TIME = 3,
    PKI_BAD_CERT_ID = 4,
    PKI_BAD_DATA_FORMAT = 5,
    PKI_WRONG_AUTHORITY = 6,
    PKI_INCORRECT_DATA = 7,
    PKI_MISSING_TIME_STAMP = 8,
    PKI_BAD_POP = 9,
    PKI_CERT_REVOKED = 10,
    PKI_CERT_CONFIRMED = 11,
    PKI_WRONG_INTEGRITY = 12,
    PKI_BAD_RECIPIENT_NONCE = 13,
    PKI_TIME_NOT_AVAILABLE = 14,
    PKI_UNACCEPTED_POLICY = 15,
    PKI_UNACCEPTED_EXTENSION = 16,
    PKI_ADD_INFO_NOT_AVAILABLE = 17,
    PKI_BAD_SENDER_NONCE = 18,
    PKI_BAD_CERT_TEMPLATE = 19,
    PKI_SIGNER_NOT_TRUSTED = 20,
    PKI_TRANSACTION_ID_IN_USE = 21,
    PKI_UNSUPPORTED_VERSION = 22,
    PKI_NOT_AUTHORIZED = 23,
    PKI_SYSTEM_UNAVAIL = 24,
    PKI_SYSTEM_FAILURE = 25,
    PKI_DUPLICATE_CERT_REQ = 26,
};

/* pki_failure_name returns the name of bit |bit| as in the RFC, or "?". */
const char *pki_failure_name(unsigned bit);

struct pki_status_info {
    int64_t status;     /* enum pki_status */
    struct bytes text;  /* first element of statusString, UTF-8, or empty */
    uint64_t fail_info; /* bit n set: failure n; 0: none */
};

/* pki_status_add appends a PKIStatusInfo; an empty text and 0 fail_info leave their fields out. */
int pki_status_add(CBB *cbb, const struct pki_status_info *info);

/* pki_status_get reads one. Returns 1 or 0. */
int pki_status_get(CBS *cbs, struct pki_status_info *out);

#endif
