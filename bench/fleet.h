/* fleet.h: all base stations of a run, prepared before the clock runs. */
#ifndef CMPD_BENCH_FLEET_H
#define CMPD_BENCH_FLEET_H

#include "bench/parallel.h"
#include "bench/request.h"

struct fleet {
    const struct setup *setup;
    const struct options *options;
    unsigned count;
    struct device *devices;
    struct request *requests; /* one of each device, in the order of the run */
    struct request
        *enrollments; /* what gets those who send kur or rr their certificates; of the others unused */
    struct arena *arenas[PARALLEL_WORKERS_MAX];
    struct arena *shared;
};

/* fleet_prepare makes options->count devices, and the requests of those that need no certificate of this CA
 * first. 1, or 0 with a fault printed; fleet_cleanup frees everything either way. */
int fleet_prepare(struct fleet *fleet, const struct setup *setup, const struct options *options);

/* fleet_prepare_own signs kur and rr with the certificates that the devices have got. Those that have none
 * are left without a message. 1, or 0 with a fault printed. */
int fleet_prepare_own(struct fleet *fleet);

void fleet_cleanup(struct fleet *fleet);

/* ---- fleet_disk.c ---- */

/* fleet_read takes keys and certificates of the first devices from the file |path|, as many as fit; |*have|
 * says how many. Returns 0, with a fault printed, if the file is there and was made for another vendor or
 * other keys. */
int fleet_read(struct fleet *fleet, unsigned *have, const char *path);

/* fleet_write writes those of all devices to |path|, mode 0600. 1, or 0 with a fault printed. */
int fleet_write(const struct fleet *fleet, const char *path);

#endif
