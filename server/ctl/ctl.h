/* ctl.h: what the commands of cmpctl share. A command prints faults to standard error and returns an exit
 * status: 0, 1 for a fault, 2 for a wrong call. */
#ifndef CMPD_CTL_CTL_H
#define CMPD_CTL_CTL_H

#include <stdio.h>

#include "crypto/certificate.h"
#include "server/base/config.h"
#include "server/policy/policy.h"

enum {
    CTL_OK = 0,
    CTL_FAULT = 1,
    CTL_USAGE = 2,
    CTL_PATH_MAX = 4096,
    CTL_TIME_MAX = 32,
    CTL_WHO_MAX = 128,
    CTL_RSA_BITS = 3072, /* of keys that are made here */
    CTL_KEY_ID = 20      /* octets of a key identifier that is made here */
};

/* ctl_fault prints "cmpctl: …" and returns CTL_FAULT. */
int ctl_fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ctl_path joins |dir| and |name| into |out| (CTL_PATH_MAX octets). 1, or 0 if it does not fit. */
int ctl_path(char *out, const char *dir, const char *name);

/* ctl_time writes |at| (Unix seconds) as in RFC 3339 into |out|; nothing for 0. Returns |out|. */
const char *ctl_time(char out[CTL_TIME_MAX], int64_t at);

/* ---- record.c: what is left in the audit log ---- */

/* ctl_who writes who does this, for the audit log: "cmpctl by USER", the user whose process it is, and whom
 * sudo names besides, for what that is worth. Returns |out|. */
const char *ctl_who(char out[CTL_WHO_MAX]);

/* ctl_now_ms returns the time in Unix milliseconds, as records have it. */
int64_t ctl_now_ms(void);

/* ctl_seal seals what this process has recorded in the audit log of |store|: it has the key for that, and
 * will be gone. What fails the log tells. */
int ctl_seal(struct store *store, const struct policy *policy);

/* ctl_seal_at_times does so if that was a minute ago: for what takes long, so that what was done so far
 * stands there for good, whatever becomes of this process. |*sealed_ms| is clock_steady_ms() at first. */
void ctl_seal_at_times(int64_t *sealed_ms, struct store *store, const struct policy *policy);

/* ---- pki.c: keys and certificates in files ---- */

struct ctl_identity {
    struct private_key *key;
    struct bytes cert_der; /* in |arena| */
    struct certificate cert;
};

enum ctl_role { CTL_ROOT, CTL_CA, CTL_CMP_SIGNER, CTL_DEVICE };

struct ctl_cert_spec {
    enum ctl_role role;
    const char *const *name; /* as name_build wants it */
    enum key_kind kind;
    unsigned rsa_bits;
    int64_t path_len; /* of CAs; -1: none */
    int days;
};

/* ctl_read_private reads the private key in the PEM file |path|, an encrypted one by the first line of the
 * file |passphrase_file| (NULL: there is none). |what| begins the fault that is printed before NULL is
 * returned. */
struct private_key *ctl_read_private(const char *what, const char *path, const char *passphrase_file);

/* ctl_write_key writes |key| to |path| (0600), which must be new, encrypted by the first line of the file
 * |passphrase_file|, if that is not NULL. 1, or 0 with a fault printed. */
int ctl_write_key(const char *path, const struct private_key *key, const char *passphrase_file);

/* An option of commands that have a --key. */
#define CTL_OPTION_PASSPHRASE                                                                                \
    {                                                                                                        \
        "passphrase-file", "FILE", CTL_ONCE, "its first line opens the key, if that is encrypted"            \
    }

/* ctl_purposes_of returns the purposes of |role| for a plan. */
const struct bytes *ctl_purposes_of(enum ctl_role role, size_t *count);

/* ctl_issue has |key| sign the certificate of |plan|, but for serial and algorithm, which it chooses. It
 * waits for a key in a token. 1 or 0. */
int ctl_issue(struct bytes *der, struct arena *arena, const struct certificate_plan *plan,
              const struct private_key *key);

/* struct ctl_certified is whom a certificate is for. */
struct ctl_certified {
    enum ctl_role role;
    struct bytes name, spki; /* DER */
    unsigned more_usage;     /* KEY_USAGE_…, besides that of |role| */
    int64_t path_len;        /* of CAs; -1: none */
    int64_t not_after;       /* Unix seconds */
};

/* ctl_certify has |signer| sign the certificate of |whom|, as ctl_issue does, in the name of |issuer|, or,
 * if that is NULL, in its own: |signer| is its key then. It begins shortly before |now| (Unix seconds). */
int ctl_certify(struct bytes *der, struct arena *arena, const struct ctl_certified *whom,
                const struct certificate *issuer, const struct private_key *signer, int64_t now);

/* ctl_key_id returns the subjectKeyIdentifier of |cert|, or, if it has none, that of RFC 5280 4.2.1.2 (1) in
 * |room|. */
struct bytes ctl_key_id(uint8_t room[CTL_KEY_ID], const struct certificate *cert);

/* ctl_take_kind reads the kind of key |text|, a value of |option|. 1, or 0 with a fault printed. */
int ctl_take_kind(enum key_kind *out, const char *option, const char *text);

/* ctl_make makes a key and a certificate for it, issued by |issuer| (NULL: self-signed). 1 or 0. */
int ctl_make(struct ctl_identity *out, struct arena *arena, const struct ctl_cert_spec *spec,
             const struct ctl_identity *issuer, int64_t now);

/* ctl_load_certificate reads the first certificate of the PEM file |path|. 1, or 0 with a fault printed. */
int ctl_load_certificate(struct certificate *out, struct arena *arena, const char *path);

/* ctl_load reads |dir|/|stem|.pem and .key. 1, or 0 with a fault printed. */
int ctl_load(struct ctl_identity *out, struct arena *arena, const char *dir, const char *stem);

/* ctl_save writes |dir|/|stem|.pem (0644) and, if |with_key|, .key (0600); existing files are left alone and
 * a fault. */
int ctl_save(const struct ctl_identity *identity, const char *dir, const char *stem, int with_key);

/* ctl_write_certs writes |certs| into one PEM file. */
int ctl_write_certs(const char *dir, const char *name, const struct bytes *certs, size_t count);

/* ctl_identity_cleanup frees the key. */
void ctl_identity_cleanup(struct ctl_identity *identity);

/* ctl_device makes a demo device |name|, issued by DIR/demo/vendor-intermediate. */
int ctl_device(const char *dir, const char *name);

/* struct ctl_shared_secret is a secret and the reference by which requests name it. */
struct ctl_shared_secret {
    struct bytes reference; /* 1 to BOUND_SENDER_KID octets */
    struct bytes secret;
};

#endif
