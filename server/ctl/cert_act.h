/* cert_act.h: what the operator does to certificates, one at a time. */
#ifndef CMPD_CTL_CERT_ACT_H
#define CMPD_CTL_CERT_ACT_H

#include "server/ctl/cert.h"

enum { CERT_COMMENT_MAX = 256, CERT_INCIDENT_MAX = 64 };

/* struct cert_act is what is done to each certificate that a call is about. */
struct cert_act {
    const char *event, *outcome; /* as the audit log has it */
    enum store_cert_status status;
    int reason;
    int64_t now, invalidity_at;
    const char *comment, *incident; /* or NULL */
    int waits;                      /* 1: for the CRL */
    struct cert_wait wait;
    int is_dry;              /* 1: it is only said what would be done */
    uint8_t key[STORE_HASH]; /* SHA-256 of the key of the last one that could be changed */
    size_t changed, refused;
};

/* cert_act_read_reason reads the CRLReason |name| of a revocation (NULL: unspecified). Returns 1, or 0 with a
 * fault printed: it is none, or not one for which certificates are revoked for good. */
int cert_act_read_reason(int *reason, const char *name);

/* cert_act_blocks returns 1 if |act| blocks the keys of the certificates. */
int cert_act_blocks(const struct cert_act *act);

/* cert_act_on judges the certificate with the serial |octets|, and changes it if it is still so then; else it
 * is judged again. What is done is told, and a fault printed. Returns 1, or 0 if it was not changed. */
int cert_act_on(const struct ctl_opened *opened, struct cert_act *act, struct arena *arena,
                const uint8_t octets[STORE_SERIAL]);

/* cert_act_count does the same with an arena of its own, and counts it. */
int cert_act_count(const struct ctl_opened *opened, struct cert_act *act, const uint8_t octets[STORE_SERIAL]);

#endif
