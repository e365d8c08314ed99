/* internal.h: a message on its way, shared by the files of server/cmp.
 *
 * message.c has the machine and, in one place, the steps in their order. operation.h has what differs from
 * body to body. Everything else is helpers, which call nobody above them. */
#ifndef CMPD_CMP_INTERNAL_H
#define CMPD_CMP_INTERNAL_H

#include "server/cmp/operation.h"
#include "server/pki/response.h"
#include "storage/row.h"

enum { CMP_NONCE = 16, CMP_HASH = 32 };

/* struct cmp_refusal is why a message is refused. */
struct cmp_refusal {
    enum pki_failure fail_info;
    const char *text;    /* statusString */
    const char *detail;  /* for the log only, or NULL */
    const char *setting; /* that decides so, for the log: of the profile, "once.slots", or a whole one that
                          * begins with "profiles[" or "vendors["; or NULL */
    int in_body;         /* 1: a fault of the body, told as the operation tells it (RFC 9483 3.6.2) */
    int of_tx;           /* 1: it tells of a transaction, and whose: to nobody whose MAC is wrong */
    int keeps;           /* 1: the transaction goes on, and awaits the message as it should be */
};

/* struct cmp_signer is a certificate of extraCerts, or of the store, that may be the one that protects the
 * message. */
struct cmp_signer {
    struct certificate *cert;      /* NULL for later messages, which need none */
    struct public_key *key;        /* freed by cmp_end */
    int is_own;                    /* it names the profile's CA as its issuer */
    const struct store_fetch *row; /* what the store has of it; NULL: not asked for */
};

/* struct cmp_part is one of several that a message asks for (several.c), judged as if it had come alone. */
struct cmp_part {
    const struct cmp_profile *profile;
    struct bytes transaction_id; /* |id|: its own row of a transaction */
    uint8_t id[STORE_PART_ID];
};

/* struct cmp_inner is what came in a nested message (RFC 9483 5.2.2), and what a message has parts of.
 * op_nested.c and several.c decide about it, message.c runs it. */
struct cmp_inner {
    struct bytes requests[BOUND_NESTED_MESSAGES]; /* of a part: its body */
    size_t count;
    int is_approved;        /* 1: protection was added to one message (5.2.2.1); 0: it is a batch (5.2.2.2) */
    struct cmp_route route; /* by which they are judged */
    struct cmp_part *parts; /* not NULL: these are parts. They are under way one after the other, for each has
                             * to know what those before it take; and none has an answer of its own */
    struct cmp_admission admission;
    /* Once they are started, each with an arena of its own, for each may be lent to another thread; freed by
     * cmp_end. */
    struct cmp_message *messages[BOUND_NESTED_MESSAGES];
    size_t started;
    size_t first, end; /* of those that are under way */
};

/* Whether a message that is refused has ended its transaction. */
enum cmp_failed {
    CMP_FAILED_NOT,
    CMP_FAILED,       /* with its certificates */
    CMP_FAILED_ALONE, /* with the row of the whole alone: its parts had ended already */
};

/* struct cmp_message is what every message has. What belongs to one operation is its |state|. */
struct cmp_message {
    struct arena *arena;
    const struct cmp_settings *settings;
    struct cmp_route route;
    int64_t now_ms;
    int64_t now; /* Unix seconds */

    /* The request. */
    struct pki_message in;
    uint8_t request_hash[CMP_HASH];
    const struct cmp_operation *operation; /* never NULL */
    void *state;                           /* of the operation, NULL until it is decoded */
    const char *body_fault; /* the body cannot be used: said after the protection was checked */
    enum pki_failure body_fail_info;
    const struct cmp_profile *profile;
    int profile_named; /* by the path or by certProfile; else |profile| is the default */
    struct bytes transaction_id;
    unsigned language;         /* of statusString (language.c); 0: English */
    struct bytes language_tag; /* that the peer asked for it by, to be repeated; empty: it did not */
    uint64_t price_us;

