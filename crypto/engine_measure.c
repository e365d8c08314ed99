/* Measures each engine with each kind of key on this machine, for cmpctl engines --measure. */
#include "crypto/engine_measure.h"
#include "crypto/batch.h"

#include <stdlib.h>
#include <time.h>

#include "crypto/engine_internal.h"

enum { RSA_BITS = 2048, MESSAGE = 32 };

static double cpu_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct subject {
    enum engine_id id;
    struct private_key *private;
    struct public_key *public;
    struct signing signings[ENGINE_LANES_MAX], *sign_list[ENGINE_LANES_MAX];
    struct verification verifications[ENGINE_LANES_MAX], *verify_list[ENGINE_LANES_MAX];
    uint8_t messages[ENGINE_LANES_MAX][MESSAGE];
    uint8_t *signatures; /* each with as much room as the key's can need */
    size_t lanes;
};

static int sign_all(struct subject *subject)
{
    int ok = 1;

    sign_batch_with(subject->id, subject->sign_list, subject->lanes);
    for (size_t i = 0; i < subject->lanes; i++)
        ok = ok && subject->signings[i].signature_len != 0;
    return ok;
}

static int verify_all(struct subject *subject)
{
    int ok = 1;

    verify_batch_with(subject->id, subject->verify_list, subject->lanes);
    for (size_t i = 0; i < subject->lanes; i++)
        ok = ok && subject->verifications[i].valid;
    return ok;
}

static int prepare(struct subject *subject, enum key_kind kind)
{
    const struct signature_algorithm *algorithm = signature_for_key(kind);
    size_t room;
    int ok;

    subject->private = private_key_generate(kind, RSA_BITS);
    subject->public = subject->private != NULL ? public_key_parse(private_key_spki(subject->private)) : NULL;
    if (subject->public == NULL)
        return 0;
    subject->lanes = engine_lanes(subject->id);
    room = private_key_signature_max(subject->private);
    if ((subject->signatures = calloc(subject->lanes, room)) == NULL)
        return 0;
    for (size_t i = 0; i < subject->lanes; i++) {
        memset(subject->messages[i], (int)i, MESSAGE);
        subject->signings[i] = (struct signing){.algorithm = algorithm,
                                                .key = subject->private,
                                                .message = bytes_of(subject->messages[i], MESSAGE),
                                                .signature = subject->signatures + i * room};
        subject->sign_list[i] = &subject->signings[i];
    }
    ok = sign_all(subject);
    for (size_t i = 0; i < subject->lanes; i++) {
        subject->verifications[i] = (struct verification){
            .algorithm = algorithm,
            .key = subject->public,
            .message = subject->signings[i].message,
            .signature = bytes_of(subject->signings[i].signature, subject->signings[i].signature_len)};
        subject->verify_list[i] = &subject->verifications[i];
    }
    return ok && verify_all(subject);
}

/* Microseconds of one of |lanes| operations that |run| makes at a time; 0 if one failed. */
static double measure(int (*run)(struct subject *), struct subject *subject, unsigned milliseconds)
{
    double start = cpu_seconds(), spent;
    size_t calls = 0;

    do {
        if (!run(subject))
            return 0;
        calls++;
        spent = cpu_seconds() - start;
    } while (spent * 1000 < milliseconds);
    return spent * 1e6 / (double)(calls * subject->lanes);
}

int engine_measure(struct engine_cost *out, enum engine_id id, enum key_kind kind, unsigned milliseconds)
{
    struct subject *subject = calloc(1, sizeof *subject);
    int ok = 0;

    if (subject != NULL && engine_usable(id) && engine_offers(id, kind)) {
        subject->id = id;
        if (prepare(subject, kind)) {
            /* Signatures anew are as good for verifying: the list points to the same room, but their length
             * may change. So verifying comes first. */
            out->verify_us = measure(verify_all, subject, milliseconds);
            out->sign_us = measure(sign_all, subject, milliseconds);
            ok = out->verify_us > 0 && out->sign_us > 0;
        }
        public_key_free(subject->public);
        private_key_free(subject->private);
        free(subject->signatures);
    }
    free(subject);
    return ok;
}

double digest_measure_ns(enum digest_id id, size_t octets, unsigned milliseconds)
{
    uint8_t *data = calloc(1, octets), out[DIGEST_MAX];
    double start = cpu_seconds(), spent = 0;
    size_t calls = 0;

    if (data == NULL)
        return 0;
    do {
        digest_compute(out, id, bytes_of(data, octets));
        calls++;
        if (calls % 64 == 0)
            spent = cpu_seconds() - start;
    } while (calls % 64 != 0 || spent * 1000 < milliseconds);
    free(data);
    return spent * 1e9 / (double)calls;
}
