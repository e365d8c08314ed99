/* renewal.c: a cr or p10cr for names that have a certificate is an update, where update.by_request says so:
 * RFC 9483 4.1.3 has kur for that, and leaves to the CA what becomes of the old one. */
#include "tests/unit/cmp/fixture.h"

static struct config_agent config;
static struct cmp_agent agent;
static struct trust trust;

static void set_up_agent(void)
{
    set_up();
    config = (struct config_agent){.name = "manager"};
    agent = (struct cmp_agent){&config, world->stranger.cert_der};
    trust = (struct trust){.count = 0};
    cr_assert(trust_add(&trust, agent.certificate, 1));
    world->profile.agents = &agent;
    world->profile.agent_count = 1;
    world->profile.agent_trust = &trust;
    world->config.update.by_request = 1;
    world->config.update.predecessor = CONFIG_PREDECESSOR_REVOKE;
    client_sign_by(&client, &world->stranger, NULL, 0);
}

static void tear_down_agent(void)
{
    trust_cleanup(&trust);
    tear_down();
}

TestSuite(renewal, .init = set_up_agent, .fini = tear_down_agent);

/* The row of what |client| gets by |body|. */
static struct store_cert *get(int body)
{
    struct store_cert *row;
    struct answer answer;

    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send(world, client_request(&client, body));
    cr_assert(answer.has_cert, "%s", answer.result.text);
    row = world_cert_of(world, answer.cert.serial);
    answer_free(&answer);
    return row;
}

static struct store_cert *get_implicit(int body)
{
    struct store_cert *row;

    client.header.implicit_confirm = 1;
    row = get(body);
    client.header.implicit_confirm = 0;
    return row;
}

/* Gets another one, and answers it with a certConf. */
static void confirm(int64_t status)
{
    struct answer answer, got;

    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    got = world_send(world, client_request(&client, PKI_P10CR));
    cr_assert(got.has_cert);
    answer = world_send(world, client_confirm(&client, &got, status));
    expect_pkiconf(&answer);
    answer_free(&got);
}

static void is_superseded(const struct store_cert *cert)
{
    cr_expect_eq(cert->status, STORE_CERT_REVOKED);
    cr_expect_eq(cert->reason, 4);
}

/* ---- an agent's ---- */

Test(renewal, of_an_agent_the_last_one_of_these_names_goes_when_the_new_one_is_confirmed)
{
    struct store_cert *first = get_implicit(PKI_CR), *second = get(PKI_P10CR);

    cr_expect_eq(first->status, STORE_CERT_VALID, "not before");
    cr_expect(bytes_equal(first->successor, second->serial));
    cr_expect_str_eq(world->audit.event, "update");
    confirm(-1);
    is_superseded(first);
}

Test(renewal, one_that_is_rejected_supersedes_nothing)
{
    struct store_cert *first = get_implicit(PKI_P10CR);

    confirm(2);
    cr_expect_eq(first->status, STORE_CERT_VALID);
    /* What was never in service is not taken for the last one. */
    get_implicit(PKI_P10CR);
    is_superseded(first);
}

/* Whoever loses the way to the server twice updates the same one still. */
Test(renewal, several_that_were_never_confirmed_supersede_nothing)
{
    struct store_cert *first = get_implicit(PKI_P10CR);

    world->config.keys.unique = world->config.keys.same_in_update = 1;
    for (int i = 0; i < 3; i++)
        get(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID);
    confirm(-1);
    is_superseded(first);
}

Test(renewal, with_implicit_confirmation_it_goes_at_once)
{
    struct store_cert *first = get_implicit(PKI_P10CR), *second = get_implicit(PKI_P10CR);

    is_superseded(first);
    cr_expect_eq(second->status, STORE_CERT_VALID);
    cr_expect_str_eq(world->audit.event, "update");
    cr_expect_not_null(memmem(world->audit.detail.data, world->audit.detail.len, "superseded", 10));
}

