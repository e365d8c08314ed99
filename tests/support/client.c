
#include "crypto/name.h"
#include "crypto/random.h"
#include "server/pki/confirmation.h"
#include "server/pki/nested.h"
#include "server/pki/revocation.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

struct bytes client_signature(struct client *client, const struct private_key *key,
                              const struct signature_algorithm *algorithm, struct bytes message)
{
    uint8_t *room = arena_alloc(client->world->arena, private_key_signature_max(key));
    struct signing item = {.algorithm = algorithm, .key = key, .message = message, .signature = room};
    struct signing *items[] = {&item};

    sign_batch(items, 1);
    must(item.signature_len != 0);
    return bytes_of(room, item.signature_len);
}

void client_sign_by(struct client *client, const struct ctl_identity *identity, const struct bytes *chain,
                    size_t count)
{
    client->signer = identity;
    client->algorithm = signature_for_key(private_key_kind(identity->key));
    client->header.protection_alg = client->algorithm->encoded;
    client->header.sender_kid = identity->cert.key_id;
    must(pki_directory_name(&client->header.sender, client->world->arena, identity->cert.subject));
    client->extra_certs[0] = identity->cert_der;
    for (size_t i = 0; i < count; i++)
        client->extra_certs[i + 1] = chain[i];
    client->extra_cert_count = 1 + count;
}

static void use_secret(struct client *client)
{
    static const uint8_t salt[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1};
    struct world *world = client->world;
    struct bytes name;
    CBS cbs;

    client->signer = NULL;
    client->extra_cert_count = 0;
    client->secret = world->secret;
    must(mac_pbm_encode(&client->header.protection_alg, world->arena, bytes_of(salt, sizeof salt),
                        DIGEST_SHA256, DIGEST_SHA256, 1000));
    cbs = cbs_of(client->header.protection_alg);
    must(mac_parse(&client->mac, &cbs));
    client->header.sender_kid = world->reference;
    must(name_build(&name, world->arena, (const char *const[]){"CN", "station-1", NULL}) &&
         pki_directory_name(&client->header.sender, world->arena, name));
}

void client_init(struct client *client, struct world *world, int mac)
{
    memset(client, 0, sizeof *client);
    client->world = world;
    client->tmpl.version = -1;
    client->key = private_key_generate(KEY_P256, 0);
    random_bytes(client->transaction_id, sizeof client->transaction_id);
    random_bytes(client->nonce, sizeof client->nonce);
    client->header.pvno = PKI_CMP2000;
    client->header.recipient = world->ca.sender;
    client->header.transaction_id = bytes_of(client->transaction_id, sizeof client->transaction_id);
    client->header.sender_nonce = bytes_of(client->nonce, sizeof client->nonce);
    must(name_build(&client->subject, world->arena,
                    (const char *const[]){"O", "Operator", "CN", "gnb-1", NULL}));
    if (mac)
        use_secret(client);
    else
        client_sign_by(client, &world->device, &world->vendor_ca.cert_der, 1);
}

void client_cleanup(struct client *client)
{
    private_key_free(client->key);
    client->key = NULL;
}

static struct bytes pkcs10_body(struct client *client)
{
    struct world *world = client->world;
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client->key));
    struct bytes info, body;
    CBB cbb, sequence;

    must(CBB_init(&cbb, 256));
    must(der_finish(&info, world->arena, &cbb,
                    CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_int64(&sequence, 0) &&
                        der_add_bytes(&sequence, client->subject) &&
                        der_add_bytes(&sequence, private_key_spki(client->key)) &&
                        der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0,
                                       bytes_of(NULL, 0))));
    must(CBB_init(&cbb, 256));
    must(der_finish(
        &body, world->arena, &cbb,
        CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, info) &&
            der_add_bytes(&sequence, algorithm->encoded) &&
            der_add_bit_string(&sequence, client_signature(client, client->key, algorithm, info))));
    return body;
}

