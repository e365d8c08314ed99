#!/bin/bash
# CRL, delta and certificate of the CA in an LDAP directory (RFC 4523), with slapd behind it: written by the node that
# leads, tried again while the directory is away, and never replaced by an older one.
. "$(dirname "$0")/../lib.sh"

demo crl
crl_every 24
credentials
. "$(dirname "$0")/../operate.sh"
ldap_port=$((port + 11))
ldap=ldap://127.0.0.1:$ldap_port
entry=cn=issuing,o=Operator
admin=cn=cmpd,o=Operator

mkdir -p "$work/slapd/data"
{
    echo "include /etc/ldap/schema/core.schema"
    echo "include /etc/ldap/schema/cosine.schema"
    echo "pidfile $work/slapd/pid"
    echo "modulepath /usr/lib/ldap"
    echo "moduleload back_mdb"
    echo "database mdb"
    echo "maxsize 104857600"
    echo 'suffix "o=Operator"'
    echo "rootdn \"$admin\""
    echo "rootpw secret"
    echo "directory $work/slapd/data"
} >"$work/slapd/slapd.conf"
slapadd -f "$work/slapd/slapd.conf" >"$work/slapadd.log" 2>&1 <<LDIF
dn: o=Operator
objectClass: organization
o: Operator

dn: $entry
objectClass: applicationProcess
objectClass: pkiCA
objectClass: deltaCRL
cn: issuing
LDIF
start_slapd() {
    slapd -d 0 -h "$ldap" -f "$work/slapd/slapd.conf" >>"$work/slapd.log" 2>&1 &
    slapd=$!
    servers+=("$slapd")
    until_so "slapd answers" ldapsearch -x -H "$ldap" -b "$entry" -s base
}
start_slapd

# value ATTRIBUTE FILE: what the directory has, as anybody reads it.
value() {
    rm -rf "$work/values"
    mkdir "$work/values"
    ldapsearch -x -LLL -H "$ldap" -b "$entry" -s base -t -T "$work/values" "$1;binary" >/dev/null
    mv "$work"/values/* "$2" 2>/dev/null
}
number_of() {
    echo $((16#$(openssl crl -inform DER -in "$1" -noout -crlnumber 2>/dev/null | sed 's/^crlNumber=0x//')))
}
is_above() {
    value certificateRevocationList "$work/there.crl" && [ "$(number_of "$work/there.crl")" -gt "$1" ]
}
has() {
    value "$1" "$work/there" && command cmp "$work/there" <(curl -s "http://127.0.0.1:$port/$2")
}
cert() {
    "$CMPD_BIN/cmpctl" cert "$1" --config "$dir/cmpd.yaml" "${@:2}"
}
serial_of() {
    openssl x509 -in "$1" -noout -serial | sed 's/^serial=//'
}
is_listed() {
    value certificateRevocationList "$work/there.crl" &&
        openssl crl -inform DER -in "$work/there.crl" -noout -text | grep -q "Serial Number: $1"
}

echo secret >"$dir/ldap.password"
sed -i "s|^  # ldap:.*|  ldap: {url: '$ldap', entry: 'cn=\${ca},o=Operator', bind_dn: '$admin', password_file: ldap.password}|" "$dir/cmpd.yaml"
sed -i '/^  #   /d' "$dir/cmpd.yaml"
chmod 644 "$dir/ldap.password"
refused "a password that others can read" 'others can read .*ldap.password' "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
chmod 600 "$dir/ldap.password"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"

until_so "the CRL is there" has certificateRevocationList crl/issuing.crl
until_so "the delta" has deltaRevocationList crl/issuing-delta.crl
until_so "the CA's certificate" has cACertificate ca/issuing.cer
enroll gnb-1 >/dev/null 2>&1
enroll gnb-2 >/dev/null 2>&1
ok "one is revoked" cert revoke "$(serial_of "$work/gnb-1.pem")" --wait
until_so "the directory follows" is_listed "$(serial_of "$work/gnb-1.pem")"

# ---- away, and back ----

kill "$slapd"
wait "$slapd" 2>/dev/null || true
ok "another one" cert revoke "$(serial_of "$work/gnb-2.pem")" --wait
until_so "the log says so" grep -q 'event="directory not written".* url="ldap:' "$work/cmpd.log"
same "CRLs are made all the same" "$(curl -s -o "$work/got" -w '%{http_code}' "http://127.0.0.1:$port/crl/issuing.crl")" 200
start_slapd
until_so "it is written again" is_listed "$(serial_of "$work/gnb-2.pem")"
until_so "the log says so" grep -q 'event="directory written again"' "$work/cmpd.log"
stop_server

# ---- a directory that knows more than the store ----

value certificateRevocationList "$work/far.crl"
for _ in 1 2 3 4 5; do
    "$CMPD_BIN/cmpctl" ca crl "$work/far.crl" --certificate "$dir/ca/issuing.pem" --key "$dir/ca/issuing.key" >/dev/null
done
far=$(number_of "$work/far.crl")
ok "somebody writes it" ldapmodify -x -H "$ldap" -D "$admin" -w secret <<LDIF
dn: $entry
changetype: modify
replace: certificateRevocationList;binary
certificateRevocationList;binary:< file://$work/far.crl
LDIF
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
until_so "the next one is above" is_above "$far"
until_so "it is what is published" has certificateRevocationList crl/issuing.crl

# ---- what is wrong is told ----

echo other >"$dir/ldap.password"
enroll gnb-3 >/dev/null 2>&1
ok "a revocation" cert revoke "$(serial_of "$work/gnb-3.pem")" --wait
until_so "the log names it" grep -q 'reason="binding: Invalid credentials"' "$work/cmpd.log"
echo secret >"$dir/ldap.password"
until_so "it is written in the end" is_listed "$(serial_of "$work/gnb-3.pem")"
stop_server

# ---- an entry that does not take one of the values keeps none of the others away ----

ok "somebody takes the class of CAs away" ldapmodify -x -H "$ldap" -D "$admin" -w secret <<LDIF
dn: $entry
changetype: modify
delete: certificateRevocationList;binary
-
delete: cACertificate;binary
-
delete: deltaRevocationList;binary
-
delete: objectClass
objectClass: pkiCA
LDIF
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
until_so "the log names the attribute" \
    grep -q 'event="directory not written".*attribute=.*certificateRevocationList.*reason="writing:' "$work/cmpd.log"
until_so "the delta is written all the same" has deltaRevocationList crl/issuing-delta.crl
stop_server
done_testing
