/* What is asked: who wants which certificate. */
#include <jansson.h>
#include <stdlib.h>

#include "crypto/base64.h"
#include "crypto/name.h"
#include "server/authorize/authorize.h"
#include "server/base/log.h"

/* Text that is no UTF-8 is left out. */
static json_t *text(struct bytes value)
{
    json_t *string = value.len != 0 ? json_stringn((const char *)value.data, value.len) : NULL;

    return string != NULL ? string : json_null();
}

static json_t *hex(struct bytes value)
{
    char digits[2 * BOUND_TRANSACTION_ID + 1];

    return value.len != 0 ? json_string(log_hex(digits, sizeof digits, value)) : json_null();
}

static json_t *name(struct bytes der)
{
    char readable[NAME_TEXT_MAX];

    return text(bytes_str(name_text(readable, sizeof readable, der)));
}

static json_t *base64(struct bytes octets)
{
    char *digits = malloc(4 * ((octets.len + 2) / 3) + 1);
    json_t *string = NULL;

    if (digits != NULL) {
        base64_encode(digits, octets);
        string = json_string(digits);
    }
    free(digits);
    return string;
}

static json_t *device(const struct cmp_device *of)
{
    if (of == NULL)
        return json_null();
    return json_pack("{so so so so}", "vendor", text(of->vendor), "identity", text(of->identity), "site",
                     of->row != NULL ? text(of->row->site) : json_null(), "fqdn",
                     of->row != NULL ? text(of->row->fqdn) : json_null());
}

static json_t *signer(const struct certificate *of)
{
    return of == NULL ? json_null()
                      : json_pack("{so so}", "subject", name(of->subject), "serial", hex(of->serial));
}

/* What the device, or whoever is between, says of itself beside the template (RFC 4211 6.1, 6.2, 7.1). */
static json_t *said(const struct cert_request *request)
{
    json_t *pairs = json_array();

    for (size_t i = 0; pairs != NULL && i < request->utf8_pair_count; i++)
        json_array_append_new(pairs, text(request->utf8_pairs[i]));
    return json_pack("{so so so}", "regToken", text(request->reg_token), "authenticator",
                     text(request->authenticator), "utf8Pairs", pairs);
}

char *authorize_question(const struct cmp_question *question, int64_t now)
{
    const struct cmp_decision *decision = question->decision;
    json_t *object = json_pack("{sI ss ss so so so so so so so so so}", "at", (json_int_t)now, "profile",
                               decision->profile->config->name, "body", question->body, "transactionID",
                               hex(question->transaction_id), "request_sha256", hex(question->request_hash),
                               "device", device(decision->device), "signer", signer(decision->signer),
                               "reference", text(decision->reference), "subject", name(decision->subject),
                               "key_sha256", hex(question->key_hash), "said", said(decision->request),
                               "tbs_certificate", base64(decision->tbs));
    char *out = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return out;
}
