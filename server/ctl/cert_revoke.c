/* cert revoke, cert hold, cert release: the operator's hand on certificates, while nodes serve. Each is one
 * unit, with its record in the audit log. Refused is what an rr is refused (server/cmp/op_revoke.c), and to
 * hold what is unconfirmed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/ctl/cert.h"

enum { RATE = 200, RATE_MAX = 100000 };
enum { ATTEMPTS = 3, COMMENT_MAX = 256, DETAIL_MAX = COMMENT_MAX + 128 };

/* struct act is what is done to each certificate that the call names. */
struct act {
    const char *event, *outcome; /* as the audit log has it */
    enum store_cert_status status;
    int reason;
    int64_t now, invalidity_at;
    const char *comment; /* or NULL */
    int waits;           /* 1: for the CRL */
    struct cert_wait wait;
    int is_dry; /* 1: it is only said what would be done */
    size_t changed, refused;
};

/* ---- one certificate ---- */

/* Whether |cert| may become what |act| makes of it; says why not. */
static int may_become(const struct act *act, const struct store_cert *cert, const char *serial)
{
    char at[CTL_TIME_MAX];

    if (cert->status == STORE_CERT_REVOKED)
        return !ctl_fault("%s is revoked already, since %s for %s", serial, ctl_time(at, cert->revoked_at),
                          cert_reason_name(cert->reason));
    if (cert->not_after < act->now)
        return !ctl_fault("%s has expired, on %s: nobody takes it any more", serial,
                          ctl_time(at, cert->not_after));
    if (act->status == STORE_CERT_VALID && cert->status != STORE_CERT_HOLD)
        return !ctl_fault("%s is not on hold: it is %s", serial, cert_status_name(cert, act->now));
    if (act->status == STORE_CERT_HOLD && cert->status == STORE_CERT_HOLD)
        return !ctl_fault("%s is on hold already, since %s", serial, ctl_time(at, cert->revoked_at));
    /* Released, it would be valid without a certConf. */
    if (act->status == STORE_CERT_HOLD && cert->status == STORE_CERT_UNCONFIRMED)
        return !ctl_fault("%s is unconfirmed: it may be revoked, and not be held", serial);
    return 1;
}

static void put_detail(char detail[DETAIL_MAX], const struct act *act)
{
    char at[CTL_TIME_MAX];

    snprintf(detail, DETAIL_MAX, "reason=%s%s%s%s%s", cert_reason_name(act->reason),
             act->invalidity_at != 0 ? " invalidityDate=" : "", ctl_time(at, act->invalidity_at),
             act->comment != NULL ? " comment=" : "", act->comment != NULL ? act->comment : "");
}

static enum store_outcome commit(struct store *store, const struct act *act, const struct cert_found *found)
{
    const struct store_cert_change change = {
        .serial = found->cert->serial,
        .only_from = found->cert->status, /* as it was judged */
        .required = 1,
        .status = act->status,
        .reason = act->reason,
        .at = act->now,
        .invalidity_at = act->invalidity_at,
    };
    char who[CTL_WHO_MAX], detail[DETAIL_MAX];
    struct store_audit audit = {
        .at = ctl_now_ms(), .event = act->event, .outcome = act->outcome, .who = bytes_str(ctl_who(who))};
    struct store_unit unit = {
        .issuer = bytes_of(found->issuer, STORE_ISSUER_ID), .change = &change, .audit = &audit};

    put_detail(detail, act);
    audit.detail = bytes_str(detail);
    return store_commit_wait(store, &unit) ? unit.outcome : STORE_UNAVAILABLE;
}

static int report(const struct act *act, const struct cert_found *found, const char *serial)
{
    printf("%s %s%s", serial, act->is_dry ? "would be " : "", act->outcome);
    if (act->status == STORE_CERT_REVOKED && act->reason != CERT_UNSPECIFIED)
        printf(" %s", cert_reason_name(act->reason));
    printf(": ");
    cert_put_text(found->cert->subject_text, 0);
    putchar('\n');
    return 1;
}

/* Judges the certificate, and changes it if it is still so then; else it is judged again. */
static int change(const struct ctl_opened *opened, struct act *act, struct arena *arena,
                  const uint8_t octets[STORE_SERIAL])
{
    char serial[CERT_HEX_MAX];
    struct cert_found found;

    log_hex(serial, sizeof serial, bytes_of(octets, STORE_SERIAL));
    for (int i = 0; i < ATTEMPTS; i++) {
        enum store_outcome outcome;
        if (!cert_find(&found, opened, arena, octets))
            return 0;
        if (found.cert == NULL)
            return !cert_unknown(octets);
        if (!may_become(act, found.cert, serial))
            return 0;
        if (act->is_dry)
            return report(act, &found, serial);
        outcome = commit(opened->store, act, &found);
        if (outcome == STORE_DONE)
            return report(act, &found, serial) &&
                   (!act->waits || cert_wait_note(&act->wait, opened->store, arena, &found));
        if (outcome == STORE_UNKNOWN)
            return !ctl_fault(
                "%s: the connection to the store broke, and it is not known whether this was done; "
                "see cert show, and try again",
                serial);
        if (outcome != STORE_CONFLICT)
            return !ctl_fault("%s: the store did not take the change; look at its log", serial);
    }
    return !ctl_fault("%s is being changed by others: try again", serial);
}

