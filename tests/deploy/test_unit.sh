#!/bin/bash
# The unit for systemd, as it is installed: systemd takes it, it exposes little, and cmpd runs under what it forbids. There is no
# systemd to start it by here; its filter of system calls is applied by under_filter.py.
. "$(dirname "$0")/../lib.sh"

source=${CMPD_SOURCE:?set by ctest}
prefix=$work/opt
ok "cmake --install" cmake --install "$CMPD_BIN/.." --prefix "$prefix"
unit=$prefix/lib/systemd/system/cmpd.service
ok "it starts what was installed with it" grep -qx "ExecStart=$prefix/bin/cmpd --config /etc/cmpd/cmpd.yaml" "$unit"
same "nothing else differs" "$({ diff "$source/deploy/systemd/cmpd.service" "$unit" || true; } | grep -c '^[<>]')" 2

ok "systemd-analyze verify" env MANPATH="$prefix/share/man" systemd-analyze verify "$unit"
same "it has nothing to say" "$(cat "$work/last.out")" ""
ok "exposure" systemd-analyze security --offline=true --no-pager --threshold=20 "$unit"
cp "$unit" "$work/cmpd.service"
sed -i 's/^\(ProtectSystem\|PrivateUsers\|CapabilityBoundingSet\|SystemCallFilter\)=.*//' "$work/cmpd.service"
refused "less is more" 'exposure level' systemd-analyze security --offline=true --no-pager --threshold=20 "$work/cmpd.service"

# Who it runs as, and whose the folders are.
mkdir -p "$work/root/etc"
ok "sysusers" systemd-sysusers --root="$work/root" "$prefix/lib/sysusers.d/cmpd.conf"
ok "the user" grep -Eq '^cmpd:x:[0-9]+:[0-9]+:CMP server:/var/lib/cmpd:' "$work/root/etc/passwd"
if [ "$(id -u)" = 0 ]; then
    ok "tmpfiles" systemd-tmpfiles --root="$work/root" --create "$prefix/lib/tmpfiles.d/cmpd.conf"
    for folder in etc/cmpd var/lib/cmpd; do
        same "$folder" "$(stat -c '%a %u:%g' "$work/root/$folder")" "700 $(awk -F: '$1 == "cmpd" { print $3 ":" $4 }' "$work/root/etc/passwd")"
    done
fi

# Of the sandbox's own table nothing is forbidden by the unit, so that what a part needs later is there.
ok "the table" python3 - "$unit" "$source" <<'PY'
import re, sys
unit, source = sys.argv[1:]
sys.path.insert(0, source + "/tests/deploy")
sys.dont_write_bytecode = True
from under_filter import allowed
allowed = allowed(open(unit).read())
table = open(source + "/server/sandbox/table.c").read().split("sandbox_forbidden", 1)[0]
wanted = {a or b for a, b in re.findall(r'^\s+\{"(\w+)", |, \{"(\w+)", ', table, re.M)}
assert len(wanted) > 100 and {"io_uring_enter", "openat", "accept4", "prlimit64"} <= wanted, wanted
missing = wanted - allowed - {"fchown"}  # SQLite's, where root runs it
assert not missing, missing
PY

writable=()
# What the service may write in the folder is there before it starts.
ok "init" "$CMPD_BIN/cmpctl" init "$work/fresh" --listen 127.0.0.1:8829
for folder in $(sed -n 's|^ReadWritePaths=||p' "$unit" | sed 's|-/etc/cmpd/||g'); do
    ok "$folder" test -d "$work/fresh/$folder"
    writable+=("$folder")
done
same "which" "${writable[*]}" "store audit"

# read_only COMMAND...: runs it with $dir read-only but for those, as ProtectSystem=strict has it, where this user may make mounts.
read_only() {
    local mounts="mount --make-rprivate / && mount --bind '$dir' '$dir' && mount -o remount,bind,ro '$dir'"
    for folder in "${writable[@]}"; do
        mounts+=" && mount --bind '$dir/$folder' '$dir/$folder' && mount -o remount,bind,rw '$dir/$folder'"
    done
    exec unshare -m sh -c "$mounts && ! touch '$dir/x' 2>/dev/null && exec \"\$@\"" sh "$@"
}
can_mount=read_only
unshare -m true 2>/dev/null || can_mount=exec

new_key "$work/new.key" P-256
for program in cmpd cmpd-epoll; do
    demo "$program"
    credentials
    log=$work/$program.log
    start_server "$program" "$dir/cmpd.yaml" "$log" "$can_mount" python3 "$source/tests/deploy/under_filter.py" "$unit"
    ok "$program: enrolled" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" -certout "$work/out.pem" \
        -implicit_confirm
    reload
    ok "$program: reloaded" grep -q 'event="configuration loaded"' "$work/outcome"
    same "$program: with io_uring, sandbox and locked keys as without the unit" \
        "$(lines_of 'going on as cmpd-epoll|not confined|no sandbox|not locked' "$log")" 0
    stop_server
done
done_testing