Test(renewal, it_is_kept_where_the_profile_keeps_predecessors)
{
    struct store_cert *first;

    world->config.update.predecessor = CONFIG_PREDECESSOR_KEEP;
    first = get_implicit(PKI_P10CR);
    cr_expect_eq(first->successor.len, 0);
    get_implicit(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID);
    cr_expect_neq(first->successor.len, 0, "and it is on record which one came after it");
}

Test(renewal, nothing_is_superseded_where_the_profile_does_not_say_so)
{
    struct store_cert *first;

    world->config.update.by_request = 0;
    first = get_implicit(PKI_P10CR);
    get_implicit(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID);
    cr_expect_eq(world->claim_count, 0);
}

Test(renewal, an_ir_begins_anew)
{
    struct store_cert *first = get_implicit(PKI_P10CR);

    get_implicit(PKI_IR);
    cr_expect_eq(first->status, STORE_CERT_VALID);
}

Test(renewal, names_and_agents_that_differ_are_others)
{
    struct store_cert *first = get_implicit(PKI_P10CR), *second;
    struct bytes subject = client.subject;

    cr_assert(name_build(&client.subject, world->arena, (const char *const[]){"CN", "another", NULL}));
    second = get_implicit(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID);
    config.name = "another";
    client.subject = subject;
    get_implicit(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID, "another agent's");
    cr_expect_eq(second->status, STORE_CERT_VALID);
}

Test(renewal, it_counts_from_when_a_kur_would_be_taken)
{
    struct store_cert *first = get_implicit(PKI_P10CR), *second;

    world->config.update.early_percent = 10;
    second = get_implicit(PKI_P10CR);
    cr_expect_eq(first->status, STORE_CERT_VALID, "too early: another one beside it");
    second->not_after = world->now + 100;
    second->not_before = second->not_after - 100000;
    get_implicit(PKI_P10CR);
    is_superseded(second);
}

/* Another node is faster. */
static void swap(struct world *who)
{
    struct world_cert *cert = &who->certs[who->cert_count];

    *cert = who->certs[0];
    cert->row.serial = bytes_str("another one's s.");
    cert->row.transaction_id = bytes_of(NULL, 0);
    who->cert_count++;
    who->claims[0].row.serial = cert->row.serial;
}

Test(renewal, of_two_nodes_one_supersedes_the_others)
{
    get_implicit(PKI_P10CR);
    world->before_commit = swap;
    get_implicit(PKI_P10CR);
    cr_expect_eq(world->certs[0].row.status, STORE_CERT_VALID);
    is_superseded(&world->certs[1].row);
}

Test(renewal, it_may_keep_its_key_where_a_kur_may)
{
    struct store_cert *first;
    struct answer answer;

    world->config.keys.unique = 1;
    first = get_implicit(PKI_P10CR);
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_P10CR));
    expect_refusal(&answer, PKI_CP, PKI_BAD_CERT_TEMPLATE);
    world->config.keys.same_in_update = 1;
    get_implicit(PKI_P10CR);
    is_superseded(first);
}

Test(renewal, a_store_that_cannot_be_asked_grants_nothing)
{
    get_implicit(PKI_P10CR);
    for (unsigned at = 3; at < 5; at++) {
        struct answer answer;
        client.transaction_id[0]++;
        world->fetches_seen = 0;
        world->fail_fetch_at = at;
        answer = world_send(world, client_request(&client, PKI_P10CR));
        expect_error(&answer, PKI_SYSTEM_UNAVAIL);
        cr_expect_eq(world->cert_count, 1);
    }
}

/* ---- of a secret that may be used again ---- */

static struct store_cert *get_by_secret(void)
{
    struct store_cert *row;
    struct answer answer;

    mac.transaction_id[0]++;
    mac.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&mac, PKI_P10CR));
    cr_assert(answer.has_cert, "%s", answer.result.text);
    row = world_cert_of(world, answer.cert.serial);
    answer_free(&answer);
    return row;
}

