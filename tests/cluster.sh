# cluster.sh: nodes of one CA on one store, behind HAProxy as deploy/haproxy has it. Sourced after lib.sh, postgres.sh and
# database.sh.
#
#   cluster_database           PostgreSQL for it: cluster db, with the tables of the store; cluster_start makes it if need be
#   cluster_standby            … and a synchronous standby of it, cluster standby
#   cluster_start N            a CA with N nodes (at most three), all started; $dir is the first one's folder, and the setup
#   node_start I               starts node I (from 1), and waits until it serves; its process is ${node_pid[I]}
#   node_kill I [SIGNAL]       SIGKILL, or another signal; waits for its end
#   balancer_start             HAProxy in front: requests are balanced at $url, and over TLS at $tls_url; connections, TLS
#                              passed through, at $pass_url. Waits until all nodes are ready for it
#   balancer_waits N           … until N nodes are
#   load_start NAME ARG...     cmpbench in the background, through $url unless ARGs have another --url; NAME tells its files
#   load_steady NAME SECONDS   a load to break things under, that has begun; for SECONDS at most
#   load_runs NAME N           waits until its clients hold N certificates more than now
#   load_stop NAME             ends it early; load_end tells what it came to
#   load_end NAME              waits for it, prints errors by kind and the longest gap
#   load_is NAME TEXT EXPR     EXPR, Python, must hold of its result r
#   issued NAME...             the serials in $work/NAME, each a file as $held is
#   stored_in NAME...          the serials in the store that clusters NAME are; $dir/NAME.yaml is a configuration for it
#   cluster_is_whole           what clients of all loads hold is stored, nothing is there twice, and the audit log is whole

# postgres, or sqlite: a file that all nodes share.
cluster_store=${CMPD_CLUSTER_STORE:-postgres}
# Not empty: nodes serve OCSP, and each has a responder's certificate in the store.
cluster_ocsp=
cluster_databases=() # whose URL the nodes have, the first one the primary
declare -A node_pid=()
held=$work/held # all loads append to it
touch "$held"

cluster_database() {
    database_new db
    cluster_databases=(db)
    ok "the tables are made" "$CMPD_BIN/cmpctl" db migrate --store "$(database_url cmpd_owner db)"
    database_roles db
}

# cluster_first [OPTION...]: the folder of the first node, which the others join. OPTIONs of cmpctl init.
cluster_first() {
    "$CMPD_BIN/cmpctl" init "$work/node1" --demo --node node1 --listen "127.0.0.1:${node_port[1]}" \
        --admin-listen "127.0.0.1:${node_admin_port[1]}" "$@" >/dev/null
}

cluster_standby() {
    cluster_database
    database_standby standby db
    cluster_databases=(db standby)
}

# A certificate that every node shows, and the CA that the balancer and clients trust for it.
cluster_certificate() {
    mkdir "$work/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls/ca.key" -out "$work/tls/ca.pem" \
        -days 2 -subj "/CN=CA of the nodes" -addext keyUsage=critical,keyCertSign 2>/dev/null
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls/server.key" \
        -subj /CN=localhost 2>/dev/null |
        openssl x509 -req -set_serial 2 -CA "$work/tls/ca.pem" -CAkey "$work/tls/ca.key" -days 2 -out "$work/tls/server.pem" \
            -extfile <(echo subjectAltName=IP:127.0.0.1,DNS:localhost) 2>/dev/null
    chmod 600 "$work/tls/server.key"
    cat "$work/tls/server.pem" "$work/tls/server.key" >"$work/tls/both.pem"
}

