#!/bin/bash
# A security gateway (3GPP TS 33.310, TS 33.210): strongSwan lets a station in by the certificate that it enrolled here, and keeps
# it out once that is revoked: told by the CRL, and told by OCSP. Gateway and station have a network each.
. "$(dirname "$0")/../lib.sh"

# ---- two networks, which are gone with the processes that hold them ----

# A name of its own keeps a profile of AppArmor off that knows only files of /etc.
charon=$work/charon
swanctl=$work/swanctl
PATH=$PATH:/usr/sbin
cp "$(command -v charon-systemd)" "$charon"
cp "$(command -v swanctl)" "$swanctl"

# Who is not root is root in a world of its own, where the machine allows that.
new_network=(unshare --net)
into_network=(nsenter --net)
if [ "$(id -u)" != 0 ]; then
    new_network+=(--map-root-user)
    into_network+=(--user --preserve-credentials)
fi
"${new_network[@]}" true 2>"$work/last.out" || skip "a gateway and a station: no network of one's own can be made here ($(cat "$work/last.out"))"

# new_holder COMMAND...: the command keeps a network that is not this one; its process is in $holder.
new_holder() {
    "$@" sleep infinity &
    holder=$!
    servers+=("$holder")
    disown "$holder" # its end is not worth a line
    until_so "a network" is_elsewhere "$holder"
}
is_elsewhere() {
    [ "$(readlink "/proc/$1/ns/net")" != "$outside" ] && [ "$(cat "/proc/$1/comm")" = sleep ]
}
outside=$(readlink /proc/self/ns/net)
new_holder "${new_network[@]}"
at_gateway=("${into_network[@]}" --target "$holder")
outside=$(readlink "/proc/$holder/ns/net")
new_holder "${at_gateway[@]}" unshare --net
at_station=("${into_network[@]}" --target "$holder")
"${at_gateway[@]}" ip link set lo up
"${at_gateway[@]}" ip link add to-station type veth peer name to-gateway netns "$holder"
"${at_gateway[@]}" ip address add 192.0.2.1/24 dev to-station
"${at_gateway[@]}" ip link set to-station up
"${at_station[@]}" ip address add 192.0.2.2/24 dev to-gateway
"${at_station[@]}" ip link set to-gateway up

# ---- the CA is where the gateway is ----

demo gate
crl_every 24
serve_ocsp
credentials
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log" "${at_gateway[@]}"
wait_log "$work/cmpd.log" 'event="OCSP responder certified" ca=issuing'
printf '#!/bin/sh\nexec %s openssl "$@"\n' "${at_gateway[*]}" >"$work/client"
chmod +x "$work/client"
client=$work/client

# enroll NAME: a certificate for NAME and its key, where the configuration of NAME looks for them.
enroll() {
    mkdir -p "$work/$1/x509" "$work/$1/x509ca" "$work/$1/private"
    new_key "$work/$1/private/own.pem" P-256
    ok "$1 enrolls" cmp -cmd ir -newkey "$work/$1/private/own.pem" -subject "/O=Operator/CN=$1" "${by_device[@]}" \
        -certout "$work/$1/x509/own.pem"
    cp "$dir/ca/root.pem" "$dir/ca/issuing.pem" "$work/$1/x509ca"
}

# ---- IKE ----

