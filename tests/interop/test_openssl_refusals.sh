#!/bin/bash
# What must be refused, with the failInfo that a stock client shows (RFC 9483 3.5, 3.6).
. "$(dirname "$0")/../lib.sh"

demo refusals
credentials
start_server cmpd "$dir/cmpd.yaml" "$work/refusals.log"
new_key "$work/new.key" P-256
request=(-newkey "$work/new.key" -subject "/CN=gnb" -certout "$work/out.pem" -trusted "$dir/ca/root.pem")
wrong_secret=(-ref "$(cat "$dir/demo/mac-reference")" -secret pass:wrong -recipient "/CN=x")
unknown_reference=(-ref nobody -secret "pass:$(cat "$dir/demo/mac-secret")" -recipient "/CN=x")

# The client leaves self-signed certificates out of extraCerts: the stranger has a CA of his own.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
    -days 2 -subj "/CN=strange CA" 2>/dev/null
new_key "$work/stranger.key" P-256
openssl req -new -key "$work/stranger.key" -subj "/CN=stranger" |
    openssl x509 -req -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/stranger.pem" 2>/dev/null
refused "a stranger's certificate" 'signerNotTrusted' cmp -cmd ir "${request[@]}" -cert "$work/stranger.pem" \
    -key "$work/stranger.key"
refused "a wrong secret" 'badMessageCheck' cmp -cmd ir "${request[@]}" "${wrong_secret[@]}"
refused "an unknown reference" 'badMessageCheck' cmp -cmd ir "${request[@]}" "${unknown_reference[@]}"
# An attacker learns the same in both cases.
text_of() {
    cmp -cmd ir "${request[@]}" "$@" >"$work/refusal" 2>&1 && fail "it was not refused"
    grep -o 'StatusString.*' "$work/refusal"
}
same "the two texts" "$(text_of "${wrong_secret[@]}")" "$(text_of "${unknown_reference[@]}")"
refused "no proof of possession" 'badPOP' cmp -cmd ir "${request[@]}" "${by_device[@]}" -popo -1
refused "raVerified" 'notAuthorized' cmp -cmd ir "${request[@]}" "${by_device[@]}" -popo 0
refused "keyEncipherment" 'badPOP' cmp -cmd ir "${request[@]}" "${by_device[@]}" -popo 2
refused "an unprotected request" 'badMessageCheck' cmp -cmd ir "${request[@]}" -unprotected_requests
refused "a genm of no infoType at the path of one" 'badRequest' cmp -cmd genm "${by_device[@]}" -path .well-known/cmp/getcrls
refused "another profile's path" 'badRequest|404' cmp -cmd ir "${request[@]}" "${by_device[@]}" -path .well-known/cmp/p/none
refused "a certProfile that is no name" 'badDataFormat' cmp -cmd ir "${request[@]}" "${by_device[@]}" \
    -geninfo 1.3.6.1.5.5.7.4.21:int:3
refused "an operation label for another body" 'badRequest' cmp -cmd cr "${request[@]}" "${by_device[@]}" \
    -path .well-known/cmp/p/demo/initialization
ok "the label of the body" cmp -cmd ir "${request[@]}" "${by_device[@]}" -path .well-known/cmp/p/demo/initialization
ok "the default profile" cmp -cmd ir "${request[@]}" "${by_device[@]}" -path .well-known/cmp
ok "a legacy path" cmp -cmd ir "${request[@]}" "${by_device[@]}" -path pkix/
same "certificates issued" "$("$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json 2>/dev/null | wc -l)" 3
stop_server
done_testing
