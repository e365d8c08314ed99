#!/bin/bash
# Who makes use of a tolerance is counted by the node, by profile and by vendor, and shown by cmpctl.
. "$(dirname "$0")/../lib.sh"

demo tolerances
credentials
add_profile old "tolerate: [sha1-signatures]"
log=$work/tolerances.log
new_key "$work/rsa.key" RSA
new_key "$work/next.key" P-256
ctl=$CMPD_BIN/cmpctl
use_client 3.5

show() {
    "$ctl" "$1" show "$2" --config "$dir/cmpd.yaml" "${@:3}"
}
shown() {
    ok "$1 $2: $3" grep -Eq -- "$3" <(show "$1" "$2")
}
# counts: what the node says, without the time.
counts() {
    curl -s "http://127.0.0.1:$port/tolerances" | sed 's/"since":[0-9]*,//'
}
enroll() {
    cmp -cmd ir -path .well-known/cmp/p/old -newkey "$work/rsa.key" -subject /CN=gnb "${by_device[@]}" -digest sha1 \
        -certout "$work/out.pem"
}

shown profile old '^tolerated_unknown +the node does not tell at http://127.0.0.1:'"$port"'/tolerances: '
start_server cmpd "$dir/cmpd.yaml" "$log"
same "nothing yet" "$(counts)" '{"profiles":{},"vendors":{}}'
shown profile old '^tolerate +sha1-signatures$'
shown profile old '^tolerated +none since 20[0-9-]*T[0-9:]*Z$'
ok "signed with SHA-1" enroll
# The certConf is the profile's alone: no row says whose it is.
same "ir and certConf" "$(counts)" '{"profiles":{"old":{"sha1-signatures":2}},"vendors":{"demo":{"sha1-signatures":1}}}'
# What the CA has issued to a device of the vendor is the vendor's, too.
ok "its update" cmp -cmd kur -path .well-known/cmp/p/old -cert "$work/out.pem" -key "$work/rsa.key" -newkey "$work/next.key" \
    -trusted "$dir/ca/root.pem" -digest sha1 -certout "$work/next.pem"
same "and kur" "$(counts)" '{"profiles":{"old":{"sha1-signatures":4}},"vendors":{"demo":{"sha1-signatures":2}}}'
refused "without leave" "sha1-signatures tolerated" cmp -cmd ir -newkey "$work/rsa.key" -subject /CN=gnb "${by_device[@]}" -digest sha1 \
    -certout "$work/none.pem"
same "a refusal is no use" "$(counts)" '{"profiles":{"old":{"sha1-signatures":4}},"vendors":{"demo":{"sha1-signatures":2}}}'
# Anybody can write the CA's name into a certificate as its issuer. He proves nothing, and the node goes on.
issuing=$(openssl x509 -in "$dir/ca/issuing.pem" -noout -subject -nameopt RFC2253)
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/false.key" -out "$work/false.pem" -days 2 \
    -subj "/O=${issuing##*,O=}/CN=Issuing CA" 2>/dev/null
openssl req -new -key "$work/rsa.key" -subj /CN=gnb -out "$work/false.csr" 2>/dev/null
openssl x509 -req -in "$work/false.csr" -CA "$work/false.pem" -CAkey "$work/false.key" -days 2 -out "$work/stranger.pem" 2>/dev/null
refused "a stranger" 'not known to the CA that it names' cmp -cmd ir -path .well-known/cmp/p/old -newkey "$work/rsa.key" -subject /CN=gnb \
    -cert "$work/stranger.pem" -key "$work/rsa.key" -trusted "$dir/ca/root.pem" -digest sha1 -certout "$work/none.pem"
same "nor is that" "$(counts)" '{"profiles":{"old":{"sha1-signatures":4}},"vendors":{"demo":{"sha1-signatures":2}}}'
shown profile old '^tolerated +sha1-signatures 4, since 20'
shown vendor demo '^tolerated +sha1-signatures 2, since 20'
shown profile demo '^tolerated +none since 20'
ok "as JSON" grep -q '"tolerated":{"since":"20[^"]*","sha1-signatures":2}' <(show vendor demo --json)
# A proxy of the environment is for what is far away.
ok "past a proxy" grep -q 'sha1-signatures 2, since' <(http_proxy=http://127.0.0.1:1 show vendor demo)
reload
ok "loaded" grep -q 'event="configuration loaded"' "$work/outcome"
shown vendor demo '^tolerated +sha1-signatures 2, since 20'
stop_server
done_testing
