/* shelf.h: where the store keeps the newest CRL of a CA, for all nodes: in pieces, and a row that says which
 * of them are it. */
#ifndef CMPD_CRL_SHELF_H
#define CMPD_CRL_SHELF_H

#include "storage/store.h"

#define SHELF_FULL "full" /* the scope of a CRL about all certificates of its issuer */

enum shelf_outcome {
    SHELF_DONE = 1,
    SHELF_NONE, /* of shelf_look: there is none yet */
    SHELF_LOST, /* of shelf_put: somebody else has the lease. Of shelf_take: it has been replaced meanwhile */
    SHELF_UNAVAILABLE,
};

/* shelf_look reads which CRL is the newest of |issuer| into |head|; its scope is SHELF_FULL. Waits for the
 * store. */
enum shelf_outcome shelf_look(struct store_crl *head, struct store *store, struct bytes issuer);

/* shelf_take reads the octets of |head|, and holds them against its hash. They are freed by free. Waits for
 * the store.
 */
enum shelf_outcome shelf_take(struct bytes *der, struct store *store, struct bytes issuer,
                              const struct store_crl *head);

/* shelf_put stores |der| as the newest CRL of |issuer|, as |head| says, whose slot, size and hash it sets:
 * each piece and then the row by a commit of its own, all of which need |lease|. |former| is what shelf_look
 * has found, or NULL: its pieces are left alone. |who| made it, for the audit log. Waits for the store. */
enum shelf_outcome shelf_put(struct store_crl *head, struct store *store, struct bytes issuer,
                             const struct store_crl *former, struct bytes der,
                             const struct store_lease *lease);

#endif
