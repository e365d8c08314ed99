/* expiry.c: see expiry.h. */
#include "server/policy/expiry.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/crl_set.h"
#include "server/policy/internal.h"

enum { DAY = 24 * 3600, GROWTH = 16 };

#define ANOTHER "issue another, name it, and send SIGHUP"

/* Of what a CA of this configuration has issued itself. */
#define RENEWS                                                                                               \
    "a node renews it at the last third of its validity: if none has, the log says why (not renewed); "      \
    "cmpctl certificate renew does it at once"

/* ---- kinds ---- */

static const struct expiry_kind kinds[] = {
    {"listeners[].tls.certificate", "TLS certificate",
     "stations that check it no longer connect: put another into the file", EXPIRY_REFUSES, 0},
    {"listeners[].tls.client_ca", "CA of TLS clients",
     "its clients are refused: put the next one into the file", EXPIRY_REFUSES, 0},
    {"cas[].certificate", "CA certificate",
     "the CA issues nothing after it: have its issuer certify the key again, name that certificate, and send "
     "SIGHUP",
     EXPIRY_STOPS, 0},
    {"cas[].chain[]", "certificate above the CA",
     "the CA issues nothing after it: get the next one, name it in chain, and send SIGHUP", EXPIRY_STOPS, 0},
    {"cas[].cmp_certificate", "CMP certificate",
     "stations refuse every answer after it, so nothing is issued: " ANOTHER, EXPIRY_STOPS, 0},
    {"cas[].crl_certificate", "certificate that signs CRLs", "nobody takes CRLs after it: " ANOTHER,
     EXPIRY_REFUSES, 0},
    {"cas[].previous.certificate", "former root", "stations know the present one by then", EXPIRY_HARMLESS,
     0},
    {"cas[].previous.new_with_old", "link to the present root",
     "stations that still have the former root do not find to the present one after it", EXPIRY_HARMLESS, 0},
    {"cas[].previous.old_with_new", "link to the former root",
     "stations that have the present root alone do not find to the former one after it", EXPIRY_HARMLESS, 0},
    {"cas[].next.certificate", "next root", "make the root after it in time", EXPIRY_REFUSES, 0},
    {"cas[].next.new_with_old", "link to the next root",
     "stations do not find to the next root after it: have the present root sign another", EXPIRY_REFUSES, 0},
    {"cas[].next.old_with_new", "link from the next root",
     "stations that have the next root alone do not find to the present one after it: have the next root "
     "sign another",
     EXPIRY_REFUSES, 0},
    {"vendors[].anchors[]", "anchor of a vendor",
     "stations below it are refused: ask the vendor for the next one, and name it", EXPIRY_REFUSES, 0},
    {"vendors[].intermediates[]", "intermediate of a vendor",
     "stations below it are refused, and no configuration that names it is loaded: ask the vendor for the "
     "next one, and name it",
     EXPIRY_REFUSES, 0},
    {"vendors[].crls", "CRL of a vendor", "get a newer one from the vendor", EXPIRY_REFUSES, 1},
    {"crl.files[]", "CRL of a CA above", "make the next one with cmpctl ca crl", EXPIRY_REFUSES, 0},
    {"approvers[].certificate", "certificate of an approver", "name the next one of this person",
     EXPIRY_HARMLESS, 0},
    {"upstream[].certificates[]", "certificate of an upstream CA",
     "its announcements are refused: name its next one", EXPIRY_REFUSES, 0},
    {"profiles[].accept.ras[]", "anchor of RAs", "RAs below it are refused: name the next one",
     EXPIRY_REFUSES, 0},
    {"profiles[].accept.agents[].certificate", "certificate of an agent",
     "the agent is refused: name its new one", EXPIRY_REFUSES, 0},
    {"profiles[].authorize.ca", "CA of an authorizer", "it cannot be asked: put the next one into the file",
     EXPIRY_REFUSES, 0},
    {"profiles[].answer.extra_certs[]", "certificate in answers", "name the next one", EXPIRY_REFUSES, 0},
    {"profiles[].general.encryption_certificate", "certificate to encrypt for",
     "no configuration that names it is loaded: " ANOTHER, EXPIRY_REFUSES, 0},
};

/* With late_days of a vendor most of its stations need it no longer than they are valid themselves. */
static const struct expiry_kind late = {
    "", "CA of a vendor with late_days",
    "stations below it that are valid for longer are refused: ask the vendor for the next one, and name it",
    EXPIRY_HARMLESS, 0};

