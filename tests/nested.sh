# nested.sh: messages that an RA sends on for others, for tests of several folders; after lib.sh.

# unsent NAME NUMBER ARGUMENTS...: an ir that is not sent, in $work/NAMENUMBER, for the key $work/NAMENUMBER.key; its subject has CN NAME-NUMBER, or
# $SUBJECT.
unsent() {
    new_key "$work/$1$2.key" P-256
    port=1 cmp -cmd ir -newkey "$work/$1$2.key" -subject "/CN=${SUBJECT:-$1-$2}" -certout "$work/none.pem" -reqout "$work/$1$2" "${@:3}" \
        >"$work/unsent.out" 2>&1 || true
    [ -s "$work/$1$2" ] || fail "no request: $(cat "$work/unsent.out")"
}

# nest add|batch OUT MESSAGE...: what the RA of make_ra makes of them (nested.py).
nest() {
    "$CMPD_SOURCE/tests/nested.py" "$1" "$work/ra.key" "$work/ra.pem" "$dir/ra-ca.pem" "$2" "${@:3}"
}

# post PROFILE FILE: sends it; the answer is in $work/answer. body_of and field NAME tell what is in a message.
post() {
    curl -sS --fail --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$2" -o "$work/answer" \
        "http://127.0.0.1:$port/.well-known/cmp/p/$1"
}
body_of() {
    "$CMPD_BIN/cmpctl" decode "$1" | awk '$1 == "body" && !seen++ {print $2}'
}
field() {
    "$CMPD_BIN/cmpctl" decode "$2" | awk -v name="$1" '$1 == name && !seen++ {print $2}'
}
