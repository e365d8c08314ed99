# lib.sh: for tests that run the programs as an operator would. Sourced; wants CMPD_BIN (folder of the programs).
set -Eeuo pipefail
trap 'echo "FAILED: line $LINENO of $(basename "$0")" >&2' ERR

: "${CMPD_BIN:?set by ctest: the folder of cmpd and cmpctl}"
export LC_ALL=C

work=$(mktemp -d "${TMPDIR:-/tmp}/cmpd-test.XXXXXX")
servers=()
at_end=() # commands that clean up what a killed process would leave
checks=0
# Seconds that an event is waited for. What waits goes on at once when it is there; this only ends what hangs, on a
# machine that is busy with something else, too.
patience=180

clean_up() {
    local status=$? command pid
    for command in "${at_end[@]}"; do
        "$command" || echo "not cleaned up: $command" >&2
    done
    for pid in "${servers[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
    done
    if [ "$status" -ne 0 ]; then
        for log in "$work"/*.log; do
            [ -f "$log" ] || continue
            echo "--- $(basename "$log"), its end:"
            tail -n 30 "$log"
        done
    fi
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# ok TEXT COMMAND...: the command must succeed.
ok() {
    local text=$1
    shift
    checks=$((checks + 1))
    "$@" >"$work/last.out" 2>&1 || {
        cat "$work/last.out"
        fail "$text"
    }
}

# refused TEXT PATTERN COMMAND...: the command must fail, and say PATTERN (extended regular expression).
refused() {
    local text=$1 pattern=$2
    shift 2
    checks=$((checks + 1))
    if "$@" >"$work/last.out" 2>&1; then
        cat "$work/last.out"
        fail "$text: it succeeded"
    fi
    grep -Eq -- "$pattern" "$work/last.out" || {
        cat "$work/last.out"
        fail "$text: it did not say '$pattern'"
    }
}

# same TEXT A B: two strings must be equal.
same() {
    checks=$((checks + 1))
    [ "$2" = "$3" ] || fail "$1: '$2' is not '$3'"
}

# until_so TEXT COMMAND...: waits until the command succeeds; when it never does, TEXT tells what was waited for.
until_so() {
    local text=$1 end=$((SECONDS + patience))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || fail "it never came: $text"
        sleep 0.02
    done
}

# lines_of PATTERN FILE [OPTION...]: how many lines have it, as an extended regular expression or by the options of grep;
# a file that is not there is a failure.
lines_of() {
    local status=0 options=("${@:3}")
    [ ${#options[@]} -gt 0 ] || options=(-E)
    grep -c "${options[@]}" -e "$1" -- "$2" || status=$?
    [ "$status" -le 1 ] || fail "$2 cannot be read"
}

# has_more COUNT PATTERN FILE: are there more such lines than COUNT?
has_more() {
    [ "$(lines_of "$2" "$3")" -gt "$1" ]
}

# is_gone PROCESS: it has ended (and may still be waited for).
is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

# status_of COMMAND...: runs it, and prints its exit status alone.
status_of() {
    local status=0
    "$@" >/dev/null 2>&1 || status=$?
    echo "$status"
}

# ended TEXT PROCESS STATUS: waits for the end of a child, which must have this status (137: by SIGKILL; "0|1": either).
ended() {
    local status=0
    wait "$2" 2>/dev/null || status=$?
    checks=$((checks + 1))
    [[ $status =~ ^($3)$ ]] || fail "$1: it ended with status $status"
}

# ended_without_reports TEXT: ends the server by SIGINT; neither its status nor a report of ThreadSanitizer ($work/tsan.*)
# may say that something was wrong.
ended_without_reports() {
    local status=0
    kill -INT "$server"
    wait "$server" || status=$?
    same "$1: reports" "$(find "$work" -maxdepth 1 -name 'tsan*' -exec cat {} +)" ""
    same "$1: exit status" "$status" 0
}

# kill_server: SIGKILL, and its end.
kill_server() {
    kill -KILL "$server"
    ended "killed" "$server" 137
}

# skip REASON: this test cannot be run here. Only where the machine lacks what the test needs.
skip() {
    echo "SKIPPED: $1"
    exit 77
}

done_testing() {
    [ "$checks" -gt 0 ] || fail "nothing was checked"
    echo "$checks checks"
}

# A port that nobody listens on: none of those that this test or another one beside it has been given, and none of those
# that connections are given (from 32768 on).
free_port() {
    python3 - "${TMPDIR:-/tmp}/cmpd-test.ports.$(id -u)" $$ <<'PY'
import fcntl, os, random, socket, sys
path, test = sys.argv[1:]
with open(path, "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.seek(0)
    lines = [line.split() for line in file]
    given = {line[0]: line[1] for line in lines if len(line) == 2 and os.path.exists("/proc/" + line[1])}
    while True:
        port = random.randrange(10240, 32768)
        try:
            socket.socket().bind(("127.0.0.1", port))
        except OSError:
            continue
        if str(port) not in given:
            break
    given[str(port)] = test
    file.truncate(0)
    for line in given.items():
        print(*line, file=file)
print(port)
PY
}

# start_server PROGRAM CONFIG LOG [COMMAND...]: starts it, through COMMAND if given, and waits until it serves; its
# process is in $server.
start_server() {
    local program=$1 config=$2 log=$3 before
    shift 3
    touch "$log"
    before=$(lines_of 'event=serving' "$log")
    "$@" "$CMPD_BIN/$program" --config "$config" >>"$log" 2>&1 &
    server=$!
    servers+=("$server")
    until_so "$program serves" serves_or_ended "$before" "$log"
    has_more "$before" 'event=serving' "$log" || fail "$program did not start: $(tail -n 3 "$log")"
}

serves_or_ended() {
    has_more "$1" 'event=serving' "$2" || is_gone "$server"
}

# stop_server: SIGINT, and its exit status must be 0.
stop_server() {
    kill -INT "$server"
    ended "the server" "$server" 0
}

# demo NAME [OPTION...]: a demo CA in $work/NAME, all of it on one free port: $dir, $port. OPTIONs of cmpctl init. It makes no
# CRLs (crl_every), and serves no OCSP (serve_ocsp): what is counted in store and audit log is the same each time.
demo() {
    dir=$work/$1
    shift
    port=$(free_port)
    "$CMPD_BIN/cmpctl" init "$dir" --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" "$@" >/dev/null
    crl_every 0
    serve_no_ocsp
}

# serve_no_ocsp: no listener serves OCSP, so that no responder gets a certificate, and certificates name none. serve_ocsp: those
# that publish do.
serve_no_ocsp() {
    sed -i '/^ *serves: /s/, ocsp//; s|^      ocsp: \["http|      # ocsp: ["http|' "$dir/cmpd.yaml"
}

serve_ocsp() {
    sed -i '/^ *serves: /s/publication/publication, ocsp/; s|^      # ocsp: \["http|      ocsp: ["http|' "$dir/cmpd.yaml"
}

# crl_every HOURS: a CRL is made so often, and a second after a revocation; 0: none is made.
crl_every() {
    sed -i "s/^  after_revocation_seconds: .*/  after_revocation_seconds: 1/; s/^  every_hours: .*/  every_hours: $1/" "$dir/cmpd.yaml"
}

