/* Walks through what a client does in its life, one exchange at a time, and verifies every answer. */
#include "bench/walk.h"

#include <stdlib.h>
#include <string.h>

#include "bench/check.h"
#include "bench/connection.h"
#include "bench/fleet.h"

enum { ARENA = 16 * 1024 * 1024, RSA_BITS = 2048, WAIT_NS = 1000000000, TEXT = 200 };
enum { WHO_STAYS, WHO_TRIES_AGAIN, WHO_IS_ENROLLED, DEVICES };

struct walk {
    FILE *out;
    const struct setup *setup;
    const struct options *options;
    struct network network;
    struct connection connection;
    struct exchange exchange;
    struct arena *arena;
};

/* ---- one exchange ---- */

/* Sends |message|; the answer is in walk->exchange. */
static enum bench_error post(struct walk *walk, struct bytes message)
{
    walk->exchange.body = message;
    walk->exchange.media_type = scenario_kind(SCENARIO_IR)->media_type;
    connection_post(&walk->connection, &walk->exchange);
    while (network_finished(&walk->network) == NULL) {
        network_poll(&walk->network, WAIT_NS);
        connection_expire(&walk->connection, network_clock_ns());
    }
    return walk->exchange.error;
}

/* The line of a step; |text| is what the server said, or empty. Returns 1 if it came off. */
static int tell(struct walk *walk, const char *step, int body, enum bench_error error, struct bytes text)
{
    char said[TEXT];
    size_t len = 0;

    for (; len < text.len && len < sizeof said - 1; len++)
        said[len] = text.data[len] >= 0x20 && text.data[len] < 0x7f ? (char)text.data[len] : '?';
    said[len] = 0;
    if (error == BENCH_OK)
        fprintf(walk->out, "%-8s %-8s ok\n", step, pki_body_name(body));
    else if (error == BENCH_HTTP)
        fprintf(walk->out, "%-8s %-8s FAILED: http, status %d\n", step, pki_body_name(body),
                walk->exchange.status);
    else
        fprintf(walk->out, "%-8s %-8s FAILED: %s%s%s\n", step, pki_body_name(body), bench_error_name(error),
                len != 0 ? ": " : "", said);
    return error == BENCH_OK;
}

/* Sends |message|, of the type |body|, and judges the answer as one to |request|, or, with |nonce|, to its
 * certConf. 1 if it is right. */
static int ask(struct check *check, struct walk *walk, const char *step, const struct request *request,
               int body, struct bytes message, struct bytes nonce)
{
    struct verification *items[2];
    struct bytes reply;
    int ok;

    *check = (struct check){.error = post(walk, message)};
    if (check->error == BENCH_OK) {
        reply = arena_copy(walk->arena, bytes_of(walk->exchange.reply.data, walk->exchange.reply.len));
        if (nonce.len != 0)
            check_confirmed(check, walk->arena, walk->setup, walk->options, request, nonce, reply, 1);
        else
            check_first(check, walk->arena, walk->setup, walk->options, request, reply, 1);
    }
    for (size_t i = 0; i < check->item_count; i++)
        items[i] = &check->items[i];
    if (check->error == BENCH_OK)
        verify_batch(items, check->item_count);
    ok = tell(walk, step, body, check_verdict(check), check->status_text);
    check_cleanup(check);
    return ok;
}

static int finish(struct bytes *message, struct walk *walk, struct following *following,
                  const struct request *request)
{
    struct signing *items[] = {&following->item};

    if (following->item.key != NULL)
        sign_batch(items, 1);
    return following_finish(message, walk->arena, following, request);
}

/* ---- certificates ---- */

static int keep(struct device *device, struct bytes der)
{
    uint8_t *copy = malloc(der.len);

    if (copy == NULL)
        return 0;
    memcpy(copy, der.data, der.len);
    free((void *)(uintptr_t)device->own_cert.data);
    device->own_cert = bytes_of(copy, der.len);
    return 1;
}

static int confirm(struct walk *walk, const struct request *request, const struct check *got)
{
    struct following following;
    struct check check;
    struct bytes message;

    if (!confirmation_prepare(&following, walk->arena, request, &got->certificate,
                              got->message.header.sender_nonce) ||
        !finish(&message, walk, &following, request))
        return tell(walk, "confirm", PKI_CERTCONF, BENCH_MALFORMED, bytes_of(NULL, 0));
    return ask(&check, walk, "confirm", request, PKI_CERTCONF, message,
               bytes_of(following.nonce, sizeof following.nonce));
}

/* Gets the certificate of |request| by |message|, of the type |body|: the request itself, or what comes in
 * its place. */
static int obtain(struct walk *walk, const char *step, const struct request *request, int body,
                  struct bytes message)
{
    struct check got;

    return ask(&got, walk, step, request, body, message, bytes_of(NULL, 0)) &&
           (!scenario_kind(request->scenario)->confirms || confirm(walk, request, &got)) &&
           keep(request->device, got.certificate.der);
}

static int make(struct walk *walk, const char *step, struct request *request)
{
    struct request *list[] = {request};

    return request_make(list, 1, walk->arena, walk->setup, walk->options) ||
           tell(walk, step, scenario_kind(request->scenario)->request, BENCH_MALFORMED, bytes_of(NULL, 0));
}

