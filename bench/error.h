/* error.h: in how many ways an enrollment may fail. */
#ifndef CMPD_BENCH_ERROR_H
#define CMPD_BENCH_ERROR_H

enum bench_error {
    BENCH_OK,
    BENCH_CONNECT,     /* the connection could not be made, or broke before an answer */
    BENCH_TIMEOUT,     /* no answer for BENCH_TIMEOUT_SECONDS */
    BENCH_HTTP,        /* no whole HTTP answer, or another status than 200 */
    BENCH_MALFORMED,   /* the answer is no PKIMessage, or its body not what it says */
    BENCH_UNAVAILABLE, /* an error message or a rejection that says systemUnavail: the server's store, or key,
                          is away */
    BENCH_REJECTED,    /* any other rejection or error message */
    BENCH_PROTECTION,  /* the answer's protection, or its certificate's signature, is missing or wrong */
    BENCH_MISMATCH, /* version, sender, nonces, transactionID, certReqId, confirmation, public key, subject or
                       issuer are not what they must be */
    BENCH_DUPLICATE, /* the certificate's serial number was given out before */
    BENCH_OVERDUE,   /* open loop: meant to start, but the run ended before a client was free */
    BENCH_ERRORS
};

enum { BENCH_TIMEOUT_SECONDS = 30 };

/* bench_error_name returns the word that reports use. */
const char *bench_error_name(enum bench_error error);

#endif
