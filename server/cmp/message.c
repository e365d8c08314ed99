/* The machine: every message takes these steps, until one wants something or the message is done. */
#include "crypto/secret_memory.h"
#include "server/cmp/internal.h"
#include "storage/row.h"

/* What comes first, for every message: who sent it, and may it go on. */
static cmp_step *const receiving[] = {cmp_receive, cmp_take_rows, cmp_ask_proof, cmp_judge_proof, NULL};

/* Then what its operation does (op_*.c), or, for one that was answered before, this. */
static cmp_step *const replaying[] = {cmp_recall, cmp_answer_again, NULL};

/* A part of a message is judged as if it had come alone. */
static cmp_step *const receiving_part[] = {cmp_take_part, cmp_take_rows, cmp_ask_proof, cmp_judge_proof,
                                           NULL};

/* What was approved is judged again, all of it but what says that it comes now. */
static cmp_step *const taking_up[] = {cmp_take_up, cmp_take_rows, cmp_ask_proof, cmp_judge_proof, NULL};

/* At the end the answer, or the refusal in its place. */
static cmp_step *const answering[] = {cmp_protect,     cmp_finish,   cmp_store,
                                      cmp_judge_store, cmp_find_out, NULL};

/* What is announced gets no answer: it is stored, and that is all. */
static cmp_step *const acknowledging[] = {cmp_store, cmp_acknowledge, NULL};

enum phase { RECEIVING, TAKING_UP, OPERATING, REPLAYING, ANSWERING, DONE };

static void enter(struct cmp_message *m, enum phase phase)
{
    /* The whole answers for its parts. */
    m->phase = phase == ANSWERING && m->whole != NULL ? DONE : phase;
    m->next = phase == RECEIVING          ? (m->whole != NULL ? receiving_part : receiving)
              : phase == TAKING_UP        ? taking_up
              : phase == OPERATING        ? m->operation->run
              : phase == REPLAYING        ? replaying
              : cmp_has(m, CMP_ANNOUNCES) ? acknowledging
                                          : answering;
}

static const enum phase after[] = {[RECEIVING] = OPERATING,
                                   [TAKING_UP] = OPERATING,
                                   [OPERATING] = ANSWERING,
                                   [REPLAYING] = ANSWERING,
                                   [ANSWERING] = DONE};

static void forget_wants(struct cmp_message *m)
{
    m->wants = NULL;
    m->wants_tail = &m->wants;
}

/* ---- messages in a message ---- */

static struct cmp_message *begin(struct arena *arena, const struct cmp_settings *settings,
                                 const struct cmp_route *route, struct bytes request, int64_t now_ms,
                                 struct cmp_message *outer);
static void run(struct cmp_message *m);

static struct cmp_message *new_message(struct arena *arena, const struct cmp_settings *settings,
                                       const struct cmp_route *route, int64_t now_ms,
                                       struct cmp_message *outer)
{
    struct cmp_message *m = arena_alloc(arena, sizeof *m);

    if (m == NULL)
        return NULL;
    m->arena = arena;
    m->settings = settings;
    m->route = *route;
    m->now_ms = now_ms;
    m->now = now_ms / 1000;
    m->outer = outer;
    m->operation = &cmp_unsupported;
    m->result = (struct cmp_result){.end = JOB_ANSWERED, .request_body = -1, .reply_body = -1};
    forget_wants(m);
    return m;
}

/* It has the header and the protection of the whole. */
static struct cmp_message *begin_part(struct arena *arena, struct cmp_message *whole, size_t n)
{
    const struct cmp_part *part = &whole->inner->parts[n];
    struct cmp_message *m = new_message(arena, whole->settings, &whole->route, whole->now_ms, whole->outer);

    if (m == NULL)
        return NULL;
    m->whole = whole;
    m->in = whole->in;
    m->in.body = whole->inner->requests[n];
    memcpy(m->request_hash, whole->request_hash, CMP_HASH);
    m->operation = cmp_operation_of(m->in.body_type);
    m->profile = part->profile;
    m->profile_named = 1;
    m->transaction_id = part->transaction_id;
    m->language = whole->language;
    m->language_tag = whole->language_tag;
    enter(m, RECEIVING);
    run(m);
    return m;
}

