#!/bin/bash
# What is published besides HTTP: a folder for other web servers, the CRL of a root, and a CRL whose signer is not the
# issuing key. Read by nginx, OpenSSL, GnuTLS and strongSwan.
. "$(dirname "$0")/../lib.sh"

demo crl
crl_every 24
credentials
. "$(dirname "$0")/../operate.sh"
url=http://127.0.0.1:$port
root=$work/www
folder=$root/crl
mkdir "$root"
configure() {
    sed -i "$1" "$dir/cmpd.yaml"
}
configure "s|^  # folder: .*|  folder: $root|"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"

number_of() {
    echo $((16#$(openssl crl -inform DER -in "$1" -noout -crlnumber 2>/dev/null | sed 's/^crlNumber=0x//')))
}
is_above() {
    [ -s "$1" ] && [ "$(number_of "$1")" -gt "$2" ]
}
reload() {
    local before
    before=$(grep -c 'configuration loaded' "$work/cmpd.log" || true)
    kill -HUP "$server"
    until_so "loaded" loaded_more_than "$before"
}
loaded_more_than() {
    [ "$(grep -c 'configuration loaded' "$work/cmpd.log" || true)" -gt "$1" ]
}
cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}
serial_of() {
    openssl x509 -in "$1" -noout -serial | sed 's/^serial=//'
}

# ---- the folder ----

until_so "a CRL is in the folder" is_above "$folder/issuing.crl" 0
until_so "so is the last of the others" [ -s "$folder/root.pem" ]
for file in crl/issuing.crl crl/issuing.pem crl/issuing-delta.crl crl/root.crl ca/issuing.cer ca/issuing.p7c; do
    curl -s "$url/$file" >"$work/got"
    ok "$file is the same" command cmp "$work/got" "$root/$file"
done
ok "nothing else is there" [ -z "$(find "$root" -name '.*' -type f)" ]
enroll gnb-1 >/dev/null 2>&1
enroll gnb-2 >/dev/null 2>&1
before=$(number_of "$folder/issuing.crl")
ok "one is revoked" cert revoke "$(serial_of "$work/gnb-1.pem")" --wait
until_so "the folder follows" is_above "$folder/issuing.crl" "$before"
ok "it lists it" grep -q "Serial Number: $(serial_of "$work/gnb-1.pem")" <(openssl crl -inform DER -in "$folder/issuing.crl" -noout -text)

# ---- the root's CRL ----

cp "$dir/ca/root.crl" "$work/root-1.crl"
ok "the next one" "$CMPD_BIN/cmpctl" ca crl "$dir/ca/root.crl" --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key" --days 30
same "its number" "$(number_of "$dir/ca/root.crl")" 2
reload
until_so "it is published" is_above "$folder/root.crl" 1
ok "OpenSSL takes it" openssl crl -inform DER -in "$folder/root.crl" -noout -CAfile "$dir/ca/root.pem"
same "readiness tells of it" "$(curl -s "$url/readyz" | python3 -c 'import json, sys
about, = (c for c in json.load(sys.stdin)["crls"] if c["ca"] == "root")
print(about["number"], about["late"], 29 < about["seconds_left"] / 86400 <= 30)')" "2 False True"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=Demo Operator/CN=Root CA' -keyout "$work/other.key" \
    -out "$work/other.pem" -addext keyUsage=critical,cRLSign,keyCertSign >/dev/null 2>&1
ok "somebody else's" "$CMPD_BIN/cmpctl" ca crl "$work/other.crl" --certificate "$work/other.pem" --key "$work/other.key"
refused "is not continued" 'no CRL that this CA has signed' "$CMPD_BIN/cmpctl" ca crl "$work/other.crl" \
    --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key"
cp "$dir/ca/root.crl" "$work/root-2.crl"
cp "$work/other.crl" "$dir/ca/root.crl"
refused "nor published" 'cmpd.yaml:[0-9]+: .*was not signed by a CA in chain' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
cp "$work/root-2.crl" "$dir/ca/root.crl"
refused "the wrong key" 'is not the key of' "$CMPD_BIN/cmpctl" ca crl "$work/new.crl" --certificate "$dir/ca/root.pem" --key "$dir/ca/issuing.key"
refused "a certificate of another CA" 'was issued by another CA' "$CMPD_BIN/cmpctl" ca crl "$work/new.crl" \
    --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key" --revoke "$work/gnb-1.pem"
refused "a reason for nothing" 'is of what --revoke names' "$CMPD_BIN/cmpctl" ca crl "$work/new.crl" \
    --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key" --reason keyCompromise
cp "$work/root-2.crl" "$work/revoking.crl"
ok "the issuing CA is revoked" "$CMPD_BIN/cmpctl" ca crl "$work/revoking.crl" --certificate "$dir/ca/root.pem" \
    --key "$dir/ca/root.key" --revoke "$dir/ca/issuing.pem" --reason cACompromise
ok "it is listed" grep -q "Serial Number: $(serial_of "$dir/ca/issuing.pem")" <(openssl crl -inform DER -in "$work/revoking.crl" -noout -text)
refused "twice it is not" 'is in the CRL already' "$CMPD_BIN/cmpctl" ca crl "$work/revoking.crl" --certificate "$dir/ca/root.pem" \
    --key "$dir/ca/root.key" --revoke "$dir/ca/issuing.pem"
ok "it stays listed" "$CMPD_BIN/cmpctl" ca crl "$work/revoking.crl" --certificate "$dir/ca/root.pem" --key "$dir/ca/root.key"
ok "as it was" grep -q 'CA Compromise' <(openssl crl -inform DER -in "$work/revoking.crl" -noout -text)

# ---- other readers ----

cat "$folder/issuing.pem" "$folder/root.pem" >"$work/crls.pem"
chain=$work/chain.pem
cat "$dir/ca/issuing.pem" "$dir/ca/root.pem" >"$chain"
ok "OpenSSL checks the whole path" openssl verify -crl_check_all -CRLfile "$work/crls.pem" -untrusted "$dir/ca/issuing.pem" \
    -CAfile "$dir/ca/root.pem" "$work/gnb-2.pem"
refused "and refuses what is revoked" 'certificate revoked' openssl verify -crl_check_all -CRLfile "$work/crls.pem" \
    -untrusted "$dir/ca/issuing.pem" -CAfile "$dir/ca/root.pem" "$work/gnb-1.pem"
ok "GnuTLS verifies the CRL" certtool --verify-crl --load-ca-certificate "$dir/ca/issuing.pem" --infile "$folder/issuing.pem"
strongswan() {
    pki --verify --in "$1" --cacert "$dir/ca/root.pem" --cacert "$dir/ca/issuing.pem" --crl "$folder/issuing.crl" --crl "$folder/root.crl" --online
}
ok "strongSwan reads it" grep -q "serial:" <(pki --print --type crl --in "$folder/issuing.crl")
ok "and takes what is good" grep -q 'certificate trusted, lifetimes valid, certificate not revoked' <(strongswan "$work/gnb-2.pem" 2>&1)
ok "and what is not it does not" grep -q 'certificate was revoked' <(strongswan "$work/gnb-1.pem" 2>&1 || true)

# nginx, with clients that have certificates of ours.
tls=$((port + 7))
mkdir -p "$work/nginx"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=gateway -keyout "$work/nginx/server.key" \
    -out "$work/nginx/server.pem" >/dev/null 2>&1
cat >"$work/nginx/nginx.conf" <<CONF
daemon off; pid $work/nginx/pid; error_log $work/nginx.log; worker_processes 1; user $(id -un);
events {}
http {
    access_log off;
    client_body_temp_path $work/nginx/a; proxy_temp_path $work/nginx/b; fastcgi_temp_path $work/nginx/c;
    uwsgi_temp_path $work/nginx/d; scgi_temp_path $work/nginx/e;
    server {
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $work/nginx/server.pem; ssl_certificate_key $work/nginx/server.key;
        ssl_client_certificate $chain; ssl_verify_client on; ssl_verify_depth 3; ssl_crl $work/crls.pem;
        location / { return 204; }
    }
}
CONF
nginx -c "$work/nginx/nginx.conf" >"$work/nginx.out" 2>&1 &
nginx=$!
servers+=("$nginx")
speak() {
    curl -s -k -o /dev/null -w '%{http_code}' --cert "$1" --key "$work/new.key" "https://127.0.0.1:$tls/"
}
answers() {
    [ "$(speak "$work/gnb-2.pem")" = 204 ]
}
until_so "nginx takes a station" answers
same "and not one that is revoked" "$(speak "$work/gnb-1.pem")" 400
ok "the other is revoked" cert revoke "$(serial_of "$work/gnb-2.pem")" --wait
lists_both() {
    [ "$(openssl crl -inform DER -in "$folder/issuing.crl" -noout -text | grep -c 'Serial Number')" = 2 ]
}
until_so "the folder follows" lists_both
cat "$folder/issuing.pem" "$folder/root.pem" >"$work/crls.new"
mv "$work/crls.new" "$work/crls.pem"
kill -HUP "$nginx"
is_refused() {
    [ "$(speak "$work/gnb-2.pem")" = 400 ]
}
until_so "nginx takes it no more" is_refused
kill "$nginx"

# ---- a folder that knows more, and one that fails ----

stop_server
cp "$folder/issuing.crl" "$work/far.crl"
for _ in 1 2 3 4 5 6; do
    "$CMPD_BIN/cmpctl" ca crl "$work/far.crl" --certificate "$dir/ca/issuing.pem" --key "$dir/ca/issuing.key" >/dev/null
done
cp "$work/far.crl" "$folder/issuing.crl"
far=$(number_of "$folder/issuing.crl")
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
until_so "the next one is above what the folder has" is_above "$folder/issuing.crl" "$far"
same "the log names no fault" "$(grep -c 'folder not written' "$work/cmpd.log" || true)" 0
mv "$folder" "$work/away"
# What is no folder. cmpd still writes after its start, and may have made the folder again.
until (: >"$folder") 2>/dev/null; do
    rm -rf "$folder" || true
done
enroll gnb-3 >/dev/null 2>&1
ok "a revocation" cert revoke "$(serial_of "$work/gnb-3.pem")" --wait
until_so "the log says so" grep -q 'event="folder not written"' "$work/cmpd.log"
rm "$folder"
mv "$work/away" "$folder"
until_so "it is written again" grep -q 'event="folder written again"' "$work/cmpd.log"
ok "it lists it" grep -q "Serial Number: $(serial_of "$work/gnb-3.pem")" <(openssl crl -inform DER -in "$folder/issuing.crl" -noout -text)

# ---- a signer of its own ----

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/O=Demo Operator/CN=Issuing CA' -keyout "$dir/ca/crl.key" \
    -out "$work/crl.csr" >/dev/null 2>&1
signer() {
    openssl x509 -req -in "$work/crl.csr" -CA "$dir/ca/root.pem" -CAkey "$dir/ca/root.key" -days 30 -set_serial 77 \
        -extfile <(printf 'keyUsage=critical,%s\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' "$1") \
        -out "$dir/ca/crl.pem" 2>/dev/null
}
chmod 600 "$dir/ca/crl.key"
configure 's|^\( *\)# crl_certificate: .*|\1crl_certificate: ca/crl.pem|; s|^\( *\)# crl_key: .*|\1crl_key: ca/crl.key|'
signer digitalSignature
refused "one that may not" 'keyUsage lacks cRLSign' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
signer cRLSign
before=$(number_of "$folder/issuing.crl")
reload
until_so "it signs" is_above "$folder/issuing.crl" "$before"
ok "its signature" openssl crl -inform DER -in "$folder/issuing.crl" -noout -CAfile "$dir/ca/crl.pem" -verify
openssl crl -inform DER -in "$folder/issuing.crl" >"$work/signed.pem"
cat "$dir/ca/issuing.pem" "$dir/ca/crl.pem" >"$work/both.pem"
refused "OpenSSL follows it to the root" 'certificate revoked' openssl verify -crl_check -extended_crl -CRLfile "$work/signed.pem" \
    -untrusted "$work/both.pem" -CAfile "$dir/ca/root.pem" "$work/gnb-3.pem"
stop_server
done_testing
