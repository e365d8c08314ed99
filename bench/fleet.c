#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "crypto/name.h"
#include "crypto/pem.h"
#include "crypto/random.h"
#include "server/base/file.h"

enum { FILE_LIMIT = 1024 * 1024, ARENA_BASE = 1024 * 1024, ARENA_PER_REQUEST = 16384, PREPARERS_MAX = 64 };

struct pem_target {
    struct arena *arena;
    struct bytes *out;
    size_t count, max;
};

static int keep(void *arg, struct bytes der)
{
    struct pem_target *target = arg;

    if (target->count == target->max)
        return 0;
    target->out[target->count++] = arena_copy(target->arena, der);
    return 1;
}

static size_t read_certs(struct fleet *fleet, const char *dir, const char *name, struct bytes *out,
                         size_t max)
{
    char path[BENCH_PATH_MAX];
    struct pem_target target = {fleet->arena, out, 0, max};
    uint8_t *text;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (!file_read(&text, &len, path, FILE_LIMIT)) {
        fprintf(stderr, "cmpbench: cannot read %s: %s\n", path, strerror(errno));
        return 0;
    }
    if (pem_each_certificate(bytes_of(text, len), keep, &target) == 0)
        target.count = 0;
    free(text);
    return target.count;
}

static int load(struct fleet *fleet, const struct bench_options *options)
{
    char path[BENCH_PATH_MAX];
    struct bytes ca, cmp;
    uint8_t *text;
    size_t len;

    fleet->extra_cert_count =
        read_certs(fleet, options->setup, "demo/device-chain.pem", fleet->extra_certs, 2);
    if (fleet->extra_cert_count == 0 || !certificate_parse(&fleet->device, fleet->extra_certs[0]) ||
        read_certs(fleet, options->setup, "ca/issuing.pem", &ca, 1) == 0 ||
        !certificate_parse(&fleet->ca, ca) || read_certs(fleet, options->setup, "ca/cmp.pem", &cmp, 1) == 0 ||
        !certificate_parse(&fleet->cmp, cmp))
        return 0;
    snprintf(path, sizeof path, "%s/demo/device.key", options->setup);
    if (!file_read(&text, &len, path, FILE_LIMIT)) {
        fprintf(stderr, "cmpbench: cannot read %s: %s\n", path, strerror(errno));
        return 0;
    }
    fleet->device_key = private_key_from_pem(bytes_of(text, len));
    file_free(text, len);
    fleet->ca_key = public_key_parse(fleet->ca.spki);
    fleet->cmp_key = public_key_parse(fleet->cmp.spki);
    return fleet->device_key != NULL && fleet->ca_key != NULL && fleet->cmp_key != NULL &&
           pki_directory_name(&fleet->sender, fleet->arena, fleet->device.subject) &&
           pki_directory_name(&fleet->recipient, fleet->arena, fleet->ca.subject);
}

static int sign(struct bytes *out, struct arena *arena, const struct private_key *key, struct bytes message)
{
    uint8_t *room = arena_alloc(arena, SIGNATURE_MAX);
    struct signing item = {.algorithm = signature_for_key(private_key_kind(key)),
                           .key = key,
                           .message = message,
                           .signature = room};
    struct signing *items[] = {&item};

    if (room == NULL)
        return 0;
    sign_batch(items, 1);
    *out = bytes_of(room, item.signature_len);
    return item.signature_len != 0;
}

int fleet_sign(struct bytes *out, struct arena *arena, const struct fleet *fleet,
               const struct pki_header *header, int body_type, struct bytes body, int with_certs)
{
    struct bytes part, protection;

    return pki_encode_protected_part(&part, arena, header, body_type, body) &&
           sign(&protection, arena, fleet->device_key, part) &&
           pki_encode_message(out, arena, part, protection, fleet->extra_certs,
                              with_certs ? fleet->extra_cert_count : 0);
}

