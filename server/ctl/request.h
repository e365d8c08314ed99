/* request.h: what the commands about requests that wait for approval share. */
#ifndef CMPD_CTL_REQUEST_H
#define CMPD_CTL_REQUEST_H

#include "server/cmp/approval.h"
#include "server/ctl/device.h"

enum { REQUEST_HEX = 2 * STORE_REQUEST + 1 };

/* struct request_said is what an approver says of a request, and whether that counts. */
struct request_said {
    const struct cmp_approver *approver;
    const struct store_approval *approval; /* NULL: nothing yet */
    int is_signed; /* 1: by the approver's key; it counts while their certificate is valid */
};

/* struct request_found is a request that waits, with what those say who may approve it. */
struct request_found {
    const struct store_request *row;
    struct request_said said[BOUND_APPROVERS];
    size_t said_count;
    unsigned approvals; /* that its profile wants; 0: the configuration does not have it */
    int64_t deadline;   /* Unix seconds: it is put off while no node serves */
};

/* request_read_id reads a request's name as request list prints it. 1, or 0 with a fault printed. */
int request_read_id(uint8_t id[STORE_REQUEST], const char *text);

/* request_look finds what the store |at| has of the request |row|. 1, or 0 with a fault printed. */
int request_look(struct request_found *found, const struct device_store *at, struct arena *arena,
                 const struct store_request *row);

/* request_find finds the one that |text| names. 1, or 0 with a fault printed: also if there is none. */
int request_find(struct request_found *found, const struct device_store *at, struct arena *arena,
                 const char *text);

/* request_state returns what |found| awaits at |now|: "waiting", "approved" and "denied", which its station
 * hears when it polls, or "expired". */
const char *request_state(const struct request_found *found, int64_t now);

/* request_json returns all of it but its octets. */
json_t *request_json(struct arena *arena, const struct request_found *found, int64_t now);

#endif
