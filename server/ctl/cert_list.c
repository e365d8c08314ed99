/* cert list: the certificates in the store. It needs no key. */
#include <string.h>
#include <time.h>

#include "server/ctl/cert_filter.h"
#include "server/ctl/terminal.h"

/* Of a line: a serial, what it is, two dates, each with a blank behind. The rest is the subject's. */
enum { SERIAL_WIDTH = 2 * STORE_SERIAL, STATUS_WIDTH = 11, DATE_WIDTH = 10, SUBJECT_LEAST = 12 };

struct listing {
    struct cert_filter filter;
    size_t width; /* of the terminal; 0: nothing is cut */
};

static int print_json(void *arg, const void *row)
{
    const struct listing *listing = arg;

    if (cert_filter_takes(&listing->filter, row))
        ctl_json_print(cert_json(row, listing->filter.now));
    return 1;
}

static const char *date(char out[CTL_TIME_MAX], int64_t at)
{
    ctl_time(out, at);
    out[DATE_WIDTH] = 0;
    return out;
}

/* Status and reason; returns how many characters. RFC 5280 5.3.1: unspecified is as good as no reason. */
static int print_status(const struct store_cert *cert, int64_t now)
{
    const char *status = cert_status_name(cert, now);

    if (cert->status == STORE_CERT_REVOKED && cert->reason != CERT_UNSPECIFIED)
        return printf("%s %s", status, cert_reason_name(cert->reason));
    return printf("%-*s", STATUS_WIDTH, status);
}

static int print_line(void *arg, const void *row)
{
    const struct listing *listing = arg;
    const struct store_cert *cert = row;
    char hex[CERT_HEX_MAX], issued[CTL_TIME_MAX], expires[CTL_TIME_MAX];
    size_t used, room = 0;

    if (!cert_filter_takes(&listing->filter, cert))
        return 1;
    used = (size_t)printf("%s ", log_hex(hex, sizeof hex, cert->serial));
    used += (size_t)print_status(cert, listing->filter.now);
    used += (size_t)printf(" %s %s ", date(issued, cert->issued_at), date(expires, cert->not_after));
    if (listing->width != 0)
        room = listing->width >= used + SUBJECT_LEAST ? listing->width - used : SUBJECT_LEAST;
    cert_put_text(cert->subject_text, room);
    putchar('\n');
    return 1;
}

/* The CA whose certificates are shown: all if the call names none. Returns CTL_OK, or an exit status. */
static int read_ca(struct bytes *issuer, uint8_t id[STORE_ISSUER_ID], const struct config *config,
                   const char *name)
{
    if (name == NULL)
        return CTL_OK;
    for (size_t i = 0; i < config->ca_count; i++)
        if (strcmp(config->cas[i].name, name) == 0) {
            *issuer = bytes_of(id, STORE_ISSUER_ID);
            return cert_issuer(id, config->cas[i].certificate) ? CTL_OK : CTL_FAULT;
        }
    return ctl_fault("--ca: the configuration has no CA '%s'", name);
}

static int run(const struct ctl_call *call)
{
    uint8_t id[STORE_ISSUER_ID];
    struct bytes issuer = bytes_of(NULL, 0);
    char fault[STORE_FAULT_MAX] = "";
    struct listing listing = {.width = terminal_size().width};
    struct ctl_opened opened;
    int json = ctl_value(call, "json") != NULL;
    int status = cert_filter_read(&listing.filter, call);

    if (status != CTL_OK || (status = ctl_open(&opened, call, CTL_NEEDS_TO_READ)) != CTL_OK)
        return status;
    status = read_ca(&issuer, id, opened.config, ctl_value(call, "ca"));
    if (status == CTL_OK && !json)
        printf("%-*s %-*s %-*s %-*s SUBJECT\n", SERIAL_WIDTH, CERT_LIST_HEAD, STATUS_WIDTH, "STATUS",
               DATE_WIDTH, "ISSUED", DATE_WIDTH, "EXPIRES");
    if (status == CTL_OK && !store_each(opened.store, fault, STORE_CERTIFICATES, issuer,
                                        json ? print_json : print_line, &listing))
        status = ctl_fault("%s", fault);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG,   CTL_OPTION_STORE,
                                            CTL_OPTION_JSON,     {"ca", "NAME", 0, "issued by this CA"},
                                            CERT_FILTER_OPTIONS, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_cert_list = {
    .name = "cert list",
    .options = options,
    .says = "show the certificates in the store",
    .more =
        "All, or those that are as every option wants them. A PATTERN is about the whole name; * stands for "
        "any text, ? for one character; upper and lower case do not differ. TIME is UTC, as "
        "2026-11-29T05:00:00Z, or a date. A line is: serial, status with the reason of a revocation, date of "
        "issue, date of expiry, subject; on a terminal the subject is cut. --json tells more.",
    .run = run,
};
