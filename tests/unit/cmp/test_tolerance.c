/* tolerance.c: each habit of clients is refused as the RFCs want, taken where profile or vendor says so, and
 * refused again from the day on which that ends. */
#include "crypto/name_match.h"
#include "server/pki/confirmation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct config_vendor vendors[2];
static const char *const accepted[] = {"Example", "Other"};

static void set_up(void)
{
    world = world_new(KEY_P256);
    vendors[0] = (struct config_vendor){.name = accepted[0]};
    vendors[1] = (struct config_vendor){.name = accepted[1]};
    world->settings.vendors = vendors;
    world->settings.vendor_count = 2;
    world->config.accept.vendors = (struct config_list){accepted, 2};
    must(bytes_equal(world->trust.items[0].cert.der, world->vendor_root.cert_der));
    world->trust.items[0].owner = accepted[0];
}

static void tear_down(void)
{
    world_free(world);
}

TestSuite(tolerance, .init = set_up, .fini = tear_down);

/* ---- the habits ---- */

static void hash_with_sha1(struct client *client)
{
    CBS cbs;

    must(mac_pbm_encode(&client->header.protection_alg, world->arena, bytes_str("0123456789abcdef"),
                        DIGEST_SHA1, DIGEST_SHA256, 1000));
    cbs = cbs_of(client->header.protection_alg);
    must(mac_parse(&client->mac, &cbs));
}

static void protect_with_sha1(struct client *client)
{
    CBS cbs;

    must(mac_pbm_encode(&client->header.protection_alg, world->arena, bytes_str("0123456789abcdef"),
                        DIGEST_SHA256, DIGEST_SHA1, 1000));
    cbs = cbs_of(client->header.protection_alg);
    must(mac_parse(&client->mac, &cbs));
}

static void write_null(struct client *client)
{
    client->header.protection_alg = hex(world->arena, "30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00");
}

static void sign_with_sha1(struct client *client)
{
    CBS cbs = cbs_of(hex(world->arena, "30 09 06 07 2a 86 48 ce 3d 04 01"));

    client->algorithm = signature_parse_sha1(&cbs);
    client->header.protection_alg = client->algorithm->encoded;
}

static void leave_kid_out(struct client *client)
{
    client->header.sender_kid = bytes_of(NULL, 0);
}

static void shorten_nonce(struct client *client)
{
    client->header.sender_nonce.len = 8;
}

static void leave_recip_nonce_out(struct client *client)
{
    client->header.recip_nonce = bytes_of(NULL, 0);
}

static void lag(struct client *client)
{
    client->header.has_message_time = 1;
    client->header.message_time = world->now - 100000;
}

static void nothing(struct client *client)
{
    (void)client;
}

/* The RDNs of |name|, the last one first. */
static struct bytes reversed(struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn, rdns[8];
    size_t count = 0;
    struct bytes out;
    CBB cbb, content;

    must(CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE));
    while (CBS_get_asn1_element(&sequence, &rdn, CBS_ASN1_SET))
        rdns[count++] = rdn;
    must(count > 1 && CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE));
    while (count-- > 0)
        must(der_add_bytes(&content, bytes_of_cbs(&rdns[count])));
    must(der_finish(&out, world->arena, &cbb, 1));
    return out;
}

static void reverse_sender(struct client *client)
{
    struct bytes name = reversed(client->signer->cert.subject);

    must(!name_equal(name, client->signer->cert.subject));
    must(pki_directory_name(&client->header.sender, world->arena, name));
}

enum place { IN_IR, IN_CERTCONF, AFTER_IMPLICIT };

