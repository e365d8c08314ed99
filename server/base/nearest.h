/* nearest.h: the word that somebody may have meant who wrote another. */
#ifndef CMPD_BASE_NEAREST_H
#define CMPD_BASE_NEAREST_H

#include <stddef.h>

/* struct nearest is a search for |word|, which the caller keeps. */
struct nearest {
    const char *word;
    const char *best; /* of the candidates, the most alike; NULL: none is */
    size_t edits;
};

/* nearest_to begins a search. */
struct nearest nearest_to(const char *word);

/* nearest_offer considers |candidate|. Returns 1 if it is alike, and more so than any before: then it is
 * |best|, and has to live as long. */
int nearest_offer(struct nearest *nearest, const char *candidate);

#endif
