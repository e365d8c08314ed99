#!/bin/bash
# HTTP/1.0, 1.1 and 2 in plain, on both builds of the front.
exec python3 -B "$CMPD_SOURCE/tests/front/check_http.py" "$@"
