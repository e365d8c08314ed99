/* cert lint: certificates of the store that break RFC 5280, counted by rule. */
#include <inttypes.h>
#include <stdlib.h>

#include "crypto/lint.h"
#include "server/base/log.h"
#include "server/ctl/cert.h"

enum { SHOWN = 20, SHOWN_MAX = 1000000, ARENA_ROWS = 64 };

/* struct linting is what was found until now. */
struct linting {
    uint64_t looked_at, broken;
    uint64_t counts[LINT_RULES_MAX];
    unsigned long shown, most; /* serials that were printed, and at most */
    int as_json;
    struct arena *arena; /* for a few rows; NULL: memory is short */
};

static void print_line(const char *serial, uint64_t broken)
{
    const char *between = " ";

    printf("%s", serial);
    for (size_t i = 0; i < lint_count(); i++)
        if ((broken >> i & 1) != 0) {
            printf("%s%s", between, lint_rule(i)->name);
            between = ", ";
        }
    putchar('\n');
}

static void print_json(const char *serial, const struct store_cert *cert, uint64_t broken)
{
    json_t *row = json_object(), *rules = json_array();

    for (size_t i = 0; i < lint_count(); i++)
        if ((broken >> i & 1) != 0)
            json_array_append_new(rules, json_string(lint_rule(i)->name));
    ctl_json_set(row, "serial", json_string(serial));
    ctl_json_set(row, "profile", ctl_json_text(cert->profile));
    ctl_json_set(row, "breaks", rules);
    ctl_json_print(row);
}

static void print_certificate(const struct linting *linting, const struct store_cert *cert, uint64_t broken)
{
    char hex[2 * STORE_SERIAL + 1];
    const char *serial = log_hex(hex, sizeof hex, cert->serial);

    if (linting->as_json)
        print_json(serial, cert, broken);
    else
        print_line(serial, broken);
}

/* What cannot be read as a certificate breaks the first rule. */
static uint64_t lint(struct linting *linting, const struct store_cert *cert)
{
    struct certificate parsed;

    return certificate_parse(&parsed, cert->certificate)
               ? certificate_lint(linting->arena, parsed.tbs, LINT_ALL)
               : 1;
}

static int look(void *arg, const void *row)
{
    struct linting *linting = arg;
    uint64_t broken;

    if (linting->looked_at++ % ARENA_ROWS == 0) {
        arena_free(linting->arena);
        linting->arena = arena_new(CERT_ARENA);
    }
    if (linting->arena == NULL)
        return 0;
    if ((broken = lint(linting, row)) == 0)
        return 1;
    linting->broken++;
    for (size_t i = 0; i < lint_count(); i++)
        linting->counts[i] += broken >> i & 1;
    if (linting->shown < linting->most) {
        linting->shown++;
        print_certificate(linting, row, broken);
    }
    return 1;
}

static void print_counts(const struct linting *linting)
{
    for (size_t i = 0; i < lint_count(); i++) {
        const struct lint_rule *rule = lint_rule(i);
        json_t *row;
        if (linting->counts[i] == 0)
            continue;
        if (!linting->as_json) {
            printf("%10" PRIu64 " %s (%s): %s\n", linting->counts[i], rule->name, rule->section, rule->says);
            continue;
        }
        row = json_object();
        ctl_json_set(row, "rule", ctl_json_text(bytes_str(rule->name)));
        ctl_json_set(row, "section", ctl_json_text(bytes_str(rule->section)));
        ctl_json_set(row, "count", json_integer((json_int_t)linting->counts[i]));
        ctl_json_print(row);
    }
}

static int walk(struct linting *linting, const struct ctl_call *call)
{
    char fault[STORE_FAULT_MAX] = "";
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    if (!store_each(opened.store, fault, STORE_CERTIFICATES, bytes_of(NULL, 0), look, linting))
        status = ctl_fault("%s", fault);
    else if (linting->arena == NULL && linting->looked_at != 0)
        status = ctl_fault("out of memory");
    arena_free(linting->arena);
    ctl_close(&opened);
    return status;
}

static int run(const struct ctl_call *call)
{
    const char *most = ctl_value(call, "show");
    struct linting linting = {.as_json = ctl_value(call, "json") != NULL, .most = SHOWN};
    char *end;
    int status;

    if (most != NULL) {
        linting.most = strtoul(most, &end, 10);
        if (*most < '0' || *most > '9' || *end != 0 || linting.most > SHOWN_MAX)
            return ctl_wrong_call(call->command, "--show is a number up to %d, not '%s'", SHOWN_MAX, most);
    }
    if ((status = walk(&linting, call)) != CTL_OK)
        return status;
    print_counts(&linting);
    if (!linting.as_json)
        printf("%" PRIu64 " certificates, %" PRIu64 " break a rule\n", linting.looked_at, linting.broken);
    return linting.broken == 0 ? CTL_OK : CTL_FAULT;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,     CTL_OPTION_STORE,
    CTL_OPTION_JSON,       {"show", "NUMBER", 0, "serials that are printed at most, 20 if not given"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_cert_lint = {
    .name = "cert lint",
    .options = options,
    .says = "hold the certificates in the store against RFC 5280",
    .more = "First the serials of those that break a rule, with the rules, then how many break each rule. It "
            "reads all "
            "certificates.",
    .statuses =
        "Exit status: 0 if none breaks a rule, 1 if one does or for another fault, 2 for a wrong call.",
    .run = run,
};
