/* Name constraints (RFC 5280 4.2.1.10): each form of GeneralName that has a syntax for them, by its own rule.
 */
#include "crypto/name_constraints.h"

#include "crypto/name.h"
#include "crypto/name_rules.h"
#include "server/base/bounds.h"

/* The numbers of GeneralName's tags (RFC 5280 4.2.1.6). */
enum form {
    OTHER_NAME,
    RFC822_NAME,
    DNS_NAME,
    X400_ADDRESS,
    DIRECTORY_NAME,
    EDI_PARTY_NAME,
    URI,
    IP_ADDRESS,
    REGISTERED_ID,
    FORMS
};

static const struct {
    const char *name;
    int constructed;
    int known; /* 1: RFC 5280 says how it is held against constraints */
} forms[FORMS] = {
    [OTHER_NAME] = {"otherName", 1, 0},
    [RFC822_NAME] = {"rfc822Name", 0, 1},
    [DNS_NAME] = {"dNSName", 0, 1},
    [X400_ADDRESS] = {"x400Address", 1, 0},
    [DIRECTORY_NAME] = {"directoryName", 1, 1},
    [EDI_PARTY_NAME] = {"ediPartyName", 1, 0},
    [URI] = {"uniformResourceIdentifier", 0, 1},
    [IP_ADDRESS] = {"iPAddress", 0, 1},
    [REGISTERED_ID] = {"registeredID", 0, 0},
};

struct subtree {
    struct bytes base; /* of a directoryName: prepared */
    struct subtree *next;
};

/* What one issuer says. */
struct name_constraints_of {
    const struct certificate *issuer;
    struct subtree *permitted[FORMS], *excluded[FORMS];
    int is_unusable[FORMS]; /* 1: something of it is not processed here, so no name of this form is good */
    struct name_constraints_of *next;
};

/* A name that is held against them. */
struct held {
    enum form form;
    const char *what;  /* for texts */
    struct bytes name; /* of a directoryName: prepared; of a URI: its host */
    int is_comparable;
};

static const char malformed[] = "nameConstraints is malformed";
static const char too_many[] = "nameConstraints and the names below them are more than are compared";

/* ---- work ---- */

enum {
    SUBTREE_WORK = 256, /* to keep one */
    PREPARED_WORK = 64  /* to prepare an octet for RFC 5280 7.1 */
};

/* Returns 0 once all is spent. */
static int spend(struct name_constraints *constraints, size_t work)
{
    constraints->work_left -= work < constraints->work_left ? work : constraints->work_left;
    return constraints->work_left != 0;
}

static const char *starve(struct name_constraints *constraints)
{
    constraints->starved = 1;
    return "there is no memory to compare its names";
}

/* ---- texts with hosts in them ---- */

static int equal_without_case(struct bytes a, struct bytes b)
{
    int equal = a.len == b.len;

    for (size_t i = 0; equal && i < a.len; i++) {
        uint8_t x = a.data[i], y = b.data[i];
        equal = x == y || ((x | 0x20) == (y | 0x20) && (x | 0x20) >= 'a' && (x | 0x20) <= 'z');
    }
    return equal;
}

static struct bytes without_first(struct bytes text, size_t count)
{
    return bytes_of(text.data + count, text.len - count);
}

static int begins_with(struct bytes text, char c)
{
    return text.len != 0 && text.data[0] == (uint8_t)c;
}

/* 1 if |host| is |domain| with one label or more before it. */
static int is_below(struct bytes host, struct bytes domain)
{
    if (host.len <= domain.len)
        return 0;
    size_t labels = host.len - domain.len;
    return host.data[labels - 1] == '.' && equal_without_case(without_first(host, labels), domain);
}

/* What the constraints of mail addresses and URIs have in common: "When the constraint begins with a period,
 * it MAY be expanded with one or more labels." "When the constraint does not begin with a period, it
 * specifies a host." Of an empty one nothing is said: it is every host, as for dNSName. */
static int host_is_within(struct bytes host, struct bytes base)
{
    if (base.len == 0)
        return 1;
    return begins_with(base, '.') ? is_below(host, without_first(base, 1)) : equal_without_case(host, base);
}

