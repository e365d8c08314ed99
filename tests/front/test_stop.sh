#!/bin/bash
# Draining and stopping, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_stop.py" "$@"
