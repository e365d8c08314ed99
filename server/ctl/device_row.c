/* device_row.c: what a row of a device may hold, column by column, wherever it comes from (device.h). */
#include <strings.h>

#include "crypto/name_rules.h"
#include "server/base/utf8.h"
#include "server/cmp/cmp.h"
#include "server/ctl/device.h"

/* What a column is judged by. */
struct judging {
    struct device_entry *entry;
    const struct config *config;
    const struct config_ca *ca;
};

struct bytes device_trimmed(struct bytes text)
{
    while (text.len != 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len != 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

/* Text of one line: it stands in lists and logs. */
static const char *text_fault(struct bytes text, size_t max)
{
    if (text.len > max)
        return "is too long";
    for (size_t i = 0; i < text.len;) {
        uint32_t character;
        size_t len = utf8_decode(&character, text.data + i, text.len - i);
        if (len == 0)
            return "is not UTF-8";
        if (character < ' ' || (character >= 0x7f && character < 0xa0))
            return "holds a control character";
        i += len;
    }
    return NULL;
}

static const char *judge_vendor(const struct judging *judging, struct bytes text)
{
    if (text.len == 0)
        return "is missing";
    for (size_t v = 0; v < judging->config->vendor_count; v++)
        if (bytes_equal(text, bytes_str(judging->config->vendors[v].name)))
            return NULL;
    return "is none of those in cmpd.yaml";
}

static const char *judge_identity(const struct judging *judging, struct bytes text)
{
    (void)judging;
    return text.len == 0 ? "is missing" : text_fault(text, BOUND_DEVICE_IDENTITY);
}

static const char *judge_text(const struct judging *judging, struct bytes text)
{
    (void)judging;
    return text_fault(text, BOUND_DEVICE_TEXT);
}

static const char *judge_fqdn(const struct judging *judging, struct bytes text)
{
    (void)judging;
    return text.len == 0 || (text.len <= BOUND_DEVICE_TEXT && name_is_host(text)) ? NULL
                                                                                  : "is no name of a host";
}

/* A profile without a CA is of the only one. */
static int is_profile(const struct judging *judging, struct bytes name)
{
    for (size_t p = 0; p < judging->config->profile_count; p++) {
        const struct config_profile *profile = &judging->config->profiles[p];
        if (bytes_equal(name, bytes_str(profile->name)) &&
            (profile->ca == NULL || strcmp(profile->ca, judging->ca->name) == 0))
            return 1;
    }
    return 0;
}

static const char *judge_profiles(const struct judging *judging, struct bytes text)
{
    if (text.len > BOUND_DEVICE_TEXT)
        return "is too long";
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && text.data[end] != ' ')
            end++;
        if (end == at)
            return "has more than one blank between two names";
        if (!is_profile(judging, bytes_of(text.data + at, end - at)))
            return "names a profile that cmpd.yaml does not have for this CA";
        at = end + 1;
    }
    return NULL;
}

static int digit(uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != 0 ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

    return found != NULL ? (int)(found - digits) : -1;
}

static const char *judge_expected(const struct judging *judging, struct bytes text)
{
    static const char wrong[] = "is no SHA-256 in hexadecimal, which is 64 digits";

    if (text.len != 0 && text.len != 2 * (size_t)STORE_HASH)
        return wrong;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = digit(text.data[i]), low = digit(text.data[i + 1]);
        if (high < 0 || low < 0)
            return wrong;
        judging->entry->expected[i / 2] = (uint8_t)(high << 4 | low);
    }
    return NULL;
}

static const struct {
    const char *name;
    size_t offset; /* of its field of struct store_device */
    const char *(*judge)(const struct judging *judging, struct bytes text);
} columns[DEVICE_COLUMNS] = {
    [DEVICE_VENDOR] = {"vendor", offsetof(struct store_device, vendor), judge_vendor},
    [DEVICE_IDENTITY] = {"identity", offsetof(struct store_device, identity), judge_identity},
    [DEVICE_SITE] = {"site", offsetof(struct store_device, site), judge_text},
    [DEVICE_FQDN] = {"fqdn", offsetof(struct store_device, fqdn), judge_fqdn},
    [DEVICE_PROFILES] = {"profiles", offsetof(struct store_device, profiles), judge_profiles},
    [DEVICE_EXPECTED] = {"expected", offsetof(struct store_device, expected), judge_expected},
    [DEVICE_NOTES] = {"notes", offsetof(struct store_device, notes), judge_text},
};

const char *device_column_name(enum device_column column)
{
    return columns[column].name;
}

int device_column_of(struct bytes name)
{
    for (int i = 0; i < DEVICE_COLUMNS; i++)
        if (strlen(columns[i].name) == name.len &&
            strncasecmp(columns[i].name, (const char *)name.data, name.len) == 0)
            return i;
    return -1;
}

struct bytes device_get(const struct store_device *row, enum device_column column)
{
    struct bytes value;

    memcpy(&value, (const uint8_t *)row + columns[column].offset, sizeof value);
    return value;
}

static void put(struct store_device *row, enum device_column column, struct bytes value)
{
    memcpy((uint8_t *)row + columns[column].offset, &value, sizeof value);
}

const char *device_set(struct device_entry *entry, enum device_column column, struct bytes text,
                       const struct config *config, const struct config_ca *ca)
{
    const struct judging judging = {entry, config, ca};
    struct bytes value = device_trimmed(text);
    const char *fault = columns[column].judge(&judging, value);

    if (fault != NULL)
        return fault;
    if (column == DEVICE_EXPECTED && value.len != 0)
        value = bytes_of(entry->expected, STORE_HASH);
    put(&entry->row, column, value);
    entry->given |= 1U << column;
    return NULL;
}

void device_identify(struct device_entry *entry, const uint8_t issuer[STORE_ISSUER_ID])
{
    entry->row.device =
        cmp_device_id(entry->id, bytes_of(issuer, STORE_ISSUER_ID), entry->row.vendor, entry->row.identity);
}

enum device_change device_merge(struct device_entry *entry, const struct store_device *there, int64_t now)
{
    struct store_device *row = &entry->row;
    enum device_change change = DEVICE_UNCHANGED;

    row->state = there != NULL ? there->state : STORE_DEVICE_KNOWN;
    row->added_at = there != NULL ? there->added_at : now;
    row->changed_at = now;
    if (there == NULL)
        return DEVICE_NEW;
    for (int i = 0; i < DEVICE_COLUMNS; i++) {
        enum device_column column = (enum device_column)i;
        if ((entry->given & 1U << i) == 0)
            put(row, column, device_get(there, column));
        else if (!bytes_equal(device_get(row, column), device_get(there, column)))
            change = DEVICE_CHANGED;
    }
    return change;
}
