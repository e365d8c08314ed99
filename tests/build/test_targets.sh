#!/bin/bash
# What a build by hand makes: the programs, and nothing that only tests need.
. "$(dirname "$0")/../lib.sh"

# linked TARGET: what is linked for it.
linked() {
    ninja -C "$CMPD_BIN/.." -t commands "$1" | grep -oE -- ' -o (bin|tests)/[^ ]+' | sort -u
}

same "ninja" "$(linked all | xargs)" "-o bin/cmpbench -o bin/cmpctl -o bin/cmpd -o bin/cmpd-epoll"
linked test-programs >"$work/tests"
for name in fuzz_decode front-echo unit-base-test_arena fragile-token.so; do
    ok "ninja test-programs: $name" grep -qx -- " -o tests/$name" "$work/tests"
done
done_testing