static const struct habit {
    enum tolerance tolerance;
    enum pki_failure failure;
    int by_mac;
    enum place place;
    void (*damage)(struct client *client);
} habits[] = {
    {TOLERANCE_SHA1_OWF, PKI_BAD_ALG, 1, IN_IR, hash_with_sha1},
    {TOLERANCE_SHA1_MAC, PKI_BAD_ALG, 1, IN_IR, protect_with_sha1},
    {TOLERANCE_SHA1_MAC, PKI_BAD_ALG, 1, IN_CERTCONF, protect_with_sha1},
    {TOLERANCE_ECDSA_NULL_PARAMETERS, PKI_BAD_ALG, 0, IN_IR, write_null},
    {TOLERANCE_SHA1_SIGNATURES, PKI_BAD_ALG, 0, IN_IR, sign_with_sha1},
    {TOLERANCE_SHA1_SIGNATURES, PKI_BAD_ALG, 0, IN_CERTCONF, sign_with_sha1},
    {TOLERANCE_NO_SENDER_KID, PKI_BAD_MESSAGE_CHECK, 1, IN_IR, leave_kid_out},
    {TOLERANCE_NONCE_LENGTH, PKI_BAD_SENDER_NONCE, 0, IN_IR, shorten_nonce},
    {TOLERANCE_NONCE_LENGTH, PKI_BAD_SENDER_NONCE, 1, IN_IR, shorten_nonce},
    {TOLERANCE_NONCE_LENGTH, PKI_BAD_SENDER_NONCE, 0, IN_CERTCONF, shorten_nonce},
    {TOLERANCE_NO_RECIP_NONCE, PKI_BAD_RECIPIENT_NONCE, 0, IN_CERTCONF, leave_recip_nonce_out},
    {TOLERANCE_NO_RECIP_NONCE, PKI_BAD_RECIPIENT_NONCE, 1, IN_CERTCONF, leave_recip_nonce_out},
    {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 0, IN_IR, lag},
    {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 1, IN_IR, lag},
    {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 0, IN_CERTCONF, lag},
    {TOLERANCE_CONFIRM_AFTER_IMPLICIT, PKI_CERT_CONFIRMED, 0, AFTER_IMPLICIT, nothing},
    {TOLERANCE_CONFIRM_AFTER_IMPLICIT, PKI_CERT_CONFIRMED, 1, AFTER_IMPLICIT, nothing},
    {TOLERANCE_NAME_ORDER, PKI_BAD_MESSAGE_CHECK, 0, IN_IR, reverse_sender},
    {TOLERANCE_NAME_ORDER, PKI_BAD_MESSAGE_CHECK, 0, IN_CERTCONF, reverse_sender},
};
enum { HABITS = sizeof habits / sizeof habits[0] };

static uint8_t turn; /* of transactionIDs */

static struct answer begin(struct client *client, const struct habit *habit)
{
    client_init(client, world, habit->by_mac);
    client->transaction_id[0] = ++turn;
    client->header.implicit_confirm = habit->place == AFTER_IMPLICIT;
    if (habit->place == IN_IR)
        habit->damage(client);
    return world_send(world, client_request(client, PKI_IR));
}

/* The certConf for |first|, of its hash or a wrong one. */
static struct answer confirm(struct client *client, const struct habit *habit, const struct answer *first,
                             struct cert_status status)
{
    static uint8_t hash[DIGEST_MAX];
    struct bytes body;

    client_next(client, first);
    client->header.implicit_confirm = 0;
    if (habit->place != IN_IR)
        habit->damage(client);
    digest_compute(hash, DIGEST_SHA256, first->cert.der);
    hash[0] ^= (uint8_t)status.cert_hash.len; /* one octet: to be wrong */
    status.cert_hash = bytes_of(hash, 32);
    must(pki_encode_cert_conf(&body, world->arena, &status));
    return world_send(world, client_message(client, PKI_CERTCONF, body));
}

static struct answer show(const struct habit *habit)
{
    struct client client;
    struct answer first = begin(&client, habit), answer = first;

    if (habit->place != IN_IR) {
        cr_assert(first.has_cert, "%s", tolerance_name(habit->tolerance));
        answer = confirm(&client, habit, &first, (struct cert_status){.cert_req_id = 0});
        answer_free(&first);
    }
    client_cleanup(&client);
    world_check(world);
    return answer;
}

static void is_refused(const struct habit *habit)
{
    struct answer answer = show(habit);

    cr_expect(answer.result.refused, "%s", tolerance_name(habit->tolerance));
    cr_expect(answer.result.detail == NULL || strstr(answer.result.detail, "tolerate") == NULL ||
                  strstr(answer.result.detail, tolerance_name(habit->tolerance)) != NULL,
              "%s", answer.result.detail);
    /* Of one that has ended it is not said that it would help. */
    cr_expect(answer.result.detail == NULL || strstr(answer.result.detail, "would take it") == NULL ||
                  world->config.tolerances.until[habit->tolerance] == 0,
              "%s", answer.result.detail);
    expect_error(&answer, habit->failure);
}

