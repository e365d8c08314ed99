/* genm (RFC 9810 5.3.19, RFC 9483 4.3). The good one asks for a CRL by the name of its issuer. */
#include "tests/refusals/refusal.h"

#define TYPE(number) "content/0/0 = (1.3.6.1.5.5.7.4." number "); "
#define VALUE "content/0/1"
#define STATUS "content/0/1/0"
#define ENTRY "30{(1.2.3)} "
#define ENTRIES_8 ENTRY ENTRY ENTRY ENTRY ENTRY ENTRY ENTRY ENTRY
#define PROFILES(names) "senderNonce > a8{30{30{(1.3.6.1.5.5.7.4.21) 30{" names "}}}}"

#define WITH_VALUE(text, what, number, flags)                                                                \
    {                                                                                                        \
        text, what " with a value, of its own type", PKI_GENM, flags, TYPE(number) VALUE " = 30{}",          \
            PKI_ERROR, PKI_BAD_DATA_FORMAT                                                                   \
    }
#define WITH_NULL(text, what, number)                                                                        \
    {                                                                                                        \
        text, what " with NULL", PKI_GENM, 0, TYPE(number) VALUE " = 05{}", PKI_ERROR, PKI_BAD_DATA_FORMAT   \
    }
/* An answer to both would be twice the same: who asks so has made a mistake, or wants the server to work. */
#define TWICE(what, number)                                                                                  \
    {                                                                                                        \
        "server/cmp/op_genm.c", what " twice", PKI_GENM, 0, TYPE(number) VALUE " -; content/0 *", PKI_ERROR, \
            PKI_BAD_REQUEST                                                                                  \
    }