/* What each costs is known from then on, and nothing is done yet: a step ends with what it wants. */
static enum cmp_turn unpack(struct cmp_message *m)
{
    struct cmp_inner *inner = m->inner;

    for (; inner->started < inner->count; inner->started++) {
        struct arena *arena = arena_beside(m->arena, BOUND_JOB_ARENA);
        struct cmp_message *message =
            arena == NULL ? NULL
            : inner->parts != NULL
                ? begin_part(arena, m, inner->started)
                : begin(arena, m->settings, &inner->route, inner->requests[inner->started], m->now_ms, m);
        if (message == NULL) {
            arena_free(arena);
            return cmp_out_of_memory(m);
        }
        inner->messages[inner->started] = message;
        for (struct cmp_message *at = m; at != NULL; at = at->outer)
            at->price_us += message->price_us;
    }
    return CMP_ON;
}

/* They are under way together, and share rounds, as many as cost no more than a batch: who comes after them
 * does not wait for all. Of parts there is one. Returns 1 if there are some. */
static int take_group(struct cmp_inner *inner)
{
    size_t most = inner->parts != NULL ? 1 : inner->started;
    uint64_t cost_us = 0;

    inner->first = inner->end;
    while (inner->end < inner->started && inner->end - inner->first < most && cost_us < BOUND_BATCH_US)
        cost_us += inner->messages[inner->end++]->price_us;
    return inner->first < inner->end;
}

/* What they want is wanted by the message in which they came. */
static void gather_wants(struct cmp_message *m)
{
    for (size_t i = m->inner->first; i < m->inner->end; i++) {
        const struct cmp_message *message = m->inner->messages[i];
        if (message->wants == NULL)
            continue;
        *m->wants_tail = message->wants;
        m->wants_tail = message->wants_tail;
    }
}

static void carry(struct cmp_message *m)
{
    for (size_t i = m->inner->first; i < m->inner->end; i++)
        cmp_resume(m->inner->messages[i], m->now_ms);
    gather_wants(m);
    while (m->wants == NULL && take_group(m->inner))
        gather_wants(m);
    m->carries = m->wants != NULL;
}

static void end_inner(struct cmp_message *m)
{
    for (size_t i = 0; m->inner != NULL && i < m->inner->started; i++) {
        struct arena *arena = m->inner->messages[i]->arena;
        cmp_end(m->inner->messages[i]);
        arena_free(arena);
    }
    m->inner = NULL;
}

/* What was wanted by a step that refuses is not served any more. */
static void take_turn(struct cmp_message *m, enum cmp_turn turn)
{
    if (m->starved)
        turn = cmp_out_of_memory(m);
    if (turn == CMP_UNPACKED)
        turn = unpack(m);
    switch (turn) {
    case CMP_ON:
        m->next++;
        return;
    case CMP_STAY:
        return;
    case CMP_CARRIED:
        m->next++;
        m->carries = 1;
        return;
    case CMP_ANSWERED:
        enter(m, ANSWERING);
        return;
    case CMP_TAKEN_UP:
        enter(m, TAKING_UP);
        return;
    case CMP_RACED:
        m->phase = OPERATING;
        m->next = m->operation->raced;
        return;
    case CMP_REPLAY:
        enter(m, REPLAYING);
        return;
    case CMP_REFUSED:
        forget_wants(m);
        enter(m, cmp_begin_refusal(m) == CMP_ON ? ANSWERING : DONE);
        return;
    case CMP_UNPACKED:
    case CMP_END:
        break;
    }
    forget_wants(m);
    enter(m, DONE);
}

/* What was judged without memory, that two names differ say, is no verdict. */
static enum cmp_turn step(struct cmp_message *m)
{
    unsigned before = secret_memory_failures();
    enum cmp_turn turn = (*m->next)(m);

    m->starved |= secret_memory_failures() != before;
    return turn;
}

static void run(struct cmp_message *m)
{
    while (m->wants == NULL && m->phase != DONE) {
        if (m->carries)
            carry(m);
        else if (*m->next == NULL)
            enter(m, after[m->phase]);
        else
            take_turn(m, step(m));
    }
}

