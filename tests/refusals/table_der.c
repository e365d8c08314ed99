/* DER: RFC 9483 3.5, "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo:
 * badDataFormat)"; RFC 9810 5.1, "PKIMessages are encoded in DER", X.690 section 10. */
#include "tests/refusals/refusal.h"

#define NESTED4(inside) "30{30{30{30{" inside "}}}}"
#define NESTED16(inside) NESTED4(NESTED4(NESTED4(NESTED4(inside))))

static const struct refusal rows[] = {
    MALFORMED("an octet after the message", PKI_IR, 0, "| | message > 00"),
    MALFORMED("another message after the message", PKI_CR, BY_MAC, "| | message *"),
    MALFORMED("message is a SET", PKI_IR, BARE, "| | message = 31{30{}}"),
    MALFORMED("message is a string", PKI_IR, BARE, "| | message = 0c{'hello'}"),
    MALFORMED("message is HTTP", PKI_IR, BARE, "| | message = 'GET / HTTP/1.1'"),
    MALFORMED("message is an empty SEQUENCE", PKI_IR, BARE, "| | message ~"),
    MALFORMED("message is PEM", PKI_IR, BARE, "| | message = '-----BEGIN CMP-----'"),
    MALFORMED("message of an indefinite length", PKI_IR, BARE, "message ^"),
    MALFORMED("header of an indefinite length", PKI_IR, BARE, "header ^"),
    MALFORMED("header whose length is not minimal", PKI_IR, BARE, "header %"),
    MALFORMED("message whose length is not minimal", PKI_IR, BARE, "message %"),
    MALFORMED("pvno whose length is not minimal", PKI_IR, BARE, "pvno %"),
    MALFORMED("transactionID whose length is not minimal", PKI_IR, BARE, "transactionID/0 %"),
    MALFORMED("pvno is not minimal", PKI_IR, BARE, "pvno = 02{0002}"),
    MALFORMED("senderNonce is constructed", PKI_IR, BARE, "senderNonce/0 = 24{04{0001} 04{0203}}"),
    MALFORMED("sender with a string that is constructed", PKI_IR, 0,
              "sender = a4{30{31{30{(2.5.4.3) 2c{0c{'x'}}}}}}"),
    MALFORMED("protectionAlg with an OBJECT IDENTIFIER that is malformed", PKI_IR, 0,
              "protectionAlg = a1{30{06{2a80}}}"),
    MALFORMED("body of an indefinite length", PKI_IR, BARE, "body ^"),
    MALFORMED("body whose length is not minimal", PKI_IR, BARE, "body %"),
    MALFORMED("body whose length is not minimal, MAC", PKI_CR, BY_MAC | BARE, "body %"),
    MALFORMED("body whose length is not minimal in kur", PKI_KUR, BARE, "body %"),
    MALFORMED("body whose length is not minimal in certConf", PKI_CERTCONF, BARE, "body %"),
    MALFORMED("certTemplate of an indefinite length", PKI_IR, 0, "certTemplate ^"),
    MALFORMED("subject whose length is not minimal", PKI_IR, 0, "certTemplate/[5] %"),
    MALFORMED("certReqId is not minimal", PKI_IR, 0, "certReq/0 = 02{0000}"),
    MALFORMED("certReqId without an octet", PKI_IR, 0, "certReq/0 ~"),
    MALFORMED("validity with a time of no month", PKI_IR, 0, "certTemplate/0 < a4{a0{17{'271315080000Z'}}}"),
    MALFORMED("validity with a time without seconds", PKI_IR, 0,
              "certTemplate/0 < a4{a0{17{'2701150800Z'}}}"),
    MALFORMED("an extension whose BOOLEAN is 01", PKI_IR, 0,
              "certTemplate + a9{30{(2.5.29.17) 01{01} 04{30{82{'x'}}}}}"),
    MALFORMED("an OBJECT IDENTIFIER of no octet", PKI_IR, 0, "certTemplate + a9{30{06{} 04{00}}}"),
    MALFORMED("a body that is nested 24 times and more", PKI_IR, 0,
              "certReq + 30{30{(1.2.3) " NESTED16(NESTED4("")) "}}"),
    MALFORMED("serialNumber of rr whose length is not minimal", PKI_RR, 0, "content/0/0/[1] %"),
    MALFORMED("an ENUMERATED in rr that is empty", PKI_RR, 0, "content/0 = 30{30{} 0a{}}"),
    MALFORMED("protection of an indefinite length", PKI_IR, 0, "| | protection ^"),
    MALFORMED("protection with padding that is not zero", PKI_IR, 0, "| | protection/0 = 03{04 ff}"),
    MALFORMED("protection with 8 unused bits", PKI_IR, 0, "| | protection/0 = 03{08 ff}"),
    MALFORMED("protection that is constructed", PKI_IR, 0, "| | protection/0 = 23{03{0000}}"),
    MALFORMED("extraCerts of an indefinite length", PKI_IR, 0, "extraCerts ^"),
    MALFORMED("a certificate in BER", PKI_IR, 0, "extraCerts/0/0 ^"),
    MALFORMED("a NULL with an octet", PKI_IR, 0, "extraCerts/0 + 05{00}"),
};

REFUSALS(refusals_of_der, rows);
