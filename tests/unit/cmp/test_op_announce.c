/* op_announce.c and acknowledge.c: what other CAs announce (RFC 9810 5.3.13 to 5.3.16, RFC 9811 3.5). The
 * upstream is the stranger, whom no profile trusts for anything else. */
#include "server/pki/announcement.h"
#include "tests/unit/cmp/general.h"

static struct trust upstream_trust;
static struct cmp_upstream upstreams[2];

static void listen_to(const struct ctl_identity *identity)
{
    upstreams[0] = (struct cmp_upstream){"national", identity->cert_der};
    cr_assert(trust_add(&upstream_trust, identity->cert_der, 1));
    world->settings.upstreams = upstreams;
    world->settings.upstream_count = 1;
    world->settings.upstream_trust = &upstream_trust;
}

static void set_up_upstream(void)
{
    set_up();
    listen_to(&world->stranger);
    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
}

static void tear_down_upstream(void)
{
    trust_cleanup(&upstream_trust);
    tear_down();
}

TestSuite(op_announce, .init = set_up_upstream, .fini = tear_down_upstream);

static struct bytes rann(int64_t reason)
{
    const struct revocation_notice notice = {.status = PKI_REVOCATION_NOTIFICATION,
                                             .issuer_name = world->stranger_root.cert.subject,
                                             .serial = hex(world->arena, "07"),
                                             .revoked_at = MADE,
                                             .bad_since = MADE,
                                             .has_reason = 1,
                                             .reason = reason};
    struct bytes out;

    cr_assert(pki_encode_revocation_notice(&out, world->arena, &notice));
    return out;
}

static struct bytes crlann(int64_t number)
{
    struct bytes crl = make_crl(number, 1), out;

    cr_assert(pki_encode_sequence(&out, world->arena, &crl, 1));
    return out;
}

static struct bytes ckuann(void)
{
    const struct root_update update = {.new_with_new = world->vendor_root.cert_der,
                                       .old_with_new = world->stranger.cert_der};
    struct bytes out;

    cr_assert(pki_encode_key_update(&out, world->arena, &update));
    return out;
}

static struct bytes message_of(int body, struct bytes content)
{
    client.header.pvno = body == PKI_CKUANN ? PKI_CMP2021 : PKI_CMP2000;
    return client_message(&client, body, content);
}

/* Sends it as it is; |end| is how its job has to end. */
static void send_raw(struct bytes message, enum job_end end)
{
    struct answer answer = world_send(world, message);

    cr_expect_eq(answer.result.end, end, "%d: %s (%s)", (int)answer.result.end,
                 answer.result.text != NULL ? answer.result.text : answer.result.event,
                 answer.result.detail != NULL ? answer.result.detail : "");
    cr_expect_eq(answer.result.reply.len, 0);
    cr_expect_not(answer.result.authenticated, "its lines in the log are sampled");
    answer_free(&answer);
}

static void announce(int body, struct bytes content, enum job_end end)
{
    send_raw(message_of(body, content), end);
}

static const struct store_announcement *row_of(int body)
{
    for (size_t i = 0; i < world->announcement_count; i++)
        if (world->announcements[i].row.body == body)
            return &world->announcements[i].row;
    return NULL;
}

/* RFC 9811 3.5: "However, the recipient MUST acknowledge receipt with an HTTP response having an appropriate
 * status code and empty content." RFC 9811 3.5: "If the announced issue was successfully stored in a database
 * or was already present, the answer MUST be an HTTP response with a 201 (Created) status code and empty
 * content." */
Test(op_announce, each_kind_is_stored)
{
    static const char *const abouts[] = {"new root CN=Vendor Root", "certificate ",
                                         "certificate 07 of CN=Stranger Root", "CRL 7 of CN="};
    const struct {
        int body;
        struct bytes content;
    } cases[] = {{PKI_CKUANN, ckuann()},
                 {PKI_CANN, world->device.cert_der},
                 {PKI_RANN, rann(1)},
                 {PKI_CRLANN, crlann(7)}};

    for (size_t i = 0; i < 4; i++) {
        const struct store_announcement *row;
        struct bytes message = message_of(cases[i].body, cases[i].content);
        send_raw(message, JOB_STORED);
        cr_expect_eq(world->audits, i + 1);
        row = row_of(cases[i].body);
        cr_assert_not_null(row);
        cr_expect(bytes_equal(row->upstream, bytes_str("national")));
        cr_expect(bytes_equal(row->message, message));
        cr_expect_eq(row->announced_at, world->now);
        cr_expect_eq(row->received_at, world->now);
        cr_expect_not_null(memmem(row->about.data, row->about.len, abouts[i], strlen(abouts[i])), "%.*s",
                           (int)row->about.len, (const char *)row->about.data);
    }
    cr_expect_eq(world->announcement_count, 4);
    cr_expect_eq(world->tx_count, 0, "there is no transaction");
}

