/* operation.h: one row for each PKIBody that a client may send. Its code is in op_*.c; whoever works on all
 * of them asks the row. */
#ifndef CMPD_CMP_OPERATION_H
#define CMPD_CMP_OPERATION_H

#include "server/cmp/cmp.h"

/* How a message goes on after a step. What the step wanted is served before. */
enum cmp_turn {
    CMP_ON,       /* with the next step */
    CMP_STAY,     /* with the same one again */
    CMP_ANSWERED, /* with none of those that follow: the answer is there */
    CMP_UNPACKED, /* the messages in it (m->inner) are started; then with the next step */
    CMP_CARRIED,  /* … and brought to their ends; then with the next step */
    CMP_TAKEN_UP, /* it polls for one that was approved: with that, as if it had just come */
    CMP_RACED,    /* what the operation was judged by has changed: with its raced steps */
    CMP_REPLAY,   /* it was answered before: again, from m->tx */
    CMP_REFUSED,  /* with the refusal that cmp_refuse noted */
    CMP_END,      /* not at all: m->result is complete */
};

typedef enum cmp_turn cmp_step(struct cmp_message *m);

/* cmp_record fills in the preconditions and writes of |unit|, and m->audit. */
typedef void cmp_record(struct cmp_message *m, struct store_unit *unit);

enum cmp_flag {
    CMP_BEGINS = 1,      /* begins a transaction; others belong to one */
    CMP_ISSUES = 2,      /* asks for a certificate: implicitConfirm and certProfile may stand in its header */
    CMP_SIGNED = 4,      /* must be signed: no shared secret will do */
    CMP_MAY_BE_BARE = 8, /* may come without protection */
    CMP_ANY_PROFILE = 16, /* its signer may have been enrolled under any profile of the CA */
    CMP_CA_PUBS = 32,     /* its response may have caPubs */
    CMP_UPDATES = 64,     /* asks for a certificate in the place of the one that signs it (RFC 9483 4.1.3) */
    CMP_MAY_UPDATE = 128, /* … where the profile says so, for names that have one (update.by_request) */
    CMP_POLLS = 256,      /* asks for an answer that may not have arrived */
    CMP_STANDS_ALONE = 512, /* one message and its answer: no transaction is looked up or written */
    CMP_CARRIES = 1024,   /* carries other messages: never bare, and what the path stands for may be theirs */
    CMP_ANNOUNCES = 2048, /* tells something, and is answered by the end of its job alone. An upstream of the
                           * configuration signs it, whomever the profile trusts, and nobody else */
    CMP_ASKS = 4096, /* asks for information: certProfile may name several, an agent may send it, and it may
                      * be bare where the profile says so */
};

struct cmp_operation {
    int request, response; /* PKIBody tags; -1: there is no response */
    unsigned flags;        /* enum cmp_flag */
    unsigned awaited;  /* in which states of its transaction, a bit (1 << enum store_tx_state) each; in others
                        * it  is late */
    const char *audit; /* what its refusals are recorded as */

    /* decode makes m->state of m->in.body, and adds to m->price_us what the body chooses. What is wrong goes
     * to m->body_fault and m->body_fail_info. 1, or 0 without memory. */
    int (*decode)(struct cmp_message *m);
    /* names returns the serialNumber of the certificate that the body says protects it, or empty: of several
     * of one key that one is meant. NULL: the body says nothing of it. */
    struct bytes (*names)(const struct cmp_message *m);
    /* certifies returns the SubjectPublicKeyInfo that is to be certified, or empty. NULL: none is. */
    struct bytes (*certifies)(const struct cmp_message *m);
    /* prove wants verifications of its own, in one batch with the protection. NULL: it has none. */
    void (*prove)(struct cmp_message *m);
    /* takes_revoked returns 1 if the signer's certificate may be revoked. NULL: never. */
    int (*takes_revoked)(const struct cmp_message *m);
    /* run: the steps of a message that is authenticated (or bare), up to cmp_answer. NULL at the end. */
    cmp_step *const *run;
    /* raced: those after a commit that found a certificate changed (STORE_PRE_CERT). NULL: there are none. */
    cmp_step *const *raced;
    cmp_record *record; /* what the answer waits for */
    /* recall wants what the answer is rebuilt from when the message comes again. NULL: nothing. */
    void (*recall)(struct cmp_message *m);
    cmp_step *again; /* rebuilds the answer, up to cmp_answer */
    /* recover makes m->state of a pollReq whose answer is to be that of m->tx: as decode
     * would, but of nothing. 1, or 0 without memory. NULL: that cannot be. */
    int (*recover)(struct cmp_message *m);
    /* ask_late wants what |late| judges by. NULL: nothing. */
    void (*ask_late)(struct cmp_message *m);
    /* late refuses a message whose transaction awaits none. NULL: as any. */
    cmp_step *late;
    /* refusal writes a response with |status|. NULL: refused by error. 1, or 0 without memory. */
    int (*refusal)(struct cmp_message *m, struct bytes *body, const struct pki_status_info *status);
    /* What a message of this type goes on as that has several of a kind, or belongs to a transaction that was
     * begun by one (several.c). NULL: there is no such. */
    const struct cmp_operation *of_several;
    /* join makes the body of its answer of those of its |n| parts. 1, or 0 without memory. */
    int (*join)(struct bytes *out, struct arena *arena, const struct bytes *bodies, size_t n);
    void (*cleanup)(struct cmp_message *m); /* frees what does not live in the arena. NULL: nothing */
};

/* cmp_unsupported stands for every PKIBody that has no row. Its refusal is the error message that all use
 * whose operation has no response to refuse with. */
extern const struct cmp_operation cmp_unsupported;

/* cmp_operation_of returns the row of PKIBody |body|, or cmp_unsupported. */
const struct cmp_operation *cmp_operation_of(int body);

/* The table: the names of its rows, each of which stands beside its code (op_*.c). */
#define CMP_OPERATIONS(X)                                                                                    \
    X(ir)                                                                                                    \
    X(cr)                                                                                                    \
    X(p10cr)                                                                                                 \
    X(kur)                                                                                                   \
    X(ccr)                                                                                                   \
    X(rr)                                                                                                    \
    X(certconf)                                                                                              \
    X(poll)                                                                                                  \
    X(error)                                                                                                 \
    X(genm)                                                                                                  \
    X(nested)                                                                                                \
    X(ckuann)                                                                                                \
    X(cann)                                                                                                  \
    X(rann)                                                                                                  \
    X(crlann)

#define CMP_DECLARED(name) extern const struct cmp_operation cmp_##name;
CMP_OPERATIONS(CMP_DECLARED)

#endif