# add_tls: a second listener with TLS on $tls_port; its certificate is its own anchor, $dir/tls/server.pem.
add_tls() {
    tls_port=$(free_port)
    mkdir -p "$dir/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$dir/tls/server.key" \
        -out "$dir/tls/server.pem" -days 2 -subj /CN=localhost -addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' \
        2>/dev/null
    chmod 600 "$dir/tls/server.key"
    sed -i "/^listeners:/a\\  - address: \"127.0.0.1:$tls_port\"\\n    serves: [cmp, health]\\n    tls: {certificate: tls/server.pem, key: tls/server.key}" \
        "$dir/cmpd.yaml"
}

# add_profile NAME SETTING...: a copy of the demo profile with other settings, each as "KEY: VALUE" or "GROUP.KEY: VALUE".
add_profile() {
    python3 - "$dir/cmpd.yaml" "$@" <<'PY'
import re, sys
path, name, *settings = sys.argv[1:]
text = open(path).read()
begin = re.search(r"  - name: demo\n(?: +#[^\n]*\n)*    demo: true ", text).start()
end = text.index("\n\n", begin) + 1
profile = text[begin:end].replace("name: demo", "name: " + name)
for setting in ["paths: []", *settings]:
    key, value = setting.split(":", 1)
    group, _, name = key.rpartition(".")
    inner = f"(?ms)^(    {group}: [^\n]*(?:\n      [^\n]*)*?\n)      {name}:[^\n]*$" if group else f"(?m)^()    {name}:.*$"
    indent = "      " if group else "    "
    profile, found = re.subn(inner, lambda match: match[1] + indent + name + ":" + value, profile)
    assert found == 1, key + " is no setting of a profile"
open(path, "w").write(text[:begin] + profile + text[begin:])
PY
}

# new_token: a token of SoftHSM behind the module that can lose it; the files in $hsm tell it to (tests/token/fragile.c).
new_token() {
    hsm=$work/hsm
    mkdir -p "$hsm/tokens"
    printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$hsm" >"$hsm/softhsm2.conf"
    export SOFTHSM2_CONF=$hsm/softhsm2.conf FRAGILE_TOKEN=$hsm
    softhsm2-util --init-token --free --label 'cmpd test' --so-pin 12345678 --pin open-sesame >/dev/null
    (umask 077 && echo open-sesame >"$hsm/pin")
}

