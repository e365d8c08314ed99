/* Names in certificates: as requested, fixed, or by template. What RFC 5280 lets them hold is in
 * crypto/name_rules.c. */
#include "crypto/extension_names.h"
#include "crypto/name.h"
#include "crypto/name_match.h"
#include "crypto/name_patterns.h"
#include "crypto/name_rules.h"
#include "server/policy/internal.h"

/* ---- by template ---- */

/* struct made holds the values of a profile's templates for one request. */
struct made {
    char values[POLICY_NAMES_MAX][POLICY_VALUE_MAX];
};

static int expand_all(struct made *made, struct cmp_decision *decision, const struct policy_origin *origin,
                      const struct name_template *templates, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!policy_expand(made->values[i], decision, origin, &templates[i]))
            return 0;
    return 1;
}

/* Tells which of the templates made what may not stand in a certificate: each name is built by itself, which
 * only who is refused pays for. */
static int refuse_made(struct cmp_decision *decision, const struct made *made,
                       const struct name_template *templates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bytes name = bytes_of(NULL, 0);
        const char *wrong = "is no text of its type";
        if (policy_build_name(&name, decision->arena, &templates[i], made->values[i]) &&
            (wrong = templates[i].is_san ? general_names_fault(decision->arena, name)
                                         : name_fault(decision->arena, name)) == NULL)
            continue;
        return policy_refuse_name(decision, &templates[i], wrong,
                                  arena_printf(decision->arena, "%s, which this profile makes: %s",
                                               templates[i].is_san ? "subjectAltName" : "subject", wrong));
    }
    return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, NULL); /* there was no memory a moment ago */
}

static int make_subject(struct cmp_decision *decision, const struct profile *profile,
                        const struct policy_origin *origin, struct bytes *out)
{
    const char *pairs[2 * POLICY_NAMES_MAX + 1];
    struct made made;
    size_t n = 0;

    if (!expand_all(&made, decision, origin, profile->subject, profile->subject_count))
        return 0;
    for (size_t i = 0; i < profile->subject_count; i++) {
        pairs[n++] = profile->subject[i].type;
        pairs[n++] = made.values[i];
    }
    pairs[n] = NULL;
    if (name_build(out, decision->arena, pairs) && name_fault(decision->arena, *out) == NULL)
        return 1;
    return refuse_made(decision, &made, profile->subject, profile->subject_count);
}

static int make_san(struct cmp_decision *decision, const struct profile *profile,
                    const struct policy_origin *origin, struct bytes *out)
{
    struct made made;
    CBB cbb, names;
    int ok;

    if (!expand_all(&made, decision, origin, profile->san, profile->san_count))
        return 0;
    ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &names, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; ok && i < profile->san_count; i++)
        ok = policy_add_general_name(&names, profile->san[i].type, made.values[i]);
    if (der_finish(out, decision->arena, &cbb, ok) && general_names_fault(decision->arena, *out) == NULL)
        return 1;
    return refuse_made(decision, &made, profile->san, profile->san_count);
}

/* ---- as requested ---- */

/* RFC 9483 5.1.1: subject "identifies the same entity as the subject name in the CMP protection certificate".
 * What |requested| has of |attribute| must be |known|'s, and be there once. |*agrees| counts where it is. */
static int agree(struct arena *arena, struct bytes requested, struct bytes known, const char *attribute,
                 unsigned *agrees)
{
    struct bytes a, b;

    if (!name_attribute_once(&a, arena, requested, attribute) ||
        !name_attribute_once(&b, arena, known, attribute))
        return 0;
    *agrees += a.len != 0;
    return a.len == 0 || (b.len != 0 && name_text_equal(a, b));
}

