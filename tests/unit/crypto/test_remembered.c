/* crypto/remembered.h */
#include "crypto/remembered.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct verification item_of(const char *message, const char *signature)
{
    return (struct verification){.algorithm = signature_for_key(KEY_P256),
                                 .message = bytes_str(message),
                                 .signature = bytes_str(signature)};
}

Test(remembered, what_was_added_is_there_and_nothing_else)
{
    struct remembered *set = remembered_new();
    struct verification item = item_of("message", "signature");
    struct fingerprint added = remembered_fingerprint(set, &item, bytes_str("key")), other;

    cr_assert_not(remembered_has(set, &added));
    remembered_add(set, &added);
    cr_assert(remembered_has(set, &added));
    other = remembered_fingerprint(set, &item, bytes_str("another key"));
    cr_assert_not(remembered_has(set, &other));
    item = item_of("another message", "signature");
    other = remembered_fingerprint(set, &item, bytes_str("key"));
    cr_assert_not(remembered_has(set, &other));
    item = item_of("message", "another signature");
    other = remembered_fingerprint(set, &item, bytes_str("key"));
    cr_assert_not(remembered_has(set, &other));
    item = item_of("message", "signature");
    item.algorithm = signature_for_key(KEY_P384);
    other = remembered_fingerprint(set, &item, bytes_str("key"));
    cr_assert_not(remembered_has(set, &other));
    /* The same octets, divided otherwise. */
    item = item_of("messages", "ignature");
    other = remembered_fingerprint(set, &item, bytes_str("key"));
    cr_assert_not(remembered_has(set, &other));
    remembered_free(set);
}

Test(remembered, it_is_bounded_and_forgets)
{
    enum { MANY = 10000 };
    struct remembered *set = remembered_new();
    unsigned held = 0;
    char text[16];

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < MANY; i++) {
            struct verification item;
            struct fingerprint fingerprint;
            snprintf(text, sizeof text, "%d", i);
            item = item_of(text, "signature");
            fingerprint = remembered_fingerprint(set, &item, bytes_str("key"));
            if (pass == 0) {
                remembered_add(set, &fingerprint);
                cr_assert(remembered_has(set, &fingerprint), "the newest is there");
            } else {
                held += (unsigned)remembered_has(set, &fingerprint);
            }
        }
    cr_assert_gt(held, 100);
    cr_assert_leq(held, 256);
    remembered_free(set);
}

/* Fingerprints of one set mean nothing to another. */
Test(remembered, sets_have_secrets)
{
    struct remembered *a = remembered_new(), *b = remembered_new();
    struct verification item = item_of("message", "signature");
    struct fingerprint of_a = remembered_fingerprint(a, &item, bytes_str("key"));
    struct fingerprint of_b = remembered_fingerprint(b, &item, bytes_str("key"));

    cr_assert_neq(memcmp(&of_a, &of_b, sizeof of_a), 0);
    remembered_free(a);
    remembered_free(b);
}
