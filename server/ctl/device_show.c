/* device show: what is known of a device, and which certificates it has, or ever had. It needs no key. */
#include <time.h>

#include "server/ctl/device.h"

enum { LABEL_WIDTH = 16, DAY = 24 * 3600 };

struct showing {
    const struct device_named *device;
    int64_t now;
    int json;
    json_t *claims;
    size_t count; /* of certificates or claims that were shown */
};

/* ---- the device itself ---- */

/* What was blocked by the device's id: why, and by whom. */
static void put_blocked(json_t *object, const struct device_named *device)
{
    const struct store_blocked_key *blocked = device->blocked;
    char at[CTL_TIME_MAX];

    if (blocked == NULL)
        return;
    ctl_json_set(object, "state", json_string(device_state_name(STORE_DEVICE_BLOCKED)));
    ctl_json_set(object, "blocked_at", json_string(ctl_time(at, blocked->at)));
    ctl_json_set(object, "blocked_reason", json_string(cert_reason_name(blocked->reason)));
    ctl_json_set(object, "blocked_by", ctl_json_text(blocked->who));
    ctl_json_set(object, "blocked_comment", ctl_json_text(blocked->comment));
}

static json_t *describe(const struct device_named *device)
{
    const struct store_device unlisted = {.vendor = device->vendor, .identity = device->identity};
    json_t *object = device_json(device->row != NULL ? device->row : &unlisted);

    if (device->row == NULL)
        ctl_json_set(object, "state", json_string("not listed"));
    put_blocked(object, device);
    return object;
}

/* ---- its claims ---- */

static const char *status_of(const struct device_claim *claim, int64_t now)
{
    return claim->cert != NULL ? cert_status_name(claim->cert, now) : "deleted";
}

static int64_t enrolled_today(const struct device_claim *claim, int64_t now)
{
    return claim->row->day == now / DAY ? claim->row->day_count : 0;
}

static int add_claim(void *arg, const struct device_claim *claim)
{
    struct showing *showing = arg;
    char hex[CERT_HEX_MAX], at[CTL_TIME_MAX];
    json_t *object = json_object();

    ctl_json_set(object, "profile", ctl_json_text(claim->profile));
    ctl_json_set(object, "slot", json_integer(claim->slot));
    ctl_json_set(object, "serial", json_string(log_hex(hex, sizeof hex, claim->row->serial)));
    ctl_json_set(object, "status", json_string(status_of(claim, showing->now)));
    ctl_json_set(object, "not_after",
                 json_string(ctl_time(at, claim->cert != NULL ? claim->cert->not_after : 0)));
    ctl_json_set(object, "enrolled_at", json_string(ctl_time(at, claim->row->at)));
    ctl_json_set(object, "enrolled_today", json_integer(enrolled_today(claim, showing->now)));
    ctl_json_set(object, "allowed", json_boolean(claim->row->allowed));
    if (json_array_append_new(showing->claims, object) != 0)
        return !ctl_fault("out of memory");
    showing->count++;
    return 1;
}

/* ---- its history ---- */

static int print_certificate(void *arg, const void *row)
{
    struct showing *showing = arg;
    const struct store_cert *cert = row;
    char hex[CERT_HEX_MAX], issued[CTL_TIME_MAX], ends[CTL_TIME_MAX], stopped[CTL_TIME_MAX];

    if (!bytes_equal(cert->device, bytes_of(showing->device->id, STORE_HASH)))
        return 1;
    showing->count++;
    if (showing->json) {
        ctl_json_print(cert_json(cert, showing->now));
        return 1;
    }
    printf("%-*s%s %s, issued %s, until %s", LABEL_WIDTH, "certificate",
           log_hex(hex, sizeof hex, cert->serial), cert_status_name(cert, showing->now),
           ctl_time(issued, cert->issued_at), ctl_time(ends, cert->not_after));
    if (cert_is_stopped(cert))
        printf(", %s since %s", cert_reason_name(cert->reason), ctl_time(stopped, cert->revoked_at));
    printf(", profile ");
    cert_put_text(cert->profile, 0);
    putchar('\n');
    return 1;
}

static int print_history(struct showing *showing, const struct device_store *at)
{
    char fault[STORE_FAULT_MAX] = "";

    return store_each(at->opened.store, fault, STORE_CERTIFICATES, bytes_of(at->issuer, STORE_ISSUER_ID),
                      print_certificate, showing) ||
           !ctl_fault("%s", fault);
}

/* ---- for a person ---- */

static struct bytes text_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return bytes_of(json_string_value(value), json_string_length(value));
}

static void print_text(const json_t *object, const char *key)
{
    cert_put_text(text_of(object, key), 0);
}

static void print_claim(const json_t *claim)
{
    printf("%-*s", LABEL_WIDTH, "claim");
    print_text(claim, "profile");
    printf(" slot %d: ", (int)json_integer_value(json_object_get(claim, "slot")));
    print_text(claim, "serial");
    putchar(' ');
    print_text(claim, "status");
    if (text_of(claim, "not_after").len != 0)
        printf(" until ");
    print_text(claim, "not_after");
    printf(", enrolled ");
    print_text(claim, "enrolled_at");
    printf(", %d today%s\n", (int)json_integer_value(json_object_get(claim, "enrolled_today")),
           json_is_true(json_object_get(claim, "allowed")) ? ", allowed once more" : "");
}

static void print_lines(const json_t *object)
{
    const char *key;
    const json_t *value;
    json_t *members = (json_t *)(uintptr_t)object;

    for (void *at = json_object_iter(members); at != NULL; at = json_object_iter_next(members, at)) {
        key = json_object_iter_key(at);
        value = json_object_iter_value(at);
        if (json_string_length(value) == 0)
            continue;
        printf("%-*s", LABEL_WIDTH, key);
        print_text(object, key);
        putchar('\n');
    }
    for (size_t i = 0; i < json_array_size(json_object_get(object, "claims")); i++)
        print_claim(json_array_get(json_object_get(object, "claims"), i));
}

/* ---- the command ---- */

static int show(struct showing *showing, const struct device_store *at, int with_history)
{
    const struct device_named *device = showing->device;
    json_t *object = describe(device);

    device_warn_of_vendor(at, device);
    ctl_json_set(object, "claims", showing->claims = json_array());
    if (!device_each_claim(at, device->id, add_claim, showing)) {
        json_decref(object);
        return CTL_FAULT;
    }
    if (device->row != NULL || device->blocked != NULL || showing->count != 0) {
        if (!showing->json)
            print_lines(object);
        else
            ctl_json_print(json_incref(object));
        showing->count++;
    }
    json_decref(object);
    if (with_history && !print_history(showing, at))
        return CTL_FAULT;
    return showing->count != 0 ? CTL_OK : device_unknown(device);
}

static int look(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    struct device_named device;
    struct showing showing = {.device = &device, .now = time(NULL), .json = ctl_value(call, "json") != NULL};

    (void)arg;
    return device_look(&device, at, arena, call) ? show(&showing, at, ctl_value(call, "history") != NULL)
                                                 : CTL_FAULT;
}

static int run(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_TO_READ, look, NULL);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    CTL_OPTION_JSON,
    {"history", NULL, 0, "every certificate that it ever got, too: reads all of the CA"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_show = {
    .name = "device show",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = options,
    .says = "show what is known of a device, and its certificates",
    .more =
        "A claim is a certificate that counts against once.slots of its profile: which it is, what became "
        "of it, when it was enrolled, how often on this day (UTC), and whether it makes room for another "
        "one. With --json and --history a certificate is an object, and a line, of its own.",
    .run = run,
};
