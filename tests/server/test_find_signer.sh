#!/bin/bash
# A client that sends no certificate of its own: it is looked for in the store (accept.find_signer), on both fronts.
. "$(dirname "$0")/../lib.sh"

demo find
credentials
config=$dir/cmpd.yaml
add_profile finding "accept.find_signer: true"
add_profile others
new_key "$work/new.key" P-256
new_key "$work/next.key" P-256
server_port=$port
proxy_port=$(free_port)
python3 "$(dirname "$0")/without_extra_certs.py" "$proxy_port" "$server_port" &
servers+=("$!")

# without ARGUMENTS...: the client, by way of the proxy.
without() {
    cmp "$@" -server "127.0.0.1:$proxy_port"
}

update() {
    without -cmd kur -cert "$work/gnb.pem" -key "$work/new.key" -newkey "$work/next.key" -trusted "$dir/ca/root.pem" \
        -certout "$work/next.pem" "$@"
}

for program in cmpd cmpd-epoll; do
    log=$work/$program.log
    start_server "$program" "$config" "$log"
    until_so "the proxy is there" curl -s -o "$work/none" "http://127.0.0.1:$proxy_port/"
    ok "$program: enrolled" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb -certout "$work/gnb.pem" "${by_device[@]}" \
        -path .well-known/cmp/p/finding
    ok "$program: an update without extraCerts" update -path .well-known/cmp/p/finding
    ok "$program: with implicit confirmation" update -implicit_confirm -path .well-known/cmp/p/finding
    refused "$program: where the profile does not say so" 'badMessageCheck.*extraCerts lacks the certificate' update \
        -path .well-known/cmp/p/others
    refused "$program: a certificate of the vendor's is none of the store" 'extraCerts lacks the certificate' without -cmd ir \
        -newkey "$work/new.key" -subject /CN=gnb -certout "$work/none.pem" "${by_device[@]}" -path .well-known/cmp/p/finding
    ok "$program: it revokes itself" without -cmd rr -cert "$work/gnb.pem" -key "$work/new.key" -oldcert "$work/gnb.pem" \
        -trusted "$dir/ca/root.pem" -revreason 4 -path .well-known/cmp/p/finding
    refused "$program: and is found no good then" 'signerNotTrusted.*revoked' update -path .well-known/cmp/p/finding
    stop_server
done
sed 's/^      find_signer: true/      find_signer: true\n      header: rfc9483/; 0,/^      header: rfc9810.*/{//d}' "$config" >"$dir/strict.yaml"
refused "not to the letter of RFC 9483" 'header: rfc9483 wants the protecting certificate in extraCerts' "$CMPD_BIN/cmpctl" check "$dir/strict.yaml"
done_testing
