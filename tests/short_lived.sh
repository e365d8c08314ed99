# short_lived.sh: certificates of a demo that end soon. Sourced after lib.sh.

# short_lived ISSUER FROM TO: another CMP certificate for the demo's key, by root or issuing, valid between these seconds
# from now.
short_lived() {
    local now
    now=$(date +%s)
    mkdir -p "$work/short"
    : >"$work/short/index"
    cat >"$work/short/ca.cnf" <<CNF
[ca]
default_ca = d
[d]
new_certs_dir = $work/short
database = $work/short/index
rand_serial = yes
default_md = sha256
policy = p
[p]
[x]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = 1.3.6.1.5.5.7.3.27
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
CNF
    openssl req -new -key "$dir/ca/cmp.key" -subj "/O=Demo Operator/CN=CMP server" -out "$work/short/cmp.csr" 2>/dev/null
    openssl ca -batch -config "$work/short/ca.cnf" -cert "$dir/ca/$1.pem" -keyfile "$dir/ca/$1.key" -in "$work/short/cmp.csr" \
        -out "$dir/ca/cmp.pem" -notext -preserveDN -extensions x -startdate "$(date -u -d "@$((now + $2))" +%Y%m%d%H%M%SZ)" \
        -enddate "$(date -u -d "@$((now + $3))" +%Y%m%d%H%M%SZ)" 2>"$work/short.log" || fail "$(cat "$work/short.log")"
}
