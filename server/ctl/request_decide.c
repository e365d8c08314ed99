/* request approve, request deny: an approver's word, signed by the approver's key. */
#include <string.h>

#include "crypto/token.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"
#include "server/ctl/request.h"

enum { DETAIL = 512 };

/* ---- who ---- */

static const struct request_said *approver_named(const struct request_found *found, const char *name)
{
    for (size_t i = 0; i < found->said_count; i++)
        if (strcmp(found->said[i].approver->config->name, name) == 0)
            return &found->said[i];
    ctl_fault("approvers of cmpd.yaml has no '%s' who may decide on requests of this profile", name);
    return NULL;
}

static struct private_key *read_key(const char *name, const char *passphrase_file, struct bytes spki)
{
    struct private_key *key;
    char why[TOKEN_FAULT_MAX];
    if (config_is_token(name)) {
        if ((key = token_open(why, name, spki, 1)) == NULL)
            ctl_fault("--key: %s", why);
        return key;
    }
    if ((key = ctl_read_private("--key: ", name, passphrase_file)) == NULL ||
        bytes_equal(private_key_spki(key), spki))
        return key;
    ctl_fault("--key: %s is not the key of the approver's certificate in cmpd.yaml", name);
    private_key_free(key);
    return NULL;
}

/* ---- what ---- */

/* It stands in log lines, and is signed: one line of text. */
static int reason_is_good(const char *reason)
{
    size_t len = strlen(reason);

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)reason[i] < 0x20 || reason[i] == 0x7f)
            return !ctl_fault("--reason: write one line, without control characters");
    return (len != 0 && len <= BOUND_REASON) ||
           !ctl_fault("--reason: write 1 to %d octets: why, for whoever reads the audit log", BOUND_REASON);
}

/* Between request show and this somebody may have written to the store: what is signed is what was shown. */
static int is_what_was_shown(const struct store_request *row, const char *digest)
{
    uint8_t shown[STORE_HASH], is[STORE_HASH];

    cmp_approval_digest(is, row);
    return (cert_read_hex(shown, sizeof shown, digest) == sizeof shown &&
            memcmp(shown, is, sizeof is) == 0) ||
           !ctl_fault("--digest is not that of this request: look at it again by request show, and give the "
                      "digest that it prints");
}

static int sign(struct store_approval *out, const struct device_store *at, struct arena *arena,
                const struct request_found *found, const struct cmp_approver *approver,
                const struct ctl_call *call)
{
    struct private_key *key =
        read_key(ctl_value(call, "key"), ctl_value(call, "passphrase-file"), approver->cert.spki);
    struct signing signing = {.key = key}, *item = &signing;
    int ok;

    if (key == NULL)
        return 0;
    signing.algorithm = signature_for_key(private_key_kind(key));
    signing.signature = arena_alloc(arena, private_key_signature_max(key));
    ok = signing.signature != NULL &&
         cmp_approval_text(&signing.message, arena, bytes_of(at->issuer, STORE_ISSUER_ID), found->row,
                           out->approved, out->at, out->reason);
    if (ok)
        sign_batch(&item, 1);
    private_key_free(key);
    out->signature = bytes_of(signing.signature, signing.signature_len);
    return signing.signature_len != 0 || !ctl_fault("the key did not sign");
}

static int commit(const struct device_store *at, const struct request_found *found,
                  const struct cmp_approver *approver, const struct store_approval *row, enum store_how how)
{
    char who[CTL_WHO_MAX], detail[DETAIL], hex[REQUEST_HEX];
    struct store_audit audit = {.at = ctl_now_ms(),
                                .event = "approval",
                                .outcome = how == STORE_REMOVE ? "removed, for its signature is wrong"
                                           : row->approved     ? "approved"
                                                               : "denied",
                                .who = bytes_str(ctl_who(who))};
    struct store_unit unit = {.issuer = bytes_of(at->issuer, STORE_ISSUER_ID), .audit = &audit};

    snprintf(detail, sizeof detail, "request=%s approver=%s: %.*s",
             log_hex(hex, sizeof hex, found->row->request), approver->config->name, (int)row->reason.len,
             (const char *)row->reason.data);
    audit.detail = bytes_str(detail);
    store_unit_write(&unit, how, STORE_APPROVALS, row);
    if (!store_commit_wait(at->opened.store, &unit) || unit.outcome == STORE_UNAVAILABLE)
        return !ctl_fault("the store did not take it; look at its log");
    return unit.outcome == STORE_DONE ||
           !ctl_fault("the connection to the store broke, and it is not known whether this was done: see "
                      "request show");
}

