#!/bin/bash
# What the documents say of the programs is what the programs say.
. "$(dirname "$0")/../lib.sh"

manual=${CMPD_SOURCE:?set by ctest}/deploy/manual
ok "the settings: write them anew with cmpctl settings >deploy/manual/settings.md" \
    diff "$manual/settings.md" <("$CMPD_BIN/cmpctl" settings)
done_testing
