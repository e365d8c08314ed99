/* token*.c with a token that says nothing for BOUND_TOKEN_STALL seconds, or that may not be asked again, and
 * what all memory is searched for: what takes its time to see. */
#include "tests/unit/crypto/token.h"

TestSuite(token_stall, .init = set_up, .fini = tear_down, .timeout = 600);

/* A token locks itself after a few wrong PINs. */
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

/* Whoever was answered frees the key, too, while a session still has it. */
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

/* A reload while the token hangs is not caught in there. */
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

/* Idle time is no silence: when the keeper looks, the only signing has not been there for long. */
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

/* Whether |len| octets that are |inverted| here, so that this is not found itself, are anywhere in the memory
 * of the process that it writes to. What is as large as the shadow of a sanitizer is not looked at. */
static int is_in_memory(const uint8_t *inverted, size_t len)
{
    enum { LARGE = 256 * 1024 * 1024 };
    FILE *maps = fopen("/proc/self/maps", "r");
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), found = 0;
    char line[512], *end;

    must(maps != NULL && memory >= 0);
    while (!found && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from = strtoull(line, &end, 16), to = strtoull(end + 1, &end, 16);
        if (strncmp(end, " rw", 3) != 0 || to - from > LARGE)
            continue;
        uint8_t *copy = mmap(NULL, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(copy != MAP_FAILED);
        ssize_t got = pread(memory, copy, to - from, (off_t)from);
        for (size_t at = 0, same; !found && (ssize_t)(at + len) <= got; at++) {
            for (same = 0; same < len && (copy[at + same] ^ inverted[same]) == 0xff; same++)
                ;
            found = same == len;
        }
        munmap(copy, to - from);
    }
    fclose(maps);
    close(memory);
    return found;
}

/* A PIN of a few digits is found from its plain digest in no time. */
Test(token_stall, no_plain_digest_of_a_pin_stays_in_memory)
{
    /* SHA-256 of closed-sesame, by sha256sum, each octet inverted */
    static const uint8_t digest[] = {
        0x00, 0x78, 0x10, 0xb0, 0x4b, 0x57, 0x85, 0xc4, 0x0b, 0x87, 0xe8, 0x26, 0xc9, 0xd8, 0x32, 0x68,
        0xa0, 0x87, 0x18, 0x36, 0x4c, 0xcf, 0xc8, 0x6b, 0x49, 0x3b, 0x4e, 0xf3, 0x00, 0x2e, 0xdc, 0x7c,
    };
    char *known = strdup("a text that is in memory");
    uint8_t inverted[24];

    must(known != NULL && strlen(known) == sizeof inverted);
    for (size_t i = 0; i < sizeof inverted; i++)
        inverted[i] = (uint8_t)~known[i];
    cr_assert(is_in_memory(inverted, sizeof inverted), "the search itself");
    free(known);
    open_signer();
    log_set_level(LOG_ERROR + 1);
    hsm_set(&hsm, "lost", "");
    cr_assert_not(signs());
    hsm_set(&hsm, "pin", "closed-sesame\n");
    sleep_ms(
        500); /* SoftHSM asks for no PIN while one of before is open: every session has to see the loss */
    hsm_set(&hsm, "lost", NULL);
    for (int i = 0; i < PATIENCE_MS && hsm_ask(&hsm, "fragile_logins") < 2; i++)
        sleep_ms(1);
    sleep_ms(200); /* the login has come back from there */
    cr_assert(remote_any_lost());
    cr_assert_not(is_in_memory(digest, sizeof digest));
}
