/* cert.h: what the commands about certificates share: finding one, and the words for what it is. */
#ifndef CMPD_CTL_CERT_H
#define CMPD_CTL_CERT_H

#include "server/ctl/cert_ocsp.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"

enum { CERT_HEX_MAX = 2 * BOUND_TRANSACTION_ID + 1, CERT_ARENA = 1024 * 1024 };

/* ---- cert_words.c ---- */

/* Those of CRLReason (RFC 5280 5.3.1) that are not like the others. */
enum {
    CERT_UNSPECIFIED = 0,
    CERT_KEY_COMPROMISE = 1,
    CERT_ON_HOLD = 6,
    CERT_RELEASED = 8,
    CERT_AA_COMPROMISE = 10
};

/* cert_status_name returns the word for what |cert| is at |now| (Unix seconds): that of its status, or
 * "expired" for a valid one whose notAfter is past. */
const char *cert_status_name(const struct store_cert *cert, int64_t now);

/* cert_status_known returns 1 if cert_status_name may return |name|. */
int cert_status_known(const char *name);

/* cert_reason_name returns the name of the CRLReason |reason|, "?" if it is none. cert_reason returns the
 * CRLReason that |name| names, or -1. */
const char *cert_reason_name(int reason);
int cert_reason(const char *name);

/* cert_is_stopped returns 1 if |cert| is revoked or on hold: then it has a reason, and a time. */
int cert_is_stopped(const struct store_cert *cert);

/* cert_json returns what the row |cert| says, but for its octets. */
json_t *cert_json(const struct store_cert *cert, int64_t now);

/* cert_put_text writes |text|, at most |width| characters of it (0: all), the last one then as "…". What a
 * terminal would obey instead of showing it becomes "?". */
void cert_put_text(struct bytes text, size_t width);

/* ---- cert_read.c ---- */

/* The first word of what cert list writes above its lines. */
#define CERT_LIST_HEAD "SERIAL"

/* cert_read_serial reads a serial as tools print it. Returns 1, or 0 with a fault printed if |text| is none.
 */
int cert_read_serial(uint8_t out[STORE_SERIAL], const char *text);

/* cert_read_line cuts |line| of a list of serials where its first word ends: what comes behind is a remark.
 * Returns 1, or 0 if the line has none, or is the head that cert list writes above its own. */
int cert_read_line(char *line);

/* cert_read_hex reads up to |room| octets in hexadecimal; returns how many, 0 if |text| is nothing else. */
size_t cert_read_hex(uint8_t *out, size_t room, const char *text);

/* cert_read_time reads a time of RFC 3339 in UTC ("2026-11-29T05:00:00Z"), or a date, which is its first
 * second, into Unix seconds; returns 0 if |text| is none. */
int cert_read_time(int64_t *out, const char *text);

/* ---- cert_find.c ---- */

/* cert_issuer reads by what the store knows the CA whose certificate is in the file |path|: who looks at the
 * store needs none of its keys. Returns 1, or 0 with a fault printed. */
int cert_issuer(uint8_t id[STORE_ISSUER_ID], const char *path);

/* struct cert_found is a certificate with its CA. */
struct cert_found {
    uint8_t issuer[STORE_ISSUER_ID];
    const char *ca;                /* its name in the configuration */
    const struct store_cert *cert; /* NULL: none was found */
};

/* cert_find looks for the certificate |serial| at every CA of the configuration. It needs none of their keys.
 * Returns 1, or 0 with a fault printed; where there is none, that is no fault. */
int cert_find(struct cert_found *found, const struct ctl_opened *opened, struct arena *arena,
              const uint8_t serial[STORE_SERIAL]);

/* cert_fetch reads the row |key| of |kind| of the CA |issuer|. Returns 1 with |*row| (NULL: there is none),
 * or 0 with a fault printed. */
int cert_fetch(const void **row, struct store *store, struct arena *arena, enum store_kind kind,
               const uint8_t issuer[STORE_ISSUER_ID], struct bytes key);

/* cert_unknown tells that no certificate has the serial. Returns CTL_FAULT. */
int cert_unknown(const uint8_t serial[STORE_SERIAL]);

/* cert_find_given opens the store to look at, and finds the certificate that the call names. Returns CTL_OK,
 * with |arena| and |opened| to be freed and closed, or an exit status. */
int cert_find_given(struct cert_found *found, struct ctl_opened *opened, struct arena **arena,
                    const struct ctl_call *call);

/* ---- cert_walk.c ---- */

/* struct cert_walk is a way through the certificates of all CAs of the configuration, a piece at a time, in
 * the order of their serials. */
struct cert_walk {
    const struct ctl_opened *opened;
    int64_t after, before; /* those with a serial of that time and later, before then (Unix seconds) */
    const uint8_t *key;    /* NULL, or SHA-256 of a key: those of it alone */
    int (*each)(void *arg, const struct cert_found *found); /* 0 ends the walk */
    void *arg;
};

/* cert_walk goes it. Returns 1, or 0 with a fault printed. */
int cert_walk(const struct cert_walk *walk);

/* ---- cert_history.c ---- */

/* cert_history returns what became of |found|, oldest first: an object for each of its changes, with the
 * place of its entry in the audit log, and what that says, as long as retention keeps it. Returns NULL with a
 * fault printed. */
json_t *cert_history(struct store *store, const struct cert_found *found);

/* cert_history_text returns a line about the change |change| in |out|. */
enum { CERT_HISTORY_TEXT = 1024 };
const char *cert_history_text(char out[CERT_HISTORY_TEXT], const json_t *change);

/* ---- cert_wait.c ---- */

/* struct cert_wait is what has been changed, and when the last of it was. All zero at first. */
struct cert_wait {
    int64_t since_ms; /* by a clock that nobody sets */
    size_t count;
    struct cert_wait_of {
        uint8_t issuer[STORE_ISSUER_ID];
        const char *ca;
        int64_t position; /* of the last change; and what it was of: */
        uint8_t serial[STORE_SERIAL];
        int is_good;                  /* 1: it was released */
        int shard;                    /* whose CRL it names; 0: none */
        char ocsp_url[CERT_OCSP_URL]; /* where responders are asked for it; "": nowhere */
    } of[BOUND_AUTHORITIES];
};

/* cert_wait_note notes that |found| was changed. cert_wait waits until a CRL in the store says so of all that
 * was noted, and a responder of OCSP where certificates name one, two minutes at most, and prints who does,
 * and after how long. Both return 1, or 0 with a fault printed. */
int cert_wait_note(struct cert_wait *wait, struct store *store, struct arena *arena,
                   const struct cert_found *found);
int cert_wait(const struct cert_wait *wait, const struct ctl_opened *opened);

#endif
