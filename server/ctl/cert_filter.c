/* cert_filter.c: see cert_filter.h. */
#include "server/ctl/cert_filter.h"

#include <time.h>

#include "server/ctl/cert_names.h"
#include "storage/row.h"

/* ---- what is asked for ---- */

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
    return choice_read_span(&filter->issued, call, "issued-after", "issued-before") &&
                   choice_read_span(&filter->expires, call, "expires-after", "expires-before") &&
                   choice_read_span(&filter->revoked, call, "revoked-after", "revoked-before") &&
                   read_transaction(filter, ctl_value(call, "transaction"))
               ? CTL_OK
               : CTL_FAULT;
}

/* ---- whether a certificate is so ---- */

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
    return choice_is_like(name, filter->san) || choice_is_like(whole, filter->san);
}

static int subject_is_like(const struct cert_filter *filter, struct bytes subject)
{
    char text[NAME_TEXT_MAX];

    snprintf(text, sizeof text, "%.*s", (int)subject.len, (const char *)subject.data);
    return choice_is_like(text, filter->subject);
}

int cert_filter_takes(const struct cert_filter *filter, const struct store_cert *cert)
{
    return choice_is_in(&filter->issued, cert->issued_at) &&
           choice_is_in(&filter->expires, cert->not_after) &&
           (!asks_for_revoked(filter) ||
            (cert_is_stopped(cert) && choice_is_in(&filter->revoked, cert->revoked_at))) &&
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
