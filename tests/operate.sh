# operate.sh: a node as an operator sees it, by cmpctl. Sourced after lib.sh, with $dir, $port and the arrays of credentials; the
# key of all stations is $work/new.key.
#
#   enroll NAME            a certificate for NAME, in $work/NAME.pem
#   three_stations         enrolls gnb-1, gnb-2 and gnb-3, and revokes the last
#   db COMMAND ARG...      cmpctl db; what it says is in $work/said.out, too
#   verify ARG...          cmpctl audit verify, likewise
#   told PATTERN           the last of these said so
#   untold PATTERN         … said nothing like it
#   retain SETTING DAYS    changes how long something is kept

new_key "$work/new.key" P-256

enroll() {
    cmp -cmd ir -newkey "$work/new.key" -subject "/CN=$1" "${by_device[@]}" -certout "$work/$1.pem"
}

three_stations() {
    local name
    for name in gnb-1 gnb-2 gnb-3; do
        ok "enrolled" enroll "$name"
    done
    ok "revoked" cmp -cmd rr -oldcert "$work/gnb-3.pem" -cert "$work/gnb-3.pem" -key "$work/new.key" \
        -extracerts "$dir/demo/device-chain.pem" -trusted "$dir/ca/root.pem" -revreason 5
}

db() {
    "$CMPD_BIN/cmpctl" db "$1" --config "$dir/cmpd.yaml" "${@:2}" 2>&1 | tee "$work/said.out"
}

verify() {
    "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml" "$@" 2>&1 | tee "$work/said.out"
}

told() {
    ok "told: $1" grep -Eq -- "$1" "$work/said.out"
}

untold() {
    same "told: $1" "$(lines_of "$1" "$work/said.out")" 0
}

retain() {
    sed -i -E "s/^( *)$1: [0-9]+/\\1$1: $2/" "$dir/cmpd.yaml"
}
