#include "tests/support/world.h"
#include "server/pki/nested.h"
#include "server/pki/revocation.h"
#include "tests/support/rows.h"

#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/name_rules.h"
#include "crypto/random.h"
#include "server/cmp/internal.h"
#include "server/ctl/decode.h"
#include "storage/row.h"
#include "tests/support/mirror.h"
#include "tests/support/must.h"

static const uint8_t null_dn[] = {0xa4, 0x02, 0x30, 0x00}; /* GeneralName directoryName */

enum { WORLD_ARENA = 64 * 1024 * 1024, NOW = 1800000000 };

static void make(struct world *world, struct ctl_identity *out, enum ctl_role role, const char *name,
                 enum key_kind kind, int64_t path_len, const struct ctl_identity *issuer)
{
    const char *const pairs[] = {"O", "Test", "CN", name, NULL};
    const struct ctl_cert_spec spec = {role, pairs, kind, 2048, path_len, 3650};

    must(ctl_make(out, world->arena, &spec, issuer, world->now));
}

static void fill_authority(struct world *world)
{
    struct cmp_authority *ca = &world->ca;
    uint8_t digest[DIGEST_MAX];

    ca->name = "issuing";
    digest_compute(digest, DIGEST_SHA256, world->issuing.cert.spki);
    memcpy(ca->id, digest, STORE_ISSUER_ID);
    ca->cert = world->issuing.cert;
    ca->key = world->issuing.key;
    ca->algorithm = signature_for_key(private_key_kind(ca->key));
    ca->cmp_cert = world->cmp_signer.cert;
    ca->cmp_key = world->cmp_signer.key;
    ca->cmp_algorithm = signature_for_key(private_key_kind(ca->cmp_key));
    must(pki_directory_name(&ca->cmp_sender, world->arena, ca->cmp_cert.subject));
    must(pki_directory_name(&ca->sender, world->arena, ca->cert.subject));
    ca->signed_extra_certs[0] = world->cmp_signer.cert_der;
    ca->signed_extra_certs[1] = world->issuing.cert_der;
    ca->signed_extra_cert_count = 2;
    ca->mac_extra_certs[0] = world->issuing.cert_der;
    ca->mac_extra_cert_count = 1;
    ca->root = world->root.cert_der;
}

static void add_secret(struct world *world)
{
    uint8_t key[SEAL_KEY] = {1, 2, 3};
    struct world_secret *secret = &world->secrets[world->secret_count++];

    world->settings.seal_key = seal_key_new(key);
    world->reference = bytes_str("station-1");
    world->secret = bytes_str("correct horse battery staple");
    memcpy(secret->issuer, world->ca.id, STORE_ISSUER_ID);
    secret->row = (struct store_secret){
        .reference = world->reference, .seal_key_id = seal_key_id(world->settings.seal_key), .reusable = 1};
    must(cmp_seal_secret(&secret->row.sealed, world->arena, world->settings.seal_key,
                         bytes_of(world->ca.id, STORE_ISSUER_ID), world->reference, world->secret));
}

struct world *world_new(enum key_kind kind)
{
    struct world *world = calloc(1, sizeof *world);

    enum { ANY = CONFIG_BY_SECRET | CONFIG_BY_VENDOR | CONFIG_BY_OWN | CONFIG_BY_RA | CONFIG_BY_AGENT };

    must(world != NULL);
    world->arena = arena_new(WORLD_ARENA);
    world->rows = arena_new(WORLD_ARENA);
    world->now = NOW;
    make(world, &world->root, CTL_ROOT, "Root CA", kind, 1, NULL);
    make(world, &world->issuing, CTL_CA, "Issuing CA", kind, 0, &world->root);
    make(world, &world->cmp_signer, CTL_CMP_SIGNER, "CMP server", kind, -1, &world->issuing);
    make(world, &world->vendor_root, CTL_ROOT, "Vendor Root", kind, 1, NULL);
    make(world, &world->vendor_ca, CTL_CA, "Vendor CA", kind, 0, &world->vendor_root);
    make(world, &world->device, CTL_DEVICE, "device-1", kind, -1, &world->vendor_ca);
    make(world, &world->stranger_root, CTL_ROOT, "Stranger Root", kind, 1, NULL);
    make(world, &world->stranger, CTL_DEVICE, "device-1", kind, -1, &world->stranger_root);
    fill_authority(world);
    must(trust_add(&world->trust, world->vendor_root.cert_der, 1));
    must(trust_add(&world->trust, world->issuing.cert_der, 1));
    world->config = (struct config_profile){
        .name = "test",
        .accept = {.own_certificates = 1,
                   .message_time_seconds = 300,
                   .ir_by = ANY,
                   .cr_by = ANY,
                   .p10cr_by = ANY,
                   .nested = 16,
                   .min_strength = 112},
        .mac = {.allowed = 1,
                .iterations_min = 100,
                .iterations_max = 10000,
                .salt_min = 8,
                .salt_max = 128,
                .key_min = 16,
                .key_max = 64},
        .confirm = {.implicit = 1, .wait_seconds = 300},
        .answer = {.ca_pubs = CONFIG_CA_PUBS_MAC},
    };
    world->config.update.early_percent = 100;
    world->other_config = world->config;
    world->other_config.name = "other";
    world->profile = (struct cmp_profile){
        .config = &world->config,
        .ca = &world->ca,
        .trust = &world->trust,
        .algorithms.accepted =
            (algorithms_for(ALGORITHM_SIGNS) | algorithms_for(ALGORITHM_MACS)) & ~algorithms_by_choice(),
    };
    world->other_profile = world->profile;
    world->other_profile.config = &world->other_config;
    world->profiles[0] = &world->profile;
    world->profiles[1] = &world->other_profile;
    world->settings.profiles = world->profiles;
    world->settings.profile_count = 2;
    world->settings.default_profile = &world->profile;
    add_secret(world);
    world->mirror = mirror_new();
    return world;
}