    /* Who sent it. */
    struct mac_algorithm mac;
    int is_mac;
    uint8_t *opened_secret; /* of secret_alloc, as is … */
    struct mac_key *mac_key;
    struct bytes secret;   /* that one, or what stands in for it */
    const char *mac_fault; /* there is no such secret, for the log; NULL: there is */
    int mac_wrong;
    struct cmp_refusal deferred; /* told once it is known whether the answer may have the peer's MAC; without
                                  * text: none */
    int mac_verified;            /* 1: the MAC was right: the answer may have the same one */
    int authenticated; /* 1: the protection is right, of whom the transaction wants it, and it is now that it
                        * was made: the next message of its transaction, no other that its sender or we made
                        * before */
    const struct signature_algorithm *signature_algorithm;
    struct certificate certs[BOUND_EXTRA_CERTS + STORE_OF_KEY_ID_MAX]; /* of extraCerts, and |sought| */
    size_t cert_count;
    struct cmp_signer signers[BOUND_SIGNERS];
    size_t signer_count, signers_tried;
    struct name_cache sender_cache;
    size_t name_octets;               /* of names that take Unicode's tables (BOUND_NAMES_COMPARED) */
    int signers_left;                 /* 1: there were more */
    int seeks_signer;                 /* 1: extraCerts lacks it, and the store may have it */
    const struct store_fetch *sought; /* those of the CA's own with the senderKID; NULL: not looked for */
    struct cmp_refusal signer_fault;  /* of the one that came furthest; without text: none was refused */
    unsigned signer_stage;            /* and how far that was (signer.c) */
    const struct certificate *signer; /* the one at hand; once authenticated, the one that protects */
    uint8_t signer_hash[CMP_HASH];
    const struct public_key *signer_key;
    struct path path;
    unsigned path_attempt;
    const char *blocked_by; /* of a path that is PATH_BLOCKED: the setting */
    struct verification protection;
    int signer_is_own;
    int is_ra;                     /* the signer is an RA of the profile */
    const struct cmp_agent *agent; /* the signer is this one of its agents, and enrolls; NULL: it is none */
    unsigned tolerated;            /* what was taken by a tolerance, a bit (1 << enum tolerance) each */
    uint64_t deprecated;           /* algorithms that are, a bit (1 << number) each */

    /* What the store said. */
    struct store_fetch
        *rows[BOUND_AUTHORITIES + BOUND_SIGNERS]; /* that were wanted: NULL at places without one */
    size_t row_count;
    int has_tx;
    struct store_tx tx;
    const struct store_secret *stored_secret;
    const struct store_cert *stored_signer;
    struct cmp_enrolled *enrolled; /* what is known of the device (device.c); NULL: it is not known which */
    struct cmp_quota *quota;       /* … of how many certificates there may be (quota.c); NULL: any number */
    struct cmp_renewal *renewal; /* … of the certificate that a cr or p10cr may update (renewal.c); NULL */
    uint8_t key_hash[CMP_HASH];  /* SHA-256 of the key to be certified, where there is one */
    const struct store_blocked_key *blocked;    /* it is not to be certified; NULL: it may */
    const struct store_fetch *late_certificate; /* of |tx|, where |late| judges by it; NULL: not asked for */
    int takes_over; /* 1: |former| has left its transactionID to this message, which begins another */
    struct store_tx former;
    unsigned rules;              /* why it has to wait for approval, enum config_approve; 0: it has not */
    struct cmp_waiting *waiting; /* (waiting.c) NULL: it neither has to wait nor asks for what does */
    const struct store_request *approved; /* it is this request, which was decided on, taken up by a poll */
    int denied;                           /* 1: … and is refused for what |refusal| says */
    int held;                             /* 1: the answer says that it waits */
    int is_late; /* 1: the message does not fit |tx|, and is refused once it is known whose it is */

    /* The answer. */
    struct cmp_refusal refusal;
    uint32_t crl_octets; /* of CRLs in the answer (info_crls.c), BOUND_GENERAL_CRLS at most */
    struct bytes answer; /* content of its body */
    int answer_body;     /* its type */
    cmp_record *record;  /* fills in the unit that the answer waits for; NULL: it waits for none */
    struct store_unit *unit;
    const struct store_fetch *lookup; /* what became of a unit whose outcome is not known */
    struct store_tx new_tx;
    struct store_cert_change change, predecessor_change;
    struct store_audit audit;
    uint8_t nonce[CMP_NONCE];
    int grant_implicit;
    enum cmp_failed failed;          /* the transaction is ended by this message, which is refused */
    int answers_again;               /* 1: the answer is that of m->tx, with its nonce */
    struct mac_algorithm answer_mac; /* that of the request, or the same with another nonce */
    struct bytes protected_part;
    const struct signing *answer_signing; /* NULL: protected by MAC */
    const struct bytes *extra_certs;
    size_t extra_cert_count;
    struct cmp_result result;

    struct cmp_inner *inner;         /* NULL: it carries none */
    struct cmp_message *outer;       /* in which it came; NULL: alone */
    struct cmp_message *whole;       /* of which it is a part; NULL: it is none */
    struct bytes taken[BOUND_TAKEN]; /* keys of rows that it is to write, which no part after it may */
    size_t taken_count;
    size_t carried; /* messages in it, and in those, at whatever depth */

    /* The machine (message.c). */
    int phase;
    int carries; /* 1: those in |inner| come first */
    cmp_step *const *next;
    struct cmp_want *wants, **wants_tail;
    int starved; /* 1: something found no memory; the message ends */
};

/* cmp_has returns 1 if the message's operation has |flag|. */
static inline int cmp_has(const struct cmp_message *m, enum cmp_flag flag)
{
    return (m->operation->flags & flag) != 0;
}

/* cmp_trust_of returns whom the signer's path was found by. */
static inline const struct trust *cmp_trust_of(const struct cmp_message *m)
{
    if (cmp_has(m, CMP_ANNOUNCES))
        return m->settings->upstream_trust;
    return m->agent != NULL ? m->profile->agent_trust : m->is_ra ? m->profile->ras : m->profile->trust;
}