cluster_start() {
    local i store=()
    node_count=$1
    if [ "$cluster_store" = postgres ]; then
        [ ${#cluster_databases[@]} -gt 0 ] || cluster_database
        store=(--store "$(database_url cmpd_node "${cluster_databases[@]}")")
    fi
    cluster_certificate
    for ((i = 1; i <= node_count; i++)); do
        node_port[i]=$(free_port)
        node_tls_port[i]=$(free_port)
        node_pass_port[i]=$(free_port)
        node_admin_port[i]=$(free_port)
        if [ "$i" -eq 1 ]; then
            cluster_first "${store[@]}"
        else
            "$CMPD_BIN/cmpctl" init --join "$work/node1" "$work/node$i" --node "node$i" --listen "127.0.0.1:${node_port[i]}" \
                --admin-listen "127.0.0.1:${node_admin_port[i]}" >/dev/null
        fi
    done
    for ((i = 1; i <= node_count; i++)); do
        dir=$work/node$i
        [ -n "${cluster_ocsp:-}" ] || serve_no_ocsp
        cp -r "$work/tls" "$work/node$i/tls"
        # Only what differs from a node as cmpctl makes it: two more listeners, and the balancer, which is trusted.
        sed -i "/^listeners:/a\\
  - address: \"127.0.0.1:${node_tls_port[i]}\"\\
    tls: {certificate: tls/server.pem, key: tls/server.key}\\
  - address: \"127.0.0.1:${node_pass_port[i]}\"\\
    tls: {certificate: tls/server.pem, key: tls/server.key}\\
    proxy_protocol: true
s|^trusted_proxies: .*|trusted_proxies: [127.0.0.1]|" "$work/node$i/cmpd.yaml"
    done
    dir=$work/node1
    for ((i = 1; i <= node_count; i++)); do node_start "$i"; done
}
node_port=() node_tls_port=() node_pass_port=() node_admin_port=()

node_start() {
    start_server cmpd "$work/node$1/cmpd.yaml" "$work/node$1.log"
    node_pid[$1]=$server
}

node_kill() {
    local pid=${node_pid[$1]} status=0
    unset "node_pid[$1]"
    kill -s "${2:-KILL}" "$pid"
    wait "$pid" 2>/dev/null || status=$?
    [ "${2:-KILL}" != TERM ] || same "node $1 ends as it should" "$status" 0
}

# balancer_start [CFG...]: of deploy/haproxy, all by default.
balancer_start() {
    local name i nodes=()
    for i in 1 2 3; do
        # The files name three. Nobody answers at port 1, as at a node that is down.
        nodes+=("CMPD_NODE$i=127.0.0.1:${node_port[i]:-1}" "CMPD_NODE${i}_TLS=127.0.0.1:${node_pass_port[i]:-1}"
            "CMPD_NODE${i}_ADMIN_PORT=${node_admin_port[i]:-1}")
    done
    balancer_port=$(free_port) balancer_tls_port=$(free_port) balancer_pass_port=$(free_port)
    url=http://127.0.0.1:$balancer_port/.well-known/cmp/p/demo
    tls_url=https://127.0.0.1:$balancer_tls_port/.well-known/cmp/p/demo
    pass_url=https://127.0.0.1:$balancer_pass_port/.well-known/cmp/p/demo
    for name in haproxy passthrough; do
        env CMPD_LISTEN="127.0.0.1:$balancer_port" CMPD_LISTEN_TLS="127.0.0.1:$balancer_tls_port" \
            CMPD_LISTEN_PASS="127.0.0.1:$balancer_pass_port" CMPD_TLS_PEM="$work/tls/both.pem" "${nodes[@]}" \
            CMPD_HAPROXY_SOCKET="$work/$name.sock" CMPD_HAPROXY_USER= CMPD_MAXCONN=2000 "$@" \
            haproxy -db -f "${CMPD_SOURCE:?set by ctest}/deploy/haproxy/$name.cfg" >"$work/$name.log" 2>&1 &
        balancer_pid+=("$!")
    done
    balancer_waits "$node_count"
}
balancer_pid=()

balancer_stop() {
    local pid
    for pid in "${balancer_pid[@]}"; do
        kill -TERM "$pid"
        ended "the balancer" "$pid" 143
    done
    balancer_pid=()
}
at_end+=(balancer_stop)

# balancer_state NAME: of the processes haproxy and passthrough: how many nodes are ready for it.
balancer_state() {
    python3 - "$work/$1.sock" <<'PY'
import csv, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"show stat\n")
rows = csv.DictReader(s.makefile().read().lstrip("# ").splitlines())
print(sum(row["pxname"].startswith("ready") and row["svname"].startswith("node") and row["status"] == "UP" and
          row["check_status"] == "L7OK" for row in rows))
PY
}

balancer_sees() {
    [ "$(balancer_state "$1" 2>/dev/null)" = "$2" ]
}

balancer_waits() {
    local name
    for name in haproxy passthrough; do
        until_so "$name sees $1 nodes that are ready" balancer_sees "$name" "$1"
    done
}

declare -A load_pid=()

load_start() {
    local name=$1
    shift
    "$CMPD_BIN/cmpbench" run --url "$url" --setup "$dir" --held "$held" --json --check-all "$@" >"$work/$name.json" \
        2>"$work/$name.load.log" &
    load_pid[$name]=$!
    servers+=("$!")
}

load_steady() {
    load_start "$1" --seconds "$2" --rate 300 --count $(($2 * 300)) --clients 64 --retries 1 --scenario ir=2,ir-confirm=1 --http2
    load_runs "$1" 100
}

holds_or_ended() {
    [ "$(wc -l <"$held")" -ge "$2" ] || is_gone "${load_pid[$1]}"
}

load_runs() {
    local before
    before=$(wc -l <"$held")
    until_so "the load $1 gets $2 certificates" holds_or_ended "$1" $((before + $2))
    [ "$(wc -l <"$held")" -ge $((before + $2)) ] || fail "the load $1 ended"
}

load_stop() {
    kill -TERM "${load_pid[$1]}" || fail "the load $1 ended before what it was for"
}

load_end() {
    load_status=0
    wait "${load_pid[$1]}" || load_status=$?
    checks=$((checks + 1))
    [ "$load_status" -le 1 ] || fail "cmpbench ended with status $load_status"
    python3 - "$work/$1.json" "$1" <<'PY' || fail "$1: $(cat "$work/$1.load.log")"
import json, sys
r = json.load(open(sys.argv[1]))
errors = ", ".join(f"{kind} {n}" for kind, n in r["errors"].items()) or "no errors"
print(f"{sys.argv[2]}: {r['completed']} enrollments in {r['seconds']:.1f} s, {errors}, {r['retries']} messages sent again, "
      f"longest gap {r['longest_gap_ms']:.0f} ms")
wrong = {"malformed", "rejected", "protection", "mismatch", "duplicate"} & set(r["errors"])
assert not wrong, f"wrong answers: {wrong}"
assert r["completed"] > 0, "nothing was served"
PY
}

load_is() {
    checks=$((checks + 1))
    python3 - "$work/$1.json" "$3" <<'PY' || fail "$1: $2: not so: $3"
import json, sys
r = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), r
PY
}

