/* fuzz_crl.c: a revocation list. What is read of it is written anew, and read again. */
#include <stdlib.h>

#include "crypto/crl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int next(void *arg, struct crl_entry *out)
{
    return crl_read_entry(arg, out);
}

/* An entry has these octets at least: two times, and what is around them. */
enum { ENTRY_LEAST = 20 };

static const struct private_key *the_key(void)
{
    static struct private_key *key;

    if (key == NULL)
        key = private_key_generate(KEY_P256, 0);
    return key;
}

static void must_be(int so)
{
    if (!so)
        abort();
}

/* What was written says the same. Serials are written as positive numbers, whatever they were. */
static void write_anew(const struct crl *crl)
{
    struct crl_plan plan = {.algorithm = signature_for_key(KEY_P256),
                            .key = the_key(),
                            .issuer = crl->issuer,
                            .issuer_key_id = crl->issuer_key_id,
                            .this_update = crl->this_update,
                            .next_update = crl->next_update,
                            .number = crl->number,
                            .base_number = crl->base_number > 0 ? crl->base_number : 0,
                            .issuing_point = crl->issuing_point};
    struct crl_entry before, after;
    CBS entries = cbs_of(crl->entries), written;
    struct bytes der;
    struct crl again;

    if (!crl_write(&der, &plan, crl->entries.len / ENTRY_LEAST, next, &entries))
        return; /* a year that no time has, or a serial that no list has */
    must_be(crl_parse(&again, der));
    must_be(again.number == crl->number && again.this_update == crl->this_update &&
            again.next_update == crl->next_update && bytes_equal(again.issuer, crl->issuer) &&
            bytes_equal(again.issuer_key_id, crl->issuer_key_id) &&
            bytes_equal(again.issuing_point, crl->issuing_point) &&
            again.base_number == (plan.base_number != 0 ? plan.base_number : -1));
    entries = cbs_of(crl->entries);
    written = cbs_of(again.entries);
    while (crl_read_entry(&entries, &before)) {
        must_be(crl_read_entry(&written, &after));
        must_be(before.revoked_at == after.revoked_at && before.reason == after.reason &&
                before.invalidity_at == after.invalidity_at);
    }
    must_be(CBS_len(&written) == 0);
    free((void *)(uintptr_t)der.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crl crl;

    if (crl_parse(&crl, bytes_of(data, size)) && crl.algorithm != NULL && crl.number >= 0)
        write_anew(&crl);
    return 0;
}
