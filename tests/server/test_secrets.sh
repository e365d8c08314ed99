#!/bin/bash
# Keys and secrets stay in the process: no core file has them, no other process without privileges reads its memory, and
# the log of whatever goes right or wrong does not tell them. Whom the kernel lets trace any process (CAP_SYS_PTRACE)
# reads all memory there is: against that, nothing is tried. On both fronts.
. "$(dirname "$0")/../lib.sh"

# What follows has no more rights over cmpd than another process of the same user.
unprivileged=()
if [ "$(id -u)" -eq 0 ]; then
    unprivileged=(setpriv --inh-caps=-all --bounding-set=-all)
fi

# aborted LOG COMMAND...: starts it where core files may be of any size, waits for "serving" in LOG if it is not empty,
# reads its memory map and sends SIGABRT. Prints what came of both: "map readable|secret", "core yes|no".
mkdir "$work/cores"
aborted() {
    "${unprivileged[@]}" python3 - "$work/cores" "$@" <<'PY'
import os, resource, signal, sys, time
folder, log, *command = sys.argv[1:]
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
child = os.fork()
if child == 0:
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    os.chdir(folder)
    if log:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 2)
    os.execvp(command[0], command)
for _ in range(200):
    time.sleep(0.05)
    if not log or os.path.exists(log) and "event=serving" in open(log).read():
        break
else:
    os.kill(child, signal.SIGKILL)
    sys.exit("it does not serve")
try:
    assert open(f"/proc/{child}/maps").read()
    print("map readable")
except PermissionError:
    print("map secret")
os.kill(child, signal.SIGABRT)
status = os.waitpid(child, 0)[1]
assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status
print("core", "yes" if os.WCOREDUMP(status) else "no")
PY
}

control=$(aborted "" sleep 60)
same "any process can be read by its own user" "${control%%$'\n'*}" "map readable"
makes_cores=0
if [ "${control##*$'\n'}" = "core yes" ]; then
    makes_cores=1
elif [ "$(ulimit -H -c)" != 0 ] && [[ $(cat /proc/sys/kernel/core_pattern) != [\|/]* ]]; then
    fail "this machine makes core files, and none was made"
fi
rm -f "$work/cores"/*

# needles FOLDER: what must not be told, one a line: of each key the lines of its PEM file and its secret numbers, of
# secrets the text, all in hexadecimal and in Base64, too.
needles() {
    python3 - "$1" <<'PY'
import base64, glob, re, subprocess, sys

def spell(octets):
    yield octets.hex()
    yield octets.hex().upper()
    yield octets.hex(":")
    yield base64.b64encode(octets).decode().rstrip("=")

# The private number as "openssl pkey -text" shows it.
number = re.compile(r"^priv:\n((?:    [0-9a-f:]+\n)+)", re.M)
for path in glob.glob(sys.argv[1] + "/*/*.key"):
    text = open(path).read()
    if "BEGIN" in text:
        print("\n".join(line for line in text.splitlines() if len(line) > 20 and "-----" not in line))
        shown = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], check=True,
                               capture_output=True, text=True).stdout
        secrets = [bytes.fromhex(re.sub(r"[\s:]", "", found)) for found in number.findall(shown)]
        assert secrets, path
    else:
        print(text.strip())
        secrets = [bytes.fromhex(text)]
    for secret in secrets:
        print("\n".join(spell(secret)))
for path in glob.glob(sys.argv[1] + "/demo/mac-secret"):
    secret = open(path).read().strip()
    print(secret)
    print("\n".join(spell(secret.encode())))
PY
}

new_key "$work/new.key" P-256
new_key "$work/newer.key" P-256
printf 'another-secret-of-the-operator\n' >"$work/secret"
for program in cmpd cmpd-epoll; do
    demo "$program"
    add_tls
    credentials
    config=$dir/cmpd.yaml
    log=$work/$program.log
    sed -i 's/^log: .*/log: debug/' "$config"

    # What goes right, and what goes wrong while keys and secrets are in use.
    start_server "$program" "$config" "$log"
    ok "$program: by signature" cmp -cmd ir -newkey "$work/new.key" -subject /CN=gnb "${by_device[@]}" -certout "$work/gnb.pem"
    ok "$program: an update" cmp -cmd kur -cert "$work/gnb.pem" -key "$work/new.key" -newkey "$work/newer.key" \
        -trusted "$dir/ca/root.pem" -certout "$work/newer.pem"
    ok "$program: by secret" cmp -cmd ir -newkey "$work/new.key" -subject /CN=mac "${by_secret[@]}" -certout "$work/out.pem"
    refused "$program: a wrong secret" badMessageCheck cmp -cmd ir -newkey "$work/new.key" -subject /CN=mac \
        "${by_secret[@]}" -secret pass:guessed -trusted "$dir/ca/root.pem" -certout "$work/out.pem"
    refused "$program: a subject that is the CA's" badCertTemplate cmp -cmd ir -newkey "$work/new.key" \
        -subject "/O=Demo Operator/CN=Issuing CA" "${by_secret[@]}" -certout "$work/out.pem"
    "$CMPD_BIN/cmpctl" secret add --config "$config" --reference another --secret-file "$work/secret" --profile demo
    ok "$program: by another secret" cmp -cmd ir -newkey "$work/new.key" -subject /CN=another -ref another \
        -secret pass:another-secret-of-the-operator -recipient /CN=x -certout "$work/out.pem"
    ok "$program: over TLS" curl -sS --cacert "$dir/tls/server.pem" "https://127.0.0.1:$tls_port/healthz"
    kill -HUP "$server"
    stop_server
    sed 's|^    key: ca/issuing.key|    key: ca/root.key|' "$config" >"$dir/broken.yaml"
    "$CMPD_BIN/$program" --config "$dir/broken.yaml" >>"$log" 2>&1 && fail "another's key was taken"

    needles "$dir" >"$work/needles"
    printf '%s\n' another-secret-of-the-operator >>"$work/needles"
    ok "$program: keys are looked for" test "$(wc -l <"$work/needles")" -gt 40
    for told in "$(sed -n 2p "$dir/ca/cmp.key")" "$(cat "$dir/demo/mac-secret")"; do
        echo "event=told text=\"x${told}y\"" >"$work/told"
        ok "$program: what is told is found" grep -qFf "$work/needles" "$work/told"
    done
    ok "$program: the log is one of enrollments" test "$(grep -c 'event=.*transaction' "$log")" -ge 5
    same "$program: the log tells no key" "$(lines_of "$(cat "$work/needles")" "$log" -F)" 0

    # And when it dies.
    aborted=$(aborted "$work/$program-aborted.log" "$CMPD_BIN/$program" --config "$config")
    same "$program: its memory is its own" "${aborted%%$'\n'*}" "map secret"
    if [ "$makes_cores" = 1 ]; then
        same "$program: no core file" "${aborted##*$'\n'}" "core no"
        same "$program: no file" "$(ls -A "$work/cores")" ""
    fi
done
[ "$makes_cores" = 1 ] || skip "core files; none are made here (limit $(ulimit -H -c), pattern $(cat /proc/sys/kernel/core_pattern)); memory maps were looked at"
done_testing
