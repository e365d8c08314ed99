/* Parameters of algorithms (RFC 9810 5.1.3, RFC 8018 Appendix A, RFC 4055, RFC 5084). */
#include "server/ctl/decode.h"

const struct decode_type decode_pbm =
    SEQUENCE_TYPE("PBMParameter", FIELD("salt", decode_octets, 0, 0), FIELD("owf", decode_algorithm, 0, 0),
                  FIELD("iterationCount", decode_integer, 0, 0), FIELD("mac", decode_algorithm, 0, 0));
const struct decode_type decode_dhbm = SEQUENCE_TYPE("DHBMParameter", FIELD("owf", decode_algorithm, 0, 0),
                                                     FIELD("mac", decode_algorithm, 0, 0));
const struct decode_type decode_kembm =
    SEQUENCE_TYPE("KemBMParameter", FIELD("kdf", decode_algorithm, 0, 0),
                  FIELD("kemContext", decode_octets, EXPLICIT | 0, OPTIONAL),
                  FIELD("len", decode_integer, 0, 0), FIELD("mac", decode_algorithm, 0, 0));
const struct decode_type decode_pbmac1 =
    SEQUENCE_TYPE("PBMAC1-params", FIELD("keyDerivationFunc", decode_algorithm, 0, 0),
                  FIELD("messageAuthScheme", decode_algorithm, 0, 0));
static const struct decode_type salt = CHOICE_TYPE("salt", FIELD("specified", decode_octets, 0, BARE),
                                                   FIELD("otherSource", decode_algorithm, 0, 0));
const struct decode_type decode_pbkdf2 = SEQUENCE_TYPE(
    "PBKDF2-params", FIELD("salt", salt, 0, 0), FIELD("iterationCount", decode_integer, 0, 0),
    FIELD("keyLength", decode_integer, 0, OPTIONAL), FIELD("prf", decode_algorithm, 0, OPTIONAL));
const struct decode_type decode_pbes2 =
    SEQUENCE_TYPE("PBES2-params", FIELD("keyDerivationFunc", decode_algorithm, 0, 0),
                  FIELD("encryptionScheme", decode_algorithm, 0, 0));
const struct decode_type decode_pss =
    SEQUENCE_TYPE("RSASSA-PSS-params", FIELD("hashAlgorithm", decode_algorithm, EXPLICIT | 0, OPTIONAL),
                  FIELD("maskGenAlgorithm", decode_algorithm, EXPLICIT | 1, OPTIONAL),
                  FIELD("saltLength", decode_integer, EXPLICIT | 2, OPTIONAL),
                  FIELD("trailerField", decode_integer, EXPLICIT | 3, OPTIONAL));
const struct decode_type decode_oaep =
    SEQUENCE_TYPE("RSAES-OAEP-params", FIELD("hashFunc", decode_algorithm, EXPLICIT | 0, OPTIONAL),
                  FIELD("maskGenFunc", decode_algorithm, EXPLICIT | 1, OPTIONAL),
                  FIELD("pSourceFunc", decode_algorithm, EXPLICIT | 2, OPTIONAL));
const struct decode_type decode_gcm = SEQUENCE_TYPE("GCMParameters", FIELD("nonce", decode_octets, 0, 0),
                                                    FIELD("ICVlen", decode_integer, 0, OPTIONAL));
