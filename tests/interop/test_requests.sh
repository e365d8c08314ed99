#!/bin/bash
# Random requests under each form of profile (requests.c): whatever is issued, OpenSSL and GnuTLS must read; whatever is
# refused must say why. CMPD_SOAK makes it ten thousand.
. "$(dirname "$0")/../lib.sh"

count=600 seed=${CMPD_SEED:-1}
if [ -n "${CMPD_SOAK:-}" ]; then count=10000 seed=${CMPD_SEED:-$RANDOM}; fi
echo "seed $seed"
"$CMPD_TESTS/requests" "$count" "$seed" >"$work/certificates" 2>"$work/told" || {
    cat "$work/told"
    fail "what came of a request is wrong"
}
cat "$work/told"
# Requests that are all refused, or all granted, prove nothing: in each form a tenth at least.
while read -r issued refused; do
    ok "$issued issued, $refused refused" test $((issued * 10)) -ge $((issued + refused)) -a $((refused * 10)) -ge $((issued + refused))
done < <(sed -n 's/.*: issued \([0-9]*\) refused \([0-9]*\)$/\1 \2/p' "$work/told")
same "forms" "$checks" 10
all=$(awk '/: issued/ {sum += $(NF - 2)} END {print sum}' "$work/told")
ok "the others read them" sh -c "'$CMPD_TESTS/readers' <'$work/certificates'"
same "what they say" "$(sort "$work/last.out" | uniq -c | sed 's/^ *//')" "$all ok"
done_testing
