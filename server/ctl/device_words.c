/* device_words.c: how the commands about devices say what one is (device.h). */
#include "server/ctl/device.h"

static const char *const states[] = {[STORE_DEVICE_KNOWN] = "known", [STORE_DEVICE_BLOCKED] = "blocked"};
enum { STATES = sizeof states / sizeof states[0] };

const char *device_state_name(enum store_device_state state)
{
    return (size_t)state < STATES && states[state] != NULL ? states[state] : "?";
}

int device_state(const char *name)
{
    for (int i = STORE_DEVICE_KNOWN; i < STATES; i++)
        if (strcmp(states[i], name) == 0)
            return i;
    return 0;
}

const char *device_text(char out[DEVICE_TEXT], struct bytes vendor, struct bytes identity)
{
    snprintf(out, DEVICE_TEXT, "%.*s %.*s", (int)vendor.len, (const char *)vendor.data, (int)identity.len,
             (const char *)identity.data);
    return out;
}

json_t *device_json(const struct store_device *row)
{
    char hex[2 * STORE_HASH + 1], at[CTL_TIME_MAX];
    json_t *object = json_object();

    for (int i = 0; i < DEVICE_COLUMNS; i++) {
        enum device_column column = (enum device_column)i;
        struct bytes value = device_get(row, column);
        ctl_json_set(object, device_column_name(column),
                     column == DEVICE_EXPECTED ? json_string(log_hex(hex, sizeof hex, value))
                                               : ctl_json_text(value));
    }
    ctl_json_set(object, "state", json_string(device_state_name(row->state)));
    ctl_json_set(object, "added_at", json_string(ctl_time(at, row->added_at)));
    ctl_json_set(object, "changed_at", json_string(ctl_time(at, row->changed_at)));
    return object;
}
