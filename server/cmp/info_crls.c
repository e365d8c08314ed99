/* CRLs (RFC 9810 5.3.19.6 and 5.3.19.17, RFC 9483 4.3.4): those of the CAs of this server, from the store,
 * and those of CAs above, from the configuration. None is fetched from elsewhere. */
#include <stdio.h>

#include "crypto/name_match.h"
#include "server/base/shard.h"
#include "server/cmp/info.h"
#include "storage/row.h"

_Static_assert((int)BOUND_GENERAL_CRLS <= (int)STORE_CRL_PIECE, "what an answer may have is in one piece");

/* struct crl_source is a CRL that is asked for, and what is known of it. */
struct crl_source {
    const struct crl_status *status; /* NULL: the full one of the CA, whatever the peer has */
    const struct cmp_authority *ca;  /* whose it is in the store; NULL: it is not there, or not wanted … */
    const struct cmp_crl *given;     /* … but this one, or, NULL, none */
    char scope[STORE_SCOPE_MAX + 1];
    const struct store_fetch *fetch; /* of its row, then of its octets */
    struct store_crl head;
    struct bytes der;
};

enum stage { FIND_NAMES, FIND_NAMES_IN_STORE, WANT_ROWS, TAKE_ROWS, TAKE_OCTETS, FOUND };

struct crl_search {
    struct crl_status statuses[BOUND_CRL_SOURCES];
    struct crl_source sources[BOUND_CRL_SOURCES];
    size_t count;
    struct store_fetch *urls; /* of shards, that certificates named once; NULL: not asked for */
    enum stage stage;
    unsigned tries;
    uint32_t octets; /* that it adds to those of the message */
};

/* ---- which one is meant ---- */

static int take_scope(struct crl_source *source, const struct cmp_authority *ca, const char *name)
{
    source->ca = ca;
    snprintf(source->scope, sizeof source->scope, "%s", name);
    return 1;
}

/* A URL that |template| makes is that of the CRL |name|, or of a shard. */
static int take_url(struct crl_source *source, const struct cmp_authority *ca, const char *name,
                    struct bytes template, struct bytes url)
{
    int shard = shard_in_url(template, url);

    if (shard > 0) {
        source->ca = ca;
        snprintf(source->scope, sizeof source->scope, STORE_SCOPE_SHARD "%d", shard);
    }
    return shard > 0 || (shard == 0 && take_scope(source, ca, name));
}

/* What certificates of a profile name. */
static int take_url_of_profile(struct crl_source *source, const struct cmp_profile *profile, struct bytes url)
{
    const struct config_urls *urls = &profile->config->urls;

    for (size_t i = 0; i < urls->crl.count; i++)
        if (take_url(source, profile->ca, STORE_SCOPE_FULL, bytes_str(urls->crl.items[i]), url))
            return 1;
    for (size_t i = 0; i < urls->delta_crl.count; i++)
        if (take_url(source, profile->ca, STORE_SCOPE_DELTA, bytes_str(urls->delta_crl.items[i]), url))
            return 1;
    return 0;
}

/* CRLs of CAs above are published by the names of their files, whatever the host is called. */
static int take_url_of_given(struct cmp_message *m, struct crl_source *source, struct bytes url)
{
    for (size_t i = 0; i < m->settings->crl_count; i++) {
        char path[BOUND_CRL_FILE_NAME + 16];
        size_t len = (size_t)snprintf(path, sizeof path, "/crl/%s.crl", m->settings->crls[i].name);
        if (url.len >= len && memcmp(url.data + url.len - len, path, len) == 0) {
            source->given = &m->settings->crls[i];
            return 1;
        }
    }
    return 0;
}

static int find_by_url(struct cmp_message *m, struct crl_source *source, struct bytes url)
{
    for (size_t i = 0; i < m->settings->profile_count; i++)
        if (take_url_of_profile(source, m->settings->profiles[i], url))
            return 1;
    return take_url_of_given(m, source, url);
}

/* Several profiles may have the same CA. */
static int is_seen(const struct cmp_settings *settings, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (settings->profiles[j]->ca == settings->profiles[i]->ca)
            return 1;
    return 0;
}

