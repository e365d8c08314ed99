/* Seals of the audit log: the text of a statement made, signed, read back and verified. */
#include "audit_seal.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/batch.h"
#include "crypto/random.h"
#include "server/base/log.h"

static const char *const kinds[] = {[AUDIT_HEADS] = "heads", [AUDIT_ANCHOR] = "anchor"};

_Static_assert((int)STORE_CHAIN_ID == (int)STORE_INSTANCE, "a list of ends is one of either");

enum { HEX_MAX = 2 * STORE_HASH + 1, NODE_MAX = 4 * STORE_NAME_MAX + 3 };

/* ---- writing ---- */

/* struct writer appends to a text that is known to have room. */
struct writer {
    char *text;
    size_t used;
};

static void put(struct writer *w, const char *name, const char *value)
{
    w->used += (size_t)snprintf(w->text + w->used, AUDIT_SEAL_TEXT_MAX - w->used, "%s%s", name, value);
}

static void put_hex(struct writer *w, const char *name, const uint8_t *octets, size_t len)
{
    char hex[HEX_MAX];

    put(w, name, log_hex(hex, sizeof hex, bytes_of(octets, len)));
}

static void put_number(struct writer *w, const char *name, int64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)number);
    put(w, name, text);
}

static void put_ends(struct writer *w, const char *name, const struct store_head *ends, size_t n)
{
    put(w, name, "");
    for (size_t i = 0; i < n; i++) {
        put_hex(w, i == 0 ? "" : ",", ends[i].chain, STORE_CHAIN_ID);
        put_number(w, ":", ends[i].seq);
        put_hex(w, ":", ends[i].hash, STORE_HASH);
    }
}

static void write_text(struct writer *w, const struct audit_seal *seal, const char *node)
{
    put(w, "audit=1 kind=", kinds[seal->kind]);
    put(w, " node=", node);
    put_hex(w, " instance=", seal->instance, STORE_INSTANCE);
    put_number(w, " number=", seal->number);
    put_hex(w, " previous=", seal->previous, STORE_HASH);
    put_number(w, " at=", seal->at);
    put_hex(w, " key=", seal->key, AUDIT_KEY_ID);
    put(w, " algorithm=", seal->algorithm->name);
    put_ends(w, " heads=", seal->heads, seal->head_count);
    put_ends(w, " seals=", seal->seals, seal->seal_count);
}

/* ---- reading: each takes something off the front, and returns 0 if it is not there ---- */

