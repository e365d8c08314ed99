/* approval.c: see approval.h. */
#include "server/cmp/approval.h"

#include "server/base/log.h"

struct bytes cmp_approval_key(uint8_t out[STORE_APPROVAL_KEY], struct bytes request,
                              const struct cmp_approver *approver)
{
    memcpy(out, request.data, STORE_REQUEST);
    memcpy(out + STORE_REQUEST, approver->key_hash, STORE_HASH);
    return bytes_of(out, STORE_APPROVAL_KEY);
}

static const char *hash_of(char out[2 * STORE_HASH + 1], struct bytes octets)
{
    uint8_t hash[STORE_HASH];

    digest_compute(hash, DIGEST_SHA256, octets);
    return log_hex(out, 2 * STORE_HASH + 1, bytes_of(hash, sizeof hash));
}

/* The reason comes last: whatever stands there changes nothing of what is before. */
int cmp_approval_text(struct bytes *out, struct arena *arena, struct bytes issuer,
                      const struct store_request *request, int approved, int64_t at, struct bytes reason)
{
    char ca[2 * STORE_ISSUER_ID + 1], message[2 * STORE_HASH + 1], tbs[2 * STORE_HASH + 1];
    char *text = arena_printf(arena,
                              "cmpd approval 1\nca %s\nrequest %s\ncertificate %s\nprofile %.*s\nverdict %s\n"
                              "at %lld\nreason %.*s\n",
                              log_hex(ca, sizeof ca, issuer), hash_of(message, request->message),
                              hash_of(tbs, request->tbs), (int)request->profile.len,
                              (const char *)request->profile.data, approved ? "approve" : "deny",
                              (long long)at, (int)reason.len, (const char *)reason.data);

    if (text == NULL)
        return 0;
    *out = bytes_str(text);
    return 1;
}

void cmp_approval_digest(uint8_t out[STORE_HASH], const struct store_request *request)
{
    uint8_t hashes[2 * STORE_HASH];

    digest_compute(hashes, DIGEST_SHA256, request->message);
    digest_compute(hashes + STORE_HASH, DIGEST_SHA256, request->tbs);
    digest_compute(out, DIGEST_SHA256, bytes_of(hashes, sizeof hashes));
}

void cmp_forget_request(struct store_unit *unit, struct cmp_forgotten *out,
                        const struct cmp_settings *settings, struct bytes hash)
{
    out->request = (struct store_request){.request = cmp_request_id(hash)};
    store_unit_write(unit, STORE_REMOVE, STORE_REQUESTS, &out->request);
    for (size_t i = 0; i < settings->approver_count; i++) {
        out->approvals[i] = (struct store_approval){
            .approval = cmp_approval_key(out->keys[i], out->request.request, &settings->approvers[i])};
        store_unit_write(unit, STORE_REMOVE, STORE_APPROVALS, &out->approvals[i]);
    }
}

const char *cmp_approve_names(struct arena *arena, unsigned rules)
{
    const char *text = "";

    for (unsigned rule = 1; text != NULL && rule <= CONFIG_APPROVE_REVOCATION; rule <<= 1)
        if ((rules & rule) != 0)
            text = arena_printf(arena, "%s%s%s", text, *text != 0 ? ", " : "",
                                config_approve_name((enum config_approve)rule));
    return text;
}
