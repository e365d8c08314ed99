/* der.h: DER in and out. Hands on BoringSSL's CBS and CBB to whoever reads or writes DER, with what they
 * lack.
 *
 * The one header outside the front's TLS file through which a type of BoringSSL may cross. */
#ifndef CMPD_CRYPTO_DER_H
#define CMPD_CRYPTO_DER_H

#include <openssl/bytestring.h>

#include "server/base/arena.h"
#include "server/base/bytes.h"

/* der_is_strict returns 1 if |der| is exactly one element in DER (X.690 10 and 11): definite minimal lengths,
 * canonical BOOLEAN, INTEGER, BIT STRING, OBJECT IDENTIFIER, UTCTime and GeneralizedTime, no constructed
 * strings, at most |depth| levels. On 0, |*where| (if not NULL) is the offset of the first fault and |*why|
 * its reason. The order within SET OF is not checked: names from the field have it wrong, and nothing here
 * depends on it. */
int der_is_strict(size_t *where, const char **why, struct bytes der, unsigned depth);

/* der_content_fault holds the content of one element of |tag| against the rules of its universal type,
 * without looking into constructed ones; returns what is wrong, or NULL. */
const char *der_content_fault(CBS_ASN1_TAG tag, const CBS *content);

/* cbs_of and bytes_of_cbs convert between the two views. */
static inline CBS cbs_of(struct bytes b)
{
    CBS cbs;
    CBS_init(&cbs, b.data, b.len);
    return cbs;
}

static inline struct bytes bytes_of_cbs(const CBS *cbs)
{
    return bytes_of(CBS_data(cbs), CBS_len(cbs));
}

/* der_get_int64 reads an INTEGER into |*out|; returns 0 if it is none or does not fit. */
int der_get_int64(CBS *cbs, int64_t *out);

/* der_get_time reads a UTCTime or GeneralizedTime in the forms of RFC 5280 4.1.2.5 into Unix seconds. */
int der_get_time(CBS *cbs, int64_t *out);

/* der_get_generalized_time reads a GeneralizedTime, fractions of a second allowed (RFC 9810 5.1.1
 * messageTime), whose content is |content|, into Unix seconds. */
int der_parse_generalized_time(struct bytes content, int64_t *out);

/* der_put_time writes what der_add_time does into |out|, and der_put_generalized_time what
 * der_add_generalized_time does. Both return how many octets, or 0 if |at| has no such form. */
enum { DER_TIME_MAX = 17 };
size_t der_put_time(uint8_t out[DER_TIME_MAX], int64_t at);
size_t der_put_generalized_time(uint8_t out[DER_TIME_MAX], int64_t at);

/* der_add_time writes |at| as RFC 5280 4.1.2.5 wants it: UTCTime until 2049, GeneralizedTime from 2050. */
int der_add_time(CBB *cbb, int64_t at);

/* der_add_generalized_time writes |at| as GeneralizedTime, to the second. */
int der_add_generalized_time(CBB *cbb, int64_t at);

/* der_add_bytes appends |b| as it is. */
static inline int der_add_bytes(CBB *cbb, struct bytes b)
{
    return b.len == 0 || CBB_add_bytes(cbb, b.data, b.len);
}

/* der_add_oid appends an OBJECT IDENTIFIER whose content octets are |oid|. */
int der_add_oid(CBB *cbb, struct bytes oid);

/* der_add_octets appends an element |tag| with content |b|. */
int der_add_octets(CBB *cbb, CBS_ASN1_TAG tag, struct bytes b);

/* der_add_int64 appends an INTEGER. */
int der_add_int64(CBB *cbb, int64_t value);

/* der_add_uint appends an INTEGER of the unsigned big-endian octets |b|, without leading zeros. */
int der_add_uint(CBB *cbb, struct bytes b);

/* der_add_bit_string appends a BIT STRING of whole octets. */
int der_add_bit_string(CBB *cbb, struct bytes b);

/* der_add_named_bits appends a BIT STRING of the named bits in |bits| (bit 0 first), trailing zeros cut
 * (X.690 11.2.2). */
int der_add_named_bits(CBB *cbb, uint64_t bits);

/* der_get_named_bits reads a BIT STRING of at most 64 bits into |*out|, bit 0 first. */
int der_get_named_bits(CBS *cbs, uint64_t *out);

/* der_finish moves what |cbb| holds into |arena|, and cleans |cbb| up. Returns 1, or 0 without memory or when
 * a write to |cbb| had failed. |ok| is the conjunction of the writes, so that a builder reads as one
 * expression. */
int der_finish(struct bytes *out, struct arena *arena, CBB *cbb, int ok);

/* der_oid_text writes the dotted form of the content octets |oid| into |out|; "?" if it does not fit or
 * parse. */
const char *der_oid_text(char *out, size_t out_len, struct bytes oid);

/* der_oid_parse reads the dotted form |text| into content octets in |out| (at most |*out_len|); returns 1 or
 * 0. */
int der_oid_parse(uint8_t *out, size_t *out_len, const char *text);

#endif
