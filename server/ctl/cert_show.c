/* cert show: all that the store knows of one certificate. It needs no key. What is shown to a person is the
 * JSON object, a line for each of its members that says something. */
#include <stdlib.h>
#include <time.h>

#include "server/cmp/operation.h"
#include "server/ctl/cert.h"
#include "server/ctl/cert_names.h"
#include "server/ctl/lines.h"
#include "server/pki/message.h"

enum { PREDECESSORS_MAX = 64, SUCCESSORS_MAX = 64 };

static const char *state_name(enum store_tx_state state)
{
    switch (state) {
    case STORE_TX_WAIT_CONFIRM:
        return "certConf awaited";
    case STORE_TX_CONFIRMED:
        return "confirmed";
    case STORE_TX_REJECTED:
        return "rejected";
    case STORE_TX_WAITING:
        return "approval awaited";
    case STORE_TX_ENDED:
        return "ended";
    }
    return "?";
}

static void set_hex(json_t *row, const char *key, struct bytes octets)
{
    char hex[CERT_HEX_MAX];

    ctl_json_set(row, key, json_string(log_hex(hex, sizeof hex, octets)));
}

static void set_time(json_t *row, const char *key, int64_t value)
{
    char at[CTL_TIME_MAX];

    ctl_json_set(row, key, json_string(ctl_time(at, value)));
}

static void add(json_t *list, json_t *value)
{
    if (value == NULL || json_array_append_new(list, value) != 0)
        exit(ctl_fault("out of memory"));
}

/* ---- the certificate itself ---- */

static int add_name(void *list, const char *kind, const char *name)
{
    char whole[CERT_NAME_MAX];

    snprintf(whole, sizeof whole, "%s:%s", kind, name);
    add(list, ctl_json_text(bytes_str(whole)));
    return 0;
}

static void put_certificate(json_t *row, const struct cert_found *found)
{
    char issuer[NAME_TEXT_MAX] = "";
    struct certificate certificate;
    json_t *names = json_array();

    if (certificate_parse(&certificate, found->cert->certificate))
        name_text(issuer, sizeof issuer, certificate.issuer);
    cert_each_name(found->cert->certificate, add_name, names);
    ctl_json_set(row, "san", names);
    ctl_json_set(row, "issuer", ctl_json_text(bytes_str(issuer)));
    ctl_json_set(row, "ca", ctl_json_text(bytes_str(found->ca)));
    set_hex(row, "key_sha256", found->cert->spki_hash);
}

/* ---- its transaction ---- */

/* What the transaction of |cert| says; NULL in |*tx| where retention has let it go, or another has its
 * transactionID by now. Returns 0 if the store does not answer. */
static int find_transaction(const struct store_tx **tx, struct store *store, struct arena *arena,
                            const uint8_t issuer[STORE_ISSUER_ID], const struct store_cert *cert)
{
    const void *row;

    if (!cert_fetch(&row, store, arena, STORE_TRANSACTIONS, issuer, cert->transaction_id))
        return 0;
    *tx = row;
    if (*tx != NULL && !bytes_equal((*tx)->serial, cert->serial))
        *tx = NULL;
    return 1;
}

/* Who asked for it: a reference of a shared secret, or a certificate. */
static void put_transaction(json_t *row, const struct store_tx *tx)
{
    char name[NAME_TEXT_MAX];

    if (tx == NULL)
        return;
    ctl_json_set(row, "request", json_string(pki_body_name(tx->body)));
    ctl_json_set(row, "transaction_state", json_string(state_name(tx->state)));
    ctl_json_set(row, "protected_by", json_string(tx->credential_is_mac ? "shared secret" : "signature"));
    if (tx->credential_is_mac) {
        ctl_json_set(row, "reference", ctl_json_text(tx->credential));
        return;
    }
    ctl_json_set(row, "signer", ctl_json_text(bytes_str(name_text(name, sizeof name, tx->credential_name))));
    set_hex(row, "signer_sha256", tx->credential);
    set_hex(row, "signer_serial", tx->signer_serial);
}

/* ---- what it was before, and became ---- */

/* Whether |tx| got its certificate for an older one of the same CA. */
static int is_update(const struct store_tx *tx)
{
    return (cmp_operation_of(tx->body)->flags & CMP_UPDATES) != 0 && tx->signer_serial.len != 0;
}

/* A kur is signed with the certificate that it updates (RFC 9483 4.1.3), so each transaction leads to the one
 * before: nothing else has to be read. */