static int is_host_constraint(struct bytes base)
{
    return base.len == 0 || name_is_host(begins_with(base, '.') ? without_first(base, 1) : base);
}

/* ---- dNSName ---- */

/* "Any DNS name that can be constructed by simply adding zero or more labels to the left-hand side of the
 * name satisfies the name constraint." A leading period counts for nothing, as erratum 5997 reports of what
 * is in use. */
static struct bytes dns_domain(struct bytes base)
{
    return begins_with(base, '.') ? without_first(base, 1) : base;
}

static int dns_is_within(struct bytes name, struct bytes base)
{
    struct bytes domain = dns_domain(base);

    return domain.len == 0 || equal_without_case(name, domain) || is_below(name, domain);
}

/* A "*" stands for any label: also for one that is excluded. */
static int dns_may_be_within(struct bytes name, struct bytes base)
{
    struct bytes domain = dns_domain(base), parent;

    if (dns_is_within(name, base))
        return 1;
    if (!begins_with(name, '*'))
        return 0;
    const uint8_t *dot = memchr(domain.data, '.', domain.len);
    if (dot == NULL)
        return 0;
    parent = without_first(domain, (size_t)(dot - domain.data));
    return equal_without_case(without_first(name, 1), parent);
}

/* ---- rfc822Name ---- */

static struct bytes host_of_mailbox(struct bytes mailbox)
{
    const uint8_t *at = memchr(mailbox.data, '@', mailbox.len);

    return at != NULL ? without_first(mailbox, (size_t)(at - mailbox.data) + 1) : bytes_of(NULL, 0);
}

static int is_mailbox_constraint(struct bytes base)
{
    return name_is_mailbox(base) || is_host_constraint(base);
}

/* RFC 5280 7.5: the local part has case, the host has none. */
static int mailbox_is_within(struct bytes name, struct bytes base)
{
    struct bytes host = host_of_mailbox(name), base_host = host_of_mailbox(base);

    if (base_host.len == 0)
        return host_is_within(host, base);
    return equal_without_case(host, base_host) && bytes_equal(bytes_of(name.data, name.len - host.len),
                                                              bytes_of(base.data, base.len - base_host.len));
}

/* ---- uniformResourceIdentifier ---- */

/* RFC 3986 3.2: scheme "://" [ userinfo "@" ] host [ ":" port ], until "/", "?" or "#". */
static struct bytes host_of_uri(struct bytes uri)
{
    const uint8_t *colon = memchr(uri.data, ':', uri.len), *found;
    struct bytes rest;
    size_t end = 0;

    if (colon == NULL)
        return bytes_of(NULL, 0);
    rest = without_first(uri, (size_t)(colon - uri.data) + 1);
    if (rest.len < 2 || rest.data[0] != '/' || rest.data[1] != '/')
        return bytes_of(NULL, 0);
    rest = without_first(rest, 2);
    while (end < rest.len && rest.data[end] != '/' && rest.data[end] != '?' && rest.data[end] != '#')
        end++;
    rest.len = end;
    if ((found = memrchr(rest.data, '@', rest.len)) != NULL)
        rest = without_first(rest, (size_t)(found - rest.data) + 1);
    if ((found = memchr(rest.data, ':', rest.len)) != NULL)
        rest.len = (size_t)(found - rest.data);
    return rest;
}

/* "a host name specified as a fully qualified domain name": an IPv4 address ends in a number, and no such
 * domain does (RFC 3696 section 2). One label alone is not qualified. */
static int is_qualified(struct bytes host)
{
    const uint8_t *dot;

    if (!name_is_host(host) || (dot = memrchr(host.data, '.', host.len)) == NULL)
        return 0;
    for (const uint8_t *p = dot + 1; p < host.data + host.len; p++)
        if (*p < '0' || *p > '9')
            return 1;
    return 0;
}

/* ---- iPAddress ---- */

