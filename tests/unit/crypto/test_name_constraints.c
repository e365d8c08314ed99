/* name_constraints.c: RFC 5280 4.2.1.10, 6.1.3 (b) and (c), 6.1.4 (g). */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "crypto/name_constraints.h"
#include "server/base/bounds.h"
#include "tests/support/hex.h"
#include "tests/support/must.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(64 * 1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name_constraints, .init = set_up, .fini = tear_down);

/* The context tags of GeneralName (RFC 5280 4.2.1.6). */
enum { OTHER, MAIL, DNS, X400, DIRECTORY, EDI, URI, IP, REGISTERED };

/* ---- what is held against what ---- */

static CBS_ASN1_TAG tag_of(int form)
{
    int constructed = form == OTHER || form == X400 || form == DIRECTORY || form == EDI;

    return CBS_ASN1_CONTEXT_SPECIFIC | (constructed ? CBS_ASN1_CONSTRUCTED : 0) | (unsigned)form;
}

/* The content of a GeneralName: hexadecimal for an address, for what is after "=" a common name, else text.
 */
static struct bytes content(int form, const char *text)
{
    struct bytes out;

    if (form == DIRECTORY && text[0] == '=') {
        must(name_build(&out, arena, (const char *const[]){"O", "Vendor", "CN", text + 1, NULL}));
        return out;
    }
    return form == MAIL || form == DNS || form == URI ? bytes_str(text) : hex(arena, text);
}

struct base {
    int form;
    const char *text;
    int excluded;
    const char *distances; /* what follows the base; NULL: nothing */
};

static void add_list(CBB *out, const struct base *bases, size_t count, int excluded)
{
    const CBS_ASN1_TAG list = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | (unsigned)excluded;
    CBB subtrees, subtree;
    size_t of_it = 0;

    for (size_t i = 0; i < count; i++)
        of_it += bases[i].excluded == excluded;
    if (of_it == 0)
        return;
    must(CBB_add_asn1(out, &subtrees, list));
    for (size_t i = 0; i < count; i++)
        if (bases[i].excluded == excluded)
            must(CBB_add_asn1(&subtrees, &subtree, CBS_ASN1_SEQUENCE) &&
                 der_add_octets(&subtree, tag_of(bases[i].form), content(bases[i].form, bases[i].text)) &&
                 der_add_bytes(&subtree, bases[i].distances != NULL ? hex(arena, bases[i].distances)
                                                                    : bytes_of(NULL, 0)) &&
                 CBB_flush(&subtrees));
    must(CBB_flush(out));
}

/* An issuer that says so. */
static struct certificate *issuer(const struct base *bases, size_t count)
{
    struct certificate *out = arena_alloc(arena, sizeof *out);
    CBB cbb, sequence;

    must(out != NULL && CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    must(name_build(&out->subject, arena, (const char *const[]){"CN", "Vendor CA", NULL}));
    add_list(&sequence, bases, count, 0);
    add_list(&sequence, bases, count, 1);
    must(der_finish(&out->name_constraints, arena, &cbb, CBB_flush(&cbb)));
    return out;
}

/* A certificate with |count| equal alternative names, and without a subject. */
static struct certificate *named(int form, const char *text, size_t count)
{
    struct certificate *out = arena_alloc(arena, sizeof *out);
    CBB cbb, sequence;

