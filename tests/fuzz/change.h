/* change.h: a script decides what is changed in the tree of a message: elements are left out, repeated, put
 * elsewhere, or are others that mean something somewhere. */
#ifndef CMPD_TESTS_FUZZ_CHANGE_H
#define CMPD_TESTS_FUZZ_CHANGE_H

#include <stdint.h>

#include "tests/support/der_tree.h"

/* struct script is the input of a fuzz target, read an octet at a time. */
struct script {
    const uint8_t *at, *end;
};

/* script_next returns the next octet; 0 after the last. */
static inline unsigned script_next(struct script *script)
{
    return script->at < script->end ? *script->at++ : 0;
}

/* change_start reads the elements that change_message puts in; they live in |arena|, and so does what
 * change_word returns: the |number|th of them, counted around. To be called once, before the others. */
void change_start(struct arena *arena);
const struct der_node *change_word(unsigned number);

/* change_message makes one change to |message|; what is new lives in |arena|. The message is never NULL after
 * it, but may be empty. */
void change_message(struct arena *arena, struct script *script, struct der_node **message);

#endif
