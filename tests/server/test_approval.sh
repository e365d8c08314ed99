#!/bin/bash
# Requests that wait until people approve them: openssl cmp polls, 3.0 and 3.5 (RFC 9810 5.3.22, RFC 9483 4.4), and
# cmpctl request lists, shows, approves and denies. What counts is an approver's signature.
. "$(dirname "$0")/../lib.sh"

demo approval
credentials
config=$dir/cmpd.yaml
log=$work/approval.log
mkdir "$dir/approvers"
for name in anna bert mallory; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/$name.key" \
        -out "$dir/approvers/$name.pem" -days 2 -subj "/CN=$name" 2>/dev/null
done
sed -i "/^profiles:/i approvers:\\
  - name: anna\\
    certificate: approvers/anna.pem\\
  - name: bert\\
    certificate: approvers/bert.pem\\
" "$config"
add_profile waits "approve.when: [always, revocation]" "approve.check_after_seconds: 1" "approve.open: 8"
add_profile two "approve.when: [always]" "approve.check_after_seconds: 1" "approve.approvals: 2"
add_profile poll "approve.when: [always]" "approve.check_after_seconds: 1" "answer.poll_nonce: poll"
add_profile names "approve.when: [names]
      names: [\"CN=*.gnb.example\"]" "approve.check_after_seconds: 1"
head -c 24 /dev/urandom | base64 >"$work/secret"
"$CMPD_BIN/cmpctl" secret add --config "$config" --reference installers --secret-file "$work/secret" --reusable >/dev/null
by_secret=(-ref installers -secret "pass:$(cat "$work/secret")" -recipient "/O=Demo Operator/CN=Issuing CA")
start_server cmpd "$config" "$log"
new_key "$work/new.key" P-256

request() {
    "$CMPD_BIN/cmpctl" request "$1" --config "$config" "${@:2}"
}

# waits SUBJECT: the name of the request that waits for that subject.
waits() {
    request list --json | python3 -c '
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row["subject"] == sys.argv[1]:
        print(row["request"])' "$1"
}
has_one() {
    [ -n "$(waits "$1")" ]
}

# asks NAME PROFILE ARGUMENTS...: an ir in the background, which polls; its end is waited for by heard NAME.
asks() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/$1.pem" -path ".well-known/cmp/p/$2" \
        -total_timeout 60 "${@:3}" >"$work/$1.out" 2>&1 &
    asking[$1]=$!
    until_so "$1 waits" has_one "CN=$1"
}
heard() {
    wait "${asking[$1]}"
}
declare -A asking

digest_of() {
    request show "$1" --json 2>/dev/null | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["digest"])'
}
decide() {
    request "$1" "$2" --as "$3" --key "$work/$3.key" --digest "$(digest_of "$2")" --reason "${4:-as seen on site}"
}

for version in 3.0 3.5; do
    use_client "$version"
    # OpenSSL 3.0 wants the nonce of its last poll in the final answer, against RFC 9483 4.4.
    if [ "$version" = 3.0 ]; then profile=poll; else profile=waits; fi
    for protection in by_device by_secret; do
        declare -n arguments=$protection
        name=station-$version-$protection
        asks "$name" "$profile" "${arguments[@]}"
        ok "$name: approved" decide approve "$(waits "CN=$name")" anna
        ok "$name: it gets its certificate" heard "$name"
        same "$name: confirmed" "$(stored_status "$work/$name.pem")" valid
        same "$name: it waits no more" "$(waits "CN=$name")" ""
    done
    name=denied-$version
    asks "$name" "$profile" "${by_device[@]}"
    ok "$name" decide deny "$(waits "CN=$name")" bert "not ours"
    ! heard "$name" || fail "$name: it was granted"
    grep -q 'notAuthorized.*the request was denied' "$work/$name.out" || {
        cat "$work/$name.out"
        fail "$name: it was not told so"
    }
    wait_log "$log" 'denied by bert: not ours'
done

