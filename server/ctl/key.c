/* key block, key unblock, key list: public keys that no CA of the store certifies, however the operator heard
 * of them. */
#include <string.h>
#include <time.h>

#include "server/ctl/cert_act.h"
#include "server/ctl/device.h"
#include "server/ctl/key_read.h"

enum { HEX_MAX = 2 * STORE_HASH + 1, DETAIL_MAX = HEX_MAX + CERT_COMMENT_MAX + 64, KEY_ARENA = 64 * 1024 };

/* ---- devices ---- */

/* Among the blocked keys are ids of blocked devices, at whichever CA. */
struct authorities {
    struct store *store;
    uint8_t ids[BOUND_AUTHORITIES][STORE_ISSUER_ID];
    size_t count;
};

/* 1, or 0 with a fault printed. */
static int find_authorities(struct authorities *out, const struct ctl_opened *opened)
{
    const struct config *config = opened->config;

    out->store = opened->store;
    for (out->count = 0; out->count < config->ca_count && out->count < BOUND_AUTHORITIES; out->count++)
        if (!cert_issuer(out->ids[out->count], config->cas[out->count].certificate))
            return 0;
    return 1;
}

/* Writes "VENDOR IDENTITY" of the device whose id |hash| is into |out|; "" if it is a key's. Returns 1, or 0
 * with a fault printed. */
static int find_device(char out[DEVICE_TEXT], const struct authorities *authorities, struct bytes hash)
{
    struct arena *arena = arena_new(KEY_ARENA);
    const struct store_device *device = NULL;
    int ok = arena != NULL || !ctl_fault("out of memory");

    out[0] = 0;
    for (size_t i = 0; ok && device == NULL && i < authorities->count; i++) {
        const void *row = NULL;
        ok = cert_fetch(&row, authorities->store, arena, STORE_DEVICES, authorities->ids[i], hash);
        device = row;
    }
    if (device != NULL)
        device_text(out, device->vendor, device->identity);
    arena_free(arena);
    return ok;
}

/* ---- block and unblock ---- */

struct change {
    uint8_t hash[STORE_HASH];
    char hex[HEX_MAX];
    int reason;
    const char *comment; /* or NULL */
    char who[CTL_WHO_MAX], detail[DETAIL_MAX];
    struct store_audit audit;
};

static int read_change(struct change *change, const struct ctl_call *call, const char *event,
                       const char *outcome)
{
    change->comment = ctl_value(call, "comment");
    if (change->comment != NULL && strlen(change->comment) > CERT_COMMENT_MAX)
        return !ctl_fault("--comment takes %d octets", CERT_COMMENT_MAX);
    if (!ctl_read_key_or_hash(change->hash, call->arguments[0]))
        return 0;
    log_hex(change->hex, sizeof change->hex, bytes_of(change->hash, STORE_HASH));
    change->audit = (struct store_audit){
        .at = ctl_now_ms(), .event = event, .outcome = outcome, .who = bytes_str(ctl_who(change->who))};
    return 1;
}

static void put_detail(struct change *change, const char *reason)
{
    snprintf(change->detail, sizeof change->detail, "key=%s%s%s%s%s", change->hex,
             reason != NULL ? " reason=" : "", reason != NULL ? reason : "",
             change->comment != NULL ? " comment=" : "", change->comment != NULL ? change->comment : "");
    change->audit.detail = bytes_str(change->detail);
}

/* Whether it is blocked; -1 with a fault printed. */
static int is_blocked(struct store *store, const struct change *change)
{
    struct arena *arena = arena_new(KEY_ARENA);
    static const uint8_t no_issuer[STORE_ISSUER_ID];
    const void *row = NULL;
    int ok = arena != NULL ? cert_fetch(&row, store, arena, STORE_BLOCKED_KEYS, no_issuer,
                                        bytes_of(change->hash, STORE_HASH))
                           : !ctl_fault("out of memory");

    arena_free(arena);
    return ok ? row != NULL : -1;
}

