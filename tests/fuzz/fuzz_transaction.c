/* Whole transactions against the protocol core. The input is a script: who sends which message of which
 * transaction, what is changed in the tree of its elements, and how the store fails. Proof of possession and
 * protection are made after the changes, so that most of them get past. What must hold of the answer
 * (world_send) and of the store is checked after each message; at the end of a run a table tells how far the
 * messages came. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/pki/confirmation.h"
#include "server/pki/response.h"
#include "tests/support/der_text.h"
#include "tests/support/issue.h"
#include "tests/support/mirror.h"
#include "tests/support/reseal.h"

enum {
    MESSAGES_MAX = 6, /* of a script */
    NODES_MAX = 1024,
    REQUEST_MAX = 32 * 1024,
    ITERATIONS_MAX = 300, /* of a MAC */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the script ---- */

struct script {
    const uint8_t *at, *end;
};

static unsigned next(struct script *script)
{
    return script->at < script->end ? *script->at++ : 0;
}

/* ---- who sends ---- */

enum { WITH_SECRET, WITH_PBMAC1, AS_DEVICE, AS_OWN, AS_RA, SENDERS };

struct session {
    struct client client;
    struct answer last;  /* that had a certificate; its arena is NULL before */
    struct bytes octets; /* of the last message */
};

static struct world *world;
static struct client templates[SENDERS];
static struct session sessions[SENDERS];
static struct ctl_identity own, ra;
static struct trust ra_trust;
static struct world_cert own_cert;
static struct world_tx own_tx;

/* Elements that mean something somewhere. */
static const char *const dictionary_text[] = {
    "02{00}",
    "02{01}",
    "02{02}",
    "02{03}",
    "02{ff}",
    "02{7fffffffffffffff}",
    "05{}",
    "01{ff}",
    "0c{'test'}",
    "04{}",
    "04{00}",
    "03{00}",
    "30{}",
    "31{}",
    "a4{30{}}",
    "a0{18{'20270115080000Z'}}",
    "a0{18{'20270115090000Z'}}",
    "18{'20270115080000Z'}",
    "17{'270115080000Z'}",
    "a2{04{'station-1'}}",
    "a6{04{00000000000000000000000000000000}}",
    "a7{30{0c{'text'}}}",
    "a8{30{30{(1.3.6.1.5.5.7.4.13) 05{}}}}",
    "30{(1.3.6.1.5.5.7.4.13) 05{}}",
    "30{(1.3.6.1.5.5.7.4.13)}",
    "30{(1.3.6.1.5.5.7.4.14) 18{'20270115090000Z'}}",
    "30{(1.3.6.1.5.5.7.4.21) 30{0c{'other'}}}",
    "30{(1.3.6.1.5.5.7.4.21) 30{0c{}}}",
    "30{(1.2.840.10045.4.3.2)}",
    "30{(1.2.840.10045.4.3.3)}",
    "30{(2.16.840.1.101.3.4.2.1)}",
    "30{(2.16.840.1.101.3.4.2.2) 05{}}",
    "30{(1.2.840.113549.2.9)}",
    "30{(1.3.14.3.2.26)}",
    "30{(1.2.840.113549.1.1.11) 05{}}",
    "30{(1.3.101.112)}",
    "80{02}",
    "81{05}",
    "a2{(1.2.840.10045.4.3.2)}",
    "a3{30{}}",
    "a4{a0{17{'270115080000Z'}}}",
    "a5{30{}}",
    "87{00}",
    "88{00}",
    "a9{30{(2.5.29.17) 04{30{82{'gnb'}}}}}",
    "a9{30{(2.5.29.15) 01{ff} 04{03{0780}}}}",
    "80{}",
    "a2{81{00}}",
    "a0{a0{30{}}}",
    "30{30{(1.3.6.1.5.5.7.5.1.5) 30{a4{30{}} 02{01}}}}",
    "30{02{00}}",
    "30{02{02}}",
    "30{02{02} 30{0c{'no'}} 03{0780}}",
    "a0{30{(2.16.840.1.101.3.4.2.1)}}",
    "30{30{(2.5.29.21) 04{0a{01}}}}",
    "30{30{(2.5.29.21) 04{0a{06}}}}",
    "30{(2.5.29.21) 04{0a{08}}}",
    "30{(1.2.840.113549.1.9.14) 31{30{30{(2.5.29.17) 04{30{82{'gnb'}}}}}}}",
};

