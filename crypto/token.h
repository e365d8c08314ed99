/* token.h: private keys that live in a PKCS #11 token and sign there.
 *
 * Each token that is in use has threads of its own, one for each session, which take signings from a bounded
 * queue; nobody else ever waits for a token. While a token is lost, signings fail at once, and a thread tries
 * to have it back: it comes back by itself. Keys of one token share it, also over a reload of the
 * configuration. PINs are read from their file when they are needed, and not kept; of one that was refused, a
 * salted digest is. */
#ifndef CMPD_CRYPTO_TOKEN_H
#define CMPD_CRYPTO_TOKEN_H

#include "crypto/batch.h"

struct token_key;

enum { TOKEN_FAULT_MAX = 512 };

/* token_open finds the private key that |uri| names, opening its token with |sessions| sessions if no other
 * key has done so, and makes it sign: what |spki| verifies is the proof that the key belongs to that public
 * key. Waits for that, BOUND_TOKEN_STALL seconds at most, whatever the token does. Returns a key freed by
 * private_key_free, or NULL with |fault| (TOKEN_FAULT_MAX octets) written: what is wrong and what to do,
 * without anything secret. */
struct private_key *token_open(char *fault, const char *uri, struct bytes spki, unsigned sessions);

/* token_sign has |item|, whose key is remote, signed by its token, and never blocks. |done| is called once
 * with |arg| when |item| has its result: it must not block. It is called by a thread of the token or, when
 * the token has just been lost, by one that is in token_sign itself. Nothing of |item| is touched afterwards,
 * even if the token still has it. Returns 1; or 0, with an empty signature and without |done|, when the token
 * is lost, the key missing, or the queue full. The key must live until |done| was called and token_sign has
 * returned. Any thread. */
int token_sign(struct signing *item, void (*done)(void *arg), void *arg);

/* token_sign_and_wait signs |item| and waits for it: for callers that have nothing else to do. Returns
 * |item|'s signature_len. */
size_t token_sign_and_wait(struct signing *item);

/* token_any_lost returns 1 while a token that is in use is lost, or a key that is in use is missing from its
 * token. */
int token_any_lost(void);

/* token_key_free gives |key| up: for private_key_free. Never waits; the last key's token is closed behind its
 * back. NULL is allowed. */
void token_key_free(struct token_key *key);

#endif
