/* path_check where one allocation fails, each in turn: what is permitted is never refused for that. */
#include <criterion/criterion.h>
#include <stdlib.h>

/* The allocation that fails; 0: none does. */
static int to_go;

static void *allocate(size_t size)
{
    return to_go > 0 && --to_go == 0 ? NULL : malloc(size);
}

#define malloc allocate
/* NOLINTNEXTLINE(bugprone-suspicious-include): BoringSSL allocates by it */
#include "crypto/secret_memory.c"
#undef malloc

#include "crypto/path.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

enum { FAILURES_MAX = 1000 };

Test(path_without_memory, names_that_could_not_be_prepared_are_no_verdict)
{
    static const struct policy_settings defaults;
    struct arena *arena = arena_new(16 * 1024 * 1024);
    struct private_key *key = private_key_generate(KEY_P256, 0);
    /* directoryName CN=device, in another string type */
    struct certificate_extension constraints = {
        hex(arena, "55 1d 1e"), 1,
        hex(arena, "30 19 a0 17 30 15 a4 13 30 11 31 0f 30 0d 06 03 55 04 03 13 06 64 65 76 69 63 65")};
    struct certificate_plan root = {.subject = name_of(arena, "Root"),
                                    .issuer = name_of(arena, "Root"),
                                    .spki = private_key_spki(key),
                                    .is_ca = 1,
                                    .path_len = -1,
                                    .others = &constraints,
                                    .other_count = 1};
    struct certificate_plan device = {
        .subject = name_of(arena, "device"), .issuer = root.subject, .spki = root.spki, .path_len = -1};
    struct trust trust = {.count = 0};
    struct certificate target;
    struct path path;
    enum path_fault fault = PATH_MEMORY;
    int n = 0;

    must(trust_add(&trust, sign_plan(arena, root, key), 1));
    must(certificate_parse(&target, sign_plan(arena, device, key)));
    cr_assert_eq(path_build(&path, &trust, &target, NULL, 0, CERTS_NOW, 0), PATH_OK);
    while (fault == PATH_MEMORY) {
        cr_assert_lt(++n, FAILURES_MAX);
        to_go = n;
        fault = path_check(&path, &trust, &defaults, arena);
    }
    cr_assert_neq(to_go, 0, "none failed");
    cr_assert_eq(fault, PATH_OK);
    cr_assert_gt(n, 3);
    path_cleanup(&path);
    trust_cleanup(&trust);
    private_key_free(key);
    arena_free(arena);
}
