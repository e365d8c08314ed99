/* world.h: a CA, a vendor with devices, and a store in memory, for tests that drive the protocol without a
 * thread, a clock or a disk: the test itself serves the wants. */
#ifndef CMPD_TESTS_SUPPORT_WORLD_H
#define CMPD_TESTS_SUPPORT_WORLD_H

#include "server/cmp/cmp.h"
#include "server/ctl/ctl.h"
#include "server/pki/response.h"

enum { WORLD_ROWS = 64, WORLD_SECRETS = 8, WORLD_CRLS = 8, WORLD_KINDS = STORE_CRL_URLS + 1 };

struct world_tx {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_tx row;
};

struct world_cert {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_cert row;
};

struct world_secret {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_secret row;
};

struct world_blocked_key {
    uint8_t issuer[STORE_ISSUER_ID]; /* as all rows of the memory have it; it means nothing */
    struct store_blocked_key row;
};

struct world_device {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_device row;
};

struct world_claim {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_claim row;
};

struct world_crl {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_crl row;
};

struct world_crl_piece {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_crl_piece row;
};

struct world_crl_url {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_crl_url row;
};

struct world_request {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_request row;
};

struct world_announcement {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_announcement row;
};

struct world_approval {
    uint8_t issuer[STORE_ISSUER_ID];
    struct store_approval row;
};

struct world {
    struct arena *arena; /* lives as long as the world; messages have arenas of their own */
    struct arena *rows;  /* what the store keeps */
    int64_t now;         /* Unix seconds */

    struct ctl_identity root, issuing, cmp_signer;
    struct ctl_identity vendor_root, vendor_ca, device;
    struct ctl_identity stranger_root, stranger; /* of a vendor that nobody trusts */
    struct bytes secret, reference;              /* a shared secret in the store */

    struct trust trust;
    struct cmp_authority ca;
    struct config_profile config, other_config; /* of the profiles */
    struct cmp_profile profile, other_profile;
    const struct cmp_profile *profiles[2];
    struct cmp_settings settings;

    struct world_tx txs[WORLD_ROWS];
    size_t tx_count;
    struct world_cert certs[WORLD_ROWS];
    size_t cert_count;
    struct world_secret secrets[WORLD_SECRETS];
    size_t secret_count;
    struct world_blocked_key blocked_keys[WORLD_ROWS];
    size_t blocked_key_count;
    struct world_device devices[WORLD_ROWS];
    size_t device_count;
    struct world_claim claims[WORLD_ROWS];
    size_t claim_count;
    struct world_crl crls[WORLD_CRLS];
    size_t crl_count;
    struct world_crl_piece crl_pieces[WORLD_CRLS];
    size_t crl_piece_count;
    struct world_crl_url crl_urls[WORLD_CRLS];
    size_t crl_url_count;
    struct world_request requests[WORLD_ROWS];
    size_t request_count;
    struct world_approval approvals[WORLD_ROWS];
    size_t approval_count;
    struct world_announcement announcements[WORLD_ROWS];
    size_t announcement_count;
    unsigned commits, audits; /* units done, and audit records in them */
    unsigned polls;           /* … and those that only note that a poll was answered, without a record */
    struct store_audit audit; /* the last of these */

    /* Faults: the n-th fetch or commit from now on (1: the next) ends so; 0: none. */
    unsigned fail_fetch_at;
    unsigned fail_commit_at;
    enum store_outcome commit_fault; /* STORE_UNAVAILABLE, or STORE_UNKNOWN with |unknown_was_done| */
    int unknown_was_done;
    unsigned fetches_seen, commits_seen;
    int keys_unavailable;         /* 1: no signature can be made */
    int decide_refuses;           /* 1: policy grants nothing */
    int decide_modifies;          /* 1: policy grants another subject */
    int decide_undecided;         /* 1: policy finds no memory */
    int decide_strangely;         /* 1: policy grants a name that has to be approved */
    struct cmp_question verdict;  /* what an authorizer says: verdict, reason, text, names */
    struct cmp_question question; /* what it was asked last; what it points to goes with the answer */
    const char *not_admitted;     /* why messages in a nested one are not taken up; NULL: they are … */
    unsigned guessed;             /* … but the n-th of them, which is refused as a guess; 0: none */
    unsigned wants_seen[CMP_WANT_KINDS];
    unsigned undecided_at; /* the n-th verification from now on finds no memory; 0: none … */
    unsigned verifications_seen;
    int macs_fail;      /* 1: … and no key is derived */
    int without_tables; /* 1: answers are not read by the tables of `cmpctl decode`, which takes long */
    struct cmp_decision asked; /* the last question to policy; what it points to goes with the answer */

    struct mirror *mirror; /* NULL, or the store that all is asked of as well (tests/support/mirror.h) */

    /* Called once, before the next commit, if not NULL: what another node does in between. */
    void (*before_commit)(struct world *world);
};

/* world_new makes everything with keys of |kind|; fails the test if it cannot. */
struct world *world_new(enum key_kind kind);
void world_free(struct world *world);

/* world_forget empties the store, but for the secret. */
void world_forget(struct world *world);

/* struct answer_part is one of several responses, or statuses, in an answer. */
struct answer_part {
    struct pki_status_info status;
    struct cert_response response;
    struct certificate cert; /* if one was issued */
    int has_cert;
};

