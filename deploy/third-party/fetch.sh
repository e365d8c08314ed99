# fetch.sh: what fetch-and-build and fetch-clients have in common. Sourced; wants $lock, the lock file.
#
# Results are cached in ${CMPD_CACHE:-${XDG_CACHE_HOME:-~/.cache}/cmpd}, each under a hash of all that decides it; with
# a warm cache nothing is fetched or made. Two runs at once wait for each other.

cache=${CMPD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cmpd}
downloads=$cache/downloads

say() {
    printf 'third-party: %s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# fetch NAME SHA256 URL... puts one checked file into $downloads/SHA256-NAME, unless it is there already.
fetch() {
    local name=$1 sha256=$2 url target=$downloads/$2-$1
    shift 2
    if [ -f "$target" ] && echo "$sha256  $target" | sha256sum --status -c; then
        return 0
    fi
    for url in "$@"; do
        case $url in
        */) url=$url$name ;;
        esac
        say "fetching $url"
        rm -f "$target.part"
        # The sandbox user of apt cannot write into this user's cache; the hash is what protects us here.
        if /usr/lib/apt/apt-helper -q=2 -o APT::Sandbox::User="$(id -un)" -o Acquire::Retries=0 \
            download-file "$url" "$target.part" "SHA256:$sha256" >&2 &&
            echo "$sha256  $target.part" | sha256sum --status -c; then
            mv "$target.part" "$target"
            return 0
        fi
    done
    fail "$name: no origin in $lock has it with the hash that is asked for"
}

# fetch_all reads the lock file, fetches each file, and links the files of a part into $work/PART.files/.
fetch_all() {
    local word a b part= name= sha256=
    local -a origins=()
    fetch_pending() {
        if [ -n "$name" ]; then
            fetch "$name" "$sha256" "${origins[@]}"
            ln -f "$downloads/$sha256-$name" "$work/$part.files/$name"
            case $name in
            *.dsc) ln -sf "$name" "$work/$part.files/source.dsc" ;;
            esac
        fi
        name= origins=()
    }
    while read -r word a b; do
        case $word in
        '' | '#'*) ;;
        part)
            fetch_pending
            part=$a
            mkdir -p "$work/$part.files"
            ;;
        file)
            fetch_pending
            name=$a sha256=$b
            ;;
        from) origins+=("$a") ;;
        *) fail "$lock: unknown word: $word" ;;
        esac
    done <"$lock"
    fetch_pending
}

# produce KEY TOOLS FUNCTION: prints the folder of the result KEY; if there is none, the programs TOOLS are looked for and
# FUNCTION makes it in $out, with $work for what lies about on the way.
produce() {
    local prefix=$cache/$1 tools=$2 make=$3 tool
    if [ ! -f "$prefix/complete" ]; then
        for tool in /usr/lib/apt/apt-helper flock $tools; do
            command -v "$tool" >/dev/null || fail "$tool is missing: run deploy/packages run"
        done
        mkdir -p "$downloads"
        exec 9>"$cache/lock"
        flock 9
    fi
    if [ ! -f "$prefix/complete" ]; then
        # An interrupted run leaves its folder behind; with the lock held, nobody else owns one.
        rm -rf "$cache"/work.*
        work=$(mktemp -d "$cache/work.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        out=$work/out
        mkdir -p "$out"
        "$make"
        touch "$out/complete"
        rm -rf "$prefix"
        mv "$out" "$prefix"
        say "made in $SECONDS s: $prefix"
    fi
    echo "$prefix"
}
