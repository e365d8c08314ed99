/* requests COUNT SEED: COUNT random requests for certificates, right ones and wrong ones, through the machine
 * of the protocol and the policy of a demo CA, under each form of profile in turn. Whatever is issued must be
 * as a profile grants it and as `cmpctl decode` reads it, and is written to standard output for `readers`.
 * Whatever is refused must have a failInfo of RFC 9810 5.2.3 that fits, and a text. Standard error tells how
 * many there were of each. Ends with 1 at the first that is wrong.
 *
 * What names may hold is crypto/name_rules.c's to say: a certificate is held against it, too, but what counts
 * is that others can read it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/name.h"
#include "crypto/name_rules.h"
#include "server/ctl/decode.h"
#include "tests/support/demo.h"
#include "tests/support/must.h"
#include "tests/support/world.h"

enum { KEYS = 6, TEXTS = 128 };

static uint64_t state;
static struct demo demo;
static struct private_key *keys[KEYS];
static struct ctl_identity device;
static struct bytes vendor_ca;

/* xorshift64*: what is drawn need not be unpredictable, but repeatable. */
static uint32_t draw(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below);
}

/* ---- what is asked for ---- */

#define V(literal)                                                                                           \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }
#define DRAW(rows) ((rows)[draw(sizeof(rows) / sizeof(rows)[0])])
#define X16 "xxxxxxxxxxxxxxxx"

