/* device block, device unblock: who gets no certificate any more, and who gets some again. What units depend
 * on is a row among the blocked keys under the device's id; its own row says so to whoever reads lists. */
#include <time.h>

#include "server/ctl/cert_act.h"
#include "server/ctl/device.h"

enum { DETAIL_MAX = CERT_COMMENT_MAX + 128 };

struct blocking {
    int reason;
    const char *comment; /* or NULL */
    char detail[DETAIL_MAX];
};

static int read_comment(struct blocking *blocking, const struct ctl_call *call)
{
    blocking->comment = ctl_value(call, "comment");
    return blocking->comment == NULL || strlen(blocking->comment) <= CERT_COMMENT_MAX ||
           !ctl_fault("--comment takes %d octets", CERT_COMMENT_MAX);
}

static void put_detail(struct blocking *blocking, const char *reason)
{
    snprintf(blocking->detail, sizeof blocking->detail, "%s%s%s%s%s", reason != NULL ? "reason=" : "",
             reason != NULL ? reason : "", reason != NULL && blocking->comment != NULL ? " " : "",
             blocking->comment != NULL ? "comment=" : "", blocking->comment != NULL ? blocking->comment : "");
}

/* The row of |device| in the state |state|, or of one that was not listed. */
static struct store_device row_in(const struct device_named *device, enum store_device_state state)
{
    struct store_device row = {.device = bytes_of(device->id, STORE_HASH),
                               .vendor = device->vendor,
                               .identity = device->identity,
                               .added_at = time(NULL)};

    if (device->row != NULL)
        row = *device->row;
    row.state = state;
    row.changed_at = time(NULL);
    return row;
}

/* ---- block ---- */

/* Also where only one of both rows is there. */
static enum store_outcome block(void *arg, const struct device_store *at, struct arena *arena,
                                const struct device_named *device)
{
    struct blocking *blocking = arg;
    const struct device_act act = {"device block", "blocked", blocking->detail};
    const struct store_device row = row_in(device, STORE_DEVICE_BLOCKED);
    char who[CTL_WHO_MAX], text[DEVICE_TEXT];
    const struct store_blocked_key key = {.spki_hash = row.device,
                                          .at = time(NULL),
                                          .reason = blocking->reason,
                                          .who = bytes_str(ctl_who(who)),
                                          .comment = bytes_str(blocking->comment)};
    struct store_unit unit = {.write_count = 0};
    enum store_outcome outcome;

    (void)arena;
    device_warn_of_vendor(at, device);
    if (device->blocked != NULL && device->row != NULL && device->row->state == STORE_DEVICE_BLOCKED) {
        printf("%s is blocked already\n", device_text(text, device->vendor, device->identity));
        return STORE_DONE;
    }
    store_unit_write(&unit, STORE_PUT, STORE_DEVICES, &row);
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &key);
    if ((outcome = device_commit(at, &unit, device, &act)) != STORE_DONE)
        return outcome;
    device_say(device, act.outcome);
    if (device->row == NULL) /* a slip of the pen would leave the one that is meant as it is */
        fprintf(stderr, "cmpctl: it was not listed until now: if it should have been, look for how it is "
                        "written: cmpctl device list\n");
    return outcome;
}

/* ---- … and revoke ---- */

struct revoking {
    const struct device_store *at;
    struct cert_act act;
};

static int revoke_one(void *arg, const struct device_claim *claim)
{
    struct revoking *revoking = arg;

    if (device_claim_is_good(claim, revoking->act.now))
        cert_act_count(&revoking->at->opened, &revoking->act, claim->row->serial.data);
    return 1;
}

/* After it is blocked: no unit gives it another one then. */
static enum store_outcome revoke_all(const struct device_store *at, const struct device_named *device,
                                     const struct blocking *blocking)
{
    struct revoking revoking = {.at = at,
                                .act = {.event = "revoke",
                                        .outcome = "revoked",
                                        .status = STORE_CERT_REVOKED,
                                        .reason = blocking->reason,
                                        .now = time(NULL),
                                        .comment = blocking->comment}};

    if (!device_each_claim(at, device->id, revoke_one, &revoking))
        return STORE_UNAVAILABLE;
    return revoking.act.refused == 0 ? STORE_DONE : STORE_UNAVAILABLE;
}

static enum store_outcome block_and_revoke(void *arg, const struct device_store *at, struct arena *arena,
                                           const struct device_named *device)
{
    enum store_outcome outcome = block(arg, at, arena, device);

    return outcome == STORE_DONE ? revoke_all(at, device, arg) : outcome;
}

static int run_block(const struct ctl_call *call)
{
    struct blocking blocking;

    if (!cert_act_read_reason(&blocking.reason, ctl_value(call, "reason")) || !read_comment(&blocking, call))
        return CTL_FAULT;
    put_detail(&blocking, cert_reason_name(blocking.reason));
    return device_change(call, ctl_value(call, "revoke") != NULL ? block_and_revoke : block, &blocking);
}

/* ---- unblock ---- */

static enum store_outcome unblock(void *arg, const struct device_store *at, struct arena *arena,
                                  const struct device_named *device)
{
    struct blocking *blocking = arg;
    const struct device_act act = {"device unblock", "unblocked", blocking->detail};
    const struct store_device row = row_in(device, STORE_DEVICE_KNOWN);
    const struct bytes id = bytes_of(device->id, STORE_HASH);
    const struct store_removal removal = {.kind = STORE_BLOCKED_KEYS, .keys = &id, .count = 1};
    struct store_unit unit = {.removal = device->blocked != NULL ? &removal : NULL};
    char text[DEVICE_TEXT];
    enum store_outcome outcome;

    (void)arena;
    device_warn_of_vendor(at, device);
    if (!device_is_blocked(device)) {
        ctl_fault("%s is not blocked", device_text(text, device->vendor, device->identity));
        return STORE_UNAVAILABLE;
    }
    store_unit_write(&unit, STORE_PUT, STORE_DEVICES, &row);
    if ((outcome = device_commit(at, &unit, device, &act)) == STORE_DONE)
        device_say(device, act.outcome);
    return outcome;
}

static int run_unblock(const struct ctl_call *call)
{
    struct blocking blocking;

    if (!read_comment(&blocking, call))
        return CTL_FAULT;
    put_detail(&blocking, NULL);
    return device_change(call, unblock, &blocking);
}

/* ---- the commands ---- */

#define OPTION_COMMENT                                                                                       \
    {                                                                                                        \
        "comment", "TEXT", 0, "for the audit log"                                                            \
    }

static const struct ctl_option block_options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    {"reason", "NAME", 0, "of RFC 5280 5.3.1, such as keyCompromise; default: unspecified"},
    OPTION_COMMENT,
    {"revoke", NULL, 0, "the certificates of its claims, for this reason"},
    {NULL, NULL, 0, NULL},
};
static const struct ctl_option unblock_options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, DEVICE_OPTION_CA, OPTION_COMMENT, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_device_block = {
    .name = "device block",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = block_options,
    .says = "let a device enroll and update no more",
    .more = "While nodes serve, under every profile. One that is not listed is listed as blocked. --revoke "
            "revokes the certificates that device show has as claims; others that it still has, --history "
            "shows, and cert revoke revokes. Blocked again, it is revoked all the same.",
    .run = run_block,
};

const struct ctl_command ctl_device_unblock = {
    .name = "device unblock",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = unblock_options,
    .says = "let a blocked device enroll again",
    .more = "Its certificates that were revoked stay so; device allow makes room for another.",
    .run = run_unblock,
};
