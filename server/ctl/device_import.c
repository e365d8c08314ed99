/* device import: a list of devices, of any length, line by line. A line that is wrong is told, and the others
 * go on; to import a list again is as good, for rows are put, and what is so already is left. */
#include <errno.h>
#include <stdlib.h>

#include "server/base/clock.h"
#include "server/ctl/csv.h"
#include "server/ctl/device_batch.h"
#include "server/ctl/steps.h"

enum { FAULTS_SHOWN = 100, BUFFER = 64 * 1024 };

struct import {
    const struct device_store *at;
    struct csv_reader reader;
    enum device_column columns[CSV_FIELDS]; /* that the header names */
    size_t column_count;
    struct device_batch *batch;
    size_t from;   /* lines before are passed over */
    size_t stored; /* all lines up to this one are dealt with */
    int is_dry;
    size_t counts[DEVICE_CHANGES], wrong;
    struct ctl_steps steps;
    int64_t sealed_ms;
};

/* ---- the header ---- */

/* Spreadsheets put a byte order mark in front. */
static void skip_mark(struct csv_reader *reader)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};

    if (reader->len < sizeof mark || memcmp(reader->octets, mark, sizeof mark) != 0)
        return;
    reader->len -= sizeof mark;
    memmove(reader->octets, reader->octets + sizeof mark, reader->len);
}

static int take_column(struct import *import, struct bytes field, unsigned *seen)
{
    char shown[128];
    int column = device_column_of(device_trimmed(field));

    if (column < 0)
        return !ctl_fault("line 1: %s is no column: the header names vendor, identity, site, fqdn, profiles, "
                          "expected and notes, with commas between; the first two are needed",
                          log_quote(shown, sizeof shown, field));
    if ((*seen & 1U << column) != 0)
        return !ctl_fault("line 1: the column %s is there twice",
                          device_column_name((enum device_column)column));
    *seen |= 1U << column;
    import->columns[import->column_count++] = (enum device_column)column;
    return 1;
}

static int read_header(struct import *import)
{
    struct csv_reader *reader = &import->reader;
    struct bytes fields[CSV_FIELDS];
    const char *fault;
    unsigned seen = 0;
    size_t count;

    if (!csv_next(reader))
        return !ctl_fault("the list is empty: its first line is a header, such as vendor,identity,site");
    skip_mark(reader);
    fault = reader->is_too_long ? "it is too long" : csv_split(fields, &count, reader->octets, reader->len);
    if (fault != NULL)
        return !ctl_fault("line 1: %s", fault);
    for (size_t i = 0; i < count; i++)
        if (!take_column(import, fields[i], &seen))
            return 0;
    return ((seen & 1U << DEVICE_VENDOR) != 0 && (seen & 1U << DEVICE_IDENTITY) != 0) ||
           !ctl_fault("line 1: the header lacks vendor or identity");
}

/* ---- the lines ---- */

/* Says what is wrong with the line that was read last, of |column| if that is not NULL. */
static void tell_wrong(struct import *import, const char *column, const char *fault)
{
    import->wrong++;
    if (import->wrong <= FAULTS_SHOWN)
        fprintf(stderr, "line %zu: %s%s%s\n", import->reader.line, column != NULL ? column : "",
                column != NULL ? " " : "", fault);
    if (import->wrong == FAULTS_SHOWN)
        fprintf(stderr, "cmpctl: more lines that are wrong are counted, and not shown\n");
}

/* 1, or 0 with a fault told. */
static int read_entry(struct import *import, struct device_entry *entry)
{
    struct csv_reader *reader = &import->reader;
    struct bytes fields[CSV_FIELDS];
    const char *fault = reader->is_too_long ? "it is too long" : NULL, *column = NULL;
    size_t count = 0;

    if (fault == NULL)
        fault = csv_split(fields, &count, reader->octets, reader->len);
    if (fault == NULL && count != import->column_count)
        fault = "it has more or fewer fields than the header";
    *entry = (struct device_entry){.given = 0};
    for (size_t i = 0; fault == NULL && i < count; i++) {
        column = device_column_name(import->columns[i]);
        fault = device_set(entry, import->columns[i], fields[i], import->at->opened.config, import->at->ca);
    }
    if (fault != NULL)
        tell_wrong(import, column, fault);
    else
        device_identify(entry, import->at->issuer);
    return fault == NULL;
}

static int store_batch(struct import *import)
{
    if (!device_batch_store(import->batch, import->counts))
        return 0;
    import->stored = import->reader.line;
    if (!import->is_dry)
        ctl_seal_at_times(&import->sealed_ms, import->at->opened.store, import->at->opened.policy);
    return 1;
}