static void change_named(const struct ctl_opened *opened, struct act *act, const char *text)
{
    uint8_t serial[STORE_SERIAL];
    struct arena *arena;

    act->refused++; /* until it is done */
    if (!cert_read_serial(serial, text))
        return;
    if ((arena = arena_new(CERT_ARENA)) == NULL) {
        ctl_fault("out of memory");
        return;
    }
    if (change(opened, act, arena, serial)) {
        act->changed++;
        act->refused--;
    }
    arena_free(arena);
}

/* So that the nodes, which serve from the same store, have their share of it. */
static void keep_rate(const struct act *act, unsigned rate, int64_t begun_ms)
{
    int64_t due_ms = begun_ms + (int64_t)(act->changed + act->refused) * 1000 / rate, now_ms = ctl_now_ms();

    if (due_ms > now_ms && due_ms - now_ms <= 1000)
        usleep((useconds_t)(due_ms - now_ms) * 1000);
}

/* The serials in |list|, one a line; what comes after a blank is a remark. Those that cannot be changed keep
 * no other from it, and who breaks off may begin anew: what is changed already is told, and left. */
static void change_listed(const struct ctl_opened *opened, struct act *act, FILE *list, unsigned rate)
{
    int64_t begun_ms = ctl_now_ms();
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, list) >= 0) {
        line[strcspn(line, " \t\r\n#")] = 0;
        if (line[0] == 0)
            continue;
        change_named(opened, act, line);
        keep_rate(act, rate, begun_ms);
    }
    free(line);
    fprintf(stderr, "cmpctl: %zu %s%s, %zu not\n", act->changed, act->is_dry ? "would be " : "", act->outcome,
            act->refused);
}

static void close_list(FILE *list)
{
    if (list != NULL && list != stdin)
        fclose(list);
}

/* |*list| is NULL if none is named. */
static int open_list(FILE **list, const char *file)
{
    *list = file == NULL ? NULL : strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    return file == NULL || *list != NULL || !ctl_fault("cannot read %s: %s", file, strerror(errno));
}

/* ---- the commands ---- */

static int read_rate(unsigned *rate, const char *text)
{
    char *end;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : RATE;

    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != 0 || value == 0 || value > RATE_MAX))
        return !ctl_fault("--rate wants certificates a second, 1 to %d, not '%s'", RATE_MAX, text);
    *rate = (unsigned)value;
    return 1;
}

/* Those that can be changed are, whatever becomes of the others. */
static int run(const struct ctl_call *call, struct act *act)
{
    const char *file = ctl_value(call, "file");
    struct ctl_opened opened;
    FILE *list;
    unsigned rate = RATE;
    int status;

    act->now = time(NULL);
    act->waits = ctl_value(call, "wait") != NULL;
    act->is_dry = ctl_value(call, "dry-run") != NULL;
    act->comment = ctl_value(call, "comment");
    if (act->comment != NULL && strlen(act->comment) > COMMENT_MAX)
        return ctl_fault("--comment takes %d octets", COMMENT_MAX);
    if (call->argument_count == 0 && file == NULL)
        return ctl_wrong_call(call->command,
                              "name certificates by their serials, or a list of them by --file");
    if (!read_rate(&rate, ctl_value(call, "rate")) || !open_list(&list, file))
        return CTL_FAULT;
    if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE)) != CTL_OK) {
        close_list(list);
        return status;
    }
    for (size_t i = 0; i < call->argument_count; i++)
        change_named(&opened, act, call->arguments[i]);
    if (list != NULL)
        change_listed(&opened, act, list, rate);
    if (act->refused != 0)
        status = CTL_FAULT;
    if (act->changed != 0 && !act->is_dry)
        ctl_seal(opened.store, opened.policy);
    if (!cert_wait(&act->wait, opened.store))
        status = CTL_FAULT;
    ctl_close(&opened);
    close_list(list);
    return status;
}

