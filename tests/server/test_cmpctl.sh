#!/bin/bash
# cmpctl, and the faults of a configuration, as an operator meets them.
. "$(dirname "$0")/../lib.sh"

ctl=$CMPD_BIN/cmpctl
demo ca
credentials
config=$dir/cmpd.yaml

for file in ca/root ca/issuing ca/cmp; do
    ok "$file.pem" openssl x509 -in "$dir/$file.pem" -noout
    ok "$file.key" openssl pkey -in "$dir/$file.key" -noout
    same "$file.key is private" "$(stat -c %a "$dir/$file.key")" 600
done
same "the folder is private" "$(stat -c %a "$dir")" 700
for file in vendor-root.pem vendor-intermediate.pem vendor-intermediate.key device.key device.pem device-chain.pem \
    mac-reference mac-secret; do
    ok "demo/$file" test -s "$dir/demo/$file"
done
same "mac-reference is one line" "$(wc -l <"$dir/demo/mac-reference")" 1
same "mac-secret is one line" "$(wc -l <"$dir/demo/mac-secret")" 1
same "device-chain.pem" "$(grep -c BEGIN "$dir/demo/device-chain.pem")" 2
ok "the chain of the CMP certificate" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" \
    "$dir/ca/cmp.pem"
ok "the chain of the device" openssl verify -CAfile "$dir/demo/vendor-root.pem" \
    -untrusted "$dir/demo/vendor-intermediate.pem" "$dir/demo/device.pem"
ok "check" "$ctl" check "$config"
refused "a folder that is in use" 'not empty' "$ctl" init "$dir"
ok "without demo" "$ctl" init "$work/plain" --key-type P-384
ok "check without demo" "$ctl" check "$work/plain/cmpd.yaml"
ok "a vendor with other keys" "$ctl" init "$work/vendor" --demo --vendor-key P-384
ok "its chain" openssl verify -CAfile "$work/vendor/demo/vendor-root.pem" \
    -untrusted "$work/vendor/demo/vendor-intermediate.pem" "$work/vendor/demo/device.pem"
same "its key" "$(openssl x509 -in "$work/vendor/demo/vendor-intermediate.pem" -noout -text | grep -c secp384r1)" 1
refused "a vendor's key that is none" 'vendor-key is P-256' "$ctl" init "$work/other" --demo --vendor-key P-1
ok "another device" "$ctl" demo device "$dir" station-2
ok "its chain" openssl verify -CAfile "$dir/demo/vendor-root.pem" -untrusted "$dir/demo/vendor-intermediate.pem" \
    "$dir/demo/station-2.pem"
refused "a device twice" 'exists' "$ctl" demo device "$dir" station-2
refused "a device's name with a path" 'file name' "$ctl" demo device "$dir" ../x
for program in cmpd cmpd-epoll cmpctl; do
    for library in BoringSSL AWS-LC crypto_mb p11-kit SQLite libyaml; do
        ok "$program tells the version of $library" sh -c "'$CMPD_BIN/$program' --version | grep -q $library"
    done
done
ok "cmpd tells the version of libh2o and liburing" sh -c "'$CMPD_BIN/cmpd' --version | grep -q 'libh2o.*liburing'"

# What is not known is told what it may have been; help is no fault, at any level.
for call in "--help" "cert --help" "cert list --help" "init --help"; do
    # shellcheck disable=SC2086
    same "$call: nothing on standard error" "$("$ctl" $call 2>&1 >"$work/help.out")" ""
    ok "$call: how it ends" grep -q 'Exit status: 0' "$work/help.out"
done
refused "a command that is none" "did you mean 'cert list'" "$ctl" cert lst
refused "an option that is none" 'did you mean --json' "$ctl" cert list --jsn
refused "how the one command is called" '^usage: cmpctl cert export \[--config FILE\] \[--store URL\] SERIAL$' "$ctl" cert export
same "its exit status" "$("$ctl" cert export >/dev/null 2>&1 || echo $?)" 2

