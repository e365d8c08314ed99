/* Holds each engine against known answers, and settles who computes for which kind of key. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/internal.h"
#include "crypto/known_answers.h"

enum { OCTETS_MAX = 2048 }; /* of anything in the table of known answers */

static int is_started;

static uint8_t nibble_of(char digit)
{
    return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

/* Of the table's hexadecimal, which is in lower case and right. */
static size_t octets_of(uint8_t *out, const char *hex)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(nibble_of(hex[2 * i]) << 4 | nibble_of(hex[2 * i + 1]));
    return len;
}

/* A message, signed, with its keys. */
struct witness {
    struct public_key *public;
    struct private_key *private;
    struct bytes message, signature;
    uint8_t message_octets[OCTETS_MAX], signature_octets[OCTETS_MAX];
};

/* What an engine is put through with one algorithm. Lanes take turns between a known answer and one by
 * another key, which BoringSSL has signed: lanes that are mixed up show. */
struct trial {
    const struct known_answer *answer;
    enum engine_id id;
    const struct signature_algorithm *algorithm;
    struct witness witnesses[2];
    size_t witness_count;
};

static const struct witness *witness_of(const struct trial *trial, size_t lane)
{
    return &trial->witnesses[lane % trial->witness_count];
}

/* |count| right signatures, but for a forged one in the lane |forged|: each must get its own verdict. */
static int verdicts_are_right(const struct trial *trial, size_t count, size_t forged)
{
    struct verification items[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX] = {NULL};
    int ok = 1;

    for (size_t i = 0; i < count; i++) {
        const struct witness *witness = witness_of(trial, i);
        items[i] = (struct verification){.algorithm = trial->algorithm,
                                         .key = witness->public,
                                         .message = witness->message,
                                         .signature = witness->signature};
        if (i == forged)
            items[i].message.len--;
        list[i] = &items[i];
    }
    verify_batch_with(trial->id, list, count);
    for (size_t i = 0; i < count; i++)
        ok = ok && items[i].valid == (i != forged);
    return ok;
}

/* Whether |items| have right signatures, each its own. */
static int are_right(const struct trial *trial, const struct signing *items, size_t count)
{
    int ok = 1;

    for (size_t i = 0; i < count && ok; i++) {
        struct bytes made = bytes_of(items[i].signature, items[i].signature_len);
        struct verification check = {.algorithm = trial->algorithm,
                                     .key = witness_of(trial, i)->public,
                                     .message = items[i].message,
                                     .signature = made};
        struct verification *checks[] = {&check};
        /* What BoringSSL does not compute is deterministic. */
        verify_batch_with(engine_computes(ENGINE_BORINGSSL, trial->answer->kind, trial->algorithm)
                              ? ENGINE_BORINGSSL
                              : trial->id,
                          checks, 1);
        ok =
            check.valid && bytes_equal(made, witness_of(trial, i)->signature) >= trial->answer->deterministic;
        /* Two signatures with one k give the key away. */
        for (size_t j = 0; j < i; j++)
            ok = ok && !bytes_equal(made, bytes_of(items[j].signature, items[j].signature_len));
    }
    return ok;
}

static int signatures_are_right(const struct trial *trial, size_t count)
{
    struct signing items[ENGINE_LANES_MAX], *list[ENGINE_LANES_MAX] = {NULL};
    size_t made = 0;
    int ok = 1;

    for (; made < count && ok; made++) {
        const struct witness *witness = witness_of(trial, made);
        items[made] = (struct signing){.algorithm = trial->algorithm,
                                       .key = witness->private,
                                       .message = witness->message,
                                       .signature = malloc(private_key_signature_max(witness->private))};
        list[made] = &items[made];
        ok = items[made].signature != NULL;
    }
    if (ok) {
        sign_batch_with(trial->id, list, count);
        ok = are_right(trial, items, count);
    }
    for (size_t i = 0; i < made; i++)
        free(items[i].signature);
    return ok;
}

static int read_known(struct witness *witness, const struct known_answer *answer)
{
    uint8_t octets[OCTETS_MAX];

    witness->message = bytes_of(witness->message_octets, octets_of(witness->message_octets, answer->message));
    witness->signature =
        bytes_of(witness->signature_octets, octets_of(witness->signature_octets, answer->signature));
    witness->public = public_key_parse(bytes_of(octets, octets_of(octets, answer->spki)));
    witness->private = private_key_from_pkcs8(bytes_of(octets, octets_of(octets, answer->private_key)));
    return witness->public != NULL && witness->private != NULL;
}

static int make_another(struct witness *witness, enum key_kind kind,
                        const struct signature_algorithm *algorithm)
{
    static const uint8_t text[] = "another message";
    struct signing item = {.algorithm = algorithm, .message = bytes_of(text, sizeof text)};
    struct signing *items[] = {&item};

    witness->private = private_key_generate(kind, 0);
    witness->public = witness->private != NULL ? public_key_parse(private_key_spki(witness->private)) : NULL;
    if (witness->public == NULL || public_key_signature_max(witness->public) > OCTETS_MAX)
        return 0;
    item.key = witness->private;
    item.signature = witness->signature_octets;
    sign_batch_with(ENGINE_BORINGSSL, items, 1);
    witness->message = item.message;
    witness->signature = bytes_of(item.signature, item.signature_len);
    return item.signature_len != 0;
}