/* "encoded in the style of RFC 4632 (CIDR)": an address and a mask of ones before zeros. */
static int is_range(struct bytes base)
{
    size_t half = base.len / 2;
    int ended = 0;

    if (base.len != 8 && base.len != 32)
        return 0;
    for (size_t bit = 0; bit < 8 * half; bit++) {
        int one = base.data[half + bit / 8] >> (7 - bit % 8) & 1;
        if (one && ended)
            return 0;
        ended |= !one;
    }
    return 1;
}

static int address_is_within(struct bytes address, struct bytes base)
{
    if (base.len != 2 * address.len)
        return 0;
    for (size_t i = 0; i < address.len; i++)
        if (((address.data[i] ^ base.data[i]) & base.data[address.len + i]) != 0)
            return 0;
    return 1;
}

/* ---- directoryName ---- */

/* Returns 1; 0 if |name| cannot be prepared, or there is no work left or no memory. */
static int prepare(struct bytes *out, struct name_constraints *constraints, struct bytes name)
{
    CBB cbb;

    if (!spend(constraints, PREPARED_WORK * name.len) || !CBB_init(&cbb, 256))
        return 0;
    if (!name_add_prepared(&cbb, name)) {
        CBB_cleanup(&cbb);
        return 0;
    }
    if (der_finish(out, constraints->arena, &cbb, 1))
        return 1;
    starve(constraints);
    return 0;
}

static int directory_is_within(struct bytes name, struct bytes base)
{
    return name.len >= base.len && bytes_equal(bytes_of(name.data, base.len), base);
}

/* ---- what an issuer says ---- */

static int take_general_name(CBS *cbs, enum form *form, struct bytes *name)
{
    CBS content;
    CBS_ASN1_TAG tag;

    if (!CBS_get_any_asn1(cbs, &content, &tag) || (tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC ||
        (tag & CBS_ASN1_TAG_NUMBER_MASK) >= FORMS)
        return 0;
    *form = (enum form)(tag & CBS_ASN1_TAG_NUMBER_MASK);
    *name = bytes_of_cbs(&content);
    return ((tag & CBS_ASN1_CONSTRUCTED) != 0) == forms[*form].constructed;
}

/* Whether |base| is what RFC 5280 wants of a constraint of |form|; a directoryName is prepared. */
static int read_base(struct name_constraints *constraints, enum form form, struct bytes *base)
{
    switch (form) {
    case RFC822_NAME:
        return is_mailbox_constraint(*base);
    case DNS_NAME:
    case URI:
        return is_host_constraint(*base);
    case DIRECTORY_NAME:
        return prepare(base, constraints, *base);
    case IP_ADDRESS:
        return is_range(*base);
    default:
        return 1;
    }
}

/* "the minimum MUST be zero, and maximum MUST be absent" */
static int has_no_distances(CBS *subtree)
{
    CBS minimum;
    int present;

    return CBS_get_optional_asn1(subtree, &minimum, &present, CBS_ASN1_CONTEXT_SPECIFIC | 0) &&
           (!present || (CBS_len(&minimum) == 1 && CBS_data(&minimum)[0] == 0)) && CBS_len(subtree) == 0;
}

static const char *read_subtree(struct name_constraints *constraints, struct name_constraints_of *own,
                                struct subtree *lists[FORMS], CBS *list)
{
    struct subtree *subtree = arena_alloc(constraints->arena, sizeof *subtree);
    CBS element;
    enum form form;

    if (subtree == NULL)
        return starve(constraints);
    if (!CBS_get_asn1(list, &element, CBS_ASN1_SEQUENCE) ||
        !take_general_name(&element, &form, &subtree->base))
        return malformed;
    int is_read = read_base(constraints, form, &subtree->base);
    if (!spend(constraints, SUBTREE_WORK))
        return too_many;
    if (constraints->starved)
        return starve(constraints);
    /* 4.2.1.10: what cannot be processed matters where a name of the form appears, and only there. */
    own->is_unusable[form] |= !forms[form].known || !is_read || !has_no_distances(&element);
    subtree->next = lists[form];
    lists[form] = subtree;
    return NULL;
}

/* GeneralSubtrees: SIZE (1..MAX). */
static const char *read_subtrees(struct name_constraints *constraints, struct name_constraints_of *own,
                                 struct subtree *lists[FORMS], CBS list)
{
    const char *fault = CBS_len(&list) != 0 ? NULL : malformed;

    while (fault == NULL && CBS_len(&list) != 0)
        fault = read_subtree(constraints, own, lists, &list);
    return fault;
}

const char *name_constraints_add(struct name_constraints *constraints, const struct certificate *issuer)
{
    const CBS_ASN1_TAG list = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBS value = cbs_of(issuer->name_constraints), sequence, permitted, excluded;
    struct name_constraints_of *own;
    const char *fault = NULL;
    int permits, excludes;

    if (issuer->name_constraints.len == 0)
        return NULL;
    if ((own = arena_alloc(constraints->arena, sizeof *own)) == NULL)
        return starve(constraints);
    own->issuer = issuer;
    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
        !CBS_get_optional_asn1(&sequence, &permitted, &permits, list | 0) ||
        !CBS_get_optional_asn1(&sequence, &excluded, &excludes, list | 1) || CBS_len(&sequence) != 0 ||
        (!permits && !excludes))
        return malformed;
    if ((permits && (fault = read_subtrees(constraints, own, own->permitted, permitted)) != NULL) ||
        (excludes && (fault = read_subtrees(constraints, own, own->excluded, excluded)) != NULL))
        return fault;
    own->next = constraints->last;
    constraints->last = own;
    return NULL;
}