# into_token FILE LABEL ID: the private key in FILE becomes LABEL in the token; FILE is gone.
into_token() {
    softhsm2-util --import "$1" --token 'cmpd test' --label "$2" --id "$3" --pin open-sesame >/dev/null
    rm "$1"
}

# token_uri LABEL: what to write for it into cmpd.yaml.
token_uri() {
    echo "pkcs11:token=cmpd%20test;object=$1;type=private?module-path=${CMPD_TESTS:?set by ctest}/fragile-token.so&pin-source=file:$hsm/pin"
}

# wait_log LOG PATTERN: until it is there.
wait_log() {
    checks=$((checks + 1))
    until_so "'$2' in $(basename "$1")" grep -Eqs -- "$2" "$1"
}

# reload: SIGHUP, and its outcome: the line of $log, in $work/outcome.
reload() {
    local before
    before=$(lines_of 'event="configuration' "$log")
    kill -HUP "$server"
    until_so "the outcome of a reload" has_more "$before" 'event="configuration' "$log"
    grep 'event="configuration' "$log" | tail -n 1 >"$work/outcome"
}

# wait_ready CODE: until /readyz of the server at $port answers so; its detail is in $work/ready.json.
ready() {
    curl -s -o "$work/ready.json" -w '%{http_code}' "http://127.0.0.1:$port/readyz"
}

is_ready() {
    [ "$(ready)" = "$1" ]
}

wait_ready() {
    until_so "readiness $1" is_ready "$1"
}

# new_key FILE TYPE: P-256, P-384, P-521, RSA or Ed25519.
new_key() {
    case $2 in
    P-256) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" ;;
    P-384) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1" ;;
    P-521) openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$1" ;;
    RSA) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null ;;
    Ed25519) openssl genpkey -algorithm ED25519 -out "$1" ;;
    esac
}

# use_client VERSION: the client that cmp runs from now on, 3.0 of this Debian or 3.5 of the next.
use_client() {
    case $1 in
    3.0) client=openssl ;;
    3.5) client=$("${CMPD_SOURCE:?set by ctest}/deploy/third-party/fetch-clients")/openssl-3.5/openssl ;;
    esac
    [[ $("$client" version) == "OpenSSL $1."* ]] || fail "this is not OpenSSL $1: $("$client" version)"
}
client=openssl

# cmp ARGUMENTS...: the client, without a configuration file of the machine. By itself it would take HMAC-SHA1.
cmp() {
    OPENSSL_CONF=/dev/null "$client" cmp -config "" -server "127.0.0.1:$port" -path .well-known/cmp/p/demo -mac hmacWithSHA256 "$@"
}

# by_device, by_secret: arrays with the arguments that protect a request one way or the other.
credentials() {
    by_device=(-cert "$dir/demo/device.pem" -key "$dir/demo/device.key" -extracerts "$dir/demo/device-chain.pem"
        -trusted "$dir/ca/root.pem")
    by_secret=(-ref "$(cat "$dir/demo/mac-reference")" -secret "pass:$(cat "$dir/demo/mac-secret")"
        -recipient "/O=Demo Operator/CN=Issuing CA")
}

# make_ra: an RA, a certificate with id-kp-cmcRA (RFC 9810 4.1) in $work/ra.pem with its key, under a CA of its own, $dir/ra-ca.pem.
make_ra() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/ra-ca.key" \
        -out "$dir/ra-ca.pem" -days 2 -subj "/CN=CA of RAs" 2>/dev/null
    new_key "$work/ra.key" P-256
    printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=1.3.6.1.5.5.7.3.28\nsubjectKeyIdentifier=hash\n' >"$work/ext"
    openssl req -new -key "$work/ra.key" -subj "/CN=RA" |
        openssl x509 -req -CA "$dir/ra-ca.pem" -CAkey "$work/ra-ca.key" -CAcreateserial -days 2 -extfile "$work/ext" \
            -out "$work/ra.pem" 2>/dev/null
}

# stored KEY VALUE FIELD: FIELD in the store of the certificates whose KEY is VALUE, one a line; the keys are those of
# cmpctl cert list --json.
stored() {
    "$CMPD_BIN/cmpctl" cert list --config "$dir/cmpd.yaml" --json 2>/dev/null |
        python3 -c '
import json, sys
key, value, field = sys.argv[1:]
for line in sys.stdin:
    row = json.loads(line)
    if row[key] == value:
        print(row[field])
' "$@"
}

# serial_of CERT: the serial number of the certificate in file CERT as cmpctl and the log write it.
serial_of() {
    openssl x509 -in "$1" -noout -serial | sed 's/^serial=//' | tr 'A-F' 'a-f'
}

# stored_status CERT: the status in the store of the certificate in file CERT.
stored_status() {
    stored serial "$(serial_of "$1")" status
}
