/* What a step wants: items in the arena, listed for whoever serves them. */
#include "crypto/random.h"
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

void *cmp_alloc(struct cmp_message *m, size_t size)
{
    void *room = arena_alloc(m->arena, size);

    m->starved |= room == NULL;
    return room;
}

static struct cmp_want *add(struct cmp_message *m, enum cmp_want_kind kind)
{
    struct cmp_want *want = cmp_alloc(m, sizeof *want);

    if (want == NULL)
        return NULL;
    want->kind = kind;
    *m->wants_tail = want;
    m->wants_tail = &want->next;
    return want;
}

struct store_fetch *cmp_want_row(struct cmp_message *m, const struct cmp_authority *ca, enum store_kind kind,
                                 struct bytes key)
{
    struct store_fetch *fetch = cmp_alloc(m, sizeof *fetch);
    struct cmp_want *want = add(m, CMP_WANT_FETCH);

    if (fetch == NULL || want == NULL)
        return NULL;
    fetch->kind = kind;
    fetch->issuer = bytes_of(ca->id, STORE_ISSUER_ID);
    fetch->key = key;
    fetch->arena = m->arena;
    return want->u.fetch = fetch;
}

struct signing *cmp_want_signature(struct cmp_message *m, const struct signature_algorithm *algorithm,
                                   const struct private_key *key, struct bytes message)
{
    struct signing *sign = cmp_alloc(m, sizeof *sign);
    uint8_t *room = cmp_alloc(m, private_key_signature_max(key));
    struct cmp_want *want = add(m, CMP_WANT_SIGN);

    if (sign == NULL || room == NULL || want == NULL)
        return NULL;
    sign->algorithm = algorithm;
    sign->key = key;
    sign->message = message;
    sign->signature = room;
    return want->u.sign = sign;
}

struct store_unit *cmp_want_unit(struct cmp_message *m)
{
    struct store_unit *unit = cmp_alloc(m, sizeof *unit);
    struct cmp_want *want = add(m, CMP_WANT_COMMIT);

    if (unit == NULL || want == NULL)
        return NULL;
    return want->u.commit = unit;
}

struct cmp_decision *cmp_want_decision(struct cmp_message *m)
{
    struct cmp_decision *decision = cmp_alloc(m, sizeof *decision);
    struct cmp_want *want = add(m, CMP_WANT_DECIDE);

    if (decision == NULL || want == NULL)
        return NULL;
    return want->u.decide = decision;
}

struct cmp_question *cmp_want_question(struct cmp_message *m)
{
    struct cmp_question *question = cmp_alloc(m, sizeof *question);
    struct cmp_want *want = add(m, CMP_WANT_ASK);

    if (question == NULL || want == NULL)
        return NULL;
    return want->u.ask = question;
}

void cmp_want_admission(struct cmp_message *m, struct cmp_admission *item)
{
    struct cmp_want *want = add(m, CMP_WANT_ADMIT);

    if (want != NULL)
        want->u.admit = item;
}

void cmp_want_verification(struct cmp_message *m, struct verification *item)
{
    struct cmp_want *want = add(m, CMP_WANT_VERIFY);

    if (want != NULL)
        want->u.verify = item;
}

void cmp_want_mac(struct cmp_message *m, const struct mac_algorithm *algorithm, struct mac_key *key)
{
    struct cmp_mac *mac = cmp_alloc(m, sizeof *mac);
    struct cmp_want *want = add(m, CMP_WANT_MAC);

    if (mac == NULL || want == NULL)
        return;
    mac->algorithm = algorithm;
    mac->secret = m->secret;
    mac->key = key;
    want->u.mac = mac;
}

/* Of the same secret the whole has derived it: a part has the protection of that. */
static int is_derived(const struct cmp_message *m)
{
    const struct cmp_message *whole = m->whole;

    return whole != NULL && whole->mac_key != NULL && whole->mac_key->len != 0 &&
           whole->secret.len == m->secret.len &&
           secret_equal(whole->secret.data, m->secret.data, m->secret.len);
}

void cmp_want_protecting_mac(struct cmp_message *m)
{
    if (m->mac_key == NULL)
        m->starved |= (m->mac_key = secret_alloc(sizeof *m->mac_key)) == NULL;
    if (m->mac_key != NULL && is_derived(m)) {
        *m->mac_key = *m->whole->mac_key;
        return;
    }
    cmp_want_mac(m, &m->mac, m->mac_key);
}