/* ---- the names of a certificate ---- */

static int is_within(const struct held *held, struct bytes base, int is_excluded)
{
    switch (held->form) {
    case RFC822_NAME:
        return mailbox_is_within(held->name, base);
    case DNS_NAME:
        return is_excluded ? dns_may_be_within(held->name, base) : dns_is_within(held->name, base);
    case URI:
        return host_is_within(held->name, base);
    case IP_ADDRESS:
        return address_is_within(held->name, base);
    default:
        return directory_is_within(held->name, base);
    }
}

/* Whether |held| is within one of |list|; 1 if none of it can be told. */
static int is_within_any(struct name_constraints *constraints, const struct held *held,
                         const struct subtree *list, int is_excluded)
{
    for (; list != NULL; list = list->next)
        if (!spend(constraints, 1 + list->base.len) || is_within(held, list->base, is_excluded))
            return 1;
    return 0;
}

/* Of |own|, about a name of this form. */
static const char *fault_by(struct name_constraints *constraints, const struct name_constraints_of *own,
                            const struct held *held)
{
    const struct subtree *permitted = own->permitted[held->form], *excluded = own->excluded[held->form];
    const char *verdict = NULL, *text;
    char issuer[NAME_TEXT_MAX];

    if (permitted == NULL && excluded == NULL)
        return NULL;
    if (own->is_unusable[held->form])
        verdict = "are not supported for";
    else if (!held->is_comparable)
        verdict = "cannot be compared with";
    else if (is_within_any(constraints, held, excluded, 1)) /* 6.1.3 (c) */
        verdict = "exclude";
    else if (permitted != NULL && !is_within_any(constraints, held, permitted, 0)) /* 6.1.3 (b) */
        verdict = "do not permit";
    if (constraints->work_left == 0)
        return too_many;
    if (verdict == NULL)
        return NULL;
    text = arena_printf(constraints->arena, "nameConstraints of %s %s its %s",
                        name_text(issuer, sizeof issuer, own->issuer->subject), verdict, held->what);
    return text != NULL ? text : starve(constraints);
}

static int is_constrained(const struct name_constraints *constraints, enum form form)
{
    for (const struct name_constraints_of *own = constraints->last; own != NULL; own = own->next)
        if (own->permitted[form] != NULL || own->excluded[form] != NULL)
            return 1;
    return 0;
}

/* Brings |held| into the form in which it is compared. */
static void read_held(struct name_constraints *constraints, struct held *held)
{
    switch (held->form) {
    case RFC822_NAME:
        held->is_comparable = name_is_mailbox(held->name);
        break;
    case DNS_NAME:
        held->is_comparable = name_is_dns_name(held->name);
        break;
    case DIRECTORY_NAME:
        held->is_comparable = prepare(&held->name, constraints, held->name);
        break;
    case URI:
        held->name = host_of_uri(held->name);
        held->is_comparable = is_qualified(held->name);
        break;
    default:
        held->is_comparable = held->name.len == 4 || held->name.len == 16;
    }
}

