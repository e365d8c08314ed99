/* cert_select.h: which certificates an incident is about: those that are as every option wants them. */
#ifndef CMPD_CTL_CERT_SELECT_H
#define CMPD_CTL_CERT_SELECT_H

#include "server/ctl/cert.h"

/* The options that cert_selection_read reads, for the table of a command. */
#define CERT_SELECTION_OPTIONS                                                                               \
    {"file", "FILE", 0,                                                                                      \
     "in this list of serials, one a line (-: standard input); what comes after a blank is a remark"},       \
        {"spki-of", "FILE", 0,                                                                               \
         "of the key of this certificate, public key or PKCS #10 request, PEM or DER"},                      \
        {"vendor-intermediate", "FILE", 0, "that came over the vendor's CA with this certificate"},          \
    {                                                                                                        \
        "issued-between", "FROM TO", 0, "issued at FROM or later, and before TO"                             \
    }

struct cert_selection {
    int has_key, has_path, has_times, has_list;
    uint8_t key[STORE_HASH];          /* SHA-256 of SubjectPublicKeyInfo */
    uint8_t path[STORE_HASH];         /* SHA-256 of a certificate of the path */
    int64_t after, before;            /* Unix seconds */
    uint8_t (*serials)[STORE_SERIAL]; /* sorted, none twice */
    size_t count;
};

/* cert_selection_read reads what |call| selects, its list included. Returns 1 with |out| to be freed, or 0
 * with a fault printed, likewise. cert_selection_free takes all zero, too. */
int cert_selection_read(struct cert_selection *out, const struct ctl_call *call);
void cert_selection_free(struct cert_selection *selection);

/* cert_selection_each calls |each| for every certificate that is selected, until it returns 0; of those that
 * are only named by a list and are nowhere, with no |cert|. Returns 1, or 0 with a fault printed. */
int cert_selection_each(const struct cert_selection *selection, const struct ctl_opened *opened,
                        int (*each)(void *arg, const struct cert_found *found), void *arg);

#endif
