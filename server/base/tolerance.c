/* tolerance.c: the table of tolerances, and how the file writes them. */
#include "tolerance.h"

#include <stdio.h>
#include <string.h>

#include "dated.h"

/* In the order of deploy/manual/clients.md. */
static const struct {
    const char *name, *says;
} table[TOLERANCE_COUNT] = {
    [TOLERANCE_SHA1_OWF] = {"sha1-owf", "SHA-1 may stretch a shared secret"},
    [TOLERANCE_ECDSA_NULL_PARAMETERS] =
        {"ecdsa-null-parameters", "NULL as parameters of ECDSA and Ed25519, for protection and proof of "
                                  "possession"},
    [TOLERANCE_NO_SENDER_KID] = {"no-sender-kid",
                                 "a MAC without senderKID: the CN of sender is the reference"},
    [TOLERANCE_NONCE_LENGTH] = {"nonce-length", "a senderNonce of 64 bits or more, instead of 128"},
    [TOLERANCE_NO_RECIP_NONCE] = {"no-recip-nonce", "a certConf without recipNonce"},
    [TOLERANCE_CLOCK_OFF] = {"clock-off", "any messageTime"},
    [TOLERANCE_CONFIRM_AFTER_IMPLICIT] = {"confirm-after-implicit",
                                          "a certConf after implicitConfirm was granted gets pkiConf"},
    [TOLERANCE_NAME_ORDER] = {"name-order",
                              "a sender with the RDNs of the signer's subject in another order, "
                              "beside its senderKID"},
    [TOLERANCE_SHA1_SIGNATURES] = {"sha1-signatures",
                                   "sha1WithRSAEncryption and ecdsa-with-SHA1, for protection and proof of "
                                   "possession"},
    [TOLERANCE_POLL_WITHOUT_ANSWER] = {"poll-without-answer",
                                       "a pollReq for an answer that did not arrive gets that answer"},
    [TOLERANCE_SHA1_MAC] = {"sha1-mac", "HMAC-SHA1 as the MAC of a shared secret"},
    [TOLERANCE_POLL_NONCE] = {"poll-nonce", "pollReqs that do not repeat the nonce of the last answer"},
};

const char *tolerance_name(enum tolerance tolerance)
{
    return table[tolerance].name;
}

const char *tolerance_says(enum tolerance tolerance)
{
    return table[tolerance].says;
}

int tolerance_holds(const struct tolerances *set, enum tolerance tolerance, int64_t now)
{
    return now < set->until[tolerance];
}

const char *tolerance_read(struct tolerances *set, enum tolerance *tolerance, const char *entry)
{
    int64_t at;
    size_t len;
    const char *why = dated_read(&len, &at, entry);

    for (unsigned i = 0; i < TOLERANCE_COUNT; i++) {
        if (strlen(table[i].name) != len || memcmp(table[i].name, entry, len) != 0)
            continue;
        if (why != NULL)
            return why;
        if (set->until[i] != 0)
            return "it stands there twice; keep one";
        set->until[i] = at;
        *tolerance = (enum tolerance)i;
        return NULL;
    }
    return "there is no such tolerance";
}

const char *tolerance_names(char out[TOLERANCE_NAMES_MAX], unsigned bits)
{
    size_t used = 0;

    for (unsigned i = 0; i < TOLERANCE_COUNT; i++)
        if ((bits & 1U << i) != 0 && used < TOLERANCE_NAMES_MAX)
            used += (size_t)snprintf(out + used, TOLERANCE_NAMES_MAX - used, "%s%s", used != 0 ? "," : "",
                                     table[i].name);
    return used != 0 ? out : NULL;
}
