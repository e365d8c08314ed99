# rollover.sh: the configuration of a node on the way to another key of its CA (deploy/manual/rollover.md). Sourced after lib.sh.
#
#   new_ca CONFIG CHAIN CHANGE   the CA issuing2 beside the first, its chain, and what else its entry has (one line, or nothing)
#   follow_demo                  the profile demo-2 of that, in $dir/cmpd.yaml; $1: answer.extra_certs
#   switch_to_new CONFIG         the URL of stations leads to it
new_ca() {
    python3 - "$@" <<'PY'
import sys
path, chain, change = sys.argv[1:]
text = open(path).read()
end = text.index("\n# Vendors whose certificates protect requests")
text = text[:end].rstrip("\n") + f"""
  - name: issuing2
    certificate: ca/issuing2.pem
    key: ca/issuing2.key
    chain: [{chain}]
    cmp_certificate: ca/cmp-2.pem
    cmp_key: ca/cmp-2.key
    {change}

""" + text[end:]
open(path, "w").write(text)
PY
}

follow_demo() {
    add_profile demo-2 'ca: issuing2' "answer.extra_certs: [$1]"
    sed -i '/^  - name: demo-2/a\    former: demo' "$dir/cmpd.yaml"
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
