/* cert_incident.c: see cert_incident.h. First a way through the store that changes nothing: it counts, and so
 * tells the progress its end. Then another, on which each certificate is judged again, by itself. Nothing is
 * kept between calls but the certificates themselves: what is revoked is done. */
#include "server/ctl/cert_incident.h"

#include <string.h>

#include "server/base/clock.h"
#include "server/ctl/cert_replaced.h"
#include "server/ctl/steps.h"

enum { SAMPLE = 5 };

/* What is to be done to a certificate. */
enum verdict { TO_DO, DONE_ALREADY, EXPIRED, NOT_REPLACED, MISSING, VERDICTS };

static const char *const verdict_texts[VERDICTS] = {
    [TO_DO] = "to be revoked",
    [DONE_ALREADY] = "revoked already",
    [EXPIRED] = "expired: nobody takes them any more",
    [NOT_REPLACED] = "kept: their subject holds no newer confirmed certificate of another key",
    [MISSING] = "in no store",
};

struct run {
    const struct cert_incident *incident;
    const struct ctl_opened *opened;
    struct cert_act *act;
    struct cert_replaced *replaced; /* NULL: it does not matter */
    struct ctl_steps steps;
    size_t counts[VERDICTS];
    int64_t sealed_ms;
    int failed; /* out of memory */
};

static enum verdict judge(const struct run *run, const struct store_cert *cert)
{
    if (cert == NULL)
        return MISSING;
    if (cert->status == STORE_CERT_REVOKED)
        return DONE_ALREADY;
    if (cert->not_after < run->act->now)
        return EXPIRED;
    return run->replaced != NULL && !cert_is_replaced(run->replaced, cert) ? NOT_REPLACED : TO_DO;
}

/* ---- the ways through the store ---- */

static int ask(void *arg, const struct cert_found *found)
{
    struct run *run = arg;

    if (found->cert != NULL && found->cert->status != STORE_CERT_REVOKED)
        run->failed |= !cert_replaced_ask(run->replaced, found->cert);
    return !run->failed && !ctl_stopped();
}

static int count(void *arg, const struct cert_found *found)
{
    struct run *run = arg;
    enum verdict verdict = judge(run, found->cert);
    char hex[CERT_HEX_MAX];

    if (verdict == TO_DO && run->act->is_dry && run->counts[TO_DO] < SAMPLE) {
        printf("%s would be %s: ", log_hex(hex, sizeof hex, found->cert->serial), run->act->outcome);
        cert_put_text(found->cert->subject_text, 0);
        putchar('\n');
    }
    run->counts[verdict]++;
    return !ctl_stopped();
}

static int change(void *arg, const struct cert_found *found)
{
    struct run *run = arg;

    if (judge(run, found->cert) != TO_DO)
        return !ctl_stopped();
    cert_act_count(run->opened, run->act, found->cert->serial.data);
    ctl_seal_at_times(&run->sealed_ms, run->opened->store, run->opened->policy);
    return ctl_steps_next(&run->steps);
}

static int go(struct run *run, int (*each)(void *arg, const struct cert_found *found))
{
    return cert_selection_each(&run->incident->selection, run->opened, each, run) &&
           (!run->failed || !ctl_fault("out of memory"));
}

/* ---- what is told ---- */

static void tell_counts(const struct run *run)
{
    FILE *out = run->act->is_dry ? stdout : stderr;

    for (int i = 0; i < VERDICTS; i++)
        if (run->counts[i] != 0 || i == TO_DO)
            fprintf(out, "%10zu %s\n", run->counts[i], verdict_texts[i]);
}

/* There may be more of them than were counted: nodes go on issuing. */
static int tell_end(const struct run *run)
{
    const struct cert_act *act = run->act;
    size_t to_do = run->counts[TO_DO], done = act->changed + act->refused;

    fprintf(stderr, "cmpctl: %zu %s, %zu not\n", act->changed, act->outcome, act->refused);
    if (ctl_stopped())
        return ctl_fault("broken off: %zu are left. The same call goes on from here",
                         done < to_do ? to_do - done : 0);
    return act->refused != 0 ? CTL_FAULT : CTL_OK;
}

static int run_all(struct run *run)
{
    if (run->replaced != NULL &&
        (!go(run, ask) || !cert_replaced_look(run->replaced, run->opened, run->act->now)))
        return CTL_FAULT;
    if (!go(run, count))
        return CTL_FAULT;
    if (ctl_stopped())
        return ctl_fault("broken off: nothing was changed");
    tell_counts(run);
    if (run->act->is_dry)
        return CTL_OK;
    ctl_steps_begin(&run->steps, run->counts[TO_DO], run->incident->rate);
    if (!go(run, change))
        return CTL_FAULT;
    ctl_steps_end(&run->steps);
    return tell_end(run);
}

int cert_incident_run(const struct cert_incident *incident, const struct ctl_opened *opened,
                      struct cert_act *act)
{
    struct run run = {.incident = incident, .opened = opened, .act = act, .sealed_ms = clock_steady_ms()};
    int status;

    ctl_steps_begin(&run.steps, 0, incident->rate);
    if (incident->after_replacement && (run.replaced = cert_replaced_new()) == NULL)
        return ctl_fault("out of memory");
    status = run_all(&run);
    cert_replaced_free(run.replaced);
    return status;
}
