#!/bin/bash
# Every C file is as clang-format leaves it, says at its beginning what it is for, and keeps to one dialect; clang-tidy has
# nothing to say. Every script of a test can be run.
. "$(dirname "$0")/../lib.sh"

root=${CMPD_SOURCE:?set by ctest}
build=$(dirname "$CMPD_BIN")
cd "$root"

# What git knows, and what it will know: a file that is only here is checked, too.
mapfile -t files < <(git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null || find server crypto storage bench tests -name '*.[ch]')
[ "${#files[@]}" -gt 50 ] || fail "only ${#files[@]} files were found"
ok "clang-format" clang-format --dry-run -Werror "${files[@]}"

mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '^(server|crypto|storage|bench)/.*\.c$')
for file in "${sources[@]}"; do
    head -1 "$file" | grep -q '^/\*' || fail "$file does not begin with what it is for"
done
# ctest calls the scripts by their names.
if lame=$(find tests -name 'test_*.sh' ! -perm -u+x | grep .); then fail "not executable: $lame"; fi
# sizeof x of a value, sizeof(type) of a type; macros need their parentheses.
if said=$(grep -nE 'sizeof\(\*?[a-z_]+((\.|->|\[)[^)]*)?\)' "${sources[@]}" | grep -vE '\\$|#define|sizeof\(\(' |
    grep -vE 'sizeof\((int|char|unsigned|long|double|[a-z0-9_]+_t)\)'); then
    fail "sizeof x, without parentheses: $said"
fi

# One file a call: with several, clang-tidy 14 takes the va_list of one for that of another.
# clang 14 wants to be told that variables which begin as zero are meant.
arguments=(--extra-arg=-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
# A third of the states of each function that the analyzer would walk through by itself: most of the time, and of what it
# finds, is before them. With --soak it walks through all.
if [ -z "${CMPD_SOAK:-}" ]; then
    for word in -analyzer-config max-nodes=75000; do arguments+=(--extra-arg=-Xclang "--extra-arg=$word"); done
fi
ok "clang-tidy" tests/build/tidy "$build" "${CMPD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cmpd}/tidy" "${arguments[@]}" -- "${sources[@]}"
done_testing
