#!/bin/bash
# /metrics: the numbers of an enrollment, a refusal and a revocation, in both formats; what promtool says of them, and what a
# real Prometheus reads of three nodes.
. "$(dirname "$0")/../lib.sh"
source=$(cd "$(dirname "$0")/../.." && pwd)

demo metrics
credentials
new_key "$work/station.key" P-256
new_key "$work/next.key" P-256
log=$work/metrics.log
use_client 3.5
start_server cmpd "$dir/cmpd.yaml" "$log"
url=http://127.0.0.1:$port/metrics

# scrape [OPTION...]: a text is given again for a second, so what was counted since may be missing until then.
scrape() {
    curl -sS --fail -D "$work/header" "$@" "$url" -o "$work/metrics.txt"
}
# value SERIES: the value of that line.
value() {
    awk -v series="$1" 'index($0, series " ") == 1 { print substr($0, length(series) + 2) }' "$work/metrics.txt"
}
# reads SERIES VALUE: what the node says by now.
reads() {
    scrape && [ "$(value "$1")" = "$2" ]
}
has_header() {
    grep -qix "$1"$'\r' "$work/header"
}

ok "at first" scrape
same "nothing was asked for" "$(lines_of '^cmpd_requests_total' "$work/metrics.txt")" 0
same "and nothing is left out" "$(value cmpd_metrics_left_out)" 0

# RFC 9483 4.1.1: ir and certConf; a wrong MAC (3.6.4: badMessageCheck); 4.2: rr.
ok "ir" cmp -cmd ir -newkey "$work/station.key" -subject /CN=gnb "${by_device[@]}" -certout "$work/out.pem"
refused "a wrong secret" badMessageCheck cmp -cmd ir -newkey "$work/next.key" -subject /CN=gnb -secret pass:wrong -ref nobody \
    -trusted "$dir/ca/root.pem" -certout "$work/none.pem" -unprotected_errors
ok "rr" cmp -cmd rr -oldcert "$work/out.pem" -cert "$work/out.pem" -key "$work/station.key" -trusted "$dir/ca/root.pem"
until_so "the revocation is counted" reads 'cmpd_requests_total{body="rr",outcome="accepted"}' 1
for expected in \
    'cmpd_requests_total{body="ir",outcome="accepted"}=1' \
    'cmpd_requests_total{body="ir",outcome="rejected"}=1' \
    'cmpd_requests_total{body="certConf",outcome="accepted"}=1' \
    'cmpd_refusals_total{body="ir",fail_info="badMessageCheck"}=1' \
    'cmpd_profile_requests_total{profile="demo",outcome="accepted"}=3' \
    'cmpd_profile_refusals_total{profile="demo",fail_info="badMessageCheck"}=1' \
    'cmpd_transport_requests_total{transport="http",outcome="accepted"}=3' \
    'cmpd_transport_requests_total{transport="http",outcome="rejected"}=1' \
    'cmpd_request_duration_seconds_count{body="ir"}=2' \
    'cmpd_request_duration_seconds_bucket{body="ir",le="+Inf"}=2' \
    'cmpd_stage_duration_seconds_count{stage="queue"}=4' \
    'cmpd_stage_duration_seconds_count{stage="decide"}=1' \
    'cmpd_batch_items_sum{stage="decide"}=1' \
    'cmpd_overload_refusals_total{reason="queue"}=0' \
    'cmpd_store_units_total{outcome="conflict"}=0' \
    'cmpd_store_up=1' 'cmpd_ready=1' 'cmpd_draining=0' 'cmpd_jobs=0' \
    'cmpd_alarm{alarm="unconfirmed"}=0' 'cmpd_alarm{alarm="renewal"}=0' 'cmpd_alarm{alarm="expiry"}=0' 'cmpd_alarm{alarm="overdue"}=0' \
    'cmpd_metrics_left_out=0'; do
    same "${expected%=*}" "$(value "${expected%=*}")" "${expected##*=}"
done
# ir, certConf and rr commit a unit each, and the node says that it serves: when, nobody knows.
ok "units" test "$(value 'cmpd_store_units_total{outcome="done"}')" -ge 3
ok "groups" test "$(value cmpd_store_group_units_sum)" -ge 3
ok "build" grep -qF "cmpd_build_info{version=\"$("$CMPD_BIN/cmpctl" --version | sed -n '1s/.* //p')\"," "$work/metrics.txt"
# As openssl reads the file.
ends=$(date -d "$(openssl x509 -in "$dir/ca/issuing.pem" -noout -enddate | sed 's/notAfter=//')" +%s)
ok "our own end" grep -Eq "^x509_cert_not_after\{setting=\"cas\[0\].certificate\",filepath=\"$dir/ca/issuing.pem\",subject_CN=\"Issuing CA\",issuer_CN=\"Root CA\",.* $ends\$" \
    "$work/metrics.txt"

# Both formats, each under its own name (Prometheus: Exposition formats; OpenMetrics 1.0.0).
ok "that of Prometheus" has_header 'content-type: text/plain; version=0.0.4; charset=utf-8'
ok "which nobody keeps" has_header 'cache-control: no-store'
ok "promtool has nothing to say" promtool check metrics <"$work/metrics.txt"
same "not a word" "$(promtool check metrics <"$work/metrics.txt" 2>&1)" ""
ok "OpenMetrics" scrape -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
ok "has its type" has_header 'content-type: application/openmetrics-text; version=1.0.0; charset=utf-8'
same "and its end" "$(tail -n 1 "$work/metrics.txt")" "# EOF"
ok "HEAD" curl -sS --fail -I "$url"
same "nobody sends it" "$(curl -s -o /dev/null -w '%{http_code}' -d x "$url")" 405

