/* A key pair made in a token, by whoever calls: no thread of the token's is needed for that. */
#include "crypto/key.h"
#include "crypto/pkcs11.h"

static int generate(char *fault, const struct pkcs11_uri *uri, struct token_pair *pair)
{
    struct pkcs11 *pkcs11 = pkcs11_load(fault, uri);
    unsigned long session;
    int ok = pkcs11 != NULL && pkcs11_connect(fault, pkcs11, &session);

    if (ok) {
        ok = pkcs11_generate(fault, pkcs11, uri, pair);
        pkcs11_close(pkcs11, session);
    }
    if (pkcs11 != NULL)
        pkcs11_finalize(pkcs11);
    pkcs11_free(pkcs11);
    return ok;
}

/* What a token says of a key is no proof: what nobody can sign with is not to be certified. */
static int is_proven(char *fault, const struct token_pair *pair)
{
    struct private_key *key = token_open(fault, pair->uri, pair->spki, 1);

    private_key_free(key);
    return key != NULL;
}

int token_generate(char *fault, const char *uri, struct token_pair *pair)
{
    struct pkcs11_uri *parsed = pkcs11_uri_parse(fault, uri);
    int ok = parsed != NULL && generate(fault, parsed, pair) && is_proven(fault, pair);

    pkcs11_uri_free(parsed);
    return ok;
}