static struct cmp_message *begin(struct arena *arena, const struct cmp_settings *settings,
                                 const struct cmp_route *route, struct bytes request, int64_t now_ms,
                                 struct cmp_message *outer)
{
    struct cmp_message *m = new_message(arena, settings, route, now_ms, outer);

    if (m == NULL)
        return NULL;
    m->in.der = request;
    m->profile = route->profile != NULL ? route->profile : settings->default_profile;
    m->profile_named = route->profile != NULL;
    enter(m, RECEIVING);
    run(m);
    return m;
}

struct cmp_message *cmp_start(struct arena *arena, const struct cmp_settings *settings,
                              const struct cmp_route *route, struct bytes request, int64_t now_ms)
{
    return begin(arena, settings, route, request, now_ms, NULL);
}

const struct cmp_want *cmp_wants(const struct cmp_message *m)
{
    return m->wants;
}

void cmp_resume(struct cmp_message *m, int64_t now_ms)
{
    m->now_ms = now_ms;
    m->now = now_ms / 1000;
    forget_wants(m);
    run(m);
}

uint64_t cmp_price_us(const struct cmp_message *m)
{
    return m->price_us;
}

struct bytes cmp_reference(const struct cmp_message *m)
{
    return m->is_mac && m->whole == NULL ? m->in.header.sender_kid : bytes_of(NULL, 0);
}

static void refuse_started(struct cmp_message *m, enum cmp_turn turn)
{
    take_turn(m, turn);
    run(m);
}

void cmp_refuse_guess(struct cmp_message *m)
{
    if (!m->result.refused)
        refuse_started(m, cmp_refuse_mac(m, "too many wrong MACs from there: not looked at"));
}

void cmp_refuse_busy(struct cmp_message *m, const char *text)
{
    if (!m->result.refused)
        refuse_started(m, cmp_refuse(m, PKI_SYSTEM_UNAVAIL, text, NULL));
}

/* What was granted in part is nothing when the whole is refused, or has lost a race and is answered again. */
static void take_result(struct cmp_result *out, const struct cmp_result *whole)
{
    out->end = whole->end;
    out->event = whole->event;
    out->refused = whole->refused;
    out->fail_info = whole->fail_info;
    out->text = whole->text;
    out->detail = whole->detail;
    out->setting = whole->setting;
    out->serial = out->subject = bytes_of(NULL, 0);
}

void cmp_result(const struct cmp_message *m, struct cmp_result *out)
{
    *out = m->result;
    if (m->whole != NULL && ((m->whole->result.refused && !m->result.refused) || m->whole->answers_again))
        take_result(out, &m->whole->result);
    out->request_body = m->in.body_type;
    out->profile = m->profile != NULL ? m->profile->config->name : NULL;
    out->profile_number = m->profile != NULL ? m->profile->number : METRIC_NAME_NONE;
    out->transaction_id = store_whole_id(m->transaction_id);
    out->sender = m->in.header.sender_name;
    out->reference = m->is_mac ? m->in.header.sender_kid : bytes_of(NULL, 0);
    out->carried = m->inner != NULL && m->inner->started != 0 && !m->answers_again;
    out->nested_by = m->outer != NULL ? m->outer->signer->subject : bytes_of(NULL, 0);
    /* What has no transaction may have been recorded, and be sent again by anybody: it proves nothing of who
     * is there now. */
    out->authenticated = m->authenticated && !cmp_has(m, CMP_STANDS_ALONE);
    out->mac_wrong = m->mac_wrong && m->whole == NULL;
    /* Of a whole its parts tell. */
    if (!out->carried) {
        out->tolerated = m->tolerated;
        out->deprecated = m->deprecated;
    }
    if (m->tolerated != 0 || m->deprecated != 0)
        cmp_find_counts(m, out->counts);
}

void cmp_end(struct cmp_message *m)
{
    if (m == NULL)
        return;
    end_inner(m);
    if (m->state != NULL && m->operation->cleanup != NULL)
        m->operation->cleanup(m);
    m->state = NULL;
    for (size_t i = 0; i < m->signer_count; i++)
        public_key_free(m->signers[i].key);
    m->signer_count = 0;
    path_cleanup(&m->path);
    m->signer_key = NULL;
    secret_free(m->mac_key);
    secret_free(m->opened_secret);
    m->mac_key = NULL;
    m->opened_secret = NULL;
}