# fault TEXT SED PATTERN: a change of the configuration must be refused alike by cmpctl check and by cmpd, naming file
# and line.
fault() {
    local text=$1 change=$2 pattern=$3 line
    sed "$change" "$config" >"$dir/broken.yaml"
    diff "$config" "$dir/broken.yaml" >"$work/difference" && fail "$text: the change changes nothing"
    line=$(sed -n '1s/^\([0-9]*\).*/\1/p' "$work/difference")
    refused "$text (check)" "broken\.yaml:($line|$((line + 1))|$((line - 1))): .*$pattern" "$ctl" check "$dir/broken.yaml"
    refused "$text (cmpd)" "broken\.yaml:($line|$((line + 1))|$((line - 1))): .*$pattern" "$CMPD_BIN/cmpd" --config "$dir/broken.yaml"
}
fault "an unknown key" 's/^log: info/logg: info/' 'logg'
fault "a word that is none" 's/^front: auto/front: fast/' 'auto.*io_uring.*epoll'
fault "a number out of bounds" 's/message_bytes: 65536 /message_bytes: 12 /' '1024'
fault "a file that is missing" 's|certificate: ca/issuing.pem|certificate: ca/nothing.pem|' 'nothing.pem'
fault "a key that belongs to another" 's|^    key: ca/issuing.key|    key: ca/root.key|' 'does not belong'
fault "a chain in the wrong order" 's|chain: \[ca/root.pem\]|chain: [demo/vendor-root.pem]|' 'did not issue'
fault "a certificate that is no CA's" 's|certificate: ca/issuing.pem|certificate: demo/device.pem|' 'CA'
fault "a CMP certificate of a stranger" 's|cmp_certificate: ca/cmp.pem|cmp_certificate: demo/device.pem|' 'not issued'
fault "an intermediate of nobody" 's|intermediates: \[demo/vendor-intermediate.pem\]|intermediates: [ca/issuing.pem]|' 'not issued'
fault "an unknown key usage" 's/key_usage: \[digitalSignature, /key_usage: [digitalSignatures, /' 'digitalSignature'
fault "a key usage of CAs" 's/key_usage: \[digitalSignature, /key_usage: [keyCertSign, /' 'for CAs'
fault "an unknown purpose" 's/\[clientAuth, /[clientauth, /' 'serverAuth'
fault "an unknown key type" 's/\[P-256, P-384/[P256, P-384/' 'P-256'
fault "a vendor that is none" 's/vendors: \[demo\]/vendors: [dema]/' 'dema'
fault "a default profile that is none" 's/^default_profile: demo/default_profile: live/' 'live'
# TLS files are checked by both, too.
cp "$config" "$work/before-tls.yaml"
add_tls
ok "check with TLS" "$ctl" check "$config"
fault "a TLS key of another certificate" 's|^\(    tls: .*\)key: tls/server.key|\1key: ca/cmp.key|' 'does not belong'
fault "a TLS certificate that is none" 's|^    tls: {certificate: tls/server.pem|    tls: {certificate: cmpd.yaml|' 'no certificate'
chmod 644 "$dir/tls/server.key"
refused "a TLS key that others may read" 'cmpd\.yaml:[0-9]+: .*chmod 600' "$ctl" check "$config"
cp "$work/before-tls.yaml" "$config"
refused "a password that everybody can read" 'passfile' "$ctl" init "$work/pg" --store postgres://u:secret@h/d
refused "and as a parameter" 'passfile' "$ctl" db migrate --store 'postgres://h/d?password=secret'
grep -q secret "$work/last.out" && fail "the password is repeated"
refused "nothing is half done" 'No such file' ls "$work/pg"
chmod 644 "$dir/ca/issuing.key"
refused "a key that others may read" 'cmpd\.yaml:[0-9]+: .*chmod 600' "$ctl" check "$config"
chmod 600 "$dir/ca/issuing.key"
refused "a file that is missing" 'nothing.yaml' "$ctl" check "$work/nothing.yaml"

# The store, through the server and beside it.
start_server cmpd "$config" "$work/ctl.log"
new_key "$work/new.key" P-256
ok "an enrollment" cmp -cmd ir -newkey "$work/new.key" -subject '/CN=with "quotes"' "${by_device[@]}" -certout "$work/out.pem"
"$ctl" cert list --config "$config" --json >"$work/list.json"
same "one certificate" "$(wc -l <"$work/list.json")" 1
ok "JSON of it" python3 -c '
import json, sys
row = json.loads(open(sys.argv[1]).read())
for key in "serial", "subject", "status", "not_before", "not_after", "transactionID":
    assert row[key], key
