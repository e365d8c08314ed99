/* tables.c: the tables, column by column (tables.h). A new column is a field and a line here, and a step in
 * the schema of each backend; a new table is a structure, a list and a row here, and its SQL in both. */
#include "tables.h"

#include <string.h>

#define COLUMN(type, row, field)                                                                             \
    {                                                                                                        \
#field, type, offsetof(struct row, field), sizeof(((struct row *)NULL)->field)                       \
    }

#define OCTETS(row, field) COLUMN(STORE_OCTETS, row, field)
#define WORDS(row, field) COLUMN(STORE_WORDS, row, field)
#define FIXED(row, field) COLUMN(STORE_FIXED, row, field)
#define PLACES(row, field) COLUMN(STORE_PLACES, row, field)
#define NUMBER(row, field) COLUMN(STORE_NUMBER, row, field)
#define SMALL(row, field) COLUMN(STORE_SMALL, row, field)
#define TRUTH(row, field) COLUMN(STORE_TRUTH, row, field)

static const struct store_column transactions[] = {
    OCTETS(store_tx, transaction_id),
    WORDS(store_tx, profile),
    SMALL(store_tx, state),
    SMALL(store_tx, body),
    TRUTH(store_tx, implicit_confirm),
    SMALL(store_tx, granted),
    OCTETS(store_tx, credential),
    TRUTH(store_tx, credential_is_mac),
    OCTETS(store_tx, credential_key),
    OCTETS(store_tx, credential_name),
    OCTETS(store_tx, credential_kid),
    OCTETS(store_tx, signer_serial),
    OCTETS(store_tx, sender_nonce),
    OCTETS(store_tx, serial),
    OCTETS(store_tx, replaces),
    NUMBER(store_tx, cert_req_id),
    NUMBER(store_tx, created_at),
    NUMBER(store_tx, deadline),
    NUMBER(store_tx, free_at),
    OCTETS(store_tx, request_hash),
    OCTETS(store_tx, request_nonce),
    OCTETS(store_tx, last_hash),
    OCTETS(store_tx, answer),
};

static const struct store_column certificates[] = {
    OCTETS(store_cert, serial),     SMALL(store_cert, status),          SMALL(store_cert, reason),
    NUMBER(store_cert, issued_at),  NUMBER(store_cert, not_before),     NUMBER(store_cert, not_after),
    NUMBER(store_cert, revoked_at), OCTETS(store_cert, subject),        WORDS(store_cert, subject_text),
    OCTETS(store_cert, spki_hash),  OCTETS(store_cert, transaction_id), WORDS(store_cert, profile),
    SMALL(store_cert, shard),       OCTETS(store_cert, device),         WORDS(store_cert, vendor),
    OCTETS(store_cert, path),       PLACES(store_cert, changes),        OCTETS(store_cert, key_id),
    OCTETS(store_cert, successor),  OCTETS(store_cert, certificate),
};

static const struct store_column revocations[] = {
    OCTETS(store_revocation, serial),    NUMBER(store_revocation, position),
    SMALL(store_revocation, status),     SMALL(store_revocation, reason),
    NUMBER(store_revocation, at),        NUMBER(store_revocation, invalidity_at),
    NUMBER(store_revocation, not_after), SMALL(store_revocation, shard),
};

static const struct store_column crls[] = {
    OCTETS(store_crl, scope),       NUMBER(store_crl, number),        NUMBER(store_crl, this_update),
    NUMBER(store_crl, next_update), NUMBER(store_crl, position),      NUMBER(store_crl, size),
    NUMBER(store_crl, base_number), NUMBER(store_crl, base_position), NUMBER(store_crl, base_at),
    SMALL(store_crl, slot),         FIXED(store_crl, hash),
};

static const struct store_column crl_pieces[] = {
    OCTETS(store_crl_piece, key),
    OCTETS(store_crl_piece, octets),
};

static const struct store_column crl_urls[] = {
    WORDS(store_crl_url, url),
    SMALL(store_crl_url, shards),
};

