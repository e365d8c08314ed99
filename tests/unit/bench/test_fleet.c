/* fleet.c and fleet_disk.c: devices that are all their own, and keys that are kept. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/fleet.h"
#include "crypto/ocsp.h"
#include "server/base/file.h"
#include "tests/unit/bench/fixture.h"

enum { COUNT = 70 /* more than a batch */ };

static struct fleet fleet;
static char dir[32], path[64];

static void set_up(void)
{
    new_world();
    setup.reference = world->reference;
    setup.secret = world->secret;
    options.count = COUNT;
    cr_assert(mix_parse(&options.mix, "ir"));
    strcpy(dir, "/tmp/cmpd-unit.XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(dir);
    end_world();
}

TestSuite(fleet, .init = set_up, .fini = tear_down);

static int is_chain(struct bytes der)
{
    struct certificate cert;
    struct public_key *vendor = public_key_parse(setup.vendor.spki);

    cr_assert(certificate_parse(&cert, der));
    struct verification item = {
        .algorithm = cert.algorithm, .key = vendor, .message = cert.tbs, .signature = cert.signature};
    struct verification *items[] = {&item};
    verify_batch(items, 1);
    public_key_free(vendor);
    return item.valid;
}

/* RFC 9483 4.1.1: each device has a certificate of its vendor's, and asks for one with a key of its own. */
Test(fleet, each_device_is_its_own)
{
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    cr_assert_eq(fleet.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        const struct request *request = &fleet.requests[i];
        struct certificate cert;
        char name[16];
        snprintf(name, sizeof name, "gnb-%08u", i);
        cr_assert_str_eq(fleet.devices[i].name, name);
        cr_assert_eq(request->device, &fleet.devices[i]);
        cr_assert_eq(request->scenario, SCENARIO_IR);
        cr_assert_neq(request->message.len, 0);
        cr_assert(is_chain(fleet.devices[i].factory_cert));
        cr_assert(certificate_parse(&cert, fleet.devices[i].factory_cert));
        cr_assert_not(bytes_equal(cert.spki, request->spki));
        for (unsigned j = 0; j < i; j++) {
            cr_assert_not(bytes_equal(fleet.requests[j].spki, request->spki));
            cr_assert_not(bytes_equal(bytes_of(fleet.requests[j].transaction_id, REQUEST_NONCE),
                                      bytes_of(request->transaction_id, REQUEST_NONCE)));
        }
        /* Keys that sign nothing any more are forgotten. */
        cr_assert_null(fleet.devices[i].factory_key);
        cr_assert_null(fleet.devices[i].key);
    }
    for (unsigned i = 0; i < COUNT; i += 30) {
        struct answer answer = world_send(world, fleet.requests[i].message);
        cr_assert_eq(answer.body, PKI_IP);
        cr_assert(answer.has_cert);
        answer_free(&answer);
    }
    fleet_cleanup(&fleet);
}

/* Who confirms signs once more. */
Test(fleet, who_confirms_keeps_the_key_that_signs)
{
    options.count = 2;
    cr_assert(mix_parse(&options.mix, "ir-confirm=1,cr=1"));
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    for (unsigned i = 0; i < 2; i++) {
        int confirms = fleet.requests[i].scenario == SCENARIO_IR_CONFIRM;
        cr_assert_eq(fleet.devices[i].factory_key != NULL, confirms);
        cr_assert(!confirms || fleet.requests[i].signer == fleet.devices[i].factory_key);
    }
    fleet_cleanup(&fleet);
}

/* Enrolls device |i|, as a run before the run does. */
static void enroll(unsigned i)
{
    struct answer answer = world_send(world, fleet.enrollments[i].message);
    uint8_t *copy = malloc(answer.cert.der.len);

    cr_assert(answer.has_cert);
    memcpy(copy, answer.cert.der.data, answer.cert.der.len);
    fleet.devices[i].own_cert = bytes_of(copy, answer.cert.der.len);
    answer_free(&answer);
}

/* kur and rr begin with a certificate: an ir gets it, and then they are signed with it. */
Test(fleet, updates_and_revocations_are_by_what_was_enrolled)
{
    options.count = 6;
    cr_assert(mix_parse(&options.mix, "kur=2,rr=2,ir=2"));
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    for (unsigned i = 0; i < 6; i++) {
        int by_own = fleet.requests[i].scenario != SCENARIO_IR;
        cr_assert_eq(fleet.requests[i].message.len == 0, by_own);
        cr_assert_eq(fleet.enrollments[i].message.len != 0, by_own);
        cr_assert(!by_own || fleet.devices[i].key != NULL);
        if (!by_own || i == 5) /* one of them gets none */
            continue;
        enroll(i);
    }
    cr_assert(fleet_prepare_rest(&fleet));
    for (unsigned i = 0; i < 6; i++) {
        static const int answers[SCENARIO_COUNT] = {
            [SCENARIO_IR] = PKI_IP, [SCENARIO_KUR] = PKI_KUP, [SCENARIO_RR] = PKI_RP};
        if (fleet.devices[i].own_cert.len == 0 && fleet.requests[i].scenario != SCENARIO_IR) {
            cr_assert_eq(fleet.requests[i].message.len, 0);
            continue;
        }
        struct answer answer = world_send(world, fleet.requests[i].message);
        cr_assert_eq(answer.body, answers[fleet.requests[i].scenario]);
        cr_assert_eq(answer.status.status, PKI_ACCEPTED);
        answer_free(&answer);
        cr_assert_null(fleet.devices[i].factory_key);
        cr_assert_null(fleet.devices[i].key);
        cr_assert_null(fleet.devices[i].next_key);
    }
    fleet_cleanup(&fleet);
}

/* ---- those who ask ---- */

static struct bytes serial_asked(const struct request *request)
{
    struct ocsp_request parsed;

    cr_assert(ocsp_request_parse(&parsed, request->message));
    cr_assert_eq(parsed.count, 1);
    cr_assert(ocsp_id_is_of(&parsed.ids[0], setup.ca.subject, setup.ca.spki));
    cr_assert(bytes_equal(request->cert_id, parsed.ids[0].der));
    cr_assert(bytes_equal(request->nonce, parsed.nonce));
    /* RFC 9654 2.1: 32 octets at least */
    cr_assert_eq(parsed.nonce.len, request->scenario == SCENARIO_OCSP_NONCE ? 32 : 0);
    return parsed.ids[0].serial;
}

/* Devices are those of CMP, and after them those that are asked about, which are enrolled first. */
Test(fleet, ocsp_asks_about_what_was_enrolled)
{
    struct certificate certs[2];

    options.count = 80;
    options.certificates = 3;
    cr_assert(mix_parse(&options.mix, "ocsp=1,ir=1,ocsp-nonce=1,crl=1"));
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    cr_assert_eq(fleet.device_count, 20 + 3);
    cr_assert(fleet.enrolls_first);
    for (unsigned i = 0; i < fleet.device_count; i++)
        cr_assert_eq(fleet.enrollments[i].message.len != 0, i >= 20);
    for (unsigned i = 0; i < 80; i++) {
        const struct request *request = &fleet.requests[i];
        cr_assert_eq(request->device != NULL, request->scenario == SCENARIO_IR);
        cr_assert_eq(request->message.len != 0, request->scenario == SCENARIO_IR);
        cr_assert_eq(request_is_ready(request),
                     request->scenario == SCENARIO_IR || request->scenario == SCENARIO_CRL);
    }
    enroll(20); /* the second one gets none */
    enroll(22);
    cr_assert(certificate_parse(&certs[0], fleet.devices[20].own_cert));
    cr_assert(certificate_parse(&certs[1], fleet.devices[22].own_cert));
    cr_assert(fleet_prepare_rest(&fleet));
    for (unsigned i = 0; i < 80; i++) {
        const struct request *request = &fleet.requests[i];
        cr_assert(request_is_ready(request));
        if (scenario_kind(request->scenario)->protocol != PROTOCOL_OCSP)
            continue;
        cr_assert(bytes_equal(serial_asked(request), certs[i / 4 % 2].serial));
        for (unsigned j = 0; j < i && request->nonce.len != 0; j++)
            cr_assert_not(bytes_equal(fleet.requests[j].nonce, request->nonce));
    }
    fleet_cleanup(&fleet);
}

static int prepare_about(const char *serials)
{
    int ok;

    cr_assert(file_write(path, serials, strlen(serials), 0600, 0));
    options.count = 4;
    options.certificates = 16;
    options.serials = path;
    cr_assert(mix_parse(&options.mix, "ocsp"));
    ok = fleet_prepare(&fleet, &setup, &options) && fleet_prepare_rest(&fleet);
    if (!ok)
        fleet_cleanup(&fleet);
    return ok;
}

/* As --held writes them, or by themselves. */
Test(fleet, ocsp_asks_about_the_serial_numbers_of_a_file)
{
    static const uint8_t first[] = {0x0a, 0xff}, second[] = {0x00, 0x80};

    cr_assert(prepare_about("0aFF 0123456789abcdef0123456789abcdef confirmed\n80\n"));
    cr_assert_eq(fleet.device_count, 0);
    cr_assert_not(fleet.enrolls_first);
    for (unsigned i = 0; i < 4; i++) /* an INTEGER is positive */
        cr_assert(bytes_equal(serial_asked(&fleet.requests[i]),
                              i % 2 == 0 ? bytes_of(first, 2) : bytes_of(second, 2)));
    fleet_cleanup(&fleet);
    cr_assert(prepare_about("000102030405060708090a0b0c0d0e0f1011121314")); /* 21 octets */
    fleet_cleanup(&fleet);
    static const char *const wrong[] = {
        "",    "\n",    "0",   "0a0",         "0g",
        "0a,", "0a\nx", " 0a", "0a\n0a0b\n0", "000102030405060708090a0b0c0d0e0f101112131415"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_assert_not(prepare_about(wrong[i]), "'%s' was taken", wrong[i]);
    options.serials = "/nowhere";
    cr_assert_not(fleet_prepare(&fleet, &setup, &options));
    fleet_cleanup(&fleet);
}

/* A fetch needs nothing. */
Test(fleet, crls_need_no_device)
{
    cr_assert(mix_parse(&options.mix, "crl"));
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    cr_assert(fleet_prepare_rest(&fleet));
    cr_assert_eq(fleet.device_count, 0);
    for (unsigned i = 0; i < COUNT; i++)
        cr_assert(request_is_ready(&fleet.requests[i]));
    fleet_cleanup(&fleet);
}

/* ---- secrets ---- */

static int prepare_with(const char *secrets)
{
    int ok;

    cr_assert(file_write(path, secrets, strlen(secrets), 0600, 0));
    options.protection = PROTECTION_PBM;
    options.secrets = path;
    ok = fleet_prepare(&fleet, &setup, &options);
    if (!ok)
        fleet_cleanup(&fleet);
    return ok;
}

Test(fleet, each_line_of_secrets_is_a_device)
{
    char longest[66], line[128];

    options.count = 2;
    cr_assert(prepare_with("one first secret\ntwo  x\nthree not needed\n"));
    cr_assert(bytes_equal(fleet.devices[0].reference, bytes_str("one")));
    cr_assert(bytes_equal(fleet.devices[0].secret, bytes_str("first secret")));
    cr_assert_str_eq(fleet.devices[0].name, "one");
    cr_assert(bytes_equal(fleet.devices[1].reference, bytes_str("two")));
    cr_assert(bytes_equal(fleet.devices[1].secret, bytes_str(" x")));
    cr_assert_null(fleet.devices[0].factory_key);
    cr_assert_eq(fleet.devices[0].factory_cert.len, 0);
    fleet_cleanup(&fleet);
    cr_assert_not(prepare_with("one first\n"));
    cr_assert_not(prepare_with("one first\n second\n"));
    cr_assert_not(prepare_with("one first\ntwo\n"));
    cr_assert_not(prepare_with("one first\ntwo \n"));
    options.count = 1;
    for (size_t len = 64; len <= 65; len++) {
        memset(longest, 'r', len);
        longest[len] = 0;
        snprintf(line, sizeof line, "%s s\n", longest);
        cr_assert_eq(prepare_with(line), len <= 64);
        if (len <= 64)
            fleet_cleanup(&fleet);
    }
    cr_assert(prepare_with(line + 1));
    longest[64] = 0;
    cr_assert_str_eq(fleet.devices[0].name, longest);
    fleet_cleanup(&fleet);
    options.secrets = "/nowhere";
    cr_assert_not(fleet_prepare(&fleet, &setup, &options));
    fleet_cleanup(&fleet);
}

/* Without a list all have the demo's. */
Test(fleet, the_demos_secret_serves_all)
{
    options.count = 2;
    options.protection = PROTECTION_PBMAC1;
    cr_assert(fleet_prepare(&fleet, &setup, &options));
    for (unsigned i = 0; i < 2; i++) {
        struct answer answer = world_send(world, fleet.requests[i].message);
        cr_assert(answer.has_cert);
        answer_free(&answer);
    }
    fleet_cleanup(&fleet);
}

/* ---- on disk ---- */

static void keep(unsigned count)
{
    options.count = count;
    options.fleet_file = path;
    cr_assert(fleet_prepare(&fleet, &setup, &options));
}

/* What was made is taken again, as much as is needed; more is made, and kept, too. */
Test(fleet, keys_on_disk_are_taken_again)
{
    static const unsigned counts[] = {3, 3, 2, 5, 5};
    struct certificate certs[5];
    uint8_t *ders[5] = {NULL};
    struct stat stat_of;
    off_t size = 0;
    unsigned have = 0;

    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        keep(counts[n]);
        for (unsigned i = 0; i < counts[n]; i++) {
            struct bytes der = fleet.devices[i].factory_cert;
            if (i < have) {
                cr_assert(bytes_equal(der, certs[i].der));
                continue;
            }
            ders[i] = malloc(der.len);
            memcpy(ders[i], der.data, der.len);
            cr_assert(certificate_parse(&certs[i], bytes_of(ders[i], der.len)));
        }
        have = counts[n] > have ? counts[n] : have;
        fleet_cleanup(&fleet);
        cr_assert_eq(stat(path, &stat_of), 0);
        cr_assert_eq(stat_of.st_mode & 0777, 0600);
        cr_assert(counts[n] == have || stat_of.st_size == size);
        size = stat_of.st_size;
    }
    /* Of the keys to be certified as well. */
    struct bytes spki[2];
    for (int again = 0; again <= 1; again++) {
        keep(5);
        spki[again] = arena_copy(world->arena, fleet.requests[4].spki);
        struct answer answer = world_send(world, fleet.requests[4].message);
        cr_assert(answer.has_cert);
        answer_free(&answer);
        fleet_cleanup(&fleet);
    }
    cr_assert(bytes_equal(spki[0], spki[1]));
    for (unsigned i = 0; i < 5; i++)
        free(ders[i]);
}

Test(fleet, secrets_need_no_certificates_on_disk)
{
    options.protection = PROTECTION_PBM;
    for (int again = 0; again <= 1; again++) {
        keep(2);
        cr_assert_eq(fleet.devices[1].factory_cert.len, 0);
        fleet_cleanup(&fleet);
    }
}

static int taken(void)
{
    int ok = fleet_prepare(&fleet, &setup, &options);

    fleet_cleanup(&fleet);
    return ok;
}

/* A file for another vendor, other keys, or one that is damaged at any place that is a length or a key. */
Test(fleet, what_was_made_for_others_or_is_damaged_is_refused)
{
    const struct certificate vendor = setup.vendor;
    uint8_t *data;
    size_t len;

    keep(2);
    fleet_cleanup(&fleet);
    cr_assert(taken());
    setup.vendor = world->stranger_root.cert;
    cr_assert_not(taken());
    setup.vendor = vendor;
    options.new_key = KEY_P384;
    cr_assert_not(taken());
    options.new_key = KEY_P256;
    options.device_key = KEY_P384;
    cr_assert_not(taken());
    options.device_key = KEY_P256;
    options.protection = PROTECTION_PBM;
    cr_assert_not(taken());
    options.protection = PROTECTION_SIGNATURE;
    cr_assert(taken());
    cr_assert(file_read(&data, &len, path, 1024 * 1024));
    size_t head = (size_t)((uint8_t *)memchr(data, '\n', len) - data) + 1;
    for (size_t cut = 1; cut < len; cut += cut < 8 || (cut > head - 4 && cut < head + 8) ? 1 : 97) {
        cr_assert(file_write(path, data, cut, 0600, 0));
        /* Nothing behind the head is a fleet of none: all are made. */
        cr_assert_eq(taken(), cut == head, "cut at %zu of %zu", cut, len);
    }
    data[head + 1]++; /* a piece of more than 65536 octets */
    cr_assert(file_write(path, data, len, 0600, 0));
    cr_assert_not(taken());
    data[head + 1]--;
    data[head + 3] = data[head + 2] = 0; /* no key at all */
    cr_assert(file_write(path, data, len, 0600, 0));
    cr_assert_not(taken());
    free(data);
    options.fleet_file = dir; /* a folder */
    cr_assert_not(taken());
    options.fleet_file = "/nowhere/file";
    cr_assert_not(taken());
}
