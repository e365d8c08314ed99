/* cert_filter.h: which certificates cert list shows. */
#ifndef CMPD_CTL_CERT_FILTER_H
#define CMPD_CTL_CERT_FILTER_H

#include "server/ctl/cert.h"
#include "server/ctl/choice.h"

/* The options that cert_filter_read reads, for the table of a command. */
#define CERT_FILTER_OPTIONS                                                                                  \
    {"subject", "PATTERN", 0, "of this subject, as it is shown; * is any text, ? a character"},              \
        {"san", "PATTERN", 0, "with a subjectAltName like this, with its kind (DNS:*) or without"},          \
        {"profile", "NAME", 0, "issued under this profile"},                                                 \
        {"vendor", "NAME", 0, "for a device of this vendor"},                                                \
        {"status", "STATUS", 0, "valid, revoked, hold, unconfirmed or expired"},                             \
        {"issued-after", "TIME", 0, "issued at TIME or later"},                                              \
        {"issued-before", "TIME", 0, "issued before TIME"},                                                  \
        {"expires-after", "TIME", 0, "with a notAfter of TIME or later"},                                    \
        {"expires-before", "TIME", 0, "with a notAfter before TIME"},                                        \
        {"revoked-after", "TIME", 0, "revoked or put on hold at TIME or later"},                             \
        {"revoked-before", "TIME", 0, "revoked or put on hold before TIME"},                                 \
    {                                                                                                        \
        "transaction", "HEX", 0, "of the transaction with this transactionID"                                \
    }

struct cert_filter {
    int64_t now;                                           /* by which certificates have expired */
    const char *subject, *san, *profile, *vendor, *status; /* NULL: any */
    struct choice_span issued, expires, revoked;
    uint8_t transaction_id[BOUND_TRANSACTION_ID];
    size_t transaction_id_len; /* 0: any */
};

/* cert_filter_read reads what |call| wants to see. Returns CTL_OK, or another exit status. */
int cert_filter_read(struct cert_filter *filter, const struct ctl_call *call);

/* cert_filter_takes returns 1 if |cert| is to be shown. */
int cert_filter_takes(const struct cert_filter *filter, const struct store_cert *cert);

#endif
