/* fuzz_proxy.c: what proxies say: the first octet chooses the parser. */
#include <stdlib.h>

#include "server/front/http/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address client = {0};
    char text[ADDRESS_TEXT_MAX];
    struct bytes in;
    size_t len = 0;

    if (size == 0)
        return 0;
    in = bytes_of(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        if (proxy_header(&client, &len, in) == 1 && (len > in.len || len < 16))
            abort();
    } else {
        proxy_forwarded(&client, in);
    }
    if (client.len != 0 && client.len != 4 && client.len != 16)
        abort();
    address_text(text, &client);
    return 0;
}