void world_free(struct world *world)
{
    struct ctl_identity *identities[] = {&world->root,          &world->issuing,   &world->cmp_signer,
                                         &world->vendor_root,   &world->vendor_ca, &world->device,
                                         &world->stranger_root, &world->stranger};

    mirror_free(world->mirror);
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++)
        ctl_identity_cleanup(identities[i]);
    trust_cleanup(&world->trust);
    seal_key_free((struct seal_key *)(uintptr_t)world->settings.seal_key);
    arena_free(world->arena);
    arena_free(world->rows);
    free(world);
}

void world_forget(struct world *world)
{
    arena_free(world->rows);
    world->rows = arena_new(WORLD_ARENA);
    world->tx_count = world->cert_count = world->blocked_key_count = world->device_count =
        world->claim_count = world->request_count = world->approval_count = world->announcement_count = 0;
    world->secrets[0].row.bound_to = bytes_of(NULL, 0);
    world->commits = world->audits = world->fetches_seen = world->commits_seen = 0;
}

/* ---- policy, as simple as can be ---- */

static int names_are_well_formed(const struct cert_template *tmpl)
{
    CBS cbs = cbs_of(tmpl->san), names, name;

    if (tmpl->subject.len != 0 && !name_is_valid(tmpl->subject))
        return 0;
    if (tmpl->san.len == 0)
        return 1;
    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_len(&names) != 0)
        if (!CBS_get_any_asn1_element(&names, &name, NULL, NULL) ||
            !general_name_is_well_formed(bytes_of_cbs(&name)))
            return 0;
    return 1;
}

static void decide(struct world *world, struct cmp_decision *decision)
{
    uint8_t *serial = arena_alloc(decision->arena, STORE_SERIAL);
    struct certificate_plan plan;
    struct certificate_tbs approved;

    if (world->decide_refuses) {
        decision->fail_info = PKI_NOT_AUTHORIZED;
        decision->text = "not today";
        return;
    }
    if (world->decide_undecided) {
        decision->undecided = 1;
        return;
    }
    /* RFC 5280 4.1.2.6 and 4.2.1.6: what is no name comes into no certificate. */
    if (decision->update == NULL && !names_are_well_formed(&decision->request->tmpl)) {
        decision->fail_info = PKI_BAD_CERT_TEMPLATE;
        decision->text = "subject, or subjectAltName, is no name";
        return;
    }
    random_bytes(serial, STORE_SERIAL);
    serial[0] = 0x0c;
    decision->serial = bytes_of(serial, STORE_SERIAL);
    decision->subject = decision->update != NULL                   ? decision->update->subject
                        : decision->request->tmpl.subject.len != 0 ? decision->request->tmpl.subject
                                                                   : name_empty();
    if (world->decide_modifies)
        must(name_build(&decision->subject, decision->arena, (const char *const[]){"CN", "another", NULL}));
    decision->not_before = decision->now;
    decision->not_after = decision->now + 86400 -
                          1; /* as decide.c has it: both seconds are of the validity (RFC 5280 4.1.2.5) */
    plan = (struct certificate_plan){
        .serial = decision->serial,
        .algorithm = world->ca.algorithm,
        .issuer = world->ca.cert.subject,
        .subject = decision->subject,
        .not_before = decision->not_before,
        .not_after = decision->not_after,
        .spki = decision->request->tmpl.spki,
        .issuer_key_id = world->ca.cert.key_id,
        .path_len = -1,
        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
        .san = decision->request->tmpl.san,
    };
    decision->stranger = world->decide_strangely ? "CN=stranger" : NULL;
    if (decision->is_approved)
        decision->granted = certificate_read_tbs(&approved, decision->approved) &&
                            certificate_reissue(&decision->tbs, decision->arena, &approved, decision->serial,
                                                decision->not_before, decision->not_after);
    else
        decision->granted = certificate_build(&decision->tbs, decision->arena, &plan);
}

/* ---- the store, in memory ---- */

static struct bytes keep(struct world *world, struct bytes b)
{
    struct bytes kept = arena_copy(world->rows, b);

    must(kept.data != NULL || b.len == 0);
    return kept;
}

struct world_memory world_memory(const struct world *world, enum store_kind kind)
{
    const struct world_memory memories[WORLD_KINDS] = {
        [STORE_TRANSACTIONS] = {(uint8_t *)(uintptr_t)world->txs, sizeof world->txs[0],
                                offsetof(struct world_tx, row), world->tx_count, WORLD_ROWS},
        [STORE_CERTIFICATES] = {(uint8_t *)(uintptr_t)world->certs, sizeof world->certs[0],
                                offsetof(struct world_cert, row), world->cert_count, WORLD_ROWS},
        [STORE_SECRETS] = {(uint8_t *)(uintptr_t)world->secrets, sizeof world->secrets[0],
                           offsetof(struct world_secret, row), world->secret_count, WORLD_SECRETS},
        [STORE_BLOCKED_KEYS] = {(uint8_t *)(uintptr_t)world->blocked_keys, sizeof world->blocked_keys[0],
                                offsetof(struct world_blocked_key, row), world->blocked_key_count,
                                WORLD_ROWS},
        [STORE_DEVICES] = {(uint8_t *)(uintptr_t)world->devices, sizeof world->devices[0],
                           offsetof(struct world_device, row), world->device_count, WORLD_ROWS},
        [STORE_CLAIMS] = {(uint8_t *)(uintptr_t)world->claims, sizeof world->claims[0],
                          offsetof(struct world_claim, row), world->claim_count, WORLD_ROWS},
        [STORE_CRL_PIECES] = {(uint8_t *)(uintptr_t)world->crl_pieces, sizeof world->crl_pieces[0],
                              offsetof(struct world_crl_piece, row), world->crl_piece_count, WORLD_CRLS},
        [STORE_CRLS] = {(uint8_t *)(uintptr_t)world->crls, sizeof world->crls[0],
                        offsetof(struct world_crl, row), world->crl_count, WORLD_CRLS},
        [STORE_CRL_URLS] = {(uint8_t *)(uintptr_t)world->crl_urls, sizeof world->crl_urls[0],
                            offsetof(struct world_crl_url, row), world->crl_url_count, WORLD_CRLS},
        [STORE_REQUESTS] = {(uint8_t *)(uintptr_t)world->requests, sizeof world->requests[0],
                            offsetof(struct world_request, row), world->request_count, WORLD_ROWS},
        [STORE_APPROVALS] = {(uint8_t *)(uintptr_t)world->approvals, sizeof world->approvals[0],
                             offsetof(struct world_approval, row), world->approval_count, WORLD_ROWS},
        [STORE_ANNOUNCEMENTS] = {(uint8_t *)(uintptr_t)world->announcements, sizeof world->announcements[0],
                                 offsetof(struct world_announcement, row), world->announcement_count,
                                 WORLD_ROWS},
    };

