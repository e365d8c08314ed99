/* cert_names.c: see cert_names.h. */
#include "server/ctl/cert_names.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "crypto/certificate.h"
#include "server/base/log.h"

/* GeneralName (RFC 5280 4.2.1.6) */
enum { RFC822_NAME = 1, DNS_NAME = 2, DIRECTORY_NAME = 4, URI = 6, IP_ADDRESS = 7, REGISTERED_ID = 8 };

enum { IPV4 = 4, IPV6 = 16 };

static const char *text_of(char *out, struct bytes content)
{
    snprintf(out, NAME_TEXT_MAX, "%.*s", (int)content.len, (const char *)content.data);
    return out;
}

static const char *address_of(char *out, struct bytes content)
{
    if (content.len != IPV4 && content.len != IPV6)
        return log_hex(out, NAME_TEXT_MAX, content);
    return inet_ntop(content.len == IPV4 ? AF_INET : AF_INET6, content.data, out, NAME_TEXT_MAX);
}

static int tell(unsigned number, struct bytes content, cert_name_found *each, void *arg)
{
    char name[NAME_TEXT_MAX];

    switch (number) {
    case RFC822_NAME:
        return each(arg, "email", text_of(name, content));
    case DNS_NAME:
        return each(arg, "DNS", text_of(name, content));
    case URI:
        return each(arg, "URI", text_of(name, content));
    case IP_ADDRESS:
        return each(arg, "IP", address_of(name, content));
    case DIRECTORY_NAME:
        return each(arg, "DirName", name_text(name, sizeof name, content));
    case REGISTERED_ID:
        return each(arg, "RID", der_oid_text(name, sizeof name, content));
    default:
        return each(arg, "other", log_hex(name, sizeof name, content));
    }
}

int cert_each_name(struct bytes der, cert_name_found *each, void *arg)
{
    struct certificate certificate;
    CBS san, names, content;
    CBS_ASN1_TAG tag;

    if (!certificate_parse(&certificate, der))
        return 0;
    san = cbs_of(certificate.san);
    if (!CBS_get_asn1(&san, &names, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_get_any_asn1(&names, &content, &tag))
        if (tell(tag & CBS_ASN1_TAG_NUMBER_MASK, bytes_of_cbs(&content), each, arg))
            return 1;
    return 0;
}