/* The types of attributes, well known or not. */
static const struct bytes attribute_types[] = {
    V("\x55\x04\x03"),                             /* CN */
    V("\x55\x04\x03"),                             /* most have one */
    V("\x55\x04\x0a"),                             /* O */
    V("\x55\x04\x0b"),                             /* OU */
    V("\x55\x04\x06"),                             /* C */
    V("\x55\x04\x07"),                             /* L */
    V("\x55\x04\x05"),                             /* serialNumber */
    V("\x55\x04\x2d"),                             /* x500UniqueIdentifier, a BIT STRING */
    V("\x55\x04\x2e"),                             /* dnQualifier */
    V("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"),     /* emailAddress */
    V("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), /* domainComponent */
    V("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x01"),     /* somebody's own */
};

static const struct {
    CBS_ASN1_TAG tag;
    struct bytes text;
} values[] = {
    /* Right somewhere. */
    {CBS_ASN1_UTF8STRING, V("gnb-1")},
    {CBS_ASN1_UTF8STRING, V("gnb-2")},
    {CBS_ASN1_UTF8STRING, V("B\xc3\xbcro, \"Nord\" + <S\xc3\xbc"
                            "d>; #1")},
    {CBS_ASN1_UTF8STRING, V("\xe5\x9f\xba\xe7\xab\x99")},
    {CBS_ASN1_UTF8STRING, V("\xf0\x9f\x93\xa1 mast")},
    {CBS_ASN1_UTF8STRING, V(X16 X16 X16 X16)},
    {CBS_ASN1_PRINTABLESTRING, V("gnb 3")},
    {CBS_ASN1_PRINTABLESTRING, V("DE")},
    {CBS_ASN1_PRINTABLESTRING, V("964D94C88DDF7CF6")},
    {CBS_ASN1_IA5STRING, V("ops@operator.example")},
    {CBS_ASN1_IA5STRING, V("example")},
    {CBS_ASN1_BMPSTRING, V("\0g\0n\0b")},
    {CBS_ASN1_UNIVERSALSTRING, V("\0\0\0g\0\0\0n\0\0\0b")},
    {CBS_ASN1_T61STRING, V("gnb")},
    {CBS_ASN1_BITSTRING, V("\0\x01\x02")},
    {CBS_ASN1_INTEGER, V("\x07")},
    /* Wrong anywhere, or nearly. */
    {CBS_ASN1_UTF8STRING, V("")},
    {CBS_ASN1_UTF8STRING, V("\xff\xfe")},
    {CBS_ASN1_UTF8STRING, V("\xed\xa0\x80")}, /* a surrogate */
    {CBS_ASN1_UTF8STRING, V("\xc0\x80")},     /* a NUL that is too long */
    {CBS_ASN1_UTF8STRING, V("a\0b")},
    {CBS_ASN1_UTF8STRING, V("a\nb")},
    {CBS_ASN1_UTF8STRING, V("a\xe2\x80\xae"
                            "b")},                 /* RIGHT-TO-LEFT OVERRIDE */
    {CBS_ASN1_UTF8STRING, V(X16 X16 X16 X16 "x")}, /* 65 */
    {CBS_ASN1_PRINTABLESTRING, V("under_score")},
    {CBS_ASN1_PRINTABLESTRING, V("DEU")},
    {CBS_ASN1_IA5STRING, V("b\xfcro")},
    {CBS_ASN1_BMPSTRING, V("\0gn")},
    {CBS_ASN1_BMPSTRING, V("\xd8\x3d")}, /* half a pair of surrogates */
    {CBS_ASN1_UNIVERSALSTRING, V("\0\0\0g\0")},
    {CBS_ASN1_UNIVERSALSTRING, V("\0\x11\0\0")}, /* beyond Unicode */
    {CBS_ASN1_T61STRING, V("b\xfcro")},
    {26 /* VisibleString */, V("gnb")},
    {CBS_ASN1_NUMERICSTRING, V("1 2")},
    {CBS_ASN1_SEQUENCE, V("\x0c\x01\x61")},
    {CBS_ASN1_NULL, V("")},
    {CBS_ASN1_BOOLEAN, V("\x01")}, /* no DER */
};

/* Attributes that are right; the others are drawn from the two tables above. */
static const struct {
    struct bytes type;
    CBS_ASN1_TAG tag;
    struct bytes text;
} right_attributes[] = {
    {V("\x55\x04\x03"), CBS_ASN1_UTF8STRING, V("gnb-1")},
    {V("\x55\x04\x03"), CBS_ASN1_UTF8STRING, V("gnb-2")},
    {V("\x55\x04\x03"), CBS_ASN1_PRINTABLESTRING, V("gnb-3")},
    {V("\x55\x04\x03"), CBS_ASN1_UTF8STRING, V("\xe5\x9f\xba\xe7\xab\x99")},
    {V("\x55\x04\x03"), CBS_ASN1_UTF8STRING, V(X16 X16 X16 X16)},
    {V("\x55\x04\x0a"), CBS_ASN1_UTF8STRING, V("B\xc3\xbcro, \"Nord\" + <S; #1")},
    {V("\x55\x04\x0b"), CBS_ASN1_PRINTABLESTRING, V("Radio access")},
    {V("\x55\x04\x06"), CBS_ASN1_PRINTABLESTRING, V("DE")},
    {V("\x55\x04\x05"), CBS_ASN1_PRINTABLESTRING, V("964D94C88DDF7CF6")},
    {V("\x55\x04\x2d"), CBS_ASN1_BITSTRING, V("\0\x01\x02")},
    {V("\x55\x04\x2e"), CBS_ASN1_PRINTABLESTRING, V("1")},
    {V("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), CBS_ASN1_IA5STRING, V("ops@operator.example")},
    {V("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), CBS_ASN1_IA5STRING, V("example")},
    {V("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x01"), CBS_ASN1_UTF8STRING, V("\xf0\x9f\x93\xa1 mast")},
};

/* Whether what comes next is drawn from all that there is: one thing that is wrong is enough for a refusal.
 */
static int draw_wild(void)
{
    return draw(10) == 0;
}

static int add_attribute(CBB *set)
{
    CBB pair;
    size_t right = draw(sizeof right_attributes / sizeof right_attributes[0]);
    size_t value = draw(sizeof values / sizeof values[0]);

    if (!CBB_add_asn1(set, &pair, CBS_ASN1_SEQUENCE))
        return 0;
    return (draw_wild()
                ? der_add_oid(&pair, DRAW(attribute_types)) &&
                      der_add_octets(&pair, values[value].tag, values[value].text)
                : der_add_oid(&pair, right_attributes[right].type) &&
                      der_add_octets(&pair, right_attributes[right].tag, right_attributes[right].text)) &&
           CBB_flush(set);
}

static struct bytes draw_name(struct arena *arena)
{
    CBB cbb, sequence, set;
    struct bytes out;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (uint32_t rdns = draw(5); rdns > 0 && ok; rdns--) {
        ok = CBB_add_asn1(&sequence, &set, CBS_ASN1_SET);
        for (uint32_t attributes = draw(8) == 0 ? 2 : 1; attributes > 0 && ok; attributes--)
            ok = add_attribute(&set);
        ok = ok && CBB_flush(&sequence);
    }
    must(der_finish(&out, arena, &cbb, ok));
    return out;
}

enum {
    OTHER = 0xa0,
    MAIL = 0x81,
    DNS = 0x82,
    X400 = 0xa3,
    DIRECTORY = 0xa4,
    EDI = 0xa5,
    URI = 0x86,
    IP = 0x87,
    RID = 0x88
};

static const struct {
    uint8_t tag;
    struct bytes content;
} general_names[] = {
    {DNS, V("gnb-1.ran.example")},
    {DNS, V("*.ran.example")},
    {MAIL, V("ops@operator.example")},
    {URI, V("https://gnb.example/a?b=c#d")},
    {URI, V("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66")},
    {IP, V("\xc0\0\x02\x01")},
    {IP, V("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01")},
    {RID, V("\x2a\x03\x04")},
    {OTHER, V("\x06\x02\x2a\x03\xa0\x05\x0c\x03gnb")},
    {DIRECTORY, V("\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x0c\x03gnb")},
    /* Wrong. */
    {DNS, V("")},
    {DNS, V("a b")},
    {DNS, V("under_score.example")},
    {DNS, V("-a.example")},
    {DNS, V("b\xc3\xbcro.example")},
    {DNS, V("a\0.example")},
    {DNS, V(X16 X16 X16 X16 ".example")},
    {MAIL, V("ops")},
    {MAIL, V("ops@b\xc3\xbcro.example")},
    {URI, V("/relative")},
    {URI, V("https://a b/")},
    {IP, V("\x01\x02\x03")},
    {IP, V("\xc0\0\x02\0\xff\xff\xff\0")},
    {IP, V("")},
    {RID, V("")},
    {RID, V("\x80\x01")},
    {OTHER, V("\x06\x02\x2a\x03")},
    {X400, V("\x30\0")},
    {EDI, V("\xa1\x03\x0c\x01"
            "a")},
    {DIRECTORY, V("\x31\0")},
    {DIRECTORY, V("\x30\0")},
    {0x89, V("a")},
};

enum { RIGHT_NAMES = 10 };

static struct bytes draw_general_names(struct arena *arena)
{
    CBB cbb, sequence;
    struct bytes out;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (uint32_t names = draw(16) == 0 ? 0 : 1 + draw(3); names > 0 && ok; names--) {
        size_t i = draw(draw_wild() ? sizeof general_names / sizeof general_names[0] : RIGHT_NAMES);
        ok = CBB_add_u8(&sequence, general_names[i].tag) &&
             CBB_add_u8(&sequence, (uint8_t)general_names[i].content.len) &&
             der_add_bytes(&sequence, general_names[i].content);
    }
    must(der_finish(&out, arena, &cbb, ok));
    return out;
}

static const struct bytes san_oid = V("\x55\x1d\x11");

static const struct certificate_extension extensions[] = {
    {V("\x55\x1d\x0f"), 1, V("\x03\x02\x07\x80")}, /* keyUsage: digitalSignature */
    {V("\x55\x1d\x0f"), 0, V("\x03\x02\x02\x84")}, /* and keyCertSign */
    {V("\x55\x1d\x0f"), 1, V("\x03\x02\0\x80")},   /* no DER: zeros at the end */
    {V("\x55\x1d\x0f"), 1, V("\x04\x01\x80")},     /* no BIT STRING */
    {V("\x55\x1d\x25"), 0, V("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02")}, /* clientAuth */
    {V("\x55\x1d\x25"), 0, V("\x30\0")},                                           /* no purpose */
    {V("\x55\x1d\x13"), 1, V("\x30\x03\x01\x01\xff")},                             /* cA */
    {V("\x55\x1d\x13"), 0, V("\x30\0")},
    {V("\x55\x1d\x20"), 0, V("\x30\x05\x30\x03\x06\x01\x2a")},   /* certificatePolicies */
    {V("\x55\x1d\x20"), 0, V("\x30\0")},                         /* none */
    {V("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x02"), 0, V("\x05\0")}, /* somebody's own */
    {V("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x03"), 1, V("\x05\0")},
    {V("\x2b\x06\x01\x04\x01\x86\x8d\x1f\x04"), 0, V("any octets")},
};

static void draw_template(struct cert_template *tmpl, struct arena *arena, size_t key, int64_t now)
{
    *tmpl = (struct cert_template){.version = draw(16) == 0 ? 2 : -1};
    tmpl->spki = private_key_spki(keys[key]);
    if (draw(16) != 0)
        tmpl->subject = draw_name(arena);
    for (uint32_t names = draw(32) == 0 ? 2 : draw(2); names > 0; names--)
        tmpl->extensions[tmpl->extension_count++] =
            (struct certificate_extension){san_oid, (int)draw(2), draw_general_names(arena)};
    for (uint32_t rest = draw(2) == 0 ? draw(3) : 0; rest > 0; rest--)
        tmpl->extensions[tmpl->extension_count++] = DRAW(extensions);
    if (draw(3) == 0) {
        static const int64_t day = 86400;
        tmpl->has_validity = 1;
        tmpl->not_before = draw(3) == 0 ? TEMPLATE_NO_TIME : now + ((int64_t)draw(400) - 200) * day;
        tmpl->not_after = draw(3) == 0 && tmpl->not_before != TEMPLATE_NO_TIME
                              ? TEMPLATE_NO_TIME
                              : now + ((int64_t)draw(20000) - 200) * day;
    }
}

/* ---- what comes of it ---- */

/* Forms of a profile: what is replaced in the configuration, and by what. */
static const struct {
    const char *what, *from, *to;
} forms[] = {
    {"as requested", "subject: []  ", "subject: []  "},
    {"to the letter", "header: rfc9810", "header: rfc9483"},
    {"a subject of parts", "subject: []  ", "subject: [O=Operator, \"CN=${CN}\"]  "},
    {"a subjectAltName of parts", "    san: []  ",
     "    san: [\"DNS:${CN}.ran.example\", \"URI:urn:x:${CN}\"]  "},
    {"a fixed subject", "subject: []  ", "subject: [O=Operator, OU=Radio]  "},
    {"all is honoured", "honour: [subjectAltName]",
     "honour: [subjectAltName, validity, keyUsage, extendedKeyUsage, certificatePolicies, "
     "1.3.6.1.4.1.99999.2, "
     "1.3.6.1.4.1.99999.3]"},
    {"nothing is honoured", "honour: [subjectAltName]", "honour: []"},
    {"much is refused", "refuse: []  ", "refuse: [validity, keyUsage, ca, other]  "},
    {"few keys", "types: [P-256, P-384, P-521, RSA, Ed25519]", "types: [P-256]"},
    {"no purposes", "extended_key_usage: [clientAuth, serverAuth]", "extended_key_usage: []"},
};

enum { FORMS = sizeof forms / sizeof forms[0] };

static unsigned issued[FORMS], refused[FORMS];
static char texts[TEXTS][128];
static unsigned text_counts[TEXTS];

static const struct cmp_profile *profile(void)
{
    return policy_settings(demo.policy)->default_profile;
}

static int wrong(const struct cert_template *tmpl, const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\nsubject ", what, detail);
    for (size_t i = 0; i < tmpl->subject.len; i++)
        fprintf(stderr, "%02x", tmpl->subject.data[i]);
    for (size_t e = 0; e < tmpl->extension_count; e++) {
        fprintf(stderr, "\nextension ");
        for (size_t i = 0; i < tmpl->extensions[e].value.len; i++)
            fprintf(stderr, "%02x", tmpl->extensions[e].value.data[i]);
    }
    fprintf(stderr, "\n");
    return 0;
}

static void count_text(const char *text)
{
    size_t i = 0;

    while (i < TEXTS - 1 && text_counts[i] != 0 && strncmp(texts[i], text, sizeof texts[i] - 1) != 0)
        i++;
    snprintf(texts[i], sizeof texts[i], "%s", text);
    text_counts[i]++;
}

static int refuse(const struct cert_template *tmpl, size_t form, enum pki_failure failure, const char *text)
{
    if (text == NULL || text[0] == 0)
        return wrong(tmpl, "a refusal", "without a text");
    if (failure != PKI_BAD_CERT_TEMPLATE && failure != PKI_BAD_DATA_FORMAT && failure != PKI_BAD_POP)
        return wrong(tmpl, "a refusal with another failInfo", text);
    if ((failure == PKI_BAD_POP) != (strstr(text, "popo") != NULL))
        return wrong(tmpl, "a refusal whose failInfo is not that of its text", text);
    count_text(text);
    refused[form]++;
    return 1;
}

static int decoded_by_ctl(struct bytes der)
{
    char *text;
    size_t len;
    FILE *file = open_memstream(&text, &len);
    int ok;

    must(file != NULL);
    ok = decode_write(file, der);
    must(fclose(file) == 0);
    if (!ok)
        fprintf(stderr, "%s", text);
    free(text);
    return ok;
}

static void write_out(struct bytes der)
{
    const uint8_t head[] = {'C', (uint8_t)(der.len >> 24), (uint8_t)(der.len >> 16), (uint8_t)(der.len >> 8),
                            (uint8_t)der.len};

    must(fwrite(head, 1, sizeof head, stdout) == sizeof head &&
         fwrite(der.data, 1, der.len, stdout) == der.len);
}

static int check_certificate(const struct cert_template *tmpl, struct arena *arena,
                             const struct certificate *cert, size_t form)
{
    const char *fault;

    if ((fault = name_fault(arena, cert->subject)) != NULL)
        return wrong(tmpl, "the subject of a certificate", fault);
    if (cert->san.len != 0 && (fault = general_names_fault(arena, cert->san)) != NULL)
        return wrong(tmpl, "the subjectAltName of a certificate", fault);
    if (name_is_empty(cert->subject) && cert->san.len == 0)
        return wrong(tmpl, "a certificate", "names nobody");
    if (cert->is_ca || (cert->key_usage & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) != 0)
        return wrong(tmpl, "a certificate", "is a CA's");
    if (cert->not_before > cert->not_after || cert->not_after > profile()->ca->cert.not_after)
        return wrong(tmpl, "a certificate", "is valid at no time, or longer than the CA's");
    if (!bytes_equal(cert->spki, tmpl->spki))
        return wrong(tmpl, "a certificate", "has another key");
    if (!decoded_by_ctl(cert->der))
        return wrong(tmpl, "a certificate", "is broken by our own decoder");
    write_out(cert->der);
    issued[form]++;
    return 1;
}

/* No row is found, and every commit is done: nobody asked before. */
static void serve(const struct cmp_want *want)
{
    for (; want != NULL; want = want->next) {
        struct verification *verification = want->u.verify;
        struct signing *signing = want->u.sign;
        switch (want->kind) {
        case CMP_WANT_FETCH:
            want->u.fetch->outcome = STORE_ABSENT;
            break;
        case CMP_WANT_VERIFY:
            verify_batch(&verification, 1);
            break;
        case CMP_WANT_DECIDE:
            policy_decide(want->u.decide);
            break;
        case CMP_WANT_SIGN:
            sign_batch(&signing, 1);
            break;
        case CMP_WANT_COMMIT:
            want->u.commit->outcome = STORE_DONE;
            break;
        default:
            must(0);
        }
    }
}

/* An ir or a cr with a proof of possession, of which one in sixteen is wrong; or a p10cr, which has no more
 * than the subject of the template. */
static struct bytes draw_message(struct client *client, struct cert_template *tmpl, int *proven)
{
    struct cert_request asked = {.cert_req_id = 0, .tmpl = *tmpl};
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client->key));
    struct bytes encoded, body, signature;
    int type = draw(2) == 0 ? PKI_IR : PKI_CR;

    *proven = 1;
    if (draw(8) == 0 && tmpl->subject.len != 0) {
        *tmpl = (struct cert_template){.version = -1, .subject = tmpl->subject, .spki = tmpl->spki};
        client->subject = tmpl->subject;
        return client_request(client, PKI_P10CR);
    }
    *proven = draw(16) != 0;
    must(pki_encode_cert_request(&encoded, client->world->arena, &asked));
    signature = client_signature(client, client->key, algorithm, *proven ? encoded : tmpl->spki);
    must(pki_encode_cert_requests(&body, client->world->arena, encoded, algorithm->encoded, signature));
    return client_message(client, type, body);
}

static void draw_octets(uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        octets[i] = (uint8_t)draw(256);
}

/* What the device of the demo vendor sends; |world| is no more than what client.c needs. */
static void prepare(struct client *client, struct world *world, struct private_key *key)
{
    *client = (struct client){.world = world, .key = key};
    draw_octets(client->transaction_id, sizeof client->transaction_id);
    draw_octets(client->nonce, sizeof client->nonce);
    client->header = (struct pki_header){
        .pvno = PKI_CMP2000,
        .recipient = profile()->ca->sender,
        .transaction_id = bytes_of(client->transaction_id, sizeof client->transaction_id),
        .sender_nonce = bytes_of(client->nonce, sizeof client->nonce),
        .implicit_confirm = 1,
    };
    client_sign_by(client, &device, &vendor_ca, 1);
}

static int try_one(struct arena *arena, size_t form, int64_t now)
{
    const struct cmp_route route = {.profile = profile(), .body = -1};
    struct world world = {.arena = arena};
    size_t key = draw(KEYS);
    struct cert_template tmpl;
    struct cmp_message *message;
    struct cmp_result result;
    struct pki_message reply;
    struct cert_response response;
    struct certificate cert;
    struct client client;
    int proven, ok;

    prepare(&client, &world, keys[key]);
    draw_template(&tmpl, arena, key, now);
    message = cmp_start(arena, policy_settings(demo.policy), &route, draw_message(&client, &tmpl, &proven),
                        now * 1000);
    must(message != NULL);
    while (cmp_wants(message) != NULL) {
        serve(cmp_wants(message));
        cmp_resume(message, now * 1000);
    }
    cmp_result(message, &result);
    if (result.refused)
        ok = refuse(&tmpl, form, result.fail_info, result.text);
    else if (pki_message_decode(&reply, NULL, result.reply) != PKI_WHOLE ||
             !pki_decode_cert_rep(&response, reply.body) || !certificate_parse(&cert, response.certificate))
        ok = wrong(&tmpl, "an answer", "cannot be read");
    else if (!proven)
        ok = wrong(&tmpl, "a certificate", "for a key that nobody proved to have");
    else
        ok = check_certificate(&tmpl, arena, &cert, form);
    cmp_end(message);
    return ok;
}

static void make_keys(void)
{
    static const struct {
        enum key_kind kind;
        unsigned bits;
    } kinds[KEYS] = {{KEY_P256, 0}, {KEY_P256, 0},   {KEY_P384, 0},
                     {KEY_P521, 0}, {KEY_RSA, 2048}, {KEY_ED25519, 0}};

    for (size_t i = 0; i < KEYS; i++) {
        keys[i] = private_key_generate(kinds[i].kind, kinds[i].bits);
        must(keys[i] != NULL);
    }
}

static void read_device(struct arena *arena)
{
    char folder[DEMO_PATH_MAX + 8];
    struct ctl_identity intermediate;

    snprintf(folder, sizeof folder, "%s/demo", demo.dir);
    must(arena != NULL && ctl_load(&device, arena, folder, "device") &&
         ctl_load(&intermediate, arena, folder, "vendor-intermediate"));
    vendor_ca = intermediate.cert_der;
    ctl_identity_cleanup(&intermediate);
}

static void use_form(const char *from, const char *to)
{
    struct config_fault fault;

    if (!demo_edit(&demo, &fault, from, to)) {
        fprintf(stderr, "%s\n", fault.text);
        abort();
    }
}

int main(int argc, char **argv)
{
    struct arena *lasting = arena_new(1024 * 1024);
    int64_t now = time(NULL);
    long count;
    int ok = 1;

    must(argc == 3);
    count = strtol(argv[1], NULL, 10);
    state = strtoull(argv[2], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    demo_new(&demo);
    read_device(lasting);
    make_keys();
    for (size_t form = 0; form < FORMS && ok; form++) {
        use_form(forms[form].from, forms[form].to);
        for (long n = 0; n < count / FORMS && ok; n++) {
            struct arena *arena = arena_new(1024 * 1024);
            must(arena != NULL);
            ok = try_one(arena, form, now);
            arena_free(arena);
        }
        use_form(forms[form].to, forms[form].from);
        fprintf(stderr, "%s: issued %u refused %u\n", forms[form].what, issued[form], refused[form]);
    }
    for (size_t i = 0; i < TEXTS && text_counts[i] != 0; i++)
        fprintf(stderr, "  %u x %s\n", text_counts[i], texts[i]);
    for (size_t i = 0; i < KEYS; i++) {
        private_key_free(keys[i]);
    }
    ctl_identity_cleanup(&device);
    arena_free(lasting);
    demo_free(&demo);
    return !ok;
}
