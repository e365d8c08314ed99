/* secret add: shared secrets that somebody has chosen, one or a list. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/file.h"
#include "server/ctl/secret.h"

enum { SECRET_MAX = 1024, LIST_MAX = 256 * 1024 * 1024 };

/* Cuts the next line, without its end, off |*text|. */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;
    struct bytes line = bytes_of(text->data, end != NULL ? (size_t)(end - text->data) : text->len);
    size_t used = line.len + (end != NULL);

    *text = bytes_of(text->data + used, text->len - used);
    return line;
}

/* The lines of a list, "REFERENCE SECRET" each, as views into it. malloc'ed, or NULL with a fault printed. */
static struct ctl_shared_secret *read_list(size_t *count, const char *file, struct bytes text)
{
    struct ctl_shared_secret *items;
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.data[i] == '\n';
    items = calloc(lines, sizeof *items);
    for (*count = 0; items != NULL && text.len != 0; ++*count) {
        struct bytes line = take_line(&text);
        const uint8_t *space = line.len != 0 ? memchr(line.data, ' ', line.len) : NULL;
        struct ctl_shared_secret *item = &items[*count];
        if (space != NULL)
            *item =
                (struct ctl_shared_secret){bytes_of(line.data, (size_t)(space - line.data)),
                                           bytes_of(space + 1, line.len - (size_t)(space + 1 - line.data))};
        if (space == NULL || !secret_is_reference(item->reference) || item->secret.len == 0) {
            ctl_fault("line %zu of %s is not REFERENCE SECRET", *count + 1, file);
            free(items);
            return NULL;
        }
    }
    if (items == NULL)
        ctl_fault("out of memory");
    return items;
}

/* Whoever has to use what somebody else has chosen may say so. */
static int are_strong(const struct ctl_shared_secret *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *why = secret_weakness(items[i].reference, items[i].secret);
        if (why != NULL)
            return !ctl_fault(
                "the secret of '%.*s' is weak: %s. cmpctl secret create makes good ones; --weak takes "
                "this one",
                (int)items[i].reference.len, items[i].reference.data, why);
    }
    return 1;
}

/* With a reference the file's first line is its secret, else each line has both. */
static int add(const struct ctl_call *call, const char *reference, const char *file,
               const struct secret_plan *plan)
{
    struct ctl_shared_secret one, *list = NULL;
    struct ctl_opened opened;
    struct bytes text;
    uint8_t *data;
    size_t len, count = 1;
    int ok;

    if (!file_read(&data, &len, file, reference != NULL ? SECRET_MAX : LIST_MAX))
        return ctl_fault("cannot read %s: %s", file, strerror(errno));
    text = bytes_of(data, len);
    if (reference != NULL) {
        one = (struct ctl_shared_secret){bytes_str(reference), take_line(&text)};
        ok = one.secret.len != 0 || !ctl_fault("the first line of %s must hold the secret", file);
    } else {
        list = read_list(&count, file, text);
        ok = list != NULL;
    }
    ok = ok && (ctl_value(call, "weak") != NULL || are_strong(list != NULL ? list : &one, count));
    if (ok && (ok = ctl_open(&opened, call, CTL_NEEDS_POLICY) == CTL_OK)) {
        ok = secret_store_all(opened.policy, plan, list != NULL ? list : &one, count);
        if (ok && !secret_is_taken(opened.policy, plan->profile))
            fprintf(stderr, "cmpctl: %s takes no shared secrets until allowed: true stands in its mac\n",
                    plan->profile != NULL ? plan->profile : "the configuration");
        ctl_close(&opened);
    }
    free(list);
    file_free(data, len);
    return ok ? CTL_OK : CTL_FAULT;
}

static int run(const struct ctl_call *call)
{
    const char *reference = ctl_value(call, "reference"), *file = ctl_value(call, "secret-file");
    const char *list = ctl_value(call, "list");
    struct secret_plan plan = {.profile = ctl_value(call, "profile"),
                               .reusable = ctl_value(call, "reusable") != NULL,
                               .replaces = ctl_value(call, "replace") != NULL};

    if ((reference != NULL) != (file != NULL) || (list != NULL) == (file != NULL))
        return ctl_wrong_call(call->command, "give --reference and --secret-file, or --list");
    if (!secret_read_expiry(&plan.expires, ctl_value(call, "expires-in")))
        return CTL_FAULT;
    if (reference != NULL && !secret_is_reference(bytes_str(reference)))
        return ctl_fault("--reference wants 1 to 64 printable ASCII characters: it becomes a commonName");
    return add(call, reference, list != NULL ? list : file, &plan);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    {"reference", "REF", 0, "by what the base station names the secret"},
    {"secret-file", "FILE", 0, "the secret is its first line"},
    {"list", "FILE", 0, "many: lines of a reference, a space, and a secret"},
    {"profile", "NAME", 0, "the only profile that takes it; default: any"},
    {"reusable", NULL, 0, "it serves more than one transaction"},
    {"expires-in", "SECONDS", 0, "how long it is good for; default: for ever"},
    {"replace", NULL, 0, "a reference that is there gets this secret, also one that was used or withdrawn"},
    {"weak", NULL, 0, "take a secret that is soon guessed"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_secret_add = {
    .name = "secret add",
    .options = options,
    .says = "store shared secrets for MAC-protected enrollment",
    .more = "Give --reference and --secret-file for one, or --list for many.",
    .run = run,
};
