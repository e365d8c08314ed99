/* cert revoke --wait: until the CRL says so, and a responder of OCSP. */
#include <time.h>
#include <unistd.h>

#include "crypto/ocsp.h"
#include "server/base/clock.h"
#include "server/ctl/cert.h"
#include "server/ctl/steps.h"

enum { LONGEST = 120, PAUSE_US = 100 * 1000, LOOK_ARENA = 64 * 1024 };

static struct cert_wait_of *of_issuer(struct cert_wait *wait, const struct cert_found *found)
{
    for (size_t i = 0; i < wait->count; i++)
        if (memcmp(wait->of[i].issuer, found->issuer, STORE_ISSUER_ID) == 0)
            return &wait->of[i];
    struct cert_wait_of *of = &wait->of[wait->count++]; /* a CA of the configuration: there is room */
    *of = (struct cert_wait_of){.ca = found->ca};
    memcpy(of->issuer, found->issuer, STORE_ISSUER_ID);
    return of;
}

int cert_wait_note(struct cert_wait *wait, struct store *store, struct arena *arena,
                   const struct cert_found *found)
{
    struct cert_wait_of *of = of_issuer(wait, found);
    const struct store_revocation *row;
    const void *found_row;

    wait->since_ms = clock_steady_ms(); /* many changes may take longer than anybody waits */
    if (!cert_fetch(&found_row, store, arena, STORE_REVOCATIONS, found->issuer, found->cert->serial))
        return 0;
    row = found_row;
    if (row != NULL && row->position > of->position) {
        of->position = row->position;
        of->is_good = row->status == STORE_CERT_VALID;
        of->shard = row->shard;
        memcpy(of->serial, found->cert->serial.data, sizeof of->serial);
        cert_ocsp_url(of->ocsp_url, found->cert->certificate);
    }
    return 1;
}

static int is_over(const struct cert_wait *wait)
{
    return clock_steady_ms() - wait->since_ms > (int64_t)1000 * LONGEST;
}

static double seconds_since(const struct cert_wait *wait)
{
    return (double)(clock_steady_ms() - wait->since_ms) / 1000;
}

/* The number of the CRL of |scope| that says so; 0: there is none yet; -1 with a fault printed. */
static int64_t look_at(struct store *store, const struct cert_wait_of *of, const char *scope)
{
    struct arena *arena = arena_new(LOOK_ARENA);
    const void *row = NULL;
    int64_t number = -1;

    if (arena == NULL) {
        ctl_fault("out of memory");
        return -1;
    }
    if (cert_fetch(&row, store, arena, STORE_CRLS, of->issuer, bytes_str(scope))) {
        const struct store_crl *crl = row;
        number = crl != NULL && crl->position >= of->position ? crl->number : 0;
    }
    arena_free(arena);
    return number;
}

/* A certificate of a shard names that shard's; else a full one will do, or a delta to one. */
static int64_t look(struct store *store, const struct cert_wait_of *of, char scope[STORE_SCOPE_MAX])
{
    int64_t number;

    if (of->shard != 0) {
        snprintf(scope, STORE_SCOPE_MAX, "shard-%d", of->shard);
        return look_at(store, of, scope);
    }
    snprintf(scope, STORE_SCOPE_MAX, "full");
    if ((number = look_at(store, of, scope)) != 0)
        return number;
    snprintf(scope, STORE_SCOPE_MAX, "delta");
    return look_at(store, of, scope);
}

/* Whether a CRL says so; prints which. -1 with a fault printed. */
static int look_for_crl(const struct cert_wait *wait, const struct cert_wait_of *of, struct store *store)
{
    char scope[STORE_SCOPE_MAX];
    int64_t number = look(store, of, scope);

    if (number > 0)
        printf("CRL %lld (%s) of %s says so, after %.1f s\n", (long long)number, scope, of->ca,
               seconds_since(wait));
    return number > 0 ? 1 : (int)number;
}

/* 1: the responder says so; 0 with |why| not. */
static int ask(const struct cert_wait_of *of, const struct policy *policy, char why[CERT_OCSP_WHY])
{
    enum ocsp_cert_status wanted = of->is_good ? OCSP_GOOD : OCSP_REVOKED;
    int status = cert_ocsp_status(of->ocsp_url, &policy_authority(policy, of->ca)->cert,
                                  bytes_of(of->serial, STORE_SERIAL), why);

    if (status >= 0 && status != (int)wanted)
        snprintf(why, CERT_OCSP_WHY, "it is said to be %s",
                 status == OCSP_GOOD      ? "good"
                 : status == OCSP_REVOKED ? "revoked"
                                          : "unknown");
    return status == (int)wanted;
}

static int look_for_ocsp(const struct cert_wait *wait, const struct cert_wait_of *of,
                         const struct policy *policy, char why[CERT_OCSP_WHY])
{
    if (!ask(of, policy, why))
        return 0;
    printf("OCSP of %s (%s) says so, after %.1f s\n", of->ca, of->ocsp_url, seconds_since(wait));
    return 1;
}

static int tell_over(const struct cert_wait_of *of, int in_crl, const char *why)
{
    return in_crl ? ctl_fault("OCSP at %s does not say so after %d seconds: %s", of->ocsp_url, LONGEST, why)
                  : ctl_fault("no CRL of %s says so after %d seconds: see whether a node serves, and its log",
                              of->ca, LONGEST);
}

/* Both by turns: neither is told later because the other is late. */
static int wait_for(const struct cert_wait *wait, const struct cert_wait_of *of,
                    const struct ctl_opened *opened)
{
    char why[CERT_OCSP_WHY] = "";
    int in_crl = 0, in_ocsp = of->ocsp_url[0] == 0;

    for (;;) {
        if (!in_crl && (in_crl = look_for_crl(wait, of, opened->store)) < 0)
            return 0;
        if (!in_ocsp)
            in_ocsp = look_for_ocsp(wait, of, opened->policy, why);
        if (in_crl && in_ocsp)
            return 1;
        if (ctl_stopped())
            return !ctl_fault("broken off: what was changed stays so");
        if (is_over(wait))
            return !tell_over(of, in_crl, why);
        usleep(PAUSE_US);
    }
}

int cert_wait(const struct cert_wait *wait, const struct ctl_opened *opened)
{
    for (size_t i = 0; i < wait->count; i++)
        if (!wait_for(wait, &wait->of[i], opened))
            return 0;
    return 1;
}