static int find_by_issuer(struct cmp_message *m, struct crl_source *source, struct bytes issuer)
{
    struct name_cache cache = {.printed = 0};

    for (size_t i = 0; i < m->settings->profile_count; i++) {
        const struct cmp_authority *ca = m->settings->profiles[i]->ca;
        struct name_cache of_ca = ca->cert.subject_cache;
        if (!is_seen(m->settings, i) && name_equal_cached(issuer, &cache, ca->cert.subject, &of_ca))
            return take_scope(source, ca, STORE_SCOPE_FULL);
    }
    for (size_t i = 0; i < m->settings->crl_count; i++) {
        struct name_cache of_given = {.printed = 0};
        if (name_equal_cached(issuer, &cache, m->settings->crls[i].issuer, &of_given)) {
            source->given = &m->settings->crls[i];
            return 1;
        }
    }
    return 0;
}

/* struct source_names are those that are looked at: URLs, and one name. */
struct source_names {
    struct bytes urls[BOUND_CRL_NAMES];
    size_t url_count;
    struct bytes name; /* DER of the first directoryName, or empty */
};

static void read_names(struct source_names *out, const struct crl_status *status)
{
    CBS names = cbs_of(status->names), content;
    CBS_ASN1_TAG tag;

    *out = (struct source_names){.url_count = 0};
    while (CBS_get_any_asn1(&names, &content, &tag)) {
        if (tag == (CBS_ASN1_CONTEXT_SPECIFIC | 6) && out->url_count < BOUND_CRL_NAMES)
            out->urls[out->url_count++] = bytes_of_cbs(&content);
        else if (tag == (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 4) && out->name.len == 0)
            out->name = bytes_of_cbs(&content);
    }
}

/* Of many names one is prepared for comparison, which may take the tables of Unicode. */
static uint64_t price(struct bytes value)
{
    struct crl_status statuses[BOUND_CRL_SOURCES];
    struct source_names names;
    uint64_t us = 0;
    size_t count;

    if (!pki_decode_crl_statuses(statuses, &count, value))
        return 0;
    for (size_t i = 0; i < count && i < BOUND_CRL_SOURCES; i++) {
        read_names(&names, &statuses[i]);
        if (names.name.len <= BOUND_NAME_COMPARED && !name_is_plain(names.name))
            us += names.name.len;
    }
    return us;
}

/* ---- the steps of a search: each returns CMP_STAY if it wants something ---- */

static int is_found(const struct crl_source *source)
{
    return source->ca != NULL || source->given != NULL;
}

static enum cmp_turn find_names(struct cmp_message *m, struct cmp_info_item *item, struct crl_search *search)
{
    int lacks_one = 0;

    for (size_t i = 0; i < search->count; i++) {
        struct crl_source *source = &search->sources[i];
        struct source_names names;
        if (source->status == NULL) {
            take_scope(source, item->profile->ca, STORE_SCOPE_FULL);
            continue;
        }
        read_names(&names, source->status);
        for (size_t u = 0; !is_found(source) && u < names.url_count; u++)
            find_by_url(m, source, names.urls[u]);
        if (!is_found(source) && names.name.len != 0)
            find_by_issuer(m, source, names.name);
        lacks_one |= !is_found(source) && names.url_count != 0;
    }
    if (!lacks_one)
        return CMP_ON;
    search->urls = cmp_want_row(m, item->profile->ca, STORE_CRL_URLS, bytes_of(NULL, 0));
    if (search->urls != NULL)
        search->urls->index = STORE_ALL_CRL_URLS;
    return CMP_STAY;
}

/* A URL that the configuration does not name any more may stand in certificates all the same. */
static enum cmp_turn find_names_in_store(struct cmp_message *m, struct cmp_info_item *item,
                                         struct crl_search *search)
{
    const struct store_fetch *urls = search->urls;
    const struct store_crl_url *rows = urls != NULL ? urls->rows : NULL;

    if (urls == NULL || urls->outcome == STORE_ABSENT)
        return CMP_ON;
    if (urls->outcome != STORE_FOUND)
        return cmp_refuse_unavailable(m, NULL);
    for (size_t i = 0; i < search->count; i++) {
        struct crl_source *source = &search->sources[i];
        struct source_names names = {.url_count = 0};
        if (!is_found(source))
            read_names(&names, source->status);
        for (size_t u = 0; u < names.url_count; u++)
            for (size_t r = 0; !is_found(source) && r < urls->count; r++)
                take_url(source, item->profile->ca, STORE_SCOPE_FULL, rows[r].url, names.urls[u]);
    }
    return CMP_ON;
}

static enum cmp_turn want_rows(struct cmp_message *m, struct cmp_info_item *item, struct crl_search *search)
{
    enum cmp_turn turn = CMP_ON;

