/* Damaged and forbidden messages: each refused with the failInfo that the text wants, none with an effect. */
#include "server/pki/polling.h"
#include "server/pki/response.h"
#include "tests/refusals/refusal.h"

enum { AT_LEAST = 900 };

static struct world *world;

static void set_up(void)
{
    world = world_new(KEY_P256);
}

static void tear_down(void)
{
    world_free(world);
}

TestSuite(refusals, .init = set_up, .fini = tear_down);

const struct ctl_identity *scene_make(struct scene *scene, struct certificate_plan plan,
                                      const struct ctl_identity *issuer)
{
    struct ctl_identity *out = &scene->made[scene->made_count++];

    must(scene->made_count <= sizeof scene->made / sizeof scene->made[0]);
    issue(scene->world, out, private_key_generate(KEY_P256, 0), plan, issuer);
    return out;
}

/* ---- a scene ---- */

static void use_pbmac1(struct client *client)
{
    CBS cbs;

    must(mac_pbmac1_encode(&client->header.protection_alg, client->world->arena,
                           bytes_str("0123456789abcdef"), DIGEST_SHA256, DIGEST_SHA256, 1000, 32));
    cbs = cbs_of(client->header.protection_alg);
    must(mac_parse(&client->mac, &cbs));
}

static void enroll(struct scene *scene)
{
    scene->first = world_send(world, client_request(scene->client, PKI_IR));
    must(scene->first.has_cert);
}

static void open_scene(struct scene *scene, const struct refusal *refusal, int pvno)
{
    *scene = (struct scene){.world = world};
    client_init(&scene->device, world, 0);
    client_init(&scene->mac, world, 1);
    scene->device.header.pvno = scene->mac.header.pvno = pvno;
    scene->client = (refusal->flags & (BY_MAC | BY_PBMAC1)) != 0 ? &scene->mac : &scene->device;
    if ((refusal->flags & BY_PBMAC1) != 0)
        use_pbmac1(&scene->mac);
    if (refusal->request == PKI_KUR || refusal->request == PKI_RR) {
        struct answer confirmed;
        struct client *by_mac = scene->client;
        scene->client = &scene->device;
        enroll(scene);
        confirmed = world_send(world, client_confirm(scene->client, &scene->first, -1));
        expect_pkiconf(&confirmed);
        client_adopt(scene->client, &scene->first, &scene->own);
        scene->client = by_mac;
    }
    world->config.accept.header =
        (refusal->flags & STRICT) != 0 ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
    if (refusal->prepare != NULL)
        refusal->prepare(scene);
}

static void close_scene(struct scene *scene, const struct cmp_profile *profile,
                        const struct config_profile *config)
{
    for (size_t i = 0; i < scene->made_count; i++)
        ctl_identity_cleanup(&scene->made[i]);
    ctl_identity_cleanup(&scene->own);
    trust_cleanup(&scene->trust);
    crl_set_free(scene->crls);
    if (scene->first.arena != NULL)
        answer_free(&scene->first);
    client_cleanup(&scene->device);
    client_cleanup(&scene->mac);
    world->profile = *profile;
    world->config = *config;
    world->decide_refuses = 0;
    world->secrets[0].row.reusable = 1;
    world->secrets[0].row.expires = 0;
    world_forget(world);
}

const struct config_approve_rules scene_approve = {.when = CONFIG_APPROVE_ALWAYS,
                                                   .approvals = 1,
                                                   .check_after_seconds = 60,
                                                   .expire_hours = 1,
                                                   .per_day = 10,
                                                   .open = 1};

static void begin_to_wait(struct scene *scene)
{
    world->config.approve = scene_approve;
    scene->first = world_send(world, client_request(scene->client, PKI_IR));
    must(scene->first.status.status == PKI_WAITING);
}

static struct bytes poll_body(struct scene *scene)
{
    struct bytes body;

    must(pki_encode_poll_req(&body, scene->world->arena, 0));
    return body;
}

static struct bytes error_body(struct scene *scene)
{
    const struct pki_status_info status = {.status = PKI_REJECTION, .text = bytes_str("no")};
    struct bytes body;

    must(pki_encode_error(&body, scene->world->arena, &status));
    return body;
}

/* crlStatusList of the CA's name (RFC 9483 4.3.4) */
static struct bytes crl_question(struct scene *scene)
{
    struct bytes name = world->ca.cert.subject, body;
    const CBS_ASN1_TAG field = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBB cbb, list, info, statuses, status, issuer, names, directory_name;