static void is_taken(const struct habit *habit)
{
    struct answer answer = show(habit);

    cr_expect_not(answer.result.refused, "%s: %s, %s", tolerance_name(habit->tolerance), answer.result.text,
                  answer.result.detail);
    cr_expect_eq(answer.result.tolerated, 1U << habit->tolerance, "%s: %x", tolerance_name(habit->tolerance),
                 answer.result.tolerated);
    if (habit->place == IN_IR)
        expect_certificate(&answer, PKI_IP);
    else
        expect_pkiconf(&answer);
}

/* ---- what is taken, and of whom ---- */

/* As the configuration has it when it is read. */
static void vendor_takes(int v, enum tolerance tolerance, int64_t until)
{
    vendors[v].tolerances.until[tolerance] = world->config.of_vendors.until[tolerance] = until;
}

Test(tolerance, refused_taken_and_refused_again_when_it_has_ended)
{
    for (const struct habit *habit = habits; habit < habits + HABITS; habit++) {
        int64_t *until = &world->config.tolerances.until[habit->tolerance];
        is_refused(habit);
        *until = TOLERANCE_NO_END;
        is_taken(habit);
        *until = world->now + 1;
        is_taken(habit);
        *until = world->now;
        is_refused(habit);
        *until = 0;
        world_forget(world);
    }
}

Test(tolerance, each_is_one_and_no_other)
{
    for (const struct habit *habit = habits; habit < habits + HABITS; habit++) {
        for (int i = 0; i < TOLERANCE_COUNT; i++)
            world->config.tolerances.until[i] = i == (int)habit->tolerance ? 0 : TOLERANCE_NO_END;
        is_refused(habit);
        world_forget(world);
    }
}

/* A later message is the same peer's: which vendor's it is stands in no row. */
Test(tolerance, a_vendor_s_holds_for_what_its_certificates_protect)
{
    for (const struct habit *habit = habits; habit < habits + HABITS; habit++) {
        vendor_takes(0, habit->tolerance, TOLERANCE_NO_END);
        if (habit->by_mac)
            is_refused(habit);
        else
            is_taken(habit);
        vendor_takes(0, habit->tolerance, 0);
        vendor_takes(1, habit->tolerance, TOLERANCE_NO_END);
        if (habit->by_mac || habit->place == IN_IR)
            is_refused(habit);
        else
            is_taken(habit);
        vendor_takes(1, habit->tolerance, 0);
        world_forget(world);
    }
}

/* Its device renews as it enrolled. */
Test(tolerance, a_vendor_s_holds_for_certificates_of_the_CA_that_its_devices_were_given)
{
    const struct habit implicit = {.place = AFTER_IMPLICIT, .damage = nothing};

    for (int v = 0; v < 2; v++) {
        struct client client;
        struct ctl_identity own;
        struct answer first = begin(&client, &implicit), answer;
        cr_assert(first.has_cert);
        client_adopt(&client, &first, &own);
        client.subject = own.cert.subject;
        client.old_cert_issuer = own.cert.issuer;
        client.old_cert_serial = own.cert.serial;
        lag(&client);
        vendor_takes(v, TOLERANCE_CLOCK_OFF, TOLERANCE_NO_END);
        answer = world_send(world, client_request(&client, PKI_KUR));
        if (v == 0)
            expect_certificate(&answer, PKI_KUP);
        else
            expect_error(&answer, PKI_BAD_TIME);
        vendor_takes(v, TOLERANCE_CLOCK_OFF, 0);
        answer_free(&first);
        ctl_identity_cleanup(&own);
        client_cleanup(&client);
        world_forget(world);
    }
}

Test(tolerance, a_vendor_s_holds_in_profiles_that_name_it)
{
    vendors[0].tolerances.until[TOLERANCE_CLOCK_OFF] = TOLERANCE_NO_END;
    world->config.accept.vendors = (struct config_list){accepted + 1, 1};
    for (const struct habit *habit = habits; habit < habits + HABITS; habit++)
        if (habit->tolerance == TOLERANCE_CLOCK_OFF)
            is_refused(habit);
}

/* ---- what stays refused ---- */

static void take_all(void)
{
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        world->config.tolerances.until[i] = TOLERANCE_NO_END;
}

static void is_refused_by_all(struct client *client, enum pki_failure failure)
{
    struct answer answer = world_send(world, client_request(client, PKI_IR));

    expect_error(&answer, failure);
    client_cleanup(client);
}