enum { WORDS = sizeof dictionary_text / sizeof dictionary_text[0] };

static struct der_node *dictionary[WORDS];

/* ---- how far they came ---- */

static struct {
    unsigned long sent, whole, authenticated, granted, confirmed, revoked, again, refused;
} came[PKI_BODY_COUNT + 1]; /* the last: of no known type */
static unsigned long executions;

static void tell(void)
{
    fprintf(stderr, "%lu transactions\n%-10s %11s %11s %11s %10s %10s %10s %10s %11s\n", executions, "body",
            "sent", "decoded", "past prot.", "granted", "confirmed", "revoked", "again", "refused");
    for (int body = 0; body <= PKI_BODY_COUNT; body++)
        if (came[body].sent != 0)
            fprintf(stderr, "%-10s %11lu %11lu %11lu %10lu %10lu %10lu %10lu %11lu\n", pki_body_name(body),
                    came[body].sent, came[body].whole, came[body].authenticated, came[body].granted,
                    came[body].confirmed, came[body].revoked, came[body].again, came[body].refused);
}

static void stop(void)
{
    mirror_free(world->mirror);
    tell();
}

/* ---- set up, once ---- */

static void point_to_itself(struct client *client)
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
    own_cert = world->certs[0];
    own_tx = world->txs[0];
    world->rows = rows;
}

static void start(void)
{
    world = world_new(KEY_P256);
    world->config.mac.iterations_max = world->other_config.mac.iterations_max = ITERATIONS_MAX;
    for (int i = 0; i < SENDERS; i++) {
        client_init(&templates[i], world, i == WITH_SECRET || i == WITH_PBMAC1);
        memset(templates[i].transaction_id, i, sizeof templates[i].transaction_id);
        memset(templates[i].nonce, 0x80 | i, sizeof templates[i].nonce);
    }
    use_mac(&templates[WITH_SECRET], 0);
    use_mac(&templates[WITH_PBMAC1], 1);
    make_own_certificate();
    memset(templates[AS_OWN].transaction_id, SENDERS, sizeof templates[AS_OWN].transaction_id);
    issue_ra(world, &ra, &ra_trust);
    client_sign_by(&templates[AS_RA], &ra, &world->vendor_ca.cert_der, 1);
    for (size_t i = 0; i < WORDS; i++)
        dictionary[i] =
            der_tree_parse(world->arena, der_text(world->arena, dictionary_text[i], bytes_of(NULL, 0)));
    atexit(stop);
}

/* ---- changes ---- */

struct nodes {
    struct der_node **links[NODES_MAX];
    size_t count;
};

static void collect(struct nodes *nodes, struct der_node **link)
{
    for (; *link != NULL && nodes->count < NODES_MAX; link = &(*link)->next) {
        nodes->links[nodes->count++] = link;
        collect(nodes, &(*link)->children);
    }
}

/* A node of the header, of the body, or of the whole message: certificates would outnumber all else. */
static struct der_node **choose(struct script *script, struct der_node **message)
{
    unsigned area = next(script), place = next(script);
    struct nodes nodes = {.count = 0};
    struct der_node **part = area % 8 < 3   ? der_tree_find(message, "0")
                             : area % 8 < 7 ? der_tree_find(message, "1")
                                            : NULL;

    collect(&nodes, part != NULL ? &(*part)->children : &(*message)->children);
    if (nodes.count == 0)
        return message;
    return nodes.links[(place | (area & 0xf8) << 5) % nodes.count];
}

static uint8_t *own_content(struct der_node *node, size_t room)
{
    struct arena *arena = world->arena;
    uint8_t *copy = arena_alloc(arena, node->content.len + room);

    must(copy != NULL);
    if (node->content.len != 0)
        memcpy(copy, node->content.data, node->content.len);
    node->content.data = copy;
    return copy;
}

