/* op_nested.c: nested messages (RFC 9810 5.1.3.5, RFC 9483 5.2.2). */
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"
#include "tests/support/hex.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/nested.h"

TestSuite(op_nested, .init = set_up_ra, .fini = tear_down_ra);

static struct bytes ir_of(struct client *c)
{
    fresh(c);
    return client_request(c, PKI_IR);
}

static const struct store_tx *tx_of(const struct client *c)
{
    return world_tx_of(world, c->header.transaction_id);
}

/* ---- added protection (RFC 9483 5.2.2.1) ---- */

/* RFC 9483 7.1 FwdAddS, CA: "[Table 3: Forwarding Messages - Adding Protection to a Request Message,
 * Section 5.2.2.1] MUST"
 * RFC 9483 5.2.2.1: "sends the response message as described in Section 5.1, without wrapping it in a nested
 * message" */
Test(op_nested, added_protection_is_answered_as_the_message_in_it)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        fresh(clients[i]);
        struct answer first = added(client_request(clients[i], PKI_IR));
        cr_assert_eq(first.body, PKI_IP, "%s", first.result.text);
        cr_assert(first.has_cert);
        cr_expect_eq(mac_is_mac(first.message.header.protection_alg), i == 1);
        cr_expect(bytes_equal(first.result.nested_by, ra_identity.cert.subject));
        cr_expect(first.result.authenticated);
        cr_expect(!first.driven->result.authenticated, "anybody may send it again");
        struct bytes tells = world->audit.detail;
        cr_expect(tells.len > 0 && memmem(tells.data, tells.len, "protection added by CN=RA", 25) != NULL);
        struct answer confirmed = added(client_confirm(clients[i], &first, -1));
        expect_pkiconf(&confirmed);
        answer_free(&first);
        cr_expect_eq(tx_of(clients[i])->state, STORE_TX_CONFIRMED);
    }
    cr_expect_eq(world->commits, 4);
}

/* A kur keeps its own protection so (RFC 9483 5.2.1). */
Test(op_nested, an_update_goes_on_under_its_own_protection)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR)), answer;
    struct ctl_identity own;

    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    client_adopt(&client, &first, &own);
    answer_free(&first);
    client_sign_by(&client, &own, &world->issuing.cert_der, 1);
    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = own.cert.serial;
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = added(client_request(&client, PKI_KUR));
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 5.2.2.1 has both copied. */
Test(op_nested, added_protection_has_the_nonce_of_the_message)
{
    struct bytes request = ir_of(&client);

    fresh(&ra);
    ra.header.transaction_id = client.header.transaction_id;
    struct answer answer = world_send(world, client_nest(&ra, &request, 1));
    expect_error(&answer, PKI_BAD_SENDER_NONCE);
    cr_expect_eq(world->tx_count, 0);
}

/* What the RA may approve is decided by its profile. */
Test(op_nested, added_protection_is_for_one_profile)
{
    fresh(&client);
    client.header.cert_profile = bytes_str("other");
    struct answer answer = added(client_request(&client, PKI_IR));
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.ras");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    fresh(&client);
    client.header.cert_profile = bytes_str("test");
    answer = added(client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    fresh(&client);
    client.header.cert_profile = bytes_str("nobody's"); /* is told so */
    answer = added(client_request(&client, PKI_IR));
    cr_expect_str_eq(answer.result.text, CMP_NO_SUCH_PROFILE);
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_expect_eq(world->tx_count, 1);
}

/* Nothing of the message is taken for proven (RFC 9483 5.1.1 wants raVerified in what the RA itself signed,
 * and 5.2.2.1 keeps "the original message authentication"). */
Test(op_nested, added_protection_proves_nothing_of_the_message)
{
    struct bytes request;
    struct answer answer;

    mac.secret = bytes_str("wrong");
    answer = added(ir_of(&mac));
    cr_expect(answer.result.mac_wrong && !answer.driven->mac_wrong);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    answer = added(ir_of(&client));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
    client.header.has_message_time = 1;
    client.header.message_time = world->now - 10000;
    answer = added(ir_of(&client));
    expect_error(&answer, PKI_BAD_TIME);
    client.header.has_message_time = 0;
    world->decide_refuses = 1;
    answer = added(ir_of(&client));
    cr_expect(answer.result.refused);
    answer_free(&answer);
    world->decide_refuses = 0;
    request = ir_of(&client);
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
    cr_expect_eq(world->tx_count, 1);
}

/* RFC 9483 6.1 */
Test(op_nested, the_label_is_that_of_the_message_in_it)
{
    struct {
        int body, fits;
    } labels[] = {{PKI_IR, 1}, {PKI_CR, 0}, {PKI_NESTED, 0}, {-1, 1}};

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        const struct cmp_route route = {.body = labels[i].body};
        struct answer answer = world_send_to(world, &route, client_add_protection(&ra, ir_of(&client)));
        if (labels[i].fits)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_REQUEST);
    }
}

