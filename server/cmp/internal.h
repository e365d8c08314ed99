/* internal.h: a message on its way, shared by the files of server/cmp. */
#ifndef CMPD_CMP_INTERNAL_H
#define CMPD_CMP_INTERNAL_H

#include "server/cmp/cmp.h"
#include "server/pki/confirmation.h"
#include "server/pki/response.h"
#include "server/pki/revocation.h"

typedef void cmp_step(struct cmp_message *m);

enum { CMP_NONCE = 16, CMP_HASH = 32 };

struct cmp_message {
    struct arena *arena;
    const struct cmp_settings *settings;
    struct cmp_route route;
    int64_t now_ms;
    int64_t now; /* Unix seconds */

    /* The request. */
    struct pki_message in;
    uint8_t request_hash[CMP_HASH];
    const struct cmp_profile *profile;
    int profile_named;      /* by the path or by certProfile; else |profile| is the default */
    int requests_cert;      /* ir, cr, p10cr, kur */
    int starts_transaction; /* those, and rr */
    struct bytes transaction_id;
    struct cert_request request;
    struct rev_details revocation;
    const char *body_fault; /* the body cannot be used: said after the protection was checked */
    enum pki_failure body_fail_info;
    struct cert_status cert_status[BOUND_CERT_STATUS];
    size_t cert_status_count;
    struct public_key *request_key;
    const struct signature_algorithm *pop_algorithm;
    uint64_t price_us;

    /* Who sent it. */
    struct mac_algorithm mac;
    int is_mac;
    uint8_t *opened_secret; /* of secret_alloc, as is … */
    struct mac_key *mac_key;
    struct bytes secret;   /* that one, or what stands in for it */
    const char *mac_fault; /* there is no such secret, for the log; NULL: there is */
    int mac_wrong;
    int mac_verified;  /* 1: answers are protected by the same MAC */
    int authenticated; /* 1: the protection is right, of whom the transaction wants it, and it is now that it
                        * was made: the next message of its transaction, no other that its sender or we made
                        * before */
    const struct signature_algorithm *signature_algorithm;
    struct certificate certs[BOUND_EXTRA_CERTS];
    size_t cert_count;
    const struct certificate *signer;
    uint8_t signer_hash[CMP_HASH];
    struct public_key *signer_key;
    struct path path;
    unsigned path_attempt;
    enum path_fault path_fault;

    /* What the store said. */
    int has_tx;
    struct store_tx tx;
    const struct store_secret *stored_secret;
    const struct store_cert *stored_signer;
    int signer_is_own; /* the signer's certificate names the profile's CA as its issuer */
    int is_ra;         /* the signer is an RA of the profile */

    /* The answer. */
    struct cmp_decision decision;
    struct bytes certificate;
    struct store_tx new_tx;
    struct store_cert new_cert;
    struct store_cert_change change;
    struct store_audit audit;
    uint8_t nonce[CMP_NONCE];
    int grant_implicit;
    int granted_with_mods;
    int failed;        /* 1: the transaction is ended by this message, which is refused */
    int answers_again; /* 1: the answer is that of m->tx, with its nonce */
    struct bytes protected_part;
    const struct bytes *extra_certs;
    size_t extra_cert_count;
    int pop_valid;
    cmp_step *after_authentication;
    cmp_step *after_reply; /* what follows when the reply is built: commit, or the end */
    struct cmp_result result;

    /* The machine. */
    cmp_step *next; /* NULL: done */
    struct cmp_want wants[CMP_WANTS_MAX];
    size_t want_count;
    size_t served_count; /* wants just served: their results stand in |wants| until one is added */
};

/* cmp_want_add adds a want of |kind| to the step; the caller fills in its part of the union. */
struct cmp_want *cmp_want_add(struct cmp_message *m, enum cmp_want_kind kind);

/* cmp_want_row wants the row of |kind| that |ca| has under |key|. */
void cmp_want_row(struct cmp_message *m, const struct cmp_authority *ca, enum store_fetch_kind kind,
                  struct bytes key);

/* ---- header.c: what stands in the header ---- */

/* cmp_check_header makes the checks without which a message cannot be processed, whatever its profile. 1, or
 * 0 after cmp_refuse. */
int cmp_check_header(struct cmp_message *m);

/* cmp_check_recip_nonce holds the nonce of a later message against our last answer (RFC 9483 3.5). 1, or 0
 * after cmp_refuse. */
int cmp_check_recip_nonce(struct cmp_message *m);

