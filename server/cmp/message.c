/* The machine: steps run until one wants something or the message is done. */
#include <stdlib.h>

#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"

static void run(struct cmp_message *m)
{
    m->served_count = m->want_count;
    m->want_count = 0;
    while (m->want_count == 0 && m->next != NULL) {
        cmp_step *step = m->next;
        m->next = NULL;
        step(m);
        m->served_count =
            0; /* results are for the step that wanted them, not for one that follows unserved */
    }
}

struct cmp_message *cmp_start(struct arena *arena, const struct cmp_settings *settings,
                              const struct cmp_route *route, struct bytes request, int64_t now_ms)
{
    struct cmp_message *m = arena_alloc(arena, sizeof *m);

    if (m == NULL)
        return NULL;
    m->arena = arena;
    m->settings = settings;
    m->route = *route;
    m->now_ms = now_ms;
    m->now = now_ms / 1000;
    m->in.der = request;
    m->profile = route->profile != NULL ? route->profile : settings->default_profile;
    m->profile_named = route->profile != NULL;
    m->result = (struct cmp_result){.http_status = 200, .request_body = -1, .reply_body = -1};
    m->next = cmp_receive;
    run(m);
    return m;
}

struct cmp_want *cmp_wants(struct cmp_message *m, size_t *count)
{
    *count = m->want_count;
    return m->wants;
}

struct cmp_want *cmp_want_add(struct cmp_message *m, enum cmp_want_kind kind)
{
    struct cmp_want *want;

    /* A step never wants more than a path, a protection and a proof: the table is sized for that. */
    if (m->want_count == CMP_WANTS_MAX)
        abort();
    want = &m->wants[m->want_count++];
    memset(want, 0, sizeof *want);
    want->kind = kind;
    return want;
}

void cmp_want_row(struct cmp_message *m, const struct cmp_authority *ca, enum store_fetch_kind kind,
                  struct bytes key)
{
    struct store_fetch *fetch = &cmp_want_add(m, CMP_WANT_FETCH)->u.fetch;

    fetch->kind = kind;
    fetch->issuer = bytes_of(ca->id, STORE_ISSUER_ID);
    fetch->key = key;
    fetch->arena = m->arena;
}

void cmp_resume(struct cmp_message *m, int64_t now_ms)
{
    m->now_ms = now_ms;
    m->now = now_ms / 1000;
    run(m);
}

uint64_t cmp_price_us(const struct cmp_message *m)
{
    return m->price_us;
}

struct bytes cmp_reference(const struct cmp_message *m)
{
    return m->is_mac ? m->in.header.sender_kid : bytes_of(NULL, 0);
}

void cmp_result(const struct cmp_message *m, struct cmp_result *out)
{
    *out = m->result;
    out->request_body = m->in.body_type;
    out->profile = m->profile != NULL ? m->profile->name : NULL;
    out->transaction_id = m->transaction_id;
    out->sender = m->in.header.sender_name;
    out->reference = cmp_reference(m);
    out->authenticated = m->authenticated;
    out->mac_wrong = m->mac_wrong;
}

void cmp_end(struct cmp_message *m)
{
    if (m == NULL)
        return;
    public_key_free(m->request_key);
    public_key_free(m->signer_key);
    path_cleanup(&m->path);
    m->request_key = m->signer_key = NULL;
    secret_free(m->mac_key);
    secret_free(m->opened_secret);
    m->mac_key = NULL;
    m->opened_secret = NULL;
}
