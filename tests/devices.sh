# devices.sh: devices as an operator keeps them, and stations that enroll as such. Sourced after lib.sh, when demo has made
# $dir, over whichever store.
#
#   devices_kept      lists: imported, exported, changed
#   devices_enroll    stations that are listed, recorded, blocked, allowed once more, and removed, while a node serves
#   devices_many N    a list of N devices, there and back

device() {
    "$CMPD_BIN/cmpctl" device "$1" --config "$dir/cmpd.yaml" "${@:2}"
}

# said TEXT COMMAND ARG...: the end of what the command says on standard output.
said() {
    local text=$1
    shift
    same "$text" "$({ "$@" 2>"$work/said.err" || true; } | tail -n 1)" "$expected"
}

# listing N: a list of so many devices, the columns in an order of their own.
listing() {
    python3 - "$1" <<'PY'
import csv, sys
out = csv.writer(sys.stdout)
out.writerow(["identity", "vendor", "notes", "site", "fqdn", "profiles"])
for i in range(int(sys.argv[1])):
    note = 'rack "%d", 2nd floor' % i if i % 7 == 0 else ""
    out.writerow(["SN-%07d" % i, "demo", note, "site %d" % (i // 10), "gnb%d.example.org" % i, ["", "demo", "demo listed"][i % 3]])
PY
}

# same_lists A B: do two lists say the same of the same devices, whatever the order of lines and columns?
same_lists() {
    python3 - "$1" "$2" <<'PY'
import csv, sys
def rows(path):
    found = {(row["vendor"], row["identity"]): {k: v for k, v in row.items() if v} for row in csv.DictReader(open(path, newline=""))}
    assert found, path
    return found
a, b = rows(sys.argv[1]), rows(sys.argv[2])
assert a == b, (len(a), len(b), [(k, a.get(k), b.get(k)) for k in a.keys() | b.keys() if a.get(k) != b.get(k)][:3])
PY
}

devices_kept() {
    local expected list=$work/list.csv wrong=$work/wrong.csv

    # ---- import: what is wrong is told by its line, and the others go on ----
    listing 1000 >"$list"
    sed '5s/demo/acme/; 17s/.*/only,two/; 100s/gnb98.example.org/gnb_98!/; 200s/demo/"demo/; 300s/SN-0000298//; 400s/demo listed$/ipsec/' \
        "$list" >"$wrong"
    sed -i '400s/,[^,]*$/,ipsec/' "$wrong"
    expected="would be: 994 new, 0 changed, 0 unchanged, 6 wrong"
    said "said without doing it" device import "$wrong" --dry-run
    same "nothing is done" "$(device list | wc -l)" 1
    expected="994 new, 0 changed, 0 unchanged, 6 wrong"
    said "imported" device import "$wrong"
    cat >"$work/expected" <<'LINES'
line 5: vendor is none of those in cmpd.yaml
line 17: it has more or fewer fields than the header
line 100: fqdn is no name of a host
line 200: a quote is not closed on this line
line 300: identity is missing
line 400: profiles names a profile that cmpd.yaml does not have for this CA
LINES
    ok "by line" diff "$work/expected" "$work/said.err"
    same "the exit status says so" "$(status_of device import "$wrong")" 1
    expected="6 new, 0 changed, 994 unchanged, 0 wrong"
    said "put right" device import "$list"
    same "the exit status" "$(status_of device import "$list")" 0
    expected="0 new, 0 changed, 3 unchanged, 0 wrong"
    said "from a line on, from standard input" device import - --from 999 <"$list"
    expected="0 new, 1 changed, 1 unchanged, 0 wrong"
    printf '\xef\xbb\xbfVendor, IDENTITY ,site\r\ndemo,sn-0000003,\r\n\r\ndemo, SN-0000004,site 0\r\n' >"$work/sheet.csv"
    said "as a spreadsheet writes it" device import "$work/sheet.csv"
    device list --json | grep -F 0000003 >"$work/row"
    ok "columns that it lacks stay, and what is empty goes" grep -Fq '"vendor":"demo","identity":"sn-0000003","site":"","fqdn":"gnb3.example.org"' "$work/row"
    expected="1 new, 1 changed, 0 unchanged, 0 wrong"
    printf 'vendor,identity,notes\ndemo,twice,first\ndemo,Twice,second\n' >"$work/twice.csv"
    said "of two lines about one device the later counts" device import "$work/twice.csv"
    device list --json >"$work/listed"
    ok "it does" grep -Fq '"notes":"second"' "$work/listed"
    refused "no column" 'line 1: "serial" is no column: the header names vendor' device import - < <(printf 'vendor,serial\n')
    refused "a column twice" 'line 1: the column vendor is there twice' device import - < <(printf 'vendor,vendor,identity\n')
    refused "without vendors" 'line 1: the header lacks vendor or identity' device import - < <(printf 'identity\n')
    refused "semicolons" 'with commas between' device import - < <(printf 'vendor;identity\n')
    refused "an empty list" 'the list is empty' device import /dev/null
    refused "no list" 'cannot read .*: No such file' device import "$work/nothing.csv"
    { echo vendor,identity && yes 'nobody,x' | head -n 500; } >"$work/many.csv" || true
    same "faults are bounded" "$({ device import "$work/many.csv" || true; } 2>&1 >/dev/null | wc -l)" 101

    # ---- export ----
    device remove demo twice >/dev/null
    device import "$list" >/dev/null # what the sheet changed
    device export >"$work/export.csv"
    ok "what was exported is what was imported" same_lists "$list" "$work/export.csv"
    same "the header" "$(head -n 1 "$work/export.csv")" vendor,identity,site,fqdn,profiles,expected,notes
    expected="0 new, 0 changed, 1000 unchanged, 0 wrong"
    said "there and back" device import "$work/export.csv"

    # ---- add, list, count ----
    sed 's/^    identity: CN /    identity: none /' "$dir/cmpd.yaml" >"$dir/none.yaml"
    "$CMPD_BIN/cmpctl" device show demo SN-0000001 --config "$dir/none.yaml" >"$work/show.out" 2>&1
    ok "nothing tells them apart" grep -q 'the vendor demo has identity: none in cmpd.yaml' "$work/show.out"
    refused "a vendor that is not there" 'vendor is none of those in cmpd.yaml' device add acme SN-1
    refused "a profile that is not there" 'profiles names a profile' device add demo SN-x --profiles 'demo ipsec'
    refused "no host" 'fqdn is no name of a host' device add demo SN-x --fqdn 'a b'
    refused "a line break" 'notes holds a control character' device add demo SN-x --notes $'a\nb'
    refused "no hash" 'cannot read|holds no' device add demo SN-x --expected 1234
    expected="demo SN-x added"
    said "added" device add demo SN-x --site 'Nürnberg' --expected "$dir/demo/device.pem"
    expected="demo SN-x is so already"
    said "added twice" device add demo SN-x --site 'Nürnberg'
    expected="demo SN-x changed"
    said "changed" device add demo SN-x --notes hello
    device list --site 'Nürnberg' --json >"$work/listed"
    ok "all of it" grep -Eq '"site":"N\\u00FCrnberg",.*"expected":"[0-9a-f]{64}","notes":"hello","state":"known"' "$work/listed"
    expected="demo SN-x changed"
    said "taken away" device add demo SN-x --notes '' --expected ''
    device list --site 'Nürnberg' --json >"$work/listed"
    ok "it is away" grep -Eq '"expected":"","notes":""' "$work/listed"
    same "so many of them" "$(device list --vendor demo --state known --limit 7 | wc -l)" 8
    same "none of another vendor" "$(device list --vendor acme | wc -l)" 1
    same "by vendor" "$(device count --by vendor)" "      1001 demo"
    same "by site" "$(device count --by site | wc -l)" 101
    same "by state, in JSON" "$(device count --by state --json)" '{"state":"known","count":1001}'
    refused "by what" '--by is vendor, site or state' device count --by fqdn
    refused "another CA" 'cmpd.yaml has no CA of this name' device list --ca other
    refused "no number" '--limit wants a number' device list --limit 0
    refused "no state" '--state is known or blocked' device list --state lost
}

# station NAME: another factory certificate of the demo's vendor, CN=NAME.
station() {
    "$CMPD_BIN/cmpctl" demo device "$dir" "$1" >/dev/null
}

# enrolls NAME PROFILE [ARG...]: an ir of the station NAME under PROFILE, its certificate in $work/NAME.pem.
enrolls() {
    cmp -path ".well-known/cmp/p/$2" -cmd ir -newkey "$work/station.key" -subject "/CN=$1.example" -cert "$dir/demo/$1.pem" \
        -key "$dir/demo/$1.key" -extracerts "$dir/demo/$1-chain.pem" -trusted "$dir/ca/root.pem" \
        -certout "$work/$1.pem" "${@:3}"
}

# updates NAME PROFILE: a kur of its certificate.
updates() {
    cmp -path ".well-known/cmp/p/$2" -cmd kur -newkey "$work/next.key" -cert "$work/$1.pem" -key "$work/station.key" \
        -trusted "$dir/ca/root.pem" -certout "$work/$1-next.pem"
}

# logged PATTERN: the log of the node has it, about a refusal.
logged() {
    ok "logged: $1" grep -Eq "event=\"?request refused.*$1" "$log"
}

# shown NAME PATTERN: device show of the station says so.
shown() {
    device show demo "$1" >"$work/show.out" 2>&1
    ok "shown: $2" grep -Eq -- "$2" "$work/show.out"
}

devices_enroll() {
    local expected name log=$work/node.log
    new_key "$work/station.key" P-256
    new_key "$work/other.key" P-256
    new_key "$work/next.key" P-256
    for name in gnb-a gnb-b gnb-c; do station "$name"; done
    start_server cmpd "$dir/cmpd.yaml" "$log"

    # ---- listed ----
    refused "not listed" 'this device is not listed here: ask the operator to list it' enrolls gnb-a listed
    logged 'device demo gnb-a: devices: listed, and cmpctl device add was not called for it \(profile listed\)'
    refused "nothing is known of it" 'demo gnb-a is not listed' device show demo gnb-a
    device add demo gnb-a --profiles demo >/dev/null
    refused "listed for another profile" 'this device is not listed for this profile' enrolls gnb-a listed
    device add demo GNB-A --profiles 'demo listed' --expected "$(printf 'ab%.0s' {1..32})" >/dev/null
    refused "listed with another key" 'listed with another certificate or key' enrolls gnb-a listed
    device add demo gnb-a --expected "$dir/demo/gnb-a.pem" >/dev/null
    ok "listed" enrolls gnb-a listed
    shown gnb-a "^claim +listed slot 1: $(serial_of "$work/gnb-a.pem") valid until 20.*, 1 today\$"
    expected="$(serial_of "$work/gnb-a.pem")"
    same "in JSON" "$(device show demo gnb-a --json | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["claims"][0]["serial"])')" "$expected"

    # ---- once, until it is allowed again ----
    refused "a second key" 'this device has a certificate of this profile already' enrolls gnb-a listed -newkey "$work/other.key"
    logged 'device demo gnb-a: once.slots are taken, once.again makes no room.*\(profile listed\)'
    refused "no such slot" 'has no such claim' device allow demo gnb-a --slot 2
    refused "no such profile" 'has no such claim' device allow demo gnb-a --profile demo
    expected="profile listed, slot 1: demo gnb-a is allowed once more"
    said "allowed" device allow demo gnb-a --profile listed --slot 1
    shown gnb-a "allowed once more"
    ok "once more" enrolls gnb-a listed -newkey "$work/other.key"
    shown gnb-a ", 2 today\$"
    refused "and not twice" 'has a certificate of this profile already' enrolls gnb-a listed

    # ---- blocked ----
    expected="demo gnb-a blocked"
    said "blocked" device block demo gnb-a --reason cessationOfOperation --comment 'stolen at site 7'
    same "it was listed" "$(cat "$work/said.err")" ""
    refused "its ir" 'this device is blocked: ask the operator' enrolls gnb-a listed -newkey "$work/other.key"
    logged 'device demo gnb-a: .*device unblock lifts that'
    refused "its kur" 'this device is blocked' cmp -path .well-known/cmp/p/listed -cmd kur -newkey "$work/station.key" \
        -cert "$work/gnb-a.pem" -key "$work/other.key" -trusted "$dir/ca/root.pem" -certout "$work/next.pem"
    shown gnb-a '^blocked_comment +stolen at site 7$'
    shown gnb-a '^state +blocked$'
    same "listed so" "$(device list --state blocked | wc -l)" 2
    printf 'vendor,identity,notes\ndemo,gnb-a,from a list\n' >"$work/one.csv"
    expected="0 new, 1 changed, 0 unchanged, 0 wrong"
    said "a list does not free it" device import "$work/one.csv"
    device add demo gnb-a --notes 'by hand' >/dev/null
    shown gnb-a '^state +blocked$'
    refused "nor lets it in" 'this device is blocked' enrolls gnb-a listed -newkey "$work/other.key"
    refused "it is not removed" 'is blocked, which would be forgotten' device remove demo gnb-a --force
    refused "nor allowed" 'is blocked: device unblock lifts that' device allow demo gnb-a
    "$CMPD_BIN/cmpctl" key list --config "$dir/cmpd.yaml" >"$work/keys"
    ok "key list shows what it is" grep -Eq 'cessationOfOperation .*  device demo gnb-a  stolen at site 7$' "$work/keys"
    refused "it is no key" 'this is no key, but device demo gnb-a' \
        "$CMPD_BIN/cmpctl" key unblock "$(tail -n 1 "$work/keys" | cut -d ' ' -f 1)" --config "$dir/cmpd.yaml"
    same "blocked twice" "$(device block demo gnb-a)" "demo gnb-a is blocked already"
    expected="demo gnb-a unblocked"
    said "unblocked" device unblock demo gnb-a --comment found
    refused "once" 'demo gnb-a is not blocked' device unblock demo gnb-a
    ok "its ir, with the key that it has" enrolls gnb-a listed -newkey "$work/other.key"
    device block demo gnb-a --revoke --reason keyCompromise >"$work/said"
    ok "blocked and revoked" grep -q "^$(serial_of "$work/gnb-a.pem") revoked keyCompromise: CN=gnb-a.example" "$work/said"
    same "it is" "$(stored_status "$work/gnb-a.pem")" revoked
    same "its history" "$(device show demo gnb-a --history | grep -c ^certificate)" 3

    # ---- not listed yet, and blocked ----
    device block demo gnb-c >/dev/null 2>"$work/said"
    ok "which is told" grep -q 'it was not listed until now' "$work/said"
    refused "under any profile" 'this device is blocked' enrolls gnb-c record
    refused "also an open one" 'this device is blocked' enrolls gnb-c demo
    device block acme SN-1 >"$work/said" 2>&1
    ok "a vendor that is gone" grep -q 'cmpd.yaml has no vendor of this name (capitals count)' "$work/said"
    device unblock acme SN-1 >/dev/null 2>&1
    device remove acme SN-1 >/dev/null 2>&1

    # ---- recorded, and removed ----
    ok "recorded" enrolls gnb-b record
    device list --json >"$work/listed"
    ok "it is listed now" grep -Fq '"vendor":"demo","identity":"gnb-b"' "$work/listed"
    ok "its kur" updates gnb-b record
    shown gnb-b "^claim +record slot 1: $(serial_of "$work/gnb-b-next.pem") valid"
    refused "in service" 'has a certificate that may be in service' device remove demo gnb-b
    expected="demo gnb-b removed"
    said "removed" device remove demo gnb-b --force
    refused "it is gone" 'is not listed' device show demo gnb-b
    refused "once" 'is not listed' device remove demo gnb-b
    device show demo gnb-b --history >"$work/show.out"
    ok "what it had is known" grep -q "^certificate  *$(serial_of "$work/gnb-b.pem") valid" "$work/show.out"

    stop_server
    "$CMPD_BIN/cmpctl" audit list --config "$dir/cmpd.yaml" >"$work/audit"
    for name in 'device import  stored' 'device add  added' 'device block  blocked' 'device unblock  unblocked' \
        'device allow  allowed once more' 'device remove  removed'; do
        ok "in the audit log: $name" grep -Fq "  $name  cmpctl by " "$work/audit"
    done
    ok "who, and why" grep -Eq 'device block  blocked  cmpctl by .* device=demo gnb-a reason=cessationOfOperation comment=stolen at site 7$' "$work/audit"
    ok "the audit log is whole" "$CMPD_BIN/cmpctl" audit verify --config "$dir/cmpd.yaml"
    ok "the store is whole" "$CMPD_BIN/cmpctl" db check --config "$dir/cmpd.yaml"
}

devices_many() {
    local expected
    listing "$1" >"$work/many.csv"
    expected="$1 new, 0 changed, 0 unchanged, 0 wrong"
    said "$1 devices" device import "$work/many.csv"
    expected="0 new, 0 changed, $1 unchanged, 0 wrong"
    said "again" device import "$work/many.csv"
    device export >"$work/many-again.csv"
    ok "there and back" same_lists "$work/many.csv" "$work/many-again.csv"
    rm "$work"/many*.csv
}

# devices_demo: the profiles that devices_enroll wants, and the vendor whose devices are told apart.
devices_demo() {
    credentials
    sed -i 's/^    identity: none /    identity: CN /' "$dir/cmpd.yaml"
    add_profile listed "devices: listed"
    add_profile record "devices: record"
}
