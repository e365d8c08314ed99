#!/bin/bash
# TLS, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_tls.py" "$@"
