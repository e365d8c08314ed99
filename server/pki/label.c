/* Operation labels in URL paths (RFC 9483 6.1, RFC 9811 3.4). */
#include "server/pki/general.h"
#include "server/pki/message.h"

static const struct {
    const char *label;
    enum pki_body body;
    enum pki_info info; /* of a genm: infoType of the operation */
} labels[] = {
    {"initialization", PKI_IR, PKI_INFO_OTHER},
    {"certification", PKI_CR, PKI_INFO_OTHER},
    {"keyupdate", PKI_KUR, PKI_INFO_OTHER},
    {"pkcs10", PKI_P10CR, PKI_INFO_OTHER},
    {"revocation", PKI_RR, PKI_INFO_OTHER},
    {"getcacerts", PKI_GENM, PKI_INFO_CA_CERTS},
    {"getrootupdate", PKI_GENM, PKI_INFO_ROOT_CA_CERT},
    {"getcertreqtemplate", PKI_GENM, PKI_INFO_CERT_REQ_TEMPLATE},
    {"getcrls", PKI_GENM, PKI_INFO_CRL_STATUS_LIST},
    {"nested", PKI_NESTED, PKI_INFO_OTHER},
};

int pki_labelled(int *body, int *info, struct bytes label)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (bytes_equal(label, bytes_str(labels[i].label))) {
            *body = (int)labels[i].body;
            *info = (int)labels[i].info;
            return 1;
        }
    return 0;
}
