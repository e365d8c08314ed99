#!/bin/bash
# What strangers can make the front hold, on both builds of the front.
ulimit -n "$(ulimit -Hn)"
exec python3 -B "$CMPD_SOURCE/tests/front/check_memory.py" "$@"
