/* Algorithms, and what requests have to be like (RFC 9810 5.3.19.2 to 5.3.19.4, 5.3.19.8, 5.3.19.16; RFC 9483
 * 4.3.3). */
#include "server/cmp/info.h"

/* A list has one entry at least: an empty one, of a profile whose certificates are for signatures alone or
 * that certifies no key, cannot be told. */
static enum cmp_given give_list(struct cmp_info_item *item, struct bytes list)
{
    item->answer = list;
    return list.len != 0 ? CMP_GIVEN : CMP_UNSUPPORTED;
}

static enum cmp_given give_signing(struct cmp_message *m, struct cmp_info_item *item)
{
    (void)m;
    return give_list(item, item->profile->general.signing_keys);
}

const struct cmp_info cmp_info_sign_key_pair_types = {
    .asked = PKI_INFO_SIGN_KEY_PAIR_TYPES,
    .answered = PKI_INFO_SIGN_KEY_PAIR_TYPES,
    .name = "signKeyPairTypes",
    .flags = CMP_INFO_OF_ALL,
    .give = give_signing,
};

static enum cmp_given give_encryption(struct cmp_message *m, struct cmp_info_item *item)
{
    (void)m;
    return give_list(item, item->profile->general.encryption_keys);
}

const struct cmp_info cmp_info_enc_key_pair_types = {
    .asked = PKI_INFO_ENC_KEY_PAIR_TYPES,
    .answered = PKI_INFO_ENC_KEY_PAIR_TYPES,
    .name = "encKeyPairTypes",
    .flags = CMP_INFO_OF_ALL,
    .give = give_encryption,
};

/* id-aes128-CBC, the PROT_SYM_ALG that every implementation has (RFC 9481 5.1 and 7.1). Its parameter is the
 * IV of what is encrypted, and nothing is yet. */
static const uint8_t aes128_cbc[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
                                     0x01, 0x65, 0x03, 0x04, 0x01, 0x02};

static enum cmp_given give_symmetric(struct cmp_message *m, struct cmp_info_item *item)
{
    (void)m;
    item->answer = bytes_of(aes128_cbc, sizeof aes128_cbc);
    return CMP_GIVEN;
}

const struct cmp_info cmp_info_preferred_symm_alg = {
    .asked = PKI_INFO_PREFERRED_SYMM_ALG,
    .answered = PKI_INFO_PREFERRED_SYMM_ALG,
    .name = "preferredSymmAlg",
    .flags = CMP_INFO_OF_ALL,
    .give = give_symmetric,
};

/* The first of the algorithms that are certified has the parameters that are wanted most. */
static enum cmp_given give_parameters(struct cmp_message *m, struct cmp_info_item *item)
{
    CBS asked = cbs_of(item->value), keys = cbs_of(item->profile->general.signing_keys), list, element, copy;
    CBS algorithm, oid, of_key;

    if (!CBS_get_asn1(&asked, &oid, CBS_ASN1_OBJECT) || CBS_len(&asked) != 0) {
        cmp_refuse_body(m, PKI_BAD_DATA_FORMAT, "infoValue of keyPairParamReq must be an OBJECT IDENTIFIER");
        return CMP_NOT_GIVEN;
    }
    if (!CBS_get_asn1(&keys, &list, CBS_ASN1_SEQUENCE))
        return CMP_NOTHING;
    while (CBS_get_asn1_element(&list, &element, CBS_ASN1_SEQUENCE)) {
        copy = element;
        if (CBS_get_asn1(&copy, &algorithm, CBS_ASN1_SEQUENCE) &&
            CBS_get_asn1(&algorithm, &of_key, CBS_ASN1_OBJECT) &&
            bytes_equal(bytes_of_cbs(&oid), bytes_of_cbs(&of_key))) {
            item->answer = bytes_of_cbs(&element);
            return CMP_GIVEN;
        }
    }
    return CMP_NOTHING;
}

const struct cmp_info cmp_info_key_pair_param = {
    .asked = PKI_INFO_KEY_PAIR_PARAM_REQ,
    .answered = PKI_INFO_KEY_PAIR_PARAM_REP,
    .name = "keyPairParamReq",
    .value = CMP_VALUE_REQUIRED,
    .flags = CMP_INFO_REPEATS,
    .give = give_parameters,
};

static enum cmp_given give_template(struct cmp_message *m, struct cmp_info_item *item)
{
    (void)m;
    item->answer = item->profile->general.request_template;
    return CMP_GIVEN;
}

/* What names of certificates are made of is nobody's business who is not known. */
const struct cmp_info cmp_info_cert_req_template = {
    .asked = PKI_INFO_CERT_REQ_TEMPLATE,
    .answered = PKI_INFO_CERT_REQ_TEMPLATE,
    .name = "certReqTemplate",
    .flags = CMP_INFO_PROVEN | CMP_INFO_REPEATS,
    .give = give_template,
};
