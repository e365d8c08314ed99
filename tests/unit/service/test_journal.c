/* test_journal.c: lines of the log as entries of journald. What libsystemd sends is the test's. */
#define _GNU_SOURCE 1 /* asprintf, memmem */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <sys/uio.h>

#include "server/base/log_internal.h"

static int fake_sendv(const struct iovec *fields, int count);

#define SD_JOURNAL_SUPPRESS_LOCATION 1
#include <systemd/sd-journal.h>
#undef LOG_INFO /* of syslog.h: it is the level of our log again */
#undef sd_journal_sendv
#define sd_journal_sendv fake_sendv
/* NOLINTNEXTLINE(bugprone-suspicious-include): whom it calls is the test's */
#include "server/service/journal.c"

enum { TEXT = 2 * LOG_LONG_MAX };
static char *sent; /* every field on a line of its own, and an empty one behind each entry */
static size_t used;
static int result;

static void begin(void)
{
    sent = calloc(1, TEXT);
    cr_assert_not_null(sent);
}

static void end(void)
{
    free(sent);
}

TestSuite(journal, .init = begin, .fini = end);

static int fake_sendv(const struct iovec *fields, int count)
{
    for (int i = 0; i < count; i++) {
        cr_assert_lt(used + fields[i].iov_len + 2, TEXT);
        memcpy(sent + used, fields[i].iov_base, fields[i].iov_len);
        used += fields[i].iov_len;
        sent[used++] = '\n';
    }
    sent[used++] = '\n';
    return result;
}

static int take(const char *text)
{
    used = 0;
    memset(sent, 0, TEXT);
    return journal_take(text, strlen(text));
}

Test(journal, each_value_has_its_field)
{
    cr_assert(take("time=2026-12-01T00:00:00.000Z level=warn event=\"request refused\" failInfo=badAlg n=-3 "
                   "text=\"a \\\"b\\\" \\\\ \\x0a=c\" device=\"\" audit=1\n"));
    cr_expect_str_eq(sent, "MESSAGE=event=\"request refused\" failInfo=badAlg n=-3 text=\"a \\\"b\\\" \\\\ "
                           "\\x0a=c\" device=\"\" audit=1\n"
                           "SYSLOG_IDENTIFIER=cmpd\n"
                           "CMPD_TIME=2026-12-01T00:00:00.000Z\n"
                           "PRIORITY=4\n"
                           "CMPD_EVENT=request refused\n"
                           "CMPD_FAILINFO=badAlg\n"
                           "CMPD_N=-3\n"
                           "CMPD_TEXT=a \"b\" \\ \\x0a=c\n"
                           "CMPD_DEVICE=\n"
                           "CMPD_AUDIT=1\n"
                           "\n");
}

Test(journal, levels_are_those_of_syslog)
{
    cr_assert(take("time=t level=debug event=a\ntime=t level=info event=b\ntime=t level=warn event=c\n"
                   "time=t level=error event=d\ntime=t level=loud event=e\n"));
    char *at = sent;
    for (const char *priority = "76435"; *priority != 0; priority++) {
        at = strstr(at, "PRIORITY=");
        cr_assert_not_null(at, "%s", sent);
        cr_expect_eq(at[9], *priority, "%s", at);
        at++;
    }
}

/* Whatever a peer writes into a value is in that value: it makes no field and no entry of its own. */
Test(journal, a_value_makes_no_field)
{
    static const char odd[] = "a\nPRIORITY=0\nCMPD_EVENT=x\n\n\" level=error \\\" b=\"\\";
    char line[LOG_LINE_MAX];
    size_t len = log_make_line(line, sizeof line, LOG_INFO, "e",
                               LOG_FIELDS(log_text("text", odd), log_word("word", odd),
                                          log_pairs(bytes_str("p=1\nPRIORITY=0")), log_number("last", 7)));
    unsigned lines = 0;

    cr_assert(journal_take(line, len));
    for (const char *at = sent; *at != 0; at++)
        lines += *at == '\n';
    cr_expect_eq(lines, 9 + 1, "%s", sent); /* MESSAGE, SYSLOG_IDENTIFIER, time, level, event, 4 values */
    cr_expect_not_null(strstr(sent, "\nPRIORITY=6\n"));
    cr_expect_null(strstr(sent, "\nPRIORITY=0"));
    cr_expect_not_null(strstr(sent, "\nCMPD_EVENT=e\n"));
    cr_expect_not_null(strstr(sent, "\nCMPD_LAST=7\n"));
    cr_expect_not_null(strstr(sent, "\nCMPD_P=1?PRIORITY=0\n"), "%s", sent);
    cr_expect_not_null(
        strstr(sent, "\nCMPD_TEXT=a\\x0aPRIORITY=0\\x0aCMPD_EVENT=x\\x0a\\x0a\" level=error \\\" b=\"\\\n"),
        "%s", sent);
}

/* Names that journald would refuse, with the whole entry, are left to MESSAGE. */
Test(journal, odd_names_have_no_field)
{
    char long_name[2 * KEY_MAX];

    memset(long_name, 'k', sizeof long_name);
    long_name[sizeof long_name - 1] = 0;
    char *line = NULL;
    cr_assert_gt(asprintf(&line, "level=info event=e a.b=1 =2 %s=3 good_1=4 rest\n", long_name), 0);
    cr_assert(take(line));
    free(line);
    cr_expect_null(strstr(sent, "CMPD_A"));
    cr_expect_null(strstr(sent, "CMPD_K"));
    cr_expect_null(strstr(sent, "CMPD_="));
    cr_expect_not_null(strstr(sent, "\nCMPD_GOOD_1=4\n"));
}

Test(journal, more_values_than_fields)
{
    enum { VALUES = 3 * FIELDS, ROOM = 64 * VALUES };
    char *line = calloc(1, ROOM);
    unsigned fields = 0;

    cr_assert_not_null(line);
    strcpy(line, "time=t level=info event=e");
    for (int i = 0; i < VALUES; i++)
        snprintf(line + strlen(line), ROOM - strlen(line), " k%d=%d", i, i);
    strcat(line, "\n");
    cr_assert(take(line));
    for (const char *at = sent; *at != 0; at++)
        fields += *at == '\n';
    cr_expect_eq(fields, FIELDS + 1);
    cr_expect_not_null(strstr(sent, " k191=191\n"));
    free(line);
}

/* Every octet twice: what is allocated is enough (for the sanitizers). */
Test(journal, the_longest_line)
{
    static uint8_t octets[LOG_LONG_MAX];
    char *line = malloc(LOG_LONG_MAX);

    cr_assert_not_null(line);
    memset(octets, 'x', sizeof octets);
    size_t len = log_make_line(line, LOG_LONG_MAX, LOG_INFO, "e",
                               LOG_FIELDS(log_octets("o", bytes_of(octets, sizeof octets))));
    cr_assert_gt(len, LOG_LONG_MAX - 8);
    cr_assert(journal_take(line, len));
    cr_expect_not_null(strstr(sent, "\nCMPD_O=xxxxx"));
    free(line);
}

Test(journal, a_failure_is_told_and_the_other_lines_go_on)
{
    result = -ECONNREFUSED;
    cr_expect_not(take("level=info event=a\nlevel=info event=b\n"));
    cr_expect_not_null(strstr(sent, "CMPD_EVENT=b\n"));
    result = 0;
    cr_expect(take("level=info event=a\n"));
}