Test(op_announce, the_former_ckuann_is_taken_with_any_version)
{
    struct bytes three[] = {world->stranger.cert_der, world->device.cert_der, world->vendor_root.cert_der},
                 body;

    cr_assert(pki_encode_sequence(&body, world->arena, three, 3));
    client.header.pvno = PKI_CMP2000;
    send_raw(client_message(&client, PKI_CKUANN, body), JOB_STORED);
}

/* Sent again, by whomever, it changes nothing; an older one neither. */
Test(op_announce, the_newest_stays)
{
    struct bytes first = message_of(PKI_RANN, rann(1)), second;

    send_raw(first, JOB_STORED);
    send_raw(first, JOB_STORED);
    cr_expect_eq(world->audits, 1, "it was there");
    client.header.message_time++;
    second = message_of(PKI_RANN, rann(2));
    send_raw(second, JOB_STORED);
    cr_expect_eq(world->audits, 2);
    send_raw(first, JOB_STORED);
    cr_expect_eq(world->audits, 3, "an older one is on record, for it may not have come before");
    cr_expect(bytes_equal(row_of(PKI_RANN)->message, second));
    cr_expect_eq(world->announcement_count, 1);
    /* Two in a second are two. */
    announce(PKI_RANN, rann(3), JOB_STORED);
    cr_expect_eq(world->audits, 4);
}

/* Who has recorded two of one second, and sends them by turns, makes no record of each. */
Test(op_announce, two_of_a_second_change_places_a_few_times)
{
    struct bytes pair[2] = {message_of(PKI_RANN, rann(1)), message_of(PKI_RANN, rann(2))};
    size_t taken = 0;

    world->settings.recorded = cmp_recorded_new();
    cr_assert_not_null(world->settings.recorded);
    for (size_t i = 0; i < 40; i++) {
        struct answer answer = world_send(world, pair[i % 2]);
        cr_assert(answer.result.end == JOB_STORED || answer.result.end == JOB_NOT_NOW);
        taken += answer.result.end == JOB_STORED;
        answer_free(&answer);
    }
    cr_expect_leq(world->audits, 2 * BOUND_TAKEN_AGAIN + 1);
    cr_expect_gt(taken, 2);
    cmp_recorded_free(world->settings.recorded);
    world->settings.recorded = NULL;
}

/* extraCerts is not protected: whoever changes it has no other announcement. */
Test(op_announce, with_other_certificates_it_is_the_same)
{
    struct bytes body = rann(1);

    announce(PKI_RANN, body, JOB_STORED);
    client.extra_certs[client.extra_cert_count++] = world->vendor_ca.cert_der;
    announce(PKI_RANN, body, JOB_STORED);
    cr_expect_eq(world->audits, 1);
}

/* Another node was faster with a newer one, after this one has looked. */
static void store_newer(struct world *w)
{
    struct world_announcement *other = &w->announcements[w->announcement_count++];
    static uint8_t key[] = "\x11national";

    memcpy(other->issuer, w->ca.id, STORE_ISSUER_ID);
    other->row = (struct store_announcement){.announcement = bytes_of(key, sizeof key - 1),
                                             .upstream = bytes_str("national"),
                                             .body = PKI_RANN,
                                             .announced_at = w->now + 60,
                                             .about = bytes_str("newer"),
                                             .message = bytes_str("x")};
}

Test(op_announce, of_two_nodes_the_newer_one_stays)
{
    world->before_commit = store_newer;
    announce(PKI_RANN, rann(1), JOB_STORED);
    cr_expect_eq(world->announcement_count, 1);
    cr_expect(bytes_equal(row_of(PKI_RANN)->about, bytes_str("newer")));
}