issued() {
    (cd "$work" && cat "$@") | cut -d ' ' -f 1 | sort -u
}

stored_in() {
    sed "s|^store: .*|store: \"$(database_url cmpd_node "$@" | sed 's/&/\\&/g')\"|" "$dir/cmpd.yaml" >"$dir/$1.yaml"
    "$CMPD_BIN/cmpctl" cert list --config "$dir/$1.yaml" --json |
        python3 -c 'import json, sys; [print(json.loads(line)["serial"]) for line in sys.stdin]' | sort
}

# What a client was told is confirmed is not merely waiting, or ended.
cluster_is_whole() {
    local log logs=()
    "$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json >"$work/stored.json"
    ok "what clients hold is stored, once" python3 - "$held" "$work/stored.json" <<'PY'
import json, sys
held, confirmed = {}, set()
for line in open(sys.argv[1]):
    serial, transaction, state = line.split()
    assert held.setdefault(transaction, serial) == serial, f"transaction {transaction} gave out two certificates"
    if state == "confirmed":
        confirmed.add(serial)
rows = [json.loads(line) for line in open(sys.argv[2])]
stored = {row["serial"]: row for row in rows}
assert held, "clients hold nothing"
assert len(held) == len(set(held.values())), "two clients hold one certificate"
assert len(stored) == len(rows), "a serial is stored twice"
assert len({row["transactionID"] for row in rows}) == len(rows), "a transaction is stored with two certificates"
for transaction, serial in held.items():
    assert serial in stored, f"{serial} is held, and not stored"
    assert stored[serial]["transactionID"] == transaction, f"{serial} is stored with another transaction"
for serial in confirmed:
    assert stored[serial]["status"] == "valid", f"{serial} was confirmed, and is {stored[serial]['status']}"
print(f"{len(held)} held, {len(confirmed)} of them confirmed; {len(stored)} stored")
PY
    cat "$work/last.out"
    for log in "$work"/node?.log; do logs+=(--log "$log"); done
    ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" "${logs[@]}"
}
