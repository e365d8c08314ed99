/* A fleet on disk: keys and the vendor's certificates, which take long to make (of RSA, minutes). Requests
 * are signed anew for every run: a transactionID counts once.
 *
 * The file begins with a line that says what it was made for; then each device is three runs of octets, each
 * after its length in four octets: the vendor's key in PEM, its certificate in DER, the key to be certified
 * in PEM. With shared secrets the first two are empty. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/fleet.h"
#include "crypto/der.h"
#include "server/base/file.h"

enum { HEAD_MAX = 256, PIECE_MAX = 1 << 16 };
#define FILE_LIMIT ((size_t)1 << 36)

static void write_head(char out[HEAD_MAX], const struct fleet *fleet)
{
    const struct options *options = fleet->options;
    int by_vendor = options->protection == PROTECTION_SIGNATURE;
    uint8_t hash[DIGEST_MAX];
    char vendor[2 * DIGEST_MAX + 1] = "none";
    size_t len = digest_compute(hash, DIGEST_SHA256, fleet->setup->vendor.der);

    for (size_t i = 0; by_vendor && i < len; i++)
        snprintf(vendor + 2 * i, 3, "%02x", hash[i]);
    snprintf(out, HEAD_MAX, "cmpbench fleet 1 vendor %s device-key %s key %s\n", vendor,
             by_vendor ? key_algorithm(options->device_key)->name : "none",
             key_algorithm(options->new_key)->name);
}

/* ---- reading ---- */

struct pieces {
    struct fleet *fleet;
    struct bytes (*of)[3]; /* of each device */
};

static int parse_keys(struct private_key **out, struct bytes pem, enum key_kind kind)
{
    if (pem.len == 0)
        return 1;
    *out = private_key_from_pem(pem);
    return *out != NULL && private_key_kind(*out) == kind;
}

static int read_devices(void *arg, unsigned worker, unsigned from, unsigned to)
{
    const struct pieces *pieces = arg;
    const struct options *options = pieces->fleet->options;

    (void)worker;
    for (unsigned i = from; i < to; i++) {
        struct device *device = &pieces->fleet->devices[i];
        device->factory_cert = pieces->of[i][1];
        if (!parse_keys(&device->factory_key, pieces->of[i][0], options->device_key) ||
            !parse_keys(&device->key, pieces->of[i][2], options->new_key) || device->key == NULL)
            return 0;
    }
    return 1;
}

static int cut(struct fleet *fleet, struct bytes (*out)[3], unsigned *have, struct bytes data)
{
    CBS cbs = cbs_of(data), piece;
    uint32_t len;

    for (*have = 0; *have < fleet->device_count && CBS_len(&cbs) != 0; ++*have)
        for (int i = 0; i < 3; i++) {
            if (!CBS_get_u32(&cbs, &len) || len > PIECE_MAX || !CBS_get_bytes(&cbs, &piece, len))
                return 0;
            out[*have][i] = bytes_of_cbs(&piece);
            /* Certificates outlive the file's octets. */
            if (i == 1)
                out[*have][i] = arena_copy(fleet->shared, out[*have][i]);
        }
    return 1;
}

int fleet_read(struct fleet *fleet, unsigned *have, const char *path)
{
    struct pieces pieces = {.fleet = fleet};
    char head[HEAD_MAX];
    uint8_t *data;
    size_t len, head_len;
    int ok;

    *have = 0;
    if (!file_read(&data, &len, path, FILE_LIMIT)) {
        if (errno == ENOENT)
            return 1;
        fprintf(stderr, "cmpbench: cannot read %s: %s\n", path, strerror(errno));
        return 0;
    }
    write_head(head, fleet);
    head_len = strlen(head);
    pieces.of = calloc(fleet->device_count + 1u, sizeof *pieces.of);
    if (len < head_len || memcmp(data, head, head_len) != 0)
        fprintf(stderr, "cmpbench: %s was made for another vendor or other keys: remove it\n", path);
    ok = pieces.of != NULL && len >= head_len && memcmp(data, head, head_len) == 0 &&
         cut(fleet, pieces.of, have, bytes_of(data + head_len, len - head_len)) &&
         (*have == 0 || parallel_run(*have, REQUEST_BATCH, "keys from disk", read_devices, &pieces));
    if (!ok)
        fprintf(stderr, "cmpbench: no fleet could be taken from %s\n", path);
    free(pieces.of);
    file_free(data, len);
    return ok;
}

/* ---- writing ---- */

static int write_piece(FILE *out, const void *data, size_t len)
{
    const uint8_t length[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};

    return fwrite(length, sizeof length, 1, out) == 1 && (len == 0 || fwrite(data, len, 1, out) == 1);
}

static int write_key(FILE *out, const struct private_key *key)
{
    uint8_t *pem = NULL;
    size_t len = 0;
    int ok = key == NULL || private_key_to_pem(&pem, &len, key);

    ok = ok && write_piece(out, pem, len);
    file_free(pem, len);
    return ok;
}

int fleet_write(const struct fleet *fleet, const char *path)
{
    char head[HEAD_MAX], *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int ok = out != NULL;

    write_head(head, fleet);
    ok = ok && fputs(head, out) != EOF;
    for (unsigned i = 0; ok && i < fleet->device_count; i++) {
        const struct device *device = &fleet->devices[i];
        ok = write_key(out, device->factory_key) &&
             write_piece(out, device->factory_cert.data, device->factory_cert.len) &&
             write_key(out, device->key);
    }
    ok = out != NULL && fclose(out) == 0 && ok && file_write(path, text, len, 0600, 0);
    if (!ok)
        fprintf(stderr, "cmpbench: cannot write %s: %s\n", path, strerror(errno));
    file_free((uint8_t *)text, len);
    return ok;
}
