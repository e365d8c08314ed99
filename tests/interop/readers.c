/* readers: what OpenSSL and GnuTLS, as Debian has them, say of names and certificates. Reads records from
 * standard input, and writes a line for each. A record is a letter and DER, each after its length in 4
 * octets:
 *
 *   N A B   two names. Two marks, of OpenSSL and of GnuTLS: "=" they match, "!" they do not, "?" one of them
 *           cannot be read. GnuTLS compares names by their octets; its mark is that of the texts that it
 *           makes of them.
 *   C A     a certificate. "ok", or what one of them cannot read.
 *
 * A program of its own, because cmpd has another library with the names of OpenSSL. */
#include <gnutls/x509.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gnutls_datum_t next_der(void)
{
    unsigned char len[4];
    gnutls_datum_t der = {NULL, 0};

    if (fread(len, 1, sizeof len, stdin) != sizeof len)
        abort();
    der.size = (unsigned)len[0] << 24 | (unsigned)len[1] << 16 | (unsigned)len[2] << 8 | len[3];
    der.data = malloc(der.size + 1);
    if (der.data == NULL || fread(der.data, 1, der.size, stdin) != der.size)
        abort();
    return der;
}

static X509_NAME *openssl_name(const gnutls_datum_t *der)
{
    const unsigned char *at = der->data;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, der->size);

    if (name != NULL && at != der->data + der->size) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

static char by_openssl(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
    X509_NAME *one = openssl_name(a), *other = openssl_name(b);
    char mark = one == NULL || other == NULL ? '?' : X509_NAME_cmp(one, other) == 0 ? '=' : '!';

    X509_NAME_free(one);
    X509_NAME_free(other);
    return mark;
}

static int gnutls_text(gnutls_datum_t *text, const gnutls_datum_t *der)
{
    gnutls_x509_dn_t dn;
    int ok;

    if (gnutls_x509_dn_init(&dn) != 0)
        abort();
    ok = gnutls_x509_dn_import(dn, der) == 0 && gnutls_x509_dn_get_str(dn, text) == 0;
    gnutls_x509_dn_deinit(dn);
    return ok;
}

static char by_gnutls(const gnutls_datum_t *a, const gnutls_datum_t *b)
{
    gnutls_datum_t one = {NULL, 0}, other = {NULL, 0};
    int read = gnutls_text(&one, a) && gnutls_text(&other, b);
    char mark = !read                                                                   ? '?'
                : one.size == other.size && memcmp(one.data, other.data, one.size) == 0 ? '='
                                                                                        : '!';

    gnutls_free(one.data);
    gnutls_free(other.data);
    return mark;
}

static const char *name_by_openssl(const X509_NAME *name)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        unsigned char *text = NULL;
        int len = ASN1_STRING_to_UTF8(&text, value);
        OPENSSL_free(text);
        if (len <= 0 && ASN1_STRING_type(value) != V_ASN1_BIT_STRING) /* x500UniqueIdentifier is no text */
            return "OpenSSL makes no text of a name";
    }
    return NULL;
}

static const char *read_by_openssl(X509 *cert)
{
    const char *fault = name_by_openssl(X509_get_subject_name(cert));
    GENERAL_NAMES *names;
    int critical;
    BIO *out;

    if (fault != NULL)
        return fault;
    for (int i = 0; i < X509_get_ext_count(cert); i++) {
        X509_EXTENSION *extension = X509_get_ext(cert, i);
        const X509V3_EXT_METHOD *method = X509V3_EXT_get(extension);
        void *value = method != NULL ? X509V3_EXT_d2i(extension) : NULL;
        if (method != NULL && value == NULL)
            return "OpenSSL cannot read an extension";
        if (method != NULL && method->it != NULL)
            ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
        if (X509_get_ext_by_OBJ(cert, X509_EXTENSION_get_object(extension), i) >= 0)
            return "OpenSSL finds an extension twice";
    }
    names = X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);
    for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names) && fault == NULL; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type == GEN_DIRNAME)
            fault = name_by_openssl(name->d.directoryName);
    }
    GENERAL_NAMES_free(names);
    if (fault != NULL)
        return fault;
    /* RFC 5280 4.2.1.6: critical, if the subject is empty */
    if (X509_NAME_entry_count(X509_get_subject_name(cert)) == 0 && critical != 1)
        return "a subject that is empty, without a critical subjectAltName";
    if (X509_check_purpose(cert, -1, 0) != 1 || (X509_get_extension_flags(cert) & EXFLAG_INVALID) != 0)
        return "OpenSSL finds the extensions invalid";
    if (X509_check_ca(cert) != 0)
        return "OpenSSL takes it for a CA's";
    if (X509_get0_pubkey(cert) == NULL)
        return "OpenSSL cannot read the key";
    out = BIO_new(BIO_s_mem());
    if (out == NULL || X509_print_ex(out, cert, XN_FLAG_RFC2253, 0) != 1)
        fault = "OpenSSL cannot print it";
    BIO_free(out);
    return fault;
}

static const char *certificate_by_openssl(const gnutls_datum_t *der)
{
    const unsigned char *at = der->data;
    X509 *cert = d2i_X509(NULL, &at, der->size);
    const char *fault = cert == NULL                  ? "OpenSSL reads no certificate"
                        : at != der->data + der->size ? "OpenSSL finds something behind it"
                                                      : read_by_openssl(cert);

    X509_free(cert);
    return fault;
}

static const char *read_by_gnutls(gnutls_x509_crt_t cert)
{
    static char value[65536];
    gnutls_datum_t text = {NULL, 0};
    const char *fault = NULL;

    for (unsigned i = 0;; i++) {
        size_t len = sizeof value;
        unsigned type, critical;
        int got = gnutls_x509_crt_get_subject_alt_name2(cert, i, value, &len, &type, &critical);
        if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
            break;
        if (got < 0)
            return gnutls_strerror_name(got);
    }
    /* What it cannot read, it says in between. */
    if (gnutls_x509_crt_print(cert, GNUTLS_CRT_PRINT_FULL, &text) != 0)
        return "GnuTLS cannot print it";
    if (strstr((char *)text.data, "error: ") != NULL)
        fault = "GnuTLS prints an error";
    gnutls_free(text.data);
    return fault;
}

static const char *certificate_by_gnutls(const gnutls_datum_t *der)
{
    gnutls_x509_crt_t cert;
    const char *fault;

    if (gnutls_x509_crt_init(&cert) != 0)
        abort();
    fault = gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER) != 0 ? "GnuTLS reads no certificate"
                                                                        : read_by_gnutls(cert);
    gnutls_x509_crt_deinit(cert);
    return fault;
}

int main(void)
{
    int kind;

    while ((kind = getchar()) != EOF) {
        gnutls_datum_t a = next_der(), b = {NULL, 0};
        if (kind == 'N') {
            b = next_der();
            printf("%c%c\n", by_openssl(&a, &b), by_gnutls(&a, &b));
        } else {
            const char *fault = certificate_by_openssl(&a);
            if (fault == NULL)
                fault = certificate_by_gnutls(&a);
            printf("%s\n", fault != NULL ? fault : "ok");
        }
        free(a.data);
        free(b.data);
    }
    return 0;
}
