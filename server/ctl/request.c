/* request.c: see request.h. */
#include "server/ctl/request.h"

#include "server/ctl/cert.h"
#include "server/pki/message.h"

int request_read_id(uint8_t id[STORE_REQUEST], const char *text)
{
    return cert_read_hex(id, STORE_REQUEST, text) == STORE_REQUEST ||
           !ctl_fault("'%s' names no request: give the 32 hexadecimal digits that request list prints", text);
}

static const struct config_profile *profile_of(const struct device_store *at, struct bytes name)
{
    const struct config *config = at->opened.config;

    for (size_t i = 0; i < config->profile_count; i++)
        if (bytes_equal(bytes_str(config->profiles[i].name), name))
            return &config->profiles[i];
    return NULL;
}

static int judge(struct request_said *said, const struct device_store *at, struct arena *arena,
                 const struct store_request *row)
{
    const struct store_approval *approval = said->approval;
    struct bytes text;

    if (approval == NULL)
        return 1;
    if (!cmp_approval_text(&text, arena, bytes_of(at->issuer, STORE_ISSUER_ID), row, approval->approved,
                           approval->at, approval->reason))
        return !ctl_fault("out of memory");
    said->is_signed =
        verify_signature(said->approver->cert.spki, signature_for_key(public_key_kind(said->approver->key)),
                         text, approval->signature);
    return 1;
}

int request_look(struct request_found *found, const struct device_store *at, struct arena *arena,
                 const struct store_request *row)
{
    const struct cmp_settings *settings = policy_settings(at->opened.policy);
    const struct config_profile *profile = profile_of(at, row->profile);

    const void *tx;

    if (!cert_fetch(&tx, at->opened.store, arena, STORE_TRANSACTIONS, at->issuer, row->transaction_id))
        return 0;
    *found = (struct request_found){.row = row,
                                    .approvals = profile != NULL ? profile->approve.approvals : 0,
                                    .deadline =
                                        tx != NULL ? ((const struct store_tx *)tx)->deadline : row->expires};
    for (size_t i = 0; profile != NULL && i < settings->approver_count; i++) {
        struct request_said *said = &found->said[found->said_count];
        uint8_t key[STORE_APPROVAL_KEY];
        const void *approval;
        if (!config_may_approve(settings->approvers[i].config, profile->name))
            continue;
        if (!cert_fetch(&approval, at->opened.store, arena, STORE_APPROVALS, at->issuer,
                        cmp_approval_key(key, row->request, &settings->approvers[i])))
            return 0;
        *said = (struct request_said){.approver = &settings->approvers[i], .approval = approval};
        if (!judge(said, at, arena, row))
            return 0;
        found->said_count++;
    }
    return 1;
}

int request_find(struct request_found *found, const struct device_store *at, struct arena *arena,
                 const char *text)
{
    uint8_t id[STORE_REQUEST];
    const void *row;

    if (!request_read_id(id, text) ||
        !cert_fetch(&row, at->opened.store, arena, STORE_REQUESTS, at->issuer, bytes_of(id, sizeof id)))
        return 0;
    if (row == NULL)
        return !ctl_fault("no request %s waits here: see request list; what became of others stands in audit "
                          "list",
                          text);
    return request_look(found, at, arena, row);
}

const char *request_state(const struct request_found *found, int64_t now)
{
    unsigned approved = 0;

    for (size_t i = 0; i < found->said_count; i++) {
        const struct certificate *cert = &found->said[i].approver->cert;
        if (!found->said[i].is_signed || now < cert->not_before || now > cert->not_after)
            continue;
        if (!found->said[i].approval->approved)
            return "denied";
        approved++;
    }
    if (found->deadline <= now)
        return "expired";
    return found->approvals != 0 && approved >= found->approvals ? "approved" : "waiting";
}

static json_t *said_json(const struct request_said *said)
{
    json_t *row = json_object();
    char at[CTL_TIME_MAX];

    ctl_json_set(row, "approver", ctl_json_text(bytes_str(said->approver->config->name)));
    ctl_json_set(row, "says", json_string(said->approval->approved ? "approve" : "deny"));
    ctl_json_set(row, "at", json_string(ctl_time(at, said->approval->at)));
    ctl_json_set(row, "reason", ctl_json_text(said->approval->reason));
    ctl_json_set(row, "signature", json_string(said->is_signed ? "good" : "wrong: it does not count"));
    return row;
}

json_t *request_json(struct arena *arena, const struct request_found *found, int64_t now)
{
    const struct store_request *request = found->row;
    const char *rules = cmp_approve_names(arena, (unsigned)request->rules);
    char hex[REQUEST_HEX], transaction[CERT_HEX_MAX], at[CTL_TIME_MAX], text[2 * STORE_HASH + 1];
    uint8_t digest[STORE_HASH];
    struct certificate_tbs tbs;
    json_t *row = json_object(), *said = json_array();

    ctl_json_set(row, "request", json_string(log_hex(hex, sizeof hex, request->request)));
    ctl_json_set(row, "state", json_string(request_state(found, now)));
    ctl_json_set(row, "body", json_string(pki_body_name(request->body)));
    ctl_json_set(row, "profile", ctl_json_text(request->profile));
    ctl_json_set(row, "waits_for", ctl_json_text(bytes_str(rules != NULL ? rules : "?")));
    ctl_json_set(row, "since", json_string(ctl_time(at, request->at)));
    ctl_json_set(row, "until", json_string(ctl_time(at, found->deadline)));
    ctl_json_set(row, "sender", ctl_json_text(request->who));
    ctl_json_set(row, "device", ctl_json_text(request->device));
    ctl_json_set(row, "subject", ctl_json_text(request->subject));
    ctl_json_set(row, "transaction",
                 json_string(log_hex(transaction, sizeof transaction, request->transaction_id)));
    if (certificate_read_tbs(&tbs, request->tbs)) { /* of an rr there is none */
        digest_compute(digest, DIGEST_SHA256, tbs.spki);
        ctl_json_set(row, "key_sha256",
                     json_string(log_hex(text, sizeof text, bytes_of(digest, sizeof digest))));
    }
    cmp_approval_digest(digest, request);
    ctl_json_set(row, "digest", json_string(log_hex(text, sizeof text, bytes_of(digest, sizeof digest))));
    ctl_json_set(row, "approvals_wanted", json_integer(found->approvals));
    for (size_t i = 0; i < found->said_count; i++)
        if (found->said[i].approval != NULL && json_array_append_new(said, said_json(&found->said[i])) != 0)
            ctl_fault("out of memory");
    ctl_json_set(row, "approvals", said);
    return row;
}