/* … "or matches the identifier used with MAC-based protection" */
static int subject_is_bound(const struct cmp_decision *decision, struct bytes subject)
{
    unsigned agrees = 0;
    struct bytes known, name;

    if (decision->signer == NULL)
        return name_attribute_once(&name, decision->arena, subject, "CN") && name.len != 0 &&
               bytes_equal(name, decision->reference) &&
               name_attribute_once(&name, decision->arena, subject, "serialNumber") && name.len == 0;
    known = decision->signer->subject;
    return name_equal(subject, known) ||
           (agree(decision->arena, subject, known, "CN", &agrees) &&
            agree(decision->arena, subject, known, "serialNumber", &agrees) && agrees != 0);
}

static int san_is_bound(const struct cmp_decision *decision, struct bytes san)
{
    return san.len == 0 || (decision->signer != NULL && general_names_equal(san, decision->signer->san));
}

/* RFC 4211 4.1: where the template names no subject, and the proof of possession the identity that was
 * established for it, that identity is meant. */
static struct bytes requested_subject(const struct cert_request *request)
{
    return request->tmpl.subject.len != 0 || !request->pop_input.is_there ? request->tmpl.subject
                                                                          : request->pop_input.sender_name;
}

/* All that the request names, whatever of it comes into the certificate: so the operator need not know what
 * the profile makes of it to tell what an agent can get. */
static int check_agent(struct cmp_decision *decision)
{
    const struct config_agent *agent = decision->agent;
    const char *stranger;

    if (agent == NULL || (stranger = name_patterns_stranger(
                              decision->arena, agent->names.items, agent->names.count,
                              requested_subject(decision->request), decision->request->tmpl.san)) == NULL)
        return 1;
    policy_refuse(decision, PKI_NOT_AUTHORIZED,
                  "this agent may not enroll for all of these names: ask the operator which it may");
    decision->detail =
        arena_printf(decision->arena, "agent %s: %s looks like none of its names", agent->name, stranger);
    return policy_by(decision, "accept.agents", 0);
}

/* An agent may have the key of a certificate that it got: by that nobody gets names that the agent may not
 * have, nor are they counted. */
static int check_got_by_agent(struct cmp_decision *decision, const struct profile *profile, int takes_san)
{
    const struct certificate *signer = decision->signer;
    struct bytes san = decision->request->tmpl.san;

    if (profile->cmp.agent_count == 0 || !decision->by_own || signer == NULL ||
        ((!profile->takes_names || name_equal(requested_subject(decision->request), signer->subject)) &&
         (!takes_san || san.len == 0 || general_names_equal(san, signer->san))))
        return 1;
    return policy_by(decision, "accept.agents",
                     policy_refuse(decision, PKI_NOT_AUTHORIZED,
                                   "where agents enroll, a certificate of this CA gets another with the same "
                                   "names alone: ask for its subject and subjectAltName"));
}

/* Of what the request names, that which comes into the certificate; an RA or an agent speaks for others. */
static int check_bound(struct cmp_decision *decision, const struct profile *profile, int takes_san)
{
    int by_secret = decision->signer == NULL;

    if (decision->by_ra || decision->agent != NULL)
        return 1;
    if (!check_got_by_agent(decision, profile, takes_san))
        return 0;
    if (!profile->cmp.config->names.subject_bound)
        return 1;
    if (profile->takes_names && !subject_is_bound(decision, requested_subject(decision->request)))
        return policy_by(
            decision, "names.subject_bound",
            policy_refuse(
                decision, PKI_NOT_AUTHORIZED,
                by_secret
                    ? "subject must have the reference of the shared secret as its CN, and no serialNumber"
                    : "subject must have the CN or serialNumber of the protecting certificate, and no "
                      "other"));
    if (takes_san && !san_is_bound(decision, decision->request->tmpl.san))
        return policy_by(
            decision, "names.subject_bound",
            policy_refuse(decision, PKI_NOT_AUTHORIZED,
                          by_secret
                              ? "subjectAltName must be absent: a shared secret does not vouch for one"
                              : "subjectAltName must be absent, or that of the protecting certificate"));
    return 1;
}

/* What RFC 5280 does not let stand there, software cannot read, or reads differently. */
static int check_requested(struct cmp_decision *decision, const char *place, const char *fault)
{
    const char *text;

    if (fault == NULL)
        return 1;
    text = arena_printf(decision->arena, "%s: %s", place, fault);
    return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, text != NULL ? text : fault);
}

