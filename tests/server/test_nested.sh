#!/bin/bash
# Nested messages of an RA (RFC 9483 5.2.2), over HTTP: protection that is added to one message, and batches; with the configuration
# that deploy/manual/nested.md shows.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../nested.sh"

demo nested
credentials
config=$dir/cmpd.yaml
log=$work/nested.log
make_ra
cp "$dir/demo/vendor-root.pem" "$dir/acme-root.pem"
# The manual's vendors and profiles, word for word, before those that are there.
python3 - "$CMPD_SOURCE/deploy/manual/nested.md" "$config" <<'PY'
import re, sys
manual, config = sys.argv[1:]
vendors, profiles = re.search(r"```yaml\nvendors:\n(.*?)\nprofiles:\n(.*?)```", open(manual).read(), re.S).groups()
text = open(config).read()
for group, items in (("vendors", vendors), ("profiles", profiles)):
    assert text.count(f"\n{group}:\n") == 1
    text = text.replace(f"\n{group}:\n", f"\n{group}:\n{items}\n")
open(config, "w").write(text)
PY
add_profile others "accept.ras: [registration]" "accept.nested: 2"
add_profile none "accept.ras: [registration]" "accept.nested: 0"
head -c 24 /dev/urandom | base64 >"$work/secret"
"$CMPD_BIN/cmpctl" secret add --config "$config" --reference sites --secret-file "$work/secret" --reusable >/dev/null
by_secret=(-ref sites -secret "pass:$(cat "$work/secret")" -recipient "/O=Demo Operator/CN=Issuing CA")
by_wrong=(-ref sites -secret pass:wrong -recipient "/O=Demo Operator/CN=Issuing CA")
start_server cmpd "$config" "$log"

# ---- protection that is added (RFC 9483 5.2.2.1) ----

SUBJECT=device unsent device 1 "${by_device[@]}"
nest add "$work/added" "$work/device1"
ok "added protection" post sites "$work/added"
same "the answer to the message, not nested" "$(body_of "$work/answer")" ip
same "its transactionID" "$(field transactionID "$work/answer")" "$(field transactionID "$work/device1")"
wait_log "$log" 'certificate issued.*nested_by="CN=RA"'
same "one line" "$(grep -c 'transactionID='"$(field transactionID "$work/device1")" "$log")" 1
ok "the audit log has the RA" grep -q 'protection added by CN=RA' <("$CMPD_BIN/cmpctl" audit list --config "$config")
ok "by the path of the operation" post sites/initialization "$work/added"
same "again" "$(body_of "$work/answer")" ip
ok "by that of another one" post sites/certification "$work/added"
same "is refused" "$(body_of "$work/answer")" error

# ---- a batch (RFC 9483 5.2.2.2) ----

for i in 2 3 4; do SUBJECT=device unsent device "$i" "${by_device[@]}"; done
unsent secret 1 "${by_secret[@]}"
unsent wrong 1 "${by_wrong[@]}"
nest batch "$work/batch" "$work"/device{2,3,4} "$work/secret1" "$work/wrong1" "$work/device1"
ok "a batch" post sites/nested "$work/batch"
same "is answered by one" "$(body_of "$work/answer")" nested
same "of its transactionID" "$(field transactionID "$work/answer")" "$(field transactionID "$work/batch")"
same "with so many answers" "$("$CMPD_SOURCE/tests/nested.py" split "$work/answer" "$work/of")" 6
bodies=
for i in 0 1 2 3 4 5; do bodies+=" $(body_of "$work/of$i")"; done
same "in the order of the requests" "$bodies" " ip ip ip error error ip"
for i in 2 3 4; do
    same "answer $i has its transactionID" "$(field transactionID "$work/of$((i - 2))")" "$(field transactionID "$work/device$i")"
done
# This profile takes no shared secrets.
wait_log "$log" 'text="this profile takes signatures only.*nested_by="CN=RA"'
for i in 2 3 4; do
    same "a line for each" "$(grep -c 'certificate issued.*transactionID='"$(field transactionID "$work/device$i")" "$log")" 1
done
same "none for the batch" "$(lines_of "$(field transactionID "$work/batch")" "$log")" 0
ok "the audit log has the batch" grep -q 'in a batch of CN=RA' <("$CMPD_BIN/cmpctl" audit list --config "$config")

ok "the same again" post sites "$work/batch"
same "is answered by one" "$("$CMPD_SOURCE/tests/nested.py" split "$work/answer" "$work/of")" 6
ok "as before" grep -q 'answered again' "$log"

# ---- shared secrets, where they are taken ----

unsent secret 2 "${by_secret[@]}"
unsent wrong 2 "${by_wrong[@]}"
nest batch "$work/batch" "$work/secret2" "$work/wrong2"
ok "a batch with shared secrets" post others "$work/batch"
same "is answered" "$("$CMPD_SOURCE/tests/nested.py" split "$work/answer" "$work/of")" 2
same "by each one's own" "$(body_of "$work/of0") $(body_of "$work/of1")" "ip error"
same "protected as alone" "$(field protectionAlg "$work/of0" | cut -d' ' -f1)" "$(field protectionAlg "$work/secret2" | cut -d' ' -f1)"

# ---- who may, and how many ----

refusal() {
    ok "$1: is answered" post "$2" "$3"
    same "$1: is refused" "$(body_of "$work/answer")" error
    ok "$1: with $4" grep -q "$4" <("$CMPD_BIN/cmpctl" decode "$work/answer")
}
nest batch "$work/three" "$work"/device{2,3,4}
refusal "more than the profile takes" others "$work/three" badRequest
refusal "none at all" none "$work/three" 'takes no nested messages'
refusal "where nobody knows the RA" demo "$work/three" signerNotTrusted
"$CMPD_SOURCE/tests/nested.py" batch "$dir/demo/device.key" "$dir/demo/device.pem" "$dir/demo/device-chain.pem" "$work/by-device" "$work/device2"
refusal "by a station" sites "$work/by-device" 'only an RA of this profile'
wait_log "$log" 'body=nested .*failInfo=notAuthorized .*setting=profiles\[0\].accept.ras'
refused "a trial is of one message" 'try the messages in it, one at a time' \
    "$CMPD_BIN/cmpctl" profile test --config "$config" --profile sites "$work/batch"
done_testing
