#!/bin/bash
# Every alarm of /metrics is brought about once, by what an operator would see, and goes when it is mended. One that is
# added to the node and not here is a failure.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../short_lived.sh"

demo alarms
credentials
new_key "$work/new.key" P-256
log=$work/alarms.log
# What may end within minutes here, and is mended by a copy.
cp "$dir/ca/cmp.pem" "$work/good.pem"
provoked=()

# alarm NAME VALUE: whether the node at $port says so. A page is given again for a second.
alarm() {
    curl -sS --fail "http://127.0.0.1:$port/metrics" | grep -qFx "cmpd_alarm{alarm=\"$1\"} $2"
}
# provoked NAME, mended NAME: until it is.
provoked() {
    checks=$((checks + 1))
    until_so "the alarm $1" alarm "$1" 1
    provoked+=("$1")
}
mended() {
    checks=$((checks + 1))
    until_so "the end of the alarm $1" alarm "$1" 0
}
loads() {
    reload
    grep -q 'event="configuration loaded"' "$work/outcome" || fail "$1: $(cat "$work/outcome")"
}

# A vendor whose CRL cannot be fetched (RFC 5280 6.3: nobody knows whether its devices are revoked), and one that can.
web_port=$(free_port)
mkdir "$work/web" "$work/kept"
"$CMPD_BIN/cmpctl" ca crl "$work/web/factory.crl" --certificate "$dir/demo/vendor-intermediate.pem" --key "$dir/demo/vendor-intermediate.key" \
    >/dev/null
cp "$dir/cmpd.yaml" "$work/plain.yaml"
python3 - "$dir/cmpd.yaml" "http://127.0.0.1:$web_port/crl/factory.crl" "$work/kept" <<'PY'
import sys
path, url, kept = sys.argv[1:]
text = open(path).read()
begin, end = text.index("\nvendors:\n"), text.index("\nprofiles:\n")
vendors = f"\nvendors:\n  - name: demo\n    anchors: [demo/vendor-intermediate.pem]\n    crl_urls: ['{url}']\nvendor_crl_folder: {kept}\n"
open(path, "w").write(text[:begin] + vendors + text[end:])
PY
start_server cmpd "$dir/cmpd.yaml" "$log"
provoked vendor_crls
python3 "$(dirname "$0")/crl_web.py" "$web_port" "$work/web" >"$work/web.log" 2>&1 &
servers+=($!)
web_answers() {
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$web_port/")" = 404 ]
}
until_so "the vendor's server serves" web_answers
loads "the vendor's server is back" # it tries again by itself, later
mended vendor_crls
cp "$work/plain.yaml" "$dir/cmpd.yaml"

# More certificates are not confirmed than may be revoked in a minute (RFC 9810 5.3.18): then no certConf gets through.
sed -i 's/^confirm_revoke_max: .*/confirm_revoke_max: 1/' "$dir/cmpd.yaml"
add_profile slow "confirm.wait_seconds: 1" "confirm.unconfirmed: revoke"
loads "slow"
for i in 1 2; do
    ok "$i is not confirmed" cmp -path .well-known/cmp/p/slow -cmd ir -newkey "$work/new.key" -subject "/CN=lost-$i" "${by_device[@]}" \
        -certout "$work/lost.pem" -disable_confirm
done
provoked unconfirmed
cp "$work/plain.yaml" "$dir/cmpd.yaml"
loads "more may be revoked"
mended unconfirmed

# The CRL of the root, which nobody here can make anew, is in the last quarter of its time.
mkdir "$work/root"
: >"$work/root/index"
echo 01 >"$work/root/number"
printf '[ca]\ndefault_ca = d\n[d]\ndatabase = %s/index\ncrlnumber = %s/number\ndefault_md = sha256\ncrl_extensions = x\n[x]\nauthorityKeyIdentifier = keyid\n' \
    "$work/root" "$work/root" >"$work/root/ca.cnf"
cp "$dir/ca/root.crl" "$work/good.crl"
now=$(date +%s)
openssl ca -config "$work/root/ca.cnf" -gencrl -cert "$dir/ca/root.pem" -keyfile "$dir/ca/root.key" -out "$dir/ca/root.crl" \
    -crl_lastupdate "$(date -u -d "@$((now - 80000))" +%Y%m%d%H%M%SZ)" -crl_nextupdate "$(date -u -d "@$((now + 8000))" +%Y%m%d%H%M%SZ)" \
    2>"$work/root.log" || fail "no CRL: $(cat "$work/root.log")"
