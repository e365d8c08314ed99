/* stage.c: see stage.h. */
#include "tests/fuzz/stage.h"

#include <stdlib.h>

#include "crypto/crl.h"
#include "tests/support/issue.h"
#include "tests/support/must.h"

enum { ITERATIONS_MAX = 300 }; /* of a MAC */

struct stage stage;

static struct world *world;
static struct client templates[SESSIONS];
static struct ctl_identity own, ra;
static struct trust ra_trust, upstream_trust;
static struct cmp_upstream upstream;
static struct config_cross cross;
static struct world_cert own_cert;
static struct world_tx own_tx;
static int64_t begin;

/* ---- set up, once ---- */

void stage_point(struct client *client)
{
    client->header.transaction_id = bytes_of(client->transaction_id, sizeof client->transaction_id);
    client->header.sender_nonce = bytes_of(client->nonce, sizeof client->nonce);
}

static void use_mac(struct client *client, int pbmac1)
{
    static const uint8_t salt[] = "0123456789abcdef";
    struct bytes octets = bytes_of(salt, sizeof salt - 1);
    CBS cbs;

    if (pbmac1)
        must(mac_pbmac1_encode(&client->header.protection_alg, world->arena, octets, DIGEST_SHA256,
                               DIGEST_SHA256, 100, 32));
    else
        must(mac_pbm_encode(&client->header.protection_alg, world->arena, octets, DIGEST_SHA256,
                            DIGEST_SHA256, 100));
    cbs = cbs_of(client->header.protection_alg);
    must(mac_parse(&client->mac, &cbs));
}

static void make_own_certificate(void)
{
    struct client *client = &templates[AS_OWN];
    struct arena *rows = world->rows;
    struct answer answer;

    world->rows = world->arena; /* these are not forgotten */
    client->header.implicit_confirm = 1;
    answer = world_send(world, client_request(client, PKI_IR));
    must(answer.has_cert);
    client_adopt(client, &answer, &own);
    answer_free(&answer);
    client->header.implicit_confirm = 0;
    client->subject = own.cert.subject;
    client->old_cert_issuer = own.cert.issuer;
    client->old_cert_serial = own.cert.serial;
    stage.own_cert = own.cert;
    own_cert = world->certs[0];
    own_tx = world->txs[0];
    world->rows = rows;
}

static int no_entry(void *arg, struct crl_entry *out)
{
    (void)arg;
    (void)out;
    return 0;
}

/* What is announced, and by whom. */
static void make_upstream(void)
{
    const struct crl_plan plan = {.algorithm = world->ca.algorithm,
                                  .key = world->ca.key,
                                  .issuer = world->ca.cert.subject,
                                  .issuer_key_id = world->ca.cert.key_id,
                                  .this_update = world->now,
                                  .next_update = world->now + STAGE_HOUR,
                                  .number = 7};
    struct bytes der;

    must(crl_write(&der, &plan, 0, no_entry, NULL) &&
         (stage.crl = arena_copy(world->arena, der)).data != NULL);
    free((void *)(uintptr_t)der.data);
    upstream = (struct cmp_upstream){"national", world->stranger.cert_der};
    must(trust_add(&upstream_trust, world->stranger.cert_der, 1));
    world->settings.upstreams = &upstream;
    world->settings.upstream_trust = &upstream_trust;
    client_sign_by(&templates[AS_UPSTREAM], &world->stranger, NULL, 0);
    templates[AS_UPSTREAM].header.has_message_time = 1;
}

/* What a genm is answered with. */
static void make_information(void)
{
    static const char *const crls[] = {"http://ca/${shard}.crl"}, *const deltas[] = {"http://ca/delta.crl"};

    world->config.urls.crl = (struct config_list){crls, 1};
    world->config.urls.delta_crl = (struct config_list){deltas, 1};
    world->ca.coming =
        (struct root_update){world->vendor_root.cert_der, world->vendor_ca.cert_der, world->device.cert_der};
    must(pki_encode_sequence(&world->profile.general.signing_keys, world->arena,
                             &world->ca.algorithm->encoded, 1));
    world->profile.general.request_template = bytes_of((const uint8_t *)"\x30\x02\x30\x00", 4);
    world->profile.general.encryption_certificate = world->device.cert_der;
}

