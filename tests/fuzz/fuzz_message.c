/* PKIMessage from the network, driven through the whole protocol core: once as it comes, and once with its
 * header and body protected anew by a trusted device, so that mutations get past the protection. Whatever
 * comes in, the answer is DER with a right protection (world_send sees to it), and what is issued is in the
 * store. */
#include <stddef.h>
#include <stdint.h>

#include "tests/support/must.h"
#include "tests/support/world.h"

static struct world *world;
static struct client client;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send_and_check(struct bytes request)
{
    struct answer answer = world_send(world, request);

    must(answer.has_cert == (world->cert_count == 1));
    if (answer.has_cert)
        must(bytes_equal(world->certs[0].row.certificate, answer.cert.der));
    must(answer.result.refused || answer.has_cert || answer.body == PKI_PKICONF || answer.body == PKI_GENP);
    answer_free(&answer);
    world_forget(world);
}

static void send_protected_anew(struct bytes request)
{
    struct pki_message message;
    struct pki_header header;
    struct arena *before = world->arena;

    if (pki_message_decode(&message, NULL, request) != PKI_WHOLE)
        return;
    world->arena = arena_new(1024 * 1024); /* what the client makes goes with it */
    header = message.header;
    header.has_message_time = 0; /* times that C cannot write are the decoder's business */
    header.confirm_wait_time = 0;
    header.sender = client.header.sender;
    header.sender_kid = client.header.sender_kid;
    header.protection_alg = client.header.protection_alg;
    client.header = header;
    send_and_check(client_message(&client, message.body_type, message.body));
    arena_free(world->arena);
    world->arena = before;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pki_header header;

    if (world == NULL) {
        world = world_new(KEY_P256);
        world->config.accept.message_time_seconds = 0; /* seeds are old */
        client_init(&client, world, 0);
    }
    header = client.header;
    send_and_check(bytes_of(data, size));
    send_protected_anew(bytes_of(data, size));
    client.header = header;
    return 0;
}
