#!/bin/bash
# Clients of the field, as cmpbench plays them: each enrolls, renews, and tries again under the profile that the manual has for
# it (clients.md), and is refused where that lacks what it needs.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../bench.sh"

personae=(nokia huawei staros fortios ericsson onap occm cmp-issuer junos)

demo personae
config=$dir/cmpd.yaml
log=$work/personae.log

# profiles [NAME PART REPLACEMENT]: the manual's, of NAME without what stands for PART in a line of it.
profiles() {
    python3 - "$CMPD_SOURCE/deploy/manual/clients.md" "$config" "$@" <<'PY'
import re, sys
manual, config, *change = sys.argv[1:]
blocks = re.findall(r"```yaml\nprofiles:\n(  - name: nokia\n.*?)```", open(manual).read(), re.S)
assert len(blocks) == 1, "the manual has no profiles, or several"
text = blocks[0].replace("[acme]", "[demo]")
if change:
    name, part, replacement = change
    replacement = replacement.replace("\\n", "\n")
    found = re.search(rf"  - name: {name}\n(?:    .*\n)*", text)
    changed = found[0].replace(part, replacement)
    assert changed != found[0], f"{name} has no {part}"
    text = text.replace(found[0], changed)
old = open(config).read()
begin, end = "# the manual's\n", "# end of the manual's\n"
if begin in old:
    old = old[:old.index(begin)] + old[old.index(end) + len(end):]
at = old.index("# The profile of requests that name none")
open(config, "w").write(old[:at] + begin + text + end + old[at:])
PY
}

# by_own_secrets NAME: the option that names the secrets; StarOS has a certificate of its vendor instead.
by_own_secrets() {
    secrets_of=()
    [ "$1" = staros ] || secrets_of=(--secrets "$work/$1.secrets")
}

# walk NAME [OPTION...]: its life, under its profile; each step is a line of $work/walk. Of NAME-others: it enrolls for another, too.
walk() {
    local name=${1%-others} secrets_of others=()
    by_own_secrets "$name"
    [ "$name" = "$1" ] || others=(--others "/.well-known/cmp/p/$1")
    "$bench" walk --setup "$dir" --url "http://127.0.0.1:$port/.well-known/cmp/p/$name" --persona "$name" \
        "${secrets_of[@]}" "${others[@]}" "${@:2}" >"$work/walk" 2>"$work/walk.err"
}

# secrets NAME OPTION...: one for each of its clients, who are two in a walk.
number=0
secrets() {
    local name=$1 i
    number=$((number + 1))
    for i in 1 2 3 4; do
        echo "$name-$number-$i $(openssl rand -hex 16)"
    done >"$work/$name.secrets"
    ok "secrets for $name" "$CMPD_BIN/cmpctl" secret add --config "$config" --list "$work/$name.secrets" --profile "$name" "${@:2}"
}

# fails TEXT NAME STEP: the walk fails at STEP, an extended regular expression of its line.
fails() {
    same "$1: exit status" "$(status_of walk "$2")" 1
    grep -Eq -- "^$3" "$work/walk" || {
        cat "$work/walk" "$work/walk.err"
        fail "$1: it did not say '$3'"
    }
}

# lacks NAME PART REPLACEMENT STEP [RULE]: under a profile with REPLACEMENT for PART the walk fails at STEP, and the log has RULE.
lacks() {
    local before
    profiles "$1" "$2" "$3"
    reload
    ok "$1 without $2: loaded" grep -q 'event="configuration loaded"' "$work/outcome"
    secrets "${1%-others}" --reusable
    before=$(lines_of "event=\"request refused\".*${5:-}.* profile=$1 " "$log")
    fails "$1 without $2" "$1" "$4"
    [ -z "${5:-}" ] || ok "$1 without $2: the log names the rule" has_more "$before" "event=\"request refused\".*$5.* profile=$1 " "$log"
}

profiles
ok "the manual's profiles" "$CMPD_BIN/cmpctl" check "$config"
for name in "${personae[@]}"; do
    secrets "$name" --reusable
done
start_server cmpd "$config" "$log"

# ---- as the manual has it ----

declare -A tolerated=([huawei]=poll-without-answer,sha1-mac [staros]=sha1-signatures [onap]=sha1-owf,sha1-mac)
for name in "${personae[@]}"; do
    before=$(lines_of 'tolerated=[a-z]' "$log")
    ok "$name" walk "$name"
    cp "$work/walk" "$work/walk.$name"
    same "$name: no step failed" "$(lines_of FAILED "$work/walk")" 0
    for step in enroll renew retry; do
        same "$name: it has done: $step" "$(lines_of "^$step " "$work/walk")" 1
    done
    if [ -n "${tolerated[$name]:-}" ]; then
        ok "$name: the log says what was tolerated" has_more 0 " profile=$name tolerated=${tolerated[$name]} " "$log"
    else
        same "$name: nothing was tolerated" "$(lines_of 'tolerated=[a-z]' "$log")" "$before"
    fi
