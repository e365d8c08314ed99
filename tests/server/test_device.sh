#!/bin/bash
# cmpctl device over SQLite: lists of devices, and what becomes of stations that are on them.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../devices.sh"

demo cmpd
devices_demo
devices_kept
devices_enroll
if [ -n "${CMPD_SOAK:-}" ]; then
    demo many
    devices_demo
    devices_many 1000000
fi
done_testing
