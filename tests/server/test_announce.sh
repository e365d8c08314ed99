#!/bin/bash
# What a CA announces by itself, and what it takes of another one (RFC 9810 5.3.13 to 5.3.16, RFC 9811 3.5): two servers, of
# which one pushes to the other.
source "$(dirname "$0")/../lib.sh"

# of_repository COMMAND...: cmpctl with the configuration of the one that listens.
of_repository() {
    "$CMPD_BIN/cmpctl" "$@" --config "$repository/cmpd.yaml"
}

announced() {
    of_repository announcement list --json 2>/dev/null | python3 -c "
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row['body'] == sys.argv[1]: print(row['about'])" "$1"
}

has_announced() {
    announced "$1" | grep -q -- "$2"
}

# deliveries BODY FIELD: of the CA that announces.
deliveries() {
    "$CMPD_BIN/cmpctl" announcement deliveries --config "$issuing/cmpd.yaml" --json | python3 -c "
import json, sys
for line in sys.stdin:
    row = json.loads(line)
    if row['body'] == sys.argv[1]: print(row[sys.argv[2]])" "$1" "$2"
}

has_row() {
    [ -n "$(deliveries "$1" since)" ]
}

demo repository
repository=$dir
url="http://127.0.0.1:$port/.well-known/cmp"
demo issuing
issuing=$dir
crl_every 24
cp "$issuing/ca/cmp.pem" "$repository/upstream.pem"

# ---- who listens ----
sed -i '1i upstream: [{name: national, certificates: [upstream.pem]}]' "$repository/cmpd.yaml"
repository_log=$work/repository.log
start_server cmpd "$repository/cmpd.yaml" "$repository_log"
repository_server=$server

# ---- who announces: CRLs at once, and revocations from now on ----
credentials
sed -i "/^  - name: issuing\$/a\\    announce: {urls: [\"$url\"]}" "$issuing/cmpd.yaml"
log=$work/issuing.log
start_server cmpd "$issuing/cmpd.yaml" "$log"
until_so "the first CRL" has_announced crlann '^CRL 1 of CN=Issuing CA,O=Demo Operator'
until_so "revocations are followed" has_row rann
same "none yet" "$(announced rann)" ""

