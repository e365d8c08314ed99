/* The names of the ways in which an enrollment may fail. */
#include "bench/error.h"

const char *bench_error_name(enum bench_error error)
{
    static const char *const names[BENCH_ERRORS] = {"ok",        "connect",     "timeout",  "http",
                                                    "malformed", "unavailable", "rejected", "protection",
                                                    "mismatch",  "duplicate",   "overdue"};

    return names[error];
}
