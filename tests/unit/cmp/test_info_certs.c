/* info_certs.c: certificates of the CA (RFC 9810 5.3.19.1, 5.3.19.5, 5.3.19.14, 5.3.19.15). */
#include "tests/unit/cmp/general.h"

TestSuite(info_certs, .init = set_up, .fini = tear_down);

/* RFC 9483 4.3.1: "if present, the infoValue of the response MUST contain a sequence of certificates"
 * RFC 9483 4.3.1 infoValue: "MUST be present if CA certificates are available"
 * RFC 9483 4.3.1 infoValue: "if present, MUST be a sequence of CMPCertificate" */
Test(info_certs, ca_certs)
{
    world->ca.mac_extra_certs[1] = world->vendor_ca.cert_der; /* stands for an intermediate */
    world->ca.mac_extra_cert_count = 2;
    struct answer answer = ask_one(17, nothing());

    cr_expect_eq(given[0].number, 17);
    cr_expect(bytes_equal(given[0].value, SEQUENCE(world->issuing.cert_der, world->vendor_ca.cert_der)));
    answer_free(&answer);
}

/* RFC 9810 5.3.19.1: "Certificate | < absent >" */
Test(info_certs, encryption_certificate)
{
    struct answer answer = ask_one(1, nothing());

    cr_expect_eq(given[0].number, 1);
    cr_expect_eq(given[0].value.len, 0);
    answer_free(&answer);
    world->profile.general.encryption_certificate = world->stranger.cert_der;
    answer = ask_one(1, nothing());
    cr_expect(bytes_equal(given[0].value, world->stranger.cert_der));
    answer_free(&answer);
}

/* |explicit| writes |certificate| as [number]. */
static struct bytes field(unsigned number, struct bytes certificate)
{
    struct bytes out;
    CBB cbb, tagged;

    cr_assert(der_finish(
        &out, world->arena, &cbb,
        CBB_init(&cbb, 64) &&
            CBB_add_asn1(&cbb, &tagged, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | number) &&
            der_add_bytes(&tagged, certificate)));
    return out;
}

static void expect_update(struct bytes asked, struct bytes value)
{
    struct answer answer = ask_one(20, asked);

    cr_expect_eq(given[0].number, 18);
    cr_expect(bytes_equal(given[0].value, value));
    answer_free(&answer);
}

/* RFC 9810 6.7.1: "The information REQUIRED is: * the current root-CA public key"
 * RFC 9483 4.3 genp.infoType: "MUST be the OID identifying the specific PKI management operation described
 * below"
 * RFC 9483 4.3.2: "The newWithNew certificate […] is REQUIRED to be present if available."
 * RFC 9483 4.3.2: "The newWithOld certificate is REQUIRED to be present in the response message […]"
 * RFC 9483 4.3.2: "if present, the infoValue of the response MUST be a RootCaKeyUpdateContent structure"
 * RFC 9483 4.3.2 genp.infoValue: "MUST be absent if no update of the root CA certificate is available"
 * RFC 9483 4.3.2 genp.infoValue: "MUST be present if an update of the root CA certificate is available and
 * MUST be of type RootCaKeyUpdateContent"
 * RFC 9483 4.3.2 newWithNew: "REQUIRED"
 * RFC 9483 4.3.2 newWithNew: "MUST be present if infoValue is present"
 * RFC 9483 4.3.2 newWithOld: "REQUIRED"
 * RFC 9483 4.3.2 newWithOld: "MUST be present if infoValue is present"
 * Certificates of others stand for those of the other roots. */
Test(info_certs, root_update)
{
    struct bytes root = world->root.cert_der, next = world->stranger_root.cert_der;
    struct bytes previous = world->vendor_root.cert_der, link = world->vendor_ca.cert_der;
    struct bytes back = world->device.cert_der, to_next, to_root;

    expect_update(nothing(), nothing());
    expect_update(root, nothing());

    world->ca.former_root = previous;
    world->ca.former = (struct root_update){.new_with_new = root, .new_with_old = link, .old_with_new = back};
    to_root = SEQUENCE(root, field(0, link), field(1, back));
    expect_update(nothing(), to_root);
    expect_update(previous, to_root);
    expect_update(root, nothing());
    expect_update(next, nothing());

    world->ca.coming = (struct root_update){.new_with_new = next, .new_with_old = link};
    to_next = SEQUENCE(next, field(0, link));
    expect_update(nothing(), to_next);
    expect_update(root, to_next);
    expect_update(previous, to_root);
    expect_update(hex(world->arena, "05 00"), nothing());
}

/* RFC 9810 5.3.13: CAKeyUpdAnnContent ::= SEQUENCE { oldWithNew, newWithOld, newWithNew } */
Test(info_certs, key_update_of_cmp2000)
{
    struct bytes next = world->stranger_root.cert_der, link = world->vendor_ca.cert_der,
                 back = world->device.cert_der;
    struct answer answer = ask_one(5, nothing());

    cr_expect_eq(given[0].number, 7, "unsupportedOIDs");
    answer_free(&answer);
    world->ca.coming = (struct root_update){.new_with_new = next, .new_with_old = link};
    answer = ask_one(5, nothing());
    cr_expect_eq(given[0].number, 7, "one of three is missing");
    answer_free(&answer);
    world->ca.coming.old_with_new = back;
    answer = ask_one(5, nothing());
    cr_expect_eq(given[0].number, 5);
    cr_expect(bytes_equal(given[0].value, SEQUENCE(back, link, next)));
    answer_free(&answer);
}
