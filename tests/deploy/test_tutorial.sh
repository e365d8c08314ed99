#!/bin/bash
# The tutorial, block by block as it stands there, but for ports that are free here.
. "$(dirname "$0")/../lib.sh"

export PATH=$CMPD_BIN:$PATH OPENSSL_CONF=/dev/null
mkdir "$work/blocks" "$work/folder"
python3 - "${CMPD_SOURCE:?set by ctest}/deploy/manual/tutorial.md" "$work/blocks" \
    "8829=$(free_port)" "8830=$(free_port)" "8843=$(free_port)" "8844=$(free_port)" <<'PY'
import re, sys
manual, folder, *ports = sys.argv[1:]
text = open(manual).read()
for port in ports:
    named, free = port.split("=")
    assert named in text, "the tutorial has no port " + named
    text = re.sub(rf"\b{named}\b", free, text)
for i, block in enumerate(re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)):
    kind = "stays" if block.startswith("# in a terminal of its own\n") else "ends"
    open(f"{folder}/{i:02}-{kind}", "w").write(block)
PY
cd "$work/folder"

listens() {
    bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null
}
# stays BLOCK: runs its last line, and waits until it listens.
stays() {
    local line port
    line=$(tail -n 1 "$1")
    port=$(grep -o '127.0.0.1:[0-9]*' <<<"$line" || true)
    [ -n "$port" ] || port=$(grep -om 1 '127.0.0.1:[0-9]*' ca/cmpd.yaml)
    bash -c "exec $line" >"$work/$(basename "$1").log" 2>&1 &
    servers+=("$!")
    until_so "$line" listens "${port#*:}"
}
for block in "$work"/blocks/*; do
    case $block in
    *-stays) stays "$block" ;;
    *) ok "$(cat "$block")" bash -e "$block" ;;
    esac
    cp "$work/last.out" "$block.out" 2>/dev/null || true
    # A person takes longer to go on than a node to load its configuration.
    grep -q 'kill -HUP' "$block" && wait_log "$(ls "$work"/*-stays.log | head -n 1)" 'event="configuration loaded"'
done

# What the text says that one sees.
said() {
    cat "$work"/blocks/*.out "$work"/*-stays.log >"$work/all.out"
    grep -Eq "$1" "$work/all.out" || fail "nobody said: $1"
    checks=$((checks + 1))
}
said 'is right: .* 1 vendors'
said '"ready":true'
said 'Verify return code: 0 \(ok\)'
said 'certificate revoked'
said 'text=".*CN'
same "the station has two certificates, both revoked" "$(cmpctl cert list --config ca/cmpd.yaml --subject '*CN=gnb-1*' --status revoked | tail -n +2 | wc -l)" 2
done_testing