struct bytes client_body(struct client *client, int body_type)
{
    static const uint8_t san_oid[] = {0x55, 0x1d, 0x11};
    struct world *world = client->world;
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client->key));
    struct cert_request asked = {.cert_req_id = client->cert_req_id,
                                 .tmpl = client->tmpl,
                                 .old_cert_issuer = client->old_cert_issuer,
                                 .old_cert_serial = client->old_cert_serial};
    struct bytes request, body;

    if (body_type == PKI_P10CR)
        return pkcs10_body(client);
    asked.tmpl.subject = client->subject;
    asked.tmpl.spki = private_key_spki(client->key);
    if (client->san.len != 0)
        asked.tmpl.extensions[asked.tmpl.extension_count++] =
            (struct certificate_extension){.oid = bytes_of(san_oid, sizeof san_oid), .value = client->san};
    must(pki_encode_cert_request(&request, world->arena, &asked));
    must(pki_encode_cert_requests(&body, world->arena, request, algorithm->encoded,
                                  client_signature(client, client->key, algorithm, request)));
    return body;
}

struct bytes client_message(struct client *client, int body_type, struct bytes body)
{
    struct world *world = client->world;
    struct bytes part, protection, message;
    uint8_t mac[DIGEST_MAX];
    struct mac_key key;

    must(pki_encode_protected_part(&part, world->arena, &client->header, body_type, body));
    if (client->signer != NULL) {
        protection = client_signature(client, client->signer->key, client->algorithm, part);
    } else {
        must(mac_derive(&key, &client->mac, client->secret));
        protection = bytes_of(mac, mac_apply(mac, &client->mac, &key, part));
    }
    must(pki_encode_message(&message, world->arena, part, protection, client->extra_certs,
                            client->extra_cert_count));
    return message;
}

struct bytes client_nest(struct client *client, const struct bytes *messages, size_t count)
{
    struct bytes body;

    must(pki_encode_nested(&body, client->world->arena, messages, count));
    return client_message(client, PKI_NESTED, body);
}

struct bytes client_add_protection(struct client *client, struct bytes message)
{
    struct pki_message in;

    must(pki_message_decode(&in, NULL, message) != PKI_UNREADABLE);
    client->header.transaction_id = in.header.transaction_id;
    client->header.sender_nonce = in.header.sender_nonce;
    return client_nest(client, &message, 1);
}

struct bytes client_request(struct client *client, int body_type)
{
    return client_message(client, body_type, client_body(client, body_type));
}

void client_adopt(struct client *client, const struct answer *answer, struct ctl_identity *out)
{
    struct world *world = client->world;

    *out = (struct ctl_identity){.key = client->key, .cert_der = arena_copy(world->arena, answer->cert.der)};
    must(certificate_parse(&out->cert, out->cert_der));
    must((client->key = private_key_generate(KEY_P256, 0)) != NULL);
    random_bytes(client->transaction_id, sizeof client->transaction_id);
    random_bytes(client->nonce, sizeof client->nonce);
    client->header.recip_nonce = bytes_of(NULL, 0);
    client_sign_by(client, out, &world->issuing.cert_der, 1);
}

struct bytes client_revoke(struct client *client, const struct certificate *cert, int64_t reason)
{
    struct bytes body;

    must(pki_encode_rev_req(&body, client->world->arena, cert->issuer, cert->serial, reason));
    return client_message(client, PKI_RR, body);
}

void client_next(struct client *client, const struct answer *answer)
{
    random_bytes(client->nonce, sizeof client->nonce);
    client->header.recip_nonce = arena_copy(client->world->arena, answer->message.header.sender_nonce);
    client->header.implicit_confirm = 0;
}

struct bytes client_confirm(struct client *client, const struct answer *answer, int64_t status)
{
    uint8_t hash[DIGEST_MAX];
    struct cert_status entry = {
        .cert_req_id = answer->response.cert_req_id, .has_status = status >= 0, .status = {.status = status}};
    struct bytes body;

    entry.cert_hash =
        bytes_of(hash, digest_compute(hash, answer->cert.algorithm->cert_hash, answer->cert.der));
    must(pki_encode_cert_conf(&body, client->world->arena, &entry));
    client_next(client, answer);
    return client_message(client, PKI_CERTCONF, body);
}
