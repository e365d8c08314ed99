/* token.h: a token with a key in it, for each test anew, and all of token*.c. Included once by a test, after
 * which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CRYPTO_TOKEN_H
#define CMPD_TESTS_UNIT_CRYPTO_TOKEN_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Includes what it tests, to wake the keeper of a token when it likes. */
#include <stdatomic.h>

/* Each subtraction in there passes by here first. */
static void (*_Atomic before_subtraction)(const void *counter);
#undef atomic_fetch_sub
#define atomic_fetch_sub(counter, n)                                                                         \
    (atomic_load(&before_subtraction) != NULL ? atomic_load(&before_subtraction)(counter) : (void)0,         \
     atomic_fetch_sub_explicit(counter, n, memory_order_seq_cst))
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "crypto/token.c"
#include "crypto/token_keeper.c"
#include "crypto/token_proof.c"
#include "crypto/token_queue.c"
#include "crypto/token_registry.c"
#include "crypto/token_session.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef atomic_fetch_sub

#include "tests/support/hex.h"
#include "tests/support/hsm.h"
#include "tests/support/must.h"
#include "tests/unit/crypto/signature_algorithms.h"

enum { PATIENCE_MS = 180000, SESSIONS = 8 };

static struct hsm hsm;
static struct arena *arena;
static char uri[HSM_URI_MAX], fault[TOKEN_FAULT_MAX];
static struct private_key *original, *key; /* the same one, P-256, in memory and in the token */
static atomic_uint done;

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    arena = arena_new(16 * 1024 * 1024);
    hsm_new(&hsm);
    original = private_key_generate(KEY_P256, 0);
    hsm_import(&hsm, original, "signer", "01");
    hsm_uri(uri, &hsm, "signer");
}

static inline void open_signer(void)
{
    key = token_open(fault, uri, private_key_spki(original), SESSIONS);
    cr_assert_not_null(key, "%s", fault);
}

static void tear_down(void)
{
    private_key_free(key);
    key = NULL;
    private_key_free(original);
    arena_free(arena);
    hsm_free(&hsm);
}

static inline void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static inline void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&done, 1);
}

static inline int wait_for_done(unsigned wanted)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&done) < wanted; i++)
        sleep_ms(1);
    return atomic_load(&done) == wanted;
}

static inline struct signing *make_signing_of(const struct private_key *signer)
{
    struct signing *item = arena_alloc(arena, sizeof *item);

    must(item != NULL);
    *item = (struct signing){.algorithm = signature_for_key(KEY_P256),
                             .key = signer,
                             .message = bytes_str("a message"),
                             .signature = arena_alloc(arena, private_key_signature_max(signer))};
    must(item->signature != NULL);
    return item;
}

static inline struct signing *make_signing(void)
{
    return make_signing_of(key);
}

/* What a signature is worth is told by the public key, which never was in the token. */
static inline int verifies(const struct signing *item, struct bytes spki)
{
    struct public_key *public = public_key_parse(spki);
    struct verification check = {.algorithm = item->algorithm,
                                 .key = public,
                                 .message = item->message,
                                 .signature = bytes_of(item->signature, item->signature_len)};
    struct verification *checks[] = {&check};

    verify_batch(checks, 1);
    public_key_free(public);
    return check.valid;
}

static inline int signs(void)
{
    struct signing *item = make_signing();

    return sign_elsewhere_and_wait(item) != 0 && verifies(item, private_key_spki(original));
}

/* With |signer|, the same key as |outside|. */
static inline int signs_with(const struct private_key *signer, const struct private_key *outside)
{
    struct signing *item = make_signing_of(signer);

    return sign_elsewhere_and_wait(item) != 0 && verifies(item, private_key_spki(outside));
}

static inline int comes_to_sign_with(const struct private_key *signer, const struct private_key *outside)
{
    int ok = 0;

    for (unsigned i = 0; i < PATIENCE_MS / 10 && !ok; i++) {
        ok = signs_with(signer, outside);
        sleep_ms(10);
    }
    return ok;
}

static inline int comes_to_be_lost(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && !remote_any_lost(); i++)
        sleep_ms(1);
    return remote_any_lost();
}

static inline int comes_back(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && remote_any_lost(); i++)
        sleep_ms(1);
    return !remote_any_lost();
}

/* Opens |text| for the key, which must fail and say |says|, but nothing of a PIN. */
static inline void refuse(const char *text, const char *says)
{
    struct private_key *opened = token_open(fault, text, private_key_spki(original), SESSIONS);

    cr_assert_null(opened, "%s", text);
    cr_assert_not_null(strstr(fault, says), "%s: %s", text, fault);
    cr_assert_null(strstr(fault, "sesame"), "%s", fault);
}

#endif