/* What comes again is answered again, with the same protection, another, or none. */
Test(op_nested, what_came_before_is_answered_again)
{
    struct bytes request = ir_of(&client), nested = client_add_protection(&ra, request);
    struct answer answer = world_send(world, nested);

    expect_certificate(&answer, PKI_IP);
    struct bytes again[] = {nested, client_add_protection(&ra, request), request};
    for (size_t i = 0; i < 3; i++) {
        answer = world_send(world, again[i]);
        cr_expect_str_eq(answer.result.event, "answered again");
        cr_expect_not(answer.result.authenticated);
        expect_certificate(&answer, PKI_IP);
    }
    cr_expect_eq(world->cert_count, 1);
}

/* ---- batches (RFC 9483 5.2.2.2) ---- */

/* world_send sees to its transactionID and nonce, and to the order and the protection of the answers. */
Test(op_nested, a_batch_is_answered_by_a_batch)
{
    struct bytes messages[] = {ir_of(&client), ir_of(&mac), bytes_of(NULL, 0), bytes_of(NULL, 0)};
    struct bytes of_client = arena_copy(world->arena, client.header.transaction_id);

    fresh(&client);
    messages[2] = client_message(&client, PKI_GENM, hex(world->arena, "30 00"));
    fresh(&client);
    messages[3] = client_message(&client, PKI_CERTCONF, hex(world->arena, "30 00"));
    struct answer answer = batch(messages, 4);
    cr_assert_eq(answer.body, PKI_NESTED, "%s", answer.result.text);
    cr_assert_eq(answer.inner_count, 4);
    cr_expect(bytes_equal(answer.message.header.transaction_id, ra.header.transaction_id));
    cr_expect(bytes_equal(answer.message.header.recip_nonce, ra.header.sender_nonce));
    cr_expect_eq(world->commits, 2);
    cr_expect(memmem(world->audit.detail.data, world->audit.detail.len, "in a batch of CN=RA", 19) != NULL);
    cr_expect(bytes_equal(answer.inner[0].message.header.transaction_id, of_client));
    cr_expect(answer.inner[0].result.authenticated && answer.inner[1].result.authenticated);
    cr_expect_not(answer.result.authenticated, "whoever has recorded it may send it again");
    expect_certificate(&answer.inner[0], PKI_IP);
    expect_certificate(&answer.inner[1], PKI_IP);
    cr_expect_eq(answer.inner[2].body, PKI_GENP);
    expect_error(&answer.inner[3], PKI_BAD_REQUEST);
    answer_free(&answer);
}

/* One message in it is one too many for nobody: what it is, its transactionID says. */
Test(op_nested, a_batch_of_one)
{
    struct answer answer = BATCH(ir_of(&client));

    cr_assert_eq(answer.body, PKI_NESTED);
    expect_certificate(&answer.inner[0], PKI_IP);
    answer_free(&answer);
}

/* RFC 9483 5.2.2.2: "For the upstream nested message, the PKI management entity acts as a protocol endpoint;
 * therefore, a fresh transactionID and a fresh senderNonce MUST be used in the header of the nested message."
 */
