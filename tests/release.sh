# release.sh: what a release has left, to be taken to the programs of today. Sourced after lib.sh.
#
#   release VERSION NAME   a node as VERSION left it, in $work/NAME, on free ports: $dir, $port; what else VERSION left is in
#                          $left (tests/data/VERSION)

release() {
    left=$CMPD_SOURCE/tests/data/$1
    dir=$work/$2
    cp -r "$left/node" "$dir"
    gunzip "$dir/store/cmpd.db.gz"
    cp "$left/station.key" "$work/station.key"
    find "$dir" "$work/station.key" -type f -exec chmod 600 {} +
    port=$(free_port)
    sed -i "s|\"127.0.0.1:[0-9]*\"|\"127.0.0.1:$port\"|" "$dir/cmpd.yaml"
}

# released LIFE: what stations had from VERSION goes on: gnb-1 updates its certificate, gnb-2 has its own revoked; gnb-3 was
# revoked, and gnb-4 never confirmed. LIFE: the folder of $left with their certificates.
released() {
    local of_station=(-key "$work/station.key" -extracerts "$dir/ca/issuing.pem" -trusted "$dir/ca/root.pem")
    station() { cmp "$@" "${of_station[@]}"; }
    new_key "$work/new.key" P-256
    ok "a station updates what it had" station -cmd kur -cert "$left/$1/gnb-1.pem" -newkey "$work/new.key" -certout "$work/updated.pem"
    ok "the new one is good" openssl verify -CAfile "$dir/ca/root.pem" -untrusted "$dir/ca/issuing.pem" "$work/updated.pem"
    refused "what was revoked is refused" "the protecting certificate is revoked" station -cmd kur -cert "$left/$1/gnb-3.pem" -newkey "$work/new.key" \
        -certout "$work/none.pem"
    refused "what was never confirmed, too" "the protecting certificate was never confirmed" station -cmd kur -cert "$left/$1/gnb-4.pem" -newkey "$work/new.key" \
        -certout "$work/none.pem"
    ok "a station has its certificate revoked" station -cmd rr -oldcert "$left/$1/gnb-2.pem" -cert "$left/$1/gnb-2.pem" -revreason 4
    ok "by the factory's key" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb-6 "${by_device[@]}" -certout "$work/new.pem"
    same "the device is blocked" "$("$CMPD_BIN/cmpctl" device show demo CN=gnb-5 --config "$dir/cmpd.yaml" --json |
        python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["state"])')" blocked
    until_so "the CRL has both" crl_has "$left/$1/gnb-2.pem" "$left/$1/gnb-3.pem"
    ok "its number goes on" python3 - "$(crl_number "$left/$1/issuing.crl")" "$(crl_number "$work/issuing.crl")" <<'PY'
import sys
before, now = (int(number, 16) for number in sys.argv[1:])
assert now > before, (before, now)
PY
}

crl_number() {
    openssl crl -in "$1" -inform DER -noout -crlnumber | sed 's/.*=0x//'
}

crl_has() {
    curl -fs -o "$work/issuing.crl" "http://127.0.0.1:$port/crl/issuing.crl" || return 1
    local certificate
    for certificate in "$@"; do
        openssl crl -in "$work/issuing.crl" -inform DER -noout -text |
            grep -qi "$(openssl x509 -in "$certificate" -noout -serial | cut -d= -f2)" || return 1
    done
}
