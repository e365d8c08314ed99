#!/bin/bash
# Clients that come and go, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_churn.py" "$@"