/* cmp_to_the_letter says whether the profile holds messages to RFC 9483 where RFC 9810 permits more. */
static inline int cmp_to_the_letter(const struct cmp_message *m)
{
    return m->profile->config->accept.header == CONFIG_HEADER_RFC9483;
}

/* ---- wants.c: what a step wants ----
 *
 * The step keeps the item, and finds its result there when the next step runs. Without memory these note it
 * in m->starved and return NULL: the message then ends before another step is taken. */

struct store_fetch *cmp_want_row(struct cmp_message *m, const struct cmp_authority *ca, enum store_kind kind,
                                 struct bytes key);
struct signing *cmp_want_signature(struct cmp_message *m, const struct signature_algorithm *algorithm,
                                   const struct private_key *key, struct bytes message);
struct store_unit *cmp_want_unit(struct cmp_message *m);
struct cmp_decision *cmp_want_decision(struct cmp_message *m);
struct cmp_question *cmp_want_question(struct cmp_message *m);

/* cmp_want_admission wants |item| judged, which stays the caller's. */
void cmp_want_admission(struct cmp_message *m, struct cmp_admission *item);

/* cmp_want_verification wants |item| judged, which stays the caller's. */
void cmp_want_verification(struct cmp_message *m, struct verification *item);

/* cmp_want_mac wants |key| derived from m->secret as |algorithm| says; its len stays 0 on failure. */
void cmp_want_mac(struct cmp_message *m, const struct mac_algorithm *algorithm, struct mac_key *key);

/* cmp_want_protecting_mac wants m->mac_key derived, by which the message and its answer are protected. */
void cmp_want_protecting_mac(struct cmp_message *m);

/* cmp_alloc returns |size| zeroed octets of the message's arena, or NULL likewise. */
void *cmp_alloc(struct cmp_message *m, size_t size);

/* ---- turn.c: what a step returns ---- */

/* cmp_answer makes |body| of the operation's response the answer; |ok| 0: there was no memory for it. CMP_ON
 * or CMP_END. */
enum cmp_turn cmp_answer(struct cmp_message *m, int ok, struct bytes body);

/* cmp_answer_nonce has the answer to who polled repeat |request_nonce|, that of the request, and not the
 * poll's own: RFC 9483 4.4; some stations want the other, and so does who never waited (it is empty then). */
void cmp_answer_nonce(struct cmp_message *m, struct bytes request_nonce);

/* cmp_refuse notes that the message is refused with |fail_info| and |text|, by an error message. |detail|
 * goes to the log only; may be NULL. Returns CMP_REFUSED. */
enum cmp_turn cmp_refuse(struct cmp_message *m, enum pki_failure fail_info, const char *text,
                         const char *detail);

/* cmp_refuse_body does the same for a fault in the body: by ip, cp, kup or rp with rejection where the body
 * is a request (RFC 9483 3.6.2), by error otherwise. */
enum cmp_turn cmp_refuse_body(struct cmp_message *m, enum pki_failure fail_info, const char *text);

/* cmp_refuse_form refuses a later message for a form that changes nothing of what it means: the transaction
 * goes on, but where the profile holds to RFC 9483 3.6.4. */
enum cmp_turn cmp_refuse_form(struct cmp_message *m, const char *text);

/* cmp_by notes that |setting| is why the message was refused just now: of its profile, "mac.allowed", or
 * whole, "vendors[0].crls". NULL is allowed. Returns |turn|, what the refusal returned. */
enum cmp_turn cmp_by(struct cmp_message *m, const char *setting, enum cmp_turn turn);

/* cmp_fault notes that the body cannot be used: said once it is known who sent it. */
void cmp_fault(struct cmp_message *m, enum pki_failure fail_info, const char *text);

/* cmp_refuse_mac notes that reference and secret do not belong together. */
enum cmp_turn cmp_refuse_mac(struct cmp_message *m, const char *detail);

/* cmp_refuse_unavailable notes that the store cannot be reached. |detail| as above. */
enum cmp_turn cmp_refuse_unavailable(struct cmp_message *m, const char *detail);

/* cmp_out_of_memory ends the message without an answer. Returns CMP_END. */
enum cmp_turn cmp_out_of_memory(struct cmp_message *m);

/* ---- inner.c: what came in a message, from the question whether there is room to its end ----
 *
 * cmp_count_inner refuses |count| more of them, if there are too many in the outermost message. CMP_ON or
 * CMP_REFUSED. These four, in this order, after m->inner was filled in. CMP_REFUSED, or as operation.h says.
 */
enum cmp_turn cmp_count_inner(struct cmp_message *m, size_t count);
cmp_step cmp_ask_room;
cmp_step cmp_start_inner;
cmp_step cmp_ask_admission;
cmp_step cmp_carry;

/* ---- several.c: several CertReqMsg, RevDetails or CertStatus in one message ---- */

/* cmp_has_parts returns 1 if the transaction of |m| was begun by a message with several. */
static inline int cmp_has_parts(const struct cmp_message *m)
{
    return m->has_tx && store_tx_has_parts(&m->tx);
}

