# short_lived.sh: certificates of a demo that end soon. Sourced after lib.sh.

# end_soon NAME SUBJECT PROFILE ISSUER FROM TO: another certificate for ca/NAME.key.
end_soon() {
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
[cmp]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = 1.3.6.1.5.5.7.3.27
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
[ca_below]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
CNF
    openssl req -new -key "$dir/ca/$1.key" -subj "$2" -out "$work/short/$1.csr" 2>/dev/null
    openssl ca -batch -config "$work/short/ca.cnf" -cert "$dir/ca/$4.pem" -keyfile "$dir/ca/$4.key" -in "$work/short/$1.csr" \
        -out "$dir/ca/$1.pem" -notext -preserveDN -extensions "$3" -startdate "$(date -u -d "@$((now + $5))" +%Y%m%d%H%M%SZ)" \
        -enddate "$(date -u -d "@$((now + $6))" +%Y%m%d%H%M%SZ)" 2>"$work/short.log" || fail "$(cat "$work/short.log")"
}

# short_lived ISSUER FROM TO: another CMP certificate for the demo's key, by root or issuing, valid between these seconds
# from now. short_lived_ca FROM TO: another one of the issuing CA, by root.
short_lived() {
    end_soon cmp "/O=Demo Operator/CN=CMP server" cmp "$@"
}
short_lived_ca() {
    end_soon issuing "/O=Demo Operator/CN=Issuing CA" ca_below root "$@"
}