/* struct answer is what came back, decoded. Lives in |arena|, freed by answer_free. */
struct answer {
    struct arena *arena;
    struct cmp_result result;
    struct pki_message message;    /* decoded, if there is a reply */
    int body;                      /* its type, or -1 */
    struct pki_status_info status; /* of ip, cp, kup, rp or error */
    struct cert_response response; /* of ip, cp and kup */
    struct certificate cert;       /* if one was issued */
    int has_cert;
    struct answer_part parts[BOUND_SEVERAL]; /* if there are several; the fields above are empty then, but for
                                              * |status| where all were refused: that of the first */
    size_t part_count;
    int authenticated; /* the request got past its protection */
    uint64_t price_us;
    struct cmp_message *driven; /* to its end, if it is a nested one, in one, or had parts */
    struct answer *inner;       /* of a batch: to the messages in it, in their order; freed with it */
    size_t inner_count;
    int is_inner;
};

/* world_send drives |request| to its end and checks what must hold of every answer: it is strict DER, and
 * read whole by the tables of `cmpctl decode`; its protection is right (by |secret| if it is a MAC), or
 * missing where it may be; version, transactionID, nonces and body are those that belong to the request (RFC
 * 9483 3.1); its status says what was done. Whoever proved who it is was refused nothing without an audit
 * record, unless settings.recorded says that it is refused too often. All of it holds of each answer to a
 * nested message; and what is answered to added protection is held against the message in it, whose |result|
 * it is. An announcement has no answer but the end of its job. */
struct answer world_send(struct world *world, struct bytes request);

/* world_send_to does the same through a URL path that names |route|. */
struct answer world_send_to(struct world *world, const struct cmp_route *route, struct bytes request);
void answer_free(struct answer *answer);

/* world_put_crl has the store keep |der| as the newest CRL of |scope|, since |this_update| (Unix seconds). It
 * returns its row, for who spoils it. */
struct store_crl *world_put_crl(struct world *world, const char *scope, int64_t this_update,
                                struct bytes der);

/* world_check holds the store against what is true of it at any time: no transaction or certificate stands by
 * itself or in a state of its own, none twice, no unit was done without its audit record. Fails the test
 * else. */
void world_check(const struct world *world);

/* world_tx_of and world_cert_of find rows, or NULL. */
struct store_tx *world_tx_of(const struct world *world, struct bytes transaction_id);
struct store_cert *world_cert_of(const struct world *world, struct bytes serial);

/* struct world_memory is where the memory has its rows of one kind (the first WORLD_KINDS of them): each
 * stands behind its issuer. */
struct world_memory {
    uint8_t *first;
    size_t size, row; /* of each; where its row begins in it */
    size_t count, room;
};

struct world_memory world_memory(const struct world *world, enum store_kind kind);

/* world_issuer and world_row return the |i|th of them; world_find the row of |issuer| with |key|, or NULL. */
static inline uint8_t *world_issuer(const struct world_memory *memory, size_t i)
{
    return memory->first + i * memory->size;
}

static inline void *world_row(const struct world_memory *memory, size_t i)
{
    return memory->first + i * memory->size + memory->row;
}

void *world_find(const struct world *world, enum store_kind kind, struct bytes issuer, struct bytes key);

/* ---- a client ---- */

/* struct client builds requests; every field can be changed by a test before client_message. */
struct client {
    struct world *world;
    const struct ctl_identity *signer; /* NULL: by the secret */
    struct bytes secret;
    struct mac_algorithm mac;
    struct pki_header header;
    uint8_t transaction_id[16], nonce[16];
    struct bytes extra_certs[BOUND_EXTRA_CERTS + 1];
    size_t extra_cert_count;
    struct private_key *key; /* to be certified */
    struct bytes subject, san;
    struct cert_template tmpl;                     /* what else the template asks for */
    struct bytes old_cert_issuer, old_cert_serial; /* oldCertID */
    int64_t cert_req_id;
    const struct signature_algorithm *algorithm; /* of signer */
};

/* client_init prepares a client that signs as the world's device, or with |mac| uses the world's secret
 * (SHA-256, HMAC with SHA-256, 1000 iterations). client_cleanup frees its key. */
void client_init(struct client *client, struct world *world, int mac);
void client_cleanup(struct client *client);

/* client_sign_by makes |identity| the signer, with |chain| (count 0 to 3) after it in extraCerts. */
void client_sign_by(struct client *client, const struct ctl_identity *identity, const struct bytes *chain,
                    size_t count);

/* client_signature signs |message| with |key|. */
struct bytes client_signature(struct client *client, const struct private_key *key,
                              const struct signature_algorithm *algorithm, struct bytes message);

/* client_body makes the body of an ir, cr, kur (CRMF) or p10cr with proof of possession. */
struct bytes client_body(struct client *client, int body_type);

/* client_message protects |body| of |body_type| under client->header. */
struct bytes client_message(struct client *client, int body_type, struct bytes body);

/* client_nest makes a batch of |messages| (RFC 9483 5.2.2.2), client_add_protection one with the
 * transactionID and the senderNonce of |message|, which is in it (5.2.2.1). */
struct bytes client_nest(struct client *client, const struct bytes *messages, size_t count);
struct bytes client_add_protection(struct client *client, struct bytes message);

/* client_request is both: a request of |body_type| with a fresh senderNonce. */
struct bytes client_request(struct client *client, int body_type);

/* client_confirm makes the certConf for |answer|: status -1 leaves statusInfo out. */
struct bytes client_confirm(struct client *client, const struct answer *answer, int64_t status);

/* client_adopt makes the certificate in |answer|, whose key is client->key, the signer |out|, and gives the
 * client a new key, transactionID and senderNonce: what a device does that updates or revokes its
 * certificate. |out| owns the old key, freed by ctl_identity_cleanup. */
void client_adopt(struct client *client, const struct answer *answer, struct ctl_identity *out);

/* client_revoke makes an rr for |cert|; |reason| -1 leaves crlEntryDetails out. */
struct bytes client_revoke(struct client *client, const struct certificate *cert, int64_t reason);

/* client_next sets the header for the message after |answer|: nonces fresh and repeated. */
void client_next(struct client *client, const struct answer *answer);

#endif
