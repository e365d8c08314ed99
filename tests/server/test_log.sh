#!/bin/bash
# Where the log goes, as an operator and his tools see it: a file that is moved away, JSON that another parser reads, journald.
. "$(dirname "$0")/../lib.sh"

demo demo
credentials
new_key "$work/new.key" P-256
log=$work/run/cmpd.log
mkdir "$work/run"
cp "$dir/cmpd.yaml" "$work/before.yaml"

# settings LINE...: the configuration with these besides; the demo's own log_ lines are replaced.
settings() {
    grep -v '^log_' "$work/before.yaml" >"$dir/cmpd.yaml"
    printf '%s\n' "$@" >>"$dir/cmpd.yaml"
}

# Each line of FILE is one object, or this fails. has_event EVENT FILE: one of them is of this event.
has_event() {
    python3 - "$@" <<'PY'
import json, sys
event, path = sys.argv[1:]
rows = [json.loads(line) for line in open(path, encoding="utf-8")]
for row in rows:
    assert set(row) >= {"time", "level", "event"} and row["level"] in ("debug", "info", "warn", "error"), row
sys.exit(event not in [row["event"] for row in rows])
PY
}

# serves CONFIG_OF_A_FILE: starts cmpd, whose log is in $log and not on standard error.
serves() {
    "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml" 2>>"$work/stderr.log" &
    server=$!
    servers+=("$server")
    wait_ready 200
}

reference=$'some"body\\\nlevel=error\e[2J'
refused_enrollment() {
    refused "a reference that nobody has" 'received ERROR' cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" \
        -ref "$reference" -secret pass:wrong -recipient "/O=Demo Operator/CN=Issuing CA" -certout "$work/out.pem"
}

# ---- a file, of JSON ----
settings "log_to: file" "log_file: $log" "log_format: json" 'log_file_mode: "0640"'
ok "check" "$CMPD_BIN/cmpctl" check "$dir/cmpd.yaml"
serves
until_so "it serves" has_event serving "$log"
same "its mode" "$(stat -c %a "$log")" 640
refused_enrollment
until_so "a refusal" has_event "request refused" "$log"
same "standard error has nothing" "$(cat "$work/stderr.log")" ""
ok "what the station wrote is a value" python3 - "$log" "$reference" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
(row,) = [row for row in rows if row["event"] == "request refused"]
assert row["reference"] == sys.argv[2] and row["level"] == "warn", row
assert row["failInfo"] == "badMessageCheck" and row["peer"].startswith("127.0.0.1:"), row
PY

# The trace of a proxy, by either HTTP: in the line of the request, if it is one.
trace=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
post() {
    curl -s -o "$work/answer" --data-binary x -H 'Content-Type: application/pkixcmp' "$@"
}
for http in --http1.1 --http2-prior-knowledge; do
    for path in /.well-known/cmp /nowhere //; do
        post $http -H "traceparent: $trace" "http://127.0.0.1:$port$path"
        post $http "http://127.0.0.1:$port$path"
        post $http -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","level":"x' "http://127.0.0.1:$port$path"
        post $http -H "traceparent: $trace" -H "traceparent: $trace" "http://127.0.0.1:$port$path"
    done
done
are_traced() {
    [ "$(lines_of 'request unreadable|path not served' "$log")" = 24 ]
}
until_so "24 lines" are_traced
ok "each has the trace that it came with" python3 - "$log" "$trace" <<'PY'
import json, sys
rows = [row for row in map(json.loads, open(sys.argv[1])) if row["event"] in ("request unreadable", "path not served")]
assert len(rows) == 24, len(rows)
assert [row["traceparent"] for row in rows if "traceparent" in row] == [sys.argv[2]] * 6, rows
assert {row["event"] for row in rows if "traceparent" in row} == {"request unreadable", "path not served"}, rows
PY

# logrotate: moved away, SIGHUP, and nothing is lost or written twice.
mv "$log" "$log.1"
refused_enrollment
kill -HUP "$server"
until_so "a new file" has_event "configuration loaded" "$log"
same "the refusal before is in the old one" "$(grep -c 'request refused' "$log.1")" 2
refused_enrollment
until_so "the next one is in the new one" has_event "request refused" "$log"
same "and there alone" "$(grep -c 'request refused' "$log.1")" 2

