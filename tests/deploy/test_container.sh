#!/bin/bash
# The image that deploy/container/build makes: it makes a CA in its volume, and serves it as a user without rights; on io_uring where
# the profile of system calls lets it, and else by epoll.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../machine.sh"

source=${CMPD_SOURCE:?set by ctest}
for tool in dpkg-buildpackage dh debootstrap buildah podman; do
    command -v "$tool" >/dev/null || skip "there is no $tool: deploy/packages package test installs it"
done

packages
deb=$(echo "$packages"/cmpd_*.deb)
bare_debian "$deb"

# Images and containers of this test alone, and none of a registry.
mkdir "$work/storage"
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage/graph"\nrunroot = "%s/storage/run"\n' "$work" "$work" >"$work/storage.conf"
export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
image=$("$source/deploy/container/build" "$deb" "$bare" 2>"$work/build.log")
buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Volumes}}' "$image" >"$work/image.out"
same "user, entry point, volume" "$(cat "$work/image.out")" "cmpd [cmpd] map[/etc/cmpd:{}]"

# run NAME OPTION...: podman, within what this machine allows its own processes. Its network is this machine's.
run() {
    podman --runtime runc run --rm --network host --ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit nproc=1000:1000 "$@"
}
run --entrypoint cmpd "$image" --version >"$work/version.out" 2>&1 || skip "podman cannot run a container here: $(tail -n 1 "$work/version.out")"
ok "it is cmpd" grep -q "^cmpd " "$work/version.out"

port=$(free_port)
mkdir "$work/client"
dir=$work/client
ok "init" run --volume cmpd:/etc/cmpd --entrypoint cmpctl "$image" init --demo --listen "127.0.0.1:$port" --admin-listen "127.0.0.1:$port" /etc/cmpd
volume=$(podman volume inspect --format '{{.Mountpoint}}' cmpd)
same "whose the volume is" "$(stat -c '%u:%g %a' "$volume")" "829:829 700"
cp -r "$volume/demo" "$volume/ca" "$dir/"
new_key "$work/new.key" P-256
credentials

# serves FRONT OPTION...: a container with these options enrolls a station, by this front.
serves() {
    local front=$1
    shift
    run --name cmpd --volume cmpd:/etc/cmpd "$@" "$image" >"$work/$front.log" 2>&1 &
    server=$!
    wait_log "$work/$front.log" "event=serving.*front=$front"
    ok "$front: enrolled" cmp -cmd ir -newkey "$work/new.key" -subject "/CN=gnb" "${by_device[@]}" -certout "$work/out.pem" -implicit_confirm
    podman --runtime runc stop --time 30 cmpd >/dev/null
    ended "$front: stopped" "$server" 0
}
remove_container() {
    podman --runtime runc rm --force --time 0 cmpd >/dev/null 2>&1 || true
}
at_end+=(remove_container)
"$source/deploy/container/seccomp" </usr/share/containers/seccomp.json >"$work/seccomp.json"
serves io_uring --security-opt "seccomp=$work/seccomp.json"
serves epoll
done_testing
