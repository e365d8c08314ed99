#!/bin/bash
# Names that match and names that do not, as OpenSSL and GnuTLS judge them (names.c). CMPD_SOAK makes it half a million.
. "$(dirname "$0")/../lib.sh"

count=4000 seed=${CMPD_SEED:-1}
if [ -n "${CMPD_SOAK:-}" ]; then count=500000 seed=${CMPD_SEED:-$RANDOM}; fi
echo "seed $seed"
"$CMPD_TESTS/names" write "$count" "$seed" >"$work/pairs"
ok "the others read them" sh -c "'$CMPD_TESTS/readers' <'$work/pairs'"
mv "$work/last.out" "$work/marks"
ok "everybody says the same" sh -c "'$CMPD_TESTS/names' judge $count $seed <'$work/marks'"
cat "$work/last.out"
# A way that is never gone proves nothing.
same "ways that are gone seldom" "$(awk -F ': ' '$2 < 20' "$work/last.out")" ""
same "all ways" "$(wc -l <"$work/last.out")" 20
done_testing
