/* AWS-LC: as BoringSSL, from which it was forked, with faster code for most kinds. Its functions carry a
 * prefix (deploy/third-party/fetch-and-build), so that both fit into one program; this file alone sees its
 * headers. */
#define THIS_ENGINE engine_aws_lc
#define THIS_NAME "aws-lc"
#define THIS_HAS_SHA3
#include "crypto/engine_evp.inc"
