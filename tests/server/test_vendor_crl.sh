#!/bin/bash
# CRLs of a vendor, made by OpenSSL: whose certificate is revoked, or who is spoken of by no current CRL, enrolls nothing
# (RFC 5280 6.3). Whatever is wrong with a CRL harms nobody else.
# RFC 9483 3.5: "[…] certificate status checking SHOULD be performed on the CMP protection certificates."
. "$(dirname "$0")/../lib.sh"

demo vendor-crl
v=$dir/vendors
mkdir "$v"
log=$work/cmpd.log
new_key "$work/new.key" P-256

# ---- a vendor: root, factory, a signer of the factory's CRLs, two stations ----

cat >"$work/ca.cnf" <<EOF
[ca]
default_ca = any
[any]
database = $work/\$ENV::CA.txt
crlnumber = $work/\$ENV::CA.number
default_md = sha256
default_crl_days = 30
unique_subject = no
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
[delta]
authorityKeyIdentifier = keyid
2.5.29.27 = critical,DER:02:01:01
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[factory]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[crl_signer]
basicConstraints = critical,CA:false
keyUsage = critical,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[station]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
EOF

# issue NAME SUBJECT EXTENSIONS [ISSUER]: $work/NAME.pem and .key; without ISSUER by itself.
issue() {
    local by=(-signkey "$work/$1.key")
    [ $# -lt 4 ] || by=(-CA "$work/$4.pem" -CAkey "$work/$4.key")
    new_key "$work/$1.key" P-256
    openssl req -new -key "$work/$1.key" -subj "$2" -out "$work/$1.csr"
    openssl x509 -req -in "$work/$1.csr" "${by[@]}" -set_serial "0x$(openssl rand -hex 8 | sed 's/^./1/')" -days 30 \
        -extfile "$work/ca.cnf" -extensions "$3" -out "$work/$1.pem" 2>/dev/null
}
export CA=none
issue root /CN=Acme\ Root root
issue factory /CN=Acme\ Factory factory root
issue crl-signer /CN=Acme\ Factory crl_signer factory
issue gnb-1 /CN=gnb-1 station factory
issue gnb-2 /CN=gnb-2 station factory
issue stranger /CN=Acme\ Factory root
cp "$work/root.pem" "$work/factory.pem" "$v"
for name in root factory; do
    : >"$work/$name.txt"
    echo 01 >"$work/$name.number"
done

# make_crl CA FILE [OPTION...]: its CRL, into the vendor's folder; signed by its own key if no option has another.
make_crl() {
    CA=$1 openssl ca -config "$work/ca.cnf" -gencrl -cert "$work/$1.pem" -keyfile "$work/$1.key" -out "$v/$2" "${@:3}" 2>/dev/null
}
# revoke CA NAME, restore CA: what its next CRL lists.
revoke() {
    CA=$1 openssl ca -config "$work/ca.cnf" -cert "$work/$1.pem" -keyfile "$work/$1.key" -revoke "$work/$2.pem" 2>/dev/null
}
restore() {
    : >"$work/$1.txt"
}
day() {
    date -u -d "$1" +%y%m%d%H%M%SZ
}

# vendor CRLS [INTERMEDIATES [HOURS]]: the demo's vendor from now on, as YAML lists.
cp "$dir/cmpd.yaml" "$work/demo.yaml"
vendor() {
    python3 - "$work/demo.yaml" "$dir/cmpd.yaml" "$1" "${2:-[vendors/factory.pem]}" "${3:-0}" <<'PY'
import re, sys
before, after, crls, intermediates, hours = sys.argv[1:]
text = open(before).read()
begin = text.index("\nvendors:\n")
end = text.index("\n\n", begin)
text = text[:begin] + f"""
vendors:
  - name: demo
    anchors: [vendors/root.pem]
    intermediates: {intermediates}
    crls: {crls}
    crl_stale_hours: {hours}""" + text[end:]
open(after, "w").write(text)
PY
}
enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" -cert "$work/$1.pem" -key "$work/$1.key" -extracerts "$v/factory.pem" \
        -trusted "$dir/ca/root.pem" -certout "$work/$1.got"
}
# warns PATTERN: check finds the configuration right, and warns so; without PATTERN of nothing.
warns() {
    ok "check" eval '"$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml" >"$work/said.out" 2>&1'
    if [ $# -gt 0 ]; then
        ok "check warns: $1" grep -Eq "cmpctl: warning: .*$1" "$work/said.out"
    else
        same "warnings" "$(lines_of warning: "$work/said.out")" 0
    fi
}
# loads TEXT: the configuration is taken; loads_not TEXT PATTERN: it is refused, and told is why.
loads() {
    reload
    ok "$1: loaded" grep -q 'configuration loaded' "$work/outcome"
}
loads_not() {
    reload
    ok "$1: refused" grep -Eq "configuration refused.*$2" "$work/outcome"
}
revoked='is revoked'
unknown='not known whether the protecting certificate is revoked'

# ---- asked for or not ----

vendor '[]'
start_server cmpd "$dir/cmpd.yaml" "$log"
ok "without crls nobody is asked" enroll gnb-1

make_crl root root.crl
make_crl factory factory.crl
vendor '[vendors/root.crl, vendors/factory.crl]'
loads "two empty CRLs"
warns
ok "who is on none is let in" enroll gnb-1

revoke factory gnb-1
make_crl factory factory.crl
loads "a newer CRL"
refused "who is revoked is refused" "signerNotTrusted.*$revoked" enroll gnb-1
wait_log "$log" 'certificate of CN=gnb-1: it is revoked'
ok "another one is let in" enroll gnb-2

revoke root factory
make_crl root root.crl
loads "the factory is revoked"
refused "with it all that it has issued" "$revoked" enroll gnb-2
wait_log "$log" 'certificate of CN=Acme Factory: it is revoked'
warns 'certificate of CN=Acme Factory: it is revoked: stations below it are refused'
restore root
restore factory
make_crl root root.crl

# ---- no CRL, an old one, one of the future ----

vendor '[vendors/root.crl]'
loads "no CRL of the factory"
refused "who no CRL speaks of is refused" "signerNotTrusted.*$unknown" enroll gnb-2
wait_log "$log" 'no CRL says whether it is revoked'

make_crl factory factory.crl -crl_lastupdate "$(day '-3 days')" -crl_nextupdate "$(day '-2 hours')"
vendor '[vendors/root.crl, vendors/factory.crl]'
loads "a stale CRL"
refused "a stale CRL lets nobody in" "$unknown" enroll gnb-2
wait_log "$log" 'the CRL of its issuer is stale'
warns 'factory.crl is stale, its nextUpdate was .*: stations that it speaks of are refused'
vendor '[vendors/root.crl, vendors/factory.crl]' '[vendors/factory.pem]' 1
loads "one hour is too short"
refused "a stale CRL counts no longer" "$unknown" enroll gnb-2
vendor '[vendors/root.crl, vendors/factory.crl]' '[vendors/factory.pem]' 3
loads "three are not"
ok "a stale CRL may count for a while" enroll gnb-2
warns 'factory.crl is stale.*crl_stale_hours'

make_crl factory factory.crl -crl_lastupdate "$(day '+1 day')" -crl_nextupdate "$(day '+2 days')"
loads "a CRL of the future"
refused "it counts for nothing yet" "$unknown" enroll gnb-2
warns 'factory.crl is not valid before'

# ---- deltas ----

vendor '[vendors/root.crl, vendors/factory.crl, vendors/delta.crl]'
echo 01 >"$work/factory.number"
make_crl factory factory.crl
revoke factory gnb-2
make_crl factory delta.crl -crlexts delta
loads "a delta that adds"
refused "who is revoked by it is refused" "$revoked" enroll gnb-2
ok "another one is let in" enroll gnb-1
restore factory

# ---- signed by another key ----

make_crl factory factory.crl -cert "$work/crl-signer.pem" -keyfile "$work/crl-signer.key"
vendor '[vendors/root.crl, vendors/factory.crl]'
loads_not "a signer that is not listed" 'factory.crl is of no use'
cp "$work/crl-signer.pem" "$v"
vendor '[vendors/root.crl, vendors/factory.crl]' '[vendors/factory.pem, vendors/crl-signer.pem]'
loads "a signer of CRLs among the intermediates"
ok "its CRL counts" enroll gnb-2
# The certificates of its own issuer are spoken of by it: it may say so of itself, and then counts for nothing.
revoke factory crl-signer
make_crl factory factory.crl -cert "$work/crl-signer.pem" -keyfile "$work/crl-signer.key"
loads "a signer that is revoked"
refused "its CRL counts for nothing" "$unknown" enroll gnb-2
restore factory

# ---- in bad faith: the CRLs that were loaded stay ----

revoke factory gnb-1
make_crl factory factory.crl
vendor '[vendors/root.crl, vendors/factory.crl]'
loads "one is revoked"
make_crl factory factory.crl -cert "$work/stranger.pem" -keyfile "$work/stranger.key"
loads_not "a CRL of somebody with the factory's name" 'factory.crl is of no use: (its signature is wrong|no anchor)'
head -c 100 "$v/root.crl" >"$v/factory.crl"
loads_not "half a CRL" 'holds no CRL'
head -c 200 /dev/urandom | sed '1s/^/0/' >"$v/factory.crl"
loads_not "no CRL" 'factory.crl is of no use: it is malformed'
truncate -s 100M "$v/factory.crl"
loads_not "100 MB" 'cannot read .*factory.crl: File too large'
rm "$v/factory.crl"
loads_not "none" 'cannot read .*factory.crl: No such file'
refused "who is revoked stays so" "$revoked" enroll gnb-1
ok "who is not is let in" enroll gnb-2

# ---- without SIGHUP ----

quietly() {
    "$@" >/dev/null 2>&1
}
is_refused() {
    ! quietly enroll "$1"
}
restore factory
make_crl factory next.crl
mv "$v/next.crl" "$v/factory.crl"
until_so "it is let in again" quietly enroll gnb-1
wait_log "$log" 'event="CRLs of vendors loaded"'
before=$(lines_of 'CRLs of vendors refused.*holds no CRL' "$log")
echo "a fault that waits for SIGHUP: [" >>"$dir/cmpd.yaml"
echo "nonsense" >"$v/factory.crl"
until_so "a damaged one is refused" has_more "$before" 'CRLs of vendors refused.*holds no CRL' "$log"
ok "what was loaded stays" enroll gnb-1
revoke factory gnb-1
make_crl factory next.crl
mv "$v/next.crl" "$v/factory.crl"
until_so "it is revoked again" is_refused gnb-1
refused "and that is why" "$revoked" enroll gnb-1
ok "another one is let in" enroll gnb-2
vendor '[vendors/root.crl, vendors/factory.crl]'

# ---- a long one ----

python3 - "$work" "$v/factory.crl" "$(openssl x509 -in "$work/gnb-2.pem" -noout -serial | sed 's/.*=//')" <<'PY'
import subprocess, sys
work, out, serial = sys.argv[1:]

def tlv(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    length = bytes([n]) if n < 128 else bytes([0x80 | (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + content

time = lambda days: tlv(0x17, (datetime.now(timezone.utc) + timedelta(days=days)).strftime("%y%m%d%H%M%SZ").encode())
from datetime import datetime, timedelta, timezone
ecdsa = tlv(0x30, bytes.fromhex("06082a8648ce3d040302"))
name = tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403"), tlv(0x0c, b"Acme Factory"))))
then = time(-2)
entry = lambda number: tlv(0x30, tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big")), then)
numbers = [2**80 + i for i in range(300000)]
numbers.insert(150000, int(serial, 16))
tbs = tlv(0x30, tlv(2, b"\1"), ecdsa, name, time(-1), time(1), tlv(0x30, *map(entry, numbers)),
          tlv(0xa0, tlv(0x30, tlv(0x30, bytes.fromhex("0603551d14"), tlv(4, tlv(2, b"\x50"))))))
open(work + "/tbs", "wb").write(tbs)
signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", work + "/factory.key", work + "/tbs"],
                           stdout=subprocess.PIPE, check=True).stdout
open(out, "wb").write(tlv(0x30, tbs, ecdsa, tlv(3, b"\0", signature)))
PY
loads "300,000 entries"
refused "one of them is found" "$revoked" enroll gnb-2
ok "who is none is let in" enroll gnb-1

stop_server
done_testing
