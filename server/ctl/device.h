/* device.h: what the commands about devices share: what a row may hold, finding one, its claims, and how a
 * change of it gets into the store. */
#ifndef CMPD_CTL_DEVICE_H
#define CMPD_CTL_DEVICE_H

#include "server/ctl/cert.h"

/* ---- device_row.c: what a row may hold ---- */

/* What is known of a device from outside, by the names of its columns in a list. */
enum device_column {
    DEVICE_VENDOR,
    DEVICE_IDENTITY,
    DEVICE_SITE,
    DEVICE_FQDN,
    DEVICE_PROFILES,
    DEVICE_EXPECTED,
    DEVICE_NOTES,
    DEVICE_COLUMNS
};

/* struct device_entry is a row that somebody wants to have stored. All zero at first. */
struct device_entry {
    struct store_device row;                      /* views of what was given */
    uint8_t id[STORE_HASH], expected[STORE_HASH]; /* that row.device and row.expected are of */
    unsigned given;                               /* 1 << enum device_column */
};

/* device_column_name returns "vendor", "identity", …. device_column_of returns the column that |name| names,
 * capitals not counted, or -1. */
const char *device_column_name(enum device_column column);
int device_column_of(struct bytes name);

/* device_trimmed returns |text| without the blanks at its ends: no identity that a certificate yields has
 * any. */
struct bytes device_trimmed(struct bytes text);

/* device_set sets |column| of |entry| to |text|, blanks at its ends left out; it has to live as long as the
 * entry. What vendors and profiles there are is in |config|, and those profiles count that are of its CA
 * |ca|. Returns NULL, or what is wrong with it, as the end of a sentence that begins with the column. */
const char *device_set(struct device_entry *entry, enum device_column column, struct bytes text,
                       const struct config *config, const struct config_ca *ca);

/* device_get returns what |row| has in |column|; of DEVICE_EXPECTED the octets. */
struct bytes device_get(const struct store_device *row, enum device_column column);

/* device_identify writes by what the store knows the device of |entry|, whose vendor and identity are set, at
 * the CA |issuer|. */
void device_identify(struct device_entry *entry, const uint8_t issuer[STORE_ISSUER_ID]);

/* device_merge makes |entry| the row that is to be stored at |now| (Unix seconds) where |there| is (NULL:
 * nothing): what was not given stays, and so does its state. Returns which change that is. */
enum device_change { DEVICE_NEW, DEVICE_CHANGED, DEVICE_UNCHANGED, DEVICE_CHANGES };
enum device_change device_merge(struct device_entry *entry, const struct store_device *there, int64_t now);

/* ---- device_find.c: finding one ---- */

/* The option by which a call names the CA that devices are listed at. */
#define DEVICE_OPTION_CA                                                                                     \
    {                                                                                                        \
        "ca", "NAME", 0, "the CA that it is about; may be left out if there is one"                          \
    }

/* A page of rows of any kind. */
enum { DEVICE_ARENA = 8 * 1024 * 1024 };

/* struct device_store is what a call works on. */
struct device_store {
    struct ctl_opened opened;
    const struct config_ca *ca;
    uint8_t issuer[STORE_ISSUER_ID];
};

/* device_run is a command that works on a store: it opens what |call| names, with the CA of its option "ca",
 * has |work| done, seals the audit log where |needs| say that the store is changed, and closes it. What is in
 * |arena| goes then. Returns the exit status of |work|, or of what could not be opened. */
typedef int device_work(void *arg, const struct ctl_call *call, const struct device_store *at,
                        struct arena *arena);
int device_run(const struct ctl_call *call, unsigned needs, device_work *work, void *arg);

/* device_each calls |each| for every device of the CA, until it returns 0. Returns 1, or 0 with a fault
 * printed. */
int device_each(const struct device_store *at, store_row_found *each, void *arg);

/* struct device_named is a device that a call names by VENDOR IDENTITY. */
struct device_named {
    struct bytes vendor, identity;
    uint8_t id[STORE_HASH];
    const struct store_device *row;          /* NULL: it is not listed */
    const struct store_blocked_key *blocked; /* by when, why and by whom; NULL: units do not refuse it */
};

/* device_look reads what the store has of the device that |call| names. Returns 1, or 0 with a fault printed.
 * device_warn_of_vendor tells that cmpd.yaml has no such vendor, where that is no fault, or that nothing
 * tells its devices apart. */
int device_look(struct device_named *device, const struct device_store *at, struct arena *arena,
                const struct ctl_call *call);
void device_warn_of_vendor(const struct device_store *at, const struct device_named *device);

/* device_is_blocked returns 1 if either of what blocks |device| is there: a change that was broken off in a
 * race leaves it blocked, never half free. device_unknown tells that it is not listed. Returns CTL_FAULT. */
int device_is_blocked(const struct device_named *device);
int device_unknown(const struct device_named *device);

/* ---- device_words.c: the words for it ---- */

/* device_state_name returns the word for a state; device_state returns the state that |name| names, or 0. */
const char *device_state_name(enum store_device_state state);
int device_state(const char *name);

/* device_text writes "VENDOR IDENTITY" into |out|, and returns it. */
enum { DEVICE_TEXT = STORE_NAME_MAX + BOUND_DEVICE_IDENTITY + 2 };
const char *device_text(char out[DEVICE_TEXT], struct bytes vendor, struct bytes identity);

/* device_json returns what |row| says. */
json_t *device_json(const struct store_device *row);

/* ---- device_change.c: changing it ---- */

enum { DEVICE_COMMENT_MAX = 256, DEVICE_ATTEMPTS = 3 };

/* struct device_act is how a change is recorded: |outcome| is what is said of the device, and |detail|, which
 * may be empty, follows it in the audit log. */
struct device_act {
    const char *event, *outcome, *detail;
};

/* device_commit commits |unit| with a record of |act| on |device|. Returns STORE_DONE; STORE_CONFLICT: look
 * at it again; or another outcome with a fault printed. */
enum store_outcome device_commit(const struct device_store *at, struct store_unit *unit,
                                 const struct device_named *device, const struct device_act *act);

/* device_contended tells that others change |device| all the time. Returns CTL_FAULT. */
int device_contended(const struct device_named *device);

/* device_change is a command that changes the device that |call| names first: it opens the store and calls
 * |change| with what is there, and again with what is there then, as often as that returns STORE_CONFLICT,
 * but DEVICE_ATTEMPTS times at most. |change| returns STORE_DONE, or another outcome with a fault printed.
 * Returns an exit status. */
typedef enum store_outcome device_changer(void *arg, const struct device_store *at, struct arena *arena,
                                          const struct device_named *device);
int device_change(const struct ctl_call *call, device_changer *change, void *arg);

/* device_say prints what became of |device|. */
void device_say(const struct device_named *device, const char *outcome);

/* ---- device_claims.c: which certificates it has ---- */

/* struct device_claim is a slot of a device. */
struct device_claim {
    const struct store_claim *row;
    int slot; /* from 1: as it is shown */
    struct bytes profile;
    const struct store_cert *cert; /* NULL: retention has let it go */
};

/* device_each_claim calls |each| for every claim of the device |id|, until it returns 0. Returns 1, or 0 with
 * a fault printed. */
int device_each_claim(const struct device_store *at, const uint8_t id[STORE_HASH],
                      int (*each)(void *arg, const struct device_claim *claim), void *arg);

/* device_claim_is_good returns 1 if the certificate of |claim| may be in service at |now| (Unix seconds). */
int device_claim_is_good(const struct device_claim *claim, int64_t now);

#endif