static const struct store_column secrets[] = {
    OCTETS(store_secret, reference),   WORDS(store_secret, profile),  OCTETS(store_secret, sealed),
    OCTETS(store_secret, seal_key_id), TRUTH(store_secret, reusable), NUMBER(store_secret, expires),
    OCTETS(store_secret, bound_to),
};

static const struct store_column blocked_keys[] = {
    OCTETS(store_blocked_key, spki_hash), NUMBER(store_blocked_key, at), SMALL(store_blocked_key, reason),
    OCTETS(store_blocked_key, serial),    WORDS(store_blocked_key, who), WORDS(store_blocked_key, comment),
};

static const struct store_column devices[] = {
    OCTETS(store_device, device),   SMALL(store_device, state),       WORDS(store_device, vendor),
    WORDS(store_device, identity),  WORDS(store_device, site),        WORDS(store_device, fqdn),
    WORDS(store_device, profiles),  OCTETS(store_device, expected),   WORDS(store_device, notes),
    NUMBER(store_device, added_at), NUMBER(store_device, changed_at),
};

static const struct store_column claims[] = {
    OCTETS(store_claim, claim),     OCTETS(store_claim, serial), OCTETS(store_claim, former),
    TRUTH(store_claim, allowed),    NUMBER(store_claim, at),     NUMBER(store_claim, day),
    NUMBER(store_claim, day_count), NUMBER(store_claim, most),
};

static const struct store_column requests[] = {
    OCTETS(store_request, request), OCTETS(store_request, transaction_id), WORDS(store_request, profile),
    SMALL(store_request, body),     SMALL(store_request, rules),           SMALL(store_request, shard),
    NUMBER(store_request, at),      NUMBER(store_request, expires),        WORDS(store_request, who),
    WORDS(store_request, device),   WORDS(store_request, subject),         OCTETS(store_request, message),
    OCTETS(store_request, tbs),
};

static const struct store_column approvals[] = {
    OCTETS(store_approval, approval), TRUTH(store_approval, approved),   NUMBER(store_approval, at),
    WORDS(store_approval, reason),    OCTETS(store_approval, signature),
};

static const struct store_column announcements[] = {
    OCTETS(store_announcement, announcement), WORDS(store_announcement, upstream),
    SMALL(store_announcement, body),          NUMBER(store_announcement, announced_at),
    NUMBER(store_announcement, received_at),  WORDS(store_announcement, about),
    OCTETS(store_announcement, message),
};

static const struct store_column deliveries[] = {
    OCTETS(store_delivery, delivery),  SMALL(store_delivery, body),      WORDS(store_delivery, url),
    NUMBER(store_delivery, since),     NUMBER(store_delivery, position), OCTETS(store_delivery, done),
    NUMBER(store_delivery, delivered), NUMBER(store_delivery, lost),     NUMBER(store_delivery, delivered_at),
};

static const struct store_column renewals[] = {
    OCTETS(store_renewal, renewal),    NUMBER(store_renewal, at),          NUMBER(store_renewal, since),
    OCTETS(store_renewal, former),     OCTETS(store_renewal, certificate), OCTETS(store_renewal, key),
    OCTETS(store_renewal, former_key),
};

static const struct store_column nodes[] = {
    WORDS(store_node, name),     WORDS(store_node, version),  WORDS(store_node, config),
    OCTETS(store_node, guesses), NUMBER(store_node, seen_at),
};

static const struct store_column seals[] = {
    FIXED(store_seal, instance), NUMBER(store_seal, number), NUMBER(store_seal, at),
    WORDS(store_seal, node),     WORDS(store_seal, text),    OCTETS(store_seal, signature),
};

static const struct store_column entries[] = {
    FIXED(store_entry, chain), NUMBER(store_entry, seq),     NUMBER(store_entry, at),
    WORDS(store_entry, node),  FIXED(store_entry, previous), WORDS(store_entry, records),
    FIXED(store_entry, hash),
};

#define COLUMNS(list, row)                                                                                   \
    .columns = (list), .count = sizeof(list) / sizeof((list)[0]), .row_size = sizeof(struct row)

