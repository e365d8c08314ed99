#!/bin/bash
# A night: stations enroll and update at three nodes, and one thing after the other goes wrong: nodes are restarted, a disk is
# full, the database's primary dies, a CMP certificate is about to end, CRLs cannot be written. Each is seen in the metrics, and
# gone when it is mended; after how many seconds is printed. No station is lost. With CMPD_SOAK it lasts half an hour.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"
. "$(dirname "$0")/../cluster.sh"
. "$(dirname "$0")/../short_lived.sh"

seconds=60 # at least
if [ -n "${CMPD_SOAK:-}" ]; then seconds=1800; fi

cluster_standby
cluster_start 3
balancer_start
credentials
port=${node_port[1]}
new_key "$work/new.key" P-256

# page I PATTERN: whether a line of /metrics of node I is like it. A page is given again for a second.
page() {
    curl -sS --fail --max-time 5 -o "$work/page.$1" "http://127.0.0.1:${node_admin_port[$1]}/metrics" 2>/dev/null &&
        grep -Eqx -- "$2" "$work/page.$1"
}
all_pages() {
    local i
    for i in 1 2 3; do page $i "$1" || return 1; done
}
no_page() {
    ! page "$1" '.*'
}
# seen TEXT COMMAND..., gone TEXT COMMAND...: waits for it, and prints after how long it came.
comes() {
    local begin=$EPOCHREALTIME
    checks=$((checks + 1))
    until_so "${@:2}"
    printf '%s: %s after %.1f s\n' "$2" "$1" "$(python3 -c "print($EPOCHREALTIME - $begin)")"
}
seen() { comes seen "$@"; }
gone() { comes gone "$@"; }
alarm() { echo "cmpd_alarm\{alarm=\"$1\"\} $2"; }

reload_all() {
    local i
    for i in 1 2 3; do
        local before
        before=$(lines_of 'event="configuration loaded"' "$work/node$i.log")
        kill -HUP "${node_pid[$i]}"
        until_so "node $i loads its configuration" has_more "$before" 'event="configuration loaded"' "$work/node$i.log"
    done
}

begin=$SECONDS
most=$((seconds + 300)) # what goes wrong last may take longer
load_start night --seconds $most --rate 60 --count $((most * 60)) --clients 32 --retries 100 --scenario ir-confirm=3,kur-confirm=1 --http2
load_runs night 100

# ---- nodes are restarted, one after the other, with a folder for CRLs; the disk that one has for seals is small ----

mkdir "$work/pki"
no_small_disk() {
    if mountpoint -q "$work/node2/audit"; then umount --lazy "$work/node2/audit"; fi
}
at_end=("${at_end[@]}" no_small_disk)
small=1
for i in 1 2 3; do
    node_kill $i TERM
    seen "node $i is away" no_page $i
    sed -i "s|^  # folder: .*|  folder: $work/pki|; s/^  after_revocation_seconds: .*/  after_revocation_seconds: 1/" "$work/node$i/cmpd.yaml"
    if [ $i = 2 ]; then
        cp -r "$work/node2/audit" "$work/audit"
        mount -t tmpfs -o size=64k tmpfs "$work/node2/audit" 2>/dev/null || small=
        cp "$work"/audit/* "$work/node2/audit/"
    fi
    node_start $i
    gone "node $i is away" page $i 'cmpd_ready 1'
    balancer_waits 3
done
gone "configurations differ" all_pages "$(alarm configurations_differ 0)"

round() {
    # ---- a disk is full ----
    load_runs night 50
    if [ -n "$small" ]; then
        dd if=/dev/zero of="$work/node2/audit/filler" bs=1k 2>/dev/null || true
    else # no file system may be mounted here: the seals have no room in another way
        rm "$work/node2/audit/seals.log.last"
        mkdir -p "$work/node2/audit/seals.log.last/filler"
    fi
    seen "a full disk" page 2 "$(alarm seal 1)"
    rm -r "$work"/node2/audit/filler "$work"/node2/audit/seals.log.last/filler 2>/dev/null || true
    [ -n "$small" ] || rmdir "$work/node2/audit/seals.log.last"
    gone "a full disk" page 2 "$(alarm seal 0)"

    # ---- the CMP certificate, which the root has issued, ends within a day ----
    load_runs night 50
    cp "$dir/ca/cmp.pem" "$work/good.pem"
    short_lived root $((-40 * 86400)) 40000
    for i in 2 3; do cp "$dir/ca/cmp.pem" "$work/node$i/ca/cmp.pem"; done
    reload_all
    seen "a certificate ends" all_pages "$(alarm expiry 1)"
    for i in 1 2 3; do cp "$work/good.pem" "$work/node$i/ca/cmp.pem"; done
    reload_all
    gone "a certificate ends" all_pages "$(alarm expiry 0)"

    # ---- CRLs cannot be written: there is a file where their folder was ----
    load_runs night 50
    mv "$work/pki/crl" "$work/kept"
    touch "$work/pki/crl"
    ok "a certificate" cmp -cmd ir -newkey "$work/new.key" -subject /CN=revoked "${by_device[@]}" -certout "$work/revoked.pem"
    ok "is revoked" "$CMPD_BIN/cmpctl" cert revoke "$(openssl x509 -in "$work/revoked.pem" -noout -serial)" --config "$dir/cmpd.yaml"
    seen "a CRL cannot be written" all_pages "$(alarm crl_not_written 1)"
    rm "$work/pki/crl"
    mv "$work/kept" "$work/pki/crl"
    gone "a CRL cannot be written" all_pages "$(alarm crl_not_written 0)"
}
round

# ---- the database's primary dies, and its standby takes over ----

load_runs night 50
postgres_stop db QUIT
seen "the database is away" all_pages 'cmpd_store_up 0'
database_promote standby
gone "the database is away" all_pages 'cmpd_store_up 1'
cluster_databases=(standby)
balancer_waits 3

while [ $((SECONDS - begin)) -lt "$seconds" ]; do round; done
load_runs night 100
load_stop night
load_end night
load_is night "no station is lost" "set(r['errors']) <= {'overdue'}"
cluster_is_whole
for i in 1 2 3; do
    page $i '.*' || fail "node $i does not answer"
    same "alarms of node $i in the morning" "$(grep '^cmpd_alarm{.* 1$' "$work/page.$i" || true)" ""
done
done_testing