static const char *name_fault_of(struct name_constraints *constraints, enum form form, const char *what,
                                 struct bytes name)
{
    struct held held = {.form = form, .what = what, .name = name};
    const char *fault = NULL;

    if (!is_constrained(constraints, form))
        return NULL;
    read_held(constraints, &held);
    for (const struct name_constraints_of *own = constraints->last; fault == NULL && own != NULL;
         own = own->next)
        fault = fault_by(constraints, own, &held);
    return fault;
}

/* RFC 9598 section 6 extends constraints of rfc822Name to this otherName, whose domain may be in Unicode. It
 * is not read here, so it cannot be compared. */
static int is_utf8_mailbox(enum form form, struct bytes name)
{
    static const uint8_t smtp_utf8_mailbox[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x08, 0x09};
    CBS cbs = cbs_of(name), oid;

    return form == OTHER_NAME && CBS_get_asn1(&cbs, &oid, CBS_ASN1_OBJECT) &&
           bytes_equal(bytes_of_cbs(&oid), bytes_of(smtp_utf8_mailbox, sizeof smtp_utf8_mailbox));
}

static const char *alt_name_fault(struct name_constraints *constraints, enum form form, struct bytes name)
{
    const char *fault = NULL;

    if (is_utf8_mailbox(form, name))
        fault = name_fault_of(constraints, RFC822_NAME, "SmtpUTF8Mailbox", bytes_of("", 0));
    return fault != NULL ? fault : name_fault_of(constraints, form, forms[form].name, name);
}

static const char *alt_names_fault(struct name_constraints *constraints, struct bytes san)
{
    CBS value = cbs_of(san), names;
    enum form form;
    struct bytes name;
    const char *fault = NULL;

    if (!CBS_get_asn1(&value, &names, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0)
        return "subjectAltName is malformed";
    while (fault == NULL && CBS_len(&names) != 0)
        fault = take_general_name(&names, &form, &name) ? alt_name_fault(constraints, form, name)
                                                        : "subjectAltName is malformed";
    return fault;
}

/* "When constraints are imposed on the rfc822Name name form, but the certificate does not include a subject
 * alternative name, the rfc822Name constraint MUST be applied to the attribute of type emailAddress in the
 * subject distinguished name." */
static const char *email_fault(struct name_constraints *constraints, struct bytes subject)
{
    static const uint8_t email[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01};
    CBS cbs = cbs_of(subject), rdns, rdn, pair, oid, value;
    const char *fault = NULL;

    if (!CBS_get_asn1(&cbs, &rdns, CBS_ASN1_SEQUENCE))
        return "subject is malformed";
    while (fault == NULL && CBS_len(&rdns) != 0) {
        if (!CBS_get_asn1(&rdns, &rdn, CBS_ASN1_SET))
            return "subject is malformed";
        while (fault == NULL && CBS_len(&rdn) != 0) {
            if (!CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) ||
                !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) || !CBS_get_any_asn1(&pair, &value, NULL))
                return "subject is malformed";
            if (bytes_equal(bytes_of_cbs(&oid), bytes_of(email, sizeof email)))
                fault = name_fault_of(constraints, RFC822_NAME, "emailAddress", bytes_of_cbs(&value));
        }
    }
    return fault;
}

const char *name_constraints_fault(struct name_constraints *constraints, const struct certificate *cert)
{
    const char *fault = NULL;

    if (constraints->last == NULL)
        return NULL;
    if (!name_is_empty(cert->subject))
        fault = name_fault_of(constraints, DIRECTORY_NAME, "subject", cert->subject);
    if (fault != NULL)
        return fault;
    return cert->san.len != 0 ? alt_names_fault(constraints, cert->san)
                              : email_fault(constraints, cert->subject);
}

void name_constraints_begin(struct name_constraints *constraints, struct arena *arena)
{
    *constraints = (struct name_constraints){.arena = arena, .work_left = BOUND_NAME_WORK};
}
