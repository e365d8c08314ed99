#!/bin/bash
# Peers that mean harm, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_hostile.py" "$@"
