/* journal.c: from a line in logfmt to the fields of an entry, by libsystemd. */
#define SD_JOURNAL_SUPPRESS_LOCATION 1 /* where the line was logged from is of no use to an operator */
#include "server/service/journal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

enum {
    FIELDS = 64,   /* of an entry; what there is more of is in its MESSAGE alone */
    KEY_MAX = 64,  /* journald takes no longer names … */
    OWN_ROOM = 64, /* octets of the fields that are not values of the line, but for MESSAGE's */
};

#define PREFIX "CMPD_"

/* struct entry is one that is being made. Fields lie in |room|, one behind the other. */
struct entry {
    struct iovec fields[FIELDS];
    int count;
    char *room;
};

static void put_field(struct entry *entry, const char *name, const char *value, size_t len)
{
    char *at = entry->room;

    if (entry->count == FIELDS)
        return;
    at = mempcpy(at, name, strlen(name));
    *at++ = '=';
    at = mempcpy(at, value, len);
    entry->fields[entry->count++] = (struct iovec){entry->room, (size_t)(at - entry->room)};
    entry->room = at;
}

/* Takes the quotes off the value at |at|, which ends before |end|; |*len| is the length of the value, which
 * is in |out| then. Returns where the next key may begin. */
static const char *take_value(char *out, size_t *len, const char *at, const char *end)
{
    int quoted = at < end && *at == '"';
    size_t used = 0;

    for (at += quoted; at < end && *at != (quoted ? '"' : ' '); at++) {
        if (quoted && *at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
            at++;
        out[used++] = *at;
    }
    *len = used;
    return at < end ? at + 1 : end;
}

/* Writes the name of the field for a key; 0 if journald would not take it. */
static int make_name(char name[sizeof PREFIX + KEY_MAX], const char *key, size_t len)
{
    if (len == 0 || len + strlen(PREFIX) > KEY_MAX)
        return 0;
    memcpy(name, PREFIX, sizeof PREFIX);
    for (size_t i = 0; i < len; i++) {
        char c = (char)toupper((unsigned char)key[i]);
        if (!isalnum((unsigned char)c) && c != '_')
            return 0;
        name[strlen(PREFIX) + i] = c;
    }
    name[strlen(PREFIX) + len] = 0;
    return 1;
}

static char priority_of(const char *value, size_t len)
{
    static const struct {
        const char *level;
        char priority;
    } rows[] = {{"debug", '7'}, {"info", '6'}, {"warn", '4'}, {"error", '3'}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strlen(rows[i].level) == len && memcmp(rows[i].level, value, len) == 0)
            return rows[i].priority;
    return '5'; /* a level that nobody knows is worth a look */
}

/* |value| has room for the longest value of the line. */
static void put_values(struct entry *entry, char *value, const char *at, const char *end)
{
    char name[sizeof PREFIX + KEY_MAX], priority;

    while (at < end) {
        const char *key = at, *mark = memchr(at, '=', (size_t)(end - at));
        size_t key_len, len;
        if (mark == NULL)
            return;
        key_len = (size_t)(mark - key);
        at = take_value(value, &len, mark + 1, end);
        while (at < end && *at == ' ')
            at++;
        if (key_len == strlen("level") && memcmp(key, "level", key_len) == 0) {
            priority = priority_of(value, len);
            put_field(entry, "PRIORITY", &priority, 1);
        } else if (make_name(name, key, key_len))
            put_field(entry, name, value, len);
    }
}

/* Where the line begins to tell what the entry does not know without it. */
static const char *message_of(const char *line, const char *end)
{
    static const char mark[] = " event=";
    const char *found = memmem(line, (size_t)(end - line), mark, strlen(mark));

    return found != NULL ? found + 1 : line;
}

static int send_line(const char *line, size_t len)
{
    /* MESSAGE, then the values, each with a prefix that its key and mark do not have. */
    char *room = malloc(OWN_ROOM + 3 * len + FIELDS * sizeof PREFIX);
    struct entry entry = {.count = 0};
    const char *end = line + len, *message = message_of(line, end);
    int ok;

    if (room == NULL)
        return 0;
    entry.room = room + len;
    put_field(&entry, "MESSAGE", message, (size_t)(end - message));
    put_field(&entry, "SYSLOG_IDENTIFIER", "cmpd", strlen("cmpd"));
    put_values(&entry, room, line, end);
    ok = sd_journal_sendv(entry.fields, entry.count) == 0;
    free(room);
    return ok;
}

int journal_is_there(void)
{
    return access("/run/systemd/journal/socket", W_OK) == 0;
}

int journal_take(const char *text, size_t len)
{
    const char *end = text + len;
    int ok = 1;

    while (text < end) {
        const char *line_end = memchr(text, '\n', (size_t)(end - text));
        if (line_end == NULL)
            line_end = end;
        ok = send_line(text, (size_t)(line_end - text)) && ok;
        text = line_end + 1;
    }
    return ok;
}
