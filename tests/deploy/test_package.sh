#!/bin/bash
# The Debian packages: lintian has nothing to say of them, and on a bare Debian 12 one goes from installation to an enrolled station
# by the four commands of the manual; an update restarts the node, and neither removal nor purge takes what the CA has.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../machine.sh"

source=${CMPD_SOURCE:?set by ctest}
for tool in dpkg-buildpackage dh lintian debootstrap systemd-nspawn; do
    command -v "$tool" >/dev/null || skip "there is no $tool: deploy/packages package test installs it"
done
# took TEXT: how long it was since the last call.
began=$SECONDS
took() {
    echo "$1: $((SECONDS - began)) s"
    began=$SECONDS
}

packages
took "building"
version=$(sed -n 's/^project(cmpd VERSION \([0-9.]*\) .*/\1/p' "$source/CMakeLists.txt")
deb=$packages/cmpd_${version}_amd64.deb
same "which" "$(cd "$packages" && echo *)" \
    "cmpbench-dbgsym_${version}_amd64.deb cmpbench_${version}_amd64.deb cmpd-dbgsym_${version}_amd64.deb cmpd_${version}_amd64.deb"

# It takes its time, beside all else; what it says is looked at last. (TMPDIR: it leaves files there.)
mkdir "$work/lintian"
TMPDIR=$work/lintian lintian --allow-root --fail-on error,warning "$packages"/*.deb >"$work/lintian.out" 2>&1 &
lintian=$!

# Every file that cmake --install puts in place is in one of them, but for what Debian calls otherwise.
DESTDIR=$work/installed cmake --install "$CMPD_BIN/.." --prefix /usr >/dev/null
(cd "$work/installed" && find . -type f | sed 's|^\./usr/lib/systemd/|./lib/systemd/|') | sort >"$work/wanted"
for package in cmpd cmpbench; do dpkg-deb --fsys-tarfile "$packages/${package}_${version}_amd64.deb" | tar -t; done |
    sed '/\/$/d; s/\.gz$//' | sort >"$work/packed"
same "not packed" "$(comm -23 "$work/wanted" "$work/packed")" ""
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./lib/systemd/system/cmpd.service >"$work/cmpd.service"
ok "the unit starts what is installed" grep -qx 'ExecStart=/usr/bin/cmpd --config /etc/cmpd/cmpd.yaml' "$work/cmpd.service"

# ---- a machine ----

bare_debian "$deb"
mkdir "$work/machine"
tar -C "$work/machine" -xf "$bare"
cp "$deb" "$work/machine/root/"
boot "$work/machine"
took "a bare Debian"

# The commands of the manual, as they stand there.
python3 - "$source/deploy/manual/installing.md" >"$work/commands" <<'PY'
import re, sys
block = re.findall(r"^```\n(.*?)^```$", open(sys.argv[1]).read(), re.M | re.S)[0]
lines = block.replace("\\\n", " ").strip().split("\n")
assert len(lines) == 4, lines
print("\n".join(lines))
PY
mapfile -t commands <"$work/commands"
step() {
    ok "${commands[$1]}" on_machine sh -c "cd /root && ${commands[$1]}"
}
# state PROPERTY: what systemd says of the unit.
state() {
    on_machine systemctl show -P "$1" cmpd
}
step 0
same "not started, and not to be" "$(state ActiveState) $(state UnitFileState)" "inactive disabled"
for folder in /etc/cmpd /var/lib/cmpd; do
    same "$folder" "$(on_machine stat -c '%U:%G %a' "$folder")" "cmpd:cmpd 700"
done
step 1
step 2
same "it serves" "$(state ActiveState)" active
same "as" "$(on_machine stat -c %U "/proc/$(state MainPID)")" cmpd
step 3
ok "a certificate" on_machine openssl verify -CAfile /etc/cmpd/ca/root.pem -untrusted /etc/cmpd/ca/issuing.pem /root/device.pem
took "from installation to an enrolled station"

# what_it_has: configuration, keys, and the certificates in the store, but those that a node makes for itself.
what_it_has() {
    on_machine sh -c 'cd /etc/cmpd && sha256sum cmpd.yaml ca/* && stat -c "%n %U %a" . ca/* store'
    on_machine runuser -u cmpd -- cmpctl cert list --config /etc/cmpd/cmpd.yaml --json |
        grep -v '"profile":"OCSP responder"' | sort
}
what_it_has >"$work/had"
ok "the station's is among them" grep -q "$(on_machine openssl x509 -in /root/device.pem -noout -serial | sed 's/^serial=//' | tr A-F a-f)" "$work/had"

# ---- an update ----

# It differs by its version alone.
dpkg-deb -R "$deb" "$work/next"
sed -i "s/^Version: .*/&+1/" "$work/next/DEBIAN/control"
dpkg-deb -Znone -b "$work/next" "$work/machine/root/next.deb" >/dev/null
before=$(state MainPID)
ok "update" on_machine apt-get install /root/next.deb
same "version" "$(on_machine dpkg-query -W -f '${Version}' cmpd)" "$version+1"
same "it serves after that" "$(state ActiveState)" active
[ "$(state MainPID)" != "$before" ] || fail "the update did not restart the node"
what_it_has >"$work/has"
ok "it has what it had" diff "$work/had" "$work/has"
took "update"

# ---- removal ----

ok "remove" on_machine apt-get remove cmpd
same "it is stopped" "$(state ActiveState)" inactive
ok "and installed again" on_machine apt-get install "/root/$(basename "$deb")"
same "it serves as before" "$(state ActiveState)" active
what_it_has >"$work/has"
ok "it still has what it had" diff "$work/had" "$work/has"
same "nothing below /var/lib/cmpd" "$(on_machine ls -A /var/lib/cmpd)" ""
ok "purge" on_machine apt-get purge cmpd
cp "$work/last.out" "$work/purge.out"
ok "it tells what it keeps" grep -q '/etc/cmpd is kept' "$work/purge.out"
ok "keys and store" on_machine test -s /etc/cmpd/ca/issuing.key -a -s /etc/cmpd/store/cmpd.db
refused "an empty folder" 'No such file' on_machine ls /var/lib/cmpd
took "removal"

ended "lintian: $(tail -n 3 "$work/lintian.out")" "$lintian" 0
same "it has nothing to say" "$(cat "$work/lintian.out")" ""
took "what lintian took longer"
done_testing
