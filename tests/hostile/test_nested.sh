#!/bin/bash
# Nested messages of who means harm (RFC 9483 5.2.2): an RA whose key was stolen, or that relays whatever comes; strangers who
# send costly ones, recorded ones, and ones that are nested without end.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../nested.sh"

demo hostile
credentials
config=$dir/cmpd.yaml
log=$work/hostile.log
make_ra
sed -i 's|^vendors:|vendors:\n  - name: registration\n    anchors: [ra-ca.pem]|' "$config"
add_profile sites "accept.ras: [registration]" "accept.nested: 64" "names.subject_bound: false"
sed -i 's/^  slow_jobs_per_peer: .*/  slow_jobs_per_peer: 4/' "$config"
for i in $(seq 30); do
    head -c 24 /dev/urandom | base64 >"$work/secret$i"
    [ "$i" -gt 2 ] || "$CMPD_BIN/cmpctl" secret add --config "$config" --reference "site$i" --secret-file "$work/secret$i" --reusable >/dev/null
done
start_server cmpd "$config" "$log"
by_secret() {
    by=(-ref "site$1" -secret "pass:$2" -recipient "/O=Demo Operator/CN=Issuing CA")
}
answers() {
    "$CMPD_SOURCE/tests/nested.py" split "$work/answer" "$work/of"
}
serves() {
    unsent good "$1" "${by_device[@]}"
    ok "$2: it serves" post sites "$work/good$1"
    same "$2: as before" "$(body_of "$work/answer")" ip
}
refusal() {
    ok "$1: is answered" post sites "$2"
    same "$1: by one error" "$(body_of "$work/answer")" error
    ok "$1: it says so" grep -q "$3" <("$CMPD_BIN/cmpctl" decode "$work/answer")
}

# ---- guesses ----

# Ten wrong ones are judged; what comes then is refused unseen, the right secret as well, in a batch or alone.
for i in $(seq 10); do
    by_secret 1 "wrong-$i"
    unsent guess "$i" "${by[@]}"
done
by_secret 1 "$(cat "$work/secret1")"
unsent right 1 "${by[@]}"
nest batch "$work/guesses" "$work"/guess{1,2,3,4,5,6,7,8,9,10}
ok "guesses in a batch" post sites "$work/guesses"
same "are answered" "$(answers)" 10
for i in 0 9; do same "by errors" "$(body_of "$work/of$i")" error; done
wait_log "$log" 'secrets are being guessed.*reference="site1"'
nest batch "$work/right" "$work/right1"
ok "the right secret after them" post sites "$work/right"
same "is answered" "$(answers)" 1
same "by an error" "$(body_of "$work/of0")" error
wait_log "$log" 'detail="too many wrong MACs from there: not looked at".*nested_by="CN=RA"'
ok "alone" post sites "$work/right1"
same "it is refused, too" "$(body_of "$work/answer")" error
# Another reference is not.
by_secret 2 "$(cat "$work/secret2")"
unsent right 2 "${by[@]}"
nest batch "$work/right" "$work/right2"
ok "another reference" post sites "$work/right"
same "is answered" "$(answers)" 1
same "by a certificate" "$(body_of "$work/of0")" ip

# ---- a wrong signature around costly messages ----

for i in $(seq 3 18); do
    by_secret 2 "$(cat "$work/secret2")"
    unsent costly "$i" "${by[@]}" -newkeypass none 2>/dev/null
done
BREAK=signature nest batch "$work/broken" "$work"/costly{3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18}
lines=$(lines_of 'event=' "$log")
refusal "a wrong signature" "$work/broken" badMessageCheck
until_so "a line" has_more "$lines" 'event=' "$log"
same "one line, and none of what is in it" "$(($(lines_of 'event=' "$log") - lines))" 1
refusal "a strange RA" "$work/broken" badMessageCheck

# ---- a recorded one ----

unsent victim 1 "${by_device[@]}"
nest batch "$work/recorded" "$work/victim1" "$work/costly3"
ok "a batch" post sites "$work/recorded"
same "is answered" "$(answers)" 2
issued=$("$CMPD_BIN/cmpctl" cert list --config "$config" --json 2>/dev/null | wc -l)
for _ in $(seq 20); do ok "the same again" post sites "$work/recorded"; done
same "issues nothing" "$("$CMPD_BIN/cmpctl" cert list --config "$config" --json 2>/dev/null | wc -l)" "$issued"
AGE=1000 nest batch "$work/old" "$work/victim1"
refusal "an old one" "$work/old" badTime

# ---- nested without end, many, and huge ----

cp "$work/victim1" "$work/deep"
for _ in 1 2 3; do nest add "$work/deeper" "$work/deep" && mv "$work/deeper" "$work/deep"; done
refusal "three levels" "$work/deep" 'one in the other'
for _ in $(seq 8); do nest add "$work/deeper" "$work/deep" && mv "$work/deeper" "$work/deep"; done
refusal "eleven levels" "$work/deep" 'one in the other'
# Tags alone, as deep as a message may be large.
python3 - "$work/tags" <<'PY'
import sys
inside = b""
while len(inside) < 60000:
    size = len(inside)
    length = bytes([size]) if size < 128 else (b"\x82" + size.to_bytes(2, "big") if size > 255 else b"\x81" + bytes([size]))
    inside = b"\x30" + length + inside
open(sys.argv[1], "wb").write(inside)
PY
nest batch "$work/tags-nested" "$work/tags"
ok "tags alone" post sites "$work/tags-nested"
same "are answered" "$(answers)" 1
for _ in $(seq 65); do echo "$work/tiny"; done >"$work/list"
printf '\x30\x00' >"$work/tiny"
nest batch "$work/many" "@$work/list"
refusal "sixty-five" "$work/many" 'too many messages'
head -n 64 "$work/list" >"$work/list64"
nest batch "$work/many" "@$work/list64"
ok "sixty-four" post sites "$work/many"
same "are answered" "$(answers)" 64
for i in 1 2 3; do
    unsent level "$i" "${by_device[@]}"
    nest batch "$work/level-$i" "@$work/list64"
done
nest batch "$work/levels" "$work"/level-{1,2,3}
ok "sixty-four in each of three" post sites "$work/levels"
same "are answered" "$(answers)" 3
for i in 0 1 2; do same "by errors" "$(body_of "$work/of$i")" error; done
head -c 100000 /dev/zero >"$work/zeros"
nest batch "$work/huge" "$work/zeros"
refused "a huge one" 'returned error: 413' post sites "$work/huge"

# ---- many at once ----

for i in $(seq 20 27); do nest batch "$work/flood$i" "$work"/costly{3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18}; done
jobs=()
for round in 1 2 3; do
    for i in $(seq 20 27); do
        curl -sS --http1.1 -H 'Content-Type: application/pkixcmp' --data-binary "@$work/flood$i" -o "$work/flooded-$round-$i" \
            "http://127.0.0.1:$port/.well-known/cmp/p/sites" &
        jobs+=($!)
    done
done
for job in "${jobs[@]}"; do wait "$job" || true; done
for i in $(seq 20 27); do
    ok "each is answered" test -s "$work/flooded-3-$i"
done
serves 9 "after all of it"
done_testing
