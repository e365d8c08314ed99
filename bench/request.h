/* request.h: base stations and the messages that they send. */
#ifndef CMPD_BENCH_REQUEST_H
#define CMPD_BENCH_REQUEST_H

#include "bench/options.h"
#include "bench/setup.h"
#include "crypto/mac.h"

enum {
    REQUEST_NONCE = 16 /* RFC 9483 3.1: 128 bits */,
    REQUEST_BATCH = 64,
    REQUEST_PVNO = 2 /* cmp2000: what an answer has as well */
};

/* struct device is one base station. Keys that are not needed any more are NULL. */
struct device {
    struct private_key *factory_key; /* NULL if a shared secret protects */
    struct bytes factory_cert;       /* by the vendor */
    struct private_key *key;         /* that an enrollment asks to be certified */
    struct private_key *next_key;    /* … and an update of it */
    struct bytes own_cert;           /* issued here: malloc'ed, for kur and rr */
    struct bytes reference, secret;  /* of MACs */
    char name[72];                   /* CN */
};

/* struct request is a first message that is ready to be sent, and what its answer must fit. */
struct request {
    enum scenario scenario;
    struct device *device;      /* of CMP; else NULL */
    const struct device *agent; /* whose own_cert protects it; NULL: the device does */
    struct bytes message;
    struct bytes cert_id, nonce; /* of OCSP: views into the message */
    uint8_t transaction_id[REQUEST_NONCE], sender_nonce[REQUEST_NONCE];
    struct bytes spki, subject;                  /* asked to be certified; empty for rr */
    struct mac_key *mac_key;                     /* NULL: protected by a signature */
    const struct private_key *signer;            /* for what follows; NULL with a MAC */
    const struct signature_algorithm *algorithm; /* … with it */
};

/* device_certify makes the vendor's certificates of |n| devices (at most REQUEST_BATCH) that have their keys,
 * valid from |now| (Unix seconds), into |arena|. 1 or 0. */
int device_certify(struct device *const *devices, size_t n, struct arena *arena, const struct setup *setup,
                   int64_t now);

/* request_make makes |n| requests (at most REQUEST_BATCH), whose scenario and device are set, into |arena|. 1
 * or 0. */
int request_make(struct request *const *requests, size_t n, struct arena *arena, const struct setup *setup,
                 const struct options *options);

/* request_key returns the key that |request| asks to be certified; NULL if its device has none yet. */
const struct private_key *request_key(const struct request *request, const struct options *options);

/* request_is_ready returns 1 if |request| can be sent: it has its message, or needs none. */
int request_is_ready(const struct request *request);

/* struct following is a later message of a transaction in the making: between prepare and finish its
 * signature is made, in a batch with others. */
struct following {
    uint8_t nonce[REQUEST_NONCE];
    struct bytes part;
    struct signing item; /* key NULL: a MAC, nothing to sign */
};

/* confirmation_prepare begins the certConf of |cert|; |server_nonce| is the senderNonce of the answer that
 * brought it. |out| stays where it is until it is finished. 1 or 0. */
int confirmation_prepare(struct following *out, struct arena *arena, const struct request *request,
                         const struct certificate *cert, struct bytes server_nonce);

/* poll_prepare begins the pollReq of who heard no answer to |request| (RFC 9810 5.3.22). What comes is the
 * answer to |request|, its recipNonce that of the pollReq. 1 or 0. */
int poll_prepare(struct following *out, struct arena *arena, const struct request *request);

/* following_finish writes the message. 1 or 0. */
int following_finish(struct bytes *message, struct arena *arena, const struct following *following,
                     const struct request *request);

#endif
