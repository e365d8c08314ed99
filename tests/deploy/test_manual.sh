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

# The server of authorize.md, which the configuration is told of while cmpd runs.
asked=$(free_port)
sed -n '/^```python$/,/^```$/{/^```/!p}' "$manual/authorize.md" | sed "s/8900/$asked/" >"$work/server.py"
(umask 077 && openssl rand -hex 32 >inventory.key)
python3 "$work/server.py" inventory.key 2>"$work/authorizer.log" &
servers+=($!)
until_so "the authorizer listens" bash -c "exec 3<>/dev/tcp/127.0.0.1/$asked" 2>/dev/null
sed -i "s|^    # authorize: .*|    authorize: {url: \"http://127.0.0.1:$asked/cmp\", key: inventory.key}|" cmpd.yaml
log=$work/manual.log
reload
ok "the first authorize takes a restart" grep -q 'event="configuration refused".*restart to use it' "$work/outcome"
stop_server
start_server cmpd "$dir/cmpd.yaml" "$log"

# enrolls LINE: by the secret in that line of installers.txt.
enrolls() {
    local command
    read -r reference secret < <(sed -n "$1p" installers.txt)
    echo "$secret" >secret.txt
    command=$(example '-secret file:' | sed "s/HOST:8829/127.0.0.1:$port/; s/site-7-HFR4EVHDZC07/$reference/g")
    OPENSSL_CONF=/dev/null bash -c "$command"
}
ok "the server of authorize.md allows" enrolls 2
grep -q '"POST /cmp HTTP/1.1" 200' "$work/authorizer.log" || fail "it was not asked"
sed -i 's/^[0-9a-f]/x&/; s/^xf/0/; s/^x./f/' inventory.key
chmod 600 inventory.key
reload
ok "another key is loaded" grep -q 'event="configuration loaded"' "$work/outcome"
refused "a question that it does not know" 'does not answer: try again later' enrolls 3
grep -q '"POST /cmp HTTP/1.1" 403' "$work/authorizer.log" || fail "it did not look at the signature"

# clients.md: a CA that may sign answers, and cert-manager's issuer, whose requests have dNSNames.
sed -i '/^    authorize: /d' cmpd.yaml
python3 - "$manual/clients.md" cmpd.yaml <<'PY'
import re, sys
manual, config = open(sys.argv[1]).read(), open(sys.argv[2]).read()
profiles = re.search(r"  - name: cmp-issuer\n(?:    .*\n)*  - name: cmp-issuer-others\n(?:    .*\n)*", manual)[0]
at = config.index("# The profile of requests that name none")
open(sys.argv[2], "w").write(config[:at] + profiles + "\n" + config[at:])
PY
ok "cmp-issuer" "$CMPD_BIN/cmpctl" check cmpd.yaml
grep -q 'lacks digitalSignature' "$work/last.out" || fail "init makes a CA that may sign answers: the manual says it does not"
sed -n '/^  openssl x509 -x509toreq/,/^  mv /s/^  //p' "$manual/clients.md" >"$work/issue.sh"
ok "another certificate of the CA" bash -e "$work/issue.sh"
ok "secret" "$CMPD_BIN/cmpctl" secret create --config cmpd.yaml --count 1 --profile cmp-issuer --out issuer.txt
ok "the CA may sign answers" "$CMPD_BIN/cmpctl" check cmpd.yaml
grep -q ' is right: ' "$work/last.out" || fail "there is something to warn of: $(cat "$work/last.out")"
reload
ok "it is loaded" grep -q 'event="configuration loaded"' "$work/outcome"
read -r reference secret <issuer.txt
ok "the issuer enrolls" cmp -path .well-known/cmp/p/cmp-issuer -cmd ir -ref "$reference" -secret "pass:$secret" -trusted ca/root.pem \
    -subject "/O=Operator/CN=$reference" -newkey new.key -certout issuer.pem
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout other.key -subj "/O=Operator/CN=du1.example" \
    -addext subjectAltName=DNS:du1.example -out other.csr 2>/dev/null
ok "and for another" cmp -path .well-known/cmp/p/cmp-issuer-others -cmd p10cr -csr other.csr -cert issuer.pem -key new.key \
    -extracerts ca/issuing.pem -trusted ca/root.pem -certout other.pem
ok "what was issued before is good" openssl verify -CAfile ca/root.pem -untrusted ca/issuing.pem gnb-1.pem other.pem
stop_server
done_testing
