/* fixture.h: a demo CA, a store with enrollments of it, and OCSP over both. Included once by a test. */
#ifndef CMPD_TESTS_UNIT_OCSP_FIXTURE_H
#define CMPD_TESTS_UNIT_OCSP_FIXTURE_H

#include "crypto/ocsp.h"
#include "server/ocsp/query.h"
#include "tests/support/demo.h"
#include "tests/unit/storage/suite.h"

static struct demo demo;
static struct ocsp_service *service;
static struct arena *arena;
static const struct cmp_authority *ca;
static uint8_t ca_id[STORE_ISSUER_ID];

/* The responder is made by the service's thread. */
static inline struct responder *wait_for_responder(void)
{
    struct responder *responder;

    while ((responder = ocsp_responder(service, ca_id, time(NULL))) == NULL)
        usleep(1000);
    return responder;
}

static inline void set_up_ocsp(void)
{
    set_up();
    demo_new(&demo);
    ca = policy_authority(demo.policy, NULL);
    memcpy(issuer_octets, ca->id, sizeof issuer_octets);
    memcpy(ca_id, ca->id, sizeof ca_id);
    arena = arena_new(16 * 1024 * 1024);
    service = ocsp_new(demo.policy, store);
    cr_assert_not_null(service);
    responder_release(wait_for_responder());
}

static inline void tear_down_ocsp(void)
{
    ocsp_stop(service);
    arena_free(arena);
    demo_free(&demo);
    tear_down();
}

/* edit changes a setting of the demo's configuration. */
static inline void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
    ca = policy_authority(demo.policy, NULL);
}

/* serial_of returns the serial of the |n|th enrollment. */
static inline struct bytes serial_of(uint32_t n)
{
    struct enrollment e;
    struct bytes serial;

    enrollment_init(&e, 1, n);
    serial = arena_copy(arena, e.cert.serial);
    enrollment_cleanup(&e);
    return serial;
}

static inline struct bytes request_for(enum digest_id digest, struct bytes serial, const char *nonce)
{
    struct bytes der;

    cr_assert(
        ocsp_request_write(&der, arena, digest, ca->cert.subject, ca->cert.spki, serial, bytes_str(nonce)));
    return der;
}

/* join makes one request of |count|. */
static inline struct bytes join(const struct bytes *requests, size_t count)
{
    struct ocsp_request parsed;
    CBB cbb, outer, tbs, list, request;
    struct bytes der;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&outer, &tbs, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&tbs, &list, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; i < count; i++)
        ok = ok && ocsp_request_parse(&parsed, requests[i]) &&
             CBB_add_asn1(&list, &request, CBS_ASN1_SEQUENCE) && der_add_bytes(&request, parsed.ids[0].der) &&
             CBB_flush(&list);
    cr_assert(der_finish(&der, arena, &cbb, ok));
    return der;
}

#endif
