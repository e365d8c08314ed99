#!/bin/bash
# What one address may have, and whom a proxy speaks for, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_sources.py" "$@"