    must((int)kind < (int)WORLD_KINDS);
    return memories[kind];
}

void *world_find(const struct world *world, enum store_kind kind, struct bytes issuer, struct bytes key)
{
    struct world_memory memory = world_memory(world, kind);

    for (size_t i = 0; i < memory.count; i++)
        if ((!store_tables[kind].of_issuer ||
             bytes_equal(bytes_of(world_issuer(&memory, i), STORE_ISSUER_ID), issuer)) &&
            bytes_equal(row_key(world_row(&memory, i), &store_tables[kind]), key))
            return world_row(&memory, i);
    return NULL;
}

struct store_crl *world_put_crl(struct world *world, const char *scope, int64_t this_update, struct bytes der)
{
    struct world_crl *crl = &world->crls[world->crl_count++];
    struct world_crl_piece *piece = &world->crl_pieces[world->crl_piece_count++];
    uint8_t *key = arena_alloc(world->arena, STORE_PIECE_KEY_MAX);

    must(world->crl_count <= WORLD_CRLS && key != NULL);
    crl->row = (struct store_crl){.scope = bytes_str(scope),
                                  .number = 1,
                                  .this_update = this_update,
                                  .next_update = this_update + 86400,
                                  .size = (int64_t)der.len,
                                  .slot = 1};
    digest_compute(crl->row.hash, DIGEST_SHA256, der);
    piece->row = (struct store_crl_piece){store_crl_piece_key(key, crl->row.scope, 1, 0), der};
    memcpy(crl->issuer, world->ca.id, STORE_ISSUER_ID);
    memcpy(piece->issuer, world->ca.id, STORE_ISSUER_ID);
    return &crl->row;
}

struct store_tx *world_tx_of(const struct world *world, struct bytes transaction_id)
{
    for (size_t i = 0; i < world->tx_count; i++)
        if (bytes_equal(world->txs[i].row.transaction_id, transaction_id))
            return (struct store_tx *)(uintptr_t)&world->txs[i].row;
    return NULL;
}

struct store_cert *world_cert_of(const struct world *world, struct bytes serial)
{
    for (size_t i = 0; i < world->cert_count; i++)
        if (bytes_equal(world->certs[i].row.serial, serial))
            return (struct store_cert *)(uintptr_t)&world->certs[i].row;
    return NULL;
}

static int has_key_id(const struct world_cert *cert, const struct store_fetch *fetch)
{
    return bytes_equal(bytes_of(cert->issuer, STORE_ISSUER_ID), fetch->issuer) && fetch->of.len != 0 &&
           bytes_equal(cert->row.key_id, fetch->of);
}

static int by_serial_last_first(const void *a, const void *b)
{
    return -memcmp(((const struct store_cert *)a)->serial.data, ((const struct store_cert *)b)->serial.data,
                   STORE_SERIAL);
}

/* STORE_ALL_CRL_URLS */
static void find_crl_urls(const struct world *world, struct store_fetch *fetch)
{
    struct store_crl_url *rows = arena_alloc(fetch->arena, WORLD_CRLS * sizeof *rows);

    must(rows != NULL);
    for (size_t i = 0; i < world->crl_url_count; i++)
        if (bytes_equal(bytes_of(world->crl_urls[i].issuer, STORE_ISSUER_ID), fetch->issuer))
            must(rows_copy(&rows[fetch->count++], &store_tables[fetch->kind], &world->crl_urls[i].row,
                           fetch->arena));
    fetch->rows = rows;
    fetch->outcome = fetch->count != 0 ? STORE_FOUND : STORE_ABSENT;
}

/* STORE_OF_KEY_ID */
static void find_by_key_id(const struct world *world, struct store_fetch *fetch)
{
    struct store_cert *rows = arena_alloc(fetch->arena, WORLD_ROWS * sizeof *rows);

    must(rows != NULL && fetch->index == STORE_OF_KEY_ID);
    for (size_t i = 0; i < world->cert_count; i++)
        if (has_key_id(&world->certs[i], fetch))
            must(rows_copy(&rows[fetch->count++], &store_tables[fetch->kind], &world->certs[i].row,
                           fetch->arena));
    if (fetch->count == 0)
        return;
    qsort(rows, fetch->count, sizeof *rows, by_serial_last_first);
    fetch->count = fetch->count < STORE_OF_KEY_ID_MAX ? fetch->count : STORE_OF_KEY_ID_MAX;
    fetch->rows = rows;
    fetch->outcome = STORE_FOUND;
}

static void serve_fetch(struct world *world, struct store_fetch *fetch)
{
    void *row;

    fetch->outcome = STORE_ABSENT;
    if (++world->fetches_seen == world->fail_fetch_at) {
        fetch->outcome = STORE_FETCH_UNAVAILABLE;
        return;
    }
    row = fetch->index == STORE_BY_KEY ? world_find(world, fetch->kind, fetch->issuer, fetch->key) : NULL;
    if (fetch->index == STORE_ALL_CRL_URLS)
        find_crl_urls(world, fetch);
    else if (fetch->index != STORE_BY_KEY)
        find_by_key_id(world, fetch);
    if (row != NULL) {
        fetch->rows = arena_alloc(fetch->arena, store_tables[fetch->kind].row_size);
        must(fetch->rows != NULL && rows_copy(fetch->rows, &store_tables[fetch->kind], row, fetch->arena));
        fetch->count = 1;
        fetch->outcome = STORE_FOUND;
    }
    if (world->mirror != NULL)
        mirror_fetch(world->mirror, world, fetch);
}