/* What is blocked is not used: it may end. */
static const char blocked[] = "vendors[].blocked[]";

/* A setting that has no row yet is told all the same. */
static const struct expiry_kind other = {"", "certificate", "name the next one", EXPIRY_REFUSES, 0};

/* The setting without its numbers. */
static const char *pattern_of(char out[POLICY_SETTING], const char *name)
{
    size_t len = 0;

    for (int inside = 0; *name != 0 && len + 1 < POLICY_SETTING; name++) {
        inside = *name == '[' || (inside && isdigit((unsigned char)*name));
        if (!inside || *name == '[')
            out[len++] = *name;
    }
    out[len] = 0;
    return out;
}

static const struct expiry_kind *kind_of(const char *name)
{
    char pattern[POLICY_SETTING];

    pattern_of(pattern, name);
    if (strcmp(pattern, blocked) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(pattern, kinds[i].setting) == 0)
            return &kinds[i];
    return &other;
}

/* ---- the list ---- */

static uint64_t id_of(struct bytes der)
{
    uint8_t digest[DIGEST_MAX];
    uint64_t id;

    digest_compute(digest, DIGEST_SHA256, der);
    memcpy(&id, digest, sizeof id);
    return id;
}

/* Returns 0 without memory. */
static int add(struct policy *policy, const struct expiry *expiry, struct bytes der)
{
    struct expiry *grown = policy->expiries;

    if (policy->expiry_count % GROWTH == 0)
        grown = realloc(grown, (policy->expiry_count + GROWTH) * sizeof *grown);
    if (grown == NULL)
        return 0;
    policy->expiries = grown;
    grown += policy->expiry_count++;
    *grown = *expiry;
    grown->id = id_of(der);
    return 1;
}

static struct expiry *find(struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->expiry_count; i++)
        if (strcmp(policy->expiries[i].name, name) == 0)
            return &policy->expiries[i];
    return NULL;
}

static void of_certificate(struct expiry *expiry, const struct certificate *cert)
{
    expiry->subject = cert->subject;
    expiry->issuer = cert->issuer;
    expiry->serial = cert->serial;
    expiry->not_before = cert->not_before;
    expiry->not_after = cert->not_after;
}

int policy_note_certificates(struct policy *policy, const char *name, const char *file,
                             const struct bytes *ders, size_t count)
{
    struct expiry expiry = {.file = file, .kind = kind_of(name)};
    struct certificate cert;

    /* Several profiles may have the files of one vendor read. */
    if (expiry.kind == NULL || find(policy, name) != NULL)
        return 1;
    if ((expiry.name = arena_printf(policy->arena, "%s", name)) == NULL)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (!certificate_parse(&cert, ders[i]))
            continue;
        of_certificate(&expiry, &cert);
        if (!add(policy, &expiry, ders[i]))
            return 0;
    }
    return 1;
}

void policy_note_own(struct policy *policy, const char *name)
{
    struct expiry *expiry = find(policy, name);

    if (expiry != NULL)
        expiry->is_own = 1;
}

void policy_note_late(struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->expiry_count; i++)
        if (strcmp(policy->expiries[i].name, name) == 0)
            policy->expiries[i].kind = &late;
}

void policy_note_renewed(struct policy *policy, const char *name, const struct certificate *cert)
{
    struct expiry *expiry = find(policy, name);

    if (expiry == NULL)
        return;
    expiry->is_from_store = 1;
    expiry->id = id_of(cert->der);
    of_certificate(expiry, cert);
}

static int note_given(struct policy *policy, size_t i)
{
    const struct cmp_crl *crl = &policy->crls[i];
    struct expiry expiry = {.name = arena_printf(policy->arena, "crl.files[%zu]", i),
                            .file = policy->config->crl.files.items[i],
                            .subject = crl->issuer,
                            .not_before = crl->this_update,
                            .not_after = crl->next_update};

    if (expiry.name == NULL)
        return 0;
    expiry.kind = kind_of(expiry.name);
    return add(policy, &expiry, crl->der);
}

