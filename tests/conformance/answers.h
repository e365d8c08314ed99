/* answers.h: one answer of each kind that the server gives, each with its request, to hold what the RFCs say
 * of every message against. Included once by a test, after tests/unit/cmp/fixture.h. */
#ifndef CMPD_TESTS_CONFORMANCE_ANSWERS_H
#define CMPD_TESTS_CONFORMANCE_ANSWERS_H

#include "tests/unit/cmp/fixture.h"

enum { ANSWERS = 11 };

struct exchange {
    const char *what;
    int by_mac; /* the request was protected by MAC */
    struct pki_message request;
    struct answer answer;
};

static struct ctl_identity updated; /* the certificate that kur and rr are about */

static inline struct exchange ask(const char *what, const struct client *c, struct bytes request, int body)
{
    struct exchange out = {.what = what, .by_mac = c->signer == NULL};

    cr_assert_eq(pki_message_decode(&out.request, NULL, request), PKI_WHOLE);
    out.answer = world_send(world, request);
    cr_assert_eq(out.answer.body, body, "%s: %s", what, pki_body_name(out.answer.body));
    return out;
}

/* A transaction, and a refusal by error and in the body, protected by signature first, then by MAC; and what
 * can be asked for by signature only. */
static inline void collect_answers(struct exchange out[ANSWERS])
{
    struct client *const clients[] = {&mac, &client};
    struct exchange *at = out;

    for (size_t i = 0; i < 2; i++) {
        struct client *c = clients[i];
        at[0] = ask("ip", c, client_request(c, PKI_IR), PKI_IP);
        at[1] = ask("pkiconf", c, client_confirm(c, &at[0].answer, -1), PKI_PKICONF);
        at[2] = ask("error", c, client_confirm(c, &at[0].answer, PKI_REJECTION), PKI_ERROR); /* too late */
        c->transaction_id[0]++;
        c->header.recip_nonce = bytes_of(NULL, 0);
        world->decide_refuses = 1;
        at[3] = ask("rejection", c, client_request(c, PKI_CR), PKI_CP);
        world->decide_refuses = 0;
        at += 4;
    }
    client_adopt(&client, &out[4].answer, &updated);
    at[0] = ask("kup", &client, client_request(&client, PKI_KUR), PKI_KUP);
    client.transaction_id[0]++;
    at[1] = ask("rp", &client, client_revoke(&client, &updated.cert, 1), PKI_RP);
    client.transaction_id[0]++;
    at[2] = ask("rp, rejection", &client, client_revoke(&client, &updated.cert, 1), PKI_RP);
    cr_assert_eq(at[1].answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(at[2].answer.status.status, PKI_REJECTION);
}

/* The client is again that of the device. */
static inline void free_answers(struct exchange exchanges[ANSWERS])
{
    for (size_t i = 0; i < ANSWERS; i++)
        answer_free(&exchanges[i].answer);
    ctl_identity_cleanup(&updated);
    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
}

#endif