/* cmp_become_several has |m|, whose body has |count|, go on as what its operation is |of_several|, or notes
 * that it has too many. 1, or 0 without memory. */
int cmp_become_several(struct cmp_message *m, size_t count);

/* cmp_may_be_several returns 1 if |m| may ask for several. */
int cmp_may_be_several(const struct cmp_message *m);

/* The steps of such a message, whose answer |join| makes of those of its parts. cmp_several_raced are those
 * after the store has refused one of them. */
extern cmp_step *const cmp_several_run[], *const cmp_several_raced[];

/* cmp_several_record begins the transaction, with a row for each part that is granted; all are done, or none.
 * cmp_several_recall and cmp_several_again answer once more what the row has, unless a certificate in it was
 * revoked since. cmp_several_recover: nothing has to be. */
cmp_record cmp_several_record;
void cmp_several_recall(struct cmp_message *m);
cmp_step cmp_several_again;
int cmp_several_recover(struct cmp_message *m);

/* cmp_want_issued wants the rows of the certificates in the answer of m->tx, which has parts;
 * cmp_check_issued refuses if one of them is not valid, or, |unconfirmed| 1, not confirmed either. CMP_ON or
 * CMP_REFUSED. */
void cmp_want_issued(struct cmp_message *m);
enum cmp_turn cmp_check_issued(struct cmp_message *m, int unconfirmed);

/* cmp_give_to_parts has a later message judged by each part of m->tx that was granted, with the body that
 * |body_for| returns for its certReqId; before the four of inner.c. CMP_ON, CMP_REFUSED, or CMP_END. */
enum cmp_turn cmp_give_to_parts(struct cmp_message *m,
                                struct bytes (*body_for)(const struct cmp_message *m, int64_t cert_req_id));

/* cmp_refuse_with_parts refuses |m| if one of its parts was refused, for what that was. Likewise. */
enum cmp_turn cmp_refuse_with_parts(struct cmp_message *m);

/* cmp_end_whole ends the transaction of |m| with |state|, and what its parts record with it; the records are
 * theirs. */
void cmp_end_whole(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state);

/* cmp_record_parts has |unit| done with one of each part that records something. */
void cmp_record_parts(struct cmp_message *m, struct store_unit *unit);

/* cmp_confirm_seconds returns for how long certConf is awaited: of several the shortest time of all their
 * profiles. cmp_may_be_implicit returns 1 if implicitConfirm is asked for, and all of them grant it. */
uint32_t cmp_confirm_seconds(const struct cmp_message *m);
int cmp_may_be_implicit(const struct cmp_message *m);

/* cmp_part_text returns which part of which profile |m| is, for log and audit log; NULL: it is none. */
const char *cmp_part_text(struct cmp_message *m);

/* cmp_take notes that |m|, if it is a part, is to write the row with |key|. cmp_is_taken returns 1 if a part
 * before it does so already. */
void cmp_take(struct cmp_message *m, struct bytes key);
int cmp_is_taken(const struct cmp_message *m, struct bytes key);

/* ---- acknowledge.c: what is answered without a message ---- */

/* cmp_upstream_of returns whose announcements |certificate| (DER) protects, or NULL: nobody's. */
const struct cmp_upstream *cmp_upstream_of(const struct cmp_settings *settings, struct bytes certificate);

/* cmp_refused_end returns how the job of an announcement ends that was refused. */
enum job_end cmp_refused_end(const struct cmp_message *m);

/* cmp_acknowledge is the last step of an announcement: it judges its commit. */
cmp_step cmp_acknowledge;

/* ---- tolerance.c: what is taken against the RFCs ---- */

/* cmp_may_tolerate returns 1 if |profile|, or a vendor whose certificates protect requests there, takes
 * |tolerance| now. */
int cmp_may_tolerate(const struct cmp_message *m, const struct cmp_profile *profile,
                     enum tolerance tolerance);

/* cmp_tolerates returns 1 if |m| may make use of |tolerance|, and notes that it does. */
int cmp_tolerates(struct cmp_message *m, enum tolerance tolerance);

/* cmp_judge_tolerated holds what was noted against whose protection it is, once that was judged. CMP_ON or
 * CMP_REFUSED. */
enum cmp_turn cmp_judge_tolerated(struct cmp_message *m);

/* cmp_would_tolerate returns the detail of a refusal that |tolerance| would spare; NULL without memory. */
const char *cmp_would_tolerate(struct cmp_message *m, enum tolerance tolerance);

/* cmp_find_counts writes where the uses of |m|, if it made any, are counted: of its profile, and of
 * the vendor whose device it is, where that is known. */
void cmp_find_counts(const struct cmp_message *m, struct tolerance_counts *counts[2]);

/* statusStrings that are told in two places. */
#define CMP_TOO_MANY_NESTED "the nested message carries too many messages: send fewer at a time"
#define CMP_OF_ANOTHER_PROFILE                                                                               \
    "the message in the nested message is for another profile: send it to that one's path"
