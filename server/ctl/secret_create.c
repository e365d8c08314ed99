/* secret create: references and secrets that nobody can guess, for installers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "server/base/file.h"
#include "server/ctl/secret.h"

enum {
    COUNT_MAX = 1000000,
    PREFIX_MAX = 40,
    REFERENCE_DIGITS = 12, /* 60 bits: none is made twice */
    SECRET_DIGITS = 26,    /* 130 bits */
    REFERENCE_MAX = PREFIX_MAX + REFERENCE_DIGITS,
    LINE_MAX = REFERENCE_MAX + 1 + SECRET_DIGITS + 1
};

/* Five random bits a digit, none of which people take for another one when they type them (no I, L, O, U). */
static void put_digits(char *out, size_t count)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint8_t octets[SECRET_DIGITS];

    random_bytes(octets, count);
    for (size_t i = 0; i < count; i++)
        out[i] = digits[octets[i] % 32];
    secret_wipe(octets, sizeof octets);
}

/* The lines for installers, one after the other in |text|, and what is stored, which points there. */
struct made {
    char *text;
    size_t len;
    struct ctl_shared_secret *items;
    size_t count;
};

static void make_one(struct made *made, const char *prefix)
{
    struct ctl_shared_secret *item = &made->items[made->count++];
    char *line = made->text + made->len;
    size_t len = (size_t)snprintf(line, PREFIX_MAX + 1, "%s", prefix);

    put_digits(line + len, REFERENCE_DIGITS);
    len += REFERENCE_DIGITS;
    item->reference = bytes_of((uint8_t *)line, len);
    line[len++] = ' ';
    put_digits(line + len, SECRET_DIGITS);
    item->secret = bytes_of((uint8_t *)line + len, SECRET_DIGITS);
    len += SECRET_DIGITS;
    line[len++] = '\n';
    made->len += len;
}

/* The file comes first: a secret that is stored, and that nobody has, is of no use. */
static int create(const struct ctl_opened *opened, const struct secret_plan *plan, const char *file,
                  const char *prefix, size_t count)
{
    struct made made = {.text = malloc(count * LINE_MAX), .items = calloc(count, sizeof *made.items)};
    int ok = made.text != NULL && made.items != NULL;

    if (!ok)
        ctl_fault("out of memory");
    ok = ok && secret_may_store(opened->policy, plan) &&
         (secret_is_taken(opened->policy, plan->profile) ||
          !ctl_fault("%s takes no shared secrets; write allowed: true in its mac first",
                     plan->profile != NULL ? plan->profile : "the configuration"));
    while (ok && made.count < count)
        make_one(&made, prefix);
    ok = ok && (file_write(file, made.text, made.len, 0600, 1) ||
                !ctl_fault("cannot write %s: %s%s", file, strerror(errno),
                           errno == EEXIST ? "; what is in it may be in use: name a new file" : ""));
    if (ok && !secret_store_all(opened->policy, plan, made.items, made.count))
        ok = !ctl_fault(
            "those before are stored; for the others remove their lines from %s, and add the rest with "
            "cmpctl secret add --list, or withdraw all",
            file);
    if (ok)
        printf("%zu secrets are stored, and in %s, which nobody else has: give each installer his line, then "
               "remove "
               "it\n",
               made.count, file);
    if (made.text != NULL)
        secret_wipe(made.text, made.len);
    free(made.text);
    free(made.items);
    return ok;
}

static int read_count(size_t *count, const char *text)
{
    char *end;

    *count = text != NULL ? strtoul(text, &end, 10) : 1;
    return text == NULL || (text[0] >= '1' && text[0] <= '9' && *end == 0 && *count <= COUNT_MAX) ||
           !ctl_fault("--count wants a number of 1 to %d, not '%s'", COUNT_MAX, text);
}

static int is_prefix(const char *text)
{
    return text[0] == 0 ||
           (strlen(text) <= PREFIX_MAX && strchr(text, ' ') == NULL && secret_is_reference(bytes_str(text)));
}

static int run(const struct ctl_call *call)
{
    const char *file = ctl_value(call, "out"), *prefix = ctl_value(call, "prefix");
    struct secret_plan plan = {.profile = ctl_value(call, "profile"),
                               .reusable = ctl_value(call, "reusable") != NULL};
    struct ctl_opened opened;
    size_t count;
    int status;

    if (file == NULL)
        return ctl_wrong_call(call->command, "name the file that they are written to, by --out");
    if (prefix == NULL)
        prefix = "";
    if (!read_count(&count, ctl_value(call, "count")) ||
        !secret_read_expiry(&plan.expires, ctl_value(call, "expires-in")))
        return CTL_FAULT;
    if (!is_prefix(prefix))
        return ctl_fault("--prefix wants up to %d printable ASCII characters without blanks", PREFIX_MAX);
    if ((status = ctl_open(&opened, call, CTL_NEEDS_POLICY)) != CTL_OK)
        return status;
    status = create(&opened, &plan, file, prefix, count) ? CTL_OK : CTL_FAULT;
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    {"out", "FILE", 0, "a new file for them: lines of a reference, a space, and a secret"},
    {"count", "N", 0, "how many (1)"},
    {"prefix", "TEXT", 0, "what their references begin with, such as site-7-"},
    {"profile", "NAME", 0, "the only profile that takes them; default: any"},
    {"reusable", NULL, 0, "each serves more than one transaction"},
    {"expires-in", "SECONDS", 0, "how long they are good for; default: for ever"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_secret_create = {
    .name = "secret create",
    .options = options,
    .says = "make shared secrets that nobody can guess",
    .more = "Written once, into a file that only its owner may read; the store has them sealed.",
    .run = run,
};