assert row["status"] == "valid"
assert "quotes" in row["subject"], row
' "$work/list.json"
serial=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["serial"])' "$work/list.json")
same "export" "$("$ctl" cert export --config "$config" "$serial" | openssl x509 -outform DER | sha256sum)" \
    "$(openssl x509 -in "$work/out.pem" -outform DER | sha256sum)"
spelled=$(openssl x509 -in "$work/out.pem" -noout -serial)
same "export by what openssl prints" "$("$ctl" cert export --config "$config" "$spelled" | openssl x509 -noout -serial)" "$spelled"
refused "export of a serial that is none" 'no certificate' "$ctl" cert export --config "$config" "${serial//[0-9]/0}"
refused "export of what is no serial" 'hexadecimal' "$ctl" cert export --config "$config" xyz
# Who looks at the store needs no key.
mv "$dir/ca/issuing.key" "$dir/ca/cmp.key" "$work"
ok "cert list without keys" "$ctl" cert list --config "$config"
ok "cert export without keys" "$ctl" cert export --config "$config" "$serial"
refused "check without keys" 'issuing.key' "$ctl" check "$config"
mv "$work/issuing.key" "$work/cmp.key" "$dir/ca"
refused "a port in use" 'Address already in use' "$CMPD_BIN/cmpd" --config "$config"

# A secret that serves once.
# RFC 9483 4.1.5: "Rather than using private keys, certificates, and trust anchors, the EE and the PKI management
# entity MUST share secret information."
# RFC 9483 4.1.5: "Note: The shared secret information MUST be established out of band, e.g., by a service technician
# during initial local configuration."
printf 'only-once-secret\n' >"$work/secret"
for reference in "" "$(printf 'a\tb')" "gnb-é" "$(printf 'x%.0s' $(seq 65))"; do
    refused "a reference that is no commonName" 'wants 1 to 64 printable' "$ctl" secret add --config "$config" \
        --reference "$reference" --secret-file "$work/secret"
done
ok "secret add" "$ctl" secret add --config "$config" --reference once --secret-file "$work/secret" --profile demo
# Who did it: the user of the process; whom sudo names is added, and only said to be so.
ok "recorded" grep -Eq "secret added  stored  cmpctl by $(id -nr -u)(, sudo says for [a-z]+)?    once\$" \
    <("$ctl" audit list --config "$config")
ok "with sudo" env SUDO_USER=alice "$ctl" secret add --config "$config" --reference twice --secret-file "$work/secret"
ok "recorded" grep -q "cmpctl by $(id -nr -u), sudo says for alice    twice\$" <("$ctl" audit list --config "$config")
once=(-ref once -secret pass:only-once-secret -recipient /CN=x)
ok "the secret serves" cmp -cmd ir -newkey "$work/new.key" -subject /CN=once "${once[@]}" -certout "$work/out.pem"
refused "and not again" 'notAuthorized|used' cmp -cmd ir -newkey "$work/new.key" -subject /CN=twice "${once[@]}" \
    -certout "$work/out.pem"
# Many at once, each for one base station.
printf 'gnb-1 first-secret\ngnb-2 second secret' >"$work/list"
ok "secret add --list" "$ctl" secret add --config "$config" --list "$work/list" --profile demo
ok "the first of the list" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-1 -ref gnb-1 -secret pass:first-secret \
    -recipient /CN=x -certout "$work/out.pem"
ok "a secret with a space, from a line without end" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-2 -ref gnb-2 \
    -secret "pass:second secret" -recipient /CN=x -certout "$work/out.pem"
