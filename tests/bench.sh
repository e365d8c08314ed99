# bench.sh: cmpbench run by a script, and what it told. Sourced after lib.sh.
# shellcheck shell=bash

bench=$CMPD_BIN/cmpbench

# run ARGUMENTS...: its JSON is in $work/result, its exit status in $status.
run() {
    status=0
    "$bench" run --setup "$dir" --json "$@" >"$work/result" 2>"$work/bench.log" || status=$?
}

# holds TEXT EXPRESSION: of the result r, in Python.
holds() {
    checks=$((checks + 1))
    python3 - "$work/result" "$2" <<'PY' || {
import json, sys
r = json.load(open(sys.argv[1]))
assert eval("(" + sys.argv[2] + ")"), r
PY
        cat "$work/bench.log"
        fail "$1: not so: $2"
    }
}

# ends STATUS STREAM PATTERN COMMAND...: its exit status, and what it says on stdout or stderr.
ends() {
    local wanted=$1 stream=$2 pattern=$3 status=0
    shift 3
    "$@" >"$work/stdout" 2>"$work/stderr" || status=$?
    same "exit status of $*" "$status" "$wanted"
    ok "what $* says on $stream" grep -Eq -- "$pattern" "$work/$stream"
}
