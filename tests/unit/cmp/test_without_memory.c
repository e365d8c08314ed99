/* message.c where one allocation fails, each in turn: a message is granted what it would get, or has no
 * answer. */
#include <criterion/criterion.h>
#include <stdlib.h>

/* The allocation that fails while a step runs; 0: none does. */
static int to_go, in_step;

static void *allocate(size_t size)
{
    return in_step && to_go > 0 && --to_go == 0 ? NULL : malloc(size);
}

#define malloc allocate
/* NOLINTNEXTLINE(bugprone-suspicious-include): BoringSSL allocates by it */
#include "crypto/secret_memory.c"
#undef malloc

#include "server/cmp/internal.h"

static struct cmp_message *start(struct arena *arena, const struct cmp_settings *settings,
                                 const struct cmp_route *route, struct bytes request, int64_t now_ms);
static void resume(struct cmp_message *m, int64_t now_ms);

/* What the world does is not part of the message: it finds memory. */
#define cmp_start start
#define cmp_resume resume
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "server/cmp/message.c"
#undef cmp_start
#undef cmp_resume

#include "tests/support/spelling.h"
#include "tests/unit/cmp/general.h"
#include "tests/unit/cmp/nested.h"

struct cmp_message *cmp_start(struct arena *arena, const struct cmp_settings *settings,
                              const struct cmp_route *route, struct bytes request, int64_t now_ms)
{
    in_step = 1;
    struct cmp_message *m = start(arena, settings, route, request, now_ms);
    in_step = 0;
    return m;
}

void cmp_resume(struct cmp_message *m, int64_t now_ms)
{
    in_step = 1;
    resume(m, now_ms);
    in_step = 0;
}

TestSuite(without_memory, .init = set_up, .fini = tear_down);

enum { FAILURES_MAX = 2000, ANY = 1000000 };

static void enroll(struct ctl_identity *own)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));

    expect_pkiconf(&confirmed);
    client_adopt(&client, &first, own);
    client.subject = own->cert.subject;
    answer_free(&first);
}

/* Each name is another spelling of the right one: whoever has no memory cannot tell that they are one. */
static struct answer update_again(const struct ctl_identity *own)
{
    client.transaction_id[0]++;
    client.old_cert_issuer = spelled_otherwise(world->arena, own->cert.issuer);
    client.old_cert_serial = own->cert.serial;
    client.subject = spelled_otherwise(world->arena, own->cert.subject);
    must(pki_directory_name(&client.header.sender, world->arena, client.subject));
    return world_send(world, client_request(&client, PKI_KUR));
}

Test(without_memory, what_could_not_be_compared_is_no_verdict, .timeout = 120)
{
    struct ctl_identity own;
    int n = 0, busy = 0;

    enroll(&own);
    world->undecided_at = ANY; /* the world takes JOB_BUSY for an answer */
    do {
        cr_assert_lt(++n, FAILURES_MAX);
        to_go = n;
        struct answer answer = update_again(&own);
        if (answer.result.end == JOB_BUSY) {
            busy++;
        } else {
            cr_expect_eq(answer.body, PKI_KUP, "allocation %d: %s", n, answer.result.text);
            cr_expect(answer.has_cert, "allocation %d: %s", n, answer.result.text);
        }
        answer_free(&answer);
    } while (to_go == 0);
    cr_assert_gt(busy, 10);
    ctl_identity_cleanup(&own);
}

/* An answer without a CRL would say that there is none that is newer. */
Test(without_memory, a_CRL_that_could_not_be_looked_for_is_not_told_to_be_none, .timeout = 120)
{
    struct bytes crl = make_crl(1, 1), name = spelled_otherwise(world->arena, world->ca.cert.subject);
    struct bytes question = SEQUENCE(info(22, SEQUENCE(SEQUENCE(issuer(name)))));
    int n = 0, busy = 0;

    world_put_crl(world, "full", MADE, crl);
    world->undecided_at = ANY;
    do {
        cr_assert_lt(++n, FAILURES_MAX);
        to_go = n;
        struct answer answer = ask(&client, question);
        if (answer.result.end == JOB_BUSY) {
            busy++;
        } else {
            read_given(&answer);
            cr_expect(bytes_equal(given[0].value, SEQUENCE(crl)), "allocation %d", n);
        }
        answer_free(&answer);
    } while (to_go == 0);
    cr_assert_gt(busy, 10);
}

/* Of a nested message all are answered, or the sender is told nothing; one that finds no memory is told so in
 * its place, and what another was told is done. */
Test(without_memory, one_of_several_does_not_touch_another, .timeout = 120)
{
    int n = 0, busy = 0, apart = 0;

    add_ra();
    world->undecided_at = ANY;
    do {
        cr_assert_lt(++n, FAILURES_MAX);
        world_forget(world);
        fresh(&client);
        struct bytes messages[2] = {client_request(&client, PKI_IR)};
        fresh(&mac);
        messages[1] = client_request(&mac, PKI_IR);
        to_go = n;
        struct answer answer = batch(messages, 2);
        to_go = to_go > 0 ? ANY : 0;
        if (answer.result.end == JOB_BUSY) {
            busy++;
        } else {
            size_t done = 0;
            cr_assert_eq(answer.inner_count, 2, "allocation %d: %s", n, answer.result.text);
            for (size_t i = 0; i < 2; i++) {
                cr_expect(answer.inner[i].has_cert || answer.inner[i].result.end == JOB_BUSY,
                          "allocation %d: %s", n, answer.inner[i].result.text);
                done += (size_t)answer.inner[i].has_cert;
            }
            apart += done == 1;
        }
        answer_free(&answer);
    } while (to_go == 0);
    to_go = 0;
    cr_expect_gt(busy, 0);
    cr_expect_gt(apart, 10);
    remove_ra();
}