Test(op_nested, a_batch_has_a_transactionID_of_its_own)
{
    struct bytes messages[] = {ir_of(&client), ir_of(&mac)};

    ra.header.transaction_id = mac.header.transaction_id;
    struct answer answer = world_send(world, client_nest(&ra, messages, 2));
    expect_error(&answer, PKI_BAD_REQUEST);
    ra.header.transaction_id = bytes_of(NULL, 0);
    answer = world_send(world, client_nest(&ra, messages, 2));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    cr_expect_eq(world->tx_count, 0);
}

/* most_at_once sends |count| messages by MAC in a batch, without a store, and returns how many MACs were
 * wanted together at most. |*fetches| are the look-ups likewise. */
static unsigned most_at_once(size_t count, unsigned *fetches)
{
    static const struct cmp_route route = {.body = -1};
    struct bytes messages[BOUND_NESTED_MESSAGES];
    struct arena *arena = arena_new(BOUND_JOB_ARENA);
    unsigned most = 0, seen[CMP_WANT_KINDS];

    for (size_t i = 0; i < count; i++)
        messages[i] = ir_of(&mac);
    fresh(&ra);
    *fetches = 0;
    struct cmp_message *m =
        cmp_start(arena, &world->settings, &route, client_nest(&ra, messages, count), world->now * 1000);
    for (const struct cmp_want *want; (want = cmp_wants(m)) != NULL; cmp_resume(m, world->now * 1000)) {
        memset(seen, 0, sizeof seen);
        for (; want != NULL; want = want->next) {
            seen[want->kind]++;
            if (want->kind == CMP_WANT_FETCH)
                want->u.fetch->outcome = STORE_ABSENT;
            if (want->kind == CMP_WANT_VERIFY)
                verify_batch(&(struct verification *){want->u.verify}, 1);
            if (want->kind == CMP_WANT_SIGN)
                sign_batch(&(struct signing *){want->u.sign}, 1);
            if (want->kind == CMP_WANT_MAC)
                mac_derive(want->u.mac->key, want->u.mac->algorithm, want->u.mac->secret);
        }
        most = seen[CMP_WANT_MAC] > most ? seen[CMP_WANT_MAC] : most;
        *fetches = seen[CMP_WANT_FETCH] > *fetches ? seen[CMP_WANT_FETCH] : *fetches;
    }
    for (size_t i = 0; i < count; i++)
        cr_expect(m->inner->messages[i]->mac_wrong, "each came to its end");
    cmp_end(m);
    arena_free(arena);
    return most;
}

/* They share rounds: whatever all of them want at a time is wanted at once. */
Test(op_nested, they_go_side_by_side)
{
    unsigned fetches;

    cr_expect_eq(most_at_once(8, &fetches), 8);
    cr_expect_geq(fetches, 8 * 2);
}

/* … but no more at a time than a batch of a worker may cost: else who comes after them waits for all. */
Test(op_nested, what_is_costly_goes_in_groups)
{
    uint64_t each;
    unsigned fetches, most, fit;

    world->config.mac.iterations_max = 1000000;
    must(mac_pbm_encode(&mac.header.protection_alg, world->arena, bytes_str("salt salt"), DIGEST_SHA256,
                        DIGEST_SHA256, 20000));
    CBS cbs = cbs_of(mac.header.protection_alg);
    must(mac_parse(&mac.mac, &cbs));
    each = mac_price_us(&mac.mac);
    fit = (unsigned)((BOUND_BATCH_US + each - 1) / each);
    cr_assert_lt(fit, 8, "costly enough for this test");
    most = most_at_once(8, &fetches);
    cr_expect_leq(most, fit);
    cr_expect_geq(most, 1);
    cr_expect_lt(fetches, 8 * 2);
}

