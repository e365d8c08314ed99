/* nearest.c: see nearest.h. Likeness is counted in edits, as Levenshtein has them. */
#include "nearest.h"

#include <string.h>

enum {
    EDITS_MAX = 3, /* up to which a word is taken for what was meant */
    WORD_MAX = 32, /* octets of a word that are compared */
};

/* Edits (insert, delete, replace) that turn |a| into |b|. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_len = strnlen(a, WORD_MAX), b_len = strnlen(b, WORD_MAX);

    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

struct nearest nearest_to(const char *word)
{
    return (struct nearest){.word = word, .edits = EDITS_MAX + 1};
}

int nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t edits = distance(nearest->word, candidate);

    /* Two edits of a word of three make any other word: that is no likeness. */
    if (edits >= nearest->edits || edits * 2 > strlen(candidate))
        return 0;
    nearest->best = candidate;
    nearest->edits = edits;
    return 1;
}
