/* token*.c: keys in a token sign like others; a lost token fails at once and comes back; nothing waits. */
#include "tests/support/hex.h"
#include "tests/unit/crypto/signature_algorithms.h"
#include "tests/unit/crypto/token.h"

TestSuite(token, .init = set_up, .fini = tear_down, .timeout = 600);

Test(token, every_kind_of_key_signs_with_every_algorithm)
{
    struct private_key *inside[KEY_KIND_COUNT] = {NULL}, *outside[KEY_KIND_COUNT] = {NULL};
    char name[16], id[16];

    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        outside[kind] = private_key_generate((enum key_kind)kind, 2048);
        snprintf(name, sizeof name, "kind%d", kind);
        snprintf(id, sizeof id, "1%d", kind);
        hsm_import(&hsm, outside[kind], name, id);
        inside[kind] = token_open(fault, hsm_uri(uri, &hsm, name), private_key_spki(outside[kind]), SESSIONS);
        cr_assert_not_null(inside[kind], "%s", fault);
        cr_assert(private_key_is_remote(inside[kind]));
        cr_assert_not(private_key_is_remote(outside[kind]));
        cr_assert_eq(private_key_kind(inside[kind]), (enum key_kind)kind);
        cr_assert(bytes_equal(private_key_spki(inside[kind]), private_key_spki(outside[kind])));
    }
    for (size_t i = 0; i < ALGORITHMS; i++) {
        struct private_key *signer = inside[algorithms[i].kind];
        CBS cbs = cbs_of(hex(arena, algorithms[i].encoded));
        struct signing item = {.algorithm = signature_parse(&cbs),
                               .key = signer,
                               .message = bytes_str("a message"),
                               .signature = arena_alloc(arena, private_key_signature_max(signer))};
        struct signing *items[] = {&item};
        for (int again = 0; again < 20; again++) { /* r and s are shorter now and then */
            sign_batch(items, 1);
            cr_assert_gt(item.signature_len, 0, "%s", item.algorithm->name);
            cr_assert(verifies(&item, private_key_spki(signer)), "%s", item.algorithm->name);
        }
    }
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        private_key_free(inside[kind]);
        private_key_free(outside[kind]);
    }
}

Test(token, an_algorithm_of_another_kind_of_key_does_not_sign_and_loses_nothing)
{
    open_signer();
    struct signing *item = make_signing();

    item->algorithm = signature_for_key(KEY_RSA);
    cr_assert_eq(sign_elsewhere_and_wait(item), 0);
    cr_assert_not(remote_any_lost());
    cr_assert(signs());
}

Test(token, a_private_key_does_not_leave_it)
{
    uint8_t *pem;
    size_t len;

    open_signer();
    cr_assert_not(private_key_to_pem(&pem, &len, key));
}

static void refuse_with(const char *format, const char *says, const char *text)
{
    char built[HSM_URI_MAX];

    /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): each takes one string */
    must(snprintf(built, sizeof built, format, text) < HSM_URI_MAX);
    refuse(built, says);
}

Test(token, faults_of_a_uri_name_the_remedy)
{
    char query[HSM_URI_MAX];

    snprintf(query, sizeof query, "module-path=%s&pin-source=file:%s", hsm.module, hsm.pin);
    refuse("pkcs11:token=cmpd%20test;object=signer?pin-value=open-sesame", "pin-value");
    refuse_with("pkcs11:token=cmpd%%20test;object=signer?%s&pin-value=open-sesame",
                "pin-source=file:", query);
    refuse_with("pkcs11:token=%%zz?%s", "malformed", query);
    refuse_with("pkcs11:token=cmpd%%20test;object=signer;colour=red?%s", "not known", query);
    refuse_with("pkcs11:token=cmpd%%20test;object=signer;type=public?%s", "type=private", query);
    refuse_with("pkcs11:token=cmpd%%20test;object=signer?pin-source=file:%s", "module-path=", hsm.pin);
    refuse_with("pkcs11:object=signer?module-path=libsofthsm2.so&pin-source=file:%s",
                "module-path=", hsm.pin);
    refuse_with("pkcs11:object=signer?module-path=%s", "pin-source=", hsm.module);
    refuse_with("pkcs11:object=signer?module-path=%s&pin-source=pin", "pin-source=", hsm.module);
    refuse_with("pkcs11:object=signer?module-path=/nonexistent.so&pin-source=file:%s", "module-path",
                hsm.pin);
    refuse_with("pkcs11:token=other;object=signer?%s", "no such token", query);
    refuse_with("pkcs11:token=cmpd%%20test;object=other?%s", "no such private key", query);
    refuse_with("pkcs11:token=cmpd%%20test;object=signer;id=%%02?%s", "no such private key", query);
    hsm_import(&hsm, original, "signer", "02");
    refuse(uri, "several private keys");
}

