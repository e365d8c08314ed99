/* agreement COUNT SEED: COUNT random signatures for each of P-256 and P-384, made by all engines in turn,
 * half of them damaged in one of the ways below, verified by every engine and by the routes in batches of all
 * sizes. Every verdict must be the same, and the one that the damage asks for. Ends with 1 at the first that
 * is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/engine_internal.h"

enum { KEYS = 32, MESSAGE_MAX = 300, SCALAR_MAX = 48 };

/* Each leaves a signature that must be refused (FIPS 186-5 6.4.2). */
enum damage {
    WHOLE,
    OTHER_MESSAGE,
    OTHER_KEY,
    BIT_OF_R,
    BIT_OF_S,
    R_IS_ZERO,
    S_IS_ZERO,
    R_IS_ORDER,
    S_PLUS_ORDER,
    SWAPPED,
    CUT_SHORT,
    DAMAGES
};

static const char *const damage_names[DAMAGES] = {
    "whole",  "another message", "another key",      "a bit of r",      "a bit of s", "r is 0",
    "s is 0", "r is the order",  "s plus the order", "r and s swapped", "cut short",
};

/* Orders: RFC 6979 A.2.5 and A.2.6. */
static const char *const orders[] = {
    [KEY_P256] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    [KEY_P384] =
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
};

static uint64_t state;

/* xorshift64*: what is drawn need not be unpredictable, but repeatable. */
static uint64_t draw(uint64_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d) % below;
}

struct key_pair {
    struct private_key *private;
    struct public_key *public;
};

/* r and s, one octet longer than the order for what overflows it. */
struct numbers {
    uint8_t r[SCALAR_MAX + 1], s[SCALAR_MAX + 1];
    size_t len;
};

static void read_number(uint8_t *out, size_t len, CBS *cbs)
{
    CBS integer;

    if (!CBS_get_asn1(cbs, &integer, CBS_ASN1_INTEGER))
        abort();
    while (CBS_len(&integer) > len)
        CBS_skip(&integer, 1);
    memset(out, 0, len);
    memcpy(out + len - CBS_len(&integer), CBS_data(&integer), CBS_len(&integer));
}

static void take_apart(struct numbers *out, struct bytes signature, enum key_kind kind)
{
    CBS cbs = cbs_of(signature), sequence;

    out->len = strlen(orders[kind]) / 2 + 1;
    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        abort();
    read_number(out->r, out->len, &sequence);
    read_number(out->s, out->len, &sequence);
}

static size_t put_together(uint8_t *out, const struct numbers *numbers)
{
    CBB cbb, sequence;
    size_t len;

    if (!CBB_init_fixed(&cbb, out, SIGNATURE_MAX) || !CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) ||
        !der_add_uint(&sequence, bytes_of(numbers->r, numbers->len)) ||
        !der_add_uint(&sequence, bytes_of(numbers->s, numbers->len)) || !CBB_finish(&cbb, NULL, &len))
        abort();
    return len;
}

static void order_octets(uint8_t *out, enum key_kind kind)
{
    size_t len = strlen(orders[kind]) / 2;

    out[0] = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        if (sscanf(orders[kind] + 2 * i, "%2x", &octet) != 1)
            abort();
        out[i + 1] = (uint8_t)octet;
    }
}

static void add_order(uint8_t *number, enum key_kind kind, size_t len)
{
    uint8_t order[SCALAR_MAX + 1];
    unsigned carry = 0;

    order_octets(order, kind);
    for (size_t i = len; i-- > 0; carry >>= 8) {
        carry += number[i] + (unsigned)order[i];
        number[i] = (uint8_t)carry;
    }
}

/* One signature with what belongs to it. */
struct sample {
    struct verification item;
    struct signing signing;
    uint8_t message[MESSAGE_MAX], signature[SIGNATURE_MAX];
    enum damage damage;
};

static void damage(struct sample *sample, enum key_kind kind, const struct key_pair *keys)
{
    struct numbers numbers, original;
    struct bytes *signature = &sample->item.signature;

    take_apart(&numbers, *signature, kind);
    original = numbers;
    switch (sample->damage) {
    case OTHER_MESSAGE:
        sample->message[draw(sample->item.message.len)] ^= (uint8_t)(1U << draw(8));
        return;
    case OTHER_KEY:
        while (sample->item.key == keys[0].public)
            sample->item.key = keys[draw(KEYS)].public;
        /* Whatever key was drawn before, the first one is another now, or this one is not the first. */
        sample->item.key = sample->signing.key == keys[0].private ? sample->item.key : keys[0].public;
        return;
    case BIT_OF_R:
        numbers.r[1 + draw(numbers.len - 1)] ^= (uint8_t)(1U << draw(8));
        break;
    case BIT_OF_S:
        numbers.s[1 + draw(numbers.len - 1)] ^= (uint8_t)(1U << draw(8));
        break;
    case R_IS_ZERO:
        memset(numbers.r, 0, numbers.len);
        break;
    case S_IS_ZERO:
        memset(numbers.s, 0, numbers.len);
        break;
    case R_IS_ORDER:
        order_octets(numbers.r, kind);
        break;
    case S_PLUS_ORDER:
        add_order(numbers.s, kind, numbers.len);
        break;
    case SWAPPED:
        memcpy(numbers.r, original.s, numbers.len);
        memcpy(numbers.s, original.r, numbers.len);
        break;
    case CUT_SHORT:
        signature->len--;
        return;
    default:
        return;
    }
    signature->len = put_together(sample->signature, &numbers);
}