printf 'gnb-3 secret\ngnb-4\n' >"$work/list"
refused "a line without a secret" 'line 2 of .*list' "$ctl" secret add --config "$config" --list "$work/list"
refused "a list and a reference" 'usage' "$ctl" secret add --config "$config" --list "$work/list" --reference gnb-3
# Made for installers: from the file to the station; one is withdrawn before it is used.
ok "secret create" "$ctl" secret create --config "$config" --count 2 --prefix site-7- --profile demo --out "$work/installers"
same "its mode" "$(stat -c %a "$work/installers")" 600
while read -r reference secret; do
    printf '%s' "$secret" >"$work/secret"
    by_line=(-ref "$reference" -secret "file:$work/secret" -recipient /CN=x)
    if [ "$(wc -l <"$work/installers")" = 2 ]; then
        ok "a line serves" cmp -cmd ir -newkey "$work/new.key" -subject /CN=site-7 "${by_line[@]}" -certout "$work/out.pem"
        ok "its state" grep -Eq "^used .* $reference +profile demo +by transaction [0-9a-f]{32}\$" \
            <("$ctl" secret list --config "$config" --state used)
        sed -i 1d "$work/installers"
    else
        ok "secret withdraw" "$ctl" secret withdraw --config "$config" "$reference"
        refused "one that was withdrawn does not" badMessageCheck cmp -cmd ir -newkey "$work/new.key" -subject /CN=site-7 \
            "${by_line[@]}" -trusted "$dir/ca/root.pem" -certout "$work/out.pem"
        wait_log "$work/ctl.log" 'detail="the secret was withdrawn"'
    fi
done < <(cat "$work/installers")
if grep -q only-once-secret "$work/ctl.log"; then fail "the secret is in the log"; fi
if grep -aq only-once-secret "$dir"/store/*; then fail "the secret is in the store as it is"; fi

# A second node of the same CA, on the same store.
first_port=$port first_server=$server
port=$(free_port)
ok "join" "$ctl" init --join "$dir" "$work/node2" --listen "127.0.0.1:$port"
same "the same CA" "$(openssl x509 -in "$dir/ca/issuing.pem" -noout -fingerprint)" \
    "$(openssl x509 -in "$work/node2/ca/issuing.pem" -noout -fingerprint)"
# Each has a name of its own, by which the nodes and the audit log know it.
ok "another" "$ctl" init --join "$dir" "$work/node3" --listen "[::1]:8829"
refused "the address of another" 'another name with --node' "$ctl" init --join "$work/node2" "$work/node4"
ok "with a name" "$ctl" init --join "$dir" "$work/node5" --node site-b.5
same "the names" "$(sed -n 's/^node: //p' "$work"/node?/cmpd.yaml | xargs)" \
    "$(hostname)-127.0.0.1-$port $(hostname)-1-8829 site-b.5"
refused "the name of the first" 'another name with --node' "$ctl" init --join "$dir" "$work/node6" --node "$(hostname)"
refused "nothing was made" 'No such file' ls "$work/node6"
sed '/^node:/d' "$work/node5/cmpd.yaml" >"$work/node5/new" && mv "$work/node5/new" "$work/node5/cmpd.yaml"
ok "one of a node whose name is its host's" "$ctl" init --join "$work/node5" "$work/node7" --node n7
same "it has a name" "$(sed -n 's/^node: //p' "$work/node7/cmpd.yaml")" n7
refused "an admin address where the first node has none of its own" "leave --admin-listen out" \
    "$ctl" init --join "$dir" "$work/node8" --node n8 --listen 127.0.0.1:2 --admin-listen 127.0.0.1:1
refused "what comes from the first node" "takes the CA" "$ctl" init --join "$dir" "$work/node8" --name x
# Where health has an address of its own, a node that joins is told its own, whatever stands around it.
ok "two addresses" "$ctl" init "$work/apart" --listen 127.0.0.1:1001 --admin-listen 127.0.0.1:1002
sed -i '/^listeners:/a\  - address: "127.0.0.1:1003"\n    serves: [cmp]' "$work/apart/cmpd.yaml"
refused "health of the first node" "127.0.0.1:1002: say with --admin-listen" \
    "$ctl" init --join "$work/apart" "$work/apart2" --node n2 --listen 127.0.0.1:2001
ok "each its own" "$ctl" init --join "$work/apart" "$work/apart2" --node n2 --listen 127.0.0.1:2001 --admin-listen 127.0.0.1:2002
same "the addresses" "$(sed -n 's/^  - address: //p' "$work/apart2/cmpd.yaml" | xargs)" \
    "127.0.0.1:2001 127.0.0.1:1001 127.0.0.1:2002"
start_server cmpd "$work/node2/cmpd.yaml" "$work/node2.log"
ok "enrolled at the second node" cmp -cmd ir -newkey "$work/new.key" -subject /CN=node2 "${by_device[@]}" -certout "$work/out.pem"
same "seen by the first" "$(stored_status "$work/out.pem")" valid
stop_server
port=$first_port server=$first_server
stop_server
done_testing