/* cmp_check_profile_header makes those that the profile asks for. 1, or 0 after cmp_refuse. */
int cmp_check_profile_header(struct cmp_message *m);

/* ---- receive.c: decode, route, look up ---- */
cmp_step cmp_receive;

/* ---- authenticate.c: who sent it, and may it be believed ---- */

/* cmp_find_credentials reads protectionAlg and extraCerts and prices the message. 1, or 0 after cmp_refuse.
 */
int cmp_find_credentials(struct cmp_message *m);

/* cmp_authenticate wants what proves the protection and, for requests, the possession of the key; goes on
 * with |then| once the protection is proven. */
void cmp_authenticate(struct cmp_message *m, cmp_step *then);

/* cmp_takes_profile returns 1 if certificates that were issued under |profile| count in the message's
 * profile. */
int cmp_takes_profile(const struct cmp_message *m, struct bytes profile);

/* cmp_open_secret unseals the stored secret of a MAC-protected message into m->secret. 1, or 0 with |*detail|
 * set, or with NULL there after cmp_out_of_memory. */
int cmp_open_secret(struct cmp_message *m, const char **detail);

/* cmp_want_mac wants m->mac_key derived from m->secret. 1, or 0 after cmp_out_of_memory. */
int cmp_want_mac(struct cmp_message *m);

/* ---- enroll.c, revoke.c, confirm.c, replay.c ---- */
cmp_step cmp_enroll;         /* ir, cr, p10cr, kur, authenticated */
cmp_step cmp_revoke;         /* rr, authenticated */
cmp_step cmp_confirm;        /* certConf, authenticated */
cmp_step cmp_received_error; /* error, authenticated */

/* cmp_judge_again goes on with an rr whose certificate has changed since it was looked at. */
cmp_step cmp_judge_again;

/* cmp_fail_transaction ends a transaction whose next message is refused: the certificate is treated as
 * rejected. */
cmp_step cmp_fail_transaction;

/* cmp_received_bare_error answers an error message without protection, which changes nothing. */
void cmp_received_bare_error(struct cmp_message *m);

/* cmp_replay answers a request that was answered before, from m->tx. */
void cmp_replay(struct cmp_message *m);

/* cmp_refuse_other_message answers a message that does not fit m->tx. */
cmp_step cmp_refuse_other_message;

/* ---- commit.c: what every answer waits for ---- */

/* cmp_begin_tx fills in m->new_tx, the row of a transaction that begins with |m|. */
void cmp_begin_tx(struct cmp_message *m, enum store_tx_state state);

/* cmp_commit wants the unit committed that the caller fills in, and goes on with the outcome. */
struct store_unit *cmp_commit(struct cmp_message *m);

/* cmp_record_refusal commits the audit record of a refusal, and nothing else. */
cmp_step cmp_record_refusal;

/* cmp_commit_outcome goes on after a commit want: the reply stands on DONE; on any other outcome the message
 * is answered otherwise. */
cmp_step cmp_commit_outcome;

/* ---- answer.c: DER out ---- */

/* cmp_reply protects an answer with |body| of |body_type| and goes on with |then| (NULL: the message is
 * done). */
void cmp_reply(struct cmp_message *m, int body_type, struct bytes body, cmp_step *then);

/* cmp_reply_certificate answers a request with |certificate|. */
void cmp_reply_certificate(struct cmp_message *m, struct bytes certificate, cmp_step *then);

/* cmp_reply_revoked answers rr: the certificate is revoked. */
void cmp_reply_revoked(struct cmp_message *m, cmp_step *then);

/* cmp_reply_pkiconf answers with pkiconf. */
void cmp_reply_pkiconf(struct cmp_message *m, cmp_step *then);

/* cmp_refuse answers with |fail_info| and |text| by an error message. |detail| goes to the log only; may be
 * NULL. A message that was authenticated as the next of its transaction ends it (RFC 9483 3.6.4), unless it
 * is the server that fails. */
void cmp_refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text, const char *detail);

/* cmp_refuse_body does the same for a fault in the body: by ip, cp, kup or rp with rejection where the body
 * is a request (RFC 9483 3.6.2), by error otherwise. */
void cmp_refuse_body(struct cmp_message *m, enum pki_failure fail_info, const char *text, const char *detail);

/* cmp_refuse_unavailable answers that the store cannot be reached. |detail| as above. */
void cmp_refuse_unavailable(struct cmp_message *m, const char *detail);

/* cmp_out_of_memory ends the message without an answer. */
void cmp_out_of_memory(struct cmp_message *m);

#endif
