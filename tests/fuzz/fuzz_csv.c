/* fuzz_csv.c: a line that somebody imports. What is read of it is written anew, and read again as it was. */
#include <stdlib.h>

#include "server/ctl/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(int condition)
{
    if (!condition)
        abort();
}

/* Its fields lie in |line|, one behind the other. */
static void expect_order(const struct bytes *fields, size_t count, const char *line, size_t len)
{
    const uint8_t *at = (const uint8_t *)line;

    expect(count > 0 && count <= CSV_FIELDS);
    for (size_t i = 0; i < count; i++) {
        expect(fields[i].data >= at);
        at = fields[i].data + fields[i].len;
    }
    expect(at <= (const uint8_t *)line + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes fields[CSV_FIELDS], again[CSV_FIELDS];
    static char line[CSV_LINE];
    size_t count = 0, count_again = 0, len = 0;
    char *text = NULL;
    FILE *out;

    if (size > sizeof line)
        return 0;
    memcpy(line, data, size);
    if (csv_split(fields, &count, line, size) != NULL)
        return 0;
    expect_order(fields, count, line, size);
    if ((out = open_memstream(&text, &len)) == NULL)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (i != 0)
            putc(',', out);
        csv_put(out, fields[i]);
    }
    fclose(out);
    expect(csv_split(again, &count_again, text, len) == NULL && count_again == count);
    for (size_t i = 0; i < count; i++)
        expect(bytes_equal(again[i], fields[i]));
    free(text);
    return 0;
}
