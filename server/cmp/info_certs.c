/* Certificates of the CA (RFC 9810 5.3.19.1, 5.3.19.5, 5.3.19.14, 5.3.19.15; RFC 9483 4.3.1, 4.3.2). */
#include "server/cmp/info.h"

static enum cmp_given give_encryption(struct cmp_message *m, struct cmp_info_item *item)
{
    (void)m;
    item->answer = item->profile->general.encryption_certificate;
    return item->answer.len != 0 ? CMP_GIVEN : CMP_NOTHING;
}

const struct cmp_info cmp_info_ca_prot_enc_cert = {
    .asked = PKI_INFO_CA_PROT_ENC_CERT,
    .answered = PKI_INFO_CA_PROT_ENC_CERT,
    .name = "caProtEncCert",
    .flags = CMP_INFO_OF_ALL,
    .give = give_encryption,
};

/* RFC 9483 4.3.1: "the available intermediate and issuing CA certificates" */
static enum cmp_given give_ca_certs(struct cmp_message *m, struct cmp_info_item *item)
{
    const struct cmp_authority *ca = item->profile->ca;

    return cmp_given_if(
        m, pki_encode_sequence(&item->answer, m->arena, ca->mac_extra_certs, ca->mac_extra_cert_count));
}

const struct cmp_info cmp_info_ca_certs = {
    .asked = PKI_INFO_CA_CERTS,
    .answered = PKI_INFO_CA_CERTS,
    .name = "caCerts",
    .give = give_ca_certs,
};

/* The step from the root that |value| is; whoever names none is taken to trust the present one, if another
 * follows it, or else the one before. NULL: there is none. */
static const struct root_update *update_from(const struct cmp_authority *ca, struct bytes value)
{
    if (ca->coming.new_with_new.len != 0 && (value.len == 0 || bytes_equal(value, ca->root)))
        return &ca->coming;
    if (ca->former.new_with_new.len != 0 && (value.len == 0 || bytes_equal(value, ca->former_root)))
        return &ca->former;
    return NULL;
}

static enum cmp_given give_root_update(struct cmp_message *m, struct cmp_info_item *item)
{
    const struct root_update *update = update_from(item->profile->ca, item->value);

    if (update == NULL)
        return CMP_NOTHING;
    return cmp_given_if(m, pki_encode_root_update(&item->answer, m->arena, update));
}

const struct cmp_info cmp_info_root_ca_cert = {
    .asked = PKI_INFO_ROOT_CA_CERT,
    .answered = PKI_INFO_ROOT_CA_KEY_UPDATE,
    .name = "rootCaCert",
    .value = CMP_VALUE_OPTIONAL,
    .flags = CMP_INFO_OF_ALL,
    .give = give_root_update,
};

/* CAKeyUpdAnnContent of cmp2000 (RFC 9810 5.3.13) has all three certificates, or none. */
static enum cmp_given give_key_update(struct cmp_message *m, struct cmp_info_item *item)
{
    const struct root_update *update = update_from(item->profile->ca, bytes_of(NULL, 0));

    if (update == NULL || update->old_with_new.len == 0)
        return CMP_UNSUPPORTED;
    const struct bytes all[] = {update->old_with_new, update->new_with_old, update->new_with_new};
    return cmp_given_if(m, pki_encode_sequence(&item->answer, m->arena, all, 3));
}

const struct cmp_info cmp_info_ca_key_update_info = {
    .asked = PKI_INFO_CA_KEY_UPDATE_INFO,
    .answered = PKI_INFO_CA_KEY_UPDATE_INFO,
    .name = "caKeyUpdateInfo",
    .give = give_key_update,
};
