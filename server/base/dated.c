/* dated.c: see dated.h. */
#include "dated.h"

#include <string.h>
#include <time.h>

/* The first second of the day |text|, "YYYY-MM-DD"; 0 if there is no such day after 1970. */
static int64_t day_of(const char *text)
{
    struct tm day = {.tm_mday = 0}, seen;
    char again[sizeof "YYYY-MM-DD"];
    time_t at;

    if (strlen(text) != sizeof again - 1 || strspn(text, "0123456789-") != sizeof again - 1 ||
        strptime(text, "%Y-%m-%d", &day) == NULL)
        return 0;
    at = timegm(&day);
    /* What is written otherwise is another day, or none. */
    if (at <= 0 || gmtime_r(&at, &seen) == NULL || strftime(again, sizeof again, "%Y-%m-%d", &seen) == 0 ||
        strcmp(again, text) != 0)
        return 0;
    return at;
}

const char *dated_read(size_t *name_len, int64_t *until, const char *entry)
{
    static const char before[] = " until ";
    const char *end = strstr(entry, before);

    *name_len = end != NULL ? (size_t)(end - entry) : strlen(entry);
    *until = DATED_NO_END;
    if (end != NULL && (*until = day_of(end + strlen(before))) == 0)
        return "the day has to be one of the calendar, as in: NAME until 2030-06-30";
    return NULL;
}