loads "a CRL that ends soon"
provoked crl_late
cp "$work/good.crl" "$dir/ca/root.crl"
loads "a new CRL"
mended crl_late

# The CMP certificate, which the root has issued, ends within a day.
short_lived root $((-40 * 86400)) 40000
loads "a certificate that ends"
provoked expiry
cp "$work/good.pem" "$dir/ca/cmp.pem"
loads "one that does not"
mended expiry

# One that our own CA has issued is renewed; not while its key is blocked, for then it must not go on.
key=$(openssl pkey -in "$dir/ca/cmp.key" -pubout -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
ok "blocked" "$CMPD_BIN/cmpctl" key block "$key" --comment "a test" --config "$dir/cmpd.yaml"
short_lived issuing -600 200
loads "one of our own CA"
provoked renewal
ok "unblocked" "$CMPD_BIN/cmpctl" key unblock "$key" --comment "a test" --config "$dir/cmpd.yaml"
loads "its key is not blocked"
wait_log "$log" 'event="certificate renewed" ca=issuing'
mended renewal

# Another node over the same store has other profiles.
first=$server first_port=$port
ok "another node" "$CMPD_BIN/cmpctl" init "$work/second" --join "$dir" --listen "127.0.0.1:$(free_port)"
sed -i 's/^confirm_revoke_max: .*/confirm_revoke_max: 2/' "$work/second/cmpd.yaml"
start_server cmpd "$work/second/cmpd.yaml" "$work/second.log"
provoked configurations_differ
cp "$work/second/cmpd.yaml" "$work/differs.yaml"
sed -i 's/^confirm_revoke_max: .*/confirm_revoke_max: 60/' "$work/second/cmpd.yaml"
kill -HUP "$server"
mended configurations_differ
stop_server
server=$first port=$first_port

# The key of a listener's certificate is replaced, and the certificate is not (test_tls_files.sh has the rest).
add_tls
stop_server
start_server cmpd "$dir/cmpd.yaml" "$log"
cp "$dir/tls/server.key" "$work/tls.key"
new_key "$dir/tls/other.key" P-256
chmod 600 "$dir/tls/other.key"
mv "$dir/tls/other.key" "$dir/tls/server.key"
provoked tls
cp -p "$work/tls.key" "$dir/tls/new.key"
chmod 600 "$dir/tls/new.key"
mv "$dir/tls/new.key" "$dir/tls/server.key"
mended tls

# The store takes no certificate of a responder: nobody signs what OCSP answers.
stop_server
serve_ocsp
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_log "$log" 'event="OCSP responder certified" ca=issuing'
sqlite3 "$dir/store/cmpd.db" "CREATE TRIGGER refuses BEFORE INSERT ON certificates WHEN NEW.profile = 'OCSP responder' BEGIN SELECT RAISE(ABORT, 'no'); END"
ok "the responder is revoked" "$CMPD_BIN/cmpctl" cert revoke "$(stored profile "OCSP responder" serial)" --config "$dir/cmpd.yaml"
provoked ocsp_late
wait_log "$log" 'event="OCSP responder is late" alarm=ocsp_late ca=issuing'
sqlite3 "$dir/store/cmpd.db" "DROP TRIGGER refuses"
mended ocsp_late

# The folder for other web servers cannot be written: there is a file where the CRLs' folder should be.
stop_server
mkdir "$work/pki"
sed -i "s|^  # folder: .*|  folder: $work/pki|" "$dir/cmpd.yaml"
touch "$work/pki/ca"
start_server cmpd "$dir/cmpd.yaml" "$log"
provoked crl_not_written
rm "$work/pki/ca"
mended crl_not_written

# The last seal cannot be kept: there is a folder in its place.
rm "$dir/audit/seals.log.last"
mkdir -p "$dir/audit/seals.log.last/in"
ok "something to seal" cmp -cmd ir -newkey "$work/new.key" -subject /CN=sealed "${by_device[@]}" -certout "$work/sealed.pem"
provoked seal
rm -r "$dir/audit/seals.log.last"
mended seal

# What the page lists beside them are jobs that never have one.
same "every alarm was here" "$(printf '%s\n' "${provoked[@]}" announce inventory nodes overdue purge | sort)" \
    "$(curl -sS "http://127.0.0.1:$port/metrics" | sed -n 's/^cmpd_alarm{alarm="\(.*\)"}.*/\1/p' | sort)"
stop_server
done_testing
