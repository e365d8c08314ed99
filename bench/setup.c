/* Reads the folder of a demo: the CA, the vendor, the shared secret. */
#include "bench/setup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/pem.h"
#include "crypto/random.h"
#include "server/base/file.h"
#include "server/pki/message.h"

enum { FILE_LIMIT = 1024 * 1024, ARENA = 1024 * 1024 };

static int read_file(uint8_t **out, size_t *len, const char *dir, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", dir, name) < (int)sizeof path &&
        file_read(out, len, path, FILE_LIMIT))
        return 1;
    fprintf(stderr, "cmpbench: cannot read %s/%s: %s\n", dir, name, strerror(errno));
    return 0;
}

struct first {
    struct arena *arena;
    struct bytes der;
};

static int keep_first(void *arg, struct bytes der)
{
    struct first *first = arg;

    first->der = arena_copy(first->arena, der);
    return 0;
}

static int read_certificate(struct certificate *out, struct arena *arena, const char *dir, const char *name)
{
    struct first first = {arena, {NULL, 0}};
    uint8_t *text;
    size_t len;
    int ok;

    if (!read_file(&text, &len, dir, name))
        return 0;
    ok = pem_each_certificate(bytes_of(text, len), keep_first, &first) != 0 &&
         certificate_parse(out, first.der);
    free(text);
    if (!ok)
        fprintf(stderr, "cmpbench: %s/%s holds no certificate\n", dir, name);
    return ok;
}

static int read_key(struct private_key **out, const char *dir, const char *name)
{
    uint8_t *text;
    size_t len;

    if (!read_file(&text, &len, dir, name))
        return 0;
    *out = private_key_from_pem(bytes_of(text, len));
    file_free(text, len);
    if (*out == NULL)
        fprintf(stderr, "cmpbench: %s/%s holds no private key\n", dir, name);
    return *out != NULL;
}

static int read_line(struct bytes *out, struct arena *arena, const char *dir, const char *name)
{
    uint8_t *text;
    size_t len, line = 0;

    if (!read_file(&text, &len, dir, name))
        return 0;
    while (line < len && text[line] != '\n')
        line++;
    *out = arena_copy(arena, bytes_of(text, line));
    file_free(text, len);
    return out->len != 0;
}

/* What every answer is held against must itself hang together: a certificate, its CA, the root. */
static int is_chain(const struct certificate *cert, const struct public_key *issuer_key,
                    const struct certificate *issuer)
{
    struct verification item = {
        .algorithm = cert->algorithm, .key = issuer_key, .message = cert->tbs, .signature = cert->signature};
    struct verification *items[] = {&item};

    verify_batch(items, 1);
    return item.valid && bytes_equal(cert->issuer, issuer->subject);
}

int setup_load(struct setup *out, const char *dir)
{
    struct public_key *root_key;
    int ok;

    *out = (struct setup){.arena = arena_new(ARENA)};
    ok = out->arena != NULL && read_certificate(&out->root, out->arena, dir, "ca/root.pem") &&
         read_certificate(&out->ca, out->arena, dir, "ca/issuing.pem") &&
         read_certificate(&out->cmp, out->arena, dir, "ca/cmp.pem") &&
         read_certificate(&out->vendor, out->arena, dir, "demo/vendor-intermediate.pem") &&
         read_key(&out->vendor_key, dir, "demo/vendor-intermediate.key") &&
         read_line(&out->reference, out->arena, dir, "demo/mac-reference") &&
         read_line(&out->secret, out->arena, dir, "demo/mac-secret");
    if (!ok) {
        fprintf(stderr, "cmpbench: %s is no setup that cmpctl init --demo made\n", dir);
        return 0;
    }
    out->ca_key = public_key_parse(out->ca.spki);
    out->cmp_key = public_key_parse(out->cmp.spki);
    root_key = public_key_parse(out->root.spki);
    ok = is_chain(&out->ca, root_key, &out->root) && is_chain(&out->cmp, out->ca_key, &out->ca) &&
         pki_directory_name(&out->recipient, out->arena, out->ca.subject);
    public_key_free(root_key);
    if (!ok)
        fprintf(stderr, "cmpbench: the CA's certificates in %s are no chain\n", dir);
    return ok;
}

void setup_cleanup(struct setup *setup)
{
    public_key_free(setup->ca_key);
    public_key_free(setup->cmp_key);
    private_key_free(setup->vendor_key);
    arena_free(setup->arena);
}
