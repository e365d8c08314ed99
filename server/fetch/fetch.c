/* Documents of other servers: one transfer of libcurl a call, bounded in size and time. */
#include "server/fetch/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/utf8.h"

/* struct sink is where the answer goes. */
struct sink {
    uint8_t *data;
    size_t len, room, most;
    int is_full; /* 1: there was more than |most| */
};

int fetch_begin(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- what libcurl calls ---- */

static int grow(struct sink *sink, size_t needed)
{
    size_t room = sink->room != 0 ? sink->room : 4096;
    uint8_t *grown;

    while (room < needed)
        room *= 2;
    if (room == sink->room)
        return 1;
    grown = realloc(sink->data, room);
    if (grown == NULL)
        return 0;
    sink->data = grown;
    sink->room = room;
    return 1;
}

static size_t take(char *data, size_t size, size_t count, void *arg)
{
    struct sink *sink = arg;
    size_t len = size * count;

    sink->is_full = len > sink->most - sink->len;
    if (sink->is_full || !grow(sink, sink->len + len))
        return CURL_WRITEFUNC_ERROR;
    memcpy(sink->data + sink->len, data, len);
    sink->len += len;
    return len;
}

static int gives_up(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal, curl_off_t ulnow)
{
    (void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
    return atomic_load((const atomic_int *)arg);
}

/* ---- one transfer ---- */

#define SET(option, value) (curl_easy_setopt(curl, (option), (value)) == CURLE_OK)

/* Without CURLOPT_QUICK_EXIT libcurl would wait for a look-up of a name, which the system's resolver ends
 * when it wants to: its thread ends by itself. */
static int bound_time(CURL *curl, const struct fetch *fetch)
{
    return SET(CURLOPT_TIMEOUT, (long)fetch->seconds) &&
           SET(CURLOPT_CONNECTTIMEOUT, (long)BOUND_FETCH_CONNECT) &&
           SET(CURLOPT_LOW_SPEED_LIMIT, (long)BOUND_FETCH_SLOW) &&
           SET(CURLOPT_LOW_SPEED_TIME, (long)BOUND_FETCH_STALL) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_QUICK_EXIT, 1L);
}

static int post(CURL *curl, const struct fetch *fetch, struct curl_slist **headers)
{
    char line[128];

    if (fetch->content_type == NULL)
        return 1;
    snprintf(line, sizeof line, "Content-Type: %s", fetch->content_type);
    *headers = curl_slist_append(NULL, line);
    return *headers != NULL && SET(CURLOPT_HTTPHEADER, *headers) && SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDSIZE, (long)fetch->body.len) && SET(CURLOPT_POSTFIELDS, fetch->body.data);
}

static int set_up(CURL *curl, const struct fetch *fetch, struct sink *sink, char *error)
{
    return SET(CURLOPT_ERRORBUFFER, error) && SET(CURLOPT_URL, fetch->url) &&
           SET(CURLOPT_PROTOCOLS_STR, "http,https") && bound_time(curl, fetch) &&
           (!fetch->is_near || SET(CURLOPT_PROXY, "")) && SET(CURLOPT_WRITEFUNCTION, take) &&
           SET(CURLOPT_WRITEDATA, sink) &&
           (fetch->ends == NULL || (SET(CURLOPT_XFERINFOFUNCTION, gives_up) &&
                                    SET(CURLOPT_XFERINFODATA, fetch->ends) && SET(CURLOPT_NOPROGRESS, 0L)));
}

/* Where only the details tell what is wrong with the server's certificate. */
static int is_of_tls(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR;
}

/* What another server has said, and libcurl hands on, is shown to people. */
static void make_plain(char why[FETCH_WHY_MAX])
{
    size_t left = strlen(why);

    for (uint8_t *p = (uint8_t *)why; left > 0;) {
        size_t octets = utf8_shown(p, left);
        if (octets == 0) {
            *p = '?';
            octets = 1;
        }
        p += octets;
        left -= octets;
    }
}

/* A redirection is told, and not followed: a server, or who stands between, does not choose whom this process
 * speaks to. */
static void tell_status(CURL *curl, long status, char why[FETCH_WHY_MAX])
{
    const char *there = NULL;

    curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &there);
    snprintf(why, FETCH_WHY_MAX, "the server answered with HTTP status %ld%s%s%s", status,
             there != NULL ? ", and with " : "", there != NULL ? there : "",
             there != NULL ? ": if that is right, write it instead" : "");
}

/* Returns 1 with |*status| when there is a whole answer, or 0 with |why|. */
static int transfer(long *status, CURL *curl, const struct fetch *fetch, struct sink *sink,
                    char why[FETCH_WHY_MAX])
{
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;

    if (set_up(curl, fetch, sink, error) && post(curl, fetch, &headers))
        code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    if (sink->is_full)
        snprintf(why, FETCH_WHY_MAX, "the answer has more than %zu octets", sink->most);
    else if (code != CURLE_OK)
        /* Other details have times in them: the same fault is told alike each time. */
        snprintf(why, FETCH_WHY_MAX, "%s%s%s", curl_easy_strerror(code), is_of_tls(code) ? ": " : "",
                 is_of_tls(code) ? error : "");
    curl_slist_free_all(headers);
    return code == CURLE_OK && !sink->is_full;
}

static int perform(CURL *curl, const struct fetch *fetch, struct sink *sink, char why[FETCH_WHY_MAX])
{
    long status = 0;

    if (!transfer(&status, curl, fetch, sink, why))
        return 0;
    if (status != 200)
        tell_status(curl, status, why);
    return status == 200;
}

int fetch_document(uint8_t **out, size_t *len, const struct fetch *fetch, char why[FETCH_WHY_MAX])
{
    struct sink sink = {.most = fetch->most};
    CURL *curl = curl_easy_init();
    int ok = curl != NULL && perform(curl, fetch, &sink, why);

    if (curl == NULL)
        snprintf(why, FETCH_WHY_MAX, "out of memory");
    curl_easy_cleanup(curl);
    if (ok && sink.len == 0) {
        snprintf(why, FETCH_WHY_MAX, "the answer is empty");
        ok = 0;
    }
    if (!ok) {
        make_plain(why);
        free(sink.data);
        return 0;
    }
    *out = sink.data;
    *len = sink.len;
    return 1;
}

int fetch_push(long *status, const struct fetch *fetch, char why[FETCH_WHY_MAX])
{
    struct sink sink = {.most = fetch->most};
    CURL *curl = curl_easy_init();
    int ok;

    *status = 0;
    if (curl == NULL)
        snprintf(why, FETCH_WHY_MAX, "out of memory");
    /* Its status is all that counts of an answer, which may go on after that for longer than anybody reads.
     */
    ok = curl != NULL && (transfer(status, curl, fetch, &sink, why) || (sink.is_full && *status != 0));
    if (!ok)
        make_plain(why);
    curl_easy_cleanup(curl);
    free(sink.data);
    return ok;
}