/* Of two words of one approver at once the first one stands. */
static int is_heard(const struct request_found *found, const struct store_approval *row)
{
    for (size_t i = 0; i < found->said_count; i++)
        if (found->said[i].approval != NULL && bytes_equal(found->said[i].approval->approval, row->approval))
            return bytes_equal(found->said[i].approval->signature, row->signature) ||
                   !ctl_fault("another word of this approver was faster: see request show");
    return 1;
}

/* ---- the call ---- */

static int say(const struct ctl_call *call, const struct device_store *at, struct arena *arena, int approved)
{
    const char *reason = ctl_value(call, "reason"), *name = ctl_value(call, "as");
    const struct request_said *said;
    struct request_found found;
    uint8_t key[STORE_APPROVAL_KEY];
    struct store_approval row = {
        .approved = approved, .at = ctl_now_ms() / 1000, .reason = bytes_str(reason)};

    if (!reason_is_good(reason) || !request_find(&found, at, arena, call->arguments[0]) ||
        (said = approver_named(&found, name)) == NULL)
        return 0;
    if (said->is_signed)
        return !ctl_fault("%s has said already: %s", name, said->approval->approved ? "approve" : "deny");
    if (!is_what_was_shown(found.row, ctl_value(call, "digest")))
        return 0;
    if (found.deadline <= row.at)
        return !ctl_fault("the time of this request is over: its station has to send it anew");
    if (row.at < said->approver->cert.not_before || row.at > said->approver->cert.not_after)
        return !ctl_fault("the certificate of %s is not valid now", name);
    row.approval = cmp_approval_key(key, found.row->request, said->approver);
    if (!sign(&row, at, arena, &found, said->approver, call) ||
        (said->approval != NULL && !commit(at, &found, said->approver, &row, STORE_REMOVE)) ||
        !commit(at, &found, said->approver, &row, STORE_ONCE) ||
        !request_find(&found, at, arena, call->arguments[0]) || !is_heard(&found, &row))
        return 0;
    printf("%s: %s\n", call->arguments[0], request_state(&found, row.at));
    return 1;
}

static int approve(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    (void)arg;
    return say(call, at, arena, 1) ? CTL_OK : CTL_FAULT;
}

static int deny(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    (void)arg;
    return say(call, at, arena, 0) ? CTL_OK : CTL_FAULT;
}

static int run_approve(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE, approve, NULL);
}

static int run_deny(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE, deny, NULL);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    {"as", "NAME", CTL_REQUIRED, "the approver, as approvers of cmpd.yaml has them"},
    {"key", "KEY", CTL_REQUIRED, "that approver's private key: a file in PEM, or pkcs11: and what names it"},
    CTL_OPTION_PASSPHRASE,
    {"digest", "HEX", CTL_REQUIRED, "what request show printed as digest: that, and nothing else, is signed"},
    {"reason", "TEXT", CTL_REQUIRED, "why, for the audit log; one line"},
    {NULL, NULL, 0, NULL},
};

static const char more[] =
    "What counts is the signature of the approver's key over the request, what is to be issued, and the "
    "verdict; not who has called this. An approver's word is final. One who denies is enough; as many have "
    "to "
    "approve as approve.approvals of the profile says. The station hears of it when it polls next.";

const struct ctl_command ctl_request_approve = {
    .name = "request approve",
    .arguments = "REQUEST",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "approve a request that waits",
    .more = more,
    .run = run_approve,
};

const struct ctl_command ctl_request_deny = {
    .name = "request deny",
    .arguments = "REQUEST",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "deny a request that waits",
    .more = more,
    .run = run_deny,
};
