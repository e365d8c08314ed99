/* ocsp.h: OCSP beside CMP (RFC 6960 in the profile of RFC 9919): two threads of each node: one follows
 * what is revoked, one has the responders' certificates renewed; and what is kept of responses. No request
 * waits for it. */
#ifndef CMPD_OCSP_OCSP_H
#define CMPD_OCSP_OCSP_H

#include "server/base/bounds.h"
#include "server/ocsp/cache.h"
#include "server/ocsp/responder.h"
#include "server/policy/policy.h"

struct ocsp_service;

/* ocsp_new starts the threads. |policy| is acquired; |store| must outlive it. Returns NULL without memory or
 * threads. */
struct ocsp_service *ocsp_new(struct policy *policy, struct store *store);

/* ocsp_set_policy makes |policy| the one in use (SIGHUP). */
void ocsp_set_policy(struct ocsp_service *service, struct policy *policy);

/* ocsp_stop ends the threads, and frees |service|. NULL is allowed. */
void ocsp_stop(struct ocsp_service *service);

/* ocsp_cache returns what is kept of responses. It lives as long as |service|. */
struct ocsp_cache *ocsp_cache(struct ocsp_service *service);

/* ocsp_responder returns who signs for the CA |issuer| at |now| (Unix seconds), held by the caller; NULL if
 * there is nobody yet. Any thread. */
struct responder *ocsp_responder(struct ocsp_service *service, const uint8_t issuer[STORE_ISSUER_ID],
                                 int64_t now);

/* struct ocsp_told is who signs at this node for a CA. */
struct ocsp_told {
    char ca[STORE_NAME_MAX + 1];
    int64_t not_after; /* of the responder's certificate, Unix seconds; 0: nobody signs */
    int is_late;       /* 1: another one should have been certified by now */
};

/* ocsp_list writes those of all CAs into |out|, and returns how many they are. Half of its days before a
 * certificate ends, or when there is none, another one is wanted; it is late when it has been for
 * OCSP_PATIENCE_MS, and half of that time has gone, or nobody signs. A CA that has ended certifies nobody:
 * none is late. A token that hangs keeps nobody from being told. Any thread. */
enum { OCSP_PATIENCE_MS = 5000 };
size_t ocsp_list(struct ocsp_service *service, struct ocsp_told out[BOUND_AUTHORITIES], int64_t now,
                 int64_t now_ms);

/* ocsp_look answers |request|, an OCSPRequest, from what is at hand: one that is malformed, and with |fresh|
 * one whose response is kept and need not be made anew, else one whose response is kept and holds. Its octets
 * are in |octets|; without a tag, no cache may keep it. Returns 1, or 0: somebody has to ask the store
 * (query.h). Never blocks. Any thread. */
int ocsp_look(struct ocsp_service *service, struct ocsp_kept *out, uint8_t octets[OCSP_KEPT_MAX],
              struct bytes request, int64_t now, int fresh);

/* ocsp_of_path reads the OCSPRequest that |text|, what follows the path in the URL of a GET, stands for (RFC
 * 6960 A.1): base64, of which any octet may be a percent code. |out| has room for
 * OCSP_OF_PATH_MAX octets. Returns
 * 1, or 0 if it stands for none. */
enum { OCSP_OF_PATH_MAX = (BOUND_OCSP_OCTETS + 2) / 3 * 3 };
int ocsp_of_path(uint8_t out[OCSP_OF_PATH_MAX], size_t *len, struct bytes text);

#endif