/* One base station: a key of its own, a request that it signs, protected by the vendor's certificate. */
static int make_request(struct request *out, struct arena *arena, const struct fleet *fleet, unsigned index,
                        int implicit)
{
    struct private_key *key = private_key_generate(KEY_P256, 0);
    struct cert_request request = {.tmpl = {.version = -1}};
    struct bytes cert_request, signature, body;
    char common_name[32];
    int ok;

    if (key == NULL)
        return 0;
    snprintf(common_name, sizeof common_name, "gnb-%08u", index);
    random_bytes(out->transaction_id, BENCH_NONCE);
    random_bytes(out->sender_nonce, BENCH_NONCE);
    struct pki_header header = {
        .pvno = PKI_CMP2000,
        .sender = fleet->sender,
        .recipient = fleet->recipient,
        .protection_alg = signature_for_key(private_key_kind(fleet->device_key))->encoded,
        .sender_kid = fleet->device.key_id,
        .transaction_id = bytes_of(out->transaction_id, BENCH_NONCE),
        .sender_nonce = bytes_of(out->sender_nonce, BENCH_NONCE),
        .implicit_confirm = implicit,
    };
    out->spki = arena_copy(arena, private_key_spki(key));
    request.tmpl.spki = out->spki;
    ok = name_build(&request.tmpl.subject, arena,
                    (const char *const[]){"O", "Operator", "CN", common_name, NULL}) &&
         pki_encode_cert_request(&cert_request, arena, &request) &&
         sign(&signature, arena, key, cert_request) &&
         pki_encode_cert_requests(&body, arena, cert_request, signature_for_key(KEY_P256)->encoded,
                                  signature) &&
         fleet_sign(&out->message, arena, fleet, &header, PKI_IR, body, 1);
    private_key_free(key);
    return ok;
}

struct preparer {
    pthread_t thread;
    struct fleet *fleet;
    struct arena *scratch;
    const struct bench_options *options;
    unsigned from, to;
    int ok;
};

static void *prepare(void *arg)
{
    struct preparer *preparer = arg;

    preparer->ok = 1;
    for (unsigned i = preparer->from; preparer->ok && i < preparer->to; i++)
        preparer->ok = make_request(&preparer->fleet->requests[i], preparer->scratch, preparer->fleet, i,
                                    preparer->options->scenario == BENCH_IR);
    return NULL;
}

int fleet_prepare(struct fleet *fleet, const struct bench_options *options)
{
    struct preparer preparers[PREPARERS_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = cores > PREPARERS_MAX ? PREPARERS_MAX : cores > 1 ? (unsigned)cores : 1;
    int ok = 1;

    memset(fleet, 0, sizeof *fleet);
    fleet->count = options->count;
    fleet->arena = arena_new(ARENA_BASE);
    fleet->requests = calloc(options->count, sizeof *fleet->requests);
    if (fleet->arena == NULL || fleet->requests == NULL || !load(fleet, options)) {
        fprintf(stderr, "cmpbench: %s is no setup that cmpctl init --demo made\n", options->setup);
        return 0;
    }
    fprintf(stderr, "preparing %u requests …\n", options->count);
    for (unsigned t = 0; t < threads; t++) {
        preparers[t] = (struct preparer){
            .fleet = fleet,
            .options = options,
            .from = (unsigned)((uint64_t)options->count * t / threads),
            .to = (unsigned)((uint64_t)options->count * (t + 1) / threads),
        };
        /* Requests live as long as the process: their arenas are never freed. */
        preparers[t].scratch =
            arena_new(ARENA_BASE + (size_t)(preparers[t].to - preparers[t].from) * ARENA_PER_REQUEST);
        if (preparers[t].scratch == NULL ||
            pthread_create(&preparers[t].thread, NULL, prepare, &preparers[t]) != 0) {
            fprintf(stderr, "cmpbench: out of memory\n");
            exit(1);
        }
    }
    for (unsigned t = 0; t < threads; t++) {
        pthread_join(preparers[t].thread, NULL);
        ok &= preparers[t].ok;
    }
    if (!ok)
        fprintf(stderr, "cmpbench: the requests could not be made\n");
    return ok;
}

void fleet_cleanup(struct fleet *fleet)
{
    private_key_free(fleet->device_key);
    public_key_free(fleet->ca_key);
    public_key_free(fleet->cmp_key);
    free(fleet->requests);
    arena_free(fleet->arena);
}
