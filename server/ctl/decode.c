/* decode: a message from a ticket, a capture, a log, made readable. */
#include <errno.h>
#include <stdlib.h>

#include "server/base/file.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/ctl/decode.h"

/* What is asked for by mistake is shown all the same, if it is whole or its PEM label says what it is. */
static const struct kind {
    const struct decode_type *type;
    const char *label;
} kinds[] = {{&decode_pki_message, ""},
             {&decode_certificate, "CERTIFICATE"},
             {&decode_request, "CERTIFICATE REQUEST"},
             {&decode_crl, "X509 CRL"}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const struct decode_type *kind_of(const struct decode_input *input)
{
    struct decode_printer nowhere = {.quiet = 1};
    struct decode_fault fault;

    for (size_t i = 0; i < KINDS; i++)
        if (decode_walk(&nowhere, &fault, kinds[i].type, input->der))
            return kinds[i].type;
    for (size_t i = 1; i < KINDS; i++)
        if (bytes_equal(input->label, bytes_str(kinds[i].label)))
            return kinds[i].type;
    return &decode_pki_message;
}

static int write_input(FILE *out, const struct decode_input *input)
{
    struct decode_printer printer = {.out = out};
    const struct decode_type *type = kind_of(input);
    struct decode_fault fault;

    decode_print_begin(&printer, 0, type->name);
    decode_print_value(&printer, "%zu octets from %s", input->der.len, input->form);
    if (input->label.len != 0)
        decode_print_quoted(&printer, input->label);
    if (type != &decode_pki_message)
        decode_print_value(&printer, "(no PKIMessage)");
    if (input->more)
        decode_print_value(&printer, "(the first of several: the others are not shown)");
    if (decode_walk(&printer, &fault, type, input->der))
        return 1;
    fprintf(out, "fault at octet %zu, %s: %s\n", fault.at, fault.path, fault.reason);
    return 0;
}

int decode_write(FILE *out, struct bytes text)
{
    struct arena *arena =
        arena_new((size_t)3 * DECODE_INPUT_MAX); /* what is tried as hexadecimal and as base64 */
    struct decode_input input;
    const char *why = "out of memory";
    int ok = 0;

    if (arena == NULL || !decode_input_read(&input, arena, &why, text))
        fprintf(out, "fault: %s\n", why);
    else
        ok = write_input(out, &input);
    arena_free(arena);
    return ok;
}

int decode_write_tbs(FILE *out, struct bytes tbs)
{
    struct decode_printer printer = {.out = out};
    struct decode_fault fault;

    if (decode_walk(&printer, &fault, &decode_tbs_certificate, tbs))
        return 1;
    fprintf(out, "fault at octet %zu, %s: %s\n", fault.at, fault.path, fault.reason);
    return 0;
}

/* Standard input, as file_read reads a file. */
static int read_stdin(uint8_t **out, size_t *len)
{
    *out = malloc(DECODE_INPUT_MAX + 1);
    if (*out == NULL)
        return 0;
    *len = fread(*out, 1, DECODE_INPUT_MAX + 1, stdin);
    if (!ferror(stdin) && *len <= DECODE_INPUT_MAX)
        return 1;
    errno = ferror(stdin) ? errno : EFBIG;
    free(*out);
    return 0;
}

static int run(const struct ctl_call *call)
{
    const char *path = call->arguments[0];
    uint8_t *text;
    size_t len;
    int ok;

    if (!(strcmp(path, "-") == 0 ? read_stdin(&text, &len)
                                 : file_read(&text, &len, path, DECODE_INPUT_MAX))) {
        ctl_fault("%s: %s", path, strerror(errno));
        return CTL_USAGE;
    }
    ok = decode_write(stdout, bytes_of(text, len));
    file_free(text, len);
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_decode = {
    .name = "decode",
    .arguments = "FILE|-",
    .least = 1,
    .most = 1,
    .says = "show a CMP message, and where it is broken",
    .more = "FILE, or - for standard input, holds it in DER, PEM, base64 or hexadecimal.",
    .statuses =
        "Exit status: 0 for a whole message, 1 for a broken one, 2 for a file that cannot be read or a wrong "
        "call.",
    .run = run,
};
