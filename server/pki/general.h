/* general.h: GenMsgContent and GenRepContent, and the values of their infoTypes (RFC 9810 5.3.19 and 5.3.20).
 */
#ifndef CMPD_PKI_GENERAL_H
#define CMPD_PKI_GENERAL_H

#include "crypto/algorithms.h"
#include "server/pki/request.h"

/* Numbers under id-it (1.3.6.1.5.5.7.4), RFC 9810 Appendix F. */
enum pki_info {
    PKI_INFO_OTHER = 0, /* none of id-it */
    PKI_INFO_CA_PROT_ENC_CERT = 1,
    PKI_INFO_SIGN_KEY_PAIR_TYPES = 2,
    PKI_INFO_ENC_KEY_PAIR_TYPES = 3,
    PKI_INFO_PREFERRED_SYMM_ALG = 4,
    PKI_INFO_CA_KEY_UPDATE_INFO = 5,
    PKI_INFO_CURRENT_CRL = 6,
    PKI_INFO_UNSUPPORTED_OIDS = 7,
    PKI_INFO_KEY_PAIR_PARAM_REQ = 10,
    PKI_INFO_KEY_PAIR_PARAM_REP = 11,
    PKI_INFO_IMPLICIT_CONFIRM = 13,
    PKI_INFO_CONFIRM_WAIT_TIME = 14,
    PKI_INFO_SUPP_LANG_TAGS = 16,
    PKI_INFO_CA_CERTS = 17,
    PKI_INFO_ROOT_CA_KEY_UPDATE = 18,
    PKI_INFO_CERT_REQ_TEMPLATE = 19,
    PKI_INFO_ROOT_CA_CERT = 20,
    PKI_INFO_CERT_PROFILE = 21,
    PKI_INFO_CRL_STATUS_LIST = 22,
    PKI_INFO_CRLS = 23,
};

/* pki_info_of returns the number under id-it of the OID with the content octets |oid|; PKI_INFO_OTHER if it
 * is none below 128, or 0. */
int pki_info_of(struct bytes oid);

/* pki_add_info_type appends the OBJECT IDENTIFIER of |number|. 1 or 0. */
int pki_add_info_type(CBB *cbb, enum pki_info number);

/* struct general_info is an InfoTypeAndValue. */
struct general_info {
    int number;         /* enum pki_info */
    struct bytes type;  /* content octets of infoType; to be written where |number| is PKI_INFO_OTHER */
    struct bytes value; /* infoValue: one element; empty: absent */
};

/* pki_decode_general reads GenMsgContent or GenRepContent into |out|, |*count| of them. Views into |body|. 1,
 * or 0 with |*why| set: it is malformed, or longer than BOUND_GENERAL_INFO. */
int pki_decode_general(struct general_info out[BOUND_GENERAL_INFO], size_t *count, const char **why,
                       struct bytes body);

/* pki_encode_general writes it. 1, or 0 without memory. */
int pki_encode_general(struct bytes *out, struct arena *arena, const struct general_info *infos,
                       size_t count);

/* pki_encode_sequence writes a SEQUENCE of |count| elements as they are: certificates, CRLs,
 * AlgorithmIdentifiers, OIDs, CAKeyUpdAnnContent (RFC 9810 5.3.13). */
int pki_encode_sequence(struct bytes *out, struct arena *arena, const struct bytes *elements, size_t count);

/* struct root_update is RootCaKeyUpdateContent (RFC 9810 5.3.19.15): certificates, the last two may be empty.
 */
struct root_update {
    struct bytes new_with_new, new_with_old, old_with_new;
};

/* pki_encode_root_update writes it. */
int pki_encode_root_update(struct bytes *out, struct arena *arena, const struct root_update *update);

/* pki_key_algorithm writes the AlgorithmIdentifier of public keys of |algorithm|: RFC 5480 2.1.1 with the
 * curve, RFC 3279 2.3.1 with NULL, RFC 8410 section 3 without parameters. */
int pki_key_algorithm(struct bytes *out, struct arena *arena, const struct key_algorithm *algorithm);

/* struct key_spec is what a template for requests says of keys (RFC 9810 5.3.19.16). */
struct key_spec {
    const struct bytes *algorithms; /* AlgorithmIdentifiers, none of RSA */
    size_t algorithm_count;
    const unsigned *rsa_bits; /* lengths of moduli */
    size_t rsa_count;
};

/* pki_encode_request_template writes CertReqTemplateContent of |tmpl| and |keys|; without keys no keySpec. */
int pki_encode_request_template(struct bytes *out, struct arena *arena, const struct cert_template *tmpl,
                                const struct key_spec *keys);

/* struct crl_status is a CRLStatus (RFC 9810 5.3.19.17). */
struct crl_status {
    int is_point;        /* 1: |names| is the fullName of a distribution point; 0: they name an issuer */
    struct bytes names;  /* content of GeneralNames; empty: a nameRelativeToCRLIssuer */
    int64_t this_update; /* Unix seconds; CRL_STATUS_NO_TIME: absent */
};

#define CRL_STATUS_NO_TIME INT64_MIN

/* pki_decode_crl_statuses reads the value of crlStatusList into |out|, BOUND_CRL_SOURCES at most; |*count|:
 * how many there are. 1, or 0 if it is malformed or empty. */
int pki_decode_crl_statuses(struct crl_status out[BOUND_CRL_SOURCES], size_t *count, struct bytes value);

/* pki_decode_texts reads the value of suppLangTags or certProfile, SEQUENCE SIZE (1..MAX) OF UTF8String:
 * |*list| are its strings, |*count| how many. 1, or 0 if it is malformed or empty. */
int pki_decode_texts(CBS *list, size_t *count, struct bytes value);

/* pki_nth_text returns string |n| of such a |list|, from 0; empty if there are not so many. */
struct bytes pki_nth_text(CBS list, size_t n);

/* pki_encode_text writes a SEQUENCE of the UTF8String |text|. */
int pki_encode_text(struct bytes *out, struct arena *arena, struct bytes text);

#endif
