#include "tests/support/reseal.h"

#include "tests/support/must.h"

enum { ITERATIONS_MAX = 20000 };

static struct der_node *find(struct der_node *from, const char *path)
{
    struct der_node **link = der_tree_find(&from, path);

    return link != NULL ? *link : NULL;
}

/* The content of a BIT STRING without unused bits. */
static struct bytes bits_of(struct arena *arena, struct bytes octets)
{
    uint8_t *out = arena_alloc(arena, 1 + octets.len);

    must(out != NULL);
    if (octets.len != 0)
        memcpy(out + 1, octets.data, octets.len);
    return bytes_of(out, 1 + octets.len);
}

static void sign_over(struct client *client, const struct der_node *covered, struct der_node *signature)
{
    struct world *world = client->world;
    struct bytes message = der_tree_write(world->arena, covered);

    signature->children = NULL;
    signature->content =
        bits_of(world->arena, client_signature(client, client->key,
                                               signature_for_key(private_key_kind(client->key)), message));
}

void reseal_pop(struct client *client, struct der_node *message)
{
    const struct der_node *body = find(message, "1");
    struct der_node *covered, *signature;

    if (body == NULL || (body->tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC)
        return;
    switch (body->tag & CBS_ASN1_TAG_NUMBER_MASK) {
    case PKI_P10CR:
        covered = find(message, "1/0/0");
        signature = find(message, "1/0/2");
        break;
    case PKI_IR:
    case PKI_CR:
    case PKI_KUR:
    case PKI_CCR:
        covered = find(message, "1/0/0/0");
        signature = find(message, "1/0/0/[1]/1");
        break;
    default:
        return;
    }
    if (covered != NULL && signature != NULL && signature->tag == CBS_ASN1_BITSTRING)
        sign_over(client, covered, signature);
}

static struct bytes signature_of(struct client *client, struct bytes named, struct bytes part)
{
    CBS cbs = cbs_of(named);
    const struct signature_algorithm *algorithm = signature_parse(&cbs);

    if (algorithm == NULL || !signature_fits(algorithm, private_key_kind(client->signer->key)))
        algorithm = client->algorithm;
    return client_signature(client, client->signer->key, algorithm, part);
}

static struct bytes mac_of(struct client *client, struct bytes named, struct bytes part)
{
    uint8_t *out = arena_alloc(client->world->arena, DIGEST_MAX);
    struct mac_algorithm mac;
    struct mac_key key;
    CBS cbs = cbs_of(named);

    if (!mac_parse(&mac, &cbs) || mac.iterations > ITERATIONS_MAX)
        mac = client->mac;
    must(out != NULL && mac_derive(&key, &mac, client->secret));
    return bytes_of(out, mac_apply(out, &mac, &key, part));
}

void reseal_protection(struct client *client, struct der_node *message)
{
    static const CBS_ASN1_TAG field = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    struct arena *arena = client->world->arena;
    struct der_node *header = find(message, "0"), *body = find(message, "1"), **at, *protection, *bits;
    struct bytes named = bytes_of(NULL, 0), part;
    const struct der_node *algorithm;
    struct der_node covered = {.tag = CBS_ASN1_SEQUENCE}, copies[2];

    if (header == NULL || body == NULL)
        return;
    if ((algorithm = find(message, "0/[1]/0")) != NULL)
        named = der_tree_write(arena, algorithm);
    copies[0] = *header;
    copies[1] = *body;
    copies[0].next = &copies[1];
    copies[1].next = NULL;
    covered.children = copies;
    part = der_tree_write(arena, &covered);

    at = &body->next; /* where a protection stands, or is missing */
    protection = der_tree_raw(arena, bytes_of(NULL, 0));
    bits = der_tree_raw(arena, bits_of(arena, client->signer != NULL ? signature_of(client, named, part)
                                                                     : mac_of(client, named, part)));
    bits->tag = CBS_ASN1_BITSTRING;
    protection->tag = field | 0;
    protection->children = bits;
    protection->next = *at != NULL && (*at)->tag == protection->tag ? (*at)->next : *at;
    *at = protection;
}
