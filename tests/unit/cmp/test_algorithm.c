/* algorithm.c: which signature algorithms a profile takes. RFC 5758 3.2 and RFC 8410 section 3 want
 * parameters to be absent; some devices write NULL. */
#include "tests/support/der_tree.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(algorithm, .init = set_up, .fini = tear_down);

static const char ecdsa_null[] = "30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00";

/* A body of |type| whose proof of possession, at |path|, names |algorithm|. */
static struct bytes proven_by(int type, const char *path, const char *algorithm)
{
    struct der_node *body = der_tree_parse(world->arena, client_body(&client, type));
    struct der_node **link = der_tree_find(&body, path), *after;

    must(link != NULL);
    after = (*link)->next;
    *link = der_tree_raw(world->arena, hex(world->arena, algorithm));
    (*link)->next = after;
    return client_message(&client, type, der_tree_write(world->arena, body));
}

static void is_refused(struct answer *answer, int body, const char *where)
{
    cr_expect_not_null(strstr(answer->result.text, where), "%s", answer->result.text);
    cr_expect_not_null(strstr(answer->result.text, "ecdsa-null-parameters tolerated"), "%s",
                       answer->result.text);
    if (body == PKI_ERROR)
        expect_error(answer, PKI_BAD_ALG);
    else
        expect_refusal(answer, body, PKI_BAD_ALG);
}

Test(algorithm, NULL_parameters_of_the_protection_need_the_profile_s_leave)
{
    client.header.protection_alg = hex(world->arena, ecdsa_null);
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    is_refused(&answer, PKI_ERROR, "protectionAlg: ecdsa-with-SHA256 has NULL parameters");
}

Test(algorithm, a_transaction_with_NULL_parameters_goes_through_where_they_are_taken)
{
    world->config.tolerances.until[TOLERANCE_ECDSA_NULL_PARAMETERS] = TOLERANCE_NO_END;
    client.header.protection_alg = hex(world->arena, ecdsa_null);
    struct answer granted = world_send(world, client_request(&client, PKI_IR));
    cr_assert(granted.has_cert);
    client_next(&client, &granted);
    struct answer answer = world_send(world, client_confirm(&client, &granted, 0));
    expect_pkiconf(&answer);
    answer_free(&granted);
}

Test(algorithm, NULL_parameters_of_a_proof_of_possession_need_it_too)
{
    static const struct {
        int body, answer;
        const char *path;
    } cases[] = {{PKI_IR, PKI_IP, "0/[1]/0"}, {PKI_P10CR, PKI_CP, "1"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int taken = 0; taken <= 1; taken++) {
            world->config.tolerances.until[TOLERANCE_ECDSA_NULL_PARAMETERS] = taken ? TOLERANCE_NO_END : 0;
            client.transaction_id[0]++;
            struct answer answer = world_send(world, proven_by(cases[i].body, cases[i].path, ecdsa_null));
            if (taken)
                expect_certificate(&answer, cases[i].answer);
            else
                is_refused(&answer, cases[i].answer,
                           "proof of possession: ecdsa-with-SHA256 has NULL parameters");
        }
    }
}

/* What is wrong otherwise stays so: other parameters, and what no key of ours signs with. */
Test(algorithm, nothing_else_is_taken_with_them)
{
    static const char *const others[] = {"30 0c 06 08 2a 86 48 ce 3d 04 03 02 30 00",
                                         "30 0b 06 07 2a 86 48 ce 3d 04 01 05 00"};

    world->config.tolerances.until[TOLERANCE_ECDSA_NULL_PARAMETERS] = TOLERANCE_NO_END;
    for (size_t i = 0; i < 2; i++) {
        client.header.protection_alg = hex(world->arena, others[i]);
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        cr_expect_null(strstr(answer.result.text, "ecdsa-null-parameters"), "%s", answer.result.text);
        expect_error(&answer, PKI_BAD_ALG);
    }
}

/* ---- SHA-1 ---- */

/* An ir whose proof of possession is made with |algorithm|. */
static struct bytes proven_with(const struct signature_algorithm *algorithm)
{
    struct cert_request asked = {.tmpl = client.tmpl};
    struct bytes request, body;

    asked.tmpl.subject = client.subject;
    asked.tmpl.spki = private_key_spki(client.key);
    cr_assert(pki_encode_cert_request(&request, world->arena, &asked));
    cr_assert(pki_encode_cert_requests(&body, world->arena, request, algorithm->encoded,
                                       client_signature(&client, client.key, algorithm, request)));
    return client_message(&client, PKI_IR, body);
}

Test(algorithm, SHA_1_of_a_proof_of_possession_needs_the_profile_s_leave)
{
    CBS cbs = cbs_of(hex(world->arena, "30 09 06 07 2a 86 48 ce 3d 04 01"));
    const struct signature_algorithm *sha1 = signature_parse_sha1(&cbs);
    struct answer answer = world_send(world, proven_with(sha1));

    cr_expect_not_null(strstr(answer.result.text, "proof of possession: ecdsa-with-SHA1 is not supported"),
                       "%s", answer.result.text);
    cr_expect_not_null(strstr(answer.result.text, ", or have sha1-signatures tolerated"), "%s",
                       answer.result.text);
    expect_refusal(&answer, PKI_IP, PKI_BAD_ALG);
    world->config.tolerances.until[TOLERANCE_SHA1_SIGNATURES] = TOLERANCE_NO_END;
    client.transaction_id[0]++;
    answer = world_send(world, proven_with(sha1));
    cr_expect_eq(answer.result.tolerated, 1U << TOLERANCE_SHA1_SIGNATURES);
    /* What is issued, and who answers, is signed as ever (TS 33.310 6.1.1). */
    cr_expect_str_eq(answer.cert.algorithm->name, "ecdsa-with-SHA256");
    cr_expect(bytes_equal(answer.message.header.protection_alg, world->ca.cmp_algorithm->encoded));
    expect_certificate(&answer, PKI_IP);
}

/* A certificate of a path that is signed with SHA-1 is no certificate, whatever is tolerated. */
Test(algorithm, SHA_1_of_certificates_is_never_taken)
{
    const struct ctl_identity *issuer = &world->vendor_ca;
    CBS cbs = cbs_of(hex(world->arena, "30 09 06 07 2a 86 48 ce 3d 04 01"));
    const struct signature_algorithm *sha1 = signature_parse_sha1(&cbs);
    struct der_node *tree = der_tree_parse(world->arena, client.signer->cert_der), **algorithm, *after;
    struct ctl_identity device = *client.signer;
    struct bytes tbs;

    world->config.tolerances.until[TOLERANCE_SHA1_SIGNATURES] = TOLERANCE_NO_END;
    algorithm = der_tree_find(&tree, "0/2");
    after = (*algorithm)->next;
    *algorithm = der_tree_raw(world->arena, sha1->encoded);
    (*algorithm)->next = after;
    tbs = der_tree_write(world->arena, *der_tree_find(&tree, "0"));
    cr_assert(certificate_assemble(&device.cert_der, world->arena, tbs, sha1,
                                   client_signature(&client, issuer->key, sha1, tbs)));
    cr_assert(certificate_parse(&device.cert, device.cert_der));
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_not_null(strstr(answer.result.detail, "its signature algorithm is not supported"), "%s",
                       answer.result.detail);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}
