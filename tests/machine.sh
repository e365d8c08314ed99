# machine.sh: our packages, and a bare Debian 12 with systemd to install them on, a folder that is booted. Sourced after lib.sh.
#
# What Debian has of it is cached beside the third-party parts, so that only the first run asks the mirror.

# packages: builds our packages, unless these sources have been built: $packages is the folder they are in. Nobody here wants small ones.
packages() {
    local source=${CMPD_SOURCE:?set by ctest} key
    key=$(cd "$source" && find CMakeLists.txt CHANGELOG.md bench crypto deploy server storage -type f -print0 | sort -z |
        xargs -0 sha256sum | sha256sum | cut -c1-16)
    packages=$CMPD_BIN/../packages/$key
    # Two tests want them, and may run at once.
    exec 8>"$CMPD_BIN/../packages.lock"
    flock 8
    if [ ! -d "$packages" ]; then
        rm -rf "$CMPD_BIN/../packages"
        DPKG_DEB_COMPRESSOR_LEVEL=0 "$source/deploy/package" "$packages.part" >"$work/package.out" 2>"$work/package.log" 8>&-
        mv "$packages.part" "$packages"
    fi
    exec 8>&-
}

cache=${CMPD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cmpd}

# bare_debian DEB: $bare is an archive of a minimal Debian 12, with apt's lists, and with the packages that DEB depends on downloaded,
# but not installed.
bare_debian() {
    local key
    [ "$(id -u)" = 0 ] || skip "only root may make another Debian"
    key=$( (declare -f begin_bare make_bare && dpkg-deb -f "$1" Depends) | sha256sum | cut -c1-16)
    bare=$cache/debian-$key.tar
    mkdir -p "$cache"
    exec 8>"$cache/debian.lock"
    flock 8
    if ! [ -f "$bare" ]; then
        begin_bare "$work/bare" >"$work/bare.out" 2>&1 || skip "there is no other Debian to be had: $(tail -n 1 "$work/bare.out")"
        ok "what the package depends on is to be had" make_bare "$1" "$work/bare"
    fi
    exec 8>&-
}

# begin_bare FOLDER: from the mirror that this machine uses.
begin_bare() {
    local folder=$1 mirror
    mirror=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Codename: bookworm' 'Component: main' 'Origin: Debian' | head -n 1)
    debootstrap --variant=minbase --include=systemd,dbus,openssl bookworm "$folder" "${mirror:-http://deb.debian.org/debian}" &&
        printf 'force-unsafe-io\n' >"$folder/etc/dpkg/dpkg.cfg.d/test" &&
        printf '%s\n' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' 'Acquire::GzipIndexes "true";' \
            >"$folder/etc/apt/apt.conf.d/test" &&
        chroot "$folder" apt-get update
}

# make_bare DEB FOLDER: what DEB depends on, and all of it as an archive.
make_bare() {
    local deb=$1 folder=$2
    cp "$deb" "$folder/root/package.deb" &&
        chroot "$folder" apt-get install --download-only /root/package.deb &&
        # What stands for systemd where it is not, in a container.
        chroot "$folder" sh -c 'cd /var/cache/apt/archives && apt-get -o APT::Sandbox::User=root download \
            systemd-standalone-sysusers systemd-standalone-tmpfiles' &&
        rm -rf "$folder/root/package.deb" "$cache"/debian-*.tar &&
        tar -C "$folder" -cf "$bare.part" . &&
        mv "$bare.part" "$bare" &&
        rm -rf "$folder"
}

# boot FOLDER: starts its systemd, with a network of its own that leads nowhere, and waits until it is up.
boot() {
    local folder=$1
    # It is a machine, not a service of this one: nobody is told of it.
    systemd-nspawn --quiet --register=no --keep-unit --private-network --directory="$folder" /lib/systemd/systemd \
        </dev/null >"$work/boot.log" 2>&1 &
    machine=$!
    servers+=("$machine")
    until_so "the machine is up" is_up
    is_gone "$machine" && skip "systemd-nspawn cannot boot here: $(tail -n 1 "$work/boot.log")"
    return 0
}

is_up() {
    is_gone "$machine" || [[ $(on_machine systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]
}

# on_machine COMMAND...: runs it there as root.
on_machine() {
    local first
    first=$(pgrep -P "$machine" | head -n 1)
    nsenter --target "${first:-0}" --mount --uts --ipc --net --pid -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
        DEBIAN_FRONTEND=noninteractive "$@"
}
