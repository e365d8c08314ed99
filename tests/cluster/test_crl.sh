#!/bin/bash
# CRLs of two nodes over one PostgreSQL: one makes them, both publish the same; whoever makes them may be killed at any time.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"

cluster_start 2
new_key "$work/new.key" P-256

# crl_of I: the CRL that node I publishes, into $work/crl.I; prints its number.
crl_of() {
    curl -s -o "$work/crl.$1" "http://127.0.0.1:${node_port[$1]}/crl/issuing.crl" || return 1
    printf '%d\n' "$((16#$(openssl crl -inform DER -in "$work/crl.$1" -noout -crlnumber | sed 's/^crlNumber=0x//')))"
}

# Each number stands for the same octets, whoever is asked, and none comes back.
declare -A seen=() newest=([1]=0 [2]=0)
watch_crl() {
    local number hash
    number=$(crl_of "$1") || return 1
    hash=$(sha256sum <"$work/crl.$1")
    same "number $number is one CRL" "${seen[$number]:-$hash}" "$hash"
    seen[$number]=$hash
    [ "$number" -ge "${newest[$1]}" ] || fail "node $1 goes back from ${newest[$1]} to $number"
    newest[$1]=$number
}

lists() {
    watch_crl "$1" && openssl crl -inform DER -in "$work/crl.$1" -noout -text | grep -q "Serial Number: $2"
}

# revoke NAME I: enrolls at node I, and revokes there; the serial is in $serial.
revoke() {
    port=${node_port[$2]}
    ok "$1 enrolls" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" "${by_device[@]}" -certout "$work/$1.pem"
    ok "$1 is revoked" cmp -cmd rr -oldcert "$work/$1.pem" -cert "$work/$1.pem" -key "$work/new.key" \
        -trusted "$dir/ca/root.pem" -revreason 5
    serial=$(openssl x509 -in "$work/$1.pem" -noout -serial | sed 's/^serial=//')
}

# leads I: node I lives, and is the one that makes CRLs, as its log says.
leads() {
    [ -n "${node_pid[$1]:-}" ] &&
        grep -E 'event="(this|another|which) node makes CRLs' "$work/node$1.log" | tail -n 1 | grep -q 'this node makes'
}

leader() {
    local i
    for i in 1 2; do
        if leads "$i"; then echo "$i"; fi
    done
}

dir=$work/node1
credentials
same "one node leads" "$(leader | wc -l)" 1
for i in 1 2; do
    revoke "gnb-$i" "$i"
    until_so "node 1 lists it" lists 1 "$serial"
    until_so "node 2 lists it" lists 2 "$serial"
done
same "the same number" "${newest[1]}" "${newest[2]}"
ok "the same octets" command cmp "$work/crl.1" "$work/crl.2"

# The leader is killed, more than once: the other one goes on, with numbers that nobody had.
for round in 1 2 3; do
    first=$(leader)
    other=$((3 - first))
    before=${newest[$other]}
    revoke "gnb-1$round" "$other"
    [ "$round" = 1 ] || sleep 0.$((round * 2))
    node_kill "$first"
    until_so "the other one lists it" lists "$other" "$serial"
    ok "with a number above" test "${newest[$other]}" -gt "$before"
    until_so "the other one leads" leads "$other"
    known=$(lines_of 'node makes CRLs' "$work/node$first.log")
    node_start "$first"
    until_so "the first one has it, too" lists "$first" "$serial"
    until_so "it has seen who leads" has_more "$known" 'node makes CRLs' "$work/node$first.log"
    same "one leads" "$(leader)" "$other"
done

# Who ends gives its lease up: the next one need not wait.
first=$(leader)
other=$((3 - first))
node_kill "$first" INT
until_so "the other one leads" leads "$other"

# While the database is away the CRL is there, from memory.
postgres_stop db
same "it is there without the database" "$(crl_of "$other")" "${newest[$other]}"
done_testing