static struct der_node *word(struct script *script)
{
    return der_tree_copy(world->arena, dictionary[next(script) % WORDS]);
}

static void put_before(struct der_node **link, struct der_node *node)
{
    node->next = *link;
    *link = node;
}

static void replace(struct der_node **link, struct der_node *node)
{
    node->next = (*link)->next;
    *link = node;
}

static void wrap(struct der_node **link, CBS_ASN1_TAG tag)
{
    struct der_node *outside = der_tree_raw(world->arena, bytes_of(NULL, 0)), *inside = *link;

    outside->tag = tag;
    replace(link, outside);
    inside->next = NULL;
    outside->children = inside;
}

static void change_content(struct script *script, struct der_node *node, unsigned how)
{
    uint8_t *octets;
    size_t len;

    if (node->children != NULL)
        return;
    switch (how) {
    case 0:
        octets = own_content(node, 0);
        len = next(script);
        if (node->content.len != 0)
            octets[len % node->content.len] ^= (uint8_t)(next(script) | 1);
        break;
    case 1:
        if (node->content.len != 0)
            node->content.len--;
        break;
    case 2:
        octets = own_content(node, 1);
        octets[node->content.len++] = (uint8_t)next(script);
        break;
    case 3:
        len = next(script) % 20;
        node->content.len = 0;
        octets = own_content(node, len);
        for (size_t i = 0; i < len; i++)
            octets[i] = (uint8_t)next(script);
        node->content.len = len;
        break;
    default:
        node->content.len = 0;
    }
}

static void change(struct script *script, struct der_node **message)
{
    unsigned how = next(script);
    struct der_node **link = choose(script, message), *other;

    switch (how % 16) {
    case 0:
    case 1:
        *link = (*link)->next;
        if (*message == NULL)
            *message = der_tree_raw(world->arena, bytes_of(NULL, 0));
        break;
    case 2:
        put_before(link, der_tree_copy(world->arena, *link));
        break;
    case 3:
        if ((other = (*link)->next) != NULL) {
            (*link)->next = other->next;
            other->next = *link;
            *link = other;
        }
        break;
    case 4:
        replace(link, der_tree_copy(world->arena, *choose(script, message)));
        break;
    case 5:
        put_before(link, der_tree_copy(world->arena, *choose(script, message)));
        break;
    case 6:
        replace(link, word(script));
        break;
    case 7:
    case 8:
        put_before(link, word(script));
        break;
    case 9:
        if (((*link)->tag & CBS_ASN1_CONSTRUCTED) != 0) {
            for (link = &(*link)->children; *link != NULL;)
                link = &(*link)->next;
            put_before(link, word(script));
        }
        break;
    case 10:
    case 11:
        change_content(script, *link, next(script) % 5);
        break;
    case 12:
        (*link)->tag =
            (CBS_ASN1_TAG)next(script) << CBS_ASN1_TAG_SHIFT & ~(CBS_ASN1_TAG)CBS_ASN1_TAG_NUMBER_MASK;
        (*link)->tag |= next(script) % 31;
        break;
    case 13:
        (*link)->form = next(script) % 2 == 0 ? DER_LONG : DER_INDEFINITE;
        break;
    case 14:
        (*link)->children = NULL;
        break;
    default:
        wrap(link,
             (next(script) & 1) != 0 ? CBS_ASN1_SEQUENCE : CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED);
    }
}

/* ---- messages ---- */

static struct bytes revocation(struct client *client, unsigned which)
{
    const struct certificate *cert = &own.cert;

    for (int i = 0; i < SENDERS; i++)
        if ((which >> 4) % 8 == (unsigned)i && sessions[i].last.arena != NULL)
            cert = &sessions[i].last.cert;
    return client_revoke(client, cert, (int64_t)(which % 16) - 1);
}

static struct bytes confirmation(struct session *session, unsigned which)
{
    static const uint8_t zeros[32];
    const struct cert_status entry = {.cert_hash = bytes_of(zeros, sizeof zeros)};
    struct bytes body;

