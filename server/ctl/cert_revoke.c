/* cert revoke, cert hold, cert release: the operator's hand on certificates, while nodes serve: those that
 * are named (cert_act.c), or all that an incident is about (cert_incident.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/ctl/cert_incident.h"
#include "server/ctl/steps.h"

static void change_named(const struct ctl_opened *opened, struct cert_act *act, const char *text)
{
    uint8_t serial[STORE_SERIAL];

    if (cert_read_serial(serial, text))
        cert_act_count(opened, act, serial);
    else
        act->refused++;
}

/* ---- others of the same key ---- */

struct others {
    const struct ctl_opened *opened;
    struct cert_act *act;
    int all; /* 1: they are revoked, too */
};

static int take_other(void *arg, const struct cert_found *found)
{
    struct others *others = arg;
    const struct store_cert *cert = found->cert;
    char hex[CERT_HEX_MAX];

    if (cert->status == STORE_CERT_REVOKED || cert->not_after < others->act->now)
        return 1;
    if (others->all) {
        cert_act_count(others->opened, others->act, cert->serial.data);
        return 1;
    }
    fprintf(stderr, "cmpctl: %s has the same key, and is %s (--all revokes it, too)\n",
            log_hex(hex, sizeof hex, cert->serial), cert_status_name(cert, others->act->now));
    return 1;
}

/* A key that is lost is lost in each of its certificates. */
static int look_for_others(const struct ctl_opened *opened, struct cert_act *act, int all)
{
    uint8_t key[STORE_HASH];
    struct others others = {opened, act, all};
    const struct cert_walk walk = {
        .opened = opened, .before = INT64_MAX, .key = key, .each = take_other, .arg = &others};

    memcpy(key, act->key, sizeof key);
    return cert_walk(&walk);
}

static int change_given(const struct ctl_opened *opened, struct cert_act *act, const struct ctl_call *call,
                        int all)
{
    for (size_t i = 0; i < call->argument_count; i++) {
        size_t changed = act->changed;
        change_named(opened, act, call->arguments[i]);
        if (act->changed != changed && cert_act_blocks(act) && (all || !act->is_dry) &&
            !look_for_others(opened, act, all))
            return CTL_FAULT;
    }
    return act->refused != 0 ? CTL_FAULT : CTL_OK;
}

/* ---- a list ---- */

/* The serials in |list|, one a line; what comes after a blank is a remark. Those that cannot be changed keep
 * no other from it, and who breaks off may begin anew: what is changed already is told, and left. */
static int change_listed(const struct ctl_opened *opened, struct cert_act *act, FILE *list, unsigned rate)
{
    struct ctl_steps steps;
    char *line = NULL;
    size_t room = 0;
    int going = 1;

    ctl_steps_begin(&steps, 0, rate);
    while (going && getline(&line, &room, list) >= 0) {
        if (!cert_read_line(line))
            continue;
        change_named(opened, act, line);
        going = ctl_steps_next(&steps);
    }
    free(line);
    ctl_steps_end(&steps);
    fprintf(stderr, "cmpctl: %zu %s%s, %zu not\n", act->changed, act->is_dry ? "would be " : "", act->outcome,
            act->refused);
    if (!going)
        return ctl_fault("broken off: the same call goes on from here");
    return act->refused != 0 ? CTL_FAULT : CTL_OK;
}

static int change_file(const struct ctl_opened *opened, struct cert_act *act, const char *file, unsigned rate)
{
    FILE *list = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    int status;

    if (list == NULL)
        return ctl_fault("cannot read %s: %s", file, strerror(errno));
    status = change_listed(opened, act, list, rate);
    if (list != stdin)
        fclose(list);
    return status;
}

/* ---- the commands ---- */

static int read_act(struct cert_act *act, const struct ctl_call *call)
{
    act->now = time(NULL);
    act->waits = ctl_value(call, "wait") != NULL;
    act->is_dry = ctl_value(call, "dry-run") != NULL;
    act->comment = ctl_value(call, "comment");
    return act->comment == NULL || strlen(act->comment) <= CERT_COMMENT_MAX ||
           !ctl_fault("--comment takes %d octets", CERT_COMMENT_MAX);
}

static int end(struct ctl_opened *opened, struct cert_act *act, int status)
{
    if (act->changed != 0 && !act->is_dry)
        ctl_seal(opened->store, opened->policy);
    if (!ctl_stopped() && !cert_wait(&act->wait, opened))
        status = CTL_FAULT;
    ctl_close(opened);
    return status;
}

/* Those that can be changed are, whatever becomes of the others. */
static int run(const struct ctl_call *call, struct cert_act *act, int all)
{
    const char *file = ctl_value(call, "file");
    struct ctl_opened opened;
    unsigned rate;
    int status, listed = CTL_OK;

    if (!read_act(act, call))
        return CTL_FAULT;
    if (call->argument_count == 0 && file == NULL)
        return ctl_wrong_call(call->command,
                              "name certificates by their serials, or a list of them by --file");
    if (!ctl_read_rate(&rate, ctl_value(call, "rate")))
        return CTL_FAULT;
    if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE)) != CTL_OK)
        return status;
    status = change_given(&opened, act, call, all);
    if (file != NULL)
        listed = change_file(&opened, act, file, rate);
    return end(&opened, act, status != CTL_OK ? status : listed);
}

