/* setup.h: what the folder that cmpctl init --demo made knows: the CA, the vendor, a shared secret. */
#ifndef CMPD_BENCH_SETUP_H
#define CMPD_BENCH_SETUP_H

#include "crypto/certificate.h"

struct setup {
    struct arena *arena;
    struct certificate root, ca, cmp, vendor;
    struct public_key *ca_key, *cmp_key;
    struct private_key *vendor_key; /* it is a demo: the simulated factory signs with it */
    struct bytes recipient;         /* GeneralName of the CA */
    struct bytes reference, secret; /* the demo's, used again by all */
};

/* setup_load reads |dir|. 1, or 0 with a fault printed; setup_cleanup frees what was read either way. */
int setup_load(struct setup *out, const char *dir);
void setup_cleanup(struct setup *setup);

#endif
