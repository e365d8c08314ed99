/* announce_message.c: see announce_message.h. */
#include "server/upkeep/announce_message.h"

#include <stdio.h>

#include "crypto/random.h"
#include "server/base/bounds.h"

enum { NONCE = 16 }; /* octets, as RFC 9810 5.1.1 recommends for transactionID and nonces */

/* extraCerts as of answers (RFC 9483 3.3: the protecting certificate first), and second the former one
 * while it is valid, if it has the same key: who has pinned that finds it. One of another key verifies
 * nothing here. Returns how many. */
static size_t gather_extra_certs(struct bytes out[BOUND_CHAIN + 3], const struct cmp_authority *ca,
                                 int64_t now)
{
    size_t count = 0;

    out[count++] = ca->signed_extra_certs[0];
    if (ca->former_cmp_cert.der.len != 0 && ca->former_cmp_key == ca->cmp_key &&
        now <= ca->former_cmp_cert.not_after)
        out[count++] = ca->former_cmp_cert.der;
    for (size_t i = 1; i < ca->signed_extra_cert_count; i++)
        out[count++] = ca->signed_extra_certs[i];
    return count;
}

/* Who gets it is not known by name: RFC 9810 5.1.1 has the NULL-DN for that. */
int announce_message(struct bytes *out, struct arena *arena, const struct cmp_authority *ca,
                     enum pki_announcement kind, struct bytes content, int64_t now, const char **why)
{
    uint8_t transaction_id[NONCE], nonce[NONCE];
    struct bytes extra_certs[BOUND_CHAIN + 3];
    const struct pki_header header = {
        .pvno = pki_announcement_version(kind),
        .sender = ca->cmp_sender,
        .recipient = pki_null_dn(),
        .has_message_time = 1,
        .message_time = now,
        .protection_alg = ca->cmp_algorithm->encoded,
        .sender_kid = ca->cmp_cert.key_id,
        .transaction_id = bytes_of(transaction_id, sizeof transaction_id),
        .sender_nonce = bytes_of(nonce, sizeof nonce),
    };
    struct signing signing = {.algorithm = ca->cmp_algorithm,
                              .key = ca->cmp_key,
                              .signature = arena_alloc(arena, private_key_signature_max(ca->cmp_key))};
    struct signing *const items[] = {&signing};

    random_bytes(transaction_id, sizeof transaction_id);
    random_bytes(nonce, sizeof nonce);
    *why = "out of memory";
    if (signing.signature == NULL ||
        !pki_encode_protected_part(&signing.message, arena, &header, pki_announcement_body(kind), content))
        return 0;
    sign_batch(items, 1);
    if (signing.signature_len == 0) {
        *why = "the key of the CA's CMP certificate could not sign";
        return 0;
    }
    return pki_encode_message(out, arena, signing.message, bytes_of(signing.signature, signing.signature_len),
                              extra_certs, gather_extra_certs(extra_certs, ca, now));
}

/* RFC 9811 3.5: 201 alone says that it was stored. 202 says that it may be: it is pushed again until there is
 * a 201. 200 is what a server answers that takes an announcement for a request, and refuses it. */
static enum announce_outcome outcome_of(long status, char why[FETCH_WHY_MAX])
{
    if (status == 201)
        return ANNOUNCE_DELIVERED;
    snprintf(why, FETCH_WHY_MAX, "the server answered with HTTP status %ld%s", status,
             status == 200   ? ": it takes no announcements"
             : status == 202 ? ": it has not stored it yet"
             : status == 403 ? ": it takes none of this CA"
                             : "");
    return status == 400 || status == 413 ? ANNOUNCE_NEVER : ANNOUNCE_LATER;
}

enum announce_outcome announce_push(const char *url, struct bytes message, const atomic_int *ends,
                                    char why[FETCH_WHY_MAX])
{
    const struct fetch fetch = {.url = url,
                                .content_type = "application/pkixcmp",
                                .body = message,
                                .most = BOUND_ANNOUNCE_ANSWER,
                                .seconds = BOUND_ANNOUNCE_SECONDS,
                                .ends = ends};
    long status;

    if (message.len > BOUND_ANNOUNCEMENT) {
        snprintf(why, FETCH_WHY_MAX, "it has more than %d octets", BOUND_ANNOUNCEMENT);
        return ANNOUNCE_NEVER;
    }
    return fetch_push(&status, &fetch, why) ? outcome_of(status, why) : ANNOUNCE_LATER;
}
