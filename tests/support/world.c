/* world.c: what is in it, the policy of its CA, and how what a message wants is served. The store is in
 * world_store.c, what must hold of answers in world_answer.c. */
#include <stdlib.h>

#include "crypto/name.h"
#include "crypto/name_rules.h"
#include "crypto/random.h"
#include "server/cmp/internal.h"
#include "tests/support/mirror.h"
#include "tests/support/must.h"
#include "tests/support/world_parts.h"

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
                .key_max = 64,
                .requests = BOUND_SEVERAL},
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
            world_fetch(world, want->u.fetch);
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
            world_commit(world, want->u.commit);
            break;
        default:
            must(0);
        }
    }
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
    world_take_answer(world, &answer, request, &decisions);
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