Test(renewal, of_a_secret_the_last_one_of_these_names_goes)
{
    struct store_cert *of_agent = get_implicit(PKI_P10CR), *first, *second;

    cr_assert(bytes_equal(client.subject, mac.subject));
    first = get_by_secret();
    cr_expect_eq(of_agent->status, STORE_CERT_VALID, "an agent's is another's");
    second = get_by_secret();
    is_superseded(first);
    cr_expect_eq(second->status, STORE_CERT_VALID);
    cr_assert(name_build(&mac.subject, world->arena, (const char *const[]){"CN", "another", NULL}));
    get_by_secret();
    cr_expect_eq(second->status, STORE_CERT_VALID);
}

Test(renewal, of_a_secret_that_may_be_used_once_there_is_none)
{
    world->secrets[0].row.reusable = 0;
    get_by_secret();
    cr_expect_eq(world->claim_count, 0);
}

/* ---- a client's own ---- */

/* |client| has a certificate of the CA, and signs with it. Returns its row. */
static struct store_cert *adopt(struct ctl_identity *own)
{
    struct store_cert *row;
    struct answer answer;

    client_cleanup(&client);
    client_init(&client, world, 0);
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    row = world_cert_of(world, answer.cert.serial);
    client_adopt(&client, &answer, own);
    client.header.implicit_confirm = 0;
    answer_free(&answer);
    return row;
}

Test(renewal, of_a_client_it_is_the_one_that_signs)
{
    struct ctl_identity own;
    struct store_cert *old = adopt(&own), *new = get(PKI_P10CR);

    cr_expect_eq(old->status, STORE_CERT_VALID);
    cr_expect(bytes_equal(old->successor, new->serial));
    confirm(-1);
    is_superseded(old);
    ctl_identity_cleanup(&own);
}

Test(renewal, of_a_client_too_with_implicit_confirmation)
{
    struct ctl_identity own;
    struct store_cert *old = adopt(&own);

    get_implicit(PKI_CR);
    is_superseded(old);
    ctl_identity_cleanup(&own);
}

static void revoke(struct world *who)
{
    who->certs[0].row.status = STORE_CERT_REVOKED;
}

Test(renewal, of_a_client_whose_certificate_was_revoked_meanwhile_there_is_none)
{
    struct ctl_identity own;
    struct answer answer;

    adopt(&own);
    for (int implicit = 0; implicit < 2; implicit++) {
        client.header.implicit_confirm = implicit;
        client.transaction_id[0]++;
        world->certs[0].row.status = STORE_CERT_VALID;
        world->before_commit = revoke;
        answer = world_send(world, client_request(&client, PKI_P10CR));
        expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
        cr_expect_eq(world->cert_count, 1);
    }
    ctl_identity_cleanup(&own);
}

/* As of a kur: who signs must not have been revoked since. */
Test(renewal, of_a_client_whose_certificate_was_revoked_before_its_certConf_nothing_is_confirmed)
{
    struct ctl_identity own;
    struct store_cert *old = adopt(&own);
    struct answer got, answer;

    got = world_send(world, client_request(&client, PKI_P10CR));
    cr_assert(got.has_cert);
    old->status = STORE_CERT_REVOKED;
    answer = world_send(world, client_confirm(&client, &got, -1));
    cr_expect_neq(world_cert_of(world, got.cert.serial)->status, STORE_CERT_VALID);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    answer_free(&got);
    ctl_identity_cleanup(&own);
}

Test(renewal, of_a_client_other_names_are_no_update)
{
    struct ctl_identity own;
    struct store_cert *old = adopt(&own);

    cr_assert(name_build(&client.subject, world->arena, (const char *const[]){"CN", "another", NULL}));
    get_implicit(PKI_P10CR);
    cr_expect_eq(old->status, STORE_CERT_VALID);
    cr_expect_eq(old->successor.len, 0);
    ctl_identity_cleanup(&own);
}