Test(tolerance, less_than_64_bits_or_another_name_or_no_name_are_refused_all_the_same)
{
    struct client client;
    struct bytes name = {.len = 0};

    take_all();
    client_init(&client, world, 0);
    client.header.sender_nonce.len = 7;
    is_refused_by_all(&client, PKI_BAD_SENDER_NONCE);

    client_init(&client, world, 0);
    must(name_build(&name, world->arena, (const char *const[]){"CN", "device-2", NULL}));
    must(pki_directory_name(&client.header.sender, world->arena, name));
    is_refused_by_all(&client, PKI_BAD_MESSAGE_CHECK);

    /* Without senderKID a name alone says whose certificate it is. */
    client_init(&client, world, 0);
    reverse_sender(&client);
    leave_kid_out(&client);
    is_refused_by_all(&client, PKI_BAD_MESSAGE_CHECK);

    client_init(&client, world, 1);
    leave_kid_out(&client);
    must(pki_directory_name(&client.header.sender, world->arena, name_empty()));
    is_refused_by_all(&client, PKI_BAD_MESSAGE_CHECK);
}

/* The reference that sender names is as secret as any: its MAC has to be right. */
Test(tolerance, a_sender_in_the_place_of_senderKID_proves_nothing)
{
    struct client client;

    take_all();
    client_init(&client, world, 1);
    leave_kid_out(&client);
    client.secret = bytes_str("a guess");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect(answer.result.mac_wrong);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client_cleanup(&client);
}

static const struct habit plain = {.place = IN_CERTCONF, .damage = nothing};

static void put_wrong_nonce(struct client *client)
{
    client->header.recip_nonce = bytes_str("0123456789abcdef");
}

static void reverse_sender_alone(struct client *client)
{
    reverse_sender(client);
    leave_kid_out(client);
}