    must(CBB_init(&cbb, 256));
    must(der_finish(
        &body, scene->world->arena, &cbb,
        CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&list, &info, CBS_ASN1_SEQUENCE) &&
            pki_add_info_type(&info, PKI_INFO_CRL_STATUS_LIST) &&
            CBB_add_asn1(&info, &statuses, CBS_ASN1_SEQUENCE) &&
            CBB_add_asn1(&statuses, &status, CBS_ASN1_SEQUENCE) &&
            CBB_add_asn1(&status, &issuer, field | 1) && CBB_add_asn1(&issuer, &names, CBS_ASN1_SEQUENCE) &&
            CBB_add_asn1(&names, &directory_name, field | 4) && der_add_bytes(&directory_name, name)));
    return body;
}

static struct bytes good_message(struct scene *scene, int request)
{
    struct client *client = scene->client;

    switch (request) {
    case PKI_KUR:
        client->subject = scene->own.cert.subject;
        client->old_cert_issuer = scene->own.cert.issuer;
        client->old_cert_serial = scene->own.cert.serial;
        return client_request(client, PKI_KUR);
    case PKI_RR:
        return client_revoke(client, &scene->own.cert, 1);
    case PKI_CERTCONF:
        enroll(scene);
        return client_confirm(client, &scene->first, -1);
    case PKI_ERROR:
        enroll(scene);
        client_next(client, &scene->first);
        return client_message(client, PKI_ERROR, error_body(scene));
    case PKI_GENM:
        return client_message(client, PKI_GENM, crl_question(scene));
    case PKI_POLLREQ:
        begin_to_wait(scene);
        client_next(client, &scene->first);
        return client_message(client, PKI_POLLREQ, poll_body(scene));
    default:
        return client_request(client, request);
    }
}

static int good_answer(int request)
{
    return request == PKI_IR                           ? PKI_IP
           : request == PKI_CR || request == PKI_P10CR ? PKI_CP
           : request == PKI_KUR                        ? PKI_KUP
           : request == PKI_RR                         ? PKI_RP
           : request == PKI_GENM                       ? PKI_GENP
           : request == PKI_POLLREQ                    ? PKI_POLLREP
                                                       : PKI_PKICONF;
}

/* ---- what must hold ---- */

struct snapshot {
    size_t txs, certs;
    enum store_cert_status status[WORLD_ROWS];
};

static struct snapshot snapshot(void)
{
    struct snapshot out = {world->tx_count, world->cert_count, {0}};

    for (size_t i = 0; i < world->cert_count; i++)
        out.status[i] = world->certs[i].row.status;
    return out;
}

static void expect_no_effect(const struct scene *scene, const struct refusal *refusal,
                             const struct snapshot *before)
{
    const struct store_tx *tx = world_tx_of(world, scene->client->header.transaction_id);

    cr_expect_eq(world->tx_count, before->txs, "%s: a transaction", refusal->name);
    cr_expect_eq(world->cert_count, before->certs, "%s: a certificate", refusal->name);
    for (size_t i = 0; i < world->cert_count; i++) {
        int ended = (refusal->flags & ENDS) != 0 && bytes_equal(world->certs[i].row.serial, tx->serial);
        cr_expect_eq(world->certs[i].row.status, ended ? STORE_CERT_REVOKED : before->status[i],
                     "%s: certificate %zu has status %d", refusal->name, i, world->certs[i].row.status);
    }
    if ((refusal->flags & ENDS) != 0)
        cr_expect_eq(tx->state, STORE_TX_REJECTED, "%s: the transaction goes on", refusal->name);
}

/* It has a pvno of its own, or none that could be read. */
static int is_other_version(const struct refusal *refusal)
{
    return (refusal->flags & BARE) != 0 || strstr(refusal->edits, "pvno") != NULL;
}

static void expect_status(const struct refusal *refusal, const struct answer *answer, int pvno)
{
    uint64_t bits = answer->status.fail_info, wanted = UINT64_C(1) << refusal->failure;
    uint64_t other = refusal->other != 0 ? UINT64_C(1) << refusal->other : wanted;
    int body = refusal->body == IN_BODY ? good_answer(refusal->request) : refusal->body;

    cr_expect_eq(answer->body, body, "%s, %s: answered by %s (%s; %s)", refusal->text, refusal->name,
                 pki_body_name(answer->body), answer->result.text, answer->result.detail);
    cr_expect_eq(answer->status.status, PKI_REJECTION, "%s: status %lld", refusal->name,
                 (long long)answer->status.status);
    cr_expect(bits == wanted || bits == other, "%s, %s: failInfo %s instead of %s (%s; %s)", refusal->text,
              refusal->name, pki_failure_name((unsigned)__builtin_ctzll(bits | UINT64_C(1) << 63)),
              pki_failure_name(refusal->failure), answer->result.text, answer->result.detail);
    cr_expect_neq(answer->status.text.len, 0, "%s: no statusString", refusal->name);
    cr_expect(is_other_version(refusal) || answer->message.header.pvno == pvno, "%s: pvno %lld",
              refusal->name, (long long)answer->message.header.pvno);
    cr_expect_not(answer->has_cert, "%s", refusal->name);
    cr_expect(answer->result.refused, "%s", refusal->name);
}

