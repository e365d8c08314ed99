/* token*.c with a token that says nothing for BOUND_TOKEN_STALL seconds, or that may not be asked again: what
 * takes its time to see. */
#include "tests/unit/crypto/token.h"

TestSuite(token_stall, .init = set_up, .fini = tear_down, .timeout = 600);

Test(token_stall, a_pin_that_was_refused_is_not_tried_again)
{
    unsigned before;

    open_signer();
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "lost", "");
    cr_assert_not(signs());
    hsm_set(&hsm, "pin", "closed-sesame\n");
    /* SoftHSM asks for no PIN as long as a session of before is open: every session sees the loss. */
    sleep_ms(500);
    before = hsm_ask(&hsm, "fragile_logins");
    hsm_set(&hsm, "lost", NULL);
    sleep_ms(3000); /* time for several attempts */
    cr_assert(remote_any_lost());
    cr_assert_eq(hsm_ask(&hsm, "fragile_logins"), before + 1);
    hsm_set(&hsm, "pin", "open-sesame\n");
    cr_assert(comes_back());
    cr_assert(signs());
}

Test(token_stall, a_token_that_hangs_is_taken_for_lost)
{
    enum { MANY = 100 };
    struct signing *items[MANY];
    int64_t begin = now_ms();

    open_signer();
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "hang", "");
    for (int i = 0; i < MANY; i++) {
        items[i] = make_signing();
        cr_assert(sign_elsewhere(items[i], count, NULL));
    }
    /* Those, too, that are in the module's hands. */
    cr_assert(wait_for_done(MANY));
    cr_assert_geq(now_ms() - begin, BOUND_TOKEN_STALL * 1000);
    cr_assert(remote_any_lost());
    cr_assert_eq(hsm_ask(&hsm, "fragile_now"), SESSIONS, "the module has let them go");
    for (int i = 0; i < MANY; i++)
        memset(items[i]->signature, 0xa5,
               private_key_signature_max(items[i]->key)); /* who was answered has other uses for it */
    hsm_set(&hsm, "hang", NULL);
    cr_assert(comes_back());
    cr_assert(signs());
    for (int i = 0; i < PATIENCE_MS && hsm_ask(&hsm, "fragile_now") != 0; i++)
        sleep_ms(1);
    sleep_ms(200); /* the last ones have come back from there */
    cr_assert_eq(atomic_load(&done), MANY);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(items[i]->signature_len, 0);
        for (size_t n = 0; n < private_key_signature_max(items[i]->key); n++)
            cr_assert_eq(items[i]->signature[n], 0xa5);
    }
}

Test(token_stall, a_key_may_go_while_its_signing_hangs)
{
    open_signer();
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "hang", "");
    cr_assert(sign_elsewhere(make_signing(), count, NULL));
    cr_assert(wait_for_done(1));
    private_key_free(key);
    key = NULL;
    sleep_ms(200);
    hsm_set(&hsm, "hang", NULL);
    open_signer();
    cr_assert(signs());
}

Test(token_stall, a_key_is_refused_by_a_token_that_hangs_and_nobody_waits_longer)
{
    int64_t begin;

    /* The file stays until it is refused: it comes back while the token hangs. */
    hsm_set(&hsm, "hang", "");
    begin = now_ms();
    refuse(uri, "has not answered");
    cr_assert_geq(now_ms() - begin, BOUND_TOKEN_STALL * 1000);
    hsm_set(&hsm, "hang", NULL);
    open_signer();
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "hang", "");
    refuse(uri, "has not answered");
    hsm_set(&hsm, "hang", NULL);
    /* It may be told lost at this very moment. */
    cr_assert(comes_to_sign_with(key, original));
}

Test(token_stall, a_token_that_was_idle_is_not_lost_at_its_next_signature)
{
    int64_t begin;

    open_signer();
    cr_assert(signs());
    sleep_ms(100);
    begin = now_ms();
    sem_post(&((struct token_key *)key->remote_state)
                  ->token->keeper); /* it looks once more from here on, with nothing at work */
    hsm_set(&hsm, "delay", "2000");
    sleep_ms((unsigned)(begin + BOUND_TOKEN_STALL * 1000 - 1000 - now_ms()));
    cr_assert(signs());
    cr_assert_gt(now_ms() - begin, BOUND_TOKEN_STALL * 1000);
    cr_assert_not(remote_any_lost());
}
