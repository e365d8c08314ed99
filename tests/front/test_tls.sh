#!/bin/bash
# TLS, on both builds of the front.
exec python3 "$CMPD_SOURCE/tests/front/check_tls.py" "$@"