static const struct refusal rows[] = {
    MALFORMED("GenMsgContent is a string", PKI_GENM, BY_PBMAC1, "content = 0c{'x'}"),
    MALFORMED("GenMsgContent is constructed otherwise", PKI_GENM, 0, "content = a0{30{(1.3.6.1.5.5.7.4.4)}}"),
    MALFORMED("GenMsgContent with an element after it", PKI_GENM, 0, "content > 05{}"),
    MALFORMED("the second entry of genm is NULL", PKI_GENM, 0, "content/0 > 05{}"),
    MALFORMED("the second entry of genm is empty", PKI_GENM, BY_MAC, "content/0 > 30{}"),
    MALFORMED("the second entry of genm is a SET", PKI_GENM, 0, "content/0 > 31{(1.3.6.1.5.5.7.4.4)}"),
    MALFORMED("infoType is a RELATIVE-OID", PKI_GENM, 0, "content/0/0 = 0d{2b06}"),
    MALFORMED("infoType is a string", PKI_GENM, BY_PBMAC1, "content/0/0 = 0c{'1.3.6.1.5.5.7.4.4'}"),
    MALFORMED("infoType stands behind its value", PKI_GENM, 0, "content/0 = 30{05{} (1.3.6.1.5.5.7.4.4)}"),
    MALFORMED("infoType whose length is not minimal", PKI_GENM, 0, "content/0/0 %"),
    MALFORMED("GenMsgContent of indefinite length", PKI_GENM, 0, "content ^"),
    MALFORMED("an entry of genm of indefinite length", PKI_GENM, 0, "content/0 ^"),
    MALFORMED("infoValue of indefinite length", PKI_GENM, 0, VALUE " ^"),
    MALFORMED("infoValue that is cut off", PKI_GENM, 0, VALUE " = 30 05 05 00"),

    /* RFC 9483 4.3.4: values of crlStatusList */
    MALFORMED("crlStatusList of NULL", PKI_GENM, 0, VALUE " = 05{}"),
    MALFORMED("crlStatusList is a SET", PKI_GENM, BY_MAC, VALUE " = 31{}"),
    MALFORMED("CRLStatus is NULL", PKI_GENM, 0, STATUS " = 05{}"),
    MALFORMED("the second CRLStatus is NULL", PKI_GENM, BY_PBMAC1, STATUS " > 05{}"),
    MALFORMED("the second CRLStatus is empty", PKI_GENM, 0, STATUS " > 30{}"),
    MALFORMED("CRLSource is a name", PKI_GENM, 0, STATUS "/0 = 30{}"),
    MALFORMED("CRLSource is primitive", PKI_GENM, BY_MAC, STATUS "/0 = 81{00}"),
    MALFORMED("dpn of nothing", PKI_GENM, 0, STATUS "/0 = a0{}"),
    MALFORMED("dpn of no GeneralName", PKI_GENM, 0, STATUS "/0 = a0{a0{}}"),
    MALFORMED("dpn of an unknown choice", PKI_GENM, BY_MAC, STATUS "/0 = a0{a2{86{'http://ca/crl'}}}"),
    MALFORMED("dpn with an element behind it", PKI_GENM, 0, STATUS "/0 = a0{a0{86{'http://ca/crl'}} 05{}}"),
    MALFORMED("issuer of NULL", PKI_GENM, 0, STATUS "/0 = a1{05{}}"),
    MALFORMED("issuer with an element behind it", PKI_GENM, BY_PBMAC1, STATUS "/0 = a1{30{a4{30{}}} 05{}}"),
    MALFORMED("thisUpdate is a string", PKI_GENM, 0, STATUS " + 0c{'now'}"),
    MALFORMED("thisUpdate without its Z", PKI_GENM, 0, STATUS " + 18{'20261130120000'}"),
    MALFORMED("thisUpdate with a fraction", PKI_GENM, 0, STATUS " + 18{'20261130120000.5Z'}"),
    MALFORMED("thisUpdate on a day that is none", PKI_GENM, 0, STATUS " + 17{'260230120000Z'}"),
    MALFORMED("thisUpdate with an offset", PKI_GENM, 0, STATUS " + 17{'2611301200+0100'}"),

    /* RFC 9810 5.3.19.8, 5.3.19.13 */
    MALFORMED("keyPairParamReq of NULL", PKI_GENM, 0, TYPE("10") VALUE " = 05{}"),
    MALFORMED("keyPairParamReq of a string", PKI_GENM, BY_MAC, TYPE("10") VALUE " = 0c{'1.2.840.10045.2.1'}"),
    MALFORMED("suppLangTags without a value", PKI_GENM, 0, TYPE("16") VALUE " -"),
    MALFORMED("suppLangTags of NULL", PKI_GENM, BY_MAC, TYPE("16") VALUE " = 05{}"),
    MALFORMED("suppLangTags of a tag alone", PKI_GENM, 0, TYPE("16") VALUE " = 0c{'de'}"),
    MALFORMED("suppLangTags whose second is no text", PKI_GENM, BY_PBMAC1,
              TYPE("16") VALUE " = 30{0c{'it'} 02{01}}"),

    /* "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo: badDataFormat)" */
    MALFORMED("GenMsgContent is a SET", PKI_GENM, 0, "content = 31{}"),
    MALFORMED("GenMsgContent of NULL", PKI_GENM, 0, "content/0 = 05{}"),
    MALFORMED("an entry of genm without infoType", PKI_GENM, BY_MAC, "content/0 ~"),
    MALFORMED("infoType is an INTEGER", PKI_GENM, 0, "content/0/0 = 02{01}"),
    MALFORMED("an entry of genm with two values", PKI_GENM, 0, "content/0 + 05{}"),
    {"server/base/bounds.h", "a genm of 17 entries", PKI_GENM, 0,
     "content/0 > " ENTRIES_8 "; content/0 > " ENTRIES_8, PKI_ERROR, PKI_BAD_DATA_FORMAT},

    /* RFC 9483 4.3.1: "the infoValue of the request MUST be absent"; so 4.3.3 and RFC 9810 5.3.19 */
    {"RFC 9483 4.3.1", "caCerts with a value", PKI_GENM, 0, TYPE("17"), PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.3.3", "certReqTemplate with a value", PKI_GENM, BY_MAC, TYPE("19"), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.6", "currentCRL with a value", PKI_GENM, 0, TYPE("6"), PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.6", "currentCRL, and there is none", PKI_GENM, 0, TYPE("6") VALUE " -", PKI_ERROR,
     PKI_ADD_INFO_NOT_AVAILABLE},

    /* RFC 9810 5.3.19.1 to 5.3.19.5: "GenMsg: {id-it 1}, < absent >" and so on */
    WITH_VALUE("RFC 9810 5.3.19.1", "caProtEncCert", "1", 0),
    WITH_VALUE("RFC 9810 5.3.19.2", "signKeyPairTypes", "2", BY_MAC),
    WITH_VALUE("RFC 9810 5.3.19.3", "encKeyPairTypes", "3", BY_PBMAC1),
    WITH_VALUE("RFC 9810 5.3.19.4", "preferredSymmAlg", "4", 0),
    WITH_VALUE("RFC 9810 5.3.19.5", "caKeyUpdateInfo", "5", BY_MAC),
    WITH_NULL("RFC 9810 5.3.19.1", "caProtEncCert", "1"),
    WITH_NULL("RFC 9810 5.3.19.2", "signKeyPairTypes", "2"),
    WITH_NULL("RFC 9810 5.3.19.3", "encKeyPairTypes", "3"),
    WITH_NULL("RFC 9810 5.3.19.4", "preferredSymmAlg", "4"),
    WITH_NULL("RFC 9810 5.3.19.5", "caKeyUpdateInfo", "5"),
    WITH_NULL("RFC 9810 5.3.19.6", "currentCRL", "6"),
    WITH_NULL("RFC 9483 4.3.1", "caCerts", "17"),
    WITH_NULL("RFC 9483 4.3.3", "certReqTemplate", "19"),
    TWICE("caProtEncCert", "1"),
    TWICE("signKeyPairTypes", "2"),
    TWICE("encKeyPairTypes", "3"),
    TWICE("preferredSymmAlg", "4"),
    TWICE("caKeyUpdateInfo", "5"),
    TWICE("currentCRL", "6"),
    TWICE("caCerts", "17"),
    TWICE("rootCaCert", "20"),

    /* RFC 9483 4.3.4: "MUST be present and contain a sequence of one CRLStatus structure" */
    {"RFC 9483 4.3.4", "crlStatusList without a value", PKI_GENM, 0, VALUE " -", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.3.4", "crlStatusList of nothing", PKI_GENM, BY_PBMAC1, VALUE " ~", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.3.4", "crlStatusList of two", PKI_GENM, STRICT, STATUS " *", PKI_ERROR, PKI_BAD_REQUEST},
    {"server/base/bounds.h", "crlStatusList of five", PKI_GENM, 0,
     STATUS " *; " STATUS " *; " STATUS " *; " STATUS " *", PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 4.3.4", "CRLStatus without a source", PKI_GENM, 0, STATUS " ~", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "CRLSource of a third choice", PKI_GENM, 0, STATUS "/0 = a2{30{a4{30{}}}}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "issuer of no name", PKI_GENM, 0, STATUS "/0 = a1{30{}}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "dpn of a bare GeneralName", PKI_GENM, 0, STATUS "/0 = a0{86{'http://ca/crl'}}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "thisUpdate is an INTEGER", PKI_GENM, 0, STATUS " + 02{01}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "thisUpdate without seconds", PKI_GENM, 0, STATUS " + 17{'2611301200Z'}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.17", "two times in CRLStatus", PKI_GENM, 0,
     STATUS " + 17{'261130120000Z'}; " STATUS " + 17{'261130120000Z'}", PKI_ERROR, PKI_BAD_DATA_FORMAT},

    /* RFC 9810 5.3.19.8: "{id-it 10}, OBJECT IDENTIFIER" */
    {"RFC 9810 5.3.19.8", "keyPairParamReq of a SEQUENCE", PKI_GENM, 0, TYPE("10"), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.8", "keyPairParamReq without a value", PKI_GENM, 0, TYPE("10") VALUE " -", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},

    /* RFC 9810 5.3.19.13: "If none of the offered tags are supported, an error MUST be returned." */
    {"RFC 9810 5.3.19.13", "suppLangTags of a language that nobody here speaks", PKI_GENM, 0,
     TYPE("16") VALUE " = 30{0c{'it'} 0c{'deu'}}", PKI_ERROR, PKI_ADD_INFO_NOT_AVAILABLE},
    {"RFC 9810 5.3.19.13", "suppLangTags of another type", PKI_GENM, 0, TYPE("16") VALUE " = 30{13{'de'}}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.3.19.13", "suppLangTags of nothing", PKI_GENM, 0, TYPE("16") VALUE " ~", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},

    /* RFC 9483 4.3: "MUST contain a sequence of one element" */
    {"RFC 9483 4.3", "a genm of two elements", PKI_GENM, STRICT, "content/0 > 30{(1.3.6.1.5.5.7.4.4)}",
     PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 4.3", "a genm of no element", PKI_GENM, STRICT, "content ~", PKI_ERROR, PKI_BAD_REQUEST},
    {"server/cmp/op_genm.c", "the same infoType twice", PKI_GENM, 0, "content/0 *", PKI_ERROR,
     PKI_BAD_REQUEST},

    /* RFC 9810 5.1.1.4: "MUST NOT contain more certificate profile names than the number of […] elements" */
    {"RFC 9810 5.1.1.4", "two profiles for one element", PKI_GENM, 0, PROFILES("0c{'test'} 0c{'test'}"),
     PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9810 5.1.1.4", "a genm of no profile of this server", PKI_GENM, 0, PROFILES("0c{'foo'}"), PKI_ERROR,
     PKI_BAD_REQUEST},
    /* "PROHIBITED in other types of messages" */
    {"RFC 9483 3.1", "implicitConfirm in genm", PKI_GENM, STRICT,
     "senderNonce > a8{30{30{(1.3.6.1.5.5.7.4.13) 05{}}}}", PKI_ERROR, PKI_BAD_REQUEST},

    /* RFC 9483 3.5: "Messages without protection MUST be rejected except for error messages" */
    {"RFC 9483 3.5", "genm without protection", PKI_GENM, 0, "protectionAlg - | | protection -; extraCerts -",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
};

REFUSALS(refusals_of_general, rows);
