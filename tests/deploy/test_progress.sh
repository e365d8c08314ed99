#!/bin/bash
# Third-party parts take minutes to build: fetch-and-build tells which one is built, and of how many. With tools that unpack
# and build next to nothing, since only what is told matters here.
. "$(dirname "$0")/../lib.sh"

script=${CMPD_SOURCE:?set by ctest}/deploy/third-party/fetch-and-build
mkdir -p "$work/bin" "$work/cache"
cp -r "$(dirname "$("$script" 2>/dev/null)")/downloads" "$work/cache"

# tool NAME: a program, from standard input.
tool() {
    { echo '#!/bin/bash'; cat; } >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}
tool cmake <<'END'
while [ $# -gt 0 ]; do
    case $1 in
    -B) build=$2 ;;
    -DCMAKE_INSTALL_PREFIX=*) mkdir -p "${1#*=}" ;;
    esac
    shift
done
mkdir -p "$build/crypto"
touch "$build/compile_commands.json" "$build/crypto/libcrypto.a"
END
tool dpkg-source <<'END'
mkdir -p "$4/lib" "$4"/deps/{cloexec,klib,picohttpparser,ssl-conservatory,yoml}
touch "$4/LICENSE"
END
tool dpkg-deb <<'END'
source=$3/usr/share/cargo/registry/aws-lc-sys-0
mkdir -p "$source/generated-include/openssl" "$source/aws-lc/include/openssl"
touch "$source/aws-lc/LICENSE"
echo '#define BORINGSSL_PREFIX x' >"$source/generated-include/openssl/boringssl_prefix_symbols.h"
END
tool tar <<'END'
touch "$4/LICENSE"
END
for name in ninja patch; do
    tool "$name" </dev/null
done

build() {
    env PATH="$work/bin:$PATH" CMPD_CACHE="$work/cache" "$script" 2>"$work/told" >"$work/printed"
}

parts=$([ "$(uname -m)" = x86_64 ] && echo 4 || echo 3)
ok "built" build
same "each part is told" "$(sed -n 's/.*building .*, //p' "$work/told" | xargs)" \
    "$(for ((i = 1; i <= parts; i++)); do echo "$i of $parts"; done | xargs)"
ok "the last one" grep -q "building libh2o, $parts of $parts" "$work/told"
same "nothing but the folder on standard output" "$(cat "$work/printed")" "$(echo "$work"/cache/*/complete | xargs dirname)"
ok "again, from the cache" build
same "nothing is told" "$(cat "$work/told")" ""
done_testing