    if (session->last.arena != NULL)
        return client_confirm(&session->client, &session->last, (int64_t)(which % 4) - 1);
    must(pki_encode_cert_conf(&body, world->arena, &entry));
    return client_message(&session->client, PKI_CERTCONF, body);
}

static struct bytes failure(struct session *session)
{
    const struct pki_status_info status = {.status = PKI_REJECTION, .text = bytes_str("no")};
    struct bytes body;

    must(pki_encode_error(&body, world->arena, &status));
    if (session->last.arena != NULL)
        client_next(&session->client, &session->last);
    return client_message(&session->client, PKI_ERROR, body);
}

static void begin_transaction(struct session *session)
{
    session->client.transaction_id[15]++;
    session->client.header.recip_nonce = bytes_of(NULL, 0);
    if (session->last.arena != NULL)
        answer_free(&session->last);
    session->last.arena = NULL;
}

enum { FRESH = 0x80, IMPLICIT = 0x40, CMP2021 = 0x20, MOST_LIKELY = 0x10, KINDS = 0x0f };

/* What is asked for is in the low bits of |kind|; |which| is of what. */
static struct bytes build(struct session *session, unsigned kind, unsigned which)
{
    static const int requests[] = {PKI_IR, PKI_CR, PKI_P10CR, PKI_KUR};

    session->client.header.implicit_confirm = (kind & IMPLICIT) != 0;
    session->client.header.pvno = (kind & CMP2021) != 0 ? PKI_CMP2021 : PKI_CMP2000;
    switch (kind & KINDS) {
    case 4:
    case 5:
        return revocation(&session->client, which);
    case 6:
    case 7:
    case 8:
        return confirmation(session, which);
    case 9:
        return failure(session);
    case 10:
        return client_message(&session->client, (int)which % PKI_BODY_COUNT,
                              der_tree_write(world->arena, dictionary[which % WORDS]));
    default:
        return client_request(&session->client, requests[kind % 4]);
    }
}

/* The message of the next lines of the script; one in sixteen is what this sender sent before. */
static struct bytes compose(struct script *script, struct session *session, unsigned kind)
{
    static const unsigned often[8] = {0, 0, 1, 1, 1, 2, 2, 3};
    unsigned how = next(script), changes;
    struct der_node *message;

    if (how % 16 == 15 && session->octets.len != 0)
        return session->octets;
    if ((kind & FRESH) != 0)
        begin_transaction(session);
    message = der_tree_parse(world->arena, build(session, kind, next(script)));
    changes = often[next(script) % 8];
    for (unsigned i = 0; i < changes; i++)
        change(script, &message);
    if (how % 8 != 7)
        reseal_pop(&session->client, message);
    if ((how & 0x60) == 0x60)
        change(script, &message); /* under a protection that is right, over a proof that need not be */
    if (how % 16 != 14)
        reseal_protection(&session->client, message);
    if ((how & 0xf0) == 0xf0)
        change(script, &message);
    session->octets = der_tree_write(world->arena, message);
    return session->octets;
}

/* ---- what must hold ---- */

struct before {
    size_t txs, certs;
    enum store_tx_state tx[WORLD_ROWS];
    enum store_cert_status cert[WORLD_ROWS];
};

static struct before look(void)
{
    struct before out = {.txs = world->tx_count, .certs = world->cert_count};

    for (size_t i = 0; i < out.txs; i++)
        out.tx[i] = world->txs[i].row.state;
    for (size_t i = 0; i < out.certs; i++)
        out.cert[i] = world->certs[i].row.status;
    return out;
}

static int may_become(enum store_cert_status from, enum store_cert_status to)
{
    return from == to || (from == STORE_CERT_UNCONFIRMED && to != STORE_CERT_UNCONFIRMED) ||
           (from == STORE_CERT_VALID && (to == STORE_CERT_REVOKED || to == STORE_CERT_HOLD)) ||
           (from == STORE_CERT_HOLD && to == STORE_CERT_REVOKED);
}

