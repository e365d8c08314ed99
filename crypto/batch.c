#include "crypto/batch.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto/internal.h"

static int set_pss(EVP_PKEY_CTX *ctx, const struct signature_algorithm *algorithm)
{
    return algorithm->family != FAMILY_RSA_PSS || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) &&
                                                   EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, -1));
}

static int verify_one(const struct verification *item)
{
    EVP_MD_CTX ctx;
    EVP_PKEY_CTX *pctx;
    int ok;

    if (item->key == NULL || item->algorithm == NULL || !signature_fits(item->algorithm, item->key->kind))
        return 0;
    EVP_MD_CTX_init(&ctx);
    ok = EVP_DigestVerifyInit(&ctx, &pctx, evp_digest(item->algorithm->digest), NULL, item->key->pkey) &&
         set_pss(pctx, item->algorithm) &&
         EVP_DigestVerify(&ctx, item->signature.data, item->signature.len, item->message.data,
                          item->message.len);
    EVP_MD_CTX_cleanup(&ctx);
    return ok;
}

static size_t sign_one(const struct signing *item)
{
    EVP_MD_CTX ctx;
    EVP_PKEY_CTX *pctx;
    size_t len = SIGNATURE_MAX;
    int ok;

    if (!signature_fits(item->algorithm, item->key->kind))
        return 0;
    EVP_MD_CTX_init(&ctx);
    ok = EVP_DigestSignInit(&ctx, &pctx, evp_digest(item->algorithm->digest), NULL, item->key->pkey) &&
         set_pss(pctx, item->algorithm) &&
         EVP_DigestSign(&ctx, item->signature, &len, item->message.data, item->message.len);
    EVP_MD_CTX_cleanup(&ctx);
    return ok ? len : 0;
}

void verify_batch(struct verification *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i]->valid = verify_one(items[i]);
    ERR_clear_error();
}

void sign_batch(struct signing *const *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        items[i]->signature_len = sign_one(items[i]);
    ERR_clear_error();
}
