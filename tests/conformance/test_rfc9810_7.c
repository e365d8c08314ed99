/* RFC 9810 section 7: which version an answer has. */
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc9810_7, .init = set_up, .fini = tear_down);

/* RFC 9810 C.1: "The protocol version number MUST be set as specified in Section 7)."
 * RFC 9810 7: "If a server receives a message with a version that it supports, then the version of the
 * response message MUST be the same as the received version." */
Test(rfc9810_7, an_answer_has_the_version_of_its_request)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++)
        for (int pvno = PKI_CMP2000; pvno <= PKI_CMP2021; pvno++) {
            clients[i]->header.pvno = pvno;
            clients[i]->transaction_id[0]++;
            struct answer answer = world_send(world, client_request(clients[i], PKI_IR));
            cr_expect_eq(answer.message.header.pvno, pvno);
            struct answer confirmed = world_send(world, client_confirm(clients[i], &answer, -1));
            cr_expect_eq(confirmed.message.header.pvno, pvno);
            expect_pkiconf(&confirmed);
            answer_free(&answer);
        }
}

/* RFC 9810 7: "If a server receives a message with a version higher or lower than it supports, then it MUST
 * send back an ErrorMsg with the unsupportedVersion bit set (in the failureInfo field of the pKIStatusInfo)."
 * RFC 9810 7: "If the received version is higher than the highest supported version, then the version in the
 * error message MUST be the highest version the server supports; if the received version is lower than the
 * lowest supported version, then the version in the error message MUST be the lowest version the server
 * supports." RFC 9810 7.1.2: "If it does not choose to do so, then it MUST send back an ErrorMsgContent as
 * described above in Section 7." */
Test(rfc9810_7, other_versions_are_refused_in_the_nearest_one)
{
    static const struct {
        int pvno, answered;
    } cases[] = {{0, PKI_CMP2000}, {1, PKI_CMP2000}, {4, PKI_CMP2021}, {100, PKI_CMP2021}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client.header.pvno = cases[i].pvno;
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        cr_expect_eq(answer.message.header.pvno, cases[i].answered, "pvno %d", cases[i].pvno);
        expect_error(&answer, PKI_UNSUPPORTED_VERSION);
    }
}