    must(out != NULL && CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    for (size_t i = 0; i < count; i++)
        must(der_add_octets(&sequence, tag_of(form), content(form, text)));
    must(der_finish(&out->san, arena, &cbb, CBB_flush(&cbb)));
    out->subject = name_empty();
    return out;
}

static const char *judge(const struct base *bases, size_t count, const struct certificate *cert)
{
    struct name_constraints constraints;

    name_constraints_begin(&constraints, arena);
    cr_assert_null(name_constraints_add(&constraints, issuer(bases, count)));
    return name_constraints_fault(&constraints, cert);
}

static int says(const char *fault, const char *part)
{
    return fault != NULL && strstr(fault, part) != NULL;
}

static const struct {
    int form;
    const char *base, *name;
    int within;
} pairs[] = {
    /* "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the
     * name satisfies the name constraint." */
    {DNS, "host.example.com", "host.example.com", 1},
    {DNS, "host.example.com", "www.host.example.com", 1},
    {DNS, "host.example.com", "a.b.host.example.com", 1},
    {DNS, "host.example.com", "host1.example.com", 0},
    {DNS, "host.example.com", "ahost.example.com", 0},
    {DNS, "host.example.com", "example.com", 0},
    {DNS, "host.example.com", "host.example.com.evil.org", 0},
    {DNS, "Host.EXAMPLE.com", "www.hOST.example.COM", 1}, /* 7.2: without case */
    {DNS, "a-b.example", "a-b.example", 1},
    {DNS, "", "host.example.com", 1},
    {DNS, ".example.com", "host.example.com", 1}, /* erratum 5997 */
    {DNS, ".example.com", "example.com", 1},
    {DNS, ".example.com", "badexample.com", 0},
    {DNS, "example.com", "*.example.com", 1}, /* whatever it stands for is within */
    {DNS, "com", "example.com", 1},
    {DNS, "z.example.com", "Z.example.com", 1},
    /* "To indicate a particular mailbox, the constraint is the complete mail address." */
    {MAIL, "root@example.com", "root@example.com", 1},
    {MAIL, "root@example.com", "root@EXAMPLE.com", 1}, /* 7.5 */
    {MAIL, "root@example.com", "Root@example.com", 0}, /* 7.5: "an exact match" of the local part */
    {MAIL, "root@example.com", "xroot@example.com", 0},
    {MAIL, "root@example.com", "root@host.example.com", 0},
    {MAIL, "example.com", "anyone@example.com", 1},
    {MAIL, "example.com", "anyone@host.example.com", 0},
    {MAIL, "example.com", "anyone@badexample.com", 0},
    /* "".example.com" indicates all the Internet mail addresses in the domain "example.com", but not Internet
     * mail addresses on the host "example.com"." */
    {MAIL, ".example.com", "anyone@host.example.com", 1},
    {MAIL, ".example.com", "anyone@a.host.Example.com", 1},
    {MAIL, ".example.com", "anyone@example.com", 0},
    {MAIL, "", "anyone@example.com", 1},
    /* "the constraint ".example.com" is satisfied by both host.example.com and my.host.example.com. However,
     * the constraint ".example.com" is not satisfied by "example.com"." */
    {URI, ".example.com", "https://host.example.com/a", 1},
    {URI, ".example.com", "https://my.host.example.com", 1},
    {URI, ".example.com", "https://example.com/", 0},
    {URI, "host.example.com", "https://host.example.com:8443/cmp?x#y", 1},
    {URI, "host.example.com", "https://a.host.example.com/", 0},
    {URI, "host.example.com", "https://user:pw@HOST.example.com/", 1},
    {URI, "host.example.com", "https://host.example.com@evil.org/", 0},
    {URI, "host.example.com", "https://evil.org/@host.example.com", 0},
    {URI, "host.example.com", "https://evil.org?@host.example.com", 0},
    {URI, "host.example.com", "https://evil.org#@host.example.com", 0},
    {URI, "", "ldap://host.example.com/", 1},
    /* "For example, a name constraint for "class C" subnet 192.0.2.0 is represented as the octets C0 00 02 00
     * FF FF FF 00" */
    {IP, "c0 00 02 00 ff ff ff 00", "c0 00 02 00", 1},
    {IP, "c0 00 02 00 ff ff ff 00", "c0 00 02 ff", 1},
    {IP, "c0 00 02 00 ff ff ff 00", "c0 00 03 00", 0},
    {IP, "c0 00 02 80 ff ff ff 80", "c0 00 02 7f", 0},
    {IP, "c0 00 02 80 ff ff ff 80", "c0 00 02 80", 1},
    {IP, "c0 00 02 07 ff ff ff ff", "c0 00 02 07", 1},
    {IP, "00 00 00 00 00 00 00 00", "7f 00 00 01", 1},
    {IP, "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00",
     "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01", 1},
    {IP, "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00",
     "20 01 0d b9 00 00 00 00 00 00 00 00 00 00 00 01", 0},
    {IP, "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff fe 00 00 00 00 00 00 00 00",
     "20 01 0d b8 00 00 00 01 00 00 00 00 00 00 00 01", 1},
    {IP, "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff ff ff ff fe 00 00 00 00 00 00 00 00",
     "20 01 0d b8 00 00 00 02 00 00 00 00 00 00 00 01", 0},
    {IP, "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     "fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01", 1},
    /* One of the other kind is in none. */
    {IP, "00 00 00 00 00 00 00 00", "fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01", 0},
    {IP, "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
     "7f 00 00 01", 0},
    /* RDNs from the first one on, compared by 7.1. */
    {DIRECTORY, "=gnb", "=gnb", 1},
    {DIRECTORY, "=gnb", "= GNB ", 1},
    {DIRECTORY, "=gnb", "=gnb-1", 0},
    {DIRECTORY, "30 11 31 0f 30 0d 06 03 55 04 0a 13 06 56 65 6e 64 6f 72", "=gnb",
     1}, /* O=Vendor, PrintableString */
    {DIRECTORY, "30 10 31 0e 30 0c 06 03 55 04 0a 0c 05 56 65 6e 64 6f", "=gnb", 0}, /* O=Vendo */
    {DIRECTORY, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 67 6e 62", "=gnb", 0}, /* CN=gnb, not the first */
    {DIRECTORY, "=gnb", "30 11 31 0f 30 0d 06 03 55 04 0a 13 06 56 65 6e 64 6f 72", 0}, /* shorter */
    {DIRECTORY, "30 00", "=gnb", 1},
};

/* 6.1.3 (b): "within one of the permitted_subtrees"; (c): "not within any of the excluded_subtrees" */
Test(name_constraints, each_form_is_compared_by_its_own_rule)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct base base = {pairs[i].form, pairs[i].base, 0, NULL};
        const struct certificate *cert = named(pairs[i].form, pairs[i].name, 1);
        const char *permitted = judge(&base, 1, cert);
        base.excluded = 1;
        const char *excluded = judge(&base, 1, cert);
        cr_expect(pairs[i].within ? permitted == NULL : says(permitted, "Vendor CA do not permit its"),
                  "%s in %s: %s", pairs[i].name, pairs[i].base, permitted);
        cr_expect(pairs[i].within ? says(excluded, "Vendor CA exclude its") : excluded == NULL,
                  "%s out of %s: %s", pairs[i].name, pairs[i].base, excluded);
    }
}

/* A "*" stands for any label, and so for one that is excluded; what is permitted must hold all that it stands
 * for. */
Test(name_constraints, a_wildcard_may_reach_what_is_excluded)
{
    static const struct {
        const char *base, *name;
        int reaches;
    } cases[] = {
        {"secret.example.com", "*.example.com", 1},
        {"secret.EXAMPLE.com", "*.example.com", 1},
        {"a.secret.example.com", "*.example.com", 0},
        {"secret.example.org", "*.example.com", 0},
        {"com", "*.example.com", 1},
        {"org", "*.example.com", 0},
        {"secret.example.com", "x.example.com", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(judge(&(struct base){DNS, cases[i].base, 1, NULL}, 1, named(DNS, cases[i].name, 1)) !=
                         NULL,
                     cases[i].reaches, "%s, %s", cases[i].base, cases[i].name);
    cr_expect(judge(&(struct base){DNS, "secret.example.com", 0, NULL}, 1, named(DNS, "*.example.com", 1)));
}

/* ---- what cannot be compared ---- */

static const struct {
    int form;
    const char *base, *name;
} unreadable[] = {
    {DNS, "example.com", "host.example.com."},
    {DNS, "example.com", "a..example.com"},
    {DNS, "example.com", ""},
    {DNS, "example.com", "ho st.example.com"},
    {DNS, "example.com", "h*.example.com"},
    {MAIL, "example.com", "example.com"},
    {MAIL, "example.com", "\"a@evil.org\"@example.com"},
    {MAIL, "example.com", "a@b@example.com"},
    {MAIL, "example.com", "@example.com"},
    {MAIL, "example.com", "a@"},
    /* "that does not include an authority component with a host name specified as a fully qualified domain
     * name (e.g., …) then the application MUST reject the certificate." */
    {URI, "example.com", "urn:example:a"},
    {URI, "example.com", "mailto:a@example.com"},
    {URI, "example.com", "https://192.0.2.1/"},
    {URI, "example.com", "https://[2001:db8::1]/"},
    {URI, "example.com", "https:///a"},
    {URI, "example.com", "https://localhost/"},
    {URI, "example.com", "https://ex%61mple.com/"},
    {URI, "example.com", "example.com"},
    {URI, "example.com", "https:/"},
    {URI, "example.com", "https:a/example.com"},
    {URI, "example.com", "https:/aexample.com"},
    {IP, "c0 00 02 00 ff ff ff 00", "c0 00 02"},
    {IP, "c0 00 02 00 ff ff ff 00", ""},
    {IP, "c0 00 02 00 ff ff ff 00", "c0 00 02 00 ff ff ff 00"},
    {DIRECTORY, "=gnb", "30 03 02 01 01"},
    {DIRECTORY, "=gnb", "30 0e 31 0c 30 0a 06 03 55 04 03 1e 03 67 6e 62"}, /* a BMPString of three octets */
};

/* What cannot be read may be within anything. */
Test(name_constraints, a_name_that_cannot_be_compared_is_refused_where_its_form_is_constrained)
{
    for (size_t i = 0; i < sizeof unreadable / sizeof unreadable[0]; i++) {
        struct base base = {unreadable[i].form, unreadable[i].base, 0, NULL};
        const struct certificate *cert = named(unreadable[i].form, unreadable[i].name, 1);
        for (base.excluded = 0; base.excluded <= 1; base.excluded++)
            cr_expect(says(judge(&base, 1, cert), "cannot be compared with its"), "%s", unreadable[i].name);
        /* "Restrictions apply only when the specified name form is present." */
        base = (struct base){unreadable[i].form == DNS ? MAIL : DNS, "example.com", 0, NULL};
        cr_expect_null(judge(&base, 1, cert), "%s", unreadable[i].name);
    }
}

/* A name that is longer than those that are compared. */
Test(name_constraints, a_directoryName_that_is_too_long_is_refused)
{
    char text[BOUND_NAME_COMPARED + 2] = "=";
    struct base base = {DIRECTORY, "30 11 31 0f 30 0d 06 03 55 04 0a 13 06 56 65 6e 64 6f 72", 0, NULL};

    memset(text + 1, 'x', sizeof text - 2);
    cr_expect(says(judge(&base, 1, named(DIRECTORY, text, 1)), "cannot be compared with its directoryName"));
    text[sizeof text / 2] = 0;
    cr_expect_null(judge(&base, 1, named(DIRECTORY, text, 1)));
}

/* ---- the extension ---- */

/* An extension that cannot be read is none that lets names pass. */
Test(name_constraints, an_extension_that_is_malformed_is_refused)
{
    static const char *const values[] = {
        "30 00", /* "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
                  */
        "30 02 a0 00",
        "30 02 a1 00", /* SIZE (1..MAX) */
        "31 06 a0 04 30 02 82 00",
        "30 06 a2 04 30 02 82 00",
        "30 08 a0 04 30 02 82 00 05 00",
        "30 06 a0 04 30 02 82 00 00",
        "30 04 a0 02 30 00",
        "30 06 a0 04 31 02 82 00",
        "30 06 a0 04 30 02 89 00",
        "30 06 a0 04 30 02 04 00",
        "30 06 a0 04 30 02 a2 00",
        "30 06 a0 04 30 02 84 00",
        "30 0c a1 04 30 02 82 00 a0 04 30 02 82 00",
        "30 06 a0 04 30 02 02 00",
        "30 06 a0 04 30 02 42 00",
    };
    struct name_constraints constraints;
    struct certificate cert = {.subject = name_empty()};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        name_constraints_begin(&constraints, arena);
        cert.name_constraints = hex(arena, values[i]);
        cr_expect(says(name_constraints_add(&constraints, &cert), "nameConstraints is malformed"), "%s",
                  values[i]);
        cr_expect_not(constraints.starved);
    }
}

static const struct base bad_bases[] = {
    {IP, "c0 00 02 00", 0, NULL},
    {IP, "c0 00 02 00 ff ff ff", 0, NULL},
    {IP, "", 0, NULL},
    {IP, "c0 00 02 00 ff 00 ff 00", 0, NULL}, /* "in the style of RFC 4632 (CIDR)" */
    {IP, "c0 00 02 00 7f ff ff 00", 0, NULL},
    {IP, "20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 01", 0,
     NULL},
    {DNS, "example.com.", 0, NULL},
    {DNS, "..example.com", 0, NULL},
    {DNS, ".", 0, NULL},
    {DNS, "*.example.com", 0, NULL},
    {DNS, "exa mple.com", 0, NULL},
    {MAIL, "@example.com", 0, NULL},
    {MAIL, "a@b@example.com", 0, NULL},
    {MAIL, "root@.example.com", 0, NULL},
    {MAIL, "a b@example.com", 0, NULL},
    {URI, "https://example.com", 0, NULL},
    {URI, "example.com/a", 0, NULL},
    {URI, "[2001:db8::1]", 0, NULL},
    {DIRECTORY, "31 00", 0, NULL},
    {DIRECTORY, "30 0e 31 0c 30 0a 06 03 55 04 03 1e 03 67 6e 62", 0, NULL},
    {DIRECTORY, "30 02 31 00", 0, NULL},
};

/* A constraint that cannot be processed refuses names of its form, whichever, and no others. */
Test(name_constraints, a_base_that_is_none_refuses_where_a_name_of_its_form_appears)
{
    static const struct {
        const char *text, *says;
    } names[] = {[MAIL] = {"a@example.com", "rfc822Name"},
                 [DNS] = {"a.example.com", "dNSName"},
                 [URI] = {"https://a.example.com/", "uniformResourceIdentifier"},
                 [IP] = {"c0 00 02 01", "iPAddress"},
                 [DIRECTORY] = {"30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 67 6e 62", "directoryName"}};

    for (size_t i = 0; i < sizeof bad_bases / sizeof bad_bases[0]; i++)
        for (int excluded = 0; excluded <= 1; excluded++) {
            struct base base = bad_bases[i];
            int other = base.form == DNS ? MAIL : DNS;
            base.excluded = excluded;
            const char *fault = judge(&base, 1, named(base.form, names[base.form].text, 1));
            cr_expect(says(fault, "are not supported for its") && says(fault, names[base.form].says),
                      "%s: %s", base.text, fault);
            cr_expect_null(judge(&base, 1, named(other, names[other].text, 1)), "%s", base.text);
        }
}

/* "the minimum MUST be zero, and maximum MUST be absent. However, if an application encounters a critical
 * name constraints extension that specifies other values for minimum or maximum for a name form that appears
 * in a subsequent certificate, the application MUST either process these fields or reject the certificate."
 */
Test(name_constraints, distances_are_refused_where_a_name_of_the_form_appears)
{
    static const struct {
        const char *distances;
        int good;
    } cases[] = {{"", 1},         {"80 01 00", 1},          {"80 01 01", 0}, {"81 01 00", 0},
                 {"81 01 05", 0}, {"80 01 00 81 01 01", 0}, {"05 00", 0},    {"80 00", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct base base = {DNS, "example.com", 0, cases[i].distances};
        const char *fault = judge(&base, 1, named(DNS, "a.example.com", 1));
        cr_expect(cases[i].good ? fault == NULL : says(fault, "are not supported for its dNSName"), "%s: %s",
                  cases[i].distances, fault);
        cr_expect_null(judge(&base, 1, named(MAIL, "a@example.org", 1)));
    }
}

/* "If a name constraints extension that is marked as critical imposes constraints on a particular name form,
 * and an instance of that name form appears in the subject field or subjectAltName extension of a subsequent
 * certificate, then the application MUST either process the constraint or reject the certificate." */
Test(name_constraints, forms_without_a_syntax_are_refused_where_they_appear)
{
    static const struct {
        int form;
        const char *name;
    } cases[] = {{OTHER, "06 03 2a 03 04 a0 02 05 00"},
                 {X400, "30 00"},
                 {EDI, "a1 02 0c 00"},
                 {REGISTERED, "2a 03 04"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int excluded = 0; excluded <= 1; excluded++) {
            struct base base = {cases[i].form, cases[i].name, excluded, NULL};
            cr_expect(
                says(judge(&base, 1, named(cases[i].form, cases[i].name, 1)), "are not supported for its"),
                "form %d", cases[i].form);
            cr_expect_null(judge(&base, 1, named(DNS, "host.example.com", 1)), "form %d", cases[i].form);
        }
}

/* RFC 9598 section 6: constraints of rfc822Name apply to the otherName that is a mail address in Unicode,
 * too. */
Test(name_constraints, an_SmtpUTF8Mailbox_is_refused_where_mail_is_constrained)
{
    static const char mailbox[] =
        "06 08 2b 06 01 05 05 07 08 09 a0 0f 0c 0d c3 a4 40 65 78 61 6d 70 6c 65 2e 63 6f";
    struct base base = {MAIL, "example.co", 0, NULL};

    for (base.excluded = 0; base.excluded <= 1; base.excluded++) {
        cr_expect(
            says(judge(&base, 1, named(OTHER, mailbox, 1)), "cannot be compared with its SmtpUTF8Mailbox"));
        cr_expect_null(judge(&base, 1, named(OTHER, "06 03 2a 03 04 a0 02 05 00", 1)));
    }
    base = (struct base){DNS, "example.com", 0, NULL};
    cr_expect_null(judge(&base, 1, named(OTHER, mailbox, 1)));
}

/* ---- several ---- */

/* "Any name matching a restriction in the excludedSubtrees field is invalid regardless of information
 * appearing in the permittedSubtrees." */
Test(name_constraints, what_is_excluded_is_so_within_what_is_permitted)
{
    static const struct base bases[] = {
        {DNS, "example.com", 0, NULL}, {DNS, "a.example.com", 1, NULL}, {DNS, "example.org", 0, NULL}};

    cr_expect_null(judge(bases, 3, named(DNS, "b.example.com", 1)));
    cr_expect_null(judge(bases, 3, named(DNS, "b.example.org", 1)), "one of them is enough");
    cr_expect(says(judge(bases, 3, named(DNS, "x.a.example.com", 1)), "exclude"));
    cr_expect(says(judge(bases, 3, named(DNS, "example.net", 1)), "do not permit"));
    cr_expect_null(judge(bases, 3, named(IP, "c0 00 02 00", 1)), "another form");
}

/* 6.1.4 (g) (1): "set the permitted_subtrees state variable to the intersection of its previous value and the
 * value indicated in the extension field", (2) the union of what is excluded. */
Test(name_constraints, each_issuer_narrows_what_those_above_it_permit)
{
    static const struct base upper[] = {{DNS, "example.com", 0, NULL}, {MAIL, "bad.example", 1, NULL}},
                             lower[] = {{DNS, "a.example.com", 0, NULL}, {DNS, "example.org", 0, NULL}},
                             other[] = {{DNS, "b.a.example.com", 1, NULL}};
    static const struct {
        int form;
        const char *name;
        int good;
    } cases[] = {{DNS, "x.a.example.com", 1}, {DNS, "example.com", 0},    {DNS, "example.org", 0},
                 {DNS, "b.a.example.com", 0}, {MAIL, "a@bad.example", 0}, {MAIL, "a@good.example", 1}};
    struct name_constraints constraints;

    name_constraints_begin(&constraints, arena);
    cr_assert_null(name_constraints_add(&constraints, issuer(upper, 2)));
    cr_assert_null(name_constraints_add(&constraints, issuer(lower, 2)));
    cr_assert_null(name_constraints_add(&constraints, &(struct certificate){.path_len = -1}), "says nothing");
    cr_assert_null(name_constraints_add(&constraints, issuer(other, 1)));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(name_constraints_fault(&constraints, named(cases[i].form, cases[i].name, 1)) == NULL,
                     cases[i].good, "%s", cases[i].name);
}

/* "Restrictions of the form directoryName MUST be applied to the subject field in the certificate (when the
 * certificate includes a non-empty subject field)" */
Test(name_constraints, the_subject_is_a_directoryName)
{
    static const struct base base = {DIRECTORY, "=gnb", 0, NULL};
    struct certificate *cert = named(DNS, "host.example.com", 1);

    cr_expect_null(judge(&base, 1, cert), "it is empty");
    cert->subject = content(DIRECTORY, "=gnb");
    cr_expect_null(judge(&base, 1, cert));
    cert->subject = content(DIRECTORY, "=other");
    cr_expect(says(judge(&base, 1, cert), "CN=Vendor CA do not permit its subject"));
    cert->san = named(DIRECTORY, "=other", 1)->san;
    cert->subject = content(DIRECTORY, "=gnb");
    cr_expect(says(judge(&base, 1, cert), "do not permit its directoryName"));
}

/* "When constraints are imposed on the rfc822Name name form, but the certificate does not include a subject
 * alternative name, the rfc822Name constraint MUST be applied to the attribute of type emailAddress in the
 * subject distinguished name." */
Test(name_constraints, an_emailAddress_in_the_subject_is_an_rfc822Name_if_there_is_no_subjectAltName)
{
    static const struct base base = {MAIL, "example.com", 0, NULL};
    struct certificate cert = {.path_len = -1};

    must(name_build(&cert.subject, arena,
                    (const char *const[]){"emailAddress", "a@example.com", "CN", "a@example.org", NULL}));
    cr_expect_null(judge(&base, 1, &cert));
    must(name_build(&cert.subject, arena,
                    (const char *const[]){"emailAddress", "a@example.com", "CN", "gnb", "emailAddress",
                                          "a@example.org", NULL}));
    cr_expect(says(judge(&base, 1, &cert), "do not permit its emailAddress"));
    cert.san = named(DNS, "host.example.com", 1)->san;
    cr_expect_null(judge(&base, 1, &cert));
    cert.san = bytes_of(NULL, 0);
    cert.subject = name_empty();
    cr_expect_null(judge(&base, 1, &cert));
    cert.subject = hex(arena, "30 02 31 01");
    cr_expect(says(judge(&base, 1, &cert), "subject is malformed"));
}

/* Every name, the last one too; and nothing that is none. */
Test(name_constraints, all_names_of_a_certificate_are_compared)
{
    static const struct base base = {DNS, "example.com", 0, NULL};
    static const char *const broken[] = {"30 03 82 01", "31 03 82 01 61", "30 03 82 01 61 00", "30 02 89 00",
                                         "30 02 04 00", "30 02 a2 00",    "30 02 02 00",       "30 02 42 00"};
    struct certificate *cert = named(DNS, "a.example.com", 1);

    cert->san = hex(
        arena,
        "30 1e 82 0d 61 2e 65 78 61 6d 70 6c 65 2e 63 6f 6d 82 0d 61 2e 65 78 61 6d 70 6c 65 2e 6f 72 67");
    cr_expect(says(judge(&base, 1, cert), "do not permit its dNSName"), "a.example.com, a.example.org");
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        cert->san = hex(arena, broken[i]);
        cr_expect(says(judge(&base, 1, cert), "subjectAltName is malformed"), "%s", broken[i]);
    }
}

/* ---- bounds ---- */

enum { MANY = 1000, FEW = 10 };

static struct base *many_bases(size_t count, int form, const char *text)
{
    struct base *out = arena_alloc(arena, count * sizeof *out);

    for (size_t i = 0; i < count; i++)
        out[i] = (struct base){form, text, 1, NULL};
    return out;
}

/* What an issuer and a certificate of it may cost together has a bound, which is told. */
Test(name_constraints, work_has_a_bound)
{
    struct name_constraints constraints;
    struct base *bases = many_bases(MANY, DNS, "secret.example.com");

    cr_expect_null(judge(bases, MANY, named(DNS, "host.example.com", FEW)));
    cr_expect(says(judge(bases, MANY, named(DNS, "host.example.com", MANY)), "more than are compared"));
    /* By subtrees alone, and by what it takes to prepare a directoryName. */
    name_constraints_begin(&constraints, arena);
    cr_expect(says(name_constraints_add(&constraints, issuer(many_bases(5 * MANY, DNS, "a"), 5 * MANY)),
                   "more than are compared"));
    name_constraints_begin(&constraints, arena);
    cr_expect(says(name_constraints_add(&constraints, issuer(many_bases(MANY, DIRECTORY, "=gnb"), MANY)),
                   "more than are compared"));
    cr_expect(says(judge(&(struct base){DIRECTORY, "=x", 1, NULL}, 1, named(DIRECTORY, "=gnb", MANY)),
                   "more than are compared"));
    cr_expect_null(judge(&(struct base){DIRECTORY, "=x", 1, NULL}, 1, named(DIRECTORY, "=gnb", FEW)));
}

/* What finds no memory is refused, and says that this is no verdict. */
Test(name_constraints, without_memory_nothing_is_permitted)
{
    static const struct base bases[] = {{DIRECTORY, "=other", 0, NULL}, {IP, "c0 00", 0, NULL}};
    const struct certificate *good = issuer(bases, 1), *bad = issuer(bases + 1, 1);
    const struct certificate *cert = named(DIRECTORY, "=gnb", 1);
    int starved = 0, told = 0;

    for (size_t limit = 8; !told; limit += 8) {
        struct arena *small = arena_new(limit);
        struct name_constraints constraints;
        name_constraints_begin(&constraints, small);
        const char *fault = name_constraints_add(&constraints, good);
        if (fault == NULL)
            fault = name_constraints_fault(&constraints, cert);
        cr_assert_not_null(fault);
        told = says(fault, "do not permit");
        cr_assert_eq(constraints.starved, !told, "%s", fault);
        starved += constraints.starved;
        arena_free(small);
    }
    cr_assert_gt(starved, 3);
    struct arena *small = arena_new(sizeof(void *) * 24);
    struct name_constraints constraints;
    name_constraints_begin(&constraints, small);
    cr_assert_not_null(name_constraints_add(&constraints, bad));
    cr_assert(constraints.starved);
    arena_free(small);
}
