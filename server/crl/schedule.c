/* schedule.c: see schedule.h. */
#include "server/crl/schedule.h"

enum { HOUR = 3600 };

/* Below number_min is what a restored store has: a higher one is out, which whoever has it takes for the
 * newer. */
int crl_is_scheduled(const struct crl_scope *scope, const struct crl_turn *turn)
{
    return scope->head.number == 0 || scope->head.number < turn->config->number_min ||
           crl_scope_has_other_signer(scope, turn->ca) ||
           turn->now - scope->published_at >= HOUR * (int64_t)turn->config->every_hours;
}

int crl_is_overtaken(const struct crl_scope *scope)
{
    return scope->head.number < scope->elsewhere;
}

struct crl_times crl_next_times(const struct crl_scope *scope, const struct crl_turn *turn)
{
    int64_t number = crl_scope_number(scope);
    int64_t now = turn->now > scope->published_at ? turn->now : scope->published_at + 1;

    if (number < turn->config->number_min)
        number = turn->config->number_min;
    return (struct crl_times){.number = number,
                              .this_update = now,
                              .next_update = now + HOUR * (int64_t)turn->config->validity_hours,
                              .keeps_expired = turn->config->keep_expired};
}

void crl_begin(struct shelf_crl *out, const struct crl_scope *scope, const struct crl_times *times,
               int64_t position)
{
    *out = (struct shelf_crl){.head = {.scope = bytes_str(scope->name),
                                       .number = times->number,
                                       .this_update = times->this_update,
                                       .next_update = times->next_update,
                                       .position = position},
                              .former = scope->head.number != 0 ? &scope->head : NULL};
}

struct crl_attempt crl_not_signed(void)
{
    return (struct crl_attempt){.doing = "signing",
                                .why = "the CA's key did not sign, or there is no memory"};
}
