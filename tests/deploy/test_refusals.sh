#!/bin/bash
# refusals.md has a row for each bit of PKIFailureInfo (RFC 9810 5.2.3). What it says is never sent, no code sends; of the
# others, code sends each, and a test of the protocol expects it.
. "$(dirname "$0")/../lib.sh"

holds() {
    python3 - "${CMPD_SOURCE:?set by ctest}" <<'PY'
import pathlib, re, sys

root = pathlib.Path(sys.argv[1])
status = (root / "server/pki/status.h").read_text()
enumerators = re.findall(r"(PKI_\w+) = (\d+),", status[status.index("enum pki_failure"):])
names = re.findall(r'"(\w+)",', (root / "server/pki/status.c").read_text().split("};")[0])
assert len(enumerators) == len(names) == 27 and [int(n) for _, n in enumerators] == list(range(27)), (enumerators, names)


def uses(folders, name):
    return [str(f.relative_to(root)) for folder in folders for f in sorted((root / folder).rglob("*.c"))
            if f.name != "status.c" and re.search(r"\b%s\b" % name, f.read_text())]


rows = dict(re.findall(r"^\| (\w+) \| ([^|]+) \|", (root / "deploy/manual/refusals.md").read_text(), re.M))
faults = []
for (enumerator, _), name in zip(enumerators, names):
    says = rows.pop(name, None)
    sent = uses(["server/cmp", "server/policy", "server/pipeline", "server/front"], enumerator)
    expected = uses(["tests/unit/cmp", "tests/conformance", "tests/refusals"], enumerator)
    if says is None:
        faults.append(f"{name} has no row")
    elif says == "never" and sent:
        faults.append(f"{name} is sent by {sent[0]}")
    elif says != "never" and not sent:
        faults.append(f"nobody sends {name}: say never, and why")
    elif says != "never" and not expected:
        faults.append(f"no test expects {name}")
rows.pop("failInfo", None)
faults += [f"{name} is no bit of PKIFailureInfo" for name in rows]
print("\n".join(faults), file=sys.stderr)
sys.exit(bool(faults))
PY
}
ok "every bit is told of as it is used" holds
done_testing