/* RFC 9483 3.2, of answers: "the same kind of protection" throughout, wherever the message shows that its
 * sender has the secret: its MAC is right, over what was damaged, and of a kind that the profile takes. */
static int proves_secret(const struct refusal *refusal)
{
    return (refusal->flags & (BY_MAC | BY_PBMAC1)) != 0 && (refusal->flags & (BARE | SIGNED)) == 0 &&
           strchr(refusal->edits, '|') == NULL && refusal->failure != PKI_BAD_ALG;
}

/* ARCHITECTURE.md: "Every answer is protected: by MAC if the request's MAC verified, with the request's own
 * parameters, else signed. Bare are only the answers […] to an unreadable header". world_send has verified
 * what is there. */
static void expect_protection(const struct refusal *refusal, const struct answer *answer,
                              struct bytes request)
{
    int bare = (refusal->flags & BARE) != 0;
    struct pki_message in;

    if (proves_secret(refusal))
        cr_expect(mac_is_mac(answer->message.header.protection_alg), "RFC 9483 3.2, %s: signed",
                  refusal->name);
    cr_expect_eq(answer->message.has_protection, !bare, "%s", refusal->name);
    cr_expect_eq(answer->result.end, bare ? JOB_UNREADABLE : JOB_ANSWERED, "%s", refusal->name);
    if (bare || !mac_is_mac(answer->message.header.protection_alg))
        return;
    cr_expect_eq(pki_message_decode(&in, NULL, request), PKI_WHOLE, "%s", refusal->name);
    cr_expect(bytes_equal(answer->message.header.protection_alg, in.header.protection_alg), "%s",
              refusal->name);
}

/* What was not damaged is still good: nothing but the damage was refused, and it left no trace. */
static void expect_good(const struct refusal *refusal, struct bytes good)
{
    struct answer answer = world_send(world, good);

    if ((refusal->flags & ENDS) != 0) {
        cr_expect_eq(answer.body, PKI_ERROR, "%s", refusal->name);
    } else {
        cr_expect_eq(answer.body, good_answer(refusal->request), "%s: %s (%s; %s)", refusal->name,
                     pki_body_name(answer.body), answer.result.text, answer.result.detail);
        cr_expect_not(answer.result.refused, "%s: %s (%s)", refusal->name, answer.result.text,
                      answer.result.detail);
    }
    answer_free(&answer);
}

static void expect_refused(const struct refusal *refusal, const struct answer *answer, struct bytes bad,
                           const struct scene *scene, const struct snapshot *before)
{
    expect_status(refusal, answer, (int)scene->client->header.pvno);
    expect_protection(refusal, answer, bad);
    expect_no_effect(scene, refusal, before);
}

static void try(const struct refusal *refusal, int pvno, int is_taken)
{
    const struct cmp_profile profile = world->profile;
    const struct config_profile config = world->config;
    struct bytes with = bytes_of(NULL, 0), good, bad;
    struct snapshot before;
    struct answer answer;
    struct scene scene;

    open_scene(&scene, refusal, pvno);
    good = good_message(&scene, refusal->request);
    if (refusal->with != NULL)
        with = refusal->with(&scene);
    bad = damage(scene.client, good, refusal->edits, with);
    if (refusal->before != NULL)
        refusal->before(&scene, good);
    before = snapshot();
    answer = world_send(world, bad);
    if (is_taken)
        cr_expect_not(answer.result.refused, "%s: %s", refusal->name, answer.result.text);
    else
        expect_refused(refusal, &answer, bad, &scene, &before);
    if (refusal->prepare == NULL && refusal->before == NULL)
        world_check(world);
    answer_free(&answer);
    if (!is_taken && refusal->prepare == NULL && refusal->before == NULL)
        expect_good(refusal, good);
    close_scene(&scene, &profile, &config);
}

/* Under both readings of a profile, and in both versions (RFC 9810 section 7: CMPv3 adds to CMPv2, and
 * changes nothing of it). What only the reading of RFC 9483 refuses, or only CMPv2, the other takes: it was
 * refused for that and for nothing else. */
