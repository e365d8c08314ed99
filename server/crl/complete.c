/* complete.c: see complete.h.
 *
 * A delta says what has changed since its base. The base is a former full CRL, older than crl.full_minutes
 * where there is one: whoever has that one, or a later one, can use the delta. */
#include "server/crl/complete.h"

#include <stdlib.h>

#include "server/crl/make.h"
#include "server/crl/schedule.h"

struct base {
    int64_t number, position, at; /* number 0: there is none */
};

static struct base base_of_full(const struct crl_complete *complete)
{
    const struct store_crl *full = &complete->full.head;

    return (struct base){full->number, full->position, full->this_update};
}

static struct base base_of_delta(const struct crl_complete *complete)
{
    const struct store_crl *delta = &complete->delta.head;

    if (delta->number == 0 || delta->base_number <= 0 || delta->base_number > complete->full.head.number)
        return (struct base){0};
    return (struct base){delta->base_number, delta->base_position, delta->base_at};
}

int64_t crl_complete_since(const struct crl_complete *complete)
{
    struct base base = base_of_delta(complete);

    if (base.number == 0)
        base = base_of_full(complete);
    return base.number != 0 ? base.position : INT64_MAX;
}

/* Whether a delta since then can be made of what |list| knows. */
static int can_be_base(const struct base *base, const struct revoked *list)
{
    return base->number != 0 && base->position >= list->since && base->position <= list->position;
}

/* A delta that is nearly as long as the full one saves nobody anything. */
enum { SHORT = 1000, PARTS = 4 };

static int is_near(const struct base *base, const struct revoked *list)
{
    size_t changes = revoked_changes_since(list, base->position);

    return changes <= SHORT || changes <= list->count / PARTS;
}

static int64_t minutes(const struct crl_turn *turn)
{
    return 60 * (int64_t)turn->config->full_minutes;
}

/* The newest full one is as old as it may get, and does not know all. */
static int is_full_due(const struct crl_complete *complete, const struct revoked *list,
                       const struct crl_turn *turn)
{
    const struct crl_scope *full = &complete->full;

    return full->head.number != full->published || crl_is_scheduled(full, turn) || crl_is_overtaken(full) ||
           (full->head.position != list->position && (full->head.size <= (int64_t)turn->config->full_bytes ||
                                                      turn->now - full->published_at >= minutes(turn)));
}

int crl_complete_is_due(const struct crl_complete *complete, const struct revoked *list,
                        const struct crl_turn *turn, int may_answer)
{
    const struct crl_scope *full = &complete->full, *delta = &complete->delta;

    /* Two of one second are one for who asks by If-Modified-Since. */
    if (turn->now == full->published_at || turn->now == delta->published_at)
        return 0;
    if (crl_is_scheduled(full, turn))
        return 1;
    return may_answer && (is_full_due(complete, list, turn) || delta->head.number < full->head.number ||
                          delta->head.number != delta->published || delta->head.position != list->position);
}

static struct crl_times times_of(const struct crl_complete *complete, const struct crl_turn *turn)
{
    struct crl_times full = crl_next_times(&complete->full, turn);
    struct crl_times delta = crl_next_times(&complete->delta, turn);

    if (full.number < delta.number)
        full.number = delta.number;
    if (full.this_update < delta.this_update) {
        full.this_update = delta.this_update;
        full.next_update = delta.next_update;
    }
    return full;
}

/* The base moves to the former full one when it is old, or far away. |next| is the full one that is about to
 * be made, if one is. */
static struct base choose_base(const struct crl_complete *complete, const struct revoked *list,
                               const struct crl_turn *turn, const struct base *next)
{
    struct base base = base_of_delta(complete), former = base_of_full(complete);

    if (!can_be_base(&base, list) || !is_near(&base, list) ||
        (next->number != 0 && turn->now - base.at >= minutes(turn)))
        base = former;
    if (next->number == 0)
        return base;
    return can_be_base(&base, list) && is_near(&base, list) ? base : *next;
}

struct crl_attempt crl_complete_make(struct crl_complete *complete, struct revoked *list,
                                     const struct crl_turn *turn)
{
    struct crl_scope *const scopes[] = {&complete->delta, &complete->full};
    struct base former = base_of_full(complete), next = {0}, base;
    struct crl_times times;
    struct shelf_crl crls[2];
    int with_full;

    crl_scope_look_at_folder(&complete->full, turn);
    crl_scope_look_at_folder(&complete->delta, turn);
    times = times_of(complete, turn);
    with_full = is_full_due(complete, list, turn) || !can_be_base(&former, list);
    if (with_full)
        next = (struct base){times.number, list->position, times.this_update};
    base = choose_base(complete, list, turn, &next);
    revoked_keep_since(list, base.position);
    crl_begin(&crls[0], &complete->delta, &times, list->position);
    crl_begin(&crls[1], &complete->full, &times, list->position);
    crls[0].head.base_number = base.number;
    crls[0].head.base_position = base.position;
    crls[0].head.base_at = base.at;
    if (!crl_make_delta(&crls[0].der, turn->ca, list, &times, base.number) ||
        (with_full && !crl_make_full(&crls[1].der, turn->ca, list, &times))) {
        free((void *)(uintptr_t)crls[0].der.data);
        return crl_not_signed();
    }
    return crl_scope_store(scopes, crls, with_full ? 2 : 1, turn);
}