enum {
    INSERTED = 1 << STORE_INSERT,
    UPDATED = 1 << STORE_UPDATE,
    PUT = 1 << STORE_PUT,
    ONCE = 1 << STORE_ONCE,
    SWAPPED = 1 << STORE_SWAP,
    NEWER = 1 << STORE_NEWER,
    COUNTED = 1 << STORE_COUNT,
    REMOVED = 1 << STORE_REMOVE
};

const struct store_table store_tables[STORE_KINDS] = {
    [STORE_TRANSACTIONS] = {.name = "transactions",
                            COLUMNS(transactions, store_tx),
                            .keys = 1,
                            .of_issuer = 1,
                            .has_ids = 1,
                            .hows = INSERTED | UPDATED},
    [STORE_CERTIFICATES] = {.name = "certificates",
                            COLUMNS(certificates, store_cert),
                            .keys = 1,
                            .of_issuer = 1,
                            .has_ids = 1,
                            .hows = INSERTED},
    [STORE_SECRETS] = {.name = "secrets",
                       COLUMNS(secrets, store_secret),
                       .keys = 1,
                       .of_issuer = 1,
                       .hows = INSERTED | PUT},
    [STORE_BLOCKED_KEYS] = {.name = "blocked_keys",
                            COLUMNS(blocked_keys, store_blocked_key),
                            .keys = 1,
                            .has_ids = 1,
                            .hows = ONCE},
    [STORE_DEVICES] = {.name = "devices",
                       COLUMNS(devices, store_device),
                       .keys = 1,
                       .of_issuer = 1,
                       .in_groups = 1,
                       .has_ids = 1,
                       .hows = PUT | ONCE | REMOVED},
    [STORE_CLAIMS] = {.name = "claims",
                      COLUMNS(claims, store_claim),
                      .keys = 1,
                      .of_issuer = 1,
                      .hows = SWAPPED | COUNTED | REMOVED},
    [STORE_REQUESTS] = {.name = "requests",
                        COLUMNS(requests, store_request),
                        .keys = 1,
                        .of_issuer = 1,
                        .hows = INSERTED | REMOVED},
    [STORE_APPROVALS] = {.name = "approvals",
                         COLUMNS(approvals, store_approval),
                         .keys = 1,
                         .of_issuer = 1,
                         .hows = ONCE | REMOVED},
    [STORE_ANNOUNCEMENTS] = {.name = "announcements",
                             COLUMNS(announcements, store_announcement),
                             .keys = 1,
                             .of_issuer = 1,
                             .hows = NEWER},
    [STORE_REVOCATIONS] = {.name = "revocations",
                           COLUMNS(revocations, store_revocation),
                           .keys = 1,
                           .of_issuer = 1},
    [STORE_CRL_PIECES] =
        {.name = "crl_pieces", COLUMNS(crl_pieces, store_crl_piece), .keys = 1, .of_issuer = 1, .hows = PUT},
    [STORE_CRLS] = {.name = "crls", COLUMNS(crls, store_crl), .keys = 1, .of_issuer = 1, .hows = PUT},
    [STORE_CRL_URLS] =
        {.name = "crl_urls", COLUMNS(crl_urls, store_crl_url), .keys = 2, .of_issuer = 1, .hows = ONCE},
    [STORE_DELIVERIES] =
        {.name = "deliveries", COLUMNS(deliveries, store_delivery), .keys = 1, .of_issuer = 1, .hows = PUT},
    [STORE_RENEWALS] =
        {.name = "renewals", COLUMNS(renewals, store_renewal), .keys = 1, .of_issuer = 1, .hows = PUT},
    [STORE_NODES] = {.name = "nodes", COLUMNS(nodes, store_node), .keys = 1, .hows = PUT},
    [STORE_SEALS] =
        {.name = "audit_seals", COLUMNS(seals, store_seal), .keys = 2, .has_ids = 1, .hows = ONCE},
    [STORE_ENTRIES] =
        {.name = "audit", COLUMNS(entries, store_entry), .keys = 3, .has_ids = 1, .hows = INSERTED},
};

