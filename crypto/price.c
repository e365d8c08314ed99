/* Prices by the table of algorithms, for the engines that were settled at start. */
#include "crypto/price.h"

#include "crypto/engine.h"

unsigned key_verify_us(enum key_kind kind)
{
    const struct engine_route *route = engine_route_of(kind);

    return engine_price(kind, route->wide)->verify_us / (unsigned)engine_lanes(route->wide);
}

unsigned signature_verify_us(const struct signature_algorithm *algorithm)
{
    unsigned usual = 0, any = 0; /* no curve goes with SHA-1 and SHA-224 */

    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        unsigned us = signature_fits(algorithm, (enum key_kind)kind) ? key_verify_us((enum key_kind)kind) : 0;
        if (us > any)
            any = us;
        if (us > usual && (algorithm->family != FAMILY_ECDSA ||
                           key_algorithm((enum key_kind)kind)->digest == algorithm->digest))
            usual = us;
    }
    return usual != 0 ? usual : any;
}
