/* pkcs11.c: URIs of keys (RFC 7512), without a token. What a token does with them is in test_token.c. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "crypto/pkcs11.h"

static char fault[PKCS11_FAULT_MAX];

#define WHERE "module-path=/lib/m.so&pin-source=/pin"

Test(pkcs11, a_uri_names_a_file_with_the_pin)
{
    static const struct {
        const char *source;
        int is_one;
    } cases[] = {{"/run/pin", 1}, {"file:/run/pin", 1}, {"file:///run/pin", 1}, {"///run/pin", 1},
                 {"run/pin", 0},  {"file:run/pin", 0},  {"fil:/run/pin", 0},    {"file:", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[128];
        snprintf(text, sizeof text, "pkcs11:token=t;object=k?module-path=/m.so&pin-source=%s",
                 cases[i].source);
        struct pkcs11_uri *uri = pkcs11_uri_parse(fault, text);
        cr_assert_eq(uri != NULL, cases[i].is_one, "%s: %s", text, fault);
        cr_assert(uri != NULL ||
                      strstr(fault, "names no file with the PIN; write pin-source=file:/PATH") != NULL,
                  "%s", fault);
        pkcs11_uri_free(uri);
    }
    pkcs11_uri_free(NULL);
}

Test(pkcs11, what_a_uri_cannot_say_is_told_with_what_it_can)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"pkcs11:token=t;object=k?" WHERE, NULL},
        {"pkcs11:token=t;object=k;type=private?" WHERE, NULL},
        {"pkcs11:token=t;serial=1;manufacturer=m;model=x;slot-id=3;id=%01?" WHERE, NULL},
        {"pkcs11:token=t;object=k;type=cert?" WHERE, "the URI names no private key; write type=private"},
        {"pkcs11:token=t;object=k;type=public?" WHERE, "write type=private"},
        {"pkcs11:token=t;colour=red?" WHERE, "an attribute that is not known; write token, serial"},
        {"pkcs11:token=t?" WHERE "&pin-value=1234",
         "holds a PIN (pin-value); put it into a file of mode 0600"},
        {"pkcs11:token=t?pin-source=/pin", "names no module; write module-path=/PATH"},
        {"pkcs11:token=t?module-path=m.so&pin-source=/pin", "names no module"},
        {"pkcs11:token=t?module-path=/m.so", "names no file with the PIN"},
        {"pkcs11:token=%zz?" WHERE, "the URI is malformed; write it as RFC 7512 has it"},
        {"file:/key", "the URI is malformed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pkcs11_uri *uri = pkcs11_uri_parse(fault, cases[i].text);
        cr_assert_eq(uri != NULL, cases[i].says == NULL, "%s: %s", cases[i].text, fault);
        if (cases[i].says != NULL)
            cr_assert_not_null(strstr(fault, cases[i].says), "%s: %s", cases[i].text, fault);
        pkcs11_uri_free(uri);
    }
}

/* Two keys are in one token if all that names the token, its module and its PIN is the same. */
Test(pkcs11, a_token_is_named_without_its_keys)
{
    static const struct {
        const char *text;
        int same;
    } cases[] = {{"pkcs11:token=t;object=k?" WHERE, 1},
                 {"pkcs11:token=t;object=other?" WHERE, 1},
                 {"pkcs11:token=t;id=%01;type=private?" WHERE, 1},
                 {"pkcs11:token=u;object=k?" WHERE, 0},
                 {"pkcs11:token=t;serial=7;object=k?" WHERE, 0},
                 {"pkcs11:token=t;object=k?module-path=/lib/n.so&pin-source=/pin", 0},
                 {"pkcs11:token=t;object=k?module-path=/lib/m.so&pin-source=/nip", 0}};
    struct pkcs11_uri *first = pkcs11_uri_parse(fault, cases[0].text);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pkcs11_uri *uri = pkcs11_uri_parse(fault, cases[i].text);
        cr_assert_not_null(uri, "%s", fault);
        cr_assert_eq(strcmp(pkcs11_uri_token(uri), pkcs11_uri_token(first)) == 0, cases[i].same, "%s and %s",
                     pkcs11_uri_token(uri), pkcs11_uri_token(first));
        cr_assert_null(strstr(pkcs11_uri_token(uri), "object="));
        pkcs11_uri_free(uri);
    }
    pkcs11_uri_free(first);
}

Test(pkcs11, a_module_that_is_none_is_told)
{
    struct pkcs11_uri *uri =
        pkcs11_uri_parse(fault, "pkcs11:token=t?module-path=/nowhere/m.so&pin-source=/pin");

    cr_assert_null(pkcs11_load(fault, uri));
    cr_assert_not_null(strstr(fault, "the module cannot be loaded: "), "%s", fault);
    cr_assert_not_null(strstr(fault, "; correct module-path"), "%s", fault);
    pkcs11_uri_free(uri);
    pkcs11_free(NULL);
}
