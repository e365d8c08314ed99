/* crmf.h: CertReqMessages written as octets, for tests of what reads them. */
#ifndef CMPD_TESTS_PKI_CRMF_H
#define CMPD_TESTS_PKI_CRMF_H

#include <criterion/criterion.h>

#include "server/pki/request.h"
#include "tests/support/hex.h"

static struct arena *arena;

static inline void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static inline void tear_down(void)
{
    arena_free(arena);
}

static inline struct bytes wrap(uint8_t tag, struct bytes content)
{
    size_t head = content.len < 128 ? 2 : content.len < 256 ? 3 : 4;
    uint8_t *out = arena_alloc(arena, head + content.len);

    out[0] = tag;
    if (head == 2)
        out[1] = (uint8_t)content.len;
    if (head == 3) {
        out[1] = 0x81;
        out[2] = (uint8_t)content.len;
    }
    if (head == 4) {
        out[1] = 0x82;
        out[2] = (uint8_t)(content.len >> 8);
        out[3] = (uint8_t)content.len;
    }
    if (content.len != 0)
        memcpy(out + head, content.data, content.len);
    return bytes_of(out, head + content.len);
}

static inline struct bytes join(struct bytes a, struct bytes b)
{
    uint8_t *out = arena_alloc(arena, a.len + b.len);

    if (a.len != 0)
        memcpy(out, a.data, a.len);
    if (b.len != 0)
        memcpy(out + a.len, b.data, b.len);
    return bytes_of(out, a.len + b.len);
}

/* CertReqMsg ::= SEQUENCE { certReq SEQUENCE { certReqId 0, certTemplate |tmpl|, … }, |rest| } */
static inline struct bytes cert_req_msg(const char *tmpl, const char *controls, const char *rest)
{
    struct bytes request = join(hex(arena, "02 01 00"), wrap(0x30, hex(arena, tmpl)));

    return wrap(0x30, join(wrap(0x30, join(request, hex(arena, controls))), hex(arena, rest)));
}

static inline int decode(struct cert_request *out, struct bytes messages)
{
    const char *why = NULL;
    size_t count;
    int ok = pki_decode_cert_requests(out, &count, arena, &why, wrap(0x30, messages));

    cr_assert(ok || why != NULL);
    return ok;
}

#endif
