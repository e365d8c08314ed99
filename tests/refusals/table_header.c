/* PKIHeader: RFC 9483 3.1 and 3.5, RFC 9810 5.1.1. Faults there are told by error messages (RFC 9483 3.6.2).
 */
#include "tests/refusals/refusal.h"

#define Z64 Z16 Z16 Z16 Z16

static struct bytes device_sender(struct scene *scene)
{
    return scene->device.header.sender;
}

static void tolerate_all(struct scene *scene)
{
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        scene->world->config.tolerances.until[i] = TOLERANCE_NO_END;
}

static const struct refusal rows[] = {
    /* What tolerances do not reach. */
    {"server/base/tolerance.h", "senderNonce of 7 octets, tolerated", PKI_IR, 0,
     "senderNonce/0 = 04{00112233445566}", PKI_ERROR, PKI_BAD_SENDER_NONCE, .prepare = tolerate_all},
    {"server/base/tolerance.h", "recipNonce wrong in certConf, tolerated", PKI_CERTCONF, 0, "recipNonce !",
     PKI_ERROR, PKI_BAD_RECIPIENT_NONCE, .prepare = tolerate_all},
    {"server/base/tolerance.h", "recipNonce empty in certConf, MAC, wrong protection, tolerated",
     PKI_CERTCONF, BY_MAC | SIGNED, "recipNonce - | | protection !", PKI_ERROR, PKI_BAD_MESSAGE_CHECK,
     .prepare = tolerate_all},
    {"server/base/tolerance.h", "neither senderKID nor sender, MAC, tolerated", PKI_IR, BY_MAC | SIGNED,
     "sender = a4{30{}}; senderKID -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK, .prepare = tolerate_all},
    {"server/base/tolerance.h", "another sender, tolerated", PKI_IR, 0,
     "sender = a4{30{31{30{06{550403}0c{'gnb'}}}}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK,
     .prepare = tolerate_all},

    /* "The pvno MUST be cmp2000(2) or cmp2021(3). (failInfo bit: unsupportedVersion)" */
    {"RFC 9483 3.5", "pvno 0", PKI_IR, 0, "pvno = 02{00}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1", PKI_IR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 4", PKI_IR, 0, "pvno = 02{04}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno -1", PKI_IR, 0, "pvno = 02{ff}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 2 to the 32nd and 2", PKI_IR, 0, "pvno = 02{0100000002}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno of 80 bits", PKI_IR, 0, "pvno = 02{01000000000000000002}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno of 80 bits below zero", PKI_CR, 0, "pvno = 02{fe000000000000000002}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1, MAC", PKI_IR, BY_MAC, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in certConf, MAC", PKI_CERTCONF, BY_MAC, "pvno = 02{01}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 4, PBMAC1", PKI_CR, BY_PBMAC1, "pvno = 02{04}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1, MAC that is wrong", PKI_IR, BY_MAC, "pvno = 02{01} | | protection !", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1, MAC of nobody", PKI_IR, BY_MAC | SIGNED, "pvno = 02{01}; senderKID !",
     PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in cr", PKI_CR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in p10cr", PKI_P10CR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in kur", PKI_KUR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in rr", PKI_RR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in certConf", PKI_CERTCONF, 0, "pvno = 02{01}", PKI_ERROR,
     PKI_UNSUPPORTED_VERSION},
    {"RFC 9483 3.5", "pvno 1 in error", PKI_ERROR, 0, "pvno = 02{01}", PKI_ERROR, PKI_UNSUPPORTED_VERSION},
    /* "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo: badDataFormat)" */
    MALFORMED("pvno absent", PKI_IR, BARE, "pvno -"),
    MALFORMED("pvno is ENUMERATED", PKI_IR, BARE, "pvno = 0a{02}"),
    MALFORMED("pvno is empty", PKI_IR, BARE, "pvno ~"),

    /* "the sender field MUST match the subject of the CMP protection certificate. (failInfo bit:
     * badMessageCheck)" */
    {"RFC 9483 3.5", "sender is an rfc822Name", PKI_IR, 0, "sender = 81{'a@b.c'}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender is a dNSName", PKI_CR, 0, "sender = 82{'gnb.example'}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender is a URI", PKI_KUR, 0, "sender = 86{'http://x'}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender is another name", PKI_IR, 0, "sender = a4{30{31{30{(2.5.4.3) 0c{'other'}}}}}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender of p10cr is another name", PKI_P10CR, 0,
     "sender = a4{30{31{30{(2.5.4.3) 0c{'other'}}}}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender of rr is another name", PKI_RR, 0,
     "sender = a4{30{31{30{(2.5.4.3) 0c{'other'}}}}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "sender of certConf is another name", PKI_CERTCONF, 0,
     "sender = a4{30{31{30{(2.5.4.3) 0c{'other'}}}}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    /* RFC 9810 5.1.1: the NULL-DN beside senderKID only; RFC 9483 3.1: "MUST be the subject field of the CMP
     * protection certificate" */
    {"RFC 9810 5.1.1", "NULL-DN without senderKID", PKI_IR, 0, "sender = a4{30{}}; senderKID -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "NULL-DN beside senderKID", PKI_IR, STRICT, "sender = a4{30{}}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "NULL-DN beside senderKID in kur", PKI_KUR, STRICT, "sender = a4{30{}}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "NULL-DN beside senderKID in rr", PKI_RR, STRICT, "sender = a4{30{}}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "NULL-DN beside senderKID in certConf", PKI_CERTCONF, STRICT, "sender = a4{30{}}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    /* "For MAC-based protection, MUST be used and contain the same name as in the commonName field of the
     * sender field" */
    {"RFC 9483 3.1", "sender is not the MAC's reference", PKI_IR, STRICT | BY_MAC, "sender = $", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, .with = device_sender},
    {"RFC 9483 3.1", "sender of a MAC is a URI", PKI_CR, STRICT | BY_MAC, "sender = 86{'station-1'}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "sender of a MAC has its reference elsewhere", PKI_IR, STRICT | BY_MAC,
     "sender = a4{30{31{30{(2.5.4.10) 0c{'station-1'}}}}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1 and 3.6.4", "sender of a certConf is not the MAC's reference", PKI_CERTCONF,
     STRICT | BY_MAC | ENDS, "sender = a4{30{}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    /* What is left reads as a header whose recipient is an rfc822Name [1] and whose protectionAlg [1] is
     * missing: it is malformed, and it is not protected. */
    {"RFC 9483 3.5", "sender absent", PKI_IR, 0, "sender -", PKI_ERROR, PKI_BAD_DATA_FORMAT,
     PKI_BAD_MESSAGE_CHECK},
    MALFORMED("sender is no GeneralName", PKI_IR, BARE, "sender = 0c{'x'}"),
    MALFORMED("sender has a tag that no GeneralName has", PKI_IR, BARE, "sender = 89{'x'}"),
    MALFORMED("sender is a directoryName without a Name", PKI_IR, BARE, "sender = a4{02{01}}"),
    MALFORMED("sender is a directoryName of two Names", PKI_IR, BARE, "sender = a4{30{} 30{}}"),
    {"RFC 9483 3.5", "recipient absent", PKI_IR, 0, "recipient -", PKI_ERROR, PKI_BAD_DATA_FORMAT,
     PKI_BAD_MESSAGE_CHECK},
    MALFORMED("recipient is no GeneralName", PKI_CR, BARE, "recipient = 30{}"),

    /* "the messageTime MUST be close to the current time of the receiving system […] (failInfo bit:
     * badTime)"; the profile allows 300 s around 1800000000 = 2027-01-15 08:00:00. */
    {"RFC 9483 3.5", "messageTime 301 s behind", PKI_IR, 0, "recipient > a0{18{'20270115075459Z'}}",
     PKI_ERROR, PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime 301 s ahead", PKI_IR, 0, "recipient > a0{18{'20270115080501Z'}}", PKI_ERROR,
     PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime of year 0", PKI_CR, 0, "recipient > a0{18{'00000101000000Z'}}", PKI_ERROR,
     PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime of year 9999", PKI_P10CR, 0, "recipient > a0{18{'99991231235959Z'}}",
     PKI_ERROR, PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime off, MAC", PKI_IR, BY_MAC, "recipient > a0{18{'20270115075459Z'}}",
     PKI_ERROR, PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime off in kur", PKI_KUR, 0, "recipient > a0{18{'20270115075459Z'}}", PKI_ERROR,
     PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime off in rr", PKI_RR, 0, "recipient > a0{18{'20270115075459Z'}}", PKI_ERROR,
     PKI_BAD_TIME},
    {"RFC 9483 3.5", "messageTime off in certConf", PKI_CERTCONF, 0, "recipient > a0{18{'20270115075459Z'}}",
     PKI_ERROR, PKI_BAD_TIME},
    MALFORMED("messageTime without Z", PKI_IR, BARE, "recipient > a0{18{'20270115080000'}}"),
    MALFORMED("messageTime in month 13", PKI_IR, BARE, "recipient > a0{18{'20271315080000Z'}}"),
    MALFORMED("messageTime is UTCTime", PKI_IR, BARE, "recipient > a0{17{'270115080000Z'}}"),
    MALFORMED("messageTime with an offset", PKI_IR, BARE, "recipient > a0{18{'20270115080000+0000'}}"),
    MALFORMED("messageTime with a fraction that ends in 0", PKI_IR, BARE,
              "recipient > a0{18{'20270115080000.50Z'}}"),
    MALFORMED("messageTime twice", PKI_IR, BARE,
              "recipient > a0{18{'20270115080000Z'}} a0{18{'20270115080000Z'}}"),

    /* "If present, the senderKID MUST identify the key material needed for verifying the message protection.
     * (failInfo bit: badMessageCheck)" */
    {"RFC 9483 3.5", "senderKID of another key", PKI_IR, 0, "senderKID !", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "senderKID cut short", PKI_CR, 0, "senderKID/0 x", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "senderKID of another key in kur", PKI_KUR, 0, "senderKID !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "senderKID of another key in rr", PKI_RR, 0, "senderKID !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "senderKID of another key in certConf", PKI_CERTCONF, 0, "senderKID !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "senderKID absent", PKI_IR, STRICT, "senderKID -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "senderKID absent in certConf", PKI_CERTCONF, STRICT, "senderKID -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "senderKID of no secret", PKI_IR, SIGNED | BY_MAC, "senderKID !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "senderKID absent, MAC", PKI_IR, SIGNED | BY_MAC, "senderKID -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "senderKID empty, MAC", PKI_CR, SIGNED | BY_MAC, "senderKID/0 ~", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    /* A certConf by a MAC of another reference: RFC 9483 4.1.1, "MUST use the same credentials as in the
     * first request message" */
    {"RFC 9483 4.1.1", "senderKID of another secret in certConf", PKI_CERTCONF, SIGNED | BY_MAC,
     "senderKID !", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"server/base/bounds.h", "senderKID of 129 octets", PKI_IR, 0, "senderKID/0 = 04{" Z64 Z64 "00}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    MALFORMED("senderKID is INTEGER", PKI_IR, BARE, "senderKID/0 = 02{01}"),
    MALFORMED("senderKID twice", PKI_IR, BARE, "senderKID *"),
    MALFORMED("recipKID is UTF8String", PKI_IR, BARE, "senderKID > a3{0c{'x'}}"),

    /* "The transactionID MUST be present. (failInfo bit: badDataFormat)" */
    MALFORMED("transactionID absent in certConf", PKI_CERTCONF, 0, "transactionID -"),
    MALFORMED("transactionID absent in error", PKI_ERROR, 0, "transactionID -"),
    MALFORMED("transactionID empty in certConf", PKI_CERTCONF, 0, "transactionID/0 ~"),
    MALFORMED("transactionID absent in ir", PKI_IR, STRICT, "transactionID -"),
    MALFORMED("transactionID absent in p10cr, MAC", PKI_P10CR, STRICT | BY_MAC, "transactionID -"),
    MALFORMED("transactionID absent in kur", PKI_KUR, STRICT, "transactionID -"),
    MALFORMED("transactionID absent in rr", PKI_RR, STRICT, "transactionID -"),
    /* "In the first message of a PKI management operation, MUST be 128 bits of random data" */
    {"RFC 9483 3.1", "transactionID of 15 octets", PKI_IR, STRICT, "transactionID/0 x", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "transactionID of 17 octets in p10cr, MAC", PKI_P10CR, STRICT | BY_MAC,
     "transactionID/0 = 04{" Z16 "00}", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "transactionID of 15 octets in kur", PKI_KUR, STRICT, "transactionID/0 x", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "transactionID of 15 octets in rr", PKI_RR, STRICT, "transactionID/0 x", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "transactionID of 17 octets", PKI_CR, STRICT, "transactionID/0 = 04{" Z16 "00}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"server/base/bounds.h", "transactionID of 65 octets, MAC", PKI_CERTCONF, BY_MAC,
     "transactionID/0 = 04{" Z64 "00}", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    MALFORMED("transactionID absent in certConf, MAC", PKI_CERTCONF, BY_MAC, "transactionID -"),
    {"server/base/bounds.h", "transactionID of 65 octets", PKI_IR, 0, "transactionID/0 = 04{" Z64 "00}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    MALFORMED("transactionID is INTEGER", PKI_IR, BARE, "transactionID/0 = 02{01}"),
    MALFORMED("transactionID after senderNonce", PKI_IR, BARE,
              "transactionID -; senderNonce > a4{04{" Z16 "}}"),

    /* "The senderNonce MUST be present and MUST contain at least 128 bits of data. (failInfo bit:
     * badSenderNonce)" */
    {"RFC 9483 3.5", "senderNonce absent", PKI_IR, 0, "senderNonce -", PKI_ERROR, PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce empty", PKI_IR, 0, "senderNonce/0 ~", PKI_ERROR, PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce of 15 octets", PKI_IR, 0, "senderNonce/0 x", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce absent, MAC", PKI_IR, BY_MAC, "senderNonce -", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce of 15 octets, MAC", PKI_CR, BY_MAC, "senderNonce/0 x", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce empty in certConf, MAC", PKI_CERTCONF, BY_MAC, "senderNonce/0 ~", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"server/base/bounds.h", "senderNonce of 65 octets, MAC", PKI_IR, BY_PBMAC1,
     "senderNonce/0 = 04{" Z64 "00}", PKI_ERROR, PKI_BAD_DATA_FORMAT, PKI_BAD_SENDER_NONCE},
    {"server/base/bounds.h", "recipNonce of 65 octets in certConf, MAC", PKI_CERTCONF, BY_MAC,
     "recipNonce/0 = 04{" Z64 "00}", PKI_ERROR, PKI_BAD_DATA_FORMAT, PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.5", "senderNonce absent in cr", PKI_CR, 0, "senderNonce -", PKI_ERROR, PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce absent in p10cr", PKI_P10CR, 0, "senderNonce -", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce absent in kur", PKI_KUR, 0, "senderNonce -", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce absent in rr", PKI_RR, 0, "senderNonce -", PKI_ERROR, PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce absent in certConf", PKI_CERTCONF, 0, "senderNonce -", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.5", "senderNonce of 15 octets in error", PKI_ERROR, 0, "senderNonce/0 x", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.1", "senderNonce of 17 octets", PKI_IR, STRICT, "senderNonce/0 = 04{" Z16 "00}", PKI_ERROR,
     PKI_BAD_SENDER_NONCE},
    {"RFC 9483 3.1 and 3.6.4", "senderNonce of 17 octets in certConf", PKI_CERTCONF, STRICT | ENDS,
     "senderNonce/0 = 04{" Z16 "00}", PKI_ERROR, PKI_BAD_SENDER_NONCE},
    {"server/base/bounds.h", "senderNonce of 65 octets", PKI_IR, 0, "senderNonce/0 = 04{" Z64 "00}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT, PKI_BAD_SENDER_NONCE},

    /* "the recipNonce MUST be present and MUST equal the senderNonce of the previous message […] (failInfo
     * bit: badRecipientNonce)" */
    {"RFC 9483 3.5", "recipNonce absent in certConf", PKI_CERTCONF, 0, "recipNonce -", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.5", "recipNonce wrong in certConf", PKI_CERTCONF, 0, "recipNonce !", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.5", "recipNonce cut short in certConf", PKI_CERTCONF, 0, "recipNonce/0 x", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.5", "recipNonce wrong in certConf, MAC", PKI_CERTCONF, BY_MAC, "recipNonce !", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.5", "recipNonce absent in error", PKI_ERROR, 0, "recipNonce -", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    /* "If this is the first message of a transaction, MUST be absent" */
    {"RFC 9483 3.1", "recipNonce in ir", PKI_IR, STRICT, "senderNonce > a6{04{" Z16 "}}", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.1", "recipNonce in kur", PKI_KUR, STRICT, "senderNonce > a6{04{" Z16 "}}", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.1", "recipNonce in rr", PKI_RR, STRICT, "senderNonce > a6{04{" Z16 "}}", PKI_ERROR,
     PKI_BAD_RECIPIENT_NONCE},
    {"RFC 9483 3.1", "recipNonce in p10cr, MAC", PKI_P10CR, STRICT | BY_MAC, "senderNonce > a6{04{" Z16 "}}",
     PKI_ERROR, PKI_BAD_RECIPIENT_NONCE},
    {"server/base/bounds.h", "recipNonce of 65 octets", PKI_IR, 0, "senderNonce > a6{04{" Z64 "00}}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT, PKI_BAD_RECIPIENT_NONCE},

    MALFORMED("freeText is a string", PKI_IR, BARE, "senderNonce > a7{0c{'x'}}"),
    MALFORMED("header with an unknown field", PKI_IR, BARE, "header + a9{05{}}"),
    MALFORMED("header is a SET", PKI_IR, BARE, "header = 31{30{}}"),
};

REFUSALS(refusals_of_header, rows);