Test(token, a_key_of_another_certificate_is_refused)
{
    struct private_key *other = private_key_generate(KEY_P256, 0);
    struct private_key *rsa = private_key_generate(KEY_RSA, 2048);

    hsm_import(&hsm, other, "other", "02");
    hsm_import(&hsm, rsa, "rsa", "03");
    refuse(hsm_uri(uri, &hsm, "other"), "does not belong");
    refuse(hsm_uri(uri, &hsm, "rsa"), "does not belong");
    private_key_free(other);
    private_key_free(rsa);
}

Test(token, a_certificate_with_a_key_of_no_kind_is_refused)
{
    cr_assert_null(token_open(fault, uri, bytes_str("no key"), SESSIONS));
    cr_assert_str_eq(fault, "the certificate's key is of no kind that can sign here");
}

Test(token, the_file_of_the_pin_must_be_there_private_and_right)
{
    hsm_set(&hsm, "pin", "closed-sesame\n");
    refuse(uri, "refuses the PIN");
    cr_assert_not_null(strstr(fault, hsm.pin), "%s", fault);
    hsm_set(&hsm, "pin", "open-sesame\n");
    must(chmod(hsm.pin, 0640) == 0);
    refuse(uri, "chmod 600");
    hsm_set(&hsm, "pin", NULL);
    refuse(uri, "cannot read the PIN");
    hsm_set(&hsm, "pin", "open-sesame"); /* no end of line: as good */
    open_signer();
    cr_assert(signs());
}

Test(token, a_session_that_breaks_is_replaced_in_silence)
{
    open_signer();
    cr_assert(signs());
    for (int i = 0; i < 3; i++) {
        hsm_set(&hsm, "broken", "");
        cr_assert(signs());
        cr_assert_not(remote_any_lost());
    }
}

Test(token, a_lost_token_fails_at_once_and_comes_back_by_itself)
{
    open_signer();
    log_set_level(LOG_ERROR + 1); /* the loss is told as an error, and expected */
    for (int i = 0; i < 2; i++) {
        cr_assert(signs());
        hsm_set(&hsm, "lost", "");
        cr_assert_not(signs());
        cr_assert(remote_any_lost());
        for (int n = 0; n < 1000; n++) {
            struct signing *item = make_signing();
            atomic_store(&done, 0);
            cr_assert_not(sign_elsewhere(item, count, NULL));
            cr_assert_eq(item->signature_len, 0);
        }
        cr_assert_eq(atomic_load(&done), 0);
        /* What is loaded meanwhile is refused, not waited for. */
        refuse(uri, "lost at the moment");
        sleep_ms(300);
        cr_assert(remote_any_lost());
        hsm_set(&hsm, "lost", NULL);
        cr_assert(comes_back());
        cr_assert(signs());
    }
}

static uint64_t counted(enum token_outcome outcome)
{
    size_t number = ((struct token_key *)key->remote_state)->token->number;

    return metric_read(&token_signatures, metric_series(&token_signatures, number, outcome));
}

static uint64_t reconnects(void)
{
    return metric_read(&token_reconnects, ((struct token_key *)key->remote_state)->token->number);
}

/* How the token stands, whose number is its name's. */
static struct token_state state_now(void)
{
    static struct token_state states[TOKENS_TOLD];

    token_states(states);
    return states[((struct token_key *)key->remote_state)->token->number];
}