static int enroll(struct walk *walk, struct device *device)
{
    struct request request = {.scenario = walk->options->persona.enrolls, .device = device};

    return make(walk, "enroll", &request) &&
           obtain(walk, "enroll", &request, scenario_kind(request.scenario)->request, request.message);
}

static int renew(struct walk *walk, struct device *device)
{
    struct request request = {.scenario = walk->options->persona.renews, .device = device};

    if (request_key(&request, walk->options) == NULL)
        device->next_key = private_key_generate(walk->options->new_key, RSA_BITS);
    if (request_key(&request, walk->options) == NULL || !make(walk, "renew", &request) ||
        !obtain(walk, "renew", &request, scenario_kind(request.scenario)->request, request.message))
        return 0;
    if (device->next_key != NULL) {
        private_key_free(device->key);
        device->key = device->next_key;
        device->next_key = NULL;
    }
    return 1;
}

static int revoke(struct walk *walk, struct device *device)
{
    struct request request = {.scenario = SCENARIO_RR, .device = device};
    struct check check;

    return make(walk, "revoke", &request) &&
           ask(&check, walk, "revoke", &request, PKI_RR, request.message, bytes_of(NULL, 0));
}

/* ---- for others ---- */

/* |agent| gets |device| a certificate. */
static int enroll_for(struct walk *walk, const struct device *agent, struct device *device)
{
    struct request request = {.scenario = walk->options->persona.enrolls, .device = device, .agent = agent};

    return make(walk, "agent", &request) &&
           obtain(walk, "agent", &request, scenario_kind(request.scenario)->request, request.message);
}

/* Who knows p10cr alone renews what others have by another one, of a new key. */
static int serve_other(struct walk *walk, const struct device *agent, struct device *device)
{
    int ok;

    snprintf(device->name, sizeof device->name, "other.%s.example", walk->options->persona.name);
    walk->exchange.path = walk->options->others;
    ok = enroll_for(walk, agent, device);
    if (ok && scenario_kind(walk->options->persona.renews)->request == PKI_P10CR) {
        private_key_free(device->key);
        device->key = private_key_generate(walk->options->new_key, RSA_BITS);
        ok = device->key != NULL && enroll_for(walk, agent, device);
    }
    walk->exchange.path = NULL;
    return ok;
}

/* ---- an answer that is lost ---- */

static int poll_for(struct walk *walk, struct request *request)
{
    struct following following;
    struct bytes message;

    if (!poll_prepare(&following, walk->arena, request) || !finish(&message, walk, &following, request))
        return tell(walk, "retry", PKI_POLLREQ, BENCH_MALFORMED, bytes_of(NULL, 0));
    memcpy(request->sender_nonce, following.nonce, sizeof request->sender_nonce);
    return obtain(walk, "retry", request, PKI_POLLREQ, message);
}

static int try_again(struct walk *walk, struct device *device)
{
    struct request request = {.scenario = walk->options->persona.enrolls, .device = device};
    int body = scenario_kind(request.scenario)->request;

    /* What came to this one is not looked at. */
    if (!make(walk, "lose", &request) ||
        !tell(walk, "lose", body, post(walk, request.message), bytes_of(NULL, 0)))
        return 0;
    if (walk->options->persona.retry == PERSONA_RETRY_POLL)
        return poll_for(walk, &request);
    return (walk->options->persona.retry == PERSONA_RETRY_SAME || make(walk, "retry", &request)) &&
           obtain(walk, "retry", &request, body, request.message);
}

/* ---- all of it ---- */

/* Whoever tries again is another client, and does so whatever became of the first. */
static int take_steps(struct walk *walk, struct device *devices)
{
    struct device *device = &devices[WHO_STAYS];
    int ok = enroll(walk, device) && renew(walk, device) &&
             (walk->options->others == NULL || serve_other(walk, device, &devices[WHO_IS_ENROLLED])) &&
             (!walk->options->persona.revokes || revoke(walk, device));

    return try_again(walk, &devices[WHO_TRIES_AGAIN]) && ok;
}

static int walk_over(struct walk *walk, struct tls_context *tls)
{
    struct fleet fleet;
    int ok;

    walk->network.epoll = -1;
    walk->arena = arena_new(ARENA);
    ok = fleet_prepare_devices(&fleet, walk->setup, walk->options, DEVICES) && walk->arena != NULL &&
         network_init(&walk->network, walk->options, tls);
    connection_init(&walk->connection, &walk->network);
    ok = ok && take_steps(walk, fleet.devices);
    connection_cleanup(&walk->connection);
    network_cleanup(&walk->network);
    buffer_cleanup(&walk->exchange.reply);
    fleet_cleanup(&fleet);
    arena_free(walk->arena);
    return ok;
}

int walk_run(FILE *out, const struct setup *setup, const struct options *options)
{
    struct walk walk = {.out = out, .setup = setup, .options = options};
    struct tls_context *tls = NULL;
    int ok;

    if (options->target.tls && (tls = tls_context_new(options->tls_ca, options->http2)) == NULL)
        return 0;
    ok = walk_over(&walk, tls);
    tls_context_free(tls);
    return ok;
}
