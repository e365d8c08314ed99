#!/bin/bash
# libpq brings the system's OpenSSL into the process: a symbol that a program exports would capture its calls. So no program
# exports anything but libc's own variables that it names: the linker reserves room for them in the program (copy
# relocations), and the loader makes libc use them there.
. "$(dirname "$0")/../lib.sh"

of_libc=' B (optarg|optind|stdin|stdout|stderr)@GLIBC_'

# two-openssls is the one that libpq is linked with: for it, the linker would export by itself what both sides name.
for program in "$CMPD_BIN"/{cmpd,cmpd-epoll,cmpctl,cmpbench} "$CMPD_TESTS/two-openssls"; do
    ok "$program is there" test -x "$program"
    nm -D --defined-only "$program" >"$work/exports"
    same "exports of ${program##*/}" "$(sed -E "/$of_libc/d" "$work/exports" | head)" ""
done
done_testing