#define CMP_UPDATED_BEFORE "the certificate has been updated before: does another station have its key?"
#define CMP_SAME_NAMES "another request of the message replaces the same certificate: send one at a time"
#define CMP_WRONG_LABEL "the URL path is for another operation than the message asks for"

/* statusStrings of what a tolerance may take. */
#define CMP_NO_SENDER_KID "senderKID must name the shared secret"
#define CMP_CONFIRMED_ALREADY "the certificate of this transaction was confirmed already"
#define CMP_SHORT_NONCE "senderNonce must have at least 128 bits"
#define CMP_WRONG_RECIP_NONCE "recipNonce is not the senderNonce of the server's last answer"
#define CMP_WRONG_TIME "messageTime is too far from the server's clock: set the device's clock"
#define CMP_NOTHING_TO_POLL "recipNonce is missing: send the request again instead of a pollReq"
#define CMP_DENIED "the request was denied: ask the operator"
#define CMP_NOT_APPROVED "the time of this request is over: start again, or ask the operator"
#define CMP_OVER "the request was denied, or its time is over: ask the operator, and start again"
#define CMP_WRONG_SENDER "sender is not the subject of the protecting certificate"

/* ---- algorithm.c: which algorithms the profile takes ---- */

/* cmp_read_algorithm returns the row of the AlgorithmIdentifier |algorithm|, or NULL if the profile takes
 * none such. */
const struct signature_algorithm *cmp_read_algorithm(struct cmp_message *m, struct bytes algorithm);

/* cmp_algorithm_text returns a text that says why |algorithm|, of |what|, is not taken. Never NULL. */
const char *cmp_algorithm_text(struct cmp_message *m, const char *what, struct bytes algorithm);

/* cmp_signature_policy holds |row|, which was read, of |what|, against what the profile accepts, and notes it
 * if it is deprecated. Returns NULL, or a text that says why it is refused, and |*setting|, which does. What
 * a tolerance takes is not held against it. */
const char *cmp_signature_policy(struct cmp_message *m, const char *what,
                                 const struct signature_algorithm *row, const char **setting);

/* cmp_check_signature refuses m->signature_algorithm likewise; cmp_check_mac_policy refuses |mac|. CMP_ON or
 * CMP_REFUSED. */
enum cmp_turn cmp_check_signature(struct cmp_message *m);
enum cmp_turn cmp_check_mac_policy(struct cmp_message *m, const struct mac_algorithm *mac);

/* cmp_check_key refuses the key that has protected the message if it is weaker than the profile accepts.
 * Likewise. */
enum cmp_turn cmp_check_key(struct cmp_message *m);

/* ---- profile.c ---- */

/* cmp_profile_named returns the profile called |name|, or NULL. */
const struct cmp_profile *cmp_profile_named(const struct cmp_settings *settings, struct bytes name);

/* cmp_refuse_name refuses |name|, which is no profile's; the log has it. Returns CMP_REFUSED. */
enum cmp_turn cmp_refuse_name(struct cmp_message *m, struct bytes name);

#define CMP_SEVERAL_NAMES "certProfile names more profiles than there are requests: name one for each"
#define CMP_NO_SUCH_PROFILE "certProfile names no profile of this server"

/* ---- language.c: in which language a peer is refused ---- */

/* cmp_find_language finds the first of |tags|, UTF8Strings one after the other, in which statusStrings are
 * written (RFC 9810 5.3.19.13): |*tag| is it, as it stands there. Returns the language, 0 for English, or -1:
 * none of them. */
int cmp_find_language(struct bytes *tag, struct bytes tags);

/* cmp_choose_language takes the language that generalInfo asks for; English if it asks for none, or for
 * others alone. */
void cmp_choose_language(struct cmp_message *m);

/* cmp_in_language returns |text|, a statusString, in the language of |m|; as it is if nobody has translated
 * it. */
const char *cmp_in_language(const struct cmp_message *m, const char *text);

/* ---- header.c: what stands in the header ----
 *
 * All return CMP_ON, or CMP_REFUSED. */

/* cmp_check_header makes the checks without which a message cannot be processed, whatever its profile. */
enum cmp_turn cmp_check_header(struct cmp_message *m);

/* cmp_check_recip_nonce holds the nonce of a later message against our last answer (RFC 9483 3.5). */
enum cmp_turn cmp_check_recip_nonce(struct cmp_message *m);

/* cmp_check_time holds messageTime against the clock (RFC 9483 3.5). */
enum cmp_turn cmp_check_time(struct cmp_message *m);

/* cmp_check_profile_header makes those that the profile asks for. */
enum cmp_turn cmp_check_profile_header(struct cmp_message *m);

/* The detail of a refusal for which a setting is the reason: RFC 9810 does not ask for what is missing. */
extern const char cmp_of_rfc9483[];

/* cmp_check_sender and cmp_check_sender_kid compare sender and senderKID with the |subject|, whose print is
 * kept in |cache|, and the |key_id| of the certificate that protects the message (RFC 9483 3.5). */
enum cmp_turn cmp_check_sender(struct cmp_message *m, struct bytes subject, struct name_cache *cache);
enum cmp_turn cmp_check_sender_kid(struct cmp_message *m, struct bytes key_id);