static int decide_subject(struct cmp_decision *decision, const struct profile *profile,
                          const struct policy_origin *origin, struct bytes *out)
{
    if (profile->subject_count != 0)
        return make_subject(decision, profile, origin, out);
    *out = origin->requested.len != 0 ? origin->requested : name_empty(); /* as RFC 4211 lets it be */
    return name_is_valid(*out)
               ? check_requested(decision, "subject", name_fault(decision->arena, *out))
               : policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "subject is malformed or too long");
}

static int decide_san(struct cmp_decision *decision, const struct profile *profile,
                      const struct policy_origin *origin, int takes_san, struct bytes *out)
{
    if (profile->san_count != 0)
        return make_san(decision, profile, origin, out);
    if (takes_san)
        *out = decision->request->tmpl.san;
    return out->len == 0 ||
           check_requested(decision, "subjectAltName", general_names_fault(decision->arena, *out));
}

static int check_names(struct cmp_decision *decision, const struct policy_certificate *cert)
{
    /* RFC 9483 4.1.1: the device is named in subject, in subjectAltName, or in both. */
    if (name_is_empty(cert->subject) && cert->san.len == 0)
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "name the device in subject or subjectAltName");
    if (!name_is_valid(cert->subject))
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "subject is malformed or too long");
    /* Under the CA's own name a device could pass for the signer of CRLs. */
    if (!name_differs(cert->subject, decision->profile->ca->cert.subject))
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                             "subject is the name of the CA, or cannot be told from it");
    return 1;
}

/* ---- by an authorizer ---- */

static int refuse_given(struct cmp_decision *decision, const char *place)
{
    decision->detail = arena_printf(decision->arena, "%s that it gave cannot stand in a certificate", place);
    return policy_by(decision, "authorize",
                     policy_refuse(decision, PKI_SYSTEM_FAILURE,
                                   "the operator's system gave this device a name that cannot be: ask the "
                                   "operator"));
}

static int take_subject(struct cmp_decision *decision, struct bytes *out)
{
    return policy_given_subject(out, decision->arena, decision->names) &&
                   name_fault(decision->arena, *out) == NULL
               ? 1
               : refuse_given(decision, "the subject");
}

static int take_san(struct cmp_decision *decision, struct bytes *out)
{
    return policy_given_san(out, decision->arena, decision->names) &&
                   general_names_fault(decision->arena, *out) == NULL
               ? 1
               : refuse_given(decision, "the subjectAltName");
}

int policy_decide_names(struct cmp_decision *decision, const struct profile *profile,
                        struct policy_certificate *out)
{
    const struct policy_origin origin = {
        .arena = decision->arena,
        .requested = requested_subject(decision->request),
        .signer = decision->signer != NULL ? decision->signer->subject : bytes_of(NULL, 0),
        .reference = decision->reference,
        .device = decision->device,
    };
    int takes_san;

    /* RFC 9483 4.1.3: the names of the certificate that is updated, "without modifications": whoever has got
     * them is not stranded for what they hold. */
    if (decision->update != NULL) {
        out->subject = decision->update->subject;
        out->san = decision->update->san;
        return check_names(decision, out);
    }
    if (decision->names != NULL && decision->names->subject_count != 0 &&
        !take_subject(decision, &out->subject))
        return 0;
    if (decision->names != NULL && decision->names->san_count != 0 && !take_san(decision, &out->san))
        return 0;
    takes_san = profile->san_count == 0 && policy_honours(profile, extension_oid(EXTENSION_SUBJECT_ALT_NAME));
    return check_agent(decision) && check_bound(decision, profile, takes_san) &&
           (out->subject.len != 0 || decide_subject(decision, profile, &origin, &out->subject)) &&
           (out->san.len != 0 || decide_san(decision, profile, &origin, takes_san, &out->san)) &&
           check_names(decision, out);
}
