/* PKIStatusInfo between DER and C (RFC 9810 5.2.3). */
#include "server/pki/status.h"

#include "server/base/bounds.h"

static const char *const names[] = {
    "badAlg",           "badMessageCheck",     "badRequest",          "badTime",           "badCertId",
    "badDataFormat",    "wrongAuthority",      "incorrectData",       "missingTimeStamp",  "badPOP",
    "certRevoked",      "certConfirmed",       "wrongIntegrity",      "badRecipientNonce", "timeNotAvailable",
    "unacceptedPolicy", "unacceptedExtension", "addInfoNotAvailable", "badSenderNonce",    "badCertTemplate",
    "signerNotTrusted", "transactionIdInUse",  "unsupportedVersion",  "notAuthorized",     "systemUnavail",
    "systemFailure",    "duplicateCertReq",
};

const char *pki_failure_name(unsigned bit)
{
    return bit < sizeof names / sizeof names[0] ? names[bit] : "?";
}

int pki_status_add(CBB *cbb, const struct pki_status_info *info)
{
    CBB sequence, text;

    return CBB_add_asn1(cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_int64(&sequence, info->status) &&
           (info->text.len == 0 || (CBB_add_asn1(&sequence, &text, CBS_ASN1_SEQUENCE) &&
                                    der_add_octets(&text, CBS_ASN1_UTF8STRING, info->text))) &&
           (info->fail_info == 0 || der_add_named_bits(&sequence, info->fail_info)) && CBB_flush(cbb);
}

int pki_status_get(CBS *cbs, struct pki_status_info *out)
{
    CBS sequence, texts, text;
    int present;

    *out = (struct pki_status_info){.status = PKI_REJECTION};
    if (!CBS_get_asn1(cbs, &sequence, CBS_ASN1_SEQUENCE) || !der_get_int64(&sequence, &out->status) ||
        !CBS_get_optional_asn1(&sequence, &texts, &present, CBS_ASN1_SEQUENCE))
        return 0;
    if (present) {
        /* PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String */
        if (!CBS_get_asn1(&texts, &text, CBS_ASN1_UTF8STRING))
            return 0;
        out->text = bytes_of_cbs(&text);
        while (CBS_len(&texts) != 0)
            if (!CBS_get_asn1(&texts, NULL, CBS_ASN1_UTF8STRING))
                return 0;
    }
    return CBS_len(&sequence) == 0 ||
           (der_get_named_bits(&sequence, &out->fail_info) && CBS_len(&sequence) == 0);
}
