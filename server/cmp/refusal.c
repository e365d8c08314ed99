/* The answer to a message that is refused, and what is recorded of it. */
#include "server/base/log.h"
#include "server/cmp/internal.h"

/* What was refused, where the message alone does not say so: which part of it, which certificate an rr is
 * about. NULL: it does. */
static const char *what_of(struct cmp_message *m)
{
    int is_rr = m->state != NULL && m->operation->names != NULL && !cmp_has(m, CMP_ISSUES);
    struct bytes serial = is_rr ? m->operation->names(m) : bytes_of(NULL, 0);
    const char *part = cmp_part_text(m);
    char hex[2 * STORE_SERIAL + 1];

    if (serial.len == 0 || serial.len > STORE_SERIAL)
        return part;
    return arena_printf(m->arena, "%s%scertificate %s", part != NULL ? part : "", part != NULL ? ", " : "",
                        log_hex(hex, sizeof hex, serial));
}

/* Whoever proved who it is is on record with what it was refused. */
static void record_refusal(struct cmp_message *m, struct store_unit *unit)
{
    const char *what = what_of(m);

    (void)unit; /* the audit record alone */
    m->audit.event = m->operation->audit;
    m->audit.outcome = "refused";
    m->audit.detail =
        bytes_str(arena_printf(m->arena, "%s: %s%s%s", pki_failure_name(m->result.fail_info), m->result.text,
                               what != NULL ? "; " : "", what != NULL ? what : ""));
}

static cmp_record fail_transaction;

/* Its parts may have ended by themselves meanwhile, some of them or all. */
static void end_whole(struct cmp_message *m, struct store_unit *unit)
{
    cmp_end_tx(m, unit, STORE_TX_REJECTED);
    unit->change = NULL;
    m->audit.event = "reject";
    m->audit.outcome = "ended";
    m->audit.detail = bytes_str(m->result.text);
}

/* Those that were not looked at yet end when their time is over. */
static void fail_parts(struct cmp_message *m, struct store_unit *unit)
{
    end_whole(m, unit);
    for (size_t i = 0; m->inner != NULL && i < m->inner->started; i++) {
        struct cmp_message *part = m->inner->messages[i];
        part->result.text = m->result.text;
        part->record = part->has_tx && part->tx.state == STORE_TX_WAIT_CONFIRM ? fail_transaction : NULL;
    }
    cmp_record_parts(m, unit);
}

/* The certificate is treated as rejected. The hash of the last accepted request stays: the refused message,
 * sent again, is refused again. */
static void fail_transaction(struct cmp_message *m, struct store_unit *unit)
{
    if (cmp_has_parts(m)) {
        fail_parts(m, unit);
        return;
    }
    m->change =
        (struct store_cert_change){.serial = m->tx.serial, .status = STORE_CERT_REVOKED, .at = m->now};
    cmp_end_tx(m, unit, STORE_TX_REJECTED);
    if ((cmp_operation_of(m->tx.body)->flags & CMP_UPDATES) != 0)
        cmp_give_back(m);
    m->audit.event = "reject";
    m->audit.outcome = "revoked";
    m->audit.detail = bytes_str(m->result.text);
}

/* RFC 9483 3.6.4: after a negative response "it MUST regard the current PKI management operation as
 * terminated with failure", unless it is the server that fails. Of a peer that proved nothing only the log
 * tells, for nobody could say who it was. */
static void record_end_of_waiting(struct cmp_message *m, struct store_unit *unit)
{
    record_refusal(m, unit);
    cmp_end_waiting(m, unit);
}

static cmp_record *record_of(struct cmp_message *m)
{
    enum pki_failure fail_info = m->refusal.fail_info;

    if (m->answers_again || fail_info == PKI_SYSTEM_UNAVAIL || fail_info == PKI_SYSTEM_FAILURE)
        return NULL;
    /* Who polled for it has proved who it is, whatever becomes of the proof in the request. */
    if (m->approved != NULL && m->failed == CMP_FAILED_NOT) {
        m->failed = CMP_FAILED;
        return record_end_of_waiting;
    }
    if (!m->authenticated)
        return NULL;
    if (!cmp_has(m, CMP_BEGINS) && m->has_tx && !m->refusal.keeps && m->tx.state == STORE_TX_WAIT_CONFIRM) {
        if (m->failed == CMP_FAILED_NOT) {
            m->failed = CMP_FAILED;
            return fail_transaction;
        }
        if (m->failed == CMP_FAILED && cmp_has_parts(m)) {
            m->failed = CMP_FAILED_ALONE;
            return end_whole;
        }
    }
    return cmp_take_record(m) ? record_refusal : NULL;
}

/* What a setting of the profile is called in the whole file. */
static const char *whole_setting(struct cmp_message *m, const char *setting)
{
    if (setting == NULL || strncmp(setting, "vendors[", 8) == 0 || strncmp(setting, "profiles[", 9) == 0)
        return setting;
    for (size_t i = 0; i < m->settings->profile_count; i++)
        if (m->settings->profiles[i] == m->profile)
            return arena_printf(m->arena, "profiles[%zu].%s", i, setting);
    return setting;
}

static void add_detail(struct cmp_message *m, const char *more)
{
    const char *detail = m->result.detail;

    if (more != NULL)
        m->result.detail = detail == NULL ? more : arena_printf(m->arena, "%s; %s", detail, more);
}

enum cmp_turn cmp_begin_refusal(struct cmp_message *m)
{
    const struct cmp_refusal *refusal = &m->refusal;
    const struct pki_status_info status = {.status = PKI_REJECTION,
                                           .text = bytes_str(cmp_in_language(m, refusal->text)),
                                           .fail_info = UINT64_C(1) << refusal->fail_info};
    int in_body = refusal->in_body || m->whole != NULL; /* a part is told beside the others */
    const struct cmp_operation *tells =
        in_body && m->operation->refusal != NULL ? m->operation : &cmp_unsupported;
    struct bytes body;
    int ok;

    m->result.event = cmp_has(m, CMP_ANNOUNCES) ? "announcement refused" : "request refused";
    m->result.refused = 1;
    m->result.fail_info = refusal->fail_info;
    m->result.text = refusal->text;
    m->result.detail = refusal->detail;
    add_detail(m, what_of(m));
    m->result.setting = whole_setting(m, refusal->setting);
    m->result.serial = m->result.subject = bytes_of(NULL, 0);
    m->record = record_of(m);
    if (m->record == fail_transaction)
        add_detail(m, "what was issued in this transaction is revoked");
    if (cmp_has(m, CMP_ANNOUNCES)) {
        m->result.end = cmp_refused_end(m);
        return CMP_ON;
    }
    ok = tells->refusal(m, &body, &status);
    m->answer_body = tells->response;
    m->answer = body;
    return ok ? CMP_ON : cmp_out_of_memory(m);
}

/* A different message under a transactionID that is taken (ARCHITECTURE.md, "Transactions"). */
enum cmp_turn cmp_refuse_late(struct cmp_message *m)
{
    if (cmp_has(m, CMP_BEGINS))
        return cmp_refuse(m, PKI_TRANSACTION_ID_IN_USE,
                          "this transactionID is in use: start again with a new one", NULL);
    if (m->operation->late != NULL)
        return m->operation->late(m);
    return cmp_refuse(m, PKI_BAD_REQUEST, "the transaction has ended", NULL);
}