# What an approver sees, and who may not approve.
asks "looked-at" waits "${by_device[@]}"
id=$(waits "CN=looked-at")
ok "list" request list
grep -q "$id  waiting .*waits  (always)" "$work/last.out" || fail "list: $(cat "$work/last.out")"
ok "show" request show "$id" --message
for line in 'waits_for *always' 'subject *CN=looked-at' 'notAfter' 'approvals_wanted *1' 'certTemplate'; do
    grep -Eq "$line" "$work/last.out" || fail "show lacks '$line': $(cat "$work/last.out")"
done
refused "an approver's key" "is not the key of the approver's certificate" request approve "$id" --as anna \
    --key "$work/mallory.key" --digest "$(digest_of "$id")" --reason mine
refused "a stranger" "has no 'mallory' who may decide" decide approve "$id" mallory
refused "without a reason" 'write 1 to 200 octets' request approve "$id" --as anna --key "$work/anna.key" --digest 00 --reason ''
refused "what was not shown" 'is not that of this request' request approve "$id" --as anna --key "$work/anna.key" \
    --digest "$(printf '00%.0s' {1..32})" --reason seen
refused "a name that is none" 'names no request' decide approve "${id}00" anna
refused "another one" 'no request .* waits here' decide approve "$(tr '0-9a-f' '1-9a-f0' <<<"$id")" anna
ok "approved" decide approve "$id" anna
ok "it hears" heard looked-at
ok "the audit log" "$CMPD_BIN/cmpctl" audit list --config "$config"
for line in 'approval .*approved' "request=$id approver=anna: as seen on site" 'approved by anna'; do
    grep -Eq "$line" "$work/last.out" || fail "audit list lacks '$line': $(grep -a approv "$work/last.out")"
done
ok "and it verifies" "$CMPD_BIN/cmpctl" audit verify --config "$config"

# Two approvals are of two approvers.
asks both two "${by_device[@]}"
id=$(waits "CN=both")
ok "one" decide approve "$id" anna
grep -q "$id: waiting" "$work/last.out" || fail "after one: $(cat "$work/last.out")"
refused "one twice" 'anna has said already: approve' decide deny "$id" anna
ok "two" decide approve "$id" bert
grep -q "$id: approved" "$work/last.out" || fail "after two: $(cat "$work/last.out")"
ok "it hears" heard both

# Names that need no approval, and others.
ok "a usual name" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=a.gnb.example" -certout "$work/usual.pem" \
    -path .well-known/cmp/p/names "${by_device[@]}"
asks "strange" names "${by_device[@]}"
ok "show says why" request show "$(waits CN=strange)"
grep -Eq 'waits_for *names' "$work/last.out" || fail "why: $(cat "$work/last.out")"
ok "approved" decide approve "$(waits CN=strange)" bert
ok "it hears" heard strange

# A revocation waits, too.
cmp -cmd rr -oldcert "$work/looked-at.pem" -cert "$work/looked-at.pem" -key "$work/new.key" -revreason 4 \
    -trusted "$dir/ca/root.pem" -path .well-known/cmp/p/waits -total_timeout 60 >"$work/rr.out" 2>&1 &
rr=$!
until_so "the revocation waits" has_one "CN=looked-at"
same "not revoked yet" "$(stored_status "$work/looked-at.pem")" valid
ok "approved" decide approve "$(waits CN=looked-at)" anna
wait "$rr" || {
    cat "$work/rr.out"
    fail "the revocation"
}
same "revoked" "$(stored_status "$work/looked-at.pem")" revoked

# Configuration errors name file, line and remedy.
sed 's|^    certificate: approvers/bert.pem|    certificate: approvers/anna.pem|' "$config" >"$dir/bad.yaml"
refused "one key for two" 'bad.yaml:[0-9]+: .*has the same key; give each approver a key of their own' \
    "$CMPD_BIN/cmpctl" check "$dir/bad.yaml"
sed 's|approvals: 2|approvals: 3|' "$config" >"$dir/bad.yaml"
refused "more approvals than approvers" 'bad.yaml:[0-9]+: .*wants 3 approvals, and approvers has 2' \
    "$CMPD_BIN/cmpctl" check "$dir/bad.yaml"
stop_server
done_testing