static void try_all(const struct refusal_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        struct refusal row = table->rows[i];
        row.flags &= ~(unsigned)STRICT;
        try(&row, PKI_CMP2000, (table->rows[i].flags & STRICT) != 0);
        must((row.name = arena_printf(world->arena, "%s, in CMPv3", table->rows[i].name)) != NULL);
        try(&row, PKI_CMP2021, (table->rows[i].flags & (STRICT | OF_V2)) != 0);
        row.flags |= STRICT | ((row.flags & FORM) != 0 ? ENDS : 0);
        must((row.name = arena_printf(world->arena, "%s, to the letter", table->rows[i].name)) != NULL);
        try(&row, PKI_CMP2000, 0);
    }
}

#define TABLE(name)                                                                                          \
    Test(refusals, name)                                                                                     \
    {                                                                                                        \
        try_all(&refusals_of_##name);                                                                        \
    }

TABLE(header)
TABLE(general_info)
TABLE(body)
TABLE(template)
TABLE(popo)
TABLE(protection)
TABLE(mac)
TABLE(extra_certs)
TABLE(der)
TABLE(state)
TABLE(confirmation)
TABLE(revocation)
TABLE(vendor_crls)
TABLE(general)
TABLE(poll)

/* ---- the whole ---- */

Test(refusals, there_are_enough_and_no_two_of_one_name)
{
    static const struct refusal_table *const tables[] = {
        &refusals_of_header,      &refusals_of_general_info, &refusals_of_body,
        &refusals_of_template,    &refusals_of_popo,         &refusals_of_protection,
        &refusals_of_mac,         &refusals_of_extra_certs,  &refusals_of_der,
        &refusals_of_state,       &refusals_of_confirmation, &refusals_of_revocation,
        &refusals_of_vendor_crls, &refusals_of_general,      &refusals_of_poll,
    };
    enum { TABLES = sizeof tables / sizeof tables[0] };
    size_t count = 0;

    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t]->count; i++, count++)
            for (size_t u = 0; u <= t; u++)
                for (size_t j = 0; j < (u == t ? i : tables[u]->count); j++)
                    cr_assert_str_neq(tables[t]->rows[i].name, tables[u]->rows[j].name);
    cr_assert_geq(count, AT_LEAST);
    printf("%zu refusals\n", count);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo:
 * badDataFormat)": a message cut off anywhere. */
Test(refusals, a_message_that_is_cut_off)
{
    struct client client;
    struct bytes good;
    size_t len = 0;

    client_init(&client, world, 0);
    good = client_request(&client, PKI_IR);
    for (; len < good.len; len += len < 200 ? 1 : 7) {
        struct answer answer = world_send(world, bytes_of(good.data, len));
        cr_assert_eq(answer.body, PKI_ERROR, "%zu octets", len);
        cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_BAD_DATA_FORMAT, "%zu octets", len);
        cr_assert_eq(answer.result.end, JOB_UNREADABLE, "%zu octets", len);
        cr_assert_eq(world->cert_count + world->tx_count, 0);
        answer_free(&answer);
    }
    client_cleanup(&client);
}

/* Appendix F of RFC 9810, badMessageCheck: "integrity check failed (e.g., signature did not verify)"; an
 * octet anywhere under the protection. Some of them make no DER, another version, or another algorithm. */
Test(refusals, an_octet_changed_anywhere)
{
    for (int is_mac = 0; is_mac < 2; is_mac++) {
        struct client client;
        struct bytes good, bad;
        struct pki_message message;
        client_init(&client, world, is_mac);
        good = client_request(&client, PKI_IR);
        bad = arena_copy(world->arena, good);
        cr_assert_eq(pki_message_decode(&message, NULL, good), PKI_WHOLE);
        uint8_t *octets = (uint8_t *)(uintptr_t)bad.data;
        size_t end = (size_t)(message.protection.data - good.data) + message.protection.len;
        for (size_t i = 0; i < end; i++) {
            octets[i] ^= (uint8_t)(1u << i % 8);
            struct answer answer = world_send(world, bad);
            cr_assert(answer.result.refused, "octet %zu", i);
            cr_assert_eq(answer.body, PKI_ERROR, "octet %zu", i);
            cr_assert_eq(world->cert_count + world->tx_count, 0, "octet %zu", i);
            answer_free(&answer);
            octets[i] = good.data[i];
        }
        struct answer answer = world_send(world, bad);
        expect_certificate(&answer, PKI_IP);
        world_forget(world);
        client_cleanup(&client);
    }
}
