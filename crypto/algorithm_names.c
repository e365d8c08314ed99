/* Signatures first, then what MACs are made of: both tables in one row of numbers. */
#include "crypto/algorithm_names.h"

#include <stdio.h>

static size_t signature_count(void)
{
    size_t count = 0;

    while (signature_row(count) != NULL)
        count++;
    return count;
}

const char *algorithm_name(size_t number)
{
    const struct signature_algorithm *row = signature_row(number);
    const struct mac_term *term = row == NULL ? mac_term(number - signature_count()) : NULL;

    return row != NULL ? row->name : term != NULL ? term->name : NULL;
}

unsigned algorithm_strength(size_t number)
{
    const struct signature_algorithm *row = signature_row(number);

    return row != NULL ? signature_strength(row) : mac_term(number - signature_count())->strength;
}

size_t algorithm_numbered(const char *name, size_t len)
{
    const char *other;

    for (size_t i = 0; (other = algorithm_name(i)) != NULL; i++)
        if (strlen(other) == len && memcmp(other, name, len) == 0)
            return i;
    return ALGORITHM_NAMES_MAX;
}

uint64_t algorithms_for(enum algorithm_use use)
{
    uint64_t signatures = (UINT64_C(1) << signature_count()) - 1, all = 0;

    for (size_t i = 0; algorithm_name(i) != NULL; i++)
        all |= UINT64_C(1) << i;
    return use == ALGORITHM_SIGNS ? signatures : all & ~signatures;
}

uint64_t algorithms_by_choice(void)
{
    const struct mac_term *term;
    uint64_t bits = 0;

    for (size_t i = 0; (term = mac_term(i)) != NULL; i++)
        if (term->by_choice)
            bits |= UINT64_C(1) << (signature_count() + i);
    return bits;
}

uint64_t algorithms_of_signature(const struct signature_algorithm *algorithm)
{
    size_t number = signature_number(algorithm);

    return number < signature_count() ? UINT64_C(1) << number : 0;
}

uint64_t algorithms_of_mac(const struct mac_algorithm *algorithm)
{
    return (uint64_t)mac_terms(algorithm) << signature_count();
}

const char *algorithms_list(char out[ALGORITHM_LIST_MAX], uint64_t bits, const char *between, size_t most)
{
    const char *name;
    size_t used = 0, count = 0;

    for (size_t i = 0; (name = algorithm_name(i)) != NULL && count < most; i++) {
        if ((bits & UINT64_C(1) << i) == 0)
            continue;
        if (used + strlen(between) + strlen(name) + 1 > ALGORITHM_LIST_MAX)
            break;
        used +=
            (size_t)snprintf(out + used, ALGORITHM_LIST_MAX - used, "%s%s", count != 0 ? between : "", name);
        count++;
    }
    return count != 0 ? out : NULL;
}
