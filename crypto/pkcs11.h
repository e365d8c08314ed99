/* pkcs11.h: a token as its PKCS #11 module shows it. For crypto/token*.c only, which bring the threads.
 *
 * Sessions and objects go by their numbers. No two threads may use one session at a time; otherwise every
 * function may be called by any thread. Each may take as long as the token takes. */
#ifndef CMPD_CRYPTO_PKCS11_H
#define CMPD_CRYPTO_PKCS11_H

#include "crypto/batch.h"
#include "crypto/token.h"

enum { PKCS11_FAULT_MAX = TOKEN_FAULT_MAX };

/* struct pkcs11_uri is a URI of RFC 7512 that names a private key. */
struct pkcs11_uri;

/* struct pkcs11 is a module that was loaded, and which of its tokens is meant. */
struct pkcs11;

enum pkcs11_result {
    PKCS11_DONE,
    PKCS11_REFUSED, /* this key does not do this: a fault of the item, not of the token */
    PKCS11_GONE     /* anything else: the session is of no use any more, or the token is not there */
};

/* pkcs11_uri_parse takes |text| apart. module-path and pin-source are wanted, pin-value is refused: the
 * configuration is no place for a PIN. NULL with |fault| (PKCS11_FAULT_MAX octets) written, in which nothing
 * of |text| is repeated. */
struct pkcs11_uri *pkcs11_uri_parse(char *fault, const char *text);

/* pkcs11_uri_free frees |uri|. NULL is allowed. */
void pkcs11_uri_free(struct pkcs11_uri *uri);

/* pkcs11_uri_token returns the part of |uri| that names the token, its module and the file of its PIN: the
 * same text for each key of a token. It lives as long as |uri|. */
const char *pkcs11_uri_token(const struct pkcs11_uri *uri);

/* pkcs11_load loads the module and initializes it. NULL with |fault| written. */
struct pkcs11 *pkcs11_load(char *fault, const struct pkcs11_uri *uri);

/* pkcs11_finalize ends the use of the module: none of its sessions may be used any more, and no thread be in
 * it. pkcs11_initialize begins anew (1 or 0), pkcs11_free unloads it. NULL may be freed. */
void pkcs11_finalize(struct pkcs11 *pkcs11);
int pkcs11_initialize(struct pkcs11 *pkcs11);
void pkcs11_free(struct pkcs11 *pkcs11);

/* pkcs11_connect looks for the token, opens |*session| and logs in, with the PIN as its file has it now. A
 * PIN that the token has refused is not tried again, since that would lock the token. All sessions of the
 * process are logged in as long as this one is open. One call at a time. 1, or 0 with |fault| written. */
int pkcs11_connect(char *fault, struct pkcs11 *pkcs11, unsigned long *session);

/* pkcs11_open opens a further session of a token that is connected. 1, or 0 with |*why|, a constant. */
int pkcs11_open(const char **why, struct pkcs11 *pkcs11, unsigned long *session);

/* pkcs11_close closes |session|. */
void pkcs11_close(struct pkcs11 *pkcs11, unsigned long session);

/* pkcs11_find looks for the one private key that |uri| names, which must be of |kind| as far as its type
 * tells. On anything but PKCS11_DONE, |fault| is written. */
enum pkcs11_result pkcs11_find(char *fault, struct pkcs11 *pkcs11, unsigned long session,
                               const struct pkcs11_uri *uri, enum key_kind kind, unsigned long *object);

/* pkcs11_sign signs |item|, whose signature has |room| octets, with |object|, a key of |kind|; |item|'s own
 * key is not looked at. On anything but PKCS11_DONE the signature is empty and |*why|, a constant, tells the
 * reason. */
enum pkcs11_result pkcs11_sign(const char **why, struct pkcs11 *pkcs11, unsigned long session,
                               unsigned long object, enum key_kind kind, struct signing *item, size_t room);

/* pkcs11_generate (pkcs11_generate.c) makes |pair| in the token that |uri| names, with a random id: a private
 * key that signs and never leaves it. The token is connected. 1, or 0 with |fault| written: then there may be
 * a key that nobody uses. */
int pkcs11_generate(char *fault, struct pkcs11 *pkcs11, const struct pkcs11_uri *uri,
                    struct token_pair *pair);

#endif