static int run_incident(const struct ctl_call *call, struct cert_act *act)
{
    struct cert_incident incident = {.after_replacement = ctl_value(call, "after-replacement") != NULL};
    struct ctl_opened opened;
    int status;

    if (!read_act(act, call) || !ctl_read_rate(&incident.rate, ctl_value(call, "rate")))
        return CTL_FAULT;
    if (call->argument_count != 0)
        return ctl_wrong_call(call->command, "certificates that are selected are not named: a list of them "
                                             "(--file) is one of the selections");
    if (!cert_selection_read(&incident.selection, call))
        status = CTL_FAULT;
    else if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE)) == CTL_OK)
        status = end(&opened, act, cert_incident_run(&incident, &opened, act));
    cert_selection_free(&incident.selection);
    return status;
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

/* A word, so that whoever looks for it in the audit log finds it. */
static int read_incident(const char **incident, const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;

    *incident = name;
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~')
            len = 0;
    return name == NULL || (len != 0 && len <= CERT_INCIDENT_MAX) ||
           !ctl_fault("--incident wants a name of 1 to %d printable ASCII characters without blanks",
                      CERT_INCIDENT_MAX);
}

static int selects(const struct ctl_call *call)
{
    static const char *const options[] = {"spki-of", "vendor-intermediate", "issued-between",
                                          "after-replacement"};

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (ctl_value(call, options[i]) != NULL)
            return 1;
    return 0;
}

static int run_revoke(const struct ctl_call *call)
{
    struct cert_act act = {.event = "revoke", .outcome = "revoked", .status = STORE_CERT_REVOKED};
    int all = ctl_value(call, "all") != NULL;

    if (!cert_act_read_reason(&act.reason, ctl_value(call, "reason")) ||
        !read_invalidity(&act.invalidity_at, ctl_value(call, "invalidity-date")) ||
        !read_incident(&act.incident, ctl_value(call, "incident")))
        return CTL_FAULT;
    if (all && (act.reason != CERT_KEY_COMPROMISE || call->argument_count == 0))
        return ctl_wrong_call(call->command, "--all goes with SERIAL and --reason keyCompromise");
    if (!selects(call))
        return run(call, &act, all);
    if (ctl_value(call, "after-replacement") != NULL && ctl_value(call, "file") == NULL &&
        ctl_value(call, "spki-of") == NULL && ctl_value(call, "vendor-intermediate") == NULL &&
        ctl_value(call, "issued-between") == NULL)
        return ctl_wrong_call(call->command, "--after-replacement goes with --file, --spki-of, "
                                             "--vendor-intermediate or --issued-between");
    return run_incident(call, &act);
}

static int run_hold(const struct ctl_call *call)
{
    struct cert_act act = {
        .event = "hold", .outcome = "held", .status = STORE_CERT_HOLD, .reason = CERT_ON_HOLD};

    return run(call, &act, 0);
}

static int run_release(const struct ctl_call *call)
{
    struct cert_act act = {
        .event = "release", .outcome = "released", .status = STORE_CERT_VALID, .reason = CERT_RELEASED};

    return run(call, &act, 0);
}

#define OPTION_WAIT                                                                                          \
    {                                                                                                        \
        "wait", NULL, 0,                                                                                     \
            "until a CRL says so, and OCSP where the certificate names it: tells after how long"             \
    }
#define OPTION_FILE                                                                                          \
    {                                                                                                        \
        "file", "FILE", 0,                                                                                   \
            "a list of serials, one a line, such as cert list prints (-: standard input); what comes after " \
            "a blank is a remark"                                                                            \
    }
#define OPTIONS_OF_MANY                                                                                      \
    {"rate", "N", 0, "so many of a list or a selection a second (200)"},                                     \
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
    {"incident", "NAME", 0, "a word that each of their records in the audit log has"},
    OPTION_COMMENT,
    {"all", NULL, 0, "with keyCompromise: the other certificates of the same key, too"},
    CERT_SELECTION_OPTIONS,
    {"after-replacement", NULL, 0,
     "those whose subject holds a newer confirmed certificate; the others later"},
    OPTION_WAIT,
    OPTIONS_OF_MANY,
    {NULL, NULL, 0, NULL},
};
static const struct ctl_option options[] = {CTL_OPTION_CONFIG,    CTL_OPTION_STORE, OPTION_COMMENT,
                                            OPTION_WAIT,          OPTION_FILE,      OPTIONS_OF_MANY,
                                            {NULL, NULL, 0, NULL}};

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
        "CMP key. With --reason keyCompromise the key is blocked: no CA certifies it again. --spki-of, "
        "--vendor-intermediate and --issued-between select certificates, alone or together with each other "
        "and "
        "with --file: those that are all of it. --dry-run counts them. Broken off, the same call goes on.",
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
