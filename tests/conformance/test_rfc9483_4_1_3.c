/* RFC 9483 4.1.3: the update of a certificate, kur and kup. */
#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client;    /* signs with |own|, asks for a new key */
static struct ctl_identity own; /* enrolled and confirmed */

static void set_up(void)
{
    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&confirmed);
    client_adopt(&client, &first, &own);
    answer_free(&first);
}

static void tear_down(void)
{
    client_cleanup(&client);
    ctl_identity_cleanup(&own);
    world_free(world);
}

TestSuite(rfc9483_4_1_3, .init = set_up, .fini = tear_down);

/* RFC 9483 4.1.3: "The body of the first request and response MUST be kur and kup, respectively." */
Test(rfc9483_4_1_3, kur_gets_kup_granted_or_not)
{
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));

    cr_assert_eq(answer.body, 8); /* kup [8] CertRepMessage, RFC 9810 5.1.2 */
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(answer.response.cert_req_id, 0);
    cr_assert(bytes_equal(answer.cert.spki, private_key_spki(client.key)));
    cr_assert(bytes_equal(answer.cert.subject, own.cert.subject));
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);

    client.header.recip_nonce = bytes_of(NULL, 0);
    client.transaction_id[0]++;
    world->decide_refuses = 1;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 4.1.3: "The caPubs field in the kup message MUST be absent."
 * Not even where the profile sends it whenever it may. */
Test(rfc9483_4_1_3, a_kup_has_no_caPubs)
{
    CBS cbs, content;

    world->config.answer.ca_pubs = CONFIG_CA_PUBS_ALWAYS;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    cbs = cbs_of(answer.message.body);
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    cr_assert_not(CBS_peek_asn1_tag(&content, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1));
    expect_certificate(&answer, PKI_KUP);
}
