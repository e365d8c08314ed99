#!/bin/bash
# Certificates that the operator takes no more, by file and by fingerprint: loaded by SIGHUP, told with their setting.
. "$(dirname "$0")/../lib.sh"

demo blocked
credentials
log=$work/blocked.log
cp "$dir/cmpd.yaml" "$work/open.yaml"
new_key "$work/new.key" P-256
new_key "$work/next.key" P-256
start_server cmpd "$dir/cmpd.yaml" "$log"
use_client 3.5
not_accepted='PKIStatus: rejection; PKIFailureInfo: signerNotTrusted; StatusString: "the device.s certificate, or an issuer of it, is not accepted any more'

# block SETTING: the demo's vendor has it, from now on; empty: nothing.
block() {
    python3 - "$work/open.yaml" "$dir/cmpd.yaml" "$1" <<'PY'
import sys
source, target, setting = sys.argv[1:]
text = open(source).read()
begin = text.index("vendors:\n  - name: demo\n") + len("vendors:\n  - name: demo\n")
open(target, "w").write(text[:begin] + ("    " + setting + "\n" if setting else "") + text[begin:])
PY
    reload
    ok "loaded: $1" grep -q 'event="configuration loaded"' "$work/outcome"
}

enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb "${by_device[@]}" -certout "$work/out.pem"
}

# last_refusal PATTERN: the log line of the last one has it.
last_refusal() {
    ok "the log: $1" grep -Eq -- "$1" <(grep 'event="request refused"' "$log" | tail -n 1)
}

# The intermediate that the device sends along.
awk '/BEGIN CERTIFICATE/ {n++} n == 2' "$dir/demo/device-chain.pem" >"$dir/lost.pem"
device=$(openssl x509 -in "$dir/demo/device.pem" -noout -fingerprint -sha256 | cut -d = -f 2)

ok "at first" enroll
block "blocked: [lost.pem]"
refused "an intermediate" "$not_accepted" enroll
last_refusal 'detail="certificate of CN=Demo Vendor Factory CA,.*: it is blocked" setting=vendors\[0\]\.blocked\[0\]'
block ""
ok "no more" enroll
block "blocked_fingerprints: [\"$(printf '%064d' 0)\", \"$device\"]"
refused "a device" "$not_accepted" enroll
last_refusal 'detail="certificate of CN=device,.*: it is blocked" setting=vendors\[0\]\.blocked_fingerprints\[1\]'
ok "it is shown" grep -q "$device" <("$CMPD_BIN/cmpctl" vendor show demo --config "$dir/cmpd.yaml")
block "blocked_fingerprints: [$(tr -d : <<<"$device" | tr A-F a-f)]"
refused "a device, in small digits" "$not_accepted" enroll
# What it was issued before goes on, until it is revoked.
ok "its update" cmp -cmd kur -cert "$work/out.pem" -key "$work/new.key" -newkey "$work/next.key" -trusted "$dir/ca/root.pem" \
    -certout "$work/next.pem"
block ""
ok "at the end" enroll
stop_server
done_testing
