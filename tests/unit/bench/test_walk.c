/* walk.c: the steps of a client, one after the other, and what is told of each. */
#include <stdlib.h>

#include "bench/walk.h"
#include "tests/unit/bench/fixture.h"
#include "tests/unit/bench/peer.h"

static char *told;
static char seen_http;                  /* the digit behind "HTTP/1." of the last request */
static unsigned sent, spoil, elsewhere; /* … of them under another path */

static void set_up(void)
{
    new_world();
    setup.reference = world->reference;
    setup.secret = world->secret;
    options.threads = options.streams = options.sources = options.clients = 1;
    sent = 0;
    spoil = elsewhere = 0;
}

static void tear_down(void)
{
    free(told);
    end_world();
}

TestSuite(walk, .init = set_up, .fini = tear_down);

/* As the world answers, which is for this thread alone meanwhile; the protection of the |spoil|-th answer
 * ends otherwise. */
static int serve(int fd, const char *head, struct bytes body)
{
    struct bytes reply = answer_to(body);
    struct pki_message answer;
    const char *version = strstr(head, "HTTP/1.");

    must(version != NULL);
    elsewhere += strncmp(head, "POST /others/ ", strlen("POST /others/ ")) == 0;
    seen_http = version[strlen("HTTP/1.")];
    if (++sent == spoil) {
        must(pki_message_decode(&answer, NULL, reply) == PKI_WHOLE);
        ((uint8_t *)(uintptr_t)answer.protection.data)[answer.protection.len - 1] ^= 1;
    }
    peer_say(fd, 200, reply);
    return 1;
}

static int hang_up(int fd, const char *head, struct bytes body)
{
    (void)fd;
    (void)head;
    (void)body;
    return 0;
}

static int walk_as(const char *name, peer_answer answer)
{
    const struct persona *persona = persona_named(name);
    size_t len;
    FILE *out = open_memstream(&told, &len);
    int ok;

    cr_assert(persona != NULL && out != NULL);
    options.persona = *persona;
    options.protection = persona->protection;
    if (persona->key != KEY_NONE)
        options.new_key = persona->key;
    peer_start(&options, answer);
    ok = walk_run(out, &setup, &options);
    peer_stop();
    fclose(out);
    return ok;
}

static void tells(const char *text)
{
    cr_assert_str_eq(told, text);
}

/* RFC 9483 4.1.1, 4.1.3; the same octets get the same answer, and so the same certificate. */
Test(walk, who_sends_again_what_was_lost)
{
    cr_assert(walk_as("nokia", serve), "%s", told);
    tells("enroll   ir       ok\nconfirm  certConf ok\nrenew    kur      ok\nconfirm  certConf ok\n"
          "lose     ir       ok\nretry    ir       ok\nconfirm  certConf ok\n");
    cr_assert_eq(seen_http, '0');
    cr_assert_eq(world->cert_count, 3);
}

Test(walk, who_begins_again)
{
    cr_assert(walk_as("junos", serve), "%s", told);
    cr_assert_eq(seen_http, '1');
    cr_assert_eq(world->cert_count, 4);
}

/* RFC 9810 5.3.22: a pollReq; it brings the certificate that was issued. */
Test(walk, who_polls)
{
    world->config.keys.same_in_update = 1;
    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    world->config.tolerances.until[TOLERANCE_POLL_WITHOUT_ANSWER] = TOLERANCE_NO_END;
    world->config.tolerances.until[TOLERANCE_SHA1_MAC] = TOLERANCE_NO_END;
    cr_assert(walk_as("huawei", serve), "%s", told);
    tells("enroll   ir       ok\nconfirm  certConf ok\nrenew    kur      ok\nconfirm  certConf ok\n"
          "lose     ir       ok\nretry    pollReq  ok\nconfirm  certConf ok\n");
    cr_assert_eq(world->cert_count, 3);
}

/* RFC 9483 4.2: rr, of the certificate that it has by then. */
Test(walk, who_revokes)
{
    unsigned revoked = 0;

    world->config.tolerances.until[TOLERANCE_SHA1_OWF] = TOLERANCE_NO_END;
    world->config.tolerances.until[TOLERANCE_SHA1_MAC] = TOLERANCE_NO_END;
    cr_assert(walk_as("onap", serve), "%s", told);
    tells("enroll   ir       ok\nrenew    kur      ok\nrevoke   rr       ok\nlose     ir       ok\nretry    "
          "ir       ok\n");
    for (size_t i = 0; i < world->cert_count; i++)
        revoked += world->certs[i].row.status == STORE_CERT_REVOKED;
    cr_assert_eq(revoked, 1);
}

/* By the certificate that it has itself; p10cr is its only way to renew (RFC 2986). */
Test(walk, who_enrolls_for_another)
{
    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    options.others = "/others/";
    cr_assert(walk_as("cmp-issuer", serve), "%s", told);
    tells("enroll   p10cr    ok\nconfirm  certConf ok\nrenew    p10cr    ok\nconfirm  certConf ok\n"
          "agent    p10cr    ok\nconfirm  certConf ok\nagent    p10cr    ok\nconfirm  certConf ok\n"
          "lose     p10cr    ok\nretry    p10cr    ok\nconfirm  certConf ok\n");
    cr_assert_eq(elsewhere, 4);
}

Test(walk, who_renews_for_another_by_no_p10cr_does_not)
{
    options.others = "/others/";
    cr_assert(walk_as("occm", serve), "%s", told);
    cr_assert_eq(elsewhere, 2);
}

/* The retry is of another client, which has not been refused yet. */
Test(walk, a_step_that_fails_is_told)
{
    world->decide_refuses = 1;
    cr_assert_not(walk_as("junos", serve));
    tells("enroll   ir       FAILED: rejected: not today\nlose     ir       ok\n"
          "retry    ir       FAILED: rejected: not today\n");
}

Test(walk, every_step_counts)
{
    for (spoil = 1; spoil <= 4; spoil++) {
        sent = 0;
        world_forget(world);
        cr_assert_not(walk_as("junos", serve), "%u", spoil);
        cr_assert_not_null(strstr(told, spoil == 1   ? "enroll   ir       FAILED: protection\n"
                                        : spoil == 2 ? "confirm  certConf FAILED: protection\n"
                                        : spoil == 3 ? "renew    kur      FAILED: protection\n"
                                                     : "kur      ok\nconfirm  certConf FAILED: protection\n"),
                           "%u: %s", spoil, told);
        free(told);
        told = NULL;
    }
}

Test(walk, a_server_that_hangs_up)
{
    cr_assert_not(walk_as("junos", hang_up));
    tells("enroll   ir       FAILED: connect\nlose     ir       FAILED: connect\n");
}