# No new file can be made: the old one goes on, and says so. Nor does a faulty configuration keep the file from being opened.
mv "$log" "$log.2"
mkdir "$log"
kill -HUP "$server"
until_so "it says so" has_event "log file not opened" "$log.2"
refused_enrollment
until_so "lines go on" has_more 1 'request refused' "$log.2"
rmdir "$log"
cp "$dir/cmpd.yaml" "$work/good.yaml"
echo "nonsense: 1" >>"$dir/cmpd.yaml"
kill -HUP "$server"
until_so "a new file, though the configuration is refused" has_event "configuration refused" "$log"
cp "$work/good.yaml" "$dir/cmpd.yaml"
settings "log_to: file" "log_file: $log" "log_format: logfmt"
kill -HUP "$server"
until_so "another format takes a restart" grep -q 'log_format has changed: restart' "$log"
ok "enrolled, so that there is something to seal" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" \
    -certout "$work/out.pem" -implicit_confirm
stop_server
ok "its last line" has_event stopped "$log"

# The seal of the audit log, as the manual has it for JSON.
ok "seals in JSON" python3 - "$log" "$work/seals" <<'PY'
import json, sys
with open(sys.argv[2], "w") as out:
    for path in (sys.argv[1] + ".1", sys.argv[1] + ".2", sys.argv[1]):
        for row in map(json.loads, open(path)):
            if row["event"] == "audit seal":
                print('event="audit seal" %s signature=%s' % (row["pairs"], row["signature"]), file=out)
PY
ok "verified" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" --log "$work/seals"
cp "$work/last.out" "$work/verified"
ok "one of them" grep -q '/seals: 1 seals$' "$work/verified"

# What cannot be is told before anything is served.
settings "log_to: file" "log_file: $work/run"
refused "a folder" 'cmpd.yaml:[0-9]+: .*cannot be written: Is a directory; name a file' "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"
ln -s "$log" "$work/run/link"
settings "log_to: file" "log_file: $work/run/link"
refused "a link" 'cannot be written: .*and no link' "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"

# ---- journald: a socket in its place, in a mount namespace of its own ----
if unshare -m true 2>/dev/null; then
    settings "log_to: journald"
    mkdir "$work/systemd"
    # shellcheck disable=SC2016
    in_place='mount --make-rprivate / && mount --bind "$0" /run/systemd && exec "$@"'
    refused "no journald" 'log_to is journald.*No such file.*start systemd-journald' \
        unshare -m sh -c "$in_place" "$work/systemd" "$CMPD_BIN/cmpd" --config "$dir/cmpd.yaml"
    mkdir "$work/systemd/journal"
    python3 "$(dirname "$0")/journald.py" "$work/systemd/journal/socket" >"$work/entries" &
    servers+=("$!")
    until_so "a socket" test -S "$work/systemd/journal/socket"
    for program in cmpd cmpd-epoll; do
        : >"$work/stderr.log"
        unshare -m sh -c "$in_place" "$work/systemd" "$CMPD_BIN/$program" --config "$dir/cmpd.yaml" 2>>"$work/stderr.log" &
        server=$!
        servers+=("$server")
        wait_ready 200
        before=$(lines_of 'CMPD_EVENT": "request refused' "$work/entries")
        refused_enrollment
        until_so "$program: a refusal" has_more "$before" 'CMPD_EVENT": "request refused' "$work/entries"
        kill -HUP "$server"
        until_so "$program: SIGHUP" has_more 0 'configuration loaded' "$work/entries"
        stop_server
        same "$program: standard error has nothing" "$(cat "$work/stderr.log")" ""
    done
    ok "fields" python3 - "$work/entries" <<'PY'
import json, sys
entries = [json.loads(line) for line in open(sys.argv[1])]
for entry in entries:
    assert entry["SYSLOG_IDENTIFIER"] == "cmpd" and entry["PRIORITY"] in "3467", entry
    assert entry["MESSAGE"].startswith("event="), entry
refusals = [entry for entry in entries if entry["CMPD_EVENT"] == "request refused"]
assert len(refusals) == 2, refusals
for entry in refusals:
    assert entry["PRIORITY"] == "4" and entry["CMPD_FAILINFO"] == "badMessageCheck", entry
    assert entry["CMPD_REFERENCE"] == 'some"body\\\\x0alevel=error\\x1b[2J', entry
    assert entry["CMPD_PEER"].startswith("127.0.0.1:"), entry
assert [entry["CMPD_EVENT"] for entry in entries].count("stopped") == 2
PY
else
    echo "not tried: journald, for which this user may make no mount namespace"
fi
done_testing