/* ---- credentials.c, secret.c: what the message says of who sent it ---- */

/* cmp_find_credentials reads protectionAlg and extraCerts and prices them. CMP_ON, or CMP_REFUSED. */
enum cmp_turn cmp_find_credentials(struct cmp_message *m);

/* cmp_defer_refusal puts m->refusal off until the MAC of the message was verified: RFC 9483 3.2 wants one
 * kind of protection throughout, and a client with a secret alone can read no other. 1, or 0 if the message
 * has no MAC that can be verified. */
int cmp_defer_refusal(struct cmp_message *m);

/* cmp_refuse_proven refuses likewise what is known to have a MAC that will be verified. CMP_ON, or
 * CMP_REFUSED of a message without one. */
enum cmp_turn cmp_refuse_proven(struct cmp_message *m, enum pki_failure fail_info, const char *text);

/* cmp_check_mac holds the parameters of a MAC against the profile. Likewise. */
enum cmp_turn cmp_check_mac(struct cmp_message *m, const struct mac_algorithm *mac);

/* cmp_find_signers (signer.c) does that for a signature: which certificates may be the protecting one, or
 * whether the store is to be asked for it (m->seeks_signer). Likewise. */
enum cmp_turn cmp_find_signers(struct cmp_message *m);

/* cmp_ask_signer makes the next of them the signer, and wants its protection and its path verified. CMP_ON,
 * or CMP_REFUSED when none is left. cmp_judge_signer judges that: CMP_ON, CMP_STAY when the next one is to be
 * judged, or CMP_REFUSED. */
enum cmp_turn cmp_ask_signer(struct cmp_message *m);
enum cmp_turn cmp_judge_signer(struct cmp_message *m);

/* cmp_check_chain holds extraCerts of a first message against RFC 9483 3.3, where the profile does so: the
 * protecting certificate first, then its chain. CMP_ON, or CMP_REFUSED. */
enum cmp_turn cmp_check_chain(struct cmp_message *m);

/* cmp_want_protection wants the protection verified by m->signer_key. */
void cmp_want_protection(struct cmp_message *m);

/* cmp_takes_profile returns 1 if certificates that were issued under |profile| count in the message's
 * profile. */
int cmp_takes_profile(const struct cmp_message *m, struct bytes profile);

/* cmp_open_secret unseals the stored secret of a MAC-protected message into m->secret. 1, or 0 with |*detail|
 * set, or with NULL there without memory (m->starved). */
int cmp_open_secret(struct cmp_message *m, const char **detail);

/* ---- template.c: what is asked for ---- */

/* cmp_refuse_template is cmp_refuse_body with badCertTemplate; |format| has one %s, for |what|. */
enum cmp_turn cmp_refuse_template(struct cmp_message *m, const char *format, const char *what)
    __attribute__((format(printf, 2, 0)));

/* cmp_refuse_blocked refuses the key that is to be certified, which is blocked. Its holder has to be known by
 * then: nobody else is told. Returns CMP_REFUSED. */
enum cmp_turn cmp_refuse_blocked(struct cmp_message *m);

/* cmp_check_extensions refuses extensions that stand twice in |tmpl|, or are too many. CMP_ON or CMP_REFUSED.
 */
enum cmp_turn cmp_check_extensions(struct cmp_message *m, const struct cert_template *tmpl);

/* ---- blocked.c ---- */

/* cmp_check_blocked returns PATH_BLOCKED, with m->path.refusal and m->blocked_by, if a certificate of the
 * signer's path is blocked, else PATH_OK. */
enum path_fault cmp_check_blocked(struct cmp_message *m);

/* ---- identity.c: which device a certificate is of ---- */

/* cmp_identity returns what |vendor|'s rule finds in |cert|, trimmed, or an empty view: nothing, or nothing
 * that can be one. A view of the certificate, or of |arena|. */
struct bytes cmp_identity(struct arena *arena, const struct config_vendor *vendor,
                          const struct certificate *cert);

/* cmp_holder_id writes the hash by which claims know who is no device: |name|, a profile, an agent, a
 * reference or a hash, as what |kind| says (15 octets at most). It is never that of a device: that one begins
 * with a CA's id (cmp_device_id). */
void cmp_holder_id(uint8_t out[STORE_HASH], const char *kind, struct bytes name);

/* cmp_vendor_of returns the vendor to whose anchor the path of the signer leads; NULL: to nobody's. */
const struct config_vendor *cmp_vendor_of(const struct cmp_message *m);

/* cmp_vendor_setting returns the whole name of the setting |key| of the vendor to whom the path of the signer
 * leads, or NULL: to none. */
const char *cmp_vendor_setting(struct cmp_message *m, const char *key);

/* ---- device.c: may the device have a certificate, and another one ---- */

/* cmp_device_of returns the device of |m|, or NULL: it is not known, or was not looked for. */
const struct cmp_device *cmp_device_of(const struct cmp_message *m);