/* ---- who may not ---- */

/* Nobody else is heard, whom a profile may trust or not; and that costs no signature. */
Test(op_announce, others_are_forbidden)
{
    const struct ctl_identity *const others[] = {&world->device, &world->issuing, &world->stranger_root,
                                                 &world->cmp_signer};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        client_sign_by(&client, others[i], NULL, 0);
        announce(PKI_RANN, rann(1), JOB_FORBIDDEN);
    }
    cr_expect_eq(world->wants_seen[CMP_WANT_VERIFY], 0);
    cr_expect_eq(world->wants_seen[CMP_WANT_FETCH], 0);
    cr_expect_eq(world->audits, 0);
}

/* What an upstream has issued is not the upstream. */
Test(op_announce, a_certificate_of_the_upstream_does_not_count)
{
    trust_cleanup(&upstream_trust);
    upstream_trust = (struct trust){.items = NULL};
    listen_to(&world->stranger_root);
    announce(PKI_RANN, rann(1), JOB_FORBIDDEN);
}

Test(op_announce, without_an_upstream_nobody_is_heard)
{
    world->settings.upstream_count = 0;
    world->settings.upstream_trust = NULL;
    announce(PKI_RANN, rann(1), JOB_FORBIDDEN);
    cr_expect_eq(world->wants_seen[CMP_WANT_VERIFY], 0);
}

Test(op_announce, a_signature_that_is_wrong)
{
    struct bytes message = message_of(PKI_RANN, rann(1));
    uint8_t *octets = (uint8_t *)(uintptr_t)message.data;
    struct pki_message in;

    cr_assert_eq(pki_message_decode(&in, NULL, message), PKI_WHOLE);
    octets[in.body.data + in.body.len - 1 - message.data] ^= 1;
    send_raw(message, JOB_FORBIDDEN);
    cr_expect_eq(world->announcement_count, 0);
}