const struct store_index_of store_indexes[STORE_INDEXES] = {
    [STORE_OVERDUE] = {.kind = STORE_TRANSACTIONS,
                       .name = "transactions_deadline",
                       .only = "state IN (1, 5) AND deadline > 0",
                       .order = "deadline",
                       .below = "deadline",
                       .limit = 1},
    [STORE_SEEN] = {.kind = STORE_NODES, .order = "name", .from = "seen_at", .limit = STORE_NODES_MAX},
    [STORE_OLD_CERTIFICATES] = {.kind = STORE_CERTIFICATES,
                                .order = "serial",
                                .below = "serial",
                                .is_paged = 1,
                                .limit = STORE_OLD_MAX},
    [STORE_OLD_TRANSACTIONS] = {.kind = STORE_TRANSACTIONS,
                                .order = "transaction_id",
                                .is_paged = 1,
                                .limit = STORE_OLD_MAX},
    [STORE_REVOKED_SINCE] = {.kind = STORE_REVOCATIONS,
                             .order = "position",
                             .from = "position",
                             .limit = STORE_REVOKED_MAX},
    [STORE_ALL_CRLS] = {.kind = STORE_CRLS, .order = "scope", .limit = STORE_CRLS_MAX},
    [STORE_ALL_CRL_URLS] = {.kind = STORE_CRL_URLS, .order = "url", .limit = STORE_CRL_URLS_MAX + 1},
    [STORE_OF_KEY] = {.kind = STORE_CERTIFICATES,
                      .equal = "spki_hash",
                      .order = "serial",
                      .is_paged = 1,
                      .limit = STORE_OLD_MAX},
    [STORE_ENDING] = {.kind = STORE_CERTIFICATES,
                      .name = "certificates_ending",
                      .only = "length(successor) = 0",
                      .first = "not_after",
                      .order = "serial",
                      .is_paged = 1,
                      .limit = STORE_OLD_MAX},
    [STORE_STATES] = {.kind = STORE_CERTIFICATES,
                      .order = "serial",
                      .is_paged = 1,
                      .limit = STORE_OLD_MAX,
                      .columns = {"serial", "status", "not_after", "profile"}},
    [STORE_OF_KEY_ID] = {.kind = STORE_CERTIFICATES,
                         .name = "certificates_key_id",
                         .only = "length(key_id) > 0",
                         .equal = "key_id",
                         .order = "serial",
                         .is_last_first = 1,
                         .limit = STORE_OF_KEY_ID_MAX},
    [STORE_NEXT_CLAIMS] = {.kind = STORE_CLAIMS, .order = "claim", .is_paged = 1, .limit = STORE_OLD_MAX},
    [STORE_ALL_REQUESTS] = {.kind = STORE_REQUESTS,
                            .order = "request",
                            .is_paged = 1,
                            .limit = STORE_REQUESTS_MAX},
    [STORE_ALL_ANNOUNCEMENTS] = {.kind = STORE_ANNOUNCEMENTS,
                                 .order = "announcement",
                                 .is_paged = 1,
                                 .limit = STORE_ANNOUNCEMENTS_MAX},
    [STORE_ALL_DELIVERIES] = {.kind = STORE_DELIVERIES,
                              .order = "delivery",
                              .is_paged = 1,
                              .limit = STORE_OLD_MAX},
    [STORE_ENTRY] = {.kind = STORE_ENTRIES,
                     .name = "audit_place",
                     .equal = "chain",
                     .order = "seq",
                     .from = "seq",
                     .limit = 1},
    [STORE_ALL_SECRETS] = {.kind = STORE_SECRETS,
                           .order = "reference",
                           .is_paged = 1,
                           .limit = STORE_OLD_MAX},
};

int store_index_reads(const struct store_index_of *index, const struct store_column *column)
{
    for (size_t i = 0; i < STORE_STATE_COLUMNS && index->columns[i] != NULL; i++)
        if (strcmp(index->columns[i], column->name) == 0)
            return 1;
    return index->columns[0] == NULL;
}
