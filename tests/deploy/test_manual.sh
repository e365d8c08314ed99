#!/bin/bash
# What the documents say of the programs is what the programs say.
. "$(dirname "$0")/../lib.sh"

manual=${CMPD_SOURCE:?set by ctest}/deploy/manual
ok "the settings: write them anew with cmpctl settings >deploy/manual/settings.md" \
    diff "$manual/settings.md" <("$CMPD_BIN/cmpctl" settings)

# The first steps, as an operator takes them who does what is written, and no more.
dir=$work/ca
port=$(free_port)
ok "init" "$CMPD_BIN/cmpctl" init "$dir" --name "Example Mobile" --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port"
mkdir "$dir/vendors"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/vendor.key" -subj "/CN=Acme" -days 2 \
    -out "$dir/vendors/acme-root.pem" 2>/dev/null
cp "$dir/vendors/acme-root.pem" "$dir/vendors/acme-factory.pem"
grep -q 'from the lines `vendors:`,' "$manual/setting-up.md" || fail "the manual says otherwise which lines of vendors count"
sed -i -E '/^# vendors:/,/^$/s/^# (vendors:|  - name: acme|    (anchors|intermediates):)/\1/; s/^      # vendors: /      vendors: /' "$dir/cmpd.yaml"
ok "a vendor, as setting-up.md has it" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
grep -q ' is right: .* 1 vendors' "$work/last.out" || fail "somebody can enroll then: $(cat "$work/last.out")"

# example COMMAND: what the chapter on enrolling has for it: all lines of it, one after the other.
example() {
    python3 - "$manual/enrolling.md" "$1" <<'PY'
import re, sys
text = open(sys.argv[1]).read().replace("\\\n", " ")
found = [line for block in re.findall(r"```\n(.*?)```", text, re.S) for line in block.split("\n") if sys.argv[2] in line]
assert len(found) == 1, found
print(found[0])
PY
}

sed -i '/^    mac: /,/allowed:/s/allowed: false/allowed: true/' "$dir/cmpd.yaml"
cd "$dir"
PATH=$CMPD_BIN:$PATH ok "secrets" bash -c "$(example 'secret create')"
start_server cmpd "$dir/cmpd.yaml" "$work/manual.log"
read -r reference secret <installers.txt
echo "$secret" >secret.txt
openssl ecparam -name prime256v1 -genkey -noout -out new.key
command=$(example '-secret file:' | sed "s/HOST:8829/127.0.0.1:$port/; s/site-7-HFR4EVHDZC07/$reference/g")
ok "a shared secret, as enrolling.md has it" env OPENSSL_CONF=/dev/null bash -c "$command"
ok "it has the certificate" openssl verify -CAfile ca/root.pem -untrusted ca/issuing.pem gnb-1.pem
stop_server
done_testing
