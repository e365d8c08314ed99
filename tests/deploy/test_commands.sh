#!/bin/bash
# Every command that stands in a block of README and manual runs: as it stands there, but for names, paths and values of this test.
# A block without a language is commands. Each is run by the function of its page, page_NAME, or is on the list below, with
# who runs it, or why nobody can.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../postgres.sh"
. "$(dirname "$0")/../database.sh"

source=${CMPD_SOURCE:?set by ctest}
export PATH=$CMPD_BIN:$PATH OPENSSL_CONF=/dev/null

# ---- the commands of each page, one a line: $work/pages/NAME ----
mkdir "$work/pages"
python3 - "$source" "$work/pages" <<'PY' || fail "the blocks cannot be told apart"
import pathlib, re, sys
source, out = map(pathlib.Path, sys.argv[1:])
shown = {"yaml", "ini", "csv", "sql", "python", "text"}
programs = r"(?:cmpctl|cmpd|cmpbench|openssl|curl|psql|podman|sudo)"
count = 0
for page in [source / "README.md", *sorted(source.glob("deploy/*.md")), *sorted(source.glob("deploy/manual/*.md"))]:
    text = page.read_text()
    blocks = re.findall(r"^( *)```([^\n]*)\n(.*?)^\1```$", text, re.M | re.S)
    assert 2 * len(blocks) == len(re.findall(r"^ *(?:```|~~~)", text, re.M)), f"{page}: a block is not closed as it was opened"
    commands = []
    for _, language, block in blocks:
        if language:
            assert language in shown, f"{page}: commands stand in blocks without a language: {language}"
            assert not re.search(rf"^ *(! )?{programs} ", block, re.M), f"{page}: a command in a block of {language}:\n{block}"
        else:
            block = re.sub(r" *(\\|(?<=\|))\n *", " ", block) # lines that go on
            commands += [line.strip() for line in block.split("\n") if line.strip()]
    if commands:
        assert not (out / page.stem).exists(), f"two pages are named {page.stem}"
        (out / page.stem).write_text("\n".join(commands) + "\n")
        count += len(commands)
assert count > 80, f"only {count} commands"
PY

# ---- those that are not run here ----
declare -A reasons=() # by page and command
# not_here PAGE COMMAND REASON; in the place of the command * stands for all of the page.
not_here() {
    reasons["$1: $2"]=$3
}
# run_by TEST PAGE COMMAND: another test runs it.
run_by() {
    [ -x "$source/tests/$1" ] || fail "there is no tests/$1"
    not_here "$2" "$3" "tests/$1 runs it"
}
run_by deploy/test_tutorial.sh tutorial '*'
run_by deploy/test_probes.sh tracing '*'
run_by deploy/test_quickstart.sh README 'deploy/quickstart'
not_here README 'tests/run' 'it runs this test'
run_by deploy/test_package.sh installing 'apt install ./cmpd_*.deb'
run_by deploy/test_package.sh installing 'runuser -u cmpd -- cmpctl init --demo /etc/cmpd'
run_by deploy/test_package.sh installing 'systemctl enable --now cmpd'
run_by deploy/test_package.sh installing 'openssl cmp -cmd ir -server 127.0.0.1:8829 -path .well-known/cmp/p/demo -cert /etc/cmpd/demo/device.pem -key /etc/cmpd/demo/device.key -trusted /etc/cmpd/ca/root.pem -certout device.pem'
run_by deploy/test_unit.sh installing 'sudo cmake --install build'
run_by deploy/test_unit.sh installing 'sudo systemd-sysusers /usr/local/lib/sysusers.d/cmpd.conf'
run_by deploy/test_unit.sh installing 'sudo systemd-tmpfiles --create /usr/local/lib/tmpfiles.d/cmpd.conf'
not_here installing 'sudo systemctl daemon-reload' 'there is no systemd that could be told here'
not_here installing 'sudo systemctl enable --now cmpd' 'likewise; tests/deploy/test_package.sh has one, and enables the unit of the package'
not_here installing 'systemctl status cmpd' 'likewise'
run_by deploy/test_container.sh installing 'podman run --rm --volume cmpd:/etc/cmpd --entrypoint cmpctl cmpd:0.2.0 init --listen :8829 --public-url http://ca.example.com:8829 /etc/cmpd'
run_by deploy/test_container.sh installing 'podman run --detach --name cmpd --volume cmpd:/etc/cmpd --publish 8829:8829 --security-opt seccomp=cmpd.json cmpd:0.2.0'
not_here installing 'podman exec cmpd cmpctl cert list --config /etc/cmpd/cmpd.yaml' 'an image takes a minute to make; tests/deploy/test_container.sh has one, and enrolls there'
not_here operating 'journalctl -t cmpd -p warning' 'this machine has no journal; tests/server/test_log.sh looks at what cmpd sends to one'
not_here operating "journalctl CMPD_EVENT='request refused' CMPD_FAILINFO=badCertTemplate" 'likewise'