/* Success or refusal of one does not touch another. */
Test(op_nested, each_is_judged_by_itself)
{
    struct bytes good = ir_of(&client), wrong, stranger;

    mac.secret = bytes_str("wrong");
    wrong = ir_of(&mac);
    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    stranger = ir_of(&client);
    struct answer answer =
        BATCH(wrong, hex(world->arena, "04 03 01 02 03"), good, stranger, hex(world->arena, "30 80 00 00"));
    /* The last of them cannot be told from what comes after it. */
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    answer = BATCH(wrong, hex(world->arena, "04 03 01 02 03"), good, stranger);
    cr_assert_eq(answer.inner_count, 4);
    cr_expect(answer.inner[0].result.mac_wrong);
    expect_error(&answer.inner[0], PKI_BAD_MESSAGE_CHECK);
    cr_expect_eq(answer.inner[1].result.end, JOB_UNREADABLE);
    expect_error(&answer.inner[1], PKI_BAD_DATA_FORMAT);
    expect_certificate(&answer.inner[2], PKI_IP);
    expect_error(&answer.inner[3], PKI_SIGNER_NOT_TRUSTED);
    answer_free(&answer);
    cr_expect_eq(world->tx_count, 1);
}

/* One that is not DER spoils none of the others. */
Test(op_nested, one_that_is_not_DER)
{
    struct bytes bad = ir_of(&client), good;

    ((uint8_t *)(uintptr_t)bad.data)[bad.len - 1] ^= 1; /* extraCerts, which is not protected */
    good = ir_of(&client);
    struct bytes spoilt = arena_copy(world->arena, ir_of(&mac));
    /* messageTime, or what stands in its place, is no element any more. */
    struct pki_message in;
    must(pki_message_decode(&in, NULL, spoilt) == PKI_WHOLE);
    ((uint8_t *)(uintptr_t)in.body.data)[0] = 0x10;
    struct answer answer = BATCH(bad, spoilt, good);
    cr_assert_eq(answer.inner_count, 3);
    expect_error(&answer.inner[1], PKI_BAD_DATA_FORMAT);
    expect_certificate(&answer.inner[2], PKI_IP);
    answer_free(&answer);
}

/* As outside (RFC 9483 3.5). */
Test(op_nested, one_without_protection)
{
    struct pki_header header = client.header;
    struct bytes part, bare;

    header.protection_alg = header.sender_kid = bytes_of(NULL, 0);
    must(pki_encode_protected_part(&part, world->arena, &header, PKI_IR, client_body(&client, PKI_IR)) &&
         pki_encode_message(&bare, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    struct answer answer = BATCH(bare, ir_of(&mac));
    expect_error(&answer.inner[0], PKI_BAD_MESSAGE_CHECK);
    expect_certificate(&answer.inner[1], PKI_IP);
    answer_free(&answer);
    answer = world_send(world, client_add_protection(&ra, bare));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* Of two that are the same one is done, and both are answered from its row; of two others under one
 * transactionID one is refused. */
Test(op_nested, two_under_one_transactionID)
{
    struct bytes one = ir_of(&client), other, conf;
    struct answer answer = BATCH(one, one);

    cr_assert_eq(answer.inner_count, 2);
    cr_expect(bytes_equal(answer.inner[0].cert.der, answer.inner[1].cert.der));
    expect_certificate(&answer.inner[0], PKI_IP);
    cr_expect_str_eq(answer.inner[1].result.event, "answered again");
    expect_certificate(&answer.inner[1], PKI_IP);
    answer_free(&answer);
    cr_expect_eq(world->cert_count, 1);
    one = ir_of(&client);
    random_bytes(client.nonce, sizeof client.nonce);
    other = client_request(&client, PKI_IR);
    answer = BATCH(one, other);
    expect_certificate(&answer.inner[0], PKI_IP);
    cr_expect(answer.inner[1].result.refused);
    cr_expect_eq(answer.inner[1].result.fail_info, PKI_TRANSACTION_ID_IN_USE);
    answer_free(&answer);
    cr_expect_eq(world->cert_count, 2);
    /* A certConf beside its own request has nothing to confirm. */
    struct answer first = world_send(world, ir_of(&client));
    conf = client_confirm(&client, &first, -1);
    answer_free(&first);
    answer = BATCH(conf, conf);
    expect_pkiconf(&answer.inner[0]);
    expect_pkiconf(&answer.inner[1]);
    answer_free(&answer);
}

/* certProfile means in it what it means outside; the path names one for all. */
Test(op_nested, messages_of_another_profile)
{
    static const struct cmp_route by_path = {.body = -1};
    struct cmp_route route = by_path;
    struct bytes request;

    client.header.cert_profile = bytes_str("other");
    request = ir_of(&client);
    struct answer answer = BATCH(request);
    cr_expect_str_eq(answer.inner[0].result.profile, "other");
    expect_certificate(&answer.inner[0], PKI_IP);
    answer_free(&answer);
    route.profile = &world->profile;
    request = ir_of(&client);
    fresh(&ra);
    answer = world_send_to(world, &route, client_nest(&ra, &request, 1));
    expect_error(&answer.inner[0], PKI_BAD_REQUEST);
    answer_free(&answer);
    cr_expect_eq(world->tx_count, 1);
}

/* RFC 9483 6.1 has a label for batches. */
Test(op_nested, the_label_of_a_batch)
{
    struct {
        int body, fits;
    } labels[] = {{PKI_IR, 0}, {PKI_GENM, 0}, {PKI_NESTED, 1}};

    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        const struct cmp_route route = {.body = labels[i].body};
        struct bytes request = ir_of(&client);
        fresh(&ra);
        struct answer answer = world_send_to(world, &route, client_nest(&ra, &request, 1));
        if (labels[i].fits) {
            expect_certificate(&answer.inner[0], PKI_IP);
            answer_free(&answer);
        } else {
            expect_error(&answer, PKI_BAD_REQUEST);
        }
    }
}

/* ---- who may send one, and how many ---- */

/* RFC 9483 5.2.2.1 wants "the authorization for the approval it implies". */
Test(op_nested, only_an_RA_may)
{
    struct bytes request = ir_of(&mac);
    struct answer answer;

    fresh(&client);
    answer = world_send(world, client_nest(&client, &request, 1));
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.ras");
    cr_expect_str_eq(world->audit.event, "nested");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    answer = world_send(world, client_add_protection(&client, request));
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    struct client by_mac;
    client_init(&by_mac, world, 1);
    answer = world_send(world, client_nest(&by_mac, &request, 1));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&by_mac);
    /* The RA of nobody is one like any other device. */
    world->profile.ras = NULL;
    answer = added(request);
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->tx_count, 0);
}