new_key "$work/first.key" P-256
new_key "$work/second.key" P-256
new_key "$work/third.key" P-256
ok "enroll" cmp -cmd ir "${by_device[@]}" -subject /CN=gnb-1 -newkey "$work/first.key" -certout "$work/gnb.pem"
serial=$(openssl x509 -in "$work/gnb.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)
ok "revoke" "$CMPD_BIN/cmpctl" cert revoke "$serial" --reason keyCompromise --config "$issuing/cmpd.yaml"
until_so "the revocation" has_announced rann "^certificate $serial of CN=Issuing CA,O=Demo Operator, reason 1\$"
until_so "the CRL that has it" has_announced crlann '^CRL 2 '
# Who listens has the row before who pushes has its answer.
has_delivered() {
    [ "$(deliveries "$1" delivered) $(deliveries "$1" lost)" = "$2 0" ]
}
until_so "delivered" has_delivered rann 1
ok "the log of who pushes" grep -q 'event="announcement delivered".*body=rann' "$log"
ok "the log of who listens" grep -q 'event="announcement stored".*body=rann' "$repository_log"
of_repository announcement show national rann >"$work/rann"
for line in 'upstream *national' 'body *rann' 'willBeRevokedAt' "revocationNotification"; do
    ok "shown: $line" grep -q -- "$line" "$work/rann"
done
refused "none of this kind" "'national' has announced nothing by cann" of_repository announcement show national cann
refused "none of this upstream" "'natio' has announced nothing by rann" of_repository announcement show natio rann
refused "no such kind" "'national' has announced nothing by ir" of_repository announcement show national ir
refused "no such name" "has announced nothing by rann" of_repository announcement show "$(printf '%0999d' 0)" rann
of_repository audit list --json >"$work/audit"
ok "in the audit log" grep -q "upstream=national certificate $serial" "$work/audit"

# ---- 201 again, 403 of others, 400 ----
# post FILE: the status, the length of the content.
post() {
    curl -s -o "$work/answer" -w '%{http_code} %{size_download}' --data-binary "@$1" -H 'Content-Type: application/pkixcmp' "$url"
}
of_repository announcement show national rann --der >"$work/rann.der"
of_repository announcement show national crlann --der >"$work/crlann.der"
rows=$(of_repository audit list --json | wc -l)
same "present already: RFC 9811 3.5, 201 and no content" "$(post "$work/rann.der")" "201 0"
same "the CRL, too" "$(post "$work/crlann.der")" "201 0"
same "and nothing was written" "$(of_repository audit list --json | wc -l)" "$rows"
python3 - "$work/rann.der" "$work/changed.der" <<'PY'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
octets[octets.index(b"\x18\x0f") + 15] ^= 1 # another second in messageTime
open(sys.argv[2], "wb").write(octets)
PY
same "not what was signed: 403 and no content" "$(post "$work/changed.der")" "403 0"
wait_log "$repository_log" 'event="announcement refused".*failInfo=badMessageCheck'
python3 - "$work/rann.der" "$work/changed.der" <<'PY'
import sys
octets = bytearray(open(sys.argv[1], "rb").read())
octets[-1] ^= 1 # in extraCerts, which nothing protects
open(sys.argv[2], "wb").write(octets)
PY
same "with other certificates it is the same" "$(post "$work/changed.der")" "201 0"
same "and nothing was written either" "$(of_repository audit list --json | wc -l)" "$rows"

# ---- an independent reader ----
openssl asn1parse -inform DER -in "$work/rann.der" >"$work/asn1"
ok "pvno cmp2000" grep -q 'INTEGER *:02' "$work/asn1"
ok "rann is [17]" grep -q 'cont \[ 17 \]' "$work/asn1"
ok "certId" grep -Eqi "INTEGER *:$serial" "$work/asn1"
ok "the reason" grep -q 'X509v3 CRL Reason Code' "$work/asn1"
openssl asn1parse -inform DER -in "$work/crlann.der" >"$work/asn1"
ok "crlann is [18]" grep -q 'cont \[ 18 \]' "$work/asn1"

# ---- nobody listens: it is delivered when somebody does; what was under way survives a restart ----
kill -INT "$repository_server"
ended "the repository" "$repository_server" 0
ok "enroll another" cmp -cmd ir "${by_device[@]}" -subject /CN=gnb-2 -newkey "$work/second.key" -certout "$work/gnb2.pem"
second=$(openssl x509 -in "$work/gnb2.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)
ok "and one more" cmp -cmd ir "${by_device[@]}" -subject /CN=gnb-3 -newkey "$work/third.key" -certout "$work/gnb3.pem"
third=$(openssl x509 -in "$work/gnb3.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)
ok "revoke another" "$CMPD_BIN/cmpctl" cert revoke "$second" --reason superseded --config "$issuing/cmpd.yaml"
wait_log "$log" 'event="announcement not delivered".*body=rann.*reason="[^"]*[Cc]onnect'
stop_server
start_server cmpd "$issuing/cmpd.yaml" "$log"
issuing_server=$server
start_server cmpd "$repository/cmpd.yaml" "$repository_log"
repository_server=$server
kill -HUP "$issuing_server"
until_so "the second revocation" has_announced rann "^certificate $second of .* reason 4\$"
until_so "delivered, too" has_delivered rann 2

# ---- another root ----
root() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -out "$issuing/ca/$1.pem" -days 3650 \
        -subj "/O=Demo Operator/CN=$1" -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
root next
if [ -f "$issuing/ca/root.key" ]; then root_key=$issuing/ca/root.key; else root_key=$issuing/offline/root.key; fi
openssl req -new -key "$work/next.key" -subj "/O=Demo Operator/CN=next" -out "$work/next.csr" 2>/dev/null
openssl x509 -req -in "$work/next.csr" -CA "$issuing/ca/root.pem" -CAkey "$root_key" -days 365 -out "$issuing/ca/new-with-old.pem" \
    -extfile <(printf 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n') 2>/dev/null
same "no root yet" "$(announced ckuann)" ""
sed -i "/^    announce: /a\\    next: {certificate: ca/next.pem, new_with_old: ca/new-with-old.pem}" "$issuing/cmpd.yaml"
server=$issuing_server
reload
ok "the next root" grep -q 'event="configuration loaded"' "$work/outcome"
until_so "the next root is announced" has_announced ckuann '^new root CN=next,O=Demo Operator'
of_repository announcement show national ckuann --der >"$work/ckuann.der"
openssl asn1parse -inform DER -in "$work/ckuann.der" >"$work/asn1"
ok "ckuann is [15]" grep -q 'cont \[ 15 \]' "$work/asn1"
ok "pvno cmp2021" grep -q 'INTEGER *:03' "$work/asn1"
reload
stop_server
before=$(lines_of 'event="this node announces"' "$log")
start_server cmpd "$issuing/cmpd.yaml" "$log"
until_so "it announces again" has_more "$before" 'event="this node announces"' "$log"
# What it looks at after that it announces after the root, if it announces that.
ok "revoke one more" "$CMPD_BIN/cmpctl" cert revoke "$third" --reason superseded --config "$issuing/cmpd.yaml"
until_so "a look after the restart" has_announced rann "^certificate $third of "
same "once" "$(deliveries ckuann delivered)" 1
stop_server

# ---- a process that was to speak to nobody speaks to nobody ----
cp "$issuing/cmpd.yaml" "$work/announces.yaml"
sed -i '/^    announce: /d' "$issuing/cmpd.yaml"
start_server cmpd "$issuing/cmpd.yaml" "$log"
cp "$work/announces.yaml" "$issuing/cmpd.yaml"
reload
# A build with sanitizers has no sandbox that would keep it from that.
grep -q 'event="no sandbox"' "$log" || ok "the first URL takes a restart" grep -q 'event="configuration refused".*announce of a CA.*restart to use it' "$work/outcome"
stop_server
server=$repository_server
stop_server

# ---- what a configuration may not say ----
cp "$repository/cmpd.yaml" "$work/good.yaml"
sed -i 's|upstream.pem|no.pem|' "$repository/cmpd.yaml"
refused "a certificate that is missing" 'cmpd.yaml:1: .*no.pem' "$CMPD_BIN/cmpctl" check "$repository/cmpd.yaml"
sed '1s|.*|upstream: [{name: a, certificates: [upstream.pem]}, {name: a, certificates: [upstream.pem]}]|' "$work/good.yaml" >"$repository/cmpd.yaml"
refused "a name twice" 'cmpd.yaml:1: upstream has two entries named "a"' "$CMPD_BIN/cmpctl" check "$repository/cmpd.yaml"
sed -i "s|urls: \[\"http|urls: [\"ftp|" "$issuing/cmpd.yaml"
refused "another scheme" 'cmpd.yaml:[0-9]+: urls holds "ftp://' "$CMPD_BIN/cmpctl" check "$issuing/cmpd.yaml"
done_testing
