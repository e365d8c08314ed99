#!/bin/bash
# A day in the life of base stations: devices of three vendors are listed, enroll and update over three nodes and PostgreSQL. One in a
# hundred is refused for a known reason, a hundred (of 500; a fifth) are revoked, a vendor's intermediate is blocked, five stations are lost and found
# again. In the end every count in the store is what it must be, and every refusal names its rule.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

many=500
[ -z "${CMPD_SOAK:-}" ] || many=10000
vendors=(acme bolt core)
reasons=(unlisted blocked expected profiles copied)
new=5 lost=5
at_once=4

# ---- three vendors, each with a root and an intermediate of its own ----

cluster_start 3
for vendor in "${vendors[@]}"; do
    "$CMPD_BIN/cmpctl" init "$work/$vendor" --demo --listen 127.0.0.1:1 --admin-listen 127.0.0.1:1 >/dev/null
done
for i in 1 2 3; do
    dir=$work/node$i
    mkdir "$dir/vendors"
    for vendor in "${vendors[@]}"; do
        for file in root intermediate; do cp "$work/$vendor/demo/vendor-$file.pem" "$dir/vendors/$vendor-$file.pem"; done
        sed -i "/^vendors:/a\\
  - name: $vendor\\
    anchors: [vendors/$vendor-root.pem]\\
    intermediates: [vendors/$vendor-intermediate.pem]\\
    identity: CN" "$dir/cmpd.yaml"
    done
    add_profile day "devices: listed" "accept.vendors: [acme, bolt, core]" "once.former: revoke" "update.predecessor: revoke" \
        "confirm.implicit: false" "mac.allowed: false"
done
dir=$work/node1 config=$work/node1/cmpd.yaml

# all_reload: every node takes up its configuration.
all_reload() {
    local i before
    for i in 1 2 3; do
        before=$(lines_of 'event="configuration loaded"' "$work/node$i.log")
        kill -HUP "${node_pid[$i]}"
        until_so "node $i loads its configuration" has_more "$before" 'event="configuration loaded"' "$work/node$i.log"
    done
}
all_reload
balancer_start
port=$balancer_port
for key in station next other; do new_key "$work/$key.key" P-256; done
mkdir "$work/certs" "$work/said-to"

# name_of I, vendor_of I: of the I-th station, from 0. reason_of I: why it is refused, or nothing.
vendor_of() { echo "${vendors[$1 % 3]}"; }
name_of() { printf '%s-%05d' "$(vendor_of "$1")" "$1"; }
reason_of() {
    [ $(($1 % 100)) -ne 99 ] || [ "$1" -ge "$many" ] || echo "${reasons[$1 / 100 % ${#reasons[@]}]}"
}

ctl() {
    "$CMPD_BIN/cmpctl" "$@" --config "$config"
}

# made I: its factory certificate.
made() {
    "$CMPD_BIN/cmpctl" demo device "$work/$(vendor_of "$1")" "$(name_of "$1")" >/dev/null
}

# asks I KEY ARG...: an ir with its factory certificate, for KEY.
asks() {
    local name factory
    name=$(name_of "$1")
    factory=$work/$(vendor_of "$1")/demo/$name
    cmp -path .well-known/cmp/p/day -cmd ir -newkey "$work/$2.key" -subject "/CN=$name" -cert "$factory.pem" -key "$factory.key" \
        -extracerts "$factory-chain.pem" -trusted "$work/node1/ca/root.pem" -certout "$work/certs/$name.pem" "${@:3}"
}

# enrolls I, updates I: with the keys that stations begin and go on with.
enrolls() {
    made "$1" && asks "$1" station >"$work/said-to/$1" 2>&1
}
updates() {
    local name
    name=$(name_of "$1")
    cmp -path .well-known/cmp/p/day -cmd kur -newkey "$work/next.key" -cert "$work/certs/$name.pem" -key "$work/station.key" \
        -trusted "$work/node1/ca/root.pem" -certout "$work/certs/$name-2.pem" >"$work/said-to/$1" 2>&1
}

# each WHAT FROM TO: does so with stations FROM to TO - 1, several at once; the numbers of those that it failed with, in order.
each() {
    local w i workers=()
    for ((w = 0; w < at_once; w++)); do
        (for ((i = $2 + w; i < $3; i += at_once)); do "$1" "$i" || echo "$i"; done) >"$work/failed.$w" &
        workers+=($!)
    done
    wait "${workers[@]}"
    sort -n "$work"/failed.*
}

# refusals RULE: how many the nodes' logs have, for that rule.
refusals() {
    cat "$work"/node?.log | grep -E 'event="?request refused' | grep -c -E "$1" || true
}

# ---- listed ----

{
    echo "vendor,identity,site,profiles,expected"
    for ((i = 0; i < many; i++)); do
        reason=$(reason_of "$i") profiles=day expected=
        [ "$reason" != unlisted ] || continue
        [ "$reason" != profiles ] || profiles=demo
        [ "$reason" != expected ] || expected=$(printf 'ab%.0s' {1..32})
        echo "$(vendor_of "$i"),$(name_of "$i"),site $((i / 10)),$profiles,$expected"
    done
} >"$work/list.csv"
unlisted=0 blocked=0 expected=0 profiles=0 copied=0 refused=()
for ((i = 99; i < many; i += 100)); do
    reason=$(reason_of "$i")
    declare "$reason=$((${!reason} + 1))"
    refused+=("$i")
done
same "they are listed" "$(ctl device import "$work/list.csv" 2>&1 | tail -n 1)" \
    "$((many - unlisted)) new, 0 changed, 0 unchanged, 0 wrong"