static int conflict(struct store_unit *unit, enum store_precondition which)
{
    unit->outcome = STORE_CONFLICT;
    unit->conflict = which;
    return 0;
}

static int key_is_used(const struct world *world, struct bytes issuer, struct bytes spki_hash)
{
    for (size_t i = 0; i < world->cert_count; i++)
        if (bytes_equal(bytes_of(world->certs[i].issuer, STORE_ISSUER_ID), issuer) &&
            bytes_equal(world->certs[i].row.spki_hash, spki_hash) &&
            world->certs[i].row.status != STORE_CERT_REVOKED)
            return 1;
    return 0;
}

static int secret_is_usable(const struct store_secret *secret, const struct store_unit *unit)
{
    return secret != NULL && (secret->expires == 0 || secret->expires > unit->now) &&
           (secret->reusable || secret->bound_to.len == 0);
}

static int changes(const struct store_cert_change *change, const struct store_cert *cert)
{
    /* revocation is final */
    return cert != NULL && cert->status != STORE_CERT_REVOKED &&
           (change->only_from == 0 || change->only_from == cert->status) &&
           (change->former == NULL || bytes_equal(*change->former, cert->successor));
}

static int inserts_something_twice(const struct world *world, const struct store_unit *unit)
{
    for (size_t i = 0; i < unit->write_count; i++) {
        const struct store_write *write = &unit->writes[i];
        if (write->how == STORE_INSERT && world_find(world, write->kind, unit->issuer,
                                                     row_key(write->row, &store_tables[write->kind])) != NULL)
            return 1;
    }
    return 0;
}

static int claim_has_changed(const struct world *world, const struct store_unit *unit)
{
    const struct store_claim *claim = store_unit_claim(unit);
    const struct store_claim *stored =
        claim != NULL ? world_find(world, STORE_CLAIMS, unit->issuer, claim->claim) : NULL;

    return stored != NULL && !bytes_equal(stored->serial, claim->former);
}

static int quota_is_used_up(const struct world *world, const struct store_unit *unit)
{
    const struct store_claim *quota = store_unit_quota(unit);
    const struct store_claim *stored =
        quota != NULL ? world_find(world, STORE_CLAIMS, unit->issuer, quota->claim) : NULL;

    return stored != NULL && !store_claim_has_room(quota, stored);
}

static int preconditions_hold(struct world *world, struct store_unit *unit)
{
    struct store_tx *tx = world_find(world, STORE_TRANSACTIONS, unit->issuer, unit->tx_id);
    struct store_secret *secret = world_find(world, STORE_SECRETS, unit->issuer, unit->secret_reference);
    struct store_cert *signer = world_find(world, STORE_CERTIFICATES, unit->issuer, unit->signer_serial);
    const struct store_cert_change *required = store_unit_required(unit);

    if (store_unit_row(unit, STORE_TRANSACTIONS) != NULL &&
        (store_unit_inserts_tx(unit)
             ? tx != NULL
             : (tx == NULL || (unit->expect_state != 0 && tx->state != unit->expect_state) ||
                (unit->expect_free_at != 0 && (tx->free_at == 0 || tx->free_at > unit->expect_free_at))))) {
        if (tx != NULL)
            unit->row = *tx;
        return conflict(unit, STORE_PRE_TX);
    }
    if (unit->secret_reference.len != 0 && !secret_is_usable(secret, unit))
        return conflict(unit, STORE_PRE_SECRET);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->key_unblocked) != NULL)
        return conflict(unit, STORE_PRE_KEY_BLOCKED);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->signer_unblocked) != NULL)
        return conflict(unit, STORE_PRE_SIGNER_BLOCKED);
    if (world_find(world, STORE_BLOCKED_KEYS, unit->issuer, unit->device_unblocked) != NULL)
        return conflict(unit, STORE_PRE_DEVICE_BLOCKED);
    if (unit->key_unused.len != 0 && key_is_used(world, unit->issuer, unit->key_unused))
        return conflict(unit, STORE_PRE_KEY_UNUSED);
    if (unit->signer_serial.len != 0 &&
        (signer == NULL || signer->status == STORE_CERT_REVOKED || signer->status == STORE_CERT_HOLD))
        return conflict(unit, STORE_PRE_SIGNER);
    if (inserts_something_twice(world, unit))
        return conflict(unit, STORE_PRE_ROW);
    if (required != NULL &&
        !changes(required, world_find(world, STORE_CERTIFICATES, unit->issuer, required->serial)))
        return conflict(unit, STORE_PRE_CERT);
    if (claim_has_changed(world, unit) || quota_is_used_up(world, unit))
        return conflict(unit, STORE_PRE_CLAIM);
    if (secret != NULL && !secret->reusable)
        secret->bound_to = keep(world, unit->tx_id);
    return 1;
}

static size_t *count_of(struct world *world, enum store_kind kind)
{
    size_t *const counts[WORLD_KINDS] = {
        [STORE_TRANSACTIONS] = &world->tx_count,
        [STORE_CERTIFICATES] = &world->cert_count,
        [STORE_SECRETS] = &world->secret_count,
        [STORE_BLOCKED_KEYS] = &world->blocked_key_count,
        [STORE_DEVICES] = &world->device_count,
        [STORE_CLAIMS] = &world->claim_count,
        [STORE_REQUESTS] = &world->request_count,
        [STORE_APPROVALS] = &world->approval_count,
        [STORE_ANNOUNCEMENTS] = &world->announcement_count,
    };

    return counts[kind];
}

/* The last one takes its place. */
static void remove_here(struct world *world, const struct store_unit *unit, const struct store_write *write)
{
    struct world_memory memory = world_memory(world, write->kind);
    uint8_t *row =
        world_find(world, write->kind, unit->issuer, row_key(write->row, &store_tables[write->kind]));

    if (row == NULL)
        return;
    memmove(row - memory.row, memory.first + (memory.count - 1) * memory.size, memory.size);
    --*count_of(world, write->kind);
}