/* Neither a shared secret nor nothing at all, whatever the profile says of general messages. */
Test(op_announce, it_must_be_signed)
{
    struct pki_header header = client.header;
    struct bytes part, message;

    send_raw(client_message(&mac, PKI_RANN, rann(1)), JOB_FORBIDDEN);
    cr_expect_eq(world->wants_seen[CMP_WANT_MAC], 0, "no key is derived for it");
    world->config.general.unprotected = 1;
    header.protection_alg = header.sender_kid = bytes_of(NULL, 0);
    header.sender = pki_null_dn();
    cr_assert(pki_encode_protected_part(&part, world->arena, &header, PKI_RANN, rann(1)) &&
              pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    send_raw(message, JOB_FORBIDDEN);
    cr_expect_eq(world->announcement_count, 0);
}

/* Recorded, and sent again when its time is over. */
Test(op_announce, an_old_one_is_forbidden)
{
    client.header.message_time = world->now - 301;
    announce(PKI_RANN, rann(1), JOB_FORBIDDEN);
    world->config.accept.message_time_seconds = 0;
    announce(PKI_RANN, rann(1), JOB_STORED);
}

Test(op_announce, its_certificate_has_expired)
{
    world->now = world->stranger.cert.not_after + 1;
    client.header.message_time = world->now;
    announce(PKI_RANN, rann(1), JOB_FORBIDDEN);
}

/* The upstream may have the name of this very CA: it is not looked for among what this one has issued. */
Test(op_announce, it_may_be_of_the_same_name)
{
    trust_cleanup(&upstream_trust);
    upstream_trust = (struct trust){.items = NULL};
    listen_to(&world->cmp_signer);
    client_sign_by(&client, &world->cmp_signer, NULL, 0);
    announce(PKI_RANN, rann(1), JOB_STORED);
}

/* ---- what is of no use ---- */

/* RFC 9811 3.5: "A receiver MUST answer with a suitable 4xx or 5xx error code when a problem occurs." */
Test(op_announce, what_is_malformed_is_refused)
{
    static const int bodies[] = {PKI_CKUANN, PKI_CANN, PKI_RANN, PKI_CRLANN};
    const struct bytes nonsense[] = {hex(world->arena, "05 00"), hex(world->arena, "30 02 05 00")};

    for (size_t i = 0; i < 4; i++)
        for (size_t n = 0; n < 2; n++)
            announce(bodies[i], nonsense[n], JOB_REFUSED);
    announce(PKI_CRLANN, hex(world->arena, "30 02 30 00"), JOB_REFUSED);
    cr_expect_eq(world->announcement_count, 0);
    cr_expect_eq(world->audits, 9, "who sent it is known");
}

/* RFC 9810 5.3.13: "When using RootCaKeyUpdateContent in the ckuann message, the pvno cmp2021 MUST be used."
 */
Test(op_announce, a_root_needs_its_version)
{
    client.header.pvno = PKI_CMP2000;
    send_raw(client_message(&client, PKI_CKUANN, ckuann()), JOB_REFUSED);
    announce(PKI_CKUANN, ckuann(), JOB_STORED);
}

Test(op_announce, without_messageTime_it_cannot_be_the_newest)
{
    client.header.has_message_time = 0;
    announce(PKI_RANN, rann(1), JOB_REFUSED);
}

/* It would stay the newest until then, also where the profile of the path looks at no clock. */
Test(op_announce, one_of_the_future)
{
    world->config.accept.message_time_seconds = 0;
    client.header.message_time = world->now + BOUND_ANNOUNCED_AHEAD;
    announce(PKI_RANN, rann(1), JOB_STORED);
    client.header.message_time++;
    announce(PKI_RANN, rann(2), JOB_FORBIDDEN);
    cr_expect_eq(world->announcement_count, 1);
    cr_expect_eq(row_of(PKI_RANN)->announced_at, world->now + BOUND_ANNOUNCED_AHEAD);
}

Test(op_announce, one_that_is_too_large)
{
    struct bytes crl = make_crl(1, BOUND_ANNOUNCEMENT / 30), out;

    cr_assert(crl.len > BOUND_ANNOUNCEMENT && pki_encode_sequence(&out, world->arena, &crl, 1));
    announce(PKI_CRLANN, out, JOB_REFUSED);
    cr_expect_eq(world->announcement_count, 0);
}

/* ---- the store ---- */

Test(op_announce, while_the_store_is_away_it_is_for_later)
{
    world->fail_fetch_at = world->fetches_seen + 1;
    announce(PKI_RANN, rann(1), JOB_NOT_NOW);
    cr_expect_eq(world->announcement_count, 0);
    for (int unknown = 0; unknown < 2; unknown++) {
        world->fail_commit_at = world->commits_seen + 1;
        world->commit_fault = unknown ? STORE_UNKNOWN : STORE_UNAVAILABLE;
        world->unknown_was_done = unknown;
        announce(PKI_RANN, rann(1), JOB_NOT_NOW);
    }
    cr_expect_eq(world->announcement_count, 1, "one was stored, and nobody was told");
    announce(PKI_RANN, rann(1), JOB_STORED);
    cr_expect_eq(world->audits, 1);
}

/* A refusal that cannot be recorded is for later, too. */
Test(op_announce, a_refusal_is_recorded_or_it_is_none)
{
    world->fail_commit_at = world->commits_seen + 1;
    world->commit_fault = STORE_UNAVAILABLE;
    announce(PKI_RANN, hex(world->arena, "05 00"), JOB_NOT_NOW);
}

/* Each profile of a CA keeps the same one. */
Test(op_announce, by_the_path_of_any_profile)
{
    struct bytes message = message_of(PKI_RANN, rann(1));
    const struct cmp_route route = {.profile = &world->other_profile, .body = -1};
    struct answer answer = world_send_to(world, &route, message);

    cr_expect_eq(answer.result.end, JOB_STORED);
    answer_free(&answer);
    send_raw(message, JOB_STORED);
    cr_expect_eq(world->announcement_count, 1);
}

/* A path of another operation is none for it (RFC 9483 6.1). */
Test(op_announce, not_by_the_path_of_another_operation)
{
    const struct cmp_route route = {.body = PKI_IR};
    struct answer answer = world_send_to(world, &route, message_of(PKI_RANN, rann(1)));

    cr_expect_eq(answer.result.end, JOB_FORBIDDEN);
    answer_free(&answer);
}
