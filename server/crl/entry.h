/* entry.h: one value in an LDAP directory, by libldap. Everything waits, each step at most
 * BOUND_LDAP_SECONDS. */
#ifndef CMPD_CRL_ENTRY_H
#define CMPD_CRL_ENTRY_H

#include "server/base/bytes.h"
#include "server/base/config.h"

enum { ENTRY_WHY_MAX = 256 };

/* struct entry_access says how to reach the directory: malloc'ed texts. */
struct entry_access {
    char *url, *bind_dn, *password_file; /* bind_dn NULL: anonymous */
};

/* entry_access_copy and entry_access_again fill |out|, to be freed by entry_access_free. Return 1, or 0
 * without memory. */
int entry_access_copy(struct entry_access *out, const struct config_ldap *config);
int entry_access_again(struct entry_access *out, const struct entry_access *from);
void entry_access_free(struct entry_access *access);

/* entry_name returns the DN |form| with |ca| where ${ca} stands, malloc'ed; NULL without memory. */
char *entry_name(const char *form, const char *ca);

struct entry_result {
    int64_t number;          /* cRLNumber of the CRL that is there now; 0: there is none */
    char why[ENTRY_WHY_MAX]; /* empty: |value| is there, or a CRL with a number that is not below its own */
};

/* entry_write makes |value| the one value of |attribute| of the entry |dn|, unless a CRL with the same or a
 * higher number is there; and reads it back. */
void entry_write(struct entry_result *result, const struct entry_access *access, const char *dn,
                 const char *attribute, struct bytes value);

#endif