/* Of a nested message whose protection is wrong nothing is looked at: it costs what any message of the same
 * signer does. */
Test(op_nested, a_wrong_protection_costs_no_more_than_any)
{
    struct bytes messages[16], nested;
    unsigned fetches, macs;
    struct answer answer;

    for (size_t i = 0; i < 16; i++)
        messages[i] = ir_of(&mac);
    fresh(&ra);
    struct answer plain = world_send(world, client_message(&ra, PKI_GENM, hex(world->arena, "30 00")));
    nested = client_nest(&ra, messages, 16);
    struct pki_message in;
    must(pki_message_decode(&in, NULL, nested) == PKI_WHOLE);
    ((uint8_t *)(uintptr_t)in.protection.data)[in.protection.len - 1] ^= 1;
    fetches = world->wants_seen[CMP_WANT_FETCH];
    macs = world->wants_seen[CMP_WANT_MAC];
    answer = world_send(world, nested);
    cr_expect_eq(answer.price_us, plain.price_us);
    cr_expect_eq(world->wants_seen[CMP_WANT_FETCH], fetches);
    cr_expect_eq(world->wants_seen[CMP_WANT_MAC], macs);
    cr_expect_eq(world->wants_seen[CMP_WANT_ADMIT], 0);
    cr_expect_not(answer.result.mac_wrong);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    answer_free(&plain);
    cr_expect_eq(world->commits, 0);
}

/* What the messages cost is in the price once they are read, before any of it is paid; and none is read
 * before there is room for all. */
