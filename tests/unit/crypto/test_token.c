/* token*.c: keys in a token sign like others; a lost token fails at once and comes back; nothing waits. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Includes what it tests, to wake the keeper of a token when it likes. */
#include <stdatomic.h>

/* Each subtraction in there passes by here first. */
static void (*_Atomic before_subtraction)(const void *counter);
#undef atomic_fetch_sub
#define atomic_fetch_sub(counter, n)                                                                         \
    (atomic_load(&before_subtraction) != NULL ? atomic_load(&before_subtraction)(counter) : (void)0,         \
     atomic_fetch_sub_explicit(counter, n, memory_order_seq_cst))
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "crypto/token.c"
#include "crypto/token_keeper.c"
#include "crypto/token_proof.c"
#include "crypto/token_queue.c"
#include "crypto/token_registry.c"
#include "crypto/token_session.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef atomic_fetch_sub

#include "tests/support/hex.h"
#include "tests/support/hsm.h"
#include "tests/support/must.h"
#include "tests/unit/crypto/signature_algorithms.h"

enum { PATIENCE_MS = 180000, SESSIONS = 8 };

static struct hsm hsm;
static struct arena *arena;
static char uri[HSM_URI_MAX], fault[TOKEN_FAULT_MAX];
static struct private_key *original, *key; /* the same one, P-256, in memory and in the token */
static atomic_uint done;

static void set_up(void)
{
    log_set_level(LOG_ERROR);
    arena = arena_new(16 * 1024 * 1024);
    hsm_new(&hsm);
    original = private_key_generate(KEY_P256, 0);
    hsm_import(&hsm, original, "signer", "01");
    hsm_uri(uri, &hsm, "signer");
}

static void open_signer(void)
{
    key = token_open(fault, uri, private_key_spki(original), SESSIONS);
    cr_assert_not_null(key, "%s", fault);
}

static void tear_down(void)
{
    private_key_free(key);
    key = NULL;
    private_key_free(original);
    arena_free(arena);
    hsm_free(&hsm);
}

TestSuite(token, .init = set_up, .fini = tear_down, .timeout = 600);

static void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

static void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&done, 1);
}

static int wait_for_done(unsigned wanted)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&done) < wanted; i++)
        sleep_ms(1);
    return atomic_load(&done) == wanted;
}

static struct signing *make_signing_of(const struct private_key *signer)
{
    struct signing *item = arena_alloc(arena, sizeof *item);

    must(item != NULL);
    *item = (struct signing){.algorithm = signature_for_key(KEY_P256),
                             .key = signer,
                             .message = bytes_str("a message"),
                             .signature = arena_alloc(arena, private_key_signature_max(signer))};
    must(item->signature != NULL);
    return item;
}

static struct signing *make_signing(void)
{
    return make_signing_of(key);
}

/* What a signature is worth is told by the public key, which never was in the token. */
static int verifies(const struct signing *item, struct bytes spki)
{
    struct public_key *public = public_key_parse(spki);
    struct verification check = {.algorithm = item->algorithm,
                                 .key = public,
                                 .message = item->message,
                                 .signature = bytes_of(item->signature, item->signature_len)};
    struct verification *checks[] = {&check};

    verify_batch(checks, 1);
    public_key_free(public);
    return check.valid;
}

static int signs(void)
{
    struct signing *item = make_signing();

    return sign_elsewhere_and_wait(item) != 0 && verifies(item, private_key_spki(original));
}

/* With |signer|, the same key as |outside|. */
static int signs_with(const struct private_key *signer, const struct private_key *outside)
{
    struct signing *item = make_signing_of(signer);

    return sign_elsewhere_and_wait(item) != 0 && verifies(item, private_key_spki(outside));
}

static int comes_to_sign_with(const struct private_key *signer, const struct private_key *outside)
{
    int ok = 0;

    for (unsigned i = 0; i < PATIENCE_MS / 10 && !ok; i++) {
        ok = signs_with(signer, outside);
        sleep_ms(10);
    }
    return ok;
}

static int comes_to_be_lost(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && !remote_any_lost(); i++)
        sleep_ms(1);
    return remote_any_lost();
}

static int comes_back(void)
{
    for (unsigned i = 0; i < PATIENCE_MS && remote_any_lost(); i++)
        sleep_ms(1);
    return !remote_any_lost();
}

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

/* Opens |text| for the key, which must fail and say |says|, but nothing of a PIN. */
static void refuse(const char *text, const char *says)
{
    struct private_key *opened = token_open(fault, text, private_key_spki(original), SESSIONS);

    cr_assert_null(opened, "%s", text);
    cr_assert_not_null(strstr(fault, says), "%s: %s", text, fault);
    cr_assert_null(strstr(fault, "sesame"), "%s", fault);
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
Test(token, no_plain_digest_of_a_pin_stays_in_memory)
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

/* A token locks itself after a few wrong PINs. */
Test(token, a_pin_that_was_refused_is_not_tried_again)
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

Test(token, a_token_that_hangs_is_taken_for_lost)
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
Test(token, a_key_may_go_while_its_signing_hangs)
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
Test(token, a_key_is_refused_by_a_token_that_hangs_and_nobody_waits_longer)
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

/* Idle time is no silence: when the keeper looks, the only signing has not been there for long. */
Test(token, a_token_that_was_idle_is_not_lost_at_its_next_signature)
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
