/* der_tree.h: octets taken apart into a tree of elements, changed, and written down again: for tests that
 * damage messages. */
#ifndef CMPD_TESTS_SUPPORT_DER_TREE_H
#define CMPD_TESTS_SUPPORT_DER_TREE_H

#include "crypto/der.h"

/* How the length of an element is written: as DER wants it, or as BER would allow it, too (X.690 8.1.3). */
enum der_form { DER_MINIMAL, DER_LONG, DER_INDEFINITE };

struct der_node {
    CBS_ASN1_TAG tag; /* 0: |content| is not the content of an element, but octets as they are */
    enum der_form form;
    struct bytes content; /* unless there are children */
    struct der_node *children, *next;
};

/* der_tree_parse takes |der| apart: constructed elements into their children, as deep as they can be read;
 * the rest stays octets. Views point into |der|. */
struct der_node *der_tree_parse(struct arena *arena, struct bytes der);

/* der_tree_raw makes a node of octets that need not be an element. */
struct der_node *der_tree_raw(struct arena *arena, struct bytes octets);

/* der_tree_write writes |node| with all that is below it. */
struct bytes der_tree_write(struct arena *arena, const struct der_node *node);

/* der_tree_copy copies |node| and what is below it, without what is next to it. */
struct der_node *der_tree_copy(struct arena *arena, const struct der_node *node);

/* der_tree_find goes down from |*link| by |path|, steps divided by slashes: a number is the child at that
 * place, [n] the last child whose tag is context-specific and n. Returns the link that holds the node,
 * through which it can be replaced or taken out, or NULL if there is none. The empty path stays where it is.
 */
struct der_node **der_tree_find(struct der_node **link, const char *path);

#endif
