#!/bin/bash
# Incidents: what a key, a vendor's intermediate or a time has to do with is found, counted and revoked, a step at a time;
# broken off and taken up again; and keys that are blocked.
. "$(dirname "$0")/../lib.sh"

demo cmpd
credentials
. "$(dirname "$0")/../operate.sh"
ctl=$CMPD_BIN/cmpctl
log=$work/server.log
start_server cmpd "$dir/cmpd.yaml" "$log"

cert() {
    "$ctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

key() {
    "$ctl" key "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

# certificate NAME KEY: an ir for NAME with the key in the file KEY.
certificate() {
    cmp -cmd ir -newkey "$2" -subject "/CN=$1" "${by_device[@]}" -certout "$work/$1.pem"
}

by_mac() {
    cmp -cmd ir -newkey "$2" -subject "/CN=$1" "${by_secret[@]}" -certout "$work/$1.pem"
}

# update NAME KEY NEW: a kur for NAME.
update() {
    cmp -cmd kur -cert "$work/$1.pem" -key "$2" -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" -newkey "$3" \
        -certout "$work/$1-next.pem"
}

# How many certificates have the status.
with_status() {
    cert list --status "$1" | tail -n +2 | wc -l
}

for name in one two three; do
    new_key "$work/$name.key" P-256
done

# ---- a key that is lost ----

ok "enrolled" certificate gnb-1 "$work/one.key"
ok "the same key again" certificate gnb-1b "$work/one.key"
ok "by a shared secret" by_mac gnb-1c "$work/one.key"
ok "another" certificate gnb-2 "$work/two.key"
first=$(serial_of "$work/gnb-1.pem")
hash=$(openssl pkey -in "$work/one.key" -pubout -outform DER | sha256sum | cut -d' ' -f1)
cert revoke "$first" --reason keyCompromise >"$work/said" 2>&1
ok "revoked" grep -q "^$first revoked keyCompromise: CN=gnb-1" "$work/said"
same "the others of the key are told" "$(grep -c 'has the same key, and is valid (--all revokes it, too)' "$work/said")" 2
same "and stay" "$(stored_status "$work/gnb-1b.pem")" valid
refused "its key is not certified again" 'badCertTemplate.*make a new key|make a new key' certificate gnb-1d "$work/one.key"
ok "why, in the log" grep -Eq "request refused.*the key $hash is blocked, CRLReason 1" "$log"
refused "by a shared secret neither" 'make a new key' by_mac gnb-1d "$work/one.key"
# Nobody signs with it either, whichever of its certificates it is.
refused "no kur for a new key" 'signerNotTrusted' update gnb-1b "$work/one.key" "$work/three.key"
cert revoke "$(serial_of "$work/gnb-1b.pem")" --reason keyCompromise --all --dry-run >"$work/said" 2>&1
same "what --all would do" "$(grep -c 'would be revoked keyCompromise' "$work/said")" 3
ok "all of the key" cert revoke "$(serial_of "$work/gnb-1b.pem")" --reason keyCompromise --all
same "revoked by --all" "$(stored_status "$work/gnb-1c.pem")" revoked
refused "--all alone" 'goes with SERIAL' cert revoke --file /dev/null --all --reason keyCompromise

# ---- by rr ----

ok "it gives its own up" cmp -cmd rr -oldcert "$work/gnb-2.pem" -cert "$work/gnb-2.pem" -key "$work/two.key" \
    -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" -revreason 1
refused "blocked by rr" 'make a new key' certificate gnb-2b "$work/two.key"
key list >"$work/keys"
same "both are listed" "$(tail -n +2 "$work/keys" | wc -l)" 2
ok "with the certificate" grep -Eq "^$hash  20[-0-9T:]*Z  keyCompromise  cmpctl by .*  revoked $first\$" "$work/keys"

# ---- keys that one hears of elsewhere ----

openssl pkey -in "$work/three.key" -pubout -out "$work/three.pub"
openssl pkey -in "$work/three.key" -pubout -outform DER -out "$work/three.der"
openssl req -new -key "$work/three.key" -subj /CN=x -out "$work/three.csr"
openssl req -new -key "$work/three.key" -subj /CN=x -outform DER -out "$work/three.csr.der"
openssl req -new -x509 -key "$work/three.key" -subj /CN=x -out "$work/three.pem"
three=$(sha256sum <"$work/three.der" | cut -d' ' -f1)
for file in three.pub three.der three.csr three.csr.der three.pem; do
    same "blocked by $file" "$(key block "$work/$file" --comment 'in a firmware image' 2>/dev/null)" "$three blocked"
    refused "twice" 'is blocked already' key block "$three"
    same "unblocked" "$(key unblock "$three" 2>/dev/null)" "$three unblocked"
done
refused "no key" 'holds no certificate, public key or PKCS #10 request' key block "$dir/cmpd.yaml"
refused "not blocked" 'is not blocked' key unblock "$three"
ok "blocked" key block "$three" --reason affiliationChanged --comment 'in a firmware image'
refused "not certified" 'make a new key' certificate gnb-3 "$work/three.key"
same "in JSON" "$(key list --json | grep -F "$three" | python3 -c '
import json, sys
row = json.load(sys.stdin)
print(row["reason"], row["serial"] or "none", row["comment"])')" "affiliationChanged none in a firmware image"
ok "unblocked" key unblock "$work/three.pub"
ok "certified again" certificate gnb-3 "$work/three.key"
"$ctl" audit list --config "$dir/cmpd.yaml" >"$work/audit"
ok "who blocked it" grep -Eq "  block  blocked  cmpctl by .*key=$three reason=affiliationChanged comment=in a firmware image" "$work/audit"
ok "who unblocked it" grep -Eq "  unblock  unblocked  cmpctl by .*key=$three\$" "$work/audit"

# ---- the whole history of one ----

new_key "$work/next.key" P-256
three_serial=$(serial_of "$work/gnb-3.pem")
ok "updated" update gnb-3 "$work/three.key" "$work/next.key"
next=$(serial_of "$work/gnb-3-next.pem")
ok "held" cert hold "$three_serial"
ok "released" cert release "$three_serial"
cert show "$three_serial" >"$work/shown"
for line in 'history +20.* issue granted, by CN=[^:]*: CN=gnb-3 \(chain [0-9a-f]{8}…, entry [0-9]+\)' 'history +20.* confirm accepted, by ' \
    'history +20.* update granted, by CN=gnb-3' 'history +20.* hold held, by cmpctl by ' 'history +20.* release released, by ' \
    "successors +$next" 'vendor +demo-vendor|vendor +[a-z-]+' 'path_sha256 +[0-9a-f]{64}'; do
    ok "shown: $line" grep -Eq "^($line)" "$work/shown"
done
same "in this order" "$(awk '/^history/ {print $3}' "$work/shown" | xargs)" "issue confirm update hold release"
cert show "$next" --json >"$work/shown.json"
vendor=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["vendor"])' "$work/shown.json")
same "an update has the vendor of what it updates" "$(stored serial "$three_serial" vendor)" "$vendor"
same "by vendor" "$(cert list --vendor "$vendor" --subject '*gnb-3' | tail -n +2 | wc -l)" 2
same "by a secret there is none" "$(stored serial "$(serial_of "$work/gnb-1c.pem")" vendor)" ""

# ---- a vendor's intermediate ----

over=$(cert revoke --vendor-intermediate "$dir/demo/vendor-intermediate.pem" --dry-run 2>/dev/null)
same "counted" "$(grep 'to be revoked' <<<"$over" | xargs)" "2 to be revoked"
same "done before" "$(grep 'revoked already' <<<"$over" | xargs)" "3 revoked already"
ok "a sample" grep -Eq "^$next would be revoked: CN=gnb-3" <<<"$over"
same "a dry run changes nothing" "$(stored_status "$work/gnb-3-next.pem")" valid
same "the CA's own certificate is in no path" \
    "$(cert revoke --vendor-intermediate "$dir/ca/issuing.pem" --dry-run 2>/dev/null | grep 'to be revoked' | xargs)" "0 to be revoked"
refused "no certificate" 'holds no certificate, in PEM or DER' cert revoke --vendor-intermediate "$work/three.pub"

# ---- replaced ones alone ----

same "what would be done" "$(cert revoke --vendor-intermediate "$dir/demo/vendor-intermediate.pem" --after-replacement --dry-run 2>/dev/null |
    grep -v ' would be ' | xargs)" "1 to be revoked 3 revoked already 1 kept: their subject holds no newer confirmed certificate of another key"