/* 1, or 0 with a fault printed: then no more can be stored. */
static int take_line(struct import *import)
{
    struct device_entry entry;

    if (import->reader.len == 0 || import->reader.line < import->from || !read_entry(import, &entry))
        return 1;
    if (!device_batch_takes(import->batch, entry.id)) {
        size_t line = import->reader.line;
        if (!store_batch(import))
            return 0;
        import->stored = line - 1;
    }
    return device_batch_add(import->batch, &entry, import->reader.line);
}

static int read_lines(struct import *import)
{
    int ok = 1;

    while (ok && !ctl_stopped() && csv_next(&import->reader)) {
        ok = take_line(import);
        ctl_steps_next(&import->steps);
    }
    return ok && store_batch(import);
}

/* ---- what is told ---- */

static int tell_end(const struct import *import, int ok)
{
    const size_t *counts = import->counts;

    ctl_steps_end(&import->steps);
    printf("%s%zu new, %zu changed, %zu unchanged, %zu wrong\n", import->is_dry ? "would be: " : "",
           counts[DEVICE_NEW], counts[DEVICE_CHANGED], counts[DEVICE_UNCHANGED], import->wrong);
    if (!ok || ctl_stopped())
        return ctl_fault("broken off: the same call with --from %zu goes on", import->stored + 1);
    if (ferror(import->reader.in))
        return ctl_fault("the list cannot be read any further, after line %zu: the same call with --from %zu "
                         "goes on",
                         import->stored, import->stored + 1);
    return import->wrong != 0 ? CTL_FAULT : CTL_OK;
}

/* How many lines it has, for the progress; 0 where nobody can say. */
static size_t count_lines(FILE *in)
{
    char *buffer = malloc(BUFFER);
    size_t count = 0, len;

    if (buffer == NULL || fseek(in, 0, SEEK_CUR) != 0) {
        free(buffer);
        return 0;
    }
    while ((len = fread(buffer, 1, BUFFER, in)) != 0)
        for (size_t i = 0; i < len; i++)
            count += buffer[i] == '\n';
    free(buffer);
    rewind(in);
    return count;
}

/* ---- the command ---- */

static int import_all(struct import *import, int shows)
{
    ctl_steps_begin(&import->steps, shows ? count_lines(import->reader.in) : 0, UINT32_MAX);
    import->steps.is_shown = import->steps.is_shown && shows;
    import->sealed_ms = clock_steady_ms();
    if (!read_header(import))
        return CTL_FAULT;
    return tell_end(import, read_lines(import));
}

static int import_to(void *arg, const struct ctl_call *call, const struct device_store *at,
                     struct arena *arena)
{
    struct import *import = arg;
    int status;

    (void)arena;
    import->at = at;
    if ((import->batch = device_batch_new(at, import->is_dry)) == NULL)
        status = ctl_fault("out of memory");
    else
        status = import_all(import, ctl_value(call, "progress") != NULL);
    device_batch_free(import->batch);
    return status;
}

static int read_from(size_t *from, const char *text)
{
    char *end;

    *from = 0;
    if (text == NULL)
        return 1;
    errno = 0;
    *from = strtoul(text, &end, 10);
    return (text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *from != 0) ||
           !ctl_fault("--from wants the number of a line, not '%s'", text);
}

static int run(const struct ctl_call *call)
{
    const char *file = call->arguments[0];
    struct import *import = calloc(1, sizeof *import);
    int status;

    if (import == NULL)
        return ctl_fault("out of memory");
    import->is_dry = ctl_value(call, "dry-run") != NULL;
    import->reader.in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    if (import->reader.in == NULL)
        status = ctl_fault("cannot read %s: %s", file, strerror(errno));
    else if (!read_from(&import->from, ctl_value(call, "from")))
        status = CTL_FAULT;
    else
        status = device_run(call, import->is_dry ? CTL_NEEDS_TO_READ : CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE,
                            import_to, import);
    if (import->reader.in != NULL && import->reader.in != stdin)
        fclose(import->reader.in);
    free(import);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    {"dry-run", NULL, 0, "only say what would be done"},
    {"from", "LINE", 0, "pass over the lines before: as a call that was broken off has said"},
    {"progress", NULL, 0, "show how far it is, on a terminal"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_import = {
    .name = "device import",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "list devices, as many as a CSV file has",
    .more = "FILE (-: standard input) is CSV by RFC 4180 in UTF-8, without line breaks in fields. Its first "
            "line names the columns, in any order: vendor and identity, and, if you like, site, fqdn, "
            "profiles (names with blanks between), expected (SHA-256 of factory certificate or key) and "
            "notes. What is there already is changed where the file says something else; columns that it "
            "lacks stay. Who is blocked stays so, and nobody is removed.",
    .statuses = "Exit status: 0 all lines are in the store; 1 some are not, which is told on standard error; "
                "2 a wrong call.",
    .run = run,
};
