#!/bin/bash
# Every rule and every alarm has its entry in the runbook; the dashboard asks for what there is, in PromQL that Prometheus reads.
. "$(dirname "$0")/../lib.sh"

deploy=${CMPD_SOURCE:?set by ctest}/deploy
python3 - "$deploy" "$work/rules.yml" <<'PY' || fail "documents, rules and dashboard do not agree"
import json, re, sys
deploy, rules = sys.argv[1:]
runbook, alerts = open(deploy + "/manual/runbook.md").read(), open(deploy + "/prometheus/alerts.yml").read()
wrong = []

names = re.findall(r"- alert: (\w+)", alerts)
assert len(names) > 10
if re.findall(r"^## (Cmpd\w+)$", runbook, re.M) != names:
    wrong.append("the entries of the runbook are not the rules of alerts.yml, in their order")
if re.findall(r'runbook: "deploy/manual/runbook.md#(\w+)"', alerts) != [name.lower() for name in names]:
    wrong.append("a rule does not name its own entry")
anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^##+ (.*)$", runbook, re.M)}
wrong += [f"the runbook has no entry #{link}" for link in re.findall(r"\]\(#([^)]+)\)", runbook) if link not in anchors]
tested = set(re.findall(r"^provoked (\w+)$", open(deploy + "/../tests/server/test_alarms.sh").read(), re.M))
entries = set(re.findall(r"^### alarm (\w+)$", runbook, re.M))
assert tested
if tested != entries:
    wrong.append(f"alarms without an entry, or entries without an alarm: {tested ^ entries}")

metrics = open(deploy + "/manual/metrics.md").read()
known = set(re.findall(r"`(\w+)`", metrics))
known |= {name + part for name in re.findall(r"^\| `(\w+)` \| histogram \|", metrics, re.M) for part in ("_bucket", "_sum", "_count")}
board = json.load(open(deploy + "/grafana/cmpd.json"))
asked = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
asked += [note["expr"] for note in board["annotations"]["list"]]
assert len(asked) > 20
ids = [panel["id"] for panel in board["panels"]]
if len(set(ids)) != len(ids):
    wrong.append("two panels have one id")
for text in asked + [alerts]:
    wrong += [f"no metric {name}" for name in re.findall(r"\b((?:cmpd|x509|process)_\w+)", text) if name not in known]
for wrong_one in wrong:
    print(wrong_one, file=sys.stderr)

# What a dashboard fills in, as it would.
with open(rules, "w") as out:
    out.write("groups:\n  - name: board\n    rules:\n")
    for i, text in enumerate(asked):
        text = text.replace("$__rate_interval", "5m").replace("$node", ".*")
        assert "$" not in text, text
        out.write(f"      - record: panel_{i}\n        expr: {json.dumps(text)}\n")
sys.exit(bool(wrong))
PY
ok "the dashboard's questions are PromQL" promtool check rules "$work/rules.yml"
done_testing
