/* GenMsgContent: read and written it is what it was; and asked by a trusted device it is answered, with what
 * world_send wants of every answer, or refused, and nothing is written for it. */
#include <stddef.h>
#include <stdint.h>

#include "tests/support/must.h"
#include "tests/support/world.h"

static struct world *world;
static struct client client;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_up(void)
{
    static const char *const crls[] = {"http://ca/${shard}.crl"}, *const deltas[] = {"http://ca/delta.crl"};

    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    world->config.urls.crl = (struct config_list){crls, 1};
    world->config.urls.delta_crl = (struct config_list){deltas, 1};
    world->ca.coming =
        (struct root_update){world->vendor_root.cert_der, world->vendor_ca.cert_der, world->device.cert_der};
    must(pki_encode_sequence(&world->profile.general.signing_keys, world->arena,
                             &world->ca.algorithm->encoded, 1));
    world->profile.general.request_template = bytes_of((const uint8_t *)"\x30\x02\x30\x00", 4);
    world->profile.general.encryption_certificate = world->device.cert_der;
}

static void read_and_write(struct bytes body)
{
    struct general_info infos[BOUND_GENERAL_INFO];
    struct arena *arena = arena_new(1024 * 1024);
    const char *why = NULL;
    struct bytes again;
    size_t count;

    if (pki_decode_general(infos, &count, &why, body)) {
        must(pki_encode_general(&again, arena, infos, count));
        must(bytes_equal(again, body));
    } else {
        must(why != NULL);
    }
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size);
    struct arena *before;
    struct answer answer;

    if (world == NULL)
        set_up();
    if (!der_is_strict(NULL, NULL, body, BOUND_DER_DEPTH))
        return 0;
    read_and_write(body);
    before = world->arena;
    world->arena = arena_new(1024 * 1024); /* what the client makes goes with it */
    answer = world_send(world, client_message(&client, PKI_GENM, body));
    must(answer.result.refused || answer.body == PKI_GENP);
    must(world->tx_count == 0 && world->cert_count == 0);
    answer_free(&answer);
    arena_free(world->arena);
    world->arena = before;
    world_forget(world);
    return 0;
}
