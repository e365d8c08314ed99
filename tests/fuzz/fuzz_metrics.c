/* fuzz_metrics.c: two pages of /metrics, one after the other, with a NUL between, as cmpctl top reads and
 * shows them, whoever has answered. What it shows has nothing that a terminal would obey. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/base/utf8.h"
#include "server/ctl/top_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int condition)
{
    if (!condition)
        abort();
}

static void read_page(struct metrics_page *out, const uint8_t *data, size_t size)
{
    uint8_t *text = malloc(size + 1);

    expect(text != NULL);
    memcpy(text, data, size);
    expect(metrics_page_read(out, text, size));
    for (size_t i = 0; i < out->count; i++) {
        const struct metrics_series *series = &out->series[i];
        struct bytes value;
        expect(series->name.len > 0 && isfinite(series->value));
        if (metrics_label(&value, series, "ca"))
            expect(value.data >= series->labels.data &&
                   value.data + value.len <= series->labels.data + series->labels.len);
    }
}

static void expect_shown(const uint8_t *text, size_t len)
{
    for (size_t i = 0, octets; i < len; i += octets) {
        octets = text[i] == '\n' ? 1 : utf8_shown(text + i, len - i);
        expect(octets > 0);
    }
}

static void show(const struct metrics_page *page, struct terminal terminal, int has_escapes)
{
    const struct top_node node = {.url = "http://node", .is_there = 1};
    const struct top_moment moment = {&node, page, 1, 2, 1800000000};
    FILE *former = stdout;
    char *text = NULL;
    size_t len = 0;

    expect((stdout = open_memstream(&text, &len)) != NULL);
    expect(top_show(&moment, terminal));
    fclose(stdout);
    stdout = former;
    if (!has_escapes)
        expect_shown((const uint8_t *)text, len);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first = end != NULL ? (size_t)(end - data) : size;
    struct metrics_page former, page;

    read_page(&former, data, first);
    read_page(&page, end != NULL ? end + 1 : data, end != NULL ? size - first - 1 : 0);
    metrics_page_since(&page, &former);
    for (size_t i = 0; i < page.count; i++)
        expect(page.series[i].growth >= 0 || page.series[i].value < 0);
    show(&page, (struct terminal){0, 0}, 0);
    show(&page, (struct terminal){40, 12}, 1);
    metrics_page_cleanup(&page);
    metrics_page_cleanup(&former);
    return 0;
}