Test(op_nested, their_price_is_known_before_they_are_taken_up)
{
    const struct cmp_route route = {.body = -1};
    struct arena *arena = arena_new(BOUND_JOB_ARENA);
    struct bytes messages[] = {ir_of(&mac), ir_of(&mac)};
    uint64_t before;

    fresh(&ra);
    struct cmp_message *m =
        cmp_start(arena, &world->settings, &route, client_nest(&ra, messages, 2), world->now * 1000);
    before = cmp_price_us(m);
    while (cmp_wants(m)->kind != CMP_WANT_ADMIT || cmp_wants(m)->u.admit->messages == NULL) {
        cr_assert_eq(cmp_price_us(m), before);
        for (const struct cmp_want *want = cmp_wants(m); want != NULL; want = want->next)
            if (want->kind == CMP_WANT_VERIFY)
                verify_batch(&(struct verification *){want->u.verify}, 1);
        cmp_resume(m, world->now * 1000);
    }
    const struct cmp_admission *item = cmp_wants(m)->u.admit;
    cr_assert_eq(item->count, 2);
    cr_expect_gt(cmp_price_us(item->messages[0]), 0);
    cr_expect_eq(cmp_price_us(m), before + cmp_price_us(item->messages[0]) + cmp_price_us(item->messages[1]));
    cmp_end(m);
    arena_free(arena);
}

Test(op_nested, whom_the_pipeline_does_not_take_up)
{
    struct bytes messages[] = {ir_of(&mac), ir_of(&client)};

    world->not_admitted = "not now";
    struct answer answer = batch(messages, 2);
    cr_expect_str_eq(answer.result.text, "not now");
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_expect_eq(world->tx_count, 0);
    world->not_admitted = NULL;
    /* One that guesses is refused unseen; the other goes on. */
    world->guessed = 1;
    unsigned macs = world->wants_seen[CMP_WANT_MAC];
    answer = batch(messages, 2);
    expect_error(&answer.inner[0], PKI_BAD_MESSAGE_CHECK);
    expect_certificate(&answer.inner[1], PKI_IP);
    cr_expect_eq(world->wants_seen[CMP_WANT_MAC], macs);
    answer_free(&answer);
}

Test(op_nested, none_and_too_many)
{
    struct bytes messages[BOUND_NESTED_MESSAGES + 1];
    struct answer answer = batch(messages, 0);

    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    for (size_t i = 0; i <= BOUND_NESTED_MESSAGES; i++)
        messages[i] = client_message(&client, PKI_GENM, hex(world->arena, "30 00"));
    answer = batch(messages, BOUND_NESTED_MESSAGES + 1);
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    answer = batch(messages, 17);
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.nested");
    expect_error(&answer, PKI_BAD_REQUEST);
    answer = batch(messages, 16);
    cr_expect_eq(answer.inner_count, 16);
    answer_free(&answer);
    world->config.accept.nested = BOUND_NESTED_MESSAGES;
    answer = batch(messages, BOUND_NESTED_MESSAGES);
    cr_expect_eq(answer.inner_count, BOUND_NESTED_MESSAGES);
    answer_free(&answer);
    world->config.accept.nested = 0;
    answer = batch(messages, 1);
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.nested");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
}

/* An RA that is nearer to the stations adds its protection, another one sends a batch. */
Test(op_nested, nested_in_nested)
{
    struct bytes request = ir_of(&client), once = client_add_protection(&ra, request), twice, thrice;
    struct answer answer = BATCH(once, ir_of(&mac));

    cr_assert_eq(answer.inner_count, 2);
    expect_certificate(&answer.inner[0], PKI_IP);
    expect_certificate(&answer.inner[1], PKI_IP);
    answer_free(&answer);
    request = ir_of(&client);
    once = client_add_protection(&ra, request);
    twice = client_add_protection(&ra, once);
    thrice = client_add_protection(&ra, twice);
    answer = world_send(world, thrice);
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_expect_eq(world->tx_count, 2);
    answer = world_send(world, twice);
    expect_certificate(&answer, PKI_IP);
    fresh(&ra);
    once = client_nest(&ra, &request, 1);
    answer = BATCH(once);
    cr_assert_eq(answer.inner[0].body, PKI_NESTED);
    expect_certificate(&answer.inner[0].inner[0], PKI_IP);
    answer_free(&answer);
}

