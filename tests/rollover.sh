# rollover.sh: the configuration of a node on the way to another key of its CA (deploy/manual/rollover.md). Sourced after lib.sh.
#
#   fragment FILE STEP KEY   of what cmpctl ca rollover has written to FILE: the entry to add at that step of the list KEY
#   add_ca CONFIG ENTRY      a CA beside those that are there
#   follow CONFIG ENTRY      a profile beside the one that it calls former, with all else as that
#   switch_to_new CONFIG     the URL of stations leads to demo-2
fragment() {
    sed -n "/^# Step $2:/,/^---/{/^$3:\$/,/^[^ ]/p}" "$1" | grep '^ '
}

add_ca() {
    python3 - "$@" <<'PY'
import sys
path, entry = sys.argv[1:]
text = open(path).read()
end = text.index("\n# Vendors whose certificates protect requests")
open(path, "w").write(text[:end].rstrip("\n") + "\n" + entry + "\n\n" + text[end:])
PY
}

follow() {
    python3 - "$@" <<'PY'
import re, sys
path, entry = sys.argv[1:]
text = open(path).read()
new = {key: (indent, value.strip()) for indent, key, value in re.findall(r"^( *(?:- )?)([a-z_]+): *([^ #\n][^#\n]*)", entry, re.M)}
name, former = new.pop("name")[1], new.pop("former")[1]
begin = text.index(f"  - name: {former}\n", text.index("\nprofiles:\n"))
end = text.index("\n\n", begin) + 1
profile = text[begin:end]
for key, (indent, value) in new.items():
    profile, found = re.subn(rf"(?m)^{indent}{key}:.*$", f"{indent}{key}: {value}", profile)
    assert found == 1, f"{key}: {found} times"
profile = profile.replace(f"name: {former}\n", f"name: {name}\n    former: {former}\n", 1)
open(path, "w").write(text[:begin] + profile + text[begin:])
PY
}

switch_to_new() {
    python3 - "$1" <<'PY'
import sys
path = sys.argv[1]
text = open(path).read()
first, second = text.index("  - name: demo-2\n"), text.index("  - name: demo\n    demo:")
new, old = text[first:second], text[second:]
assert "    paths: []" in new and "    paths: [/pkix/]" in old
text = text[:first] + new.replace("    paths: []", "    paths: [/pkix/]") + old.replace("    paths: [/pkix/]", "    paths: []", 1)
open(path, "w").write(text.replace("\ndefault_profile: demo\n", "\ndefault_profile: demo-2\n"))
PY
}
