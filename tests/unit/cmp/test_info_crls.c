/* info_crls.c: CRLs (RFC 9810 5.3.19.6 and 5.3.19.17, RFC 9483 4.3.4). */
#include "tests/unit/cmp/general.h"

static struct bytes full, delta, shard, above;

static void set_up_crls(void)
{
    set_up();
    full = make_crl(1, 1);
    delta = make_crl(2, 1);
    shard = make_crl(3, 1);
    above = make_crl(4, 1);
    world_put_crl(world, "full", MADE, full);
    world_put_crl(world, "delta", MADE, delta);
    world_put_crl(world, "shard-12", MADE, shard);
}

TestSuite(info_crls, .init = set_up_crls, .fini = tear_down);

static struct bytes time_of(int64_t at)
{
    struct bytes out;
    CBB cbb;

    cr_assert(der_finish(&out, world->arena, &cbb, CBB_init(&cbb, 32) && der_add_time(&cbb, at)));
    return out;
}

/* CRLStatus { source, thisUpdate }; |at| 0: without it */
static struct bytes status(struct bytes source, int64_t at)
{
    if (at == 0)
        return SEQUENCE(source);
    return SEQUENCE(source, time_of(at));
}

/* dpn [0] { fullName [0] { [6] |url| } } */
static struct bytes point(const char *url)
{
    return tagged(context | 0, tagged(context | 0, tagged(CBS_ASN1_CONTEXT_SPECIFIC | 6, bytes_str(url))));
}

/* Wants |crl| alone; empty: the value is absent. */
static void expect_crl(struct bytes source, int64_t at, struct bytes crl)
{
    struct answer answer = ask_one(22, SEQUENCE(status(source, at)));

    cr_expect_eq(given[0].number, 23);
    cr_expect(bytes_equal(given[0].value, crl.len == 0 ? nothing() : SEQUENCE(crl)));
    answer_free(&answer);
}

/* RFC 9810 5.3.19.6: "a copy of the latest CRL" */
Test(info_crls, the_current_one)
{
    struct answer answer = ask_one(6, nothing());

    cr_expect_eq(given[0].number, 6);
    cr_expect(bytes_equal(given[0].value, full));
    answer_free(&answer);
    cr_expect_eq(world->commits, 0);
}

/* RFC 9483 4.3.4: "The PKI management entity MUST respond with a general response with OID id-it-crls."
 * RFC 9483 4.3.4: "If a thisUpdate value was given, the PKI management entity MUST return the latest CRL
 * available from the referenced source if this CRL is more recent than the given thisUpdate time." RFC
 * 9483 4.3.4: "If no thisUpdate value was given, it MUST return the latest CRL available from the referenced
 * source."
 * RFC 9483 4.3.4: "In all other cases, the infoValue in the response message MUST be absent."
 * RFC 9483 4.3.4: "if present, the infoValue of the response MUST contain a sequence of one CRL"
 * RFC 9483 4.3.4 genp.infoValue: "MUST be absent if no CRL to be returned is available"
 * RFC 9483 4.3.4 genp.infoValue: "MUST contain a sequence of one CRL update from the referenced source […]"
 * RFC 9810 5.3.19.17: "The server SHALL only provide those CRLs that are more recent than the ones indicated
 * by the client." */
Test(info_crls, a_newer_one_by_its_issuer)
{
    struct bytes by_name = issuer(world->ca.cert.subject);

    expect_crl(by_name, 0, full);
    expect_crl(by_name, MADE - 1, full);
    expect_crl(by_name, MADE, nothing());
    expect_crl(by_name, MADE + 1, nothing());
    expect_crl(issuer(world->stranger_root.cert.subject), 0, nothing());
}

static void name_urls(void)
{
    static const char *const crls[] = {"http://pki.example/crl/${shard}.crl"}, *const deltas[] = {
                                                                                   "http://d/x"};

    world->other_config.urls.crl = (struct config_list){crls, 1};
    world->other_config.urls.delta_crl = (struct config_list){deltas, 1};
}

Test(info_crls, one_by_its_distribution_point)
{
    static const char *const crls[] = {"http://pki.example/full.crl"};

    name_urls();
    world->config.urls.crl = (struct config_list){crls, 1};
    expect_crl(point("http://pki.example/full.crl"), 0, full);
    expect_crl(point("http://pki.example/full.crl"), MADE, nothing());
    expect_crl(point("http://d/x"), 0, delta);
    expect_crl(point("http://pki.example/crl/12.crl"), 0, shard);
    expect_crl(point("http://pki.example/crl/12.crl"), MADE, nothing());
    expect_crl(point("http://pki.example/crl/13.crl"), 0, nothing());
    expect_crl(point("http://pki.example/crl/012.crl"), 0, nothing());
    expect_crl(point("http://elsewhere/full.crl"), 0, nothing());
    /* nameRelativeToCRLIssuer */
    expect_crl(tagged(context | 0, tagged(context | 1, nothing())), 0, nothing());
}

/* Certificates live longer than settings: what they name the store knows. */
Test(info_crls, one_by_a_point_of_former_days)
{
    struct world_crl_url *row = &world->crl_urls[world->crl_url_count++];

    memcpy(row->issuer, world->ca.id, STORE_ISSUER_ID);
    row->row = (struct store_crl_url){bytes_str("http://old/${shard}"), 16};
    expect_crl(point("http://old/12"), 0, shard);
    expect_crl(point("http://old/"), 0, nothing());
    world->fail_fetch_at = world->fetches_seen + 1;
    struct answer answer = ask(&client, SEQUENCE(info(22, SEQUENCE(status(point("http://old/12"), 0)))));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
}

