#!/bin/bash
# CRLs of a vendor that are fetched from its web server: kept over restarts, replaced by newer ones alone, and whatever the
# server does instead harms nobody (RFC 5280 6.3).
. "$(dirname "$0")/../lib.sh"

demo vendor-crl-url
log=$work/cmpd.log
web_port=$(free_port)
web=http://127.0.0.1:$web_port
kept=$work/kept
mkdir "$kept" "$work/web"
new_key "$work/new.key" P-256

# The CA of the demo's device is its vendor's anchor from now on: its key is here, and makes CRLs.
make_crl() {
    "$CMPD_BIN/cmpctl" ca crl "$work/web/factory.crl" --certificate "$dir/demo/vendor-intermediate.pem" \
        --key "$dir/demo/vendor-intermediate.key" "$@" >/dev/null
}
vendor() {
    python3 - "$dir/cmpd.yaml" "$kept" "$1" <<'PY'
import re, sys
path, kept, urls = sys.argv[1:]
text = open(path).read()
begin = text.index("\nvendors:\n")
end = text.index("\nprofiles:\n")
text = text[:begin] + f"""
vendors:
  - name: demo
    anchors: [demo/vendor-intermediate.pem]
    crl_urls: {urls}
vendor_crl_folder: {kept}
""" + text[end:]
open(path, "w").write(text)
PY
}
enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=demo-gnb-1" -cert "$dir/demo/device.pem" -key "$dir/demo/device.key" \
        -trusted "$dir/ca/root.pem" -certout "$work/got.pem"
}
unknown='not known whether the protecting certificate is revoked'
web_starts() {
    python3 "$(dirname "$0")/crl_web.py" "$web_port" "$work/web" >>"$work/web.log" 2>&1 &
    web_server=$!
    servers+=("$web_server")
    until_so "the web server serves" answers
}
answers() {
    [ "$(curl -s -o /dev/null -w '%{http_code}' "$web/")" = 404 ]
}

# ---- the configuration ----

for wrong in ftp://vendor/x.crl http:///x.crl http://user:secret@vendor/x.crl "http://vendor/a b" vendor.crl; do
    vendor "['$wrong']"
    refused "$wrong" 'cmpd.yaml:[0-9]+: .*crl_urls holds .*; write a URL' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
done
vendor "['$web/crl/factory.crl']"
sed -i '/^vendor_crl_folder/d' "$dir/cmpd.yaml"
refused "no folder" 'cmpd.yaml:[0-9]+: .*write vendor_crl_folder' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
vendor "['$web/crl/factory.crl']"
sed -i 's|^vendor_crl_folder.*|&-nowhere|' "$dir/cmpd.yaml"
refused "a folder that is not there" 'there is no folder .*-nowhere; make it' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
vendor "['$web/crl/factory.crl']"
ok "check" eval '"$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml" >"$work/said" 2>&1'
ok "it warns" grep -q "warning: .*nothing of use was fetched from $web/crl/factory.crl yet" "$work/said"

# ---- no server, then one ----

make_crl
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_log "$log" 'event="CRL not fetched" vendor=demo .*reason='
wait_log "$log" 'event="CRL of a vendor" .*nothing of use was fetched'
refused "nobody is let in" "signerNotTrusted.*$unknown" enroll
wait_log "$log" 'no CRL says whether it is revoked'
ready >/dev/null
ok "readiness has the alarm" grep -q '"upkeep_alarm":true' "$work/ready.json"
web_starts
reload # what failed is tried again
wait_log "$log" 'event="CRL fetched" vendor=demo'
wait_log "$log" 'event="CRLs of vendors loaded"'
ok "who is on none is let in" enroll
same "files" "$(find "$kept" -type f -name 'demo-*.crl' | wc -l)" 1
kept_file=$(find "$kept" -type f)
ok "it is the vendor's" command cmp "$kept_file" "$work/web/factory.crl"
no_alarm() {
    ready >/dev/null
    grep -q '"upkeep_alarm":false' "$work/ready.json"
}
until_so "the alarm ends" no_alarm
ok "check says nothing" eval '! "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml" 2>&1 | grep -q fetched'

# ---- the server goes, cmpd starts again: what was fetched is there ----

kill "$web_server"
stop_server
start_server cmpd "$dir/cmpd.yaml" "$log"
until_so "it is tried" has_more 1 'event="CRL not fetched"' "$log"
ok "it counts" enroll
ready >/dev/null
ok "no alarm while it does" grep -q '"upkeep_alarm":false' "$work/ready.json"

# ---- revoked; then somebody repeats the older one ----

cp "$work/web/factory.crl" "$work/older.crl"
sleep 1.1 # thisUpdate counts seconds
make_crl --revoke "$dir/demo/device.pem"
web_starts
before=$(lines_of 'event="CRLs of vendors loaded"' "$log")
reload
until_so "it is loaded" has_more "$before" 'event="CRLs of vendors loaded"' "$log"
refused "it is revoked" 'is revoked' enroll
cp "$work/older.crl" "$work/web/factory.crl"
stop_server
start_server cmpd "$dir/cmpd.yaml" "$log"
wait_log "$log" 'CRL not fetched.*reason="it is older than the one that was fetched before"'
refused "it stays so" 'is revoked' enroll
ok "the newer one is kept" eval '! command cmp -s "$kept_file" "$work/older.crl"'

# ---- whatever a server does ----

echo "$RANDOM" >"$work/web/nonsense.crl"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$(openssl x509 -in "$dir/demo/vendor-intermediate.pem" -noout -subject -nameopt compat | sed 's/^subject=//')" \
    -keyout "$work/other.key" -out "$work/other.pem" -addext keyUsage=critical,cRLSign,keyCertSign >/dev/null 2>&1
"$CMPD_BIN/cmpctl" ca crl "$work/web/other.crl" --certificate "$work/other.pem" --key "$work/other.key" >/dev/null
head -c 60 "$work/older.crl" >"$work/web/half.crl"
# expects PATH PATTERN: it is not taken, and told is why.
expects() {
    vendor "['$web$1']"
    reload
    wait_log "$log" "CRL not fetched.*url=\"$web$1\" reason=\".*$2"
}
expects /crl/nowhere.crl 'HTTP status 404'
expects /crl/nonsense.crl 'it is no CRL'
expects /crl/half.crl 'it is (no CRL|malformed)'
expects /crl/other.crl '(its signature is wrong|no anchor and no intermediate)'
expects /empty 'answer is empty'
expects /round 'HTTP status 302, and with .*/round: if that is right'
expects /long 'more than 67108864 octets'
same "files" "$(find "$kept" -type f | wc -l)" 1
# Nobody's other file of the vendor is in the way of the next.
cp "$work/older.crl" "$work/web/older.crl"
vendor "['$web/crl/older.crl']"
before=$(lines_of 'event="CRLs of vendors loaded"' "$log")
reload
wait_log "$log" 'event="CRL fetched".*older'
until_so "it is loaded" has_more "$before" 'event="CRLs of vendors loaded"' "$log"
# One that never ends keeps neither stations waiting, nor the end of cmpd.
vendor "['$web/crl/older.crl', '$web/slow']"
reload
until_so "it is being fetched" has_more 0 '^/slow' "$work/web.log"
ok "another CRL of the vendor counts" enroll
began=$SECONDS
stop_server
ok "cmpd ends at once" [ $((SECONDS - began)) -lt 20 ]
done_testing
