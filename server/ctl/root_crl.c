/* root_crl.c: see root_crl.h. */
#include "server/ctl/root_crl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crl.h"
#include "crypto/name_match.h"
#include "crypto/pem.h"
#include "server/base/file.h"

enum { DAY = 24 * 3600 };

struct walk {
    CBS former; /* entries that are left */
    const struct root_crl *plan;
    size_t at; /* in what is new */
};

static int next(void *arg, struct crl_entry *out)
{
    struct walk *walk = arg;

    if (crl_read_entry(&walk->former, out))
        return 1;
    if (CBS_len(&walk->former) != 0 || walk->at == walk->plan->revoked_count)
        return 0;
    const struct root_crl_revoked *revoked = &walk->plan->revoked[walk->at++];
    *out = (struct crl_entry){
        .serial = revoked->cert.serial, .revoked_at = walk->plan->now, .reason = revoked->reason};
    return 1;
}

/* Entries of the former one, all of them readable; -1: they are not. */
static long count_entries(struct bytes entries)
{
    CBS rest = cbs_of(entries);
    struct crl_entry entry;
    long count = 0;

    while (crl_read_entry(&rest, &entry))
        count++;
    return CBS_len(&rest) == 0 ? count : -1;
}

/* What is listed already is no mistake, but is not listed twice. */
static int is_listed(struct bytes entries, struct bytes serial)
{
    CBS rest = cbs_of(entries);
    struct crl_entry entry;

    while (crl_read_entry(&rest, &entry))
        if (bytes_equal(entry.serial, serial))
            return 1;
    return 0;
}

static int read_former(struct crl *former, const struct root_crl *plan)
{
    *former = (struct crl){.number = 0};
    if (plan->former.len == 0)
        return 1;
    if (!crl_parse(former, plan->former) || !name_equal(former->issuer, plan->ca->cert.subject) ||
        !crl_is_signed_by(former, plan->ca->cert.spki) || former->is_delta || former->number < 0 ||
        count_entries(former->entries) < 0)
        return !ctl_fault(
            "the file is no CRL that this CA has signed: name the file of its last CRL, or a new one");
    for (size_t i = 0; i < plan->revoked_count; i++)
        if (is_listed(former->entries, plan->revoked[i].cert.serial))
            return !ctl_fault("a certificate that is to be revoked is in the CRL already");
    return 1;
}

int root_crl_make(struct bytes *der, int64_t *number, const struct root_crl *plan)
{
    struct walk walk = {.plan = plan};
    struct crl former;

    if (!read_former(&former, plan))
        return 0;
    walk.former = cbs_of(former.entries);
    *number = former.number + 1;
    const struct crl_plan written = {
        .algorithm = signature_for_key(private_key_kind(plan->ca->key)),
        .key = plan->ca->key,
        .issuer = plan->ca->cert.subject,
        .issuer_key_id = plan->ca->cert.key_id,
        .this_update = plan->now > former.this_update ? plan->now : former.this_update + 1,
        .next_update = plan->now + (int64_t)plan->days * DAY,
        .number = *number,
    };
    size_t most = (size_t)count_entries(former.entries) + plan->revoked_count;
    return crl_write(der, &written, most, next, &walk) || !ctl_fault("the CA's key did not sign");
}

int root_crl_save(const char *path, struct bytes der, int must_be_new)
{
    size_t len = strlen(path), text_len;
    char *text = NULL;
    int ok;

    if (len > 4 && strcmp(path + len - 4, ".pem") == 0) {
        if (!pem_crl(&text, &text_len, der))
            return !ctl_fault("out of memory");
        ok = file_write(path, text, text_len, 0644, must_be_new);
    } else {
        ok = file_write(path, der.data, der.len, 0644, must_be_new);
    }
    free(text);
    return ok || !ctl_fault("cannot write %s: %s", path, strerror(errno));
}

int root_crl_begin(const char *path, const struct ctl_identity *ca, int64_t now)
{
    const struct root_crl plan = {.ca = ca, .days = ROOT_CRL_DAYS, .now = now};
    struct bytes der;
    int64_t number;
    int ok;

    if (!root_crl_make(&der, &number, &plan))
        return 0;
    ok = root_crl_save(path, der, 1);
    free((void *)(uintptr_t)der.data);
    return ok;
}
