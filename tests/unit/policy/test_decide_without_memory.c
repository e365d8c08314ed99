/* decide.c where one allocation fails, each in turn: what is granted is never refused for that. */
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

#include "tests/unit/policy/decision.h"

TestSuite(decide_without_memory, .init = set_up, .fini = tear_down);

enum { FAILURES_MAX = 1000 };

/* Only prepared can it be told from the name of the CA, O=Demo Operator,CN=Issuing CA. */
Test(decide_without_memory, what_finds_no_memory_is_undecided)
{
    int n = 0;

    cr_assert(name_build(&request.tmpl.subject, arena,
                         (const char *const[]){"O", "Demo Operator", "CN", "B\xc3\xbcro", NULL}));
    do {
        cr_assert_lt(++n, FAILURES_MAX);
        to_go = n;
        decide();
        cr_expect(decision.granted || decision.undecided, "allocation %d: %s", n, decision.text);
    } while (to_go == 0);
    cr_assert(decision.granted && !decision.undecided);
    cr_assert_gt(n, 5);
    to_go = 0;
    /* A refusal with memory is one. */
    request.tmpl.subject = profile()->ca->cert.subject;
    refused(PKI_BAD_CERT_TEMPLATE);
    cr_assert_not(decision.undecided);
}
