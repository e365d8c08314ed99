/* fuzz_path.c: what certificates of a path say of those below them. The input is fields, each behind its
 * length in two octets: of each certificate policies, policyMappings, policyConstraints, inhibitAnyPolicy,
 * nameConstraints, subject, subjectAltName, and a field whose length has the flags. Those that are missing at
 * the end are empty. */
#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/name_constraints.h"
#include "crypto/policies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CERTS_MAX = 8, SELF_ISSUED = 1, CRITICAL = 2 };

struct input {
    struct certificate certs[CERTS_MAX];
    int self_issued[CERTS_MAX];
    size_t count;
};

static void must_be(int so)
{
    if (!so)
        abort();
}

static struct bytes take(CBS *cbs)
{
    CBS field;
    uint16_t len;

    if (!CBS_get_u16(cbs, &len) || !CBS_get_bytes(cbs, &field, len < CBS_len(cbs) ? len : CBS_len(cbs)))
        return bytes_of(NULL, 0);
    return bytes_of_cbs(&field);
}

static void read_input(struct input *input, CBS cbs)
{
    for (; CBS_len(&cbs) != 0 && input->count < CERTS_MAX; input->count++) {
        struct certificate *cert = &input->certs[input->count];
        *cert = (struct certificate){.policies = take(&cbs),
                                     .policy_mappings = take(&cbs),
                                     .policy_constraints = take(&cbs),
                                     .inhibit_any_policy = take(&cbs),
                                     .name_constraints = take(&cbs),
                                     .subject = take(&cbs),
                                     .san = take(&cbs)};
        size_t flags = take(&cbs).len;
        input->self_issued[input->count] = (flags & SELF_ISSUED) != 0;
        cert->policies_critical = (flags & CRITICAL) != 0;
        if (cert->subject.len == 0)
            cert->subject = name_empty();
    }
}

/* As path_check goes along a path. 1 if it is good. */
static int is_valid(const struct input *input, const struct policy_settings *settings)
{
    struct policies policies;

    policies_begin(&policies, settings, input->count);
    for (size_t i = 0; i < input->count; i++) {
        const struct certificate *cert = &input->certs[i];
        int is_target = i == input->count - 1;
        if (policies_check(&policies, cert, input->self_issued[i] && !is_target) != NULL)
            return 0;
        must_be(policies.count <= BOUND_POLICIES);
        if ((is_target ? policies_end(&policies, cert)
                       : policies_prepare(&policies, cert, input->self_issued[i])) != NULL)
            return 0;
        must_be(policies.count <= BOUND_POLICIES);
    }
    return 1;
}

/* Who wants more gets no more; who is content with any policy gets what one gets who wants a certain one. */
static void judge_policies(const struct input *input)
{
    static const uint8_t wanted[] = {0x2a, 3, 4};
    const struct bytes initial = bytes_of(wanted, sizeof wanted);
    const struct policy_settings any = {.initial_count = 0}, explicit_policy = {.require_explicit = 1},
                                 user = {.initial = &initial, .initial_count = 1, .require_explicit = 1};

    must_be(!is_valid(input, &explicit_policy) || is_valid(input, &any));
    must_be(!is_valid(input, &user) || is_valid(input, &explicit_policy));
}

/* What one issuer forbids, no other permits; and whatever is refused is told. */
static void judge_names(const struct input *input)
{
    struct arena *arena = arena_new(4 * 1024 * 1024);
    struct name_constraints alone, all;
    int refused[CERTS_MAX] = {0};

    if (arena == NULL)
        return;
    for (size_t i = 0; i < input->count; i++) {
        name_constraints_begin(&alone, arena);
        if (name_constraints_add(&alone, &input->certs[i]) == NULL)
            for (size_t j = 0; j < input->count; j++)
                refused[j] |= name_constraints_fault(&alone, &input->certs[j]) != NULL;
    }
    name_constraints_begin(&all, arena);
    for (size_t i = 0; i < input->count; i++)
        name_constraints_add(&all, &input->certs[i]);
    for (size_t j = 0; j < input->count; j++)
        must_be(!refused[j] || name_constraints_fault(&all, &input->certs[j]) != NULL);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = {.count = 0};

    read_input(&input, cbs_of(bytes_of(data, size)));
    if (input.count == 0)
        return 0;
    judge_policies(&input);
    judge_names(&input);
    return 0;
}