static int64_t count_before(const struct store_claim *stored, const struct store_claim *quota)
{
    return stored->day == store_claim_day(stored, quota->day) ? stored->day_count : 0;
}

static void write_here(struct world *world, const struct store_unit *unit, const struct store_write *write)
{
    const struct store_table *table = &store_tables[write->kind];
    struct world_memory memory = world_memory(world, write->kind);
    void *row = world_find(world, write->kind, unit->issuer, row_key(write->row, table));
    int64_t before = row != NULL && write->how == STORE_COUNT ? count_before(row, write->row) : 0;
    int64_t day = row != NULL && write->how == STORE_COUNT
                      ? store_claim_day(row, ((const struct store_claim *)write->row)->day)
                      : 0;

    if (row == NULL) {
        must(write->how != STORE_UPDATE && memory.count < memory.room);
        memcpy(world_issuer(&memory, memory.count), unit->issuer.data, STORE_ISSUER_ID);
        row = world_row(&memory, memory.count);
        ++*count_of(world, write->kind);
    } else if (write->how == STORE_ONCE ||
               (write->how == STORE_NEWER &&
                ((const struct store_announcement *)row)->announced_at >
                    ((const struct store_announcement *)write->row)->announced_at)) {
        return;
    }
    must(rows_copy(row, table, write->row, world->rows));
    if (day != 0) {
        ((struct store_claim *)row)->day = day;
        ((struct store_claim *)row)->day_count += before;
    }
}

static void change_here(struct world *world, const struct store_unit *unit,
                        const struct store_cert_change *change)
{
    struct store_cert *cert = world_find(world, STORE_CERTIFICATES, unit->issuer, change->serial);
    int stopped = change->status == STORE_CERT_REVOKED || change->status == STORE_CERT_HOLD;

    must(cert != NULL);
    if (!changes(change, cert))
        return;
    cert->status = change->status;
    cert->reason = stopped ? change->reason : 0;
    cert->revoked_at = stopped ? change->at : 0;
    if (change->successor.len != 0)
        cert->successor =
            bytes_equal(change->successor, cert->serial) ? bytes_of(NULL, 0) : keep(world, change->successor);
}

/* What storage/store.h says of every unit: each change is of another certificate, one of them is required at
 * most, one claim is swapped and one counted. */
static void check_unit(const struct store_unit *unit)
{
    size_t required = 0, of[STORE_HOWS] = {0};

    for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next) {
        required += change->required != 0;
        for (const struct store_cert_change *other = change->next; other != NULL; other = other->next)
            must(!bytes_equal(change->serial, other->serial));
    }
    for (size_t i = 0; i < unit->write_count; i++)
        of[unit->writes[i].how]++;
    must(required <= 1 && of[STORE_SWAP] <= 1 && of[STORE_COUNT] <= 1);
}

/* It notes the nonce of the answer, and nothing else changes. */
static int is_poll(const struct store_unit *unit)
{
    const struct store_tx *tx = store_unit_row(unit, STORE_TRANSACTIONS);

    return unit->write_count == 1 && unit->change == NULL && tx != NULL && tx->state == STORE_TX_WAITING &&
           unit->expect_state == STORE_TX_WAITING;
}

static void apply_here(struct world *world, struct store_unit *unit)
{
    check_unit(unit);
    if (!preconditions_hold(world, unit))
        return;
    for (size_t i = 0; i < unit->write_count; i++)
        if (unit->writes[i].how == STORE_REMOVE)
            remove_here(world, unit, &unit->writes[i]);
        else
            write_here(world, unit, &unit->writes[i]);
    for (const struct store_cert_change *change = unit->change; change != NULL; change = change->next)
        change_here(world, unit, change);
    must(unit->audit != NULL || is_poll(unit));
    world->polls += unit->audit == NULL;
    world->commits += unit->audit != NULL;
    world->audits += unit->audit != NULL;
    if (unit->audit != NULL) {
        must(strcmp(unit->audit->outcome, "?") != 0);
        world->audit = *unit->audit;
        world->audit.who = keep(world, unit->audit->who);
        world->audit.detail = keep(world, unit->audit->detail);
    }
    unit->outcome = STORE_DONE;
}

static void apply(struct world *world, struct store_unit *unit)
{
    if (world->mirror != NULL)
        mirror_bring(world->mirror, world);
    apply_here(world, unit);
    if (world->mirror != NULL)
        mirror_commit(world->mirror, world, unit);
}

static void serve_commit(struct world *world, struct store_unit *unit)
{
    void (*before)(struct world *) = world->before_commit;

    world->before_commit = NULL;
    if (before != NULL)
        before(world);
    if (++world->commits_seen != world->fail_commit_at) {
        apply(world, unit);
        return;
    }
    if (world->commit_fault == STORE_UNKNOWN && world->unknown_was_done)
        apply(world, unit);
    unit->outcome = world->commit_fault;
}

static void check_transaction(const struct world *world, struct bytes issuer, const struct store_tx *tx)
{
    const struct store_cert *cert = world_cert_of(world, tx->serial);
    int waits =
        world_find(world, STORE_REQUESTS, issuer, bytes_of(tx->request_hash.data, STORE_REQUEST)) != NULL;

    must(waits == (tx->state == STORE_TX_WAITING) && (tx->deadline != 0) >= waits);
    if (waits || (tx->state == STORE_TX_ENDED && tx->serial.len == 0 && tx->request_nonce.len != 0))
        return; /* it was denied, or nobody approved it in time */
    must(cert != NULL);
    switch (tx->state) {
    case STORE_TX_WAIT_CONFIRM: /* an RA may revoke it before it is confirmed */
        must(cert->status != STORE_CERT_VALID);
        break;
    case STORE_TX_CONFIRMED: /* it may have been revoked since */
        must(cert->status != STORE_CERT_UNCONFIRMED);
        break;
    case STORE_TX_REJECTED:
        must(cert->status == STORE_CERT_REVOKED);
        break;
    default: /* rr, or given up */
        must(cert->status == STORE_CERT_REVOKED || cert->status == STORE_CERT_HOLD);
    }
}

