/* verify.h: the audit log of a store, held against a key. For unit tests. */
#ifndef CMPD_TESTS_SUPPORT_VERIFY_H
#define CMPD_TESTS_SUPPORT_VERIFY_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "storage/audit_verify.h"

static inline void verify_print(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "%s\n", text);
}

/* verify_store verifies all that |store| has, with the key |spki|; what is wrong is printed and counted. */
static inline struct audit_summary verify_store(struct store *store, struct bytes spki)
{
    struct audit_verify *state = audit_verify_new(verify_print, NULL);
    struct audit_summary sum;
    char fault[STORE_FAULT_MAX];

    cr_assert(audit_verify_key(state, spki, INT64_MIN, INT64_MAX));
    cr_assert(store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), audit_verify_seal, state), "%s",
              fault);
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), audit_verify_entry, state), "%s",
              fault);
    audit_verify_end(state, &sum);
    audit_verify_free(state);
    return sum;
}

#endif
