/* batch.c where one allocation fails, each in turn: a signature is right or there is none, and none counts
 * that would count with memory only for being over nothing. */
#include <criterion/criterion.h>
#include <malloc.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>

/* The allocation that fails; 0: none does. */
static int to_go;

static void *allocate(size_t size)
{
    return to_go > 0 && --to_go == 0 ? NULL : malloc(size);
}

#define malloc allocate
/* NOLINTNEXTLINE(bugprone-suspicious-include): BoringSSL and AWS-LC allocate by it */
#include "crypto/secret_memory.c"
#undef malloc

#include "crypto/batch.h"
#include "crypto/internal.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/signature_algorithms.h"

enum { FAILURES_MAX = 10000, RSA_BITS = 2048 };

static struct arena *arena;
static struct private_key *keys[KEY_KIND_COUNT];
static struct public_key *publics[KEY_KIND_COUNT];

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        keys[kind] = private_key_generate((enum key_kind)kind, RSA_BITS);
        publics[kind] = public_key_parse(private_key_spki(keys[kind]));
        cr_assert_not_null(publics[kind]);
    }
}

static void tear_down(void)
{
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        private_key_free(keys[kind]);
        public_key_free(publics[kind]);
    }
    arena_free(arena);
}

TestSuite(without_memory, .init = set_up, .fini = tear_down, .timeout = 100);

static const struct signature_algorithm *algorithm_of(size_t i)
{
    CBS cbs = cbs_of(hex(arena, algorithms[i].encoded));
    return signature_parse(&cbs);
}

static int is_valid(size_t i, const struct signature_algorithm *algorithm, struct bytes signature)
{
    struct verification item = {.algorithm = algorithm,
                                .key = publics[algorithms[i].kind],
                                .message = bytes_str("a message"),
                                .signature = signature};
    verify_batch(&(struct verification *){&item}, 1);
    return item.valid;
}

Test(without_memory, a_signature_is_right_or_there_is_none)
{
    uint8_t signature[SIGNATURE_MAX];
    for (size_t i = 0; i < ALGORITHMS; i++) {
        const struct signature_algorithm *algorithm = algorithm_of(i);
        for (int n = 1, failed = 1; failed; n++) {
            struct signing item = {.algorithm = algorithm,
                                   .key = keys[algorithms[i].kind],
                                   .message = bytes_str("a message"),
                                   .signature = signature};
            cr_assert_lt(n, FAILURES_MAX);
            to_go = n;
            sign_batch(&(struct signing *){&item}, 1);
            failed = to_go == 0;
            to_go = 0;
            cr_expect(item.signature_len == 0
                          ? failed
                          : is_valid(i, algorithm, bytes_of(signature, item.signature_len)),
                      "algorithm %zu, allocation %d", i, n);
        }
    }
}

/* Who knows no key can make one over the number 0, which a digest of no octets is. Here the key makes it. */
Test(without_memory, a_signature_over_nothing_does_not_count)
{
    uint8_t signature[SIGNATURE_MAX];
    unsigned len = 0;
    for (size_t i = 0; i < ALGORITHMS; i++) {
        const struct signature_algorithm *algorithm = algorithm_of(i);
        if (algorithm->family != FAMILY_ECDSA)
            continue;
        EVP_PKEY *key = keys[algorithms[i].kind]->forms[ENGINE_BORINGSSL];
        cr_assert(ECDSA_sign(0, signature, 0, signature, &len, EVP_PKEY_get0_EC_KEY(key)));
        for (int n = 1, failed = 1; failed; n++) {
            cr_assert_lt(n, FAILURES_MAX);
            to_go = n;
            int valid = is_valid(i, algorithm, bytes_of(signature, len));
            failed = to_go == 0;
            to_go = 0;
            cr_expect_not(valid, "algorithm %zu, allocation %d", i, n);
        }
    }
}

/* A right signature is not called wrong for want of memory: nobody is told so who is not to blame. */
Test(without_memory, a_verdict_that_memory_decided_says_so)
{
    uint8_t signature[SIGNATURE_MAX];
    for (size_t i = 0; i < ALGORITHMS; i++) {
        const struct signature_algorithm *algorithm = algorithm_of(i);
        struct signing made = {.algorithm = algorithm,
                               .key = keys[algorithms[i].kind],
                               .message = bytes_str("a message"),
                               .signature = signature};
        sign_batch(&(struct signing *){&made}, 1);
        cr_assert_neq(made.signature_len, 0);
        struct verification item = {.algorithm = algorithm,
                                    .key = publics[algorithms[i].kind],
                                    .message = bytes_str("a message"),
                                    .signature = bytes_of(signature, made.signature_len)};
        for (int n = 1, failed = 1; failed; n++) {
            cr_assert_lt(n, FAILURES_MAX);
            to_go = n;
            verify_batch(&(struct verification *){&item}, 1);
            failed = to_go == 0;
            to_go = 0;
            cr_expect(item.valid != item.undecided, "algorithm %zu, allocation %d", i, n);
        }
        signature[made.signature_len - 1] ^= 1;
        verify_batch(&(struct verification *){&item}, 1);
        cr_expect(!item.valid && !item.undecided, "algorithm %zu", i);
    }
}