/* The bound counts all, at whatever depth. */
Test(op_nested, too_many_in_all)
{
    struct bytes inner[32], outer[4];
    size_t refused = 0;

    world->config.accept.nested = 32;
    for (size_t i = 0; i < 32; i++)
        inner[i] = client_message(&client, PKI_GENM, hex(world->arena, "30 00"));
    for (size_t i = 0; i < 4; i++) {
        fresh(&ra);
        outer[i] = client_nest(&ra, inner, 20);
    }
    struct answer answer = batch(outer, 4);
    cr_assert_eq(answer.inner_count, 4);
    for (size_t i = 0; i < 4; i++)
        refused += answer.inner[i].result.refused != 0;
    cr_expect_eq(refused, 1); /* 4 and 3 times 20 are 64 */
    answer_free(&answer);
}

/* The server's own failures: of one, and of all. */
Test(op_nested, a_store_that_fails)
{
    struct bytes messages[] = {ir_of(&mac), ir_of(&mac)};

    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct answer answer = batch(messages, 2);
    cr_assert_eq(answer.inner_count, 2);
    expect_error(&answer.inner[0], PKI_SYSTEM_UNAVAIL);
    expect_certificate(&answer.inner[1], PKI_IP);
    answer_free(&answer);
    /* Sent again, one is done and the other answered again. */
    world->fail_commit_at = 0;
    answer = batch(messages, 2);
    expect_certificate(&answer.inner[0], PKI_IP);
    cr_expect_str_eq(answer.inner[1].result.event, "answered again");
    expect_certificate(&answer.inner[1], PKI_IP);
    answer_free(&answer);
    cr_expect_eq(world->cert_count, 2);
}

/* One finds no memory: it alone is told so, without protection, as it would be alone. */
Test(op_nested, one_without_memory)
{
    struct bytes messages[] = {ir_of(&mac), ir_of(&client)};

    world->macs_fail = 1;
    struct answer answer = batch(messages, 2);
    cr_assert_eq(answer.inner_count, 2);
    cr_expect_eq(answer.inner[0].result.end, JOB_BUSY);
    expect_certificate(&answer.inner[1], PKI_IP);
    struct bytes answers[BOUND_NESTED_MESSAGES];
    struct pki_message in;
    struct pki_status_info status;
    const char *why;
    size_t count;
    must(pki_decode_nested(answers, &count, &why, answer.message.body));
    cr_assert_eq(pki_message_decode(&in, NULL, answers[0]), PKI_WHOLE);
    cr_expect_eq(in.body_type, PKI_ERROR);
    cr_expect_not(in.has_protection);
    cr_expect(bytes_equal(in.header.transaction_id, mac.header.transaction_id));
    cr_assert(pki_decode_error(&status, in.body));
    cr_expect_eq(status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    answer_free(&answer);
}

/* Opened secrets and derived keys of messages in it are wiped when it ends. */
Test(op_nested, no_secret_outlives_it)
{
    secret_memory_lock();
    size_t before = secret_memory_used();
    struct answer answer = BATCH(ir_of(&mac), ir_of(&mac));

    cr_expect_gt(secret_memory_used(), before);
    answer_free(&answer);
    cr_expect_eq(secret_memory_used(), before);
}

Test(op_nested, without_a_key_to_sign)
{
    struct bytes messages[] = {ir_of(&client)};

    world->keys_unavailable = 1;
    struct answer answer = batch(messages, 1);
    cr_expect_eq(answer.result.end, JOB_NO_KEY);
    answer_free(&answer);
    answer = added(messages[0]);
    cr_expect_eq(answer.result.end, JOB_NO_KEY);
    answer_free(&answer);
}

/* What is told of a nested message, and what of those in it. */
Test(op_nested, the_results)
{
    struct bytes request = ir_of(&client), once = client_add_protection(&ra, request);
    struct cmp_result result;
    struct answer answer;

    fresh(&ra);
    answer = world_send(world, client_nest(&ra, &once, 1));
    cr_expect(answer.result.carried && !answer.result.refused);
    cr_expect_eq(answer.result.nested_by.len, 0);
    cmp_result(answer.driven->inner->messages[0], &result);
    cr_expect(result.carried && !result.refused);
    cr_expect_not_null(result.event);
    cr_expect(bytes_equal(result.nested_by, ra_identity.cert.subject));
    cr_expect_not(answer.inner[0].result.carried);
    answer_free(&answer);
    answer = batch(NULL, 0);
    cr_expect_not(answer.result.carried);
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

/* RFC 9483 5.2.2.1: "Other fields in the header of the nested message can be ignored." */
Test(op_nested, a_header_that_was_copied_whole)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    fresh(&client);
    struct answer first = added(client_request(&client, PKI_IR)), answer;
    struct bytes conf = client_confirm(&client, &first, -1);
    ra.header.recip_nonce = client.header.recip_nonce;
    answer = added(conf);
    expect_pkiconf(&answer);
    answer_free(&first);
}

/* What has to wait for approval waits, whoever sent it on. */
Test(op_nested, one_that_waits_for_approval)
{
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = 1,
                                                          .expire_hours = 1,
                                                          .per_day = 100,
                                                          .open = 8};
    struct bytes request = ir_of(&client);
    struct answer answer = BATCH(request, ir_of(&mac));
    cr_assert_eq(answer.inner_count, 2);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(answer.inner[i].status.status, PKI_WAITING);
    answer_free(&answer);
    answer = added(request);
    cr_expect_eq(answer.status.status, PKI_WAITING);
    answer_free(&answer);
    cr_expect_eq(world->request_count, 2);
    cr_expect_eq(world->cert_count, 0);
}