static int take(struct bytes *rest, const char *literal)
{
    size_t len = strlen(literal);

    if (rest->len < len || memcmp(rest->data, literal, len) != 0)
        return 0;
    *rest = bytes_of(rest->data + len, rest->len - len);
    return 1;
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_hex(struct bytes *rest, uint8_t *out, size_t len)
{
    if (rest->len < 2 * len)
        return 0;
    for (size_t i = 0; i < len; i++) {
        int high = digit_of(rest->data[2 * i]), low = digit_of(rest->data[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        out[i] = (uint8_t)(high << 4 | low);
    }
    *rest = bytes_of(rest->data + 2 * len, rest->len - 2 * len);
    return 1;
}

/* The longest number that fits for certain has 18 digits. */
static int take_number(struct bytes *rest, int64_t *out)
{
    enum { DIGITS_MAX = 18 };
    size_t n = 0;

    for (*out = 0; n < rest->len && n < DIGITS_MAX && rest->data[n] >= '0' && rest->data[n] <= '9'; n++)
        *out = *out * 10 + (rest->data[n] - '0');
    *rest = bytes_of(rest->data + n, rest->len - n);
    return n > 0;
}

static int take_quoted(struct bytes *rest, struct bytes *out)
{
    size_t n = 1;

    if (rest->len < 2 || rest->data[0] != '"')
        return 0;
    while (n < rest->len && rest->data[n] != '"')
        n += rest->data[n] == '\\' ? 2 : 1;
    if (n >= rest->len)
        return 0;
    *out = bytes_of(rest->data, n + 1);
    *rest = bytes_of(rest->data + n + 1, rest->len - n - 1);
    return 1;
}

static int take_algorithm(struct bytes *rest, const struct signature_algorithm **out)
{
    char name[64];
    size_t n = 0;

    while (n < rest->len && n < sizeof name - 1 && rest->data[n] != ' ')
        n++;
    memcpy(name, rest->data, n);
    name[n] = 0;
    *rest = bytes_of(rest->data + n, rest->len - n);
    *out = signature_named(name);
    return *out != NULL;
}

static int take_ends(struct bytes *rest, struct store_head *ends, size_t max, size_t *count)
{
    for (*count = 0; rest->len != 0 && rest->data[0] != ' '; ++*count) {
        struct store_head *end = &ends[*count];
        if (*count == max || (*count != 0 && !take(rest, ",")))
            return 0;
        *end = (struct store_head){.at = 0};
        if (!take_hex(rest, end->chain, STORE_CHAIN_ID) || !take(rest, ":") ||
            !take_number(rest, &end->seq) || !take(rest, ":") || !take_hex(rest, end->hash, STORE_HASH))
            return 0;
    }
    return 1;
}

int audit_seal_parse(struct audit_seal *out, struct bytes text)
{
    struct bytes rest = text;

    if (take(&rest, "audit=1 kind=heads"))
        out->kind = AUDIT_HEADS;
    else if (take(&rest, "audit=1 kind=anchor"))
        out->kind = AUDIT_ANCHOR;
    else
        return 0;
    return take(&rest, " node=") && take_quoted(&rest, &out->node) && take(&rest, " instance=") &&
           take_hex(&rest, out->instance, STORE_INSTANCE) && take(&rest, " number=") &&
           take_number(&rest, &out->number) && out->number > 0 && take(&rest, " previous=") &&
           take_hex(&rest, out->previous, STORE_HASH) && take(&rest, " at=") &&
           take_number(&rest, &out->at) && take(&rest, " key=") && take_hex(&rest, out->key, AUDIT_KEY_ID) &&
           take(&rest, " algorithm=") && take_algorithm(&rest, &out->algorithm) && take(&rest, " heads=") &&
           take_ends(&rest, out->heads, AUDIT_SEAL_ENDS, &out->head_count) && take(&rest, " seals=") &&
           take_ends(&rest, out->seals, AUDIT_SEAL_ENDS, &out->seal_count) && rest.len == 0;
}

static struct bytes part_after(struct bytes text, const char *mark)
{
    const uint8_t *at = text.len != 0 ? memmem(text.data, text.len, mark, strlen(mark)) : NULL;

    return at != NULL ? bytes_of(at + strlen(mark), text.len - (size_t)(at - text.data) - strlen(mark))
                      : bytes_of(NULL, 0);
}

int audit_seal_find(struct bytes *text, struct bytes *signature, uint8_t *room, struct bytes line)
{
    static const char begin[] = "event=\"" AUDIT_SEAL_EVENT "\" ", mark[] = " signature=";
    struct bytes hex;
    size_t len;

    *text = part_after(line, begin);
    if (text->len == 0)
        return 0;
    hex = part_after(*text, mark);
    len = hex.len / 2;
    if (hex.len != 0)
        text->len -= hex.len + sizeof mark - 1;
    if (hex.len % 2 != 0 || len > SIGNATURE_MAX || !take_hex(&hex, room, len))
        len = 0;
    *signature = bytes_of(room, len);
    return 1;
}

/* ---- seals ---- */

int audit_key_id(uint8_t out[AUDIT_KEY_ID], struct bytes spki)
{
    uint8_t hash[DIGEST_MAX];
    int ok = digest_compute(hash, DIGEST_SHA256, spki) == STORE_HASH;

    memcpy(out, hash, AUDIT_KEY_ID);
    return ok;
}

int audit_seal_hash(uint8_t out[STORE_HASH], struct bytes text, struct bytes signature)
{
    enum { LENGTH = 8 };
    size_t used = sizeof AUDIT_SEAL_PREFIX;
    uint8_t *all = malloc(used + LENGTH + text.len + signature.len);
    int ok = all != NULL;

    if (ok) {
        memcpy(all, AUDIT_SEAL_PREFIX, used);
        for (int i = LENGTH - 1; i >= 0; i--)
            all[used++] = (uint8_t)((uint64_t)text.len >> (8 * i));
        memcpy(all + used, text.data, text.len);
        used += text.len;
        memcpy(all + used, signature.data, signature.len);
        used += signature.len;
        ok = digest_compute(out, DIGEST_SHA256, bytes_of(all, used)) == STORE_HASH;
    }
    free(all);
    return ok;
}

void audit_sealer_begin(struct audit_sealer *sealer)
{
    *sealer = (struct audit_sealer){.number = 0};
    random_bytes(sealer->instance, STORE_INSTANCE);
}

int audit_sealer_advance(struct audit_sealer *sealer, const struct store_seal *stored)
{
    sealer->number = stored->number;
    return audit_seal_hash(sealer->hash, stored->text, stored->signature);
}

static int sign(struct store_seal *out, struct arena *arena, const struct private_key *key,
                const struct signature_algorithm *algorithm)
{
    struct signing item = {.algorithm = algorithm,
                           .key = key,
                           .message = out->text,
                           .signature = arena_alloc(arena, private_key_signature_max(key))};

    if (item.signature == NULL)
        return 0;
    sign_batch(&(struct signing *){&item}, 1);
    out->signature = bytes_of(item.signature, item.signature_len);
    return item.signature_len != 0;
}

int audit_seal_make(struct store_seal *out, struct arena *arena, struct audit_seal *seal,
                    const struct audit_sealer *sealer, struct bytes node, int64_t at,
                    const struct private_key *key, const struct signature_algorithm *algorithm)
{
    struct writer writer = {arena_alloc(arena, AUDIT_SEAL_TEXT_MAX), 0};
    char quoted[NODE_MAX];

    if (writer.text == NULL || !audit_key_id(seal->key, private_key_spki(key)))
        return 0;
    *out = (struct store_seal){.number = sealer->number + 1, .at = at, .node = node};
    memcpy(out->instance, sealer->instance, STORE_INSTANCE);
    memcpy(seal->instance, sealer->instance, STORE_INSTANCE);
    memcpy(seal->previous, sealer->hash, STORE_HASH);
    seal->number = out->number;
    seal->at = at;
    seal->algorithm = algorithm;
    write_text(&writer, seal, log_quote(quoted, sizeof quoted, node));
    out->text = bytes_of(writer.text, writer.used);
    return sign(out, arena, key, algorithm);
}