    (void)item;
    for (size_t i = 0; i < search->count; i++) {
        struct crl_source *source = &search->sources[i];
        source->der = bytes_of(NULL, 0);
        if (source->ca == NULL)
            continue;
        source->fetch = cmp_want_row(m, source->ca, STORE_CRLS, bytes_str(source->scope));
        turn = CMP_STAY;
    }
    return turn;
}

/* RFC 9810 5.3.19.17: "only provide those CRLs that are more recent" */
static int is_newer(const struct crl_source *source, int64_t this_update)
{
    return source->status == NULL || this_update > source->status->this_update;
}

/* To leave it out would say that the peer has the newest. */
static enum cmp_turn take_room(struct cmp_message *m, struct crl_search *search, int64_t octets)
{
    if (octets <= (int64_t)(BOUND_GENERAL_CRLS - m->crl_octets)) {
        m->crl_octets += (uint32_t)octets;
        search->octets += (uint32_t)octets;
        return CMP_ON;
    }
    return cmp_refuse(m, PKI_ADD_INFO_NOT_AVAILABLE,
                      "the CRL is too large for an answer: fetch it where its distribution point says",
                      arena_printf(m->arena, "%lld octets; BOUND_GENERAL_CRLS is %d", (long long)octets,
                                   BOUND_GENERAL_CRLS));
}

static enum cmp_turn take_given(struct cmp_message *m, struct crl_search *search, struct crl_source *source)
{
    if (!is_newer(source, source->given->this_update))
        return CMP_ON;
    source->der = source->given->der;
    return take_room(m, search, (int64_t)source->der.len);
}

/* CMP_STAY: its octets are wanted. */
static enum cmp_turn take_row(struct cmp_message *m, struct crl_search *search, struct crl_source *source)
{
    const struct store_fetch *fetch = source->fetch;
    uint8_t *key = cmp_alloc(m, STORE_PIECE_KEY_MAX);

    source->fetch = NULL;
    if (key == NULL || fetch == NULL || fetch->outcome == STORE_ABSENT)
        return CMP_ON;
    if (fetch->outcome != STORE_FOUND)
        return cmp_refuse_unavailable(m, NULL);
    source->head = *(const struct store_crl *)fetch->rows;
    if (!is_newer(source, source->head.this_update))
        return CMP_ON;
    if (take_room(m, search, source->head.size) != CMP_ON)
        return CMP_REFUSED;
    source->fetch = cmp_want_row(m, source->ca, STORE_CRL_PIECES,
                                 store_crl_piece_key(key, source->head.scope, source->head.slot, 0));
    return CMP_STAY;
}

static enum cmp_turn take_rows(struct cmp_message *m, struct cmp_info_item *item, struct crl_search *search)
{
    enum cmp_turn turn = CMP_ON, of_source;

    (void)item;
    for (size_t i = 0; i < search->count; i++) {
        struct crl_source *source = &search->sources[i];
        of_source = source->given != NULL ? take_given(m, search, source) : take_row(m, search, source);
        if (of_source == CMP_REFUSED)
            return CMP_REFUSED;
        if (of_source == CMP_STAY)
            turn = CMP_STAY;
    }
    return turn;
}

static int has_hash(const struct store_crl *head, struct bytes der)
{
    uint8_t hash[DIGEST_MAX];

    digest_compute(hash, DIGEST_SHA256, der);
    return der.len == (size_t)head->size && memcmp(hash, head->hash, sizeof head->hash) == 0;
}

/* Between the row and its octets another CRL may have come into its place: then it is looked for once more.
 */
static enum cmp_turn take_octets(struct cmp_message *m, struct cmp_info_item *item, struct crl_search *search)
{
    enum { TRIES = 2 };

    (void)item;
    for (size_t i = 0; i < search->count; i++) {
        struct crl_source *source = &search->sources[i];
        const struct store_fetch *fetch = source->fetch;
        if (fetch == NULL)
            continue;
        if (fetch->outcome == STORE_FETCH_UNAVAILABLE)
            return cmp_refuse_unavailable(m, NULL);
        source->der = fetch->outcome == STORE_FOUND ? ((const struct store_crl_piece *)fetch->rows)->octets
                                                    : source->der;
        if (has_hash(&source->head, source->der))
            continue;
        if (++search->tries == TRIES)
            return cmp_refuse_unavailable(m, "the octets of a CRL are not those that its row says");
        m->crl_octets -= search->octets;
        search->octets = 0;
        search->stage = WANT_ROWS - 1;
        return CMP_ON;
    }
    return CMP_ON;
}

