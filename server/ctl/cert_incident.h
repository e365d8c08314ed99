/* cert_incident.h: revoking all certificates that an incident is about. */
#ifndef CMPD_CTL_CERT_INCIDENT_H
#define CMPD_CTL_CERT_INCIDENT_H

#include "server/ctl/cert_act.h"
#include "server/ctl/cert_select.h"

/* struct cert_incident is which, and how. */
struct cert_incident {
    struct cert_selection selection;
    unsigned rate;         /* certificates a second, at most */
    int after_replacement; /* 1: only those whose subject holds a newer one */
};

/* cert_incident_run counts what is selected, and does |act| to each that can be changed, one after the other,
 * until it is broken off: called again, it goes on where it was, for what is done is not selected any more.
 * With act->is_dry it tells the counts and a sample. Returns CTL_OK, or CTL_FAULT with a fault printed. */
int cert_incident_run(const struct cert_incident *incident, const struct ctl_opened *opened,
                      struct cert_act *act);

#endif