/* RFC 9811 3.5: an announcement is answered by a status of HTTP alone, which one of several messages has not.
 */
Test(op_nested, an_announcement_comes_alone)
{
    struct bytes request = ir_of(&mac), announcement;

    fresh(&client);
    announcement = client_message(&client, PKI_RANN, hex(world->arena, "30 00"));
    struct answer answer = BATCH(announcement, request);
    cr_assert_eq(answer.inner_count, 2);
    cr_expect_eq(answer.inner[0].body, PKI_ERROR);
    cr_expect_eq(answer.inner[0].status.fail_info, UINT64_C(1) << PKI_BAD_REQUEST);
    cr_expect_eq(answer.inner[1].body, PKI_IP);
    answer_free(&answer);
    answer = added(announcement);
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* Of all that came in one message there is a bound, and parts count. */
Test(op_nested, parts_of_messages_count)
{
    enum { WHOLE = 1 + BOUND_SEVERAL, MESSAGES = BOUND_NESTED_MESSAGES / WHOLE + 1 };
    struct bytes messages[MESSAGES];
    size_t granted = 0;

    world->config.accept.nested = BOUND_NESTED_MESSAGES;
    for (size_t i = 0; i < MESSAGES; i++) {
        fresh(&client);
        messages[i] = several_requests(&client, PKI_IR, BOUND_SEVERAL);
    }
    struct answer answer = batch(messages, MESSAGES);
    cr_assert_eq(answer.inner_count, MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++)
        granted += !answer.inner[i].result.refused;
    cr_expect_eq(granted, MESSAGES - 1);
    cr_expect_eq(world->cert_count, (MESSAGES - 1) * BOUND_SEVERAL);
    answer_free(&answer);
}

/* Who may approve for one profile may not for another, in a message with several requests either. */
Test(op_nested, added_protection_is_for_one_profile_of_several_requests)
{
    CBB cbb;

    world->other_profile.ras = NULL;
    fresh(&client);
    cr_assert(CBB_init(&cbb, 32));
    cr_assert(der_finish(&client.header.cert_profiles, world->arena, &cbb,
                         der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("test")) &&
                             der_add_octets(&cbb, CBS_ASN1_UTF8STRING, bytes_str("other"))));
    struct answer answer = added(several_requests(&client, PKI_IR, 2));
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.ras");
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->cert_count, 0);
    fresh(&client);
    client.header.cert_profiles = bytes_of(NULL, 0);
    answer = added(several_requests(&client, PKI_IR, 2));
    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert);
    answer_free(&answer);
}
