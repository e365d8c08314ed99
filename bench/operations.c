/* Counts the cryptography of a scenario, and measures what it costs: the floor of a server. */
#include "bench/operations.h"

#include <stdio.h>
#include <time.h>

#include "crypto/engine_measure.h"
#include "crypto/mac.h"

/* Octets of an ordinary message by a P-256 key; the digests cost little beside the signatures. */
enum {
    CERTIFICATE = 450,
    REQUEST = 750,
    PROOF = 180,
    ANSWER = 1000,
    CONFIRMATION = 400,
    RESPONSE = 250,
    MEASURE_MS = 15,
};

static void add(struct operation *list, size_t *n, enum operation_kind kind, enum key_kind key,
                unsigned octets, const char *what)
{
    enum digest_id digest = key != KEY_NONE ? signature_for_key(key)->cert_hash : DIGEST_SHA256;

    list[(*n)++] =
        (struct operation){.kind = kind, .what = what, .key = key, .digest = digest, .octets = octets};
}

/* A signature covers a digest: both are listed, for engines are measured with the signature alone. */
static void add_signature(struct operation *list, size_t *n, enum operation_kind kind, enum key_kind key,
                          unsigned octets, const char *what)
{
    add(list, n, kind, key, octets, what);
    add(list, n, OPERATION_DIGEST, key, octets, what);
}

size_t operations_of(struct operation out[OPERATIONS_MAX], enum scenario scenario,
                     const struct floor_keys *keys)
{
    const struct scenario_kind *kind = scenario_kind(scenario);
    enum key_kind issuer = kind->by_own ? keys->ca : keys->vendor;
    enum key_kind signer = kind->by_own ? keys->asked : keys->device;
    int mac = keys->protection != PROTECTION_SIGNATURE && !kind->by_own;
    size_t n = 0;

    /* What is given again, to everybody, was signed once; a responder's key is made by the server. */
    if (scenario == SCENARIO_OCSP_NONCE)
        add_signature(out, &n, OPERATION_SIGN, KEY_P256, RESPONSE, "the response");
    if (kind->protocol != PROTOCOL_CMP)
        return n;
    if (mac) {
        add(out, &n, OPERATION_DERIVE, KEY_NONE, 0, "the request's MAC key");
        add(out, &n, OPERATION_MAC, KEY_NONE, REQUEST, "protection of the request");
    } else {
        add_signature(out, &n, OPERATION_VERIFY, issuer, CERTIFICATE, "the signer's certificate");
        add_signature(out, &n, OPERATION_VERIFY, signer, REQUEST, "protection of the request");
    }
    if (kind->certifies) {
        add_signature(out, &n, OPERATION_VERIFY, keys->asked, PROOF, "proof of possession");
        add_signature(out, &n, OPERATION_SIGN, keys->ca, CERTIFICATE, "the new certificate");
    }
    if (mac)
        add(out, &n, OPERATION_MAC, KEY_NONE, ANSWER, "protection of the answer");
    else
        add_signature(out, &n, OPERATION_SIGN, keys->cmp, ANSWER, "protection of the answer");
    if (!kind->confirms)
        return n;
    add(out, &n, OPERATION_DIGEST, keys->ca, CERTIFICATE, "certHash");
    if (mac) {
        add(out, &n, OPERATION_DERIVE, KEY_NONE, 0, "certConf's MAC key");
        add(out, &n, OPERATION_MAC, KEY_NONE, CONFIRMATION, "protection of certConf");
        add(out, &n, OPERATION_MAC, KEY_NONE, CONFIRMATION, "protection of pkiConf");
    } else {
        add_signature(out, &n, OPERATION_VERIFY, signer, CONFIRMATION, "protection of certConf");
        add_signature(out, &n, OPERATION_SIGN, keys->cmp, CONFIRMATION, "protection of pkiConf");
    }
    return n;
}

/* ---- what they cost ---- */

struct fastest {
    int measured;
    double verify_us, sign_us;
    enum engine_id verify_engine, sign_engine;
};