/* These five, in this order, find out whose request it is and whether it may have a certificate. CMP_ON or
 * CMP_REFUSED. Taken again, they look again. */
cmp_step cmp_find_device;
cmp_step cmp_ask_holders;
cmp_step cmp_ask_history;
cmp_step cmp_ask_updated;
cmp_step cmp_judge_device;

/* cmp_claim has |unit| write the claim of the device to the certificate |serial|, record the device where the
 * profile says so, and revoke what gave way; and depend on all of it. */
void cmp_claim(struct cmp_message *m, struct store_unit *unit, struct bytes serial);

/* cmp_refuse_blocked_device refuses what comes from a device that was blocked meanwhile. Returns CMP_REFUSED.
 */
enum cmp_turn cmp_refuse_blocked_device(struct cmp_message *m);

/* ---- quota.c: how many certificates may an agent, or a shared secret, have ---- */

/* These three, in this order, find that out. CMP_ON or CMP_REFUSED. Taken again, they look again. */
cmp_step cmp_ask_quota;
cmp_step cmp_ask_open;
cmp_step cmp_judge_quota;

/* cmp_count has |unit| count the certificate |serial|, and depend on there being room. */
void cmp_count(struct cmp_message *m, struct store_unit *unit, struct bytes serial);

/* ---- renewal.c: a cr or p10cr that counts as an update ---- */

/* These, in this order, find the certificate that |cert|, which is about to be issued, is in the place of;
 * where there may be one that is one look-up more, or two; after some that were never confirmed, four.
 * CMP_ON, CMP_REFUSED or CMP_END. */
enum cmp_turn cmp_ask_former(struct cmp_message *m, const struct certificate *cert);
cmp_step cmp_ask_holds;
cmp_step cmp_ask_lost;
cmp_step cmp_ask_replaced;
cmp_step cmp_judge_former;

/* cmp_former returns it, or NULL: there is none, or it is too early to update it. */
const struct store_cert *cmp_former(const struct cmp_message *m);

/* cmp_renew has |unit| note that the certificate |serial| is the newest of its names, and do to the former
 * one what update.predecessor says. */
void cmp_renew(struct cmp_message *m, struct store_unit *unit, struct bytes serial);

/* ---- must_wait.c ---- */

/* cmp_must_wait returns 1 if requests wait where |rule| holds, as it does for this one: it is not to be
 * refused for that, and, but where it was approved already, waits. */
int cmp_must_wait(struct cmp_message *m, enum config_approve rule);

/* cmp_refuse_to_wait refuses a part that has to wait: what is approved is a message of its own. */
enum cmp_turn cmp_refuse_to_wait(struct cmp_message *m);

/* ---- waiting.c: until people approve it ---- */

/* These three, in this order, find room for a request that has to wait. CMP_ON or CMP_REFUSED. */
cmp_step cmp_ask_waiting;
cmp_step cmp_ask_slots;
cmp_step cmp_judge_slots;

/* struct cmp_held is what there is to approve. */
struct cmp_held {
    struct bytes tbs, subject; /* of what would be issued, or the name in what is to be revoked, DER */
    unsigned shard;
    int64_t cert_req_id;
    const struct cmp_operation *tells; /* by whose response it is told: its own, or cmp_unsupported */
};

/* cmp_hold has the request wait, after those three; the answer says so. CMP_ANSWERED or CMP_END.
 * cmp_hold_again is that answer to the same request again. */
enum cmp_turn cmp_hold(struct cmp_message *m, const struct cmp_held *held);
enum cmp_turn cmp_hold_again(struct cmp_message *m, const struct cmp_operation *tells);

enum cmp_approval { CMP_APPROVAL_NONE, CMP_APPROVAL_GIVEN, CMP_APPROVAL_DENIED, CMP_APPROVAL_EXPIRED };

/* These, in this order, find out what became of the request of m->tx, which waits. cmp_judge_approvals tells
 * it in |*out|; CMP_ON or CMP_END. */
cmp_step cmp_ask_approvals;
cmp_step cmp_ask_signatures;
enum cmp_turn cmp_judge_approvals(struct cmp_message *m, enum cmp_approval *out);

/* cmp_waiting_request returns it then; cmp_denial by whom and why it was denied, for the log. */
const struct store_request *cmp_waiting_request(const struct cmp_message *m);
const char *cmp_denial(const struct cmp_message *m);

/* cmp_tell_approvers has the audit record say who approved it (cmp_tell). */
void cmp_tell_approvers(struct cmp_message *m);

/* ---- the steps, in the order in which message.c takes them ---- */

cmp_step cmp_receive;      /* receive.c: decode, route, look up */
cmp_step cmp_take_part;    /* … of a part, whose form was judged with the whole */
cmp_step cmp_take_rows;    /* what is known of the transaction */
cmp_step cmp_ask_proof;    /* authenticate.c: verifications of protection, possession, path */
cmp_step cmp_judge_proof;  /* who sent it, and may it be believed */
cmp_step cmp_take_up;      /* receive.c: m->approved, in the place of the poll for it */
cmp_step cmp_recall;       /* replay.c: what the answer is rebuilt from */
cmp_step cmp_answer_again; /* from m->tx */
cmp_step cmp_protect;      /* answer.c: header and protection */
cmp_step cmp_finish;       /* the PKIMessage */
cmp_step cmp_store;        /* commit.c: the unit that the answer waits for */
cmp_step cmp_judge_store;  /* its outcome */
cmp_step cmp_find_out;     /* of a commit whose outcome is not known */

