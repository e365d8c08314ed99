/* cert_read.c: serials, transactionIDs and times as somebody gives them to a command. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "server/ctl/cert.h"

/* The octet at |text|, in two hexadecimal digits, or -1. */
static int read_octet(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    if (strspn(text, digits) < 2) /* strtoul would take blanks and signs, too */
        return -1;
    return (int)strtoul((const char[]){text[0], text[1], 0}, NULL, 16);
}

/* cert list, the log and openssl x509 -serial ("serial=189C…"), openssl x509 -text ("18:9c:…"), Windows and
 * browsers ("18 9C …"), programs ("0x189c…"). */
static int read_serial(uint8_t out[STORE_SERIAL], const char *text)
{
    if (strncmp(text, "serial=", strlen("serial=")) == 0)
        text += strlen("serial=");
    if (strncasecmp(text, "0x", 2) == 0)
        text += 2;
    for (size_t i = 0; i < STORE_SERIAL; i++) {
        int octet;
        if (i > 0 && *text != '\0' && strchr(": ", *text) != NULL)
            text++;
        if ((octet = read_octet(text)) < 0)
            return 0;
        out[i] = (uint8_t)octet;
        text += 2;
    }
    return *text == '\0';
}

int cert_read_serial(uint8_t out[STORE_SERIAL], const char *text)
{
    return read_serial(out, text) ||
           !ctl_fault("'%s' is no serial: write the 32 hexadecimal digits that cert list shows", text);
}

int cert_read_line(char *line)
{
    line[strcspn(line, " \t\r\n#")] = 0;
    return line[0] != 0 && strcmp(line, CERT_LIST_HEAD) != 0;
}

size_t cert_read_hex(uint8_t *out, size_t room, const char *text)
{
    size_t len = 0;

    for (; *text != '\0'; text += 2) {
        int octet = read_octet(text);
        if (octet < 0 || len == room)
            return 0;
        out[len++] = (uint8_t)octet;
    }
    return len;
}

int cert_read_time(int64_t *out, const char *text)
{
    enum { DATE = sizeof "2026-11-29" - 1 };
    char full[CTL_TIME_MAX], again[CTL_TIME_MAX];
    struct tm tm = {.tm_mday = 0};
    const char *end;

    if (snprintf(full, sizeof full, "%s%s", text, strlen(text) == DATE ? "T00:00:00Z" : "") >= CTL_TIME_MAX)
        return 0;
    end = strptime(full, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return 0;
    *out = timegm(&tm);
    /* strptime takes fewer digits, and the 31st of February. */
    return strcmp(ctl_time(again, *out), full) == 0;
}