static const struct fastest *fastest_of(enum key_kind kind)
{
    static struct fastest known[KEY_KIND_COUNT];
    struct fastest *fastest = &known[kind];

    for (int id = 0; id < ENGINE_COUNT && !fastest->measured; id++) {
        struct engine_cost cost;
        if (!engine_measure(&cost, (enum engine_id)id, kind, MEASURE_MS))
            continue;
        if (fastest->verify_us == 0 || cost.verify_us < fastest->verify_us) {
            fastest->verify_us = cost.verify_us;
            fastest->verify_engine = (enum engine_id)id;
        }
        if (fastest->sign_us == 0 || cost.sign_us < fastest->sign_us) {
            fastest->sign_us = cost.sign_us;
            fastest->sign_engine = (enum engine_id)id;
        }
    }
    fastest->measured = 1;
    return fastest;
}

static double cpu_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static double derive_us(const struct floor_keys *keys)
{
    static const uint8_t salt[16];
    struct mac_algorithm algorithm = {.scheme = keys->protection == PROTECTION_PBM ? MAC_PBM : MAC_PBMAC1,
                                      .salt = bytes_of(salt, sizeof salt),
                                      .owf = DIGEST_SHA256,
                                      .mac = DIGEST_SHA256,
                                      .iterations = keys->mac_iterations,
                                      .key_len = 32};
    double start = cpu_us(), spent;
    struct mac_key key;
    unsigned n = 0;

    do {
        mac_derive(&key, &algorithm, bytes_str("a secret of some octets, 32 here"));
        n++;
        spent = cpu_us() - start;
    } while (spent < MEASURE_MS * 1e3);
    return spent / n;
}

/* HMAC (RFC 2104) is two digests: the message behind a block, and a block with a digest behind it. */
static double digest_us(const struct operation *operation)
{
    enum { BLOCK = 64 };
    unsigned octets = operation->octets + (operation->kind == OPERATION_MAC ? 2 * BLOCK : 0);
    static struct {
        enum digest_id id;
        unsigned octets;
        double us;
    } known[OPERATIONS_MAX];
    size_t i = 0;

    while (i < OPERATIONS_MAX && known[i].octets != 0 &&
           (known[i].id != operation->digest || known[i].octets != octets))
        i++;
    if (i == OPERATIONS_MAX)
        return digest_measure_ns(operation->digest, octets, 1) / 1e3;
    if (known[i].octets == 0) {
        known[i].id = operation->digest;
        known[i].octets = octets;
        known[i].us = digest_measure_ns(operation->digest, octets, 1) / 1e3;
    }
    return known[i].us;
}

double operation_us(const struct operation *operation, const struct floor_keys *keys)
{
    switch (operation->kind) {
    case OPERATION_VERIFY:
        return fastest_of(operation->key)->verify_us;
    case OPERATION_SIGN:
        return fastest_of(operation->key)->sign_us;
    case OPERATION_DERIVE:
        return derive_us(keys);
    default:
        return digest_us(operation);
    }
}

enum engine_id operation_engine(const struct operation *operation)
{
    const struct fastest *fastest = fastest_of(operation->key);

    return operation->kind == OPERATION_VERIFY ? fastest->verify_engine : fastest->sign_engine;
}

const char *operation_text(char out[OPERATION_TEXT_MAX], const struct operation *operation,
                           const struct floor_keys *keys)
{
    const char *digest = digest_algorithm(operation->digest)->name;

    switch (operation->kind) {
    case OPERATION_VERIFY:
    case OPERATION_SIGN:
        snprintf(out, OPERATION_TEXT_MAX, "%s, %s, %s",
                 operation->kind == OPERATION_VERIFY ? "verification" : "signature",
                 key_algorithm(operation->key)->name, engine_name(operation_engine(operation)));
        break;
    case OPERATION_DERIVE:
        snprintf(out, OPERATION_TEXT_MAX, "%s, %u iterations of %s", protection_name(keys->protection),
                 keys->mac_iterations, digest);
        break;
    case OPERATION_MAC:
        snprintf(out, OPERATION_TEXT_MAX, "HMAC-%s of %u octets", digest, operation->octets);
        break;
    case OPERATION_DIGEST:
        snprintf(out, OPERATION_TEXT_MAX, "%s of %u octets", digest, operation->octets);
        break;
    }
    return out;
}

double floor_us(const struct mix *mix, const struct floor_keys *keys)
{
    struct operation list[OPERATIONS_MAX];
    double sum = 0;

    for (int s = 0; s < SCENARIO_COUNT; s++) {
        size_t n = mix->weight[s] != 0 ? operations_of(list, (enum scenario)s, keys) : 0;
        for (size_t i = 0; i < n; i++)
            sum += operation_us(&list[i], keys) * mix->weight[s];
    }
    return sum / mix->length;
}
