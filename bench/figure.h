/* figure.h: numbers as people read them. */
#ifndef CMPD_BENCH_FIGURE_H
#define CMPD_BENCH_FIGURE_H

enum { FIGURE_MAX = 40 };

/* figure_count writes |value| in groups of three digits: "12,345,678". Returns |out|. */
const char *figure_count(char out[FIGURE_MAX], long long value);

/* figure_rate writes |value| as a whole number from 1,000 on, and with four digits below. Returns |out|. */
const char *figure_rate(char out[FIGURE_MAX], double value);

/* figure_latency writes |us| microseconds with three digits: "850 µs", "1.23 ms", "20 s". Returns |out|. */
const char *figure_latency(char out[FIGURE_MAX], double us);

#endif