/* cmp_fill_unit has |unit| do what |m| records (unit.c). */
void cmp_fill_unit(struct cmp_message *m, struct store_unit *unit);

/* cmp_begin_refusal makes m->refusal the answer (refusal.c). CMP_ON or CMP_END. */
enum cmp_turn cmp_begin_refusal(struct cmp_message *m);

/* cmp_ask wants the authorizer of the profile asked about |decision|, which was granted (authorize.c).
 * Returns the question, or NULL if nobody is to be asked. cmp_judge_verdict refuses what was not allowed:
 * without a verdict as systemUnavail, never a grant. */
const struct cmp_question *cmp_ask(struct cmp_message *m, const struct cmp_decision *decision);
enum cmp_turn cmp_judge_verdict(struct cmp_message *m, const struct cmp_question *question);

/* cmp_refuse_late refuses a message that does not fit m->tx (refusal.c). */
enum cmp_turn cmp_refuse_late(struct cmp_message *m);

/* cmp_take_record returns 1 if a refusal of who sent the message is to be on record, and counts it
 * (recorded.c). */
int cmp_take_record(const struct cmp_message *m);

/* cmp_take_again returns 1 if |what|, octets of a message that anybody may send once more, is to be put on
 * record, and counts it; 0 if that was done BOUND_TAKEN_AGAIN times lately (recorded.c). */
int cmp_take_again(const struct cmp_message *m, struct bytes what);

/* cmp_check_signers refuses what comes after the end of a certificate that signs for its profile (answer.c).
 */
#define CMP_SIGNER_ENDED "a certificate of the server has expired: ask the operator"
enum cmp_turn cmp_check_signers(struct cmp_message *m);

/* cmp_answers_by_mac returns 1 if the answer has the request's MAC, 0 if it is signed (answer.c). */
int cmp_answers_by_mac(const struct cmp_message *m);

/* cmp_answer_bare makes an unprotected error with result.fail_info and |text| the answer, to what can be read
 * of |request|'s header (answer.c). 1, or 0 without memory. */
int cmp_answer_bare(struct cmp_message *m, struct bytes request, const char *text);

/* ---- transaction.c: for operations ---- */

/* cmp_begin_tx fills in m->new_tx, the row of a transaction that begins with |m|, and has |unit| insert it;
 * of what was approved it goes on with the row that there is. */
void cmp_begin_tx(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state);

/* cmp_leave_waiting has |unit|, which writes the transaction, want that the request still waits, and remove
 * it. cmp_end_waiting ends the transaction as well, without a certificate. */
void cmp_leave_waiting(struct cmp_message *m, struct store_unit *unit);
void cmp_end_waiting(struct cmp_message *m, struct store_unit *unit);

/* cmp_end_tx makes |state| that of m->tx, which awaits certConf, and has |unit| write it and m->change. */
void cmp_end_tx(struct cmp_message *m, struct store_unit *unit, enum store_tx_state state);

/* cmp_give_back has the unit whose m->change revokes the certificate of m->tx, which a kur got, leave the one
 * that it was to update without a successor: that is what the station has. */
void cmp_give_back(struct cmp_message *m);

/* cmp_widest_window returns the largest window of messageTime, in seconds, that any profile of the message's
 * CA has, for whoever sends a message again chooses which of them takes it; 0 if one of them looks at no
 * time. */
uint32_t cmp_widest_window(const struct cmp_message *m);

enum { CMP_SUPERSEDED = 4 }; /* CRLReason, RFC 5280 5.3.1 */

/* cmp_supersede fills in m->predecessor_change: what an update does to the certificate |serial|, which has to
 * be valid for it. Taken for a precondition, it is one of the signer, too. |revokes| 1: it is revoked by
 * that, and the audit record says so. */
void cmp_supersede(struct cmp_message *m, struct bytes serial, int revokes);

/* cmp_tell has the audit record say |text| (NULL: there was no memory for it) before the detail that it has.
 */
void cmp_tell(struct cmp_message *m, const char *text);

/* cmp_tell_outer has it say in whose nested message it came, if it came in one. */
void cmp_tell_outer(struct cmp_message *m);

/* cmp_tell_superseded has it say that |serial| was revoked. */
void cmp_tell_superseded(struct cmp_message *m, struct bytes serial);

/* cmp_want_unblocked has |unit| depend on |spki|, the key that protects the message, not being blocked;
 * empty: a shared secret does. */
void cmp_want_unblocked(struct cmp_message *m, struct store_unit *unit, struct bytes spki);

/* cmp_accept notes in m->new_tx that this message is the last one accepted. */
void cmp_accept(struct cmp_message *m);

#endif
