/* Messages of other implementations (tests/data/vectors): the codec reads each as MANIFEST says, and none of
 * them makes the server issue anything. */
#include "server/pki/response.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(vectors, .init = set_up, .fini = tear_down);

struct row {
    char *file, *body;
    char *fault; /* that the codec finds, or "-" */
};

/* next_row reads the next line that is a message's from |manifest|; its texts live until the next call. */
static int next_row(struct row *out, FILE *manifest)
{
    static char line[1024];
    char *rest;

    do {
        if (fgets(line, sizeof line, manifest) == NULL)
            return 0;
        line[strcspn(line, "\n")] = 0;
        rest = line;
        out->file = strsep(&rest, "\t");
        out->body = strsep(&rest, "\t");
        (void)strsep(&rest, "\t"); /* what cmpctl says is tested by its own test */
        out->fault = rest;
    } while (line[0] == '#' || out->fault == NULL || strcmp(out->fault, "none of the codec's") == 0);
    return 1;
}

static FILE *open_manifest(void)
{
    FILE *manifest = fopen(CMPD_TEST_DATA "/vectors/MANIFEST", "r");

    must(manifest != NULL);
    return manifest;
}

/* The reason for which the codec refuses |der|, or "-". */
static const char *codec_fault(struct pki_message *message, struct bytes der)
{
    struct cert_request request;
    struct cert_response response;
    const char *why = "-";
    size_t count;

    switch (pki_message_decode(message, &why, der)) {
    case PKI_UNREADABLE:
        return "unreadable";
    case PKI_HEADER_ONLY:
        return why;
    case PKI_WHOLE:
        break;
    }
    why = "-";
    switch (message->body_type) {
    case PKI_IR:
    case PKI_CR:
        pki_decode_cert_requests(&request, &count, world->arena, &why, message->body);
        break;
    case PKI_P10CR:
        pki_decode_pkcs10(&request, world->arena, &why, message->body);
        break;
    case PKI_IP:
    case PKI_CP:
        if (!pki_decode_cert_rep(&response, message->body))
            why = "CertRepMessage is malformed";
        break;
    default:
        break;
    }
    return why;
}

Test(vectors, are_read_as_the_manifest_says)
{
    FILE *manifest = open_manifest();
    size_t whole = 0, refused = 0;
    struct row row;

    while (next_row(&row, manifest)) {
        struct pki_message message;
        struct bytes der = file_in_tests(world->arena, CMPD_TEST_DATA, row.file);
        const char *fault = codec_fault(&message, der);
        cr_assert_str_eq(fault, row.fault, "%s: %s, not %s", row.file, fault, row.fault);
        if (strcmp(fault, "-") == 0)
            cr_assert_str_eq(pki_body_name(message.body_type), row.body, "%s: %s", row.file,
                             pki_body_name(message.body_type));
        whole += strcmp(fault, "-") == 0;
        refused += strcmp(fault, "-") != 0;
    }
    fclose(manifest);
    cr_assert_gt(whole, 140);
    cr_assert_gt(refused, 5);
}

/* None is protected by anybody this server knows, or is recent. */
Test(vectors, are_answered_and_nothing_is_issued)
{
    FILE *manifest = open_manifest();
    struct row row;

    while (next_row(&row, manifest)) {
        struct arena *before = world->arena;
        world->arena = arena_new(1024 * 1024);
        struct answer answer = world_send(world, file_in_tests(world->arena, CMPD_TEST_DATA, row.file));
        /* An announcement has no message for an answer (RFC 9811 3.5). */
        cr_assert_eq(answer.result.reply.len == 0, answer.result.end == JOB_FORBIDDEN, "%s", row.file);
        cr_assert(answer.result.refused, "%s", row.file);
        cr_assert_not(answer.has_cert, "%s", row.file);
        cr_assert_eq(world->cert_count, 0, "%s", row.file);
        cr_assert(answer.result.end == JOB_FORBIDDEN || answer.body == PKI_ERROR ||
                      answer.status.status == PKI_REJECTION,
                  "%s", row.file);
        answer_free(&answer);
        arena_free(world->arena);
        world->arena = before;
    }
    fclose(manifest);
}
