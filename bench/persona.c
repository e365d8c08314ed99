/* The table of personae. What stands in a row is what manuals, users or code tell of that client; what does
 * not, nobody told. Where nobody told whether it sends a certConf, it does (RFC 9483 4.1.1); where a secret
 * and a certificate both may protect what enrolls, it is a secret. Nobody tells of the lengths of nonces, of
 * extraCerts, and of other proofs of possession than a signature: they are as in request.c for everybody, and
 * so is the recipient, the CA. */
#include <string.h>

#include "bench/persona.h"

static const struct persona table[] = {
    /* SR OS 22. There is a switch that has it set the sender of an ir: it is off here. The version of HTTP is
     * set by hand; what is lost it sends again. */
    {.name = "nokia",
     .client = "Nokia SR OS",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM,
     .null_sender = 1,
     .asks_address = 1,
     .retry = PERSONA_RETRY_SAME,
     .http10 = 1},
    /* Routers and base stations. A MAC is the default, HMAC-SHA1 and a kur with the old key can be chosen:
     * they are here. It polls when it heard nothing. */
    {.name = "huawei",
     .client = "Huawei NE40E",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM,
     .mac = DIGEST_SHA1,
     .key = KEY_RSA,
     .keeps_key = 1,
     .sender = PERSONA_SENDER_RECIPIENT,
     .retry = PERSONA_RETRY_POLL,
     .url_max = 128},
    /* Release 17. */
    {.name = "staros",
     .client = "Cisco StarOS",
     .enrolls = SCENARIO_CR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .key = KEY_RSA,
     .signs_sha1 = 1},
    /* 7.6: has the CA's certificate pinned as the one that answers. */
    {.name = "fortios",
     .client = "FortiOS",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM,
     .sender = PERSONA_SENDER_RECIPIENT,
     .path = "/app/cert/cmp2"},
    /* A secret at installation; it is void at renewal, which is signed. */
    {.name = "ericsson",
     .client = "Ericsson nodes",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM},
    /* oom-platform-cert-service. Its iterations are from 1,000 to 1,999, by chance: the most of them. */
    {.name = "onap",
     .client = "ONAP cert-service",
     .enrolls = SCENARIO_IR,
     .renews = SCENARIO_KUR,
     .protection = PROTECTION_PBM,
     .owf = DIGEST_SHA1,
     .mac = DIGEST_SHA1,
     .mac_iterations = 1999,
     .key = KEY_RSA,
     .asks_usages = 1,
     .revokes = 1},
    /* Enrolls many names with one identity. A secret or a certificate may protect its ir: a secret here.
       HTTP/1.0 comes first. */
    {.name = "occm",
     .client = "Oracle OCCM",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM,
     .enrolls_others = 1,
     .http10 = 1,
     .path = "/"},
    /* Renews by another p10cr, of the same key or of a new one: a new one here. */
    {.name = "cmp-issuer",
     .client = "cert-manager's cmp-issuer",
     .enrolls = SCENARIO_P10CR_CONFIRM,
     .renews = SCENARIO_P10CR_OWN_CONFIRM,
     .protection = PROTECTION_PBM,
     .enrolls_others = 1,
     .sender = PERSONA_SENDER_RDNS,
     .takes_signed = 1},
    /* 23: a secret or a certificate; a secret here. */
    {.name = "junos",
     .client = "Junos",
     .enrolls = SCENARIO_IR_CONFIRM,
     .renews = SCENARIO_KUR_CONFIRM,
     .protection = PROTECTION_PBM},
};

enum { PERSONAE = sizeof table / sizeof table[0] };

const struct persona *persona_named(const char *name)
{
    for (size_t i = 0; i < PERSONAE; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

const struct persona *persona_at(size_t index)
{
    return index < PERSONAE ? &table[index] : NULL;
}