ok "revoked" cert revoke --vendor-intermediate "$dir/demo/vendor-intermediate.pem" --after-replacement --reason superseded --incident vendor-7
same "the old one" "$(stored_status "$work/gnb-3.pem")" revoked
same "the new one stays" "$(stored_status "$work/gnb-3-next.pem")" valid
"$ctl" audit list --config "$dir/cmpd.yaml" >"$work/audit"
ok "the incident's name" grep -Eq "  revoke  revoked  .*$three_serial  reason=superseded incident=vendor-7\$" "$work/audit"
ok "unconfirmed" cmp -cmd kur -cert "$work/gnb-3-next.pem" -key "$work/next.key" -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem" \
    -newkey "$work/new.key" -certout "$work/gnb-3-open.pem" -disable_confirm
same "one that is not confirmed replaces nothing" "$(cert revoke --spki-of "$work/gnb-3-next.pem" --after-replacement --dry-run 2>/dev/null |
    grep 'to be revoked' | xargs)" "0 to be revoked"

# ---- many: broken off, and taken up again ----

begin=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)
is_time() {
    [[ ! $(date -u +%Y-%m-%dT%H:%M:%SZ) < $begin ]]
}
until_so "another second than that of what came before" is_time
many=60
"$CMPD_BIN/cmpbench" run --url "http://127.0.0.1:$port/.well-known/cmp/p/demo" --setup "$dir" --count $many --clients 8 >"$work/bench.log" 2>&1
chosen=(--issued-between "$begin" 2100-01-01 --vendor-intermediate "$dir/demo/vendor-intermediate.pem" --reason cessationOfOperation)
left() {
    cert revoke "${chosen[@]}" --dry-run 2>/dev/null | awk '/to be revoked/ {print $1}'
}
same "all of them" "$(left)" $many
same "none before" "$(cert revoke --issued-between 2020-01-01 2020-01-02 --dry-run 2>/dev/null | awk '/to be revoked/ {print $1}')" 0
refused "times the wrong way round" 'nothing is issued at' cert revoke --issued-between 2030-01-01 2020-01-01
refused "one time" 'wants FROM TO' cert revoke --issued-between 2030-01-01

