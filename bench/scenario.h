/* scenario.h: what a base station, or who relies on its certificate, does, how a run mixes it, and when. */
#ifndef CMPD_BENCH_SCENARIO_H
#define CMPD_BENCH_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

enum scenario {
    SCENARIO_IR,         /* ir and ip, confirmed implicitly */
    SCENARIO_IR_CONFIRM, /* ir, ip, certConf, pkiConf */
    SCENARIO_CR,
    SCENARIO_P10CR,
    SCENARIO_KUR,        /* signed with a certificate that was enrolled before */
    SCENARIO_RR,         /* likewise */
    SCENARIO_CR_CONFIRM, /* as ir-confirm */
    SCENARIO_P10CR_CONFIRM,
    SCENARIO_KUR_CONFIRM,
    SCENARIO_P10CR_OWN_CONFIRM, /* signed as kur is: an update for who knows p10cr alone */
    SCENARIO_OCSP,              /* OCSP without a nonce: the server may give an answer again */
    SCENARIO_OCSP_NONCE,        /* … with a nonce: each answer is signed for it (RFC 9654) */
    SCENARIO_CRL,               /* the full CRL is fetched */
    SCENARIO_COUNT
};

/* enum step is a kind of request: one message, and its answer. */
enum step {
    STEP_IR,
    STEP_CR,
    STEP_P10CR,
    STEP_KUR,
    STEP_RR,
    STEP_CERT_CONF,
    STEP_OCSP,
    STEP_OCSP_NONCE,
    STEP_CRL,
    STEP_COUNT
};

/* step_name returns what |step| is called: "ir", "certConf", "crl". */
const char *step_name(enum step step);

enum scenario_protocol { PROTOCOL_CMP, PROTOCOL_OCSP, PROTOCOL_CRL };

struct scenario_kind {
    const char *name;
    enum scenario_protocol protocol;
    enum step first;        /* STEP_CERT_CONF follows where |confirms| says so */
    int request, answer;    /* enum pki_body, of CMP */
    int certifies;          /* 1: the answer holds a new certificate */
    int confirms;           /* 1: certConf and pkiConf follow */
    int by_own;             /* 1: protected with a certificate that this CA issued */
    const char *path;       /* NULL: that of the URL */
    const char *media_type; /* of the request's body; NULL: there is none, it is a GET */
};

/* scenario_kind returns the row of |scenario|. */
const struct scenario_kind *scenario_kind(enum scenario scenario);

enum { MIX_WEIGHT_MAX = 1000, MIX_TEXT_MAX = 256 };

/* struct mix is a weighted mix of scenarios: weights that sum up to |length|, and one round in which each has
 * its share, spread evenly. */
struct mix {
    unsigned weight[SCENARIO_COUNT];
    unsigned length;
    uint8_t round[SCENARIO_COUNT * MIX_WEIGHT_MAX];
};

/* mix_parse reads "ir", or "ir=8,kur=1,rr=1": weights from 1 to MIX_WEIGHT_MAX, 1 if none is given. 1 or 0.
 */
int mix_parse(struct mix *out, const char *text);

/* scenario_sampled returns 1 for about one of |one_in| indices, spread so that it keeps no step with any mix.
 */
int scenario_sampled(uint64_t index, unsigned one_in);

/* mix_at returns the scenario of the |index|-th enrollment. */
enum scenario mix_at(const struct mix *mix, uint64_t index);

/* mix_holds returns 1 if |mix| has a scenario of |protocol|. */
int mix_holds(const struct mix *mix, enum scenario_protocol protocol);

/* mix_unit returns what one of |mix| is called: "enrollment", or "request" if others than CMP's are in it. */
const char *mix_unit(const struct mix *mix);

/* mix_text writes |mix| as mix_parse reads it into |out| (MIX_TEXT_MAX octets). Returns |out|. */
const char *mix_text(char *out, const struct mix *mix);

/* schedule_due_ns returns when the |index|-th enrollment of an open loop of |rate| a second is meant to
 * start, in nanoseconds from the start. */
int64_t schedule_due_ns(double rate, uint64_t index);

#endif
