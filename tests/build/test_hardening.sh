#!/bin/bash
# Every file, third-party ones included, is compiled with the flags of deploy/third-party/hardening.flags, and the programs are
# what those flags make of them.
. "$(dirname "$0")/../lib.sh"

: "${CMPD_SOURCE:?set by ctest}"
build=$CMPD_BIN/..
prefix=$(grep -o -- '-isystem [^ ]*/boringssl/include' "$build/compile_commands.json" | sed -n '1s,-isystem \(.*\)/boringssl/include,\1,p')

# ---- the commands ----

for part in "$build" "$prefix"/{boringssl,aws-lc,crypto_mb,h2o}; do
    [ "$part" = "$prefix/crypto_mb" ] && [ "$(uname -m)" != x86_64 ] && continue
    ok "$part" python3 - "$part/compile_commands.json" "$CMPD_SOURCE/deploy/third-party/hardening.flags" "$(uname -m)" <<'PY'
import json, re, shlex, sys
commands, flags, machine = sys.argv[1:]
wanted = [words[1] for words in (line.split() for line in open(flags)) if words and words[0] in ("compile", machine + "-compile")]
assert len(wanted) >= 6, wanted
# What would take one of them back, later in a command.
back = re.compile(r"-fno-stack-protector|-fstack-protector(?!-strong)|-[UD]_FORTIFY_SOURCE(?!=3)|-fcf-protection=(?!full)|-fno-pi[ce]"
                  r"|-ftrivial-auto-var-init=(?!zero)|-mbranch-protection=(?!standard)")
entries = json.load(open(commands))
# A token's module is a stranger's, and what makes calls fail or hang is in no program; they are compiled as such.
strangers = ("tests/token/fragile.c", "tests/hostile/failing.c", "tests/server/hanging.c")
entries = [entry for entry in entries if not entry["file"].endswith(strangers)]
assert len(entries) >= 15, len(entries)
for entry in entries:
    words = shlex.split(entry["command"])
    missing = [flag for flag in wanted if flag not in words]
    assert not missing, f"{entry['file']}: without {missing}"
    first = min(words.index(flag) for flag in wanted)
    taken = [word for word in words[first:] if back.fullmatch(word) and word not in wanted]
    assert not taken, f"{entry['file']}: {taken}"
print(len(entries), "files")
PY
    tail -n 1 "$work/last.out"
done

# ---- the programs ----

for program in cmpd cmpd-epoll cmpctl cmpbench; do
    file=$CMPD_BIN/$program
    readelf -W -h -l -d "$file" >"$work/elf"
    ok "$program: position independent" grep -Eq 'Type: +DYN' "$work/elf"
    ok "$program: all of it bound at start" grep -Eq 'FLAGS_1.*NOW.*PIE' "$work/elf"
    ok "$program: read-only after that" grep -q GNU_RELRO "$work/elf"
    ok "$program: no stack that can be run" grep -Eq 'GNU_STACK .* RW +0x' "$work/elf"
    same "$program: what is writable and can be run" "$(lines_of '^ +LOAD .* (RWE|WE) ' "$work/elf")" 0
    same "$program: text that is relocated" "$(lines_of TEXTREL "$work/elf")" 0
    nm -D --undefined-only "$file" >"$work/symbols"
    ok "$program: stack protector" grep -q ' __stack_chk_fail' "$work/symbols"
    ok "$program: checked calls" grep -Eq ' __(memcpy|snprintf|vsnprintf)_chk' "$work/symbols"
done

# ---- the objects ----

# Whether a branch may end there (IBT), and a return (SHSTK), each object says by itself. A program says so only if all its
# objects do, those of the C library's start among them. BoringSSL's assembly does not (AWS-LC's does).
if [ "$(uname -m)" = x86_64 ]; then
    ok "marks for indirect branches" python3 - "$build" "$prefix"/*/lib/*.a <<'PY'
import glob, re, subprocess, sys
build, *archives = sys.argv[1:]
objects = [path for path in glob.glob(build + "/CMakeFiles/*.dir/**/*.o", recursive=True) if not re.search(r"/(fragile-token|failing|hanging)\.dir/", path)]
assert len(objects) > 150 and len(archives) == 5, (len(objects), archives)
without, count = [], 0
for start in range(0, len(objects + archives), 100):
    text = subprocess.run(["readelf", "-n", *(objects + archives)[start:start + 100]], capture_output=True, text=True).stdout
    for part in text.split("\nFile: "):
        name, _, notes = part.removeprefix("File: ").strip().partition("\n")
        if name:
            count += 1
            if "IBT, SHSTK" not in notes:
                without.append(name)
excepted = re.compile(r".*/boringssl/lib/libcrypto\.a\([a-z0-9_-]+\.S\.o\)")
strangers = [name for name in without if not excepted.fullmatch(name)]
assert count > 800, count
assert not strangers, strangers
print(f"{count} objects, {len(without)} of assembly without")
PY
    tail -n 1 "$work/last.out"
fi
done_testing
