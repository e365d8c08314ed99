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
    size_t room = PER_OCTET * size + AT_LEAST, len, shown;
    char *text = calloc(1, room);
    FILE *out = fmemopen(text, room, "w"); /* what does not fit is an error */
    int whole;

    must(text != NULL && out != NULL);
    whole = decode_write(out, bytes_of(data, size));
    must(fflush(out) == 0 && fclose(out) == 0);
    len = strlen(text);
    must(len != 0 && len < room - 1 && text[len - 1] == '\n');
    must(whole == (strstr(text, "\nfault at ") == NULL && strncmp(text, "fault: ", 7) != 0));
    for (size_t i = 0; i < len; i += shown) {
        shown = text[i] == '\n' ? 1 : utf8_shown((const uint8_t *)text + i, len - i);
        must(shown != 0);
    }
    free(text);
    return 0;
}