Test(token, what_it_does_is_counted_under_its_name)
{
    static struct metric *const table[] = {&token_signatures, &token_time, &token_reconnects};
    uint64_t buckets[METRIC_BUCKETS_MAX], sum, all = 0;
    size_t number;

    metrics_begin(table, sizeof table / sizeof table[0]);
    open_signer();
    number = ((struct token_key *)key->remote_state)->token->number;
    cr_assert_str_eq(token_metrics_name(number), "pkcs11:token=cmpd%20test");
    cr_assert_eq(counted(TOKEN_SIGNED), 0, "that a key proves itself is nobody's signature");
    for (int i = 0; i < 3; i++)
        cr_assert(signs());
    cr_assert_eq(counted(TOKEN_SIGNED), 3);
    cr_assert_eq(counted(TOKEN_FAILED) + counted(TOKEN_REFUSED), 0);
    cr_assert(state_now().tokens == 1 && state_now().usable == 1);
    cr_assert_eq(reconnects(), 0);
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "lost", "");
    cr_assert_not(signs());
    cr_assert_not(signs());
    cr_assert_eq(counted(TOKEN_FAILED), 1, "it was tried");
    cr_assert_eq(counted(TOKEN_REFUSED), 1, "and then not any more");
    cr_assert(state_now().tokens == 1 && state_now().usable == 0);
    hsm_set(&hsm, "lost", NULL);
    cr_assert(comes_back());
    cr_assert_eq(state_now().usable, 1);
    cr_assert_eq(reconnects(), 1);
    cr_assert_eq(state_now().waiting, 0);
    metric_read_histogram(&token_time, number, buckets, &sum);
    for (size_t i = 0; i <= metric_latency.count; i++)
        all += buckets[i];
    cr_assert_eq(all, counted(TOKEN_SIGNED) + counted(TOKEN_FAILED), "each answer has its time");
    cr_assert_gt(sum, 0);
}

/* SoftHSM itself, as an operator who moves its files has it: it only sees them again when it is initialized
 * anew. */
Test(token, a_module_that_has_to_be_initialized_anew_is)
{
    char here[2 * HSM_PATH_MAX], away[2 * HSM_PATH_MAX];

    snprintf(here, sizeof here, "%s/tokens", hsm.dir);
    snprintf(away, sizeof away, "%s/away", hsm.dir);
    open_signer();
    cr_assert(signs());
    log_set_level(LOG_ERROR + 1);
    must(rename(here, away) == 0);
    cr_assert_not(signs());
    cr_assert(remote_any_lost());
    sleep_ms(500);
    must(rename(away, here) == 0);
    cr_assert(comes_back());
    cr_assert(signs());
}

Test(token, many_signatures_are_in_flight_and_nobody_waits)
{
    enum { MANY = 64 };
    struct signing *items[MANY];

    open_signer();
    hsm_set(&hsm, "hang", "");
    for (int i = 0; i < MANY; i++) {
        items[i] = make_signing();
        cr_assert(sign_elsewhere(items[i], count, NULL));
    }
    cr_assert_eq(atomic_load(&done), 0, "all were given away, and none has ended");
    for (int i = 0; i < PATIENCE_MS && hsm_ask(&hsm, "fragile_now") != SESSIONS; i++)
        sleep_ms(1);
    hsm_set(&hsm, "hang", NULL);
    cr_assert(wait_for_done(MANY));
    cr_assert_eq(hsm_ask(&hsm, "fragile_most"), SESSIONS);
    for (int i = 0; i < MANY; i++)
        cr_assert(verifies(items[i], private_key_spki(original)));
}

Test(token, a_full_queue_refuses)
{
    unsigned taken = 0;

    open_signer();
    hsm_set(&hsm, "hang", "");
    while (taken <= BOUND_TOKEN_QUEUE && sign_elsewhere(make_signing(), count, NULL))
        taken++;
    cr_assert_eq(taken, BOUND_TOKEN_QUEUE);
    cr_assert_eq(atomic_load(&done), 0);
    hsm_set(&hsm, "hang", NULL);
    cr_assert(wait_for_done(taken));
    cr_assert_not(remote_any_lost());
    cr_assert(signs());
}

/* Two CAs in one token: what becomes of one's key does not concern the other. */
Test(token, a_key_that_is_gone_keeps_no_other_from_signing)
{
    struct private_key *outside = private_key_generate(KEY_P256, 0), *inside, *again;
    char other[HSM_URI_MAX];

    hsm_import(&hsm, outside, "other", "02");
    open_signer();
    inside = token_open(fault, hsm_uri(other, &hsm, "other"), private_key_spki(outside), SESSIONS);
    cr_assert_not_null(inside, "%s", fault);
    cr_assert(signs_with(inside, outside));
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "delete", "other");
    cr_assert(signs());
    cr_assert_not(signs_with(inside, outside));
    cr_assert(comes_to_sign_with(key, original));
    cr_assert(remote_any_lost(), "a key of a CA is not there");
    for (int n = 0; n < 1000; n++) {
        cr_assert_not(sign_elsewhere(make_signing_of(inside), count, NULL));
        cr_assert(n % 100 != 0 || signs());
    }
    refuse(other, "no such private key");
    /* A configuration that names the other key only is as good as ever. */
    again = token_open(fault, uri, private_key_spki(original), SESSIONS);
    cr_assert_not_null(again, "%s", fault);
    private_key_free(again);
    /* It is looked for, and found without anybody's doing … */
    hsm_import(&hsm, outside, "other", "02");
    cr_assert(comes_to_sign_with(inside, outside));
    cr_assert(comes_back());
    /* … and when nobody wants it any more, it is missed by nobody. */
    hsm_set(&hsm, "delete", "other");
    cr_assert(signs());
    cr_assert_not(signs_with(inside, outside));
    cr_assert(comes_to_sign_with(key, original));
    cr_assert(remote_any_lost());
    private_key_free(inside);
    cr_assert_not(remote_any_lost());
    cr_assert(signs());
    private_key_free(outside);
}