for i in "${refused[@]}"; do
    [ "$(reason_of "$i")" != blocked ] || ctl device block "$(vendor_of "$i")" "$(name_of "$i")" >/dev/null
done

# ---- enrolled, but for one in a hundred ----

wrong=()
for i in "${refused[@]}"; do [ "$(reason_of "$i")" = copied ] || wrong+=("$i"); done
same "who is refused" "$(each enrolls 0 "$many" | paste -sd ' ')" "${wrong[*]}"
for i in "${refused[@]}"; do
    [ "$(reason_of "$i")" != copied ] || refused "a copied certificate" 'has a certificate of this profile already' asks "$i" other -certout "$work/copy.pem"
done
same "not listed" "$(refusals 'devices: listed, and cmpctl device add was not called .*setting=profiles\[[0-9]*\]\.devices')" "$unlisted"
same "blocked" "$(refusals 'cmpctl device unblock lifts that')" "$blocked"
same "another key" "$(refusals 'its expected hash is neither')" "$expected"
same "another profile" "$(refusals 'its profiles are others')" "$profiles"
same "enrolled already" "$(refusals 'once.slots are taken, once.again makes no room')" "$copied"
enrolled=$((many - ${#wrong[@]}))
certificates=$enrolled revoked=0

# ---- renewed ----

is_enrolled() {
    [ -f "$work/certs/$(name_of "$1").pem" ]
}
renewed() {
    ! is_enrolled "$1" || updates "$1"
}
same "all are renewed" "$(each renewed 0 "$many" | paste -sd ' ')" ""
certificates=$((certificates + enrolled)) revoked=$((revoked + enrolled))

# ---- a fifth is revoked ----

for ((i = 0, n = 0; n < many / 5; i++)); do
    ! is_enrolled "$i" || { serial_of "$work/certs/$(name_of "$i")-2.pem" && n=$((n + 1)); }
done >"$work/serials"
gone=$i
ok "they are revoked" ctl cert revoke --reason cessationOfOperation --rate 10000 --file "$work/serials"
revoked=$((revoked + many / 5))

# ---- an intermediate is blocked: who comes over it enrolls no more, who is enrolled stays ----

for i in 1 2 3; do sed -i "/^  - name: core/a\\    blocked: [vendors/core-intermediate.pem]" "$work/node$i/cmpd.yaml"; done
all_reload
for ((i = many; i < many + 3 * new; i++)); do
    [ "$(vendor_of "$i")" = core ] || continue
    made "$i"
    ctl device add core "$(name_of "$i")" >/dev/null
    refused "over the blocked intermediate" 'is not accepted any more' asks "$i" station
done
same "over a blocked intermediate" "$(refusals 'setting=vendors\[[0-9]*\]\.blocked')" "$new"
for ((i = gone; ; i++)); do [ "$(vendor_of "$i")" != core ] || ! is_enrolled "$i" || break; done
mv "$work/certs/$(name_of "$i")-2.pem" "$work/certs/$(name_of "$i").pem"
cp "$work/station.key" "$work/first.key" && cp "$work/next.key" "$work/station.key" && cp "$work/first.key" "$work/next.key"
ok "a station that came over it updates" updates "$i"
certificates=$((certificates + 1)) revoked=$((revoked + 1))

# ---- stations are lost, and found again ----

# next_station: the number of the next one of acme that is enrolled, from $at on, in $i.
at=$((gone + 1))
next_station() {
    for ((i = at; ; i++)); do [ "$(vendor_of "$i")" != acme ] || ! is_enrolled "$i" || break; done
    at=$((i + 1))
}
for _ in 1 2 3; do
    next_station
    refused "its key is lost, it comes with another" 'has a certificate of this profile already' asks "$i" other
    ctl device allow acme "$(name_of "$i")" >/dev/null
    ok "once more" asks "$i" other
    certificates=$((certificates + 1)) revoked=$((revoked + 1))
done
next_station
ctl cert revoke --reason superseded "$(serial_of "$work/certs/$(name_of "$i")-2.pem")" >/dev/null
ok "it was revoked for another" asks "$i" other
certificates=$((certificates + 1)) revoked=$((revoked + 1))
next_station
ctl device allow acme "$(name_of "$i")" >/dev/null
ok "power fails before certConf" asks "$i" other -disable_confirm
ok "and it comes back with another key" asks "$i" station
certificates=$((certificates + 2)) revoked=$((revoked + 2))
same "enrolled already" "$(refusals 'once.slots are taken, once.again makes no room')" $((copied + 3))

# ---- in the end ----

same "certificates by status" "$(ctl cert count --by status | awk '{print $2 "=" $1}' | paste -sd ' ')" \
    "revoked=$revoked valid=$((certificates - revoked))"
same "certificates by profile" "$(ctl cert count --by profile | awk '$2 == "day" {print $1}')" "$certificates"
same "devices by state" "$(ctl device count --by state | awk '{print $2 "=" $1}' | paste -sd ' ')" \
    "blocked=$blocked known=$((many - unlisted - blocked + new))"
same "each that ever enrolled has its slot" "$(database_sql cmpd_owner db "select count(*) from cmpd.claims")" "$enrolled"
same "slots with a certificate that is good" "$(database_sql cmpd_owner db "select count(*) from cmpd.claims c
    join cmpd.certificates t on t.issuer = c.issuer and t.serial = c.serial where t.status = 2")" $((certificates - revoked))
same "every refusal names device or certificate, and its rule" "$(refusals 'detail=""')" 0
stop_all=()
for i in 1 2 3; do
    node_kill "$i" TERM
    stop_all+=(--log "$work/node$i.log")
done
ok "the audit log is whole" ctl audit verify "${stop_all[@]}"
ok "the store is whole" ctl db check
done_testing