# start_ike NAME WHERE... -- SETTING...: a daemon called NAME there, with its own part of strongswan.conf.
start_ike() {
    local name=$1 where=()
    shift
    while [ "$1" != -- ]; do
        where+=("$1")
        shift
    done
    shift
    cat >"$work/$name/strongswan.conf" <<CONF
charon-systemd {
    load = random nonce openssl hmac kdf pem pkcs8 pubkey x509 revocation constraints curl kernel-netlink socket-default vici
    install_routes = no
    retransmit_tries = 1
    plugins {
        vici { socket = unix://$work/$name/vici }
        $(printf '%s\n' "$@")
    }
    filelog { told { path = $work/$name.log
                     cfg = 1
                     flush_line = yes } }
}
swanctl { load = pem pkcs8 openssl x509 }
CONF
    : >"$work/$name.log"
    STRONGSWAN_CONF=$work/$name/strongswan.conf "${where[@]}" "$charon" >"$work/$name.out.log" 2>&1 &
    ike=$!
    servers+=("$ike")
    until_so "$name takes commands" takes_commands "$name"
    ok "$name is configured" control "$name" --load-all --file "$work/$name/swanctl.conf"
}

stop_ike() {
    kill -TERM "$1"
    ended "a daemon of IKE" "$1" 0
}

# control NAME COMMAND OPTION...
control() {
    STRONGSWAN_CONF=$work/$1/strongswan.conf SWANCTL_DIR=$work/$1 "$swanctl" "${@:2}" --uri "unix://$work/$1/vici" 2>&1
}
takes_commands() {
    control "$1" --stats >/dev/null
}

# configure NAME LOCAL REMOTE AUTHENTICATION...: who connects, and what of the other's certificate must be so.
configure() {
    cat >"$work/$1/swanctl.conf" <<CONF
connections {
    gate {
        version = 2
        local_addrs = $2
        remote_addrs = $3
        proposals = aes128gcm16-prfsha256-ecp256
        childless = force
        local { auth = pubkey
                certs = own.pem }
        remote { auth = pubkey
                 cacerts = root.pem
                 $(printf '%s\n' "${@:4}") }
    }
}
authorities {
    root { cacert = root.pem
           crl_uris = http://127.0.0.1:$port/crl/root.crl }
}
CONF
}

# forget: the gateway has no copy of a CRL or of an answer of OCSP any more.
forget() {
    ok "the gateway forgets" control gateway --flush-certs
    since=$(wc -l <"$work/gateway.log")
}

# said PATTERN: how often the gateway has said so since then.
said() {
    tail -n "+$((since + 1))" "$work/gateway.log" >"$work/said"
    lines_of "$1" "$work/said"
}

# asked WAY: the gateway has asked about the station in this way, once, and in no other. The CRL of the root is about the CA.
asked() {
    same "it asks by OCSP" "$(said 'requesting ocsp status from')" "$([ "$1" = ocsp ] && echo 1 || echo 0)"
    same "it fetches the CRL" "$(said 'fetching crl from .*/issuing\.crl')" "$([ "$1" = crl ] && echo 1 || echo 0)"
}

# lets_in NAME: there is a session, for both of them, and it ends again.
lets_in() {
    ok "$1 is let in" control "$1" --initiate --ike gate --timeout 20
    ok "the gateway has a session with it" grep -q "remote 'O=Operator, CN=$1' @ 192.0.2.2" <(control gateway --list-sas)
    same "it and its CA are found good" "$(said 'certificate status is good')" 2
    ok "it goes" control "$1" --terminate --ike gate --timeout 20
}

has_none() {
    [ -z "$(control gateway --list-sas)" ]
}

# keeps_out NAME: there is none, since the certificate is revoked.
keeps_out() {
    refused "$1 is kept out" 'received AUTHENTICATION_FAILED' control "$1" --initiate --ike gate --timeout 20
    same "since it is revoked" "$(said 'certificate was revoked on .*, reason: key compromise')" 1
    until_so "the gateway has no session" has_none
}

enroll gateway
configure gateway 192.0.2.1 %any 'revocation = strict'
for way in crl ocsp; do
    station=station-$way
    enroll "$station"
    configure "$station" 192.0.2.2 192.0.2.1 'id = "O=Operator, CN=gateway"'
    # Where it may, it asks by OCSP before it looks for a CRL.
    start_ike gateway "${at_gateway[@]}" -- "revocation { enable_ocsp = $([ $way = ocsp ] && echo yes || echo no) }"
    gateway=$ike
    start_ike "$station" "${at_station[@]}" -- "revocation { enable_ocsp = no" "enable_crl = no }"
    since=0
    lets_in "$station"
    asked $way
    ok "it is revoked, and both tell it" "${at_gateway[@]}" "$CMPD_BIN/cmpctl" cert revoke --config "$dir/cmpd.yaml" \
        --reason keyCompromise --wait "$(serial_of "$work/$station/x509/own.pem")"
    forget
    keeps_out "$station"
    asked $way
    stop_ike "$ike"
    stop_ike "$gateway"
done
stop_server
done_testing