# Three certificates of a year are there then, of which one was revoked. A node that begins counts them.
for name in second third; do
    new_key "$work/$name.key" P-256
    ok "ir of a $name" cmp -cmd ir -newkey "$work/$name.key" -subject "/CN=$name" "${by_device[@]}" -certout "$work/$name.pem"
done

# CRLs have numbers, too. Two more nodes: each a store of its own here, for what is counted is each node's.
crl_every 24
kill -INT "$server"
ended "the server" "$server" 0
start_server cmpd "$dir/cmpd.yaml" "$log"
until_so "a CRL is told of" reads 'cmpd_crl_number{ca="issuing",scope="full"}' 1
next_update=$(date -d "$(curl -s "http://127.0.0.1:$port/crl/issuing.crl" | openssl crl -inform DER -noout -nextupdate |
    sed 's/nextUpdate=//')" +%s)
ok "its end" grep -Eq "^x509_crl_next_update\{ca=\"issuing\",scope=\"full\"\} $next_update\$" "$work/metrics.txt"
until_so "certificates are counted" reads 'cmpd_certificates{profile="demo",status="valid",ends_in="longer"}' 2
same "the one that was revoked" "$(value 'cmpd_certificates{profile="demo",status="revoked",ends_in="longer"}')" 1
same "and no others" "$(lines_of '^cmpd_certificates{' "$work/metrics.txt")" 2
counted=$(value cmpd_certificates_counted_timestamp_seconds)
ok "when" test "$counted" -le "$(date +%s)" -a "$counted" -ge "$(($(date +%s) - 60))"
ok "hold" "$CMPD_BIN/cmpctl" cert hold --config "$dir/cmpd.yaml" "$(serial_of "$work/second.pem")"
# Another configuration has it counted at once.
sed -i 's/^confirm_revoke_max: .*/confirm_revoke_max: 59/' "$dir/cmpd.yaml"
kill -HUP "$server"
until_so "counted anew" reads 'cmpd_certificates{profile="demo",status="on_hold",ends_in="longer"}' 1
same "it is not valid" "$(value 'cmpd_certificates{profile="demo",status="valid",ends_in="longer"}')" 1
ports=("$port")
for node in second third; do
    demo "$node"
    start_server cmpd "$dir/cmpd.yaml" "$work/$node.log"
    ports+=("$port")
done

ok "rules" promtool check rules "$source/deploy/prometheus/alerts.yml"
cp "$source/deploy/prometheus/alerts.yml" "$source/tests/server/alerts_test.yml" "$work"
ok "what fires" promtool test rules "$work/alerts_test.yml"
{
    echo "global: {scrape_interval: 1s, evaluation_interval: 1s}"
    echo "rule_files: ['$source/deploy/prometheus/alerts.yml']"
    echo "scrape_configs:"
    echo "  - job_name: cmpd"
    echo "    static_configs: [{targets: [$(printf '"127.0.0.1:%s",' "${ports[@]}")]}]"
} >"$work/prometheus.yml"
ok "its configuration" promtool check config "$work/prometheus.yml"
watcher=$(free_port)
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="127.0.0.1:$watcher" >"$work/prometheus.log" 2>&1 &
prometheus=$!
servers+=("$prometheus")
# query EXPRESSION: the value that Prometheus has for it.
query() {
    curl -s --get "http://127.0.0.1:$watcher/api/v1/query" --data-urlencode "query=$1" |
        python3 -c 'import json, sys
result = json.load(sys.stdin)["data"]["result"]
print(result[0]["value"][1] if result else "")' 2>/dev/null || true
}
# knows METRIC TYPE: a type that Prometheus does not take would be dropped.
knows() {
    curl -s "http://127.0.0.1:$watcher/api/v1/targets/metadata?metric=$1" | grep -q "\"type\":\"$2\""
}
finds() {
    [ "$(query "$1")" = "$2" ]
}
until_so "three nodes are scraped" finds 'sum(up{job="cmpd"})' 3
until_so "and ready" finds 'sum(cmpd_ready)' 3
until_so "their builds" finds 'count(cmpd_build_info)' 3
# rules_are_well: each was evaluated, and none had an error.
rules_are_well() {
    curl -s "http://127.0.0.1:$watcher/api/v1/rules" | python3 -c 'import json, sys
rules = [rule["health"] for group in json.load(sys.stdin)["data"]["groups"] for rule in group["rules"]]
sys.exit(len(rules) != int(sys.argv[1]) or set(rules) != {"ok"})' "$(grep -c 'alert:' "$source/deploy/prometheus/alerts.yml")"
}
until_so "and rules are evaluated" rules_are_well
same "nothing fires for fresh nodes" "$(query 'count(ALERTS) or vector(0)')" 0
# A type that Prometheus does not know would be dropped; a line that it cannot read, the whole page.
until_so "and types" knows cmpd_store_units counter
kill -TERM "$prometheus"
ended "Prometheus" "$prometheus" 0
done_testing
