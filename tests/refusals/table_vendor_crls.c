/* Whom a vendor's CRLs let in: RFC 9483 3.5, "certificate status checking SHOULD be performed on the CMP
 * protection certificates"; RFC 5280 6.3. */
#include <stdlib.h>

#include "server/ctl/root_crl.h"
#include "tests/refusals/refusal.h"

enum { DAY = 24 * 3600 };

/* The vendor's root is the anchor, its CA is listed, and both sign CRLs. */
static void begin(struct scene *scene)
{
    struct world *world = scene->world;

    must((scene->crls = crl_set_new(0)) != NULL);
    must(trust_add(&scene->crls->trust, world->vendor_root.cert_der, 1));
    must(trust_add_issued(&scene->crls->trust, world->vendor_ca.cert_der, &scene->crls->trust.items[0]));
    must(trust_add(&scene->trust, world->vendor_root.cert_der, 1));
    scene->trust.items[0].crls = scene->crls;
    world->profile.trust = &scene->trust;
}

/* A CRL of |ca| for a day from |at|, which lists |revoked|, or nobody. */
static void add(struct scene *scene, const struct ctl_identity *ca, const struct ctl_identity *revoked,
                int64_t at)
{
    struct root_crl_revoked entry = {.reason = 1};
    struct root_crl plan = {
        .ca = ca, .revoked = &entry, .revoked_count = revoked != NULL, .days = 1, .now = at};
    struct bytes der;
    int64_t number;

    if (revoked != NULL)
        entry.cert = revoked->cert;
    must(root_crl_make(&der, &number, &plan));
    must(crl_set_add(scene->crls, "a file", der) == NULL);
}

static void device_revoked(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_root, NULL, scene->world->now);
    add(scene, &scene->world->vendor_ca, &scene->world->device, scene->world->now);
}

static void ca_revoked(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_root, &scene->world->vendor_ca, scene->world->now);
    add(scene, &scene->world->vendor_ca, NULL, scene->world->now);
}

static void no_crl(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_root, NULL, scene->world->now);
}

static void no_crl_of_the_root(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_ca, NULL, scene->world->now);
}

static void stale(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_root, NULL, scene->world->now);
    add(scene, &scene->world->vendor_ca, NULL, scene->world->now - 2 * DAY);
}

static void of_the_future(struct scene *scene)
{
    begin(scene);
    add(scene, &scene->world->vendor_root, NULL, scene->world->now);
    add(scene, &scene->world->vendor_ca, NULL, scene->world->now + DAY);
}

static const struct refusal rows[] = {
    NOT_TRUSTED("RFC 5280 6.3.3 (j)", "a device that is revoked", PKI_IR, device_revoked),
    NOT_TRUSTED("RFC 5280 6.3.3 (j)", "a device that is revoked sends p10cr", PKI_P10CR, device_revoked),
    NOT_TRUSTED("RFC 5280 6.3.3 (j)", "a device of a CA that is revoked", PKI_CR, ca_revoked),
    NOT_TRUSTED("RFC 5280 6.3.3", "a device that no CRL speaks of", PKI_IR, no_crl),
    NOT_TRUSTED("RFC 5280 6.3.3", "a device of a CA that no CRL speaks of", PKI_IR, no_crl_of_the_root),
    NOT_TRUSTED("RFC 5280 6.3.3 (a)", "a device whose CRL is stale", PKI_CR, stale),
    NOT_TRUSTED("RFC 5280 5.1.2.4", "a device whose CRL is of the future", PKI_IR, of_the_future),
};

REFUSALS(refusals_of_vendor_crls, rows);
