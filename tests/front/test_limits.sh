#!/bin/bash
# Bounds, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_limits.py" "$@"
