/* fuzz_crl.c: a revocation list. What is read of it is written anew, and read again; whatever it lists is
 * found by its index, and nothing else is. The same octets are distribution points of a certificate, too. */
#include <stdlib.h>

#include "crypto/crl_index.h"
#include "crypto/crl_scope.h"
#include "crypto/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int next(void *arg, struct crl_entry *out)
{
    return crl_read_entry(arg, out);
}

/* An entry has these octets at least: two times, and what is around them. */
enum { ENTRY_LEAST = 20, ENTRIES_LOOKED_FOR = 200 };

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

/* Each entry of the CRL's own issuer is found, the last of those with one serial; the others are not taken
 * for it. */
static void find_all(const struct crl *crl, int is_indirect)
{
    struct crl_index index;
    struct crl_entry entry, found;
    CBS entries = cbs_of(crl->entries);
    size_t left = ENTRIES_LOOKED_FOR;
    int is_own = 1;

    if (crl_index_make(&index, crl, is_indirect) != NULL)
        return;
    must_be(is_indirect || index.issuer_count == 1);
    while (left-- > 0 && crl_read_entry(&entries, &entry)) {
        is_own = is_own && entry.certificate_issuer.len == 0;
        if (is_own) {
            must_be(crl_index_find(&index, &found, entry.serial, crl->issuer));
            must_be(found.serial.data >= entry.serial.data);
        }
        must_be(!crl_index_find(&index, &found, bytes_of(NULL, 0), crl->issuer) || found.serial.len == 0);
    }
    crl_index_free(&index);
}

/* What covers one kind of certificate alone covers no other. */
static void hold_scope_against_points(const struct crl *crl, struct bytes data)
{
    struct certificate cert = {.crl_points = data, .issuer = crl->issuer};
    struct arena *arena = arena_new(1024 * 1024);
    struct crl_scope scope;
    struct crl_point point;
    CBS points = crl_points(cert.crl_points);

    if (arena != NULL && crl_scope_parse(&scope, arena, crl->issuing_point, crl->issuer))
        while (crl_point_next(&point, arena, &points, cert.issuer)) {
            int covers_user = crl_scope_covers(&scope, &point, &cert);
            must_be(!covers_user || (!scope.only_cas && !scope.only_attributes));
            must_be((point.reasons & ~(unsigned)CRL_REASONS_ALL) == 0);
            must_be(point.names.count <= BOUND_CRL_NAMES && point.issuer.count <= BOUND_CRL_NAMES);
        }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crl crl = {.number = 0};

    if (crl_parse(&crl, bytes_of(data, size))) {
        if (crl.algorithm != NULL && crl.number >= 0)
            write_anew(&crl);
        find_all(&crl, 0);
        find_all(&crl, 1);
        hold_scope_against_points(&crl, crl.issuing_point);
        return 0;
    }
    crl = (struct crl){.issuer = name_empty()};
    hold_scope_against_points(&crl, bytes_of(data, size));
    return 0;
}
