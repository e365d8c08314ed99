/* metrics.c: texts are made seldom, and there are few of them, whoever reads them. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "server/base/clock.h"
#include "server/base/metrics_text.h"
#include "tests/support/demo.h"

static unsigned written;
static int64_t now_ms = 1000;

/* Another front's thread asks while a text is written. */
static int asks_meanwhile;
static const struct metrics_document *had_meanwhile;
static void ask_meanwhile(void);

static size_t fake_write(char *text, size_t room, enum metrics_format format, struct metric *const *table,
                         size_t count, void *arg)
{
    (void)table;
    (void)count;
    (void)arg;
    if (asks_meanwhile)
        ask_meanwhile();
    return (size_t)snprintf(text, room, "%u %d\n", ++written, format);
}

static int64_t test_ms(void)
{
    return now_ms;
}

#define metrics_write fake_write
#define clock_steady_ms test_ms
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it writes, and its clock, are the test's */
#include "server/admin/metrics.c"

static struct demo demo;
static struct metrics_service *service;

static void begin(void)
{
    demo_new(&demo);
    service = metrics_new(&(struct metrics_sources){.version = "1"}, demo.policy);
    cr_assert_not_null(service);
}

static void end(void)
{
    metrics_free(service);
    demo_free(&demo);
}

static const struct metrics_document *get(const char *accept)
{
    return metrics_document(service, bytes_str(accept));
}

static void *ask(void *arg)
{
    (void)arg;
    had_meanwhile = get("");
    return NULL;
}

static void ask_meanwhile(void)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, ask, NULL), 0);
    pthread_join(thread, NULL);
}

static void let_go(const struct metrics_document *document)
{
    metrics_release((void *)(uintptr_t)document);
}

TestSuite(metrics, .init = begin, .fini = end);

Test(metrics, a_text_is_given_again_for_a_while)
{
    const struct metrics_document *first = get("");

    cr_assert(bytes_equal(first->body, bytes_str("1 0\n")));
    for (int i = 0; i < 1000; i++) {
        cr_assert_eq(get(""), first);
        let_go(first);
    }
    now_ms += BOUND_METRICS_EVERY_MS - 1;
    cr_assert_eq(get(""), first);
    cr_assert_eq(written, 1);
    /* Each format has its own. */
    cr_assert(bytes_equal(get("application/openmetrics-text")->body, bytes_str("2 1\n")));
    now_ms++;
    cr_assert(bytes_equal(get("")->body, bytes_str("3 0\n")));
    cr_assert(bytes_equal(first->body, bytes_str("1 0\n")), "who reads it goes on");
}

/* Readers that take their time hold so many texts, and no more: then the oldest has to go. */
Test(metrics, slow_readers_hold_few)
{
    const struct metrics_document *held[BOUND_METRICS_TEXTS];

    for (int i = 0; i < BOUND_METRICS_TEXTS; i++) {
        held[i] = get("");
        cr_assert_not_null(held[i]);
        now_ms += BOUND_METRICS_EVERY_MS;
    }
    cr_assert_null(get(""));
    cr_assert_eq(written, BOUND_METRICS_TEXTS);
    cr_assert(metrics_is_withdrawn(held[0]));
    cr_assert_not(metrics_is_withdrawn(held[1]));
    cr_assert_null(get(""), "until it is let go");
    let_go(held[0]);
    cr_assert_not_null(get(""));
    for (int i = 1; i < BOUND_METRICS_TEXTS; i++)
        let_go(held[i]);
}

Test(metrics, texts_that_nobody_reads_are_freed)
{
    for (int i = 0; i < 10 * BOUND_METRICS_TEXTS; i++) {
        const struct metrics_document *document = get(i % 2 == 0 ? "" : "application/openmetrics-text");
        cr_assert_not_null(document);
        let_go(document);
        now_ms += BOUND_METRICS_EVERY_MS;
    }
}

/* The front's thread must not block: who comes while another one writes has the text before, if there is one.
 */
Test(metrics, nobody_waits_for_who_writes)
{
    const struct metrics_document *first, *during;

    asks_meanwhile = 1;
    first = get("");
    cr_assert_not_null(first);
    cr_assert_null(had_meanwhile, "there was none before the first");
    let_go(first);
    now_ms += BOUND_METRICS_EVERY_MS;
    cr_assert_neq(get(""), first);
    during = had_meanwhile;
    cr_assert_eq(during, first);
    cr_assert(bytes_equal(during->body, bytes_str("1 0\n")), "it stays while it is read");
    cr_assert_eq(written, 2, "and nobody else writes one");
    let_go(during);
}
