#!/bin/bash
# What troubleshooting.md quotes is what the programs say, and the settings that it names are there.
. "$(dirname "$0")/../lib.sh"

python3 - "${CMPD_SOURCE:?set by ctest}" <<'PY' || fail "troubleshooting.md quotes what nobody says"
import pathlib, re, sys
root = pathlib.Path(sys.argv[1])
page = (root / "deploy/manual/troubleshooting.md").read_text()
# Literals of C that stand beside each other are one.
said = [re.sub(r'"\s*\n\s*"', "", f.read_text()) for room in ("server", "crypto", "storage") for f in (root / room).rglob("*.c")]
quoted = [re.sub(r"\s+", " ", text) for text in re.findall(r'"([^"`]+)"', page)]
assert len(quoted) > 15, quoted
wrong = [f'nobody says "{text}"' for text in quoted if not any(text in file for file in said)]
settings = (root / "deploy/manual/settings.md").read_text()
names = set(re.findall(r"^\| `(\w+)`[^|]* \|", settings, re.M))
for name in re.findall(r"`((?:[a-z_]+\.)?[a-z]+_[a-z_]+)`", page):
    if name.split(".")[-1] not in names:
        wrong.append(f"{name} is no setting")
print("\n".join(wrong), file=sys.stderr)
sys.exit(bool(wrong))
PY
checks=1
done_testing
