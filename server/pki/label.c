/* Operation labels in URL paths (RFC 9483 6.1, RFC 9811 3.4). */
#include "server/pki/message.h"

static const struct {
    const char *label;
    enum pki_body body;
} labels[] = {
    {"initialization", PKI_IR},  {"certification", PKI_CR},        {"keyupdate", PKI_KUR},
    {"pkcs10", PKI_P10CR},       {"revocation", PKI_RR},           {"getcacerts", PKI_GENM},
    {"getrootupdate", PKI_GENM}, {"getcertreqtemplate", PKI_GENM}, {"getcrls", PKI_GENM},
    {"nested", PKI_NESTED},
};

int pki_body_labelled(struct bytes label)
{
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (bytes_equal(label, bytes_str(labels[i].label)))
            return (int)labels[i].body;
    return -1;
}