typedef enum cmp_turn search_step(struct cmp_message *m, struct cmp_info_item *item,
                                  struct crl_search *search);

static search_step *const steps[FOUND] = {
    [FIND_NAMES] = find_names,   [FIND_NAMES_IN_STORE] = find_names_in_store,
    [WANT_ROWS] = want_rows,     [TAKE_ROWS] = take_rows,
    [TAKE_OCTETS] = take_octets,
};

static enum cmp_turn search_on(struct cmp_message *m, struct cmp_info_item *item)
{
    struct crl_search *search = item->state;
    enum cmp_turn turn = CMP_ON;

    while (turn == CMP_ON && search->stage != FOUND) {
        turn = steps[search->stage](m, item, search);
        search->stage++;
    }
    return turn;
}

/* ---- the rows ---- */

static struct crl_search *begin(struct cmp_message *m, struct cmp_info_item *item)
{
    return item->state = cmp_alloc(m, sizeof(struct crl_search));
}

static enum cmp_turn look_for_current(struct cmp_message *m, struct cmp_info_item *item)
{
    struct crl_search *search = item->state;

    if (search != NULL)
        return search_on(m, item);
    if ((search = begin(m, item)) == NULL)
        return CMP_END;
    search->count = 1;
    return search_on(m, item);
}

static enum cmp_given give_current(struct cmp_message *m, struct cmp_info_item *item)
{
    const struct crl_search *search = item->state;

    item->answer = search->sources[0].der;
    if (item->answer.len != 0)
        return CMP_GIVEN;
    cmp_refuse_body(m, PKI_ADD_INFO_NOT_AVAILABLE, "this CA has made no CRL yet");
    return CMP_NOT_GIVEN;
}

const struct cmp_info cmp_info_current_crl = {
    .asked = PKI_INFO_CURRENT_CRL,
    .answered = PKI_INFO_CURRENT_CRL,
    .name = "currentCRL",
    .look = look_for_current,
    .give = give_current,
};

static enum cmp_turn refuse_too_many(struct cmp_message *m)
{
    if (cmp_to_the_letter(m)) { /* RFC 9483 4.3.4: "a sequence of one CRLStatus" */
        cmp_refuse_body(m, PKI_BAD_REQUEST, "ask for one CRL in a message");
        m->refusal.detail = cmp_of_rfc9483;
        return cmp_by(m, "accept.header", CMP_REFUSED);
    }
    return cmp_refuse_body(m, PKI_BAD_REQUEST, "ask for fewer CRLs in a message: 4 at most");
}

_Static_assert(BOUND_CRL_SOURCES == 4, "as the text says");

static enum cmp_turn look_for_listed(struct cmp_message *m, struct cmp_info_item *item)
{
    struct crl_search *search = item->state;

    if (search != NULL)
        return search_on(m, item);
    if ((search = begin(m, item)) == NULL)
        return CMP_END;
    if (!pki_decode_crl_statuses(search->statuses, &search->count, item->value))
        return cmp_refuse_body(m, PKI_BAD_DATA_FORMAT, "infoValue of crlStatusList is malformed or empty");
    if (search->count > (cmp_to_the_letter(m) ? 1 : BOUND_CRL_SOURCES))
        return refuse_too_many(m);
    for (size_t i = 0; i < search->count; i++)
        search->sources[i].status = &search->statuses[i];
    return search_on(m, item);
}

static enum cmp_given give_listed(struct cmp_message *m, struct cmp_info_item *item)
{
    const struct crl_search *search = item->state;
    struct bytes crls[BOUND_CRL_SOURCES];
    size_t count = 0;

    for (size_t i = 0; i < search->count; i++)
        if (search->sources[i].der.len != 0)
            crls[count++] = search->sources[i].der;
    if (count == 0)
        return CMP_NOTHING;
    return cmp_given_if(m, pki_encode_sequence(&item->answer, m->arena, crls, count));
}

const struct cmp_info cmp_info_crl_status_list = {
    .asked = PKI_INFO_CRL_STATUS_LIST,
    .answered = PKI_INFO_CRLS,
    .name = "crlStatusList",
    .value = CMP_VALUE_REQUIRED,
    .price = price,
    .look = look_for_listed,
    .give = give_listed,
};