static int commit(struct ctl_opened *opened, struct change *change, struct store_unit *unit)
{
    unit->audit = &change->audit;
    if (!store_commit_wait(opened->store, unit) || unit->outcome == STORE_UNAVAILABLE)
        return ctl_fault("the store did not take the change; look at its log");
    if (unit->outcome == STORE_UNKNOWN)
        return ctl_fault("the connection to the store broke, and it is not known whether this was done; "
                         "see key list, and try again");
    if (unit->outcome == STORE_CONFLICT)
        return ctl_fault("%s is being changed by others: see key list", change->hex);
    printf("%s %s\n", change->hex, change->audit.outcome);
    ctl_seal(opened->store, opened->policy);
    return CTL_OK;
}

static int run_block(const struct ctl_call *call)
{
    const char *reason = ctl_value(call, "reason");
    struct store_unit unit = {.write_count = 0};
    struct store_blocked_key row;
    struct ctl_opened opened;
    struct change change;
    int status, blocked;

    change.reason = reason != NULL ? cert_reason(reason) : CERT_KEY_COMPROMISE;
    if (change.reason < 0)
        return ctl_fault("--reason is one of RFC 5280 5.3.1, such as keyCompromise, not '%s'", reason);
    if (!read_change(&change, call, "block", "blocked"))
        return CTL_FAULT;
    if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE)) != CTL_OK)
        return status;
    put_detail(&change, cert_reason_name(change.reason));
    row = (struct store_blocked_key){.spki_hash = bytes_of(change.hash, STORE_HASH),
                                     .at = time(NULL),
                                     .reason = change.reason,
                                     .who = change.audit.who,
                                     .comment = bytes_str(change.comment != NULL ? change.comment : "")};
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    blocked = is_blocked(opened.store, &change);
    status = blocked < 0   ? CTL_FAULT
             : blocked > 0 ? ctl_fault("%s is blocked already: see key list", change.hex)
                           : commit(&opened, &change, &unit);
    ctl_close(&opened);
    return status;
}

/* Returns CTL_OK if |change| is about a blocked key. */
static int may_unblock(const struct ctl_opened *opened, const struct change *change)
{
    struct authorities authorities;
    char device[DEVICE_TEXT];
    int blocked = is_blocked(opened->store, change);

    if (blocked < 0)
        return CTL_FAULT;
    if (blocked == 0)
        return ctl_fault("%s is not blocked", change->hex);
    if (!find_authorities(&authorities, opened) ||
        !find_device(device, &authorities, bytes_of(change->hash, STORE_HASH)))
        return CTL_FAULT;
    return device[0] == 0 ? CTL_OK
                          : ctl_fault("this is no key, but device %s: device unblock lifts that", device);
}

static int run_unblock(const struct ctl_call *call)
{
    struct change change;
    struct bytes key = bytes_of(change.hash, STORE_HASH);
    const struct store_removal removal = {.kind = STORE_BLOCKED_KEYS, .keys = &key, .count = 1};
    struct store_unit unit = {.removal = &removal};
    struct ctl_opened opened;
    int status;

    if (!read_change(&change, call, "unblock", "unblocked"))
        return CTL_FAULT;
    if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE)) != CTL_OK)
        return status;
    put_detail(&change, NULL);
    if ((status = may_unblock(&opened, &change)) == CTL_OK)
        status = commit(&opened, &change, &unit);
    ctl_close(&opened);
    return status;
}

/* ---- list ---- */

struct listing {
    struct authorities authorities;
    void (*print)(const struct store_blocked_key *key, const char *device);
    int failed; /* a fault is printed */
};

static void print_json(const struct store_blocked_key *key, const char *device)
{
    char hex[HEX_MAX], at[CTL_TIME_MAX];
    json_t *row = json_object();

    ctl_json_set(row, "key_sha256", json_string(log_hex(hex, sizeof hex, key->spki_hash)));
    ctl_json_set(row, "blocked_at", json_string(ctl_time(at, key->at)));
    ctl_json_set(row, "reason", json_string(cert_reason_name(key->reason)));
    ctl_json_set(row, "serial", json_string(log_hex(hex, sizeof hex, key->serial)));
    ctl_json_set(row, "who", ctl_json_text(key->who));
    ctl_json_set(row, "comment", ctl_json_text(key->comment));
    ctl_json_set(row, "device", ctl_json_text(bytes_str(device)));
    ctl_json_print(row);
}

