#!/bin/bash
# The connection to PostgreSQL breaks at each statement of an enrollment in turn: before the statement is delivered, after
# it was done and before anybody is told, and in silence. Whatever the client holds is stored, nothing is issued twice, and
# the audit log is whole.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"

postgres_new db
echo 'host all all 127.0.0.1/32 scram-sha-256' >>"$work/db/data/pg_hba.conf" # the proxy reads what is said
postgres_start db
proxy_port=$(free_port)
control=$work/control
python3 "$(dirname "$0")/proxy.py" "$proxy_port" "$(cat "$work/db/port")" "$control" >"$work/proxy.log" 2>&1 &
servers+=("$!")

proxy_order() {
    local i
    printf '%s\n' "$*" >"$control.order" && mv "$control.order" "$control"
    for ((i = 0; i < 2000; i++)); do
        grep -Eq '^(armed|done|counted)' "$control" && return 0
        sleep 0.01
    done
    fail "the proxy does not take the order '$*'"
}

proxy_order never # it listens by then
postgres_demo db enroll "port=$proxy_port&sslmode=disable&connect_timeout=2"
start_server cmpd "$dir/cmpd.yaml" "$work/cmpd.log"
credentials

# The client, with certConf, tries the whole enrollment again when it is told that the server cannot: as stations do.
enroll() {
    local try
    for ((try = 0; try < 8; try++)); do
        rm -f "$work/cert.pem"
        timeout 20 env OPENSSL_CONF=/dev/null "$client" cmp -config "" -server "127.0.0.1:$port" -path .well-known/cmp/p/demo -cmd ir \
            "${by_device[@]}" -newkey "$work/new.key" -subject "/CN=$1" -certout "$work/cert.pem" "${@:2}" \
            >"$work/client.log" 2>&1 && return 0
        refused_count=$((refused_count + 1))
        sleep 0.3
    done
    return 1
}

invariants() {
    local serial
    serial=$(serial_of "$work/cert.pem")
    same "$1: the certificate that the client holds is stored as confirmed" \
        "$(postgres_db db "select status from cmpd.certificates where serial = '\\x$serial'")" 2
    same "$1: every certificate has its transaction" "$(postgres_db db "
        select count(*) from cmpd.certificates c where not exists (select from cmpd.transactions t
        where t.issuer = c.issuer and t.transaction_id = c.transaction_id and t.serial = c.serial)")" 0
    same "$1: and its entry in the audit log" "$(postgres_db db "
        select count(*) from cmpd.certificates c
        where (select count(*) from cmpd.audit a, json_array_elements(('[' || replace(trim(trailing E'\\n' from a.records),
               E'\\n', ',') || ']')::json) r
               where r->>'event' = 'issue' and r->>'serial' = encode(c.serial, 'hex')) <> 1")" 0
}

new_key "$work/new.key" P-256
refused_count=0
proxy_order never
ok "an enrollment without a fault" enroll "station 0"
proxy_order count
statements=$(sed 's/counted //' "$control")
[ "$statements" -ge 8 ] || fail "an enrollment takes $statements statements only"
for how in statement answer hang; do
    told=0
    places=0
    for ((n = 1; n <= statements; n++)); do
        # Silence takes ten seconds each time: a few places are enough in a plain run.
        [ $how != hang ] || [ -n "${CMPD_SOAK:-}" ] || [ "$n" -eq 4 ] || continue
        before=$refused_count
        proxy_order $how $n
        ok "$how $n: the client gets there" enroll "station $how $n"
        same "$how $n: the fault was injected" "$(cat "$control")" "done"
        invariants "$how $n"
        told=$((told + refused_count - before))
        places=$((places + 1))
    done
    echo "$how: $places of $statements places, $told requests refused"
done
proxy_order never
ok "an enrollment in one message" enroll "station 1" -implicit_confirm
proxy_order count
statements_of_ir=$(sed 's/counted //' "$control") # the last is its COMMIT
# The connection that would find out what became of the commit breaks as well, at each of its statements: whether the commit
# was done (its answer was lost) or not (it was never delivered).
for first in statement answer; do
    for ((n = 1; n <= 8; n++)); do
        proxy_order $first $statements_of_ir answer $n
        ok "$first, then answer $n: the client gets there" enroll "station $first $n twice"
        same "$first, then answer $n: both faults were injected" "$(cat "$control")" "done"
        invariants "$first, then answer $n"
    done
done

ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml"
same "no certificate but those that clients were given, and unconfirmed ones" "$(postgres_db db "
    select count(*) from cmpd.certificates where status not in (1, 2)")" 0
stop_server
done_testing