has_begun() {
    [ "$(wc -l <"$work/progress")" -gt "$1" ]
}
for signal in INT KILL TERM; do
    : >"$work/progress"
    before=$(left)
    "$ctl" cert revoke --config "$dir/cmpd.yaml" "${chosen[@]}" --rate 20 --incident slow >"$work/progress" 2>"$work/progress.err" &
    tool=$!
    until_so "some are revoked" has_begun 3
    kill "-$signal" $tool
    status=0
    wait $tool 2>/dev/null || status=$?
    case $signal in
    KILL) same "killed" $status 137 ;;
    *)
        same "broken off by $signal" $status 1
        ok "it is told" grep -q 'broken off: [0-9]* are left' "$work/progress.err"
        ;;
    esac
    after=$(left)
    [ "$after" -lt "$before" ] || fail "nothing was done before SIG$signal"
    [ "$after" -gt 0 ] || fail "all was done before SIG$signal"
    # What was done is in the store and in the audit log, no more and no less.
    same "recorded" "$("$ctl" audit list --config "$dir/cmpd.yaml" | grep -c 'incident=slow')" $((many - after))
done
ok "taken up again" cert revoke "${chosen[@]}" --rate 100000 --incident slow
same "nothing is left" "$(left)" 0
same "each of them once" "$("$ctl" audit list --config "$dir/cmpd.yaml" | grep -c 'incident=slow')" $many

# ---- a list, with what else is wanted of it ----

ok "enrolled" certificate gnb-8 "$work/new.key"
new_key "$work/nine.key" P-256
ok "enrolled" certificate gnb-9 "$work/nine.key"
serial_of "$work/gnb-8.pem" >"$work/list"
echo "$(serial_of "$work/gnb-9.pem") # by hand" >>"$work/list"
same "both" "$(cert revoke --file "$work/list" --issued-between "$begin" 2100-01-01 --dry-run 2>/dev/null | awk '/to be revoked/ {print $1}')" 2
openssl pkey -in "$work/nine.key" -pubout -out "$work/nine.pub"
ok "revoked" cert revoke --file "$work/list" --spki-of "$work/nine.pub" --reason keyCompromise
same "the one" "$(stored_status "$work/gnb-9.pem")" revoked
same "and not the other" "$(stored_status "$work/gnb-8.pem")" valid
refused "its key is blocked" 'make a new key' certificate gnb-9b "$work/nine.key"
refused "a list with a line that is none" 'is no serial' cert revoke --file "$dir/cmpd.yaml" --issued-between "$begin" 2100-01-01
refused "named and selected" 'are not named' cert revoke "$first" --spki-of "$work/nine.pub"
refused "an incident of two words" 'wants a name' cert revoke "$first" --incident 'two words'

# ---- and all of it is whole ----

ok "well" db check
kill -TERM "$server"
ended "by SIGTERM" "$server" 0
ok "whole" verify --log "$log"
done_testing