static int read_reason(int *reason, const char *name)
{
    *reason = name != NULL ? cert_reason(name) : CERT_UNSPECIFIED;
    switch (*reason) {
    case -1:
        return !ctl_fault(
            "--reason is unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, "
            "cessationOfOperation or privilegeWithdrawn (RFC 5280 5.3.1), not '%s'",
            name);
    case CERT_ON_HOLD:
        return !ctl_fault("certificateHold is not for ever: use cert hold");
    case CERT_RELEASED:
        return !ctl_fault("removeFromCRL ends a hold: use cert release");
    case CERT_AA_COMPROMISE:
        return !ctl_fault("aACompromise is for attribute certificates, which cmpd does not issue");
    default:
        return 1;
    }
}

/* RFC 5280 5.3.2: when the key was lost, or is suspected to have been. */
static int read_invalidity(int64_t *at, const char *text)
{
    *at = 0;
    if (text == NULL)
        return 1;
    if (!cert_read_time(at, text))
        return !ctl_fault("--invalidity-date wants a date or a time in UTC, such as 2026-11-29 or "
                          "2026-11-29T05:00:00Z, not '%s'",
                          text);
    /* Nothing was enrolled then; and 0 is for what nobody knows. */
    if (*at <= 0)
        return !ctl_fault("--invalidity-date is not after 1970-01-01");
    return *at <= time(NULL) || !ctl_fault("--invalidity-date lies in the future");
}

static int run_revoke(const struct ctl_call *call)
{
    struct act act = {.event = "revoke", .outcome = "revoked", .status = STORE_CERT_REVOKED};

    if (!read_reason(&act.reason, ctl_value(call, "reason")) ||
        !read_invalidity(&act.invalidity_at, ctl_value(call, "invalidity-date")))
        return CTL_FAULT;
    return run(call, &act);
}

static int run_hold(const struct ctl_call *call)
{
    struct act act = {.event = "hold", .outcome = "held", .status = STORE_CERT_HOLD, .reason = CERT_ON_HOLD};

    return run(call, &act);
}

static int run_release(const struct ctl_call *call)
{
    struct act act = {
        .event = "release", .outcome = "released", .status = STORE_CERT_VALID, .reason = CERT_RELEASED};

    return run(call, &act);
}

#define OPTION_WAIT                                                                                          \
    {                                                                                                        \
        "wait", NULL, 0, "until a CRL says so: tells which, and after how long"                              \
    }
#define OPTIONS_OF_LISTS                                                                                     \
    {"file", "FILE", 0,                                                                                      \
     "a list of serials, one a line (-: standard input); what comes after a blank is a remark"},             \
        {"rate", "N", 0, "so many of the list a second (200)"},                                              \
    {                                                                                                        \
        "dry-run", NULL, 0, "only say what would be done"                                                    \
    }
#define OPTION_COMMENT                                                                                       \
    {                                                                                                        \
        "comment", "TEXT", 0, "for the audit log"                                                            \
    }

static const struct ctl_option revoke_options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    {"reason", "NAME", 0, "of RFC 5280 5.3.1, such as keyCompromise; default: unspecified"},
    {"invalidity-date", "TIME", 0, "since when the key may be lost: a date, or 2026-11-29T05:00:00Z"},
    OPTION_COMMENT,
    OPTION_WAIT,
    OPTIONS_OF_LISTS,
    {NULL, NULL, 0, NULL},
};
static const struct ctl_option options[] = {CTL_OPTION_CONFIG, CTL_OPTION_STORE, OPTION_COMMENT,
                                            OPTION_WAIT,       OPTIONS_OF_LISTS, {NULL, NULL, 0, NULL}};

static const char statuses[] =
    "Exit status: 0 all were changed; 1 some were not, which is told on standard error; 2 a wrong call.";

const struct ctl_command ctl_cert_revoke = {
    .name = "cert revoke",
    .arguments = "[SERIAL...]",
    .least = 0,
    .most = SIZE_MAX,
    .options = revoke_options,
    .says = "revoke certificates, for ever",
    .more =
        "While nodes serve: from then on they refuse whoever signs with it. One that awaits certConf may be "
        "revoked, too. SERIAL is as with cert export. The record in the audit log is sealed with the CA's "
        "CMP key.",
    .statuses = statuses,
    .run = run_revoke,
};

const struct ctl_command ctl_cert_hold = {
    .name = "cert hold",
    .arguments = "[SERIAL...]",
    .least = 0,
    .most = SIZE_MAX,
    .options = options,
    .says = "stop certificates until they are released",
    .more = "As cert revoke with certificateHold (RFC 5280 5.3.1); it can be undone. One that awaits "
            "certConf can "
            "only be revoked.",
    .statuses = statuses,
    .run = run_hold,
};

const struct ctl_command ctl_cert_release = {
    .name = "cert release",
    .arguments = "[SERIAL...]",
    .least = 0,
    .most = SIZE_MAX,
    .options = options,
    .says = "let certificates that are on hold be valid again",
    .statuses = statuses,
    .run = run_release,
};