static int note_of_vendor(struct policy *policy, size_t v)
{
    const struct crl_set *set = policy->vendor_crls[v];
    struct expiry expiry = {.name = arena_printf(policy->arena, "vendors[%zu].crls", v)};

    if (expiry.name == NULL)
        return 0;
    expiry.kind = kind_of(expiry.name);
    for (size_t i = 0; i < set->count; i++) {
        expiry.file = set->items[i].file;
        expiry.subject = set->items[i].crl.issuer;
        expiry.not_before = set->items[i].crl.this_update;
        expiry.not_after = set->items[i].crl.next_update;
        if (!add(policy, &expiry, set->items[i].der))
            return 0;
    }
    return 1;
}

int policy_note_crls(struct policy *policy)
{
    for (size_t i = 0; i < policy->crl_count; i++)
        if (!note_given(policy, i))
            return 0;
    for (size_t v = 0; v < policy->config->vendor_count; v++)
        if (policy->vendor_crls[v] != NULL && !note_of_vendor(policy, v))
            return 0;
    return 1;
}

const struct expiry *policy_expiries(const struct policy *policy, size_t *count)
{
    *count = policy->expiry_count;
    return policy->expiries;
}

size_t policy_next_expiries(const struct expiry **out, size_t max, const struct policy *policy)
{
    size_t count = 0;

    for (size_t i = 0; i < policy->expiry_count; i++) {
        const struct expiry *expiry = &policy->expiries[i];
        size_t at = count;
        while (at > 0 && out[at - 1]->not_after > expiry->not_after)
            at--;
        if (at == max)
            continue;
        count += count < max;
        memmove(&out[at + 1], &out[at], (count - at - 1) * sizeof(const struct expiry *));
        out[at] = expiry;
    }
    return count;
}

/* ---- how near ---- */

enum expiry_level expiry_level(const struct expiry *expiry, int64_t now)
{
    static const int64_t days[] = {[EXPIRY_FIRST] = BOUND_EXPIRY_DAYS_FIRST,
                                   [EXPIRY_SECOND] = BOUND_EXPIRY_DAYS_SECOND,
                                   [EXPIRY_LAST] = BOUND_EXPIRY_DAYS_LAST};
    int64_t left = expiry->not_after - now, life = expiry->not_after - expiry->not_before;

    if (left < 0)
        return EXPIRY_OVER;
    for (int level = EXPIRY_LAST; level > EXPIRY_FAR; level--)
        if (left <= days[level] * DAY && days[level] * DAY <= life / 2)
            return (enum expiry_level)level;
    return EXPIRY_FAR;
}

const char *expiry_time(char out[EXPIRY_TIME_MAX], int64_t at)
{
    time_t seconds = (time_t)at;
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, EXPIRY_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        out[0] = 0;
    return out;
}

const char *expiry_text(char out[EXPIRY_TEXT_MAX], const struct expiry *expiry, int64_t now)
{
    char when[EXPIRY_TIME_MAX];
    const char *remedy = expiry->is_own ? RENEWS : expiry->kind->remedy;
    int64_t left = expiry->not_after - now;

    expiry_time(when, expiry->not_after);
    if (left < 0)
        snprintf(out, EXPIRY_TEXT_MAX, "%s: the %s has ended on %s: %s", expiry->file, expiry->kind->name,
                 when, remedy);
    else
        snprintf(out, EXPIRY_TEXT_MAX, "%s: the %s ends on %s, in %lld days: %s", expiry->file,
                 expiry->kind->name, when, (long long)(left / DAY), remedy);
    return out;
}

void policy_warn_of_expiries(const struct policy *policy, int64_t now, policy_warning *warn, void *arg)
{
    char text[EXPIRY_TEXT_MAX];

    for (size_t i = 0; i < policy->expiry_count; i++) {
        const struct expiry *expiry = &policy->expiries[i];
        if (!expiry->kind->is_followed && expiry_level(expiry, now) != EXPIRY_FAR)
            warn(arg, expiry->name, expiry_text(text, expiry, now));
    }
}

/* Another CA of this node may go on: it stays in service for that. */
const struct expiry *policy_stopped(const struct policy *policy, int64_t now)
{
    for (size_t i = 0; i < policy->settings.profile_count; i++)
        if (now <= cmp_signs_until(policy->settings.profiles[i]))
            return NULL;
    for (size_t i = 0; i < policy->expiry_count; i++)
        if (policy->expiries[i].kind->effect == EXPIRY_STOPS && now > policy->expiries[i].not_after)
            return &policy->expiries[i];
    return NULL;
}