static void make(struct sample *samples, size_t n, enum key_kind kind, const struct key_pair *keys)
{
    const struct signature_algorithm *algorithm = signature_for_key(kind);
    struct signing *list[ENGINE_LANES_MAX];
    enum engine_id id = (enum engine_id)draw(ENGINE_COUNT);
    int one_key = draw(4) == 0;

    for (size_t i = 0; i < n; i++) {
        struct sample *sample = &samples[i];
        const struct key_pair *pair = &keys[one_key ? 0 : draw(KEYS)];
        size_t len = 1 + draw(MESSAGE_MAX - 1);
        for (size_t j = 0; j < len; j++)
            sample->message[j] = (uint8_t)draw(256);
        sample->signing = (struct signing){.algorithm = algorithm,
                                           .key = pair->private,
                                           .message = bytes_of(sample->message, len),
                                           .signature = sample->signature};
        sample->item = (struct verification){
            .algorithm = algorithm, .key = pair->public, .message = sample->signing.message};
        list[i] = &sample->signing;
    }
    if (engine_usable(id) && draw(4) != 0)
        sign_batch_with(id, list, n);
    else
        sign_batch(list, n);
    for (size_t i = 0; i < n; i++) {
        samples[i].item.signature = bytes_of(samples[i].signature, samples[i].signing.signature_len);
        if (samples[i].signing.signature_len == 0) {
            printf("%s: a signature was not made\n", engine_name(id));
            exit(1);
        }
        samples[i].damage = draw(2) == 0 ? WHOLE : (enum damage)(1 + draw(DAMAGES - 1));
        damage(&samples[i], kind, keys);
    }
}

static void check(struct sample *samples, size_t n, const char *who)
{
    for (size_t i = 0; i < n; i++) {
        if (samples[i].item.valid == (samples[i].damage == WHOLE))
            continue;
        printf("%s: %s, in lane %zu of %zu: %s\n", who, damage_names[samples[i].damage], i, n,
               samples[i].item.valid ? "accepted" : "refused");
        exit(1);
    }
}

static void run(enum key_kind kind, unsigned long count, const struct key_pair *keys)
{
    static struct sample samples[ENGINE_LANES_MAX];
    unsigned long seen[DAMAGES] = {0};

    for (unsigned long done = 0; done < count;) {
        struct verification *list[ENGINE_LANES_MAX];
        size_t n = draw(2) == 0 ? ENGINE_LANES_MAX : 1 + draw(ENGINE_LANES_MAX);
        make(samples, n, kind, keys);
        for (size_t i = 0; i < n; i++) {
            list[i] = &samples[i].item;
            seen[samples[i].damage]++;
        }
        for (int id = 0; id < ENGINE_COUNT; id++)
            if (engine_usable((enum engine_id)id) && engine_offers((enum engine_id)id, kind)) {
                verify_batch_with((enum engine_id)id, list, n);
                check(samples, n, engine_name((enum engine_id)id));
            }
        verify_batch(list, n);
        check(samples, n, "routes");
        done += n;
    }
    printf("%s:", key_algorithm(kind)->name);
    for (int i = 0; i < DAMAGES; i++)
        printf(" %s %lu%s", damage_names[i], seen[i], i + 1 < DAMAGES ? "," : "\n");
}

int main(int argc, char **argv)
{
    char fault[ENGINE_FAULT_MAX];

    if (argc != 3 || !engines_start(fault, NULL, 0))
        return 2;
    state = strtoull(argv[2], NULL, 10) * 2 + 1;
    for (int kind = KEY_P256; kind <= KEY_P384; kind++) {
        struct key_pair keys[KEYS];
        for (size_t i = 0; i < KEYS; i++) {
            keys[i].private = private_key_generate((enum key_kind)kind, 0);
            keys[i].public = public_key_parse(private_key_spki(keys[i].private));
        }
        run((enum key_kind)kind, strtoul(argv[1], NULL, 10), keys);
        for (size_t i = 0; i < KEYS; i++) {
            private_key_free(keys[i].private);
            public_key_free(keys[i].public);
        }
    }
    for (int id = 0; id < ENGINE_COUNT; id++)
        printf("%s: %s\n", engine_name((enum engine_id)id),
               engine_usable((enum engine_id)id) ? "took part" : engine_unusable_why((enum engine_id)id));
    return 0;
}