done

# What each of them is about.
ok "Nokia sends again what was lost" grep -q '^retry    ir       ok' "$work/walk.nokia"
same "Nokia, three certificates: what was sent again got the same one" \
    "$(stored profile nokia serial | wc -l)" 3
same "Junos, four: who began again got another" "$(stored profile junos serial | wc -l)" 4
ok "Huawei polls" grep -q '^retry    pollReq  ok' "$work/walk.huawei"
ok "StarOS enrolls by cr" grep -q '^enroll   cr       ok' "$work/walk.staros"
ok "cmp-issuer renews by p10cr" grep -q '^renew    p10cr    ok' "$work/walk.cmp-issuer"
same "ONAP sends no certConf" "$(lines_of certConf "$work/walk.onap")" 0
same "ONAP revokes" "$(stored profile onap status | sort | uniq -c | tr -s ' \n' ' ')" ' 1 revoked 3 valid '
for name in occm cmp-issuer; do
    secrets "$name" --reusable
    ok "$name enrolls for another" walk "$name-others"
    cp "$work/walk" "$work/walk.$name"
done
same "Oracle, one for another" "$(lines_of '^agent    ir       ok' "$work/walk.occm")" 1
same "cmp-issuer, one for another, and one in its place" "$(lines_of '^agent    p10cr    ok' "$work/walk.cmp-issuer")" 2
same "the first of them is superseded" "$(stored profile cmp-issuer-others status | sort | tr '\n' ' ')" 'revoked valid '
ok "FortiOS at its own path" walk fortios --url "http://127.0.0.1:$port"
ok "Oracle at its own path" walk occm --url "http://127.0.0.1:$port"

# ---- without what it needs ----

lacks huawei 'tolerate: [poll-without-answer, sha1-mac]' 'tolerate: [sha1-mac]' 'retry    pollReq  FAILED: rejected: recipNonce is missing' \
    'detail="tolerate: \[poll-without-answer\] would take it"'
lacks huawei 'same_in_update: true' 'same_in_update: false' 'renew    kur      FAILED: rejected: publicKey is the old one' \
    'setting=profiles\[[0-9]+\].keys.same_in_update'
lacks staros 'tolerate: [sha1-signatures]' '' 'enroll   cr       FAILED: rejected: protectionAlg: sha1WithRSAEncryption' \
    'sha1-signatures tolerated'
lacks onap 'tolerate: [sha1-owf, sha1-mac]' '' 'enroll   ir       FAILED: rejected: SHA-1 must not stretch the secret' \
    'sha1-owf tolerated.* setting=profiles\[[0-9]+\].tolerate'
lacks nokia ', subject_bound: false' '' 'enroll   ir       FAILED: rejected: ' 'setting=profiles\[[0-9]+\].names.subject_bound'

lacks occm-others 'CN=*.example' 'CN=*.ran.example' 'agent    ir       FAILED: rejected: .*' 'agent occm: CN=other.occm.example looks like none of its names'
# What no server refuses, the client does: the sender is another than the CA to which it wrote; a certConf is wanted.
lacks huawei 'signed_by: ca' 'signed_by: cmp' 'renew    kur      FAILED: mismatch'
lacks fortios 'signed_by: ca' 'signed_by: cmp' 'renew    kur      FAILED: mismatch'
lacks cmp-issuer 'signed_by: ca' 'signed_by: cmp' 'enroll   p10cr    FAILED: mismatch'
lacks onap 'implicit: true' 'implicit: false' 'enroll   ir       FAILED: mismatch'
lacks junos 'allowed: true}' 'allowed: true}\n    answer: {mac_answers: signature}' 'enroll   ir       FAILED: mismatch'

# ---- secrets that serve once ----

profiles cmp-issuer 'mac_answers: signature, ' ''
reload
ok "cmp-issuer, answered by the MAC" walk cmp-issuer
for name in nokia huawei; do
    secrets "$name"
    ok "$name stays in its transaction" walk "$name"
done
secrets junos
fails "who begins again needs another secret" junos 'retry    ir       FAILED: rejected: '

# ---- many of them ----

profiles
reload
for name in "${personae[@]}"; do
    renews=kur-confirm
    [ "$name" != onap ] || renews=kur
    [ "$name" != cmp-issuer ] || renews=p10cr-own-confirm
    secrets "$name"
    by_own_secrets "$name"
    run --url "http://127.0.0.1:$port/.well-known/cmp/p/$name" --persona "$name" "${secrets_of[@]}" --count 4 --clients 2 --check-all
    holds "$name, a load" "r['completed'] == 4 and r['errors'] == {}"
    secrets "$name"
    run --url "http://127.0.0.1:$port/.well-known/cmp/p/$name" --persona "$name" "${secrets_of[@]}" --count 4 --clients 2 --check-all \
        --scenario "$renews"
    holds "$name, a load of updates" "r['completed'] == 4 and r['errors'] == {} and r['scenario'] == '$renews'"
done
stop_server
done_testing
