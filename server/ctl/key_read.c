/* key_read.c: see key_read.h. What is in a file is found by trying: no two of the forms can be taken for each
 * other, for their first elements differ. */
#include "server/ctl/key_read.h"

#include <errno.h>
#include <string.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"
#include "server/pki/request.h"

enum { FILE_MAX = 1024 * 1024, REQUEST_ARENA = 1024 * 1024 };

typedef int take_der(uint8_t hash[STORE_HASH], struct bytes der);

static int hash_key(uint8_t hash[STORE_HASH], struct bytes spki)
{
    struct public_key *key = public_key_parse(spki);

    if (key == NULL) /* no kind that is ever certified */
        return 0;
    public_key_free(key);
    return digest_compute(hash, DIGEST_SHA256, spki) == STORE_HASH;
}

static int take_key(uint8_t hash[STORE_HASH], struct bytes der)
{
    struct arena *arena = arena_new(REQUEST_ARENA);
    struct certificate certificate;
    struct cert_request request;
    const char *why = NULL;
    int ok;

    if (arena == NULL)
        return 0;
    if (certificate_parse(&certificate, der))
        ok = hash_key(hash, certificate.spki);
    else if (pki_decode_pkcs10(&request, arena, &why, der))
        ok = hash_key(hash, request.tmpl.spki);
    else
        ok = hash_key(hash, der);
    arena_free(arena);
    return ok;
}

static int take_certificate(uint8_t hash[STORE_HASH], struct bytes der)
{
    struct certificate certificate;

    return certificate_parse(&certificate, der) && digest_compute(hash, DIGEST_SHA256, der) == STORE_HASH;
}

struct reading {
    take_der *take;
    uint8_t *hash;
};

static int take_block(void *arg, const char *label, struct bytes der)
{
    const struct reading *reading = arg;

    (void)label;
    return reading->take(reading->hash, der);
}

static int read_file(uint8_t *hash, const char *path, take_der *take, const char *what)
{
    struct reading reading = {take, hash};
    uint8_t *data;
    size_t len;
    int ok;

    if (!file_read(&data, &len, path, FILE_MAX))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    ok = pem_first(bytes_of(data, len), take_block, &reading) || take(hash, bytes_of(data, len));
    file_free(data, len);
    return ok || !ctl_fault("%s holds no %s, in PEM or DER, that cmpd can read", path, what);
}

int ctl_read_key(uint8_t hash[STORE_HASH], const char *path)
{
    return read_file(hash, path, take_key, "certificate, public key or PKCS #10 request");
}

int ctl_read_key_or_hash(uint8_t hash[STORE_HASH], const char *text)
{
    return (strlen(text) == 2 * (size_t)STORE_HASH && cert_read_hex(hash, STORE_HASH, text) == STORE_HASH) ||
           ctl_read_key(hash, text);
}

int ctl_read_certificate(uint8_t hash[STORE_HASH], const char *path)
{
    return read_file(hash, path, take_certificate, "certificate");
}
