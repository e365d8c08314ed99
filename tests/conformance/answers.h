/* answers.h: one answer of each kind that the server gives, each with its request, to hold what the RFCs say
 * of every message against. Included once by a test, after tests/unit/cmp/fixture.h. */
#ifndef CMPD_TESTS_CONFORMANCE_ANSWERS_H
#define CMPD_TESTS_CONFORMANCE_ANSWERS_H

#include "tests/unit/cmp/fixture.h"

enum { ANSWERS = 8 };

struct exchange {
    const char *what;
    struct client *client;
    struct pki_message request;
    struct answer answer;
};

static inline struct exchange ask(const char *what, struct client *c, struct bytes request, int body)
{
    struct exchange out = {.what = what, .client = c};

    cr_assert_eq(pki_message_decode(&out.request, NULL, request), PKI_WHOLE);
    out.answer = world_send(world, request);
    cr_assert_eq(out.answer.body, body, "%s: %s", what, pki_body_name(out.answer.body));
    return out;
}

/* A transaction and a refusal in body and by error, protected by signature first, then by MAC. */
static inline void collect_answers(struct exchange out[ANSWERS])
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct client *c = clients[i];
        struct exchange *at = &out[4 * i];
        at[0] = ask("ip", c, client_request(c, PKI_IR), PKI_IP);
        at[1] = ask("pkiconf", c, client_confirm(c, &at[0].answer, -1), PKI_PKICONF);
        at[2] = ask("error", c, client_confirm(c, &at[0].answer, PKI_REJECTION), PKI_ERROR); /* too late */
        c->transaction_id[0]++;
        c->header.recip_nonce = bytes_of(NULL, 0);
        world->decide_refuses = 1;
        at[3] = ask("rejection", c, client_request(c, PKI_CR), PKI_CP);
        world->decide_refuses = 0;
    }
}

static inline void free_answers(struct exchange exchanges[ANSWERS])
{
    for (size_t i = 0; i < ANSWERS; i++)
        answer_free(&exchanges[i].answer);
}

#endif
