/* cert_filter.c: see cert_filter.h. */
#include "server/ctl/cert_filter.h"

#include <time.h>

#include "server/ctl/cert_names.h"
#include "storage/row.h"

/* ---- patterns ---- */

static int lower(uint8_t octet)
{
    return octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet;
}

static int continues(const char *text)
{
    return ((unsigned char)*text & 0xc0) == 0x80;
}

/* Skips a character of UTF-8. */
static const char *skip(const char *text)
{
    do
        text++;
    while (continues(text));
    return text;
}

/* Whether |text| is like |pattern|, the case of ASCII ignored. When what follows a "*" does not fit, that "*"
 * takes one octet more; those before it need not be tried again. */
static int is_like(const char *text, const char *pattern)
{
    const char *star = NULL, *taken = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            taken = text;
        } else if (*pattern == '?') {
            text = skip(text);
            pattern++;
        } else if (lower((uint8_t)*pattern) == lower((uint8_t)*text)) {
            text++;
            pattern++;
        } else if (star != NULL) {
            pattern = star;
            taken = text = skip(taken);
        } else {
            return 0;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* ---- what is asked for ---- */

static int read_time(int64_t *out, const struct ctl_call *call, const char *option)
{
    const char *text = ctl_value(call, option);

    return text == NULL || cert_read_time(out, text) ||
           !ctl_fault(
               "--%s wants a date or a time in UTC, such as 2026-11-29 or 2026-11-29T05:00:00Z, not '%s'",
               option, text);
}

static int read_span(struct cert_span *out, const struct ctl_call *call, const char *after,
                     const char *before)
{
    *out = (struct cert_span){INT64_MIN, INT64_MAX};
    return read_time(&out->after, call, after) && read_time(&out->before, call, before);
}

static int read_transaction(struct cert_filter *filter, const char *text)
{
    if (text == NULL)
        return 1;
    filter->transaction_id_len = cert_read_hex(filter->transaction_id, sizeof filter->transaction_id, text);
    return filter->transaction_id_len != 0 ||
           !ctl_fault(
               "--transaction wants a transactionID in hexadecimal, as cert list --json shows it, not '%s'",
               text);
}

int cert_filter_read(struct cert_filter *filter, const struct ctl_call *call)
{
    *filter = (struct cert_filter){
        .now = time(NULL),
        .subject = ctl_value(call, "subject"),
        .san = ctl_value(call, "san"),
        .profile = ctl_value(call, "profile"),
        .vendor = ctl_value(call, "vendor"),
        .status = ctl_value(call, "status"),
    };
    if (filter->status != NULL && !cert_status_known(filter->status))
        return ctl_fault("--status is valid, revoked, hold, unconfirmed or expired, not '%s'",
                         filter->status);
    return read_span(&filter->issued, call, "issued-after", "issued-before") &&
                   read_span(&filter->expires, call, "expires-after", "expires-before") &&
                   read_span(&filter->revoked, call, "revoked-after", "revoked-before") &&
                   read_transaction(filter, ctl_value(call, "transaction"))
               ? CTL_OK
               : CTL_FAULT;
}

/* ---- whether a certificate is so ---- */

static int is_in(const struct cert_span *span, int64_t at)
{
    return at >= span->after && at < span->before;
}

static int asks_for_revoked(const struct cert_filter *filter)
{
    return filter->revoked.after != INT64_MIN || filter->revoked.before != INT64_MAX;
}

/* Each name may be asked for with its kind or without. */
static int name_is_like(void *arg, const char *kind, const char *name)
{
    const struct cert_filter *filter = arg;
    char whole[CERT_NAME_MAX];

    snprintf(whole, sizeof whole, "%s:%s", kind, name);
    return is_like(name, filter->san) || is_like(whole, filter->san);
}

static int subject_is_like(const struct cert_filter *filter, struct bytes subject)
{
    char text[NAME_TEXT_MAX];

    snprintf(text, sizeof text, "%.*s", (int)subject.len, (const char *)subject.data);
    return is_like(text, filter->subject);
}

int cert_filter_takes(const struct cert_filter *filter, const struct store_cert *cert)
{
    return is_in(&filter->issued, cert->issued_at) && is_in(&filter->expires, cert->not_after) &&
           (!asks_for_revoked(filter) ||
            (cert_is_stopped(cert) && is_in(&filter->revoked, cert->revoked_at))) &&
           (filter->status == NULL || strcmp(filter->status, cert_status_name(cert, filter->now)) == 0) &&
           (filter->profile == NULL || bytes_equal(bytes_str(filter->profile), cert->profile)) &&
           (filter->vendor == NULL || bytes_equal(bytes_str(filter->vendor), cert->vendor)) &&
           (filter->transaction_id_len == 0 ||
            bytes_equal(bytes_of(filter->transaction_id, filter->transaction_id_len),
                        store_whole_id(cert->transaction_id))) &&
           (filter->subject == NULL || subject_is_like(filter, cert->subject_text)) &&
           (filter->san == NULL ||
            cert_each_name(cert->certificate, name_is_like, (void *)(uintptr_t)filter));
}
