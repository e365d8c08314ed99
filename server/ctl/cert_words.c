/* cert_words.c: how the commands about certificates say what one is. */
#include <string.h>

#include "server/base/utf8.h"
#include "server/ctl/cert.h"
#include "storage/row.h"

static const char expired[] = "expired";

static const char *const statuses[] = {
    [STORE_CERT_UNCONFIRMED] = "unconfirmed",
    [STORE_CERT_VALID] = "valid",
    [STORE_CERT_REVOKED] = "revoked",
    [STORE_CERT_HOLD] = "hold",
};

/* RFC 5280 5.3.1; 7 is not used. */
static const char *const reasons[] = {
    "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
    "superseded",    "cessationOfOperation", "certificateHold", NULL,
    "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};

enum { STATUSES = sizeof statuses / sizeof statuses[0], REASONS = sizeof reasons / sizeof reasons[0] };

const char *cert_status_name(const struct store_cert *cert, int64_t now)
{
    if (cert->status == STORE_CERT_VALID && cert->not_after < now)
        return expired;
    if ((size_t)cert->status >= STATUSES || statuses[cert->status] == NULL)
        return "?"; /* somebody has been at the store */
    return statuses[cert->status];
}

int cert_status_known(const char *name)
{
    for (size_t i = STORE_CERT_UNCONFIRMED; i < STATUSES; i++)
        if (strcmp(name, statuses[i]) == 0)
            return 1;
    return strcmp(name, expired) == 0;
}

const char *cert_reason_name(int reason)
{
    return reason >= 0 && reason < REASONS && reasons[reason] != NULL ? reasons[reason] : "?";
}

int cert_reason(const char *name)
{
    for (int i = 0; i < REASONS; i++)
        if (reasons[i] != NULL && strcmp(name, reasons[i]) == 0)
            return i;
    return -1;
}

int cert_is_stopped(const struct store_cert *cert)
{
    return cert->status == STORE_CERT_REVOKED || cert->status == STORE_CERT_HOLD;
}

json_t *cert_json(const struct store_cert *cert, int64_t now)
{
    char hex[CERT_HEX_MAX], at[CTL_TIME_MAX];
    json_t *row = json_object();

    ctl_json_set(row, "serial", json_string(log_hex(hex, sizeof hex, cert->serial)));
    ctl_json_set(row, "subject", ctl_json_text(cert->subject_text));
    ctl_json_set(row, "status", json_string(cert_status_name(cert, now)));
    ctl_json_set(row, "reason", json_string(cert_is_stopped(cert) ? cert_reason_name(cert->reason) : ""));
    ctl_json_set(row, "issued_at", json_string(ctl_time(at, cert->issued_at)));
    ctl_json_set(row, "not_before", json_string(ctl_time(at, cert->not_before)));
    ctl_json_set(row, "not_after", json_string(ctl_time(at, cert->not_after)));
    ctl_json_set(row, "revoked_at", json_string(ctl_time(at, cert->revoked_at)));
    ctl_json_set(row, "transactionID",
                 json_string(log_hex(hex, sizeof hex, store_whole_id(cert->transaction_id))));
    ctl_json_set(row, "profile", ctl_json_text(cert->profile));
    ctl_json_set(row, "shard", json_integer(cert->shard));
    ctl_json_set(row, "vendor", ctl_json_text(cert->vendor));
    return row;
}

/* Length of the character at |p|, of which |left| octets are there; what is none is an octet. */
static size_t character_len(const uint8_t *p, size_t left)
{
    uint32_t character;
    size_t len = utf8_decode(&character, p, left);

    return len != 0 ? len : 1;
}

void cert_put_text(struct bytes text, size_t width)
{
    size_t characters = 0, shown = 0;

    for (size_t i = 0; i < text.len; i += character_len(text.data + i, text.len - i))
        characters++;
    for (size_t i = 0; i < text.len; shown++) {
        size_t len = character_len(text.data + i, text.len - i);
        if (width != 0 && characters > width && shown + 1 >= width) {
            fputs("…", stdout);
            return;
        }
        if (utf8_shown(text.data + i, text.len - i) != 0)
            fwrite(text.data + i, 1, len, stdout);
        else
            putchar('?');
        i += len;
    }
}
