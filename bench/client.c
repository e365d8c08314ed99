#include <stdlib.h>
#include <time.h>

#include "bench/bench.h"
#include "crypto/random.h"

enum { CLIENT_ARENA = 1024 * 1024, CHECK_ONE_IN = 16 };

int64_t bench_now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int verifies(const struct public_key *key, const struct signature_algorithm *algorithm,
                    struct bytes message, struct bytes signature)
{
    struct verification item = {
        .algorithm = algorithm, .key = key, .message = message, .signature = signature};
    struct verification *items[] = {&item};

    verify_batch(items, 1);
    return item.valid;
}

/* What every answer is held against; signatures only if |deep|. */
static enum bench_error check_answer(const struct fleet *fleet, struct arena *arena, struct pki_message *out,
                                     struct bytes reply, const struct request *request, struct bytes nonce,
                                     int body, int deep)
{
    struct bytes part;

    if (pki_message_decode(out, NULL, reply) != PKI_WHOLE)
        return BENCH_MALFORMED;
    if (out->body_type == PKI_ERROR)
        return BENCH_REJECTED;
    if (out->body_type != body || !out->has_protection ||
        !bytes_equal(out->header.transaction_id, bytes_of(request->transaction_id, BENCH_NONCE)) ||
        !bytes_equal(out->header.recip_nonce, nonce))
        return BENCH_MISMATCH;
    if (deep && (!pki_protected_part(&part, arena, out) ||
                 !verifies(fleet->cmp_key, signature_for_key(public_key_kind(fleet->cmp_key)), part,
                           out->protection)))
        return BENCH_PROTECTION;
    return BENCH_OK;
}

static enum bench_error check_certificate(const struct fleet *fleet, struct certificate *out,
                                          const struct pki_message *message, const struct request *request,
                                          int deep)
{
    struct cert_response response;

    if (!pki_decode_cert_rep(&response, message->body))
        return BENCH_MALFORMED;
    if (response.status.status != PKI_ACCEPTED)
        return BENCH_REJECTED;
    if (!certificate_parse(out, response.certificate))
        return BENCH_MALFORMED;
    if (!bytes_equal(out->spki, request->spki) || !bytes_equal(out->issuer, fleet->ca.subject))
        return BENCH_MISMATCH;
    if (deep && !verifies(fleet->ca_key, out->algorithm, out->tbs, out->signature))
        return BENCH_PROTECTION;
    return BENCH_OK;
}

static enum bench_error confirm(struct bench_run *run, struct http *http, struct arena *arena,
                                const struct request *request, const struct pki_message *ip,
                                const struct certificate *cert, int deep)
{
    const struct fleet *fleet = run->fleet;
    uint8_t hash[DIGEST_MAX], nonce[BENCH_NONCE];
    struct cert_status status = {.cert_req_id = 0};
    struct pki_header header = {
        .pvno = PKI_CMP2000,
        .sender = fleet->sender,
        .recipient = fleet->recipient,
        .protection_alg = signature_for_key(private_key_kind(fleet->device_key))->encoded,
        .sender_kid = fleet->device.key_id,
        .transaction_id = bytes_of(request->transaction_id, BENCH_NONCE),
        .sender_nonce = bytes_of(nonce, BENCH_NONCE),
        .recip_nonce = ip->header.sender_nonce,
    };
    struct pki_message answer;
    struct bytes body, message, reply;
    enum bench_error error;

    random_bytes(nonce, sizeof nonce);
    status.cert_hash = bytes_of(hash, digest_compute(hash, cert->algorithm->cert_hash, cert->der));
    if (!pki_encode_cert_conf(&body, arena, &status) ||
        !fleet_sign(&message, arena, fleet, &header, PKI_CERTCONF, body, 0))
        return BENCH_MALFORMED;
    error = http_post(http, run->options, message, &reply);
    return error != BENCH_OK ? error
                             : check_answer(fleet, arena, &answer, reply, request,
                                            bytes_of(nonce, BENCH_NONCE), PKI_PKICONF, deep);
}

/* The serial is written down before the next request goes out: what is in the file, the client holds. */
static void hold(struct bench_run *run, const struct certificate *cert)
{
    if (run->held == NULL)
        return;
    pthread_mutex_lock(&run->held_lock);
    for (size_t i = 0; i < cert->serial.len; i++)
        fprintf(run->held, "%02x", cert->serial.data[i]);
    fputc('\n', run->held);
    fflush(run->held);
    pthread_mutex_unlock(&run->held_lock);
}

static enum bench_error enroll(struct bench_run *run, struct http *http, const struct request *request,
                               int deep)
{
    struct arena *arena = arena_new(CLIENT_ARENA);
    struct pki_message ip;
    struct certificate cert;
    struct bytes reply, kept;
    enum bench_error error;

    if (arena == NULL)
        return BENCH_CONNECT;
    error = http_post(http, run->options, request->message, &reply);
    if (error == BENCH_OK) {
        kept = arena_copy(arena, reply);
        error = check_answer(run->fleet, arena, &ip, kept, request,
                             bytes_of(request->sender_nonce, BENCH_NONCE), PKI_IP, deep);
    }
    if (error == BENCH_OK)
        error = check_certificate(run->fleet, &cert, &ip, request, deep);
    if (error == BENCH_OK)
        hold(run, &cert);
    if (error == BENCH_OK && run->options->scenario == BENCH_IR_CONFIRM)
        error = confirm(run, http, arena, request, &ip, &cert, deep);
    arena_free(arena);
    return error;
}

void *client_main(void *arg)
{
    /* A server that is gone is not asked again at once: the loop stays bounded in rate as well as in time. */
    static const struct timespec pause = {.tv_nsec = 10000000};
    struct bench_run *run = arg;
    struct http http;

    if (!http_init(&http))
        return NULL;
    for (;;) {
        unsigned index = atomic_fetch_add(&run->next, 1);
        int64_t start = bench_now_ns();
        enum bench_error error;

        if (index >= run->fleet->count || start >= run->deadline_ns)
            break;
        error = enroll(run, &http, &run->fleet->requests[index],
                       run->options->check_all || index % CHECK_ONE_IN == 0);
        if (run->options->new_connections)
            http_close(&http);
        if (error == BENCH_OK) {
            unsigned place = atomic_fetch_add(&run->completed, 1);
            run->latency_us[place] = (uint32_t)((bench_now_ns() - start) / 1000);
            continue;
        }
        atomic_fetch_add(&run->errors[error], 1);
        if (error == BENCH_CONNECT)
            nanosleep(&pause, NULL);
    }
    http_cleanup(&http);
    return NULL;
}