/* CRLs of CAs above stand in the configuration. */
Test(info_crls, one_of_a_CA_above)
{
    const struct cmp_crl crls[] = {
        {.name = "root", .der = above, .issuer = world->root.cert.subject, .this_update = MADE}};

    world->settings.crls = crls;
    world->settings.crl_count = 1;
    expect_crl(issuer(world->root.cert.subject), 0, above);
    expect_crl(issuer(world->root.cert.subject), MADE, nothing());
    expect_crl(point("http://any.example/crl/root.crl"), MADE - 1, above);
    expect_crl(point("http://any.example/crl/roots.crl"), 0, nothing());
    expect_crl(point("root.crl"), 0, nothing());
}

Test(info_crls, several_at_once)
{
    name_urls();
    struct bytes list = SEQUENCE(status(point("http://d/x"), 0), status(point("http://nowhere"), 0),
                                 status(issuer(world->ca.cert.subject), MADE),
                                 status(point("http://pki.example/crl/12.crl"), 0));
    struct answer answer = ask(&client, SEQUENCE(info(22, list), info(6, nothing())));

    read_given(&answer);
    cr_assert_eq(given_count, 2);
    cr_expect(bytes_equal(given[0].value, SEQUENCE(delta, shard)));
    cr_expect(bytes_equal(given[1].value, full));
    answer_free(&answer);
}

/* ---- what can be wrong ---- */

/* RFC 9483 4.3.4: "the infoValue of the request MUST be present and contain a sequence of one CRLStatus
 * structure" RFC 9483 4.3.4 genm.infoValue: "MUST contain a sequence of one CRLStatus element" */
Test(info_crls, one_in_a_message_to_the_letter)
{
    struct bytes one = status(issuer(world->ca.cert.subject), 0);
    struct answer answer;

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    expect_crl(issuer(world->ca.cert.subject), 0, full);
    answer = ask(&client, SEQUENCE(info(22, SEQUENCE(one, one))));
    cr_expect_str_eq(answer.result.text, "ask for one CRL in a message");
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* To leave a CRL out would say that there is no newer one. */
Test(info_crls, one_that_is_too_large)
{
    struct bytes large = make_crl(5, 1860);

    cr_assert(large.len <= BOUND_GENERAL_CRLS && large.len + delta.len > BOUND_GENERAL_CRLS, "%zu",
              large.len);
    world->crl_count = world->crl_piece_count = 0;
    world_put_crl(world, "full", MADE, large);
    world_put_crl(world, "delta", MADE, delta);
    struct answer answer = ask(&client, SEQUENCE(info(6, nothing())));
    cr_expect_eq(answer.body, PKI_GENP, "%s", answer.result.text);
    answer_free(&answer);
    name_urls();
    answer = ask(&client, SEQUENCE(info(6, nothing()), info(22, SEQUENCE(status(point("http://d/x"), 0)))));
    cr_expect_str_eq(answer.result.text,
                     "the CRL is too large for an answer: fetch it where its distribution point says");
    expect_error(&answer, PKI_ADD_INFO_NOT_AVAILABLE);
    world->crls[0].row.size = 256 * 1024 * 1024;
    answer = ask(&client, SEQUENCE(info(6, nothing())));
    expect_error(&answer, PKI_ADD_INFO_NOT_AVAILABLE);
}

Test(info_crls, there_is_none_yet)
{
    world->crl_count = 0;
    struct answer answer = ask(&client, SEQUENCE(info(6, nothing())));

    cr_expect_str_eq(answer.result.text, "this CA has made no CRL yet");
    expect_error(&answer, PKI_ADD_INFO_NOT_AVAILABLE);
    expect_crl(issuer(world->ca.cert.subject), 0, nothing());
}

/* While a CRL is replaced, its row and its octets may be those of two: then it is looked for again, and not
 * for ever. */
Test(info_crls, octets_that_are_not_those_of_the_row)
{
    unsigned before = world->fetches_seen;

    world->crls[0].row.hash[0] ^= 1;
    struct answer answer = ask(&client, SEQUENCE(info(6, nothing())));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    cr_expect_eq(world->fetches_seen - before, 4);
    world->crls[0].row.hash[0] ^= 1;
    world->crls[0].row.slot = 0;
    answer = ask(&client, SEQUENCE(info(6, nothing())));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
}

Test(info_crls, the_store_does_not_answer)
{
    for (unsigned i = 1; i <= 2; i++) {
        world->fail_fetch_at = world->fetches_seen + i;
        struct answer answer = ask(&client, SEQUENCE(info(6, nothing())));
        expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    }
}

/* A name that takes the tables of Unicode has its price. */
Test(info_crls, a_name_that_costs)
{
    struct bytes plain = hex(world->arena, "30 0c 31 0a 30 08 06 03 55 04 03 0c 01 61");
    struct bytes other = hex(world->arena, "30 0d 31 0b 30 09 06 03 55 04 03 0c 02 c3 a4");
    struct answer cheap = ask(&client, SEQUENCE(info(22, SEQUENCE(status(issuer(plain), 0)))));
    struct answer dear = ask(&client, SEQUENCE(info(22, SEQUENCE(status(issuer(other), 0)))));

    cr_expect_eq(dear.price_us - cheap.price_us, other.len);
    answer_free(&cheap);
    answer_free(&dear);
}