void world_check(const struct world *world)
{
    for (size_t i = 0; i < world->cert_count; i++) {
        const struct store_cert *cert = &world->certs[i].row;
        must(world_tx_of(world, cert->transaction_id) != NULL);
        for (size_t j = 0; j < i; j++)
            must(!bytes_equal(world->certs[j].row.transaction_id, cert->transaction_id) &&
                 !bytes_equal(world->certs[j].row.serial, cert->serial));
    }
    for (size_t i = 0; i < world->tx_count; i++)
        check_transaction(world, bytes_of(world->txs[i].issuer, STORE_ISSUER_ID), &world->txs[i].row);
    for (size_t i = 0; i < world->secret_count; i++)
        must(world->secrets[i].row.bound_to.len == 0 ||
             world_tx_of(world, world->secrets[i].row.bound_to) != NULL);
    must(world->audits == world->commits);
}

/* ---- the wants ---- */

static void admit(const struct world *world, struct cmp_admission *item)
{
    item->why = world->not_admitted;
    if (item->messages != NULL && world->guessed != 0)
        cmp_refuse_guess(item->messages[world->guessed - 1]);
}

static void serve_wants(struct world *world, const struct cmp_want *want)
{
    for (; want != NULL; want = want->next) {
        struct verification *verification = want->u.verify;
        struct signing *signing = want->u.sign;
        world->wants_seen[want->kind]++;
        switch (want->kind) {
        case CMP_WANT_ADMIT:
            admit(world, want->u.admit);
            break;
        case CMP_WANT_FETCH:
            serve_fetch(world, want->u.fetch);
            break;
        case CMP_WANT_MAC:
            if (!world->macs_fail)
                mac_derive(want->u.mac->key, want->u.mac->algorithm, want->u.mac->secret);
            break;
        case CMP_WANT_VERIFY:
            verify_batch(&verification, 1);
            if (++world->verifications_seen == world->undecided_at) {
                verification->valid = 0;
                verification->undecided = 1;
            }
            break;
        case CMP_WANT_DECIDE:
            world->asked = *want->u.decide;
            decide(world, want->u.decide);
            break;
        case CMP_WANT_ASK:
            world->question = *want->u.ask;
            want->u.ask->verdict = world->verdict.verdict;
            want->u.ask->reason = world->verdict.reason;
            want->u.ask->text = world->verdict.text;
            want->u.ask->names = world->verdict.names;
            break;
        case CMP_WANT_SIGN:
            if (!world->keys_unavailable)
                sign_batch(&signing, 1);
            break;
        case CMP_WANT_COMMIT:
            serve_commit(world, want->u.commit);
            break;
        default:
            must(0);
        }
    }
}

/* RFC 9483 3.2 wants the same algorithm and parameters; of AES-GMAC the nonce must not be the same (RFC 9481
 * 6.2.2). */
static int has_same_mac(struct bytes answer, struct bytes request)
{
    struct mac_algorithm of[2];
    CBS cbs[] = {cbs_of(answer), cbs_of(request)};
    size_t before;

    if (!mac_parse(&of[0], &cbs[0]) || !mac_parse(&of[1], &cbs[1]) || of[1].nonce.len == 0)
        return bytes_equal(answer, request);
    before = (size_t)(of[1].nonce.data - request.data);
    return answer.len == request.len && memcmp(answer.data, request.data, before) == 0 &&
           !bytes_equal(of[0].nonce, of[1].nonce);
}

/* The MAC is the request's own (RFC 9483 3.1, 3.2). */
static void check_mac_is_that_of(const struct pki_message *in, const struct answer *answer)
{
    const struct pki_header *header = &answer->message.header;

    must(has_same_mac(header->protection_alg, in->header.protection_alg));
    /* Where a tolerance takes the CN of sender for it, the answer has what the MAC was made with. */
    must(bytes_equal(header->sender_kid,
                     in->header.sender_kid.len != 0 ? in->header.sender_kid : answer->result.reference));
}

/* By answer.signed_by of the profile that answers. */
static const struct certificate *signer_of(const struct world *world, const struct answer *answer)
{
    const struct config_profile *config =
        strcmp(answer->result.profile, world->other_config.name) == 0 ? &world->other_config : &world->config;

    return config->answer.signed_by == CONFIG_SIGNED_BY_CA ? &world->issuing.cert : &world->cmp_signer.cert;
}

static void check_protection(struct world *world, const struct answer *answer)
{
    struct pki_message message = answer->message;
    struct bytes part;
    CBS alg = cbs_of(message.header.protection_alg);

    must(pki_protected_part(&part, answer->arena, &message));
    if (mac_is_mac(message.header.protection_alg)) {
        struct mac_algorithm mac;
        struct mac_key key;
        uint8_t expected[DIGEST_MAX];
        must(mac_parse(&mac, &alg));
        must(mac_derive(&key, &mac, world->secret));
        size_t len = mac_apply(expected, &mac, &key, part);
        must(bytes_equal(message.protection, bytes_of(expected, len)));
        return;
    }
    const struct certificate *signer = signer_of(world, answer);
    struct public_key *key = public_key_parse(signer->spki);
    struct verification item = {
        .algorithm = signature_parse(&alg), .key = key, .message = part, .signature = message.protection};
    struct verification *items[] = {&item};
    verify_batch(items, 1);
    public_key_free(key);
    must(item.valid);
    /* RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate" */
    must(message.extra_cert_count > 0 && bytes_equal(message.extra_certs[0], signer->der));
    must(bytes_equal(message.header.sender_name, signer->subject));
    must(bytes_equal(message.header.sender_kid, signer->key_id));
}

/* What is asked by |in| is answered by the response that belongs to it, or by an error (RFC 9810 5.1.2, 5.3).
 */
