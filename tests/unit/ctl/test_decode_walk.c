/* decode_walk.c: where a message is broken, and that everything before is shown. */
#include "tests/unit/ctl/decode_fixture.h"

TestSuite(decode_walk, .init = set_up, .fini = tear_down);

#define HEAD_LINES                                                                                           \
    "header\npvno 2 (cmp2000)\nsender directoryName (the empty name)\nrecipient directoryName (the empty "   \
    "name)\n"

static struct bytes written(const char *text)
{
    return der_text(arena, text, certificate);
}

/* The offsets are counted by hand in what is written down. */
Test(decode_walk, the_first_fault_has_its_place_and_reason)
{
    static const struct {
        const char *text, *last;
    } cases[] = {
        {"30{}", "fault at octet 2, PKIMessage.header: it is missing"},
        {"30{02{05}}", "fault at octet 2, PKIMessage.header: SEQUENCE expected, INTEGER found"},
        {"30{30{}}", "fault at octet 4, PKIMessage.header.pvno: it is missing"},
        {"30{30{02{02} 30{}}}",
         "fault at octet 7, PKIMessage.header.sender: GeneralName expected, SEQUENCE found"},
        {"30{30{02{02} a4{30{}} 82{'x'} a4{02{05}}} b3{05{}}}",
         "fault at octet 16, PKIMessage.header.transactionID: OCTET STRING expected, INTEGER found"},
        {"30{30{02{02} a4{30{}} 82{'x'} a4{04{05} 04{}}} b3{05{}}}",
         "fault at octet 19, PKIMessage.header.transactionID: there is more than one element in the tag"},
        {"30{30{02{02} a4{30{}} 82{'x'} a5{04{05}} a4{04{05}}} b3{05{}}}",
         "fault at octet 19, PKIMessage.header: [4] does not belong here"},
        {"30{30{02{02} a4{30{}} 82{'x'} a8{30{}}} b3{05{}}}",
         "fault at octet 18, PKIMessage.header.generalInfo: it is empty: SEQUENCE OF InfoTypeAndValue has at "
         "least "
         "one element"},
        {"30{30{02{02} a4{30{}} 82{'x'}}}", "fault at octet 14, PKIMessage.body: it is missing"},
        {"30{30{02{02} a4{30{}} 82{'x'}} bb{05{}}}",
         "fault at octet 14, PKIMessage.body: PKIBody expected, [27] found"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b3{05{00}}}",
         "fault at octet 16, PKIMessage.body.pkiconf: NULL has content"},
        {"30{30{02{0002} a4{30{}} 82{'x'}} b3{05{}}}",
         "fault at octet 4, PKIMessage.header.pvno: INTEGER is empty or not minimal"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b9{30{30{02{00}} 30{0c{}}}}}",
         "fault at octet 25, PKIMessage.body.pollReq[1].certReqId: INTEGER expected, UTF8String found"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b9{30{30{02{00}} 04{}}}}",
         "fault at octet 23, PKIMessage.body.pollReq[1]: SEQUENCE expected, OCTET STRING found"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b5{30{30{(1.3.6.1.5.5.7.4.14) 05{}}}}}",
         "fault at octet 30, PKIMessage.body.genm[0].infoValue: GeneralizedTime expected, NULL found"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b5{30{30{(1.2.3) 30{30{01{01}}}}}}}",
         "fault at octet 28, PKIMessage.body.genm[0].infoValue[0][0]: BOOLEAN is neither 00 nor FF"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b3{05{}}} 0500",
         "fault at octet 18, PKIMessage: 2 octets after the end"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b3{05{}} a2{05{}}}",
         "fault at octet 18, PKIMessage: [2] does not belong here"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b9{30 80 30030201000000}}",
         "fault at octet 16, PKIMessage.body.pollReq: the length is indefinite: BER, not DER"},
        {"30{30{02{02} a4{30{}} 82{'x'}} b9{30 04 30{02{00}}} a0{03{00}}}", NULL},
    };

    for (size_t i = 0; cases[i].last != NULL; i++)
        broken(written(cases[i].text), cases[i].last);
}

/* X.690 10.1: an element ends within the one that it is in. */
Test(decode_walk, a_length_that_is_too_great)
{
    broken(written("30{30{02{02} a4{30{}} 82{'x'}} b9{30 07 30{02{00}}} a0{03{00}}}"),
           "fault at octet 16, PKIMessage.body.pollReq: it ends 2 octets beyond what it is in");
}

Test(decode_walk, all_that_is_there_of_a_message_that_was_cut_is_shown)
{
    struct bytes whole = message("b9{30{30{02{00}} 30{02{01}}}}");
    int ok;

    for (size_t len = 2; len < whole.len; len++) {
        const char *text = shown(bytes_of(whole.data, len), &ok);
        cr_assert_not(ok);
        has_lines(
            text,
            arena_printf(arena,
                         "fault at octet 0, PKIMessage: the input is cut off: %zu octets more are announced",
                         whole.len - len));
    }
    has_lines(shown(bytes_of(whole.data, whole.len - 1), &ok),
              HEAD_LINES "body pollReq\n[0]\ncertReqId 0\n[1]\ncertReqId\nfault at octet 0, PKIMessage: "
                         "the input is cut off: 1 octets more are announced");
}

/* Around the first of |levels| elements are the message, its body's tag, the list and the entry: with 61 the
 * last has DECODE_DEPTH around it. */
Test(decode_walk, depth_is_bounded)
{
    static const int cases[] = {61, 62, 400};
    char *deep = arena_alloc(arena, 65536);
    int ok;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        deep[0] = 0;
        strcat(deep, "b5{30{30{(1.2.3)");
        for (int level = 0; level < cases[i]; level++)
            strcat(deep, "30{");
        for (int level = 0; level < cases[i]; level++)
            strcat(deep, "}");
        strcat(deep, "}}}");
        const char *text = shown(message(deep), &ok);
        cr_assert_eq(ok, cases[i] == 61, "%s", text);
        cr_assert_eq(strstr(text, ": nested too deep\n") != NULL, cases[i] != 61);
    }
}

/* Of the message's own text nothing reaches a terminal that could do something there. */
Test(decode_walk, text_of_the_message_is_harmless)
{
    says("b7{30{30{02{02} 30{0c{'a' 0a 1b 'b' c285 ff e280ae '\"'}}}}}",
         "statusString \"a\\x0a\\x1bb\\xc2\\x85\\xff\\xe2\\x80\\xae\\\"\"");
    says("b7{30{30{02{02} 30{0c{'Gr' c3bc c39f 'e'}}}}}", "statusString \"Gr\xc3\xbc\xc3\x9f"
                                                          "e\"");
}

/* What is pasted by mistake and broken is told as what its label says that it is. */
Test(decode_walk, a_broken_certificate)
{
    broken(bytes_str("-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n"),
           "fault at octet 2, Certificate.tbsCertificate: SEQUENCE expected, INTEGER found");
    broken(bytes_str("-----BEGIN CMP-----\nMAMCAQU=\n-----END CMP-----\n"),
           "fault at octet 2, PKIMessage.header: SEQUENCE expected, INTEGER found");
}