static int put_predecessors(json_t *row, struct store *store, struct arena *arena,
                            const struct cert_found *found, const struct store_tx *tx)
{
    json_t *list = json_array();
    char hex[CERT_HEX_MAX];
    int count = 0;

    ctl_json_set(row, "predecessors", list);
    for (; tx != NULL && is_update(tx) && count < PREDECESSORS_MAX; count++) {
        const void *before;
        add(list, json_string(log_hex(hex, sizeof hex, tx->signer_serial)));
        if (!cert_fetch(&before, store, arena, STORE_CERTIFICATES, found->issuer, tx->signer_serial))
            return 0;
        tx = NULL;
        if (before != NULL && !find_transaction(&tx, store, arena, found->issuer, before))
            return 0;
    }
    if (tx == NULL)
        ctl_json_set(row, "predecessors_before",
                     json_string("not known: the store has no transaction of the oldest that is shown"));
    else if (is_update(tx))
        ctl_json_set(row, "predecessors_before", json_string("more than are shown"));
    return 1;
}

/* Each names the newest that an update got for it. */
static int put_successors(json_t *row, struct store *store, struct arena *arena,
                          const struct cert_found *found)
{
    const struct store_cert *cert = found->cert;
    json_t *list = json_array();
    char hex[CERT_HEX_MAX];

    ctl_json_set(row, "successors", list);
    for (int count = 0; cert != NULL && cert->successor.len != 0 && count < SUCCESSORS_MAX; count++) {
        const void *next;
        add(list, json_string(log_hex(hex, sizeof hex, cert->successor)));
        if (!cert_fetch(&next, store, arena, STORE_CERTIFICATES, found->issuer, cert->successor))
            return 0;
        cert = next;
    }
    return 1;
}

/* ---- who vouched for it ---- */

static void put_origin(json_t *row, const struct store_cert *cert)
{
    char hex[CERT_HEX_MAX];
    json_t *list = json_array();

    for (size_t at = 0; at + STORE_HASH <= cert->path.len; at += STORE_HASH)
        add(list, json_string(log_hex(hex, sizeof hex, bytes_of(cert->path.data + at, STORE_HASH))));
    ctl_json_set(row, "path_sha256", list);
    if (cert->changes.len == 0)
        ctl_json_set(row, "vendor", json_string("not known"));
}

static int put_history(json_t *row, struct store *store, const struct cert_found *found)
{
    json_t *history = cert_history(store, found);

    if (history == NULL)
        return 0;
    ctl_json_set(row, "history", history);
    if (found->cert->changes.len == 0)
        ctl_json_set(row, "history_before", json_string("not known: it is older than what is kept of it"));
    else if (found->cert->changes.len == (size_t)STORE_CHANGES_MAX * STORE_PLACE)
        ctl_json_set(row, "history_before",
                     json_string("after the first, changes may be left out: the last ones are shown"));
    return 1;
}

/* ---- the command ---- */

/* Returns what is known, or NULL with a fault printed. */
static json_t *describe(struct store *store, struct arena *arena, const struct cert_found *found)
{
    const struct store_revocation *revocation;
    const struct store_tx *tx;
    const void *listed;
    json_t *row;

    if (!cert_fetch(&listed, store, arena, STORE_REVOCATIONS, found->issuer, found->cert->serial) ||
        !find_transaction(&tx, store, arena, found->issuer, found->cert))
        return NULL;
    row = cert_json(found->cert, time(NULL));
    revocation = listed;
    set_time(row, "invalidity_at", revocation != NULL ? revocation->invalidity_at : 0);
    put_certificate(row, found);
    put_transaction(row, tx);
    put_origin(row, found->cert);
    if (put_successors(row, store, arena, found) && put_predecessors(row, store, arena, found, tx) &&
        put_history(row, store, found))
        return row;
    json_decref(row);
    return NULL;
}

static void print_change(const char *key, const json_t *change)
{
    char text[CERT_HISTORY_TEXT];

    ctl_put_line(key, bytes_str(cert_history_text(text, change)));
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    struct cert_found found;
    struct arena *arena;
    int status = cert_find_given(&found, &opened, &arena, call);
    json_t *row;

    if (status != CTL_OK)
        return status;
    if ((row = describe(opened.store, arena, &found)) == NULL)
        status = CTL_FAULT;
    else if (ctl_value(call, "json") != NULL)
        ctl_json_print(row);
    else
        ctl_put_lines(row, print_change);
    arena_free(arena);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_cert_show = {
    .name = "cert show",
    .arguments = "SERIAL",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "show all that is known of a certificate",
    .more =
        "Who asked for it, and what it updated, stands in its transaction, as long as retention keeps that. "
        "SERIAL is as with cert export.",
    .run = run,
};
