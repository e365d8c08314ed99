/* The bodies of announcements, the first octet says which: what is read of one and written again is read
 * alike; and announced by an upstream it is stored or refused, without a message. */
#include <stddef.h>
#include <stdint.h>

#include "server/pki/announcement.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

static struct world *world;
static struct client client;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
    static struct trust trust;
    static struct cmp_upstream upstream;

    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    client_sign_by(&client, &world->stranger, NULL, 0);
    upstream = (struct cmp_upstream){"national", world->stranger.cert_der};
    must(trust_add(&trust, world->stranger.cert_der, 1));
    world->settings.upstreams = &upstream;
    world->settings.upstream_count = 1;
    world->settings.upstream_trust = &trust;
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    client.header.pvno = PKI_CMP2021;
}

static void read_root(struct arena *arena, struct bytes body)
{
    struct key_update update, again;
    struct bytes written;

    if (!pki_decode_key_update(&update, body))
        return;
    must(pki_encode_key_update(&written, arena, &update.certs) && pki_decode_key_update(&again, written));
    must(!update.is_v3 || bytes_equal(written, body));
    must(bytes_equal(again.certs.new_with_new, update.certs.new_with_new) &&
         bytes_equal(again.certs.new_with_old, update.certs.new_with_old) &&
         bytes_equal(again.certs.old_with_new, update.certs.old_with_new));
}

/* Only what there is of ours is written: a time to the second, a name, a reason. */
static void read_revocation(struct arena *arena, struct bytes body)
{
    struct revocation_notice notice, again;
    struct bytes written;

    if (!pki_decode_revocation_notice(&notice, body) || notice.issuer_name.len == 0 ||
        !pki_encode_revocation_notice(&written, arena, &notice))
        return;
    must(pki_decode_revocation_notice(&again, written));
    must(again.status == notice.status && again.revoked_at == notice.revoked_at &&
         again.bad_since == notice.bad_since && again.has_reason == notice.has_reason &&
         (!notice.has_reason || again.reason == notice.reason) && bytes_equal(again.issuer, notice.issuer));
}

static void read_crls(struct arena *arena, struct bytes body)
{
    struct bytes crls[BOUND_ANNOUNCED_CRLS], written;
    size_t count;

    if (!pki_decode_crls(crls, &count, body))
        return;
    must(pki_encode_sequence(&written, arena, crls, count) && bytes_equal(written, body));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = size != 0 ? bytes_of(data + 1, size - 1) : bytes_of(NULL, 0);
    struct arena *before, *arena;
    struct answer answer;
    int announced;

    if (world == NULL)
        set_up();
    if (!der_is_strict(NULL, NULL, body, BOUND_DER_DEPTH))
        return 0;
    announced = PKI_CKUANN + data[0] % (1 + PKI_CRLANN - PKI_CKUANN);
    arena = arena_new(1024 * 1024);
    read_root(arena, body);
    read_revocation(arena, body);
    read_crls(arena, body);
    arena_free(arena);
    before = world->arena;
    world->arena = arena_new(1024 * 1024); /* what the client makes goes with it */
    answer = world_send(world, client_message(&client, announced, body));
    must(answer.result.end == JOB_STORED || answer.result.end == JOB_REFUSED);
    must(world->announcement_count == (answer.result.end == JOB_STORED));
    answer_free(&answer);
    arena_free(world->arena);
    world->arena = before;
    world_forget(world);
    return 0;
}
