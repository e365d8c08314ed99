/* fuzz_algorithm.c: an AlgorithmIdentifier, or a SubjectPublicKeyInfo: what is read of it, and what is said
 * of one that is refused. The first octet says which. */
#include <stdlib.h>

#include "crypto/algorithm_names.h"
#include "crypto/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(int so)
{
    if (!so)
        abort();
}

/* A MAC that is read has parameters within bounds, names nothing that has no row, and an answer by it is read
 * back as the same but for a nonce. */
static void fuzz_mac(struct arena *arena, struct bytes der)
{
    static const uint8_t fresh[MAC_GMAC_NONCE] = {1, 2, 3};
    const uint64_t all = algorithms_for(ALGORITHM_MACS);
    struct mac_algorithm mac, answer, again;
    CBS cbs = cbs_of(der);

    if (!mac_parse(&mac, &cbs)) {
        must_be(mac_fault(arena, der) != NULL);
        return;
    }
    must_be(mac_is_mac(der) && mac.encoded.len <= der.len && mac.key_len <= MAC_KEY_MAX);
    must_be(mac.scheme == MAC_HMAC || (mac.iterations > 0 && mac.key_len > 0));
    must_be(mac.mac != DIGEST_NONE || mac.nonce.len == MAC_GMAC_NONCE);
    must_be((algorithms_of_mac(&mac) & ~all) == 0 && algorithms_of_mac(&mac) != 0 && mac_strength(&mac) > 0);
    must_be(mac_answer(&answer, arena, &mac, fresh));
    cbs = cbs_of(answer.encoded);
    must_be(mac_parse(&again, &cbs) && again.scheme == mac.scheme && again.mac == mac.mac &&
            again.owf == mac.owf && again.iterations == mac.iterations && again.key_len == mac.key_len &&
            bytes_equal(again.salt, mac.salt));
}

/* One of the parsers takes it at most, and what a table has fits a kind of key. */
static void fuzz_signature(struct arena *arena, struct bytes der)
{
    CBS strict = cbs_of(der), lenient = strict, sha1 = strict;
    const struct signature_algorithm *row = signature_parse(&strict),
                                     *taken = signature_parse_lenient(&lenient);
    int fits = 0;

    must_be(row == NULL || (row == taken && signature_parse_sha1(&sha1) == NULL));
    if (taken == NULL)
        must_be(signature_fault(arena, der) != NULL);
    for (int kind = KEY_NONE + 1; taken != NULL && kind < KEY_KIND_COUNT; kind++)
        fits |= signature_fits(taken, (enum key_kind)kind);
    must_be(taken == NULL ||
            (fits && algorithms_of_signature(taken) != 0 && signature_strength(taken) >= 112));
}

static void fuzz_key(struct arena *arena, struct bytes der)
{
    struct public_key *key = public_key_parse(der);

    if (key == NULL)
        must_be(spki_fault(arena, der) != NULL);
    else
        must_be(key_strength(public_key_kind(key), public_key_bits(key)) >= 80);
    public_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(65536);
    struct bytes der = size > 1 ? bytes_of(data + 1, size - 1) : bytes_of(NULL, 0);

    must_be(arena != NULL);
    if (size > 1 && data[0] % 3 == 0)
        fuzz_mac(arena, der);
    else if (size > 1 && data[0] % 3 == 1)
        fuzz_signature(arena, der);
    else if (size > 1)
        fuzz_key(arena, der);
    arena_free(arena);
    return 0;
}
