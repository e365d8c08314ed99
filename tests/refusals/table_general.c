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
#define NOT_DER(name, flags, edits)                                                                          \
    {                                                                                                        \
        "RFC 9483 3.5", name, PKI_GENM, flags, edits, PKI_ERROR, PKI_BAD_DATA_FORMAT                         \
    }

static const struct refusal rows[] = {
    NOT_DER("GenMsgContent is a string", BY_PBMAC1, "content = 0c{'x'}"),
    NOT_DER("GenMsgContent is constructed otherwise", 0, "content = a0{30{(1.3.6.1.5.5.7.4.4)}}"),
    NOT_DER("GenMsgContent with an element after it", 0, "content > 05{}"),
    NOT_DER("the second entry of genm is NULL", 0, "content/0 > 05{}"),
    NOT_DER("the second entry of genm is empty", BY_MAC, "content/0 > 30{}"),
    NOT_DER("the second entry of genm is a SET", 0, "content/0 > 31{(1.3.6.1.5.5.7.4.4)}"),
    NOT_DER("infoType is a RELATIVE-OID", 0, "content/0/0 = 0d{2b06}"),
    NOT_DER("infoType is a string", BY_PBMAC1, "content/0/0 = 0c{'1.3.6.1.5.5.7.4.4'}"),
    NOT_DER("infoType stands behind its value", 0, "content/0 = 30{05{} (1.3.6.1.5.5.7.4.4)}"),
    NOT_DER("infoType whose length is not minimal", 0, "content/0/0 %"),
    NOT_DER("GenMsgContent of indefinite length", 0, "content ^"),
    NOT_DER("an entry of genm of indefinite length", 0, "content/0 ^"),
    NOT_DER("infoValue of indefinite length", 0, VALUE " ^"),
    NOT_DER("infoValue that is cut off", 0, VALUE " = 30 05 05 00"),

    /* RFC 9483 4.3.4: values of crlStatusList */
    NOT_DER("crlStatusList of NULL", 0, VALUE " = 05{}"),
    NOT_DER("crlStatusList is a SET", BY_MAC, VALUE " = 31{}"),
    NOT_DER("CRLStatus is NULL", 0, STATUS " = 05{}"),
    NOT_DER("the second CRLStatus is NULL", BY_PBMAC1, STATUS " > 05{}"),
    NOT_DER("the second CRLStatus is empty", 0, STATUS " > 30{}"),
    NOT_DER("CRLSource is a name", 0, STATUS "/0 = 30{}"),
    NOT_DER("CRLSource is primitive", BY_MAC, STATUS "/0 = 81{00}"),
    NOT_DER("dpn of nothing", 0, STATUS "/0 = a0{}"),
    NOT_DER("dpn of no GeneralName", 0, STATUS "/0 = a0{a0{}}"),
    NOT_DER("dpn of an unknown choice", BY_MAC, STATUS "/0 = a0{a2{86{'http://ca/crl'}}}"),
    NOT_DER("dpn with an element behind it", 0, STATUS "/0 = a0{a0{86{'http://ca/crl'}} 05{}}"),
    NOT_DER("issuer of NULL", 0, STATUS "/0 = a1{05{}}"),
    NOT_DER("issuer with an element behind it", BY_PBMAC1, STATUS "/0 = a1{30{a4{30{}}} 05{}}"),
    NOT_DER("thisUpdate is a string", 0, STATUS " + 0c{'now'}"),
    NOT_DER("thisUpdate without its Z", 0, STATUS " + 18{'20261130120000'}"),
    NOT_DER("thisUpdate with a fraction", 0, STATUS " + 18{'20261130120000.5Z'}"),
    NOT_DER("thisUpdate on a day that is none", 0, STATUS " + 17{'260230120000Z'}"),
    NOT_DER("thisUpdate with an offset", 0, STATUS " + 17{'2611301200+0100'}"),

    /* RFC 9810 5.3.19.8, 5.3.19.13 */
    NOT_DER("keyPairParamReq of NULL", 0, TYPE("10") VALUE " = 05{}"),
    NOT_DER("keyPairParamReq of a string", BY_MAC, TYPE("10") VALUE " = 0c{'1.2.840.10045.2.1'}"),
    NOT_DER("suppLangTags without a value", 0, TYPE("16") VALUE " -"),
    NOT_DER("suppLangTags of NULL", BY_MAC, TYPE("16") VALUE " = 05{}"),
    NOT_DER("suppLangTags of a tag alone", 0, TYPE("16") VALUE " = 0c{'de'}"),
    NOT_DER("suppLangTags whose second is no text", BY_PBMAC1, TYPE("16") VALUE " = 30{0c{'it'} 02{01}}"),

    /* "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo: badDataFormat)" */
    {"RFC 9483 3.5", "GenMsgContent is a SET", PKI_GENM, 0, "content = 31{}", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.5", "GenMsgContent of NULL", PKI_GENM, 0, "content/0 = 05{}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.5", "an entry of genm without infoType", PKI_GENM, BY_MAC, "content/0 ~", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.5", "infoType is an INTEGER", PKI_GENM, 0, "content/0/0 = 02{01}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.5", "an entry of genm with two values", PKI_GENM, 0, "content/0 + 05{}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
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
