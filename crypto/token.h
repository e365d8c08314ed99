/* token.h: private keys that live in a PKCS #11 token and sign there.
 *
 * Each token that is in use has threads of its own, one for each session, which take signings from a bounded
 * queue; nobody else ever waits for a token. While a token is lost, signings fail at once, and a thread tries
 * to have it back: it comes back by itself. Keys of one token share it, also over a reload of the
 * configuration. PINs are read from their file when they are needed, and not kept; of one that was refused, a
 * salted digest is. */
#ifndef CMPD_CRYPTO_TOKEN_H
#define CMPD_CRYPTO_TOKEN_H

#include "crypto/key.h"
#include "crypto/token_metrics.h"

enum { TOKEN_FAULT_MAX = 512 };

/* token_open finds the private key that |uri| names, opening its token with |sessions| sessions if no other
 * key has done so, and makes it sign: what |spki| verifies is the proof that the key belongs to that public
 * key. Waits for that, BOUND_TOKEN_STALL seconds at most, whatever the token does. Returns a key freed by
 * private_key_free, or NULL with |fault| (TOKEN_FAULT_MAX octets) written: what is wrong and what to do,
 * without anything secret. Its signings, and what is lost, are told by crypto/remote.h. */
struct private_key *token_open(char *fault, const char *uri, struct bytes spki, unsigned sessions);

/* struct token_pair is a key pair that is to be made in a token. */
struct token_pair {
    enum key_kind kind;
    unsigned rsa_bits; /* for KEY_RSA */
    const char *label; /* for whoever looks into the token */
    struct arena *arena;
    struct bytes spki; /* written, in |arena| */
    const char *uri;   /* written, in |arena|: names the private key by its id */
};

/* token_generate (token_generate.c) makes |pair| in the token in which |uri| names another key. The private
 * key signs, which is proven as token_open does, and never leaves it. Waits for the token as long as that
 * takes: this is for commands, not for a node. 1, or 0 with |fault| (TOKEN_FAULT_MAX octets) written: then a
 * key may be there that nobody uses. */
int token_generate(char *fault, const char *uri, struct token_pair *pair);

/* struct token_state is how the tokens stand that are in use under one name. */
struct token_state {
    unsigned tokens;  /* of this name; 0: none is in use */
    unsigned usable;  /* of them, those that are not lost */
    unsigned waiting; /* signatures that they were asked for and have not answered */
};

/* token_states writes how tokens stand, by their numbers (token_metrics.h). Any thread;
 * waits for no token. */
void token_states(struct token_state out[TOKENS_TOLD]);

#endif
