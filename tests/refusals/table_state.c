/* Messages at the wrong time: RFC 9483 3.5, the body type "MUST be allowed in the current state of the PKI
 * management operation identified by the given transactionID. (failInfo bit: badRequest)"; 3.6.4
 * transactionIdInUse. */
#include "tests/refusals/refusal.h"

static void send_good(struct scene *scene, struct bytes good)
{
    struct answer answer = world_send(scene->world, good);

    cr_assert_not(answer.result.refused);
    answer_free(&answer);
}

/* Another request has this transactionID already. */
static void take_transaction_id(struct scene *scene, struct bytes good)
{
    struct client other;
    struct answer answer;

    client_init(&other, scene->world, 0);
    other.header.transaction_id = scene->client->header.transaction_id;
    answer = world_send(scene->world, client_request(&other, PKI_CR));
    expect_certificate(&answer, PKI_CP);
    client_cleanup(&other);
    (void)good;
}

static void reject_before(struct scene *scene, struct bytes good)
{
    struct answer answer =
        world_send(scene->world, client_confirm(scene->client, &scene->first, PKI_REJECTION));

    expect_pkiconf(&answer);
    (void)good;
}

static void ask_for_implicit_confirmation(struct scene *scene)
{
    scene->client->header.implicit_confirm = 1;
}

/* The transaction of another device with certificates of its own. */
static void begin_another(struct scene *scene)
{
    struct world *world = scene->world;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct client other;
    struct answer answer;

    client_init(&other, world, 0);
    client_sign_by(&other, scene_make(scene, plan, &world->vendor_ca), &world->vendor_ca.cert_der, 1);
    memset(other.transaction_id, 7, sizeof other.transaction_id);
    answer = world_send(world, client_request(&other, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&other);
}

/* The same with the shared secret of everybody's. */
static void begin_another_by_mac(struct scene *scene)
{
    struct client other;
    struct answer answer;

    client_init(&other, scene->world, 1);
    memset(other.transaction_id, 7, sizeof other.transaction_id);
    answer = world_send(scene->world, client_request(&other, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&other);
}

static const struct refusal rows[] = {
    /* "transactionIdInUse: […] the received request contains a transactionID that is currently in use for
     * another transaction" */
    {"RFC 9483 3.6.4", "ir under a transactionID in use", PKI_IR, 0, "", PKI_ERROR, PKI_TRANSACTION_ID_IN_USE,
     .before = take_transaction_id},
    {"RFC 9483 3.6.4", "ir by MAC under a transactionID in use", PKI_IR, BY_MAC, "", PKI_ERROR,
     PKI_TRANSACTION_ID_IN_USE, .before = take_transaction_id},
    {"RFC 9483 3.6.4", "cr under a transactionID in use", PKI_CR, 0, "", PKI_ERROR, PKI_TRANSACTION_ID_IN_USE,
     .before = take_transaction_id},
    {"RFC 9483 3.6.4", "p10cr under a transactionID in use", PKI_P10CR, 0, "", PKI_ERROR,
     PKI_TRANSACTION_ID_IN_USE, .before = take_transaction_id},
    {"RFC 9483 3.6.4", "kur under a transactionID in use", PKI_KUR, 0, "", PKI_ERROR,
     PKI_TRANSACTION_ID_IN_USE, .before = take_transaction_id},
    {"RFC 9483 3.6.4", "rr under a transactionID in use", PKI_RR, 0, "", PKI_ERROR, PKI_TRANSACTION_ID_IN_USE,
     .before = take_transaction_id},
    {"RFC 9483 3.6.4", "ir again with another senderNonce", PKI_IR, 0, "senderNonce !", PKI_ERROR,
     PKI_TRANSACTION_ID_IN_USE, .before = send_good},
    {"RFC 9483 3.6.4", "rr again with another senderNonce", PKI_RR, 0, "senderNonce !", PKI_ERROR,
     PKI_TRANSACTION_ID_IN_USE, .before = send_good},
    {"RFC 9483 3.6.4", "ir where certConf is awaited", PKI_CERTCONF, 0,
     "body = a0{30{30{30{02{00} 30{}}}}}; recipNonce -", PKI_ERROR, PKI_TRANSACTION_ID_IN_USE},

    {"RFC 9483 3.5", "certConf without a transaction", PKI_CERTCONF, 0, "transactionID !", PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "certConf without a transaction, MAC", PKI_CERTCONF, BY_MAC, "transactionID !",
     PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "error without a transaction", PKI_ERROR, 0, "transactionID !", PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "error after the confirmation", PKI_ERROR, 0, "", PKI_ERROR, PKI_BAD_REQUEST,
     .before = reject_before},
    /* RFC 9810 Appendix F, certConfirmed: "the certificate has already been confirmed" */
    {"RFC 9810 Appendix F", "certConf after another certConf", PKI_CERTCONF, 0, "senderNonce !", PKI_ERROR,
     PKI_CERT_CONFIRMED, .before = send_good},
    {"RFC 9810 Appendix F", "certConf after another certConf, MAC", PKI_CERTCONF, BY_MAC, "senderNonce !",
     PKI_ERROR, PKI_CERT_CONFIRMED, .before = send_good},
    /* … certRevoked: "the certificate has already been revoked" */
    {"RFC 9810 Appendix F", "certConf after a rejection", PKI_CERTCONF, 0, "", PKI_ERROR, PKI_CERT_REVOKED,
     .before = reject_before},
    {"RFC 9810 Appendix F", "certConf after implicit confirmation", PKI_CERTCONF, 0, "", PKI_ERROR,
     PKI_CERT_CONFIRMED, .prepare = ask_for_implicit_confirmation},
    {"RFC 9810 Appendix F", "certConf after implicit confirmation, MAC", PKI_CERTCONF, BY_MAC, "", PKI_ERROR,
     PKI_CERT_CONFIRMED, .prepare = ask_for_implicit_confirmation},
    {"RFC 9483 3.5", "certConf after an error of the device", PKI_ERROR, 0, "body = b8{30{}}; senderNonce !",
     PKI_ERROR, PKI_BAD_REQUEST, PKI_CERT_CONFIRMED, .before = send_good},

    /* Another device's transaction: the credentials are not those of its first message (RFC 9483 4.1.1), and
     * it goes on. */
    {"RFC 9483 4.1.1", "certConf for another device's transaction", PKI_CERTCONF, 0, OTHER_ID, PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_WRONG_INTEGRITY, .prepare = begin_another},
    {"RFC 9483 4.1.1", "error for another device's transaction", PKI_ERROR, 0, OTHER_ID, PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_WRONG_INTEGRITY, .prepare = begin_another},
    {"RFC 9483 4.1.1", "signed certConf for a transaction by MAC", PKI_CERTCONF, 0, OTHER_ID, PKI_ERROR,
     PKI_WRONG_INTEGRITY, PKI_BAD_MESSAGE_CHECK, .prepare = begin_another_by_mac},
    {"RFC 9483 4.1.1", "certConf by MAC for a signed transaction", PKI_CERTCONF, BY_MAC, OTHER_ID, PKI_ERROR,
     PKI_WRONG_INTEGRITY, PKI_BAD_MESSAGE_CHECK, .prepare = begin_another},
};

REFUSALS(refusals_of_state, rows);
