/* csv.c: see csv.h. */
#include "server/ctl/csv.h"

/* What stands between the quotes at |*at|, moved to where the first of them stood. */
static const char *take_quoted(struct bytes *field, char *line, size_t len, size_t *at)
{
    size_t begin = *at, end = begin, from = begin + 1;

    for (; from < len; line[end++] = line[from++])
        if (line[from] == '"') {
            if (from + 1 == len || line[from + 1] != '"')
                break;
            from++;
        }
    if (from == len)
        return "a quote is not closed on this line";
    *field = bytes_of(line + begin, end - begin);
    *at = from + 1;
    return *at == len || line[*at] == ','
               ? NULL
               : "after a closing quote comes a comma: inside of a field write two";
}

static const char *take_plain(struct bytes *field, const char *line, size_t len, size_t *at)
{
    size_t begin = *at;

    for (; *at < len && line[*at] != ','; ++*at)
        if (line[*at] == '"')
            return "a quote inside of a field: write it twice, and the whole field in quotes";
    *field = bytes_of(line + begin, *at - begin);
    return NULL;
}

const char *csv_split(struct bytes fields[CSV_FIELDS], size_t *count, char *line, size_t len)
{
    size_t at = 0;

    for (*count = 0;; at++) {
        const char *fault;
        if (*count == CSV_FIELDS)
            return "it has more fields than any line may have";
        fault = at < len && line[at] == '"' ? take_quoted(&fields[*count], line, len, &at)
                                            : take_plain(&fields[*count], line, len, &at);
        if (fault != NULL)
            return fault;
        ++*count;
        if (at == len)
            return NULL;
    }
}

int csv_next(struct csv_reader *reader)
{
    int octet;

    reader->len = 0;
    reader->is_too_long = 0;
    while ((octet = getc_unlocked(reader->in)) != EOF && octet != '\n') {
        if (reader->len < sizeof reader->octets)
            reader->octets[reader->len++] = (char)octet;
        else
            reader->is_too_long = 1;
    }
    if (octet == EOF && (reader->len == 0 || ferror(reader->in)))
        return 0;
    if (reader->len != 0 && reader->octets[reader->len - 1] == '\r' && !reader->is_too_long)
        reader->len--;
    reader->line++;
    return 1;
}

/* RFC 4180 2: also what begins or ends with a blank, which some readers would take away. */
static int needs_quotes(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] == '"' || value.data[i] == ',')
            return 1;
    return value.data[0] == ' ' || value.data[value.len - 1] == ' ';
}

void csv_put(FILE *out, struct bytes value)
{
    if (value.len == 0)
        return;
    if (!needs_quotes(value)) {
        fwrite(value.data, 1, value.len, out);
        return;
    }
    putc('"', out);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"')
            putc('"', out);
        putc(value.data[i], out);
    }
    putc('"', out);
}
