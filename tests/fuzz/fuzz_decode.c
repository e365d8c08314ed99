/* fuzz_decode.c: whatever is pasted, cmpctl decode ends, writes no more than its input allows, and nothing
 * that a terminal would obey. */
#include <stdint.h>
#include <stdio.h>

#include "server/base/utf8.h"
#include "server/ctl/decode.h"
#include "tests/support/must.h"

/* The longest line that a few octets can have: an indented label, its column, all the names of failInfo. */
enum { PER_OCTET = 200, AT_LEAST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text;
    size_t len, shown;
    FILE *out = open_memstream(&text, &len);
    int whole;

    must(out != NULL);
    whole = decode_write(out, bytes_of(data, size));
    must(fclose(out) == 0);
    must(len != 0 && text[len - 1] == '\n');
    must(len <= PER_OCTET * size + AT_LEAST);
    must(whole == (strstr(text, "\nfault at ") == NULL && strncmp(text, "fault: ", 7) != 0));
    for (size_t i = 0; i < len; i += shown) {
        shown = text[i] == '\n' ? 1 : utf8_shown((const uint8_t *)text + i, len - i);
        must(shown != 0);
    }
    free(text);
    return 0;
}
