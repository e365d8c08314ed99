#!/bin/bash
# libpq brings the system's OpenSSL into the process: a symbol that cmpd exports would capture its calls.
set -euo pipefail

checked=0
for program in "$CMPD_BIN/cmpd" "$CMPD_BIN/cmpd-epoll" "$CMPD_BIN/cmpctl"; do
    [ -x "$program" ] || continue
    checked=$((checked + 1))
    if nm -D --defined-only "$program" | grep -E ' (SSL|EVP|BN|ERR|CRYPTO|X509|EC|RSA|BIO|OPENSSL|ASN1|CBS|CBB)_'; then
        echo "$program exports these" >&2
        exit 1
    fi
done
[ "$checked" -gt 0 ] || { echo "no program to check in $CMPD_BIN" >&2; exit 1; }