/* Returns how many rows changed: |messages| of them came. */
static unsigned check_changes(const struct before *before, size_t messages)
{
    unsigned changes = 0;

    must(world->tx_count - before->txs <= messages && world->cert_count - before->certs <= messages);
    must(world->cert_count - before->certs <= world->tx_count - before->txs);
    for (size_t i = 0; i < before->certs; i++) {
        must(may_become(before->cert[i], world->certs[i].row.status));
        changes += before->cert[i] != world->certs[i].row.status;
    }
    for (size_t i = 0; i < before->txs; i++) {
        must(before->tx[i] == world->txs[i].row.state || before->tx[i] == STORE_TX_WAIT_CONFIRM);
        changes += before->tx[i] != world->txs[i].row.state;
    }
    return changes + (unsigned)(world->tx_count - before->txs);
}

static void check(const struct answer *answer, const struct before *before, int disturbed)
{
    int is_batch = answer->body == PKI_NESTED;
    unsigned changes = check_changes(before, is_batch ? answer->inner_count : 1);
    const struct store_cert *cert;

    world_check(world);
    must(changes == 0 || answer->authenticated);
    must(answer->result.refused || answer->has_cert || answer->body == PKI_PKICONF ||
         answer->body == PKI_RP || answer->body == PKI_GENP || is_batch);
    must(!answer->has_cert || !answer->result.refused);
    /* Whoever is refused gets nothing, and whoever gets something is in the store with it. */
    if (world->cert_count != before->certs && !disturbed && !is_batch)
        must(answer->has_cert && bytes_equal(world->certs[before->certs].row.certificate, answer->cert.der));
    if (answer->has_cert) {
        must((cert = world_cert_of(world, answer->cert.serial)) != NULL);
        must(bytes_equal(cert->certificate, answer->cert.der));
    }
}

static void count(const struct answer *answer, const struct before *before, struct bytes octets)
{
    struct pki_message in;
    enum pki_decoded decoded = pki_message_decode(&in, NULL, octets);
    int body = in.body_type >= 0 && in.body_type < PKI_BODY_COUNT ? in.body_type : PKI_BODY_COUNT;

    came[body].sent++;
    came[body].whole += decoded == PKI_WHOLE;
    came[body].authenticated += (unsigned)answer->authenticated;
    came[body].granted += world->cert_count != before->certs;
    came[body].refused += (unsigned)answer->result.refused;
    came[body].again += answer->result.event != NULL && strcmp(answer->result.event, "answered again") == 0;
    for (size_t i = 0; i < before->certs; i++) {
        enum store_cert_status now = world->certs[i].row.status;
        came[body].confirmed += now != before->cert[i] && now == STORE_CERT_VALID;
        came[body].revoked += now != before->cert[i] && now != STORE_CERT_VALID;
    }
}

/* ---- one script ---- */

/* Most messages find a store that works. */
static int disturb(unsigned how)
{
    world->fail_fetch_at = world->fail_commit_at = 0;
    world->fetches_seen = world->commits_seen = 0;
    world->keys_unavailable = world->decide_refuses = world->decide_modifies = 0;
    world->unknown_was_done = 0;
    switch (how >> 4) {
    case 15:
        world->fail_fetch_at = 1 + how % 4;
        return 1;
    case 14:
    case 13:
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNKNOWN;
        world->unknown_was_done = how >> 4 == 14;
        if (how % 4 == 0)
            world->fail_fetch_at = 1 + how / 4 % 4;
        return 1;
    case 12:
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNAVAILABLE;
        return 1;
    case 11:
        world->keys_unavailable = 1;
        return 1;
    case 10:
        world->decide_refuses = how % 2 == 0;
        world->decide_modifies = how % 2 != 0;
        return 0;
    default:
        return 0;
    }
}

static struct answer send_octets(struct bytes octets, int disturbed)
{
    struct before before = look();
    struct answer answer = world_send(world, octets);

    check(&answer, &before, disturbed);
    count(&answer, &before, octets);
    return answer;
}

