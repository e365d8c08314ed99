/* An index of a CRL: its entries sorted by serial. Sorted, not hashed: whoever chooses serials cannot make it
 * slow. */
#include "crypto/crl_index.h"

#include <stdlib.h>

#include "server/base/bounds.h"

/* What is no DER of its number is taken for that number all the same: or it would be another one in a list.
 */
static struct bytes shortest(struct bytes serial)
{
    while (serial.len > 1 && ((serial.data[0] == 0x00 && (serial.data[1] & 0x80) == 0) ||
                              (serial.data[0] == 0xff && (serial.data[1] & 0x80) != 0)))
        serial = bytes_of(serial.data + 1, serial.len - 1);
    return serial;
}

static uint64_t tail_of(struct bytes serial)
{
    size_t begin = serial.len > sizeof(uint64_t) ? serial.len - sizeof(uint64_t) : 0;
    uint64_t tail = 0;

    for (size_t i = begin; i < serial.len; i++)
        tail = tail << 8 | serial.data[i];
    return tail;
}

static int by_tail(const void *a, const void *b)
{
    const struct crl_index_place *left = a, *right = b;

    return left->tail != right->tail ? (left->tail < right->tail ? -1 : 1)
                                     : (left->at > right->at) - (left->at < right->at);
}

/* certificateIssuer: GeneralNames, of which the directoryName is the issuer's. */
static struct bytes issuer_of(struct bytes certificate_issuer)
{
    CBS whole = cbs_of(certificate_issuer), names, content;
    CBS_ASN1_TAG tag;

    if (!CBS_get_asn1(&whole, &names, CBS_ASN1_SEQUENCE) || CBS_len(&whole) != 0)
        return bytes_of(NULL, 0);
    while (CBS_get_any_asn1(&names, &content, &tag))
        if (tag == (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 4))
            return bytes_of_cbs(&content);
    return bytes_of(NULL, 0);
}

/* Returns which of the issuers has |name|, a new one if none has; 0 if there can be no more. */
static uint32_t issuer_named(struct crl_index *index, struct bytes name)
{
    struct crl_index_issuer *more;
    struct name_cache cache = {1, name_print(name)};

    for (size_t i = 0; i < index->issuer_count; i++)
        if (name_equal_cached(index->issuers[i].name, &index->issuers[i].cache, name, &cache))
            return (uint32_t)i + 1;
    if (index->issuer_count == BOUND_CRL_ISSUERS)
        return 0;
    more = realloc(index->issuers, (index->issuer_count + 1) * sizeof *more);
    if (more == NULL)
        return 0;
    index->issuers = more;
    more[index->issuer_count++] = (struct crl_index_issuer){name, cache};
    return (uint32_t)index->issuer_count;
}

static size_t count_entries(CBS entries)
{
    size_t count = 0;

    while (CBS_get_asn1(&entries, NULL, CBS_ASN1_SEQUENCE))
        count++;
    return count;
}

/* RFC 5280 5.3.3: an entry without certificateIssuer has that of the entry before. */
static const char *fill(struct crl_index *index, CBS entries, struct bytes own_issuer, int is_indirect)
{
    const uint8_t *begin = CBS_data(&entries);
    struct crl_entry entry;
    uint32_t issuer;
    struct bytes name, last = own_issuer;

    if ((issuer = issuer_named(index, own_issuer)) == 0)
        return "out of memory";
    while (CBS_len(&entries) != 0) {
        size_t at = (size_t)(CBS_data(&entries) - begin);
        if (!crl_read_entry(&entries, &entry))
            return "an entry is malformed";
        if (entry.unknown_critical.len != 0)
            return "an entry has a critical extension that is not supported";
        if (entry.certificate_issuer.len != 0) {
            if (!is_indirect)
                return "an entry has a certificateIssuer, and the CRL is not indirect";
            if ((name = issuer_of(entry.certificate_issuer)).len == 0)
                return "an entry has a certificateIssuer without a directoryName";
            if (!bytes_equal(name, last) && (issuer = issuer_named(index, name)) == 0)
                return "it speaks of certificates of too many issuers";
            last = name;
        }
        index->places[index->count++] = (struct crl_index_place){
            .tail = tail_of(shortest(entry.serial)), .at = (uint32_t)at, .issuer = issuer - 1};
    }
    return NULL;
}

const char *crl_index_make(struct crl_index *out, const struct crl *crl, int is_indirect)
{
    CBS entries = cbs_of(crl->entries);
    size_t count = count_entries(entries);
    const char *why;

    *out = (struct crl_index){.entries = crl->entries};
    if (crl->entries.len > UINT32_MAX)
        return "it is too large";
    out->places = calloc(count + 1, sizeof *out->places);
    if (out->places == NULL)
        return "out of memory";
    why = fill(out, entries, crl->issuer, is_indirect);
    if (why != NULL) {
        crl_index_free(out);
        return why;
    }
    qsort(out->places, out->count, sizeof *out->places, by_tail);
    return NULL;
}

static size_t first_of(const struct crl_index *index, uint64_t tail)
{
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->places[middle].tail < tail)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Threads share the prints of the index. */
static int is_of(const struct crl_index_issuer *issuer, struct bytes name, struct name_cache *cache)
{
    struct name_cache copy = issuer->cache;

    return name_equal_cached(issuer->name, &copy, name, cache);
}

int crl_index_find(const struct crl_index *index, struct crl_entry *out, struct bytes serial,
                   struct bytes issuer)
{
    struct bytes wanted = shortest(serial);
    struct name_cache cache = {.printed = 0};
    uint64_t tail = tail_of(wanted);
    int found = 0;

    for (size_t i = first_of(index, tail); i < index->count && index->places[i].tail == tail; i++) {
        const struct crl_index_place *place = &index->places[i];
        CBS entries = cbs_of(bytes_of(index->entries.data + place->at, index->entries.len - place->at));
        struct crl_entry entry;
        if (!crl_read_entry(&entries, &entry) || !bytes_equal(shortest(entry.serial), wanted) ||
            !is_of(&index->issuers[place->issuer], issuer, &cache))
            continue;
        *out = entry;
        found = 1;
    }
    return found;
}

void crl_index_free(struct crl_index *index)
{
    free(index->places);
    free(index->issuers);
    *index = (struct crl_index){.count = 0};
}
