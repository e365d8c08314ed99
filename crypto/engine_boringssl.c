/* BoringSSL: every kind of key, one signature at a time. */
#define THIS_ENGINE engine_boringssl
#define THIS_NAME "boringssl"
#include "crypto/engine_evp.inc"