static int body_fits(const struct pki_message *in, int body)
{
    static const struct {
        int request, response;
    } pairs[] = {{PKI_IR, PKI_IP},           {PKI_CR, PKI_CP},
                 {PKI_P10CR, PKI_CP},        {PKI_KUR, PKI_KUP},
                 {PKI_CCR, PKI_CCP},         {PKI_POLLREQ, PKI_CCP},
                 {PKI_RR, PKI_RP},           {PKI_CERTCONF, PKI_PKICONF},
                 {PKI_POLLREQ, PKI_IP},      {PKI_POLLREQ, PKI_CP},
                 {PKI_POLLREQ, PKI_KUP},     {PKI_POLLREQ, PKI_RP},
                 {PKI_POLLREQ, PKI_POLLREP}, {PKI_ERROR, PKI_PKICONF},
                 {PKI_GENM, PKI_GENP},       {PKI_NESTED, PKI_NESTED}};

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (in->body_type == pairs[i].request && body == pairs[i].response)
            return 1;
    return body == PKI_ERROR;
}

/* RFC 9483 4.4: the answer that was waited for repeats the nonce of the request. */
static struct bytes nonce_for(const struct world *world, const struct answer *answer,
                              const struct pki_message *in)
{
    const struct store_tx *tx = world_tx_of(world, in->header.transaction_id);
    int is_final = in->body_type == PKI_POLLREQ && answer->body != PKI_POLLREP && answer->body != PKI_ERROR;

    return is_final && tx != NULL && tx->request_nonce.len != 0 &&
                   world->config.answer.poll_nonce == CONFIG_POLL_NONCE_REQUEST
               ? tx->request_nonce
               : in->header.sender_nonce;
}

/* Every answer, protected or not, belongs to its request. */
static void check_header(const struct world *world, const struct answer *answer, const struct pki_message *in,
                         enum pki_decoded decoded)
{
    const struct pki_header *header = &answer->message.header;
    int64_t pvno = in->header.pvno;

    /* RFC 9810 section 7: in the version of the request, or in the nearest that there is. */
    must(header->pvno == (decoded == PKI_UNREADABLE || pvno < 2 ? 2 : pvno > 3 ? 3 : pvno));
    must(body_fits(in, answer->body));
    if (decoded == PKI_UNREADABLE) {
        must(header->transaction_id.len == 0 && header->recip_nonce.len == 0);
        return;
    }
    /* An error may be of the poll, or the answer to the request. */
    must(bytes_equal(header->recip_nonce, nonce_for(world, answer, in)) ||
         (in->body_type == PKI_POLLREQ && answer->body == PKI_ERROR &&
          bytes_equal(header->recip_nonce, world_tx_of(world, in->header.transaction_id)->request_nonce)));
    if (in->header.transaction_id.len != 0 || !answer->message.has_protection)
        must(bytes_equal(header->transaction_id, in->header.transaction_id));
    else
        must(header->transaction_id.len == 16);
    if (decoded == PKI_WHOLE)
        must(bytes_equal(header->recipient, general_name_is_well_formed(in->header.sender)
                                                ? in->header.sender
                                                : bytes_of(null_dn, sizeof null_dn)));
    if (!answer->message.has_protection)
        return;
    /* RFC 9483 3.1 */
    must(header->sender_nonce.len == 16);
    must(header->has_message_time && header->message_time == world->now);
}

/* Without protection are only the answers to what cannot be read and, without a key, to anything. */
static void check_bare(const struct world *world, const struct answer *answer, enum pki_decoded decoded)
{
    const struct pki_header *header = &answer->message.header;

    must(answer->result.end == (decoded == PKI_UNREADABLE ? JOB_UNREADABLE : JOB_NO_KEY));
    must(decoded == PKI_UNREADABLE || world->keys_unavailable);
    must(answer->body == PKI_ERROR && header->protection_alg.len == 0);
    must(answer->message.extra_cert_count == 0 && header->sender_kid.len == 0);
    must(bytes_equal(header->sender, bytes_of(null_dn, sizeof null_dn)));
}

/* What is told is what was done, and one reason where nothing was (RFC 9483 3.6.2, 3.6.4). */
static void check_status(const struct answer *answer)
{
    const struct pki_status_info *status = &answer->status;
    int refused = answer->result.refused;

    if (answer->body == PKI_PKICONF) {
        must(!refused && bytes_equal(answer->message.body, bytes_of("\x05\x00", 2)));
        return;
    }
    if (answer->body == PKI_POLLREP) {
        must(!refused);
        return;
    }
    if (status->status == PKI_WAITING) { /* RFC 9483 4.4: failInfo is prohibited */
        must(!refused && !answer->has_cert && status->fail_info == 0);
        return;
    }
    must(refused || answer->body != PKI_ERROR);
    if (answer->body == PKI_GENP || answer->body == PKI_NESTED) {
        must(!refused);
        return;
    }
    must(answer->has_cert == (!refused && answer->body != PKI_RP));
    if (refused) {
        must(status->status == PKI_REJECTION && status->text.len != 0);
        must(status->fail_info != 0 && (status->fail_info & (status->fail_info - 1)) == 0);
    } else {
        must(status->status == PKI_ACCEPTED || status->status == PKI_GRANTED_WITH_MODS);
        must(status->fail_info == 0);
    }
}

static void decode_body(struct answer *answer)
{
    if (answer->body == PKI_ERROR)
        must(pki_decode_error(&answer->status, answer->message.body));
    if (answer->body == PKI_IP || answer->body == PKI_CP || answer->body == PKI_KUP ||
        answer->body == PKI_CCP) {
        must(pki_decode_cert_rep(&answer->response, answer->message.body));
        answer->status = answer->response.status;
        answer->has_cert = answer->response.certificate.len != 0;
        if (answer->has_cert)
            must(certificate_parse(&answer->cert, answer->response.certificate));
    }
    if (answer->body == PKI_RP)
        must(pki_decode_rev_rep(&answer->status, answer->message.body));
}

/* Whatever of a request stands in an answer was of its type there, too: the tables of `cmpctl decode`, a
 * reader of their own, take all of it. */
