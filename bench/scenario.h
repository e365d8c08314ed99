/* scenario.h: what a base station does, how a fleet mixes it, and when. */
#ifndef CMPD_BENCH_SCENARIO_H
#define CMPD_BENCH_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

enum scenario {
    SCENARIO_IR,         /* ir and ip, confirmed implicitly */
    SCENARIO_IR_CONFIRM, /* ir, ip, certConf, pkiConf */
    SCENARIO_CR,
    SCENARIO_P10CR,
    SCENARIO_KUR, /* signed with a certificate that was enrolled before */
    SCENARIO_RR,  /* likewise */
    SCENARIO_COUNT
};

struct scenario_kind {
    const char *name;
    int request, answer; /* enum pki_body */
    int confirms;        /* 1: certConf and pkiConf follow */
    int by_own;          /* 1: protected with a certificate that this CA issued */
};

/* scenario_kind returns the row of |scenario|. */
const struct scenario_kind *scenario_kind(enum scenario scenario);

enum { MIX_WEIGHT_MAX = 1000, MIX_TEXT_MAX = 128 };

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

/* mix_text writes |mix| as mix_parse reads it into |out| (MIX_TEXT_MAX octets). Returns |out|. */
const char *mix_text(char *out, const struct mix *mix);

/* schedule_due_ns returns when the |index|-th enrollment of an open loop of |rate| a second is meant to
 * start, in nanoseconds from the start. */
int64_t schedule_due_ns(double rate, uint64_t index);

#endif
