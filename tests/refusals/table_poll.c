/* pollReq (RFC 9810 5.3.22, RFC 9483 4.4). The good one polls for an ir that waits; whatever is wrong with a
 * poll, the ir goes on waiting. */
#include "tests/refusals/refusal.h"

#define ENTRY "content/0"

#define WRONG(text, name, flags, edits, failure)                                                             \
    {                                                                                                        \
        text, name, PKI_POLLREQ, flags, edits, PKI_ERROR, failure                                            \
    }

/* What another station has asked for waits, too. */
static void begin_another(struct scene *scene)
{
    struct world *world = scene->world;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct client other;
    struct answer answer;

    world->config.approve = scene_approve;
    client_init(&other, world, 0);
    client_sign_by(&other, scene_make(scene, plan, &world->vendor_ca), &world->vendor_ca.cert_der, 1);
    memset(other.transaction_id, 7, sizeof other.transaction_id);
    answer = world_send(world, client_request(&other, PKI_IR));
    must(answer.status.status == PKI_WAITING);
    answer_free(&answer);
    client_cleanup(&other);
}

static const struct refusal rows[] = {
    MALFORMED("PollReqContent is a SET", PKI_POLLREQ, 0, "content = 31{}"),
    MALFORMED("PollReqContent is a string", PKI_POLLREQ, BY_MAC, "content = 0c{'0'}"),
    MALFORMED("PollReqContent of nothing", PKI_POLLREQ, 0, "content ~"),
    MALFORMED("PollReqContent of nothing, MAC", PKI_POLLREQ, BY_MAC, "content ~"),
    MALFORMED("PollReqContent of nothing, PBMAC1", PKI_POLLREQ, BY_PBMAC1, "content ~"),
    MALFORMED("PollReqContent is cut off", PKI_POLLREQ, 0, "content = 30{30{02}}"),
    MALFORMED("PollReqContent with a second element", PKI_POLLREQ, 0, "content > 05{}"),
    MALFORMED("an entry of pollReq is NULL", PKI_POLLREQ, 0, ENTRY " = 05{}"),
    MALFORMED("an entry of pollReq is empty", PKI_POLLREQ, 0, ENTRY " ~"),
    MALFORMED("an entry of pollReq is empty, MAC", PKI_POLLREQ, BY_MAC, ENTRY " ~"),
    MALFORMED("an entry of pollReq is a SET", PKI_POLLREQ, 0, ENTRY " = 31{02{00}}"),
    MALFORMED("an entry of pollReq has checkAfter", PKI_POLLREQ, 0, ENTRY " + 02{05}"),
    MALFORMED("an entry of pollReq has a reason", PKI_POLLREQ, BY_MAC, ENTRY " + 30{0c{'now'}}"),
    MALFORMED("the second entry of pollReq is NULL", PKI_POLLREQ, 0, ENTRY " > 05{}"),
    MALFORMED("the second entry of pollReq is empty", PKI_POLLREQ, BY_PBMAC1, ENTRY " > 30{}"),
    MALFORMED("certReqId of pollReq is a string", PKI_POLLREQ, 0, ENTRY "/0 = 0c{'0'}"),
    MALFORMED("certReqId of pollReq is NULL", PKI_POLLREQ, 0, ENTRY "/0 = 05{}"),
    MALFORMED("certReqId of pollReq is BOOLEAN", PKI_POLLREQ, BY_MAC, ENTRY "/0 = 01{00}"),
    MALFORMED("certReqId of pollReq is ENUMERATED", PKI_POLLREQ, 0, ENTRY "/0 = 0a{00}"),
    MALFORMED("certReqId of pollReq has no octets", PKI_POLLREQ, 0, ENTRY "/0 = 02{}"),
    MALFORMED("certReqId of pollReq is not minimal", PKI_POLLREQ, 0, ENTRY "/0 = 02{0000}"),
    MALFORMED("certReqId of pollReq is not minimal, below zero", PKI_POLLREQ, 0, ENTRY "/0 = 02{ffff}"),
    MALFORMED("certReqId of pollReq has 72 bits", PKI_POLLREQ, 0, ENTRY "/0 = 02{010000000000000000}"),
    MALFORMED("certReqId of pollReq is constructed", PKI_POLLREQ, 0, ENTRY "/0 = 22{02{00}}"),

    /* RFC 9810 5.3.22: "Its certReqId MUST be either the index of a CertResponse data structure with status
     * "waiting" or -1 referring to the complete response." */
    WRONG("RFC 9810 5.3.22", "pollReq for certReqId 1", 0, ENTRY "/0 = 02{01}", PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for certReqId 1, MAC", BY_MAC, ENTRY "/0 = 02{01}", PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for certReqId 1, PBMAC1", BY_PBMAC1, ENTRY "/0 = 02{01}",
          PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for certReqId -2", 0, ENTRY "/0 = 02{fe}", PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for certReqId 256", 0, ENTRY "/0 = 02{0100}", PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for the largest certReqId", BY_MAC, ENTRY "/0 = 02{7fffffffffffffff}",
          PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for the smallest certReqId", 0, ENTRY "/0 = 02{8000000000000000}",
          PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for the same certReqId twice", 0, ENTRY " *", PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for the same certReqId twice, MAC", BY_MAC, ENTRY " *",
          PKI_BAD_REQUEST),
    WRONG("RFC 9810 5.3.22", "pollReq for 0 and -1", 0, ENTRY " > 30{02{ff}}", PKI_BAD_REQUEST),

    /* RFC 9483 4.4: recipNonce is that of the answer before */
    WRONG("RFC 9483 3.5", "pollReq with another recipNonce", 0, "recipNonce !", PKI_BAD_RECIPIENT_NONCE),
    WRONG("RFC 9483 3.5", "pollReq with another recipNonce, MAC", BY_MAC, "recipNonce !",
          PKI_BAD_RECIPIENT_NONCE),
    WRONG("RFC 9483 3.5", "pollReq with a short recipNonce", 0, "recipNonce x", PKI_BAD_RECIPIENT_NONCE),
    WRONG("RFC 9483 3.5", "pollReq without senderNonce", 0, "senderNonce -", PKI_BAD_SENDER_NONCE),
    WRONG("RFC 9483 3.5", "pollReq with a short senderNonce", 0, "senderNonce x", PKI_BAD_SENDER_NONCE),
    WRONG("RFC 9483 3.5", "pollReq with a short senderNonce, MAC", BY_MAC, "senderNonce x",
          PKI_BAD_SENDER_NONCE),

    /* "MUST be allowed in the current state of the PKI management operation" */
    WRONG("RFC 9483 3.5", "pollReq without a transaction", 0, "transactionID !", PKI_BAD_REQUEST),
    WRONG("RFC 9483 3.5", "pollReq without a transaction, MAC", BY_MAC, "transactionID !", PKI_BAD_REQUEST),
    WRONG("RFC 9483 3.5", "pollReq without a transaction, PBMAC1", BY_PBMAC1, OTHER_ID, PKI_BAD_REQUEST),
    {"RFC 9483 3.5", "certConf for what waits", PKI_POLLREQ, 0, "body = b8{30{}}", PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "certConf for what waits, MAC", PKI_POLLREQ, BY_MAC, "body = b8{30{}}", PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.6.4", "ir under the transactionID of what waits", PKI_POLLREQ, 0,
     "body = a0{30{30{30{02{00} 30{}}}}}; recipNonce -", PKI_ERROR, PKI_TRANSACTION_ID_IN_USE},

    /* Of who began alone: RFC 9483 4.4 leaves the protection what it is in every message (3.2). */
    WRONG("RFC 9483 3.2", "pollReq whose signature is damaged", 0, "| | protection !", PKI_BAD_MESSAGE_CHECK),
    {"RFC 9483 3.2", "pollReq whose MAC is damaged", PKI_POLLREQ, BY_MAC | SIGNED, "| | protection !",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    WRONG("RFC 9483 3.5", "pollReq without protection", 0, "protectionAlg - | | protection -; extraCerts -",
          PKI_BAD_MESSAGE_CHECK),
    {"RFC 9483 3.2", "pollReq for another station's request", PKI_POLLREQ, 0, OTHER_ID, PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_WRONG_INTEGRITY, .prepare = begin_another},
    {"RFC 9483 3.2", "pollReq by MAC for another station's request", PKI_POLLREQ, BY_MAC, OTHER_ID, PKI_ERROR,
     PKI_WRONG_INTEGRITY, PKI_BAD_MESSAGE_CHECK, .prepare = begin_another},
    {"RFC 9483 3.5", "pollReq with pvno 1", PKI_POLLREQ, 0, "pvno = 02{01}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pollReq with pvno 4, MAC", PKI_POLLREQ, BY_MAC, "pvno = 02{04}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.1", "implicitConfirm in pollReq", PKI_POLLREQ, STRICT,
     "recipNonce > a8{30{30{(1.3.6.1.5.5.7.4.13) 05{}}}}", PKI_ERROR, PKI_BAD_REQUEST},

/* Bodies that a server does not take from a client. */
#define NOT_OURS(tag, name)                                                                                  \
    {                                                                                                        \
        "RFC 9810 5.1.2", name " for what waits", PKI_POLLREQ, 0, "body = " tag, PKI_ERROR, PKI_BAD_REQUEST  \
    }
    NOT_OURS("a1{30{a1{30{}}}}", "ip"),
    NOT_OURS("a3{30{30{}}}", "cp"),
    NOT_OURS("a8{30{30{}}}", "kup"),
    NOT_OURS("ac{30{30{}}}", "rp"),
    NOT_OURS("b3{05{}}", "pkiConf"),
    NOT_OURS("b6{30{}}", "genp"),
    NOT_OURS("ba{30{30{02{00} 02{05}}}}", "pollRep"),
};

REFUSALS(refusals_of_poll, rows);
