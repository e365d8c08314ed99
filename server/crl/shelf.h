/* shelf.h: where the store keeps the newest CRLs of a CA, one of each scope, for all nodes: in pieces, and a
 * row for each that says which of them are it. */
#ifndef CMPD_CRL_SHELF_H
#define CMPD_CRL_SHELF_H

#include "storage/store.h"

enum shelf_outcome {
    SHELF_DONE = 1,
    SHELF_LOST, /* of shelf_put: somebody else has the lease. Of shelf_take: it has been replaced meanwhile */
    SHELF_UNAVAILABLE,
};

enum { SHELF_ARENA = 256 * 1024 }; /* room for all rows of an issuer */

/* shelf_look reads which CRLs are the newest of |issuer|, |*count| of them, into |arena|. Waits for the
 * store. */
enum shelf_outcome shelf_look(const struct store_crl **heads, size_t *count, struct arena *arena,
                              struct store *store, struct bytes issuer);

/* shelf_take reads the octets of |head|, and holds them against its hash. They are freed by free. Waits for
 * the store.
 */
enum shelf_outcome shelf_take(struct bytes *der, struct store *store, struct bytes issuer,
                              const struct store_crl *head);

/* struct shelf_crl is a CRL that is to be stored: |head| says of which scope. */
struct shelf_crl {
    struct store_crl head;
    const struct store_crl
        *former; /* the newest of its scope until now, whose octets are left alone; or NULL */
    struct bytes der;
};

enum { SHELF_PUT_MAX = 2 };

/* shelf_put stores |count| of |crls|, SHELF_PUT_MAX at most, as the newest ones of |issuer|. It sets slot,
 * size and hash of each head. Each piece is a commit of its own, and all heads together are one: either all
 * are the newest, or none is. All of it needs |lease|. Waits for the store. */
enum shelf_outcome shelf_put(struct shelf_crl *crls, size_t count, struct store *store, struct bytes issuer,
                             const struct store_lease *lease);

#endif