static void read_by_tables(struct bytes reply)
{
    static FILE *nowhere;

    if (nowhere == NULL)
        nowhere = fopen("/dev/null", "w");
    must(nowhere != NULL && decode_write(nowhere, reply));
}

static void decode_answer(struct world *world, struct answer *answer, struct bytes request)
{
    struct pki_message in;
    enum pki_decoded decoded = pki_message_decode(&in, NULL, request);

    must(pki_message_decode(&answer->message, NULL, answer->result.reply) == PKI_WHOLE);
    answer->body = answer->message.body_type;
    must(answer->body == answer->result.reply_body);
    read_by_tables(answer->result.reply);
    decode_body(answer);
    check_status(answer);
    check_header(world, answer, &in, decoded);
    if (!answer->message.has_protection) {
        check_bare(world, answer, decoded);
        return;
    }
    must(answer->result.end == JOB_ANSWERED && decoded != PKI_UNREADABLE);
    check_protection(world, answer);
    if (mac_is_mac(answer->message.header.protection_alg))
        check_mac_is_that_of(&in, answer);
}

/* RFC 9811 3.5: a status, and no content. Nobody but an upstream hears anything else than that it may not. */
static void check_acknowledgement(const struct world *world, const struct answer *answer,
                                  struct bytes request)
{
    enum job_end end = answer->result.end;
    struct pki_message in;

    must(pki_message_decode(&in, NULL, request) != PKI_UNREADABLE);
    must(in.body_type >= PKI_CKUANN && in.body_type <= PKI_CRLANN);
    must(answer->result.reply.len == 0 && answer->result.reply_body == -1);
    must(answer->result.refused == (end != JOB_STORED));
    must(answer->authenticated || end == JOB_FORBIDDEN);
    must(end == JOB_FORBIDDEN || world->settings.upstream_count != 0);
}

/* Information that is given decides nothing. What was announced before is not written again. */
static int is_decision(const struct answer *answer)
{
    return answer->authenticated && answer->result.reply_body != PKI_GENP &&
           answer->result.reply_body != PKI_NESTED && answer->result.end != JOB_STORED &&
           !(answer->result.refused && (answer->result.fail_info == PKI_SYSTEM_UNAVAIL ||
                                        answer->result.fail_info == PKI_SYSTEM_FAILURE));
}

/* take_answer reads what |request| was answered, and counts decisions that are to be on record. */
static void take_answer(struct world *world, struct answer *answer, struct bytes request,
                        unsigned *decisions);

/* Of each message in a batch: the answers stand in the order of the requests (RFC 9483 5.2.2.2). */
static void take_inner_answers(struct world *world, struct answer *answer, unsigned *decisions)
{
    const struct cmp_inner *inner = answer->driven->inner;
    struct bytes answers[BOUND_NESTED_MESSAGES];
    const char *why;

    must(pki_decode_nested(answers, &answer->inner_count, &why, answer->message.body));
    must(answer->inner_count == inner->count);
    answer->inner = arena_alloc(answer->arena, inner->count * sizeof *answer->inner);
    must(answer->inner != NULL);
    for (size_t i = 0; i < inner->count; i++) {
        struct answer *of = &answer->inner[i];
        *of = (struct answer){
            .arena = arena_new(BOUND_JOB_ARENA), .body = -1, .driven = inner->messages[i], .is_inner = 1};
        take_answer(world, of, inner->requests[i], decisions);
        must(of->result.end == JOB_BUSY || bytes_equal(of->result.reply, answers[i]));
    }
}

static void take_answer(struct world *world, struct answer *answer, struct bytes request, unsigned *decisions)
{
    const struct cmp_message *message = answer->driven;
    struct bytes reply;

    cmp_result(message, &answer->result);
    reply = answer->result.reply;
    while (message->inner != NULL && message->inner->is_approved && !message->result.refused) {
        request = message->inner->requests[0];
        message = message->inner->messages[0];
    }
    cmp_result(message, &answer->result);
    must(bytes_equal(reply, answer->result.reply));
    answer->result.reply = reply;
    answer->authenticated = message->authenticated;
    if (answer->result.end == JOB_BUSY) { /* nobody is told anything */
        must((world->undecided_at != 0 || world->macs_fail || world->decide_undecided) &&
             answer->result.reply.len == 0);
        return;
    }
    if (answer->result.end >= JOB_STORED)
        check_acknowledgement(world, answer, request);
    else
        decode_answer(world, answer, request);
    *decisions += is_decision(answer) && !message->answers_again;
    if (answer->body == PKI_NESTED)
        take_inner_answers(world, answer, decisions);
}

struct answer world_send_to(struct world *world, const struct cmp_route *route, struct bytes request)
{
    unsigned recorded = world->audits + world->polls, decisions = 0;
    struct answer answer = {.arena = arena_new(BOUND_JOB_ARENA), .body = -1};
    const struct cmp_want *wants;

    answer.driven = cmp_start(answer.arena, &world->settings, route, request, world->now * 1000);
    must(answer.driven != NULL);
    answer.price_us = cmp_price_us(answer.driven);
    while ((wants = cmp_wants(answer.driven)) != NULL) {
        serve_wants(world, wants);
        cmp_resume(answer.driven, world->now * 1000);
    }
    take_answer(world, &answer, request, &decisions);
    must(world->settings.recorded != NULL || world->audits + world->polls - recorded >= decisions);
    if (answer.driven->inner == NULL) {
        cmp_end(answer.driven);
        answer.driven = NULL;
    }
    return answer;
}

struct answer world_send(struct world *world, struct bytes request)
{
    return world_send_to(world, &(struct cmp_route){.body = -1}, request);
}

void answer_free(struct answer *answer)
{
    if (answer->arena == NULL)
        return;
    for (size_t i = 0; i < answer->inner_count; i++)
        answer_free(&answer->inner[i]);
    if (!answer->is_inner)
        cmp_end(answer->driven);
    arena_free(answer->arena);
    answer->arena = NULL;
}