Test(tolerance, a_sender_in_another_order_needs_senderKID_later_too)
{
    const struct habit wrong = {.place = IN_CERTCONF, .damage = reverse_sender_alone};

    take_all();
    struct answer answer = show(&wrong);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

Test(tolerance, a_recipNonce_that_is_there_has_to_be_right)
{
    const struct habit wrong = {.place = IN_CERTCONF, .damage = put_wrong_nonce};

    take_all();
    struct answer answer = show(&wrong);
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
}

Test(tolerance, who_keeps_to_the_RFCs_makes_use_of_none)
{
    take_all();
    struct answer answer = show(&plain);
    cr_expect_eq(answer.result.tolerated, 0);
    expect_pkiconf(&answer);
}

/* What was confirmed when it was issued can be neither rejected nor mistaken for another; the certConf leaves
 * no trace, and is answered as often as it comes. */
Test(tolerance, a_certConf_after_implicitConfirm_changes_nothing)
{
    const struct habit implicit = {.place = AFTER_IMPLICIT, .damage = nothing};
    struct client client;

    take_all();
    struct answer first = begin(&client, &implicit);
    cr_assert(first.has_cert);
    struct store_cert *cert = world_cert_of(world, first.cert.serial);
    const struct store_tx before = *world_tx_of(world, client.header.transaction_id);
    unsigned audits = world->audits;
    for (int i = 0; i < 2; i++) {
        struct answer answer = confirm(&client, &implicit, &first, (struct cert_status){.cert_req_id = 0});
        expect_pkiconf(&answer);
        const struct store_tx *row = world_tx_of(world, client.header.transaction_id);
        cr_expect_eq(row->state, STORE_TX_CONFIRMED);
        cr_expect(bytes_equal(row->last_hash, before.last_hash));
        cr_expect_eq(cert->status, STORE_CERT_VALID);
        cr_expect_eq(world->audits, ++audits);
    }

    struct answer answer =
        confirm(&client, &implicit, &first, (struct cert_status){.cert_req_id = 0, .cert_hash = {.len = 1}});
    expect_error(&answer, PKI_BAD_CERT_ID);
    answer =
        confirm(&client, &implicit, &first,
                (struct cert_status){.cert_req_id = 0, .has_status = 1, .status = {.status = PKI_REJECTION}});
    expect_error(&answer, PKI_CERT_CONFIRMED);
    cr_expect_eq(cert->status, STORE_CERT_VALID);

    cert->status = STORE_CERT_REVOKED;
    answer = confirm(&client, &implicit, &first, (struct cert_status){.cert_req_id = 0});
    expect_error(&answer, PKI_CERT_REVOKED);
    answer_free(&first);
    client_cleanup(&client);
}

/* A transactionID stays taken: messages of any time could be taken again under a new transaction. */
Test(tolerance, with_clock_off_no_transactionID_is_free_again)
{
    struct client client;

    for (int off = 0; off <= 1; off++) {
        world->config.tolerances.until[TOLERANCE_CLOCK_OFF] = off ? TOLERANCE_NO_END : 0;
        client_init(&client, world, 0);
        client.header.has_message_time = 1;
        client.header.message_time = world->now;
        client.header.implicit_confirm = 1;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        expect_certificate(&answer, PKI_IP);
        world->now += 2 * (int64_t)world->config.accept.message_time_seconds + 1;
        client.header.message_time = world->now;
        answer = world_send(world, client_request(&client, PKI_IR));
        if (off)
            expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
        else
            expect_certificate(&answer, PKI_IP);
        client_cleanup(&client);
        world_forget(world);
    }
}

/* ---- where it is counted ---- */

static struct tolerance_counts of_profile, of_vendors[2];
static struct tolerance_counts *const vendor_counts[] = {&of_vendors[0], &of_vendors[1]};

static void expect_counted(const struct answer *answer, const struct tolerance_counts *profile,
                           const struct tolerance_counts *vendor)
{
    cr_expect_eq(answer->result.counts[0], profile);
    cr_expect_eq(answer->result.counts[1], vendor);
}

/* A use is the profile's, and the vendor's whose certificate signs. What is refused, answered again, or as
 * the RFCs want it is none. */
Test(tolerance, a_use_is_counted_for_profile_and_vendor)
{
    const struct habit habit = {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 0, IN_IR, lag},
                       by_mac = {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 1, IN_IR, lag},
                       usual = {TOLERANCE_CLOCK_OFF, PKI_BAD_TIME, 0, IN_IR, nothing};
    struct client client;
    struct answer answer;

    world->profile.counts = &of_profile;
    world->settings.vendor_counts = vendor_counts;
    answer = begin(&client, &habit);
    expect_counted(&answer, NULL, NULL);
    expect_error(&answer, PKI_BAD_TIME);
    client_cleanup(&client);

    world->config.tolerances.until[TOLERANCE_CLOCK_OFF] = TOLERANCE_NO_END;
    answer = begin(&client, &habit);
    expect_counted(&answer, &of_profile, &of_vendors[0]);
    answer_free(&answer);
    client_cleanup(&client);
    answer = begin(&client, &by_mac);
    expect_counted(&answer, &of_profile, NULL);
    answer_free(&answer);
    client_cleanup(&client);
    answer = begin(&client, &usual);
    expect_counted(&answer, NULL, NULL);
    answer_free(&answer);
    client_cleanup(&client);
}

Test(tolerance, what_is_answered_again_is_counted_once)
{
    struct client client;
    struct bytes request;
    struct answer answer;

    world->profile.counts = &of_profile;
    world->config.tolerances.until[TOLERANCE_CLOCK_OFF] = TOLERANCE_NO_END;
    client_init(&client, world, 0);
    lag(&client);
    request = client_request(&client, PKI_IR);
    answer = world_send(world, request);
    expect_counted(&answer, &of_profile, NULL);
    answer_free(&answer);
    answer = world_send(world, request);
    cr_expect_str_eq(answer.result.event, "answered again");
    expect_counted(&answer, NULL, NULL);
    answer_free(&answer);
    client_cleanup(&client);
}

/* Whoever makes a certificate writes into it which issuer he likes: the store does not have it, and nobody's
 * it is. */
Test(tolerance, of_a_certificate_that_the_CA_never_issued_nothing_is_counted)
{
    struct ctl_identity own;
    struct client client;
    struct answer answer;

    world->profile.counts = &of_profile;
    world->config.tolerances.until[TOLERANCE_NONCE_LENGTH] = TOLERANCE_NO_END;
    client_init(&client, world, 0);
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    world_forget(world);
    shorten_nonce(&client);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_neq(answer.result.tolerated, 0);
    expect_counted(&answer, NULL, NULL);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    ctl_identity_cleanup(&own);
    client_cleanup(&client);
}