# ---- running them ----
# begin PAGE: its commands are the next ones.
begin() {
    page=$1 at=0 from=() to=() meant=()
    mapfile -t commands <"$work/pages/$page"
}

# means TEXT VALUE: what the test has for a text of the page.
means() {
    local i
    for ((i = 0; i < ${#from[@]}; i++)); do
        [ "${from[i]}" != "$1" ] || break
    done
    from[i]=$1 to[i]=$2
}

# is_listed COMMAND: it is on the list, which is noted.
is_listed() {
    local key
    for key in "$page: $1" "$page: *"; do
        [ -n "${reasons[$key]+is}" ] || continue
        listed[$key]=1
        return 0
    done
    return 1
}
declare -A listed=()

# take: the next command that is not on the list, in $line, as it is run here; none: status 1.
take() {
    local i
    while [ "$at" -lt ${#commands[@]} ] && is_listed "${commands[at]}"; do at=$((at + 1)); done
    [ "$at" -lt ${#commands[@]} ] || return 1
    line=${commands[at]} at=$((at + 1))
    for i in "${!from[@]}"; do
        [[ $line == *"${from[i]}"* ]] || continue
        meant[i]=1
        line=${line//"${from[i]}"/"${to[i]}"}
    done
}

# runs [COUNT]: so many of the next commands, or all that are left; what they said is in $said.
runs() {
    local left=${1:--1}
    : >"$said"
    while [ "$left" -ne 0 ]; do
        take || {
            [ "$left" -lt 0 ] || fail "$page has fewer commands"
            break
        }
        ok "$page: $line" bash -e -o pipefail -c "$line"
        cat "$work/last.out" >>"$said"
        left=$((left - 1))
    done
}
said=$work/said

# tells PATTERN: what was run last has said so.
tells() {
    checks=$((checks + 1))
    grep -Eq -- "$1" "$said" || fail "$page: nothing said '$1': $(cat "$said")"
}

# ends_page: all of it was run, or is on the list; and all that the test has for it was there.
ends_page() {
    local i
    ! take || fail "$page: no test runs: $line"
    for i in "${!from[@]}"; do
        [ -n "${meant[i]+is}" ] || fail "$page: no command has '${from[i]}'"
    done
}

# ---- the world: a CA as init makes it, with a vendor, that serves while the pages go by ----
# vendor: Acme, who makes stations, in $work/factory.
vendor() {
    mkdir "$work/factory" "$work/enrolled"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\n' >"$work/factory/ext"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/O=Acme/CN=Acme Root" \
        -keyout "$work/factory/acme.key" -out "$work/factory/acme.pem" 2>/dev/null
}

# station NAME: as it comes from there: $work/factory/NAME.key, NAME.pem.
station() {
    local made=$work/factory/$1
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=Acme/serialNumber=SN-$1/CN=$1" -keyout "$made.key" 2>/dev/null |
        openssl x509 -req -CA "$work/factory/acme.pem" -CAkey "$work/factory/acme.key" -set_serial 2 -days 30 -extfile "$work/factory/ext" \
            -out "$made.pem" 2>/dev/null
}

# enroll NAME PROFILE: such a station, with the world; what it has then is $work/enrolled/NAME.key, NAME.pem.
enroll() {
    station "$1"
    new_key "$work/enrolled/$1.key" P-256
    openssl cmp -cmd ir -server "127.0.0.1:$port" -path ".well-known/cmp/p/$2" -cert "$work/factory/$1.pem" -key "$work/factory/$1.key" \
        -trusted "$world/ca/root.pem" -subject "/O=Example Mobile/CN=$1" -newkey "$work/enrolled/$1.key" -certout "$work/enrolled/$1.pem"
}

# init FOLDER PORT [OPTION...]: what a CA is before anything is changed. Of those that do not serve the port may be any.
init() {
    cmpctl init "$1" --name "Example Mobile" --listen "127.0.0.1:$2" --admin-listen "127.0.0.1:$2" --public-url "http://127.0.0.1:$2" \
        "${@:3}" >"$work/init.out" 2>&1 || fail "init: $(cat "$work/init.out")"
}

the_world() {
    world=$work/world port=$(free_port)
    init "$world" "$port"
    vendor
    mkdir "$world/vendors" "$world/approvers" "$world/upstream"
    cp "$work/factory/acme.pem" "$world/vendors/acme-root.pem"
    local name
    for name in anna bert; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$world/$name.key" -out "$world/approvers/$name.pem" \
            -days 2 -subj "/CN=$name" 2>/dev/null
    done
    # It is its own upstream: what it announces it takes.
    cp "$world/ca/cmp.pem" "$world/upstream/national-cmp.pem"
    python3 - "$world/cmpd.yaml" "http://127.0.0.1:$port/.well-known/cmp" <<'PY'
import sys
path, url = sys.argv[1:]
text = open(path).read()
def put(before, after, text):
    assert text.count(before) == 1, before
    return text.replace(before, after)
text = put("\n# vendors:\n", f"""
vendors:
  - {{name: acme, anchors: [vendors/acme-root.pem], identity: serialNumber}}
approvers:
  - {{name: anna, certificate: approvers/anna.pem}}
  - {{name: bert, certificate: approvers/bert.pem}}
upstream:
  - {{name: national, certificates: [upstream/national-cmp.pem]}}
# vendors:
""", text)
text = put("    # announce: ", f"    announce: {{urls: [\"{url}\"]}}\n    # announce: ", text)
text = put("      # vendors: [acme] ", "      vendors: [acme] ", text)
text = put("      allowed: false ", "      allowed: true ", text)
text = put("\n# The profile of requests that name none", """
  - {name: ipsec, accept: {vendors: [acme]}}
  - {name: oam, accept: {vendors: [acme]}}
  - name: watched
    accept: {vendors: [acme]}
    approve: {when: [always], check_after_seconds: 1}
    answer: {poll_nonce: poll}

# The profile of requests that name none""", text)
open(path, "w").write(text)
PY
    log=$work/world.log
    start_server cmpd "$world/cmpd.yaml" "$log"
    node=$server
    ok "a station" enroll gnb-1 base-station
}

# apart: the page's own folder, $work/PAGE, with the CA's keys and certificates and no node, is where its commands run.
apart() {
    mkdir "$work/$page"
    cp -r "$world/ca" "$work/$page/ca"
    cd "$work/$page"
}

# ---- the pages ----
announced() {
    cmpctl announcement list --config cmpd.yaml >"$work/announced" 2>&1
    grep -q rann "$work/announced" && grep -q crlann "$work/announced"
}

follows_revocations() {
    cmpctl announcement deliveries --config cmpd.yaml --json 2>/dev/null | grep -q '"body":"rann"'
}

page_announcing() {
    until_so "revocations are followed" follows_revocations # those of before are not announced
    ok "a station" enroll lost base-station
    ok "it is lost" cmpctl cert revoke --config cmpd.yaml "$(serial_of "$work/enrolled/lost.pem")"
    until_so "what is announced" announced
    runs 1
    tells 'rann'
    runs
    tells 'national.*rann'
    ok "the message" cmpctl decode crlann.der
}

# waits NAME: that station's request waits: $request.
waits() {
    cmpctl request list --config cmpd.yaml --json >"$work/requests" 2>/dev/null
    request=$(jq -r "select(.subject | contains(\"CN=$1\")) | .request" "$work/requests")
    [ -n "$request" ]
}

# asks NAME: a station whose request waits; it is what REQUEST and DIGEST mean.
asks() {
    local digest
    enroll "$1" watched >"$work/$1.out" 2>&1 &
    asking=$!
    servers+=("$asking")
    until_so "$1 waits" waits "$1"
    digest=$(cmpctl request show "$request" --config cmpd.yaml --json 2>/dev/null | jq -r .digest)
    means REQUEST "$request"
    means DIGEST "$digest"
}

page_approving() {
    SOFTHSM2_CONF=$(soft_token bert)
    export SOFTHSM2_CONF
    softhsm2-util --import bert.key --token bert --label approver --id 01 --pin 4321 >/dev/null
    (umask 077 && echo 4321 >"$work/pin")
    means /home/bert/pin "$work/pin"
    asks gnb-2
    runs 3
    ended "it was approved" "$asking" 0
    asks gnb-3
    runs
    ended "it was denied" "$asking" 1
}

page_audit() {
    means '[--store URL]' '--store sqlite:store/cmpd.db'
    means '[--log FILE]...' "--log '$log'"
    means '[--certificate FILE]...' '--certificate ca/cmp.pem'
    runs
}

page_certificates() {
    means SERIAL "$(serial_of "$work/enrolled/gnb-1.pem")"
    runs
    tells 'CN=gnb-1'
    ok "exported" openssl x509 -in gnb-1.pem -noout
}

page_clients() {
    apart
    runs
    ok "it may sign answers" grep -q 'Digital Signature' <(openssl x509 -in ca/issuing.pem -noout -ext keyUsage)
}

# database: PostgreSQL, named db, with nothing of ours yet.
database() {
    [ ! -e "$work/db" ] || return 0
    postgres_new db
    postgres_start db
    postgres_sql db 'drop database cmpd'
}

page_cluster() {
    database
    export PGHOST=localhost PGHOSTADDR=127.0.0.1 PGUSER=postgres PGPASSFILE=$work/pgpass PGSSLMODE=verify-full PGSSLROOTCERT=$work/db/ca.pem
    PGPORT=$(cat "$work/db/port")
    export PGPORT
    cd "$source"
    local url
    url=$(database_url cmpd_owner db)
    means 'postgresql://cmpd_owner@db1,db2/cmpd?target_session_attrs=read-write&sslmode=verify-full&…' "$url"
    url=$(database_url cmpd_node db)
    means 'postgresql://cmpd_node@db1,db2/cmpd?target_session_attrs=read-write&…' "$url"
    means /etc/cmpd "$work/cluster"
    runs
    unset PGHOST PGHOSTADDR PGPORT PGUSER PGPASSFILE PGSSLMODE PGSSLROOTCERT
    ok "the node's folder is right" cmpctl check "$work/cluster/cmpd.yaml"
}

page_cross_certifying() {
    cd "$work"
    cp "$work/factory/acme.pem" partner-ca.pem
    runs
    tells '^[0-9a-f]{64} '
}

page_database() {
    database
    database_roles db
    local owner
    owner=$(database_url cmpd_owner db)
    ok "the tables are made" cmpctl db migrate --store "$owner"
    database_roles db
    init "$work/database" 8829 --store "$(database_url cmpd_node db)"
    cd "$work/database"
    means '[--json]' --json
    means '[--store OWNER_URL]' "--store '$owner'"
    means OWNER_URL "'$owner'"
    runs
}

page_devices() {
    sed -n '/^```csv$/,/^```$/{/^```/!p}' "$source/deploy/manual/devices.md" >stations.csv
    cp "$work/factory/gnb-1.pem" factory.pem
    runs 2
    tells '2 new, 0 changed, 0 unchanged, 0 wrong'
    runs 2
    tells 'SN-0003'
    runs
}

page_enrolling() {
    cp "$work/factory/gnb-1.pem" device.pem
    cp "$work/factory/gnb-1.key" device.key
    cp "$work/factory/acme.pem" device-chain.pem
    means HOST:8829 "127.0.0.1:$port"
    runs 3
    local reference secret
    read -r reference secret <installers.txt
    echo "$secret" >secret.txt
    means site-7-HFR4EVHDZC07 "$reference"
    runs
    same "revoked by itself" "$(cmpctl cert list --config cmpd.yaml --subject "*CN=$reference*" --status revoked | tail -n +2 | wc -l)" 1
}

page_general() {
    apart
    cp "$work/factory/gnb-1.pem" device.pem
    cp "$work/factory/gnb-1.key" device.key
    cp "$work/factory/acme.pem" vendor-intermediate.pem
    cp ca/root.pem ca/root.key .
    use_client 3.5 # the page says why
    means 'openssl cmp' "$client cmp"
    means 127.0.0.1:8829 "127.0.0.1:$port"
    runs
    use_client 3.0
    ok "certificates of the CA" openssl x509 -in ca.pem -noout
}

page_installing() {
    means 'sudo runuser -u cmpd -- ' ''
    means /etc/cmpd "$work/installing"
    runs
    ok "it is right" cmpctl check "$work/installing/cmpd.yaml"
}

page_ocsp() {
    wait_log "$log" 'event="OCSP responder certified"'
    cp "$work/enrolled/gnb-1.pem" station.pem
    means http://pki.example "http://127.0.0.1:$port"
    runs
    tells 'Response verify OK'
    tells 'station.pem: good'
}

page_operating() {
    # Where a journal would have them.
    means 'journalctl -t cmpd -o cat' "cat '$log'"
    runs 1
    init "$work/operating" "$(free_port)"
    cd "$work/operating"
    # What serves OCSP has issued a certificate, and seals that when it ends.
    sed -i 's/^log_format: logfmt/log_format: json/' cmpd.yaml
    cmpd --config cmpd.yaml 2>cmpd.log &
    server=$!
    servers+=("$server")
    until_so "a certificate" grep -qs '"event":"OCSP responder certified"' cmpd.log
    stop_server
    runs 1
    tells '^event="audit seal" '
    cp "$said" seals
    ok "the seals" cmpctl audit verify --config cmpd.yaml --log seals
    mkdir "$work/backup"
    means /backup/ "$work/backup/"
    runs
}

page_publishing() {
    wait_log "$log" 'event="CRL published".*scope=full'
    apart
    cp ca/root.pem ca/root.key ca/issuing.pem .
    means 'init DIR' "init '$work/published'"
    means http://pki.example "http://127.0.0.1:$port"
    runs
    tells crlNumber
}

page_revoking() {
    ok "a station" enroll gnb-6 base-station
    cp "$work/enrolled/gnb-6.pem" firmware.pem
    cp vendors/acme-root.pem bad-intermediate.pem
    means "'*gnb-1*'" "'*gnb-6*'"
    means SERIAL "$(serial_of "$work/enrolled/gnb-6.pem")"
    means 2026-11-28T22:00:00Z "$(date -u -d '1 hour ago' +%FT%TZ)"
    means 2026-11-29T03:30:00Z "$(date -u -d '1 hour' +%FT%TZ)"
    means 2026-11-01 "$(date -u -d '1 month ago' +%F)"
    means 2026-11-28 "$(date -u -d yesterday +%F)"
    means 2026-11-29 "$(date -u -d tomorrow +%F)"
    means SHA-256 "$(openssl pkey -in "$work/enrolled/gnb-6.key" -pubout -outform DER | sha256sum | cut -d' ' -f1)"
    runs 2
    tells 'revoked cessationOfOperation: CN=gnb-6'
    runs
}

page_rollover() {
    apart
    cp ca/root.key .
    echo 'correct horse battery staple' >words
    runs 1
    tells '^next/ca/issuing2.pem: CN=Issuing CA 2,O=Operator, '
    tells '^ *next: .certificate: ca/root-2.pem,'
    ok "all of it" openssl verify -CAfile next/ca/root-2.pem -untrusted next/ca/issuing2.pem next/ca/cmp-issuing2.pem
    runs
    ok "the new CA" openssl verify -CAfile ca/root-2.pem ca/issuing2.pem
    ok "the old one by the new root" openssl verify -CAfile ca/root-2.pem ca/issuing-by-root-2.pem
}

page_setting_up() {
    apart
    means build/bin/ ''
    means /etc/cmpd "$work/first"
    means 192.0.2.10:8829 "127.0.0.1:$(free_port) --admin-listen 127.0.0.1:$(free_port)"
    # It asks for it at a terminal.
    means '-v2 aes-256-cbc' '-v2 aes-256-cbc -passout pass:correct-horse'
    runs 2
    take
    bash -c "exec $line" 2>"$work/foreground.log" &
    server=$!
    servers+=("$server")
    wait_log "$work/foreground.log" event=serving
    stop_server
    runs
    ok "the key is encrypted" grep -q 'BEGIN ENCRYPTED PRIVATE KEY' ca/issuing.key
    same "and nobody else's" "$(stat -c %a ca/issuing.key)" 600
    ok "the second node" cmpctl check "$work/first-2/cmpd.yaml"
}

# soft_token NAME: a place for tokens of SoftHSM, with one of that label, if one is named; prints its configuration.
soft_token() {
    local place=$work/tokens-$page
    mkdir "$place"
    printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$place" >"$place.conf"
    [ -z "${1:-}" ] || SOFTHSM2_CONF=$place.conf softhsm2-util --init-token --free --label "$1" --so-pin 12345678 --pin 4321 >/dev/null
    echo "$place.conf"
}

page_tokens() {
    SOFTHSM2_CONF=$(soft_token)
    export SOFTHSM2_CONF
    init "$work/tokens" 8829
    cd "$work/tokens"
    runs
    local key
    key=$(grep '^    key: "pkcs11:' "$source/deploy/manual/tokens.md")
    key=${key//"/etc/cmpd/"/"$PWD/"}
    rm ca/issuing.key
    sed -i "s|^    key: ca/issuing.key.*|${key//&/\\&}|" cmpd.yaml
    ok "the key is there" cmpctl check cmpd.yaml
}

the_world
for file in "$work"/pages/*; do
    begin "$(basename "$file")"
    cd "$world"
    function=page_${page//-/_}
    if [ "$(type -t "$function")" = function ]; then "$function"; fi
    ends_page
done
for key in "${!reasons[@]}"; do
    [ -n "${listed[$key]+is}" ] || fail "no page has what the list names: $key"
done
cd "$work"
server=$node
stop_server
done_testing
