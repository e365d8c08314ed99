/* The thread that asks: one transfer of libcurl for each question, all of them at once. */
#include "server/authorize/authorize.h"

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/hex_key.h"
#include "crypto/random.h"
#include "server/base/bounds.h"
#include "server/base/log.h"

enum { HEADERS = 3, HEADER_MAX = 128, WHY_MAX = 256 };
enum { ASKERS = 1 << 16 }; /* places for who asks: some share one, and nobody can choose with whom */

/* struct asked is a question that is under way. */
struct asked {
    struct cmp_question *question;
    atomic_uint *asker; /* questions of this one under way */
    authorize_done *done;
    void *arg;
    struct asked *next; /* in the list that waits for the thread */

    CURL *curl; /* what follows belongs to the thread */
    struct curl_slist *headers;
    char *posted;
    uint8_t answer[BOUND_VERDICT];
    size_t answer_len;
    int is_too_long;
    char error[CURL_ERROR_SIZE];
};

struct authorize {
    CURLM *multi;
    pthread_t thread;
    int started;
    uint64_t key[2]; /* of places for who asks */
    atomic_uint askers[ASKERS];
    pthread_mutex_t lock; /* over what follows */
    struct asked *first, **last;
    int stopping;
};

/* ---- how many ---- */

/* Of one: else a single station would ask so often that there is no room for others. Where very many may wait
 * some stations share a place, and the more have room there. */
static uint32_t bound_of_one(const struct cmp_question *question)
{
    uint32_t all = question->authorizer->config->parked;

    return question->asks_for_many ? (all + 1) / 2 : BOUND_QUESTIONS_OF_ONE + all / (ASKERS / 8);
}

/* Returns NULL, or why there is no room. */
static const char *enter(atomic_uint *asker, const struct cmp_question *question)
{
    atomic_uint *parked = question->authorizer->parked;

    if (atomic_fetch_add(parked, 1) >= question->authorizer->config->parked) {
        atomic_fetch_sub(parked, 1);
        return "no verdict: authorize.parked questions are under way";
    }
    if (atomic_fetch_add(asker, 1) >= bound_of_one(question)) {
        atomic_fetch_sub(asker, 1);
        atomic_fetch_sub(parked, 1);
        return "no verdict: too many questions of this one are under way";
    }
    return NULL;
}

static void leave(atomic_uint *asker, const struct cmp_question *question)
{
    atomic_fetch_sub(asker, 1);
    atomic_fetch_sub(question->authorizer->parked, 1);
}

/* ---- one question ---- */

static void end(struct asked *asked)
{
    struct cmp_question *question = asked->question;

    if (question->verdict == CMP_VERDICT_NONE && question->reason == NULL)
        question->reason = "there was no memory to ask";
    leave(asked->asker, question);
    curl_easy_cleanup(asked->curl);
    curl_slist_free_all(asked->headers);
    free(asked->posted);
    asked->done(asked->arg);
    free(asked);
}

static size_t take(char *data, size_t size, size_t count, void *arg)
{
    struct asked *asked = arg;
    size_t len = size * count;

    asked->is_too_long = len > sizeof asked->answer - asked->answer_len;
    if (asked->is_too_long)
        return CURL_WRITEFUNC_ERROR;
    memcpy(asked->answer + asked->answer_len, data, len);
    asked->answer_len += len;
    return len;
}

/* Appends "NAME: " and |octets| in hexadecimal. */
static int add_hex(struct asked *asked, const char *name, struct bytes octets)
{
    char digits[2 * HMAC_SHA256 + 1], line[HEADER_MAX];
    struct curl_slist *longer;

    snprintf(line, sizeof line, "%s%s", name, log_hex(digits, sizeof digits, octets));
    longer = curl_slist_append(asked->headers, line);
    if (longer != NULL)
        asked->headers = longer;
    return longer != NULL;
}

static int add_headers(struct asked *asked)
{
    uint8_t hmac[HMAC_SHA256];

    return hmac_make(hmac, asked->question->authorizer->key, bytes_str(asked->posted)) &&
           (asked->headers = curl_slist_append(NULL, "Content-Type: application/json")) != NULL &&
           add_hex(asked, "Idempotency-Key: ", asked->question->request_hash) &&
           add_hex(asked, "Cmpd-Signature: hmac-sha256=", bytes_of(hmac, sizeof hmac));
}

#define SET(option, value) (curl_easy_setopt(curl, (option), (value)) == CURLE_OK)

/* The path is the server's only by HTTP: a socket has none. */
static int set_address(CURL *curl, const struct config_authorize *config)
{
    if (strncmp(config->url, CONFIG_UNIX, strlen(CONFIG_UNIX)) == 0)
        return SET(CURLOPT_UNIX_SOCKET_PATH, config->url + strlen(CONFIG_UNIX)) &&
               SET(CURLOPT_URL, "http://localhost/cmp");
    return SET(CURLOPT_URL, config->url) && (config->ca == NULL || SET(CURLOPT_CAINFO, config->ca));
}

/* Redirections are not followed: whom a certificate depends on is the configuration's to say. Neither is a
 * proxy of the environment asked on the way to this machine. */