static void print_line(const struct store_blocked_key *key, const char *device)
{
    char hex[HEX_MAX], at[CTL_TIME_MAX];

    printf("%s  %s  %s  ", log_hex(hex, sizeof hex, key->spki_hash), ctl_time(at, key->at),
           cert_reason_name(key->reason));
    cert_put_text(key->who, 0);
    if (key->serial.len != 0)
        printf("  revoked %s", log_hex(hex, sizeof hex, key->serial));
    if (device[0] != 0)
        printf("  device ");
    cert_put_text(bytes_str(device), 0);
    if (key->comment.len != 0)
        printf("  ");
    cert_put_text(key->comment, 0);
    putchar('\n');
}

static int show(void *arg, const void *row)
{
    struct listing *listing = arg;
    const struct store_blocked_key *key = row;
    char device[DEVICE_TEXT];

    listing->failed = !find_device(device, &listing->authorities, key->spki_hash);
    if (!listing->failed)
        listing->print(key, device);
    return !listing->failed;
}

static int run_list(const struct ctl_call *call)
{
    char fault[STORE_FAULT_MAX] = "";
    struct ctl_opened opened;
    int json = ctl_value(call, "json") != NULL;
    struct listing listing = {.print = json ? print_json : print_line};
    int status = ctl_open(&opened, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    listing.failed = !find_authorities(&listing.authorities, &opened);
    if (!json)
        printf("%-*s  %-20s  REASON  WHO\n", HEX_MAX - 1, "KEY", "BLOCKED");
    if (!listing.failed &&
        !store_each(opened.store, fault, STORE_BLOCKED_KEYS, bytes_of(NULL, 0), show, &listing))
        status = ctl_fault("%s", fault);
    if (listing.failed)
        status = CTL_FAULT;
    ctl_close(&opened);
    return status;
}

/* ---- the commands ---- */

#define OPTION_COMMENT                                                                                       \
    {                                                                                                        \
        "comment", "TEXT", 0, "for the audit log"                                                            \
    }

static const struct ctl_option block_options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    {"reason", "NAME", 0, "of RFC 5280 5.3.1; default: keyCompromise"},
    OPTION_COMMENT,
    {NULL, NULL, 0, NULL},
};
static const struct ctl_option unblock_options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, OPTION_COMMENT, {NULL, NULL, 0, NULL}};
static const struct ctl_option list_options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

static const char key_is[] = "KEY is a file with a certificate, a public key or a PKCS #10 request, in PEM "
                             "or DER, or the SHA-256 of the "
                             "SubjectPublicKeyInfo in hexadecimal, as cert show has it.";

const struct ctl_command ctl_key_block = {
    .name = "key block",
    .arguments = "KEY",
    .least = 1,
    .most = 1,
    .options = block_options,
    .says = "have a public key not certified any more",
    .more = key_is,
    .run = run_block,
};

const struct ctl_command ctl_key_unblock = {
    .name = "key unblock",
    .arguments = "KEY",
    .least = 1,
    .most = 1,
    .options = unblock_options,
    .says = "let a blocked key be certified again",
    .more = key_is,
    .run = run_unblock,
};

const struct ctl_command ctl_key_list = {
    .name = "key list",
    .options = list_options,
    .says = "show the keys that are blocked",
    .more = "A line is: SHA-256 of the SubjectPublicKeyInfo, since when, why, by whom, the certificate with "
            "whose "
            "revocation it was blocked, and a comment. A device that is blocked is shown as such: in the "
            "place of the SHA-256 is its id, which cmpctl device unblock takes away.",
    .run = run_list,
};