static int passes(enum engine_id id, const struct known_answer *answer)
{
    struct trial trial = {
        .answer = answer, .id = id, .algorithm = signature_named(answer->algorithm), .witness_count = 1};
    size_t lanes = engine_lanes(id);
    int ok = read_known(&trial.witnesses[0], answer);

    if (ok && lanes > 1) {
        ok = make_another(&trial.witnesses[1], answer->kind, trial.algorithm);
        trial.witness_count = 2;
    }
    for (size_t count = 1; count <= lanes; count++)
        ok = ok && verdicts_are_right(&trial, count, SIZE_MAX) &&
             verdicts_are_right(&trial, lanes, count - 1) && verdicts_are_right(&trial, count, count - 1);
    ok = ok && signatures_are_right(&trial, 1) && signatures_are_right(&trial, lanes);
    for (size_t i = 0; i < 2; i++) {
        public_key_free(trial.witnesses[i].public);
        private_key_free(trial.witnesses[i].private);
    }
    return ok;
}

static const char *try_engine(enum engine_id id)
{
    const char *why;

    if (engine_of(id) == NULL)
        return "not built for this kind of machine";
    if ((why = engine_of(id)->unfit()) != NULL)
        return why;
    for (size_t i = 0; i < known_answer_count; i++)
        if (engine_computes(id, known_answers[i].kind, signature_named(known_answers[i].algorithm)) &&
            !passes(id, &known_answers[i]))
            return "its answers to known questions are wrong: do not trust this machine";
    return NULL;
}

static int find_engine(const char *name)
{
    for (int id = 0; id < ENGINE_COUNT; id++)
        if (strcmp(name, engine_name((enum engine_id)id)) == 0)
            return id;
    return -1;
}

/* From how many items on one call that costs |wide_us| is cheaper than one of |narrow_us| for each. */
static size_t break_even(unsigned wide_us, unsigned narrow_us)
{
    return narrow_us != 0 ? wide_us / narrow_us + 1 : 1;
}

/* The first usable engine that takes one item at a time is the narrow one; one before it that takes several
 * is the wide one. */
static struct engine_route route_by(const enum engine_id *order, size_t count, enum key_kind kind)
{
    struct engine_route route = {ENGINE_COUNT, ENGINE_BORINGSSL, 1, 1};

    for (size_t i = 0; i < count; i++) {
        if (!engine_usable(order[i]) || !engine_offers(order[i], kind))
            continue;
        if (engine_lanes(order[i]) > 1) {
            route.wide = order[i];
            continue;
        }
        route.narrow = order[i];
        break;
    }
    if (route.wide == ENGINE_COUNT) {
        route.wide = route.narrow;
        return route;
    }
    const struct engine_price *wide = engine_price(kind, route.wide);
    const struct engine_price *narrow = engine_price(kind, route.narrow);
    route.verify_from = break_even(wide->verify_us, narrow->verify_us);
    route.sign_from = break_even(wide->sign_us, narrow->sign_us);
    return route;
}

int engines_start(char *fault, const char *const *pinned, size_t count)
{
    enum engine_id order[ENGINE_COUNT];
    size_t known = 0;

    for (size_t i = 0; i < count; i++) {
        int id = find_engine(pinned[i]), again = 0;
        for (size_t k = 0; k < known; k++)
            again |= id == (int)order[k];
        if (id < 0 || again) {
            snprintf(fault, ENGINE_FAULT_MAX,
                     "'%s' is no engine, or one named twice: name crypto_mb, aws-lc, boringssl", pinned[i]);
            return 0;
        }
        order[known++] = (enum engine_id)id;
    }
    if (is_started)
        return 1;
    is_started = 1;
    for (int id = 0; id < ENGINE_COUNT; id++)
        engine_set_unusable((enum engine_id)id, try_engine((enum engine_id)id));
    if (!engine_usable(ENGINE_BORINGSSL)) {
        snprintf(fault, ENGINE_FAULT_MAX, "boringssl: %s", engine_unusable_why(ENGINE_BORINGSSL));
        return 0;
    }
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        const struct key_algorithm *algorithm = key_algorithm((enum key_kind)kind);
        enum engine_id usual[ENGINE_COUNT];
        for (size_t i = 0; i < ENGINE_COUNT; i++)
            usual[i] = algorithm->engines[i].engine;
        engine_set_route((enum key_kind)kind, known != 0
                                                  ? route_by(order, known, (enum key_kind)kind)
                                                  : route_by(usual, ENGINE_COUNT, (enum key_kind)kind));
    }
    return 1;
}