/* Half of the messages that make no sense but after another, or from another, come so. */
static struct session *most_likely(struct session *session, unsigned kind)
{
    unsigned what = kind & KINDS;

    if ((kind & MOST_LIKELY) == 0)
        return session;
    if ((what >= 11 || what < 4) && what % 4 == 3)
        return &sessions[AS_OWN];
    if ((what == 4 || what == 5) && session != &sessions[AS_RA])
        return &sessions[AS_OWN];
    if (what >= 6 && what <= 9 && session->last.arena == NULL) {
        session->client.header.implicit_confirm = 0;
        disturb(0);
        session->last = send_octets(client_request(&session->client, PKI_IR), 0);
        if (!session->last.has_cert) {
            answer_free(&session->last);
            session->last.arena = NULL;
        }
    }
    return session;
}

enum { ADDED = 6, BATCH = 7, WAYS = 8 }; /* half a dozen of the ways are alone */

/* What an RA makes of |octets|: it adds its protection, or sends them with what another has sent before (RFC
 * 9483 5.2.2). A message whose header cannot be read has no protection added. */
static struct bytes relay(struct bytes octets, unsigned way)
{
    static const uint8_t own_id[16] = {0xba}, own_nonce[16] = {0xbb};
    struct client *client = &templates[AS_RA];
    struct bytes messages[1 + SENDERS] = {octets};
    struct pki_message in;
    size_t count = 1;

    client->header.recip_nonce = bytes_of(NULL, 0);
    if (way == ADDED && pki_message_decode(&in, NULL, octets) != PKI_UNREADABLE)
        return client_add_protection(client, octets);
    for (size_t i = 0; i < SENDERS; i++)
        if (sessions[i].octets.len != 0)
            messages[count++] = sessions[i].octets;
    client->header.transaction_id = bytes_of(own_id, sizeof own_id);
    client->header.sender_nonce = bytes_of(own_nonce, sizeof own_nonce);
    return client_nest(client, messages, count);
}

static void send(struct script *script)
{
    unsigned who = next(script), way = who / SENDERS % WAYS;
    struct session *session = &sessions[who % SENDERS];
    unsigned fault = next(script), kind = next(script);
    struct bytes octets;
    struct answer answer;
    int disturbed;

    session = most_likely(session, kind);
    octets = compose(script, session, kind);
    if (octets.len > REQUEST_MAX)
        return;
    if (way == ADDED || way == BATCH)
        octets = relay(octets, way);
    disturbed = disturb(fault);
    answer = send_octets(octets, disturbed);
    if (answer.has_cert && session->last.arena == NULL)
        session->last = answer;
    else
        answer_free(&answer);
}

static void open_world(unsigned traits)
{
    world_forget(world);
    world->certs[world->cert_count++] = own_cert;
    world->txs[world->tx_count++] = own_tx;
    world->config.accept.header = (traits & 1) != 0 ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
    world->secrets[0].row.reusable = (traits & 2) == 0;
    world->config.keys.unique = (traits & 4) != 0;
    world->config.confirm.implicit = (traits & 8) == 0;
    world->config.keys.same_in_update = (traits & 16) != 0;
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        world->config.tolerances.until[i] = (traits & 32) != 0 ? TOLERANCE_NO_END : 0;
    world->profile.ras = (traits & 64) != 0 ? NULL : &ra_trust;
    world->config.mac.allowed = (traits & 128) == 0;
    for (int i = 0; i < SENDERS; i++) {
        sessions[i] = (struct session){.client = templates[i]};
        point_to_itself(&sessions[i].client);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct script script = {data, data + size};
    struct arena *before;

    if (world == NULL)
        start();
    executions++;
    before = world->arena;
    world->arena = arena_new(16 * 1024 * 1024); /* what the clients make goes with the script */
    open_world(next(&script));
    for (int i = 0; i < MESSAGES_MAX && script.at < script.end; i++)
        send(&script);
    for (int i = 0; i < SENDERS; i++)
        if (sessions[i].last.arena != NULL)
            answer_free(&sessions[i].last);
    arena_free(world->arena);
    world->arena = before;
    return 0;
}
