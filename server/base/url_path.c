/* url_path.c: URL paths in their normal form (RFC 3986 6.2.2). */
#include "url_path.h"

static int digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 2.3 */
static int is_unreserved(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* RFC 3986 6.2.2.1 and 6.2.2.2. Returns the length, or 0 with |*why| set. */
static size_t decode(char *out, const char **why, struct bytes path)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;

    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] != '%') {
            out[len++] = (char)path.data[i];
            continue;
        }
        int high = i + 2 < path.len ? digit_of(path.data[i + 1]) : -1;
        int low = i + 2 < path.len ? digit_of(path.data[i + 2]) : -1;
        int c = high * 16 + low;
        if (high < 0 || low < 0) {
            *why = "the path has a % without two hexadecimal digits";
            return 0;
        }
        if (c == '/' || c == 0) {
            *why = "the path has %2F or %00, which no path here has";
            return 0;
        }
        if (is_unreserved(c)) {
            out[len++] = (char)c;
        } else {
            out[len++] = '%';
            out[len++] = digits[high];
            out[len++] = digits[low];
        }
        i += 2;
    }
    return len;
}

static size_t segment_end(const char *path, size_t len, size_t at)
{
    const char *slash = memchr(path + at, '/', len - at);

    return slash != NULL ? (size_t)(slash - path) : len;
}

/* RFC 3986 5.2.4, in place: each segment goes with the slash before it. */
static size_t remove_dots(char *path, size_t len)
{
    size_t kept = 0;

    for (size_t at = 0, end; at < len; at = end) {
        end = segment_end(path, len, at + 1);
        size_t size = end - at;
        if (size == 2 && path[at + 1] == '.')
            continue;
        if (size == 3 && path[at + 1] == '.' && path[at + 2] == '.') {
            while (kept > 0 && path[--kept] != '/')
                ;
            continue;
        }
        memmove(path + kept, path + at, size);
        kept += size;
    }
    return kept;
}

static size_t remove_empty(char *path, size_t len)
{
    size_t kept = 0;

    for (size_t i = 0; i < len; i++)
        if (path[i] != '/' || (i + 1 < len && path[i + 1] != '/'))
            path[kept++] = path[i];
    if (kept == 0)
        path[kept++] = '/';
    return kept;
}

size_t url_path_normalize(char *out, const char **why, struct bytes path)
{
    size_t len;

    if (path.len == 0 || path.data[0] != '/') {
        *why = "the path does not begin with /";
        return 0;
    }
    len = decode(out, why, path);
    return len != 0 ? remove_empty(out, remove_dots(out, len)) : 0;
}