static int set_up(struct asked *asked)
{
    const struct config_authorize *config = asked->question->authorizer->config;
    CURL *curl = asked->curl;

    return SET(CURLOPT_ERRORBUFFER, asked->error) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
           set_address(curl, config) &&
           (strncmp(config->url, "https:", strlen("https:")) == 0 || SET(CURLOPT_PROXY, "")) &&
           SET(CURLOPT_TIMEOUT_MS, (long)config->timeout_ms) && SET(CURLOPT_NOSIGNAL, 1L) &&
           SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_HTTPHEADER, asked->headers) && SET(CURLOPT_POST, 1L) &&
           SET(CURLOPT_POSTFIELDSIZE, (long)strlen(asked->posted)) &&
           SET(CURLOPT_POSTFIELDS, asked->posted) && SET(CURLOPT_WRITEFUNCTION, take) &&
           SET(CURLOPT_WRITEDATA, asked) && SET(CURLOPT_PRIVATE, asked);
}

static void begin(struct authorize *authorize, struct asked *asked)
{
    asked->curl = curl_easy_init();
    asked->posted = authorize_question(asked->question, time(NULL));
    if (asked->curl == NULL || asked->posted == NULL || !add_headers(asked) || !set_up(asked) ||
        curl_multi_add_handle(authorize->multi, asked->curl) != CURLM_OK)
        end(asked);
}

static void judge(struct asked *asked, CURLcode code)
{
    struct cmp_question *question = asked->question;
    long status = 0;
    char why[WHY_MAX];

    curl_easy_getinfo(asked->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status == 200) {
        authorize_verdict(question, bytes_of(asked->answer, asked->answer_len));
        return;
    }
    if (asked->is_too_long)
        snprintf(why, sizeof why, "the answer has more than %d octets", BOUND_VERDICT);
    else if (code != CURLE_OK)
        snprintf(why, sizeof why, "%s", asked->error[0] != 0 ? asked->error : curl_easy_strerror(code));
    else
        snprintf(why, sizeof why, "the server answered with HTTP status %ld", status);
    question->reason = arena_printf(question->arena, "no verdict: %s", why);
}

/* ---- the thread ---- */

static void finish_those_done(struct authorize *authorize)
{
    CURLMsg *message;
    char *private;
    int left;

    while ((message = curl_multi_info_read(authorize->multi, &left)) != NULL) {
        CURL *curl = message->easy_handle;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE || curl_easy_getinfo(curl, CURLINFO_PRIVATE, &private) != CURLE_OK)
            continue;
        curl_multi_remove_handle(authorize->multi, curl);
        judge((struct asked *)(void *)private, code);
        end((struct asked *)(void *)private);
    }
}

static struct asked *take_new(struct authorize *authorize, int *stopping)
{
    struct asked *first;

    pthread_mutex_lock(&authorize->lock);
    first = authorize->first;
    authorize->first = NULL;
    authorize->last = &authorize->first;
    *stopping = authorize->stopping;
    pthread_mutex_unlock(&authorize->lock);
    return first;
}

static void *run(void *arg)
{
    enum { SLEEP_MS = 60 * 1000 };
    struct authorize *authorize = arg;
    struct asked *asked, *next;
    int stopping = 0, running;

    while (!stopping) {
        curl_multi_poll(authorize->multi, NULL, 0, SLEEP_MS, NULL);
        for (asked = take_new(authorize, &stopping); asked != NULL; asked = next) {
            next = asked->next;
            begin(authorize, asked);
        }
        curl_multi_perform(authorize->multi, &running);
        finish_those_done(authorize);
    }
    return NULL;
}

static int start(struct authorize *authorize)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    authorize->started = pthread_create(&authorize->thread, NULL, run, authorize) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (authorize->started)
        pthread_setname_np(authorize->thread, "authorize");
    return authorize->started;
}

struct authorize *authorize_new(void)
{
    struct authorize *authorize = calloc(1, sizeof *authorize);

    if (authorize == NULL)
        return NULL;
    random_bytes((uint8_t *)authorize->key, sizeof authorize->key);
    pthread_mutex_init(&authorize->lock, NULL);
    authorize->last = &authorize->first;
    authorize->multi = curl_multi_init();
    if (authorize->multi != NULL &&
        curl_multi_setopt(authorize->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)BOUND_AUTHORIZERS_AT_ONCE) ==
            CURLM_OK &&
        start(authorize))
        return authorize;
    authorize_free(authorize);
    return NULL;
}

void authorize_free(struct authorize *authorize)
{
    if (authorize == NULL)
        return;
    if (authorize->started) {
        pthread_mutex_lock(&authorize->lock);
        authorize->stopping = 1;
        pthread_mutex_unlock(&authorize->lock);
        curl_multi_wakeup(authorize->multi);
        pthread_join(authorize->thread, NULL);
    }
    curl_multi_cleanup(authorize->multi);
    pthread_mutex_destroy(&authorize->lock);
    free(authorize);
}

int authorize_ask(struct authorize *authorize, struct cmp_question *question, authorize_done *done, void *arg)
{
    atomic_uint *asker = &authorize->askers[keyed_hash(authorize->key, question->asker) % ASKERS];
    struct asked *asked;

    if ((question->reason = enter(asker, question)) != NULL)
        return 0;
    if ((asked = calloc(1, sizeof *asked)) == NULL) {
        leave(asker, question);
        question->reason = "no verdict: there was no memory to ask";
        return 0;
    }
    asked->question = question;
    asked->asker = asker;
    asked->done = done;
    asked->arg = arg;
    pthread_mutex_lock(&authorize->lock);
    *authorize->last = asked;
    authorize->last = &asked->next;
    pthread_mutex_unlock(&authorize->lock);
    curl_multi_wakeup(authorize->multi);
    return 1;
}