/* The only key of a token is replaced by another one. */
Test(token, a_key_that_is_gone_keeps_no_new_one_out)
{
    struct private_key *outside = private_key_generate(KEY_P256, 0), *inside;

    open_signer();
    hsm_import(&hsm, outside, "other", "02");
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "delete", "signer");
    cr_assert_not(signs());
    cr_assert(comes_to_be_lost());
    inside = token_open(fault, hsm_uri(uri, &hsm, "other"), private_key_spki(outside), SESSIONS);
    cr_assert_not_null(inside, "%s", fault);
    cr_assert(signs_with(inside, outside));
    private_key_free(key);
    key = inside;
    cr_assert_not(remote_any_lost());
    private_key_free(outside);
}

static struct token *looked_at;
static atomic_uint answered_early, subtractions;

/* What watch() sees if it begins at this moment: something is taken. */
static void look(const void *counter)
{
    if (counter == &looked_at->taken) {
        atomic_fetch_add(&subtractions, 1);
        if (atomic_load(&looked_at->answered) != 0)
            atomic_fetch_add(&answered_early, 1);
    }
}

/* A look that begins while the last signing is being answered must see that it was: else it takes the idle
 * time that follows for work, and whatever comes at its end for what has not been done since. */
Test(token, what_counts_as_taken_was_not_counted_as_answered)
{
    open_signer();
    looked_at = ((struct token_key *)key->remote_state)->token;
    for (int i = 0; i < PATIENCE_MS && atomic_load(&looked_at->taken) != 0; i++)
        sleep_ms(1);
    sleep_ms(100); /* the proof of the key has been counted */
    atomic_store(&looked_at->answered, 0);
    before_subtraction = look;
    cr_assert(signs());
    cr_assert_eq(atomic_load(&subtractions), 1);
    cr_assert_eq(atomic_load(&answered_early), 0);
    cr_assert_eq(atomic_load(&looked_at->answered), 1);
}

/* A reload opens everything anew while the old keys are in use; the last one closes the token. */
Test(token, keys_of_one_token_share_it)
{
    struct private_key *first, *second;

    open_signer();
    first = key;
    open_signer();
    second = key;
    key = first;
    private_key_free(second);
    cr_assert(signs());
    cr_assert_eq(hsm_ask(&hsm, "fragile_logins"), 1);
    private_key_free(first);
    open_signer();
    cr_assert(signs());
    cr_assert_eq(hsm_ask(&hsm, "fragile_logins"), 2);
}

/* The keeper sends to prove itself what is of no use, when its time has come, and nothing else. */
Test(token, only_keys_of_no_use_are_looked_for)
{
    open_signer();
    cr_assert(signs());
    struct token_key *state = key->remote_state;
    for (int i = 0; i < PATIENCE_MS && atomic_load(&state->token->taken) != 0; i++)
        sleep_ms(1);
    cr_assert_eq(look_for_keys(state->token), -1);
    cr_assert_eq(atomic_load(&state->token->taken), 0);
    atomic_store(&state->is_usable, 0);
    state->look_at_ms = now_ms() + 60000;
    int64_t next = look_for_keys(state->token);
    cr_assert(next > 50000 && next <= 60000, "%lld", (long long)next);
    cr_assert_eq(atomic_load(&state->token->taken), 0);
    state->look_at_ms = 0;
    next = look_for_keys(state->token);
    cr_assert(next > 0 && next <= RETRY_FIRST_MS);
    for (int i = 0; i < PATIENCE_MS && !atomic_load(&state->is_usable); i++)
        sleep_ms(1);
    cr_assert(signs());
    cr_assert_eq(look_for_keys(state->token), -1);
}

/* Waits grow from a tenth of a second to five. */
Test(token, waits_double_up_to_a_bound)
{
    unsigned ms = 0, expected = 100;

    for (int i = 0; i < 10; i++) {
        ms = longer(ms);
        cr_assert_eq(ms, expected);
        expected = expected * 2 < 5000 ? expected * 2 : 5000;
    }
}
