/* fleet.h: all base stations of a run, and all that is asked, prepared before the clock runs. */
#ifndef CMPD_BENCH_FLEET_H
#define CMPD_BENCH_FLEET_H

#include "bench/parallel.h"
#include "bench/request.h"

struct fleet {
    const struct setup *setup;
    const struct options *options;
    unsigned count;
    struct request *requests; /* in the order of the run */
    unsigned device_count;
    struct device *devices;      /* of the requests of CMP, in their order; then those that OCSP asks about */
    struct request *enrollments; /* of each device that needs a certificate first; of the others unused */
    int enrolls_first;           /* 1: there are such */
    struct bytes *serials;       /* of certificates that OCSP asks about, in turn: contents of INTEGERs */
    unsigned serial_count;
    struct arena *arenas[PARALLEL_WORKERS_MAX];
    struct arena *shared;
};

/* fleet_prepare_devices makes |count| devices, with keys and vendor's certificates, and nothing else. 1, or 0
 * with a fault printed; fleet_cleanup frees everything either way. */
int fleet_prepare_devices(struct fleet *fleet, const struct setup *setup, const struct options *options,
                          unsigned count);

/* fleet_prepare makes the devices for options->count requests, and those of the requests that need no
 * certificate of this CA first. 1, or 0 with a fault printed; fleet_cleanup frees everything either way. */
int fleet_prepare(struct fleet *fleet, const struct setup *setup, const struct options *options);

/* fleet_prepare_rest makes the others, when the devices have got their certificates: kur and rr are signed
 * with those, OCSP asks about them. Those of devices that have none are left without a message. 1, or 0 with
 * a fault printed. */
int fleet_prepare_rest(struct fleet *fleet);

void fleet_cleanup(struct fleet *fleet);

/* ---- fleet_disk.c ---- */

/* fleet_read takes keys and certificates of the first devices from the file |path|, as many as fit; |*have|
 * says how many. Returns 0, with a fault printed, if the file is there and was made for another vendor or
 * other keys. */
int fleet_read(struct fleet *fleet, unsigned *have, const char *path);

/* fleet_write writes those of all devices to |path|, mode 0600. 1, or 0 with a fault printed. */
int fleet_write(const struct fleet *fleet, const char *path);

#endif
