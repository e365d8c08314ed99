/* cert_names.c: the names of a subjectAltName as text. */
#include <criterion/criterion.h>

#include "server/ctl/cert_names.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_names, .init = set_up, .fini = tear_down, .timeout = 60);

static char told[1024];

static int put(void *arg, const char *kind, const char *name)
{
    size_t used = strlen(told);

    snprintf(told + used, sizeof told - used, "%s=%s\n", kind, name);
    return arg != NULL && strcmp(kind, arg) == 0;
}

/* GeneralName (RFC 5280 4.2.1.6), each by its tag, made by hand. */
static const uint8_t san[] =
    "\x30\x54"
    "\xa0\x0b\x06\x03\x2a\x03\x04\xa0\x04\x0c\x02hi" /* otherName */
    "\x81\x05"
    "a@b.c" /* rfc822Name */
    "\x82\x05"
    "h.org"                                                          /* dNSName */
    "\xa4\x0f\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02me" /* directoryName */
    "\x86\x05urn:x"                                                  /* URI */
    "\x87\x04\xc0\x00\x02\x07"                                       /* iPAddress */
    "\x87\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
    "\x87\x02\x01\x02"      /* of no length that is one */
    "\x88\x03\x2a\x03\x04"; /* registeredID */

Test(cert_names, each_kind_is_told)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct bytes der = certificate_with(arena, bytes_of(san, sizeof san - 1));

    told[0] = 0;
    cr_assert_not(cert_each_name(der, put, NULL));
    cr_assert_str_eq(told, "other=06032a0304a0040c026869\n"
                           "email=a@b.c\n"
                           "DNS=h.org\n"
                           "DirName=CN=me\n"
                           "URI=urn:x\n"
                           "IP=192.0.2.7\n"
                           "IP=2001:db8::1\n"
                           "IP=0102\n"
                           "RID=1.2.3.4\n");
    told[0] = 0;
    cr_assert(cert_each_name(der, put, (char[]){"DNS"}));
    cr_assert_str_eq(strstr(told, "DNS"), "DNS=h.org\n", "and it ends there");
    arena_free(arena);
}

Test(cert_names, there_may_be_none)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);

    told[0] = 0;
    cr_assert_not(cert_each_name(certificate_with(arena, bytes_of(NULL, 0)), put, NULL));
    cr_assert_not(cert_each_name(bytes_str("no certificate"), put, NULL));
    cr_assert_str_empty(told);
    arena_free(arena);
}