void stage_start(void)
{
    stage.world = world = world_new(KEY_P256);
    begin = world->now;
    world->config.mac.iterations_max = world->other_config.mac.iterations_max = ITERATIONS_MAX;
    for (int i = 0; i < SESSIONS; i++) {
        client_init(&templates[i], world, i == WITH_SECRET || i == WITH_PBMAC1);
        memset(templates[i].transaction_id, i, sizeof templates[i].transaction_id);
        memset(templates[i].nonce, 0x80 | i, sizeof templates[i].nonce);
    }
    use_mac(&templates[WITH_SECRET], 0);
    use_mac(&templates[WITH_PBMAC1], 1);
    make_own_certificate();
    memset(templates[AS_OWN].transaction_id, SESSIONS, sizeof templates[AS_OWN].transaction_id);
    issue_ra(world, &ra, &ra_trust);
    client_sign_by(&templates[AS_RA], &ra, &world->vendor_ca.cert_der, 1);
    make_upstream();
    make_information();
    must((stage.second = private_key_generate(KEY_P256, 0)) != NULL);
}

/* ---- for each script ---- */

static void open_approvals(unsigned traits)
{
    static const unsigned when[] = {0, CONFIG_APPROVE_ALWAYS, CONFIG_APPROVE_REVOCATION,
                                    CONFIG_APPROVE_NAMES};

    world->config.approve = (struct config_approve_rules){.when = when[traits % 4],
                                                          .approvals = 1 + traits / 4 % 2,
                                                          .check_after_seconds = 1,
                                                          .expire_hours = 1,
                                                          .per_day = 1000,
                                                          .open = 8};
    world->other_config.approve = world->config.approve;
    world->decide_strangely = (traits & 8) != 0;
    world->config.answer.poll_nonce = world->other_config.answer.poll_nonce =
        (traits & 16) != 0 ? CONFIG_POLL_NONCE_POLL : CONFIG_POLL_NONCE_REQUEST;
    world->other_config.cross = (traits & 32) != 0 ? &cross : NULL;
    world->settings.upstream_count = (traits & 64) == 0;
}

void stage_open(unsigned traits, unsigned approvals)
{
    world_forget(world);
    world->now = begin;
    world->certs[world->cert_count++] = own_cert;
    world->txs[world->tx_count++] = own_tx;
    world->config.accept.header = (traits & 1) != 0 ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
    world->secrets[0].row.reusable = (traits & 2) == 0;
    world->config.keys.unique = (traits & 4) != 0;
    world->config.confirm.implicit = (traits & 8) == 0;
    world->config.keys.same_in_update = (traits & 16) != 0;
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        world->config.tolerances.until[i] = (traits & 32) != 0 ? TOLERANCE_NO_END : 0;
    world->profile.ras = world->other_profile.ras = (traits & 64) != 0 ? NULL : &ra_trust;
    world->config.mac.allowed = (traits & 128) == 0;
    for (int i = 0; i < SESSIONS; i++) {
        stage.sessions[i] = (struct session){.client = templates[i]};
        stage_point(&stage.sessions[i].client);
    }
    stage.ra = templates[AS_RA];
    open_approvals(approvals);
}

void stage_certify_cas(struct session *session)
{
    world->other_config.cross = &cross;
    world->other_config.approve.when = CONFIG_APPROVE_ALWAYS;
    session->profile = &world->other_profile;
}

void stage_begin(struct session *session)
{
    session->client.transaction_id[15]++;
    session->client.header.recip_nonce = bytes_of(NULL, 0);
    session->profile = NULL;
    answer_free(&session->last);
}
